/**
 * What a node has to send when a handler ends: to each peer one message on the wire, unless it has just written to that
 * socket (socket.ts), and behind a network card that carries so many bytes a second.
 */
import type { Cargo, Port } from '../../sim/kernel.ts';
import type { MessageId } from '../../sim/trace.ts';
import type { Frames, ServerFrame } from './protocol.ts';
import { WRITE_GAP_MICROS } from './socket.ts';
import type { NodeFrame, NodeFrames } from './wire.ts';

/** A sending that the card carries so soon is not kept waiting: an event less, and nobody sees the difference. */
const AT_ONCE_MICROS = 20;
/** What a frame takes beside a message's body, about. */
const FRAME_BYTES = 64;

/** A peer's socket, and what is to be written to it. */
interface Socket<F> {
  readonly peer: string;
  readonly isNode: boolean;
  frames: F[];
  messages: MessageId[] | null;
  /** What is in it, by its first message if it has one. */
  what: string;
  /** The queue that all its deliveries come from; null where they differ. */
  place: string | null;
  bytes: number;
  writtenAt: number;
  /** It is to be written to when its time has come. */
  timed: boolean;
  /** It is among those that this handler has something for. */
  dirty: boolean;
}

export type AnySocket = Socket<ServerFrame | NodeFrame>;

interface Sending {
  readonly to: string;
  readonly message: Frames<ServerFrame> | NodeFrames;
  readonly cargo: Cargo;
}

export class Outbox {
  private readonly port: Port;
  private readonly bytesPerSecond: number;
  private clients = new Map<string, Socket<ServerFrame>>();
  private nodes = new Map<string, Socket<NodeFrame>>();
  /** Those that this handler has something for: the first so many. What lies behind them is to be written over. */
  private readonly dirty: AnySocket[] = [];
  private dirtyCount = 0;
  /** When the card has carried all that it was given. */
  private freeAt = 0;
  /** Sendings that wait for the card. */
  private waiting = 0;

  constructor(port: Port, bytesPerSecond: number) {
    this.port = port;
    this.bytesPerSecond = bytesPerSecond;
  }

  toClient(
    client: string,
    frame: ServerFrame,
    message: MessageId | null,
    bytes: number,
    place: string | null,
  ): void {
    let socket = this.clients.get(client);
    if (!socket) this.clients.set(client, (socket = newSocket(client, false)));
    this.put(socket, frame, frame.method, message, bytes, place);
  }

  toNode(node: string, frame: NodeFrame, what: string, message: MessageId | null, bytes: number): void {
    let socket = this.nodes.get(node);
    if (!socket) this.nodes.set(node, (socket = newSocket(node, true)));
    this.put(socket, frame, what, message, bytes, null);
  }

  /** Adds to the ids that a node is sent. */
  carries(node: string, messages: readonly MessageId[]): void {
    const socket = this.nodes.get(node);
    if (!socket || messages.length === 0) return;
    if (socket.messages) socket.messages.push(...messages);
    else socket.messages = [...messages];
  }

  /** A handler ends. */
  flush(): void {
    const { dirty, dirtyCount } = this;
    if (dirtyCount === 0) return;
    const now = this.port.now();
    for (let i = 0; i < dirtyCount; i++) {
      const socket = dirty[i]!;
      socket.dirty = false;
      const wait = socket.writtenAt + WRITE_GAP_MICROS - now;
      if (wait <= 0) this.write(socket);
      else if (!socket.timed) {
        socket.timed = true;
        this.port.timer(wait, 'socket', socket);
      }
    }
    this.dirtyCount = 0;
  }

  /** A socket's time has come. */
  due(socket: AnySocket): void {
    socket.timed = false;
    if (socket.frames.length > 0) this.write(socket);
  }

  /** Everything goes out now: there is no later moment. */
  flushAll(): void {
    for (const socket of [...this.clients.values(), ...this.nodes.values()])
      if (socket.frames.length > 0) this.write(socket);
    this.dirtyCount = 0;
  }

  /** A connection is gone, and what was to be written to it. */
  forget(peer: string): void {
    this.clients.delete(peer);
    this.nodes.delete(peer);
  }

  /** The card has carried it: it is on the wire. */
  sent(sending: Sending): void {
    this.waiting--;
    this.port.send(sending.to, sending.message, sending.cargo);
  }

  /** The process died. */
  reset(): void {
    this.clients.clear();
    this.nodes.clear();
    this.dirty.length = 0;
    this.dirtyCount = 0;
    this.freeAt = 0;
    this.waiting = 0;
  }

  private put<F extends ServerFrame | NodeFrame>(
    socket: Socket<F>,
    frame: F,
    what: string,
    message: MessageId | null,
    bytes: number,
    place: string | null,
  ): void {
    if (!socket.dirty) {
      socket.dirty = true;
      this.dirty[this.dirtyCount++] = socket;
    }
    if (socket.frames.length === 0) {
      socket.what = what;
      socket.place = null;
    }
    socket.frames.push(frame);
    socket.bytes += bytes + FRAME_BYTES;
    if (message === null) return;
    if (socket.messages) {
      socket.messages.push(message);
      if (place !== socket.place) socket.place = null;
    } else {
      socket.messages = [message];
      socket.what = what;
      socket.place = place;
    }
  }

  private write(socket: AnySocket): void {
    const { peer, isNode, frames, messages, what, place, bytes } = socket;
    const now = this.port.now();
    socket.writtenAt = now;
    socket.frames = [];
    socket.messages = null;
    socket.bytes = 0;
    const message = (isNode ? { nodeFrames: frames } : { frames }) as Sending['message'];
    const cargo: Cargo = { what, place, messages };
    this.freeAt = Math.max(this.freeAt, now) + (bytes / this.bytesPerSecond) * 1_000_000;
    const wait = this.freeAt - now;
    if (wait <= AT_ONCE_MICROS && this.waiting === 0) {
      this.port.send(peer, message, cargo);
      return;
    }
    this.waiting++;
    this.port.timer(Math.ceil(wait), 'carried', { to: peer, message, cargo } satisfies Sending);
  }
}

function newSocket<F>(peer: string, isNode: boolean): Socket<F> {
  return {
    peer,
    isNode,
    frames: [],
    messages: null,
    what: '',
    place: null,
    bytes: 0,
    writtenAt: -Infinity,
    timed: false,
    dirty: false,
  };
}

export type { Sending };
