/** What a group of the classic protocol is, what is written of it, and what can be said of it at a glance. */
import { assert } from '../../../sim/errors.ts';
import type { Micros } from '../../../sim/time.ts';
import type { ErrorCode, JoinProtocol, Reply } from '../protocol.ts';
import { sameList, type Parked } from './parts.ts';

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable';

export interface Member {
  readonly id: string;
  readonly client: string;
  readonly instanceId: string | null;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  protocols: readonly JoinProtocol[];
  assignment: readonly string[];
  joining: Parked | null;
  syncing: Parked | null;
  /** When its session ends unless it is heard of before. */
  deadline: Micros;
  /** Whether a session timer is running; one per member, set again until the deadline has really passed. */
  timed: boolean;
}

/** A member as it is written. */
export interface ClassicMemberRecord {
  readonly id: string;
  readonly client: string;
  readonly instanceId: string | null;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocols: readonly JoinProtocol[];
  readonly assignment: readonly string[];
}

/** What `__consumer_offsets` holds of a group: a coordinator that loads it goes on from there. */
export interface ClassicGroupRecord {
  readonly generation: number;
  readonly protocol: string;
  readonly leader: string | null;
  /** When it came into the state that it is in. */
  readonly since: Micros;
  readonly members: readonly ClassicMemberRecord[];
}

export interface Group {
  readonly id: string;
  state: GroupState;
  generation: number;
  protocol: string;
  leader: string | null;
  /** In order of joining. */
  members: Map<string, Member>;
  /** Ids given out by MEMBER_ID_REQUIRED that have not come back yet. */
  pending: Set<string>;
  instances: Map<string, string>;
  /** Counts rebalance phases, so that a timer of an earlier one is void. */
  phase: number;
  /** K-78: while an empty group waits for company. */
  initialDelay: { delayMs: number; remainingMs: number; joinedMeanwhile: boolean } | null;
  /** Members that have not synced in this generation (K-80). */
  unsynced: Set<string>;
  /** False for one that only holds offsets and never had a member. */
  membership: boolean;
  /** When it came into its state: the offsets of an empty group are kept from then on (K-20). */
  since: Micros;
}

export function toRecord({ generation, protocol, leader, since, members }: Group): ClassicGroupRecord {
  return {
    generation,
    protocol,
    leader,
    since,
    members: [...members.values()].map((member) => ({
      id: member.id,
      client: member.client,
      instanceId: member.instanceId,
      sessionTimeoutMs: member.sessionTimeoutMs,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      protocols: member.protocols,
      assignment: member.assignment,
    })),
  };
}

export function fromRecord(record: ClassicMemberRecord): Member {
  return { ...record, joining: null, syncing: null, deadline: 0, timed: false };
}

/** K-81, K-84: what a client is told whose member id the group does not know: a static one may have been replaced. */
export function notAMember(group: Group | undefined, instanceId: string | null): ErrorCode {
  return instanceId !== null && group?.instances.has(instanceId) ? 'FENCED_INSTANCE_ID' : 'UNKNOWN_MEMBER_ID';
}

export function first(members: ReadonlyMap<string, Member>): Member | undefined {
  return members.values().next().value;
}

export function rebalanceTimeoutMs(group: Group): number {
  let most = 0;
  for (const { rebalanceTimeoutMs } of group.members.values()) most = Math.max(most, rebalanceTimeoutMs);
  return most;
}

export function shareProtocol(group: Group, protocols: readonly JoinProtocol[]): boolean {
  return protocols.some(({ name }) =>
    [...group.members.values()].every((member) => member.protocols.some((other) => other.name === name)),
  );
}

/** K-77: each member votes for the first of its assignors that all of them support. */
export function voted(group: Group): string {
  const members = [...group.members.values()];
  const supported = (name: string): boolean =>
    members.every(({ protocols }) => protocols.some((other) => other.name === name));
  const votes = new Map<string, number>();
  for (const { protocols } of members) {
    const choice = protocols.find(({ name }) => supported(name));
    assert(choice, `the members of ${group.id} share no assignor`);
    votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1);
  }
  return [...votes].reduce((best, vote) => (vote[1] > best[1] ? vote : best))[0];
}

export function sameProtocols(a: readonly JoinProtocol[], b: readonly JoinProtocol[]): boolean {
  return (
    a.length === b.length &&
    a.every((protocol, i) => {
      const other = b[i]!;
      return (
        protocol.name === other.name &&
        protocol.generation === other.generation &&
        sameList(protocol.topics, other.topics) &&
        sameList(protocol.owned, other.owned)
      );
    })
  );
}

export function sameTopics(a: readonly JoinProtocol[], b: readonly JoinProtocol[]): boolean {
  return (
    a.length === b.length &&
    a.every((protocol, i) => protocol.name === b[i]!.name && sameList(protocol.topics, b[i]!.topics))
  );
}

export function syncReply(group: Group, member: Member): Reply {
  return { api: 'SyncGroup', error: 'NONE', protocol: group.protocol, places: member.assignment };
}
