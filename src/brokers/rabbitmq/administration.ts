/**
 * Declarations and deletions as one node makes them, for its channels and for its tools: what the definitions
 * accept, the trace is told of, and new queues are set up where they belong.
 */
import type { Emission } from '../../sim/trace.ts';
import { AmqpError } from './amqp-error.ts';
import type { ClusterState, QueueRecord } from './cluster-state.ts';
import type { BindingSettings, ExchangeSettings, PolicySettings } from './config.ts';
import type { QueueDeclaration, Removed } from './definitions.ts';

export interface AdministrationHost {
  readonly id: string;
  readonly cluster: ClusterState;
  /** whether the metadata store takes changes from this node. */
  readonly mayDeclare: boolean;
  trace(event: Emission): void;
  /** A queue is new: its nodes are to have it. */
  queueCreated(record: QueueRecord): void;
  /** Other limits hold for these. */
  queuesConfigured(records: readonly QueueRecord[]): void;
  /** Queues and bindings are gone; whoever spoke to them is told. */
  removed(removed: Removed): void;
}

export class Administration {
  private readonly host: AdministrationHost;

  constructor(host: AdministrationHost) {
    this.host = host;
  }

  /** @throws AmqpError as {@link Definitions.declareExchange} */
  declareExchange(exchange: ExchangeSettings): void {
    this.check(`declare exchange '${exchange.name}' in vhost '/'`);
    const { id: node, cluster } = this.host;
    if (!cluster.definitions.declareExchange(exchange)) return;
    const { name, type, arguments: given } = exchange;
    this.host.trace({ kind: 'exchange-created', node, name, type, arguments: given });
  }

  deleteExchange(name: string, ifUnused: boolean): void {
    this.check(`delete exchange '${name}' in vhost '/'`);
    this.host.removed(this.host.cluster.definitions.deleteExchange(name, ifUnused));
  }

  /** @param connection who declares it, and has it alone where it is exclusive */
  declareQueue(
    queue: QueueDeclaration,
    connection: string,
  ): { readonly record: QueueRecord; readonly isNew: boolean } {
    const { id: node, cluster } = this.host;
    if (!cluster.definitions.hasQueue(queue.name)) this.check(`declare queue '${queue.name}' in vhost '/'`);
    const declared = cluster.declareQueue(node, queue, connection);
    if (!declared.isNew) return declared;
    const { record } = declared;
    const { name, type, members } = record;
    this.host.trace({
      kind: 'places-created',
      node,
      name,
      places: [name],
      total: 1,
      holds: type === 'stream' ? 'log' : 'queue',
      type,
      replicas: [members],
      arguments: queue.arguments,
    });
    this.host.queueCreated(record);
    return declared;
  }

  bind(binding: BindingSettings, connection: string | null): void {
    this.check('add binding');
    const { id: node, cluster } = this.host;
    if (!cluster.definitions.bind(binding, connection)) return;
    const { source, destination, destinationType, routingKey, arguments: given } = binding;
    this.host.trace({
      kind: 'binding-created',
      node,
      source,
      destination,
      to: destinationType,
      routingKey,
      arguments: given,
    });
  }

  unbind(binding: BindingSettings, connection: string | null): void {
    this.check('remove binding');
    this.host.removed(this.host.cluster.definitions.unbind(binding, connection));
  }

  /** @returns what is wrong with it, or null */
  setPolicy(policy: PolicySettings): string | null {
    const problem = this.host.cluster.definitions.setPolicy(policy);
    if (problem !== null) return problem;
    const settings = Object.entries(policy.definition).map(
      ([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)] as const,
    );
    const { name, pattern, priority, operator, 'apply-to': to } = policy;
    this.host.trace({
      kind: 'configured',
      node: this.host.id,
      name,
      settings,
      policy: { pattern, 'apply-to': to, priority, operator },
    });
    this.host.queuesConfigured(this.host.cluster.policiesChanged());
    return null;
  }

  /** @returns whether there was one */
  clearPolicy(name: string, operator: boolean): boolean {
    const { definitions } = this.host.cluster;
    const policy = definitions.policies(operator).find((one) => one.name === name);
    if (!policy || !definitions.clearPolicy(name, operator)) return false;
    const settings = Object.keys(policy.definition).map((key) => [key, null] as const);
    this.host.trace({ kind: 'configured', node: this.host.id, name, settings });
    this.host.queuesConfigured(this.host.cluster.policiesChanged());
    return true;
  }

  /** @throws AmqpError 541: the store has no majority here */
  private check(what: string): void {
    if (!this.host.mayDeclare) throw new AmqpError(541, `failed to ${what} because the operation timed out`);
  }
}
