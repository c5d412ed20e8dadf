/**
 * The classic group protocol (K-76 to K-84) as a part of the group coordinator: Empty → PreparingRebalance (members
 * join) → CompletingRebalance (the leader's assignment is awaited) → Stable. It knows no assignor: the group's leader,
 * a client, shares the partitions out. What a group must not lose is written when an assignment is made and when the
 * group becomes empty; a rebalance under way is lost with its coordinator.
 */
import { assert } from '../../../sim/errors.ts';
import { displayName } from '../../../sim/names.ts';
import { fromMs, type Micros } from '../../../sim/time.ts';
import type { ShardContext, ShardEffects } from '../coordinator-shard.ts';
import type {
  ErrorCode,
  GroupDescription,
  HeartbeatRequest,
  JoinGroupRequest,
  LeaveGroupRequest,
  SyncGroupRequest,
} from '../protocol.ts';
import {
  first,
  notAMember,
  rebalanceTimeoutMs,
  sameProtocols,
  sameTopics,
  shareProtocol,
  syncReply,
  toRecord,
  voted,
  type ClassicGroupRecord,
  type Group,
  type Member,
} from './classic-group.ts';
import { ClassicStore } from './classic-store.ts';
import { joinError, newMemberId, syncError, type Parked } from './parts.ts';
/** Members of one group; beyond it a join is refused by an assertion, not by a hang. */
const MEMBERS_MAX = 1000;

export class ClassicGroups {
  private readonly context: ShardContext;
  readonly store = new ClassicStore();

  constructor(context: ShardContext) {
    this.context = context;
  }

  has(id: string): boolean {
    return this.store.groups.has(id);
  }

  ids(): string[] {
    return [...this.store.groups.keys()];
  }

  isEmpty(id: string): boolean {
    return this.store.groups.get(id)?.state === 'Empty';
  }

  state(id: string): string {
    return this.store.existing(id).state;
  }

  /** K-81: a group that only holds offsets is one without members. */
  ensure(id: string, now: Micros): void {
    this.store.group(id, now);
  }

  /** Forgets an empty group (DeleteGroup, the expiry of its last offset, another protocol in its place). */
  delete(id: string, fx: ShardEffects): void {
    assert(this.store.existing(id).state === 'Empty', `group ${id} is deleted with members in it`);
    this.store.forget(id, fx);
  }

  /** Whether a member reads this topic; none does while the group is empty. */
  subscribes(id: string, topic: string): boolean {
    const { members, protocol } = this.store.existing(id);
    for (const { protocols } of members.values()) {
      const chosen = protocols.find(({ name }) => name === protocol) ?? protocols[0];
      if (chosen?.topics.includes(topic)) return true;
    }
    return false;
  }

  /**
   * K-20: from when on an offset of this group ages.
   * @param committedAt when it was committed
   * @returns null while none of the group's offsets expires
   */
  retainedFrom(id: string, committedAt: Micros): Micros | null {
    const { membership, state, since } = this.store.existing(id);
    if (!membership) return committedAt;
    if (state === 'Empty') return since;
    return state === 'Stable' ? committedAt : null;
  }

  describe(id: string): GroupDescription {
    const { state, protocol, generation, members } = this.store.existing(id);
    return {
      group: id,
      type: 'Classic',
      state,
      coordinator: this.context.node,
      assignor: protocol,
      epoch: generation,
      targetEpoch: null,
      members: [...members.values()].map((member) => ({
        memberId: member.id,
        client: member.client,
        instanceId: member.instanceId,
        epoch: null,
        places: state === 'Stable' ? member.assignment : [],
        targetPlaces: null,
      })),
    };
  }

  /** Handles a timer that an earlier call asked for. */
  timer(timer: string, data: unknown, now: Micros, fx: ShardEffects): void {
    const { group: groupId, member, phase } = data as { group: string; member: string; phase: number };
    const group = this.store.groups.get(groupId);
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
        this.syncTimeout(group, phase, now, fx);
        break;
    }
  }

  /** This broker does not coordinate any more: whoever waits is told to look elsewhere. */
  unloaded(fx: Pick<ShardEffects, 'reply'>): void {
    for (const group of this.store.groups.values()) this.answerAll(group, 'NOT_COORDINATOR', fx);
  }

  /**
   * K-91: takes a group away, with its members as they are, so that the consumer protocol goes on with it. Those who
   * wait for the end of a rebalance are told of another one.
   */
  takeAway(id: string, fx: ShardEffects): ClassicGroupRecord {
    const group = this.store.existing(id);
    this.answerAll(group, 'REBALANCE_IN_PROGRESS', fx);
    const record = toRecord(group);
    this.store.forget(id, fx);
    return record;
  }

  /**
   * K-91: goes on with a group whose members all speak the classic protocol again.
   * @param rebalance why its members are to join anew; null if all have what they are to have
   */
  takeOver(
    id: string,
    record: ClassicGroupRecord,
    rebalance: string | null,
    now: Micros,
    fx: ShardEffects,
  ): void {
    this.store.replay(id, record);
    const group = this.store.existing(id);
    group.protocol = voted(group);
    for (const member of group.members.values()) this.store.touch(group, member, now, fx);
    this.store.write(group, fx);
    if (rebalance === null) this.store.tell(group, 'no member speaks the consumer protocol any more', fx);
    else this.prepareRebalance(group, rebalance, now, fx);
  }

  private answerAll(group: Group, error: ErrorCode, fx: Pick<ShardEffects, 'reply'>): void {
    for (const member of group.members.values()) {
      const { joining, syncing } = member;
      member.joining = member.syncing = null;
      if (joining) fx.reply(joining.from, joining.correlation, joinError(error, member.id));
      if (syncing) fx.reply(syncing.from, syncing.correlation, syncError(error));
    }
  }

  /** K-74: whether the broker allows a session timeout. */
  allows(sessionTimeoutMs: number): boolean {
    const { config } = this.context;
    return (
      sessionTimeoutMs >= config['group.min.session.timeout.ms'] &&
      sessionTimeoutMs <= config['group.max.session.timeout.ms']
    );
  }

  /** K-77; parked until the join phase ends. */
  join(request: JoinGroupRequest, parked: Parked, now: Micros, fx: ShardEffects): void {
    const { memberId, instanceId, sessionTimeoutMs, protocols } = request;
    const refuse = (error: ErrorCode, id = memberId): void =>
      fx.reply(parked.from, parked.correlation, joinError(error, id));
    if (memberId !== '' && !this.store.groups.has(request.group)) {
      refuse('UNKNOWN_MEMBER_ID');
      return;
    }
    const group = this.store.group(request.group, now);
    if (group.members.size > 0 && !shareProtocol(group, protocols)) {
      refuse('INCONSISTENT_GROUP_PROTOCOL');
      return;
    }
    if (memberId === '') {
      assert(group.members.size < MEMBERS_MAX, `more than ${MEMBERS_MAX} members in group ${group.id}`);
      const id = newMemberId(instanceId ?? parked.from, this.context.random);
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
      this.store.touch(group, member, now, fx);
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
    fx: ShardEffects,
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
    group.membership = true;
    group.members.set(id, member);
    if (member.instanceId !== null) group.instances.set(member.instanceId, id);
    group.leader ??= id;
    if (group.initialDelay) group.initialDelay.joinedMeanwhile = true;
    this.store.tellJoined(group, member, fx);
    this.store.touch(group, member, now, fx);
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
    fx: ShardEffects,
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
    this.store.tellJoined(group, member, fx);
    this.store.touch(group, member, now, fx);
    if (group.state === 'Stable' && unchanged) {
      this.store.write(group, fx);
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
  private prepareRebalance(group: Group, why: string, now: Micros, fx: ShardEffects): void {
    if (group.state !== 'PreparingRebalance') {
      for (const member of group.members.values()) {
        // Of an assignment that is not there yet nothing is left; one that holds is not forgotten (K-91).
        if (group.state === 'CompletingRebalance') member.assignment = [];
        if (!member.syncing) continue;
        const { from, correlation } = member.syncing;
        member.syncing = null;
        this.store.touch(group, member, now, fx);
        fx.reply(from, correlation, syncError('REBALANCE_IN_PROGRESS'));
      }
      const wasEmpty = group.state === 'Empty';
      this.store.enter(group, 'PreparingRebalance', why, now, fx);
      const timeoutMs = rebalanceTimeoutMs(group);
      if (wasEmpty) {
        const delayMs = this.context.config['group.initial.rebalance.delay.ms'];
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
  private initialDelayOver(group: Group, now: Micros, fx: ShardEffects): void {
    const delay = group.initialDelay!;
    if (delay.joinedMeanwhile && delay.remainingMs !== 0) {
      delay.joinedMeanwhile = false;
      const next = Math.min(this.context.config['group.initial.rebalance.delay.ms'], delay.remainingMs);
      delay.remainingMs = Math.max(delay.remainingMs - delay.delayMs, 0);
      delay.delayMs = next;
      fx.timer(fromMs(next), 'initial-delay', { group: group.id, phase: group.phase });
      return;
    }
    this.completeJoin(group, now, fx);
  }

  private maybeCompleteJoin(group: Group, now: Micros, fx: ShardEffects): void {
    if (group.state !== 'PreparingRebalance' || group.initialDelay) return;
    if (group.pending.size > 0) return;
    for (const member of group.members.values()) if (!member.joining) return;
    this.completeJoin(group, now, fx);
  }

  private completeJoin(group: Group, now: Micros, fx: ShardEffects): void {
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
      this.store.enter(group, 'Empty', 'its last member is gone', now, fx);
      this.store.write(group, fx);
      return;
    }
    group.protocol = voted(group);
    this.store.enter(group, 'CompletingRebalance', `all ${joined.length} members have joined`, now, fx);
    group.unsynced = new Set(group.members.keys());
    fx.timer(fromMs(rebalanceTimeoutMs(group)), 'sync-timeout', { group: group.id, phase: group.generation });
    for (const member of joined) {
      const parked = member.joining!;
      member.joining = null;
      this.store.touch(group, member, now, fx);
      this.answerJoin(group, member, parked, false, fx);
    }
  }

  private answerJoin(
    group: Group,
    member: Member,
    parked: Parked,
    skipAssignment: boolean,
    fx: ShardEffects,
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

  /** K-80; parked until the leader's assignment is there. */
  sync(request: SyncGroupRequest, parked: Parked, now: Micros, fx: ShardEffects): void {
    const { from, correlation } = parked;
    const group = this.store.groups.get(request.group);
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
    group.unsynced.delete(member.id);
    if (group.state === 'Stable') {
      this.store.touch(group, member, now, fx);
      fx.reply(from, correlation, syncReply(group, member));
      return;
    }
    member.syncing = parked;
    if (member.id !== group.leader) return;
    const assignments = new Map(request.assignments);
    for (const assigned of group.members.values()) assigned.assignment = assignments.get(assigned.id) ?? [];
    this.store.enter(
      group,
      'Stable',
      `its leader ${displayName(member.client)} shared the partitions out`,
      now,
      fx,
    );
    this.store.write(group, fx);
    for (const other of group.members.values()) {
      if (!other.syncing) continue;
      const answer = other.syncing;
      other.syncing = null;
      this.store.touch(group, other, now, fx);
      fx.reply(answer.from, answer.correlation, syncReply(group, other));
    }
  }

  /** K-80: whoever has not synced goes, be it for want of the leader's assignment or of its own request. */
  private syncTimeout(group: Group, generation: number, now: Micros, fx: ShardEffects): void {
    if (group.generation !== generation || group.unsynced.size === 0) return;
    if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return;
    for (const id of group.unsynced) {
      const member = group.members.get(id);
      if (member) this.remove(group, member, 'it sent no SyncGroup within the rebalance timeout', fx);
    }
    group.unsynced.clear();
    this.prepareRebalance(group, 'members did not sync in time', now, fx);
  }

  heartbeat(request: HeartbeatRequest, now: Micros, fx: ShardEffects): ErrorCode {
    const group = this.store.groups.get(request.group);
    const member = group?.members.get(request.memberId);
    if (!group || !member) return notAMember(group, request.instanceId);
    if (request.generation !== group.generation) return 'ILLEGAL_GENERATION';
    this.store.touch(group, member, now, fx);
    return group.state === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE';
  }

  leave(request: LeaveGroupRequest, now: Micros, fx: ShardEffects): ErrorCode {
    const group = this.store.groups.get(request.group);
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

  /**
   * K-81: whether a member, or (generation −1) somebody outside, may commit now.
   * @param transactional a commit that a transaction is to make visible (K-48): taken while the assignment is awaited too
   */
  mayCommit(
    {
      group: id,
      memberId,
      instanceId,
      generation,
    }: {
      readonly group: string;
      readonly memberId: string;
      readonly instanceId: string | null;
      readonly generation: number;
    },
    transactional: boolean,
    now: Micros,
    fx: ShardEffects,
  ): ErrorCode {
    const group = this.store.existing(id);
    if (generation < 0 && group.state === 'Empty') return 'NONE';
    if (generation >= 0 || memberId !== '' || instanceId !== null) {
      const member = group.members.get(memberId);
      if (!member) return notAMember(group, instanceId);
      if (generation !== group.generation) return 'ILLEGAL_GENERATION';
      if (transactional) return 'NONE';
      if (group.state === 'CompletingRebalance') return 'REBALANCE_IN_PROGRESS';
      this.store.touch(group, member, now, fx);
      return 'NONE';
    }
    return transactional ? 'NONE' : 'UNKNOWN_MEMBER_ID';
  }

  private sessionTimer(group: Group, memberId: string, now: Micros, fx: ShardEffects): void {
    const member = group.members.get(memberId);
    if (!member) return;
    member.timed = false;
    // Whoever waits for an answer is alive; so is whoever was heard of since the timer was set.
    if (member.joining || member.syncing) this.store.touch(group, member, now, fx);
    else if (member.deadline > now) this.store.time(group, member, now, fx);
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
    fx: ShardEffects,
  ): void {
    this.remove(group, member, why, fx);
    if (group.state === 'Empty') return;
    if (group.state === 'PreparingRebalance') this.maybeCompleteJoin(group, now, fx);
    else this.prepareRebalance(group, reason, now, fx);
  }

  private remove(group: Group, member: Member, why: string, fx: ShardEffects): void {
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
}
