/**
 * A set of message numbers, for runs of any length: numbers are given out densely, so the set is a bitmap in pages, and
 * a page that is full is one word. A hundred million messages, every one of them finished, take some thousands of words;
 * with a hole in every page, 12 MB.
 */
const PAGE_BITS = 15;
const WORDS = 2 ** (PAGE_BITS - 5);

interface Page {
  /** One bit for each number; null once every one is there. */
  words: Int32Array | null;
  count: number;
}

export class Seen {
  private pages: Page[] = [];

  has(n: number): boolean {
    const page = this.pages[n >>> PAGE_BITS];
    if (!page) return false;
    return page.words === null || ((page.words[(n >>> 5) & (WORDS - 1)]! >>> (n & 31)) & 1) === 1;
  }

  /** @param n a number from 0 to 2^31 @returns whether it was new */
  add(n: number): boolean {
    if (this.has(n)) return false;
    const index = n >>> PAGE_BITS;
    while (this.pages.length <= index) this.pages.push({ words: new Int32Array(WORDS), count: 0 });
    const page = this.pages[index]!;
    const word = (n >>> 5) & (WORDS - 1);
    page.words![word] = page.words![word]! | (1 << (n & 31));
    if (++page.count === 2 ** PAGE_BITS) page.words = null;
    return true;
  }
}
