// The stage of timelines as geometry and words: it is drawn to scale, which is its point.
import { describe, expect, test } from 'vitest';
import type { Shape } from '../../src/widgets/experiment/drawing.ts';
import { widthOf } from '../../src/widgets/experiment/kafka/cells/fit.ts';
import { areas, layOutTimeline, ROWS_MAX } from '../../src/widgets/experiment/kafka/timeline/layout.ts';
import { figureWords, lasted, spanOf, summary } from '../../src/widgets/experiment/kafka/timeline/words.ts';
import type { KafkaView } from '../../src/brokers/kafka/view-types.ts';
import { crashView } from './fixtures/experiment/frames.ts';
import { compared, crowd } from './fixtures/experiment/timelines.ts';

const AT = 16_500_000;
const shapes: Shape[] = ['wide', 'tall'];
const fixtures: readonly (readonly [string, () => KafkaView, number])[] = [
  ['three groups', compared, AT],
  ['a crowd', () => crowd(24, 3, 16.5), AT],
  ['the very beginning', () => crowd(2, 1, 0.4), 400_000],
  ['a long run', () => crowd(3, 2, 300), 300_000_000],
];

describe.each(shapes)('the %s drawing', (shape) => {
  test.each(fixtures)('of %s keeps everything inside, and apart', (_name, view, at) => {
    const picture = layOutTimeline(view(), at, shape);
    picture.groups.forEach((group, i) => {
      expect(group.y + group.height).toBeLessThanOrEqual(picture.groups[i + 1]?.heading.y ?? picture.axisY);
      const boxes = [
        ...group.rows.flatMap(({ bars }) => bars),
        ...group.shades,
        ...group.unowned,
        group.strip,
      ];
      for (const { x, y, width, height } of boxes) {
        expect(width).toBeGreaterThanOrEqual(0);
        expect(x).toBeGreaterThanOrEqual(group.x);
        expect(x + width).toBeLessThanOrEqual(group.x + group.width + 0.01);
        expect(y).toBeGreaterThanOrEqual(group.y);
        expect(y + height).toBeLessThanOrEqual(group.y + group.height + 0.01);
      }
      expect(group.rows.length).toBeLessThanOrEqual(ROWS_MAX);
      for (const { y, height, bars, label } of group.rows) {
        expect(10 + widthOf(label)).toBeLessThanOrEqual(group.x);
        expect(y + height).toBeLessThan(group.strip.y);
        bars
          .slice(1)
          .forEach(({ x }, b) => expect(x).toBeGreaterThanOrEqual(bars[b]!.x + bars[b]!.width - 0.01));
        for (const { text, width } of bars) expect(widthOf(text)).toBeLessThanOrEqual(Math.max(0, width));
      }
      const measures = [...group.measures].sort((a, b) => a.x - b.x);
      measures.slice(1).forEach((one, m) => {
        const before = measures[m]!;
        expect(one.x - widthOf(one.text) / 2).toBeGreaterThan(before.x + widthOf(before.text) / 2);
      });
      for (const { text, x, anchor } of group.figures) {
        expect(anchor === 'end' ? x - widthOf(text) : x + widthOf(text)).toBeGreaterThan(0);
        expect(anchor === 'end' ? x : x + widthOf(text)).toBeLessThanOrEqual(picture.width);
      }
    });
    expect(picture.now.x).toBeLessThanOrEqual(picture.width);
    expect(picture.axisY).toBeLessThan(picture.height);
  });

  test('K-79: one scale for all groups, and widths are times', () => {
    const picture = layOutTimeline(compared(), AT, shape);
    const [eager, cooperative] = picture.groups;
    const perSecond = eager!.width / 20;
    const stopped = eager!.unowned.find(({ whole }) => whole);
    expect(stopped?.width).toBeCloseTo(3.1 * perSecond);
    expect(cooperative!.unowned.map(({ width }) => width)[0]).toBeCloseTo(0.7 * perSecond);
    const bars = eager!.rows[0]!.bars;
    expect(bars.map(({ kind }) => kind)).toEqual(['joining', 'reading', 'joining', 'reading']);
    expect(bars[1]?.width).toBeCloseTo(5.4 * perSecond);
    expect(picture.now.x - eager!.x).toBeCloseTo(16.5 * perSecond);
  });

  test('the area without owners is the sum that stands beside it', () => {
    for (const { timeline, unowned, width, strip } of layOutTimeline(compared(), AT, shape).groups) {
      const perSecond = width / 20;
      const perPartition = strip.height / timeline.places.length;
      const area = unowned.reduce(
        (sum, box) => sum + (box.width / perSecond) * (box.height / perPartition),
        0,
      );
      expect(area).toBeCloseTo(timeline.unownedMicros / 1_000_000);
    }
  });

  test('how long nobody read stands above it', () => {
    const [eager, cooperative] = layOutTimeline(compared(), AT, shape).groups;
    expect(eager!.measures.map(({ text }) => text)).toEqual(['3.1 s']);
    expect(cooperative!.measures).toEqual([]);
  });

  test('without the part there is nothing to draw, and no harm', () => {
    expect(layOutTimeline(crashView(), AT, shape).groups).toEqual([]);
  });
});

describe('its words', () => {
  test('the window holds the run, and then its last minute', () => {
    expect(spanOf(0)).toEqual({ from: 0, to: 10_000_000 });
    expect(spanOf(AT)).toEqual({ from: 0, to: 20_000_000 });
    expect(spanOf(60_000_000)).toEqual({ from: 0, to: 60_000_000 });
    expect(spanOf(90_000_000)).toEqual({ from: 30_000_000, to: 90_000_000 });
  });

  test('steps of an area join where nothing changes', () => {
    const [eager, , last] = compared().timelines!;
    expect(areas(eager!, AT)).toEqual([{ from: 9_000_000, to: 12_100_000, count: 6, of: 6 }]);
    expect(areas(last!, AT).map(({ count }) => count)).toEqual([1, 2, 2]);
  });

  test('figures say what stood still', () => {
    const [eager, cooperative] = compared().timelines!;
    expect(figureWords(eager!)).toEqual(['nobody read for 3.1 s', 'partitions unowned 18.6 s in all']);
    expect(figureWords(cooperative!)).toEqual([
      'somebody read all the time',
      'partitions unowned 1.4 s in all',
    ]);
    expect(lasted(40_000)).toBe('40 ms');
    expect(lasted(0)).toBe('0.0 s');
  });

  test('the whole names every group, its figures, members and pauses', () => {
    const words = summary(compared());
    for (const part of [
      'Group eager: nobody read for 3.1 s, partitions unowned 18.6 s in all (P0 3.1 s, P1 3.1 s,',
      'E2 joins from 9.0 s to 12.1 s, reads P4, P5 since 12.1 s.',
      'Nobody read from 9.0 s to 12.1 s.',
      'Group cooperative: somebody read all the time, partitions unowned 1.4 s in all (P2 0.7 s, P5 0.7 s)',
      'C2 joins from 9.0 s to 9.4 s, has no partition from 9.4 s to 10.1 s, reads P2, P5 since 10.1 s.',
      'N1 joins from 0.5 s to 0.9 s, reads P3, P4, P5 from 0.9 s to 9.3 s, reads P3, P4 from 9.3 s to 15.0 s, is gone since 15.0 s.',
      'Rebalances from 9.0 s to 9.5 s.',
    ])
      expect(words).toContain(part);
  });
});
