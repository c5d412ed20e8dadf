/**
 * Which experiments can be taken home as a lab, with which scenarios, and why the others cannot. Pure: pages ask it, and so
 * does whatever makes the labs.
 */
import { VERSIONS } from '../brokers/rabbitmq/config.ts';
import { realScenarios, observableClaims } from '../scenarios/real.ts';
import type { Experiment } from '../scenarios/experiment.ts';
import { experiments, scenarioById } from '../scenarios/library.ts';
import { isOf, nodesOf, type BrokerId, type Scenario } from '../scenarios/schema.ts';

/** What the practice idea on consumer groups goes through, step by step. */
export const GROUP_STEPS = [
  'kafka-held-keys',
  'kafka-held-two-groups',
  'kafka-held-range',
  'kafka-held-roundrobin',
  'kafka-held-sticky',
  'kafka-held-cooperative-sticky',
  'kafka-held-kip-848',
] as const;

/** The practice ideas that are labs, by the end of their task's id. */
export const practiceLabs = [
  { id: 'set-up-kafka', title: 'Set up Kafka, and produce and consume messages', scenarios: [] },
  {
    id: 'compare-rabbitmq-and-kafka',
    title: 'Compare RabbitMQ and Kafka for the same use case',
    scenarios: [],
  },
  {
    id: 'consumer-groups-and-partition-assignment',
    title: 'Experiment with consumer groups and partition assignment',
    scenarios: GROUP_STEPS,
  },
] as const;

/** A lab that has an experiment's run, or one that shows the same. */
export interface Home {
  readonly lab: string;
  readonly title: string;
  /** Of the lab; not the experiment's own where they are smaller ones. */
  readonly scenarios: readonly string[];
}

/** What nothing outside a broker and its clients can bring about, in a reader's words. */
const ONLY_SIMULATED: Readonly<Record<string, string>> = {
  link: 'it changes the latency of links, which at home are all inside one machine',
  slow: 'it makes a process slow, and at home each is as fast as the machine',
  skew: 'it turns a process’s clock, and at home all read the machine’s',
};

/** Of experiments by their ids, where no rule says it. */
const OWN_REASONS: Readonly<Record<string, string>> = {
  'kafka-lag':
    'how far a consumer has come when the next one joins hangs on the machine, so that no two runs are alike',
};

/** Of a run that is not on the list of those that are run for real. */
const NOT_REAL: Readonly<Record<BrokerId, string>> = {
  kafka: 'it is not among the runs that the book holds to a real Kafka, and only those go home',
  rabbitmq: 'it rests on moments that only virtual time keeps apart',
};

/** Where an experiment's run goes home, or null. */
export function homeOf(experiment: Experiment): Home | null {
  const { id, scenario, title } = experiment;
  if (experiment.home) return { lab: id, title, scenarios: experiment.home };
  // One that others take home in the place of their own is no lab besides.
  const other = experiments.find(({ home }) => home?.includes(scenario));
  if (other) return homeOf(other);
  for (const { id: lab, title: its, scenarios } of practiceLabs)
    if (scenarios.some((one) => one === scenario)) return { lab, title: its, scenarios };
  return whyNot(experiment) === null ? { lab: id, title, scenarios: [scenario] } : null;
}

/** Null where it can be taken home; else the rest of a sentence: “Not to take home: …”. */
export function whyNot(experiment: Experiment): string | null {
  const { id, scenario, home, carried, console: hasConsole, knobs } = experiment;
  if (home) return null;
  // Carried from a workload: the lab that compares the brokers takes workloads home.
  if (carried)
    return 'it is a workload, and the lab that compares RabbitMQ and Kafka takes one home for both';
  // Nothing to set, and a prompt: commands are what it is there for.
  if (hasConsole && knobs.length === 0)
    return 'its console is one: the commands are the broker’s own, and do the same at a prompt of yours';
  return OWN_REASONS[id] ?? ofScenario(scenarioById(scenario));
}

function ofScenario(scenario: Scenario): string | null {
  const { broker } = scenario.system;
  const nodes = nodesOf(scenario);
  for (const { action } of scenario.timeline) {
    const why = ONLY_SIMULATED[action.do];
    if (why !== undefined) return why;
    if (action.do === 'cut' && action.between.every((end) => nodes.includes(end)))
      return 'it cuts the link between two brokers, and at home only one between a client and a broker can be cut';
  }
  if (isOf(scenario, 'rabbitmq') && scenario.system.version !== VERSIONS.at(-1))
    return `it is about RabbitMQ ${scenario.system.version}, and a lab has a newer one`;
  if (observableClaims(scenario).every(({ scenarios }) => scenarios === 'every'))
    return 'what it shows happens inside the broker, where no client sees it';
  if (!realScenarios[broker].includes(scenario.id)) return NOT_REAL[broker];
  return null;
}
