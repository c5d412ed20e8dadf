/** An application that makes its calls in order on a real broker (src/brokers/rabbitmq/clients/application.ts). */
import type { Channel, ChannelModel, ConfirmChannel, Message } from 'amqplib';
import type { Application, Call } from '../../brokers/rabbitmq/client-config.ts';
import { isGone, Link, serverError } from './link.ts';
import { bodyOf, contentOf, given, tellSettled, type Given, type RealClient, type Run } from './run.ts';
import { declareBinding, declareExchange, declareQueue, removeBinding } from './topology.ts';

type CallOf<C extends Call['call']> = Extract<Call, { call: C }>;

/** Methods that amqplib encodes and has no call for, by their numbers in the protocol: class 90, and its reply. */
const TX = {
  'tx.select': [(90 << 16) | 10, (90 << 16) | 11],
  'tx.commit': [(90 << 16) | 20, (90 << 16) | 21],
  'tx.rollback': [(90 << 16) | 30, (90 << 16) | 31],
} as const;

/** So often it looks whether its connection is there again. */
const RETRY_MS = 50;

/** What amqplib's channels make their own calls by. */
interface Rpc {
  rpc(method: number, fields: object, reply: number): Promise<unknown>;
}

interface Settled {
  readonly delivery: Given;
  readonly outcome: 'acked' | 'nacked' | 'rejected';
}

/** A channel of the application, and what it owes and is owed on it. */
class Open {
  readonly channel: Channel;
  readonly confirms: boolean;
  readonly unsettled = new Map<number, Given>();
  readonly unconfirmed = new Set<number>();
  /** what waits for a commit; null where the channel has no transactions. */
  transaction: { readonly published: number[]; readonly settled: Settled[] } | null = null;

  constructor(channel: Channel, confirms: boolean) {
    this.channel = channel;
    this.confirms = confirms;
  }

  /** What was settled is not, after all. */
  restore(deliveries: readonly Given[]): void {
    const tagOf = ({ message }: Given): number => message.fields.deliveryTag;
    const all = [...deliveries, ...this.unsettled.values()].sort((a, b) => tagOf(a) - tagOf(b));
    this.unsettled.clear();
    for (const delivery of all) this.unsettled.set(tagOf(delivery), delivery);
  }
}

export class RealApplication implements RealClient {
  private readonly run: Run;
  private readonly client: Application;
  private link: Link | null = null;
  private model: ChannelModel | null = null;
  private channels = new Map<number, Open>();
  private life = 0;
  /** It has closed its connection itself. */
  private isClosed = false;

  constructor(run: Run, client: Application) {
    this.run = run;
    this.client = client;
  }

  async start(): Promise<void> {
    const { run, client } = this;
    const life = ++this.life;
    const publishes = client.calls.some(({ do: call }) => call.call === 'basic.publish');
    run.recorder.tell({
      kind: 'client-started',
      client: client.id,
      role: publishes ? 'producer' : 'consumer',
    });
    await this.connect();
    // Its calls take as long as they take: nobody's start waits for them.
    void this.makeCalls(life).catch(run.failed);
  }

  crash(): void {
    this.life++;
    this.link?.crash();
    this.run.recorder.tell({ kind: 'client-stopped', client: this.client.id, reason: 'crashed' });
  }

  async close(): Promise<void> {
    this.life++;
    await this.link?.close();
    this.run.recorder.tell({ kind: 'client-stopped', client: this.client.id, reason: 'closed' });
  }

  private async connect(): Promise<void> {
    this.isClosed = false;
    this.link = new Link(this.run, this.client, {
      opened: (model) => {
        this.model = model;
        return Promise.resolve();
      },
      lost: () => {
        this.model = null;
        for (const number of this.channels.keys()) this.lose(number, 'its connection was lost');
      },
    });
    await this.link.open();
  }

  private async makeCalls(life: number): Promise<void> {
    for (const { atMs, channel, do: call } of this.client.calls) {
      await new Promise<void>((resolve) => this.run.agenda.at(atMs, resolve));
      if (this.life !== life) return;
      try {
        await this.make(channel, call);
      } catch (error) {
        // The server's answer to this call: the trace has been told of it.
        if (!serverError(error) && !isGone(error)) throw error;
      }
    }
  }

  private async make(number: number, call: Call): Promise<void> {
    if (call.call === 'connection.close') {
      for (const open of this.channels.keys()) this.lose(open, 'its connection was closed');
      await this.link!.close();
      this.model = null;
      this.isClosed = true;
      return;
    }
    if (this.isClosed) await this.connect();
    // A connection that is lost is opened again by itself.
    while (!this.model) await new Promise<void>((resolve) => this.run.agenda.in(RETRY_MS, resolve));
    if (call.call === 'channel.close') {
      const open = this.channels.get(number);
      this.lose(number, 'its channel was closed');
      await open?.channel.close();
      return;
    }
    if (call.call === 'confirm.select') {
      // amqplib's channels are in confirm mode from the start or never: what was on it before is on another channel.
      await this.channels.get(number)?.channel.close();
      this.channels.delete(number);
      await this.open(number, true);
      return;
    }
    const open = this.channels.get(number) ?? (await this.open(number, false));
    await this.answer(number, open, call);
  }

  private async open(number: number, confirms: boolean): Promise<Open> {
    const model = this.model!;
    const channel = await (confirms ? model.createConfirmChannel() : model.createChannel());
    const open = new Open(channel, confirms);
    this.channels.set(number, open);
    this.link!.watch(channel, () => {
      if (this.channels.get(number) === open) this.lose(number, 'the server closed its channel');
    });
    channel.on('return', (message: Message) => {
      const { replyCode, replyText } = message.fields as unknown as { replyCode: number; replyText: string };
      this.run.recorder.tell({
        kind: 'returned',
        client: this.client.id,
        message: contentOf(message).message,
        reason: `${replyCode} ${replyText}`,
      });
    });
    return open;
  }

  /** The channel is gone: what was not answered on it is given up. */
  private lose(number: number, error: string): void {
    const open = this.channels.get(number);
    this.channels.delete(number);
    if (!open) return;
    for (const message of [...open.unconfirmed, ...(open.transaction?.published ?? [])])
      this.run.recorder.tell({ kind: 'publish-failed', client: this.client.id, message, error });
    open.unconfirmed.clear();
  }

  private async answer(number: number, open: Open, call: Call): Promise<void> {
    const { run } = this;
    const { channel } = open;
    const { names } = run;
    switch (call.call) {
      case 'exchange.declare':
        if (call.passive) await channel.checkExchange(names.outer(call.exchange.name));
        else await declareExchange(run, channel, call.exchange);
        break;
      case 'exchange.delete':
        await channel.deleteExchange(names.outer(call.name), { ifUnused: call.ifUnused });
        run.recorder.tell({ kind: 'exchange-deleted', node: 'rabbit-1', name: call.name });
        break;
      case 'queue.declare':
        if (call.passive) await channel.checkQueue(names.outer(call.queue.name));
        else await declareQueue(run, channel, call.queue, { exclusive: call.queue.exclusive });
        break;
      case 'queue.delete': {
        const { name, ifUnused, ifEmpty } = call;
        await channel.deleteQueue(names.outer(name), { ifUnused, ifEmpty });
        run.made.queues.delete(names.outer(name));
        run.recorder.tell({ kind: 'places-deleted', node: 'rabbit-1', name, places: [name] });
        break;
      }
      case 'queue.purge':
        await channel.purgeQueue(names.outer(call.name));
        break;
      case 'bind':
        await declareBinding(run, channel, call.binding);
        break;
      case 'unbind':
        await removeBinding(run, channel, call.binding);
        break;
      case 'basic.publish':
        this.publish(open, call);
        break;
      case 'basic.qos':
        await channel.prefetch(call.prefetchCount, call.global);
        break;
      case 'basic.consume':
        await this.consume(open, call);
        break;
      case 'basic.cancel':
        await channel.cancel(call.tag);
        break;
      case 'basic.get': {
        const message = await channel.get(names.outer(call.queue), { noAck: call.noAck });
        if (message === false)
          run.recorder.tell({ kind: 'nothing-there', client: this.client.id, place: call.queue });
        else this.delivered(open, given(run, this.client.id, call.queue, message), call.noAck);
        break;
      }
      case 'basic.ack':
        channel.ack(tagged(call.tag), call.multiple);
        this.settle(open, call.tag, call.multiple, 'acked');
        break;
      case 'basic.nack':
        channel.nack(tagged(call.tag), call.multiple, call.requeue);
        this.settle(open, call.tag, call.multiple, 'nacked');
        break;
      case 'basic.reject':
        channel.reject(tagged(call.tag), call.requeue);
        this.settle(open, call.tag, false, 'rejected');
        break;
      case 'basic.recover':
        await channel.recover();
        open.unsettled.clear();
        break;
      case 'tx.select':
      case 'tx.commit':
      case 'tx.rollback':
        await this.transact(open, call.call);
        break;
      default:
        throw new Error(`${this.client.id}, channel ${number}: the driver cannot call ${call.call}`);
    }
  }

  private publish(open: Open, call: CallOf<'basic.publish'>): void {
    const { run, client } = this;
    const {
      exchange,
      routingKey,
      key,
      bytes,
      headers,
      deliveryMode,
      priority,
      expiration,
      mandatory,
      userId,
    } = call;
    const message = run.nextMessage++;
    run.recorder.tell({
      kind: 'published',
      client: client.id,
      message,
      key,
      to: exchange,
      bytes,
      routingKey,
      ...(Object.keys(headers).length > 0 ? { headers } : {}),
      ...(deliveryMode === 1 ? { transient: true } : {}),
      ...(expiration === undefined ? {} : { expiration }),
      ...(priority === undefined ? {} : { priority }),
      ...(open.confirms || open.transaction ? {} : { untold: true }),
    });
    const outer = [
      run.names.outer(exchange),
      run.names.outerKey(exchange, routingKey),
      bodyOf({ message, key }, bytes),
      {
        headers: { ...headers },
        deliveryMode,
        mandatory,
        ...(priority === undefined ? {} : { priority }),
        ...(expiration === undefined ? {} : { expiration }),
        ...(userId === undefined ? {} : { userId }),
      },
    ] as const;
    if (!open.confirms) {
      open.transaction?.published.push(message);
      open.channel.publish(...outer);
      return;
    }
    open.unconfirmed.add(message);
    (open.channel as ConfirmChannel).publish(...outer, (error: Error | null) => {
      // Of a channel that is gone `lose` tells.
      if (error && error.message !== 'message nacked') return;
      if (!open.unconfirmed.delete(message)) return;
      if (error) run.recorder.tell({ kind: 'publish-failed', client: client.id, message, error: 'nacked' });
      else
        run.recorder.tell({
          kind: 'publish-confirmed',
          client: client.id,
          message,
          place: null,
          position: null,
        });
    });
  }

  private async consume(open: Open, call: CallOf<'basic.consume'>): Promise<void> {
    const { run, client } = this;
    const { queue, tag, noAck, exclusive, arguments: more } = call;
    let told = false;
    const tellBegan = (): void => {
      if (told) return;
      told = true;
      run.recorder.tell({
        kind: 'consuming-began',
        client: client.id,
        group: 'x-stream-offset' in more ? null : queue,
        place: queue,
        tag,
        prefetch: null,
        ...(noAck ? { noAck } : {}),
      });
    };
    const { life } = this;
    await open.channel.consume(
      run.names.outer(queue),
      (message) => {
        if (this.life !== life) return;
        tellBegan();
        if (!message)
          run.recorder.tell({
            kind: 'consuming-ended',
            client: client.id,
            place: queue,
            tag,
            why: 'the server cancelled it',
          });
        else this.delivered(open, given(run, client.id, queue, message), noAck);
      },
      { consumerTag: tag, noAck, exclusive, arguments: more },
    );
    tellBegan();
  }

  private delivered(open: Open, delivery: Given, noAck: boolean): void {
    if (!noAck) open.unsettled.set(delivery.message.fields.deliveryTag, delivery);
  }

  private settle(open: Open, tag: number, multiple: boolean, outcome: 'acked' | 'nacked' | 'rejected'): void {
    for (const [own, delivery] of [...open.unsettled]) {
      if (multiple ? tag !== 0 && own > tag : own !== tag) continue;
      open.unsettled.delete(own);
      if (open.transaction) open.transaction.settled.push({ delivery, outcome });
      else tellSettled(this.run, this.client.id, delivery, outcome);
    }
  }

  private async transact(open: Open, method: keyof typeof TX): Promise<void> {
    const [call, reply] = TX[method];
    await (open.channel as unknown as Rpc).rpc(call, {}, reply);
    const { published, settled } = open.transaction ?? { published: [], settled: [] };
    open.transaction = { published: [], settled: [] };
    const { recorder } = this.run;
    const client = this.client.id;
    if (method === 'tx.commit') {
      for (const message of published)
        recorder.tell({ kind: 'publish-confirmed', client, message, place: null, position: null });
      for (const { delivery, outcome } of settled) tellSettled(this.run, client, delivery, outcome);
      return;
    }
    for (const message of published)
      recorder.tell({ kind: 'publish-failed', client, message, error: 'tx.rollback' });
    open.restore(settled.map(({ delivery }) => delivery));
  }
}

/** amqplib settles messages; all that it reads of one is its tag. */
function tagged(deliveryTag: number): Message {
  return { fields: { deliveryTag } } as unknown as Message;
}
