/** What a channel has been given and not settled: by delivery tag, in the order of the tags. */
import type { Micros } from '../../sim/time.ts';
import { AmqpError } from './amqp-error.ts';

export interface Unacked {
  readonly deliveryTag: number;
  readonly queue: string;
  /** The consumer's tag; null for what basic.get took. */
  readonly tag: string | null;
  readonly position: number;
  readonly at: Micros;
  /** its queue has taken it back, and takes no notice of what is said of it. */
  late?: boolean;
}

export class UnackedList {
  /** Lowest tag first from {@link first} on; null where it has been settled out of order. */
  private entries: (Unacked | null)[] = [];
  private first = 0;
  private count = 0;

  get size(): number {
    return this.count;
  }

  add(entry: Unacked): void {
    this.entries.push(entry);
    this.count++;
  }

  /** What a rollback gives back, among the others by tag. */
  restore(entries: readonly Unacked[]): void {
    this.entries = [...this.all(), ...entries].sort((a, b) => a.deliveryTag - b.deliveryTag);
    this.first = 0;
    this.count = this.entries.length;
  }

  /**
   * Takes what an answer settles, oldest first: one, or all up to the tag; tag 0 with `multiple` means all.
   * @throws AmqpError 406 for a tag that is not outstanding
   */
  collect(deliveryTag: number, multiple: boolean): Unacked[] {
    if (deliveryTag === 0 && multiple) return this.takeAll();
    const index = this.indexOf(deliveryTag);
    if (index < 0) throw new AmqpError(406, `unknown delivery tag ${deliveryTag}`);
    if (!multiple) {
      const entry = this.entries[index]!;
      this.remove(index);
      return [entry];
    }
    const taken: Unacked[] = [];
    for (let i = this.first; i <= index; i++) {
      const entry = this.entries[i];
      if (entry) taken.push(entry);
    }
    this.count -= taken.length;
    this.first = index + 1;
    this.tidy();
    return taken;
  }

  takeAll(): Unacked[] {
    const taken = this.all();
    this.entries = [];
    this.first = 0;
    this.count = 0;
    return taken;
  }

  /** The one that has waited longest, or null. */
  oldest(): Unacked | null {
    return this.entries[this.first] ?? null;
  }

  all(): Unacked[] {
    const all: Unacked[] = [];
    for (let i = this.first; i < this.entries.length; i++) {
      const entry = this.entries[i];
      if (entry) all.push(entry);
    }
    return all;
  }

  private indexOf(deliveryTag: number): number {
    const { entries } = this;
    // The first is the likeliest, and never null.
    if (entries[this.first]?.deliveryTag === deliveryTag) return this.first;
    let low = this.first;
    let high = entries.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      // A settled one has no tag any more: the next that has one decides.
      let at = middle;
      while (at <= high && entries[at] === null) at++;
      const tag = at <= high ? entries[at]!.deliveryTag : Infinity;
      if (tag === deliveryTag) return at;
      if (tag < deliveryTag) low = at + 1;
      else high = middle - 1;
    }
    return -1;
  }

  private remove(index: number): void {
    this.entries[index] = null;
    this.count--;
    while (this.first < this.entries.length && this.entries[this.first] === null) this.first++;
    this.tidy();
  }

  private tidy(): void {
    while (this.first < this.entries.length && this.entries[this.first] === null) this.first++;
    if (this.first < 256 || this.first * 2 < this.entries.length) return;
    this.entries = this.entries.slice(this.first);
    this.first = 0;
  }
}
