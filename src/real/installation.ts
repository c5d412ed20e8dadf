/**
 * A broker that was found or started, and what is asked of a way to start it. Apart from the driver's own words (driver.ts),
 * which know scenarios: a lab starts brokers, too, and takes home what it imports.
 */
import type { Fault } from './fault.ts';

/** A process of the broker that was started here, and can so be stopped and hurt. */
export interface OwnNode {
  /** Its name in scenarios: `rabbit-1`. */
  readonly name: string;
  /** Null where it is a container's, and the engine is asked instead. */
  readonly pid: number | null;
}

/** A second way to a node, for clients whose link with it is to be cut. */
export interface Relayed {
  /** Where the node listens for what comes that way. */
  readonly port: number;
  /** Where it says to those that it is: a relay has to listen there. */
  readonly via: number;
}

/** A broker that is up. Plain data: it is kept in a file from `up` to `down`. */
export interface Installation {
  readonly broker: 'kafka' | 'rabbitmq';
  readonly way: Way;
  /** Where clients connect, for each node in order. */
  readonly urls: readonly string[];
  /** For each node in order, where clients are told by the broker where to go; empty where they are not, or by somebody else's. */
  readonly relayed: readonly Relayed[];
  /** Empty where somebody else runs the broker. */
  readonly nodes: readonly OwnNode[];
  /** Process ids of what else it needs. */
  readonly helpers: readonly number[];
  /** Where its data and logs are; null where they are not ours. */
  readonly folder: string | null;
}

export const WAYS = ['address', 'docker', 'debian', 'packages'] as const;
export type Way = (typeof WAYS)[number];

/** How a broker is started and stopped in one way. */
export interface Starter {
  readonly way: Exclude<Way, 'address'>;
  /** @returns what is missing for this way, or null */
  missing(): string | null;
  /**
   * @param folder an empty folder for data and logs
   * @param nodes how many processes
   * @throws Error that says what did not work
   */
  start(folder: string, nodes: number): Promise<Installation>;
  stop(installation: Installation): Promise<void>;
  /** @param node its name in scenarios @returns the installation as it is then; it is up when a restart returns */
  hurt(installation: Installation, node: string, fault: Fault): Promise<Installation>;
}
