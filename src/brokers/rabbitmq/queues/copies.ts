/**
 * What a queue says of the copies it holds: each is appended once and has one end. A message that leaves a queue for a
 * reason of R-80 has one way out, {@link Copies.giveUp}.
 */
import { Numbered } from '../../../sim/numbered.ts';
import type { Version } from '../config.ts';
import type { DeathReason, Message } from '../message.ts';
import type { ChannelKey, QueueEffects, QueueLimits } from '../queue.ts';
import { type Entry, leaving, READY_MAX } from './entry.ts';

/** What a queue is made of, whatever its type. */
export interface QueueOptions {
  readonly name: string;
  /** The node whose replica this is, for the trace. */
  readonly node: string;
  readonly durable: boolean;
  readonly version: Version;
  readonly limits: QueueLimits;
}

/** Given out and not settled. `consumer` is the queue's own number for it; {@link BY_GET} where basic.get took it. */
export interface Held {
  readonly entry: Entry;
  readonly channel: ChannelKey;
  readonly consumer: number;
  /** Lower for what was given out before. */
  readonly turn: number;
}
export const BY_GET = -1;

/** What is given out and not settled. */
export class Outstanding {
  private readonly held = new Numbered<Held>();
  private turns = 0;
  bytes = 0;

  get size(): number {
    return this.held.size;
  }

  add(entry: Entry, channel: ChannelKey, consumer: number): void {
    this.held.set(entry.position, Object.freeze({ entry, channel, consumer, turn: this.turns++ }));
    this.bytes += entry.message.bytes;
  }

  /** Takes what lies at a position, if it is with this channel. */
  take(channel: ChannelKey, position: number): Held | undefined {
    const one = this.held.get(position);
    if (one?.channel !== channel) return undefined;
    this.held.delete(position);
    this.bytes -= one.entry.message.bytes;
    return one;
  }

  /** In the order in which it was given out. */
  all(): Held[] {
    return [...this.held.values()].sort((a, b) => a.turn - b.turn);
  }

  of(channel: ChannelKey): Held[] {
    return this.all().filter((one) => one.channel === channel);
  }

  clear(): void {
    this.held.clear();
    this.bytes = 0;
  }
}

export class Copies {
  private readonly node: string;
  private readonly place: string;
  /** Raft's term, of a quorum queue. */
  epoch = 0;
  /** It has said that {@link READY_MAX} is reached, and it still is. */
  private full = false;

  constructor(node: string, place: string) {
    this.node = node;
    this.place = place;
  }

  appended(position: number, message: Message, effects: QueueEffects): void {
    if (effects.isSilent) return;
    const { node, place, epoch } = this;
    effects.trace({
      seq: 0,
      at: 0,
      kind: 'appended',
      node,
      place,
      position,
      message: message.id,
      key: message.key,
      epoch,
    });
  }

  acquired({ position, message, acquired }: Entry, client: string, effects: QueueEffects): void {
    if (effects.isSilent) return;
    effects.trace({
      seq: 0,
      at: 0,
      kind: 'acquired',
      node: this.node,
      group: this.place,
      client,
      place: this.place,
      position,
      message: message.id,
      deliveryCount: acquired + 1,
      until: null,
    });
  }

  released({ position, message }: Entry, why: string, where: string, effects: QueueEffects): void {
    const { node, place } = this;
    effects.trace({ kind: 'released', node, group: place, place, position, why, message: message.id, where });
  }

  removed({ position, message }: Entry, why: string, effects: QueueEffects): void {
    if (effects.isSilent) return;
    effects.trace({
      seq: 0,
      at: 0,
      kind: 'removed',
      node: this.node,
      place: this.place,
      position,
      message: message.id,
      why,
    });
  }

  dropped({ position, message }: Entry, reason: string, effects: QueueEffects): void {
    effects.trace({
      kind: 'dropped',
      node: this.node,
      place: this.place,
      position,
      message: message.id,
      reason,
    });
  }

  /** A message that never became a copy, and whose publisher is not told: it uses no confirms. */
  refused(message: Message, reason: string, effects: QueueEffects): void {
    effects.trace({ kind: 'dropped', node: this.node, place: this.place, message: message.id, reason });
  }

  deadLettered(
    message: Message,
    position: number | null,
    to: string,
    reason: string,
    effects: QueueEffects,
  ): void {
    const event = {
      kind: 'dead-lettered',
      node: this.node,
      place: this.place,
      message: message.id,
      to,
      reason,
    } as const;
    effects.trace(position === null ? event : { ...event, position });
  }

  /** to the dead-letter exchange; gone where there is none. */
  giveUp(one: Entry, reason: DeathReason, limits: QueueLimits, effects: QueueEffects): void {
    this.leave(leaving(one), one.position, reason, limits, effects);
  }

  /** a message that was refused, and has no position, goes to the dead-letter exchange all the same. */
  giveUpRefused(message: Message, limits: QueueLimits, effects: QueueEffects): void {
    this.leave(message, null, 'maxlen', limits, effects);
  }

  /** @returns whether the bound of this model is reached: the next message is refused */
  isFull(ready: number, effects: QueueEffects): boolean {
    const full = ready >= READY_MAX;
    if (full && !this.full) {
      effects.trace({ kind: 'limit-reached', what: `messages ready in ${this.place}`, limit: READY_MAX });
    }
    this.full = full;
    return full;
  }

  private leave(
    message: Message,
    position: number | null,
    reason: DeathReason,
    limits: QueueLimits,
    effects: QueueEffects,
  ): void {
    const to = limits.deadLetterExchange;
    if (to !== null && effects.hasExchange(to)) {
      this.deadLettered(message, position, to, reason, effects);
      effects.deadLetter(message, reason, position, false);
    } else if (position === null) {
      this.refused(message, reason, effects);
    } else {
      effects.trace({
        kind: 'dropped',
        node: this.node,
        place: this.place,
        position,
        message: message.id,
        reason,
      });
    }
  }
}
