/** What lies where in a run: the logs and queues of any broker, what they hold now and held at most. */
import { Numbered } from '../../sim/numbered.ts';
import type { MessageId, TraceEvent } from '../../sim/trace.ts';
import { Log } from './log.ts';

/** @property node who wrote it */
interface Entry {
  readonly message: MessageId;
  readonly bytes: number;
  readonly node: string;
}

/** What a queue holds, by position; a message may be in it more than once. */
class Queue {
  bytes = 0;
  private readonly content = new Numbered<Entry>();
  private readonly copies = new Numbered<number>();

  get messages(): number {
    return this.content.size;
  }

  /** What another leader had written at this position is no longer there. */
  add(position: number, message: MessageId, bytes: number, node: string): void {
    this.remove(position);
    this.content.set(position, { message, bytes, node });
    this.copies.set(message, (this.copies.get(message) ?? 0) + 1);
    this.bytes += bytes;
  }

  remove(position: number): void {
    const gone = this.content.get(position);
    if (!gone) return;
    this.content.delete(position);
    this.bytes -= gone.bytes;
    const left = this.copies.get(gone.message)! - 1;
    if (left === 0) this.copies.delete(gone.message);
    else this.copies.set(gone.message, left);
  }

  /** A leader that was takes back what it wrote from this position on. */
  truncated(node: string, position: number): void {
    const back: number[] = [];
    this.content.forEach((entry, at) => {
      if (at >= position && entry.node === node) back.push(at);
    });
    for (const at of back) this.remove(at);
  }

  has(message: MessageId): boolean {
    return this.copies.has(message);
  }
}

export interface Place {
  readonly name: string;
  /** Exactly one of the two is there. */
  readonly log: Log | null;
  readonly queue: Queue | null;
  /** How many nodes are to have it. */
  readonly copies: number;
}

/** What is stored: each place counted once, and all nodes' copies together. */
export interface Stored {
  readonly messages: number;
  readonly bytes: number;
  readonly bytesOnAllNodes: number;
}

/** What changes a log beyond appends: most events do not, and are told by a look. */
const CHANGES_LOGS: ReadonlySet<TraceEvent['kind']> = new Set<TraceEvent['kind']>([
  'marker-appended',
  'replicated',
  'segment-rolled',
  'truncated',
  'leader-elected',
  'expired',
  'compacted',
]);

export class Places {
  private places = new Map<string, Place>();
  private peakMessages = 0;
  private peakBytes = 0;
  private peakOnAllNodes = 0;
  private now = { messages: 0, bytes: 0, bytesOnAllNodes: 0 };

  get(name: string): Place | undefined {
    return this.places.get(name);
  }

  all(): Iterable<Place> {
    return this.places.values();
  }

  stored(): Stored {
    return { ...this.now };
  }

  /** The most of each that there was at any moment. */
  most(): Stored {
    return {
      messages: this.peakMessages,
      bytes: this.peakBytes,
      bytesOnAllNodes: this.peakOnAllNodes,
    };
  }

  /** How many messages somebody new would be given who asks for everything there is: logs keep them, queues do not. */
  replayable(): number {
    let sum = 0;
    for (const { log } of this.places.values()) sum += log?.messages ?? 0;
    return sum;
  }

  created(event: Extract<TraceEvent, { kind: 'places-created' }>): void {
    event.places.forEach((name, i) => {
      const copies = event.replicas?.[i]?.length ?? 1;
      if (!this.places.has(name)) this.make(name, event.holds ?? 'log', copies);
    });
  }

  deleted(names: readonly string[]): void {
    for (const name of names) {
      const place = this.places.get(name);
      if (!place) continue;
      this.count(place, () => this.places.delete(name), true);
    }
  }

  /** @param bytes of the message */
  appended(event: Extract<TraceEvent, { kind: 'appended' }>, bytes: number): Place {
    const place = this.places.get(event.place) ?? this.make(event.place, 'log', 1);
    // Not by `count`, which costs a function for each message.
    const content = (place.log ?? place.queue)!;
    const before = content.messages;
    const bytesBefore = content.bytes;
    if (place.log) place.log.appended(event.node, event.position, event.epoch, bytes);
    else place.queue!.add(event.position, event.message, bytes, event.node);
    const { now } = this;
    now.messages += content.messages - before;
    now.bytes += content.bytes - bytesBefore;
    now.bytesOnAllNodes += (content.bytes - bytesBefore) * place.copies;
    if (now.messages > this.peakMessages) this.peakMessages = now.messages;
    if (now.bytes > this.peakBytes) this.peakBytes = now.bytes;
    if (now.bytesOnAllNodes > this.peakOnAllNodes) this.peakOnAllNodes = now.bytesOnAllNodes;
    return place;
  }

  /** A queue holds one message less. */
  left(name: string, position: number | undefined): void {
    const place = this.places.get(name);
    if (!place?.queue || position === undefined) return;
    // Not by `count`, as above.
    const { messages, bytes } = place.queue;
    place.queue.remove(position);
    this.now.messages += place.queue.messages - messages;
    this.now.bytes += place.queue.bytes - bytes;
    this.now.bytesOnAllNodes += (place.queue.bytes - bytes) * place.copies;
  }

  /** What happens to a log, and to a queue that is replicated, beyond appends. */
  on(event: TraceEvent): void {
    if (!CHANGES_LOGS.has(event.kind) || !('place' in event) || event.place === null) return;
    const place = this.places.get(event.place);
    if (!place) return;
    const { log, queue } = place;
    if (queue && event.kind === 'truncated')
      this.count(place, () => queue.truncated(event.node, event.position));
    if (!log) return;
    switch (event.kind) {
      case 'marker-appended':
        log.marked(event.node, event.position);
        break;
      case 'replicated':
        log.replicated(event.node, event.position);
        break;
      case 'segment-rolled':
        log.rolled(event.position);
        break;
      case 'truncated':
        this.count(place, () => log.truncated(event.node, event.position));
        break;
      case 'leader-elected':
        this.count(place, () => log.led(event.node));
        break;
      case 'expired':
        this.count(place, () => log.expired(event.node, event.position + 1));
        break;
      case 'compacted':
        this.count(place, () => log.compacted(event.node, event.position));
        break;
    }
  }

  private make(name: string, holds: 'log' | 'queue', copies: number): Place {
    const place: Place = {
      name,
      log: holds === 'log' ? new Log() : null,
      queue: holds === 'queue' ? new Queue() : null,
      copies,
    };
    this.places.set(name, place);
    return place;
  }

  /** Changes a place and keeps the sums. @param gone whether the place itself goes */
  private count(place: Place, change: () => void, gone = false): void {
    const content = (place.log ?? place.queue)!;
    const { messages, bytes } = content;
    change();
    const now = gone ? { messages: 0, bytes: 0 } : content;
    this.now.messages += now.messages - messages;
    this.now.bytes += now.bytes - bytes;
    this.now.bytesOnAllNodes += (now.bytes - bytes) * place.copies;
  }
}
