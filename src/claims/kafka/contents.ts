/** What lies in the logs of a run, followed from the trace: for claims about what goes, and when. */
import type { Micros } from '../../sim/time.ts';
import type { MessageId, TraceEvent } from '../../sim/trace.ts';

export interface Stored {
  readonly position: number;
  readonly message: MessageId;
  readonly key: string | null;
  readonly bytes: number;
  readonly tombstone: boolean;
  /** When its producer made it: its timestamp (K-10). */
  readonly publishedAt: Micros;
}

export interface Contents {
  readonly place: string;
  /** Whoever appended last; what other replicas do with their copies is theirs. */
  leader: string;
  /** Ascending. */
  readonly records: Map<number, Stored>;
  /** Where segments begin, ascending; the last is the active one. */
  bases: number[];
  /** The next offset. */
  end: number;
}

/** Feed it each event before asking; what an `expired` or `compacted` event takes is still there until {@link drop}. */
export class Logs {
  private published = new Map<MessageId, Omit<Stored, 'position'>>();
  private logs = new Map<string, Contents>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'published': {
        const { message, key, bytes, value, at: publishedAt } = event;
        this.published.set(message, { message, key, bytes, tombstone: value === null, publishedAt });
        break;
      }
      case 'publish-failed':
        this.published.delete(event.message);
        break;
      case 'segment-rolled': {
        const log = this.of(event.place, event.node);
        if (log.leader === event.node) log.bases.push(event.position);
        break;
      }
      case 'appended': {
        const { place, node, position, message } = event;
        const log = this.of(place, node);
        log.leader = node;
        const record = this.published.get(message);
        if (record) log.records.set(position, { ...record, position });
        this.published.delete(message);
        log.end = position + 1;
        break;
      }
    }
  }

  /** The log that an event of its leader speaks of; null when it comes from another replica. */
  ledBy(event: { place: string; node: string }): Contents | null {
    const log = this.logs.get(event.place);
    return log?.leader === event.node ? log : null;
  }

  get(place: string): Contents | undefined {
    return this.logs.get(place);
  }

  /** Everything below this offset is gone. */
  dropBelow(log: Contents, position: number): void {
    for (const at of log.records.keys()) if (at < position) log.records.delete(at);
    log.bases = [position, ...log.bases.filter((base) => base > position)];
  }

  private of(place: string, node: string): Contents {
    let log = this.logs.get(place);
    if (!log) {
      log = { place, leader: node, records: new Map(), bases: [0], end: 0 };
      this.logs.set(place, log);
    }
    return log;
  }
}

/** Where the newest record of this key is, of those below an offset; −1 where there is none. */
export function newestOf(log: Contents, key: string | null, below = Infinity): number {
  let newest = -1;
  for (const record of log.records.values())
    if (record.key === key && record.position < below && record.position > newest) newest = record.position;
  return newest;
}
