/**
 * Claims about a producer's retries, with `enable.idempotence` and without. No event tells that setting: the producers of
 * the scenarios are called `plain` and `idempotent`.
 */
import { formatSeconds, fromMs, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { failedBy, Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';
import { named } from './partitions.ts';

/** `delivery.timeout.ms` of a producer that is called so, and Kafka's default, which others leave as it is. */
const HASTY = { client: 'hasty', timeout: fromMs(4000) };
const DELIVERY_TIMEOUT: Micros = fromMs(120_000);
/** Runs with a producer of each kind. */
const BOTH_KINDS = [
  'kafka-idempotence',
  'kafka-held-idempotence',
  'kafka-held-cut-producer',
  'kafka-held-cut-given-up',
];
/** A recorder's clock stands still while a broker is stopped and started. */
const SLACK: Micros = fromMs(200);

/** At which offsets the records of one producer have been read, and in what order they were met. */
class Copies {
  private offsets = new Map<number, number[]>();
  private newest = -1;
  private readonly writer: string;
  private mine = new Set<number>();

  constructor(writer: string) {
    this.writer = writer;
  }

  /** @returns what a delivery shows of a record: where it was read before, and behind which newer one this copy was met first */
  on(event: TraceEvent): { before: readonly number[]; overtakenBy: number | null } | undefined {
    if (event.kind === 'published' && event.client === this.writer) this.mine.add(event.message);
    if (event.kind !== 'delivered' || !this.mine.has(event.message)) return undefined;
    const { message, position } = event;
    const before = this.offsets.get(message) ?? [];
    const isNew = !before.includes(position);
    if (isNew) this.offsets.set(message, [...before, position]);
    const overtakenBy = isNew && message < this.newest ? this.newest : null;
    this.newest = Math.max(this.newest, message);
    return { before: before.filter((offset) => offset !== position), overtakenBy };
  }
}

/** Whether the readers of `plain` have met a record twice or out of order: then both producers had reason to retry. */
class Troubled {
  private copies = new Copies('plain');
  seen = false;

  on(event: TraceEvent): void {
    const found = this.copies.on(event);
    if (found && (found.before.length > 0 || found.overtakenBy !== null)) this.seen = true;
  }
}

/** K-33. Read at two offsets, of which the producer was told the last. */
class RetryWritesTwice implements ClaimFold {
  private ledger = new Ledger();
  private copies = new Copies('plain');
  private told = new Map<number, number>();

  on(event: TraceEvent): void {
    if (event.kind === 'publish-confirmed' && event.position !== null)
      this.told.set(event.message, event.position);
    const found = this.copies.on(event);
    if (event.kind !== 'delivered' || !found || found.before.length === 0) return;
    const { key, message, position } = event;
    const told = this.told.get(message);
    const text = `${named(key, message)} is at offsets ${[...found.before, position].join(' and ')} of ${event.place}`;
    if (told !== undefined && told < position)
      this.ledger.contradict(event, `${text}; its producer was told ${told}, which is not the last`);
    else this.ledger.confirm(event, () => text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a retry without idempotence of a record that had been written');
  }
}

/** K-38. Under the same faults, each record of the idempotent producer is read at one offset. */
class IdempotentOnce implements ClaimFold {
  private ledger = new Ledger();
  private troubled = new Troubled();
  private copies = new Copies('idempotent');

  on(event: TraceEvent): void {
    this.troubled.on(event);
    const found = this.copies.on(event);
    if (event.kind !== 'delivered' || !found) return;
    const text = `${named(event.key, event.message)} is at offset ${event.position} of ${event.place}`;
    if (found.before.length > 0) this.ledger.contradict(event, `${text}, and at ${found.before.join(', ')}`);
    else this.ledger.confirm(event, () => text);
  }

  verdict(): Verdict {
    const waitsFor = 'faults that make the producer without idempotence write twice';
    return this.troubled.seen || this.ledger.failed
      ? this.ledger.verdict(waitsFor)
      : { status: 'open', waitsFor };
  }
}

/** K-33. A copy of a record is met behind a later one; it can only be one that was not confirmed when that was sent. */
class RetryReorders implements ClaimFold {
  private ledger = new Ledger();
  private copies = new Copies('plain');
  private confirmed = new Map<number, number>();
  private published = new Map<number, number>();

  on(event: TraceEvent): void {
    if (event.kind === 'published') this.published.set(event.message, event.seq);
    if (event.kind === 'publish-confirmed' && !this.confirmed.has(event.message))
      this.confirmed.set(event.message, event.seq);
    const found = this.copies.on(event);
    if (event.kind !== 'delivered' || !found || found.overtakenBy === null) return;
    const { key, message, position, place } = event;
    const text = `${named(key, message)} is at offset ${position} of ${place}, behind record ${found.overtakenBy}, which was sent later`;
    if ((this.confirmed.get(message) ?? Infinity) < (this.published.get(found.overtakenBy) ?? Infinity))
      this.ledger.contradict(event, `${text}, when this one had been confirmed`);
    else this.ledger.confirm(event, () => text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a retry without idempotence that lands behind a later record');
  }
}

/** K-38, K-40. Under the same faults, the idempotent producer's records are met in the order sent. */
class IdempotentInOrder implements ClaimFold {
  private ledger = new Ledger();
  private troubled = new Troubled();
  private copies = new Copies('idempotent');

  on(event: TraceEvent): void {
    this.troubled.on(event);
    const found = this.copies.on(event);
    if (event.kind !== 'delivered' || !found || found.before.length > 0) return;
    const text = `${named(event.key, event.message)} is at offset ${event.position} of ${event.place}`;
    if (found.overtakenBy !== null)
      this.ledger.contradict(event, `${text}, behind record ${found.overtakenBy}`);
    else this.ledger.confirm(event, () => `${text}, behind those sent before it`);
  }

  verdict(): Verdict {
    const waitsFor = 'faults that make the producer without idempotence reorder';
    return this.troubled.seen || this.ledger.failed
      ? this.ledger.verdict(waitsFor)
      : { status: 'open', waitsFor };
  }
}

/** K-38. A batch that the broker knows already is answered with the offset that it has. */
class RetryAnsweredWithFirstOffset implements ClaimFold {
  private ledger = new Ledger();
  private mine = new Set<number>();
  private written = new Map<number, number>();
  private again = new Set<number>();

  on(event: TraceEvent): void {
    if (event.kind === 'published' && event.client === 'idempotent') this.mine.add(event.message);
    if (event.kind === 'sent' && event.from === 'idempotent' && event.what === 'Produce')
      for (const message of event.messages ?? []) if (this.written.has(message)) this.again.add(message);
    if (event.kind === 'appended' && this.mine.has(event.message)) {
      const first = this.written.get(event.message);
      if (first === undefined) this.written.set(event.message, event.position);
      else
        this.ledger.contradict(
          event,
          `record ${event.message} was written at offset ${first}, and again at ${event.position}`,
        );
    }
    if (event.kind !== 'publish-confirmed' || !this.again.has(event.message)) return;
    const first = this.written.get(event.message)!;
    if (event.position === first)
      this.ledger.confirm(
        event,
        () => `record ${event.message} was sent again, and answered with offset ${first}, where it was`,
      );
    else
      this.ledger.contradict(
        event,
        `record ${event.message} is at offset ${first}; its retry was answered with ${String(event.position)}`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a retry with idempotence of a record that had been written');
  }
}

/** K-31. A send that was given up, after `delivery.timeout.ms` and not before, and whose record was read all the same. */
class GivenUpAndThere implements ClaimFold {
  private published = new Map<number, Micros>();
  private failed = new Map<number, Extract<TraceEvent, { kind: 'publish-failed' }>>();
  private read = new Set<number>();
  private early: { event: TraceEvent; text: string } | null = null;

  on(event: TraceEvent): void {
    if (event.kind === 'published') this.published.set(event.message, event.at);
    if (event.kind === 'delivered') this.read.add(event.message);
    if (event.kind !== 'publish-failed' || !event.error.startsWith('TimeoutException')) return;
    this.failed.set(event.message, event);
    const waited = event.at - (this.published.get(event.message) ?? event.at);
    const timeout = event.client === HASTY.client ? HASTY.timeout : DELIVERY_TIMEOUT;
    if (waited < timeout - SLACK)
      this.early ??= { event, text: `record ${event.message} was given up after ${formatSeconds(waited)}` };
  }

  verdict(): Verdict {
    if (this.early) return failedBy(this.early.event, this.early.text);
    const ledger = new Ledger();
    for (const [message, event] of this.failed) {
      if (!this.read.has(message)) continue;
      const waited = event.at - (this.published.get(message) ?? event.at);
      ledger.confirm(
        event,
        () => `record ${message} was given up ${formatSeconds(waited)} after it was sent, and has been read`,
      );
    }
    return ledger.verdict('a send to be given up although its record was written');
  }
}

/** K-31, K-33. Read for the first time when its send had been given up: the request was still on its way to the broker. */
class WrittenAfterGivenUp implements ClaimFold {
  private ledger = new Ledger();
  private failedAt = new Map<number, Micros>();
  /** Read by then, or known to be written, which clients are not told: of these it says nothing. */
  private before = new Set<number>();

  on(event: TraceEvent): void {
    if (event.kind === 'publish-failed' && event.error.startsWith('TimeoutException'))
      this.failedAt.set(event.message, event.at);
    if (event.kind === 'publish-confirmed' && this.failedAt.has(event.message))
      this.ledger.contradict(event, `record ${event.message} was confirmed after it was given up`);
    if (event.kind === 'appended' && !this.failedAt.has(event.message)) this.before.add(event.message);
    if (event.kind !== 'delivered' || this.before.has(event.message)) return;
    this.before.add(event.message);
    const failedAt = this.failedAt.get(event.message);
    if (failedAt === undefined) return;
    const { key, message, at } = event;
    this.ledger.confirm(
      event,
      () => `${named(key, message)} was first read ${formatSeconds(at - failedAt)} after it was given up`,
    );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a record to be first read after it was given up');
  }
}

export const idempotenceClaims: readonly Claim[] = [
  {
    id: 'kafka.retry-writes-twice',
    broker: 'kafka',
    statement: 'Without idempotence, a retry whose first attempt was written is a second record',
    rules: ['K-33', 'K-32'],
    observable: true,
    scenarios: BOTH_KINDS,
    judge: () => new RetryWritesTwice(),
  },
  {
    id: 'kafka.retry-reorders',
    broker: 'kafka',
    statement: 'Without idempotence, a retry can land behind what was sent after it',
    rules: ['K-33', 'K-32'],
    observable: true,
    scenarios: ['kafka-idempotence', 'kafka-held-cut-given-up'],
    judge: () => new RetryReorders(),
  },
  {
    id: 'kafka.idempotent-once',
    broker: 'kafka',
    statement: 'With idempotence, each record is in the log once, under the same faults',
    rules: ['K-37', 'K-38'],
    observable: true,
    scenarios: BOTH_KINDS,
    judge: () => new IdempotentOnce(),
  },
  {
    id: 'kafka.idempotent-in-order',
    broker: 'kafka',
    statement: 'With idempotence, records are in the order sent, under the same faults',
    rules: ['K-38', 'K-40'],
    observable: true,
    scenarios: BOTH_KINDS,
    judge: () => new IdempotentInOrder(),
  },
  {
    id: 'kafka.retry-answered-with-first-offset',
    broker: 'kafka',
    statement: 'A retry that the broker knows is answered with the offset the record has',
    rules: ['K-38'],
    observable: false,
    scenarios: ['kafka-idempotence'],
    judge: () => new RetryAnsweredWithFirstOffset(),
  },
  {
    id: 'kafka.given-up-and-there',
    broker: 'kafka',
    statement: 'A send is given up after delivery.timeout.ms, and its record may be in the log',
    rules: ['K-31'],
    observable: true,
    scenarios: ['kafka-delivery-timeout', 'kafka-held-cut-producer', 'kafka-held-cut-given-up'],
    judge: () => new GivenUpAndThere(),
  },
  {
    id: 'kafka.written-after-given-up',
    broker: 'kafka',
    statement: 'A record can be written after its producer has given it up',
    rules: ['K-31', 'K-33'],
    observable: true,
    scenarios: ['kafka-held-cut-given-up'],
    judge: () => new WrittenAfterGivenUp(),
  },
];
