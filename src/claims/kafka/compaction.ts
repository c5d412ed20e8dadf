/** Claims about compaction: what stays, where it lies, and who learns of a deletion (K-16 to K-19). */
import { displayName } from '../../sim/names.ts';
import type { Micros } from '../../sim/time.ts';
import type { MessageId, TraceEvent } from '../../sim/trace.ts';
import { failedBy, Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';
import { Logs, newestOf, type Contents } from './contents.ts';

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

/** Follows logs through the passes of the cleaner. */
abstract class OnCleaning implements ClaimFold {
  protected ledger = new Ledger();
  protected logs = new Logs();

  on(event: TraceEvent): void {
    this.logs.on(event);
    if (event.kind === 'expired') {
      const log = this.logs.ledBy(event);
      if (log) this.logs.dropBelow(log, event.position + 1);
    }
    if (event.kind !== 'compacted' && event.kind !== 'cleaned') return;
    const log = this.logs.ledBy(event);
    if (!log) return;
    if (event.kind === 'cleaned') {
      this.cleaned(event, log);
    } else {
      this.compacted(event, log);
      log.records.delete(event.position);
    }
  }

  abstract verdict(ended: boolean): Verdict;
  /** The log still has what goes. */
  protected abstract compacted(event: Event<'compacted'>, log: Contents): void;
  protected abstract cleaned(event: Event<'cleaned'>, log: Contents): void;
}

/** K-18, K-19. */
class CompactionKeepsNewest extends OnCleaning {
  protected compacted(event: Event<'compacted'>, log: Contents): void {
    const record = log.records.get(event.position);
    if (!record) return;
    const newest = newestOf(log, record.key);
    const text = `offset ${event.position} of ${event.place}, key ${record.key ?? 'none'}, went`;
    if (newest > event.position) this.ledger.confirm(event, () => `${text}: the key is at ${newest} too`);
    else if (record.tombstone) this.ledger.confirm(event, () => `${text}: a tombstone`);
    else this.ledger.contradict(event, `${text}, and was the newest of its key`);
  }

  protected cleaned(): void {
    // What a pass looked at without removing it contradicts nothing.
  }

  verdict(): Verdict {
    return this.ledger.verdict('the log cleaner to remove a record');
  }
}

/**
 * K-17. What lies in the active segment neither goes nor makes anything older go. Shown by a key that a pass leaves
 * twice for that reason.
 */
class ActiveSegmentNotCompacted extends OnCleaning {
  protected compacted(event: Event<'compacted'>, log: Contents): void {
    const active = log.bases.at(-1)!;
    const record = log.records.get(event.position);
    if (!record) return;
    const text = `offset ${event.position} of ${event.place} went`;
    if (event.position >= active)
      this.ledger.contradict(event, `${text}, and the active segment begins at ${active}`);
    else if (!record.tombstone && newestOf(log, record.key, active) === event.position)
      this.ledger.contradict(
        event,
        `${text}, and only the active segment, from ${active}, has its key again`,
      );
  }

  protected cleaned(event: Event<'cleaned'>, log: Contents): void {
    const active = log.bases.at(-1)!;
    for (const { position, key } of log.records.values()) {
      const newest = newestOf(log, key);
      if (position >= active || newest < active) continue;
      this.ledger.confirm(
        event,
        () =>
          `the pass leaves key ${key ?? ''} of ${event.place} at ${position} and at ${newest}, in the active segment`,
      );
      return;
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('the log cleaner to pass while the active segment has a key again');
  }
}

/** K-19. A tombstone that nothing newer replaced outlives at least one pass, and then goes. */
class TombstoneStaysAWhile extends OnCleaning {
  private keptBy = new Map<string, number>();

  protected compacted(event: Event<'compacted'>, log: Contents): void {
    const record = log.records.get(event.position);
    if (!record?.tombstone || newestOf(log, record.key) > event.position) return;
    const passes = this.keptBy.get(`${event.place} ${event.position}`) ?? 0;
    const text = `the tombstone of ${record.key ?? ''} at ${event.position} of ${event.place} went`;
    if (passes > 0)
      this.ledger.confirm(
        event,
        () => `${text}, after ${passes} ${passes === 1 ? 'pass' : 'passes'} had kept it`,
      );
    else this.ledger.contradict(event, `${text} with the first pass that saw it`);
  }

  protected cleaned(event: Event<'cleaned'>, log: Contents): void {
    for (const { position, tombstone } of log.records.values()) {
      if (!tombstone || position >= event.position) continue;
      const id = `${event.place} ${position}`;
      this.keptBy.set(id, (this.keptBy.get(id) ?? 0) + 1);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a tombstone to be removed');
  }
}

/** K-19. A group that had a value, and read on after its tombstone was removed without having been given it. */
class DeletionMissed extends OnCleaning {
  private started = new Map<string, Micros>();
  /** Per group: keys that it was last given a value of, by place and key. */
  private known = new Map<string, Set<string>>();
  private next = new Map<string, number>();
  private removed: {
    readonly place: string;
    readonly position: number;
    readonly key: string;
    readonly at: Micros;
    /** Groups that have a value and were not yet past the tombstone. */
    readonly waiting: Set<string>;
  }[] = [];

  override on(event: TraceEvent): void {
    if (event.kind === 'client-started') this.started.set(event.client, event.at);
    if (event.kind === 'positioned' && event.group !== null)
      this.next.set(`${event.group} ${event.place}`, event.position);
    if (event.kind === 'delivered' && event.group !== null) this.delivered(event, event.group);
    super.on(event);
  }

  private delivered(event: Event<'delivered'>, group: string): void {
    const { place, position, key } = event;
    for (const tombstone of this.removed) {
      if (tombstone.place !== place) continue;
      if (position === tombstone.position && (this.started.get(event.client) ?? 0) > tombstone.at)
        this.ledger.contradict(
          event,
          `${displayName(event.client)} was given the tombstone of ${tombstone.key} after it was removed`,
        );
      if (key === tombstone.key || position < tombstone.position) tombstone.waiting.delete(group);
      else if (position > tombstone.position && tombstone.waiting.delete(group))
        this.ledger.confirm(
          event,
          () =>
            `${displayName(event.client)} reads on at ${position} of ${place}: it has a value for ${tombstone.key}, whose tombstone was at ${tombstone.position}`,
        );
    }
    this.next.set(`${group} ${place}`, position + 1);
    if (key === null) return;
    let known = this.known.get(group);
    if (!known) this.known.set(group, (known = new Set()));
    if (event.value === null) known.delete(`${place} ${key}`);
    else known.add(`${place} ${key}`);
  }

  protected compacted(event: Event<'compacted'>, log: Contents): void {
    const record = log.records.get(event.position);
    if (!record?.tombstone || record.key === null || newestOf(log, record.key) > event.position) return;
    const { place, position, at } = event;
    const { key } = record;
    const waiting = new Set<string>();
    for (const [group, known] of this.known)
      if (known.has(`${place} ${key}`) && (this.next.get(`${group} ${place}`) ?? 0) <= position)
        waiting.add(group);
    this.removed.push({ place, position, key, at, waiting });
  }

  protected cleaned(): void {
    // Only what goes matters here.
  }

  verdict(): Verdict {
    return this.ledger.verdict('a group that has a value and is away until its tombstone is gone');
  }
}

/** K-18: a topic that is compacted takes no record without a key. */
class CompactedNeedsKeys extends OnCleaning {
  private compactedTopics = new Set<string>();
  private keyless = new Map<MessageId, string>();

  override on(event: TraceEvent): void {
    if (event.kind === 'published' && event.key === null) this.keyless.set(event.message, event.to);
    if (event.kind === 'publish-failed' || event.kind === 'publish-confirmed') {
      const topic = this.keyless.get(event.message);
      this.keyless.delete(event.message);
      if (topic !== undefined && this.compactedTopics.has(topic)) {
        if (event.kind === 'publish-confirmed')
          this.ledger.contradict(event, `record ${event.message} has no key, and ${event.place} took it`);
        else if (event.error.startsWith('InvalidRecordException'))
          this.ledger.confirm(
            event,
            () => `record ${event.message} without a key was refused: ${event.error}`,
          );
      }
    }
    super.on(event);
  }

  protected compacted({ place }: Event<'compacted'>): void {
    this.compactedTopics.add(place.slice(0, place.lastIndexOf('-')));
  }

  protected cleaned(): void {
    // A pass that removes nothing tells nothing of keys.
  }

  verdict(): Verdict {
    return this.ledger.verdict('a record without a key to be sent to a topic that is compacted');
  }
}

/** K-1, K-18. Shown by records delivered beyond a gap: each is where its producer was told, and in order. */
class CompactionKeepsOffsets implements ClaimFold {
  private ledger = new Ledger();
  private confirmedAt = new Map<MessageId, number>();
  private next = new Map<string, { position: number; gap: boolean }>();

  on(event: TraceEvent): void {
    if (event.kind === 'publish-confirmed' && event.position !== null)
      this.confirmedAt.set(event.message, event.position);
    if (event.kind === 'positioned')
      this.next.set(`${event.client} ${event.place}`, { position: event.position, gap: false });
    if (event.kind !== 'delivered') return;
    const id = `${event.client} ${event.place}`;
    const before = this.next.get(id);
    if (!before) return;
    const gap = before.gap || event.position > before.position;
    this.next.set(id, { position: event.position + 1, gap });
    const confirmed = this.confirmedAt.get(event.message);
    const text = `${displayName(event.client)} was given record ${event.message} at offset ${event.position} of ${event.place}`;
    if (event.position < before.position)
      this.ledger.contradict(event, `${text} after ${before.position - 1}`);
    else if (confirmed !== undefined && confirmed !== event.position)
      this.ledger.contradict(event, `${text}, but its producer was told ${confirmed}`);
    else if (confirmed !== undefined && gap)
      this.ledger.confirm(event, () => `${text}, where it was stored, beyond a gap`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a record to be delivered beyond a gap');
  }
}

interface Newest {
  readonly position: number;
  readonly tombstone: boolean;
  readonly message: MessageId;
}

/**
 * K-18. At the end of a run, each key's newest value has been given to every group that began at offset 0 and is past it.
 * A group that was set to another place meanwhile (a seek, a reset) did not read everything, and is not judged.
 */
class CompactedReaderGetsLastValues implements ClaimFold {
  private published = new Map<MessageId, { key: string | null; tombstone: boolean }>();
  /** Per place and key, its newest confirmed record. */
  private newest = new Map<string, Map<string, Newest>>();
  private readers = new Map<
    string,
    { place: string; given: Map<number, TraceEvent>; next: number; gaps: boolean; from0: boolean }
  >();

  on(event: TraceEvent): void {
    if (event.kind === 'published')
      this.published.set(event.message, { key: event.key, tombstone: event.value === null });
    if (event.kind === 'publish-confirmed') this.confirmed(event);
    if ((event.kind !== 'positioned' && event.kind !== 'delivered') || event.group === null) return;
    const id = `${event.group} ${event.place}`;
    let reader = this.readers.get(id);
    if (event.kind === 'positioned') {
      if (!reader) {
        const from0 = event.by === 'reset' && event.position === 0;
        reader = { place: event.place, given: new Map(), next: event.position, gaps: false, from0 };
        this.readers.set(id, reader);
      } else if (event.by !== 'committed' || event.position > reader.next) reader.from0 = false;
      return;
    }
    if (!reader) return;
    if (event.position > reader.next) reader.gaps = true;
    reader.given.set(event.position, event);
    reader.next = Math.max(reader.next, event.position + 1);
  }

  private confirmed({ message, place, position }: Event<'publish-confirmed'>): void {
    const record = this.published.get(message);
    this.published.delete(message);
    if (place === null || position === null || !record || record.key === null) return;
    let keys = this.newest.get(place);
    if (!keys) this.newest.set(place, (keys = new Map<string, Newest>()));
    if ((keys.get(record.key)?.position ?? -1) < position)
      keys.set(record.key, { position, tombstone: record.tombstone, message });
  }

  verdict(ended: boolean): Verdict {
    if (!ended) return { status: 'open', waitsFor: 'the end of the run' };
    const judged = new Ledger();
    for (const [id, { place, given, next, gaps, from0 }] of this.readers) {
      if (!from0 || !gaps) continue;
      const group = displayName(id.slice(0, id.indexOf(' ')));
      for (const [key, { position, tombstone, message }] of this.newest.get(place) ?? []) {
        if (tombstone || position >= next) continue;
        const event = given.get(position);
        if (event)
          judged.confirm(event, () => `${group} has ${key} from offset ${position}, its newest value`);
        else {
          const last = [...given.values()].at(-1)!;
          return failedBy(
            last,
            `${group} is at offset ${next} of ${place} and was never given record ${message}, the newest of ${key}`,
          );
        }
      }
    }
    return judged.verdict('a reader that goes from the start of a log through its gaps');
  }
}

const scenarios = ['kafka-compaction'];

export const compactionClaims: readonly Claim[] = [
  {
    id: 'kafka.compaction-keeps-newest',
    broker: 'kafka',
    statement: 'Compaction removes what its key has a newer record of, and tombstones',
    rules: ['K-18', 'K-19'],
    observable: false,
    scenarios,
    judge: () => new CompactionKeepsNewest(),
  },
  {
    id: 'kafka.active-segment-not-compacted',
    broker: 'kafka',
    statement: 'The active segment is never compacted',
    rules: ['K-17'],
    observable: false,
    scenarios,
    judge: () => new ActiveSegmentNotCompacted(),
  },
  {
    id: 'kafka.compaction-keeps-offsets',
    broker: 'kafka',
    statement: 'Compaction leaves gaps; what stays keeps its offset and its order',
    rules: ['K-18', 'K-1'],
    observable: true,
    scenarios: [...scenarios, 'kafka-held-compaction'],
    judge: () => new CompactionKeepsOffsets(),
  },
  {
    id: 'kafka.compacted-reader-gets-last-values',
    broker: 'kafka',
    statement: 'A reader from the start is given the newest value of every key',
    rules: ['K-18'],
    observable: true,
    scenarios: [...scenarios, 'kafka-held-compaction'],
    judge: () => new CompactedReaderGetsLastValues(),
  },
  {
    id: 'kafka.tombstone-stays-a-while',
    broker: 'kafka',
    statement: 'A tombstone outlives the first pass that sees it, and goes with a later one',
    rules: ['K-19'],
    observable: false,
    scenarios,
    judge: () => new TombstoneStaysAWhile(),
  },
  {
    id: 'kafka.deletion-missed',
    broker: 'kafka',
    statement: 'A reader that returns after the tombstone is gone keeps the deleted value',
    rules: ['K-19'],
    observable: false,
    scenarios,
    judge: () => new DeletionMissed(),
  },
  {
    id: 'kafka.compacted-needs-keys',
    broker: 'kafka',
    statement: 'A compacted topic refuses a record without a key',
    rules: ['K-18'],
    observable: false,
    scenarios,
    judge: () => new CompactedNeedsKeys(),
  },
];
