/** A producer of the scenario on a real broker: what the simulated one does (src/brokers/kafka/producer.ts). */
import type { KafkaProducer } from '../../brokers/kafka/client-config.ts';
import { LoadSource } from '../../brokers/load.ts';
import { Random } from '../../sim/random.ts';
import { fromMs, toMs } from '../../sim/time.ts';
import { KafkaError, type Told } from './host.ts';
import { configOf, contentOf, RealClient, type Run } from './run.ts';

interface Held {
  readonly key: string | null;
  readonly value: string | null | undefined;
}

const CLASSES = { RoundRobinPartitioner: 'org.apache.kafka.clients.producer.RoundRobinPartitioner' };

/** Another has come with its `transactional.id`: all that it can do is to close. */
export const FENCED = 'ProducerFencedException';

export class RealProducer extends RealClient {
  protected readonly role = 'producer';
  private readonly client: KafkaProducer;
  private readonly source: LoadSource;
  /** Records that wait for the thread of an application that uses transactions. */
  private held: Held[] = [];
  private isBusy = false;
  private isReady = false;
  private loadOver = false;
  private transaction: string | null = null;
  private transactions = 0;
  private inTransaction = 0;

  constructor(run: Run, client: KafkaProducer) {
    super(run, client.id);
    this.client = client;
    this.source = new LoadSource(client, new Random(run.seed, `${client.id} load`), 0);
  }

  /** The application sends records at once, beside its load. */
  produce(key: string | null, count: number, value?: string | null): void {
    for (let i = 0; i < count; i++) this.offer(key, value);
  }

  async close(): Promise<void> {
    const { life } = this;
    this.held = [];
    await this.host?.ask(this.id, 'close');
    if (this.life !== life) return;
    this.ended('aborted', 'the producer closed while it was open');
    this.stopped();
  }

  protected async begin(life: number): Promise<void> {
    const { client, run } = this;
    this.held = [];
    this.isBusy = false;
    this.isReady = false;
    this.loadOver = false;
    this.transaction = null;
    const { 'partitioner.class': partitioner, 'transactional.id': transactional, ...rest } = client.config;
    const config = configOf(run, client.id, {
      ...rest,
      'partitioner.class': partitioner && CLASSES[partitioner],
      'transactional.id': transactional && run.names.outer(transactional),
    });
    await this.host!.ask(this.id, 'open-producer', { config });
    if (transactional !== undefined)
      this.thread(life, async () => {
        await this.host!.ask(this.id, 'init-transactions');
        this.isReady = true;
        await this.useTransactions(life);
      });
    this.source.resume(fromMs(run.agenda.now()));
    this.schedule(life);
  }

  private get transactional(): boolean {
    return this.client.config['transactional.id'] !== undefined;
  }

  private schedule(life: number): void {
    const at = this.source.next();
    if (at === null) {
      this.loadOver = this.client.load.ratePerSecond > 0;
      if (this.transactional) this.thread(life, () => this.useTransactions(life));
      return;
    }
    this.run.agenda.at(toMs(at), () =>
      this.thread(life, async () => {
        if (!(await this.work(0, life))) return;
        this.offer(this.source.take(), undefined);
        this.schedule(life);
      }),
    );
  }

  private offer(key: string | null, value: string | null | undefined): void {
    if (this.host === null) return;
    if (!this.transactional) {
      this.send(key, value);
      return;
    }
    this.held.push({ key, value });
    const { life } = this;
    this.thread(life, () => this.useTransactions(life));
  }

  private send(key: string | null, value: string | null | undefined): void {
    const { client, run, life } = this;
    const message = run.nextMessage++;
    // A tombstone has a key and nothing else.
    const bytes = value === null ? 0 : client.bytes;
    this.tell({
      kind: 'published',
      client: client.id,
      message,
      key,
      to: client.topic,
      bytes,
      ...(value === undefined ? {} : { value }),
      ...(this.transaction === null ? {} : { transaction: this.transaction }),
    });
    this.host!.ask(this.id, 'send', {
      message,
      topic: run.names.outer(client.topic),
      key,
      partition: client.partition ?? null,
      ...contentOf(message, value, bytes),
    }).catch((error: unknown) => {
      if (this.life === life && error instanceof KafkaError) this.refused(message, error.code, error.message);
    });
  }

  protected told({ event, ...told }: Told): void {
    const message = told['message'] as number;
    if (event === 'failed') {
      this.refused(message, told['code'] as string, told['detail'] as string);
      return;
    }
    this.tell({
      kind: 'publish-confirmed',
      client: this.id,
      message,
      place: this.run.names.inner(told['place'] as string),
      position: told['position'] as number | null,
    });
  }

  private refused(message: number, code: string, detail: string): void {
    const error = `${code}: ${this.run.names.inner(detail)}`;
    this.tell({ kind: 'publish-failed', client: this.id, message, error });
    const { life } = this;
    if (this.transaction !== null && !this.isBusy)
      this.thread(life, async () => {
        this.isBusy = true;
        await this.giveUp(new KafkaError(code, detail), life);
        this.isBusy = false;
        await this.useTransactions(life);
      });
  }

  // Transactions: begin, send, wait, end, and again.

  private async useTransactions(life: number): Promise<void> {
    if (this.isBusy || !this.isReady) return;
    this.isBusy = true;
    const { records } = this.client.transaction ?? { records: 5 };
    try {
      while (this.held.length > 0) {
        if (this.transaction === null) await this.beginTransaction();
        if (this.life !== life) return;
        const { key, value } = this.held.shift()!;
        this.inTransaction++;
        this.send(key, value);
        if (this.inTransaction === records) await this.endTransaction(life);
        if (this.life !== life) return;
      }
      // The last one may have fewer records: nothing more will come.
      if (this.loadOver && this.transaction !== null) await this.endTransaction(life);
    } catch (error) {
      if (!(error instanceof KafkaError) || this.life !== life) throw error;
      await this.giveUp(error, life);
    } finally {
      if (this.life === life) this.isBusy = false;
    }
  }

  private async beginTransaction(): Promise<void> {
    await this.host!.ask(this.id, 'begin');
    this.transaction = `${this.id}-tx-${++this.transactions}`;
    this.inTransaction = 0;
    const { transaction } = this;
    this.tell({
      kind: 'transaction-began',
      client: this.id,
      transaction,
      id: this.client.config['transactional.id']!,
    });
  }

  private async endTransaction(life: number): Promise<void> {
    const { openMs, abortEvery } = this.client.transaction ?? { openMs: 0, abortEvery: 0 };
    if (!(await this.work(openMs, life))) return;
    const aborts = abortEvery > 0 && this.transactions % abortEvery === 0;
    // An application that gives up does so after it has sent.
    if (aborts) await this.host!.ask(this.id, 'flush');
    await this.host!.ask(this.id, aborts ? 'abort-transaction' : 'commit-transaction');
    if (this.life !== life) return;
    this.ended(
      aborts ? 'aborted' : 'committed',
      aborts ? 'abortTransaction() returned' : 'commitTransaction() returned',
    );
  }

  private ended(outcome: 'committed' | 'aborted' | 'unknown', why: string): void {
    if (this.transaction === null) return;
    const { transaction } = this;
    this.transaction = null;
    this.tell({ kind: 'transaction-ended', client: this.id, transaction, outcome, why });
  }

  /** An application whose transaction fails aborts it; one that is fenced cannot do even that. */
  private async giveUp(error: KafkaError, life: number): Promise<void> {
    if (error.code === FENCED) {
      await this.fatal(error, life);
      return;
    }
    try {
      await this.host!.ask(this.id, 'abort-transaction');
      this.ended('aborted', 'abortTransaction() returned');
    } catch (last) {
      if (!(last instanceof KafkaError)) throw last;
      await this.fatal(last, life);
    }
  }

  /** An application that is told this can only end. */
  private async fatal({ code, message }: KafkaError, life: number): Promise<void> {
    const detail = this.run.names.inner(message);
    this.ended('unknown', `${code}: ${detail}`);
    this.tell({ kind: 'error', client: this.id, code, detail });
    this.held = [];
    await this.host?.ask(this.id, 'close');
    if (this.life === life) this.stopped();
  }
}
