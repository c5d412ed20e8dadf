// Retention: O-5, and the old-segment cases of Kafka's UnifiedLogTest. Every record is a batch of 100 bytes.
import { describe, expect, it } from 'vitest';
import type { EffectiveTopicConfig } from '../../../src/brokers/kafka/config.ts';
import { LogBench } from './log-bench.ts';

/** Segments of five. */
function filled(records: number, own: Partial<EffectiveTopicConfig>, atMs = 0): LogBench {
  const bench = new LogBench({ 'segment.bytes': 500, ...own });
  for (let i = 0; i < records; i++) bench.append(1, { atMs });
  bench.replicated();
  return bench;
}
const bases = (bench: LogBench) => bench.log.segments().map(({ baseOffset }) => baseOffset);

describe('by size', () => {
  it('K-14 O-5: goes as long as that much is left (shouldDeleteSizeBasedSegments)', () => {
    const bench = filled(15, { 'retention.bytes': 1000 });
    expect(bench.expire()).toEqual([{ from: 0, to: 4, why: 'retention.bytes 1000' }]);
    expect([bases(bench), bench.log.logStart, bench.log.bytes]).toEqual([[5, 10], 5, 1000]);
    expect(bench.expire()).toEqual([]);
  });

  it('K-14 O-5: under the limit nothing goes (shouldNotDeleteSizeBasedSegmentsWhenUnderRetentionSize)', () => {
    const bench = filled(15, { 'retention.bytes': 1500 });
    expect(bench.expire()).toEqual([]);
    expect(bases(bench)).toEqual([0, 5, 10]);
  });

  it('K-14 O-5: segments of 400, 400 and 200 bytes with retention.bytes 500 leave 600', () => {
    const bench = filled(10, { 'segment.bytes': 400, 'retention.bytes': 500 });
    expect(bench.log.segments().map(({ bytes }) => bytes)).toEqual([400, 400, 200]);
    bench.expire();
    expect(bench.log.bytes).toBe(600);
  });

  it('K-15: the active segment goes by size with retention.bytes 0 only', () => {
    const one = filled(3, { 'retention.bytes': 1 });
    expect(one.expire()).toEqual([]);
    const none = filled(3, { 'retention.bytes': 0 });
    expect(none.expire()).toEqual([{ from: 0, to: 2, why: 'retention.bytes 0' }]);
    expect([none.log.logStart, none.log.bytes, bases(none)]).toEqual([3, 0, [3]]);
  });
});

describe('by time', () => {
  it('K-13 K-15 O-5: an idle log ends up empty, with a segment to write to (shouldDeleteTimeBasedSegmentsReadyToBeDeleted)', () => {
    const bench = filled(15, { 'retention.ms': 10_000 }, 10);
    bench.nowMs = 10_010;
    expect(bench.expire()).toEqual([]);
    bench.nowMs = 10_011;
    expect(bench.expire()).toEqual([{ from: 0, to: 14, why: 'retention.ms 10000' }]);
    const { log } = bench;
    expect([log.logStart, log.highWatermark, log.logEnd, bases(bench)]).toEqual([15, 15, 15, [15]]);
    expect(bench.expire()).toEqual([]);
    expect(bench.append(1).baseOffset).toBe(15);
  });

  it('K-13: one fresh record keeps its segment and all later ones', () => {
    const bench = filled(7, { 'retention.ms': 1000 });
    bench.append(1, { atMs: 5000 });
    for (let i = 0; i < 7; i++) bench.append(1);
    bench.replicated();
    bench.nowMs = 5500;
    expect(bench.expire()).toEqual([{ from: 0, to: 4, why: 'retention.ms 1000' }]);
    expect(bases(bench)).toEqual([5, 10]);
  });

  it('K-13: a record of the future holds too; −1 holds for ever', () => {
    const bench = filled(5, { 'retention.ms': 1000 }, 3000);
    bench.nowMs = 3999;
    expect(bench.expire()).toEqual([]);
    bench.set({ 'retention.ms': -1 });
    bench.nowMs = 1e9;
    expect(bench.expire()).toEqual([]);
  });

  it('K-12 O-5: only what is wholly below the high watermark (testCannotDeleteSegmentsAtOrAboveHighWatermark)', () => {
    for (const [highWatermark, start] of [
      [0, 0],
      [4, 0],
      [5, 5],
      [9, 5],
      [14, 10],
      [15, 15],
    ] as const) {
      const bench = new LogBench({ 'segment.bytes': 500, 'retention.ms': 10 });
      for (let i = 0; i < 15; i++) bench.append(1);
      bench.replicated(highWatermark);
      bench.nowMs = 1e6;
      bench.expire();
      expect(bench.log.logStart).toBe(start);
    }
  });
});

describe('what else decides', () => {
  it('K-11: without delete in the policy nothing goes by size or time (shouldNotDeleteSegmentsWhenPolicyDoesNotIncludeDelete)', () => {
    const bench = filled(15, { 'cleanup.policy': 'compact', 'retention.ms': 10, 'retention.bytes': 0 });
    bench.nowMs = 1e6;
    expect(bench.expire()).toEqual([]);
    bench.set({ 'cleanup.policy': 'compact,delete' });
    expect(bench.expire()).toEqual([{ from: 0, to: 14, why: 'retention.bytes 0' }]);
  });

  it('K-11: below the start goes whatever the policy (shouldDeleteStartOffsetBreachedSegmentsWhenPolicyDoesNotIncludeDelete)', () => {
    const bench = filled(15, { 'cleanup.policy': 'compact', 'retention.ms': 10 });
    expect(bench.log.deleteRecordsBefore(12)).toBe(12);
    expect(bases(bench)).toEqual([0, 5, 10]);
    // They are out of sight since the request: nothing to tell.
    expect(bench.expire()).toEqual([]);
    expect([bases(bench), bench.log.logStart]).toEqual([[10], 12]);
  });

  it('K-11: size first, then time', () => {
    const bench = filled(5, { 'retention.bytes': 1000, 'retention.ms': 1000 });
    for (let i = 0; i < 5; i++) bench.append(1, { atMs: 10 });
    for (let i = 0; i < 5; i++) bench.append(1, { atMs: 5000 });
    bench.replicated();
    bench.nowMs = 5000;
    expect(bench.expire()).toEqual([
      { from: 0, to: 4, why: 'retention.bytes 1000' },
      { from: 5, to: 9, why: 'retention.ms 1000' },
    ]);
  });

  it('K-3: DeleteRecords goes forward only, and takes a high watermark that is behind along', () => {
    const bench = new LogBench();
    for (let i = 0; i < 5; i++) bench.append(1);
    expect(bench.log.deleteRecordsBefore(3)).toBe(3);
    expect(bench.log.deleteRecordsBefore(2)).toBe(3);
    expect(bench.log.deleteRecordsBefore(99)).toBe(5);
    expect([bench.log.logStart, bench.log.highWatermark, bench.log.logEnd]).toEqual([5, 5, 5]);
  });

  it('K-12: leader epochs follow (shouldUpdateOffsetForLeaderEpochsWhenDeletingSegments)', () => {
    const bench = new LogBench({ 'segment.bytes': 500, 'retention.bytes': 1000 });
    for (const [epoch, n] of [
      [0, 7],
      [1, 3],
      [2, 5],
    ] as const) {
      bench.epoch = epoch;
      for (let i = 0; i < n; i++) bench.append(1);
    }
    bench.replicated();
    bench.expire();
    expect(bench.log.endOffsetFor(-1).endOffset).toBe(5);
    expect(bench.log.endOffsetFor(0)).toEqual({ epoch: 0, endOffset: 7 });
  });
});
