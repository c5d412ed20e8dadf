// Compaction: O-6, and cases of Kafka's LogCleanerTest and LogCleanerManagerTest.
import { describe, expect, it } from 'vitest';
import type { EffectiveTopicConfig } from '../../../src/brokers/kafka/config.ts';
import { LogBench } from './log-bench.ts';

const DAY = 86_400_000;
const compacted = (own: Partial<EffectiveTopicConfig> = {}, internal = false): LogBench =>
  new LogBench({ 'cleanup.policy': 'compact', ...own }, { internal });
const txn = (producer: number, sequence: number, epoch = 0) => ({
  producer,
  sequence,
  epoch,
  transactional: true,
});

/** Rolls, cleans, and cleans again once horizons have passed. */
function cleanTwice(bench: LogBench): void {
  bench.roll();
  bench.append(['pad']);
  bench.roll();
  bench.clean();
  bench.nowMs += DAY;
  bench.append(['pad']);
  bench.roll();
  bench.clean();
}

describe('what stays', () => {
  it('K-18 K-19 O-6: the newest of each key, a tombstone until its horizon; the active segment as it is', () => {
    const bench = compacted({ 'segment.bytes': 300 });
    for (const record of ['a=1', 'b=1', 'a=2', 'c=1', 'b=∅', 'a=3', 'a=4']) bench.append([record]);
    bench.replicated();
    const { upTo, kept, removed } = bench.clean();
    expect([upTo, kept, removed.map(({ position }) => position)]).toEqual([6, 3, [0, 1, 2]]);
    expect(bench.content()).toEqual(['3:c=1', '4:b=∅', '5:a=3', '6:a=4']);
    expect(bench.batches().map(({ deleteHorizon }) => deleteHorizon)).toEqual([null, DAY * 1000, null, null]);
    expect([bench.log.logStart, bench.log.logEnd]).toEqual([0, 7]);
    bench.roll();
    bench.nowMs = DAY - 1;
    bench.clean();
    expect(bench.content()).toEqual(['3:c=1', '4:b=∅', '6:a=4']);
    bench.append(['a=4']);
    bench.roll();
    bench.nowMs = DAY;
    bench.clean();
    expect(bench.content()).toEqual(['3:c=1', '7:a=4']);
  });

  it('K-19 O-6: the second cleaning after the horizon leaves 3:c and 6:a', () => {
    const bench = compacted({ 'segment.bytes': 300 });
    for (const record of ['a=1', 'b=1', 'a=2', 'c=1', 'b=∅', 'a=3', 'a=4']) bench.append([record]);
    bench.replicated();
    bench.clean();
    bench.nowMs = DAY;
    bench.roll();
    bench.clean();
    expect(bench.content()).toEqual(['3:c=1', '6:a=4']);
  });

  it('K-1 K-18: within a batch records go, offsets and what else the batch has stay', () => {
    const bench = compacted();
    const { batch: stored } = bench.append(['a=1', 'b=1', 'a=2', 'c=1']);
    bench.roll();
    const { removed } = bench.clean();
    expect(removed).toEqual([{ position: 0, message: stored!.messages[0] }]);
    expect(bench.batches()).toEqual([
      {
        ...stored,
        offsets: [1, 2, 3],
        messages: stored!.messages.slice(1),
        keys: ['b', 'a', 'c'],
        sizes: [39, 39, 39],
        timestamps: [0, 0, 0],
        values: ['1', '2', '1'],
        bytes: 61 + 3 * 39,
      },
    ]);
    expect(bench.log.bytes).toBe(61 + 3 * 39);
    expect(bench.batches()[0]).not.toBe(stored);
    expect(Object.isFrozen(bench.batches()[0])).toBe(true);
    bench.append(['d']);
    bench.roll();
    bench.clean();
    expect(bench.content()).toEqual(['1:b=1', '2:a=2', '3:c=1', '4:d']);
  });

  it('K-18: a log that has become compacted loses what has no key (testCleaningWithUnkeyedMessages)', () => {
    const bench = new LogBench();
    for (const key of ['a', null, 'b', null, 'c', null]) bench.append([key]);
    bench.set({ 'cleanup.policy': 'compact' });
    bench.roll();
    bench.clean();
    // The last batch of a cleaning stays for its offset, be it empty.
    expect(bench.content()).toEqual(['0:a', '2:b', '4:c']);
    expect(bench.lastOffsets()).toEqual([0, 2, 4, 5]);
  });

  it('the last batch of a cleaning stays, though empty: its offset is not lost (testCleanSegmentsRetainingLastEmptyBatch)', () => {
    const bench = compacted();
    bench.append(['a']);
    bench.append(['a=∅']);
    bench.roll();
    bench.clean();
    bench.nowMs = DAY;
    bench.append(['b']);
    bench.append(['b=∅']);
    bench.roll();
    bench.clean();
    expect(bench.content()).toEqual(['3:b=∅']);
    bench.nowMs = 2 * DAY;
    bench.append(['c'], txn(1, 0));
    bench.mark(1, 1, 'aborted');
    bench.roll();
    bench.clean();
    expect(bench.lastOffsets()).toEqual([5]);
  });

  it('the newest batch of a producer stays, though empty: it holds the sequence (testLogCleanerRetainsProducerLastSequence)', () => {
    const bench = compacted({ 'segment.bytes': 1e6 });
    bench.append(['0']);
    bench.append(['0'], { producer: 1, sequence: 0 });
    bench.append(['0'], { producer: 2, sequence: 0 });
    bench.append(['0'], { producer: 3, sequence: 0 });
    bench.append(['1'], { producer: 2, sequence: 1 });
    bench.roll();
    bench.clean();
    expect(bench.lastOffsets()).toEqual([1, 3, 4]);
    expect(bench.content()).toEqual(['3:0', '4:1']);
  });

  it('K-38: duplicates are known after a cleaning, also to who reads the log anew (testDuplicateCheckAfterCleaning)', () => {
    const bench = compacted();
    bench.append(['1', '2', '3'], { producer: 1 });
    bench.append(['3', '1', '4'], { producer: 2 });
    bench.append(['1', '4'], { producer: 3 });
    bench.roll();
    bench.clean();
    expect(bench.lastOffsets()).toEqual([2, 5, 7]);
    expect(bench.content()).toEqual(['1:2', '3:3', '6:1', '7:4']);
    const follower = compacted();
    for (const stored of bench.batches()) follower.log.appendAsFollower(stored, 0);
    follower.append(['2'], { producer: 4 });
    follower.roll();
    follower.clean();
    expect(follower.lastOffsets()).toEqual([2, 5, 7, 8]);
    expect(follower.content()).toEqual(['3:3', '6:1', '7:4', '8:2']);
    const anew = compacted();
    for (const stored of follower.batches()) anew.log.appendAsFollower(stored, 0);
    expect(anew.tell(['1', '2', '3'], { producer: 1 })).toBe('duplicate 0');
    expect(anew.tell(['1', '4'], { producer: 3 })).toBe('duplicate 6');
    expect(anew.tell(['3', '1', '4'], { producer: 2 })).toBe('duplicate 3');
    expect(anew.tell(['5'], { producer: 1, sequence: 3 })).toBe('appended 9');
  });

  it('K-19: a tombstone is counted from its cleaning, not from its timestamp (testCleanTombstone)', () => {
    const bench = compacted({ 'message.timestamp.after.max.ms': 10 * DAY });
    bench.nowMs = 3 * DAY;
    bench.append(['0=0'], { atMs: 5 * DAY });
    bench.roll();
    bench.clean();
    bench.append(['0=∅'], { atMs: DAY });
    bench.roll();
    bench.clean();
    expect(bench.content()).toEqual(['1:0=∅']);
    bench.append(['1=1']);
    bench.roll();
    bench.clean();
    expect(bench.content()).toEqual(['1:0=∅', '2:1=1']);
  });
});

describe('transactions', () => {
  it('K-18: what was aborted goes, and hides nothing older (testBasicTransactionAwareCleaning)', () => {
    const bench = compacted({ 'segment.bytes': 1e6 });
    bench.append(['1', '2'], txn(1, 0));
    bench.append(['2', '3'], txn(2, 0));
    bench.append(['3', '4'], txn(1, 2));
    bench.markAsBefore(1, 0, 'aborted');
    bench.markAsBefore(2, 0, 'committed');
    bench.append(['2'], txn(1, 4));
    bench.markAsBefore(1, 0, 'committed');
    const aborted = bench.log.abortedIn(0, 10);
    expect(aborted).toEqual([{ producerId: 1, firstOffset: 0 }]);
    bench.roll();
    bench.clean();
    expect(bench.content()).toEqual(['3:3', '6:aborted', '7:committed', '8:2', '9:committed']);
    expect(bench.log.abortedIn(0, 10)).toEqual(aborted);
  });

  it('K-17 K-47: nothing of an open transaction, nor what lies after it (testUndecidedTransactionalDataNotCleanable)', () => {
    const bench = compacted({ 'segment.bytes': 200 });
    for (let i = 0; i < 4; i++) bench.append(['a']);
    bench.append(['a'], txn(1, 0));
    for (let i = 0; i < 6; i++) bench.append(['a']);
    bench.replicated();
    expect(bench.clean().upTo).toBe(4);
    expect(bench.clean()).toMatchObject({ upTo: 4, removed: [] });
    bench.mark(1, 1, 'committed');
    bench.replicated(11);
    expect(bench.clean().upTo).toBe(4);
    bench.replicated();
    expect(bench.clean().upTo).toBeGreaterThan(4);
  });

  it('K-19: a commit marker goes a while after the last of its records (testCommitMarkerRemoval)', () => {
    const bench = compacted();
    bench.append(['1'], txn(1, 0));
    bench.append(['2', '3'], txn(1, 1));
    bench.markAsBefore(1, 0, 'committed');
    bench.append(['2'], txn(1, 3));
    bench.markAsBefore(1, 0, 'committed');
    bench.roll();
    bench.clean();
    expect(bench.offsets()).toEqual([0, 2, 3, 4, 5]);
    bench.append(['1', '3'], txn(1, 4));
    bench.markAsBefore(1, 0, 'committed');
    bench.roll();
    bench.clean();
    expect(bench.offsets()).toEqual([3, 4, 5, 6, 7, 8]);
    bench.append(['x']);
    bench.roll();
    bench.clean();
    expect(bench.offsets()).toEqual([3, 4, 5, 6, 7, 8, 9]);
    bench.append(['x']);
    bench.roll();
    bench.nowMs = DAY;
    const { removed } = bench.clean();
    expect(removed[0]).toEqual({ position: 3, message: null });
    expect(bench.offsets()).toEqual([4, 5, 6, 7, 8, 10]);
  });

  it('K-19 K-50: an abort marker and its entry stay while a batch of it does (testAbortMarkerRetentionWithEmptyBatch)', () => {
    const bench = compacted();
    bench.append(['2', '3'], txn(1, 0));
    bench.markAsBefore(1, 0, 'aborted');
    bench.roll();
    bench.clean();
    const indexed = () => bench.log.abortedIn(0, 100);
    expect([bench.offsets(), bench.lastOffsets(), indexed().length]).toEqual([[2], [1, 2], 1]);
    cleanTwice(bench);
    expect([bench.offsets().slice(0, 1), bench.lastOffsets().slice(0, 2), indexed().length]).toEqual([
      [2],
      [1, 2],
      1,
    ]);
    bench.append(['1'], { producer: 1, sequence: 2 });
    bench.roll();
    bench.clean();
    // The batch is gone; the marker is not, for the batch was seen once more.
    expect([bench.offsets()[0], bench.lastOffsets()[0], indexed().length]).toEqual([2, 2, 1]);
    cleanTwice(bench);
    expect([bench.offsets().includes(2), indexed().length]).toEqual([false, 0]);
  });

  it('K-45 K-19: with an epoch of its own, the marker that is its producer’s last word stays for its epoch', () => {
    const bench = compacted({}, false);
    bench.append(['a'], txn(1, 0));
    bench.mark(1, 1, 'aborted');
    bench.append(['b']);
    cleanTwice(bench);
    cleanTwice(bench);
    expect(bench.content()[0]).toBe('1:aborted');
    bench.append(['c'], { producer: 1, epoch: 1 });
    cleanTwice(bench);
    cleanTwice(bench);
    expect(bench.content()[0]).toBe('2:b');
  });

  it('over segments (testAbortedTransactionSpanningSegments)', () => {
    const bench = compacted();
    bench.append(['1'], txn(1, 0));
    bench.roll();
    bench.append(['1'], txn(1, 1));
    bench.roll();
    bench.mark(1, 1, 'aborted');
    bench.append(['2']);
    bench.roll();
    bench.clean();
    expect(bench.content()).toEqual(['2:aborted', '3:2']);
    expect(bench.log.abortedIn(0, 9)).toHaveLength(1);
  });
});

describe('when, and how far', () => {
  it('K-16 O-6: dirtier than the ratio, not as dirty', () => {
    const bench = compacted({ 'segment.bytes': 10_000 });
    const fill = (n: number, key: string): void => {
      for (let i = 0; i < n; i++) bench.append([`${key}${i}`]);
    };
    expect(bench.log.dirtyRatio(0)).toBeNull();
    fill(100, 'a');
    fill(1, 'active');
    bench.replicated();
    expect([bench.log.dirtyRatio(0), bench.log.isCleanable(0)]).toEqual([1, true]);
    bench.clean();
    expect([bench.log.dirtyRatio(0), bench.log.isCleanable(0)]).toEqual([0, false]);
    fill(99, 'b');
    fill(1, 'active');
    bench.replicated();
    // 10 000 clean bytes, 10 000 dirty ones.
    expect([bench.log.dirtyRatio(0), bench.log.isCleanable(0)]).toEqual([0.5, false]);
    bench.set({ 'min.cleanable.dirty.ratio': 0.499 });
    expect(bench.log.isCleanable(0)).toBe(true);
  });

  it('K-17: the active segment is never cleaned, nor what is not replicated (testCleanableOffsetsActiveSegment)', () => {
    const bench = compacted({ 'segment.bytes': 200 });
    for (let i = 0; i < 6; i++) bench.append(['a']);
    expect([bench.log.isCleanable(0), bench.clean().removed]).toEqual([false, []]);
    bench.replicated(3);
    expect(bench.clean().upTo).toBe(2);
    bench.replicated();
    expect(bench.clean().upTo).toBe(4);
    expect(bench.content()).toEqual(['3:a', '4:a', '5:a']);
  });

  it('K-17: min.compaction.lag.ms (testCleanableOffsetsForTime)', () => {
    const bench = compacted({ 'segment.bytes': 200, 'min.compaction.lag.ms': 1000 });
    for (const atMs of [0, 0, 0, 500, 0, 0, 0]) bench.append(['a'], { atMs });
    bench.replicated();
    bench.nowMs = 999;
    expect(bench.log.isCleanable(999_000)).toBe(false);
    bench.nowMs = 1499;
    expect(bench.clean().upTo).toBe(2);
    bench.nowMs = 1500;
    expect(bench.clean().upTo).toBe(6);
  });

  it('K-16: max.compaction.lag.ms makes a cleaning due, however little is dirty', () => {
    const bench = compacted({
      'segment.bytes': 200,
      'min.cleanable.dirty.ratio': 1,
      'max.compaction.lag.ms': 1000,
    });
    for (const key of ['a', 'b', 'a']) bench.append([key]);
    bench.replicated();
    expect(bench.log.isCleanable(1000 * 1000)).toBe(false);
    expect(bench.log.isCleanable(1001 * 1000)).toBe(true);
    bench.nowMs = 1001;
    bench.clean();
    expect(bench.log.isCleanable(9e9)).toBe(false);
  });

  it('K-16: a log that is not compacted is not cleaned', () => {
    const bench = new LogBench({ 'segment.bytes': 200 });
    for (let i = 0; i < 6; i++) bench.append(['a']);
    bench.replicated();
    expect([bench.log.dirtyRatio(0), bench.log.isCleanable(0), bench.clean().removed]).toEqual([
      null,
      false,
      [],
    ]);
  });

  it('small segments are put together, up to segment.bytes (testSegmentGrouping)', () => {
    const bench = compacted({ 'segment.bytes': 500 });
    for (let i = 0; i < 40; i++) bench.append([`k${i % 4}`]);
    bench.replicated();
    bench.clean();
    expect(bench.log.segments().map(({ bytes, baseOffset }) => [baseOffset, bytes])).toEqual([
      [30, 400],
      [35, 500],
    ]);
    for (let i = 0; i < 11; i++) bench.append([`k${i % 4}`]);
    bench.replicated();
    bench.clean();
    expect(bench.log.segments().length).toBeLessThanOrEqual(3);
  });

  it('K-9: what was clean and is cut off is dirty when it comes again', () => {
    const bench = compacted({ 'segment.bytes': 200 });
    for (const key of ['a', 'b', 'c', 'd', 'e']) bench.append([key]);
    bench.replicated();
    expect(bench.clean().upTo).toBe(4);
    bench.log.truncateTo(2);
    for (const key of ['a', 'b', 'e']) bench.append([key]);
    bench.replicated();
    bench.clean();
    expect(bench.content()).toEqual(['2:a', '3:b', '4:e']);
  });

  it('records below the start are nobody’s any more (DeleteRecords)', () => {
    const bench = compacted();
    for (const key of ['a', 'b', 'a', 'c']) bench.append([key]);
    bench.roll();
    bench.log.deleteRecordsBefore(1);
    expect(bench.clean()).toMatchObject({ upTo: 4, kept: 3, removed: [] });
  });

  it('internal logs are compacted by the keys of coordinators, whatever their policy', () => {
    const bench = new LogBench({}, { internal: true });
    for (let i = 0; i < 1500; i++) {
      const value = i === 700 ? null : { i };
      bench.log.appendCoordinatorRecords([{ key: i === 700 ? 'gone' : `k${i % 3}`, value }], 0, 0);
    }
    bench.replicated();
    expect(bench.log.isCleanable(0)).toBe(true);
    const { removed } = bench.clean();
    expect(removed[0]).toEqual({ position: 0, message: null });
    const records = [...bench.log.coordinatorRecords()];
    expect(records).toHaveLength(504);
    expect(records[0]).toEqual({ key: 'gone', value: null });
    expect(records.slice(1, 4).map(({ value }) => value)).toEqual([{ i: 997 }, { i: 998 }, { i: 999 }]);
    bench.nowMs = DAY;
    for (let i = 0; i < 1000; i++)
      bench.log.appendCoordinatorRecords([{ key: 'z', value: { i } }], 0, DAY * 1000);
    bench.replicated();
    bench.clean();
    expect([...bench.log.coordinatorRecords()].some(({ key }) => key === 'gone')).toBe(false);
  });
});
