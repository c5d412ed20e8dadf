/**
 * Three ways to share partitions out anew, side by side: three groups read one topic, alike but for their protocol. A
 * member joins each at the same moment, and later one of each dies. And a smaller run: a restart with static membership
 * beside one without.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';

type Consumer = Extract<ScenarioInputOf<'kafka'>['clients'][number], { role: 'consumer' }>;
type Config = NonNullable<Consumer['config']>;

const JOIN_MS = 13_000;
const CRASH_MS = 32_000;

/** The classic protocol's session timeout is the consumer's to set, the new one's the broker's; here they are equal. */
const SESSION_TIMEOUT_MS = 10_000;

const classic = (strategy: 'range' | 'cooperative-sticky'): Config => ({
  'partition.assignment.strategy': [strategy],
  // 45 s by default: nobody should have to wait so long for a crash to be noticed.
  'session.timeout.ms': SESSION_TIMEOUT_MS,
});

const protocols: readonly (readonly [group: string, letter: string, config: Config])[] = [
  ['eager', 'e', classic('range')],
  ['cooperative', 'c', classic('cooperative-sticky')],
  ['kip-848', 'k', { 'group.protocol': 'consumer' }],
];

const member = (group: string, id: string, startMs: number, config: Config): Consumer => ({
  id,
  role: 'consumer',
  startMs,
  group,
  topics: ['orders'],
  // Five of them are a poll() of 2.5 s: who wants to share out anew has to wait for that.
  processingMs: 500,
  config: {
    'auto.offset.reset': 'earliest',
    'max.poll.records': 5,
    'auto.commit.interval.ms': 2000,
    ...config,
  },
});

export const rebalanceScenario: ScenarioInputOf<'kafka'> = {
  version: 1,
  id: 'kafka-rebalance',
  title: 'The pause when a group changes',
  system: {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions: 6 }],
    config: {
      'group.initial.rebalance.delay.ms': 1000,
      'group.consumer.session.timeout.ms': SESSION_TIMEOUT_MS,
    },
  },
  clients: [
    {
      id: 'orders-api',
      role: 'producer',
      label: 'Orders API',
      topic: 'orders',
      load: { ratePerSecond: 3.6, arrivals: 'poisson', untilMs: 55_000 },
      // Of six partitions, murmur2 sends E to orders-1, F to orders-2, D to orders-3, A to orders-4, H to orders-5.
      keys: { kind: 'cycle', keys: ['A', 'D', 'E', 'F', 'H'] },
    },
    ...protocols.flatMap(([group, letter, config]) => [
      member(group, `${letter}0`, 0, config),
      member(group, `${letter}1`, 800, config),
      member(group, `${letter}2`, JOIN_MS, config),
    ]),
  ],
  network: { latencyMs: 60, jitterMs: 30 },
  timeline: protocols.map(([, letter]) => ({
    atMs: CRASH_MS,
    action: { do: 'crash' as const, target: `${letter}1` },
  })),
  durationMs: 65_000,
  seed: 22,
};

export const rebalanceExperiment: Experiment = {
  id: 'kafka-rebalance',
  scenario: 'kafka-rebalance',
  home: [
    'kafka-held-range',
    'kafka-held-cooperative-sticky',
    'kafka-held-kip-848',
    'kafka-held-static',
    'kafka-held-static-kip-848',
    'kafka-held-server-uniform',
    'kafka-held-server-range',
    'kafka-held-cut-consumer',
    'kafka-held-cut-briefly',
  ],
  title: 'The pause when a group changes',
  question: 'A member joins. Who has to stop reading, and for how long?',
  posterMs: 30_000,
  speed: 1,
  stage: 'timeline',
  console: false,
  predict: {
    question:
      'A third member joins each group at the same moment. In which group do the other two stop altogether?',
    options: [
      {
        id: 'all',
        text: 'in all three: partitions cannot move otherwise',
        right: false,
        why: 'Only the partitions that move must be let go of. To give up all of them is the eager way, not a necessity.',
      },
      {
        id: 'eager',
        text: 'in the eager one only',
        right: true,
        why: 'Eager members give up everything before the new assignment is made. The others give up what moves, and read on.',
      },
      {
        id: 'classic',
        text: 'in the two that speak the classic protocol',
        right: false,
        why: 'Cooperative-sticky speaks the classic protocol too, but its members keep their partitions while it is negotiated.',
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
        { id: '50', label: '50', value: 50 },
        { id: '500', label: '500', value: 500 },
        { id: '800', label: '800', value: 800 },
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
      id: 'session',
      name: 'session.timeout.ms',
      hint: 'How long a silent member of the two classic groups is borne',
      path: ['clients', { group: ['eager', 'cooperative'] }, 'config', 'session.timeout.ms'],
      options: [
        { id: '6000', label: '6 000', value: 6000 },
        { id: '10000', label: '10 000', value: 10_000 },
        { id: '45000', label: '45 000 (default)', value: 45_000 },
      ],
    },
    {
      id: 'broker-heartbeat',
      name: 'group.consumer.heartbeat.interval.ms',
      hint: 'How often a member of the new protocol speaks to the coordinator; the broker says',
      path: ['system', 'config', 'group.consumer.heartbeat.interval.ms'],
      options: [
        { id: '1000', label: '1 000', value: 1000 },
        { id: '5000', label: '5 000 (default)', value: 5000 },
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
    'kafka.rebalance-eager-stops-all',
    'kafka.rebalance-cooperative-reads-on',
    'kafka.rebalance-cooperative-repeats',
    'kafka.rebalance-kip848-reads-on',
    'kafka.handover-never-overlaps',
    'kafka.one-owner',
  ],
};

const restarted = (group: string, letter: string, n: number): Consumer => ({
  id: `${letter}${n}`,
  role: 'consumer',
  group,
  topics: ['orders'],
  processingMs: 100,
  config: {
    'auto.offset.reset': 'earliest',
    'partition.assignment.strategy': ['range'],
    'session.timeout.ms': SESSION_TIMEOUT_MS,
    ...(group === 'static' ? { 'group.instance.id': `billing-${n}` } : {}),
  },
});

/** Each member of both groups is stopped in order and started again three seconds later, one after another. */
export const staticRestartScenario: ScenarioInputOf<'kafka'> = {
  version: 1,
  id: 'kafka-static-restart',
  title: 'A rolling restart, with static membership and without',
  system: { broker: 'kafka', topics: [{ name: 'orders', partitions: 6 }] },
  clients: [
    {
      id: 'orders-api',
      role: 'producer',
      label: 'Orders API',
      topic: 'orders',
      load: { ratePerSecond: 4, arrivals: 'poisson', untilMs: 50_000 },
      keys: { kind: 'cycle', keys: ['A', 'D', 'E', 'F', 'H'] },
    },
    ...[0, 1, 2].flatMap((n) => [restarted('static', 's', n), restarted('dynamic', 'd', n)]),
  ],
  network: { latencyMs: 20, jitterMs: 10 },
  timeline: [0, 1, 2].flatMap((n) =>
    ['s', 'd'].flatMap((letter) => [
      { atMs: 14_000 + n * 12_000, action: { do: 'close' as const, target: `${letter}${n}` } },
      { atMs: 17_000 + n * 12_000, action: { do: 'restart' as const, target: `${letter}${n}` } },
    ]),
  ),
  durationMs: 60_000,
  seed: 1,
};
