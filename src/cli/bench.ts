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

/** A cluster that keeps up: 100,000 records a simulated second over twelve partitions, four producers, four consumers. */
function steadyKafka(durationMs: number): Scenario {
  return parseScenario({
    version: 1,
    id: 'bench-kafka',
    title: 'Steady state',
    system: { broker: 'kafka', topics: [{ name: 'orders', partitions: 12 }] },
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

function measure(durationMs: number) {
  const scenario = steadyKafka(durationMs);
  collectGarbage();
  const began = seconds();
  const result = run(scenario, [], claimsFor(scenario));
  const took = seconds() - began;
  collectGarbage();
  return { result, took, heap: process.memoryUsage().heapUsed };
}

const format = (n: number): string => Math.round(n).toLocaleString('en');

const queue = queueRate(1000);
measure(8000); // warms the compiler up
const short = measure(10_000);
const long = measure(30_000);
const rate = long.result.events / long.took;

console.log(`event queue, 1,000 pending     ${format(queue)} pushes and pops a second`);
console.log(`Kafka, steady, claims on       ${format(rate)} trace events a second`);
console.log(`  of the bare queue's rate     ${(rate / queue).toFixed(2)} (target: at least 0.20)`);
console.log(
  `  simulated to real time       ${(30 / long.took).toFixed(2)} at 100,000 records a simulated second`,
);
console.log(
  `  heap after three times as long ${(long.heap / short.heap).toFixed(2)} of that before (${format(short.result.events)} and ${format(long.result.events)} events)`,
);
