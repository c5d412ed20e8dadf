// The library's workloads as experiments: their settings are rules of carrying and costs, and a run of one is judged as it goes.
import { describe, expect, it } from 'vitest';
import costs from '../../../content/facts/costs.json' with { type: 'json' };
import { decodeAddress, encodeAddress } from '../../../src/scenarios/address.ts';
import { carry, CARRYING_BROKERS, outcomeOf } from '../../../src/scenarios/compare.ts';
import { comparisonId, NETWORK_KNOB } from '../../../src/scenarios/comparisons.ts';
import { currentOption } from '../../../src/scenarios/experiment.ts';
import { experimentById } from '../../../src/scenarios/library.ts';
import { setUp } from '../../../src/scenarios/playable.ts';
import { Playback } from '../../../src/scenarios/playback.ts';
import { workloads } from '../../../src/scenarios/workloads.ts';

const spec = (experiment: string, knobs: Record<string, string> = {}) => ({
  experiment,
  seed: null,
  knobs,
  actions: [],
});

describe.each(CARRYING_BROKERS)('a workload on %s', (broker) => {
  const id = comparisonId('orders', broker);
  const { workload } = workloads.get('orders')!;

  it.each([...workloads.keys()])('%s is an experiment', (name) => {
    const experiment = experimentById(comparisonId(name, broker));
    expect(experiment.title).toBe(workloads.get(name)!.workload.title);
    const { rules, scenario } = setUp(spec(experiment.id));
    for (const knob of experiment.knobs) {
      const rule = rules.find((each) => each.id === knob.id);
      const own = rule ? rule.chosen : currentOption(scenario, knob);
      expect(
        knob.options.map((option) => option.id),
        `${name} ${knob.id}`,
      ).toContain(own);
    }
  });

  it('has a setting for each cost that has a source, which stands at the model’s own value', () => {
    const { scenario } = setUp(spec(id));
    const entries: Record<string, { value: number | null; carried?: number }> = costs.brokers[broker];
    for (const [cost, { value, carried = value }] of Object.entries(entries)) {
      const knob = experimentById(id).knobs.find((each) => each.id === cost)!;
      expect(currentOption(scenario, knob), cost).toBe(String(carried));
    }
    expect(experimentById(id).knobs.map((knob) => knob.id)).toContain(NETWORK_KNOB);
  });

  it('is carried otherwise where the reader chooses so, and its costs can be turned at the same time', () => {
    const [rule, option] = broker === 'kafka' ? ['partitions', 'one'] : ['queue', 'stream'];
    const choice = { [rule]: option };
    const { scenario, rules } = setUp(spec(id, { ...choice, networkBytesPerSecond: '12500000' }));
    expect(rules.find((each) => each.id === rule)?.chosen).toBe(option);
    const carried = carry(broker, workload, choice).scenario;
    expect(scenario).toEqual({
      ...carried,
      system: { ...carried.system, costs: { ...carried.system.costs, networkBytesPerSecond: 12_500_000 } },
    });
  });

  it('refuses a choice that its rules do not offer', () => {
    expect(() => setUp(spec(id, { linger: 'for ever', ack: 'never' }))).toThrow(/expected one of/);
    expect(() => setUp(spec(comparisonId('nothing', broker)))).toThrow(/There is no experiment/);
  });

  it('is in an address with what was chosen', () => {
    const run = { ...spec(id, { [NETWORK_KNOB]: '10' }), at: 21_000_000 };
    expect(decodeAddress(encodeAddress(run))).toEqual(run);
  });

  it('comes, as it is played, to what the command says of it, also after going back', () => {
    const { scenario, claims, parts, outcome } = setUp(spec(id));
    const playback = new Playback(scenario, [], claims, parts, outcome);
    playback.seek(30_000_000);
    playback.seek(15_000_000);
    const early = playback.frame().outcome!;
    expect(early.published).toBeLessThan(2000);
    playback.seek(Infinity);
    const { backlog: _, ...whole } = outcomeOf(scenario, workload);
    expect(playback.frame().outcome).toEqual(whole);
  });
});

it('a frame has no outcome where nobody asked for one', () => {
  const { scenario, claims, parts, outcome } = setUp(spec('kafka-consumer-groups'));
  expect(new Playback(scenario, [], claims, parts, outcome).frame().outcome).toBeNull();
});
