// The consumer in whole runs, one broker: its poll loop, its commits, its membership, and the corners that a reader's own
// scenario reaches.
import { describe, expect, it } from 'vitest';
import { MetricsFold } from '../../../src/claims/metrics.ts';
import { claimById } from '../../../src/scenarios/library.ts';
import { parseScenario, type ScenarioInputOf } from '../../../src/scenarios/schema.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';
import { consumer, eventsOf, only, producer, scenario, topic, type ConsumerInput } from './harness.ts';

const act = (atMs: number, verb: 'crash' | 'restart' | 'close' | 'pause' | 'resume', target: string) => ({
  atMs,
  action: { do: verb, target },
});

const spread = { kind: 'cycle' as const, keys: ['A', 'D', 'F'] };
const backlogOf = (events: readonly TraceEvent[]): number => {
  const fold = new MetricsFold();
  for (const event of events) fold.on(event);
  return fold.metrics().backlog;
};
const oneOwner = (events: readonly TraceEvent[]): string => {
  const fold = claimById('kafka.one-owner').judge();
  for (const event of events) fold.on(event);
  return fold.verdict(true).status;
};

describe('consumer', () => {
  const hundred = producer('p', { load: { ratePerSecond: 1000, count: 100 } });
  /** One key for each of three partitions. */
  const spread = producer('p', {
    load: { ratePerSecond: 1000, count: 100 },
    keys: { kind: 'cycle', keys: ['A', 'D', 'F'] },
  });
  /** 100 records wait; ten a poll, three seconds of work (O-10). */
  const o10 = (crashMs: number) =>
    eventsOf(
      scenario(
        [hundred, consumer('c', { startMs: 1000, processingMs: 300, config: { 'max.poll.records': 10 } })],
        {
          system: topic(1),
          network: { latencyMs: 0 },
          durationMs: 40_000,
          timeline: [act(1000 + crashMs, 'crash', 'c'), act(9000, 'restart', 'c')],
        },
      ),
    );

  it('K-71 O-10: auto-commit commits at the poll after five seconds what earlier polls returned', () => {
    const events = o10(7000);
    expect(only(events, 'settled')[0]).toMatchObject({ position: 20 });
    expect(only(events, 'settled')[0]!.at / 1e6).toBeCloseTo(7, 1);
    const again = only(events, 'positioned').at(-1)!;
    expect(again).toMatchObject({ position: 20, by: 'committed' });
    const delivered = only(events, 'delivered').map(({ position }) => position);
    expect(delivered.slice(0, 40)).toEqual([
      ...Array.from({ length: 30 }, (_, i) => i),
      ...Array.from({ length: 10 }, (_, i) => i + 20),
    ]);
  });

  it('K-69 K-71 O-10: nothing committed before 6 s: the reset policy decides', () => {
    expect(only(o10(5900), 'positioned').at(-1)).toMatchObject({ position: 0, by: 'reset' });
  });

  it('K-72: commits when it is told, its positions or any offsets, and waits for that or does not', () => {
    const commit = (atMs: number, more: object = {}) => ({
      atMs,
      action: { do: 'commit' as const, client: 'c', ...more },
    });
    const events = eventsOf(
      scenario(
        [
          hundred,
          consumer('c', {
            startMs: 1000,
            assign: ['orders-0'],
            commit: 'never',
            config: { 'auto.offset.reset': 'earliest', 'enable.auto.commit': false },
          }),
        ],
        {
          system: topic(1),
          timeline: [
            commit(2000),
            commit(2500, { offsets: { 'orders-0': 7 } }),
            // One after another, whichever of them waits.
            commit(3000, { offsets: { 'orders-0': 500 } }),
            commit(3000, { async: true, offsets: { 'orders-0': 40 } }),
            commit(3000, { offsets: { 'orders-0': 30 } }),
            act(4000, 'close', 'c'),
            act(4500, 'restart', 'c'),
          ],
        },
      ),
    );
    expect(only(events, 'settled').map(({ position }) => position)).toEqual([100, 7, 500, 40, 30]);
    expect(only(events, 'positioned').at(-1)).toMatchObject({ position: 30, by: 'committed' });
    expect(only(events, 'delivered').at(-1)).toMatchObject({ position: 99 });
  });

  it('K-69: latest begins at the high watermark, none ends the application', () => {
    const begin = (reset: 'latest' | 'none') =>
      eventsOf(
        scenario([hundred, consumer('c', { startMs: 2000, config: { 'auto.offset.reset': reset } })], {
          system: topic(1),
        }),
      );
    expect(only(begin('latest'), 'positioned')).toMatchObject([{ position: 100, by: 'reset' }]);
    expect(only(begin('none'), 'client-stopped')).toMatchObject([{ client: 'c', reason: 'closed' }]);
  });

  const style = (commit: NonNullable<ConsumerInput['commit']>) =>
    eventsOf(
      scenario(
        [
          hundred,
          consumer('c', {
            startMs: 1000,
            commit,
            processingMs: 100,
            config: { 'enable.auto.commit': false, 'max.poll.records': 10 },
          }),
        ],
        {
          system: topic(1),
          durationMs: 30_000,
          timeline: [act(2500, 'crash', 'c'), act(3000, 'restart', 'c')],
        },
      ),
    );
  const twice = (events: ReturnType<typeof style>): number => {
    const positions = only(events, 'processed').map(({ position }) => position);
    return positions.length - new Set(positions).size;
  };
  const never = (events: ReturnType<typeof style>): number =>
    100 - new Set(only(events, 'processed').map(({ position }) => position)).size;

  it('K-72: process then commit processes again, commit then process loses', () => {
    const after = style('after-batch');
    expect([twice(after) > 0, never(after)]).toEqual([true, 0]);
    const before = style('before-batch');
    expect([twice(before), never(before) > 0]).toEqual([0, true]);
    const each = style('after-each');
    expect(twice(each)).toBeLessThanOrEqual(1);
    expect(never(each)).toBe(0);
  });

  it('K-73: an application that does not poll in time loses its membership, and learns it when it commits', () => {
    const slow = consumer('slow', {
      processingMs: 3000,
      config: { 'max.poll.interval.ms': 8000, 'max.poll.records': 5 },
    });
    const events = eventsOf(scenario([spread, slow, consumer('c')], { durationMs: 40_000 }));
    const removed = only(events, 'member-removed')[0];
    expect(removed).toMatchObject({ client: 'slow', why: 'consumer poll timeout has expired' });
    expect(only(events, 'revoked').find(({ client, lost }) => client === 'slow' && lost)).toBeDefined();
  });

  it('K-74: a clean close commits and leaves, so its partitions are read again at once', () => {
    const events = eventsOf(
      scenario([producer('p', { load: { ratePerSecond: 20 } }), consumer('a'), consumer('b')], {
        timeline: [act(8000, 'close', 'b')],
      }),
    );
    expect(only(events, 'member-removed')).toMatchObject([{ client: 'b' }]);
    const taken = only(events, 'assigned').at(-1)!;
    expect(taken).toMatchObject({ client: 'a', all: ['orders-0', 'orders-1', 'orders-2'] });
    expect(taken.at / 1e6).toBeLessThan(8 + 2.5);
    const messages = only(events, 'processed').map(({ message }) => message);
    expect(new Set(messages).size).toBe(messages.length);
  });

  it('K-5: a position that is gone from the log is set anew by auto.offset.reset', () => {
    const reader = (id: string, reset: 'earliest' | 'latest' | 'none', startMs: number) =>
      consumer(id, {
        group: id === 'before' ? 'none' : id,
        startMs,
        config: { 'auto.offset.reset': reset, 'session.timeout.ms': 60_000 },
      });
    const send = (atMs: number, count: number) => ({
      atMs,
      action: { do: 'produce' as const, client: 'p', key: 'A', count },
    });
    const away = ['earliest', 'latest'];
    const events = eventsOf(
      scenario(
        [
          producer('p', { bytes: 0, config: { 'batch.size': 500_000, 'buffer.memory': 100_000_000 } }),
          reader('earliest', 'earliest', 1000),
          reader('latest', 'latest', 1000),
          // Commits offset 5 for the one that comes after it, and goes.
          reader('before', 'earliest', 1000),
          reader('none', 'none', 8000),
        ],
        {
          system: topic(1),
          timeline: [
            send(2000, 5),
            act(3000, 'close', 'before'),
            ...away.map((id) => act(3000, 'pause', id)),
            // More than a partition keeps: its older half goes.
            ...[4000, 4500, 5000].map((atMs) => send(atMs, 90_000)),
            ...away.map((id) => act(8000, 'resume', id)),
          ],
          durationMs: 10_000,
        },
      ),
    );
    const start = only(events, 'expired').at(-1)!.position + 1;
    expect(start).toBeGreaterThan(100_000);
    const late = only(events, 'positioned').filter(({ at }) => at > 8_000_000);
    expect(late).toMatchObject([
      { client: 'earliest', position: start, by: 'reset', outOfRange: true },
      { client: 'latest', position: 270_005, by: 'reset', outOfRange: true },
      { client: 'none', position: 5, by: 'committed' },
    ]);
    expect(
      only(events, 'delivered').find(({ client, at }) => client === 'earliest' && at > 8_000_000),
    ).toMatchObject({ position: start });
    expect(only(events, 'error')).toMatchObject([{ client: 'none', code: 'OffsetOutOfRangeException' }]);
  });

  type Strategy = NonNullable<NonNullable<ConsumerInput['config']>['partition.assignment.strategy']>;
  const joins = (strategy: Strategy) =>
    eventsOf(
      scenario(
        [
          producer('p', { load: { ratePerSecond: 20 } }),
          consumer('a', { config: { 'partition.assignment.strategy': strategy } }),
          consumer('b', { startMs: 6000, config: { 'partition.assignment.strategy': strategy } }),
        ],
        { durationMs: 20_000 },
      ),
    );

  it.each<{ list: Strategy }>([
    { list: ['range'] },
    { list: ['roundrobin'] },
    { list: ['sticky'] },
    { list: ['range', 'cooperative-sticky'] },
    { list: ['cooperative-sticky', 'roundrobin'] },
    { list: ['sticky', 'cooperative-sticky'] },
  ])('K-77 K-82: members with $list are eager: they give up everything before they join', ({ list }) => {
    expect(only(joins(list), 'revoked')).toMatchObject([
      { client: 'a', places: ['orders-0', 'orders-1', 'orders-2'], lost: false },
    ]);
  });

  it('K-82 K-94: the eager sticky assignor gives back what a member had given up, and hands the rest out at once', () => {
    const parts = (strategy: Strategy) => {
      const events = joins(strategy);
      const last = new Map(only(events, 'assigned').map(({ client, all }) => [client, all]));
      return { a: last.get('a'), b: last.get('b'), rebalances: only(events, 'assigned').at(-1)!.generation };
    };
    const kept = { a: ['orders-0', 'orders-1'], b: ['orders-2'], rebalances: 2 };
    expect(parts(['sticky'])).toEqual(kept);
    // Here cooperative-sticky runs in the eager protocol, and knows of no owners.
    expect(parts(['cooperative-sticky', 'roundrobin'])).toEqual({
      a: ['orders-0', 'orders-2'],
      b: ['orders-1'],
      rebalances: 2,
    });
    expect(parts(['roundrobin'])).toEqual({ a: ['orders-0', 'orders-2'], b: ['orders-1'], rebalances: 2 });
  });

  it('K-81: the late answer to a commit of an earlier membership does not end the next one', () => {
    // Where it is paused just before a heartbeat is due, that heartbeat is answered before the commit is.
    for (let pausedAt = 4000; pausedAt <= 8000; pausedAt += 500) {
      const events = eventsOf(
        scenario([producer('p'), consumer('a'), consumer('b')], {
          system: topic(4, 500),
          timeline: [act(pausedAt, 'pause', 'b'), act(16_000, 'resume', 'b')],
          durationMs: 24_000,
        }),
      );
      const joined = only(events, 'member-joined').filter(({ at }) => at > 16_000_000);
      const commits = only(events, 'sent').filter(
        ({ from, what }) => from === 'b' && what === 'OffsetCommit',
      );
      expect(commits.some(({ at }) => at > 16_000_000)).toBe(true);
      // It was its own commit, of which nobody is told that it was refused.
      expect(only(events, 'error')).toEqual([]);
      expect(joined).toMatchObject([{ client: 'b' }]);
    }
  });

  it('K-72: commitSync() fails when its time is over though its request is under way, and its late answer settles nothing', () => {
    const link = (atMs: number, what: 'cut' | 'heal') => ({
      atMs,
      action: { do: what, between: ['a', 'broker-1'] as [string, string] },
    });
    const events = eventsOf(
      scenario(
        [
          producer('p', { load: { ratePerSecond: 1, count: 2 }, startMs: 4000 }),
          consumer('a', {
            processingMs: 1000,
            commit: 'after-each',
            config: { 'enable.auto.commit': false, 'default.api.timeout.ms': 2000 },
          }),
        ],
        // The first record is worked on when the link is cut.
        { system: topic(1, 500), timeline: [link(5500, 'cut'), link(9600, 'heal')], durationMs: 14_000 },
      ),
    );
    const done = only(events, 'processed');
    const [error, ...more] = only(events, 'error');
    expect(more).toEqual([]);
    expect(error).toMatchObject({
      at: done[0]!.at + 2_000_000,
      code: 'TimeoutException',
      detail:
        "Timeout of 2000ms expired before successfully committing offsets {orders-0=OffsetAndMetadata{offset=1, leaderEpoch=null, metadata=''}}",
    });
    expect(only(events, 'settled').map(({ position }) => position)).toEqual([2]);
  });

  it('K-94: what a member remembers from an earlier generation yields to who has it since', () => {
    const sticky = (id: string) => consumer(id, { config: { 'partition.assignment.strategy': ['sticky'] } });
    const events = eventsOf(
      scenario([producer('p', { load: { ratePerSecond: 20 } }), sticky('a'), sticky('b')], {
        system: topic(4, 500),
        // Longer than its session: the other one gets all, and keeps its earliest two when b is back.
        timeline: [act(5000, 'pause', 'b'), act(16_000, 'resume', 'b')],
        durationMs: 30_000,
      }),
    );
    expect(only(events, 'assigned').map(({ client, all }) => `${client} ${all.join(' ')}`)).toEqual([
      'a orders-0 orders-2',
      'b orders-1 orders-3',
      'a orders-0 orders-2 orders-1 orders-3',
      'a orders-0 orders-1',
      'b orders-2 orders-3',
    ]);
  });

  it('K-94: the sticky assignor forgets with its process, and what another assignor gave it never knew', () => {
    const member = (id: string, startMs: number, ...strategy: Strategy) =>
      consumer(id, { startMs, config: { 'partition.assignment.strategy': strategy } });
    const last = (input: ScenarioInputOf<'kafka'>) =>
      Object.fromEntries(
        only(eventsOf(input), 'assigned').map(({ client, all }): [string, string] => [client, all.join(' ')]),
      );
    const clients = [member('a', 0, 'sticky'), member('b', 4000, 'sticky')];
    const crashes = [...['a', 'b'].map((id) => act(12_000, 'crash', id)), act(13_000, 'restart', 'a')];
    const timeline = [...crashes, act(13_000, 'restart', 'b')];
    const of = { system: topic(4), durationMs: 30_000 };
    expect(last(scenario(clients, of))).toEqual({ a: 'orders-0 orders-1', b: 'orders-2 orders-3' });
    expect(last(scenario(clients, { ...of, timeline }))).toEqual({
      a: 'orders-0 orders-2',
      b: 'orders-1 orders-3',
    });
    // a is given all by range; with c most votes go to sticky.
    const voters = [
      member('a', 0, 'range', 'sticky'),
      member('b', 4000, 'sticky', 'range'),
      member('c', 8000, 'sticky', 'range'),
    ];
    expect(last(scenario(voters, of))).toEqual({ a: 'orders-0 orders-3', b: 'orders-1', c: 'orders-2' });
  });

  it('K-83: a member that is joining refuses a commit itself, whatever the coordinator would say', () => {
    const cooperative = (id: string, more: Partial<ConsumerInput> = {}) =>
      consumer(id, {
        ...more,
        config: {
          'enable.auto.commit': false,
          'partition.assignment.strategy': ['cooperative-sticky'],
          'max.poll.records': 1,
          ...more.config,
        },
      });
    const events = eventsOf(
      scenario(
        [
          producer('p', { load: { ratePerSecond: 50 }, keys: { kind: 'cycle', keys: ['A', 'D', 'F'] } }),
          cooperative('a'),
          // Busy when c comes, so that a waits for it in the join phase and reads on.
          cooperative('b', { processingMs: 4000 }),
          cooperative('c', { startMs: 6000 }),
        ],
        { system: topic(3, 500), durationMs: 14_000 },
      ),
    );
    const of = only(events, 'sent').filter(({ from }) => from === 'a');
    const joinedAt = of.find(({ what, at }) => what === 'JoinGroup' && at > 6_000_000)!.at;
    const assignedAt = only(events, 'assigned').find(({ client, at }) => client === 'a' && at > joinedAt)!.at;
    const meanwhile = events.filter(({ at }) => at > joinedAt && at < assignedAt);
    const refused = only(meanwhile, 'error').filter(({ client }) => client === 'a');
    expect(assignedAt - joinedAt).toBeGreaterThan(500_000);
    expect(only(meanwhile, 'processed').filter(({ client }) => client === 'a').length).toBeGreaterThan(10);
    expect(refused.length).toBeGreaterThan(10);
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set(['RebalanceInProgressException']));
    expect(
      only(meanwhile, 'sent').filter(({ from, what }) => from === 'a' && what === 'OffsetCommit'),
    ).toEqual([]);
    expect(only(meanwhile, 'settled').filter(({ client }) => client === 'a')).toEqual([]);
  });

  it('K-83 K-97: cooperative members give up only what moves, and a second rebalance hands it out', () => {
    const events = joins(['cooperative-sticky']);
    expect(only(events, 'revoked')).toMatchObject([{ client: 'a', places: ['orders-2'] }]);
    const b = only(events, 'assigned').filter(({ client }) => client === 'b');
    expect(b.map(({ places, generation }) => [generation, places])).toEqual([
      [2, []],
      [3, ['orders-2']],
    ]);
    // It goes on reading what it keeps: no new position is looked up.
    const found = only(events, 'positioned').filter(
      ({ client, place }) => client === 'a' && place === 'orders-0',
    );
    expect(found).toHaveLength(1);
  });

  it('K-84: a static member that is back within its session changes nothing for the others', () => {
    const fixed = (id: string) => consumer(id, { config: { 'group.instance.id': id } });
    const events = eventsOf(
      scenario([producer('p', { load: { ratePerSecond: 20 } }), fixed('a'), fixed('b')], {
        timeline: [act(8000, 'crash', 'b'), act(9000, 'restart', 'b')],
      }),
    );
    const after = events.filter(({ at }) => at > 8_000_000);
    expect(only(after, 'group-state-changed')).toEqual([]);
    expect(only(after, 'assigned')).toMatchObject([{ client: 'b' }]);
  });

  it('K-79: the leader rejoins when its topic has grown, and the new partition is read', () => {
    const config = { 'metadata.max.age.ms': 2000 };
    const events = eventsOf(
      scenario([consumer('a', { config }), consumer('b', { config })], {
        timeline: [{ atMs: 6000, action: { do: 'create-partitions', topic: 'orders', total: 4 } }],
      }),
    );
    const last = new Map(only(events, 'assigned').map(({ client, all }) => [client, all]));
    expect([...last.values()].flat().toSorted()).toEqual(['orders-0', 'orders-1', 'orders-2', 'orders-3']);
  });

  it('K-112: two groups each get every record', () => {
    const events = eventsOf(scenario([hundred, consumer('a'), consumer('b', { group: 'audit' })]));
    const of = (group: string): number =>
      new Set(only(events, 'processed').flatMap((e) => (e.group === group ? [e.message] : []))).size;
    expect([of('billing'), of('audit')]).toEqual([100, 100]);
  });

  it('K-79: a paused process comes back to a group that has gone on without it', () => {
    const events = eventsOf(
      scenario([producer('p', { load: { ratePerSecond: 20 } }), consumer('a'), consumer('b')], {
        timeline: [act(5000, 'pause', 'b'), act(16_000, 'resume', 'b')],
        durationMs: 30_000,
      }),
    );
    expect(only(events, 'member-removed')[0]).toMatchObject({ client: 'b' });
    expect(only(events, 'revoked').find(({ lost }) => lost)).toMatchObject({ client: 'b' });
    expect(only(events, 'assigned').at(-1)!.all.length).toBeGreaterThan(0);
  });

  it('K-74: a heartbeat interval that is not below the session timeout is refused', () => {
    const parse = () =>
      parseScenario(scenario([consumer('c', { config: { 'heartbeat.interval.ms': 6000 } })]));
    expect(parse).toThrow('heartbeat.interval.ms');
  });
});

describe('static members', () => {
  const same = { config: { 'group.instance.id': 's' } };

  it('K-84: a second live client with the same instance id fences the first, for good', () => {
    const events = eventsOf(
      scenario(
        [
          producer('p', { load: { ratePerSecond: 20 }, keys: spread }),
          consumer('a', same),
          consumer('b', { ...same, startMs: 4000 }),
        ],
        { durationMs: 12_000 },
      ),
    );
    expect(only(events, 'error')).toMatchObject([{ client: 'a', code: 'FencedInstanceIdException' }]);
    expect(only(events, 'client-stopped')).toMatchObject([{ client: 'a' }]);
    expect(only(events, 'assigned').map(({ client }) => client)).toEqual(['a', 'b']);
    expect(oneOwner(events)).toBe('holds');
  });

  it('K-84: a client that is fenced finishes what poll() gave it', () => {
    const events = eventsOf(
      scenario(
        [
          producer('p', { load: { ratePerSecond: 1000, count: 30 }, keys: spread }),
          consumer('a', { ...same, processingMs: 500, config: { ...same.config, 'max.poll.records': 8 } }),
          consumer('b', { ...same, startMs: 3000 }),
        ],
        { durationMs: 12_000 },
      ),
    );
    const [stopped] = only(events, 'client-stopped');
    const of = (kind: 'delivered' | 'processed') =>
      only(events, kind).filter(({ client }) => client === 'a').length;
    expect(stopped).toMatchObject({ client: 'a' });
    expect(of('processed')).toBe(of('delivered'));
  });

  it('K-84: another client that takes a dead one’s instance id over is the only reader', () => {
    const events = eventsOf(
      scenario([consumer('a', same), consumer('b', { ...same, startMs: 3000 })], {
        timeline: [act(2000, 'crash', 'a')],
      }),
    );
    expect(only(events, 'assigned').map(({ client, generation }) => [client, generation])).toEqual([
      ['a', 1],
      ['b', 1],
    ]);
    expect(oneOwner(events)).toBe('holds');
  });

  it('K-73: a static member that did not poll in time is silent, dropped with its session, and joins again', () => {
    const slow = consumer('a', {
      processingMs: 3000,
      commit: 'never',
      config: {
        'group.instance.id': 's1',
        'enable.auto.commit': false,
        'max.poll.interval.ms': 5000,
        'max.poll.records': 5,
      },
    });
    const events = eventsOf(
      scenario(
        [
          producer('p', { load: { ratePerSecond: 1000, count: 100 }, keys: spread }),
          slow,
          consumer('b', { config: { 'group.instance.id': 's2' } }),
        ],
        { durationMs: 30_000 },
      ),
    );
    expect(only(events, 'member-removed')[0]).toMatchObject({
      client: 'a',
      why: 'no heartbeat for 6000 ms (session.timeout.ms)',
    });
    const lost = only(events, 'revoked').find(({ client, lost }) => client === 'a' && lost)!;
    expect(only(events, 'assigned').some(({ client, at }) => client === 'a' && at > lost.at)).toBe(true);
  });
});

describe('a static member that closes', () => {
  it('K-84: does not leave; its session decides', () => {
    const events = eventsOf(
      scenario([consumer('a', { config: { 'group.instance.id': 's' } })], {
        timeline: [act(4000, 'close', 'a')],
        durationMs: 12_000,
      }),
    );
    const [removed] = only(events, 'member-removed');
    expect(removed!.why).toBe('no heartbeat for 6000 ms (session.timeout.ms)');
    expect(removed!.at).toBeGreaterThan(8_000_000);
  });
});

describe('a group', () => {
  it('K-92: gets every topic of its members read, also one that its leader does not subscribe to', () => {
    const events = eventsOf(
      scenario(
        [
          producer('p', { topic: 'payments', load: { ratePerSecond: 20, untilMs: 10_000 }, keys: spread }),
          consumer('a'),
          consumer('b', { topics: ['payments'] }),
        ],
        {
          system: {
            broker: 'kafka',
            topics: [
              { name: 'orders', partitions: 3 },
              { name: 'payments', partitions: 2 },
            ],
            config: { 'group.initial.rebalance.delay.ms': 500 },
          },
        },
      ),
    );
    const last = new Map(only(events, 'assigned').map(({ client, all }) => [client, all]));
    expect(last.get('a')).toEqual(['orders-0', 'orders-1', 'orders-2']);
    expect(last.get('b')).toEqual(['payments-0', 'payments-1']);
    expect(backlogOf(events)).toBe(0);
  });

  it('K-79: its leader sees a topic grow that only others read', () => {
    const fresh = { 'metadata.max.age.ms': 2000 };
    const events = eventsOf(
      scenario([consumer('a', { config: fresh }), consumer('b', { topics: ['payments'], config: fresh })], {
        system: {
          broker: 'kafka',
          topics: [
            { name: 'orders', partitions: 1 },
            { name: 'payments', partitions: 1 },
          ],
          config: { 'group.initial.rebalance.delay.ms': 500 },
        },
        timeline: [{ atMs: 8000, action: { do: 'create-partitions', topic: 'payments', total: 2 } }],
      }),
    );
    const b = only(events, 'assigned').filter(({ client }) => client === 'b');
    expect(b.at(-1)!.all).toEqual(['payments-0', 'payments-1']);
  });

  it('K-68: a backlog that takes no time to work on does not exhaust the stack', () => {
    const events = eventsOf(
      scenario(
        [
          producer('p', { bytes: 0, load: { ratePerSecond: 50_000, count: 40_000 } }),
          consumer('c', { startMs: 3000, processingMs: 0, config: { 'max.poll.records': 1 } }),
        ],
        { system: topic(1), durationMs: 5000 },
      ),
    );
    expect(only(events, 'processed')).toHaveLength(40_000);
  });

  it('K-69: what lies before the position at which it begins is no backlog of its', () => {
    const reads = (reset: 'latest' | 'earliest') =>
      backlogOf(
        eventsOf(
          scenario(
            [
              producer('p', { load: { ratePerSecond: 100, count: 100 } }),
              consumer('c', { startMs: 3000, processingMs: 1000, config: { 'auto.offset.reset': reset } }),
            ],
            { system: topic(1), durationMs: 8500 },
          ),
        ),
      );
    expect(reads('latest')).toBe(0);
    expect(reads('earliest')).toBe(95);
  });
});

describe('a consumer', () => {
  it('K-71: commits what it was given when it closes', () => {
    const events = eventsOf(
      scenario([producer('p', { load: { ratePerSecond: 20 }, keys: spread }), consumer('c')], {
        timeline: [act(3000, 'close', 'c')],
        durationMs: 4000,
      }),
    );
    const given = only(events, 'delivered').filter(({ place }) => place === 'orders-0');
    const settled = only(events, 'settled').filter(({ place }) => place === 'orders-0');
    expect(settled.map(({ position }) => position)).toEqual([given.at(-1)!.position + 1]);
  });

  it('K-69: taking over a partition that began at latest, and was committed unread, is no contradiction', () => {
    const latest = { config: { 'auto.offset.reset': 'latest' as const, 'auto.commit.interval.ms': 500 } };
    const events = eventsOf(
      scenario(
        [
          producer('p', { load: { ratePerSecond: 100, count: 90 }, keys: spread }),
          consumer('a', { ...latest, startMs: 3000 }),
          consumer('b', { ...latest, startMs: 6000 }),
        ],
        { durationMs: 15_000 },
      ),
    );
    const fold = claimById('kafka.takeover-from-committed').judge();
    for (const event of events) fold.on(event);
    expect(fold.verdict(true)).toMatchObject({ status: 'holds', cases: 1 });
  });

  it('K-71: auto.commit.interval.ms at 0, and metadata.max.age.ms at 0, let time go on', () => {
    const busy = { 'auto.commit.interval.ms': 0, 'metadata.max.age.ms': 0 };
    const events = eventsOf(
      scenario([producer('p', { load: { ratePerSecond: 20 } }), consumer('c', { config: busy })], {
        network: { latencyMs: 0 },
        durationMs: 2000,
      }),
    );
    expect(only(events, 'settled').at(-1)!.at).toBeGreaterThan(1_900_000);
  });
});
