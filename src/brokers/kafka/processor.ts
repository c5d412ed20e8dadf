/**
 * An application that reads, works and writes: a KafkaConsumer and a KafkaProducer in one process. With a
 * transactional.id what it writes and how far it has read are one transaction (K-48); without, it commits its offsets by
 * itself once everything is written, so that a crash between the two makes it write again (K-112).
 */
import type { Actor, Port } from '../../sim/kernel.ts';
import type { Random } from '../../sim/random.ts';
import { fromMs } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';
import { workMs } from '../load.ts';
import { offsetOf } from './batch.ts';
import type { KafkaProcessor } from './client-config.ts';
import type { ConsumerApp, Run } from './consumer-api.ts';
import { ConsumerLibrary } from './kafka-consumer.ts';
import { KafkaProducer } from './kafka-producer.ts';
import type { MessageCounter, ProducerApp, ProducerRecord } from './producer-api.ts';
import type { ReplyEnvelope } from './protocol.ts';

/** What its one thread is at. */
type Phase =
  | 'initializing'
  | 'polling'
  | 'working'
  /** In `flush()`, before it commits its offsets, or gives a transaction up. */
  | 'flushing'
  | 'committing'
  | 'sending-offsets'
  /** Everything of the transaction is done; it lets openMs pass. */
  | 'waiting'
  | 'ending'
  | 'closing';

export class ProcessorClient implements Actor, ConsumerApp, ProducerApp {
  readonly id: string;
  private readonly port: Port;
  private readonly client: KafkaProcessor;
  private readonly workTimes: Random;
  private readonly consumer: ConsumerLibrary;
  private readonly producer: KafkaProducer;
  private readonly transactional: boolean;
  /** The one record object that `send()` is given again and again. */
  private readonly record: ProducerRecord;
  private phase: Phase = 'initializing';
  /** What `poll()` returned and is not worked on yet, from {@link at} on. */
  private runs: readonly Run[] = [];
  private at = 0;
  /** The next record of the run that is worked on. */
  private index = 0;
  /** Of the records since the last commit: the first offset and the one to be read next, per partition. */
  private progress = new Map<string, { readonly first: number; next: number }>();
  private count = 0;
  private transactions = 0;
  /** Something could not be written: what was read since the last commit is read again. */
  private spoilt = false;
  /** Voids the timers of work that was given up. */
  private round = 0;
  private producerClosed = false;
  private consumerOver = false;

  /** @param work a generator of its own for how long it works */
  constructor(
    port: Port,
    client: KafkaProcessor,
    counter: MessageCounter,
    brokers: readonly string[],
    work: Random,
  ) {
    this.id = port.id;
    this.port = port;
    this.client = client;
    this.workTimes = work;
    this.transactional = client.producer['transactional.id'] !== undefined;
    this.record = { topic: client.to, key: null, bytes: client.bytes };
    const correlations = { next: 0 };
    this.consumer = new ConsumerLibrary(
      port,
      {
        client: port.id,
        group: client.group,
        topics: client.topics,
        // K-48: how far it has read is for the transaction, or for the application, to say.
        config: { ...client.consumer, 'enable.auto.commit': false },
        brokers,
        correlations,
        timers: 'consumer ',
      },
      this,
    );
    this.producer = new KafkaProducer(
      port,
      {
        client: port.id,
        config: client.producer,
        topics: [client.to],
        brokers,
        counter,
        correlations,
        timers: 'producer ',
      },
      this,
    );
  }

  start(): void {
    this.forget();
    this.round++;
    this.producerClosed = false;
    this.consumerOver = false;
    this.port.emit({ kind: 'client-started', client: this.id, role: 'consumer' });
    this.consumer.start();
    this.producer.start();
    if (this.transactional) {
      this.phase = 'initializing';
      this.producer.initTransactions();
    } else this.poll();
  }

  receive(message: unknown): void {
    const { correlation, reply } = message as ReplyEnvelope;
    if (!this.producer.receive(correlation, reply)) this.consumer.receive(correlation, reply);
  }

  wake(timer: string, data: unknown): void {
    if (timer === 'worked') {
      if (data === this.round && this.phase === 'working') this.worked();
    } else if (timer === 'end-transaction') {
      if (data === this.round && this.phase === 'waiting') this.endTransaction();
    } else if (!this.producer.wake(timer, data)) this.consumer.wake(timer, data);
  }

  disconnected(peer: string): void {
    this.producer.disconnected(peer);
    this.consumer.disconnected(peer);
  }

  /** The producer first: it aborts what is open. Then the consumer leaves its group. */
  close(): void {
    if (this.phase === 'closing') return;
    this.phase = 'closing';
    this.round++;
    this.producer.close();
  }

  // The loop: poll, work and send, commit.

  private poll(): void {
    this.phase = 'polling';
    this.consumer.poll();
  }

  polled(runs: readonly Run[]): void {
    if (this.phase !== 'polling') return;
    this.runs = runs;
    this.at = 0;
    this.index = runs[0]?.from ?? 0;
    this.phase = 'working';
    this.work();
  }

  /** Begins with the next record, or commits when there is none, or when the transaction has enough. */
  private work(): void {
    const more = this.at < this.runs.length;
    if (!more && this.count === 0) {
      this.poll();
      return;
    }
    if (!more || (this.transactional && this.count >= this.client.transaction.records)) {
      this.finish();
      return;
    }
    if (this.transactional && this.producer.transaction === null) {
      this.transactions++;
      this.producer.beginTransaction();
    }
    const takes = workMs(this.client, this.workTimes) * this.port.slowness();
    this.port.timer(fromMs(takes), 'worked', this.round);
  }

  /** Its work on a record is done: the result is written, under the same key. */
  private worked(): void {
    const { place, batch, to } = this.runs[this.at]!;
    const i = this.index;
    const offset = offsetOf(batch, i);
    const message = batch.messages[i]!;
    const key = batch.keys[i]!;
    const { group } = this.client;
    this.port.emit({ kind: 'processed', client: this.id, group, message, key, place, position: offset });
    const known = this.progress.get(place);
    if (known) known.next = offset + 1;
    else this.progress.set(place, { first: offset, next: offset + 1 });
    this.count++;
    if (++this.index >= to) {
      this.at++;
      this.index = this.runs[this.at]?.from ?? 0;
    }
    this.record.key = key;
    this.record.source = message;
    this.producer.send(this.record);
    // The library may have told of a failure meanwhile.
    if (this.phase === 'working') this.work();
  }

  /** Everything is handed to the producer: now for the offsets. */
  private finish(): void {
    if (this.transactional) {
      this.phase = 'sending-offsets';
      this.producer.sendOffsetsToTransaction(this.offsets(), this.consumer.groupMetadata());
    } else {
      this.phase = 'flushing';
      this.producer.flush();
    }
  }

  private offsets(): [string, number][] {
    return [...this.progress].map(([place, { next }]) => [place, next]);
  }

  private endTransaction(): void {
    const { abortEvery } = this.client.transaction;
    if (abortEvery > 0 && this.transactions % abortEvery === 0) {
      this.phase = 'flushing';
      this.producer.flush();
    } else {
      this.phase = 'ending';
      this.producer.commitTransaction();
    }
  }

  /** What was read since the last commit is read again, and what poll() returned beyond it is dropped with it. */
  private rewind(): void {
    const from = new Map<string, number>();
    for (const [place, { first }] of this.progress) from.set(place, first);
    for (let i = this.at; i < this.runs.length; i++) {
      const { place, batch, from: begin } = this.runs[i]!;
      if (!from.has(place)) from.set(place, offsetOf(batch, i === this.at ? this.index : begin));
    }
    for (const [place, offset] of from) this.consumer.seek({ kind: 'offset', offset }, [place]);
    this.forget();
  }

  private forget(): void {
    this.runs = [];
    this.at = 0;
    this.index = 0;
    this.spoilt = false;
    this.done();
  }

  private done(): void {
    this.progress = new Map();
    this.count = 0;
  }

  /** Goes on with what poll() returned, or with the next poll(). */
  private goOn(): void {
    this.phase = 'working';
    this.work();
  }

  // What the producer tells (ProducerApp).

  transactionsReady(): void {
    if (this.phase === 'initializing') this.poll();
  }

  offsetsSent(): void {
    if (this.phase !== 'sending-offsets') return;
    this.phase = 'waiting';
    const { openMs } = this.client.transaction;
    if (openMs > 0) this.port.timer(fromMs(openMs), 'end-transaction', this.round);
    else this.endTransaction();
  }

  transactionEnded(outcome: 'committed' | 'aborted'): void {
    if (outcome === 'committed') {
      this.consumer.committedByTransaction(this.offsets());
      this.done();
    } else if (this.phase !== 'closing') this.rewind();
    if (this.phase !== 'closing') this.goOn();
  }

  transactionFailed(): void {
    if (this.phase === 'closing') return;
    this.phase = 'ending';
    this.round++;
    this.producer.abortTransaction();
  }

  flushed(): void {
    if (this.phase !== 'flushing') return;
    if (this.transactional) {
      this.phase = 'ending';
      this.producer.abortTransaction();
    } else if (this.spoilt) {
      this.rewind();
      this.goOn();
    } else {
      this.phase = 'committing';
      this.consumer.commitSync(this.offsets());
    }
  }

  sendFailed(_message: MessageId): void {
    this.spoilt = true;
  }

  /** K-44: an application that is told this can only end. */
  fatal(exception: string, detail: string): void {
    this.port.emit({ kind: 'error', client: this.id, code: exception, detail });
    this.close();
  }

  // What the consumer tells (ConsumerApp).

  committed(): void {
    if (this.phase === 'closing') {
      if (this.producerClosed) this.consumer.close();
      return;
    }
    // If it failed, its partitions are another's by now, who reads again what was not committed.
    this.done();
    this.goOn();
  }

  revoking(): boolean {
    // Between two polls nothing is open.
    return true;
  }

  revoked(): void {
    // As above: there is nothing of these partitions to give up.
  }

  assigned(): void {
    // It reads whatever it is given.
  }

  /** Its poll(), or its close(), threw: the rest of the application ends too. */
  failed(code: string, detail: string): void {
    this.port.emit({ kind: 'error', client: this.id, code, detail });
    this.consumerOver = true;
    if (this.producerClosed) this.end();
    else this.close();
  }

  /** Told by both libraries, the producer first. */
  closed(): void {
    if (this.producerClosed || this.consumerOver) {
      this.end();
      return;
    }
    this.producerClosed = true;
    this.consumer.close();
  }

  private end(): void {
    this.port.emit({ kind: 'client-stopped', client: this.id, reason: 'closed' });
    this.port.exit();
  }
}
