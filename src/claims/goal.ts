/**
 * What a practice goal is made of: a claim over the run that the reader made. It is `open` until what was asked for has
 * come to pass, `holds` from then on with the events that did it, and `fails` where the run has spoilt it for good.
 */
import { displayName } from '../sim/names.ts';
import type { TraceEvent } from '../sim/trace.ts';
import type { Claim, ClaimFold, Evidence, Verdict } from './claim.ts';

/** Steps that are kept before the one that reaches the goal: enough to tell how it was done. */
const STEPS_MAX = 7;

/** Follows a run until its goal is reached or spoilt; what comes later changes neither. */
export abstract class Goal implements ClaimFold {
  private steps: Evidence[] = [];
  private reached: Evidence | null = null;
  private spoilt: Evidence | null = null;

  on(event: TraceEvent): void {
    if (this.reached === null && this.spoilt === null) this.follow(event);
  }

  verdict(): Verdict {
    if (this.reached) return { status: 'holds', cases: 1, evidence: [...this.steps, this.reached] };
    if (this.spoilt)
      return { status: 'fails', cases: 1, counterexample: this.spoilt, evidence: [...this.steps] };
    return { status: 'open', waitsFor: this.missing() };
  }

  protected abstract follow(event: TraceEvent): void;

  /** What must still happen, for a reader whose run has not got there. */
  protected abstract missing(): string;

  /** Something that the goal needs has happened. */
  protected step(event: Pick<TraceEvent, 'seq' | 'at'>, text: string): void {
    if (this.steps.length < STEPS_MAX) this.steps.push({ seq: event.seq, at: event.at, text });
  }

  /** What was done so far does not count any more. */
  protected beginAgain(): void {
    this.steps = [];
  }

  protected reach(event: TraceEvent, text: string): void {
    this.reached = { seq: event.seq, at: event.at, text };
  }

  protected spoil(event: TraceEvent, text: string): void {
    this.spoilt = { seq: event.seq, at: event.at, text };
  }
}

/** A goal before it is made a claim: no page states it, so that it names no scenarios; a challenge sets it. */
export function goal(claim: Omit<Claim, 'scenarios'>): Claim {
  return { ...claim, scenarios: [] };
}

/** A message as a reader knows it. */
export function message(key: string | null, number: number): string {
  return key === null ? `message ${number}` : `${key} (message ${number})`;
}

/** The same group, or the consumers of the same queue, have finished their work on one message a second time. */
export class ProcessedTwice extends Goal {
  private first = new Map<string, Evidence>();

  protected follow(event: TraceEvent): void {
    if (event.kind !== 'processed') return;
    const id = `${event.group ?? event.place} ${event.message}`;
    const text = `${displayName(event.client)} has processed ${message(event.key, event.message)}`;
    const before = this.first.get(id);
    if (before === undefined) {
      this.first.set(id, { seq: event.seq, at: event.at, text });
      return;
    }
    this.step(before, before.text);
    this.reach(event, `${text}, which had been processed before`);
  }

  protected missing(): string {
    return 'a message that is processed a second time';
  }
}
