// What must hold of a consumer on several brokers, whatever fails: both group protocols and assign(), any isolation level.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Playback } from '../../src/scenarios/playback.ts';
import { traceOf } from '../../src/scenarios/run.ts';
import { parseScenario, type ScenarioOf, type ScenarioInputOf } from '../../src/scenarios/schema.ts';
import type { TraceEvent } from '../../src/sim/trace.ts';
import { kafkaScenario } from '../unit/fixtures/kafka.ts';

type Timed = NonNullable<ScenarioInputOf<'kafka'>['timeline']>[number];

const FAULTS_UNTIL_MS = 30_000;
const BROKERS = ['broker-1', 'broker-2', 'broker-3'] as const;
const PLACES = ['orders-0', 'orders-1', 'orders-2', 'orders-3'];

function faultOn(target: string): fc.Arbitrary<Timed[]> {
  return fc
    .record({
      at: fc.integer({ min: 1000, max: FAULTS_UNTIL_MS - 1000 }),
      lasts: fc.integer({ min: 200, max: 12_000 }),
      kind: fc.constantFrom('crash' as const, 'pause' as const, 'cut' as const),
      other: fc.constantFrom(...BROKERS.filter((broker) => broker !== target)),
    })
    .map(({ at, lasts, kind, other }): Timed[] => {
      const until = Math.min(at + lasts, FAULTS_UNTIL_MS);
      if (kind === 'cut') {
        const between: [string, string] = [target, other];
        return [
          { atMs: at, action: { do: 'cut', between } },
          { atMs: until, action: { do: 'heal', between } },
        ];
      }
      return [
        { atMs: at, action: { do: kind, target } },
        { atMs: until, action: { do: kind === 'crash' ? 'restart' : 'resume', target } },
      ];
    });
}

const system: fc.Arbitrary<ScenarioOf<'kafka'>> = fc
  .record({
    how: fc.constantFrom('eager' as const, 'cooperative' as const, 'consumer' as const, 'assign' as const),
    consumers: fc.integer({ min: 1, max: 3 }),
    isolation: fc.constantFrom('read_committed' as const, 'read_uncommitted' as const),
    commit: fc.constantFrom('auto' as const, 'after-batch' as const, 'after-each' as const),
    transactions: fc.boolean(),
    pollRecords: fc.constantFrom(1, 7, 500),
    processingMs: fc.constantFrom(0, 1, 5),
    latencyMs: fc.integer({ min: 0, max: 30 }),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
    faults: fc.array(fc.constantFrom('c0', 'c1', ...BROKERS).chain(faultOn), { maxLength: 4 }),
  })
  .map((shape) => {
    const consumers = shape.how === 'assign' ? 1 : shape.consumers;
    const strategy = shape.how === 'cooperative' ? 'cooperative-sticky' : 'range';
    return kafkaScenario(
      parseScenario({
        version: 1,
        id: 'random',
        title: 'A random system',
        system: {
          broker: 'kafka',
          brokers: 3,
          topics: [
            { name: 'orders', partitions: 4, replicationFactor: 3, config: { 'min.insync.replicas': 2 } },
          ],
          config: { 'group.initial.rebalance.delay.ms': 500 },
        },
        clients: [
          {
            id: 'p',
            role: 'producer',
            topic: 'orders',
            load: { ratePerSecond: 20, untilMs: FAULTS_UNTIL_MS },
            keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D', 'E', 'F', 'G'] },
            ...(shape.transactions && { transaction: { records: 4, abortEvery: 3 } }),
            config: { 'request.timeout.ms': 5000, ...(shape.transactions && { 'transactional.id': 't' }) },
          },
          ...Array.from({ length: consumers }, (_, i) => ({
            id: `c${i}`,
            role: 'consumer',
            group: 'g',
            topics: ['orders'],
            ...(shape.how === 'assign' && { assign: PLACES }),
            processingMs: shape.processingMs,
            ...(shape.commit !== 'auto' && { commit: shape.commit }),
            config: {
              'auto.offset.reset': 'earliest',
              'enable.auto.commit': shape.commit === 'auto',
              'isolation.level': shape.isolation,
              'max.poll.records': shape.pollRecords,
              'request.timeout.ms': 5000,
              ...(shape.how === 'consumer'
                ? { 'group.protocol': 'consumer' }
                : {
                    'session.timeout.ms': 6000,
                    'heartbeat.interval.ms': 2000,
                    'partition.assignment.strategy': [strategy],
                  }),
            },
          })),
        ],
        network: { latencyMs: shape.latencyMs, jitterMs: 1 },
        timeline: shape.faults
          .flat()
          // A single consumer has no neighbour to be struck.
          .filter(({ action }) => consumers > 1 || !JSON.stringify(action).includes('"c1"')),
        durationMs: 160_000,
        seed: shape.seed,
      }),
    );
  });

const of = <K extends TraceEvent['kind']>(trace: readonly TraceEvent[], kind: K) =>
  trace.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);

describe('any consumer of a cluster', () => {
  it('K-50, K-71, K-72, K-89: processes all that it may see, nothing that was aborted, and each place in order', () => {
    fc.assert(
      fc.property(system, (scenario) => {
        const trace = traceOf(scenario);
        const [consumer] = scenario.clients.filter(({ role }) => role === 'consumer');
        const strict =
          consumer?.role === 'consumer' && consumer.config['isolation.level'] === 'read_committed';
        const ended = new Map(
          of(trace, 'transaction-ended').map((event) => [event.transaction, event.outcome]),
        );
        const within = new Map(
          of(trace, 'published').map(({ message, transaction }) => [message, transaction]),
        );
        const outcome = (message: number) => {
          const transaction = within.get(message);
          return transaction === undefined ? 'committed' : ended.get(transaction);
        };
        const processed = new Set(of(trace, 'processed').map(({ message }) => message));
        const missing = of(trace, 'publish-confirmed').filter(
          ({ message }) => !processed.has(message) && (!strict || outcome(message) === 'committed'),
        );
        expect(missing).toEqual([]);
        if (strict) expect([...processed].filter((message) => outcome(message) === 'aborted')).toEqual([]);
        // From a position that it looked up, a consumer is given a place's records in order, each once.
        const next = new Map<string, number>();
        for (const event of trace) {
          if (event.kind === 'positioned') next.set(`${event.client} ${event.place}`, event.position);
          if (event.kind !== 'delivered') continue;
          const key = `${event.client} ${event.place}`;
          expect(event.position).toBeGreaterThanOrEqual(next.get(key)!);
          next.set(key, event.position + 1);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('K-80, K-88: no two members hold a place at once, as long as nobody is taken for dead', () => {
    fc.assert(
      fc.property(system, (scenario) => {
        // Who is away, or cut off, may hold on to what others have been given: it learns it when it is back.
        const calm = {
          ...scenario,
          timeline: scenario.timeline.filter(({ action }) => !strikesAConsumer(action)),
        };
        const holders = new Map<string, string>();
        for (const event of traceOf(calm)) {
          if (event.kind === 'assigned') {
            for (const place of event.places) {
              expect(holders.get(place)).toBeUndefined();
              holders.set(place, event.client);
            }
          } else if (event.kind === 'revoked') for (const place of event.places) holders.delete(place);
          // A coordinator that stood still longer than a session lasts has heard nobody.
          else if (event.kind === 'member-removed' && event.why.startsWith('no heartbeat'))
            for (const [place, client] of holders) if (client === event.client) holders.delete(place);
        }
      }),
      { numRuns: 12 },
    );
  });

  it('shows the same frame at a moment, however one gets there', () => {
    fc.assert(
      fc.property(
        system,
        fc.array(fc.integer({ min: 0, max: 60_000_000 }), { minLength: 2, maxLength: 4 }),
        (scenario, moments) => {
          const wandering = new Playback(scenario, [], []);
          for (const moment of moments) {
            wandering.seek(moment);
            const straight = new Playback(scenario, [], []);
            straight.seek(moment);
            const { marks: _marks, spans: _spans, ...there } = wandering.frame();
            const { marks: _m, spans: _s, ...here } = straight.frame();
            expect(there).toEqual(here);
          }
        },
      ),
      { numRuns: 6 },
    );
  });
});

function strikesAConsumer(action: ScenarioOf<'kafka'>['timeline'][number]['action']): boolean {
  return /"(c\d|cut|heal)"/.test(JSON.stringify(action));
}
