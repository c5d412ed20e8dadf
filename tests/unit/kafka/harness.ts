// What the tests of the Kafka model share: whole runs, and the clients in them.
import { parseScenario, type ScenarioInputOf, type TimedAction } from '../../../src/scenarios/schema.ts';
import { traceOf } from '../../../src/scenarios/run.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';

type Client = ScenarioInputOf<'kafka'>['clients'][number];
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

export function scenario(
  clients: readonly Client[],
  more: Partial<ScenarioInputOf<'kafka'>> = {},
): ScenarioInputOf<'kafka'> {
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
export function topic(partitions: number, delayMs = 0): ScenarioInputOf<'kafka'>['system'] {
  return {
    broker: 'kafka',
    topics: [{ name: 'orders', partitions }],
    config: { 'group.initial.rebalance.delay.ms': delayMs },
  };
}

export function eventsOf(
  input: ScenarioInputOf<'kafka'>,
  actions: readonly TimedAction[] = [],
): TraceEvent[] {
  return traceOf(parseScenario(input), actions);
}

export type Of<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

export function only<K extends TraceEvent['kind']>(events: readonly TraceEvent[], kind: K): Of<K>[] {
  return events.filter((event): event is Of<K> => event.kind === kind);
}
