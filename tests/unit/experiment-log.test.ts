// The stage of a log in detail as geometry and words.
import { describe, expect, test } from 'vitest';
import type { Shape } from '../../src/widgets/experiment/drawing.ts';
import { fit, placeLabels, widthOf, wrap } from '../../src/widgets/experiment/kafka/cells/fit.ts';
import { layOutLog } from '../../src/widgets/experiment/kafka/log/layout.ts';
import {
  bytesWords,
  DRAWN_MAX,
  goingNext,
  isolationOf,
  policyWords,
  summary,
} from '../../src/widgets/experiment/kafka/log/words.ts';
import type { KafkaView } from '../../src/brokers/kafka/view-types.ts';
import { crashView } from './fixtures/experiment/frames.ts';
import {
  compacted,
  log,
  long,
  record,
  retention,
  segment,
  transactions,
} from './fixtures/experiment/logs.ts';

const AT = 16_500_000;
const shapes: Shape[] = ['wide', 'tall'];
const fixtures: readonly (readonly [string, () => KafkaView])[] = [
  ['retention', retention],
  ['compaction', compacted],
  ['transactions', transactions],
  ['one long log', () => long(500, 40)],
  ['three long logs', () => long(60, 7, 3)],
  ['a log of one segment', () => long(80, 1000)],
];

describe.each(shapes)('the %s drawing', (shape) => {
  test.each(fixtures)('of %s keeps everything inside, and apart', (_name, view) => {
    const picture = layOutLog(view(), AT, shape);
    expect(picture.logs.length).toBeLessThanOrEqual(DRAWN_MAX);
    const lines = picture.logs.flatMap((area) => area.lines);
    expect(lines.length).toBeGreaterThan(0);
    lines.forEach((line, i) => expect(line.bottom).toBeLessThan(lines[i + 1]?.y ?? picture.height));
    for (const { frames, records, markers, gaps, next, flags, carets, cellsY } of lines) {
      const spots = [...records, ...markers, ...gaps, ...(next ? [next] : [])].map(({ x }) => x);
      for (const x of spots) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x + picture.cell).toBeLessThanOrEqual(picture.width);
      }
      const sorted = [...new Set(spots)].sort((a, b) => a - b);
      expect(sorted).toHaveLength(spots.length);
      sorted.slice(1).forEach((x, i) => expect(x - sorted[i]!).toBeGreaterThanOrEqual(picture.cell));
      const blocks = [...frames].sort((a, b) => a.x - b.x);
      blocks.slice(1).forEach((frame, i) => {
        expect(frame.x).toBeGreaterThanOrEqual(blocks[i]!.x + blocks[i]!.width);
      });
      for (const { x, y, width, height, label } of frames) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x + width).toBeLessThanOrEqual(picture.width);
        expect(y).toBeLessThan(cellsY);
        expect(y + height).toBeGreaterThan(cellsY + picture.cell);
        expect(widthOf(label)).toBeLessThanOrEqual(width);
      }
      for (const { label } of [...flags, ...carets]) {
        if (!label) continue;
        const width = widthOf(label.text);
        const from = label.anchor === 'start' ? label.x : label.x - width;
        expect(from).toBeGreaterThanOrEqual(0);
        expect(from + width).toBeLessThanOrEqual(picture.width);
      }
    }
    for (const { x, y, text } of [...picture.notes, ...picture.logs.flatMap(({ notes }) => notes)]) {
      expect(x + widthOf(text)).toBeLessThanOrEqual(picture.width);
      expect(y).toBeLessThanOrEqual(picture.height);
    }
    const ids = lines.flatMap(({ records }) => records.map(({ id }) => id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('an offset keeps its place when records are written after it', () => {
    const place = (records: number) =>
      layOutLog(long(records, 10), AT, shape)
        .logs[0]!.lines.flatMap((line) => line.records)
        .find(({ cell }) => cell.position === 9)?.x;
    expect(place(10)).toBe(place(40));
  });

  test('K-13: what retention took fades to the left, and what goes next is marked', () => {
    const lines = layOutLog(retention(), AT, shape).logs[0]!.lines;
    const expired = lines.flatMap(({ records }) => records).filter(({ cell }) => cell.state === 'expired');
    expect(expired.map(({ cell }) => cell.position)).toEqual([0, 1, 2, 3, 4]);
    for (const { gone } of expired) expect(gone).toBeCloseTo(0.3);
    const next = lines.flatMap(({ frames }) => frames).filter(({ goesNext }) => goesNext);
    expect([...new Set(next.map(({ segment: { base } }) => base))]).toEqual([5]);
  });

  test('K-16: compaction leaves gaps, and their offsets stay', () => {
    const lines = layOutLog(compacted(), AT, shape).logs[0]!.lines;
    const gaps = lines.flatMap((line) => line.gaps.map(({ position }) => position));
    expect(gaps).toEqual([0, 1, 3, 4, 5, 7, 12, 13]);
    expect(lines.flatMap(({ flags }) => flags.map(({ kind }) => kind))).toContain('cleaned');
  });

  test('lines that compaction has emptied are left out', () => {
    const sparse = log([record(2, 'A'), record(200, 'B')], [segment(0, 201, { active: true })]);
    const { lines } = layOutLog({ ...retention(), logs: [sparse] }, AT, shape).logs[0]!;
    expect(lines).toHaveLength(2);
  });

  test('K-3: markers are no records, and the last stable offset stands before the high watermark', () => {
    const lines = layOutLog(transactions(), AT, shape).logs[0]!.lines;
    expect(lines.flatMap(({ markers }) => markers.map(({ cell }) => [cell.position, cell.marker]))).toEqual([
      [3, 'committed'],
      [7, 'aborted'],
    ]);
    expect(lines.flatMap(({ records }) => records.map(({ cell }) => cell.position))).not.toContain(3);
    expect(lines.flatMap(({ flags }) => flags.map(({ kind }) => kind))).toEqual(['stable', 'watermark']);
  });

  test('without the part there is nothing to draw, and no harm', () => {
    expect(layOutLog(crashView(), AT, shape).logs).toEqual([]);
  });
});

describe('its words', () => {
  const cells = [...'ABCDEF'].map((key, i) => record(i, key));
  const segments = [segment(0, 3), segment(3, 6, { active: true })];

  test('K-13: a segment goes when its newest record is too old', () => {
    expect(goingNext(log(cells, segments, { retentionMs: 10_000 }), 5_000_000)).toMatchObject({
      segment: { base: 0 },
      inMicros: 6_000_000,
    });
    expect(goingNext(log(cells, segments, { retentionMs: 1_000 }), 5_000_000)?.inMicros).toBe(0);
    expect(goingNext(log(cells, segments, { retentionMs: -1 }), 5_000_000)).toBeNull();
    expect(goingNext(log(cells, segments, { retentionMs: 604_800_000 }), 5_000_000)).toBeNull();
    expect(goingNext(log(cells, segments, { cleanupPolicy: 'compact' }), 5_000_000)).toBeNull();
  });

  test('K-14: a segment goes when without it there are still enough bytes', () => {
    const bySize = (retentionBytes: number) =>
      goingNext(log(cells, segments, { retentionMs: -1, retentionBytes }), 5_000_000)?.inMicros;
    expect(bySize(120)).toBe(0);
    expect(bySize(121)).toBeNull();
  });

  test('say what is kept, and what goes', () => {
    expect(
      policyWords(log(cells, segments, { retentionMs: 10_000, retentionBytes: 2000 }), 5_000_000)[0],
    ).toBe('keeps 10 s or 2.0 KB; segment 0 goes in 6.0 s');
    expect(policyWords(log(cells, segments, { cleanupPolicy: 'compact' }), 0)[0]).toBe(
      'compacts: the newest of each key stays',
    );
  });

  test('K-4: how a group reads shows where a transaction is open', () => {
    const [one] = transactions().logs!;
    expect(one!.readers.map((reader) => isolationOf(one!, reader))).toEqual([
      'read_committed',
      'read_uncommitted',
    ]);
    const [other] = retention().logs!;
    expect(isolationOf(other!, other!.readers[0]!)).toBeNull();
  });

  test('the whole names offsets, segments, what became of records, and readers', () => {
    expect(summary(retention())).toBe(
      'Log orders-0 starts at 5, ends at 22, high watermark 21. ' +
        '17 records in segments 0 to 4, 200 B, removed; 5 to 9, 200 B; 10 to 14, 200 B; 15 to 19, 200 B; 20 to 21, 80 B, active. ' +
        'just expired: 0, 1, 2, 3, 4. billing: read by C0, committed 12, position 15, lag 10.',
    );
    expect(summary(transactions())).toContain(
      'in open transactions: 8, 10. aborted: 4, 6. committed by a transaction: 1, 2. commit markers: 3. abort markers: 7.',
    );
    expect(summary(transactions())).toContain(
      'transaction tx-1 of Service A: Ongoing since 14.2 s, 2 records.',
    );
    expect(summary(compacted())).toContain('tombstones: 9, 15. just compacted away: 8, 10.');
    expect(summary(long(30, 7, 3))).toContain('And one more log.');
  });

  test.each([
    [999, '999 B'],
    [1200, '1.2 KB'],
    [2_500_000, '2.5 MB'],
  ])('%i bytes are %s', (bytes, words) => expect(bytesWords(bytes)).toBe(words));
});

describe('texts', () => {
  test('the longest that has room', () => {
    expect(fit(['a long one', 'short'], 40)).toBe('short');
    expect(fit(['a long one'], 10)).toBe('');
  });

  test('break between words', () => {
    const lines = wrap('one two three four five', 70);
    expect(lines.join(' ')).toBe('one two three four five');
    for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(70);
  });

  test('stand beside their marks, and never in one another', () => {
    const marks = [0, 30, 60, 62, 200].map((x) => ({ x, texts: ['a long label', 'short'] }));
    const labels = placeLabels(marks, 0, 260, 4);
    const spans = labels.flatMap((label) =>
      label
        ? [
            label.anchor === 'start'
              ? [label.x, label.x + widthOf(label.text)]
              : [label.x - widthOf(label.text), label.x],
          ]
        : [],
    );
    expect(spans.length).toBeGreaterThan(1);
    spans.slice(1).forEach(([from], i) => expect(from!).toBeGreaterThanOrEqual(spans[i]![1]!));
  });
});
