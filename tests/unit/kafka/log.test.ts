// A partition's log: offsets, segments, bounds of a read, leader epochs, truncation. Cases named after those of Kafka's
// UnifiedLogTest and LeaderEpochFileCacheTest expect what they expect.
import { describe, expect, it } from 'vitest';
import { LeaderEpochs } from '../../../src/brokers/kafka/epochs.ts';
import { RECORDS_MAX } from '../../../src/brokers/kafka/log.ts';
import { Snapshot } from '../../../src/sim/snapshot.ts';
import { batch, LogBench, MS } from './log-bench.ts';

const HOUR = 3_600_000;

describe('appending', () => {
  it('K-1: a batch of k records at log end x gets x to x+k-1', () => {
    const bench = new LogBench();
    expect([1, 3, 2].map((k) => bench.append(k).baseOffset)).toEqual([0, 1, 4]);
    expect(bench.log.logEnd).toBe(6);
    expect(bench.lastOffsets()).toEqual([0, 3, 5]);
  });

  it('K-1: a follower keeps offsets and epochs, gaps too, and refuses what lies below its end', () => {
    const leader = new LogBench();
    leader.epoch = 7;
    const stored = [leader.append(2), leader.append(1), leader.append(3)].map((outcome) => outcome.batch!);
    const follower = new LogBench();
    follower.log.appendAsFollower(stored[0]!, 0);
    const { batch: kept } = follower.log.appendAsFollower(stored[2]!, 0);
    expect(kept).toBe(stored[2]);
    expect([follower.log.logEnd, follower.log.latestEpoch]).toEqual([6, 7]);
    expect(() => follower.log.appendAsFollower(stored[1]!, 0)).toThrow(/no place/);
  });

  it('K-1: an empty follower takes a batch that its leader has let go of in part', () => {
    const leader = new LogBench();
    const { batch: stored } = leader.append(5);
    const follower = new LogBench();
    follower.log.truncateFullyAndStartAt(3);
    follower.log.appendAsFollower(stored!, 0);
    expect([follower.log.logStart, follower.log.logEnd, follower.log.bytes]).toEqual([3, 5, stored!.bytes]);
    expect(follower.batches(3)).toEqual([stored]);
  });

  it('K-2: a stored batch is frozen, shares its arrays with what was sent, and no snapshot looks into old segments', () => {
    const bench = new LogBench({ 'segment.bytes': 1000 });
    const sent = batch(3);
    const { batch: stored } = bench.log.appendAsLeader(sent, 0, 0);
    expect(Object.isFrozen(stored)).toBe(true);
    expect(stored!.messages).toBe(sent.messages);
    expect(stored!.timestamps).toBe(sent.timestamps);
    for (let i = 0; i < 40; i++) bench.append(3);
    const parts = () => (bench.log as unknown as { parts: readonly object[] }).parts;
    const [first] = parts();
    expect(parts().map((part) => Object.isFrozen(part))).toEqual(
      parts().map((_, i) => i < parts().length - 1),
    );
    const content = bench.content();
    const snapshot = new Snapshot(bench.log);
    for (let i = 0; i < 40; i++) bench.append(3);
    bench.log.advanceHighWatermark(50);
    bench.log.truncateTo(60);
    bench.append(4);
    snapshot.restore();
    expect([bench.log.logEnd, bench.log.highWatermark]).toEqual([123, 0]);
    expect(bench.content()).toEqual(content);
    expect(parts()[0]).toBe(first);
    expect(bench.log.read(0, 1e9, 3, true).batches[0]).toBe(stored);
  });

  it('K-6: max.message.bytes counts the whole batch, one byte more is too large', () => {
    const bench = new LogBench({ 'max.message.bytes': 61 + 78 });
    expect(bench.tell(2)).toBe('appended 0');
    expect(bench.tell(2, { size: 40 })).toBe('MESSAGE_TOO_LARGE');
    // A follower takes what its leader took (testMessageSizeCheckInAppendAsFollower).
    const { batch: big } = new LogBench().append(9);
    bench.log.appendAsFollower({ ...big!, baseOffset: 2, lastOffset: 10 }, 0);
    expect(bench.log.logEnd).toBe(11);
  });

  it('K-10: a CreateTime more than an hour ahead is refused, as is one too old; the bounds themselves are not', () => {
    const bench = new LogBench({ 'message.timestamp.before.max.ms': 1000 });
    bench.nowMs = 5000;
    expect(bench.tell(1, { atMs: 5000 + HOUR })).toBe('appended 0');
    expect(bench.tell(1, { atMs: 5001 + HOUR })).toBe('INVALID_TIMESTAMP');
    expect(bench.tell(1, { atMs: 4000 })).toBe('appended 1');
    expect(bench.tell(1, { atMs: 3999 })).toBe('INVALID_TIMESTAMP');
    expect(bench.log.logEnd).toBe(2);
  });

  it("K-10: LogAppendTime is the broker's clock, whatever the producer says", () => {
    const bench = new LogBench({ 'message.timestamp.type': 'LogAppendTime' });
    bench.nowMs = 70;
    const { batch: stored } = bench.append(2, { atMs: 99 * HOUR });
    expect([stored!.timestamps, stored!.maxTimestamp]).toEqual([[70 * MS, 70 * MS], 70 * MS]);
  });

  it('K-18: a compacted log takes no record without a key (testCompactedTopicConstraints)', () => {
    for (const policy of ['compact', 'compact,delete'] as const) {
      const bench = new LogBench({ 'cleanup.policy': policy });
      expect(bench.tell(['a', null])).toBe('INVALID_RECORD');
      expect(bench.tell(['a', ''])).toBe('appended 0');
    }
    expect(new LogBench().tell([null])).toBe('appended 0');
  });
});

describe('segments', () => {
  const count = (bench: LogBench): number => bench.log.segments().length;

  it('K-7: rolls when the next batch does not fit (testSizeBasedLogRoll)', () => {
    const bench = new LogBench({ 'segment.bytes': 10 * 99 });
    for (let i = 0; i < 9; i++) bench.append(1);
    expect(count(bench)).toBe(1);
    expect(bench.append(1).rolled).toEqual({ position: 9, why: 'segment.bytes 990' });
    expect(bench.log.segments()).toMatchObject([
      { baseOffset: 0, endOffset: 9, bytes: 900, records: 9, active: false },
      { baseOffset: 9, endOffset: 10, bytes: 100, records: 1, active: true },
    ]);
  });

  it('K-7: rolls by the timestamps of batches, at an append only (testTimeBasedLogRollDuringAppend)', () => {
    const bench = new LogBench({ 'segment.ms': HOUR });
    bench.nowMs = HOUR + 1;
    bench.append(1);
    expect(count(bench)).toBe(1);
    // The wall clock moves, the timestamps do not.
    bench.nowMs = 3 * HOUR;
    expect(count(bench)).toBe(1);
    bench.append(1, { atMs: HOUR + 1 });
    expect(count(bench)).toBe(1);
    bench.append(1, { atMs: 2 * HOUR + 1 });
    expect(count(bench)).toBe(1);
    expect(bench.append(1, { atMs: 2 * HOUR + 2 }).rolled).toEqual({
      position: 3,
      why: 'segment.ms 3600000',
    });
  });

  it('K-7: segment.jitter.ms rolls earlier, by the same part each time the segment is asked', () => {
    const rolledAt = (jitter: number): number => {
      const bench = new LogBench({ 'segment.ms': 1000, 'segment.jitter.ms': jitter });
      for (let ms = 0; ; ms++) if (bench.append(1, { atMs: ms }).rolled) return ms;
    };
    expect(rolledAt(0)).toBe(1001);
    expect(rolledAt(900)).toBeGreaterThan(100);
    expect(rolledAt(900)).toBeLessThan(1001);
    expect(rolledAt(900)).toBe(rolledAt(900));
  });

  it('K-16: with compaction a segment is not active for longer than max.compaction.lag.ms', () => {
    const bench = new LogBench({ 'cleanup.policy': 'compact', 'max.compaction.lag.ms': 500 });
    bench.append(1);
    expect(bench.append(1, { atMs: 501 }).rolled).toMatchObject({ position: 1 });
    const other = new LogBench({ 'max.compaction.lag.ms': 500 });
    other.append(1);
    expect(other.append(1, { atMs: 501 }).rolled).toBeNull();
  });

  it('segments of internal logs hold a thousand records', () => {
    const bench = new LogBench({}, { internal: true });
    const write = () =>
      bench.log.appendCoordinatorRecords(
        [
          { key: 'a', value: {} },
          { key: 'b', value: null },
        ],
        3,
        0,
      );
    for (let i = 0; i < 500; i++) expect(write().rolled).toBeNull();
    expect(write()).toMatchObject({ baseOffset: 1000, rolled: { position: 1000, why: '1000 records' } });
    expect([...bench.log.coordinatorRecords()]).toHaveLength(1002);
    expect([...bench.log.coordinatorRecords()][1]).toEqual({ key: 'b', value: null });
    expect(bench.batches()[0]).toMatchObject({ leaderEpoch: 3, messages: [], lastOffset: 1 });
  });
});

describe('positions and reading', () => {
  it('K-3: the high watermark goes forward only, and not past the log end', () => {
    const { log, ...bench } = new LogBench();
    for (let i = 0; i < 5; i++) log.appendAsLeader(batch(1), bench.epoch, 0);
    expect([log.logStart, log.lastStableOffset, log.highWatermark, log.logEnd]).toEqual([0, 0, 0, 5]);
    expect(log.advanceHighWatermark(3)).toBe(true);
    expect(log.advanceHighWatermark(3)).toBe(false);
    expect(log.advanceHighWatermark(2)).toBe(false);
    expect(log.advanceHighWatermark(9)).toBe(true);
    expect(log.highWatermark).toBe(5);
    log.resetHighWatermark(2);
    expect(log.highWatermark).toBe(2);
    log.resetHighWatermark(-4);
    expect(log.highWatermark).toBe(0);
  });

  it('K-4: whole batches below the bound, from the one that holds the offset on (K-2)', () => {
    const bench = new LogBench();
    for (const k of [2, 3, 4]) bench.append(k);
    const read = (offset: number, upTo: number) =>
      bench.log.read(offset, 1e6, upTo, true).batches.map(({ baseOffset }) => baseOffset);
    expect(read(0, 9)).toEqual([0, 2, 5]);
    expect(read(3, 9)).toEqual([2, 5]);
    expect(read(4, 8)).toEqual([2]);
    expect(read(0, 0)).toEqual([]);
    expect(read(9, 9)).toEqual([]);
  });

  it('K-6: a limit bounds a read but always lets the first batch through', () => {
    const bench = new LogBench();
    for (let i = 0; i < 4; i++) bench.append(1);
    const read = (maxBytes: number, minOneBatch: boolean) => bench.log.read(0, maxBytes, 4, minOneBatch);
    expect(read(1, true)).toMatchObject({ batches: [{ baseOffset: 0 }], bytes: 100 });
    expect(read(1, false)).toEqual({ batches: [], bytes: 0 });
    expect(read(299, false)).toMatchObject({ batches: [{ baseOffset: 0 }, { baseOffset: 1 }], bytes: 200 });
    expect(read(300, true).bytes).toBe(300);
  });

  it('K-68: a read stays within one segment, and goes to the next over a gap (testReadAtLogGap)', () => {
    const bench = new LogBench({ 'segment.bytes': 300, 'cleanup.policy': 'compact' });
    for (const key of ['a', 'b', 'x', 'x', 'c']) bench.append([key]);
    expect(bench.log.read(0, 1e6, 5, true).batches).toHaveLength(3);
    bench.set({ 'segment.bytes': 200 });
    bench.append(['d']);
    bench.append(['x']);
    bench.replicated();
    bench.clean();
    expect(bench.content()).toEqual(['0:a', '1:b', '3:x', '4:c', '5:d', '6:x']);
    expect(bench.log.read(2, 1e6, 7, true).batches[0]!.baseOffset).toBe(3);
  });

  it('counts the bytes that wait to be read, no further than it must', () => {
    const bench = new LogBench({ 'segment.bytes': 300 });
    for (let i = 0; i < 10; i++) bench.append(1);
    expect(bench.log.bytesFrom(0, 1e9, 10)).toBe(1000);
    expect(bench.log.bytesFrom(7, 1e9, 10)).toBe(300);
    expect(bench.log.bytesFrom(0, 250, 10)).toBe(300);
    expect(bench.log.bytesFrom(0, 1e9, 4)).toBe(400);
    expect(bench.log.bytesFrom(10, 1e9, 10)).toBe(0);
    expect(bench.log.bytes).toBe(1000);
  });

  it('K-10: the first offset whose timestamp is not before the one asked for', () => {
    const bench = new LogBench({ 'segment.bytes': 200 });
    expect(bench.log.offsetForTimestamp(0, 0)).toBe(-1);
    for (const atMs of [10, 30, 20, 40]) bench.append(1, { atMs });
    const find = (ms: number, upTo = 4) => bench.log.offsetForTimestamp(ms * MS, upTo);
    expect([0, 10, 11, 20, 30, 31, 40, 41].map((ms) => find(ms))).toEqual([0, 0, 1, 1, 1, 3, 3, -1]);
    expect(find(31, 3)).toBe(-1);
    bench.replicated();
    bench.log.deleteRecordsBefore(2);
    expect(find(0)).toBe(2);
  });

  it('is bounded: the older half goes, offsets stay', () => {
    const bench = new LogBench();
    for (let i = 0; i < RECORDS_MAX / 1024; i++) {
      expect(bench.append(1024, { size: 10, producer: 1, sequence: i * 1024 }).dropped).toBe(0);
      bench.replicated();
    }
    expect(bench.append(1, { producer: 2 })).toMatchObject({
      dropped: RECORDS_MAX / 2,
      baseOffset: RECORDS_MAX,
    });
    const { log } = bench;
    expect([log.logStart, log.segments()[0]!.baseOffset]).toEqual([RECORDS_MAX / 2, RECORDS_MAX / 2]);
    expect(log.read(RECORDS_MAX, 1000, log.logEnd, true).batches).toHaveLength(1);
    // What is known of producers is known still, also after a truncation.
    log.truncateTo(RECORDS_MAX);
    expect(bench.tell(1, { producer: 1, sequence: RECORDS_MAX })).toBe(`appended ${RECORDS_MAX}`);
  });

  it('is bounded: what is not replicated stays, up to twice the bound', () => {
    const bench = new LogBench();
    for (let i = 0; i < (2 * RECORDS_MAX) / 1024; i++) expect(bench.append(1024).dropped).toBe(0);
    expect(bench.append(1).dropped).toBeGreaterThanOrEqual(RECORDS_MAX);
    expect(bench.log.highWatermark).toBe(bench.log.logStart);
  });

  it('is bounded: an internal log is compacted first', () => {
    const bench = new LogBench({ 'cleanup.policy': 'compact' }, { internal: true });
    for (let i = 0; i < RECORDS_MAX + 10; i += 2) {
      const records = [i, i + 1].map((n) => ({ key: `k${n % 50}`, value: { n } }));
      expect(bench.log.appendCoordinatorRecords(records, 0, 0).dropped).toBe(0);
      bench.replicated();
    }
    const left = [...bench.log.coordinatorRecords()];
    expect(left.length).toBeLessThan(2000);
    expect(new Set(left.map(({ key }) => key)).size).toBe(50);
    expect(left.at(-1)!.value).toEqual({ n: RECORDS_MAX + 9 });
  });
});

describe('leader epochs', () => {
  it('K-8: the leader stamps its epoch, which begins where its log ends', () => {
    const { log } = new LogBench();
    expect(log.latestEpoch).toBe(-1);
    log.beginEpoch(3);
    log.appendAsLeader(batch(2), 3, 0);
    log.beginEpoch(5);
    expect(log.appendAsLeader(batch(1), 5, 0).batch!.leaderEpoch).toBe(5);
    expect(log.latestEpoch).toBe(5);
    expect([2, 3, 4, 5].map((epoch) => log.endOffsetFor(epoch))).toEqual([
      { epoch: 2, endOffset: 0 },
      { epoch: 3, endOffset: 2 },
      { epoch: 3, endOffset: 2 },
      { epoch: 5, endOffset: 3 },
    ]);
  });

  it('K-9: the largest known epoch not above the one asked for, and where it ends', () => {
    const epochs = new LeaderEpochs();
    expect(epochs.endOffsetFor(0, 0)).toEqual({ epoch: -1, endOffset: 0 });
    epochs.begin(2, 0);
    epochs.begin(3, 5);
    epochs.begin(5, 8);
    expect([1, 2, 3, 4, 5, 6].map((epoch) => epochs.endOffsetFor(epoch, 12))).toEqual([
      { epoch: 1, endOffset: 0 },
      { epoch: 2, endOffset: 5 },
      { epoch: 3, endOffset: 8 },
      { epoch: 3, endOffset: 8 },
      { epoch: 5, endOffset: 12 },
      { epoch: 5, endOffset: 12 },
    ]);
  });

  it('K-8: an epoch keeps its first start; what contradicts a new one goes (LeaderEpochFileCacheTest)', () => {
    const epochs = new LeaderEpochs();
    epochs.begin(2, 6);
    epochs.begin(2, 7);
    expect(epochs.known).toEqual([{ epoch: 2, startOffset: 6 }]);
    epochs.begin(3, 8);
    epochs.begin(4, 7);
    expect(epochs.known).toEqual([
      { epoch: 2, startOffset: 6 },
      { epoch: 4, startOffset: 7 },
    ]);
  });

  it('K-9: a truncation forgets what began there or later (shouldTruncateLeaderEpochCheckpointFileWhenTruncatingLog)', () => {
    const leader = new LogBench();
    const bench = new LogBench();
    for (const [epoch, n] of [
      [0, 10],
      [1, 6],
      [2, 4],
    ] as const) {
      leader.epoch = epoch;
      for (let i = 0; i < n; i++) bench.log.appendAsFollower(leader.append(1).batch!, 0);
    }
    const { log } = bench;
    expect(log.truncateTo(20)).toEqual([]);
    expect(log.latestEpoch).toBe(2);
    log.truncateTo(11);
    expect(log.latestEpoch).toBe(1);
    log.truncateTo(10);
    expect(log.latestEpoch).toBe(0);
    log.truncateTo(0);
    expect(log.latestEpoch).toBe(-1);
  });

  it('K-12: when the log begins later, the epoch in which it begins begins there', () => {
    const epochs = new LeaderEpochs();
    epochs.begin(0, 0);
    epochs.begin(1, 7);
    epochs.begin(2, 10);
    epochs.truncateFromStart(5);
    expect(epochs.known[0]).toEqual({ epoch: 0, startOffset: 5 });
    epochs.truncateFromStart(7);
    expect(epochs.known).toEqual([
      { epoch: 1, startOffset: 7 },
      { epoch: 2, startOffset: 10 },
    ]);
    epochs.truncateFromStart(30);
    expect(epochs.known).toEqual([{ epoch: 2, startOffset: 30 }]);
  });
});

describe('truncation', () => {
  it('K-9: what lies at the offset and beyond goes, and is told (testTruncateTo)', () => {
    const bench = new LogBench({ 'segment.bytes': 300 });
    const sent = Array.from({ length: 10 }, () => batch(1));
    for (const one of sent) bench.log.appendAsLeader(one, 0, 0);
    bench.replicated();
    const { log } = bench;
    expect(log.truncateTo(10)).toEqual([]);
    expect(log.truncateTo(11)).toEqual([]);
    expect(log.truncateTo(5)).toEqual(sent.slice(5).flatMap(({ messages }) => messages));
    expect([log.logEnd, log.highWatermark, log.bytes, log.segments().length]).toEqual([5, 5, 500, 2]);
    expect(bench.append(1).baseOffset).toBe(5);
    expect(bench.append(1).rolled).toMatchObject({ position: 6 });
    log.truncateTo(0);
    expect([log.logEnd, log.bytes, log.segments().length]).toEqual([0, 0, 1]);
  });

  it('K-9: an offset within a batch takes the whole batch', () => {
    const bench = new LogBench();
    bench.append(2);
    bench.append(4);
    bench.log.truncateTo(4);
    expect(bench.log.logEnd).toBe(2);
  });

  it('K-9: below its start the log is emptied, and begins there (truncate before first start offset)', () => {
    const bench = new LogBench();
    bench.log.truncateFullyAndStartAt(20);
    expect([bench.log.logStart, bench.log.highWatermark, bench.log.logEnd]).toEqual([20, 20, 20]);
    bench.append(3);
    expect(bench.log.truncateTo(7)).toHaveLength(3);
    expect([bench.log.logStart, bench.log.logEnd, bench.append(1).baseOffset]).toEqual([7, 7, 7]);
  });
});
