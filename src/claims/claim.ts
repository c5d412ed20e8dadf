/**
 * A claim: one sentence of the prose and a fold over the trace that says whether it holds, and which events show it.
 *
 * A claim knows no model and no scenario object: it reads events. So the same claim judges a simulated run, the
 * reader's own run, and a recording of a real broker. It holds only where something happened that could have
 * contradicted it: a run in which nothing happens leaves it `open`.
 */
import type { Micros } from '../sim/time.ts';
import type { TraceEvent } from '../sim/trace.ts';

/** One event that shows, or contradicts, a claim, in a reader's words. */
export interface Evidence {
  readonly seq: number;
  readonly at: Micros;
  readonly text: string;
}

/** A confirm that says where the message is; not every broker's does. */
export function tellsPlace(
  event: TraceEvent,
): event is Extract<TraceEvent, { kind: 'publish-confirmed' }> & { readonly place: string } {
  return event.kind === 'publish-confirmed' && event.place !== null;
}

export type Verdict =
  /** Nothing has happened yet that could show it or contradict it. */
  | { readonly status: 'open'; readonly waitsFor: string }
  | { readonly status: 'holds'; readonly cases: number; readonly evidence: readonly Evidence[] }
  | {
      readonly status: 'fails';
      readonly cases: number;
      /** The first event that contradicts it. */
      readonly counterexample: Evidence;
      readonly evidence: readonly Evidence[];
    };

export interface ClaimFold {
  on(event: TraceEvent): void;
  /** @param ended whether the run is over; a claim about "in the end" is open until then */
  verdict(ended: boolean): Verdict;
}

export interface Claim {
  /** Permanent: `kafka.same-key-same-partition`. */
  readonly id: string;
  readonly broker: string;
  /** The claim in one short line, for the list beside an experiment. */
  readonly statement: string;
  /** Rules of the dossiers that it rests on. */
  readonly rules: readonly string[];
  /** Whether it reads observable events only, so that it can be judged on a recording of the real broker. */
  readonly observable: boolean;
  /** It is not asked of an older version of the broker than this; left out, of any. */
  readonly since?: string;
  /** The scenarios on which the build holds it; its proof is the first. `every`: it holds on any run of this broker. */
  readonly scenarios: readonly string[] | 'every';
  judge(): ClaimFold;
}

/** How many pieces of evidence a verdict keeps: enough to look at, bounded whatever the run's length. */
const EVIDENCE_MAX = 8;

/**
 * Counts cases, keeps the first pieces of evidence and the first contradiction. Most claims are this and one rule.
 */
export class Ledger {
  private cases = 0;
  private evidence: Evidence[] = [];
  private counterexample: Evidence | null = null;

  /**
   * Something happened that fits the claim and might not have.
   * @param words made only while they are kept: a long run counts millions of cases
   */
  confirm(event: TraceEvent, words: () => string): void {
    this.cases++;
    if (this.evidence.length < EVIDENCE_MAX)
      this.evidence.push({ seq: event.seq, at: event.at, text: words() });
  }

  contradict(event: { seq: number; at: Micros }, text: string): void {
    this.cases++;
    this.counterexample ??= { seq: event.seq, at: event.at, text };
  }

  get failed(): boolean {
    return this.counterexample !== null;
  }

  /** @param waitsFor what must happen before the claim is shown, for a reader whose run has not got there */
  verdict(waitsFor: string): Verdict {
    if (this.counterexample) {
      return {
        status: 'fails',
        cases: this.cases,
        counterexample: this.counterexample,
        evidence: [...this.evidence],
      };
    }
    if (this.cases === 0) return { status: 'open', waitsFor };
    return { status: 'holds', cases: this.cases, evidence: [...this.evidence] };
  }
}

/** The verdict on a claim that one event contradicts, where nothing else needs counting. */
export function failedBy(event: TraceEvent, text: string): Verdict {
  const ledger = new Ledger();
  ledger.contradict(event, text);
  return ledger.verdict('');
}
