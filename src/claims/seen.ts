/**
 * A set of message numbers, for runs of any length: numbers are given out densely, so most of the set is "everything
 * below the floor", and only what lies above it is stored.
 */

/** Numbers stored above the floor; when reached, the oldest holes are taken for seen and memory stays flat. */
const ABOVE_MAX = 500_000;

export class Seen {
  private floor = 0;
  private above = new Set<number>();

  has(n: number): boolean {
    return n < this.floor || this.above.has(n);
  }

  /** @returns whether it was new */
  add(n: number): boolean {
    if (this.has(n)) return false;
    this.above.add(n);
    while (this.above.delete(this.floor)) this.floor++;
    if (this.above.size > ABOVE_MAX) {
      let lowest = Infinity;
      for (const stored of this.above) lowest = Math.min(lowest, stored);
      this.floor = lowest;
      while (this.above.delete(this.floor)) this.floor++;
    }
    return true;
  }
}
