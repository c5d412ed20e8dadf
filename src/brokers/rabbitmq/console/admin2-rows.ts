/** The tables of `rabbitmqadmin` v2: the objects of the API as the tool names and orders their members. */
import { QUEUE_COLUMNS2 } from './admin2-commands.ts';
import { plain, type Json, type JsonObject, type Listed } from './api.ts';

/** A member of the API's object under the tool's name for it. */
type Column = readonly [header: string, of: string];

const same = (...names: readonly string[]): Column[] => names.map((name) => [name, name]);

const QUEUE: Readonly<Record<string, string>> = {
  queue_type: 'type',
  consumer_count: 'consumers',
  message_count: 'messages',
  unacknowledged_message_count: 'messages_unacknowledged',
};
const POLICIES: readonly Column[] = [
  ...same('name', 'vhost', 'pattern'),
  ['apply_to', 'apply-to'],
  ...same('priority', 'definition'),
];

const COLUMNS: Readonly<Partial<Record<Listed, readonly Column[]>>> = {
  queues: QUEUE_COLUMNS2.map((header) => [header, QUEUE[header] ?? header]),
  exchanges: [
    ...same('name', 'vhost'),
    ['exchange_type', 'type'],
    ...same('durable', 'auto_delete', 'arguments'),
  ],
  bindings: same(
    'vhost',
    'source',
    'destination',
    'destination_type',
    'routing_key',
    'arguments',
    'properties_key',
  ),
  connections: [
    ...same('name', 'node', 'state', 'protocol'),
    ['username', 'user'],
    ['server_hostname', 'host'],
    ['server_port', 'port'],
    ['client_hostname', 'peer_host'],
    ['client_port', 'peer_port'],
    ['channel_count', 'channels'],
  ],
  channels: [
    ['id', 'number'],
    ...same('name', 'vhost', 'state', 'consumer_count'),
    ['has_publisher_confirms_enabled', 'confirm'],
    ...same('prefetch_count', 'messages_unacknowledged', 'messages_unconfirmed'),
  ],
  consumers: [
    ['vhost', 'queue.vhost'],
    ['queue', 'queue.name'],
    ...same('consumer_tag'),
    ['manual_ack', 'ack_required'],
    ...same('prefetch_count', 'active', 'exclusive', 'arguments'),
    ['delivery_ack_timeout', 'consumer_timeout'],
  ],
  policies: POLICIES,
  operator_policies: POLICIES,
};

const MESSAGE = same(
  'payload_bytes',
  'redelivered',
  'exchange',
  'routing_key',
  'message_count',
  'properties',
  'payload',
  'payload_encoding',
);

/** Members that the tool takes for 0 where the API leaves them out. */
const COUNTED = [
  'memory',
  'consumer_count',
  'consumer_utilisation',
  'message_bytes',
  'message_count',
  'unacknowledged_message_count',
];
/** Tables whose every line the tool ends, the last one too. */
const ENDED = ['consumers', 'policies', 'operator_policies'];

/** @param asked headers, or null for all; one that is unknown is left out */
export function tableOf(
  listed: Listed | 'messages',
  items: readonly JsonObject[],
  asked: readonly string[] | null,
): string[][] {
  const all = listed === 'messages' ? MESSAGE : (COLUMNS[listed] ?? []);
  const columns =
    asked === null ? all : asked.flatMap((header) => all.filter(([name]) => name === header).slice(0, 1));
  const ended = ENDED.includes(listed) || listed === 'messages';
  return [
    columns.map(([header]) => header),
    ...items.map((item) => columns.map(([header, of]) => cell(header, member(item, of), ended))),
  ];
}

function member(item: JsonObject, path: string): Json | undefined {
  if (!path.includes('.')) return item[path];
  const [outer = '', inner = ''] = path.split('.');
  const object = item[outer];
  return typeof object === 'object' && object !== null && !Array.isArray(object)
    ? (object as JsonObject)[inner]
    : undefined;
}

function cell(header: string, value: Json | undefined, ended: boolean): string {
  if (value === undefined || value === null) return COUNTED.includes(header) ? '0' : '';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return (value as readonly Json[]).map(String).join('\n');
  const lines = Object.entries(value).map(([name, one]) => `${name}: ${JSON.stringify(one)}`);
  return ended && lines.length > 0 ? `${lines.join('\n')}\n` : lines.join('\n');
}

/** Rows of `show overview`; rates are not in the simulation. */
export function overviewTable(overview: JsonObject): string[][] {
  const of = (path: string): string => plain(member(overview, path));
  return [
    ['key', 'value'],
    ['Product name', 'RabbitMQ'],
    ['Product version', of('rabbitmq_version')],
    ['RabbitMQ version', of('rabbitmq_version')],
    ['Connections (total)', of('object_totals.connections')],
    ['AMQP 0-9-1 channels (total)', of('object_totals.channels')],
    ['Queues and streams (total)', of('object_totals.queues')],
    ['Consumers (total)', of('object_totals.consumers')],
    ['Messages (total)', of('queue_totals.messages')],
    ['Messages ready for delivery (total)', of('queue_totals.messages_ready')],
    [
      'Messages delivered but unacknowledged by consumers (total)',
      of('queue_totals.messages_unacknowledged'),
    ],
  ];
}
