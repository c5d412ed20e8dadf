/** The labs that are practice ideas. */
import { readFileSync } from 'node:fs';
import { carry, outcomeSettings } from '../../scenarios/compare.ts';
import { scenarioById } from '../../scenarios/library.ts';
import { isOf } from '../../scenarios/schema.ts';
import { workloads } from '../../scenarios/workloads.ts';
import { composeFiles } from '../compose.ts';
import { GROUP_STEPS, type practiceLabs } from '../home.ts';
import { needsPart, sourcesPart } from '../kafka-readme.ts';
import type { Needs, Recipe } from '../lab.ts';
import { duration, sharedPart, type LabRun } from '../readme.ts';
import { JAVA_SOURCES, kafkaRecipe } from './kafka.ts';
import { RABBITMQ_RUN } from './rabbitmq.ts';
import { MORE_MS } from '../workloads/margin.ts';
import { json } from './runs.ts';

/** The workload that the lab on both brokers runs. */
const COMPARED = 'consumer-crash';

const UP = 'src/labs/services/up.ts';
const UP_AND_DOWN = { up: `node ${UP}`, down: `node ${UP} down` };

export const PRACTICE: Record<(typeof practiceLabs)[number]['id'], () => Omit<Recipe, 'id' | 'title'>> = {
  'set-up-kafka': () => ({
    programs: ['src/labs/set-up-kafka/run.ts', 'src/labs/console/tool.ts', UP],
    read: JAVA_SOURCES,
    judge: 'src/labs/set-up-kafka/judge.ts',
    scripts: {
      ...UP_AND_DOWN,
      tool: 'node src/labs/console/tool.ts',
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
    texts: {
      'README.md': readFileSync('src/labs/set-up-kafka/README.md', 'utf8'),
      ...composeFiles(['kafka'], 1),
      'lab.json': json({ nodes: 1, own: false, settings: {}, scenarios: [] }),
    },
  }),
  'compare-rabbitmq-and-kafka': () => {
    const { workload: simulated } = workloads.get(COMPARED)!;
    const workload = { ...simulated, durationMs: simulated.durationMs + MORE_MS };
    // One queue, as most have it; that order by key is lost so is a point of the lab.
    const { scenario } = carry('rabbitmq', workload, { spread: 'one-queue' });
    return {
      programs: [
        'src/labs/compare/run.ts',
        'src/labs/compare/kafka.ts',
        'src/labs/compare/consumer.ts',
        RABBITMQ_RUN,
        UP,
      ],
      read: JAVA_SOURCES,
      judge: 'src/labs/compare/judge.ts',
      scripts: {
        ...UP_AND_DOWN,
        start: 'node src/labs/compare/run.ts',
        rabbitmq: `node ${RABBITMQ_RUN} rabbitmq`,
        kafka: 'node src/labs/compare/kafka.ts',
      },
      services: ['rabbitmq', 'kafka'],
      needs: 'nothing',
      clients: 'node',
      texts: {
        'README.md': readFileSync('src/labs/compare/README.md', 'utf8'),
        ...composeFiles(['rabbitmq', 'kafka'], 1),
        'lab.json': json({ nodes: 1, own: false, settings: {}, scenarios: ['rabbitmq'] }),
        'workload.json': json(workload),
        'scenarios/rabbitmq.json': json(scenario),
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
