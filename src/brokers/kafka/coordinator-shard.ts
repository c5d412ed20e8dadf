/**
 * What a coordinator is made of (K-75, K-43): one shard for each partition of an internal topic that a broker leads. A
 * shard is a state machine; what it must not forget it writes to its partition, and whoever leads that partition next
 * makes a shard of its own and replays what is there.
 */
import type { Random } from '../../sim/random.ts';
import type { Micros } from '../../sim/time.ts';
import type { Effects } from '../broker.ts';
import type { ClusterImage } from './cluster-image.ts';
import type { KafkaBrokerConfig } from './config.ts';
import type { Reply, Request } from './protocol.ts';

export const OFFSETS_TOPIC = '__consumer_offsets';
export const TRANSACTIONS_TOPIC = '__transaction_state';
/** Partitions of each internal topic (K-20). */
export const INTERNAL_PARTITIONS = 50;

export interface ShardEffects extends Effects<Reply> {
  /**
   * Writes one record to the shard's partition; null deletes the key. Every reply made in the same call, and every
   * request, is held back until what was written is replicated, and is given up when this broker stops leading before:
   * no marker of a transaction goes out before its end is decided for good (K-43).
   * @param value never changed afterwards by anyone: a fresh object, not the shard's own state
   */
  write(key: string, value: object | null): void;
  /** Whether the shard's partition takes writes now: not with too few in-sync replicas (K-57), when they are undone. */
  takesWrites(): boolean;
  /** Sends a request to another broker, or to this one; its end comes back through {@link CoordinatorShard.answered}. */
  request(to: string, request: Request, context: unknown): void;
  /** What this broker knows of the cluster. */
  image(): ClusterImage;
}

export interface CoordinatorShard {
  /** Handles a client's request; it may be parked and answered later. */
  handle(request: Request, from: string, correlation: number, now: Micros, fx: ShardEffects): void;
  /** Handles a timer that an earlier call asked for; those of an earlier leadership never come. */
  timer(timer: string, data: unknown, now: Micros, fx: ShardEffects): void;
  /** The end of a request of its own. @param reply null when the connection broke or nobody answered in time */
  answered(context: unknown, reply: Reply | null, now: Micros, fx: ShardEffects): void;
  /** Takes one record of the partition up, in their order, before {@link loaded}. */
  replay(key: string, value: object | null): void;
  /** All records have been replayed: timers begin. Called for an empty partition as well. */
  loaded(now: Micros, fx: ShardEffects): void;
  /** Topics or partitions have changed. */
  imageChanged(now: Micros, fx: ShardEffects): void;
  /** Its last call: this broker coordinates here no more. Whoever is parked is told to look elsewhere. */
  unloaded?(fx: Pick<ShardEffects, 'reply'>): void;
}

export interface ShardContext {
  readonly node: string;
  /** The partition it writes to: `__consumer_offsets-12`. */
  readonly place: string;
  readonly config: KafkaBrokerConfig;
  readonly random: Random;
}

/** K-75: `String.hashCode()` of Java, a signed 32-bit number. */
export function javaStringHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}

/** K-75: the partition of an internal topic that a group, or a transactional id, belongs to. */
export function internalPartition(id: string): number {
  const hash = javaStringHash(id);
  return (hash === -(2 ** 31) ? 0 : Math.abs(hash)) % INTERNAL_PARTITIONS;
}

export function groupPlace(group: string): string {
  return `${OFFSETS_TOPIC}-${internalPartition(group)}`;
}

export function transactionPlace(transactionalId: string): string {
  return `${TRANSACTIONS_TOPIC}-${internalPartition(transactionalId)}`;
}
