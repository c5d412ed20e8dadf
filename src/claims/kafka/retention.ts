/** Claims about retention: which records go, when, and what readers notice of it (K-11 to K-15, K-20). */
import { formatSeconds, fromMs, type Micros } from '../../sim/time.ts';
import { displayName } from '../../sim/names.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';
import { Logs, type Contents } from './contents.ts';

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

/** What `expired` says took effect, such as `retention.ms 12000`. @returns the setting's value, or null */
function setting(event: Event<'expired'>, name: 'retention.ms' | 'retention.bytes'): number | null {
  const [setting, value] = (event.why ?? '').split(' ');
  return setting === name ? Number(value) : null;
}

const offsets = (from: number, to: number): string =>
  from === to ? `offset ${from}` : `offsets ${from} to ${to}`;

/** Follows logs, and asks when segments go. */
abstract class OnExpiry implements ClaimFold {
  protected ledger = new Ledger();
  protected logs = new Logs();

  on(event: TraceEvent): void {
    this.logs.on(event);
    if (event.kind !== 'expired') return;
    const log = this.logs.ledBy(event);
    if (!log) return;
    this.expired(event, event.from ?? event.position, log);
    this.logs.dropBelow(log, event.position + 1);
  }

  abstract verdict(ended: boolean): Verdict;
  /** The log still has what goes. */
  protected abstract expired(event: Event<'expired'>, from: number, log: Contents): void;
}

/** K-12. What goes begins where a segment begins and ends where one ends. */
class RetentionWholeSegments extends OnExpiry {
  protected expired(event: Event<'expired'>, from: number, { bases, end }: Contents): void {
    const next = event.position + 1;
    const text = `${offsets(from, event.position)} of ${event.place} went`;
    if (bases.includes(from) && (bases.includes(next) || next === end))
      this.ledger.confirm(event, () => `${text}: whole segments`);
    else this.ledger.contradict(event, `${text}, but segments begin at ${bases.join(', ')}`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('retention to delete something');
  }
}

/** K-13. Shown where a segment's oldest record was already too old when its newest one was made. */
class NewestRecordKeepsSegment extends OnExpiry {
  protected expired(event: Event<'expired'>, from: number, log: Contents): void {
    const retentionMs = setting(event, 'retention.ms');
    if (retentionMs === null) return;
    const retention = fromMs(retentionMs);
    log.bases.forEach((base, i) => {
      const end = log.bases[i + 1] ?? log.end;
      if (base < from || end > event.position + 1) return;
      const records = [...log.records.values()].filter(({ position }) => position >= base && position < end);
      if (records.length === 0) return;
      const oldest = records.reduce((a, b) => (b.publishedAt < a.publishedAt ? b : a));
      const newest = records.reduce((a, b) => (b.publishedAt >= a.publishedAt ? b : a));
      const age = event.at - newest.publishedAt;
      if (age <= retention) {
        this.ledger.contradict(
          event,
          `the segment of ${event.place} that begins at ${base} went when its newest record was ${formatSeconds(age)} old`,
        );
      } else if (newest.publishedAt - oldest.publishedAt > retention) {
        this.ledger.confirm(
          event,
          () =>
            `offset ${oldest.position} of ${event.place} went at an age of ${formatSeconds(event.at - oldest.publishedAt)}, with offset ${newest.position} of the same segment, ${formatSeconds(age)} old`,
        );
      }
    });
  }

  verdict(): Verdict {
    return this.ledger.verdict('a record that is kept by a much newer one in its segment');
  }
}

/** What a record takes in the log beside its value and key, at most, bytes: the claim counts what applications sent. */
const OVERHEAD = 200;

/** K-14. */
class SizeRetentionLeavesEnough extends OnExpiry {
  protected expired(event: Event<'expired'>, _: number, log: Contents): void {
    const retentionBytes = setting(event, 'retention.bytes');
    if (retentionBytes === null) return;
    let left = 0;
    let count = 0;
    for (const { position, bytes } of log.records.values()) {
      if (position <= event.position) continue;
      left += bytes;
      count++;
    }
    const text = `${left} bytes of ${event.place} are left, ${retentionBytes} were to be kept`;
    if (left + count * OVERHEAD >= retentionBytes) this.ledger.confirm(event, () => text);
    else this.ledger.contradict(event, text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('retention.bytes to delete something');
  }
}

/**
 * K-15. Where every record is too old, all go in one pass, the active segment too, and offsets go on from there. That no
 * old record was forgotten is judged with patience: at twice the age, for a broker that looks at least that often, and
 * that has been at work for so long.
 */
class TimeRetentionEmpties extends OnExpiry {
  private retention = new Map<string, Micros>();
  private last: TraceEvent | null = null;
  private resting = new Set<string>();
  /** When a node last went on after a rest. */
  private workingSince = new Map<string, Micros>();
  /** Places that were emptied, with the offset that comes next. */
  private emptied = new Map<string, number>();

  override on(event: TraceEvent): void {
    super.on(event);
    this.last = event;
    const name = event.kind === 'configured' ? event.name : null;
    // What holds now, the next deletion tells.
    for (const place of this.retention.keys())
      if (place.slice(0, place.lastIndexOf('-')) === name) this.retention.delete(place);
    if (event.kind === 'node-crashed' || event.kind === 'node-stopped') this.resting.add(event.node);
    if (event.kind === 'node-restarted') this.goesOn(event.node, event.at);
    if (event.kind === 'acted' && event.refused === null) {
      if (event.action === 'pause') this.resting.add(event.target);
      if (event.action === 'resume') this.goesOn(event.target, event.at);
    }
    if (event.kind !== 'appended') return;
    const next = this.emptied.get(event.place);
    if (next === undefined) return;
    this.emptied.delete(event.place);
    if (event.position !== next) {
      this.ledger.contradict(
        event,
        `${event.place} was emptied at ${next}, and the next record got offset ${event.position}`,
      );
    }
  }

  private goesOn(node: string, at: Micros): void {
    this.resting.delete(node);
    this.workingSince.set(node, at);
  }

  protected expired(event: Event<'expired'>, _: number, log: Contents): void {
    const retentionMs = setting(event, 'retention.ms');
    if (retentionMs === null) return;
    const retention = fromMs(retentionMs);
    this.retention.set(event.place, retention);
    const left = [...log.records.values()].filter(({ position }) => position > event.position);
    if (left.length === 0) {
      this.emptied.set(event.place, log.end);
      this.ledger.confirm(event, () => `${event.place} is empty: it begins and ends at offset ${log.end}`);
    } else if (left.every(({ publishedAt }) => event.at - publishedAt > retention)) {
      this.ledger.contradict(
        event,
        `${offsets(left[0]!.position, left.at(-1)!.position)} of ${event.place} stay, and are all too old`,
      );
    }
  }

  verdict(ended: boolean): Verdict {
    if (ended && this.last) {
      for (const [place, retention] of this.retention) {
        const { leader, records } = this.logs.get(place)!;
        const newest = [...records.values()].at(-1);
        if (!newest || this.resting.has(leader)) continue;
        const from = Math.max(newest.publishedAt, this.workingSince.get(leader) ?? 0);
        if (this.last.at - from > 2 * retention) {
          const judged = new Ledger();
          judged.contradict(
            this.last,
            `offset ${newest.position} of ${place} is still there, ${formatSeconds(this.last.at - newest.publishedAt)} old`,
          );
          return judged.verdict('');
        }
      }
    }
    return this.ledger.verdict('a topic whose records are all too old');
  }
}

/** Where each group reads on in each place. */
class Readers {
  private next = new Map<string, Map<string, number>>();

  on(event: TraceEvent): void {
    if ((event.kind !== 'positioned' && event.kind !== 'delivered') || event.group === null) return;
    let groups = this.next.get(event.place);
    if (!groups) this.next.set(event.place, (groups = new Map<string, number>()));
    groups.set(event.group, event.kind === 'positioned' ? event.position : event.position + 1);
  }

  of(place: string): ReadonlyMap<string, number> {
    return this.next.get(place) ?? new Map<string, number>();
  }
}

interface Range {
  readonly group: string;
  readonly place: string;
  readonly from: number;
  readonly to: number;
}

const within = ({ group, place, from, to }: Range, event: Event<'delivered'>): boolean =>
  event.group === group && event.place === place && event.position >= from && event.position < to;

/** K-5, K-12, K-69. What went before a group had it is never given to it; it is told by its position alone. */
class RetentionIgnoresReaders extends OnExpiry {
  private readers = new Readers();
  private unread: Range[] = [];
  /** Set only once the group was positioned anew: what a client had fetched before, it may still hand out. */
  private gone: Range[] = [];

  override on(event: TraceEvent): void {
    if (event.kind === 'delivered') {
      const gone = this.gone.find((range) => within(range, event));
      if (gone)
        this.ledger.contradict(
          event,
          `${displayName(event.client)} was given offset ${event.position} of ${event.place}, which was gone`,
        );
    }
    if (event.kind === 'positioned' && event.outOfRange === true) {
      const mine = this.unread.filter(
        ({ group, place, from }) => group === event.group && place === event.place && from < event.position,
      );
      if (mine.length > 0) {
        const { from } = mine[0]!;
        const to = mine.at(-1)!.to - 1;
        this.gone.push(...mine);
        this.unread = this.unread.filter((range) => !mine.includes(range));
        this.ledger.confirm(
          event,
          () =>
            `${offsets(from, to)} of ${event.place} went unread; ${displayName(event.client)} goes on at ${event.position}`,
        );
      }
    }
    super.on(event);
    this.readers.on(event);
  }

  protected expired(event: Event<'expired'>, from: number): void {
    const { place, position } = event;
    for (const [group, next] of this.readers.of(place))
      if (next <= position) this.unread.push({ group, place, from: Math.max(from, next), to: position + 1 });
  }

  verdict(): Verdict {
    return this.ledger.verdict('a group whose next record is deleted before it reads it');
  }
}

/** K-69. Shown by another reader that is given, later, what the first one passed over. */
class LatestSkipsWhatIsLeft implements ClaimFold {
  private ledger = new Ledger();
  private readers = new Readers();
  private skipped: Range[] = [];

  on(event: TraceEvent): void {
    if (event.kind === 'positioned' && event.group !== null) {
      const { group, place, position: to } = event;
      const from = this.readers.of(place).get(group);
      this.skipped = this.skipped.filter((range) => range.group !== group || range.place !== place);
      if (event.outOfRange === true && from !== undefined && from < to)
        this.skipped.push({ group, place, from, to });
    }
    if (event.kind === 'delivered') {
      for (const range of this.skipped) {
        if (within(range, event)) {
          this.ledger.contradict(
            event,
            `${displayName(event.client)} was given offset ${event.position} of ${event.place} after all`,
          );
        } else if (within({ ...range, group: event.group ?? '' }, event)) {
          this.ledger.confirm(
            event,
            () =>
              `offset ${event.position} of ${event.place}, which ${displayName(event.client)} is given, was passed over by ${displayName(range.group)}`,
          );
        }
      }
    }
    this.readers.on(event);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a reader that is set to the end of a log that others still read');
  }
}

/** Groups that leave, and what they find of their committed offsets when they are back. */
abstract class Away implements ClaimFold {
  protected ledger = new Ledger();
  private committed = new Map<string, Event<'settled'>>();
  /** Live clients of each group, and since when there is none. */
  private live = new Map<string, Set<string>>();
  private awaySince = new Map<string, Micros>();

  on(event: TraceEvent): void {
    if (event.kind === 'settled' && event.outcome === 'committed' && event.group !== null)
      this.committed.set(`${event.group} ${event.place}`, event);
    if (event.kind === 'assigned') {
      let members = this.live.get(event.group);
      if (!members) this.live.set(event.group, (members = new Set()));
      members.add(event.client);
    }
    if (event.kind === 'client-stopped') {
      for (const [group, members] of this.live)
        if (members.delete(event.client) && members.size === 0) this.awaySince.set(group, event.at);
    }
    if (event.kind === 'positioned' && event.group !== null) this.positioned(event, event.group);
  }

  private positioned(event: Event<'positioned'>, group: string): void {
    const since = this.awaySince.get(group);
    const commit = this.committed.get(`${group} ${event.place}`);
    if (since === undefined || commit === undefined || event.outOfRange === true || event.by === 'seek')
      return;
    this.awaySince.delete(group);
    if (event.by !== 'committed') this.committed.delete(`${group} ${event.place}`);
    const text = `${displayName(group)}, back after ${formatSeconds(event.at - since)}, ${event.by === 'committed' ? 'still has' : 'has lost'} its committed offset ${commit.position} of ${event.place}`;
    this.back(event, commit, since, text);
  }

  /** @param since when its last member left @param text what it finds */
  protected abstract back(
    event: Event<'positioned'>,
    commit: Event<'settled'>,
    since: Micros,
    text: string,
  ): void;

  abstract verdict(): Verdict;
}

/** K-20. A group that stayed away for longer than another may not have kept what the other has lost. */
class CommittedOffsetsExpire extends Away {
  private longestKept = 0;
  private shortestLost = Infinity;

  protected back(event: Event<'positioned'>, _: Event<'settled'>, since: Micros, text: string): void {
    const away = event.at - since;
    if (event.by === 'committed') this.longestKept = Math.max(this.longestKept, away);
    else this.shortestLost = Math.min(this.shortestLost, away);
    if (this.longestKept >= this.shortestLost) this.ledger.contradict(event, text);
    else if (event.by === 'reset')
      this.ledger.confirm(event, () => `${text} and begins at ${event.position}`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a group that comes back after its committed offset was deleted');
  }
}

/** What the scenario of the next claim keeps offsets for, and how much later at most a coordinator has looked. */
const KEPT = 60_000_000;
const LOOKS = 2_000_000;

/** K-20. No event tells a group's protocol: in the scenario of this claim the one of KIP-848 is called `next`. */
class OffsetsAgeFromCommit extends Away {
  protected back(event: Event<'positioned'>, commit: Event<'settled'>, since: Micros, text: string): void {
    if (event.at - since >= KEPT) return;
    const told = `${text}, ${formatSeconds(event.at - commit.at)} after it committed it`;
    const isNext = event.group === 'next';
    const isOld = event.at - commit.at > KEPT + LOOKS;
    const isLost = event.by === 'reset';
    if (isLost ? !isNext || event.at - commit.at < KEPT : isNext && isOld)
      this.ledger.contradict(event, told);
    else if (isLost) this.ledger.confirm(event, () => told);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a group of KIP-848 that comes back for an offset it committed long ago');
  }
}

export const retentionClaims: readonly Claim[] = [
  {
    id: 'kafka.retention-whole-segments',
    broker: 'kafka',
    statement: 'Retention deletes whole segments',
    rules: ['K-12'],
    observable: false,
    scenarios: ['kafka-retention'],
    judge: () => new RetentionWholeSegments(),
  },
  {
    id: 'kafka.newest-record-keeps-segment',
    broker: 'kafka',
    statement: 'A segment’s newest record keeps all its older ones',
    rules: ['K-13', 'K-12'],
    observable: false,
    scenarios: ['kafka-retention'],
    judge: () => new NewestRecordKeepsSegment(),
  },
  {
    id: 'kafka.size-retention-leaves-enough',
    broker: 'kafka',
    statement: 'Retention by size leaves at least retention.bytes',
    rules: ['K-14'],
    observable: false,
    scenarios: ['kafka-retention'],
    judge: () => new SizeRetentionLeavesEnough(),
  },
  {
    id: 'kafka.time-retention-empties',
    broker: 'kafka',
    statement: 'When every record is too old, the active segment goes too; offsets go on',
    rules: ['K-15', 'K-1'],
    observable: false,
    scenarios: ['kafka-retention'],
    judge: () => new TimeRetentionEmpties(),
  },
  {
    id: 'kafka.retention-ignores-readers',
    broker: 'kafka',
    statement: 'Records go whether or not a group has read them, and it is never given them',
    rules: ['K-5', 'K-12', 'K-69'],
    observable: false,
    scenarios: ['kafka-retention'],
    judge: () => new RetentionIgnoresReaders(),
  },
  {
    id: 'kafka.latest-skips-what-is-left',
    broker: 'kafka',
    statement: 'Reset to latest, a reader also passes over records that are still there',
    rules: ['K-69', 'K-5'],
    observable: true,
    scenarios: ['kafka-retention', 'kafka-held-retention'],
    judge: () => new LatestSkipsWhatIsLeft(),
  },
  {
    id: 'kafka.committed-offsets-expire',
    broker: 'kafka',
    statement: 'A group that stays away for too long has lost its committed offsets',
    rules: ['K-20', 'K-69'],
    observable: true,
    scenarios: ['kafka-offsets-expire'],
    judge: () => new CommittedOffsetsExpire(),
  },
  {
    id: 'kafka.kip-848-offsets-age-from-commit',
    broker: 'kafka',
    statement: 'A group of KIP-848 that is away for a moment has lost offsets that it committed long ago',
    rules: ['K-20'],
    observable: true,
    scenarios: ['kafka-offsets-kip-848'],
    judge: () => new OffsetsAgeFromCommit(),
  },
];
