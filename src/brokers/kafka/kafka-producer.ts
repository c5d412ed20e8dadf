/**
 * The library: KafkaProducer with its accumulator and its sender (K-21 to K-45). The application calls `send()` and goes
 * on; what it hears comes later, through {@link ProducerApp}.
 */
import { assert } from '../../sim/errors.ts';
import type { Port } from '../../sim/kernel.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { Emission, MessageId } from '../../sim/trace.ts';
import { utf8Length } from '../utf8.ts';
import { Accumulator, onWire, type Batch, type PartitionQueue } from './accumulator.ts';
import { BATCH_OVERHEAD, RECORD_OVERHEAD, type RecordBatch } from './batch.ts';
import { carrying } from './cargo.ts';
import { exceptionOf, isRetriable, saysMetadataIsOld } from './exceptions.ts';
import { KeyPartitioner } from './partitioner.ts';
import type { GroupMetadata, ProducerApp, ProducerOptions, ProducerRecord } from './producer-api.ts';
import type { ErrorCode, Reply, ReplyTo, Request } from './protocol.ts';
import { atLeastMicros, backoffMicros, Requests, type Sent } from './requests.ts';
import { TransactionManager, type Outcome, type Step } from './transaction-manager.ts';

/** `send()` calls that wait behind one that blocks; beyond it they are given up. */
const BACKLOG_MAX = 100_000;
/** `reconnect.backoff.ms` and `reconnect.backoff.max.ms`, at their defaults. */
const RECONNECT_BACKOFF_MS = 50;
const RECONNECT_BACKOFF_MAX_MS = 1000;

/** What a request under way is about; null for metadata. */
type Context = { readonly batches: readonly Batch[] } | { readonly step: Step } | null;

interface Broker {
  readonly node: string;
  /** The partitions it leads, as far as is known. */
  queues: PartitionQueue[];
  /** False after the connection broke, until the broker has spoken again: it is sent no records meanwhile. */
  connected: boolean;
  /** Connections in a row that came to nothing. */
  failures: number;
  /** No new attempt before this moment. */
  notBefore: Micros;
}

/** A `send()` that blocks (K-35). */
interface Call {
  readonly message: MessageId;
  readonly record: ProducerRecord;
  /** The partition that was decided already, or −1. */
  index: number;
}

/** What the application is told once the library has done its work. */
type Told =
  | Outcome
  | { readonly kind: 'send-failed'; readonly message: MessageId; readonly error: string }
  | { readonly kind: 'flushed' | 'closed' };

export class KafkaProducer {
  private readonly port: Port;
  private readonly options: ProducerOptions;
  private readonly app: ProducerApp;
  private readonly requests: Requests<Context>;
  private readonly accumulator: Accumulator;
  private readonly txn: TransactionManager;
  private readonly keyPartitioner = new KeyPartitioner();
  private readonly deliveryTimeoutMs: number;
  private readonly timers: {
    readonly sender: string;
    readonly requests: string;
    readonly expiry: string;
    readonly maxBlock: string;
    readonly metadata: string;
  };
  private brokers = new Map<string, Broker>();
  private calling: Call | null = null;
  /** Calls that wait behind it, from {@link waiting} on. */
  private backlog: ProducerRecord[] = [];
  private waiting = 0;
  private shed = false;
  private closing = false;
  private closed = false;
  private flushing = false;
  /** What the application asked for, to be begun when no `send()` blocks any more. */
  private ending: 'committed' | 'aborted' | null = null;
  /** The open transaction by its name in the trace. */
  private openTransaction: string | null = null;
  /** Counts them over the process's lives, so that no name comes twice. */
  private transactions = 0;
  private metadataWanted = false;
  private metadataUnderWay = false;
  private metadataNotBefore: Micros = 0;
  /** Refreshes in a row that left something unknown. */
  private metadataFailures = 0;
  /** Counts answers, so that there is one timer for the next refresh. */
  private metadataRound = 0;
  /** Requests of the transaction manager that are under way. */
  private steps = 0;
  /** Those that failed in a row. */
  private stepFailures = 0;
  private senderAt: Micros = Infinity;
  private expiryArmed = false;
  private toTell: Told[] = [];
  private telling = false;

  /** @param app what the library tells; an actor that lives as long as the library */
  constructor(port: Port, options: ProducerOptions, app: ProducerApp) {
    const { config, timers } = options;
    this.port = port;
    this.options = options;
    this.app = app;
    this.timers = {
      sender: `${timers}sender`,
      requests: `${timers}request-timeout`,
      expiry: `${timers}expiry`,
      maxBlock: `${timers}max-block`,
      metadata: `${timers}metadata`,
    };
    this.requests = new Requests(
      port,
      config['request.timeout.ms'],
      this.timers.requests,
      options.correlations,
    );
    this.accumulator = new Accumulator(config, port.random);
    this.txn = new TransactionManager(config);
    // K-31: a default is raised to what linger and request timeout need.
    this.deliveryTimeoutMs =
      config['delivery.timeout.ms'] ?? Math.max(120_000, config['linger.ms'] + config['request.timeout.ms']);
  }

  /** The process began: nothing of an earlier life is left. */
  start(): void {
    this.requests.reset();
    this.accumulator.reset();
    this.txn.reset();
    this.brokers = new Map();
    for (const node of this.options.brokers) this.broker(node);
    this.calling = null;
    this.forgetBacklog();
    this.shed = false;
    this.closing = false;
    this.closed = false;
    this.flushing = false;
    this.ending = null;
    this.openTransaction = null;
    this.metadataUnderWay = false;
    this.metadataNotBefore = 0;
    this.metadataFailures = 0;
    this.steps = 0;
    this.stepFailures = 0;
    this.senderAt = Infinity;
    this.expiryArmed = false;
    this.toTell = [];
    for (const topic of this.options.topics) this.accumulator.topic(topic);
    this.metadataWanted = true;
    if (this.txn.idempotent && !this.txn.transactional) this.txn.initialize();
    this.run();
  }

  /** @returns whether it was the answer to a request of its own */
  receive(correlation: number, reply: Reply): boolean {
    const sent = this.requests.answered(correlation);
    if (!sent) return false;
    const broker = this.broker(sent.to);
    broker.connected = true;
    broker.failures = 0;
    const { context } = sent;
    if (reply.api === 'Metadata') this.learn(reply);
    else if (context && 'batches' in context) {
      assert(reply.api === 'Produce', `${this.options.client} got an answer to ${reply.api}`);
      this.produced(context.batches, reply);
    } else if (context) {
      this.steps--;
      const failed = 'error' in reply && reply.error !== 'NONE';
      this.stepFailures = failed ? this.stepFailures + 1 : 0;
      this.note(this.txn.answered(context.step, reply, this.port.now() + this.backoff(this.stepFailures)));
    }
    this.run();
    return true;
  }

  /** @returns whether the timer was its own */
  wake(timer: string, data: unknown): boolean {
    switch (timer) {
      case this.timers.sender:
        if (data !== this.senderAt) return true;
        this.senderAt = Infinity;
        this.run();
        return true;
      case this.timers.requests:
        this.lost(this.requests.timedOut());
        return true;
      case this.timers.expiry:
        this.expiryArmed = false;
        this.expire();
        return true;
      case this.timers.maxBlock:
        this.blockedTooLong(data as MessageId);
        return true;
      case this.timers.metadata:
        if (data === this.metadataRound) {
          this.metadataWanted = true;
          this.run();
        }
        return true;
      default:
        return false;
    }
  }

  /** The connection to a broker broke. */
  disconnected(peer: string): void {
    if (!this.brokers.has(peer)) return;
    this.lost(this.requests.takeAll(peer), peer);
  }

  // What the application calls.

  /** Whether `send()` blocks: what is sent now waits its turn (K-35). */
  get blocked(): boolean {
    return this.calling !== null;
  }

  /** The open transaction's name in the trace. */
  get transaction(): string | null {
    return this.openTransaction;
  }

  /**
   * `send()`. While an earlier call blocks, this one waits behind it. The record is copied where it must be kept.
   * What became of it is in the trace (`publish-confirmed`, `publish-failed`); of failures the application is told too.
   */
  send(record: ProducerRecord): void {
    if (this.closing) return;
    if (!this.calling) {
      this.call(record);
      if (this.toTell.length > 0) this.tell();
      return;
    }
    if (this.backlog.length - this.waiting < BACKLOG_MAX) {
      this.backlog.push({ ...record });
      return;
    }
    if (this.shed) return;
    this.shed = true;
    this.port.emit({
      kind: 'limit-reached',
      what: `records that ${this.options.client} holds back while send() blocks`,
      limit: BACKLOG_MAX,
    });
  }

  /** K-43: `initTransactions()`; {@link ProducerApp.transactionsReady} is its return. */
  initTransactions(): void {
    assert(this.txn.transactional, `${this.options.client} has no transactional.id`);
    assert(this.txn.state === 'uninitialized', `${this.options.client} initializes its transactions twice`);
    this.txn.initialize();
    this.run();
  }

  /** `beginTransaction()`: nothing is said to anyone yet (K-43). @returns its name in the trace */
  beginTransaction(): string {
    assert(this.txn.state === 'ready', `${this.options.client} begins a transaction while ${this.txn.state}`);
    this.txn.begin();
    this.openTransaction = `${this.options.client}-tx-${++this.transactions}`;
    this.port.emit({
      kind: 'transaction-began',
      client: this.options.client,
      transaction: this.openTransaction,
      id: this.options.config['transactional.id']!,
    });
    return this.openTransaction;
  }

  /** K-48: `sendOffsetsToTransaction()`; {@link ProducerApp.offsetsSent} is its return. */
  sendOffsetsToTransaction(
    offsets: readonly (readonly [place: string, offset: number])[],
    group: GroupMetadata,
  ): void {
    if (this.txn.state !== 'in-transaction') return;
    this.txn.sendOffsets(offsets, group);
    this.run();
  }

  /** `commitTransaction()`; {@link ProducerApp.transactionEnded} is its return, or transactionFailed. */
  commitTransaction(): void {
    if (this.txn.state !== 'in-transaction') return;
    this.ending = 'committed';
    this.run();
  }

  /** `abortTransaction()`: what has not been sent yet is not sent any more. */
  abortTransaction(): void {
    if (this.txn.state !== 'in-transaction' && this.txn.state !== 'abortable-error') return;
    this.ending = 'aborted';
    this.run();
  }

  /** `flush()`: what was sent so far goes at once; {@link ProducerApp.flushed} is its return. */
  flush(): void {
    this.flushing = true;
    this.run();
  }

  /** `close()`: no new records; what is in the accumulator is sent, an open transaction is aborted. */
  close(): void {
    if (this.closing) return;
    this.closing = true;
    this.forgetBacklog();
    if (this.calling) {
      this.failed(this.calling.message, 'KafkaException: Producer closed while send in progress');
      this.calling = null;
    }
    this.run();
  }

  // send()

  /** @returns false when the call blocks */
  private call(record: ProducerRecord): boolean {
    const message = this.options.counter.next++;
    this.emitPublished(message, record);
    if (this.accept(message, record, null)) return true;
    this.calling = { message, record: { ...record }, index: -1 };
    // What was decided before it had to wait holds.
    this.calling.index = this.decided;
    this.port.timer(fromMs(this.options.config['max.block.ms']), this.timers.maxBlock, message);
    this.wakeSender(this.port.now());
    return false;
  }

  /** The partition that the last {@link accept} decided without appending there; −1 for none. */
  private decided = -1;

  private emitPublished(message: MessageId, { topic, key, value, bytes, source }: ProducerRecord): void {
    const event: Extract<Emission, { kind: 'published' }> = {
      seq: 0,
      at: 0,
      kind: 'published',
      client: this.options.client,
      message,
      key,
      to: topic,
      bytes,
    };
    if (value !== undefined) event.value = value;
    if (this.openTransaction !== null) event.transaction = this.openTransaction;
    if (source !== undefined) event.source = source;
    this.port.emit(event);
  }

  /** Chooses the partition and appends to its queue. @returns false when that must wait (K-35) */
  private accept(message: MessageId, record: ProducerRecord, call: Call | null): boolean {
    const { config } = this.options;
    const { accumulator, txn } = this;
    const { key, bytes, value } = record;
    this.decided = -1;
    if (txn.transactional && txn.state !== 'in-transaction') {
      this.failed(
        message,
        txn.failed
          ? 'KafkaException: Cannot execute transactional method because we are in an error state'
          : 'IllegalStateException: Cannot send outside of a transaction',
      );
      return true;
    }
    const topic = accumulator.topic(record.topic);
    if (!topic.known || (record.partition !== undefined && record.partition >= topic.queues.length)) {
      this.metadataWanted = true;
      return false;
    }
    const size = bytes + (key === null ? 0 : utf8Length(key)) + RECORD_OVERHEAD;
    const refusal = this.sizeRefusal(size);
    if (refusal !== null) {
      this.failed(message, refusal);
      this.note(txn.batchFailed(refusal, null));
      return true;
    }
    // K-21.
    let index: number;
    let why: string;
    if (record.partition !== undefined) {
      index = record.partition;
      why = 'partition';
    } else if (config['partitioner.class'] !== undefined) {
      index = call !== null && call.index >= 0 ? call.index : topic.roundRobin.partition(topic);
      why = 'round-robin';
    } else if (key !== null && !config['partitioner.ignore.keys']) {
      index = this.keyPartitioner.partition(key, topic.queues.length);
      why = 'key';
    } else {
      index = topic.sticky.partition(topic, size);
      why = 'sticky';
    }
    const queue = topic.queues[index]!;
    if (!accumulator.hasRoom(queue, size) && !accumulator.canAllocate(size)) {
      if (why === 'round-robin') this.decided = index;
      if (call !== null) call.index = this.decided;
      return false;
    }
    this.port.emit({
      seq: 0,
      at: 0,
      kind: 'routed',
      by: this.options.client,
      message,
      place: queue.place,
      why,
    });
    const now = this.port.now();
    const fresh = accumulator.append(queue, now, message, key, value, size, this.port.clock());
    const batch = fresh ?? queue.batches.at(-1)!;
    const full = accumulator.isFull(batch);
    if (why === 'sticky') topic.sticky.appended(fresh === null ? size : size + BATCH_OVERHEAD, !full);
    // A full batch, or the second one of a queue, is sendable now; else the linger clock decides (K-29).
    if (full || (fresh !== null && queue.batches.length > 1)) this.wakeSender(now);
    else if (fresh !== null) this.wakeSender(now + fromMs(config['linger.ms']));
    if (fresh !== null) this.armExpiry(fresh.createdAt);
    return true;
  }

  /** K-35: what `send()` refuses at once. */
  private sizeRefusal(size: number): string | null {
    const { config } = this.options;
    const serialized = size + BATCH_OVERHEAD;
    if (serialized > config['max.request.size']) {
      return `RecordTooLargeException: The message is ${serialized} bytes when serialized which is larger than ${config['max.request.size']}, which is the value of the max.request.size configuration.`;
    }
    if (serialized > config['buffer.memory']) {
      return `RecordTooLargeException: The message is ${serialized} bytes when serialized which is larger than the total memory buffer you have configured with the buffer.memory configuration.`;
    }
    if (!this.accumulator.fits(size)) {
      return `IllegalArgumentException: Attempt to allocate ${this.accumulator.allocation(size)} bytes, but there is a hard limit of ${config['buffer.memory']} on memory allocations.`;
    }
    return null;
  }

  /** What blocks may go on: metadata came, or memory is free again. */
  private unblock(): void {
    while (this.calling) {
      if (!this.accept(this.calling.message, this.calling.record, this.calling)) return;
      this.nextCall();
    }
  }

  private nextCall(): void {
    this.calling = null;
    let made = true;
    while (made && this.waiting < this.backlog.length) made = this.call(this.backlog[this.waiting++]!);
    if (this.waiting === this.backlog.length) this.forgetBacklog();
  }

  private forgetBacklog(): void {
    this.backlog = [];
    this.waiting = 0;
  }

  private blockedTooLong(message: MessageId): void {
    if (this.calling?.message !== message) return;
    const { record } = this.calling;
    const topic = this.accumulator.topic(record.topic);
    let what = 'no memory for a batch';
    if (!topic.known) what = 'topic not present in metadata';
    else if (record.partition !== undefined && record.partition >= topic.queues.length)
      what = `partition ${record.partition} of topic ${topic.name} with partition count ${topic.queues.length} not present in metadata`;
    const error = `TimeoutException: ${what} after ${this.options.config['max.block.ms']} ms`;
    this.failed(message, error);
    this.note(this.txn.batchFailed(error, null));
    this.nextCall();
    this.run();
  }

  private failed(message: MessageId, error: string): void {
    this.port.emit({ kind: 'publish-failed', client: this.options.client, message, error });
    this.toTell.push({ kind: 'send-failed', message, error });
  }

  // The sender.

  private wakeSender(at: Micros): void {
    if (at >= this.senderAt) return;
    this.senderAt = at;
    this.port.timer(Math.max(0, at - this.port.now()), this.timers.sender, at);
  }

  /** One round of the sender: everything that can be done now is done. */
  private run(): void {
    if (this.closed) return;
    const now = this.port.now();
    const { txn, accumulator } = this;
    if (txn.idempotent) this.runTransactions(now);
    // K-43: no records go while a request of a transaction is under way.
    if (this.steps === 0) for (const broker of this.brokers.values()) this.serve(broker, now);
    this.unblock();
    if (this.metadataWanted) this.askMetadata(now);
    if (this.flushing && accumulator.incomplete === 0 && !this.calling) {
      this.flushing = false;
      this.toTell.push({ kind: 'flushed' });
    }
    if (this.closing) this.closeWhenDone();
    this.tell();
  }

  private runTransactions(now: Micros): void {
    const { txn, accumulator } = this;
    this.note(txn.resolve());
    if (this.ending !== null && !this.calling) {
      if (txn.state === 'in-transaction' || (txn.state === 'abortable-error' && this.ending === 'aborted'))
        txn.end(this.ending);
      this.ending = null;
    }
    if (txn.state === 'fatal-error' || txn.state === 'abortable-error' || txn.state === 'aborting')
      this.giveUpUnsent();
    const incomplete = accumulator.incomplete > 0;
    this.note(txn.endsUnsaid(incomplete));
    const due = txn.dueAt();
    if (due > now && due < Infinity) this.wakeSender(due);
    const next = txn.next(now, incomplete);
    if (!next) return;
    const to = next.to ?? this.anyBroker(now)?.node;
    if (to === undefined) {
      txn.lost(next.step, this.nextConnection());
      this.wakeSender(this.nextConnection());
      return;
    }
    this.steps++;
    this.requests.send(to, next.request, { step: next.step }, { what: next.request.api });
  }

  /** K-43: records of a transaction that is given up are not sent; after a fatal error nothing is waited for. */
  private giveUpUnsent(): void {
    if (this.accumulator.incomplete === 0) return;
    const { txn } = this;
    const error =
      txn.error === ''
        ? 'TransactionAbortedException: Failing batch since transaction was aborted'
        : txn.error;
    for (const batch of this.accumulator.undecided())
      if (batch.baseSequence < 0 || txn.state === 'fatal-error') this.settleFailed(batch, error);
  }

  private serve(broker: Broker, now: Micros): void {
    if (!this.isReady(broker, now)) return;
    const most = this.options.config['max.in.flight.requests.per.connection'];
    const free = broker.connected && this.requests.countTo(broker.node) < most;
    this.accumulator.noteReady(broker.node, now, free);
    if (!broker.connected) {
      this.reconnect(broker, now);
      return;
    }
    while (this.requests.countTo(broker.node) < most && this.isReady(broker, now)) {
      const batches = this.accumulator.drain(broker.node, broker.queues, now, this);
      if (batches.length === 0) break;
      this.sendProduce(broker.node, batches);
    }
  }

  /** K-29. Also sets the sender's next wake-up when nothing is ready yet. */
  private isReady({ queues }: Broker, now: Micros): boolean {
    let next = Infinity;
    const hurried = this.hurried;
    for (const queue of queues) {
      const batch = queue.batches[0];
      if (!batch || !this.isOpen(queue, batch)) continue;
      const due = this.accumulator.dueAt(queue, batch, hurried);
      if (due <= now) return true;
      next = Math.min(next, due);
    }
    if (next < Infinity) this.wakeSender(next);
    return false;
  }

  /** K-29: memory is exhausted, a flush or the end of a transaction is under way, or the producer is closing. */
  private get hurried(): boolean {
    return this.closing || this.flushing || this.calling !== null || this.txn.completing;
  }

  /** Whether a queue's first batch may go as far as those before it are concerned (K-33, K-40). */
  private isOpen(queue: PartitionQueue, batch: Batch): boolean {
    // K-33: with one request in flight the partition is muted, also when its leader has changed meanwhile.
    if (queue.inFlight > 0 && this.options.config['max.in.flight.requests.per.connection'] === 1)
      return false;
    return this.txn.maySend(queue, batch);
  }

  /** For the accumulator: once the broker is worth a request, it carries the first batch of every partition. */
  maySend(queue: PartitionQueue, batch: Batch, now: Micros): boolean {
    if (batch.attempts > 0 && this.accumulator.dueAt(queue, batch, true) > now) return false;
    return this.isOpen(queue, batch);
  }

  private sendProduce(node: string, batches: readonly Batch[]): void {
    const { config } = this.options;
    const wire: RecordBatch[] = [];
    for (const batch of batches) {
      const { queue } = batch;
      this.txn.number(batch);
      batch.sentEpoch = queue.leaderEpoch;
      if (!queue.outstanding.includes(batch)) queue.outstanding.push(batch);
      wire.push(onWire(batch, this.txn.transactional));
    }
    const request: Request = {
      api: 'Produce',
      acks: config.acks,
      timeoutMs: config['request.timeout.ms'],
      transactionalId: this.txn.transactionalId,
      batches: wire,
    };
    const cargo = carrying('Produce', wire);
    if (config.acks !== '0') {
      for (const { queue } of batches) queue.inFlight++;
      this.requests.send(node, request, { batches }, cargo);
      return;
    }
    this.requests.sendUnanswered(node, request, cargo);
    for (const batch of batches) this.confirm(batch, -1);
  }

  private produced(batches: readonly Batch[], { results }: ReplyTo<'Produce'>): void {
    for (let i = 0; i < batches.length; i++) {
      const batch = batches[i]!;
      const { place } = batch.queue;
      const result =
        results[i]?.place === place ? results[i]! : results.find((other) => other.place === place);
      assert(result, `the answer says nothing of ${place}`);
      batch.queue.inFlight--;
      if (batch.done) continue;
      if (result.error === 'NONE') this.confirm(batch, result.baseOffset);
      else this.refused(batch, result.error);
    }
  }

  private confirm(batch: Batch, baseOffset: number): void {
    if (batch.baseSequence >= 0) this.txn.acknowledged(batch);
    this.accumulator.settle(batch);
    const { messages, queue } = batch;
    for (let i = 0; i < messages.length; i++) {
      this.port.emit({
        seq: 0,
        at: 0,
        kind: 'publish-confirmed',
        client: this.options.client,
        message: messages[i]!,
        place: queue.place,
        position: baseOffset < 0 ? null : baseOffset + i,
      });
    }
  }

  private refused(batch: Batch, error: ErrorCode): void {
    if (saysMetadataIsOld(error)) this.metadataWanted = true;
    if (error === 'MESSAGE_TOO_LARGE' && batch.messages.length > 1) {
      this.accumulator.split(batch);
      return;
    }
    const more = batch.attempts < this.options.config.retries;
    const retriable =
      error === 'OUT_OF_ORDER_SEQUENCE_NUMBER'
        ? more && this.txn.idempotent && this.txn.retriesOutOfOrder(batch)
        : isRetriable(error);
    if (retriable && more) this.retry(batch);
    else this.giveUp(batch, exceptionOf(error), error, !retriable);
  }

  /** K-32. */
  private retry(batch: Batch): void {
    const { config } = this.options;
    batch.attempts++;
    batch.retryAt =
      this.port.now() +
      backoffMicros(this.port, batch.attempts, config['retry.backoff.ms'], config['retry.backoff.max.ms']);
    this.accumulator.requeue(batch);
  }

  /** A batch fails for good. @param refused the broker has said that it is not stored */
  private giveUp(batch: Batch, error: string, code: ErrorCode | null, refused: boolean): void {
    this.settleFailed(batch, error);
    this.txn.abandoned(batch, refused);
    this.note(this.txn.batchFailed(error, code));
  }

  private settleFailed(batch: Batch, error: string): void {
    this.accumulator.settle(batch);
    for (const message of batch.messages) this.failed(message, error);
  }

  // Connections.

  private broker(node: string): Broker {
    let broker = this.brokers.get(node);
    if (!broker) {
      broker = { node, queues: [], connected: true, failures: 0, notBefore: 0 };
      this.brokers.set(node, broker);
    }
    return broker;
  }

  /** Everything under way is lost with its connection. @param peer a broker whose connection broke, busy or not */
  private lost(sent: readonly Sent<Context>[], peer: string | null = null): void {
    const nodes = new Set(sent.map(({ to }) => to));
    if (peer !== null) nodes.add(peer);
    for (const node of nodes) {
      const broker = this.broker(node);
      broker.connected = false;
      broker.failures++;
      broker.notBefore =
        this.port.now() +
        backoffMicros(this.port, broker.failures, RECONNECT_BACKOFF_MS, RECONNECT_BACKOFF_MAX_MS);
    }
    if (nodes.size > 0) this.metadataWanted = true;
    for (const { context } of sent) {
      if (context === null) this.metadataUnderWay = false;
      else if ('step' in context) {
        this.steps--;
        this.stepFailures++;
        this.txn.lost(context.step, this.port.now() + this.backoff(this.stepFailures));
      } else {
        const error = 'NetworkException: the connection was lost before the answer came';
        for (const batch of context.batches) {
          batch.queue.inFlight--;
          if (batch.done) continue;
          if (batch.attempts < this.options.config.retries) this.retry(batch);
          else this.giveUp(batch, error, null, false);
        }
      }
    }
    this.run();
  }

  /** Asks a broker for metadata so that it speaks again: this stands for connecting anew. */
  private reconnect(broker: Broker, now: Micros): void {
    if (this.requests.countTo(broker.node) > 0) return;
    if (broker.notBefore > now) {
      this.wakeSender(broker.notBefore);
      return;
    }
    this.requests.send(broker.node, this.metadataRequest(), null, { what: 'Metadata' });
  }

  /** The broker with least under way among those that are connected, else one to which a new attempt may be made. */
  private anyBroker(now: Micros): Broker | undefined {
    let best: Broker | undefined;
    for (const broker of this.brokers.values()) {
      if (!broker.connected) continue;
      if (!best || this.requests.countTo(broker.node) < this.requests.countTo(best.node)) best = broker;
    }
    if (best) return best;
    for (const broker of this.brokers.values()) {
      if (broker.notBefore > now) continue;
      if (!best || broker.failures < best.failures) best = broker;
    }
    return best;
  }

  private nextConnection(): Micros {
    let next = Infinity;
    for (const { notBefore } of this.brokers.values()) next = Math.min(next, notBefore);
    return next;
  }

  private backoff(failures: number): Micros {
    const { config } = this.options;
    const attempt = Math.max(1, failures);
    return backoffMicros(this.port, attempt, config['retry.backoff.ms'], config['retry.backoff.max.ms']);
  }

  // Metadata.

  private metadataRequest(): Request {
    return { api: 'Metadata', topics: [...this.accumulator.topics.keys()] };
  }

  private askMetadata(now: Micros): void {
    if (this.metadataUnderWay || this.accumulator.topics.size === 0) return;
    if (this.metadataNotBefore > now) {
      this.wakeSender(this.metadataNotBefore);
      return;
    }
    const broker = this.anyBroker(now);
    if (!broker) {
      this.wakeSender(this.nextConnection());
      return;
    }
    this.metadataWanted = false;
    this.metadataUnderWay = true;
    this.requests.send(broker.node, this.metadataRequest(), null, { what: 'Metadata' });
  }

  private learn({ brokers, topics }: ReplyTo<'Metadata'>): void {
    const now = this.port.now();
    this.metadataUnderWay = false;
    for (const node of brokers) this.broker(node);
    let complete = true;
    for (const topic of topics) if (!this.accumulator.topic(topic.topic).learn(topic)) complete = false;
    // A topic that was added after the question is asked for at once.
    const asked = new Set(topics.map(({ topic }) => topic));
    const all = [...this.accumulator.topics.keys()].every((name) => asked.has(name));
    for (const broker of this.brokers.values()) broker.queues = [];
    for (const { queues } of this.accumulator.topics.values())
      for (const queue of queues) if (queue.leader !== null) this.broker(queue.leader).queues.push(queue);
    this.metadataFailures = complete ? 0 : this.metadataFailures + 1;
    this.metadataNotBefore = all ? now + this.backoff(this.metadataFailures) : now;
    if (!complete || !all) this.metadataWanted = true;
    const age = atLeastMicros(this.options.config['metadata.max.age.ms']);
    this.port.timer(age, this.timers.metadata, ++this.metadataRound);
  }

  // Delivery timeout.

  /** K-31: one timer, for the oldest batch. */
  private armExpiry(createdAt: Micros): void {
    if (this.expiryArmed) return;
    this.expiryArmed = true;
    const due = createdAt + fromMs(this.deliveryTimeoutMs);
    this.port.timer(Math.max(0, due - this.port.now()), this.timers.expiry);
  }

  private expire(): void {
    const limit = this.port.now() - fromMs(this.deliveryTimeoutMs);
    let oldest = Infinity;
    for (const batch of this.accumulator.undecided()) {
      if (batch.createdAt > limit) {
        oldest = Math.min(oldest, batch.createdAt);
        continue;
      }
      const { length } = batch.messages;
      const error = `TimeoutException: Expiring ${length} record(s) for ${batch.queue.place}:${this.deliveryTimeoutMs} ms has passed since batch creation. The request has not been sent, or no server response has been received yet.`;
      this.giveUp(batch, error, null, false);
    }
    if (oldest < Infinity) this.armExpiry(oldest);
    this.run();
  }

  // What the application is told.

  /** Takes note of what a step of the transaction manager came to. */
  private note(outcome: Outcome | null): void {
    if (!outcome) return;
    if (outcome.kind === 'ended') {
      const why =
        outcome.outcome === 'committed' ? 'commitTransaction() returned' : 'abortTransaction() returned';
      this.transactionOver(outcome.outcome, this.closing ? 'the producer closed while it was open' : why);
    } else if (outcome.kind === 'fatal') {
      const why = outcome.detail === '' ? outcome.exception : `${outcome.exception}: ${outcome.detail}`;
      // Whoever has asked for a commit cannot tell whether it was made before.
      this.transactionOver(this.txn.commitAsked ? 'unknown' : 'aborted', why);
      this.ending = null;
    }
    this.toTell.push(outcome);
  }

  private transactionOver(outcome: 'committed' | 'aborted' | 'unknown', why: string): void {
    if (this.openTransaction === null) return;
    const { client } = this.options;
    this.port.emit({ kind: 'transaction-ended', client, transaction: this.openTransaction, outcome, why });
    this.openTransaction = null;
  }

  private closeWhenDone(): void {
    const { txn, accumulator } = this;
    if (txn.state !== 'fatal-error') {
      if (accumulator.incomplete > 0) return;
      if (txn.open) {
        if (!txn.completing && this.ending === null) {
          this.ending = 'aborted';
          this.wakeSender(this.port.now());
        }
        return;
      }
      if (this.requests.count > 0) return;
    }
    this.closed = true;
    this.toTell.push({ kind: 'closed' });
  }

  /** The application's own code runs when the library's has: as in another thread. */
  private tell(): void {
    if (this.telling) return;
    this.telling = true;
    while (this.toTell.length > 0) {
      const all = this.toTell;
      this.toTell = [];
      for (const told of all) this.tellOne(told);
    }
    this.telling = false;
  }

  private tellOne(told: Told): void {
    switch (told.kind) {
      case 'initialized':
        this.app.transactionsReady();
        break;
      case 'offsets-sent':
        this.app.offsetsSent();
        break;
      case 'ended':
        this.app.transactionEnded(told.outcome);
        break;
      case 'abortable':
        this.app.transactionFailed(told.error);
        break;
      case 'fatal':
        this.app.fatal(told.exception, told.detail);
        break;
      case 'send-failed':
        this.app.sendFailed(told.message, told.error);
        break;
      case 'flushed':
        this.app.flushed();
        break;
      case 'closed':
        this.app.closed();
        break;
    }
  }
}
