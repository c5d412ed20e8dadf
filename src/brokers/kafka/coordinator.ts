/**
 * The group coordinator and its classic protocol (K-75 to K-84) as a state machine: Empty → PreparingRebalance (members
 * join) → CompletingRebalance (the leader's assignment is awaited) → Stable. It knows no assignor: the group's leader,
 * a client, shares the partitions out.
 */
import { assert } from '../../sim/errors.ts';
import { displayName } from '../../sim/names.ts';
import type { Random } from '../../sim/random.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { Effects } from '../broker.ts';
import type {
  ErrorCode,
  GroupRequest,
  HeartbeatRequest,
  JoinGroupRequest,
  JoinProtocol,
  LeaveGroupRequest,
  OffsetCommitRequest,
  OffsetFetchRequest,
  Reply,
  SyncGroupRequest,
} from './protocol.ts';

export interface CoordinatorConfig {
  readonly initialRebalanceDelayMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
}

type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable';

/** A request that waits for its answer. */
interface Parked {
  readonly from: string;
  readonly correlation: number;
}

interface Member {
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

/** What `__consumer_offsets` holds of a group's membership: a coordinator that restarts goes on from there. */
interface Stored {
  readonly generation: number;
  readonly protocol: string;
  readonly leader: string | null;
  readonly members: readonly Member[];
}

interface Group {
  readonly id: string;
  state: GroupState;
  previousState: GroupState;
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
  offsets: Map<string, number>;
  stored: Stored;
}

/** Members of one group, and groups; beyond it a join is refused by an assertion, not by a hang. */
const MEMBERS_MAX = 1000;
const GROUPS_MAX = 1000;

export class GroupCoordinator {
  private readonly config: CoordinatorConfig;
  private readonly random: Random;
  private groups = new Map<string, Group>();

  /** @param random for the unique part of member ids */
  constructor(config: CoordinatorConfig, random: Random) {
    this.config = config;
    this.random = random;
  }

  /** Handles one request of the group APIs; a join or a sync may be parked and answered later. */
  handle(request: GroupRequest, from: string, correlation: number, now: Micros, fx: Effects<Reply>): void {
    switch (request.api) {
      case 'JoinGroup':
        this.join(request, { from, correlation }, now, fx);
        break;
      case 'SyncGroup':
        this.sync(request, { from, correlation }, now, fx);
        break;
      case 'Heartbeat':
        fx.reply(from, correlation, { api: 'Heartbeat', error: this.heartbeat(request, now, fx) });
        break;
      case 'LeaveGroup':
        fx.reply(from, correlation, { api: 'LeaveGroup', error: this.leave(request, now, fx) });
        break;
      case 'OffsetCommit':
        fx.reply(from, correlation, { api: 'OffsetCommit', error: this.commit(request, now, fx) });
        break;
      case 'OffsetFetch':
        fx.reply(from, correlation, { api: 'OffsetFetch', offsets: this.committed(request) });
        break;
    }
  }

  /** Handles a timer that an earlier call asked for. */
  timer(timer: string, data: unknown, now: Micros, fx: Effects<Reply>): void {
    const { group: groupId, member, phase } = data as { group: string; member: string; phase: number };
    const group = this.groups.get(groupId);
    if (!group) return;
    switch (timer) {
      case 'session':
        this.sessionTimer(group, member, now, fx);
        break;
      case 'pending-member':
        if (group.pending.delete(member)) this.maybeCompleteJoin(group, now, fx);
        break;
      case 'initial-delay':
        if (group.phase === phase) this.initialDelayOver(group, now, fx);
        break;
      case 'join-timeout':
        if (group.phase === phase) this.completeJoin(group, now, fx);
        break;
      case 'sync-timeout':
        if (group.phase === phase) this.syncTimeout(group, now, fx);
        break;
    }
  }

  /** The coordinator's process died: what was parked is gone, what `__consumer_offsets` holds stays. */
  crash(): void {
    for (const group of this.groups.values()) {
      const { generation, protocol, leader, members } = group.stored;
      group.generation = generation;
      group.protocol = protocol;
      group.leader = leader;
      group.members = new Map(members.map((member) => [member.id, { ...member, timed: false }]));
      group.instances = new Map(
        members.flatMap(({ instanceId, id }) => (instanceId === null ? [] : [[instanceId, id]])),
      );
      group.pending.clear();
      group.phase++;
      group.initialDelay = null;
      group.state = group.previousState = members.length === 0 ? 'Empty' : 'Stable';
    }
  }

  /** It runs again: members get a whole session to be heard of. */
  restart(now: Micros, fx: Effects<Reply>): void {
    for (const group of this.groups.values()) {
      for (const member of group.members.values()) this.touch(group, member, now, fx);
      if (group.generation > 0) this.tell(group, 'the coordinator loaded the group from its log', fx);
    }
  }

  private join(request: JoinGroupRequest, parked: Parked, now: Micros, fx: Effects<Reply>): void {
    const { memberId, instanceId, sessionTimeoutMs, protocols } = request;
    const refuse = (error: ErrorCode, id = memberId): void =>
      fx.reply(parked.from, parked.correlation, joinError(error, id));
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.config;
    if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
      refuse('INVALID_SESSION_TIMEOUT');
      return;
    }
    const group = this.group(request.group);
    if (group.members.size > 0 && !shareProtocol(group, protocols)) {
      refuse('INCONSISTENT_GROUP_PROTOCOL');
      return;
    }
    if (memberId === '') {
      assert(group.members.size < MEMBERS_MAX, `more than ${MEMBERS_MAX} members in group ${group.id}`);
      const id = this.newMemberId(instanceId ?? parked.from);
      const holder = instanceId === null ? undefined : group.instances.get(instanceId);
      if (holder !== undefined) this.replaceStatic(group, holder, id, request, parked, now, fx);
      else if (instanceId !== null) this.addMember(group, id, request, parked, now, fx);
      else {
        group.pending.add(id);
        fx.timer(fromMs(sessionTimeoutMs), 'pending-member', { group: group.id, member: id, phase: 0 });
        refuse('MEMBER_ID_REQUIRED', id);
      }
      return;
    }
    if (group.pending.delete(memberId)) {
      this.addMember(group, memberId, request, parked, now, fx);
      return;
    }
    const member = group.members.get(memberId);
    if (!member) {
      refuse(notAMember(group, instanceId));
      return;
    }
    const changed = !sameProtocols(member.protocols, protocols);
    const mustRebalance =
      group.state === 'PreparingRebalance' ||
      changed ||
      (group.state === 'Stable' && group.leader === memberId);
    if (!mustRebalance) {
      // It lost the answer, or nothing changed for it: the current generation is told again.
      this.touch(group, member, now, fx);
      this.answerJoin(group, member, parked, false, fx);
      return;
    }
    this.updateMember(member, request, parked);
    this.prepareRebalance(
      group,
      changed
        ? `${displayName(member.client)} changed what it subscribes to or owns`
        : `${displayName(member.client)} joins again`,
      now,
      fx,
    );
  }

  private addMember(
    group: Group,
    id: string,
    request: JoinGroupRequest,
    parked: Parked,
    now: Micros,
    fx: Effects<Reply>,
  ): void {
    const member: Member = {
      id,
      client: parked.from,
      instanceId: request.instanceId,
      sessionTimeoutMs: request.sessionTimeoutMs,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      protocols: request.protocols,
      assignment: [],
      joining: parked,
      syncing: null,
      deadline: 0,
      timed: false,
    };
    group.members.set(id, member);
    if (member.instanceId !== null) group.instances.set(member.instanceId, id);
    group.leader ??= id;
    if (group.initialDelay) group.initialDelay.joinedMeanwhile = true;
    this.tellJoined(group, member, fx);
    this.touch(group, member, now, fx);
    this.prepareRebalance(group, `${displayName(member.client)} joined`, now, fx);
  }

  /** K-84: a static member came back, or a second process took its instance id. */
  private replaceStatic(
    group: Group,
    oldId: string,
    id: string,
    request: JoinGroupRequest,
    parked: Parked,
    now: Micros,
    fx: Effects<Reply>,
  ): void {
    const old = group.members.get(oldId)!;
    for (const { answer, api } of [
      { answer: old.joining, api: 'JoinGroup' },
      { answer: old.syncing, api: 'SyncGroup' },
    ]) {
      if (!answer) continue;
      fx.reply(
        answer.from,
        answer.correlation,
        api === 'JoinGroup' ? joinError('FENCED_INSTANCE_ID', oldId) : syncError('FENCED_INSTANCE_ID'),
      );
    }
    const unchanged = sameTopics(old.protocols, request.protocols);
    const member: Member = {
      ...old,
      id,
      client: parked.from,
      sessionTimeoutMs: request.sessionTimeoutMs,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      protocols: request.protocols,
      joining: null,
      syncing: null,
      timed: false,
    };
    // It takes the old one's place in the order of joining.
    group.members = new Map(
      [...group.members].map(([key, value]) => (key === oldId ? [id, member] : [key, value])),
    );
    group.instances.set(member.instanceId!, id);
    const leads = group.leader === oldId;
    if (leads) group.leader = id;
    fx.trace({
      kind: 'member-removed',
      group: group.id,
      client: old.client,
      member: oldId,
      why: `${displayName(parked.from)} took over its group.instance.id ${member.instanceId!}`,
    });
    this.tellJoined(group, member, fx);
    this.touch(group, member, now, fx);
    if (group.state === 'Stable' && unchanged) {
      this.store(group);
      this.answerJoin(group, member, parked, leads, fx);
      return;
    }
    member.joining = parked;
    this.prepareRebalance(group, `static member ${member.instanceId!} came back`, now, fx);
  }

  private updateMember(member: Member, request: JoinGroupRequest, parked: Parked): void {
    member.protocols = request.protocols;
    member.sessionTimeoutMs = request.sessionTimeoutMs;
    member.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
    member.joining = parked;
  }

  /** K-79: begins a rebalance unless one is in its join phase already, and ends that phase if all are there. */
  private prepareRebalance(group: Group, why: string, now: Micros, fx: Effects<Reply>): void {
    if (group.state !== 'PreparingRebalance') {
      for (const member of group.members.values()) {
        member.assignment = [];
        if (!member.syncing) continue;
        const { from, correlation } = member.syncing;
        member.syncing = null;
        this.touch(group, member, now, fx);
        fx.reply(from, correlation, syncError('REBALANCE_IN_PROGRESS'));
      }
      const wasEmpty = group.state === 'Empty';
      this.enter(group, 'PreparingRebalance', why, fx);
      const timeoutMs = rebalanceTimeoutMs(group);
      if (wasEmpty) {
        const delayMs = this.config.initialRebalanceDelayMs;
        group.initialDelay = {
          delayMs,
          remainingMs: Math.max(timeoutMs - delayMs, 0),
          joinedMeanwhile: false,
        };
        fx.timer(fromMs(delayMs), 'initial-delay', { group: group.id, phase: group.phase });
      } else {
        fx.timer(fromMs(timeoutMs), 'join-timeout', { group: group.id, phase: group.phase });
      }
    }
    this.maybeCompleteJoin(group, now, fx);
  }

  /** K-78. */
  private initialDelayOver(group: Group, now: Micros, fx: Effects<Reply>): void {
    const delay = group.initialDelay!;
    if (delay.joinedMeanwhile && delay.remainingMs !== 0) {
      delay.joinedMeanwhile = false;
      const next = Math.min(this.config.initialRebalanceDelayMs, delay.remainingMs);
      delay.remainingMs = Math.max(delay.remainingMs - delay.delayMs, 0);
      delay.delayMs = next;
      fx.timer(fromMs(next), 'initial-delay', { group: group.id, phase: group.phase });
      return;
    }
    this.completeJoin(group, now, fx);
  }

  private maybeCompleteJoin(group: Group, now: Micros, fx: Effects<Reply>): void {
    if (group.state !== 'PreparingRebalance' || group.initialDelay) return;
    if (group.pending.size > 0) return;
    for (const member of group.members.values()) if (!member.joining) return;
    this.completeJoin(group, now, fx);
  }

  private completeJoin(group: Group, now: Micros, fx: Effects<Reply>): void {
    group.initialDelay = null;
    for (const member of [...group.members.values()]) {
      if (!member.joining && member.instanceId === null)
        this.remove(group, member, 'it did not rejoin within the rebalance timeout', fx);
    }
    const joined = [...group.members.values()].filter((member) => member.joining);
    if (group.members.size > 0 && joined.length === 0) {
      // Only static members, all of them away: wait for one of them, or for their sessions to end.
      fx.timer(fromMs(rebalanceTimeoutMs(group)), 'join-timeout', { group: group.id, phase: group.phase });
      return;
    }
    if (joined.length > 0 && !group.members.get(group.leader ?? '')?.joining) group.leader = joined[0]!.id;
    group.generation++;
    if (group.members.size === 0) {
      group.leader = null;
      group.protocol = '';
      this.enter(group, 'Empty', 'its last member is gone', fx);
      this.store(group);
      return;
    }
    group.protocol = voted(group);
    this.enter(group, 'CompletingRebalance', `all ${joined.length} members have joined`, fx);
    fx.timer(fromMs(rebalanceTimeoutMs(group)), 'sync-timeout', { group: group.id, phase: group.phase });
    for (const member of joined) {
      const parked = member.joining!;
      member.joining = null;
      this.touch(group, member, now, fx);
      this.answerJoin(group, member, parked, false, fx);
    }
  }

  private answerJoin(
    group: Group,
    member: Member,
    parked: Parked,
    skipAssignment: boolean,
    fx: Effects<Reply>,
  ): void {
    const leads = member.id === group.leader;
    fx.reply(parked.from, parked.correlation, {
      api: 'JoinGroup',
      error: 'NONE',
      memberId: member.id,
      generation: group.generation,
      protocol: group.protocol,
      leader: group.leader!,
      members: leads
        ? [...group.members.values()].map(({ id, client, instanceId, protocols }) => ({
            memberId: id,
            client,
            instanceId,
            subscription: protocols.find(({ name }) => name === group.protocol)!,
          }))
        : [],
      skipAssignment,
    });
  }

  /** K-80. */
  private sync(request: SyncGroupRequest, parked: Parked, now: Micros, fx: Effects<Reply>): void {
    const { from, correlation } = parked;
    const group = this.groups.get(request.group);
    const member = group?.members.get(request.memberId);
    if (!group || !member) {
      fx.reply(from, correlation, syncError(notAMember(group, request.instanceId)));
      return;
    }
    if (request.generation !== group.generation) {
      fx.reply(from, correlation, syncError('ILLEGAL_GENERATION'));
      return;
    }
    if (group.state === 'PreparingRebalance') {
      fx.reply(from, correlation, syncError('REBALANCE_IN_PROGRESS'));
      return;
    }
    if (group.state === 'Stable') {
      this.touch(group, member, now, fx);
      fx.reply(from, correlation, syncReply(group, member));
      return;
    }
    member.syncing = parked;
    if (member.id !== group.leader) return;
    for (const [id, places] of request.assignments) {
      const assigned = group.members.get(id);
      if (assigned) assigned.assignment = places;
    }
    this.enter(group, 'Stable', `its leader ${displayName(member.client)} shared the partitions out`, fx);
    this.store(group);
    for (const other of group.members.values()) {
      if (!other.syncing) continue;
      const answer = other.syncing;
      other.syncing = null;
      this.touch(group, other, now, fx);
      fx.reply(answer.from, answer.correlation, syncReply(group, other));
    }
  }

  /** K-80: the leader's assignment did not come in time; whoever has not synced goes. */
  private syncTimeout(group: Group, now: Micros, fx: Effects<Reply>): void {
    if (group.state !== 'CompletingRebalance') return;
    for (const member of [...group.members.values()])
      if (!member.syncing)
        this.remove(group, member, 'it sent no SyncGroup within the rebalance timeout', fx);
    this.prepareRebalance(group, 'the leader sent no assignment', now, fx);
  }

  private heartbeat(request: HeartbeatRequest, now: Micros, fx: Effects<Reply>): ErrorCode {
    const group = this.groups.get(request.group);
    const member = group?.members.get(request.memberId);
    if (!group || !member) return notAMember(group, request.instanceId);
    if (request.generation !== group.generation) return 'ILLEGAL_GENERATION';
    this.touch(group, member, now, fx);
    return group.state === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE';
  }

  private leave(request: LeaveGroupRequest, now: Micros, fx: Effects<Reply>): ErrorCode {
    const group = this.groups.get(request.group);
    const member = group?.members.get(request.memberId);
    if (!group || !member) {
      if (group?.pending.delete(request.memberId)) {
        this.maybeCompleteJoin(group, now, fx);
        return 'NONE';
      }
      return 'UNKNOWN_MEMBER_ID';
    }
    this.removeAndRebalance(group, member, request.why, `${displayName(member.client)} left`, now, fx);
    return 'NONE';
  }

  /** K-81. */
  private commit(request: OffsetCommitRequest, now: Micros, fx: Effects<Reply>): ErrorCode {
    const group = this.group(request.group);
    const { memberId, generation } = request;
    if (generation < 0) {
      if (group.state !== 'Empty') return 'UNKNOWN_MEMBER_ID';
    } else {
      const member = group.members.get(memberId);
      if (!member) return notAMember(group, request.instanceId);
      if (generation !== group.generation) return 'ILLEGAL_GENERATION';
      if (group.state === 'CompletingRebalance') return 'REBALANCE_IN_PROGRESS';
      this.touch(group, member, now, fx);
    }
    for (const [place, offset] of request.offsets) group.offsets.set(place, offset);
    return 'NONE';
  }

  private committed(request: OffsetFetchRequest): (readonly [string, number])[] {
    const offsets = this.groups.get(request.group)?.offsets;
    return request.places.map((place) => [place, offsets?.get(place) ?? -1]);
  }

  private sessionTimer(group: Group, memberId: string, now: Micros, fx: Effects<Reply>): void {
    const member = group.members.get(memberId);
    if (!member) return;
    member.timed = false;
    // Whoever waits for an answer is alive; so is whoever was heard of since the timer was set.
    if (member.joining || member.syncing) this.touch(group, member, now, fx);
    else if (member.deadline > now) this.time(group, member, now, fx);
    else {
      this.removeAndRebalance(
        group,
        member,
        `no heartbeat for ${member.sessionTimeoutMs} ms (session.timeout.ms)`,
        `the session of ${displayName(member.client)} expired`,
        now,
        fx,
      );
    }
  }

  private removeAndRebalance(
    group: Group,
    member: Member,
    why: string,
    reason: string,
    now: Micros,
    fx: Effects<Reply>,
  ): void {
    this.remove(group, member, why, fx);
    if (group.state === 'Empty') return;
    if (group.state === 'PreparingRebalance') this.maybeCompleteJoin(group, now, fx);
    else this.prepareRebalance(group, reason, now, fx);
  }

  private remove(group: Group, member: Member, why: string, fx: Effects<Reply>): void {
    group.members.delete(member.id);
    if (member.instanceId !== null) group.instances.delete(member.instanceId);
    if (group.leader === member.id) {
      const next = [...group.members.values()].find(({ joining }) => joining) ?? first(group.members);
      group.leader = next?.id ?? null;
    }
    if (member.joining)
      fx.reply(member.joining.from, member.joining.correlation, joinError('UNKNOWN_MEMBER_ID', ''));
    if (member.syncing)
      fx.reply(member.syncing.from, member.syncing.correlation, syncError('UNKNOWN_MEMBER_ID'));
    fx.trace({ kind: 'member-removed', group: group.id, client: member.client, member: member.id, why });
  }

  /** The member was heard of: its session begins anew (K-74). */
  private touch(group: Group, member: Member, now: Micros, fx: Effects<Reply>): void {
    member.deadline = now + fromMs(member.sessionTimeoutMs);
    if (!member.timed) this.time(group, member, now, fx);
  }

  private time(group: Group, member: Member, now: Micros, fx: Effects<Reply>): void {
    member.timed = true;
    fx.timer(member.deadline - now, 'session', { group: group.id, member: member.id, phase: 0 });
  }

  private enter(group: Group, state: GroupState, why: string, fx: Effects<Reply>): void {
    group.previousState = group.state;
    group.state = state;
    group.phase++;
    this.tell(group, why, fx);
  }

  private tell(group: Group, why: string, fx: Effects<Reply>): void {
    fx.trace({
      kind: 'group-state-changed',
      group: group.id,
      state: group.state,
      stable: group.state === 'Stable' || group.state === 'Empty',
      generation: group.generation,
      members: [...group.members.values()].map(({ client }) => client),
      why,
    });
  }

  private tellJoined(group: Group, member: Member, fx: Effects<Reply>): void {
    fx.trace({
      kind: 'member-joined',
      group: group.id,
      client: member.client,
      member: member.id,
      sessionTimeout: fromMs(member.sessionTimeoutMs),
    });
  }

  private store(group: Group): void {
    group.stored = {
      generation: group.generation,
      protocol: group.protocol,
      leader: group.leader,
      members: [...group.members.values()].map((member) => ({ ...member, joining: null, syncing: null })),
    };
  }

  private group(id: string): Group {
    let group = this.groups.get(id);
    if (!group) {
      assert(this.groups.size < GROUPS_MAX, `more than ${GROUPS_MAX} groups`);
      group = {
        id,
        state: 'Empty',
        previousState: 'Empty',
        generation: 0,
        protocol: '',
        leader: null,
        members: new Map(),
        pending: new Set(),
        instances: new Map(),
        phase: 0,
        initialDelay: null,
        offsets: new Map(),
        stored: { generation: 0, protocol: '', leader: null, members: [] },
      };
      this.groups.set(id, group);
    }
    return group;
  }

  /** `clientId-UUID` (K-77); a static member's begins with its instance id. */
  private newMemberId(prefix: string): string {
    const hex = Array.from({ length: 4 }, () => this.random.uint32().toString(16).padStart(8, '0')).join('');
    return `${prefix}-${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}

/** The partition of `__consumer_offsets` whose leader coordinates a group (K-75). */
export function coordinatorPartition(groupId: string, partitions = 50): number {
  let hash = 0;
  for (let i = 0; i < groupId.length; i++) hash = (Math.imul(hash, 31) + groupId.charCodeAt(i)) | 0;
  return (hash === -(2 ** 31) ? 0 : Math.abs(hash)) % partitions;
}

/** K-81, K-84: what a client is told whose member id the group does not know: a static one may have been replaced. */
function notAMember(group: Group | undefined, instanceId: string | null): ErrorCode {
  return instanceId !== null && group?.instances.has(instanceId) ? 'FENCED_INSTANCE_ID' : 'UNKNOWN_MEMBER_ID';
}

function first(members: ReadonlyMap<string, Member>): Member | undefined {
  return members.values().next().value;
}

function rebalanceTimeoutMs(group: Group): number {
  let most = 0;
  for (const { rebalanceTimeoutMs } of group.members.values()) most = Math.max(most, rebalanceTimeoutMs);
  return most;
}

function shareProtocol(group: Group, protocols: readonly JoinProtocol[]): boolean {
  return protocols.some(({ name }) =>
    [...group.members.values()].every((member) => member.protocols.some((other) => other.name === name)),
  );
}

/** K-77: each member votes for the first of its assignors that all of them support. */
function voted(group: Group): string {
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

function sameProtocols(a: readonly JoinProtocol[], b: readonly JoinProtocol[]): boolean {
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

function sameTopics(a: readonly JoinProtocol[], b: readonly JoinProtocol[]): boolean {
  return (
    a.length === b.length &&
    a.every((protocol, i) => protocol.name === b[i]!.name && sameList(protocol.topics, b[i]!.topics))
  );
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, i) => text === b[i]);
}

function joinError(error: ErrorCode, memberId: string): Reply {
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

function syncError(error: ErrorCode): Reply {
  return { api: 'SyncGroup', error, protocol: '', places: [] };
}

function syncReply(group: Group, member: Member): Reply {
  return { api: 'SyncGroup', error: 'NONE', protocol: group.protocol, places: member.assignment };
}
