/**
 * The transaction coordinator of one partition of `__transaction_state`: who is behind each transactional.id, which
 * partitions and groups belong to its open transaction, and how that ends (K-43 to K-46, transactions v2). The end is
 * decided when PREPARE is written; from then on it is carried through, by this coordinator or by the one after it.
 */
import { assert } from '../../sim/errors.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import { partitionOf, splitPlace } from './cluster-image.ts';
import {
  groupPlace,
  type CoordinatorShard,
  type ShardContext,
  type ShardEffects,
} from './coordinator-shard.ts';
import { isRetriable } from './exceptions.ts';
import type { ErrorCode, Reply, Request, TransactionRequest } from './protocol.ts';

/** K-43. PrepareEpochFence and Dead are not kept: the one lasts for no time here, the other is the end of the record. */
export type TransactionState =
  'Empty' | 'Ongoing' | 'PrepareCommit' | 'PrepareAbort' | 'CompleteCommit' | 'CompleteAbort';

/** What is written for a transactional.id. */
export interface TransactionRecord {
  readonly producerId: number;
  readonly epoch: number;
  /** The epoch before the last bump, by which a repeated request is known; −1 for none. */
  readonly lastEpoch: number;
  readonly timeoutMs: number;
  readonly state: TransactionState;
  readonly places: readonly string[];
  readonly groups: readonly string[];
  /** Of the open transaction, or the last one; −1 before the first. */
  readonly startedAt: Micros;
  readonly updatedAt: Micros;
}

/** A transactional.id as the coordinator has it. */
interface Known {
  readonly id: string;
  producerId: number;
  epoch: number;
  lastEpoch: number;
  timeoutMs: number;
  state: TransactionState;
  places: readonly string[];
  groups: readonly string[];
  startedAt: Micros;
  updatedAt: Micros;
  /** Of the transaction that ends: markers that are not written yet. */
  owedPlaces: Set<string>;
  owedGroups: Set<string>;
  /** Those of them that are on their way. */
  underWay: Set<string>;
  /** A timer for another try is set. */
  retrying: boolean;
}

/** What comes back with an answer. */
type Context =
  | { readonly kind: 'producer-id'; readonly id: string }
  | {
      readonly kind: 'markers';
      readonly id: string;
      readonly epoch: number;
      readonly places: readonly string[];
    }
  | { readonly kind: 'offsets'; readonly id: string; readonly epoch: number; readonly group: string };

interface Waiting {
  readonly from: string;
  readonly correlation: number;
  readonly timeoutMs: number;
}

/** How long it waits before it sends markers again that were refused, or writes again what its log did not take. */
const MARKER_RETRY_MS = 100;
/** `transaction.remove.expired.transaction.cleanup.interval.ms`, at its default. */
const EXPIRATION_CHECK_MS = 3_600_000;

export class TransactionShard implements CoordinatorShard {
  private readonly context: ShardContext;
  private readonly known = new Map<string, Known>();
  /** Ids that wait for their first producer id. */
  private readonly waiting = new Map<string, Waiting>();

  constructor(context: ShardContext) {
    this.context = context;
  }

  handle(request: Request, from: string, correlation: number, now: Micros, fx: ShardEffects): void {
    switch (request.api) {
      case 'InitProducerId':
        this.initProducerId(request, from, correlation, now, fx);
        break;
      case 'AddPartitionsToTxn':
        fx.reply(from, correlation, {
          api: request.api,
          error: this.add(request, request.places, [], now, fx),
        });
        break;
      case 'AddOffsetsToTxn':
        fx.reply(from, correlation, {
          api: request.api,
          error: this.add(request, [], [request.group], now, fx),
        });
        break;
      case 'EndTxn':
        this.endTxn(request, from, correlation, now, fx);
        break;
      default:
        assert(false, `a transaction coordinator was asked for ${request.api}`);
    }
  }

  timer(timer: string, data: unknown, now: Micros, fx: ShardEffects): void {
    if (timer === 'timeouts') {
      this.abortTimedOut(now, fx);
      this.armTimeouts(fx);
    } else if (timer === 'expiration') {
      this.expire(now, fx);
      fx.timer(fromMs(EXPIRATION_CHECK_MS), 'expiration', null);
    } else {
      const known = this.known.get(data as string);
      if (!known) return;
      known.retrying = false;
      if (isPrepared(known.state)) this.carryThrough(known, now, fx);
    }
  }

  answered(context: unknown, reply: Reply | null, now: Micros, fx: ShardEffects): void {
    const answer = context as Context;
    if (answer.kind === 'producer-id') {
      this.producerIdGiven(answer.id, reply, now, fx);
      return;
    }
    const known = this.known.get(answer.id);
    if (!known || known.epoch !== answer.epoch || !isPrepared(known.state)) return;
    if (answer.kind === 'markers') {
      const results = reply?.api === 'WriteTxnMarkers' ? reply.results : [];
      for (const place of answer.places) {
        known.underWay.delete(place);
        const error = results.find((result) => result.place === place)?.error;
        if (error !== undefined && !isRetriable(error)) known.owedPlaces.delete(place);
      }
    } else {
      known.underWay.delete(groupKey(answer.group));
      const error = reply?.api === 'CompleteTxnOffsets' ? reply.error : undefined;
      if (error !== undefined && !isRetriable(error)) known.owedGroups.delete(answer.group);
    }
    if (!this.complete(known, now, fx)) this.retryMarkers(known, fx);
  }

  replay(key: string, value: object | null): void {
    if (value === null) {
      this.known.delete(key);
      return;
    }
    const record = value as TransactionRecord;
    const prepared = isPrepared(record.state);
    this.known.set(key, {
      id: key,
      ...record,
      owedPlaces: new Set(prepared ? record.places : []),
      owedGroups: new Set(prepared ? record.groups : []),
      underWay: new Set(),
      retrying: false,
    });
  }

  loaded(now: Micros, fx: ShardEffects): void {
    for (const known of this.known.values()) {
      if (!isPrepared(known.state)) continue;
      this.changed(known, `${this.context.node} took ${this.context.place} over and found it prepared`, fx);
      this.carryThrough(known, now, fx);
    }
    this.armTimeouts(fx);
    fx.timer(fromMs(EXPIRATION_CHECK_MS), 'expiration', null);
  }

  imageChanged(now: Micros, fx: ShardEffects): void {
    for (const known of this.known.values()) if (isPrepared(known.state)) this.carryThrough(known, now, fx);
  }

  // A producer begins (K-43, K-44).

  private initProducerId(
    request: Extract<TransactionRequest, { api: 'InitProducerId' }>,
    from: string,
    correlation: number,
    now: Micros,
    fx: ShardEffects,
  ): void {
    const id = request.transactionalId;
    assert(id !== null, 'an idempotent producer needs no coordinator');
    const refuse = (error: ErrorCode): void =>
      fx.reply(from, correlation, { api: 'InitProducerId', error, producerId: -1, epoch: -1 });
    if (request.transactionTimeoutMs > this.context.config['transaction.max.timeout.ms']) {
      refuse('INVALID_TRANSACTION_TIMEOUT');
      return;
    }
    const known = this.known.get(id);
    if (!known) {
      if (this.waiting.has(id)) {
        refuse('CONCURRENT_TRANSACTIONS');
        return;
      }
      this.waiting.set(id, { from, correlation, timeoutMs: request.transactionTimeoutMs });
      // Every broker has producer ids to give; this one asks itself.
      fx.request(this.context.node, { ...request, transactionalId: null }, {
        kind: 'producer-id',
        id,
      } satisfies Context);
      return;
    }
    const expects = request.producerId >= 0;
    if (expects && request.producerId !== known.producerId) {
      refuse('PRODUCER_FENCED');
      return;
    }
    if (isPrepared(known.state)) {
      refuse('CONCURRENT_TRANSACTIONS');
      return;
    }
    if (known.state === 'Ongoing') {
      // K-44: whoever is behind it is fenced and its transaction aborted; the newcomer asks again.
      this.fence(known, 'a new producer with this transactional.id began', now, fx);
      refuse('CONCURRENT_TRANSACTIONS');
      return;
    }
    if (expects && request.producerEpoch !== known.epoch && request.producerEpoch !== known.lastEpoch) {
      refuse('PRODUCER_FENCED');
      return;
    }
    // One that asks again, as it never heard the answer, has its new epoch already.
    const repeated = expects && request.producerEpoch === known.lastEpoch;
    if (!repeated) {
      known.lastEpoch = expects ? known.epoch : -1;
      known.epoch++;
    }
    known.timeoutMs = request.transactionTimeoutMs;
    known.state = 'Empty';
    known.startedAt = -1;
    this.write(known, now, fx);
    this.changed(known, 'initTransactions() of a producer, which gets a new epoch', fx);
    fx.reply(from, correlation, {
      api: 'InitProducerId',
      error: 'NONE',
      producerId: known.producerId,
      epoch: known.epoch,
    });
  }

  private producerIdGiven(id: string, reply: Reply | null, now: Micros, fx: ShardEffects): void {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    if (!waiting) return;
    const { from, correlation, timeoutMs } = waiting;
    if (reply?.api !== 'InitProducerId' || reply.error !== 'NONE') {
      const error = 'COORDINATOR_NOT_AVAILABLE';
      fx.reply(from, correlation, { api: 'InitProducerId', error, producerId: -1, epoch: -1 });
      return;
    }
    const known: Known = {
      id,
      producerId: reply.producerId,
      epoch: 0,
      lastEpoch: -1,
      timeoutMs,
      state: 'Empty',
      places: [],
      groups: [],
      startedAt: -1,
      updatedAt: now,
      owedPlaces: new Set(),
      owedGroups: new Set(),
      underWay: new Set(),
      retrying: false,
    };
    this.known.set(id, known);
    this.write(known, now, fx);
    this.changed(known, 'initTransactions() of the first producer with this transactional.id', fx);
    const { producerId, epoch } = known;
    fx.reply(from, correlation, { api: 'InitProducerId', error: 'NONE', producerId, epoch });
  }

  // What belongs to a transaction (K-45, K-48).

  private add(
    request: Extract<TransactionRequest, { api: 'AddPartitionsToTxn' | 'AddOffsetsToTxn' }>,
    places: readonly string[],
    groups: readonly string[],
    now: Micros,
    fx: ShardEffects,
  ): ErrorCode {
    const known = this.known.get(request.transactionalId);
    if (!known || known.producerId !== request.producerId) return 'INVALID_PRODUCER_ID_MAPPING';
    if (known.epoch !== request.producerEpoch) return 'PRODUCER_FENCED';
    if (isPrepared(known.state)) return 'CONCURRENT_TRANSACTIONS';
    if (known.state !== 'Ongoing') {
      known.state = 'Ongoing';
      known.startedAt = now;
      known.places = [];
      known.groups = [];
      this.changed(known, `the first write of a transaction: ${[...places, ...groups].join(', ')}`, fx);
    }
    known.places = [...new Set([...known.places, ...places])].toSorted();
    known.groups = [...new Set([...known.groups, ...groups])].toSorted();
    // Also when nothing is new: the answer waits for what an earlier request wrote and is not replicated yet.
    this.write(known, now, fx);
    return 'NONE';
  }

  // The end (K-43, K-45).

  private endTxn(
    request: Extract<TransactionRequest, { api: 'EndTxn' }>,
    from: string,
    correlation: number,
    now: Micros,
    fx: ShardEffects,
  ): void {
    const known = this.known.get(request.transactionalId);
    const error = this.endRefusal(known, request);
    if (!known || (error !== 'NONE' && error !== null)) {
      const refusal = error ?? 'INVALID_PRODUCER_ID_MAPPING';
      fx.reply(from, correlation, { api: 'EndTxn', error: refusal, producerId: -1, epoch: -1 });
      return;
    }
    if (error === null) {
      const verb = request.outcome === 'committed' ? 'commitTransaction()' : 'abortTransaction()';
      this.prepare(known, request.outcome, `the producer called ${verb}`, now, fx);
    }
    // K-45: what the producer sends from here on has the new epoch.
    const { producerId, epoch } = known;
    fx.reply(from, correlation, { api: 'EndTxn', error: 'NONE', producerId, epoch });
  }

  /** @returns null when the transaction is to be ended, NONE when it has been already, else why not */
  private endRefusal(
    known: Known | undefined,
    { producerId, producerEpoch, outcome }: Extract<TransactionRequest, { api: 'EndTxn' }>,
  ): ErrorCode | null {
    if (!known || known.producerId !== producerId) return 'INVALID_PRODUCER_ID_MAPPING';
    // Its answer was lost, and it asks again with the epoch that it had.
    const repeated = producerEpoch === known.epoch - 1 && producerEpoch === known.lastEpoch;
    const same = known.state === (outcome === 'committed' ? 'CompleteCommit' : 'CompleteAbort');
    switch (known.state) {
      case 'Ongoing':
        return producerEpoch === known.epoch ? null : 'PRODUCER_FENCED';
      case 'PrepareCommit':
      case 'PrepareAbort':
        if (!repeated) return 'PRODUCER_FENCED';
        return known.state === (outcome === 'committed' ? 'PrepareCommit' : 'PrepareAbort')
          ? 'CONCURRENT_TRANSACTIONS'
          : 'INVALID_TXN_STATE';
      case 'CompleteCommit':
      case 'CompleteAbort':
        if (repeated) return same ? 'NONE' : 'INVALID_TXN_STATE';
        break;
      case 'Empty':
        break;
    }
    if (producerEpoch !== known.epoch) return 'PRODUCER_FENCED';
    // The producer sent something, and the coordinator has never heard of it: to give that up is allowed, and brings a
    // new epoch.
    return outcome === 'aborted' ? null : 'INVALID_TXN_STATE';
  }

  /** K-44, K-46: aborts the open transaction under an epoch that its producer does not have. */
  private fence(known: Known, why: string, now: Micros, fx: ShardEffects): void {
    // Two steps away from the one that the producer has: not even a repeated EndTxn of it is taken for its own.
    known.epoch++;
    this.prepare(known, 'aborted', why, now, fx);
  }

  /** The point of no return. */
  private prepare(
    known: Known,
    outcome: 'committed' | 'aborted',
    why: string,
    now: Micros,
    fx: ShardEffects,
  ): void {
    if (known.state !== 'Ongoing') {
      known.places = [];
      known.groups = [];
      known.startedAt = now;
    }
    known.state = outcome === 'committed' ? 'PrepareCommit' : 'PrepareAbort';
    known.lastEpoch = known.epoch;
    // K-45.
    known.epoch++;
    known.owedPlaces = new Set(known.places);
    known.owedGroups = new Set(known.groups);
    known.underWay = new Set();
    this.write(known, now, fx);
    this.changed(known, why, fx);
    this.carryThrough(known, now, fx);
  }

  private carryThrough(known: Known, now: Micros, fx: ShardEffects): void {
    this.sendMarkers(known, fx);
    this.complete(known, now, fx);
  }

  /** Sends what is owed to whoever leads it now; what nobody leads waits for a leader. */
  private sendMarkers(known: Known, fx: ShardEffects): void {
    const image = fx.image();
    const { id, producerId, epoch: producerEpoch, epoch } = known;
    const outcome = known.state === 'PrepareCommit' ? 'committed' : 'aborted';
    const byLeader = new Map<string, string[]>();
    for (const place of known.owedPlaces) {
      if (known.underWay.has(place)) continue;
      if (!image.topics.has(splitPlace(place).topic)) {
        // The topic was deleted: there is nobody left to tell.
        known.owedPlaces.delete(place);
        continue;
      }
      const leader = partitionOf(image, place)?.leader ?? null;
      if (leader === null) continue;
      const places = byLeader.get(leader);
      if (places) places.push(place);
      else byLeader.set(leader, [place]);
    }
    const coordinatorEpoch = partitionOf(image, this.context.place)?.leaderEpoch ?? -1;
    for (const [leader, places] of byLeader) {
      for (const place of places) known.underWay.add(place);
      fx.request(
        leader,
        { api: 'WriteTxnMarkers', producerId, producerEpoch, coordinatorEpoch, outcome, places },
        { kind: 'markers', id, epoch, places } satisfies Context,
      );
    }
    for (const group of known.owedGroups) {
      if (known.underWay.has(groupKey(group))) continue;
      const leader = partitionOf(image, groupPlace(group))?.leader ?? null;
      if (leader === null) continue;
      known.underWay.add(groupKey(group));
      fx.request(leader, { api: 'CompleteTxnOffsets', group, producerId, producerEpoch, outcome }, {
        kind: 'offsets',
        id,
        epoch,
        group,
      } satisfies Context);
    }
  }

  private retryMarkers(known: Known, fx: ShardEffects): void {
    const owed = known.owedPlaces.size + known.owedGroups.size;
    if (owed !== known.underWay.size) this.tryAgain(known, fx);
  }

  private tryAgain(known: Known, fx: ShardEffects): void {
    if (known.retrying) return;
    known.retrying = true;
    fx.timer(fromMs(MARKER_RETRY_MS), 'markers', known.id);
  }

  /** @returns whether every marker is written, and the transaction with that over */
  private complete(known: Known, now: Micros, fx: ShardEffects): boolean {
    if (!isPrepared(known.state) || known.owedPlaces.size > 0 || known.owedGroups.size > 0) return false;
    if (!fx.takesWrites()) {
      // The markers are out; only their end is still to be written down, when the log takes it (K-57).
      this.tryAgain(known, fx);
      return false;
    }
    known.state = known.state === 'PrepareCommit' ? 'CompleteCommit' : 'CompleteAbort';
    known.places = [];
    known.groups = [];
    this.write(known, now, fx);
    this.changed(known, 'its markers are in every partition that it touched', fx);
    return true;
  }

  // Time (K-46).

  private armTimeouts(fx: ShardEffects): void {
    const { config } = this.context;
    fx.timer(fromMs(config['transaction.abort.timed.out.transaction.cleanup.interval.ms']), 'timeouts', null);
  }

  private abortTimedOut(now: Micros, fx: ShardEffects): void {
    for (const known of this.known.values()) {
      if (known.state !== 'Ongoing' || now - known.startedAt <= fromMs(known.timeoutMs)) continue;
      this.fence(known, `it was open for more than ${known.timeoutMs} ms (transaction.timeout.ms)`, now, fx);
    }
  }

  private expire(now: Micros, fx: ShardEffects): void {
    const limit = now - fromMs(this.context.config['transactional.id.expiration.ms']);
    for (const known of this.known.values()) {
      if (known.state === 'Ongoing' || isPrepared(known.state) || known.updatedAt > limit) continue;
      this.known.delete(known.id);
      fx.write(known.id, null);
      const { node } = this.context;
      fx.trace({
        kind: 'transaction-state-changed',
        node,
        id: known.id,
        state: 'Dead',
        producer: known.producerId,
        epoch: known.epoch,
        why: 'nobody used it for transactional.id.expiration.ms',
      });
    }
  }

  private write(known: Known, now: Micros, fx: ShardEffects): void {
    known.updatedAt = now;
    const { producerId, epoch, lastEpoch, timeoutMs, state, places, groups, startedAt, updatedAt } = known;
    const record: TransactionRecord = {
      producerId,
      epoch,
      lastEpoch,
      timeoutMs,
      state,
      places,
      groups,
      startedAt,
      updatedAt,
    };
    fx.write(known.id, Object.freeze(record));
  }

  private changed({ id, state, producerId, epoch }: Known, why: string, fx: ShardEffects): void {
    const { node } = this.context;
    fx.trace({ kind: 'transaction-state-changed', node, id, state, producer: producerId, epoch, why });
  }
}

function isPrepared(state: TransactionState): boolean {
  return state === 'PrepareCommit' || state === 'PrepareAbort';
}

/** Names a group among the places under way, where no partition's name can stand. */
function groupKey(group: string): string {
  return `group ${group}`;
}
