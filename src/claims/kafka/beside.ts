/** Claims about a log that the chapter sets beside a queue: how long it keeps what was read, and what can be made of it anew. */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';

/** `retention.ms` of the run on which it is claimed. */
const RETENTION: Micros = 15_000_000;
/** So long after it was read a record counts as kept. */
const KEPT: Micros = 5_000_000;

/** K-13. Reading removes nothing; age does. */
class ReadAndKept implements ClaimFold {
  private ledger = new Ledger();
  private appended = new Map<string, Micros>();
  /** Of each place what has been read, oldest first, and is still there. */
  private read = new Map<string, { position: number; group: string; at: Micros }[]>();
  private furthest = new Map<string, number>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'appended':
        this.appended.set(`${event.place} ${event.position}`, event.at);
        break;
      case 'settled':
        if (event.outcome === 'committed') this.committed(event);
        break;
      case 'expired':
        this.expired(event);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a record that a group has read, and some seconds');
  }

  private committed(event: Extract<TraceEvent, { kind: 'settled' }>): void {
    const { place, position, at } = event;
    const group = event.group ?? event.client;
    const read = this.read.get(place) ?? [];
    this.read.set(place, read);
    const oldest = read[0];
    if (oldest && at - oldest.at >= KEPT)
      this.ledger.confirm(
        event,
        () =>
          `offset ${oldest.position} of ${place} is still there; ${oldest.group} had read it by ${formatSeconds(oldest.at)}`,
      );
    const from = this.furthest.get(`${group} ${place}`) ?? 0;
    for (let next = from; next < position; next++)
      if (!read.some((each) => each.position === next)) read.push({ position: next, group, at });
    this.furthest.set(`${group} ${place}`, Math.max(from, position));
  }

  private expired(event: Extract<TraceEvent, { kind: 'expired' }>): void {
    const { place, position, at } = event;
    const youngest = this.appended.get(`${place} ${position}`);
    const read = this.read.get(place) ?? [];
    const last = read.findLast((each) => each.position <= position);
    this.read.set(
      place,
      read.filter((each) => each.position > position),
    );
    if (youngest === undefined || !last) return;
    const text = `offsets up to ${position} of ${place} go, the youngest ${formatSeconds(at - youngest)} old; ${last.group} had read them by ${formatSeconds(last.at)}`;
    if (at - youngest < RETENTION) this.ledger.contradict(event, text);
    else this.ledger.confirm(event, () => text);
  }
}

interface State {
  /** The latest message of each key that the reader has finished. */
  readonly latest: Map<string, number>;
  readonly began: Micros;
}

/** K-69. A group that begins later and reads from the beginning comes to the same last message of each key as one before it. */
class StateRebuilt implements ClaimFold {
  private ledger = new Ledger();
  private readers = new Map<string, State>();
  private told = new Set<string>();
  private last: TraceEvent | null = null;

  on(event: TraceEvent): void {
    if (event.kind !== 'processed' || event.group === null || event.key === null) return;
    const { group, key, message, at } = event;
    this.last = event;
    const isFirst = this.readers.size === 0;
    const own = this.readers.get(group) ?? { latest: new Map<string, number>(), began: at };
    this.readers.set(group, own);
    own.latest.set(key, Math.max(own.latest.get(key) ?? -1, message));
    if (isFirst) return;
    const id = `${group} ${key}`;
    for (const [other, { latest, began }] of this.readers) {
      if (other === group || began >= own.began || latest.get(key) !== message || this.told.has(id)) continue;
      this.told.add(id);
      this.ledger.confirm(
        event,
        () =>
          `${displayName(event.client)}, from the log alone, is where ${other} is with key ${key}: at message ${message}`,
      );
    }
  }

  verdict(ended: boolean): Verdict {
    if (ended && this.last) {
      const [first, ...later] = [...this.readers];
      for (const [group, { latest }] of later)
        for (const [key, message] of first![1].latest)
          if (latest.get(key) !== message)
            this.ledger.contradict(
              this.last,
              `${group} ends with message ${latest.get(key) ?? 'none'} for key ${key}, ${first![0]} with ${message}`,
            );
    }
    return this.ledger.verdict('a group that reads the log from its beginning when another has read it');
  }
}

const base = { broker: 'kafka' } as const;

export const besideClaims: readonly Claim[] = [
  {
    ...base,
    id: 'kafka.read-and-kept',
    statement: 'What has been read stays in the log until its time is up',
    rules: ['K-13', 'K-69'],
    observable: false,
    scenarios: ['beside-lifecycle-kafka'],
    judge: () => new ReadAndKept(),
  },
  {
    ...base,
    id: 'kafka.state-rebuilt',
    statement: 'Who reads the log from its beginning comes to the same state as who was there',
    rules: ['K-69'],
    observable: true,
    scenarios: ['beside-use-kafka', 'kafka-held-replay'],
    judge: () => new StateRebuilt(),
  },
];
