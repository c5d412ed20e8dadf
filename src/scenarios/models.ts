/** The broker models by the name that a scenario calls them. */
import type { BrokerModel, ViewFold } from '../brokers/broker.ts';
import { kafka } from '../brokers/kafka/model.ts';
import { rabbitmq } from '../brokers/rabbitmq/model.ts';
import type { BrokerId, Client, ClientOf, OwnActionOf, SystemOf } from './schema.ts';

const MODELS = { kafka, rabbitmq } satisfies {
  readonly [B in BrokerId]: BrokerModel<SystemOf<B>, ClientOf<B>, OwnActionOf<B>, { readonly broker: B }>;
};

/** What a broker's stages draw. */
export type ViewOf<B extends BrokerId> =
  ReturnType<(typeof MODELS)[B]['createView']> extends ViewFold<infer View> ? View : never;
export type AnyView = { [B in BrokerId]: ViewOf<B> }[BrokerId];

/** A model for the runner that knows no broker. It is only to be given what the same scenario holds. */
export type AnyModel = BrokerModel<SystemOf<BrokerId>, Client, OwnActionOf<BrokerId>, AnyView>;

export function modelOf(broker: BrokerId): AnyModel {
  return MODELS[broker];
}
