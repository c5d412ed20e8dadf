// Workloads at random, with faults at random, on every broker by its own rules: every message is accounted for, nothing that
// was confirmed is lost, order by key holds where it was asked for, and the same seed gives the same outcome.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WorkloadInput } from '../../src/brokers/workload.ts';
import { CARRYING_BROKERS, carry, outcomeOf, parseWorkload } from '../../src/scenarios/compare.ts';

/** Faults are over then, and sources have ended; the rest is for draining: of session timeouts of 45 s, and of what waited. */
const HEALED_MS = 40_000;
const DURATION_MS = 240_000;

const fault: fc.Arbitrary<NonNullable<WorkloadInput['faults']>[number]> = fc
  .record({
    atMs: fc.integer({ min: 10_000, max: 30_000 }),
    lastsMs: fc.integer({ min: 100, max: 10_000 }),
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
