/**
 * The library's workloads as experiments, one for each broker: `compare-orders-kafka`. Their scenarios are carried, and not
 * written; their settings are the rules of carrying that leave a choice, and what work takes.
 */
import type { CarryChoices, CarryRule } from '../brokers/workload.ts';
import type { OutcomeSettings } from '../claims/outcome.ts';
import { carry, CARRYING_BROKERS, outcomeSettings, type CarryingBroker } from './compare.ts';
import type { Experiment, Knob, KnobChoices } from './experiment.ts';
import type { Scenario } from './schema.ts';
import { workloads, type NamedWorkload } from './workloads.ts';

/** @returns the experiment's id */
export function comparisonId(workload: string, broker: CarryingBroker): string {
  return `compare-${workload}-${broker}`;
}

interface Costs {
  /** Its name among the costs of the broker. */
  readonly id: string;
  readonly unit: string;
  /** What may be chosen; the first is the model's own. */
  readonly values: readonly number[];
}

/** What work takes, by the names of content/facts/costs.json, which says what each is taken from. */
const COSTS: Readonly<Record<CarryingBroker, readonly Costs[]>> = {
  kafka: [
    { id: 'requestMicros', unit: 'µs', values: [20, 5, 100, 200] },
    { id: 'appendMicros', unit: 'µs', values: [30, 5, 100, 200] },
    { id: 'networkBytesPerSecond', unit: 'B/s', values: [1_250_000_000, 125_000_000, 12_500_000] },
    { id: 'diskBytesPerSecond', unit: 'B/s', values: [500_000_000, 100_000_000, 10_000_000] },
  ],
  rabbitmq: [
    { id: 'channelMicros', unit: 'µs', values: [4, 1, 10, 100] },
    { id: 'queueMicros', unit: 'µs', values: [4, 1, 10, 100] },
    { id: 'fsyncMs', unit: 'ms', values: [1, 0.1, 5.9, 20] },
    { id: 'networkBytesPerSecond', unit: 'B/s', values: [1_250_000_000, 125_000_000, 12_500_000] },
    { id: 'diskBytesPerSecond', unit: 'B/s', values: [500_000_000, 100_000_000, 10_000_000] },
  ],
};

const LATENCIES_MS = [0.25, 0.05, 1, 10, 50];

/** The setting of the network, which is the workload's own and so the same on every broker. */
export const NETWORK_KNOB = 'network.latencyMs';

/** @param number as the book writes numbers, with a narrow no-break space between thousands */
function written(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

function knobsOf(broker: CarryingBroker, rules: readonly CarryRule[], { workload }: NamedWorkload): Knob[] {
  const choices = rules.flatMap(({ id, carries, made, options }): Knob[] =>
    options.length === 0
      ? []
      : [
          {
            id,
            name: carries,
            hint: made,
            path: 'carried',
            options: options.map((option) => ({ id: option.id, label: option.label, value: option.id })),
          },
        ],
  );
  const costs = COSTS[broker].map(({ id, unit, values }): Knob => ({
    id,
    name: `costs.${id}`,
    hint: '',
    path: ['system', 'costs', id],
    options: values.map((value) => ({ id: String(value), label: `${written(value)} ${unit}`, value })),
  }));
  const own = workload.network.latencyMs;
  const network: Knob = {
    id: NETWORK_KNOB,
    name: NETWORK_KNOB,
    hint: '',
    path: ['network', 'latencyMs'],
    options: [own, ...LATENCIES_MS.filter((each) => each !== own)].map((value) => ({
      id: String(value),
      label: `${value} ms`,
      value,
    })),
  };
  return [...choices, ...costs, network];
}

/** A moment at which something is to be seen: shortly after the first thing that goes wrong, or some seconds of load. */
function posterMsOf({ workload }: NamedWorkload): number {
  const { faults, producers, audiences, durationMs } = workload;
  const peak = producers.find(({ load }) => load.peak)?.load.peak;
  const late = Math.max(...audiences.map(({ startMs }) => startMs));
  const begins = Math.min(...producers.map(({ startMs }) => startMs));
  const rate = producers.reduce((sum, { count, load }) => sum + count * load.ratePerSecond, 0);
  const moment = faults[0]
    ? faults[0].atMs + 1500
    : peak
      ? peak.untilMs + 1000
      : late > 0
        ? late + 500
        : begins + (rate > 10_000 ? 500 : 8000);
  return Math.min(moment, durationMs);
}

function experimentOf(id: string, broker: CarryingBroker, named: NamedWorkload): Experiment {
  const { workload, about, choices } = named;
  const { rules } = carry(broker, workload, choices[broker]);
  return {
    id,
    scenario: `${workload.id}-${broker}`,
    carried: { workload: workload.id, broker },
    title: workload.title,
    question: about,
    posterMs: posterMsOf(named),
    speed: 1,
    predict: null,
    knobs: knobsOf(broker, rules, named),
    stage: broker === 'kafka' ? 'groups' : 'queues',
    console: false,
    controls: [],
    claims: [],
  };
}

/** @returns the experiment that carries a workload of the library, or undefined where the id is none of one */
export function comparisonExperiment(id: string): Experiment | undefined {
  for (const [workload, named] of workloads)
    for (const broker of CARRYING_BROKERS)
      if (id === comparisonId(workload, broker)) return experimentOf(id, broker, named);
  return undefined;
}

export interface CarriedRun {
  readonly scenario: Scenario;
  readonly rules: readonly CarryRule[];
  readonly outcome: OutcomeSettings;
}

/**
 * Carries the workload of an experiment as the reader chose.
 * @param knobs what was chosen; what is no choice of carrying is left to the scenario's own settings
 * @throws InvalidInput for a choice that there is not
 */
export function carried(
  { carried: which, knobs: offered }: Experiment,
  knobs: KnobChoices,
): CarriedRun | null {
  const named = which && workloads.get(which.workload);
  if (!which || !named) return null;
  const { workload, choices } = named;
  const chosen: CarryChoices = Object.fromEntries(
    Object.entries(knobs).filter(([id]) => offered.some((knob) => knob.id === id && knob.path === 'carried')),
  );
  const made = carry(which.broker, workload, { ...choices[which.broker], ...chosen }, 'left-out');
  return { ...made, outcome: outcomeSettings(workload) };
}
