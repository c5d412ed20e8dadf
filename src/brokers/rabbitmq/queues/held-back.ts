/**
 * dead letters that a quorum queue keeps until whoever they are for has confirmed them. They go out in the order in
 * which they died, so many at a time.
 */
import type { DeathReason } from '../message.ts';
import type { QueueEffects } from '../queue.ts';
import { type Entry, leaving } from './entry.ts';
import { Ring } from '../../../sim/ring.ts';

const PREFETCH = 32;

interface DeadLetter {
  readonly entry: Entry;
  readonly reason: DeathReason;
}

export class HeldBack {
  private readonly waiting = new Ring<DeadLetter>();
  /** By position, in order. */
  private readonly sent = new Map<number, DeadLetter>();
  bytes = 0;

  get length(): number {
    return this.waiting.length + this.sent.size;
  }

  add(entry: Entry, reason: DeathReason): void {
    this.waiting.push(Object.freeze({ entry, reason }));
    this.bytes += entry.message.bytes;
  }

  /** Sends what may be under way now. */
  send(effects: QueueEffects): void {
    while (this.sent.size < PREFETCH) {
      const next = this.waiting.shift();
      if (next === undefined) return;
      this.sent.set(next.entry.position, next);
      effects.deadLetter(leaving(next.entry), next.reason, next.entry.position, true);
    }
  }

  /** A new leader does not know what became of those that were under way: it sends them again. */
  sendAgain(effects: QueueEffects): void {
    for (const { entry, reason } of this.sent.values()) {
      effects.deadLetter(leaving(entry), reason, entry.position, true);
    }
  }

  confirmed(position: number): DeadLetter | undefined {
    const letter = this.sent.get(position);
    if (letter === undefined) return undefined;
    this.sent.delete(position);
    this.bytes -= letter.entry.message.bytes;
    return letter;
  }

  /** @returns all that it kept, and keeps no more */
  clear(): DeadLetter[] {
    const all = [...this.sent.values(), ...this.waiting];
    this.sent.clear();
    this.waiting.clear();
    this.bytes = 0;
    return all;
  }
}
