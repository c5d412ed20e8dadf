/** Claims that further short runs hold to a real broker: what is set while it runs, transactions, links, majorities. */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, fromMs, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';
import { Loans, named, type Loan, type Moment } from './loans.ts';

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

/** Longer than anything is under way on the loopback interface, and shorter than what such a run waits for. */
const PATIENCE = fromMs(1000);
const UNDER_WAY = fromMs(200);

/** What a queue holds is counted as a policy of its name limits it, from the moment it is set until it goes. */
class PolicyLimits implements ClaimFold {
  private ledger = new Ledger();
  private policies = new Map<string, { readonly pattern: RegExp; readonly limit: number }>();
  private to = new Map<number, string>();
  private lying = new Map<string, number[]>();
  private dropped = new Map<
    number,
    { readonly at: TraceEvent; readonly queue: string; readonly by: string }
  >();
  private read = new Set<string>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'places-created':
        if (event.type === 'classic') this.lying.set(event.name, []);
        break;
      case 'configured':
        this.configured(event);
        break;
      case 'published':
        if (event.to === '' && event.routingKey !== undefined) this.to.set(event.message, event.routingKey);
        break;
      case 'publish-confirmed': {
        const queue = this.to.get(event.message) ?? '';
        this.lying.get(queue)?.push(event.message);
        this.drop(queue, event);
        break;
      }
      case 'consuming-began':
        this.read.add(event.place);
        break;
      case 'delivered':
        this.given(event);
    }
  }

  verdict(ended: boolean): Verdict {
    if (ended)
      for (const [message, { at, queue, by }] of this.dropped)
        if (this.read.has(queue))
          this.ledger.confirm(at, () => `message ${message} goes when the policy ${by} limits ${queue}`);
    return this.ledger.verdict('a policy with a max-length for a queue in which more than that lies');
  }

  private configured(event: Event<'configured'>): void {
    const limit = event.settings.find(([name]) => name === 'max-length')?.[1];
    if (limit === undefined) return;
    if (limit === null || !event.policy) this.policies.delete(event.name);
    else
      this.policies.set(event.name, { pattern: new RegExp(event.policy.pattern, 'u'), limit: Number(limit) });
    for (const queue of this.lying.keys()) this.drop(queue, event);
  }

  private drop(queue: string, at: TraceEvent): void {
    const lying = this.lying.get(queue);
    if (!lying || this.read.has(queue)) return;
    for (const [name, { pattern, limit }] of this.policies)
      while (pattern.test(queue) && lying.length > limit)
        this.dropped.set(lying.shift()!, { at, queue, by: name });
  }

  private given(event: Event<'delivered'>): void {
    const dropped = this.dropped.get(event.message);
    if (dropped)
      this.ledger.contradict(
        event,
        `message ${event.message} is given out, though the policy ${dropped.by} had left no room for it`,
      );
    const lying = this.lying.get(event.place);
    if (!lying || event.redelivered) return;
    const next = lying.shift();
    if (next !== undefined && next !== event.message)
      this.ledger.contradict(event, `message ${next} should be next, and is not there`);
  }
}

/** R-53 in 4.3. */
class TimeoutCancels implements ClaimFold {
  private ledger = new Ledger();
  private quorum = new Set<string>();
  private loans = new Loans();
  private owed = new Map<string, { readonly loan: Loan; readonly at: Moment }>();
  /** Who was given what last: another may hear of it before the one that was cancelled hears of that. */
  private given = new Map<string, Event<'delivered'>>();

  on(event: TraceEvent): void {
    this.loans.on(event);
    if (event.kind === 'places-created' && event.type === 'quorum') this.quorum.add(event.name);
    if (event.kind === 'consuming-ended' && this.quorum.has(event.place)) this.ended(event);
    if (event.kind === 'error' && event.detail.includes('delivery acknowledgement'))
      this.ledger.contradict(event, `the channel of ${displayName(event.client)} is closed`);
    if (event.kind !== 'delivered') return;
    const id = `${event.place} ${event.position}`;
    this.given.set(id, event);
    const owed = this.owed.get(id);
    if (!owed || owed.loan.client === event.client) return;
    this.owed.delete(id);
    this.back(event, owed.loan);
  }

  verdict(ended: boolean): Verdict {
    if (ended)
      for (const { loan, at } of this.owed.values())
        this.ledger.contradict(at, `${named(loan)} did not come back when its consumer was cancelled`);
    return this.ledger.verdict('a consumer of a quorum queue that holds a delivery too long');
  }

  /** The server ends a consumer that is there and holds something. */
  private ended(event: Event<'consuming-ended'>): void {
    if (event.why !== 'the server cancelled it') return;
    for (const loan of this.loans.of(event.client))
      if (loan.place === event.place && loan.settledAt === null && event.at - loan.delivery.at >= PATIENCE)
        this.cameBack(event, loan);
  }

  private cameBack(event: Event<'consuming-ended'>, loan: Loan): void {
    const id = `${loan.place} ${loan.position}`;
    const given = this.given.get(id);
    if (given && given.client !== event.client && event.at - given.at < UNDER_WAY) this.back(given, loan);
    else this.owed.set(id, { loan, at: event });
  }

  private back(event: Event<'delivered'>, loan: Loan): void {
    this.ledger.confirm(
      event,
      () =>
        `${displayName(event.client)} is given ${named(loan)}: ${displayName(loan.client)} held it too long, and was cancelled`,
    );
  }
}

/** R-52 in 4.3: whether what waits among the dead letters is flagged, by why it died. */
class DeadLetterFlagged implements ClaimFold {
  private ledger = new Ledger();
  private began = new Map<string, Micros>();
  private refused = new Map<number, Micros>();
  private rejected = new Set<number>();
  private seen = new Set<string>();

  on(event: TraceEvent): void {
    if (event.kind === 'consuming-began') this.began.set(event.place, event.at);
    if (event.kind === 'settled' && event.outcome !== 'acked' && event.message !== null) {
      this.refused.set(event.message, event.at);
      if (event.outcome === 'rejected') this.rejected.add(event.message);
    }
    if (event.kind === 'delivered') this.given(event);
  }

  verdict(): Verdict {
    return this.ledger.verdict(
      'a rejected message that waits among the dead letters, and somebody who reads it',
    );
  }

  private given(event: Event<'delivered'>): void {
    const { message, place, redelivered } = event;
    const id = `${place} ${message}`;
    const isFirst = !this.seen.has(id);
    this.seen.add(id);
    const deaths = event.headers?.['x-death'];
    if (!isFirst || !Array.isArray(deaths) || deaths.length !== 1) return;
    const [{ reason, count }] = deaths as [Record<string, unknown>];
    if (count !== 1) return;
    const refused = reason === 'rejected' || reason === 'delivery_limit';
    // Handed over at once it is not flagged; nor is one whose deliveries did not fail.
    if (refused && !((this.began.get(place) ?? 0) > (this.refused.get(message) ?? Infinity))) return;
    if (!refused && this.refused.has(message)) return;
    const failed = reason === 'delivery_limit' || this.rejected.has(message);
    const text = `message ${message} (${String(reason)}) is given out by ${place} for the first time, ${redelivered ? '' : 'not '}flagged as redelivered`;
    if (failed !== redelivered) this.ledger.contradict(event, text);
    else if (refused) this.ledger.confirm(event, () => text);
  }
}

/** */
class AllOrNothing implements ClaimFold {
  private ledger = new Ledger();
  private published = new Map<number, Event<'published'>>();
  private given = new Map<number, Event<'delivered'>>();
  private read = new Set<string>();
  private rolledBack: { readonly event: TraceEvent; readonly message: number; readonly queue: string }[] = [];

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'consuming-began':
        this.read.add(event.place);
        break;
      case 'published':
        this.published.set(event.message, event);
        break;
      case 'publish-confirmed': {
        const published = this.published.get(event.message);
        const given = this.given.get(event.message);
        // A confirm comes at once, a commit when the application asks for it.
        if (!published || event.at - published.at < UNDER_WAY) break;
        if (given && event.at - given.at > UNDER_WAY)
          this.ledger.contradict(given, `message ${event.message} is given out before its commit`);
        else
          this.ledger.confirm(
            event,
            () =>
              `message ${event.message} was in no queue for ${formatSeconds(event.at - published.at)}, until its commit`,
          );
        break;
      }
      case 'publish-failed':
        if (event.error === 'tx.rollback')
          this.rolledBack.push({
            event,
            message: event.message,
            queue: this.published.get(event.message)?.routingKey ?? '',
          });
        break;
      case 'delivered':
        if (!this.given.has(event.message)) this.given.set(event.message, event);
    }
  }

  verdict(ended: boolean): Verdict {
    if (ended)
      for (const { event, message, queue } of this.rolledBack) {
        const given = this.given.get(message);
        if (given) this.ledger.contradict(given, `message ${message} is given out, and was rolled back`);
        else if (this.read.has(queue))
          this.ledger.confirm(event, () => `message ${message} was rolled back, and nobody is given it`);
      }
    return this.ledger.verdict('a transaction with messages that is committed or rolled back');
  }
}

/** a broker cannot tell one that is cut off from one that is slow. */
class HeldIsNobodyElses implements ClaimFold {
  private ledger = new Ledger();
  private loans = new Map<string, Event<'delivered'>>();
  /** Messages that others were given while it was held. */
  private passed = new Map<string, number>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'delivered':
        this.given(event);
        break;
      case 'settled': {
        const id = `${event.place} ${event.position}`;
        const loan = this.loans.get(id);
        if (loan?.client !== event.client) break;
        this.loans.delete(id);
        const passed = this.passed.get(id) ?? 0;
        if (passed > 0 && event.at - loan.at > PATIENCE)
          this.ledger.confirm(
            event,
            () =>
              `${displayName(event.client)} held message ${loan.message} for ${formatSeconds(event.at - loan.at)}; others were given ${passed} meanwhile, and not this one`,
          );
        break;
      }
      case 'consuming-ended':
      case 'disconnected':
      case 'client-stopped':
        for (const [id, { client }] of this.loans) if (client === event.client) this.loans.delete(id);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a consumer that holds a message for long, and another on its queue');
  }

  private given(event: Event<'delivered'>): void {
    // A log gives the same to all who read it.
    if (event.group === null) return;
    const id = `${event.place} ${event.position}`;
    const loan = this.loans.get(id);
    if (loan && loan.client !== event.client)
      this.ledger.contradict(
        event,
        `${displayName(event.client)} is given message ${event.message}, which ${displayName(loan.client)} holds`,
      );
    for (const [other, { place, client }] of this.loans)
      if (place === event.place && client !== event.client)
        this.passed.set(other, (this.passed.get(other) ?? 0) + 1);
    this.loans.set(id, event);
    this.passed.set(id, 0);
  }
}

/** what a publisher has sent is on its way, also when it has closed its connection. */
class ArrivesGivenUp implements ClaimFold {
  private ledger = new Ledger();
  private failedAt = new Map<number, Micros>();
  private given = new Set<number>();

  on(event: TraceEvent): void {
    if (event.kind === 'publish-failed' && event.error.startsWith('not confirmed'))
      this.failedAt.set(event.message, event.at);
    if (event.kind === 'publish-confirmed' && this.failedAt.has(event.message))
      this.ledger.contradict(event, `message ${event.message} was confirmed after it was given up`);
    if (event.kind !== 'delivered' || this.given.has(event.message)) return;
    this.given.add(event.message);
    const failedAt = this.failedAt.get(event.message);
    if (failedAt === undefined) return;
    const { message, at } = event;
    this.ledger.confirm(
      event,
      () => `message ${message} was first given out ${formatSeconds(at - failedAt)} after it was given up`,
    );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message to be first given out after its publisher has given it up');
  }
}

/** R-56, told from outside: who was connected to a node has seen it go. */
class MajorityOrNothing implements ClaimFold {
  private ledger = new Ledger();
  private nodes = new Set<string>();
  /** Until something that waited is confirmed: then one of them is back. */
  private gone = new Set<string>();
  private quorum = new Set<string>();
  /** Published while most nodes were gone. */
  private waiting = new Map<number, Micros>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'places-created':
        if (event.type === 'quorum') this.quorum.add(event.name);
        break;
      case 'connected':
        this.nodes.add(event.node);
        this.gone.delete(event.node);
        break;
      case 'disconnected':
        this.gone.add(event.node);
        break;
      case 'published':
        if (event.to === '' && this.quorum.has(event.routingKey ?? '') && this.isMinority)
          this.waiting.set(event.message, event.at);
        break;
      case 'publish-confirmed': {
        const since = this.waiting.get(event.message);
        if (since !== undefined) this.confirmed(event, since);
      }
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a quorum queue on three nodes of which two are gone, and a publisher');
  }

  private get isMinority(): boolean {
    return this.gone.size * 2 > this.nodes.size;
  }

  private confirmed(event: Event<'publish-confirmed'>, since: Micros): void {
    this.waiting.delete(event.message);
    const text = `message ${event.message} is confirmed ${formatSeconds(event.at - since)} after it was published`;
    if (event.at - since < PATIENCE && this.isMinority) {
      this.ledger.contradict(event, `${text}, with ${this.gone.size} of ${this.nodes.size} nodes gone`);
      return;
    }
    this.gone.clear();
    this.ledger.confirm(event, () => `${text}: it waited until a node was back`);
  }
}

const base = { broker: 'rabbitmq', observable: true } as const;

export const furtherClaims: readonly Claim[] = [
  {
    ...base,
    id: 'rabbitmq.policy-limits-what-is-there',
    statement: 'A policy holds at once, for what is in the queue already, and no longer than it is set',
    rules: ['R-11', 'R-74'],
    scenarios: ['rabbitmq-policy'],
    judge: () => new PolicyLimits(),
  },
  {
    ...base,
    id: 'rabbitmq.consumer-timeout-cancels',
    since: '4.3',
    statement: 'In 4.3 a quorum queue cancels the consumer that holds a delivery too long, and takes it back',
    rules: ['R-46', 'R-53'],
    scenarios: ['rabbitmq-timeout-43'],
    judge: () => new TimeoutCancels(),
  },
  {
    ...base,
    id: 'rabbitmq.dead-letter-flagged',
    since: '4.3',
    statement:
      'Of what waits among the dead letters, a message that was rejected is given out as redelivered, and one that was nacked is not',
    rules: ['R-52', 'R-81'],
    scenarios: ['rabbitmq-deaths'],
    judge: () => new DeadLetterFlagged(),
  },
  {
    ...base,
    id: 'rabbitmq.transaction-all-or-nothing',
    statement:
      'What is published in a transaction is in no queue before its commit, and never after a rollback',
    rules: ['R-33'],
    scenarios: ['rabbitmq-transaction'],
    judge: () => new AllOrNothing(),
  },
  {
    ...base,
    id: 'rabbitmq.held-is-nobody-elses',
    statement: 'What a consumer that is cut off holds nobody else is given, while its connection stands',
    rules: ['R-36', 'R-49'],
    scenarios: ['rabbitmq-cut-off'],
    judge: () => new HeldIsNobodyElses(),
  },
  {
    ...base,
    id: 'rabbitmq.arrives-given-up',
    statement: 'What a publisher has given up for want of a confirm can arrive after that',
    rules: ['R-29'],
    scenarios: ['rabbitmq-given-up'],
    judge: () => new ArrivesGivenUp(),
  },
  {
    ...base,
    id: 'rabbitmq.majority-or-nothing',
    statement:
      'Without a majority of its nodes a quorum queue confirms nothing; when one is back, what waited',
    rules: ['R-30', 'R-56'],
    scenarios: ['rabbitmq-majority'],
    judge: () => new MajorityOrNothing(),
  },
];
