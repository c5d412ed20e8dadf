/**
 * RabbitMQ's clients in AMQP's words: publishers, consumers, and applications that make one call after another on a
 * channel of their own.
 */
import * as v from 'valibot';
import { keys, load, processingMs, processingTimes } from '../load.ts';
import {
  binding,
  clientId,
  exchange,
  milliseconds,
  nodeNumber,
  positive,
  queue,
  shortString,
  table,
} from './config.ts';

const priority = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255));
const prefetch = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535));
const bytes = v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(536_870_912)), 100);

/** The node it connects to first, and what it does when that connection is lost. */
const connection = {
  id: clientId,
  label: v.optional(v.string()),
  startMs: v.optional(milliseconds, 0),
  node: v.optional(nodeNumber, 1),
  /** Automatic recovery, as of the Java client: it waits so long, then connects to the next node, and goes on. */
  recoveryMs: v.optional(milliseconds, 5000),
} as const;

export const publisher = v.strictObject({
  ...connection,
  role: v.literal('publisher'),
  exchange: v.optional(shortString, ''),
  /** The routing key; `{key}` in it is replaced by the message's key. */
  routingKey: v.optional(shortString, '{key}'),
  /** The routing keys of messages with these keys, where `routingKey` is not theirs. */
  routingKeys: v.optional(v.record(v.string(), shortString), {}),
  load,
  keys: v.optional(keys, { kind: 'none' }),
  bytes,
  mandatory: v.optional(v.boolean(), false),
  /** AMQP's delivery_mode: 1 transient, 2 persistent. */
  deliveryMode: v.optional(v.picklist([1, 2]), 2),
  priority: v.optional(priority),
  /** per-message TTL, a string of milliseconds. */
  expiration: v.optional(v.string()),
  headers: v.optional(table, {}),
  /** whether it puts its channel into confirm mode. */
  confirms: v.optional(v.boolean(), true),
  /** With confirms: unconfirmed messages after which the application waits. 0: it does not. */
  maxUnconfirmed: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  /** What it does with what was nacked, or not confirmed when its connection was lost: sends it again, or gives it up. */
  unconfirmed: v.optional(v.picklist(['resend', 'give-up']), 'resend'),
  /** How long it waits before it sends again what was nacked. */
  resendMs: v.optional(milliseconds, 1000),
});

/** What the application does with messages of a key instead of acknowledging them. */
const trouble = v.strictObject({
  /** The key; null for every message. */
  key: v.nullable(v.string()),
  outcome: v.picklist([
    /** basic.reject, basic.nack; with or without requeue. */
    'reject',
    'reject-requeue',
    'nack',
    'nack-requeue',
    /** It never answers. */
    'stall',
    /** The process dies. */
    'crash',
  ]),
  /** Only so many times; then it acknowledges. */
  times: v.optional(positive),
});

export const consumer = v.strictObject({
  ...connection,
  role: v.literal('consumer'),
  /** The queues it consumes, all on one channel. */
  queues: v.pipe(v.array(shortString), v.minLength(1)),
  /** What it declares first, on its own connection: a temporary queue of its own, say. */
  declares: v.optional(
    v.strictObject({
      exchanges: v.optional(v.array(exchange), []),
      queues: v.optional(
        v.array(v.strictObject({ ...queue.entries, exclusive: v.optional(v.boolean(), false) })),
        [],
      ),
      bindings: v.optional(v.array(binding), []),
    }),
    {},
  ),
  /** basic.qos before it consumes. Left out, none is sent and the server's default holds. */
  prefetchCount: v.optional(prefetch),
  /** one limit for the channel instead of one for each consumer. */
  global: v.optional(v.boolean(), false),
  /** `no-ack` of basic.consume: settled as soon as it is sent. */
  autoAck: v.optional(v.boolean(), false),
  exclusive: v.optional(v.boolean(), false),
  /** R-40 `x-priority`, R-58 `x-stream-offset`. */
  arguments: v.optional(table, {}),
  processingMs,
  processingTimes,
  /** Acknowledges before it works on a message, or when it has. */
  ack: v.optional(v.picklist(['after', 'before']), 'after'),
  /** Acknowledges every n-th delivery, and all before it (`multiple`). */
  ackEvery: v.optional(positive, 1),
  troubles: v.optional(v.array(trouble), []),
});

const messageOf = {
  key: v.optional(v.nullable(v.string()), null),
  bytes,
  deliveryMode: v.optional(v.picklist([1, 2]), 2),
  priority: v.optional(priority),
  expiration: v.optional(v.string()),
  headers: v.optional(table, {}),
  userId: v.optional(v.string()),
} as const;

/**
 * One call of AMQP 0-9-1 on the application's channel. A delivery tag is the channel's own number; `atMs` is when
 * the call is made at the earliest: the application makes them in order, and waits for each reply.
 */
const call = v.variant('call', [
  v.strictObject({ call: v.literal('exchange.declare'), exchange, passive: v.optional(v.boolean(), false) }),
  v.strictObject({
    call: v.literal('exchange.delete'),
    name: shortString,
    ifUnused: v.optional(v.boolean(), false),
  }),
  v.strictObject({
    call: v.literal('queue.declare'),
    queue: v.strictObject({ ...queue.entries, name: shortString, exclusive: v.optional(v.boolean(), false) }),
    passive: v.optional(v.boolean(), false),
  }),
  v.strictObject({
    call: v.literal('queue.delete'),
    name: shortString,
    ifUnused: v.optional(v.boolean(), false),
    ifEmpty: v.optional(v.boolean(), false),
  }),
  v.strictObject({ call: v.literal('queue.purge'), name: shortString }),
  v.strictObject({
    call: v.literal('bind'),
    binding: v.strictObject({ ...binding.entries, source: shortString }),
  }),
  v.strictObject({
    call: v.literal('unbind'),
    binding: v.strictObject({ ...binding.entries, source: shortString }),
  }),
  v.strictObject({
    call: v.literal('basic.publish'),
    exchange: v.optional(shortString, ''),
    routingKey: v.optional(shortString, ''),
    mandatory: v.optional(v.boolean(), false),
    immediate: v.optional(v.boolean(), false),
    ...messageOf,
  }),
  v.strictObject({
    call: v.literal('basic.qos'),
    prefetchCount: prefetch,
    prefetchSize: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
    global: v.optional(v.boolean(), false),
  }),
  v.strictObject({
    call: v.literal('basic.consume'),
    queue: shortString,
    tag: v.optional(shortString, ''),
    noAck: v.optional(v.boolean(), false),
    exclusive: v.optional(v.boolean(), false),
    arguments: v.optional(table, {}),
  }),
  v.strictObject({ call: v.literal('basic.cancel'), tag: shortString }),
  v.strictObject({ call: v.literal('basic.get'), queue: shortString, noAck: v.optional(v.boolean(), false) }),
  v.strictObject({
    call: v.literal('basic.ack'),
    tag: v.pipe(v.number(), v.integer(), v.minValue(0)),
    multiple: v.optional(v.boolean(), false),
  }),
  v.strictObject({
    call: v.literal('basic.nack'),
    tag: v.pipe(v.number(), v.integer(), v.minValue(0)),
    multiple: v.optional(v.boolean(), false),
    requeue: v.optional(v.boolean(), true),
  }),
  v.strictObject({
    call: v.literal('basic.reject'),
    tag: v.pipe(v.number(), v.integer(), v.minValue(0)),
    requeue: v.optional(v.boolean(), true),
  }),
  v.strictObject({ call: v.literal('basic.recover'), requeue: v.optional(v.boolean(), true) }),
  v.strictObject({ call: v.literal('confirm.select') }),
  v.strictObject({ call: v.literal('tx.select') }),
  v.strictObject({ call: v.literal('tx.commit') }),
  v.strictObject({ call: v.literal('tx.rollback') }),
  /** Closes the channel, or the connection, in good order; the next call opens another. */
  v.strictObject({ call: v.literal('channel.close') }),
  v.strictObject({ call: v.literal('connection.close') }),
]);

export const application = v.strictObject({
  ...connection,
  role: v.literal('application'),
  /** Calls in order. `channel` numbers the channels of its one connection, from 1. */
  calls: v.pipe(
    v.array(
      v.strictObject({
        atMs: v.optional(milliseconds, 0),
        channel: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2047)), 1),
        do: call,
      }),
    ),
    v.maxLength(10_000),
  ),
});

export const rabbitmqClient = v.variant('role', [publisher, consumer, application]);

export type Publisher = v.InferOutput<typeof publisher>;
export type Consumer = v.InferOutput<typeof consumer>;
export type Application = v.InferOutput<typeof application>;
export type Call = v.InferOutput<typeof call>;
export type RabbitmqClient = v.InferOutput<typeof rabbitmqClient>;
