/** Claims about when offsets are committed, and what a crash makes of it: the record that comes twice, the one that never does. */
import { displayName } from '../../sim/names.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { failedBy, Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';
import { SeenByReader } from '../seen.ts';
import { named } from './partitions.ts';

/** K-72. At most once: what was committed before its work is nobody's a second time. The group is known by its name. */
class CommitBeforeRepeatsNothing implements ClaimFold {
  private readonly group: string;
  private ledger = new Ledger();
  private crashed = false;
  private members = new Set<string>();
  private processed = new SeenByReader();
  /** Records whose commit failed: they may well come again. */
  private uncommitted = new Set<number>();
  private inHand = new Map<string, Set<number>>();

  constructor(group: string) {
    this.group = group;
  }

  on(event: TraceEvent): void {
    if (event.kind === 'client-stopped' && event.reason === 'crashed' && this.members.has(event.client))
      this.crashed = true;
    if (event.kind === 'error') this.inHand.get(event.client)?.forEach((m) => this.uncommitted.add(m));
    if (event.kind === 'delivered' && event.group === this.group) {
      this.members.add(event.client);
      let mine = this.inHand.get(event.client);
      if (!mine) this.inHand.set(event.client, (mine = new Set<number>()));
      mine.add(event.message);
    }
    if (event.kind !== 'processed' || event.group !== this.group) return;
    this.inHand.get(event.client)?.delete(event.message);
    if (!this.processed.add(event)) {
      if (!this.uncommitted.has(event.message))
        this.ledger.contradict(
          event,
          `${displayName(event.client)} processed ${named(event.key, event.message)} a second time`,
        );
    } else if (this.crashed) {
      this.ledger.confirm(
        event,
        () =>
          `after the crash, ${displayName(event.client)} processes ${named(event.key, event.message)} for the first time`,
      );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a crash in the group that commits first');
  }
}

/** K-71, K-72. At least once: what these groups have committed is finished, every record of it. */
class CommitAfterLosesNothing implements ClaimFold {
  private readonly groups: readonly string[];
  private ledger = new Ledger();
  private confirmed: Extract<TraceEvent, { kind: 'publish-confirmed' }>[] = [];
  private processed = new SeenByReader();
  private committed = new Map<string, number>();
  private crashed = new Set<string>();
  private groupOf = new Map<string, string>();

  constructor(groups: readonly string[]) {
    this.groups = groups;
  }

  on(event: TraceEvent): void {
    if (event.kind === 'publish-confirmed') this.confirmed.push(event);
    if (event.kind === 'assigned') this.groupOf.set(event.client, event.group);
    if (event.kind === 'client-stopped' && event.reason === 'crashed') {
      const group = this.groupOf.get(event.client);
      if (group !== undefined && this.groups.includes(group)) this.crashed.add(group);
    }
    if (event.kind === 'settled' && event.outcome === 'committed')
      this.committed.set(`${event.group ?? ''} ${event.place}`, event.position);
    if (event.kind === 'processed' && event.group !== null && this.groups.includes(event.group)) {
      if (this.processed.add(event) && this.crashed.has(event.group))
        this.ledger.confirm(
          event,
          () => `after the crash, ${event.group ?? ''} finishes ${named(event.key, event.message)}`,
        );
    }
  }

  verdict(ended: boolean): Verdict {
    if (!ended) return { status: 'open', waitsFor: 'the end of the run' };
    for (const group of this.crashed) {
      for (const event of this.confirmed) {
        const { message, place, position } = event;
        if (position === null || position >= (this.committed.get(`${group} ${place}`) ?? 0)) continue;
        if (!this.processed.has(group, message))
          return failedBy(
            event,
            `${group} has committed past offset ${position} of ${place} and never finished record ${message}`,
          );
      }
    }
    return this.ledger.verdict('a crash in a group that commits after its work');
  }
}

/** A record that died with its consumer. */
interface Lost {
  group: string;
  place: string;
  position: number;
  message: number;
  key: string | null;
}

/** A run that goes on so long after the last piece of work has come to rest. */
const REST_MICROS = fromMs(10_000);

/** K-70, K-72. Lag counts from the committed offset on: what was lost before it is not in it. */
class LossNotInLag implements ClaimFold {
  private ledger = new Ledger();
  private inHand = new Map<string, Map<number, Lost>>();
  private lost = new Map<string, Lost>();
  private committed = new Map<string, number>();
  private ends = new Map<string, number>();
  /** Per group and place: the next offset after the furthest that was finished. */
  private finished = new Map<string, number>();
  private lastWorkAt: Micros = 0;
  private last: TraceEvent | null = null;

  on(event: TraceEvent): void {
    this.last = event;
    switch (event.kind) {
      case 'publish-confirmed':
        if (event.place !== null && event.position !== null)
          this.ends.set(event.place, Math.max(this.ends.get(event.place) ?? 0, event.position + 1));
        break;
      case 'delivered': {
        if (event.group === null) break;
        let mine = this.inHand.get(event.client);
        if (!mine) this.inHand.set(event.client, (mine = new Map<number, Lost>()));
        const { group, place, position, message, key } = event;
        mine.set(message, { group, place, position, message, key });
        break;
      }
      case 'processed': {
        this.lastWorkAt = event.at;
        this.inHand.get(event.client)?.delete(event.message);
        const group = event.group ?? '';
        this.lost.delete(`${group} ${event.message}`);
        const id = `${group} ${event.place}`;
        this.finished.set(id, Math.max(this.finished.get(id) ?? 0, event.position + 1));
        break;
      }
      case 'client-stopped':
        if (event.reason === 'crashed')
          this.inHand
            .get(event.client)
            ?.forEach((record) => this.lost.set(`${record.group} ${record.message}`, record));
        this.inHand.delete(event.client);
        break;
      case 'settled': {
        const id = `${event.group ?? ''} ${event.place}`;
        this.committed.set(id, event.position);
        if (event.position !== this.ends.get(event.place)) break;
        for (const { group, place, position, message, key } of this.lost.values()) {
          if (`${group} ${place}` !== id || position >= event.position) continue;
          this.ledger.confirm(
            event,
            () =>
              `${group} has a lag of 0 on ${place}, and ${named(key, message)} at offset ${position} was never finished`,
          );
        }
        break;
      }
      default:
        break;
    }
  }

  verdict(ended: boolean): Verdict {
    const waits = 'a group that has lost a record to read to the end of its partition';
    const { last } = this;
    if (!ended || last === null || last.at - this.lastWorkAt < REST_MICROS) return this.ledger.verdict(waits);
    for (const { group, place, position, message, key } of this.lost.values()) {
      const id = `${group} ${place}`;
      const end = this.ends.get(place) ?? 0;
      const committed = this.committed.get(id) ?? 0;
      if (position >= committed || this.finished.get(id) !== end || committed === end) continue;
      return failedBy(
        last,
        `${group} has finished ${place} to its end, and its lag is ${end - committed}, with ${named(key, message)} lost`,
      );
    }
    return this.ledger.verdict(waits);
  }
}

/**
 * K-71. Auto-commit happens inside poll(), before new records are handed out: it commits what earlier polls returned,
 * never a part of it, and all of that is finished.
 */
class AutoCommitInPoll implements ClaimFold {
  private ledger = new Ledger();
  /** Per client and place: where polls began and ended. */
  private edges = new Map<string, Set<number>>();
  private lastPoll = new Map<string, { at: Micros; to: number }>();
  private unfinished = new Map<string, Map<number, number>>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'client-stopped':
        this.unfinished.delete(event.client);
        break;
      case 'positioned': {
        const id = `${event.client} ${event.place}`;
        this.edges.set(id, new Set([event.position]));
        this.lastPoll.delete(id);
        break;
      }
      case 'delivered': {
        const id = `${event.client} ${event.place}`;
        const last = this.lastPoll.get(id);
        // Whatever comes at one moment one poll() has returned.
        if (last && last.at !== event.at) this.edges.get(id)?.add(last.to);
        this.lastPoll.set(id, { at: event.at, to: event.position + 1 });
        let open = this.unfinished.get(event.client);
        if (!open) this.unfinished.set(event.client, (open = new Map<number, number>()));
        open.set(event.message, event.position);
        break;
      }
      case 'processed':
        this.unfinished.get(event.client)?.delete(event.message);
        break;
      case 'settled':
        if (event.outcome === 'committed') this.settled(event);
        break;
      default:
        break;
    }
  }

  private settled(event: Extract<TraceEvent, { kind: 'settled' }>): void {
    const id = `${event.client} ${event.place}`;
    const edges = this.edges.get(id);
    const to = this.lastPoll.get(id)?.to;
    const open = [...(this.unfinished.get(event.client)?.values() ?? [])].filter((p) => p < event.position);
    const text = `${displayName(event.client)} commits ${event.place} at ${event.position}`;
    if (open.length > 0) this.ledger.contradict(event, `${text}, and has not finished offset ${open[0]!}`);
    else if (edges && !edges.has(event.position) && event.position !== to)
      this.ledger.contradict(event, `${text}, in the middle of what a poll() had returned`);
    else this.ledger.confirm(event, () => `${text}: what earlier polls returned, all of it finished`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('an automatic commit');
  }
}

export const commitClaims: readonly Claim[] = [
  {
    id: 'kafka.commit-before-repeats-nothing',
    broker: 'kafka',
    statement: 'Committed before the work, no record is processed twice',
    rules: ['K-72'],
    observable: true,
    scenarios: ['kafka-commits', 'kafka-held-commits'],
    judge: () => new CommitBeforeRepeatsNothing('commit-before'),
  },
  {
    id: 'kafka.commit-after-loses-nothing',
    broker: 'kafka',
    statement: 'Committed after the work, nothing is lost: what is committed is finished',
    rules: ['K-71', 'K-72', 'K-112'],
    observable: true,
    scenarios: ['kafka-commits', 'kafka-held-commits'],
    judge: () => new CommitAfterLosesNothing(['auto-commit', 'commit-after']),
  },
  {
    id: 'kafka.loss-not-in-lag',
    broker: 'kafka',
    statement: 'The group that lost records comes to a lag of 0',
    rules: ['K-70', 'K-72'],
    observable: true,
    scenarios: ['kafka-commits', 'kafka-held-commits'],
    judge: () => new LossNotInLag(),
  },
  {
    id: 'kafka.auto-commit-in-poll',
    broker: 'kafka',
    statement: 'Auto-commit commits what earlier polls returned, and only when poll() is called',
    rules: ['K-71'],
    observable: true,
    scenarios: ['kafka-auto-commit', 'kafka-held-auto-commit'],
    judge: () => new AutoCommitInPoll(),
  },
];
