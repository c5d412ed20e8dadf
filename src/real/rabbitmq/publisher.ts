/** A publisher of the scenario on a real broker: what the simulated one does (src/brokers/rabbitmq/clients/publisher.ts). */
import type { Channel, ChannelModel, ConfirmChannel, Options } from 'amqplib';
import { LoadSource } from '../../brokers/load.ts';
import type { Publisher } from '../../brokers/rabbitmq/client-config.ts';
import type { RabbitmqAction, Table } from '../../brokers/rabbitmq/config.ts';
import { Random } from '../../sim/random.ts';
import { fromMs, toMs } from '../../sim/time.ts';
import { inTime, Link } from './link.ts';
import { bodyOf, contentOf, type RealClient, type Run } from './run.ts';

type PublishAction = Extract<RabbitmqAction, { do: 'publish' }>;

interface Publish {
  readonly message: number;
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Buffer;
  readonly options: Options.Publish;
}

export class RealPublisher implements RealClient {
  private readonly run: Run;
  private readonly client: Publisher;
  private readonly source: LoadSource;
  private link: Link | null = null;
  private channel: Channel | null = null;
  private waiting: { readonly publish: Publish; readonly again: string | null }[] = [];
  private unconfirmed = new Map<number, Publish>();
  private returned = new Set<number>();
  private life = 0;

  /** @param startMs when its load begins */
  constructor(run: Run, client: Publisher, startMs: number) {
    this.run = run;
    this.client = client;
    this.source = new LoadSource(client, new Random(run.seed, `${client.id} load`), fromMs(startMs));
  }

  async start(): Promise<void> {
    const { run, client } = this;
    if (this.life++ > 0) this.source.resume(fromMs(run.agenda.now()));
    run.recorder.tell({ kind: 'client-started', client: client.id, role: 'producer' });
    this.waiting = [];
    this.unconfirmed.clear();
    this.returned.clear();
    this.link = new Link(run, client, { opened: (model) => this.opened(model), lost: () => this.abandon() });
    this.schedule(this.life);
    await this.link.open();
  }

  crash(): void {
    this.life++;
    this.channel = null;
    this.link?.crash();
    this.run.recorder.tell({ kind: 'client-stopped', client: this.client.id, reason: 'crashed' });
  }

  async close(): Promise<void> {
    const { channel, run, client } = this;
    this.life++;
    if (channel && client.confirms && !(await inTime(run, (channel as ConfirmChannel).waitForConfirms())))
      for (const publish of this.unconfirmed.values()) this.fail(publish, 'not confirmed within 10 s');
    this.channel = null;
    await this.link?.close();
    run.recorder.tell({ kind: 'client-stopped', client: client.id, reason: 'closed' });
  }

  /** The application publishes messages at once, beside its load. */
  publish(action: PublishAction): void {
    for (let i = 0; i < action.count; i++) this.offer(action.key, action);
  }

  private schedule(life: number): void {
    const at = this.source.next();
    if (at === null) return;
    this.run.agenda.at(toMs(at), () => {
      if (this.life !== life) return;
      this.offer(this.source.take(), null);
      this.schedule(life);
    });
  }

  private async opened(model: ChannelModel): Promise<void> {
    const { life, client } = this;
    const channel = await (client.confirms ? model.createConfirmChannel() : model.createChannel());
    if (this.life !== life) return;
    this.link!.watch(channel, () => {
      if (this.channel === channel) this.abandon();
    });
    channel.on('return', (message) => {
      const { replyCode, replyText } = message.fields as unknown as { replyCode: number; replyText: string };
      const { message: id } = contentOf(message);
      this.returned.add(id);
      this.run.recorder.tell({
        kind: 'returned',
        client: client.id,
        message: id,
        reason: `${replyCode} ${replyText}`,
      });
    });
    this.channel = channel;
    this.pump();
  }

  /** What was published and not answered when its channel went. */
  private abandon(): void {
    this.channel = null;
    const open = [...this.unconfirmed.values()];
    this.unconfirmed.clear();
    const left = open.filter(({ message }) => !this.returned.has(message));
    if (this.client.unconfirmed === 'give-up')
      for (const publish of left) this.fail(publish, 'its channel was lost');
    else
      this.waiting.unshift(
        ...left.map((publish) => ({ publish, again: 'its connection was lost before it was confirmed' })),
      );
  }

  private offer(key: string | null, action: PublishAction | null): void {
    const { client, run } = this;
    const message = run.nextMessage++;
    const exchange = action?.exchange ?? client.exchange;
    const own = key === null ? undefined : client.routingKeys[key];
    const routingKey = action?.routingKey ?? own ?? client.routingKey.replaceAll('{key}', key ?? '');
    const headers: Table = action?.headers ?? client.headers;
    const priority = action?.priority ?? client.priority;
    const expiration = action?.expiration ?? client.expiration;
    const publish: Publish = {
      message,
      exchange,
      routingKey,
      body: bodyOf({ message, key }, client.bytes),
      options: {
        headers: { ...headers },
        deliveryMode: client.deliveryMode,
        mandatory: client.mandatory,
        ...(priority === undefined ? {} : { priority }),
        ...(expiration === undefined ? {} : { expiration }),
      },
    };
    run.recorder.tell({
      kind: 'published',
      client: client.id,
      message,
      key,
      to: exchange,
      bytes: client.bytes,
      routingKey,
      ...(Object.keys(headers).length > 0 ? { headers } : {}),
      ...(client.deliveryMode === 1 ? { transient: true } : {}),
      ...(client.confirms ? {} : { untold: true }),
      ...(expiration === undefined ? {} : { expiration }),
      ...(priority === undefined ? {} : { priority }),
    });
    this.waiting.push({ publish, again: null });
    this.pump();
  }

  private pump(): void {
    const { confirms, maxUnconfirmed, id } = this.client;
    while (this.channel && (!confirms || maxUnconfirmed === 0 || this.unconfirmed.size < maxUnconfirmed)) {
      const next = this.waiting.shift();
      if (!next) return;
      const { publish, again } = next;
      const { message, exchange } = publish;
      if (again !== null) {
        this.run.copies.republished(message);
        this.run.recorder.tell({ kind: 'republished', client: id, message, to: exchange, why: again });
      }
      this.put(this.channel, publish);
    }
  }

  private put(channel: Channel, publish: Publish): void {
    const { names } = this.run;
    const { exchange, routingKey, body, options, message } = publish;
    const outer = [names.outer(exchange), names.outerKey(exchange, routingKey), body, options] as const;
    if (!this.client.confirms) {
      channel.publish(...outer);
      return;
    }
    this.unconfirmed.set(message, publish);
    (channel as ConfirmChannel).publish(...outer, (error: Error | null) => {
      // Of a channel that is gone `abandon` tells.
      if (this.channel !== channel || (error && error.message !== 'message nacked')) return;
      this.unconfirmed.delete(message);
      this.answered(publish, error === null);
      this.pump();
    });
  }

  private answered(publish: Publish, acked: boolean): void {
    const { message } = publish;
    const { id, unconfirmed, resendMs } = this.client;
    const cameBack = this.returned.delete(message);
    if (acked) {
      this.run.recorder.tell({ kind: 'publish-confirmed', client: id, message, place: null, position: null });
    } else if (cameBack) return;
    else if (unconfirmed === 'give-up') this.fail(publish, 'nacked');
    else {
      const { life } = this;
      this.run.agenda.in(resendMs, () => {
        if (this.life !== life) return;
        this.waiting.unshift({ publish, again: 'it was nacked' });
        this.pump();
      });
    }
  }

  private fail({ message }: Publish, error: string): void {
    this.run.recorder.tell({ kind: 'publish-failed', client: this.client.id, message, error });
  }
}
