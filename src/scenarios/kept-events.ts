/**
 * The newest events of a run, by their number: what a list, a step back and the life of a message are read from.
 *
 * A ring that is written over, and never a list that is thrown away: a list that has grown old keeps alive what it lists
 * until the next great collection, and so every event of a run would be copied by the collector.
 */
import type { Micros } from '../sim/time.ts';
import type { TraceEvent } from '../sim/trace.ts';

/** Events kept at most. */
export const KEPT_MAX = 30_000;
/** Where so many happen within {@link DENSE_MICROS}, no more than those are kept: what stays alive is copied. */
export const KEPT_DENSE = 5000;
const DENSE_MICROS: Micros = 50_000;
/** Events between two looks at how dense they are. */
const LOOK_EVERY = 500;

export class KeptEvents {
  private readonly ring = new Array<TraceEvent | undefined>(KEPT_MAX).fill(undefined);
  /** The first that is kept, and one past the last. */
  from = 0;
  private to = 0;

  /**
   * Takes the next event, or one that begins the run of events anew.
   * @param seq the event's, and @param at too
   * @param whole whether it is to be kept however dense it is
   */
  add(event: TraceEvent, seq: number, at: Micros, whole: boolean): void {
    if (seq >= this.from && seq < this.to) return;
    if (seq !== this.to) {
      this.ring.fill(undefined);
      this.from = seq;
    }
    this.to = seq + 1;
    this.ring[seq % KEPT_MAX] = event;
    if (this.to - this.from > KEPT_MAX) this.from++;
    // Now and then: to look at what is old costs more than to keep it.
    if (whole || seq % LOOK_EVERY !== 0 || this.to - this.from <= KEPT_DENSE) return;
    const since = this.ring[(this.to - KEPT_DENSE) % KEPT_MAX]!.at;
    if (at - since < DENSE_MICROS)
      while (this.to - this.from > KEPT_DENSE) this.ring[this.from++ % KEPT_MAX] = undefined;
  }

  get(seq: number): TraceEvent | undefined {
    return seq >= this.from && seq < this.to ? this.ring[seq % KEPT_MAX] : undefined;
  }
}
