// What must hold of every Kafka run, whatever fails in it: random systems, random faults, random reader's actions.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ASSIGNORS } from '../../src/brokers/kafka/assignors.ts';
import { Playback } from '../../src/scenarios/playback.ts';
import { traceOf } from '../../src/scenarios/run.ts';
import { parseScenario, type ScenarioOf, type ScenarioInputOf } from '../../src/scenarios/schema.ts';
import { toJsonLine, type TraceEvent } from '../../src/sim/trace.ts';
import { kafkaScenario } from '../unit/fixtures/kafka.ts';

type Timed = NonNullable<ScenarioInputOf<'kafka'>['timeline']>[number];

const FAULTS_UNTIL_MS = 25_000;
const SOURCES_UNTIL_MS = 30_000;
/** Enough for the slowest to drain: one record a poll, each committed over a link of 200 ms each way. */
const DURATION_MS = 500_000;

function faultOn(target: string): fc.Arbitrary<Timed[]> {
  return fc
    .record({
      at: fc.integer({ min: 300, max: FAULTS_UNTIL_MS - 500 }),
      lasts: fc.integer({ min: 50, max: 15_000 }),
      kind: fc.constantFrom('crash' as const, 'pause' as const, 'cut' as const),
    })
    .map(({ at, lasts, kind }): Timed[] => {
      const until = Math.min(at + lasts, FAULTS_UNTIL_MS);
      if (kind === 'cut') {
        const between: [string, string] = [target, 'broker-1'];
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

/** Any system whose consumers commit only what they have processed; faults on clients and on the broker. */
const system: fc.Arbitrary<ScenarioOf<'kafka'>> = fc
  .record({
    partitions: fc.integer({ min: 1, max: 5 }),
    consumers: fc.integer({ min: 1, max: 4 }),
    instances: fc.boolean(),
    strategy: fc.shuffledSubarray([...ASSIGNORS], { minLength: 1 }),
    commit: fc.constantFrom('after-batch' as const, 'after-each' as const),
    // Above fetch.max.wait.ms and a round trip: less would cut off every fetch that waits.
    requestTimeoutMs: fc.constantFrom(1500, 30_000),
    pollRecords: fc.integer({ min: 1, max: 20 }),
    processingMs: fc.integer({ min: 0, max: 60 }),
    latencyMs: fc.integer({ min: 0, max: 120 }),
    jitterMs: fc.integer({ min: 0, max: 80 }),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
    grow: fc.boolean(),
    faults: fc.array(fc.constantFrom('c0', 'c1', 'p0', 'p1', 'broker-1').chain(faultOn), { maxLength: 5 }),
  })
  .map((shape) =>
    kafkaScenario(
      parseScenario({
        version: 1,
        id: 'random',
        title: 'A random system',
        system: {
          broker: 'kafka',
          topics: [{ name: 'orders', partitions: shape.partitions }],
          config: { 'group.initial.rebalance.delay.ms': 500 },
        },
        clients: [
          ...['p0', 'p1'].map((id, i) => ({
            id,
            role: 'producer',
            topic: 'orders',
            load: { ratePerSecond: 6, arrivals: 'poisson', untilMs: SOURCES_UNTIL_MS },
            keys: { kind: 'uniform', keys: [`${id}-a`, `${id}-b`, `${id}-c`].slice(i) },
            config: { 'request.timeout.ms': shape.requestTimeoutMs, 'metadata.max.age.ms': 5000 },
          })),
          ...Array.from({ length: shape.consumers }, (_, i) => ({
            id: `c${i}`,
            role: 'consumer',
            group: 'g',
            topics: ['orders'],
            processingMs: shape.processingMs,
            commit: shape.commit,
            config: {
              ...(shape.instances && { 'group.instance.id': `s${i}` }),
              'enable.auto.commit': false,
              'auto.offset.reset': 'earliest',
              'partition.assignment.strategy': shape.strategy,
              'session.timeout.ms': 6000,
              'heartbeat.interval.ms': 1500,
              'max.poll.interval.ms': 20_000,
              'max.poll.records': shape.pollRecords,
              'request.timeout.ms': shape.requestTimeoutMs,
              'metadata.max.age.ms': 5000,
            },
          })),
        ],
        network: { latencyMs: shape.latencyMs, jitterMs: shape.jitterMs },
        timeline: [
          // A single consumer has no neighbour to be struck.
          ...shape.faults
            .flat()
            .filter(({ action }) => shape.consumers > 1 || !JSON.stringify(action).includes('"c1"')),
          // A static leader that comes back takes its old assignment up unseen, as Kafka's does (K-84): partitions added
          // while it was away would wait for the next rebalance.
          ...(shape.grow && !shape.instances
            ? [
                {
                  atMs: 12_000,
                  action: { do: 'create-partitions', topic: 'orders', total: shape.partitions + 2 },
                },
              ]
            : []),
        ],
        durationMs: DURATION_MS,
        seed: shape.seed,
      }),
    ),
  );

const of = <K extends TraceEvent['kind']>(trace: readonly TraceEvent[], kind: K) =>
  trace.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);

/**
 * K-83 with K-84: a static member that dies between the two rounds of a cooperative rebalance comes back to what round one
 * left it, without a rebalance; nobody begins round two, and what was to move waits for the next one.
 */
function mayLeaveAPartitionUnread({ clients, timeline }: ScenarioOf<'kafka'>): boolean {
  const cooperativeStatic = clients.some(
    (client) =>
      client.role === 'consumer' &&
      client.config['group.instance.id'] !== undefined &&
      (client.config['partition.assignment.strategy'] ?? ['range']).every(
        (name) => name === 'cooperative-sticky',
      ),
  );
  return cooperativeStatic && timeline.some(({ action }) => action.do === 'crash');
}

describe('any Kafka run', () => {
  it('K-1: numbers every partition densely, and idempotence stores each record once (K-38)', () => {
    fc.assert(
      fc.property(system, (scenario) => {
        const next = new Map<string, number>();
        const stored = new Set<number>();
        // A producer that crashes loses its identity, not its records: each is still sent by one life only.
        for (const { place, position, message } of of(traceOf(scenario), 'appended')) {
          expect(position).toBe(next.get(place) ?? 0);
          next.set(place, position + 1);
          expect(stored.has(message)).toBe(false);
          stored.add(message);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('K-80: gives no partition to two members in one generation', () => {
    fc.assert(
      fc.property(system, (scenario) => {
        const owner = new Map<string, string>();
        for (const { client, all, generation } of of(traceOf(scenario), 'assigned')) {
          for (const place of all) {
            const id = `${generation} ${place}`;
            expect(owner.get(id) ?? client).toBe(client);
            owner.set(id, client);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('K-72: processes everything stored once faults have healed, when it commits after processing', () => {
    fc.assert(
      fc.property(system, (scenario) => {
        fc.pre(!mayLeaveAPartitionUnread(scenario));
        const trace = traceOf(scenario);
        const processed = new Set(of(trace, 'processed').map(({ message }) => message));
        const missing = of(trace, 'appended').filter(({ message }) => !processed.has(message));
        expect(missing).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('K-111: first delivers the records of a partition, and so of a key, in order', () => {
    fc.assert(
      fc.property(system, (scenario) => {
        const next = new Map<string, number>();
        for (const { place, position } of of(traceOf(scenario), 'delivered')) {
          const expected = next.get(place) ?? 0;
          expect(position).toBeLessThanOrEqual(expected);
          next.set(place, Math.max(expected, position + 1));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is the same twice, byte for byte', () => {
    fc.assert(
      fc.property(system, (scenario) => {
        expect(traceOf(scenario).map(toJsonLine)).toEqual(traceOf(scenario).map(toJsonLine));
      }),
      { numRuns: 15 },
    );
  });

  it('shows the same frame at a moment, however one gets there', () => {
    fc.assert(
      fc.property(
        system,
        fc.array(fc.integer({ min: 0, max: 60_000_000 }), { minLength: 2, maxLength: 5 }),
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
      { numRuns: 10 },
    );
  });
});
