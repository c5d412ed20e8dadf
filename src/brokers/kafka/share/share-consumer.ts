/** A sharing application and its KafkaShareConsumer (K-101 to K-107). */
import type { Actor, Port } from '../../../sim/kernel.ts';
import type { KafkaShareConsumer } from '../client-config.ts';

export class ShareConsumerClient implements Actor {
  readonly id: string;
  readonly port: Port;
  readonly client: KafkaShareConsumer;
  readonly brokers: readonly string[];

  /** @param brokers `bootstrap.servers` */
  constructor(port: Port, client: KafkaShareConsumer, brokers: readonly string[]) {
    this.id = port.id;
    this.port = port;
    this.client = client;
    this.brokers = brokers;
  }

  start(): void {}

  receive(message: unknown, from: string): void {
    void [message, from];
  }

  wake(timer: string, data: unknown): void {
    void [timer, data];
  }

  crash(): void {}

  disconnected(peer: string): void {
    void peer;
  }

  /** The application calls `close()` as soon as it is done with what poll() gave it. */
  close(): void {}
}
