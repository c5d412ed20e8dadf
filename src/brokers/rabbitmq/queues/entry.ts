/**
 * A message in a queue. An entry never changes: one that comes back is another one in its place. So replicas and
 * checkpoints share entries, and frozen as they are, a deep copy need not look into them.
 */
import type { Micros } from '../../../sim/time.ts';
import { fromMs } from '../../../sim/time.ts';
import type { QueueLimits } from '../queue.ts';
import type { Message } from '../message.ts';

/** What a queue keeps ready at most: a bound of this model. What comes beyond it is refused, and the trace says so. */
export const READY_MAX = 2 ** 18;

export interface Entry {
  /** The queue's own number for this copy, from 0, never used again. */
  readonly position: number;
  readonly message: Message;
  /** when it expires; Infinity, never. */
  readonly expires: number;
  /** How often it has come back: what a quorum queue calls its acquired-count. */
  readonly acquired: number;
  /** how often it has come back as failed; 4.3 calls this its delivery-count, and a dead letter begins with it. */
  readonly failed: number;
  /** Its place among those that were enqueued: the position, or a later number once it was enqueued again. */
  readonly order: number;
}

export function entry(position: number, message: Message, expires: number, order: number): Entry {
  return Object.freeze({ position, message, expires, acquired: 0, failed: message.failures, order });
}

/** The same copy, come back. @param failed whether it counts as a failed delivery */
export function comeBack(from: Entry, failed: boolean, order = from.order): Entry {
  return Object.freeze({
    position: from.position,
    message: from.message,
    expires: from.expires,
    acquired: from.acquired + 1,
    failed: failed ? from.failed + 1 : from.failed,
    order,
  });
}

/** */
export function isRedelivered({ acquired, failed }: Entry): boolean {
  return acquired > 0 || failed > 0;
}

/** the message as it leaves a queue, with how often its deliveries have failed. */
export function leaving({ message, failed }: Entry): Message {
  return failed === message.failures ? message : Object.freeze({ ...message, failures: failed });
}

/**
 * when a message that comes now expires.
 * @param least what a TTL of 0 is taken for: a quorum queue's clock ticks in milliseconds
 */
export function expiryOf(message: Message, limits: QueueLimits, now: Micros, least: Micros): number {
  const own = message.expiration === null ? Infinity : fromMs(Number(message.expiration));
  const ttl = Math.min(own, limits.messageTtl ?? Infinity);
  return now + Math.max(ttl, least);
}

/** Entries with the lowest of some number first: a binary heap. */
export class EntryHeap {
  private readonly entries: Entry[] = [];
  private readonly keys: number[] = [];

  get length(): number {
    return this.entries.length;
  }

  peek(): Entry | undefined {
    return this.entries[0];
  }

  /** The number of the first entry; Infinity when there is none. */
  get first(): number {
    return this.keys[0] ?? Infinity;
  }

  /** Of equal numbers, the entry of the lower order is first. */
  push(key: number, item: Entry): void {
    let i = this.entries.length;
    this.entries.push(item);
    this.keys.push(key);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!this.before(key, item, parent)) break;
      this.move(parent, i);
      i = parent;
    }
    this.put(i, key, item);
  }

  shift(): Entry | undefined {
    const first = this.entries[0];
    const item = this.entries.pop();
    const key = this.keys.pop();
    if (item === undefined || key === undefined || this.entries.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= this.entries.length) break;
      const right = child + 1;
      if (right < this.entries.length && this.before(this.keys[right]!, this.entries[right]!, child))
        child = right;
      if (this.before(key, item, child)) break;
      this.move(child, i);
      i = child;
    }
    this.put(i, key, item);
    return first;
  }

  /** @returns all of them, first first */
  sorted(): Entry[] {
    const at = this.entries.map((_, i) => i);
    return at
      .sort((a, b) => (this.before(this.keys[a]!, this.entries[a]!, b) ? -1 : 1))
      .map((i) => this.entries[i]!);
  }

  private before(key: number, item: Entry, other: number): boolean {
    const otherKey = this.keys[other]!;
    return key < otherKey || (key === otherKey && item.order < this.entries[other]!.order);
  }

  private move(from: number, to: number): void {
    this.put(to, this.keys[from]!, this.entries[from]!);
  }

  private put(at: number, key: number, item: Entry): void {
    this.keys[at] = key;
    this.entries[at] = item;
  }
}
