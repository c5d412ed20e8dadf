/** The Kafka model as the broker contract wants it: build, view, explain. */
import type { BrokerModel } from '../broker.ts';
import type { KafkaAction, KafkaClient, KafkaSystem } from './config.ts';
import type { KafkaView } from './view-types.ts';

export declare const kafka: BrokerModel<KafkaSystem, KafkaClient, KafkaAction, KafkaView>;
