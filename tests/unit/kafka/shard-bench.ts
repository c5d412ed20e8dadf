// A bench for any CoordinatorShard, driven by hand: a clock, timers, answers, what it wrote; and another shard made from
// what the first one wrote, as the next leader of its partition would make it.
import * as v from 'valibot';
import type { CoordinatorRecord } from '../../../src/brokers/kafka/batch.ts';
import type { ClusterImage, PartitionImage, TopicImage } from '../../../src/brokers/kafka/cluster-image.ts';
import { kafkaBrokerConfig } from '../../../src/brokers/kafka/config.ts';
import type { CoordinatorShard, ShardContext } from '../../../src/brokers/kafka/coordinator-shard.ts';
import type { Reply, ReplyTo, Request } from '../../../src/brokers/kafka/protocol.ts';
import { Random } from '../../../src/sim/random.ts';
import type { EventBody } from '../../../src/sim/trace.ts';

export interface ShardBenchOptions {
  /** Topics with their partition counts, all led by broker-1. */
  readonly topics?: Readonly<Record<string, number>>;
  readonly config?: v.InferInput<typeof kafkaBrokerConfig>;
  /** The partition that the shard belongs to. */
  readonly place?: string;
  readonly seed?: number;
}

export interface SentRequest {
  readonly to: string;
  readonly request: Request;
  readonly context: unknown;
  readonly atMs: number;
}

export class ShardBench<Shard extends CoordinatorShard> {
  readonly events: (EventBody & { atMs: number })[] = [];
  /** Everything that was written, in order. */
  readonly log: CoordinatorRecord[] = [];
  /** What the shard asked of brokers; answer with {@link ShardBench.answerRequest}. */
  readonly requests: SentRequest[] = [];
  shard: Shard;
  image: ClusterImage;
  nowMs = 0;
  private readonly make: (context: ShardContext) => Shard;
  private readonly context: ShardContext;
  private replies = new Map<string, { reply: Reply; atMs: number }>();
  private timers: { atMs: number; order: number; timer: string; data: unknown }[] = [];
  private next = 0;
  private readonly effects = {
    reply: (to: string, correlation: number, reply: Reply): void => {
      const key = `${to} ${correlation}`;
      if (this.replies.has(key)) throw new Error(`${reply.api} of ${to} is answered twice`);
      this.replies.set(key, { reply, atMs: this.nowMs });
    },
    timer: (delay: number, timer: string, data: unknown): void => {
      this.timers.push({ atMs: this.nowMs + delay / 1000, order: this.next++, timer, data });
    },
    trace: (event: EventBody): void => {
      this.events.push({ ...event, atMs: this.nowMs });
    },
    write: (key: string, value: object | null): void => {
      // What is written may be shared by all who replay it: a shard that changes it later is found out here.
      this.log.push({ key, value: value === null ? null : deepFreeze(value) });
    },
    request: (to: string, request: Request, context: unknown): void => {
      this.requests.push({ to, request, context, atMs: this.nowMs });
    },
    takesWrites: () => true,
    image: (): ClusterImage => this.image,
  };

  constructor(make: (context: ShardContext) => Shard, options: ShardBenchOptions = {}) {
    const { topics = { orders: 3 }, config = {}, place = '__consumer_offsets-0', seed = 1 } = options;
    this.make = make;
    this.context = {
      node: 'broker-1',
      place,
      config: v.parse(kafkaBrokerConfig, config),
      random: new Random(seed, 'bench'),
    };
    this.image = imageOf(topics, 1);
    this.shard = make(this.context);
    this.shard.loaded(0, this.effects);
  }

  /** Sends a request. @returns asks for its answer, or undefined while it is parked */
  ask<R extends Request>(from: string, request: R): () => ReplyTo<R['api']> | undefined {
    const correlation = this.next++;
    this.shard.handle(request, from, correlation, this.nowMs * 1000, this.effects);
    return () => this.replies.get(`${from} ${correlation}`)?.reply as ReplyTo<R['api']> | undefined;
  }

  /** The answer to a request that is not parked. */
  answer<R extends Request>(from: string, request: R): ReplyTo<R['api']> {
    const reply = this.ask(from, request)();
    if (!reply) throw new Error(`${request.api} of ${from} is parked`);
    return reply;
  }

  /** Lets time pass. */
  until(ms: number): void {
    for (;;) {
      this.timers.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const first = this.timers[0];
      if (!first || first.atMs > ms) break;
      this.timers.shift();
      this.nowMs = first.atMs;
      this.shard.timer(first.timer, first.data, this.nowMs * 1000, this.effects);
    }
    this.nowMs = ms;
  }

  /** Ends a request of the shard's own. @param reply null: the connection broke */
  answerRequest(request: SentRequest, reply: Reply | null): void {
    this.requests.splice(this.requests.indexOf(request), 1);
    this.shard.answered(request.context, reply, this.nowMs * 1000, this.effects);
  }

  /** Topics now have these partition counts. */
  setTopics(topics: Readonly<Record<string, number>>): void {
    this.image = imageOf(topics, this.image.version + 1);
    this.shard.imageChanged(this.nowMs * 1000, this.effects);
  }

  /**
   * Another broker leads the partition from now on: a new shard is made from what this one wrote. Timers and parked
   * requests of the old one are gone.
   * @param how `compacted`: of each key only the last record is left, in the order of the log
   * @param how.records how many records survived; all of them, if left out
   */
  failOver(how: { compacted?: boolean; records?: number } = {}): void {
    this.timers = [];
    this.log.length = Math.min(this.log.length, how.records ?? this.log.length);
    const last = new Map(this.log.map(({ key }, i) => [key, i]));
    this.shard = this.make(this.context);
    this.log.forEach(({ key, value }, i) => {
      if (!how.compacted || last.get(key) === i) this.shard.replay(key, value);
    });
    this.shard.loaded(this.nowMs * 1000, this.effects);
  }

  /** `3000 Stable 1`: when which group state was entered, in which generation. */
  states(): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'group-state-changed' ? [`${event.atMs} ${event.state} ${event.generation}`] : [],
    );
  }

  only<K extends EventBody['kind']>(kind: K): (Extract<EventBody, { kind: K }> & { atMs: number })[] {
    return this.events.filter(
      (event): event is Extract<EventBody, { kind: K }> & { atMs: number } => event.kind === kind,
    );
  }
}

/** An image in which broker-1 leads everything. */
export function imageOf(topics: Readonly<Record<string, number>>, version: number): ClusterImage {
  const partitionsOf = (topic: string, count: number): PartitionImage[] =>
    Array.from({ length: count }, (_, index) => ({
      place: `${topic}-${index}`,
      topic,
      index,
      replicas: ['broker-1'],
      isr: ['broker-1'],
      elr: [],
      leader: 'broker-1',
      leaderEpoch: 0,
      partitionEpoch: 0,
    }));
  return {
    version,
    brokers: new Map([['broker-1', { node: 'broker-1', fenced: false }]]),
    topics: new Map(
      Object.entries(topics).map(([name, count]): [string, TopicImage] => [
        name,
        { name, internal: false, config: {}, partitions: partitionsOf(name, count) },
      ]),
    ),
  };
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value) as unknown[])
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner);
  return Object.freeze(value);
}
