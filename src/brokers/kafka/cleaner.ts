/**
 * Compaction (K-16 to K-19): of each key the newest record stays, offsets never change, and tombstones and transaction
 * markers stay for a while after all that they speak of is gone.
 */
import { fromMs, type Micros } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';
import { BATCH_OVERHEAD, offsetOf, type StoredBatch } from './batch.ts';
import type { EffectiveTopicConfig } from './config.ts';
import type { EndedTransaction, ProducerStates } from './producer-state.ts';
import { countOf, Segment } from './segments.ts';

export interface RemovedRecord {
  readonly position: number;
  /** Null for a marker, and for what a coordinator wrote. */
  readonly message: MessageId | null;
}

/** What a cleaning would work on. */
export interface DirtyRange {
  /** Bytes of segments that begin in what was cleaned before. */
  readonly cleanBytes: number;
  readonly dirtyBytes: number;
  readonly firstDirty: number;
  /** Base offset of the first segment that may not be cleaned (K-17). */
  readonly upTo: number;
  /** Segments below it. */
  readonly segments: number;
}

/**
 * K-16, K-17. Segments are cleaned whole: not the active one, none that reaches the last stable offset, none too young.
 * @param segments oldest first, the last is the active one
 * @param firstDirty where the last cleaning ended, or the log's start
 */
export function dirtyRange(
  segments: readonly Segment[],
  firstDirty: number,
  lastStableOffset: number,
  config: EffectiveTopicConfig,
  now: Micros,
): DirtyRange {
  const lag = fromMs(config['min.compaction.lag.ms']);
  let cleanBytes = 0;
  let dirtyBytes = 0;
  let n = 0;
  for (; n < segments.length - 1; n++) {
    const segment = segments[n]!;
    const end = segments[n + 1]!.baseOffset;
    if (end > lastStableOffset) break;
    if (lag > 0 && end > firstDirty && segment.maxTimestamp > now - lag) break;
    if (segment.baseOffset < firstDirty) cleanBytes += segment.bytes;
    if (end > firstDirty) dirtyBytes += segment.bytes;
  }
  return { cleanBytes, dirtyBytes, firstDirty, upTo: segments[n]!.baseOffset, segments: n };
}

/** K-16: whether it is dirty enough, or has waited for too long. */
export function worthCleaning(
  range: DirtyRange,
  segments: readonly Segment[],
  config: EffectiveTopicConfig,
  now: Micros,
): boolean {
  const { cleanBytes, dirtyBytes } = range;
  if (dirtyBytes === 0) return false;
  if (dirtyBytes / (cleanBytes + dirtyBytes) > config['min.cleanable.dirty.ratio']) return true;
  const cleanUntil = now - fromMs(config['max.compaction.lag.ms']);
  for (let i = 0; i < segments.length - 1; i++) {
    const { firstTimestamp } = segments[i]!;
    if (
      segments[i + 1]!.baseOffset > range.firstDirty &&
      firstTimestamp !== null &&
      firstTimestamp < cleanUntil
    )
      return true;
  }
  return false;
}

export interface Cleaning {
  /** Those below {@link DirtyRange.upTo}, oldest first. */
  readonly segments: readonly Segment[];
  readonly firstDirty: number;
  readonly upTo: number;
  /** Nobody asks what became of records below it. */
  readonly logStart: number;
  readonly producers: ProducerStates;
  /** Aborted transactions with something below `upTo`, by first offset. */
  readonly aborted: readonly EndedTransaction[];
  /** `delete.retention.ms` */
  readonly deleteRetention: Micros;
  /** What a segment of this log may hold: small ones are put together. */
  readonly maxBytes: number;
  readonly maxRecords: number;
  readonly now: Micros;
}

export interface Cleaned {
  /** Sealed; fewer than before, maybe none. */
  readonly segments: readonly Segment[];
  readonly kept: number;
  readonly removed: readonly RemovedRecord[];
  /** Aborted transactions of which nothing is left. */
  readonly gone: ReadonlySet<EndedTransaction>;
}

/** K-18: rewrites these segments. */
export function cleanSegments(cleaning: Cleaning): Cleaned {
  const newest = newestOffsets(cleaning);
  const transactions = new SeenTransactions(cleaning.aborted);
  const removed: RemovedRecord[] = [];
  const segments: Segment[] = [];
  let kept = 0;
  for (const group of groups(cleaning)) {
    const to = new Segment(group[0]!.baseOffset, group[0]!.producers);
    for (const segment of group) {
      for (const batch of segment.slice()) {
        const result = cleanBatch(batch, newest, transactions, cleaning, removed);
        if (!result) continue;
        to.append(result);
        for (let i = 0, n = countOf(result); i < n; i++) if (offsetOf(result, i) >= cleaning.logStart) kept++;
      }
    }
    if (to.length > 0) segments.push(to.sealed());
  }
  return { segments, kept, removed, gone: transactions.gone };
}

/** The newest offset of each key in the dirty part; what was aborted does not count. */
function newestOffsets({ segments, firstDirty, aborted }: Cleaning): Map<string, number> {
  const newest = new Map<string, number>();
  const transactions = new SeenTransactions(aborted.filter(({ lastOffset }) => lastOffset >= firstDirty));
  for (const segment of segments) {
    for (let b = segment.find(firstDirty); b < segment.length; b++) {
      const batch = segment.at(b);
      if (batch.marker) transactions.marker(batch);
      else if (!transactions.data(batch)) {
        for (let i = 0, n = countOf(batch); i < n; i++) {
          const key = keyOf(batch, i);
          const offset = offsetOf(batch, i);
          if (key !== null && offset >= firstDirty) newest.set(key, offset);
        }
      }
    }
  }
  return newest;
}

/** K-18, K-19. @returns the batch itself, what is left of it, or null */
function cleanBatch(
  batch: StoredBatch,
  newest: ReadonlyMap<string, number>,
  transactions: SeenTransactions,
  { producers, upTo, logStart, deleteRetention, now }: Cleaning,
  removed: RemovedRecord[],
): StoredBatch | null {
  const due = batch.deleteHorizon !== null && batch.deleteHorizon <= now;
  const last = batch.producerId < 0 ? undefined : producers.lastOf(batch.producerId);
  if (batch.marker) {
    if (!transactions.marker(batch)) return batch;
    if (!due) return batch.deleteHorizon === null ? withHorizon(batch, now + deleteRetention) : batch;
    // The last word of a producer that is still remembered, or of this cleaning: kept for its epoch, or its offset.
    if (last?.lastDataOffset === -1 && last.epoch === batch.producerEpoch) return batch;
    if (batch.lastOffset + 1 === upTo) return batch;
    if (batch.baseOffset >= logStart) removed.push({ position: batch.baseOffset, message: null });
    return null;
  }
  const isAborted = transactions.data(batch);
  const count = countOf(batch);
  let left = 0;
  const stays: boolean[] = new Array<boolean>(count);
  let tombstones = false;
  for (let i = 0; i < count; i++) {
    const key = keyOf(batch, i);
    const isTombstone = valueIsNull(batch, i);
    const offset = offsetOf(batch, i);
    stays[i] = !isAborted && key !== null && offset >= (newest.get(key) ?? -1) && !(isTombstone && due);
    if (stays[i]) {
      left++;
      if (isTombstone) tombstones = true;
    } else if (offset >= logStart) {
      removed.push({ position: offset, message: batch.coordinator ? null : batch.messages[i]! });
    }
  }
  if (left === 0) {
    // Its sequence is what its producer goes on from, or its offset is the last that this cleaning has seen.
    const keep = last?.lastDataOffset === batch.lastOffset || batch.lastOffset + 1 === upTo;
    if (!keep) return null;
    return count === 0 ? batch : withRecords(batch, stays, batch.deleteHorizon);
  }
  const deleteHorizon =
    batch.deleteHorizon === null && tombstones ? now + deleteRetention : batch.deleteHorizon;
  if (left === count)
    return deleteHorizon === batch.deleteHorizon ? batch : withHorizon(batch, deleteHorizon);
  return withRecords(batch, stays, deleteHorizon);
}

function withHorizon(batch: StoredBatch, deleteHorizon: Micros | null): StoredBatch {
  return Object.freeze({ ...batch, deleteHorizon });
}

/** The batch with some of its records; its own offsets stay (K-1). */
function withRecords(
  batch: StoredBatch,
  stays: readonly boolean[],
  deleteHorizon: Micros | null,
): StoredBatch {
  const pick = <T>(all: readonly T[]): readonly T[] => Object.freeze(all.filter((_, i) => stays[i]));
  const offsets: number[] = [];
  for (let i = 0; i < stays.length; i++) if (stays[i]) offsets.push(offsetOf(batch, i));
  const sizes = pick(batch.sizes);
  const timestamps = pick(batch.timestamps);
  return Object.freeze({
    ...batch,
    offsets: Object.freeze(offsets),
    messages: pick(batch.messages),
    keys: pick(batch.keys),
    sizes,
    timestamps,
    values: batch.values && pick(batch.values),
    coordinator: batch.coordinator && pick(batch.coordinator),
    maxTimestamp: timestamps.length === 0 ? batch.maxTimestamp : largest(timestamps),
    bytes: BATCH_OVERHEAD + sum(sizes),
    deleteHorizon,
  });
}

/** Neighbours that fit into one segment together. */
function* groups({ segments, maxBytes, maxRecords }: Cleaning): Generator<Segment[]> {
  let group: Segment[] = [];
  let bytes = 0;
  let records = 0;
  for (const segment of segments) {
    if (group.length > 0 && (bytes + segment.bytes > maxBytes || records + segment.records > maxRecords)) {
      yield group;
      group = [];
      bytes = 0;
      records = 0;
    }
    group.push(segment);
    bytes += segment.bytes;
    records += segment.records;
  }
  if (group.length > 0) yield group;
}

function keyOf(batch: StoredBatch, i: number): string | null {
  return batch.coordinator ? batch.coordinator[i]!.key : batch.keys[i]!;
}

function valueIsNull(batch: StoredBatch, i: number): boolean {
  return batch.coordinator ? batch.coordinator[i]!.value === null : batch.values?.[i] === null;
}

export function largest(numbers: readonly number[]): number {
  let max = -Infinity;
  for (const number of numbers) if (number > max) max = number;
  return max;
}

export function sum(numbers: readonly number[]): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

/** Follows transactions through a log, batch by batch in the order of offsets. */
class SeenTransactions {
  readonly gone = new Set<EndedTransaction>();
  private readonly coming: readonly EndedTransaction[];
  private next = 0;
  /** Aborted ones that have begun and not ended, by producer. */
  private open = new Map<number, { readonly transaction: EndedTransaction; seen: boolean }>();
  /** Producers with records seen since their last marker, and not aborted. */
  private committed = new Set<number>();

  constructor(aborted: readonly EndedTransaction[]) {
    this.coming = aborted;
  }

  /** @returns whether its records are those of an aborted transaction */
  data(batch: StoredBatch): boolean {
    this.beginUpTo(batch.lastOffset);
    if (!batch.transactional) return false;
    const aborted = this.open.get(batch.producerId);
    if (aborted) aborted.seen = true;
    else this.committed.add(batch.producerId);
    return aborted !== undefined;
  }

  /** @returns whether nothing of its transaction is left, so that the marker may go in time */
  marker(batch: StoredBatch): boolean {
    this.beginUpTo(batch.lastOffset);
    if (batch.marker!.outcome === 'committed') return !this.committed.delete(batch.producerId);
    const aborted = this.open.get(batch.producerId);
    this.open.delete(batch.producerId);
    if (aborted?.seen) return false;
    if (aborted) this.gone.add(aborted.transaction);
    return true;
  }

  private beginUpTo(offset: number): void {
    for (; this.next < this.coming.length; this.next++) {
      const transaction = this.coming[this.next]!;
      if (transaction.firstOffset > offset) return;
      if (!this.open.has(transaction.producerId))
        this.open.set(transaction.producerId, { transaction, seen: false });
    }
  }
}
