/**
 * Reading it again: a group that has read everything goes back to the beginning, to a time, and once more to the
 * beginning, when retention has been there first; another group on the same topic is left in peace. Then the four ways
 * to begin without a committed offset.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';

type Client = ScenarioInputOf<'kafka'>['clients'][number];
type Consumer = Extract<Client, { role: 'consumer' }>;

const VERSION = 1;

const consumer = (
  id: string,
  label: string,
  config: Consumer['config'] = {},
  more: Partial<Consumer> = {},
): Consumer => ({
  id,
  role: 'consumer',
  label,
  group: id,
  topics: ['orders'],
  processingMs: 40,
  config: {
    'auto.offset.reset': 'earliest',
    'auto.commit.interval.ms': 2000,
    'max.poll.records': 5,
    'session.timeout.ms': 6000,
    ...config,
  },
  ...more,
});

export const replayScenario: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-replay',
  title: 'Going back in the log',
  system: {
    broker: 'kafka',
    topics: [
      {
        name: 'orders',
        partitions: 2,
        // A week and a week by default; here a record is gone within a minute.
        config: { 'retention.ms': 20_000, 'segment.ms': 6000 },
      },
    ],
    config: {
      'group.initial.rebalance.delay.ms': 500,
      // Five minutes by default.
      'log.retention.check.interval.ms': 5000,
    },
  },
  clients: [
    {
      id: 'shop',
      role: 'producer',
      label: 'Shop',
      topic: 'orders',
      load: { ratePerSecond: 1.5, arrivals: 'poisson', untilMs: 60_000 },
      keys: { kind: 'uniform', keys: ['A', 'D'] },
    },
    consumer('billing', 'Billing'),
    consumer('audit', 'Audit'),
  ],
  network: { latencyMs: 60, jitterMs: 30 },
  timeline: [
    { atMs: 14_000, action: { do: 'seek', client: 'billing', to: { kind: 'beginning' } } },
    { atMs: 22_000, action: { do: 'pause-partitions', client: 'billing', places: ['orders-0'] } },
    { atMs: 29_000, action: { do: 'resume-partitions', client: 'billing', places: ['orders-0'] } },
    { atMs: 36_000, action: { do: 'seek', client: 'billing', to: { kind: 'time', atMs: 30_000 } } },
    { atMs: 50_000, action: { do: 'seek', client: 'billing', to: { kind: 'beginning' } } },
  ],
  durationMs: 65_000,
  seed: 1,
};

/** One service that has been sending for a while, and four groups that begin at the same moment without an offset. */
export const resetScenario: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-offset-reset',
  title: 'Where a new group begins',
  system: {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions: 1 }],
    config: { 'group.initial.rebalance.delay.ms': 500 },
  },
  clients: [
    {
      id: 'shop',
      role: 'producer',
      label: 'Shop',
      topic: 'orders',
      load: { ratePerSecond: 1.5, arrivals: 'poisson', untilMs: 24_000 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D', 'E', 'F'] },
    },
    ...(
      [
        ['latest', 'latest'],
        ['earliest', 'earliest'],
        ['none', 'none'],
        ['recent', 'by_duration:PT5S'],
      ] as const
    ).map(([id, reset]) => consumer(id, reset, { 'auto.offset.reset': reset }, { startMs: 12_000 })),
  ],
  network: { latencyMs: 40, jitterMs: 20 },
  durationMs: 32_000,
  seed: 1,
};

const RESET =
  'kafka-consumer-groups.sh --bootstrap-server broker-1:9092 --group billing --topic orders --reset-offsets --to-earliest --execute';

/** The same from outside: refused while the group has a member, done once it has none. */
export const resetOffsetsScenario: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-reset-offsets',
  title: 'An operator sets a group back',
  system: {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions: 1 }],
    config: { 'group.initial.rebalance.delay.ms': 500 },
  },
  clients: [
    {
      id: 'shop',
      role: 'producer',
      label: 'Shop',
      topic: 'orders',
      load: { ratePerSecond: 1.5, arrivals: 'poisson', untilMs: 20_000 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D', 'E', 'F'] },
    },
    consumer('billing', 'Billing'),
  ],
  network: { latencyMs: 20, jitterMs: 10 },
  timeline: [
    { atMs: 10_000, action: { do: 'type', line: RESET } },
    { atMs: 14_000, action: { do: 'close', target: 'billing' } },
    { atMs: 16_000, action: { do: 'type', line: RESET } },
    { atMs: 20_000, action: { do: 'restart', target: 'billing' } },
  ],
  durationMs: 30_000,
  seed: 1,
};

export const replayScenarios: readonly ScenarioInputOf<'kafka'>[] = [
  replayScenario,
  resetScenario,
  resetOffsetsScenario,
];

export const replayExperiment: Experiment = {
  id: 'kafka-replay',
  scenario: 'kafka-replay',
  home: ['kafka-held-replay', 'kafka-held-reset', 'kafka-held-reset-tool'],
  title: 'Going back in the log',
  question: 'What comes back when a group goes back, and who else notices?',
  posterMs: 16_500,
  speed: 1,
  stage: 'groups',
  console: true,
  predict: {
    question:
      'Billing has read everything, as has Audit. Now Billing’s code calls seekToBeginning(). Who reads the records again?',
    options: [
      {
        id: 'both',
        text: 'Billing and Audit: the partition begins anew',
        right: false,
        why: 'A partition has no reading position. Each reader has its own, and Audit’s has not moved.',
      },
      {
        id: 'billing',
        text: 'Billing alone, from the oldest record that is still there',
        right: true,
        why: 'Its position is now the start of the log. What retention has removed before that is not coming back.',
      },
      {
        id: 'none',
        text: 'nobody: the records are committed',
        right: false,
        why: 'A committed offset says where to begin after a restart. It keeps nobody from reading what lies before it.',
      },
    ],
  },
  knobs: [
    {
      id: 'retention',
      name: 'retention.ms',
      hint: 'How long the topic keeps its records',
      path: ['system', 'topics', { name: 'orders' }, 'config', 'retention.ms'],
      options: [
        { id: '20000', label: '20 000', value: 20_000 },
        { id: '604800000', label: '604 800 000 (default)', value: 604_800_000 },
      ],
    },
    {
      id: 'commit',
      name: 'auto.commit.interval.ms',
      hint: 'When the committed offset follows the position',
      path: ['clients', { id: 'billing' }, 'config', 'auto.commit.interval.ms'],
      options: [
        { id: '2000', label: '2 000', value: 2000 },
        { id: '5000', label: '5 000 (default)', value: 5000 },
      ],
    },
  ],
  controls: [
    'seek',
    'pause-partitions',
    'produce-keyed',
    'crash-consumer',
    'restart-consumer',
    'close-consumer',
  ],
  claims: [
    'kafka.seek-reads-again',
    'kafka.seek-commits-nothing',
    'kafka.seek-leaves-others',
    'kafka.seek-by-time',
    'kafka.paused-partition-kept',
    'kafka.replay-ends-at-retention',
  ],
};
