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

/** A delivery, or its end, as far as it matters who read what. A client without a group reads for itself. */
interface Reading {
  readonly client: string;
  readonly group: string | null;
  readonly message: number;
}

export function readerOf({ group, client }: Reading): string {
  return group ?? client;
}

/** What each reader has seen. */
export class SeenByReader {
  private readers = new Map<string, Seen>();

  /** @returns whether it was new to this reader */
  add(reading: Reading): boolean {
    const reader = readerOf(reading);
    let seen = this.readers.get(reader);
    if (!seen) this.readers.set(reader, (seen = new Seen()));
    return seen.add(reading.message);
  }

  has(reader: string, message: number): boolean {
    return this.readers.get(reader)?.has(message) ?? false;
  }

  /** Another reader that has seen the same message. */
  another(reading: Reading): string | undefined {
    const self = readerOf(reading);
    return this.find((reader, seen) => reader !== self && seen.has(reading.message));
  }

  /** A reader that has not seen a message. */
  missing(message: number): string | undefined {
    return this.find((_, seen) => !seen.has(message));
  }

  private find(fits: (reader: string, seen: Seen) => boolean): string | undefined {
    for (const [reader, seen] of this.readers) if (fits(reader, seen)) return reader;
    return undefined;
  }
}
