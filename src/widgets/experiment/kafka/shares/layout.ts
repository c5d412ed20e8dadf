/**
 * Where everything stands in the drawing of share groups: one band for each group, with the partitions that it reads as
 * tapes on its left and its members on its right. A consumer group on the same topic is a band too, offsets beneath
 * offsets, so that one log, many workers, can be seen against one log, one reader. Pure geometry.
 */
import type {
  GroupView,
  KafkaView,
  PartitionReader,
  PartitionView,
  ShareMemberView,
  SharePartitionView,
  ShareRecordView,
} from '../../../../brokers/kafka/view-types.ts';
import type { Shape } from '../../drawing.ts';
import { fit, wrap } from '../cells/fit.ts';
import type { Spot } from '../cells/spots.ts';
import { curve, type Box, type Point } from '../cells/tracks.ts';
import {
  groupState,
  inOrder,
  LANES_MAX,
  memberWords,
  partitionName,
  type MemberWords,
  type StateWords,
} from '../words.ts';
import {
  bandWords,
  countsWords,
  groupsShown,
  labelIn,
  partitionsOf,
  readerWords,
  readWords,
  recordWords,
  windowWords,
  workerWords,
} from './words.ts';

/** A record as one group sees it. `ahead`: nobody has taken it yet. */
export interface ShareCell extends Spot, Point {
  readonly position: number;
  readonly key: string | null;
  readonly state: ShareRecordView['state'] | 'ahead' | 'taken';
  readonly deliveries: number;
  /** What is left of its lock, 1 to 0; null unless it is held. */
  readonly lock: number | null;
}

/** Records side by side that one member holds, or that one member reads. */
export interface Run extends Point {
  readonly width: number;
  readonly label: string;
  readonly client: string;
}

export interface Edge extends Point {
  readonly text: string;
  readonly anchor: 'start' | 'middle' | 'end';
}

export interface ShareLane extends Box {
  readonly partition: PartitionView;
  readonly name: string;
  readonly cellSize: number;
  readonly cellsY: number;
  readonly offsetY: number;
  readonly cells: readonly ShareCell[];
  readonly next: (Point & { readonly offset: number }) | null;
  readonly runs: readonly Run[];
  /** From SPSO to SPEO; null where nothing was acquired yet, and in consumer groups. */
  readonly window: (Box & { readonly open: boolean }) | null;
  readonly edges: readonly Edge[];
  /** Whether there are records before those shown. */
  readonly before: boolean;
  readonly carets: readonly (Point & { readonly kind: 'committed' | 'position' })[];
  readonly foot: Point & { readonly text: string };
}

export interface WorkerBox extends Box, MemberWords {
  readonly held: readonly (Point & { readonly key: string | null; readonly again: boolean })[];
  readonly more: number;
}

export interface ShareWire {
  readonly id: string;
  readonly d: string;
  readonly busy: boolean;
  readonly dead: boolean;
}

export interface Band {
  readonly group: GroupView;
  readonly heading: Point;
  readonly word: string;
  readonly state: StateWords & Point & { readonly anchor: 'start' | 'end' };
  /** One sentence, in lines. */
  readonly told: readonly (Point & { readonly text: string })[];
  readonly lanes: readonly ShareLane[];
  readonly hidden: number;
  readonly more: Point;
  readonly members: readonly WorkerBox[];
  readonly wires: readonly ShareWire[];
}

export interface SharesPicture {
  readonly width: number;
  readonly height: number;
  readonly bands: readonly Band[];
  /** Lines between bands. */
  readonly rules: readonly number[];
}

interface Measures {
  readonly width: number;
  readonly x: number;
  readonly laneWidth: number;
  readonly cell: number;
  readonly pitch: number;
  readonly members: { readonly x: number; readonly width: number; readonly perRow: number };
}

const WIDE: Measures = {
  width: 752,
  x: 8,
  laneWidth: 520,
  cell: 25,
  pitch: 30.5,
  members: { x: 588, width: 156, perRow: 1 },
};
const TALL: Measures = {
  width: 320,
  x: 8,
  laneWidth: 304,
  cell: 21,
  pitch: 26.5,
  members: { x: 8, width: 148, perRow: 2 },
};
const LABEL = 33;
const LANE_GAP = 10;
/** Records before the window that are shown, where there is room. */
const BEFORE = 3;
const TOKEN = 17;

/** The offsets of a partition that every band shows, so that they stand beneath each other. */
interface Range {
  readonly first: number;
  /** The first that is not shown any more. */
  readonly end: number;
}

/**
 * @param view the moment
 * @param now that moment, virtual microseconds
 */
export function layOutShares(view: KafkaView, now: number, shape: Shape): SharesPicture {
  const m = shape === 'wide' ? WIDE : TALL;
  const bands: Band[] = [];
  const rules: number[] = [];
  let y = 26;
  for (const group of groupsShown(view)) {
    if (bands.length > 0) {
      rules.push(y - 24);
      y += 6;
    }
    const laid = layBand(group, view, now, m, shape, y);
    bands.push(laid.band);
    y = laid.bottom + 42;
  }
  return { width: m.width, height: Math.max(60, y - 34), bands, rules };
}

function layBand(
  group: GroupView,
  view: KafkaView,
  now: number,
  m: Measures,
  shape: Shape,
  from: number,
): { band: Band; bottom: number } {
  const wide = shape === 'wide';
  const share = view.shares.find((one) => one.group === group.id);
  const partitions = partitionsOf(view, group);
  const word = group.kind === 'share' ? 'Share group' : 'Consumer group';
  const heading = { x: m.x, y: from };
  const state = groupState(group, now);
  const stateAt = wide
    ? { x: m.members.x, anchor: 'start' as const }
    : { x: m.width - 8, anchor: 'end' as const };
  // A share group's sentence may grow while it plays: upright, two lines are always kept for it.
  const lines = wide || group.kind === 'consumer' ? 1 : 2;
  const sentence = bandWords(group, share, partitions.length);
  const told = (lines === 1 ? [sentence] : wrap(sentence, m.laneWidth))
    .slice(0, lines)
    .map((text, i) => ({ x: m.x, y: from + 17 + i * 15, text }));

  // What is shorter, the tapes or the members, stands in the middle of the other.
  const boxHeight = group.kind === 'share' ? 66 : 46;
  const height = laneHeight(group, m);
  const tapes = Math.min(partitions.length, LANES_MAX) * (height + LANE_GAP) - LANE_GAP;
  const column = group.members.length * (boxHeight + 10) - 10;
  const top = from + 13 + lines * 15;
  let y = top + (wide ? Math.max(0, (column - tapes) / 2) : 0);
  const lanes = partitions.slice(0, LANES_MAX).map((partition): ShareLane => {
    const own = share?.partitions.find(({ place }) => place === partition.place);
    const lane = layLane({ partition, own, group, view, now, m, y });
    y += lane.height + LANE_GAP;
    return lane;
  });
  const hidden = partitions.length - lanes.length;
  const more = { x: m.x, y: y + 9 };
  if (hidden > 0) y += 18;

  const { x, width, perRow } = m.members;
  const beside = wide ? top + Math.max(0, (tapes - column) / 2) : y + 6;
  const members = inOrder(group).flatMap((member, i): WorkerBox[] => {
    const own = share?.members.find(({ client }) => client === member.id);
    const words =
      group.kind === 'share' ? workerWords(group, member.id, own?.holding ?? 0) : memberWords(member, 20);
    if (!words) return [];
    const box = {
      x: x + (i % perRow) * (width + 8),
      y: beside + Math.floor(i / perRow) * (boxHeight + 10),
      width,
      height: boxHeight,
    };
    return [{ ...words, ...box, ...heldIn(own, box) }];
  });
  const wires = wide ? wiresOf(group, lanes, members, share?.partitions ?? []) : [];
  const bottom = Math.max(
    y - LANE_GAP,
    members.reduce((low, box) => Math.max(low, box.y + box.height), wide ? 0 : y),
  );
  return {
    band: {
      group,
      heading,
      word,
      state: { ...state, ...stateAt, y: from },
      told,
      lanes,
      hidden,
      more,
      members,
      wires,
    },
    bottom,
  };
}

/** What a member holds, as small records in its box. */
function heldIn(own: ShareMemberView | undefined, box: Box): Pick<WorkerBox, 'held' | 'more'> {
  if (!own) return { held: [], more: 0 };
  const room = Math.floor((box.width - 24 - 22) / (TOKEN + 3));
  const shown = own.held.slice(0, own.holding > room + 1 ? room : room + 1);
  return {
    held: shown.map(({ key, deliveryCount }, i) => ({
      key,
      again: deliveryCount > 1,
      x: box.x + 12 + i * (TOKEN + 3),
      y: box.y + 43,
    })),
    more: own.holding - shown.length,
  };
}

interface LanePlace {
  readonly partition: PartitionView;
  readonly own: SharePartitionView | undefined;
  readonly group: GroupView;
  readonly view: KafkaView;
  readonly now: number;
  readonly m: Measures;
  readonly y: number;
}

function layLane(at: LanePlace): ShareLane {
  const { partition, own, group, view, now, m, y } = at;
  const range = rangeOf(partition, view, m);
  const x0 = m.x + LABEL;
  const xOf = (offset: number): number => x0 + (offset - range.first) * m.pitch;
  const edge = (offset: number): number => xOf(offset) - (m.pitch - m.cell) / 2;
  const cellsY = y + above(group);
  const reader = partition.readers.find((one) => one.group === group.id);
  const records = new Map(own?.records.map((record) => [record.position, record]));

  const cells: ShareCell[] = [];
  for (const [position, known] of knownIn(partition, view)) {
    if (position < range.first || position >= range.end) continue;
    const record = records.get(position);
    const base = {
      id: `${group.id}>${partition.place}@${position}`,
      message: known.message,
      position,
      key: known.key,
      x: xOf(position),
      y: cellsY,
    };
    if (group.kind === 'share') {
      cells.push({
        ...base,
        state: record?.state ?? (own && position < own.start ? 'acknowledged' : 'ahead'),
        deliveries: record?.deliveryCount ?? 0,
        lock: record ? lockOf(record, now) : null,
        words: record
          ? recordWords(partition.place, record, group, now)
          : readWords(partition, known, group, own && position < own.start ? 'done' : 'waiting'),
      });
    } else {
      const stage = stageOf(position, reader);
      cells.push({
        ...base,
        state: stage === 'done' ? 'acknowledged' : stage === 'taken' ? 'taken' : 'ahead',
        deliveries: 0,
        lock: null,
        words: readWords(partition, known, group, stage),
      });
    }
  }
  cells.sort((a, b) => a.position - b.position);

  const next =
    partition.logEnd >= range.first && partition.logEnd < range.first + slotsOf(m)
      ? { x: xOf(partition.logEnd), y: cellsY, offset: partition.logEnd }
      : null;
  const right = m.x + m.laneWidth;
  const behind = Math.max(0, partition.logEnd - range.end);
  return {
    partition,
    name: partitionName(partition.place),
    cellSize: m.cell,
    cellsY,
    offsetY: cellsY + m.cell + 17,
    cells,
    next,
    ...(group.kind === 'consumer'
      ? { window: null, ...readerMarks(reader, range, edge, { y, cellsY, group, m }) }
      : {
          carets: [],
          runs: heldRuns(cells, records, group, m),
          ...(own ? windowOf(own, range, edge, y, m) : { window: null, edges: [] }),
        }),
    before: range.first > partition.logStart,
    foot: {
      x: x0,
      y: cellsY + m.cell + 35,
      text: footOf(group, reader, own, behind, m.laneWidth - LABEL - 6),
    },
    x: m.x,
    y,
    width: right - m.x,
    height: laneHeight(group, m),
  };
}

/** Room above the records: for whose they are, and in a share group for the window's ends. */
function above({ kind }: GroupView): number {
  return kind === 'share' ? 43 : 27;
}

function laneHeight(group: GroupView, m: Measures): number {
  return above(group) + m.cell + 44;
}

function slotsOf(m: Measures): number {
  return Math.floor((m.laneWidth - LABEL - 4) / m.pitch);
}

/** From shortly before the oldest window on the partition, or as much of the newest as has room. */
function rangeOf(partition: PartitionView, view: KafkaView, m: Measures): Range {
  const slots = slotsOf(m);
  const starts = view.shares.flatMap(({ partitions }) =>
    partitions.filter(({ place }) => place === partition.place).map(({ start }) => start - BEFORE),
  );
  const last = partition.logEnd + 1 - slots;
  const first = Math.max(partition.logStart, Math.min(last, ...starts), 0);
  return { first, end: Math.min(partition.logEnd, first + slots) };
}

/** Records of a partition that the view knows, wherever it knows them from. */
function knownIn(
  partition: PartitionView,
  view: KafkaView,
): Map<number, { position: number; message: number; key: string | null }> {
  const known = new Map<number, { position: number; message: number; key: string | null }>();
  for (const { partitions } of view.shares) {
    for (const { place, records } of partitions) {
      if (place !== partition.place) continue;
      for (const { position, message, key } of records) {
        if (message !== null) known.set(position, { position, message, key });
      }
    }
  }
  for (const { position, message, key } of partition.cells) known.set(position, { position, message, key });
  return known;
}

function stageOf(position: number, reader: PartitionReader | undefined): 'done' | 'taken' | 'waiting' {
  if (!reader) return 'waiting';
  if (reader.committed !== null && position < reader.committed) return 'done';
  return reader.position !== null && position < reader.position ? 'taken' : 'waiting';
}

/** The part of its lock that is left, 0 to 1. */
function lockOf({ state, since, until }: ShareRecordView, now: number): number | null {
  if (state !== 'acquired' || since === null || until === null) return null;
  return until <= since ? 0 : Math.max(0, Math.min(1, (until - now) / (until - since)));
}

function heldRuns(
  cells: readonly ShareCell[],
  records: ReadonlyMap<number, ShareRecordView>,
  group: GroupView,
  m: Measures,
): Run[] {
  const runs: { client: string; first: ShareCell; last: ShareCell }[] = [];
  for (const cell of cells) {
    const holder = records.get(cell.position)?.holder ?? null;
    if (holder === null) continue;
    const open = runs.at(-1);
    if (open?.client === holder && open.last.position === cell.position - 1) open.last = cell;
    else runs.push({ client: holder, first: cell, last: cell });
  }
  return runs.map(({ client, first, last }) => {
    const width = last.x + m.cell - first.x;
    return {
      client,
      x: first.x,
      y: first.y - 6,
      width,
      label: shortened(labelIn(group, client), width + m.pitch - m.cell),
    };
  });
}

/** A name that has to fit: as it is, or its first letter and its number. */
export function shortened(label: string, room: number): string {
  if (label.length * 6 <= room) return label;
  const number = /\d+$/.exec(label)?.[0] ?? '';
  return `${label.slice(0, 1)}${number}`;
}

function windowOf(
  own: SharePartitionView,
  range: Range,
  edge: (offset: number) => number,
  y: number,
  m: Measures,
): Pick<ShareLane, 'window' | 'edges'> {
  const words = windowWords(own);
  const left = edge(Math.max(own.start, range.first));
  // A window that goes on behind what is shown ends at the tape's end, open.
  const open = own.end > range.end;
  const rightEdge = open ? m.x + m.laneWidth : edge(own.end);
  const window = { x: left, y: y + 18, width: Math.max(0, rightEdge - left), height: m.cell + 31, open };
  if (own.end <= own.start) {
    return {
      window: { ...window, width: 0, open: false },
      edges: [
        { x: left, y: y + 13, text: words.start, anchor: left > m.x + m.laneWidth - 60 ? 'end' : 'start' },
      ],
    };
  }
  const both = `${words.start} – ${words.end}`;
  const narrow = window.width < (words.start.length + words.end.length) * 6 + 14;
  const towardsEnd = left + both.length * 6 > m.x + m.laneWidth;
  return {
    window,
    edges: narrow
      ? [{ x: towardsEnd ? rightEdge : left, y: y + 13, text: both, anchor: towardsEnd ? 'end' : 'start' }]
      : [
          { x: left, y: y + 13, text: words.start, anchor: 'start' },
          {
            x: rightEdge - (open ? 8 : 0),
            y: y + 13,
            text: `${words.end}${open ? ' →' : ''}`,
            anchor: 'end',
          },
        ],
  };
}

/** The owner over everything that is still to be read, and the carets beneath. */
function readerMarks(
  reader: PartitionReader | undefined,
  range: Range,
  edge: (offset: number) => number,
  { y, cellsY, group, m }: { y: number; cellsY: number; group: GroupView; m: Measures },
): Pick<ShareLane, 'carets' | 'runs' | 'edges'> {
  if (!reader) return { carets: [], runs: [], edges: [] };
  const within = (offset: number): boolean => offset >= range.first && offset <= range.end;
  const caret = (kind: 'committed' | 'position', offset: number | null) =>
    offset === null || !within(offset) ? [] : [{ kind, x: edge(offset), y: cellsY + m.cell + 2 }];
  const owner = reader.owner === null ? null : labelIn(group, reader.owner);
  const left = edge(range.first);
  const right = edge(Math.max(range.end, range.first + 1));
  return {
    carets: [...caret('position', reader.position), ...caret('committed', reader.committed)],
    runs:
      owner === null || reader.owner === null
        ? []
        : [
            {
              client: reader.owner,
              x: left + (m.pitch - m.cell) / 2,
              y: cellsY - 6,
              width: right - left - (m.pitch - m.cell),
              label: shortened(right - left > 150 ? `${owner} reads all of it` : owner, right - left),
            },
          ],
    edges: owner === null ? [{ x: left, y: y + 17, text: 'read by nobody', anchor: 'start' }] : [],
  };
}

/** What the numbers say, and how many records lie behind those shown; the less important goes where there is no room. */
function footOf(
  { kind }: GroupView,
  reader: PartitionReader | undefined,
  own: SharePartitionView | undefined,
  behind: number,
  room: number,
): string {
  const parts = kind === 'share' ? countsWords(own) : readerWords(reader);
  const all = [...parts, ...(behind > 0 ? [`${behind} more →`] : [])];
  return fit([all.join(' · '), parts.join(' · '), parts.slice(0, 3).join(' · ')], room);
}

/** Who has what from where: busy where a member holds records, or has taken some. */
function wiresOf(
  group: GroupView,
  lanes: readonly ShareLane[],
  members: readonly WorkerBox[],
  partitions: readonly SharePartitionView[],
): ShareWire[] {
  return lanes.flatMap((lane) => {
    const { place, readers } = lane.partition;
    const own = partitions.find((one) => one.place === place);
    const owner = readers.find((one) => one.group === group.id)?.owner ?? null;
    return members.flatMap((box): ShareWire[] => {
      const { id } = box.member;
      const holds = own?.records.some(({ holder }) => holder === id) ?? false;
      const reads = group.kind === 'share' ? holds || box.member.places.includes(place) : owner === id;
      if (!reads) return [];
      return [
        {
          id: `${place}>${id}`,
          d: curve(lane.x + lane.width, lane.cellsY + lane.cellSize / 2, box.x, box.y + box.height / 2).d,
          busy: group.kind === 'share' ? holds : box.member.current !== null,
          dead: box.tone === 'fault',
        },
      ];
    });
  });
}
