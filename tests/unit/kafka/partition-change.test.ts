// Leaders, ISRs and ELRs. Cases named after Kafka's PartitionChangeBuilderTest expect what it expects.
import { describe, expect, it } from 'vitest';
import type { PartitionImage } from '../../../src/brokers/kafka/cluster-image.ts';
import { changePartition, type PartitionEvent } from '../../../src/brokers/kafka/partition-change.ts';

const nodes = (numbers: readonly number[]): string[] => numbers.map((n) => `broker-${n}`);
const short = (list: readonly string[]): string => list.map((node) => node.slice(7)).join(',');

function partition(
  replicas: number[],
  isr: number[],
  leader: number | null,
  elr: number[] = [],
): PartitionImage {
  return {
    place: 'foo-0',
    topic: 'foo',
    index: 0,
    replicas: nodes(replicas),
    isr: nodes(isr),
    elr: nodes(elr),
    leader: leader === null ? null : `broker-${leader}`,
    leaderEpoch: 100,
    partitionEpoch: 200,
  };
}

interface Case extends Partial<Omit<PartitionEvent, 'isr' | 'mayLead' | 'uncleanShutdown'>> {
  isr?: number[];
  alive?: number[];
  lastKnown?: number;
  uncleanShutdown?: number;
}

/** `leader [isr] (elr) ?last known @leader epoch.partition epoch`, and by what right; or null. */
function changed(
  of: PartitionImage,
  { isr, alive, lastKnown, uncleanShutdown, ...more }: Case,
): string | null {
  const change = changePartition(of, lastKnown === undefined ? null : `broker-${lastKnown}`, {
    election: 'online',
    isr: isr ? nodes(isr) : of.isr,
    uncleanShutdown: uncleanShutdown === undefined ? null : `broker-${uncleanShutdown}`,
    effectiveMinIsr: 3,
    elrEnabled: true,
    mayLead: (node) => (alive ? nodes(alive).includes(node) : true),
    ...more,
  });
  if (!change) return null;
  const { partition: next, lastKnownLeader, entitlement } = change;
  return [
    next.leader?.slice(7) ?? '-',
    `[${short(next.isr)}]`,
    `(${short(next.elr)})`,
    `?${lastKnownLeader?.slice(7) ?? '-'}`,
    `@${next.leaderEpoch}.${next.partitionEpoch}`,
    entitlement ?? 'stays',
  ].join(' ');
}

describe('who leads', () => {
  const foo = partition([2, 1, 3], [2, 1, 3], 1);
  const off = { elrEnabled: false, alive: [1, 2] } as const;
  const at = (event: Case) => changed(foo, { ...off, alive: [1, 2], ...event });

  it('K-60, O-7.7: the leader stays while it may lead; else the first of the ISR in the order of the replicas', () => {
    expect(at({ isr: [1, 3] })).toBe('1 [1,3] () ?- @100.201 stays');
    expect(at({ isr: [2, 3] })).toBe('2 [2,3] () ?- @101.201 isr');
    // AR [1,2,3], ISR {3,1}, leader 1 dies: 3, as 2 is not in the ISR. ISR {2,3}: 2.
    const ar123 = partition([1, 2, 3], [3, 1], 1);
    expect(changed(ar123, { elrEnabled: false, isr: [3], alive: [2, 3] })).toBe('3 [3] () ?- @101.201 isr');
    const both = partition([1, 2, 3], [1, 3, 2], 1);
    expect(changed(both, { elrEnabled: false, isr: [3, 2], alive: [2, 3] })).toBe(
      '2 [3,2] () ?- @101.201 isr',
    );
  });

  it('O-7.8: all of the ISR dead: nobody, or by unclean election the first that is alive', () => {
    const dead = partition([1, 2, 3], [1, 2], 1);
    const event: Case = { elrEnabled: false, isr: [2], alive: [3] };
    expect(changed(dead, event)).toBe('- [2] () ?- @101.201 stays');
    expect(changed(dead, { ...event, election: 'unclean' })).toBe('3 [3] () ?- @101.201 unclean');
  });

  it('K-60: testElectLeader', () => {
    expect(at({ election: 'preferred' })).toBe('2 [2,1,3] () ?- @101.201 isr');
    expect(at({})).toBeNull();
    expect(at({ election: 'unclean' })).toBeNull();
    expect(at({ election: 'unclean', isr: [1, 3] })).toBe('1 [1,3] () ?- @100.201 stays');
    expect(at({ isr: [3] })).toBe('- [3] () ?- @101.201 stays');
    expect(at({ election: 'unclean', isr: [3] })).toBe('2 [2] () ?- @101.201 unclean');
    // The preferred leader is not in the ISR: the leader stays.
    const baz = partition([2, 1, 3], [1, 3], 3);
    expect(changed(baz, { election: 'preferred', elrEnabled: false })).toBeNull();
  });

  it('K-60: testIsrChangeDoesntBumpLeaderEpoch, testNoLeaderEpochBumpOnIsrShrink, …OnIsrExpansion', () => {
    expect(at({ isr: [2, 1] })).toBe('1 [2,1] () ?- @100.201 stays');
    const shrunk = partition([2, 1, 3], [1], 1);
    expect(changed(shrunk, { ...off, alive: [1, 2], isr: [1, 2] })).toBe('1 [1,2] () ?- @100.201 stays');
  });

  it('K-62: without ELR the last member stays in the ISR (testNoLeaderEpochBumpOnEmptyTargetIsr)', () => {
    const last = partition([1, 2], [1], 1);
    const gone: Case = { elrEnabled: false, isr: [], alive: [2] };
    expect(changed(last, gone)).toBe('- [1] () ?- @101.201 stays');
    expect(changed(partition([1, 2], [1], null), gone)).toBeNull();
  });

  it('K-61: testUncleanLeaderElection clears the ELR', () => {
    const offline = partition([2, 1, 3], [], null, [3]);
    const event: Case = { election: 'unclean', effectiveMinIsr: 2, alive: [1], lastKnown: 2 };
    expect(changed(offline, event)).toBe('1 [1] () ?- @101.201 unclean');
    expect(changed(offline, { ...event, isr: [2] })).toBe('1 [1] () ?- @101.201 unclean');
  });
});

describe('K-63: eligible leader replicas', () => {
  it('testEligibleLeaderReplicas_IsrShrinkBelowMinISR', () => {
    const full = partition([1, 2, 3, 4], [1, 2, 3, 4], 1);
    expect(changed(full, { isr: [1, 2], alive: [1, 2, 4] })).toBe('1 [1,2] (3,4) ?- @100.201 stays');
  });

  it('testEligibleLeaderReplicas_IsrExpandAboveMinISR', () => {
    const under = partition([1, 2, 3, 4], [1, 2], 1, [3]);
    expect(changed(under, { isr: [1, 2, 3], alive: [1, 2, 4] })).toBe('1 [1,2,3] () ?- @100.201 stays');
  });

  it('testEligibleLeaderReplicas_IsrAddNewMemberNotInELR', () => {
    const under = partition([1, 2, 3, 4], [1], 1, [3]);
    expect(changed(under, { isr: [1, 4], alive: [1, 2, 4] })).toBe('1 [1,4] (3) ?- @100.201 stays');
  });

  it('testEligibleLeaderReplicas_RemoveUncleanShutdownReplicasFromElr', () => {
    const under = partition([1, 2, 3, 4], [1], 1, [2, 3]);
    expect(changed(under, { uncleanShutdown: 3, alive: [1, 2, 4] })).toBe('1 [1] (2) ?- @100.201 stays');
  });

  it('testEligibleLeaderReplicas_ElrCanBeElected', () => {
    const one = partition([1, 2, 3, 4], [1], 1, [3]);
    expect(changed(one, { isr: [], alive: [2, 3, 4] })).toBe('3 [3] (1) ?- @101.201 elr');
  });

  it('testEligibleLeaderReplicas_IsrCanShrinkToZero', () => {
    const full = partition([1, 2, 3, 4], [1, 2, 3, 4], 1);
    expect(changed(full, { isr: [], alive: [] })).toBe('- [] (1,2,3,4) ?1 @101.201 stays');
    const empty = partition([1, 2, 3, 4], [], null, [1, 2, 3, 4]);
    const event: Case = { uncleanShutdown: 2, alive: [], lastKnown: 1 };
    expect(changed(empty, event)).toBe('- [] (1,3,4) ?1 @100.201 stays');
  });

  it('testEligibleLeaderReplicas_ElectLastKnownLeader, which alone is alive or not (KAFKA-19522)', () => {
    const empty = partition([1, 2, 3, 4], [], null);
    expect(changed(empty, { lastKnown: 1 })).toBe('1 [1] () ?- @101.201 last-known');
    expect(changed(empty, { lastKnown: 1, alive: [2, 3] })).toBeNull();
    expect(changed(empty, { lastKnown: 1, elrEnabled: false })).toBeNull();
  });

  it('testEligibleLeaderReplicas_ElectLastKnownLeaderShouldFail: not while somebody is eligible', () => {
    const waits = partition([1, 2, 3, 4], [], null, [3]);
    expect(changed(waits, { lastKnown: 1, alive: [1, 2, 4] })).toBeNull();
  });

  it('an ISR of the minimum or more leaves nobody else eligible', () => {
    const full = partition([1, 2, 3], [1, 2, 3], 1);
    expect(changed(full, { isr: [1, 2], effectiveMinIsr: 2 })).toBe('1 [1,2] () ?- @100.201 stays');
    expect(changed(full, { isr: [1, 2], effectiveMinIsr: 3 })).toBe('1 [1,2] (3) ?- @100.201 stays');
  });
});
