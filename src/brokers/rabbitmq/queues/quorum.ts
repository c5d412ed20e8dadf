/**
 * What a quorum queue does with each command that a majority has: the state machine
 * that every replica runs. What it does follows from the commands and their times alone; it asks its node for nothing.
 */
import { type Micros, MICROS_PER_MS } from '../../../sim/time.ts';
import { AmqpError } from '../amqp-error.ts';
import type { Table, Version } from '../config.ts';
import type { DeathReason, Message } from '../message.ts';
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
import { BY_GET, Copies, type Held, Outstanding, type QueueOptions } from './copies.ts';
import { comeBack, type Entry, EntryHeap, entry, expiryOf, isRedelivered } from './entry.ts';
import { HeldBack } from './held-back.ts';
import { QuorumConsumers } from './quorum-consumers.ts';
import { QuorumMessages } from './quorum-messages.ts';

const NO_HEADERS: Table = Object.freeze({});
/** publishers may go on when so much of each limit is used. */
const LOW_MARK = 0.8;

export class QuorumFifo implements QueueMachine {
  readonly name: string;
  private readonly version: Version;
  private readonly copies: Copies;
  private readonly consumers: QuorumConsumers;
  private readonly messages: QuorumMessages;
  private limits: QueueLimits;
  /** Of what is ready, and of what is delayed. */
  private readyBytes = 0;
  private readonly held = new Outstanding();
  /** R-65, by when it is ready. */
  private readonly delayed = new EntryHeap();
  private readonly heldBack = new HeldBack();
  private next = 0;
  /** Counts what was enqueued, again included. */
  private nextOrder = 0;
  private blocked = false;
  /** The moment of which it has told its node. */
  private wake = Infinity;

  constructor(options: QueueOptions) {
    this.name = options.name;
    this.version = options.version;
    this.limits = options.limits;
    this.copies = new Copies(options.node, options.name);
    this.consumers = new QuorumConsumers(options.version, options.limits.singleActiveConsumer);
    this.messages = new QuorumMessages(options.version);
  }

  /** @throws AmqpError 405 for a `get` with a single active consumer; nothing has happened then */
  apply(command: QueueCommand, now: Micros, effects: QueueEffects): void {
    switch (command.type) {
      case 'enqueue':
        this.enqueue(command.message, command.publish, now, effects);
        break;
      case 'ack':
        for (const { entry } of this.settle(command.channel, command.positions)) {
          this.copies.removed(entry, 'acknowledged', effects);
        }
        break;
      case 'discard':
        for (const { entry } of this.settle(command.channel, command.positions)) {
          this.giveUp(comeBack(entry, command.failed), 'rejected', effects);
        }
        break;
      case 'requeue':
        for (const { entry } of this.settle(command.channel, command.positions)) {
          if (this.goesToTail(command.why)) this.enqueueAgain(entry, command.why, effects);
          else this.giveBack(entry, command.why, now, effects);
        }
        break;
      case 'consume':
        this.consumers.add(command.subscription);
        break;
      case 'cancel':
        this.consumers.cancel(command.channel, command.tag);
        break;
      case 'channel-down':
        this.channelDown(command.channel, command.why, now, effects);
        break;
      case 'get':
        this.get(command.channel, command.client, command.noAck, now, effects);
        break;
      case 'purge':
        effects.purged(command.channel, this.purge('purged', this.version === '4.3', effects));
        break;
      case 'configure':
        this.configure(command.settings, effects);
        break;
      case 'delete':
        this.purge('deleted', true, effects);
        for (const { entry } of this.held.all()) this.copies.dropped(entry, 'deleted', effects);
        this.held.clear();
        break;
      case 'tick':
        // The node has let go of the moment it was asked for.
        this.wake = Infinity;
        if (this.version === '4.3') this.tick(now, effects);
        break;
      case 'dead-letter-confirmed':
        this.deadLetterConfirmed(command.position, effects);
        break;
      case 'resume':
      case 'synced':
        // A channel has room for whatever a quorum queue's credit lets out, and the log is on disk before.
        break;
    }
    this.consumers.activate();
    this.run(now, effects);
    this.heldBack.send(effects);
    this.holdLimits(effects, command.type !== 'requeue');
    this.askToWake(now, effects);
  }

  /**
   * This replica leads from now on: what only a leader says, it says again. Its timer, whether publishers are to stop,
   * and the dead letters of which nobody knows whether they arrived.
   * @param term Raft's term, for the trace
   */
  lead(term: number, now: Micros, effects: QueueEffects): void {
    this.copies.epoch = term;
    this.wake = Infinity;
    this.askToWake(now, effects);
    if (this.blocked) effects.blockPublishers(true);
    this.heldBack.sendAgain(effects);
  }

  /** @returns what a consumer was given and has not settled, in order: a channel that missed a delivery asks for it */
  owedTo(channel: ChannelKey, tag: string): readonly QueueDelivery[] {
    const key = this.consumers.keyOf(channel, tag);
    return this.held
      .of(channel)
      .filter((one) => one.consumer === key)
      .map((one) => this.deliveryOf(one.entry, false));
  }

  info(): QueueInfo {
    return {
      ready: this.messages.length,
      unacknowledged: this.held.size,
      held: this.delayed.length + this.heldBack.length,
      readyBytes: this.readyBytes,
      unacknowledgedBytes: this.held.bytes,
      consumers: this.consumers.info(),
    };
  }

  private enqueue(message: Message, publish: PublishKey | null, now: Micros, effects: QueueEffects): void {
    if (this.copies.isFull(this.messages.length, effects)) {
      if (publish === null) this.copies.refused(message, 'limit-reached', effects);
      else effects.rejected(publish);
      return;
    }
    const position = this.next++;
    this.copies.appended(position, message, effects);
    // within the same millisecond counts as at once.
    this.messages.add(
      entry(position, message, expiryOf(message, this.limits, now, MICROS_PER_MS), this.nextOrder++),
    );
    this.readyBytes += message.bytes;
    if (publish !== null) effects.confirmed(publish);
  }

  /** Gives out what it can, and lets go of what has expired at the head. */
  private run(now: Micros, effects: QueueEffects): void {
    for (;;) {
      this.dropExpired(now, effects);
      if (this.messages.length === 0) return;
      const consumer = this.consumers.next();
      if (consumer === undefined) return;
      const { subscription } = consumer;
      const one = this.take();
      this.consumers.served(consumer, !subscription.noAck);
      this.hand(one, subscription.channel, subscription.client, subscription.noAck, consumer.key, effects);
      if (!effects.isSilent) effects.deliver(subscription, this.deliveryOf(one, false));
    }
  }

  private get(channel: ChannelKey, client: string, noAck: boolean, now: Micros, effects: QueueEffects): void {
    if (this.limits.singleActiveConsumer) {
      const type = this.version === '3.10' ? 'quorum' : '<<"quorum">>';
      throw new AmqpError(
        405,
        `cannot obtain access to locked queue '${this.name}' in vhost '/'. basic.get operations are not supported by ` +
          `${type} queues with single active consumer`,
      );
    }
    this.dropExpired(now, effects);
    if (this.messages.length === 0) {
      effects.got(channel, null, 0);
      return;
    }
    const one = this.take();
    this.hand(one, channel, client, noAck, BY_GET, effects);
    effects.got(channel, this.deliveryOf(one, true), this.messages.length);
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
      return;
    }
    this.copies.acquired(one, client, effects);
    this.held.add(one, channel, consumer);
  }

  /** Takes what the channel has of these positions, and lets its consumers have more. */
  private settle(channel: ChannelKey, positions: readonly number[]): readonly Held[] {
    const settled: Held[] = [];
    for (const position of positions) {
      const one = this.held.take(channel, position);
      if (one === undefined) continue;
      this.consumers.settled(one.consumer);
      settled.push(one);
    }
    return settled;
  }

  /** What its consumers had comes back consumer by consumer, then what it got. */
  private channelDown(channel: ChannelKey, why: ReturnReason, now: Micros, effects: QueueEffects): void {
    const keys = [...this.consumers.channelDown(channel), BY_GET];
    const outstanding = this.held.of(channel);
    const inOrder = keys.flatMap((key) => outstanding.filter((one) => one.consumer === key));
    for (const { entry } of this.settle(
      channel,
      inOrder.map(({ entry }) => entry.position),
    )) {
      this.giveBack(entry, why, now, effects);
    }
  }

  /** without a limit the client's own return is enqueued again; 4.3 makes of a reject another command. */
  private goesToTail(why: ReturnReason): boolean {
    if (this.limits.deliveryLimit !== null) return false;
    return why === 'nack' || why === 'recover' || (why === 'reject' && this.version !== '4.3');
  }

  private enqueueAgain(one: Entry, why: ReturnReason, effects: QueueEffects): void {
    const again = comeBack(one, false, this.nextOrder++);
    this.messages.addAgain(again);
    this.readyBytes += again.message.bytes;
    this.copies.released(again, why, 'tail', effects);
  }

  /** */
  private giveBack(one: Entry, why: ReturnReason, now: Micros, effects: QueueEffects): void {
    const failed = why === 'reject' || why === 'channel-down';
    const again = comeBack(one, failed);
    const counted = this.version === '4.3' ? again.failed : again.acquired;
    if (counted > (this.limits.deliveryLimit ?? Infinity)) {
      this.giveUp(again, 'delivery_limit', effects);
      return;
    }
    this.readyBytes += again.message.bytes;
    if (this.isDelayed(failed)) {
      const { min, max } = this.limits.delayedRetry;
      this.delayed.push(now + Math.min(min * Math.max(1, again.failed), max ?? Infinity), again);
      this.copies.released(again, why, 'delayed', effects);
    } else {
      this.messages.giveBack(again);
      this.copies.released(again, why, 'returns', effects);
    }
  }

  private isDelayed(failed: boolean): boolean {
    if (this.version !== '4.3') return false;
    const { type } = this.limits.delayedRetry;
    return type === 'all' || type === (failed ? 'failed' : 'returned');
  }

  /** 4.3: what was delayed long enough is ready again; each level's head is looked at for what has expired. */
  private tick(now: Micros, effects: QueueEffects): void {
    while (this.delayed.first <= now) this.messages.giveBack(this.delayed.shift()!);
    this.expire(this.messages.takeExpiredHeads(now), effects);
  }

  private dropExpired(now: Micros, effects: QueueEffects): void {
    this.expire(this.messages.takeExpired(now), effects);
  }

  private expire(expired: readonly Entry[], effects: QueueEffects): void {
    for (const one of expired) {
      this.readyBytes -= one.message.bytes;
      this.giveUp(one, 'expired', effects);
    }
  }

  private giveUp(one: Entry, reason: DeathReason, effects: QueueEffects): void {
    if (reason !== 'maxlen' && isAtLeastOnce(this.limits)) {
      this.heldBack.add(one, reason);
      this.copies.released(one, reason, 'dead-lettering', effects);
    } else {
      this.copies.giveUp(one, reason, this.limits, effects);
    }
  }

  private deadLetterConfirmed(position: number, effects: QueueEffects): void {
    const letter = this.heldBack.confirmed(position);
    const to = this.limits.deadLetterExchange;
    if (letter === undefined || to === null) return;
    this.copies.deadLettered(letter.entry.message, position, to, letter.reason, effects);
  }

  private configure(limits: QueueLimits, effects: QueueEffects): void {
    const held = isAtLeastOnce(this.limits);
    this.limits = limits;
    if (held && !isAtLeastOnce(limits)) this.dropHeldBack(null, effects);
  }

  private dropHeldBack(reason: string | null, effects: QueueEffects): void {
    for (const letter of this.heldBack.clear()) {
      this.copies.dropped(letter.entry, reason ?? letter.reason, effects);
    }
  }

  /**
   * @param all whether what is delayed or awaits its dead-lettering goes too
   * @returns how many are gone
   */
  private purge(reason: 'purged' | 'deleted', all: boolean, effects: QueueEffects): number {
    const ready = this.messages.takeAll();
    for (const one of ready) {
      this.readyBytes -= one.message.bytes;
      this.copies.dropped(one, reason, effects);
    }
    let gone = ready.length;
    if (!all) return gone;
    gone += this.delayed.length + this.heldBack.length;
    for (let one = this.delayed.shift(); one !== undefined; one = this.delayed.shift()) {
      this.readyBytes -= one.message.bytes;
      this.copies.dropped(one, reason, effects);
    }
    this.dropHeldBack(reason, effects);
    return gone;
  }

  /** after every command. @param isOne whether it is one for the server, too: it requeues each by itself */
  private holdLimits(effects: QueueEffects, isOne: boolean): void {
    if (this.limits.overflow !== 'reject-publish') {
      if (this.isOver()) this.dropHead(effects, isOne);
      this.block(false, effects);
    } else if (this.isOver()) {
      this.block(true, effects);
    } else if (this.isUnderLowMark()) {
      this.block(false, effects);
    }
  }

  private dropHead(effects: QueueEffects, isOne: boolean): void {
    const dropped: Entry[] = [];
    while (this.messages.length > 0 && this.isOver()) dropped.push(this.take());
    // 3.10 lets go of the last one first.
    if (this.version === '3.10' && isOne) dropped.reverse();
    for (const one of dropped) this.giveUp(one, 'maxlen', effects);
  }

  private block(blocked: boolean, effects: QueueEffects): void {
    if (this.blocked === blocked) return;
    this.blocked = blocked;
    effects.blockPublishers(blocked);
  }

  private isOver(): boolean {
    const { maxLength, maxLengthBytes } = this.limits;
    return (
      (maxLength !== null && this.length() > maxLength) ||
      (maxLengthBytes !== null && this.bytes() > maxLengthBytes)
    );
  }

  private isUnderLowMark(): boolean {
    const { maxLength, maxLengthBytes } = this.limits;
    return (
      (maxLength === null || this.length() <= Math.trunc(maxLength * LOW_MARK)) &&
      (maxLengthBytes === null || this.bytes() <= Math.trunc(maxLengthBytes * LOW_MARK))
    );
  }

  private length(): number {
    return this.messages.length + this.delayed.length + this.heldBack.length;
  }

  private bytes(): number {
    return this.readyBytes + this.heldBack.bytes;
  }

  private take(): Entry {
    const one = this.messages.take()!;
    this.readyBytes -= one.message.bytes;
    return one;
  }

  /** @param got 3.10 tells of no delivery before in the answer to a basic.get only */
  private deliveryOf(one: Entry, got: boolean): QueueDelivery {
    const { message, position, acquired, failed } = one;
    const redelivered = isRedelivered(one);
    if (!redelivered && !got) {
      return { message, position, redelivered: false, deliveryCount: null, extraHeaders: NO_HEADERS };
    }
    const isNew = this.version === '4.3';
    const count = isNew ? failed : acquired;
    const tells = count > 0 || (got && this.version === '3.10');
    const extraHeaders: Table = {
      ...(isNew && redelivered ? { 'x-acquired-count': acquired || failed } : {}),
      ...(tells ? { 'x-delivery-count': count } : {}),
    };
    return {
      message,
      position,
      redelivered,
      deliveryCount: tells ? count : null,
      extraHeaders,
    };
  }

  private askToWake(now: Micros, effects: QueueEffects): void {
    const at = Math.min(this.messages.nextExpiry(), this.delayed.first);
    if (at === this.wake) return;
    this.wake = at;
    effects.wakeAt(at === Infinity ? null : Math.max(at, now));
  }
}

/** only with reject-publish; otherwise it stays at-most-once. */
function isAtLeastOnce({ deadLetterExchange, deadLetterStrategy, overflow }: QueueLimits): boolean {
  return (
    deadLetterExchange !== null && deadLetterStrategy === 'at-least-once' && overflow === 'reject-publish'
  );
}
