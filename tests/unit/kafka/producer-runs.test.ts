// The producer in whole runs, with real brokers: batching, retries, idempotence and transactions.
import { describe, expect, it } from 'vitest';
import { InvalidInput, parseScenario, type ScenarioInputOf } from '../../../src/scenarios/schema.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';
import { eventsOf, only, producer, scenario, type ProducerInput } from './harness.ts';

const act = (atMs: number, verb: 'crash' | 'restart' | 'close' | 'pause' | 'resume', target: string) => ({
  atMs,
  action: { do: verb, target },
});
const cut = (fromMs: number, toMs: number, client: string) => [
  { atMs: fromMs, action: { do: 'cut' as const, between: [client, 'broker-1'] as [string, string] } },
  { atMs: toMs, action: { do: 'heal' as const, between: [client, 'broker-1'] as [string, string] } },
];
const seconds = (events: readonly { at: number }[]): number[] => events.map(({ at }) => at / 1e6);

describe('a producer and its broker', () => {
  const steady = (config: object, more: object = {}) =>
    eventsOf(
      scenario(
        [
          producer('p', {
            load: { ratePerSecond: 1000, count: 20 },
            keys: { kind: 'cycle', keys: ['a'] },
            config,
          }),
        ],
        {
          durationMs: 5000,
          ...more,
        },
      ),
    );
  const requests = (events: ReturnType<typeof steady>): number[] =>
    only(events, 'sent')
      .filter(({ what }) => what === 'Produce')
      .map(({ messages }) => messages!.length);

  it('K-28 K-29: linger.ms lets records share a batch; 0 sends each', () => {
    expect(requests(steady({ 'linger.ms': 5 })).length).toBeLessThan(6);
    expect(requests(steady({ 'linger.ms': 0 })).length).toBeGreaterThan(12);
  });

  it('K-29: a full batch does not wait for linger.ms', () => {
    const events = steady({ 'linger.ms': 3000, 'batch.size': 600 });
    expect(seconds(only(events, 'appended'))[0]).toBeLessThan(1);
  });

  it('K-30: acks=0 confirms at once and without an offset', () => {
    const events = steady({ acks: '0' });
    const confirmed = only(events, 'publish-confirmed');
    expect(confirmed).toHaveLength(20);
    expect(new Set(confirmed.map(({ position }) => position))).toEqual(new Set([null]));
  });

  /** Sends, loses the answers with the connection, and sends again. */
  const lostAnswers = (config: object) =>
    eventsOf(
      scenario(
        [
          producer('p', {
            load: { ratePerSecond: 10, count: 40 },
            keys: { kind: 'cycle', keys: ['a'] },
            config: { 'request.timeout.ms': 400, ...config },
          }),
        ],
        {
          network: { latencyMs: 40 },
          durationMs: 30_000,
          timeline: Array.from({ length: 5 }, (_, i) => cut(500 + i * 1430, 1200 + i * 1430, 'p')).flat(),
        },
      ),
    );
  const copies = (events: ReturnType<typeof steady>): number => {
    const messages = only(events, 'appended').map(({ message }) => message);
    return messages.length - new Set(messages).size;
  };

  it('K-32 K-37 K-38: what is sent again is stored once, and in order, when idempotence is on', () => {
    const events = lostAnswers({});
    expect(only(events, 'publish-confirmed')).toHaveLength(40);
    const messages = only(events, 'appended').map(({ message }) => message);
    expect(messages).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });

  it('K-33: without idempotence a lost answer makes a duplicate', () => {
    expect(copies(lostAnswers({ 'enable.idempotence': false }))).toBeGreaterThan(0);
  });

  it('K-34: acks other than all switch idempotence off silently', () => {
    expect(copies(lostAnswers({ acks: '1' }))).toBeGreaterThan(0);
  });

  it.each([
    ['K-34', { 'enable.idempotence': true, acks: '1' }, 'enable.idempotence'],
    ['K-34', { 'max.in.flight.requests.per.connection': 6 }, 'max.in.flight'],
    ['K-31', { 'delivery.timeout.ms': 30_000 }, 'delivery.timeout.ms'],
  ] satisfies [string, ProducerInput['config'], string][])(
    '%s: refuses %j, naming the field',
    (_rule, config, field) => {
      const parse = () => parseScenario(scenario([producer('p', { config })]));
      expect(parse).toThrow(InvalidInput);
      expect(parse).toThrow(field);
    },
  );

  it('K-31: a batch that is not delivered in time fails, wherever it is', () => {
    const config = { 'delivery.timeout.ms': 3000, 'request.timeout.ms': 1000 };
    const events = steady(config, { timeline: cut(5, 4900, 'p') });
    const failed = only(events, 'publish-failed');
    expect(failed).toHaveLength(20);
    expect(failed.every(({ at, error }) => at >= 3_000_000 && error.startsWith('TimeoutException'))).toBe(
      true,
    );
  });

  it('K-35: send() blocks without metadata, and gives up after max.block.ms', () => {
    const events = steady(
      { 'max.block.ms': 1000 },
      { timeline: [act(0, 'crash', 'broker-1')], durationMs: 4000 },
    );
    expect(seconds(only(events, 'publish-failed'))[0]).toBeCloseTo(1, 1);
  });

  it('K-23: after the topic has grown a key goes elsewhere, once the producer has learnt of it', () => {
    const events = eventsOf(
      scenario(
        [
          producer('p', {
            load: { ratePerSecond: 10 },
            keys: { kind: 'cycle', keys: ['A'] },
            config: { 'metadata.max.age.ms': 2000 },
          }),
        ],
        {
          timeline: [{ atMs: 5000, action: { do: 'create-partitions', topic: 'orders', total: 4 } }],
          durationMs: 10_000,
        },
      ),
    );
    expect([...new Set(only(events, 'routed').map(({ place }) => place))]).toEqual(['orders-1', 'orders-2']);
  });
});

describe('a producer', () => {
  it('K-31: a linger.ms above the default delivery.timeout.ms raises it', () => {
    const events = eventsOf(
      scenario([producer('p', { load: { ratePerSecond: 1, count: 1 }, config: { 'linger.ms': 150_000 } })], {
        durationMs: 160_000,
      }),
    );
    expect(only(events, 'publish-failed')).toEqual([]);
    expect(only(events, 'publish-confirmed')).toHaveLength(1);
  });

  it('K-35: calls that waited for metadata are all made when it comes, in order', () => {
    const events = eventsOf(
      scenario(
        [producer('p', { load: { ratePerSecond: 1000, count: 300 }, keys: { kind: 'cycle', keys: ['A'] } })],
        {
          network: { latencyMs: 100 },
          durationMs: 3000,
        },
      ),
    );
    expect(only(events, 'appended').map(({ message }) => message)).toEqual(
      Array.from({ length: 300 }, (_, i) => i),
    );
  });

  it('K-35: a record that finds no memory fails after max.block.ms, and later ones go on', () => {
    const events = eventsOf(
      scenario(
        [
          producer('p', {
            bytes: 1000,
            load: { ratePerSecond: 1000, count: 30 },
            config: {
              'buffer.memory': 8000,
              'max.block.ms': 1000,
              'linger.ms': 5,
              'batch.size': 4000,
            },
          }),
        ],
        { timeline: [act(4, 'pause', 'broker-1'), act(3500, 'resume', 'broker-1')], durationMs: 20_000 },
      ),
    );
    const failed = only(events, 'publish-failed');
    expect(failed.length).toBeGreaterThan(0);
    expect(failed[0]!.error).toBe('TimeoutException: no memory for a batch after 1000 ms');
    expect(only(events, 'publish-confirmed').length + failed.length).toBe(30);
  });

  it('K-30: acks=0 loses what was on the wire when the broker died, and waits for a new connection', () => {
    const events = eventsOf(
      scenario([producer('p', { load: { ratePerSecond: 100, count: 1000 }, config: { acks: '0' } })], {
        network: { latencyMs: 50 },
        timeline: [act(3000, 'crash', 'broker-1'), act(6000, 'restart', 'broker-1')],
      }),
    );
    const stored = new Set(only(events, 'appended').map(({ message }) => message));
    const lost = only(events, 'publish-confirmed').filter(({ message }) => !stored.has(message));
    expect(only(events, 'publish-confirmed')).toHaveLength(1000);
    expect(lost.length).toBeGreaterThan(0);
    // A round trip of 100 ms, and not the three seconds without a broker.
    expect(lost.length).toBeLessThan(15);
    expect(Math.max(...lost.map(({ at }) => at))).toBeLessThan(3_100_000);
  });

  it('K-30: acks=0 finds the next leader by the connection that the old one closes, and loses what it sent there', () => {
    const events = eventsOf(
      scenario([producer('p', { load: { ratePerSecond: 1, untilMs: 20_000 }, config: { acks: '0' } })], {
        system: {
          broker: 'kafka',
          brokers: 3,
          topics: [{ name: 'orders', partitions: 1, replicationFactor: 3, replicas: [[1, 2, 3]] }],
        },
        network: { latencyMs: 5 },
        timeline: [
          act(3100, 'close', 'broker-1'),
          act(6000, 'restart', 'broker-1'),
          { atMs: 12_500, action: { do: 'elect-leaders', election: 'preferred', topic: 'orders' } },
        ],
        durationMs: 25_000,
      }),
    );
    const moved = only(events, 'leader-elected').findLast(({ place }) => place === 'orders-0')!;
    expect(moved.node).toBe('broker-1');
    expect(moved.why).toContain('preferred');
    const stored = new Set(only(events, 'appended').map(({ message }) => message));
    const sent = only(events, 'published').filter(({ at }) => at > moved.at);
    expect(sent.length).toBeGreaterThan(5);
    expect(sent.map(({ message }) => stored.has(message))).toEqual(sent.map((_, i) => i > 0));
    expect(only(events, 'publish-failed')).toEqual([]);
  });

  it('K-40: after a sequence is given up, a new epoch begins and later records are stored', () => {
    const events = eventsOf(
      scenario(
        [
          producer('p', {
            load: { ratePerSecond: 10, untilMs: 12_000 },
            keys: { kind: 'cycle', keys: ['A'] },
            config: { 'request.timeout.ms': 500, 'delivery.timeout.ms': 1000 },
          }),
        ],
        {
          timeline: [
            { atMs: 3000, action: { do: 'cut', between: ['p', 'broker-1'] } },
            { atMs: 6000, action: { do: 'heal', between: ['p', 'broker-1'] } },
          ],
        },
      ),
    );
    const failed = new Set(only(events, 'publish-failed').map(({ message }) => message));
    const appended = only(events, 'appended').map(({ message }) => message);
    expect(failed.size).toBeGreaterThan(5);
    expect(appended).toEqual(appended.toSorted((a, b) => a - b));
    expect(new Set(appended).size).toBe(appended.length);
    const late = only(events, 'published').filter(({ at }) => at > 7_000_000);
    expect(late.every(({ message }) => appended.includes(message) && !failed.has(message))).toBe(true);
    expect(only(events, 'published').filter(({ message }) => !failed.has(message)).length).toBe(
      only(events, 'publish-confirmed').length,
    );
  });

  it('K-2: a batch is its header of 61 bytes, and each record its key, its value and 21 bytes', () => {
    const perBatch = (batchSize: number) =>
      only(
        eventsOf(
          scenario([producer('p', { bytes: 100, config: { 'linger.ms': 100, 'batch.size': batchSize } })], {
            timeline: [{ atMs: 1000, action: { do: 'produce', client: 'p', key: 'A', count: 12 } }],
            durationMs: 5000,
          }),
        ),
        'sent',
      )
        .filter(({ what }) => what === 'Produce')
        .map(({ messages }) => messages!.length);
    expect(perBatch(61 + 3 * 122)).toEqual([3, 3, 3, 3]);
    expect(perBatch(61 + 3 * 122 - 1)).toEqual([2, 2, 2, 2, 2, 2]);
  });
});

describe('the partitioner of a run', () => {
  it('K-21: an empty key is a key; partitioner.ignore.keys makes keys count for nothing', () => {
    const produce = (key: string | null) =>
      ({ atMs: 1000, action: { do: 'produce' as const, client: 'p', key, count: 1 } }) as const;
    const why = (config: object, key: string | null) =>
      only(eventsOf(scenario([producer('p', { config })], { durationMs: 2000 }), [produce(key)]), 'routed')[0]
        ?.why;
    expect(why({}, '')).toBe('key');
    expect(why({}, null)).toBe('sticky');
    expect(why({ 'partitioner.ignore.keys': true }, 'a')).toBe('sticky');
  });

  it('K-24: records without a key fill one partition with about batch.size bytes before the next', () => {
    const events = eventsOf(
      scenario(
        [producer('p', { load: { ratePerSecond: 100, count: 300 }, config: { 'batch.size': 1000 } })],
        { durationMs: 8000 },
      ),
    );
    const places = only(events, 'routed').map(({ place }) => place);
    const runs: number[] = [];
    places.forEach((place, i) => {
      if (place === places[i - 1]) runs[runs.length - 1] = runs.at(-1)! + 1;
      else runs.push(1);
    });
    // A record that has a batch to itself is 182 bytes, and the sixth of them exceeds 1000; a draw may repeat the partition.
    expect(new Set(places).size).toBe(3);
    expect(runs.slice(0, -1).filter((records) => records % 6 !== 0)).toEqual([]);
  });
});

describe('transactions', () => {
  const three = (config: object = {}): ScenarioInputOf<'kafka'>['system'] => ({
    broker: 'kafka',
    brokers: 3,
    topics: [{ name: 'orders', partitions: 3, replicationFactor: 3, config: { 'min.insync.replicas': 2 } }],
    config,
  });
  const writer = (id: string, more: Partial<ProducerInput> = {}) =>
    producer(id, {
      load: { ratePerSecond: 50, untilMs: 15_000 },
      keys: { kind: 'cycle', keys: ['A', 'D', 'F'] },
      transaction: { records: 6, abortEvery: 3 },
      ...more,
      config: { 'transactional.id': 'tx', ...more.config },
    });
  /** Of each partition, what its leaders appended: records and markers by their positions, later words over earlier ones. */
  const logs = (events: readonly TraceEvent[]) => {
    const places = new Map<string, Map<number, { message: number } | { outcome: string }>>();
    for (const event of events) {
      if (event.kind !== 'appended' && event.kind !== 'marker-appended') continue;
      let log = places.get(event.place);
      if (!log) places.set(event.place, (log = new Map<number, { message: number } | { outcome: string }>()));
      log.set(
        event.position,
        event.kind === 'appended' ? { message: event.message } : { outcome: event.outcome },
      );
    }
    return places;
  };
  /** What became of each message in the log, as a read_committed consumer sees it; of one producer only. */
  const fates = (events: readonly TraceEvent[]): Map<number, string> => {
    const fate = new Map<number, string>();
    for (const log of logs(events).values()) {
      let open: number[] = [];
      for (const [, entry] of [...log].toSorted(([a], [b]) => a - b)) {
        if ('message' in entry) open.push(entry.message);
        else {
          for (const message of open) fate.set(message, entry.outcome);
          open = [];
        }
      }
      for (const message of open) fate.set(message, 'open');
    }
    return fate;
  };
  /** K-43: all records of a transaction share its fate, and the fate is what the application was told. */
  const check = (events: readonly TraceEvent[]): { ends: number; undecided: number } => {
    const told = new Map(
      only(events, 'transaction-ended').map(({ transaction, outcome }) => [transaction, outcome]),
    );
    const fate = fates(events);
    const found = new Map<string, Set<string>>();
    for (const { message, transaction } of only(events, 'published')) {
      const of = fate.get(message);
      if (transaction === undefined || of === undefined) continue;
      found.set(transaction, (found.get(transaction) ?? new Set()).add(of));
    }
    for (const [transaction, set] of found) {
      expect([...set], transaction).toHaveLength(1);
      const outcome = told.get(transaction);
      if (outcome === 'committed' || outcome === 'aborted') expect([...set], transaction).toEqual([outcome]);
    }
    const stored = logs(events);
    for (const { message, place, position } of only(events, 'publish-confirmed'))
      if (position !== null) expect(stored.get(place!)!.get(position)).toEqual({ message });
    return { ends: told.size, undecided: [...found.values()].filter((set) => set.has('open')).length };
  };

  it('K-43: every record shares the fate of its transaction, committed or aborted', () => {
    const events = eventsOf(scenario([writer('p')], { system: three() }));
    expect(check(events)).toEqual({ ends: only(events, 'transaction-began').length, undecided: 0 });
    expect(only(events, 'transaction-ended').some(({ outcome }) => outcome === 'aborted')).toBe(true);
    expect(only(events, 'publish-failed')).toEqual([]);
  });

  it.each(Array.from({ length: 12 }, (_, i) => i))('K-43: also when brokers die and come back (%i)', (n) => {
    const victim = (k: number): string => `broker-${((n + k) % 3) + 1}`;
    const at = 2000 + 137 * n;
    const events = eventsOf(
      scenario([writer('p', { config: { 'request.timeout.ms': 2000 } })], {
        seed: n + 1,
        system: three({ 'broker.session.timeout.ms': 3000 }),
        timeline: [
          act(at, 'crash', victim(0)),
          act(at + 4000, 'restart', victim(0)),
          act(at + 7000, 'crash', victim(1)),
          act(at + 11_000, 'restart', victim(1)),
        ],
        durationMs: 60_000,
      }),
    );
    const { ends, undecided } = check(events);
    expect(ends).toBeGreaterThan(20);
    expect(undecided).toBe(0);
    const appended = only(events, 'publish-confirmed').map(({ message }) => message);
    expect(new Set(appended).size).toBe(appended.length);
  });

  it('K-45: what the next transaction writes does not slip under the marker of the last one', () => {
    const links = [1, 2, 3].flatMap((a) => [1, 2, 3].filter((b) => b > a).map((b) => [a, b] as const));
    const events = eventsOf(
      scenario([writer('p', { load: { ratePerSecond: 1000, count: 300 } })], {
        system: three(),
        // The producer is near every broker, and they are far from one another: it is faster than the markers.
        network: {
          latencyMs: 1,
          links: links.map(([a, b]) => ({ between: [`broker-${a}`, `broker-${b}`], latencyMs: 40 })),
        },
        durationMs: 60_000,
      }),
    );
    expect(check(events)).toEqual({ ends: 50, undecided: 0 });
    expect(only(events, 'error')).toEqual([]);
  });

  it('K-44: a second producer with the same transactional.id fences the first, whose transaction is aborted', () => {
    const long = { records: 1000 };
    const events = eventsOf(
      scenario(
        [writer('a', { transaction: long }), writer('b', { startMs: 5000, transaction: { records: 5 } })],
        {
          system: three(),
        },
      ),
    );
    expect(only(events, 'error')).toMatchObject([{ client: 'a', code: 'ProducerFencedException' }]);
    expect(only(events, 'client-stopped')).toMatchObject([{ client: 'a', reason: 'closed' }]);
    const [first] = only(events, 'transaction-ended');
    expect(first).toMatchObject({ client: 'a', outcome: 'aborted' });
    expect(
      only(events, 'transaction-ended').filter(
        ({ client, outcome }) => client === 'b' && outcome === 'committed',
      ).length,
    ).toBeGreaterThan(5);
  });

  it('K-46 K-47: the transaction of a dead producer holds the stable offset until it times out', () => {
    const events = eventsOf(
      scenario(
        [
          writer('p', {
            load: { ratePerSecond: 50, untilMs: 3000 },
            keys: { kind: 'cycle', keys: ['A'] },
            transaction: { records: 1000 },
            config: { 'transaction.timeout.ms': 5000 },
          }),
        ],
        { system: three(), timeline: [act(2000, 'crash', 'p')], durationMs: 40_000 },
      ),
    );
    const aborted = only(events, 'transaction-state-changed').find(({ state }) => state === 'PrepareAbort')!;
    expect(aborted.why).toMatch(/transaction\.timeout\.ms/);
    expect(seconds([aborted])[0]).toBeGreaterThan(5);
    expect(only(events, 'stable-offset-advanced').every(({ at }) => at > aborted.at)).toBe(true);
    expect(new Set(fates(events).values())).toEqual(new Set(['aborted']));
  });

  it.each([1, 2, 7])(
    'K-43 K-57: a coordinator that may write nothing says nothing, and goes on later (%i)',
    (seed) => {
      // __transaction_state has two replicas, and takes nothing while one of them is away.
      const events = eventsOf(
        scenario(
          [
            writer('p', {
              load: { ratePerSecond: 50, arrivals: 'poisson', untilMs: 20_000 },
              transaction: { records: 1 },
            }),
          ],
          {
            system: {
              broker: 'kafka',
              brokers: 2,
              topics: [{ name: 'orders', partitions: 1, replicationFactor: 2, replicas: [[2, 1]] }],
            },
            network: { latencyMs: 2, jitterMs: 5 },
            timeline: [act(10_000, 'close', 'broker-1'), act(15_000, 'restart', 'broker-1')],
            durationMs: 30_000,
            seed,
          },
        ),
      );
      const states = only(events, 'transaction-state-changed').map(({ at, state }) => ({
        at: at / 1e6,
        state,
      }));
      expect(states.filter(({ at }) => at > 11 && at < 15)).toEqual([]);
      expect(states.filter(({ at, state }) => at > 15 && state === 'CompleteCommit').length).toBeGreaterThan(
        50,
      );
    },
  );

  it('K-43: the same seed gives the same run', () => {
    const input = scenario([writer('p')], { system: three(), timeline: [act(3000, 'crash', 'broker-2')] });
    expect(eventsOf(input)).toEqual(eventsOf(input));
  });
});
