/** What the tools list, put together from what the nodes know: queues, connections, channels, consumers. */
import type { KnownQueue, LocalChannel, LocalConnection, LocalQueue } from '../management.ts';
import { processId, tcpPort } from './address.ts';
import type { ClusterFacts } from './script.ts';

export interface QueueRow {
  readonly queue: KnownQueue;
  /** Of its process, or its leader; null while there is none to be asked. */
  readonly here: LocalQueue | null;
  readonly node: string;
  readonly state: 'running' | 'down';
  /** Those of its replicas that run. */
  readonly online: readonly string[];
}

export interface ConnectionRow extends LocalConnection {
  readonly node: string;
  /** `shop:50001 -> rabbit-1:5672` */
  readonly name: string;
  readonly port: number;
  readonly pid: string;
}

export interface ChannelRow extends LocalChannel {
  readonly node: string;
  readonly name: string;
  readonly pid: string;
  readonly connectionRow: ConnectionRow;
}

export interface ConsumerRow {
  readonly queue: string;
  readonly channel: ChannelRow | null;
  readonly channelPid: string;
  readonly consumer: LocalQueue['consumers'][number];
}

/** In the order in which they were declared. */
export function queueRows({ target, nodes }: ClusterFacts): QueueRow[] {
  const local = new Map(
    nodes.flatMap(({ node, here }) => here.queues.map((one) => [`${node} ${one.name}`, one] as const)),
  );
  return target.queues.map((queue) => {
    const { home, members, name } = queue;
    const here = (home === null ? undefined : local.get(`${home} ${name}`)) ?? null;
    return {
      queue,
      here,
      node: home ?? members[0]!,
      state: here ? 'running' : 'down',
      online: members.filter((member) => target.running.includes(member)),
    };
  });
}

export function connectionRows({ nodes }: ClusterFacts): ConnectionRow[] {
  return nodes.flatMap(({ node, here }) =>
    here.connections.map((connection) => ({
      ...connection,
      node,
      port: tcpPort(connection.number),
      name: connectionName(connection.client, connection.number, node),
      pid: processId(node, connection.number, 0),
    })),
  );
}

export function channelRows(facts: ClusterFacts): ChannelRow[] {
  const connections = connectionRows(facts);
  return facts.nodes.flatMap(({ node, here }) =>
    here.channels.flatMap((channel) => {
      const connectionRow = connections.find((one) => one.node === node && one.number === channel.connection);
      if (!connectionRow) return [];
      return {
        ...channel,
        node,
        connectionRow,
        name: `${connectionRow.name} (${channel.number})`,
        pid: channelProcess(channel.key),
      };
    }),
  );
}

/** By queue, in the order in which queues were declared; within one as the queue keeps them. */
export function consumerRows(facts: ClusterFacts): ConsumerRow[] {
  const channels = new Map(channelRows(facts).map((channel) => [channel.key, channel]));
  return queueRows(facts).flatMap(({ queue, here }) =>
    (here?.consumers ?? []).map((consumer) => ({
      queue: queue.name,
      channel: channels.get(consumer.channel) ?? null,
      channelPid: channelProcess(consumer.channel),
      consumer,
    })),
  );
}

function connectionName(client: string, number: number, node: string): string {
  return `${client}:${tcpPort(number)} -> ${node}:5672`;
}

/** The Erlang process of a channel, by its key: node, client, connection, number, and how many the connection opened. */
function channelProcess(key: string): string {
  const [node = '', , connection = '0', , opened = '0'] = key.split('/');
  return processId(node, Number(connection), Number(opened));
}
