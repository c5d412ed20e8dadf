/**
 * A segment: a run of batches that is rolled, expired and cleaned as a whole (K-7, K-12). Only the last of a log grows.
 * The others are frozen, and so is every full chunk of the growing one: a checkpoint does not look into them. What is frozen
 * is another object than the one that grew, for a checkpoint may have to make that one small again.
 */
import type { Micros } from '../../sim/time.ts';
import type { StoredBatch } from './batch.ts';
import type { ProducerSnapshot } from './producer-state.ts';

/** Batches in a chunk: a power of two, so that a batch is found by shift and mask. */
const CHUNK_BITS = 8;
const CHUNK = 1 << CHUNK_BITS;

/** Records of a batch: a marker is one. */
export function countOf(batch: StoredBatch): number {
  if (batch.marker) return 1;
  return batch.coordinator ? batch.coordinator.length : batch.messages.length;
}

export class Segment {
  readonly baseOffset: number;
  /** What the partition knew of producers when the segment began: where a truncation starts over (K-9). */
  readonly producers: ProducerSnapshot;
  /** Full and frozen ones; {@link last} is the one after them. */
  private chunks: (readonly StoredBatch[])[] = [];
  private last: StoredBatch[] = [];
  /** Number of batches. */
  length = 0;
  bytes = 0;
  records = 0;
  /** Of the first batch: what rolling by time counts from (K-7); null while empty. */
  firstTimestamp: Micros | null = null;
  /** Largest in it (K-13); −1 while empty. */
  maxTimestamp: Micros = -1;

  constructor(baseOffset: number, producers: ProducerSnapshot) {
    this.baseOffset = baseOffset;
    this.producers = producers;
  }

  /** A segment, still growing, of these batches of another one. */
  static of(baseOffset: number, producers: ProducerSnapshot, batches: Iterable<StoredBatch>): Segment {
    const segment = new Segment(baseOffset, producers);
    for (const batch of batches) segment.append(batch);
    return segment;
  }

  append(batch: StoredBatch): void {
    this.last.push(batch);
    if (this.last.length === CHUNK) {
      this.chunks.push(Object.freeze([...this.last]));
      this.last = [];
    }
    this.length++;
    this.bytes += batch.bytes;
    this.records += countOf(batch);
    this.firstTimestamp ??= batch.maxTimestamp;
    if (batch.maxTimestamp > this.maxTimestamp) this.maxTimestamp = batch.maxTimestamp;
  }

  /** The same, which will not grow again. */
  sealed(): Segment {
    const sealed = Segment.of(this.baseOffset, this.producers, this.slice());
    Object.freeze(sealed.chunks);
    Object.freeze(sealed.last);
    Object.freeze(sealed);
    return sealed;
  }

  /** The i-th batch, below {@link length}. */
  at(i: number): StoredBatch {
    return (this.chunks[i >> CHUNK_BITS] ?? this.last)[i & (CHUNK - 1)]!;
  }

  /** Index of the first batch whose last offset is not below this one; {@link length} if there is none. */
  find(offset: number): number {
    let low = 0;
    let high = this.length;
    // Most readers are at the end, and want the last one.
    if (high > 1 && this.at(high - 2).lastOffset < offset) low = high - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle).lastOffset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Batches of an index range. */
  *slice(from = 0, to = this.length): Generator<StoredBatch> {
    for (let i = from; i < to; i++) yield this.at(i);
  }
}
