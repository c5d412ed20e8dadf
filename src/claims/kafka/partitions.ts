/** Claims about partitions: where records go, and what order they keep. */
import { displayName } from '../../sim/names.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict, tellsPlace } from '../claim.ts';
import { readerOf, SeenByReader } from '../seen.ts';

/** A client's word for a record in a sentence. */
export function named(key: string | null, message: number): string {
  return key === null ? `record ${message}` : `${key} (record ${message})`;
}

/** Sent and not yet confirmed: enough to know a record's key when its place becomes known. */
class Unconfirmed {
  private records = new Map<number, { key: string | null; client: string; to: string }>();

  on(event: TraceEvent): { key: string | null; client: string; to: string } | undefined {
    if (event.kind === 'published') {
      this.records.set(event.message, { key: event.key, client: event.client, to: event.to });
    } else if (event.kind === 'routed' && event.why !== 'key') {
      // Its key decided nothing: a partition was named, or partitioner.class pays keys no heed (K-21).
      const record = this.records.get(event.message);
      if (record) record.key = null;
    } else if (event.kind === 'publish-confirmed' || event.kind === 'publish-failed') {
      const record = this.records.get(event.message);
      this.records.delete(event.message);
      return record;
    }
    return undefined;
  }
}

/**
 * K-23. A key has one partition, and one more each time its topic grows. Counted are partitions, not moves: what two of
 * them confirm may arrive in another order than it was sent.
 */
class SameKeySamePartition implements ClaimFold {
  private ledger = new Ledger();
  private unconfirmed = new Unconfirmed();
  private growths = new Map<string, number>();
  private homes = new Map<string, string[]>();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created') {
      this.growths.set(event.name, (this.growths.get(event.name) ?? -1) + 1);
      return;
    }
    const record = this.unconfirmed.on(event);
    if (!tellsPlace(event) || !record || record.key === null) return;
    const id = `${record.to} ${record.key}`;
    const homes = this.homes.get(id);
    if (!homes) {
      this.homes.set(id, [event.place]);
    } else if (homes.includes(event.place)) {
      this.ledger.confirm(
        event,
        () => `${named(record.key, event.message)} went to ${event.place}, like one before`,
      );
    } else if (homes.push(event.place) > 1 + (this.growths.get(record.to) ?? 0)) {
      this.ledger.contradict(
        event,
        `${named(record.key, event.message)} went to ${event.place}, the one before to ${homes.at(-2)!}`,
      );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('two records with the same key');
  }
}

/** K-111. Judged for keys that one producer alone uses: between two producers there is no order to keep. */
class KeyOrderKept implements ClaimFold {
  private ledger = new Ledger();
  private owners = new Map<string, string | null>();
  private latest = new Map<string, number>();
  private seen = new SeenByReader();

  on(event: TraceEvent): void {
    if (event.kind === 'published' && event.key !== null) {
      const owner = this.owners.get(event.key);
      if (owner === undefined) this.owners.set(event.key, event.client);
      else if (owner !== event.client) this.owners.set(event.key, null);
    }
    if (event.kind !== 'delivered' || event.key === null) return;
    if (!this.seen.add(event) || this.owners.get(event.key) === null) return;
    const id = `${readerOf(event)} ${event.key}`;
    const latest = this.latest.get(id);
    this.latest.set(id, Math.max(latest ?? -1, event.message));
    if (latest === undefined) return;
    if (event.message > latest) {
      this.ledger.confirm(
        event,
        () =>
          `${named(event.key, event.message)} reached ${displayName(event.client)} after record ${latest}, as sent`,
      );
    } else {
      this.ledger.contradict(
        event,
        `${named(event.key, event.message)} reached ${displayName(event.client)} after record ${latest}, which was sent later`,
      );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('two records with the same key to be delivered');
  }
}

/** K-111. Shown by one record that overtakes another of a different partition. */
class NoOrderAcrossPartitions implements ClaimFold {
  private ledger = new Ledger();
  private newest = new Map<string, { message: number; place: string }>();
  private seen = new SeenByReader();

  on(event: TraceEvent): void {
    if (event.kind !== 'delivered') return;
    if (!this.seen.add(event)) return;
    const group = readerOf(event);
    const newest = this.newest.get(group);
    if (!newest || event.message > newest.message) {
      this.newest.set(group, { message: event.message, place: event.place });
    } else if (newest.place !== event.place) {
      this.ledger.confirm(
        event,
        () =>
          `record ${event.message} from ${event.place} was delivered after record ${newest.message} from ${newest.place}, which was sent later`,
      );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a record that overtakes one of another partition');
  }
}

/**
 * K-1, K-70. What a reader gets from one partition is n, n + 1, n + 2, … from where it was positioned. Offsets may be
 * missing where something took them: markers and aborted records in a topic that transactions write to (K-50), the
 * cleaner in a compacted one (K-16); back it goes nowhere. A share group keeps no such order (K-107): a broker that
 * counts deliveries is one that shares.
 */
class OffsetsDense implements ClaimFold {
  private ledger = new Ledger();
  private next = new Map<string, Map<string, number>>();
  private transactional = new Set<string>();
  private compacted = new Set<string>();

  on(event: TraceEvent): void {
    if (event.kind === 'published' && event.transaction !== undefined) this.transactional.add(event.to);
    if (isCompacted(event)) this.compacted.add(event.name);
    if (event.kind !== 'positioned' && event.kind !== 'delivered') return;
    let next = this.next.get(event.client);
    if (!next) this.next.set(event.client, (next = new Map<string, number>()));
    if (event.kind === 'positioned') {
      next.set(event.place, event.position);
      return;
    }
    if (event.deliveryCount !== null) return;
    const expected = next.get(event.place);
    next.set(event.place, event.position + 1);
    if (expected === undefined) return;
    if (event.position === expected) {
      this.ledger.confirm(event, () => `offset ${event.position} of ${event.place} follows`);
    } else if (event.position < expected || !this.mayHaveGaps(event.place)) {
      this.ledger.contradict(
        event,
        `${event.place} gave offset ${event.position} where ${expected} was next`,
      );
    }
  }

  private mayHaveGaps(place: string): boolean {
    const topic = place.slice(0, place.lastIndexOf('-'));
    return this.compacted.has(topic) || this.transactional.has(topic);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a record to be delivered');
  }
}

/** Whether a topic is made, or set, to be compacted. */
function isCompacted(event: TraceEvent): event is TraceEvent & { name: string } {
  const name = 'cleanup.policy';
  if (event.kind === 'places-created') return String(event.arguments?.[name]).includes('compact');
  return (
    event.kind === 'configured' &&
    event.settings.some(([setting, value]) => setting === name && value?.includes('compact'))
  );
}

/** A producer's records without a key: those sent and not yet judged, in the order sent, and the run that is going on. */
interface KeylessRun {
  sent: number[];
  places: Map<number, string | null>;
  place: string | null;
  length: number;
}

/**
 * K-24. Runs of records without a key in one partition, in the order in which they were sent: confirmations of two
 * partitions may overtake one another. The run that is still going on is not judged.
 */
class KeylessSticks implements ClaimFold {
  private ledger = new Ledger();
  private runs = new Map<string, KeylessRun>();

  on(event: TraceEvent): void {
    if (event.kind === 'published') {
      if (event.key !== null) return;
      const run: KeylessRun = this.runs.get(event.client) ?? {
        sent: [],
        places: new Map(),
        place: null,
        length: 0,
      };
      run.sent.push(event.message);
      this.runs.set(event.client, run);
    } else if (event.kind === 'publish-confirmed' || event.kind === 'publish-failed') {
      const run = this.runs.get(event.client);
      if (!run?.sent.includes(event.message)) return;
      run.places.set(event.message, event.kind === 'publish-confirmed' ? event.place : null);
      for (
        let place = run.places.get(run.sent[0]!);
        place !== undefined;
        place = run.places.get(run.sent[0]!)
      ) {
        run.places.delete(run.sent.shift()!);
        if (place !== null) this.follow(run, place, event);
      }
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a producer without keys to change its partition');
  }

  private follow(run: KeylessRun, place: string, event: TraceEvent & { client: string }): void {
    const { place: before, length } = run;
    if (before === place) {
      run.length++;
      return;
    }
    run.place = place;
    run.length = 1;
    const client = displayName(event.client);
    if (before === null) return;
    if (length > 1) {
      this.ledger.confirm(
        event,
        () => `after ${length} records to ${before}, ${client} went on with ${place}`,
      );
    } else {
      this.ledger.contradict(event, `only one record went to ${before} before ${client} changed to ${place}`);
    }
  }
}

/** K-1, K-23. After a topic has grown, some key's records go elsewhere than before. */
class NewPartitionsMoveKeys implements ClaimFold {
  private ledger = new Ledger();
  private unconfirmed = new Unconfirmed();
  private created = new Set<string>();
  private grown = new Set<string>();
  private homes = new Map<string, string>();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created') {
      if (this.created.has(event.name)) this.grown.add(event.name);
      this.created.add(event.name);
      return;
    }
    const record = this.unconfirmed.on(event);
    if (!tellsPlace(event) || !record || record.key === null) return;
    const id = `${record.to} ${record.key}`;
    const home = this.homes.get(id);
    this.homes.set(id, event.place);
    if (home === undefined || home === event.place) return;
    if (this.grown.has(record.to)) {
      this.ledger.confirm(event, () => `key ${record.key} went to ${home} and now goes to ${event.place}`);
    } else {
      this.ledger.contradict(
        event,
        `key ${record.key} moved from ${home} to ${event.place} while the partitions were the same`,
      );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('partitions to be added, and a key to move');
  }
}

export const partitionClaims: readonly Claim[] = [
  {
    id: 'kafka.same-key-same-partition',
    broker: 'kafka',
    statement: 'Records with the same key land in the same partition',
    rules: ['K-23'],
    observable: true,
    scenarios: [
      'kafka-consumer-groups',
      'home-log',
      'kafka-add-partitions',
      'kafka-partitioning',
      'kafka-held-keys',
    ],
    judge: () => new SameKeySamePartition(),
  },
  {
    id: 'kafka.key-order-kept',
    broker: 'kafka',
    statement: 'Records of one key are first delivered in the order sent',
    rules: ['K-111', 'K-23'],
    observable: true,
    scenarios: ['kafka-consumer-groups', 'home-log', 'kafka-held-keys'],
    judge: () => new KeyOrderKept(),
  },
  {
    id: 'kafka.no-order-across-partitions',
    broker: 'kafka',
    statement: 'Across partitions, records are delivered in another order than sent',
    rules: ['K-111'],
    observable: true,
    scenarios: ['kafka-consumer-groups', 'beside-ordering-kafka', 'kafka-held-keys'],
    judge: () => new NoOrderAcrossPartitions(),
  },
  {
    id: 'kafka.offsets-dense',
    broker: 'kafka',
    statement: 'A partition numbers its records one by one and gives them out in that order',
    rules: ['K-1', 'K-70'],
    observable: true,
    scenarios: 'every',
    judge: () => new OffsetsDense(),
  },
  {
    id: 'kafka.keyless-sticks',
    broker: 'kafka',
    statement: 'Records without a key stay with one partition for a while, then go to another',
    rules: ['K-24', 'K-25'],
    observable: true,
    scenarios: ['kafka-keyless', 'kafka-held-keyless'],
    judge: () => new KeylessSticks(),
  },
  {
    id: 'kafka.new-partitions-move-keys',
    broker: 'kafka',
    statement: 'After partitions are added, a key may go elsewhere than its earlier records',
    rules: ['K-1', 'K-23'],
    observable: true,
    scenarios: ['kafka-add-partitions', 'kafka-partitioning', 'kafka-held-new-partitions'],
    judge: () => new NewPartitionsMoveKeys(),
  },
];
