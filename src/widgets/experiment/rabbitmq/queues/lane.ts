/**
 * Where everything of one queue stands: pure geometry. A queue is a tube that is open at both ends: messages come in at the
 * left and leave at the right, where its head is. A stream is a tape with offsets, from which nothing leaves.
 */
import type { CellView, ConsumerView, Fate, QueueView } from '../../../../brokers/rabbitmq/view-types.ts';
import { FADE_MICROS } from '../../../../brokers/rabbitmq/view-types.ts';
import { fit, widthOf } from '../../kafka/cells/fit.ts';
import type { Spot } from '../../kafka/cells/spots.ts';
import type { Box, Point } from '../../kafka/cells/tracks.ts';
import { thousands } from '../../words.ts';
import { cellWords, fateWords, limitsWords, nodeLabel, queueState, shortened } from '../words.ts';

export const CELL = 19;
export const PITCH = 24.5;
/** What is gone is drawn smaller. */
export const GONE_CELL = 16;

export interface DrawnCell extends Spot, Point {
  readonly cell: CellView;
  readonly hollow: boolean;
  readonly again: boolean;
  /** How much of its time to live is left, 0 to 1; null: it has none. */
  readonly left: number | null;
  /** The offset beneath it, in a stream. */
  readonly offset: number | null;
}

export interface DrawnFate extends Point {
  readonly id: string;
  readonly fate: Fate;
  /** Null where the trace does not say which message it was. */
  readonly spot: Spot | null;
  /** 0 when it happened, 1 when it leaves the picture. */
  readonly faded: number;
}

export interface Caret extends Point {
  readonly id: string;
  readonly label: { readonly x: number; readonly anchor: 'start' | 'end'; readonly text: string };
}

export interface QueueLane extends Box {
  readonly queue: QueueView;
  readonly name: string;
  /** What it is, beside its name: nothing for a classic queue. */
  readonly kind: string;
  readonly state: string;
  readonly tube: Box;
  readonly cells: readonly DrawnCell[];
  /** Places that a length limit still leaves free. */
  readonly empties: readonly Point[];
  /** Where the limit is: no message stands to the left of it. */
  readonly wallX: number | null;
  /** What lies between head and tail. */
  readonly gap: { readonly x: number; readonly text: string } | null;
  readonly foot: { readonly y: number; readonly text: string; readonly bad: boolean };
  readonly fates: readonly DrawnFate[];
  readonly fateWord: { readonly x: number; readonly y: number; readonly text: string } | null;
  /** Of a stream. */
  readonly carets: readonly Caret[];
  /** Where messages come in, and where they leave. */
  readonly mouth: Point;
  readonly exit: Point;
}

export interface LanePlace {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  /** Above the tube, for names of tracks; 0 in the wide drawing. */
  readonly labels: number;
  readonly now: number;
  /** There are several nodes, so that it matters on which one a queue lives. */
  readonly cluster: boolean;
}

const HEAD_LINE = 22;
const TUBE = 28;
const FOOT = 22;
const CARET_ROW = 15;
/** Readers of a stream that are drawn. */
const CARETS_MAX = 4;
/** What is gone, side by side in the foot. */
const FATES_SHOWN = 3;

export function laneHeight(queue: QueueView, readers: number, labels: number): number {
  const log = queue.type === 'stream' ? 14 + Math.min(CARETS_MAX, readers) * CARET_ROW : 0;
  return HEAD_LINE + labels + TUBE + log + FOOT + 4;
}

export function layLane(queue: QueueView, readers: readonly ConsumerView[], place: LanePlace): QueueLane {
  const { x, y, width, labels, now, cluster } = place;
  const tube = { x, y: y + HEAD_LINE + labels, width, height: TUBE };
  const height = laneHeight(queue, readers.length, labels);
  const state = queueState(queue);
  const kind = queue.type === 'classic' ? '' : queue.type;
  const room = width - 24 - widthOf(state) - (kind === '' ? 0 : widthOf(kind) + 8);
  const name = shortened(queue.name, Math.max(4, Math.floor(room / 7)));
  const middle = tube.y + TUBE / 2;
  const footY = y + height - 9;
  const { fates, fateWord } = layFates(queue, { x, width, footY, now });
  const left = fates.length === 0 ? x + width - 10 : Math.min(...fates.map((one) => one.x)) - 10;
  const down = !queue.up && queue.node !== null ? `${nodeLabel(queue.node).toLowerCase()} is down` : '';
  const limits = limitsWords(queue, cluster);
  const texts = down === '' ? limits.map((_, i) => limits.slice(0, limits.length - i).join(' · ')) : [down];
  return {
    queue,
    x,
    y,
    width,
    height,
    name,
    kind,
    state,
    tube,
    ...(queue.log ? layLog(queue, readers, tube, now) : layCells(queue, tube, now)),
    foot: { y: footY, text: fit(texts, left - x - 10), bad: down !== '' },
    fates,
    fateWord,
    mouth: { x, y: middle },
    exit: { x: x + width, y: middle },
  };
}

type Inside = Pick<QueueLane, 'cells' | 'empties' | 'wallX' | 'gap' | 'carets'>;

function layCells(queue: QueueView, tube: Box, now: number): Inside {
  const slots = Math.floor((tube.width - 12) / PITCH);
  const slotX = (i: number): number => tube.x + tube.width - 9 - CELL - i * PITCH;
  const y = tube.y + (TUBE - CELL) / 2;
  const { head, tail, between, ready, limits } = queue;
  const all = [...head, ...tail];
  const whole = between === 0 && all.length <= slots;
  // Where not all fit: the head, a gap of two places with the number in it, the newest two.
  const shownHead = whole ? all : head.slice(0, slots - 4);
  const shownTail = whole ? [] : (tail.length >= 2 ? tail : all).slice(-2);
  const longest = Math.max(...all.map(({ expiresAt }) => (expiresAt === null ? 0 : expiresAt - now)), 1);
  const life = limits.messageTtlMs === null ? longest : Math.max(1, limits.messageTtlMs * 1000);
  const draw = (cell: CellView, slot: number, words: string): DrawnCell[] =>
    cell.message === null
      ? []
      : [
          {
            cell,
            id: `${queue.name}@${cell.position}`,
            message: cell.message,
            words: cellWords(queue, cell, words, now),
            hollow: !cell.confirmed,
            again: cell.redelivered,
            left: cell.expiresAt === null ? null : Math.max(0, Math.min(1, (cell.expiresAt - now) / life)),
            offset: null,
            x: slotX(slot),
            y,
          },
        ];
  const placeOf = (i: number): string => (i === 0 ? 'at the head' : `number ${i + 1} from the head`);
  const cells = [
    ...shownHead.flatMap((cell, i) => draw(cell, i, placeOf(i))),
    ...shownTail.flatMap((cell, i) => draw(cell, slots - shownTail.length + i, 'at the tail')),
  ].reverse();
  const hidden = ready - shownHead.length - shownTail.length;
  const limit = limits.maxLength;
  const walled = limit !== null && limit <= slots && limit > 0 && ready <= limit;
  return {
    cells,
    empties: walled
      ? Array.from({ length: Math.max(0, limit - ready) }, (_, i) => ({ x: slotX(ready + i), y }))
      : [],
    wallX: walled ? slotX(limit - 1) - (PITCH - CELL) / 2 - 1.5 : null,
    gap: hidden > 0 ? { x: (slotX(slots - 4) + slotX(slots - 3) + CELL) / 2, text: thousands(hidden) } : null,
    carets: [],
  };
}

function layLog(queue: QueueView, readers: readonly ConsumerView[], tube: Box, now: number): Inside {
  const { start, end, cells: all } = queue.log!;
  const slots = Math.floor((tube.width - 12) / PITCH) - 1;
  const first = Math.max(start, end - slots);
  const at = (offset: number): number => tube.x + 9 + (offset - first) * PITCH;
  const y = tube.y + (TUBE - CELL) / 2;
  const cells = all
    .filter(({ position }) => position >= first)
    .flatMap((cell): DrawnCell[] =>
      cell.message === null
        ? []
        : [
            {
              cell,
              id: `${queue.name}@${cell.position}`,
              message: cell.message,
              words: cellWords(queue, cell, `offset ${cell.position}`, now),
              hollow: !cell.confirmed,
              again: false,
              left: null,
              offset: end < 1000 || cell.position % 2 === 0 ? cell.position : null,
              x: at(cell.position),
              y,
            },
          ],
    );
  const carets = readers.slice(0, CARETS_MAX).flatMap((reader, i): Caret[] => {
    const offset = reader.subscriptions.find((one) => one.queue === queue.name)?.offset ?? null;
    if (offset === null) return [];
    const before = offset < first;
    const x = before ? tube.x + 8 : at(Math.min(offset, end)) - (PITCH - CELL) / 2;
    const text = before ? `${reader.label} at ${thousands(offset)}` : reader.label;
    const right = x + 10 + widthOf(text) <= tube.x + tube.width - 6;
    return [
      {
        id: reader.id,
        x,
        y: tube.y + TUBE + 14 + (i + 1) * CARET_ROW,
        label: { x: right ? x + 9 : x - 9, anchor: right ? 'start' : 'end', text },
      },
    ];
  });
  return { cells, empties: [], wallX: null, gap: null, carets };
}

/** What left the queue otherwise than to a consumer: crossed, with the reason of the newest. */
function layFates(
  queue: QueueView,
  { x, width, footY, now }: { x: number; width: number; footY: number; now: number },
): Pick<QueueLane, 'fates' | 'fateWord'> {
  const shown = queue.fates.slice(-FATES_SHOWN);
  const last = shown.at(-1);
  if (!last) return { fates: [], fateWord: null };
  const word = last.reason;
  const wordX = x + width - 10 - widthOf(word);
  const fates = shown.map((fate, i): DrawnFate => {
    const id = `${queue.name}†${fate.message ?? ''}†${fate.at}`;
    const fateX = wordX - 10 - GONE_CELL - (shown.length - 1 - i) * (GONE_CELL + 5);
    return {
      id,
      fate,
      spot:
        fate.message === null
          ? null
          : { id, message: fate.message, x: fateX, words: `${queue.name}, ${fateWords(fate)}` },
      faded: Math.max(0, Math.min(1, (now - fate.at) / FADE_MICROS)),
      x: fateX,
      y: footY - GONE_CELL + 4,
    };
  });
  return { fates, fateWord: { x: x + width - 10, y: footY, text: word } };
}
