/** The goals of the challenges on Kafka: claims over the run that a reader makes (../goal.ts). */
import { displayName } from '../../sim/names.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import type { Claim, Evidence } from '../claim.ts';
import { Goal, goal, message, ProcessedTwice } from '../goal.ts';

/** Records that are on their way to a consumer that keeps pace. */
const UP_TO_DATE_MAX = 2;

/** So much must there be to read again for a replay to be one. */
const REPLAYED_MIN = 5;

/** A topic made at the console, a record sent to it there, and read there again. */
class FirstTopic extends Goal {
  private topics = new Set<string>();
  private sent = new Map<number, string>();

  protected follow(event: TraceEvent): void {
    if (event.kind === 'printed') {
      for (const line of event.lines) {
        const [, topic] = /^Created topic (.+)\.$/.exec(line) ?? [];
        if (topic === undefined) continue;
        this.topics.add(topic);
        this.step(event, `topic ${topic} was created`);
      }
    }
    if (event.kind === 'publish-confirmed' && event.client === 'console' && event.place !== null) {
      const topic = event.place.slice(0, event.place.lastIndexOf('-'));
      if (!this.topics.has(topic)) return;
      if (this.sent.size === 0) this.step(event, `a record is at offset ${event.position} of ${event.place}`);
      this.sent.set(event.message, topic);
    }
    if (event.kind === 'delivered' && event.client === 'console' && this.sent.has(event.message))
      this.reach(event, `the console has read it from ${event.place}: ${event.value ?? 'a null value'}`);
  }

  protected missing(): string {
    if (this.topics.size === 0) return 'a topic that you create at the console';
    return this.sent.size === 0
      ? `a record that you send to ${[...this.topics].join(' or ')} at the console`
      : 'a consumer at the console that reads it';
  }
}

/**
 * Three members share all of a topic's partitions, and since two of them did, nobody has let go of a partition that it
 * got back: what was revoked had to move.
 */
class ThreeWithoutStopping extends Goal {
  private readonly partitions: number;
  private held = new Map<string, readonly string[]>();
  /** Who gave which partition up since two members had them all. */
  private given = new Map<string, string>();
  private two = false;

  constructor(partitions: number) {
    super();
    this.partitions = partitions;
  }

  protected follow(event: TraceEvent): void {
    if (event.kind === 'client-stopped') this.held.delete(event.client);
    if (event.kind === 'revoked') {
      const left = this.held.get(event.client) ?? [];
      this.held.set(
        event.client,
        left.filter((place) => !event.places.includes(place)),
      );
      if (this.two && event.places.length > 0) {
        for (const place of event.places) this.given.set(place, event.client);
        this.step(event, `${displayName(event.client)} lets go of ${event.places.join(', ')}`);
      }
    }
    if (event.kind !== 'assigned') return;
    this.held.set(event.client, event.all);
    const back = event.places.filter((place) => this.given.get(place) === event.client);
    if (back.length > 0) {
      this.spoil(
        event,
        `${displayName(event.client)} gets ${back.join(', ')} back: it had stopped reading what need not move`,
      );
      return;
    }
    const members = [...this.held.values()].filter((places) => places.length > 0);
    const all = members.reduce((sum, places) => sum + places.length, 0);
    if (all < this.partitions) return;
    if (members.length === 2 && !this.two) {
      this.two = true;
      this.step(event, `two members share the ${all} partitions`);
    }
    if (members.length === 3 && this.two)
      this.reach(event, `${displayName(event.client)} has ${event.all.join(', ')}: three share them now`);
  }

  protected missing(): string {
    return this.two ? 'a third member that has its share' : 'two members that share all partitions';
  }
}

/** A group that was up to date had so many records waiting, and then next to none, and nobody's partitions changed. */
class DrainedWithoutRebalance extends Goal {
  private readonly group: string;
  private readonly atLeast: number;
  private waiting = new Set<number>();
  private done = new Set<number>();
  /** Whether it has been up to date since its partitions were last shared out: what waits is then of this assignment. */
  private upToDate = false;
  private behind = false;

  constructor(group: string, atLeast: number) {
    super();
    this.group = group;
    this.atLeast = atLeast;
  }

  protected follow(event: TraceEvent): void {
    if ((event.kind === 'assigned' || event.kind === 'revoked') && event.group === this.group) {
      this.upToDate = false;
      this.behind = false;
      this.beginAgain();
    }
    if (event.kind === 'publish-confirmed' && !this.done.has(event.message)) this.waiting.add(event.message);
    if (event.kind === 'processed' && event.group === this.group) {
      this.done.add(event.message);
      this.waiting.delete(event.message);
    }
    const { size } = this.waiting;
    if (size <= UP_TO_DATE_MAX && event.kind === 'processed') this.upToDate = true;
    if (this.upToDate && !this.behind && size >= this.atLeast && event.kind === 'publish-confirmed') {
      this.behind = true;
      this.step(event, `${size} records wait for ${this.group}`);
    }
    if (this.behind && size <= UP_TO_DATE_MAX && event.kind === 'processed')
      this.reach(event, `${size} are left, and everybody has kept its partitions`);
  }

  protected missing(): string {
    return this.behind
      ? `the ${this.waiting.size} waiting records being worked off without a rebalance`
      : `${this.atLeast} records that wait at once (there are ${this.waiting.size})`;
  }
}

/** A member was away from poll() for longer than max.poll.interval.ms, and another one has what it had. */
class ThrownOut extends Goal {
  private held = new Map<string, readonly string[]>();
  private lost = new Map<string, string>();

  protected follow(event: TraceEvent): void {
    if (event.kind === 'error' && event.code === 'max.poll.interval.ms') {
      this.step(event, `${displayName(event.client)} has not called poll() for max.poll.interval.ms`);
      for (const place of this.held.get(event.client) ?? []) this.lost.set(place, event.client);
    }
    if (event.kind !== 'assigned') return;
    this.held.set(event.client, event.all);
    const taken = event.all.find((place) => (this.lost.get(place) ?? event.client) !== event.client);
    if (taken !== undefined)
      this.reach(
        event,
        `${displayName(event.client)} is given ${taken}, which ${displayName(this.lost.get(taken) ?? '')} had`,
      );
  }

  protected missing(): string {
    return this.lost.size === 0
      ? 'a consumer that works on one poll() for longer than max.poll.interval.ms'
      : 'another consumer that is given its partition';
  }
}

/** One consumer reads again from one offset on, up to where it was, and nothing older; nobody else reads anything again. */
class ReplayedFrom extends Goal {
  private readonly client: string;
  private readonly from: number;
  /** Per client, one past the last offset that it was given. */
  private ends = new Map<string, number>();
  private target: number | null = null;

  constructor(client: string, from: number) {
    super();
    this.client = client;
    this.from = from;
  }

  protected follow(event: TraceEvent): void {
    if (event.kind === 'positioned' && event.client === this.client && event.by === 'seek') {
      const end = this.ends.get(this.client) ?? 0;
      this.beginAgain();
      this.target = event.position === this.from && end >= this.from + REPLAYED_MIN ? end - 1 : null;
      if (this.target !== null)
        this.step(event, `${displayName(this.client)} goes back to offset ${this.from}`);
    }
    if (event.kind !== 'delivered') return;
    const end = this.ends.get(event.client) ?? 0;
    this.ends.set(event.client, Math.max(end, event.position + 1));
    if (event.position >= end) return;
    if (event.client !== this.client || event.position < this.from)
      this.spoil(
        event,
        `${displayName(event.client)} is given offset ${event.position} again, which nobody had asked for`,
      );
    else if (event.position === this.target)
      this.reach(event, `it is where it was, having read ${this.from} to ${event.position} again`);
  }

  protected missing(): string {
    return this.target === null
      ? `${displayName(this.client)} going back to offset ${this.from}, having read some records past it`
      : `its having read up to offset ${this.target} again`;
  }
}

/** A producer was told the offset of a record, and a reader has been given another record at that offset. */
class ConfirmedIsLost extends Goal {
  private readonly producer: string;
  private confirmed = new Map<string, Evidence & { readonly message: number }>();

  constructor(producer: string) {
    super();
    this.producer = producer;
  }

  protected follow(event: TraceEvent): void {
    if (event.kind === 'publish-confirmed' && event.client === this.producer && event.place !== null)
      this.confirmed.set(`${event.place} ${event.position}`, {
        seq: event.seq,
        at: event.at,
        text: `${this.producer} is told: message ${event.message} has offset ${event.position}`,
        message: event.message,
      });
    if (event.kind !== 'delivered') return;
    const promised = this.confirmed.get(`${event.place} ${event.position}`);
    if (promised === undefined || promised.message === event.message) return;
    this.step(promised, promised.text);
    this.reach(
      event,
      `offset ${event.position} of ${event.place} holds ${message(event.key, event.message)}: the other one is gone`,
    );
  }

  protected missing(): string {
    return `a record of ${this.producer} that was confirmed, and another one in its place`;
  }
}

/** One reader has been given a record of a transaction, and another, which wants committed ones only, was led past it. */
class AbortedIsHidden extends Goal {
  private readonly sees: string;
  private readonly passes: string;
  private inTransaction = new Set<number>();
  private shown = new Map<string, Evidence & { readonly position: number; readonly message: number }>();
  private given = new Set<number>();

  constructor(sees: string, passes: string) {
    super();
    this.sees = sees;
    this.passes = passes;
  }

  protected follow(event: TraceEvent): void {
    if (event.kind === 'published' && event.transaction !== undefined) this.inTransaction.add(event.message);
    if (event.kind !== 'delivered') return;
    const { client, position } = event;
    if (client === this.sees && this.inTransaction.has(event.message))
      this.shown.set(`${event.place} ${position}`, {
        seq: event.seq,
        at: event.at,
        text: `${displayName(client)} is given ${message(event.key, event.message)} at offset ${position}`,
        position,
        message: event.message,
      });
    if (client !== this.passes) return;
    this.given.add(event.message);
    for (const seen of this.shown.values()) {
      if (seen.position >= position || this.given.has(seen.message)) continue;
      this.step(seen, seen.text);
      this.reach(event, `${displayName(client)} is given offset ${position}, and never had ${seen.position}`);
      return;
    }
  }

  protected missing(): string {
    return `a record that ${displayName(this.sees)} is given and ${displayName(this.passes)} is led past`;
  }
}

export const goals = {
  firstTopic: goal({
    id: 'kafka.goal-first-topic',
    broker: 'kafka',
    statement: 'A topic of your own, a record in it, and the record read back',
    rules: ['K-1', 'K-69'],
    observable: true,
    judge: () => new FirstTopic(),
  }),
  processedTwice: goal({
    id: 'kafka.goal-processed-twice',
    broker: 'kafka',
    statement: 'One group has processed one record twice',
    rules: ['K-71', 'K-72'],
    observable: true,
    judge: () => new ProcessedTwice(),
  }),
  threeWithoutStopping: goal({
    id: 'kafka.goal-three-without-stopping',
    broker: 'kafka',
    statement: 'Three members share six partitions, and only what moved was let go of',
    rules: ['K-83', 'K-97'],
    observable: true,
    judge: () => new ThreeWithoutStopping(6),
  }),
  drained: goal({
    id: 'kafka.goal-drained-without-rebalance',
    broker: 'kafka',
    statement: 'Fifteen records waited, and were worked off without a rebalance',
    rules: ['K-70', 'K-74'],
    observable: true,
    judge: () => new DrainedWithoutRebalance('billing', 15),
  }),
  thrownOut: goal({
    id: 'kafka.goal-thrown-out',
    broker: 'kafka',
    statement: 'A consumer that is alive has lost its partition for not calling poll()',
    rules: ['K-73', 'K-81'],
    observable: true,
    judge: () => new ThrownOut(),
  }),
  replayed: goal({
    id: 'kafka.goal-replayed-from-ten',
    broker: 'kafka',
    statement: 'Billing has read from offset 10 on again, and nothing else was read twice',
    rules: ['K-70', 'K-68'],
    observable: true,
    judge: () => new ReplayedFrom('billing', 10),
  }),
  lostWithAcksOne: goal({
    id: 'kafka.goal-lost-with-acks-one',
    broker: 'kafka',
    statement: 'A record that acks=1 had confirmed is lost',
    rules: ['K-30', 'K-9'],
    observable: true,
    judge: () => new ConfirmedIsLost('acks-1'),
  }),
  lostWithAcksAll: goal({
    id: 'kafka.goal-lost-with-acks-all',
    broker: 'kafka',
    statement: 'A record that acks=all had confirmed is lost',
    rules: ['K-61', 'K-57'],
    observable: true,
    judge: () => new ConfirmedIsLost('acks-all'),
  }),
  abortedIsHidden: goal({
    id: 'kafka.goal-aborted-is-hidden',
    broker: 'kafka',
    statement: 'Dashboard was given a record that Ledger never saw',
    rules: ['K-50', 'K-46'],
    observable: true,
    judge: () => new AbortedIsHidden('dashboard', 'ledger'),
  }),
} satisfies Record<string, Claim>;
