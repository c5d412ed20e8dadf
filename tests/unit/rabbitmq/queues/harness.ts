/** A queue on its own: a node that writes down what the queue asks of it. */
import { ClassicQueue } from '../../../../src/brokers/rabbitmq/queues/classic.ts';
import type { QueueOptions } from '../../../../src/brokers/rabbitmq/queues/copies.ts';
import { QuorumFifo } from '../../../../src/brokers/rabbitmq/queues/quorum.ts';
import { StreamLog } from '../../../../src/brokers/rabbitmq/queues/stream.ts';
import type { Version } from '../../../../src/brokers/rabbitmq/config.ts';
import type { DeathReason, Message } from '../../../../src/brokers/rabbitmq/message.ts';
import type {
  PublishKey,
  QueueCommand,
  QueueDelivery,
  QueueEffects,
  QueueLimits,
  QueueMachine,
  ReturnReason,
  Subscription,
} from '../../../../src/brokers/rabbitmq/queue.ts';
import type { EventBody } from '../../../../src/sim/trace.ts';

export const UNLIMITED: QueueLimits = {
  messageTtl: null,
  maxLength: null,
  maxLengthBytes: null,
  overflow: 'drop-head',
  deadLetterExchange: null,
  deadLetterRoutingKey: null,
  deadLetterStrategy: 'at-most-once',
  maxPriority: 0,
  deliveryLimit: null,
  singleActiveConsumer: false,
  delayedRetry: { type: 'disabled', min: 0, max: null },
  maxAge: null,
  maxSegmentBytes: 500_000_000,
};

export function message(id: number, more: Partial<Message> = {}): Message {
  return {
    id,
    key: null,
    bytes: 10,
    exchange: '',
    routingKey: 'q',
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

export interface Given {
  readonly tag: string;
  readonly id: number;
  readonly position: number;
  readonly redelivered: boolean;
  readonly count: number | null;
  readonly headers: QueueDelivery['extraHeaders'];
}

function given(tag: string, delivery: QueueDelivery): Given {
  const {
    message: { id },
    position,
    redelivered,
    deliveryCount: count,
    extraHeaders: headers,
  } = delivery;
  return { tag, id, position, redelivered, count, headers };
}

/** The node: everything that it was told, in order. */
export class Node implements QueueEffects {
  readonly given: Given[] = [];
  readonly answers: (Given | null)[] = [];
  readonly left: number[] = [];
  readonly purges: number[] = [];
  readonly confirms: number[] = [];
  readonly nacks: number[] = [];
  readonly stored: number[] = [];
  readonly dead: { id: number; reason: DeathReason; position: number | null; held: boolean }[] = [];
  /** The messages of `dead`, as they left. */
  readonly letters: Message[] = [];
  readonly events: EventBody[] = [];
  readonly blocks: boolean[] = [];
  wake: number | null = null;
  /** Channels without room. */
  readonly full = new Set<string>();
  readonly exchanges = new Set(['dlx']);

  deliver(to: Subscription, delivery: QueueDelivery): void {
    this.given.push(given(to.tag, delivery));
  }
  got(_channel: string, delivery: QueueDelivery | null, left: number): void {
    this.answers.push(delivery === null ? null : given('get', delivery));
    this.left.push(left);
  }
  purged(_channel: string, messages: number): void {
    this.purges.push(messages);
  }
  confirmed({ sequence }: PublishKey): void {
    this.confirms.push(sequence);
  }
  rejected({ sequence }: PublishKey): void {
    this.nacks.push(sequence);
  }
  store(position: number): void {
    this.stored.push(position);
  }
  hasExchange(name: string): boolean {
    return this.exchanges.has(name);
  }
  deadLetter(message: Message, reason: DeathReason, position: number | null, held: boolean): void {
    this.dead.push({ id: message.id, reason, position, held });
    this.letters.push(message);
  }
  hasRoom({ channel }: Subscription): boolean {
    return !this.full.has(channel);
  }
  wakeAt(at: number | null): void {
    this.wake = at;
  }
  blockPublishers(blocked: boolean): void {
    this.blocks.push(blocked);
  }
  trace(event: EventBody): void {
    this.events.push(event);
  }

  /** The ids that went to a consumer, a star behind those that were redelivered. */
  to(tag: string): string[] {
    return this.given.filter((one) => one.tag === tag).map(starred);
  }

  /** Events of one kind, the given fields only. */
  of<K extends EventBody['kind']>(kind: K): Extract<EventBody, { kind: K }>[] {
    return this.events.filter((event): event is Extract<EventBody, { kind: K }> => event.kind === kind);
  }
}

function starred({ id, redelivered }: Given): string {
  return redelivered ? `${id}*` : `${id}`;
}

export type QueueType = 'classic' | 'quorum' | 'stream';

export function machine(type: QueueType, options: QueueOptions): QueueMachine {
  if (type === 'classic') return new ClassicQueue(options);
  return type === 'quorum' ? new QuorumFifo(options) : new StreamLog(options);
}

/** A queue `q` with its node and a clock of its own, milliseconds. */
export class Bench {
  readonly node = new Node();
  readonly queue: QueueMachine;
  private ms = 0;
  private sequence = 0;

  constructor(
    type: QueueType,
    limits: Partial<QueueLimits> = {},
    { version = '4.3', durable = true }: { version?: Version; durable?: boolean } = {},
  ) {
    const options: QueueOptions = {
      name: 'q',
      node: 'rabbit-1',
      durable,
      version,
      limits: { ...UNLIMITED, ...limits },
    };
    this.queue = machine(type, options);
  }

  get quorum(): QuorumFifo {
    if (this.queue instanceof QuorumFifo) return this.queue;
    throw new Error('not a quorum queue');
  }

  do(command: QueueCommand): this {
    this.queue.apply(command, this.ms * 1000, this.node);
    return this;
  }

  /** Time passes; the queue is woken when it asked to be. */
  wait(ms: number): this {
    const until = this.ms + ms;
    for (let at = this.node.wake; at !== null && at <= until * 1000; at = this.node.wake) {
      this.ms = at / 1000;
      this.node.wake = null;
      this.do({ type: 'tick' });
    }
    this.ms = until;
    return this;
  }

  /** Publishes in confirm mode; the n-th publish is number n. */
  publish(...messages: (number | Message)[]): this {
    for (const one of messages) {
      const sequence = ++this.sequence;
      const publish = { channel: 'publisher', sequence };
      this.do({ type: 'enqueue', message: typeof one === 'number' ? message(one) : one, publish });
    }
    return this;
  }

  consume(tag: string, more: Partial<Subscription> = {}): this {
    const subscription: Subscription = {
      channel: `channel of ${tag}`,
      tag,
      client: `client of ${tag}`,
      noAck: false,
      exclusive: false,
      priority: 0,
      prefetch: 0,
      offset: null,
      ...more,
    };
    return this.do({ type: 'consume', subscription });
  }

  cancel(tag: string): this {
    return this.do({ type: 'cancel', channel: `channel of ${tag}`, tag });
  }

  get(noAck = false): Given | null {
    this.do({ type: 'get', channel: 'getter', client: 'getter', noAck });
    return this.node.answers.at(-1)!;
  }

  /** Gets and settles all that is ready; a star marks the redelivered. */
  drain(): string[] {
    const out: string[] = [];
    for (let one = this.get(true); one !== null; one = this.get(true)) out.push(starred(one));
    return out;
  }

  /** By message, of what the consumer or `get` has. */
  ack(tag: string, ...ids: number[]): this {
    return this.do({ type: 'ack', channel: this.channel(tag), positions: this.positions(ids) });
  }

  discard(tag: string, ...ids: number[]): this {
    return this.do({
      type: 'discard',
      channel: this.channel(tag),
      positions: this.positions(ids),
      failed: true,
    });
  }

  requeue(tag: string, why: ReturnReason, ...ids: number[]): this {
    return this.do({ type: 'requeue', channel: this.channel(tag), positions: this.positions(ids), why });
  }

  down(tag: string, why: ReturnReason = 'channel-down'): this {
    return this.do({ type: 'channel-down', channel: this.channel(tag), why });
  }

  private channel(tag: string): string {
    return tag === 'get' ? 'getter' : `channel of ${tag}`;
  }

  private positions(ids: number[]): number[] {
    return ids.map((id) => {
      const event = this.node.of('appended').find((one) => one.message === id);
      if (!event) throw new Error(`message ${id} is not in the queue`);
      return event.position;
    });
  }
}
