/** A consumer of the scenario on a real broker: what the simulated one does (src/brokers/rabbitmq/clients/consumer.ts). */
import type { Channel, ChannelModel } from 'amqplib';
import { workMs } from '../../brokers/load.ts';
import type { Consumer } from '../../brokers/rabbitmq/client-config.ts';
import { Random } from '../../sim/random.ts';
import { failure, Link } from './link.ts';
import { given, tellProcessed, tellSettled, type Given, type RealClient, type Run } from './run.ts';
import { declareBinding, declareExchange, declareQueue } from './topology.ts';

/** A batch of acknowledgements that is not full goes out when nothing has been added to it for so long. */
const ACK_IDLE_MS = 100;

type Outcome = Consumer['troubles'][number]['outcome'];

interface Waiting {
  readonly delivery: Given;
  /** The channel that it came on: on another nothing can be said of it. */
  readonly channel: Channel;
}

export class RealConsumer implements RealClient {
  private readonly run: Run;
  private readonly client: Consumer;
  private readonly work: Random;
  private readonly struck: number[];
  private link: Link | null = null;
  private channel: Channel | null = null;
  private waiting: Waiting[] = [];
  private busy = false;
  private toAck: Given[] = [];
  private ackTimer = 0;
  private cancelled = false;
  private life = 0;

  constructor(run: Run, client: Consumer) {
    this.run = run;
    this.client = client;
    this.work = new Random(run.seed, `${client.id} work`);
    this.struck = client.troubles.map(() => 0);
  }

  async start(): Promise<void> {
    const { run, client } = this;
    this.life++;
    this.waiting = [];
    this.busy = false;
    this.toAck = [];
    this.cancelled = false;
    run.recorder.tell({ kind: 'client-started', client: client.id, role: 'consumer' });
    this.link = new Link(run, client, { opened: (model) => this.opened(model), lost: () => this.lost() });
    await this.link.open();
  }

  crash(): void {
    this.life++;
    this.channel = null;
    this.link?.crash();
    this.run.recorder.tell({ kind: 'client-stopped', client: this.client.id, reason: 'crashed' });
  }

  async close(): Promise<void> {
    this.life++;
    this.flushAcks();
    this.channel = null;
    await this.link?.close();
    this.run.recorder.tell({ kind: 'client-stopped', client: this.client.id, reason: 'closed' });
  }

  /** It takes no more deliveries, and keeps its channel with what it has. */
  async cancel(): Promise<void> {
    this.cancelled = true;
    for (const { tag, queue } of this.consumers()) {
      await this.channel?.cancel(tag);
      this.ended(queue, tag, 'the application cancelled it');
    }
  }

  private consumers(): { queue: string; tag: string }[] {
    const { id, queues } = this.client;
    return queues.map((queue, i) => ({ queue, tag: queues.length === 1 ? id : `${id}-${i + 1}` }));
  }

  private ended(place: string, tag: string, why: string): void {
    this.run.recorder.tell({ kind: 'consuming-ended', client: this.client.id, place, tag, why });
  }

  private async opened(model: ChannelModel): Promise<void> {
    const { run, client, life } = this;
    const channel = await model.createChannel();
    this.link!.watch(channel, () => {
      if (this.channel !== channel || this.life !== life) return;
      this.lost();
      // The server closed it, and left the connection: the application opens another.
      if (this.link!.isOpen)
        run.agenda.in(client.recoveryMs, () => void this.opened(model).catch(failure(run)));
    });
    if (this.life !== life) return;
    this.channel = channel;
    const { exchanges, queues, bindings } = client.declares;
    for (const exchange of exchanges) await declareExchange(run, channel, exchange);
    for (const queue of queues) await declareQueue(run, channel, queue, { exclusive: queue.exclusive });
    for (const binding of bindings) await declareBinding(run, channel, binding);
    if (client.prefetchCount !== undefined) await channel.prefetch(client.prefetchCount, client.global);
    if (!this.cancelled)
      for (const { queue, tag } of this.consumers()) await this.consume(channel, queue, tag);
  }

  private async consume(channel: Channel, queue: string, tag: string): Promise<void> {
    const { run, client } = this;
    const priority = client.arguments['x-priority'];
    let told = false;
    // The first deliveries may be read together with the reply.
    const tellBegan = (): void => {
      if (told) return;
      told = true;
      run.recorder.tell({
        kind: 'consuming-began',
        client: client.id,
        group: 'x-stream-offset' in client.arguments ? null : queue,
        place: queue,
        tag,
        prefetch: client.autoAck || !client.prefetchCount ? null : client.prefetchCount,
        ...(client.autoAck ? { noAck: true } : {}),
        ...(typeof priority === 'number' ? { priority } : {}),
      });
    };
    const { life } = this;
    await channel.consume(
      run.names.outer(queue),
      (message) => {
        if (this.channel !== channel || this.life !== life) return;
        tellBegan();
        if (!message) {
          this.ended(queue, tag, 'the server cancelled it');
          run.agenda.in(client.recoveryMs, () => void this.consume(channel, queue, tag).catch(failure(run)));
          return;
        }
        this.waiting.push({ delivery: given(run, client.id, queue, message), channel });
        this.next();
      },
      { consumerTag: tag, noAck: client.autoAck, exclusive: client.exclusive, arguments: client.arguments },
    );
    if (this.life === life) tellBegan();
  }

  private lost(): void {
    if (this.channel)
      for (const { queue, tag } of this.consumers()) this.ended(queue, tag, 'its channel is gone');
    this.channel = null;
    this.toAck = [];
  }

  // The work.

  private next(): void {
    if (this.busy) return;
    const waiting = this.waiting.shift();
    if (!waiting) return;
    this.busy = true;
    const { client, life, run } = this;
    const { delivery } = waiting;
    if (client.ack === 'before' && !client.autoAck && this.isFresh(waiting)) {
      const trouble = this.trouble(delivery);
      if (trouble !== null && trouble !== 'crash') {
        this.suffer(waiting, trouble);
        return;
      }
      this.ack(delivery);
      if (trouble === 'crash') {
        this.die();
        return;
      }
    }
    const work = (): void => {
      if (this.life === life) this.finish(waiting);
    };
    run.agenda.in(workMs(client, this.work), work);
  }

  private finish(waiting: Waiting): void {
    const { client } = this;
    const { delivery } = waiting;
    if (client.ack === 'after' || client.autoAck) {
      const trouble = this.trouble(delivery);
      if (trouble !== null) {
        this.suffer(waiting, trouble);
        return;
      }
    }
    tellProcessed(this.run, client.id, delivery);
    if (client.ack === 'after' && !client.autoAck && this.isFresh(waiting)) this.ack(delivery);
    this.busy = false;
    this.next();
  }

  private isFresh({ channel }: Waiting): boolean {
    return channel === this.channel;
  }

  /** @returns what strikes this message, or null */
  private trouble({ key }: Given): Outcome | null {
    const { troubles } = this.client;
    const index = troubles.findIndex(
      (trouble, i) =>
        (trouble.key === null || trouble.key === key) &&
        (trouble.times === undefined || this.struck[i]! < trouble.times),
    );
    if (index < 0) return null;
    this.struck[index]!++;
    return troubles[index]!.outcome;
  }

  private suffer(waiting: Waiting, outcome: Outcome): void {
    if (outcome === 'crash') {
      this.die();
      return;
    }
    if (outcome === 'stall') return;
    if (!this.client.autoAck && this.isFresh(waiting)) {
      const { delivery, channel } = waiting;
      const rejects = outcome === 'reject' || outcome === 'reject-requeue';
      const requeue = outcome === 'reject-requeue' || outcome === 'nack-requeue';
      tellSettled(this.run, this.client.id, delivery, rejects ? 'rejected' : 'nacked');
      if (rejects) channel.reject(delivery.message, requeue);
      else channel.nack(delivery.message, false, requeue);
    }
    this.busy = false;
    this.next();
  }

  /** What it has said before is on its way when the process dies: the socket is destroyed once it is written. */
  private die(): void {
    setImmediate(() => this.crash());
  }

  // Acknowledgements.

  private ack(delivery: Given): void {
    this.toAck.push(delivery);
    if (this.toAck.length >= this.client.ackEvery) {
      this.flushAcks();
      return;
    }
    const timer = ++this.ackTimer;
    const idle = (): void => {
      if (timer !== this.ackTimer) return;
      if (this.busy || this.waiting.length > 0) this.run.agenda.in(ACK_IDLE_MS, idle);
      else this.flushAcks();
    };
    this.run.agenda.in(ACK_IDLE_MS, idle);
  }

  private flushAcks(): void {
    const batch = this.toAck;
    const last = batch.at(-1);
    this.toAck = [];
    if (!last || !this.channel) return;
    this.channel.ack(last.message, batch.length > 1);
    for (const delivery of batch) tellSettled(this.run, this.client.id, delivery, 'acked');
  }
}
