/** A partition's aborted transactions, for readers that want committed records only (K-50) and for compaction (K-18). */
import type { EndedTransaction } from './producer-state.ts';
import type { AbortedTransaction } from './protocol.ts';

export class AbortedIndex {
  /** In the order of their markers, and so of `stableOffset` as well. Each is frozen. */
  private entries: EndedTransaction[] = [];

  add(transaction: EndedTransaction): void {
    this.entries.push(Object.freeze(transaction));
  }

  /** Those with something in [from, upTo), by first offset. */
  overlapping(from: number, upTo: number): EndedTransaction[] {
    const { entries } = this;
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (entries[middle]!.lastOffset < from) low = middle + 1;
      else high = middle;
    }
    const found: EndedTransaction[] = [];
    for (let i = low; i < entries.length; i++) {
      const entry = entries[i]!;
      if (entry.firstOffset < upTo) found.push(entry);
      // Whatever ended later began at or after this one's stable offset.
      if (entry.stableOffset >= upTo) break;
    }
    return found.sort((a, b) => a.firstOffset - b.firstOffset);
  }

  /** K-50: what a fetch tells of the range that it brings. */
  inRange(from: number, upTo: number): AbortedTransaction[] {
    if (this.entries.length === 0) return [];
    return this.overlapping(from, upTo).map(({ producerId, firstOffset }) => ({ producerId, firstOffset }));
  }

  /** The log ends there now. */
  truncateFromEnd(logEnd: number): void {
    while (this.entries.length > 0 && this.entries.at(-1)!.lastOffset >= logEnd) this.entries.pop();
  }

  /** The log begins there now. */
  truncateFromStart(logStart: number): void {
    let gone = 0;
    while (gone < this.entries.length && this.entries[gone]!.lastOffset < logStart) gone++;
    if (gone > 0) this.entries.splice(0, gone);
  }

  /** Compaction has left nothing of these. */
  remove(gone: ReadonlySet<EndedTransaction>): void {
    if (gone.size > 0) this.entries = this.entries.filter((entry) => !gone.has(entry));
  }
}
