/**
 * The Kafka model as the broker contract wants it: build, view, explain. A controller and its brokers, the clients, and
 * a console for the command-line tools; RULES.md says which rules of Kafka they carry.
 */
import { assert } from '../../sim/errors.ts';
import type { Actor, Kernel } from '../../sim/kernel.ts';
import { fromMs } from '../../sim/time.ts';
import type { BrokerModel, Cluster } from '../broker.ts';
import type { KafkaClient } from './client-config.ts';
import { CONSOLE, CONTROLLER, type KafkaAction, type KafkaSystem } from './config.ts';
import { ConsoleActor } from './console.ts';
import { kafkaConsole } from './console/index.ts';
import { ConsumerClient } from './consumer.ts';
import { ControllerNode } from './controller-node.ts';
import { explain } from './explain.ts';
import { Formation } from './formation.ts';
import { BrokerNode } from './node.ts';
import { ProcessorClient } from './processor.ts';
import { ProducerClient, type MessageCounter } from './producer.ts';
import { ShareConsumerClient } from './share/share-consumer.ts';
import { VIEW_PARTS, type KafkaView } from './view-types.ts';
import { KafkaViewFold } from './view.ts';

class KafkaCluster implements Cluster<KafkaClient, KafkaAction> {
  readonly nodes: readonly string[];
  private readonly kernel: Kernel;
  private readonly formation: Formation;
  private readonly counter: MessageCounter = { next: 0 };

  constructor(kernel: Kernel, system: KafkaSystem) {
    this.kernel = kernel;
    const formation = new Formation(system);
    this.formation = formation;
    const { brokers } = formation;
    this.nodes = [CONTROLLER, ...brokers];
    kernel.add((port) => new ControllerNode(port, system, formation), CONTROLLER);
    for (const node of brokers) kernel.add((port) => new BrokerNode(port, system, formation), node);
    kernel.add((port) => new ConsoleActor(port, brokers, this.counter), CONSOLE);
  }

  addClient(client: KafkaClient): void {
    this.formation.expect(client);
    const { kernel, counter } = this;
    const work = kernel.random(`${client.id} work`);
    kernel.add((port) => {
      const { brokers } = this.formation;
      switch (client.role) {
        case 'producer':
          return new ProducerClient(port, client, counter, brokers, kernel.random(`${client.id} load`));
        case 'consumer':
          return new ConsumerClient(port, client, brokers, work);
        case 'share-consumer':
          return new ShareConsumerClient(port, client, brokers, work);
        case 'processor':
          return new ProcessorClient(port, client, counter, brokers, work);
      }
    }, client.id);
  }

  close(id: string): string | null {
    const actor = this.kernel.actor(id);
    if (actor instanceof BrokerNode) {
      actor.shutDown();
      return null;
    }
    if (!isClient(actor)) return `${id} is not a client or a broker`;
    actor.close();
    return null;
  }

  act(action: KafkaAction): string | null {
    switch (action.do) {
      case 'create-partitions':
      case 'alter-configs':
      case 'elect-leaders':
        return this.administrate(action);
      case 'produce': {
        const producer = this.running(action.client);
        if (typeof producer === 'string') return producer;
        if (!(producer instanceof ProducerClient)) return `${action.client} is not a producer`;
        producer.produce(action.key, action.count, action.value);
        return null;
      }
      case 'seek':
      case 'pause-partitions':
      case 'resume-partitions': {
        const consumer = this.running(action.client);
        if (typeof consumer === 'string') return consumer;
        if (!(consumer instanceof ConsumerClient)) return `${action.client} is not a consumer`;
        if (action.do === 'pause-partitions') return consumer.pause(action.places);
        if (action.do === 'resume-partitions') return consumer.resume(action.places);
        const { to } = action;
        return consumer.seek(to.kind === 'time' ? { kind: 'time', at: fromMs(to.atMs) } : to, action.places);
      }
      case 'commit': {
        const consumer = this.running(action.client);
        if (typeof consumer === 'string') return consumer;
        if (!(consumer instanceof ConsumerClient)) return `${action.client} is not a consumer`;
        consumer.commitNow(action.offsets ? Object.entries(action.offsets) : null, action.async);
        return null;
      }
      case 'type':
      case 'key': {
        if (!this.kernel.isUp(CONSOLE)) this.kernel.start(CONSOLE);
        const console = this.kernel.actor(CONSOLE);
        assert(console instanceof ConsoleActor, 'the console is something else');
        if (action.do === 'type') console.type(action.line);
        else console.key(action.key);
        return null;
      }
    }
  }

  /** What an administrator's client asks of the controller. @returns the refusal, or null */
  private administrate(
    action: Extract<KafkaAction, { do: 'create-partitions' | 'alter-configs' | 'elect-leaders' }>,
  ): string | null {
    if (!this.kernel.isUp(CONTROLLER)) return `${CONTROLLER} is not running`;
    if (this.kernel.isPaused(CONTROLLER)) return `${CONTROLLER} is paused`;
    const controller = this.kernel.actor(CONTROLLER);
    assert(controller instanceof ControllerNode, 'the controller is something else');
    const { topic } = action;
    if (action.do === 'create-partitions')
      return controller.administrate({ api: 'CreatePartitions', topic, total: action.total });
    if (action.do === 'alter-configs')
      return controller.administrate({ api: 'IncrementalAlterConfigs', topic, config: action.config });
    const { election, partition } = action;
    return controller.electLeaders(election, topic, partition ?? null);
  }

  /** @returns the client, or why nothing can be asked of it now */
  private running(id: string): Actor | string {
    const { kernel } = this;
    if (!kernel.has(id)) return `there is no process ${id}`;
    if (!kernel.isUp(id)) return `${id} is not running`;
    if (kernel.isPaused(id)) return `${id} is paused`;
    return kernel.actor(id);
  }
}

function isClient(
  actor: Actor,
): actor is ProducerClient | ConsumerClient | ShareConsumerClient | ProcessorClient {
  return (
    actor instanceof ProducerClient ||
    actor instanceof ConsumerClient ||
    actor instanceof ShareConsumerClient ||
    actor instanceof ProcessorClient
  );
}

export const kafka: BrokerModel<KafkaSystem, KafkaClient, KafkaAction, KafkaView> = {
  id: 'kafka',
  name: 'Apache Kafka',
  promises: { orderedPlaces: true, atLeastOnce: true },
  build: (kernel, system) => new KafkaCluster(kernel, system),
  createView: (system, clients, parts) =>
    new KafkaViewFold(
      system,
      clients,
      VIEW_PARTS.filter((part) => parts.includes(part)),
    ),
  explain,
  targetOf: (action) => ('client' in action ? action.client : 'topic' in action ? action.topic : CONSOLE),
  console: kafkaConsole,
  figures: ['backlog', 'processed', 'duplicates', 'rebalances', 'latencyP50', 'latencyP99'],
  span: (event) =>
    event.kind === 'group-state-changed'
      ? { id: event.group, text: event.stable ? null : `${event.group} rebalances: ${event.why}` }
      : null,
};
