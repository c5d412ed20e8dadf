/**
 * One replica of a quorum queue or a stream on its node: Raft, the queue's machine that it feeds with what is
 * committed, and of the leader the worker that takes commands and tells channels what comes of them.
 *
 * A quorum queue's every command is replicated. Of a stream only what is published is: reading is between a consumer and
 * the leader, and begins again there when another replica leads.
 */
import { deepClone } from '../../../sim/clone.ts';
import type { Ticket } from '../../../sim/event-queue.ts';
import { fromMs, type Micros } from '../../../sim/time.ts';
import type { Emission, MessageId } from '../../../sim/trace.ts';
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
import type { Ordered, ToQueue } from '../wire.ts';
import { workOf, type Worker } from '../worker.ts';
import type { Entry } from './log.ts';
import { bytesOf, Raft, type RaftEffects, type Rpc } from './raft.ts';

/** Commands of one batch at most. */
const BATCH_MAX = 200;
/** How long after its leader is missed a replica stands for election, and how long until it tries again; milliseconds. */
const ELECTION_MS = { least: 100, most: 500 } as const;
const AGAIN_MS = { least: 500, most: 1500 } as const;
/** How long news of what is committed waits for entries to travel with, milliseconds. */
const COMMIT_NEWS_MS = 5;
/** Entries after which a log is cut, how many stay behind, and when it is cut although a replica still needs them. */
const LOG_CUT = 4096;
const LOG_KEPT = 1024;
const LOG_MAX = 32_768;
/** since 4.3 a consumer on a lost node keeps its messages for so long, milliseconds. */
const DISCONNECTED_MS = 60_000;

/** What a replica needs of its node. */
export interface ReplicaHost extends QueueHost {
  toReplica(node: string, record: QueueRecord, rpc: Rpc, messages: readonly MessageId[], bytes: number): void;
  /** Asks the disk to have the log up to an index, as of {@link Raft.version}. */
  writeLog(record: QueueRecord, upTo: number, bytes: number, version: number): void;
  setReplicaTimer(delay: Micros, timer: ReplicaTimer, record: QueueRecord, data: unknown): Ticket;
  /** A moment from one on to another, drawn; milliseconds. */
  draw(leastMs: number, mostMs: number): Micros;
  /** Whether a node of the cluster is heard from. */
  hearsNode(node: string): boolean;
  /** The cluster is told who leads. */
  announce(record: QueueRecord, term: number): void;
  /** A node that may not have heard is told that this one leads. */
  tellLeader(node: string, record: QueueRecord, term: number): void;
  /** Asks a channel's node which of these channels are gone. */
  monitor(node: string, record: QueueRecord, channels: readonly ChannelKey[]): void;
  nodeOf(channel: ChannelKey): string;
}

export type ReplicaTimer = 'election' | 'commit-news' | 'disconnected';

interface Waiting {
  readonly command: ToQueue;
  /** Of a channel's replicated command, whose and which; else null and 0. */
  readonly channel: ChannelKey | null;
  readonly order: number;
}

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
}

const NO_MESSAGES: readonly MessageId[] = Object.freeze([]);

export class Replica implements Worker, RaftEffects, QueueEffects {
  isBusy = false;
  freeAt = 0;
  readonly record: QueueRecord;
  readonly raft: Raft;
  machine: QuorumFifo | StreamLog;
  private readonly host: ReplicaHost;
  private waiting: Waiting[] = [];
  private taken = 0;
  private given = 0;
  private applied = 0;
  /** Of each channel, the last of its commands that is applied. */
  private orders = new Map<ChannelKey, number>();
  /** The place that the next message gets, as far as what is applied says. */
  private nextPosition = 0;
  /** Of a leader: the same for all that is in its log. */
  private logOrders = new Map<ChannelKey, number>();
  private logPosition = 0;
  /** Which entry is being applied, and whether anybody hears of it. */
  private index = 0;
  private tells = false;
  private traces = false;
  private tick: Ticket | null = null;
  private election: Ticket | null = null;
  private newsDue = false;
  private blocked = false;
  private attachments: Attachment[] = [];
  private usedAt: Micros;
  private ended = false;

  constructor(host: ReplicaHost, record: QueueRecord) {
    this.host = host;
    this.record = record;
    this.raft = new Raft(host.id, record.members);
    this.usedAt = host.now();
    const { name, limits } = record;
    const { version } = host.cluster;
    const options = { name, node: host.id, durable: true, version, limits };
    this.machine = record.type === 'quorum' ? new QuorumFifo(options) : new StreamLog(options);
  }

  get leads(): boolean {
    return this.raft.role === 'leader';
  }

  // Life.

  /** The queue has just been declared: its first member leads. */
  form(): void {
    const [first] = this.record.members;
    if (first === this.host.id) this.raft.lead(this);
    else this.raft.follow(first!);
  }

  /** Its node has come back: it hears from a leader soon, or stands for election. */
  restart(): void {
    this.usedAt = this.host.now();
    this.forgetReaders();
    this.watchLeader();
  }

  crash(): void {
    if (this.leads) this.noLeader('its node went down');
    this.raft.crash(this);
    this.waiting = [];
    this.isBusy = false;
    this.freeAt = 0;
    this.taken = 0;
    this.tick = null;
    this.election = null;
    this.newsDue = false;
    this.attachments = [];
  }

  /** The queue is deleted. */
  end(): void {
    this.tells = this.traces = this.leads;
    this.ended = true;
    this.wakeAt(null);
    this.machine.apply({ type: 'delete' }, this.host.now(), this);
  }

  /** A node that stops in good order has everything on its disk. */
  syncAll(): void {
    this.onWritten(this.raft.log.lastIndex, this.raft.version);
  }

  /** A leader that stops by its own will hands over, if somebody has all that it has. */
  handOver(): void {
    if (this.leads) this.raft.handOver((peer) => this.host.hearsNode(peer), this);
  }

  nodeDown(node: string): void {
    if (this.raft.leader === node) {
      this.raft.leader = null;
      this.watchLeader();
    }
    if (!this.leads) return;
    const delay = this.host.cluster.version === '4.3' ? fromMs(DISCONNECTED_MS) : 0;
    this.host.setReplicaTimer(delay, 'disconnected', this.record, node);
  }

  nodeUp(node: string): void {
    this.raft.beat(this, node);
    if (!this.leads) return;
    this.host.tellLeader(node, this.record, this.raft.term);
    this.monitorChannels(node);
  }

  wake(timer: ReplicaTimer, data: unknown): void {
    if (this.ended) return;
    if (timer === 'election') this.stand();
    else if (timer === 'commit-news') {
      this.newsDue = false;
      this.raft.tellCommit(this);
    } else this.disconnected(data as string);
  }

  onRpc(rpc: Rpc, from: string): void {
    if (this.ended) return;
    this.raft.on(rpc, from, this);
    this.applyAll();
  }

  onWritten(upTo: number, version: number): void {
    if (version !== this.raft.version || this.ended) return;
    this.raft.written(upTo, this);
    this.applyAll();
  }

  onTick(): void {
    this.tick = null;
    if (this.leads) this.take({ command: { type: 'tick' }, channel: null, order: 0 });
    this.raft.replicate(this);
  }

  /** */
  onExpiry(): void {
    const { expires, name } = this.record;
    if (expires === null || this.ended || !this.leads) return;
    const now = this.host.now();
    if (this.machine.info().consumers.length > 0) this.usedAt = now;
    if (now - this.usedAt >= expires) this.host.removed(this.host.cluster.definitions.queueExpired(name));
    else this.watchExpiry();
  }

  configure(): void {
    if (!this.leads) return;
    this.offer({ type: 'configure', settings: this.record.limits }, null);
    this.watchExpiry();
  }

  // The leader takes commands.

  offer(command: ToQueue, _sender: ChannelKey | null): void {
    this.wait({ command, channel: null, order: 0 });
  }

  offerOrdered(channel: ChannelKey, { order, command }: Ordered): void {
    this.wait({ command, channel, order });
  }

  private wait(waiting: Waiting): void {
    if (!this.leads || this.ended) return;
    this.waiting.push(waiting);
    if (!this.isBusy) this.host.schedule(this);
  }

  begin(): number | null {
    if (this.waiting.length === 0 || !this.leads || this.ended) return null;
    this.taken = Math.min(this.waiting.length, BATCH_MAX);
    let work = 0;
    for (let i = 0; i < this.taken; i++) work += workOf(this.waiting[i]!.command);
    return work * this.host.cluster.costs.queueMicros;
  }

  finish(): number {
    const batch = this.waiting.splice(0, this.taken);
    this.taken = 0;
    for (const waiting of batch) if (this.leads && !this.ended) this.take(waiting);
    this.raft.replicate(this);
    return 0;
  }

  private take(waiting: Waiting): void {
    const { command, channel, order } = waiting;
    switch (command.type) {
      case 'stat': {
        this.usedAt = this.host.now();
        const { ready, consumers } = this.machine.info();
        this.tell(command.channel, {
          type: 'stat',
          queue: this.record.name,
          messages: ready,
          consumers: consumers.length,
        });
        return;
      }
      case 'delete-if':
        this.deleteIf(command);
        return;
      case 'attach': {
        const { channel: attached, tags, held } = command;
        this.attachments.push({
          index: this.raft.log.lastIndex,
          channel: attached,
          tags,
          held: new Set(held),
        });
        this.applyAll();
        return;
      }
      case 'get':
        this.usedAt = this.host.now();
        break;
      default:
    }
    if (this.record.type === 'stream' && command.type !== 'enqueue' && command.type !== 'configure') {
      this.read(command);
      return;
    }
    if (channel !== null && !this.isNext(channel, order)) return;
    this.append(command, channel, order);
  }

  /** a command that is sent again is taken once. */
  private isNext(channel: ChannelKey, order: number): boolean {
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

  private append(command: QueueCommand, channel: ChannelKey | null, order: number): void {
    let position = -1;
    if (command.type === 'enqueue') {
      position = this.logPosition++;
      const { id, key } = command.message;
      this.host.trace({
        kind: 'appended',
        node: this.host.id,
        place: this.record.name,
        position,
        message: id,
        key,
        epoch: this.raft.term,
      });
    }
    this.raft.append({ command, at: this.host.now(), channel, order, position }, this);
  }

  /** Of a stream: what is between a reader and this replica. */
  private read(command: QueueCommand): void {
    this.tells = this.traces = true;
    this.index = this.applied;
    this.perform(command, this.host.now());
  }

  private deleteIf(command: Extract<ToQueue, { type: 'delete-if' }>): void {
    const { name: queue } = this.record;
    const { channel, connection, ifUnused, ifEmpty } = command;
    const { ready: messages, consumers } = this.machine.info();
    try {
      const use = { ifUnused, ifEmpty, consumers: consumers.length, messages };
      const removed = this.host.cluster.definitions.deleteQueue(queue, connection, use);
      this.tell(channel, { type: 'deleted', queue, messages });
      this.host.removed(removed);
    } catch (error) {
      this.refuse(channel, error);
    }
  }

  private refuse(channel: ChannelKey | null, error: unknown): void {
    if (!(error instanceof AmqpError) || channel === null) throw error;
    this.tell(channel, { type: 'refused', queue: this.record.name, code: error.code, text: error.text });
  }

  private tell(channel: ChannelKey, event: Parameters<ReplicaHost['toChannel']>[1]): void {
    this.host.toChannel(channel, event, this.index, this.raft.term);
  }

  // What is committed is applied.

  private applyAll(): void {
    const { raft, record } = this;
    const until = raft.applicable;
    if (this.applied < until) {
      const told = new Map<ChannelKey, number>();
      this.given = 0;
      let position = -1;
      while (this.applied < until && !this.ended) {
        const entry = raft.log.at(++this.applied)!;
        if (entry.position >= 0) position = entry.position;
        this.apply(entry, this.applied, told);
      }
      if (this.leads) {
        this.freeAt =
          Math.max(this.freeAt, this.host.now()) + this.given * this.host.cluster.costs.queueMicros;
        for (const [channel, order] of told)
          this.tell(channel, { type: 'applied', queue: record.name, order });
        if (position >= 0)
          this.host.trace({
            kind: 'high-watermark-advanced',
            node: this.host.id,
            place: record.name,
            position: position + 1,
          });
        this.tellCommitSoon();
      }
      this.cutLog();
    }
    if (this.attachments.length > 0) this.attach();
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
          this.watchExpiry();
          return;
        case 'channel-down':
          this.machine.apply(command, at, this);
          this.watchExpiry();
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
  private attach(): void {
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

  /** A log is cut behind what all have; or what a replica that is long away would need, which then gets a snapshot. */
  private cutLog(): void {
    const { log } = this.raft;
    if (log.length < LOG_CUT) return;
    const keep = this.applied - LOG_KEPT;
    const cut = this.leads && log.length < LOG_MAX ? Math.min(keep, this.raft.neededFrom - 1) : keep;
    log.compact(cut);
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

  // Leaders come and go.

  becameLeader(): void {
    const { raft, record, host } = this;
    this.stopElection();
    this.logOrders = new Map(this.orders);
    this.logPosition = this.nextPosition;
    for (let index = this.applied + 1; index <= raft.log.lastIndex; index++) {
      const { channel, order, position } = raft.log.at(index)!;
      if (channel !== null) this.logOrders.set(channel, order);
      if (position >= 0) this.logPosition = position + 1;
    }
    const isFirst = raft.log.lastIndex === 0;
    record.leader = host.id;
    host.trace({
      kind: 'leader-elected',
      place: record.name,
      node: host.id,
      epoch: raft.term,
      clean: true,
      why: isFirst ? 'it was declared there' : 'a majority voted for it',
    });
    if (isFirst) this.machine.lead(raft.term, host.now(), this);
    else {
      raft.append({ command: null, at: host.now(), channel: null, order: 0, position: -1 }, this);
      raft.replicate(this);
    }
    host.announce(record, raft.term);
    for (const node of host.cluster.nodes) {
      if (host.hearsNode(node)) this.monitorChannels(node);
      else
        host.setReplicaTimer(
          host.cluster.version === '4.3' ? fromMs(DISCONNECTED_MS) : 0,
          'disconnected',
          record,
          node,
        );
    }
    this.watchExpiry();
  }

  becameFollower(leader: string | null): void {
    this.wakeAt(null);
    this.waiting = [];
    this.attachments = [];
    this.forgetReaders();
    if (this.record.leader === this.host.id) this.noLeader('another term has begun');
    if (leader === null) this.watchLeader();
    else this.stopElection();
  }

  private noLeader(why: string): void {
    this.record.leader = null;
    this.host.trace({
      kind: 'leader-elected',
      place: this.record.name,
      node: null,
      epoch: this.raft.term,
      clean: true,
      why,
    });
  }

  /** A stream's readers are the leader's alone. */
  private forgetReaders(): void {
    if (this.record.type !== 'stream') return;
    this.tells = this.traces = false;
    for (const { channel } of this.machine.info().consumers)
      this.machine.apply({ type: 'channel-down', channel, why: 'channel-down' }, this.host.now(), this);
  }

  private watchLeader(): void {
    if (this.election !== null || this.ended) return;
    const delay = this.host.draw(ELECTION_MS.least, ELECTION_MS.most);
    this.election = this.host.setReplicaTimer(delay, 'election', this.record, null);
  }

  private stopElection(): void {
    if (this.election !== null) this.host.cancelTimer(this.election);
    this.election = null;
  }

  private stand(): void {
    this.election = null;
    if (this.leads || this.raft.leader !== null) return;
    const delay = this.host.draw(AGAIN_MS.least, AGAIN_MS.most);
    this.election = this.host.setReplicaTimer(delay, 'election', this.record, null);
    this.raft.stand(this);
  }

  private monitorChannels(node: string): void {
    const channels = [...this.logOrders.keys()].filter((channel) => this.host.nodeOf(channel) === node);
    if (channels.length > 0) this.host.monitor(node, this.record, channels);
  }

  /** A node has been away for so long that what its channels' consumers have goes to others. */
  private disconnected(node: string): void {
    if (!this.leads || this.host.hearsNode(node)) return;
    for (const channel of this.logOrders.keys())
      if (this.host.nodeOf(channel) === node)
        this.offer({ type: 'channel-down', channel, why: 'node-down' }, null);
  }

  private tellCommitSoon(): void {
    if (this.newsDue) return;
    this.newsDue = true;
    this.host.setReplicaTimer(fromMs(COMMIT_NEWS_MS), 'commit-news', this.record, null);
  }

  private watchExpiry(): void {
    const { expires } = this.record;
    if (expires === null || !this.leads) return;
    this.usedAt = this.host.now();
    this.host.setTimer(this.usedAt + expires, 'expire', this.record);
  }

  // What Raft asks for.

  send(to: string, rpc: Rpc): void {
    const entries = rpc.rpc === 'append' ? rpc.entries : [];
    let messages: MessageId[] | null = null;
    for (const { command } of entries) {
      if (command?.type !== 'enqueue') continue;
      if (messages) messages.push(command.message.id);
      else messages = [command.message.id];
    }
    this.host.toReplica(to, this.record, rpc, messages ?? NO_MESSAGES, bytesOf(entries));
  }

  write(index: number, bytes: number): void {
    this.host.writeLog(this.record, index, bytes, this.raft.version);
  }

  truncated(entries: readonly Entry[], _from: number): void {
    const lost = entries.filter(({ position }) => position >= 0);
    if (lost.length === 0) return;
    this.host.trace({
      kind: 'truncated',
      node: this.host.id,
      place: this.record.name,
      position: lost[0]!.position,
      messages: lost.flatMap(({ command }) => (command?.type === 'enqueue' ? [command.message.id] : [])),
      why:
        this.raft.leader === null
          ? 'they were not on its disk'
          : `${this.raft.leader} leads, and does not have them`,
    });
  }

  received(_from: number, entries: readonly Entry[]): void {
    const { id: node } = this.host;
    const { name: place } = this.record;
    for (const { position } of entries)
      if (position >= 0) this.host.trace({ kind: 'replicated', node, place, position });
  }

  install(state: unknown, index: number): void {
    const { machine, orders, nextPosition } = deepClone(state as State);
    this.machine = machine;
    this.orders = orders;
    this.nextPosition = nextPosition;
    this.applied = index;
    this.forgetReaders();
  }

  snapshot(): { readonly state: unknown; readonly index: number } {
    const { machine, orders, nextPosition } = this;
    const state: State = deepClone({ machine, orders, nextPosition });
    return { state, index: this.applied };
  }

  hearsLeader(): boolean {
    const { leader } = this.raft;
    return leader !== null && this.host.hearsNode(leader);
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
