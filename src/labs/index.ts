/** The labs there are: one of each experiment that can be taken home, and those of the practice ideas. Node only. */
import { readFileSync } from 'node:fs';
import { carry, outcomeSettings } from '../scenarios/compare.ts';
import { experiments, scenarioById } from '../scenarios/library.ts';
import { hurtsBroker } from '../scenarios/real.ts';
import { parseRecording } from '../scenarios/recording.ts';
import { isOf, type ScenarioOf } from '../scenarios/schema.ts';
import { workloads } from '../scenarios/workloads.ts';
import { practiceLabs, whyNot } from './home.ts';
import { labOf, type Lab, type Needs, type Recipe } from './lab.ts';
import { readmeOf } from './readme.ts';

/** The workload that the lab on both brokers runs. */
const COMPARED = 'consumer-crash';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Ids, in the order of the book. */
export const labIds: readonly string[] = [
  ...practiceLabs.map(({ id }) => id),
  ...experiments.filter((experiment) => whyNot(experiment) === null).map(({ id }) => id),
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
    programs: ['src/labs/kafka/run.ts'],
    judge: 'src/labs/kafka/judge.ts',
    scripts: {
      start: 'node src/labs/kafka/run.ts',
      topic: 'node src/labs/kafka/run.ts topic',
      produce: 'node src/labs/kafka/run.ts produce',
      consume: 'node src/labs/kafka/run.ts consume',
      offsets: 'node src/labs/kafka/run.ts offsets',
      replay: 'node src/labs/kafka/run.ts replay',
    },
    services: ['kafka'],
    needs: 'nothing',
    texts: { 'README.md': readFileSync('src/labs/kafka/README.md', 'utf8') },
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
      texts: {
        'README.md': readFileSync('src/labs/compare/README.md', 'utf8'),
        'workload.json': json(workload),
        'rabbitmq.json': json(scenario),
        'outcome.json': json({ ...outcomeSettings(workload), durationMs: workload.durationMs }),
      },
    };
  },
};

/** Plays a scenario on a RabbitMQ. */
const RUN = 'src/labs/rabbitmq/run.ts';

/** Of an experiment on RabbitMQ. */
function recipeOf(id: string): Recipe {
  const experiment = experiments.find((one) => one.id === id)!;
  const scenario = scenarioById(experiment.scenario);
  if (!isOf(scenario, 'rabbitmq')) throw new Error(`${id} is of a broker whose experiments are no labs`);
  const recording = parseRecording(
    JSON.parse(readFileSync(`tests/recordings/rabbitmq/${scenario.id}.json`, 'utf8')),
  );
  const needs = needsOf(scenario);
  return {
    id,
    title: experiment.title,
    programs: [RUN],
    judge: 'src/labs/rabbitmq/judge.ts',
    scripts: { start: `node ${RUN}` },
    services: ['rabbitmq'],
    needs,
    texts: {
      'README.md': readmeOf(experiment, scenario, needs, recording.made.broker.version),
      'scenario.json': json(scenario),
    },
  };
}

function needsOf(scenario: ScenarioOf<'rabbitmq'>): Needs {
  if (hurtsBroker(scenario)) return 'container';
  return scenario.system.exchanges.some(({ type }) => type === 'x-consistent-hash') ? 'plugin' : 'nothing';
}
