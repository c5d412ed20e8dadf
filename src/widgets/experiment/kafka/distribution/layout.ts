/**
 * Where everything of a distribution stands in the drawing: for each topic its partitions as lanes, each with its newest
 * records, a bar of what it has, by key and by producer, and the keys it has most of. Pure geometry. All bars are to one
 * scale, so that topics can be compared.
 */
import type {
  Cell,
  DistributionView,
  KafkaView,
  PartitionShare,
} from '../../../../brokers/kafka/view-types.ts';
import type { Shape } from '../../drawing.ts';
import { thousands } from '../../words.ts';
import { widthOf } from '../cells/fit.ts';
import type { Spot } from '../cells/spots.ts';
import type { Box, Point } from '../cells/tracks.ts';
import { LANES_MAX } from '../words.ts';
import {
  barWords,
  cellWords,
  heatWords,
  isHot,
  keysWords,
  labelOf,
  shareOf,
  topicWords,
  writers,
} from './words.ts';

export interface DrawnCell extends Spot, Point {
  readonly cell: Cell;
  readonly split: boolean;
  /** Whether there is room for its offset beneath it. */
  readonly numbered: boolean;
}

/** A piece of a bar: the records of one key, of all other keys, or without a key. */
export interface Piece extends Box {
  readonly kind: 'key' | 'others' | 'keyless';
  readonly key: string | null;
  /** Whether there is room for the key's letter. */
  readonly lettered: boolean;
}

export interface Strip extends Box {
  /** The producer's number in the topic, from 0. */
  readonly producer: number;
}

export interface Chip extends Point {
  readonly key: string;
  readonly text: string;
  readonly split: boolean;
}

export interface DistributionLane extends Box {
  readonly partition: PartitionShare;
  readonly hot: boolean;
  /** The middle of the first line, where its name stands. */
  readonly middle: number;
  readonly cells: readonly DrawnCell[];
  readonly cellSize: number;
  readonly offsetY: number;
  /** The place of the next record. */
  readonly next: Point & { readonly offset: number };
  readonly hidden: boolean;
  readonly pieces: readonly Piece[];
  readonly bar: Box;
  /** Where an even spread would end; null with a single partition. */
  readonly even: number | null;
  readonly amount: Point & { readonly text: string };
  readonly strips: readonly Strip[];
  readonly chips: readonly Chip[];
  readonly keys: Point & { readonly text: string };
  readonly heat: (Point & { readonly text: string; readonly anchor: 'start' | 'end' }) | null;
}

export interface SplitLine extends Point {
  readonly entry: DistributionView['splitKeys'][number];
}

export interface TopicBlock {
  readonly name: string;
  readonly heading: Point;
  readonly told: Point & { readonly text: string; readonly anchor: 'start' | 'end' };
  readonly from: Point & { readonly text: string };
  /** Who is who in the strips; empty with a single producer. */
  readonly producers: readonly (Point & { readonly label: string; readonly producer: number })[];
  readonly lanes: readonly DistributionLane[];
  /** Partitions that found no room. */
  readonly hidden: number;
  readonly more: Point;
  readonly split: readonly SplitLine[];
  /** Around the lines of split keys. */
  readonly callout: Box | null;
  readonly moreSplit: (Point & { readonly text: string }) | null;
}

export interface DistributionPicture {
  readonly width: number;
  readonly height: number;
  readonly topics: readonly TopicBlock[];
}

/** Keys in more than one partition that get a line of their own. */
export const SPLIT_LINES_MAX = 3;
/** Producers of one topic that are told apart in the strips. */
export const STRIPS_MAX = 4;

interface Measures {
  readonly width: number;
  readonly x: number;
  readonly laneWidth: number;
  readonly cell: number;
  readonly pitch: number;
  readonly slots: number;
  /** Of the bar at its full scale; its words come after it. */
  readonly barWidth: number;
  readonly chipsMax: number;
  readonly splitLine: number;
}

const WIDE: Measures = {
  width: 752,
  x: 8,
  laneWidth: 736,
  cell: 21,
  pitch: 24.3,
  slots: 9,
  barWidth: 214,
  chipsMax: 3,
  splitLine: 22,
};
const TALL: Measures = {
  width: 320,
  x: 8,
  laneWidth: 304,
  cell: 20,
  pitch: 24,
  slots: 11,
  barWidth: 190,
  chipsMax: 4,
  splitLine: 36,
};
/** Shares that the bars' whole width may stand for. */
const SCALES = [0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1] as const;
const LABEL = 31;
const LANE_GAP = 7;
const BAR = 20;

/** @param view the moment, made with the part `distribution` */
export function layOutDistribution(view: KafkaView, shape: Shape): DistributionPicture {
  const m = shape === 'wide' ? WIDE : TALL;
  const topics = view.distribution ?? [];
  const largest = Math.max(
    0,
    ...topics.flatMap((topic) =>
      topic.partitions.slice(0, LANES_MAX).map((partition) => shareOf(partition, topic)),
    ),
    ...topics.map(({ partitions }) => (partitions.length > 0 ? 1 / partitions.length : 0)),
  );
  // In steps, so that the scale does not breathe with each record.
  const full = SCALES.find((scale) => scale >= largest) ?? 1;
  let y = 26;
  const blocks = topics.map((topic): TopicBlock => {
    const block = layTopic(topic, view, m, shape, y, full);
    y = block.bottom + 34;
    return block.topic;
  });
  return { width: m.width, height: Math.max(60, y - 24), topics: blocks };
}

function layTopic(
  topic: DistributionView,
  view: KafkaView,
  m: Measures,
  shape: Shape,
  from: number,
  full: number,
): { topic: TopicBlock; bottom: number } {
  const wide = shape === 'wide';
  let y = from;
  const heading = { x: m.x, y };
  const writtenBy = writers(topic.topic, view.producers);
  const byText = writtenBy ? `from ${writtenBy}` : '';
  const nameEnds = m.x + 50 + topic.topic.length * 6.6;
  const told = wide
    ? { x: m.x + m.laneWidth, y, text: topicWords(topic), anchor: 'end' as const }
    : { x: m.x, y: y + 16, text: topicWords(topic), anchor: 'start' as const };
  const fits = nameEnds + 8 + byText.length * 6 < (wide ? 470 : m.width);
  const by = { x: nameEnds + 8, y, text: fits ? byText : '' };
  y += wide ? 0 : 16;

  const order = [
    ...new Set(topic.partitions.flatMap(({ producers }) => producers.map(({ client }) => client))),
  ].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const several = order.length > 1;
  const startX = wide ? barX(m) : m.x;
  let producerX = startX;
  const producers: (Point & { label: string; producer: number })[] = [];
  if (several) {
    y += 17;
    const shown = order.length > STRIPS_MAX ? STRIPS_MAX : order.length;
    for (const [producer, client] of order.slice(0, shown).entries()) {
      const label =
        producer === STRIPS_MAX - 1 && order.length > STRIPS_MAX
          ? `${order.length - producer} others`
          : labelOf(client, view.producers);
      const room = 26 + widthOf(label);
      if (producer > 0 && producerX + room > m.x + m.laneWidth) {
        producerX = startX;
        y += 15;
      }
      producers.push({ x: producerX, y, label, producer });
      producerX += room;
    }
  }
  y += 9;
  const splitKeys = new Set(topic.splitKeys.map(({ key }) => key));
  const lanes = topic.partitions.slice(0, LANES_MAX).map((partition): DistributionLane => {
    const lane = layLane(partition, { topic, view, m, shape, y, full, order, splitKeys });
    y += lane.height + LANE_GAP;
    return lane;
  });
  const hidden = topic.partitions.length - lanes.length;
  const more = { x: m.x, y: y + 9 };
  if (hidden > 0) y += 18;

  const listed = topic.splitKeys.slice(0, SPLIT_LINES_MAX);
  const rest = topic.splitKeys.length - listed.length;
  const height = listed.length * m.splitLine + (rest > 0 ? 18 : 0) + 10;
  const callout = listed.length > 0 ? { x: m.x, y: y + 2, width: m.laneWidth, height } : null;
  const split = listed.map((entry, i) => ({ entry, x: m.x + 12, y: y + 9 + i * m.splitLine }));
  const moreSplit =
    rest > 0
      ? {
          x: m.x + 38,
          y: y + 12 + listed.length * m.splitLine + 8,
          text: `and ${rest} more ${rest === 1 ? 'key' : 'keys'}`,
        }
      : null;
  if (callout) y += height + 4;
  return {
    topic: {
      name: topic.topic,
      heading,
      told,
      from: by,
      producers,
      lanes,
      hidden,
      more,
      split,
      callout,
      moreSplit,
    },
    bottom: y - LANE_GAP,
  };
}

function barX(m: Measures): number {
  return m.x + LABEL + m.slots * m.pitch + 14;
}

interface LanePlace {
  readonly topic: DistributionView;
  readonly view: KafkaView;
  readonly m: Measures;
  readonly shape: Shape;
  readonly y: number;
  /** The share that fills the bar's whole width. */
  readonly full: number;
  /** The topic's producers in their order. */
  readonly order: readonly string[];
  readonly splitKeys: ReadonlySet<string>;
}

function layLane(partition: PartitionShare, place: LanePlace): DistributionLane {
  const { topic, view, m, shape, y, full, order, splitKeys } = place;
  const wide = shape === 'wide';
  const several = order.length > 1;
  const log = view.topics
    .find(({ name }) => name === topic.topic)
    ?.partitions.find((one) => one.place === partition.place);
  const logEnd = log?.logEnd ?? 0;
  const first = Math.max(0, logEnd - (m.slots - 1));
  const x0 = m.x + LABEL;
  const cellsY = y + 7;
  const at = (offset: number): number => x0 + (offset - first) * m.pitch;
  const cells = (log?.cells ?? [])
    .filter(({ position }) => position >= first)
    .map((cell): DrawnCell => {
      const split = cell.key !== null && splitKeys.has(cell.key);
      return {
        id: `${partition.place}@${cell.position}`,
        message: cell.message,
        cell,
        split,
        numbered: logEnd < 1000 || (logEnd - cell.position) % 2 === 0,
        words: cellWords(partition.place, cell, split),
        x: at(cell.position),
        y: cellsY,
      };
    });

  const bx = wide ? barX(m) : x0;
  const by = wide ? cellsY : cellsY + m.cell + 19;
  const whole = (m.barWidth * shareOf(partition, topic)) / full;
  const bar = { x: bx, y: by, width: whole, height: BAR };
  const strips = several ? stripsOf(partition, bar, order) : [];
  const text = barWords(partition, topic);
  const even = topic.partitions.length > 1 ? bx + m.barWidth / topic.partitions.length / full : null;
  // The words keep clear of the line of an even spread.
  const after = bx + whole + 8;
  const crossed = even !== null && even > after - 4 && even < after + text.length * 6.4 + 4;
  const chipsX = wide ? m.x + m.laneWidth - 150 : x0;
  const chipsY = wide ? cellsY + 3 : by + BAR + (several ? 15 : 9);
  const chips = chipsOf(
    partition,
    chipsX,
    chipsY,
    wide ? 150 : m.laneWidth - LABEL - 4,
    m.chipsMax,
    splitKeys,
  );
  const offsetY = cellsY + m.cell + 12.5;
  const keysY = wide ? offsetY : chipsY + 30;
  const hot = isHot(partition, topic);
  const heat = heatWords(partition, topic, wide);
  return {
    partition,
    hot,
    heat: !hot
      ? null
      : wide
        ? { x: bx, y: offsetY + (several ? 5 : 0), text: heat, anchor: 'start' }
        : { x: m.x + m.laneWidth - 10, y: keysY, text: heat, anchor: 'end' },
    middle: cellsY + m.cell / 2,
    cells,
    cellSize: m.cell,
    offsetY,
    next: { x: at(logEnd), y: cellsY, offset: logEnd },
    hidden: first > (log?.logStart ?? 0),
    pieces: piecesOf(partition, bar),
    bar,
    even,
    amount: { x: crossed ? even + 7 : after, y: by + BAR / 2 + 4.3, text },
    strips,
    chips,
    keys: { x: chipsX, y: keysY, text: keysWords(partition) },
    x: m.x,
    y,
    width: m.laneWidth,
    height: wide ? 7 + m.cell + (several ? 24 : 19) : keysY - y + 8,
  };
}

/** The bar in pieces: the keys with the most records, then all other keys, then what has none. */
function piecesOf(partition: PartitionShare, bar: Box): Piece[] {
  const { records, topKeys, keyless } = partition;
  if (records === 0) return [];
  const named = topKeys.reduce((sum, top) => sum + top.records, 0);
  const parts: { kind: Piece['kind']; key: string | null; records: number }[] = [
    ...topKeys.map((top) => ({ kind: 'key' as const, key: top.key, records: top.records })),
    { kind: 'others', key: null, records: Math.max(0, records - named - keyless) },
    { kind: 'keyless', key: null, records: keyless },
  ];
  let before = 0;
  return parts
    .filter((part) => part.records > 0)
    .map(({ kind, key, records: own }): Piece => {
      const x = bar.x + (bar.width * before) / records;
      before += own;
      const width = (bar.width * own) / records;
      return { kind, key, x, y: bar.y, width, height: bar.height, lettered: width >= 18 };
    });
}

function stripsOf({ records, producers }: PartitionShare, bar: Box, order: readonly string[]): Strip[] {
  let before = 0;
  const last = STRIPS_MAX - 1;
  return [...producers]
    .sort((a, b) => order.indexOf(a.client) - order.indexOf(b.client))
    .map((one): Strip => {
      const x = bar.x + (bar.width * before) / Math.max(1, records);
      before += one.records;
      return {
        producer: Math.min(last, order.indexOf(one.client)),
        x,
        y: bar.y + bar.height + 3,
        width: (bar.width * one.records) / Math.max(1, records),
        height: 5,
      };
    });
}

/** The keys with the most records, as many as have room. */
function chipsOf(
  { topKeys }: PartitionShare,
  from: number,
  y: number,
  room: number,
  most: number,
  splitKeys: ReadonlySet<string>,
): Chip[] {
  const chips: Chip[] = [];
  let x = from;
  for (const { key, records } of topKeys.slice(0, most)) {
    const text = thousands(records);
    const width = 19 + text.length * 6.4 + 9;
    if (x + width - 9 > from + room) break;
    chips.push({ key, text, split: splitKeys.has(key), x, y });
    x += width;
  }
  return chips;
}
