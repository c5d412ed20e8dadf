/** What the console begins with when it is given nothing else: three brokers, one topic, a service that sends, a group of two. */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';

const consumer = (id: string): ScenarioInputOf<'kafka'>['clients'][number] => ({
  id,
  role: 'consumer',
  group: 'billing',
  topics: ['orders'],
  processingMs: 20,
  config: { 'auto.offset.reset': 'earliest', 'session.timeout.ms': 10_000 },
});

export const consoleScenario: ScenarioInputOf<'kafka'> = {
  version: 1,
  id: 'kafka-console',
  title: 'A cluster to try commands on',
  system: {
    broker: 'kafka',
    brokers: 3,
    topics: [{ name: 'orders', partitions: 3, replicationFactor: 3, config: { 'min.insync.replicas': 2 } }],
    config: { 'group.initial.rebalance.delay.ms': 1000 },
  },
  clients: [
    {
      id: 'shop',
      role: 'producer',
      label: 'Shop',
      topic: 'orders',
      load: { ratePerSecond: 2, arrivals: 'poisson' },
      keys: { kind: 'uniform', keys: ['alice', 'bob', 'carol', 'dave'] },
    },
    consumer('c1'),
    consumer('c2'),
  ],
  durationMs: 120_000,
  seed: 7,
};

export const consoleExperiment: Experiment = {
  id: 'kafka-console',
  scenario: 'kafka-console',
  title: 'A cluster to try commands on',
  question: 'What do Kafka’s own tools say of a cluster, and what can be done with them?',
  posterMs: 12_000,
  speed: 1,
  stage: 'replicas',
  console: true,
  predict: null,
  knobs: [],
  controls: [
    'crash-broker',
    'restart-broker',
    'stop-broker',
    'crash-consumer',
    'restart-consumer',
    'close-consumer',
    'add-consumer',
    'produce-keyed',
    'elect-preferred',
  ],
  claims: ['kafka.reset-needs-inactive-group'],
};
