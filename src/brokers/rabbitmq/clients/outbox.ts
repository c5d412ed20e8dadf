/** What a process has said to its node within one handler: it travels as one message. */
import type { Cargo, Port } from '../../../sim/kernel.ts';
import type { MessageId } from '../../../sim/trace.ts';
import type { ClientFrame, Frames } from '../protocol.ts';

export class Outbox {
  private frames: ClientFrame[] = [];
  private messages: MessageId[] | null = null;
  private methods: string[] = [];

  add(frame: ClientFrame): void {
    this.frames.push(frame);
    if (!this.methods.includes(frame.method)) this.methods.push(frame.method);
    if (frame.method !== 'basic.publish') return;
    const { id } = frame.content;
    if (this.messages) this.messages.push(id);
    else this.messages = [id];
  }

  /** Throws away what was said to a connection that is gone. */
  clear(): void {
    this.frames = [];
    this.messages = null;
    this.methods = [];
  }

  sendTo(node: string, port: Port): void {
    const { frames } = this;
    if (frames.length === 0) return;
    const what = this.methods.length === 1 ? this.methods[0]! : this.methods.join(', ');
    const cargo: Cargo = { what, place: null, messages: this.messages };
    this.clear();
    port.send(node, { frames } satisfies Frames<ClientFrame>, cargo);
  }
}
