/**
 * Where everything of a cluster's replicas stands: pure geometry. Each broker is a row with its copies in it, and a
 * partition has the same columns in every row, so that one offset has one x in all its copies, and in what is lost of it.
 */
import type {
  KafkaView,
  LostCell,
  NodeView,
  ReplicaCell,
  ReplicatedView,
  ReplicaView,
} from '../../../../brokers/kafka/view-types.ts';
import { FADE_MICROS } from '../../../../brokers/kafka/view-types.ts';
import type { Shape } from '../../drawing.ts';
import { fit } from '../cells/fit.ts';
import type { Spot } from '../cells/spots.ts';
import { gone, polyline, type Box, type Point } from '../cells/tracks.ts';
import type { ProducerBox } from '../layout.ts';
import {
  awaited,
  brokerNumber,
  cellWords,
  copyWords,
  lostCount,
  lostWords,
  nodeNotes,
  producerNote,
  statusWords,
  type Tone,
} from './words.ts';

export interface NodeBox extends Box {
  readonly node: NodeView;
  readonly notes: readonly [string, string];
  readonly tone: 'broker' | 'fault' | 'quiet';
}

export interface DrawnCopy extends Spot, Point {
  readonly cell: ReplicaCell;
}

/** The marker of a transaction: a cell that is no record. */
export interface DrawnMarker extends Point {
  readonly position: number;
}

export interface FallingCell extends Point {
  readonly cell: ReplicaCell;
  /** 0 when it was cut off, 1 when it leaves the picture. */
  readonly fallen: number;
}

export interface CopyLane extends Box {
  readonly id: string;
  readonly partition: ReplicatedView;
  readonly replica: ReplicaView;
  readonly caption: string;
  /** Where there is room: its high watermark and log end. */
  readonly ends: string;
  readonly cells: readonly DrawnCopy[];
  readonly markers: readonly DrawnMarker[];
  readonly falling: readonly FallingCell[];
  /** Offsets below the cells. */
  readonly offsetY: number;
  readonly cellsY: number;
  /** The free place after its last record, where it is in view. */
  readonly next: Point | null;
  /** It has to copy something before the partition's high watermark can go on. */
  readonly awaited: boolean;
  /** Null where it lies before what is shown. */
  readonly highWatermarkX: number | null;
  /** Its records lie before those that are shown. */
  readonly note: string;
}

export interface PartitionHead extends Point {
  readonly partition: ReplicatedView;
  readonly name: string;
  readonly isr: readonly {
    readonly number: string;
    readonly inIsr: boolean;
    readonly leads: boolean;
    readonly x: number;
  }[];
  readonly isrX: number;
  readonly min: { readonly x: number; readonly text: string } | null;
  readonly status: { readonly text: string; readonly tone: Tone };
}

export interface LostLane extends Box {
  readonly partition: ReplicatedView;
  readonly caption: string;
  readonly any: boolean;
  readonly cells: readonly (Spot & Point & { readonly cell: LostCell })[];
  readonly offsetY: number;
}

export interface CopyToken extends Point {
  readonly id: string;
  readonly key: string | null;
  readonly held: boolean;
}

export interface ReplicasPicture {
  readonly width: number;
  readonly height: number;
  readonly cell: number;
  readonly producersHeading: Point;
  readonly producers: readonly ProducerBox[];
  readonly controller: (Box & { readonly node: NodeView; readonly text: string }) | null;
  readonly heads: readonly PartitionHead[];
  readonly nodes: readonly NodeBox[];
  readonly lanes: readonly CopyLane[];
  readonly lostHeading: Point;
  readonly lost: readonly LostLane[];
  readonly wires: readonly { readonly id: string; readonly d: string; readonly busy: boolean }[];
  readonly tokens: readonly CopyToken[];
  /** Partitions that found no room, and where that is said. */
  readonly more: (Point & { readonly count: number }) | null;
}

/** Partitions that are drawn. */
export const COPIED_MAX = { wide: 12, tall: 6 } as const;

const CELL = 21;
const CAPTION = 24;
const LANE = CAPTION + CELL + 18;
const LANE_GAP = 6;
const HEAD = 44;

interface Measures {
  readonly width: number;
  readonly wireX: number;
  /** Left edge of brokers and boxes. */
  readonly left: number;
  readonly lanesX: number;
  readonly lanesWidth: number;
  readonly columns: number;
  readonly pitch: number;
}

/**
 * @param view the moment, with its part `replicas`
 * @param now that moment, virtual microseconds
 */
export function layOutReplicas(view: KafkaView, now: number, shape: Shape): ReplicasPicture {
  const all = view.replicas ?? [];
  const partitions = all.slice(0, COPIED_MAX[shape]);
  const wide = shape === 'wide';
  const m: Measures = wide
    ? {
        width: 752,
        wireX: 8,
        left: 22,
        lanesX: 150,
        lanesWidth: 592,
        columns: Math.min(3, Math.max(1, partitions.length)),
        pitch: 24.3,
      }
    : { width: 320, wireX: 6, left: 16, lanesX: 16, lanesWidth: 298, columns: 1, pitch: 23.4 };
  const gap = 10;
  const laneWidth = (m.lanesWidth - (m.columns - 1) * gap) / m.columns;
  const gridRows = Math.ceil(partitions.length / m.columns);
  const columnX = (i: number): number => m.lanesX + (i % m.columns) * (laneWidth + gap);
  const gridRow = (i: number): number => Math.floor(i / m.columns);

  // Producers, and the controller in the corner above them.
  const brokers = view.nodes.filter(({ role }) => role === 'broker');
  const controllerNode = view.nodes.find(({ role }) => role === 'controller');
  const perRow = wide ? 4 : 2;
  const boxWidth = wide ? 158 : (m.width - m.left - 6 - 8) / 2;
  const producers = view.producers.map((producer, i): ProducerBox => ({
    producer,
    note: producerNote(producer),
    x: m.left + (i % perRow) * (boxWidth + 8),
    y: 30 + Math.floor(i / perRow) * 60,
    width: boxWidth,
    height: 46,
  }));
  const producersBottom = producers.reduce((y, box) => Math.max(y, box.y + box.height), 26);
  const controller = controllerNode
    ? {
        node: controllerNode,
        text: `Controller ${nodeNotes(controllerNode, 0)[0]}`,
        x: m.width - 150 - (wide ? 10 : 6),
        y: 4,
        width: 150,
        height: 20,
      }
    : null;

  // What each partition is, above its column.
  let y = producersBottom + 26;
  const heads = partitions.map((partition, i): PartitionHead =>
    layHead(partition, { x: columnX(i), y: y + gridRow(i) * HEAD + 12, width: laneWidth }),
  );
  y += Math.max(1, gridRows) * HEAD + 2;

  const windows = partitions.map((partition) => windowOf(partition, Math.floor((laneWidth - 14) / m.pitch)));
  const xAt = (i: number, offset: number): number =>
    columnX(i) + 8 + (offset - (windows[i]?.first ?? 0)) * m.pitch;

  // A row for each broker.
  const lanes: CopyLane[] = [];
  const nodes: NodeBox[] = [];
  for (const node of brokers) {
    const tone = node.state === 'running' ? (node.fenced ? 'quiet' : 'broker') : 'fault';
    const leads = all.filter(({ leader }) => leader === node.id).length;
    const rowHeight = Math.max(1, gridRows) * (LANE + LANE_GAP) - LANE_GAP;
    const top = wide ? y : y + 34;
    nodes.push({
      node,
      notes: nodeNotes(node, leads),
      tone,
      x: m.left,
      y,
      width: wide ? 118 : m.lanesWidth,
      height: wide ? rowHeight : 28,
    });
    partitions.forEach((partition, i) => {
      const replica = partition.replicas.find((one) => one.node === node.id);
      if (!replica) return;
      const box = { x: columnX(i), y: top + gridRow(i) * (LANE + LANE_GAP), width: laneWidth, height: LANE };
      lanes.push(
        layCopy(partition, replica, now, {
          ...box,
          window: windows[i]!,
          pitch: m.pitch,
          xAt: (o) => xAt(i, o),
        }),
      );
    });
    y = top + rowHeight + (wide ? 12 : 16);
  }

  // Confirmed, and gone: below them all, in the same columns. The place is kept while there is nothing.
  const lostHeading = { x: m.left, y: y + (wide ? 14 : 12) };
  if (!wide) y += 20;
  const withLoss = partitions
    .map((partition, i) => ({ partition, i }))
    .filter(({ partition }) => partition.lostTotal > 0);
  const rows = [...new Set((withLoss.length > 0 ? withLoss : [{ i: 0 }]).map(({ i }) => gridRow(i)))];
  const lost = partitions.flatMap((partition, i): LostLane[] => {
    const row = rows.indexOf(gridRow(i));
    if (row < 0) return [];
    const top = y + row * (LANE + LANE_GAP);
    return [
      {
        partition,
        x: columnX(i),
        y: top,
        width: laneWidth,
        height: LANE,
        caption: fit(
          lostCount(partition).map((text) => `P${partition.index} ${text}`),
          laneWidth - 16,
        ),
        any: partition.lostTotal > 0,
        offsetY: top + CAPTION + CELL + 12.5,
        cells: placeLost(partition.lost, windows[i]!).map(({ cell, slot }) => ({
          cell,
          id: `lost@${partition.place}@${cell.position}`,
          message: cell.message,
          words: lostWords(partition.place, cell),
          x: columnX(i) + 8 + slot * m.pitch,
          y: top + CAPTION,
        })),
      },
    ];
  });
  if (partitions.length > 0) y += rows.length * (LANE + LANE_GAP);
  const more =
    all.length > partitions.length ? { x: m.left, y: y + 10, count: all.length - partitions.length } : null;
  const picture = {
    width: m.width,
    height: y + (more ? 20 : 4),
    cell: CELL,
    producersHeading: { x: m.left, y: 18 },
    producers,
    controller,
    heads,
    nodes,
    lanes,
    lostHeading,
    lost,
    more,
  };
  return { ...picture, ...travels(view, now, picture, m) };
}

interface Window {
  readonly first: number;
  readonly slots: number;
}

/** The offsets that all copies of a partition show: its leader's end is among them, and what lies beyond as far as it goes. */
function windowOf({ logEnd, replicas, lost }: ReplicatedView, slots: number): Window {
  const ends = [
    ...replicas.map((replica) => Math.max(replica.logEnd, replica.truncated?.to ?? 0)),
    ...lost.map(({ position }) => position + 1),
  ];
  const end = Math.max(logEnd, ...ends.filter((each) => each <= logEnd + Math.floor(slots / 2)));
  return { first: Math.max(0, end + 1 - slots), slots };
}

function inWindow({ first, slots }: Window, position: number): boolean {
  return position >= first && position < first + slots;
}

/** Each at its offset; where all of that is long past, the newest of them side by side. */
function placeLost(lost: readonly LostCell[], window: Window): { cell: LostCell; slot: number }[] {
  const cells = [...new Map(lost.map((cell) => [cell.position, cell])).values()];
  const seen = cells.filter(({ position }) => inWindow(window, position));
  return seen.length > 0
    ? seen.map((cell) => ({ cell, slot: cell.position - window.first }))
    : cells.slice(-window.slots).map((cell, slot) => ({ cell, slot }));
}

function layHead(partition: ReplicatedView, { x, y, width }: Point & { width: number }): PartitionHead {
  const { place, replicas, isr, minIsr, leader } = partition;
  const chips = replicas.length * 19;
  const nameRoom = width - chips - 34;
  const name = place.length * 6.6 <= nameRoom ? place : `P${partition.index}`;
  const isrX = x + name.length * 6.8 + 12;
  const chipsX = isrX + 26;
  const min = `at least ${minIsr}`;
  const minX = chipsX + chips + 4;
  const { texts, tone } = statusWords(partition);
  return {
    partition,
    name,
    x,
    y,
    isrX,
    isr: replicas.map(({ node }, i) => ({
      number: brokerNumber(node),
      inIsr: isr.includes(node),
      leads: node === leader,
      x: chipsX + i * 19,
    })),
    min: minX + min.length * 6 <= x + width ? { x: minX, text: min } : null,
    status: { text: fit(texts, width - (tone === 'fault' ? 12 : 0)), tone },
  };
}

interface CopyPlace extends Box {
  readonly window: Window;
  readonly pitch: number;
  readonly xAt: (offset: number) => number;
}

function layCopy(
  partition: ReplicatedView,
  replica: ReplicaView,
  now: number,
  { x, y, width, height, window, pitch, xAt }: CopyPlace,
): CopyLane {
  const cellsY = y + CAPTION;
  const { truncated, cells, logEnd, highWatermark, node } = replica;
  const seen = cells.filter(({ position }) => inWindow(window, position));
  const ends = `HW ${highWatermark} · end ${logEnd}`;
  const leads = replica.role === 'leader';
  // Label, crown, words, and to the right the numbers where all of it has room.
  const captionX = 30 + (leads ? 17 : 0);
  const texts = copyWords(partition, replica);
  const full = texts[0] ?? '';
  const withEnds = captionX + full.length * 6.1 + ends.length * 6.1 + 30 <= width;
  const edge = xAt(Math.min(window.first + window.slots, highWatermark)) - (pitch - CELL) / 2;
  return {
    id: `${node}@${partition.place}`,
    partition,
    replica,
    x,
    y,
    width,
    height,
    caption: fit(texts, width - captionX - 8 - (withEnds ? ends.length * 6.1 : 0)),
    ends: withEnds ? ends : '',
    cellsY,
    offsetY: cellsY + CELL + 12.5,
    cells: seen.flatMap((cell): DrawnCopy[] =>
      cell.message === null
        ? []
        : [
            {
              cell,
              id: `${node}@${partition.place}@${cell.position}`,
              message: cell.message,
              words: cellWords(partition, replica, cell, false),
              x: xAt(cell.position),
              y: cellsY,
            },
          ],
    ),
    markers: seen
      .filter(({ message }) => message === null)
      .map(({ position }) => ({ position, x: xAt(position), y: cellsY })),
    falling: (truncated?.cells ?? [])
      .filter(({ position }) => inWindow(window, position))
      .map((cell) => ({
        cell,
        fallen: Math.max(0, Math.min(1, (now - (truncated?.at ?? now)) / FADE_MICROS)),
        x: xAt(cell.position),
        y: cellsY,
      })),
    next: inWindow(window, logEnd) ? { x: xAt(logEnd), y: cellsY } : null,
    awaited: awaited(partition).includes(node),
    highWatermarkX: highWatermark > window.first ? edge : null,
    note:
      logEnd < window.first
        ? `‹ ends at ${logEnd}`
        : logEnd > window.first + window.slots
          ? `to ${logEnd} ›`
          : '',
  };
}

type Placed = Pick<ReplicasPicture, 'producers' | 'nodes' | 'lanes'>;

/** Producers write along the margin to their leaders; a copy goes straight from the leader's offset to the follower's. */
function travels(
  view: KafkaView,
  now: number,
  { producers, nodes, lanes }: Placed,
  m: Measures,
): Pick<ReplicasPicture, 'wires' | 'tokens'> {
  const boxes = new Map(nodes.map((box) => [box.node.id, box] as const));
  const laneOf = new Map(lanes.map((lane) => [lane.id, lane] as const));
  const track = (from: ProducerBox, to: NodeBox): ReturnType<typeof polyline> => {
    const bottom = from.y + from.height;
    const middle = from.x + Math.min(28, from.width / 2);
    const level = to.y + to.height / 2;
    return polyline([
      { x: middle, y: bottom },
      { x: middle, y: bottom + 7 },
      { x: m.wireX, y: bottom + 7 },
      { x: m.wireX, y: level },
      { x: to.x, y: level },
    ]);
  };
  const busy = new Set<string>();
  const tokens: CopyToken[] = [];
  for (const travel of view.travels) {
    const share = gone(travel, now);
    const held = travel.arrivesAt === null;
    const producer = producers.find((box) => box.producer.id === travel.from);
    const to = boxes.get(travel.to);
    if (producer && to) {
      busy.add(`${travel.from}>${travel.to}`);
      const point = track(producer, to).at(share);
      travel.messages.slice(0, 3).forEach(({ message, key }, i) => {
        tokens.push({
          id: `${travel.from}>${travel.to}>${travel.sentAt}>${message}`,
          key,
          held,
          x: point.x + i * 8 - 10,
          y: point.y - i * 5 - 10,
        });
      });
      continue;
    }
    if (!to || !boxes.has(travel.from)) continue;
    for (const { message, key } of travel.messages) {
      const source = lanes
        .filter(({ replica }) => replica.node === travel.from)
        .flatMap((lane) => lane.cells.map((drawn) => ({ lane, drawn })))
        .find(({ drawn }) => drawn.cell.message === message);
      const target = source && laneOf.get(`${travel.to}@${source.lane.partition.place}`);
      if (!source || !target) continue;
      const { x, y } = source.drawn;
      tokens.push({
        id: `${travel.from}>${travel.to}>${travel.sentAt}>${message}`,
        key,
        held,
        x: x + 0.5,
        y: y + (target.cellsY - y) * share + 0.5,
      });
    }
  }
  const wires = producers.flatMap((box) => {
    const leaders = new Set(
      lanes
        .filter(
          ({ replica, partition }) => replica.role === 'leader' && partition.topic === box.producer.topic,
        )
        .map(({ replica }) => replica.node),
    );
    return [...leaders].flatMap((node) => {
      const to = boxes.get(node);
      const id = `${box.producer.id}>${node}`;
      return to ? [{ id, d: track(box, to).d, busy: busy.has(id) }] : [];
    });
  });
  return { wires, tokens };
}
