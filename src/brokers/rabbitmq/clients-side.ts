/** A node's connections and channels: what clients say, and what they are told. */
import type { Micros } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';
import { AmqpError } from './amqp-error.ts';
import { Channel } from './channel.ts';
import type { ChannelHost, ChannelParts } from './channel-host.ts';
import { ChannelWorker, Connection } from './connection.ts';
import type { Removed } from './definitions.ts';
import type { Outbox } from './outbox.ts';
import type { ClientFrame, ServerFrame } from './protocol.ts';
import type { ChannelKey } from './queue.ts';
import type { Worker } from './worker.ts';

/** What the client's side of a node needs of the rest of it, which is also what its channels do. */
export interface ClientsHost extends Omit<
  ChannelHost,
  'reply' | 'stateChanged' | 'callTimer' | 'fail' | 'close' | 'hasUnacked'
> {
  readonly outbox: Outbox;
  schedule(worker: Worker): void;
  timer(delay: Micros, timer: 'call' | 'channel-tick', data: unknown): void;
  noNews(channel: ChannelParts): void;
  removed(removed: Removed): void;
}

export class ClientsSide {
  private readonly host: ClientsHost & ChannelHost;
  private connections = new Map<string, Connection>();
  private channels = new Map<ChannelKey, ChannelWorker>();
  /** Counts connections over all lives of the node. */
  private connected = 0;

  constructor(host: ClientsHost & ChannelHost) {
    this.host = host;
  }

  channel(key: ChannelKey): Channel | undefined {
    return this.channels.get(key)?.channel;
  }

  allChannels(): readonly ChannelWorker[] {
    return [...this.channels.values()];
  }

  allConnections(): readonly Connection[] {
    return [...this.connections.values()];
  }

  /** The node died: nobody is told. */
  reset(): void {
    for (const key of this.channels.keys()) this.host.cluster.limiters.delete(key);
    this.connections = new Map();
    this.channels = new Map();
  }

  /** Every connection is closed with an error. */
  closeAll(error: AmqpError): void {
    for (const connection of this.allConnections()) this.failConnection(connection, error);
  }

  /** What a client sends. */
  receive(client: string, frames: readonly ClientFrame[]): void {
    for (const frame of frames) {
      if (frame.method === 'connection.open') {
        this.open(client);
        continue;
      }
      // What a client said on a connection that is gone is passed over.
      const connection = this.connections.get(client);
      if (!connection) continue;
      this.take(connection, frame);
    }
  }

  private take(connection: Connection, frame: ClientFrame): void {
    if (this.connections.get(connection.client) !== connection) return;
    if (connection.isRead) this.read(connection, frame);
    else connection.hold(frame);
  }

  private open(client: string): void {
    this.end(client);
    const connection = new Connection(`${this.host.id}/${client}/${++this.connected}`, client);
    if (this.host.cluster.isShort) connection.state = 'blocking';
    this.connections.set(client, connection);
    this.toClient(client, { method: 'connection.open-ok' });
  }

  private read(connection: Connection, frame: ClientFrame): void {
    switch (frame.method) {
      case 'connection.open':
        return;
      case 'connection.close':
        this.end(connection.client);
        this.toClient(connection.client, { method: 'connection.close-ok' });
        return;
      case 'channel.open':
        this.openChannel(connection, frame.channel);
        return;
      default:
    }
    const worker = connection.channels.get(frame.channel);
    if (!worker) {
      if (!connection.closed.has(frame.channel))
        this.failConnection(connection, new AmqpError(504, "expected 'channel.open'"));
      return;
    }
    worker.offer(frame);
    if (!worker.isBusy) this.host.schedule(worker);
    if (frame.method === 'basic.publish') this.published(connection);
  }

  /** whoever publishes while something is short is not read any more, after this. */
  private published(connection: Connection): void {
    connection.publishes = true;
    if (connection.state !== 'blocking') return;
    connection.state = 'blocked';
    this.toClient(connection.client, { method: 'connection.blocked', reason: this.shortage() });
  }

  private openChannel(connection: Connection, number: number): void {
    if (connection.channels.has(number)) {
      this.failConnection(connection, new AmqpError(504, "second 'channel.open' seen"));
      return;
    }
    connection.closed.delete(number);
    const key = connection.newChannelKey(number);
    const channel = new Channel(this.host, key, number, connection.client, connection.key);
    const worker = new ChannelWorker(channel, connection, this.host.cluster.costs, this);
    connection.channels.set(number, worker);
    this.channels.set(key, worker);
    this.reply(channel, { method: 'channel.open-ok', channel: number });
  }

  /** Reads on where a connection was held up. */
  private readHeld(connection: Connection): void {
    if (!connection.isRead || !connection.hasHeld) return;
    for (const frame of connection.takeHeld()) this.take(connection, frame);
  }

  /** */
  end(client: string): void {
    const connection = this.connections.get(client);
    if (!connection) return;
    this.connections.delete(client);
    for (const worker of connection.channels.values()) this.endChannel(worker);
    this.host.removed(this.host.cluster.definitions.connectionClosed(connection.key));
  }

  private endChannel({ channel, connection }: ChannelWorker): void {
    channel.terminate('channel-down');
    this.channels.delete(channel.key);
    this.host.noNews(channel);
    connection.channels.delete(channel.number);
    if (channel.isInFlow) connection.inFlow--;
  }

  private failConnection(connection: Connection, { code, text }: AmqpError): void {
    this.toClient(connection.client, { method: 'connection.close', code, text });
    this.end(connection.client);
  }

  // What channels ask.

  reply(channel: ChannelParts, frame: ServerFrame, message: MessageId | null = null): void {
    if (frame.method === 'basic.deliver' || frame.method === 'basic.get-ok') {
      const { message: content, place } = frame.delivery;
      this.host.outbox.toClient(channel.client, frame, content.id, content.bytes, place);
    } else this.host.outbox.toClient(channel.client, frame, message, 0, null);
  }

  stateChanged(channel: ChannelParts): void {
    const worker = this.channels.get(channel.key);
    if (!worker) return;
    if (worker.isInFlow !== channel.isInFlow) {
      worker.isInFlow = channel.isInFlow;
      const { connection } = worker;
      connection.inFlow += worker.isInFlow ? 1 : -1;
      connection.flowedAt = this.host.now();
      this.readHeld(connection);
    }
    this.host.schedule(worker);
  }

  callTimer(channel: ChannelParts, call: number, delay: Micros): void {
    this.host.timer(delay, 'call', { channel, call });
  }

  fail(channel: ChannelParts, error: AmqpError): void {
    const worker = this.channels.get(channel.key);
    if (!worker) return;
    if (error.scope === 'connection') {
      this.failConnection(worker.connection, error);
      return;
    }
    worker.connection.closed.add(channel.number);
    this.reply(channel, {
      method: 'channel.close',
      channel: channel.number,
      code: error.code,
      text: error.text,
    });
    this.endChannel(worker);
  }

  close(channel: ChannelParts): void {
    const worker = this.channels.get(channel.key);
    if (!worker) return;
    channel.tellNews();
    this.reply(channel, { method: 'channel.close-ok', channel: channel.number });
    this.endChannel(worker);
  }

  hasUnacked(channel: ChannelParts): void {
    const worker = this.channels.get(channel.key);
    if (!worker || worker.ticks) return;
    worker.ticks = true;
    this.host.timer(worker.channel.reading.checkIn(), 'channel-tick', worker);
  }

  /** */
  tick(worker: ChannelWorker): void {
    const { channel } = worker;
    worker.ticks = false;
    if (channel.closed) return;
    channel.reading.checkTimeouts();
    if (channel.reading.unacked.size > 0) this.hasUnacked(channel);
  }

  // Alarms.

  /** something is short somewhere, or no longer. */
  alarmsChanged(): void {
    const { isShort } = this.host.cluster;
    for (const connection of this.connections.values()) {
      if (isShort && connection.state === 'running') connection.state = 'blocking';
      if (isShort || connection.state === 'running') continue;
      const wasBlocked = connection.state === 'blocked';
      connection.state = 'running';
      if (!wasBlocked) continue;
      this.toClient(connection.client, { method: 'connection.unblocked' });
      this.readHeld(connection);
    }
  }

  private shortage(): string {
    const short = new Set([...this.host.cluster.alarms.values()].flatMap((resources) => [...resources]));
    return `low on ${[...short].sort().reverse().join(' & ')}`;
  }

  private toClient(client: string, frame: ServerFrame): void {
    this.host.outbox.toClient(client, frame, null, 0, null);
  }
}
