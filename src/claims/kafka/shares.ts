/** Claims about share groups: who gets which record, what a slow or a bad one does to the others, what a lock is worth. */
import { displayName } from '../../sim/names.ts';
import type { Micros } from '../../sim/time.ts';
import { formatSeconds } from '../../sim/time.ts';
import type { MessageId, TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict, tellsPlace } from '../claim.ts';

type Of<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

/** A wait as long as this shows, beside records that take a second. */
const LONG: Micros = 5_000_000;
/** So many records tell that something could have happened and did not. */
const ENOUGH = 10;

/** K-102. Members of a share group are given records of the same partition at the same time of their lives. */
class SharePartitionShared implements ClaimFold {
  private ledger = new Ledger();
  private readers = new Map<string, Set<string>>();
  private members = new Map<string, Set<string>>();
  private given = new Map<string, number>();
  private last: TraceEvent | null = null;

  on(event: TraceEvent): void {
    if (event.kind !== 'delivered' || event.deliveryCount === null || event.group === null) return;
    const { client, group, place } = event;
    add(this.members, group, client);
    this.given.set(group, (this.given.get(group) ?? 0) + 1);
    this.last = event;
    const readers = add(this.readers, `${group} ${place}`, client);
    if (readers > 0)
      this.ledger.confirm(
        event,
        () => `${displayName(client)} is given records of ${place}, as ${readers} others of ${group} are`,
      );
  }

  verdict(ended: boolean): Verdict {
    for (const [group, members] of this.members) {
      const shared = [...this.readers].some(
        ([id, clients]) => id.startsWith(`${group} `) && clients.size > 1,
      );
      if (ended && members.size > 1 && !shared && this.given.get(group)! >= ENOUGH && this.last)
        this.ledger.contradict(this.last, `no partition gave records to two members of ${group}`);
    }
    return this.ledger.verdict('two members of a share group to get records of one partition');
  }
}

/**
 * K-102. The first member of a share group is given nothing for as long as a heartbeat interval, 5 s by default, though
 * records are there; a member that comes when the group has had the partitions is not made to wait.
 */
class ShareFirstWaits implements ClaimFold {
  private ledger = new Ledger();
  private started = new Map<string, Micros>();
  /** When the first record of all was confirmed. */
  private there: Micros | null = null;
  /** Whether a member has been given a record. */
  private met = false;
  private waited: Micros | null = null;

  on(event: TraceEvent): void {
    if (event.kind === 'client-started') this.started.set(event.client, event.at);
    else if (event.kind === 'publish-confirmed') this.there ??= event.at;
    if (event.kind !== 'delivered' || event.deliveryCount === null) return;
    const { client, at } = event;
    const start = this.started.get(client);
    if (start === undefined) return;
    this.started.delete(client);
    const wait = at - start;
    const text = `${displayName(client)} is given its first record ${formatSeconds(wait)} after its start`;
    if (!this.met) {
      this.met = true;
      // Who comes before there is anything waits for that.
      if (this.there === null || this.there >= start) return;
      if (wait < LONG) this.ledger.contradict(event, text);
      else this.waited = wait;
      return;
    }
    const { waited } = this;
    if (waited === null) return;
    if (wait >= LONG) this.ledger.contradict(event, text);
    else
      this.ledger.confirm(event, () => `${text}; the group’s first member waited ${formatSeconds(waited)}`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a second member to be given a record');
  }
}

/** @returns how many others were there, or 0 when this one was there already */
function add(sets: Map<string, Set<string>>, id: string, one: string): number {
  const set = sets.get(id);
  if (!set) {
    sets.set(id, new Set([one]));
    return 0;
  }
  if (set.has(one)) return 0;
  set.add(one);
  return set.size - 1;
}

interface Lock {
  readonly client: string;
  readonly until: Micros;
  readonly deliveryCount: number;
}

/** What the leaders of share partitions have given to whom. A lock does not outlive the leader that gave it. */
class Locks {
  private locks = new Map<string, Lock>();
  private nodes = new Map<string, string>();

  /** @returns the lock that the event ends, or finds in its way */
  on(event: TraceEvent): Lock | undefined {
    switch (event.kind) {
      case 'acquired': {
        const { group, client, place, position, until, deliveryCount, node } = event;
        // The lock of a share group always runs out.
        if (until === null) return undefined;
        const id = `${group} ${place} ${position}`;
        const before = this.nodes.get(id) === node ? this.locks.get(id) : undefined;
        this.locks.set(id, { client, until, deliveryCount });
        this.nodes.set(id, node);
        return before;
      }
      case 'released':
      case 'archived':
        return this.end(`${event.group} ${event.place} ${event.position}`);
      case 'settled': {
        if (event.outcome === 'committed') return undefined;
        const id = `${event.group ?? ''} ${event.place} ${event.position}`;
        // What a member is told late may be about a lock that is no longer its own.
        return this.locks.get(id)?.client === event.client ? this.end(id) : undefined;
      }
      case 'node-crashed':
      case 'node-stopped':
        for (const [id, node] of [...this.nodes]) if (node === event.node) this.end(id);
        return undefined;
      case 'leader-elected':
        for (const id of [...this.nodes.keys()]) if (id.split(' ')[1] === event.place) this.end(id);
        return undefined;
      default:
        return undefined;
    }
  }

  private end(id: string): Lock | undefined {
    const lock = this.locks.get(id);
    this.locks.delete(id);
    this.nodes.delete(id);
    return lock;
  }
}

/** K-103. A record is with one member at a time. */
class ShareOneHolder implements ClaimFold {
  private ledger = new Ledger();
  private locks = new Locks();

  on(event: TraceEvent): void {
    const lock = this.locks.on(event);
    if (event.kind !== 'acquired' || event.until === null) return;
    const { client, place, position, at, until } = event;
    if (lock && lock.client !== client && at < lock.until)
      this.ledger.contradict(
        event,
        `offset ${position} of ${place} goes to ${displayName(client)} while ${displayName(lock.client)} has it until ${formatSeconds(lock.until)}`,
      );
    else
      this.ledger.confirm(
        event,
        () =>
          `offset ${position} of ${place} is ${displayName(client)}’s alone until ${formatSeconds(until)}`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a share group to be given a record');
  }
}

/** K-103. A lock that is not answered runs out, not before its time, and the record can be had again. */
class ShareLockRunsOut implements ClaimFold {
  private ledger = new Ledger();
  private locks = new Locks();
  private ranOut = new Map<string, string>();

  on(event: TraceEvent): void {
    const lock = this.locks.on(event);
    if (event.kind === 'released' || event.kind === 'archived') {
      if (!lock || (event.kind === 'released' && event.why !== 'the lock ran out')) return;
      const id = `${event.group} ${event.place} ${event.position}`;
      if (event.kind === 'archived') {
        this.ranOut.delete(id);
        return;
      }
      if (event.at < lock.until)
        this.ledger.contradict(
          event,
          `the lock of ${displayName(lock.client)} on offset ${event.position} of ${event.place} ran out at ${formatSeconds(event.at)}, before ${formatSeconds(lock.until)}`,
        );
      else this.ranOut.set(id, lock.client);
    }
    if (event.kind === 'acquired') {
      const id = `${event.group} ${event.place} ${event.position}`;
      const before = this.ranOut.get(id);
      if (before === undefined) return;
      this.ranOut.delete(id);
      this.ledger.confirm(
        event,
        () =>
          `offset ${event.position} of ${event.place} was locked for ${displayName(before)} until its lock ran out: ${displayName(event.client)} has it now, delivery ${event.deliveryCount}`,
      );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a member of a share group that keeps a record for longer than its lock');
  }
}

/** K-103. Given back at the limit, a record is archived: nobody is given it again, and its neighbours are worked on. */
class SharePoisonArchived implements ClaimFold {
  private ledger = new Ledger();
  private deliveries = new Map<string, number>();
  private archived = new Map<string, { event: TraceEvent; count: number; position: number; told: boolean }>();

  on(event: TraceEvent): void {
    if (event.kind === 'acquired') {
      const id = `${event.group} ${event.place} ${event.position}`;
      this.deliveries.set(id, event.deliveryCount);
      if (this.archived.has(id))
        this.ledger.contradict(
          event,
          `offset ${event.position} of ${event.place} is given to ${displayName(event.client)}, after it was archived`,
        );
    }
    if (event.kind === 'archived') {
      const id = `${event.group} ${event.place} ${event.position}`;
      const count = this.deliveries.get(id) ?? 0;
      if (count > 1) this.archived.set(id, { event, count, position: event.position, told: false });
    }
    if (event.kind === 'processed' && event.group !== null) this.processed(event);
  }

  private processed({ group, place, position }: Of<'processed'>): void {
    for (const [id, archived] of this.archived) {
      if (archived.told || !id.startsWith(`${group!} ${place} `) || position <= archived.position) continue;
      archived.told = true;
      this.ledger.confirm(
        archived.event,
        () =>
          `offset ${archived.position} of ${place} was delivered ${archived.count} times and is archived; the group goes on with ${position}`,
      );
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a record that a share group gives back until its deliveries are used up');
  }
}

/** A record in the hands of a member of a share group, and what others of the group finished meanwhile. */
interface Held {
  readonly event: Of<'delivered'>;
  /** Of the same partition, behind it. */
  passed: number;
  elsewhere: number;
}

/** Follows what members of share groups have in their hands, and for how long. */
class Hands {
  private held = new Map<string, Held>();
  /** Per place, the furthest offset that the producers were told of. */
  private confirmed = new Map<string, number>();

  /** @returns what has just been finished, where that took long */
  on(event: TraceEvent): (Held & { took: Micros }) | undefined {
    if (tellsPlace(event) && event.position !== null)
      this.confirmed.set(event.place, Math.max(this.confirmed.get(event.place) ?? 0, event.position));
    if (event.kind === 'client-stopped')
      for (const id of [...this.held.keys()]) if (id.startsWith(`${event.client} `)) this.held.delete(id);
    if (event.kind === 'delivered' && event.deliveryCount !== null)
      this.held.set(`${event.client} ${event.place} ${event.position}`, { event, passed: 0, elsewhere: 0 });
    if (event.kind !== 'processed') return undefined;
    const own = `${event.client} ${event.place} ${event.position}`;
    const done = this.held.get(own);
    this.held.delete(own);
    for (const held of this.held.values()) {
      const { group, client, place, position } = held.event;
      if (group !== event.group || client === event.client) continue;
      if (place !== event.place) held.elsewhere++;
      else if (event.position > position) held.passed++;
    }
    const took = done ? event.at - done.event.at : 0;
    return done && took >= LONG ? { ...done, took } : undefined;
  }

  /** Whether others had enough to do behind it, and did enough elsewhere, to have passed it if they could. */
  couldBePassed({ event, elsewhere }: Held): boolean {
    return elsewhere >= ENOUGH && (this.confirmed.get(event.place) ?? 0) >= event.position + ENOUGH;
  }
}

/** K-103. While one member of a share group is long at a record, others finish records of the same partition behind it. */
class ShareSlowRecordPassed implements ClaimFold {
  private ledger = new Ledger();
  private hands = new Hands();

  on(event: TraceEvent): void {
    const done = this.hands.on(event);
    if (!done) return;
    const { client, place, position } = done.event;
    const text = `${displayName(client)} was ${formatSeconds(done.took)} at offset ${position} of ${place}: meanwhile others finished ${done.passed} behind it`;
    if (done.passed > 0) this.ledger.confirm(event, () => text);
    else if (this.hands.couldBePassed(done)) this.ledger.contradict(event, text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a member of a share group that is long at one record');
  }
}

/** K-107. Records of one partition are finished in another order than that of their offsets. */
class ShareOrderNotKept implements ClaimFold {
  private ledger = new Ledger();
  private hands = new Hands();
  private shares = new Set<string>();
  private highest = new Map<string, number>();

  on(event: TraceEvent): void {
    const done = this.hands.on(event);
    if (event.kind === 'delivered' && event.deliveryCount !== null && event.group !== null)
      this.shares.add(event.group);
    if (event.kind !== 'processed' || event.group === null || !this.shares.has(event.group)) return;
    const { group, place, position, client } = event;
    const id = `${group} ${place}`;
    const highest = this.highest.get(id) ?? -1;
    this.highest.set(id, Math.max(highest, position));
    if (position < highest)
      this.ledger.confirm(
        event,
        () => `${displayName(client)} finished offset ${position} of ${place} after ${highest} was finished`,
      );
    else if (done && this.hands.couldBePassed(done))
      this.ledger.contradict(
        event,
        `${displayName(client)} finished offset ${position} of ${place} after ${formatSeconds(done.took)}, and nothing behind it was finished before`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('two members of a share group to finish records of one partition');
  }
}

/** K-111. In a consumer group, what lies behind a record that is worked on waits for it. */
class SlowRecordBlocksPartition implements ClaimFold {
  private ledger = new Ledger();
  /** Per group and place, what its owner has been given and not finished, in that order. */
  private given = new Map<string, { client: string; records: { message: MessageId; position: number }[] }>();
  private lastAt = new Map<string, Micros>();
  private confirmed = new Map<string, number>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'publish-confirmed':
        if (event.place !== null && event.position !== null)
          this.confirmed.set(event.place, Math.max(this.confirmed.get(event.place) ?? 0, event.position));
        break;
      case 'positioned':
      case 'revoked':
      case 'client-stopped':
        this.forget(event);
        break;
      case 'delivered': {
        if (event.deliveryCount !== null || event.group === null) return;
        const id = `${event.group} ${event.place}`;
        let given = this.given.get(id);
        if (given?.client !== event.client)
          this.given.set(id, (given = { client: event.client, records: [] }));
        if (given.records.length === 0) this.lastAt.set(id, event.at);
        given.records.push({ message: event.message, position: event.position });
        break;
      }
      case 'processed':
        this.processed(event);
        break;
      default:
    }
  }

  private forget(event: Of<'positioned'> | Of<'revoked'> | Of<'client-stopped'>): void {
    for (const [id, { client }] of [...this.given]) {
      const place = id.split(' ')[1]!;
      if (client !== event.client) continue;
      if (event.kind === 'positioned' && event.place !== place) continue;
      if (event.kind === 'revoked' && !event.places.includes(place)) continue;
      this.given.delete(id);
    }
  }

  private processed(event: Of<'processed'>): void {
    if (event.group === null) return;
    const { place, position, client, at } = event;
    const id = `${event.group} ${place}`;
    const given = this.given.get(id);
    if (!given || given.client !== client) return;
    const first = given.records[0];
    const since = this.lastAt.get(id) ?? at;
    given.records = given.records.filter(({ message }) => message !== event.message);
    this.lastAt.set(id, at);
    if (!first) return;
    if (first.message !== event.message) {
      this.ledger.contradict(
        event,
        `${displayName(client)} finished offset ${position} of ${place} while ${first.position} was in its hands`,
      );
      return;
    }
    const waiting = (this.confirmed.get(place) ?? 0) - position;
    if (at - since >= LONG && waiting > 0)
      this.ledger.confirm(
        event,
        () =>
          `${displayName(client)} was ${formatSeconds(at - since)} at offset ${position} of ${place}; ${waiting} records behind it waited`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a member of a consumer group that is long at one record');
  }
}

const RUN = 'kafka-share-groups';

export const shareClaims: readonly Claim[] = [
  {
    id: 'kafka.share-partition-shared',
    broker: 'kafka',
    statement: 'Members of a share group are given records of the same partition',
    rules: ['K-102'],
    observable: true,
    scenarios: [RUN, 'kafka-held-share-group'],
    judge: () => new SharePartitionShared(),
  },
  {
    id: 'kafka.share-first-waits',
    broker: 'kafka',
    statement: 'The first member of a share group waits for its partitions, a later one does not',
    rules: ['K-102'],
    observable: true,
    scenarios: ['kafka-held-share-group'],
    judge: () => new ShareFirstWaits(),
  },
  {
    id: 'kafka.share-one-holder',
    broker: 'kafka',
    statement: 'In a share group a record is with one member at a time',
    rules: ['K-103'],
    observable: false,
    scenarios: [RUN],
    judge: () => new ShareOneHolder(),
  },
  {
    id: 'kafka.share-slow-record-passed',
    broker: 'kafka',
    statement: 'Others of a share group finish what lies behind a slow record',
    rules: ['K-103', 'K-107'],
    observable: true,
    scenarios: [RUN, 'beside-share-group-kafka', 'kafka-held-share-group'],
    judge: () => new ShareSlowRecordPassed(),
  },
  {
    id: 'kafka.slow-record-blocks-partition',
    broker: 'kafka',
    statement: 'In a consumer group a slow record holds up its partition',
    rules: ['K-111'],
    observable: true,
    scenarios: [RUN, 'beside-use-kafka', 'kafka-held-late-poll'],
    judge: () => new SlowRecordBlocksPartition(),
  },
  {
    id: 'kafka.share-order-not-kept',
    broker: 'kafka',
    statement: 'A share group does not finish a partition in the order of its offsets',
    rules: ['K-107'],
    observable: true,
    scenarios: [RUN, 'kafka-held-share-group'],
    judge: () => new ShareOrderNotKept(),
  },
  {
    id: 'kafka.share-poison-archived',
    broker: 'kafka',
    statement: 'Given back too often, a record is archived, and its neighbours go on',
    rules: ['K-103', 'K-108'],
    observable: false,
    scenarios: [RUN],
    judge: () => new SharePoisonArchived(),
  },
  {
    id: 'kafka.share-lock-runs-out',
    broker: 'kafka',
    statement: 'A lock that is not answered runs out, and another member gets the record',
    rules: ['K-103', 'K-104'],
    observable: false,
    scenarios: [RUN],
    judge: () => new ShareLockRunsOut(),
  },
];
