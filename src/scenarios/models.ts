/** The broker models by the name that a scenario calls them. */
import type { BrokerModel } from '../brokers/broker.ts';
import { kafka } from '../brokers/kafka/model.ts';
import type { KafkaView } from '../brokers/kafka/view-types.ts';
import { rabbitmq } from '../brokers/rabbitmq/model.ts';
import type { RabbitmqView } from '../brokers/rabbitmq/view-types.ts';
import type { BrokerId, Client, ClientOf, OwnActionOf, SystemOf } from './schema.ts';

/** What a broker's stages draw. */
interface Views {
  readonly kafka: KafkaView;
  readonly rabbitmq: RabbitmqView;
}
export type ViewOf<B extends BrokerId> = Views[B];
export type AnyView = ViewOf<BrokerId>;

const MODELS: {
  readonly [B in BrokerId]?: BrokerModel<SystemOf<B>, ClientOf<B>, OwnActionOf<B>, ViewOf<B>>;
} = {
  kafka,
  rabbitmq,
};

/** A model for the runner that knows no broker. It is only to be given what the same scenario holds. */
export type AnyModel = BrokerModel<SystemOf<BrokerId>, Client, OwnActionOf<BrokerId>, AnyView>;

export function modelOf(broker: BrokerId): AnyModel {
  return MODELS[broker]!;
}
