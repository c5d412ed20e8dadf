/**
 * The groups of the consumer protocol as their coordinator keeps them: who is in them, what is written of that and read
 * again from the log, the timers of their members, and what is told of them.
 */
import { assert } from '../../../sim/errors.ts';
import { fromMs, type Micros } from '../../../sim/time.ts';
import type { ShardContext, ShardEffects } from '../coordinator-shard.ts';
import {
  stateOf,
  type ConsumerGroupRecord,
  type ConsumerMemberRecord,
  type Group,
  type Member,
  type MemberTimer,
} from './consumer-group.ts';
import { recordKey } from './parts.ts';
import { type CurrentAssignment, NOTHING_YET } from './reconciliation.ts';

const MEMBERS_MAX = 1000;
/** K-87: of a group that is made, and of its target. */
const FIRST_EPOCH = 1;

const NOBODY: ConsumerMemberRecord = Object.freeze({
  client: '',
  instanceId: null,
  topics: Object.freeze([]),
  serverAssignor: null,
  rebalanceTimeoutMs: -1,
  classic: null,
  order: 0,
});

export class ConsumerStore {
  groups = new Map<string, Group>();
  private readonly context: ShardContext;
  private timers = 0;

  constructor(context: ShardContext) {
    this.context = context;
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

  create(id: string): Group {
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

  existing(id: string): Group {
    const group = this.groups.get(id);
    assert(group, `there is no consumer group ${id}`);
    return group;
  }

  add(group: Group, memberId: string): Member {
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

  holderOf(group: Group, instanceId: string | null): Member | undefined {
    return instanceId === null ? undefined : group.members.get(group.instances.get(instanceId) ?? '');
  }

  move(group: Group, member: Member, current: CurrentAssignment, fx: ShardEffects): void {
    member.current = Object.freeze(current);
    fx.write(recordKey('consumer-current', group.id, member.id), { ...current });
  }

  drop(group: Group, member: Member, why: string, fx: ShardEffects): void {
    const { about, id } = member;
    group.members.delete(id);
    if (about.instanceId !== null) group.instances.delete(about.instanceId);
    this.erase(group, id, fx);
    fx.trace({ kind: 'member-removed', group: group.id, client: about.client, member: id, why });
  }

  erase(group: Group, memberId: string, fx: ShardEffects): void {
    group.target.delete(memberId);
    fx.write(recordKey('consumer-current', group.id, memberId), null);
    fx.write(recordKey('consumer-target', group.id, memberId), null);
    fx.write(recordKey('consumer-member', group.id, memberId), null);
  }

  forget(group: Group, fx: ShardEffects): void {
    this.groups.delete(group.id);
    for (const id of group.members.keys()) {
      fx.write(recordKey('consumer-current', group.id, id), null);
      fx.write(recordKey('consumer-target', group.id, id), null);
      fx.write(recordKey('consumer-member', group.id, id), null);
    }
    fx.write(recordKey('consumer-group', group.id), null);
  }

  write(group: Group, fx: ShardEffects): void {
    const { epoch, targetEpoch, targetAt, partitions } = group;
    fx.write(recordKey('consumer-group', group.id), { epoch, targetEpoch, targetAt, partitions });
  }

  sessionTimeoutMs(member: Member): number {
    return member.about.classic?.sessionTimeoutMs ?? this.context.config['group.consumer.session.timeout.ms'];
  }

  /** The member was heard of: its session begins anew. */
  touch(group: Group, member: Member, now: Micros, fx: ShardEffects): void {
    member.deadline = now + fromMs(this.sessionTimeoutMs(member));
    if (member.timerAt === null || member.deadline < member.timerAt) this.time(group, member, now, fx);
  }

  /** One timer per member, set again until the deadline has really passed. */
  time(group: Group, member: Member, now: Micros, fx: ShardEffects): void {
    member.timerAt = member.deadline;
    this.startTimer(group, member, 'session', member.deadline - now, fx);
  }

  setTimer(group: Group, member: Member, kind: MemberTimer, fx: ShardEffects): void {
    this.startTimer(group, member, kind, fromMs(member.about.rebalanceTimeoutMs), fx);
  }

  private startTimer(group: Group, member: Member, kind: MemberTimer, delay: Micros, fx: ShardEffects): void {
    const number = ++this.timers;
    member.timers.set(kind, number);
    fx.timer(delay, `consumer-${kind}`, { group: group.id, member: member.id, number });
  }

  // What is told.

  /** Tells of the group if its state or its epoch is another than was told last. */
  tell(group: Group, why: string, fx: ShardEffects): void {
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

  tellJoined(group: Group, member: Member, fx: ShardEffects): void {
    fx.trace({
      kind: 'member-joined',
      group: group.id,
      client: member.about.client,
      member: member.id,
      sessionTimeout: fromMs(this.sessionTimeoutMs(member)),
    });
  }
}
