/**
 * What groups have committed (K-70, K-81), what transactions are about to commit for them (K-48), and how long it is
 * kept (K-20). Who may commit is decided elsewhere.
 */
import { fromMs, type Micros } from '../../../sim/time.ts';
import type { ShardEffects } from '../coordinator-shard.ts';
import { splitPlace } from '../cluster-image.ts';
import type { ErrorCode } from '../protocol.ts';
import { recordKey, type RecordKey } from './parts.ts';

/** A committed offset as it is written. */
export interface OffsetRecord {
  readonly offset: number;
  readonly committedAt: Micros;
  /** Counts commits of the shard: of a commit and one in a transaction, the later one stands, whatever ends first. */
  readonly order: number;
}

/** The newest epoch of a producer whose transactions have ended here. */
export interface ProducerEpochRecord {
  readonly epoch: number;
}

type Offsets = readonly (readonly [place: string, offset: number])[];
type ByPlace = Map<string, OffsetRecord>;

export class GroupOffsets {
  private readonly groups = new Map<string, ByPlace>();
  /** Of open transactions, by group and producer id. */
  private readonly pending = new Map<string, Map<number, ByPlace>>();
  private readonly producerEpochs = new Map<number, number>();
  private order = 0;

  /** Groups that have committed something, or are about to. */
  ids(): string[] {
    return [...new Set([...this.groups.keys(), ...this.pending.keys()])];
  }

  /** K-70: a lower offset than before is taken like any other. */
  commit(group: string, offsets: Offsets, now: Micros, fx: ShardEffects): void {
    for (const [place, offset] of offsets) {
      const record = { offset, committedAt: now, order: this.order++ };
      placesOf(this.groups, group).set(place, record);
      fx.write(recordKey('offset', group, place), record);
    }
  }

  /**
   * K-48: offsets that become visible when their transaction commits.
   * @returns INVALID_PRODUCER_EPOCH when a transaction of this producer in a later epoch has ended already (K-45)
   */
  commitPending(
    group: string,
    producerId: number,
    producerEpoch: number,
    offsets: Offsets,
    now: Micros,
    fx: ShardEffects,
  ): ErrorCode {
    if (producerEpoch < (this.producerEpochs.get(producerId) ?? -1)) return 'INVALID_PRODUCER_EPOCH';
    for (const [place, offset] of offsets) {
      const record = { offset, committedAt: now, order: this.order++ };
      this.pendingOf(group, producerId).set(place, record);
      fx.write(recordKey('pending-offset', group, place, producerId), record);
    }
    return 'NONE';
  }

  /** K-48: how the producer's transaction ended for this group. Asked again, it does nothing. */
  complete(
    group: string,
    producerId: number,
    producerEpoch: number,
    outcome: 'committed' | 'aborted',
    fx: ShardEffects,
  ): void {
    if (producerEpoch > (this.producerEpochs.get(producerId) ?? -1)) {
      this.producerEpochs.set(producerId, producerEpoch);
      fx.write(recordKey('producer-epoch', '', '', producerId), { epoch: producerEpoch });
    }
    for (const [place, record] of this.pending.get(group)?.get(producerId) ?? []) {
      fx.write(recordKey('pending-offset', group, place, producerId), null);
      const present = this.groups.get(group)?.get(place);
      if (outcome === 'aborted' || (present && present.order > record.order)) continue;
      placesOf(this.groups, group).set(place, record);
      fx.write(recordKey('offset', group, place), { ...record });
    }
    this.dropPending(group, producerId);
  }

  /**
   * What a group has committed; −1 where nothing is.
   * @param places null asks for all
   * @param requireStable UNSTABLE_OFFSET_COMMIT while an open transaction holds an offset of one of them (K-48)
   */
  fetch(
    group: string,
    places: readonly string[] | null,
    requireStable: boolean,
  ): { error: ErrorCode; offsets: Offsets } {
    const committed = this.groups.get(group);
    const asked = places ?? [...(committed?.keys() ?? [])].toSorted(byPlace);
    if (requireStable && asked.some((place) => this.isPending(group, place)))
      return { error: 'UNSTABLE_OFFSET_COMMIT', offsets: [] };
    return { error: 'NONE', offsets: asked.map((place) => [place, committed?.get(place)?.offset ?? -1]) };
  }

  /** OffsetDelete, and what is left of a topic that is gone: committed and pending alike. */
  delete(group: string, places: readonly string[], fx: ShardEffects): void {
    for (const place of places) {
      if (this.groups.get(group)?.delete(place)) fx.write(recordKey('offset', group, place), null);
      for (const [producerId, pending] of this.pending.get(group) ?? [])
        if (pending.delete(place)) fx.write(recordKey('pending-offset', group, place, producerId), null);
    }
    this.tidy(group);
  }

  deleteAll(group: string, fx: ShardEffects): void {
    this.delete(group, this.placesWith(group), fx);
  }

  /** A topic was deleted: nobody will go on from there. */
  topicDeleted(topic: string, fx: ShardEffects): void {
    for (const group of this.ids()) {
      const places = this.placesWith(group).filter((place) => splitPlace(place).topic === topic);
      this.delete(group, places, fx);
    }
  }

  /**
   * K-20: drops what has been kept long enough.
   * @param retainedFrom from when on an offset committed at that time ages; null while none of the group's does
   * @returns whether the group has no offset left, and none in an open transaction
   */
  expire(
    group: string,
    retentionMs: number,
    subscribes: (topic: string) => boolean,
    retainedFrom: (committedAt: Micros) => Micros | null,
    now: Micros,
    fx: ShardEffects,
  ): boolean {
    const expired: string[] = [];
    for (const [place, { committedAt }] of this.groups.get(group) ?? []) {
      const from = retainedFrom(committedAt);
      if (from === null || now - from < fromMs(retentionMs)) continue;
      if (subscribes(splitPlace(place).topic) || this.isPending(group, place)) continue;
      expired.push(place);
    }
    this.delete(group, expired, fx);
    return !this.groups.has(group) && !this.pending.has(group);
  }

  replay({ kind, group, of: place, producerId }: RecordKey, value: object | null): void {
    if (kind === 'producer-epoch') {
      this.producerEpochs.set(producerId, (value as ProducerEpochRecord).epoch);
      return;
    }
    const record = value as OffsetRecord | null;
    if (record) this.order = Math.max(this.order, record.order + 1);
    if (kind === 'offset') {
      if (record) placesOf(this.groups, group).set(place, record);
      else this.groups.get(group)?.delete(place);
    } else if (record) this.pendingOf(group, producerId).set(place, record);
    else this.pending.get(group)?.get(producerId)?.delete(place);
    this.tidy(group);
  }

  private isPending(group: string, place: string): boolean {
    for (const pending of this.pending.get(group)?.values() ?? []) if (pending.has(place)) return true;
    return false;
  }

  private placesWith(group: string): string[] {
    const pending = [...(this.pending.get(group)?.values() ?? [])].flatMap((places) => [...places.keys()]);
    return [...new Set([...(this.groups.get(group)?.keys() ?? []), ...pending])];
  }

  private pendingOf(group: string, producerId: number): ByPlace {
    let producers = this.pending.get(group);
    if (!producers) this.pending.set(group, (producers = new Map<number, ByPlace>()));
    return placesOf(producers, producerId);
  }

  private dropPending(group: string, producerId: number): void {
    this.pending.get(group)?.delete(producerId);
    this.tidy(group);
  }

  /** Leaves no empty maps: whether a group has offsets is whether it has a map. */
  private tidy(group: string): void {
    if (this.groups.get(group)?.size === 0) this.groups.delete(group);
    const producers = this.pending.get(group);
    if (!producers) return;
    for (const [producerId, places] of producers) if (places.size === 0) producers.delete(producerId);
    if (producers.size === 0) this.pending.delete(group);
  }
}

function placesOf<Key>(map: Map<Key, ByPlace>, key: Key): ByPlace {
  let places = map.get(key);
  if (!places) map.set(key, (places = new Map<string, OffsetRecord>()));
  return places;
}

function byPlace(a: string, b: string): number {
  const [x, y] = [splitPlace(a), splitPlace(b)];
  return x.topic < y.topic ? -1 : x.topic > y.topic ? 1 : x.index - y.index;
}
