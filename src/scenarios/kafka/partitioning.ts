/**
 * Which partition, and what it costs: four topics with the same load and four ways to spread it, and two more partitions
 * while a group is behind.
 */
import type { Experiment } from '../experiment.ts';
import type { ScenarioInputOf } from '../schema.ts';

type Client = ScenarioInputOf<'kafka'>['clients'][number];
type Producer = Extract<Client, { role: 'producer' }>;

const VERSION = 1;
const SENDING_UNTIL_MS = 40_000;
/** 5 minutes by default: so long may a client not know of a new partition. */
const METADATA_MAX_AGE_MS = 3000;

const producer = (
  id: string,
  label: string,
  topic: string,
  keys: NonNullable<Producer['keys']>,
  config: Producer['config'] = {},
): Client => ({
  id,
  role: 'producer',
  label,
  topic,
  load: { ratePerSecond: 4, untilMs: SENDING_UNTIL_MS },
  keys,
  config: {
    // 5 ms and 16 KiB by default: at four records of 100 bytes a second no batch would have a second record, and the
    // sticky partition would be the same all the time.
    'linger.ms': 1000,
    'batch.size': 1000,
    'metadata.max.age.ms': METADATA_MAX_AGE_MS,
    ...config,
  },
});

const PARTITIONS = 4;
const GROWN = 6;
const topics = ['by-customer', 'by-order', 'round-robin', 'sticky'].map((name) => ({
  name,
  partitions: PARTITIONS,
}));

export const partitioningScenario: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-partitioning',
  title: 'One load, four ways to spread it',
  system: {
    broker: 'kafka',
    topics,
    config: { 'group.initial.rebalance.delay.ms': 500 },
  },
  clients: [
    producer('api-1', 'API by customer', 'by-customer', {
      kind: 'zipf',
      keys: ['A', 'B', 'C', 'D', 'E', 'F'],
      skew: 1.2,
    }),
    producer('api-2', 'API by order', 'by-order', {
      kind: 'uniform',
      keys: Array.from({ length: 200 }, (_, i) => `order-${i + 1}`),
    }),
    producer(
      'api-3',
      'API round robin',
      'round-robin',
      { kind: 'none' },
      {
        'partitioner.class': 'RoundRobinPartitioner',
      },
    ),
    producer('api-4', 'API sticky', 'sticky', { kind: 'none' }),
    ...['c0', 'c1', 'c2', 'c3'].map((id): Client => ({
      id,
      role: 'consumer',
      group: 'billing',
      topics: ['by-customer'],
      // One to two records a second: enough for an equal share of the load, too slow for the hot partition.
      processingMs: 700,
      config: {
        'auto.offset.reset': 'earliest',
        'partition.assignment.strategy': ['range'],
        'max.poll.records': 2,
        'metadata.max.age.ms': METADATA_MAX_AGE_MS,
      },
    })),
  ],
  network: { latencyMs: 40, jitterMs: 20 },
  timeline: topics.map(({ name }) => ({
    atMs: 24_000,
    action: { do: 'create-partitions', topic: name, total: GROWN },
  })),
  durationMs: 60_000,
  seed: 1,
};

export const partitioningExperiment: Experiment = {
  id: 'kafka-partitioning',
  scenario: 'kafka-partitioning',
  home: ['kafka-held-keys', 'kafka-held-keyless', 'kafka-held-new-partitions', 'kafka-murmur2'],
  title: 'One load, four ways to spread it',
  question:
    'How evenly do keys, round robin and the sticky partitioner fill a topic, and what do new partitions change?',
  posterMs: 23_000,
  speed: 1,
  stage: 'distribution',
  console: false,
  predict: {
    question:
      'Half of by-customer is one customer, A, and the partition that A is in falls behind. At 24 s two partitions are added. What becomes of A’s records?',
    options: [
      {
        id: 'spread',
        text: 'they spread over more partitions, and the backlog shrinks',
        right: false,
        why: 'A key has one partition at a time, however many there are. A may move; it does not spread.',
      },
      {
        id: 'stay',
        text: 'nothing: A stays where it is',
        right: false,
        why: 'The partition is the hash modulo the number of partitions. For A that was 2 of 4 and becomes 4 of 6.',
      },
      {
        id: 'overtake',
        text: 'new ones go elsewhere, and are read before the old ones',
        right: true,
        why: 'The old records wait in the partition that lags, the new ones lie in one that is empty: order by key is broken, and A is as hot as before.',
      },
    ],
  },
  knobs: [
    {
      id: 'skew',
      name: 'skew',
      hint: 'by-customer: the n-th customer sends in proportion to 1/n to this power',
      path: ['clients', { id: 'api-1' }, 'keys', 'skew'],
      options: [
        { id: '0', label: '0: all alike', value: 0 },
        { id: '1.2', label: '1.2', value: 1.2 },
        { id: '3', label: '3: nearly all from A', value: 3 },
      ],
    },
    {
      id: 'partitions',
      name: 'partitions',
      hint: 'Of each topic, until there are 6 at 24 s',
      path: ['system', 'topics', {}, 'partitions'],
      options: [
        { id: '2', label: '2', value: 2 },
        { id: '3', label: '3', value: 3 },
        { id: '4', label: '4', value: 4 },
      ],
    },
    {
      id: 'batch-size',
      name: 'batch.size',
      hint: 'How much goes to one partition before the sticky partitioner changes',
      path: ['clients', { role: 'producer' }, 'config', 'batch.size'],
      options: [
        { id: '400', label: '400', value: 400 },
        { id: '1000', label: '1 000', value: 1000 },
        { id: '16384', label: '16 384 (default)', value: 16_384 },
      ],
    },
    {
      id: 'linger',
      name: 'linger.ms',
      hint: 'How long a batch waits for more records',
      path: ['clients', { role: 'producer' }, 'config', 'linger.ms'],
      options: [
        { id: '0', label: '0', value: 0 },
        { id: '5', label: '5 (default)', value: 5 },
        { id: '1000', label: '1 000', value: 1000 },
      ],
    },
  ],
  controls: ['add-partition', 'produce-keyed', 'produce-keyless'],
  claims: [
    'kafka.same-key-same-partition',
    'kafka.hot-key-hot-partition',
    'kafka.many-keys-spread',
    'kafka.round-robin-in-turn',
    'kafka.round-robin-small-batches',
    'kafka.new-partitions-move-keys',
    'kafka.new-partitions-break-key-order',
  ],
};

/** Two brokers, one of them far away, and a producer without keys that has more to send than the far one takes. */
export const adaptive: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-adaptive',
  title: 'Records without a key, and a slow broker',
  system: {
    broker: 'kafka',
    brokers: 2,
    topics: [{ name: 'clicks', partitions: 2, replicas: [[1], [2]] }],
  },
  clients: [
    {
      id: 'web',
      role: 'producer',
      label: 'Web',
      topic: 'clicks',
      load: { ratePerSecond: 40, count: 480 },
      config: {
        'batch.size': 400,
        // One request at a time, and small ones: what the slow broker has not answered keeps the rest in its queue.
        'max.in.flight.requests.per.connection': 1,
        'max.request.size': 1000,
      },
    },
  ],
  network: { latencyMs: 10, links: [{ between: ['web', 'broker-2'], latencyMs: 400 }] },
  durationMs: 40_000,
  seed: 1,
};

/** Keys whose hash is known from Kafka's own tests; of 7 partitions a mask and an absolute value choose differently. */
export const murmur2Vectors: ScenarioInputOf<'kafka'> = {
  version: VERSION,
  id: 'kafka-murmur2',
  title: 'A key’s hash, and its sign',
  system: { broker: 'kafka', topics: [{ name: 'vectors', partitions: 7 }] },
  clients: [
    {
      id: 'client',
      role: 'producer',
      label: 'Client',
      topic: 'vectors',
      load: { ratePerSecond: 2, count: 10 },
      keys: { kind: 'cycle', keys: ['foobar', '21', 'abc', 'a-little-bit-long-string', 'user-2'] },
    },
  ],
  network: { latencyMs: 40 },
  durationMs: 8000,
  seed: 1,
};
