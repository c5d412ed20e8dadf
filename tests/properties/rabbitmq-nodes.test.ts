// Clusters under random crashes, pauses and cuts: what is confirmed is not lost, one leads each term,
// replicas agree, and nobody is given a message twice who is not told so.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RabbitNode } from '../../src/brokers/rabbitmq/node.ts';
import { Run, type ClientInput, type Step } from '../unit/rabbitmq/harness.ts';

const NODES = ['rabbit-1', 'rabbit-2', 'rabbit-3'] as const;
const FAULTS_UNTIL_MS = 12_000;
const PUBLISH_UNTIL_MS = 15_000;
/** A connection may be lost a minute after a cut, and messages of a consumer that is gone are kept a minute. */
const UNTIL_MS = 300_000;

const fault = fc
  .record({
    at: fc.integer({ min: 200, max: FAULTS_UNTIL_MS - 200 }),
    lasts: fc.integer({ min: 50, max: 9000 }),
    kind: fc.constantFrom('crash', 'crash', 'pause', 'cut', 'close', 'slow'),
    nodes: fc.shuffledSubarray([...NODES], { minLength: 2, maxLength: 2 }),
  })
  .map(({ at, lasts, kind, nodes: [target, other] }): Step[] => {
    const until = Math.min(at + lasts, FAULTS_UNTIL_MS);
    const between = [target!, other!] as const;
    switch (kind) {
      case 'cut':
        return [
          { atMs: at, do: { do: 'cut', between } },
          { atMs: until, do: { do: 'heal', between } },
        ];
      case 'pause':
        return [
          { atMs: at, do: { do: 'pause', target: target! } },
          { atMs: until, do: { do: 'resume', target: target! } },
        ];
      case 'slow':
        return [
          { atMs: at, do: { do: 'slow', target: target!, factor: 50 } },
          { atMs: until, do: { do: 'slow', target: target!, factor: 1 } },
        ];
      default:
        return [
          { atMs: at, do: { do: kind === 'close' ? 'close' : 'crash', target: target! } },
          { atMs: until, do: { do: 'restart', target: target! } },
        ];
    }
  });

const cluster = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  version: fc.constantFrom('3.10' as const, '4.2' as const, '4.3' as const),
  faults: fc.array(fault, { minLength: 1, maxLength: 4 }),
  latencyMs: fc.constantFrom(0, 1, 20),
  prefetch: fc.constantFrom(0, 1, 20),
  home: fc.integer({ min: 1, max: 3 }),
});
type Cluster = typeof cluster extends fc.Arbitrary<infer T> ? T : never;

function play(type: 'classic' | 'quorum' | 'stream', shape: Cluster): Run {
  const { seed, version, faults, latencyMs, prefetch, home } = shape;
  const reads =
    type === 'stream'
      ? { prefetchCount: 20, arguments: { 'x-stream-offset': 'first' } }
      : { prefetchCount: prefetch };
  const clients: ClientInput[] = [
    ...[1, 2].map((node): ClientInput => ({
      id: `p${node}`,
      role: 'publisher',
      routingKey: 'q',
      node,
      load: { ratePerSecond: 40, untilMs: PUBLISH_UNTIL_MS },
      recoveryMs: 700,
    })),
    ...[2, 3].map((node): ClientInput => ({
      id: `c${node}`,
      role: 'consumer',
      queues: ['q'],
      processingMs: 2,
      node,
      recoveryMs: 700,
      ...reads,
    })),
  ];
  // A step that cannot be (crash what is not running) is refused, and the one that heals it too.
  const steps = [
    ...faults.flat(),
    ...NODES.map((target): Step => ({ atMs: FAULTS_UNTIL_MS + 3000, do: { do: 'restart', target } })),
  ];
  const queues = [{ name: 'q', node: home, arguments: { 'x-queue-type': type } }];
  return new Run({ seed, system: { version, nodes: 3, queues }, clients, steps, latencyMs }).until(UNTIL_MS);
}

function confirmedAndNotProcessed(run: Run): number[] {
  const processed = new Set(run.of('processed').map(({ message }) => message));
  return run.of('publish-confirmed').flatMap(({ message }) => (processed.has(message) ? [] : [message]));
}

function termsWithTwoLeaders(run: Run): number[] {
  const leaders = new Map<number, string>();
  return run.of('leader-elected').flatMap(({ node, epoch }) => {
    if (node === null) return [];
    const before = leaders.get(epoch);
    leaders.set(epoch, node);
    return before === undefined || before === node ? [] : [epoch];
  });
}

/** Messages that somebody was given twice, the second time as if it were the first, though they were published once. */
function givenAgainUntold(run: Run): number[] {
  const again = new Set(run.of('republished').map(({ message }) => message));
  const seen = new Set<number>();
  return run.of('delivered').flatMap(({ message, redelivered }) => {
    if (redelivered || again.has(message)) return [];
    const twice = seen.has(message);
    seen.add(message);
    return twice ? [message] : [];
  });
}

/** What the replicas are in the end, which is to be one thing. */
function replicas(run: Run): unknown[] {
  return NODES.map((id) => {
    const node = run.kernel.actor(id);
    return node instanceof RabbitNode ? node.queues.replica('q') : null;
  });
}

/** Who consumes from the queue in the end, as whoever leads it knows. */
function consumers(run: Run): string[] {
  return NODES.flatMap((id) => {
    const node = run.kernel.actor(id);
    const machines = node instanceof RabbitNode ? node.queues.machines() : [];
    return machines.flatMap(([, machine]) => machine.info().consumers.map(({ tag }) => tag));
  }).sort();
}

const options = { numRuns: 25 };

describe('a queue of a cluster, whatever happens to its nodes', () => {
  it.each(['classic', 'quorum', 'stream'] as const)('R-30: %s: what was confirmed is not lost', (type) => {
    fc.assert(
      fc.property(cluster, (shape) => {
        const run = play(type, shape);
        expect(confirmedAndNotProcessed(run)).toEqual([]);
        expect(run.of('publish-confirmed')).toHaveLength(run.of('published').length);
      }),
      options,
    );
  });

  it.each(['classic', 'quorum', 'stream'] as const)('R-59: %s: everybody consumes again', (type) => {
    fc.assert(
      fc.property(cluster, (shape) => {
        expect(consumers(play(type, shape))).toEqual(['c2', 'c3']);
      }),
      options,
    );
  });

  it.each(['quorum', 'stream'] as const)('R-56: %s: one leads each term, and all replicas agree', (type) => {
    fc.assert(
      fc.property(cluster, (shape) => {
        const run = play(type, shape);
        expect(termsWithTwoLeaders(run)).toEqual([]);
        const [first, ...others] = replicas(run);
        for (const other of others) expect(other).toEqual(first);
      }),
      options,
    );
  });

  it('R-52, R-56: quorum: who is given a message again is told so', () => {
    fc.assert(
      fc.property(cluster, (shape) => {
        expect(givenAgainUntold(play('quorum', shape))).toEqual([]);
      }),
      options,
    );
  });
});
