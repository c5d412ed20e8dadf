/** Durations by how long they are, in bounded memory: what quantiles of latency are read from. */
import type { Micros } from '../sim/time.ts';

/** Buckets grow by 5 %, so a quantile is off by at most that. */
const GROWTH = 1.05;
const BUCKETS = 512;
/** The upper bound of each bucket, microseconds; made by multiplication, so that it is the same on every machine. */
const UPPER = new Float64Array(BUCKETS).fill(1);
for (let i = 1; i < BUCKETS; i++) UPPER[i] = (UPPER[i - 1] as number) * GROWTH;

/** The first bucket whose upper bound is not below the duration. */
function bucketOf(duration: Micros): number {
  let low = 0;
  let high = BUCKETS - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((UPPER[middle] as number) < duration) low = middle + 1;
    else high = middle;
  }
  return low;
}

export class Histogram {
  count = 0;
  /** The longest, microseconds. */
  max: Micros = 0;
  private sum = 0;
  private readonly buckets = new Float64Array(BUCKETS);

  add(duration: Micros): void {
    this.count++;
    this.sum += duration;
    this.max = Math.max(this.max, duration);
    const bucket = bucketOf(duration);
    this.buckets[bucket] = (this.buckets[bucket] as number) + 1;
  }

  /** Takes in what another one has counted. */
  merge(other: Histogram): void {
    this.count += other.count;
    this.sum += other.sum;
    this.max = Math.max(this.max, other.max);
    for (let bucket = 0; bucket < BUCKETS; bucket++)
      this.buckets[bucket] = (this.buckets[bucket] as number) + (other.buckets[bucket] as number);
  }

  /** @returns milliseconds, exact; 0 for none */
  meanMs(): number {
    return this.count === 0 ? 0 : this.sum / this.count / 1000;
  }

  /**
   * @param q from 0 to 1
   * @returns milliseconds that so large a share does not exceed, at most 5 % too many
   */
  quantileMs(q: number): number {
    const rank = Math.ceil(q * this.count);
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.buckets[bucket] as number;
      if (seen >= rank) return Math.min(this.max, UPPER[bucket] as number) / 1000;
    }
    return this.max / 1000;
  }
}
