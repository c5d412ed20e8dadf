/**
 * Claims about transactions: what a reader of committed records is shown, what it waits for, and what a crash leaves.
 * Who asks for committed records only, a reader's `positioned` says.
 */
import { displayName } from '../../sim/names.ts';
import type { Micros } from '../../sim/time.ts';
import { formatSeconds } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict, tellsPlace } from '../claim.ts';
import { readerOf } from '../seen.ts';
import { named } from './partitions.ts';

type Of<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

interface Transaction {
  readonly name: string;
  readonly client: string;
  outcome: Of<'transaction-ended'>['outcome'] | null;
  readonly records: Set<number>;
}

/** Transactions by what their clients say and are told, and who reads committed records only. */
class Told {
  readonly transactions = new Map<string, Transaction>();
  private byRecord = new Map<number, Transaction>();
  private committedOnly = new Map<string, boolean>();

  on(event: TraceEvent): void {
    if (event.kind === 'positioned') this.committedOnly.set(event.client, event.committedOnly === true);
    if (event.kind === 'transaction-began') {
      const { client, transaction: name } = event;
      this.transactions.set(name, { name, client, outcome: null, records: new Set() });
    }
    if (event.kind === 'published' && event.transaction !== undefined) {
      const transaction = this.transactions.get(event.transaction);
      if (!transaction) return;
      transaction.records.add(event.message);
      this.byRecord.set(event.message, transaction);
    }
    if (event.kind === 'transaction-ended') {
      const transaction = this.transactions.get(event.transaction);
      if (transaction) transaction.outcome = event.outcome;
    }
  }

  of(message: number): Transaction | undefined {
    return this.byRecord.get(message);
  }

  /** @returns undefined while it is not known how the client reads */
  readsCommittedOnly(client: string): boolean | undefined {
    return this.committedOnly.get(client);
  }
}

/** K-50. Whoever asks for committed records is given none of a transaction that its producer was told is aborted. */
class ReadCommittedHidesAborted implements ClaimFold {
  private ledger = new Ledger();
  private told = new Told();
  private positions = new Map<number, { place: string; position: number }>();
  /** What readers of committed records were given of transactions whose end is not known yet. */
  private given = new Map<number, TraceEvent>();
  private passed = new Set<string>();

  on(event: TraceEvent): void {
    this.told.on(event);
    if (tellsPlace(event) && event.position !== null && this.told.of(event.message))
      this.positions.set(event.message, { place: event.place, position: event.position });
    if (event.kind === 'transaction-ended') this.ended(event);
    if (event.kind !== 'delivered' || this.told.readsCommittedOnly(event.client) !== true) return;
    const transaction = this.told.of(event.message);
    if (transaction) {
      if (transaction.outcome === null) this.given.set(event.message, event);
      else if (transaction.outcome === 'aborted') this.wrong(event, transaction);
    }
    this.passing(event);
  }

  private ended({ transaction: name, outcome }: Of<'transaction-ended'>): void {
    const transaction = this.told.transactions.get(name);
    for (const message of transaction?.records ?? []) {
      const given = this.given.get(message);
      this.given.delete(message);
      if (given && outcome === 'aborted') this.wrong(given, transaction!);
      if (outcome === 'committed') this.positions.delete(message);
    }
  }

  private wrong(event: TraceEvent, { name }: Transaction): void {
    if (event.kind === 'delivered')
      this.ledger.contradict(
        event,
        `${displayName(event.client)} was given offset ${event.position} of ${event.place}, of ${name}, which was aborted`,
      );
  }

  /** A reader that goes past an aborted record has not been given it. */
  private passing(event: Of<'delivered'>): void {
    for (const [message, { place, position }] of this.positions) {
      if (place !== event.place || position >= event.position) continue;
      const transaction = this.told.of(message)!;
      const id = `${readerOf(event)} ${message}`;
      if (transaction.outcome !== 'aborted' || this.passed.has(id)) continue;
      this.passed.add(id);
      const text = `${displayName(event.client)} goes past offset ${position} of ${place}: ${transaction.name} was aborted`;
      this.ledger.confirm(event, () => text);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a reader of committed records to pass an aborted one');
  }
}

/** K-49. The default: records of transactions that are aborted are given out like any others. */
class ReadUncommittedShowsAborted implements ClaimFold {
  private ledger = new Ledger();
  private told = new Told();
  private given = new Map<number, TraceEvent[]>();
  /** Confirmed records of transactions, per place, by offset. */
  private known = new Map<string, Map<number, number>>();
  private next = new Map<string, number>();

  on(event: TraceEvent): void {
    this.told.on(event);
    if (tellsPlace(event) && event.position !== null && this.told.of(event.message)) {
      let known = this.known.get(event.place);
      if (!known) this.known.set(event.place, (known = new Map<number, number>()));
      known.set(event.position, event.message);
    }
    if (event.kind === 'positioned') this.next.set(`${event.client} ${event.place}`, event.position);
    if (event.kind === 'delivered') this.delivered(event);
    if (event.kind === 'transaction-ended') {
      const transaction = this.told.transactions.get(event.transaction);
      for (const message of transaction?.records ?? []) {
        const given = this.given.get(message);
        this.given.delete(message);
        if (event.outcome === 'aborted') for (const one of given ?? []) this.shown(one, event.transaction);
      }
    }
  }

  private delivered(event: Of<'delivered'>): void {
    if (this.told.readsCommittedOnly(event.client) !== false) return;
    const id = `${event.client} ${event.place}`;
    const from = this.next.get(id);
    this.next.set(id, event.position + 1);
    for (let position = from ?? event.position; position < event.position; position++) {
      const skipped = this.known.get(event.place)?.get(position);
      if (skipped !== undefined)
        this.ledger.contradict(
          event,
          `${displayName(event.client)} was not given offset ${position} of ${event.place}, though it does not ask for committed records only`,
        );
    }
    const transaction = this.told.of(event.message);
    if (transaction?.outcome === 'aborted') this.shown(event, transaction.name);
    else if (transaction?.outcome === null) {
      const list = this.given.get(event.message);
      if (list) list.push(event);
      else this.given.set(event.message, [event]);
    }
  }

  private shown(event: TraceEvent, name: string): void {
    if (event.kind !== 'delivered') return;
    this.ledger.confirm(
      event,
      () =>
        `${displayName(event.client)} was given offset ${event.position} of ${event.place}, of ${name}, which was aborted`,
    );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a reader without read_committed, and a transaction that is aborted');
  }
}

/** K-43, K-50. Who reads past a committed transaction has been given all of it that lies where it reads. */
class CommittedTransactionWhole implements ClaimFold {
  private ledger = new Ledger();
  private told = new Told();
  /** Confirmed records of transactions that are not judged yet. */
  private positions = new Map<number, { place: string; position: number }>();
  private readers = new Map<string, { from: number; to: number; given: Set<number>; whole: Set<string> }>();

  on(event: TraceEvent): void {
    this.told.on(event);
    if (tellsPlace(event) && event.position !== null && this.told.of(event.message))
      this.positions.set(event.message, { place: event.place, position: event.position });
    if (event.kind === 'positioned' && event.committedOnly) {
      const id = `${readerOf({ ...event, message: 0 })} ${event.place}`;
      const reader = this.readers.get(id);
      // Going forward leaves out what lies between.
      if (!reader || event.position > reader.to)
        this.readers.set(id, {
          from: event.position,
          to: event.position,
          given: new Set(),
          whole: new Set(),
        });
    }
    if (event.kind !== 'delivered' || this.told.readsCommittedOnly(event.client) !== true) return;
    const reader = this.readers.get(`${readerOf(event)} ${event.place}`);
    if (!reader) return;
    reader.given.add(event.message);
    reader.to = Math.max(reader.to, event.position + 1);
    for (const transaction of this.told.transactions.values())
      if (transaction.outcome === 'committed') this.judge(event, reader, transaction);
  }

  private judge(
    event: Of<'delivered'>,
    reader: { from: number; to: number; given: Set<number>; whole: Set<string> },
    { name, records }: Transaction,
  ): void {
    if (reader.whole.has(name)) return;
    const here = [...records].flatMap((message) => {
      const at = this.positions.get(message);
      return at?.place === event.place ? [{ message, position: at.position }] : [];
    });
    if (here.length === 0 || here.some(({ position }) => position < reader.from || position >= reader.to))
      return;
    reader.whole.add(name);
    const missing = here.find(({ message }) => !reader.given.has(message));
    if (missing)
      this.ledger.contradict(
        event,
        `${displayName(event.client)} is past offset ${missing.position} of ${event.place} and was not given it, though ${name} was committed`,
      );
    else
      this.ledger.confirm(
        event,
        () =>
          `${displayName(event.client)} was given all ${here.length} records of ${name} in ${event.place}`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a reader of committed records to pass a committed transaction');
  }
}

/** K-47. Nothing at or beyond the last stable offset is given to a reader of committed records, plain records included. */
class OpenTransactionBlocks implements ClaimFold {
  private ledger = new Ledger();
  private told = new Told();
  private highWatermarks = new Map<string, number>();
  private stable = new Map<string, number>();
  /** Per place, offsets that others may read already: since when, and whether time has passed before they were stable. */
  private visible = new Map<string, Map<number, { at: Micros; waited: boolean }>>();

  on(event: TraceEvent): void {
    this.told.on(event);
    if (event.kind === 'high-watermark-advanced') {
      const { place, position, at } = event;
      const before = this.highWatermarks.get(place) ?? 0;
      let visible = this.visible.get(place);
      if (!visible) this.visible.set(place, (visible = new Map<number, { at: Micros; waited: boolean }>()));
      for (let offset = before; offset < position; offset++) visible.set(offset, { at, waited: false });
      if (position > before) this.highWatermarks.set(place, position);
    } else if (event.kind === 'stable-offset-advanced') {
      this.stable.set(event.place, event.position);
      for (const [offset, record] of this.visible.get(event.place) ?? []) {
        if (offset >= event.position) break;
        if (event.at > record.at) record.waited = true;
        else this.visible.get(event.place)!.delete(offset);
      }
    } else if (event.kind === 'delivered' && this.told.readsCommittedOnly(event.client) === true)
      this.delivered(event);
  }

  private delivered(event: Of<'delivered'>): void {
    const { client, place, position, at } = event;
    const stable = this.stable.get(place);
    if (stable === undefined) return;
    if (position >= stable) {
      this.ledger.contradict(
        event,
        `${displayName(client)} was given offset ${position} of ${place}, whose last stable offset is ${stable}`,
      );
      return;
    }
    const record = this.visible.get(place)?.get(position);
    if (record?.waited !== true || this.told.of(event.message)) return;
    this.ledger.confirm(
      event,
      () =>
        `${displayName(client)} had to wait for offset ${position} of ${place}, a plain record, ${formatSeconds(at - record.at)}: an open transaction lay before it`,
    );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a plain record behind an open transaction');
  }
}

/** K-43, K-50. A marker has an offset of its own, and nobody is given it. */
class MarkersTakeOffsets implements ClaimFold {
  private ledger = new Ledger();
  private markers = new Map<string, Set<number>>();
  private next = new Map<string, number>();

  on(event: TraceEvent): void {
    if (event.kind === 'marker-appended') {
      const markers = this.markers.get(event.place);
      if (markers) markers.add(event.position);
      else this.markers.set(event.place, new Set([event.position]));
    }
    // What a new leader does not have may be written over.
    if (event.kind === 'truncated')
      for (const offset of [...(this.markers.get(event.place) ?? [])])
        if (offset >= event.position) this.markers.get(event.place)!.delete(offset);
    if (event.kind === 'positioned') this.next.set(`${event.client} ${event.place}`, event.position);
    if (event.kind !== 'delivered') return;
    const { client, place, position } = event;
    const markers = this.markers.get(place);
    const id = `${client} ${place}`;
    const from = this.next.get(id) ?? position;
    this.next.set(id, position + 1);
    if (!markers) return;
    if (markers.has(position)) {
      this.ledger.contradict(
        event,
        `${displayName(client)} was given offset ${position} of ${place}, a marker`,
      );
      return;
    }
    for (let offset = from; offset < position; offset++)
      if (markers.has(offset))
        this.ledger.confirm(
          event,
          () => `offset ${offset} of ${place} is a marker: ${displayName(client)} goes on at ${position}`,
        );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a reader to pass the end of a transaction');
  }
}

/** What a producer sent before it stood still has reached its coordinator after so long. */
const IN_FLIGHT: Micros = 2_000_000;

/** K-46. A transaction whose producer stands still: the coordinator aborts it, and none of it is ever committed. */
class SilentTransactionAborted implements ClaimFold {
  private ledger = new Ledger();
  private told = new Told();
  /** Per transactional.id, the transaction that its client began last. */
  private open = new Map<string, Transaction>();
  private paused = new Map<string, Micros>();
  private givenUp = new Set<Transaction>();

  on(event: TraceEvent): void {
    this.told.on(event);
    if (event.kind === 'transaction-began' && event.id !== undefined)
      this.open.set(event.id, this.told.transactions.get(event.transaction)!);
    if (event.kind === 'acted' && event.refused === null) {
      if (event.action === 'pause') this.paused.set(event.target, event.at);
      if (event.action === 'resume') this.paused.delete(event.target);
    }
    if (event.kind === 'client-started' || event.kind === 'client-stopped') this.paused.delete(event.client);
    if (event.kind === 'transaction-state-changed' && event.state === 'PrepareAbort') {
      const transaction = this.open.get(event.id);
      const since = this.paused.get(transaction?.client ?? '');
      if (!transaction || transaction.outcome !== null || since === undefined) return;
      if (event.at - since < IN_FLIGHT) return;
      this.givenUp.add(transaction);
      this.ledger.confirm(
        event,
        () => `${transaction.name} is aborted while ${displayName(transaction.client)} stands still`,
      );
    }
    if (event.kind === 'delivered' && this.told.readsCommittedOnly(event.client) === true) {
      const transaction = this.told.of(event.message);
      if (transaction && this.givenUp.has(transaction))
        this.ledger.contradict(
          event,
          `${displayName(event.client)} was given offset ${event.position} of ${event.place}, though ${transaction.name} had been aborted by its coordinator`,
        );
    }
    if (event.kind === 'transaction-ended' && event.outcome === 'committed') {
      const transaction = this.told.transactions.get(event.transaction);
      if (transaction && this.givenUp.has(transaction))
        this.ledger.contradict(
          event,
          `${displayName(event.client)} was told that ${transaction.name} is committed, which its coordinator had aborted`,
        );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict(
      'a producer that stands still with a transaction open, for longer than its timeout',
    );
  }
}

/**
 * K-44. Of the clients with one transactional.id, the one started last is the producer: once it has begun a transaction,
 * nothing that an earlier one sends from then on is confirmed.
 */
class ZombieFenced implements ClaimFold {
  private ledger = new Ledger();
  private started = new Map<string, number>();
  private ids = new Map<string, string>();
  private owners = new Map<string, string>();
  /** What a fenced client has sent since, until it is answered. */
  private late = new Map<number, string>();

  on(event: TraceEvent): void {
    if (event.kind === 'client-started') this.started.set(event.client, event.seq);
    if (event.kind === 'transaction-began' && event.id !== undefined) {
      this.ids.set(event.client, event.id);
      const owner = this.owners.get(event.id);
      if (owner === undefined || this.since(event.client) > this.since(owner))
        this.owners.set(event.id, event.client);
    }
    if (event.kind === 'published' && event.transaction !== undefined && this.isZombie(event.client))
      this.late.set(event.message, event.client);
    if (event.kind === 'publish-confirmed' && this.late.has(event.message))
      this.ledger.contradict(
        event,
        `record ${event.message} of ${displayName(event.client)} was confirmed, though another has its transactional.id`,
      );
    if (event.kind === 'publish-failed' && this.late.has(event.message))
      this.ledger.confirm(
        event,
        () => `record ${event.message} of ${displayName(event.client)}: ${event.error}`,
      );
    if (
      event.kind === 'error' &&
      this.isZombie(event.client) &&
      (event.code === 'ProducerFencedException' || event.code === 'InvalidProducerEpochException')
    )
      this.ledger.confirm(event, () => `${displayName(event.client)}: ${event.code}`);
  }

  private isZombie(client: string): boolean {
    const id = this.ids.get(client);
    const owner = id === undefined ? undefined : this.owners.get(id);
    return owner !== undefined && owner !== client && this.since(owner) > this.since(client);
  }

  private since(client: string): number {
    return this.started.get(client) ?? -1;
  }

  verdict(): Verdict {
    return this.ledger.verdict('two producers with the same transactional.id');
  }
}

/** What an application that reads, works and writes has made of each record that it reads, in whichever of its processes. */
class Results {
  private sources = new Map<number, { to: string; source: number; transactional: boolean }>();
  /** How often the result of one record was written to one topic. */
  private attempts = new Map<string, number>();

  on(event: TraceEvent): void {
    if (event.kind !== 'published' || event.source === undefined) return;
    const { message, to, source, transaction } = event;
    this.sources.set(message, { to, source, transactional: transaction !== undefined });
    const id = `${to} ${source}`;
    this.attempts.set(id, (this.attempts.get(id) ?? 0) + 1);
  }

  /** @returns undefined for a record that is nobody's result */
  of(message: number): { id: string; source: number; transactional: boolean; attempts: number } | undefined {
    const result = this.sources.get(message);
    if (!result) return undefined;
    const { to, source, transactional } = result;
    const id = `${to} ${source}`;
    return { id, source, transactional, attempts: this.attempts.get(id)! };
  }
}

/** K-48, K-112. However often a result was written in transactions, a reader of committed records is given one of them. */
class ExactlyOnce implements ClaimFold {
  private ledger = new Ledger();
  private told = new Told();
  private results = new Results();
  /** Per reader and result, the record that was given. */
  private given = new Map<string, number>();

  on(event: TraceEvent): void {
    this.told.on(event);
    this.results.on(event);
    if (event.kind !== 'delivered' || this.told.readsCommittedOnly(event.client) !== true) return;
    const result = this.results.of(event.message);
    if (!result?.transactional) return;
    const id = `${readerOf(event)} ${result.id}`;
    const before = this.given.get(id);
    this.given.set(id, event.message);
    if (before !== undefined && before !== event.message)
      this.ledger.contradict(
        event,
        `${displayName(event.client)} was given records ${before} and ${event.message}, both made of record ${result.source}`,
      );
    else if (before === undefined && result.attempts > 1)
      this.ledger.confirm(
        event,
        () =>
          `record ${result.source} had its result written ${result.attempts} times: ${displayName(event.client)} is given the one that was committed`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a result that is written again, in another transaction');
  }
}

/** A record that an application has worked on and whose result is confirmed, since its last commit. */
interface Undecided {
  readonly place: string;
  readonly position: number;
  readonly source: number;
}

/** K-72, K-112. Written, not committed, crashed: without a transaction the result is written once more. */
class WithoutTransactionTwice implements ClaimFold {
  private ledger = new Ledger();
  private working = new Map<string, Map<number, Undecided>>();
  private sources = new Map<number, { client: string; source: number }>();
  private written = new Map<string, Set<number>>();
  /** What clients that crashed have written and not committed. */
  private left = new Map<string, Map<number, Undecided>>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'processed':
        this.processed(event);
        break;
      case 'published':
        if (event.source === undefined || event.transaction !== undefined) return;
        this.sources.set(event.message, { client: event.client, source: event.source });
        this.publishedAgain(event, event.source);
        break;
      case 'publish-confirmed': {
        const result = this.sources.get(event.message);
        if (!result) return;
        const written = this.written.get(result.client);
        if (written) written.add(result.source);
        else this.written.set(result.client, new Set([result.source]));
        break;
      }
      case 'settled':
        for (const [source, { place, position }] of this.working.get(event.client) ?? [])
          if (place === event.place && position < event.position)
            this.working.get(event.client)!.delete(source);
        break;
      case 'client-stopped':
        if (event.reason === 'crashed') this.crashed(event.client);
        this.working.delete(event.client);
        break;
      case 'positioned':
        // The broker may know of a commit whose confirmation never came.
        for (const [source, { place, position }] of this.left.get(event.client) ?? [])
          if (place === event.place && position < event.position) this.left.get(event.client)!.delete(source);
        break;
      default:
    }
  }

  private processed(event: Of<'processed'>): void {
    const { client, place, position, message: source } = event;
    for (const other of this.left.get(client)?.values() ?? []) {
      if (other.place === place && other.position < position)
        this.ledger.contradict(
          event,
          `${displayName(client)} is at offset ${position} of ${place} and has not done ${other.position} again`,
        );
    }
    let mine = this.working.get(client);
    if (!mine) this.working.set(client, (mine = new Map<number, Undecided>()));
    mine.set(source, { place, position, source });
  }

  private publishedAgain(event: Of<'published'>, source: number): void {
    const left = this.left.get(event.client);
    const before = left?.get(source);
    if (!left || !before) return;
    left.delete(source);
    this.ledger.confirm(
      event,
      () =>
        `${displayName(event.client)} writes the result of ${named(event.key, source)} a second time: its offset, ${before.position}, had not been committed`,
    );
  }

  private crashed(client: string): void {
    const written = this.written.get(client);
    const left = [...(this.working.get(client)?.values() ?? [])].filter(({ source }) => written?.has(source));
    this.left.set(client, new Map(left.map((one) => [one.source, one])));
  }

  verdict(): Verdict {
    return this.ledger.verdict(
      'an application that crashes between writing a result and committing its offset',
    );
  }
}

/** K-48. With an aborted transaction its offsets are dropped: an application that goes on reads its input again. */
class AbortedInputReadAgain implements ClaimFold {
  private ledger = new Ledger();
  private sources = new Map<string, Set<number>>();
  private inputs = new Map<number, { place: string; position: number }>();
  /** Per client and place, the first offset that was read for a transaction that is aborted. */
  private owed = new Map<string, number>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'processed':
        this.inputs.set(event.message, { place: event.place, position: event.position });
        break;
      case 'published': {
        if (event.source === undefined || event.transaction === undefined) return;
        const sources = this.sources.get(event.transaction);
        if (sources) sources.add(event.source);
        else this.sources.set(event.transaction, new Set([event.source]));
        break;
      }
      case 'transaction-ended':
        if (event.outcome === 'aborted')
          for (const source of this.sources.get(event.transaction) ?? []) {
            const input = this.inputs.get(source);
            if (!input) continue;
            const id = `${event.client} ${input.place}`;
            this.owed.set(id, Math.min(this.owed.get(id) ?? Infinity, input.position));
          }
        this.sources.delete(event.transaction);
        break;
      case 'client-stopped':
      case 'revoked':
        // Whoever has its partitions next begins at the committed offset.
        for (const id of [...this.owed.keys()]) if (id.startsWith(`${event.client} `)) this.owed.delete(id);
        break;
      case 'delivered': {
        const id = `${event.client} ${event.place}`;
        const owed = this.owed.get(id);
        if (owed === undefined) return;
        this.owed.delete(id);
        const text = `${displayName(event.client)} reads ${event.place} from offset ${event.position}, after it aborted what it had made of ${owed}`;
        if (event.position <= owed) this.ledger.confirm(event, () => text);
        else this.ledger.contradict(event, text);
        break;
      }
      default:
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('an application that aborts a transaction with results and goes on');
  }
}

const RUN = 'kafka-transactions';

export const transactionClaims: readonly Claim[] = [
  {
    id: 'kafka.read-committed-hides-aborted',
    broker: 'kafka',
    statement: 'A read_committed reader is given no record of an aborted transaction',
    rules: ['K-50', 'K-43'],
    observable: true,
    scenarios: [
      RUN,
      'kafka-exactly-once',
      'kafka-zombie',
      'kafka-stable-offset',
      'kafka-held-transactions',
      'kafka-held-exactly-once',
    ],
    judge: () => new ReadCommittedHidesAborted(),
  },
  {
    id: 'kafka.read-uncommitted-shows-aborted',
    broker: 'kafka',
    statement: 'By default a reader is given aborted records too',
    rules: ['K-49'],
    observable: true,
    scenarios: [RUN, 'kafka-stable-offset', 'kafka-held-transactions', 'kafka-held-exactly-once'],
    judge: () => new ReadUncommittedShowsAborted(),
  },
  {
    id: 'kafka.committed-transaction-whole',
    broker: 'kafka',
    statement: 'Of a committed transaction a read_committed reader is given everything',
    rules: ['K-43', 'K-50'],
    observable: true,
    scenarios: [
      RUN,
      'kafka-exactly-once',
      'kafka-zombie',
      'kafka-stable-offset',
      'kafka-held-transactions',
      'kafka-held-zombie',
      'kafka-held-exactly-once',
      'kafka-held-cut-processor',
    ],
    judge: () => new CommittedTransactionWhole(),
  },
  {
    id: 'kafka.open-transaction-blocks',
    broker: 'kafka',
    statement: 'An open transaction holds read_committed readers up, for plain records too',
    rules: ['K-47', 'K-3'],
    observable: false,
    scenarios: [RUN, 'kafka-stable-offset'],
    judge: () => new OpenTransactionBlocks(),
  },
  {
    id: 'kafka.markers-take-offsets',
    broker: 'kafka',
    statement: 'The marker that ends a transaction takes an offset that no reader is given',
    rules: ['K-43', 'K-50'],
    observable: false,
    scenarios: [RUN, 'kafka-exactly-once', 'kafka-zombie'],
    judge: () => new MarkersTakeOffsets(),
  },
  {
    id: 'kafka.silent-transaction-aborted',
    broker: 'kafka',
    statement: 'A transaction that stays open too long is aborted by its coordinator',
    rules: ['K-46'],
    observable: false,
    scenarios: [RUN],
    judge: () => new SilentTransactionAborted(),
  },
  {
    id: 'kafka.zombie-fenced',
    broker: 'kafka',
    statement: 'A producer whose transactional.id another has taken can write no more',
    rules: ['K-44', 'K-45'],
    observable: true,
    scenarios: ['kafka-zombie', 'kafka-held-zombie'],
    judge: () => new ZombieFenced(),
  },
  {
    id: 'kafka.exactly-once',
    broker: 'kafka',
    statement: 'Written twice in transactions, a result is shown to a read_committed reader once',
    rules: ['K-48', 'K-112'],
    observable: true,
    scenarios: ['kafka-exactly-once', 'kafka-held-exactly-once', 'kafka-held-cut-processor'],
    judge: () => new ExactlyOnce(),
  },
  {
    id: 'kafka.without-transaction-twice',
    broker: 'kafka',
    statement: 'Without a transaction, a crash before the commit writes results twice',
    rules: ['K-72', 'K-112', 'K-42'],
    observable: true,
    scenarios: ['kafka-exactly-once', 'kafka-held-exactly-once'],
    judge: () => new WithoutTransactionTwice(),
  },
  {
    id: 'kafka.aborted-input-read-again',
    broker: 'kafka',
    statement: 'The input of an aborted transaction is read again',
    rules: ['K-48'],
    observable: true,
    scenarios: ['kafka-exactly-once', 'kafka-held-exactly-once'],
    judge: () => new AbortedInputReadAgain(),
  },
];
