/**
 * Kafka in its own words: what a scenario may say of a cluster and of what is done to it, with Kafka 4.x's defaults and
 * units. Names are the configuration's own; rule ids refer to the dossier of this model (RULES.md). Its clients are in
 * client-config.ts.
 */
import * as v from 'valibot';

export const id = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected 1 to 40 of a-z, 0-9 and hyphen, not starting with a hyphen'),
);
export const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2_147_483_647));
export const positive = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2_147_483_647));
/** A time or a size that −1 turns off. */
const limit = v.pipe(v.number(), v.integer(), v.minValue(-1), v.maxValue(Number.MAX_SAFE_INTEGER));
const duration = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));

/** Broker processes a cluster may have. */
export const BROKERS_MAX = 9;
export const CONTROLLER = 'controller';
/** The process that an administrator's command-line tools run in. */
export const CONSOLE = 'console';
export function brokerName(number: number): string {
  return `broker-${number}`;
}

export const clientId = v.pipe(
  id,
  v.check(
    (name) => !/^broker-\d+$/.test(name) && name !== CONTROLLER && name !== CONSOLE,
    'expected another id than those of the cluster\'s own processes: "broker-1" and so on, "controller", "console"',
  ),
);
export const topicName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9._-]{1,249}$/, 'expected a topic name: 1 to 249 of letters, digits, ".", "_" and "-"'),
  v.check((name) => name !== '.' && name !== '..', 'expected another topic name than "." and ".."'),
  v.check(
    (name) => !name.startsWith('__'),
    'expected a topic name that does not begin with "__", as internal ones do',
  ),
);

/** Partitions of one topic that the simulator takes: far above what a figure can show. */
export const PARTITIONS_MAX = 1024;
export const partitions = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(PARTITIONS_MAX));

/** What a topic may set for itself; what it leaves out, the broker's settings decide. */
export const topicConfigEntries = {
  /** K-57. */
  'min.insync.replicas': v.optional(positive),
  /** K-61. */
  'unclean.leader.election.enable': v.optional(v.boolean()),
  /** K-11, K-16. */
  'cleanup.policy': v.optional(v.picklist(['delete', 'compact', 'compact,delete'])),
  /** K-7; since 4.0 at least 1 MiB (KIP-1030). */
  'segment.bytes': v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1_048_576), v.maxValue(2_147_483_647)),
  ),
  'segment.ms': v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER)),
  ),
  'segment.jitter.ms': v.optional(duration),
  /** K-13, K-14. */
  'retention.ms': v.optional(limit),
  'retention.bytes': v.optional(limit),
  /** K-16. */
  'min.cleanable.dirty.ratio': v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  'min.compaction.lag.ms': v.optional(duration),
  'max.compaction.lag.ms': v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER)),
  ),
  /** K-19. */
  'delete.retention.ms': v.optional(duration),
  /** K-10. */
  'message.timestamp.type': v.optional(v.picklist(['CreateTime', 'LogAppendTime'])),
  'message.timestamp.before.max.ms': v.optional(duration),
  'message.timestamp.after.max.ms': v.optional(duration),
  /** K-6. */
  'max.message.bytes': v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2_147_483_647))),
} as const;
export const topicConfig = v.strictObject(topicConfigEntries);

/** Kafka 4.x's defaults for what neither the topic nor the broker sets. */
export const TOPIC_DEFAULTS = {
  'min.insync.replicas': 1,
  'unclean.leader.election.enable': false,
  'cleanup.policy': 'delete',
  'segment.bytes': 1_073_741_824,
  'segment.ms': 604_800_000,
  'segment.jitter.ms': 0,
  'retention.ms': 604_800_000,
  'retention.bytes': -1,
  'min.cleanable.dirty.ratio': 0.5,
  'min.compaction.lag.ms': 0,
  'max.compaction.lag.ms': Number.MAX_SAFE_INTEGER,
  'delete.retention.ms': 86_400_000,
  'message.timestamp.type': 'CreateTime',
  'message.timestamp.before.max.ms': Number.MAX_SAFE_INTEGER,
  'message.timestamp.after.max.ms': 3_600_000,
  'max.message.bytes': 1_048_588,
} as const satisfies Record<keyof typeof topicConfigEntries, unknown>;

const brokerNumber = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(BROKERS_MAX));

export const kafkaTopic = v.strictObject({
  name: topicName,
  partitions,
  /** K-51. Copies of each partition, on as many brokers. */
  replicationFactor: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(BROKERS_MAX)), 1),
  /** Brokers of each partition by number, the preferred leader first; left out, they are dealt in turn. */
  replicas: v.optional(v.array(v.pipe(v.array(brokerNumber), v.minLength(1)))),
  config: v.optional(topicConfig, {}),
});

export const brokerConfigEntries = {
  /** K-78. How long an empty group waits for more members before its first rebalance. */
  'group.initial.rebalance.delay.ms': v.optional(milliseconds, 3000),
  /** K-74. Bounds of what a consumer may ask for as its session timeout. */
  'group.min.session.timeout.ms': v.optional(milliseconds, 6000),
  'group.max.session.timeout.ms': v.optional(milliseconds, 1_800_000),
  /** K-85. */
  'group.consumer.heartbeat.interval.ms': v.optional(positive, 5000),
  'group.consumer.session.timeout.ms': v.optional(positive, 45_000),
  /** K-90. */
  'group.consumer.assignment.interval.ms': v.optional(milliseconds, 1000),
  'group.consumer.assignors': v.optional(v.pipe(v.array(v.picklist(['uniform', 'range'])), v.minLength(1)), [
    'uniform',
    'range',
  ]),
  /** K-102 to K-104. */
  'group.share.heartbeat.interval.ms': v.optional(positive, 5000),
  'group.share.session.timeout.ms': v.optional(positive, 45_000),
  'group.share.assignment.interval.ms': v.optional(milliseconds, 1000),
  'group.share.delivery.count.limit': v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(2), v.maxValue(10)),
    5,
  ),
  'group.share.record.lock.duration.ms': v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(1000), v.maxValue(3_600_000)),
    30_000,
  ),
  'group.share.partition.max.record.locks': v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(100), v.maxValue(10_000)),
    2000,
  ),
  'share.auto.offset.reset': v.optional(v.picklist(['latest', 'earliest']), 'latest'),
  /** K-20. */
  'offsets.retention.minutes': v.optional(positive, 10_080),
  'offsets.retention.check.interval.ms': v.optional(positive, 600_000),
  'offsets.topic.replication.factor': v.optional(positive, 3),
  /** K-55. */
  'replica.lag.time.max.ms': v.optional(positive, 30_000),
  /** K-51. */
  'replica.fetch.wait.max.ms': v.optional(positive, 500),
  'replica.fetch.max.bytes': v.optional(positive, 1_048_576),
  'replica.fetch.backoff.ms': v.optional(positive, 1000),
  /** K-65. */
  'broker.heartbeat.interval.ms': v.optional(positive, 2000),
  'broker.session.timeout.ms': v.optional(positive, 9000),
  /** K-57, K-61: for topics that do not say. */
  'min.insync.replicas': v.optional(positive, 1),
  'unclean.leader.election.enable': v.optional(v.boolean(), false),
  /** K-64. */
  'auto.leader.rebalance.enable': v.optional(v.boolean(), true),
  'leader.imbalance.check.interval.seconds': v.optional(positive, 300),
  'leader.imbalance.per.broker.percentage': v.optional(
    v.pipe(v.number(), v.minValue(0), v.maxValue(100)),
    10,
  ),
  /** K-63: the feature `eligible.leader.replicas.version`, 1 on new clusters since 4.1. */
  'eligible.leader.replicas.version': v.optional(v.picklist([0, 1]), 1),
  /** K-11. */
  'log.retention.check.interval.ms': v.optional(positive, 300_000),
  'log.initial.task.delay.ms': v.optional(milliseconds, 30_000),
  /** K-16. */
  'log.cleaner.backoff.ms': v.optional(positive, 15_000),
  /** K-41, K-46. */
  'producer.id.expiration.ms': v.optional(positive, 86_400_000),
  'transactional.id.expiration.ms': v.optional(positive, 604_800_000),
  'transaction.max.timeout.ms': v.optional(positive, 900_000),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': v.optional(positive, 10_000),
  'transaction.state.log.replication.factor': v.optional(positive, 3),
  'transaction.state.log.min.isr': v.optional(positive, 2),
} as const;
export const kafkaBrokerConfig = v.strictObject(brokerConfigEntries);

const micros = v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000));
const bytesPerSecond = v.nullable(positive);

/**
 * What a broker's work takes: a model, not a measurement of Kafka. Where each figure comes from, the page on costs says
 * (content/facts/costs.json).
 */
export const costs = v.strictObject({
  /** What one request takes on the request thread, microseconds. */
  requestMicros: v.optional(micros, 20),
  /** What an append takes on top of it, per batch: a write into the page cache (K-66), microseconds. */
  appendMicros: v.optional(micros, 30),
  /** What a network card carries each way, bytes a second; null: not counted. */
  networkBytesPerSecond: v.optional(bytesPerSecond, null),
  /**
   * What the disk takes, bytes a second; null: not counted. Nobody waits for a write (K-66), but what is appended must get
   * there in the end, so the request thread appends no faster.
   */
  diskBytesPerSecond: v.optional(bytesPerSecond, null),
});

export const kafkaSystem = v.strictObject({
  broker: v.literal('kafka'),
  /** Broker processes: broker-1, broker-2 and so on, beside one controller. */
  brokers: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(BROKERS_MAX)), 1),
  topics: v.array(kafkaTopic),
  config: v.optional(kafkaBrokerConfig, {}),
  costs: v.optional(costs, {}),
});

/** What a timeline, or a reader, may do to Kafka beyond what can be done to any broker. */
export const kafkaAction = v.variant('do', [
  /** K-1, K-23: raises the partition count of a topic to `total`. */
  v.strictObject({ do: v.literal('create-partitions'), topic: topicName, total: partitions }),
  /** A producer sends `count` records at once, with this key or (null) none; a null value is a tombstone (K-19). */
  v.strictObject({
    do: v.literal('produce'),
    client: id,
    key: v.nullable(v.string()),
    value: v.optional(v.nullable(v.pipe(v.string(), v.maxLength(10_000)))),
    count: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000)), 1),
  }),
  /** Sets, or with null removes, a topic's own settings while it runs. */
  v.strictObject({
    do: v.literal('alter-configs'),
    topic: topicName,
    config: v.partial(
      v.strictObject(
        Object.fromEntries(
          Object.entries(topicConfigEntries).map(([name, entry]) => [name, v.nullish(entry.wrapped)]),
        ) as {
          [K in keyof typeof topicConfigEntries]: v.NullishSchema<
            (typeof topicConfigEntries)[K]['wrapped'],
            undefined
          >;
        },
      ),
    ),
  }),
  /** K-60, K-64. `partition` left out: all of them. */
  v.strictObject({
    do: v.literal('elect-leaders'),
    election: v.picklist(['preferred', 'unclean']),
    topic: topicName,
    partition: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  }),
  /** K-70: the application calls seek() at its next poll. `places` left out: every partition it has. */
  v.strictObject({
    do: v.literal('seek'),
    client: id,
    to: v.variant('kind', [
      v.strictObject({ kind: v.literal('beginning') }),
      v.strictObject({ kind: v.literal('end') }),
      v.strictObject({ kind: v.literal('offset'), offset: v.pipe(v.number(), v.integer(), v.minValue(0)) }),
      /** The first record of this time or later (K-10); milliseconds of the run. */
      v.strictObject({ kind: v.literal('time'), atMs: v.pipe(v.number(), v.minValue(0)) }),
    ]),
    places: v.optional(v.array(v.string())),
  }),
  /**
   * K-72: the application calls commitSync(), or commitAsync(), at its next poll. `offsets` by partition; left out, they are
   * its positions.
   */
  v.strictObject({
    do: v.literal('commit'),
    client: id,
    async: v.optional(v.boolean(), false),
    offsets: v.optional(v.record(v.string(), v.pipe(v.number(), v.safeInteger(), v.minValue(0)))),
  }),
  /** The application calls pause() or resume() for partitions that it keeps. */
  v.strictObject({ do: v.literal('pause-partitions'), client: id, places: v.optional(v.array(v.string())) }),
  v.strictObject({ do: v.literal('resume-partitions'), client: id, places: v.optional(v.array(v.string())) }),
  /** A line typed at the prompt of a command-line tool, or into the tool that runs. */
  v.strictObject({ do: v.literal('type'), line: v.pipe(v.string(), v.maxLength(10_000)) }),
  /** Ctrl-C (`interrupt`) or Ctrl-D (`end`) at the tool that runs. */
  v.strictObject({ do: v.literal('key'), key: v.picklist(['interrupt', 'end']) }),
]);

export type TopicConfig = v.InferOutput<typeof topicConfig>;
/** Every setting of a topic, its own, its broker's or Kafka's. */
export type EffectiveTopicConfig = { readonly [K in keyof TopicConfig]-?: NonNullable<TopicConfig[K]> };
export type KafkaTopic = v.InferOutput<typeof kafkaTopic>;
export type KafkaBrokerConfig = v.InferOutput<typeof kafkaBrokerConfig>;
export type Costs = v.InferOutput<typeof costs>;
export type KafkaSystem = v.InferOutput<typeof kafkaSystem>;
export type KafkaAction = v.InferOutput<typeof kafkaAction>;

/** What holds for a topic: its own setting, else its broker's, else Kafka's default. */
export function effectiveConfig(own: TopicConfig, broker: KafkaBrokerConfig): EffectiveTopicConfig {
  const set = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined));
  return {
    ...TOPIC_DEFAULTS,
    'min.insync.replicas': broker['min.insync.replicas'],
    'unclean.leader.election.enable': broker['unclean.leader.election.enable'],
    ...set,
  };
}
