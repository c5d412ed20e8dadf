/** Claims about what a consumer leaves behind: when it crashes, when it closes, and where the next one begins. */
import type { Micros } from '../../sim/time.ts';
import { formatSeconds } from '../../sim/time.ts';
import { displayName } from '../../sim/names.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { failedBy, Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';
import { readerOf, SeenByReader } from '../seen.ts';
import { Confirmed } from './confirmed.ts';
import { named } from './partitions.ts';

/** Who is gone, with what it held and how long its group bears its silence. */
interface Gone {
  client: string;
  group: string;
  at: Micros;
  reason: 'closed' | 'crashed';
  places: Set<string>;
  sessionTimeout: Micros | null;
  removed: boolean;
}

/** Follows holdings, so that a fold can ask what a client held when it stopped. */
class Holdings {
  private held = new Map<string, { group: string; places: Set<string> }>();
  private sessionTimeouts = new Map<string, Micros | null>();
  gone: Gone[] = [];

  on(event: TraceEvent): void {
    if (event.kind === 'member-joined') this.sessionTimeouts.set(event.client, event.sessionTimeout);
    if (event.kind === 'assigned')
      this.held.set(event.client, { group: event.group, places: new Set(event.all) });
    if (event.kind === 'revoked' && !event.lost) {
      // A client that is closing gives its partitions up first; they are remembered until it has stopped.
      const held = this.held.get(event.client);
      if (held)
        this.held.set(event.client, {
          group: held.group,
          places: new Set([...held.places, ...event.places]),
        });
    }
    if (event.kind === 'client-started')
      this.gone = this.gone.filter(({ client }) => client !== event.client);
    if (event.kind === 'client-stopped') {
      const held = this.held.get(event.client);
      this.held.delete(event.client);
      if (held && held.places.size > 0) {
        this.gone.push({
          client: event.client,
          group: held.group,
          at: event.at,
          reason: event.reason,
          places: held.places,
          sessionTimeout: this.sessionTimeouts.get(event.client) ?? null,
          removed: false,
        });
      }
    }
  }
}

/** K-74. After a crash nobody reads the dead member's partitions until its session has timed out. */
class CrashNoticedAfterSessionTimeout implements ClaimFold {
  private ledger = new Ledger();
  private holdings = new Holdings();
  private lastHeartbeat = new Map<string, Micros>();

  on(event: TraceEvent): void {
    this.holdings.on(event);
    // The timeout runs from the last sign of life, which is a moment before the crash.
    if (event.kind === 'sent' && event.what === 'Heartbeat') this.lastHeartbeat.set(event.from, event.at);
    if (event.kind === 'member-removed') {
      for (const gone of this.holdings.gone) {
        if (gone.client !== event.client || gone.reason !== 'crashed' || gone.removed) continue;
        gone.removed = true;
        const silent = event.at - (this.lastHeartbeat.get(gone.client) ?? gone.at);
        const waited = `${formatSeconds(event.at - gone.at)} after the crash, ${formatSeconds(silent)} after its last heartbeat`;
        if (gone.sessionTimeout !== null && silent >= gone.sessionTimeout) {
          this.ledger.confirm(event, () => `${displayName(gone.client)} was given up ${waited}`);
        } else {
          this.ledger.contradict(
            event,
            `${displayName(gone.client)} was given up ${waited}, before its session timeout`,
          );
        }
      }
    }
    if (event.kind === 'delivered') {
      const gone = this.holdings.gone.find(
        (g) => g.reason === 'crashed' && !g.removed && g.group === event.group && g.places.has(event.place),
      );
      if (gone)
        this.ledger.contradict(
          event,
          `${displayName(event.client)} reads ${event.place} while ${displayName(gone.client)} still counts as a member`,
        );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a consumer that crashes while it holds partitions');
  }
}

/** K-74. After a clean close another member has the partitions before a session timeout could have passed. */
class CleanCloseHandsOver implements ClaimFold {
  private ledger = new Ledger();
  private holdings = new Holdings();

  on(event: TraceEvent): void {
    this.holdings.on(event);
    if (event.kind !== 'assigned') return;
    for (const gone of this.holdings.gone) {
      if (gone.reason !== 'closed' || gone.group !== event.group) continue;
      const taken = event.places.filter((place) => gone.places.delete(place));
      if (taken.length === 0 || gone.sessionTimeout === null) continue;
      const after = event.at - gone.at;
      const text = `${displayName(event.client)} took over ${taken.join(', ')} ${formatSeconds(after)} after ${displayName(gone.client)} closed`;
      if (after < gone.sessionTimeout) this.ledger.confirm(event, () => text);
      else this.ledger.contradict(event, text);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a consumer that closes while it holds partitions');
  }
}

/** The last commit of each group and place that a client has been told of, and how far anyone has read. */
class Commits {
  private committed = new Map<string, number>();
  private read = new Map<string, number>();

  on(event: TraceEvent): void {
    if (event.kind === 'settled' && event.outcome === 'committed') {
      this.committed.set(`${event.group ?? ''} ${event.place}`, event.position);
    }
    if (event.kind === 'delivered') this.reached(event.group, event.place, event.position + 1);
    // What lies before the position that auto.offset.reset gives counts as read: it is never asked for.
    if (event.kind === 'positioned' && event.by === 'reset')
      this.reached(event.group, event.place, event.position);
  }

  private reached(group: string | null, place: string, position: number): void {
    const id = `${group ?? ''} ${place}`;
    this.read.set(id, Math.max(this.read.get(id) ?? 0, position));
  }

  last(group: string, place: string): number | undefined {
    return this.committed.get(`${group} ${place}`);
  }

  furthest(group: string, place: string): number {
    return this.read.get(`${group} ${place}`) ?? 0;
  }
}

/**
 * K-69, K-70. A member that takes a partition over begins at the committed offset. The broker may know of a commit whose
 * confirmation never reached the client that died, so the position may be later than the last confirmed commit, but
 * never earlier, and never past what was read.
 */
class TakeoverFromCommitted implements ClaimFold {
  private ledger = new Ledger();
  private commits = new Commits();
  private readers = new Map<string, string>();

  on(event: TraceEvent): void {
    this.commits.on(event);
    if (event.kind !== 'positioned' || event.group === null) return;
    const id = `${event.group} ${event.place}`;
    const before = this.readers.get(id);
    this.readers.set(id, event.client);
    const committed = this.commits.last(event.group, event.place);
    if (before === undefined || before === event.client || event.by !== 'committed') return;
    const text = `${displayName(event.client)} takes ${event.place} over from ${displayName(before)} at offset ${event.position}`;
    if (
      event.position >= (committed ?? 0) &&
      event.position <= this.commits.furthest(event.group, event.place)
    ) {
      this.ledger.confirm(event, () => `${text}, the committed one`);
    } else {
      this.ledger.contradict(event, `${text}, though ${committed ?? 'nothing'} was committed`);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a partition to be taken over by another member');
  }
}

/** K-71, K-72. What was processed after the last commit is processed again, and nothing before it is. */
class CrashDuplicates implements ClaimFold {
  private ledger = new Ledger();
  private startedAt = new Map<string, number>();
  private processed = new SeenByReader();
  private crashed = false;

  on(event: TraceEvent): void {
    if (event.kind === 'client-stopped' && event.reason === 'crashed') this.crashed = true;
    if (event.kind === 'positioned') this.startedAt.set(`${event.client} ${event.place}`, event.position);
    if (event.kind !== 'processed') return;
    if (this.processed.add(event)) return;
    const from = this.startedAt.get(`${event.client} ${event.place}`) ?? 0;
    const text = `${displayName(event.client)} processed ${named(event.key, event.message)} again: offset ${event.position} of ${event.place}`;
    if (this.crashed && event.position >= from)
      this.ledger.confirm(event, () => `${text}, which is not before the committed ${from}`);
    else this.ledger.contradict(event, text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a consumer that crashes with work it has not committed');
  }
}

/** K-72. In the end every group has finished every confirmed record. Only for runs that have time to come to rest. */
class NothingLost implements ClaimFold {
  private ledger = new Ledger();
  private confirmed = new Confirmed();
  private processed = new SeenByReader();

  on(event: TraceEvent): void {
    this.confirmed.on(event);
    if (event.kind === 'processed' && this.processed.add(event))
      this.ledger.confirm(event, () => `${readerOf(event)} finished ${named(event.key, event.message)}`);
  }

  verdict(ended: boolean): Verdict {
    if (!ended) return { status: 'open', waitsFor: 'the end of the run' };
    const missing = this.confirmed.missing(this.processed);
    if (!missing) return this.ledger.verdict('a record to be processed');
    const { event, message, reader } = missing;
    return failedBy(event, `record ${message} was confirmed and never finished by ${reader}`);
  }
}

/** A record that a client was given and has not finished. */
interface Held {
  place: string;
  position: number;
  group: string;
  key: string | null;
  message: number;
}

/** K-72. Committed first, crashed before the work was done: those records are behind the committed offset, and stay undone. */
class CommitBeforeLoses implements ClaimFold {
  private holding = new Map<string, Map<number, Held>>();
  /** By group and message: groups read the same records, and only one of them may have lost them. */
  private dropped = new Map<string, Held>();
  private lost = new Map<string, { event: TraceEvent; text: string }>();
  private redone: { event: TraceEvent; text: string } | null = null;

  on(event: TraceEvent): void {
    if (event.kind === 'delivered') {
      let mine = this.holding.get(event.client);
      if (!mine) this.holding.set(event.client, (mine = new Map<number, Held>()));
      const { place, position, key, message } = event;
      mine.set(message, { place, position, key, message, group: readerOf(event) });
    } else if (event.kind === 'processed') {
      this.holding.get(event.client)?.delete(event.message);
      if (this.lost.has(`${readerOf(event)} ${event.message}`)) {
        this.redone ??= {
          event,
          text: `${displayName(event.client)} processed ${named(event.key, event.message)} after all`,
        };
      }
    } else if (event.kind === 'client-stopped' && event.reason === 'crashed') {
      this.holding
        .get(event.client)
        ?.forEach((record) => this.dropped.set(`${record.group} ${record.message}`, record));
      this.holding.delete(event.client);
    } else if (event.kind === 'positioned') {
      for (const [id, { place, position, group, key, message }] of this.dropped) {
        if (place !== event.place || group !== event.group || position >= event.position) continue;
        this.dropped.delete(id);
        this.lost.set(id, {
          event,
          text: `${displayName(event.client)} begins at offset ${event.position} of ${place}: ${named(key, message)} at ${position} was never processed`,
        });
      }
    }
  }

  verdict(ended: boolean): Verdict {
    const judged = new Ledger();
    if (this.redone) judged.contradict(this.redone.event, this.redone.text);
    for (const { event, text } of this.lost.values()) judged.confirm(event, () => text);
    if (!ended && this.redone === null && this.lost.size === 0) {
      return { status: 'open', waitsFor: 'a consumer that commits, and crashes before it has done the work' };
    }
    return judged.verdict('a consumer that commits, and crashes before it has done the work');
  }
}

export const crashClaims: readonly Claim[] = [
  {
    id: 'kafka.crash-noticed-after-session-timeout',
    broker: 'kafka',
    statement: 'A crashed member’s partitions stay unread until its session timeout has passed',
    rules: ['K-74', 'K-79'],
    observable: false,
    scenarios: ['kafka-consumer-groups'],
    judge: () => new CrashNoticedAfterSessionTimeout(),
  },
  {
    id: 'kafka.clean-close-hands-over-at-once',
    broker: 'kafka',
    statement: 'A consumer that closes hands its partitions over without a session timeout',
    rules: ['K-74'],
    observable: false,
    scenarios: ['kafka-clean-close'],
    judge: () => new CleanCloseHandsOver(),
  },
  {
    id: 'kafka.takeover-from-committed',
    broker: 'kafka',
    statement: 'The new owner begins at the committed offset',
    rules: ['K-69', 'K-70'],
    observable: true,
    scenarios: [
      'kafka-consumer-groups',
      'kafka-commit-before',
      'kafka-commits',
      'kafka-lag',
      'kafka-held-commits',
    ],
    judge: () => new TakeoverFromCommitted(),
  },
  {
    id: 'kafka.crash-duplicates',
    broker: 'kafka',
    statement: 'Records processed after the last commit are processed again',
    rules: ['K-71', 'K-70'],
    observable: true,
    scenarios: [
      'kafka-consumer-groups',
      'kafka-commits',
      'kafka-auto-commit',
      'kafka-held-commits',
      'kafka-held-auto-commit',
    ],
    judge: () => new CrashDuplicates(),
  },
  {
    id: 'kafka.nothing-lost',
    broker: 'kafka',
    statement: 'Every confirmed record is processed in the end',
    rules: ['K-72', 'K-112'],
    observable: true,
    scenarios: ['kafka-consumer-groups', 'kafka-clean-close', 'kafka-held-keys', 'kafka-held-two-groups'],
    judge: () => new NothingLost(),
  },
  {
    id: 'kafka.commit-before-loses',
    broker: 'kafka',
    statement: 'Committed before the work, a crash leaves records that are never processed',
    rules: ['K-72'],
    observable: true,
    scenarios: ['kafka-commit-before', 'kafka-commits', 'kafka-held-commits'],
    judge: () => new CommitBeforeLoses(),
  },
];
