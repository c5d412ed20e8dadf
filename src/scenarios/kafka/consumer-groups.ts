/**
 * Partitions and consumer groups: three partitions, two services that send by key, a group of three that shares the
 * partitions out, and a consumer that crashes with work it has not committed.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';

/** The services stop early enough for the group to come to rest, even with a session timeout of 45 s. */
const SENDING_UNTIL_MS = 45_000;
const DURATION_MS = 75_000;

const consumer = (id: string): ScenarioInputOf<'kafka'>['clients'][number] => ({
  id,
  role: 'consumer',
  group: 'billing',
  topics: ['orders'],
  processingMs: 150,
  config: {
    'auto.offset.reset': 'earliest',
    'partition.assignment.strategy': ['range'],
    'session.timeout.ms': 6000,
    'heartbeat.interval.ms': 2000,
    'auto.commit.interval.ms': 5000,
    'max.poll.records': 4,
    'metadata.max.age.ms': 4000,
  },
});

export const consumerGroupsScenario: ScenarioInputOf<'kafka'> = {
  version: 1,
  id: 'kafka-consumer-groups',
  title: 'Partitions and consumer groups',
  system: {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions: 3 }],
    // Shorter than the default of 3000, so that the group reads before a reader has waited long.
    config: { 'group.initial.rebalance.delay.ms': 1000 },
  },
  clients: [
    {
      id: 'service-a',
      role: 'producer',
      label: 'Service A',
      topic: 'orders',
      load: { ratePerSecond: 1.5, arrivals: 'poisson', untilMs: SENDING_UNTIL_MS },
      // Of three partitions, murmur2 sends A and B to orders-1, D to orders-0, F to orders-2.
      keys: { kind: 'uniform', keys: ['A', 'D'] },
      config: { 'metadata.max.age.ms': 4000 },
    },
    {
      id: 'service-b',
      role: 'producer',
      label: 'Service B',
      topic: 'orders',
      load: { ratePerSecond: 1.5, arrivals: 'poisson', untilMs: SENDING_UNTIL_MS },
      keys: { kind: 'uniform', keys: ['B', 'F'] },
      config: { 'metadata.max.age.ms': 4000 },
    },
    consumer('c0'),
    consumer('c1'),
    consumer('c2'),
  ],
  network: { latencyMs: 120, jitterMs: 60 },
  timeline: [{ atMs: 10_600, action: { do: 'crash', target: 'c1' } }],
  durationMs: DURATION_MS,
  seed: 52,
};

export const consumerGroupsExperiment: Experiment = {
  id: 'kafka-consumer-groups',
  scenario: 'kafka-consumer-groups',
  home: ['kafka-held-keys', 'kafka-held-commits'],
  title: 'Partitions and consumer groups',
  question:
    'Who reads what, and what happens to the records a consumer had read but not committed when it dies?',
  posterMs: 19_500,
  speed: 1,
  stage: 'groups',
  console: false,
  predict: {
    question: 'C1 dies. Its group goes on reading its partition from…',
    options: [
      {
        id: 'next',
        text: 'the record after the last one it processed',
        right: false,
        why: 'The group knows only what was committed; what C1 had done since then died with it.',
      },
      {
        id: 'committed',
        text: 'the last committed offset',
        right: true,
        why: 'The new owner starts at the committed offset, so whatever C1 had processed since is processed again.',
      },
      {
        id: 'wait',
        text: 'nowhere, until C1 comes back',
        right: false,
        why: 'After session.timeout.ms without a heartbeat the coordinator gives the partition to another member.',
      },
    ],
  },
  knobs: [
    {
      id: 'assignor',
      name: 'partition.assignment.strategy',
      hint: 'How the group shares its partitions out',
      path: ['clients', { role: 'consumer' }, 'config', 'partition.assignment.strategy'],
      options: [
        { id: 'range', label: 'range', value: ['range'] },
        { id: 'roundrobin', label: 'roundrobin', value: ['roundrobin'] },
        { id: 'sticky', label: 'sticky', value: ['sticky'] },
        { id: 'cooperative-sticky', label: 'cooperative-sticky', value: ['cooperative-sticky'] },
      ],
    },
    {
      id: 'session',
      name: 'session.timeout.ms',
      hint: 'How long the coordinator waits for a silent consumer',
      path: ['clients', { role: 'consumer' }, 'config', 'session.timeout.ms'],
      options: [
        { id: '6000', label: '6 000', value: 6000 },
        { id: '10000', label: '10 000', value: 10_000 },
        { id: '45000', label: '45 000 (default)', value: 45_000 },
      ],
    },
    {
      id: 'auto-commit-interval',
      name: 'auto.commit.interval.ms',
      hint: 'How far the commit may trail the work',
      path: ['clients', { role: 'consumer' }, 'config', 'auto.commit.interval.ms'],
      options: [
        { id: '1000', label: '1 000', value: 1000 },
        { id: '5000', label: '5 000 (default)', value: 5000 },
      ],
    },
  ],
  controls: [
    'produce-keyed',
    'produce-keyless',
    'add-consumer',
    'crash-consumer',
    'restart-consumer',
    'pause-consumer',
    'close-consumer',
    'add-partition',
  ],
  claims: [
    'kafka.same-key-same-partition',
    'kafka.key-order-kept',
    'kafka.no-order-across-partitions',
    'kafka.one-owner',
    'kafka.crash-noticed-after-session-timeout',
    'kafka.takeover-from-committed',
    'kafka.crash-duplicates',
    'kafka.nothing-lost',
  ],
};
