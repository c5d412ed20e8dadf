/**
 * Which experiments can be taken home as a lab, and why the others cannot. Pure: pages ask it, and so does whatever makes
 * the labs.
 */
import * as v from 'valibot';
import { serverConfig } from '../brokers/rabbitmq/config.ts';
import { realScenarios, observableClaims } from '../scenarios/real.ts';
import type { Experiment } from '../scenarios/experiment.ts';
import { scenarioById } from '../scenarios/library.ts';
import { isOf, nodesOf, type BrokerId, type Scenario } from '../scenarios/schema.ts';

/** The practice ideas that are labs, by the end of their task's id. */
export const practiceLabs = [
  { id: 'set-up-kafka', title: 'Set up Kafka, and produce and consume messages' },
  { id: 'compare-rabbitmq-and-kafka', title: 'Compare RabbitMQ and Kafka for the same use case' },
] as const;

/** Brokers whose experiments become labs by themselves: those with a run of src/real that stands alone. */
const TAKEN_HOME: readonly BrokerId[] = ['rabbitmq'];

/** A server’s settings as it comes. */
const DEFAULTS = JSON.stringify(v.parse(serverConfig, {}));

/** What nothing outside a broker and its clients can bring about, in a reader's words. */
const ONLY_SIMULATED: Readonly<Record<string, string>> = {
  cut: 'it cuts links between processes, which share one machine at home',
  heal: 'it cuts links between processes, which share one machine at home',
  link: 'it changes the latency of links, which at home are all inside one machine',
  slow: 'it makes a process slow, and at home each is as fast as the machine',
  skew: 'it turns a process’s clock, and at home all read the machine’s',
};

/** Null where it can be taken home; else the rest of a sentence: “Not to take home: …”. */
export function whyNot({ scenario: id, carried, console: hasConsole }: Experiment): string | null {
  // Carried from a workload: the lab that compares the brokers takes workloads home.
  if (carried)
    return 'it is a workload, and the lab that compares RabbitMQ and Kafka takes one home for both';
  const scenario = scenarioById(id);
  if (hasConsole && scenario.clients.length === 0)
    return 'its console is one: the commands are the broker’s own, and do the same at a prompt of yours';
  return ofScenario(scenario);
}

function ofScenario(scenario: Scenario): string | null {
  const { broker } = scenario.system;
  if (!TAKEN_HOME.includes(broker))
    return 'of Kafka there is one lab, which sets it up and goes through topics, groups, offsets and replay';
  const nodes = nodesOf(scenario).length;
  if (nodes > 1) return `it needs ${nodes} nodes, and a lab has one`;
  for (const { action } of scenario.timeline) {
    const why = ONLY_SIMULATED[action.do];
    if (why !== undefined) return why;
  }
  if (isOf(scenario, 'rabbitmq') && JSON.stringify(scenario.system.config) !== DEFAULTS)
    return 'it changes settings of the server, and a lab leaves it as it comes';
  if (observableClaims(scenario).every(({ scenarios }) => scenarios === 'every'))
    return 'what it shows happens inside the broker, where no client sees it';
  if (!realScenarios[broker].includes(scenario.id))
    return 'it rests on moments that only virtual time keeps apart';
  return null;
}
