/** What the book plays of Kafka. */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';
import { autoCommitScenario, commitsExperiment, commitsScenario } from './commits.ts';
import { consoleExperiment, consoleScenario } from './console.ts';
import { consumerGroupsExperiment, consumerGroupsScenario } from './consumer-groups.ts';
import {
  compactionExperiment,
  compactionScenario,
  offsetsExpire,
  offsetsOfProtocols,
  retentionExperiment,
  retentionScenario,
} from './retention.ts';
import { heldGroupScenarios } from './held-groups.ts';
import { heldLagScenarios } from './held-lag.ts';
import { heldLogScenarios } from './held-logs.ts';
import { heldScenarios } from './held.ts';
import { heldCutScenarios } from './held-cuts.ts';
import { heldFaultScenarios } from './held-faults.ts';
import { idempotenceExperiment, idempotenceScenarios } from './idempotence.ts';
import { adaptive, murmur2Vectors, partitioningExperiment, partitioningScenario } from './partitioning.ts';
import { practiceScenarios } from './practice.ts';
import { lagExperiment, lagScenario, pollIntervalScenario } from './lag.ts';
import { homeLogExperiment, proofScenarios } from './proofs.ts';
import { rebalanceExperiment, rebalanceScenario, staticRestartScenario } from './rebalance.ts';
import { replayExperiment, replayScenarios } from './replay.ts';
import { acksExperiment, replicationScenarios } from './replication.ts';
import { shareGroupsExperiment, shareScenarios } from './shares.ts';
import { exactlyOnceExperiment, transactionScenarios, transactionsExperiment } from './transactions.ts';

export const kafkaScenarios: readonly ScenarioInputOf<'kafka'>[] = [
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
  offsetsOfProtocols,
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
  ...practiceScenarios,
  ...heldScenarios,
  ...heldGroupScenarios,
  ...heldLagScenarios,
  ...heldLogScenarios,
  ...heldFaultScenarios,
  ...heldCutScenarios,
];

export const kafkaExperiments: readonly Experiment[] = [
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
];

/** What a run that only a proof shows is drawn as, and what a reader can do to it. */
export const kafkaPlain: Pick<Experiment, 'stage' | 'controls'> = {
  stage: 'groups',
  controls: [
    'produce-keyed',
    'add-consumer',
    'crash-consumer',
    'restart-consumer',
    'close-consumer',
    'add-partition',
  ],
};
