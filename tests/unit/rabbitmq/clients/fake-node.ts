// Nodes that a test scripts: they answer every call in good order, and do with publishes, deliveries and errors what the
// test says. For what a client does, whatever the broker is.
import type { AmqpCode } from '../../../../src/brokers/rabbitmq/amqp-error.ts';
import type { Table } from '../../../../src/brokers/rabbitmq/config.ts';
import type { Message } from '../../../../src/brokers/rabbitmq/message.ts';
import type { ClientFrame, Frames, ServerFrame } from '../../../../src/brokers/rabbitmq/protocol.ts';
import { Kernel, type Actor, type Port } from '../../../../src/sim/kernel.ts';
import type { TraceEvent } from '../../../../src/sim/trace.ts';

export type Publish = Extract<ClientFrame, { method: 'basic.publish' }>;
/** What the test answers itself: frames, `nothing`, or undefined to leave it to the node. */
export type Script = (
  frame: ClientFrame,
  node: FakeNode,
  from: string,
) => ServerFrame[] | 'nothing' | undefined;

export interface Asked {
  readonly atMs: number;
  readonly node: string;
  readonly from: string;
  readonly frame: ClientFrame;
}

export class FakeCluster {
  readonly events: TraceEvent[] = [];
  readonly kernel: Kernel;
  readonly nodes: readonly string[];
  /** Every frame, in the order in which they came. */
  readonly asked: Asked[] = [];
  script: Script = () => undefined;

  constructor(nodes = 1, latencyMs = 1) {
    const sink = { on: (event: TraceEvent) => void this.events.push(event) };
    this.kernel = new Kernel({ seed: 1, network: { latencyMs, jitterMs: 0, loss: 0 }, sink });
    this.nodes = Array.from({ length: nodes }, (_, i) => `rabbit-${i + 1}`);
    for (const id of this.nodes) {
      this.kernel.add((port) => new FakeNode(port, this), id);
      this.kernel.start(id);
    }
  }

  /** Adds a client and starts it. */
  client<A extends Actor>(id: string, make: (port: Port) => A): A {
    const made: A[] = [];
    this.kernel.add((port) => {
      made.push(make(port));
      return made[0]!;
    }, id);
    this.kernel.start(id);
    return made[0]!;
  }

  node(id = 'rabbit-1'): FakeNode {
    const actor = this.kernel.actor(id);
    if (!(actor instanceof FakeNode)) throw new Error(`${id} is no node`);
    return actor;
  }

  until(ms: number): void {
    while (this.kernel.nextAt() <= ms * 1000) this.kernel.step();
    this.kernel.now = ms * 1000;
  }

  of<K extends TraceEvent['kind']>(kind: K): Extract<TraceEvent, { kind: K }>[] {
    return this.events.filter((event): event is Extract<TraceEvent, { kind: K }> => event.kind === kind);
  }

  frames<M extends ClientFrame['method']>(method: M): Extract<ClientFrame, { method: M }>[] {
    return this.asked.flatMap(({ frame }) =>
      frame.method === method ? [frame as Extract<ClientFrame, { method: M }>] : [],
    );
  }

  methods(node?: string): string[] {
    return this.asked
      .filter((asked) => node === undefined || asked.node === node)
      .map(({ frame }) => frame.method);
  }
}

export class FakeNode implements Actor {
  readonly id: string;
  private readonly port: Port;
  private readonly cluster: FakeCluster;
  private names = 0;
  private tags = 0;
  private position = 0;
  /** Channels that are open, by client and number. */
  private open = new Set<string>();

  constructor(port: Port, cluster: FakeCluster) {
    this.id = port.id;
    this.port = port;
    this.cluster = cluster;
  }

  start(): void {
    this.tags = 0;
    this.open.clear();
  }

  receive(message: unknown, from: string): void {
    const { frames } = message as Frames<ClientFrame>;
    const replies: ServerFrame[] = [];
    for (const frame of frames) {
      this.cluster.asked.push({ atMs: this.port.now() / 1000, node: this.id, from, frame });
      // what a client had sent on a channel before it heard of its end is passed over.
      if (frame.method === 'channel.open') this.open.add(`${from} ${frame.channel}`);
      else if ('channel' in frame && !this.open.has(`${from} ${frame.channel}`)) continue;
      if (frame.method === 'connection.open')
        this.open = new Set([...this.open].filter((id) => !id.startsWith(`${from} `)));
      const scripted = this.cluster.script(frame, this, from);
      if (scripted === 'nothing') continue;
      replies.push(...(scripted ?? this.answer(frame)));
    }
    this.say(from, ...replies);
  }

  wake(): void {}

  say(to: string, ...frames: ServerFrame[]): void {
    if (frames.length > 0) this.port.send(to, { frames }, { what: frames[0]!.method });
  }

  /** Pushes one message to a consumer; delivery tags go up from 1. */
  deliver(
    to: string,
    tag: string,
    more: Partial<Message> = {},
    headers: Table = {},
    redelivered = false,
  ): void {
    this.say(to, this.delivery(tag, more, headers, redelivered));
  }

  delivery(tag: string, more: Partial<Message> = {}, headers: Table = {}, redelivered = false): ServerFrame {
    const position = this.position++;
    return {
      method: 'basic.deliver',
      channel: 1,
      tag,
      delivery: {
        deliveryTag: ++this.tags,
        redelivered,
        message: messageOf({ id: position, ...more }),
        headers,
        place: 'work',
        position,
        deliveryCount: null,
      },
    };
  }

  /** Nothing, where the channel is not open. */
  closeChannel(to: string, code: AmqpCode, text: string, channel = 1): void {
    if (!this.open.delete(`${to} ${channel}`)) return;
    this.tags = 0;
    this.say(to, { method: 'channel.close', channel, code, text });
  }

  answer(frame: ClientFrame): ServerFrame[] {
    switch (frame.method) {
      case 'connection.open':
        this.tags = 0;
        return [{ method: 'connection.open-ok' }];
      case 'connection.close':
        return [{ method: 'connection.close-ok' }];
      case 'channel.open':
      case 'channel.close':
        return [{ method: `${frame.method}-ok`, channel: frame.channel }];
      case 'queue.declare': {
        const name = frame.queue.name === '' ? `amq.gen-${++this.names}` : frame.queue.name;
        return [{ method: 'queue.declare-ok', channel: frame.channel, name, messages: 0, consumers: 0 }];
      }
      case 'queue.delete':
      case 'queue.purge':
        return [{ method: `${frame.method}-ok`, channel: frame.channel, messages: 0 }];
      case 'basic.consume':
        return [
          {
            method: 'basic.consume-ok',
            channel: frame.channel,
            tag: frame.tag || `amq.ctag-${++this.names}`,
          },
        ];
      case 'basic.cancel':
        return [{ method: 'basic.cancel-ok', channel: frame.channel, tag: frame.tag }];
      case 'basic.get':
        return [{ method: 'basic.get-empty', channel: frame.channel }];
      case 'basic.publish':
      case 'basic.ack':
      case 'basic.nack':
      case 'basic.reject':
        return [];
      default:
        return [{ method: 'ok', channel: frame.channel, to: frame.method }];
    }
  }
}

export function messageOf(more: Partial<Message>): Message {
  return {
    id: 0,
    key: null,
    bytes: 100,
    exchange: '',
    routingKey: 'work',
    cc: [],
    bcc: [],
    persistent: true,
    priority: null,
    expiration: null,
    headers: {},
    deaths: [],
    firstDeath: null,
    lastDeath: null,
    failures: 0,
    ...more,
  };
}
