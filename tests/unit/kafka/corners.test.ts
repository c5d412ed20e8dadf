// The corners of the model that a reader's own scenario reaches: members that share an instance id, topics that the
// group's leader does not read and long backlogs without work.
import { describe, expect, it } from 'vitest';
import { MetricsFold } from '../../../src/claims/metrics.ts';
import { claimById } from '../../../src/scenarios/library.ts';
import { InvalidInput, parseScenario, type ScenarioInput } from '../../../src/scenarios/schema.ts';
import { explain } from '../../../src/brokers/kafka/explain.ts';
import type { KafkaView } from '../../../src/brokers/kafka/view-types.ts';
import { KafkaViewFold } from '../../../src/brokers/kafka/view.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';
import { consumer, eventsOf, only, producer, scenario, topic } from './harness.ts';

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

const modelInput = (input: ScenarioInput): ConstructorParameters<typeof KafkaViewFold> => {
  const { system, clients } = parseScenario(input);
  return [system, clients];
};
/** Who was given no partition when the group first came to rest. */
const idleOf = (events: readonly TraceEvent[]): [string, boolean][] =>
  only(events, 'assigned')
    .slice(0, 2)
    .map(({ client, all }): [string, boolean] => [client, all.length === 0])
    .toSorted();

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
    expect(only(events, 'error')).toMatchObject([{ client: 'a', code: 'FENCED_INSTANCE_ID' }]);
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

describe('the view', () => {
  it('K-70 K-100: lag is the log end less the committed offset; who has nothing in a stable group is idle', () => {
    const input = scenario(
      [
        producer('p', { load: { ratePerSecond: 100, count: 50 }, keys: { kind: 'cycle', keys: ['A'] } }),
        consumer('a', { processingMs: 100, config: { 'enable.auto.commit': false, 'max.poll.records': 5 } }),
        consumer('b'),
      ],
      { system: topic(1, 500), timeline: [act(4000, 'crash', 'a')], durationMs: 30_000 },
    );
    const events = eventsOf(input);
    const at = (ms: number): KafkaView => {
      const fold = new KafkaViewFold(...modelInput(input));
      for (const event of events) if (event.at <= ms * 1000) fold.on(event);
      return fold.view(ms * 1000);
    };
    const committed = only(events, 'settled').filter(({ at: moment }) => moment <= 3_500_000);
    const [before] = at(3500).groups;
    expect(before!.lag).toBe(50 - committed.at(-1)!.position);
    expect(before!.members.map(({ id, idle }) => [id, idle])).toEqual(idleOf(events));
    const [after] = at(30_000).groups;
    const positions = only(events, 'processed').map(({ position }) => position);
    expect(after!.duplicates).toBe(positions.length - new Set(positions).size);
    expect(after!.duplicates).toBeGreaterThan(0);
    expect(after!.lag).toBe(0);
  });

  it('K-76 K-100: nobody is idle while the group rebalances', () => {
    const input = scenario([consumer('a'), consumer('b'), consumer('c', { startMs: 5000 })], {
      system: topic(1, 500),
      durationMs: 12_000,
    });
    const events = eventsOf(input);
    const fold = new KafkaViewFold(...modelInput(input));
    const seen = new Map<string, Set<string>>();
    for (const event of events) {
      fold.on(event);
      const [group] = fold.view(event.at).groups;
      if (!group) continue;
      const who = seen.get(group.state) ?? new Set();
      for (const { id, idle } of group.members) if (idle) who.add(id);
      seen.set(group.state, who);
    }
    expect(seen.get('PreparingRebalance')).toEqual(new Set());
    expect(seen.get('CompletingRebalance')).toEqual(new Set());
    expect(seen.get('Stable')!.size).toBe(2);
  });

  it('K-5: words tell a position that is gone from one that was never there', () => {
    const text = (more: { outOfRange?: boolean }) =>
      explain({
        kind: 'positioned',
        seq: 1,
        at: 1,
        client: 'c1',
        group: 'g',
        place: 'orders-0',
        position: 9,
        by: 'reset',
        ...more,
      })!.text;
    expect(text({ outOfRange: true })).toMatch(/next of orders-0 is gone, so it goes on at offset 9/);
    expect(text({})).toMatch(/Nothing is committed for orders-0/);
  });

  it('K-69: words tell a takeover from a member that goes on', () => {
    const positioned = {
      kind: 'positioned',
      seq: 1,
      at: 1,
      client: 'c1',
      group: 'g',
      place: 'orders-0',
    } as const;
    const text = (more: { takeover?: boolean }) =>
      explain({ ...positioned, position: 4, by: 'committed', ...more })!.text;
    expect(text({ takeover: true })).toMatch(/takes over orders-0 and starts at the committed offset 4/);
    expect(text({})).toMatch(/goes on with orders-0/);
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

describe('a scenario file', () => {
  const problem = (clients: ScenarioInput['clients'], more: Partial<ScenarioInput> = {}): string => {
    try {
      parseScenario(scenario(clients, more));
    } catch (error) {
      if (error instanceof InvalidInput) return error.problems.join('\n');
      throw error;
    }
    return '';
  };

  it('cannot ask for what would end the run in an error or never', () => {
    expect(problem([producer('broker-1')])).toMatch(/^clients\[0\]\.id: .*"broker-1"/);
    expect(problem([consumer('c', { processingMs: 1e300 })])).toMatch(/^clients\[0\]\.processingMs: /);
    const grow = { do: 'create-partitions' as const, topic: 'orders', total: 2_000_000 };
    expect(problem([], { timeline: [{ atMs: 1, action: grow }] })).toMatch(/^timeline\[0\]\.action\.total: /);
    const many = { do: 'produce' as const, client: 'p', key: null, count: 2_000_000_000 };
    expect(problem([producer('p')], { timeline: [{ atMs: 1, action: many }] })).toMatch(/action\.count: /);
  });

  it('may send too seldom for any run, and restart a client before its time', () => {
    const events = eventsOf(
      scenario(
        [
          producer('p', { load: { ratePerSecond: 1e-300, arrivals: 'poisson' } }),
          consumer('c', { startMs: 5000 }),
        ],
        { timeline: [act(2000, 'restart', 'c')] },
      ),
    );
    expect(only(events, 'published')).toEqual([]);
    expect(only(events, 'client-started').map(({ client, at }) => [client, at])).toEqual([
      ['p', 0],
      ['c', 2_000_000],
    ]);
  });
});
