/** Who is next to be given a message by a classic queue, and who may not be given one now. */
import { AmqpError } from '../amqp-error.ts';
import type { ChannelKey, QueueEffects, QueueInfo, Subscription } from '../queue.ts';
import { Rotation } from './rotation.ts';

export interface ClassicConsumer {
  readonly id: number;
  readonly subscription: Subscription;
  /** how many more it may have; Infinity where no prefetch holds. */
  credit: number;
  /** It could take nothing when its turn came, and is left out until that may have changed. */
  blocked: boolean;
}

export class ClassicConsumers {
  private readonly queue: string;
  private readonly single: boolean;
  private readonly all = new Map<number, ClassicConsumer>();
  private readonly turns = new Rotation<ClassicConsumer>();
  /** By channel, because it is a channel that is let go on; who was left out first, first. */
  private readonly blocked = new Map<ChannelKey, ClassicConsumer[]>();
  /** The exclusive consumer, or the single active one. */
  private holder: ClassicConsumer | null = null;
  private nextId = 0;

  /** @param single R-45: one consumer at a time */
  constructor(queue: string, single: boolean) {
    this.queue = queue;
    this.single = single;
  }

  get size(): number {
    return this.all.size;
  }

  /** @throws AmqpError 403 where an exclusive consumer is in the way, or this one asks to be one in vain */
  add(subscription: Subscription): void {
    const { exclusive, prefetch, noAck } = subscription;
    const inUse = this.single ? exclusive : this.holder !== null || (exclusive && this.all.size > 0);
    if (inUse) throw new AmqpError(403, `queue '${this.queue}' in vhost '/' in exclusive use`);
    const credit = prefetch === 0 || noAck ? Infinity : prefetch;
    const consumer = { id: this.nextId++, subscription, credit, blocked: false };
    this.all.set(consumer.id, consumer);
    this.turns.push(consumer);
    if (exclusive || (this.single && this.holder === null)) this.holder = consumer;
  }

  cancel(channel: ChannelKey, tag: string): void {
    for (const consumer of this.all.values()) {
      if (consumer.subscription.channel === channel && consumer.subscription.tag === tag)
        this.remove(consumer);
    }
    this.choose();
  }

  channelDown(channel: ChannelKey): void {
    for (const consumer of this.all.values()) {
      if (consumer.subscription.channel === channel) this.remove(consumer);
    }
    this.choose();
  }

  /** @returns whose turn it is; who can take nothing is left out, and the next one is asked */
  next(effects: QueueEffects): ClassicConsumer | undefined {
    if (this.single) {
      const { holder } = this;
      if (holder === null || holder.blocked) return undefined;
      if (this.canTake(holder, effects)) return holder;
      this.block(holder);
      return undefined;
    }
    for (let front = this.turns.front(); front !== undefined; front = this.turns.front()) {
      if (this.canTake(front, effects)) return front;
      this.block(front);
    }
    return undefined;
  }

  /** The consumer whose turn it was has been given a message. */
  served(consumer: ClassicConsumer): void {
    consumer.credit--;
    if (!this.single) this.turns.rotate();
  }

  /** It has settled so many. One that had nothing left, and others of its channel that were left out, take turns again. */
  giveCredit(id: number, settled: number): void {
    const consumer = this.all.get(id);
    if (consumer === undefined) return;
    const had = consumer.credit;
    consumer.credit += settled;
    if (had === 0) this.resume(consumer.subscription.channel);
  }

  /** those of the channel that may have something take turns again, behind the others. */
  resume(channel: ChannelKey): void {
    const blocked = this.blocked.get(channel);
    if (blocked === undefined) return;
    const still: ClassicConsumer[] = [];
    for (const consumer of blocked) {
      if (consumer.credit <= 0) {
        still.push(consumer);
        continue;
      }
      consumer.blocked = false;
      this.turns.push(consumer);
    }
    if (still.length > 0) this.blocked.set(channel, still);
    else this.blocked.delete(channel);
  }

  info(): QueueInfo['consumers'] {
    return [...this.all.values()].map((consumer) => {
      const { channel, tag, client, noAck, prefetch, priority } = consumer.subscription;
      const active = !this.single || consumer === this.holder;
      return { channel, tag, client, ackRequired: !noAck, prefetch, active, priority };
    });
  }

  private canTake(consumer: ClassicConsumer, effects: QueueEffects): boolean {
    return consumer.credit > 0 && effects.hasRoom(consumer.subscription);
  }

  private block(consumer: ClassicConsumer): void {
    consumer.blocked = true;
    if (this.turns.front() === consumer) this.turns.shift();
    else this.turns.remove(consumer);
    const { channel } = consumer.subscription;
    const others = this.blocked.get(channel);
    if (others === undefined) this.blocked.set(channel, [consumer]);
    else others.push(consumer);
  }

  private remove(consumer: ClassicConsumer): void {
    const { channel } = consumer.subscription;
    this.all.delete(consumer.id);
    this.turns.remove(consumer);
    const blocked = this.blocked.get(channel)?.filter((other) => other !== consumer) ?? [];
    if (blocked.length > 0) this.blocked.set(channel, blocked);
    else this.blocked.delete(channel);
    if (this.holder === consumer) this.holder = null;
  }

  /** of those that wait, the one of the highest priority, and of these the first. */
  private choose(): void {
    if (this.single && this.holder === null) this.holder = this.turns.front() ?? null;
  }
}
