/**
 * A consuming application: a worker that takes one message after another in the order in which they were delivered. The
 * library has them delivered ahead of the work, as many as prefetch allows; they wait in its memory, and are lost
 * with it. When its channel is lost the broker delivers them again; the application does not know, and works off what
 * waits, as with the Java client, whose work queue outlives the channel: but nothing can be said of it on another channel.
 *
 * A channel that the server closes is opened again after `recoveryMs`, and all that the application declares and consumes
 * with it; a consumer that the server cancels is asked for again after as long.
 */
import type { Actor, Port } from '../../../sim/kernel.ts';
import type { Random } from '../../../sim/random.ts';
import { fromMs, type Micros } from '../../../sim/time.ts';
import type { Consumer } from '../client-config.ts';
import type { Delivered, Frames, ServerFrame } from '../protocol.ts';
import type { ConsumeFrame } from './channel.ts';
import { AmqpConnection, type AmqpApp, type CallFrame } from './connection.ts';
import { deliveredEvent, groupOf, processedEvent, settledEvent } from './deliveries.ts';

/** A batch of acknowledgements that is not full goes out when the worker has had nothing to do for so long. */
const ACK_IDLE_MS = 100;
const CHANNEL = 1;
/** Deliveries that wait; more are thrown away, and stay owed until the channel ends. */
const WAITING_MAX = 100_000;
/** Deliveries at the front that are done with are cut away when there are so many. */
const COMPACT_AT = 1024;

type Outcome = Consumer['troubles'][number]['outcome'];

export class ConsumerClient implements Actor, AmqpApp {
  readonly id: string;
  private readonly port: Port;
  private readonly client: Consumer;
  private readonly work: Random;
  private readonly connection: AmqpConnection;
  /** What it calls on a new channel, in order. */
  private readonly setUp: readonly CallFrame[];
  /** How often each trouble has struck. It is the scenario's to count, and so outlives a crash. */
  private readonly struck: number[];
  /** The call of {@link setUp} that is to be answered next. */
  private at = 0;
  private cancelling = false;
  /** By tag: what the server has cancelled and does not give again yet, and whether that is asked for. */
  private readonly ended = new Map<string, { readonly consume: ConsumeFrame; asked: boolean }>();
  private closing = false;
  /** What the library has and the application has not begun with, from {@link head} on. */
  private waiting: Delivered[] = [];
  private head = 0;
  /** How many of them came on a channel that is gone: the first so many. */
  private orphans = 0;
  private full = false;
  private busy: Delivered | null = null;
  /** Whether {@link busy} was answered before the work on it began. */
  private answersFirst = false;
  /** Whether the work on {@link busy} never ends. */
  private stalled = false;
  /** Whether the channel that {@link busy} came on is gone, so that nothing can be said of it. */
  private stale = false;
  private dead = false;
  /** Processed and not acknowledged: a batch that grows. */
  private toAck: Delivered[] = [];
  private lastAckAt: Micros = 0;
  private ackTimer = false;
  /** per stream, the offset after the last one that it settled. */
  private offsets = new Map<string, number>();

  /**
   * @param nodes the cluster's nodes, in the order in which they are tried
   * @param work a generator of its own, for how long the work on each message takes
   */
  constructor(port: Port, client: Consumer, nodes: readonly string[], work: Random) {
    this.id = port.id;
    this.port = port;
    this.client = client;
    this.work = work;
    this.setUp = callsOf(client);
    this.struck = client.troubles.map(() => 0);
    this.connection = new AmqpConnection(port, nodes, client, this);
  }

  start(): void {
    this.cancelling = false;
    this.ended.clear();
    this.closing = false;
    this.dead = false;
    this.busy = null;
    this.stalled = false;
    this.stale = false;
    this.offsets = new Map();
    this.at = 0;
    this.waiting = [];
    this.head = 0;
    this.orphans = 0;
    this.full = false;
    this.toAck = [];
    this.ackTimer = false;
    this.port.emit({ kind: 'client-started', client: this.id, role: 'consumer' });
    this.connection.start();
    this.connection.flush();
  }

  receive(message: unknown, from: string): void {
    this.connection.receive(message as Frames<ServerFrame>, from);
    this.run();
    this.flush();
  }

  wake(timer: string, data: unknown): void {
    switch (timer) {
      case 'worked':
        this.finish();
        this.run();
        break;
      case 'ack-idle':
        this.ackIdle();
        break;
      case 'open-channel':
        if (this.connection.isOpen && !this.connection.hasChannel(CHANNEL))
          this.connection.openChannel(CHANNEL);
        break;
      case 'consume-again':
        this.askAgain(data as string);
        break;
      default:
        this.connection.wake(timer);
    }
    this.flush();
  }

  disconnected(peer: string): void {
    this.connection.disconnected(peer);
    this.run();
    this.flush();
  }

  /** The application cancels its consumers. It keeps its channel, and goes on with what it has. @returns why not, or null */
  cancel(): string | null {
    if (this.cancelling) return `${this.id} has cancelled already`;
    if (!this.connection.isChannelOpen(CHANNEL) || this.at < this.setUp.length)
      return `${this.id} consumes nothing now`;
    this.cancelling = true;
    for (const call of this.setUp) {
      if (call.method !== 'basic.consume') continue;
      this.connection.call({ method: 'basic.cancel', channel: CHANNEL, tag: call.tag });
    }
    this.flush();
    return null;
  }

  /** The application ends when it is done with the message that it works on; what waits goes back to its queue. */
  close(): void {
    if (this.closing) return;
    this.closing = true;
    this.leaveIfDone();
    this.flush();
  }

  private flush(): void {
    if (!this.dead) this.connection.flush();
  }

  // The work.

  /** Works as long as that takes no time. A loop, and not calls of one another: messages can be many. */
  private run(): void {
    while (this.busy === null && !this.closing && !this.dead && this.head < this.waiting.length) this.begin();
    if (this.head === this.waiting.length) this.waiting.length = 0;
    else if (this.head >= COMPACT_AT) this.waiting.splice(0, this.head);
    else return;
    this.head = 0;
  }

  private begin(): void {
    const { client } = this;
    const delivery = this.waiting[this.head++]!;
    this.busy = delivery;
    this.stale = this.orphans > 0;
    if (this.stale) this.orphans--;
    this.answersFirst = client.ack === 'before' && !client.autoAck && !this.stale;
    if (this.answersFirst) {
      const trouble = this.trouble(delivery);
      if (trouble !== null && trouble !== 'crash') {
        this.suffer(delivery, trouble);
        return;
      }
      this.ack(delivery);
      if (trouble === 'crash') {
        this.die();
        return;
      }
    }
    const mean = client.processingMs;
    const ms = client.processingTimes === 'exponential' && mean > 0 ? this.work.exponential(mean) : mean;
    const takes = fromMs(ms * this.port.slowness());
    if (takes > 0) this.port.timer(takes, 'worked');
    else this.finish();
  }

  private finish(): void {
    const { client } = this;
    const delivery = this.busy!;
    if (!this.answersFirst) {
      const trouble = this.trouble(delivery);
      if (trouble !== null) {
        this.suffer(delivery, trouble);
        return;
      }
    }
    this.busy = null;
    this.port.emit(processedEvent(this.id, delivery));
    if (!this.answersFirst && !client.autoAck && !this.stale) this.ack(delivery);
    this.leaveIfDone();
  }

  /** @returns what strikes this message, or null */
  private trouble({ message }: Delivered): Outcome | null {
    const { troubles } = this.client;
    for (let i = 0; i < troubles.length; i++) {
      const { key, outcome, times } = troubles[i]!;
      if ((key !== null && key !== message.key) || (times !== undefined && this.struck[i]! >= times))
        continue;
      this.struck[i]!++;
      return outcome;
    }
    return null;
  }

  /** The work on a message failed: it is not processed. */
  private suffer(delivery: Delivered, outcome: Outcome): void {
    if (outcome === 'crash') {
      this.die();
      return;
    }
    if (outcome === 'stall') {
      // On a channel that is gone nobody waits for its answer.
      if (this.stale) this.busy = null;
      else this.stalled = true;
      this.leaveIfDone();
      return;
    }
    this.busy = null;
    if (!this.client.autoAck && !this.stale) this.refuse(delivery, outcome);
    this.leaveIfDone();
  }

  private refuse(delivery: Delivered, outcome: Exclude<Outcome, 'crash' | 'stall'>): void {
    const { deliveryTag } = delivery;
    const rejects = outcome === 'reject' || outcome === 'reject-requeue';
    const requeue = outcome === 'reject-requeue' || outcome === 'nack-requeue';
    if (rejects) this.connection.send({ method: 'basic.reject', channel: CHANNEL, deliveryTag, requeue });
    else
      this.connection.send({ method: 'basic.nack', channel: CHANNEL, deliveryTag, multiple: false, requeue });
    this.settled(delivery, rejects ? 'rejected' : 'nacked');
  }

  /** What has been said before still reaches the node. */
  private die(): void {
    this.connection.write();
    this.dead = true;
    this.port.emit({ kind: 'client-stopped', client: this.id, reason: 'crashed' });
    this.port.crash();
  }

  // Acknowledgements.

  private ack(delivery: Delivered): void {
    if (this.client.ackEvery === 1) {
      const { deliveryTag } = delivery;
      this.connection.send({ method: 'basic.ack', channel: CHANNEL, deliveryTag, multiple: false });
      this.settled(delivery, 'acked');
      return;
    }
    this.toAck.push(delivery);
    if (this.toAck.length >= this.client.ackEvery) {
      this.flushAcks();
      return;
    }
    this.lastAckAt = this.port.now();
    if (this.ackTimer) return;
    this.ackTimer = true;
    this.port.timer(fromMs(ACK_IDLE_MS), 'ack-idle');
  }

  private ackIdle(): void {
    this.ackTimer = false;
    if (this.toAck.length === 0) return;
    const works = this.busy !== null || this.head < this.waiting.length;
    const left = works ? fromMs(ACK_IDLE_MS) : this.lastAckAt + fromMs(ACK_IDLE_MS) - this.port.now();
    if (left <= 0) this.flushAcks();
    else {
      this.ackTimer = true;
      this.port.timer(left, 'ack-idle');
    }
  }

  /** one acknowledgement for the batch. The work goes in order, so that nothing below its tag is still owed. */
  private flushAcks(): void {
    const batch = this.toAck;
    const last = batch.at(-1);
    if (!last) return;
    this.toAck = [];
    const multiple = batch.length > 1;
    this.connection.send({ method: 'basic.ack', channel: CHANNEL, deliveryTag: last.deliveryTag, multiple });
    for (const delivery of batch) this.settled(delivery, 'acked');
  }

  private settled(delivery: Delivered, outcome: 'acked' | 'nacked' | 'rejected'): void {
    const { place, headers, position } = delivery;
    this.port.emit(settledEvent(this.id, delivery, outcome));
    if (groupOf(place, headers) === null) this.offsets.set(place, position + 1);
  }

  // The end of a channel, and of the application.

  /** The channel is gone: what came on it is still worked off, and settled no more. */
  private orphan(): void {
    this.at = 0;
    this.orphans = this.waiting.length - this.head;
    this.toAck = [];
    this.stale = this.busy !== null;
    if (!this.stalled) return;
    // What waits behind a call that never returns is never worked on. Another channel has a thread of its own.
    this.stalled = false;
    this.busy = null;
    this.waiting = [];
    this.head = 0;
    this.orphans = 0;
  }

  private leaveIfDone(): void {
    if (!this.closing || this.dead || (this.busy !== null && !this.stalled)) return;
    this.flushAcks();
    this.connection.close();
  }

  // What the library tells (AmqpApp).

  connectionOpened(): void {
    this.connection.openChannel(CHANNEL);
  }

  connectionLost(): void {
    const at = this.at;
    this.orphan();
    // What was answered is recovery's to do again; what was cancelled, it does not know.
    this.at = at;
    for (const one of this.ended.values()) one.asked = false;
  }

  connectionRecovered(): void {
    if (!this.connection.hasChannel(CHANNEL)) this.connection.openChannel(CHANNEL);
    else this.callNext();
  }

  connectionClosed(): void {
    this.port.emit({ kind: 'client-stopped', client: this.id, reason: 'closed' });
    this.port.exit();
  }

  blocked(): void {
    // It publishes nothing.
  }

  replied(call: CallFrame): void {
    if (call.method === 'channel.open') this.at = 0;
    else if (isSame(call, this.setUp[this.at])) this.at++;
    else {
      if (call.method === 'basic.consume') this.ended.delete(call.tag);
      return;
    }
    this.callNext();
  }

  private callNext(): void {
    const call = this.setUp[this.at];
    if (!call) for (const tag of this.ended.keys()) this.askAgain(tag);
    if (!call || this.closing) return;
    if (call.method !== 'basic.consume') this.connection.call(call);
    else if (!this.cancelling) this.connection.call(this.consumeAgain(call));
  }

  private askAgain(tag: string): void {
    const one = this.ended.get(tag);
    if (!one || one.asked || this.cancelling || this.closing) return;
    // With a new channel, or when the connection is recovered.
    if (!this.connection.isChannelOpen(CHANNEL) || this.at < this.setUp.length) return;
    one.asked = true;
    this.connection.call(this.consumeAgain(one.consume));
  }

  channelClosed(): void {
    this.orphan();
    this.ended.clear();
    if (!this.closing) this.port.timer(fromMs(this.client.recoveryMs), 'open-channel');
  }

  delivered(_channel: number, delivery: Delivered): void {
    if (this.closing) return;
    this.port.emit(deliveredEvent(this.id, delivery));
    if (this.waiting.length - this.head < WAITING_MAX) {
      this.waiting.push(delivery);
    } else if (!this.full) {
      this.full = true;
      const what = `deliveries that wait in the memory of ${this.id}`;
      this.port.emit({ kind: 'limit-reached', what, limit: WAITING_MAX });
    }
  }

  cancelled(consume: ConsumeFrame): void {
    if (this.closing) return;
    this.ended.set(consume.tag, { consume, asked: false });
    this.port.timer(fromMs(this.client.recoveryMs), 'consume-again', consume.tag);
  }

  returned(): void {
    // It publishes nothing.
  }

  confirmed(): void {
    // As above.
  }

  /** a stream is read on from where it was settled. */
  consumeAgain(consume: ConsumeFrame): ConsumeFrame {
    const offset = this.offsets.get(consume.queue);
    if (offset === undefined) return consume;
    return { ...consume, arguments: { ...consume.arguments, 'x-stream-offset': offset } };
  }
}

/** A consumer may have been asked for from another offset than at first. */
function isSame(call: CallFrame, planned: CallFrame | undefined): boolean {
  if (call.method !== 'basic.consume') return call === planned;
  return planned?.method === 'basic.consume' && planned.tag === call.tag;
}

/** What a consumer calls on a channel of its own before deliveries come. */
function callsOf({ id, declares, queues, prefetchCount, global, ...client }: Consumer): CallFrame[] {
  const { exchanges, queues: declared, bindings } = declares;
  const channel = CHANNEL;
  const calls: CallFrame[] = [];
  for (const exchange of exchanges)
    calls.push({ method: 'exchange.declare', channel, exchange, passive: false });
  for (const queue of declared) calls.push({ method: 'queue.declare', channel, queue, passive: false });
  for (const binding of bindings) calls.push({ method: 'bind', channel, binding });
  if (prefetchCount !== undefined)
    calls.push({ method: 'basic.qos', channel, prefetchCount, prefetchSize: 0, global });
  for (const [i, queue] of queues.entries()) {
    calls.push({
      method: 'basic.consume',
      channel,
      queue,
      tag: queues.length === 1 ? id : `${id}-${i + 1}`,
      noAck: client.autoAck,
      exclusive: client.exclusive,
      arguments: client.arguments,
    });
  }
  return calls;
}
