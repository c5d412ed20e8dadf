/** Writes down what clients of a real broker see, in the words of the trace, with the moment of each. */
import { fromMs } from '../sim/time.ts';
import type { EventBody, Observed } from '../sim/trace.ts';

export class Recorder {
  private events: Observed[] = [];
  private began: number | null = null;
  private heldSince: number | null = null;
  private ended = false;

  /** From now on time counts; what was told before was there at the start. */
  begin(): void {
    this.began = performance.now();
  }

  /** Milliseconds since the run began. */
  now(): number {
    return this.began === null ? 0 : (this.heldSince ?? performance.now()) - this.began;
  }

  /** Time stands still: how long a machine takes to start a broker is no part of the run. */
  hold(): void {
    this.heldSince ??= performance.now();
  }

  release(): void {
    if (this.heldSince !== null && this.began !== null) this.began += performance.now() - this.heldSince;
    this.heldSince = null;
  }

  get isHeld(): boolean {
    return this.heldSince !== null;
  }

  tell(event: EventBody): void {
    if (!this.ended) this.events.push({ at: fromMs(this.now()), ...event });
  }

  /** What is told later, while everything is cleaned up, is no part of the run. */
  end(): void {
    this.ended = true;
  }

  get observed(): readonly Observed[] {
    return this.events;
  }
}
