/**
 * A replica's log of one partition (K-1): batches in segments, the four positions (K-3), what is known of leader epochs
 * and producers, and all that is done to a log: append, read, truncate, expire, clean. It does not know of other
 * replicas: who leads, and what is replicated, it is told.
 */
import { assert } from '../../sim/errors.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';
import { AbortedIndex } from './aborted.ts';
import {
  BATCH_OVERHEAD,
  offsetOf,
  RECORD_OVERHEAD,
  type CoordinatorRecord,
  type Marker,
  type RecordBatch,
  type StoredBatch,
} from './batch.ts';
import {
  cleanSegments,
  dirtyRange,
  largest,
  sum,
  worthCleaning,
  type DirtyRange,
  type RemovedRecord,
} from './cleaner.ts';
import type { EffectiveTopicConfig } from './config.ts';
import { javaStringHash } from './coordinator-shard.ts';
import { LeaderEpochs } from './epochs.ts';
import { NO_PRODUCERS, ProducerStates } from './producer-state.ts';
import type { AbortedTransaction, ErrorCode } from './protocol.ts';
import { retentionPasses } from './retention.ts';
import { countOf, Segment } from './segments.ts';

/** Records a partition keeps. When it is full, its older half goes, as under retention. */
export const RECORDS_MAX = 2 ** 18;
/** Records in a segment of an internal topic: small, so that compaction reaches almost all of it. */
const INTERNAL_SEGMENT_RECORDS = 1000;
/** Size of a transaction marker's batch, bytes. */
const MARKER_BYTES = BATCH_OVERHEAD + 17;
/** What a coordinator's record is taken to be big beside its key, bytes. */
const COORDINATOR_VALUE_BYTES = 100;

export interface AppendOutcome {
  readonly error: ErrorCode;
  /** Where its first record lies, also when it is a duplicate of a batch already there (K-38); −1 for an error. */
  readonly baseOffset: number;
  /** Whether records were added: false for an error and for a duplicate. */
  readonly appended: boolean;
  readonly batch: StoredBatch | null;
  /** A new segment was begun for it (K-7). */
  readonly rolled: { readonly position: number; readonly why: string } | null;
  /** Records lost to the simulator's own bound, {@link RECORDS_MAX}. */
  readonly dropped: number;
}

export interface CleanOutcome {
  /** Everything below is clean now. */
  readonly upTo: number;
  /** Records left below it. */
  readonly kept: number;
  /** In the order of offsets. */
  readonly removed: readonly RemovedRecord[];
}

export interface SegmentView {
  readonly baseOffset: number;
  /** Where the next one begins, or the log ends. */
  readonly endOffset: number;
  readonly bytes: number;
  readonly records: number;
  readonly active: boolean;
  /** −1 for an empty one. */
  readonly maxTimestamp: Micros;
}

const NO_MESSAGES: readonly MessageId[] = Object.freeze([]);
const NO_NUMBERS: readonly number[] = Object.freeze([]);
const NO_KEYS: readonly string[] = Object.freeze([]);

export class PartitionLog {
  readonly place: string;
  readonly internal: boolean;
  config!: EffectiveTopicConfig;
  logStart = 0;
  logEnd = 0;
  highWatermark = 0;
  /** Size of all segments. */
  bytes = 0;
  /** Oldest first; the last is the active one. */
  private parts: Segment[];
  private records = 0;
  private epochs = new LeaderEpochs();
  private producers: ProducerStates;
  private aborted = new AbortedIndex();
  /** Where the last cleaning ended (K-16). */
  private cleanedUpTo = 0;
  /** Of the settings, what every append asks for. */
  private compacted = false;
  private segmentBytes = 0;
  private segmentTime: Micros = 0;

  /**
   * @param internal it holds what coordinators write: compacted whatever its policy, in segments of few records
   * @param producerIdExpirationMs `producer.id.expiration.ms` (K-41), milliseconds; left out: never
   */
  constructor(
    place: string,
    config: EffectiveTopicConfig,
    _now: Micros,
    options: { readonly internal?: boolean; readonly producerIdExpirationMs?: number } = {},
  ) {
    this.place = place;
    this.internal = options.internal ?? false;
    const { producerIdExpirationMs } = options;
    this.producers = new ProducerStates(
      producerIdExpirationMs === undefined ? Infinity : fromMs(producerIdExpirationMs),
    );
    this.parts = [new Segment(0, NO_PRODUCERS)];
    this.setConfig(config);
  }

  /** Takes up other settings; they hold from the next append, retention or cleaning on. */
  setConfig(config: EffectiveTopicConfig): void {
    this.config = Object.freeze(config);
    this.compacted = this.internal || config['cleanup.policy'] !== 'delete';
    this.segmentBytes = config['segment.bytes'];
    // K-16: with compaction, a segment is not to stay active beyond the time by which it must be compacted.
    this.segmentTime = fromMs(
      this.compacted ? Math.min(config['segment.ms'], config['max.compaction.lag.ms']) : config['segment.ms'],
    );
  }

  // Positions (K-3).

  /** K-3, K-47: the first offset of a transaction that is open, or whose end is not replicated; else the high watermark. */
  get lastStableOffset(): number {
    const first = this.producers.firstUnstable;
    return first < 0 ? this.highWatermark : Math.min(Math.max(first, this.logStart), this.highWatermark);
  }

  /** The newest leader epoch known here (K-8); −1 for none. */
  get latestEpoch(): number {
    return this.epochs.latest;
  }

  /** Moves the high watermark, within the log. @returns false if that is not forward */
  advanceHighWatermark(to: number): boolean {
    const target = Math.min(to, this.logEnd);
    if (target <= this.highWatermark) return false;
    this.highWatermark = target;
    this.producers.settledBelow(target);
    return true;
  }

  /** Sets the high watermark of a replica that begins anew, within the log: it may go back (K-52). */
  resetHighWatermark(to: number): void {
    const target = Math.min(Math.max(to, this.logStart), this.logEnd);
    if (target < this.highWatermark && this.producers.size > 0) {
      this.highWatermark = target;
      this.rebuildProducers();
    }
    this.highWatermark = target;
    this.producers.settledBelow(target);
  }

  // Appending.

  /** K-8: a leader's epoch begins where its log ends. */
  beginEpoch(leaderEpoch: number): void {
    if (leaderEpoch > this.epochs.latest) this.epochs.begin(leaderEpoch, this.logEnd);
  }

  /**
   * Appends what a producer sent, or says why not: MESSAGE_TOO_LARGE (K-6), INVALID_TIMESTAMP (K-10), INVALID_RECORD for
   * want of a key (K-18), and the errors of the sequence check (K-38, K-45). The batch's arrays are not copied.
   * @param now the broker's clock, microseconds
   */
  appendAsLeader(batch: RecordBatch, leaderEpoch: number, now: Micros): AppendOutcome {
    const { config } = this;
    const bytes = BATCH_OVERHEAD + sum(batch.sizes);
    if (bytes > config['max.message.bytes'] || bytes > this.segmentBytes) return refused('MESSAGE_TOO_LARGE');
    const stamped = config['message.timestamp.type'] === 'LogAppendTime';
    let { timestamps } = batch;
    if (stamped) timestamps = new Array<Micros>(timestamps.length).fill(now);
    else {
      const earliest = now - fromMs(config['message.timestamp.before.max.ms']);
      const latest = now + fromMs(config['message.timestamp.after.max.ms']);
      for (const timestamp of timestamps)
        if (timestamp < earliest || timestamp > latest) return refused('INVALID_TIMESTAMP');
    }
    if (this.compacted && batch.keys.includes(null)) return refused('INVALID_RECORD');
    if (batch.producerId >= 0) {
      const verdict = this.producers.check(batch, now);
      if (typeof verdict !== 'string') return duplicate(verdict.baseOffset);
      if (verdict !== 'NONE') return refused(verdict);
    }
    const maxTimestamp = stamped ? now : largest(timestamps);
    const count = batch.messages.length;
    return this.append(leaderEpoch, count, bytes, maxTimestamp, now, (baseOffset) => ({
      baseOffset,
      lastOffset: baseOffset + count - 1,
      offsets: null,
      leaderEpoch,
      producerId: batch.producerId,
      producerEpoch: batch.epoch,
      baseSequence: batch.baseSequence,
      transactional: batch.transactional,
      marker: null,
      messages: batch.messages,
      keys: batch.keys,
      sizes: batch.sizes,
      timestamps,
      values: batch.values,
      coordinator: null,
      maxTimestamp,
      bytes,
      deleteHorizon: null,
    }));
  }

  /** K-43: the end of a transaction; INVALID_PRODUCER_EPOCH for one that is not the newest word (K-45). */
  appendMarker(
    marker: { readonly producerId: number; readonly producerEpoch: number } & Marker,
    leaderEpoch: number,
    now: Micros,
  ): AppendOutcome {
    const { producerId, producerEpoch, outcome } = marker;
    const verdict = this.producers.checkMarker(producerId, producerEpoch, now);
    if (verdict !== 'NONE') return refused(verdict);
    return this.append(leaderEpoch, 1, MARKER_BYTES, now, now, (baseOffset) => ({
      ...BARE,
      baseOffset,
      lastOffset: baseOffset,
      leaderEpoch,
      producerId,
      producerEpoch,
      transactional: true,
      marker: Object.freeze({ outcome }),
      maxTimestamp: now,
      bytes: MARKER_BYTES,
    }));
  }

  /** What a coordinator writes into its own partition, as one batch. */
  appendCoordinatorRecords(records: CoordinatorRecord[], leaderEpoch: number, now: Micros): AppendOutcome {
    const sizes = records.map(
      ({ key, value }) => RECORD_OVERHEAD + key.length + (value === null ? 0 : COORDINATOR_VALUE_BYTES),
    );
    const bytes = BATCH_OVERHEAD + sum(sizes);
    return this.append(leaderEpoch, records.length, bytes, now, now, (baseOffset) => ({
      ...BARE,
      baseOffset,
      lastOffset: baseOffset + records.length - 1,
      leaderEpoch,
      sizes,
      coordinator: Object.freeze(records),
      maxTimestamp: now,
      bytes,
    }));
  }

  /** Appends a batch of the leader's log as it is (K-1). */
  appendAsFollower(batch: StoredBatch, now: Micros): AppendOutcome {
    const { baseOffset, lastOffset, leaderEpoch } = batch;
    // The leader's log begins within this batch (DeleteRecords), and so does this one, so far without a record.
    if (baseOffset < this.logEnd && lastOffset >= this.logEnd && this.logEnd === this.logStart) {
      this.parts = [new Segment(baseOffset, this.producers.snapshot())];
      this.recount();
    } else
      assert(
        baseOffset >= this.logEnd,
        `${this.place} ends at ${this.logEnd}: no place for a batch of ${baseOffset}`,
      );
    const dropped = this.makeRoom(countOf(batch), now);
    const rolled = this.maybeRoll(batch.bytes, countOf(batch), batch.maxTimestamp, baseOffset);
    if (leaderEpoch > this.epochs.latest) this.epochs.begin(leaderEpoch, baseOffset);
    this.store(batch);
    return { error: 'NONE', baseOffset, appended: true, batch, rolled, dropped };
  }

  private append(
    leaderEpoch: number,
    count: number,
    bytes: number,
    maxTimestamp: Micros,
    now: Micros,
    make: (baseOffset: number) => StoredBatch,
  ): AppendOutcome {
    const dropped = this.makeRoom(count, now);
    const baseOffset = this.logEnd;
    const rolled = this.maybeRoll(bytes, count, maxTimestamp, baseOffset);
    this.beginEpoch(leaderEpoch);
    const batch = Object.freeze(make(baseOffset));
    this.store(batch);
    return { error: 'NONE', baseOffset, appended: true, batch, rolled, dropped };
  }

  private store(batch: StoredBatch): void {
    this.active.append(batch);
    this.bytes += batch.bytes;
    this.records += countOf(batch);
    this.logEnd = batch.lastOffset + 1;
    this.learn(batch);
  }

  private learn(batch: StoredBatch): void {
    const ended = this.producers.update(batch);
    if (ended && batch.marker!.outcome === 'aborted') this.aborted.add(ended);
  }

  private get active(): Segment {
    return this.parts[this.parts.length - 1]!;
  }

  /** K-7: begins a new segment if what comes does not fit, or the active one is old enough. */
  private maybeRoll(
    bytes: number,
    count: number,
    maxTimestamp: Micros,
    baseOffset: number,
  ): AppendOutcome['rolled'] {
    const { active } = this;
    let why: string;
    if (active.firstTimestamp === null) return null;
    if (active.bytes > this.segmentBytes - bytes) why = `segment.bytes ${this.segmentBytes}`;
    else if (maxTimestamp - active.firstTimestamp > this.segmentTime - this.jitter(active))
      why = `segment.ms ${this.segmentTime / 1000}`;
    else if (this.internal && active.records + count > INTERNAL_SEGMENT_RECORDS)
      why = `${INTERNAL_SEGMENT_RECORDS} records`;
    else return null;
    this.roll(baseOffset);
    return { position: baseOffset, why };
  }

  private roll(baseOffset: number): void {
    this.parts[this.parts.length - 1] = this.active.sealed();
    this.parts.push(new Segment(baseOffset, this.producers.snapshot()));
  }

  /** `segment.jitter.ms`: a fixed part of it for each segment, where Kafka throws dice. */
  private jitter({ baseOffset }: Segment): Micros {
    const limit = Math.min(this.config['segment.jitter.ms'], this.segmentTime / 1000);
    if (limit === 0) return 0;
    return fromMs((javaStringHash(`${this.place} ${baseOffset}`) >>> 0) % limit);
  }

  // Reading.

  /**
   * Reads whole batches from the one that holds `offset` on, as far as its segment goes (K-2, K-4). The caller has
   * checked that `offset` is in the log (K-5).
   * @param upTo what the reader may see ends there: the log end, the high watermark or the last stable offset
   * @param minOneBatch the first batch is read even if it is bigger than `maxBytes` (K-6)
   */
  read(
    offset: number,
    maxBytes: number,
    upTo: number,
    minOneBatch: boolean,
  ): { readonly batches: readonly StoredBatch[]; readonly bytes: number } {
    const batches: StoredBatch[] = [];
    let bytes = 0;
    if (offset >= upTo) return { batches, bytes };
    for (let part = this.partOf(offset); part < this.parts.length; part++) {
      const segment = this.parts[part]!;
      for (let i = segment.find(offset); i < segment.length; i++) {
        const batch = segment.at(i);
        if (batch.lastOffset >= upTo) return { batches, bytes };
        if (bytes + batch.bytes > maxBytes && !(minOneBatch && batches.length === 0))
          return { batches, bytes };
        batches.push(batch);
        bytes += batch.bytes;
      }
      if (batches.length > 0) break;
    }
    return { batches, bytes };
  }

  /** Bytes of whole batches from the one that holds `offset` on, up to `upTo`, counted no further than `limit`. */
  bytesFrom(offset: number, limit: number, upTo: number): number {
    let bytes = 0;
    if (offset >= upTo) return 0;
    for (let part = this.partOf(offset); part < this.parts.length; part++) {
      const segment = this.parts[part]!;
      for (let i = segment.find(offset); i < segment.length; i++) {
        const batch = segment.at(i);
        if (batch.lastOffset >= upTo || bytes >= limit) return bytes;
        bytes += batch.bytes;
      }
    }
    return bytes;
  }

  /** K-10: the first offset whose timestamp is not before this one, microseconds; −1 if none is below `upTo`. */
  offsetForTimestamp(timestamp: Micros, upTo: number): number {
    for (const segment of this.parts) {
      if (segment.maxTimestamp < timestamp) continue;
      for (let b = segment.find(this.logStart); b < segment.length; b++) {
        const batch = segment.at(b);
        if (batch.maxTimestamp < timestamp) continue;
        if (batch.lastOffset >= upTo) return -1;
        if (batch.marker || batch.coordinator) return Math.max(batch.baseOffset, this.logStart);
        for (let i = 0; i < batch.timestamps.length; i++) {
          const offset = offsetOf(batch, i);
          if (batch.timestamps[i]! >= timestamp && offset >= this.logStart) return offset;
        }
      }
    }
    return -1;
  }

  /** K-50: aborted transactions that have something in [from, upTo), by first offset. */
  abortedIn(from: number, upTo: number): AbortedTransaction[] {
    return this.aborted.inRange(from, upTo);
  }

  /** @param epoch left out: of any epoch */
  hasOngoingTransaction(producerId: number, epoch?: number): boolean {
    return this.producers.hasOngoingTransaction(producerId, epoch);
  }

  /** What coordinators wrote, in order, for replay. */
  *coordinatorRecords(): Generator<CoordinatorRecord> {
    for (const segment of this.parts)
      for (const { coordinator } of segment.slice()) if (coordinator) yield* coordinator;
  }

  segments(): readonly SegmentView[] {
    return this.parts.map(({ baseOffset, bytes, records, maxTimestamp }, i) => {
      const next = this.parts[i + 1];
      const endOffset = next ? next.baseOffset : this.logEnd;
      return { baseOffset, endOffset, bytes, records, active: !next, maxTimestamp };
    });
  }

  /** Index of the segment that an offset falls into. */
  private partOf(offset: number): number {
    let low = 0;
    let high = this.parts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.parts[middle]!.baseOffset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  // Truncation (K-9).

  /** K-9: the largest epoch known here that is not above this one, and where it ends. */
  endOffsetFor(epoch: number): { epoch: number; endOffset: number } {
    return this.epochs.endOffsetFor(epoch, this.logEnd);
  }

  /**
   * Throws away everything from `offset` on, in whole batches; a log that begins later is emptied, and begins there.
   * @returns what was thrown away
   */
  truncateTo(offset: number): readonly MessageId[] {
    if (offset >= this.logEnd) {
      // An epoch in which this replica led and wrote nothing is forgotten all the same (K-9).
      this.epochs.truncateFromEnd(this.logEnd);
      return [];
    }
    if (offset < this.logStart) return this.truncateFullyAndStartAt(offset);
    const messages: MessageId[] = [];
    const part = this.partOf(offset);
    const segment = this.parts[part]!;
    const from = segment.find(offset);
    const end =
      from < segment.length ? Math.max(Math.min(segment.at(from).baseOffset, offset), this.logStart) : offset;
    for (const batch of segment.slice(from)) messages.push(...batch.messages);
    for (const later of this.parts.slice(part + 1))
      for (const batch of later.slice()) messages.push(...batch.messages);
    const base = Math.min(segment.baseOffset, end);
    const rest = Segment.of(base, segment.producers, segment.slice(0, from));
    this.parts = [...this.parts.slice(0, part), rest];
    this.recount();
    this.logEnd = end;
    this.highWatermark = Math.min(this.highWatermark, end);
    this.cleanedUpTo = Math.min(this.cleanedUpTo, end);
    this.epochs.truncateFromEnd(end);
    this.rebuildProducers();
    return messages;
  }

  /** Empties the log, which then begins at `offset` (K-9). @returns what was thrown away */
  truncateFullyAndStartAt(offset: number): readonly MessageId[] {
    const messages: MessageId[] = [];
    for (const segment of this.parts)
      for (const batch of segment.slice())
        if (batch.lastOffset >= this.logStart) messages.push(...batch.messages);
    this.parts = [new Segment(offset, NO_PRODUCERS)];
    this.recount();
    this.logStart = this.logEnd = this.highWatermark = this.cleanedUpTo = offset;
    this.epochs.clear();
    this.aborted = new AbortedIndex();
    this.producers.restore(NO_PRODUCERS);
    return messages;
  }

  /** What is known of producers, once more from the active segment: as of its beginning, and then what is in it. */
  private rebuildProducers(): void {
    const { active } = this;
    this.producers.restore(active.producers);
    this.aborted.truncateFromEnd(active.baseOffset);
    for (const batch of active.slice()) this.learn(batch);
    this.producers.settledBelow(this.highWatermark);
  }

  private recount(): void {
    this.bytes = 0;
    this.records = 0;
    for (const { bytes, records } of this.parts) {
      this.bytes += bytes;
      this.records += records;
    }
  }

  // What goes in time.

  /**
   * Retention's passes, one after the other (K-11 to K-15): whole segments, oldest first.
   * @param now microseconds
   * @returns the offsets, both inclusive, that went with each pass that moved the log's start
   */
  runRetention(now: Micros): readonly { readonly from: number; readonly to: number; readonly why: string }[] {
    this.producers.expire(now);
    const gone: { from: number; to: number; why: string }[] = [];
    const deletes = !this.internal && this.config['cleanup.policy'] !== 'compact';
    for (const pass of retentionPasses(this.config, deletes)) {
      const { parts, logStart, logEnd, highWatermark } = this;
      const n = pass.deletable({ segments: parts, logStart, logEnd, highWatermark }, now);
      if (n === 0) continue;
      // K-15: a log has always a segment to write to.
      if (n === parts.length) this.roll(logEnd);
      this.parts = this.parts.slice(n);
      this.recount();
      this.beginAt(Math.max(logStart, this.parts[0]!.baseOffset));
      if (this.logStart > logStart) gone.push({ from: logStart, to: this.logStart - 1, why: pass.why });
    }
    return gone;
  }

  /**
   * K-3: moves the log's start forward, and the high watermark if it is behind; segments go with the next retention.
   * @returns where the log begins now
   */
  deleteRecordsBefore(offset: number): number {
    const to = Math.min(offset, this.logEnd);
    if (to > this.logStart) this.beginAt(to);
    return this.logStart;
  }

  private beginAt(offset: number): void {
    this.logStart = offset;
    this.epochs.truncateFromStart(offset);
    this.aborted.truncateFromStart(offset);
    this.advanceHighWatermark(offset);
  }

  /** The share of what may be cleaned that is dirty (K-16); null for a log that is not compacted, or has nothing. */
  dirtyRatio(now: Micros): number | null {
    if (!this.compacted) return null;
    const { cleanBytes, dirtyBytes } = this.dirty(now);
    const all = cleanBytes + dirtyBytes;
    return all === 0 ? null : dirtyBytes / all;
  }

  /** K-16: dirty enough, or too long dirty. */
  isCleanable(now: Micros): boolean {
    return this.compacted && worthCleaning(this.dirty(now), this.parts, this.config, now);
  }

  /** K-18, K-19: compacts everything below the first uncleanable offset (K-17). */
  clean(now: Micros): CleanOutcome {
    const { firstDirty, upTo, segments, dirtyBytes } = this.dirty(now);
    if (!this.compacted || dirtyBytes === 0) return { upTo: this.cleanedUpTo, kept: 0, removed: [] };
    const cleaned = cleanSegments({
      segments: this.parts.slice(0, segments),
      firstDirty,
      upTo,
      logStart: this.logStart,
      producers: this.producers,
      aborted: this.aborted.overlapping(this.parts[0]!.baseOffset, upTo),
      deleteRetention: fromMs(this.config['delete.retention.ms']),
      maxBytes: this.segmentBytes,
      maxRecords: this.internal ? INTERNAL_SEGMENT_RECORDS : Infinity,
      now,
    });
    this.parts = [...cleaned.segments, ...this.parts.slice(segments)];
    this.recount();
    this.aborted.remove(cleaned.gone);
    this.cleanedUpTo = upTo;
    return { upTo, kept: cleaned.kept, removed: cleaned.removed };
  }

  private dirty(now: Micros): DirtyRange {
    const firstDirty = Math.max(this.cleanedUpTo, this.logStart);
    return dirtyRange(this.parts, firstDirty, this.lastStableOffset, this.config, now);
  }

  /**
   * The simulator's own bound. What is not replicated stays, unless even twice the bound is full of it: then the high
   * watermark goes with the log's start.
   * @returns how many records that a reader could have asked for are gone
   */
  private makeRoom(count: number, now: Micros): number {
    if (this.records + count <= RECORDS_MAX) return 0;
    if (this.internal) {
      this.clean(now);
      if (this.records + count <= RECORDS_MAX) return 0;
    }
    const hard = this.records + count > 2 * RECORDS_MAX;
    const limit = hard ? this.logEnd : this.highWatermark;
    if (limit - this.parts[0]!.baseOffset < RECORDS_MAX / 4) return 0;
    const excess = Math.max(this.records - RECORDS_MAX / 2, this.records + count - RECORDS_MAX);
    let records = 0;
    let dropped = 0;
    let part = 0;
    let i = 0;
    for (; part < this.parts.length && records < excess; part++, i = 0) {
      const segment = this.parts[part]!;
      for (; i < segment.length && records < excess && segment.at(i).lastOffset < limit; i++) {
        const batch = segment.at(i);
        const n = countOf(batch);
        records += n;
        for (let r = 0; r < n; r++) if (offsetOf(batch, r) >= this.logStart) dropped++;
      }
      if (i < segment.length) break;
    }
    this.dropBefore(part, i);
    return dropped;
  }

  /** Forgets all before the i-th batch of a segment; what is left of that segment begins there. */
  private dropBefore(part: number, i: number): void {
    const segment = this.parts[part];
    if (segment === undefined) {
      this.parts = [new Segment(this.logEnd, this.producers.snapshot())];
    } else if (i === 0) {
      this.parts = this.parts.slice(part);
    } else {
      const producers = new ProducerStates(Infinity);
      producers.restore(segment.producers);
      for (const batch of segment.slice(0, i)) producers.update(batch);
      const rest = Segment.of(segment.at(i).baseOffset, producers.snapshot(), segment.slice(i));
      const isActive = part === this.parts.length - 1;
      this.parts = [isActive ? rest : rest.sealed(), ...this.parts.slice(part + 1)];
    }
    this.recount();
    this.beginAt(Math.max(this.logStart, this.parts[0]!.baseOffset));
  }
}

/** What a marker, or a coordinator's batch, has not. */
const BARE: StoredBatch = Object.freeze({
  baseOffset: -1,
  lastOffset: -1,
  offsets: null,
  leaderEpoch: -1,
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  transactional: false,
  marker: null,
  messages: NO_MESSAGES,
  keys: NO_KEYS,
  sizes: NO_NUMBERS,
  timestamps: NO_NUMBERS,
  values: null,
  coordinator: null,
  maxTimestamp: -1,
  bytes: 0,
  deleteHorizon: null,
});

function refused(error: ErrorCode): AppendOutcome {
  return { error, baseOffset: -1, appended: false, batch: null, rolled: null, dropped: 0 };
}

function duplicate(baseOffset: number): AppendOutcome {
  return { error: 'NONE', baseOffset, appended: false, batch: null, rolled: null, dropped: 0 };
}
