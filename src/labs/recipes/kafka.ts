/** Labs on Kafka: scenarios on the driver's own sources, with Kafka's Java client. */
import { hurtsBroker } from '../../scenarios/real.ts';
import { STARTED_CONFIG } from '../../scenarios/kafka/held.ts';
import type { Experiment } from '../../scenarios/experiment.ts';
import type { ScenarioOf } from '../../scenarios/schema.ts';
import { composeFiles } from '../compose.ts';
import { kafkaWords } from '../kafka-readme.ts';
import type { Recipe } from '../lab.ts';
import { readmeOf, type LabRun } from '../readme.ts';
import { json, runOf, scenarioFiles } from './runs.ts';

const RUN = 'src/labs/kafka/run.ts';

/** What `Clients.java` and the artifacts are made from, beside the programs. */
export const JAVA_SOURCES = ['src/real/kafka/Clients.java', 'src/real/kafka/pom.xml'];

type KafkaRecipe = Omit<Recipe, 'id' | 'title'> & { readonly runs: readonly LabRun[] };

export function kafkaRecipe(scenarios: readonly ScenarioOf<'kafka'>[], experiment?: Experiment): KafkaRecipe {
  const runs = scenarios.map(runOf);
  const nodes = Math.max(...scenarios.map(({ system }) => system.brokers));
  const needs = scenarios.some(hurtsBroker) ? 'own' : 'nothing';
  return {
    programs: [RUN],
    read: JAVA_SOURCES,
    judge: 'src/labs/kafka/judge.ts',
    scripts: { up: `node ${RUN} up`, start: `node ${RUN}`, down: `node ${RUN} down` },
    services: ['kafka'],
    needs,
    clients: 'java',
    texts: {
      ...(experiment && { 'README.md': readmeOf(experiment, runs, kafkaWords(needs, nodes)) }),
      ...composeFiles(['kafka'], nodes, STARTED_CONFIG),
      'expected.json': json(
        Object.fromEntries(
          runs.flatMap(({ name, assignments: found }) => (found.length > 0 ? [[name, found]] : [])),
        ),
      ),
      ...scenarioFiles(runs, nodes, needs, STARTED_CONFIG),
    },
    runs,
  };
}
