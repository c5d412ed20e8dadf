/**
 * What a partition remembers of its producers: epoch and newest batches of each, against duplicates, gaps and zombies
 * (K-37 to K-39, K-41, K-45), and which transactions are open, or ended but not yet replicated (K-47).
 */
import type { Micros } from '../../sim/time.ts';
import { SEQUENCE_RANGE, type RecordBatch, type StoredBatch } from './batch.ts';
import type { ErrorCode } from './protocol.ts';

/** Batches remembered per producer (K-38). */
const CACHED_BATCHES = 5;
/** There is no transaction, or it has no end yet. */
const NONE = -1;

interface CachedBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
}

interface ProducerEntry {
  epoch: number;
  /** At most {@link CACHED_BATCHES}, oldest first; none when the last word of this epoch is a marker. */
  batches: CachedBatch[];
  /** Where its open transaction begins; −1 for none. */
  transactionStart: number;
  lastTimestamp: Micros;
}

/** The state as of one offset, kept with the segment that begins there. Frozen. */
export interface ProducerSnapshot {
  readonly entries: readonly (readonly [producerId: number, entry: Readonly<ProducerEntry>])[];
  readonly transactions: readonly (readonly [firstOffset: number, lastOffset: number])[];
}

export const NO_PRODUCERS: ProducerSnapshot = Object.freeze({
  entries: Object.freeze([]),
  transactions: Object.freeze([]),
});

/** A transaction that a marker has ended. */
export interface EndedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
  /** The marker's. */
  readonly lastOffset: number;
  /** Where the next open transaction begins, or the marker ends: the last stable offset once all is replicated. */
  readonly stableOffset: number;
}

export class ProducerStates {
  private readonly expiration: Micros;
  private entries = new Map<number, ProducerEntry>();
  /** Last offset per first offset, in the order they began; {@link NONE} while open. Gone once replicated. */
  private transactions = new Map<number, number>();

  /** @param expiration how long after its last write a producer is remembered (K-41), microseconds */
  constructor(expiration: Micros) {
    this.expiration = expiration;
  }

  get size(): number {
    return this.entries.size;
  }

  /**
   * K-38, K-39, K-45: what is to become of a batch that a client sends.
   * @returns an error, or 'NONE' to append it, or the batch it is a duplicate of
   */
  check(batch: RecordBatch, now: Micros): ErrorCode | CachedBatch {
    const { producerId, epoch, baseSequence, transactional } = batch;
    const entry = this.current(producerId, now);
    if (!entry) {
      // K-45: a transaction tells of all its batches, so its first one here is its first. Others may go on.
      return transactional && baseSequence !== 0 ? 'OUT_OF_ORDER_SEQUENCE_NUMBER' : 'NONE';
    }
    if (epoch < entry.epoch) return 'INVALID_PRODUCER_EPOCH';
    if (epoch > entry.epoch || entry.batches.length === 0) {
      if (baseSequence !== 0) return 'OUT_OF_ORDER_SEQUENCE_NUMBER';
    } else {
      const lastSequence = (baseSequence + batch.messages.length - 1) % SEQUENCE_RANGE;
      for (const cached of entry.batches)
        if (cached.firstSequence === baseSequence && cached.lastSequence === lastSequence) return cached;
      const last = entry.batches[entry.batches.length - 1]!;
      if (baseSequence !== (last.lastSequence + 1) % SEQUENCE_RANGE) return 'OUT_OF_ORDER_SEQUENCE_NUMBER';
    }
    return entry.transactionStart !== NONE && !transactional ? 'INVALID_TXN_STATE' : 'NONE';
  }

  /**
   * K-45: a marker's epoch is above all that its producer wrote with; the same one again, with nothing open, is a
   * retry and is written again.
   */
  checkMarker(producerId: number, epoch: number, now: Micros): ErrorCode {
    const entry = this.current(producerId, now);
    if (!entry || epoch > entry.epoch) return 'NONE';
    return epoch === entry.epoch && entry.transactionStart === NONE ? 'NONE' : 'INVALID_PRODUCER_EPOCH';
  }

  /** Takes up a batch that is in the log now, whoever wrote it. @returns the transaction that it ended, if it did */
  update(batch: StoredBatch): EndedTransaction | null {
    const { producerId, producerEpoch, baseOffset, lastOffset } = batch;
    if (producerId < 0) return null;
    let entry = this.entries.get(producerId);
    if (!entry) {
      entry = { epoch: producerEpoch, batches: [], transactionStart: NONE, lastTimestamp: 0 };
      this.entries.set(producerId, entry);
    }
    if (entry.epoch !== producerEpoch) {
      entry.epoch = producerEpoch;
      entry.batches = [];
    }
    entry.lastTimestamp = batch.maxTimestamp;
    if (batch.marker) return this.end(producerId, entry, baseOffset);
    if (entry.batches.length === CACHED_BATCHES) entry.batches.shift();
    const firstSequence = batch.baseSequence;
    // Sequences go with offsets, also where compaction has taken records out since.
    const lastSequence = (firstSequence + (lastOffset - baseOffset)) % SEQUENCE_RANGE;
    entry.batches.push({ firstSequence, lastSequence, baseOffset, lastOffset });
    if (batch.transactional && entry.transactionStart === NONE) {
      entry.transactionStart = baseOffset;
      this.transactions.set(baseOffset, NONE);
    }
    return null;
  }

  private end(producerId: number, entry: ProducerEntry, lastOffset: number): EndedTransaction | null {
    const firstOffset = entry.transactionStart;
    if (firstOffset === NONE) return null;
    entry.transactionStart = NONE;
    this.transactions.set(firstOffset, lastOffset);
    let stableOffset = lastOffset + 1;
    for (const [first, last] of this.transactions) {
      if (last !== NONE) continue;
      stableOffset = first;
      break;
    }
    return { producerId, firstOffset, lastOffset, stableOffset };
  }

  /** K-47: the smallest offset of a transaction that is open or whose end is not replicated; −1 for none. */
  get firstUnstable(): number {
    if (this.transactions.size === 0) return NONE;
    for (const first of this.transactions.keys()) return first;
    return NONE;
  }

  /** What ended below the high watermark, or the log's start, is settled. */
  settledBelow(offset: number): void {
    if (this.transactions.size === 0) return;
    for (const [first, last] of this.transactions)
      if (last !== NONE && last < offset) this.transactions.delete(first);
  }

  /** @param epoch asks for a transaction of this epoch: the last one may be open still, its marker on the way (K-45) */
  hasOngoingTransaction(producerId: number, epoch?: number): boolean {
    const entry = this.entries.get(producerId);
    if (entry === undefined || entry.transactionStart === NONE) return false;
    return epoch === undefined || entry.epoch === epoch;
  }

  /** Its newest data batch ends there; −1 when its last word is a marker of `epoch`. Undefined: not remembered. */
  lastOf(producerId: number): { readonly lastDataOffset: number; readonly epoch: number } | undefined {
    const entry = this.entries.get(producerId);
    return entry && { lastDataOffset: entry.batches.at(-1)?.lastOffset ?? NONE, epoch: entry.epoch };
  }

  /** K-41: forgets who has not written for long. */
  expire(now: Micros): void {
    for (const producerId of [...this.entries.keys()]) this.current(producerId, now);
  }

  snapshot(): ProducerSnapshot {
    if (this.entries.size === 0 && this.transactions.size === 0) return NO_PRODUCERS;
    const entries = [...this.entries].map(
      ([producerId, entry]) =>
        [producerId, Object.freeze({ ...entry, batches: [...entry.batches] })] as const,
    );
    return Object.freeze({ entries, transactions: [...this.transactions] });
  }

  restore({ entries, transactions }: ProducerSnapshot): void {
    this.entries = new Map();
    for (const [producerId, entry] of entries)
      this.entries.set(producerId, { ...entry, batches: [...entry.batches] });
    this.transactions = new Map(transactions);
  }

  /** K-41: an entry that is not too old; one that is goes. */
  private current(producerId: number, now: Micros): ProducerEntry | undefined {
    const entry = this.entries.get(producerId);
    if (!entry || entry.transactionStart !== NONE || now - entry.lastTimestamp < this.expiration)
      return entry;
    this.entries.delete(producerId);
    return undefined;
  }
}
