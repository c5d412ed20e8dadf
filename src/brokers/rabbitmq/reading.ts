/** What a channel is given and settles: its consumers, prefetch, delivery tags, and answers to deliveries. */
import { fromMs, toMs, type Micros } from '../../sim/time.ts';
import { AmqpError } from './amqp-error.ts';
import type { ChannelParts, Frame } from './channel-host.ts';
import type { QueueRecord } from './cluster-state.ts';
import type { Table } from './config.ts';
import type { Delivered } from './protocol.ts';
import type { QueueClient } from './queue-client.ts';
import type { QueueDelivery, Subscription } from './queue.ts';
import { visibleHeaders } from './queues/dead-letter.ts';
import { UnackedList, type Unacked } from './unacked.ts';

/** What is done with deliveries: the client's answer, or the server's for it. */
export type Answer = 'ack' | 'discard' | 'undeliverable' | 'reject' | 'nack' | 'recover' | 'timeout';

export interface Settlement {
  readonly answer: Answer;
  readonly entries: readonly Unacked[];
}

export interface Consumer {
  readonly tag: string;
  subscription: Subscription;
  readonly record: QueueRecord;
  /** The last position that it was given; -1, none. */
  last: number;
}

export class Reading {
  readonly unacked = new UnackedList();
  readonly consumers = new Map<string, Consumer>();
  /** R-41, for consumers that begin from now on. */
  prefetch: number;
  private readonly channel: ChannelParts;
  private nextTag = 1;
  /** Acknowledged, and not yet sent to the queue. */
  private acks: { queue: string; readonly positions: number[] } = { queue: '', positions: [] };

  constructor(channel: ChannelParts) {
    this.channel = channel;
    this.prefetch = channel.host.cluster.config.default_consumer_prefetch;
  }

  /** Positions of a queue's messages that the channel has. */
  heldOf(queue: string): readonly number[] {
    return this.unacked.all().flatMap((one) => (one.queue === queue ? [one.position] : []));
  }

  consumersOf(record: QueueRecord): readonly Consumer[] {
    return [...this.consumers.values()].filter((consumer) => consumer.record === record);
  }

  /** what is given out gets the channel's next tag. */
  numbered(queue: string, tag: string | null, noAck: boolean, given: QueueDelivery): Delivered {
    const { message, position, redelivered, deliveryCount, extraHeaders } = given;
    const { host } = this.channel;
    const deliveryTag = this.nextTag++;
    if (!noAck) {
      this.unacked.add({ deliveryTag, queue, tag, position, at: host.now() });
      if (this.unacked.size === 1) host.hasUnacked(this.channel);
    }
    const headers =
      isEmpty(extraHeaders) && message.deaths.length === 0
        ? message.headers
        : visibleHeaders(message, host.cluster.version, extraHeaders);
    return { deliveryTag, redelivered, message, headers, place: queue, position, deliveryCount };
  }

  // Settling.

  /** To each queue what is its own, in the order of the tags. */
  settle(answer: Answer, all: readonly Unacked[]): void {
    const entries = all.some(({ late }) => late) ? all.filter(({ late }) => !late) : all;
    if (entries.length === 0) return;
    if (answer === 'ack' && entries.length === 1) this.ack(entries[0]!.queue, entries[0]!.position);
    else {
      const byQueue = new Map<string, number[]>();
      for (const { queue, position } of entries) {
        const positions = byQueue.get(queue);
        if (positions) positions.push(position);
        else byQueue.set(queue, [position]);
      }
      for (const [queue, positions] of byQueue) this.settleAt(answer, queue, positions);
    }
    const limiter = this.channel.host.cluster.limiters.get(this.channel.key);
    if (!limiter) return;
    const wasFull = limiter.volume >= limiter.limit;
    for (const { tag } of entries) if (tag !== null) limiter.volume--;
    if (wasFull && limiter.volume < limiter.limit) this.resume();
  }

  private settleAt(answer: Answer, queue: string, positions: readonly number[]): void {
    if (answer === 'ack') {
      for (const position of positions) this.ack(queue, position);
      return;
    }
    this.sendAcks();
    // A queue that was deleted takes nothing back.
    const { queues, key: channel, host } = this.channel;
    const client = queues.get(queue);
    if (!client) return;
    if (answer === 'discard' || answer === 'undeliverable')
      client.send(channel, { type: 'discard', channel, positions, failed: answer === 'discard' }, host);
    else client.send(channel, { type: 'requeue', channel, positions, why: answer }, host);
  }

  private ack(queue: string, position: number): void {
    if (this.acks.queue !== queue) this.sendAcks();
    this.acks.queue = queue;
    this.acks.positions.push(position);
  }

  /** Acknowledgements that came one after another go to their queue as one. */
  sendAcks(): void {
    const { queue, positions } = this.acks;
    if (positions.length === 0) return;
    this.acks = { queue: '', positions: [] };
    const { queues, key: channel, host } = this.channel;
    queues.get(queue)?.send(channel, { type: 'ack', channel, positions }, host);
  }

  // Prefetch.

  qos({ prefetchCount, prefetchSize, global }: Frame<'basic.qos'>): void {
    if (prefetchSize !== 0) throw new AmqpError(540, `prefetch_size!=0 (${prefetchSize})`);
    const { cluster } = this.channel.host;
    // 4.3 takes a limit for the channel for one of each consumer.
    const shared = global && cluster.version !== '4.3';
    if (!shared) this.prefetch = prefetchCount;
    if (shared && prefetchCount > 0) {
      const volume = cluster.limiters.get(this.channel.key)?.volume ?? this.unacked.size;
      cluster.limiters.set(this.channel.key, { limit: prefetchCount, volume });
      this.resume();
    } else if (cluster.limiters.delete(this.channel.key)) this.resume();
  }

  /** the channel has room again. */
  private resume(): void {
    this.sendAcks();
    const told = new Set<string>();
    for (const { record } of this.consumers.values()) {
      if (told.has(record.name)) continue;
      told.add(record.name);
      const { key: channel, host } = this.channel;
      this.channel.clientOf(record).send(channel, { type: 'resume', channel }, host);
    }
  }

  /** Whether the channel has a message of a queue, or has settled it and not heard that. */
  has(client: QueueClient, position: number): boolean {
    const { name } = client.record;
    return (
      client.settling.includes(position) ||
      this.unacked.all().some((one) => one.queue === name && one.position === position)
    );
  }

  /** the server ends a consumer. */
  cancelled(tag: string): void {
    if (this.consumers.delete(tag))
      this.channel.host.reply(this.channel, { method: 'basic.cancel', channel: this.channel.number, tag });
  }

  /** how long until {@link checkTimeouts} is to be called: in 4.3 a quorum queue has a clock for it. */
  checkIn(): Micros {
    const { host } = this.channel;
    const { cluster } = host;
    const interval = fromMs(cluster.config.channel_tick_interval);
    if (cluster.version !== '4.3') return interval;
    let due = Infinity;
    for (const one of this.unacked.all())
      if (this.isTimed(one)) due = Math.min(due, one.at + this.limitOf(one.queue));
    return due === Infinity ? interval : Math.max(0, due - host.now());
  }

  /**
   * what has been unacknowledged for too long. Up to 4.2 the channel is closed; from 4.3 on a quorum queue, and no
   * other, ends the consumer and takes back what is too late. Of that the channel may say what it likes.
   */
  checkTimeouts(): void {
    const { host } = this.channel;
    const now = host.now();
    if (host.cluster.version !== '4.3') {
      const oldest = this.unacked.oldest();
      if (oldest && now - oldest.at > this.limitOf(oldest.queue)) this.timedOut(this.limitOf(oldest.queue));
      return;
    }
    const late = this.unacked
      .all()
      .filter((one) => this.isTimed(one) && now - one.at >= this.limitOf(one.queue));
    if (late.length === 0) return;
    if (late.some(({ tag }) => tag === null || !this.consumers.has(tag))) {
      this.timedOut(this.limitOf(late[0]!.queue));
      return;
    }
    const tags = new Set(late.map(({ tag }) => tag));
    for (const tag of tags) {
      const { record } = this.consumers.get(tag!)!;
      const { key: channel } = this.channel;
      this.channel.clientOf(record).send(channel, { type: 'cancel', channel, tag: tag! }, host);
      this.cancelled(tag!);
    }
    this.settle('timeout', late);
    for (const one of late) one.late = true;
  }

  private limitOf(queue: string): Micros {
    const { cluster } = this.channel.host;
    return cluster.queues.get(queue)?.consumerTimeout ?? fromMs(cluster.config.consumer_timeout);
  }

  /** Whether it is a quorum queue's, which has not taken it back yet. */
  private isTimed({ queue, late }: Unacked): boolean {
    return !late && this.channel.host.cluster.queues.get(queue)?.type === 'quorum';
  }

  private timedOut(limit: Micros): void {
    const text =
      `delivery acknowledgement on channel ${this.channel.number} timed out. Timeout value used: ${toMs(limit)} ms. ` +
      'This timeout value can be configured, see consumers doc guide to learn more';
    this.channel.host.fail(this.channel, new AmqpError(406, text));
  }
}

function isEmpty(table: Table): boolean {
  for (const _ in table) return false;
  return true;
}
