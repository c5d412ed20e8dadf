/**
 * A producing application and its KafkaProducer: the accumulator with a queue of batches per partition, and the sender
 * that drains it (K-21, K-24, K-28 to K-42). The application calls `send()` and goes on; what it hears comes later.
 */
import { assert } from '../../sim/errors.ts';
import type { Actor, Port } from '../../sim/kernel.ts';
import { exp, ln } from '../../sim/numbers.ts';
import type { Random } from '../../sim/random.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';
import { isIdempotent, type KafkaProducer } from './config.ts';
import { carrying } from './node.ts';
import { KeyPartitioner, StickyPartitioner, utf8Length } from './partitioner.ts';
import type { ErrorCode, RecordBatch, ReplyEnvelope, ReplyTo, Request } from './protocol.ts';
import { atLeastMicros, backoffMicros, Requests, type Sent } from './requests.ts';

/** Upper bound of what a record adds to a batch beside key and value, and a batch's own header, bytes (K-2). */
const RECORD_OVERHEAD = 21;
const BATCH_OVERHEAD = 61;
/** K-28. */
const MAX_REQUEST_SIZE = 1_048_576;
/** `send()` calls that an application holds back while one blocks; beyond it they are given up. */
const BACKLOG_MAX = 100_000;
const SEQUENCE_RANGE = 2 ** 31;

/** Numbers for messages, dense over the run, whoever publishes. */
export interface MessageCounter {
  next: MessageId;
}

interface Batch {
  readonly records: RecordBatch;
  /** Its partition's number. */
  readonly index: number;
  readonly createdAt: Micros;
  bytes: number;
  attempts: number;
  /** Not to be sent again before this moment. */
  retryAt: Micros;
  sequenced: boolean;
  /** Told to the application already: a late answer changes nothing. */
  done: boolean;
}

interface PartitionQueue {
  readonly place: string;
  readonly index: number;
  /** Waiting to be sent, retries first. */
  batches: Batch[];
  /** Sent at least once and not settled, in the order first sent. */
  outstanding: Batch[];
  /** Requests under way that carry a batch of this partition. */
  inFlight: number;
  epoch: number;
  nextSequence: number;
  /** A sequence number was given up: nothing is sent until a new epoch can begin (K-40). */
  unresolved: boolean;
}

/** A `send()` that blocks (K-35). */
interface Call {
  readonly message: MessageId;
  readonly key: string | null;
}

export class ProducerClient implements Actor {
  readonly id: string;
  private readonly port: Port;
  private readonly client: KafkaProducer;
  private readonly counter: MessageCounter;
  private readonly arrivals: Random;
  private readonly idempotent: boolean;
  private readonly deliveryTimeoutMs: number;
  private readonly requests: Requests<readonly Batch[]>;
  /** Running sums of the keys' weights, where they differ. */
  private readonly keyWeights: readonly number[];
  private offered = 0;
  private nextArrival = 0;
  private queues: PartitionQueue[] = [];
  private readonly keyPartitioner = new KeyPartitioner();
  private sticky: StickyPartitioner;
  private producerId = -1;
  private memory = 0;
  private calling: Call | null = null;
  /** Keys of the calls that wait behind it, from {@link waiting} on. */
  private backlog: (string | null)[] = [];
  private waiting = 0;
  private shed = false;
  private closing = false;
  /** With acks=0 no answer tells that the connection is gone: nothing is sent until the broker has spoken again. */
  private connected = true;
  /** Counts answers, so that there is one timer for the next refresh. */
  private metadataRound = 0;
  private failures = 0;
  private senderAt: Micros = Infinity;
  private expiryArmed = false;

  /** @param arrivals a generator of its own for the load, so that faults do not change what is sent */
  constructor(port: Port, client: KafkaProducer, counter: MessageCounter, broker: string, arrivals: Random) {
    this.id = port.id;
    this.port = port;
    this.client = client;
    this.counter = counter;
    this.arrivals = arrivals;
    const { config } = client;
    this.idempotent = isIdempotent(config);
    // K-31: a default is raised to what linger and request timeout need.
    this.deliveryTimeoutMs =
      config['delivery.timeout.ms'] ?? Math.max(120_000, config['linger.ms'] + config['request.timeout.ms']);
    this.requests = new Requests(port, broker, config['request.timeout.ms']);
    this.keyWeights = client.keys.kind === 'zipf' ? zipf(client.keys.keys.length, client.keys.skew) : [];
    this.sticky = new StickyPartitioner(port.random, config['batch.size']);
  }

  start(): void {
    this.queues = [];
    this.sticky = new StickyPartitioner(this.port.random, this.client.config['batch.size']);
    this.producerId = -1;
    this.memory = 0;
    this.calling = null;
    this.forgetBacklog();
    this.closing = false;
    this.connected = true;
    this.failures = 0;
    this.senderAt = Infinity;
    this.expiryArmed = false;
    this.requests.reset();
    this.port.emit({ kind: 'client-started', client: this.id, role: 'producer' });
    this.askMetadata();
    if (this.idempotent) this.request({ api: 'InitProducerId' });
    this.nextArrival = this.port.now();
    this.scheduleArrival();
  }

  receive(message: unknown): void {
    const { correlation, reply } = message as ReplyEnvelope;
    const sent = this.requests.answered(correlation);
    if (!sent) return;
    this.failures = 0;
    this.connected = true;
    if (reply.api === 'Produce') this.produced(sent.context, reply);
    else if (reply.api === 'Metadata') this.learn(reply.topics[0]?.places ?? []);
    else if (reply.api === 'InitProducerId') this.producerId = reply.producerId;
    else assert(false, `${this.id} got an answer to ${reply.api}`);
    this.runSender();
  }

  wake(timer: string, data: unknown): void {
    switch (timer) {
      case 'arrival':
        this.arrive();
        break;
      case 'sender':
        this.senderAt = Infinity;
        this.runSender();
        break;
      case 'request-timeout':
        this.fail(this.requests.timedOut());
        break;
      case 'expiry':
        this.expiryArmed = false;
        this.expire();
        break;
      case 'max-block':
        this.blockedTooLong(data as MessageId);
        break;
      case 'metadata':
        if (data === this.metadataRound) this.askMetadata();
        break;
      case 'again':
        this.request(data as Request);
        break;
    }
  }

  disconnected(): void {
    const lost = this.requests.takeAll();
    if (this.client.config.acks === '0' && this.connected) {
      this.connected = false;
      if (!lost.some(({ request }) => request.api === 'Metadata'))
        this.port.timer(this.backoff(), 'metadata', ++this.metadataRound);
    }
    this.fail(lost);
  }

  /** The application sends records at once, beside its load. */
  produce(key: string | null, count: number): void {
    for (let i = 0; i < count; i++) this.offer(key);
  }

  /** `close()`: no new records; what is in the accumulator is sent, then the process ends. */
  close(): void {
    this.closing = true;
    this.forgetBacklog();
    this.runSender();
  }

  private scheduleArrival(): void {
    const { load } = this.client;
    if (load.ratePerSecond === 0 || (load.count !== undefined && this.offered >= load.count)) return;
    const gap = 1_000_000 / load.ratePerSecond;
    this.nextArrival += load.arrivals === 'poisson' ? this.arrivals.exponential(gap) : gap;
    const at = Math.round(this.nextArrival);
    // So rare that it lies beyond any run.
    if (!Number.isSafeInteger(at)) return;
    if (load.untilMs !== undefined && at > fromMs(load.untilMs)) return;
    this.port.timer(Math.max(0, at - this.port.now()), 'arrival');
  }

  private arrive(): void {
    if (this.closing) return;
    this.offered++;
    this.offer(this.drawKey());
    this.scheduleArrival();
  }

  private drawKey(): string | null {
    const { keys } = this.client;
    switch (keys.kind) {
      case 'none':
        return null;
      case 'cycle':
        return keys.keys[(this.offered - 1) % keys.keys.length]!;
      case 'uniform':
        return this.arrivals.pick(keys.keys);
      case 'zipf': {
        const draw = this.arrivals.float() * this.keyWeights.at(-1)!;
        return keys.keys[this.keyWeights.findIndex((sum) => sum > draw)]!;
      }
    }
  }

  /** The application wants to send; it waits its turn while an earlier call blocks. */
  private offer(key: string | null): void {
    if (this.closing) return;
    if (!this.calling) {
      this.call(key);
      return;
    }
    if (this.backlog.length - this.waiting < BACKLOG_MAX) {
      this.backlog.push(key);
      return;
    }
    if (this.shed) return;
    this.shed = true;
    this.port.emit({
      kind: 'limit-reached',
      what: `records that ${this.id} holds back while send() blocks`,
      limit: BACKLOG_MAX,
    });
  }

  /** @returns false when the call blocks */
  private call(key: string | null): boolean {
    const message = this.counter.next++;
    const { topic, bytes, config } = this.client;
    this.port.emit({ kind: 'published', client: this.id, message, key, to: topic, bytes });
    if (this.accept(message, key)) return true;
    this.calling = { message, key };
    this.port.timer(fromMs(config['max.block.ms']), 'max-block', message);
    return false;
  }

  /** What blocks may go on: metadata came, or memory is free again. */
  private unblock(): void {
    while (this.calling) {
      const { message, key } = this.calling;
      if (!this.accept(message, key)) return;
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
    const { config } = this.client;
    this.port.emit({
      kind: 'publish-failed',
      client: this.id,
      message,
      error: `TimeoutException: ${
        this.queues.length === 0 ? 'topic not present in metadata' : 'no memory for a batch'
      } after ${config['max.block.ms']} ms`,
    });
    this.nextCall();
  }

  /** Chooses the partition and appends to its queue. @returns false when that must wait (K-35) */
  private accept(message: MessageId, key: string | null): boolean {
    const { queues } = this;
    const { config, bytes } = this.client;
    if (queues.length === 0) return false;
    const size = bytes + (key === null ? 0 : utf8Length(key)) + RECORD_OVERHEAD;
    if (this.memory + size + BATCH_OVERHEAD > config['buffer.memory']) return false;
    const keyed = key !== null && !config['partitioner.ignore.keys'];
    const index = keyed
      ? this.keyPartitioner.partition(key, queues.length)
      : this.sticky.partition(null, queues.length, () => this.queueSizes());
    const queue = queues[index]!;
    this.port.emit({
      kind: 'routed',
      by: this.id,
      message,
      place: queue.place,
      why: keyed ? 'key' : 'sticky',
    });
    const batchSize = config['batch.size'];
    let batch = queue.batches.at(-1);
    const fresh = !batch || batch.attempts > 0 || batch.sequenced || batch.bytes + size > batchSize;
    if (fresh) {
      batch = this.newBatch(queue);
      queue.batches.push(batch);
      this.memory += BATCH_OVERHEAD;
    }
    batch!.records.messages.push(message);
    batch!.records.keys.push(key);
    batch!.records.sizes.push(size);
    batch!.bytes += size;
    this.memory += size;
    if (!keyed) this.sticky.appended(size, batch!.bytes < batchSize);
    // A full batch, or the second one of a queue, is sendable now; else the linger clock decides (K-29).
    if (batch!.bytes >= batchSize || (fresh && queue.batches.length > 1)) this.wakeSender(this.port.now());
    else if (fresh) this.wakeSender(batch!.createdAt + fromMs(config['linger.ms']));
    if (fresh) this.armExpiry(batch!.createdAt);
    return true;
  }

  private newBatch({ place, index }: PartitionQueue): Batch {
    return {
      index,
      records: {
        place,
        producerId: -1,
        epoch: -1,
        baseSequence: -1,
        messages: [],
        keys: [],
        sizes: [],
      },
      createdAt: this.port.now(),
      bytes: BATCH_OVERHEAD,
      attempts: 0,
      retryAt: 0,
      sequenced: false,
      done: false,
    };
  }

  /** K-26: known once every partition of the topic has had a queue; here each gets one with the metadata. */
  private queueSizes(): number[] | null {
    return this.queues.map(({ batches }) => batches.length);
  }

  private wakeSender(at: Micros): void {
    if (at >= this.senderAt) return;
    this.senderAt = at;
    this.port.timer(Math.max(0, at - this.port.now()), 'sender');
  }

  private runSender(): void {
    const { config } = this.client;
    const ready = this.connected && (!this.idempotent || this.producerId >= 0);
    while (ready && this.requests.count < config['max.in.flight.requests.per.connection']) {
      if (!this.isAnyReady()) break;
      const batches = this.drain();
      if (batches.length === 0) break;
      this.sendProduce(batches);
    }
    this.unblock();
    if (this.closing && this.queues.every((queue) => isIdle(queue)) && this.requests.count === 0) this.end();
  }

  /** K-29. Also sets the sender's next wake-up when nothing is ready yet. */
  private isAnyReady(): boolean {
    const now = this.port.now();
    const lingerMicros = fromMs(this.client.config['linger.ms']);
    let next = Infinity;
    for (const queue of this.queues) {
      const batch = queue.batches[0];
      if (!batch || !this.maySend(queue, batch)) continue;
      const due =
        batch.attempts > 0
          ? batch.retryAt
          : queue.batches.length > 1 || batch.bytes >= this.client.config['batch.size'] || this.closing
            ? now
            : batch.createdAt + lingerMicros;
      if (due <= now || (batch.attempts === 0 && this.calling !== null)) return true;
      next = Math.min(next, due);
    }
    if (next < Infinity) this.wakeSender(next);
    return false;
  }

  /** Once the broker is worth a request, it carries the first batch of every partition that has one (K-29). */
  private drain(): Batch[] {
    const now = this.port.now();
    const drained: Batch[] = [];
    let bytes = 0;
    for (const queue of this.queues) {
      const batch = queue.batches[0];
      if (!batch || batch.retryAt > now || !this.maySend(queue, batch)) continue;
      if (drained.length > 0 && bytes + batch.bytes > MAX_REQUEST_SIZE) break;
      queue.batches.shift();
      bytes += batch.bytes;
      if (!queue.outstanding.includes(batch)) queue.outstanding.push(batch);
      if (this.idempotent && !batch.sequenced) {
        batch.sequenced = true;
        batch.records.producerId = this.producerId;
        batch.records.epoch = queue.epoch;
        batch.records.baseSequence = queue.nextSequence;
        queue.nextSequence = (queue.nextSequence + batch.records.messages.length) % SEQUENCE_RANGE;
      }
      queue.inFlight++;
      drained.push(batch);
    }
    return drained;
  }

  /** A batch that is sent again goes only when nothing before it is open, so that sequences arrive in order (K-40). */
  private maySend(queue: PartitionQueue, batch: Batch): boolean {
    if (queue.unresolved) return false;
    return !this.idempotent || !batch.sequenced || queue.outstanding[0] === batch;
  }

  private sendProduce(batches: readonly Batch[]): void {
    const { acks } = this.client.config;
    const records = batches.map((batch) => batch.records);
    // The wire carries a copy: a batch may get a new sequence while an old request is still on its way.
    const request: Request = { api: 'Produce', acks, batches: records.map((batch) => ({ ...batch })) };
    const cargo = carrying('Produce', records);
    if (acks !== '0') {
      this.requests.send(request, batches, cargo);
      return;
    }
    this.requests.sendUnanswered(request, cargo);
    for (const batch of batches) {
      const queue = this.queueOf(batch);
      queue.inFlight--;
      this.confirm(queue, batch, -1);
    }
  }

  private produced(batches: readonly Batch[], reply: ReplyTo<'Produce'>): void {
    batches.forEach((batch, i) => {
      const { error, baseOffset } = reply.results[i]!;
      const queue = this.queueOf(batch);
      queue.inFlight--;
      if (error === 'NONE') {
        if (!batch.done) this.confirm(queue, batch, baseOffset);
      } else this.refused(queue, batch, error);
      this.maybeBumpEpoch(queue);
    });
  }

  private confirm(queue: PartitionQueue, batch: Batch, baseOffset: number): void {
    this.settle(queue, batch);
    const { messages } = batch.records;
    for (let i = 0; i < messages.length; i++) {
      this.port.emit({
        kind: 'publish-confirmed',
        client: this.id,
        message: messages[i]!,
        place: queue.place,
        position: baseOffset < 0 ? null : baseOffset + i,
      });
    }
  }

  private refused(queue: PartitionQueue, batch: Batch, error: ErrorCode): void {
    if (batch.done) return;
    if (error === 'INVALID_PRODUCER_EPOCH') {
      this.giveUp(queue, batch, 'InvalidProducerEpochException');
      return;
    }
    // K-40: out of order only because an earlier batch is still open is a plain retry.
    if (error === 'OUT_OF_ORDER_SEQUENCE_NUMBER' && queue.outstanding[0] === batch) queue.unresolved = true;
    this.retry(queue, batch, error);
  }

  /** K-32: again, at the front of its queue in the order of sequences, unless its tries or its time are used up. */
  private retry(queue: PartitionQueue, batch: Batch, why: string): void {
    if (batch.done) return;
    const { config } = this.client;
    if (batch.attempts >= config.retries) {
      this.giveUp(queue, batch, why);
      return;
    }
    batch.attempts++;
    batch.retryAt =
      this.port.now() +
      backoffMicros(this.port, batch.attempts, config['retry.backoff.ms'], config['retry.backoff.max.ms']);
    let at = 0;
    if (this.idempotent) {
      const order = queue.outstanding.indexOf(batch);
      while (at < queue.batches.length) {
        const other = queue.outstanding.indexOf(queue.batches[at]!);
        if (other === -1 || other > order) break;
        at++;
      }
    }
    queue.batches.splice(at, 0, batch);
    this.wakeSender(batch.retryAt);
  }

  private giveUp(queue: PartitionQueue, batch: Batch, error: string): void {
    this.settle(queue, batch);
    queue.batches = queue.batches.filter((other) => other !== batch);
    if (batch.sequenced) queue.unresolved = true;
    for (const message of batch.records.messages)
      this.port.emit({ kind: 'publish-failed', client: this.id, message, error });
  }

  private settle(queue: PartitionQueue, batch: Batch): void {
    batch.done = true;
    this.memory -= batch.bytes;
    const at = queue.outstanding.indexOf(batch);
    if (at !== -1) queue.outstanding.splice(at, 1);
  }

  /** K-40: when nothing of the partition is under way any more, its sequences begin again in a new epoch. */
  private maybeBumpEpoch(queue: PartitionQueue): void {
    if (!queue.unresolved || queue.inFlight > 0) return;
    queue.unresolved = false;
    queue.epoch++;
    queue.nextSequence = 0;
    for (const batch of queue.outstanding) batch.sequenced = false;
    queue.outstanding = [];
  }

  /** Everything under way is lost with its connection. */
  private fail(lost: readonly Sent<readonly Batch[]>[]): void {
    if (lost.length === 0) return;
    this.failures++;
    for (const { request, context } of lost) {
      if (request.api === 'Produce') {
        for (const batch of context) {
          const queue = this.queueOf(batch);
          queue.inFlight--;
          this.retry(queue, batch, 'NetworkException: the connection was lost before the answer came');
          this.maybeBumpEpoch(queue);
        }
      } else {
        this.port.timer(this.backoff(), 'again', request);
      }
    }
    this.runSender();
  }

  private learn(places: readonly string[]): void {
    for (let index = this.queues.length; index < places.length; index++) {
      this.queues.push({
        place: places[index]!,
        index,
        batches: [],
        outstanding: [],
        inFlight: 0,
        epoch: 0,
        nextSequence: 0,
        unresolved: false,
      });
    }
    this.port.timer(
      atLeastMicros(this.client.config['metadata.max.age.ms']),
      'metadata',
      ++this.metadataRound,
    );
  }

  private askMetadata(): void {
    this.request({ api: 'Metadata', topics: [this.client.topic] });
  }

  private backoff(): Micros {
    const { config } = this.client;
    return backoffMicros(
      this.port,
      this.failures,
      config['retry.backoff.ms'],
      config['retry.backoff.max.ms'],
    );
  }

  private request(request: Request): void {
    this.requests.send(request, [], { what: request.api });
  }

  /** K-31: one timer, for the oldest batch. */
  private armExpiry(createdAt: Micros): void {
    if (this.expiryArmed) return;
    this.expiryArmed = true;
    const due = createdAt + fromMs(this.deliveryTimeoutMs);
    this.port.timer(Math.max(0, due - this.port.now()), 'expiry');
  }

  private expire(): void {
    const limit = this.port.now() - fromMs(this.deliveryTimeoutMs);
    let oldest = Infinity;
    for (const queue of this.queues) {
      for (const batch of [...queue.outstanding, ...queue.batches]) {
        if (batch.done) continue;
        if (batch.createdAt > limit) oldest = Math.min(oldest, batch.createdAt);
        else {
          const { length } = batch.records.messages;
          this.giveUp(
            queue,
            batch,
            `TimeoutException: ${length} record(s) not delivered within ${this.deliveryTimeoutMs} ms`,
          );
        }
      }
      this.maybeBumpEpoch(queue);
    }
    if (oldest < Infinity) this.armExpiry(oldest);
    this.runSender();
  }

  private queueOf(batch: Batch): PartitionQueue {
    return this.queues[batch.index]!;
  }

  private end(): void {
    this.port.emit({ kind: 'client-stopped', client: this.id, reason: 'closed' });
    this.port.exit();
  }
}

function isIdle(queue: PartitionQueue): boolean {
  return queue.batches.length === 0 && queue.outstanding.length === 0;
}

function zipf(count: number, skew: number): number[] {
  let sum = 0;
  return Array.from({ length: count }, (_, i) => (sum += exp(-skew * ln(i + 1))));
}
