/**
 * What every run of a broker with queues must satisfy, read from the trace alone: what becomes of what a queue holds, and
 * how much of it a consumer has at once. Runs without queues satisfy both.
 */
import type { TraceEvent } from '../sim/trace.ts';
import type { Checker, Violation } from './checker.ts';

type Appended = Extract<TraceEvent, { kind: 'appended' }>;
type Fate = 'removed' | 'dropped' | 'dead-lettered';

interface Met {
  readonly fate: Fate;
  readonly node: string;
}

/**
 * What a queue stores has one end: it is removed (somebody settled it), dropped or dead-lettered, once, or it is still
 * there. Nothing meets an end that was not stored, and nothing is given out that has met its end. The next leader of a
 * replicated queue may tell again of an end that its predecessor told of, but not of another one.
 */
export class OneFate implements Checker {
  readonly name = 'one fate';
  private found: Violation[] = [];
  private stored = new Map<string, Set<number>>();
  private met = new Map<string, Map<number, Met>>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'places-created':
        if (event.holds === 'queue') {
          for (const place of event.places) {
            this.stored.set(place, new Set());
            this.met.set(place, new Map());
          }
        }
        break;
      case 'appended':
        this.stored.get(event.place)?.add(event.position);
        break;
      case 'removed':
        this.meet(event, event.position, event.kind);
        break;
      case 'dropped':
      case 'dead-lettered':
        // Without a position it never was in the queue.
        if (event.position !== undefined) this.meet(event, event.position, event.kind);
        break;
      case 'acquired': {
        const { place, position } = event;
        const stored = this.stored.get(place);
        if (!stored) break;
        const before = this.met.get(place)?.get(position);
        if (!stored.has(position))
          this.violated(event, `${place} gives out ${position}, which it does not hold`);
        else if (before) this.violated(event, `${place} gives out ${position}, which was ${before.fate}`);
        break;
      }
      case 'places-deleted':
        for (const place of event.places) {
          this.stored.delete(place);
          this.met.delete(place);
        }
        break;
    }
  }

  violations(): Violation[] {
    return this.found;
  }

  private meet(event: TraceEvent & { place: string; node: string }, position: number, fate: Fate): void {
    const { place, node } = event;
    const met = this.met.get(place);
    if (!met) return;
    const before = met.get(position);
    if (!this.stored.get(place)!.has(position))
      this.violated(event, `${position} of ${place} is ${fate} and was never stored`);
    else if (before && (before.fate !== fate || before.node === node))
      this.violated(event, `${position} of ${place} is ${fate}, and was ${before.fate} already`);
    if (!before) met.set(position, { fate, node });
  }

  private violated(event: TraceEvent, text: string): void {
    this.found.push({ seq: event.seq, text });
  }
}

interface Consumer {
  readonly tag: string;
  readonly prefetch: number | null;
}

/**
 * A consumer never has more unsettled deliveries than the prefetch with which it began to consume. Seen from the client: what
 * it was given and has not settled. One whose connection ends owes nothing any more.
 */
export class Prefetch implements Checker {
  readonly name = 'prefetch';
  private found: Violation[] = [];
  /** Per client and place, its consumers there: their prefetches add up. */
  private consumers = new Map<string, Map<string, Consumer[]>>();
  private held = new Map<string, Map<string, Set<number>>>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'consuming-began': {
        const { client, place, tag, prefetch } = event;
        const mine = this.of(this.consumers, client);
        const others = (mine.get(place) ?? []).filter((one) => one.tag !== tag);
        mine.set(place, [...others, { tag, prefetch }]);
        // What an earlier consumer left unsettled is not this one's.
        if (others.length === 0) this.of(this.held, client).set(place, new Set());
        break;
      }
      case 'consuming-ended': {
        const mine = this.of(this.consumers, event.client);
        const left = (mine.get(event.place) ?? []).filter(({ tag }) => tag !== event.tag);
        if (left.length > 0) mine.set(event.place, left);
        else mine.delete(event.place);
        break;
      }
      case 'client-started':
      case 'client-stopped':
      case 'disconnected':
        this.consumers.delete(event.client);
        this.held.delete(event.client);
        break;
      case 'delivered':
        this.delivered(event);
        break;
      case 'settled':
        if (event.outcome !== 'committed')
          this.held.get(event.client)?.get(event.place)?.delete(event.position);
        break;
    }
  }

  violations(): Violation[] {
    return this.found;
  }

  private delivered(event: Extract<TraceEvent, { kind: 'delivered' }>): void {
    const { client, place, position, seq } = event;
    const consumers = this.consumers.get(client)?.get(place);
    const held = this.held.get(client)?.get(place);
    if (!consumers || !held) return;
    held.add(position);
    let limit = 0;
    for (const { prefetch } of consumers) limit += prefetch ?? Infinity;
    if (held.size > limit)
      this.found.push({
        seq,
        text: `${client} has ${held.size} unsettled deliveries of ${place}, and a prefetch of ${limit}`,
      });
  }

  private of<T>(all: Map<string, Map<string, T>>, client: string): Map<string, T> {
    let mine = all.get(client);
    if (!mine) all.set(client, (mine = new Map<string, T>()));
    return mine;
  }
}

/** What queues still hold, and who consumes them. */
export class QueuesAtRest {
  private queues = new Map<string, Map<number, Appended>>();
  private confirmed = new Set<number>();
  /** Per client, the places that it consumes, by tag. */
  private consuming = new Map<string, Map<string, string>>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'places-created':
        if (event.holds === 'queue') for (const place of event.places) this.queues.set(place, new Map());
        break;
      case 'places-deleted':
        for (const place of event.places) this.queues.delete(place);
        break;
      case 'appended': {
        const held = this.queues.get(event.place);
        if ((held?.get(event.position)?.epoch ?? 0) <= event.epoch) held?.set(event.position, event);
        break;
      }
      case 'truncated':
        // Who led before may have written where the next leader's message has come and gone.
        for (const [position, { node, message }] of this.queues.get(event.place) ?? [])
          if (node === event.node && position >= event.position && event.messages.includes(message))
            this.queues.get(event.place)!.delete(position);
        break;
      case 'removed':
      case 'dropped':
      case 'dead-lettered':
        if (event.position !== undefined) this.queues.get(event.place)?.delete(event.position);
        break;
      case 'publish-confirmed':
        this.confirmed.add(event.message);
        break;
      case 'consuming-began': {
        const mine = this.consuming.get(event.client) ?? new Map<string, string>();
        this.consuming.set(event.client, mine.set(event.tag, event.place));
        break;
      }
      case 'consuming-ended':
        this.consuming.get(event.client)?.delete(event.tag);
        break;
      case 'client-stopped':
      case 'disconnected':
        this.consuming.delete(event.client);
        break;
    }
  }

  /** Confirmed messages in queues that somebody consumes. */
  left(): Violation[] {
    const consumed = new Set([...this.consuming.values()].flatMap((mine) => [...mine.values()]));
    return [...this.queues]
      .filter(([place]) => consumed.has(place))
      .flatMap(([place, held]) =>
        [...held.values()]
          .filter(({ message }) => this.confirmed.has(message))
          .map(({ message, seq }) => ({
            seq,
            text: `message ${message} was confirmed, and is left in ${place}, which is consumed`,
          })),
      );
  }
}
