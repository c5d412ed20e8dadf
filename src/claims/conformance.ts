/**
 * What every broker's every run must satisfy, read from the trace alone: the checkers know no model.
 *
 * A checker collects violations; an empty list is conformance. Which of them apply, the broker's promises say
 * (src/brokers/broker.ts). Determinism is not here: it needs two runs, and the suite compares them byte for byte.
 */
import type { TraceEvent } from '../sim/trace.ts';
import type { Checker, Violation } from './checker.ts';
import { OneFate, Prefetch, QueuesAtRest } from './conformance-queues.ts';

interface Published {
  readonly client: string;
  readonly seq: number;
  /** Its publisher was told what became of it, or asked for no word. */
  told: boolean;
  /** It was confirmed or given up. */
  settled: boolean;
  /** It came into a place, or the run says why it did not. */
  accounted: boolean;
}

interface Lying {
  readonly message: number;
  /** −1 once the place has been deleted. */
  epoch: number;
  readonly before: Set<number>;
}

/**
 * Nothing comes from nowhere: what is appended was published, what is confirmed was appended where it was said to be (or,
 * where that is not said, somewhere, unless it was returned or dropped), what is delivered lies at that place and position,
 * what is finished was delivered to that client.
 * Nothing goes nowhere: every message published is in the end confirmed, failed, returned, or open, its client being gone or
 * one that is told nothing. What is returned may be confirmed as well; otherwise there is one word on each message.
 */
export class Conservation implements Checker {
  readonly name = 'conservation';
  private found: Violation[] = [];
  private published = new Map<number, Published>();
  /** What lies at each place and position, and what lay there before a later leader wrote anew. */
  private stored = new Map<string, Map<number, Lying>>();
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
        this.published.set(event.message, {
          client: event.client,
          seq: event.seq,
          told: event.untold === true,
          settled: false,
          accounted: false,
        });
        break;
      case 'appended':
        this.append(event);
        break;
      case 'places-deleted':
        // What is made anew under the name counts from the beginning.
        for (const place of event.places)
          for (const there of this.stored.get(place)?.values() ?? []) there.epoch = -1;
        break;
      case 'dropped': {
        const published = event.message === null ? undefined : this.published.get(event.message);
        if (published) published.accounted = true;
        break;
      }
      case 'publish-confirmed':
        this.settle(event, event.message);
        if (event.place === null) this.confirmedNowhere(event);
        if (
          event.place !== null &&
          event.position !== null &&
          !this.lay(event.place, event.position, event.message)
        ) {
          this.violated(
            event,
            `message ${event.message} is confirmed at ${event.place} ${event.position} and not there`,
          );
        }
        break;
      case 'publish-failed':
        this.settle(event, event.message);
        break;
      case 'returned': {
        const published = this.published.get(event.message);
        if (!published) this.violated(event, `message ${event.message} was never published`);
        else {
          if (published.settled) this.violated(event, `message ${event.message} is returned and was settled`);
          published.told = published.accounted = true;
        }
        break;
      }
      case 'delivered':
        if (!this.lay(event.place, event.position, event.message)) {
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
    const open = [...this.published].filter(([, { told, client }]) => !told && !this.gone.has(client));
    return [
      ...this.found,
      ...open.map(([message, { client, seq }]) => ({
        seq,
        text: `${client} never learnt what became of message ${message}`,
      })),
    ];
  }

  /**
   * A leadership writes each position once. A later one may write it anew, where nobody kept what was there; and one that
   * does not know yet that it has been deposed may write where its successor has written already.
   */
  private append(event: Extract<TraceEvent, { kind: 'appended' }>): void {
    const { place, position, message, epoch } = event;
    const published = this.published.get(message);
    if (!published) this.violated(event, `message ${message} was never published`);
    else published.accounted = true;
    let stored = this.stored.get(place);
    if (!stored) this.stored.set(place, (stored = new Map<number, Lying>()));
    const there = stored.get(position);
    if (there?.epoch === epoch) this.violated(event, `position ${position} of ${place} is taken`);
    if (there && epoch < there.epoch) {
      there.before.add(message);
      return;
    }
    const before = there ? there.before.add(there.message) : new Set<number>();
    stored.set(position, { message, epoch, before });
  }

  private lay(place: string, position: number, message: number): boolean {
    const there = this.stored.get(place)?.get(position);
    return there !== undefined && (there.message === message || there.before.has(message));
  }

  private settle(event: TraceEvent, message: number): void {
    const published = this.published.get(message);
    if (!published) this.violated(event, `message ${message} was never published`);
    else if (published.settled) this.violated(event, `message ${message} is settled twice`);
    else published.settled = published.told = true;
  }

  /** A confirm that says no place is good for what came into one, or for what the run says is gone. */
  private confirmedNowhere(event: TraceEvent & { message: number }): void {
    if (this.published.get(event.message)?.accounted === false)
      this.violated(event, `message ${event.message} is confirmed and was stored nowhere`);
  }

  private violated(event: TraceEvent, text: string): void {
    this.found.push({ seq: event.seq, text });
  }
}

/**
 * First deliveries of one place to one group come in order of position: as long as nobody moves the group's position, and
 * for a group whose members share a place out as a whole. One that shares a log message by message (the broker then counts
 * deliveries) is promised no order.
 *
 * A queue gives out in order what it gives out for the first time; what comes back may come later. Messages of different
 * priority have no order: a broker that knows priorities is to be asked without them.
 */
export class PlaceOrder implements Checker {
  readonly name = 'order of each place';
  private found: Violation[] = [];
  /** By group and place; of a queue, by the queue. */
  private furthest = new Map<string, number>();
  private seen = new Set<string>();
  /** What each queue has given out. */
  private given = new Map<string, Set<number>>();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created' && event.holds === 'queue')
      for (const place of event.places) {
        this.given.set(place, new Set());
        this.furthest.delete(place);
      }
    if (event.kind === 'acquired' || event.kind === 'removed') this.gaveOut(event);
    if (event.kind === 'positioned' && (event.by === 'seek' || event.outOfRange))
      this.furthest.set(`${event.group ?? event.client} ${event.place}`, event.position - 1);
    if (event.kind !== 'delivered' || event.deliveryCount !== null || this.given.has(event.place)) return;
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

  /** `removed` without `acquired`: to one who need not acknowledge. */
  private gaveOut({ place, position, seq }: Extract<TraceEvent, { kind: 'acquired' | 'removed' }>): void {
    const given = this.given.get(place);
    if (!given || given.has(position)) return;
    given.add(position);
    const furthest = this.furthest.get(place) ?? -1;
    if (position < furthest)
      this.found.push({ seq, text: `${place} gave out ${position} for the first time after ${furthest}` });
    this.furthest.set(place, Math.max(furthest, position));
  }

  violations(): Violation[] {
    return this.found;
  }
}

/**
 * Once everything is at rest, what was confirmed has been finished by every group that reads the topic or queue it is in.
 * Of a queue that is consumed nothing confirmed is left: what is in it was settled, sent on, or dropped for a stated reason.
 * Not owed is what the run says is gone: expired, compacted, archived by the group, thrown away or written over after a
 * change of leader, skipped by a reader who moved its position, or part of a transaction that did not commit.
 */
export class AtLeastOnce implements Checker {
  readonly name = 'at least once';
  private confirmed = new Map<number, { seq: number; place: string; position: number }>();
  private finished = new Map<string, Set<number>>();
  private startedAt = new Map<string, number>();
  /** Which topics or queues each group reads, and which of them each place is of. */
  private reads = new Map<string, Set<string>>();
  private nameOf = new Map<string, string>();
  private transactionOf = new Map<number, string>();
  private committed = new Set<string>();
  private expiredBelow = new Map<string, number>();
  private gone = new Set<number>();
  private archived = new Map<string, Set<number>>();
  private stored = new Map<string, { message: number; epoch: number; node: string }>();
  /** Where each message was last stored. */
  private lies = new Map<number, string>();
  private paused = new Set<string>();
  private queues = new QueuesAtRest();

  on(event: TraceEvent): void {
    this.queues.on(event);
    switch (event.kind) {
      case 'published':
        if (event.transaction !== undefined) this.transactionOf.set(event.message, event.transaction);
        break;
      case 'transaction-ended':
        if (event.outcome === 'committed') this.committed.add(event.transaction);
        break;
      case 'publish-confirmed':
        if (event.place === null || event.position === null) break;
        this.confirmed.set(event.message, { seq: event.seq, place: event.place, position: event.position });
        break;
      case 'appended': {
        const at = `${event.place} ${event.position}`;
        const before = this.stored.get(at);
        if (before && before.epoch > event.epoch) this.gone.add(event.message);
        else {
          if (before && before.message !== event.message) this.gone.add(before.message);
          this.stored.set(at, event);
          this.lies.set(event.message, at);
          this.gone.delete(event.message);
        }
        break;
      }
      case 'truncated':
        // A replica that throws away what another leader wrote loses a copy; the writer itself, the last one.
        for (const message of event.messages) {
          const there = this.stored.get(this.lies.get(message) ?? '');
          if (there?.message !== message || there.node === event.node) this.gone.add(message);
        }
        break;
      case 'expired':
        if (event.message !== null) this.gone.add(event.message);
        else
          this.expiredBelow.set(
            event.place,
            Math.max(event.position, this.expiredBelow.get(event.place) ?? -1),
          );
        break;
      case 'compacted':
      case 'dropped':
        if (event.message !== null) this.gone.add(event.message);
        break;
      case 'archived':
        if (event.message !== null) {
          const archived = this.archived.get(event.group) ?? new Set<number>();
          this.archived.set(event.group, archived.add(event.message));
        }
        break;
      case 'reading-paused':
        for (const place of event.places) this.paused.add(`${event.group ?? event.client} ${place}`);
        break;
      case 'reading-resumed':
        for (const place of event.places) this.paused.delete(`${event.group ?? event.client} ${place}`);
        break;
      case 'places-created':
        for (const place of event.places) this.nameOf.set(place, event.name);
        break;
      case 'positioned': {
        const id = `${event.group ?? event.client} ${event.place}`;
        const group = event.group ?? event.client;
        const names = this.reads.get(group) ?? new Set<string>();
        this.reads.set(group, names.add(this.nameOf.get(event.place) ?? event.place));
        const started = this.startedAt.get(id);
        if (started === undefined || (event.by === 'seek' && event.position > started))
          this.startedAt.set(id, event.position);
        break;
      }
      case 'processed': {
        const group = event.group ?? event.client;
        const finished = this.finished.get(group) ?? new Set<number>();
        this.finished.set(group, finished.add(event.message));
        break;
      }
    }
  }

  violations(atRest: boolean): Violation[] {
    if (!atRest) return [];
    const owed = [...this.confirmed]
      .filter(([message, { place, position }]) => {
        const transaction = this.transactionOf.get(message);
        if (transaction !== undefined && !this.committed.has(transaction)) return false;
        return !this.gone.has(message) && position > (this.expiredBelow.get(place) ?? -1);
      })
      .flatMap(([message, { seq, place, position }]) =>
        [...this.reads]
          .filter(([, names]) => names.has(this.nameOf.get(place) ?? place))
          .map(([group]) => group)
          .filter((group) => position >= (this.startedAt.get(`${group} ${place}`) ?? 0))
          .filter((group) => !this.paused.has(`${group} ${place}`))
          .filter((group) => !this.finished.get(group)?.has(message))
          .filter((group) => !this.archived.get(group)?.has(message))
          .map((group) => ({ seq, text: `message ${message} was confirmed and never finished by ${group}` })),
      );
    return [...owed, ...this.queues.left()];
  }
}

/** The checkers that a broker with these promises must pass. */
export function checkersFor(promises: { orderedPlaces: boolean; atLeastOnce: boolean }): Checker[] {
  return [
    new Conservation(),
    ...(promises.orderedPlaces ? [new PlaceOrder()] : []),
    ...(promises.atLeastOnce ? [new AtLeastOnce()] : []),
    new OneFate(),
    new Prefetch(),
  ];
}
