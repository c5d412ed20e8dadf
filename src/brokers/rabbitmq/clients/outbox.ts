/**
 * What a process has said to its node: what it says in one handler travels as one message, and so does what it publishes
 * and acknowledges too soon after its last write to its socket (socket.ts).
 */
import type { Cargo, Port } from '../../../sim/kernel.ts';
import type { Micros } from '../../../sim/time.ts';
import type { MessageId } from '../../../sim/trace.ts';
import type { ClientFrame, Frames } from '../protocol.ts';
import { WRITE_GAP_MICROS } from '../socket.ts';

export class Outbox {
  private frames: ClientFrame[] = [];
  private messages: MessageId[] | null = null;
  /** The methods in it, each once, as the trace tells them. */
  private what = '';
  /** Somebody waits for the answer to something in it. */
  private urgent = false;
  private writtenAt = -Infinity;
  private timed = false;

  add(frame: ClientFrame): void {
    this.frames.push(frame);
    this.what = withMethod(this.what, frame.method);
    if (frame.method !== 'basic.publish') {
      this.urgent ||= frame.method !== 'basic.ack';
      return;
    }
    const { id } = frame.content;
    if (this.messages) this.messages.push(id);
    else this.messages = [id];
  }

  /** Throws away what was said to a connection that is gone. */
  clear(): void {
    this.frames = [];
    this.messages = null;
    this.what = '';
    this.urgent = false;
    this.timed = false;
    this.writtenAt = -Infinity;
  }

  /** A handler ends. Wakes the process with `amqp-write` where that is to wait. */
  flush(node: string, port: Port): void {
    if (this.frames.length === 0) return;
    const now = port.now();
    const wait = this.writtenAt + WRITE_GAP_MICROS - now;
    if (this.urgent || wait <= 0) this.write(node, port, now);
    else if (!this.timed) {
      this.timed = true;
      port.timer(wait, 'amqp-write');
    }
  }

  /** @param now virtual microseconds */
  write(node: string, port: Port, now: Micros): void {
    this.timed = false;
    const { frames, what } = this;
    if (frames.length === 0) return;
    const cargo: Cargo = { what, place: null, messages: this.messages };
    this.clear();
    this.writtenAt = now;
    port.send(node, { frames } satisfies Frames<ClientFrame>, cargo);
  }
}

function withMethod(what: string, method: string): string {
  if (what === method) return what;
  if (what === '') return method;
  return what.split(', ').includes(method) ? what : `${what}, ${method}`;
}
