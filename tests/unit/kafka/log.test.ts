// A partition's log: offsets, bounds of a read, and the sequence check (O-8).
import { describe, expect, it } from 'vitest';
import { PartitionLog, RECORDS_MAX } from '../../../src/brokers/kafka/log.ts';
import type { RecordBatch } from '../../../src/brokers/kafka/protocol.ts';

let message = 0;
function batch(count: number, sequence = -1, epoch = 0, producerId = sequence < 0 ? -1 : 7): RecordBatch {
  const each = <T>(value: (i: number) => T): T[] => Array.from({ length: count }, (_, i) => value(i));
  return {
    place: 't-0',
    producerId,
    epoch,
    baseSequence: sequence,
    messages: each(() => message++),
    keys: each((i) => (i % 2 ? null : 'a')),
    sizes: each(() => 100),
  };
}

describe('offsets', () => {
  it('K-1: a batch of k records at log end x gets x to x+k-1', () => {
    const log = new PartitionLog('t-0');
    expect([1, 3, 2].map((k) => log.append(batch(k)).baseOffset)).toEqual([0, 1, 4]);
    expect(log.logEnd).toBe(6);
  });

  it('K-3: with one replica the high watermark is the log end', () => {
    const log = new PartitionLog('t-0');
    log.append(batch(5));
    expect([log.logStart, log.highWatermark, log.logEnd]).toEqual([0, 5, 5]);
  });

  it('K-5: at the end there is nothing to read, past it and before the start is out of range', () => {
    const log = new PartitionLog('t-0');
    log.append(batch(2));
    expect(log.read(2, 1000)).toMatchObject({ error: 'NONE', messages: [] });
    expect(log.read(3, 1000).error).toBe('OFFSET_OUT_OF_RANGE');
    expect(log.read(-1, 1000).error).toBe('OFFSET_OUT_OF_RANGE');
  });

  it('K-6: a limit bounds a read but always lets the first record through', () => {
    const log = new PartitionLog('t-0');
    const records = batch(5);
    log.append(records);
    expect(log.read(0, 1).messages).toEqual(records.messages.slice(0, 1));
    expect(log.read(1, 300).messages).toEqual(records.messages.slice(1, 3));
    expect(log.read(0, 10_000)).toMatchObject({ messages: records.messages, keys: records.keys });
  });

  it('is bounded: the older half goes, offsets stay', () => {
    const log = new PartitionLog('t-0');
    for (let i = 0; i < RECORDS_MAX / 1024; i++) expect(log.append(batch(1024)).truncated).toBe(false);
    const last = batch(1);
    expect(log.append(last)).toMatchObject({ truncated: true, baseOffset: RECORDS_MAX });
    expect(log.logStart).toBe(RECORDS_MAX / 2);
    expect(log.read(RECORDS_MAX, 1000).messages).toEqual(last.messages);
    expect(log.read(0, 1000).error).toBe('OFFSET_OUT_OF_RANGE');
  });
});

describe('the sequence check', () => {
  it('K-38 K-39 O-8: duplicates answer with their offset, gaps and old batches are out of order', () => {
    const log = new PartitionLog('t-0');
    for (let i = 0; i < 100; i++) log.append(batch(1));
    const tell = (count: number, sequence: number, epoch = 0): string => {
      const { error, baseOffset, appended } = log.append(batch(count, sequence, epoch));
      return error === 'NONE' ? `${appended ? 'appended' : 'duplicate'} ${baseOffset}` : error;
    };
    expect(tell(2, 0)).toBe('appended 100');
    expect(tell(2, 2)).toBe('appended 102');
    expect(tell(2, 2)).toBe('duplicate 102');
    expect(log.logEnd).toBe(104);
    expect(tell(2, 6)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(tell(2, 4)).toBe('appended 104');
    for (let sequence = 6; sequence < 16; sequence += 2) tell(2, sequence);
    expect(tell(2, 0)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(tell(1, 3, 1)).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(tell(1, 0, 1)).toMatch(/^appended/);
    expect(tell(1, 16, 0)).toBe('INVALID_PRODUCER_EPOCH');
  });

  it('K-37 O-8: sequences wrap after 2147483647 to 0', () => {
    const log = new PartitionLog('t-0');
    expect(log.append(batch(1, 2_147_483_647)).error).toBe('NONE');
    expect(log.append(batch(1, 1)).error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
    expect(log.append(batch(1, 0))).toMatchObject({ error: 'NONE', baseOffset: 1 });
  });

  it('K-42: what has no producer id is never a duplicate', () => {
    const log = new PartitionLog('t-0');
    const records = batch(1);
    expect([log.append(records), log.append(records)].map(({ baseOffset }) => baseOffset)).toEqual([0, 1]);
  });
});
