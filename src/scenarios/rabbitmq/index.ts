/** What the book plays of RabbitMQ. */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';
import { acksExperiment, acksScenario, consumerTimeoutScenario, unconfirmedScenario } from './acks.ts';
import { consoleExperiment, consoleScenario } from './console.ts';
import { practiceScenarios } from './practice.ts';
import { prefetchExperiment, prefetchScenarios } from './prefetch.ts';
import { overloadExperiment, overloadScenarios } from './overload.ts';
import { quorumExperiment, quorumScenarios } from './quorum.ts';
import { poisonExperiment, poisonScenarios } from './poison.ts';
import { cornersScenario } from './held-corners.ts';
import { furtherScenarios } from './held-further.ts';
import { heldScenarios } from './held.ts';
import { routingExperiment, routingScenarios } from './routing.ts';

export const rabbitmqScenarios: readonly ScenarioInputOf<'rabbitmq'>[] = [
  ...routingScenarios,
  ...prefetchScenarios,
  acksScenario,
  unconfirmedScenario,
  consumerTimeoutScenario,
  ...poisonScenarios,
  ...overloadScenarios,
  ...quorumScenarios,
  ...heldScenarios,
  ...furtherScenarios,
  cornersScenario,
  consoleScenario,
  ...practiceScenarios,
];

export const rabbitmqExperiments: readonly Experiment[] = [
  routingExperiment,
  prefetchExperiment,
  acksExperiment,
  poisonExperiment,
  overloadExperiment,
  quorumExperiment,
  consoleExperiment,
];

/** What a run that only a proof shows is drawn as, and what a reader can do to it. */
export const rabbitmqPlain: Pick<Experiment, 'stage' | 'controls'> = {
  stage: 'queues',
  controls: ['publish', 'add-consumer', 'crash-consumer', 'restart-consumer', 'close-consumer'],
};
