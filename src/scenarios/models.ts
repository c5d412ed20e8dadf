/** The broker models by the name that a scenario calls them. */
import type { BrokerModel } from '../brokers/broker.ts';
import type { KafkaClient } from '../brokers/kafka/client-config.ts';
import type { KafkaAction, KafkaSystem } from '../brokers/kafka/config.ts';
import { kafka } from '../brokers/kafka/model.ts';
import type { KafkaView } from '../brokers/kafka/view-types.ts';
import type { BrokerId } from './schema.ts';

export type AnyView = KafkaView;

const MODELS = { kafka } satisfies Record<
  BrokerId,
  BrokerModel<KafkaSystem, KafkaClient, KafkaAction, KafkaView>
>;

export function modelOf(broker: BrokerId): (typeof MODELS)[BrokerId] {
  return MODELS[broker];
}
