/** Claims about how records spread over partitions: by key, in turn, by load, and when a topic grows (K-22 to K-27). */
import { displayName } from '../../sim/names.ts';
import type { Micros } from '../../sim/time.ts';
import type { MessageId, TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict, tellsPlace } from '../claim.ts';
import { SeenByReader, readerOf } from '../seen.ts';
import { named } from './partitions.ts';

const percent = (part: number, whole: number): string => `${Math.round((100 * part) / whole)} %`;

const topicOf = (place: string): string => place.slice(0, place.lastIndexOf('-'));

/** How the confirmed records of a topic lie in its partitions, until it grows. */
interface Spread {
  readonly topic: string;
  partitions: number;
  grown: boolean;
  records: number;
  /** Per key, per place. */
  readonly keys: Map<string, Map<string, number>>;
  readonly places: Map<string, number>;
  last: TraceEvent | null;
}

/** Counts what was confirmed in topics that are written to by key. */
abstract class OnSpread implements ClaimFold {
  private keys = new Map<MessageId, string | null>();
  private spreads = new Map<string, Spread>();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created') {
      const spread = this.spreads.get(event.name);
      if (spread) spread.grown = true;
      else
        this.spreads.set(event.name, {
          topic: event.name,
          partitions: event.total,
          grown: false,
          records: 0,
          keys: new Map(),
          places: new Map(),
          last: null,
        });
    }
    if (event.kind === 'published') this.keys.set(event.message, event.key);
    // Its key decided nothing (K-21).
    if (event.kind === 'routed' && event.why !== 'key') this.keys.delete(event.message);
    if (event.kind === 'publish-failed') this.keys.delete(event.message);
    if (!tellsPlace(event)) return;
    const key = this.keys.get(event.message) ?? null;
    this.keys.delete(event.message);
    const spread = this.spreads.get(topicOf(event.place));
    if (!spread || spread.grown || key === null) return;
    spread.records++;
    spread.last = event;
    spread.places.set(event.place, (spread.places.get(event.place) ?? 0) + 1);
    let places = spread.keys.get(key);
    if (!places) spread.keys.set(key, (places = new Map<string, number>()));
    places.set(event.place, (places.get(event.place) ?? 0) + 1);
  }

  verdict(): Verdict {
    const judged = new Ledger();
    for (const spread of this.spreads.values()) if (spread.last) this.judge(spread, spread.last, judged);
    return judged.verdict(this.waitsFor);
  }

  protected abstract readonly waitsFor: string;
  protected abstract judge(spread: Spread, last: TraceEvent, judged: Ledger): void;
}

const total = (counts: ReadonlyMap<string, number>): number => {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
};

/** Below this a share is chance. */
const RECORDS_ENOUGH = 40;

/** K-23. A key with clearly more than an equal share makes its partition one too; that of a topic with one partition says nothing. */
class HotKeyHotPartition extends OnSpread {
  protected readonly waitsFor = 'a key with more than its share of a topic';

  protected judge(
    { topic, partitions, records, keys, places }: Spread,
    last: TraceEvent,
    judged: Ledger,
  ): void {
    if (records < RECORDS_ENOUGH || partitions < 2) return;
    for (const [key, homes] of keys) {
      const count = total(homes);
      if (count * partitions < 1.3 * records) continue;
      const text = `${percent(count, records)} of ${topic} have key ${key}`;
      if (homes.size > 1) {
        judged.contradict(last, `${text}, in ${[...homes.keys()].join(' and ')}`);
        continue;
      }
      const home = [...homes.keys()][0]!;
      judged.confirm(
        last,
        () =>
          `${text}; ${home} has ${percent(places.get(home)!, records)}, an equal share is ${percent(1, partitions)}`,
      );
    }
  }
}

/** K-23. Many keys, none of them large: no partition has twice an equal share. */
class ManyKeysSpread extends OnSpread {
  protected readonly waitsFor = 'a topic with many keys of about the same weight';

  protected judge(
    { topic, partitions, records, keys, places }: Spread,
    last: TraceEvent,
    judged: Ledger,
  ): void {
    if (records < RECORDS_ENOUGH || partitions < 2 || keys.size < 10 * partitions) return;
    for (const homes of keys.values()) if (total(homes) > records / 10) return;
    const most = Math.max(...places.values());
    const text = `of ${records} records with ${keys.size} keys, the fullest of ${partitions} partitions of ${topic} has ${percent(most, records)}`;
    if (most * partitions < 2 * records) judged.confirm(last, () => text);
    else judged.contradict(last, text);
  }
}

/** What a round-robin producer goes through, as far as it is known. */
interface Turn {
  cycle: string[];
  /** Whether it has come back to where the cycle began. */
  closed: boolean;
  next: number;
}

/**
 * K-27. Each record goes to the partition after that of the one before. Judged once a producer has gone round all the
 * partitions there are: of new ones it learns when its metadata is refreshed.
 */
class RoundRobinInTurn implements ClaimFold {
  private ledger = new Ledger();
  private turns = new Map<string, Turn>();
  private totals = new Map<string, number>();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created') this.totals.set(event.name, event.total);
    if (event.kind === 'client-started')
      for (const id of this.turns.keys()) if (id.startsWith(`${event.client} `)) this.turns.delete(id);
    if (event.kind !== 'routed' || event.why !== 'round-robin') return;
    const { place, by } = event;
    const id = `${by} ${topicOf(place)}`;
    const turn = this.turns.get(id);
    if (!turn) {
      this.turns.set(id, { cycle: [place], closed: false, next: 0 });
      return;
    }
    if (!turn.closed && !turn.cycle.includes(place)) {
      turn.cycle.push(place);
      return;
    }
    turn.closed = true;
    const expected = turn.cycle[turn.next]!;
    const all = turn.cycle.length === this.totals.get(topicOf(place));
    if (place === expected) {
      if (all) this.ledger.confirm(event, () => `record ${event.message} goes to ${place}: it is its turn`);
      turn.next = (turn.next + 1) % turn.cycle.length;
    } else if (all) {
      this.ledger.contradict(
        event,
        `record ${event.message} goes to ${place}, and it was ${expected}’s turn`,
      );
    } else {
      this.turns.set(id, { cycle: [place], closed: false, next: 0 });
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a producer with RoundRobinPartitioner to go round once');
  }
}

/** K-24, K-27. Records per batch, where a batch is what a leader appends to one partition at once. */
class RoundRobinSmallBatches implements ClaimFold {
  private why = new Map<MessageId, string>();
  private open = new Map<string, { at: Micros; why: string }>();
  private counts = new Map<string, { records: number; batches: number }>();
  private last: TraceEvent | null = null;

  on(event: TraceEvent): void {
    if (event.kind === 'routed') this.why.set(event.message, event.why);
    if (event.kind !== 'appended') return;
    const why = this.why.get(event.message);
    this.why.delete(event.message);
    if (why === undefined) return;
    this.last = event;
    let counts = this.counts.get(why);
    if (!counts) this.counts.set(why, (counts = { records: 0, batches: 0 }));
    counts.records++;
    const before = this.open.get(event.place);
    if (before?.at === event.at && before.why === why) return;
    counts.batches++;
    this.open.set(event.place, { at: event.at, why });
  }

  verdict(ended: boolean): Verdict {
    const judged = new Ledger();
    const sticky = this.counts.get('sticky');
    const turn = this.counts.get('round-robin');
    // Without two records in one batch anywhere, there is no batching to compare.
    if (ended && this.last && sticky && turn && sticky.records > sticky.batches) {
      const text = `${turn.records} records took ${turn.batches} batches in turn; ${sticky.records} took ${sticky.batches} with the sticky partitioner`;
      if (turn.records * sticky.batches < sticky.records * turn.batches)
        judged.confirm(this.last, () => text);
      else judged.contradict(this.last, text);
    }
    return judged.verdict('the end of a run with both partitioners, and batches of several records');
  }
}

/** K-23, K-111. Judged for keys that one producer alone uses, on first deliveries. */
class NewPartitionsBreakKeyOrder implements ClaimFold {
  private ledger = new Ledger();
  private created = new Set<string>();
  private grown = new Set<string>();
  private owners = new Map<string, string | null>();
  private latest = new Map<string, { message: MessageId; place: string }>();
  private seen = new SeenByReader();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created') {
      if (this.created.has(event.name)) this.grown.add(event.name);
      this.created.add(event.name);
    }
    if (event.kind === 'published' && event.key !== null) {
      const id = `${event.to} ${event.key}`;
      const owner = this.owners.get(id);
      if (owner === undefined) this.owners.set(id, event.client);
      else if (owner !== event.client) this.owners.set(id, null);
    }
    if (event.kind !== 'delivered' || event.key === null || !this.seen.add(event)) return;
    const { message, place, key } = event;
    const topic = topicOf(place);
    if (this.owners.get(`${topic} ${key}`) === null) return;
    const id = `${readerOf(event)} ${topic} ${key}`;
    const latest = this.latest.get(id);
    if (!latest || message > latest.message) {
      this.latest.set(id, { message, place });
      return;
    }
    const text = `${named(key, message)} from ${place} reached ${displayName(event.client)} after record ${latest.message} from ${latest.place}, which was sent later`;
    if (this.grown.has(topic) && place !== latest.place) this.ledger.confirm(event, () => text);
    else this.ledger.contradict(event, text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('partitions to be added to a topic that a group is behind in');
  }
}

/** K-26. Judged where one partition is confirmed far more slowly than another, by a producer that sends without keys. */
class AdaptiveAvoidsSlow implements ClaimFold {
  private sent = new Map<MessageId, { at: Micros; client: string }>();
  private clients = new Map<string, Map<string, { records: number; micros: number }>>();
  private last: TraceEvent | null = null;

  on(event: TraceEvent): void {
    if (event.kind === 'published' && event.key === null)
      this.sent.set(event.message, { at: event.at, client: event.client });
    if (event.kind === 'publish-failed') this.sent.delete(event.message);
    if (!tellsPlace(event)) return;
    const sent = this.sent.get(event.message);
    this.sent.delete(event.message);
    if (!sent) return;
    this.last = event;
    let places = this.clients.get(sent.client);
    if (!places)
      this.clients.set(sent.client, (places = new Map<string, { records: number; micros: number }>()));
    const place = places.get(event.place) ?? { records: 0, micros: 0 };
    place.records++;
    place.micros += event.at - sent.at;
    places.set(event.place, place);
  }

  verdict(ended: boolean): Verdict {
    const judged = new Ledger();
    if (ended && this.last) {
      for (const [client, places] of this.clients) {
        const byWait = [...places].sort(([, a], [, b]) => a.micros / a.records - b.micros / b.records);
        const [fast, quick] = byWait[0]!;
        const [slow, late] = byWait.at(-1)!;
        const slower = late.micros / late.records / (quick.micros / quick.records);
        if (slower < 4 || quick.records + late.records < RECORDS_ENOUGH) continue;
        const text = `${displayName(client)} sent ${quick.records} records to ${fast} and ${late.records} to ${slow}, which takes ${Math.round(slower)} times as long`;
        if (2 * late.records < quick.records) judged.confirm(this.last, () => text);
        else judged.contradict(this.last, text);
      }
    }
    return judged.verdict('the end of a run in which one broker takes far longer than another');
  }
}

/** Signed murmur2 of some keys, from Kafka's own tests (O-1, O-2). */
const HASHES: ReadonlyMap<string, number> = new Map([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['abc', 479470107],
  ['user-2', -324981792],
]);

/** K-22, K-23. Shown by keys whose partition would be another if the hash were negated; judged while a topic does not grow. */
class MaskNotAbs implements ClaimFold {
  private ledger = new Ledger();
  private keys = new Map<MessageId, string>();
  /** How many partitions a topic has; null once it has grown, since a producer learns of it later. */
  private totals = new Map<string, number | null>();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created')
      this.totals.set(event.name, this.totals.has(event.name) ? null : event.total);
    if (event.kind === 'published' && event.key !== null) this.keys.set(event.message, event.key);
    if (event.kind === 'publish-failed') this.keys.delete(event.message);
    if (!tellsPlace(event)) return;
    const key = this.keys.get(event.message);
    this.keys.delete(event.message);
    const total = this.totals.get(topicOf(event.place));
    const hash = key === undefined ? undefined : HASHES.get(key);
    if (hash === undefined || total === undefined || total === null) return;
    const masked = (hash & 0x7fffffff) % total;
    const negated = Math.abs(hash) % total;
    const text = `${key ?? ''}, whose hash is ${hash}, is in ${event.place}`;
    if (event.place !== `${topicOf(event.place)}-${masked}`)
      this.ledger.contradict(event, `${text}, and belongs in ${masked} of ${total}`);
    else if (masked !== negated)
      this.ledger.confirm(event, () => `${text}; its absolute value would give ${negated}`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a key with a negative hash');
  }
}

const scenarios = ['kafka-partitioning'];

export const partitioningClaims: readonly Claim[] = [
  {
    id: 'kafka.mask-not-abs',
    broker: 'kafka',
    statement: 'Of a negative hash the sign is masked, not negated',
    rules: ['K-22', 'K-23'],
    observable: true,
    scenarios: ['kafka-murmur2'],
    judge: () => new MaskNotAbs(),
  },
  {
    id: 'kafka.hot-key-hot-partition',
    broker: 'kafka',
    statement: 'A hot key is one hot partition, however many there are',
    rules: ['K-23'],
    observable: true,
    scenarios: [...scenarios, 'kafka-held-keys'],
    judge: () => new HotKeyHotPartition(),
  },
  {
    id: 'kafka.many-keys-spread',
    broker: 'kafka',
    statement: 'Many keys of like weight fill all partitions about alike',
    rules: ['K-23', 'K-22'],
    observable: true,
    scenarios: [...scenarios, 'kafka-held-keys'],
    judge: () => new ManyKeysSpread(),
  },
  {
    id: 'kafka.round-robin-in-turn',
    broker: 'kafka',
    statement: 'RoundRobinPartitioner takes the partitions in turn, record by record',
    rules: ['K-27'],
    observable: false,
    scenarios,
    judge: () => new RoundRobinInTurn(),
  },
  {
    id: 'kafka.round-robin-small-batches',
    broker: 'kafka',
    statement: 'In turn, the same records need more batches than with the sticky partitioner',
    rules: ['K-27', 'K-24', 'K-29'],
    observable: false,
    scenarios,
    judge: () => new RoundRobinSmallBatches(),
  },
  {
    id: 'kafka.new-partitions-break-key-order',
    broker: 'kafka',
    statement: 'After partitions are added, new records of a key can overtake its old ones',
    rules: ['K-23', 'K-111'],
    observable: true,
    scenarios: [...scenarios, 'kafka-held-new-partitions'],
    judge: () => new NewPartitionsBreakKeyOrder(),
  },
  {
    id: 'kafka.adaptive-avoids-slow',
    broker: 'kafka',
    statement: 'Without keys, a producer sends less to a partition whose broker is slow',
    rules: ['K-26'],
    observable: true,
    scenarios: ['kafka-adaptive'],
    judge: () => new AdaptiveAvoidsSlow(),
  },
];
