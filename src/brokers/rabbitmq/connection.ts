/**
 * A client's connection as its node keeps it: its channels, and whether its socket is read now; and a channel's
 * process, which takes what has been read for it, one method after another.
 */
import { Ring } from '../../sim/ring.ts';
import { AmqpError } from './amqp-error.ts';
import type { Channel } from './channel.ts';
import type { ChannelFrame, ChannelParts } from './channel-host.ts';
import type { Costs } from './config.ts';
import type { ClientFrame } from './protocol.ts';
import type { Worker } from './worker.ts';

/** Methods of one batch at most. */
const BATCH_MAX = 100;

export class Connection {
  /** Unique in the cluster and over time: what an exclusive queue belongs to. */
  readonly key: string;
  readonly client: string;
  readonly channels = new Map<number, ChannelWorker>();
  /** Channels that the server closed: what the client had sent on them is passed over. */
  readonly closed = new Set<number>();
  /** it has published something. */
  publishes = false;
  /**
   * `blocking`: a node is short of something, and the next publish blocks it; `blocked`: it is not read.
   */
  state: 'running' | 'blocking' | 'blocked' = 'running';
  /** Channels that wait for credit: meanwhile nothing of the connection is read. */
  inFlow = 0;
  /** When it was last not read for want of credit, microseconds; -Infinity, never. */
  flowedAt = -Infinity;
  private held: ClientFrame[] = [];
  private opened = 0;

  constructor(key: string, client: string) {
    this.key = key;
    this.client = client;
  }

  get isRead(): boolean {
    return this.state !== 'blocked' && this.inFlow === 0;
  }

  /** Keeps what is not read. */
  hold(frame: ClientFrame): void {
    this.held.push(frame);
  }

  get hasHeld(): boolean {
    return this.held.length > 0;
  }

  takeHeld(): readonly ClientFrame[] {
    const { held } = this;
    this.held = [];
    return held;
  }

  /** The key of a channel that is opened now: one that is opened again is another. */
  newChannelKey(number: number): string {
    return `${this.key}/${number}/${++this.opened}`;
  }
}

export class ChannelWorker implements Worker {
  isBusy = false;
  freeAt = 0;
  /** The connection counts it among those that wait for credit. */
  isInFlow = false;
  /** Its clock for deliveries that are not acknowledged ticks. */
  ticks = false;
  readonly channel: Channel;
  readonly connection: Connection;
  private readonly costs: Costs;
  private readonly host: { fail(channel: ChannelParts, error: AmqpError): void };
  private readonly frames = new Ring<ChannelFrame>();
  private taken = 0;

  constructor(
    channel: Channel,
    connection: Connection,
    costs: Costs,
    host: { fail(channel: ChannelParts, error: AmqpError): void },
  ) {
    this.channel = channel;
    this.connection = connection;
    this.costs = costs;
    this.host = host;
  }

  offer(frame: ChannelFrame): void {
    this.frames.push(frame);
  }

  begin(): number | null {
    const { frames, channel } = this;
    if (frames.length === 0 || channel.isWaiting || channel.closed) return null;
    this.taken = Math.min(frames.length, BATCH_MAX);
    let bytes = 0;
    for (let i = 0; i < this.taken; i++) {
      const frame = frames.at(i)!;
      if (frame.method === 'basic.publish') bytes += frame.content.bytes;
    }
    return this.taken * this.costs.channelMicros + (bytes / this.costs.networkBytesPerSecond) * 1_000_000;
  }

  finish(): number {
    const { channel } = this;
    // A method that has to wait stops the batch: the rest is taken up when it is answered.
    for (; this.taken > 0 && !channel.closed && !channel.isWaiting; this.taken--) {
      const frame = this.frames.shift()!;
      try {
        channel.handle(frame);
      } catch (error) {
        if (!(error instanceof AmqpError)) throw error;
        this.host.fail(channel, error);
      }
    }
    if (!channel.closed) channel.reading.sendAcks();
    return 0;
  }
}
