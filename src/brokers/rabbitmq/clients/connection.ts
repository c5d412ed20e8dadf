/**
 * The client library: one connection to a node and the channels on it. What is called within one handler of the process
 * goes out as one {@link Frames}: the process calls {@link AmqpConnection.flush} at the end of each.
 *
 * Automatic recovery is that of the Java client. A connection that is lost, or that the server closes, is opened again
 * after `recoveryMs`, at the next node in order; then channels are opened, their qos and modes set, exchanges, queues and
 * bindings declared and consumers begun again, in this order and one call after another. It is for connections only: a
 * channel that the server closes with an error stays closed until the application opens another. Unlike the Java client
 * this one also goes on trying when its very first connection fails, as an application around it would.
 */
import { assert } from '../../../sim/errors.ts';
import type { Ticket } from '../../../sim/event-queue.ts';
import type { Port } from '../../../sim/kernel.ts';
import { fromMs } from '../../../sim/time.ts';
import { codeName, type AmqpCode } from '../amqp-error.ts';
import type { ClientFrame, Delivered, Frames, ServerFrame } from '../protocol.ts';
import { Channel, type ConsumeFrame, type PendingCall } from './channel.ts';
import { CANCELLED, groupOf } from './deliveries.ts';
import { Outbox } from './outbox.ts';
import { callsOf, STEPS } from './recovery.ts';
import { Topology } from './topology.ts';

/** `ConnectionFactory.DEFAULT_CONNECTION_TIMEOUT` of the Java client. */
const CONNECT_TIMEOUT_MS = 60_000;
/** So long it waits at least, whatever is asked for: attempts that take no time would never end. */
const RECOVERY_MIN_MS = 1;
/** So long it waits for the reply when it closes the connection. */
const CLOSE_TIMEOUT_MS = 10_000;

/** A method of a channel that the server answers. */
export type CallFrame = Exclude<ClientFrame, SendFrame | { readonly method: `connection.${string}` }>;
/** A method of a channel that it does not answer. */
export type SendFrame = Extract<
  ClientFrame,
  { readonly method: 'basic.publish' | 'basic.ack' | 'basic.nack' | 'basic.reject' }
>;
type Reply<M extends ServerFrame['method']> = Extract<ServerFrame, { readonly method: M }>;

/** The application around the library; an object of the same actor, so that a checkpoint copies both. */
export interface AmqpApp {
  /** The connection that was asked for is open; it has no channels yet. */
  connectionOpened(): void;
  /** It is lost: what was not answered never will be. Recovery follows. */
  connectionLost(): void;
  /** It is open again, and what was on it has been set up again. */
  connectionRecovered(): void;
  /** It is closed, as the application asked. */
  connectionClosed(): void;
  /** the server does not read what is published, or reads again. */
  blocked(blocked: boolean): void;
  replied(call: CallFrame, reply: ServerFrame): void;
  /** The server has closed a channel. Calls on it that were not answered never will be. */
  channelClosed(channel: number, error: string): void;
  /** @param noAck whether the server has forgotten it already */
  delivered(channel: number, delivery: Delivered, noAck: boolean): void;
  /** the server cancelled a consumer. */
  cancelled(consume: ConsumeFrame): void;
  returned(frame: Reply<'basic.return'>): void;
  /** Publisher confirms. */
  confirmed(frame: Reply<'basic.ack' | 'basic.nack'>): void;
  /** @returns what recovery asks for where the application had `consume` */
  consumeAgain(consume: ConsumeFrame): ConsumeFrame;
}

export class AmqpConnection {
  private readonly port: Port;
  private readonly nodes: readonly string[];
  private readonly first: number;
  private readonly recoveryMs: number;
  private readonly app: AmqpApp;
  private index = 0;
  private state: 'closed' | 'connecting' | 'open' | 'waiting' | 'closing' = 'closed';
  private isBlocked = false;
  /** The step of {@link STEPS} that recovery is at; null when it is not at work. */
  private step: number | null = null;
  /** Whether what was on the connection is to be set up again when it is open. */
  private recovering = false;
  private channels = new Map<number, Channel>();
  private topology = new Topology();
  private timer: Ticket | null = null;
  private readonly outbox = new Outbox();

  /**
   * @param nodes the cluster's nodes in the order in which they are tried
   * @param settings.node number of the node that comes first
   * @param settings.recoveryMs how long it waits before it connects again
   */
  constructor(
    port: Port,
    nodes: readonly string[],
    settings: { readonly node: number; readonly recoveryMs: number },
    app: AmqpApp,
  ) {
    this.port = port;
    this.nodes = nodes;
    this.first = (settings.node - 1) % nodes.length;
    this.recoveryMs = Math.max(settings.recoveryMs, RECOVERY_MIN_MS);
    this.app = app;
  }

  /** The process begins, also after a crash: nothing of an earlier life is left. */
  start(): void {
    this.index = this.first;
    this.state = 'closed';
    this.forget();
    this.open();
  }

  /** Whether channels may be opened: it is open, and recovery is not at work on it. */
  get isOpen(): boolean {
    return this.state === 'open' && this.step === null;
  }

  /** Whether the application has closed it, or has not opened it. */
  get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** Opens the connection, or another one after it was closed. */
  open(): void {
    assert(this.state === 'closed', `${this.port.id} opens a connection that it has`);
    this.connect();
  }

  /** Closes it in good order; `connectionClosed()` is the reply. What is not open is closed at once. */
  close(): void {
    this.cancelTimer();
    if (this.state === 'open') {
      this.state = 'closing';
      this.timer = this.port.timer(fromMs(CLOSE_TIMEOUT_MS), 'amqp-close');
      this.outbox.add({ method: 'connection.close' });
      return;
    }
    if (this.state === 'connecting') this.port.disconnect(this.node);
    this.end();
  }

  isChannelOpen(channel: number): boolean {
    return this.state === 'open' && (this.channels.get(channel)?.open ?? false);
  }

  /** Whether there is such a channel, be it open or about to be. */
  hasChannel(channel: number): boolean {
    return this.channels.has(channel);
  }

  /** whether the channel is in confirm mode. */
  confirms(channel: number): boolean {
    return this.channels.get(channel)?.confirms ?? false;
  }

  /** The queue that a name means on a channel: none means the one that was declared there last. */
  queueName(channel: number, queue: string): string {
    return queue === '' ? (this.channels.get(channel)?.lastQueue ?? '') : queue;
  }

  openChannel(number: number): void {
    const channel = new Channel(number);
    this.channels.set(number, channel);
    this.enqueue(channel, { frame: { method: 'channel.open', channel: number }, own: false, was: null });
  }

  /** Makes a call on a channel; `replied()` is its answer. Calls of one channel are made one after another. */
  call(frame: CallFrame): void {
    const channel = this.channels.get(frame.channel);
    assert(channel, `${this.port.id} calls ${frame.method} on channel ${frame.channel}, which is not open`);
    this.enqueue(channel, { frame, own: false, was: null });
  }

  /** Sends what has no answer. What is said on a channel that is gone is not sent, as in the Java client. */
  send(frame: SendFrame): void {
    if (this.isChannelOpen(frame.channel)) this.outbox.add(frame);
  }

  /** Sends what this handler has called. */
  flush(): void {
    this.outbox.flush(this.node, this.port);
  }

  /** The same, at once: the process has no other moment. */
  write(): void {
    this.outbox.write(this.node, this.port, this.port.now());
  }

  /** @returns whether the timer was its own */
  wake(timer: string): boolean {
    switch (timer) {
      case 'amqp-write':
        this.write();
        return true;
      case 'amqp-recover':
        this.connect();
        return true;
      case 'amqp-connect':
        this.port.disconnect(this.node);
        this.failed('SocketTimeoutException', `${this.node} does not answer: connect timed out`);
        return true;
      case 'amqp-close':
        this.port.disconnect(this.node);
        this.end();
        return true;
      default:
        return false;
    }
  }

  /** A peer's process died or closed the connection. */
  disconnected(peer: string): void {
    if (peer !== this.node) return;
    if (this.state === 'connecting') this.failed('ConnectException', `${this.node}: Connection refused`);
    else if (this.state === 'open') this.lose('the connection broke');
    else if (this.state === 'closing') this.end();
  }

  receive({ frames }: Frames<ServerFrame>, from: string): void {
    if (from !== this.node) return;
    for (const frame of frames) this.handle(frame);
  }

  private get node(): string {
    return this.nodes[this.index]!;
  }

  // What the server says.

  private handle(frame: ServerFrame): void {
    if (frame.method === 'connection.open-ok') {
      if (this.state === 'connecting') this.opened();
      return;
    }
    if (frame.method === 'connection.close-ok') {
      if (this.state === 'closing') this.end();
      return;
    }
    if (this.state !== 'open' && this.state !== 'closing') return;
    switch (frame.method) {
      case 'connection.close':
        this.closedByServer(frame.code, frame.text);
        return;
      case 'connection.blocked':
        this.setBlocked(true, frame.reason);
        return;
      case 'connection.unblocked':
        this.setBlocked(false, '');
        return;
      default:
    }
    const channel = this.channels.get(frame.channel);
    if (!channel) return;
    switch (frame.method) {
      case 'basic.deliver':
        this.app.delivered(frame.channel, frame.delivery, channel.consumers.get(frame.tag)?.noAck ?? false);
        return;
      case 'basic.ack':
      case 'basic.nack':
        this.app.confirmed(frame);
        return;
      case 'basic.return':
        this.app.returned(frame);
        return;
      case 'basic.cancel': {
        const consume = channel.consumers.get(frame.tag);
        if (!consume) return;
        this.endConsumer(channel, frame.tag, CANCELLED.byServer);
        this.app.cancelled(consume);
        return;
      }
      case 'channel.close':
        this.channelClosedByServer(channel, frame.code, frame.text);
        return;
      default:
        this.answered(channel, frame);
    }
  }

  private answered(channel: Channel, reply: ServerFrame): void {
    const call = channel.calls.shift();
    assert(call, `${this.port.id} is answered ${reply.method} and has asked nothing`);
    this.note(channel, call, reply);
    if (channel.calls.length > 0) this.outbox.add(channel.calls[0]!.frame);
    if (!call.own) this.app.replied(call.frame as CallFrame, reply);
    this.advance();
  }

  /** What a call that succeeded means for the channel and for recovery. */
  private note(channel: Channel, { frame, own, was }: PendingCall, reply: ServerFrame): void {
    switch (frame.method) {
      case 'channel.open':
        channel.open = true;
        break;
      case 'channel.close':
        this.dropChannel(channel, 'its channel was closed');
        break;
      case 'basic.qos':
        channel.setQos(frame);
        break;
      case 'confirm.select':
        channel.confirms = true;
        break;
      case 'tx.select':
        channel.transactional = true;
        break;
      case 'basic.consume':
        if (reply.method === 'basic.consume-ok') this.consumes(channel, frame, reply.tag);
        break;
      case 'basic.cancel':
        this.endConsumer(channel, frame.tag, CANCELLED.byApplication);
        break;
      default:
        if (reply.method === 'queue.declare-ok') channel.lastQueue = reply.name;
        if (!own) this.topology.record(frame, reply);
        else if (was !== null && reply.method === 'queue.declare-ok') this.renamed(was, reply.name);
    }
  }

  private consumes(channel: Channel, frame: ConsumeFrame, tag: string): void {
    const { queue } = frame;
    channel.consumers.set(tag, frame);
    this.port.emit({
      kind: 'consuming-began',
      client: this.port.id,
      group: groupOf(queue, frame.arguments),
      place: queue,
      tag,
      prefetch: channel.prefetchOf(frame),
      ...(frame.noAck ? { noAck: true } : {}),
      ...(typeof frame.arguments['x-priority'] === 'number'
        ? { priority: frame.arguments['x-priority'] }
        : {}),
    });
  }

  private endConsumer(channel: Channel, tag: string, why: string): void {
    const consume = channel.consumers.get(tag);
    if (!consume) return;
    channel.consumers.delete(tag);
    this.endedConsuming(consume, tag, why);
  }

  private endedConsuming({ queue }: ConsumeFrame, tag: string, why: string): void {
    this.port.emit({ kind: 'consuming-ended', client: this.port.id, place: queue, tag, why });
  }

  private setBlocked(blocked: boolean, reason: string): void {
    if (blocked === this.isBlocked) return;
    this.isBlocked = blocked;
    const client = this.port.id;
    if (blocked) this.port.emit({ kind: 'publishing-blocked', client, reason });
    else this.port.emit({ kind: 'publishing-unblocked', client });
    this.app.blocked(blocked);
  }

  private channelClosedByServer(channel: Channel, code: AmqpCode, text: string): void {
    const error = this.complain(code, text);
    this.dropChannel(channel, 'the server closed its channel');
    this.app.channelClosed(channel.number, error);
    this.advance();
  }

  private dropChannel(channel: Channel, why: string): void {
    for (const tag of [...channel.consumers.keys()]) this.endConsumer(channel, tag, why);
    channel.open = false;
    channel.calls = [];
    this.channels.delete(channel.number);
  }

  private closedByServer(code: AmqpCode, text: string): void {
    this.lose(`the server closed it: ${this.complain(code, text)}`);
  }

  private complain(code: AmqpCode, text: string): string {
    const error = codeName(code);
    this.port.emit({ kind: 'error', client: this.port.id, code: error, detail: text });
    return error;
  }

  // The connection comes and goes.

  private connect(): void {
    this.state = 'connecting';
    this.timer = this.port.timer(fromMs(CONNECT_TIMEOUT_MS), 'amqp-connect');
    this.outbox.add({ method: 'connection.open', client: this.port.id });
  }

  private opened(): void {
    this.cancelTimer();
    this.state = 'open';
    this.port.emit({ kind: 'connected', client: this.port.id, node: this.node });
    if (!this.recovering) {
      this.app.connectionOpened();
      return;
    }
    this.recovering = false;
    this.step = 0;
    this.begin();
  }

  /** An attempt to connect came to nothing. */
  private failed(code: string, detail: string): void {
    this.port.emit({ kind: 'error', client: this.port.id, code, detail });
    this.waitForNext();
  }

  private lose(why: string): void {
    if (this.state === 'closing') {
      this.end();
      return;
    }
    for (const channel of this.channels.values()) {
      channel.open = false;
      const { calls } = channel;
      channel.calls = [];
      for (const [tag, consume] of channel.consumers)
        this.endedConsuming(consume, tag, 'its connection was lost');
      // Consumers that recovery had asked for and not got are asked for again.
      calls.forEach(({ frame, own }, i) => {
        if (own && frame.method === 'basic.consume')
          channel.consumers.set(frame.tag || `asked for ${i}`, frame);
      });
    }
    this.port.emit({ kind: 'disconnected', client: this.port.id, node: this.node, why });
    this.isBlocked = false;
    this.step = null;
    this.recovering = true;
    this.waitForNext();
    this.app.connectionLost();
  }

  private waitForNext(): void {
    this.cancelTimer();
    this.outbox.clear();
    this.state = 'waiting';
    this.index = (this.index + 1) % this.nodes.length;
    this.timer = this.port.timer(fromMs(this.recoveryMs), 'amqp-recover');
  }

  private end(): void {
    if (this.state === 'closing') {
      const client = this.port.id;
      for (const channel of [...this.channels.values()])
        this.dropChannel(channel, 'its connection was closed');
      this.port.emit({ kind: 'disconnected', client, node: this.node, why: 'the application closed it' });
    }
    this.state = 'closed';
    this.cancelTimer();
    this.forget();
    this.app.connectionClosed();
  }

  private forget(): void {
    this.isBlocked = false;
    this.step = null;
    this.recovering = false;
    this.channels = new Map();
    this.topology = new Topology();
    this.timer = null;
    this.outbox.clear();
  }

  private cancelTimer(): void {
    if (this.timer !== null) this.port.cancel(this.timer);
    this.timer = null;
  }

  // Recovery.

  /** Goes on with recovery when everything that its present step asked for is answered. */
  private advance(): void {
    if (this.step === null) return;
    for (const { calls } of this.channels.values()) if (calls.length > 0) return;
    this.step++;
    this.begin();
  }

  private begin(): void {
    const step = STEPS[this.step!];
    if (step === undefined) {
      this.step = null;
      this.app.connectionRecovered();
      return;
    }
    const calls = callsOf(step, [...this.channels.values()], this.topology, this.app);
    if (step === 'consumers') for (const channel of this.channels.values()) channel.consumers = new Map();
    for (const { channel, frame, was } of calls) this.enqueue(channel, { frame, own: true, was });
    if (calls.length === 0) this.advance();
  }

  private renamed(from: string, to: string): void {
    this.topology.rename(from, to);
    for (const { consumers } of this.channels.values()) {
      for (const [tag, consume] of consumers)
        if (consume.queue === from) consumers.set(tag, { ...consume, queue: to });
    }
  }

  // What goes out.

  private enqueue(channel: Channel, call: PendingCall): void {
    channel.calls.push(call);
    if (channel.calls.length === 1) this.outbox.add(call.frame);
  }
}
