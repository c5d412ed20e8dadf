// The consumer protocol of KIP-848, driven by hand (K-85 to K-91, O-15), and with random faults.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GroupShard } from '../../../src/brokers/kafka/groups/group-shard.ts';
import { recordKey, type RecordKind } from '../../../src/brokers/kafka/groups/parts.ts';
import {
  reconcile,
  sinceWhen,
  unsubscribe,
  type CurrentAssignment,
  type MemberState,
} from '../../../src/brokers/kafka/groups/reconciliation.ts';
import type {
  ConsumerGroupHeartbeatRequest,
  JoinGroupRequest,
  ReplyTo,
} from '../../../src/brokers/kafka/protocol.ts';
import { ShardBench, type ShardBenchOptions } from './shard-bench.ts';

type Bench = ShardBench<GroupShard>;
type Heartbeat = Partial<Omit<ConsumerGroupHeartbeatRequest, 'api'>>;

function newBench(partitions = 4, options: ShardBenchOptions = {}): Bench {
  return new ShardBench((context) => new GroupShard(context), {
    topics: { t: partitions },
    config: { 'group.consumer.assignment.interval.ms': 0 },
    ...options,
  });
}

function request(memberId: string, memberEpoch: number, more: Heartbeat = {}): ConsumerGroupHeartbeatRequest {
  return {
    api: 'ConsumerGroupHeartbeat',
    group: 'g',
    memberId,
    instanceId: null,
    memberEpoch,
    rebalanceTimeoutMs: -1,
    topics: null,
    serverAssignor: null,
    owned: null,
    ...more,
  };
}

/** The first heartbeat of a member; its client has the same name. */
function join(bench: Bench, id: string, more: Heartbeat = {}) {
  const full = { rebalanceTimeoutMs: 60_000, topics: ['t'], owned: [], ...more };
  return bench.answer(id, request(id, 0, full));
}

const beat = (bench: Bench, id: string, epoch: number, more: Heartbeat = {}) =>
  bench.answer(id, request(id, epoch, more));

const t = (...numbers: number[]) => numbers.map((number) => `t-${number}`);

function described(bench: Bench) {
  return bench.answer('admin', { api: 'DescribeGroup', group: 'g' }).description!;
}

const groupState = (bench: Bench) => described(bench).state;

/** A and B with two partitions each, in epoch 3. */
function pair(bench = newBench()): Bench {
  join(bench, 'A');
  join(bench, 'B');
  beat(bench, 'A', 2);
  beat(bench, 'A', 2, { owned: t(0, 1) });
  expect(beat(bench, 'B', 3).assignment).toEqual(t(2, 3));
  expect(groupState(bench)).toBe('Stable');
  return bench;
}

describe('reconciliation of one member', () => {
  const current = (
    state: MemberState,
    assigned: string[],
    pendingRevocation: string[] = [],
    epochs = [10, 10],
  ): CurrentAssignment => ({
    epoch: epochs[0]!,
    previousEpoch: epochs[1]!,
    state,
    assigned,
    pendingRevocation,
    since: sinceWhen({}, [...assigned, ...pendingRevocation], epochs[0]!),
  });
  /** What it has since before is so since before. */
  const after = (from: CurrentAssignment, next: CurrentAssignment): CurrentAssignment => ({
    ...next,
    since: sinceWhen(from.since, [...next.assigned, ...next.pendingRevocation], next.epoch),
  });
  const nobody = new Set<string>();

  // Cases of CurrentAssignmentBuilderTest, with one topic.
  it.each([
    ['stable to stable', current('STABLE', t(1, 2, 3)), t(1, 2, 3), t(1, 2, 3), null],
    ['stable to stable with new partitions', current('STABLE', t(1, 2, 3)), t(1, 2, 3, 4), [], null],
    ['revoked before it was asked', current('STABLE', t(1, 2, 3)), t(2, 3), [], t(2, 3)],
    ['unrevoked to stable', current('UNREVOKED_PARTITIONS', t(2, 3), t(1)), t(2, 3), t(1), t(2, 3)],
    ['unreleased to stable', current('UNRELEASED_PARTITIONS', t(2), [], [11, 10]), t(2, 3), t(2), null],
  ])('K-88: %s: the target, in its epoch', (_, from, target, taken, owned) => {
    expect(reconcile(from, 11, target, new Set(taken), owned)).toEqual(
      after(from, current('STABLE', target, [], [11, from.epoch])),
    );
  });

  it('K-88: stable to unrevoked: the epoch stays until it says that it has given them up', () => {
    const next = reconcile(current('STABLE', t(1, 2, 3)), 11, t(2, 3, 4), nobody, null);
    expect(next).toEqual(current('UNREVOKED_PARTITIONS', t(2, 3), t(1)));
    for (const owned of [null, t(1, 2, 3)]) expect(reconcile(next, 12, t(3), nobody, owned)).toBe(next);
  });

  it('K-88: unrevoked to unrevoked: a later target wants still more of it', () => {
    const from = current('UNREVOKED_PARTITIONS', t(2, 3), t(1));
    expect(reconcile(from, 12, t(3), new Set(t(1)), t(2, 3))).toEqual(
      current('UNREVOKED_PARTITIONS', t(3), t(2)),
    );
  });

  it('K-88 K-90: topics that it does not read any more are given up in the epoch in which it is', () => {
    const reads = (place: string) => place !== 't-1';
    const from = current('STABLE', t(1, 2), [], [11, 10]);
    const next = unsubscribe(from, reads, null);
    expect(next).toEqual(current('UNREVOKED_PARTITIONS', t(2), t(1), [11, 11]));
    expect(unsubscribe(from, reads, t(2))).toEqual(current('STABLE', t(2), [], [11, 11]));
    expect(unsubscribe(next, reads, null)).toBe(next);
    const more = unsubscribe(next, () => false, null);
    expect(more).toEqual(current('UNREVOKED_PARTITIONS', [], t(1, 2), [11, 11]));
  });

  it('K-88: what others have is left out, and waited for', () => {
    const from = current('STABLE', t(1));
    const next = reconcile(from, 11, t(1, 2, 3), new Set(t(1, 2)), null);
    expect(next).toEqual(after(from, current('UNRELEASED_PARTITIONS', t(1, 3), [], [11, 10])));
    expect(next.since).toEqual({ 't-1': 10, 't-3': 11 });
  });

  it('K-88: what it has given up itself and is to have again, it gets a heartbeat later', () => {
    const from = current('UNREVOKED_PARTITIONS', t(1), t(2));
    const next = reconcile(from, 11, t(1, 2), new Set(t(1, 2)), t(1));
    expect(next).toEqual(after(from, current('UNRELEASED_PARTITIONS', t(1), [], [11, 10])));
    expect(reconcile(next, 11, t(1, 2), new Set(t(1)), t(1)).assigned).toEqual(t(1, 2));
  });
});

describe('the consumer protocol', () => {
  it('K-86 K-87 K-88 O-15: B joins A, and partitions change hands one by one', () => {
    const bench = newBench();
    expect(join(bench, 'A')).toMatchObject({
      error: 'NONE',
      memberEpoch: 2,
      heartbeatIntervalMs: 5000,
      assignment: t(0, 1, 2, 3),
    });
    expect(groupState(bench)).toBe('Stable');
    // 2 and 3 are A's still.
    expect(join(bench, 'B')).toMatchObject({ memberEpoch: 3, assignment: [] });
    expect(described(bench)).toMatchObject({ epoch: 3, targetEpoch: 3, state: 'Reconciling' });
    expect(bench.only('target-computed').at(-1)).toMatchObject({
      epoch: 3,
      assignment: [
        ['A', t(0, 1)],
        ['B', t(2, 3)],
      ],
    });
    expect(beat(bench, 'B', 3)).toMatchObject({ memberEpoch: 3, assignment: null });
    expect(beat(bench, 'A', 2)).toMatchObject({ memberEpoch: 2, assignment: t(0, 1) });
    // It has not said that it has given them up.
    expect(beat(bench, 'A', 2)).toMatchObject({ memberEpoch: 2, assignment: null });
    expect(beat(bench, 'B', 3).assignment).toBeNull();
    expect(beat(bench, 'A', 2, { owned: t(0, 1) })).toMatchObject({ memberEpoch: 3, assignment: null });
    expect(groupState(bench)).toBe('Reconciling');
    expect(beat(bench, 'B', 3)).toMatchObject({ memberEpoch: 3, assignment: t(2, 3) });
    expect(groupState(bench)).toBe('Stable');
    expect(bench.states()).toEqual(['0 Stable 2', '0 Reconciling 3', '0 Stable 3']);
    expect(bench.only('group-state-changed').map(({ stable }) => stable)).toEqual([true, false, true]);
  });

  it('K-87: one that leaves bumps the group epoch; the next heartbeat computes a target', () => {
    const bench = pair();
    expect(beat(bench, 'B', -1)).toMatchObject({ error: 'NONE', memberEpoch: -1 });
    expect(described(bench)).toMatchObject({ epoch: 4, targetEpoch: 3, state: 'Assigning' });
    expect(beat(bench, 'A', 3)).toMatchObject({ memberEpoch: 4, assignment: t(0, 1, 2, 3) });
    expect(groupState(bench)).toBe('Stable');
    beat(bench, 'A', -1);
    expect(groupState(bench)).toBe('Empty');
    expect(bench.only('member-removed').map(({ member }) => member)).toEqual(['B', 'A']);
  });

  // What Kafka 4.4.0 told of such a group (DescribeGroups): its epoch, that of its target, and those of its members.
  it('K-87: epochs begin with 2, and go on by one, as those of a real group did', () => {
    const bench = newBench(4, { topics: { t: 4, u: 1 } });
    const epochs = () => {
      const { epoch, targetEpoch, members } = described(bench);
      return [epoch, targetEpoch, ...members.map((member) => `${member.memberId}@${member.epoch!}`)];
    };
    join(bench, 'A');
    expect(epochs()).toEqual([2, 2, 'A@2']);
    join(bench, 'B');
    beat(bench, 'A', 2);
    expect(epochs()).toEqual([3, 3, 'A@2', 'B@3']);
    beat(bench, 'A', 2, { owned: t(0, 1) });
    beat(bench, 'B', 3);
    expect(epochs()).toEqual([3, 3, 'A@3', 'B@3']);
    beat(bench, 'A', -1);
    expect(epochs()).toEqual([4, 3, 'B@3']);
    beat(bench, 'B', 3);
    expect(epochs()).toEqual([4, 4, 'B@4']);
    beat(bench, 'B', 4, { topics: ['t', 'u'] });
    expect(epochs()).toEqual([5, 5, 'B@5']);
    bench.setTopics({ t: 6, u: 1, other: 1 });
    beat(bench, 'B', 5);
    expect(epochs()).toEqual([6, 6, 'B@6']);
    for (const compacted of [true, false]) {
      bench.failOver({ compacted });
      expect(epochs()).toEqual([6, 6, 'B@6']);
    }
    beat(bench, 'B', -1);
    expect(epochs()).toEqual([7, 7]);
    bench.failOver();
    join(bench, 'C', { serverAssignor: 'range' });
    expect(epochs()).toEqual([8, 8, 'C@8']);
  });

  it('K-87: another subscription bumps the group epoch, and so does another assignor of the group', () => {
    const bench = newBench(2, { topics: { t: 2, u: 1 } });
    join(bench, 'A');
    expect(beat(bench, 'A', 2, { topics: ['u', 't'] })).toMatchObject({
      memberEpoch: 3,
      assignment: ['t-0', 't-1', 'u-0'],
    });
    expect(beat(bench, 'A', 3, { topics: ['t', 'u'] }).memberEpoch).toBe(3);
    // The one that the group has anyway.
    expect(beat(bench, 'A', 3, { serverAssignor: 'uniform' }).memberEpoch).toBe(3);
    expect(beat(bench, 'A', 3, { serverAssignor: 'range' }).memberEpoch).toBe(4);
    expect(described(bench)).toMatchObject({ assignor: 'range', epoch: 4 });
  });

  it('K-87: partitions that are added are found by the next heartbeat, whoever sends it', () => {
    const bench = pair();
    bench.setTopics({ t: 4, other: 3 });
    expect(beat(bench, 'A', 3).memberEpoch).toBe(3);
    bench.setTopics({ t: 6, other: 3 });
    expect(described(bench).epoch).toBe(3);
    expect(beat(bench, 'A', 3)).toMatchObject({ memberEpoch: 4, assignment: t(0, 1, 4) });
    expect(beat(bench, 'B', 3)).toMatchObject({ memberEpoch: 4, assignment: t(2, 3, 5) });
  });

  it('K-87: a topic that does not exist yet is taken up when it is created, and let go when it is deleted', () => {
    const bench = newBench(1, { topics: { other: 1 } });
    expect(join(bench, 'A')).toMatchObject({ memberEpoch: 2, assignment: [] });
    bench.setTopics({ other: 1, t: 2 });
    expect(beat(bench, 'A', 2)).toMatchObject({ memberEpoch: 3, assignment: t(0, 1) });
    bench.setTopics({ other: 1 });
    expect(beat(bench, 'A', 3, { owned: [] })).toMatchObject({ memberEpoch: 4, assignment: [] });
  });

  it('K-89: an epoch that is not its own is fenced, unless the answer with it may have been lost', () => {
    const bench = pair();
    expect(beat(bench, 'A', 4).error).toBe('FENCED_MEMBER_EPOCH');
    bench.setTopics({ t: 6 });
    // The answer to this one is lost: A goes on in epoch 3.
    expect(beat(bench, 'A', 3).memberEpoch).toBe(4);
    expect(beat(bench, 'A', 3).error).toBe('FENCED_MEMBER_EPOCH');
    expect(beat(bench, 'A', 3, { owned: t(0, 1, 2) }).error).toBe('FENCED_MEMBER_EPOCH');
    const full = { owned: t(0, 1), topics: ['t'], rebalanceTimeoutMs: 60_000 };
    expect(beat(bench, 'A', 3, full)).toMatchObject({
      error: 'NONE',
      memberEpoch: 4,
      assignment: t(0, 1, 4),
    });
    expect(beat(bench, 'A', 2, full).error).toBe('FENCED_MEMBER_EPOCH');
    expect(beat(bench, 'nobody', 4).error).toBe('UNKNOWN_MEMBER_ID');
    expect(bench.answer('A', { ...request('A', 4), group: 'other' }).error).toBe('GROUP_ID_NOT_FOUND');
  });

  it('K-89: one that was fenced joins again with epoch 0, and has what is its own at once', () => {
    const bench = pair();
    expect(beat(bench, 'A', 8).error).toBe('FENCED_MEMBER_EPOCH');
    expect(join(bench, 'A')).toMatchObject({ error: 'NONE', memberEpoch: 3, assignment: t(0, 1) });
    expect(described(bench)).toMatchObject({ epoch: 3, state: 'Stable' });
  });

  it('K-88 K-89: joining again, it has given up what it was to give up', () => {
    const bench = newBench();
    join(bench, 'A');
    join(bench, 'B');
    beat(bench, 'A', 2);
    expect(join(bench, 'A')).toMatchObject({ error: 'NONE', memberEpoch: 3, assignment: t(0, 1) });
    expect(beat(bench, 'B', 3).assignment).toEqual(t(2, 3));
  });

  it('K-89: the answer to a join may be lost, and is given again', () => {
    const bench = newBench();
    join(bench, 'A');
    expect(join(bench, 'A')).toMatchObject({ error: 'NONE', memberEpoch: 2, assignment: t(0, 1, 2, 3) });
    expect(bench.only('member-joined')).toHaveLength(1);
  });

  it('K-89: silence for group.consumer.session.timeout.ms removes a member, not less', () => {
    const bench = pair();
    for (let ms = 5000; ms <= 50_000; ms += 5000) {
      bench.until(ms);
      beat(bench, 'A', described(bench).members.find(({ memberId }) => memberId === 'A')!.epoch!);
    }
    expect(bench.only('member-removed')).toMatchObject([{ atMs: 45_000, member: 'B', client: 'B' }]);
    expect(described(bench).members).toMatchObject([{ memberId: 'A', places: t(0, 1, 2, 3) }]);
  });

  it('K-89: who does not give up what it has to within its rebalance timeout is removed', () => {
    const bench = newBench();
    join(bench, 'A', { rebalanceTimeoutMs: 8000 });
    join(bench, 'B');
    bench.until(1000);
    beat(bench, 'A', 2);
    for (const ms of [4000, 8000]) {
      bench.until(ms);
      expect(beat(bench, 'A', 2, { owned: t(0, 1, 2, 3) }).error).toBe('NONE');
    }
    bench.until(20_000);
    expect(bench.only('member-removed')).toMatchObject([{ atMs: 9000, member: 'A' }]);
    expect(beat(bench, 'A', 2).error).toBe('UNKNOWN_MEMBER_ID');
    expect(beat(bench, 'B', 3).assignment).toEqual(t(0, 1, 2, 3));
  });

  it('K-89: who gives up in time stays, and so does whoever has to give up again later', () => {
    const bench = newBench();
    join(bench, 'A', { rebalanceTimeoutMs: 8000 });
    join(bench, 'B', { rebalanceTimeoutMs: 8000 });
    beat(bench, 'A', 2);
    bench.until(7000);
    // C joined meanwhile: B waits still, A has one more to give up, with a timeout of its own.
    join(bench, 'C');
    expect(beat(bench, 'A', 2, { owned: t(0, 1) })).toMatchObject({ error: 'NONE' });
    bench.until(12_000);
    expect(bench.only('member-removed')).toEqual([]);
  });

  it('K-86: requests that make no sense, and assignors that the broker does not have', () => {
    const bench = newBench(4, { config: { 'group.consumer.assignors': ['uniform'] } });
    expect(join(bench, 'A', { owned: null }).error).toBe('INVALID_REQUEST');
    expect(join(bench, 'A', { owned: t(0) }).error).toBe('INVALID_REQUEST');
    expect(join(bench, 'A', { topics: [] }).error).toBe('INVALID_REQUEST');
    expect(join(bench, 'A', { rebalanceTimeoutMs: -1 }).error).toBe('INVALID_REQUEST');
    expect(join(bench, 'A', { serverAssignor: 'range' }).error).toBe('UNSUPPORTED_ASSIGNOR');
    expect(beat(bench, 'A', -2).error).toBe('INVALID_REQUEST');
    expect(bench.shard.list()).toEqual([]);
  });

  it('K-89: a commit needs the epoch that the member is in, or an older one since which it has had all that it commits', () => {
    const bench = pair();
    const commit = (memberId: string, generation: number, ...places: string[]) =>
      bench.answer(memberId, {
        api: 'OffsetCommit',
        group: 'g',
        memberId,
        instanceId: null,
        generation,
        offsets: places.map((place) => [place, 3] as const),
      }).error;
    expect(commit('A', 3, 't-0')).toBe('NONE');
    // A has had these since epoch 2, and gave up the others in 3, in which B has them.
    expect(commit('A', 2, 't-0', 't-1')).toBe('NONE');
    expect(commit('A', 2, 't-0', 't-2')).toBe('STALE_MEMBER_EPOCH');
    expect(commit('A', 1, 't-0')).toBe('STALE_MEMBER_EPOCH');
    expect(commit('A', 4, 't-0')).toBe('STALE_MEMBER_EPOCH');
    expect(commit('B', 3, 't-2')).toBe('NONE');
    expect(commit('B', 2, 't-2')).toBe('STALE_MEMBER_EPOCH');
    expect(commit('nobody', 3, 't-0')).toBe('UNKNOWN_MEMBER_ID');
    expect(commit('', -1, 't-0')).toBe('UNKNOWN_MEMBER_ID');
    // What it has yet to give up is its own still.
    const third = join(bench, 'C');
    expect(third.error).toBe('NONE');
    beat(bench, 'A', 3, { owned: t(0, 1) });
    expect(commit('A', 2, 't-0', 't-1')).toBe('NONE');
    for (const id of ['A', 'B', 'C']) beat(bench, id, -1);
    expect(commit('', -1, 't-0')).toBe('NONE');
  });
});

describe('a target that is computed once in a while', () => {
  const patient = () => newBench(4, { topics: { t: 4, u: 2 }, config: {} });

  // What Kafka 4.4.0 did with two members 0.4 s apart.
  it('K-90: who joins within a second of the last one has nothing at first, in the epoch of that target', () => {
    const bench = patient();
    expect(join(bench, 'A')).toMatchObject({ memberEpoch: 2, assignment: t(0, 1, 2, 3) });
    bench.until(400);
    expect(join(bench, 'B')).toMatchObject({ memberEpoch: 2, assignment: [] });
    expect(described(bench)).toMatchObject({ epoch: 3, targetEpoch: 2, state: 'Assigning' });
    bench.until(999);
    expect(beat(bench, 'B', 2)).toMatchObject({ memberEpoch: 2, assignment: null });
    bench.until(1000);
    expect(beat(bench, 'B', 2)).toMatchObject({ memberEpoch: 3, assignment: null });
    expect(described(bench)).toMatchObject({ epoch: 3, targetEpoch: 3, state: 'Reconciling' });
    expect(beat(bench, 'A', 2)).toMatchObject({ memberEpoch: 2, assignment: t(0, 1) });
  });

  it('K-90: several that join meanwhile are shared out among at once', () => {
    const bench = patient();
    for (const id of ['A', 'B', 'C', 'D']) join(bench, id);
    expect(described(bench)).toMatchObject({ epoch: 5, targetEpoch: 2 });
    bench.until(1000);
    beat(bench, 'D', 2);
    expect(bench.only('target-computed').map(({ epoch }) => epoch)).toEqual([2, 5]);
  });

  it('K-90: the interval goes on under another coordinator, and not after the last member', () => {
    const bench = patient();
    join(bench, 'A');
    bench.until(500);
    bench.failOver();
    expect(join(bench, 'B')).toMatchObject({ memberEpoch: 2, assignment: [] });
    for (const id of ['A', 'B']) beat(bench, id, -1);
    expect(join(bench, 'C')).toMatchObject({ memberEpoch: 6, assignment: t(0, 1, 2, 3) });
  });

  it('K-90: what a member does not read any more it gives up before there is another target', () => {
    const bench = patient();
    expect(join(bench, 'A', { topics: ['t', 'u'] }).assignment).toEqual([...t(0, 1, 2, 3), 'u-0', 'u-1']);
    bench.until(300);
    expect(beat(bench, 'A', 2, { topics: ['u'] })).toMatchObject({
      memberEpoch: 2,
      assignment: ['u-0', 'u-1'],
    });
    expect(described(bench)).toMatchObject({ epoch: 3, targetEpoch: 2 });
    bench.until(1000);
    expect(beat(bench, 'A', 2, { owned: ['u-0', 'u-1'] }).memberEpoch).toBe(3);
    expect(described(bench)).toMatchObject({ targetEpoch: 3, state: 'Stable' });
  });
});

describe('a reconciliation from Kafka’s own tests', () => {
  // GroupMetadataManagerTest.testReconciliationProcess: m3 joins m1 and m2, with the target that its mock assignor gives.
  const places = (foo: number[], bar: number[]) => [
    ...foo.map((number) => `foo-${number}`),
    ...bar.map((number) => `bar-${number}`),
  ];

  function given(): Bench {
    const bench = newBench(1, {
      topics: { foo: 6, bar: 3 },
      config: { 'group.consumer.assignors': ['range'] },
    });
    const put = (kind: RecordKind, of: string, value: object): void => {
      bench.log.push({ key: recordKey(kind, 'g', of), value });
    };
    put('consumer-group', '', {
      epoch: 11,
      targetEpoch: 11,
      targetAt: null,
      partitions: [
        ['foo', 6],
        ['bar', 3],
      ],
    });
    const members: [string, string[], string[]][] = [
      ['m1', places([0, 1, 2], [0, 1]), places([0, 1], [0])],
      ['m2', places([3, 4, 5], [2]), places([2, 3], [2])],
      ['m3', [], places([4, 5], [1])],
    ];
    members.forEach(([id, assigned, target], order) => {
      put('consumer-member', id, {
        client: id,
        instanceId: null,
        topics: ['bar', 'foo'],
        serverAssignor: 'range',
        rebalanceTimeoutMs: 5000,
        classic: null,
        order,
      });
      put('consumer-target', id, { places: target });
      const [epoch, previousEpoch] = id === 'm3' ? [0, -1] : [10, 9];
      put('consumer-current', id, {
        epoch,
        previousEpoch,
        state: 'STABLE',
        assigned,
        pendingRevocation: [],
        since: sinceWhen({}, assigned, epoch),
      });
    });
    bench.failOver();
    return bench;
  }

  it('K-88 O-15: step by step', () => {
    const bench = given();
    /** What a heartbeat is answered, and what is written for it: `state epoch/previous`, or nothing. */
    const step = (id: string, epoch: number, owned: string[] | null = null) => {
      const before = bench.log.length;
      const { memberEpoch, assignment } =
        epoch === 0
          ? join(bench, id, { topics: ['foo', 'bar'], rebalanceTimeoutMs: 5000 })
          : beat(bench, id, epoch, { owned });
      const written = bench.log.slice(before).map(({ value }) => {
        const current = value as CurrentAssignment;
        return `${current.state} ${current.epoch}/${current.previousEpoch}`;
      });
      return [memberEpoch, assignment, ...written, groupState(bench)];
    };
    expect(step('m3', 0)).toEqual([11, [], 'UNRELEASED_PARTITIONS 11/0', 'Reconciling']);
    expect(step('m1', 10)).toEqual([10, places([0, 1], [0]), 'UNREVOKED_PARTITIONS 10/10', 'Reconciling']);
    expect(step('m2', 10)).toEqual([10, places([3], [2]), 'UNREVOKED_PARTITIONS 10/10', 'Reconciling']);
    expect(step('m3', 11)).toEqual([11, null, 'UNRELEASED_PARTITIONS 11/11', 'Reconciling']);
    expect(step('m1', 10, places([0, 1], [0]))).toEqual([11, null, 'STABLE 11/10', 'Reconciling']);
    expect(step('m2', 10)).toEqual([10, null, 'Reconciling']);
    expect(step('m3', 11)).toEqual([11, places([], [1]), 'UNRELEASED_PARTITIONS 11/11', 'Reconciling']);
    expect(step('m3', 11)).toEqual([11, null, 'Reconciling']);
    expect(step('m2', 10, places([3], [2]))).toEqual([
      11,
      places([2, 3], [2]),
      'STABLE 11/10',
      'Reconciling',
    ]);
    expect(step('m3', 11, places([], [1]))).toEqual([11, places([4, 5], [1]), 'STABLE 11/11', 'Stable']);
  });
});

describe('static members of the consumer protocol', () => {
  const statically = { instanceId: 'i' };

  it('K-89: an instance id is taken while its holder is there', () => {
    const bench = newBench();
    join(bench, 'A', statically);
    expect(join(bench, 'B', statically).error).toBe('UNRELEASED_INSTANCE_ID');
    expect(beat(bench, 'B', 2, statically).error).toBe('FENCED_INSTANCE_ID');
    expect(beat(bench, 'A', 2, { instanceId: 'other' }).error).toBe('UNKNOWN_MEMBER_ID');
  });

  it('K-86 K-84: −2 keeps its partitions for it; another process goes on without a new epoch', () => {
    const bench = newBench();
    join(bench, 'A', statically);
    join(bench, 'B');
    beat(bench, 'A', 2, statically);
    beat(bench, 'A', 2, { ...statically, owned: t(0, 1) });
    beat(bench, 'B', 3);
    expect(beat(bench, 'A', -2, statically)).toMatchObject({ error: 'NONE', memberEpoch: -2 });
    expect(beat(bench, 'B', 3)).toMatchObject({ memberEpoch: 3, assignment: null });
    expect(join(bench, 'A2', statically)).toMatchObject({
      error: 'NONE',
      memberEpoch: 3,
      assignment: t(0, 1),
    });
    expect(described(bench)).toMatchObject({ epoch: 3, state: 'Stable' });
    expect(beat(bench, 'A', 3, statically).error).toBe('FENCED_INSTANCE_ID');
    const before = described(bench);
    for (const compacted of [true, false]) {
      bench.failOver({ compacted });
      expect(described(bench)).toEqual(before);
    }
    expect(beat(bench, 'A2', 3, statically)).toMatchObject({ error: 'NONE', assignment: null });
  });

  it('K-84: one that does not come back within the session timeout is removed', () => {
    const bench = newBench();
    join(bench, 'A', statically);
    bench.until(20_000);
    beat(bench, 'A', -2, statically);
    bench.until(60_000);
    expect(bench.only('member-removed')).toMatchObject([{ atMs: 45_000, member: 'A' }]);
  });

  it('K-89: −1 is for good', () => {
    const bench = newBench();
    join(bench, 'A', statically);
    beat(bench, 'A', -1, statically);
    expect(groupState(bench)).toBe('Empty');
    expect(join(bench, 'B', statically).error).toBe('NONE');
  });
});

describe('a coordinator of the consumer protocol that takes over', () => {
  it.each([true, false])('K-75: goes on in the middle of a reconciliation (compacted: %s)', (compacted) => {
    const bench = newBench();
    join(bench, 'A', { rebalanceTimeoutMs: 8000 });
    join(bench, 'B');
    beat(bench, 'A', 2);
    const before = described(bench);
    bench.until(5000);
    bench.failOver({ compacted });
    expect(described(bench)).toEqual(before);
    expect(beat(bench, 'B', 3)).toMatchObject({ memberEpoch: 3, assignment: null });
    expect(beat(bench, 'A', 2, { owned: t(0, 1) }).memberEpoch).toBe(3);
    expect(beat(bench, 'B', 3).assignment).toEqual(t(2, 3));
    bench.until(60_000);
    expect(bench.only('member-removed').map(({ atMs }) => atMs)).toEqual([50_000, 50_000]);
  });

  it('K-89 K-75: whoever was to give up gets its whole rebalance timeout again', () => {
    const bench = newBench();
    join(bench, 'A', { rebalanceTimeoutMs: 8000 });
    join(bench, 'B');
    beat(bench, 'A', 2);
    bench.until(5000);
    bench.failOver();
    bench.until(20_000);
    expect(bench.only('member-removed')).toMatchObject([{ atMs: 13_000, member: 'A' }]);
  });
});

describe('kinds of groups', () => {
  const joinRequest = (memberId: string, more: Partial<JoinGroupRequest> = {}): JoinGroupRequest => ({
    api: 'JoinGroup',
    group: 'g',
    memberId,
    instanceId: null,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
    protocols: [{ name: 'cooperative-sticky', topics: ['t'], owned: [], generation: -1 }],
    ...more,
  });
  const protocols = (owned: string[]) => ({
    protocols: [{ name: 'cooperative-sticky', topics: ['t'], owned, generation: 1 }],
  });
  const syncRequest = (memberId: string, generation: number, assignments: [string, string[]][] = []) =>
    ({ api: 'SyncGroup', group: 'g', memberId, instanceId: null, generation, assignments }) as const;
  const heartbeatRequest = (memberId: string, generation: number) =>
    ({ api: 'Heartbeat', group: 'g', memberId, instanceId: null, generation }) as const;
  const type = (bench: Bench) => bench.shard.list().map((group) => `${group.type} ${group.state}`);

  /** A classic group with one member that has everything, in generation 1. */
  function classicGroup(): { bench: Bench; id: string } {
    const bench = newBench(4, { config: { 'group.initial.rebalance.delay.ms': 0 } });
    const id = bench.answer('a', joinRequest('')).memberId;
    bench.ask('a', joinRequest(id));
    bench.until(0);
    bench.answer('a', syncRequest(id, 1, [[id, t(0, 1, 2, 3)]]));
    expect(type(bench)).toEqual(['Classic Stable']);
    return { bench, id };
  }

  it('K-91: an empty group becomes of the kind of whoever joins, and keeps its offsets', () => {
    const bench = newBench();
    bench.answer('admin', {
      api: 'OffsetCommit',
      group: 'g',
      memberId: '',
      instanceId: null,
      generation: -1,
      offsets: [['t-0', 7]],
    });
    expect(type(bench)).toEqual(['Classic Empty']);
    join(bench, 'A');
    expect(type(bench)).toEqual(['Consumer Stable']);
    beat(bench, 'A', -1);
    expect(bench.answer('a', joinRequest('')).error).toBe('MEMBER_ID_REQUIRED');
    expect(type(bench)).toEqual(['Classic Empty']);
    const fetch = { api: 'OffsetFetch', group: 'g', places: null, requireStable: false } as const;
    expect(bench.answer('a', fetch).offsets).toEqual([['t-0', 7]]);
    bench.failOver({ compacted: true });
    expect(bench.answer('a', fetch).offsets).toEqual([['t-0', 7]]);
    expect(type(bench)).toEqual(['Classic Empty']);
  });

  it('K-91: a consumer joins a classic group, and takes its share from the member that speaks classic', () => {
    const { bench, id } = classicGroup();
    expect(join(bench, 'B')).toMatchObject({ error: 'NONE', memberEpoch: 2, assignment: [] });
    expect(type(bench)).toEqual(['Consumer Reconciling']);
    // a learns of it by its heartbeat, and joins as in a cooperative rebalance, with all that it owns.
    expect(bench.answer('a', heartbeatRequest(id, 1)).error).toBe('REBALANCE_IN_PROGRESS');
    const first = bench.answer('a', joinRequest(id, protocols(t(0, 1, 2, 3))));
    expect(first).toMatchObject({ error: 'NONE', generation: 1, protocol: 'cooperative-sticky', leader: '' });
    expect(bench.answer('a', syncRequest(id, 1)).places).toEqual(t(0, 1));
    expect(bench.answer('a', heartbeatRequest(id, 1)).error).toBe('REBALANCE_IN_PROGRESS');
    const second = bench.answer('a', joinRequest(id, protocols(t(0, 1))));
    expect(second.generation).toBe(2);
    expect(bench.answer('a', syncRequest(id, 2)).places).toEqual(t(0, 1));
    expect(bench.answer('a', heartbeatRequest(id, 2)).error).toBe('NONE');
    expect(beat(bench, 'B', 2).assignment).toEqual(t(2, 3));
    expect(type(bench)).toEqual(['Consumer Stable']);
    bench.failOver({ compacted: true });
    expect(bench.answer('a', heartbeatRequest(id, 2)).error).toBe('NONE');
    expect(type(bench)).toEqual(['Consumer Stable']);
  });

  it('K-91: those who wait for the end of a classic rebalance are told of the new one', () => {
    const { bench, id } = classicGroup();
    const newcomer = bench.answer('b', joinRequest('')).memberId;
    const waiting = bench.ask('b', joinRequest(newcomer));
    expect(waiting()).toBeUndefined();
    // a still owns everything: C may have nothing yet.
    expect(join(bench, 'C').assignment).toEqual([]);
    expect(waiting()!.error).toBe('REBALANCE_IN_PROGRESS');
    expect(bench.answer('a', heartbeatRequest(id, 1)).error).toBe('REBALANCE_IN_PROGRESS');
  });

  it('K-91: when its last consumer of the new protocol leaves, the group is classic again and rebalances', () => {
    const { bench, id } = classicGroup();
    join(bench, 'B');
    bench.answer('a', joinRequest(id, protocols(t(0, 1))));
    bench.answer('a', syncRequest(id, 2));
    beat(bench, 'B', 2);
    beat(bench, 'B', -1);
    expect(type(bench)).toEqual(['Classic PreparingRebalance']);
    expect(bench.answer('a', heartbeatRequest(id, 2)).error).toBe('REBALANCE_IN_PROGRESS');
    expect(bench.answer('a', joinRequest(id, protocols(t(0, 1))))).toMatchObject({
      generation: 3,
      leader: id,
    });
    bench.failOver({ compacted: true });
    expect(type(bench)).toEqual(['Classic Stable']);
  });

  it('K-91 K-79: a classic member that does not rejoin a consumer group in time is removed', () => {
    const { bench, id } = classicGroup();
    join(bench, 'B');
    for (let ms = 5000; ms <= 70_000; ms += 5000) {
      bench.until(ms);
      bench.answer('a', heartbeatRequest(id, 1));
      beat(bench, 'B', described(bench).members.find(({ memberId }) => memberId === 'B')!.epoch!);
    }
    expect(bench.only('member-removed')).toMatchObject([{ atMs: 65_000, member: id }]);
    expect(described(bench).members).toMatchObject([{ memberId: 'B', places: t(0, 1, 2, 3) }]);
  });

  it('K-91: share groups are of a kind of their own', () => {
    const bench = newBench();
    const share = (group: string) =>
      bench.answer('S', {
        api: 'ShareGroupHeartbeat',
        group,
        memberId: 'S',
        memberEpoch: 0,
        topics: ['t'],
      }).error;
    expect(share('shared')).toBe('NONE');
    expect(bench.answer('A', { ...joinRequest(''), group: 'shared' }).error).toBe(
      'INCONSISTENT_GROUP_PROTOCOL',
    );
    expect(join(bench, 'A', { group: 'shared' }).error).toBe('GROUP_ID_NOT_FOUND');
    join(bench, 'A');
    expect(share('g')).toBe('GROUP_ID_NOT_FOUND');
  });

  it('DeleteGroup: not while it has members', () => {
    const bench = newBench();
    const remove = () => bench.answer('admin', { api: 'DeleteGroup', group: 'g' }).error;
    expect(remove()).toBe('GROUP_ID_NOT_FOUND');
    join(bench, 'A');
    expect(remove()).toBe('NON_EMPTY_GROUP');
    beat(bench, 'A', -1);
    expect(remove()).toBe('NONE');
    expect(bench.shard.list()).toEqual([]);
    bench.failOver({ compacted: true });
    expect(bench.shard.list()).toEqual([]);
    expect(bench.answer('admin', { api: 'DescribeGroup', group: 'g' })).toMatchObject({
      error: 'GROUP_ID_NOT_FOUND',
      description: null,
    });
  });
});

/** A client as KIP-848 wants it: what it was told last, and what it owns. */
interface Client {
  readonly id: string;
  epoch: number;
  owned: string[];
  /** What it was told to own, and has not taken up or given up yet. */
  told: string[] | null;
  /** The last answer did not come: the next request says everything. */
  full: boolean;
  alive: boolean;
}

describe('random groups', () => {
  const action = fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({ do: fc.constant('beat' as const), who: fc.nat(5), lost: fc.boolean() }),
    },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('join' as const), who: fc.nat(5), lost: fc.boolean() }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('leave' as const), who: fc.nat(5), lost: fc.boolean() }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('crash' as const), who: fc.nat(5), lost: fc.boolean() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('wait' as const), who: fc.nat(5), lost: fc.boolean() }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('fail-over' as const), who: fc.nat(5), lost: fc.boolean() }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('grow' as const), who: fc.nat(5), lost: fc.boolean() }),
    },
  );

  it.each(['uniform', 'range'] as const)(
    'K-88 K-89: no partition is with two members, and all come to the target once it is quiet (%s)',
    (assignor) => {
      fc.assert(
        fc.property(fc.array(action, { maxLength: 60, size: 'max' }), (actions) => {
          let partitions = 5;
          const bench = newBench(partitions, { config: { 'group.consumer.assignors': [assignor] } });
          const clients: Client[] = [];
          const slots: (Client | undefined)[] = [];

          // What live clients own, and what they have been told to own, never overlaps. A client whose session may be
          // over at the coordinator counts only until it is: it has lost its partitions then, told or not.
          const members = () =>
            new Set(bench.shard.list().length ? described(bench).members.map((m) => m.memberId) : []);
          const check = (): void => {
            const there = members();
            const owner = new Map<string, string>();
            for (const client of clients) {
              if (!there.has(client.id)) continue;
              for (const place of new Set([...client.owned, ...(client.told ?? [])])) {
                const other = owner.get(place);
                expect(other, `${place} is with ${other} and ${client.id}`).toBeUndefined();
                owner.set(place, client.id);
              }
            }
          };
          const send = (client: Client, lost: boolean): void => {
            const joining = client.epoch === 0;
            const everything = joining || client.full;
            const asked = bench.ask(
              client.id,
              request(client.id, client.epoch, {
                rebalanceTimeoutMs: everything ? 60_000 : -1,
                topics: everything ? ['t'] : null,
                owned: joining ? [] : client.owned,
              }),
            );
            const reply: ReplyTo<'ConsumerGroupHeartbeat'> = asked()!;
            if (lost) {
              client.full = true;
              return;
            }
            client.full = false;
            if (reply.error !== 'NONE') {
              expect(['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID', 'GROUP_ID_NOT_FOUND']).toContain(
                reply.error,
              );
              client.epoch = 0;
              client.owned = [];
              client.told = null;
              return;
            }
            client.epoch = reply.memberEpoch;
            if (!reply.assignment) return;
            const told = [...reply.assignment];
            // What it gets it has from now on, and says so from its next request on; to give up takes it time.
            if (client.owned.every((place) => told.includes(place))) {
              client.owned = told;
              client.told = null;
            } else client.told = told;
          };
          /** The application's callbacks: what it is not to have is gone, what is new is there. */
          const obey = (client: Client): void => {
            if (client.told) client.owned = client.told;
            client.told = null;
          };
          const wait = (ms: number, beating: boolean): void => {
            const end = bench.nowMs + ms;
            while (bench.nowMs < end) {
              bench.until(bench.nowMs + 5000);
              if (!beating) continue;
              for (const client of clients) {
                if (!client.alive) continue;
                send(client, false);
                check();
                obey(client);
                check();
              }
            }
          };
          for (const { do: kind, who, lost } of actions) {
            const client = slots[who];
            switch (kind) {
              case 'join':
                if (!client) {
                  const fresh = {
                    id: `m${clients.length}`,
                    epoch: 0,
                    owned: [],
                    told: null,
                    full: true,
                    alive: true,
                  };
                  clients.push(fresh);
                  slots[who] = fresh;
                  send(fresh, lost);
                }
                break;
              case 'beat':
                if (!client) break;
                if (!lost) obey(client);
                check();
                send(client, lost);
                break;
              case 'leave':
                if (!client) break;
                client.owned = [];
                client.told = null;
                client.alive = false;
                bench.ask(client.id, request(client.id, -1));
                slots[who] = undefined;
                break;
              case 'crash':
                if (!client) break;
                client.alive = false;
                slots[who] = undefined;
                break;
              case 'wait':
                wait(20_000, false);
                break;
              case 'fail-over':
                bench.failOver({ compacted: lost });
                break;
              case 'grow':
                bench.setTopics({ t: ++partitions });
                break;
            }
            check();
          }
          wait(200_000, true);
          const alive = clients.filter((client) => client.alive);
          if (alive.length === 0) return;
          const group = described(bench);
          expect(group.state).toBe('Stable');
          expect(group.members.map(({ memberId }) => memberId).toSorted()).toEqual(
            alive.map(({ id }) => id).toSorted(),
          );
          for (const { memberId, targetPlaces, places } of group.members) {
            expect(places.toSorted()).toEqual(targetPlaces!.toSorted());
            expect(alive.find(({ id }) => id === memberId)!.owned.toSorted()).toEqual(places.toSorted());
          }
          expect(alive.flatMap(({ owned }) => owned).toSorted()).toEqual(
            Array.from({ length: partitions }, (_, i) => `t-${i}`).toSorted(),
          );
        }),
        { numRuns: 150 },
      );
    },
  );
});
