/**
 * Kafka's clients in their own words: what a scenario may say of producers, consumers, share consumers and applications
 * that are both, with Kafka 4.x's defaults and units.
 */
import * as v from 'valibot';
import { keys, load, processingMs, processingTimes } from '../load.ts';
import { ASSIGNORS } from './assignors.ts';
import { clientId, id, milliseconds, positive, topicName } from './config.ts';

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
    /** K-27. Left out, the built-in one: by key, and uniform sticky without (K-21 to K-26). */
    'partitioner.class': v.optional(v.picklist(['RoundRobinPartitioner'])),
    'partitioner.adaptive.partitioning.enable': v.optional(v.boolean(), true),
    'partitioner.availability.timeout.ms': v.optional(milliseconds, 0),
    'max.request.size': v.optional(positive, 1_048_576),
    /** K-43. Set, everything that is sent belongs to transactions. */
    'transactional.id': v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(249))),
    'transaction.timeout.ms': v.optional(positive, 60_000),
  }),
  v.forward(
    v.check(
      (config) => config['transactional.id'] === undefined || isIdempotent(config),
      'expected enable.idempotence, acks "all" and retries above 0 where a transactional.id is set (K-34)',
    ),
    ['transactional.id'],
  ),
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

export const transaction = v.strictObject({
  /** Records (of a processor: those read) in one transaction. */
  records: v.optional(positive, 5),
  /** Every n-th transaction is aborted by the application; 0: none. */
  abortEvery: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /** How long the application waits between the last record and the end of the transaction, milliseconds. */
  openMs: v.optional(milliseconds, 0),
});

const bytes = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2_097_152)), 100);

export const kafkaProducer = v.strictObject({
  id: clientId,
  role: v.literal('producer'),
  label: v.optional(v.string()),
  startMs: v.optional(milliseconds, 0),
  topic: topicName,
  load,
  keys: v.optional(keys, { kind: 'none' }),
  bytes,
  /** The partition that every record names (K-21); left out, the partitioner decides. */
  partition: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  /** What the application does with its transactional.id: how much goes into one transaction, and how it ends. */
  transaction: v.optional(transaction),
  config: v.optional(kafkaProducerConfig, {}),
});

export const kafkaConsumerConfig = v.pipe(
  v.strictObject({
    'group.instance.id': v.optional(id),
    /** Left out, [range, cooperative-sticky] (K-82). */
    'partition.assignment.strategy': v.optional(v.pipe(v.array(v.picklist(ASSIGNORS)), v.minLength(1))),
    /** Left out, 45 000 and 3000 (K-67). */
    'session.timeout.ms': v.optional(milliseconds),
    'heartbeat.interval.ms': v.optional(positive),
    'max.poll.interval.ms': v.optional(positive, 300_000),
    'max.poll.records': v.optional(positive, 500),
    'enable.auto.commit': v.optional(v.boolean(), true),
    'auto.commit.interval.ms': v.optional(milliseconds, 5000),
    /** K-69: `by_duration:PT1H` begins an hour back (KIP-1106). */
    'auto.offset.reset': v.optional(
      v.pipe(
        v.string(),
        v.regex(
          /^(latest|earliest|none|by_duration:P(?=.)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d{1,3})?S)?)?)$/,
          'expected "latest", "earliest", "none" or "by_duration:" and a duration such as PT1H',
        ),
      ),
      'latest',
    ),
    /** K-85. With `consumer`, the broker decides session timeout, heartbeat interval and assignor. */
    'group.protocol': v.optional(v.picklist(['classic', 'consumer']), 'classic'),
    'group.remote.assignor': v.optional(v.picklist(['uniform', 'range'])),
    /** K-49. */
    'isolation.level': v.optional(v.picklist(['read_uncommitted', 'read_committed']), 'read_uncommitted'),
    'default.api.timeout.ms': v.optional(positive, 60_000),
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
      (config) => (config['heartbeat.interval.ms'] ?? 3000) < (config['session.timeout.ms'] ?? 45_000),
      'expected less than session.timeout.ms (K-74)',
    ),
    ['heartbeat.interval.ms'],
  ),
  v.forward(
    v.check(
      (config) =>
        config['group.protocol'] === 'classic' ||
        ['partition.assignment.strategy', 'session.timeout.ms', 'heartbeat.interval.ms'].every(
          (name) => config[name as 'session.timeout.ms'] === undefined,
        ),
      'expected no session.timeout.ms, heartbeat.interval.ms or partition.assignment.strategy where group.protocol is "consumer": the broker decides them (K-85)',
    ),
    ['group.protocol'],
  ),
);

export const kafkaConsumer = v.strictObject({
  id: clientId,
  role: v.literal('consumer'),
  label: v.optional(v.string()),
  startMs: v.optional(milliseconds, 0),
  group: id,
  topics: v.pipe(v.array(topicName), v.minLength(1)),
  /** The partitions that it reads by assign(), "orders-0"; left out, it subscribes and its group shares them out. */
  assign: v.optional(v.pipe(v.array(v.string()), v.minLength(1))),
  processingMs,
  processingTimes,
  /**
   * Keys whose records its work fails on, each time or only so many times. Kafka knows no answer to that (K-103 does): the
   * application works on the record again after a pause, and everything behind it waits; or it goes on without it.
   */
  troubles: v.optional(
    v.array(
      v.strictObject({
        key: v.string(),
        outcome: v.picklist(['retry', 'skip']),
        times: v.optional(positive),
      }),
    ),
    [],
  ),
  /** What the application's code does about offsets when `enable.auto.commit` is false (K-72). */
  commit: v.optional(v.picklist(['after-batch', 'after-each', 'before-batch', 'never']), 'after-batch'),
  config: v.optional(kafkaConsumerConfig, {}),
});

/** K-103, K-106: what the application of a share consumer does with a record. */
const outcome = v.picklist(['accept', 'release', 'reject', 'stall', 'crash']);

export const kafkaShareConsumerConfig = v.strictObject({
  /** K-106. */
  'share.acknowledgement.mode': v.optional(v.picklist(['implicit', 'explicit']), 'implicit'),
  'max.poll.records': v.optional(positive, 500),
  'max.poll.interval.ms': v.optional(positive, 300_000),
  'fetch.min.bytes': v.optional(positive, 1),
  'fetch.max.wait.ms': v.optional(milliseconds, 500),
  'request.timeout.ms': v.optional(milliseconds, 30_000),
  'retry.backoff.ms': v.optional(milliseconds, 100),
  'metadata.max.age.ms': v.optional(milliseconds, 300_000),
});

export const kafkaShareConsumer = v.strictObject({
  id: clientId,
  role: v.literal('share-consumer'),
  label: v.optional(v.string()),
  startMs: v.optional(milliseconds, 0),
  group: id,
  topics: v.pipe(v.array(topicName), v.minLength(1)),
  processingMs,
  processingTimes,
  /** What it does with records of these keys instead of accepting them; needs explicit acknowledgement, save `stall` and `crash`. */
  troubles: v.optional(v.array(v.strictObject({ key: v.string(), outcome })), []),
  config: v.optional(kafkaShareConsumerConfig, {}),
});

/** An application that reads, works and writes, with its offsets in the same transaction (K-48). */
export const kafkaProcessor = v.strictObject({
  id: clientId,
  role: v.literal('processor'),
  label: v.optional(v.string()),
  startMs: v.optional(milliseconds, 0),
  group: id,
  topics: v.pipe(v.array(topicName), v.minLength(1)),
  /** Where it writes one record for each that it reads, with the same key. */
  to: topicName,
  processingMs,
  processingTimes,
  bytes,
  transaction: v.optional(transaction, {}),
  consumer: v.optional(kafkaConsumerConfig, {}),
  /** Without a transactional.id it commits its offsets by itself, after it has written. */
  producer: v.optional(kafkaProducerConfig, {}),
});

export const kafkaClient = v.variant('role', [
  kafkaProducer,
  kafkaConsumer,
  kafkaShareConsumer,
  kafkaProcessor,
]);

export type KafkaProducer = v.InferOutput<typeof kafkaProducer>;
export type KafkaProducerConfig = v.InferOutput<typeof kafkaProducerConfig>;
export type KafkaConsumer = v.InferOutput<typeof kafkaConsumer>;
export type KafkaConsumerConfig = v.InferOutput<typeof kafkaConsumerConfig>;
export type KafkaShareConsumer = v.InferOutput<typeof kafkaShareConsumer>;
export type KafkaProcessor = v.InferOutput<typeof kafkaProcessor>;
export type KafkaClient = v.InferOutput<typeof kafkaClient>;
