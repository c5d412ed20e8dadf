/**
 * Who a quorum queue gives messages to. A consumer has a credit, and whoever has some takes turns; one that has cancelled
 * stays until it has settled what it was given. With a single active consumer the others wait.
 */
import type { ChannelKey, QueueInfo, Subscription } from '../queue.ts';
import type { Version } from '../config.ts';
import { Rotation } from './rotation.ts';

/** */
const CREDIT_DEFAULT = 2000;

export interface QuorumConsumer {
  readonly key: number;
  subscription: Subscription;
  /** What it may have at most, and what is left of that. */
  limit: number;
  credit: number;
  /** Messages that it was given and has not settled. */
  holds: number;
  /** `quiescing`: another of a higher priority waits until it has settled all. */
  status: 'up' | 'waiting' | 'quiescing' | 'cancelled';
  /** It takes turns. */
  queued: boolean;
}

export class QuorumConsumers {
  private readonly single: boolean;
  /** from 4.0 on a consumer of a higher priority takes over. */
  private readonly takesOver: boolean;
  private readonly all = new Map<number, QuorumConsumer>();
  private readonly turns = new Rotation<QuorumConsumer>();
  private nextKey = 0;

  constructor(version: Version, single: boolean) {
    this.single = single;
    this.takesOver = version !== '3.10';
  }

  add(subscription: Subscription): void {
    const limit = subscription.prefetch === 0 ? CREDIT_DEFAULT : subscription.prefetch;
    const known = this.find(subscription.channel, subscription.tag);
    // The tag of one that has cancelled and has yet to settle: they are one, and what it holds counts.
    if (known !== undefined && !(this.single && this.active() !== undefined)) {
      known.subscription = subscription;
      known.limit = limit;
      known.credit = Math.max(0, limit - known.holds);
      known.status = 'up';
      this.turns.remove(known);
      known.queued = false;
      this.queue(known);
      return;
    }
    const status = this.single ? 'waiting' : 'up';
    const consumer: QuorumConsumer = {
      key: this.nextKey++,
      subscription,
      limit,
      credit: limit,
      holds: 0,
      status,
      queued: false,
    };
    this.all.set(consumer.key, consumer);
    this.queue(consumer);
  }

  cancel(channel: ChannelKey, tag: string): void {
    for (const consumer of this.all.values()) {
      const { subscription } = consumer;
      if (subscription.channel !== channel || subscription.tag !== tag) continue;
      consumer.credit = 0;
      consumer.status = 'cancelled';
      if (consumer.holds === 0) this.all.delete(consumer.key);
    }
  }

  /** @returns the keys of those of the channel that were given something, in the order in which they came */
  channelDown(channel: ChannelKey): number[] {
    const keys: number[] = [];
    for (const consumer of this.all.values()) {
      if (consumer.subscription.channel !== channel) continue;
      if (consumer.holds > 0) keys.push(consumer.key);
      consumer.credit = 0;
      consumer.status = 'cancelled';
      this.all.delete(consumer.key);
    }
    return keys;
  }

  /** @returns whose turn it is */
  next(): QuorumConsumer | undefined {
    for (let front = this.turns.front(); front !== undefined; front = this.turns.front()) {
      if (front.status === 'up' && front.credit > 0) return front;
      this.turns.shift();
      front.queued = false;
    }
    return undefined;
  }

  /** The consumer whose turn it was has been given a message, which it has to settle if `holds`. */
  served(consumer: QuorumConsumer, holds: boolean): void {
    if (holds) {
      consumer.credit--;
      consumer.holds++;
    }
    if (consumer.credit > 0) {
      this.turns.rotate();
      return;
    }
    this.turns.shift();
    consumer.queued = false;
  }

  /** It has settled one. */
  settled(key: number): void {
    const consumer = this.all.get(key);
    if (consumer === undefined) return;
    consumer.holds--;
    if (consumer.status === 'cancelled') {
      if (consumer.holds === 0) this.all.delete(key);
      return;
    }
    consumer.credit = Math.min(consumer.limit, consumer.credit + 1);
    if (consumer.status === 'quiescing' && consumer.holds === 0) consumer.status = 'waiting';
    this.queue(consumer);
  }

  /** who is active now. */
  activate(): void {
    if (!this.single) return;
    const active = this.active();
    const next = this.firstWaiting();
    if (next === undefined) return;
    if (active !== undefined) {
      if (!this.takesOver || next.subscription.priority <= active.subscription.priority) return;
      active.status = active.holds === 0 ? 'waiting' : 'quiescing';
      if (active.status === 'quiescing') return;
    }
    next.status = 'up';
    this.queue(next);
  }

  /** @returns the number of the channel's consumer, or undefined when there is none of that tag */
  keyOf(channel: ChannelKey, tag: string): number | undefined {
    return this.find(channel, tag)?.key;
  }

  info(): QueueInfo['consumers'] {
    return [...this.all.values()]
      .filter((consumer) => consumer.status !== 'cancelled')
      .map(({ subscription, status }) => {
        const { channel, tag, client, noAck, prefetch, priority } = subscription;
        const active = status === 'up' || status === 'quiescing';
        return { channel, tag, client, ackRequired: !noAck, prefetch, active, priority };
      });
  }

  private find(channel: ChannelKey, tag: string): QuorumConsumer | undefined {
    for (const consumer of this.all.values()) {
      if (consumer.subscription.channel === channel && consumer.subscription.tag === tag) return consumer;
    }
    return undefined;
  }

  private active(): QuorumConsumer | undefined {
    for (const consumer of this.all.values()) {
      if (consumer.status === 'up' || consumer.status === 'quiescing') return consumer;
    }
    return undefined;
  }

  /** By priority, then by who may have more, then by who came first; in 3.10 simply who came first. */
  private firstWaiting(): QuorumConsumer | undefined {
    let first: QuorumConsumer | undefined;
    for (const consumer of this.all.values()) {
      if (consumer.status !== 'waiting') continue;
      if (first === undefined || (this.takesOver && isBefore(consumer, first))) first = consumer;
    }
    return first;
  }

  private queue(consumer: QuorumConsumer): void {
    if (consumer.queued || consumer.status !== 'up' || consumer.credit === 0) return;
    consumer.queued = true;
    this.turns.push(consumer);
  }
}

function isBefore(a: QuorumConsumer, b: QuorumConsumer): boolean {
  const priority = a.subscription.priority - b.subscription.priority;
  return (
    priority > 0 || (priority === 0 && (a.credit > b.credit || (a.credit === b.credit && a.key < b.key)))
  );
}
