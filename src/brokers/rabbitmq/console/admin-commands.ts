/** What the Python `rabbitmqadmin` of the 3.x releases takes: its actions, and the `name=value` words of each. */
import type { ValueKind } from './options.ts';

export interface AdminObject {
  readonly mandatory: readonly string[];
  readonly optional: Readonly<Record<string, string | null>>;
  /** Words that are JSON. */
  readonly json: readonly string[];
  /** The path of its request below /api; `{name}` is replaced, `{destination_char}` is q or e. */
  readonly path: string;
}

const EXCHANGE = '/exchanges/{vhost}/{name}';
const QUEUE = '/queues/{vhost}/{name}';
const BINDING = '/bindings/{vhost}/e/{source}/{destination_char}/{destination}';
const POLICY = '/policies/{vhost}/{name}';
const OPERATOR_POLICY = '/operator-policies/{vhost}/{name}';

const named = (path: string): AdminObject => ({ mandatory: ['name'], optional: {}, json: [], path });
const policy = (path: string): AdminObject => ({
  mandatory: ['name', 'pattern', 'definition'],
  optional: { priority: '0', 'apply-to': null },
  json: ['definition', 'priority'],
  path,
});

/** By action and by what it is done to. Those of users, permissions, parameters and limits are not in the simulation. */
export const OBJECTS: Readonly<
  Record<'declare' | 'delete' | 'purge', Readonly<Record<string, AdminObject>>>
> = {
  declare: {
    exchange: {
      mandatory: ['name', 'type'],
      optional: { auto_delete: 'false', durable: 'true', internal: 'false', arguments: '{}' },
      json: ['arguments'],
      path: EXCHANGE,
    },
    queue: {
      mandatory: ['name'],
      optional: { auto_delete: 'false', durable: 'true', arguments: '{}', node: null, queue_type: null },
      json: ['arguments'],
      path: QUEUE,
    },
    binding: {
      mandatory: ['source', 'destination'],
      optional: { destination_type: 'queue', routing_key: '', arguments: '{}' },
      json: ['arguments'],
      path: BINDING,
    },
    policy: policy(POLICY),
    operator_policy: policy(OPERATOR_POLICY),
  },
  delete: {
    exchange: named(EXCHANGE),
    queue: named(QUEUE),
    binding: {
      mandatory: ['source', 'destination_type', 'destination'],
      optional: { properties_key: '~' },
      json: [],
      path: `${BINDING}/{properties_key}`,
    },
    policy: named(POLICY),
    operator_policy: named(OPERATOR_POLICY),
  },
  purge: { queue: named(`${QUEUE}/contents`) },
};

export const PUBLISH: AdminObject = {
  mandatory: ['routing_key'],
  optional: { payload: null, properties: '{}', exchange: 'amq.default', payload_encoding: 'string' },
  json: ['properties'],
  path: '/exchanges/{vhost}/{exchange}/publish',
};

export const GET: AdminObject = {
  mandatory: ['queue'],
  optional: { count: '1', ackmode: 'ack_requeue_true', payload_file: null, encoding: 'auto' },
  json: [],
  path: '/queues/{vhost}/{queue}/get',
};

/** What can be listed, with the columns that are shown where none are asked for. */
export const LISTABLE: Readonly<
  Record<
    string,
    { readonly vhost: boolean; readonly columns?: readonly string[]; readonly json?: readonly string[] }
  >
> = {
  connections: { vhost: false, columns: ['name', 'user', 'channels'] },
  channels: { vhost: false, columns: ['name', 'user'] },
  consumers: { vhost: true },
  exchanges: { vhost: true, columns: ['name', 'type'] },
  queues: { vhost: true, columns: ['name', 'messages'] },
  bindings: { vhost: true, columns: ['source', 'destination', 'routing_key'] },
  vhosts: { vhost: false, columns: ['name', 'messages'] },
  nodes: { vhost: false, columns: ['name', 'type'] },
  policies: { vhost: false, json: ['definition'] },
  operator_policies: { vhost: false, json: ['definition'] },
};

export const OVERVIEW_COLUMNS = [
  'rabbitmq_version',
  'cluster_name',
  'queue_totals.messages',
  'object_totals.queues',
];

export const ACTIONS = ['declare', 'delete', 'get', 'help', 'list', 'publish', 'purge', 'show'] as const;

/** Options, with their short names; those that take something say of which kind. */
export const ADMIN_SWITCHES: readonly {
  readonly name: string;
  readonly short: string | null;
  readonly takes: 'text' | 'integer' | null;
  readonly about: string;
}[] = [
  { name: 'help', short: 'h', takes: null, about: 'show this help message and exit' },
  { name: 'host', short: 'H', takes: 'text', about: 'connect to host HOST [default: localhost]' },
  { name: 'port', short: 'P', takes: 'integer', about: 'connect to port PORT [default: 15672]' },
  {
    name: 'vhost',
    short: 'V',
    takes: 'text',
    about: "connect to vhost VHOST [default: all vhosts for list, '/' for declare]",
  },
  { name: 'username', short: 'u', takes: 'text', about: 'connect using username USERNAME [default: guest]' },
  { name: 'password', short: 'p', takes: 'text', about: 'connect using password PASSWORD [default: guest]' },
  { name: 'quiet', short: 'q', takes: null, about: 'suppress status messages' },
  {
    name: 'request-timeout',
    short: 't',
    takes: 'integer',
    about: 'HTTP request timeout in seconds [default: 120]',
  },
  {
    name: 'format',
    short: 'f',
    takes: 'text',
    about:
      'format for listing commands - one of [raw_json, pretty_json, tsv, long, table, kvp, bash] [default: table]',
  },
  { name: 'sort', short: 'S', takes: 'text', about: 'sort key for listing queries' },
  { name: 'sort-reverse', short: 'R', takes: null, about: 'reverse the sort order' },
  {
    name: 'depth',
    short: 'd',
    takes: 'integer',
    about: 'maximum depth to recurse for listing tables [default: 1]',
  },
  { name: 'version', short: null, takes: null, about: 'Display version and exit' },
];

/** What the value of a `name=` word is, for tab completion. */
export function valueOf(action: string, object: string | null, name: string): ValueKind {
  switch (name) {
    case 'queue':
      return 'queue';
    case 'exchange':
    case 'source':
      return 'source';
    case 'destination':
      return 'queue';
    case 'apply-to':
      return 'apply-to';
    case 'node':
      return 'node';
    case 'name':
      if (action === 'declare' && object !== 'policy' && object !== 'operator_policy') return null;
      if (object === 'queue') return 'queue';
      if (object === 'exchange') return 'exchange';
      return object === 'policy' || object === 'operator_policy' ? 'policy' : null;
    default:
      return null;
  }
}
