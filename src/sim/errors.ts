/** The one error a run ends with when an assertion of the kernel or of a model does not hold. */
import type { Micros } from './time.ts';

export class AssertionFailed extends Error {
  override name = 'AssertionFailed';
}

/** What is needed to see the failure again: a run is a pure function of these. */
export interface RunIdentity {
  readonly scenario: string;
  readonly seed: number;
  readonly actions: readonly unknown[];
  readonly at: Micros;
}

export class SimulationError extends Error {
  override name = 'SimulationError';
  readonly run: RunIdentity;

  constructor(message: string, run: RunIdentity, cause?: unknown) {
    super(
      `${message} (scenario ${run.scenario}, seed ${run.seed}, ${run.actions.length} actions, at ${run.at} µs)`,
      { cause },
    );
    this.run = run;
  }
}

/**
 * States what must be true here.
 * @throws AssertionFailed when it is not; the runner turns it into a {@link SimulationError}.
 */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionFailed(message);
}
