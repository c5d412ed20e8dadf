/**
 * What the challenges on Kafka are played on: quiet runs, in which nothing goes wrong that the reader does not do. Rates,
 * timeouts and seeds are such that there is time to act, and that what was done shows.
 */
import type { ScenarioInputOf } from '../schema.ts';

type Client = ScenarioInputOf<'kafka'>['clients'][number];
type Consumer = Extract<Client, { role: 'consumer' }>;
type Producer = Extract<Client, { role: 'producer' }>;

const VERSION = 1;

const consumer = (id: string, more: Partial<Consumer> = {}): Consumer => ({
  id,
  role: 'consumer',
  group: 'billing',
  topics: ['orders'],
  processingMs: 150,
  ...more,
  config: {
    'auto.offset.reset': 'earliest',
    'session.timeout.ms': 6000,
    'heartbeat.interval.ms': 2000,
    ...more.config,
  },
});

const producer = (more: Partial<Producer>): Producer => ({
  id: 'shop',
  role: 'producer',
  label: 'Shop',
  topic: 'orders',
  load: { ratePerSecond: 2, arrivals: 'poisson' },
  ...more,
});

/** Two partitions, two consumers that leave committing to the client. */
export const twice: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'practice-kafka-twice',
  title: 'Two consumers at work',
  system: {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions: 2 }],
    config: { 'group.initial.rebalance.delay.ms': 500 },
  },
  clients: [
    // Of two partitions, murmur2 sends A to orders-0 and D to orders-1.
    producer({ keys: { kind: 'cycle', keys: ['A', 'D'] }, load: { ratePerSecond: 2, untilMs: 45_000 } }),
    consumer('c0'),
    consumer('c1'),
  ],
  network: { latencyMs: 80, jitterMs: 30 },
  durationMs: 60_000,
  seed: 1,
};

/** Six partitions, two members, and the assignor that Kafka’s clients had for years. */
export const six: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'practice-kafka-six',
  title: 'Six partitions, two consumers',
  system: {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions: 6 }],
    config: { 'group.initial.rebalance.delay.ms': 1000 },
  },
  clients: [
    producer({
      load: { ratePerSecond: 3, arrivals: 'poisson' },
      keys: { kind: 'cycle', keys: ['A', 'D', 'E', 'F', 'H'] },
    }),
    ...['c0', 'c1'].map((id) => consumer(id, { config: { 'partition.assignment.strategy': ['range'] } })),
  ],
  network: { latencyMs: 60, jitterMs: 30 },
  durationMs: 45_000,
  seed: 1,
};

/** Two consumers that keep pace, and can: each works off six records a second, of two that arrive for it. */
export const pace: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'practice-kafka-pace',
  title: 'A group that keeps pace',
  system: {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions: 2 }],
    config: { 'group.initial.rebalance.delay.ms': 500 },
  },
  clients: [
    producer({
      load: { ratePerSecond: 4, arrivals: 'poisson', untilMs: 60_000 },
      keys: { kind: 'cycle', keys: ['A', 'D'] },
    }),
    ...['c0', 'c1'].map((id) =>
      consumer(id, {
        commit: 'after-batch',
        config: {
          'enable.auto.commit': false,
          'max.poll.records': 4,
          // A thirtieth of the default, so that a poll with too much to do is seen in a short run.
          'max.poll.interval.ms': 10_000,
        },
      }),
    ),
  ],
  network: { latencyMs: 60, jitterMs: 20 },
  durationMs: 90_000,
  seed: 1,
};

/** One partition that two groups read, neither of which needs anything of the other. */
export const again: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'practice-kafka-again',
  title: 'Two groups that have read everything',
  system: {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions: 1 }],
    config: { 'group.initial.rebalance.delay.ms': 500 },
  },
  clients: [
    producer({
      load: { ratePerSecond: 1.5, arrivals: 'poisson', untilMs: 40_000 },
      keys: { kind: 'cycle', keys: ['A', 'B', 'C', 'D', 'E', 'F'] },
    }),
    consumer('billing', { label: 'Billing', processingMs: 40 }),
    consumer('audit', { label: 'Audit', group: 'audit', processingMs: 40 }),
  ],
  network: { latencyMs: 60, jitterMs: 20 },
  durationMs: 50_000,
  seed: 1,
};

/** Three brokers, a partition with a copy on each, producers that are called after their acks, and a reader of what there is. */
export const acks: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'practice-kafka-acks',
  title: 'Three copies of one partition',
  system: {
    broker: 'kafka',
    brokers: 3,
    topics: [
      {
        name: 'orders',
        partitions: 1,
        replicationFactor: 3,
        replicas: [[1, 2, 3]],
        config: { 'min.insync.replicas': 2, 'unclean.leader.election.enable': false },
      },
    ],
  },
  clients: [
    ...(
      [
        ['1', 'B'],
        ['all', 'C'],
      ] as const
    ).map(([level, key]) =>
      producer({
        id: `acks-${level}`,
        label: `acks=${level}`,
        load: { ratePerSecond: 0.8, arrivals: 'poisson', untilMs: 75_000 },
        keys: { kind: 'cycle', keys: [key] },
        config: { acks: level },
      }),
    ),
    // Reads by assign() and commits nothing: what it is given is what the log has.
    consumer('audit', {
      label: 'Audit',
      group: 'audit',
      assign: ['orders-0'],
      processingMs: 5,
      commit: 'never',
      config: { 'enable.auto.commit': false },
    }),
  ],
  network: { latencyMs: 60, jitterMs: 30 },
  durationMs: 90_000,
  seed: 1,
};

/** Payments writes in transactions and commits each of them; one reader asks for committed records, the other for all. */
export const payments: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'practice-kafka-payments',
  title: 'Two readers of transactions',
  system: {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions: 1 }],
    config: { 'group.initial.rebalance.delay.ms': 500 },
  },
  clients: [
    producer({
      id: 'payments',
      label: 'Payments',
      load: { ratePerSecond: 1, arrivals: 'poisson', untilMs: 45_000 },
      keys: { kind: 'cycle', keys: ['A'] },
      transaction: { records: 3, openMs: 1500 },
      config: { 'transactional.id': 'payments-1', 'transaction.timeout.ms': 10_000 },
    }),
    producer({
      load: { ratePerSecond: 0.6, arrivals: 'poisson', untilMs: 45_000 },
      keys: { kind: 'cycle', keys: ['D'] },
    }),
    ...(
      [
        ['dashboard', 'Dashboard', 'read_uncommitted'],
        ['ledger', 'Ledger', 'read_uncommitted'],
      ] as const
    ).map(([id, label, isolation]) =>
      consumer(id, { label, group: id, processingMs: 10, config: { 'isolation.level': isolation } }),
    ),
  ],
  network: { latencyMs: 60, jitterMs: 30 },
  durationMs: 60_000,
  seed: 1,
};

export const practiceScenarios: readonly ScenarioInputOf<'kafka'>[] = [
  twice,
  six,
  pace,
  again,
  acks,
  payments,
];
