// The conformance suite: every broker model, on random systems with random faults, judged by checkers that read traces
// and know no model. Faults are injected in a first phase; then everything heals, sources stop, and the run must drain.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ASSIGNORS } from '../../src/brokers/kafka/assignors.ts';
import { checkersFor } from '../../src/claims/conformance.ts';
import { modelOf } from '../../src/scenarios/models.ts';
import { run } from '../../src/scenarios/run.ts';
import {
  BROKER_IDS,
  parseScenario,
  type BrokerId,
  type ScenarioInput,
  type ScenarioInputOf,
} from '../../src/scenarios/schema.ts';
import { toJsonLine } from '../../src/sim/trace.ts';
import { faultOn, SOURCES_UNTIL_MS } from './conformance/phases.ts';
import { rabbitmqScenario } from './conformance/rabbitmq.ts';

/** Enough for the slowest to drain: 60 records a second, each with a commit of its own over a link of 100 ms. */
const DURATION_MS = 1_200_000;

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
      .array(
        fc.constantFrom(...consumerIds).chain((id) => faultOn(id, 'broker-1')),
        { maxLength: 4 },
      )
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

interface Suite {
  readonly broker: BrokerId;
  readonly scenarios: fc.Arbitrary<ScenarioInput>;
  /** Whether each message is confirmed in the end: nothing is refused, returned or published without asking. */
  readonly confirmsAll: boolean;
}

const suites: readonly Suite[] = [
  { broker: 'kafka', scenarios: kafkaScenario, confirmsAll: true },
  { broker: 'rabbitmq', scenarios: rabbitmqScenario, confirmsAll: false },
];

it('has a generator for every broker', () => {
  expect(suites.map(({ broker }) => broker)).toEqual(BROKER_IDS);
});

describe.each(suites)('$broker', ({ broker, scenarios, confirmsAll }) => {
  it('conserves, keeps the order it promises, delivers at least once, and drains when faults heal', () => {
    fc.assert(
      fc.property(scenarios, (input) => {
        const checkers = checkersFor(modelOf(broker).promises);
        const result = run(parseScenario(input), [], [], checkers);
        expect(
          checkers.flatMap((checker) =>
            checker.violations(true).map(({ text }) => `${checker.name}: ${text}`),
          ),
        ).toEqual([]);
        if (confirmsAll) expect(result.metrics.confirmed).toBe(result.metrics.published);
      }),
      { numRuns: 60 },
    );
  });

  it('gives the same trace twice, byte for byte', () => {
    fc.assert(
      fc.property(scenarios, (input) => {
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
