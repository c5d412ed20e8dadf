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

/** What a member is told, in short: its epoch, and what it is given where that is told. */
function beats(bench: Bench, memberId: string, memberEpoch: number, topics: string[] | null = null): string {
  const reply = beat(bench, memberId, memberEpoch, topics);
  if (reply.error !== 'NONE') return reply.error;
  return `${reply.memberEpoch}${reply.assignment ? ` [${reply.assignment.join(' ')}]` : ''}`;
}

/** Group epoch, target epoch, and of each member its epoch and what it has. */
function stands(bench: Bench): string {
  const { epoch, targetEpoch, members } = described(bench);
  const all = members.map((one) => `${one.memberId} ${one.epoch} [${one.places.join(' ')}]`);
  return [`${epoch} ${targetEpoch}`, ...all].join('; ');
}

/** A group that has the state of its partitions, which are its one member's. */
function settled(bench: Bench, topics: string[] = ['t']): void {
  beat(bench, 'A', 0, topics);
  beat(bench, 'A', 2);
  bench.until(5000);
  beat(bench, 'A', 2);
}

describe('K-101: membership of a share group, which needs no switch', () => {
  it('K-102: the first heartbeat has the state made, and only a later one gives the partitions, as seen on 4.4.0', () => {
    const bench = newBench();
    expect(beat(bench, 'A', 0, ['t'])).toEqual({
      api: 'ShareGroupHeartbeat',
      error: 'NONE',
      memberEpoch: 2,
      heartbeatIntervalMs: 5000,
      assignment: [],
    });
    expect(stands(bench)).toBe('2 2; A 2 []');
    // The second one bumps the epoch; within a second there is no other target.
    bench.until(200);
    expect(beats(bench, 'A', 2)).toBe('2');
    expect(stands(bench)).toBe('3 2; A 2 []');
    bench.until(5200);
    expect(beats(bench, 'A', 2)).toBe('3 [t-0 t-1]');
    expect(beats(bench, 'A', 3)).toBe('3');
    expect(stands(bench)).toBe('3 3; A 3 [t-0 t-1]');
    expect(described(bench)).toMatchObject({ type: 'Share', state: 'Stable', assignor: 'simple' });
    expect(bench.states()).toEqual(['0 Stable 2', '200 Stable 3']);
  });

  it('K-102: a second after the last target the next heartbeat may have them', () => {
    const bench = newBench();
    beat(bench, 'A', 0, ['t']);
    bench.until(999);
    expect(beats(bench, 'A', 2)).toBe('2');
    bench.until(1000);
    expect(beats(bench, 'A', 2)).toBe('3 [t-0 t-1]');
  });

  it('K-102: a newcomer is given a partition of another’s, who has it until its own heartbeat', () => {
    const bench = newBench();
    settled(bench);
    bench.until(6300);
    expect(beats(bench, 'B', 0, ['t'])).toBe('4 [t-0]');
    expect(stands(bench)).toBe('4 4; A 3 [t-0 t-1]; B 4 [t-0]');
    expect(beats(bench, 'A', 3)).toBe('4 [t-1]');
    bench.until(9000);
    beat(bench, 'A', -1);
    expect(stands(bench)).toBe('5 4; B 4 [t-0]');
    expect(beats(bench, 'B', 4)).toBe('5 [t-0 t-1]');
  });

  it('K-102: four that join together wait together, and come two to a partition', () => {
    const bench = newBench();
    for (const id of ['A', 'B', 'C', 'D']) expect(beats(bench, id, 0, ['t'])).toBe('2 []');
    expect(stands(bench)).toBe('5 2; A 2 []; B 2 []; C 2 []; D 2 []');
    bench.until(5000);
    expect(['A', 'B', 'C', 'D'].map((id) => beats(bench, id, 2))).toEqual([
      '5 [t-0]',
      '5 [t-0]',
      '5 [t-1]',
      '5 [t-1]',
    ]);
  });

  it('K-102: so it is with partitions that are added, and with a topic that one of two subscribes to later', () => {
    const bench = newBench({ t: 1, u: 1 });
    settled(bench);
    bench.setTopics({ t: 3, u: 1 });
    bench.until(10_000);
    expect(beats(bench, 'A', 3)).toBe('4');
    expect(beats(bench, 'A', 4)).toBe('4');
    expect(stands(bench)).toBe('5 4; A 4 [t-0]');
    bench.until(15_000);
    expect(beats(bench, 'A', 4)).toBe('5 [t-0 t-1 t-2]');
    bench.until(17_000);
    expect(beats(bench, 'B', 0, ['t', 'u'])).toBe('6 [t-0]');
    bench.until(20_000);
    expect(beats(bench, 'A', 5)).toBe('7 [t-1 t-2]');
    expect(beats(bench, 'B', 6)).toBe('7 [t-0 u-0]');
    // Without the topic, and with another one of its name.
    bench.setTopics({ t: 3 });
    bench.until(25_000);
    expect(beats(bench, 'B', 7)).toBe('8 [t-0]');
    bench.setTopics({ t: 3, u: 1 });
    bench.until(30_000);
    expect(beats(bench, 'B', 8)).toBe('9');
    bench.until(35_000);
    expect(beats(bench, 'B', 9)).toBe('10 [t-0 u-0]');
  });

  it.each([true, false])(
    'K-102: who comes to an empty group has its partitions at once, and after the group is deleted not (%s)',
    (compacted) => {
      const bench = newBench({ t: 1 });
      settled(bench);
      beat(bench, 'A', -1);
      expect(stands(bench)).toBe('4 4');
      bench.failOver({ compacted });
      expect(beats(bench, 'B', 0, ['t'])).toBe('5 [t-0]');
      beat(bench, 'B', -1);
      expect(bench.answer('admin', { api: 'DeleteGroup', group: 'g' }).error).toBe('NONE');
      expect(beats(bench, 'C', 0, ['t'])).toBe('2 []');
    },
  );

  it('K-102: changing what it subscribes to takes away at once what it does not read any more', () => {
    const bench = newBench({ t: 1, u: 1 });
    settled(bench, ['t', 'u']);
    expect(stands(bench)).toBe('3 3; A 3 [t-0 u-0]');
    expect(beats(bench, 'A', 3, ['u'])).toBe('3 [u-0]');
    bench.until(7000);
    expect(beats(bench, 'A', 3)).toBe('4');
    expect(stands(bench)).toBe('4 4; A 4 [u-0]');
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
    beat(bench, 'A', 0, ['t']);
    expect(stands(bench)).toBe('2 2; A 2 []');
    beat(bench, 'B', 0, ['t']);
    beat(bench, 'A', -1);
    expect(stands(bench)).toBe('4 2; B 2 []');
    beat(bench, 'B', -1);
    expect(stands(bench)).toBe('5 5');
    bench.failOver();
    // Nobody waits for a target where there was none: with the last member its moment has gone too.
    expect(beats(bench, 'C', 0, ['t'])).toMatch(/^6 \[t-0 t-1\]/);
  });

  it('K-102: wrong epochs are fenced, the previous one is not; requests that make no sense', () => {
    const bench = newBench();
    expect(beat(bench, 'A', 4).error).toBe('GROUP_ID_NOT_FOUND');
    expect(beat(bench, 'A', 0).error).toBe('INVALID_REQUEST');
    settled(bench);
    expect(beats(bench, 'A', 0, ['t'])).toBe('3 [t-0 t-1]');
    expect(beat(bench, 'A', 4).error).toBe('FENCED_MEMBER_EPOCH');
    expect(beat(bench, 'B', 2).error).toBe('UNKNOWN_MEMBER_ID');
    bench.until(7000);
    beat(bench, 'B', 0, ['t']);
    beat(bench, 'A', 3);
    expect(beats(bench, 'A', 3)).toBe('4');
    expect(beat(bench, 'B', 3).error).toBe('FENCED_MEMBER_EPOCH');
    expect(beat(bench, 'B', 0, ['t'])).toMatchObject({ error: 'NONE', memberEpoch: 4 });
  });

  it.each([true, false])('K-75: goes on with another coordinator (compacted: %s)', (compacted) => {
    const bench = newBench();
    settled(bench);
    bench.until(5500);
    beat(bench, 'B', 0, ['t']);
    const before = described(bench);
    bench.failOver({ compacted });
    expect(described(bench)).toEqual(before);
    // It knows when the last target was computed, and which partitions have a state.
    bench.until(5900);
    expect(beats(bench, 'A', 3)).toBe('3');
    bench.until(6000);
    expect(beats(bench, 'A', 3)).toBe('4 [t-1]');
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

  it('K-102: of partitions that a topic got since, the group begins at their first record', () => {
    const bench = newBench({ t: 1 });
    beat(bench, 'A', 0, ['t']);
    expect(read(bench, 3).state).toBeNull();
    bench.setTopics({ t: 2 });
    beat(bench, 'A', 2);
    expect(read(bench, 3, 't-1').state).toEqual({ startOffset: 0, records: [] });
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
