/**
 * What every broker's every run must satisfy, read from the trace alone: the checkers know no model.
 *
 * A checker collects violations; an empty list is conformance. Which of them apply, the broker's promises say
 * (src/brokers/broker.ts). Determinism is not here: it needs two runs, and the suite compares them byte for byte.
 */
import type { TraceEvent } from '../sim/trace.ts';

export interface Violation {
  readonly seq: number;
  readonly text: string;
}

export interface Checker {
  readonly name: string;
  on(event: TraceEvent): void;
  /** @param atRest whether faults had healed and sources had ended early enough for the run to come to rest */
  violations(atRest: boolean): Violation[];
}

/**
 * Nothing comes from nowhere: what is appended was published, what is confirmed was appended where it was said to be,
 * what is delivered lies at that place and position, what is finished was delivered to that client.
 * Nothing goes nowhere: every message published is in the end confirmed, failed, returned, or (its client gone) open.
 */
export class Conservation implements Checker {
  readonly name = 'conservation';
  private found: Violation[] = [];
  private published = new Map<number, { client: string; seq: number; settled: boolean }>();
  private stored = new Map<string, number>();
  private given = new Set<string>();
  private gone = new Set<string>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'client-stopped':
        this.gone.add(event.client);
        break;
      case 'published':
        if (this.published.has(event.message))
          this.violated(event, `message ${event.message} is published twice`);
        this.published.set(event.message, { client: event.client, seq: event.seq, settled: false });
        break;
      case 'appended':
        if (!this.published.has(event.message))
          this.violated(event, `message ${event.message} was never published`);
        if (this.stored.has(`${event.place} ${event.position}`)) {
          this.violated(event, `position ${event.position} of ${event.place} is taken`);
        }
        this.stored.set(`${event.place} ${event.position}`, event.message);
        break;
      case 'publish-confirmed':
        this.settle(event, event.message);
        if (
          event.position !== null &&
          this.stored.get(`${event.place} ${event.position}`) !== event.message
        ) {
          this.violated(
            event,
            `message ${event.message} is confirmed at ${event.place} ${event.position} and not there`,
          );
        }
        break;
      case 'publish-failed':
      case 'returned':
        this.settle(event, event.message);
        break;
      case 'delivered':
        if (this.stored.get(`${event.place} ${event.position}`) !== event.message) {
          this.violated(
            event,
            `${event.client} is given message ${event.message}, which is not at ${event.place} ${event.position}`,
          );
        }
        this.given.add(`${event.client} ${event.message}`);
        break;
      case 'processed':
        if (!this.given.has(`${event.client} ${event.message}`)) {
          this.violated(event, `${event.client} finished message ${event.message}, which it was not given`);
        }
        break;
    }
  }

  violations(atRest: boolean): Violation[] {
    if (!atRest) return this.found;
    const open = [...this.published].filter(([, { settled, client }]) => !settled && !this.gone.has(client));
    return [
      ...this.found,
      ...open.map(([message, { client, seq }]) => ({
        seq,
        text: `${client} never learnt what became of message ${message}`,
      })),
    ];
  }

  private settle(event: TraceEvent, message: number): void {
    const published = this.published.get(message);
    if (!published) this.violated(event, `message ${message} was never published`);
    else if (published.settled) this.violated(event, `message ${message} is settled twice`);
    else published.settled = true;
  }

  private violated(event: TraceEvent, text: string): void {
    this.found.push({ seq: event.seq, text });
  }
}

/** First deliveries of one place to one group come in order of position. */
export class PlaceOrder implements Checker {
  readonly name = 'order of each place';
  private found: Violation[] = [];
  private furthest = new Map<string, number>();
  private seen = new Set<string>();

  on(event: TraceEvent): void {
    if (event.kind !== 'delivered') return;
    const id = `${event.group ?? event.client} ${event.place}`;
    if (this.seen.has(`${id} ${event.position}`)) return;
    this.seen.add(`${id} ${event.position}`);
    const furthest = this.furthest.get(id) ?? -1;
    if (event.position < furthest) {
      this.found.push({
        seq: event.seq,
        text: `${id} was given position ${event.position} for the first time after ${furthest}`,
      });
    }
    this.furthest.set(id, Math.max(furthest, event.position));
  }

  violations(): Violation[] {
    return this.found;
  }
}

/** Once everything is at rest, what was confirmed has been finished by every group that read its place from the start. */
export class AtLeastOnce implements Checker {
  readonly name = 'at least once';
  private confirmed = new Map<number, { seq: number; place: string; position: number }>();
  private finished = new Map<string, Set<number>>();
  private startedAt = new Map<string, number>();

  on(event: TraceEvent): void {
    if (event.kind === 'publish-confirmed' && event.position !== null) {
      this.confirmed.set(event.message, { seq: event.seq, place: event.place, position: event.position });
    } else if (event.kind === 'positioned') {
      const id = `${event.group ?? event.client} ${event.place}`;
      if (!this.startedAt.has(id)) this.startedAt.set(id, event.position);
    } else if (event.kind === 'processed') {
      const group = event.group ?? event.client;
      const finished = this.finished.get(group) ?? new Set<number>();
      this.finished.set(group, finished.add(event.message));
    }
  }

  violations(atRest: boolean): Violation[] {
    if (!atRest) return [];
    const groups = new Set([...this.startedAt.keys()].map((id) => id.slice(0, id.indexOf(' '))));
    return [...this.confirmed].flatMap(([message, { seq, place, position }]) =>
      [...groups]
        .filter((group) => position >= (this.startedAt.get(`${group} ${place}`) ?? 0))
        .filter((group) => !this.finished.get(group)?.has(message))
        .map((group) => ({ seq, text: `message ${message} was confirmed and never finished by ${group}` })),
    );
  }
}

/** The checkers that a broker with these promises must pass. */
export function checkersFor(promises: { orderedPlaces: boolean; atLeastOnce: boolean }): Checker[] {
  return [
    new Conservation(),
    ...(promises.orderedPlaces ? [new PlaceOrder()] : []),
    ...(promises.atLeastOnce ? [new AtLeastOnce()] : []),
  ];
}
