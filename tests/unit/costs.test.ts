// Costs with sources: every parameter of every broker's model of work stands in content/facts/costs.json with the value that
// the schema has and a measurement it is taken from; and nothing stands there that no schema has.
import { parse, type GenericSchema } from 'valibot';
import { describe, expect, it } from 'vitest';
import facts from '../../content/facts/costs.json' with { type: 'json' };
import { costs as kafkaCosts } from '../../src/brokers/kafka/config.ts';
import { costs as rabbitmqCosts } from '../../src/brokers/rabbitmq/config.ts';
import { parseWorkload, carry, CARRYING_BROKERS } from '../../src/scenarios/compare.ts';

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
