/** Consumers and what they have: in the order in which it was given to them. */
import { displayName } from '../../../sim/names.ts';
import type { Micros } from '../../../sim/time.ts';
import type { MessageId } from '../../../sim/trace.ts';
import {
  CONSUMERS_MAX,
  HELD_MAX,
  PEERS_MAX,
  type ConsumerView,
  type Fate,
  type HeldView,
} from '../view-types.ts';
import type { Cell } from './line.ts';
import { Rate } from './rate.ts';

/** A message that was given out. */
export interface Entry {
  readonly client: string;
  readonly queue: string;
  readonly cell: Cell;
  /** Not settled, by the word of the broker. */
  owed: boolean;
  /** The trace told of the broker's side of it: it stays owed until the broker says otherwise. */
  readonly told: boolean;
  delivered: boolean;
  processed: boolean;
  settled: boolean;
  /** The connection that it was given to is gone: the broker waits, or has not noticed. */
  orphaned: boolean;
  /** Nobody has it any more. */
  gone: boolean;
}

export interface Subscribed {
  readonly queue: string;
  readonly tag: string;
  active: boolean;
  offset: number | null;
}

export class ConsumerState {
  readonly id: string;
  readonly label: string;
  state: ConsumerView['state'] = 'waiting';
  before: ConsumerView['state'] = 'waiting';
  since: Micros = 0;
  node: string | null = null;
  readonly queues: string[] = [];
  readonly subscriptions: Subscribed[] = [];
  prefetch: number | null = null;
  autoAck = false;
  private entries: Entry[] = [];
  private first = 0;
  private live = 0;
  /** Owed beyond what is remembered. */
  beyond = 0;
  private owed = 0;
  private orphans = 0;
  private working: Entry | null = null;
  private done = 0;
  private acked = 0;
  private rejected = 0;
  private again = 0;
  private lost = 0;
  private wreck: Fate[] = [];
  private readonly rate = new Rate();

  constructor(id: string, label: string) {
    this.id = id;
    this.label = label;
  }

  knows(queue: string): void {
    if (this.queues.length < PEERS_MAX && !this.queues.includes(queue)) this.queues.push(queue);
  }

  take(queue: string, cell: Cell, told: boolean, owed: boolean): Entry {
    const entry: Entry = {
      client: this.id,
      queue,
      cell,
      owed,
      told,
      delivered: false,
      processed: false,
      settled: false,
      orphaned: false,
      gone: false,
    };
    this.entries.push(entry);
    this.live++;
    if (owed) this.owed++;
    return entry;
  }

  find(queue: string, position: number): Entry | undefined {
    for (let i = this.first; i < this.entries.length; i++) {
      const entry = this.entries[i]!;
      if (!entry.gone && entry.cell.position === position && entry.queue === queue) return entry;
    }
    return undefined;
  }

  /** The queue that a message which it has came from: the one it was given last is the likeliest. */
  queueOf(message: MessageId): string | null {
    for (let i = this.entries.length - 1; i >= this.first; i--) {
      const entry = this.entries[i]!;
      if (!entry.gone && entry.cell.message === message) return entry.queue;
    }
    return this.subscriptions[0]?.queue ?? null;
  }

  /** Whether it has a message that came back before. */
  hasAgain(message: MessageId): boolean {
    for (let i = this.entries.length - 1; i >= this.first; i--) {
      const entry = this.entries[i]!;
      if (!entry.gone && entry.cell.message === message) return entry.cell.redelivered;
    }
    return false;
  }

  deliver(entry: Entry, redelivered: boolean): void {
    entry.delivered = true;
    if (redelivered) this.again++;
    this.working ??= entry;
  }

  process(entry: Entry | undefined, at: Micros): void {
    this.done++;
    this.rate.count(at);
    if (!entry) return;
    entry.processed = true;
    if (this.working === entry) this.working = this.nextDelivered();
    if (!entry.owed) this.drop(entry);
  }

  settle(entry: Entry | undefined, outcome: 'acked' | 'nacked' | 'rejected' | 'committed'): void {
    if (outcome === 'acked') this.acked++;
    else this.rejected++;
    if (!entry) return;
    entry.settled = true;
    // Whoever gives a message back unfinished works on it no longer.
    if (outcome !== 'acked' && this.working === entry) {
      entry.processed = true;
      this.working = this.nextDelivered();
    }
    if (!entry.told) this.release(entry, true);
  }

  /** The broker counts it as owed no longer. @param keep whether its application may still be at it */
  release(entry: Entry, keep: boolean): void {
    if (entry.owed) {
      entry.owed = false;
      if (entry.orphaned) this.orphans--;
      else this.owed--;
    }
    if (!keep || entry.processed || this.state === 'crashed' || this.state === 'closed') this.drop(entry);
  }

  /** Its connection is gone: what it has of it can be settled no more. */
  disconnect(): void {
    this.node = null;
    for (let i = this.first; i < this.entries.length; i++) {
      const entry = this.entries[i]!;
      if (!entry.gone && entry.owed) this.orphan(entry);
    }
  }

  /** A process of its own begins, with nothing in it. */
  start(): void {
    this.wreck = [];
  }

  /** Its process ended: what nobody owes and nobody has finished is lost. */
  stop(at: Micros): void {
    this.working = null;
    this.subscriptions.length = 0;
    for (let i = this.first; i < this.entries.length; i++) {
      const entry = this.entries[i]!;
      if (entry.gone) continue;
      if (entry.owed) {
        this.orphan(entry);
        continue;
      }
      if (!entry.processed) {
        this.lost++;
        const { message, key } = entry.cell;
        if (this.wreck.length < HELD_MAX)
          this.wreck.push({
            at,
            message,
            key,
            what: 'dropped',
            reason: 'acknowledged, not finished',
            to: null,
          });
      }
      this.drop(entry);
    }
  }

  view(now: Micros, inFlight: ReadonlySet<MessageId>): ConsumerView {
    const held: HeldView[] = [];
    for (const orphaned of [false, true])
      for (let i = this.first; i < this.entries.length && held.length < HELD_MAX; i++) {
        const entry = this.entries[i]!;
        if (!entry.gone && entry.orphaned === orphaned) held.push(this.heldView(entry, inFlight));
      }
    return {
      id: this.id,
      label: this.label,
      state: this.state,
      since: this.since,
      node: this.node,
      queues: [...this.queues],
      subscriptions: this.subscriptions.map((subscription) => ({ ...subscription })),
      prefetch: this.prefetch,
      autoAck: this.autoAck,
      unacked: this.owed + this.beyond,
      orphaned: this.orphans,
      held,
      holding: this.live + this.beyond,
      current: this.working && this.heldView(this.working, inFlight),
      processed: this.done,
      acked: this.acked,
      rejected: this.rejected,
      again: this.again,
      lost: this.lost,
      wreck: [...this.wreck],
      rate: this.rate.perSecond(now),
    };
  }

  private heldView(entry: Entry, inFlight: ReadonlySet<MessageId>): HeldView {
    const { message, key, position, redelivered, returns } = entry.cell;
    return {
      queue: entry.queue,
      position,
      message,
      key,
      redelivered,
      returns,
      at: this.whereIs(entry, message, inFlight),
      owed: entry.owed,
    };
  }

  private whereIs(entry: Entry, message: MessageId | null, inFlight: ReadonlySet<MessageId>): HeldView['at'] {
    if (entry.orphaned) return 'orphaned';
    if (entry === this.working) return 'work';
    if (entry.settled) return 'settled';
    if (entry.processed) return 'done';
    return !entry.delivered && message !== null && inFlight.has(message) ? 'wire' : 'library';
  }

  private orphan(entry: Entry): void {
    if (entry.orphaned) return;
    entry.orphaned = true;
    this.owed--;
    this.orphans++;
  }

  private drop(entry: Entry): void {
    if (entry.gone) return;
    entry.gone = true;
    this.live--;
    if (this.working === entry) this.working = this.nextDelivered();
    while (this.first < this.entries.length && this.entries[this.first]!.gone) this.first++;
    if (this.first > 64 && this.first * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.first);
      this.first = 0;
    }
  }

  private nextDelivered(): Entry | null {
    for (let i = this.first; i < this.entries.length; i++) {
      const entry = this.entries[i]!;
      if (!entry.gone && entry.delivered && !entry.processed) return entry;
      // The library gives them out in order.
      if (!entry.gone && !entry.delivered) return null;
    }
    return null;
  }
}

export class Consumers {
  private readonly consumers = new Map<string, ConsumerState>();

  add(id: string, label = displayName(id)): ConsumerState {
    let consumer = this.consumers.get(id);
    if (!consumer) this.consumers.set(id, (consumer = new ConsumerState(id, label)));
    return consumer;
  }

  get(id: string): ConsumerState | undefined {
    return this.consumers.get(id);
  }

  get count(): number {
    return this.consumers.size;
  }

  all(): Iterable<ConsumerState> {
    return this.consumers.values();
  }

  view(now: Micros, inFlight: (client: string) => ReadonlySet<MessageId>): ConsumerView[] {
    const views: ConsumerView[] = [];
    for (const consumer of this.consumers.values()) {
      if (views.length >= CONSUMERS_MAX) break;
      views.push(consumer.view(now, inFlight(consumer.id)));
    }
    return views;
  }
}
