// Read, work, write in whole runs (K-48, K-112): exactly once with transactions, at least once without.
import { describe, expect, it } from 'vitest';
import { parseScenario, type ScenarioInputOf } from '../../../src/scenarios/schema.ts';
import { traceOf } from '../../../src/scenarios/run.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';

type Client = ScenarioInputOf<'kafka'>['clients'][number];
type Processor = Extract<Client, { role: 'processor' }>;

const act = (atMs: number, verb: 'crash' | 'restart', target: string) => ({
  atMs,
  action: { do: verb, target },
});
const keys = { kind: 'cycle' as const, keys: ['A', 'D', 'F'] };
const COUNT = 120;

function play(
  processors: Partial<Processor>[],
  timeline: ReturnType<typeof act>[],
  seed: number,
  ratePerSecond = 20,
): TraceEvent[] {
  const topic = (name: string) => ({
    name,
    partitions: 3,
    replicationFactor: 3,
    config: { 'min.insync.replicas': 2 },
  });
  const group = {
    'auto.offset.reset': 'earliest',
    'session.timeout.ms': 6000,
    'heartbeat.interval.ms': 2000,
  };
  return traceOf(
    parseScenario({
      version: 1,
      id: 'test',
      title: 'A test',
      system: {
        broker: 'kafka',
        brokers: 3,
        topics: [topic('orders'), topic('bills')],
        config: { 'group.initial.rebalance.delay.ms': 0, 'broker.session.timeout.ms': 3000 },
      },
      clients: [
        { id: 'source', role: 'producer', topic: 'orders', keys, load: { ratePerSecond, count: COUNT } },
        ...processors.map((more, i): Processor => ({
          id: `worker-${i + 1}`,
          role: 'processor',
          group: 'workers',
          topics: ['orders'],
          to: 'bills',
          processingMs: 10,
          transaction: { records: 4, abortEvery: 5, openMs: 20 },
          consumer: group,
          ...more,
        })),
        {
          id: 'reader',
          role: 'consumer',
          group: 'readers',
          topics: ['bills'],
          config: { ...group, 'isolation.level': 'read_committed' },
        },
      ],
      network: { latencyMs: 1 },
      durationMs: 120_000,
      seed,
      timeline,
    } satisfies ScenarioInputOf<'kafka'>),
  );
}

/** How often the reader was given something made from each record of the source. */
function copies(events: readonly TraceEvent[]): number[] {
  const source = new Map<number, number>();
  const counts = new Map<number, number>();
  for (const event of events) {
    if (event.kind === 'published') {
      if (event.source !== undefined) source.set(event.message, event.source);
      else counts.set(event.message, 0);
    } else if (event.kind === 'delivered' && event.client === 'reader') {
      const from = source.get(event.message)!;
      counts.set(from, counts.get(from)! + 1);
    }
  }
  return [...counts.values()];
}

const once = Array.from({ length: COUNT }, () => 1);
const tx = (id: string) => ({ producer: { 'transactional.id': id } });

describe('an application that reads, works and writes', () => {
  it('K-48 K-50: with transactions every record has its effect once, whatever is aborted', () => {
    const events = play([tx('tx-1')], [], 1);
    expect(
      events.filter((event) => event.kind === 'transaction-ended' && event.outcome === 'aborted').length,
    ).toBeGreaterThan(2);
    expect(copies(events)).toEqual(once);
  });

  it.each([1, 2, 3, 4])(
    'K-48 K-112: also when it dies in the middle of a transaction, and a broker with it (%i)',
    (seed) => {
      const at = 2000 + 333 * seed;
      const broker = `broker-${(seed % 3) + 1}`;
      const events = play(
        [tx('tx-1'), tx('tx-2')],
        [
          act(at, 'crash', 'worker-1'),
          act(at + 1500, 'restart', 'worker-1'),
          act(at + 2000, 'crash', broker),
          act(at + 7000, 'restart', broker),
          act(at + 9000, 'crash', 'worker-2'),
        ],
        seed,
      );
      expect(copies(events)).toEqual(once);
    },
  );

  it('K-112: without, a crash between writing and committing writes again, and nothing is lost', () => {
    // All records are there at once, and one poll() takes them: it dies with most of them written and none committed.
    const timeline = [act(4000, 'crash', 'worker-1'), act(4100, 'restart', 'worker-1')];
    const events = play([{ processingMs: 40 }], timeline, 1, 1000);
    const counts = copies(events);
    expect(Math.min(...counts)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...counts)).toBeGreaterThan(1);
  });
});
