/**
 * One share group on one partition (K-103 to K-105): what became of each record between the share-partition's start
 * offset (SPSO) and its end offset (SPEO), who holds it and until when. A pure state machine: no time of its own, no
 * network. What a member decides takes effect in two steps, as in Kafka's SharePartition: it is marked, and
 * {@link SharePartition.complete} makes it true, or takes it back, once the group's coordinator has stored it (K-107).
 */
import type { Micros } from '../../../sim/time.ts';
import type { MessageId } from '../../../sim/trace.ts';
import { offsetOf, type StoredBatch } from '../batch.ts';
import type { AcknowledgeType, AcquiredRecord, ErrorCode, ShareState } from '../protocol.ts';

export interface ShareLimits {
  /** `group.share.delivery.count.limit` (K-104). */
  readonly deliveryCountLimit: number;
  /** `group.share.record.lock.duration.ms`, in microseconds. */
  readonly lockDuration: Micros;
  /** `group.share.partition.max.record.locks`: how far SPEO may be ahead of SPSO (K-105). */
  readonly maxRecordLocks: number;
}

export type RecordState = 'available' | 'acquired' | 'acknowledged' | 'archived';

/** What became of a record, for the trace. */
export interface Change {
  readonly offset: number;
  readonly message: MessageId | null;
  readonly to: 'available' | 'acknowledged' | 'archived';
  readonly why: string;
}

type StoredRecord = ShareState['records'][number];

interface Target {
  readonly state: 'available' | 'acknowledged' | 'archived';
  readonly deliveryCount: number;
  readonly why: string;
}

/** Records that were first acquired together: they are throttled together. */
interface Unit {
  /** How many they were, also of offsets that hold no record. */
  size: number;
}

interface ShareRecord {
  readonly offset: number;
  message: MessageId | null;
  state: RecordState;
  deliveryCount: number;
  /** Who holds it; null unless acquired. */
  member: string | null;
  /** When its lock runs out; of no meaning unless acquired. */
  until: Micros;
  /** What it becomes when that is stored; null while nothing is decided. */
  target: Target | null;
  readonly unit: Unit;
  /** As it was last written down, so that writes share it; null while that is not worth writing. */
  stored: StoredRecord | null;
}

const RELEASED = 'released by the application';
const LOCK_RAN_OUT = 'the lock ran out';
const MEMBER_LEFT = 'the member left';
const REJECTED = 'rejected';
const LIMIT = 'delivery count limit';
const ACCEPTED = 'accepted';

export class SharePartition {
  private readonly limits: ShareLimits;
  /** From {@link startOffset} on, without gaps; offsets that hold no record are archived. */
  private window: ShareRecord[] = [];
  private start: number;
  /** Records that can be had: available, and nothing of them is being decided. */
  private available = 0;
  /** What was decided and is not stored yet, by number. */
  private transitions = new Map<number, readonly ShareRecord[]>();
  private nextTransition = 0;

  /** @param from where the group begins, or what an earlier leader of the partition stored */
  constructor(limits: ShareLimits, from: number | ShareState) {
    this.limits = limits;
    this.start = typeof from === 'number' ? from : from.startOffset;
    if (typeof from === 'object') this.load(from.records);
  }

  /** SPSO: everything below it is done with. */
  get startOffset(): number {
    return this.start;
  }

  /** One past SPEO: the first offset that nobody has ever been given. */
  get nextNew(): number {
    return this.start + this.window.length;
  }

  /** K-105: where to read next: the first available record, else past the end. */
  get nextFetchOffset(): number {
    if (this.available === 0) return this.nextNew;
    return this.window.find(canBeHad)?.offset ?? this.nextNew;
  }

  /** K-105: whether a fetch may bring anything: what came back, or new records within the limit of locks. */
  get canAcquire(): boolean {
    return this.available > 0 || this.window.length < this.limits.maxRecordLocks;
  }

  /** @returns undefined for an offset outside of the window */
  stateOf(offset: number): { readonly state: RecordState; readonly deliveryCount: number } | undefined {
    return this.window[offset - this.start];
  }

  /**
   * Locks records for a member (K-103): available ones of the window first, and new ones after it. The limits are soft,
   * since what lies in one batch is acquired as a whole (K-105).
   *
   * Records that have come back often are given out in ever smaller numbers, the last delivery alone, so that a bad one
   * does not take its neighbours along when its count runs out.
   *
   * @param batches what was read at {@link nextFetchOffset}, in order
   * @param maxRecords `max.poll.records`
   * @returns what was acquired, by ascending offset (K-107)
   */
  acquire(
    member: string,
    maxRecords: number,
    batches: readonly StoredBatch[],
    now: Micros,
  ): AcquiredRecord[] {
    const lastRead = batches.at(-1)?.lastOffset;
    if (lastRead === undefined || maxRecords <= 0) return [];
    const from = this.nextFetchOffset;
    const end = this.nextNew - 1;
    let most = Math.min(maxRecords, this.limits.maxRecordLocks - this.window.length);
    let last = lastRead;
    if (most <= 0) {
      // The window is full: only what lies in it can be had.
      if (from > end) return [];
      most = Math.min(maxRecords, end - from + 1);
      last = Math.min(last, end);
    }
    const reader = new Reader(batches);
    const acquired: AcquiredRecord[] = [];
    const counted = this.acquireAgain(member, from, Math.min(last, end), most, reader, now, acquired);
    if (counted < most && last > end) this.acquireNew(member, last, most - counted, reader, now, acquired);
    this.advance();
    return acquired;
  }

  /**
   * Decides what a member says of records that it holds: all of it, or with an error nothing (K-103). An offset below
   * SPSO is done with, and passed over.
   * @returns a number for {@link complete}; null when there is nothing to be stored
   */
  acknowledge(
    member: string,
    acknowledgements: readonly { readonly offset: number; readonly type: AcknowledgeType }[],
    now: Micros,
  ): { readonly error: ErrorCode; readonly transition: number | null } {
    const chosen = new Map<ShareRecord, AcknowledgeType>();
    for (const { offset, type } of acknowledgements) {
      if (offset < this.start) continue;
      const record = this.window[offset - this.start];
      if (!record) return { error: 'INVALID_REQUEST', transition: null };
      if (record.state !== 'acquired' || record.member !== member || record.target || chosen.has(record))
        return { error: 'INVALID_RECORD_STATE', transition: null };
      chosen.set(record, type);
    }
    const decided: ShareRecord[] = [];
    for (const [record, type] of chosen) {
      if (type === 'renew') {
        record.until = now + this.limits.lockDuration;
        continue;
      }
      record.target = this.targetOf(record, type);
      decided.push(record);
    }
    return { error: 'NONE', transition: this.begin(decided) };
  }

  /**
   * A member is gone: it gives back all that it holds. These deliveries count (since 4.2, KAFKA-19972): a record that
   * its consumers crash on is archived in the end.
   * @returns a number for {@link complete}; null when it held nothing
   */
  release(member: string): number | null {
    const held = this.window.filter(
      (record) => record.state === 'acquired' && record.member === member && !record.target,
    );
    for (const record of held) record.target = this.givenBack(record, MEMBER_LEFT);
    return this.begin(held);
  }

  /**
   * What was decided has been stored, or (`stored` false) could not be, and then it has not happened: the member holds
   * the records as before, unless their locks ran out meanwhile.
   */
  complete(transition: number, stored: boolean, now: Micros): Change[] {
    const records = this.transitions.get(transition) ?? [];
    this.transitions.delete(transition);
    const changes: Change[] = [];
    for (const record of records) {
      const { target } = record;
      record.target = null;
      // The log has lost it meanwhile.
      if (record.offset < this.start || !target) continue;
      if (stored) changes.push(this.become(record, target));
      else if (record.until <= now) changes.push(this.become(record, this.givenBack(record, LOCK_RAN_OUT)));
    }
    this.advance();
    return changes;
  }

  /** Locks run out (K-103). It happens at once, and is to be stored afterwards. */
  expire(now: Micros): Change[] {
    const changes: Change[] = [];
    for (const record of this.window) {
      if (record.state !== 'acquired' || record.target || record.until > now) continue;
      changes.push(this.become(record, this.givenBack(record, LOCK_RAN_OUT)));
    }
    this.advance();
    return changes;
  }

  /** The log now begins at `start`: whatever is below is done with, also what somebody holds. */
  logStartAdvanced(start: number): void {
    if (start <= this.start) return;
    const gone = this.window.splice(0, start - this.start);
    for (const record of gone) if (canBeHad(record)) this.available--;
    this.start = start;
    this.advance();
  }

  /**
   * What is to be stored (K-107): everything decided as if it had happened, and records that are held as they were
   * before, because a lock does not outlive its leader.
   */
  state(): ShareState {
    let first = 0;
    while (first < this.window.length && isTerminal(finalState(this.window[first]!))) first++;
    const records: StoredRecord[] = [];
    for (let i = first; i < this.window.length; i++) {
      const stored = written(this.window[i]!);
      if (stored) records.push(stored);
    }
    return { startOffset: this.start + first, records };
  }

  private load(stored: readonly StoredRecord[]): void {
    for (const { offset, state, deliveryCount } of stored) {
      // What an earlier leader had given out, and nobody decided on, has left no trace: it is available.
      while (this.nextNew < offset) this.add('available', 0, this.unitAfter('available', 0));
      this.add(state, deliveryCount, this.unitAfter(state, deliveryCount));
    }
    this.advance();
  }

  /** A run of records in the same state is one unit again. */
  private unitAfter(state: RecordState, deliveryCount: number): Unit {
    const before = this.window.at(-1);
    const same = before && before.state === state && before.deliveryCount === deliveryCount;
    return same ? before.unit : { size: 0 };
  }

  private add(state: RecordState, deliveryCount: number, unit: Unit): ShareRecord {
    unit.size++;
    const record: ShareRecord = {
      offset: this.nextNew,
      message: null,
      state,
      deliveryCount,
      member: null,
      until: 0,
      target: null,
      unit,
      stored: null,
    };
    this.window.push(record);
    if (state === 'available') this.available++;
    return record;
  }

  /** @returns how many were acquired */
  private acquireAgain(
    member: string,
    from: number,
    to: number,
    most: number,
    reader: Reader,
    now: Micros,
    acquired: AcquiredRecord[],
  ): number {
    const { deliveryCountLimit } = this.limits;
    const throttleFrom = Math.max(2, Math.ceil(deliveryCountLimit / 2));
    let counted = 0;
    let i = from - this.start;
    while (i <= to - this.start && counted < most) {
      const first = i;
      const { unit } = this.window[i]!;
      let worst = 0;
      for (; i <= to - this.start && this.window[i]!.unit === unit; i++)
        if (canBeHad(this.window[i]!)) worst = Math.max(worst, this.window[i]!.deliveryCount);
      const throttled = worst >= throttleFrom;
      if (throttled && counted > 0) return counted;
      let inUnit = 0;
      let mostInUnit = Infinity;
      for (let j = first; j < i && inUnit < mostInUnit; j++) {
        const record = this.window[j]!;
        if (!canBeHad(record)) continue;
        const { deliveryCount } = record;
        const isLast = deliveryCountLimit > 2 && deliveryCount === deliveryCountLimit - 1;
        if (isLast && inUnit > 0) break;
        if (deliveryCount >= throttleFrom && mostInUnit === Infinity)
          mostInUnit = Math.max(1, unit.size >> (deliveryCount - throttleFrom + 1));
        const found = reader.find(record.offset);
        if (!found) {
          // Compaction took it while nobody held it.
          this.archiveSilently(record);
          continue;
        }
        acquired.push(this.lock(record, member, found, now));
        inUnit++;
        if (isLast) break;
      }
      counted += inUnit;
      if (throttled && inUnit > 0) return most;
    }
    return counted;
  }

  /** Up to the end of the batch that `most` reaches into. */
  private acquireNew(
    member: string,
    lastRead: number,
    most: number,
    reader: Reader,
    now: Micros,
    acquired: AcquiredRecord[],
  ): void {
    const unit = { size: 0 };
    const first = this.nextNew;
    const last = lastRead - first + 1 > most ? reader.batchEnd(first + most - 1) : lastRead;
    while (this.nextNew <= last) {
      const found = reader.find(this.nextNew);
      // A marker, or what compaction took, is nothing to be given out.
      if (!found) this.add('archived', 0, unit);
      else acquired.push(this.lock(this.add('available', 0, unit), member, found, now));
    }
  }

  private lock(record: ShareRecord, member: string, found: Found, now: Micros): AcquiredRecord {
    const { batch, index } = found;
    this.available--;
    record.message = batch.messages[index]!;
    record.state = 'acquired';
    record.deliveryCount++;
    record.member = member;
    record.until = now + this.limits.lockDuration;
    return {
      offset: record.offset,
      batch: batch.baseOffset,
      message: record.message,
      key: batch.keys[index]!,
      value: batch.values?.[index],
      deliveryCount: record.deliveryCount,
    };
  }

  private archiveSilently(record: ShareRecord): void {
    record.state = 'archived';
    this.available--;
  }

  private targetOf(record: ShareRecord, type: 'accept' | 'release' | 'reject'): Target {
    const { deliveryCount } = record;
    switch (type) {
      case 'accept':
        return { state: 'acknowledged', deliveryCount, why: ACCEPTED };
      case 'reject':
        return { state: 'archived', deliveryCount, why: REJECTED };
      case 'release':
        return this.givenBack(record, RELEASED);
    }
  }

  /** K-103: available again, unless it has been delivered as often as may be. */
  private givenBack({ deliveryCount }: ShareRecord, why: string): Target {
    return deliveryCount >= this.limits.deliveryCountLimit
      ? { state: 'archived', deliveryCount, why: LIMIT }
      : { state: 'available', deliveryCount, why };
  }

  private begin(records: readonly ShareRecord[]): number | null {
    if (records.length === 0) return null;
    const transition = this.nextTransition++;
    this.transitions.set(transition, records);
    return transition;
  }

  private become(record: ShareRecord, { state, deliveryCount, why }: Target): Change {
    record.state = state;
    record.deliveryCount = deliveryCount;
    record.member = null;
    if (state === 'available') this.available++;
    return { offset: record.offset, message: record.message, to: state, why };
  }

  /** K-105: SPSO moves over what is done with. */
  private advance(): void {
    let done = 0;
    while (done < this.window.length && isTerminal(this.window[done]!.state)) done++;
    if (done === 0) return;
    this.window.splice(0, done);
    this.start += done;
  }
}

interface Found {
  readonly batch: StoredBatch;
  readonly index: number;
}

/** Finds records of what was read by their offsets, which it is asked for in ascending order. */
class Reader {
  private readonly batches: readonly StoredBatch[];
  private at = 0;

  constructor(batches: readonly StoredBatch[]) {
    this.batches = batches;
  }

  /** @returns null for an offset that holds no record */
  find(offset: number): Found | null {
    const batch = this.seek(offset);
    if (!batch || offset < batch.baseOffset) return null;
    const index = batch.offsets === null ? offset - batch.baseOffset : batch.offsets.indexOf(offset);
    return index >= 0 && index < batch.messages.length && offsetOf(batch, index) === offset
      ? { batch, index }
      : null;
  }

  /** The last offset of the batch that an offset lies in, or before. */
  batchEnd(offset: number): number {
    for (let i = this.at; i < this.batches.length; i++) {
      const { lastOffset } = this.batches[i]!;
      if (lastOffset >= offset) return lastOffset;
    }
    return this.batches.at(-1)!.lastOffset;
  }

  private seek(offset: number): StoredBatch | undefined {
    while (this.at < this.batches.length && this.batches[this.at]!.lastOffset < offset) this.at++;
    return this.batches[this.at];
  }
}

function canBeHad({ state }: ShareRecord): boolean {
  return state === 'available';
}

function isTerminal(state: RecordState): boolean {
  return state === 'acknowledged' || state === 'archived';
}

function finalState({ state, target }: ShareRecord): RecordState {
  return target?.state ?? state;
}

/** @returns null for a record that a reader would take for available and never delivered anyway */
function written(record: ShareRecord): StoredRecord | null {
  const { offset, target } = record;
  const held = record.state === 'acquired' && !target;
  const state = held ? 'available' : (finalState(record) as StoredRecord['state']);
  const deliveryCount = held ? record.deliveryCount - 1 : (target ?? record).deliveryCount;
  if (state === 'available' && deliveryCount === 0) return null;
  const { stored } = record;
  if (!stored || stored.state !== state || stored.deliveryCount !== deliveryCount)
    record.stored = Object.freeze({ offset, state, deliveryCount });
  return record.stored;
}
