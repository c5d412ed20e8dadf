/**
 * An application that reads, works and writes on a real broker: what the simulated one does (src/brokers/kafka/processor.ts).
 * Consumer and producer are one client of one thread in the process of Java. What it does when something fails is what Kafka
 * documents for this loop (KafkaProducer): it aborts the transaction and reads again what was in it; when it has been fenced,
 * or cannot even abort, it closes.
 */
import type { KafkaProcessor } from '../../brokers/kafka/client-config.ts';
import { workMs } from '../../brokers/load.ts';
import { RealConsumer } from './consumer.ts';
import { KafkaError, type Told } from './host.ts';
import { FENCED } from './producer.ts';
import { configOf, contentOf, type Given, type Run } from './run.ts';

const ABORTED = 'abortTransaction() returned';

export class RealProcessor extends RealConsumer {
  private readonly processor: KafkaProcessor;
  /** Of the records since the last commit: the first offset and the one to be read next, by partition. */
  private progress = new Map<string, { readonly first: number; next: number }>();
  private count = 0;
  private transaction: string | null = null;
  private transactions = 0;
  /** Why something of this transaction, or since the last commit, could not be written. */
  private failure: KafkaError | null = null;

  constructor(run: Run, client: KafkaProcessor) {
    const { id, group, topics, processingMs, processingTimes } = client;
    super(run, {
      id,
      role: 'consumer',
      startMs: client.startMs,
      group,
      topics,
      processingMs,
      processingTimes,
      troubles: [],
      commit: 'never',
      // How far it has read is for the transaction, or for the application, to say.
      config: { ...client.consumer, 'enable.auto.commit': false },
    });
    this.processor = client;
  }

  protected override async begin(life: number): Promise<void> {
    const { run, processor } = this;
    this.done();
    this.transaction = null;
    const { 'transactional.id': id, 'partitioner.class': _, ...rest } = processor.producer;
    const config = configOf(run, this.id, { ...rest, 'transactional.id': id && run.names.outer(id) });
    await this.host!.ask(this.id, 'open-producer', { config });
    await super.begin(life);
  }

  private get transactional(): boolean {
    return this.processor.producer['transactional.id'] !== undefined;
  }

  protected override async prepare(): Promise<void> {
    if (this.transactional) await this.host!.ask(this.id, 'init-transactions');
  }

  /** Works on what poll() returned, in transactions of so many records, the last of it in one that may have fewer. */
  protected override async workThrough(polled: readonly Given[], life: number): Promise<boolean> {
    const { records } = this.processor.transaction;
    for (const [i, one] of polled.entries()) {
      if (this.transactional && this.transaction === null) await this.beginTransaction();
      if (!(await this.work(workMs(this.processor, this.workTimes), life))) return false;
      const isSpoilt = this.transactional && this.failure !== null;
      if (!isSpoilt) this.write(one);
      const isLast = i === polled.length - 1;
      if (!isSpoilt && !isLast && (!this.transactional || this.count < records)) continue;
      const isKept = this.transactional ? await this.endTransaction(life) : await this.commitByItself();
      if (this.life !== life) return false;
      if (isKept) this.done();
      else {
        await this.rewind(polled.slice(isSpoilt ? i : i + 1));
        break;
      }
    }
    return true;
  }

  private async beginTransaction(): Promise<void> {
    await this.host!.ask(this.id, 'begin');
    this.transaction = `${this.id}-tx-${++this.transactions}`;
    const id = this.processor.producer['transactional.id']!;
    this.tell({ kind: 'transaction-began', client: this.id, transaction: this.transaction, id });
  }

  /** Its work on a record is done: the result is written, under the same key. */
  private write({ message: source, key, place, position }: Given): void {
    const { processor, run, life } = this;
    this.tell({
      kind: 'processed',
      client: this.id,
      group: processor.group,
      message: source,
      key,
      place,
      position,
    });
    const known = this.progress.get(place);
    if (known) known.next = position + 1;
    else this.progress.set(place, { first: position, next: position + 1 });
    this.count++;
    const message = run.nextMessage++;
    this.tell({
      kind: 'published',
      client: this.id,
      message,
      key,
      to: processor.to,
      bytes: processor.bytes,
      ...(this.transaction !== null && { transaction: this.transaction }),
      source,
    });
    const content = contentOf(message, undefined, processor.bytes);
    const sent = { message, topic: run.names.outer(processor.to), key, partition: null, ...content };
    this.host!.ask(this.id, 'send', sent).catch((error: unknown) => {
      if (this.life === life && error instanceof KafkaError) this.refused(message, error);
    });
  }

  private offsets(): Record<string, number> {
    const { names } = this.run;
    return Object.fromEntries([...this.progress].map(([place, { next }]) => [names.outer(place), next]));
  }

  /** @returns whether what was read counts as read */
  private async endTransaction(life: number): Promise<boolean> {
    try {
      return await this.commitOrAbort(life);
    } catch (error) {
      if (!(error instanceof KafkaError) || this.life !== life) throw error;
      await this.giveUp(error, life);
      return false;
    }
  }

  private async commitOrAbort(life: number): Promise<boolean> {
    const { openMs, abortEvery } = this.processor.transaction;
    await this.host!.ask(this.id, 'send-offsets', { offsets: this.offsets() });
    if (!(await this.work(openMs, life))) return false;
    const aborts = abortEvery > 0 && this.transactions % abortEvery === 0;
    // An application that gives up does so after it has sent.
    if (aborts) await this.host!.ask(this.id, 'flush');
    await this.host!.ask(this.id, aborts ? 'abort-transaction' : 'commit-transaction');
    if (this.life !== life) return false;
    if (aborts) this.ended('aborted', ABORTED);
    else this.ended('committed', 'commitTransaction() returned');
    if (!aborts) for (const [place, { next }] of this.progress) this.settled(place, next);
    return !aborts;
  }

  /** Something of it has failed. */
  private async giveUp(error: KafkaError, life: number): Promise<void> {
    try {
      if (error.code === FENCED) throw error;
      await this.host!.ask(this.id, 'abort-transaction');
      if (this.life === life) this.ended('aborted', ABORTED);
    } catch (last) {
      if (!(last instanceof KafkaError) || this.life !== life) throw last;
      const { code } = last;
      const detail = this.run.names.inner(last.message);
      this.ended('unknown', `${code}: ${detail}`);
      this.tell({ kind: 'error', client: this.id, code, detail });
      await this.host!.ask(this.id, 'close');
      if (this.life === life) this.stopped();
    }
  }

  private ended(outcome: 'committed' | 'aborted' | 'unknown', why: string): void {
    const transaction = this.transaction!;
    this.transaction = null;
    this.tell({ kind: 'transaction-ended', client: this.id, transaction, outcome, why });
  }

  /** Once everything is written it says how far it has read. @returns whether all of it was */
  private async commitByItself(): Promise<boolean> {
    await this.host!.ask(this.id, 'flush');
    if (this.failure) return false;
    await this.commit(this.offsets());
    return true;
  }

  /** What was read since the last commit is read again, and what poll() returned beyond it. */
  private async rewind(left: readonly Given[]): Promise<void> {
    const from = new Map([...this.progress].map(([place, { first }]) => [place, first]));
    for (const { place, position } of left) if (!from.has(place)) from.set(place, position);
    this.done();
    for (const [place, offset] of from) await this.goTo({ kind: 'offset', offset }, [place]);
  }

  private done(): void {
    this.progress = new Map();
    this.count = 0;
    this.failure = null;
  }

  protected override told(told: Told): void {
    const message = told['message'] as number;
    if (told.event === 'failed')
      this.refused(message, new KafkaError(told['code'] as string, told['detail'] as string));
    else if (told.event === 'confirmed')
      this.tell({
        kind: 'publish-confirmed',
        client: this.id,
        message,
        place: this.run.names.inner(told['place'] as string),
        position: told['position'] as number | null,
      });
    else super.told(told);
  }

  private refused(message: number, failure: KafkaError): void {
    this.failure = failure;
    const error = `${failure.code}: ${this.run.names.inner(failure.message)}`;
    this.tell({ kind: 'publish-failed', client: this.id, message, error });
  }
}
