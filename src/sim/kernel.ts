/**
 * The kernel: virtual clock, actors, timers, a network, and everything a distributed system does to them.
 *
 * An actor is a process: a broker node or a client. It is told of messages and timers, one at a time, and acts on
 * the world only through its {@link Port}. Nothing here knows a broker. Time moves from event to event; events of
 * one instant happen in the order in which they were scheduled.
 *
 * Links are TCP-like, because every system modelled here speaks over TCP: in order per direction and reliable
 * while the connection lives. Loss therefore shows as delay (a retransmission after `RETRANSMIT_MS`, doubling), a cut
 * link holds what is sent until it heals, and a crashed process breaks its connections. Who closes a connection has sent
 * what it has sent: its machine goes on with that, also from behind a cut; what comes back is refused.
 */
import { assert, AssertionFailed } from './errors.ts';
import { EventQueue, type Ticket } from './event-queue.ts';
import { Random } from './random.ts';
import { Ring } from './ring.ts';
import { fromMs, type Micros } from './time.ts';
import type { Emission, MessageId, Sink, TraceEvent } from './trace.ts';

/** First retransmission timeout, as Linux's TCP_RTO_MIN; it doubles with each loss of the same segment. */
const RETRANSMIT_MS = 200;
const RETRANSMITS_MAX = 8;
/** Messages a cut link holds, per direction, before the connection is given up. */
const HELD_MAX = 10_000;
/** Kernel events one run may take: far above any run of the book, it turns an endless loop into an error. */
const EVENTS_MAX = 2 ** 40;
/** Kernel events within one instant of virtual time: more than this is a livelock. */
const EVENTS_PER_INSTANT_MAX = 1_000_000;

export interface Actor {
  readonly id: string;
  /**
   * Whether it reads what a peer had sent before it gave up the connection; the answer goes to a peer that no longer waits
   * for it. Otherwise that is gone with the connection.
   */
  readsWhatArrived?(peer: string): boolean;
  /** The process begins; also after a restart. */
  start(): void;
  receive(message: unknown, from: string): void;
  wake(timer: string, data: unknown): void;
  /** The process died: it keeps only what a disk would keep. Nothing may be sent from here. */
  crash?(): void;
  /** The connection to a peer broke (its process died, or either side closed it). */
  disconnected?(peer: string): void;
}

/** What is on the wire, for the trace and the picture. */
export interface Cargo {
  readonly what: string;
  readonly place?: string | null;
  readonly messages?: readonly MessageId[] | null;
}

export interface LinkQuality {
  /** One-way delay, milliseconds. */
  latencyMs: number;
  /** Up to this much more, drawn uniformly for each message, milliseconds. */
  jitterMs: number;
  /** Chance that a message must be retransmitted, 0 to 1. */
  loss: number;
}

interface Link {
  readonly to: Process;
  quality: LinkQuality;
  random: Random;
  /** TCP keeps order: nothing arrives before what was sent earlier. */
  lastArrival: Micros;
  cut: boolean;
  held: Held[];
  /** Counts connections of this pair; what was sent on an earlier one arrives only where that is read. */
  connection: number;
  /** The first connection of which anything can still arrive: those before it the receiver closed, or died. */
  readFrom: number;
  /** The other end is gone and the sender has not heard of it yet: what it sends is lost. */
  dead: boolean;
  /** The two know of one another: each is told when the other goes. */
  met: boolean;
  /** There is a connection. One that was begun behind a cut is made when that heals: until then nothing has left the sender. */
  made: boolean;
}

/** What waits behind a cut, as it would have come. */
interface Held {
  readonly connection: number;
  /** Of the receiver. */
  readonly life: number;
  /** Null: the sender closed the connection. */
  readonly sent: { readonly message: unknown; readonly cargo: Cargo } | null;
}

interface Process {
  readonly id: string;
  actor: Actor;
  /** Its links, by the peer that each leads to. */
  readonly links: Map<string, Link>;
  up: boolean;
  paused: boolean;
  /** Counts lives; timers and messages of an earlier life are void. */
  life: number;
  /** What came while it was paused and is not handled yet, in order; what comes now waits behind it. */
  deferred: Ring<Deferrable>;
  /** Timers that were cancelled since something is deferred; they may be among it. */
  cancelled: Set<Ticket>;
  /** Added to the clock the process reads. */
  skew: Micros;
  /** Multiplies the time its disk and its work take. */
  slowness: number;
  peers: Set<string>;
}

type Deferrable =
  | {
      type: 'message';
      to: Process;
      from: string;
      link: Link;
      life: number;
      connection: number;
      message: unknown;
    }
  | { type: 'timer'; to: Process; life: number; timer: string; data: unknown; ticket: Ticket }
  | { type: 'disconnect'; to: Process; from: string; life: number };

type Entry =
  | Deferrable
  /** A process that goes on handles the next of what was deferred. */
  | { type: 'deferred'; to: Process; life: number }
  | { type: 'control'; run: string; data: unknown };

/** Runs a scheduled control entry: the scenario's timeline and the reader's actions. An object, not a closure, so that
 * a checkpoint's copy is driven by the copied controller. */
export interface Controller {
  control(name: string, data: unknown): void;
}

export class Kernel {
  now: Micros = 0;
  /** Events emitted so far; the next one gets this number. */
  emitted = 0;
  private readonly seed: number;
  private readonly sink: Sink;
  private readonly queue = new EventQueue<Entry>();
  private readonly processes = new Map<string, Process>();
  private readonly defaultQuality: LinkQuality;
  private controller: Controller | undefined;
  private handled = 0;
  private handledInInstant = 0;

  /**
   * @param options.seed the run's seed
   * @param options.network quality of every link that is not set apart
   * @param options.sink where events go
   */
  constructor(options: { seed: number; network: LinkQuality; sink: Sink }) {
    this.seed = options.seed;
    this.defaultQuality = options.network;
    this.sink = options.sink;
  }

  /** The generator of one name: same seed and name, same draws, whoever else draws. */
  random(name: string): Random {
    return new Random(this.seed, name);
  }

  setController(controller: Controller): void {
    this.controller = controller;
  }

  /** Adds a process; it does nothing until {@link start}. @throws AssertionFailed for an id that is taken */
  add(make: (port: Port) => Actor, id: string): void {
    assert(!this.processes.has(id), `the id ${id} is taken`);
    const process: Process = {
      id,
      actor: NOBODY,
      links: new Map(),
      up: false,
      paused: false,
      life: 0,
      deferred: new Ring(),
      cancelled: new Set(),
      skew: 0,
      slowness: 1,
      peers: new Set(),
    };
    process.actor = make(new Port(this, process));
    assert(process.actor.id === id, `an actor made as ${id} calls itself ${process.actor.id}`);
    this.processes.set(id, process);
  }

  has(id: string): boolean {
    return this.processes.has(id);
  }

  isUp(id: string): boolean {
    return this.processes.get(id)?.up ?? false;
  }

  isPaused(id: string): boolean {
    return this.processes.get(id)?.paused ?? false;
  }

  actor(id: string): Actor {
    return this.process(id).actor;
  }

  /** Starts a process, or starts it again after a crash or a clean stop. */
  start(id: string): void {
    const process = this.process(id);
    assert(!process.up, `${id} is already running`);
    process.up = true;
    process.paused = false;
    process.life++;
    process.actor.start();
  }

  /** Kills a process: it loses its memory, its timers and its connections. */
  crash(id: string): void {
    const process = this.process(id);
    assert(process.up, `${id} is not running`);
    this.end(process, id);
    process.actor.crash?.();
  }

  /** The end of a process that stopped by its own will; its last words still travel, and then its connections close. */
  exit(id: string): void {
    this.leave(this.process(id), id);
  }

  /** Stops a process without killing it, as a long garbage collection or SIGSTOP does. */
  pause(id: string): void {
    this.process(id).paused = true;
  }

  resume(id: string): void {
    const process = this.process(id);
    process.paused = false;
    for (let n = process.deferred.length; n > 0; n--) this.handleDeferred(process);
  }

  setSkew(id: string, skew: Micros): void {
    this.process(id).skew = skew;
  }

  setSlowness(id: string, factor: number): void {
    this.process(id).slowness = factor;
  }

  /** Sets the quality of the links between two processes, both ways. */
  setLink(a: string, b: string, quality: Partial<LinkQuality>): void {
    for (const link of [this.link(a, b), this.link(b, a)]) link.quality = { ...link.quality, ...quality };
  }

  /** Cuts the network between two processes, both ways: what is sent waits. */
  cut(a: string, b: string): void {
    this.link(a, b).cut = true;
    this.link(b, a).cut = true;
  }

  /** Heals a cut: what waited travels on, in order, and so does the news that a connection was closed or a process died. */
  heal(a: string, b: string): void {
    this.link(a, b).cut = false;
    this.link(b, a).cut = false;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const link = this.link(from, to);
      const held = link.held;
      link.held = [];
      link.made = link.met;
      for (const { connection, life, sent } of held) {
        if (life !== link.to.life) continue;
        if (sent) this.transmit(from, link, sent.message, sent.cargo, connection);
        else this.transmitClose(from, link);
      }
    }
  }

  isCut(a: string, b: string): boolean {
    return this.link(a, b).cut;
  }

  /** A process closes its connection to another, which is told: what is on its way back never arrives. */
  disconnect(closer: string, peer: string): void {
    const link = this.link(closer, peer);
    const back = this.link(peer, closer);
    if (!link.made || !link.to.actor.readsWhatArrived?.(closer))
      link.held = link.held.filter(({ connection }) => connection !== link.connection);
    // Whether the peer has closed it too, it will not hear any more.
    if (back.cut) link.dead = false;
    this.void(back);
    link.connection++;
    link.met = link.made = false;
    this.process(closer).peers.delete(peer);
    this.process(peer).peers.delete(closer);
    this.tellDisconnected(peer, closer);
  }

  /** Sends a message; it arrives in order, unless the connection breaks first. */
  send(sender: Process, to: string, message: unknown, cargo: Cargo): void {
    const from = sender.id;
    const link = sender.links.get(to) ?? this.link(from, to);
    const target = link.to;
    if (link.dead) {
      this.emitSent(from, to, cargo, null);
      return;
    }
    if (!target.up) {
      // Nobody listens: the connection is refused after the time it takes to ask.
      this.tellDisconnected(from, to);
      return;
    }
    if (!link.met) {
      link.met = true;
      link.made = !link.cut || this.link(to, from).made;
      sender.peers.add(to);
      target.peers.add(from);
    }
    if (link.cut) {
      if (link.held.length >= HELD_MAX) {
        this.emit({
          kind: 'limit-reached',
          what: `messages held on the link ${from} to ${to}`,
          limit: HELD_MAX,
        });
        this.disconnect(from, to);
        return;
      }
      link.held.push({ connection: link.connection, life: target.life, sent: { message, cargo } });
      this.emitSent(from, to, cargo, null);
      return;
    }
    this.transmit(from, link, message, cargo, link.connection);
  }

  timer(to: Process, delay: Micros, timer: string, data: unknown): Ticket {
    if (!(delay >= 0 && Number.isSafeInteger(delay)))
      throw new AssertionFailed(`${to.id} sets a timer ${timer} for ${delay} µs`);
    const entry = { type: 'timer' as const, to, life: to.life, timer, data, ticket: 0 };
    entry.ticket = this.queue.push(this.now + delay, entry);
    return entry.ticket;
  }

  cancel(process: Process, ticket: Ticket): void {
    this.queue.cancel(ticket);
    if (process.deferred.length > 0) process.cancelled.add(ticket);
  }

  /** Schedules something that is no process's: an entry of the timeline, an action of the reader. */
  control(at: Micros, run: string, data: unknown): void {
    this.queue.push(Math.max(at, this.now), { type: 'control', run, data });
  }

  /** Stamps an event with sequence and time and hands it on. */
  emit(body: Emission): void {
    const event = body as TraceEvent;
    event.seq = this.emitted++;
    event.at = this.now;
    this.sink.on(event);
  }

  /** When the next thing happens, or Infinity. */
  nextAt(): Micros {
    return this.queue.peekTime();
  }

  /**
   * Handles the next entry.
   * @returns false when nothing is left
   */
  step(): boolean {
    const at = this.queue.peekTime();
    if (at === Infinity) return false;
    assert(at >= this.now, 'time ran backwards');
    if (at > this.now) {
      this.now = at;
      this.handledInInstant = 0;
    }
    if (++this.handledInInstant > EVENTS_PER_INSTANT_MAX) {
      throw new AssertionFailed(
        `more than ${EVENTS_PER_INSTANT_MAX} steps at ${at} µs: the model does not settle`,
      );
    }
    if (++this.handled > EVENTS_MAX) throw new AssertionFailed(`more than ${EVENTS_MAX} steps in one run`);
    this.handle(this.queue.pop() as Entry);
    return true;
  }

  private handle(entry: Entry): void {
    if (entry.type === 'control') {
      assert(this.controller, 'a control entry without a controller');
      this.controller.control(entry.run, entry.data);
      return;
    }
    const process = entry.to;
    if (entry.type === 'deferred') {
      if (entry.life !== process.life || process.paused) return;
      const first = process.deferred.shift();
      if (first && !this.isVoid(first)) this.dispatch(first);
      if (process.deferred.length === 0) process.cancelled.clear();
      return;
    }
    if (this.isVoid(entry)) return;
    if (process.paused) {
      process.deferred.push(entry);
      return;
    }
    if (process.deferred.length > 0) {
      // It comes at the moment at which the process goes on: a connection's messages stay in order.
      process.deferred.push(entry);
      this.handleDeferred(process);
      return;
    }
    this.dispatch(entry);
  }

  private handleDeferred(to: Process): void {
    this.queue.push(this.now, { type: 'deferred', to, life: to.life });
  }

  /** Whether an entry is of an earlier life or connection, or was cancelled after it was deferred. */
  private isVoid(entry: Deferrable): boolean {
    const process = entry.to;
    if (!process.up || entry.life !== process.life) return true;
    if (entry.type === 'timer') return process.cancelled.size > 0 && process.cancelled.has(entry.ticket);
    if (entry.type === 'disconnect') return false;
    const { connection, readFrom } = entry.link;
    return (
      entry.connection < connection &&
      (entry.connection < readFrom || !process.actor.readsWhatArrived?.(entry.from))
    );
  }

  private dispatch(entry: Deferrable): void {
    const { actor } = entry.to;
    if (entry.type === 'message') actor.receive(entry.message, entry.from);
    else if (entry.type === 'timer') actor.wake(entry.timer, entry.data);
    else {
      this.link(actor.id, entry.from).dead = false;
      actor.disconnected?.(entry.from);
    }
  }

  private end(process: Process, id: string): void {
    // What waits behind a cut never left it.
    for (const link of process.links.values()) link.held = link.held.filter(({ sent }) => sent === null);
    this.leave(process, id);
  }

  /** It is gone, and its peers learn of it. */
  private leave(process: Process, id: string): void {
    process.up = false;
    process.paused = false;
    process.life++;
    process.deferred.clear();
    process.cancelled.clear();
    for (const peer of process.peers) {
      // What it had sent is on the wire and still arrives; what was on its way to it does not.
      this.void(this.link(peer, id));
      const link = this.link(id, peer);
      link.met = link.made = false;
      this.process(peer).peers.delete(id);
      this.tellDisconnected(peer, id);
    }
    process.peers.clear();
    // Its next life begins with new connections.
    for (const link of process.links.values()) link.dead = false;
  }

  /** The receiver is gone, or reads no more: what was on its way never arrives. */
  private void(link: Link): void {
    link.readFrom = ++link.connection;
    link.held = [];
    link.met = link.made = false;
  }

  private tellDisconnected(to: string, from: string): void {
    const process = this.process(to);
    if (!process.up) return;
    this.link(to, from).dead = true;
    const link = this.link(from, to);
    // A peer behind a cut link learns nothing until it heals: the news waits behind what was sent before.
    if (link.cut) link.held.push({ connection: link.connection, life: process.life, sent: null });
    else this.transmitClose(from, link);
  }

  private transmitClose(from: string, link: Link): void {
    const { to, quality } = link;
    const arrival = Math.max(this.now + fromMs(quality.latencyMs), link.lastArrival);
    link.lastArrival = arrival;
    this.queue.push(arrival, { type: 'disconnect', to, from, life: to.life });
  }

  private transmit(from: string, link: Link, message: unknown, cargo: Cargo, connection: number): void {
    const { to, quality } = link;
    const { latencyMs, jitterMs, loss } = quality;
    let delay = fromMs(latencyMs);
    if (jitterMs > 0) delay += fromMs(link.random.float() * jitterMs);
    if (loss > 0) {
      for (let n = 0; n < RETRANSMITS_MAX && link.random.float() < loss; n++)
        delay += fromMs(RETRANSMIT_MS * 2 ** n);
    }
    const arrival = Math.max(this.now + delay, link.lastArrival);
    link.lastArrival = arrival;
    this.emitSent(from, to.id, cargo, arrival);
    this.queue.push(arrival, {
      type: 'message',
      to,
      from,
      link,
      life: to.life,
      connection,
      message,
    });
  }

  private emitSent(from: string, to: string, cargo: Cargo, arrivesAt: Micros | null): void {
    this.emit({
      seq: 0,
      at: 0,
      kind: 'sent',
      from,
      to,
      what: cargo.what,
      place: cargo.place ?? null,
      messages: cargo.messages ?? null,
      arrivesAt,
    });
  }

  private process(id: string): Process {
    const process = this.processes.get(id);
    // No `assert`: it is asked several times for each event, and a text takes longer to make than the answer.
    if (!process) throw new AssertionFailed(`there is no process ${id}`);
    return process;
  }

  private link(from: string, to: string): Link {
    const { links } = this.process(from);
    let link = links.get(to);
    if (!link) {
      link = {
        to: this.process(to),
        quality: { ...this.defaultQuality },
        random: this.random(`link ${from} ${to}`),
        lastArrival: 0,
        cut: false,
        held: [],
        connection: 0,
        readFrom: 0,
        dead: false,
        met: false,
        made: false,
      };
      links.set(to, link);
    }
    return link;
  }
}

/** Who is in a process that is being made. */
const NOBODY: Actor = Object.freeze({
  id: '',
  start: () => undefined,
  receive: () => undefined,
  wake: () => undefined,
});

/** An actor's only way to act on the world. */
export class Port {
  readonly id: string;
  readonly random: Random;
  private readonly kernel: Kernel;
  private readonly process: Process;

  constructor(kernel: Kernel, process: Process) {
    this.kernel = kernel;
    this.process = process;
    this.id = process.id;
    this.random = kernel.random(process.id);
  }

  /** True virtual time; for bookkeeping of the model. */
  now(): Micros {
    return this.kernel.now;
  }

  /** The time this process believes it is: virtual time plus its clock skew. */
  clock(): Micros {
    return this.kernel.now + this.process.skew;
  }

  /** How many times slower than usual this process works (a slow disk, a starved CPU). */
  slowness(): number {
    return this.process.slowness;
  }

  send(to: string, message: unknown, cargo: Cargo): void {
    this.kernel.send(this.process, to, message, cargo);
  }

  /** Wakes this actor after a delay. A crash or a restart voids it. */
  timer(delay: Micros, timer: string, data: unknown = null): Ticket {
    return this.kernel.timer(this.process, delay, timer, data);
  }

  cancel(ticket: Ticket): void {
    this.kernel.cancel(this.process, ticket);
  }

  emit(body: Emission): void {
    this.kernel.emit(body);
  }

  /** Closes the connection to a peer; what is on its way from there is gone. */
  disconnect(peer: string): void {
    this.kernel.disconnect(this.id, peer);
  }

  /** Ends this process by its own will. */
  exit(): void {
    this.kernel.exit(this.id);
  }

  /** This process dies of what it does. Nothing may be sent after it. */
  crash(): void {
    this.kernel.crash(this.id);
  }
}
