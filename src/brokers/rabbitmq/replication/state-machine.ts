/**
 * The state machine of one replica: the queue's own machine, which it feeds with what is committed, and how far it is.
 * Every replica comes to the same; only a leader's tells channels what comes of it, and the trace.
 *
 * A quorum queue's every command is replicated. Of a stream only what is published is: reading is between a consumer and
 * the leader, and begins again there when another replica leads.
 */
import { deepClone } from '../../../sim/clone.ts';
import type { Ticket } from '../../../sim/event-queue.ts';
import { fromMs, type Micros } from '../../../sim/time.ts';
import type { Emission } from '../../../sim/trace.ts';
import { AmqpError } from '../amqp-error.ts';
import type { QueueRecord } from '../cluster-state.ts';
import type { DeathReason, Message } from '../message.ts';
import type {
  ChannelKey,
  PublishKey,
  QueueCommand,
  QueueDelivery,
  QueueEffects,
  Subscription,
} from '../queue.ts';
import type { QueueHost } from '../queue-process.ts';
import { QuorumFifo } from '../queues/quorum.ts';
import { StreamLog } from '../queues/stream.ts';
import type { ToChannel } from '../wire.ts';
import type { Entry } from './log.ts';
import type { Raft } from './raft.ts';

/** how often a quorum queue's leader looks whether the queue's time is over (quorum_tick_interval). */
const TICK = fromMs(5000);

/** A channel that may have missed deliveries: what it has, and the entry that must be applied before it is told. */
interface Attachment {
  readonly index: number;
  readonly channel: ChannelKey;
  readonly tags: readonly string[];
  readonly held: ReadonlySet<number>;
}

/** What a snapshot stands for. */
interface State {
  readonly machine: QuorumFifo | StreamLog;
  readonly orders: Map<ChannelKey, number>;
  readonly nextPosition: number;
  readonly usedAt: Micros;
}

/** What has come of entries that were applied together. */
interface Applied {
  /** Of each channel that has commands among them, the last one. */
  readonly told: ReadonlyMap<ChannelKey, number>;
  /** Deliveries that were made. */
  readonly given: number;
  /** The place of the last message; -1: there was none. */
  readonly position: number;
}

export class StateMachine implements QueueEffects {
  machine: QuorumFifo | StreamLog;
  /** The last entry of the log that is applied. */
  applied = 0;
  /** The queue is deleted. */
  ended = false;
  /** Of a leader: the place that the next message gets, as far as its log says. */
  logPosition = 0;
  private readonly host: QueueHost;
  private readonly record: QueueRecord;
  private readonly raft: Raft;
  /** Of each channel, the last of its commands that is applied. */
  private orders = new Map<ChannelKey, number>();
  /** The place that the next message gets, as far as what is applied says. */
  private nextPosition = 0;
  /** Of a leader: the last of each channel's commands that is in its log. */
  private logOrders = new Map<ChannelKey, number>();
  /** Which entry is being applied, and whether anybody hears of it. */
  private index = 0;
  private tells = false;
  private traces = false;
  private given = 0;
  private tick: Ticket | null = null;
  private blocked = false;
  private attachments: Attachment[] = [];
  /** when it was made, or somebody who read it last gave something back or left. */
  private usedAt: Micros;
  /** Of a leader: when it began to lead, which its ticks are counted from. */
  private ledAt: Micros = 0;
  private expiry: Ticket | null = null;

  constructor(host: QueueHost, record: QueueRecord, raft: Raft) {
    this.host = host;
    this.record = record;
    this.raft = raft;
    this.usedAt = host.now();
    const { name, limits } = record;
    const { version } = host.cluster;
    const options = { name, node: host.id, durable: true, version, limits };
    this.machine = record.type === 'quorum' ? new QuorumFifo(options) : new StreamLog(options);
  }

  private get leads(): boolean {
    return this.raft.role === 'leader';
  }

  // Life.

  restart(): void {
    this.forgetReaders();
  }

  crash(): void {
    this.tick = this.expiry = null;
    this.attachments = [];
  }

  end(): void {
    this.tells = this.traces = this.leads;
    this.ended = true;
    this.wakeAt(null);
    this.machine.apply({ type: 'delete' }, this.host.now(), this);
  }

  /** It leads: what is in the log will be applied before what comes now. */
  lead(): void {
    const { log } = this.raft;
    this.ledAt = this.host.now();
    this.logOrders = new Map(this.orders);
    this.logPosition = this.nextPosition;
    for (let index = this.applied + 1; index <= log.lastIndex; index++) {
      const { channel, order, position } = log.at(index)!;
      if (channel !== null) this.logOrders.set(channel, order);
      if (position >= 0) this.logPosition = position + 1;
    }
  }

  follow(): void {
    this.wakeAt(null);
    this.attachments = [];
    this.forgetReaders();
  }

  /** A stream's readers are the leader's alone. */
  private forgetReaders(): void {
    if (this.record.type !== 'stream') return;
    this.tells = this.traces = false;
    for (const { channel } of this.machine.info().consumers)
      this.machine.apply({ type: 'channel-down', channel, why: 'channel-down' }, this.host.now(), this);
  }

  onTick(): void {
    this.tick = null;
  }

  /** R-9, at a tick. Who has not settled what it read keeps the queue, as a consumer does. */
  onExpiry(): void {
    const { expires, name } = this.record;
    this.expiry = null;
    if (expires === null || this.ended || !this.leads) return;
    const { consumers, unacknowledged } = this.machine.info();
    const isUsed = consumers.length > 0 || unacknowledged > 0;
    if (!isUsed && this.host.now() - this.usedAt > expires)
      this.host.removed(this.host.cluster.definitions.queueExpired(name));
    else this.watchExpiry();
  }

  watchExpiry(): void {
    if (this.record.expires === null || !this.leads || this.expiry !== null) return;
    const now = this.host.now();
    this.expiry = this.host.setTimer(now + TICK - ((now - this.ledAt) % TICK), 'expire', this.record);
  }

  // What its replica asks.

  /** The channels that have commands in the leader's log; of a stream also those that read, which no log says. */
  get channels(): Iterable<ChannelKey> {
    if (this.record.type !== 'stream') return this.logOrders.keys();
    const readers = this.machine.info().consumers.map(({ channel }) => channel);
    return new Set([...this.logOrders.keys(), ...readers]);
  }

  /** a command that is sent again is taken once. */
  isNext(channel: ChannelKey, order: number): boolean {
    const last = this.logOrders.get(channel) ?? 0;
    if (order === last + 1) {
      this.logOrders.set(channel, order);
      if (last === 0 && this.blocked)
        this.tell(channel, { type: 'block', queue: this.record.name, blocked: true });
      return true;
    }
    const done = this.orders.get(channel) ?? 0;
    if (order <= done) this.tell(channel, { type: 'applied', queue: this.record.name, order: done });
    return false;
  }

  /** Of a stream: what is between a reader and this replica. */
  read(command: QueueCommand): void {
    this.tells = this.traces = true;
    this.index = this.applied;
    this.perform(command, this.host.now());
  }

  /** A channel is told what it is owed as soon as all is applied that is in the log now. */
  attach(channel: ChannelKey, tags: readonly string[], held: readonly number[]): void {
    this.attachments.push({ index: this.raft.log.lastIndex, channel, tags, held: new Set(held) });
  }

  refuse(channel: ChannelKey | null, error: unknown): void {
    if (!(error instanceof AmqpError) || channel === null) throw error;
    this.tell(channel, { type: 'refused', queue: this.record.name, code: error.code, text: error.text });
  }

  tell(channel: ChannelKey, event: ToChannel): void {
    this.host.toChannel(channel, event, this.index, this.raft.term);
  }

  // What is committed is applied.

  /** Applies entries of the log up to one of them. */
  applyUpTo(until: number): Applied {
    const told = new Map<ChannelKey, number>();
    this.given = 0;
    let position = -1;
    while (this.applied < until && !this.ended) {
      const entry = this.raft.log.at(++this.applied)!;
      if (entry.position >= 0) position = entry.position;
      this.apply(entry, this.applied, told);
    }
    return { told, given: this.given, position };
  }

  private apply(
    { command, channel, order, at, position }: Entry,
    index: number,
    told: Map<ChannelKey, number>,
  ): void {
    this.index = index;
    this.tells = this.leads;
    this.traces = this.tells && index > this.record.tracedTo;
    if (this.tells) this.record.tracedTo = Math.max(this.record.tracedTo, index);
    if (position >= 0) this.nextPosition = position + 1;
    if (command === null) {
      if (this.leads) this.machine.lead(this.raft.term, at, this);
      return;
    }
    this.perform(command, at);
    if (channel !== null) {
      this.orders.set(channel, order);
      if (this.tells) told.set(channel, order);
    }
    // a channel on a lost node may come back; one that has ended does not.
    if (command.type === 'channel-down' && command.why !== 'node-down') {
      this.orders.delete(command.channel);
      this.logOrders.delete(command.channel);
    }
  }

  /** The same on every replica; only a leader's effects reach anybody. */
  private perform(command: QueueCommand, at: Micros): void {
    const { name: queue } = this.record;
    if ('channel' in command && command.type !== 'purge') this.usedAt = at;
    try {
      switch (command.type) {
        case 'consume': {
          const { channel, tag } = command.subscription;
          // A channel that does not know whether it was heard says it again.
          const known = this.machine
            .info()
            .consumers.some((one) => one.channel === channel && one.tag === tag);
          if (!known) this.machine.apply(command, at, this);
          if (this.tells) this.tell(channel, { type: 'consuming', queue, tag });
          return;
        }
        case 'cancel':
          this.machine.apply(command, at, this);
          if (this.tells) this.tell(command.channel, { type: 'cancelled', queue, tag: command.tag });
          return;
        default:
          this.machine.apply(command, at, this);
      }
    } catch (error) {
      if (this.tells) this.refuse(channelOf(command), error);
      else if (!(error instanceof AmqpError)) throw error;
    }
  }

  /** Channels that may have missed something are told of all that they are owed. */
  tellOwed(): void {
    if (this.attachments.length === 0) return;
    const ready = this.attachments.filter(({ index }) => index <= this.applied);
    if (ready.length === 0 || !this.leads) return;
    this.attachments = this.attachments.filter(({ index }) => index > this.applied);
    const { machine } = this;
    if (!(machine instanceof QuorumFifo)) return;
    this.index = this.applied;
    for (const { channel, tags, held } of ready) {
      const consumers = machine.info().consumers.filter((one) => one.channel === channel);
      for (const { tag, client, ackRequired, prefetch, priority } of consumers) {
        if (!tags.includes(tag)) continue;
        const to = {
          channel,
          tag,
          client,
          noAck: !ackRequired,
          exclusive: false,
          priority,
          prefetch,
          offset: null,
        };
        for (const delivery of machine.owedTo(channel, tag))
          if (!held.has(delivery.position))
            this.tell(channel, { type: 'owed', queue: this.record.name, to, delivery });
      }
    }
  }

  /** What every replica has in the end. */
  state(): unknown {
    const { ready, unacknowledged, held, readyBytes } = this.machine.info();
    const reading = this.record.type === 'quorum' ? unacknowledged : 0;
    return {
      applied: this.applied,
      term: this.raft.term,
      ready,
      reading,
      held,
      readyBytes,
      next: this.nextPosition,
    };
  }

  install(state: unknown, index: number): void {
    const { machine, orders, nextPosition, usedAt } = deepClone(state as State);
    this.machine = machine;
    this.orders = orders;
    this.nextPosition = nextPosition;
    this.usedAt = usedAt;
    this.applied = index;
    this.forgetReaders();
  }

  snapshot(): { readonly state: unknown; readonly index: number } {
    const { machine, orders, nextPosition, usedAt } = this;
    const state: State = deepClone({ machine, orders, nextPosition, usedAt });
    return { state, index: this.applied };
  }

  // What the machine asks for.

  get isSilent(): boolean {
    return !this.tells;
  }

  deliver(to: Subscription, delivery: QueueDelivery): void {
    if (!this.tells) return;
    this.given++;
    this.tell(to.channel, { type: 'deliver', queue: this.record.name, to, delivery });
  }

  got(channel: ChannelKey, delivery: QueueDelivery | null, left: number): void {
    if (this.tells) this.tell(channel, { type: 'got', queue: this.record.name, delivery, left });
  }

  purged(channel: ChannelKey, messages: number): void {
    if (this.tells) this.tell(channel, { type: 'purged', queue: this.record.name, messages });
  }

  confirmed(_publish: PublishKey): void {
    // That a channel's command is applied says so.
  }

  rejected(publish: PublishKey): void {
    if (this.tells) this.tell(publish.channel, { type: 'rejected', queue: this.record.name, publish });
  }

  store(_position: number, _bytes: number): void {
    // The log is on the disk before anything of it is applied.
  }

  hasExchange(name: string): boolean {
    return this.host.cluster.definitions.exchange(name) !== undefined;
  }

  deadLetter(message: Message, reason: DeathReason, position: number | null, held: boolean): void {
    if (this.tells && (held || this.traces))
      this.host.deadLetter(this.record, message, reason, position, held);
  }

  hasRoom(_subscription: Subscription): boolean {
    return true;
  }

  wakeAt(at: Micros | null): void {
    if (this.tick !== null) this.host.cancelTimer(this.tick);
    this.tick = at === null || !this.leads ? null : this.host.setTimer(at, 'tick', this.record);
  }

  blockPublishers(blocked: boolean): void {
    this.blocked = blocked;
    if (!this.tells) return;
    for (const channel of this.orders.keys())
      this.tell(channel, { type: 'block', queue: this.record.name, blocked });
  }

  trace(event: Emission): void {
    // What is appended, the leader's log has said.
    if (!this.traces || event.kind === 'appended') return;
    const { id: node } = this.host;
    // A machine that a snapshot brought names the node that made it.
    this.host.trace('node' in event && event.node !== node ? { ...event, node } : event);
  }
}

/** Who a command comes from. */
function channelOf(command: QueueCommand): ChannelKey | null {
  if (command.type === 'consume') return command.subscription.channel;
  return 'channel' in command ? command.channel : null;
}
