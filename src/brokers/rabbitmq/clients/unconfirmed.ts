/**
 * What a channel in confirm mode has published and not heard of: by sequence number, which counts from 1. A confirm
 * may come late, early, or for many at once.
 */

/** Settled numbers at the front are cut away when there are so many. */
const COMPACT_AT = 4096;

export class Unconfirmed<T> {
  /** Number {@link base} first; null where it is settled. */
  private items: (T | null)[] = [];
  private base = 1;
  /** Index of the first that is not settled. */
  private head = 0;
  private left = 0;

  get size(): number {
    return this.left;
  }

  /** The next sequence number is this one's. */
  add(item: T): void {
    this.items.push(item);
    this.left++;
  }

  /** @returns what had this number, or null when nothing is owed for it */
  take(sequence: number): T | null {
    const index = sequence - this.base;
    const item = this.items[index] ?? null;
    if (item === null) return null;
    this.items[index] = null;
    this.left--;
    this.advance();
    return item;
  }

  /** @returns the next item up to this number in order, or null when there is none left: for a confirm of `multiple` */
  takeUpTo(sequence: number): T | null {
    return this.left > 0 && this.base + this.head <= sequence ? this.take(this.base + this.head) : null;
  }

  /** A new channel begins: what was not confirmed comes out, in order, and numbers begin anew. */
  clear(): T[] {
    const open = this.items.filter((item): item is T => item !== null);
    this.items = [];
    this.base = 1;
    this.head = 0;
    this.left = 0;
    return open;
  }

  private advance(): void {
    const { items } = this;
    while (this.head < items.length && items[this.head] === null) this.head++;
    if (this.head === items.length || this.head >= COMPACT_AT) {
      this.base += this.head;
      if (this.head === items.length) items.length = 0;
      else items.splice(0, this.head);
      this.head = 0;
    }
  }
}
