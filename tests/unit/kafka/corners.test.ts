// The corners of the model that a reader reaches: the picture of a group, what he may do to a run, and what his own
// scenario file may say.
import { describe, expect, it } from 'vitest';
import {
  InvalidInput,
  parseScenario,
  type ScenarioInputOf,
  type TimedAction,
} from '../../../src/scenarios/schema.ts';
import { explain } from '../../../src/brokers/kafka/explain.ts';
import type { KafkaView } from '../../../src/brokers/kafka/view-types.ts';
import { KafkaViewFold } from '../../../src/brokers/kafka/view.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';
import { consumer, eventsOf, only, producer, scenario, topic } from './harness.ts';

const act = (atMs: number, verb: 'crash' | 'restart' | 'close' | 'pause' | 'resume', target: string) => ({
  atMs,
  action: { do: verb, target },
});
const modelInput = (input: ScenarioInputOf<'kafka'>): ConstructorParameters<typeof KafkaViewFold> => {
  const { system, clients } = parseScenario(input);
  return [system, clients];
};
/** Who was given no partition when the group first came to rest. */
const idleOf = (events: readonly TraceEvent[]): [string, boolean][] =>
  only(events, 'assigned')
    .slice(0, 2)
    .map(({ client, all }): [string, boolean] => [client, all.length === 0])
    .toSorted();

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

describe('what a reader may do', () => {
  const acted = (action: TimedAction['action']) =>
    only(
      eventsOf(scenario([producer('p'), consumer('c')], { durationMs: 3000 }), [{ atMs: 1000, action }]),
      'acted',
    ).at(-1)!.refused;

  it('K-1: is refused in the words of the broker', () => {
    const grow = (name: string, total: number) => acted({ do: 'create-partitions', topic: name, total });
    expect(grow('orders', 2)).toBe(
      'INVALID_PARTITIONS: The topic orders currently has 3 partition(s); 2 would not be an increase.',
    );
    expect(grow('nothing', 2)).toMatch(/^UNKNOWN_TOPIC_OR_PARTITION/);
    expect(grow('orders', 6)).toBeNull();
    expect(acted({ do: 'produce', client: 'c', key: 'A', count: 1 })).toBe('c is not a producer');
    expect(acted({ do: 'produce', client: 'p', key: 'A', count: 2 })).toBeNull();
  });
});

describe('a scenario file', () => {
  const problem = (
    clients: ScenarioInputOf<'kafka'>['clients'],
    more: Partial<ScenarioInputOf<'kafka'>> = {},
  ): string => {
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
