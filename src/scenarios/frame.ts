/** What a moment of a run looks like, as plain data: the worker posts it, the build draws first frames from it. */
import type { FigureName } from '../brokers/broker.ts';
import type { Verdict } from '../claims/claim.ts';
import type { Outcome } from '../claims/outcome.ts';
import type { Metrics } from '../claims/metrics.ts';
import type { Micros } from '../sim/time.ts';
import type { AnyView } from './models.ts';

export interface Frame {
  /** The moment shown. */
  readonly at: Micros;
  /** Events folded so far: the moment's place in the trace's total order. */
  readonly events: number;
  readonly endsAt: Micros;
  readonly ended: boolean;
  readonly view: AnyView;
  readonly claims: readonly ClaimState[];
  /** Those of the figures that matter for this broker. */
  readonly figures: readonly FigureName[];
  readonly metrics: Metrics;
  readonly series: Series;
  /** What it has come to so far, by checkers that know no broker; null where nobody asked for it. */
  readonly outcome: Omit<Outcome, 'backlog'> | null;
  /** What just happened and why: the latest moment that matters. */
  readonly caption: EventLine | null;
  /** The latest events that have words, oldest first. */
  readonly recent: readonly EventLine[];
  readonly marks: readonly Mark[];
  readonly spans: readonly Span[];
  /** The end of a run whose assertion failed; the frame shows the last moment before it. */
  readonly failure: string | null;
}

export interface ClaimState {
  readonly id: string;
  readonly statement: string;
  readonly rules: readonly string[];
  readonly verdict: Verdict;
}

export interface EventLine {
  readonly seq: number;
  readonly at: Micros;
  readonly kind: string;
  readonly text: string;
  readonly rules: readonly string[];
  readonly weight: 'key' | 'step' | 'detail';
  /** The message it is about, when it is about one. */
  readonly message: number | null;
}

/** A moment on the timeline, of the part of the run that has been seen. */
export interface Mark {
  readonly at: Micros;
  readonly seq: number;
  readonly kind: 'fault' | 'command' | 'claim-holds' | 'claim-fails';
  readonly text: string;
}

/** A stretch of the timeline in which the system is not as it should be: a rebalance. `to` is null while it lasts. */
export interface Span {
  readonly from: Micros;
  readonly to: Micros | null;
  readonly text: string;
}

/** Figures over the run, one sample every `stepMicros`, up to the moment shown. */
export interface Series {
  readonly stepMicros: Micros;
  readonly backlog: readonly number[];
  readonly processed: readonly number[];
  readonly duplicates: readonly number[];
}
