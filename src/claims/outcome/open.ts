/** Messages that somebody is owed: what is kept of each until every audience has finished it. */
import type { Micros } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';
import type { Member } from './audience.ts';
import type { Place } from './places.ts';

/** A producer, and what an order can be broken of. */
export interface Producer {
  up: boolean;
  life: number;
  /** Whether the broker answers it at all. */
  confirms: boolean;
  keys: Map<string, KeyOrder>;
}

/** The latest message of one producer and key that each audience has been given, and has finished. */
export interface KeyOrder {
  readonly given: number[];
  readonly finished: number[];
}

/** A message that somebody is owed. */
export interface Open {
  at: Micros;
  bytes: number;
  producer: Producer;
  producerLife: number;
  order: KeyOrder | null;
  confirmed: boolean;
  refused: boolean;
  stored: boolean;
  /** Audiences, a bit each: who has not finished it, was given it once, saw it dead-lettered, dropped, or lost from its place. */
  owing: number;
  given: number;
  deadLettered: number;
  dropped: number;
  lost: number;
  /** Where it was last appended to a log. */
  log: Place | null;
  position: number;
  epoch: number;
  /** Who of each audience was last given it, in which of its lives, and as the how manieth. */
  holders: (Member | null)[];
  lives: number[];
  turns: number[];
}

/** Notes that it was this message's turn. @returns whether a later one had had it */
export function isLate(latest: number[], audience: number, message: MessageId): boolean {
  if (message < latest[audience]!) return true;
  latest[audience] = message;
  return false;
}

/** Whether its producer has not been told that it is safe, and will see to it. */
export function isToBeSent(open: Open): boolean {
  return open.producer.confirms && !open.confirmed && isAlive(open);
}

/** Whether the producer still is the process that published it. */
export function isAlive({ producer, producerLife }: Open): boolean {
  return producer.up && producer.life === producerLife;
}

export function isSetAside({ deadLettered, dropped }: Open, index: number): boolean {
  return ((deadLettered | dropped) & (1 << index)) !== 0;
}

/** Whether a consumer that lives has it in hand: it was given it, and has not gone past it. */
export function isHeld({ holders, lives, turns }: Open, index: number): boolean {
  const holder = holders[index];
  return holder?.up === true && holder.life === lives[index] && turns[index]! > holder.worked;
}

/** How many audiences still wait for a message. */
export function backlogOf(open: Open, audiences: number): number {
  let count = 0;
  for (let i = 0; i < audiences; i++) if ((open.owing & (1 << i)) !== 0 && !isSetAside(open, i)) count++;
  return count;
}

/** A record for any message. */
export function blank(producer: Producer, audiences: number): Open {
  return {
    at: 0,
    bytes: 0,
    producer,
    producerLife: 0,
    order: null,
    confirmed: false,
    refused: false,
    stored: false,
    owing: 0,
    given: 0,
    deadLettered: 0,
    dropped: 0,
    lost: 0,
    log: null,
    position: 0,
    epoch: 0,
    holders: Array.from({ length: audiences }, () => null),
    lives: Array.from({ length: audiences }, () => 0),
    turns: Array.from({ length: audiences }, () => 0),
  };
}
