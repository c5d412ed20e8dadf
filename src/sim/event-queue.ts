/**
 * The future of a run: a 4-ary heap ordered by (time, sequence).
 *
 * The tie rule is part of the contract: what was scheduled first happens first. The heap holds slot numbers
 * and the slots live in typed arrays, so a push and a pop allocate nothing.
 */
import { AssertionFailed } from './errors.ts';
import { compact, type Micros } from './time.ts';

/** Slots are numbered in 20 bits, which also bounds the queue: reaching it is an error, not a hang. */
const SLOT_RANGE = 2 ** 20;

/** Names one scheduled entry, to cancel it. */
export type Ticket = number;

export class EventQueue<T> {
  private heap = new Int32Array(256);
  private at = new Float64Array(256);
  private sequence = new Float64Array(256);
  private items: (T | undefined)[] = [];
  private free: number[] = [];
  private count = 0;
  private nextSequence = 1;

  /** Entries waiting, cancelled ones included until they surface. */
  get size(): number {
    return this.count;
  }

  /**
   * @param at when, in virtual microseconds
   * @throws AssertionFailed when a million entries are waiting
   */
  push(at: Micros, item: T): Ticket {
    const slot = this.free.pop() ?? this.newSlot();
    const sequence = this.nextSequence++;
    this.at[slot] = at;
    this.sequence[slot] = sequence;
    this.items[slot] = item;
    let i = this.count++;
    const heap = this.heap;
    while (i > 0) {
      const parent = (i - 1) >> 2;
      const other = heap[parent] as number;
      // The newcomer has the highest sequence of all, so only an earlier time lets it pass.
      if ((this.at[other] as number) <= at) break;
      heap[i] = other;
      i = parent;
    }
    heap[i] = slot;
    return sequence * SLOT_RANGE + slot;
  }

  /** Forgets an entry; a ticket that has already surfaced is ignored. */
  cancel(ticket: Ticket): void {
    const slot = ticket % SLOT_RANGE;
    if (this.sequence[slot] === Math.floor(ticket / SLOT_RANGE)) this.items[slot] = undefined;
  }

  /** The time of the next entry, or Infinity. */
  peekTime(): Micros {
    this.dropCancelled();
    return this.count === 0 ? Infinity : compact(this.at[this.heap[0] as number] as number);
  }

  /** Takes the next entry, or undefined when nothing is left. */
  pop(): T | undefined {
    this.dropCancelled();
    if (this.count === 0) return undefined;
    return this.removeTop();
  }

  private dropCancelled(): void {
    while (this.count > 0 && this.items[this.heap[0] as number] === undefined) this.removeTop();
  }

  private removeTop(): T | undefined {
    const heap = this.heap;
    const slot = heap[0] as number;
    const item = this.items[slot];
    this.items[slot] = undefined;
    this.sequence[slot] = 0;
    this.free.push(slot);
    const size = --this.count;
    if (size > 0) {
      const moved = heap[size] as number;
      const at = this.at;
      const sequence = this.sequence;
      const movedAt = at[moved] as number;
      const movedSequence = sequence[moved] as number;
      let i = 0;
      for (;;) {
        const first = i * 4 + 1;
        if (first >= size) break;
        const last = Math.min(first + 4, size);
        let best = first;
        let bestSlot = heap[first] as number;
        for (let child = first + 1; child < last; child++) {
          const childSlot = heap[child] as number;
          const difference = (at[childSlot] as number) - (at[bestSlot] as number);
          if (
            difference < 0 ||
            (difference === 0 && (sequence[childSlot] as number) < (sequence[bestSlot] as number))
          ) {
            best = child;
            bestSlot = childSlot;
          }
        }
        const difference = (at[bestSlot] as number) - movedAt;
        if (difference > 0 || (difference === 0 && (sequence[bestSlot] as number) > movedSequence)) break;
        heap[i] = bestSlot;
        i = best;
      }
      heap[i] = moved;
    }
    return item;
  }

  private newSlot(): number {
    const slot = this.items.length;
    if (slot >= SLOT_RANGE) throw new AssertionFailed(`more than ${SLOT_RANGE} events are scheduled`);
    this.items.push(undefined);
    if (slot >= this.at.length) {
      const size = this.at.length * 2;
      this.heap = grown(this.heap, new Int32Array(size));
      this.at = grown(this.at, new Float64Array(size));
      this.sequence = grown(this.sequence, new Float64Array(size));
    }
    return slot;
  }
}

function grown<A extends Int32Array | Float64Array>(from: A, to: A): A {
  to.set(from);
  return to;
}
