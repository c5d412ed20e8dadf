/**
 * What a node has to send when a handler ends: to each peer one message on the wire, behind a network card that carries so
 * many bytes a second.
 */
import type { Cargo, Port } from '../../sim/kernel.ts';
import type { Micros } from '../../sim/time.ts';
import type { MessageId } from '../../sim/trace.ts';
import type { Frames, ServerFrame } from './protocol.ts';
import type { NodeFrame, NodeFrames } from './wire.ts';

/** What a frame takes beside a message's body, about. */
const FRAME_BYTES = 64;

interface Parcel<F> {
  frames: F[];
  messages: MessageId[] | null;
  /** What is in it, by its first message if it has one. */
  what: string;
  /** The queue that all its deliveries come from; null where they differ. */
  place: string | null;
  bytes: number;
}

interface Sending {
  readonly to: string;
  readonly message: Frames<ServerFrame> | NodeFrames;
  readonly cargo: Cargo;
}

export class Outbox {
  private readonly port: Port;
  private readonly bytesPerSecond: number;
  private clients = new Map<string, Parcel<ServerFrame>>();
  private nodes = new Map<string, Parcel<NodeFrame>>();
  /** When the card has carried all that it was given. */
  private freeAt: Micros = 0;
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
    let parcel = this.clients.get(client);
    if (!parcel) this.clients.set(client, (parcel = newParcel(frame.method)));
    put(parcel, frame, frame.method, message, bytes, place);
  }

  toNode(node: string, frame: NodeFrame, what: string, message: MessageId | null, bytes: number): void {
    let parcel = this.nodes.get(node);
    if (!parcel) this.nodes.set(node, (parcel = newParcel(what)));
    put(parcel, frame, what, message, bytes, null);
  }

  /** Adds to the ids that a node's parcel carries. */
  carries(node: string, messages: readonly MessageId[]): void {
    const parcel = this.nodes.get(node);
    if (!parcel || messages.length === 0) return;
    if (parcel.messages) parcel.messages.push(...messages);
    else parcel.messages = [...messages];
  }

  flush(): void {
    if (this.clients.size > 0) {
      for (const [to, parcel] of this.clients) this.send(to, { frames: parcel.frames }, parcel);
      this.clients.clear();
    }
    if (this.nodes.size > 0) {
      for (const [to, parcel] of this.nodes) this.send(to, { nodeFrames: parcel.frames }, parcel);
      this.nodes.clear();
    }
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
    this.freeAt = 0;
    this.waiting = 0;
  }

  private send(
    to: string,
    message: Frames<ServerFrame> | NodeFrames,
    { what, place, messages, bytes }: Parcel<unknown>,
  ): void {
    const now = this.port.now();
    const cargo: Cargo = { what, place, messages };
    this.freeAt = Math.max(this.freeAt, now) + (bytes / this.bytesPerSecond) * 1_000_000;
    const at = Math.floor(this.freeAt);
    if (at <= now && this.waiting === 0) {
      this.port.send(to, message, cargo);
      return;
    }
    this.waiting++;
    this.port.timer(at - now, 'carried', { to, message, cargo } satisfies Sending);
  }
}

function newParcel<F>(what: string): Parcel<F> {
  return { frames: [], messages: null, what, place: null, bytes: 0 };
}

function put<F>(
  parcel: Parcel<F>,
  frame: F,
  what: string,
  message: MessageId | null,
  bytes: number,
  place: string | null,
): void {
  parcel.frames.push(frame);
  parcel.bytes += bytes + FRAME_BYTES;
  if (message === null) return;
  if (parcel.messages) {
    parcel.messages.push(message);
    if (place !== parcel.place) parcel.place = null;
  } else {
    parcel.messages = [message];
    parcel.what = what;
    parcel.place = place;
  }
}

export type { Sending };
