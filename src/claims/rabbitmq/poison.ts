/** Claims about messages that cannot be processed: returns, the delivery limit, dead letters and their cycles, expiry. */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, fromMs, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

/** The queues of a run: their types and arguments. */
class Declared {
  private types = new Map<string, string>();
  private arguments = new Map<string, Readonly<Record<string, unknown>>>();

  on(event: TraceEvent): void {
    if (event.kind !== 'places-created' || event.holds !== 'queue') return;
    this.types.set(event.name, event.type ?? '');
    this.arguments.set(event.name, event.arguments ?? {});
  }

  isClassic(queue: string): boolean {
    return this.types.get(queue) === 'classic';
  }

  /** only a quorum queue has one. */
  limitOf(queue: string): number | null {
    const limit = this.argument(queue, 'x-delivery-limit');
    return this.types.get(queue) === 'quorum' && typeof limit === 'number' ? limit : null;
  }

  argument(queue: string, name: string): unknown {
    return this.arguments.get(queue)?.[name];
  }
}

/** How often a message is delivered before the claim speaks of spinning. */
const SPINS = 5;

/** What is returned to a classic queue is its head again, and is delivered again before anything behind it. */
class RequeueSpins implements ClaimFold {
  private ledger = new Ledger();
  private declared = new Declared();
  private deliveries = new Map<string, number>();
  /** Per queue, what was returned last and has not been delivered since. */
  private returned = new Map<string, number>();
  private passed = new Set<string>();

  on(event: TraceEvent): void {
    this.declared.on(event);
    // A queue with a dead-letter exchange takes a rejection for something else.
    if (
      event.kind === 'settled' &&
      event.outcome !== 'acked' &&
      this.declared.isClassic(event.place) &&
      this.declared.argument(event.place, 'x-dead-letter-exchange') === undefined
    )
      this.returned.set(event.place, event.position);
    if (event.kind !== 'delivered') return;
    const id = `${event.place} ${event.position}`;
    const count = (this.deliveries.get(id) ?? 0) + 1;
    this.deliveries.set(id, count);
    if (this.passed.has(id))
      this.ledger.contradict(
        event,
        `message ${event.message} was returned, and another was delivered before it`,
      );
    const returned = this.returned.get(event.place);
    this.returned.delete(event.place);
    if (returned === undefined) return;
    if (returned !== event.position) this.passed.add(`${event.place} ${returned}`);
    else if (count >= SPINS)
      this.ledger.confirm(
        event,
        () => `message ${event.message} is delivered for the ${count}th time; what is behind it waits`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message that is returned to a classic queue again and again');
  }
}

/** What has happened to each message in the queues that count: how often it was given out, and how it came back. */
class Attempts {
  private deliveries = new Map<string, number>();
  private returns = new Map<string, { counted: number; nacked: number }>();
  private places = new Map<string, number>();

  on(event: TraceEvent): void {
    if (event.kind === 'delivered') {
      const id = `${event.place} ${event.position}`;
      this.deliveries.set(id, (this.deliveries.get(id) ?? 0) + 1);
    }
    if (event.kind === 'settled' && (event.outcome === 'nacked' || event.outcome === 'rejected')) {
      const id = `${event.place} ${event.position}`;
      const returns = this.returns.get(id) ?? { counted: 0, nacked: 0 };
      this.returns.set(id, returns);
      if (event.outcome === 'nacked') returns.nacked++;
      else returns.counted++;
      if (event.message !== null) this.places.set(`${event.place} ${event.message}`, event.position);
    }
  }

  /** Where a message was in a queue when it came back last; undefined if it never did. */
  positionOf(place: string, message: number): number | undefined {
    return this.places.get(`${place} ${message}`);
  }

  deliveriesOf(place: string, position: number): number {
    return this.deliveries.get(`${place} ${position}`) ?? 0;
  }

  /** Whether it came back by nack only. */
  onlyNacked(place: string, position: number): boolean {
    const returns = this.returns.get(`${place} ${position}`);
    return returns !== undefined && returns.counted === 0;
  }
}

/** The event by which a quorum queue gives a message up, and the message's place in it; null for any other event. */
function givenUp(event: TraceEvent): { place: string; position: number; message: number } | null {
  if (event.kind !== 'dead-lettered' && event.kind !== 'dropped') return null;
  const { place, position, message, reason } = event;
  if (reason !== 'delivery_limit' || position === undefined || message === null) return null;
  return { place, position, message };
}

/** */
class LimitAllowsOneMore implements ClaimFold {
  private ledger = new Ledger();
  private declared = new Declared();
  private attempts = new Attempts();

  on(event: TraceEvent): void {
    this.declared.on(event);
    this.attempts.on(event);
    const up = givenUp(event);
    const limit = up && this.declared.limitOf(up.place);
    if (!up || limit === null) return;
    const deliveries = this.attempts.deliveriesOf(up.place, up.position);
    const text = `message ${up.message} is given up after ${deliveries} deliveries, with a limit of ${limit}`;
    if (deliveries === limit + 1) this.ledger.confirm(event, () => text);
    else this.ledger.contradict(event, text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message that a quorum queue gives up');
  }
}

/** Once it is gone, what was behind it is processed. */
class NeighboursPass implements ClaimFold {
  private ledger = new Ledger();
  private declared = new Declared();
  private gone = new Map<string, { position: number; message: number; event: TraceEvent }>();
  private waiting = new Map<string, Map<number, number>>();

  on(event: TraceEvent): void {
    this.declared.on(event);
    if (event.kind === 'appended') {
      const waiting = this.waiting.get(event.place) ?? new Map<number, number>();
      this.waiting.set(event.place, waiting.set(event.position, event.message));
    }
    if (
      event.kind === 'dead-lettered' &&
      (event.reason === 'delivery_limit' || event.reason === 'rejected')
    ) {
      const { place, position, message } = event;
      if (position === undefined) return;
      this.waiting.get(place)?.delete(position);
      if (!this.gone.has(place)) this.gone.set(place, { position, message, event });
    }
    if (event.kind !== 'processed') return;
    this.waiting.get(event.place)?.delete(event.position);
    const gone = this.gone.get(event.place);
    if (gone && event.position > gone.position)
      this.ledger.confirm(
        event,
        () =>
          `${displayName(event.client)} has processed message ${event.message}, which was behind message ${gone.message} in ${event.place}`,
      );
  }

  verdict(ended: boolean): Verdict {
    if (ended)
      for (const [place, { position, message, event }] of this.gone)
        for (const [behind, waits] of this.waiting.get(place) ?? [])
          // One that came round again is no neighbour of itself.
          if (behind > position && waits !== message)
            this.ledger.contradict(
              event,
              `message ${message} left ${place}, and message ${waits} behind it still waits`,
            );
    return this.ledger.verdict('a message that is dead-lettered, and others behind it');
  }
}

/** whether a return by basic.nack counts. The two versions are two claims, each on its own runs. */
class NackCounts implements ClaimFold {
  private ledger = new Ledger();
  private declared = new Declared();
  private attempts = new Attempts();
  private readonly counts: boolean;

  constructor(counts: boolean) {
    this.counts = counts;
  }

  on(event: TraceEvent): void {
    this.declared.on(event);
    this.attempts.on(event);
    const up = givenUp(event) ?? this.seenGivenUp(event);
    if (up && this.attempts.onlyNacked(up.place, up.position)) {
      const text = `message ${up.message}, returned by nack only, is given up after ${this.attempts.deliveriesOf(up.place, up.position)} deliveries`;
      if (this.counts) this.ledger.confirm(event, () => text);
      else this.ledger.contradict(event, text);
    }
    if (event.kind !== 'delivered' || !this.attempts.onlyNacked(event.place, event.position)) return;
    const limit = this.declared.limitOf(event.place);
    const deliveries = this.attempts.deliveriesOf(event.place, event.position);
    if (limit === null || deliveries <= limit + 1) return;
    const text = `message ${event.message}, returned by nack, is delivered for the ${deliveries}th time, with a limit of ${limit}`;
    if (this.counts) this.ledger.contradict(event, text);
    else this.ledger.confirm(event, () => text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message that a consumer of a quorum queue nacks again and again');
  }

  /** Told from outside: it is read among the dead letters, and says why. */
  private seenGivenUp(event: TraceEvent): { place: string; position: number; message: number } | null {
    if (event.kind !== 'delivered') return null;
    const { message } = event;
    for (const { queue: place, reason } of deathsOf(event)) {
      const position = this.attempts.positionOf(place, message);
      if (reason === 'delivery_limit' && position !== undefined) return { place, position, message };
    }
    return null;
  }
}

interface DeathEntry {
  readonly queue: string;
  readonly reason: string;
  readonly count: number;
  readonly originalExpiration: boolean;
}

/** The entries of the header x-death of a delivery. */
function deathsOf(event: Event<'delivered'>): DeathEntry[] {
  const header = event.headers?.['x-death'];
  if (!Array.isArray(header)) return [];
  return (header as Record<string, unknown>[]).map((entry) => ({
    queue: String(entry['queue']),
    reason: String(entry['reason']),
    count: Number(entry['count']),
    originalExpiration: entry['original-expiration'] !== undefined,
  }));
}

/** */
class DeathCountsRounds implements ClaimFold {
  private ledger = new Ledger();
  /** How often each message has been dead-lettered from each queue for each reason. */
  private deaths = new Map<string, number>();

  on(event: TraceEvent): void {
    if (event.kind === 'dead-lettered') {
      const id = `${event.message} ${event.place} ${event.reason}`;
      this.deaths.set(id, (this.deaths.get(id) ?? 0) + 1);
    }
    if (event.kind !== 'delivered') return;
    for (const { queue, reason, count } of deathsOf(event)) {
      const died = this.deaths.get(`${event.message} ${queue} ${reason}`) ?? 0;
      const text = `x-death of message ${event.message} says ${count} times ${reason} in ${queue}`;
      if (count !== died) this.ledger.contradict(event, `${text}; it was ${died}`);
      else if (count > 1) this.ledger.confirm(event, () => text);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message that is dead-lettered a second time');
  }
}

/** A cycle with a rejection in it goes on. */
class RejectedCycleGoesOn implements ClaimFold {
  private ledger = new Ledger();
  private rejected = new Set<number>();

  on(event: TraceEvent): void {
    if (event.kind === 'delivered') {
      const rejection = deathsOf(event).find(({ reason, count }) => reason === 'rejected' && count > 1);
      if (!rejection) return;
      this.rejected.add(event.message);
      this.ledger.confirm(
        event,
        () => `message ${event.message} is back in ${event.place}, rejected ${rejection.count} times before`,
      );
    }
    if (event.kind === 'dropped' && event.message !== null && this.rejected.has(event.message))
      this.ledger.contradict(event, `message ${event.message} is dropped: ${event.reason}`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message that is rejected again when it comes back');
  }
}

/** A cycle of expiries alone is broken where it would close. */
class ExpiredCycleDropped implements ClaimFold {
  private ledger = new Ledger();
  private expiredIn = new Map<number, Set<string>>();
  private last = new Map<number, string>();
  private tainted = new Set<number>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'dead-lettered':
        if (event.reason === 'rejected') this.tainted.add(event.message);
        if (event.reason !== 'expired') break;
        this.last.set(event.message, event.place);
        this.expiredIn.set(
          event.message,
          (this.expiredIn.get(event.message) ?? new Set<string>()).add(event.place),
        );
        break;
      case 'appended':
        if (!this.tainted.has(event.message) && this.expiredIn.get(event.message)?.has(event.place))
          this.ledger.contradict(
            event,
            `message ${event.message} is back in ${event.place}, where it has expired`,
          );
        break;
      case 'dropped':
        if (event.message === null || event.reason !== 'dead-letter cycle') break;
        this.ledger.confirm(
          event,
          () =>
            `message ${event.message ?? '?'} expired in ${this.last.get(event.message ?? -1) ?? '?'} and would be back where it expired before: it is dropped`,
        );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message that expires in two queues that lead to one another');
  }
}

/** */
class ExpiryAtHeadOnly implements ClaimFold {
  private ledger = new Ledger();
  private due = new Map<number, Micros>();
  private lying = new Map<string, Set<number>>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'published':
        if (event.expiration !== undefined)
          this.due.set(event.message, event.at + fromMs(Number(event.expiration)));
        break;
      case 'appended': {
        const lying = this.lying.get(event.place) ?? new Set<number>();
        this.lying.set(event.place, lying.add(event.position));
        break;
      }
      case 'acquired':
      case 'removed':
        this.lying.get(event.place)?.delete(event.position);
        break;
      case 'dropped':
      case 'dead-lettered':
        this.left(event);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message with a short time-to-live behind one with a long one');
  }

  private left(event: Event<'dropped'> | Event<'dead-lettered'>): void {
    const { place, position, message, reason, at } = event;
    if (position === undefined || message === null) return;
    const lying = this.lying.get(place);
    const before = [...(lying ?? [])].some((other) => other < position);
    lying?.delete(position);
    const due = this.due.get(message);
    if (reason !== 'expired' || due === undefined) return;
    const overdue = at - due;
    if (before) this.ledger.contradict(event, `message ${message} expires in the middle of ${place}`);
    // More than it takes a message to come to its queue.
    else if (overdue > fromMs(1000))
      this.ledger.confirm(
        event,
        () =>
          `message ${message} expires ${formatSeconds(overdue)} late: only now it is at the head of ${place}`,
      );
    this.due.delete(message);
  }
}

/** */
class DeadLetterCanBeLost implements ClaimFold {
  private ledger = new Ledger();
  private declared = new Declared();
  private exchanges = new Set<string>(['']);

  on(event: TraceEvent): void {
    this.declared.on(event);
    if (event.kind === 'exchange-created') this.exchanges.add(event.name);
    if (event.kind === 'exchange-deleted') this.exchanges.delete(event.name);
    if (event.kind === 'dead-lettered' && !this.exchanges.has(event.to))
      this.ledger.contradict(
        event,
        `message ${event.message} is dead-lettered to ${event.to}, which is not there`,
      );
    if (event.kind !== 'dropped' || event.message === null) return;
    const exchange = this.declared.argument(event.place, 'x-dead-letter-exchange');
    if (typeof exchange !== 'string' || this.exchanges.has(exchange)) return;
    this.ledger.confirm(
      event,
      () =>
        `message ${event.message ?? '?'} leaves ${event.place} (${event.reason}); the exchange ${exchange} is not there, and nobody has it`,
    );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a queue whose dead-letter exchange is missing');
  }
}

/** */
class DeadLetterLosesTtl implements ClaimFold {
  private ledger = new Ledger();
  private declared = new Declared();
  private ttl = new Map<number, Micros>();
  private arrived = new Map<string, Micros>();
  private dead = new Set<number>();

  on(event: TraceEvent): void {
    this.declared.on(event);
    switch (event.kind) {
      case 'published':
        if (event.expiration !== undefined) this.ttl.set(event.message, fromMs(Number(event.expiration)));
        break;
      case 'appended':
        if (this.dead.has(event.message)) this.arrived.set(`${event.place} ${event.message}`, event.at);
        break;
      case 'dead-lettered':
      case 'dropped':
        if (event.message === null) break;
        if (
          event.reason === 'expired' &&
          this.dead.has(event.message) &&
          this.declared.argument(event.place, 'x-message-ttl') === undefined
        )
          this.ledger.contradict(event, `message ${event.message} expires a second time, in ${event.place}`);
        if (event.kind === 'dead-lettered') this.dead.add(event.message);
        break;
      case 'delivered': {
        const ttl = this.ttl.get(event.message);
        const since = this.arrived.get(`${event.place} ${event.message}`);
        if (ttl === undefined || since === undefined || event.at - since <= ttl) break;
        this.ledger.confirm(
          event,
          () =>
            `message ${event.message} has lain in ${event.place} for ${formatSeconds(event.at - since)}, longer than the ${formatSeconds(ttl)} that it was published with`,
        );
      }
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict(
      'a dead letter that was published with a time-to-live and lies longer than that',
    );
  }
}

const base = { broker: 'rabbitmq', observable: false } as const;
const FOUR = ['rabbitmq-poison', 'rabbitmq-poison-short'] as const;
const EXPIRY = ['rabbitmq-expiry'] as const;

export const poisonClaims: readonly Claim[] = [
  {
    ...base,
    id: 'rabbitmq.requeue-spins',
    statement: 'What is returned to a classic queue is delivered again at once, before what is behind it',
    rules: ['R-50'],
    observable: true,
    scenarios: FOUR,
    judge: () => new RequeueSpins(),
  },
  {
    ...base,
    id: 'rabbitmq.limit-allows-one-more',
    statement: 'With a delivery limit of L a message is delivered L + 1 times',
    rules: ['R-60', 'R-61'],
    scenarios: [...FOUR, 'rabbitmq-nack-42'],
    judge: () => new LimitAllowsOneMore(),
  },
  {
    ...base,
    id: 'rabbitmq.neighbours-pass',
    statement: 'Once it is dead-lettered, what was behind it is processed',
    rules: ['R-61', 'R-80'],
    scenarios: FOUR,
    judge: () => new NeighboursPass(),
  },
  {
    ...base,
    id: 'rabbitmq.nack-not-counted-43',
    observable: true,
    since: '4.3',
    statement: 'In 4.3 a return by nack does not count towards the limit',
    rules: ['R-64'],
    scenarios: ['rabbitmq-nack-43', ...FOUR],
    judge: () => new NackCounts(false),
  },
  {
    ...base,
    id: 'rabbitmq.nack-counted-42',
    statement: 'In 4.2 a return by nack counts towards the limit',
    rules: ['R-63'],
    scenarios: ['rabbitmq-nack-42'],
    judge: () => new NackCounts(true),
  },
  {
    ...base,
    id: 'rabbitmq.death-counts-rounds',
    statement: 'Each round adds one to the counts in x-death',
    rules: ['R-83'],
    scenarios: FOUR,
    judge: () => new DeathCountsRounds(),
  },
  {
    ...base,
    id: 'rabbitmq.rejected-cycle-never-ends',
    statement: 'A cycle that contains a rejection is never broken by the broker',
    rules: ['R-86'],
    scenarios: FOUR,
    judge: () => new RejectedCycleGoesOn(),
  },
  {
    ...base,
    id: 'rabbitmq.expired-cycle-dropped',
    statement: 'A message that would expire into a queue where it has expired before is dropped',
    rules: ['R-86'],
    scenarios: EXPIRY,
    judge: () => new ExpiredCycleDropped(),
  },
  {
    ...base,
    id: 'rabbitmq.expiry-at-head-only',
    statement: 'A message expires at the head of its queue, however short its time-to-live',
    rules: ['R-69'],
    scenarios: EXPIRY,
    judge: () => new ExpiryAtHeadOnly(),
  },
  {
    ...base,
    id: 'rabbitmq.dead-letter-can-be-lost',
    statement: 'If the dead-letter exchange is missing at that moment, the message is gone',
    rules: ['R-81', 'R-87'],
    scenarios: ['rabbitmq-missing-dlx'],
    judge: () => new DeadLetterCanBeLost(),
  },
  {
    ...base,
    id: 'rabbitmq.dead-letter-loses-ttl',
    statement: 'A dead letter has no longer the time-to-live that it was published with',
    rules: ['R-82'],
    scenarios: EXPIRY,
    judge: () => new DeadLetterLosesTtl(),
  },
];
