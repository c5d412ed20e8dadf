/** A cluster inside one run: its nodes, its clients, and what can be done to it. */
import { assert } from '../../sim/errors.ts';
import type { Actor, Kernel } from '../../sim/kernel.ts';
import type { Cluster } from '../broker.ts';
import { AmqpError } from './amqp-error.ts';
import type { RabbitmqClient } from './client-config.ts';
import { ApplicationClient } from './clients/application.ts';
import { ConsumerClient } from './clients/consumer.ts';
import type { MessageCounter } from './clients/counter.ts';
import { PublisherClient } from './clients/publisher.ts';
import { ClusterState } from './cluster-state.ts';
import { CONSOLE, nodeName, type RabbitmqAction, type RabbitmqSystem } from './config.ts';
import { ConsoleActor } from './console.ts';
import { RabbitNode } from './node.ts';

/** Who declares what is there when a run begins: no connection's, so nothing of it is exclusive. */
const OPERATOR = 'operator';

export class RabbitmqCluster implements Cluster<RabbitmqClient, RabbitmqAction> {
  readonly nodes: readonly string[];
  private readonly kernel: Kernel;
  private readonly state: ClusterState;
  private readonly counter: MessageCounter = { next: 0 };

  constructor(kernel: Kernel, system: RabbitmqSystem) {
    this.kernel = kernel;
    this.state = new ClusterState(system);
    this.nodes = this.state.nodes;
    for (const node of this.nodes) kernel.add((port) => new RabbitNode(port, this.state), node);
    kernel.add((port) => new ConsoleActor(port, system.version, this.nodes, this.counter), CONSOLE);
    this.form(system);
  }

  addClient(client: RabbitmqClient): void {
    const { kernel, counter, nodes } = this;
    kernel.add((port) => {
      switch (client.role) {
        case 'publisher':
          return new PublisherClient(port, client, counter, nodes, kernel.random(`${client.id} load`));
        case 'consumer':
          return new ConsumerClient(port, client, nodes, kernel.random(`${client.id} work`));
        case 'application':
          return new ApplicationClient(port, client, counter, nodes);
      }
    }, client.id);
  }

  close(id: string): string | null {
    const actor = this.kernel.actor(id);
    if (actor instanceof RabbitNode) {
      actor.stop();
      return null;
    }
    if (!isClient(actor)) return `${id} is not a client or a node`;
    actor.close();
    return null;
  }

  act(action: RabbitmqAction): string | null {
    switch (action.do) {
      case 'publish': {
        const publisher = this.running(action.client);
        if (typeof publisher === 'string') return publisher;
        if (!(publisher instanceof PublisherClient)) return `${action.client} is not a publisher`;
        publisher.publish(action);
        return null;
      }
      case 'cancel': {
        const consumer = this.running(action.client);
        if (typeof consumer === 'string') return consumer;
        if (!(consumer instanceof ConsumerClient)) return `${action.client} is not a consumer`;
        return consumer.cancel();
      }
      case 'alarm': {
        const node = this.node(action.node);
        if (typeof node === 'string') return node;
        node.setAlarm(action.resource, action.on);
        return null;
      }
      case 'type':
      case 'key':
        this.atConsole(action);
        return null;
      case 'delete-queue':
      case 'purge-queue':
        return this.emptyOrDelete(action.name, action.do === 'delete-queue');
      default:
        return this.administrate(action);
    }
  }

  private atConsole(action: Extract<RabbitmqAction, { do: 'type' | 'key' }>): void {
    if (!this.kernel.isUp(CONSOLE)) this.kernel.start(CONSOLE);
    const console = this.kernel.actor(CONSOLE);
    assert(console instanceof ConsoleActor, 'the console is something else');
    if (action.do === 'type') console.type(action.line);
    else console.key(action.key);
  }

  private emptyOrDelete(name: string, deletes: boolean): string | null {
    const record = this.state.queues.get(name);
    if (!record) return deletes ? null : new AmqpError(404, `no queue '${name}' in vhost '/'`).message;
    const home = this.state.homeOf(record);
    const node = home === null ? null : this.running(home);
    if (!(node instanceof RabbitNode)) return this.state.absent(record, false).message;
    if (deletes) node.deleteQueue(record);
    else node.purgeQueue(record);
    return null;
  }

  /** What an administrator does on a node: the queue's own where one is named, else the first. */
  private administrate(
    action: Extract<
      RabbitmqAction,
      {
        do:
          | `${'declare' | 'delete'}-exchange`
          | 'declare-queue'
          | 'bind'
          | 'unbind'
          | `${'set' | 'clear'}-policy`;
      }
    >,
  ): string | null {
    const node = this.node(action.do === 'declare-queue' ? action.queue.node : 1);
    if (typeof node === 'string') return node;
    let problem: string | null = null;
    const refusal = refused(() => {
      problem = node.administrate((admin) => {
        switch (action.do) {
          case 'declare-exchange':
            admin.declareExchange(action.exchange);
            return null;
          case 'delete-exchange':
            admin.deleteExchange(action.name, false);
            return null;
          case 'declare-queue':
            admin.declareQueue({ ...action.queue, exclusive: false }, OPERATOR);
            return null;
          case 'bind':
            admin.bind(action.binding, null);
            return null;
          case 'unbind':
            admin.unbind(action.binding, null);
            return null;
          case 'set-policy':
            return admin.setPolicy(action.policy);
          case 'clear-policy':
            return admin.clearPolicy(action.name, action.operator)
              ? null
              : `there is no policy ${action.name}`;
        }
      });
    });
    return refusal ?? problem;
  }

  /** What is declared when the run begins; what cannot be is said as the server says it. */
  private form(system: RabbitmqSystem): void {
    const declare = (node: number, work: (admin: RabbitNode['admin']) => void): void => {
      const actor = this.kernel.actor(nodeName(node));
      assert(actor instanceof RabbitNode, `${actor.id} is not a node`);
      const problem = refused(() => {
        work(actor.admin);
      });
      if (problem !== null)
        this.kernel.emit({ kind: 'error', client: CONSOLE, code: 'declaration', detail: problem });
    };
    for (const policy of system.policies)
      declare(1, (admin) => {
        admin.setPolicy(policy);
      });
    for (const exchange of system.exchanges)
      declare(1, (admin) => {
        admin.declareExchange(exchange);
      });
    for (const queue of system.queues)
      declare(queue.node, (admin) => {
        admin.declareQueue({ ...queue, exclusive: false }, OPERATOR);
      });
    for (const binding of system.bindings)
      declare(1, (admin) => {
        admin.bind(binding, null);
      });
  }

  /** @returns the node, or why nothing can be asked of it now */
  private node(number: number): RabbitNode | string {
    const node = this.running(nodeName(number));
    if (typeof node === 'string') return node;
    assert(node instanceof RabbitNode, `${node.id} is not a node`);
    return node;
  }

  /** @returns the process, or why nothing can be asked of it now */
  private running(id: string): Actor | string {
    const { kernel } = this;
    if (!kernel.has(id)) return `there is no process ${id}`;
    if (!kernel.isUp(id)) return `${id} is not running`;
    if (kernel.isPaused(id)) return `${id} is paused`;
    return kernel.actor(id);
  }
}

function isClient(actor: Actor): actor is PublisherClient | ConsumerClient | ApplicationClient {
  return (
    actor instanceof PublisherClient || actor instanceof ConsumerClient || actor instanceof ApplicationClient
  );
}

/** @returns what the server says against it, or null */
function refused(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (!(error instanceof AmqpError)) throw error;
    return error.message;
  }
}
