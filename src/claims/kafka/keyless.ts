/** Claims about records whose key decides nothing: how long a partition sticks, and that every one has its turn (K-24 to K-27). */
import { displayName } from '../../sim/names.ts';
import type { MessageId, TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';

type Published = Extract<TraceEvent, { kind: 'published' }>;

const topicOf = (place: string): string => place.slice(0, place.lastIndexOf('-'));

/**
 * Where a producer's records went, in the order in which it sent them: confirmations of two partitions may overtake one
 * another. A record that failed went nowhere, and neither does one that waits for an answer that never comes.
 */
abstract class InOrderSent implements ClaimFold {
  protected readonly ledger = new Ledger();
  private readonly sent = new Map<string, Published[]>();
  private readonly places = new Map<MessageId, string | null>();

  on(event: TraceEvent): void {
    if (event.kind === 'published' && this.counts(event)) {
      const sent = this.sent.get(event.client) ?? [];
      sent.push(event);
      this.sent.set(event.client, sent);
    }
    if (event.kind === 'client-started') {
      this.sent.delete(event.client);
      this.anew(event.client);
    }
    if (event.kind !== 'publish-confirmed' && event.kind !== 'publish-failed') return;
    const sent = this.sent.get(event.client);
    if (!sent?.some(({ message }) => message === event.message)) return;
    this.places.set(event.message, event.kind === 'publish-confirmed' ? event.place : null);
    for (let first = sent[0]; first !== undefined; first = sent[0]) {
      const place = this.places.get(first.message);
      if (place === undefined) return;
      this.places.delete(first.message);
      sent.shift();
      if (place === null) this.anew(event.client);
      else this.went(first, place, event);
    }
  }

  abstract verdict(ended: boolean): Verdict;
  protected abstract counts(event: Published): boolean;
  /** @param event that told it */
  protected abstract went(record: Published, place: string, event: TraceEvent): void;
  /** What this client will do is not tied to what it has done. */
  protected abstract anew(client: string): void;
}

interface Stay {
  readonly place: string;
  records: number;
  bytes: number;
}

/** What a record may count for beside its value: the header of a batch (61 bytes) and at most 21 of its own. */
const OVERHEAD = 82;

/** K-24. No record goes elsewhere while less than `batch.size` has gone to the partition, whatever counts for its size. */
class StaysForBatchSize extends InOrderSent {
  private readonly batchSizes: ReadonlyMap<string, number>;
  private readonly stays = new Map<string, Stay>();

  constructor(batchSizes: ReadonlyMap<string, number>) {
    super();
    this.batchSizes = batchSizes;
  }

  protected counts({ client, key }: Published): boolean {
    return key === null && this.batchSizes.has(client);
  }

  protected went({ client, message, bytes }: Published, place: string, event: TraceEvent): void {
    const size = this.batchSizes.get(client)!;
    const stay = this.stays.get(client);
    if (stay && stay.bytes + stay.records * OVERHEAD < size) {
      const text = `record ${message} of ${displayName(client)} went to ${place} after ${stay.records} with ${stay.bytes} bytes`;
      if (stay.place === place) this.ledger.confirm(event, () => `${text} there; batch.size is ${size}`);
      else this.ledger.contradict(event, `${text} to ${stay.place}; batch.size is ${size}`);
    }
    if (stay?.place === place) {
      stay.records++;
      stay.bytes += bytes;
    } else this.stays.set(client, { place, records: 1, bytes });
  }

  protected anew(client: string): void {
    this.stays.delete(client);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a producer without keys to send a second record');
  }
}

/** Below so many stays for each partition, one that was never drawn is chance. */
const STAYS_ENOUGH = 10;

/** K-25. Judged of topics whose partition has changed so often that chance leaves none of them out. */
class EveryPartitionDrawn extends InOrderSent {
  private readonly totals = new Map<string, number>();
  private readonly last = new Map<string, string>();
  private readonly drawn = new Map<
    string,
    { readonly places: Set<string>; stays: number; last: TraceEvent }
  >();

  override on(event: TraceEvent): void {
    if (event.kind === 'places-created') this.totals.set(event.name, event.total);
    super.on(event);
  }

  protected counts({ key }: Published): boolean {
    return key === null;
  }

  protected went({ client }: Published, place: string, event: TraceEvent): void {
    const topic = topicOf(place);
    const drawn = this.drawn.get(topic) ?? { places: new Set<string>(), stays: 0, last: event };
    drawn.places.add(place);
    if (this.last.get(client) !== place) drawn.stays++;
    drawn.last = event;
    this.last.set(client, place);
    this.drawn.set(topic, drawn);
  }

  protected anew(client: string): void {
    this.last.delete(client);
  }

  verdict(ended: boolean): Verdict {
    const judged = new Ledger();
    if (ended) {
      for (const [topic, { places, stays, last }] of this.drawn) {
        const total = this.totals.get(topic) ?? 0;
        if (total < 2 || stays < STAYS_ENOUGH * total) continue;
        const text = `in ${stays} stays records without a key went to ${places.size} of ${total} partitions of ${topic}`;
        if (places.size === total) judged.confirm(last, () => text);
        else judged.contradict(last, text);
      }
    }
    return judged.verdict('the end of a run in which the partition has changed many times');
  }
}

/** K-27. Of this producer each record goes on to the next partition, and round again. */
class TakesTurns extends InOrderSent {
  private readonly client: string;
  private readonly totals = new Map<string, number>();
  private round: string[] = [];

  constructor(client: string) {
    super();
    this.client = client;
  }

  override on(event: TraceEvent): void {
    if (event.kind === 'places-created') {
      // Of more partitions it learns later.
      if (this.totals.has(event.name)) this.round = [];
      this.totals.set(event.name, event.total);
    }
    super.on(event);
  }

  protected counts({ client }: Published): boolean {
    return client === this.client;
  }

  protected went({ message }: Published, place: string, event: TraceEvent): void {
    const total = this.totals.get(topicOf(place)) ?? 0;
    if (this.round.length === total) {
      const due = this.round.shift()!;
      const text = `record ${message} went to ${place}`;
      if (place === due) this.ledger.confirm(event, () => `${text}, whose turn it was`);
      else this.ledger.contradict(event, `${text}, and it was ${due}’s turn`);
    } else if (this.round.includes(place))
      this.ledger.contradict(event, `record ${message} went to ${place} before others had their turn`);
    this.round.push(place);
  }

  protected anew(): void {
    this.round = [];
  }

  verdict(): Verdict {
    return this.ledger.verdict('a producer with RoundRobinPartitioner to go round once');
  }
}

const scenarios = ['kafka-held-keyless'];

export const keylessClaims: readonly Claim[] = [
  {
    id: 'kafka.keyless-until-batch-size',
    broker: 'kafka',
    statement: 'Without a key, a partition is kept until batch.size bytes have gone there',
    rules: ['K-24'],
    observable: true,
    scenarios,
    judge: () =>
      new StaysForBatchSize(
        new Map([
          ['small-batches', 400],
          ['large-batches', 16_384],
        ]),
      ),
  },
  {
    id: 'kafka.keyless-every-partition',
    broker: 'kafka',
    statement: 'Over many batches without a key every partition gets some',
    rules: ['K-25'],
    observable: true,
    scenarios,
    judge: () => new EveryPartitionDrawn(),
  },
  {
    id: 'kafka.round-robin-told',
    broker: 'kafka',
    statement: 'RoundRobinPartitioner: one record each, whatever the key, and round again',
    rules: ['K-27'],
    observable: true,
    scenarios,
    judge: () => new TakesTurns('in-turn'),
  },
];
