/**
 * Who read what and when, to scale: pure geometry. One scale of time for all groups; the area that says how many
 * partitions nobody owned is to scale in both directions, so that it is the sum that stands beside it.
 */
import type {
  Interval,
  KafkaView,
  MemberInterval,
  TimelineView,
} from '../../../../brokers/kafka/view-types.ts';
import type { Shape } from '../../drawing.ts';
import { fit, widthOf } from '../cells/fit.ts';
import type { Box, Point } from '../cells/tracks.ts';
import { barWords, figureWords, lasted, spanOf, within } from './words.ts';

export interface Bar extends Box {
  readonly kind: MemberInterval['kind'];
  readonly text: string;
}

export interface Row {
  readonly label: string;
  readonly y: number;
  readonly height: number;
  readonly bars: readonly Bar[];
}

export interface GroupBlock extends Box {
  readonly timeline: TimelineView;
  readonly heading: Point;
  readonly figures: readonly (Point & {
    readonly text: string;
    readonly anchor: 'start' | 'end';
    readonly bad: boolean;
  })[];
  readonly rows: readonly Row[];
  readonly hidden: number;
  readonly more: Point;
  /** When it rebalanced: over all its rows. */
  readonly shades: readonly Box[];
  /** The strip of what nobody owned. */
  readonly strip: Box & { readonly label: string };
  /** Its area: as wide as it lasted, as high as there were partitions without an owner. */
  readonly unowned: readonly (Box & { readonly whole: boolean })[];
  /** How long nobody read, above that. */
  readonly measures: readonly (Point & { readonly text: string })[];
}

export interface TimelinePicture {
  readonly width: number;
  readonly height: number;
  readonly groups: readonly GroupBlock[];
  readonly ticks: readonly { readonly x: number; readonly text: string }[];
  readonly axisY: number;
  readonly now: { readonly x: number; readonly anchor: 'start' | 'middle' | 'end' };
}

/** Members of one group that are drawn. */
export const ROWS_MAX = 8;

const ROW = 24;
const BAR = 18;
const STRIP = 24;

/**
 * @param view the moment, with its part `timeline`
 * @param now that moment, virtual microseconds
 */
export function layOutTimeline(view: KafkaView, now: number, shape: Shape): TimelinePicture {
  const wide = shape === 'wide';
  const width = wide ? 752 : 320;
  const left = wide ? 96 : 64;
  const right = width - 12;
  const span = spanOf(now);
  const xAt = (micros: number): number =>
    left +
    ((Math.max(span.from, Math.min(micros, now)) - span.from) / (span.to - span.from)) * (right - left);
  const lay = (interval: Interval): { x: number; width: number } => {
    const x = xAt(interval.from);
    return { x, width: xAt(interval.to ?? now) - x };
  };

  let y = 18;
  const groups = (view.timelines ?? []).map((timeline): GroupBlock => {
    const heading = { x: 10, y };
    const [nobody, unownedWords] = figureWords(timeline);
    const bad = timeline.stoppedMicros > 0;
    const figures = wide
      ? [
          { text: nobody, bad, x: right - widthOf(unownedWords) - 18, y, anchor: 'end' as const },
          { text: unownedWords, bad: false, x: right, y, anchor: 'end' as const },
        ]
      : [
          { text: nobody, bad, x: 10, y: y + 17, anchor: 'start' as const },
          { text: unownedWords, bad: false, x: 10, y: y + 33, anchor: 'start' as const },
        ];
    const blockY = (wide ? y : y + 33) + 10;
    const members = timeline.members.filter(({ intervals }) => intervals.length > 0);
    const rows = members.slice(0, ROWS_MAX).map(({ label, intervals }, i): Row => {
      const rowY = blockY + 3 + i * ROW;
      return {
        label: fit([label, label.slice(0, 6), label.slice(0, 4)], left - 16),
        y: rowY,
        height: BAR,
        bars: within(intervals, span).map((interval): Bar => {
          const box = lay(interval);
          return {
            kind: interval.kind,
            ...box,
            y: rowY,
            height: BAR,
            text: fit(barWords(interval), box.width - 14),
          };
        }),
      };
    });
    const hidden = members.length - rows.length;
    const stripY = blockY + 3 + Math.max(1, rows.length) * ROW + (hidden > 0 ? 16 : 0) + 17;
    const strip = { x: left, y: stripY, width: right - left, height: STRIP, label: 'unowned' };
    const unowned = areas(timeline, now).flatMap(({ from, to, count, of }) => {
      const box = lay({ from, to });
      const height = (count / of) * STRIP;
      return to > span.from && box.width > 0
        ? [{ ...box, y: stripY + STRIP - height, height, whole: count === of }]
        : [];
    });
    // From right to left: the newest pause keeps its words.
    let free = right + 4;
    const measures = [...within(timeline.stopped, span)].reverse().flatMap((interval) => {
      const { x, width: long } = lay(interval);
      const text = lasted((interval.to ?? now) - interval.from);
      const room = widthOf(text) + 8;
      const from = Math.max(left - 4, Math.min(x + long / 2 - room / 2, right + 4 - room));
      if (from + room > free) return [];
      free = from;
      return [{ text, x: from + room / 2, y: stripY - 5 }];
    });
    const height = stripY + STRIP + 6 - blockY;
    y = blockY + height + (wide ? 30 : 28);
    return {
      timeline,
      heading,
      figures,
      rows,
      hidden,
      more: { x: 10, y: blockY + 3 + rows.length * ROW + 11 },
      shades: within(timeline.rebalances, span)
        .map((interval) => ({ ...lay(interval), y: blockY, height }))
        .filter((box) => box.width > 0),
      strip,
      unowned,
      measures,
      x: left,
      y: blockY,
      width: right - left,
      height,
    };
  });
  const axisY = y - 12;
  const ticks = ticksOf(span.from, span.to, wide).map((micros) => ({
    x: left + ((micros - span.from) / (span.to - span.from)) * (right - left),
    text: `${micros / 1_000_000} s`,
  }));
  const x = xAt(now);
  return {
    width,
    height: axisY + 22,
    groups,
    ticks,
    axisY,
    now: { x, anchor: x > right - 30 ? 'end' : x < left + 30 ? 'start' : 'middle' },
  };
}

/** Round seconds, some five or six of them, three on a narrow scale. */
function ticksOf(from: number, to: number, wide: boolean): number[] {
  const whole = to - from;
  const step =
    whole <= 15_000_000
      ? 5_000_000
      : whole <= 30_000_000 && wide
        ? 5_000_000
        : wide
          ? 10_000_000
          : 15_000_000;
  const ticks = [];
  for (let micros = Math.ceil(from / step) * step; micros <= to; micros += step) ticks.push(micros);
  return ticks;
}

interface Area {
  readonly from: number;
  readonly to: number;
  readonly count: number;
  /** Partitions that there are. */
  readonly of: number;
}

/** How many partitions had no owner, and when: steps of one area. */
export function areas({ places }: TimelineView, now: number): readonly Area[] {
  const changes = places
    .flatMap(({ unowned }) => unowned)
    .flatMap(({ from, to }) => [
      { at: from, by: 1 },
      { at: to ?? now, by: -1 },
    ])
    .sort((a, b) => a.at - b.at);
  const found: Area[] = [];
  let count = 0;
  changes.forEach(({ at, by }, i) => {
    count += by;
    const to = changes[i + 1]?.at ?? now;
    if (count === 0 || to <= at) return;
    const last = found.at(-1);
    if (last?.to === at && last.count === count) found[found.length - 1] = { ...last, to };
    else found.push({ from: at, to, count, of: places.length });
  });
  return found;
}
