/** Claims about when a message is done: acknowledgements, what a crash brings back, and what it takes along. */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, fromMs, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';
import { Loans, named, Orphans, type Loan, type Moment } from './loans.ts';

/** What was not acknowledged comes back when the channel is gone. */
export class UnackedComeBack implements ClaimFold {
  private ledger = new Ledger();
  private orphans = new Orphans();
  private places = new Set<string>();
  private readonly type: 'classic' | 'quorum';

  /** @param type the kind of queue that the claim is about */
  constructor(type: 'classic' | 'quorum') {
    this.type = type;
  }

  on(event: TraceEvent): void {
    if (event.kind === 'places-created' && event.type === this.type)
      for (const place of event.places) this.places.add(place);
    const back = this.orphans.on(event);
    if (!back || event.kind !== 'delivered' || !this.places.has(event.place)) return;
    const text = `${named(back.loan)}, which ${displayName(back.gone.client)} had not acknowledged, is given to ${displayName(event.client)}`;
    if (event.redelivered) this.ledger.confirm(event, () => `${text}, flagged as redelivered`);
    else this.ledger.contradict(event, `${text} without the flag redelivered`);
  }

  verdict(ended: boolean): Verdict {
    const forgotten = ended ? this.orphans.forgotten() : null;
    if (forgotten && this.places.has(forgotten.loan.place))
      this.ledger.contradict(
        forgotten.by,
        `${named(forgotten.loan)} was never given out again, though ${forgotten.loan.place} went on`,
      );
    return this.ledger.verdict('a consumer that crashes with messages that it has not acknowledged');
  }
}

/** In a classic queue they come back ahead of what came after them. Only consumers that began since are asked: what
 * another one was sent before the crash has passed them. */
class RequeuedToItsPlace implements ClaimFold {
  private ledger = new Ledger();
  private orphans = new Orphans();
  private classic = new Set<string>();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created' && event.type === 'classic')
      for (const place of event.places) this.classic.add(place);
    const back = this.orphans.on(event);
    if (event.kind !== 'delivered' || !this.classic.has(event.place)) return;
    const since = this.orphans.loans.consumingSince(event.client);
    for (const { loan, gone } of this.orphans.waiting.values()) {
      if (loan.place !== event.place || loan.position > event.position || since < gone.at) continue;
      this.ledger.contradict(
        event,
        `${displayName(event.client)} is given message ${event.message} before ${named(loan)}, which came back and is older`,
      );
    }
    if (back && since >= back.gone.at)
      this.ledger.confirm(
        event,
        () => `${named(back.loan)} is at the head of ${event.place} again, number ${event.position}`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a consumer of a classic queue that crashes, and one that begins after it');
  }
}

/** What was finished and not acknowledged is done again; what had been acknowledged is not. */
class WorkThenAckRepeats implements ClaimFold {
  private ledger = new Ledger();
  private orphans = new Orphans();
  private again = new Map<string, Loan>();
  private acked = new Map<string, string>();

  on(event: TraceEvent): void {
    const back = this.orphans.on(event);
    if (back?.loan.processed) this.again.set(`${back.loan.place} ${back.loan.position}`, back.loan);
    if (event.kind === 'settled' && event.outcome === 'acked')
      this.acked.set(`${event.place} ${event.position}`, event.client);
    if (event.kind !== 'processed') return;
    const id = `${event.place} ${event.position}`;
    const first = this.again.get(id);
    if (!first) return;
    this.again.delete(id);
    this.ledger.confirm(
      event,
      () =>
        `${displayName(event.client)} has done ${named(first)}, which ${displayName(first.client)} had done and not acknowledged`,
    );
  }

  verdict(ended: boolean): Verdict {
    const forgotten = ended ? this.orphans.forgotten() : null;
    if (forgotten?.loan.processed)
      this.ledger.contradict(
        forgotten.by,
        `${named(forgotten.loan)} was done, not acknowledged, and not repeated`,
      );
    return this.ledger.verdict(
      'a consumer that has finished a message, and crashes before it has acknowledged it',
    );
  }
}

/** Given out before: not worked on. */
class RedeliveredIsNotDone implements ClaimFold {
  private ledger = new Ledger();
  private given = new Set<string>();
  private done = new Set<string>();

  on(event: TraceEvent): void {
    if (event.kind === 'processed') this.done.add(`${event.place} ${event.position}`);
    if (event.kind !== 'delivered') return;
    const id = `${event.place} ${event.position}`;
    const before = this.given.has(id);
    this.given.add(id);
    if (event.redelivered && !this.done.has(id))
      this.ledger.confirm(
        event,
        () => `message ${event.message} is flagged as redelivered, and nobody has finished it`,
      );
    else if (before && !event.redelivered)
      this.ledger.contradict(event, `message ${event.message} is given out again without the flag`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message that comes back before anybody has worked on it');
  }
}

/** What its consumer took along: the broker had forgotten it, and it was not finished. It must not come back. */
class LostWithIt implements ClaimFold {
  private ledger = new Ledger();
  private loans = new Loans();
  private lost = new Map<string, { loan: Loan; gone: Moment & { client: string } }>();
  private readonly counts: (loan: Loan) => boolean;
  private readonly waitsFor: string;

  /** @param counts which loans the claim is about */
  constructor(counts: (loan: Loan) => boolean, waitsFor: string) {
    this.counts = counts;
    this.waitsFor = waitsFor;
  }

  on(event: TraceEvent): void {
    const gone = this.loans.on(event);
    if (gone && event.kind === 'client-stopped' && event.reason === 'crashed') {
      for (const loan of gone.loans) {
        if (loan.processed || !this.counts(loan)) continue;
        this.lost.set(`${loan.place} ${loan.position}`, { loan, gone });
        this.ledger.confirm(
          event,
          () =>
            `${named(loan)} is gone: ${displayName(gone.client)} crashed with it, and the queue had forgotten it`,
        );
      }
    }
    if (event.kind !== 'delivered') return;
    const lost = this.lost.get(`${event.place} ${event.position}`);
    if (lost)
      this.ledger.contradict(
        event,
        `${named(lost.loan)}, which ${displayName(lost.gone.client)} took along, is given out again`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict(this.waitsFor);
  }
}

/** */
class ConfirmSaysNothingOfConsumers implements ClaimFold {
  private ledger = new Ledger();
  private given = new Set<number>();
  private open = new Map<number, Moment>();
  private asks = new Set<string>();
  private by = new Map<number, string>();

  on(event: TraceEvent): void {
    if (event.kind === 'delivered') this.given.add(event.message);
    if (event.kind === 'published') {
      this.open.set(event.message, event);
      this.by.set(event.message, event.client);
    }
    if (event.kind === 'publish-failed') this.open.delete(event.message);
    if (event.kind !== 'publish-confirmed') return;
    this.asks.add(event.client);
    const published = this.open.get(event.message);
    this.open.delete(event.message);
    if (published && !this.given.has(event.message))
      this.ledger.confirm(
        event,
        () => `message ${event.message} is confirmed, and no consumer has been given it yet`,
      );
  }

  verdict(ended: boolean): Verdict {
    if (ended)
      for (const [message, at] of this.open)
        if (this.asks.has(this.by.get(message) ?? '') && !this.given.has(message))
          this.ledger.contradict(at, `message ${message} was neither consumed nor confirmed`);
    return this.ledger.verdict('a publisher with confirms, and a message that waits in its queue');
  }
}

/** Of two publishers whose connection breaks, the one that is never answered loses what was on its way. */
class UnconfirmedLostSilently implements ClaimFold {
  private published = new Map<number, Moment & { client: string; key: string | null }>();
  private given = new Set<number>();
  private answered = new Set<string>();
  private broken = new Map<string, Micros>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'published':
        this.published.set(event.message, event);
        break;
      case 'delivered':
        this.given.add(event.message);
        break;
      case 'publish-confirmed':
      case 'publish-failed':
      case 'returned':
        this.answered.add(event.client);
        break;
      case 'disconnected':
        this.broken.set(event.client, event.at);
    }
  }

  verdict(ended: boolean): Verdict {
    const ledger = new Ledger();
    const waitsFor = 'a publisher without confirms whose connection breaks';
    if (!ended) return ledger.verdict(waitsFor);
    for (const [message, event] of this.published) {
      const broken = this.broken.get(event.client);
      if (this.given.has(message) || broken === undefined || event.at > broken) continue;
      if (this.answered.has(event.client))
        ledger.contradict(
          event,
          `${displayName(event.client)} asks for confirms, and message ${message} is lost`,
        );
      else
        ledger.confirm(
          event as TraceEvent,
          () =>
            `message ${message} was on its way when the connection of ${displayName(event.client)} broke; nobody got it, and nobody was told`,
        );
    }
    return ledger.verdict(waitsFor);
  }
}

/** What the server says when it closes the channel. */
const TIMED_OUT = /^delivery acknowledgement on channel \d+ timed out\. Timeout value used: (\d+) ms/;

/** Longer than anything is under way to a client. */
const UNDER_WAY = fromMs(200);

/** */
class ConsumerTimeoutCloses implements ClaimFold {
  private ledger = new Ledger();
  private loans = new Loans();
  private owed = new Map<string, { loan: Loan; at: Moment }>();
  /** Who was given what last, by its place: another may hear of it before the channel’s own client hears of its end. */
  private given = new Map<string, Loan['delivery']>();

  on(event: TraceEvent): void {
    if (event.kind === 'error') {
      const timeout = TIMED_OUT.exec(event.detail)?.[1];
      if (timeout !== undefined) this.closed(event, event.client, fromMs(Number(timeout)));
    }
    this.loans.on(event);
    if (event.kind !== 'delivered') return;
    const id = `${event.place} ${event.position}`;
    this.given.set(id, event);
    const owed = this.owed.get(id);
    if (!owed) return;
    this.owed.delete(id);
    this.back(event, owed.loan);
  }

  verdict(ended: boolean): Verdict {
    if (ended)
      for (const { loan, at } of this.owed.values())
        this.ledger.contradict(at, `${named(loan)} did not come back when the channel was closed`);
    return this.ledger.verdict('a consumer that holds a delivery longer than consumer_timeout');
  }

  private closed(event: TraceEvent, client: string, timeout: Micros): void {
    const held = this.loans.of(client).filter(({ settledAt, noAck }) => settledAt === null && !noAck);
    const oldest = Math.min(...held.map(({ delivery }) => delivery.at));
    if (held.length === 0 || event.at - oldest < timeout) {
      this.ledger.contradict(
        event,
        `the channel of ${displayName(client)} is closed after ${formatSeconds(event.at - oldest)}, before the timeout`,
      );
      return;
    }
    for (const loan of held) {
      const id = `${loan.place} ${loan.position}`;
      const given = this.given.get(id);
      if (given && given.client !== client && event.at - given.at < UNDER_WAY) this.back(given, loan);
      else this.owed.set(id, { loan, at: event });
    }
  }

  private back(event: Loan['delivery'], loan: Loan): void {
    this.ledger.confirm(
      event,
      () =>
        `${displayName(event.client)} is given ${named(loan)}, which ${displayName(loan.client)} had held until its channel was closed`,
    );
  }
}

const base = { broker: 'rabbitmq', observable: true } as const;
const ACKS = ['rabbitmq-acks'] as const;

export const ackClaims: readonly Claim[] = [
  {
    ...base,
    id: 'rabbitmq.unacked-come-back',
    statement: 'What a crashed consumer had not acknowledged is given out again, flagged',
    rules: ['R-49', 'R-52'],
    scenarios: ACKS,
    judge: () => new UnackedComeBack('classic'),
  },
  {
    ...base,
    id: 'rabbitmq.requeued-to-its-place',
    statement: 'In a classic queue it comes back ahead of what came after it',
    rules: ['R-50'],
    scenarios: ACKS,
    judge: () => new RequeuedToItsPlace(),
  },
  {
    ...base,
    id: 'rabbitmq.work-then-ack-repeats',
    statement: 'What was finished and not acknowledged is done again',
    rules: ['R-48', 'R-49'],
    scenarios: ACKS,
    judge: () => new WorkThenAckRepeats(),
  },
  {
    ...base,
    id: 'rabbitmq.redelivered-is-not-done',
    statement: '“Redelivered” says that it was given out before, not that anybody worked on it',
    rules: ['R-52'],
    scenarios: ACKS,
    judge: () => new RedeliveredIsNotDone(),
  },
  {
    ...base,
    id: 'rabbitmq.ack-first-loses',
    statement: 'What was acknowledged and not finished is lost with its worker',
    rules: ['R-48'],
    scenarios: ACKS,
    judge: () =>
      new LostWithIt(
        ({ noAck, settledAt }) => !noAck && settledAt !== null,
        'a consumer that acknowledges before it works, and crashes',
      ),
  },
  {
    ...base,
    id: 'rabbitmq.auto-ack-loses',
    statement: 'With automatic acknowledgement all that had been sent is lost with its worker',
    rules: ['R-41', 'R-48'],
    scenarios: ACKS,
    judge: () =>
      new LostWithIt(({ noAck }) => noAck, 'a consumer with automatic acknowledgement that crashes'),
  },
  {
    ...base,
    id: 'rabbitmq.confirm-says-nothing-of-consumers',
    statement: 'A confirm comes whether or not anybody has consumed the message',
    rules: ['R-30'],
    scenarios: ACKS,
    judge: () => new ConfirmSaysNothingOfConsumers(),
  },
  {
    ...base,
    id: 'rabbitmq.unconfirmed-lost-silently',
    statement: 'Without confirms, what was on its way when the connection broke is lost, and nobody is told',
    rules: ['R-29', 'R-30'],
    scenarios: ['rabbitmq-without-confirms', 'rabbitmq-lost-on-the-way'],
    judge: () => new UnconfirmedLostSilently(),
  },
  {
    ...base,
    id: 'rabbitmq.consumer-timeout-closes',
    statement: 'A delivery that is held too long closes its channel, and comes back',
    rules: ['R-53'],
    scenarios: ['rabbitmq-consumer-timeout', 'rabbitmq-timeout-310'],
    judge: () => new ConsumerTimeoutCloses(),
  },
];
