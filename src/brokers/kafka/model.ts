/**
 * The Kafka model as the broker contract wants it: build, view, explain. One broker leads every partition (replication
 * factor 1) and coordinates every group; RULES.md says which rules of Kafka that carries.
 */
import { assert } from '../../sim/errors.ts';
import type { Kernel } from '../../sim/kernel.ts';
import type { BrokerModel, Cluster } from '../broker.ts';
import { BROKER, type KafkaAction, type KafkaClient, type KafkaSystem } from './config.ts';
import { ConsumerClient } from './consumer.ts';
import { explain } from './explain.ts';
import { BrokerNode } from './node.ts';
import { ProducerClient, type MessageCounter } from './producer.ts';
import type { KafkaView } from './view-types.ts';
import { KafkaViewFold } from './view.ts';

class KafkaCluster implements Cluster<KafkaClient, KafkaAction> {
  readonly nodes = [BROKER];
  private readonly kernel: Kernel;
  private readonly counter: MessageCounter = { next: 0 };

  constructor(kernel: Kernel, system: KafkaSystem) {
    this.kernel = kernel;
    kernel.add((port) => new BrokerNode(port, system), BROKER);
  }

  addClient(client: KafkaClient): void {
    const { kernel, counter } = this;
    kernel.add(
      (port) =>
        client.role === 'producer'
          ? new ProducerClient(port, client, counter, BROKER, kernel.random(`${client.id} load`))
          : new ConsumerClient(port, client, BROKER),
      client.id,
    );
  }

  closeClient(id: string): void {
    const client = this.kernel.actor(id);
    assert(client instanceof ProducerClient || client instanceof ConsumerClient, `${id} is not a client`);
    client.close();
  }

  act(action: KafkaAction): string | null {
    const { kernel } = this;
    if (action.do === 'create-partitions') {
      if (!kernel.isUp(BROKER)) return `${BROKER} is not running`;
      if (kernel.isPaused(BROKER)) return `${BROKER} is paused`;
      const node = kernel.actor(BROKER);
      assert(node instanceof BrokerNode, `${BROKER} is not a broker`);
      return node.createPartitions(action.topic, action.total);
    }
    const { client, key, count } = action;
    if (!kernel.has(client)) return `there is no process ${client}`;
    const producer = kernel.actor(client);
    if (!(producer instanceof ProducerClient)) return `${client} is not a producer`;
    if (!kernel.isUp(client)) return `${client} is not running`;
    if (kernel.isPaused(client)) return `${client} is paused`;
    producer.produce(key, count);
    return null;
  }
}

export const kafka: BrokerModel<KafkaSystem, KafkaClient, KafkaAction, KafkaView> = {
  id: 'kafka',
  name: 'Apache Kafka',
  promises: { orderedPlaces: true, atLeastOnce: true },
  build: (kernel, system) => new KafkaCluster(kernel, system),
  createView: (system, clients) => new KafkaViewFold(system, clients),
  explain,
};
