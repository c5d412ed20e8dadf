/**
 * An application that makes its calls in order: each at its time, or when the one before it was answered. Publishes and
 * acknowledgements are answered by nobody, and so it goes on at once. When it has made the last one it stays connected.
 *
 * A call on a channel that is not open opens it first: also after an error has closed it, and then delivery tags count
 * from 1 again. A connection that is lost is recovered by the library, with all that was on it; the call that was under way
 * has failed, and the next one is made when the connection is there again.
 */
import type { Actor, Port } from '../../../sim/kernel.ts';
import { fromMs } from '../../../sim/time.ts';
import type { EventBody } from '../../../sim/trace.ts';
import type { Application, Call } from '../client-config.ts';
import type { ClientFrame, Delivered, Frames, ServerFrame } from '../protocol.ts';
import type { ConsumeFrame } from './channel.ts';
import { AmqpConnection, type AmqpApp, type CallFrame, type SendFrame } from './connection.ts';
import type { MessageCounter } from './counter.ts';
import { Ledger } from './ledger.ts';

/** A call on a channel. */
type ChannelCall = Exclude<Call, { readonly call: 'connection.close' }>;

const PERSISTENT = 2;

export class ApplicationClient implements Actor, AmqpApp {
  readonly id: string;
  private readonly port: Port;
  private readonly client: Application;
  private readonly counter: MessageCounter;
  private readonly connection: AmqpConnection;
  /** The call that is made next, or whose answer is awaited. */
  private at = 0;
  /** What it waits for; null: nothing, it is on its way or done. */
  private awaits: 'time' | 'reply' | 'connection-closed' | null = null;
  private leaving = false;
  /** By channel. */
  private ledgers = new Map<number, Ledger>();

  /** @param nodes the cluster's nodes, in the order in which they are tried */
  constructor(port: Port, client: Application, counter: MessageCounter, nodes: readonly string[]) {
    this.id = port.id;
    this.port = port;
    this.client = client;
    this.counter = counter;
    this.connection = new AmqpConnection(port, nodes, client, this);
  }

  start(): void {
    this.at = 0;
    this.awaits = null;
    this.leaving = false;
    this.ledgers = new Map();
    const publishes = this.client.calls.some(({ do: call }) => call.call === 'basic.publish');
    this.port.emit({ kind: 'client-started', client: this.id, role: publishes ? 'producer' : 'consumer' });
    this.connection.start();
    this.connection.flush();
  }

  receive(message: unknown, from: string): void {
    this.connection.receive(message as Frames<ServerFrame>, from);
    this.goOn();
  }

  wake(timer: string): void {
    if (timer === 'call') this.awaits = null;
    else this.connection.wake(timer);
    this.goOn();
  }

  disconnected(peer: string): void {
    this.connection.disconnected(peer);
    this.goOn();
  }

  /** Closes its connection in good order, and ends. */
  close(): void {
    if (this.leaving) return;
    this.leaving = true;
    this.connection.close();
    this.connection.flush();
  }

  // One call after another.

  private goOn(): void {
    while (!this.leaving && this.awaits === null && this.at < this.client.calls.length)
      if (!this.step()) break;
    this.connection.flush();
  }

  /** @returns whether it can go on at once */
  private step(): boolean {
    const { atMs, channel, do: call } = this.client.calls[this.at]!;
    const wait = fromMs(atMs) - this.port.now();
    if (wait > 0) {
      this.awaits = 'time';
      this.port.timer(wait, 'call');
      return false;
    }
    if (call.call === 'connection.close') return this.closeConnection();
    if (this.connection.isClosed) this.connection.open();
    if (!this.connection.isOpen) return false;
    if (this.connection.isChannelOpen(channel)) return this.make(channel, call);
    if (call.call === 'channel.close') {
      this.at++;
      return true;
    }
    if (!this.connection.hasChannel(channel)) this.connection.openChannel(channel);
    return false;
  }

  private closeConnection(): boolean {
    if (this.connection.isClosed) {
      this.at++;
      return true;
    }
    this.awaits = 'connection-closed';
    this.connection.close();
    return false;
  }

  private make(channel: number, call: ChannelCall): boolean {
    const frame = this.frameOf(channel, call);
    if (isSend(frame)) {
      this.at++;
      this.connection.send(frame);
      this.note(frame);
      return true;
    }
    this.awaits = 'reply';
    this.connection.call(frame);
    return false;
  }

  private frameOf(channel: number, call: ChannelCall): CallFrame | SendFrame {
    switch (call.call) {
      case 'exchange.declare':
        return { method: call.call, channel, exchange: call.exchange, passive: call.passive };
      case 'exchange.delete':
        return { method: call.call, channel, name: call.name, ifUnused: call.ifUnused };
      case 'queue.declare':
        return { method: call.call, channel, queue: call.queue, passive: call.passive };
      case 'queue.delete': {
        const { name, ifUnused, ifEmpty } = call;
        return {
          method: call.call,
          channel,
          name: this.connection.queueName(channel, name),
          ifUnused,
          ifEmpty,
        };
      }
      case 'queue.purge':
        return { method: call.call, channel, name: this.connection.queueName(channel, call.name) };
      case 'bind':
      case 'unbind':
        return { method: call.call, channel, binding: call.binding };
      case 'basic.publish':
        return this.publish(channel, call);
      case 'basic.qos': {
        const { prefetchCount, prefetchSize, global } = call;
        return { method: call.call, channel, prefetchCount, prefetchSize, global };
      }
      case 'basic.consume': {
        const { tag, noAck, exclusive, arguments: more } = call;
        const queue = this.connection.queueName(channel, call.queue);
        return { method: call.call, channel, queue, tag, noAck, exclusive, arguments: more };
      }
      case 'basic.cancel':
        return { method: call.call, channel, tag: call.tag };
      case 'basic.get':
        return {
          method: call.call,
          channel,
          queue: this.connection.queueName(channel, call.queue),
          noAck: call.noAck,
        };
      case 'basic.ack':
        return { method: call.call, channel, deliveryTag: call.tag, multiple: call.multiple };
      case 'basic.nack': {
        const { tag: deliveryTag, multiple, requeue } = call;
        return { method: call.call, channel, deliveryTag, multiple, requeue };
      }
      case 'basic.reject':
        return { method: call.call, channel, deliveryTag: call.tag, requeue: call.requeue };
      case 'basic.recover':
        return { method: call.call, channel, requeue: call.requeue };
      default:
        return { method: call.call, channel };
    }
  }

  private publish(channel: number, call: Extract<Call, { call: 'basic.publish' }>): SendFrame {
    const { exchange, routingKey, mandatory, immediate, key, bytes, headers, userId } = call;
    return {
      method: call.call,
      channel,
      exchange,
      routingKey,
      mandatory,
      immediate,
      content: {
        id: this.counter.next++,
        key,
        bytes,
        persistent: call.deliveryMode === PERSISTENT,
        priority: call.priority ?? null,
        expiration: call.expiration ?? null,
        headers,
        userId,
      },
    };
  }

  /** What the trace is told of a call that nobody answers. */
  private note(frame: SendFrame): void {
    const ledger = this.ledger(frame.channel);
    switch (frame.method) {
      case 'basic.publish': {
        const { content, exchange, routingKey } = frame;
        const { id: message, key, bytes, headers } = content;
        const event: Extract<EventBody, { kind: 'published' }> = {
          kind: 'published',
          client: this.id,
          message,
          key,
          to: exchange,
          bytes,
          routingKey,
        };
        if (Object.keys(headers).length > 0) event.headers = headers;
        if (!content.persistent) event.transient = true;
        if (content.expiration !== null) event.expiration = content.expiration;
        if (content.priority !== null) event.priority = content.priority;
        if (!ledger.confirms && !ledger.transactional) event.untold = true;
        this.port.emit(event);
        ledger.published(message);
        break;
      }
      case 'basic.ack':
        ledger.settle(frame.deliveryTag, frame.multiple, 'acked');
        break;
      case 'basic.nack':
        ledger.settle(frame.deliveryTag, frame.multiple, 'nacked');
        break;
      case 'basic.reject':
        ledger.settle(frame.deliveryTag, false, 'rejected');
    }
  }

  private ledger(channel: number): Ledger {
    let ledger = this.ledgers.get(channel);
    if (!ledger) this.ledgers.set(channel, (ledger = new Ledger(this.port)));
    return ledger;
  }

  /** The answer that it waits for has come, or never will. */
  private answered(): void {
    if (this.awaits !== 'reply') return;
    this.awaits = null;
    this.at++;
  }

  /** The channels are gone, with what was not answered on them. */
  private lose(error: string): void {
    for (const ledger of this.ledgers.values()) ledger.lost(error);
  }

  // What the library tells (AmqpApp). The next call is made at the end of the handler.

  connectionOpened(): void {
    // The next call opens the channel that it needs.
  }

  connectionLost(): void {
    this.lose('its connection was lost');
    this.answered();
  }

  connectionRecovered(): void {
    // As above; channels that were open are open again.
  }

  connectionClosed(): void {
    this.lose('its connection was closed');
    this.ledgers = new Map();
    if (this.leaving) {
      this.port.emit({ kind: 'client-stopped', client: this.id, reason: 'closed' });
      this.port.exit();
      return;
    }
    if (this.awaits !== 'connection-closed') return;
    this.awaits = null;
    this.at++;
  }

  blocked(): void {
    // Its calls go out and wait on their way: the server does not read them.
  }

  replied(call: CallFrame, reply: ServerFrame): void {
    const ledger = this.ledger(call.channel);
    switch (call.method) {
      case 'channel.open':
        // Not a call of its own: the one that needs the channel follows.
        return;
      case 'channel.close':
        ledger.lost('its channel was closed');
        this.ledgers.delete(call.channel);
        break;
      case 'confirm.select':
        ledger.confirms = true;
        break;
      case 'tx.select':
        ledger.transactional = true;
        break;
      case 'tx.commit':
        ledger.committed();
        break;
      case 'tx.rollback':
        ledger.rolledBack();
        break;
      case 'basic.recover':
        ledger.recovered();
        break;
      case 'basic.get':
        if (reply.method === 'basic.get-ok') ledger.delivered(reply.delivery, call.noAck);
        else this.port.emit({ kind: 'nothing-there', client: this.id, place: call.queue });
        break;
      default:
    }
    this.answered();
  }

  channelClosed(channel: number, error: string): void {
    this.ledgers.get(channel)?.lost(error);
    this.ledgers.delete(channel);
    const call = this.client.calls[this.at];
    if (call?.channel === channel) this.answered();
  }

  delivered(channel: number, delivery: Delivered, noAck: boolean): void {
    this.ledger(channel).delivered(delivery, noAck);
  }

  cancelled(): void {
    // What it was delivered it may still settle.
  }

  returned({ code, text, message }: Extract<ServerFrame, { method: 'basic.return' }>): void {
    this.port.emit({ kind: 'returned', client: this.id, message: message.id, reason: `${code} ${text}` });
  }

  confirmed(frame: Extract<ServerFrame, { method: 'basic.ack' | 'basic.nack' }>): void {
    this.ledger(frame.channel).confirmed(frame);
  }

  consumeAgain(consume: ConsumeFrame): ConsumeFrame {
    return consume;
  }
}

function isSend(frame: ClientFrame): frame is SendFrame {
  switch (frame.method) {
    case 'basic.publish':
    case 'basic.ack':
    case 'basic.nack':
    case 'basic.reject':
      return true;
    default:
      return false;
  }
}
