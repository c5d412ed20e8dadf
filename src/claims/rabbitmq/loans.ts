/**
 * What consumers have been given and not settled, as an observer of the clients sees it: a delivery is a loan until it is
 * acknowledged, rejected or returned; those of a consumer that is gone are orphans until they are given out again.
 */
import type { Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';

type Delivered = Extract<TraceEvent, { kind: 'delivered' }>;

export interface Loan {
  readonly delivery: Delivered;
  readonly client: string;
  readonly place: string;
  readonly position: number;
  readonly message: number;
  /** It was settled as it was sent: the broker has forgotten it. */
  readonly noAck: boolean;
  processed: boolean;
  settledAt: Micros | null;
}

export interface Gone {
  readonly at: Micros;
  readonly seq: number;
  readonly client: string;
  /** What it held: settled or not, finished or not. */
  readonly loans: readonly Loan[];
}

/** Follows loans; `gone` grows by one for each consumer that crashed or lost its channel. */
export class Loans {
  readonly gone: Gone[] = [];
  private held = new Map<string, Map<string, Loan>>();
  private noAck = new Set<string>();
  private began = new Map<string, Micros>();

  /** @returns the consumer that this event ended, if it ended one */
  on(event: TraceEvent): Gone | null {
    switch (event.kind) {
      case 'consuming-began':
        this.began.set(event.client, event.at);
        if (event.noAck) this.noAck.add(`${event.client} ${event.place}`);
        else this.noAck.delete(`${event.client} ${event.place}`);
        return null;
      case 'delivered': {
        const held = this.held.get(event.client) ?? new Map<string, Loan>();
        this.held.set(event.client, held);
        const { client, place, position, message } = event;
        held.set(`${place} ${position}`, {
          delivery: event,
          client,
          place,
          position,
          message,
          noAck: this.noAck.has(`${client} ${place}`),
          processed: false,
          settledAt: null,
        });
        return null;
      }
      case 'processed':
      case 'settled': {
        const held = this.held.get(event.client);
        const loan = held?.get(`${event.place} ${event.position}`);
        if (!held || !loan) return null;
        if (event.kind === 'processed') loan.processed = true;
        else loan.settledAt = event.at;
        // Over on both counts, nothing of it can come back and nothing is lost with it.
        if (loan.processed && (loan.noAck || loan.settledAt !== null))
          held.delete(`${event.place} ${event.position}`);
        return null;
      }
      case 'client-stopped':
        return this.ended(event, event.client);
      case 'disconnected':
        return this.ended(event, event.client);
      default:
        return null;
    }
  }

  /** When this client last began to consume; -1 if it never did. */
  consumingSince(client: string): Micros {
    return this.began.get(client) ?? -1;
  }

  /** What a client has at this moment. */
  of(client: string): Loan[] {
    return [...(this.held.get(client)?.values() ?? [])];
  }

  private ended({ at, seq }: TraceEvent, client: string): Gone | null {
    const loans = this.of(client);
    this.held.delete(client);
    if (loans.length === 0) return null;
    const gone: Gone = { at, seq, client, loans };
    this.gone.push(gone);
    return gone;
  }
}

export type Moment = Pick<TraceEvent, 'seq' | 'at'>;

/** How a claim's evidence names a message. */
export function named({ message, delivery }: Loan): string {
  return `message ${message}${delivery.key === null ? '' : ` (${delivery.key})`}`;
}

/** What crashed consumers had been given and not settled, each until it is given out again. */
export class Orphans {
  readonly loans = new Loans();
  readonly waiting = new Map<string, { loan: Loan; gone: Moment & { client: string } }>();
  /** Messages that came after it in its queue and have been given out since the crash, by queue. */
  private passed = new Map<string, Moment>();

  /** @returns the orphan that this event gives out again */
  on(event: TraceEvent): { loan: Loan; gone: Moment & { client: string } } | null {
    const gone = this.loans.on(event);
    if (gone) {
      for (const loan of gone.loans)
        if (!loan.noAck && loan.settledAt === null)
          this.waiting.set(`${loan.place} ${loan.position}`, { loan, gone });
    }
    if (event.kind !== 'delivered') return null;
    const id = `${event.place} ${event.position}`;
    const orphan = this.waiting.get(id);
    if (orphan) {
      this.waiting.delete(id);
      return orphan;
    }
    this.passed.set(event.place, event);
    return null;
  }

  /** An orphan that is still waiting though its queue has gone on since its consumer died; for the end of a run. */
  forgotten(): { loan: Loan; by: Moment } | null {
    for (const { loan, gone } of this.waiting.values()) {
      const by = this.passed.get(loan.place);
      if (by && by.at > gone.at) return { loan, by };
    }
    return null;
  }
}
