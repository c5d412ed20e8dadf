/** What the newest messages are: an event names a message, and the picture shows its key and what became of it. */
import type { Micros } from '../../../sim/time.ts';
import type { MessageId } from '../../../sim/trace.ts';
import type { Table } from '../config.ts';
import type { Event } from './event.ts';

/** Messages that are remembered; those that lie in a queue the queue remembers itself. */
const MESSAGES_MAX = 8192;

export interface KnownMessage {
  readonly message: MessageId;
  readonly client: string;
  readonly key: string | null;
  readonly bytes: number;
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: Table | null;
  readonly priority: number;
  /** its own time to live; null, none. A dead letter has none any more. */
  expirationMs: number | null;
  /** Its publisher knows that it is safe, or wants no word of it. */
  confirmed: boolean;
  /** The life of its publisher in which an answer is awaited; −1, none is. */
  awaitedIn: number;
  /** Why it was last dead-lettered; null, never. */
  died: string | null;
  /** When it was published. */
  readonly at: Micros;
}

/** What the publisher's settings say of its messages, as the trace does not repeat it for each. */
export interface PublisherDefaults {
  readonly confirms: boolean;
  readonly priority: number;
  readonly expirationMs: number | null;
}

export class Messages {
  /** A ring. */
  private readonly known: (KnownMessage | undefined)[] = [];

  published(
    event: Event<'published'>,
    { confirms, priority, expirationMs }: PublisherDefaults,
  ): KnownMessage {
    const known: KnownMessage = {
      message: event.message,
      client: event.client,
      key: event.key,
      bytes: event.bytes,
      exchange: event.to,
      routingKey: event.routingKey ?? '',
      headers: (event.headers as Table | undefined) ?? null,
      priority,
      expirationMs,
      confirmed: !confirms,
      awaitedIn: -1,
      died: null,
      at: event.at,
    };
    this.known[event.message % MESSAGES_MAX] = known;
    return known;
  }

  get(message: MessageId | null): KnownMessage | undefined {
    if (message === null) return undefined;
    const known = this.known[message % MESSAGES_MAX];
    return known?.message === message ? known : undefined;
  }
}
