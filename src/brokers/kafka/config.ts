/**
 * Kafka in its own words: what a scenario may say of a cluster and its clients, with Kafka 4.x's defaults and units.
 * Names are the configuration's own; rule ids refer to the dossier of this model (RULES.md).
 */
import * as v from 'valibot';
import { ASSIGNORS } from './assignors.ts';

const id = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected 1 to 40 of a-z, 0-9 and hyphen, not starting with a hyphen'),
);
const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2_147_483_647));
const positive = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2_147_483_647));
/** The model's one broker; no client may have its name. */
export const BROKER = 'broker-1';
const clientId = v.pipe(
  id,
  v.check((name) => name !== BROKER, `expected another id than the broker's, "${BROKER}"`),
);
const topicName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9._-]{1,249}$/, 'expected a topic name: 1 to 249 of letters, digits, ".", "_" and "-"'),
);

/** Partitions of one topic that the simulator takes: far above what a figure can show. */
export const PARTITIONS_MAX = 1024;

const partitions = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(PARTITIONS_MAX));

export const kafkaTopic = v.strictObject({ name: topicName, partitions });

export const kafkaBrokerConfig = v.strictObject({
  /** K-78. How long an empty group waits for more members before its first rebalance. */
  'group.initial.rebalance.delay.ms': v.optional(milliseconds, 3000),
  /** K-74. Bounds of what a consumer may ask for as its session timeout. */
  'group.min.session.timeout.ms': v.optional(milliseconds, 6000),
  'group.max.session.timeout.ms': v.optional(milliseconds, 1_800_000),
});

export const kafkaSystem = v.strictObject({
  broker: v.literal('kafka'),
  topics: v.pipe(v.array(kafkaTopic), v.minLength(1)),
  config: v.optional(kafkaBrokerConfig, {}),
});

export const kafkaProducerConfig = v.pipe(
  v.strictObject({
    acks: v.optional(v.picklist(['0', '1', 'all']), 'all'),
    'linger.ms': v.optional(milliseconds, 5),
    'batch.size': v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 16_384),
    'buffer.memory': v.optional(positive, 33_554_432),
    /** K-35. How long a `send()` may block. */
    'max.block.ms': v.optional(milliseconds, 60_000),
    /** K-34. Left out, it is on where `acks` and `retries` allow it; set to true where they do not, it is an error. */
    'enable.idempotence': v.optional(v.boolean()),
    'max.in.flight.requests.per.connection': v.optional(positive, 5),
    retries: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 2_147_483_647),
    'retry.backoff.ms': v.optional(milliseconds, 100),
    'retry.backoff.max.ms': v.optional(milliseconds, 1000),
    'request.timeout.ms': v.optional(milliseconds, 30_000),
    /** K-31. Left out, 120 000, or what linger and request timeout need if that is more. */
    'delivery.timeout.ms': v.optional(milliseconds),
    'metadata.max.age.ms': v.optional(milliseconds, 300_000),
    'partitioner.ignore.keys': v.optional(v.boolean(), false),
  }),
  v.forward(
    v.check(
      (config) => config['enable.idempotence'] !== true || (config.acks === 'all' && config.retries > 0),
      'expected acks "all" and retries above 0 where idempotence is demanded (K-34)',
    ),
    ['enable.idempotence'],
  ),
  v.forward(
    v.check(
      (config) => !isIdempotent(config) || config['max.in.flight.requests.per.connection'] <= 5,
      'expected at most 5 where idempotence is on (K-34)',
    ),
    ['max.in.flight.requests.per.connection'],
  ),
  v.forward(
    v.check(
      (config) =>
        (config['delivery.timeout.ms'] ?? Infinity) >= config['linger.ms'] + config['request.timeout.ms'],
      'expected at least linger.ms + request.timeout.ms (K-31)',
    ),
    ['delivery.timeout.ms'],
  ),
);

/** K-34. Left at its default, idempotence goes off silently where `acks` or `retries` do not allow it. */
export function isIdempotent(config: {
  readonly acks: string;
  readonly retries: number;
  readonly 'enable.idempotence'?: boolean | undefined;
}): boolean {
  return config['enable.idempotence'] ?? (config.acks === 'all' && config.retries > 0);
}

/** What an application sends: when, with which keys, how big. */
export const load = v.strictObject({
  ratePerSecond: v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000)),
  /** `steady`: equal gaps; `poisson`: exponentially distributed gaps. */
  arrivals: v.optional(v.picklist(['steady', 'poisson']), 'steady'),
  /** Stops after so many messages; without it, goes on. */
  count: v.optional(positive),
  /** Stops at this virtual time, milliseconds. */
  untilMs: v.optional(milliseconds),
});

export const keys = v.variant('kind', [
  v.strictObject({ kind: v.literal('none') }),
  /** The keys in turn. */
  v.strictObject({ kind: v.literal('cycle'), keys: v.pipe(v.array(v.string()), v.minLength(1)) }),
  v.strictObject({ kind: v.literal('uniform'), keys: v.pipe(v.array(v.string()), v.minLength(1)) }),
  /** The n-th key with weight 1/n^skew. */
  v.strictObject({
    kind: v.literal('zipf'),
    keys: v.pipe(v.array(v.string()), v.minLength(1)),
    skew: v.pipe(v.number(), v.minValue(0), v.maxValue(10)),
  }),
]);

export const kafkaProducer = v.strictObject({
  id: clientId,
  role: v.literal('producer'),
  label: v.optional(v.string()),
  startMs: v.optional(milliseconds, 0),
  topic: topicName,
  load,
  keys: v.optional(keys, { kind: 'none' }),
  bytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1_048_576)), 100),
  config: v.optional(kafkaProducerConfig, {}),
});

export const kafkaConsumerConfig = v.pipe(
  v.strictObject({
    'group.instance.id': v.optional(id),
    'partition.assignment.strategy': v.optional(v.pipe(v.array(v.picklist(ASSIGNORS)), v.minLength(1)), [
      'range',
      'cooperative-sticky',
    ]),
    'session.timeout.ms': v.optional(milliseconds, 45_000),
    'heartbeat.interval.ms': v.optional(positive, 3000),
    'max.poll.interval.ms': v.optional(positive, 300_000),
    'max.poll.records': v.optional(positive, 500),
    'enable.auto.commit': v.optional(v.boolean(), true),
    'auto.commit.interval.ms': v.optional(milliseconds, 5000),
    'auto.offset.reset': v.optional(v.picklist(['latest', 'earliest', 'none']), 'latest'),
    'fetch.min.bytes': v.optional(positive, 1),
    'fetch.max.wait.ms': v.optional(milliseconds, 500),
    'max.partition.fetch.bytes': v.optional(positive, 1_048_576),
    'fetch.max.bytes': v.optional(positive, 52_428_800),
    'request.timeout.ms': v.optional(milliseconds, 30_000),
    'retry.backoff.ms': v.optional(milliseconds, 100),
    'metadata.max.age.ms': v.optional(milliseconds, 300_000),
  }),
  v.forward(
    v.check(
      (config) => config['heartbeat.interval.ms'] < config['session.timeout.ms'],
      'expected less than session.timeout.ms (K-74)',
    ),
    ['heartbeat.interval.ms'],
  ),
);

export const kafkaConsumer = v.strictObject({
  id: clientId,
  role: v.literal('consumer'),
  label: v.optional(v.string()),
  startMs: v.optional(milliseconds, 0),
  group: id,
  topics: v.pipe(v.array(topicName), v.minLength(1)),
  /** How long the application works on one record, milliseconds. */
  processingMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(86_400_000)), 1),
  /** What the application's code does about offsets when `enable.auto.commit` is false (K-72). */
  commit: v.optional(v.picklist(['after-batch', 'after-each', 'before-batch', 'never']), 'after-batch'),
  config: v.optional(kafkaConsumerConfig, {}),
});

export const kafkaClient = v.variant('role', [kafkaProducer, kafkaConsumer]);

/** What a timeline, or a reader, may do to Kafka beyond what can be done to any broker. */
export const kafkaAction = v.variant('do', [
  /** K-1, K-23: raises the partition count of a topic to `total`. */
  v.strictObject({ do: v.literal('create-partitions'), topic: topicName, total: partitions }),
  /** A producer sends `count` records at once, with this key or (null) none. */
  v.strictObject({
    do: v.literal('produce'),
    client: id,
    key: v.nullable(v.string()),
    count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000)), 1),
  }),
]);

export type KafkaSystem = v.InferOutput<typeof kafkaSystem>;
export type KafkaProducer = v.InferOutput<typeof kafkaProducer>;
export type KafkaConsumer = v.InferOutput<typeof kafkaConsumer>;
export type KafkaClient = v.InferOutput<typeof kafkaClient>;
export type KafkaAction = v.InferOutput<typeof kafkaAction>;
