/**
 * What an application owes and is owed on one channel: deliveries that it has not settled, publishes that the server has not
 * answered, and what of both waits for a commit. It tells the trace what becomes of them.
 */
import type { Port } from '../../../sim/kernel.ts';
import type { MessageId } from '../../../sim/trace.ts';
import type { Delivered, ServerFrame } from '../protocol.ts';
import { deliveredEvent, settledEvent } from './deliveries.ts';
import { Unconfirmed } from './unconfirmed.ts';

type Outcome = 'acked' | 'nacked' | 'rejected';

export class Ledger {
  confirms = false;
  transactional = false;
  private readonly port: Port;
  /** By delivery tag, in order. */
  private unsettled = new Map<number, Delivered>();
  private readonly unconfirmed = new Unconfirmed<MessageId>();
  private uncommitted: MessageId[] = [];
  private settlements: { readonly delivery: Delivered; readonly outcome: Outcome }[] = [];

  constructor(port: Port) {
    this.port = port;
  }

  published(message: MessageId): void {
    if (this.transactional) this.uncommitted.push(message);
    else if (this.confirms) this.unconfirmed.add(message);
  }

  /** */
  confirmed({
    method,
    deliveryTag,
    multiple,
  }: Extract<ServerFrame, { method: 'basic.ack' | 'basic.nack' }>): void {
    const acked = method === 'basic.ack';
    if (multiple) {
      for (let message; (message = this.unconfirmed.takeUpTo(deliveryTag)) !== null;)
        this.answered(message, acked);
      return;
    }
    const message = this.unconfirmed.take(deliveryTag);
    if (message !== null) this.answered(message, acked);
  }

  delivered(delivery: Delivered, noAck: boolean): void {
    this.port.emit(deliveredEvent(this.port.id, delivery));
    if (!noAck) this.unsettled.set(delivery.deliveryTag, delivery);
  }

  /** of one delivery, or of all up to it; tag 0 is all there are. What it does not know the server refuses. */
  settle(tag: number, multiple: boolean, outcome: Outcome): void {
    if (!multiple) {
      const delivery = this.unsettled.get(tag);
      if (delivery) this.take(delivery, outcome);
      return;
    }
    for (const delivery of [...this.unsettled.values()]) {
      if (tag !== 0 && delivery.deliveryTag > tag) break;
      this.take(delivery, outcome);
    }
  }

  /** basic.recover has put everything back. */
  recovered(): void {
    this.unsettled = new Map();
  }

  committed(): void {
    for (const message of this.uncommitted.splice(0)) this.answered(message, true);
    for (const { delivery, outcome } of this.settlements.splice(0)) this.tellSettled(delivery, outcome);
  }

  /** what was published is dropped, what was settled is unsettled again. */
  rolledBack(): void {
    for (const message of this.uncommitted.splice(0)) this.fail(message, 'tx.rollback');
    const restored = [
      ...this.settlements.splice(0).map(({ delivery }) => delivery),
      ...this.unsettled.values(),
    ];
    restored.sort((a, b) => a.deliveryTag - b.deliveryTag);
    this.unsettled = new Map(restored.map((delivery) => [delivery.deliveryTag, delivery]));
  }

  /** The channel is gone: what was not answered on it is given up. @param error what the client knows of the reason */
  lost(error: string): void {
    for (const message of this.unconfirmed.clear()) this.fail(message, error);
    for (const message of this.uncommitted.splice(0)) this.fail(message, error);
    this.settlements = [];
    this.unsettled = new Map();
  }

  private take(delivery: Delivered, outcome: Outcome): void {
    this.unsettled.delete(delivery.deliveryTag);
    if (this.transactional) this.settlements.push({ delivery, outcome });
    else this.tellSettled(delivery, outcome);
  }

  private tellSettled(delivery: Delivered, outcome: Outcome): void {
    this.port.emit(settledEvent(this.port.id, delivery, outcome));
  }

  private answered(message: MessageId, acked: boolean): void {
    const client = this.port.id;
    if (acked) this.port.emit({ kind: 'publish-confirmed', client, message, place: null, position: null });
    else this.fail(message, 'nacked');
  }

  private fail(message: MessageId, error: string): void {
    this.port.emit({ kind: 'publish-failed', client: this.port.id, message, error });
  }
}
