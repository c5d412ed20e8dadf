/**
 * Members of the classic protocol in a group of the consumer protocol, while it is upgraded or downgraded (K-91): their
 * JoinGroup, SyncGroup and Heartbeat are steps of the same way. The group comes from the classic protocol, and goes back to it.
 */
import { displayName } from '../../../sim/names.ts';
import type { Micros } from '../../../sim/time.ts';
import type { ShardContext, ShardEffects } from '../coordinator-shard.ts';
import type {
  ErrorCode,
  HeartbeatRequest,
  JoinGroupRequest,
  LeaveGroupRequest,
  Reply,
  SyncGroupRequest,
} from '../protocol.ts';
import type { ClassicGroups } from './classic.ts';
import type { ClassicGroupRecord } from './classic-group.ts';
import {
  allClassic,
  isWaiting,
  staticRefusal,
  supportsClassic,
  type ConsumerMemberRecord,
  type Group,
  type Member,
} from './consumer-group.ts';
import type { ConsumerStore } from './consumer-store.ts';
import { joinError, newMemberId, recordKey, syncError, type Parked } from './parts.ts';
import { sinceWhen } from './reconciliation.ts';

/** What members of both protocols do in a group. */
interface Steps {
  step(
    group: Group,
    member: Member,
    about: ConsumerMemberRecord,
    owned: readonly string[] | null,
    now: Micros,
    fx: ShardEffects,
  ): void;
  replaceStatic(group: Group, old: Member, memberId: string, from: string, fx: ShardEffects): Member;
  remove(group: Group, member: Member, why: string, reason: string, fx: ShardEffects): void;
}

export class ClassicMembers {
  private readonly context: ShardContext;
  /** Where a group goes when its last member of the consumer protocol is gone. */
  private readonly classic: ClassicGroups;
  private readonly store: ConsumerStore;
  private readonly groups: Steps;

  constructor(context: ShardContext, classic: ClassicGroups, store: ConsumerStore, groups: Steps) {
    this.context = context;
    this.classic = classic;
    this.store = store;
    this.groups = groups;
  }

  /** Goes on with a classic group, as its members are; the newcomer that speaks this protocol comes next. */
  takeOver(id: string, record: ClassicGroupRecord, now: Micros, fx: ShardEffects): void {
    const group = this.store.create(id);
    group.epoch = group.targetEpoch = record.generation;
    for (const { id: memberId, client, instanceId, assignment, protocols, ...rest } of record.members) {
      const member = this.store.add(group, memberId);
      const chosen = protocols.find(({ name }) => name === record.protocol) ?? protocols[0];
      member.about = Object.freeze({
        client,
        instanceId,
        topics: [...new Set(chosen?.topics)].toSorted(),
        serverAssignor: null,
        rebalanceTimeoutMs: rest.rebalanceTimeoutMs,
        classic: { sessionTimeoutMs: rest.sessionTimeoutMs, protocols },
        order: member.about.order,
      });
      member.current = Object.freeze({
        epoch: record.generation,
        previousEpoch: record.generation,
        state: 'STABLE',
        assigned: assignment,
        pendingRevocation: [],
        since: sinceWhen({}, assignment, record.generation),
      });
      group.target.set(memberId, assignment);
      if (instanceId !== null) group.instances.set(instanceId, memberId);
      fx.write(recordKey('consumer-member', id, memberId), { ...member.about });
      fx.write(recordKey('consumer-target', id, memberId), { places: assignment });
      fx.write(recordKey('consumer-current', id, memberId), { ...member.current });
      this.store.touch(group, member, now, fx);
    }
    this.store.write(group, fx);
  }

  /** JoinGroup of a classic member in a group that has members. It is answered at once: nobody waits for the others. */
  join(request: JoinGroupRequest, parked: Parked, now: Micros, fx: ShardEffects): void {
    const { from, correlation } = parked;
    const { instanceId, protocols } = request;
    const group = this.store.existing(request.group);
    const refuse = (error: ErrorCode, id: string): void => fx.reply(from, correlation, joinError(error, id));
    if (!supportsClassic(group, protocols)) {
      refuse('INCONSISTENT_GROUP_PROTOCOL', request.memberId);
      return;
    }
    const isNew = request.memberId === '';
    const memberId = isNew ? newMemberId(from, this.context.random) : request.memberId;
    if (isNew && instanceId === null) {
      refuse('MEMBER_ID_REQUIRED', memberId);
      return;
    }
    const holder = this.store.holderOf(group, instanceId);
    if (instanceId !== null && !isNew) {
      const error = staticRefusal(holder, memberId);
      if (error) {
        refuse(error, memberId);
        return;
      }
    }
    const member =
      isNew && holder
        ? this.groups.replaceStatic(group, holder, memberId, from, fx)
        : (group.members.get(memberId) ?? this.store.add(group, memberId));
    const first = protocols[0]!;
    const { sessionTimeoutMs, rebalanceTimeoutMs } = request;
    this.groups.step(
      group,
      member,
      {
        ...member.about,
        client: from,
        instanceId: instanceId ?? member.about.instanceId,
        topics: [...new Set(first.topics)].toSorted(),
        rebalanceTimeoutMs,
        classic: { sessionTimeoutMs, protocols },
      },
      first.owned,
      now,
      fx,
    );
    member.timers.delete('join');
    member.timers.delete('rebalance');
    const reply: Reply = {
      api: 'JoinGroup',
      error: 'NONE',
      memberId,
      generation: member.current.epoch,
      protocol: first.name,
      // It has no leader among its members: whoever is not the leader waits for its assignment.
      leader: '',
      members: [],
      skipAssignment: false,
    };
    if (isNew && holder && !holder.about.classic && allClassic(group)) {
      this.giveAway(group, null, now, fx);
    } else {
      this.store.touch(group, member, now, fx);
      this.store.setTimer(group, member, 'sync', fx);
    }
    fx.reply(from, correlation, reply);
  }

  sync(request: SyncGroupRequest, now: Micros, fx: ShardEffects): Reply {
    const group = this.store.existing(request.group);
    const member = this.memberOf(group, request);
    if (typeof member === 'string') return syncError(member);
    if (request.generation !== member.current.epoch) return syncError('ILLEGAL_GENERATION');
    if (group.epoch > member.current.epoch && member.current.state !== 'UNREVOKED_PARTITIONS') {
      this.expectJoin(group, member, fx);
      return syncError('REBALANCE_IN_PROGRESS');
    }
    member.timers.delete('sync');
    this.store.touch(group, member, now, fx);
    return {
      api: 'SyncGroup',
      error: 'NONE',
      protocol: member.about.classic!.protocols[0]!.name,
      places: member.current.assigned,
    };
  }

  /** Told to join again when there is a step to take: to hear of a new target, to give something up, to get something. */
  heartbeat(request: HeartbeatRequest, now: Micros, fx: ShardEffects): ErrorCode {
    const group = this.store.existing(request.group);
    const member = this.memberOf(group, request);
    if (typeof member === 'string') return member;
    const { epoch, state } = member.current;
    if (request.generation !== epoch) return 'ILLEGAL_GENERATION';
    this.store.touch(group, member, now, fx);
    const step =
      epoch < group.epoch ||
      state === 'UNREVOKED_PARTITIONS' ||
      (state === 'UNRELEASED_PARTITIONS' && !isWaiting(group, member));
    if (!step) return 'NONE';
    this.expectJoin(group, member, fx);
    return 'REBALANCE_IN_PROGRESS';
  }

  leave(request: LeaveGroupRequest, fx: ShardEffects): ErrorCode {
    const group = this.store.existing(request.group);
    const member = group.members.get(request.memberId);
    if (!member?.about.classic) return 'UNKNOWN_MEMBER_ID';
    this.groups.remove(group, member, request.why, `${displayName(member.about.client)} left`, fx);
    return 'NONE';
  }

  private memberOf(
    group: Group,
    { memberId, instanceId }: { readonly memberId: string; readonly instanceId: string | null },
  ): Member | ErrorCode {
    const holder = this.store.holderOf(group, instanceId);
    if (instanceId !== null) {
      const error = staticRefusal(holder, memberId);
      if (error) return error;
    }
    const member = holder ?? group.members.get(memberId);
    return member?.about.classic ? member : 'UNKNOWN_MEMBER_ID';
  }

  private expectJoin(group: Group, member: Member, fx: ShardEffects): void {
    if (!member.timers.has('join')) this.store.setTimer(group, member, 'join', fx);
  }

  /**
   * K-91: all members speak the classic protocol again, and the group with them.
   * @param rebalance why they are to join anew; null when they need not
   */
  giveAway(group: Group, rebalance: string | null, now: Micros, fx: ShardEffects): void {
    const members = [...group.members.values()];
    this.store.forget(group, fx);
    this.classic.takeOver(
      group.id,
      {
        generation: group.epoch,
        protocol: '',
        leader: members[0]!.id,
        since: now,
        members: members.map(({ id, about }) => ({
          id,
          client: about.client,
          instanceId: about.instanceId,
          sessionTimeoutMs: about.classic!.sessionTimeoutMs,
          rebalanceTimeoutMs: about.rebalanceTimeoutMs,
          protocols: about.classic!.protocols,
          assignment: group.target.get(id) ?? [],
        })),
      },
      rebalance,
      now,
      fx,
    );
  }
}
