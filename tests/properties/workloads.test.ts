// Workloads at random, with faults at random, on every broker by its own rules: every message is accounted for, nothing that
// was confirmed is lost, order by key holds where it was asked for, and the same seed gives the same outcome. Then workloads of
// any kind by any choice of rules, where much may be lost: whatever comes of them, its figures are possible ones.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WorkloadInput } from '../../src/brokers/workload.ts';
import { CARRYING_BROKERS, carry, outcomeOf, parseWorkload } from '../../src/scenarios/compare.ts';

/** Faults are over then, and sources have ended; the rest is for draining: of session timeouts of 45 s, and of what waited. */
const HEALED_MS = 40_000;
const DURATION_MS = 240_000;

type Fault = NonNullable<WorkloadInput['faults']>[number];

/** @param atMs when it may begin @param lastsMs how long; undefined: for good */
const faultsOf = (
  atMs: fc.Arbitrary<number>,
  lastsMs: fc.Arbitrary<number | undefined>,
): fc.Arbitrary<Fault> =>
  fc
    .record({
      atMs,
      lastsMs,
      fault: fc.constantFrom('crash' as const, 'pause' as const, 'cut' as const),
      of: fc.constantFrom('producer' as const, 'consumer' as const, 'node' as const),
    })
    .map(({ of, ...each }) =>
      of === 'node'
        ? { ...each, of }
        : of === 'producer'
          ? { ...each, of, producers: 'source' }
          : { ...each, of, audience: 'first' },
    );

const fault = faultsOf(fc.integer({ min: 10_000, max: 30_000 }), fc.integer({ min: 100, max: 10_000 }));

const workload: fc.Arbitrary<WorkloadInput> = fc
  .record({
    producers: fc.integer({ min: 1, max: 2 }),
    rate: fc.integer({ min: 5, max: 60 }),
    distinct: fc.integer({ min: 1, max: 10 }),
    consumers: fc.integer({ min: 1, max: 3 }),
    second: fc.boolean(),
    processingMs: fc.integer({ min: 0, max: 8 }),
    nodes: fc.constantFrom(1, 3),
    latencyMs: fc.integer({ min: 0, max: 20 }),
    faults: fc.array(fault, { maxLength: 2 }),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
  })
  .map(({ producers, rate, distinct, consumers, second, processingMs, nodes, latencyMs, faults, seed }) => ({
    version: 1,
    id: 'random',
    title: 'A random workload',
    producers: [
      {
        id: 'source',
        count: producers,
        load: { ratePerSecond: rate, arrivals: 'poisson', untilMs: HEALED_MS },
        keys: { distinct },
      },
    ],
    audiences: [
      { id: 'first', count: consumers, processingMs, processingTimes: 'exponential' },
      ...(second ? [{ id: 'second' }] : []),
    ],
    order: 'by-key',
    survives: nodes === 3 ? 'node' : 'restart',
    nodes,
    network: { latencyMs },
    faults,
    durationMs: DURATION_MS,
    seed,
  }));

describe.each(CARRYING_BROKERS)('any workload on %s', (broker) => {
  it(
    'loses nothing that was confirmed, keeps order by key, and accounts for everything',
    { timeout: 300_000 },
    () => {
      fc.assert(
        fc.property(workload, (input) => {
          const parsed = parseWorkload(input);
          const { scenario } = carry(broker, parsed);
          const outcome = outcomeOf(scenario, parsed);
          const { finished, owed, deadLettered, dropped, missed, lost, published, refused } = outcome;
          expect(finished + owed + deadLettered + dropped + missed + lost.confirmed + lost.unconfirmed).toBe(
            (published - refused) * parsed.audiences.length,
          );
          expect({ lost: lost.confirmed, dropped, deadLettered, missed, owed }).toEqual({
            lost: 0,
            dropped: 0,
            deadLettered: 0,
            missed: 0,
            owed: 0,
          });
          expect(outcome.reordered.finished).toBe(0);
          expect(outcomeOf(scenario, parsed)).toEqual(outcome);
        }),
        { numRuns: 12, seed: 11 },
      );
    },
  );
});

/** Anything may go wrong, for any time, over one another, and for good. */
const anyFault = faultsOf(
  fc.integer({ min: 0, max: 40_000 }),
  fc.option(fc.integer({ min: 1, max: 15_000 }), { nil: undefined }),
);

const anyWorkload: fc.Arbitrary<WorkloadInput> = fc
  .record({
    rate: fc.constantFrom(0, 0.5, 30, 80),
    peak: fc.option(
      fc.record({
        fromMs: fc.integer({ min: 0, max: 30_000 }),
        untilMs: fc.integer({ min: 30_001, max: 90_000 }),
        factor: fc.constantFrom(0, 3),
      }),
      { nil: undefined },
    ),
    consumers: fc.integer({ min: 1, max: 3 }),
    lateMs: fc.integer({ min: 0, max: 40_000 }),
    fails: fc.option(
      fc.record({ key: fc.integer({ min: 1, max: 5 }), times: fc.constantFrom(undefined, 1, 25) }),
      { nil: undefined },
    ),
    processingMs: fc.constantFrom(0, 5, 20),
    nodes: fc.constantFrom(1, 2, 3, 5),
    survives: fc.constantFrom('nothing' as const, 'restart' as const, 'node' as const),
    order: fc.constantFrom('none' as const, 'by-key' as const),
    keepMs: fc.constantFrom(0, 60_000),
    latencyMs: fc.constantFrom(0, 0.25, 10),
    loss: fc.constantFrom(0, 0.05),
    faults: fc.array(anyFault, { maxLength: 4 }),
    durationMs: fc.constantFrom(30_000, 90_000),
    seed: fc.integer({ min: 0, max: 2 ** 31 }),
  })
  .map(({ rate, peak, consumers, lateMs, fails, processingMs, latencyMs, loss, ...each }) => ({
    version: 1,
    id: 'any',
    title: 'Any workload',
    ...each,
    survives: each.nodes < 3 && each.survives === 'node' ? 'restart' : each.survives,
    producers: [
      {
        id: 'source',
        count: 2,
        load: { ratePerSecond: rate, arrivals: 'poisson', untilMs: 40_000, peak },
        keys: { distinct: 5, skew: 1 },
        bytes: 700,
      },
    ],
    audiences: [
      { id: 'first', count: consumers, processingMs, fails },
      { id: 'late', startMs: lateMs, processingMs: 1 },
    ],
    network: { latencyMs, loss },
  }));

describe.each(CARRYING_BROKERS)('whatever comes of a workload on %s', (broker) => {
  it('has figures that are possible', { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(anyWorkload, fc.infiniteStream(fc.nat()), (input, draws) => {
        const parsed = parseWorkload(input);
        const choices = Object.fromEntries(
          carry(broker, parsed).rules.flatMap(({ id, options }): [string, string][] => {
            const draw = draws.next().value as number;
            // Half of all rules as they are.
            return options.length > 0 && draw % 2 === 0
              ? [[id, options[(draw / 2) % options.length]!.id]]
              : [];
          }),
        );
        const { scenario } = carry(broker, parsed, choices, 'left-out');
        const { backlog, ...outcome } = outcomeOf(scenario, parsed);
        for (const of of outcome.audiences) {
          const { finished, owed, deadLettered, dropped, missed, lost } = of;
          expect(finished + owed + deadLettered + dropped + missed + lost.confirmed + lost.unconfirmed).toBe(
            outcome.published - outcome.refused,
          );
          const { latencyMs } = of;
          if (!latencyMs) continue;
          const { p50, p95, p99, p999, max, mean } = latencyMs;
          expect([p50, p95, p99, p999, max]).toEqual([p50, p95, p99, p999, max].sort((a, b) => a - b));
          expect(mean).toBeLessThanOrEqual(max);
        }
        for (const { messages, bytes } of Object.values(outcome.storage)) expect(bytes).toBe(700 * messages);
        expect(outcome.confirmed).toBeLessThanOrEqual(outcome.published);
        for (const figure of [...numbersOf(outcome), ...backlog.most]) {
          expect(figure).toBeGreaterThanOrEqual(0);
          expect(figure).toBeLessThan(Infinity);
        }
      }),
      { numRuns: 60, seed: 12 },
    );
  });
});

function numbersOf(value: unknown): number[] {
  if (typeof value === 'number') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersOf) : [];
}
