// What holds of a controller whatever its brokers do and ask for.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PartitionImage } from '../../../src/brokers/kafka/cluster-image.ts';
import { ControllerBench, system } from './controller-bench.ts';

const number = fc.integer({ min: 1, max: 4 });
const step = fc.oneof(
  fc.record({ do: fc.constant('fence' as const), number }),
  fc.record({ do: fc.constant('beat' as const), number }),
  fc.record({ do: fc.constant('stop' as const), number }),
  fc.record({ do: fc.constant('register' as const), number, cleanShutdown: fc.boolean() }),
  fc.record({ do: fc.constant('alter' as const), isr: fc.uniqueArray(number, { maxLength: 4 }) }),
  fc.record({
    do: fc.constant('elect' as const),
    election: fc.constantFrom('preferred' as const, 'unclean' as const),
  }),
  fc.record({
    do: fc.constant('wait' as const),
    ms: fc.integer({ min: 1, max: 12_000 }),
    alive: fc.uniqueArray(number),
  }),
  fc.record({ do: fc.constant('min-isr' as const), to: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('controller' as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function take(bench: ControllerBench, event: Step, unclean: boolean): void {
  switch (event.do) {
    case 'fence':
      bench.fence(event.number);
      break;
    case 'beat':
      bench.beat(event.number);
      break;
    case 'stop':
      bench.beat(event.number, { wantShutDown: true });
      break;
    case 'register':
      bench.register(event.number, event);
      break;
    case 'alter': {
      const leader = bench.partition().leader;
      if (leader !== null) bench.alter(Number(leader.slice(7)), event.isr);
      break;
    }
    case 'elect':
      if (event.election === 'preferred' || unclean) bench.elect(event.election, 'foo-0');
      break;
    case 'wait':
      bench.until(bench.nowMs + event.ms, ...event.alive);
      break;
    case 'min-isr':
      bench.config({ 'min.insync.replicas': event.to });
      break;
    case 'controller':
      bench.apply({ type: 'crashed' });
      bench.apply({ type: 'restarted' });
      break;
  }
}

function check(
  bench: ControllerBench,
  before: PartitionImage,
  seen: number,
  elr: boolean,
  unclean: boolean,
): void {
  const { replicas, isr, elr: eligible, leader, leaderEpoch, partitionEpoch } = bench.partition();
  expect(replicas).toEqual(before.replicas);
  for (const node of [...isr, ...eligible]) expect(replicas).toContain(node);
  expect(new Set([...isr, ...eligible]).size).toBe(isr.length + eligible.length);
  expect(leaderEpoch).toBeGreaterThanOrEqual(before.leaderEpoch);
  expect(partitionEpoch).toBeGreaterThanOrEqual(before.partitionEpoch);
  if (leader !== before.leader) expect(leaderEpoch).toBeGreaterThan(before.leaderEpoch);
  if (leaderEpoch > before.leaderEpoch) expect(partitionEpoch).toBeGreaterThan(before.partitionEpoch);
  if (leader !== null) {
    expect(isr).toContain(leader);
    expect(bench.image.brokers.get(leader)!.fenced).toBe(false);
  }
  if (!elr) {
    expect(isr.length).toBeGreaterThan(0);
    expect(eligible).toEqual([]);
  }
  // Who may be elected cleanly: each change of the ISR and each election follows from the one before it.
  const entitled = new Set([...before.isr, ...before.elr]);
  for (const event of bench.events.slice(seen)) {
    if (event.kind === 'isr-changed') for (const node of event.isr) entitled.add(node);
    if (event.kind !== 'leader-elected' || event.node === null) continue;
    if (event.clean) expect([...entitled]).toContain(event.node);
    else if (!unclean) {
      // K-60: out of sync only the last known leader, with ELR, when nobody is eligible any more.
      expect(elr).toBe(true);
      const led = bench.events
        .slice(0, bench.events.indexOf(event))
        .filter((e) => e.kind === 'leader-elected');
      expect(led.filter(({ node }) => node !== null).at(-1)!.node).toBe(event.node);
    }
  }
}

describe('K-60 to K-65: whatever happens', () => {
  it.each([
    ['without ELR', 0, false],
    ['with ELR', 1, false],
    ['unclean, without ELR', 0, true],
    ['unclean, with ELR', 1, true],
  ] as const)('%s', (_, elr, unclean) => {
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 3 }),
        (steps, minIsr) => {
          const topic = { 'min.insync.replicas': minIsr, 'unclean.leader.election.enable': unclean };
          const config = { 'eligible.leader.replicas.version': elr };
          const bench = new ControllerBench(system(4, [[1, 2, 3]], topic, config));
          for (const event of steps) {
            const before = bench.partition();
            const seen = bench.events.length;
            const { version } = bench.image;
            take(bench, event, unclean);
            expect(bench.image.version).toBeGreaterThanOrEqual(version);
            check(bench, before, seen, elr === 1, unclean);
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});
