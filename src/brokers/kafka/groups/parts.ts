/** What the parts of the group coordinator share: the keys of what they write, and small helpers. */
import type { Random } from '../../../sim/random.ts';
import type { ClusterImage } from '../cluster-image.ts';
import type { TopicPlaces } from '../assignors.ts';
import type { ErrorCode, Reply } from '../protocol.ts';

/** A request that waits for its answer. */
export interface Parked {
  readonly from: string;
  readonly correlation: number;
}

/** What a record of `__consumer_offsets` is about. */
export type RecordKind =
  | 'classic-group'
  | 'consumer-group'
  | 'consumer-member'
  | 'consumer-target'
  | 'consumer-current'
  | 'share-group'
  | 'share-state'
  | 'offset'
  | 'pending-offset'
  | 'producer-epoch';

export interface RecordKey {
  readonly kind: RecordKind;
  readonly group: string;
  /** A member id, a place; empty for a record about the whole group. */
  readonly of: string;
  /** Of a pending offset, or a producer's epoch; −1 elsewhere. */
  readonly producerId: number;
}

/** The text of a key; {@link parseKey} reads it. Whatever is in a group id or a member id, keys never collide. */
export function recordKey(kind: RecordKind, group: string, of = '', producerId = -1): string {
  return JSON.stringify([kind, group, of, producerId]);
}

export function parseKey(key: string): RecordKey {
  const [kind, group, of, producerId] = JSON.parse(key) as [RecordKind, string, string, number];
  return { kind, group, of, producerId };
}

/** The topics of clients and their partitions, in the order in which they were created. */
export function topicPlaces(image: ClusterImage, subscribed: ReadonlySet<string>): TopicPlaces {
  const places = new Map<string, readonly string[]>();
  for (const { name, partitions } of image.topics.values()) {
    if (subscribed.has(name))
      places.set(
        name,
        partitions.map(({ place }) => place),
      );
  }
  return places;
}

export function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

/** `prefix-UUID` (K-77), a UUID of version 4. */
export function newMemberId(prefix: string, random: Random): string {
  const hex = Array.from({ length: 4 }, () => random.uint32().toString(16).padStart(8, '0')).join('');
  return `${prefix}-${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

export function joinError(error: ErrorCode, memberId: string): Reply {
  return {
    api: 'JoinGroup',
    error,
    memberId,
    generation: -1,
    protocol: '',
    leader: '',
    members: [],
    skipAssignment: false,
  };
}

export function syncError(error: ErrorCode): Reply {
  return { api: 'SyncGroup', error, protocol: '', places: [] };
}
