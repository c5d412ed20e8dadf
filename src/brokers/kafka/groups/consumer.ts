/**
 * The consumer protocol (KIP-848, K-85 to K-91) as a part of the group coordinator. Members say in heartbeats what they
 * read and own; the coordinator computes who is to have what (the target, for a group epoch) and leads each member there
 * by itself, without a moment at which all of them stop. Members of the classic protocol may be in such a group during an
 * upgrade or a downgrade (K-91): their JoinGroup, SyncGroup and Heartbeat are taken as steps of the same way.
 */
import { assert } from '../../../sim/errors.ts';
import { displayName } from '../../../sim/names.ts';
import { fromMs, type Micros } from '../../../sim/time.ts';
import { splitPlace } from '../cluster-image.ts';
import type { ShardContext, ShardEffects } from '../coordinator-shard.ts';
import type {
  ConsumerGroupHeartbeatRequest,
  ErrorCode,
  GroupDescription,
  HeartbeatRequest,
  JoinGroupRequest,
  JoinProtocol,
  LeaveGroupRequest,
  Reply,
  SyncGroupRequest,
} from '../protocol.ts';
import type { ClassicGroupRecord, ClassicGroups } from './classic.ts';
import { joinError, newMemberId, recordKey, sameList, syncError, topicPlaces, type Parked } from './parts.ts';
import {
  type CurrentAssignment,
  hadThen,
  isReconciledTo,
  NOTHING_YET,
  reconcile,
  sinceWhen,
  unsubscribe,
} from './reconciliation.ts';
import { assignOnServer, type ServerAssignor } from './server-assignors.ts';

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
type MemberTimer = 'session' | 'rebalance' | 'join' | 'sync';

interface Member {
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

interface Group {
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

const MEMBERS_MAX = 1000;
/** K-87: of a group that is made, and of its target. */
const FIRST_EPOCH = 1;
const LEAVE = -1;
const LEAVE_STATIC = -2;

const NOBODY: ConsumerMemberRecord = Object.freeze({
  client: '',
  instanceId: null,
  topics: Object.freeze([]),
  serverAssignor: null,
  rebalanceTimeoutMs: -1,
  classic: null,
  order: 0,
});

export class ConsumerGroups {
  private readonly context: ShardContext;
  /** Where a group goes when its last member of this protocol is gone (K-91). */
  private readonly classic: ClassicGroups;
  private groups = new Map<string, Group>();
  private timers = 0;

  constructor(context: ShardContext, classic: ClassicGroups) {
    this.context = context;
    this.classic = classic;
  }

  has(id: string): boolean {
    return this.groups.has(id);
  }

  ids(): string[] {
    return [...this.groups.keys()];
  }

  isEmpty(id: string): boolean {
    return this.groups.get(id)?.members.size === 0;
  }

  state(id: string): string {
    return stateOf(this.existing(id));
  }

  subscribes(id: string, topic: string): boolean {
    return this.existing(id).partitions.some(([name]) => name === topic);
  }

  /** Forgets an empty group. */
  delete(id: string, fx: ShardEffects): void {
    assert(this.existing(id).members.size === 0, `group ${id} is deleted with members in it`);
    this.forget(this.existing(id), fx);
  }

  describe(id: string): GroupDescription {
    const group = this.existing(id);
    return {
      group: id,
      type: 'Consumer',
      state: stateOf(group),
      coordinator: this.context.node,
      assignor: this.assignorOf(group),
      epoch: group.epoch,
      targetEpoch: group.targetEpoch,
      members: [...group.members.values()].map(({ id: memberId, about, current }) => ({
        memberId,
        client: about.client,
        instanceId: about.instanceId,
        epoch: current.epoch,
        places: current.assigned,
        targetPlaces: group.target.get(memberId) ?? [],
      })),
    };
  }

  // The heartbeat (K-86).

  /**
   * Handles a heartbeat; group and member are made by one with epoch 0.
   * @returns why a request cannot be taken, whatever the group; else null
   */
  refusal({
    memberId,
    instanceId,
    memberEpoch,
    rebalanceTimeoutMs,
    topics,
    serverAssignor,
    owned,
  }: ConsumerGroupHeartbeatRequest): ErrorCode | null {
    if (memberId === '' || memberEpoch < LEAVE_STATIC) return 'INVALID_REQUEST';
    if (memberEpoch === LEAVE_STATIC && instanceId === null) return 'INVALID_REQUEST';
    if (
      memberEpoch === 0 &&
      (rebalanceTimeoutMs === -1 || owned?.length !== 0 || topics === null || topics.length === 0)
    )
      return 'INVALID_REQUEST';
    const assignors: readonly string[] = this.context.config['group.consumer.assignors'];
    return serverAssignor !== null && !assignors.includes(serverAssignor) ? 'UNSUPPORTED_ASSIGNOR' : null;
  }

  heartbeat(request: ConsumerGroupHeartbeatRequest, from: string, now: Micros, fx: ShardEffects): Reply {
    const { memberId, instanceId, memberEpoch } = request;
    let group = this.groups.get(request.group);
    if (memberEpoch === LEAVE || memberEpoch === LEAVE_STATIC)
      return group ? this.leave(group, request, now, fx) : heartbeatError('GROUP_ID_NOT_FOUND');
    if (!group) {
      if (memberEpoch !== 0) return heartbeatError('GROUP_ID_NOT_FOUND');
      group = this.create(request.group);
    }
    const known = group.members.get(memberId);
    const holder = this.holderOf(group, instanceId);
    let member: Member;
    if (memberEpoch !== 0) {
      const error =
        instanceId === null ? (known ? null : 'UNKNOWN_MEMBER_ID') : staticRefusal(holder, memberId);
      if (error) return heartbeatError(error);
      member = instanceId === null ? known! : holder!;
    } else if (holder) {
      if (!holder.about.classic && holder.current.epoch !== LEAVE_STATIC)
        return heartbeatError(
          'UNRELEASED_INSTANCE_ID',
          `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${holder.id} member.`,
        );
      member = this.replaceStatic(group, holder, memberId, from, fx);
    } else member = known ?? this.add(group, memberId);
    // K-89: one that was fenced begins again with 0, though its old self is still there (KAFKA-19233).
    if (memberEpoch !== 0 && isFenced(member.current, memberEpoch, request.owned))
      return heartbeatError('FENCED_MEMBER_EPOCH');
    const before = member.current;
    this.step(
      group,
      member,
      {
        ...member.about,
        client: from,
        instanceId: instanceId ?? member.about.instanceId,
        topics: request.topics ? [...new Set(request.topics)].toSorted() : member.about.topics,
        serverAssignor: request.serverAssignor ?? member.about.serverAssignor,
        rebalanceTimeoutMs:
          request.rebalanceTimeoutMs === -1 ? member.about.rebalanceTimeoutMs : request.rebalanceTimeoutMs,
        classic: null,
      },
      request.owned,
      now,
      fx,
    );
    member.timers.delete('join');
    member.timers.delete('sync');
    this.touch(group, member, now, fx);
    const full =
      memberEpoch === 0 ||
      (request.rebalanceTimeoutMs !== -1 && request.topics !== null && request.owned !== null);
    const told = full || !sameList(before.assigned, member.current.assigned);
    return {
      api: 'ConsumerGroupHeartbeat',
      error: 'NONE',
      memberEpoch: member.current.epoch,
      heartbeatIntervalMs: this.context.config['group.consumer.heartbeat.interval.ms'],
      assignment: told ? member.current.assigned : null,
    };
  }

  private leave(group: Group, request: ConsumerGroupHeartbeatRequest, now: Micros, fx: ShardEffects): Reply {
    const { memberId, instanceId, memberEpoch } = request;
    const left: Reply = {
      api: 'ConsumerGroupHeartbeat',
      error: 'NONE',
      memberEpoch,
      heartbeatIntervalMs: 0,
      assignment: null,
    };
    const holder = this.holderOf(group, instanceId);
    const member = instanceId === null ? group.members.get(memberId) : holder;
    const error =
      instanceId === null ? (member ? null : 'UNKNOWN_MEMBER_ID') : staticRefusal(holder, memberId);
    if (error || !member) return heartbeatError(error ?? 'UNKNOWN_MEMBER_ID');
    const name = displayName(member.about.client);
    if (memberEpoch === LEAVE) {
      this.fence(group, member, 'it left', `${name} left`, now, fx);
      return left;
    }
    // Its partitions wait for it, until its session ends.
    const { previousEpoch, state, assigned, since } = member.current;
    this.move(
      group,
      member,
      {
        epoch: LEAVE_STATIC,
        previousEpoch,
        state,
        assigned,
        pendingRevocation: [],
        since: sinceWhen(since, assigned, previousEpoch),
      },
      fx,
    );
    this.tell(group, `${name} left for the time being, as a static member`, fx);
    return left;
  }

  /** K-84, K-89: another process goes on where a static member left off. */
  private replaceStatic(group: Group, old: Member, memberId: string, from: string, fx: ShardEffects): Member {
    const member: Member = {
      id: memberId,
      about: old.about,
      current: { ...old.current, epoch: 0, previousEpoch: 0 },
      deadline: 0,
      timerAt: null,
      timers: new Map(),
    };
    const target = group.target.get(old.id) ?? [];
    // It takes the old one's place in the order of joining.
    group.members = new Map(
      [...group.members].map(([id, each]) => (id === old.id ? [memberId, member] : [id, each])),
    );
    this.erase(group, old.id, fx);
    group.target.set(memberId, target);
    group.instances.set(old.about.instanceId!, memberId);
    fx.write(recordKey('consumer-member', group.id, memberId), { ...member.about });
    fx.write(recordKey('consumer-target', group.id, memberId), { places: target });
    fx.write(recordKey('consumer-current', group.id, memberId), { ...member.current });
    fx.trace({
      kind: 'member-removed',
      group: group.id,
      client: old.about.client,
      member: old.id,
      why: `${displayName(from)} took over its group.instance.id ${old.about.instanceId!}`,
    });
    return member;
  }

  /**
   * One step of the whole protocol for one member: what it wants, the group epoch, the target, and its own way there
   * (K-87, K-88).
   */
  private step(
    group: Group,
    member: Member,
    about: ConsumerMemberRecord,
    owned: readonly string[] | null,
    now: Micros,
    fx: ShardEffects,
  ): void {
    const before = member.about;
    const assignor = this.assignorOf(group);
    const name = displayName(about.client);
    let why = `${name} goes on`;
    let bump = false;
    let resubscribed = false;
    if (!sameAbout(before, about)) {
      member.about = Object.freeze(about);
      if (about.instanceId !== null) group.instances.set(about.instanceId, member.id);
      fx.write(recordKey('consumer-member', group.id, member.id), { ...about });
      if (!sameList(before.topics, about.topics)) {
        bump = resubscribed = true;
        why = before.client === '' ? `${name} joined` : `${name} changed what it subscribes to`;
      } else if (!about.classic && this.assignorOf(group) !== assignor) {
        bump = true;
        why = `${name} asked for another assignor`;
      }
    }
    // Its session has not begun: it is new.
    if (member.timerAt === null) this.tellJoined(group, member, fx);
    const epochs = `${group.epoch} ${group.targetEpoch}`;
    if (bump || group.refresh) {
      group.refresh = false;
      if (this.refreshPartitions(group, fx) && !bump) {
        bump = true;
        why = 'topics that its members read have changed';
      }
      if (bump) group.epoch++;
    }
    if (group.epoch > group.targetEpoch && this.mayCompute(group, now)) this.computeTarget(group, now, fx);
    if (epochs !== `${group.epoch} ${group.targetEpoch}`) this.store(group, fx);
    const reads = (place: string): boolean => about.topics.includes(splitPlace(place).topic);
    const target = (group.target.get(member.id) ?? []).filter(reads);
    if (resubscribed || !isReconciledTo(member.current, group.targetEpoch)) {
      const taken = new Set<string>();
      for (const { current } of group.members.values()) {
        for (const place of current.assigned) taken.add(place);
        for (const place of current.pendingRevocation) taken.add(place);
      }
      let next = reconcile(member.current, group.targetEpoch, target, taken, owned);
      if (next === member.current && resubscribed) next = unsubscribe(next, reads, owned);
      if (next !== member.current) {
        this.move(group, member, next, fx);
        if (!about.classic) {
          if (next.state === 'UNREVOKED_PARTITIONS') this.setTimer(group, member, 'rebalance', fx);
          else member.timers.delete('rebalance');
        }
        if (!bump) why = progress(name, next);
      }
    }
    this.tell(group, why, fx);
  }

  /** @returns whether there are other topics, or other partition counts, than before */
  private refreshPartitions(group: Group, fx: ShardEffects): boolean {
    const partitions = [...topicPlaces(fx.image(), subscribed(group))].map(
      ([topic, places]) => [topic, places.length] as const,
    );
    const same =
      partitions.length === group.partitions.length &&
      partitions.every(
        ([topic, count], i) => topic === group.partitions[i]![0] && count === group.partitions[i]![1],
      );
    if (!same) group.partitions = Object.freeze(partitions);
    return !same;
  }

  /** K-90: a target is left as it is for a while, so that those who come or go together are shared out among at once. */
  private mayCompute({ targetAt }: Group, now: Micros): boolean {
    const intervalMs = this.context.config['group.consumer.assignment.interval.ms'];
    return targetAt === null || now >= targetAt + fromMs(intervalMs);
  }

  private computeTarget(group: Group, now: Micros, fx: ShardEffects): void {
    const members = [...group.members.values()].map(({ id, about }) => ({
      memberId: id,
      instanceId: about.instanceId,
      topics: about.topics,
      target: group.target.get(id) ?? [],
    }));
    const topics = topicPlaces(fx.image(), new Set(group.partitions.map(([topic]) => topic)));
    const target = assignOnServer(this.assignorOf(group), members, topics);
    for (const [id, places] of target) {
      if (group.target.has(id) && sameList(group.target.get(id)!, places)) continue;
      group.target.set(id, places);
      fx.write(recordKey('consumer-target', group.id, id), { places });
    }
    group.targetEpoch = group.epoch;
    group.targetAt = now;
    fx.trace({
      kind: 'target-computed',
      group: group.id,
      epoch: group.targetEpoch,
      assignment: [...group.members.values()].map(({ id, about }) => [about.client, target.get(id) ?? []]),
    });
  }

  /** The assignor that most of its members ask for, else the broker's first. */
  private assignorOf(group: Group): ServerAssignor {
    const offered = this.context.config['group.consumer.assignors'];
    const votes = offered.map(
      (name) => [...group.members.values()].filter(({ about }) => about.serverAssignor === name).length,
    );
    return offered[votes.indexOf(Math.max(...votes))]!;
  }

  // Members that speak the classic protocol (K-91).

  /** Goes on with a classic group, as its members are; the newcomer that speaks this protocol comes next. */
  takeOver(id: string, record: ClassicGroupRecord, now: Micros, fx: ShardEffects): void {
    const group = this.create(id);
    group.epoch = group.targetEpoch = record.generation;
    for (const { id: memberId, client, instanceId, assignment, protocols, ...rest } of record.members) {
      const member = this.add(group, memberId);
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
      this.touch(group, member, now, fx);
    }
    this.store(group, fx);
  }

  /** JoinGroup of a classic member in a group that has members. It is answered at once: nobody waits for the others. */
  classicJoin(request: JoinGroupRequest, parked: Parked, now: Micros, fx: ShardEffects): void {
    const { from, correlation } = parked;
    const { instanceId, protocols } = request;
    const group = this.existing(request.group);
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
    const holder = this.holderOf(group, instanceId);
    if (instanceId !== null && !isNew) {
      const error = staticRefusal(holder, memberId);
      if (error) {
        refuse(error, memberId);
        return;
      }
    }
    const member =
      isNew && holder
        ? this.replaceStatic(group, holder, memberId, from, fx)
        : (group.members.get(memberId) ?? this.add(group, memberId));
    const first = protocols[0]!;
    const { sessionTimeoutMs, rebalanceTimeoutMs } = request;
    this.step(
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
      this.touch(group, member, now, fx);
      this.setTimer(group, member, 'sync', fx);
    }
    fx.reply(from, correlation, reply);
  }

  classicSync(request: SyncGroupRequest, now: Micros, fx: ShardEffects): Reply {
    const group = this.existing(request.group);
    const member = this.classicMember(group, request);
    if (typeof member === 'string') return syncError(member);
    if (request.generation !== member.current.epoch) return syncError('ILLEGAL_GENERATION');
    if (group.epoch > member.current.epoch && member.current.state !== 'UNREVOKED_PARTITIONS') {
      this.expectJoin(group, member, fx);
      return syncError('REBALANCE_IN_PROGRESS');
    }
    member.timers.delete('sync');
    this.touch(group, member, now, fx);
    return {
      api: 'SyncGroup',
      error: 'NONE',
      protocol: member.about.classic!.protocols[0]!.name,
      places: member.current.assigned,
    };
  }

  /** Told to join again when there is a step to take: to hear of a new target, to give something up, to get something. */
  classicHeartbeat(request: HeartbeatRequest, now: Micros, fx: ShardEffects): ErrorCode {
    const group = this.existing(request.group);
    const member = this.classicMember(group, request);
    if (typeof member === 'string') return member;
    const { epoch, state } = member.current;
    if (request.generation !== epoch) return 'ILLEGAL_GENERATION';
    this.touch(group, member, now, fx);
    const step =
      epoch < group.epoch ||
      state === 'UNREVOKED_PARTITIONS' ||
      (state === 'UNRELEASED_PARTITIONS' && !isWaiting(group, member));
    if (!step) return 'NONE';
    this.expectJoin(group, member, fx);
    return 'REBALANCE_IN_PROGRESS';
  }

  classicLeave(request: LeaveGroupRequest, fx: ShardEffects): ErrorCode {
    const group = this.existing(request.group);
    const member = group.members.get(request.memberId);
    if (!member?.about.classic) return 'UNKNOWN_MEMBER_ID';
    this.remove(group, member, request.why, `${displayName(member.about.client)} left`, fx);
    return 'NONE';
  }

  private classicMember(
    group: Group,
    { memberId, instanceId }: { readonly memberId: string; readonly instanceId: string | null },
  ): Member | ErrorCode {
    const holder = this.holderOf(group, instanceId);
    if (instanceId !== null) {
      const error = staticRefusal(holder, memberId);
      if (error) return error;
    }
    const member = holder ?? group.members.get(memberId);
    return member?.about.classic ? member : 'UNKNOWN_MEMBER_ID';
  }

  private expectJoin(group: Group, member: Member, fx: ShardEffects): void {
    if (!member.timers.has('join')) this.setTimer(group, member, 'join', fx);
  }

  /**
   * K-91: all members speak the classic protocol again, and the group with them.
   * @param rebalance why they are to join anew; null when they need not
   */
  private giveAway(group: Group, rebalance: string | null, now: Micros, fx: ShardEffects): void {
    const members = [...group.members.values()];
    this.forget(group, fx);
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

  // Offsets (K-81, K-89).

  /** Whether a member, or (epoch −1) somebody outside, may commit now. */
  mayCommit(
    {
      group: id,
      memberId,
      generation,
      offsets,
    }: {
      readonly group: string;
      readonly memberId: string;
      readonly generation: number;
      readonly offsets: readonly (readonly [place: string, offset: number])[];
    },
    transactional: boolean,
  ): ErrorCode {
    const group = this.existing(id);
    if (generation < 0 && group.members.size === 0) return 'NONE';
    const member = group.members.get(memberId);
    if (!member) return 'UNKNOWN_MEMBER_ID';
    const { current } = member;
    const places = offsets.map(([place]) => place);
    if (generation === current.epoch || (generation < current.epoch && hadThen(current, generation, places)))
      return 'NONE';
    return member.about.classic || transactional ? 'ILLEGAL_GENERATION' : 'STALE_MEMBER_EPOCH';
  }

  // Time and topics.

  timer(timer: string, data: unknown, now: Micros, fx: ShardEffects): void {
    const {
      group: groupId,
      member: memberId,
      number,
    } = data as {
      group: string;
      member: string;
      number: number;
    };
    const group = this.groups.get(groupId);
    const member = group?.members.get(memberId);
    if (!group || !member) return;
    const name = displayName(member.about.client);
    const kind = timer.slice('consumer-'.length) as MemberTimer;
    if (member.timers.get(kind) !== number) return;
    member.timers.delete(kind);
    if (kind === 'session') {
      if (member.deadline > now) {
        this.time(group, member, now, fx);
        return;
      }
      const why = `no heartbeat for ${this.sessionTimeoutMs(member)} ms (${
        member.about.classic ? 'session.timeout.ms' : 'group.consumer.session.timeout.ms'
      })`;
      this.fence(group, member, why, `the session of ${name} expired`, now, fx);
      return;
    }
    const late = {
      rebalance: 'it did not give its partitions up within the rebalance timeout',
      join: 'it did not rejoin within the rebalance timeout',
      sync: 'it sent no SyncGroup within the rebalance timeout',
    }[kind];
    this.fence(group, member, late, `${name} was too slow`, now, fx);
  }

  imageChanged(): void {
    for (const group of this.groups.values()) group.refresh = true;
  }

  // The log.

  replayGroup(id: string, value: ConsumerGroupRecord | null): void {
    if (!value) {
      this.groups.delete(id);
      return;
    }
    const group = this.groups.get(id) ?? this.create(id);
    group.epoch = value.epoch;
    group.targetEpoch = value.targetEpoch;
    group.targetAt = value.targetAt;
    group.partitions = value.partitions;
  }

  replayMember(id: string, memberId: string, value: ConsumerMemberRecord | null): void {
    if (value) this.replayed(id, memberId).about = value;
    else this.groups.get(id)?.members.delete(memberId);
  }

  replayTarget(id: string, memberId: string, value: { readonly places: readonly string[] } | null): void {
    if (value) (this.groups.get(id) ?? this.create(id)).target.set(memberId, value.places);
    else this.groups.get(id)?.target.delete(memberId);
  }

  replayCurrent(id: string, memberId: string, value: CurrentAssignment | null): void {
    if (value) this.replayed(id, memberId).current = value;
  }

  private replayed(id: string, memberId: string): Member {
    const group = this.groups.get(id) ?? this.create(id);
    return group.members.get(memberId) ?? this.add(group, memberId);
  }

  /** Members get a whole session to be heard of, and a whole rebalance timeout to give up what they have to. */
  loaded(now: Micros, fx: ShardEffects): void {
    for (const group of this.groups.values()) {
      const members = [...group.members].sort(([, a], [, b]) => a.about.order - b.about.order);
      group.members = new Map(members);
      group.joined = (members.at(-1)?.[1].about.order ?? -1) + 1;
      group.instances = new Map(
        members.flatMap(([id, { about }]) => (about.instanceId === null ? [] : [[about.instanceId, id]])),
      );
      for (const [, member] of members) {
        this.touch(group, member, now, fx);
        if (member.current.state === 'UNREVOKED_PARTITIONS' && !member.about.classic)
          this.setTimer(group, member, 'rebalance', fx);
      }
      this.tell(group, 'the coordinator loaded the group from its log', fx);
    }
  }

  // Members.

  private create(id: string): Group {
    const group: Group = {
      id,
      epoch: FIRST_EPOCH,
      targetEpoch: FIRST_EPOCH,
      targetAt: null,
      partitions: [],
      members: new Map(),
      target: new Map(),
      instances: new Map(),
      joined: 0,
      refresh: true,
      told: '',
    };
    this.groups.set(id, group);
    return group;
  }

  private existing(id: string): Group {
    const group = this.groups.get(id);
    assert(group, `there is no consumer group ${id}`);
    return group;
  }

  private add(group: Group, memberId: string): Member {
    assert(group.members.size < MEMBERS_MAX, `more than ${MEMBERS_MAX} members in group ${group.id}`);
    const member: Member = {
      id: memberId,
      about: { ...NOBODY, order: group.joined++ },
      current: NOTHING_YET,
      deadline: 0,
      timerAt: null,
      timers: new Map(),
    };
    group.members.set(memberId, member);
    return member;
  }

  private holderOf(group: Group, instanceId: string | null): Member | undefined {
    return instanceId === null ? undefined : group.members.get(group.instances.get(instanceId) ?? '');
  }

  private move(group: Group, member: Member, current: CurrentAssignment, fx: ShardEffects): void {
    member.current = Object.freeze(current);
    fx.write(recordKey('consumer-current', group.id, member.id), { ...current });
  }

  /** A member goes, by its own will or not; the group with it goes back to the classic protocol when it was the last. */
  private fence(
    group: Group,
    member: Member,
    why: string,
    reason: string,
    now: Micros,
    fx: ShardEffects,
  ): void {
    const last =
      group.members.size > 1 &&
      !member.about.classic &&
      [...group.members.values()].every((other) => other === member || other.about.classic);
    if (!last) {
      this.remove(group, member, why, reason, fx);
      return;
    }
    this.drop(group, member, why, fx);
    this.giveAway(group, `${reason}: no member speaks the consumer protocol any more`, now, fx);
  }

  private remove(group: Group, member: Member, why: string, reason: string, fx: ShardEffects): void {
    this.drop(group, member, why, fx);
    this.refreshPartitions(group, fx);
    group.epoch++;
    // Nothing is left to share out.
    if (group.members.size === 0) {
      group.targetEpoch = group.epoch;
      group.targetAt = null;
    }
    this.store(group, fx);
    this.tell(group, reason, fx);
  }

  private drop(group: Group, member: Member, why: string, fx: ShardEffects): void {
    const { about, id } = member;
    group.members.delete(id);
    if (about.instanceId !== null) group.instances.delete(about.instanceId);
    this.erase(group, id, fx);
    fx.trace({ kind: 'member-removed', group: group.id, client: about.client, member: id, why });
  }

  private erase(group: Group, memberId: string, fx: ShardEffects): void {
    group.target.delete(memberId);
    fx.write(recordKey('consumer-current', group.id, memberId), null);
    fx.write(recordKey('consumer-target', group.id, memberId), null);
    fx.write(recordKey('consumer-member', group.id, memberId), null);
  }

  private forget(group: Group, fx: ShardEffects): void {
    this.groups.delete(group.id);
    for (const id of group.members.keys()) {
      fx.write(recordKey('consumer-current', group.id, id), null);
      fx.write(recordKey('consumer-target', group.id, id), null);
      fx.write(recordKey('consumer-member', group.id, id), null);
    }
    fx.write(recordKey('consumer-group', group.id), null);
  }

  private store(group: Group, fx: ShardEffects): void {
    const { epoch, targetEpoch, targetAt, partitions } = group;
    fx.write(recordKey('consumer-group', group.id), { epoch, targetEpoch, targetAt, partitions });
  }

  private sessionTimeoutMs(member: Member): number {
    return member.about.classic?.sessionTimeoutMs ?? this.context.config['group.consumer.session.timeout.ms'];
  }

  /** The member was heard of: its session begins anew. */
  private touch(group: Group, member: Member, now: Micros, fx: ShardEffects): void {
    member.deadline = now + fromMs(this.sessionTimeoutMs(member));
    if (member.timerAt === null || member.deadline < member.timerAt) this.time(group, member, now, fx);
  }

  /** One timer per member, set again until the deadline has really passed. */
  private time(group: Group, member: Member, now: Micros, fx: ShardEffects): void {
    member.timerAt = member.deadline;
    this.startTimer(group, member, 'session', member.deadline - now, fx);
  }

  private setTimer(group: Group, member: Member, kind: MemberTimer, fx: ShardEffects): void {
    this.startTimer(group, member, kind, fromMs(member.about.rebalanceTimeoutMs), fx);
  }

  private startTimer(group: Group, member: Member, kind: MemberTimer, delay: Micros, fx: ShardEffects): void {
    const number = ++this.timers;
    member.timers.set(kind, number);
    fx.timer(delay, `consumer-${kind}`, { group: group.id, member: member.id, number });
  }

  // What is told.

  /** Tells of the group if its state or its epoch is another than was told last. */
  private tell(group: Group, why: string, fx: ShardEffects): void {
    const state = stateOf(group);
    const told = `${state} ${group.epoch}`;
    if (told === group.told) return;
    group.told = told;
    fx.trace({
      kind: 'group-state-changed',
      group: group.id,
      state,
      stable: state === 'Stable' || state === 'Empty',
      generation: group.epoch,
      members: [...group.members.values()].map(({ about }) => about.client),
      why,
    });
  }

  private tellJoined(group: Group, member: Member, fx: ShardEffects): void {
    fx.trace({
      kind: 'member-joined',
      group: group.id,
      client: member.about.client,
      member: member.id,
      sessionTimeout: fromMs(this.sessionTimeoutMs(member)),
    });
  }
}

/** K-87. */
function stateOf(group: Group): GroupState {
  if (group.members.size === 0) return 'Empty';
  if (group.epoch > group.targetEpoch) return 'Assigning';
  for (const { current } of group.members.values())
    if (!isReconciledTo(current, group.targetEpoch)) return 'Reconciling';
  return 'Stable';
}

function subscribed(group: Group): Set<string> {
  return new Set([...group.members.values()].flatMap(({ about }) => about.topics));
}

/**
 * K-89: whether a member's epoch is not the one that it should have. The one before is taken when what the member owns
 * fits what it has been given since: the answer with the new epoch may have been lost.
 */
function isFenced(
  { epoch, previousEpoch, assigned }: CurrentAssignment,
  received: number,
  owned: readonly string[] | null,
): boolean {
  if (received >= epoch) return received > epoch;
  return received !== previousEpoch || owned === null || !owned.every((place) => assigned.includes(place));
}

/** K-84, K-89: why a member that says it is the one with an instance id is not. */
function staticRefusal(holder: Member | undefined, memberId: string): ErrorCode | null {
  if (!holder) return 'UNKNOWN_MEMBER_ID';
  return holder.id === memberId ? null : 'FENCED_INSTANCE_ID';
}

function sameAbout(a: ConsumerMemberRecord, b: ConsumerMemberRecord): boolean {
  return (
    a.client === b.client &&
    a.instanceId === b.instanceId &&
    a.serverAssignor === b.serverAssignor &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    sameList(a.topics, b.topics) &&
    a.classic === b.classic
  );
}

function progress(name: string, { state, epoch }: CurrentAssignment): string {
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
function isWaiting(group: Group, member: Member): boolean {
  const missing = (group.target.get(member.id) ?? []).filter(
    (place) => !member.current.assigned.includes(place),
  );
  for (const { current } of group.members.values()) {
    for (const place of missing)
      if (current.assigned.includes(place) || current.pendingRevocation.includes(place)) return true;
  }
  return false;
}

function allClassic(group: Group): boolean {
  return [...group.members.values()].every(({ about }) => about.classic);
}

/** Whether one of these assignors is offered by every classic member that is there. */
function supportsClassic(group: Group, protocols: readonly JoinProtocol[]): boolean {
  return protocols.some(({ name }) =>
    [...group.members.values()].every(
      ({ about }) => !about.classic || about.classic.protocols.some((other) => other.name === name),
    ),
  );
}

function heartbeatError(error: ErrorCode, message?: string): Reply {
  const refused = { memberEpoch: -1, heartbeatIntervalMs: 0, assignment: null };
  return { api: 'ConsumerGroupHeartbeat', error, ...(message !== undefined && { message }), ...refused };
}
