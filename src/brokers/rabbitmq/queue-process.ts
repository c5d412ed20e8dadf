/**
 * A classic queue's process on its node: a serial worker around the queue's machine. It tells channels, wherever they are,
 * what the machine gives out, and ends the queue when its time has come.
 */
import type { Ticket } from '../../sim/event-queue.ts';
import type { Micros } from '../../sim/time.ts';
import type { Emission } from '../../sim/trace.ts';
import { AmqpError } from './amqp-error.ts';
import type { ClusterState, QueueRecord } from './cluster-state.ts';
import type { Removed } from './definitions.ts';
import type { DeathReason, Message } from './message.ts';
import type {
  ChannelKey,
  PublishKey,
  QueueDelivery,
  QueueEffects,
  QueueMachine,
  Subscription,
} from './queue.ts';
import { ClassicQueue } from './queues/classic.ts';
import type { ToChannel, ToQueue } from './wire.ts';
import { Ring } from '../../sim/ring.ts';
import { workOf, type Worker } from './worker.ts';

/** Commands of one batch at most: what follows is not kept waiting for ever by a queue that is never done. */
const BATCH_MAX = 200;

/** What a queue needs of its node. */
export interface QueueHost {
  readonly id: string;
  readonly cluster: ClusterState;
  now(): Micros;
  trace(event: Emission): void;
  /** @param index and @param term as {@link Channel.on} takes them */
  toChannel(channel: ChannelKey, event: ToChannel, index?: number, term?: number): void;
  /** Asks the disk to have this queue's `upTo`. */
  write(record: QueueRecord, upTo: number, bytes: number): void;
  setTimer(at: Micros, timer: 'tick' | 'expire', queue: QueueRecord): Ticket;
  cancelTimer(ticket: Ticket): void;
  deadLetter(
    from: QueueRecord,
    message: Message,
    reason: DeathReason,
    position: number | null,
    held: boolean,
  ): void;
  /** Queues and what was bound are gone; whoever spoke to them is told. */
  removed(removed: Removed): void;
  /** More has come for a worker. */
  schedule(worker: Worker): void;
}

export class QueueProcess implements Worker, QueueEffects {
  isBusy = false;
  freeAt = 0;
  readonly record: QueueRecord;
  readonly machine: QueueMachine;
  private readonly host: QueueHost;
  /** What waits, and who it is from. */
  private readonly commands = new Ring<ToQueue>();
  private readonly senders = new Ring<ChannelKey | null>();
  private taken = 0;
  /** Deliveries of the present batch: work that is still to do when it is done. */
  private given = 0;
  /** publishes of each channel since it was last granted more. */
  private processed = new Map<ChannelKey, { count: number }>();
  private tick: Ticket | null = null;
  /** The furthest that the disk has been asked for. */
  private storedTo = -1;
  private hadConsumer = false;
  /** Channels that read from it. */
  private readonly readers = new Set<ChannelKey>();
  /** when it was last declared, read or consumed. */
  private usedAt: Micros;
  private deleted = false;

  constructor(host: QueueHost, record: QueueRecord, machine: QueueMachine) {
    this.host = host;
    this.record = record;
    this.machine = machine;
    this.usedAt = host.now();
    this.watchExpiry();
  }

  offer(command: ToQueue, sender: ChannelKey | null): void {
    if (this.deleted) return;
    if ((command.type === 'consume' || command.type === 'get') && sender !== null) this.readers.add(sender);
    this.commands.push(command);
    this.senders.push(sender);
    if (!this.isBusy) this.host.schedule(this);
  }

  begin(): number | null {
    const { commands } = this;
    if (commands.length === 0 || this.deleted) return null;
    this.taken = Math.min(commands.length, BATCH_MAX);
    let work = 0;
    for (let i = 0; i < this.taken; i++) work += workOf(commands.at(i)!);
    return work * this.host.cluster.costs.queueMicros;
  }

  finish(): number {
    this.given = 0;
    for (; this.taken > 0 && !this.deleted; this.taken--)
      this.handle(this.commands.shift()!, this.senders.shift()!);
    return this.given * this.host.cluster.costs.queueMicros;
  }

  /** The moment that the machine asked for. */
  onTick(): void {
    this.tick = null;
    if (!this.deleted) this.machine.apply({ type: 'tick' }, this.host.now(), this);
  }

  /** */
  onExpiry(): void {
    const { expires } = this.record;
    if (expires === null || this.deleted) return;
    const now = this.host.now();
    if (this.consumers > 0) this.usedAt = now;
    if (now - this.usedAt >= expires)
      this.host.removed(this.host.cluster.definitions.queueExpired(this.record.name));
    else this.watchExpiry();
  }

  /** What the disk has now. */
  synced(upTo: number): void {
    if (!this.deleted) this.machine.apply({ type: 'synced', position: upTo }, this.host.now(), this);
  }

  /** A node that stops in good order has everything on its disk. */
  syncAll(): void {
    this.synced(this.storedTo);
  }

  /** The definitions have let go of it: what is in it is gone. */
  ended(): void {
    this.deleted = true;
    this.machine.apply({ type: 'delete' }, this.host.now(), this);
    this.wakeAt(null);
  }

  /** a queue that is not durable, and all that is in it, is lost with its node. */
  lostWithNode(): void {
    this.deleted = true;
    if (this.machine instanceof ClassicQueue) this.machine.restart(this.host.now(), true, this);
  }

  /** Channels of another node are gone with it. */
  nodeDown(isThere: (channel: ChannelKey) => boolean): void {
    for (const channel of this.readers) {
      if (!isThere(channel)) continue;
      this.readers.delete(channel);
      this.offer({ type: 'channel-down', channel, why: 'node-down' }, null);
    }
  }

  /** Other limits hold from now on. */
  configure(): void {
    if (this.deleted) return;
    this.machine.apply({ type: 'configure', settings: this.record.limits }, this.host.now(), this);
    this.usedAt = this.host.now();
    this.watchExpiry();
  }

  private get consumers(): number {
    return this.machine.info().consumers.length;
  }

  private watchExpiry(): void {
    const { expires } = this.record;
    if (expires !== null) this.host.setTimer(this.usedAt + expires, 'expire', this.record);
  }

  private handle(command: ToQueue, sender: ChannelKey | null): void {
    const { name: queue } = this.record;
    const now = this.host.now();
    switch (command.type) {
      case 'enqueue':
        this.machine.apply(command, now, this);
        if (sender !== null) this.grant(sender);
        return;
      case 'stat': {
        this.usedAt = now;
        const { ready, consumers } = this.machine.info();
        this.host.toChannel(command.channel, {
          type: 'stat',
          queue,
          messages: ready,
          consumers: consumers.length,
        });
        return;
      }
      case 'delete-if':
        this.deleteIf(command);
        return;
      case 'consume':
        this.consume(command.subscription);
        return;
      case 'get':
        this.usedAt = now;
        this.refusable(command.channel, () => {
          this.machine.apply(command, now, this);
        });
        return;
      case 'cancel':
        this.machine.apply(command, now, this);
        this.host.toChannel(command.channel, { type: 'cancelled', queue, tag: command.tag });
        this.consumerLeft();
        return;
      case 'channel-down':
        this.processed.delete(command.channel);
        this.readers.delete(command.channel);
        this.machine.apply(command, now, this);
        this.consumerLeft();
        return;
      case 'attach':
        return;
      default:
        this.machine.apply(command, now, this);
    }
  }

  private consume(subscription: Subscription): void {
    const { name: queue } = this.record;
    this.refusable(subscription.channel, () => {
      this.machine.apply({ type: 'consume', subscription }, this.host.now(), this);
      this.hadConsumer = true;
      this.host.toChannel(subscription.channel, { type: 'consuming', queue, tag: subscription.tag });
    });
  }

  /** What the machine refuses, the channel is told. */
  private refusable(channel: ChannelKey, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof AmqpError)) throw error;
      const { code, text } = error;
      this.host.toChannel(channel, { type: 'refused', queue: this.record.name, code, text });
    }
  }

  private deleteIf(command: Extract<ToQueue, { type: 'delete-if' }>): void {
    const { name: queue } = this.record;
    const { channel, connection, ifUnused, ifEmpty } = command;
    const { ready: messages, consumers } = this.machine.info();
    this.refusable(channel, () => {
      const use = { ifUnused, ifEmpty, consumers: consumers.length, messages };
      const removed = this.host.cluster.definitions.deleteQueue(queue, connection, use);
      // The answer first: whoever asked is not told that the queue it waits for is lost.
      this.host.toChannel(channel, { type: 'deleted', queue, messages });
      this.host.removed(removed);
    });
  }

  /** an auto-delete queue goes with its last consumer. */
  private consumerLeft(): void {
    if (this.record.definition.autoDelete && this.hadConsumer && this.consumers === 0)
      this.host.removed(this.host.cluster.definitions.lastConsumerGone(this.record.name));
    else if (this.record.expires !== null && this.consumers === 0) {
      this.usedAt = this.host.now();
      this.watchExpiry();
    }
  }

  /** */
  private grant(sender: ChannelKey): void {
    const step = this.host.cluster.config.credit_flow_more_after;
    let processed = this.processed.get(sender);
    if (!processed) this.processed.set(sender, (processed = { count: 0 }));
    if (++processed.count < step) return;
    processed.count = 0;
    this.host.toChannel(sender, { type: 'credit', queue: this.record.name, count: step });
  }

  // What the machine asks for.

  deliver(to: Subscription, delivery: QueueDelivery): void {
    this.given++;
    const limiter = this.host.cluster.limiters.get(to.channel);
    if (limiter && !to.noAck) limiter.volume++;
    this.host.toChannel(to.channel, { type: 'deliver', queue: this.record.name, to, delivery });
  }

  got(channel: ChannelKey, delivery: QueueDelivery | null, left: number): void {
    this.given++;
    this.host.toChannel(channel, { type: 'got', queue: this.record.name, delivery, left });
  }

  purged(channel: ChannelKey, messages: number): void {
    this.host.toChannel(channel, { type: 'purged', queue: this.record.name, messages });
  }

  confirmed(publish: PublishKey): void {
    this.host.toChannel(publish.channel, { type: 'confirmed', queue: this.record.name, publish });
  }

  rejected(publish: PublishKey): void {
    this.host.toChannel(publish.channel, { type: 'rejected', queue: this.record.name, publish });
  }

  store(position: number, bytes: number): void {
    this.storedTo = position;
    this.host.write(this.record, position, bytes);
  }

  hasExchange(name: string): boolean {
    return this.host.cluster.definitions.exchange(name) !== undefined;
  }

  deadLetter(message: Message, reason: DeathReason, position: number | null, held: boolean): void {
    this.host.deadLetter(this.record, message, reason, position, held);
  }

  /** one count for a channel, whichever queue gives. The real limiter is asked across nodes, too. */
  hasRoom(subscription: Subscription): boolean {
    const limiter = this.host.cluster.limiters.get(subscription.channel);
    return limiter === undefined || subscription.noAck || limiter.volume < limiter.limit;
  }

  wakeAt(at: Micros | null): void {
    if (this.tick !== null) this.host.cancelTimer(this.tick);
    this.tick = at === null ? null : this.host.setTimer(at, 'tick', this.record);
  }

  blockPublishers(): void {
    // Of quorum queues only.
  }

  trace(event: Emission): void {
    this.host.trace(event);
  }
}
