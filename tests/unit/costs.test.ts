// Costs with sources: every parameter of every broker's model of work stands in content/facts/costs.json with the value that
// the schema has and a measurement it is taken from; and nothing stands there that no schema has.
import { parse, type GenericSchema } from 'valibot';
import { describe, expect, it } from 'vitest';
import facts from '../../content/facts/costs.json' with { type: 'json' };
import { costs as kafkaCosts } from '../../src/brokers/kafka/config.ts';
import { costs as rabbitmqCosts } from '../../src/brokers/rabbitmq/config.ts';
import { parseWorkload, carry, CARRYING_BROKERS } from '../../src/scenarios/compare.ts';
import { parseScenario } from '../../src/scenarios/schema.ts';
import { Simulation } from '../../src/scenarios/simulation.ts';

interface Fact {
  readonly value: number | null;
  /** What a carried workload sets instead. */
  readonly carried?: number;
  readonly unit: string;
  readonly means: string;
  readonly from: readonly { readonly source: string; readonly figure: string }[];
  readonly derived: string;
}

const SCHEMAS: Readonly<Record<string, GenericSchema<unknown, Record<string, unknown>>>> = {
  kafka: kafkaCosts,
  rabbitmq: rabbitmqCosts,
};
const brokers: Readonly<Record<string, Readonly<Record<string, Fact>>>> = facts.brokers;
const all: Fact[] = [
  ...Object.values(brokers).flatMap((each) => Object.values(each)),
  ...Object.values(facts.workload),
];

const workload = parseWorkload({
  version: 1,
  id: 'any',
  title: 'Any',
  producers: [{ id: 'p', load: { ratePerSecond: 1 } }],
  audiences: [{ id: 'a' }],
  durationMs: 1000,
});

describe('costs', () => {
  it('are of every broker that a workload can be carried to', () => {
    expect(Object.keys(brokers).sort()).toEqual([...CARRYING_BROKERS].sort());
    expect(Object.keys(brokers).sort()).toEqual(Object.keys(SCHEMAS).sort());
  });

  it.each(Object.entries(brokers))(
    'of %s are the parameters of its schema, with their defaults',
    (broker, facts) => {
      const defaults = parse(SCHEMAS[broker]!, {});
      expect(Object.fromEntries(Object.entries(facts).map(([name, { value }]) => [name, value]))).toEqual(
        defaults,
      );
    },
  );

  it.each(Object.entries(brokers))('of %s are what a carried workload runs with', (broker, facts) => {
    const { system } = carry(broker as (typeof CARRYING_BROKERS)[number], workload).scenario;
    const expected = Object.entries(facts).map(([name, { value, carried }]) => [name, carried ?? value]);
    expect(system.costs).toEqual(Object.fromEntries(expected));
  });

  it('have a measurement each, and say how they follow from it', () => {
    for (const { unit, means, from, derived } of all) {
      expect(unit).toMatch(/^(µs|ms|B\/s)$/);
      expect(means).toMatch(/\.$/);
      expect(derived).toMatch(/\.$/);
      expect(from.length).toBeGreaterThan(0);
      for (const { source, figure } of from) {
        expect(Object.keys(facts.sources)).toContain(source);
        expect(figure).toMatch(/\d/);
      }
    }
  });

  it('of the workload’s network are its default', () => {
    expect(workload.network.latencyMs).toBe(facts.workload['network.latencyMs'].value);
  });

  it('have sources that say what was measured on what, by whom, and where to read it', () => {
    const used = new Set(all.flatMap(({ from }) => from.map(({ source }) => source)));
    expect(Object.keys(facts.sources).sort()).toEqual([...used].sort());
    for (const { title, by, url, on } of Object.values(facts.sources)) {
      expect(url).toMatch(/^https:\/\//);
      for (const text of [title, by, on]) expect(text).not.toBe('');
    }
  });
});

/**
 * The benchmark of the source as a scenario: one publisher as fast as it can with so many unconfirmed, one queue, one
 * consumer, messages of 12 bytes, everybody on one machine.
 * @returns messages a second, once it is under way
 */
function throughput(type: 'classic' | 'quorum', unconfirmed: number, options: object): number {
  const scenario = parseScenario({
    version: 1,
    id: 'benchmark',
    title: 'The benchmark of the source',
    system: { broker: 'rabbitmq', queues: [{ name: 'q', arguments: { 'x-queue-type': type } }], ...options },
    clients: [
      {
        id: 'publisher',
        role: 'publisher',
        routingKey: 'q',
        load: { ratePerSecond: 200_000 },
        bytes: 12,
        mandatory: true,
        maxUnconfirmed: unconfirmed,
      },
      {
        id: 'consumer',
        role: 'consumer',
        queues: ['q'],
        prefetchCount: 5000,
        ackEvery: 200,
        processingMs: 0,
      },
    ],
    network: { latencyMs: 0.02 },
    durationMs: 1000,
    seed: 1,
  });
  let finished = 0;
  const on = (event: { readonly kind: string; readonly at: number }): void => {
    if (event.kind === 'processed' && event.at >= 200_000) finished++;
  };
  new Simulation(scenario, [], { on }).finish();
  return finished / 0.8;
}

describe('the model at work', () => {
  // Not more than a factor: it is a model. But it must not be off by more than that.
  it('brings through a queue what the source measured, within a factor of two', () => {
    const near = (found: number, measured: number): void => {
      expect(found).toBeGreaterThan(measured / 2);
      expect(found).toBeLessThan(measured * 2);
    };
    const slow = { costs: { fsyncMs: 5.9 } };
    near(throughput('classic', 192, {}), 88_534);
    near(throughput('quorum', 192, slow), 9931);
    // The source raises flow control for this one.
    const credit = { credit_flow_initial: 5000, credit_flow_more_after: 2500 };
    near(throughput('quorum', 3000, { ...slow, config: credit }), 70_067);
  });
});
