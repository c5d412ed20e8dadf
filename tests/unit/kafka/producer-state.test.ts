// What a partition knows of its producers: O-8, O-9, and cases of Kafka's ProducerStateManagerTest and UnifiedLogTest.
import { describe, expect, it } from 'vitest';
import { LogBench } from './log-bench.ts';

describe('the sequence check', () => {
  it('K-38 K-39 O-8: duplicates answer with their offset, gaps and old batches are out of order', () => {
    const bench = new LogBench();
    bench.append(100);
    const tell = (count: number, sequence: number, epoch = 0) =>
      bench.tell(count, { producer: 7, sequence, epoch });
    expect(tell(2, 0)).toBe('appended 100');
    expect(tell(2, 2)).toBe('appended 102');
    expect(tell(2, 2)).toBe('duplicate 102');
    expect(bench.log.logEnd).toBe(104);
    expect(tell(2, 6)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(tell(2, 4)).toBe('appended 104');
    for (let sequence = 6; sequence < 16; sequence += 2) tell(2, sequence);
    expect(tell(2, 0)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(tell(1, 3, 1)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(tell(1, 0, 1)).toMatch(/^appended/);
    expect(tell(1, 16, 0)).toBe('INVALID_PRODUCER_EPOCH');
    expect(tell(2, 14, 0)).toBe('INVALID_PRODUCER_EPOCH');
  });

  it('K-38 K-39: the fifth newest is a duplicate, the sixth is out of order, a part of one is too (testDuplicateAppends)', () => {
    const bench = new LogBench();
    const tell = (count: number, sequence: number) => bench.tell(count, { producer: 1, sequence });
    for (let sequence = 0; sequence <= 5; sequence++) expect(tell(1, sequence)).toBe(`appended ${sequence}`);
    expect(tell(3, 6)).toBe('appended 6');
    expect(tell(3, 6)).toBe('duplicate 6');
    expect(tell(2, 7)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(tell(1, 2)).toBe('duplicate 2');
    expect(tell(1, 1)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(tell(1, 9)).toBe('appended 9');
  });

  it('K-37 O-8: after sequence 2147483647 comes 0, also within a batch (testProducerSequenceWithWrapAroundBatchRecord)', () => {
    const max = 2_147_483_647;
    const bench = new LogBench();
    const tell = (count: number, sequence: number) => bench.tell(count, { producer: 7, sequence });
    expect(tell(1, max)).toBe('appended 0');
    expect(tell(1, 1)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(tell(1, 0)).toBe('appended 1');
    const around = new LogBench();
    expect(around.tell(20, { producer: 7, sequence: max - 10 })).toBe('appended 0');
    expect(around.tell(20, { producer: 7, sequence: max - 10 })).toBe('duplicate 0');
    expect(around.tell(1, { producer: 7, sequence: 10 })).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(around.tell(1, { producer: 7, sequence: 9 })).toBe('appended 20');
  });

  it('K-38: who is not known may begin anywhere, in a transaction only at 0 (K-45)', () => {
    const bench = new LogBench();
    expect(bench.tell(1, { producer: 1, sequence: 16, epoch: 5 })).toBe('appended 0');
    expect(bench.tell(1, { producer: 2, sequence: 1, transactional: true })).toBe(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    );
    expect(bench.tell(1, { producer: 2, sequence: 0, transactional: true })).toBe('appended 1');
  });

  it('K-38: producers do not know of one another', () => {
    const bench = new LogBench();
    expect(bench.tell(1, { producer: 1, sequence: 0 })).toBe('appended 0');
    expect(bench.tell(1, { producer: 2, sequence: 0 })).toBe('appended 1');
    expect(bench.tell(1, { producer: 1, sequence: 0 })).toBe('duplicate 0');
  });

  it('K-42: what has no producer id is never a duplicate', () => {
    const bench = new LogBench();
    expect([bench.tell(1), bench.tell(1)]).toEqual(['appended 0', 'appended 1']);
  });

  it('K-41: a producer is forgotten when it has not written for producer.id.expiration.ms (testPeriodicProducerIdExpiration)', () => {
    const bench = new LogBench({}, { producerIdExpirationMs: 200 });
    bench.append(1, { producer: 23, sequence: 0 });
    bench.nowMs = 199;
    expect(bench.tell(1, { producer: 23, sequence: 5 })).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    bench.nowMs = 200;
    expect(bench.tell(1, { producer: 23, sequence: 5 })).toBe('appended 1');
  });

  it('K-41: not while its transaction is open (testProducersWithOngoingTransactionsDontExpire)', () => {
    const bench = new LogBench({}, { producerIdExpirationMs: 200 });
    bench.append(1, { producer: 23, transactional: true });
    bench.nowMs = 5000;
    bench.expire();
    expect(bench.log.hasOngoingTransaction(23)).toBe(true);
    expect(bench.tell(1, { producer: 23, sequence: 5, transactional: true })).toBe(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
    );
    bench.mark(23, 1, 'aborted');
    bench.nowMs = 5200;
    expect(bench.tell(1, { producer: 23, sequence: 5 })).toBe('appended 2');
  });

  it('a follower takes gaps and unknown producers as its leader has taken them (testAcceptAppendWithSequenceGapsOnReplica)', () => {
    const leader = new LogBench();
    const bench = new LogBench();
    const stored = [0, 1, 2].map((sequence) => leader.append(1, { producer: 1, sequence }).batch!);
    bench.log.appendAsFollower(stored[0]!, 0);
    bench.log.appendAsFollower(stored[2]!, 0);
    expect(bench.tell(1, { producer: 1, sequence: 3 })).toBe('appended 3');
  });
});

describe('transactions', () => {
  const txn = (producer: number, sequence: number, epoch = 0) => ({
    producer,
    sequence,
    epoch,
    transactional: true,
  });

  it('K-47 K-50 O-9: the last stable offset, and what a reader is told', () => {
    const bench = new LogBench();
    const { log } = bench;
    bench.append(1, txn(1, 0));
    bench.append(1);
    bench.append(1, txn(2, 0));
    bench.append(1, txn(1, 1));
    bench.replicated();
    expect(log.lastStableOffset).toBe(0);
    bench.mark(1, 1, 'committed');
    bench.replicated();
    expect(log.lastStableOffset).toBe(2);
    bench.mark(2, 1, 'aborted');
    bench.replicated();
    expect([log.lastStableOffset, log.highWatermark]).toEqual([6, 6]);
    expect(log.abortedIn(0, 6)).toEqual([{ producerId: 2, firstOffset: 2 }]);
    expect(log.abortedIn(0, 2)).toEqual([]);
    expect(bench.content()).toEqual(['0:k', '1:k', '2:k', '3:k', '4:committed', '5:aborted']);
    // What a read_committed reader keeps of it (K-50).
    const aborted = new Map(
      log.abortedIn(0, 6).map(({ producerId, firstOffset }) => [producerId, firstOffset]),
    );
    const delivered = bench
      .batches(0, log.lastStableOffset)
      .filter(
        ({ marker, producerId, baseOffset }) => !marker && baseOffset < (aborted.get(producerId) ?? Infinity),
      );
    expect(delivered.map(({ baseOffset }) => baseOffset)).toEqual([0, 1, 3]);
  });

  it('K-47: a transaction is stable when its marker is replicated, not when it is written (testFirstUnstableOffsetWithTransactionalData)', () => {
    const bench = new LogBench();
    const { log } = bench;
    bench.append(3, txn(137, 0, 5));
    bench.append(1, txn(137, 3, 5));
    bench.replicated();
    bench.mark(137, 6, 'committed');
    expect(log.lastStableOffset).toBe(0);
    bench.replicated(4);
    expect(log.lastStableOffset).toBe(0);
    bench.replicated(5);
    expect(log.lastStableOffset).toBe(5);
  });

  it('K-47: not above the high watermark, nor below the start (testLastStableOffsetDoesNotExceedLogStartOffsetMidSegment)', () => {
    const bench = new LogBench();
    const { log } = bench;
    bench.append(5, txn(1, 0));
    bench.append(3);
    bench.roll();
    bench.append(5, txn(1, 5));
    bench.replicated(3);
    expect(log.lastStableOffset).toBe(0);
    bench.replicated();
    expect(log.deleteRecordsBefore(5)).toBe(5);
    expect(log.lastStableOffset).toBe(5);
    log.deleteRecordsBefore(8);
    bench.expire();
    expect([log.segments().length, log.lastStableOffset]).toEqual([1, 8]);
  });

  it('K-50: the index of aborted transactions (testTransactionIndexUpdated)', () => {
    const bench = new LogBench({ 'segment.bytes': 1500 });
    const next = new Map<number, number>();
    const append = (producer: number, n: number): void => {
      const sequence = next.get(producer) ?? 0;
      next.set(producer, sequence + n);
      bench.append(n, txn(producer, sequence));
    };
    append(1, 5);
    bench.append(3);
    append(2, 2);
    append(1, 4);
    append(3, 3);
    bench.append(2);
    append(1, 10);
    bench.mark(1, 1, 'aborted');
    append(2, 6);
    append(4, 3);
    bench.append(10);
    append(3, 9);
    bench.mark(3, 1, 'committed');
    append(4, 8);
    append(2, 7);
    bench.mark(2, 1, 'aborted');
    bench.append(10);
    append(4, 4);
    bench.mark(4, 1, 'committed');
    const { log } = bench;
    const first = { producerId: 1, firstOffset: 0 };
    const second = { producerId: 2, firstOffset: 8 };
    expect(log.abortedIn(0, log.logEnd)).toEqual([first, second]);
    expect(log.abortedIn(0, 8)).toEqual([first]);
    expect(log.abortedIn(29, 30)).toEqual([first, second]);
    expect(log.abortedIn(30, 40)).toEqual([second]);
    expect(log.abortedIn(75, 90)).toEqual([]);
    bench.replicated(30);
    expect(log.lastStableOffset).toBe(8);
    bench.replicated(75);
    expect(log.lastStableOffset).toBe(36);
    bench.replicated();
    expect(log.lastStableOffset).toBe(log.logEnd);
    // A follower that gets the same batches knows the same (testTransactionIndexUpdatedThroughReplication).
    const follower = new LogBench();
    for (const stored of bench.batches()) follower.log.appendAsFollower(stored, 0);
    expect(follower.log.abortedIn(0, 200)).toEqual([first, second]);
    // Past the marker of the first, only the second is told.
    log.deleteRecordsBefore(40);
    expect(log.abortedIn(0, 200)).toEqual([second]);
  });

  it('K-45: a marker is of a higher epoch than its producer; a retry with nothing open is written again', () => {
    const bench = new LogBench();
    bench.append(1, txn(1, 0, 5));
    expect(bench.mark(1, 4, 'aborted').error).toBe('INVALID_PRODUCER_EPOCH');
    expect(bench.mark(1, 5, 'aborted').error).toBe('INVALID_PRODUCER_EPOCH');
    expect(bench.log.hasOngoingTransaction(1)).toBe(true);
    expect(bench.mark(1, 6, 'aborted')).toMatchObject({ baseOffset: 1, appended: true });
    expect(bench.log.hasOngoingTransaction(1)).toBe(false);
    expect(bench.mark(1, 6, 'aborted')).toMatchObject({ baseOffset: 2, appended: true });
    expect(bench.mark(1, 5, 'aborted').error).toBe('INVALID_PRODUCER_EPOCH');
    expect(bench.log.abortedIn(0, 3)).toHaveLength(1);
    // testControlRecordBumpsProducerEpoch, testOutOfSequenceAfterControlRecordEpochBump
    expect(bench.tell(1, txn(1, 1, 5))).toBe('INVALID_PRODUCER_EPOCH');
    expect(bench.tell(1, txn(1, 1, 6))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(bench.tell(1, txn(1, 0, 6))).toBe('appended 3');
  });

  it('K-45: a marker without anything of its producer is written, and ends nothing (testSkipEmptyTransactions)', () => {
    const bench = new LogBench();
    expect(bench.mark(9, 3, 'aborted')).toMatchObject({ error: 'NONE', baseOffset: 0 });
    bench.replicated();
    expect(bench.log.abortedIn(0, 1)).toEqual([]);
    expect(bench.log.lastStableOffset).toBe(1);
    expect(bench.tell(1, txn(9, 0, 2))).toBe('INVALID_PRODUCER_EPOCH');
  });

  it('K-45: nothing but its transaction, while it is open (testNonTransactionalAppendWithOngoingTransaction)', () => {
    const bench = new LogBench();
    bench.append(1, txn(1, 0));
    expect(bench.tell(1, { producer: 1, sequence: 1 })).toBe('INVALID_TXN_STATE');
    expect(bench.tell(1, txn(1, 1))).toBe('appended 1');
  });
});

describe('after a truncation', () => {
  const txn = (producer: number, sequence: number) => ({ producer, sequence, transactional: true });

  it('K-9: the sequence goes on from what is left, over segments', () => {
    const bench = new LogBench({ 'segment.bytes': 300 });
    for (let sequence = 0; sequence < 10; sequence++) bench.append(1, { producer: 1, sequence });
    bench.log.truncateTo(5);
    expect(bench.tell(1, { producer: 1, sequence: 6 })).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(bench.tell(1, { producer: 1, sequence: 4 })).toBe('duplicate 4');
    expect(bench.tell(1, { producer: 1, sequence: 5 })).toBe('appended 5');
  });

  it('K-9: what the segment began with is known still, though the batches have expired', () => {
    const bench = new LogBench({ 'segment.bytes': 300 });
    bench.append(1, { producer: 1, sequence: 4 });
    for (let i = 0; i < 9; i++) bench.append(1);
    bench.replicated();
    bench.log.deleteRecordsBefore(6);
    bench.expire();
    expect(bench.log.segments()[0]!.baseOffset).toBe(6);
    bench.log.truncateTo(7);
    expect(bench.tell(1, { producer: 1, sequence: 6 })).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(bench.tell(1, { producer: 1, sequence: 5 })).toBe('appended 7');
  });

  it('K-47: an end that is cut off leaves the transaction open, and a beginning that is leaves none (testTruncateBelowFirstUnstableOffset)', () => {
    const bench = new LogBench();
    bench.append(3);
    bench.append(2, txn(17, 0));
    bench.replicated();
    bench.mark(17, 1, 'aborted');
    expect(bench.log.abortedIn(0, 6)).toHaveLength(1);
    bench.log.truncateTo(5);
    expect(bench.log.abortedIn(0, 6)).toEqual([]);
    expect([bench.log.lastStableOffset, bench.log.hasOngoingTransaction(17)]).toEqual([3, true]);
    expect(bench.tell(1, txn(17, 2))).toBe('appended 5');
    bench.log.truncateTo(3);
    expect([bench.log.lastStableOffset, bench.log.hasOngoingTransaction(17)]).toEqual([3, false]);
    expect(bench.tell(1, txn(17, 0))).toBe('appended 3');
  });

  it('K-9: emptied, it knows nobody (testTruncateFullyAndStart)', () => {
    const bench = new LogBench();
    bench.append(2, txn(1, 0));
    bench.log.truncateFullyAndStartAt(9);
    expect([bench.log.lastStableOffset, bench.log.hasOngoingTransaction(1)]).toEqual([9, false]);
    expect(bench.tell(1, txn(1, 0))).toBe('appended 9');
  });

  it('K-52: a high watermark that goes back makes ended transactions unstable again', () => {
    const bench = new LogBench({ 'segment.bytes': 300 });
    bench.append(1, txn(1, 0));
    bench.append(1);
    bench.mark(1, 1, 'aborted');
    bench.replicated();
    expect(bench.log.lastStableOffset).toBe(3);
    bench.log.resetHighWatermark(2);
    expect(bench.log.lastStableOffset).toBe(0);
    bench.replicated();
    expect(bench.log.lastStableOffset).toBe(3);
    expect(bench.log.abortedIn(0, 3)).toHaveLength(1);
  });
});
