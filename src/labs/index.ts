/** The labs there are: one of each experiment that can be taken home, and those of the practice ideas. Node only. */
import { experiments, scenarioById } from '../scenarios/library.ts';
import { isOf } from '../scenarios/schema.ts';
import { homeOf, isConsole, labTitles, practiceLabs, workloadLabs } from './home.ts';
import { labOf, type Lab, type Recipe } from './lab.ts';
import { consoleRecipe } from './recipes/console.ts';
import { kafkaRecipe } from './recipes/kafka.ts';
import { PRACTICE } from './recipes/practice.ts';
import { rabbitmqRecipe } from './recipes/rabbitmq.ts';
import { workloadsRecipe } from './recipes/workloads.ts';

/** Ids, in the order of the book. */
export const labIds: readonly string[] = [...labTitles.keys()];

/**
 * Makes a lab.
 * @throws Error for an id of none
 */
export async function labFor(id: string): Promise<Lab> {
  if (!labIds.includes(id)) throw new Error(`There is no lab "${id}"`);
  const practice = practiceLabs.find((one) => one.id === id);
  if (practice) return labOf({ ...practice, ...PRACTICE[practice.id]() });
  const both = workloadLabs.find((one) => one.id === id);
  return labOf(both ? workloadsRecipe(both) : recipeOf(id));
}

/** Of an experiment, with the scenarios that go home with it. */
function recipeOf(id: string): Recipe {
  const experiment = experiments.find((one) => one.id === id)!;
  const { title, scenario: own } = experiment;
  if (isConsole(experiment)) return consoleRecipe(experiment, scenarioById(own).system.broker);
  const scenarios = homeOf(experiment)!.scenarios.map(scenarioById);
  const kafka = scenarios.filter((one) => isOf(one, 'kafka'));
  if (kafka.length > 0) return { id, title, ...kafkaRecipe(kafka, experiment) };
  return {
    id,
    title,
    ...rabbitmqRecipe(
      scenarios.filter((one) => isOf(one, 'rabbitmq')),
      experiment,
    ),
  };
}
