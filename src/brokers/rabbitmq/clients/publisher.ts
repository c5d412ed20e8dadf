/**
 * A publishing application: it publishes as its load brings messages, on one channel of one connection. Where it cannot
 * (no connection, a blocked one, too many unconfirmed) the call waits, and the message with it. With confirms it answers
 * for every message until the broker has; without, what was on the wire when a connection broke is lost,
 * and nobody is told.
 *
 * A channel that the server closes (R-5: the exchange is not there, say) is opened again after `recoveryMs`, and what was
 * not confirmed on it is treated as what a lost connection leaves behind.
 */
import type { Actor, Port } from '../../../sim/kernel.ts';
import type { Random } from '../../../sim/random.ts';
import { fromMs } from '../../../sim/time.ts';
import type { Emission, MessageId } from '../../../sim/trace.ts';
import { LoadSource } from '../../load.ts';
import type { Publisher } from '../client-config.ts';
import type { RabbitmqAction, Table } from '../config.ts';
import type { ClientFrame, Content, Frames, ServerFrame } from '../protocol.ts';
import type { ConsumeFrame } from './channel.ts';
import { AmqpConnection, type AmqpApp } from './connection.ts';
import type { MessageCounter } from './counter.ts';
import { Unconfirmed } from './unconfirmed.ts';

/** Messages whose publish waits; more are not published at all. */
const BACKLOG_MAX = 100_000;
/** So long `close()` waits for confirms. */
const CLOSE_TIMEOUT_MS = 10_000;
/** So long it waits at least before it publishes again what was refused: else it could do so for ever in one instant. */
const RESEND_MIN_MS = 1;
const CHANNEL = 1;
const PERSISTENT = 2;
/** Routing keys that are remembered. */
const ROUTING_KEYS_MAX = 4096;

type Publish = Extract<ClientFrame, { readonly method: 'basic.publish' }>;
export type PublishAction = Extract<RabbitmqAction, { readonly do: 'publish' }>;

type Usual = Pick<Content, 'bytes' | 'persistent' | 'priority' | 'expiration'> &
  Pick<Publish, 'exchange' | 'mandatory'>;

/** A message that is published a second time. */
interface Again {
  readonly publish: Publish;
  readonly why: string;
}

export class PublisherClient implements Actor, AmqpApp {
  readonly id: string;
  private readonly port: Port;
  private readonly client: Publisher;
  private readonly counter: MessageCounter;
  private readonly load: Random;
  private readonly connection: AmqpConnection;
  /** What its settings say of each message. */
  private readonly usual: Usual;
  /** What lies between the places of the key in the routing key. */
  private readonly routingKeyParts: readonly string[];
  private readonly routingKeys = new Map<string | null, string>();
  private readonly headers: Table;
  private readonly hasHeaders: boolean;
  private source: LoadSource | null = null;
  /** Whether its channel takes messages. */
  private ready = false;
  private isBlocked = false;
  private unconfirmed = new Unconfirmed<Publish>();
  /** Messages that came back, and whose confirm has not come yet. */
  private returnedMessages = new Set<MessageId>();
  /** What is published again as soon as it can be, before anything new. */
  private again: Again[] = [];
  /** What was nacked, and when it is published again. */
  private nacked: { readonly publish: Publish; readonly at: number }[] = [];
  /** What has not been published yet, from {@link next} on. */
  private backlog: Publish[] = [];
  private next = 0;
  private shed = false;
  /** `closing`: it publishes nothing new and waits for confirms; `leaving`: it has closed its connection. */
  private phase: 'running' | 'closing' | 'leaving' = 'running';

  /**
   * @param nodes the cluster's nodes, in the order in which they are tried
   * @param load a generator of its own, so that faults do not change what is published
   */
  constructor(
    port: Port,
    client: Publisher,
    counter: MessageCounter,
    nodes: readonly string[],
    load: Random,
  ) {
    this.id = port.id;
    this.port = port;
    this.client = client;
    this.counter = counter;
    this.load = load;
    this.routingKeyParts = client.routingKey.split('{key}');
    this.usual = {
      bytes: client.bytes,
      persistent: client.deliveryMode === PERSISTENT,
      priority: client.priority ?? null,
      expiration: client.expiration ?? null,
      exchange: client.exchange,
      mandatory: client.mandatory,
    };
    this.headers = Object.freeze({ ...client.headers });
    this.hasHeaders = Object.keys(this.headers).length > 0;
    this.connection = new AmqpConnection(port, nodes, client, this);
  }

  start(): void {
    this.ready = false;
    this.isBlocked = false;
    this.unconfirmed = new Unconfirmed();
    this.returnedMessages = new Set();
    this.again = [];
    this.nacked = [];
    this.backlog = [];
    this.next = 0;
    this.shed = false;
    this.phase = 'running';
    this.port.emit({ kind: 'client-started', client: this.id, role: 'producer' });
    const now = this.port.now();
    if (this.source) this.source.resume(now);
    else this.source = new LoadSource(this.client, this.load, now);
    this.connection.start();
    this.scheduleArrival();
    this.connection.flush();
  }

  receive(message: unknown, from: string): void {
    this.connection.receive(message as Frames<ServerFrame>, from);
    this.pump();
    this.connection.flush();
  }

  wake(timer: string): void {
    switch (timer) {
      case 'arrival':
        this.arrive();
        break;
      case 'resend':
        this.resendNacked();
        break;
      case 'open-channel':
        if (this.connection.isOpen && !this.connection.hasChannel(CHANNEL))
          this.connection.openChannel(CHANNEL);
        break;
      case 'close-timeout':
        if (this.phase === 'closing') this.leave(`not confirmed within ${CLOSE_TIMEOUT_MS / 1000} s`);
        break;
      default:
        this.connection.wake(timer);
    }
    this.connection.flush();
  }

  disconnected(peer: string): void {
    this.connection.disconnected(peer);
    this.connection.flush();
  }

  /** The application publishes messages at once, beside its load. */
  publish(action: PublishAction): void {
    if (this.phase !== 'running') return;
    for (let i = 0; i < action.count; i++) this.offer(action.key, action);
    this.connection.flush();
  }

  /**
   * The application ends: it publishes nothing new, waits for the confirms of what it has published as long as they can
   * come, and closes its connection. What it could not publish fails.
   */
  close(): void {
    if (this.phase !== 'running') return;
    this.phase = 'closing';
    if (!this.ready || this.isBlocked) {
      this.leave('its publisher was closed before it could be published');
    } else {
      this.pump();
      this.giveUpNacked();
      this.port.timer(fromMs(CLOSE_TIMEOUT_MS), 'close-timeout');
      this.leaveIfDone();
    }
    this.connection.flush();
  }

  // The load.

  private scheduleArrival(): void {
    const at = this.source!.next();
    if (at !== null) this.port.timer(Math.max(0, at - this.port.now()), 'arrival');
  }

  private arrive(): void {
    if (this.phase !== 'running') return;
    this.offer(this.source!.take(), null);
    this.scheduleArrival();
  }

  /** The application calls `basic.publish`. @param action what is to be other than the publisher's settings say */
  private offer(key: string | null, action: PublishAction | null): void {
    if (this.backlog.length - this.next >= BACKLOG_MAX) {
      if (!this.shed) {
        this.shed = true;
        const what = `messages that ${this.id} holds while it cannot publish`;
        this.port.emit({ kind: 'limit-reached', what, limit: BACKLOG_MAX });
      }
      return;
    }
    const publish = this.compose(key, action);
    this.emitPublished(publish);
    if (this.canPublish() && this.next === this.backlog.length && this.again.length === 0) this.put(publish);
    else this.backlog.push(publish);
  }

  private compose(key: string | null, action: PublishAction | null): Publish {
    const { bytes, persistent, mandatory } = this.usual;
    const { priority, expiration, exchange } = action ? { ...this.usual, ...given(action) } : this.usual;
    const content: Content = {
      id: this.counter.next++,
      key,
      bytes,
      persistent,
      priority,
      expiration,
      headers: action?.headers ?? this.headers,
    };
    return {
      method: 'basic.publish',
      channel: CHANNEL,
      exchange,
      routingKey: action?.routingKey ?? this.routingKey(key),
      mandatory,
      immediate: false,
      content,
    };
  }

  private routingKey(key: string | null): string {
    // One text for each key, not for each message: a router looks for what it knows by it.
    let made = this.routingKeys.get(key);
    if (made === undefined) {
      const own = key === null ? undefined : this.client.routingKeys[key];
      made = own ?? this.routingKeyParts.join(key ?? '');
      if (this.routingKeys.size < ROUTING_KEYS_MAX) this.routingKeys.set(key, made);
    }
    return made;
  }

  private emitPublished({ exchange, routingKey, content }: Publish): void {
    const event: Extract<Emission, { kind: 'published' }> = {
      seq: 0,
      at: 0,
      kind: 'published',
      client: this.id,
      message: content.id,
      key: content.key,
      to: exchange,
      bytes: content.bytes,
      routingKey,
    };
    if (content.headers !== this.headers || this.hasHeaders) event.headers = content.headers;
    if (!content.persistent) event.transient = true;
    if (!this.client.confirms) event.untold = true;
    if (content.expiration !== null) event.expiration = content.expiration;
    if (content.priority !== null) event.priority = content.priority;
    this.port.emit(event);
  }

  // What goes out.

  private canPublish(): boolean {
    const { confirms, maxUnconfirmed } = this.client;
    return (
      this.ready &&
      !this.isBlocked &&
      this.phase !== 'leaving' &&
      (!confirms || maxUnconfirmed === 0 || this.unconfirmed.size < maxUnconfirmed)
    );
  }

  private put(publish: Publish): void {
    if (this.client.confirms) this.unconfirmed.add(publish);
    this.connection.send(publish);
  }

  /** Publishes what waits, as far as it can. */
  private pump(): void {
    let done = 0;
    while (done < this.again.length && this.canPublish()) {
      const { publish, why } = this.again[done++]!;
      const { exchange, content } = publish;
      this.port.emit({ kind: 'republished', client: this.id, message: content.id, to: exchange, why });
      this.put(publish);
    }
    if (done > 0) this.again.splice(0, done);
    if (this.again.length > 0) return;
    while (this.next < this.backlog.length && this.canPublish()) this.put(this.backlog[this.next++]!);
    if (this.next === this.backlog.length && this.next > 0) {
      this.backlog = [];
      this.next = 0;
      this.shed = false;
    }
  }

  private resendNacked(): void {
    const now = this.port.now();
    let due = 0;
    while (due < this.nacked.length && this.nacked[due]!.at <= now) due++;
    for (const { publish } of this.nacked.splice(0, due)) this.again.push({ publish, why: 'it was nacked' });
    this.scheduleResend();
    this.pump();
  }

  private scheduleResend(): void {
    const first = this.nacked[0];
    if (first) this.port.timer(Math.max(0, first.at - this.port.now()), 'resend');
  }

  /** What was published and not answered when its channel went: published again, or given up. */
  private abandon(error: string, why: string): void {
    const open = this.unconfirmed.clear();
    const resends = this.client.unconfirmed === 'resend' && this.phase === 'running';
    const before: Again[] = [];
    for (const publish of open) {
      // It has come back already: the application knows what became of it.
      if (this.returnedMessages.has(publish.content.id)) continue;
      if (resends) before.push({ publish, why });
      else this.fail(publish, error);
    }
    this.returnedMessages.clear();
    this.again = before.concat(this.again);
  }

  private fail({ content }: Publish, error: string): void {
    this.port.emit({ kind: 'publish-failed', client: this.id, message: content.id, error });
  }

  private giveUpNacked(): void {
    for (const { publish } of this.nacked.splice(0)) this.fail(publish, 'nacked');
  }

  // The end.

  private leaveIfDone(): void {
    const waits = this.unconfirmed.size + this.again.length + this.backlog.length - this.next;
    if (this.phase === 'closing' && waits === 0) this.leave('');
  }

  /** @param error what is said of messages that it still answers for */
  private leave(error: string): void {
    this.phase = 'leaving';
    this.abandon(error, '');
    this.giveUpNacked();
    for (const { publish } of this.again.splice(0)) this.fail(publish, error);
    for (const publish of this.backlog.splice(this.next)) this.fail(publish, error);
    this.connection.close();
  }

  // What the library tells (AmqpApp). Messages that wait go out at the end of the handler.

  connectionOpened(): void {
    this.connection.openChannel(CHANNEL);
  }

  connectionLost(): void {
    this.ready = false;
    this.isBlocked = false;
    this.abandon('its connection was lost', 'its connection was lost before it was confirmed');
    if (this.phase === 'closing') this.leave('its connection was lost');
  }

  connectionRecovered(): void {
    if (!this.connection.hasChannel(CHANNEL)) this.connection.openChannel(CHANNEL);
    else this.select();
  }

  connectionClosed(): void {
    this.port.emit({ kind: 'client-stopped', client: this.id, reason: 'closed' });
    this.port.exit();
  }

  replied(): void {
    this.select();
  }

  /** Its channel is open: it takes messages when it is in the mode that they need. */
  private select(): void {
    if (!this.client.confirms || this.connection.confirms(CHANNEL)) this.ready = true;
    else this.connection.call({ method: 'confirm.select', channel: CHANNEL });
  }

  channelClosed(_channel: number, error: string): void {
    this.ready = false;
    this.abandon(error, 'its channel was closed before it was confirmed');
    if (this.phase === 'closing') this.leave(error);
    else if (this.phase === 'running') this.port.timer(fromMs(this.client.recoveryMs), 'open-channel');
  }

  blocked(blocked: boolean): void {
    this.isBlocked = blocked;
    if (blocked && this.phase === 'closing') this.leave('its connection is blocked and its publisher closes');
  }

  returned({ code, text, message }: Extract<ServerFrame, { readonly method: 'basic.return' }>): void {
    if (this.phase === 'leaving') return;
    if (this.client.confirms) this.returnedMessages.add(message.id);
    this.port.emit({ kind: 'returned', client: this.id, message: message.id, reason: `${code} ${text}` });
  }

  confirmed(frame: Extract<ServerFrame, { readonly method: 'basic.ack' | 'basic.nack' }>): void {
    const acked = frame.method === 'basic.ack';
    if (!frame.multiple) {
      const publish = this.unconfirmed.take(frame.deliveryTag);
      if (publish) this.answered(publish, acked);
    } else {
      for (let publish; (publish = this.unconfirmed.takeUpTo(frame.deliveryTag));)
        this.answered(publish, acked);
    }
    this.leaveIfDone();
  }

  private answered(publish: Publish, acked: boolean): void {
    const message = publish.content.id;
    const cameBack = this.returnedMessages.size > 0 && this.returnedMessages.delete(message);
    if (acked) {
      this.port.emit({
        seq: 0,
        at: 0,
        kind: 'publish-confirmed',
        client: this.id,
        message,
        place: null,
        position: null,
      });
    } else if (cameBack) return;
    else if (this.client.unconfirmed === 'give-up' || this.phase !== 'running') this.fail(publish, 'nacked');
    else {
      const first = this.nacked.length === 0;
      const after = fromMs(Math.max(this.client.resendMs, RESEND_MIN_MS));
      this.nacked.push({ publish, at: this.port.now() + after });
      if (first) this.scheduleResend();
    }
  }

  delivered(): void {
    // It consumes nothing.
  }

  cancelled(): void {
    // As above.
  }

  consumeAgain(consume: ConsumeFrame): ConsumeFrame {
    return consume;
  }
}

/** What an action says itself of what it publishes. */
function given({ priority, expiration, exchange }: PublishAction): Partial<Usual> {
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(expiration === undefined ? {} : { expiration }),
    ...(exchange === undefined ? {} : { exchange }),
  };
}
