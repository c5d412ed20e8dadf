/**
 * What a run came to, for whoever published and whoever was to read: lost, duplicated, reordered, set aside, still owed; how
 * long it took; how fast it went; how long it took to recover; what is stored, and what of it could be replayed.
 *
 * It knows no broker and no scenario: only who reads together (audiences), and when something went wrong. The words:
 *
 * - An *audience* is a set of consumers that share one reading; every message is meant for one consumer of each audience.
 * - *Finished*: a consumer of the audience did its work on the message (`processed`), for the first time.
 * - *Duplicated*: times it was finished again.
 * - *Reordered*: of the messages of one producer with one key, those that came first to the audience's work (`finished`), or
 *   into its hands (`given`), after a later one had. Only first times count: a duplicate reorders nothing. Messages without a
 *   key have no order.
 * - *Refused*: the publisher was told that it failed or came back, and nobody has finished it all the same. Nobody is owed it
 *   any more.
 * - Of every other message that an audience has not finished, exactly one holds when the run ends. It is *owed*: a consumer
 *   that lives has it in hand; or it is in a place that the audience reads, where the audience will come to it; or its
 *   producer lives, waits for a confirm, and will send it again. It is *dead-lettered*: moved to where somebody will look at
 *   it. It is *dropped*: a stated limit (a length, an age, a count of deliveries) let go of it, or nobody had asked for it
 *   (no route). It is *missed*: it was gone before the audience came, or passed by before that had begun to read. Otherwise
 *   it is *lost*, and the worse if it had been confirmed.
 * - *Latency* is from publish to first finish.
 * - *Throughput* is what was finished per second between the first publish and the last finish.
 * - The *backlog* is what was published and is neither finished nor any of the above, summed over audiences. *Time to recover*
 *   is from the last disturbance to the moment at which the backlog, after its highest point since, is back at the most it
 *   was before the first one; a rise by less than half of that is the ordinary up and down, and no disturbance. A run that
 *   ends before the last disturbance has not recovered, and one that ends before the first is undisturbed.
 * - *Storage* counts each place once: a queue for each audience is a copy for each; `bytesOnAllNodes` counts replicas.
 * - *Replayable*: the messages that a new audience would be given that asks for everything from the beginning.
 *
 * Memory: what somebody is still owed, and what lies in queues. A run that loses nothing and keeps up needs no more after
 * an hour than after a minute.
 */
import { Numbered } from '../sim/numbered.ts';
import type { Micros } from '../sim/time.ts';
import type { MessageId, TraceEvent } from '../sim/trace.ts';
import { Histogram } from './histogram.ts';
import { AudienceFold, Reading, type Audience, type Member } from './outcome/audience.ts';
import { History } from './outcome/history.ts';
import {
  backlogOf,
  blank,
  isAlive,
  isHeld,
  isLate,
  isSetAside,
  isToBeSent,
  type KeyOrder,
  type Open,
  type Producer,
} from './outcome/open.ts';
import { Places, type Place, type Stored } from './outcome/places.ts';

export type { Audience } from './outcome/audience.ts';
export type { Stored } from './outcome/places.ts';

export interface OutcomeSettings {
  /** At most 30. */
  readonly audiences: readonly Audience[];
  /** When the first and the last thing went wrong; null where nothing does. */
  readonly disturbed: { readonly firstAt: Micros; readonly lastAt: Micros } | null;
}

export interface Latency {
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Counts of messages; for several audiences together, their sums. */
export interface Fates {
  readonly finished: number;
  readonly duplicated: number;
  readonly reordered: { readonly given: number; readonly finished: number };
  readonly owed: number;
  readonly deadLettered: number;
  readonly dropped: number;
  readonly missed: number;
  readonly lost: { readonly confirmed: number; readonly unconfirmed: number };
  /** Milliseconds; null where nothing was finished. Quantiles are at most 5 % too high, mean and max exact. */
  readonly latencyMs: Latency | null;
  readonly throughputPerSecond: number;
}

export interface Outcome extends Fates {
  readonly published: number;
  readonly confirmed: number;
  readonly refused: number;
  readonly audiences: readonly (Fates & { readonly id: string })[];
  readonly recovery:
    | { readonly kind: 'undisturbed' }
    | { readonly kind: 'recovered'; readonly ms: number }
    | { readonly kind: 'not-recovered' };
  readonly storage: { readonly atEnd: Stored; readonly atMost: Stored };
  readonly replayable: number;
  /** Bounds of the simulator that were reached: beyond them the figures are of a run that let go of something. */
  readonly limits: readonly string[];
  /** The most of the backlog in each stretch of so many milliseconds, from the beginning of the run. */
  readonly backlog: { readonly everyMs: number; readonly most: readonly number[] };
}

/** Of what is not finished: how much of it met which fate. */
type Counts = Record<'owed' | 'deadLettered' | 'dropped' | 'missed' | 'confirmed' | 'unconfirmed', number>;

/** What a client without confirms published so shortly before the end may still be on its way, microseconds. */
const ON_ITS_WAY = 1_000_000;
/** Reasons of `dropped` that are no limit: nobody let go of the message, it was lost. */
const LOSSES: ReadonlySet<string> = new Set(['node-crashed', 'unavailable']);
/** So many times the most that it was before is more than the backlog's ordinary up and down. */
const RISE = 1.5;
/** Of reached limits so many are told. */
const LIMITS_MAX = 20;
/** Stretches of the backlog's history, to begin with, microseconds. */
const STRETCH = 10_000;

export class OutcomeFold {
  private readonly settings: OutcomeSettings;
  private readonly audiences: readonly AudienceFold[];
  private readonly members = new Map<string, Member>();
  private readonly groups = new Map<string, number>();
  private readonly places = new Places();
  private readonly history = new History(STRETCH);
  private readonly producers = new Map<string, Producer>();
  private readonly open = new Numbered<Open>();
  /** How long what is that nobody asks for yet, until a place has it. */
  private readonly unowed = new Numbered<number>();
  private latestBytes = 0;
  /** Records of messages that are over, to be used again. */
  private readonly spare: Open[] = [];
  /** Audiences that a message is meant for which is published now, a bit each, and how many they are. */
  private owing = 0;
  private owed = 0;
  private published = 0;
  private confirmed = 0;
  private refused = 0;
  private firstPublishedAt: Micros | null = null;
  private readonly limits = new Set<string>();

  constructor(settings: OutcomeSettings) {
    this.settings = settings;
    this.audiences = settings.audiences.map((audience) => new AudienceFold(audience));
    settings.audiences.forEach(({ clients }, audience) => {
      for (const client of clients)
        this.members.set(client, { audience, up: false, life: 0, given: 0, worked: 0 });
    });
    this.meant();
  }

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'published':
        this.onPublished(event);
        break;
      case 'republished':
        this.onRepublished(event.message, event.at);
        break;
      case 'publish-confirmed':
        this.onConfirmed(event.client, event.message);
        break;
      case 'publish-failed':
      case 'returned':
        this.onRefused(event.message, event.at);
        break;
      case 'appended':
        this.onAppended(event);
        break;
      case 'delivered':
        this.onDelivered(event.client, event.message);
        break;
      case 'processed':
        this.onProcessed(event.client, event.message, event.at);
        break;
      case 'settled':
        if (event.outcome === 'committed')
          this.onPositioned(event.client, event.place, event.position, event.at);
        else if (event.outcome !== 'acked' && event.message !== null)
          this.onGivenBack(event.client, event.message);
        break;
      case 'positioned':
        this.onPositioned(event.client, event.place, event.position, event.at);
        break;
      case 'assigned':
        this.onAssigned(event.client, event.group, event.places, event.at);
        break;
      case 'consuming-began':
        this.audienceOf(event.client)?.read(event.place, event.at);
        break;
      case 'client-started':
        this.onStarted(event.client, event.role, event.at);
        break;
      case 'client-stopped':
        this.onStopped(event.client);
        break;
      case 'places-created':
        this.places.created(event);
        break;
      case 'places-deleted':
        this.places.deleted(event.places);
        break;
      case 'removed':
        this.places.left(event.place, event.position);
        break;
      case 'dropped':
        this.places.left(event.place, event.position);
        if (event.message === null) break;
        if (LOSSES.has(event.reason)) this.onLost(event.place, event.message);
        else this.setAside('dropped', event.place, event.message, event.at);
        break;
      case 'dead-lettered':
        this.places.left(event.place, event.position);
        this.setAside('deadLettered', event.place, event.message, event.at);
        break;
      case 'archived':
        this.onArchived(event.group, event.message, event.at);
        break;
      case 'limit-reached':
        if (this.limits.size < LIMITS_MAX) this.limits.add(`${event.limit} ${event.what}`);
        break;
      default:
        this.places.on(event);
    }
  }

  /** @param endsAt when the run ends, microseconds */
  outcome(endsAt: Micros): Outcome {
    const { counts, gone } = this.unfinished(endsAt);
    const stretches = this.history.stretches(gone);
    const backlog = { everyMs: this.history.every / 1000, most: stretches.map(({ most }) => most) };
    return { ...this.told(counts, stretches, endsAt), backlog };
  }

  /** The same without the backlog's history, which is long: for whoever asks again and again. @param at microseconds */
  soFar(at: Micros): Omit<Outcome, 'backlog'> {
    const { counts, gone } = this.unfinished(at);
    return this.told(counts, this.settings.disturbed === null ? [] : this.history.stretches(gone), at);
  }

  /** @returns per audience the fates of what it has not finished; and when each was published that is in no backlog for all that */
  private unfinished(endsAt: Micros): { readonly counts: readonly Counts[]; readonly gone: Micros[] } {
    this.history.reach(endsAt);
    const { audiences } = this;
    const counts = audiences.map((): Counts => ({
      owed: 0,
      deadLettered: 0,
      dropped: 0,
      missed: 0,
      confirmed: 0,
      unconfirmed: 0,
    }));
    const gone: Micros[] = [];
    this.open.forEach((open, message) => {
      if (open.refused) return;
      for (let index = 0; index < audiences.length; index++) {
        if ((open.owing & (1 << index)) === 0) continue;
        const fate = this.fate(message, open, audiences[index]!, index, endsAt);
        counts[index]![fate]++;
        if (fate !== 'owed' && !isSetAside(open, index)) gone.push(open.at);
      }
    });
    return { counts, gone };
  }

  private told(
    counts: readonly Counts[],
    stretches: ReturnType<History['stretches']>,
    endsAt: Micros,
  ): Omit<Outcome, 'backlog'> {
    const fates = this.audiences.map((audience, index) => this.fates([audience], [counts[index]!]));
    return {
      published: this.published,
      confirmed: this.confirmed,
      refused: this.refused,
      ...(fates.length === 1 ? fates[0]! : this.fates(this.audiences, counts)),
      audiences: fates.map((each, index) => ({ id: this.audiences[index]!.settings.id, ...each })),
      recovery: this.recovery(stretches, endsAt),
      storage: { atEnd: this.places.stored(), atMost: this.places.most() },
      replayable: this.places.replayable(),
      limits: [...this.limits],
    };
  }

  // Publishing.

  private onPublished(event: Extract<TraceEvent, { kind: 'published' }>): void {
    const { client, message, key, bytes, at } = event;
    this.published++;
    this.firstPublishedAt ??= at;
    this.latestBytes = bytes;
    if (this.owing === 0) {
      this.unowed.set(message, bytes);
      return;
    }
    const producer = this.producer(client);
    const open = this.spare.pop() ?? blank(producer, this.audiences.length);
    open.at = at;
    open.bytes = bytes;
    open.producer = producer;
    open.producerLife = producer.life;
    open.order = key === null ? null : this.order(producer, key);
    open.confirmed = false;
    open.refused = false;
    open.stored = false;
    open.owing = this.owing;
    open.given = 0;
    open.deadLettered = 0;
    open.dropped = 0;
    open.lost = 0;
    open.log = null;
    this.open.set(message, open);
    this.history.add(at, this.owed);
  }

  private onRepublished(message: MessageId, at: Micros): void {
    const open = this.open.get(message);
    if (!open) return;
    this.onTaken(open, at);
    const before = backlogOf(open, this.audiences.length);
    open.dropped = 0;
    this.history.add(at, backlogOf(open, this.audiences.length) - before);
  }

  /** It is not refused any more, if it was. */
  private onTaken(open: Open, at: Micros): void {
    if (!open.refused) return;
    open.refused = false;
    this.refused--;
    this.history.add(at, backlogOf(open, this.audiences.length));
  }

  private onConfirmed(client: string, message: MessageId): void {
    this.confirmed++;
    this.producer(client).confirms = true;
    const open = this.open.get(message);
    if (open) open.confirmed = true;
  }

  private onRefused(message: MessageId, at: Micros): void {
    const open = this.open.get(message);
    if (open?.refused || this.audiences.some(({ done }) => done.has(message))) return;
    this.refused++;
    if (!open) return;
    this.history.add(at, -backlogOf(open, this.audiences.length));
    open.refused = true;
  }

  private onAppended(event: Extract<TraceEvent, { kind: 'appended' }>): void {
    const open = this.open.get(event.message);
    // What is sent again after everybody has finished it is as long as others are.
    const place = this.places.appended(
      event,
      open?.bytes ?? this.unowed.get(event.message) ?? this.latestBytes,
    );
    if (!open) {
      this.unowed.delete(event.message);
      return;
    }
    open.stored = true;
    if (!place.log) return;
    open.log = place;
    open.position = event.position;
    open.epoch = event.epoch;
  }

  // Reading.

  private onDelivered(client: string, message: MessageId): void {
    const member = this.members.get(client);
    const open = this.open.get(message);
    if (!member || !open) return;
    const { audience } = member;
    open.holders[audience] = member;
    open.lives[audience] = member.life;
    open.turns[audience] = ++member.given;
    const bit = 1 << audience;
    if ((open.given & bit) !== 0) return;
    open.given |= bit;
    if (open.order && isLate(open.order.given, audience, message))
      this.audiences[audience]!.givenOutOfOrder++;
  }

  private onGivenBack(client: string, message: MessageId): void {
    const member = this.members.get(client);
    const open = this.open.get(message);
    if (member && open?.holders[member.audience] === member) open.holders[member.audience] = null;
  }

  private onProcessed(client: string, message: MessageId, at: Micros): void {
    const member = this.members.get(client);
    if (!member) return;
    const index = member.audience;
    const audience = this.audiences[index]!;
    if (!audience.done.add(message)) {
      audience.duplicated++;
      return;
    }
    audience.finished++;
    audience.lastFinishedAt = at;
    const open = this.open.get(message);
    if (!open) return;
    this.onTaken(open, at);
    if (open.holders[index] === member) member.worked = Math.max(member.worked, open.turns[index]!);
    audience.latency.add(at - open.at);
    if (open.order && isLate(open.order.finished, index, message)) audience.finishedOutOfOrder++;
    const bit = 1 << index;
    if ((open.owing & bit) === 0) return;
    if (!isSetAside(open, index)) this.history.add(at, -1);
    open.owing &= ~bit;
    if (open.owing !== 0) return;
    this.open.delete(message);
    for (let i = 0; i < open.holders.length; i++) open.holders[i] = null;
    open.log = null;
    this.spare.push(open);
  }

  private onPositioned(client: string, place: string, position: number, at: Micros): void {
    this.audienceOf(client)?.positioned(place, position, at);
  }

  private onAssigned(client: string, group: string, places: readonly string[], at: Micros): void {
    const member = this.members.get(client);
    if (!member) return;
    this.groups.set(group, member.audience);
    for (const place of places) this.audiences[member.audience]!.read(place, at);
  }

  /** A place let go of a message: so it is for the audiences that read there, or for all that read where it came to no place. */
  private setAside(how: 'dropped' | 'deadLettered', place: string, message: MessageId, at: Micros): void {
    const open = this.open.get(message);
    if (!open) return;
    const everybody = this.places.get(place) === undefined;
    this.audiences.forEach(({ reads }, index) => {
      if (everybody ? reads.size > 0 : reads.has(place)) this.mark(how, open, index, at);
    });
  }

  /** It went down with a place: that of an audience that may not have said yet that it reads there. */
  private onLost(name: string, message: MessageId): void {
    const open = this.open.get(message);
    const place = this.places.get(name);
    if (!open || !place) return;
    this.audiences.forEach((audience, index) => {
      if (this.mayRead(place, audience)) open.lost |= 1 << index;
    });
  }

  private onArchived(group: string, message: MessageId | null, at: Micros): void {
    const audience = this.groups.get(group);
    const open = message === null ? undefined : this.open.get(message);
    if (audience !== undefined && open) this.mark('dropped', open, audience, at);
  }

  private mark(how: 'dropped' | 'deadLettered', open: Open, index: number, at: Micros): void {
    const bit = 1 << index;
    if ((open.owing & bit) !== 0 && !open.refused && !isSetAside(open, index)) this.history.add(at, -1);
    open[how] |= bit;
    open.holders[index] = null;
  }

  // Lives.

  private onStarted(client: string, role: 'producer' | 'consumer', at: Micros): void {
    const member = this.members.get(client);
    if (member) {
      member.up = true;
      member.life++;
      this.audiences[member.audience]!.begunAt ??= at;
      this.meant();
    } else if (role === 'producer') {
      const producer = this.producer(client);
      producer.up = true;
      producer.life++;
    }
  }

  /** Who asks for new messages only is meant from when it is there. */
  private meant(): void {
    this.owing = 0;
    this.owed = 0;
    this.audiences.forEach(({ settings, begunAt }, index) => {
      if (settings.wants === 'new' && begunAt === null) return;
      this.owing |= 1 << index;
      this.owed++;
    });
  }

  private onStopped(client: string): void {
    const process = this.members.get(client) ?? this.producers.get(client);
    if (process) process.up = false;
  }

  // What became of what is not finished.

  private fate(
    message: MessageId,
    open: Open,
    audience: AudienceFold,
    index: number,
    endsAt: Micros,
  ): keyof Counts {
    const bit = 1 << index;
    // What is soon told first.
    if (isHeld(open, index) || isToBeSent(open) || this.isWaiting(message, open, audience, bit))
      return 'owed';
    if ((open.deadLettered & bit) !== 0) return 'deadLettered';
    if ((open.dropped & bit) !== 0 || open.log?.log?.isExpired(open.position)) return 'dropped';
    if (!open.stored && isAlive(open) && endsAt - open.at < ON_ITS_WAY) return 'owed';
    if ((open.lost & bit) === 0 && this.isBefore(open, audience)) return 'missed';
    return open.confirmed ? 'confirmed' : 'unconfirmed';
  }

  /** Whether it came before the audience, or before that began to read. */
  private isBefore(
    { at, log, position }: Open,
    { settings, begunAt, readsAt, reads }: AudienceFold,
  ): boolean {
    if (begunAt === null || at < begunAt) return true;
    if (log === null) return readsAt === null || at < readsAt;
    // Who asks for new messages begins behind those that are there.
    return settings.wants === 'new' && position < (reads.get(log.name)?.from ?? 0);
  }

  /** Whether it lies where the audience will come to it. */
  private isWaiting(message: MessageId, open: Open, audience: AudienceFold, bit: number): boolean {
    const { log } = open;
    // A log keeps what an audience has given up on.
    if ((open.dropped & bit) === 0 && log?.log?.has(open.position, open.epoch)) {
      const reading = audience.reads.get(log.name);
      if (reading instanceof Reading ? open.position >= reading.next : this.mayRead(log, audience))
        return true;
    }
    for (const place of this.places.all())
      if (place.queue?.has(message) && this.mayRead(place, audience)) return true;
    return false;
  }

  /** An audience reads what it has said that it reads; one that has said nothing yet, what no other audience does alone. */
  private mayRead(place: Place, audience: AudienceFold): boolean {
    if (audience.reads.has(place.name)) return true;
    if (audience.reads.size > 0) return false;
    return place.log !== null || !this.audiences.some(({ reads }) => reads.has(place.name));
  }

  private recovery(stretches: ReturnType<History['stretches']>, endsAt: Micros): Outcome['recovery'] {
    const { disturbed } = this.settings;
    if (disturbed === null || endsAt <= disturbed.firstAt) return { kind: 'undisturbed' };
    if (endsAt <= disturbed.lastAt) return { kind: 'not-recovered' };
    let before = 0;
    let highest = 0;
    let backAt: Micros | null = disturbed.lastAt;
    for (const { from, least, most } of stretches) {
      if (from + this.history.every <= disturbed.firstAt) before = Math.max(before, most);
      if (from < disturbed.lastAt) continue;
      if (most > RISE * before && most >= highest) {
        highest = most;
        backAt = null;
      }
      if (backAt === null && least <= before) backAt = from;
    }
    return backAt === null
      ? { kind: 'not-recovered' }
      : { kind: 'recovered', ms: (backAt - disturbed.lastAt) / 1000 };
  }

  private fates(audiences: readonly AudienceFold[], counts: readonly Counts[]): Fates {
    const sum = (of: (audience: AudienceFold, i: number) => number): number =>
      audiences.reduce((total, audience, i) => total + of(audience, i), 0);
    const latency = new Histogram();
    for (const audience of audiences) latency.merge(audience.latency);
    const finished = sum((audience) => audience.finished);
    const lastAt = Math.max(0, ...audiences.map(({ lastFinishedAt }) => lastFinishedAt));
    const lasted = lastAt - (this.firstPublishedAt ?? 0);
    return {
      finished,
      duplicated: sum((audience) => audience.duplicated),
      reordered: {
        given: sum((audience) => audience.givenOutOfOrder),
        finished: sum((audience) => audience.finishedOutOfOrder),
      },
      owed: sum((_, i) => counts[i]!.owed),
      deadLettered: sum((_, i) => counts[i]!.deadLettered),
      dropped: sum((_, i) => counts[i]!.dropped),
      missed: sum((_, i) => counts[i]!.missed),
      lost: {
        confirmed: sum((_, i) => counts[i]!.confirmed),
        unconfirmed: sum((_, i) => counts[i]!.unconfirmed),
      },
      latencyMs: latency.count === 0 ? null : latencyOf(latency),
      throughputPerSecond: finished > 0 && lasted > 0 ? (finished * 1_000_000) / lasted : 0,
    };
  }

  private audienceOf(client: string): AudienceFold | undefined {
    const member = this.members.get(client);
    return member && this.audiences[member.audience];
  }

  private producer(client: string): Producer {
    let producer = this.producers.get(client);
    if (!producer) {
      producer = { up: true, life: 0, confirms: false, keys: new Map() };
      this.producers.set(client, producer);
    }
    return producer;
  }

  private order({ keys }: Producer, key: string): KeyOrder {
    let order = keys.get(key);
    if (!order) {
      const none = this.audiences.map(() => -1);
      keys.set(key, (order = { given: none, finished: [...none] }));
    }
    return order;
  }
}

function latencyOf(latency: Histogram): Latency {
  return {
    mean: latency.meanMs(),
    p50: latency.quantileMs(0.5),
    p95: latency.quantileMs(0.95),
    p99: latency.quantileMs(0.99),
    p999: latency.quantileMs(0.999),
    max: latency.max / 1000,
  };
}
