/**
 * What a log forgets: retention by time beside retention by size, compaction with a tombstone, and committed offsets
 * that a coordinator throws away.
 *
 * A segment has at least 1 MiB in Kafka 4, so the records are 200 kB: five of them fill one.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';
import * as held from './held.ts';

type Client = ScenarioInputOf<'kafka'>['clients'][number];
type Consumer = Extract<Client, { role: 'consumer' }>;

const VERSION = 1;
const network = { latencyMs: 60, jitterMs: 20 };
/** The smallest that Kafka 4 takes; 1 GiB by default. */
const SEGMENT_BYTES = 1_048_576;
const RECORD_BYTES = 200_000;

function reader(
  id: string,
  topic: string,
  config: Consumer['config'],
  more: Partial<Consumer> = {},
): Consumer {
  return {
    id,
    role: 'consumer',
    group: id,
    topics: [topic],
    processingMs: 200,
    ...more,
    config: {
      'partition.assignment.strategy': ['range'],
      // 45 s and 3 s by default; shorter, so that a reader that is down is forgotten before it returns.
      'session.timeout.ms': 6000,
      'heartbeat.interval.ms': 2000,
      'auto.commit.interval.ms': 1000,
      'max.poll.records': 2,
      ...config,
    },
  };
}

/** Both topics are sent the same, at the same moments. */
const sensor = (id: string, label: string, topic: string): Client => ({
  id,
  role: 'producer',
  label,
  topic,
  load: { ratePerSecond: 1, untilMs: 18_500 },
  keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D', 'E'] },
  bytes: RECORD_BYTES,
});

const late = (atMs: number): NonNullable<ScenarioInputOf<'kafka'>['timeline']> =>
  ['sensor-a', 'sensor-b'].map((client) => ({
    atMs,
    action: { do: 'produce', client, key: 'F' },
  }));

export const retentionScenario: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-retention',
  title: 'Retention by time beside retention by size',
  system: {
    broker: 'kafka',
    topics: [
      {
        name: 'by-time',
        partitions: 1,
        config: { 'segment.bytes': SEGMENT_BYTES, 'retention.ms': 12_000 },
      },
      {
        name: 'by-size',
        partitions: 1,
        config: { 'segment.bytes': SEGMENT_BYTES, 'retention.bytes': 1_500_000 },
      },
    ],
    config: {
      // 5 minutes, and 30 s before the first time, by default.
      'log.retention.check.interval.ms': 3000,
      'log.initial.task.delay.ms': 3000,
      'group.initial.rebalance.delay.ms': 500,
    },
  },
  clients: [
    sensor('sensor-a', 'Sensor A', 'by-time'),
    sensor('sensor-b', 'Sensor B', 'by-size'),
    reader('audit', 'by-time', { 'auto.offset.reset': 'earliest' }, { label: 'Audit' }),
    reader('alerts', 'by-time', { 'auto.offset.reset': 'latest' }, { label: 'Alerts' }),
  ],
  network,
  timeline: [
    ...['audit', 'alerts'].flatMap((target) => [
      { atMs: 8_000, action: { do: 'crash' as const, target } },
      { atMs: 25_000, action: { do: 'restart' as const, target } },
    ]),
    ...late(29_000),
    ...late(50_000),
  ],
  durationMs: 60_000,
  seed: 1,
};

export const retentionExperiment: Experiment = {
  id: 'kafka-retention',
  scenario: 'kafka-retention',
  home: ['kafka-held-retention', 'kafka-offsets-expire'],
  title: 'What retention deletes, and when',
  question: 'Two topics are sent the same records. When does which of them go, and what do readers notice?',
  posterMs: 33_000,
  speed: 1,
  stage: 'log',
  console: false,
  predict: {
    question: 'by-time keeps records for 12 s. The last one is sent at 29 s. What is in the topic at 45 s?',
    options: [
      {
        id: 'active',
        text: 'the active segment: it is never deleted',
        right: false,
        why: 'Compaction leaves the active segment alone. Retention by time does not: a new, empty segment is rolled and the old one goes.',
      },
      {
        id: 'last',
        text: 'the last record only',
        right: false,
        why: 'Retention takes whole segments. At 45 s the last record is 16 s old, and goes with the three before it.',
      },
      {
        id: 'nothing',
        text: 'nothing',
        right: true,
        why: 'Every record is older than retention.ms, so every segment goes, the active one too. The next offset stays what it was.',
      },
    ],
  },
  knobs: [
    {
      id: 'retention-ms',
      name: 'retention.ms',
      hint: 'by-time: how old the newest record of a segment may be',
      path: ['system', 'topics', { name: 'by-time' }, 'config', 'retention.ms'],
      options: [
        { id: '6000', label: '6 000', value: 6000 },
        { id: '12000', label: '12 000', value: 12_000 },
        { id: '604800000', label: '7 days (default)', value: 604_800_000 },
      ],
    },
    {
      id: 'retention-bytes',
      name: 'retention.bytes',
      hint: 'by-size: what is left of the partition at least',
      path: ['system', 'topics', { name: 'by-size' }, 'config', 'retention.bytes'],
      options: [
        { id: '1500000', label: '1 500 000', value: 1_500_000 },
        { id: '3000000', label: '3 000 000', value: 3_000_000 },
        { id: '-1', label: '−1 (default)', value: -1 },
      ],
    },
    {
      id: 'check-interval',
      name: 'log.retention.check.interval.ms',
      hint: 'How often the broker looks for segments to delete',
      path: ['system', 'config', 'log.retention.check.interval.ms'],
      options: [
        { id: '3000', label: '3 000', value: 3000 },
        { id: '20000', label: '20 000', value: 20_000 },
        { id: '300000', label: '300 000 (default)', value: 300_000 },
      ],
    },
  ],
  controls: ['produce-keyed', 'crash-consumer', 'restart-consumer', 'seek'],
  claims: [
    'kafka.retention-whole-segments',
    'kafka.newest-record-keeps-segment',
    'kafka.size-retention-leaves-enough',
    'kafka.time-retention-empties',
    'kafka.retention-ignores-readers',
    'kafka.latest-skips-what-is-left',
  ],
};

/** Until 18 s each key of the catalogue in turn, with C deleted at 11.5 s; then the other four go on. */
const CATALOGUE = ['A', 'B', 'C', 'A', 'D', 'B', 'E', 'A', 'C', 'D', 'B'];
const WITHOUT_C = ['A', 'D', 'B', 'A', 'E', 'B', 'A', 'D'];

export const compactionScenario: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-compaction',
  title: 'A compacted topic, and a deletion that a reader misses',
  system: {
    broker: 'kafka',
    topics: [
      {
        name: 'prices',
        partitions: 1,
        config: {
          'cleanup.policy': 'compact',
          'segment.bytes': SEGMENT_BYTES,
          'min.cleanable.dirty.ratio': 0.5,
          // 24 hours by default.
          'delete.retention.ms': 8000,
        },
      },
    ],
    config: {
      // 15 s by default.
      'log.cleaner.backoff.ms': 2000,
      'group.initial.rebalance.delay.ms': 500,
    },
  },
  clients: [
    {
      id: 'catalogue',
      role: 'producer',
      label: 'Catalogue',
      topic: 'prices',
      load: { ratePerSecond: 1, untilMs: 36_500 },
      keys: {
        kind: 'cycle',
        keys: [...CATALOGUE, ...WITHOUT_C, ...WITHOUT_C, ...WITHOUT_C, ...WITHOUT_C],
      },
      bytes: RECORD_BYTES,
    },
    reader('search', 'prices', { 'auto.offset.reset': 'earliest' }, { label: 'Search' }),
    reader('cache', 'prices', { 'auto.offset.reset': 'earliest' }, { label: 'Cache' }),
    reader('report', 'prices', { 'auto.offset.reset': 'earliest' }, { label: 'Report', startMs: 42_000 }),
  ],
  network,
  timeline: [
    { atMs: 10_000, action: { do: 'crash', target: 'cache' } },
    { atMs: 11_500, action: { do: 'produce', client: 'catalogue', key: 'C', value: null } },
    { atMs: 14_500, action: { do: 'produce', client: 'catalogue', key: null } },
    { atMs: 40_000, action: { do: 'restart', target: 'cache' } },
  ],
  durationMs: 56_000,
  seed: 1,
};

export const compactionExperiment: Experiment = {
  id: 'kafka-compaction',
  scenario: 'kafka-compaction',
  home: ['kafka-held-compaction'],
  title: 'What compaction keeps, and for whom',
  question: 'Of each key the newest value stays. Who learns that a key was deleted?',
  posterMs: 28_600,
  speed: 1,
  stage: 'log',
  console: false,
  predict: {
    question:
      'Cache has read the price of C and goes down at 10 s. C is deleted by a tombstone at 11.5 s. At 40 s Cache reads on. What does it have for C?',
    options: [
      {
        id: 'deleted',
        text: 'nothing: it finds the tombstone and deletes C',
        right: false,
        why: 'A tombstone is not kept until everybody has read it, but for delete.retention.ms after the first cleaning that saw it.',
      },
      {
        id: 'old',
        text: 'the old price',
        right: true,
        why: 'The tombstone has been removed meanwhile. Nothing that Cache can still read speaks of C.',
      },
      {
        id: 'error',
        text: 'an error: its offset is gone',
        right: false,
        why: 'Compaction leaves gaps, and a fetch at an offset in a gap gives the next record there is.',
      },
    ],
  },
  knobs: [
    {
      id: 'cleanup-policy',
      name: 'cleanup.policy',
      hint: 'Whether old records go by key, by age and size, or both',
      path: ['system', 'topics', { name: 'prices' }, 'config', 'cleanup.policy'],
      options: [
        { id: 'compact', label: 'compact', value: 'compact' },
        { id: 'delete', label: 'delete (default)', value: 'delete' },
        { id: 'compact-delete', label: 'compact,delete', value: 'compact,delete' },
      ],
    },
    {
      id: 'dirty-ratio',
      name: 'min.cleanable.dirty.ratio',
      hint: 'How much of the log must be new before it is cleaned',
      path: ['system', 'topics', { name: 'prices' }, 'config', 'min.cleanable.dirty.ratio'],
      options: [
        { id: '0.5', label: '0.5 (default)', value: 0.5 },
        { id: '0.7', label: '0.7', value: 0.7 },
        { id: '0.9', label: '0.9', value: 0.9 },
      ],
    },
    {
      id: 'delete-retention',
      name: 'delete.retention.ms',
      hint: 'How long a tombstone outlives the first cleaning that keeps it',
      path: ['system', 'topics', { name: 'prices' }, 'config', 'delete.retention.ms'],
      options: [
        { id: '0', label: '0', value: 0 },
        { id: '8000', label: '8 000', value: 8000 },
        { id: '86400000', label: '24 hours (default)', value: 86_400_000 },
      ],
    },
  ],
  controls: ['produce-keyed', 'produce-keyless', 'tombstone', 'crash-consumer', 'restart-consumer', 'seek'],
  claims: [
    'kafka.compaction-keeps-newest',
    'kafka.active-segment-not-compacted',
    'kafka.compaction-keeps-offsets',
    'kafka.compacted-reader-gets-last-values',
    'kafka.tombstone-stays-a-while',
    'kafka.deletion-missed',
    'kafka.compacted-needs-keys',
  ],
};

/**
 * Two groups leave at 6 s. One is back within offsets.retention.minutes, the other is not. As those of held.ts it is held to a
 * real broker as well.
 */
export const offsetsExpire: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-offsets-expire',
  title: 'A group that stays away for too long',
  system: held.system([{ name: 'orders', partitions: 1 }], { config: held.SHORT_OFFSET_RETENTION }),
  clients: [
    held.sender('orders-api', 'orders', { label: 'Orders API' }),
    ...(['Billing', 'Audit'] as const).map((label) =>
      held.reader(
        label.toLowerCase(),
        label.toLowerCase(),
        'orders',
        { 'auto.offset.reset': 'latest' },
        { label },
      ),
    ),
  ],
  network,
  timeline: [
    ...held.inTurn(4000, 'orders-api', ['A', 'B', 'C']),
    ...['billing', 'audit'].map((target) => ({ atMs: 6000, action: { do: 'close' as const, target } })),
    ...held.inTurn(8000, 'orders-api', ['A', 'B', 'C']),
    { atMs: 40_000, action: { do: 'restart', target: 'billing' } },
    // A minute, the second after which the coordinator looks, and some more.
    { atMs: 71_000, action: { do: 'restart', target: 'audit' } },
    ...held.inTurn(76_000, 'orders-api', ['A', 'B', 'C']),
  ],
  durationMs: 79_000,
  seed: 1,
};

/** Two groups, one in each protocol, that are away for four seconds a minute after they committed; held to a real broker, too. */
export const offsetsOfProtocols: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-offsets-kip-848',
  title: 'Two groups away for a moment, and a minute since they committed',
  system: held.system([{ name: 'orders', partitions: 1 }], {
    config: { ...held.SHORT_OFFSET_RETENTION, 'group.consumer.heartbeat.interval.ms': 1000 },
  }),
  clients: [
    held.sender('shop', 'orders'),
    held.reader('next', 'next', 'orders', { 'auto.offset.reset': 'latest', 'group.protocol': 'consumer' }),
    held.reader('old', 'old', 'orders', { 'auto.offset.reset': 'latest' }),
  ],
  network: { latencyMs: 1 },
  timeline: [
    ...held.inTurn(4000, 'shop', ['A', 'B', 'C']),
    ...['next', 'old'].flatMap((target) => [
      { atMs: 67_000, action: { do: 'close' as const, target } },
      { atMs: 71_000, action: { do: 'restart' as const, target } },
    ]),
    held.send(68_000, 'shop', 'A'),
    held.send(76_000, 'shop', 'A'),
  ],
  durationMs: 79_000,
  seed: 1,
};
