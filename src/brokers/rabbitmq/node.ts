/**
 * A RabbitMQ node's process: connections and channels, the queues that live here, its disk and its wire. What happens in one
 * handler goes out at its end, to each peer as one message.
 */
import { assert } from '../../sim/errors.ts';
import type { Ticket } from '../../sim/event-queue.ts';
import type { Actor, Port } from '../../sim/kernel.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { EventBody, MessageId } from '../../sim/trace.ts';
import { Administration, type AdministrationHost } from './administration.ts';
import { AmqpError } from './amqp-error.ts';
import { Channel } from './channel.ts';
import type { ChannelHost, ChannelParts } from './channel-host.ts';
import { ChannelWorker } from './channel-worker.ts';
import type { ClusterState, QueueRecord } from './cluster-state.ts';
import type { ServerConfig } from './config.ts';
import { Connection } from './connection.ts';
import { DeadLetters, SETTLE_TIMEOUT_MICROS, type DeadLetterHost } from './dead-letters.ts';
import type { Removed } from './definitions.ts';
import { Disk } from './disk.ts';
import { answerTool, isToolCall, type NodeInsides } from './management.ts';
import type { DeathReason, Message } from './message.ts';
import { Outbox, type AnySocket, type Sending } from './outbox.ts';
import type { Rpc } from './replication/raft.ts';
import { Replica, type ReplicaHost, type ReplicaTimer } from './replication/replica.ts';
import type { ClientFrame, Frames, ServerFrame } from './protocol.ts';
import { QueueProcess } from './queue-process.ts';
import type { ChannelKey, QueueMachine } from './queue.ts';
import { ClassicQueue } from './queues/classic.ts';
import type { NodeFrame, NodeFrames, Notice, Ordered, ToChannel, ToQueue } from './wire.ts';
import { Workplace, type Worker } from './worker.ts';

/** How often nodes tell one another that they live, and how long one may be silent until it is taken for lost (aten). */
const BEAT_MS = 1000;
const SILENT_MS = 5000;
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

export class RabbitNode implements Actor, ChannelHost, ReplicaHost, AdministrationHost, DeadLetterHost {
  readonly id: string;
  readonly cluster: ClusterState;
  readonly admin: Administration;
  private readonly port: Port;
  private readonly outbox: Outbox;
  private readonly disk: Disk;
  private readonly workplace: Workplace;
  private connections = new Map<string, Connection>();
  private channels = new Map<ChannelKey, ChannelWorker>();
  private queues = new Map<string, QueueProcess>();
  private letters = new Map<ChannelKey, DeadLetters>();
  /** Channels that have something to tell their publishers. */
  private news = new Set<ChannelParts>();
  /** On disk: a crash leaves them. */
  private readonly replicas = new Map<string, Replica>();
  /** Who leads a replicated queue, as far as this node has heard. */
  private leaders = new Map<string, Leader>();
  /** Other nodes that cannot be spoken to; those that are silent for longer than they should be; when each was heard. */
  private down = new Set<string>();
  private silent = new Set<string>();
  private heardAt = new Map<string, Micros>();
  /** Queues that a crash left on the disk. */
  private kept = new Map<string, QueueProcess>();
  /** Counts connections over all its lives. */
  private connected = 0;
  private lives = 0;

  constructor(port: Port, cluster: ClusterState) {
    this.id = port.id;
    this.port = port;
    this.cluster = cluster;
    this.admin = new Administration(this);
    this.outbox = new Outbox(port, cluster.costs.networkBytesPerSecond);
    this.disk = new Disk(cluster.costs);
    this.workplace = new Workplace(this);
  }

  get config(): ServerConfig {
    return this.cluster.config;
  }

  /** the store that all share takes changes where most of its nodes are. */
  get mayDeclare(): boolean {
    return this.reachableNodes * 2 > this.cluster.nodes.length || this.cluster.nodes.length === 1;
  }

  private get reachableNodes(): number {
    return this.cluster.nodes.filter((node) => this.hearsNode(node)).length;
  }

  // Life.

  start(): void {
    this.lives++;
    this.cluster.running.add(this.id);
    this.down = new Set(
      this.cluster.nodes.filter((node) => !this.cluster.running.has(node) && this.lives > 1),
    );
    this.silent.clear();
    this.leaders.clear();
    for (const node of this.cluster.nodes) this.heardAt.set(node, this.now());
    for (const record of this.cluster.queues.values()) this.find(record);
    this.kept.clear();
    if (this.lives > 1) this.tellNodes({ type: 'alive' });
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
      this.hears(from);
      for (const frame of (message as NodeFrames).nodeFrames) this.onNodeFrame(frame, from);
    } else if (isToolCall(message)) {
      this.port.send(from, answerTool(this.insides, message), { what: 'reply' });
    } else this.onClient(from, (message as Frames<ClientFrame>).frames);
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
      connections: this.connections.values(),
      channels: this.channels.values(),
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
        this.beat();
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
        this.channelTick(data as ChannelWorker);
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
    for (const key of this.channels.keys()) this.cluster.limiters.delete(key);
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
    this.connections = new Map();
    this.channels = new Map();
    this.queues = new Map();
    this.letters = new Map();
    this.news = new Set();
    this.outbox.reset();
    this.disk.reset();
    this.workplace.reset();
  }

  disconnected(peer: string): void {
    this.outbox.forget(peer);
    if (this.cluster.nodes.includes(peer)) this.nodeDown(peer);
    else this.endConnection(peer);
    this.flush();
  }

  // Clients.

  private onClient(client: string, frames: readonly ClientFrame[]): void {
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
    this.endConnection(client);
    const connection = new Connection(`${this.id}/${client}/${++this.connected}`, client);
    if (this.cluster.isShort) connection.state = 'blocking';
    this.connections.set(client, connection);
    this.toClient(client, { method: 'connection.open-ok' });
  }

  private read(connection: Connection, frame: ClientFrame): void {
    switch (frame.method) {
      case 'connection.open':
        return;
      case 'connection.close':
        this.endConnection(connection.client);
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
    if (!worker.isBusy) this.schedule(worker);
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
    const channel = new Channel(this, key, number, connection.client, connection.key);
    const worker = new ChannelWorker(channel, connection, this.cluster.costs, this);
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
  private endConnection(client: string): void {
    const connection = this.connections.get(client);
    if (!connection) return;
    this.connections.delete(client);
    for (const worker of connection.channels.values()) this.endChannel(worker);
    this.removed(this.cluster.definitions.connectionClosed(connection.key));
  }

  private endChannel({ channel, connection }: ChannelWorker): void {
    channel.terminate('channel-down');
    this.channels.delete(channel.key);
    this.news.delete(channel);
    connection.channels.delete(channel.number);
    if (channel.isInFlow) connection.inFlow--;
  }

  private failConnection(connection: Connection, { code, text }: AmqpError): void {
    this.toClient(connection.client, { method: 'connection.close', code, text });
    this.endConnection(connection.client);
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
    for (const connection of [...this.connections.values()])
      this.failConnection(
        connection,
        new AmqpError(320, "broker forced connection closure with reason 'shutdown'"),
      );
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
    this.crash();
    this.trace({ kind: 'node-stopped', node: this.id });
    this.port.exit();
  }

  // What channels ask.

  now(): Micros {
    return this.port.now();
  }

  trace(event: EventBody): void {
    this.port.emit(event);
  }

  reply(channel: ChannelParts, frame: ServerFrame, message: MessageId | null = null): void {
    if (frame.method === 'basic.deliver' || frame.method === 'basic.get-ok') {
      const { message: content, place } = frame.delivery;
      this.outbox.toClient(channel.client, frame, content.id, content.bytes, place);
    } else this.outbox.toClient(channel.client, frame, message, 0, null);
  }

  hasNews(channel: ChannelParts): void {
    this.news.add(channel);
  }

  stateChanged(channel: ChannelParts): void {
    const worker = this.channels.get(channel.key);
    if (!worker) return;
    if (worker.isInFlow !== channel.isInFlow) {
      worker.isInFlow = channel.isInFlow;
      const { connection } = worker;
      connection.inFlow += worker.isInFlow ? 1 : -1;
      connection.flowedAt = this.now();
      this.readHeld(connection);
    }
    this.schedule(worker);
  }

  callTimer(channel: ChannelParts, call: number, delay: Micros): void {
    this.port.timer(delay, 'call', { channel, call });
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
    this.port.timer(fromMs(this.config.channel_tick_interval), 'channel-tick', worker);
  }

  private channelTick(worker: ChannelWorker): void {
    const { channel } = worker;
    worker.ticks = false;
    if (channel.closed) return;
    channel.reading.checkTimeouts();
    if (channel.reading.unacked.size > 0) this.hasUnacked(channel);
  }

  isReachable({ members, replicated }: QueueRecord): boolean {
    return replicated || members[0] === this.id || !this.down.has(members[0]!);
  }

  toQueue(record: QueueRecord, sender: ChannelKey, command: ToQueue): void {
    const home = record.replicated ? this.leaderOf(record) : record.members[0]!;
    if (home === this.id) {
      this.queueOf(record)?.offer(command, sender);
      return;
    }
    if (home === null || this.down.has(home)) return;
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
    if (leader === null || this.down.has(leader)) return;
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
    const here = this.channels.get(channel);
    if (here) {
      here.channel.on(event, index, term);
      return;
    }
    const letters = this.letters.get(channel);
    if (letters) {
      letters.on(event);
      return;
    }
    const node = nodeOf(channel);
    if (node === this.id || this.down.has(node)) return;
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
    if (this.down.has(node)) return;
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
    return node === this.id || !(this.down.has(node) || this.silent.has(node));
  }

  announce(record: QueueRecord, term: number): void {
    const { name: queue, incarnation } = record;
    this.leaders.set(queue, { incarnation, node: this.id, term });
    // When a run begins, every node knows who leads what is declared.
    if (this.now() > 0) this.tellNodes({ type: 'leader', queue, incarnation, leader: this.id, term });
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
    for (const { channel } of this.channels.values()) channel.leaderChanged(record);
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
    this.tellNodes({ type: 'queue-declared', queue: record.name, incarnation: record.incarnation });
  }

  queuesConfigured(records: readonly QueueRecord[]): void {
    for (const record of records) {
      const home = this.cluster.homeOf(record);
      if (home === this.id) this.queueOf(record)?.configure();
      else if (home !== null && !this.down.has(home))
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
      this.tellNodes({ type: 'queue-deleted', queue: record.name, incarnation: record.incarnation });
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
    for (const { channel } of [...this.channels.values()]) channel.queueGone(queue, incarnation, deleted);
    for (const letters of this.letters.values()) letters.queueGone(queue, incarnation);
  }

  private host(record: QueueRecord, machine: QueueMachine | null): void {
    const { name, limits, definition } = record;
    const { version } = this.cluster;
    const { durable } = definition;
    const kept = machine ?? new ClassicQueue({ name, node: this.id, durable, version, limits });
    const process = new QueueProcess(this, record, kept);
    this.queues.set(name, process);
    if (kept instanceof ClassicQueue && machine !== null) kept.restart(this.now(), process);
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
          if (!this.channels.has(channel) && !this.letters.has(channel))
            this.toQueue(record, channel, { type: 'channel-down', channel, why: 'channel-down' });
        return;
      }
      case 'alarm':
        this.alarmsChanged();
    }
  }

  private tellNodes(notice: Notice): void {
    for (const node of this.cluster.nodes) if (!this.down.has(node)) this.tellNode(node, notice);
  }

  private tellNode(node: string, notice: Notice): void {
    if (node !== this.id) this.outbox.toNode(node, { to: 'node', notice }, notice.type, null, 0);
  }

  private hears(node: string): void {
    this.heardAt.set(node, this.now());
    const isNews = !this.hearsNode(node);
    this.down.delete(node);
    this.silent.delete(node);
    if (!isNews) return;
    for (const replica of this.replicas.values()) replica.nodeUp(node);
    for (const record of this.cluster.queues.values())
      if (record.replicated && this.leaderOf(record) === node) this.leaderChanged(record);
  }

  /** Its process died, or the connection to it broke. */
  private nodeDown(node: string): void {
    if (this.down.has(node)) return;
    const wasSilent = this.silent.has(node);
    this.down.add(node);
    for (const { channel } of [...this.channels.values()]) channel.nodeDown(node);
    for (const process of this.queues.values()) process.nodeDown((key) => nodeOf(key) === node);
    if (!wasSilent) for (const replica of this.replicas.values()) replica.nodeDown(node);
  }

  /** Tells the others that it lives, and looks who has not done so. */
  private beat(): void {
    this.port.timer(fromMs(BEAT_MS), 'beat');
    // Also to those that are lost: whoever can be reached again is up again. One whose process is dead refuses.
    for (const node of this.cluster.nodes)
      if (!this.down.has(node) || this.cluster.running.has(node)) this.tellNode(node, { type: 'alive' });
    const now = this.now();
    for (const node of this.cluster.nodes) {
      if (node === this.id || this.down.has(node)) continue;
      const silence = now - this.heardAt.get(node)!;
      if (silence >= this.config.net_ticktime * 1_000_000) {
        this.port.disconnect(node);
        this.nodeDown(node);
      } else if (silence >= fromMs(SILENT_MS) && !this.silent.has(node)) {
        this.silent.add(node);
        for (const replica of this.replicas.values()) replica.nodeDown(node);
      }
    }
    for (const { channel } of this.channels.values()) channel.retry();
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
    this.alarmsChanged();
    this.tellNodes({ type: 'alarm' });
    this.flush();
  }

  private alarmsChanged(): void {
    const { isShort } = this.cluster;
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
    const short = new Set([...this.cluster.alarms.values()].flatMap((resources) => [...resources]));
    return `low on ${[...short].sort().reverse().join(' & ')}`;
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

  private toClient(client: string, frame: ServerFrame): void {
    this.outbox.toClient(client, frame, null, 0, null);
  }

  /** The end of a handler: channels say what is confirmed, and everything goes out. */
  private flush(): void {
    this.workplace.run();
    while (this.news.size > 0) {
      for (const channel of this.news) {
        this.news.delete(channel);
        channel.tellNews();
      }
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
