/**
 * `npm run bench`: how fast the simulator is, and whether its memory stays flat.
 *
 * Figures are for one process on one core. A ratio within one run is what can be compared between machines; the
 * absolute figures are of this machine today.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { claimsFor } from '../scenarios/library.ts';
import { run } from '../scenarios/run.ts';
import { parseScenario, type Scenario } from '../scenarios/schema.ts';
import { EventQueue } from '../sim/event-queue.ts';
import { Random } from '../sim/random.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const seconds = (): number => performance.now() / 1000;

/** Pushes and pops on a queue that holds `pending` entries, per second: the ceiling for any model. */
function queueRate(pending: number): number {
  const queue = new EventQueue<number>();
  const random = new Random(1, 'bench');
  for (let i = 0; i < pending; i++) queue.push(random.below(1_000_000), i);
  const rounds = 3_000_000;
  const began = seconds();
  for (let i = 0; i < rounds; i++) {
    const at = queue.peekTime();
    const item = queue.pop() as number;
    queue.push(at + 1 + (item & 1023), item);
  }
  return rounds / (seconds() - began);
}

/**
 * Clusters that keep up, 100,000 records a simulated second over twelve partitions, four producers, four consumers: one
 * broker alone, and three that replicate every record before they confirm it.
 */
function steadyKafka(durationMs: number, brokers: 1 | 3): Scenario {
  return parseScenario({
    version: 1,
    id: 'bench-kafka',
    title: 'Steady state',
    system: {
      broker: 'kafka',
      brokers,
      topics: [
        {
          name: 'orders',
          partitions: 12,
          replicationFactor: brokers,
          config: { 'min.insync.replicas': brokers === 3 ? 2 : 1 },
        },
      ],
    },
    clients: [
      ...[0, 1, 2, 3].map((n) => ({
        id: `p${n}`,
        role: 'producer',
        topic: 'orders',
        load: { ratePerSecond: 25_000 },
        keys: { kind: 'uniform', keys: ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'] },
      })),
      ...[0, 1, 2, 3].map((n) => ({
        id: `c${n}`,
        role: 'consumer',
        group: 'billing',
        topics: ['orders'],
        processingMs: 0.01,
        config: { 'auto.offset.reset': 'earliest' },
      })),
    ],
    durationMs,
    seed: 1,
  });
}

function measure(durationMs: number, brokers: 1 | 3) {
  const scenario = steadyKafka(durationMs, brokers);
  collectGarbage();
  const began = seconds();
  const result = run(scenario, [], claimsFor(scenario));
  const took = seconds() - began;
  collectGarbage();
  return { result, took, heap: process.memoryUsage().heapUsed };
}

const format = (n: number): string => Math.round(n).toLocaleString('en');

const queue = queueRate(1000);
console.log(`event queue, 1,000 pending     ${format(queue)} pushes and pops a second`);
measure(8000, 1); // warms the compiler up
for (const [name, brokers] of [
  ['one broker', 1],
  ['three brokers, acks=all', 3],
] as const) {
  const short = measure(10_000, brokers);
  const long = measure(30_000, brokers);
  const rate = long.result.events / long.took;
  console.log(`Kafka, ${name}, steady, claims on: ${format(rate)} trace events a second`);
  console.log(`  of the bare queue's rate     ${(rate / queue).toFixed(2)} (target: at least 0.20)`);
  console.log(
    `  simulated to real time       ${(30 / long.took).toFixed(2)} at 100,000 records a simulated second`,
  );
  console.log(
    `  heap after three times as long ${(long.heap / short.heap).toFixed(2)} of that before (${format(short.result.events)} and ${format(long.result.events)} events)`,
  );
}
