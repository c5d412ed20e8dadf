/**
 * A classic queue: one process on one node, a list of messages and consumers who take turns. A message
 * that comes back goes to its original place, so the place of a copy is its position, whatever becomes of it.
 */
import type { Micros } from '../../../sim/time.ts';
import { Numbered } from '../../../sim/numbered.ts';
import type { Version } from '../config.ts';
import type {
  ChannelKey,
  PublishKey,
  QueueCommand,
  QueueDelivery,
  QueueEffects,
  QueueInfo,
  QueueLimits,
  QueueMachine,
  ReturnReason,
} from '../queue.ts';
import type { DeathReason, Message } from '../message.ts';
import { ClassicConsumers, type ClassicConsumer } from './classic-consumers.ts';
import { BY_GET, Copies, type Held, Outstanding, type QueueOptions } from './copies.ts';
import { comeBack, type Entry, EntryHeap, entry, expiryOf, isRedelivered } from './entry.ts';
import { Ring } from '../../../sim/ring.ts';

/** Messages of one priority. Those that came back are older than all that never left: they are first. */
class Level {
  readonly back = new EntryHeap();
  readonly fresh = new Ring<Entry>();

  get head(): Entry | undefined {
    return this.back.peek() ?? this.fresh.peek();
  }

  take(): Entry | undefined {
    return this.back.shift() ?? this.fresh.shift();
  }

  *entries(): Generator<Entry> {
    yield* this.back.sorted();
    yield* this.fresh;
  }
}

const NO_HEADERS = Object.freeze({});

export class ClassicQueue implements QueueMachine {
  readonly name: string;
  private readonly version: Version;
  private readonly durable: boolean;
  private readonly copies: Copies;
  private limits: QueueLimits;
  private consumers: ClassicConsumers;
  /** By priority, from 0. */
  private levels: Level[];
  private ready = 0;
  private readyBytes = 0;
  private readonly held = new Outstanding();
  private next = 0;
  /** who waits for the disk, by position, in order; and up to where the disk has what it needs. */
  private readonly unconfirmed = new Numbered<PublishKey>();
  private syncedTo = -1;
  /** Up to here all is flagged as redelivered: its node does not know what had been given out. */
  private flaggedTo = -1;
  /** The moment of which it has told its node. */
  private wake = Infinity;

  constructor(options: QueueOptions) {
    this.name = options.name;
    this.version = options.version;
    this.durable = options.durable;
    this.limits = options.limits;
    this.copies = new Copies(options.node, options.name);
    this.consumers = new ClassicConsumers(options.name, options.limits.singleActiveConsumer);
    this.levels = emptyLevels(options.limits);
  }

  apply(command: QueueCommand, now: Micros, effects: QueueEffects): void {
    switch (command.type) {
      case 'enqueue':
        this.enqueue(command.message, command.publish, now, effects);
        break;
      case 'ack':
        for (const position of command.positions) {
          const one = this.settleOne(command.channel, position);
          if (one === undefined) continue;
          this.copies.removed(one.entry, 'acknowledged', effects);
          this.forget(one.entry, effects);
        }
        break;
      case 'discard':
        for (const { entry } of this.settle(command.channel, command.positions)) {
          this.giveUp(comeBack(entry, command.failed), 'rejected', effects);
        }
        break;
      case 'requeue':
        this.requeue(this.settle(command.channel, command.positions), command.why, effects);
        break;
      case 'consume':
        this.consumers.add(command.subscription);
        break;
      case 'cancel':
        this.consumers.cancel(command.channel, command.tag);
        // 3.10 gives the next single active consumer nothing until something else happens.
        if (this.version === '3.10') return;
        break;
      case 'channel-down':
        this.consumers.channelDown(command.channel);
        this.requeue(this.settle(command.channel, this.positionsOf(command.channel)), command.why, effects);
        break;
      case 'get':
        this.get(command.channel, command.client, command.noAck, now, effects);
        break;
      case 'purge':
        effects.purged(command.channel, this.clear('purged', effects));
        break;
      case 'resume':
        this.consumers.resume(command.channel);
        break;
      case 'configure':
        this.limits = command.settings;
        this.dropHead(effects);
        break;
      case 'synced':
        this.synced(command.position, effects);
        break;
      case 'delete':
        this.clear('deleted', effects);
        for (const { entry } of this.held.all()) this.copies.dropped(entry, 'deleted', effects);
        this.held.clear();
        break;
      case 'tick':
        // The node has let go of the moment it was asked for.
        this.wake = Infinity;
        break;
      case 'dead-letter-confirmed':
        break;
    }
    this.run(now, effects);
    this.askToWake(effects);
  }

  /**
   * its node has come back. What the disk has is ready again; what was given out and not settled is marked as
   * redelivered, and after a crash all the rest, too. A settlement is taken for written as soon as it was made.
   */
  restart(now: Micros, crashed: boolean, effects: QueueEffects): void {
    if (crashed) this.flaggedTo = this.syncedTo;
    const ready = this.levels.flatMap((level) => [...level.entries()]);
    const returned = this.held.all().map((one) => comeBack(one.entry, false));
    const survives = (one: Entry): boolean =>
      this.durable && one.message.persistent && one.position <= this.syncedTo;
    const kept = [...ready, ...returned].filter(survives).sort((a, b) => a.position - b.position);
    for (const one of returned.filter(survives))
      this.copies.released(one, 'node-down', 'original place', effects);
    for (const one of [...ready, ...returned]) {
      if (!survives(one)) this.copies.dropped(one, 'node-crashed', effects);
    }
    this.consumers = new ClassicConsumers(this.name, this.limits.singleActiveConsumer);
    this.levels = emptyLevels(this.limits);
    this.held.clear();
    this.unconfirmed.clear();
    this.ready = 0;
    this.readyBytes = 0;
    this.wake = Infinity;
    for (const one of kept) {
      this.levelOf(one.message).fresh.push(one);
      this.count(one, 1);
    }
    this.run(now, effects);
    this.askToWake(effects);
  }

  info(): QueueInfo {
    return {
      ready: this.ready,
      unacknowledged: this.held.size,
      held: 0,
      readyBytes: this.readyBytes,
      unacknowledgedBytes: this.held.bytes,
      consumers: this.consumers.info(),
    };
  }

  private enqueue(message: Message, publish: PublishKey | null, now: Micros, effects: QueueEffects): void {
    if (this.refuses(message, publish, effects)) return;
    const position = this.next++;
    const one = entry(position, message, expiryOf(message, this.limits, now, 0), position);
    this.copies.appended(position, message, effects);
    if (this.durable && message.persistent) {
      if (publish !== null) this.unconfirmed.set(position, publish);
      effects.store(position, message.bytes);
    } else if (publish !== null) {
      effects.confirmed(publish);
    }
    // whoever is idle while nothing waits is handed it, past the limits and the expiry of a queue.
    const idle = this.ready === 0 ? this.consumers.next(effects) : undefined;
    if (idle !== undefined) {
      // what is handed over is new to this queue, whatever it was elsewhere.
      this.give(one, idle, false, effects);
      return;
    }
    this.levelOf(message).fresh.push(one);
    this.count(one, 1);
    this.dropHead(effects);
  }

  /** and the bound of this model. */
  private refuses(message: Message, publish: PublishKey | null, effects: QueueEffects): boolean {
    const { overflow } = this.limits;
    const over = overflow !== 'drop-head' && this.isOver(1, message.bytes);
    const full = !over && this.copies.isFull(this.ready, effects);
    if (!over && !full) return false;
    if (over && overflow === 'reject-publish-dlx') this.copies.giveUpRefused(message, this.limits, effects);
    else if (publish === null) this.copies.refused(message, over ? 'maxlen' : 'limit-reached', effects);
    if (publish !== null) effects.rejected(publish);
    return true;
  }

  private isOver(more: number, bytes: number): boolean {
    const { maxLength, maxLengthBytes } = this.limits;
    return (
      (maxLength !== null && this.ready + more > maxLength) ||
      (maxLengthBytes !== null && this.readyBytes + bytes > maxLengthBytes)
    );
  }

  /** */
  private dropHead(effects: QueueEffects): void {
    if (this.limits.overflow !== 'drop-head') return;
    while (this.ready > 0 && this.isOver(0, 0)) this.giveUp(this.take(), 'maxlen', effects);
  }

  /** only at the head; R-88: that of the highest priority there is. */
  private dropExpired(now: Micros, effects: QueueEffects): void {
    while ((this.head()?.expires ?? Infinity) <= now) this.giveUp(this.take(), 'expired', effects);
  }

  /** gives out what it can. */
  private run(now: Micros, effects: QueueEffects): void {
    for (;;) {
      this.dropExpired(now, effects);
      if (this.ready === 0) return;
      const consumer = this.consumers.next(effects);
      if (consumer === undefined) return;
      const one = this.take();
      this.give(one, consumer, this.isFlagged(one), effects);
    }
  }

  private isFlagged(one: Entry): boolean {
    return one.position <= this.flaggedTo || isRedelivered(one);
  }

  private give(one: Entry, consumer: ClassicConsumer, redelivered: boolean, effects: QueueEffects): void {
    const { subscription } = consumer;
    this.consumers.served(consumer);
    this.hand(one, subscription.channel, subscription.client, subscription.noAck, consumer.id, effects);
    effects.deliver(subscription, deliveryOf(one, redelivered));
  }

  private get(channel: ChannelKey, client: string, noAck: boolean, now: Micros, effects: QueueEffects): void {
    this.dropExpired(now, effects);
    if (this.ready === 0) {
      effects.got(channel, null, 0);
      return;
    }
    const one = this.take();
    this.hand(one, channel, client, noAck, BY_GET, effects);
    this.dropExpired(now, effects);
    effects.got(channel, deliveryOf(one, this.isFlagged(one)), this.ready);
  }

  /** It is theirs now: until they settle it, or for good. */
  private hand(
    one: Entry,
    channel: ChannelKey,
    client: string,
    noAck: boolean,
    consumer: number,
    effects: QueueEffects,
  ): void {
    if (noAck) {
      this.copies.removed(one, consumer === BY_GET ? 'got' : 'sent, and needs no acknowledgement', effects);
      this.forget(one, effects);
      return;
    }
    this.copies.acquired(one, client, effects);
    this.held.add(one, channel, consumer);
  }

  /** Takes what the channel has of these positions, and lets its consumers have more. */
  private settle(channel: ChannelKey, positions: readonly number[]): readonly Held[] {
    const settled: Held[] = [];
    for (const position of positions) {
      const one = this.settleOne(channel, position);
      if (one !== undefined) settled.push(one);
    }
    return settled;
  }

  private settleOne(channel: ChannelKey, position: number): Held | undefined {
    const one = this.held.take(channel, position);
    if (one !== undefined) this.consumers.giveCredit(one.consumer, 1);
    return one;
  }

  private positionsOf(channel: ChannelKey): number[] {
    return this.held.of(channel).map(({ entry }) => entry.position);
  }

  /** Back in its place it counts for the limits, and may have expired. */
  private requeue(returned: readonly Held[], why: ReturnReason, effects: QueueEffects): void {
    for (const { entry } of returned) {
      const again = comeBack(entry, why === 'reject' || why === 'channel-down');
      this.levelOf(again.message).back.push(again.position, again);
      this.count(again, 1);
      this.copies.released(again, why, 'original place', effects);
    }
    this.dropHead(effects);
  }

  private synced(position: number, effects: QueueEffects): void {
    this.syncedTo = Math.max(this.syncedTo, position);
    const { unconfirmed } = this;
    for (let at; (at = unconfirmed.first()) !== undefined && at <= this.syncedTo;) {
      const publish = unconfirmed.get(at)!;
      unconfirmed.delete(at);
      effects.confirmed(publish);
    }
  }

  private giveUp(one: Entry, reason: DeathReason, effects: QueueEffects): void {
    this.copies.giveUp(one, reason, this.limits, effects);
    this.forget(one, effects);
  }

  /** what is gone need not reach the disk to be confirmed. */
  private forget({ position }: Entry, effects: QueueEffects): void {
    const publish = this.unconfirmed.get(position);
    if (publish === undefined) return;
    this.unconfirmed.delete(position);
    effects.confirmed(publish);
  }

  /** @returns how many were ready; what is given out stays with who has it */
  private clear(reason: 'purged' | 'deleted', effects: QueueEffects): number {
    const { ready } = this;
    while (this.ready > 0) {
      const one = this.take();
      this.copies.dropped(one, reason, effects);
      this.forget(one, effects);
    }
    return ready;
  }

  private levelOf(message: Message): Level {
    return this.levels[Math.min(message.priority ?? 0, this.levels.length - 1)]!;
  }

  private head(): Entry | undefined {
    return this.highest()?.head;
  }

  private highest(): Level | undefined {
    if (this.ready === 0) return undefined;
    for (let at = this.levels.length - 1; at > 0; at--) {
      const level = this.levels[at]!;
      if (level.head !== undefined) return level;
    }
    return this.levels[0];
  }

  private take(): Entry {
    const one = this.highest()!.take()!;
    this.count(one, -1);
    return one;
  }

  private count(one: Entry, by: 1 | -1): void {
    this.ready += by;
    this.readyBytes += by * one.message.bytes;
  }

  /** */
  private askToWake(effects: QueueEffects): void {
    const at = this.head()?.expires ?? Infinity;
    if (at === this.wake) return;
    this.wake = at;
    effects.wakeAt(at === Infinity ? null : at);
  }
}

function emptyLevels({ maxPriority }: QueueLimits): Level[] {
  return Array.from({ length: maxPriority + 1 }, () => new Level());
}

function deliveryOf({ message, position }: Entry, redelivered: boolean): QueueDelivery {
  return { message, position, redelivered, deliveryCount: null, extraHeaders: NO_HEADERS };
}
