/**
 * The cluster as it is when a run begins: formed, every broker registered, topics made, and of the internal topics the
 * partitions that the scenario's own groups and transactional ids belong to, as in a cluster that has been in use.
 */
import type { KafkaClient } from './client-config.ts';
import type { ClusterImage } from './cluster-image.ts';
import { brokerName, type KafkaSystem } from './config.ts';
import { initialImage } from './controller.ts';
import { groupPlace, transactionPlace } from './coordinator-shard.ts';

export class Formation {
  readonly brokers: readonly string[];
  private readonly system: KafkaSystem;
  private internalPlaces = new Set<string>();
  private formed: ClusterImage | null = null;

  constructor(system: KafkaSystem) {
    this.system = system;
    this.brokers = Array.from({ length: system.brokers }, (_, i) => brokerName(i + 1));
  }

  /** A client that is there before the run begins. */
  expect(client: KafkaClient): void {
    if (this.formed) return;
    if (client.role !== 'producer') this.internalPlaces.add(groupPlace(client.group));
    const producer =
      client.role === 'producer' ? client.config : client.role === 'processor' ? client.producer : undefined;
    const transactionalId = producer?.['transactional.id'];
    if (transactionalId !== undefined) this.internalPlaces.add(transactionPlace(transactionalId));
  }

  image(): ClusterImage {
    return (this.formed ??= initialImage(this.system, [...this.internalPlaces].sort()));
  }
}
