// A log against a naive model of it, through random lives: the model keeps every record in one array, and works every
// answer out from there.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offsetOf } from '../../../src/brokers/kafka/batch.ts';
import { Snapshot } from '../../../src/sim/snapshot.ts';
import { LogBench, type BatchOptions } from './log-bench.ts';

interface ModelRecord {
  offset: number;
  message: number | null;
  key: string | null;
  tombstone: boolean;
  producer: number;
  marker: 'committed' | 'aborted' | null;
  transactional: boolean;
}
interface Word {
  producer: number;
  base: number;
  end: number;
  epoch: number;
  sequence: number;
  marker: boolean;
}

/** Tombstones and markers do not go within a run: their horizon is never reached. */
class Model {
  readonly bench = new LogBench({
    'cleanup.policy': 'compact,delete',
    'segment.bytes': 700,
    'retention.bytes': 3000,
    'delete.retention.ms': 1e9,
    'min.cleanable.dirty.ratio': 0,
  });
  records: ModelRecord[] = [];
  words: Word[] = [];
  ends: number[] = [];
  logStart = 0;
  highWatermark = 0;

  get logEnd(): number {
    return this.ends.at(-1) ?? 0;
  }

  last(producer: number): Word | undefined {
    return this.words.findLast((word) => word.producer === producer);
  }

  isOpen(producer: number): boolean {
    return this.transactions().some((txn) => txn.producer === producer && txn.last === Infinity);
  }

  /** Every transaction that the words tell of. */
  transactions(): { producer: number; first: number; last: number; aborted: boolean }[] {
    const all: { producer: number; first: number; last: number; aborted: boolean }[] = [];
    for (const record of this.history) {
      const open = all.find(({ producer, last }) => producer === record.producer && last === Infinity);
      if (record.marker && open) {
        open.last = record.offset;
        open.aborted = record.marker === 'aborted';
      } else if (record.transactional && !record.marker && !open)
        all.push({ producer: record.producer, first: record.offset, last: Infinity, aborted: false });
    }
    return all;
  }

  /** Everything ever written and not truncated, also what has expired or been compacted. */
  history: ModelRecord[] = [];

  get lastStable(): number {
    const unstable = this.transactions().filter(({ last }) => last >= this.highWatermark);
    const first = Math.min(...unstable.map(({ first }) => first));
    return Math.min(Math.max(first, this.logStart), this.highWatermark);
  }

  append(keys: string[], producer: number, kind: 'plain' | 'transactional' | 'duplicate' | 'gap'): void {
    const { bench } = this;
    const last = this.last(producer);
    const isOpen = this.isOpen(producer);
    const options: BatchOptions = { transactional: kind === 'transactional' || isOpen };
    if (producer > 0) {
      options.producer = producer;
      options.epoch = last?.epoch ?? 0;
      options.sequence = !last || last.marker ? 0 : last.sequence + (last.end - last.base);
    } else options.transactional = false;
    if (producer > 0 && kind === 'gap' && last) {
      const outcome = bench.append(keys, { ...options, sequence: options.sequence! + 1 });
      expect(outcome.error).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
      return;
    }
    if (producer > 0 && kind === 'duplicate' && last && !last.marker) {
      const outcome = bench.append(last.end - last.base, { ...options, sequence: last.sequence });
      expect(outcome).toMatchObject({ error: 'NONE', appended: false, baseOffset: last.base });
      return;
    }
    const base = this.logEnd;
    const { error, baseOffset, batch } = bench.append(keys, options);
    expect([error, baseOffset]).toEqual(['NONE', base]);
    keys.forEach((key, i) => {
      const [name, value] = key.split('=');
      this.write({
        offset: base + i,
        message: batch!.messages[i]!,
        key: name!,
        tombstone: value === '∅',
        producer,
        marker: null,
        transactional: options.transactional!,
      });
    });
    this.ends.push(base + keys.length);
    const { epoch = -1, sequence = -1 } = options;
    this.words.push({ producer, base, end: base + keys.length, epoch, sequence, marker: false });
  }

  end(producer: number, outcome: 'committed' | 'aborted'): void {
    const epoch = (this.last(producer)?.epoch ?? 0) + 1;
    const base = this.logEnd;
    expect(this.bench.mark(producer, epoch, outcome)).toMatchObject({ error: 'NONE', baseOffset: base });
    this.write({
      offset: base,
      message: null,
      key: null,
      tombstone: false,
      producer,
      marker: outcome,
      transactional: true,
    });
    this.ends.push(base + 1);
    this.words.push({ producer, base, end: base + 1, epoch, sequence: 0, marker: true });
  }

  private write(record: ModelRecord): void {
    this.records.push(record);
    this.history.push(record);
  }

  advance(part: number): void {
    const to = this.highWatermark + Math.floor((this.logEnd - this.highWatermark) * part);
    // A follower has whole batches, and so the high watermark is where one ends.
    const at = [this.highWatermark, ...this.ends].filter((end) => end <= to).at(-1)!;
    const target = Math.max(at, this.highWatermark);
    expect(this.bench.log.advanceHighWatermark(target)).toBe(target > this.highWatermark);
    this.highWatermark = target;
  }

  truncate(part: number): void {
    const to = this.highWatermark + Math.floor((this.logEnd - this.highWatermark) * part);
    const end = [this.highWatermark, ...this.ends].filter((candidate) => candidate <= to).at(-1)!;
    const at = Math.max(end, this.highWatermark);
    const gone = this.records.filter(({ offset }) => offset >= at);
    expect(this.bench.log.truncateTo(to)).toEqual(
      gone.filter(({ marker }) => !marker).map(({ message }) => message),
    );
    const stays = ({ offset }: ModelRecord) => offset < at;
    this.records = this.records.filter(stays);
    this.history = this.history.filter(stays);
    this.words = this.words.filter(({ end: wordEnd }) => wordEnd <= at);
    this.ends = this.ends.filter((candidate) => candidate <= at);
  }

  expire(): void {
    const { log } = this.bench;
    const segments = log.segments();
    let excess = segments.reduce((sum, { bytes }) => sum + bytes, 0) - 3000;
    let start = this.logStart;
    let left = segments.filter(({ endOffset, active }) => active || endOffset > start);
    excess -=
      segments.reduce((sum, { bytes }) => sum + bytes, 0) - left.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { bytes, endOffset, active } of left) {
      if (excess < 0 || excess - bytes < 0 || endOffset > this.highWatermark || (active && bytes === 0))
        break;
      excess -= bytes;
      start = Math.max(start, endOffset);
      left = left.slice(1);
    }
    this.bench.expire();
    this.begin(start);
  }

  delete(part: number): void {
    const to = this.logStart + Math.floor((this.highWatermark - this.logStart) * part);
    expect(this.bench.log.deleteRecordsBefore(to)).toBe(to);
    this.begin(to);
  }

  private begin(at: number): void {
    this.logStart = at;
    this.records = this.records.filter(({ offset }) => offset >= at);
  }

  clean(): void {
    const { log } = this.bench;
    const before = this.records;
    const { upTo, removed } = this.bench.clean();
    expect(upTo).toBeLessThanOrEqual(Math.max(this.lastStable, 0));
    const aborted = this.transactions().filter((txn) => txn.aborted);
    const isAborted = ({ producer, transactional, offset }: ModelRecord) =>
      transactional &&
      aborted.some((txn) => txn.producer === producer && txn.first <= offset && offset < txn.last);
    const newest = new Map<string, number>();
    for (const record of before)
      if (record.key !== null && record.offset < upTo && !isAborted(record))
        newest.set(record.key, record.offset);
    this.records = before.filter(
      (record) =>
        record.offset >= upTo ||
        record.marker !== null ||
        (!isAborted(record) && newest.get(record.key!) === record.offset),
    );
    const stays = new Set(this.records);
    expect(removed).toEqual(
      before
        .filter((record) => !stays.has(record))
        .map(({ offset, message }) => ({ position: offset, message })),
    );
    expect(log.isCleanable(0)).toBe(false);
  }

  check(): void {
    const { bench } = this;
    const { log } = bench;
    const positions = [log.logStart, log.lastStableOffset, log.highWatermark, log.logEnd];
    expect(positions).toEqual([this.logStart, this.lastStable, this.highWatermark, this.logEnd]);
    // K-3
    expect([...positions].sort((a, b) => a - b)).toEqual(positions);
    const read = bench
      .batches()
      .flatMap((stored): { offset: number; message: number | null }[] =>
        stored.marker
          ? [{ offset: stored.baseOffset, message: null }]
          : stored.messages.map((message, i) => ({ offset: offsetOf(stored, i), message })),
      );
    expect(read.filter(({ offset }) => offset >= this.logStart)).toEqual(
      this.records.map(({ offset, message }) => ({ offset, message })),
    );
    const segments = log.segments();
    expect(log.bytes).toBe(segments.reduce((sum, { bytes }) => sum + bytes, 0));
    segments.forEach(({ baseOffset, endOffset, active }, i) => {
      expect(baseOffset).toBeLessThanOrEqual(endOffset);
      expect(active).toBe(i === segments.length - 1);
      expect(endOffset).toBe(segments[i + 1]?.baseOffset ?? this.logEnd);
    });
    for (const producer of [1, 2, 3]) expect(log.hasOngoingTransaction(producer)).toBe(this.isOpen(producer));
    // K-50: whoever reads what is stable drops exactly what was aborted.
    const told = log.abortedIn(this.logStart, this.logEnd);
    for (const txn of this.transactions()) {
      const leftovers = this.records.some(
        ({ producer, offset, marker }) =>
          producer === txn.producer && !marker && txn.first <= offset && offset < txn.last,
      );
      if (txn.aborted && leftovers)
        expect(told).toContainEqual({ producerId: txn.producer, firstOffset: txn.first });
      if (!txn.aborted) expect(told).not.toContainEqual({ producerId: txn.producer, firstOffset: txn.first });
    }
  }
}

const key = fc.constantFrom('a', 'b', 'c', 'd', 'a=1', 'b=∅', 'c=∅');
const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      keys: fc.array(key, { minLength: 1, maxLength: 4 }),
      producer: fc.integer({ min: 0, max: 3 }),
      kind: fc.constantFrom('plain' as const, 'transactional' as const, 'duplicate' as const, 'gap' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      producer: fc.integer({ min: 1, max: 3 }),
      outcome: fc.constantFrom('committed' as const, 'aborted' as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('advance' as const), part: fc.constantFrom(0.3, 0.8, 1, 1) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('truncate' as const),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('delete' as const), part: fc.constantFrom(0.1, 0.5, 1) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('expire' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('clean' as const) }) },
);

describe('any life of a log', () => {
  it('K-1 K-3 K-4 K-9 K-14 K-18 K-38 K-47: is that of its model, step by step', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
        const model = new Model();
        for (const one of steps) {
          if (one.do === 'append') model.append(one.keys, one.producer, one.kind);
          else if (one.do === 'end') model.end(one.producer, one.outcome);
          else if (one.do === 'advance') model.advance(one.part);
          else if (one.do === 'truncate') model.truncate(one.part);
          else if (one.do === 'delete') model.delete(one.part);
          else if (one.do === 'expire') model.expire();
          else model.clean();
          model.check();
        }
      }),
      { numRuns: 300, seed: 20 },
    );
  });

  it('is what it was once it is restored', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), (steps) => {
        const model = new Model();
        for (const one of steps) {
          if (one.do === 'append') model.append(one.keys, one.producer, one.kind);
          else if (one.do === 'end') model.end(one.producer, one.outcome);
          else if (one.do === 'advance') model.advance(one.part);
        }
        const before = JSON.stringify(model);
        const snapshot = new Snapshot(model);
        for (let i = 0; i < 5; i++) model.append(['z'], 0, 'plain');
        model.advance(1);
        model.clean();
        model.expire();
        model.check();
        snapshot.restore();
        model.check();
        expect(JSON.stringify(model)).toBe(before);
      }),
      { numRuns: 100, seed: 20 },
    );
  });
});
