// Share groups' membership (K-101, K-102), and what is kept for their partitions' leaders (K-105, K-107).
import { describe, expect, it } from 'vitest';
import { GroupShard } from '../../../src/brokers/kafka/groups/group-shard.ts';
import type { ShareGroupHeartbeatRequest, ShareState } from '../../../src/brokers/kafka/protocol.ts';
import { ShardBench } from './shard-bench.ts';

type Bench = ShardBench<GroupShard>;

function newBench(topics: Record<string, number> = { t: 2 }): Bench {
  return new ShardBench((context) => new GroupShard(context), { topics });
}

function beat(bench: Bench, memberId: string, memberEpoch: number, topics: string[] | null = null) {
  const request: ShareGroupHeartbeatRequest = {
    api: 'ShareGroupHeartbeat',
    group: 'g',
    memberId,
    memberEpoch,
    topics,
  };
  return bench.answer(memberId, request);
}

function described(bench: Bench) {
  return bench.answer('admin', { api: 'DescribeGroup', group: 'g' }).description!;
}

describe('K-101: membership of a share group, which needs no switch', () => {
  it('K-102: every member gets every partition, and nobody gives one up for another', () => {
    const bench = newBench();
    expect(beat(bench, 'A', 0, ['t'])).toMatchObject({
      error: 'NONE',
      memberEpoch: 2,
      heartbeatIntervalMs: 5000,
      assignment: ['t-0', 't-1'],
    });
    expect(beat(bench, 'B', 0, ['t'])).toMatchObject({ memberEpoch: 3, assignment: ['t-0', 't-1'] });
    expect(beat(bench, 'A', 2)).toMatchObject({ memberEpoch: 3, assignment: null });
    expect(described(bench)).toMatchObject({
      type: 'Share',
      state: 'Stable',
      assignor: 'simple',
      epoch: 3,
      members: [
        { memberId: 'A', epoch: 3, places: ['t-0', 't-1'] },
        { memberId: 'B', epoch: 3, places: ['t-0', 't-1'] },
      ],
    });
    expect(bench.states()).toEqual(['0 Stable 2', '0 Stable 3']);
  });

  it('K-102: other topics, and partitions that are added, are found by the next heartbeat', () => {
    const bench = newBench({ t: 1, u: 1 });
    beat(bench, 'A', 0, ['t']);
    expect(beat(bench, 'A', 2, ['u', 't'])).toMatchObject({ memberEpoch: 3, assignment: ['t-0', 'u-0'] });
    bench.setTopics({ t: 2, u: 1 });
    expect(beat(bench, 'A', 3)).toMatchObject({ memberEpoch: 4, assignment: ['t-0', 't-1', 'u-0'] });
    expect(beat(bench, 'A', 4)).toMatchObject({ memberEpoch: 4, assignment: null });
  });

  it('K-102: leaves with −1; silence ends its session after 45 s', () => {
    const bench = newBench();
    for (const id of ['A', 'B', 'C']) beat(bench, id, 0, ['t']);
    expect(beat(bench, 'B', -1)).toMatchObject({ error: 'NONE', memberEpoch: -1 });
    bench.until(30_000);
    expect(beat(bench, 'A', 2).error).toBe('NONE');
    bench.until(60_000);
    expect(bench.only('member-removed').map(({ atMs, member }) => `${atMs} ${member}`)).toEqual([
      '0 B',
      '45000 C',
    ]);
    bench.until(80_000);
    expect(bench.shard.list()).toEqual([{ group: 'g', type: 'Share', state: 'Empty' }]);
  });

  it('K-87: epochs begin with 2; the last that leaves takes the target with it', () => {
    const bench = newBench();
    const epochs = () => [described(bench).epoch, described(bench).targetEpoch];
    beat(bench, 'A', 0, ['t']);
    expect(epochs()).toEqual([2, 2]);
    beat(bench, 'B', 0, ['t']);
    expect(epochs()).toEqual([3, 3]);
    beat(bench, 'A', -1);
    expect(epochs()).toEqual([4, 3]);
    beat(bench, 'B', -1);
    expect(epochs()).toEqual([5, 5]);
    bench.failOver();
    expect(beat(bench, 'C', 0, ['t']).memberEpoch).toBe(6);
  });

  it('K-102: wrong epochs are fenced, the previous one is not; requests that make no sense', () => {
    const bench = newBench();
    expect(beat(bench, 'A', 4).error).toBe('GROUP_ID_NOT_FOUND');
    expect(beat(bench, 'A', 0).error).toBe('INVALID_REQUEST');
    beat(bench, 'A', 0, ['t']);
    expect(beat(bench, 'A', 0, ['t'])).toMatchObject({ memberEpoch: 2, assignment: ['t-0', 't-1'] });
    expect(beat(bench, 'A', 3).error).toBe('FENCED_MEMBER_EPOCH');
    expect(beat(bench, 'B', 2).error).toBe('UNKNOWN_MEMBER_ID');
    beat(bench, 'B', 0, ['t']);
    beat(bench, 'A', 2);
    expect(beat(bench, 'A', 2)).toMatchObject({ error: 'NONE', memberEpoch: 3 });
    expect(beat(bench, 'B', 2).error).toBe('FENCED_MEMBER_EPOCH');
    expect(beat(bench, 'B', 0, ['t'])).toMatchObject({ error: 'NONE', memberEpoch: 3 });
  });

  it.each([true, false])('K-75: goes on with another coordinator (compacted: %s)', (compacted) => {
    const bench = newBench();
    beat(bench, 'A', 0, ['t']);
    beat(bench, 'B', 0, ['t']);
    const before = described(bench);
    bench.failOver({ compacted });
    expect(described(bench)).toEqual(before);
    expect(beat(bench, 'A', 2)).toMatchObject({ error: 'NONE', memberEpoch: 3 });
    bench.until(60_000);
    expect(described(bench).members).toEqual([]);
  });
});

describe('the state of share-partitions', () => {
  const state = (startOffset: number): ShareState => ({
    startOffset,
    records: [{ offset: startOffset + 1, state: 'acknowledged', deliveryCount: 1 }],
  });
  const read = (bench: Bench, leaderEpoch: number, place = 't-0') =>
    bench.answer('broker-2', { api: 'ReadShareState', group: 'g', place, leaderEpoch });
  const write = (bench: Bench, leaderEpoch: number, startOffset: number) =>
    bench.answer('broker-2', {
      api: 'WriteShareState',
      group: 'g',
      place: 't-0',
      leaderEpoch,
      state: state(startOffset),
    }).error;

  it.each([true, false])(
    'K-107: what was written last is read, by another coordinator too (%s)',
    (compacted) => {
      const bench = newBench();
      expect(read(bench, 3)).toEqual({ api: 'ReadShareState', error: 'NONE', state: null });
      expect(write(bench, 3, 5)).toBe('NONE');
      expect(write(bench, 3, 7)).toBe('NONE');
      bench.failOver({ compacted });
      expect(read(bench, 3).state).toEqual(state(7));
      expect(read(bench, 3, 't-1').state).toBeNull();
    },
  );

  it('K-107: a leader that another has followed may not write any more', () => {
    const bench = newBench();
    write(bench, 3, 5);
    expect(read(bench, 4).state).toEqual(state(5));
    expect(write(bench, 3, 9)).toBe('FENCED_LEADER_EPOCH');
    bench.failOver({ compacted: true });
    expect(read(bench, 3).error).toBe('FENCED_LEADER_EPOCH');
    expect(write(bench, 4, 6)).toBe('NONE');
    expect(read(bench, 4).state).toEqual(state(6));
  });

  it('K-107: is kept while the group is empty, and goes with the group or the topic', () => {
    const bench = newBench({ t: 2, u: 1 });
    beat(bench, 'A', 0, ['t']);
    write(bench, 3, 5);
    beat(bench, 'A', -1);
    bench.until(3_600_000);
    expect(read(bench, 3).state).toEqual(state(5));
    expect(bench.answer('admin', { api: 'DeleteGroup', group: 'g' }).error).toBe('NONE');
    bench.failOver();
    expect(read(bench, 3).state).toBeNull();
    write(bench, 3, 5);
    bench.setTopics({ u: 1 });
    expect(read(bench, 3).state).toBeNull();
  });
});
