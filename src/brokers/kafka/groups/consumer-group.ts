/** What a group of the consumer protocol is (KIP-848), what is written of it, and what can be said of it at a glance. */
import type { Micros } from '../../../sim/time.ts';
import type { ErrorCode, JoinProtocol, Reply } from '../protocol.ts';
import { sameList } from './parts.ts';
import { type CurrentAssignment, isReconciledTo } from './reconciliation.ts';

type GroupState = 'Empty' | 'Assigning' | 'Reconciling' | 'Stable';

/** What is known of a member that speaks the classic protocol. */
interface ClassicSide {
  readonly sessionTimeoutMs: number;
  readonly protocols: readonly JoinProtocol[];
}

/** Who a member is and what it wants; as it is written. */
export interface ConsumerMemberRecord {
  readonly client: string;
  readonly instanceId: string | null;
  readonly topics: readonly string[];
  readonly serverAssignor: string | null;
  readonly rebalanceTimeoutMs: number;
  readonly classic: ClassicSide | null;
  /** Its turn among the members, by when they joined. */
  readonly order: number;
}

/** What is written of a group beside its members. */
export interface ConsumerGroupRecord {
  readonly epoch: number;
  readonly targetEpoch: number;
  readonly targetAt: Micros | null;
  readonly partitions: Partitions;
}

/** Subscribed topics and how many partitions they have. */
type Partitions = readonly (readonly [topic: string, partitions: number])[];

/** Timers of a member; of each kind only the one set last counts. */
export type MemberTimer = 'session' | 'rebalance' | 'join' | 'sync';

export interface Member {
  readonly id: string;
  about: ConsumerMemberRecord;
  current: CurrentAssignment;
  /** When its session ends unless it is heard of before. */
  deadline: Micros;
  /** When the timer of its session goes off; null before its session begins. */
  timerAt: Micros | null;
  /** The timers that run, by their numbers. */
  timers: Map<MemberTimer, number>;
}

export interface Group {
  readonly id: string;
  epoch: number;
  targetEpoch: number;
  /** When the target was computed (K-90); null where the next epoch has one at once. */
  targetAt: Micros | null;
  partitions: Partitions;
  /** In order of joining. */
  members: Map<string, Member>;
  /** What each member is to have. */
  target: Map<string, readonly string[]>;
  instances: Map<string, string>;
  joined: number;
  /** Topics may have changed: the next heartbeat looks. */
  refresh: boolean;
  /** What was told of it last. */
  told: string;
}

/** K-87. */
export function stateOf(group: Group): GroupState {
  if (group.members.size === 0) return 'Empty';
  if (group.epoch > group.targetEpoch) return 'Assigning';
  for (const { current } of group.members.values())
    if (!isReconciledTo(current, group.targetEpoch)) return 'Reconciling';
  return 'Stable';
}

export function subscribed(group: Group): Set<string> {
  return new Set([...group.members.values()].flatMap(({ about }) => about.topics));
}

/**
 * K-89: whether a member's epoch is not the one that it should have. The one before is taken when what the member owns
 * fits what it has been given since: the answer with the new epoch may have been lost.
 */
export function isFenced(
  { epoch, previousEpoch, assigned }: CurrentAssignment,
  received: number,
  owned: readonly string[] | null,
): boolean {
  if (received >= epoch) return received > epoch;
  return received !== previousEpoch || owned === null || !owned.every((place) => assigned.includes(place));
}

/** K-84, K-89: why a member that says it is the one with an instance id is not. */
export function staticRefusal(holder: Member | undefined, memberId: string): ErrorCode | null {
  if (!holder) return 'UNKNOWN_MEMBER_ID';
  return holder.id === memberId ? null : 'FENCED_INSTANCE_ID';
}

export function sameAbout(a: ConsumerMemberRecord, b: ConsumerMemberRecord): boolean {
  return (
    a.client === b.client &&
    a.instanceId === b.instanceId &&
    a.serverAssignor === b.serverAssignor &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    sameList(a.topics, b.topics) &&
    a.classic === b.classic
  );
}

export function progress(name: string, { state, epoch }: CurrentAssignment): string {
  switch (state) {
    case 'STABLE':
      return `${name} has all that it is to have in epoch ${epoch}`;
    case 'UNREVOKED_PARTITIONS':
      return `${name} is to give partitions up`;
    case 'UNRELEASED_PARTITIONS':
      return `${name} waits for partitions that others still have`;
  }
}

/** Whether something that the member is to get is still with somebody. */
export function isWaiting(group: Group, member: Member): boolean {
  const missing = (group.target.get(member.id) ?? []).filter(
    (place) => !member.current.assigned.includes(place),
  );
  for (const { current } of group.members.values()) {
    for (const place of missing)
      if (current.assigned.includes(place) || current.pendingRevocation.includes(place)) return true;
  }
  return false;
}

export function allClassic(group: Group): boolean {
  return [...group.members.values()].every(({ about }) => about.classic);
}

/** Whether one of these assignors is offered by every classic member that is there. */
export function supportsClassic(group: Group, protocols: readonly JoinProtocol[]): boolean {
  return protocols.some(({ name }) =>
    [...group.members.values()].every(
      ({ about }) => !about.classic || about.classic.protocols.some((other) => other.name === name),
    ),
  );
}

export function heartbeatError(error: ErrorCode, message?: string): Reply {
  const refused = { memberEpoch: -1, heartbeatIntervalMs: 0, assignment: null };
  return { api: 'ConsumerGroupHeartbeat', error, ...(message !== undefined && { message }), ...refused };
}
