/** An application that reads, works and writes: a KafkaConsumer and a KafkaProducer in one process (K-48). */
import type { Actor, Port } from '../../sim/kernel.ts';
import type { KafkaProcessor } from './client-config.ts';
import type { MessageCounter } from './producer-api.ts';

export class ProcessorClient implements Actor {
  readonly id: string;

  constructor(port: Port, _client: KafkaProcessor, _counter: MessageCounter, _brokers: readonly string[]) {
    this.id = port.id;
  }

  start(): void {}

  receive(_message: unknown, _from: string): void {}

  wake(_timer: string, _data: unknown): void {}

  disconnected(_peer: string): void {}

  close(): void {}
}
