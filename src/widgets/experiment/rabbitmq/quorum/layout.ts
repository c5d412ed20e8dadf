/**
 * Where the replicas of queues stand: pure geometry. Each node is a row with its replicas in it; a queue has the same
 * columns in every row, so that one entry has one x in all its copies, and what is committed ends at one line across them.
 */
import type {
  LogEntryView,
  NodeView,
  QuorumReplicaView,
  QuorumView,
  RabbitmqView,
} from '../../../../brokers/rabbitmq/view-types.ts';
import { FADE_MICROS } from '../../../../brokers/rabbitmq/view-types.ts';
import type { Shape } from '../../drawing.ts';
import { fit, widthOf } from '../../kafka/cells/fit.ts';
import type { Spot } from '../../kafka/cells/spots.ts';
import { gone, polyline, type Box, type Point, type Track } from '../../kafka/cells/tracks.ts';
import {
  consumerHeight,
  layConsumer,
  layPublisher,
  PUBLISHER_HEIGHT,
  type ConsumerBox,
  type PublisherBox,
} from '../queues/boxes.ts';
import { shownOf } from '../queues/shown.ts';
import { nodeLabel, shortened } from '../words.ts';
import { entryWords, isLost, nodeNotes, replicaWords, statusWords } from './words.ts';

export const CELL = 20;
/** Queues whose replicas are drawn. */
export const QUEUES_DRAWN = { wide: 4, tall: 3 } as const;

export interface QueueHead extends Point {
  readonly queue: QuorumView;
  readonly name: string;
  readonly kind: string;
  readonly status: string;
  readonly bad: boolean;
  readonly count: { readonly x: number; readonly text: string };
}

export interface NodeBox extends Box {
  readonly node: NodeView;
  readonly title: string;
  readonly notes: readonly [string, string];
  readonly tone: 'broker' | 'fault';
}

export interface DrawnEntry extends Spot, Point {
  readonly entry: LogEntryView;
  readonly hollow: boolean;
  readonly lost: boolean;
}

/** What was struck from a replica's log. */
export interface Struck extends Point {
  readonly entry: LogEntryView;
  /** 0 when it was cut off, 1 when it leaves the picture. */
  readonly fallen: number;
}

export interface ReplicaLane extends Box {
  readonly id: string;
  readonly queue: QuorumView;
  readonly replica: QuorumReplicaView;
  readonly caption: string;
  readonly end: string;
  readonly cells: readonly DrawnEntry[];
  /** What its leader has, and it does not. */
  readonly missing: readonly Point[];
  readonly struck: readonly Struck[];
  readonly cellsY: number;
  readonly numbersY: number;
  /** Where the committed part of it ends; null: before what is shown. */
  readonly committedX: number | null;
}

export interface CommitLine {
  readonly id: string;
  readonly x: number;
  readonly y1: number;
  readonly y2: number;
}

export interface QuorumTrack {
  readonly id: string;
  readonly role: 'producer' | 'consumer';
  readonly d: string;
  readonly busy: boolean;
  readonly idle: boolean;
}

export interface QuorumToken extends Point {
  readonly id: string;
  readonly key: string | null;
  readonly again: boolean;
  readonly held: boolean;
}

export interface QuorumPicture {
  readonly width: number;
  readonly height: number;
  readonly headings: readonly (Point & { readonly word: string })[];
  readonly publishers: readonly PublisherBox[];
  readonly heads: readonly QueueHead[];
  readonly nodes: readonly NodeBox[];
  readonly lanes: readonly ReplicaLane[];
  readonly commits: readonly CommitLine[];
  readonly consumers: readonly ConsumerBox[];
  readonly tracks: readonly QuorumTrack[];
  readonly tokens: readonly QuorumToken[];
  readonly hidden: (Point & { readonly text: string }) | null;
}

const CAPTION = 22;
const LANE = CAPTION + CELL + 19;
const LANE_GAP = 6;
const HEAD = 44;
const PITCH = 24.3;

interface Measures {
  readonly width: number;
  /** Where the way from publishers runs down. */
  readonly wireX: number;
  readonly left: number;
  readonly lanesX: number;
  readonly lanesWidth: number;
  readonly columns: number;
}

/** @param view the moment, with its part `quorum` */
export function layOutQuorum(view: RabbitmqView, now: number, shape: Shape): QuorumPicture {
  const all = view.quorum ?? [];
  const queues = all.slice(0, QUEUES_DRAWN[shape]);
  const wide = shape === 'wide';
  const m: Measures = wide
    ? { width: 752, wireX: 8, left: 22, lanesX: 130, lanesWidth: 448, columns: queues.length > 1 ? 2 : 1 }
    : { width: 320, wireX: 6, left: 16, lanesX: 16, lanesWidth: 288, columns: 1 };
  const gap = 12;
  const laneWidth = (m.lanesWidth - (m.columns - 1) * gap) / m.columns;
  const gridRows = Math.max(1, Math.ceil(queues.length / m.columns));
  const columnX = (i: number): number => m.lanesX + (i % m.columns) * (laneWidth + gap);
  const gridRow = (i: number): number => Math.floor(i / m.columns);
  const shown = shownOf(view);

  const perRow = wide ? 5 : Math.min(3, Math.max(1, shown.publishers.length));
  const boxWidth = wide ? 138 : (m.width - m.left - 8 - (perRow - 1) * 8) / perRow;
  const publishers = shown.publishers.map((publisher, i) =>
    layPublisher(publisher, {
      x: m.left + (i % perRow) * (boxWidth + 8),
      y: 28 + Math.floor(i / perRow) * (PUBLISHER_HEIGHT + 12),
      width: boxWidth,
    }),
  );
  let y = publishers.reduce((low, box) => Math.max(low, box.y + box.height), 10) + 26;

  const heads = queues.map((queue, i) =>
    layHead(queue, { x: columnX(i), y: y + gridRow(i) * HEAD + 12 }, laneWidth),
  );
  y += gridRows * HEAD;
  const gridTop = y;

  const windows = queues.map((queue) => windowOf(queue, Math.floor((laneWidth - 14) / PITCH)));
  const xAt = (i: number, index: number): number =>
    columnX(i) + 8 + (index - (windows[i]?.first ?? 0)) * PITCH;

  const lanes: ReplicaLane[] = [];
  const nodes: NodeBox[] = [];
  const rowHeight = gridRows * (LANE + LANE_GAP) - LANE_GAP;
  for (const node of view.nodes) {
    const top = wide ? y : y + 34;
    nodes.push({
      node,
      title: nodeLabel(node.id),
      notes: nodeNotes(node, all),
      tone: node.state === 'running' ? 'broker' : 'fault',
      x: m.left,
      y,
      width: wide ? 98 : m.lanesWidth,
      height: wide ? rowHeight : 28,
    });
    const here = queues.map((queue) => queue.replicas.find((one) => one.node === node.id));
    queues.forEach((queue, i) => {
      const replica = here[i];
      if (!replica) return;
      const box = { x: columnX(i), y: top + gridRow(i) * (LANE + LANE_GAP), width: laneWidth, height: LANE };
      lanes.push(layReplica(queue, replica, now, box, windows[i]!, (index) => xAt(i, index)));
    });
    // On a phone a node takes no more room than the replicas it has.
    const used = wide
      ? rowHeight
      : Math.max(0, ...here.map((one, i) => (one ? (gridRow(i) + 1) * (LANE + LANE_GAP) : 0)));
    y = top + used + (wide ? 14 : 12);
  }
  const gridBottom = y - 12;

  const commits = queues.flatMap((queue, i) => {
    const own = lanes.filter((lane) => lane.queue === queue);
    return queue.type === 'classic' ? [] : commitLine(queue, own, windows[i]!, (index) => xAt(i, index));
  });

  const consumers: ConsumerBox[] = [];
  let consumersHeading: Point;
  if (wide) {
    consumersHeading = { x: 606, y: gridTop - 10 };
    let top = gridTop;
    for (const consumer of shown.consumers) {
      const box = layConsumer(consumer, { x: 606, y: top, width: 138 });
      consumers.push(box);
      top += box.height + 14;
    }
    y = Math.max(gridBottom, top - 14) + 12;
  } else {
    y += shown.consumers.length > 0 ? 24 : 0;
    consumersHeading = { x: 8, y: y - 14 };
    for (let i = 0; i < shown.consumers.length; i += 2) {
      y += 10;
      const row = shown.consumers.slice(i, i + 2);
      row.forEach((consumer, j) => {
        consumers.push(layConsumer(consumer, { x: 8 + j * 154, y, width: 146 }));
      });
      y += Math.max(...row.map((consumer) => consumerHeight(consumer, 146))) + 10;
    }
  }
  const more =
    all.length < view.totals.queues || queues.length < all.length ? view.totals.queues - queues.length : 0;
  const laid = { publishers, nodes, lanes, consumers };
  return {
    width: m.width,
    height: y + (more > 0 ? 18 : 2),
    headings: [
      ...(publishers.length > 0 ? [{ x: m.left, y: 18, word: 'Publishers' }] : []),
      ...(consumers.length > 0 ? [{ ...consumersHeading, word: 'Consumers' }] : []),
    ],
    heads,
    commits,
    ...laid,
    ...travels(view, now, laid, m, wide),
    hidden:
      more > 0 ? { x: m.left, y: y + 10, text: `and ${more} more queue${more === 1 ? '' : 's'}` } : null,
  };
}

interface Window {
  readonly first: number;
  readonly slots: number;
}

/** The entries that all replicas of a queue show: the leader's end is among them, and what others have beyond it. */
function windowOf({ logEnd, replicas }: QuorumView, slots: number): Window {
  const ends = replicas.map(({ logEnd: end, truncated }) =>
    Math.max(end, ...(truncated?.entries.map(({ index }) => index + 1) ?? [])),
  );
  const end = Math.max(logEnd, ...ends.filter((each) => each <= logEnd + Math.floor(slots / 2)));
  return { first: Math.max(0, end + 1 - slots), slots };
}

function inWindow({ first, slots }: Window, index: number): boolean {
  return index >= first && index < first + slots;
}

function layHead(queue: QuorumView, at: Point, width: number): QueueHead {
  const { texts, bad } = statusWords(queue);
  const text = `${queue.ready} ready · ${queue.unacked} out`;
  const kind = queue.type;
  const name = shortened(
    queue.queue,
    Math.max(4, Math.floor((width - widthOf(text) - widthOf(kind) - 24) / 7)),
  );
  return { queue, ...at, name, kind, status: fit(texts, width), bad, count: { x: at.x + width, text } };
}

function layReplica(
  queue: QuorumView,
  replica: QuorumReplicaView,
  now: number,
  { x, y, width, height }: Box,
  window: Window,
  xAt: (index: number) => number,
): ReplicaLane {
  const cellsY = y + CAPTION;
  const end = replica.logEnd < window.first ? `‹ ends at ${replica.logEnd}` : `end ${replica.logEnd}`;
  const crowned = replica.role === 'leader' && queue.type !== 'classic' ? 18 : 0;
  const line = Math.min(queue.commitIndex, replica.logEnd);
  return {
    id: `${replica.node}@${queue.queue}`,
    queue,
    replica,
    x,
    y,
    width,
    height,
    caption: fit(replicaWords(queue, replica), width - 20 - crowned - widthOf(end)),
    end,
    cellsY,
    numbersY: cellsY + CELL + 12.5,
    cells: replica.entries
      .filter(({ index }) => inWindow(window, index))
      .flatMap((entry): DrawnEntry[] =>
        entry.message === null
          ? []
          : [
              {
                entry,
                id: `${replica.node}@${queue.queue}@${entry.index}`,
                message: entry.message,
                words: entryWords(queue, replica, entry),
                hollow: !entry.confirmed,
                lost: isLost(entry),
                x: xAt(entry.index),
                y: cellsY,
              },
            ],
      ),
    missing: Array.from({ length: Math.max(0, queue.logEnd - replica.logEnd) }, (_, i) => replica.logEnd + i)
      .filter((index) => inWindow(window, index))
      .map((index) => ({ x: xAt(index), y: cellsY })),
    struck: (replica.truncated?.entries ?? [])
      .filter(({ index }) => inWindow(window, index))
      .map((entry) => ({
        entry,
        fallen: Math.max(0, Math.min(1, (now - (replica.truncated?.at ?? now)) / FADE_MICROS)),
        x: xAt(entry.index),
        y: cellsY,
      })),
    committedX:
      queue.type === 'classic' || line <= window.first
        ? null
        : xAt(Math.min(line, window.first + window.slots)) - (PITCH - CELL) / 2,
  };
}

/** Across all replicas; the words above their entries stay readable. */
function commitLine(
  queue: QuorumView,
  lanes: readonly ReplicaLane[],
  window: Window,
  xAt: (index: number) => number,
): CommitLine[] {
  const { commitIndex } = queue;
  if (commitIndex <= window.first || commitIndex > window.first + window.slots) return [];
  const x = xAt(commitIndex) - (PITCH - CELL) / 2;
  return lanes.map(({ id, cellsY, y, height }) => ({ id, x, y1: cellsY - 2, y2: y + height + 4 }));
}

type Laid = Pick<QuorumPicture, 'publishers' | 'nodes' | 'lanes' | 'consumers'>;

/** Publishers to the node they are connected to, copies from the leader straight up or down, deliveries from the leader. */
function travels(
  view: RabbitmqView,
  now: number,
  { publishers, nodes, lanes, consumers }: Laid,
  m: Measures,
  wide: boolean,
): Pick<QuorumPicture, 'tracks' | 'tokens'> {
  const tracks: QuorumTrack[] = [];
  const tokens: QuorumToken[] = [];
  const box = (id: string | null): NodeBox | undefined => nodes.find(({ node }) => node.id === id);
  const write = (from: PublisherBox, to: NodeBox): { wire: Track; ride: Track } => {
    const bottom = from.y + from.height;
    const start = { x: from.x + Math.min(28, from.width / 2), y: bottom };
    const level = to.y + to.height / 2;
    const along = [
      { x: m.wireX, y: bottom + 9 },
      { x: m.wireX, y: level },
      { x: to.x, y: level },
    ];
    const turn = { x: start.x, y: bottom + 9 };
    // What travels does not begin on the words of its publisher.
    return {
      wire: polyline([start, turn, ...along]),
      ride: polyline([{ ...turn, y: turn.y + 4 }, ...along]),
    };
  };
  for (const from of publishers) {
    const to = box(from.publisher.node);
    if (!to) continue;
    const { wire, ride } = write(from, to);
    const own = view.travels.filter((travel) => travel.from === from.publisher.id);
    tracks.push({
      id: `p>${from.publisher.id}`,
      role: 'producer',
      d: wire.d,
      busy: own.length > 0,
      idle: from.tone === 'fault',
    });
    for (const travel of own) {
      const point = ride.at(gone(travel, now));
      travel.messages.slice(0, 3).forEach(({ message, key }, i) => {
        tokens.push({
          id: `${travel.from}>${travel.sentAt}>${message}`,
          key,
          again: false,
          held: travel.arrivesAt === null,
          x: point.x - 10 + i * 8,
          y: point.y - 10 - i * 5,
        });
      });
    }
  }
  for (const to of consumers) {
    for (const queue of to.consumer.queues) {
      // Attached to the leader, through the node that it is connected to.
      const lane = lanes.find(({ queue: one, replica }) => one.queue === queue && replica.role === 'leader');
      if (!lane) continue;
      const track = wide ? deliverWide(lane, to, m) : deliverTall(lane, to);
      const own = view.travels.filter((travel) => travel.to === to.consumer.id && travel.place === queue);
      const subscribed = to.consumer.subscriptions.some((one) => one.queue === queue);
      tracks.push({
        id: `c>${queue}>${to.consumer.id}`,
        role: 'consumer',
        d: track.d,
        busy: own.length > 0,
        idle: !subscribed || to.tone === 'fault',
      });
      for (const travel of own) {
        const point = track.at(gone(travel, now));
        const first = travel.messages[0];
        if (first)
          tokens.push({
            id: `${travel.to}>${travel.sentAt}>${first.message}`,
            key: first.key,
            again: first.redelivered,
            held: travel.arrivesAt === null,
            x: point.x - 10,
            y: point.y - 10,
          });
      }
    }
  }
  for (const travel of view.travels) {
    if (!box(travel.from) || !box(travel.to)) continue;
    const share = gone(travel, now);
    for (const { message, key } of travel.messages) {
      const source = lanes
        .filter(({ replica }) => replica.node === travel.from)
        .flatMap((lane) => lane.cells.map((cell) => ({ lane, cell })))
        .find(({ cell }) => cell.message === message);
      const target = source && lanes.find(({ id }) => id === `${travel.to}@${source.lane.queue.queue}`);
      if (!source || !target) continue;
      tokens.push({
        id: `${travel.from}>${travel.to}>${travel.sentAt}>${message}`,
        key,
        again: false,
        held: travel.arrivesAt === null,
        x: source.cell.x,
        y: source.cell.y + (target.cellsY - source.cell.y) * share,
      });
    }
  }
  return { tracks, tokens };
}

/** Along the gap below the leader's replica, and up or down the margin before the consumers. */
function deliverWide(lane: ReplicaLane, to: ConsumerBox, m: Measures): Track {
  const margin = m.lanesX + m.lanesWidth + 14;
  const level = to.y + 27;
  const last = lane.x + lane.width >= m.lanesX + m.lanesWidth - 1;
  const exit = lane.cellsY + CELL / 2;
  const under = lane.y + lane.height + 3;
  return polyline([
    { x: last ? lane.x + lane.width : lane.x + lane.width - 8, y: last ? exit : lane.y + lane.height },
    ...(last ? [] : [{ x: lane.x + lane.width - 8, y: under }]),
    { x: margin, y: last ? exit : under },
    { x: margin, y: level },
    { x: to.x, y: level },
  ]);
}

function deliverTall(lane: ReplicaLane, to: ConsumerBox): Track {
  const right = lane.x + lane.width;
  const exit = lane.cellsY + CELL / 2;
  const over = to.y - 6;
  const middle = to.x + to.width / 2;
  return polyline([
    { x: right, y: exit },
    { x: right + 9, y: exit },
    { x: right + 9, y: over },
    { x: middle, y: over },
    { x: middle, y: to.y },
  ]);
}
