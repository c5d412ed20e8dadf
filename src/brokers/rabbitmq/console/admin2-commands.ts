/** What `rabbitmqadmin` v2 takes: its command groups, their commands, and the options of each. */
import type { ValueKind } from './options.ts';

export interface Option2 {
  /** Its id, which stands for its value in the usage. */
  readonly id: string;
  readonly short?: string;
  readonly required?: true;
  /** A flag takes nothing. */
  readonly kind: 'text' | 'bool' | 'count' | 'flag';
  readonly oneOf?: readonly string[];
  readonly value?: ValueKind;
  readonly default?: string;
  readonly about: string;
}

/** What a command does; several commands do the same under different names. */
export type Act2 =
  | `list ${'bindings' | 'channels' | 'connections' | 'consumers' | 'exchanges' | 'operator_policies' | 'policies' | 'queues'}`
  | 'show queue'
  | 'show overview'
  | `declare ${'queue' | 'exchange' | 'binding' | 'policy' | 'operator_policy'}`
  | `delete ${'queue' | 'exchange' | 'binding' | 'policy' | 'operator_policy'}`
  | 'purge queue'
  | 'publish message'
  | 'get messages';

export interface Command2 {
  readonly group: string;
  readonly name: string;
  readonly act: Act2;
  readonly about: string;
  readonly options: readonly Option2[];
}

export const longOf = ({ id }: Option2): string => `--${id.replace(/_/g, '-')}`;

const name = (what: string, value: ValueKind = null): Option2 => ({
  id: 'name',
  required: true,
  kind: 'text',
  value,
  about: what,
});
const ARGUMENTS: Option2 = { id: 'arguments', kind: 'text', default: '{}', about: 'additional arguments' };
const COLUMNS: Option2 = { id: 'columns', kind: 'text', about: 'comma-separated list of columns to display' };
const IDEMPOTENTLY: Option2 = {
  id: 'idempotently',
  kind: 'flag',
  about: 'do not consider 404 Not Found API responses to be errors',
};
const DURABLE: Option2 = { id: 'durable', kind: 'bool', about: 'should it persist after a restart' };
const AUTO_DELETE: Option2 = {
  id: 'auto_delete',
  kind: 'bool',
  about: 'should it be deleted when nobody uses it any more',
};

const QUEUE = [
  name('name'),
  {
    id: 'type',
    kind: 'text',
    oneOf: ['classic', 'quorum', 'stream'],
    default: 'classic',
    about: 'queue type',
  },
  DURABLE,
  AUTO_DELETE,
  ARGUMENTS,
] satisfies readonly Option2[];
const EXCHANGE = [
  name('exchange name'),
  {
    id: 'type',
    kind: 'text',
    oneOf: ['direct', 'fanout', 'headers', 'topic', 'x-consistent-hash'],
    default: 'direct',
    about: 'exchange type',
  },
  DURABLE,
  AUTO_DELETE,
  ARGUMENTS,
] satisfies readonly Option2[];
const BINDING = [
  { id: 'source', required: true, kind: 'text', value: 'source', about: 'source exchange' },
  {
    id: 'destination_type',
    required: true,
    kind: 'text',
    oneOf: ['exchange', 'queue'],
    about: 'destination type: exchange or queue',
  },
  {
    id: 'destination',
    required: true,
    kind: 'text',
    value: 'queue',
    about: 'destination exchange/queue name',
  },
  { id: 'routing_key', required: true, kind: 'text', about: 'routing key' },
  ARGUMENTS,
] satisfies readonly Option2[];
const POLICY = [
  name('policy name', 'policy'),
  {
    id: 'pattern',
    required: true,
    kind: 'text',
    about: 'the pattern that is used to match entity (queue, stream, exchange) names',
  },
  {
    id: 'apply_to',
    required: true,
    kind: 'text',
    oneOf: ['all', 'classic_queues', 'exchanges', 'queues', 'quorum_queues', 'streams'],
    about: 'entities to apply to',
  },
  {
    id: 'priority',
    kind: 'text',
    default: '0',
    about: 'policy priority (only the policy with the highest priority is effective)',
  },
  { id: 'definition', required: true, kind: 'text', about: 'policy definition' },
] satisfies readonly Option2[];

const list = (group: string, command: string, act: Act2, columns = false): Command2 => ({
  group,
  name: command,
  act,
  about: `Lists ${act.slice(5).replace('_', ' ')}`,
  options: columns ? [COLUMNS] : [],
});
const declare = (group: string, command: string, what: string, options: readonly Option2[]): Command2 => ({
  group,
  name: command,
  act: `declare ${what}` as Act2,
  about: `Declares, or updates, a ${what.replace('_', ' ')}`,
  options,
});
const remove = (group: string, command: string, what: string, options: readonly Option2[]): Command2 => ({
  group,
  name: command,
  act: `delete ${what}` as Act2,
  about: `Deletes a ${what.replace('_', ' ')}`,
  options: [...options, IDEMPOTENTLY],
});
const purge = (group: string, command: string): Command2 => ({
  group,
  name: command,
  act: 'purge queue',
  about: 'Purges a queue: removes the messages that are ready in it',
  options: [name('name of the queue to purge', 'queue')],
});

export const COMMANDS2: readonly Command2[] = [
  declare('bindings', 'declare', 'binding', BINDING),
  remove('bindings', 'delete', 'binding', BINDING),
  list('bindings', 'list', 'list bindings'),
  list('channels', 'list', 'list channels'),
  list('connections', 'list', 'list connections'),
  declare('declare', 'binding', 'binding', BINDING),
  declare('declare', 'exchange', 'exchange', EXCHANGE),
  declare('declare', 'operator_policy', 'operator_policy', POLICY),
  declare('declare', 'policy', 'policy', POLICY),
  declare('declare', 'queue', 'queue', QUEUE),
  remove('delete', 'binding', 'binding', BINDING),
  remove('delete', 'exchange', 'exchange', [name('exchange name', 'exchange')]),
  remove('delete', 'operator_policy', 'operator_policy', [name('policy name', 'policy')]),
  remove('delete', 'policy', 'policy', [name('policy name', 'policy')]),
  remove('delete', 'queue', 'queue', [name('queue name', 'queue')]),
  declare('exchanges', 'bind', 'binding', BINDING),
  declare('exchanges', 'declare', 'exchange', EXCHANGE),
  remove('exchanges', 'delete', 'exchange', [name('exchange name', 'exchange')]),
  list('exchanges', 'list', 'list exchanges'),
  remove('exchanges', 'unbind', 'binding', BINDING),
  {
    group: 'get',
    name: 'messages',
    act: 'get messages',
    about: 'Fetches message(s) from a queue by polling. Not available for streams',
    options: [
      { id: 'queue', short: 'q', required: true, kind: 'text', value: 'queue', about: 'Target queue name' },
      {
        id: 'count',
        short: 'c',
        kind: 'count',
        default: '1',
        about: 'Maximum number of messages to consume',
      },
      {
        id: 'ack_mode',
        short: 'a',
        kind: 'text',
        default: 'ack_requeue_false',
        about:
          'ack_requeue_false, reject_requeue_false, ack_requeue_true, reject_requeue_true; the first by default',
      },
    ],
  },
  list('list', 'bindings', 'list bindings'),
  list('list', 'channels', 'list channels'),
  list('list', 'connections', 'list connections'),
  list('list', 'consumers', 'list consumers'),
  list('list', 'exchanges', 'list exchanges'),
  list('list', 'operator_policies', 'list operator_policies'),
  list('list', 'policies', 'list policies'),
  list('list', 'queues', 'list queues', true),
  declare('operator_policies', 'declare', 'operator_policy', POLICY),
  remove('operator_policies', 'delete', 'operator_policy', [name('policy name', 'policy')]),
  list('operator_policies', 'list', 'list operator_policies'),
  declare('policies', 'declare', 'policy', POLICY),
  remove('policies', 'delete', 'policy', [name('policy name', 'policy')]),
  list('policies', 'list', 'list policies'),
  {
    group: 'publish',
    name: 'message',
    act: 'publish message',
    about: 'Publishes a message. Only suitable for development and test environments',
    options: [
      { id: 'routing_key', short: 'k', kind: 'text', value: 'queue', default: '', about: 'Routing key' },
      { id: 'exchange', short: 'e', kind: 'text', value: 'source', default: '', about: 'Exchange name' },
      { id: 'payload', short: 'm', kind: 'text', default: 'test', about: 'Message payload/body' },
      {
        id: 'payload_file',
        short: 'f',
        kind: 'text',
        about: "'-' to read the payload from standard input; this console has no files",
      },
      { id: 'properties', short: 'p', kind: 'text', default: '{}', about: 'Message properties' },
    ],
  },
  purge('purge', 'queue'),
  declare('queues', 'declare', 'queue', QUEUE),
  remove('queues', 'delete', 'queue', [name('queue name', 'queue')]),
  list('queues', 'list', 'list queues', true),
  purge('queues', 'purge'),
  {
    group: 'queues',
    name: 'show',
    act: 'show queue',
    about: 'Shows details for a single queue',
    options: [name('queue name', 'queue'), COLUMNS],
  },
  {
    group: 'show',
    name: 'overview',
    act: 'show overview',
    about: 'Displays essential information about target node and its cluster',
    options: [],
  },
];

export const GROUPS2 = [...new Set(COMMANDS2.map(({ group }) => group))];

export const TABLE_STYLES = ['ascii', 'borderless', 'dots', 'markdown', 'modern', 'psql', 'sharp'] as const;

/** Options of every command; those that are not global stand before the command's name. */
export const GLOBAL2: readonly (Option2 & { readonly global?: true })[] = [
  { id: 'host', short: 'H', kind: 'text', about: 'HTTP API hostname to use when connecting' },
  { id: 'port', short: 'P', kind: 'count', about: 'HTTP API port to use when connecting' },
  {
    id: 'vhost',
    short: 'V',
    kind: 'text',
    global: true,
    about: "target virtual host. Defaults to '/'",
  },
  {
    id: 'username',
    short: 'u',
    kind: 'text',
    about: 'this user must have the permissions for HTTP API access',
  },
  { id: 'password', short: 'p', kind: 'text', about: 'requires username to be specified' },
  {
    id: 'timeout',
    kind: 'count',
    default: '60',
    about: 'HTTP API request timeout in seconds. Must be greater than 0',
  },
  { id: 'quiet', short: 'q', kind: 'flag', about: 'produce less output' },
  { id: 'non_interactive', kind: 'flag', global: true, about: 'pass when invoking from scripts' },
  {
    id: 'table_style',
    kind: 'text',
    global: true,
    oneOf: TABLE_STYLES,
    about: 'style preset to apply to output tables',
  },
  { id: 'version', kind: 'flag', about: 'Print version' },
];

/** Columns of `queues list`. Memory and consumers' utilisation are 0, as where the API says nothing of them. */
export const QUEUE_COLUMNS2 = [
  'name',
  'vhost',
  'queue_type',
  'durable',
  'auto_delete',
  'exclusive',
  'arguments',
  'node',
  'state',
  'leader',
  'members',
  'online',
  'memory',
  'consumer_count',
  'consumer_utilisation',
  'policy',
  'operator_policy',
  'message_bytes',
  'message_count',
  'unacknowledged_message_count',
];
