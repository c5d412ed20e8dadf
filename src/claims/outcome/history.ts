/** How the backlog went over a run of any length, in bounded memory: the least and the most of it in equal stretches of time. */
import type { Micros } from '../../sim/time.ts';

const STRETCHES_MAX = 4096;

export class History {
  /** How long a stretch is; it doubles when there would be too many. */
  every: Micros;
  private least: number[] = [];
  private most: number[] = [];
  private value = 0;

  /** @param every microseconds, to begin with */
  constructor(every: Micros) {
    this.every = every;
  }

  add(at: Micros, change: number): void {
    this.reach(at);
    this.value += change;
    const last = this.least.length - 1;
    if (this.value < this.least[last]!) this.least[last] = this.value;
    if (this.value > this.most[last]!) this.most[last] = this.value;
  }

  /** Time passes up to `at`. */
  reach(at: Micros): void {
    if (at < this.least.length * this.every) return;
    while (this.least.length <= Math.floor(at / this.every)) {
      if (this.least.length === STRETCHES_MAX) this.halve();
      else {
        this.least.push(this.value);
        this.most.push(this.value);
      }
    }
  }

  /** @param corrections how much to take off from a moment on */
  stretches(
    corrections: readonly Micros[],
  ): { readonly from: Micros; readonly least: number; readonly most: number }[] {
    const sorted = [...corrections].sort((a, b) => a - b);
    let off = 0;
    return this.least.map((least, i) => {
      const from = i * this.every;
      const before = off;
      while (off < sorted.length && sorted[off]! < from + this.every) off++;
      return { from, least: Math.max(0, least - off), most: Math.max(0, this.most[i]! - before) };
    });
  }

  private halve(): void {
    const { least, most } = this;
    this.least = [];
    this.most = [];
    for (let i = 0; i < least.length; i += 2) {
      this.least.push(Math.min(least[i]!, least[i + 1] ?? Infinity));
      this.most.push(Math.max(most[i]!, most[i + 1] ?? 0));
    }
    this.every *= 2;
  }
}
