/**
 * A channel as the server keeps it: it takes its methods in order, routes what is published, numbers what it gives out, and
 * settles it again. What its work takes, and when, its node decides (node.ts).
 */
import { fromMs, toMs, type Micros } from '../../sim/time.ts';
import type { EventBody, MessageId } from '../../sim/trace.ts';
import type { Administration } from './administration.ts';
import { AmqpError } from './amqp-error.ts';
import type { ClusterState, QueueRecord } from './cluster-state.ts';
import { Confirms } from './confirms.ts';
import { serverName } from './names.ts';
import { checkPublish } from './definitions/publish.ts';
import { resource } from './definitions/terms.ts';
import type { Message } from './message.ts';
import type { ClientFrame, Content, Delivered, ServerFrame } from './protocol.ts';
import type { ChannelKey, QueueDelivery, ReturnReason, Subscription } from './queue.ts';
import { QueueClient, type QueueRoute } from './queue-client.ts';
import { visibleHeaders } from './queues/dead-letter.ts';
import { subscribe } from './subscribe.ts';
import { UnackedList, type Unacked } from './unacked.ts';
import { isCommand, type ToChannel, type ToQueue } from './wire.ts';

type ChannelFrame = Extract<ClientFrame, { readonly channel: number }>;
type Frame<M extends ChannelFrame['method']> = Extract<ChannelFrame, { readonly method: M }>;

/** How long a channel waits for a replicated queue's answer to a call, milliseconds; then it gives up (541). */
const CALL_TIMEOUT_MS = 5000;
/** How long a replicated queue may leave a channel's commands undone before they are sent again (rabbit_fifo_client). */
const RETRY_MICROS = 10_000_000;

/** Who is logged in on every connection. */
const USER = 'guest';

/** What a channel needs of its node and its connection. */
export interface ChannelHost extends QueueRoute {
  readonly id: string;
  readonly cluster: ClusterState;
  readonly admin: Administration;
  /** Whether the queue's node can be spoken to; of a replicated queue its leader need not be known. */
  isReachable(record: QueueRecord): boolean;
  trace(event: EventBody): void;
  /** Sends the channel's client a frame, at the end of this handler. */
  reply(channel: Channel, frame: ServerFrame, message?: MessageId): void;
  /** At the end of this handler the channel says what it has to confirm. */
  hasNews(channel: Channel): void;
  /** The channel waits for a call, or no longer; it is blocked by a queue, or no longer. */
  stateChanged(channel: Channel): void;
  /** Wakes the channel with `callTimedOut` unless the call has been answered. */
  callTimer(channel: Channel, call: number, delay: Micros): void;
  /** Its client closes it. */
  close(channel: Channel): void;
  /** It has something unacknowledged now, and had nothing. */
  hasUnacked(channel: Channel): void;
  /** An error of the server (R-5): closes the channel or its connection. */
  fail(channel: Channel, error: AmqpError): void;
}

/** What answers which method. */
const ANSWERS = {
  stat: 'queue.declare',
  purged: 'queue.purge',
  deleted: 'queue.delete',
  cancelled: 'basic.cancel',
  consuming: 'basic.consume',
  got: 'basic.get',
} as const;

type CallAnswer = Extract<ToChannel, { readonly type: keyof typeof ANSWERS | 'refused' }>;

interface Consumer {
  readonly tag: string;
  subscription: Subscription;
  readonly record: QueueRecord;
  /** The last position that it was given; -1, none. */
  last: number;
}

/** A method whose answer a queue gives. */
interface Call {
  readonly number: number;
  readonly frame: ChannelFrame;
  readonly record: QueueRecord;
  readonly command: ToQueue;
}

/** A publish that waits for a commit (R-33). */
interface Buffered {
  readonly message: Message;
  readonly targets: readonly QueueRecord[];
  readonly mandatory: boolean;
}

/** R-33. Acknowledgements in order: what is done with which deliveries. */
interface Transaction {
  publishes: Buffered[];
  answers: { readonly answer: Answer; readonly entries: readonly Unacked[] }[];
}

type Answer = 'ack' | 'discard' | 'reject' | 'nack' | 'recover' | 'timeout';

export class Channel {
  readonly key: ChannelKey;
  readonly number: number;
  readonly client: string;
  /** The connection that it is on: what an exclusive queue belongs to. */
  readonly connection: string;
  /** It has ended: what still comes for it is not its own. */
  closed = false;
  call: Call | null = null;
  readonly unacked = new UnackedList();
  readonly consumers = new Map<string, Consumer>();
  /** By name; a queue that is declared again is another one. */
  readonly queues = new Map<string, QueueClient>();
  confirms: Confirms | null = null;
  tx: Transaction | null = null;
  /** Acknowledged, and not yet sent to the queue. */
  private acks: { queue: string; readonly positions: number[] } = { queue: '', positions: [] };
  /** R-33: tx.commit waits for the queues. */
  committing = false;
  private readonly host: ChannelHost;
  /** R-41, for consumers that begin from now on. */
  prefetch: number;
  private nextTag = 1;
  private nextName = 1;
  private nextCall = 1;
  /** Queues that have to get on before it grants its reader more (R-34). */
  private blockers = 0;
  /** Messages that its reader may hand over until then: the credit that it has. */
  private readerCredit = 0;

  constructor(host: ChannelHost, key: ChannelKey, number: number, client: string, connection: string) {
    this.host = host;
    this.key = key;
    this.number = number;
    this.client = client;
    this.connection = connection;
    this.prefetch = host.cluster.config.default_consumer_prefetch;
  }

  /** Whether it takes no method now: it waits for a queue's answer, for a commit, or for credit. */
  get isWaiting(): boolean {
    return this.call !== null || this.committing || this.isInFlow;
  }

  /** R-34: a queue holds it up, and its reader has used up what it was granted before. */
  get isInFlow(): boolean {
    return this.blockers > 0 && this.readerCredit <= 0;
  }

  // Methods.

  /** @throws AmqpError where the server closes the channel or the connection */
  handle(frame: ChannelFrame): void {
    const { definitions } = this.host.cluster;
    if (frame.method !== 'basic.ack') this.sendAcks();
    switch (frame.method) {
      case 'basic.publish':
        this.publish(frame);
        return;
      case 'basic.ack':
        this.answer('ack', this.unacked.collect(frame.deliveryTag, frame.multiple));
        return;
      case 'basic.nack':
        this.answer(
          frame.requeue ? 'nack' : 'discard',
          this.unacked.collect(frame.deliveryTag, frame.multiple),
        );
        return;
      case 'basic.reject':
        this.answer(frame.requeue ? 'reject' : 'discard', this.unacked.collect(frame.deliveryTag, false));
        return;
      case 'basic.recover':
        if (!frame.requeue) throw new AmqpError(540, 'requeue=false');
        this.settle('recover', this.unacked.takeAll());
        break;
      case 'basic.qos':
        this.qos(frame);
        break;
      case 'basic.consume':
        this.consume(frame);
        return;
      case 'basic.cancel':
        this.cancel(frame);
        return;
      case 'basic.get':
        this.get(frame);
        return;
      case 'queue.declare':
        this.declareQueue(frame);
        return;
      case 'queue.delete':
        this.deleteQueue(frame);
        return;
      case 'queue.purge':
        this.purge(frame);
        return;
      case 'exchange.declare':
        if (frame.passive) definitions.passiveExchange(frame.exchange.name);
        else this.host.admin.declareExchange(frame.exchange);
        break;
      case 'exchange.delete':
        this.host.admin.deleteExchange(frame.name, frame.ifUnused);
        break;
      case 'bind':
        this.host.admin.bind(frame.binding, this.connection);
        break;
      case 'unbind':
        this.host.admin.unbind(frame.binding, this.connection);
        break;
      case 'confirm.select':
        if (this.tx) throw new AmqpError(406, 'cannot switch from tx to confirm mode');
        this.confirms ??= new Confirms();
        break;
      case 'tx.select':
        if (this.confirms && !this.tx) throw new AmqpError(406, 'cannot switch from confirm to tx mode');
        this.confirms ??= new Confirms();
        this.tx ??= { publishes: [], answers: [] };
        break;
      case 'tx.commit':
        this.commit();
        return;
      case 'tx.rollback':
        this.rollback();
        break;
      case 'channel.open':
        throw new AmqpError(504, "second 'channel.open' seen");
      case 'channel.close':
        this.host.close(this);
        return;
    }
    this.ok(frame);
  }

  private ok({ method }: ChannelFrame): void {
    this.host.reply(this, { method: 'ok', channel: this.number, to: method });
  }

  // Publishing.

  private publish(frame: Frame<'basic.publish'>): void {
    const { cluster } = this.host;
    const { exchange, routingKey, content } = frame;
    const keys = checkPublish(cluster.definitions, frame, USER, cluster.maxMessageSize);
    const message = newMessage(exchange, routingKey, keys, content);
    const route = cluster.router.route(exchange, message);
    for (const { queue, why } of route.targets)
      this.host.trace({ kind: 'routed', by: exchange, message: message.id, place: queue, why });
    const targets = cluster.targetsOf(route);
    if (this.tx) this.tx.publishes.push({ message, targets, mandatory: frame.mandatory });
    else this.deliver(message, targets, frame.mandatory);
  }

  /** R-28: a return comes before the confirm. */
  private deliver(message: Message, targets: readonly QueueRecord[], mandatory: boolean): void {
    const { host, confirms } = this;
    if (targets.length === 0) {
      if (mandatory) {
        this.host.reply(
          this,
          { method: 'basic.return', channel: this.number, code: 312, text: 'NO_ROUTE', message },
          message.id,
        );
      } else {
        host.trace({
          kind: 'dropped',
          node: host.id,
          place: message.exchange,
          message: message.id,
          reason: 'unroutable',
        });
      }
    }
    const number = confirms ? confirms.published(targets) : 0;
    for (const record of targets) {
      const client = this.clientOf(record);
      if (client.refuses || !host.isReachable(record)) {
        // R-79, R-31: a queue that wants no more, and one whose node is down. Nobody has the message.
        confirms?.reject(number);
        host.trace({
          kind: 'dropped',
          node: host.id,
          place: record.name,
          message: message.id,
          reason: client.refuses ? 'maxlen' : 'unavailable',
        });
        continue;
      }
      client.publish(this.key, message, confirms ? { channel: this.key, sequence: number } : null, host);
      if (client.isBlocked) this.block(client);
    }
    if (this.blockers > 0 && --this.readerCredit === 0) host.stateChanged(this);
    if (confirms?.hasAnswers) host.hasNews(this);
  }

  private block(client: QueueClient): void {
    if (client.blocks) return;
    client.blocks = true;
    if (this.blockers++ === 0) this.readerCredit = this.host.cluster.config.credit_flow_initial;
  }

  private unblock(client: QueueClient): void {
    if (!client.blocks || client.isBlocked) return;
    client.blocks = false;
    this.blockers--;
    this.host.stateChanged(this);
  }

  /** R-33: publishes in order, then acknowledgements; the reply waits until all are safe. */
  private commit(): void {
    const { tx } = this;
    if (!tx) throw new AmqpError(406, 'channel is not transactional');
    this.tx = { publishes: [], answers: [] };
    for (const { message, targets, mandatory } of tx.publishes) this.deliver(message, targets, mandatory);
    for (const { answer, entries } of tx.answers) this.settle(answer, entries);
    this.committing = true;
    this.host.hasNews(this);
    this.host.stateChanged(this);
  }

  /** R-33: what was acknowledged is unacknowledged again, and stays with the channel. */
  private rollback(): void {
    const { tx } = this;
    if (!tx) throw new AmqpError(406, 'channel is not transactional');
    this.tx = { publishes: [], answers: [] };
    this.unacked.restore(tx.answers.flatMap(({ entries }) => entries));
  }

  /** What is confirmed, refused or committed by now goes out. */
  tellNews(): void {
    const { confirms } = this;
    if (!confirms || this.closed) return;
    if (!this.tx) {
      for (const answer of confirms.take()) this.host.reply(this, { ...answer, channel: this.number });
      return;
    }
    if (!this.committing || confirms.pending > 0) return;
    this.committing = false;
    if (confirms.takeAll()) this.host.reply(this, { method: 'ok', channel: this.number, to: 'tx.commit' });
    else this.host.fail(this, new AmqpError(406, 'partial tx completion'));
    this.host.stateChanged(this);
  }

  // Settling.

  private answer(answer: Answer, entries: readonly Unacked[]): void {
    if (this.tx) this.tx.answers.push({ answer, entries });
    else this.settle(answer, entries);
  }

  /** To each queue what is its own, in the order of the tags. */
  private settle(answer: Answer, entries: readonly Unacked[]): void {
    if (entries.length === 1) {
      const { queue, position } = entries[0]!;
      this.settleAt(answer, queue, [position]);
    } else {
      const byQueue = new Map<string, number[]>();
      for (const { queue, position } of entries) {
        const positions = byQueue.get(queue);
        if (positions) positions.push(position);
        else byQueue.set(queue, [position]);
      }
      for (const [queue, positions] of byQueue) this.settleAt(answer, queue, positions);
    }
    const limiter = this.host.cluster.limiters.get(this.key);
    if (!limiter) return;
    const wasFull = limiter.volume >= limiter.limit;
    for (const { tag } of entries) if (tag !== null) limiter.volume--;
    if (wasFull && limiter.volume < limiter.limit) this.resume();
  }

  private settleAt(answer: Answer, queue: string, positions: readonly number[]): void {
    if (answer === 'ack') {
      if (this.acks.queue !== queue) this.sendAcks();
      this.acks.queue = queue;
      for (const position of positions) this.acks.positions.push(position);
      return;
    }
    this.sendAcks();
    // A queue that was deleted takes nothing back.
    const client = this.queues.get(queue);
    if (!client) return;
    const channel = this.key;
    if (answer === 'discard') client.send(channel, { type: 'discard', channel, positions }, this.host);
    else client.send(channel, { type: 'requeue', channel, positions, why: answer }, this.host);
  }

  /** Acknowledgements that came one after another go to their queue as one. */
  sendAcks(): void {
    const { queue, positions } = this.acks;
    if (positions.length === 0) return;
    this.acks = { queue: '', positions: [] };
    this.queues.get(queue)?.send(this.key, { type: 'ack', channel: this.key, positions }, this.host);
  }

  // Prefetch.

  private qos({ prefetchCount, prefetchSize, global }: Frame<'basic.qos'>): void {
    if (prefetchSize !== 0) throw new AmqpError(540, `prefetch_size!=0 (${prefetchSize})`);
    const { cluster } = this.host;
    // R-42: 4.3 takes a limit for the channel for one of each consumer.
    const shared = global && cluster.version !== '4.3';
    if (!shared) this.prefetch = prefetchCount;
    if (shared && prefetchCount > 0) {
      const volume = cluster.limiters.get(this.key)?.volume ?? this.unacked.size;
      cluster.limiters.set(this.key, { limit: prefetchCount, volume });
      this.resume();
    } else if (cluster.limiters.delete(this.key)) this.resume();
  }

  /** R-41: the channel has room again. */
  private resume(): void {
    this.sendAcks();
    const told = new Set<string>();
    for (const { record } of this.consumers.values()) {
      if (told.has(record.name)) continue;
      told.add(record.name);
      this.clientOf(record).send(this.key, { type: 'resume', channel: this.key }, this.host);
    }
  }

  // Reading.

  private consume(frame: Frame<'basic.consume'>): void {
    const { cluster } = this.host;
    if (this.consumers.has(frame.tag))
      throw new AmqpError(530, `attempt to reuse consumer tag '${frame.tag}'`);
    const record = this.accessible(frame.queue);
    const subscription = subscribe(record, frame, {
      version: cluster.version,
      channel: this.key,
      client: this.client,
      tag: frame.tag === '' ? `amq.ctag-${serverName(`${this.key} ${this.nextName++}`)}` : frame.tag,
      prefetch: this.prefetch,
      limited: cluster.limiters.has(this.key),
      now: this.host.now(),
    });
    this.clientOf(record).reads = true;
    this.ask(frame, record, { type: 'consume', subscription });
  }

  private cancel(frame: Frame<'basic.cancel'>): void {
    const consumer = this.consumers.get(frame.tag);
    if (!consumer) {
      this.host.reply(this, { method: 'basic.cancel-ok', channel: this.number, tag: frame.tag });
      return;
    }
    this.consumers.delete(frame.tag);
    this.ask(frame, consumer.record, { type: 'cancel', channel: this.key, tag: frame.tag });
  }

  private get(frame: Frame<'basic.get'>): void {
    const record = this.accessible(frame.queue);
    this.clientOf(record).reads = true;
    this.ask(frame, record, { type: 'get', channel: this.key, client: this.client, noAck: frame.noAck });
  }

  // Queues.

  private declareQueue(frame: Frame<'queue.declare'>): void {
    if (!frame.passive) {
      const { record, isNew } = this.host.admin.declareQueue(frame.queue, this.connection);
      if (isNew) this.declared(record.name, 0, 0);
      else this.askHowMany(frame, record);
      return;
    }
    this.askHowMany(frame, this.accessible(frame.queue.name));
  }

  private askHowMany(frame: Frame<'queue.declare'>, record: QueueRecord): void {
    if (!this.host.isReachable(record)) throw this.host.cluster.absent(record, false);
    this.ask(frame, record, { type: 'stat', channel: this.key });
  }

  private declared(name: string, messages: number, consumers: number): void {
    this.host.reply(this, { method: 'queue.declare-ok', channel: this.number, name, messages, consumers });
  }

  private deleteQueue(frame: Frame<'queue.delete'>): void {
    if (!this.host.cluster.definitions.hasQueue(frame.name)) {
      this.host.reply(this, { method: 'queue.delete-ok', channel: this.number, messages: 0 });
      return;
    }
    const record = this.accessible(frame.name);
    const { ifUnused, ifEmpty } = frame;
    const { key: channel, connection } = this;
    this.ask(frame, record, { type: 'delete-if', channel, connection, ifUnused, ifEmpty });
  }

  private purge(frame: Frame<'queue.purge'>): void {
    const record = this.accessible(frame.name);
    this.ask(frame, record, { type: 'purge', channel: this.key });
  }

  /** @throws AmqpError 404 where it is not there, or its node is down; 405 another connection's */
  private accessible(name: string): QueueRecord {
    const { cluster } = this.host;
    cluster.definitions.queueFor(name, this.connection);
    const record = cluster.record(name);
    if (!this.host.isReachable(record)) throw cluster.absent(record, false);
    return record;
  }

  /** The channel takes no further method until the queue has answered this one. */
  private ask(frame: ChannelFrame, record: QueueRecord, command: ToQueue): void {
    const number = this.nextCall++;
    this.call = { number, frame, record, command };
    this.host.stateChanged(this);
    if (record.replicated) this.host.callTimer(this, number, CALL_TIMEOUT_MS * 1000);
    if (isCommand(command)) this.clientOf(record).send(this.key, command, this.host);
    else this.host.toQueue(record, this.key, command);
  }

  /** A replicated queue without a majority does not answer. */
  callTimedOut(number: number): void {
    const { call } = this;
    if (call?.number !== number || this.closed) return;
    this.endCall();
    const { frame, record } = call;
    const where = resource('queue', record.name);
    if (frame.method === 'queue.declare') this.declared(record.name, 0, 0);
    else if (frame.method === 'basic.get')
      this.host.fail(this, new AmqpError(541, `Cannot get a message from queue '${where}': timeout`));
    else this.host.fail(this, new AmqpError(541, `${frame.method} on ${where}: timeout`));
  }

  private endCall(): void {
    this.call = null;
    this.host.stateChanged(this);
  }

  // What queues say.

  /** @param index of a replicated queue, the entry of its log that it comes of, and @param term its leader's; else 0 */
  on(event: ToChannel, index: number, term: number): void {
    if (this.closed) return;
    const client = this.queues.get(event.queue);
    if (client?.record.type === 'quorum' && event.type !== 'applied' && !client.isNews(index, term)) return;
    switch (event.type) {
      case 'deliver':
        this.push(event.queue, event.to, event.delivery);
        return;
      case 'owed':
        if (client && !this.has(client, event.delivery.position))
          this.push(event.queue, event.to, event.delivery);
        return;
      case 'confirmed':
        this.confirms?.confirm(event.publish.sequence, event.queue);
        this.host.hasNews(this);
        return;
      case 'rejected':
        this.confirms?.reject(event.publish.sequence);
        this.host.hasNews(this);
        return;
      case 'credit':
        if (!client) return;
        client.granted(event.count);
        this.unblock(client);
        return;
      case 'applied':
        if (client) this.applied(client, event.order);
        return;
      case 'block':
        if (client) client.refuses = event.blocked;
        return;
      default:
        this.answered(event);
    }
  }

  private applied(client: QueueClient, order: number): void {
    for (const { command } of client.applied(order, this.host.now())) {
      if (command.type === 'enqueue' && command.publish) {
        this.confirms?.confirm(command.publish.sequence, client.record.name);
        this.host.hasNews(this);
      }
    }
    this.unblock(client);
  }

  /** The answer to the call that the channel waits for; an answer that comes too late is ignored. */
  private answered(event: CallAnswer): void {
    const { call } = this;
    if (event.type === 'refused' && event.code === 540 && call?.record.name !== event.queue) {
      // Nobody waits for it: an answer to a delivery that the queue does not take (R-58).
      this.host.fail(this, new AmqpError(event.code, event.text));
      return;
    }
    if (call?.record.name !== event.queue) return;
    const { frame } = call;
    if (event.type !== 'refused' && ANSWERS[event.type] !== frame.method) return;
    const channel = this.number;
    this.endCall();
    switch (event.type) {
      case 'refused':
        this.host.fail(this, new AmqpError(event.code, event.text));
        return;
      case 'stat':
        this.declared(event.queue, event.messages, event.consumers);
        return;
      case 'purged':
        this.host.reply(this, { method: 'queue.purge-ok', channel, messages: event.messages });
        return;
      case 'deleted':
        this.host.reply(this, { method: 'queue.delete-ok', channel, messages: event.messages });
        return;
      case 'cancelled':
        this.host.reply(this, { method: 'basic.cancel-ok', channel, tag: event.tag });
        return;
      case 'consuming':
        if (call.command.type !== 'consume') return;
        this.consumers.set(event.tag, {
          tag: event.tag,
          subscription: call.command.subscription,
          record: call.record,
          last: -1,
        });
        this.host.reply(this, { method: 'basic.consume-ok', channel, tag: event.tag });
        return;
      case 'got': {
        if (event.delivery === null) {
          this.host.reply(this, { method: 'basic.get-empty', channel });
          return;
        }
        const noAck = frame.method === 'basic.get' && frame.noAck;
        const delivery = this.numbered(event.queue, null, noAck, event.delivery);
        this.host.reply(
          this,
          { method: 'basic.get-ok', channel, delivery, messages: event.left },
          delivery.message.id,
        );
      }
    }
  }

  /** R-36. */
  private push(queue: string, to: Subscription, given: QueueDelivery): void {
    // A queue that gives at once says so before it answers; the client hears of its consumer first.
    if (this.call?.command.type === 'consume' && this.call.command.subscription.tag === to.tag)
      this.answered({ type: 'consuming', queue, tag: to.tag });
    const consumer = this.consumers.get(to.tag);
    if (consumer) {
      // A stream is read in order: what a leader that is gone has sent may come again from the next.
      if (consumer.record.type === 'stream' && given.position <= consumer.last) return;
      consumer.last = given.position;
    }
    const delivery = this.numbered(queue, to.tag, to.noAck, given);
    this.host.reply(
      this,
      { method: 'basic.deliver', channel: this.number, tag: to.tag, delivery },
      given.message.id,
    );
  }

  private numbered(queue: string, tag: string | null, noAck: boolean, given: QueueDelivery): Delivered {
    const { message, position, redelivered, deliveryCount, extraHeaders } = given;
    const deliveryTag = this.nextTag++;
    if (!noAck) {
      this.unacked.add({ deliveryTag, queue, tag, position, at: this.host.now() });
      if (this.unacked.size === 1) this.host.hasUnacked(this);
    }
    const headers = visibleHeaders(message, this.host.cluster.version, extraHeaders);
    return { deliveryTag, redelivered, message, headers, place: queue, position, deliveryCount };
  }

  /**
   * A queue is deleted, or lost with its node. R-46: its consumers are cancelled; R-31: what it has not confirmed is
   * refused, unless it was deleted.
   */
  queueGone(name: string, incarnation: number, deleted: boolean): void {
    const client = this.queues.get(name);
    if (client?.record.incarnation !== incarnation) return;
    const { record } = client;
    for (const { tag, record: of } of [...this.consumers.values()]) if (of === record) this.cancelled(tag);
    this.queues.delete(name);
    this.confirms?.lost(name, deleted);
    this.host.hasNews(this);
    if (client.blocks) {
      this.blockers--;
      this.host.stateChanged(this);
    }
    if (this.call?.record !== record) return;
    this.endCall();
    this.host.fail(this, this.host.cluster.absent(record, deleted));
  }

  private has(client: QueueClient, position: number): boolean {
    const { name } = client.record;
    return (
      client.settling.includes(position) ||
      this.unacked.all().some((one) => one.queue === name && one.position === position)
    );
  }

  /**
   * Another replica leads a queue, or its leader can be reached again: what may be lost is sent once more, and consumers
   * ask for what they may have missed. A stream is read on from where its reader was.
   */
  leaderChanged(record: QueueRecord): void {
    const client = this.queues.get(record.name);
    const { call } = this;
    // Calls that are not replicated are asked of the next leader.
    if (call?.record === record && !(record.type === 'quorum' && isCommand(call.command)))
      this.host.toQueue(record, this.key, call.command);
    if (client?.record !== record) return;
    client.resend(this.key, this.host);
    const consumers = [...this.consumers.values()].filter((consumer) => consumer.record === record);
    if (consumers.length === 0) return;
    for (const consumer of consumers) {
      if (record.type === 'stream' && consumer.last >= 0)
        consumer.subscription = Object.freeze({
          ...consumer.subscription,
          offset: { kind: 'offset' as const, offset: consumer.last + 1 },
        });
      client.send(this.key, { type: 'consume', subscription: consumer.subscription }, this.host);
    }
    if (record.type === 'stream') return;
    const held = this.unacked
      .all()
      .flatMap(({ queue, position }) => (queue === record.name ? [position] : []));
    this.host.toQueue(record, this.key, {
      type: 'attach',
      channel: this.key,
      tags: consumers.map(({ tag }) => tag),
      held: [...held, ...client.settling],
    });
  }

  /** What a leader has not got on with for too long is sent again. */
  retry(): void {
    for (const client of this.queues.values())
      if (client.waits && this.host.now() - client.progressAt >= RETRY_MICROS)
        client.resend(this.key, this.host);
  }

  /** Classic queues of a node are gone with it. */
  nodeDown(node: string): void {
    for (const { record } of [...this.queues.values()])
      if (!record.replicated && record.members[0] === node)
        this.queueGone(record.name, record.incarnation, false);
  }

  /** R-53, R-46: the server ends a consumer. */
  private cancelled(tag: string): void {
    if (this.consumers.delete(tag))
      this.host.reply(this, { method: 'basic.cancel', channel: this.number, tag });
  }

  /**
   * R-53: what has been unacknowledged for too long. Up to 4.2 the channel is closed; from 4.3 on a quorum queue, and no
   * other, ends the consumer and takes its messages back.
   */
  checkTimeouts(): void {
    const { cluster } = this.host;
    const now = this.host.now();
    const limitOf = (queue: string): Micros => {
      const record = cluster.queues.get(queue);
      return record?.consumerTimeout ?? fromMs(cluster.config.consumer_timeout);
    };
    if (cluster.version !== '4.3') {
      const oldest = this.unacked.oldest();
      if (oldest && now - oldest.at > limitOf(oldest.queue)) this.timedOut(limitOf(oldest.queue));
      return;
    }
    const late = this.unacked
      .all()
      .filter(({ queue, at }) => cluster.queues.get(queue)?.type === 'quorum' && now - at > limitOf(queue));
    if (late.length === 0) return;
    if (late.some(({ tag }) => tag === null || !this.consumers.has(tag))) {
      this.timedOut(limitOf(late[0]!.queue));
      return;
    }
    const tags = new Set(late.map(({ tag }) => tag));
    for (const tag of tags) {
      const { record } = this.consumers.get(tag!)!;
      this.clientOf(record).send(this.key, { type: 'cancel', channel: this.key, tag: tag! }, this.host);
      this.cancelled(tag!);
    }
    this.settle(
      'timeout',
      this.unacked.takeWhere(({ tag }) => tags.has(tag)),
    );
  }

  private timedOut(limit: Micros): void {
    const text =
      `delivery acknowledgement on channel ${this.number} timed out. Timeout value used: ${toMs(limit)} ms. ` +
      'This timeout value can be configured, see consumers doc guide to learn more';
    this.host.fail(this, new AmqpError(406, text));
  }

  /** R-49: it ends, and every queue hears of it. */
  terminate(why: ReturnReason): void {
    this.sendAcks();
    this.closed = true;
    this.call = null;
    this.host.cluster.limiters.delete(this.key);
    for (const client of this.queues.values())
      if (client.reads || client.record.replicated)
        this.host.toQueue(client.record, this.key, { type: 'channel-down', channel: this.key, why });
  }

  private clientOf(record: QueueRecord): QueueClient {
    const known = this.queues.get(record.name);
    if (known?.record === record) return known;
    const client = new QueueClient(record, this.host);
    this.queues.set(record.name, client);
    return client;
  }
}

const NO_DEATHS: readonly never[] = Object.freeze([]);

/** R-26: `BCC` is removed before anybody sees it. Frozen: queues, replicas and checkpoints share it. */
function newMessage(
  exchange: string,
  routingKey: string,
  { cc, bcc }: Pick<Message, 'cc' | 'bcc'>,
  content: Content,
): Message {
  let headers = content.headers;
  if (bcc.length > 0) {
    const { BCC: _, ...rest } = headers;
    headers = rest;
  }
  return Object.freeze({
    id: content.id,
    key: content.key,
    bytes: content.bytes,
    exchange,
    routingKey,
    cc,
    bcc,
    persistent: content.persistent,
    priority: content.priority,
    expiration: content.expiration,
    headers,
    deaths: NO_DEATHS,
    firstDeath: null,
    lastDeath: null,
  });
}
