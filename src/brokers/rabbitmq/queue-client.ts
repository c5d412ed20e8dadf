/**
 * What a channel keeps of each queue that it speaks to: credit for its publishes, and of a replicated queue the
 * commands that are not known to be applied, to be sent again when another replica leads (as rabbit_fifo_client does).
 */
import type { Micros } from '../../sim/time.ts';
import type { QueueRecord } from './cluster-state.ts';
import type { ServerConfig } from './config.ts';
import type { Message } from './message.ts';
import type { ChannelKey, PublishKey, QueueCommand } from './queue.ts';
import type { Ordered, ToQueue } from './wire.ts';

/** How what a channel says reaches a queue. */
export interface QueueRoute {
  readonly config: ServerConfig;
  now(): Micros;
  /** To the one process of a classic queue, or the leader's. */
  toQueue(record: QueueRecord, sender: ChannelKey, command: ToQueue): void;
  /** To the replica that is known to lead; nowhere while none is. */
  toLeader(record: QueueRecord, channel: ChannelKey, ordered: Ordered): void;
}

export class QueueClient {
  readonly record: QueueRecord;
  /** The channel has consumed it, or taken from it. */
  reads = false;
  /** The channel waits for it. */
  blocks = false;
  /** the queue has asked for no more publishes. */
  refuses = false;
  /** publishes that may go before the queue grants more. */
  private credit: number;
  private readonly softLimit: number;
  private nextOrder = 1;
  /** Of a replicated queue: sent, and not known to be applied; in order. */
  private pending: Ordered[] = [];
  private publishes = 0;
  /** The last entry of the queue's log whose news reached the channel, and under which leader. */
  private seenIndex = 0;
  private seenTerm = 0;
  /** When the leader last got on with what is pending. */
  progressAt: Micros;

  constructor(record: QueueRecord, route: QueueRoute) {
    this.record = record;
    this.credit = route.config.credit_flow_initial;
    this.softLimit = route.config.quorum_commands_soft_limit;
    this.progressAt = route.now();
  }

  /** whether the connection is not to be read until the queue has got on. */
  get isBlocked(): boolean {
    return this.record.replicated ? this.publishes >= this.softLimit : this.credit <= 0;
  }

  get waits(): boolean {
    return this.pending.length > 0;
  }

  publish(channel: ChannelKey, message: Message, publish: PublishKey | null, route: QueueRoute): void {
    const command: QueueCommand = { type: 'enqueue', message, publish };
    if (this.record.replicated) {
      this.publishes++;
      this.order(channel, command, route);
    } else {
      this.credit--;
      route.toQueue(this.record, channel, command);
    }
  }

  send(channel: ChannelKey, command: QueueCommand, route: QueueRoute): void {
    // Reading a stream is not replicated: it is between its reader and a replica.
    if (this.record.type === 'quorum') this.order(channel, command, route);
    else route.toQueue(this.record, channel, command);
  }

  /** Of a classic queue. */
  granted(count: number): void {
    this.credit += count;
  }

  /** Of a replicated queue. @returns what is known to be applied now, in order */
  applied(order: number, now: Micros): readonly Ordered[] {
    let count = 0;
    while (count < this.pending.length && this.pending[count]!.order <= order) count++;
    if (count === 0) return [];
    this.progressAt = now;
    const done = this.pending.slice(0, count);
    this.pending = this.pending.slice(count);
    for (const { command } of done) if (command.type === 'enqueue') this.publishes--;
    return done;
  }

  /**
   * Whether news of this entry is new. A leader that takes over may apply again what the one before it applied: what the
   * channel has heard of an earlier leader it does not hear twice, and late words of a deposed one not at all.
   */
  isNews(index: number, term: number): boolean {
    if (term < this.seenTerm || (term > this.seenTerm && index <= this.seenIndex)) return false;
    this.seenIndex = Math.max(this.seenIndex, index);
    this.seenTerm = term;
    return true;
  }

  /** Positions that the channel has settled and that are not known to be settled. */
  get settling(): readonly number[] {
    return this.pending.flatMap(({ command }) => ('positions' in command ? command.positions : []));
  }

  /** Sends all again that may be lost. */
  resend(channel: ChannelKey, route: QueueRoute): void {
    this.progressAt = route.now();
    for (const ordered of this.pending) route.toLeader(this.record, channel, ordered);
  }

  private order(channel: ChannelKey, command: QueueCommand, route: QueueRoute): void {
    if (this.pending.length === 0) this.progressAt = route.now();
    const ordered: Ordered = { order: this.nextOrder++, command };
    this.pending.push(ordered);
    route.toLeader(this.record, channel, ordered);
  }
}
