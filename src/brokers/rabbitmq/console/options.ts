/**
 * The commands of `rabbitmqctl`, as far as the simulation has them: usage, columns, options. Names and order are those of
 * the releases 3.10.8 and 4.3.
 */

export type Release = '3.10' | '4.2' | '4.3';

/** What an argument or an option takes, for tab completion. */
export type ValueKind = 'queue' | 'exchange' | 'source' | 'policy' | 'node' | 'formatter' | 'apply-to' | null;

export interface SwitchSpec {
  /** Without hyphens. */
  readonly name: string;
  readonly short?: string;
  readonly takes: 'nothing' | 'text' | 'integer';
  readonly value?: ValueKind;
  readonly about: string;
}

export interface CtlCommand {
  readonly name: string;
  readonly about: string;
  /** What stands after the program's general options; another line where 4.x says more. */
  readonly usage: string;
  readonly usage4?: string;
  /** How many positional arguments; null: columns. */
  readonly arguments: number | null;
  readonly values?: readonly ValueKind[];
  readonly switches: readonly SwitchSpec[];
  readonly columns?: Readonly<Record<'3.10' | '4', readonly string[]>>;
  readonly defaults?: readonly string[];
}

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

export const FORMATTERS = ['csv', 'json', 'pretty_table', 'table'] as const;

export const GENERAL: readonly SwitchSpec[] = [
  { name: 'node', short: 'n', takes: 'text', value: 'node', about: 'connect to node <node>' },
  { name: 'longnames', short: 'l', takes: 'nothing', about: 'use long host names' },
  { name: 'quiet', short: 'q', takes: 'nothing', about: 'suppress informational messages' },
  {
    name: 'silent',
    short: 's',
    takes: 'nothing',
    about: 'suppress informational messages and table header row',
  },
  { name: 'vhost', short: 'p', takes: 'text', about: 'virtual host to use; this cluster has /' },
  {
    name: 'formatter',
    takes: 'text',
    value: 'formatter',
    about: 'alternative result formatter to use: json, pretty_table, table, csv',
  },
  { name: 'help', short: '?', takes: 'nothing', about: 'displays command help' },
];

const TIMEOUT: SwitchSpec = {
  name: 'timeout',
  short: 't',
  takes: 'integer',
  about: 'operation timeout in seconds',
};
const NO_HEADERS: SwitchSpec = {
  name: 'no-table-headers',
  takes: 'nothing',
  about: 'leaves the header row out',
};

const QUEUE_COLUMNS = words(`name durable auto_delete arguments policy pid owner_pid exclusive
  exclusive_consumer_pid exclusive_consumer_tag messages_ready messages_unacknowledged messages messages_ready_ram
  messages_unacknowledged_ram messages_ram messages_persistent message_bytes message_bytes_ready
  message_bytes_unacknowledged message_bytes_ram message_bytes_persistent head_message_timestamp disk_reads disk_writes
  consumers consumer_utilisation consumer_capacity memory slave_pids synchronised_slave_pids state type leader members
  online`);
const MIRRORS = ['slave_pids', 'synchronised_slave_pids'];
const CONNECTION_COLUMNS =
  words(`pid name port host peer_port peer_host ssl ssl_protocol ssl_key_exchange ssl_cipher
  ssl_hash peer_cert_subject peer_cert_issuer peer_cert_validity state channels protocol auth_mechanism user vhost timeout
  frame_max channel_max client_properties recv_oct recv_cnt send_oct send_cnt send_pend connected_at`);
const CHANNEL_COLUMNS = words(`pid connection name number user vhost transactional confirm consumer_count
  messages_unacknowledged messages_uncommitted acks_uncommitted messages_unconfirmed prefetch_count
  global_prefetch_count`);
const EXCHANGE_COLUMNS = words('name type durable auto_delete internal arguments policy');
const BINDING_COLUMNS = words(
  'source_name source_kind destination_name destination_kind routing_key arguments',
);
const CONSUMER_COLUMNS = words(
  'queue_name channel_pid consumer_tag ack_required prefetch_count active activity_status arguments',
);

const both = (columns: readonly string[]): Readonly<Record<'3.10' | '4', readonly string[]>> => ({
  '3.10': columns,
  '4': columns,
});

const POLICY: readonly SwitchSpec[] = [
  { name: 'priority', takes: 'integer', about: 'the higher one wins; 0 by default' },
  { name: 'apply-to', takes: 'text', value: 'apply-to', about: 'what it applies to; all by default' },
];

export const CTL_COMMANDS: readonly CtlCommand[] = [
  {
    name: 'clear_operator_policy',
    about: 'Clears an operator policy',
    usage: 'clear_operator_policy [--vhost <vhost>] <name>',
    arguments: 1,
    values: ['policy'],
    switches: [],
  },
  {
    name: 'clear_policy',
    about: 'Clears (removes) a policy',
    usage: 'clear_policy [--vhost <vhost>] <name>',
    arguments: 1,
    values: ['policy'],
    switches: [],
  },
  {
    name: 'cluster_status',
    about:
      'Displays all the nodes in the cluster grouped by node type, together with the currently running nodes',
    usage: 'cluster_status',
    arguments: 0,
    switches: [TIMEOUT],
  },
  {
    name: 'delete_queue',
    about: 'Deletes a queue',
    usage: 'delete_queue <queue_name> [--if-empty|-e] [--if-unused|-u]',
    usage4: 'delete_queue [--vhost <vhost>] <queue_name> [--if-empty|-e] [--if-unused|-u] [--force]',
    arguments: 1,
    values: ['queue'],
    switches: [
      { name: 'if-empty', short: 'e', takes: 'nothing', about: 'delete the queue if it is empty' },
      {
        name: 'if-unused',
        short: 'u',
        takes: 'nothing',
        about: 'delete the queue only if it has no consumers',
      },
      TIMEOUT,
    ],
  },
  {
    name: 'list_bindings',
    about: 'Lists all bindings on a vhost',
    usage: 'list_bindings [--vhost <vhost>] [--no-table-headers] [<column> ...]',
    arguments: null,
    switches: [NO_HEADERS, TIMEOUT],
    columns: both(BINDING_COLUMNS),
    defaults: BINDING_COLUMNS,
  },
  {
    name: 'list_channels',
    about: 'Lists all channels in the node',
    usage: 'list_channels [--no-table-headers] [<column> ...]',
    arguments: null,
    switches: [NO_HEADERS],
    columns: {
      '3.10': CHANNEL_COLUMNS,
      '4': CHANNEL_COLUMNS.filter((column) => column !== 'global_prefetch_count'),
    },
    defaults: ['pid', 'user', 'consumer_count', 'messages_unacknowledged'],
  },
  {
    name: 'list_connections',
    about: 'Lists AMQP 0.9.1 connections for the node',
    usage: 'list_connections [--no-table-headers] [<column> ...]',
    arguments: null,
    switches: [NO_HEADERS, TIMEOUT],
    columns: {
      '3.10': CONNECTION_COLUMNS,
      '4': [...CONNECTION_COLUMNS, 'container_id', 'peer_cert_serial_number'],
    },
    defaults: ['user', 'peer_host', 'peer_port', 'state'],
  },
  {
    name: 'list_consumers',
    about: 'Lists all consumers for a vhost',
    usage: 'list_consumers [--vhost <vhost>] [--no-table-headers] [<column> ...]',
    arguments: null,
    switches: [NO_HEADERS, TIMEOUT],
    columns: both(CONSUMER_COLUMNS),
    defaults: CONSUMER_COLUMNS.filter((column) => column !== 'activity_status'),
  },
  {
    name: 'list_exchanges',
    about: 'Lists exchanges',
    usage: 'list_exchanges [--vhost <vhost>] [--no-table-headers] [<column> ...]',
    arguments: null,
    switches: [NO_HEADERS, TIMEOUT],
    columns: both(EXCHANGE_COLUMNS),
    defaults: ['name', 'type'],
  },
  {
    name: 'list_operator_policies',
    about: 'Lists operator policy overrides for a virtual host',
    usage: 'list_operator_policies [--vhost <vhost>] [--no-table-headers]',
    arguments: 0,
    switches: [NO_HEADERS, TIMEOUT],
  },
  {
    name: 'list_policies',
    about: 'Lists all policies in a virtual host',
    usage: 'list_policies [--vhost <vhost>] [--no-table-headers]',
    arguments: 0,
    switches: [NO_HEADERS, TIMEOUT],
  },
  {
    name: 'list_queues',
    about: 'Lists queues and their properties',
    usage:
      'list_queues [--vhost <vhost>] [--online] [--offline] [--local] [--no-table-headers] [<column>, ...]',
    arguments: null,
    switches: [
      { name: 'online', takes: 'nothing', about: 'lists only queues on online (reachable) nodes' },
      { name: 'offline', takes: 'nothing', about: 'lists only queues on offline (unreachable) nodes' },
      { name: 'local', takes: 'nothing', about: 'only return queues hosted on the target node' },
      NO_HEADERS,
      TIMEOUT,
    ],
    columns: {
      '3.10': QUEUE_COLUMNS,
      '4': [
        ...QUEUE_COLUMNS.filter((column) => !MIRRORS.includes(column)),
        'operator_policy',
        'effective_policy_definition',
      ],
    },
    defaults: ['name', 'messages'],
  },
  {
    name: 'ping',
    about:
      'Checks that the node OS process is up, registered with EPMD and CLI tools can authenticate with it',
    usage: 'ping',
    arguments: 0,
    switches: [TIMEOUT],
  },
  {
    name: 'purge_queue',
    about: 'Purges a queue (removes all messages in it)',
    usage: 'purge_queue <queue>',
    arguments: 1,
    values: ['queue'],
    switches: [TIMEOUT],
  },
  {
    name: 'set_operator_policy',
    about: 'Sets an operator policy that overrides a subset of arguments in user policies',
    usage:
      'set_operator_policy [--vhost <vhost>] [--priority <priority>] [--apply-to <apply-to>] <name> <pattern> <definition>',
    arguments: 3,
    values: ['policy'],
    switches: POLICY,
  },
  {
    name: 'set_policy',
    about: 'Sets or updates a policy',
    usage:
      'set_policy [--vhost <vhost>] [--priority <priority>] [--apply-to <apply-to>] <name> <pattern> <definition>',
    arguments: 3,
    values: ['policy'],
    switches: POLICY,
  },
  {
    name: 'status',
    about: 'Displays status of a node',
    usage: 'status',
    arguments: 0,
    switches: [TIMEOUT],
  },
  {
    name: 'version',
    about: 'Displays CLI tools version',
    usage: 'version',
    arguments: 0,
    switches: [],
  },
];

export function columnsOf(command: CtlCommand, release: Release): readonly string[] {
  return command.columns?.[release === '3.10' ? '3.10' : '4'] ?? [];
}

export function applyToWords(release: Release): readonly string[] {
  return release === '3.10'
    ? ['all', 'exchanges', 'queues']
    : ['all', 'classic_queues', 'exchanges', 'queues', 'quorum_queues', 'streams'];
}

/** The same as `--name`, as a reader types it: `-p`, `--vhost`, `--vhost=…`. @returns the switch that a word names */
export function switchNamed(command: CtlCommand | null, word: string): SwitchSpec | null {
  const all = [...GENERAL, ...(command?.switches ?? [])];
  if (word.startsWith('--')) {
    const name = word.slice(2).split('=')[0]!;
    return all.find((one) => one.name === name) ?? null;
  }
  const short = word.slice(1).split('=')[0]!;
  return all.find((one) => one.short === short) ?? null;
}
