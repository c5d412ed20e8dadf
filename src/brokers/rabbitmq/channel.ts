/**
 * A channel as the server keeps it: it takes its methods in order, routes what is published, numbers what it gives out, and
 * settles it again. What its work takes, and when, its node decides (node.ts).
 */
import { AmqpError } from './amqp-error.ts';
import type { ChannelFrame, ChannelHost, ChannelParts, Frame } from './channel-host.ts';
import type { QueueRecord } from './cluster-state.ts';
import { resource } from './definitions/terms.ts';
import { serverName } from './names.ts';
import { Publishing } from './publishing.ts';
import { QueueClient } from './queue-client.ts';
import type { ChannelKey, QueueDelivery, ReturnReason, Subscription } from './queue.ts';
import { Reading, type Answer } from './reading.ts';
import { subscribe } from './subscribe.ts';
import type { Unacked } from './unacked.ts';
import { isCommand, type ToChannel, type ToQueue } from './wire.ts';

/** How long a channel waits for a replicated queue's answer to a call, milliseconds; then it gives up (541). */
const CALL_TIMEOUT_MS = 5000;
/** How long a replicated queue may leave a channel's commands undone before they are sent again (rabbit_fifo_client). */
const RETRY_MICROS = 10_000_000;

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

/** A method whose answer a queue gives. */
interface Call {
  readonly number: number;
  readonly frame: ChannelFrame;
  readonly record: QueueRecord;
  readonly command: ToQueue;
}

export class Channel implements ChannelParts {
  readonly key: ChannelKey;
  readonly number: number;
  readonly client: string;
  /** The connection that it is on: what an exclusive queue belongs to. */
  readonly connection: string;
  readonly host: ChannelHost;
  readonly queues = new Map<string, QueueClient>();
  readonly publishing: Publishing;
  readonly reading: Reading;
  closed = false;
  private call: Call | null = null;
  private nextName = 1;
  private nextCall = 1;

  constructor(host: ChannelHost, key: ChannelKey, number: number, client: string, connection: string) {
    this.host = host;
    this.key = key;
    this.number = number;
    this.client = client;
    this.connection = connection;
    this.publishing = new Publishing(this);
    this.reading = new Reading(this);
  }

  /** Whether it takes no method now: it waits for a queue's answer, for a commit, or for credit. */
  get isWaiting(): boolean {
    return this.call !== null || this.publishing.committing || this.isInFlow;
  }

  get isInFlow(): boolean {
    return this.publishing.isInFlow;
  }

  // Methods.

  /** @throws AmqpError where the server closes the channel or the connection */
  handle(frame: ChannelFrame): void {
    const { definitions } = this.host.cluster;
    const { publishing, reading } = this;
    const { unacked } = reading;
    if (frame.method !== 'basic.ack') reading.sendAcks();
    switch (frame.method) {
      case 'basic.publish':
        publishing.publish(frame);
        return;
      case 'basic.ack':
        this.answer('ack', unacked.collect(frame.deliveryTag, frame.multiple));
        return;
      case 'basic.nack':
        this.answer(
          frame.requeue ? 'nack' : this.host.cluster.version === '4.3' ? 'undeliverable' : 'discard',
          unacked.collect(frame.deliveryTag, frame.multiple),
        );
        return;
      case 'basic.reject':
        this.answer(frame.requeue ? 'reject' : 'discard', unacked.collect(frame.deliveryTag, false));
        return;
      case 'basic.recover':
        if (!frame.requeue) throw new AmqpError(540, 'requeue=false');
        reading.settle('recover', unacked.takeAll());
        break;
      case 'basic.qos':
        reading.qos(frame);
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
        publishing.confirmSelect();
        break;
      case 'tx.select':
        publishing.txSelect();
        break;
      case 'tx.commit':
        this.commit();
        return;
      case 'tx.rollback':
        unacked.restore(publishing.rollback().flatMap(({ entries }) => entries));
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

  // Answers to deliveries, and transactions.

  /** R-33: publishes in order, then acknowledgements; the reply waits until all are safe. */
  private commit(): void {
    for (const { answer, entries } of this.publishing.commit()) this.reading.settle(answer, entries);
    this.host.hasNews(this);
    this.host.stateChanged(this);
  }

  tellNews(): void {
    this.publishing.tellNews();
  }

  private answer(answer: Answer, entries: readonly Unacked[]): void {
    const { tx } = this.publishing;
    if (tx) tx.answers.push({ answer, entries });
    else this.reading.settle(answer, entries);
  }

  // Reading.

  private consume(frame: Frame<'basic.consume'>): void {
    const { cluster } = this.host;
    if (this.reading.consumers.has(frame.tag))
      throw new AmqpError(530, `attempt to reuse consumer tag '${frame.tag}'`);
    const record = this.accessible(frame.queue);
    const subscription = subscribe(record, frame, {
      version: cluster.version,
      channel: this.key,
      client: this.client,
      tag: frame.tag === '' ? `amq.ctag-${serverName(`${this.key} ${this.nextName++}`)}` : frame.tag,
      prefetch: this.reading.prefetch,
      limited: cluster.limiters.has(this.key),
      now: this.host.now(),
    });
    this.clientOf(record).reads = true;
    this.ask(frame, record, { type: 'consume', subscription });
  }

  private cancel(frame: Frame<'basic.cancel'>): void {
    const consumer = this.reading.consumers.get(frame.tag);
    if (!consumer) {
      this.host.reply(this, { method: 'basic.cancel-ok', channel: this.number, tag: frame.tag });
      return;
    }
    this.reading.consumers.delete(frame.tag);
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
        if (client && !this.reading.has(client, event.delivery.position))
          this.push(event.queue, event.to, event.delivery);
        return;
      case 'confirmed':
        this.publishing.confirm(event.publish.sequence, event.queue);
        return;
      case 'rejected':
        this.publishing.reject(event.publish.sequence);
        return;
      case 'credit':
        if (!client) return;
        client.granted(event.count);
        this.publishing.unblock(client);
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
      if (command.type === 'enqueue' && command.publish)
        this.publishing.confirm(command.publish.sequence, client.record.name);
    }
    this.publishing.unblock(client);
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
        this.reading.consumers.set(event.tag, {
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
        const delivery = this.reading.numbered(event.queue, null, noAck, event.delivery);
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
    const consumer = this.reading.consumers.get(to.tag);
    if (consumer) {
      // A stream is read in order: what a leader that is gone has sent may come again from the next.
      if (consumer.record.type === 'stream' && given.position <= consumer.last) return;
      consumer.last = given.position;
    }
    const delivery = this.reading.numbered(queue, to.tag, to.noAck, given);
    this.host.reply(
      this,
      { method: 'basic.deliver', channel: this.number, tag: to.tag, delivery },
      given.message.id,
    );
  }

  /**
   * A queue is deleted, or lost with its node. R-46: its consumers are cancelled; R-31: what it has not confirmed is
   * refused, unless it was deleted.
   */
  queueGone(name: string, incarnation: number, deleted: boolean): void {
    const client = this.queues.get(name);
    if (client?.record.incarnation !== incarnation) return;
    const { record } = client;
    for (const { tag } of this.reading.consumersOf(record)) this.reading.cancelled(tag);
    this.queues.delete(name);
    this.publishing.lost(client, deleted);
    if (this.call?.record !== record) return;
    this.endCall();
    this.host.fail(this, this.host.cluster.absent(record, deleted));
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
    const consumers = this.reading.consumersOf(record);
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
    this.host.toQueue(record, this.key, {
      type: 'attach',
      channel: this.key,
      tags: consumers.map(({ tag }) => tag),
      held: [...this.reading.heldOf(record.name), ...client.settling],
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

  /** R-49: it ends, and every queue hears of it. */
  terminate(why: ReturnReason): void {
    this.reading.sendAcks();
    this.closed = true;
    this.call = null;
    this.host.cluster.limiters.delete(this.key);
    for (const client of this.queues.values())
      if (client.reads || client.record.replicated)
        this.host.toQueue(client.record, this.key, { type: 'channel-down', channel: this.key, why });
  }

  clientOf(record: QueueRecord): QueueClient {
    const known = this.queues.get(record.name);
    if (known?.record === record) return known;
    const client = new QueueClient(record, this.host);
    this.queues.set(record.name, client);
    return client;
  }
}
