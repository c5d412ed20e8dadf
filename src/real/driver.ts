/**
 * What is asked of a broker's driver, so that the same commands hold any broker: how it is found or started, what of a
 * scenario it can do for real, and a run of it. Everything is on the loopback interface.
 *
 * A virtual millisecond of the scenario is a millisecond of the clock. The network's latencies are the machine's own, and
 * what a driver injects it injects from outside: a client that dies, a process of the broker that it has started itself.
 */
import type { BrokerId, Scenario, ScenarioInput } from '../scenarios/schema.ts';
import type { Made } from '../scenarios/recording.ts';
import type { Observed } from '../sim/trace.ts';
import type { Installation, Starter } from './installation.ts';
import type { Recorder } from './recorder.ts';

/** What a run is given beside its scenario. */
export interface Surroundings {
  /** Is told what the clients see. */
  readonly recorder: Recorder;
  /** Ends the run before its end. */
  readonly signal: AbortSignal;
  /** Is told of the installation when a node has been restarted: it is another process then. */
  readonly changed: (installation: Installation) => void;
}

/** Where the model and a real broker part, made as small as it can be. */
export interface Disagreement {
  /** What both were asked, as a scenario. */
  readonly scenario: ScenarioInput;
  /** What each made of it, as JSON. */
  readonly simulated: unknown;
  readonly real: unknown;
}

/** How often the model and the broker are asked. */
export interface Asked {
  readonly runs: number;
  /** The same one asks the same. */
  readonly seed: number;
  /** Runs, at most, that make a disagreement smaller. */
  readonly shrinks: number;
  /** Is told how far it is. */
  readonly tell: (line: string) => void;
  /** Of the broker, for the model. */
  readonly version: string;
}

/** The same asked of the model and of the broker, at random. */
export interface Differential {
  /** How often, where nobody says. */
  readonly runs: number;
  /** @returns the first disagreement, shrunk, or null */
  differ(installation: Installation, asked: Asked): Promise<Disagreement | null>;
}

export interface Driver {
  readonly broker: BrokerId;
  readonly name: string;
  /** Where a broker of this kind listens that nobody here has started. */
  readonly address: string;
  /** Scenarios that this machine can run at once: they wait for most of their time. */
  readonly atOnce: number;
  readonly starters: readonly Starter[];
  /** @throws Error when nobody answers there */
  made(installation: Installation): Promise<Made>;
  /** @returns why the scenario cannot be run on this installation, of which `made` was said, or null */
  refusal(scenario: Scenario, installation: Installation, made: Made): string | null;
  /**
   * Runs it from beginning to end, and takes away what it made whatever happens.
   * @returns what was seen, with positions where the broker's clients see none
   * @throws Error when the broker cannot be reached or does not take what the scenario declares
   */
  run(
    scenario: Scenario,
    installation: Installation,
    surroundings: Surroundings,
  ): Promise<readonly Observed[]>;
  /** What can be asked at random, by what is drawn. */
  readonly differentials: Readonly<Record<string, Differential>>;
}
