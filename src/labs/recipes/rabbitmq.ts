/** Labs on RabbitMQ: scenarios on the driver's own sources, with amqplib. */
import { hurtsBroker } from '../../scenarios/real.ts';
import type { Experiment } from '../../scenarios/experiment.ts';
import type { ScenarioOf } from '../../scenarios/schema.ts';
import type { Needs, Recipe } from '../lab.ts';
import { composeFiles } from '../compose.ts';
import { rabbitmqWords } from '../rabbitmq-readme.ts';
import { readmeOf } from '../readme.ts';
import { runOf, scenarioFiles } from './runs.ts';

/** Plays scenarios on a RabbitMQ. */
export const RABBITMQ_RUN = 'src/labs/rabbitmq/run.ts';

export function rabbitmqRecipe(
  scenarios: readonly ScenarioOf<'rabbitmq'>[],
  experiment: Experiment,
): Omit<Recipe, 'id' | 'title'> {
  const runs = scenarios.map(runOf);
  const nodes = Math.max(...scenarios.map(({ system }) => system.nodes));
  const all = scenarios.map(needsOf);
  const needs = (['own', 'plugin'] as const).find((one) => all.includes(one)) ?? 'nothing';
  return {
    programs: [RABBITMQ_RUN],
    judge: 'src/labs/rabbitmq/judge.ts',
    scripts: {
      up: `node ${RABBITMQ_RUN} up`,
      start: `node ${RABBITMQ_RUN}`,
      down: `node ${RABBITMQ_RUN} down`,
    },
    services: ['rabbitmq'],
    needs,
    clients: 'node',
    texts: {
      'README.md': readmeOf(experiment, runs, rabbitmqWords(needs, nodes)),
      ...composeFiles(['rabbitmq'], nodes),
      ...scenarioFiles(runs, nodes, needs),
    },
  };
}

const POLICY: readonly string[] = ['set-policy', 'clear-policy'];

function needsOf(scenario: ScenarioOf<'rabbitmq'>): Needs {
  const { system, timeline } = scenario;
  const administers = system.policies.length > 0 || timeline.some(({ action }) => POLICY.includes(action.do));
  if (system.nodes > 1 || hurtsBroker(scenario) || administers) return 'own';
  return system.exchanges.some(({ type }) => type === 'x-consistent-hash') ? 'plugin' : 'nothing';
}
