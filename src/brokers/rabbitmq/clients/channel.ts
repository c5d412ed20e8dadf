/**
 * A channel as the client library keeps it: the calls that wait for their replies, and what automatic recovery has to set
 * up on it again. One call is on the wire at a time, as in the Java client; publishes and acknowledgements wait for nothing.
 */
import type { ClientFrame } from '../protocol.ts';

export type ConsumeFrame = Extract<ClientFrame, { method: 'basic.consume' }>;
export type QosFrame = Extract<ClientFrame, { method: 'basic.qos' }>;

export interface PendingCall {
  readonly frame: ClientFrame;
  /** Made by automatic recovery: its reply is not the application's. */
  readonly own: boolean;
  /** The name that a queue had which is declared again. */
  readonly was: string | null;
}

export class Channel {
  readonly number: number;
  open = false;
  /** Calls that are not answered, in order; the first is on the wire. */
  calls: PendingCall[] = [];
  qos: QosFrame | null = null;
  globalQos: QosFrame | null = null;
  confirms = false;
  transactional = false;
  /** The queue that was declared last. */
  lastQueue = '';
  /** Consumers by tag. */
  consumers = new Map<string, ConsumeFrame>();

  constructor(number: number) {
    this.number = number;
  }

  /** what limits a consumer that begins now; null where nothing does. */
  prefetchOf({ noAck }: ConsumeFrame): number | null {
    if (noAck) return null;
    const limits = [this.qos, this.globalQos].flatMap((qos) =>
      qos && qos.prefetchCount > 0 ? [qos.prefetchCount] : [],
    );
    return limits.length === 0 ? null : Math.min(...limits);
  }

  /** A `basic.qos` was answered. R-41: one for consumers, after one for the channel, takes the channel's away. */
  setQos(frame: QosFrame): void {
    if (frame.global) this.globalQos = frame;
    else {
      this.qos = frame;
      this.globalQos = null;
    }
  }
}
