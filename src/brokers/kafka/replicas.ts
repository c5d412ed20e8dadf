/**
 * The replicas of one broker (Kafka's ReplicaManager): appends and fetches, the requests that wait for one or the other,
 * the high watermark, following a leader, and the ISR (K-4, K-5, K-9, K-30, K-51 to K-59, K-68).
 */
import { assert } from '../../sim/errors.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';
import type { CoordinatorRecord, RecordBatch, StoredBatch } from './batch.ts';
import type { BrokerContext, BrokerEffects } from './broker-effects.ts';
import { partitionOf, type ClusterImage, type PartitionImage, type TopicImage } from './cluster-image.ts';
import { CONTROLLER, effectiveConfig, type TopicConfig } from './config.ts';
import { PartitionLog, RECORDS_MAX, type AppendOutcome } from './log.ts';
import type {
  ErrorCode,
  FetchedPartition,
  FetchPosition,
  FetchRequest,
  ListOffsetsRequest,
  ProduceRequest,
  ReplyTo,
  WriteTxnMarkersRequest,
} from './protocol.ts';
import { Replica } from './replica.ts';

/** A produce whose acknowledgement waits for the followers (K-30). */
interface Produce {
  readonly api: 'Produce' | 'WriteTxnMarkers';
  readonly from: string;
  readonly correlation: number;
  readonly results: { place: string; error: ErrorCode; baseOffset: number }[];
  open: number;
}

/** A fetch that waits for data (K-68). One per client, as a client has at most one on its way to a broker. */
interface WaitingFetch {
  readonly client: string;
  readonly correlation: number;
  readonly request: FetchRequest;
  bytes: number;
}

/** How long a leader waits for its followers to have a marker (`request.timeout.ms` of the brokers). */
const MARKERS_TIMEOUT_MS = 30_000;

/** What comes back to {@link Replicas.answered}. */
export type ReplicaContext =
  | { readonly kind: 'follow'; readonly leader: string; readonly positions: readonly FetchPosition[] }
  | { readonly kind: 'isr'; readonly place: string };

/** Told of what others of this broker must know. */
export interface ReplicaListener {
  /** The partition is led here from now on. */
  ledHere(replica: Replica, now: Micros, fx: BrokerEffects): void;
  /** It is led here no more. */
  ledElsewhere(place: string, now: Micros, fx: BrokerEffects): void;
  highWatermarkAdvanced(replica: Replica, now: Micros, fx: BrokerEffects): void;
  logStartAdvanced(replica: Replica, now: Micros): void;
}

export class Replicas {
  private readonly context: BrokerContext;
  private readonly listener: ReplicaListener;
  /** In order of creation. */
  private replicas = new Map<string, Replica>();
  private nextProduce = 0;
  private produces = new Map<number, Produce>();
  private fetches = new Map<string, WaitingFetch>();
  /** Per partition, the clients whose waiting fetch it may complete. */
  private watchers = new Map<string, Set<string>>();
  /** Leaders that this broker follows, with whether a fetch to them is under way, or they are left alone for a while. */
  private fetchers = new Map<string, 'idle' | 'fetching' | 'backing-off'>();
  /** Partitions whose bound has been told. */
  private full = new Set<string>();

  constructor(context: BrokerContext, listener: ReplicaListener) {
    this.context = context;
    this.listener = listener;
  }

  get(place: string): Replica | undefined {
    return this.replicas.get(place);
  }

  /** @returns the replica if this broker leads it */
  led(place: string): Replica | undefined {
    const replica = this.replicas.get(place);
    return replica?.leads ? replica : undefined;
  }

  all(): Iterable<Replica> {
    return this.replicas.values();
  }

  /** The process died: what waited is gone; logs stay, and of high watermarks what was written down (K-52, K-66). */
  crash(): void {
    this.produces.clear();
    this.fetches.clear();
    this.watchers.clear();
    this.fetchers.clear();
    for (const replica of this.replicas.values()) {
      replica.waiting = [];
      replica.pendingIsr = null;
      replica.log.resetHighWatermark(replica.checkpointedHighWatermark);
      // Whatever the cluster has decided meanwhile, it will be told anew.
      replica.image = { ...replica.image, leader: null };
    }
  }

  /** Takes up what the controller decided: makes replicas, leads, follows, stops. */
  imageChanged(image: ClusterImage, before: ClusterImage, now: Micros, fx: BrokerEffects): void {
    for (const topic of image.topics.values()) {
      if (before.topics.get(topic.name) === topic && this.replicasAreCurrent(topic)) continue;
      for (const partition of topic.partitions) this.partitionChanged(topic, partition, now, fx);
    }
    for (const replica of [...this.replicas.values()])
      if (!partitionOf(image, replica.place)) this.remove(replica, now, fx);
    // A leader that has died or come back, or a topic that is new, may mean somebody to fetch from.
    this.follow(fx);
    for (const replica of this.replicas.values()) if (replica.leads) this.maybeAdvance(replica, now, fx);
  }

  disconnected(peer: string): void {
    this.forgetFetch(peer);
  }

  // Producing.

  /** K-30: appends each batch; answers at once unless a batch has to wait for the followers. */
  produce(
    request: Pick<ProduceRequest, 'acks' | 'timeoutMs' | 'batches'>,
    from: string,
    correlation: number,
    now: Micros,
    fx: BrokerEffects,
  ): void {
    const results: Produce['results'] = [];
    const advanced: Replica[] = [];
    const waiting: { replica: Replica; requiredOffset: number; index: number }[] = [];
    request.batches.forEach((batch, index) => {
      const replica = this.led(batch.place);
      const { error, baseOffset, requiredOffset } = this.appendBatch(replica, batch, request.acks, now, fx);
      results.push({ place: batch.place, error, baseOffset });
      if (!replica || error !== 'NONE') return;
      advanced.push(replica);
      if (request.acks === 'all') waiting.push({ replica, requiredOffset, index });
    });
    if (request.acks === '0') {
      for (const replica of advanced) this.appended(replica, now, fx);
      // K-30: all that a producer which asks for no answer can be told; it looks for the leader again.
      if (results.some(({ error }) => error !== 'NONE')) fx.disconnect(from);
      return;
    }
    if (waiting.length === 0) {
      fx.reply(from, correlation, { api: 'Produce', results });
      for (const replica of advanced) this.appended(replica, now, fx);
      return;
    }
    const produce = this.nextProduce++;
    this.produces.set(produce, { api: 'Produce', from, correlation, results, open: waiting.length });
    for (const { replica, requiredOffset, index } of waiting)
      replica.waiting.push({ requiredOffset, produce, index });
    for (const replica of advanced) this.appended(replica, now, fx);
    // A duplicate of something already replicated moves nothing, and must not wait for a move.
    for (const { replica } of waiting) this.completeAppends(replica, fx);
    if (this.produces.has(produce)) fx.timer(fromMs(request.timeoutMs), 'produce-wait', produce);
  }

  /** K-58: the followers did not come in time. What was appended stays. */
  produceTimedOut(id: number, fx: BrokerEffects): void {
    const produce = this.produces.get(id);
    if (!produce) return;
    this.produces.delete(id);
    for (const replica of this.replicas.values()) {
      const mine = replica.waiting.filter(({ produce: other }) => other === id);
      if (mine.length === 0) continue;
      replica.waiting = replica.waiting.filter(({ produce: other }) => other !== id);
      for (const { index } of mine) produce.results[index]!.error = 'REQUEST_TIMED_OUT';
    }
    this.answerProduce(produce, fx);
  }

  /** What a coordinator writes into its own partition. @returns the offset that has to be replicated, or an error */
  appendCoordinator(
    replica: Replica,
    records: readonly CoordinatorRecord[],
    now: Micros,
    fx: BrokerEffects,
  ): { readonly error: ErrorCode; readonly requiredOffset: number } {
    if (replica.underMinIsr) return { error: 'NOT_ENOUGH_REPLICAS', requiredOffset: -1 };
    const outcome = replica.log.appendCoordinatorRecords([...records], replica.image.leaderEpoch, now);
    assert(
      outcome.error === 'NONE',
      `${replica.place} refuses what its coordinator writes: ${outcome.error}`,
    );
    this.appended(replica, now, fx);
    return { error: 'NONE', requiredOffset: replica.log.logEnd };
  }

  /** K-43: the end of a transaction, in each of these partitions. */
  writeMarkers(
    request: WriteTxnMarkersRequest,
    from: string,
    correlation: number,
    now: Micros,
    fx: BrokerEffects,
  ): void {
    const advanced: Replica[] = [];
    const results = request.places.map((place): Produce['results'][number] => {
      const replica = this.led(place);
      if (!replica) return { place, error: 'NOT_LEADER_OR_FOLLOWER', baseOffset: -1 };
      if (replica.underMinIsr) return { place, error: 'NOT_ENOUGH_REPLICAS', baseOffset: -1 };
      const { producerId, producerEpoch, outcome } = request;
      const appended = replica.log.appendMarker(
        { producerId, producerEpoch, outcome },
        replica.image.leaderEpoch,
        now,
      );
      if (appended.appended) {
        const { node } = this.context;
        this.tellAppended(replica, appended, fx);
        fx.trace({
          kind: 'marker-appended',
          node,
          place,
          position: appended.baseOffset,
          producer: producerId,
          epoch: producerEpoch,
          outcome,
        });
        advanced.push(replica);
      }
      return { place, error: appended.error, baseOffset: appended.baseOffset };
    });
    // A marker is answered when the whole ISR has it, as with acks=all: a transaction is not over before.
    const id = this.nextProduce++;
    const produce: Produce = { api: 'WriteTxnMarkers', from, correlation, results, open: advanced.length };
    if (advanced.length === 0) {
      this.answerProduce(produce, fx);
      return;
    }
    this.produces.set(id, produce);
    for (const replica of advanced) {
      const index = results.findIndex(({ place }) => place === replica.place);
      replica.waiting.push({ requiredOffset: results[index]!.baseOffset + 1, produce: id, index });
    }
    for (const replica of advanced) this.appended(replica, now, fx);
    if (this.produces.has(id)) fx.timer(fromMs(MARKERS_TIMEOUT_MS), 'produce-wait', id);
  }

  private answerProduce({ api, from, correlation, results }: Produce, fx: BrokerEffects): void {
    if (api === 'Produce') fx.reply(from, correlation, { api, results });
    else fx.reply(from, correlation, { api, results: results.map(({ place, error }) => ({ place, error })) });
  }

  private appendBatch(
    replica: Replica | undefined,
    batch: RecordBatch,
    acks: ProduceRequest['acks'],
    now: Micros,
    fx: BrokerEffects,
  ): { error: ErrorCode; baseOffset: number; requiredOffset: number } {
    const refuse = (error: ErrorCode) => ({ error, baseOffset: -1, requiredOffset: -1 });
    if (!replica) {
      return refuse(
        partitionOf(this.context.image, batch.place)
          ? 'NOT_LEADER_OR_FOLLOWER'
          : 'UNKNOWN_TOPIC_OR_PARTITION',
      );
    }
    // K-57: only who asks for all of the ISR is told that the ISR is too small.
    if (acks === 'all' && replica.underMinIsr) return refuse('NOT_ENOUGH_REPLICAS');
    const outcome = replica.log.appendAsLeader(batch, replica.image.leaderEpoch, now);
    if (outcome.error !== 'NONE') return refuse(outcome.error);
    const count = batch.messages.length;
    if (outcome.appended) {
      this.tellAppended(replica, outcome, fx);
      const { node } = this.context;
      for (let i = 0; i < count; i++) {
        fx.trace({
          seq: 0,
          at: 0,
          kind: 'appended',
          node,
          place: batch.place,
          position: outcome.baseOffset + i,
          message: batch.messages[i]!,
          key: batch.keys[i]!,
          epoch: replica.image.leaderEpoch,
        });
      }
      if (batch.transactional) replica.transactional = true;
    }
    return { error: 'NONE', baseOffset: outcome.baseOffset, requiredOffset: outcome.baseOffset + count };
  }

  private tellAppended(replica: Replica, outcome: AppendOutcome, fx: BrokerEffects): void {
    const { node } = this.context;
    const { place, log, internal } = replica;
    if (internal) return;
    if (outcome.rolled) fx.trace({ kind: 'segment-rolled', node, place, ...outcome.rolled });
    if (outcome.dropped > 0) {
      if (!this.full.has(place)) {
        this.full.add(place);
        fx.trace({ kind: 'limit-reached', what: `records of ${place}`, limit: RECORDS_MAX });
      }
      const why = 'the simulator keeps no more records of a partition';
      fx.trace({ kind: 'expired', node, place, position: log.logStart - 1, message: null, why });
    }
  }

  /** Something was appended here as leader: followers may have it, and with one replica it is replicated already. */
  private appended(replica: Replica, now: Micros, fx: BrokerEffects): void {
    this.maybeAdvance(replica, now, fx);
    this.wake(replica, fx);
  }

  /** K-52, K-53: moves the high watermark as far as it may go. */
  private maybeAdvance(replica: Replica, now: Micros, fx: BrokerEffects): void {
    if (!replica.leads) return;
    if (!replica.underMinIsr) {
      const { image, config } = this.context;
      const to = replica.replicatedUpTo(now, config['replica.lag.time.max.ms'], (node) => {
        const broker = image.brokers.get(node);
        return broker !== undefined && !broker.fenced;
      });
      if (replica.log.advanceHighWatermark(to)) {
        this.tellHighWatermark(replica, fx);
        this.completeAppends(replica, fx);
        this.listener.highWatermarkAdvanced(replica, now, fx);
        this.wake(replica, fx);
      }
    }
    this.tellStable(replica, fx);
  }

  private tellHighWatermark(replica: Replica, fx: BrokerEffects): void {
    if (replica.internal) return;
    const { place, log } = replica;
    fx.trace({
      seq: 0,
      at: 0,
      kind: 'high-watermark-advanced',
      node: this.context.node,
      place,
      position: log.highWatermark,
    });
  }

  /** K-3: the last stable offset, told where it is another than the high watermark. */
  private tellStable(replica: Replica, fx: BrokerEffects): void {
    if (!replica.transactional || replica.internal) return;
    const { place, log } = replica;
    const position = log.lastStableOffset;
    if (position === replica.stableOffset) return;
    replica.stableOffset = position;
    fx.trace({ kind: 'stable-offset-advanced', node: this.context.node, place, position });
  }

  /** K-30: answers appends that the high watermark has passed. It passes none while the ISR is too small (K-53). */
  private completeAppends(replica: Replica, fx: BrokerEffects): void {
    const { highWatermark } = replica.log;
    let done = 0;
    while (done < replica.waiting.length && replica.waiting[done]!.requiredOffset <= highWatermark) done++;
    if (done === 0) return;
    const complete = replica.waiting.splice(0, done);
    for (const { produce, index } of complete) this.completeOne(produce, index, 'NONE', fx);
  }

  private completeOne(id: number, index: number, error: ErrorCode, fx: BrokerEffects): void {
    const produce = this.produces.get(id);
    if (!produce) return;
    if (error !== 'NONE') produce.results[index]!.error = error;
    produce.open--;
    if (produce.open > 0) return;
    this.produces.delete(id);
    this.answerProduce(produce, fx);
  }

  // Fetching.

  /** K-68: answers at once if enough is there or something is wrong, and otherwise waits. */
  fetch(request: FetchRequest, client: string, correlation: number, now: Micros, fx: BrokerEffects): void {
    this.forgetFetch(client);
    if (request.replica !== null) this.followerFetched(request.replica, request.positions, now, fx);
    let bytes = 0;
    let atOnce = request.maxWaitMs === 0;
    for (const position of request.positions) {
      const replica = this.led(position.place);
      if (!replica || this.refusal(replica, position) !== 'NONE' || this.divergence(replica, position)) {
        atOnce = true;
        break;
      }
      if (bytes < request.minBytes)
        bytes += replica.log.bytesFrom(position.offset, request.minBytes - bytes, upTo(replica, request));
    }
    const waiting: WaitingFetch = { client, correlation, request, bytes };
    if (atOnce || bytes >= request.minBytes) {
      this.answerFetch(waiting, fx);
      return;
    }
    this.fetches.set(client, waiting);
    for (const { place } of request.positions) {
      let watchers = this.watchers.get(place);
      if (!watchers) this.watchers.set(place, (watchers = new Set()));
      watchers.add(client);
    }
    fx.timer(fromMs(request.maxWaitMs), 'fetch-wait', { client, correlation });
  }

  fetchWaited(client: string, correlation: number, fx: BrokerEffects): void {
    const waiting = this.fetches.get(client);
    if (waiting?.correlation !== correlation) return;
    this.forgetFetch(client);
    this.answerFetch(waiting, fx);
  }

  /** Fetches that a partition's new end, or its new leader, completes. */
  private wake(replica: Replica, fx: BrokerEffects): void {
    const watchers = this.watchers.get(replica.place);
    if (!watchers || watchers.size === 0) return;
    for (const client of [...watchers]) {
      const waiting = this.fetches.get(client)!;
      if (replica.leads && !this.isEnough(waiting)) continue;
      this.forgetFetch(client);
      this.answerFetch(waiting, fx);
    }
  }

  private isEnough({ request }: WaitingFetch): boolean {
    let bytes = 0;
    for (const { place, offset } of request.positions) {
      const replica = this.led(place);
      if (!replica) return true;
      bytes += replica.log.bytesFrom(offset, request.minBytes - bytes, upTo(replica, request));
      if (bytes >= request.minBytes) return true;
    }
    return false;
  }

  private answerFetch({ client, correlation, request }: WaitingFetch, fx: BrokerEffects): void {
    let left = request.maxBytes;
    const partitions: FetchedPartition[] = [];
    let any = false;
    for (const position of request.positions) {
      const { place, offset } = position;
      const replica = this.led(place);
      if (!replica) {
        const known = partitionOf(this.context.image, place);
        partitions.push(refused(place, known ? 'NOT_LEADER_OR_FOLLOWER' : 'UNKNOWN_TOPIC_OR_PARTITION'));
        continue;
      }
      const { log } = replica;
      const error = this.refusal(replica, position);
      const diverging = error === 'NONE' ? this.divergence(replica, position) : null;
      const positions = {
        place,
        highWatermark: log.highWatermark,
        lastStableOffset: log.lastStableOffset,
        logStart: log.logStart,
      };
      if (error !== 'NONE' || diverging) {
        partitions.push({ ...positions, error, diverging, batches: [], aborted: [] });
        continue;
      }
      let batches: readonly StoredBatch[] = [];
      if (left > 0) {
        // K-6: a limit never blocks progress, so the first partition with data gives at least one batch.
        const read = log.read(
          offset,
          Math.min(left, request.maxPartitionBytes),
          upTo(replica, request),
          !any,
        );
        ({ batches } = read);
        left -= read.bytes;
        if (batches.length > 0) any = true;
      }
      const aborted =
        request.isolation === 'read_committed' && request.replica === null && batches.length > 0
          ? log.abortedIn(offset, batches.at(-1)!.lastOffset + 1)
          : [];
      // A follower is told the high watermark even when there is nothing new (K-52).
      if (batches.length > 0 || request.replica !== null)
        partitions.push({ ...positions, error, diverging, batches, aborted });
    }
    fx.reply(client, correlation, { api: 'Fetch', partitions });
  }

  /** K-5, K-8. Beyond the end, where the logs part says more than that it is the end (K-9). */
  private refusal(replica: Replica, position: FetchPosition): ErrorCode {
    const { offset, leaderEpoch } = position;
    if (leaderEpoch >= 0 && leaderEpoch < replica.image.leaderEpoch) return 'FENCED_LEADER_EPOCH';
    if (leaderEpoch > replica.image.leaderEpoch) return 'UNKNOWN_LEADER_EPOCH';
    const { log } = replica;
    const beyond = offset > log.logEnd && !this.divergence(replica, position);
    return offset < log.logStart || beyond ? 'OFFSET_OUT_OF_RANGE' : 'NONE';
  }

  /** K-9: where the fetcher's log parts from this one, or null. */
  private divergence(
    { log }: Replica,
    { offset, lastFetchedEpoch }: FetchPosition,
  ): { epoch: number; endOffset: number } | null {
    if (lastFetchedEpoch < 0) return null;
    const own = log.endOffsetFor(lastFetchedEpoch);
    return own.epoch < lastFetchedEpoch || own.endOffset < offset ? own : null;
  }

  private forgetFetch(client: string): void {
    const waiting = this.fetches.get(client);
    if (!waiting) return;
    this.fetches.delete(client);
    for (const { place } of waiting.request.positions) this.watchers.get(place)?.delete(client);
  }

  /** K-10, K-69. */
  listOffsets(request: ListOffsetsRequest): ReplyTo<'ListOffsets'> {
    return {
      api: 'ListOffsets',
      offsets: request.places.map((place) => {
        const replica = this.led(place);
        if (!replica) {
          const known = partitionOf(this.context.image, place);
          const error = known ? 'NOT_LEADER_OR_FOLLOWER' : 'UNKNOWN_TOPIC_OR_PARTITION';
          return { place, error, offset: -1 };
        }
        const { log } = replica;
        const end = request.isolation === 'read_committed' ? log.lastStableOffset : log.highWatermark;
        const offset =
          request.at === 'earliest'
            ? log.logStart
            : request.at === 'latest'
              ? end
              : log.offsetForTimestamp(request.at, end);
        return { place, error: 'NONE', offset };
      }),
    };
  }

  /** K-3: moves the log's start forward. @param before −1: to the high watermark */
  deleteRecords(place: string, before: number, now: Micros, fx: BrokerEffects): ReplyTo<'DeleteRecords'> {
    const refuse = (error: ErrorCode): ReplyTo<'DeleteRecords'> => ({
      api: 'DeleteRecords',
      error,
      logStart: -1,
    });
    const replica = this.led(place);
    if (!replica) return refuse('NOT_LEADER_OR_FOLLOWER');
    const { log } = replica;
    const to = before === -1 ? log.highWatermark : before;
    if (to > log.highWatermark) return refuse('OFFSET_OUT_OF_RANGE');
    const from = log.logStart;
    log.deleteRecordsBefore(to);
    if (log.logStart > from) this.tellExpired(replica, from, log.logStart - 1, 'deleted by request', now, fx);
    return { api: 'DeleteRecords', error: 'NONE', logStart: log.logStart };
  }

  // Following.

  /** Starts a fetch to every leader that this broker follows, where none is under way (K-51). */
  follow(fx: BrokerEffects): void {
    const leaders = new Set<string>();
    for (const { image } of this.replicas.values())
      if (image.leader !== null && image.leader !== this.context.node) leaders.add(image.leader);
    for (const leader of leaders)
      if ((this.fetchers.get(leader) ?? 'idle') === 'idle') this.fetchFrom(leader, fx);
  }

  followAgain(leader: string, fx: BrokerEffects): void {
    if (this.fetchers.get(leader) !== 'backing-off') return;
    this.fetchers.set(leader, 'idle');
    this.follow(fx);
  }

  private fetchFrom(leader: string, fx: BrokerEffects): void {
    const { node, config } = this.context;
    const positions: FetchPosition[] = [];
    for (const { place, image, log } of this.replicas.values()) {
      if (image.leader !== leader) continue;
      positions.push({
        place,
        offset: log.logEnd,
        leaderEpoch: image.leaderEpoch,
        lastFetchedEpoch: log.latestEpoch,
      });
    }
    if (positions.length === 0) {
      this.fetchers.set(leader, 'idle');
      return;
    }
    this.fetchers.set(leader, 'fetching');
    fx.request(
      leader,
      {
        api: 'Fetch',
        replica: node,
        isolation: 'read_uncommitted',
        minBytes: 1,
        maxWaitMs: config['replica.fetch.wait.max.ms'],
        maxBytes: 10_485_760,
        maxPartitionBytes: config['replica.fetch.max.bytes'],
        positions,
      },
      { kind: 'follow', leader, positions } satisfies ReplicaContext,
    );
  }

  /** The leader's answer to a follower's fetch. @param reply null when it never came */
  fetched(
    { leader, positions }: Extract<ReplicaContext, { kind: 'follow' }>,
    reply: ReplyTo<'Fetch'> | null,
    now: Micros,
    fx: BrokerEffects,
  ): void {
    const backOff = (): void => {
      this.fetchers.set(leader, 'backing-off');
      fx.timer(fromMs(this.context.config['replica.fetch.backoff.ms']), 'follow-again', leader);
    };
    if (!reply) {
      backOff();
      return;
    }
    let failed = false;
    for (const fetched of reply.partitions) {
      const replica = this.replicas.get(fetched.place);
      const asked = positions.find(({ place }) => place === fetched.place);
      // Led here by now, by someone else, or truncated since it asked.
      if (!replica || !asked || replica.image.leader !== leader) continue;
      if (replica.image.leaderEpoch !== asked.leaderEpoch || replica.log.logEnd !== asked.offset) continue;
      if (fetched.error === 'OFFSET_OUT_OF_RANGE') this.followOutOfRange(replica, fetched, fx);
      else if (fetched.error !== 'NONE') failed = true;
      else if (fetched.diverging) {
        const { epoch, endOffset } = fetched.diverging;
        const own = replica.log.endOffsetFor(epoch);
        this.truncate(
          replica,
          Math.min(endOffset, own.endOffset),
          `its log parts from that of the leader ${leader} after epoch ${epoch}`,
          fx,
        );
      } else this.followed(replica, fetched, now, fx);
    }
    if (failed) backOff();
    else this.fetchFrom(leader, fx);
  }

  /** K-9, K-61: what it wants lies outside the leader's log. */
  private followOutOfRange(
    replica: Replica,
    { logStart, highWatermark }: FetchedPartition,
    fx: BrokerEffects,
  ): void {
    const { log, place } = replica;
    if (log.logEnd > logStart) {
      this.truncate(replica, Math.max(logStart, highWatermark), 'it had more than its leader has', fx);
      return;
    }
    const messages = log.truncateFullyAndStartAt(logStart);
    if (replica.internal) return;
    const why = `its leader's log begins at ${logStart}`;
    fx.trace({ kind: 'truncated', node: this.context.node, place, position: logStart, messages, why });
  }

  private truncate(replica: Replica, to: number, why: string, fx: BrokerEffects): void {
    const { place, log, internal } = replica;
    const before = log.logEnd;
    // Also where nothing is to go: an epoch in which this replica led and wrote nothing is forgotten all the same.
    const messages = log.truncateTo(Math.min(to, before));
    if (log.logEnd < before && !internal)
      fx.trace({ kind: 'truncated', node: this.context.node, place, position: log.logEnd, messages, why });
  }

  private followed(replica: Replica, fetched: FetchedPartition, now: Micros, fx: BrokerEffects): void {
    const { log, place, internal } = replica;
    const { node } = this.context;
    for (const batch of fetched.batches) {
      const outcome = log.appendAsFollower(batch, now);
      this.tellAppended(replica, outcome, fx);
      if (batch.transactional) replica.transactional = true;
    }
    if (fetched.batches.length > 0 && !internal)
      fx.trace({ kind: 'replicated', node, place, position: log.logEnd });
    if (fetched.logStart > log.logStart) {
      const from = log.logStart;
      log.deleteRecordsBefore(Math.min(fetched.logStart, log.logEnd));
      if (log.logStart > from && !internal) {
        const why = 'its leader let them go';
        fx.trace({ kind: 'expired', node, place, position: log.logStart - 1, message: null, from, why });
      }
    }
    if (log.advanceHighWatermark(Math.min(fetched.highWatermark, log.logEnd)))
      this.tellHighWatermark(replica, fx);
  }

  /** K-54, K-56, K-52: what a follower's fetch tells its leader. */
  private followerFetched(
    follower: string,
    positions: readonly FetchPosition[],
    now: Micros,
    fx: BrokerEffects,
  ): void {
    for (const position of positions) {
      const replica = this.led(position.place);
      if (!replica || this.refusal(replica, position) !== 'NONE' || this.divergence(replica, position))
        continue;
      replica.fetchedBy(follower, position.offset, now);
      const broker = this.context.image.brokers.get(follower);
      if (replica.pendingIsr === null && broker && !broker.fenced && replica.mayJoin(follower))
        this.alterIsr(replica, [...replica.image.isr, follower], fx);
      this.maybeAdvance(replica, now, fx);
    }
  }

  // The ISR.

  /** K-55: every half of `replica.lag.time.max.ms`. */
  checkIsr(now: Micros, fx: BrokerEffects): void {
    for (const replica of this.replicas.values()) {
      if (!replica.leads || replica.pendingIsr !== null) continue;
      const out = replica.outOfSync(now, this.context.config['replica.lag.time.max.ms']);
      if (out.length === 0) continue;
      this.alterIsr(
        replica,
        replica.image.isr.filter((node) => !out.includes(node)),
        fx,
      );
    }
  }

  private alterIsr(replica: Replica, wanted: readonly string[], fx: BrokerEffects): void {
    // Kafka's leader takes them from a hash set, which has numbers as small as these in ascending order.
    const isr = [...wanted].sort();
    const { place, image } = replica;
    const { leaderEpoch, partitionEpoch } = image;
    replica.pendingIsr = isr;
    fx.request(
      CONTROLLER,
      {
        api: 'AlterPartition',
        node: this.context.node,
        brokerEpoch: this.context.brokerEpoch,
        partitions: [{ place, isr, leaderEpoch, partitionEpoch }],
      },
      { kind: 'isr', place } satisfies ReplicaContext,
    );
  }

  /** The controller's answer; what it decided has come, or comes, with the image. */
  isrAnswered(place: string, now: Micros, fx: BrokerEffects): void {
    const replica = this.replicas.get(place);
    if (!replica) return;
    replica.pendingIsr = null;
    this.maybeAdvance(replica, now, fx);
  }

  /** K-52: what the disk has of the high watermarks. */
  checkpointHighWatermarks(): void {
    for (const replica of this.replicas.values())
      replica.checkpointedHighWatermark = replica.log.highWatermark;
  }

  // Retention and compaction.

  /** K-11. */
  runRetention(now: Micros, fx: BrokerEffects): void {
    for (const replica of this.replicas.values()) {
      if (replica.internal) continue;
      for (const { from, to, why } of replica.log.runRetention(now))
        this.tellExpired(replica, from, to, why, now, fx);
    }
  }

  private tellExpired(
    replica: Replica,
    from: number,
    position: number,
    why: string,
    now: Micros,
    fx: BrokerEffects,
  ): void {
    const { place } = replica;
    fx.trace({ kind: 'expired', node: this.context.node, place, position, message: null, from, why });
    if (!replica.leads) return;
    this.listener.logStartAdvanced(replica, now);
    this.wake(replica, fx);
  }

  /** K-16: cleans the dirtiest log that may be cleaned, and goes on until there is none. */
  clean(now: Micros, fx: BrokerEffects): void {
    const { node } = this.context;
    const done = new Set<string>();
    for (;;) {
      let dirtiest: Replica | null = null;
      for (const replica of this.replicas.values()) {
        if (done.has(replica.place) || !replica.log.isCleanable(now)) continue;
        if (!dirtiest || (replica.log.dirtyRatio(now) ?? 0) > (dirtiest.log.dirtyRatio(now) ?? 0))
          dirtiest = replica;
      }
      if (!dirtiest) return;
      const { place, log, internal } = dirtiest;
      done.add(place);
      const { upTo: position, kept, removed } = log.clean(now);
      if (internal) continue;
      for (const { position: at, message } of removed)
        fx.trace({ kind: 'compacted', node, place, position: at, message });
      fx.trace({ kind: 'cleaned', node, place, position, kept, removed: removed.length });
    }
  }

  // The image.

  private replicasAreCurrent(topic: TopicImage): boolean {
    return topic.partitions.every(
      (partition) =>
        !partition.replicas.includes(this.context.node) ||
        this.replicas.get(partition.place)?.image === partition,
    );
  }

  private partitionChanged(topic: TopicImage, image: PartitionImage, now: Micros, fx: BrokerEffects): void {
    const { node } = this.context;
    if (!image.replicas.includes(node)) return;
    const config = this.configOf(topic.config);
    let replica = this.replicas.get(image.place);
    const fresh = !replica;
    if (!replica) {
      const log = new PartitionLog(image.place, config, now, {
        internal: topic.internal,
        producerIdExpirationMs: this.context.config['producer.id.expiration.ms'],
      });
      replica = new Replica(node, image, topic.internal, log);
      this.replicas.set(image.place, replica);
    } else replica.log.setConfig(config);
    const before = replica.image;
    replica.image = image;
    if (replica.leads) {
      if (!fresh && before.leader === node && before.leaderEpoch === image.leaderEpoch) return;
      replica.lead(now);
      this.listener.ledHere(replica, now, fx);
      this.maybeAdvance(replica, now, fx);
      return;
    }
    if (!fresh && before.leader !== node) return;
    replica.follow();
    if (!fresh) this.stoppedLeading(replica, now, fx);
  }

  private configOf(own: TopicConfig) {
    return effectiveConfig(own, this.context.config);
  }

  private stoppedLeading(replica: Replica, now: Micros, fx: BrokerEffects): void {
    const waiting = replica.waiting.splice(0);
    for (const { produce, index } of waiting) this.completeOne(produce, index, 'NOT_LEADER_OR_FOLLOWER', fx);
    this.wake(replica, fx);
    this.listener.ledElsewhere(replica.place, now, fx);
  }

  private remove(replica: Replica, now: Micros, fx: BrokerEffects): void {
    const led = replica.leads;
    replica.image = { ...replica.image, leader: null };
    this.replicas.delete(replica.place);
    if (led) this.stoppedLeading(replica, now, fx);
  }
}

/** K-4: the first offset that this reader may not see. */
function upTo(replica: Replica, request: FetchRequest): number {
  const { log } = replica;
  if (request.replica !== null) return log.logEnd;
  return request.isolation === 'read_committed' ? log.lastStableOffset : log.highWatermark;
}

function refused(place: string, error: ErrorCode): FetchedPartition {
  return {
    place,
    error,
    batches: [],
    highWatermark: -1,
    lastStableOffset: -1,
    logStart: -1,
    aborted: [],
    diverging: null,
  };
}

/** What a reply or a request carries, for the trace. */
export function messagesOf(
  batches: readonly { readonly messages: readonly MessageId[] }[],
): readonly MessageId[] {
  if (batches.length === 1) return batches[0]!.messages;
  const messages: MessageId[] = [];
  for (const batch of batches) for (const message of batch.messages) messages.push(message);
  return messages;
}
