/**
 * The record batch (K-2): the unit of produce, storage, replication and fetch. A producer builds one, the leader stamps
 * it with offset and epoch, and from then on it never changes: leader, followers, consumers and checkpoints share it.
 */
import type { Micros } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';

/** Header of a record batch, bytes (K-2). */
export const BATCH_OVERHEAD = 61;
/** Upper bound of what a record adds to a batch beside key and value, bytes (K-2). */
export const RECORD_OVERHEAD = 21;
/** Sequence numbers go round after 2 147 483 647 (K-37). */
export const SEQUENCE_RANGE = 2 ** 31;

/** A batch as its producer sends it. */
export interface RecordBatch {
  readonly place: string;
  /** −1 without idempotence. */
  producerId: number;
  epoch: number;
  baseSequence: number;
  readonly transactional: boolean;
  readonly messages: MessageId[];
  readonly keys: (string | null)[];
  /** Size of each record as stored, bytes. */
  readonly sizes: number[];
  /** CreateTime of each record by the producer's clock, microseconds. */
  readonly timestamps: Micros[];
  /** Contents, where the run gives any: undefined is an ordinary one, null a tombstone (K-19). Null where all are ordinary. */
  readonly values: (string | null | undefined)[] | null;
}

/** What a control batch says: how a producer's transaction ended in this partition. */
export interface Marker {
  readonly outcome: 'committed' | 'aborted';
}

/** A record of an internal topic: what a coordinator wrote. A null value deletes its key. */
export interface CoordinatorRecord {
  readonly key: string;
  readonly value: object | null;
}

/** A batch as it lies in a log: frozen, and shared by all who hold it. */
export interface StoredBatch {
  readonly baseOffset: number;
  /** Offset of its last record as first written; compaction may have removed that record, but not the offset. */
  readonly lastOffset: number;
  /** Offset of each record it still has; null where they are dense from `baseOffset`. */
  readonly offsets: readonly number[] | null;
  /** The leader epoch in which it was appended (K-8). */
  readonly leaderEpoch: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly transactional: boolean;
  /** Not null for a control batch, which has no records (`messages` is empty) and takes one offset. */
  readonly marker: Marker | null;
  readonly messages: readonly MessageId[];
  readonly keys: readonly (string | null)[];
  readonly sizes: readonly number[];
  readonly timestamps: readonly Micros[];
  readonly values: readonly (string | null | undefined)[] | null;
  /** What coordinators wrote, in internal topics; null elsewhere. */
  readonly coordinator: readonly CoordinatorRecord[] | null;
  readonly maxTimestamp: Micros;
  /** Size as stored, header included, bytes. */
  readonly bytes: number;
  /** K-19: when its tombstones, or a marker, may be removed; null until a cleaning has kept them once. */
  readonly deleteHorizon: Micros | null;
}

/** The offset of a batch's i-th record. */
export function offsetOf(batch: StoredBatch, i: number): number {
  return batch.offsets === null ? batch.baseOffset + i : batch.offsets[i]!;
}
