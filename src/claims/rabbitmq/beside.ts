/** Claims about queues that the chapter sets beside a log: what an acknowledgement ends, who is given what, what of order is left. */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';
import { Loans } from './loans.ts';

/** The queues there are; a stream is none of them, it is a log. */
class Queues {
  readonly since = new Map<string, Micros>();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created' && event.holds === 'queue')
      for (const place of event.places) this.since.set(place, event.at);
  }

  has(place: string): boolean {
    return this.since.has(place);
  }
}

/** */
class AckedIsGone implements ClaimFold {
  private ledger = new Ledger();
  private queues = new Queues();
  private acked = new Map<string, { client: string; at: Micros }>();

  on(event: TraceEvent): void {
    this.queues.on(event);
    if (event.kind === 'settled' && event.outcome === 'acked')
      this.acked.set(`${event.place} ${event.position}`, event);
    if ((event.kind !== 'removed' && event.kind !== 'delivered') || !this.queues.has(event.place)) return;
    const id = `${event.place} ${event.position}`;
    const acked = this.acked.get(id);
    if (!acked) return;
    if (event.kind === 'delivered')
      this.ledger.contradict(
        event,
        `message ${event.message}, which ${displayName(acked.client)} had acknowledged, is given to ${displayName(event.client)}`,
      );
    else
      this.ledger.confirm(
        event,
        () =>
          `message ${event.message} leaves ${event.place}: ${displayName(acked.client)} acknowledged it at ${formatSeconds(acked.at)}`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message that is acknowledged');
  }
}

/** A queue holds nothing of what was published before it was bound. */
class PastIsNotGiven implements ClaimFold {
  private ledger = new Ledger();
  private queues = new Queues();
  private published = new Map<number, Micros>();
  /** Per queue, how much had been published before it was there. */
  private before = new Map<string, number>();

  on(event: TraceEvent): void {
    this.queues.on(event);
    if (event.kind === 'published') this.published.set(event.message, event.at);
    if (event.kind === 'places-created')
      for (const place of event.places) this.before.set(place, this.published.size);
    if (event.kind !== 'delivered') return;
    const since = this.queues.since.get(event.place);
    const at = this.published.get(event.message);
    const missed = this.before.get(event.place) ?? 0;
    if (since === undefined || at === undefined || missed === 0) return;
    const who = displayName(event.client);
    if (at < since)
      this.ledger.contradict(
        event,
        `${who} is given message ${event.message}, published before ${event.place} was there`,
      );
    else
      this.ledger.confirm(
        event,
        () =>
          `${who} is given message ${event.message}; of the ${missed} from before ${formatSeconds(since)}, when ${event.place} was made, it gets none`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a queue that is made when messages have been published already');
  }
}

/** */
class OneConsumerEach implements ClaimFold {
  private ledger = new Ledger();
  private queues = new Queues();
  private consumers = new Map<string, Set<string>>();
  private owner = new Map<string, string>();

  on(event: TraceEvent): void {
    this.queues.on(event);
    switch (event.kind) {
      case 'consuming-began':
        this.of(event.place).add(event.client);
        break;
      case 'consuming-ended':
        this.of(event.place).delete(event.client);
        break;
      case 'client-stopped':
      case 'disconnected':
        for (const clients of this.consumers.values()) clients.delete(event.client);
        break;
      case 'delivered':
        this.given(event);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a queue with two consumers');
  }

  private given(event: Extract<TraceEvent, { kind: 'delivered' }>): void {
    const { place, client, message, redelivered } = event;
    if (!this.queues.has(place)) return;
    const id = `${place} ${event.position}`;
    const before = this.owner.get(id);
    this.owner.set(id, client);
    const who = displayName(client);
    if (before !== undefined && !redelivered)
      this.ledger.contradict(event, `message ${message} goes to ${who}, and went to ${displayName(before)}`);
    else if (before === undefined && this.of(place).size > 1)
      this.ledger.confirm(event, () => `message ${message} of ${place} goes to ${who} and to nobody else`);
  }

  private of(place: string): Set<string> {
    let clients = this.consumers.get(place);
    if (!clients) this.consumers.set(place, (clients = new Set()));
    return clients;
  }
}

/** While one consumer has a queue for itself and nothing is returned, the work is done in the queue's order. */
class OneConsumerInOrder implements ClaimFold {
  private ledger = new Ledger();
  private queues = new Queues();
  private consumers = new Map<string, Set<string>>();
  private furthest = new Map<string, number>();
  private returned = new Set<string>();

  on(event: TraceEvent): void {
    this.queues.on(event);
    switch (event.kind) {
      case 'consuming-began':
        this.of(event.place).add(event.client);
        break;
      case 'delivered':
        if (event.redelivered) this.returned.add(`${event.place} ${event.position}`);
        break;
      case 'processed':
        this.finished(event);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a queue with one consumer');
  }

  private finished(event: Extract<TraceEvent, { kind: 'processed' }>): void {
    const { place, position, client } = event;
    if (!this.queues.has(place) || this.of(place).size !== 1) return;
    const before = this.furthest.get(place);
    this.furthest.set(place, Math.max(before ?? -1, position));
    if (before === undefined || this.returned.has(`${place} ${position}`)) return;
    const text = `${displayName(client)}, alone on ${place}, finishes number ${position} after number ${before}`;
    if (position < before) this.ledger.contradict(event, text);
    else this.ledger.confirm(event, () => text);
  }

  private of(place: string): Set<string> {
    let clients = this.consumers.get(place);
    if (!clients) this.consumers.set(place, (clients = new Set()));
    return clients;
  }
}

/** Work that takes so long holds somebody up. */
const LONG: Micros = 3_000_000;

/** While one consumer is busy with a message for long, others finish what came after it. */
class SlowMessagePassed implements ClaimFold {
  private ledger = new Ledger();
  private queues = new Queues();
  private loans = new Loans();
  private consumers = new Map<string, Set<string>>();
  private told = new Set<string>();
  /** Published and queued, and not given to anybody yet: since when, by place and position. */
  private waiting = new Map<string, { place: string; since: Micros }>();
  private idle = new Map<string, Micros>();

  on(event: TraceEvent): void {
    this.queues.on(event);
    this.loans.on(event);
    switch (event.kind) {
      case 'consuming-began': {
        const clients = this.consumers.get(event.place) ?? new Set();
        this.consumers.set(event.place, clients.add(event.client));
        this.idle.set(event.client, event.at);
        break;
      }
      case 'client-stopped':
      case 'disconnected':
        for (const clients of this.consumers.values()) clients.delete(event.client);
        this.idle.delete(event.client);
        break;
      case 'appended':
        if (this.queues.has(event.place))
          this.waiting.set(`${event.place} ${event.position}`, { place: event.place, since: event.at });
        break;
      case 'delivered':
        this.waiting.delete(`${event.place} ${event.position}`);
        this.idle.delete(event.client);
        break;
      case 'processed':
        this.finished(event);
        break;
      case 'settled':
        if (this.loans.of(event.client).length === 0) this.idle.set(event.client, event.at);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message that takes long, and another consumer of the same queue');
  }

  private finished(event: Extract<TraceEvent, { kind: 'processed' }>): void {
    const { place, position, client, at } = event;
    if (!this.queues.has(place)) return;
    for (const other of this.consumers.get(place) ?? []) {
      if (other === client) continue;
      const slow = this.loans
        .of(other)
        .find((loan) => loan.place === place && loan.position < position && !loan.processed);
      if (!slow || at - slow.delivery.at < LONG) continue;
      this.ledger.confirm(
        event,
        () =>
          `${displayName(client)} finishes number ${position}, while ${displayName(other)} has been busy with number ${slow.position} since ${formatSeconds(slow.delivery.at)}`,
      );
    }
    this.passedOver(event);
  }

  /** Somebody was free for long, and yet a message lay there. */
  private passedOver(event: Extract<TraceEvent, { kind: 'processed' }>): void {
    for (const [id, { place, since }] of this.waiting) {
      if (place !== event.place || this.told.has(id)) continue;
      for (const other of this.consumers.get(place) ?? []) {
        const free = this.idle.get(other);
        if (free === undefined || event.at - Math.max(free, since) < LONG) continue;
        this.told.add(id);
        this.ledger.contradict(
          event,
          `a message has waited in ${place} since ${formatSeconds(since)}, though ${displayName(other)} is free`,
        );
      }
    }
  }
}

const base = { broker: 'rabbitmq' } as const;

export const besideClaims: readonly Claim[] = [
  {
    ...base,
    id: 'rabbitmq.acked-is-gone',
    statement: 'What has been acknowledged leaves its queue, and nobody is given it again',
    rules: ['R-48'],
    observable: false,
    scenarios: ['beside-lifecycle-rabbitmq'],
    judge: () => new AckedIsGone(),
  },
  {
    ...base,
    id: 'rabbitmq.past-is-not-given',
    statement: 'A queue that is made later is given nothing of what came before it',
    rules: ['R-13', 'R-49'],
    observable: true,
    scenarios: ['beside-replay-rabbitmq', 'beside-use-rabbitmq'],
    judge: () => new PastIsNotGiven(),
  },
  {
    ...base,
    id: 'rabbitmq.one-consumer-each',
    statement: 'The consumers of a queue compete: each message goes to one of them',
    rules: ['R-37'],
    observable: true,
    scenarios: ['beside-consumers-rabbitmq', 'rabbitmq-prefetch'],
    judge: () => new OneConsumerEach(),
  },
  {
    ...base,
    id: 'rabbitmq.one-consumer-in-order',
    statement: 'A queue with one consumer is worked off in order',
    rules: ['R-37'],
    observable: true,
    scenarios: ['beside-ordering-rabbitmq', 'rabbitmq-exchange-types'],
    judge: () => new OneConsumerInOrder(),
  },
  {
    ...base,
    id: 'rabbitmq.slow-message-passed',
    statement: 'Behind a message that takes long nothing waits while another consumer is free',
    rules: ['R-37', 'R-41'],
    observable: false,
    scenarios: ['beside-use-rabbitmq', 'beside-share-group-rabbitmq'],
    judge: () => new SlowMessagePassed(),
  },
];
