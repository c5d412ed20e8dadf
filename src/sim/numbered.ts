/**
 * A map from whole numbers that are given out in order, such as positions and ids of messages, for very many that come and
 * go. Its entries come in the order of the numbers.
 *
 * A `Map` through which very many go is made anew again and again, and each of its old tables keeps the next one alive, and
 * all that is in it, once it has grown old itself: the collector then copies every entry there ever was. Pages that are
 * written over do not.
 */
import { AssertionFailed } from './errors.ts';

const PAGE_BITS = 7;
const PAGE = 2 ** PAGE_BITS;

export class Numbered<T> {
  /** By the number's higher bits; undefined where nothing is. */
  private pages: ((T | undefined)[] | undefined)[] = [];
  private counts: number[] = [];
  /** Before this page nothing is. */
  private low = 0;
  /** A page to be used again. */
  private spare: (T | undefined)[] | undefined = undefined;
  size = 0;

  get(n: number): T | undefined {
    return this.pages[n >>> PAGE_BITS]?.[n & (PAGE - 1)];
  }

  has(n: number): boolean {
    return this.get(n) !== undefined;
  }

  /** @param n a number from 0 to 2^31 @param value anything but undefined */
  set(n: number, value: T): void {
    if (n < 0) throw new AssertionFailed(`${n} is no number to be given out`);
    const index = n >>> PAGE_BITS;
    while (this.pages.length <= index) {
      this.pages.push(undefined);
      this.counts.push(0);
    }
    let page = this.pages[index];
    if (!page) {
      if (this.size === 0 || index < this.low) this.low = index;
      page = this.spare ?? new Array<T | undefined>(PAGE).fill(undefined);
      this.spare = undefined;
      this.pages[index] = page;
    }
    const at = n & (PAGE - 1);
    if (page[at] === undefined) {
      this.size++;
      this.counts[index]!++;
    }
    page[at] = value;
  }

  /** @returns whether it was there */
  delete(n: number): boolean {
    const index = n >>> PAGE_BITS;
    const page = this.pages[index];
    const at = n & (PAGE - 1);
    if (page?.[at] === undefined) return false;
    page[at] = undefined;
    this.size--;
    if (--this.counts[index]! === 0) {
      this.pages[index] = undefined;
      this.spare = page;
      while (this.low < this.pages.length && this.pages[this.low] === undefined) this.low++;
    }
    return true;
  }

  clear(): void {
    this.pages = [];
    this.counts = [];
    this.low = 0;
    this.size = 0;
  }

  /** The lowest number, or undefined. */
  first(): number | undefined {
    const page = this.pages[this.low];
    if (!page) return undefined;
    let at = 0;
    while (page[at] === undefined) at++;
    return this.low * PAGE + at;
  }

  *entries(): Generator<[number, T]> {
    for (let index = this.low; index < this.pages.length; index++) {
      const page = this.pages[index];
      if (!page) continue;
      for (let at = 0; at < PAGE; at++) {
        const value = page[at];
        if (value !== undefined) yield [index * PAGE + at, value];
      }
    }
  }

  /** As {@link entries}, without an object for each. */
  forEach(visit: (value: T, n: number) => void): void {
    for (let index = this.low; index < this.pages.length; index++) {
      const page = this.pages[index];
      if (!page) continue;
      for (let at = 0; at < PAGE; at++) {
        const value = page[at];
        if (value !== undefined) visit(value, index * PAGE + at);
      }
    }
  }

  *values(): Generator<T> {
    for (const [, value] of this.entries()) yield value;
  }
}
