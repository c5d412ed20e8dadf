/**
 * A RabbitMQ node's process: its life, its timers, its alarms and its wire. It has a side for its clients (clients-side.ts),
 * one for the queues that live on it (queues-side.ts) and one for the other nodes (peers.ts). What happens in one handler goes
 * out at its end, to each peer as one message.
 */
import type { Actor, Port } from '../../sim/kernel.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { Emission, MessageId } from '../../sim/trace.ts';
import { Administration } from './administration.ts';
import { AmqpError } from './amqp-error.ts';
import type { Channel } from './channel.ts';
import type { ChannelHost, ChannelParts } from './channel-host.ts';
import type { ChannelWorker } from './connection.ts';
import { ClientsSide, type ClientsHost } from './clients-side.ts';
import type { ClusterState, QueueRecord } from './cluster-state.ts';
import type { ServerConfig } from './config.ts';
import type { Removed } from './definitions.ts';
import { answerTool, isToolCall, type NodeInsides } from './management.ts';
import { Outbox, type AnySocket, type Sending } from './outbox.ts';
import { BEAT_MS, Peers } from './peers.ts';
import type { ClientFrame, Frames, ServerFrame } from './protocol.ts';
import type { ChannelKey } from './queue.ts';
import { QueuesSide } from './queues-side.ts';
import type { NodeFrame, NodeFrames, Notice, Ordered, ToQueue } from './wire.ts';
import { Workplace, type Worker } from './worker.ts';

/** How long a node that stops waits for others to lead its queues, and how often it looks. */
const LEAVE_MS = 2000;
const LEAVE_CHECK_MS = 50;
/** How often a node looks at its memory (vm_memory_monitor). */
const MEMORY_CHECK_MS = 2500;

export class RabbitNode implements Actor, ClientsHost, ChannelHost {
  readonly id: string;
  readonly cluster: ClusterState;
  readonly admin: Administration;
  readonly outbox: Outbox;
  readonly clients: ClientsSide;
  readonly peers: Peers;
  readonly queues: QueuesSide;
  private readonly port: Port;
  private readonly workplace: Workplace;
  /** Channels that have something to tell their publishers. */
  private news: ChannelParts[] = [];
  private lives = 0;

  constructor(port: Port, cluster: ClusterState) {
    this.id = port.id;
    this.port = port;
    this.cluster = cluster;
    this.outbox = new Outbox(port, cluster.costs.networkBytesPerSecond);
    this.workplace = new Workplace(this);
    this.clients = new ClientsSide(this);
    this.peers = new Peers(this);
    this.queues = new QueuesSide(port, this);
    this.admin = new Administration(this.queues);
  }

  get config(): ServerConfig {
    return this.cluster.config;
  }

  // Life.

  start(): void {
    this.lives++;
    this.cluster.running.add(this.id);
    const { nodes, running } = this.cluster;
    this.peers.start(this.lives > 1 ? nodes.filter((node) => !running.has(node)) : []);
    this.queues.start(this.lives === 1);
    if (this.lives > 1) this.peers.tellAll({ type: 'alive' });
    if (this.cluster.nodes.length > 1) this.port.timer(fromMs(BEAT_MS), 'beat');
    this.watchMemory();
    this.flush();
  }

  /**
   * what a client has sent is published, also when it has given up its connection. Nodes that have lost one another
   * begin anew.
   */
  readsWhatArrived(peer: string): boolean {
    return !this.cluster.nodes.includes(peer);
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
    return {
      id: this.id,
      cluster: this.cluster,
      admin: this.admin,
      hearsNode: (node) => this.peers.hears(node),
      connections: this.clients.allConnections(),
      channels: this.clients.allChannels(),
      machines: this.queues.machines(),
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
      case 'memory':
        this.checkMemory();
        break;
      default:
        this.queues.wake(timer, data);
    }
    this.flush();
  }

  crash(): void {
    this.cluster.running.delete(this.id);
    this.cluster.alarms.delete(this.id);
    this.queues.crash();
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
    this.news = [];
    this.outbox.reset();
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
    this.queues.removed(this.cluster.definitions.deleteQueue(record.name, null));
    this.flush();
  }

  purgeQueue(record: QueueRecord): void {
    this.queues.queueOf(record)?.offer({ type: 'purge', channel: `${this.id}/operator` }, null);
    this.flush();
  }

  /** Stops in good order: others come to lead what it leads, its disk gets all that it is to have, and it leaves. */
  stop(): void {
    this.clients.closeAll(new AmqpError(320, "broker forced connection closure with reason 'shutdown'"));
    this.flush();
    this.leave(this.now() + fromMs(LEAVE_MS));
  }

  private leave(latest: Micros): void {
    if (this.queues.leadsForOthers && this.now() < latest) {
      this.queues.handOver();
      this.flush();
      this.port.timer(fromMs(LEAVE_CHECK_MS), 'leave', latest);
      return;
    }
    this.queues.stop();
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

  isReachable(record: QueueRecord): boolean {
    return this.queues.isReachable(record);
  }

  toQueue(record: QueueRecord, sender: ChannelKey, command: ToQueue): void {
    this.queues.toQueue(record, sender, command);
  }

  toLeader(record: QueueRecord, channel: ChannelKey, ordered: Ordered): void {
    this.queues.toLeader(record, channel, ordered);
  }

  removed(removed: Removed): void {
    this.queues.removed(removed);
  }

  // What workers ask.

  schedule(worker: Worker): void {
    this.workplace.schedule(worker);
  }

  slowness(): number {
    return this.port.slowness();
  }

  workTimer(delay: Micros, timer: 'work' | 'done', worker: Worker): void {
    this.port.timer(delay, timer, worker);
  }

  // Other nodes.

  private onNodeFrame(frame: NodeFrame, from: string): void {
    if (frame.to !== 'node') this.queues.receive(frame, from);
    else if (frame.notice.type === 'alarm') this.clients.alarmsChanged();
    else if (frame.notice.type !== 'alive') this.queues.onNotice(frame.notice);
  }

  tellNode(node: string, notice: Notice): void {
    this.outbox.toNode(node, { to: 'node', notice }, notice.type, null, 0);
  }

  nodeBack(node: string): void {
    this.queues.nodeBack(node);
    this.clients.alarmsChanged();
  }

  nodeSilent(node: string): void {
    this.queues.nodeSilent(node);
  }

  nodeLost(node: string): void {
    for (const { channel } of this.clients.allChannels()) channel.nodeDown(node);
    this.queues.nodeLost(node);
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
    this.setAlarm('memory', this.queues.bytes > this.config['vm_memory_high_watermark.absolute']!);
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
