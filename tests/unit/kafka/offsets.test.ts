// What groups commit (K-70, K-81), in transactions (K-48), and how long it is kept (K-20).
import { describe, expect, it } from 'vitest';
import { GroupShard } from '../../../src/brokers/kafka/groups/group-shard.ts';
import type { JoinGroupRequest } from '../../../src/brokers/kafka/protocol.ts';
import { ShardBench } from './shard-bench.ts';

type Bench = ShardBench<GroupShard>;
const MINUTE = 60_000;

/** Offsets are kept for ten minutes, and looked after every minute. */
function newBench(): Bench {
  return new ShardBench((context) => new GroupShard(context), {
    topics: { orders: 3, payments: 1 },
    config: {
      'offsets.retention.minutes': 10,
      'offsets.retention.check.interval.ms': MINUTE,
      'group.initial.rebalance.delay.ms': 0,
    },
  });
}

function commit(bench: Bench, offsets: [string, number][], memberId = '', generation = -1) {
  return bench.answer('c', {
    api: 'OffsetCommit',
    group: 'g',
    memberId,
    instanceId: null,
    generation,
    offsets,
  }).error;
}

function pending(bench: Bench, offsets: [string, number][], producerId = 7, producerEpoch = 3) {
  return bench.answer('p', {
    api: 'TxnOffsetCommit',
    group: 'g',
    transactionalId: 'tx',
    producerId,
    producerEpoch,
    memberId: '',
    instanceId: null,
    generation: -1,
    offsets,
  }).error;
}

function complete(bench: Bench, outcome: 'committed' | 'aborted', producerId = 7, producerEpoch = 4) {
  return bench.answer('broker-2', {
    api: 'CompleteTxnOffsets',
    group: 'g',
    producerId,
    producerEpoch,
    outcome,
  }).error;
}

function fetch(bench: Bench, places: string[] | null = null, requireStable = false) {
  const { error, offsets } = bench.answer('c', { api: 'OffsetFetch', group: 'g', places, requireStable });
  return error === 'NONE' ? Object.fromEntries(offsets) : error;
}

/** A consumer of the classic protocol that reads these topics, in generation 1. @returns its member id */
function stable(bench: Bench, topics: string[]): string {
  const request = (memberId: string): JoinGroupRequest => ({
    api: 'JoinGroup',
    group: 'g',
    memberId,
    instanceId: null,
    sessionTimeoutMs: 1_800_000,
    rebalanceTimeoutMs: 60_000,
    protocols: [{ name: 'range', topics, owned: [], generation: -1 }],
  });
  const { memberId } = bench.answer('c', request(''));
  const joined = bench.ask('c', request(memberId));
  bench.until(bench.nowMs);
  const { generation } = joined()!;
  bench.answer('c', {
    api: 'SyncGroup',
    group: 'g',
    memberId,
    instanceId: null,
    generation,
    assignments: [[memberId, ['orders-0']]],
  });
  return memberId;
}

const leave = (bench: Bench, memberId: string) =>
  bench.answer('c', { api: 'LeaveGroup', group: 'g', memberId, why: 'it left' });

describe('committed offsets', () => {
  it('K-70: a lower one is taken; what is not committed is −1; null asks for all, in order', () => {
    const bench = newBench();
    expect(fetch(bench)).toEqual({});
    commit(bench, [
      ['payments-0', 1],
      ['orders-2', 9],
      ['orders-0', 5],
    ]);
    commit(bench, [['orders-2', 4]]);
    const { offsets } = bench.answer('c', {
      api: 'OffsetFetch',
      group: 'g',
      places: null,
      requireStable: true,
    });
    expect(offsets).toEqual([
      ['orders-0', 5],
      ['orders-2', 4],
      ['payments-0', 1],
    ]);
    expect(fetch(bench, ['orders-1'])).toEqual({ 'orders-1': -1 });
  });

  it('K-81: a member of a group that is not there', () => {
    const bench = newBench();
    expect(commit(bench, [['orders-0', 1]], 'm', 3)).toBe('GROUP_ID_NOT_FOUND');
    expect(bench.shard.list()).toEqual([]);
  });

  it.each([true, false])('K-75: outlive their coordinator (compacted: %s)', (compacted) => {
    const bench = newBench();
    commit(bench, [['orders-0', 5]]);
    commit(bench, [['orders-0', 3]]);
    pending(bench, [['orders-1', 8]]);
    bench.failOver({ compacted });
    expect(fetch(bench)).toEqual({ 'orders-0': 3 });
    expect(fetch(bench, ['orders-1'], true)).toBe('UNSTABLE_OFFSET_COMMIT');
    complete(bench, 'committed');
    bench.failOver({ compacted });
    expect(fetch(bench, null, true)).toEqual({ 'orders-0': 3, 'orders-1': 8 });
    expect(bench.shard.list()).toEqual([{ group: 'g', type: 'Classic', state: 'Empty' }]);
  });

  it('OffsetDelete: not of a topic that a member reads', () => {
    const bench = newBench();
    const remove = (places: string[]) =>
      bench.answer('admin', { api: 'OffsetDelete', group: 'g', places }).error;
    expect(remove(['orders-0'])).toBe('GROUP_ID_NOT_FOUND');
    const id = stable(bench, ['orders']);
    commit(
      bench,
      [
        ['orders-0', 5],
        ['payments-0', 6],
      ],
      id,
      1,
    );
    expect(remove(['orders-0', 'payments-0'])).toBe('GROUP_SUBSCRIBED_TO_TOPIC');
    expect(fetch(bench)).toEqual({ 'orders-0': 5 });
    leave(bench, id);
    expect(remove(['orders-0'])).toBe('NONE');
    bench.failOver({ compacted: true });
    expect(fetch(bench)).toEqual({});
  });

  it('those of a topic that is deleted are gone with it', () => {
    const bench = newBench();
    commit(bench, [
      ['orders-0', 5],
      ['payments-0', 6],
    ]);
    bench.setTopics({ orders: 3 });
    expect(fetch(bench)).toEqual({ 'orders-0': 5 });
  });

  it('DeleteGroup: with all that it has committed', () => {
    const bench = newBench();
    commit(bench, [['orders-0', 5]]);
    pending(bench, [['orders-1', 5]]);
    expect(bench.answer('admin', { api: 'DeleteGroup', group: 'g' }).error).toBe('NONE');
    complete(bench, 'committed');
    expect(fetch(bench)).toEqual({});
    bench.failOver();
    expect(bench.shard.list()).toEqual([]);
  });
});

describe('offsets in a transaction', () => {
  it('K-48: become visible at commit, all at once, and not before', () => {
    const bench = newBench();
    commit(bench, [['orders-0', 1]]);
    expect(
      pending(bench, [
        ['orders-0', 5],
        ['orders-1', 6],
      ]),
    ).toBe('NONE');
    expect(fetch(bench)).toEqual({ 'orders-0': 1 });
    expect(fetch(bench, ['orders-0'], true)).toBe('UNSTABLE_OFFSET_COMMIT');
    expect(fetch(bench, ['orders-2'], true)).toEqual({ 'orders-2': -1 });
    expect(complete(bench, 'committed')).toBe('NONE');
    expect(fetch(bench, null, true)).toEqual({ 'orders-0': 5, 'orders-1': 6 });
    // Told once more, nothing happens.
    expect(complete(bench, 'committed')).toBe('NONE');
    expect(fetch(bench, null, true)).toEqual({ 'orders-0': 5, 'orders-1': 6 });
  });

  it('K-48: are dropped when it is aborted', () => {
    const bench = newBench();
    commit(bench, [['orders-0', 1]]);
    pending(bench, [['orders-0', 5]]);
    complete(bench, 'aborted');
    expect(fetch(bench, ['orders-0'], true)).toEqual({ 'orders-0': 1 });
  });

  it('K-48: other producers have transactions of their own', () => {
    const bench = newBench();
    pending(bench, [['orders-0', 5]], 7);
    pending(bench, [['orders-1', 6]], 8);
    complete(bench, 'committed', 8);
    expect(fetch(bench)).toEqual({ 'orders-1': 6 });
    expect(fetch(bench, ['orders-0'], true)).toBe('UNSTABLE_OFFSET_COMMIT');
  });

  it('K-48: an ordinary commit made after it stands, though the transaction ends later', () => {
    const bench = newBench();
    pending(bench, [
      ['orders-0', 5],
      ['orders-1', 5],
    ]);
    commit(bench, [['orders-0', 2]]);
    bench.failOver({ compacted: true });
    complete(bench, 'committed');
    expect(fetch(bench)).toEqual({ 'orders-0': 2, 'orders-1': 5 });
  });

  it('K-45 K-48: one that comes after the end of its transaction is refused', () => {
    const bench = newBench();
    complete(bench, 'aborted', 7, 4);
    expect(pending(bench, [['orders-0', 5]], 7, 3)).toBe('INVALID_PRODUCER_EPOCH');
    bench.failOver({ compacted: true });
    expect(pending(bench, [['orders-0', 5]], 7, 3)).toBe('INVALID_PRODUCER_EPOCH');
    expect(pending(bench, [['orders-0', 5]], 7, 4)).toBe('NONE');
  });

  it('K-48 KIP-447: a consumer that is not in the group’s generation any more cannot commit through a producer', () => {
    const bench = newBench();
    const id = stable(bench, ['orders']);
    const of = (memberId: string, generation: number, group = 'g') =>
      bench.answer('p', {
        api: 'TxnOffsetCommit',
        group,
        transactionalId: 'tx',
        producerId: 7,
        producerEpoch: 3,
        memberId,
        instanceId: null,
        generation,
        offsets: [['orders-0', 3]],
      }).error;
    expect(of(id, 1)).toBe('NONE');
    expect(of(id, 0)).toBe('ILLEGAL_GENERATION');
    expect(of('nobody', 1)).toBe('UNKNOWN_MEMBER_ID');
    expect(of(id, 1, 'other')).toBe('ILLEGAL_GENERATION');
    expect(of('', -1)).toBe('NONE');
  });

  it('K-48: the same in the consumer protocol, by its epoch', () => {
    const bench = newBench();
    bench.answer('A', {
      api: 'ConsumerGroupHeartbeat',
      group: 'g',
      memberId: 'A',
      instanceId: null,
      memberEpoch: 0,
      rebalanceTimeoutMs: 60_000,
      topics: ['orders'],
      serverAssignor: null,
      owned: [],
    });
    const of = (generation: number) =>
      bench.answer('p', {
        api: 'TxnOffsetCommit',
        group: 'g',
        transactionalId: 'tx',
        producerId: 7,
        producerEpoch: 3,
        memberId: 'A',
        instanceId: null,
        generation,
        offsets: [['orders-0', 3]],
      }).error;
    expect(of(2)).toBe('NONE');
    expect(of(1)).toBe('ILLEGAL_GENERATION');
  });
});

describe('how long offsets are kept', () => {
  it('K-20: without membership, from the last commit on; then the group is gone as well', () => {
    const bench = newBench();
    commit(bench, [['orders-0', 5]]);
    bench.until(5 * MINUTE);
    commit(bench, [['orders-1', 5]]);
    bench.until(10 * MINUTE - 1);
    expect(fetch(bench)).toEqual({ 'orders-0': 5, 'orders-1': 5 });
    bench.until(10 * MINUTE);
    expect(fetch(bench)).toEqual({ 'orders-1': 5 });
    bench.until(15 * MINUTE);
    expect(bench.shard.list()).toEqual([]);
    bench.failOver({ compacted: true });
    expect(fetch(bench)).toEqual({});
  });

  it('K-20: of a group with members, from when it became Empty on, however old the commit is', () => {
    const bench = newBench();
    const id = stable(bench, ['orders']);
    commit(bench, [['orders-0', 5]], id, 1);
    bench.until(20 * MINUTE);
    expect(fetch(bench)).toEqual({ 'orders-0': 5 });
    leave(bench, id);
    bench.until(25 * MINUTE);
    bench.failOver({ compacted: true });
    bench.until(29 * MINUTE);
    expect(fetch(bench)).toEqual({ 'orders-0': 5 });
    bench.until(31 * MINUTE);
    expect(fetch(bench)).toEqual({});
    expect(bench.shard.list()).toEqual([]);
  });

  it('K-20: of a topic that a live group does not read any more, from the last commit on', () => {
    const bench = newBench();
    const id = stable(bench, ['orders']);
    commit(
      bench,
      [
        ['orders-0', 5],
        ['payments-0', 6],
      ],
      id,
      1,
    );
    bench.until(11 * MINUTE);
    expect(fetch(bench)).toEqual({ 'orders-0': 5 });
    expect(bench.shard.list()).toEqual([{ group: 'g', type: 'Classic', state: 'Stable' }]);
  });

  it('K-20 K-48: not while a transaction holds one for the same partition', () => {
    const bench = newBench();
    commit(bench, [['orders-0', 5]]);
    pending(bench, [['orders-0', 6]]);
    bench.until(20 * MINUTE);
    expect(fetch(bench)).toEqual({ 'orders-0': 5 });
    complete(bench, 'aborted');
    bench.until(21 * MINUTE);
    expect(bench.shard.list()).toEqual([]);
  });
});
