/** A client's connection as its node keeps it: its channels, and whether its socket is read now. */
import type { ChannelWorker } from './channel-worker.ts';
import type { ClientFrame } from './protocol.ts';

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
