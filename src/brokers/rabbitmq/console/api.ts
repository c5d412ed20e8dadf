/**
 * The management plugin's HTTP API as far as the tools use it: the objects that it lists, and what becomes of a request
 * that the server refuses.
 */
import { codeName } from '../amqp-error.ts';
import type { BindingSettings, FieldValue, PolicySettings, Table, Version } from '../config.ts';
import { serverName } from '../names.ts';
import { erlangNode } from './address.ts';
import { utf8Length } from '../../utf8.ts';
import {
  channelRows,
  connectionRows,
  consumerRows,
  queueRows,
  type ChannelRow,
  type ConnectionRow,
  type ConsumerRow,
  type QueueRow,
} from './rows.ts';
import { amqp, type AmqpAnswer, type AmqpCall, type ClusterFacts, type Gotten, type Part } from './script.ts';

/** A JSON object of the API. */
export type Json = FieldValue;
export interface JsonObject {
  readonly [name: string]: Json;
}

export const LISTED = [
  'bindings',
  'channels',
  'connections',
  'consumers',
  'exchanges',
  'nodes',
  'operator_policies',
  'policies',
  'queues',
  'vhosts',
] as const;
export type Listed = (typeof LISTED)[number];

/** What the API lists under a name, in its order. */
export function objects(listed: Listed, facts: ClusterFacts): JsonObject[] {
  const { target } = facts;
  switch (listed) {
    case 'bindings':
      return sorted(target.bindings.map(bindingObject), 'source', 'destination', 'routing_key');
    case 'channels':
      return sorted(channelRows(facts).map(channelObject), 'name');
    case 'connections':
      return sorted(connectionRows(facts).map(connectionObject), 'name');
    case 'consumers':
      return consumerRows(facts).map(consumerObject);
    case 'exchanges':
      return sorted(
        target.exchanges.map(({ name, type, durable, autoDelete, internal, arguments: given, policy }) => ({
          arguments: given,
          auto_delete: autoDelete,
          durable,
          internal,
          name,
          ...(policy === null ? {} : { policy }),
          type,
          vhost: '/',
        })),
        'name',
      );
    case 'nodes':
      return target.nodes.map((node) => ({
        name: erlangNode(node),
        running: target.running.includes(node),
        type: 'disc',
        ...Object.fromEntries(
          (['memory', 'disk'] as const).map((resource) => [
            resource === 'memory' ? 'mem_alarm' : 'disk_free_alarm',
            target.alarms.some((alarm) => alarm.node === node && alarm.resource === resource),
          ]),
        ),
      }));
    case 'operator_policies':
      return sorted(target.operatorPolicies.map(policyObject), 'name');
    case 'policies':
      return sorted(target.policies.map(policyObject), 'name');
    case 'queues':
      return sorted(queueRows(facts).map(queueObject), 'name');
    case 'vhosts':
      return [{ name: '/', ...totals(facts) }];
  }
}

export function overview(facts: ClusterFacts, release: string): JsonObject {
  const { target } = facts;
  return {
    cluster_name: erlangNode(target.nodes[0]!),
    management_version: release,
    node: erlangNode(target.node),
    object_totals: {
      channels: channelRows(facts).length,
      connections: connectionRows(facts).length,
      consumers: consumerRows(facts).length,
      exchanges: target.exchanges.length,
      queues: target.queues.length,
    },
    queue_totals: totals(facts),
    rabbitmq_version: release,
  };
}

function totals(facts: ClusterFacts): JsonObject {
  let [ready, unacknowledged, all] = [0, 0, 0];
  for (const { here } of queueRows(facts)) {
    if (!here) continue;
    ready += here.ready;
    unacknowledged += here.unacknowledged;
    all += here.ready + here.unacknowledged + here.held;
  }
  return { messages: all, messages_ready: ready, messages_unacknowledged: unacknowledged };
}

/** A value of an answer as a table shows it. */
export function plain(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function sorted(rows: JsonObject[], ...keys: readonly string[]): JsonObject[] {
  return rows.sort((a, b) => {
    for (const key of keys) {
      const [x, y] = [plain(a[key]), plain(b[key])];
      if (x !== y) return x < y ? -1 : 1;
    }
    return 0;
  });
}

function queueObject({ queue, here, node, state, online }: QueueRow): JsonObject {
  const { name, type, durable, autoDelete, exclusive, arguments: given, policy, operatorPolicy } = queue;
  const declared: JsonObject = {
    arguments: given,
    auto_delete: autoDelete,
    durable,
    effective_policy_definition: queue.effectivePolicyDefinition,
    exclusive,
    name,
    node: erlangNode(node),
    ...(operatorPolicy === null ? {} : { operator_policy: operatorPolicy }),
    ...(policy === null ? {} : { policy }),
    state,
    type,
    vhost: '/',
    ...(type === 'classic' ? {} : { members: queue.members.map(erlangNode), online: online.map(erlangNode) }),
  };
  if (!here) return declared;
  const { ready, unacknowledged, held, readyBytes, unacknowledgedBytes, consumers } = here;
  return {
    ...declared,
    consumers: consumers.length,
    ...(type === 'classic' ? {} : { leader: erlangNode(node) }),
    message_bytes: readyBytes + unacknowledgedBytes,
    message_bytes_ready: readyBytes,
    message_bytes_unacknowledged: unacknowledgedBytes,
    messages: ready + unacknowledged + held,
    messages_ready: ready,
    messages_unacknowledged: unacknowledged,
  };
}

/**
 * What a binding is called among those of the same two ends: its key, and with arguments a hash of them. The real hash is
 * MD5 of an Erlang term; this one only looks like it.
 */
export function propertiesKey({ routingKey, arguments: given }: BindingSettings): string {
  const noArguments = Object.keys(given).length === 0;
  if (noArguments) return routingKey === '' ? '~' : routingKey;
  return `${routingKey}~${serverName(JSON.stringify(given))}`;
}

function bindingObject(binding: BindingSettings): JsonObject {
  const { source, destination, destinationType, routingKey, arguments: given } = binding;
  return {
    arguments: given,
    destination,
    destination_type: destinationType,
    properties_key: propertiesKey(binding),
    routing_key: routingKey,
    source,
    vhost: '/',
  };
}

function connectionObject({ name, node, client, port, state, channels }: ConnectionRow): JsonObject {
  return {
    channels,
    host: node,
    name,
    node: erlangNode(node),
    peer_host: client,
    peer_port: port,
    port: 5672,
    protocol: 'AMQP 0-9-1',
    state,
    user: 'guest',
    vhost: '/',
  };
}

function channelObject(channel: ChannelRow): JsonObject {
  const { client, port, name } = channel.connectionRow;
  return {
    acks_uncommitted: channel.acksUncommitted,
    confirm: channel.confirm,
    connection_details: { name, peer_host: client, peer_port: port },
    consumer_count: channel.consumers,
    global_prefetch_count: channel.globalPrefetch,
    messages_unacknowledged: channel.unacknowledged,
    messages_uncommitted: channel.uncommitted,
    messages_unconfirmed: channel.unconfirmed,
    name: channel.name,
    node: erlangNode(channel.node),
    number: channel.number,
    prefetch_count: channel.prefetch,
    state: 'running',
    transactional: channel.transactional,
    user: 'guest',
    vhost: '/',
  };
}

function consumerObject({ queue, channel, consumer }: ConsumerRow): JsonObject {
  const { tag, ackRequired, active, prefetch, priority } = consumer;
  return {
    ack_required: ackRequired,
    active,
    activity_status: active ? 'up' : 'waiting',
    arguments: priority === 0 ? {} : { 'x-priority': priority },
    ...(channel
      ? {
          channel_details: {
            connection_name: channel.connectionRow.name,
            name: channel.name,
            node: erlangNode(channel.node),
            number: channel.number,
            peer_host: channel.client,
            peer_port: channel.connectionRow.port,
            user: 'guest',
          },
        }
      : {}),
    consumer_tag: tag,
    exclusive: false,
    prefetch_count: prefetch,
    queue: { name: queue, vhost: '/' },
  };
}

function policyObject({ name, pattern, priority, definition, 'apply-to': to }: PolicySettings): JsonObject {
  return { 'apply-to': to, definition, name, pattern, priority, vhost: '/' };
}

/** A request that the API refuses: the status of its answer, and the reason in it. */
export interface ApiError {
  readonly status: 400 | 401 | 404 | 500 | 'unreachable';
  readonly reason: string;
}

export const NOT_FOUND: ApiError = { status: 404, reason: 'Not Found' };

/** Declarations and deletions: the API says what the server says, without its code. */
export function* direct(node: string, call: AmqpCall): Part<ApiError | null> {
  const answer = yield* amqp(node, call);
  if (answer.kind === 'done') return null;
  if (answer.kind !== 'refused') return { status: 'unreachable', reason: '' };
  const { code, text } = answer;
  if (code === 404) return { status: 404, reason: text };
  if (code === 403 || code === 530) return { status: 401, reason: 'Access refused.' };
  return { status: 400, reason: text };
}

/** What is done on a channel of its own: a soft error has its code's name in it. */
function onChannel(answer: Extract<AmqpAnswer, { kind: 'refused' }>): ApiError {
  const { code, text } = answer;
  const soft = code < 500 && code !== 402;
  return { status: 400, reason: soft ? `${codeName(code)} - ${text}` : `${code} ${text}` };
}

/** @returns whether the message was routed anywhere */
export function* publish(
  node: string,
  message: Omit<Extract<AmqpCall, { call: 'publish' }>, 'call'>,
): Part<boolean | ApiError> {
  const exchange = message.exchange === 'amq.default' ? '' : message.exchange;
  const answer = yield* amqp(node, { call: 'publish', ...message, exchange });
  switch (answer.kind) {
    case 'published':
      if (answer.confirmed) return answer.routed;
      return { status: 400, reason: 'rejected Unable to publish message. Check queue limits.' };
    case 'confirm-timeout':
      return {
        status: 400,
        reason:
          'confirm_timeout Timed out waiting for a publisher confirm. The message may still have been enqueued. Check the health of the queues bound to this exchange.',
      };
    case 'refused':
      return onChannel(answer);
    default:
      return { status: 'unreachable', reason: '' };
  }
}

export const ACK_MODES = [
  'ack_requeue_false',
  'ack_requeue_true',
  'reject_requeue_false',
  'reject_requeue_true',
] as const;
export type AckMode = (typeof ACK_MODES)[number];
/** How a mode settles what was got; null: it was settled with the delivery. */
const HOW = {
  ack_requeue_false: null,
  ack_requeue_true: 'nack',
  reject_requeue_false: 'reject',
  reject_requeue_true: 'requeue',
} as const;

/**
 * Gets messages, all of them before any goes back. With `ack_requeue_true` those of 3.10 go back because the channel ends,
 * and from 4.x on they are nacked, which a quorum queue of 4.3 does not count.
 */
export function* getMessages(
  node: string,
  queue: string,
  count: number,
  mode: AckMode,
  version: Version,
): Part<JsonObject[] | ApiError> {
  const got: JsonObject[] = [];
  const tags: number[] = [];
  while (got.length < count) {
    const answer = yield* amqp(node, { call: 'get', queue, noAck: mode === 'ack_requeue_false' });
    if (answer.kind === 'refused') return onChannel(answer);
    if (answer.kind !== 'got') return { status: 'unreachable', reason: '' };
    if (answer.delivery === null) break;
    got.push(messageObject(answer.delivery, answer.left));
    tags.push(answer.delivery.deliveryTag);
  }
  const how = HOW[mode];
  if (how !== null && !(how === 'nack' && version === '3.10')) {
    for (const deliveryTag of tags) yield* amqp(node, { call: 'settle', deliveryTag, how });
  }
  return got;
}

function messageObject(delivery: Gotten, left: number): JsonObject {
  const { exchange, routingKey, payload, redelivered, headers, persistent, priority, expiration } = delivery;
  const properties: Table = {
    ...(persistent ? { delivery_mode: 2 } : {}),
    ...(expiration === null ? {} : { expiration }),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
    ...(priority === null ? {} : { priority }),
  };
  return {
    exchange,
    message_count: left,
    payload,
    payload_bytes: utf8Length(payload),
    payload_encoding: 'string',
    // An empty object is an empty list to Erlang.
    properties: Object.keys(properties).length > 0 ? properties : [],
    redelivered,
    routing_key: routingKey,
  };
}

/** Properties of a message, of those that the model has. */
export function propertiesIn(
  given: Table,
): Pick<Extract<AmqpCall, { call: 'publish' }>, 'persistent' | 'priority' | 'expiration' | 'headers'> {
  const { delivery_mode: deliveryMode, priority, expiration, headers } = given;
  return {
    persistent: deliveryMode === 2,
    priority: typeof priority === 'number' ? priority : null,
    expiration: typeof expiration === 'string' ? expiration : null,
    headers:
      typeof headers === 'object' && headers !== null && !Array.isArray(headers) ? (headers as Table) : {},
  };
}

/** The releases whose API this is. */
export const RELEASES: Readonly<Record<Version, string>> = {
  '3.10': '3.10.8',
  '4.2': '4.2.9',
  '4.3': '4.3.5',
};
