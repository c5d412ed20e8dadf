/**
 * Share groups' membership (K-101, K-102) as a part of the group coordinator, and what is kept for them: how far each
 * group is in each partition, for the partition's next leader (K-105, K-107).
 */
import { assert } from '../../../sim/errors.ts';
import { displayName } from '../../../sim/names.ts';
import { fromMs, type Micros } from '../../../sim/time.ts';
import { splitPlace } from '../cluster-image.ts';
import type { ShardContext, ShardEffects } from '../coordinator-shard.ts';
import type {
  ErrorCode,
  GroupDescription,
  GroupRequest,
  Reply,
  ShareGroupHeartbeatRequest,
  ShareState,
} from '../protocol.ts';
import { recordKey, sameList, topicPlaces } from './parts.ts';
import { assignSimple } from './server-assignors.ts';

/** Topics, and how many partitions of each. */
type Counts = readonly (readonly [topic: string, count: number])[];

/** A member as it is written. */
interface ShareMemberRecord {
  readonly id: string;
  readonly client: string;
  readonly topics: readonly string[];
  readonly epoch: number;
  readonly previousEpoch: number;
  readonly assigned: readonly string[];
}

export interface ShareGroupRecord {
  readonly epoch: number;
  readonly targetEpoch: number;
  readonly targetAt: Micros | null;
  readonly partitions: Counts;
  readonly initialized: Counts;
  readonly members: readonly ShareMemberRecord[];
  readonly target: readonly (readonly [memberId: string, places: readonly string[]])[];
}

/** What a share-partition's leader left (K-107). */
export interface ShareStateRecord {
  readonly leaderEpoch: number;
  /** Null: a leader has asked, and none has written. */
  readonly state: ShareState | null;
}

interface Member {
  readonly id: string;
  client: string;
  topics: readonly string[];
  epoch: number;
  previousEpoch: number;
  assigned: readonly string[];
  deadline: Micros;
  timed: boolean;
}

interface Group {
  readonly id: string;
  epoch: number;
  targetEpoch: number;
  /** When it was computed last; null without one, and once all members have gone. */
  targetAt: Micros | null;
  /** Of the topics that it reads, as it knew them last. */
  partitions: Counts;
  /** Topics of whose first so many partitions it has a state; no other partition is given to a member (K-102). */
  initialized: Map<string, number>;
  /** In order of joining. */
  members: Map<string, Member>;
  target: Map<string, readonly string[]>;
  refresh: boolean;
  told: string;
}

/** K-87: of a group that is made, and of its target. */
const FIRST_EPOCH = 1;
/** `group.share.max.size`, at its default (K-102). */
const GROUP_SIZE_MAX = 200;
const LEAVE = -1;
const MORE = 'other partitions are to be shared out';

type ReadShareState = Extract<GroupRequest, { api: 'ReadShareState' }>;
type WriteShareState = Extract<GroupRequest, { api: 'WriteShareState' }>;

export class ShareGroups {
  private readonly context: ShardContext;
  private groups = new Map<string, Group>();
  /** By group and place. */
  private states = new Map<string, Map<string, ShareStateRecord>>();

  constructor(context: ShardContext) {
    this.context = context;
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
    return this.isEmpty(id) ? 'Empty' : 'Stable';
  }

  subscribes(id: string, topic: string): boolean {
    for (const { topics } of this.existing(id).members.values()) if (topics.includes(topic)) return true;
    return false;
  }

  /** Forgets an empty group, and how far it was. */
  delete(id: string, fx: ShardEffects): void {
    assert(this.isEmpty(id), `share group ${id} is deleted with members in it`);
    this.groups.delete(id);
    fx.write(recordKey('share-group', id), null);
    for (const place of this.states.get(id)?.keys() ?? [])
      fx.write(recordKey('share-state', id, place), null);
    this.states.delete(id);
  }

  describe(id: string): GroupDescription {
    const group = this.existing(id);
    return {
      group: id,
      type: 'Share',
      state: this.state(id),
      coordinator: this.context.node,
      assignor: 'simple',
      epoch: group.epoch,
      targetEpoch: group.targetEpoch,
      members: [...group.members.values()].map((member) => ({
        memberId: member.id,
        client: member.client,
        instanceId: null,
        epoch: member.epoch,
        places: member.assigned,
        targetPlaces: group.target.get(member.id) ?? [],
      })),
    };
  }

  /** Like that of the consumer protocol, but there is nothing to wait for: a partition may be with many members. */
  heartbeat(request: ShareGroupHeartbeatRequest, from: string, now: Micros, fx: ShardEffects): Reply {
    const { memberId, memberEpoch, topics } = request;
    if (memberId === '' || memberEpoch < LEAVE) return heartbeatError('INVALID_REQUEST');
    if (memberEpoch === 0 && (topics === null || topics.length === 0))
      return heartbeatError('INVALID_REQUEST');
    let group = this.groups.get(request.group);
    if (!group) {
      if (memberEpoch !== 0) return heartbeatError('GROUP_ID_NOT_FOUND');
      group = this.create(request.group);
    }
    let member = group.members.get(memberId);
    if (memberEpoch === LEAVE) {
      if (!member) return heartbeatError('UNKNOWN_MEMBER_ID');
      this.remove(group, member, 'it left', `${displayName(member.client)} left`, fx);
      return heartbeatError('NONE');
    }
    if (!member) {
      if (memberEpoch !== 0) return heartbeatError('UNKNOWN_MEMBER_ID');
      if (group.members.size >= GROUP_SIZE_MAX) return heartbeatError('GROUP_MAX_SIZE_REACHED');
      member = this.add(group, memberId, from, fx);
    }
    // One that was fenced begins again with 0, though its old self is still there (KAFKA-19233).
    if (memberEpoch !== 0 && memberEpoch !== member.epoch && memberEpoch !== member.previousEpoch)
      return heartbeatError('FENCED_MEMBER_EPOCH');
    const before = member.assigned;
    this.step(group, member, from, topics ? [...new Set(topics)].toSorted() : member.topics, now, fx);
    this.touch(group, member, now, fx);
    return {
      api: 'ShareGroupHeartbeat',
      error: 'NONE',
      memberEpoch: member.epoch,
      heartbeatIntervalMs: this.context.config['group.share.heartbeat.interval.ms'],
      assignment: topics || !sameList(before, member.assigned) ? member.assigned : null,
    };
  }

  private step(
    group: Group,
    member: Member,
    from: string,
    topics: readonly string[],
    now: Micros,
    fx: ShardEffects,
  ): void {
    const name = displayName(from);
    let why = `${name} has all that it is to have`;
    let changed = member.client !== from;
    let bump = false;
    member.client = from;
    if (!sameList(member.topics, topics)) {
      why = member.topics.length === 0 ? `${name} joined` : `${name} changed what it subscribes to`;
      member.topics = topics;
      bump = true;
    } else if (group.epoch === group.targetEpoch && this.hasMoreToGive(group)) {
      why = MORE;
      bump = true;
    }
    if (bump || group.refresh) {
      group.refresh = false;
      if (this.refreshPartitions(group, fx) && !bump) {
        why = MORE;
        bump = true;
      }
    }
    if (bump) {
      group.epoch++;
      changed = true;
    }
    if (group.epoch > group.targetEpoch && this.mayCompute(group, now)) {
      this.computeTarget(group, now, fx);
      changed = true;
    }
    if (bump || member.epoch !== group.targetEpoch) {
      if (member.epoch !== group.targetEpoch) {
        member.previousEpoch = member.epoch;
        member.epoch = group.targetEpoch;
      }
      const target = group.target.get(member.id) ?? [];
      member.assigned = target.filter((place) => topics.includes(splitPlace(place).topic));
      changed = true;
    }
    if (this.initialize(group, fx)) changed = true;
    if (changed) this.store(group, fx);
    this.tell(group, why, fx);
  }

  /** @returns whether the topics that it reads, or their partition counts, are others than before */
  private refreshPartitions(group: Group, fx: ShardEffects): boolean {
    const partitions = this.countsOf(group, fx);
    const same = JSON.stringify(partitions) === JSON.stringify(group.partitions);
    group.partitions = partitions;
    return !same;
  }

  private countsOf(group: Group, fx: ShardEffects): Counts {
    const subscribed = new Set([...group.members.values()].flatMap(({ topics }) => topics));
    return [...topicPlaces(fx.image(), subscribed)].map(([topic, places]) => [topic, places.length]);
  }

  /**
   * K-102: has the state made of partitions that have none. Of a topic that is new to the group it begins by
   * `share.auto.offset.reset`, of partitions that a topic got since at their first record.
   * @returns whether there were any
   */
  private initialize(group: Group, fx: ShardEffects): boolean {
    let any = false;
    for (const [topic, count] of this.countsOf(group, fx)) {
      const known = group.initialized.get(topic);
      if (known === count) continue;
      any = true;
      group.initialized.set(topic, count);
      for (let index = known ?? count; index < count; index++)
        this.keep(
          group.id,
          `${topic}-${index}`,
          { leaderEpoch: -1, state: { startOffset: 0, records: [] } },
          fx,
        );
    }
    return any;
  }

  /** Whether it has the state of partitions that are nobody's. */
  private hasMoreToGive(group: Group): boolean {
    const given = new Set([...group.target.values()].flat());
    return group.partitions.some(([topic]) => {
      const count = group.initialized.get(topic) ?? 0;
      return count > 0 && !given.has(`${topic}-${count - 1}`);
    });
  }

  /** As with consumer groups (K-90). */
  private mayCompute({ targetAt }: Group, now: Micros): boolean {
    return (
      targetAt === null || now >= targetAt + fromMs(this.context.config['group.share.assignment.interval.ms'])
    );
  }

  private computeTarget(group: Group, now: Micros, fx: ShardEffects): void {
    const members = [...group.members.values()];
    const places = [...group.initialized].map(([topic, count]): [string, string[]] => [
      topic,
      Array.from({ length: count }, (_, index) => `${topic}-${index}`),
    ]);
    group.target = assignSimple(
      members.map(({ id, topics }) => ({
        memberId: id,
        instanceId: null,
        topics,
        target: group.target.get(id) ?? [],
      })),
      new Map(places),
    );
    group.targetEpoch = group.epoch;
    group.targetAt = now;
    fx.trace({
      kind: 'target-computed',
      group: group.id,
      epoch: group.targetEpoch,
      shared: true,
      assignment: members.map(({ id, client }) => [client, group.target.get(id) ?? []]),
    });
  }

  // What share-partitions' leaders keep here (K-107).

  readState({ group, place, leaderEpoch }: ReadShareState, fx: ShardEffects): Reply {
    const kept = this.states.get(group)?.get(place);
    if (kept && leaderEpoch < kept.leaderEpoch)
      return { api: 'ReadShareState', error: 'FENCED_LEADER_EPOCH', state: null };
    // From now on the leader before is fenced.
    if (!kept || leaderEpoch > kept.leaderEpoch)
      this.keep(group, place, { leaderEpoch, state: kept?.state ?? null }, fx);
    return { api: 'ReadShareState', error: 'NONE', state: kept?.state ?? null };
  }

  writeState({ group, place, leaderEpoch, state }: WriteShareState, fx: ShardEffects): Reply {
    const kept = this.states.get(group)?.get(place);
    if (kept && leaderEpoch < kept.leaderEpoch)
      return { api: 'WriteShareState', error: 'FENCED_LEADER_EPOCH' };
    this.keep(group, place, { leaderEpoch, state }, fx);
    return { api: 'WriteShareState', error: 'NONE' };
  }

  private keep(group: string, place: string, record: ShareStateRecord, fx: ShardEffects): void {
    this.replayState(group, place, record);
    fx.write(recordKey('share-state', group, place), record);
  }

  /** A topic was deleted: how far its groups were in it is of no use. */
  topicDeleted(topic: string, fx: ShardEffects): void {
    for (const group of this.groups.values()) if (group.initialized.delete(topic)) this.store(group, fx);
    for (const [group, states] of this.states) {
      for (const place of [...states.keys()]) {
        if (splitPlace(place).topic !== topic) continue;
        states.delete(place);
        fx.write(recordKey('share-state', group, place), null);
      }
    }
  }

  // Time, topics, the log.

  timer(data: unknown, now: Micros, fx: ShardEffects): void {
    const { group: groupId, member: memberId } = data as { group: string; member: string };
    const group = this.groups.get(groupId);
    const member = group?.members.get(memberId);
    if (!group || !member) return;
    member.timed = false;
    if (member.deadline > now) {
      this.time(group, member, now, fx);
      return;
    }
    const timeoutMs = this.context.config['group.share.session.timeout.ms'];
    this.remove(
      group,
      member,
      `no heartbeat for ${timeoutMs} ms (group.share.session.timeout.ms)`,
      `the session of ${displayName(member.client)} expired`,
      fx,
    );
  }

  imageChanged(): void {
    for (const group of this.groups.values()) group.refresh = true;
  }

  replayGroup(id: string, value: ShareGroupRecord | null): void {
    if (!value) {
      this.groups.delete(id);
      return;
    }
    const group = this.groups.get(id) ?? this.create(id);
    group.epoch = value.epoch;
    group.targetEpoch = value.targetEpoch;
    group.targetAt = value.targetAt;
    group.partitions = value.partitions;
    group.initialized = new Map(value.initialized);
    group.members = new Map(
      value.members.map((member) => [member.id, { ...member, deadline: 0, timed: false }]),
    );
    group.target = new Map(value.target);
  }

  replayState(group: string, place: string, value: ShareStateRecord | null): void {
    if (!value) {
      this.states.get(group)?.delete(place);
      return;
    }
    let states = this.states.get(group);
    if (!states) this.states.set(group, (states = new Map<string, ShareStateRecord>()));
    states.set(place, value);
  }

  /** Members get a whole session to be heard of. */
  loaded(now: Micros, fx: ShardEffects): void {
    for (const group of this.groups.values()) {
      for (const member of group.members.values()) this.touch(group, member, now, fx);
      this.tell(group, 'the coordinator loaded the group from its log', fx);
    }
  }

  private create(id: string): Group {
    const group: Group = {
      id,
      epoch: FIRST_EPOCH,
      targetEpoch: FIRST_EPOCH,
      targetAt: null,
      partitions: [],
      initialized: new Map(),
      members: new Map(),
      target: new Map(),
      refresh: true,
      told: '',
    };
    this.groups.set(id, group);
    return group;
  }

  private existing(id: string): Group {
    const group = this.groups.get(id);
    assert(group, `there is no share group ${id}`);
    return group;
  }

  private add(group: Group, id: string, client: string, fx: ShardEffects): Member {
    const member: Member = {
      id,
      client,
      topics: [],
      epoch: 0,
      previousEpoch: -1,
      assigned: [],
      deadline: 0,
      timed: false,
    };
    group.members.set(id, member);
    const sessionTimeout = fromMs(this.context.config['group.share.session.timeout.ms']);
    fx.trace({ kind: 'member-joined', group: group.id, client, member: id, sessionTimeout });
    return member;
  }

  private remove(group: Group, member: Member, why: string, reason: string, fx: ShardEffects): void {
    group.members.delete(member.id);
    group.target.delete(member.id);
    this.refreshPartitions(group, fx);
    group.epoch++;
    // Nothing is left to share out.
    if (group.members.size === 0) {
      group.targetEpoch = group.epoch;
      group.targetAt = null;
    }
    this.store(group, fx);
    fx.trace({ kind: 'member-removed', group: group.id, client: member.client, member: member.id, why });
    this.tell(group, reason, fx);
  }

  private store(group: Group, fx: ShardEffects): void {
    const record: ShareGroupRecord = {
      epoch: group.epoch,
      targetEpoch: group.targetEpoch,
      targetAt: group.targetAt,
      partitions: group.partitions,
      initialized: [...group.initialized],
      members: [...group.members.values()].map(({ id, client, topics, epoch, previousEpoch, assigned }) => ({
        id,
        client,
        topics,
        epoch,
        previousEpoch,
        assigned,
      })),
      target: [...group.target].map(([id, places]) => [id, places]),
    };
    fx.write(recordKey('share-group', group.id), record);
  }

  private touch(group: Group, member: Member, now: Micros, fx: ShardEffects): void {
    member.deadline = now + fromMs(this.context.config['group.share.session.timeout.ms']);
    if (!member.timed) this.time(group, member, now, fx);
  }

  private time(group: Group, member: Member, now: Micros, fx: ShardEffects): void {
    member.timed = true;
    fx.timer(member.deadline - now, 'share-session', { group: group.id, member: member.id });
  }

  private tell(group: Group, why: string, fx: ShardEffects): void {
    const state = this.state(group.id);
    const told = `${state} ${group.epoch}`;
    if (told === group.told) return;
    group.told = told;
    fx.trace({
      kind: 'group-state-changed',
      group: group.id,
      state,
      stable: true,
      generation: group.epoch,
      members: [...group.members.values()].map(({ client }) => client),
      why,
    });
  }
}

function heartbeatError(error: ErrorCode): Reply {
  return { api: 'ShareGroupHeartbeat', error, memberEpoch: -1, heartbeatIntervalMs: 0, assignment: null };
}
