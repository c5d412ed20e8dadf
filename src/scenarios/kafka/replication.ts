/**
 * What an acknowledgement is worth: three brokers with a copy each, producers that differ in `acks` alone, and a leader
 * that crashes while its followers lag behind. Then the smaller runs: too few replicas, a slow follower, an unclean
 * election, a rolling restart. The producers are called after their `acks`, which no event of a run tells.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';

type Client = ScenarioInputOf<'kafka'>['clients'][number];
type Producer = Extract<Client, { role: 'producer' }>;
type System = ScenarioInputOf<'kafka'>['system'];

const VERSION = 1;
/** Each producer has a key of its own, so that its records are told apart. */
const KEYS = { '0': 'A', '1': 'B', all: 'C' } as const;

function producer(acks: keyof typeof KEYS, ratePerSecond: number, untilMs: number): Producer {
  return {
    id: `acks-${acks}`,
    role: 'producer',
    label: `acks=${acks}`,
    topic: 'orders',
    load: { ratePerSecond, arrivals: 'poisson', untilMs },
    keys: { kind: 'cycle', keys: [KEYS[acks]] },
    config: { acks },
  };
}

/** Reads the partition by assign() and commits nothing: what it is given is what the log has. */
export const audit: Client = {
  id: 'audit',
  role: 'consumer',
  label: 'Audit',
  group: 'audit',
  topics: ['orders'],
  assign: ['orders-0'],
  processingMs: 5,
  commit: 'never',
  config: { 'auto.offset.reset': 'earliest', 'enable.auto.commit': false },
};

function cluster(config: NonNullable<System['topics'][number]['config']>): System {
  return {
    broker: 'kafka',
    brokers: 3,
    topics: [{ name: 'orders', partitions: 1, replicationFactor: 3, replicas: [[1, 2, 3]], config }],
  };
}

type Timed = NonNullable<ScenarioInputOf<'kafka'>['timeline']>[number];

/** The leader and a follower hear nothing of one another, and the follower copies nothing. */
const cut = (node: string, atMs: number): Timed => ({
  atMs,
  action: { do: 'cut', between: ['broker-1', node] },
});
const heal = (node: string, atMs: number): Timed => ({
  atMs,
  action: { do: 'heal', between: ['broker-1', node] },
});

export const acksScenario: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-acks',
  title: 'What an acknowledgement is worth',
  system: cluster({ 'min.insync.replicas': 2, 'unclean.leader.election.enable': false }),
  clients: [producer('0', 0.6, 42_000), producer('1', 0.6, 42_000), producer('all', 0.6, 42_000), audit],
  network: { latencyMs: 60, jitterMs: 30 },
  timeline: [
    // For three seconds nothing that the leader takes is copied; then it dies with it.
    cut('broker-2', 10_000),
    cut('broker-3', 10_000),
    { atMs: 13_000, action: { do: 'crash', target: 'broker-1' } },
    heal('broker-2', 13_500),
    heal('broker-3', 13_500),
    { atMs: 25_000, action: { do: 'restart', target: 'broker-1' } },
  ],
  durationMs: 50_000,
  seed: 21,
};

/** `min.insync.replicas` is 2, and for a while the leader is alone. */
export const tooFewReplicas: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-too-few-replicas',
  title: 'Two of three brokers gone',
  system: cluster({ 'min.insync.replicas': 2 }),
  clients: [producer('1', 1, 30_000), producer('all', 1, 30_000), audit],
  network: { latencyMs: 40, jitterMs: 10 },
  timeline: [
    { atMs: 5_000, action: { do: 'close', target: 'broker-2' } },
    { atMs: 7_000, action: { do: 'close', target: 'broker-3' } },
    { atMs: 20_000, action: { do: 'restart', target: 'broker-2' } },
  ],
  durationMs: 40_000,
  seed: 1,
};

/** Every setting at its default: the follower has 30 seconds. */
export const slowFollower: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-slow-follower',
  title: 'A follower that falls behind and comes back',
  system: cluster({ 'min.insync.replicas': 2 }),
  clients: [producer('1', 1, 90_000), producer('all', 1, 90_000), audit],
  network: { latencyMs: 40, jitterMs: 10 },
  timeline: [cut('broker-3', 8_000), heal('broker-3', 70_000)],
  durationMs: 100_000,
  seed: 1,
};

/** One replica is enough for acks=all, the leader is left alone with it, and then it is left behind. */
export const uncleanElection: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-unclean-election',
  title: 'A leader elected out of sync',
  system: cluster({ 'min.insync.replicas': 1 }),
  clients: [producer('1', 1, 70_000), producer('all', 1, 70_000), audit],
  network: { latencyMs: 40, jitterMs: 10 },
  timeline: [
    { atMs: 5_000, action: { do: 'crash', target: 'broker-2' } },
    { atMs: 5_000, action: { do: 'crash', target: 'broker-3' } },
    // Both are out of the ISR; the leader goes on alone, and fails.
    { atMs: 22_000, action: { do: 'crash', target: 'broker-1' } },
    { atMs: 23_000, action: { do: 'restart', target: 'broker-2' } },
    { atMs: 23_000, action: { do: 'restart', target: 'broker-3' } },
    { atMs: 45_000, action: { do: 'elect-leaders', election: 'unclean', topic: 'orders', partition: 0 } },
    { atMs: 55_000, action: { do: 'restart', target: 'broker-1' } },
  ],
  durationMs: 80_000,
  seed: 1,
};

export const rollingRestart: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-rolling-restart',
  title: 'A broker stopped in order, and the preferred leader back',
  system: cluster({ 'min.insync.replicas': 2 }),
  // Often enough for a record to be under way at the moment of the election.
  clients: [producer('1', 6, 30_000), producer('all', 2, 30_000), audit],
  network: { latencyMs: 40, jitterMs: 10 },
  timeline: [
    { atMs: 8_000, action: { do: 'close', target: 'broker-1' } },
    { atMs: 14_000, action: { do: 'restart', target: 'broker-1' } },
    { atMs: 22_000, action: { do: 'elect-leaders', election: 'preferred', topic: 'orders' } },
  ],
  durationMs: 40_000,
  seed: 14,
};

export const replicationScenarios: readonly ScenarioInputOf<'kafka'>[] = [
  acksScenario,
  tooFewReplicas,
  slowFollower,
  uncleanElection,
  rollingRestart,
];

export const acksExperiment: Experiment = {
  id: 'kafka-acks',
  scenario: 'kafka-acks',
  home: ['kafka-held-leader', 'kafka-held-acks', 'kafka-held-acks-zero', 'kafka-held-min-isr'],
  title: 'What an acknowledgement is worth',
  question:
    'The leader dies before its followers have copied the last records. Which of them were promised, and which are there?',
  posterMs: 25_400,
  speed: 1,
  stage: 'replicas',
  console: false,
  predict: {
    question:
      'B was told the offset of its record. No follower has it when the leader crashes. Afterwards the record is…',
    options: [
      {
        id: 'back',
        text: 'there again, once the old leader is back',
        right: false,
        why: 'The old leader still has it on its disk. It comes back as a follower, and cuts off what its new leader does not have.',
      },
      {
        id: 'gone',
        text: 'gone, and another record has its offset',
        right: true,
        why: 'acks=1 promised one copy. The new leader never had it, and gives the offset to what comes next.',
      },
      {
        id: 'again',
        text: 'sent again by its producer',
        right: false,
        why: 'For its producer the record was done: it had its acknowledgement. Only what was not answered is sent again.',
      },
    ],
  },
  knobs: [
    {
      id: 'min-isr',
      name: 'min.insync.replicas',
      hint: 'With fewer replicas in sync the leader refuses acks=all',
      path: ['system', 'topics', { name: 'orders' }, 'config', 'min.insync.replicas'],
      options: [
        { id: '1', label: '1 (default)', value: 1 },
        { id: '2', label: '2', value: 2 },
        { id: '3', label: '3', value: 3 },
      ],
    },
    {
      id: 'unclean',
      name: 'unclean.leader.election.enable',
      hint: 'Whether a replica that is not in sync may lead when no other can',
      path: ['system', 'topics', { name: 'orders' }, 'config', 'unclean.leader.election.enable'],
      options: [
        { id: 'false', label: 'false (default)', value: false },
        { id: 'true', label: 'true', value: true },
      ],
    },
  ],
  controls: [
    'produce-keyed',
    'crash-broker',
    'restart-broker',
    'stop-broker',
    'pause-broker',
    'cut-broker',
    'elect-preferred',
    'elect-unclean',
  ],
  claims: [
    'kafka.acks-zero-unaware',
    'kafka.acks-one-loses',
    'kafka.acks-all-kept',
    'kafka.acks-all-waits-for-isr',
    'kafka.failover-waits-for-session',
    'kafka.truncated-above-high-watermark',
    'kafka.back-in-isr-when-caught-up',
    'kafka.read-below-high-watermark',
  ],
};
