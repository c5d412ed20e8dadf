/** The labs there are: one of each experiment that can be taken home, and those of the practice ideas. Node only. */
import { readFileSync } from 'node:fs';
import { carry, outcomeSettings } from '../scenarios/compare.ts';
import { experiments, scenarioById } from '../scenarios/library.ts';
import { hurtsBroker, observableClaims } from '../scenarios/real.ts';
import { HELD_CONFIG } from '../scenarios/kafka/held.ts';
import { parseRecording, traceOfRecording, type Recording } from '../scenarios/recording.ts';
import { traceOf } from '../scenarios/run.ts';
import { isOf, type BrokerId, type ScenarioOf } from '../scenarios/schema.ts';
import { workloads } from '../scenarios/workloads.ts';
import { assignments, same } from './assignments.ts';
import { GROUP_STEPS, homeOf, practiceLabs } from './home.ts';
import { isShown } from './judge.ts';
import { kafkaCompose } from './kafka-compose.ts';
import { kafkaReadme, needsPart, sharedPart, sourcesPart, type LabRun } from './kafka-readme.ts';
import { labOf, type Lab, type Needs, type Recipe } from './lab.ts';
import { rabbitmqCompose } from './rabbitmq-compose.ts';
import { duration, readmeOf } from './readme.ts';

/** The workload that the lab on both brokers runs. */
const COMPARED = 'consumer-crash';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Ids, in the order of the book. */
export const labIds: readonly string[] = [
  ...practiceLabs.map(({ id }) => id),
  ...experiments.filter((experiment) => homeOf(experiment)?.lab === experiment.id).map(({ id }) => id),
];

/**
 * Makes a lab.
 * @throws Error for an id of none
 */
export async function labFor(id: string): Promise<Lab> {
  if (!labIds.includes(id)) throw new Error(`There is no lab "${id}"`);
  const practice = practiceLabs.find((one) => one.id === id);
  if (practice) return labOf({ ...practice, ...PRACTICE[practice.id]() });
  return labOf(recipeOf(id));
}

const PRACTICE: Record<(typeof practiceLabs)[number]['id'], () => Omit<Recipe, 'id' | 'title'>> = {
  'set-up-kafka': () => ({
    programs: ['src/labs/set-up-kafka/run.ts'],
    judge: 'src/labs/set-up-kafka/judge.ts',
    scripts: {
      start: 'node src/labs/set-up-kafka/run.ts',
      topic: 'node src/labs/set-up-kafka/run.ts topic',
      produce: 'node src/labs/set-up-kafka/run.ts produce',
      consume: 'node src/labs/set-up-kafka/run.ts consume',
      offsets: 'node src/labs/set-up-kafka/run.ts offsets',
      replay: 'node src/labs/set-up-kafka/run.ts replay',
    },
    services: ['kafka'],
    needs: 'nothing',
    clients: 'node',
    texts: { 'README.md': readFileSync('src/labs/set-up-kafka/README.md', 'utf8') },
  }),
  'compare-rabbitmq-and-kafka': () => {
    const { workload } = workloads.get(COMPARED)!;
    // One queue, as most have it; that order by key is lost so is a point of the lab.
    const { scenario } = carry('rabbitmq', workload, { spread: 'one-queue' });
    return {
      programs: ['src/labs/compare/run.ts', 'src/labs/compare/kafka.ts', 'src/labs/compare/consumer.ts', RUN],
      judge: 'src/labs/compare/judge.ts',
      scripts: {
        start: 'node src/labs/compare/run.ts',
        rabbitmq: `node ${RUN} rabbitmq.json run/rabbitmq.jsonl`,
        kafka: 'node src/labs/compare/kafka.ts',
      },
      services: ['rabbitmq', 'kafka'],
      needs: 'nothing',
      clients: 'node',
      texts: {
        'README.md': readFileSync('src/labs/compare/README.md', 'utf8'),
        'workload.json': json(workload),
        'rabbitmq.json': json(scenario),
        'outcome.json': json({ ...outcomeSettings(workload), durationMs: workload.durationMs }),
      },
    };
  },
  'consumer-groups-and-partition-assignment': () => {
    const { runs, ...recipe } = kafkaRecipe(
      GROUP_STEPS.map(scenarioById).filter((scenario) => isOf(scenario, 'kafka')),
    );
    return { ...recipe, texts: { ...recipe.texts, 'README.md': groupsReadme(runs, recipe.needs) } };
  },
};

/** What is written by hand, with what the simulator has in the places for it: `{{needs}}`, `{{partitions range}}`. */
function groupsReadme(runs: readonly LabRun[], needs: Needs): string {
  return readFileSync('src/labs/consumer-groups/README.md', 'utf8').replace(
    /\{\{(.*?)\}\}/g,
    (_, what: string) => {
      const run = runs.find(({ name }) => what === `partitions ${name}`);
      if (run) return sharedPart(run.assignments).trim();
      switch (what) {
        case 'needs':
          return needsPart(needs, 1);
        case 'duration':
          return duration(runs.reduce((sum, { scenario }) => sum + scenario.durationMs, 0));
        case 'sources':
          return sourcesPart();
        default:
          throw new Error(`The lab on groups has nothing in the place of "${what}"`);
      }
    },
  );
}

/** Plays a scenario on a RabbitMQ. */
const RUN = 'src/labs/rabbitmq/run.ts';

/** Of an experiment, with the scenarios that go home with it. */
function recipeOf(id: string): Recipe {
  const experiment = experiments.find((one) => one.id === id)!;
  const { title } = experiment;
  const scenarios = homeOf(experiment)!.scenarios.map(scenarioById);
  const kafka = scenarios.filter((one) => isOf(one, 'kafka'));
  if (kafka.length > 0) {
    const { runs, ...recipe } = kafkaRecipe(kafka);
    return {
      id,
      title,
      ...recipe,
      texts: { ...recipe.texts, 'README.md': kafkaReadme(experiment, runs, recipe.needs) },
    };
  }
  const [scenario, ...more] = scenarios.filter((one) => isOf(one, 'rabbitmq'));
  if (!scenario || more.length > 0) throw new Error(`A lab of RabbitMQ has one scenario, not those of ${id}`);
  const needs = needsOf(scenario);
  return {
    id,
    title,
    programs: [RUN],
    judge: 'src/labs/rabbitmq/judge.ts',
    scripts: { up: `node ${RUN} up`, start: `node ${RUN}`, down: `node ${RUN} down` },
    services: ['rabbitmq'],
    needs,
    clients: 'node',
    texts: {
      'README.md': readmeOf(
        experiment,
        scenario,
        needs,
        recordingOf('rabbitmq', scenario.id).made.broker.version,
      ),
      ...rabbitmqCompose(scenario.system.nodes),
      'scenario.json': json(scenario),
    },
  };
}

function recordingOf(broker: BrokerId, id: string): Recording {
  return parseRecording(JSON.parse(readFileSync(`tests/recordings/${broker}/${id}.json`, 'utf8')));
}

const POLICY: readonly string[] = ['set-policy', 'clear-policy'];

function needsOf(scenario: ScenarioOf<'rabbitmq'>): Needs {
  const { system, timeline } = scenario;
  const administers = system.policies.length > 0 || timeline.some(({ action }) => POLICY.includes(action.do));
  if (system.nodes > 1 || hurtsBroker(scenario) || administers) return 'own';
  return system.exchanges.some(({ type }) => type === 'x-consistent-hash') ? 'plugin' : 'nothing';
}

// Kafka's: scenarios, each by a name in the lab, on the driver's own sources.

const KAFKA_RUN = 'src/labs/kafka/run.ts';

function kafkaRecipe(
  scenarios: readonly ScenarioOf<'kafka'>[],
): Omit<Recipe, 'id' | 'title'> & { readonly runs: readonly LabRun[] } {
  const runs = scenarios.map(runOf);
  const nodes = Math.max(...scenarios.map(({ system }) => system.brokers));
  return {
    programs: [KAFKA_RUN],
    read: ['src/real/kafka/Clients.java', 'src/real/kafka/pom.xml'],
    judge: 'src/labs/kafka/judge.ts',
    scripts: {
      up: `node ${KAFKA_RUN} up`,
      start: `node ${KAFKA_RUN}`,
      down: `node ${KAFKA_RUN} down`,
    },
    services: ['kafka'],
    needs: scenarios.some(hurtsBroker) ? 'own' : 'nothing',
    clients: 'java',
    texts: {
      'compose.yaml': kafkaCompose(nodes, HELD_CONFIG),
      'brokers.json': json({ nodes, settings: HELD_CONFIG, scenarios: runs.map(({ name }) => name) }),
      'expected.json': json(
        Object.fromEntries(
          runs.flatMap(({ name, assignments: found }) => (found.length > 0 ? [[name, found]] : [])),
        ),
      ),
      ...Object.fromEntries(runs.map(({ name, scenario }) => [`scenarios/${name}.json`, json(scenario)])),
    },
    runs,
  };
}

function runOf(scenario: ScenarioOf<'kafka'>): LabRun {
  const recording = recordingOf('kafka', scenario.id);
  // What a share group is given its members do not see.
  const groups = scenario.clients.flatMap((client) => (client.role === 'consumer' ? [client.group] : []));
  const events = traceOf(scenario);
  const found = assignments(events).filter(({ group }) => groups.includes(group));
  return {
    name: scenario.id.replace(/^kafka-(held-)?/, ''),
    scenario,
    claims: observableClaims(scenario).filter(
      (claim) => claim.scenarios !== 'every' || isShown(claim, events),
    ),
    // Who gets what may be drawn, by random member ids: then nothing is to be expected.
    assignments: same(found, assignments(traceOfRecording(recording))) ? found : [],
    recordedOn: recording.made.broker.version,
  };
}
