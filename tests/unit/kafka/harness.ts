// What the tests of the Kafka model share: a bench that drives the broker's machine by hand, and whole runs.
import { BrokerMachine } from '../../../src/brokers/kafka/machine.ts';
import type { Reply, ReplyTo, Request } from '../../../src/brokers/kafka/protocol.ts';
import { parseScenario, type ScenarioInput, type TimedAction } from '../../../src/scenarios/schema.ts';
import { traceOf } from '../../../src/scenarios/run.ts';
import { Random } from '../../../src/sim/random.ts';
import type { EventBody, TraceEvent } from '../../../src/sim/trace.ts';

/** A machine with a clock that the test moves. */
export class Bench {
  readonly events: (EventBody & { atMs: number })[] = [];
  readonly machine: BrokerMachine;
  nowMs = 0;
  private replies = new Map<string, { reply: Reply; atMs: number }>();
  private timers: { atMs: number; order: number; timer: string; data: unknown }[] = [];
  private next = 0;
  private readonly effects = {
    reply: (to: string, correlation: number, reply: Reply): void => {
      this.replies.set(`${to} ${correlation}`, { reply, atMs: this.nowMs });
    },
    timer: (delay: number, timer: string, data: unknown): void => {
      this.timers.push({ atMs: this.nowMs + delay / 1000, order: this.next++, timer, data });
    },
    trace: (event: EventBody): void => {
      this.events.push({ ...event, atMs: this.nowMs });
    },
  };

  constructor(topics: Record<string, number> = { orders: 3 }, initialRebalanceDelayMs = 3000) {
    this.machine = new BrokerMachine(
      'broker-1',
      { initialRebalanceDelayMs, minSessionTimeoutMs: 6000, maxSessionTimeoutMs: 1_800_000 },
      new Random(1, 'bench'),
    );
    for (const [name, partitions] of Object.entries(topics))
      this.machine.createTopic(name, partitions, this.effects);
  }

  /** Sends a request. @returns asks for its answer, or undefined while it is parked */
  ask<R extends Request>(from: string, request: R): () => ReplyTo<R['api']> | undefined {
    const correlation = this.next++;
    this.machine.apply({ type: 'request', from, correlation, request }, this.nowMs * 1000, this.effects);
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
      const { timer, data } = first;
      this.machine.apply({ type: 'timer', timer, data }, this.nowMs * 1000, this.effects);
    }
    this.nowMs = ms;
  }

  /** The process dies and runs again at once. */
  restart(): void {
    this.timers = [];
    this.machine.apply({ type: 'crashed' }, this.nowMs * 1000, this.effects);
    this.machine.apply({ type: 'restarted' }, this.nowMs * 1000, this.effects);
  }

  states(): string[] {
    return this.events.flatMap((event) =>
      event.kind === 'group-state-changed' ? [`${event.atMs} ${event.state} ${event.generation}`] : [],
    );
  }
}

type Client = ScenarioInput['clients'][number];
export type ProducerInput = Extract<Client, { role: 'producer' }>;
export type ConsumerInput = Extract<Client, { role: 'consumer' }>;

export function producer(id: string, more: Partial<ProducerInput> = {}): ProducerInput {
  return { id, role: 'producer', topic: 'orders', load: { ratePerSecond: 0 }, ...more };
}

export function consumer(id: string, more: Partial<ConsumerInput> = {}): ConsumerInput {
  const { config, ...rest } = more;
  return {
    id,
    role: 'consumer',
    group: 'billing',
    topics: ['orders'],
    processingMs: 10,
    ...rest,
    config: {
      'auto.offset.reset': 'earliest',
      'session.timeout.ms': 6000,
      'heartbeat.interval.ms': 2000,
      'partition.assignment.strategy': ['range'],
      ...config,
    },
  };
}

export function scenario(clients: readonly Client[], more: Partial<ScenarioInput> = {}): ScenarioInput {
  return {
    version: 1,
    id: 'test',
    title: 'A test',
    system: {
      broker: 'kafka',
      topics: [{ name: 'orders', partitions: 3 }],
      config: { 'group.initial.rebalance.delay.ms': 0 },
    },
    clients: [...clients],
    network: { latencyMs: 1 },
    durationMs: 20_000,
    seed: 1,
    ...more,
  };
}

/** A system with one topic, `orders`, and no wait before a group's first rebalance. */
export function topic(partitions: number, delayMs = 0): ScenarioInput['system'] {
  return {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions }],
    config: { 'group.initial.rebalance.delay.ms': delayMs },
  };
}

export function eventsOf(input: ScenarioInput, actions: readonly TimedAction[] = []): TraceEvent[] {
  return traceOf(parseScenario(input), actions);
}

export type Of<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

export function only<K extends TraceEvent['kind']>(events: readonly TraceEvent[], kind: K): Of<K>[] {
  return events.filter((event): event is Of<K> => event.kind === kind);
}
