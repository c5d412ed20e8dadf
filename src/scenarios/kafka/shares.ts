/**
 * A queue made of a log: one topic of two partitions, a share group of four and a consumer group of two on it. In each a
 * record takes nine times as long as the others; then comes one that no worker can do, and a worker that falls silent
 * with a record in its hands.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';

type Client = ScenarioInputOf<'kafka'>['clients'][number];

const VERSION = 1;
const WORK_MS = 1200;
/** The key of the record that no worker can do. */
const POISON = 'X';

const worker = (number: number): Client => ({
  id: `w${number}`,
  role: 'share-consumer',
  label: `Worker ${number}`,
  group: 'workers',
  topics: ['jobs'],
  processingMs: WORK_MS,
  troubles: [{ key: POISON, outcome: 'release' }],
  config: { 'share.acknowledgement.mode': 'explicit', 'max.poll.records': 1 },
});

const lineMember = (number: number): Client => ({
  id: `c${number}`,
  role: 'consumer',
  label: `Line ${number}`,
  group: 'line',
  topics: ['jobs'],
  processingMs: WORK_MS,
  config: { 'auto.offset.reset': 'earliest', 'max.poll.records': 1, 'session.timeout.ms': 6000 },
});

const clients = (workers: number): Client[] => [
  {
    id: 'shop',
    role: 'producer',
    label: 'Shop',
    topic: 'jobs',
    load: { ratePerSecond: 1.3, arrivals: 'poisson', untilMs: 50_000 },
    // Of two partitions, murmur2 sends A and B to jobs-0, D and E to jobs-1.
    keys: { kind: 'cycle', keys: ['A', 'B', 'D', 'E'] },
  },
  ...Array.from({ length: workers }, (_, i) => worker(i + 1)),
  lineMember(1),
  lineMember(2),
];

/** A process is slow for so short a time that no second record is begun in it. */
const oneSlowRecord = (target: string, atMs: number): NonNullable<ScenarioInputOf<'kafka'>['timeline']> => [
  { atMs, action: { do: 'slow', target, factor: 9 } },
  { atMs: atMs + 6000, action: { do: 'slow', target, factor: 1 } },
];

export const shareGroupsScenario: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-share-groups',
  title: 'A share group beside a consumer group',
  system: {
    broker: 'kafka',
    topics: [{ name: 'jobs', partitions: 2 }],
    config: {
      'group.initial.rebalance.delay.ms': 500,
      'share.auto.offset.reset': 'earliest',
      'group.share.delivery.count.limit': 5,
      // 30 s by default; 15 is the least that a single group may set.
      'group.share.record.lock.duration.ms': 15_000,
    },
  },
  clients: clients(4),
  network: { latencyMs: 50, jitterMs: 20 },
  timeline: [
    ...oneSlowRecord('w2', 9_000),
    ...oneSlowRecord('c1', 9_000),
    { atMs: 22_000, action: { do: 'produce', client: 'shop', key: POISON, count: 1 } },
    { atMs: 36_000, action: { do: 'pause', target: 'w3' } },
    { atMs: 58_000, action: { do: 'resume', target: 'w3' } },
  ],
  durationMs: 75_000,
  seed: 4,
};

export const shareScenarios: readonly ScenarioInputOf<'kafka'>[] = [shareGroupsScenario];

export const shareGroupsExperiment: Experiment = {
  id: 'kafka-share-groups',
  scenario: 'kafka-share-groups',
  home: ['kafka-held-share-group'],
  title: 'A share group beside a consumer group',
  question:
    'A record takes ten seconds, another cannot be done at all. What becomes of the records behind them?',
  posterMs: 19_500,
  speed: 1,
  stage: 'shares',
  console: false,
  predict: {
    question: 'Line 1 and Worker 2 each begin a record that takes eleven seconds. Meanwhile…',
    options: [
      {
        id: 'both',
        text: 'both groups leave that partition alone',
        right: false,
        why: 'The share group has no owner of a partition. The other worker of this one takes what lies behind the slow record.',
      },
      {
        id: 'line',
        text: 'the consumer group’s partition stands still; the share group is one worker short',
        right: true,
        why: 'Line 1 owns its partition and reads it in order. Worker 2 holds one record, and another worker takes the next ones.',
      },
      {
        id: 'neither',
        text: 'neither stands still: Line 2 takes over',
        right: false,
        why: 'Line 1 is alive and polls in time, so that nobody takes its partition away.',
      },
    ],
  },
  knobs: [
    {
      id: 'limit',
      name: 'group.share.delivery.count.limit',
      hint: 'How often a record is tried',
      path: ['system', 'config', 'group.share.delivery.count.limit'],
      options: [
        { id: '2', label: '2', value: 2 },
        { id: '5', label: '5 (default)', value: 5 },
        { id: '10', label: '10', value: 10 },
      ],
    },
    {
      id: 'lock',
      name: 'group.share.record.lock.duration.ms',
      hint: 'How long a worker may keep a record',
      path: ['system', 'config', 'group.share.record.lock.duration.ms'],
      options: [
        { id: '15000', label: '15 000', value: 15_000 },
        { id: '30000', label: '30 000 (default)', value: 30_000 },
        { id: '60000', label: '60 000', value: 60_000 },
      ],
    },
    {
      id: 'workers',
      name: 'workers',
      hint: 'Members of the share group',
      path: ['clients'],
      options: [3, 4, 6].map((workers) => ({
        id: String(workers),
        label: String(workers),
        value: clients(workers),
      })),
    },
  ],
  controls: [
    'produce-keyed',
    'crash-consumer',
    'restart-consumer',
    'pause-consumer',
    'close-consumer',
    'add-partition',
  ],
  claims: [
    'kafka.share-partition-shared',
    'kafka.share-one-holder',
    'kafka.share-slow-record-passed',
    'kafka.slow-record-blocks-partition',
    'kafka.share-order-not-kept',
    'kafka.share-poison-archived',
    'kafka.share-lock-runs-out',
  ],
};
