// The consumer in whole runs on several brokers: leaders and coordinators that move, both group protocols, transactions.
import { describe, expect, it } from 'vitest';
import type { ScenarioInputOf, TimedAction } from '../../../src/scenarios/schema.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';
import { consumer, eventsOf, only, producer, scenario, type ConsumerInput } from './harness.ts';

const act = (atMs: number, verb: 'crash' | 'restart' | 'close' | 'pause' | 'resume', target: string) => ({
  atMs,
  action: { do: verb, target },
});
const cluster = (partitions: number, config: object = {}): ScenarioInputOf<'kafka'>['system'] => ({
  broker: 'kafka',
  brokers: 3,
  topics: [{ name: 'orders', partitions, replicationFactor: 3, config: { 'min.insync.replicas': 2 } }],
  config: { 'group.initial.rebalance.delay.ms': 0, ...config },
});
/** A member by the consumer protocol. */
const modern = (id: string, more: Partial<ConsumerInput> = {}): ConsumerInput => ({
  id,
  role: 'consumer',
  group: 'billing',
  topics: ['orders'],
  processingMs: 2,
  ...more,
  config: { 'auto.offset.reset': 'earliest', 'group.protocol': 'consumer', ...more.config },
});
const load = (untilMs: number, id = 'p') =>
  producer(id, {
    load: { ratePerSecond: 60, untilMs },
    keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D', 'E', 'F', 'G'] },
  });
const unread = (events: readonly TraceEvent[]): number => {
  const read = new Set(only(events, 'processed').map(({ message }) => message));
  return only(events, 'publish-confirmed').filter(({ message }) => !read.has(message)).length;
};
const last = (events: readonly TraceEvent[]): Record<string, string> =>
  Object.fromEntries(
    only(events, 'assigned').map(({ client, all }): [string, string] => [client, all.toSorted().join(' ')]),
  );
const inOrder = (events: readonly TraceEvent[]): boolean => {
  const positions = new Map<string, number>();
  return only(events, 'delivered').every(({ client, place, position }) => {
    const key = `${client} ${place}`;
    const before = positions.get(key) ?? -1;
    positions.set(key, position);
    const sought = position <= before;
    return (
      !sought ||
      only(events, 'positioned').some((event) => event.place === place && event.position <= position)
    );
  });
};

describe('on three brokers', () => {
  it.each(['broker-1', 'broker-2', 'broker-3'])(
    'K-60 K-75: %s dies, whatever it led or coordinated is found elsewhere, and nothing is left unread',
    (node) => {
      for (const member of [consumer, modern]) {
        const events = eventsOf(
          scenario([load(20_000), member('a'), member('b')], {
            system: cluster(6),
            timeline: [act(6000, 'crash', node), act(30_000, 'restart', node)],
            durationMs: 60_000,
          }),
        );
        expect(only(events, 'publish-confirmed').length).toBeGreaterThan(800);
        expect(unread(events)).toBe(0);
        expect(inOrder(events)).toBe(true);
        // Nobody lost its membership by it.
        expect(only(events, 'revoked').filter(({ lost }) => lost)).toEqual([]);
      }
    },
  );

  it('K-86 K-88: a second member of the consumer protocol takes half, and the first goes on with the rest', () => {
    const events = eventsOf(
      scenario([load(25_000), modern('a'), modern('b', { startMs: 8000 })], {
        system: cluster(4),
        durationMs: 40_000,
      }),
    );
    const places = last(events);
    expect(places['a']!.split(' ').length).toBe(2);
    expect(places['b']!.split(' ').length).toBe(2);
    const revoked = only(events, 'revoked');
    expect(revoked).toMatchObject([{ client: 'a', lost: false }]);
    expect(revoked[0]!.places).toHaveLength(2);
    const kept = places['a']!.split(' ');
    expect(only(events, 'positioned').filter(({ place }) => kept.includes(place))).toHaveLength(2);
    const messages = only(events, 'processed').map(({ message }) => message);
    expect(new Set(messages).size).toBe(messages.length);
    expect(unread(events)).toBe(0);
  });

  it('K-89: a member that is away longer than its session is fenced, and comes back', () => {
    const events = eventsOf(
      scenario([load(70_000), modern('a'), modern('b')], {
        system: cluster(4, { 'group.consumer.session.timeout.ms': 45_000 }),
        timeline: [act(15_000, 'pause', 'b'), act(65_000, 'resume', 'b')],
        durationMs: 100_000,
      }),
    );
    expect(only(events, 'revoked').find(({ client, lost }) => client === 'b' && lost)).toBeDefined();
    expect(only(events, 'assigned').findLast(({ client }) => client === 'b')!.at).toBeGreaterThan(65_000_000);
    expect(last(events)['b']!.split(' ')).toHaveLength(2);
    expect(unread(events)).toBe(0);
  });

  it('K-74: a member of the consumer protocol that closes leaves at once', () => {
    const events = eventsOf(
      scenario([load(25_000), modern('a'), modern('b')], {
        system: cluster(4),
        timeline: [act(12_000, 'close', 'b')],
        durationMs: 40_000,
      }),
    );
    expect(last(events)['a']!.split(' ')).toHaveLength(4);
    expect(only(events, 'assigned').at(-1)!.at).toBeLessThan(18_000_000);
    const messages = only(events, 'processed').map(({ message }) => message);
    expect(new Set(messages).size).toBe(messages.length);
    expect(unread(events)).toBe(0);
  });

  it('K-50: read_committed gives what was committed and nothing else, read_uncommitted all', () => {
    const events = eventsOf(
      scenario(
        [
          producer('p', {
            load: { ratePerSecond: 50, untilMs: 8000 },
            keys: { kind: 'cycle', keys: ['A', 'B', 'C'] },
            transaction: { records: 5, abortEvery: 3 },
            config: { 'transactional.id': 't' },
          }),
          consumer('strict', {
            group: 'strict',
            processingMs: 0,
            config: { 'isolation.level': 'read_committed' },
          }),
          consumer('loose', { group: 'loose', processingMs: 0 }),
        ],
        { system: cluster(3), durationMs: 25_000 },
      ),
    );
    const outcome = new Map(
      only(events, 'transaction-ended').map((event) => [event.transaction, event.outcome]),
    );
    const of = new Map(only(events, 'published').map(({ message, transaction }) => [message, transaction!]));
    const given = (client: string): number[] =>
      only(events, 'delivered').flatMap((event) => (event.client === client ? [event.message] : []));
    const outcomes = (client: string) =>
      new Set(given(client).map((message) => outcome.get(of.get(message)!)));
    expect(outcomes('strict')).toEqual(new Set(['committed']));
    expect(outcomes('loose')).toEqual(new Set(['committed', 'aborted']));
    const committed = [...of].filter(([, transaction]) => outcome.get(transaction) === 'committed');
    expect(given('strict').toSorted((a, b) => a - b)).toEqual(committed.map(([message]) => message));
  });

  it('K-70: seek by time, pause and resume act on a running consumer', () => {
    const actions: TimedAction[] = [
      { atMs: 5000, action: { do: 'pause-partitions', client: 'a', places: ['orders-0'] } },
      { atMs: 10_000, action: { do: 'resume-partitions', client: 'a' } },
      {
        atMs: 15_000,
        action: { do: 'seek', client: 'a', to: { kind: 'time', atMs: 4000 }, places: ['orders-1'] },
      },
      { atMs: 15_000, action: { do: 'seek', client: 'a', to: { kind: 'end' }, places: ['orders-9'] } },
    ];
    const events = eventsOf(
      scenario([load(12_000), consumer('a')], { system: cluster(3), durationMs: 25_000 }),
      actions,
    );
    const of = (place: string, fromMs: number, toMs: number) =>
      only(events, 'delivered').filter(
        (event) => event.place === place && event.at > fromMs * 1000 && event.at < toMs * 1000,
      );
    expect(of('orders-0', 5100, 10_000)).toEqual([]);
    expect(of('orders-1', 5100, 10_000).length).toBeGreaterThan(10);
    expect(of('orders-0', 10_000, 11_000).length).toBeGreaterThan(10);
    const sent = new Map(only(events, 'published').map(({ message, at }) => [message, at / 1000]));
    const again = of('orders-1', 15_000, 25_000);
    expect(sent.get(again[0]!.message)).toBeGreaterThanOrEqual(4000);
    expect(sent.get(again[0]!.message)).toBeLessThan(4500);
    expect(only(events, 'acted').at(-1)!.refused).toBe(
      'IllegalStateException: No current assignment for partition orders-9',
    );
    expect(unread(events)).toBe(0);
  });
});

describe('an application whose work fails on a key', () => {
  const run = (troubles: ConsumerInput['troubles']) =>
    eventsOf(
      scenario([load(10_000), consumer('a', { troubles })], { system: cluster(1), durationMs: 20_000 }),
    );
  const done = (events: readonly TraceEvent[]) => only(events, 'processed').map(({ key }) => key);

  it('works on the record again, and nothing behind it is read', () => {
    const events = run([{ key: 'C', outcome: 'retry' }]);
    expect(new Set(done(events))).toEqual(new Set(['A', 'B']));
    expect(done(events)).toHaveLength(2);
  });

  it('goes on when it succeeds at last, in order and without a gap', () => {
    const events = run([{ key: 'C', outcome: 'retry', times: 3 }]);
    expect(unread(events)).toBe(0);
    expect(inOrder(events)).toBe(true);
    const [, before, after] = only(events, 'processed');
    // Three pauses of 100 ms, and its work four times.
    expect(after!.at - before!.at).toBeGreaterThan(300_000);
  });

  it('goes on without it when it skips, and commits past it', () => {
    const events = run([{ key: 'C', outcome: 'skip', times: 2 }]);
    expect(unread(events)).toBe(2);
    const published = only(events, 'published').length;
    expect(only(events, 'settled').at(-1)!.position).toBe(published);
  });
});
