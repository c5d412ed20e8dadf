/**
 * What the nodes of a cluster share: definitions, which queues there are and where, and what is short. RabbitMQ keeps this
 * in a replicated store of its own (Mnesia, Khepri); here it is one object that every node sees at once. A node on the
 * smaller side of a partition may read it and not change it.
 */
import { assert } from '../../sim/errors.ts';
import type { Micros } from '../../sim/time.ts';
import type { EventBody } from '../../sim/trace.ts';
import { AmqpError } from './amqp-error.ts';
import type { Costs, PolicySettings, RabbitmqSystem, ServerConfig, Version } from './config.ts';
import { nodeName } from './config.ts';
import type { QueueType } from './definitions/arguments.ts';
import { maxMessageSize } from './definitions/publish.ts';
import { resource } from './definitions/terms.ts';
import { Definitions, type QueueDeclaration, type QueueDefinition, type Removed } from './definitions.ts';
import type { ChannelKey, QueueLimits } from './queue.ts';
import { own } from './routing/explain-headers.ts';
import { Router, type Route } from './routing/router.ts';

/** A queue as the cluster knows it. */
export interface QueueRecord {
  readonly name: string;
  /** A queue that is deleted and declared again is another one. */
  readonly incarnation: number;
  readonly type: QueueType;
  readonly definition: QueueDefinition;
  /** It has replicas: a quorum queue, a stream. */
  readonly replicated: boolean;
  /** The nodes that have it, the one that declared it first. */
  readonly members: readonly string[];
  /** */
  limits: QueueLimits;
  /** */
  expires: Micros | null;
  /** R-53; null: as the node says. */
  consumerTimeout: Micros | null;
  /** Of a replicated queue: who leads it, as its last leader has said; null while nobody does. */
  leader: string | null;
  /** Of a replicated queue: the last entry of its log whose effects are in the trace. */
  tracedTo: number;
}

/** Routes that are remembered at most. */
const TARGETS_MAX = 1000;

/** unacknowledged deliveries of all consumers of a channel. */
export interface Limiter {
  readonly limit: number;
  volume: number;
}

export class ClusterState {
  readonly version: Version;
  readonly config: ServerConfig;
  readonly costs: Costs;
  readonly nodes: readonly string[];
  readonly definitions: Definitions;
  readonly router: Router;
  readonly queues = new Map<string, QueueRecord>();
  /** R-41, of channels that have one. The real limiter, too, is one process that every queue asks. */
  readonly limiters = new Map<ChannelKey, Limiter>();
  /** by node, what it is short of. */
  readonly alarms = new Map<string, Set<string>>();
  /** Nodes that run. */
  readonly running = new Set<string>();
  readonly maxMessageSize: number;
  private incarnations = 0;
  /** What routes lead to, as long as nothing is declared or deleted. */
  private targets = new Map<Route, readonly QueueRecord[]>();
  private targetsRevision = -1;

  constructor(system: RabbitmqSystem) {
    this.version = system.version;
    this.config = Object.freeze(system.config);
    this.costs = Object.freeze(system.costs);
    this.nodes = Array.from({ length: system.nodes }, (_, i) => nodeName(i + 1));
    this.definitions = new Definitions(system.version);
    this.router = new Router(this.definitions);
    this.maxMessageSize = system.config.max_message_size ?? maxMessageSize(system.version);
  }

  /** The queues that a route leads to. */
  targetsOf(route: Route): readonly QueueRecord[] {
    if (this.targetsRevision !== this.definitions.revision || this.targets.size > TARGETS_MAX) {
      this.targets.clear();
      this.targetsRevision = this.definitions.revision;
    }
    let targets = this.targets.get(route);
    if (targets === undefined) {
      targets = route.targets.map(({ queue }) => this.record(queue));
      this.targets.set(route, targets);
    }
    return targets;
  }

  numberOf(node: string): number {
    return this.nodes.indexOf(node) + 1;
  }

  /** @returns the record of a queue that is there */
  record(name: string): QueueRecord {
    const record = this.queues.get(name);
    assert(record, `there is no queue ${name}`);
    return record;
  }

  /**
   * queue.declare. @param node the node it is declared on
   * @returns the record, and whether it is new
   * @throws AmqpError as {@link Definitions.declareQueue}
   */
  declareQueue(
    node: string,
    declared: QueueDeclaration,
    connection: string,
  ): { readonly record: QueueRecord; readonly isNew: boolean } {
    const { name, isNew } = this.definitions.declareQueue(
      { ...declared, node: this.numberOf(node) },
      connection,
    );
    if (!isNew) return { record: this.record(name), isNew };
    const definition = this.definitions.queueFor(name, null);
    const record: QueueRecord = {
      name,
      incarnation: ++this.incarnations,
      type: definition.type,
      definition,
      replicated: definition.type !== 'classic',
      members: this.membersOf(node, definition),
      limits: this.definitions.effectiveLimits(name),
      expires: this.definitions.expiry(name),
      consumerTimeout: this.definitions.consumerTimeout(name),
      leader: null,
      tracedTo: 0,
    };
    this.queues.set(name, record);
    return { record, isNew };
  }

  /** @returns the queues for which other limits hold now */
  policiesChanged(): QueueRecord[] {
    const changed: QueueRecord[] = [];
    for (const record of this.queues.values()) {
      const limits = this.definitions.effectiveLimits(record.name);
      const expires = this.definitions.expiry(record.name);
      record.consumerTimeout = this.definitions.consumerTimeout(record.name);
      if (JSON.stringify(limits) === JSON.stringify(record.limits) && expires === record.expires) continue;
      record.limits = limits;
      record.expires = expires;
      changed.push(record);
    }
    return changed;
  }

  /** @returns what is wrong with it, or null */
  setPolicy(policy: PolicySettings): string | null {
    return this.definitions.setPolicy(policy);
  }

  /** Takes out of the cluster what the definitions have let go of. @returns the records of the queues */
  forget(removed: Removed): QueueRecord[] {
    const gone: QueueRecord[] = [];
    for (const name of removed.queues) {
      const record = this.queues.get(name);
      if (!record) continue;
      this.queues.delete(name);
      gone.push(record);
    }
    return gone;
  }

  /** What a trace says of what is gone. */
  traceRemoved(node: string, removed: Removed, trace: (event: EventBody) => void): void {
    for (const { source, destination, destinationType, routingKey, arguments: given } of removed.bindings)
      trace({
        kind: 'binding-deleted',
        node,
        source,
        destination,
        to: destinationType,
        routingKey,
        arguments: given,
      });
    for (const name of removed.queues) trace({ kind: 'places-deleted', node, name, places: [name] });
    for (const name of removed.exchanges) trace({ kind: 'exchange-deleted', node, name });
  }

  /** The node that has a queue's process, or its leader; null while nobody leads. */
  homeOf(record: QueueRecord): string | null {
    return record.replicated ? record.leader : record.members[0]!;
  }

  /** what a channel is told that needs a queue which is gone, or whose node is down. */
  absent({ name, type, members }: QueueRecord, deleted: boolean): AmqpError {
    if (deleted) return new AmqpError(404, `no ${resource('queue', name)}`);
    const kind = type === 'classic' ? 'durable ' : '';
    return new AmqpError(
      404,
      `home node '${members[0]!}' of ${kind}${resource('queue', name)} is down or inaccessible`,
    );
  }

  /** any node is short of something. */
  get isShort(): boolean {
    for (const resources of this.alarms.values()) if (resources.size > 0) return true;
    return false;
  }

  /** as many nodes as it asks for, the declaring one first and then in turn. */
  private membersOf(node: string, { type, arguments: given }: QueueDefinition): readonly string[] {
    if (type === 'classic') return [node];
    const asked = own(given, type === 'quorum' ? 'x-quorum-initial-group-size' : 'x-initial-cluster-size');
    const size =
      typeof asked === 'number'
        ? asked
        : type === 'quorum'
          ? this.config.quorum_cluster_size
          : this.nodes.length;
    const first = this.nodes.indexOf(node);
    return Array.from(
      { length: Math.min(size, this.nodes.length) },
      (_, i) => this.nodes[(first + i) % this.nodes.length]!,
    );
  }
}
