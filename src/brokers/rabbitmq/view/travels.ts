/** What is on the wire, or waits for a cut link to heal. */
import type { Micros } from '../../../sim/time.ts';
import type { MessageId } from '../../../sim/trace.ts';
import { TRAVELS_MAX, TRAVEL_MESSAGES_MAX, type Travel } from '../view-types.ts';
import type { Event } from './event.ts';
import type { Messages } from './messages.ts';

interface Sending {
  readonly from: string;
  readonly to: string;
  readonly what: string;
  readonly place: string | null;
  /** The event's own list, which nobody changes. */
  readonly messages: readonly MessageId[];
  readonly sentAt: Micros;
  readonly arrivesAt: Micros | null;
}

const NOBODY: ReadonlySet<MessageId> = new Set();

export class Travels {
  private sendings: Sending[] = [];
  /** Some of them wait for a link to heal. */
  private held = false;

  /** @param place the exchange or queue that it is drawn at */
  sent({ from, to, what, messages, at, arrivesAt }: Event<'sent'>, place: string | null): void {
    if (!messages || messages.length === 0) return;
    if (this.held) this.dropHeld(from, to, messages[0]!);
    if (arrivesAt === null) this.held = true;
    this.sendings.push({ from, to, what, place, messages: Object.freeze(messages), sentAt: at, arrivesAt });
    if (this.sendings.length < 2 * TRAVELS_MAX) return;
    this.sendings = this.sendings
      .filter((sending) => sending.arrivesAt === null || sending.arrivesAt > at)
      .slice(-TRAVELS_MAX);
  }

  drop(process: string): void {
    this.sendings = this.sendings.filter(({ from, to }) => from !== process && to !== process);
  }

  /** What is on its way to a client at a moment. */
  inFlight(now: Micros): (client: string) => ReadonlySet<MessageId> {
    const byClient = new Map<string, Set<MessageId>>();
    for (const { to, messages, arrivesAt } of this.sendings) {
      if (arrivesAt !== null && arrivesAt <= now) continue;
      let set = byClient.get(to);
      if (!set) byClient.set(to, (set = new Set()));
      for (const message of messages) set.add(message);
    }
    return (client) => byClient.get(client) ?? NOBODY;
  }

  view(now: Micros, messages: Messages, again: (client: string, message: MessageId) => boolean): Travel[] {
    return this.sendings
      .filter(({ arrivesAt }) => arrivesAt === null || arrivesAt > now)
      .slice(-TRAVELS_MAX)
      .map(({ from, to, what, place, messages: ids, sentAt, arrivesAt }) => ({
        from,
        to,
        what,
        place,
        messages: ids.slice(0, TRAVEL_MESSAGES_MAX).map((message) => ({
          message,
          key: messages.get(message)?.key ?? null,
          redelivered: again(to, message),
        })),
        count: ids.length,
        sentAt,
        arrivesAt,
      }));
  }

  /** What waited on a cut link goes on its way: it is drawn once. */
  private dropHeld(from: string, to: string, first: MessageId): void {
    this.sendings = this.sendings.filter(
      (sending) =>
        !(
          sending.arrivesAt === null &&
          sending.from === from &&
          sending.to === to &&
          sending.messages[0] === first
        ),
    );
    this.held = this.sendings.some(({ arrivesAt }) => arrivesAt === null);
  }
}
