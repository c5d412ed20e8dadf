/**
 * A partition: one append-only log in typed arrays, its four positions (K-3), and the sequence check of idempotent
 * producers (K-38). With one replica the high watermark is the log end as soon as a batch is appended.
 */
import type { MessageId } from '../../sim/trace.ts';
import type { ErrorCode, FetchedRecords, RecordBatch } from './protocol.ts';

/** Records a partition keeps. When it is full, its older half goes, as a whole segment would under retention. */
export const RECORDS_MAX = 2 ** 18;
/** Batches remembered per producer (K-38). */
const CACHED_BATCHES = 5;
const SEQUENCE_RANGE = 2 ** 31;
/** Header of a record batch, bytes (K-2). */
const BATCH_OVERHEAD = 61;

interface CachedBatch {
  readonly firstSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
}

interface ProducerState {
  epoch: number;
  batches: CachedBatch[];
}

export interface AppendResult {
  readonly error: ErrorCode;
  /** Where its first record lies, also when it is a duplicate of a batch already there. */
  readonly baseOffset: number;
  /** Whether records were added: false for an error and for a duplicate. */
  readonly appended: boolean;
  /** Whether the older half had to go to make room. */
  readonly truncated: boolean;
}

export class PartitionLog {
  readonly place: string;
  logStart = 0;
  logEnd = 0;
  private messages = new Float64Array(64);
  private keyIds = new Int32Array(64);
  private sizes = new Int32Array(64);
  /** Keys by number: a log holds few distinct ones, and a checkpoint copies numbers faster than strings. */
  private keys: (string | null)[] = [];
  private keyNumbers = new Map<string | null, number>();
  private producers = new Map<number, ProducerState>();

  constructor(place: string) {
    this.place = place;
  }

  get highWatermark(): number {
    return this.logEnd;
  }

  /** Checks a batch's sequence (K-38) and appends it (K-1). */
  append(batch: RecordBatch): AppendResult {
    const { producerId, epoch, baseSequence } = batch;
    const count = batch.messages.length;
    const lastSequence = (baseSequence + count - 1) % SEQUENCE_RANGE;
    let state: ProducerState | undefined;
    if (producerId >= 0) {
      state = this.producers.get(producerId);
      if (state) {
        if (epoch < state.epoch) return refused('INVALID_PRODUCER_EPOCH');
        if (epoch === state.epoch) {
          for (const cached of state.batches) {
            if (cached.firstSequence === baseSequence && cached.lastSequence === lastSequence) {
              return { error: 'NONE', baseOffset: cached.baseOffset, appended: false, truncated: false };
            }
          }
          const expected = (state.batches.at(-1)!.lastSequence + 1) % SEQUENCE_RANGE;
          if (baseSequence !== expected) return refused('OUT_OF_ORDER_SEQUENCE_NUMBER');
        } else if (baseSequence !== 0) return refused('OUT_OF_ORDER_SEQUENCE_NUMBER');
      }
    }
    const truncated = this.makeRoom(count);
    const baseOffset = this.logEnd;
    let slot = baseOffset - this.logStart;
    for (let i = 0; i < count; i++, slot++) {
      this.messages[slot] = batch.messages[i]!;
      this.keyIds[slot] = this.keyNumber(batch.keys[i]!);
      this.sizes[slot] = batch.sizes[i]!;
    }
    this.logEnd += count;
    if (producerId >= 0) {
      if (!state || state.epoch !== epoch) this.producers.set(producerId, (state = { epoch, batches: [] }));
      if (state.batches.length === CACHED_BATCHES) state.batches.shift();
      state.batches.push({ firstSequence: baseSequence, lastSequence, baseOffset });
    }
    return { error: 'NONE', baseOffset, appended: true, truncated };
  }

  /** Bytes readable from an offset on, counted up to a limit. */
  bytesFrom(offset: number, limit: number): number {
    let bytes = offset < this.logEnd ? BATCH_OVERHEAD : 0;
    for (let slot = offset - this.logStart; slot < this.logEnd - this.logStart && bytes < limit; slot++)
      bytes += this.sizes[slot]!;
    return bytes;
  }

  /**
   * Reads up to the high watermark (K-4). The first record is returned whatever its size (K-6).
   * @param maxBytes what the reply may hold
   * @returns the records, with OFFSET_OUT_OF_RANGE for a position outside the log (K-5)
   */
  read(offset: number, maxBytes: number): FetchedRecords & { readonly bytes: number } {
    const { place, logStart } = this;
    if (offset < logStart || offset > this.logEnd) {
      return { place, error: 'OFFSET_OUT_OF_RANGE', baseOffset: offset, messages: [], keys: [], bytes: 0 };
    }
    const messages: MessageId[] = [];
    const keys: (string | null)[] = [];
    let bytes = BATCH_OVERHEAD;
    const end = this.logEnd - logStart;
    for (let slot = offset - logStart; slot < end; slot++) {
      bytes += this.sizes[slot]!;
      if (bytes > maxBytes && messages.length > 0) break;
      messages.push(this.messages[slot]!);
      keys.push(this.keys[this.keyIds[slot]!]!);
    }
    return { place, error: 'NONE', baseOffset: offset, messages, keys, bytes: messages.length ? bytes : 0 };
  }

  /** @returns whether the older half went */
  private makeRoom(count: number): boolean {
    const used = this.logEnd - this.logStart;
    if (used + count <= this.messages.length) return false;
    if (used + count <= RECORDS_MAX) {
      const size = Math.min(RECORDS_MAX, Math.max(this.messages.length * 2, used + count));
      this.messages = grown(this.messages, new Float64Array(size));
      this.keyIds = grown(this.keyIds, new Int32Array(size));
      this.sizes = grown(this.sizes, new Int32Array(size));
      return false;
    }
    const drop = Math.max(used >> 1, used + count - RECORDS_MAX);
    this.messages.copyWithin(0, drop, used);
    this.keyIds.copyWithin(0, drop, used);
    this.sizes.copyWithin(0, drop, used);
    this.logStart += drop;
    return true;
  }

  private keyNumber(key: string | null): number {
    let number = this.keyNumbers.get(key);
    if (number === undefined) {
      number = this.keys.length;
      this.keys.push(key);
      this.keyNumbers.set(key, number);
    }
    return number;
  }
}

function refused(error: ErrorCode): AppendResult {
  return { error, baseOffset: -1, appended: false, truncated: false };
}

function grown<A extends Float64Array | Int32Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
