/** The labs there are: one of each experiment that can be taken home, and those of the practice ideas. Node only. */
import { readFileSync } from 'node:fs';
import { experiments, scenarioById } from '../scenarios/library.ts';
import { parseRecording } from '../scenarios/recording.ts';
import { isOf, type ScenarioOf } from '../scenarios/schema.ts';
import { hurtsBroker } from '../scenarios/real.ts';
import { whyNot } from './home.ts';
import { labOf, type Lab, type Needs } from './lab.ts';
import { readmeOf } from './readme.ts';

/** Ids, in the order of the book. */
export const labIds: readonly string[] = experiments
  .filter((experiment) => whyNot(experiment) === null)
  .map(({ id }) => id);

/**
 * Makes a lab.
 * @throws Error for an id of none
 */
export async function labFor(id: string): Promise<Lab> {
  const experiment = experiments.find((one) => one.id === id);
  if (!experiment || !labIds.includes(id)) throw new Error(`There is no lab "${id}"`);
  const scenario = scenarioById(experiment.scenario);
  if (!isOf(scenario, 'rabbitmq')) throw new Error(`${id} is of a broker without labs`);
  const recording = parseRecording(
    JSON.parse(readFileSync(`tests/recordings/rabbitmq/${scenario.id}.json`, 'utf8')),
  );
  const needs = needsOf(scenario);
  return labOf({
    id,
    title: experiment.title,
    programs: ['src/labs/rabbitmq/run.ts'],
    judge: 'src/labs/rabbitmq/judge.ts',
    scripts: { start: 'node src/labs/rabbitmq/run.ts' },
    services: ['rabbitmq'],
    needs,
    texts: {
      'README.md': readmeOf(experiment, scenario, needs, recording.made.broker.version),
      'scenario.json': `${JSON.stringify(scenario, null, 2)}\n`,
    },
  });
}

function needsOf(scenario: ScenarioOf<'rabbitmq'>): Needs {
  if (hurtsBroker(scenario)) return 'container';
  return scenario.system.exchanges.some(({ type }) => type === 'x-consistent-hash') ? 'plugin' : 'nothing';
}
