/** Hand-made traces for tests of RabbitMQ's picture and its words: nothing here was simulated. */
import * as v from 'valibot';
import { rabbitmqClient, type RabbitmqClient } from '../../../src/brokers/rabbitmq/client-config.ts';
import { rabbitmqSystem } from '../../../src/brokers/rabbitmq/config.ts';
import type { RabbitmqView, ViewPart } from '../../../src/brokers/rabbitmq/view-types.ts';
import { RabbitmqViewFold } from '../../../src/brokers/rabbitmq/view.ts';
import { fromMs } from '../../../src/sim/time.ts';
import type { EventBody, TraceEvent } from '../../../src/sim/trace.ts';

type SystemInput = v.InferInput<typeof rabbitmqSystem>;
type ClientInput = v.InferInput<typeof rabbitmqClient>;

export interface Setting {
  readonly system?: Omit<SystemInput, 'broker'>;
  readonly clients?: readonly ClientInput[];
  readonly parts?: readonly ViewPart[];
}

interface Publish {
  readonly client?: string;
  readonly key?: string | null;
  readonly to?: string;
  readonly routingKey?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** Queues that it ends in. */
  readonly into?: readonly string[];
  readonly bytes?: number;
}

/** A run that is told step by step. Times are milliseconds. */
export class Story {
  readonly events: TraceEvent[] = [];
  readonly fold: RabbitmqViewFold;
  now = 0;
  private messages = 0;
  private readonly positions = new Map<string, number>();
  private readonly system: v.InferOutput<typeof rabbitmqSystem>;

  constructor({ system = {}, clients = [], parts = [] }: Setting = {}) {
    this.system = v.parse(rabbitmqSystem, { broker: 'rabbitmq', ...system });
    const parsed = clients.map((client): RabbitmqClient => v.parse(rabbitmqClient, client));
    this.fold = new RabbitmqViewFold(this.system, parsed, parts);
    this.declare();
    for (const client of parsed) {
      this.tell({
        kind: 'client-started',
        client: client.id,
        role: client.role === 'publisher' ? 'producer' : 'consumer',
      });
      this.tell({ kind: 'connected', client: client.id, node: `rabbit-${client.node}` });
      if (client.role === 'consumer')
        for (const place of client.queues)
          this.tell({
            kind: 'consuming-began',
            client: client.id,
            group: place,
            place,
            tag: `${client.id}-${place}`,
            prefetch: client.prefetchCount ?? null,
          });
    }
  }

  tell(body: EventBody): this {
    const event = { ...body, seq: this.events.length, at: fromMs(this.now) };
    this.events.push(event);
    this.fold.on(event);
    return this;
  }

  /** Time goes on. */
  after(ms: number): this {
    this.now += ms;
    return this;
  }

  view(atMs = this.now): RabbitmqView {
    return this.fold.view(fromMs(atMs));
  }

  private declare(): void {
    for (const { name, type, arguments: given } of this.system.exchanges)
      this.tell({ kind: 'exchange-created', node: 'rabbit-1', name, type, arguments: given });
    for (const { name, node, arguments: args } of this.system.queues) {
      const type = typeof args['x-queue-type'] === 'string' ? args['x-queue-type'] : 'classic';
      const nodes = Array.from({ length: this.system.nodes }, (_, i) => `rabbit-${i + 1}`);
      this.tell({
        kind: 'places-created',
        node: `rabbit-${node}`,
        name,
        places: [name],
        total: 1,
        holds: type === 'stream' ? 'log' : 'queue',
        type,
        ...(type === 'classic' ? {} : { replicas: [nodes] }),
      });
      if (type !== 'classic')
        this.tell({
          kind: 'leader-elected',
          place: name,
          node: `rabbit-${node}`,
          epoch: 1,
          clean: true,
          why: 'declared',
        });
    }
    for (const { source, destination, destinationType, routingKey, arguments: args } of this.system.bindings)
      this.tell({
        kind: 'binding-created',
        node: 'rabbit-1',
        source,
        destination,
        to: destinationType,
        routingKey,
        arguments: args,
      });
  }

  /** Published and on the wire; {@link arrive} takes it on. @returns its number */
  send(publish: Publish = {}, latencyMs = 20): number {
    const { client = 'p', key = 'A', to = 'orders', routingKey = '', bytes = 100, headers } = publish;
    const message = this.messages++;
    this.tell({
      kind: 'published',
      client,
      message,
      key,
      to,
      bytes,
      routingKey,
      ...(headers && { headers }),
    });
    this.tell({
      kind: 'sent',
      from: client,
      to: 'rabbit-1',
      what: 'basic.publish',
      place: null,
      messages: [message],
      arrivesAt: fromMs(this.now + latencyMs),
    });
    return message;
  }

  arrive(message: number, { key = 'A', to = 'orders', into = [] }: Publish = {}): void {
    for (const place of into) {
      const way = this.system.bindings.find(
        ({ source, destination }) => source === to && destination === place,
      );
      const why = `${to}: binding "${way?.routingKey ?? place}"`;
      this.tell({ kind: 'routed', by: to, message, place, why });
      this.append(place, message, key);
    }
    if (into.length === 0)
      this.tell({ kind: 'dropped', node: 'rabbit-1', place: to, message, reason: 'unroutable' });
  }

  append(place: string, message: number, key: string | null = 'A'): number {
    const position = this.positions.get(place) ?? 0;
    this.positions.set(place, position + 1);
    this.tell({ kind: 'appended', node: 'rabbit-1', place, position, message, key, epoch: 1 });
    return position;
  }

  /** Published, there at once, and confirmed. */
  publish(publish: Publish = {}): number {
    const message = this.send(publish, 0);
    this.arrive(message, publish);
    this.tell({
      kind: 'publish-confirmed',
      client: publish.client ?? 'p',
      message,
      place: null,
      position: null,
    });
    return message;
  }

  acquire(client: string, place: string, position: number, message: number, latencyMs = 0): void {
    this.tell({
      kind: 'acquired',
      node: 'rabbit-1',
      group: place,
      client,
      place,
      position,
      message,
      deliveryCount: 0,
      until: null,
    });
    this.tell({
      kind: 'sent',
      from: 'rabbit-1',
      to: client,
      what: 'basic.deliver',
      place: null,
      messages: [message],
      arrivesAt: fromMs(this.now + latencyMs),
    });
  }

  deliver(
    client: string,
    place: string,
    position: number,
    message: number,
    key: string | null = 'A',
    redelivered = false,
  ): void {
    this.tell({
      kind: 'delivered',
      client,
      group: place,
      message,
      key,
      place,
      position,
      redelivered,
      deliveryCount: null,
    });
  }

  process(client: string, place: string, position: number, message: number, key: string | null = 'A'): void {
    this.tell({ kind: 'processed', client, group: place, message, key, place, position });
  }

  settle(
    client: string,
    place: string,
    position: number,
    message: number,
    outcome: 'acked' | 'nacked' | 'rejected' = 'acked',
  ): void {
    this.tell({ kind: 'settled', client, group: place, outcome, place, position, message });
  }

  remove(place: string, position: number, message: number): void {
    this.tell({ kind: 'removed', node: 'rabbit-1', place, position, message, why: 'acknowledged' });
  }

  release(
    place: string,
    position: number,
    message: number,
    why = 'channel-down',
    where = 'original place',
  ): void {
    this.tell({ kind: 'released', node: 'rabbit-1', group: place, place, position, why, message, where });
  }

  deadLetter(place: string, position: number, message: number, to: string, reason: string): void {
    this.tell({ kind: 'dead-lettered', node: 'rabbit-1', place, position, message, to, reason });
  }
}
