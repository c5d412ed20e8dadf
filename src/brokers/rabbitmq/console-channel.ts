/**
 * The connection on which the console's tools do what a client does: one channel, one call after another. The management
 * plugin opens one of this kind on its node for each request; a tool of the simulated console opens it itself.
 */
import type { Port } from '../../sim/kernel.ts';
import type { Ticket } from '../../sim/event-queue.ts';
import { fromMs } from '../../sim/time.ts';
import { utf8Length } from '../utf8.ts';
import type { MessageCounter } from './clients/counter.ts';
import { Ledger } from './clients/ledger.ts';
import type { Table } from './config.ts';
import type { AmqpAnswer, AmqpCall } from './console/script.ts';
import type { ClientFrame, Delivered, Frames, ServerFrame } from './protocol.ts';

/** How long the management plugin waits for a publisher's confirm. */
const PUBLISH_TIMEOUT_MS = 15_000;
const CHANNEL = 1;
/** Payloads that the console remembers: a message of the model has none. */
const PAYLOADS_MAX = 10_000;

export interface ChannelOwner {
  amqpAnswered(answer: AmqpAnswer): void;
}

/** What was typed as the content of a message; another client's message is called by its number. */
export class Payloads {
  private readonly typed = new Map<number, string>();

  add(message: number, payload: string): void {
    this.typed.set(message, payload);
    if (this.typed.size > PAYLOADS_MAX) this.typed.delete(this.typed.keys().next().value!);
  }

  of(message: number): string {
    return this.typed.get(message) ?? `message-${message}`;
  }
}

export class ConsoleChannel {
  private readonly port: Port;
  private readonly node: string;
  private readonly owner: ChannelOwner;
  private readonly counter: MessageCounter;
  private readonly payloads: Payloads;
  private readonly timers: string;
  private readonly ledger: Ledger;
  private state: 'new' | 'opening' | 'open' | 'closed' = 'new';
  private call: AmqpCall | null = null;
  private returned = false;
  private timeout: Ticket | null = null;

  /** @param timers prefix of its timers' names, another for every tool */
  constructor(
    port: Port,
    node: string,
    owner: ChannelOwner,
    counter: MessageCounter,
    payloads: Payloads,
    timers: string,
  ) {
    this.port = port;
    this.node = node;
    this.owner = owner;
    this.counter = counter;
    this.payloads = payloads;
    this.timers = timers;
    this.ledger = new Ledger(port);
  }

  /** Makes a call; its answer comes by the owner's `amqpAnswered`. */
  make(call: AmqpCall): void {
    this.call = call;
    if (this.state === 'open') this.begin(call);
    else {
      this.state = 'opening';
      this.send(
        { method: 'connection.open', client: this.port.id },
        { method: 'channel.open', channel: CHANNEL },
      );
    }
  }

  receive({ frames }: Frames<ServerFrame>): void {
    for (const frame of frames) this.on(frame);
  }

  /** @returns whether the timer was its own */
  wake(timer: string): boolean {
    if (timer !== `${this.timers}confirm`) return false;
    this.timeout = null;
    this.ledger.lost('confirm timeout');
    this.answer({ kind: 'confirm-timeout' });
    return true;
  }

  disconnected(peer: string): void {
    if (peer !== this.node || this.state === 'closed') return;
    this.state = 'closed';
    this.stopTimer();
    this.ledger.lost('connection lost');
    this.answer({ kind: 'unreachable' });
  }

  /** Ends the connection in good order; what it has not settled goes back. */
  close(): void {
    if (this.state === 'open' || this.state === 'opening') this.send({ method: 'connection.close' });
    this.state = 'closed';
    this.call = null;
    this.stopTimer();
    this.ledger.lost('connection closed');
  }

  private on(frame: ServerFrame): void {
    if (this.state === 'closed') return;
    switch (frame.method) {
      case 'channel.open-ok':
        this.state = 'open';
        if (this.call) this.begin(this.call);
        return;
      case 'channel.close':
      case 'connection.close': {
        const { code, text } = frame;
        this.stopTimer();
        this.ledger.lost(`${code} ${text}`);
        // A channel that the server closed takes no more; the connection ends with the tool.
        if (frame.method === 'connection.close') this.state = 'closed';
        this.answer({ kind: 'refused', code, text });
        return;
      }
      case 'basic.return':
        this.returned = true;
        this.port.emit({
          kind: 'returned',
          client: this.port.id,
          message: frame.message.id,
          reason: `${frame.code} ${frame.text}`,
        });
        return;
      case 'basic.ack':
      case 'basic.nack':
        this.stopTimer();
        this.ledger.confirmed(frame);
        this.answer({ kind: 'published', routed: !this.returned, confirmed: frame.method === 'basic.ack' });
        return;
      case 'basic.get-ok':
        this.ledger.delivered(frame.delivery, this.call?.call === 'get' && this.call.noAck);
        this.answer({ kind: 'got', delivery: this.gotten(frame.delivery), left: frame.messages });
        return;
      case 'basic.get-empty':
        if (this.call?.call === 'get')
          this.port.emit({ kind: 'nothing-there', client: this.port.id, place: this.call.queue });
        this.answer({ kind: 'got', delivery: null, left: 0 });
        return;
      case 'queue.delete-ok':
      case 'queue.purge-ok':
      case 'queue.declare-ok':
        this.answer({ kind: 'done', messages: frame.messages });
        return;
      case 'ok':
        if (frame.to === 'confirm.select') this.publish();
        else this.answer({ kind: 'done', messages: 0 });
        return;
      default:
    }
  }

  private begin(call: AmqpCall): void {
    const channel = CHANNEL;
    switch (call.call) {
      case 'publish':
        this.ledger.confirms = true;
        this.send({ method: 'confirm.select', channel });
        return;
      case 'get':
        this.send({ method: 'basic.get', channel, queue: call.queue, noAck: call.noAck });
        return;
      case 'settle': {
        const { deliveryTag, how } = call;
        if (how === 'nack')
          this.send({ method: 'basic.nack', channel, deliveryTag, multiple: false, requeue: true });
        else this.send({ method: 'basic.reject', channel, deliveryTag, requeue: how === 'requeue' });
        this.ledger.settle(deliveryTag, false, how === 'nack' ? 'nacked' : 'rejected');
        this.answer({ kind: 'done', messages: 0 });
        return;
      }
      case 'declare-exchange':
        this.send({ method: 'exchange.declare', channel, exchange: call.exchange, passive: false });
        return;
      case 'delete-exchange':
        this.send({ method: 'exchange.delete', channel, name: call.name, ifUnused: false });
        return;
      case 'declare-queue':
        this.send({
          method: 'queue.declare',
          channel,
          queue: { ...call.queue, exclusive: false },
          passive: false,
        });
        return;
      case 'delete-queue': {
        const { name, ifUnused, ifEmpty } = call;
        this.send({ method: 'queue.delete', channel, name, ifUnused, ifEmpty });
        return;
      }
      case 'purge':
        this.send({ method: 'queue.purge', channel, name: call.name });
        return;
      case 'bind':
      case 'unbind':
        this.send({ method: call.call, channel, binding: call.binding });
        return;
    }
  }

  /** mandatory, in confirm mode, as the management plugin publishes. */
  private publish(): void {
    const { call } = this;
    if (call?.call !== 'publish') return;
    const { exchange, routingKey, payload, persistent, priority, expiration, headers } = call;
    const id = this.counter.next++;
    // A single capital is drawn as the keys of other messages are.
    const key = /^[A-Z]$/.test(payload) ? payload : null;
    const bytes = utf8Length(payload);
    this.payloads.add(id, payload);
    this.returned = false;
    this.port.emit({
      kind: 'published',
      client: this.port.id,
      message: id,
      key,
      to: exchange,
      bytes,
      routingKey,
      ...(Object.keys(headers).length > 0 ? { headers } : {}),
      ...(persistent ? {} : { transient: true }),
      ...(expiration === null ? {} : { expiration }),
    });
    this.ledger.published(id);
    const content = { id, key, bytes, persistent, priority, expiration, headers };
    this.send(
      {
        method: 'basic.publish',
        channel: CHANNEL,
        exchange,
        routingKey,
        mandatory: true,
        immediate: false,
        content,
      },
      id,
    );
    this.timeout = this.port.timer(fromMs(PUBLISH_TIMEOUT_MS), `${this.timers}confirm`);
  }

  private gotten(delivery: Delivered): Extract<AmqpAnswer, { kind: 'got' }>['delivery'] {
    const { message, deliveryTag, redelivered } = delivery;
    const headers: Table = delivery.headers;
    const payload = this.payloads.of(message.id);
    return {
      deliveryTag,
      redelivered,
      exchange: message.exchange,
      routingKey: message.routingKey,
      payload,
      persistent: message.persistent,
      priority: message.priority,
      expiration: message.expiration,
      headers,
    };
  }

  private send(first: ClientFrame, then: ClientFrame | number | null = null): void {
    const frames = typeof then === 'object' && then !== null ? [first, then] : [first];
    const message = typeof then === 'number' ? [then] : [];
    this.port.send(this.node, { frames } satisfies Frames<ClientFrame>, {
      what: frames.at(-1)!.method,
      messages: message,
    });
  }

  private stopTimer(): void {
    if (this.timeout) this.port.cancel(this.timeout);
    this.timeout = null;
  }

  private answer(answer: AmqpAnswer): void {
    if (!this.call) return;
    this.call = null;
    this.owner.amqpAnswered(answer);
  }
}
