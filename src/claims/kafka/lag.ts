/** Claims about lag: what makes it grow and fall, how many members help, and what becomes of polls that take too long. */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, fromMs, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict, tellsPlace } from '../claim.ts';
import { SeenByReader } from '../seen.ts';
import { lagToolClaim } from './lag-tool.ts';
import { named } from './partitions.ts';

/** Where each partition ends, as far as producers have been told. */
class Ends {
  private ends = new Map<string, number>();

  on(event: TraceEvent): void {
    if (tellsPlace(event) && event.position !== null)
      this.ends.set(event.place, Math.max(this.of(event.place), event.position + 1));
  }

  of(place: string): number {
    return this.ends.get(place) ?? 0;
  }
}

/** Between two commits so long apart it can be said who was faster. */
const PACE_MICROS = fromMs(5000);

/** One reader's time with one partition, since a commit of its own. */
interface Stint {
  client: string;
  /** Of the commit that it is counted from; null before its first. */
  since: { at: Micros; lag: number; end: number } | null;
  /** Records that it has finished since then. */
  finished: number;
}

/**
 * Lag is the end of the log minus the committed offset. Between two commits of one reader it has grown when more arrived
 * than was finished, and fallen when less did: it tells of work, because offsets are committed after the work.
 */
class LagFollowsPace implements ClaimFold {
  private ledger = new Ledger();
  private ends = new Ends();
  private stints = new Map<string, Stint>();

  on(event: TraceEvent): void {
    this.ends.on(event);
    if (event.kind === 'positioned' && event.group !== null) {
      const { client, group, place } = event;
      this.stints.set(`${group} ${place}`, { client, since: null, finished: 0 });
    } else if (event.kind === 'processed') {
      const stint = this.stints.get(`${event.group ?? ''} ${event.place}`);
      if (stint?.client === event.client) stint.finished++;
    } else if (event.kind === 'settled' && event.outcome === 'committed') this.committed(event);
  }

  private committed(event: Extract<TraceEvent, { kind: 'settled' }>): void {
    const { at, client, group, place, position } = event;
    const stint = this.stints.get(`${group ?? ''} ${place}`);
    if (stint?.client !== client) return;
    const end = this.ends.of(place);
    const lag = end - position;
    const { since, finished } = stint;
    if (since === null) {
      stint.since = { at, lag, end };
      stint.finished = 0;
      return;
    }
    if (at - since.at < PACE_MICROS) return;
    const arrived = end - since.end;
    stint.since = { at, lag, end };
    stint.finished = 0;
    if (arrived === finished) return;
    const text = `in ${formatSeconds(at - since.at)}, ${arrived} records came to ${place} and ${displayName(client)} finished ${finished}; the lag went from ${since.lag} to ${lag}`;
    if (arrived > finished ? lag > since.lag : lag < since.lag) this.ledger.confirm(event, () => text);
    else this.ledger.contradict(event, text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a reader that has committed twice, some seconds apart');
  }
}

/** What happens to a partition while nothing changes in its group. */
interface Flow {
  owner: string;
  arrived: number;
  finished: number;
}

/** A time in which a group's members and their partitions stay as they are. */
interface Calm {
  since: Micros;
  flows: Map<string, Flow>;
  /** Something was worked on a second time: what is finished is not what is left. */
  repeated: boolean;
}

const CALM_MICROS = fromMs(8000);
/** A reader that shares its time between partitions and has fallen behind by so much cannot keep up with them. */
const OUTPACED = 5;

/** K-100, K-80. While a group is calm, partitions that share a reader fall further behind than those that do not. */
class SharedReaderFallsBehind implements ClaimFold {
  private ledger = new Ledger();
  private held = new Map<string, Map<string, readonly string[]>>();
  private groupOf = new Map<string, string>();
  private calms = new Map<string, Calm>();
  private seen = new SeenByReader();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'publish-confirmed':
        for (const { flows } of this.calms.values()) {
          const flow = flows.get(event.place ?? '');
          if (flow) flow.arrived++;
        }
        break;
      case 'processed': {
        const calm = this.calms.get(event.group ?? '');
        const fresh = this.seen.add(event);
        if (!calm) break;
        if (!fresh) calm.repeated = true;
        const flow = calm.flows.get(event.place);
        if (flow?.owner === event.client) flow.finished++;
        break;
      }
      case 'assigned': {
        this.groupOf.set(event.client, event.group);
        this.disturbed(event.group, event);
        this.holdings(event.group).set(event.client, event.all);
        this.calms.set(event.group, this.calm(event.group, event.at));
        break;
      }
      case 'revoked':
        this.disturbed(event.group, event);
        this.holdings(event.group).delete(event.client);
        break;
      case 'client-started':
      case 'client-stopped': {
        const group = this.groupOf.get(event.client);
        if (group !== undefined) this.disturbed(group, event);
        if (group !== undefined) this.holdings(group).delete(event.client);
        break;
      }
      case 'acted':
        for (const group of [...this.calms.keys()]) this.disturbed(group, event);
        break;
      default:
        break;
    }
  }

  private holdings(group: string): Map<string, readonly string[]> {
    let held = this.held.get(group);
    if (!held) this.held.set(group, (held = new Map<string, readonly string[]>()));
    return held;
  }

  private calm(group: string, since: Micros): Calm {
    const flows = new Map<string, Flow>();
    for (const [owner, places] of this.holdings(group))
      for (const place of places) flows.set(place, { owner, arrived: 0, finished: 0 });
    return { since, flows, repeated: false };
  }

  /** The calm is over: what has it shown? */
  private disturbed(group: string, event: TraceEvent): void {
    const calm = this.calms.get(group);
    this.calms.delete(group);
    if (!calm || calm.repeated || event.at - calm.since < CALM_MICROS) return;
    const flows = [...calm.flows].map(([place, flow]) => ({
      place,
      behind: flow.arrived - flow.finished,
      arrived: flow.arrived,
      sharing: [...calm.flows.values()].filter(({ owner }) => owner === flow.owner).length > 1,
    }));
    const arrivals = flows.map(({ arrived }) => arrived);
    // Only what is written alike can be compared.
    if (Math.max(...arrivals) > Math.min(...arrivals) + 3) return;
    const shared = flows.filter(({ sharing }) => sharing);
    const own = flows.filter(({ sharing }) => !sharing);
    if (own.length === 0 || sum(shared) < OUTPACED) return;
    const text = `in ${formatSeconds(event.at - calm.since)}, ${told(shared)}, which share a reader; ${told(own)}, each with its own`;
    if (sum(shared) / shared.length > sum(own) / own.length) this.ledger.confirm(event, () => text);
    else this.ledger.contradict(event, text);
  }

  verdict(): Verdict {
    return this.ledger.verdict(
      'a group in which some members have two partitions, too much for them, and some have one',
    );
  }
}

function sum(flows: readonly { behind: number }[]): number {
  return flows.reduce((total, { behind }) => total + behind, 0);
}

function told(flows: readonly { place: string; behind: number }[]): string {
  return flows
    .map(({ place, behind }) =>
      behind === 0
        ? `${place} kept up`
        : `${place} ${behind > 0 ? 'fell behind' : 'caught up'} by ${Math.abs(behind)}`,
    )
    .join(', ');
}

/** K-80, K-111. In one generation one member does all of a partition's work, however many there are. */
class OneWorker implements ClaimFold {
  private ledger = new Ledger();
  private generations = new Map<string, number>();
  private workers = new Map<string, string>();
  private members = new Map<string, Set<string>>();

  on(event: TraceEvent): void {
    if (event.kind === 'assigned') {
      this.generations.set(event.client, event.generation);
      const id = `${event.group} ${event.generation}`;
      let members = this.members.get(id);
      if (!members) this.members.set(id, (members = new Set<string>()));
      members.add(event.client);
    }
    if (event.kind !== 'processed' || event.group === null) return;
    const generation = this.generations.get(event.client);
    if (generation === undefined) return;
    const id = `${event.group} ${generation} ${event.place}`;
    const worker = this.workers.get(id);
    if (worker === event.client) return;
    const size = this.members.get(`${event.group} ${generation}`)?.size ?? 1;
    if (worker === undefined) {
      this.workers.set(id, event.client);
      if (size > 1) {
        this.ledger.confirm(
          event,
          () =>
            `generation ${generation} has ${size} members; ${displayName(event.client)} alone works on ${event.place}`,
        );
      }
    } else {
      this.ledger.contradict(
        event,
        `in generation ${generation} both ${displayName(worker)} and ${displayName(event.client)} worked on ${event.place}`,
      );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a group of several members at work');
  }
}

/** A member that stayed away from poll() for too long: what it had in hand, and what it had committed by then. */
interface Late {
  group: string;
  /** Per place, the next offset after what it had been given. */
  given: Map<string, number>;
  committed: Map<string, number>;
}

/** Follows members that exceed max.poll.interval.ms. */
class LateMembers {
  /** Per client: what it was given and committed in its present membership. */
  private groups = new Map<string, string>();
  private given = new Map<string, Map<string, number>>();
  private committed = new Map<string, Map<string, number>>();
  readonly late = new Map<string, Late>();

  /** @returns the member that is late from now on */
  on(event: TraceEvent): Late | null {
    switch (event.kind) {
      case 'assigned':
        this.groups.set(event.client, event.group);
        break;
      case 'positioned':
        at(this.given, event.client).set(event.place, event.position);
        at(this.committed, event.client).set(event.place, event.position);
        break;
      case 'delivered':
        at(this.given, event.client).set(event.place, event.position + 1);
        break;
      case 'settled':
        if (event.outcome === 'committed') at(this.committed, event.client).set(event.place, event.position);
        break;
      case 'revoked':
      case 'client-stopped':
        this.given.delete(event.client);
        this.committed.delete(event.client);
        break;
      case 'error': {
        const group = this.groups.get(event.client);
        if (event.code !== 'max.poll.interval.ms' || group === undefined) break;
        const late = {
          group,
          given: new Map(at(this.given, event.client)),
          committed: new Map(at(this.committed, event.client)),
        };
        this.late.set(event.client, late);
        return late;
      }
      default:
        break;
    }
    return null;
  }
}

function at<K, V>(maps: Map<string, Map<K, V>>, id: string): Map<K, V> {
  let map = maps.get(id);
  if (!map) maps.set(id, (map = new Map<K, V>()));
  return map;
}

/** K-73, K-81. Out of the group, a consumer may finish its work, but nobody takes its commit. */
class PollIntervalEndsMembership implements ClaimFold {
  private ledger = new Ledger();
  private members = new LateMembers();

  on(event: TraceEvent): void {
    this.members.on(event);
    const { late } = this.members;
    if (event.kind === 'client-stopped' || event.kind === 'assigned') late.delete(event.client);
    const member = 'client' in event ? late.get(event.client) : undefined;
    if (!member) return;
    if (event.kind === 'error' && event.code === 'CommitFailedException') {
      late.delete(event.client);
      this.ledger.confirm(
        event,
        () =>
          `${displayName(event.client)} comes back too late: its commit is refused with ${event.code}, and ${displayName(event.client)} is no member any more`,
      );
    } else if (event.kind === 'settled' && event.position === member.given.get(event.place)) {
      // A commit that was on its way when the time was up is no case; one of everything it had in hand is.
      this.ledger.contradict(
        event,
        `${displayName(event.client)} was out of the group and still committed ${event.place} at ${event.position}`,
      );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict(
      'a consumer that commits after more than max.poll.interval.ms without a poll()',
    );
  }
}

/** K-69, K-73. Whoever has the partition next is given all of it again. */
class PollIntervalRepeats implements ClaimFold {
  private ledger = new Ledger();
  private members = new LateMembers();
  /** Per group and place: from where to where nothing was committed, and who had it. */
  private owed = new Map<string, { client: string; from: number; to: number }>();

  on(event: TraceEvent): void {
    const late = this.members.on(event);
    if (late && event.kind === 'error') {
      for (const [place, to] of late.given) {
        const from = late.committed.get(place) ?? 0;
        if (to > from) this.owed.set(`${late.group} ${place}`, { client: event.client, from, to });
      }
    }
    if (event.kind === 'positioned' && event.group !== null) {
      const debt = this.owed.get(`${event.group} ${event.place}`);
      if (debt && event.position > debt.from)
        this.ledger.contradict(
          event,
          `${displayName(event.client)} begins at offset ${event.position} of ${event.place}, though ${displayName(debt.client)} had committed ${debt.from} only`,
        );
    }
    if (event.kind === 'delivered') {
      const id = `${event.group ?? ''} ${event.place}`;
      const debt = this.owed.get(id);
      if (!debt || event.position < debt.from) return;
      if (event.position >= debt.to - 1) this.owed.delete(id);
      this.ledger.confirm(
        event,
        () =>
          `${displayName(event.client)} is given ${named(event.key, event.message)}, which ${displayName(debt.client)} had in hand when its time was up`,
      );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a consumer that is away from poll() for more than max.poll.interval.ms');
  }
}

export const lagClaims: readonly Claim[] = [
  {
    id: 'kafka.lag-follows-pace',
    broker: 'kafka',
    statement:
      'A partition’s lag grows while its reader finishes less than arrives, and falls while it finishes more',
    rules: ['K-70', 'K-72'],
    observable: true,
    scenarios: ['kafka-lag', 'kafka-held-lag'],
    judge: () => new LagFollowsPace(),
  },
  lagToolClaim,
  {
    id: 'kafka.shared-reader-falls-behind',
    broker: 'kafka',
    statement: 'Partitions that share a reader fall further behind than those with one of their own',
    rules: ['K-92', 'K-100'],
    observable: false,
    scenarios: ['kafka-lag'],
    judge: () => new SharedReaderFallsBehind(),
  },
  {
    id: 'kafka.partition-one-worker',
    broker: 'kafka',
    statement: 'However many members there are, one of them does all the work of a partition',
    rules: ['K-80', 'K-111'],
    observable: true,
    scenarios: ['kafka-lag', 'kafka-held-lag'],
    judge: () => new OneWorker(),
  },
  {
    id: 'kafka.poll-interval-ends-membership',
    broker: 'kafka',
    statement: 'A consumer that polls too late is out of its group, and its commit fails',
    rules: ['K-73', 'K-81'],
    observable: true,
    scenarios: ['kafka-poll-interval', 'kafka-held-late-poll'],
    judge: () => new PollIntervalEndsMembership(),
  },
  {
    id: 'kafka.poll-interval-repeats',
    broker: 'kafka',
    statement: 'What it had in hand is given out again',
    rules: ['K-73', 'K-69'],
    observable: true,
    scenarios: ['kafka-poll-interval', 'kafka-held-late-poll'],
    judge: () => new PollIntervalRepeats(),
  },
];
