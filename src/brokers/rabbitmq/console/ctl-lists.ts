/** `rabbitmqctl list_…`: rows of what the nodes know, with the columns that were asked for. */
import type { PolicySettings } from '../config.ts';
import { erlangNode, processId } from './address.ts';
import type { CtlCall, Say } from './ctl-call.ts';
import { isModelled } from './columns.ts';
import { format, type Cell, type Listing } from './ctl-format.ts';
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
import { Exit, gather, type ClusterFacts, type Script } from './script.ts';

const SOFTWARE = 70;
const POLICY_COLUMNS = ['vhost', 'name', 'pattern', 'apply-to', 'definition', 'priority'];

type Row = Readonly<Record<string, Cell>>;

export function* listing(call: CtlCall, say: Say, out: string[]): Script {
  const facts = yield* gather(call.node, call.asking);
  say(...banner(call));
  const streams = !call.command.name.endsWith('policies');
  const columns = columnsIn(call);
  const missing = columns.filter((column) => !isModelled(column));
  if (missing.length > 0)
    throw new Exit(SOFTWARE, [`Error: this simulation does not know ${missing.join(', ')}`]);
  const rows = call.vhost === '/' || !isInVhost(call.command.name) ? rowsOf(call, facts) : [];
  const table: Listing = { columns, rows: rows.map((row) => columns.map((column) => row[column] ?? '')) };
  out.push(...format(table, { ...call.shape, streams }));
  return 0;
}

function columnsIn({ command, arguments: given }: CtlCall): readonly string[] {
  if (command.defaults === undefined) return POLICY_COLUMNS;
  const asked = given.flatMap((word) => word.split(',')).filter((word) => word !== '');
  return asked.length > 0 ? asked : command.defaults;
}

function isInVhost(name: string): boolean {
  return name !== 'list_connections' && name !== 'list_channels';
}

function banner({ command: { name }, vhost, timeoutMs }: CtlCall): string[] {
  switch (name) {
    case 'list_queues': {
      const seconds = timeoutMs / 1000;
      const shown = Number.isInteger(seconds) ? `${seconds}.0` : String(seconds);
      return [`Timeout: ${shown} seconds ...`, `Listing queues for vhost ${vhost} ...`];
    }
    case 'list_bindings':
      return [`Listing bindings for vhost ${vhost}...`];
    case 'list_connections':
      return ['Listing connections ...'];
    case 'list_channels':
      return ['Listing channels ...'];
    case 'list_consumers':
      return [`Listing consumers in vhost ${vhost} ...`];
    case 'list_policies':
      return [`Listing policies for vhost "${vhost}" ...`];
    case 'list_operator_policies':
      return [`Listing operator policy overrides for vhost "${vhost}" ...`];
    default:
      return [`Listing exchanges for vhost ${vhost} ...`];
  }
}

function rowsOf(call: CtlCall, facts: ClusterFacts): readonly Row[] {
  switch (call.command.name) {
    case 'list_queues':
      return chosen(call, queueRows(facts)).map(queueCells);
    case 'list_exchanges':
      return facts.target.exchanges.map(
        ({ name, type, durable, autoDelete, internal, arguments: given, policy }) => ({
          name,
          type,
          durable,
          auto_delete: autoDelete,
          internal,
          arguments: { table: given },
          policy: policy ?? '',
        }),
      );
    case 'list_bindings':
      return facts.target.bindings.map(
        ({ source, destination, destinationType, routingKey, arguments: given }) => ({
          source_name: source,
          source_kind: 'exchange',
          destination_name: destination,
          destination_kind: destinationType,
          routing_key: routingKey,
          arguments: { table: given },
        }),
      );
    case 'list_connections':
      return connectionRows(facts).map(connectionCells);
    case 'list_channels':
      return channelRows(facts).map(channelCells);
    case 'list_consumers':
      return consumerRows(facts).map(consumerCells);
    case 'list_operator_policies':
      return facts.target.operatorPolicies.map(policyCells);
    default:
      return facts.target.policies.map(policyCells);
  }
}

/** Of the queues those that the switches leave. A queue is online where its process, or its leader, can be asked. */
function chosen(call: CtlCall, rows: readonly QueueRow[]): readonly QueueRow[] {
  if (call.has('local')) return rows.filter(({ node, state }) => state === 'running' && node === call.node);
  const [online, offline] = [call.has('online'), call.has('offline')];
  if (online === offline) return rows;
  return rows.filter(({ state }) => (state === 'running') === online);
}

function queueCells({ queue, here, state, online, node }: QueueRow): Row {
  const { name, type, durable, autoDelete, arguments: given, policy, operatorPolicy } = queue;
  const replicated = type !== 'classic';
  const declared: Row = {
    name,
    type,
    durable,
    auto_delete: autoDelete,
    exclusive: queue.exclusive,
    arguments: { table: given },
    policy: policy ?? '',
    operator_policy: operatorPolicy ?? '',
    effective_policy_definition: { table: queue.effectivePolicyDefinition },
    state,
    members: replicated ? { atoms: queue.members.map(erlangNode) } : '',
  };
  if (!here) return declared;
  const { ready, unacknowledged, held, readyBytes, unacknowledgedBytes, consumers } = here;
  return {
    ...declared,
    pid: { pid: `<${erlangNode(node)}.1.${300 + queue.incarnation}.0>` },
    owner_pid: queue.owner === null ? '' : { pid: ownerProcess(queue.owner) },
    messages_ready: ready,
    messages_unacknowledged: unacknowledged,
    messages: ready + unacknowledged + held,
    message_bytes: readyBytes + unacknowledgedBytes,
    message_bytes_ready: readyBytes,
    message_bytes_unacknowledged: unacknowledgedBytes,
    consumers: consumers.length,
    leader: replicated ? erlangNode(node) : '',
    online: replicated ? { atoms: online.map(erlangNode) } : '',
  };
}

/** The process of the connection that has an exclusive queue: its key is node, client and number. */
function ownerProcess(connection: string): string {
  const [node = '', , number = '0'] = connection.split('/');
  return processId(node, Number(number), 0);
}

function connectionCells({ client, node, port, name, pid, state, channels }: ConnectionRow): Row {
  return {
    pid: { pid },
    name,
    port: 5672,
    host: node,
    peer_port: port,
    peer_host: client,
    state,
    channels,
    protocol: '{0, 9, 1}',
    user: 'guest',
    vhost: '/',
  };
}

function channelCells(channel: ChannelRow): Row {
  return {
    pid: { pid: channel.pid },
    connection: { pid: channel.connectionRow.pid },
    name: channel.name,
    number: channel.number,
    user: 'guest',
    vhost: '/',
    transactional: channel.transactional,
    confirm: channel.confirm,
    consumer_count: channel.consumers,
    messages_unacknowledged: channel.unacknowledged,
    messages_uncommitted: channel.uncommitted,
    acks_uncommitted: channel.acksUncommitted,
    messages_unconfirmed: channel.unconfirmed,
    prefetch_count: channel.prefetch,
    global_prefetch_count: channel.globalPrefetch,
  };
}

function consumerCells({ queue, channelPid, consumer }: ConsumerRow): Row {
  const { tag, ackRequired, prefetch, active, priority } = consumer;
  return {
    queue_name: queue,
    channel_pid: { pid: channelPid },
    consumer_tag: tag,
    ack_required: ackRequired,
    prefetch_count: prefetch,
    active,
    activity_status: active ? 'up' : 'waiting',
    arguments: { table: priority === 0 ? {} : { 'x-priority': priority } },
  };
}

function policyCells({ name, pattern, priority, definition, 'apply-to': to }: PolicySettings): Row {
  return {
    vhost: '/',
    name,
    pattern,
    'apply-to': to,
    definition: JSON.stringify(definition),
    priority,
  };
}
