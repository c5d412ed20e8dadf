/**
 * The figures of a run: counts, lag, latency, as one fold in bounded memory, for any broker.
 *
 * *Processed twice* counts the times a group's application finished a message that it had already finished; *lost* is
 * judged by the conformance checkers, which know when a run is over.
 */
import type { Micros } from '../sim/time.ts';
import type { TraceEvent } from '../sim/trace.ts';
import { Histogram } from './histogram.ts';
import { Seen } from './seen.ts';

export interface Metrics {
  readonly published: number;
  readonly confirmed: number;
  readonly failed: number;
  readonly delivered: number;
  readonly processed: number;
  /** Times a message was finished again by the same group, or by the consumers of the same queue. */
  readonly duplicates: number;
  /** Rebalances, or what corresponds to them: times that a group began to share its places out anew. */
  readonly rebalances: number;
  /**
   * Stored and not yet finished. A log's is summed over groups: of every place that was ever a group's, what lies at or
   * after the position at which it first began. A queue has one reader, which is itself: what is in it, given out or not.
   */
  readonly backlog: number;
  /** Times that a place sent a message on because its own readers were not to have it (again). */
  readonly deadLettered: number;
  /** Times that a message was let go, by a place or by a router, though nobody has settled it. */
  readonly dropped: number;
  /** Publish to first finish by any group, milliseconds; null before the first. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number } | null;
}

/** Published messages whose latency is still open; beyond it the oldest are no longer timed. */
const OPEN_MAX = 2 ** 17;

type Processed = Extract<TraceEvent, { kind: 'processed' }>;

/** A place as far as the backlog needs it. */
interface Place {
  /** One past the last message stored, and the first that has not expired. */
  end: number;
  start: number;
  readers: Map<string, Reader>;
  /** Positions that hold nothing to be read: control records, and what a cleaner took. */
  empty: Seen;
  /** Whether there are any. */
  gaps: boolean;
  /** What was aborted: nothing to be read for those who ask for committed messages only. */
  aborted: Seen;
}

/** What a group has to do with a place. */
interface Reader {
  /** Where it first began; 0 until that is known. */
  from: number;
  begun: boolean;
  committedOnly: boolean;
  finished: Seen;
}

/** What a queue holds, by its positions. */
interface Queue {
  stored: Seen;
  gone: Seen;
  length: number;
  /** Messages that consumers have finished. */
  finished: Seen;
}

function newPlace(): Place {
  return {
    end: 0,
    start: 0,
    readers: new Map(),
    empty: new Seen(),
    gaps: false,
    aborted: new Seen(),
  };
}

export class MetricsFold {
  private published = 0;
  private confirmed = 0;
  private failed = 0;
  private delivered = 0;
  private processed = 0;
  private duplicates = 0;
  private rebalances = 0;
  private backlog = 0;
  private deadLettered = 0;
  private dropped = 0;
  private readonly latencies = new Histogram();
  /** A ring by message number: when it was published, or -1 once its latency is known. It grows while it must. */
  private publishedAt = new Float64Array(1024).fill(-1);
  private publishedId = new Float64Array(1024).fill(-1);
  /** Per group, which messages were finished. */
  private finished = new Map<string, Seen>();
  private places = new Map<string, Place>();
  private queues = new Map<string, Queue>();
  private unstable = new Set<string>();
  /** Of each open transaction its messages, and of each of them where it lies, once it does. */
  private transactions = new Map<string, Map<number, { place: string; position: number } | null>>();
  private transactionOf = new Map<number, string>();
  /** Per client its transaction under way. */
  private openOf = new Map<string, string>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'published':
        this.published++;
        this.open(event.message, event.at);
        if (event.transaction !== undefined) this.openIn(event.transaction, event.message);
        break;
      case 'publish-confirmed':
        this.confirmed++;
        break;
      case 'publish-failed':
        this.failed++;
        break;
      case 'places-created':
        if (event.holds === 'queue')
          for (const place of event.places)
            this.queues.set(place, { stored: new Seen(), gone: new Seen(), length: 0, finished: new Seen() });
        break;
      case 'places-deleted':
        for (const place of event.places) {
          this.backlog -= this.queues.get(place)?.length ?? 0;
          this.queues.delete(place);
        }
        break;
      case 'removed':
        this.leave(event.place, event.position);
        break;
      case 'dead-lettered':
        this.deadLettered++;
        if (event.position !== undefined) this.leave(event.place, event.position);
        break;
      case 'dropped':
        this.dropped++;
        if (event.position !== undefined) this.leave(event.place, event.position);
        break;
      case 'appended': {
        if (this.enter(event.place, event.position)) break;
        const place = this.place(event.place);
        if (this.transactionOf.size > 0) this.lie(event.message, event.place, event.position);
        // A later leader may write anew what has been counted.
        if (event.position < place.end) break;
        place.end = event.position + 1;
        this.backlog += place.readers.size;
        break;
      }
      case 'marker-appended': {
        const place = this.place(event.place);
        if (event.position < place.end) break;
        place.end = event.position + 1;
        place.gaps = true;
        place.empty.add(event.position);
        break;
      }
      case 'compacted':
        this.empty(this.place(event.place), event.position);
        break;
      case 'archived': {
        const reader = this.reader(event.group, event.place);
        if (reader.finished.add(event.position) && event.position >= reader.from) this.backlog--;
        break;
      }
      case 'transaction-began':
        this.openOf.set(event.client, event.transaction);
        break;
      case 'transaction-ended':
        this.openOf.delete(event.client);
        this.close(event.transaction, event.outcome === 'aborted');
        break;
      case 'client-stopped': {
        // Nobody is left to commit what it had open.
        const transaction = this.openOf.get(event.client);
        this.openOf.delete(event.client);
        if (transaction !== undefined) this.close(transaction, true);
        break;
      }
      case 'expired':
        this.expire(this.place(event.place), event.position + 1);
        break;
      case 'assigned':
        for (const place of event.places) this.reader(event.group, place);
        break;
      case 'positioned': {
        const reader = this.reader(event.group ?? event.client, event.place);
        if (event.committedOnly) reader.committedOnly = true;
        if (!reader.begun) this.begin(reader, this.place(event.place), event.position);
        break;
      }
      case 'delivered':
        this.delivered++;
        break;
      case 'processed':
        if (!this.queues.has(event.place)) this.read(event.group ?? event.client, event);
        this.onProcessed(event);
        break;
      case 'group-state-changed':
        if (event.stable) this.unstable.delete(event.group);
        else if (!this.unstable.has(event.group)) {
          this.unstable.add(event.group);
          this.rebalances++;
        }
        break;
    }
  }

  metrics(): Metrics {
    const { latencies } = this;
    return {
      published: this.published,
      confirmed: this.confirmed,
      failed: this.failed,
      delivered: this.delivered,
      processed: this.processed,
      duplicates: this.duplicates,
      rebalances: this.rebalances,
      backlog: this.backlog,
      deadLettered: this.deadLettered,
      dropped: this.dropped,
      latencyMs:
        latencies.count === 0
          ? null
          : { p50: latencies.quantileMs(0.5), p99: latencies.quantileMs(0.99), max: latencies.max / 1000 },
    };
  }

  private open(message: number, at: Micros): void {
    let slot = message & (this.publishedAt.length - 1);
    while (this.publishedAt[slot] !== -1 && this.publishedAt.length < OPEN_MAX) {
      this.grow();
      slot = message & (this.publishedAt.length - 1);
    }
    this.publishedAt[slot] = at;
    this.publishedId[slot] = message;
  }

  private grow(): void {
    const { publishedAt, publishedId } = this;
    const size = publishedAt.length * 2;
    this.publishedAt = new Float64Array(size).fill(-1);
    this.publishedId = new Float64Array(size).fill(-1);
    for (let i = 0; i < publishedAt.length; i++) {
      const slot = (publishedId[i] as number) & (size - 1);
      if (publishedAt[i] === -1) continue;
      this.publishedAt[slot] = publishedAt[i] as number;
      this.publishedId[slot] = publishedId[i] as number;
    }
  }

  /** @returns whether it is a queue that a message came into */
  private enter(place: string, position: number): boolean {
    const queue = this.queues.get(place);
    if (!queue) return false;
    // Another leader of a replicated queue may tell of what its predecessor has told of already.
    if (queue.stored.add(position)) {
      queue.length++;
      this.backlog++;
    }
    return true;
  }

  private leave(place: string, position: number): void {
    const queue = this.queues.get(place);
    if (!queue?.stored.has(position) || !queue.gone.add(position)) return;
    queue.length--;
    this.backlog--;
  }

  private place(name: string): Place {
    let place = this.places.get(name);
    if (!place) this.places.set(name, (place = newPlace()));
    return place;
  }

  private reader(group: string, name: string): Reader {
    const place = this.place(name);
    let reader = place.readers.get(group);
    if (!reader) {
      reader = { from: place.start, begun: false, committedOnly: false, finished: new Seen() };
      place.readers.set(group, reader);
      this.backlog += this.between(place, place.start, place.end);
    }
    return reader;
  }

  /** What lies before its first position was never the group's to read. */
  private begin(reader: Reader, place: Place, position: number): void {
    reader.begun = true;
    this.backlog -= this.between(place, reader.from, Math.min(position, place.end));
    reader.from = Math.max(reader.from, position);
    if (!reader.committedOnly || !place.gaps) return;
    for (let at = reader.from; at < place.end; at++)
      if (place.aborted.has(at) && !reader.finished.has(at)) this.backlog--;
  }

  /** Messages between two positions. */
  private between(place: Place, from: number, to: number): number {
    if (!place.gaps) return Math.max(0, to - from);
    let count = 0;
    for (let at = from; at < to; at++) if (!place.empty.has(at)) count++;
    return count;
  }

  /** What lay there is nobody's to read any more. */
  private empty(place: Place, position: number): void {
    if (position < place.start || !place.empty.add(position)) return;
    place.gaps = true;
    for (const reader of place.readers.values())
      if (position >= reader.from && !reader.finished.has(position)) this.backlog--;
  }

  private openIn(transaction: string, message: number): void {
    const messages = this.transactions.get(transaction) ?? new Map<number, null>();
    messages.set(message, null);
    this.transactions.set(transaction, messages);
    this.transactionOf.set(message, transaction);
  }

  private lie(message: number, place: string, position: number): void {
    const transaction = this.transactionOf.get(message);
    if (transaction !== undefined) this.transactions.get(transaction)?.set(message, { place, position });
  }

  private close(transaction: string, aborted: boolean): void {
    for (const [message, where] of this.transactions.get(transaction) ?? []) {
      this.transactionOf.delete(message);
      if (!aborted || !where) continue;
      const place = this.place(where.place);
      place.gaps = true;
      place.aborted.add(where.position);
      for (const reader of place.readers.values()) {
        const owed = reader.committedOnly && where.position >= reader.from;
        if (owed && !reader.finished.has(where.position)) this.backlog--;
      }
    }
    this.transactions.delete(transaction);
  }

  private expire(place: Place, start: number): void {
    place.start = start;
    for (const reader of place.readers.values()) {
      for (; reader.from < Math.min(start, place.end); reader.from++) {
        const { from } = reader;
        const nothing = place.empty.has(from) || (reader.committedOnly && place.aborted.has(from));
        if (!nothing && !reader.finished.has(from)) this.backlog--;
      }
    }
  }

  /** A log's reader has finished what lies at a position. */
  private read(group: string, { place, position }: Processed): void {
    const reader = this.reader(group, place);
    const counted = !reader.committedOnly || !this.place(place).aborted.has(position);
    if (reader.finished.add(position) && position >= reader.from && counted) this.backlog--;
  }

  private finishedBy(reader: string): Seen {
    let finished = this.finished.get(reader);
    if (!finished) this.finished.set(reader, (finished = new Seen()));
    return finished;
  }

  private onProcessed({ client, group, message, place, at }: Processed): void {
    this.processed++;
    const done = this.queues.get(place)?.finished ?? this.finishedBy(group ?? client);
    if (!done.add(message)) {
      this.duplicates++;
      return;
    }
    const slot = message & (this.publishedAt.length - 1);
    const since = this.publishedAt[slot] as number;
    if (since === -1 || this.publishedId[slot] !== message) return;
    this.publishedAt[slot] = -1;
    this.latencies.add(at - since);
  }
}
