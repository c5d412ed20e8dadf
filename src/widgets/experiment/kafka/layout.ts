/**
 * Where everything of a Kafka view stands in the drawing: pure geometry, in the drawing's own units. Two shapes: wide,
 * read from left to right, and tall, for a phone, read from top to bottom.
 */
import type {
  Cell,
  GroupView,
  KafkaView,
  PartitionReader,
  PartitionView,
  ProducerView,
} from '../../../brokers/kafka/view-types.ts';
import type { Shape } from '../drawing.ts';
import type { Spot } from './cells/spots.ts';
import { curve, gone, polyline, type Box, type Point, type Track } from './cells/tracks.ts';
import {
  cellWords,
  groupState,
  inOrder,
  LANES_MAX,
  memberWords,
  producerNote,
  type MemberWords,
  type StateWords,
} from './words.ts';

export interface ProducerBox extends Box {
  readonly producer: ProducerView;
  readonly note: string;
}

export interface DrawnCell extends Spot, Point {
  readonly cell: Cell;
  readonly again: boolean;
  /** Whether there is room for its offset beneath it. */
  readonly numbered: boolean;
}

export interface Caret extends Point {
  readonly kind: 'committed' | 'position';
  readonly offset: number;
  /** It lies before the cells that are shown. */
  readonly before: boolean;
  readonly label: { readonly x: number; readonly anchor: 'start' | 'end'; readonly text: string } | null;
}

export interface ReaderRow {
  readonly reader: PartitionReader;
  readonly y: number;
  readonly carets: readonly Caret[];
  readonly lag: { readonly x: number; readonly anchor: 'start' | 'end'; readonly text: string };
  /** The group's name, short, where the partition has readers of several groups. */
  readonly name: string | null;
  /** Under each cell what became of it in this group, where there are several. */
  readonly marks: readonly { readonly x: number; readonly kind: 'done' | 'again' | 'missed' }[];
}

export interface Lane extends Box {
  readonly partition: PartitionView;
  readonly cells: readonly DrawnCell[];
  readonly cellSize: number;
  readonly offsetY: number;
  /** The free place that the next record will take. */
  readonly next: Point;
  readonly highWatermarkX: number | null;
  /** Records before the first one shown. */
  readonly hidden: number;
  readonly rows: readonly ReaderRow[];
}

export interface TopicArea {
  readonly name: string;
  readonly heading: Point;
  readonly lanes: readonly Lane[];
  /** Partitions that found no room. */
  readonly hidden: number;
  readonly more: Point;
}

export type MemberBox = Box & MemberWords;

export interface GroupArea {
  readonly group: GroupView;
  readonly heading: Point;
  readonly state: StateWords;
  readonly members: readonly MemberBox[];
}

export interface Wire {
  readonly id: string;
  readonly role: 'producer' | 'consumer';
  readonly d: string;
  readonly busy: boolean;
  /** Who is at its end does not read: crashed, or paused. */
  readonly dead: boolean;
}

export interface Traveller extends Point {
  readonly id: string;
  readonly keys: readonly (string | null)[];
  readonly more: number;
  readonly again: boolean;
  readonly held: boolean;
}

export interface Picture {
  readonly shape: Shape;
  readonly width: number;
  readonly height: number;
  readonly producersHeading: Point;
  readonly producers: readonly ProducerBox[];
  readonly topics: readonly TopicArea[];
  readonly groups: readonly GroupArea[];
  readonly wires: readonly Wire[];
  readonly travellers: readonly Traveller[];
}

/** Messages of one batch that are drawn on the wire. */
const STACK_MAX = 3;

interface Measures {
  readonly width: number;
  readonly lane: { readonly x: number; readonly width: number };
  readonly label: number;
  readonly cell: number;
  readonly pitch: number;
}

const WIDE: Measures = { width: 752, lane: { x: 166, width: 376 }, label: 31, cell: 21, pitch: 24.3 };
const TALL: Measures = { width: 320, lane: { x: 18, width: 284 }, label: 31, cell: 20, pitch: 24 };
const ROW = 16;
const LANE_GAP = 10;

/**
 * @param view the moment
 * @param now that moment, virtual microseconds
 * @param shape which of the two drawings
 */
export function layOut(view: KafkaView, now: number, shape: Shape): Picture {
  return shape === 'wide' ? wide(view, now) : tall(view, now);
}

function wide(view: KafkaView, now: number): Picture {
  const m = WIDE;
  const top = 40;
  const { topics, bottom: topicsBottom } = layTopics(view, m, top - 14);
  const boxHeight = 46;

  let groupY = top - 14;
  const groups = view.groups.map((group): GroupArea => {
    const heading = { x: 592, y: groupY };
    const members = inOrder(group).map((member, i): MemberBox => ({
      ...memberWords(member, 22),
      x: 592,
      y: groupY + 32 + i * (boxHeight + 10),
      width: 152,
      height: boxHeight,
    }));
    groupY += 32 + Math.max(1, members.length) * (boxHeight + 10) + 22;
    return { group, heading, state: groupState(group, now), members };
  });

  // Producers stand in the middle of what they write to.
  const step = boxHeight + 24;
  const column = view.producers.length * step - 24;
  const first = top + Math.max(0, (topicsBottom - top - column) / 2);
  const producers = view.producers.map((producer, i): ProducerBox => ({
    producer,
    note: producerNote(producer, 16),
    x: 8,
    y: first + i * step,
    width: 112,
    height: boxHeight,
  }));
  const height = Math.max(topicsBottom, groupY - 22, first + column) + 10;
  return finish(view, now, {
    shape: 'wide',
    width: m.width,
    height,
    producersHeading: { x: 8, y: 26 },
    producers,
    topics,
    groups,
  });
}

function tall(view: KafkaView, now: number): Picture {
  const m = TALL;
  const { length } = view.producers;
  const perRow = length === 4 ? 2 : Math.min(3, length || 1);
  const boxWidth = (m.width - 8) / perRow - 8;
  const boxHeight = 44;
  const producers = view.producers.map((producer, i): ProducerBox => ({
    producer,
    note: producerNote(producer, Math.floor(boxWidth / 7)),
    x: 8 + (i % perRow) * (boxWidth + 8),
    y: 26 + Math.floor(i / perRow) * (boxHeight + 8),
    width: boxWidth,
    height: boxHeight,
  }));
  const producersBottom = producers.reduce((y, p) => Math.max(y, p.y + p.height), 26);
  const { topics, bottom } = layTopics(view, m, producersBottom + 34);

  let y = bottom + 26;
  const memberWidth = m.width / 2 - 12;
  const groups = view.groups.map((group): GroupArea => {
    const heading = { x: 8, y };
    const members = inOrder(group).map((member, i): MemberBox => ({
      ...memberWords(member, 20),
      x: 8 + (i % 2) * (memberWidth + 8),
      y: y + 36 + Math.floor(i / 2) * (boxHeight + 16),
      width: memberWidth,
      height: boxHeight,
    }));
    y += 36 + Math.max(1, Math.ceil(members.length / 2)) * (boxHeight + 16) + 22;
    return { group, heading, state: groupState(group, now), members };
  });
  return finish(view, now, {
    shape: 'tall',
    width: m.width,
    height: y - 28,
    producersHeading: { x: 8, y: 16 },
    producers,
    topics,
    groups,
  });
}

function layTopics(view: KafkaView, m: Measures, from: number): { topics: TopicArea[]; bottom: number } {
  let y = from;
  const topics = view.topics.map(({ name, partitions }): TopicArea => {
    const heading = { x: m.lane.x, y };
    y += 14;
    const lanes = partitions.slice(0, LANES_MAX).map((partition): Lane => {
      const lane = layLane(partition, view, m, y);
      y += lane.height + LANE_GAP;
      return lane;
    });
    const hidden = partitions.length - lanes.length;
    const more = { x: m.lane.x, y: y + 8 };
    y += hidden > 0 ? 40 : 16;
    return { name, heading, lanes, hidden, more };
  });
  return { topics, bottom: y - 16 - LANE_GAP };
}

function layLane(partition: PartitionView, view: KafkaView, m: Measures, y: number): Lane {
  const { x, width } = m.lane;
  const x0 = x + m.label;
  const slots = Math.floor((width - m.label - 4) / m.pitch);
  const first = Math.max(0, partition.logEnd - (slots - 1));
  const at = (offset: number): number => x0 + (offset - first) * m.pitch;
  const cellsY = y + 9;
  const rowsY = cellsY + m.cell + 19;
  const several = partition.readers.length > 1;
  const rows = partition.readers.map((reader, i) =>
    layRow(reader, {
      y: rowsY + i * ROW,
      first,
      edge: (offset) => at(offset) - (m.pitch - m.cell) / 2,
      left: x + 8 + (several ? NAME_WIDTH : 0),
      right: x + width - 10,
      name: several ? shortName(reader.group, partition.readers) : null,
      marks: several
        ? partition.cells.flatMap((cell) => {
            const kind = markOf(cell, reader, view);
            return kind && cell.position >= first ? [{ x: at(cell.position) + m.cell / 2, kind }] : [];
          })
        : [],
    }),
  );
  const cells = partition.cells
    .filter((cell) => cell.position >= first)
    .map((cell): DrawnCell => {
      const again = cell.delivered.some((n) => n > 1) || cell.processed.some((n) => n > 1);
      return {
        id: `${partition.place}@${cell.position}`,
        message: cell.message,
        cell,
        again,
        words: cellWords(partition, cell, view),
        // Every other long number, and none beside what has one of its own: the dots before the first, the end of the log.
        numbered:
          partition.logEnd < 1000 ||
          (cell.position % 2 === 0 && cell.position > first && cell.position < partition.logEnd - 1),
        x: at(cell.position),
        y: cellsY,
      };
    });
  const { highWatermark } = partition;
  return {
    partition,
    cells,
    cellSize: m.cell,
    offsetY: cellsY + m.cell + 12.5,
    next: { x: at(partition.logEnd), y: cellsY },
    highWatermarkX:
      highWatermark >= first && highWatermark > 0 ? at(highWatermark) - (m.pitch - m.cell) / 2 : null,
    hidden: first - partition.logStart,
    rows,
    x,
    y,
    width,
    height: 9 + m.cell + 19 + Math.max(1, rows.length) * ROW + 3,
  };
}

interface RowPlace {
  readonly y: number;
  readonly first: number;
  readonly edge: (offset: number) => number;
  readonly left: number;
  readonly right: number;
  readonly name: string | null;
  readonly marks: ReaderRow['marks'];
}

/** Room for six letters of a group's name before its carets. */
const NAME_WIDTH = 42;

/** The first word of a group's name, or the last where others begin alike. */
function shortName(group: string, readers: readonly PartitionReader[]): string {
  const words = group.split('-');
  const alike = readers.filter((reader) => reader.group.split('-')[0] === words[0]).length > 1;
  const name = (alike ? words.at(-1) : words[0]) ?? group;
  return name.length > 6 ? `${name.slice(0, 5)}…` : name;
}

/** What became of a record in one group: nothing to be told of one that nobody has got to yet. */
function markOf(
  cell: Cell,
  { group, committed }: PartitionReader,
  view: KafkaView,
): 'done' | 'again' | 'missed' | null {
  const g = view.groups.findIndex(({ id }) => id === group);
  const processed = cell.processed[g] ?? 0;
  if (processed > 1) return 'again';
  if (processed === 1) return 'done';
  return committed !== null && cell.position < committed ? 'missed' : null;
}

/** Two carets, with their words where there is room: the one to the left says its name to the left, the other to the right. */
function layRow(reader: PartitionReader, { y, first, edge, left, right, name, marks }: RowPlace): ReaderRow {
  const caret = (kind: Caret['kind'], offset: number | null): Caret[] =>
    offset === null
      ? []
      : [
          {
            kind,
            offset,
            before: offset < first,
            x: offset < first ? left + 24 : edge(offset),
            y,
            label: null,
          },
        ];
  const sorted = [...caret('committed', reader.committed), ...caret('position', reader.position)].sort(
    (a, b) => a.x - b.x,
  );
  const told = `lag ${reader.lag}`;
  const width = told.length * 6.3 + 8;
  // The lag stands at the right end; where a caret is in its way at the left one, or before that caret if another is there.
  const inTheWay = sorted.find(({ x }) => x + 7 > right - width);
  const atLeft = inTheWay !== undefined && sorted.every(({ x }) => x - 7 > left + width);
  const end = inTheWay && !atLeft ? inTheWay.x - 10 : right;
  // Where a name and marks stand at the left, the lag gives way to them; the words for the figure say it.
  const text = atLeft && name !== null ? '' : told;
  const lag: ReaderRow['lag'] = atLeft
    ? { text, x: left + 2, anchor: 'start' }
    : { text, x: end, anchor: 'end' };
  const [from, to] = atLeft ? [left + width, right] : [left, end - width];
  const carets = sorted.map((one, i): Caret => {
    const word = one.before ? `${one.kind} ${one.offset}` : one.kind;
    const room = word.length * 5.9 + 10;
    const next = sorted[1 - i];
    // Before the cells the two stand in one place, and the committed offset speaks for both.
    const together = one.before && next?.before;
    if (together && one.kind === 'position') return one;
    const toLeft = { x: one.x - 8, anchor: 'end' as const, text: word };
    const toRight = { x: one.x + 8, anchor: 'start' as const, text: word };
    const roomLeft = one.x - room - from;
    const roomRight = (next && i === 0 && !together ? Math.min(next.x - 8, to) : to) - one.x - room;
    // The right one keeps to the right, so that the two never write into one another.
    const label = i === 0 && roomLeft >= 0 && !one.before ? toLeft : roomRight >= 0 ? toRight : null;
    return { ...one, label };
  });
  return { reader, y, carets, lag, name, marks };
}

type Laid = Omit<Picture, 'wires' | 'travellers'>;

/** Draws the wires between what has been placed, and what travels on them at this moment. */
function finish(view: KafkaView, now: number, laid: Laid): Picture {
  const lanes = new Map(
    laid.topics.flatMap((t) => t.lanes.map((lane) => [lane.partition.place, lane] as const)),
  );
  const members = new Map(laid.groups.flatMap((g) => g.members.map((box) => [box.member.id, box] as const)));
  const producers = new Map(laid.producers.map((box) => [box.producer.id, box] as const));
  const between =
    laid.shape === 'wide' ? { write: writeWide, read: readWide } : { write: writeTall, read: readTall };

  const busy = new Set<string>();
  const travellers: Traveller[] = [];
  view.travels.forEach((travel) => {
    const producer = producers.get(travel.from);
    const member = members.get(travel.to);
    const lane =
      lanes.get(travel.place ?? '') ?? (member ? lanes.get(member.member.places[0] ?? '') : undefined);
    if (!lane || travel.messages.length === 0) return;
    const track = producer ? between.write(producer, lane) : member ? between.read(lane, member) : null;
    if (!track) return;
    const held = travel.arrivesAt === null;
    busy.add(wireId(travel.from, travel.to, lane.partition.place, producer !== undefined));
    const again =
      member !== undefined &&
      lane.cells.some(
        ({ cell }) =>
          cell.delivered.some((n) => n > 0) &&
          travel.messages.some(({ message }) => message === cell.message),
      );
    travellers.push({
      id: `${travel.from}>${travel.to}>${travel.place ?? ''}>${travel.sentAt}>${travel.messages[0]?.message ?? ''}`,
      keys: travel.messages.slice(0, STACK_MAX).map(({ key }) => key),
      more: Math.max(0, travel.messages.length - STACK_MAX),
      again,
      held,
      ...track.at(gone(travel, now)),
    });
  });

  const wires: Wire[] = [];
  for (const box of laid.producers) {
    for (const lane of laid.topics.find(({ name }) => name === box.producer.topic)?.lanes ?? []) {
      const id = wireId(box.producer.id, '', lane.partition.place, true);
      wires.push({ id, role: 'producer', d: between.write(box, lane).d, busy: busy.has(id), dead: false });
    }
  }
  for (const [place, lane] of lanes) {
    for (const { owner } of lane.partition.readers) {
      const box = owner === null ? undefined : members.get(owner);
      if (!box) continue;
      const id = wireId('', box.member.id, place, false);
      wires.push({
        id,
        role: 'consumer',
        d: between.read(lane, box).d,
        busy: busy.has(id),
        dead: box.tone === 'fault',
      });
    }
  }
  return { ...laid, wires, travellers };
}

function wireId(from: string, to: string, place: string, write: boolean): string {
  return write ? `w>${from}>${place}` : `r>${place}>${to}`;
}

const middleOf = (lane: Lane): number => lane.y + 9 + lane.cellSize / 2;

function writeWide(box: ProducerBox, lane: Lane): Track {
  return curve(box.x + box.width, box.y + box.height / 2, lane.x, middleOf(lane));
}

function readWide(lane: Lane, box: MemberBox): Track {
  return curve(lane.x + lane.width, middleOf(lane), box.x, box.y + box.height / 2);
}

/** Down the left margin, past the lanes above. */
function writeTall(box: ProducerBox, lane: Lane): Track {
  const from = box.x + box.width / 2;
  const bottom = box.y + box.height;
  return polyline([
    { x: from, y: bottom },
    { x: from, y: bottom + 10 },
    { x: 8, y: bottom + 10 },
    { x: 8, y: middleOf(lane) },
    { x: lane.x, y: middleOf(lane) },
  ]);
}

/** Down the right margin, then along above the member's row. */
function readTall(lane: Lane, box: MemberBox): Track {
  const right = lane.x + lane.width;
  const over = box.y - 8;
  const to = box.x + box.width / 2;
  return polyline([
    { x: right, y: middleOf(lane) },
    { x: right + 10, y: middleOf(lane) },
    { x: right + 10, y: over },
    { x: to, y: over },
    { x: to, y: box.y },
  ]);
}
