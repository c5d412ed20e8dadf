/**
 * Which experiments can be taken home as a lab, with which scenarios, and why the others cannot. Pure: pages ask it, and so
 * does whatever makes the labs.
 */
import { VERSIONS } from '../brokers/rabbitmq/config.ts';
import { realScenarios, observableClaims } from '../scenarios/real.ts';
import type { Experiment } from '../scenarios/experiment.ts';
import type { Claim } from '../claims/claim.ts';
import { challenges, claimById, experiments, scenarioById } from '../scenarios/library.ts';
import { isOf, nodesOf, type Scenario } from '../scenarios/schema.ts';
import { workloads } from '../scenarios/workloads.ts';

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

const QUEUEING =
  'it is arithmetic: waiting times to a tenth, which hold where nothing but the modelled server takes time, and a process on a busy machine wakes up a millisecond late';

/** A lab that runs workloads on both brokers. */
export interface WorkloadLab {
  readonly id: string;
  readonly title: string;
  /** So many of each broker. */
  readonly nodes: number;
}

export const workloadLabs: readonly WorkloadLab[] = [
  { id: 'workloads-on-one-node', title: 'Any workload, on both brokers', nodes: 1 },
  { id: 'workloads-on-three-nodes', title: 'Workloads that outlive a node, on both brokers', nodes: 3 },
];

/** Why a workload of the library is not among them. */
const WORKLOADS_AWAY: Readonly<Record<string, string>> = {
  'steady-100k':
    'its rate is more than clients in one process of yours can publish one message at a time, so that it would measure them and not the brokers',
  mm1: QUEUEING,
  md1: QUEUEING,
  mmc: QUEUEING,
};

/** The workloads of the library that are in these labs. */
export const AT_HOME: readonly string[] = [...workloads.keys()].filter((id) => !(id in WORKLOADS_AWAY));

/** A lab that has an experiment's run, or one that shows the same. */
export interface Home {
  readonly lab: string;
  readonly title: string;
  /** Of the lab; not the experiment's own where they are smaller ones. */
  readonly scenarios: readonly string[];
  /**
   * `run`: the experiment's run is among them. `instead`: smaller runs that its definition names. `claims`: runs of another
   * experiment, on which the same claims are judged. `workload`: its workload is, carried to the broker. `console`: commands,
   * typed to the real tools.
   */
  readonly by: 'run' | 'instead' | 'claims' | 'workload' | 'console';
}

/** What nothing outside a broker and its clients can bring about, in a reader's words. */
const ONLY_SIMULATED: Readonly<Record<string, string>> = {
  link: 'it changes the latency of links, which at home are all inside one machine',
  slow: 'it makes a process slow, and at home each is as fast as the machine',
  skew: 'it turns a process’s clock, and at home all read the machine’s',
};

/** Of runs by their scenarios, where no rule says it. */
const OWN_REASONS: Readonly<Record<string, string>> = {
  'kafka-poll-interval':
    'that a consumer’s time is up its library writes to its log and tells no application, and this claim asks for the moment',
  'kafka-delivery-timeout':
    'it needs a broker that writes a record and answers too late for the producer, and from outside a broker is either there or away',
  'beside-ordering-kafka':
    'two partitions are read in an order that only the network decides, and at home there is none: what a real run shows hangs on the machine',
  'rabbitmq-without-confirms':
    'a message has to be on the wire at the moment when its node dies, and on one machine it is there for microseconds',
};

/** Of a run that is not on the list of those that are run for real. */
const NOT_REAL = 'it rests on moments that only virtual time keeps apart';

const labsOf = new Map<string, Home | null>();

/** Where an experiment's run goes home, or one that shows the same; or null. */
export function homeOf(experiment: Experiment): Home | null {
  const { id } = experiment;
  let home = labsOf.get(id);
  if (home === undefined) labsOf.set(id, (home = ownHome(experiment) ?? homeByClaims(experiment)));
  return home;
}

/** Nothing to set, nothing asked of the reader, and a prompt: commands are what it is there for. */
export function isConsole({ id, console: has, knobs }: Experiment): boolean {
  return has && knobs.length === 0 && !challenges.some((challenge) => challenge.id === id);
}

function ownHome(experiment: Experiment): Home | null {
  const { id, scenario, title, home, carried } = experiment;
  if (isConsole(experiment)) return { lab: id, title, scenarios: [], by: 'console' };
  if (home) return { lab: id, title, scenarios: home, by: home.includes(scenario) ? 'run' : 'instead' };
  if (carried) return homeOfWorkload(carried.workload);
  // One that others take home in the place of their own is no lab besides.
  const other = experiments.find((one) => one.home?.includes(scenario));
  if (other) return { lab: other.id, title: other.title, scenarios: other.home!, by: 'run' };
  for (const { id: lab, title: its, scenarios } of practiceLabs)
    if (scenarios.some((one) => one === scenario)) return { lab, title: its, scenarios, by: 'run' };
  const { broker } = scenarioById(scenario).system;
  if (!realScenarios[broker].includes(scenario) || reasonOf(scenarioById(scenario)) !== null) return null;
  return { lab: id, title, scenarios: [scenario], by: 'run' };
}

function homeOfWorkload(id: string): Home | null {
  const lab = workloadLabs.find(({ nodes }) => nodes === workloads.get(id)!.workload.nodes);
  return lab && AT_HOME.includes(id)
    ? { lab: lab.id, title: lab.title, scenarios: [], by: 'workload' }
    : null;
}

/** Its claims are what it is for: the lab in which most of those are seen that clients can see is its lab too. */
function homeByClaims({ scenario, carried }: Experiment): Home | null {
  if (carried) return null;
  const asked = seenOn(scenario);
  const shown = labs().map(({ home }) => {
    const shows = home.scenarios.filter((one) => seenOn(one).some((claim) => asked.includes(claim)));
    const seen = new Set(shows.flatMap(seenOn));
    return { home, shows, cases: asked.filter((claim) => seen.has(claim)).length };
  });
  const [best] = shown.sort((a, b) => b.cases - a.cases);
  return best && best.cases > 0 ? { ...best.home, by: 'claims', scenarios: best.shows } : null;
}

/** What clients can see of the claims that name a scenario. */
function seenOn(scenario: string): Claim[] {
  return observableClaims(scenarioById(scenario)).filter(({ scenarios }) => scenarios !== 'every');
}

let all: { readonly home: Home; readonly rules: ReadonlySet<string> }[] | null = null;

/** Labs that have scenarios, with the rules that their claims rest on. */
function labs(): NonNullable<typeof all> {
  return (all ??= [
    ...experiments.flatMap((experiment) => {
      const home = ownHome(experiment);
      return home?.lab === experiment.id && home.scenarios.length > 0 ? [home] : [];
    }),
    ...practiceLabs.flatMap(({ id: lab, title, scenarios }): Home[] =>
      scenarios.length > 0 ? [{ lab, title, scenarios, by: 'run' }] : [],
    ),
  ].map((home) => ({
    home,
    rules: new Set(home.scenarios.flatMap(seenOn).flatMap(({ rules }) => rules)),
  })));
}

/** The lab of the same broker that rests on most of the same rules: for what does not go home itself. Null where none does. */
export function nearestLab({ claims, scenario, carried }: Experiment): Home | null {
  if (carried) return null;
  const { broker } = scenarioById(scenario).system;
  const own = new Set(claims.flatMap((id) => claimById(id).rules));
  const scored = labs().flatMap(({ home, rules }) => {
    const shared = [...own].filter((rule) => rules.has(rule)).length;
    const isOf = scenarioById(home.scenarios[0]!).system.broker === broker;
    return isOf && shared > 0 ? [{ home, shared, of: rules.size }] : [];
  });
  return scored.sort((a, b) => b.shared - a.shared || a.of - b.of)[0]?.home ?? null;
}

/** Null where it can be taken home; else the rest of a sentence: “Not to take home: …”. */
export function whyNot(experiment: Experiment): string | null {
  const { carried } = experiment;
  if (homeOf(experiment)) return null;
  if (carried) return WORKLOADS_AWAY[carried.workload] ?? null;
  if (challenges.some(({ id }) => id === experiment.id))
    return 'its run is made by your own moves, at the moments that you choose';
  return reasonOf(scenarioById(experiment.scenario)) ?? NOT_REAL;
}

function reasonOf(scenario: Scenario): string | null {
  const nodes = nodesOf(scenario);
  const own = OWN_REASONS[scenario.id];
  if (own !== undefined) return own;
  for (const { action } of scenario.timeline) {
    const why = ONLY_SIMULATED[action.do];
    if (why !== undefined) return why;
    if (action.do === 'cut' && action.between.every((end) => nodes.includes(end)))
      return 'it cuts the link between two brokers, and at home only one between a client and a broker can be cut';
  }
  if (isOf(scenario, 'rabbitmq') && scenario.system.version !== VERSIONS.at(-1))
    return `it is about RabbitMQ ${scenario.system.version}, and a lab has a newer one`;
  if (seenOn(scenario.id).length === 0)
    return 'what it shows happens inside the broker, where no client sees it';
  return null;
}

/** The title of every lab, by its id, in the order of the book. */
export const labTitles: ReadonlyMap<string, string> = new Map(
  [
    ...practiceLabs,
    ...workloadLabs,
    ...experiments.filter((experiment) => homeOf(experiment)?.lab === experiment.id),
  ].map(({ id, title }) => [id, title]),
);
