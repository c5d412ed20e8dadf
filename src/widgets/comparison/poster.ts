/** What the build hands an island that shows one workload on two brokers: both first frames, and what is said of them. */
import type { CarryRule } from '../../brokers/workload.ts';
import type { Poster } from '../experiment/poster.ts';

/** The two sides of a comparison, in the order in which they stand: the queue's broker, the stream's. */
export const SIDES = ['queue', 'stream'] as const;
export type Side = (typeof SIDES)[number];
export type Both<T> = Readonly<Record<Side, T>>;

export const BROKERS: Both<string> = { queue: 'RabbitMQ', stream: 'Kafka' };

/** A parameter of the model of a broker's work, and the measurement that it is taken from. */
export interface Cost {
  readonly id: string;
  readonly means: string;
  readonly derived: string;
  readonly from: readonly {
    readonly title: string;
    readonly by: string;
    readonly url: string;
    readonly figure: string;
  }[];
}

/** What the page of workloads is given beside its first poster. */
export interface WorkloadsPoster {
  readonly chosen: string;
  readonly workloads: readonly { readonly id: string; readonly title: string }[];
  readonly first: BesidePoster;
  readonly costs: Both<readonly Cost[]>;
  /** The workload's own: the network is everybody's. */
  readonly network: Cost;
  /** Where the posters of the others lie: an address that ends with a slash. */
  readonly base: string;
}

export interface BesidePoster {
  /** The figure's. */
  readonly id: string;
  readonly title: string;
  readonly question: string;
  readonly posters: Both<Poster>;
  /** How the workload was carried to each. */
  readonly rules: Both<readonly CarryRule[]>;
  /** Of several on one page, the first carries its rules and legends in the page; the others write them when scripts run. */
  readonly brief: boolean;
  /** Ids of its clients, the same on both sides. */
  readonly producers: readonly string[];
  readonly consumers: readonly string[];
  /** Keys that its messages have; empty where they have none. */
  readonly keys: readonly string[];
}

export function both<T>(make: (side: Side) => T): Both<T> {
  return { queue: make('queue'), stream: make('stream') };
}
