/** What the newest messages were when they were published: an event names a message, and the picture shows its key. */
import type { Micros } from '../../../sim/time.ts';
import type { Event } from './event.ts';
import type { MessageId } from '../../../sim/trace.ts';

/** Messages that are remembered. */
const MESSAGES_MAX = 8192;

/** It is written over when the message is forgotten: nobody may keep it. */
export interface KnownMessage {
  message: MessageId;
  client: string;
  key: string | null;
  /** Undefined where the run gives it no content; null for a tombstone. */
  value: string | null | undefined;
  bytes: number;
  /** By the name that `transaction-began` gave. */
  transaction: string | null;
  publishedAt: Micros;
  place: string | null;
  position: number;
}

export class Messages {
  /** A ring. */
  private readonly known: (KnownMessage | undefined)[] = [];

  published({ client, message, key, value, bytes, transaction, at }: Event<'published'>): void {
    const known = this.known[message % MESSAGES_MAX];
    if (!known) {
      this.known[message % MESSAGES_MAX] = {
        message,
        client,
        key,
        value,
        bytes,
        transaction: transaction ?? null,
        publishedAt: at,
        place: null,
        position: -1,
      };
      return;
    }
    known.message = message;
    known.client = client;
    known.key = key;
    known.value = value;
    known.bytes = bytes;
    known.transaction = transaction ?? null;
    known.publishedAt = at;
    known.place = null;
    known.position = -1;
  }

  get(message: MessageId): KnownMessage | undefined {
    const known = this.known[message % MESSAGES_MAX];
    return known?.message === message ? known : undefined;
  }
}
