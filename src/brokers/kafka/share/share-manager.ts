/**
 * What a partition leader's broker does for share groups (K-103 to K-107): it keeps one share-partition for each group
 * that reads a partition it leads, gives records out, takes acknowledgements, and has the group's coordinator store what
 * must outlive it before anybody is told. What Kafka spreads over SharePartitionManager, DelayedShareFetch and the
 * persister.
 */
import { fromMs, type Micros } from '../../../sim/time.ts';
import type { Effects } from '../../broker.ts';
import type { StoredBatch } from '../batch.ts';
import { partitionOf, type ClusterImage } from '../cluster-image.ts';
import type { KafkaBrokerConfig } from '../config.ts';
import type { PartitionLog } from '../log.ts';
import type {
  AcquiredRecord,
  ErrorCode,
  Reply,
  ReplyTo,
  Request,
  ShareAcknowledgement,
  ShareFetchRequest,
  ShareState,
} from '../protocol.ts';
import { SharePartition, type Change, type ShareLimits } from './share-partition.ts';

export interface ShareEffects extends Effects<Reply> {
  /** Sends a request to another broker, or to this one; its end comes back through {@link ShareManager.answered}. */
  request(to: string, request: Request, context: unknown): void;
  image(): ClusterImage;
  /** The leader's log of a partition; null when this broker does not lead it. */
  log(place: string): PartitionLog | null;
  /** The node that leads the group's partition of `__consumer_offsets`; null while nobody does. */
  coordinatorOf(group: string): string | null;
}

export interface ShareContext {
  readonly node: string;
  readonly config: KafkaBrokerConfig;
}

/** How often, and how patiently, the coordinator is asked (Kafka's PersisterStateManager). */
const ATTEMPTS_MAX = 5;
const BACKOFF_MS = 1000;
const BACKOFF_MAX_MS = 30_000;
/** What one look into the log brings at most, beside a first batch of any size. */
const READ_BYTES = 65_536;

/** A share-partition, as long as this broker leads the partition. */
interface Held {
  readonly group: string;
  readonly place: string;
  /** Counts them: what belongs to an earlier one is passed over. */
  readonly life: number;
  readonly leaderEpoch: number;
  /** Null until what the group has there has been read. */
  partition: SharePartition | null;
  /** What is being stored now. */
  writing: { readonly transitions: readonly Decided[]; readonly state: ShareState } | null;
  /** Decided since, to be stored next. */
  waiting: Decided[];
  /** Whether something happened that is to be stored, though nobody waits for it. */
  changed: boolean;
  /** Requests to the coordinator that came to nothing in a row. */
  failures: number;
}

/** Something decided in a share-partition, and the request that waits for it, by its number. */
interface Decided {
  readonly transition: number;
  readonly fetch: number | null;
}

/** A ShareFetch that is not answered yet. */
interface Fetch {
  readonly id: number;
  readonly client: string;
  readonly correlation: number;
  readonly request: ShareFetchRequest;
  /** Its partitions in the order in which they have their turn. */
  readonly places: readonly string[];
  readonly errors: Map<string, ErrorCode>;
  readonly acknowledgeErrors: Map<string, ErrorCode>;
  /** How many decisions of its acknowledgements are to be stored yet. */
  storing: number;
  /** What it got; null while it waits for records. */
  acquired: Map<string, AcquiredRecord[]> | null;
}

interface Session {
  readonly group: string;
  readonly memberId: string;
  /** Which partition is the first to give: each in turn, so that none starves. */
  turn: number;
}

/** Names a share-partition in timers and requests. */
interface Reference {
  readonly group: string;
  readonly place: string;
  readonly life: number;
}

export class ShareManager {
  private readonly context: ShareContext;
  private readonly limits: ShareLimits;
  /** Per place, per group. */
  private held = new Map<string, Map<string, Held>>();
  private fetches = new Map<number, Fetch>();
  /** Per client process, its members. */
  private sessions = new Map<string, Session[]>();
  private lives = 0;
  private nextFetch = 0;
  /** Requests that have something to hear though nothing of theirs will happen any more. */
  private bereft: number[] = [];

  constructor(context: ShareContext) {
    const { config } = context;
    this.context = context;
    this.limits = {
      deliveryCountLimit: config['group.share.delivery.count.limit'],
      lockDuration: fromMs(config['group.share.record.lock.duration.ms']),
      maxRecordLocks: config['group.share.partition.max.record.locks'],
    };
  }

  /** Takes acknowledgements, then acquires what is there to be had; parked while that is less than `minBytes`. */
  fetch(request: ShareFetchRequest, from: string, correlation: number, now: Micros, fx: ShareEffects): void {
    this.comfort(now, fx);
    const { group, memberId, places } = request;
    const session = this.session(from, group, memberId);
    const first = places.length === 0 ? 0 : session.turn++ % places.length;
    const fetch: Fetch = {
      id: this.nextFetch++,
      client: from,
      correlation,
      request,
      places: [...places.slice(first), ...places.slice(0, first)],
      errors: new Map(),
      acknowledgeErrors: new Map(),
      storing: 0,
      acquired: places.length === 0 ? new Map() : null,
    };
    this.fetches.set(fetch.id, fetch);
    for (const [place, acknowledgements] of byPlace(request.acknowledgements))
      this.acknowledge(fetch, place, acknowledgements, now, fx);
    if (request.closing) {
      this.endSession(from, session);
      this.release(session, fetch, now, fx);
    }
    if (!fetch.acquired) {
      fx.timer(fromMs(request.maxWaitMs), 'share-wait', fetch.id);
      this.attempt(fetch, false, now, fx);
    }
    this.finish(fetch, fx);
  }

  /** A timer of its own fired; their names begin with `share-`. */
  timer(timer: string, data: unknown, now: Micros, fx: ShareEffects): void {
    this.comfort(now, fx);
    if (timer === 'share-wait') {
      const fetch = this.fetches.get(data as number);
      if (!fetch) return;
      this.attempt(fetch, true, now, fx);
      this.finish(fetch, fx);
      return;
    }
    const held = this.find(data as Reference);
    if (!held) return;
    if (timer === 'share-again') {
      if (held.partition) this.write(held, now, fx);
      else this.read(held, now, fx);
    } else if (held.partition) {
      const changes = held.partition.expire(now);
      // Whether it can be stored or not, the locks have run out.
      this.happened(held, changes, now, fx);
      if (changes.length > 0) held.changed = true;
      this.store(held, now, fx);
    }
  }

  /** The end of a Read- or WriteShareState. @param reply null when the connection broke or nobody answered in time */
  answered(context: unknown, reply: Reply | null, now: Micros, fx: ShareEffects): void {
    this.comfort(now, fx);
    const held = this.find(context as Reference);
    if (!held) return;
    const { error } = (reply as ReplyTo<'ReadShareState' | 'WriteShareState'> | null) ?? {
      error: 'COORDINATOR_NOT_AVAILABLE' as const,
    };
    if (isWorthRepeating(error)) {
      this.again(held, now, fx);
      return;
    }
    held.failures = 0;
    if (held.partition) this.stored(held, error, now, fx);
    else if (error === 'NONE') this.loaded(held, (reply as ReplyTo<'ReadShareState'>).state, now, fx);
    else this.giveUp(held, error, now, fx);
  }

  /** There is more to be read of a partition that this broker leads. */
  highWatermarkAdvanced(place: string, now: Micros, fx: ShareEffects): void {
    this.comfort(now, fx);
    if (this.held.has(place)) this.attemptAll(place, null, now, fx);
  }

  /** A client's connection is gone: what its members hold becomes available. */
  disconnected(client: string, now: Micros, fx: ShareEffects): void {
    this.comfort(now, fx);
    for (const fetch of this.fetches.values()) if (fetch.client === client) this.fetches.delete(fetch.id);
    const sessions = this.sessions.get(client) ?? [];
    this.sessions.delete(client);
    for (const session of sessions) this.release(session, null, now, fx);
  }

  /** This broker leads the partition no longer; who asks again is told so. */
  stopLeading(place: string): void {
    for (const held of this.held.get(place)?.values() ?? []) {
      for (const { fetch } of [...(held.writing?.transitions ?? []), ...held.waiting])
        this.notStored(fetch, place, 'NOT_LEADER_OR_FOLLOWER');
    }
    this.held.delete(place);
    for (const { id, places } of this.fetches.values()) if (places.includes(place)) this.bereft.push(id);
  }

  /** Records below `start` are gone from the log. */
  logStartAdvanced(place: string, start: number, now: Micros, fx: ShareEffects): void {
    this.comfort(now, fx);
    for (const { partition } of this.held.get(place)?.values() ?? []) partition?.logStartAdvanced(start);
    if (this.held.has(place)) this.attemptAll(place, null, now, fx);
  }

  /** The process died. */
  crash(): void {
    this.held.clear();
    this.fetches.clear();
    this.sessions.clear();
    this.bereft = [];
  }

  // Members.

  private session(client: string, group: string, memberId: string): Session {
    let sessions = this.sessions.get(client);
    if (!sessions) this.sessions.set(client, (sessions = []));
    let session = sessions.find((one) => one.group === group && one.memberId === memberId);
    if (!session) sessions.push((session = { group, memberId, turn: 0 }));
    return session;
  }

  private endSession(client: string, session: Session): void {
    const left = (this.sessions.get(client) ?? []).filter((one) => one !== session);
    if (left.length > 0) this.sessions.set(client, left);
    else this.sessions.delete(client);
  }

  private acknowledge(
    fetch: Fetch,
    place: string,
    acknowledgements: readonly ShareAcknowledgement[],
    now: Micros,
    fx: ShareEffects,
  ): void {
    const { group, memberId } = fetch.request;
    const held = this.held.get(place)?.get(group);
    if (!fx.log(place) || !held?.partition) {
      fetch.acknowledgeErrors.set(
        place,
        fx.log(place) ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'NOT_LEADER_OR_FOLLOWER',
      );
      return;
    }
    const { error, transition } = held.partition.acknowledge(memberId, acknowledgements, now);
    fetch.acknowledgeErrors.set(place, error);
    if (error === 'NONE' && acknowledgements.some(({ type }) => type === 'renew')) this.armLock(held, fx);
    this.decided(held, transition, fetch, now, fx);
  }

  private release(session: Session, fetch: Fetch | null, now: Micros, fx: ShareEffects): void {
    const { group, memberId } = session;
    for (const groups of [...this.held.values()]) {
      const held = groups.get(group);
      if (held?.partition) this.decided(held, held.partition.release(memberId), fetch, now, fx);
    }
  }

  // Storing (K-107): one write at a time per share-partition; what comes meanwhile goes with the next.

  private decided(
    held: Held,
    transition: number | null,
    fetch: Fetch | null,
    now: Micros,
    fx: ShareEffects,
  ): void {
    if (transition === null) return;
    held.waiting.push({ transition, fetch: fetch?.id ?? null });
    if (fetch) fetch.storing++;
    this.store(held, now, fx);
  }

  private store(held: Held, now: Micros, fx: ShareEffects): void {
    if (held.writing || (held.waiting.length === 0 && !held.changed)) return;
    held.writing = { transitions: held.waiting, state: held.partition!.state() };
    held.waiting = [];
    held.changed = false;
    this.write(held, now, fx);
  }

  private write(held: Held, now: Micros, fx: ShareEffects): void {
    const { group, place, leaderEpoch, writing } = held;
    const coordinator = fx.coordinatorOf(group);
    if (coordinator === null) {
      this.again(held, now, fx);
      return;
    }
    const { state } = writing!;
    fx.request(coordinator, { api: 'WriteShareState', group, place, leaderEpoch, state }, reference(held));
  }

  private stored(held: Held, error: ErrorCode, now: Micros, fx: ShareEffects): void {
    const { transitions } = held.writing!;
    held.writing = null;
    if (error !== 'NONE' && saysItIsNotOurs(error)) {
      // Somebody else leads the partition, or the group is gone: what is known here is worth nothing.
      held.waiting.unshift(...transitions);
      this.giveUp(held, error, now, fx);
      return;
    }
    const changes: Change[] = [];
    for (const { transition } of transitions)
      changes.push(...held.partition!.complete(transition, error === 'NONE', now));
    // What could not be stored, and whose locks have run out meanwhile, is another thing to be stored.
    if (error !== 'NONE' && changes.length > 0) held.changed = true;
    for (const { fetch } of transitions) {
      const waiting = this.fetches.get(fetch ?? -1);
      if (!waiting) continue;
      waiting.storing--;
      if (error !== 'NONE') waiting.acknowledgeErrors.set(held.place, error);
    }
    this.happened(held, changes, now, fx);
    for (const { fetch } of transitions) {
      const waiting = this.fetches.get(fetch ?? -1);
      if (waiting) this.finish(waiting, fx);
    }
    this.store(held, now, fx);
  }

  // Making and dropping share-partitions.

  private make(group: string, place: string, now: Micros, fx: ShareEffects): Held {
    const held: Held = {
      group,
      place,
      life: this.lives++,
      leaderEpoch: partitionOf(fx.image(), place)?.leaderEpoch ?? -1,
      partition: null,
      writing: null,
      waiting: [],
      changed: false,
      failures: 0,
    };
    let groups = this.held.get(place);
    if (!groups) this.held.set(place, (groups = new Map<string, Held>()));
    groups.set(group, held);
    this.read(held, now, fx);
    return held;
  }

  private read(held: Held, now: Micros, fx: ShareEffects): void {
    const { group, place, leaderEpoch } = held;
    const coordinator = fx.coordinatorOf(group);
    if (coordinator === null) this.again(held, now, fx);
    else fx.request(coordinator, { api: 'ReadShareState', group, place, leaderEpoch }, reference(held));
  }

  /** K-104: without anything stored the group begins by `share.auto.offset.reset`. */
  private loaded(held: Held, state: ShareState | null, now: Micros, fx: ShareEffects): void {
    const log = fx.log(held.place);
    if (!log) return;
    const latest = this.context.config['share.auto.offset.reset'] === 'latest';
    held.partition = new SharePartition(this.limits, state ?? (latest ? log.highWatermark : log.logStart));
    held.partition.logStartAdvanced(log.logStart);
    this.attemptAll(held.place, held.group, now, fx);
  }

  private again(held: Held, now: Micros, fx: ShareEffects): void {
    held.failures++;
    if (held.failures < ATTEMPTS_MAX) {
      const wait = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** (held.failures - 1));
      fx.timer(fromMs(wait), 'share-again', reference(held));
      return;
    }
    held.failures = 0;
    if (held.partition) this.stored(held, 'COORDINATOR_NOT_AVAILABLE', now, fx);
    else this.giveUp(held, 'COORDINATOR_NOT_AVAILABLE', now, fx);
  }

  /** The share-partition is dropped; who asks again has it made anew. */
  private giveUp(held: Held, error: ErrorCode, now: Micros, fx: ShareEffects): void {
    const { group, place, waiting } = held;
    const told: ErrorCode = error.startsWith('FENCED') ? 'NOT_LEADER_OR_FOLLOWER' : error;
    const groups = this.held.get(place);
    groups?.delete(group);
    if (groups?.size === 0) this.held.delete(place);
    for (const { fetch } of waiting) this.notStored(fetch, place, told);
    for (const { id, request, places, errors, acquired } of this.fetches.values()) {
      if (acquired || request.group !== group || !places.includes(place)) continue;
      errors.set(place, told);
      this.bereft.push(id);
    }
    this.comfort(now, fx);
  }

  private notStored(fetch: number | null, place: string, error: ErrorCode): void {
    const waiting = this.fetches.get(fetch ?? -1);
    if (!waiting) return;
    waiting.storing--;
    waiting.acknowledgeErrors.set(place, error);
    this.bereft.push(waiting.id);
  }

  private comfort(now: Micros, fx: ShareEffects): void {
    if (this.bereft.length === 0) return;
    for (const id of this.bereft.splice(0)) {
      const fetch = this.fetches.get(id);
      if (!fetch) continue;
      this.attempt(fetch, false, now, fx);
      this.finish(fetch, fx);
    }
  }

  private find({ group, place, life }: Reference): Held | null {
    const held = this.held.get(place)?.get(group);
    return held?.life === life ? held : null;
  }

  // Fetching.

  /** @param group null: every group that reads the place */
  private attemptAll(place: string, group: string | null, now: Micros, fx: ShareEffects): void {
    for (const fetch of [...this.fetches.values()]) {
      if (fetch.acquired || (group !== null && fetch.request.group !== group)) continue;
      if (!fetch.places.includes(place)) continue;
      this.attempt(fetch, false, now, fx);
      this.finish(fetch, fx);
    }
  }

  /** Acquires when there is enough to be had. @param late its `maxWaitMs` is over: whatever there is will do */
  private attempt(fetch: Fetch, late: boolean, now: Micros, fx: ShareEffects): void {
    if (fetch.acquired) return;
    const { group, minBytes } = fetch.request;
    let bytes = 0;
    const ready: { partition: SharePartition; held: Held; log: PartitionLog }[] = [];
    for (const place of fetch.places) {
      if (fetch.errors.has(place)) continue;
      const log = fx.log(place);
      if (!log) {
        const known = partitionOf(fx.image(), place);
        fetch.errors.set(place, known ? 'NOT_LEADER_OR_FOLLOWER' : 'UNKNOWN_TOPIC_OR_PARTITION');
        continue;
      }
      const held = this.held.get(place)?.get(group) ?? this.make(group, place, now, fx);
      const { partition } = held;
      partition?.logStartAdvanced(log.logStart);
      if (!partition?.canAcquire) continue;
      ready.push({ partition, held, log });
      if (bytes < minBytes)
        bytes += log.bytesFrom(partition.nextFetchOffset, minBytes - bytes, log.highWatermark);
    }
    const hopeless = fetch.errors.size === fetch.places.length;
    if (bytes < minBytes && !late && !hopeless) return;
    const all = new Map<string, AcquiredRecord[]>();
    let left = fetch.request.maxRecords;
    for (const { partition, held, log } of ready) {
      if (left <= 0) break;
      const acquired = acquireFrom(partition, log, fetch.request.memberId, left, now);
      if (acquired.length === 0) continue;
      left -= acquired.length;
      all.set(held.place, acquired);
      this.given(held, fetch, acquired, now, fx);
    }
    if (all.size > 0 || late || hopeless) fetch.acquired = all;
  }

  private given(
    held: Held,
    { client }: Fetch,
    acquired: readonly AcquiredRecord[],
    now: Micros,
    fx: ShareEffects,
  ): void {
    const { group, place } = held;
    const until = now + this.limits.lockDuration;
    for (const { offset, message, deliveryCount } of acquired) {
      fx.trace({
        kind: 'acquired',
        node: this.context.node,
        group,
        client,
        place,
        position: offset,
        message,
        deliveryCount,
        until,
      });
    }
    this.armLock(held, fx);
  }

  private armLock(held: Held, fx: ShareEffects): void {
    fx.timer(this.limits.lockDuration, 'share-lock', reference(held));
  }

  /** Tells what became of records, and lets those who wait have what came back. */
  private happened(held: Held, changes: readonly Change[], now: Micros, fx: ShareEffects): void {
    const { node } = this.context;
    const { group, place } = held;
    for (const { offset, message, to, why } of changes) {
      if (to === 'available') fx.trace({ kind: 'released', node, group, place, position: offset, why });
      else if (to === 'archived')
        fx.trace({ kind: 'archived', node, group, place, position: offset, message, why });
    }
    // Also where nothing came back: SPSO may have moved, and made room (K-105).
    if (changes.length > 0) this.attemptAll(place, group, now, fx);
  }

  /** Answers when nothing is waited for any more. */
  private finish(fetch: Fetch, fx: ShareEffects): void {
    const { id, client, correlation, request, acquired, errors, acknowledgeErrors } = fetch;
    if (!acquired || fetch.storing > 0 || !this.fetches.delete(id)) return;
    const places = new Set([...request.places, ...acknowledgeErrors.keys()]);
    fx.reply(client, correlation, {
      api: 'ShareFetch',
      partitions: [...places].map((place) => ({
        place,
        error: errors.get(place) ?? 'NONE',
        acknowledgeError: acknowledgeErrors.get(place) ?? 'NONE',
        acquired: acquired.get(place) ?? [],
      })),
    });
  }
}

/** Reads as far as records can be acquired, and acquires. */
function acquireFrom(
  partition: SharePartition,
  log: PartitionLog,
  member: string,
  most: number,
  now: Micros,
): AcquiredRecord[] {
  for (;;) {
    const from = partition.nextFetchOffset;
    const end = Math.min(log.highWatermark, partition.nextNew + most);
    const batches: StoredBatch[] = [];
    for (let next = from; next < end; next = batches.at(-1)!.lastOffset + 1) {
      const read = log.read(next, READ_BYTES, log.highWatermark, true);
      if (read.batches.length === 0) break;
      batches.push(...read.batches);
    }
    const acquired = partition.acquire(member, most, batches, now);
    // Markers, and what compaction took, are passed over.
    if (acquired.length > 0 || partition.nextFetchOffset === from) return acquired;
  }
}

function reference({ group, place, life }: Held): Reference {
  return { group, place, life };
}

function byPlace(acknowledgements: readonly ShareAcknowledgement[]): Map<string, ShareAcknowledgement[]> {
  const places = new Map<string, ShareAcknowledgement[]>();
  for (const acknowledgement of acknowledgements) {
    const { place } = acknowledgement;
    const list = places.get(place);
    if (list) list.push(acknowledgement);
    else places.set(place, [acknowledgement]);
  }
  return places;
}

/** The coordinator is elsewhere, or not ready. */
function isWorthRepeating(error: ErrorCode): boolean {
  return (
    error === 'NOT_COORDINATOR' ||
    error === 'COORDINATOR_NOT_AVAILABLE' ||
    error === 'COORDINATOR_LOAD_IN_PROGRESS'
  );
}

function saysItIsNotOurs(error: ErrorCode): boolean {
  return (
    error === 'FENCED_LEADER_EPOCH' ||
    error === 'FENCED_STATE_EPOCH' ||
    error === 'GROUP_ID_NOT_FOUND' ||
    error === 'UNKNOWN_TOPIC_OR_PARTITION'
  );
}
