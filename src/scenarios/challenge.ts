/** A challenge: something to bring about in a run, by hand. Plain data; its goal is a claim over the run that comes of it. */
import type { Claim } from '../claims/claim.ts';
import type { Experiment, KnobChoices } from './experiment.ts';
import type { BrokerId, ScenarioInputOf, TimedAction } from './schema.ts';

/** 1: one thing to do. 2: it must be done in the right way, or at the right moment. 3: several things must come together. */
export type Difficulty = 1 | 2 | 3;

/** Moves that a reader can make with the settings and buttons of the challenge: with them a run is an address. */
export interface Moves<B extends BrokerId> {
  readonly knobs: KnobChoices;
  /** In the order of their moments; as a scenario's timeline writes them. */
  readonly actions: NonNullable<ScenarioInputOf<B>['timeline']>;
}

export interface Challenge<B extends BrokerId> {
  /** Permanent: it is in the page's address, in addresses of runs and in stored ticks. */
  readonly id: string;
  readonly broker: B;
  readonly title: string;
  /** What is to be brought about. */
  readonly ask: string;
  /** Why it matters outside of a simulator; one or two sentences. */
  readonly why: string;
  readonly difficulty: Difficulty;
  /** On what it is played. Nothing of it fulfils the goal by itself. */
  readonly play: Pick<
    Experiment,
    'scenario' | 'stage' | 'console' | 'posterMs' | 'speed' | 'knobs' | 'controls'
  >;
  readonly goal: Claim;
  /** A small one first, then a bigger one. */
  readonly hints: readonly [string, string];
  /** One way to do it; tests play it, and a reader may watch it. */
  readonly solution: Moves<B>;
  /** What the solution does and why it works, to be read beside it. */
  readonly solved: string;
}

/** Any broker's, its solution ready to be played. */
export interface AnyChallenge extends Omit<Challenge<BrokerId>, 'solution'> {
  readonly solution: { readonly knobs: KnobChoices; readonly actions: readonly TimedAction[] };
}

/** Under which id its tick is kept. */
export function taskOf(challenge: string): string {
  return `practice/${challenge}`;
}

/** The experiment that a challenge is played as: its address, its frame and its one claim, the goal. The page asks. */
export function experimentOf({ id, title, play, goal }: AnyChallenge): Experiment {
  return { ...play, id, title, question: '', predict: null, claims: [goal.id] };
}
