/**
 * Lag and scaling: four partitions, a service that sends faster than one consumer works, and consumers that join one
 * after another until there is one more than there are partitions. And a smaller run in which polls grow with the lag
 * until max.poll.interval.ms is over.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';

type Consumer = Extract<ScenarioInputOf<'kafka'>['clients'][number], { role: 'consumer' }>;

/** 600 ms for a record are 1.67 records a second, and four of them arrive: one consumer cannot do it, nor two. */
const consumer = (id: string, startMs: number): Consumer => ({
  id,
  role: 'consumer',
  startMs,
  group: 'billing',
  topics: ['orders'],
  processingMs: 600,
  commit: 'after-batch',
  config: {
    'auto.offset.reset': 'earliest',
    // Committed after each poll's records, so that lag shows what is done and not when it was last told.
    'enable.auto.commit': false,
    'max.poll.records': 4,
    // A thirtieth of the default, so that a poll with too much to do is seen in a short run.
    'max.poll.interval.ms': 10_000,
    'session.timeout.ms': 6000,
    'heartbeat.interval.ms': 2000,
    'metadata.max.age.ms': 4000,
  },
});

export const lagScenario: ScenarioInputOf<'kafka'> = {
  version: 1,
  id: 'kafka-lag',
  title: 'When consumers fall behind',
  system: {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions: 4 }],
    // Shorter than the default of 3000, so that the group reads before a reader has waited long.
    config: { 'group.initial.rebalance.delay.ms': 500 },
  },
  clients: [
    {
      id: 'orders-api',
      role: 'producer',
      label: 'Orders API',
      topic: 'orders',
      load: { ratePerSecond: 4, arrivals: 'poisson', untilMs: 76_000 },
      // Of four partitions, murmur2 sends B to orders-0, D to orders-1, A to orders-2, G to orders-3: one record a
      // second for each.
      keys: { kind: 'cycle', keys: ['A', 'B', 'D', 'G'] },
      config: { 'metadata.max.age.ms': 4000 },
    },
    consumer('c0', 0),
    consumer('c1', 13_000),
    consumer('c2', 24_000),
    consumer('c3', 38_000),
    consumer('c4', 49_000),
  ],
  network: { latencyMs: 80, jitterMs: 30 },
  durationMs: 90_000,
  seed: 3,
};

export const lagExperiment: Experiment = {
  id: 'kafka-lag',
  scenario: 'kafka-lag',
  home: ['kafka-held-lag'],
  title: 'When consumers fall behind',
  question:
    'Records arrive faster than one consumer works. How many consumers does it take, and what does one more do?',
  posterMs: 57_000,
  speed: 2,
  stage: 'groups',
  console: true,
  predict: {
    question: 'Four partitions, four consumers, and still some lag. A fifth consumer joins. The lag…',
    options: [
      {
        id: 'faster',
        text: 'falls faster: the work is shared by five',
        right: false,
        why: 'A partition has one reader in a group. There are four partitions, so four members work; the fifth gets none.',
      },
      {
        id: 'same',
        text: 'falls no faster: the fifth has nothing to read',
        right: true,
        why: 'All four partitions have their reader. The fifth is a spare, and its joining has cost a rebalance.',
      },
      {
        id: 'refused',
        text: 'stays as it is: the group refuses a fifth member',
        right: false,
        why: 'It is a member like the others, with heartbeats and an assignment, which happens to be empty.',
      },
    ],
  },
  knobs: [
    {
      id: 'processing',
      name: 'processing time',
      hint: 'How long a consumer works on one record, milliseconds',
      path: ['clients', { role: 'consumer' }, 'processingMs'],
      options: [
        { id: '150', label: '150', value: 150 },
        { id: '600', label: '600', value: 600 },
        { id: '1200', label: '1 200', value: 1200 },
      ],
    },
    {
      id: 'max-poll-records',
      name: 'max.poll.records',
      hint: 'How many records one poll() may hand out',
      path: ['clients', { role: 'consumer' }, 'config', 'max.poll.records'],
      options: [
        { id: '1', label: '1', value: 1 },
        { id: '4', label: '4', value: 4 },
        { id: '500', label: '500 (default)', value: 500 },
      ],
    },
    {
      id: 'max-poll-interval',
      name: 'max.poll.interval.ms',
      hint: 'How long a consumer may go without a poll()',
      path: ['clients', { role: 'consumer' }, 'config', 'max.poll.interval.ms'],
      options: [
        { id: '10000', label: '10 000', value: 10_000 },
        { id: '300000', label: '300 000 (default)', value: 300_000 },
      ],
    },
  ],
  controls: [
    'produce-keyed',
    'add-consumer',
    'add-partition',
    'crash-consumer',
    'restart-consumer',
    'pause-consumer',
    'close-consumer',
  ],
  claims: [
    'kafka.lag-follows-pace',
    'kafka.shared-reader-falls-behind',
    'kafka.partition-one-worker',
    'kafka.extra-consumer-idles',
    'kafka.poll-interval-ends-membership',
    'kafka.one-owner',
  ],
};

export const pollIntervalScenario: ScenarioInputOf<'kafka'> = {
  version: 1,
  id: 'kafka-poll-interval',
  title: 'Polls that grow with the lag',
  system: { broker: 'kafka', topics: [{ name: 'orders', partitions: 1 }] },
  clients: [
    {
      id: 'orders-api',
      role: 'producer',
      label: 'Orders API',
      topic: 'orders',
      load: { ratePerSecond: 4, arrivals: 'poisson', untilMs: 60_000 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'D', 'G'] },
    },
    ...['c0', 'c1'].map((id): Consumer => {
      const { config, ...rest } = consumer(id, 0);
      return { ...rest, config: { ...config, 'max.poll.records': 500 } };
    }),
  ],
  network: { latencyMs: 20, jitterMs: 10 },
  durationMs: 80_000,
  seed: 1,
};
