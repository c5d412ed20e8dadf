/**
 * The smaller runs that claims of the Kafka section stand on: each shows one thing, and comes to rest before it ends.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';

type Client = ScenarioInputOf<'kafka'>['clients'][number];
type Producer = Extract<Client, { role: 'producer' }>;
type Consumer = Extract<Client, { role: 'consumer' }>;

const VERSION = 1;
const network = { latencyMs: 20, jitterMs: 10 };

function producer(id: string, keys: readonly string[], more: Partial<Producer> = {}): Producer {
  return {
    id,
    role: 'producer',
    topic: 'orders',
    load: { ratePerSecond: 4, arrivals: 'poisson', untilMs: 20_000 },
    keys: keys.length > 0 ? { kind: 'uniform', keys: [...keys] } : { kind: 'none' },
    ...more,
  };
}

function consumer(id: string, config: Consumer['config'] = {}, more: Partial<Consumer> = {}): Consumer {
  return {
    id,
    role: 'consumer',
    group: 'billing',
    topics: ['orders'],
    processingMs: 60,
    ...more,
    config: {
      'auto.offset.reset': 'earliest',
      'partition.assignment.strategy': ['range'],
      'session.timeout.ms': 6000,
      'heartbeat.interval.ms': 2000,
      'max.poll.records': 5,
      ...config,
    },
  };
}

function topic(partitions: number): ScenarioInputOf<'kafka'>['system'] {
  return { broker: 'kafka', topics: [{ name: 'orders', partitions }] };
}

export const homeLog: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'home-log',
  title: 'A log, cut into partitions',
  system: topic(2),
  clients: [
    producer('service-a', ['A', 'B', 'D', 'E'], {
      label: 'Service A',
      load: { ratePerSecond: 2, arrivals: 'poisson', untilMs: 24_000 },
    }),
    consumer('c0', {}, { group: 'billing' }),
    consumer('c1', {}, { group: 'billing' }),
  ],
  network: { latencyMs: 120, jitterMs: 60 },
  durationMs: 30_000,
  seed: 3,
};

export const keyless: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-keyless',
  title: 'Records without a key',
  system: topic(3),
  clients: [
    producer('service-a', [], {
      label: 'Service A',
      // A small batch.size, so that the change of partition comes after a handful of records and not after 16 KiB.
      config: { 'batch.size': 800, 'linger.ms': 5 },
    }),
    consumer('c0'),
  ],
  network,
  durationMs: 30_000,
  seed: 1,
};

export const extraConsumer: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-extra-consumer',
  title: 'Four consumers for three partitions',
  system: topic(3),
  clients: [
    producer('service-a', ['A', 'B', 'C', 'D', 'E'], { label: 'Service A' }),
    ...['c0', 'c1', 'c2', 'c3'].map((id) => consumer(id)),
  ],
  network,
  durationMs: 30_000,
  seed: 1,
};

export const twoGroups: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-two-groups',
  title: 'Two groups on one topic, the second late',
  system: topic(2),
  clients: [
    producer('service-a', ['A', 'B', 'D', 'E'], { label: 'Service A' }),
    consumer('b0', {}, { group: 'billing' }),
    consumer('b1', {}, { group: 'billing' }),
    consumer('a0', {}, { group: 'audit', startMs: 12_000 }),
  ],
  network,
  durationMs: 40_000,
  seed: 1,
};

export const cleanClose: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-clean-close',
  title: 'A consumer that closes',
  system: topic(3),
  clients: [
    producer('service-a', ['A', 'B', 'C', 'D', 'E'], { label: 'Service A' }),
    ...['c0', 'c1', 'c2'].map((id) => consumer(id, { 'session.timeout.ms': 45_000 })),
  ],
  network,
  timeline: [{ atMs: 12_000, action: { do: 'close', target: 'c1' } }],
  durationMs: 40_000,
  seed: 1,
};

export const commitBefore: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-commit-before',
  title: 'Commit first, work later, crash in between',
  system: topic(2),
  clients: [
    producer('service-a', ['A', 'B', 'C', 'D', 'E'], { label: 'Service A' }),
    ...['c0', 'c1'].map((id) =>
      consumer(id, { 'enable.auto.commit': false }, { commit: 'before-batch', processingMs: 300 }),
    ),
  ],
  network,
  // In the middle of its first batch: committed at 6.5 s, two of five records done.
  timeline: [{ atMs: 7_200, action: { do: 'crash', target: 'c1' } }],
  durationMs: 60_000,
  seed: 1,
};

const joining = (
  id: string,
  title: string,
  strategy: 'range' | 'cooperative-sticky',
): ScenarioInputOf<'kafka'> => ({
  version: VERSION,
  id,
  title,
  system: topic(6),
  clients: [
    producer('service-a', ['A', 'B', 'C', 'D', 'E'], { label: 'Service A' }),
    ...['c0', 'c1'].map((name) => consumer(name, { 'partition.assignment.strategy': [strategy] })),
    consumer('c2', { 'partition.assignment.strategy': [strategy] }, { startMs: 12_000 }),
  ],
  network,
  durationMs: 40_000,
  seed: 1,
});

export const eager = joining('kafka-eager', 'A third consumer joins: range', 'range');
export const cooperative = joining(
  'kafka-cooperative',
  'A third consumer joins: cooperative-sticky',
  'cooperative-sticky',
);

export const addPartitions: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-add-partitions',
  title: 'Two partitions become four',
  system: topic(2),
  clients: [
    producer('service-a', ['A', 'B', 'C', 'D', 'E'], {
      label: 'Service A',
      // The default is five minutes; a short one shows the change within the run.
      config: { 'metadata.max.age.ms': 3000 },
    }),
    consumer('c0', { 'metadata.max.age.ms': 3000 }),
    consumer('c1', { 'metadata.max.age.ms': 3000 }),
  ],
  network,
  timeline: [{ atMs: 10_000, action: { do: 'create-partitions', topic: 'orders', total: 4 } }],
  durationMs: 40_000,
  seed: 1,
};

export const proofScenarios: readonly ScenarioInputOf<'kafka'>[] = [
  homeLog,
  keyless,
  extraConsumer,
  twoGroups,
  cleanClose,
  commitBefore,
  eager,
  cooperative,
  addPartitions,
];

export const homeLogExperiment: Experiment = {
  id: 'home-log',
  scenario: 'home-log',
  home: ['kafka-held-keys'],
  title: 'A log, cut into partitions',
  question: 'Where does each record go, and who reads it?',
  posterMs: 16_000,
  speed: 1,
  stage: 'groups',
  console: false,
  predict: null,
  knobs: [],
  controls: ['produce-keyed', 'crash-consumer', 'restart-consumer'],
  claims: ['kafka.same-key-same-partition', 'kafka.key-order-kept'],
};
