/** A queue of things in an array that goes round: both ends in constant time, nothing is moved, nothing allocated. */

export class Ring<T> {
  private items: (T | undefined)[] = [];
  /** Where the first item is. The array's length is a power of two, or zero. */
  private head = 0;
  private count = 0;

  get length(): number {
    return this.count;
  }

  push(item: T): void {
    if (this.count === this.items.length) this.grow();
    this.items[(this.head + this.count++) & (this.items.length - 1)] = item;
  }

  peek(): T | undefined {
    return this.count === 0 ? undefined : this.items[this.head];
  }

  /** @returns the n-th item from the front, counted from 0 */
  at(n: number): T | undefined {
    return n < this.count ? this.items[(this.head + n) & (this.items.length - 1)] : undefined;
  }

  shift(): T | undefined {
    if (this.count === 0) return undefined;
    const item = this.items[this.head];
    this.items[this.head] = undefined;
    this.head = (this.head + 1) & (this.items.length - 1);
    this.count--;
    // A backlog that is gone need not be walked by every checkpoint after it.
    if (this.count === 0 && this.items.length > SMALL) this.clear();
    return item;
  }

  clear(): void {
    this.items = [];
    this.head = 0;
    this.count = 0;
  }

  /** Leaves out what does not pass; the order of the others stays. */
  filter(keep: (item: T) => boolean): void {
    const kept = [...this].filter(keep);
    if (kept.length === this.count) return;
    this.clear();
    for (const item of kept) this.push(item);
  }

  *[Symbol.iterator](): Generator<T> {
    for (let i = 0; i < this.count; i++) yield this.at(i) as T;
  }

  private grow(): void {
    const grown = new Array<T | undefined>(Math.max(8, this.items.length * 2)).fill(undefined);
    for (let i = 0; i < this.count; i++) grown[i] = this.at(i);
    this.items = grown;
    this.head = 0;
  }
}

const SMALL = 1024;
