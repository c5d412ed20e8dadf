/**
 * A node's queues: the processes and replicas that live on it, how they come, go and survive a crash, and who leads what
 * . What queues say to channels, channels to queues and replicas to one another finds its way here, what
 * is to be safe goes to the node's one disk, and what dies is published from here.
 */
import { assert } from '../../sim/errors.ts';
import type { Ticket } from '../../sim/event-queue.ts';
import type { Port } from '../../sim/kernel.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { Emission, MessageId } from '../../sim/trace.ts';
import type { AdministrationHost } from './administration.ts';
import type { ClientsSide } from './clients-side.ts';
import type { ClusterState, QueueRecord } from './cluster-state.ts';
import type { ServerConfig } from './config.ts';
import { DeadLetters, SETTLE_TIMEOUT_MICROS, type DeadLetterHost } from './dead-letters.ts';
import type { Removed } from './definitions.ts';
import { Disk } from './disk.ts';
import type { DeathReason, Message } from './message.ts';
import type { Outbox } from './outbox.ts';
import type { Peers } from './peers.ts';
import { QueueProcess } from './queue-process.ts';
import type { ChannelKey, QueueMachine } from './queue.ts';
import { ClassicQueue } from './queues/classic.ts';
import type { Rpc } from './replication/raft.ts';
import { Replica, type ReplicaHost, type ReplicaTimer } from './replication/replica.ts';
import type { NodeFrame, Ordered, QueueNotice, ToChannel, ToQueue } from './wire.ts';
import type { Worker } from './worker.ts';

interface Leader {
  readonly incarnation: number;
  readonly node: string;
  readonly term: number;
}

interface ReplicaWake {
  readonly timer: ReplicaTimer;
  readonly record: QueueRecord;
  readonly data: unknown;
}

/** What the queues' side of a node needs of the rest of it. */
interface QueuesHost {
  readonly cluster: ClusterState;
  readonly outbox: Outbox;
  readonly clients: ClientsSide;
  readonly peers: Peers;
  schedule(worker: Worker): void;
  tellNode(node: string, notice: QueueNotice): void;
}

export class QueuesSide implements ReplicaHost, AdministrationHost, DeadLetterHost {
  readonly id: string;
  readonly cluster: ClusterState;
  private readonly host: QueuesHost;
  private readonly port: Port;
  private readonly disk: Disk;
  private processes = new Map<string, QueueProcess>();
  private letters = new Map<ChannelKey, DeadLetters>();
  /** On disk: a crash leaves them. */
  private readonly replicas = new Map<string, Replica>();
  /** Who leads a replicated queue, as far as this node has heard. */
  private leaders = new Map<string, Leader>();
  /** Queues that a crash left on the disk. */
  private kept = new Map<string, QueueProcess>();
  /** The node has stopped in good order. */
  private stopped = false;

  constructor(port: Port, host: QueuesHost) {
    this.id = port.id;
    this.cluster = host.cluster;
    this.host = host;
    this.port = port;
    this.disk = new Disk(host.cluster.costs);
  }

  get config(): ServerConfig {
    return this.cluster.config;
  }

  /** the store that all share takes changes where most of its nodes are. */
  get mayDeclare(): boolean {
    return this.host.peers.hearsMost;
  }

  // Life.

  /** The node starts. @param isFirst it never ran before */
  start(isFirst: boolean): void {
    this.leaders.clear();
    for (const record of this.cluster.queues.values()) this.find(record, isFirst);
    this.kept.clear();
    this.stopped = false;
  }

  /** A queue that is there when the node starts. */
  private find(record: QueueRecord, isFirst: boolean): void {
    const { name, members, replicated } = record;
    if (!replicated) {
      const kept = this.kept.get(name);
      if (members[0] === this.id) this.addProcess(record, kept?.record === record ? kept.machine : null);
      return;
    }
    const isNew = isFirst && record.leader === null;
    if (isNew) this.leaders.set(name, { incarnation: record.incarnation, node: members[0]!, term: 1 });
    else if (record.leader !== null)
      this.leaders.set(name, { incarnation: record.incarnation, node: record.leader, term: 0 });
    if (!members.includes(this.id)) return;
    const known = this.replicaOf(record);
    if (known) known.restart();
    else if (isFirst) this.addReplica(record).form();
    else this.addReplica(record).restart();
  }

  wake(timer: string, data: unknown): void {
    switch (timer) {
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
      case 'letters':
        (data as DeadLetters).retry();
        break;
      default:
        assert(false, `${this.id} has no timer ${timer}`);
    }
  }

  /** what the node's disk has is kept; what it does not have, and queues that are not durable, are gone. */
  crash(): void {
    for (const replica of this.replicas.values()) replica.crash();
    for (const process of this.processes.values()) {
      const { record } = process;
      if (record.definition.durable) this.kept.set(record.name, process);
      else process.lostWithNode();
    }
    this.processes = new Map();
    this.letters = new Map();
    this.disk.reset();
  }

  /** Whether it leads a queue that another node may lead. */
  get leadsForOthers(): boolean {
    return [...this.replicas.values()].some((replica) => replica.leads && replica.record.members.length > 1);
  }

  handOver(): void {
    for (const replica of this.replicas.values()) replica.handOver();
  }

  /** The node stops in good order: its disk gets all that it is to have. */
  stop(): void {
    for (const process of this.processes.values()) process.syncAll();
    for (const replica of this.replicas.values()) replica.syncAll();
    this.stopped = true;
  }

  nodeBack(node: string): void {
    for (const replica of this.replicas.values()) replica.nodeUp(node);
    for (const record of this.cluster.queues.values())
      if (record.replicated && this.leaderOf(record) === node) this.leaderChanged(record);
  }

  nodeSilent(node: string): void {
    for (const replica of this.replicas.values()) replica.nodeSilent(node);
  }

  nodeLost(node: string): void {
    for (const process of this.processes.values()) process.nodeDown((key) => nodeOf(key) === node);
    for (const replica of this.replicas.values()) replica.nodeLost(node);
  }

  /** The machines of the queues that are led from here, by name. */
  machines(): (readonly [name: string, machine: QueueMachine])[] {
    const leads = [...this.replicas.values()].filter((replica) => replica.leads);
    return [...this.processes.values(), ...leads].map(({ record, machine }) => [record.name, machine]);
  }

  /** What the messages of the queues and replicas here take of the memory. */
  get bytes(): number {
    let bytes = 0;
    for (const { machine } of [...this.processes.values(), ...this.replicas.values()]) {
      const { readyBytes, unacknowledgedBytes } = machine.info();
      bytes += readyBytes + unacknowledgedBytes;
    }
    return bytes;
  }

  /** @returns what this node's replica of a queue has applied, for comparison with the others' */
  replica(name: string): unknown {
    return this.replicas.get(name)?.stateMachine.state();
  }

  // What channels ask.

  isReachable({ members, replicated }: QueueRecord): boolean {
    return replicated || members[0] === this.id || !this.host.peers.isDown(members[0]!);
  }

  toQueue(record: QueueRecord, sender: ChannelKey, command: ToQueue): void {
    const home = record.replicated ? this.leaderOf(record) : record.members[0]!;
    if (home === this.id) {
      this.queueOf(record)?.offer(command, sender);
      return;
    }
    if (home === null || this.host.peers.isDown(home)) return;
    const { name: queue, incarnation } = record;
    const enqueued = command.type === 'enqueue' ? command.message : null;
    this.host.outbox.toNode(
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
    if (leader === null || this.host.peers.isDown(leader)) return;
    const { name: queue, incarnation } = record;
    const { command } = ordered;
    const enqueued = command.type === 'enqueue' ? command.message : null;
    this.host.outbox.toNode(
      leader,
      { to: 'leader', queue, incarnation, channel, ordered },
      command.type,
      enqueued?.id ?? null,
      enqueued?.bytes ?? 0,
    );
  }

  private leaderOf({ name, incarnation }: QueueRecord): string | null {
    const known = this.leaders.get(name);
    return known?.incarnation === incarnation ? known.node : null;
  }

  // What queues ask.

  now(): Micros {
    return this.port.now();
  }

  trace(event: Emission): void {
    this.port.emit(event);
  }

  toChannel(channel: ChannelKey, event: ToChannel, index = 0, term = 0): void {
    const here = this.host.clients.channel(channel);
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
    if (node === this.id || this.host.peers.isDown(node)) return;
    const message =
      event.type === 'deliver' || event.type === 'got' ? (event.delivery?.message ?? null) : null;
    this.host.outbox.toNode(
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
      const process = this.processes.get(queue);
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
    this.host.schedule(worker);
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
    if (this.host.peers.isDown(node)) return;
    this.host.outbox.toNode(node, { to: 'replica', queue, incarnation, rpc }, rpc.rpc, null, bytes);
    this.host.outbox.carries(node, messages);
  }

  setReplicaTimer(delay: Micros, timer: ReplicaTimer, record: QueueRecord, data: unknown): Ticket {
    return this.port.timer(delay, 'replica', { timer, record, data } satisfies ReplicaWake);
  }

  draw(leastMs: number, mostMs: number): Micros {
    return fromMs(this.port.random.between(leastMs, mostMs));
  }

  hearsNode(node: string): boolean {
    return this.host.peers.hears(node);
  }

  hasLost(node: string): boolean {
    return this.host.peers.isDown(node);
  }

  announce(record: QueueRecord, term: number): void {
    const { name: queue, incarnation } = record;
    this.leaders.set(queue, { incarnation, node: this.id, term });
    // When a run begins, every node knows who leads what is declared.
    if (this.now() > 0)
      this.host.peers.tellAll({ type: 'leader', queue, incarnation, leader: this.id, term });
    this.leaderChanged(record);
  }

  monitor(node: string, { name: queue, incarnation }: QueueRecord, channels: readonly ChannelKey[]): void {
    const notice: QueueNotice = { type: 'monitor', queue, incarnation, channels };
    if (node === this.id) this.onNotice(notice);
    else this.host.tellNode(node, notice);
  }

  nodeOf(channel: ChannelKey): string {
    return nodeOf(channel);
  }

  tellLeader(node: string, { name: queue, incarnation }: QueueRecord, term: number): void {
    this.host.tellNode(node, { type: 'leader', queue, incarnation, leader: this.id, term });
  }

  /** Who asks the wrong node is told who leads, if that is known here. */
  private redirect({ name: queue, incarnation }: QueueRecord, from: string): void {
    const known = this.leaders.get(queue);
    if (known?.incarnation !== incarnation || known.node === this.id) return;
    this.host.tellNode(from, { type: 'leader', queue, incarnation, leader: known.node, term: known.term });
  }

  private leaderChanged(record: QueueRecord): void {
    for (const { channel } of this.host.clients.allChannels()) channel.leaderChanged(record);
    for (const letters of this.letters.values()) letters.leaderChanged(record);
  }

  // Queues come and go.

  queueCreated(record: QueueRecord): void {
    // What is there when a run begins, a node finds when it starts.
    if (!this.cluster.running.has(this.id)) return;
    if (!record.replicated) {
      this.addProcess(record, null);
      return;
    }
    this.addReplica(record).form();
    this.host.peers.tellAll({ type: 'queue-declared', queue: record.name, incarnation: record.incarnation });
  }

  queuesConfigured(records: readonly QueueRecord[]): void {
    for (const record of records) {
      const home = this.cluster.homeOf(record);
      if (home === this.id) this.queueOf(record)?.configure();
      else if (home !== null && !this.host.peers.isDown(home))
        this.host.tellNode(home, { type: 'configured', queue: record.name });
    }
  }

  removed(removed: Removed): void {
    this.cluster.traceRemoved(this.id, removed, (event) => {
      this.trace(event);
    });
    for (const record of this.cluster.forget(removed)) {
      this.queueGone(record);
      this.host.peers.tellAll({ type: 'queue-deleted', queue: record.name, incarnation: record.incarnation });
    }
  }

  private queueGone(record: QueueRecord): void {
    const process = this.processOf(record);
    if (process) {
      this.processes.delete(record.name);
      process.ended();
    }
    this.replicaOf(record)?.end();
    this.replicas.delete(record.name);
    this.lost(record.name, record.incarnation, true);
  }

  /** Channels hear that a queue is deleted, or that its node is down. */
  private lost(queue: string, incarnation: number, deleted: boolean): void {
    for (const { channel } of this.host.clients.allChannels()) channel.queueGone(queue, incarnation, deleted);
    for (const letters of this.letters.values()) letters.queueGone(queue, incarnation);
  }

  private addProcess(record: QueueRecord, machine: QueueMachine | null): void {
    const { name, limits, definition } = record;
    const { version } = this.cluster;
    const { durable } = definition;
    const kept = machine ?? new ClassicQueue({ name, node: this.id, durable, version, limits });
    const process = new QueueProcess(this, record, kept);
    this.processes.set(name, process);
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
  queueOf(record: QueueRecord): QueueProcess | Replica | undefined {
    return record.replicated ? this.replicaOf(record) : this.processOf(record);
  }

  private processOf(record: QueueRecord): QueueProcess | undefined {
    const process = this.processes.get(record.name);
    return process?.record === record ? process : undefined;
  }

  // Other nodes.

  receive(frame: Exclude<NodeFrame, { to: 'node' }>, from: string): void {
    switch (frame.to) {
      case 'channel':
        this.toChannel(frame.channel, frame.event, frame.index, frame.term);
        return;
      case 'queue': {
        const process = this.processes.get(frame.queue) ?? this.replicas.get(frame.queue);
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
    }
  }

  onNotice(notice: QueueNotice): void {
    switch (notice.type) {
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
          if (!this.host.clients.channel(channel) && !this.letters.has(channel))
            this.toQueue(record, channel, { type: 'channel-down', channel, why: 'channel-down' });
        return;
      }
    }
  }
}

/** The node that a channel is on. */
function nodeOf(channel: ChannelKey): string {
  return channel.slice(0, channel.indexOf('/'));
}
