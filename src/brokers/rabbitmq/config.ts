/**
 * RabbitMQ in its own words: what a scenario may say of a cluster, its exchanges, queues and bindings, and of what is done
 * to it. Names are AMQP's and the server's own, defaults those of the version that is chosen; rule ids refer to the
 * dossier of this model (RULES.md). Its clients are in client-config.ts.
 */
import * as v from 'valibot';

/**
 * The versions that differ in what a reader sees: 3.10, which Debian ships; 4.2, the last with Mnesia and with every
 * return counted; 4.3.
 */
export const VERSIONS = ['3.10', '4.2', '4.3'] as const;
export type Version = (typeof VERSIONS)[number];

/** Node processes a cluster may have. */
export const NODES_MAX = 9;
/** The process that an administrator's command-line tools run in. */
export const CONSOLE = 'console';
export function nodeName(number: number): string {
  return `rabbit-${number}`;
}

export const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2_147_483_647));
export const positive = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2_147_483_647));
export const nodeNumber = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(NODES_MAX));
/** AMQP's short string. */
export const shortString = v.pipe(v.string(), v.maxLength(255, 'expected at most 255 characters'));
const nonEmpty = v.pipe(shortString, v.minLength(1, 'expected a name'));

export const clientId = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9][a-z0-9-]{0,39}$/, 'expected 1 to 40 of a-z, 0-9 and hyphen, not starting with a hyphen'),
  v.check(
    (name) => !/^rabbit-\d+$/.test(name) && name !== CONSOLE,
    'expected another id than those of the cluster\'s own processes: "rabbit-1" and so on, "console"',
  ),
);

/** A value of an AMQP table, as far as JSON can say it; null is AMQP's void. An array is AMQP's array. */
export type FieldValue = string | number | boolean | null | readonly FieldValue[] | Table;
/** Headers of a message, arguments of a declaration or a binding. */
export interface Table {
  readonly [name: string]: FieldValue;
}
const fieldValue: v.GenericSchema<FieldValue> = v.lazy(() =>
  v.union([
    v.string(),
    v.number(),
    v.boolean(),
    v.null(),
    v.array(fieldValue),
    v.record(v.string(), fieldValue),
  ]),
);
export const table: v.GenericSchema<Table> = v.record(v.string(), fieldValue);

export const EXCHANGE_TYPES = ['direct', 'fanout', 'topic', 'headers', 'x-consistent-hash'] as const;
export type ExchangeType = (typeof EXCHANGE_TYPES)[number];

export const exchange = v.strictObject({
  name: nonEmpty,
  type: v.picklist(EXCHANGE_TYPES),
  durable: v.optional(v.boolean(), true),
  /** */
  autoDelete: v.optional(v.boolean(), false),
  /** */
  internal: v.optional(v.boolean(), false),
  /** R-25 `alternate-exchange`; R-21 `hash-header`, `hash-property`. */
  arguments: v.optional(table, {}),
});

export const queue = v.strictObject({
  name: nonEmpty,
  /** */
  durable: v.optional(v.boolean(), true),
  autoDelete: v.optional(v.boolean(), false),
  /**
   * `x-queue-type` (classic, quorum, stream), `x-message-ttl`, `x-expires`, `x-max-length`,
   * `x-max-length-bytes`, `x-overflow`, `x-dead-letter-exchange`, `x-dead-letter-routing-key`, `x-dead-letter-strategy`,
   * `x-max-priority`, `x-delivery-limit`, `x-single-active-consumer`, `x-quorum-initial-group-size`,
   * `x-consumer-timeout`, `x-delayed-retry-type`, `x-delayed-retry-min`, `x-delayed-retry-max`, `x-max-age`,
   * `x-stream-max-segment-size-bytes`.
   */
  arguments: v.optional(table, {}),
  /** The node that declares it: a classic queue lives there, a quorum queue or stream has its first leader there. */
  node: v.optional(nodeNumber, 1),
});

export const binding = v.strictObject({
  source: nonEmpty,
  destination: nonEmpty,
  destinationType: v.optional(v.picklist(['queue', 'exchange']), 'queue'),
  routingKey: v.optional(shortString, ''),
  arguments: v.optional(table, {}),
});

/** Keys of `definition` are those of the arguments without `x-`. */
export const policy = v.strictObject({
  name: nonEmpty,
  /** A regular expression that the name of a queue or exchange must match. */
  pattern: v.pipe(
    v.string(),
    v.maxLength(255),
    v.check((text) => isPattern(text), 'expected a regular expression'),
  ),
  'apply-to': v.optional(
    v.picklist(['all', 'exchanges', 'queues', 'classic_queues', 'quorum_queues', 'streams']),
    'all',
  ),
  priority: v.optional(v.pipe(v.number(), v.integer()), 0),
  definition: table,
  /** An operator policy merges on top of the ordinary one. */
  operator: v.optional(v.boolean(), false),
});

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}

/** Settings of the server (rabbitmq.conf), with the server's own names. */
export const serverConfig = v.strictObject({
  /** milliseconds. */
  consumer_timeout: v.optional(positive, 1_800_000),
  channel_tick_interval: v.optional(positive, 60_000),
  /** R-59; seconds. How long nodes bear one another's silence. */
  net_ticktime: v.optional(positive, 60),
  /** left out, that of the version. */
  max_message_size: v.optional(v.pipe(positive, v.maxValue(536_870_912))),
  /** bytes of messages in memory above which a node raises its alarm; left out, none. */
  'vm_memory_high_watermark.absolute': v.optional(positive),
  /** */
  credit_flow_initial: v.optional(positive, 400),
  credit_flow_more_after: v.optional(positive, 200),
  quorum_commands_soft_limit: v.optional(positive, 32),
  /** */
  quorum_cluster_size: v.optional(positive, 3),
  /** 0, no limit. */
  default_consumer_prefetch: v.optional(
    v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535)),
    0,
  ),
});

/**
 * What work takes: a model, not a measurement of RabbitMQ. Where each figure comes from, the page on costs says
 * (content/facts/costs.json). Microseconds unless the name says otherwise.
 */
export const costs = v.strictObject({
  /** A channel reads one method from its socket: decodes, routes, hands over. */
  channelMicros: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000)), 4),
  /** A queue process takes one message, gives one out, or settles one. */
  queueMicros: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000)), 4),
  /** One write of a batch to disk and its fsync, milliseconds. */
  fsyncMs: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(60_000)), 1),
  /** What a network card and a disk carry, bytes a second. */
  networkBytesPerSecond: v.optional(positive, 1_250_000_000),
  diskBytesPerSecond: v.optional(positive, 500_000_000),
});

export const rabbitmqSystem = v.strictObject({
  broker: v.literal('rabbitmq'),
  version: v.optional(v.picklist(VERSIONS), '4.3'),
  /** Node processes: rabbit-1, rabbit-2 and so on. */
  nodes: v.optional(nodeNumber, 1),
  exchanges: v.optional(v.pipe(v.array(exchange), v.maxLength(200)), []),
  queues: v.optional(v.pipe(v.array(queue), v.maxLength(1000)), []),
  bindings: v.optional(v.pipe(v.array(binding), v.maxLength(10_000)), []),
  policies: v.optional(v.pipe(v.array(policy), v.maxLength(100)), []),
  config: v.optional(serverConfig, {}),
  costs: v.optional(costs, {}),
});

const count = v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000)), 1);

/** What a timeline, or a reader, may do to RabbitMQ beyond what can be done to any broker. */
export const rabbitmqAction = v.variant('do', [
  /** A publisher sends `count` messages at once; what is left out is as the publisher's own settings say. */
  v.strictObject({
    do: v.literal('publish'),
    client: clientId,
    key: v.optional(v.nullable(v.string()), null),
    exchange: v.optional(shortString),
    routingKey: v.optional(shortString),
    headers: v.optional(table),
    priority: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255))),
    expiration: v.optional(v.string()),
    count,
  }),
  /** An administrator declares, deletes, binds, unbinds, purges: as a client of rabbit-1 would. */
  v.strictObject({ do: v.literal('declare-exchange'), exchange }),
  v.strictObject({ do: v.literal('delete-exchange'), name: nonEmpty }),
  v.strictObject({ do: v.literal('declare-queue'), queue }),
  v.strictObject({ do: v.literal('delete-queue'), name: nonEmpty }),
  v.strictObject({ do: v.literal('purge-queue'), name: nonEmpty }),
  v.strictObject({ do: v.literal('bind'), binding }),
  v.strictObject({ do: v.literal('unbind'), binding }),
  v.strictObject({ do: v.literal('set-policy'), policy }),
  v.strictObject({ do: v.literal('clear-policy'), name: nonEmpty, operator: v.optional(v.boolean(), false) }),
  /** a node's memory or disk is short (`on`), or no longer. */
  v.strictObject({
    do: v.literal('alarm'),
    node: nodeNumber,
    resource: v.optional(v.picklist(['memory', 'disk']), 'memory'),
    on: v.boolean(),
  }),
  /** A consumer cancels: it takes no more deliveries, and keeps its channel with what it has not settled. */
  v.strictObject({ do: v.literal('cancel'), client: clientId }),
  /** A line typed at the prompt of a command-line tool, and Ctrl-C or Ctrl-D. */
  v.strictObject({ do: v.literal('type'), line: v.pipe(v.string(), v.maxLength(10_000)) }),
  v.strictObject({ do: v.literal('key'), key: v.picklist(['interrupt', 'end']) }),
]);

export type RabbitmqSystem = v.InferOutput<typeof rabbitmqSystem>;
export type RabbitmqAction = v.InferOutput<typeof rabbitmqAction>;
export type ServerConfig = v.InferOutput<typeof serverConfig>;
export type Costs = v.InferOutput<typeof costs>;
export type ExchangeSettings = v.InferOutput<typeof exchange>;
export type QueueSettings = v.InferOutput<typeof queue>;
export type BindingSettings = v.InferOutput<typeof binding>;
export type PolicySettings = v.InferOutput<typeof policy>;
