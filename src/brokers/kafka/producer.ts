/**
 * A producing application around a KafkaProducer: it sends records as its load brings them, in transactions where it has
 * a transactional.id (K-43). The library is in kafka-producer.ts; what the two say to one another in producer-api.ts.
 */
import type { Actor, Port } from '../../sim/kernel.ts';
import type { Random } from '../../sim/random.ts';
import { fromMs } from '../../sim/time.ts';
import { LoadSource } from '../load.ts';
import type { KafkaProducer as Settings } from './client-config.ts';
import { KafkaProducer } from './kafka-producer.ts';
import type { MessageCounter, ProducerApp, ProducerRecord } from './producer-api.ts';
import type { ReplyEnvelope } from './protocol.ts';

export { KafkaProducer } from './kafka-producer.ts';
export type {
  GroupMetadata,
  MessageCounter,
  ProducerApp,
  ProducerOptions,
  ProducerRecord,
} from './producer-api.ts';

/** Records that an application holds back while it cannot send; beyond it they are given up. */
const BACKLOG_MAX = 100_000;

interface Held {
  readonly key: string | null;
  readonly value: string | null | undefined;
}

export class ProducerClient implements Actor, ProducerApp {
  readonly id: string;
  private readonly port: Port;
  private readonly client: Settings;
  private readonly source: LoadSource;
  private readonly producer: KafkaProducer;
  /** The one record object that `send()` is given again and again. */
  private readonly record: ProducerRecord;
  private closing = false;
  private readonly transactional: boolean;
  private readonly perTransaction: {
    readonly records: number;
    readonly abortEvery: number;
    readonly openMs: number;
  };
  /** What the application's thread is at, where it uses transactions. */
  private phase: 'initializing' | 'idle' | 'open' | 'waiting' | 'flushing' | 'ending' = 'idle';
  private begun = 0;
  private inTransaction = 0;
  private loadOver = false;
  /** Records that wait for the thread, from {@link next} on. */
  private held: Held[] = [];
  private next = 0;
  private shed = false;

  /** @param arrivals a generator of its own for the load, so that faults do not change what is sent */
  constructor(
    port: Port,
    client: Settings,
    counter: MessageCounter,
    brokers: readonly string[],
    arrivals: Random,
  ) {
    this.id = port.id;
    this.port = port;
    this.client = client;
    this.source = new LoadSource(client, arrivals, 0);
    this.transactional = client.config['transactional.id'] !== undefined;
    this.perTransaction = client.transaction ?? { records: 5, abortEvery: 0, openMs: 0 };
    this.record = { topic: client.topic, key: null, bytes: client.bytes, partition: client.partition };
    this.producer = new KafkaProducer(
      port,
      {
        client: port.id,
        config: client.config,
        topics: [client.topic],
        brokers,
        counter,
        correlations: { next: 0 },
        timers: 'producer ',
      },
      this,
    );
  }

  start(): void {
    this.closing = false;
    this.held = [];
    this.next = 0;
    this.shed = false;
    this.inTransaction = 0;
    this.loadOver = false;
    this.port.emit({ kind: 'client-started', client: this.id, role: 'producer' });
    this.producer.start();
    if (this.transactional) {
      this.phase = 'initializing';
      this.producer.initTransactions();
    } else if (this.client.transaction) {
      this.fatal(
        'IllegalStateException',
        'Cannot use transactional methods without enabling transactions by setting the transactional.id configuration property',
      );
    }
    this.source.resume(this.port.now());
    this.scheduleArrival();
  }

  receive(message: unknown): void {
    const { correlation, reply } = message as ReplyEnvelope;
    this.producer.receive(correlation, reply);
  }

  wake(timer: string, data: unknown): void {
    if (timer === 'arrival') this.arrive();
    else if (timer === 'end-transaction') {
      if (this.phase === 'waiting' && data === this.begun) this.endTransaction();
    } else this.producer.wake(timer, data);
  }

  disconnected(peer: string): void {
    this.producer.disconnected(peer);
  }

  /**
   * The application sends records at once, beside its load.
   * @param value content of each, where it matters; null makes tombstones (K-19)
   */
  produce(key: string | null, count: number, value?: string | null): void {
    for (let i = 0; i < count; i++) this.offer(key, value);
  }

  /** `close()`: no new records; what is in the accumulator is sent, then the process ends. */
  close(): void {
    if (this.closing) return;
    this.closing = true;
    this.held = [];
    this.next = 0;
    this.producer.close();
  }

  // The load.

  private scheduleArrival(): void {
    const at = this.source.next();
    if (at === null) {
      this.loadOver = this.client.load.ratePerSecond > 0;
      this.work();
      return;
    }
    this.port.timer(Math.max(0, at - this.port.now()), 'arrival');
  }

  private arrive(): void {
    if (this.closing) return;
    this.offer(this.source.take(), undefined);
    this.scheduleArrival();
  }

  private offer(key: string | null, value: string | null | undefined): void {
    if (this.closing) return;
    if (!this.transactional) {
      this.send(key, value);
      return;
    }
    if (this.held.length - this.next < BACKLOG_MAX) {
      this.held.push({ key, value });
      this.work();
    } else if (!this.shed) {
      this.shed = true;
      const what = `records that ${this.id} holds back while its transactions end`;
      this.port.emit({ kind: 'limit-reached', what, limit: BACKLOG_MAX });
    }
  }

  private send(key: string | null, value: string | null | undefined): void {
    this.record.key = key;
    this.record.value = value;
    // K-19: a tombstone has a key and nothing else.
    this.record.bytes = value === null ? 0 : this.client.bytes;
    this.producer.send(this.record);
  }

  // Transactions: begin, send, wait, end, and again.

  /** Goes on with what waits, as far as the thread is free. */
  private work(): void {
    const { records } = this.perTransaction;
    while (this.next < this.held.length && (this.phase === 'idle' || this.phase === 'open')) {
      if (this.phase === 'idle') {
        this.phase = 'open';
        this.begun++;
        this.inTransaction = 0;
        this.producer.beginTransaction();
      }
      const { key, value } = this.held[this.next++]!;
      this.inTransaction++;
      this.send(key, value);
      if (this.inTransaction === records) this.filled();
    }
    if (this.next < this.held.length) return;
    this.held = [];
    this.next = 0;
    // The last one may have fewer records: nothing more will come.
    if (this.loadOver) this.filled();
  }

  private filled(): void {
    if (this.phase !== 'open') return;
    const { openMs } = this.perTransaction;
    this.phase = 'waiting';
    if (openMs > 0) this.port.timer(fromMs(openMs), 'end-transaction', this.begun);
    else this.endTransaction();
  }

  /** A commit sends what is still in the accumulator by itself; an application that gives up does so after it has sent. */
  private endTransaction(): void {
    const { abortEvery } = this.perTransaction;
    if (abortEvery > 0 && this.begun % abortEvery === 0) {
      this.phase = 'flushing';
      this.producer.flush();
    } else {
      this.phase = 'ending';
      this.producer.commitTransaction();
    }
  }

  // What the library tells (ProducerApp).

  transactionsReady(): void {
    this.phase = 'idle';
    this.work();
  }

  transactionEnded(): void {
    this.phase = 'idle';
    this.work();
  }

  flushed(): void {
    if (this.phase !== 'flushing') return;
    this.phase = 'ending';
    this.producer.abortTransaction();
  }

  transactionFailed(): void {
    this.phase = 'ending';
    this.producer.abortTransaction();
  }

  /** K-44: an application that is told this can only end. */
  fatal(exception: string, detail: string): void {
    this.port.emit({ kind: 'error', client: this.id, code: exception, detail });
    this.close();
  }

  closed(): void {
    this.port.emit({ kind: 'client-stopped', client: this.id, reason: 'closed' });
    this.port.exit();
  }

  sendFailed(): void {
    // The trace tells it; this application has no other plan for a record that failed.
  }

  offsetsSent(): void {
    // It reads nothing, so it sends no offsets.
  }
}
