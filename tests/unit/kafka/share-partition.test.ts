import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { StoredBatch } from '../../../src/brokers/kafka/batch.ts';
import type { AcknowledgeType, AcquiredRecord } from '../../../src/brokers/kafka/protocol.ts';
import { SharePartition, type ShareLimits } from '../../../src/brokers/kafka/share/share-partition.ts';

const LIMITS: ShareLimits = { deliveryCountLimit: 5, lockDuration: 30_000_000, maxRecordLocks: 2000 };

/** A batch of `count` records; `offsets`: those that compaction has left of it. */
function batch(baseOffset: number, count: number, offsets: number[] | null = null): StoredBatch {
  const present = offsets ?? Array.from({ length: count }, (_, i) => baseOffset + i);
  return Object.freeze({
    baseOffset,
    lastOffset: baseOffset + count - 1,
    offsets,
    leaderEpoch: 0,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    transactional: false,
    marker: null,
    messages: present.map((offset) => 100 + offset),
    keys: present.map(() => null),
    sizes: present.map(() => 10),
    timestamps: present.map(() => 0),
    values: null,
    coordinator: null,
    maxTimestamp: 0,
    bytes: 61 + 10 * present.length,
    deleteHorizon: null,
  });
}

function marker(offset: number): StoredBatch {
  return { ...batch(offset, 1), marker: { outcome: 'committed' }, messages: [], keys: [], sizes: [] };
}

function offsets(acquired: readonly AcquiredRecord[]): number[] {
  return acquired.map(({ offset }) => offset);
}

/** Says the same of some records, and has it stored. */
function say(
  partition: SharePartition,
  member: string,
  type: AcknowledgeType,
  said: readonly number[],
  now = 0,
): string[] {
  const { error, transition } = partition.acknowledge(
    member,
    said.map((offset) => ({ offset, type })),
    now,
  );
  expect(error).toBe('NONE');
  return transition === null
    ? []
    : partition.complete(transition, true, now).map(({ offset, to, why }) => `${offset} ${to}: ${why}`);
}

function from(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function states(partition: SharePartition): string[] {
  return from(partition.startOffset, partition.nextNew - 1).map((offset) => {
    const { state, deliveryCount } = partition.stateOf(offset)!;
    return `${offset} ${state} ${deliveryCount}`;
  });
}

describe('O-16', () => {
  test('K-103, K-105: two members, each outcome, SPSO 2, and the fifth delivery is the last', () => {
    const partition = new SharePartition(LIMITS, 0);
    const log = [batch(0, 5), batch(5, 5)];
    expect(offsets(partition.acquire('m1', 5, log, 0))).toEqual(from(0, 4));
    expect(offsets(partition.acquire('m2', 5, log, 0))).toEqual(from(5, 9));
    say(partition, 'm1', 'accept', [0, 1]);
    expect(say(partition, 'm1', 'release', [2])).toEqual(['2 available: released by the application']);
    expect(say(partition, 'm1', 'reject', [3])).toEqual(['3 archived: rejected']);
    expect(partition.startOffset).toBe(2);
    expect(states(partition).slice(0, 3)).toEqual(['2 available 1', '3 archived 1', '4 acquired 1']);
    expect(partition.nextFetchOffset).toBe(2);
    const again = partition.acquire('m2', 5, log, 1_000_000);
    expect(again.map(({ offset, deliveryCount }) => [offset, deliveryCount])).toEqual([[2, 2]]);

    expect(partition.expire(29_999_999)).toEqual([]);
    expect(partition.expire(30_000_000).map(({ offset, why }) => `${offset} ${why}`)).toEqual(
      from(4, 9).map((offset) => `${offset} the lock ran out`),
    );
    say(partition, 'm2', 'release', [2]);
    for (const count of [3, 4, 5]) {
      const [record] = partition.acquire('m1', 1, log, 40_000_000);
      expect(record).toMatchObject({ offset: 2, deliveryCount: count });
      expect(say(partition, 'm1', 'release', [2])).toEqual([
        count < 5 ? '2 available: released by the application' : '2 archived: delivery count limit',
      ]);
    }
    expect(partition.startOffset).toBe(4);
  });
});

describe('what is acquired', () => {
  test('K-105: the number asked for is passed up to the end of a batch (testAcquireWithMaxFetchRecords)', () => {
    const partition = new SharePartition(LIMITS, 0);
    expect(offsets(partition.acquire('m1', 10, [batch(0, 5)], 0))).toEqual(from(0, 4));
    expect(offsets(partition.acquire('m1', 10, [batch(0, 25)], 0))).toEqual(from(5, 24));
    expect(partition.nextFetchOffset).toBe(25);
  });

  test('K-105: and not beyond (testAcquireWithMultipleBatchesAndMaxFetchRecords)', () => {
    const partition = new SharePartition(LIMITS, 10);
    const log = [batch(10, 5), batch(15, 15), batch(30, 15)];
    expect(offsets(partition.acquire('m1', 10, log, 0))).toEqual(from(10, 29));
    expect(partition.nextFetchOffset).toBe(30);
  });

  test('K-103: what one member holds no other gets (testAcquireSameBatchAgain)', () => {
    const partition = new SharePartition(LIMITS, 10);
    expect(offsets(partition.acquire('m1', 100, [batch(10, 5)], 0))).toEqual(from(10, 14));
    expect(partition.acquire('m2', 100, [batch(10, 5)], 0)).toEqual([]);
    expect(offsets(partition.acquire('m2', 100, [batch(10, 5), batch(15, 2)], 0))).toEqual([15, 16]);
  });

  test('K-105: fetching goes back to what was released (testAcquireReleasedRecord)', () => {
    const partition = new SharePartition(LIMITS, 10);
    partition.acquire('m1', 100, [batch(10, 5)], 0);
    say(partition, 'm1', 'release', [12, 13]);
    expect(partition.nextFetchOffset).toBe(12);
    const again = partition.acquire('m1', 100, [batch(10, 5)], 0);
    expect(again.map(({ offset, deliveryCount }) => [offset, deliveryCount])).toEqual([
      [12, 2],
      [13, 2],
    ]);
    expect(partition.nextFetchOffset).toBe(15);
  });

  test('K-105: the limit of locks is soft, and SPSO makes room (…AcknowledgementsFromBeginningForBatchSubset)', () => {
    const partition = new SharePartition({ ...LIMITS, maxRecordLocks: 20 }, 0);
    partition.acquire('m1', 500, [batch(0, 15)], 0);
    expect(partition.canAcquire).toBe(true);
    expect(offsets(partition.acquire('m1', 500, [batch(15, 15)], 0))).toEqual(from(15, 29));
    expect(partition.canAcquire).toBe(false);
    expect(partition.acquire('m1', 500, [batch(30, 1)], 0)).toEqual([]);
    say(partition, 'm1', 'accept', from(0, 12));
    expect(partition.canAcquire).toBe(true);
    expect([partition.startOffset, partition.nextFetchOffset]).toEqual([13, 30]);
  });

  test('K-105: in a full window what came back can be had, and nothing new', () => {
    const partition = new SharePartition({ ...LIMITS, maxRecordLocks: 10 }, 0);
    partition.acquire('m1', 500, [batch(0, 10)], 0);
    say(partition, 'm1', 'release', [5]);
    expect(partition.canAcquire).toBe(true);
    expect(offsets(partition.acquire('m2', 500, [batch(0, 10), batch(10, 5)], 0))).toEqual([5]);
    expect(partition.nextNew).toBe(10);
  });

  test('markers and what compaction took are nobody’s, and hold SPSO up no longer', () => {
    const partition = new SharePartition(LIMITS, 0);
    const log = [batch(0, 4, [0, 3]), marker(4), batch(5, 2)];
    expect(offsets(partition.acquire('m1', 500, log, 0))).toEqual([0, 3, 5, 6]);
    say(partition, 'm1', 'accept', [0, 3]);
    expect(partition.startOffset).toBe(5);
    expect(new SharePartition(LIMITS, 4).acquire('m1', 500, [marker(4)], 0)).toEqual([]);
  });

  test('a record that compaction takes while it waits for another delivery is passed over', () => {
    const partition = new SharePartition(LIMITS, 0);
    partition.acquire('m1', 500, [batch(0, 3)], 0);
    say(partition, 'm1', 'release', from(0, 2));
    expect(offsets(partition.acquire('m1', 500, [batch(0, 3, [2])], 0))).toEqual([2]);
    expect(partition.startOffset).toBe(2);
  });

  test('K-103: records that come back often are given out in halves, the last delivery alone', () => {
    const partition = new SharePartition(LIMITS, 0);
    const log = [batch(0, 8)];
    const deliveries: number[][] = [];
    for (let now = 0; partition.startOffset < 8 && now < 60; now++) {
      const acquired = offsets(partition.acquire('m1', 500, log, 0));
      deliveries.push(acquired);
      say(partition, 'm1', 'release', acquired);
    }
    expect(deliveries.slice(0, 3)).toEqual([from(0, 7), from(0, 7), from(0, 7)]);
    // Three deliveries are half of five, rounded up: from then on 8 >> 1, then one by one.
    expect(deliveries[3]).toEqual(from(0, 3));
    expect(deliveries[4]).toEqual([0]);
    expect(deliveries.filter((given) => given.length === 1 && given[0] === 7)).toHaveLength(1);
    expect(partition.startOffset).toBe(8);
  });
});

describe('what a member says', () => {
  test('K-103: of what it does not hold it can say nothing, and then nothing of it holds', () => {
    const partition = new SharePartition(LIMITS, 0);
    partition.acquire('m1', 2, [batch(0, 2)], 0);
    partition.acquire('m2', 2, [batch(2, 2)], 0);
    const accept = (offset: number) => ({ offset, type: 'accept' as const });
    expect(partition.acknowledge('m1', [accept(0), accept(2)], 0).error).toBe('INVALID_RECORD_STATE');
    expect(partition.acknowledge('m1', [accept(0), accept(9)], 0).error).toBe('INVALID_REQUEST');
    expect(states(partition)[0]).toBe('0 acquired 1');
    say(partition, 'm1', 'accept', [0, 1]);
    // Below SPSO everything is done with (testAcknowledge…PostLsoMovement).
    expect(partition.acknowledge('m1', [accept(0)], 0)).toEqual({ error: 'NONE', transition: null });
  });

  test('K-103: after the lock ran out it is too late (testAcknowledgeAfterAcquisitionLockTimeout)', () => {
    const partition = new SharePartition(LIMITS, 0);
    partition.acquire('m1', 1, [batch(0, 1)], 0);
    partition.expire(30_000_000);
    const { error } = partition.acknowledge('m1', [{ offset: 0, type: 'accept' }], 30_000_000);
    expect(error).toBe('INVALID_RECORD_STATE');
  });

  test('K-107: nothing is true before it is stored, and nobody else gets it meanwhile', () => {
    const partition = new SharePartition(LIMITS, 0);
    partition.acquire('m1', 2, [batch(0, 2)], 0);
    const release = partition.acknowledge('m1', [{ offset: 0, type: 'release' }], 0);
    const accept = partition.acknowledge('m1', [{ offset: 1, type: 'accept' }], 0);
    expect(partition.acquire('m2', 2, [batch(0, 2)], 0)).toEqual([]);
    expect(partition.acknowledge('m1', [{ offset: 0, type: 'accept' }], 0).error).toBe(
      'INVALID_RECORD_STATE',
    );
    // Its lock does not run out while it is being stored.
    expect(partition.expire(30_000_000)).toEqual([]);
    expect(partition.complete(release.transition!, true, 30_000_000)).toMatchObject([
      { offset: 0, to: 'available' },
    ]);
    expect(partition.complete(accept.transition!, true, 30_000_000)).toMatchObject([
      { offset: 1, to: 'acknowledged' },
    ]);
  });

  test('K-107: what could not be stored has not happened (testAcknowledgeBatchWithWriteShareGroupStateFailure)', () => {
    const partition = new SharePartition(LIMITS, 0);
    partition.acquire('m1', 2, [batch(0, 2)], 0);
    const first = partition.acknowledge('m1', [{ offset: 0, type: 'accept' }], 0);
    expect(partition.complete(first.transition!, false, 1000)).toEqual([]);
    expect(states(partition)[0]).toBe('0 acquired 1');
    const second = partition.acknowledge('m1', [{ offset: 0, type: 'accept' }], 1000);
    // The lock ran out while it was tried.
    expect(partition.complete(second.transition!, false, 30_000_000)).toMatchObject([
      { offset: 0, to: 'available', why: 'the lock ran out' },
    ]);
  });

  test('K-103: the limit ends it also where the lock runs out (…TimeoutCauseMaxDeliveryCountExceed)', () => {
    const partition = new SharePartition({ ...LIMITS, deliveryCountLimit: 2 }, 0);
    const log = [batch(0, 10), batch(10, 10)];
    partition.acquire('m1', 10, log, 0);
    partition.acquire('m1', 10, log, 0);
    partition.expire(30_000_000);
    expect(partition.nextFetchOffset).toBe(0);
    partition.acquire('m2', 10, log, 40_000_000);
    partition.acquire('m1', 10, log, 40_000_000);
    expect(states(partition)[10]).toBe('10 acquired 2');
    say(partition, 'm2', 'renew', from(0, 9), 60_000_000);
    const changes = partition.expire(70_000_000);
    expect(changes.filter(({ to, why }) => to === 'archived' && why === 'delivery count limit')).toHaveLength(
      10,
    );
    expect([partition.startOffset, partition.nextFetchOffset]).toEqual([0, 20]);
  });

  test('renewing begins the lock anew (KIP-1222)', () => {
    const partition = new SharePartition(LIMITS, 0);
    partition.acquire('m1', 1, [batch(0, 1)], 0);
    expect(partition.acknowledge('m1', [{ offset: 0, type: 'renew' }], 20_000_000)).toEqual({
      error: 'NONE',
      transition: null,
    });
    expect(partition.expire(30_000_000)).toEqual([]);
    expect(partition.expire(50_000_000)).toHaveLength(1);
  });

  test('K-103: a member that is gone gives back all of its own, and these deliveries count (KAFKA-19972)', () => {
    const partition = new SharePartition({ ...LIMITS, deliveryCountLimit: 2 }, 0);
    partition.acquire('m1', 2, [batch(0, 2)], 0);
    expect(partition.release('m2')).toBeNull();
    expect(partition.complete(partition.release('m1')!, true, 0)).toMatchObject([
      { offset: 0, to: 'available', why: 'the member left' },
      { offset: 1, to: 'available', why: 'the member left' },
    ]);
    expect(partition.acquire('m2', 2, [batch(0, 2)], 0)).toMatchObject([
      { offset: 0, deliveryCount: 2 },
      { offset: 1, deliveryCount: 2 },
    ]);
    expect(partition.complete(partition.release('m2')!, true, 0)).toMatchObject([
      { offset: 0, to: 'archived', why: 'delivery count limit' },
      { offset: 1, to: 'archived', why: 'delivery count limit' },
    ]);
    expect(partition.startOffset).toBe(2);
  });
});

describe('what outlives it', () => {
  test('K-107: what was decided comes back; what was held is available, as often delivered as was stored', () => {
    const partition = new SharePartition(LIMITS, 0);
    const log = [batch(0, 6)];
    partition.acquire('m1', 6, log, 0);
    say(partition, 'm1', 'accept', [0, 3]);
    say(partition, 'm1', 'reject', [4]);
    say(partition, 'm1', 'release', [2]);
    partition.acquire('m2', 1, log, 0);
    const state = partition.state();
    expect(state).toEqual({
      startOffset: 1,
      records: [
        { offset: 2, state: 'available', deliveryCount: 1 },
        { offset: 3, state: 'acknowledged', deliveryCount: 1 },
        { offset: 4, state: 'archived', deliveryCount: 1 },
      ],
    });
    const next = new SharePartition(LIMITS, state);
    expect([next.startOffset, next.nextFetchOffset, next.nextNew]).toEqual([1, 1, 5]);
    const again = next.acquire('m3', 500, [batch(0, 6), batch(6, 2)], 0);
    expect(again.map(({ offset, deliveryCount }) => [offset, deliveryCount])).toEqual([
      [1, 1],
      [2, 2],
      [5, 1],
      [6, 1],
      [7, 1],
    ]);
  });

  test('K-107: what is being stored counts as done in what is stored', () => {
    const partition = new SharePartition(LIMITS, 0);
    partition.acquire('m1', 2, [batch(0, 2)], 0);
    partition.acknowledge('m1', [{ offset: 0, type: 'accept' }], 0);
    expect(partition.state()).toEqual({ startOffset: 1, records: [] });
    expect(partition.startOffset).toBe(0);
  });

  test('K-105: a state without anything available moves SPSO at once (…ReturnsZeroAvailableRecords)', () => {
    const records = from(233, 242).map((offset) => ({
      offset,
      state: 'acknowledged' as const,
      deliveryCount: 1,
    }));
    const partition = new SharePartition(LIMITS, { startOffset: 233, records });
    expect([partition.startOffset, partition.nextFetchOffset]).toEqual([243, 243]);
  });

  test('what the log has lost is done with, held or not (testLsoMovement…)', () => {
    const partition = new SharePartition(LIMITS, 0);
    partition.acquire('m1', 4, [batch(0, 4)], 0);
    say(partition, 'm1', 'release', [1]);
    const { transition } = partition.acknowledge('m1', [{ offset: 0, type: 'release' }], 0);
    partition.logStartAdvanced(3);
    expect([partition.startOffset, partition.nextFetchOffset]).toEqual([3, 4]);
    expect(partition.complete(transition!, true, 0)).toEqual([]);
    partition.logStartAdvanced(10);
    expect([partition.startOffset, partition.nextFetchOffset]).toEqual([10, 10]);
  });
});

type Step =
  | { readonly do: 'acquire' | 'leave'; readonly member: number; readonly count: number }
  | { readonly do: 'say'; readonly member: number; readonly type: AcknowledgeType; readonly count: number }
  | { readonly do: 'store'; readonly stored: boolean }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'move' };

const member = fc.integer({ min: 0, max: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom('acquire' as const, 'leave' as const),
    member,
    count: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({ do: fc.constant('acquire' as const), member, count: fc.integer({ min: 1, max: 6 }) }),
  fc.record({
    do: fc.constant('say' as const),
    member,
    type: fc.constantFrom<AcknowledgeType>('accept', 'release', 'reject'),
    count: fc.integer({ min: 1, max: 5 }),
  }),
  fc.record({ do: fc.constant('store' as const), stored: fc.boolean() }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 20_000 }) }),
  fc.record({ do: fc.constant('move' as const) }),
);

test('K-103, K-105: one holder at a time, no more deliveries than the limit, SPSO over terminal records only, none lost', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80 }),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 2, max: 6 }),
      (steps, sizes, deliveryCountLimit) => {
        const log: StoredBatch[] = [];
        for (const size of sizes) log.push(batch(log.at(-1) ? log.at(-1)!.lastOffset + 1 : 0, size));
        const records = log.at(-1)!.lastOffset + 1;
        const limits = { ...LIMITS, deliveryCountLimit, maxRecordLocks: 12 };
        let partition = new SharePartition(limits, 0);
        let stored = partition.state();
        let now = 0;
        const holder = new Map<number, { member: string; until: number }>();
        const terminal = new Set<number>();
        let open: { transition: number; offsets: number[] }[] = [];
        let spso = 0;

        const see = (changes: readonly { offset: number; to: string }[]): void => {
          for (const { offset, to } of changes) {
            holder.delete(offset);
            expect(terminal.has(offset)).toBe(false);
            if (to !== 'available') terminal.add(offset);
          }
        };
        const acquire = (name: string, count: number): AcquiredRecord[] => {
          const read = log.filter(({ lastOffset }) => lastOffset >= partition.nextFetchOffset);
          const acquired = partition.acquire(name, count, read, now);
          acquired.forEach(({ offset, deliveryCount }, i) => {
            expect(holder.has(offset) || terminal.has(offset)).toBe(false);
            expect(deliveryCount).toBeLessThanOrEqual(deliveryCountLimit);
            if (i > 0) expect(offset).toBeGreaterThan(acquired[i - 1]!.offset);
            holder.set(offset, { member: name, until: now + limits.lockDuration });
          });
          return acquired;
        };
        const check = (): void => {
          expect(partition.startOffset).toBeGreaterThanOrEqual(spso);
          spso = partition.startOffset;
          for (let offset = 0; offset < spso; offset++) expect(terminal.has(offset)).toBe(true);
          expect(partition.nextNew - partition.startOffset).toBeLessThan(12 + 7);
        };

        for (const one of steps) {
          if (one.do === 'acquire') acquire(`m${one.member}`, one.count);
          else if (one.do === 'leave') {
            const transition = partition.release(`m${one.member}`);
            if (transition !== null) open.push({ transition, offsets: [] });
          } else if (one.do === 'say') {
            const busy = new Set(open.flatMap(({ offsets: some }) => some));
            const own = [...holder]
              .filter(([offset, by]) => by.member === `m${one.member}` && !busy.has(offset))
              .map(([offset]) => offset)
              .filter((offset) => partition.stateOf(offset)?.state === 'acquired')
              .slice(0, one.count);
            const { error, transition } = partition.acknowledge(
              `m${one.member}`,
              own.map((offset) => ({ offset, type: one.type })),
              now,
            );
            // What it gave back by leaving is being decided already.
            if (error !== 'NONE') expect(error).toBe('INVALID_RECORD_STATE');
            if (transition !== null) open.push({ transition, offsets: own });
          } else if (one.do === 'store') {
            if (one.stored) stored = partition.state();
            for (const { transition } of open.splice(0)) see(partition.complete(transition, one.stored, now));
          } else if (one.do === 'wait') {
            now += one.ms * 1000;
            see(partition.expire(now));
          } else {
            // Another broker leads: it knows what was stored, and nothing of what has expired unstored since.
            for (let offset = 0; offset < stored.startOffset; offset++)
              expect(terminal.has(offset)).toBe(true);
            partition = new SharePartition(limits, stored);
            open = [];
            holder.clear();
            terminal.clear();
            for (let offset = 0; offset < partition.startOffset; offset++) terminal.add(offset);
            for (const { offset, state } of stored.records) if (state !== 'available') terminal.add(offset);
            spso = Math.min(spso, partition.startOffset);
          }
          check();
        }

        // Members that go on working get every record that is left, and no record is left behind.
        for (const { transition } of open) see(partition.complete(transition, true, now));
        for (let round = 0; round < 500 && spso < records; round++) {
          now += limits.lockDuration;
          see(partition.expire(now));
          const got = acquire('m9', 3).map(({ offset }) => ({ offset, type: 'accept' as const }));
          const { transition } = partition.acknowledge('m9', got, now);
          if (transition !== null) see(partition.complete(transition, true, now));
          check();
        }
        expect(spso).toBe(records);
        expect(terminal.size).toBe(records);
      },
    ),
    { numRuns: 400 },
  );
});
