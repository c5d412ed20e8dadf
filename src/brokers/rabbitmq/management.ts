/**
 * What a node tells the command-line tools: what it knows of the cluster, and of its own connections, channels and queues.
 * `rabbitmqctl` asks its node by Erlang's distribution, `rabbitmqadmin` by HTTP; both end here. What they do to exchanges,
 * queues and messages they do as a client, over AMQP (console-channel.ts).
 */
import type { Administration } from './administration.ts';
import type { ClusterState } from './cluster-state.ts';
import type { BindingSettings, PolicySettings, Version } from './config.ts';
import type { ChannelWorker, Connection } from './connection.ts';
import type { ExchangeRow, QueueRow } from './definitions.ts';
import type { QueueInfo, QueueMachine } from './queue.ts';

export type ToolRequest =
  | { readonly ask: 'facts' }
  | { readonly ask: 'set-policy'; readonly policy: PolicySettings }
  | { readonly ask: 'clear-policy'; readonly name: string; readonly operator: boolean };

export type ToolReply =
  | { readonly ask: 'facts'; readonly facts: NodeFacts }
  /** What is wrong with the policy, or null. */
  | { readonly ask: 'set-policy'; readonly problem: string | null }
  /** Whether there was one. */
  | { readonly ask: 'clear-policy'; readonly found: boolean };

export interface ToolCall {
  readonly tool: ToolRequest;
  readonly correlation: number;
}

export interface ToolAnswer {
  readonly toolReply: ToolReply;
  readonly correlation: number;
}

/** A queue of the cluster: its declaration, and where it is. */
export type KnownQueue = QueueRow & {
  readonly incarnation: number;
  readonly members: readonly string[];
  /** The node of its process, or of its leader; null while nobody leads. */
  readonly home: string | null;
};

/** A queue whose process, or whose leader, is on the node. */
export interface LocalQueue extends QueueInfo {
  readonly name: string;
}

export interface LocalConnection {
  readonly number: number;
  readonly client: string;
  readonly state: 'running' | 'blocking' | 'blocked' | 'flow';
  readonly channels: number;
}

export interface LocalChannel {
  readonly key: string;
  readonly number: number;
  readonly client: string;
  readonly connection: number;
  readonly confirm: boolean;
  readonly transactional: boolean;
  readonly consumers: number;
  readonly unacknowledged: number;
  readonly unconfirmed: number;
  /** Publishes and acknowledgements that wait for a commit. */
  readonly uncommitted: number;
  readonly acksUncommitted: number;
  readonly prefetch: number;
  readonly globalPrefetch: number;
}

export interface NodeFacts {
  readonly node: string;
  readonly version: Version;
  /** All nodes of the cluster, and those that this one hears, itself among them. */
  readonly nodes: readonly string[];
  readonly running: readonly string[];
  /** By node: what it is short of. */
  readonly alarms: readonly { readonly node: string; readonly resource: string }[];
  /** R-53, of queues that have no other; milliseconds. */
  readonly consumerTimeoutMs: number;
  readonly exchanges: readonly ExchangeRow[];
  readonly queues: readonly KnownQueue[];
  readonly bindings: readonly BindingSettings[];
  readonly policies: readonly PolicySettings[];
  readonly operatorPolicies: readonly PolicySettings[];
  readonly here: {
    readonly queues: readonly LocalQueue[];
    readonly connections: readonly LocalConnection[];
    readonly channels: readonly LocalChannel[];
  };
}

/** What is asked of a node's insides. */
export interface NodeInsides {
  readonly id: string;
  readonly cluster: ClusterState;
  readonly admin: Administration;
  hearsNode(node: string): boolean;
  readonly connections: Iterable<Connection>;
  readonly channels: Iterable<ChannelWorker>;
  /** The machines of the queues that are led from here, by name. */
  readonly machines: Iterable<readonly [name: string, machine: QueueMachine]>;
}

export function isToolCall(message: unknown): message is ToolCall {
  return typeof message === 'object' && message !== null && 'tool' in message;
}

export function answerTool(node: NodeInsides, { tool, correlation }: ToolCall): ToolAnswer {
  return { toolReply: replyTo(node, tool), correlation };
}

function replyTo(node: NodeInsides, request: ToolRequest): ToolReply {
  switch (request.ask) {
    case 'facts':
      return { ask: 'facts', facts: factsOf(node) };
    case 'set-policy':
      return { ask: 'set-policy', problem: node.admin.setPolicy(request.policy) };
    case 'clear-policy':
      return { ask: 'clear-policy', found: node.admin.clearPolicy(request.name, request.operator) };
  }
}

function factsOf(node: NodeInsides): NodeFacts {
  const { cluster } = node;
  const { definitions } = cluster;
  return {
    node: node.id,
    version: cluster.version,
    nodes: cluster.nodes,
    running: cluster.nodes.filter((other) => node.hearsNode(other)),
    alarms: [...cluster.alarms].flatMap(([short, resources]) =>
      [...resources].map((resource) => ({ node: short, resource })),
    ),
    consumerTimeoutMs: cluster.config.consumer_timeout,
    exchanges: definitions.exchanges(),
    queues: definitions.queues().map((queue) => {
      const record = cluster.record(queue.name);
      const { incarnation, members } = record;
      return { ...queue, incarnation, members, home: cluster.homeOf(record) };
    }),
    bindings: definitions.bindings(),
    policies: definitions.policies(),
    operatorPolicies: definitions.policies(true),
    here: {
      queues: Array.from(node.machines, ([name, machine]) => ({ name, ...machine.info() })),
      connections: Array.from(node.connections, (connection) => ({
        number: numberIn(connection.key),
        client: connection.client,
        state: connection.state !== 'running' ? connection.state : connection.inFlow > 0 ? 'flow' : 'running',
        channels: connection.channels.size,
      })),
      channels: Array.from(node.channels, ({ channel, connection }) => ({
        key: channel.key,
        number: channel.number,
        client: channel.client,
        connection: numberIn(connection.key),
        confirm: channel.publishing.confirms !== null && channel.publishing.tx === null,
        transactional: channel.publishing.tx !== null,
        consumers: channel.reading.consumers.size,
        unacknowledged: channel.reading.unacked.size,
        unconfirmed: channel.publishing.confirms?.pending ?? 0,
        uncommitted: channel.publishing.tx?.publishes.length ?? 0,
        acksUncommitted: channel.publishing.tx?.answers.length ?? 0,
        prefetch: channel.reading.prefetch,
        globalPrefetch: cluster.limiters.get(channel.key)?.limit ?? 0,
      })),
    },
  };
}

/** The number of a connection on its node, the last part of its key. */
function numberIn(connection: string): number {
  return Number(connection.slice(connection.lastIndexOf('/') + 1));
}
