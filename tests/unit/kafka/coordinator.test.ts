// The classic group protocol, driven by hand (K-75 to K-84, O-4, O-11).
import { describe, expect, it } from 'vitest';
import { groupPlace } from '../../../src/brokers/kafka/coordinator-shard.ts';
import { GroupShard } from '../../../src/brokers/kafka/groups/group-shard.ts';
import type { JoinGroupRequest, JoinProtocol } from '../../../src/brokers/kafka/protocol.ts';
import { ShardBench } from './shard-bench.ts';

/** @param delayMs group.initial.rebalance.delay.ms */
function newBench(delayMs = 3000): Bench {
  return new ShardBench((context) => new GroupShard(context), {
    topics: { orders: 3 },
    config: { 'group.initial.rebalance.delay.ms': delayMs },
  });
}
type Bench = ShardBench<GroupShard>;

const protocol = (name = 'range', owned: string[] = []): JoinProtocol => ({
  name,
  topics: ['orders'],
  owned,
  generation: -1,
});

function joinRequest(memberId: string, more: Partial<JoinGroupRequest> = {}): JoinGroupRequest {
  return {
    api: 'JoinGroup',
    group: 'g',
    memberId,
    instanceId: null,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 300_000,
    protocols: [protocol()],
    ...more,
  };
}

/** Both steps of a dynamic member's first join. @returns its id, and what answers its parked request */
function join(bench: Bench, client: string, more: Partial<JoinGroupRequest> = {}) {
  const first = bench.answer(client, joinRequest('', more));
  expect(first.error).toBe('MEMBER_ID_REQUIRED');
  return { id: first.memberId, answer: bench.ask(client, joinRequest(first.memberId, more)) };
}

const sync = (memberId: string, generation: number, assignments: [string, string[]][] = []) =>
  ({ api: 'SyncGroup', group: 'g', memberId, instanceId: null, generation, assignments }) as const;
const heartbeat = (memberId: string, generation: number) =>
  ({ api: 'Heartbeat', group: 'g', memberId, instanceId: null, generation }) as const;
const commit = (memberId: string, generation: number, offset = 5) =>
  ({
    api: 'OffsetCommit',
    group: 'g',
    memberId,
    instanceId: null,
    generation,
    offsets: [['orders-0', offset]],
  }) as const;
const leave = (memberId: string) => ({ api: 'LeaveGroup', group: 'g', memberId, why: 'it left' }) as const;

/** A stable group of these clients, in generation 1, at 0 ms. */
function stable(clients: string[], more: Partial<JoinGroupRequest> = {}) {
  const bench = newBench(0);
  const members = clients.map((client) => join(bench, client, more));
  bench.until(0);
  const ids = members.map(({ id }) => id);
  const leader = members[0]!.answer()!;
  const { generation } = leader;
  for (const id of ids.slice(1)) bench.ask(clients[ids.indexOf(id)]!, sync(id, generation));
  bench.ask(
    clients[0]!,
    sync(
      ids[0]!,
      generation,
      ids.map((id, i) => [id, [`orders-${i}`]]),
    ),
  );
  return { bench, ids, generation };
}

describe('coordinator', () => {
  it.each([
    ['test', 48],
    ['my-group', 12],
    ['group1', 40],
  ])('K-75 O-4: group %s belongs to partition %i of __consumer_offsets', (group, partition) => {
    expect(groupPlace(group)).toBe(`__consumer_offsets-${partition}`);
  });

  it('K-76 K-80: Empty, PreparingRebalance, CompletingRebalance, Stable', () => {
    const { bench } = stable(['a', 'b']);
    expect(bench.states().map((text) => text.split(' ').slice(1).join(' '))).toEqual([
      'PreparingRebalance 0',
      'CompletingRebalance 1',
      'Stable 1',
    ]);
  });

  it('K-77: the first to join leads and alone is told the members', () => {
    const bench = newBench(0);
    const [a, b] = [join(bench, 'a'), join(bench, 'b')];
    bench.until(0);
    expect(a.answer()).toMatchObject({ leader: a.id, members: [{ memberId: a.id }, { memberId: b.id }] });
    expect(b.answer()).toMatchObject({ leader: a.id, members: [] });
    expect(a.id).toMatch(/^a-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('K-77: the assignor is voted for among those that all support', () => {
    const bench = newBench(0);
    const both = { protocols: [protocol('cooperative-sticky'), protocol('range')] };
    const a = join(bench, 'a', both);
    join(bench, 'b', { protocols: [protocol('range')] });
    bench.until(0);
    expect(a.answer()!.protocol).toBe('range');
    const odd = { protocols: [protocol('cooperative-sticky')] };
    expect(bench.answer('c', joinRequest('', odd)).error).toBe('INCONSISTENT_GROUP_PROTOCOL');
  });

  it('K-74: a session timeout outside the bounds of the broker is refused', () => {
    const bench = newBench();
    expect(bench.answer('a', joinRequest('', { sessionTimeoutMs: 5999 })).error).toBe(
      'INVALID_SESSION_TIMEOUT',
    );
    expect(bench.answer('a', joinRequest('', { sessionTimeoutMs: 1_800_001 })).error).toBe(
      'INVALID_SESSION_TIMEOUT',
    );
  });

  it('K-77: a join phase waits for whoever has been given an id and has not come back with it', () => {
    const { bench, ids } = stable(['a', 'b']);
    bench.answer('b', leave(ids[1]!));
    const { memberId } = bench.answer('c', joinRequest(''));
    const again = bench.ask('a', joinRequest(ids[0]!));
    expect(again()).toBeUndefined();
    bench.ask('c', joinRequest(memberId));
    expect(again()).toMatchObject({ generation: 2, members: [{ memberId: ids[0] }, { memberId }] });
  });

  it('K-78 O-11: one member waits the initial delay once', () => {
    const bench = newBench(3000);
    join(bench, 'a');
    bench.until(20_000);
    expect(bench.states().slice(0, 2)).toEqual(['0 PreparingRebalance 0', '3000 CompletingRebalance 1']);
  });

  it('K-78 O-11: a second member makes it wait once more', () => {
    const bench = newBench(3000);
    join(bench, 'a');
    join(bench, 'b');
    bench.until(20_000);
    expect(bench.states()[1]).toBe('6000 CompletingRebalance 1');
  });

  it('K-78: it waits no longer than the rebalance timeout', () => {
    const bench = newBench(3000);
    for (const at of [0, 1000, 4000, 7000]) {
      bench.until(at);
      join(bench, `m${at}`, { rebalanceTimeoutMs: 8000 });
    }
    bench.until(60_000);
    expect(bench.states()[1]).toBe('8000 CompletingRebalance 1');
  });

  it('K-79: a newcomer starts a rebalance, told by the next heartbeat, ended when all are back', () => {
    const { bench, ids, generation } = stable(['a', 'b']);
    expect(bench.answer('a', heartbeat(ids[0]!, generation)).error).toBe('NONE');
    const c = join(bench, 'c');
    expect(bench.answer('a', heartbeat(ids[0]!, generation)).error).toBe('REBALANCE_IN_PROGRESS');
    bench.ask('a', joinRequest(ids[0]!));
    expect(c.answer()).toBeUndefined();
    bench.ask('b', joinRequest(ids[1]!));
    expect(c.answer()).toMatchObject({ error: 'NONE', generation: 2, leader: ids[0] });
  });

  it('K-79: whoever does not rejoin within the rebalance timeout is dropped', () => {
    const { bench, ids } = stable(['a', 'b'], { rebalanceTimeoutMs: 4000, sessionTimeoutMs: 30_000 });
    const again = bench.ask(
      'a',
      joinRequest(ids[0]!, { rebalanceTimeoutMs: 4000, sessionTimeoutMs: 30_000 }),
    );
    bench.until(3999);
    expect(again()).toBeUndefined();
    bench.until(4000);
    expect(again()).toMatchObject({ generation: 2, members: [{ memberId: ids[0] }] });
  });

  it('K-80: members that do not sync within the rebalance timeout are removed, and a new rebalance starts', () => {
    const bench = newBench(0);
    const [a, b] = ['a', 'b'].map((client) =>
      join(bench, client, { rebalanceTimeoutMs: 4000, sessionTimeoutMs: 30_000 }),
    );
    bench.until(0);
    const waiting = bench.ask('b', sync(b!.id, 1));
    bench.until(4000);
    expect(waiting()!.error).toBe('REBALANCE_IN_PROGRESS');
    expect(bench.events).toContainEqual(expect.objectContaining({ kind: 'member-removed', member: a!.id }));
    expect(bench.states().at(-1)).toBe('4000 PreparingRebalance 1');
  });

  it('K-74 K-79: a silent member is removed when its session is over, not before', () => {
    const { bench, ids, generation } = stable(['a', 'b']);
    for (let ms = 2000; ms <= 30_000; ms += 2000) {
      bench.until(ms);
      if (ms === 4000) bench.answer('b', heartbeat(ids[1]!, generation));
      const { error } = bench.answer('a', heartbeat(ids[0]!, generation));
      expect(error).toBe(ms < 14_000 ? 'NONE' : 'REBALANCE_IN_PROGRESS');
    }
    const removed = bench.events.filter(({ kind }) => kind === 'member-removed');
    expect(removed).toMatchObject([{ atMs: 14_000, member: ids[1] }]);
  });

  it('K-74: a member that leaves is gone at once; the last one leaves an Empty group', () => {
    const { bench, ids } = stable(['a']);
    expect(bench.answer('a', leave(ids[0]!)).error).toBe('NONE');
    expect(bench.states().at(-1)).toBe('0 Empty 2');
  });

  it('K-81: commits are taken in Stable and PreparingRebalance with the current generation only', () => {
    const { bench, ids, generation } = stable(['a', 'b']);
    const code = (memberId: string, of: number) => bench.answer('a', commit(memberId, of)).error;
    expect(code(ids[0]!, generation)).toBe('NONE');
    expect(code(ids[0]!, generation - 1)).toBe('ILLEGAL_GENERATION');
    expect(code('nobody', generation)).toBe('UNKNOWN_MEMBER_ID');
    expect(code('', -1)).toBe('UNKNOWN_MEMBER_ID');
    bench.ask('a', joinRequest(ids[0]!));
    expect(bench.states().at(-1)).toContain('PreparingRebalance');
    expect(code(ids[1]!, generation)).toBe('NONE');
    bench.ask('b', joinRequest(ids[1]!));
    expect(bench.states().at(-1)).toContain('CompletingRebalance');
    expect(code(ids[0]!, generation + 1)).toBe('REBALANCE_IN_PROGRESS');
  });

  it('K-81: without membership only while the group is Empty', () => {
    const bench = newBench();
    expect(bench.answer('admin', commit('', -1)).error).toBe('NONE');
  });

  it('K-70: a lower offset is accepted', () => {
    const { bench, ids, generation } = stable(['a']);
    bench.answer('a', commit(ids[0]!, generation, 9));
    bench.answer('a', commit(ids[0]!, generation, 3));
    const places = ['orders-0', 'orders-1'];
    expect(
      bench.answer('a', { api: 'OffsetFetch', group: 'g', places, requireStable: false }).offsets,
    ).toEqual([
      ['orders-0', 3],
      ['orders-1', -1],
    ]);
  });

  it('K-84: a static member that comes back keeps its assignment, without a rebalance', () => {
    const bench = newBench(0);
    const first = bench.ask('a', joinRequest('', { instanceId: 's' }));
    bench.until(0);
    const { memberId, generation } = first()!;
    bench.answer('a', sync(memberId, generation, [[memberId, ['orders-0']]]));
    const states = bench.states().length;
    const back = bench.answer('a', joinRequest('', { instanceId: 's' }));
    expect(back).toMatchObject({ error: 'NONE', generation, skipAssignment: true });
    expect(back.memberId).not.toBe(memberId);
    expect(bench.answer('a', sync(back.memberId, generation)).places).toEqual(['orders-0']);
    expect(bench.states()).toHaveLength(states);
    // The first one, if it still lives, is fenced.
    expect(bench.answer('a', joinRequest(memberId, { instanceId: 's' })).error).toBe('FENCED_INSTANCE_ID');
  });

  it('K-79: a static member that is away when the rebalance times out stays, with a part of its own', () => {
    const bench = newBench(0);
    const more = { rebalanceTimeoutMs: 4000, sessionTimeoutMs: 30_000 };
    const first = bench.ask('a', joinRequest('', { ...more, instanceId: 's' }));
    bench.until(0);
    const { memberId, generation } = first()!;
    bench.answer('a', sync(memberId, generation, [[memberId, ['orders-0']]]));
    const b = join(bench, 'b', more);
    bench.until(4000);
    expect(b.answer()).toMatchObject({ leader: b.id, members: [{ memberId }, { memberId: b.id }] });
  });

  it('K-84: a static member that comes back with another subscription starts a rebalance', () => {
    const bench = newBench(0);
    const first = bench.ask('a', joinRequest('', { instanceId: 's' }));
    bench.until(0);
    const { memberId, generation } = first()!;
    bench.answer('a', sync(memberId, generation, [[memberId, ['orders-0']]]));
    const other = { instanceId: 's', protocols: [{ ...protocol(), topics: ['orders', 'payments'] }] };
    expect(bench.answer('a', joinRequest('', other))).toMatchObject({ generation: generation + 1 });
  });

  it('K-77: the assignor with the most votes wins', () => {
    const bench = newBench(0);
    const prefers = (...names: string[]) => ({ protocols: names.map((name) => protocol(name)) });
    const a = join(bench, 'a', prefers('range', 'cooperative-sticky'));
    join(bench, 'b', prefers('cooperative-sticky', 'range'));
    join(bench, 'c', prefers('cooperative-sticky', 'range'));
    bench.until(0);
    expect(a.answer()!.protocol).toBe('cooperative-sticky');
  });

  it('K-75: a coordinator that restarts goes on with members, generation and offsets', () => {
    const { bench, ids, generation } = stable(['a', 'b']);
    bench.answer('a', commit(ids[0]!, generation, 7));
    bench.failOver();
    expect(bench.answer('a', heartbeat(ids[0]!, generation)).error).toBe('NONE');
    expect(bench.answer('b', sync(ids[1]!, generation)).places).toEqual(['orders-1']);
    expect(
      bench.answer('a', { api: 'OffsetFetch', group: 'g', places: ['orders-0'], requireStable: false })
        .offsets[0]![1],
    ).toBe(7);
    bench.until(10_000);
    expect(bench.events.filter(({ kind }) => kind === 'member-removed')).toHaveLength(2);
  });
});

describe('a coordinator that restarts', () => {
  it('K-75 K-74: gives every member a whole session to be heard of', () => {
    const { bench, ids } = stable(['a', 'b']);
    bench.until(8000);
    bench.failOver();
    bench.until(30_000);
    const removed = bench.events.filter(({ kind }) => kind === 'member-removed');
    expect(removed).toMatchObject(ids.map((member) => ({ atMs: 18_000, member })));
  });
});

describe('the classic protocol on a replicated log', () => {
  it.each([true, false])(
    'K-75: the last completed generation outlives its coordinator (compacted: %s)',
    (compacted) => {
      const { bench, ids, generation } = stable(['a', 'b']);
      // A rebalance that is under way is lost with the coordinator: its members are told, and begin it again.
      const c = join(bench, 'c');
      expect(bench.states().at(-1)).toContain('PreparingRebalance');
      const told: unknown[] = [];
      bench.shard.unloaded({ reply: (to, _, reply) => told.push([to, reply]) });
      expect(told).toMatchObject([['c', { api: 'JoinGroup', error: 'NOT_COORDINATOR' }]]);
      bench.failOver({ compacted });
      expect(bench.answer('a', heartbeat(ids[0]!, generation)).error).toBe('NONE');
      expect(bench.answer('c', joinRequest(c.id)).error).toBe('UNKNOWN_MEMBER_ID');
      expect(bench.answer('admin', { api: 'DescribeGroup', group: 'g' }).description).toMatchObject({
        type: 'Classic',
        state: 'Stable',
        assignor: 'range',
        epoch: generation,
        members: [
          { memberId: ids[0], client: 'a', places: ['orders-0'] },
          { memberId: ids[1], client: 'b', places: ['orders-1'] },
        ],
      });
    },
  );

  it('K-75: an assignment that was not replicated is gone with its coordinator', () => {
    const { bench, ids } = stable(['a']);
    const written = bench.log.length;
    bench.ask('a', joinRequest(ids[0]!));
    bench.answer('a', sync(ids[0]!, 2, [[ids[0]!, ['orders-0']]]));
    bench.failOver({ records: written });
    expect(bench.answer('a', heartbeat(ids[0]!, 2)).error).toBe('ILLEGAL_GENERATION');
    expect(bench.answer('a', heartbeat(ids[0]!, 1)).error).toBe('NONE');
  });

  it('K-75: an Empty group, too, keeps its generation', () => {
    const { bench, ids } = stable(['a']);
    bench.answer('a', leave(ids[0]!));
    bench.failOver({ compacted: true });
    expect(bench.shard.list()).toEqual([{ group: 'g', type: 'Classic', state: 'Empty' }]);
    const again = join(bench, 'a');
    bench.until(0);
    expect(again.answer()!.generation).toBe(3);
  });

  it('K-84: a static member that came back is known by its new id to the next coordinator', () => {
    const bench = newBench(0);
    const first = bench.ask('a', joinRequest('', { instanceId: 's' }));
    bench.until(0);
    const { memberId, generation } = first()!;
    bench.answer('a', sync(memberId, generation, [[memberId, ['orders-0']]]));
    const back = bench.answer('a', joinRequest('', { instanceId: 's' }));
    bench.failOver({ compacted: true });
    expect(bench.answer('a', sync(back.memberId, generation)).places).toEqual(['orders-0']);
    expect(bench.answer('a', heartbeat(memberId, generation)).error).toBe('UNKNOWN_MEMBER_ID');
  });

  it('K-80: a member that does not sync goes, though the others have their assignment already', () => {
    const bench = newBench(0);
    const more = { rebalanceTimeoutMs: 4000, sessionTimeoutMs: 30_000 };
    const [a, b] = ['a', 'b'].map((client) => join(bench, client, more));
    bench.until(0);
    bench.answer('a', sync(a!.id, 1, [[a!.id, ['orders-0']]]));
    expect(bench.states().at(-1)).toBe('0 Stable 1');
    bench.until(4000);
    expect(bench.only('member-removed')).toMatchObject([{ atMs: 4000, member: b!.id }]);
    expect(bench.states().at(-1)).toBe('4000 PreparingRebalance 1');
  });

  it('K-77: a member id that a group has never given out, in a group that is not there', () => {
    const bench = newBench(0);
    expect(bench.answer('a', joinRequest('made-up')).error).toBe('UNKNOWN_MEMBER_ID');
    expect(bench.answer('a', heartbeat('made-up', 1)).error).toBe('UNKNOWN_MEMBER_ID');
    expect(bench.answer('a', sync('made-up', 1)).error).toBe('UNKNOWN_MEMBER_ID');
    expect(bench.answer('a', leave('made-up')).error).toBe('UNKNOWN_MEMBER_ID');
    expect(bench.shard.list()).toEqual([]);
  });
});
