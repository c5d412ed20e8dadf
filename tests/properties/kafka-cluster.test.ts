// What must hold of every replicated Kafka, whatever fails in it: brokers, the controller, clients and the links between
// them; what is lost is what the rules say may be lost, and nothing else.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkersFor } from '../../src/claims/conformance.ts';
import { modelOf } from '../../src/scenarios/models.ts';
import { run, traceOf } from '../../src/scenarios/run.ts';
import { parseScenario, type ScenarioOf, type ScenarioInputOf } from '../../src/scenarios/schema.ts';
import { toJsonLine, type TraceEvent } from '../../src/sim/trace.ts';
import { kafkaScenario } from '../unit/fixtures/kafka.ts';

type Timed = NonNullable<ScenarioInputOf<'kafka'>['timeline']>[number];
type Acks = 'all' | '1' | '0';

const FAULTS_UNTIL_MS = 45_000;
const SOURCES_UNTIL_MS = 50_000;
/** Enough for a cut connection to be given up, a session to run out, and a backlog to drain. */
const DURATION_MS = 400_000;
const BROKERS = ['broker-1', 'broker-2', 'broker-3'];

const span = fc.record({
  at: fc.integer({ min: 500, max: FAULTS_UNTIL_MS - 1000 }),
  lasts: fc.integer({ min: 100, max: 20_000 }),
});

function processFault(targets: readonly string[]): fc.Arbitrary<Timed[]> {
  return fc
    .tuple(span, fc.constantFrom(...targets), fc.constantFrom('crash' as const, 'pause' as const))
    .map(([{ at, lasts }, target, kind]): Timed[] => [
      { atMs: at, action: { do: kind, target } },
      {
        atMs: Math.min(at + lasts, FAULTS_UNTIL_MS),
        action: { do: kind === 'crash' ? 'restart' : 'resume', target },
      },
    ]);
}

function linkFault(ends: readonly string[]): fc.Arbitrary<Timed[]> {
  return fc
    .tuple(span, fc.shuffledSubarray([...ends], { minLength: 2, maxLength: 2 }))
    .map(([{ at, lasts }, [a, b]]): Timed[] => {
      const between: [string, string] = [a!, b!];
      return [
        { atMs: at, action: { do: 'cut', between } },
        { atMs: Math.min(at + lasts, FAULTS_UNTIL_MS), action: { do: 'heal', between } },
      ];
    });
}

interface Shape {
  readonly acks: Acks;
  readonly unclean: boolean;
}

function cluster({ acks, unclean }: Shape): fc.Arbitrary<ScenarioOf<'kafka'>> {
  const processes = [...BROKERS, 'controller', 'p0', 'c0', 'c1'];
  return fc
    .record({
      partitions: fc.integer({ min: 1, max: 3 }),
      replicationFactor: fc.integer({ min: 2, max: 3 }),
      minIsr: fc.integer({ min: 1, max: 2 }),
      elr: fc.constantFrom(0 as const, 1 as const),
      idempotent: fc.boolean(),
      inFlight: fc.integer({ min: 1, max: 5 }),
      protocol: fc.constantFrom('classic' as const, 'consumer' as const),
      latencyMs: fc.integer({ min: 0, max: 60 }),
      jitterMs: fc.integer({ min: 0, max: 40 }),
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
      faults: fc.array(fc.oneof(processFault(processes), linkFault(processes)), { maxLength: 5 }),
      election: fc.boolean(),
    })
    .map((shape) =>
      kafkaScenario(
        parseScenario({
          version: 1,
          id: 'random-cluster',
          title: 'A random cluster with random faults',
          system: {
            broker: 'kafka',
            brokers: 3,
            topics: [
              {
                name: 'orders',
                partitions: shape.partitions,
                replicationFactor: shape.replicationFactor,
                config: {
                  'min.insync.replicas': shape.minIsr,
                  'unclean.leader.election.enable': unclean,
                },
              },
            ],
            config: {
              'group.initial.rebalance.delay.ms': 500,
              'replica.lag.time.max.ms': 10_000,
              'eligible.leader.replicas.version': shape.elr,
            },
          },
          clients: [
            {
              id: 'p0',
              role: 'producer',
              topic: 'orders',
              load: { ratePerSecond: 8, arrivals: 'poisson', untilMs: SOURCES_UNTIL_MS },
              keys: { kind: 'uniform', keys: ['a', 'b', 'c', 'd'] },
              config: {
                acks,
                'enable.idempotence': acks === 'all' && shape.idempotent,
                'max.in.flight.requests.per.connection': shape.inFlight,
                'request.timeout.ms': 5000,
              },
            },
            ...['c0', 'c1'].map((id) => ({
              id,
              role: 'consumer' as const,
              group: 'g',
              topics: ['orders'],
              processingMs: 5,
              config: {
                'group.protocol': shape.protocol,
                'enable.auto.commit': false,
                'auto.offset.reset': 'earliest' as const,
                ...(shape.protocol === 'classic' && {
                  'session.timeout.ms': 6000,
                  'heartbeat.interval.ms': 1500,
                }),
                'metadata.max.age.ms': 5000,
                'request.timeout.ms': 5000,
              },
            })),
          ],
          network: { latencyMs: shape.latencyMs, jitterMs: shape.jitterMs },
          timeline: [
            ...shape.faults.flat(),
            ...(shape.election
              ? [{ atMs: 60_000, action: { do: 'elect-leaders', election: 'preferred', topic: 'orders' } }]
              : []),
          ],
          durationMs: DURATION_MS,
          seed: shape.seed,
        }),
      ),
    );
}

const of = <K extends TraceEvent['kind']>(trace: readonly TraceEvent[], kind: K) =>
  trace.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);

const isInternal = (place: string): boolean => place.startsWith('__');

/** What lies in the logs as the run goes on, told from the trace alone. */
class Logs {
  /** Per place, what the newest leader put at each offset. */
  readonly content = new Map<string, { message: number; epoch: number }[]>();
  /** Per place and node, its log end. */
  readonly ends = new Map<string, number>();
  readonly committed = new Map<string, number>();
  private epochs = new Map<string, number>();

  /** Whether no later leader has written yet: one that has been deposed may not know it. */
  isNewest({ place, epoch }: { place: string; epoch: number }): boolean {
    return epoch >= (this.epochs.get(place) ?? -1);
  }

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'appended': {
        const log = this.content.get(event.place) ?? [];
        this.content.set(event.place, log);
        if (this.isNewest(event)) {
          log[event.position] = { message: event.message, epoch: event.epoch };
          this.epochs.set(event.place, event.epoch);
        }
        this.ends.set(`${event.place} ${event.node}`, event.position + 1);
        break;
      }
      case 'replicated':
      case 'truncated':
        this.ends.set(`${event.place} ${event.node}`, event.position);
        break;
      case 'high-watermark-advanced':
        this.committed.set(event.place, Math.max(event.position, this.committed.get(event.place) ?? 0));
        break;
    }
  }
}

describe('any Kafka cluster', () => {
  it('K-30, K-60: loses nothing acknowledged under acks=all while only clean leaders are elected', () => {
    fc.assert(
      fc.property(cluster({ acks: 'all', unclean: false }), (scenario) => {
        const trace = traceOf(scenario);
        const processed = new Set(of(trace, 'processed').map(({ message }) => message));
        const missing = of(trace, 'publish-confirmed').filter(({ message }) => !processed.has(message));
        expect(missing).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('K-9, K-52: what the high watermark has passed never changes while only clean leaders are elected', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Acks>('all', '1', '0').chain((acks) => cluster({ acks, unclean: false })),
        (scenario) => {
          const logs = new Logs();
          for (const event of traceOf(scenario)) {
            if (event.kind === 'appended' && logs.isNewest(event))
              expect(event.position).toBeGreaterThanOrEqual(logs.committed.get(event.place) ?? 0);
            logs.on(event);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('K-30, K-61: what is lost was never replicated, or an unclean leader did not have it', () => {
    fc.assert(
      fc.property(
        fc
          .tuple(fc.constantFrom<Acks>('all', '1', '0'), fc.boolean())
          .chain(([acks, unclean]) => cluster({ acks, unclean })),
        (scenario) => {
          const logs = new Logs();
          /** Per place, the log ends of unclean leaders as they were elected. */
          const cutAt = new Map<string, number[]>();
          for (const event of traceOf(scenario)) {
            if (event.kind === 'leader-elected' && !event.clean && event.node !== null) {
              const ends = cutAt.get(event.place) ?? [];
              cutAt.set(event.place, [...ends, logs.ends.get(`${event.place} ${event.node}`) ?? 0]);
            }
            if (event.kind === 'appended' && logs.isNewest(event)) {
              const before = logs.content.get(event.place)?.[event.position];
              if (before && before.message !== event.message) {
                const committed = event.position < (logs.committed.get(event.place) ?? 0);
                const unclean = (cutAt.get(event.place) ?? []).some((end) => event.position >= end);
                expect(committed && !unclean).toBe(false);
              }
            }
            logs.on(event);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('K-8, K-60: elects one leader for each epoch, the epochs rising', () => {
    fc.assert(
      fc.property(
        fc.boolean().chain((unclean) => cluster({ acks: 'all', unclean })),
        (scenario) => {
          const epochs = new Map<string, number>();
          const writers = new Map<string, string>();
          for (const event of traceOf(scenario)) {
            if (event.kind === 'leader-elected') {
              expect(event.epoch).toBeGreaterThan(epochs.get(event.place) ?? -1);
              epochs.set(event.place, event.epoch);
            }
            if (event.kind === 'appended') {
              const id = `${event.place} ${event.epoch}`;
              expect(writers.get(id) ?? event.node).toBe(event.node);
              writers.set(id, event.node);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('K-51: ends with every replica holding what its leader holds, in sync again', () => {
    fc.assert(
      fc.property(
        fc
          .tuple(fc.constantFrom<Acks>('all', '1', '0'), fc.boolean())
          .chain(([acks, unclean]) => cluster({ acks, unclean })),
        (scenario) => {
          const trace = traceOf(scenario);
          const logs = new Logs();
          for (const event of trace) logs.on(event);
          const { replicationFactor } = scenario.system.topics[0]!;
          const isr = new Map<string, number>();
          for (const event of of(trace, 'isr-changed'))
            if (!isInternal(event.place)) isr.set(event.place, event.isr.length);
          for (const [place, size] of isr) expect(`${place} ${size}`).toBe(`${place} ${replicationFactor}`);
          for (const place of logs.content.keys()) {
            const ends = [...logs.ends].filter(([id]) => id.startsWith(`${place} `)).map(([, end]) => end);
            expect([place, new Set(ends).size]).toEqual([place, 1]);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('conserves messages, keeps order where idempotence is on, and drains', () => {
    fc.assert(
      fc.property(
        fc.boolean().chain((unclean) => cluster({ acks: 'all', unclean })),
        (scenario) => {
          const checkers = checkersFor(modelOf('kafka').promises);
          run(scenario, [], [], checkers);
          expect(
            checkers.flatMap((checker) =>
              checker.violations(true).map(({ text }) => `${checker.name}: ${text}`),
            ),
          ).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is the same twice, byte for byte', () => {
    fc.assert(
      fc.property(cluster({ acks: 'all', unclean: true }), (scenario) => {
        expect(traceOf(scenario).map(toJsonLine)).toEqual(traceOf(scenario).map(toJsonLine));
      }),
      { numRuns: 8 },
    );
  });
});
