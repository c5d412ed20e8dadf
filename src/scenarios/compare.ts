/**
 * One workload on every broker: carried to each by its own rules, run with the same seeds, and judged by checkers that know no
 * broker.
 */
import { carryToKafka, RESERVED_ON_KAFKA } from '../brokers/kafka/carry.ts';
import { carryToRabbitmq, RESERVED_ON_RABBITMQ } from '../brokers/rabbitmq/carry.ts';
import {
  checkChoices,
  checkWorkload,
  memberIds,
  workload as workloadSchema,
  type CarryChoices,
  type CarryRule,
  type Workload,
  type WorkloadInput,
} from '../brokers/workload.ts';
import { OutcomeFold, type Outcome, type OutcomeSettings } from '../claims/outcome.ts';
import { quoted } from '../brokers/parts.ts';
import { fromMs } from '../sim/time.ts';
import { InvalidInput, parseScenario, SCENARIO_VERSION, taken, type Scenario } from './schema.ts';
import { Simulation } from './simulation.ts';

const CARRIERS = { kafka: carryToKafka, rabbitmq: carryToRabbitmq } as const;

/** The brokers that a workload can be carried to. */
export type CarryingBroker = keyof typeof CARRIERS;
export const CARRYING_BROKERS = Object.keys(CARRIERS) as CarryingBroker[];

/** Per broker, the reader's choices. */
export type Choices = Readonly<Partial<Record<CarryingBroker, CarryChoices>>>;

/**
 * @param input anything, such as parsed JSON
 * @returns the workload with every default filled in
 * @throws InvalidInput that names each wrong field and what was expected
 */
export function parseWorkload(input: unknown): Workload {
  const workload = ownWorkload(input as WorkloadInput);
  const problems = [...checkWorkload(workload), ...checkIds(workload)];
  if (problems.length > 0) throw new InvalidInput(NO_WORKLOAD, problems);
  return workload;
}

const NO_WORKLOAD = 'This is not a workload';

/**
 * One of the book's own: field by field, and that its fields fit one another is for tests to say.
 * @returns the workload with every default filled in
 * @throws InvalidInput
 */
export function ownWorkload(input: WorkloadInput): Workload {
  return taken(NO_WORKLOAD, workloadSchema, input);
}

/** An id must not be what a broker, or the rules by which a workload is carried to it, call something of their own. */
function checkIds({ producers, audiences }: Workload): string[] {
  const reserved: readonly string[] = [...RESERVED_ON_KAFKA, ...RESERVED_ON_RABBITMQ];
  return Object.entries({ producers, audiences }).flatMap(([list, each]) =>
    each.flatMap(({ id }, i) =>
      reserved.includes(id)
        ? [
            `${list}[${i}].id: expected another id than ${quoted(reserved)}, which have a meaning where it is carried to`,
          ]
        : [],
    ),
  );
}

/**
 * @param choices rule id to option id
 * @param unfit what becomes of a choice that another one leaves no room for, such as one between commits where a share group
 * reads: it is refused, or left out, for whoever keeps choices while others change
 * @throws InvalidInput for a choice that this workload's rules do not offer
 */
export function carry(
  broker: CarryingBroker,
  workload: Workload,
  choices: CarryChoices = {},
  unfit: 'refused' | 'left-out' = 'refused',
): { readonly scenario: Scenario; readonly rules: readonly CarryRule[] } {
  const refuse = (what: string, problems: readonly string[]): void => {
    if (problems.length > 0) throw new InvalidInput(what, problems);
  };
  // What may be chosen, the rules say, so they are made before a choice is taken.
  refuse(
    `This workload cannot be carried to ${broker} so`,
    checkChoices(choices, CARRIERS[broker](workload, {}).rules),
  );
  const asked = CARRIERS[broker](workload, choices);
  if (unfit === 'refused')
    refuse(`Of these choices some leave no room for others on ${broker}`, checkChoices(choices, asked.rules));
  const fitting = Object.entries(choices).filter(
    ([rule, option]) => checkChoices({ [rule]: option }, asked.rules).length === 0,
  );
  const { scenario, rules } =
    fitting.length === Object.keys(choices).length
      ? asked
      : CARRIERS[broker](workload, Object.fromEntries(fitting));
  return { scenario: parseScenario({ version: SCENARIO_VERSION, ...scenario }), rules };
}

/** What checkers need to know of a workload: who reads together, and when something goes wrong. */
export function outcomeSettings({ audiences, faults, producers }: Workload): OutcomeSettings {
  const moments = [
    ...faults.map(({ atMs }) => ({ from: atMs, until: atMs })),
    ...producers.flatMap(({ load: { peak } }) => (peak ? [{ from: peak.fromMs, until: peak.untilMs }] : [])),
  ];
  return {
    audiences: audiences.map((audience) => ({
      id: audience.id,
      clients: memberIds(audience),
      wants: audience.wants,
    })),
    disturbed:
      moments.length === 0
        ? null
        : {
            firstAt: fromMs(Math.min(...moments.map(({ from }) => from))),
            lastAt: fromMs(Math.max(...moments.map(({ until }) => until))),
          },
  };
}

/** Runs a carried workload to its end. @throws SimulationError */
export function outcomeOf(scenario: Scenario, workload: Workload): Outcome {
  const fold = new OutcomeFold(outcomeSettings(workload));
  const simulation = new Simulation(scenario, [], fold);
  simulation.finish();
  return fold.outcome(simulation.endsAt);
}

export interface Comparison {
  readonly workload: string;
  readonly title: string;
  readonly seeds: readonly number[];
  readonly brokers: Readonly<Partial<Record<CarryingBroker, Side>>>;
}

export interface Side {
  readonly rules: readonly CarryRule[];
  /** One for each seed, in order. */
  readonly outcomes: readonly Outcome[];
}

/**
 * @param options.seeds how many: the workload's own and those after it
 * @throws InvalidInput for a choice that there is not
 * @throws SimulationError when an assertion of the kernel or of a model fails
 */
export function compare(
  workload: Workload,
  options: {
    readonly brokers?: readonly CarryingBroker[];
    readonly seeds?: number;
    readonly choices?: Choices;
  } = {},
): Comparison {
  const { brokers = CARRYING_BROKERS, seeds: count = 1, choices = {} } = options;
  const seeds = Array.from({ length: count }, (_, i) => workload.seed + i);
  const sides = brokers.map((broker): [CarryingBroker, Side] => {
    const { scenario, rules } = carry(broker, workload, choices[broker]);
    return [broker, { rules, outcomes: seeds.map((seed) => outcomeOf({ ...scenario, seed }, workload)) }];
  });
  return { workload: workload.id, title: workload.title, seeds, brokers: Object.fromEntries(sides) };
}
