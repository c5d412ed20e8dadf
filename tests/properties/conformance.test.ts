// The conformance suite: every broker model, on random systems with random faults, judged by checkers that read traces
// and know no model. Faults are injected in a first phase; then everything heals, sources stop, and the run must drain.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ASSIGNORS } from '../../src/brokers/kafka/assignors.ts';
import { checkersFor } from '../../src/claims/conformance.ts';
import { modelOf } from '../../src/scenarios/models.ts';
import { run } from '../../src/scenarios/run.ts';
import { parseScenario, type ScenarioInputOf } from '../../src/scenarios/schema.ts';
import { toJsonLine } from '../../src/sim/trace.ts';

type Timed = NonNullable<ScenarioInputOf<'kafka'>['timeline']>[number];

const FAULTS_UNTIL_MS = 30_000;
const SOURCES_UNTIL_MS = 40_000;
/** Enough for the slowest to drain: 60 records a second, each with a commit of its own over a link of 100 ms. */
const DURATION_MS = 1_200_000;

/** A fault on one client, healed before the second phase begins. */
function faultOn(target: string): fc.Arbitrary<Timed[]> {
  return fc
    .record({
      at: fc.integer({ min: 500, max: FAULTS_UNTIL_MS - 1000 }),
      lasts: fc.integer({ min: 100, max: 12_000 }),
      kind: fc.constantFrom('crash' as const, 'pause' as const, 'cut' as const),
    })
    .map(({ at, lasts, kind }): Timed[] => {
      const healedAt = Math.min(at + lasts, FAULTS_UNTIL_MS);
      if (kind === 'cut') {
        return [
          { atMs: at, action: { do: 'cut', between: [target, 'broker-1'] } },
          { atMs: healedAt, action: { do: 'heal', between: [target, 'broker-1'] } },
        ];
      }
      const heal = kind === 'crash' ? 'restart' : 'resume';
      return [
        { atMs: at, action: { do: kind, target } },
        { atMs: healedAt, action: { do: heal, target } },
      ];
    });
}

const kafkaScenario: fc.Arbitrary<ScenarioInputOf<'kafka'>> = fc
  .record({
    partitions: fc.integer({ min: 1, max: 6 }),
    producers: fc.integer({ min: 1, max: 3 }),
    consumers: fc.integer({ min: 1, max: 4 }),
    groups: fc.integer({ min: 1, max: 2 }),
    keyed: fc.boolean(),
    rate: fc.integer({ min: 1, max: 20 }),
    processingMs: fc.integer({ min: 0, max: 40 }),
    strategy: fc.shuffledSubarray([...ASSIGNORS], { minLength: 1 }),
    autoCommit: fc.boolean(),
    commit: fc.constantFrom('after-batch' as const, 'after-each' as const),
    latencyMs: fc.integer({ min: 0, max: 50 }),
    jitterMs: fc.integer({ min: 0, max: 50 }),
    loss: fc.constantFrom(0, 0, 0.05),
    growTo: fc.option(fc.integer({ min: 7, max: 9 }), { nil: null }),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
  })
  .chain((shape) => {
    const consumerIds = Array.from({ length: shape.consumers }, (_, i) => `c${i}`);
    return fc
      .array(fc.constantFrom(...consumerIds).chain(faultOn), { maxLength: 4 })
      .map((faults): ScenarioInputOf<'kafka'> => {
        const { partitions, producers, groups, keyed, rate, growTo } = shape;
        return {
          version: 1,
          id: 'random',
          title: 'A random system with random faults',
          system: { broker: 'kafka', topics: [{ name: 'orders', partitions }] },
          clients: [
            ...Array.from({ length: producers }, (_, i) => ({
              id: `p${i}`,
              role: 'producer' as const,
              topic: 'orders',
              load: { ratePerSecond: rate, arrivals: 'poisson' as const, untilMs: SOURCES_UNTIL_MS },
              keys: keyed
                ? { kind: 'uniform' as const, keys: [`${i}-a`, `${i}-b`, `${i}-c`] }
                : { kind: 'none' as const },
            })),
            ...consumerIds.map((id, i) => ({
              id,
              role: 'consumer' as const,
              group: `g${i % groups}`,
              topics: ['orders'],
              processingMs: shape.processingMs,
              commit: shape.commit,
              config: {
                'auto.offset.reset': 'earliest' as const,
                'partition.assignment.strategy': shape.strategy,
                'session.timeout.ms': 6000,
                'heartbeat.interval.ms': 2000,
                'enable.auto.commit': shape.autoCommit,
                'metadata.max.age.ms': 5000,
              },
            })),
          ],
          network: { latencyMs: shape.latencyMs, jitterMs: shape.jitterMs, loss: shape.loss },
          timeline: [
            ...faults.flat(),
            ...(growTo === null
              ? []
              : [
                  {
                    atMs: 15_000,
                    action: { do: 'create-partitions' as const, topic: 'orders', total: growTo },
                  },
                ]),
          ].sort((a, b) => a.atMs - b.atMs),
          durationMs: DURATION_MS,
          seed: shape.seed,
        };
      });
  });

describe.each([['kafka', kafkaScenario]] as const)('%s', (broker, arbitrary) => {
  it('conserves, keeps the order it promises, delivers at least once, and drains when faults heal', () => {
    fc.assert(
      fc.property(arbitrary, (input) => {
        const checkers = checkersFor(modelOf(broker).promises);
        const result = run(parseScenario(input), [], [], checkers);
        expect(
          checkers.flatMap((checker) =>
            checker.violations(true).map(({ text }) => `${checker.name}: ${text}`),
          ),
        ).toEqual([]);
        expect(result.metrics.confirmed).toBe(result.metrics.published);
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same trace twice, byte for byte', () => {
    fc.assert(
      fc.property(arbitrary, (input) => {
        const scenario = parseScenario({ ...input, durationMs: 45_000 });
        const bytes = (): string => {
          const lines: string[] = [];
          run(scenario, [], [], [{ on: (event) => void lines.push(toJsonLine(event)) }]);
          return lines.join('\n');
        };
        expect(bytes()).toBe(bytes());
      }),
      { numRuns: 15 },
    );
  });
});
