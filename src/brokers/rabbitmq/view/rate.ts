/** How often something happened in the last second, counted in tenths of it. */
import type { Micros } from '../../../sim/time.ts';
import { RATE_MICROS } from '../view-types.ts';

const BUCKETS = 10;
const BUCKET_MICROS = RATE_MICROS / BUCKETS;

export class Rate {
  private readonly counts: number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
  /** The newest bucket, counted from the beginning of the run. */
  private newest = 0;

  count(at: Micros, times = 1): void {
    if (at >= (this.newest + 1) * BUCKET_MICROS) this.advance(Math.floor(at / BUCKET_MICROS));
    this.counts[this.newest % BUCKETS]! += times;
  }

  /** Times a second. At the beginning of a run, and of what has just begun, the second is not full yet. */
  perSecond(now: Micros): number {
    const oldest = Math.floor(now / BUCKET_MICROS) - BUCKETS;
    let sum = 0;
    for (let bucket = Math.max(0, oldest + 1); bucket <= this.newest; bucket++)
      if (bucket > this.newest - BUCKETS) sum += this.counts[bucket % BUCKETS]!;
    return sum;
  }

  private advance(to: number): void {
    for (let bucket = Math.max(this.newest + 1, to - BUCKETS + 1); bucket <= to; bucket++)
      this.counts[bucket % BUCKETS] = 0;
    this.newest = to;
  }
}
