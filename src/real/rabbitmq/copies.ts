/**
 * Where a message is in its queue. RabbitMQ tells no client a position, and most claims need none but the order. So the
 * copies of messages that were seen in a queue are numbered here by the order in which they were published, which a channel
 * keeps: a queue that gives them out in another order, or gives one out twice, shows it in these numbers.
 *
 * When a dead letter came to its queue no client knows: it is numbered before the next copy that was given out after it.
 */
import type { Observed } from '../../sim/trace.ts';

/** Tells copies apart, by what a client sees of them: its message, how often that has died, and which publish it was. */
export class Copies {
  private numbers = new Map<string, number>();
  private published = new Map<number, number>();

  republished(message: number): void {
    this.published.set(message, (this.published.get(message) ?? 0) + 1);
  }

  /**
   * @param deaths how often it has been dead-lettered before it came here
   * @returns a number for the copy, the same each time it is given out; {@link numbered} makes its position of it
   */
  of(place: string, message: number, deaths: number, redelivered: boolean): number {
    for (let publish = 0; ; publish++) {
      const id = `${place} ${message} ${deaths} ${publish}`;
      const known = this.numbers.get(id);
      const isLast = publish >= (this.published.get(message) ?? 0);
      if (known !== undefined && (redelivered || isLast)) return known;
      if (known !== undefined) continue;
      const number = this.numbers.size;
      this.numbers.set(id, number);
      return number;
    }
  }
}

interface Copy {
  readonly number: number;
  /** When it was published; null for a dead letter. */
  readonly published: number | null;
}

/** The events with positions in the place of the numbers of {@link Copies}. */
export function numbered(observed: readonly Observed[]): Observed[] {
  const publishedAt = new Map<number, number>();
  const places = new Map<string, Copy[]>();
  observed.forEach((event, seq) => {
    if (event.kind === 'published') publishedAt.set(event.message, seq);
    if (event.kind !== 'delivered' || event.group === null) return;
    const copies = places.get(event.place) ?? [];
    places.set(event.place, copies);
    if (copies.some(({ number }) => number === event.position)) return;
    const isDead = event.headers?.['x-death'] !== undefined;
    copies.push({
      number: event.position,
      published: isDead ? null : (publishedAt.get(event.message) ?? null),
    });
  });
  const positions = new Map<string, number>();
  for (const [place, copies] of places)
    inOrder(copies).forEach(({ number }, position) => positions.set(`${place} ${number}`, position));
  return observed.map((event) => {
    if (event.kind !== 'delivered' && event.kind !== 'processed' && event.kind !== 'settled') return event;
    const position = positions.get(`${event.place} ${event.position}`);
    return position === undefined ? event : { ...event, position };
  });
}

/** @param copies in the order in which they were first given out */
function inOrder(copies: readonly Copy[]): Copy[] {
  const ordered = copies
    .filter(({ published }) => published !== null)
    .sort((a, b) => a.published! - b.published!);
  copies.forEach((copy, i) => {
    if (copy.published !== null) return;
    const later = new Set(copies.slice(i + 1));
    const before = ordered.findIndex((other) => other.published !== null && later.has(other));
    ordered.splice(before < 0 ? ordered.length : before, 0, copy);
  });
  return ordered;
}
