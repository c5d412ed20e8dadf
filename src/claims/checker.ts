/** What every broker's every run must satisfy is checked by folds over the trace: they know no model. */
import type { TraceEvent } from '../sim/trace.ts';

export interface Violation {
  readonly seq: number;
  readonly text: string;
}

export interface Checker {
  readonly name: string;
  on(event: TraceEvent): void;
  /** @param atRest whether faults had healed and sources had ended early enough for the run to come to rest */
  violations(atRest: boolean): Violation[];
}
