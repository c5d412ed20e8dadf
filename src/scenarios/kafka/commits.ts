/**
 * The duplicate and the loss: three groups read one topic, alike but for when they commit, and one consumer of each
 * crashes at the same moment. And the timing of auto-commit, on one consumer (worked vector O-10).
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';

type Consumer = Extract<ScenarioInputOf<'kafka'>['clients'][number], { role: 'consumer' }>;

const CRASH_MS = 16_000;

/** What the applications do about offsets; the letter names their members. */
const styles: readonly (readonly [
  group: string,
  letter: string,
  commit: Consumer['commit'],
  auto: boolean,
])[] = [
  ['auto-commit', 'a', 'after-batch', true],
  ['commit-after', 'w', 'after-batch', false],
  ['commit-before', 'b', 'before-batch', false],
];

export const commitsScenario: ScenarioInputOf<'kafka'> = {
  version: 1,
  id: 'kafka-commits',
  title: 'The duplicate and the loss',
  system: {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions: 2 }],
    // Shorter than the default of 3000, so that the groups read before a reader has waited long.
    config: { 'group.initial.rebalance.delay.ms': 500 },
  },
  clients: [
    {
      id: 'orders-api',
      role: 'producer',
      label: 'Orders API',
      topic: 'orders',
      // Ends before the crash, so that what came twice, and what never came, stays in sight.
      load: { ratePerSecond: 2.4, arrivals: 'poisson', untilMs: 15_500 },
      // Of two partitions, murmur2 sends A to orders-0 and D to orders-1.
      keys: { kind: 'cycle', keys: ['A', 'D'] },
    },
    ...styles.flatMap(([group, letter, commit, auto]) =>
      [0, 1].map((n): Consumer => ({
        id: `${letter}${n}`,
        role: 'consumer',
        // Late, so that there is a backlog and a poll() hands out several records.
        startMs: 4000,
        group,
        topics: ['orders'],
        processingMs: 650,
        commit,
        config: {
          'auto.offset.reset': 'earliest',
          'partition.assignment.strategy': ['range'],
          'enable.auto.commit': auto,
          'auto.commit.interval.ms': 5000,
          'max.poll.records': 5,
          'session.timeout.ms': 6000,
          'heartbeat.interval.ms': 2000,
        },
      })),
    ),
  ],
  network: { latencyMs: 80, jitterMs: 30 },
  timeline: styles.map(([, letter]) => ({
    atMs: CRASH_MS,
    action: { do: 'crash' as const, target: `${letter}1` },
  })),
  durationMs: 60_000,
  seed: 1,
};

export const commitsExperiment: Experiment = {
  id: 'kafka-commits',
  scenario: 'kafka-commits',
  home: ['kafka-held-commits', 'kafka-held-auto-commit'],
  title: 'The duplicate and the loss',
  question:
    'Three groups differ only in when they commit. One consumer of each dies. Which record comes twice, and which never?',
  posterMs: 34_000,
  speed: 1,
  stage: 'groups',
  console: true,
  predict: {
    question: 'In the end, what does kafka-consumer-groups.sh show of the group that has lost records?',
    options: [
      {
        id: 'lag',
        text: 'a lag that stays above 0: the lost records are still there',
        right: false,
        why: 'Lag is counted from the committed offset. The lost records lie before it, where nobody looks again.',
      },
      {
        id: 'zero',
        text: 'a lag of 0, like that of the others',
        right: true,
        why: 'For the broker an offset that is committed is done. It cannot know that the work was not.',
      },
      {
        id: 'error',
        text: 'an error on the partition where they were lost',
        right: false,
        why: 'Nothing has failed: the commit was in order, and the partition was handed over as it should be.',
      },
    ],
  },
  knobs: [
    {
      id: 'auto-commit-interval',
      name: 'auto.commit.interval.ms',
      hint: 'How far the commit may trail the work, in the group that leaves it to the client',
      path: ['clients', { group: 'auto-commit' }, 'config', 'auto.commit.interval.ms'],
      options: [
        { id: '1000', label: '1 000', value: 1000 },
        { id: '5000', label: '5 000 (default)', value: 5000 },
      ],
    },
    {
      id: 'max-poll-records',
      name: 'max.poll.records',
      hint: 'How many records one poll() may hand out',
      path: ['clients', { role: 'consumer' }, 'config', 'max.poll.records'],
      options: [
        { id: '1', label: '1', value: 1 },
        { id: '5', label: '5', value: 5 },
        { id: '500', label: '500 (default)', value: 500 },
      ],
    },
    {
      id: 'commit-after',
      name: 'commitSync()',
      hint: 'When the group that commits after its work does so',
      path: ['clients', { group: 'commit-after' }, 'commit'],
      options: [
        { id: 'after-batch', label: 'after each poll’s records', value: 'after-batch' },
        { id: 'after-each', label: 'after each record', value: 'after-each' },
      ],
    },
  ],
  controls: [
    'produce-keyed',
    'add-consumer',
    'crash-consumer',
    'restart-consumer',
    'pause-consumer',
    'close-consumer',
  ],
  claims: [
    'kafka.crash-duplicates',
    'kafka.takeover-from-committed',
    'kafka.commit-before-loses',
    'kafka.commit-before-repeats-nothing',
    'kafka.commit-after-loses-nothing',
    'kafka.loss-not-in-lag',
    'kafka.one-owner',
  ],
};

/** O-10: polls 3 s apart, an interval of 5 s, a crash a second after the third poll. */
export const autoCommitScenario: ScenarioInputOf<'kafka'> = {
  version: 1,
  id: 'kafka-auto-commit',
  title: 'When auto-commit commits',
  system: {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions: 1 }],
    config: { 'group.initial.rebalance.delay.ms': 0 },
  },
  clients: [
    {
      id: 'orders-api',
      role: 'producer',
      label: 'Orders API',
      topic: 'orders',
      load: { ratePerSecond: 1000, count: 100 },
      keys: { kind: 'cycle', keys: ['A', 'B'] },
    },
    {
      id: 'c0',
      role: 'consumer',
      startMs: 2000,
      group: 'billing',
      topics: ['orders'],
      // Ten records of 300 ms: a poll every 3 s.
      processingMs: 300,
      config: {
        'auto.offset.reset': 'earliest',
        'auto.commit.interval.ms': 5000,
        'max.poll.records': 10,
        'session.timeout.ms': 6000,
        'heartbeat.interval.ms': 2000,
      },
    },
  ],
  network: { latencyMs: 1 },
  timeline: [
    { atMs: 9100, action: { do: 'crash', target: 'c0' } },
    { atMs: 12_000, action: { do: 'restart', target: 'c0' } },
  ],
  durationMs: 60_000,
  seed: 1,
};
