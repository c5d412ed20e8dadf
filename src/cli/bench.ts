/**
 * `npm run bench`: how fast the simulator is, and whether its memory stays flat.
 *
 * Figures are for one process on one core. A ratio within one run is what can be compared between machines; the
 * absolute figures are of this machine today.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CARRYING_BROKERS } from '../scenarios/compare.ts';
import { claimsFor } from '../scenarios/library.ts';
import { run } from '../scenarios/run.ts';
import { parseScenario, type Scenario } from '../scenarios/schema.ts';
import { workloads } from '../scenarios/workloads.ts';
import { EventQueue } from '../sim/event-queue.ts';
import { Random } from '../sim/random.ts';
import { Host } from '../worker/host.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Between two looks at runs that are watched, microseconds. */
const FRAME = 16_667;

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

/**
 * The same in RabbitMQ: 100,000 messages a simulated second, spread by key over twelve queues, four publishers, four
 * consumers; classic queues on one node, and quorum queues on three.
 */
function steadyRabbitmq(durationMs: number, nodes: 1 | 3): Scenario {
  const queues = Array.from({ length: 12 }, (_, i) => `orders-${i}`);
  return parseScenario({
    version: 1,
    id: 'bench-rabbitmq',
    title: 'Steady state',
    system: {
      broker: 'rabbitmq',
      nodes,
      exchanges: [{ name: 'orders', type: 'x-consistent-hash' }],
      queues: queues.map((name, i) => ({
        name,
        arguments: { 'x-queue-type': nodes === 3 ? 'quorum' : 'classic' },
        node: (i % nodes) + 1,
      })),
      bindings: queues.map((destination) => ({ source: 'orders', destination, routingKey: '1' })),
    },
    clients: [
      ...[0, 1, 2, 3].map((n) => ({
        id: `p${n}`,
        role: 'publisher',
        node: (n % nodes) + 1,
        exchange: 'orders',
        load: { ratePerSecond: 25_000 },
        keys: { kind: 'uniform', keys: Array.from({ length: 64 }, (_, i) => `k${i}`) },
      })),
      ...[0, 1, 2, 3].map((n) => ({
        id: `c${n}`,
        role: 'consumer',
        node: (n % nodes) + 1,
        queues: queues.filter((_, i) => i % 4 === n),
        prefetchCount: 300,
        processingMs: 0.01,
      })),
    ],
    durationMs,
    seed: 1,
  });
}

function measure(scenario: Scenario) {
  collectGarbage();
  const began = seconds();
  const result = run(scenario, [], claimsFor(scenario));
  const took = seconds() - began;
  collectGarbage();
  return { result, took, heap: process.memoryUsage().heapUsed };
}

const format = (n: number): string => Math.round(n).toLocaleString('en');

/** @param of the system's steady state of so many simulated milliseconds */
function report(name: string, of: (durationMs: number) => Scenario, queue: number): void {
  const short = measure(of(10_000));
  const long = measure(of(30_000));
  const rate = long.result.events / long.took;
  console.log(`${name}, steady, claims on: ${format(rate)} trace events a second`);
  console.log(`  of the bare queue's rate     ${(rate / queue).toFixed(2)} (target: at least 0.20)`);
  console.log(
    `  simulated to real time       ${(30 / long.took).toFixed(2)} at 100,000 messages a simulated second`,
  );
  console.log(
    `  heap after three times as long ${(long.heap / short.heap).toFixed(2)} of that before (${format(short.result.events)} and ${format(long.result.events)} events)`,
  );
}

/**
 * Brokers beside one another, in step, as a page has them: the workload of 100,000 messages a second, asked of what the
 * page's worker is made of, with all that reads its trace, checkpoints, and a frame of each, sixty a second.
 */
function sideBySide(): void {
  const { workload } = workloads.get('steady-100k')!;
  const turns: (() => void)[] = [];
  const host = new Host(
    (answer) => {
      if ('ok' in answer && !answer.ok) throw new Error(answer.message);
    },
    (work) => void turns.push(work),
  );
  let asked = 0;
  const askBoth = (about: (broker: string) => Record<string, unknown>): void => {
    for (const broker of CARRYING_BROKERS) host.receive({ id: ++asked, run: broker, ...about(broker) });
    for (let turn = turns.shift(); turn; turn = turns.shift()) turn();
  };
  askBoth((broker) => ({
    type: 'open',
    spec: { experiment: `compare-steady-100k-${broker}`, seed: null, knobs: {}, actions: [] },
    position: { at: 0, events: null },
  }));
  // Only while messages come: before and after there is little to do.
  const busyFrom = Math.min(...workload.producers.map(({ startMs }) => startMs)) * 1000;
  const busyTo = Math.max(...workload.producers.map(({ load }) => load.untilMs!)) * 1000;
  let began = seconds();
  for (let at = 0; at <= busyTo; at += FRAME) {
    if (at <= busyFrom) began = seconds();
    askBoth(() => ({ type: 'move', move: { to: 'moment', at } }));
  }
  const took = seconds() - began;
  const simulated = (busyTo - busyFrom) / 1_000_000;
  console.log(`${CARRYING_BROKERS.join(' and ')} side by side in step, as a page has them:`);
  console.log(
    `  simulated to real time       ${(simulated / took).toFixed(2)} at 100,000 messages a simulated second each`,
  );
}

const queue = queueRate(1000);
console.log(`event queue, 1,000 pending     ${format(queue)} pushes and pops a second`);
measure(steadyKafka(8000, 1)); // warms the compiler up
report('Kafka, one broker', (durationMs) => steadyKafka(durationMs, 1), queue);
report('Kafka, three brokers, acks=all', (durationMs) => steadyKafka(durationMs, 3), queue);
measure(steadyRabbitmq(8000, 1));
report('RabbitMQ, one node, classic queues', (durationMs) => steadyRabbitmq(durationMs, 1), queue);
report('RabbitMQ, three nodes, quorum queues', (durationMs) => steadyRabbitmq(durationMs, 3), queue);
sideBySide();
