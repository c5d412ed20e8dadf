/** What the newest messages are: an event names a message, and the picture shows its key and what became of it. */
import type { Micros } from '../../../sim/time.ts';
import type { MessageId } from '../../../sim/trace.ts';
import type { Table } from '../config.ts';
import type { Event } from './event.ts';

/** Messages that are remembered; those that lie in a queue the queue remembers itself. */
const MESSAGES_MAX = 8192;

/** It is written over when the message is forgotten and safe: whoever keeps it asks whether it is still of that message. */
export interface KnownMessage {
  message: MessageId;
  client: string;
  key: string | null;
  bytes: number;
  exchange: string;
  routingKey: string;
  headers: Table | null;
  priority: number;
  /** its own time to live; null, none. A dead letter has none any more. */
  expirationMs: number | null;
  /** Its publisher knows that it is safe, or wants no word of it. */
  confirmed: boolean;
  /** The life of its publisher in which an answer is awaited; −1, none is. */
  awaitedIn: number;
  /** Why it was last dead-lettered; null, never. */
  died: string | null;
  /** When it was published. */
  at: Micros;
}

/** Whether its publisher knows that a message is safe, or waits for no word. What is not known of it was safe when it was forgotten. */
export function isSafe(known: KnownMessage | null, message: MessageId | null): boolean {
  return known === null || known.message !== message || known.confirmed;
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
    const old = this.known[event.message % MESSAGES_MAX];
    const headers = (event.headers as Table | undefined) ?? null;
    if (!old?.confirmed) {
      const known: KnownMessage = {
        message: event.message,
        client: event.client,
        key: event.key,
        bytes: event.bytes,
        exchange: event.to,
        routingKey: event.routingKey ?? '',
        headers,
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
    old.message = event.message;
    old.client = event.client;
    old.key = event.key;
    old.bytes = event.bytes;
    old.exchange = event.to;
    old.routingKey = event.routingKey ?? '';
    old.headers = headers;
    old.priority = priority;
    old.expirationMs = expirationMs;
    old.confirmed = !confirms;
    old.awaitedIn = -1;
    old.died = null;
    old.at = event.at;
    return old;
  }

  get(message: MessageId | null): KnownMessage | undefined {
    if (message === null) return undefined;
    const known = this.known[message % MESSAGES_MAX];
    return known?.message === message ? known : undefined;
  }
}
