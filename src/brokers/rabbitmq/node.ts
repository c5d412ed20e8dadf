/**
 * A RabbitMQ node's process: connections and channels, the queues that live here, its disk and its wire. What happens in one
 * handler goes out at its end, to each peer as one message.
 */
import { assert } from '../../sim/errors.ts';
import type { Ticket } from '../../sim/event-queue.ts';
import type { Actor, Port } from '../../sim/kernel.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { Emission, MessageId } from '../../sim/trace.ts';
import { Administration, type AdministrationHost } from './administration.ts';
import { AmqpError } from './amqp-error.ts';
import type { Channel } from './channel.ts';
import type { ChannelHost, ChannelParts } from './channel-host.ts';
import type { ChannelWorker } from './connection.ts';
import { ClientsSide, type ClientsHost } from './clients-side.ts';
import type { ClusterState, QueueRecord } from './cluster-state.ts';
import type { ServerConfig } from './config.ts';
import { DeadLetters, SETTLE_TIMEOUT_MICROS, type DeadLetterHost } from './dead-letters.ts';
import type { Removed } from './definitions.ts';
import { Disk } from './disk.ts';
import { answerTool, isToolCall, type NodeInsides } from './management.ts';
import type { DeathReason, Message } from './message.ts';
import { Outbox, type AnySocket, type Sending } from './outbox.ts';
import { BEAT_MS, Peers } from './peers.ts';
import type { Rpc } from './replication/raft.ts';
import { Replica, type ReplicaHost, type ReplicaTimer } from './replication/replica.ts';
import type { ClientFrame, Frames, ServerFrame } from './protocol.ts';
import { QueueProcess } from './queue-process.ts';
import type { ChannelKey, QueueMachine } from './queue.ts';
import { ClassicQueue } from './queues/classic.ts';
import type { NodeFrame, NodeFrames, Notice, Ordered, ToChannel, ToQueue } from './wire.ts';
import { Workplace, type Worker } from './worker.ts';

/** How long a node that stops waits for others to lead its queues, and how often it looks. */
const LEAVE_MS = 2000;
const LEAVE_CHECK_MS = 50;
/** How often a node looks at its memory (vm_memory_monitor). */
const MEMORY_CHECK_MS = 2500;

interface Leader {
  readonly incarnation: number;
  readonly node: string;
  readonly term: number;
}

export class RabbitNode
  implements Actor, ClientsHost, ChannelHost, ReplicaHost, AdministrationHost, DeadLetterHost
{
  readonly id: string;
  /** what a client has sent is published, also when it has given up its connection. */
  readonly readsWhatArrived = true;
  readonly cluster: ClusterState;
  readonly admin: Administration;
  private readonly port: Port;
  readonly outbox: Outbox;
  private readonly disk: Disk;
  private readonly workplace: Workplace;
  private readonly clients: ClientsSide;
  private readonly peers: Peers;
  private queues = new Map<string, QueueProcess>();
  private letters = new Map<ChannelKey, DeadLetters>();
  /** Channels that have something to tell their publishers. */
  private news: ChannelParts[] = [];
  /** On disk: a crash leaves them. */
  private readonly replicas = new Map<string, Replica>();
  /** Who leads a replicated queue, as far as this node has heard. */
  private leaders = new Map<string, Leader>();
  /** Queues that a crash left on the disk. */
  private kept = new Map<string, QueueProcess>();
  private lives = 0;
  private stopped = false;

  constructor(port: Port, cluster: ClusterState) {
    this.id = port.id;
    this.port = port;
    this.cluster = cluster;
    this.admin = new Administration(this);
    this.outbox = new Outbox(port, cluster.costs.networkBytesPerSecond);
    this.disk = new Disk(cluster.costs);
    this.workplace = new Workplace(this);
    this.clients = new ClientsSide(this);
    this.peers = new Peers(this);
  }

  get config(): ServerConfig {
    return this.cluster.config;
  }

  /** the store that all share takes changes where most of its nodes are. */
  get mayDeclare(): boolean {
    return this.peers.hearsMost;
  }

  // Life.

  start(): void {
    this.lives++;
    this.cluster.running.add(this.id);
    const { nodes, running } = this.cluster;
    this.peers.start(this.lives > 1 ? nodes.filter((node) => !running.has(node)) : []);
    this.leaders.clear();
    for (const record of this.cluster.queues.values()) this.find(record);
    this.kept.clear();
    this.stopped = false;
    if (this.lives > 1) this.peers.tellAll({ type: 'alive' });
    if (this.cluster.nodes.length > 1) this.port.timer(fromMs(BEAT_MS), 'beat');
    this.watchMemory();
    this.flush();
  }

  /** A queue that is there when the node starts. */
  private find(record: QueueRecord): void {
    const { name, members, replicated } = record;
    if (!replicated) {
      const kept = this.kept.get(name);
      if (members[0] === this.id) this.host(record, kept?.record === record ? kept.machine : null);
      return;
    }
    const isNew = this.lives === 1 && record.leader === null;
    if (isNew) this.leaders.set(name, { incarnation: record.incarnation, node: members[0]!, term: 1 });
    else if (record.leader !== null)
      this.leaders.set(name, { incarnation: record.incarnation, node: record.leader, term: 0 });
    if (!members.includes(this.id)) return;
    const known = this.replicaOf(record);
    if (known) known.restart();
    else if (this.lives === 1) this.addReplica(record).form();
    else this.addReplica(record).restart();
  }

  receive(message: unknown, from: string): void {
    if (this.cluster.nodes.includes(from)) {
      this.peers.heard(from);
      for (const frame of (message as NodeFrames).nodeFrames) this.onNodeFrame(frame, from);
    } else if (isToolCall(message)) {
      this.port.send(from, answerTool(this.insides, message), { what: 'reply' });
    } else this.clients.receive(from, (message as Frames<ClientFrame>).frames);
    this.flush();
  }

  /** What its tools may look into. */
  private get insides(): NodeInsides {
    const leads = [...this.replicas.values()].filter((replica) => replica.leads);
    return {
      id: this.id,
      cluster: this.cluster,
      admin: this.admin,
      hearsNode: (node) => this.hearsNode(node),
      connections: this.clients.allConnections(),
      channels: this.clients.allChannels(),
      machines: [...this.queues.values(), ...leads].map(({ record, machine }) => [record.name, machine]),
    };
  }

  wake(timer: string, data: unknown): void {
    switch (timer) {
      case 'work':
      case 'done':
        this.workplace.wake(timer, data as Worker);
        break;
      case 'socket':
        this.outbox.due(data as AnySocket);
        break;
      case 'carried':
        this.outbox.sent(data as Sending);
        break;
      case 'written':
        this.written();
        break;
      case 'tick':
        this.queueOf(data as QueueRecord)?.onTick();
        break;
      case 'expire':
        this.queueOf(data as QueueRecord)?.onExpiry();
        break;
      case 'replica': {
        const { timer: of, record, data: more } = data as ReplicaWake;
        this.replicaOf(record)?.wake(of, more);
        break;
      }
      case 'beat':
        this.port.timer(fromMs(BEAT_MS), 'beat');
        this.peers.beat();
        for (const { channel } of this.clients.allChannels()) channel.retry();
        break;
      case 'leave':
        this.leave(data as Micros);
        return;
      case 'call': {
        const { channel, call } = data as { channel: Channel; call: number };
        channel.callTimedOut(call);
        break;
      }
      case 'channel-tick':
        this.clients.tick(data as ChannelWorker);
        break;
      case 'letters':
        (data as DeadLetters).retry();
        break;
      case 'memory':
        this.checkMemory();
        break;
      default:
        assert(false, `${this.id} has no timer ${timer}`);
    }
    this.flush();
  }

  /** what its disk has is kept; what it does not have, and queues that are not durable, are gone. */
  crash(): void {
    this.cluster.running.delete(this.id);
    this.cluster.alarms.delete(this.id);
    for (const replica of this.replicas.values()) replica.crash();
    for (const process of this.queues.values()) {
      const { record } = process;
      if (record.definition.durable) this.kept.set(record.name, process);
      else process.lostWithNode();
    }
    const { definitions } = this.cluster;
    const removed =
      this.cluster.running.size > 0
        ? definitions.nodeStopped(this.cluster.numberOf(this.id))
        : definitions.allStopped();
    this.cluster.traceRemoved(this.id, removed, (event) => {
      this.trace(event);
    });
    this.cluster.forget(removed);
    this.clients.reset();
    this.queues = new Map();
    this.letters = new Map();
    this.news = [];
    this.outbox.reset();
    this.disk.reset();
    this.workplace.reset();
  }

  disconnected(peer: string): void {
    this.outbox.forget(peer);
    if (this.cluster.nodes.includes(peer)) this.peers.lost(peer);
    else this.clients.end(peer);
    this.flush();
  }

  // Operators.

  /** What an operator does here, and all that comes of it. */
  administrate<T>(work: (admin: Administration) => T): T {
    const result = work(this.admin);
    this.flush();
    return result;
  }

  deleteQueue(record: QueueRecord): void {
    this.removed(this.cluster.definitions.deleteQueue(record.name, null));
    this.flush();
  }

  purgeQueue(record: QueueRecord): void {
    this.queueOf(record)?.offer({ type: 'purge', channel: `${this.id}/operator` }, null);
    this.flush();
  }

  /** Stops in good order: others come to lead what it leads, its disk gets all that it is to have, and it leaves. */
  stop(): void {
    this.clients.closeAll(new AmqpError(320, "broker forced connection closure with reason 'shutdown'"));
    this.flush();
    this.leave(this.now() + fromMs(LEAVE_MS));
  }

  private leave(latest: Micros): void {
    const leads = [...this.replicas.values()].some(
      (replica) => replica.leads && replica.record.members.length > 1,
    );
    if (leads && this.now() < latest) {
      for (const replica of this.replicas.values()) replica.handOver();
      this.flush();
      this.port.timer(fromMs(LEAVE_CHECK_MS), 'leave', latest);
      return;
    }
    for (const process of this.queues.values()) process.syncAll();
    for (const replica of this.replicas.values()) replica.syncAll();
    this.flush();
    this.outbox.flushAll();
    this.stopped = true;
    this.crash();
    this.trace({ kind: 'node-stopped', node: this.id });
    this.port.exit();
  }

  // What channels and queues ask.

  now(): Micros {
    return this.port.now();
  }

  trace(event: Emission): void {
    this.port.emit(event);
  }

  timer(delay: Micros, timer: 'call' | 'channel-tick', data: unknown): void {
    this.port.timer(delay, timer, data);
  }

  hasNews(channel: ChannelParts): void {
    if (!this.news.includes(channel)) this.news.push(channel);
  }

  noNews(channel: ChannelParts): void {
    this.news = this.news.filter((one) => one !== channel);
  }

  reply(channel: ChannelParts, frame: ServerFrame, message?: MessageId): void {
    this.clients.reply(channel, frame, message);
  }

  stateChanged(channel: ChannelParts): void {
    this.clients.stateChanged(channel);
  }

  callTimer(channel: ChannelParts, call: number, delay: Micros): void {
    this.clients.callTimer(channel, call, delay);
  }

  fail(channel: ChannelParts, error: AmqpError): void {
    this.clients.fail(channel, error);
  }

  close(channel: ChannelParts): void {
    this.clients.close(channel);
  }

  hasUnacked(channel: ChannelParts): void {
    this.clients.hasUnacked(channel);
  }

  isReachable({ members, replicated }: QueueRecord): boolean {
    return replicated || members[0] === this.id || !this.peers.isDown(members[0]!);
  }

  toQueue(record: QueueRecord, sender: ChannelKey, command: ToQueue): void {
    const home = record.replicated ? this.leaderOf(record) : record.members[0]!;
    if (home === this.id) {
      this.queueOf(record)?.offer(command, sender);
      return;
    }
    if (home === null || this.peers.isDown(home)) return;
    const { name: queue, incarnation } = record;
    const enqueued = command.type === 'enqueue' ? command.message : null;
    this.outbox.toNode(
      home,
      { to: 'queue', queue, incarnation, sender, command },
      command.type,
      enqueued?.id ?? null,
      enqueued?.bytes ?? 0,
    );
  }

  toLeader(record: QueueRecord, channel: ChannelKey, ordered: Ordered): void {
    const leader = this.leaderOf(record);
    if (leader === this.id) {
      this.replicaOf(record)?.offerOrdered(channel, ordered);
      return;
    }
    if (leader === null || this.peers.isDown(leader)) return;
    const { name: queue, incarnation } = record;
    const { command } = ordered;
    const enqueued = command.type === 'enqueue' ? command.message : null;
    this.outbox.toNode(
      leader,
      { to: 'leader', queue, incarnation, channel, ordered },
      command.type,
      enqueued?.id ?? null,
      enqueued?.bytes ?? 0,
    );
  }

  /** @returns what this node's replica of a queue has applied, for comparison with the others' */
  replica(name: string): unknown {
    return this.replicas.get(name)?.state();
  }

  private leaderOf({ name, incarnation }: QueueRecord): string | null {
    const known = this.leaders.get(name);
    return known?.incarnation === incarnation ? known.node : null;
  }

  // What queues ask.

  toChannel(channel: ChannelKey, event: ToChannel, index = 0, term = 0): void {
    const here = this.clients.channel(channel);
    if (here) {
      here.on(event, index, term);
      return;
    }
    const letters = this.letters.get(channel);
    if (letters) {
      letters.on(event);
      return;
    }
    const node = nodeOf(channel);
    if (node === this.id || this.peers.isDown(node)) return;
    const message =
      event.type === 'deliver' || event.type === 'got' ? (event.delivery?.message ?? null) : null;
    this.outbox.toNode(
      node,
      { to: 'channel', channel, event, index, term },
      event.type,
      message?.id ?? null,
      message?.bytes ?? 0,
    );
  }

  write(record: QueueRecord, upTo: number, bytes: number): void {
    this.writeLog(record, upTo, bytes, 0);
  }

  writeLog({ name, incarnation }: QueueRecord, upTo: number, bytes: number, version: number): void {
    this.disk.write({ queue: name, incarnation, upTo, version }, bytes);
    this.beginWrite();
  }

  private beginWrite(): void {
    if (this.disk.isBusy || !this.disk.hasWaiting) return;
    this.port.timer(this.disk.begin(this.port.slowness()), 'written');
  }

  private written(): void {
    for (const { queue, incarnation, upTo, version } of this.disk.end()) {
      const process = this.queues.get(queue);
      if (process?.record.incarnation === incarnation) process.synced(upTo);
      const replica = this.replicas.get(queue);
      if (replica?.record.incarnation === incarnation) replica.onWritten(upTo, version);
    }
    this.beginWrite();
  }

  setTimer(at: Micros, timer: 'tick' | 'expire', queue: QueueRecord): Ticket {
    return this.port.timer(Math.max(0, at - this.now()), timer, queue);
  }

  cancelTimer(ticket: Ticket): void {
    this.port.cancel(ticket);
  }

  schedule(worker: Worker): void {
    this.workplace.schedule(worker);
  }

  slowness(): number {
    return this.port.slowness();
  }

  workTimer(delay: Micros, timer: 'work' | 'done', worker: Worker): void {
    this.port.timer(delay, timer, worker);
  }

  deadLetter(
    from: QueueRecord,
    message: Message,
    reason: DeathReason,
    position: number | null,
    held: boolean,
  ): void {
    const key = DeadLetters.keyOf(this.id, from);
    let letters = this.letters.get(key);
    if (!letters) this.letters.set(key, (letters = new DeadLetters(this, from)));
    letters.publish(message, reason, position, held);
  }

  retryTimer(letters: DeadLetters): void {
    this.port.timer(SETTLE_TIMEOUT_MICROS, 'letters', letters);
  }

  letterConfirmed(from: QueueRecord, position: number): void {
    this.replicaOf(from)?.offer({ type: 'dead-letter-confirmed', position }, null);
  }

  // What replicas ask.

  toReplica(
    node: string,
    { name: queue, incarnation }: QueueRecord,
    rpc: Rpc,
    messages: readonly MessageId[],
    bytes: number,
  ): void {
    if (this.peers.isDown(node)) return;
    this.outbox.toNode(node, { to: 'replica', queue, incarnation, rpc }, rpc.rpc, null, bytes);
    this.outbox.carries(node, messages);
  }

  setReplicaTimer(delay: Micros, timer: ReplicaTimer, record: QueueRecord, data: unknown): Ticket {
    return this.port.timer(delay, 'replica', { timer, record, data } satisfies ReplicaWake);
  }

  draw(leastMs: number, mostMs: number): Micros {
    return fromMs(this.port.random.between(leastMs, mostMs));
  }

  hearsNode(node: string): boolean {
    return this.peers.hears(node);
  }

  announce(record: QueueRecord, term: number): void {
    const { name: queue, incarnation } = record;
    this.leaders.set(queue, { incarnation, node: this.id, term });
    // When a run begins, every node knows who leads what is declared.
    if (this.now() > 0) this.peers.tellAll({ type: 'leader', queue, incarnation, leader: this.id, term });
    this.leaderChanged(record);
  }

  monitor(node: string, { name: queue, incarnation }: QueueRecord, channels: readonly ChannelKey[]): void {
    const notice: Notice = { type: 'monitor', queue, incarnation, channels };
    if (node === this.id) this.onNotice(notice);
    else this.outbox.toNode(node, { to: 'node', notice }, 'monitor', null, 0);
  }

  nodeOf(channel: ChannelKey): string {
    return nodeOf(channel);
  }

  tellLeader(node: string, { name: queue, incarnation }: QueueRecord, term: number): void {
    const notice: Notice = { type: 'leader', queue, incarnation, leader: this.id, term };
    this.outbox.toNode(node, { to: 'node', notice }, 'leader', null, 0);
  }

  /** Who asks the wrong node is told who leads, if that is known here. */
  private redirect({ name: queue, incarnation }: QueueRecord, from: string): void {
    const known = this.leaders.get(queue);
    if (known?.incarnation !== incarnation || known.node === this.id) return;
    const notice: Notice = { type: 'leader', queue, incarnation, leader: known.node, term: known.term };
    this.outbox.toNode(from, { to: 'node', notice }, 'leader', null, 0);
  }

  private leaderChanged(record: QueueRecord): void {
    for (const { channel } of this.clients.allChannels()) channel.leaderChanged(record);
    for (const letters of this.letters.values()) letters.leaderChanged(record);
  }

  // Queues come and go.

  queueCreated(record: QueueRecord): void {
    // What is there when a run begins, a node finds when it starts.
    if (!this.cluster.running.has(this.id)) return;
    if (!record.replicated) {
      this.host(record, null);
      return;
    }
    this.addReplica(record).form();
    this.peers.tellAll({ type: 'queue-declared', queue: record.name, incarnation: record.incarnation });
  }

  queuesConfigured(records: readonly QueueRecord[]): void {
    for (const record of records) {
      const home = this.cluster.homeOf(record);
      if (home === this.id) this.queueOf(record)?.configure();
      else if (home !== null && !this.peers.isDown(home))
        this.outbox.toNode(
          home,
          { to: 'node', notice: { type: 'configured', queue: record.name } },
          'configured',
          null,
          0,
        );
    }
  }

  removed(removed: Removed): void {
    this.cluster.traceRemoved(this.id, removed, (event) => {
      this.trace(event);
    });
    for (const record of this.cluster.forget(removed)) {
      this.queueGone(record);
      this.peers.tellAll({ type: 'queue-deleted', queue: record.name, incarnation: record.incarnation });
    }
  }

  private queueGone(record: QueueRecord): void {
    const process = this.processOf(record);
    if (process) {
      this.queues.delete(record.name);
      process.ended();
    }
    this.replicaOf(record)?.end();
    this.replicas.delete(record.name);
    this.lost(record.name, record.incarnation, true);
  }

  /** Channels hear that a queue is deleted, or that its node is down. */
  private lost(queue: string, incarnation: number, deleted: boolean): void {
    for (const { channel } of this.clients.allChannels()) channel.queueGone(queue, incarnation, deleted);
    for (const letters of this.letters.values()) letters.queueGone(queue, incarnation);
  }

  private host(record: QueueRecord, machine: QueueMachine | null): void {
    const { name, limits, definition } = record;
    const { version } = this.cluster;
    const { durable } = definition;
    const kept = machine ?? new ClassicQueue({ name, node: this.id, durable, version, limits });
    const process = new QueueProcess(this, record, kept);
    this.queues.set(name, process);
    if (kept instanceof ClassicQueue && machine !== null) kept.restart(this.now(), !this.stopped, process);
  }

  private addReplica(record: QueueRecord): Replica {
    const replica = new Replica(this, record);
    this.replicas.set(record.name, replica);
    return replica;
  }

  private replicaOf(record: QueueRecord): Replica | undefined {
    const replica = this.replicas.get(record.name);
    return replica?.record === record ? replica : undefined;
  }

  /** The queue's process here: its own, or a replica. */
  private queueOf(record: QueueRecord): QueueProcess | Replica | undefined {
    return record.replicated ? this.replicaOf(record) : this.processOf(record);
  }

  private processOf(record: QueueRecord): QueueProcess | undefined {
    const process = this.queues.get(record.name);
    return process?.record === record ? process : undefined;
  }

  // Other nodes.

  private onNodeFrame(frame: NodeFrame, from: string): void {
    switch (frame.to) {
      case 'channel':
        this.toChannel(frame.channel, frame.event, frame.index, frame.term);
        return;
      case 'queue': {
        const process = this.queues.get(frame.queue) ?? this.replicas.get(frame.queue);
        if (process?.record.incarnation !== frame.incarnation) return;
        if (process instanceof Replica && !process.leads) this.redirect(process.record, from);
        else process.offer(frame.command, frame.sender);
        return;
      }
      case 'leader': {
        const replica = this.replicas.get(frame.queue);
        if (replica?.record.incarnation !== frame.incarnation) return;
        if (!replica.leads) this.redirect(replica.record, from);
        else replica.offerOrdered(frame.channel, frame.ordered);
        return;
      }
      case 'replica': {
        const record = this.cluster.queues.get(frame.queue);
        if (record?.incarnation === frame.incarnation)
          (this.replicaOf(record) ?? this.addReplica(record)).onRpc(frame.rpc, from);
        return;
      }
      case 'node':
        this.onNotice(frame.notice);
    }
  }

  private onNotice(notice: Notice): void {
    switch (notice.type) {
      case 'alive':
        return;
      case 'queue-declared': {
        const record = this.cluster.queues.get(notice.queue);
        if (record?.incarnation !== notice.incarnation) return;
        if (record.members.includes(this.id) && !this.replicaOf(record)) this.addReplica(record).form();
        return;
      }
      case 'queue-deleted':
        this.replicas.delete(notice.queue);
        this.lost(notice.queue, notice.incarnation, true);
        return;
      case 'configured': {
        const record = this.cluster.queues.get(notice.queue);
        if (record) this.queueOf(record)?.configure();
        return;
      }
      case 'leader': {
        const record = this.cluster.queues.get(notice.queue);
        const { queue, incarnation, leader, term } = notice;
        const known = this.leaders.get(queue);
        if (record?.incarnation !== incarnation) return;
        if (known?.incarnation === incarnation && known.term >= term) return;
        this.leaders.set(queue, { incarnation, node: leader, term });
        this.leaderChanged(record);
        return;
      }
      case 'monitor': {
        const { queue, incarnation, channels } = notice;
        const record = this.cluster.queues.get(queue);
        if (record?.incarnation !== incarnation) return;
        for (const channel of channels)
          if (!this.clients.channel(channel) && !this.letters.has(channel))
            this.toQueue(record, channel, { type: 'channel-down', channel, why: 'channel-down' });
        return;
      }
      case 'alarm':
        this.clients.alarmsChanged();
    }
  }

  tellNode(node: string, notice: Notice): void {
    this.outbox.toNode(node, { to: 'node', notice }, notice.type, null, 0);
  }

  nodeBack(node: string): void {
    for (const replica of this.replicas.values()) replica.nodeUp(node);
    for (const record of this.cluster.queues.values())
      if (record.replicated && this.leaderOf(record) === node) this.leaderChanged(record);
    this.clients.alarmsChanged();
  }

  nodeSilent(node: string): void {
    for (const replica of this.replicas.values()) replica.nodeDown(node);
  }

  nodeLost(node: string): void {
    for (const { channel } of this.clients.allChannels()) channel.nodeDown(node);
    for (const process of this.queues.values()) process.nodeDown((key) => nodeOf(key) === node);
    // What it was short of nobody is short of now.
    this.clients.alarmsChanged();
  }

  disconnect(node: string): void {
    this.port.disconnect(node);
  }

  // Alarms.

  /** an operator, or the memory that queues take, says that something is short here, or no longer. */
  setAlarm(resource: string, on: boolean): void {
    const { alarms } = this.cluster;
    let here = alarms.get(this.id);
    if (!here) alarms.set(this.id, (here = new Set()));
    if (here.has(resource) === on) return;
    if (on) here.add(resource);
    else here.delete(resource);
    this.trace({ kind: on ? 'alarm-raised' : 'alarm-cleared', node: this.id, resource });
    this.clients.alarmsChanged();
    this.peers.tellAll({ type: 'alarm' });
    this.flush();
  }

  private watchMemory(): void {
    if (this.config['vm_memory_high_watermark.absolute'] !== undefined)
      this.port.timer(fromMs(MEMORY_CHECK_MS), 'memory');
  }

  private checkMemory(): void {
    let bytes = 0;
    for (const { machine } of [...this.queues.values(), ...this.replicas.values()]) {
      const { readyBytes, unacknowledgedBytes } = machine.info();
      bytes += readyBytes + unacknowledgedBytes;
    }
    this.setAlarm('memory', bytes > this.config['vm_memory_high_watermark.absolute']!);
    this.watchMemory();
  }

  // The wire.

  /** The end of a handler: channels say what is confirmed, and everything goes out. */
  private flush(): void {
    this.workplace.run();
    while (this.news.length > 0) {
      for (let channel = this.news.shift(); channel; channel = this.news.shift()) channel.tellNews();
      this.workplace.run();
    }
    this.outbox.flush();
  }
}

interface ReplicaWake {
  readonly timer: ReplicaTimer;
  readonly record: QueueRecord;
  readonly data: unknown;
}

/** The node that a channel is on. */
function nodeOf(channel: ChannelKey): string {
  return channel.slice(0, channel.indexOf('/'));
}
