/**
 * What a connection has declared, so that automatic recovery can declare it again: exchanges, queues and bindings that the
 * application made and has not taken back. What others made is not its business.
 */
import type { ClientFrame, ServerFrame } from '../protocol.ts';

type Frame<M extends ClientFrame['method']> = Extract<ClientFrame, { method: M }>;

export class Topology {
  private exchanges = new Map<string, Frame<'exchange.declare'>>();
  /** By the name that the queue has: a server-named one is declared with none. */
  private queues = new Map<string, Frame<'queue.declare'>>();
  private bindings = new Map<string, Frame<'bind'>>();

  /** A call of the application was answered in good order. */
  record(call: ClientFrame, reply: ServerFrame): void {
    switch (call.method) {
      case 'exchange.declare':
        if (!call.passive) this.exchanges.set(call.exchange.name, call);
        break;
      case 'exchange.delete':
        this.exchanges.delete(call.name);
        this.forgetBindings('exchange', call.name);
        break;
      case 'queue.declare':
        if (!call.passive && reply.method === 'queue.declare-ok') this.queues.set(reply.name, call);
        break;
      case 'queue.delete':
        this.queues.delete(call.name);
        this.forgetBindings('queue', call.name);
        break;
      case 'bind':
        this.bindings.set(bindingId(call.binding), call);
        break;
      case 'unbind':
        this.bindings.delete(bindingId(call.binding));
        break;
      default:
    }
  }

  /** The server named a queue anew: what leads to it follows. */
  rename(from: string, to: string): void {
    const queue = this.queues.get(from);
    if (from === to || !queue) return;
    this.queues.delete(from);
    this.queues.set(to, queue);
    for (const [id, bind] of this.bindings) {
      const { binding } = bind;
      if (binding.destinationType !== 'queue' || binding.destination !== from) continue;
      this.bindings.delete(id);
      const renamed = { ...binding, destination: to };
      this.bindings.set(bindingId(renamed), { ...bind, binding: renamed });
    }
  }

  exchangeDeclarations(): Frame<'exchange.declare'>[] {
    return [...this.exchanges.values()];
  }

  /** With the names that the queues had. */
  queueDeclarations(): (readonly [name: string, declare: Frame<'queue.declare'>])[] {
    return [...this.queues];
  }

  bindingDeclarations(): Frame<'bind'>[] {
    return [...this.bindings.values()];
  }

  private forgetBindings(type: 'queue' | 'exchange', name: string): void {
    for (const [id, { binding }] of this.bindings) {
      const leadsThere = binding.destinationType === type && binding.destination === name;
      if (leadsThere || (type === 'exchange' && binding.source === name)) this.bindings.delete(id);
    }
  }
}

/** two bindings that differ in anything are two. */
function bindingId({
  source,
  destinationType,
  destination,
  routingKey,
  arguments: more,
}: Frame<'bind'>['binding']): string {
  return JSON.stringify([source, destinationType, destination, routingKey, more]);
}
