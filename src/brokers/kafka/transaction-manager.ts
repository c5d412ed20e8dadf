/**
 * What an idempotent or transactional producer remembers: its identity, the sequence numbers of each partition
 * (K-37 to K-40), and the state of its transaction with the requests that it still owes (K-43 to K-45, K-48).
 */
import { defaultMessage } from './console/errors.ts';
import type { Micros } from '../../sim/time.ts';
import type { Batch, PartitionQueue } from './accumulator.ts';
import { SEQUENCE_RANGE } from './batch.ts';
import { isIdempotent, type KafkaProducerConfig } from './client-config.ts';
import { exceptionOf, isRetriable } from './exceptions.ts';
import type { GroupMetadata } from './producer-api.ts';
import type { ErrorCode, Reply, Request } from './protocol.ts';

type State =
  | 'uninitialized'
  | 'initializing'
  | 'ready'
  | 'in-transaction'
  | 'committing'
  | 'aborting'
  | 'abortable-error'
  | 'fatal-error';

type Offsets = readonly (readonly [place: string, offset: number])[];

/** A request that it owes, in the words of what it is for. */
export type Step =
  | { readonly kind: 'find'; readonly keyType: 'group' | 'transaction'; readonly key: string }
  | { readonly kind: 'init' }
  | { readonly kind: 'add-offsets'; readonly group: GroupMetadata; readonly offsets: Offsets }
  | { readonly kind: 'commit-offsets'; readonly group: GroupMetadata; readonly offsets: Offsets }
  | { readonly kind: 'end'; readonly outcome: 'committed' | 'aborted' };

/** Which goes first; those of one rank in the order asked for. */
const RANK: Record<Step['kind'], number> = {
  find: 0,
  init: 1,
  'add-offsets': 2,
  'commit-offsets': 2,
  end: 3,
};

/** What a step came to that the producer must tell its application. */
export type Outcome =
  | { readonly kind: 'initialized' }
  | { readonly kind: 'offsets-sent' }
  | { readonly kind: 'ended'; readonly outcome: 'committed' | 'aborted' }
  | { readonly kind: 'abortable'; readonly error: string }
  | { readonly kind: 'fatal'; readonly exception: string; readonly detail: string };

export class TransactionManager {
  readonly idempotent: boolean;
  readonly transactionalId: string | null;
  producerId = -1;
  epoch = -1;
  state: State = 'uninitialized';
  /** Exception and message, in the two error states. */
  error = '';
  /** Something was sent in the open transaction, so the coordinator may know of it. */
  started = false;
  /** The end of the open transaction was asked of the coordinator as a commit at least once. */
  commitAsked = false;
  private readonly timeoutMs: number;
  private steps: Step[] = [];
  private underWay: Step | null = null;
  private notBefore: Micros = 0;
  private coordinators: { group: string | null; transaction: string | null } = {
    group: null,
    transaction: null,
  };
  private bumpWanted = false;
  /** Partitions whose sequence numbers begin again with the next epoch (K-40). */
  private rewrite: PartitionQueue[] = [];
  private unresolved: PartitionQueue[] = [];

  constructor(config: KafkaProducerConfig) {
    this.idempotent = isIdempotent(config);
    this.transactionalId = config['transactional.id'] ?? null;
    this.timeoutMs = config['transaction.timeout.ms'];
  }

  reset(): void {
    this.producerId = -1;
    this.epoch = -1;
    this.state = 'uninitialized';
    this.error = '';
    this.started = false;
    this.commitAsked = false;
    this.steps = [];
    this.underWay = null;
    this.notBefore = 0;
    this.coordinators = { group: null, transaction: null };
    this.bumpWanted = false;
    this.rewrite = [];
    this.unresolved = [];
  }

  get transactional(): boolean {
    return this.transactionalId !== null;
  }

  get completing(): boolean {
    return this.state === 'committing' || this.state === 'aborting';
  }

  get open(): boolean {
    return this.state === 'in-transaction' || this.completing || this.state === 'abortable-error';
  }

  get failed(): boolean {
    return this.state === 'abortable-error' || this.state === 'fatal-error';
  }

  get busy(): boolean {
    return this.underWay !== null || this.steps.length > 0;
  }

  /** An idempotent producer asks for its id when it starts, a transactional one by `initTransactions()`. */
  initialize(): void {
    this.state = 'initializing';
    this.steps.push({ kind: 'init' });
  }

  begin(): void {
    this.state = 'in-transaction';
  }

  sendOffsets(offsets: Offsets, group: GroupMetadata): void {
    this.steps.push({ kind: 'add-offsets', group, offsets });
  }

  end(outcome: 'committed' | 'aborted'): void {
    this.state = outcome === 'committed' ? 'committing' : 'aborting';
    // What was to be done in the transaction is not done any more when it is given up.
    if (outcome === 'aborted') this.steps = this.steps.filter(({ kind }) => kind === 'find');
    this.steps.push({ kind: 'end', outcome });
  }

  // Requests to coordinators.

  /**
   * The next request and whom it is for; null for any broker. Undefined when there is none to send now.
   * @param incomplete whether the accumulator holds records: the end of a transaction waits for them
   */
  next(now: Micros, incomplete: boolean): { step: Step; to: string | null; request: Request } | undefined {
    if (this.underWay || this.steps.length === 0 || now < this.notBefore) return undefined;
    let at = 0;
    for (let i = 1; i < this.steps.length; i++)
      if (RANK[this.steps[i]!.kind] < RANK[this.steps[at]!.kind]) at = i;
    const step = this.steps[at]!;
    if (step.kind === 'end' && incomplete) return undefined;
    const type = coordinatorOf(step, this.transactional);
    if (type !== null && this.coordinators[type] === null) {
      const find: Step = { kind: 'find', keyType: type, key: this.keyOf(step, type) };
      this.steps.unshift(find);
      return this.go(find, 0, null);
    }
    return this.go(step, at, type === null ? null : this.coordinators[type]);
  }

  /** When {@link next} has a request again that it now holds back for its backoff; Infinity for none. */
  dueAt(): Micros {
    return this.underWay || this.steps.length === 0 ? Infinity : this.notBefore;
  }

  /** A transaction in which nothing was sent ends without a word to the coordinator (K-43). */
  endsUnsaid(incomplete: boolean): Outcome | null {
    const [step] = this.steps;
    if (this.underWay || step?.kind !== 'end' || this.started || incomplete) return null;
    this.steps.shift();
    this.complete();
    return { kind: 'ended', outcome: step.outcome };
  }

  /** The connection broke: the request goes again, once it is known where to. */
  lost(step: Step, retryAt: Micros): void {
    if (this.underWay !== step) return;
    const type = coordinatorOf(step, this.transactional);
    if (type !== null) this.coordinators[type] = null;
    this.again(step, retryAt);
  }

  /** @param retryAt when a request that must be repeated goes again */
  answered(step: Step, reply: Reply, retryAt: Micros): Outcome | null {
    if (this.underWay !== step) return null;
    this.underWay = null;
    if (this.state === 'fatal-error') return null;
    const { error } = reply as { error: ErrorCode };
    if (error === 'NONE') return this.succeeded(step, reply);
    // Given up by the application, or by an error, while it was under way.
    if (
      step.kind !== 'find' &&
      step.kind !== 'init' &&
      step.kind !== 'end' &&
      this.state !== 'in-transaction'
    )
      return null;
    const type = coordinatorOf(step, this.transactional);
    switch (error) {
      case 'NOT_COORDINATOR':
      case 'COORDINATOR_NOT_AVAILABLE':
        if (type !== null) this.coordinators[type] = null;
        this.again(step, retryAt);
        return null;
      case 'REQUEST_TIMED_OUT':
        if (step.kind === 'commit-offsets') this.coordinators.group = null;
        this.again(step, retryAt);
        return null;
      case 'INVALID_PRODUCER_EPOCH':
      case 'PRODUCER_FENCED':
        return this.fenced();
      case 'UNKNOWN_MEMBER_ID':
      case 'ILLEGAL_GENERATION':
      case 'STALE_MEMBER_EPOCH':
        return this.abortable(
          `CommitFailedException: Transaction offset Commit failed due to consumer group metadata mismatch: ${defaultMessage(error)}`,
        );
      case 'FENCED_INSTANCE_ID':
      case 'TRANSACTION_ABORTABLE':
        return this.abortable(exceptionOf(error));
      default:
        if (isRetriable(error)) {
          this.again(step, retryAt);
          return null;
        }
        return this.fatal(exceptionOf(error));
    }
  }

  private succeeded(step: Step, reply: Reply): Outcome | null {
    switch (step.kind) {
      case 'find':
        if (reply.api === 'FindCoordinator') this.coordinators[step.keyType] = reply.node;
        return null;
      case 'init':
        if (reply.api === 'InitProducerId') this.identify(reply.producerId, reply.epoch);
        this.state = 'ready';
        return this.transactional ? { kind: 'initialized' } : null;
      case 'add-offsets':
        this.started = true;
        if (this.state === 'in-transaction') this.steps.push({ ...step, kind: 'commit-offsets' });
        return null;
      case 'commit-offsets':
        return this.state === 'in-transaction' ? { kind: 'offsets-sent' } : null;
      case 'end':
        // K-45: the next transaction has another epoch, so nothing of this one can be taken for it.
        if (reply.api === 'EndTxn') this.identify(reply.producerId, reply.epoch);
        this.complete();
        return { kind: 'ended', outcome: step.outcome };
    }
  }

  private go(step: Step, at: number, to: string | null): { step: Step; to: string | null; request: Request } {
    this.steps.splice(at, 1);
    this.underWay = step;
    return { step, to, request: this.requestFor(step) };
  }

  private requestFor(step: Step): Request {
    const { producerId, epoch: producerEpoch } = this;
    const transactionalId = this.transactionalId ?? '';
    switch (step.kind) {
      case 'find':
        return { api: 'FindCoordinator', key: step.key, keyType: step.keyType };
      case 'init':
        return {
          api: 'InitProducerId',
          transactionalId: this.transactionalId,
          transactionTimeoutMs: this.timeoutMs,
          producerId: -1,
          producerEpoch: -1,
        };
      case 'add-offsets': {
        const { group } = step.group;
        // Should the answer be lost, the coordinator may know of the transaction all the same.
        this.started = true;
        return { api: 'AddOffsetsToTxn', transactionalId, producerId, producerEpoch, group };
      }
      case 'commit-offsets':
        return {
          api: 'TxnOffsetCommit',
          ...step.group,
          transactionalId,
          producerId,
          producerEpoch,
          offsets: step.offsets,
        };
      case 'end':
        if (step.outcome === 'committed') this.commitAsked = true;
        return { api: 'EndTxn', transactionalId, producerId, producerEpoch, outcome: step.outcome };
    }
  }

  private keyOf(step: Step, type: 'group' | 'transaction'): string {
    if (type === 'group' && step.kind === 'commit-offsets') return step.group.group;
    return this.transactionalId ?? '';
  }

  private again(step: Step, at: Micros): void {
    this.underWay = null;
    if (step.kind === 'commit-offsets' || step.kind === 'add-offsets') {
      // A transaction that is being given up sends no offsets any more.
      if (this.state !== 'in-transaction') return;
    }
    this.steps.unshift(step);
    this.notBefore = at;
  }

  private complete(): void {
    this.state = 'ready';
    this.error = '';
    this.started = false;
    this.commitAsked = false;
  }

  // Errors.

  /** What a batch failed with. @returns what the application must be told, or null */
  batchFailed(error: string, code: ErrorCode | null): Outcome | null {
    if (!this.transactional || this.state === 'fatal-error') return null;
    if (code === 'PRODUCER_FENCED') return this.fenced();
    if (code === 'INVALID_PRODUCER_ID_MAPPING') return this.fatal(exceptionOf(code));
    return this.state === 'in-transaction' || this.state === 'committing' ? this.abortable(error) : null;
  }

  private fenced(): Outcome {
    return this.fatal(
      'ProducerFencedException: There is a newer producer with the same transactionalId which fences the current one.',
    );
  }

  private abortable(error: string): Outcome {
    this.state = 'abortable-error';
    this.error = error;
    this.steps = this.steps.filter(({ kind }) => kind === 'find');
    return { kind: 'abortable', error };
  }

  private fatal(error: string): Outcome {
    this.state = 'fatal-error';
    this.error = error;
    this.steps = [];
    const at = error.indexOf(': ');
    const exception = at < 0 ? error : error.slice(0, at);
    return { kind: 'fatal', exception, detail: at < 0 ? '' : error.slice(at + 2) };
  }

  // Sequence numbers.

  private identify(producerId: number, epoch: number): void {
    this.producerId = producerId;
    this.epoch = epoch;
  }

  private isStale(queue: PartitionQueue): boolean {
    return queue.producerId !== this.producerId || queue.epoch !== this.epoch;
  }

  /** Whether the first batch of a queue may go as far as sequence numbers are concerned (K-40). */
  maySend(queue: PartitionQueue, batch: Batch): boolean {
    if (!this.idempotent) return true;
    if (this.producerId < 0 || this.state === 'fatal-error') return false;
    const { outstanding } = queue;
    // One that has a number goes only when nothing before it is open.
    if (batch.baseSequence >= 0) return outstanding[0] === batch;
    if (this.transactional && !(this.state === 'in-transaction' || this.state === 'committing')) return false;
    return queue.unresolved < 0 && !(outstanding.length > 0 && this.isStale(queue));
  }

  /** A batch is sent for the first time: it gets its number. */
  number(batch: Batch): void {
    const { queue } = batch;
    if (!this.idempotent || batch.baseSequence >= 0) return;
    if (this.isStale(queue)) this.restart(queue);
    batch.producerId = queue.producerId;
    batch.epoch = queue.epoch;
    batch.baseSequence = queue.nextSequence;
    queue.nextSequence = (queue.nextSequence + batch.messages.length) % SEQUENCE_RANGE;
    if (this.transactional) this.started = true;
  }

  /** A batch was stored. */
  acknowledged(batch: Batch): void {
    const { queue } = batch;
    if (batch.producerId !== queue.producerId || batch.epoch !== queue.epoch) return;
    queue.lastAcked = (batch.baseSequence + batch.messages.length - 1) % SEQUENCE_RANGE;
  }

  /** K-40: whether a batch that was refused as out of order is sent again. */
  retriesOutOfOrder(batch: Batch): boolean {
    const { queue } = batch;
    const isNext = batch.baseSequence === (queue.lastAcked + 1) % SEQUENCE_RANGE;
    if (queue.unresolved < 0 && (batch.sequenceReset || !isNext)) return true;
    if (this.transactional) return false;
    if (queue.unresolved < 0 || queue.unresolved === batch.baseSequence) this.wantBump(queue);
    return true;
  }

  /** A batch failed for good, and will not be sent again. @param refused the broker has not stored it */
  abandoned(batch: Batch, refused: boolean): void {
    const { queue } = batch;
    if (!this.idempotent || batch.baseSequence < 0) return;
    if (!refused) {
      // Nobody knows whether it is stored: what comes after waits until all that is under way is decided.
      if (queue.unresolved < 0) this.unresolved.push(queue);
      queue.unresolved = (batch.baseSequence + batch.messages.length) % SEQUENCE_RANGE;
    } else if (!this.transactional) this.wantBump(queue);
    else this.closeGap(batch);
  }

  /** Those sent after it take the numbers that it leaves. */
  private closeGap(failed: Batch): void {
    const { queue } = failed;
    const count = failed.messages.length;
    queue.nextSequence = (queue.nextSequence - count + SEQUENCE_RANGE) % SEQUENCE_RANGE;
    for (const batch of queue.outstanding) {
      if (batch.baseSequence <= failed.baseSequence) continue;
      batch.baseSequence -= count;
      batch.sequenceReset = true;
    }
  }

  private wantBump(queue: PartitionQueue): void {
    this.bumpWanted = true;
    if (!this.rewrite.includes(queue)) this.rewrite.push(queue);
  }

  /** K-40: settles what was given up, and begins a new epoch where that is needed. @returns see {@link Outcome} */
  resolve(): Outcome | null {
    let outcome: Outcome | null = null;
    if (this.unresolved.length > 0) {
      this.unresolved = this.unresolved.filter((queue) => {
        if (queue.outstanding.length > 0) return true;
        queue.unresolved = -1;
        if (queue.nextSequence === (queue.lastAcked + 1) % SEQUENCE_RANGE) return false;
        if (this.transactional) {
          if (this.state === 'in-transaction' || this.state === 'committing')
            outcome = this.abortable(
              "KafkaException: The client hasn't received acknowledgment for some previously sent messages and can no longer retry them. It is safe to abort the transaction and continue.",
            );
        } else this.wantBump(queue);
        return false;
      });
    }
    if (this.bumpWanted) {
      this.bumpWanted = false;
      this.epoch++;
      for (const queue of this.rewrite) {
        this.restart(queue);
        this.unresolved = this.unresolved.filter((other) => other !== queue);
      }
      this.rewrite = [];
    }
    return outcome;
  }

  /** The numbers of a partition begin again; those sent and not decided are numbered anew, in their order. */
  private restart(queue: PartitionQueue): void {
    let sequence = 0;
    for (const batch of queue.outstanding) {
      batch.producerId = this.producerId;
      batch.epoch = this.epoch;
      batch.baseSequence = sequence;
      batch.sequenceReset = true;
      sequence += batch.messages.length;
    }
    queue.producerId = this.producerId;
    queue.epoch = this.epoch;
    queue.nextSequence = sequence;
    queue.lastAcked = -1;
    queue.unresolved = -1;
  }
}

function coordinatorOf(step: Step, transactional: boolean): 'group' | 'transaction' | null {
  switch (step.kind) {
    case 'find':
      return null;
    case 'init':
      return transactional ? 'transaction' : null;
    case 'commit-offsets':
      return 'group';
    default:
      return 'transaction';
  }
}
