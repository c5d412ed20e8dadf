/**
 * The consumer protocol (KIP-848, K-85 to K-91) as a part of the group coordinator. Members say in heartbeats what they
 * read and own; the coordinator computes who is to have what (the target, for a group epoch) and leads each member there
 * by itself, without a moment at which all of them stop.
 */
import { assert } from '../../../sim/errors.ts';
import { displayName } from '../../../sim/names.ts';
import { fromMs, type Micros } from '../../../sim/time.ts';
import { splitPlace } from '../cluster-image.ts';
import type { ShardContext, ShardEffects } from '../coordinator-shard.ts';
import type { ConsumerGroupHeartbeatRequest, ErrorCode, GroupDescription, Reply } from '../protocol.ts';
import type { ClassicGroups } from './classic.ts';
import { ClassicMembers } from './classic-members.ts';
import {
  heartbeatError,
  isFenced,
  progress,
  sameAbout,
  stateOf,
  staticRefusal,
  subscribed,
  type ConsumerMemberRecord,
  type Group,
  type Member,
  type MemberTimer,
} from './consumer-group.ts';
import { ConsumerStore } from './consumer-store.ts';
import { recordKey, sameList, topicPlaces } from './parts.ts';
import { hadThen, isReconciledTo, reconcile, sinceWhen, unsubscribe } from './reconciliation.ts';
import { assignOnServer, type ServerAssignor } from './server-assignors.ts';

const LEAVE = -1;
const LEAVE_STATIC = -2;

export class ConsumerGroups {
  readonly store: ConsumerStore;
  /** Members that speak the classic protocol (K-91). */
  readonly classicMembers: ClassicMembers;
  private readonly context: ShardContext;

  constructor(context: ShardContext, classic: ClassicGroups) {
    this.context = context;
    this.store = new ConsumerStore(context);
    this.classicMembers = new ClassicMembers(context, classic, this.store, this);
  }

  has(id: string): boolean {
    return this.store.groups.has(id);
  }

  ids(): string[] {
    return [...this.store.groups.keys()];
  }

  isEmpty(id: string): boolean {
    return this.store.groups.get(id)?.members.size === 0;
  }

  state(id: string): string {
    return stateOf(this.store.existing(id));
  }

  subscribes(id: string, topic: string): boolean {
    return this.store.existing(id).partitions.some(([name]) => name === topic);
  }

  /** Forgets an empty group. */
  delete(id: string, fx: ShardEffects): void {
    assert(this.store.existing(id).members.size === 0, `group ${id} is deleted with members in it`);
    this.store.forget(this.store.existing(id), fx);
  }

  describe(id: string): GroupDescription {
    const group = this.store.existing(id);
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
    let group = this.store.groups.get(request.group);
    if (memberEpoch === LEAVE || memberEpoch === LEAVE_STATIC)
      return group ? this.leave(group, request, now, fx) : heartbeatError('GROUP_ID_NOT_FOUND');
    if (!group) {
      if (memberEpoch !== 0) return heartbeatError('GROUP_ID_NOT_FOUND');
      group = this.store.create(request.group);
    }
    const known = group.members.get(memberId);
    const holder = this.store.holderOf(group, instanceId);
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
    } else member = known ?? this.store.add(group, memberId);
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
    this.store.touch(group, member, now, fx);
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
    const holder = this.store.holderOf(group, instanceId);
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
    this.store.move(
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
    this.store.tell(group, `${name} left for the time being, as a static member`, fx);
    return left;
  }

  /** K-84, K-89: another process goes on where a static member left off. */
  replaceStatic(group: Group, old: Member, memberId: string, from: string, fx: ShardEffects): Member {
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
    this.store.erase(group, old.id, fx);
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
  step(
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
    if (member.timerAt === null) this.store.tellJoined(group, member, fx);
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
    if (epochs !== `${group.epoch} ${group.targetEpoch}`) this.store.write(group, fx);
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
        this.store.move(group, member, next, fx);
        if (!about.classic) {
          if (next.state === 'UNREVOKED_PARTITIONS') this.store.setTimer(group, member, 'rebalance', fx);
          else member.timers.delete('rebalance');
        }
        if (!bump) why = progress(name, next);
      }
    }
    this.store.tell(group, why, fx);
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
    const group = this.store.existing(id);
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
    const group = this.store.groups.get(groupId);
    const member = group?.members.get(memberId);
    if (!group || !member) return;
    const name = displayName(member.about.client);
    const kind = timer.slice('consumer-'.length) as MemberTimer;
    if (member.timers.get(kind) !== number) return;
    member.timers.delete(kind);
    if (kind === 'session') {
      if (member.deadline > now) {
        this.store.time(group, member, now, fx);
        return;
      }
      const why = `no heartbeat for ${this.store.sessionTimeoutMs(member)} ms (${
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
    for (const group of this.store.groups.values()) group.refresh = true;
  }

  // Members go.

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
    this.store.drop(group, member, why, fx);
    this.classicMembers.giveAway(
      group,
      `${reason}: no member speaks the consumer protocol any more`,
      now,
      fx,
    );
  }

  remove(group: Group, member: Member, why: string, reason: string, fx: ShardEffects): void {
    this.store.drop(group, member, why, fx);
    this.refreshPartitions(group, fx);
    group.epoch++;
    // Nothing is left to share out.
    if (group.members.size === 0) {
      group.targetEpoch = group.epoch;
      group.targetAt = null;
    }
    this.store.write(group, fx);
    this.store.tell(group, reason, fx);
  }
}
