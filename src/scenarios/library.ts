/**
 * What the book plays: its scenarios, its experiments and the claims behind its prose, by id. Each scenario goes
 * through the same parser as a reader's file.
 */
import type { Claim } from '../claims/claim.ts';
import { kafkaClaims } from '../claims/kafka.ts';
import { rabbitmqClaims } from '../claims/rabbitmq.ts';
import { besideExperiments, besideScenarios } from './beside/scenes.ts';
import type { Experiment } from './experiment.ts';
import { autoCommitScenario, commitsExperiment, commitsScenario } from './kafka/commits.ts';
import { consoleExperiment, consoleScenario } from './kafka/console.ts';
import { consumerGroupsExperiment, consumerGroupsScenario } from './kafka/consumer-groups.ts';
import {
  compactionExperiment,
  compactionScenario,
  offsetsExpire,
  retentionExperiment,
  retentionScenario,
} from './kafka/retention.ts';
import { idempotenceExperiment, idempotenceScenarios } from './kafka/idempotence.ts';
import {
  adaptive,
  murmur2Vectors,
  partitioningExperiment,
  partitioningScenario,
} from './kafka/partitioning.ts';
import { lagExperiment, lagScenario, pollIntervalScenario } from './kafka/lag.ts';
import { homeLogExperiment, proofScenarios } from './kafka/proofs.ts';
import { rebalanceExperiment, rebalanceScenario, staticRestartScenario } from './kafka/rebalance.ts';
import { replayExperiment, replayScenarios } from './kafka/replay.ts';
import { acksExperiment, replicationScenarios } from './kafka/replication.ts';
import { shareGroupsExperiment, shareScenarios } from './kafka/shares.ts';
import { exactlyOnceExperiment, transactionScenarios, transactionsExperiment } from './kafka/transactions.ts';
import {
  acksExperiment as rabbitmqAcksExperiment,
  acksScenario as rabbitmqAcksScenario,
  consumerTimeoutScenario,
  unconfirmedScenario,
} from './rabbitmq/acks.ts';
import {
  prefetchExperiment as rabbitmqPrefetchExperiment,
  prefetchScenarios as rabbitmqPrefetchScenarios,
} from './rabbitmq/prefetch.ts';
import {
  overloadExperiment as rabbitmqOverloadExperiment,
  overloadScenarios as rabbitmqOverloadScenarios,
} from './rabbitmq/overload.ts';
import {
  quorumExperiment as rabbitmqQuorumExperiment,
  quorumScenarios as rabbitmqQuorumScenarios,
} from './rabbitmq/quorum.ts';
import {
  poisonExperiment as rabbitmqPoisonExperiment,
  poisonScenarios as rabbitmqPoisonScenarios,
} from './rabbitmq/poison.ts';
import {
  routingExperiment as rabbitmqRoutingExperiment,
  routingScenarios as rabbitmqRoutingScenarios,
} from './rabbitmq/routing.ts';
import { InvalidInput, parseScenario, type Scenario, type ScenarioInput } from './schema.ts';

const inputs: readonly ScenarioInput[] = [
  consumerGroupsScenario,
  ...proofScenarios,
  ...replicationScenarios,
  ...idempotenceScenarios,
  partitioningScenario,
  adaptive,
  murmur2Vectors,
  retentionScenario,
  compactionScenario,
  offsetsExpire,
  lagScenario,
  pollIntervalScenario,
  rebalanceScenario,
  staticRestartScenario,
  commitsScenario,
  autoCommitScenario,
  ...replayScenarios,
  ...transactionScenarios,
  ...shareScenarios,
  consoleScenario,
  ...rabbitmqRoutingScenarios,
  ...rabbitmqPrefetchScenarios,
  rabbitmqAcksScenario,
  unconfirmedScenario,
  consumerTimeoutScenario,
  ...rabbitmqPoisonScenarios,
  ...rabbitmqOverloadScenarios,
  ...rabbitmqQuorumScenarios,
  ...besideScenarios,
];

export const claims: readonly Claim[] = [...kafkaClaims, ...rabbitmqClaims];

export const scenarios: ReadonlyMap<string, Scenario> = new Map(
  inputs.map((input) => [input.id, parseScenario(input)]),
);

const made: readonly Experiment[] = [
  consumerGroupsExperiment,
  homeLogExperiment,
  acksExperiment,
  idempotenceExperiment,
  partitioningExperiment,
  retentionExperiment,
  compactionExperiment,
  lagExperiment,
  rebalanceExperiment,
  commitsExperiment,
  replayExperiment,
  transactionsExperiment,
  exactlyOnceExperiment,
  shareGroupsExperiment,
  consoleExperiment,
  rabbitmqRoutingExperiment,
  rabbitmqPrefetchExperiment,
  rabbitmqAcksExperiment,
  rabbitmqPoisonExperiment,
  rabbitmqOverloadExperiment,
  rabbitmqQuorumExperiment,
  ...besideExperiments,
];

/** A run that only a proof shows is still an experiment: one without settings, with everything a reader can do to it. */
const plain = [...scenarios.values()]
  .filter(({ id }) => !made.some(({ scenario }) => scenario === id))
  .map(({ id, title, durationMs }): Experiment => ({
    id,
    scenario: id,
    title,
    question: '',
    posterMs: durationMs / 2,
    speed: 1,
    stage: 'groups',
    console: false,
    predict: null,
    knobs: [],
    controls: [
      'produce-keyed',
      'add-consumer',
      'crash-consumer',
      'restart-consumer',
      'close-consumer',
      'add-partition',
    ],
    claims: claims.filter(({ scenarios: on }) => on !== 'every' && on.includes(id)).map((claim) => claim.id),
  }));

export const experiments: readonly Experiment[] = [...made, ...plain];

/** @throws InvalidInput that lists the ids there are */
export function scenarioById(id: string): Scenario {
  return found('scenario', id, scenarios.get(id), [...scenarios.keys()]);
}

/** @throws InvalidInput that lists the ids there are */
export function experimentById(id: string): Experiment {
  return found(
    'experiment',
    id,
    experiments.find((e) => e.id === id),
    experiments.map((e) => e.id),
  );
}

/** @throws InvalidInput that lists the ids there are */
export function claimById(id: string): Claim {
  return found(
    'claim',
    id,
    claims.find((c) => c.id === id),
    claims.map((c) => c.id),
  );
}

/** The claims to be judged on a run of this scenario: those that name it, and those true of every run of its broker. */
export function claimsFor(scenario: Scenario): Claim[] {
  return claims.filter(
    (claim) =>
      claim.broker === scenario.system.broker &&
      (claim.scenarios === 'every' || claim.scenarios.includes(scenario.id)),
  );
}

function found<T>(what: string, id: string, thing: T | undefined, known: readonly string[]): T {
  if (thing !== undefined) return thing;
  throw new InvalidInput(`There is no ${what} "${id}"`, [
    `expected one of ${known.map((k) => `"${k}"`).join(', ')}`,
  ]);
}
