/**
 * One replica of a quorum queue or a stream on its node: Raft with the timers and the wire that it needs, an
 * election when the leader is missed, and of the leader the worker that takes commands into the log. What is committed goes
 * to the replica's state machine (state-machine.ts).
 */
import type { Ticket } from '../../../sim/event-queue.ts';
import { fromMs, type Micros } from '../../../sim/time.ts';
import type { MessageId } from '../../../sim/trace.ts';
import type { QueueRecord } from '../cluster-state.ts';
import type { ChannelKey, QueueCommand, QueueMachine } from '../queue.ts';
import type { QueueHost } from '../queue-process.ts';
import type { Ordered, ToQueue } from '../wire.ts';
import { workOf, type Worker } from '../worker.ts';
import type { Entry } from './log.ts';
import { bytesOf, Raft, type RaftEffects, type Rpc } from './raft.ts';
import { StateMachine } from './state-machine.ts';

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
  /** Whether its process has died, or the connection to it is broken: not merely silent. */
  hasLost(node: string): boolean;
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

const NO_MESSAGES: readonly MessageId[] = Object.freeze([]);

export class Replica implements Worker, RaftEffects {
  isBusy = false;
  freeAt = 0;
  readonly record: QueueRecord;
  readonly raft: Raft;
  readonly stateMachine: StateMachine;
  private readonly host: ReplicaHost;
  private waiting: Waiting[] = [];
  private taken = 0;
  private election: Ticket | null = null;
  private newsDue = false;

  constructor(host: ReplicaHost, record: QueueRecord) {
    this.host = host;
    this.record = record;
    this.raft = new Raft(host.id, record.members);
    this.stateMachine = new StateMachine(host, record, this.raft);
  }

  get leads(): boolean {
    return this.raft.role === 'leader';
  }

  get machine(): QueueMachine {
    return this.stateMachine.machine;
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
    this.stateMachine.restart();
    this.watchLeader();
  }

  crash(): void {
    if (this.leads) this.noLeader('its node went down');
    this.raft.crash(this);
    this.waiting = [];
    this.isBusy = false;
    this.freeAt = 0;
    this.taken = 0;
    this.election = null;
    this.newsDue = false;
    this.stateMachine.crash();
  }

  /** The queue is deleted. */
  end(): void {
    this.stateMachine.end();
  }

  /** A node that stops in good order has everything on its disk. */
  syncAll(): void {
    this.onWritten(this.raft.log.lastIndex, this.raft.version);
  }

  /** A leader that stops by its own will hands over, if somebody has all that it has. */
  handOver(): void {
    if (this.leads) this.raft.handOver((peer) => this.host.hearsNode(peer), this);
  }

  /** Raft does without a node that is silent. Its consumers keep what they have: it may only be slow. */
  nodeSilent(node: string): void {
    if (this.raft.leader !== node) return;
    this.raft.leader = null;
    this.watchLeader();
  }

  /** R-59, R-64: the connection to a node is gone, and with it what its channels' consumers are to this queue. */
  nodeLost(node: string): void {
    if (!this.leads) return;
    const waits = this.host.cluster.version === '4.3' && this.record.type === 'quorum';
    const delay = waits ? fromMs(DISCONNECTED_MS) : 0;
    this.host.setReplicaTimer(delay, 'disconnected', this.record, node);
  }

  nodeUp(node: string): void {
    this.raft.beat(this, node);
    if (!this.leads) return;
    this.host.tellLeader(node, this.record, this.raft.term);
    this.monitorChannels(node);
  }

  wake(timer: ReplicaTimer, data: unknown): void {
    if (this.stateMachine.ended) return;
    if (timer === 'election') this.stand();
    else if (timer === 'commit-news') {
      this.newsDue = false;
      this.raft.tellCommit(this);
    } else this.disconnected(data as string);
  }

  onRpc(rpc: Rpc, from: string): void {
    if (this.stateMachine.ended) return;
    this.raft.on(rpc, from, this);
    this.applyAll();
  }

  onWritten(upTo: number, version: number): void {
    if (version !== this.raft.version || this.stateMachine.ended) return;
    this.raft.written(upTo, this);
    this.applyAll();
  }

  onTick(): void {
    this.stateMachine.onTick();
    if (this.leads) this.take({ command: { type: 'tick' }, channel: null, order: 0 });
    this.raft.replicate(this);
  }

  onExpiry(): void {
    this.stateMachine.onExpiry();
  }

  configure(): void {
    if (!this.leads) return;
    this.offer({ type: 'configure', settings: this.record.limits }, null);
    this.stateMachine.watchExpiry();
  }

  // The leader takes commands.

  offer(command: ToQueue, _sender: ChannelKey | null): void {
    this.wait({ command, channel: null, order: 0 });
  }

  offerOrdered(channel: ChannelKey, { order, command }: Ordered): void {
    this.wait({ command, channel, order });
  }

  private wait(waiting: Waiting): void {
    if (!this.leads || this.stateMachine.ended) return;
    this.waiting.push(waiting);
    if (!this.isBusy) this.host.schedule(this);
  }

  begin(): number | null {
    if (this.waiting.length === 0 || !this.leads || this.stateMachine.ended) return null;
    this.taken = Math.min(this.waiting.length, BATCH_MAX);
    let work = 0;
    for (let i = 0; i < this.taken; i++) work += workOf(this.waiting[i]!.command);
    return work * this.host.cluster.costs.queueMicros;
  }

  finish(): number {
    const batch = this.waiting.splice(0, this.taken);
    this.taken = 0;
    for (const waiting of batch) if (this.leads && !this.stateMachine.ended) this.take(waiting);
    this.raft.replicate(this);
    return 0;
  }

  private take(waiting: Waiting): void {
    const { command, channel, order } = waiting;
    switch (command.type) {
      case 'stat': {
        const { ready, consumers } = this.machine.info();
        this.stateMachine.tell(command.channel, {
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
      case 'attach':
        this.stateMachine.attach(command.channel, command.tags, command.held);
        this.applyAll();
        return;
      default:
    }
    if (this.record.type === 'stream' && command.type !== 'enqueue' && command.type !== 'configure') {
      this.stateMachine.read(command);
      return;
    }
    if (channel !== null && !this.stateMachine.isNext(channel, order)) return;
    this.append(command, channel, order);
  }

  private append(command: QueueCommand, channel: ChannelKey | null, order: number): void {
    let position = -1;
    if (command.type === 'enqueue') {
      position = this.stateMachine.logPosition++;
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

  private deleteIf(command: Extract<ToQueue, { type: 'delete-if' }>): void {
    const { name: queue } = this.record;
    const { channel, connection, ifUnused, ifEmpty } = command;
    const { ready: messages, consumers } = this.machine.info();
    try {
      const use = { ifUnused, ifEmpty, consumers: consumers.length, messages };
      const removed = this.host.cluster.definitions.deleteQueue(queue, connection, use);
      this.stateMachine.tell(channel, { type: 'deleted', queue, messages });
      this.host.removed(removed);
    } catch (error) {
      this.stateMachine.refuse(channel, error);
    }
  }

  // What is committed is applied.

  private applyAll(): void {
    const { raft, record, host, stateMachine } = this;
    const until = raft.applicable;
    if (stateMachine.applied < until) {
      const { told, given, position } = stateMachine.applyUpTo(until);
      if (this.leads) {
        this.freeAt = Math.max(this.freeAt, host.now()) + given * host.cluster.costs.queueMicros;
        for (const [channel, order] of told)
          stateMachine.tell(channel, { type: 'applied', queue: record.name, order });
        if (position >= 0)
          host.trace({
            kind: 'high-watermark-advanced',
            node: host.id,
            place: record.name,
            position: position + 1,
          });
        this.tellCommitSoon();
      }
      this.cutLog();
    }
    stateMachine.tellOwed();
  }

  /** A log is cut behind what all have; or what a replica that is long away would need, which then gets a snapshot. */
  private cutLog(): void {
    const { log } = this.raft;
    if (log.length < LOG_CUT) return;
    const keep = this.stateMachine.applied - LOG_KEPT;
    const cut = this.leads && log.length < LOG_MAX ? Math.min(keep, this.raft.neededFrom - 1) : keep;
    log.compact(cut);
  }

  // Leaders come and go.

  becameLeader(): void {
    const { raft, record, host, stateMachine } = this;
    this.stopElection();
    stateMachine.lead();
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
    if (isFirst) stateMachine.machine.lead(raft.term, host.now(), stateMachine);
    else {
      raft.append({ command: null, at: host.now(), channel: null, order: 0, position: -1 }, this);
      raft.replicate(this);
    }
    host.announce(record, raft.term);
    for (const node of host.cluster.nodes) {
      if (host.hasLost(node)) this.nodeLost(node);
      else this.monitorChannels(node);
    }
    stateMachine.watchExpiry();
  }

  becameFollower(leader: string | null): void {
    this.waiting = [];
    this.stateMachine.follow();
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

  private watchLeader(): void {
    if (this.election !== null || this.stateMachine.ended) return;
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
    const channels = [...this.stateMachine.channels].filter((channel) => this.host.nodeOf(channel) === node);
    if (channels.length > 0) this.host.monitor(node, this.record, channels);
  }

  /** A node has been away for so long that what its channels' consumers have goes to others. */
  private disconnected(node: string): void {
    if (!this.leads || !this.host.hasLost(node)) return;
    for (const channel of this.stateMachine.channels)
      if (this.host.nodeOf(channel) === node)
        this.offer({ type: 'channel-down', channel, why: 'node-down' }, null);
  }

  private tellCommitSoon(): void {
    if (this.newsDue) return;
    this.newsDue = true;
    this.host.setReplicaTimer(fromMs(COMMIT_NEWS_MS), 'commit-news', this.record, null);
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
    this.stateMachine.install(state, index);
  }

  snapshot(): { readonly state: unknown; readonly index: number } {
    return this.stateMachine.snapshot();
  }

  hearsLeader(): boolean {
    const { leader } = this.raft;
    return leader !== null && this.host.hearsNode(leader);
  }
}
