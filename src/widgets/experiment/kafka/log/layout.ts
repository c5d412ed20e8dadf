/**
 * Where everything of a log in detail stands: pure geometry. Offsets stand in lines as words do on a page: each has its
 * place for good, whatever is written after it or taken away before it.
 */
import {
  FADE_MICROS,
  LOG_CELLS_MAX,
  type KafkaView,
  type LogCell,
  type LogView,
  type SegmentView,
} from '../../../../brokers/kafka/view-types.ts';
import type { Shape } from '../../drawing.ts';
import { fit, placeLabels, widthOf, wrap, type Label } from '../cells/fit.ts';
import type { Spot } from '../cells/spots.ts';
import type { Box, Point } from '../cells/tracks.ts';
import {
  cellWords,
  DRAWN_MAX,
  goingNext,
  openTransactions,
  policyWords,
  readerWords,
  segmentWords,
  transactionWords,
} from './words.ts';

export interface DrawnRecord extends Spot, Point {
  readonly cell: LogCell;
  /** 0 while it is there, up to 1 when what was removed leaves the picture. */
  readonly gone: number;
}

export interface DrawnMarker extends Point {
  readonly cell: LogCell;
  readonly gone: number;
}

/** A segment, or as much of it as one line holds. */
export interface Frame extends Box {
  readonly segment: SegmentView;
  readonly label: string;
  /** It goes on in the line before, or after. */
  readonly before: boolean;
  readonly after: boolean;
  readonly goesNext: boolean;
  readonly gone: number;
}

export interface Flag {
  readonly kind: 'start' | 'cleaned' | 'stable' | 'watermark';
  readonly x: number;
  readonly label: Label | null;
}

export interface Caret {
  readonly kind: 'committed' | 'position';
  readonly x: number;
  readonly y: number;
  readonly label: Label | null;
}

export interface Line {
  readonly y: number;
  readonly flagsY: number;
  readonly cellsY: number;
  readonly offsetY: number;
  /** Whether there is room for the number of this offset. */
  readonly numbered: (position: number) => boolean;
  /** Where the frames end. */
  readonly bottom: number;
  readonly frames: readonly Frame[];
  readonly records: readonly DrawnRecord[];
  readonly markers: readonly DrawnMarker[];
  /** Offsets that the log has no more, though it goes on on both sides of them. */
  readonly gaps: readonly { readonly position: number; readonly x: number }[];
  readonly next: { readonly position: number; readonly x: number } | null;
  readonly flags: readonly Flag[];
  readonly carets: readonly Caret[];
}

export interface LogArea {
  readonly log: LogView;
  readonly heading: Point;
  readonly policy: Point & { readonly text: string; readonly anchor: 'start' | 'end' };
  readonly lines: readonly Line[];
  /** Offsets before the first line. */
  readonly hidden: (Point & { readonly count: number }) | null;
  readonly notes: readonly (Point & { readonly text: string })[];
}

export interface LogPicture {
  readonly width: number;
  readonly height: number;
  readonly cell: number;
  readonly logs: readonly LogArea[];
  readonly notes: readonly (Point & { readonly text: string })[];
}

interface Measures {
  readonly width: number;
  readonly x: number;
  readonly pitch: number;
  readonly perLine: number;
  /** Lines of a log: where one is drawn, where two are. */
  readonly lines: readonly [number, number];
}

const CELL = 20;
const WIDE: Measures = { width: 752, x: 20, pitch: 25.5, perLine: 28, lines: [4, 2] };
const TALL: Measures = { width: 320, x: 14, pitch: 24.5, perLine: 12, lines: [6, 4] };

/** Parts of a line, from its top. */
const FRAME = 15;
const CELLS = FRAME + 19;
const OFFSETS = CELLS + CELL + 12.5;
const BOTTOM = CELLS + CELL + 18;
const CARETS = 16;

/**
 * @param view the moment, with its part `log`
 * @param now that moment, virtual microseconds
 */
export function layOutLog(view: KafkaView, now: number, shape: Shape): LogPicture {
  const m = shape === 'wide' ? WIDE : TALL;
  const shown = (view.logs ?? []).slice(0, DRAWN_MAX);
  const left = m.x - 6;
  let y = 18;
  const logs = shown.map((log): LogArea => {
    const heading = { x: left, y };
    const room = m.width - 2 * left;
    const name = widthOf(`LOG ${log.place}`) + 24;
    const words = policyWords(log, now);
    const beside = fit(words, room - name);
    const policy =
      shape === 'wide' && beside !== ''
        ? { text: beside, x: m.width - left, y, anchor: 'end' as const }
        : { text: fit(words, room), x: left, y: y + 17, anchor: 'start' as const };
    y = policy.y + 12;
    const lines: Line[] = [];
    const rows = rowsOf(log, m.perLine);
    const kept = rows.slice(-m.lines[shown.length > 1 ? 1 : 0]);
    const first = (kept[0] ?? 0) * m.perLine;
    const count = Math.max(0, first - log.logStart);
    const hidden = count > 0 ? { x: left, y: y + 10, count } : null;
    if (hidden) y += 18;
    for (const row of kept) {
      lines.push(layLine(log, row, now, y, m));
      y += BOTTOM + log.readers.length * CARETS + 5;
    }
    const notes = log.readers.flatMap((reader) =>
      wrap(readerWords(log, reader), room).map((text) => ({ text, x: left, y: (y += 16) })),
    );
    y += 34;
    return { log, heading, policy, lines, hidden, notes };
  });
  const notes = openTransactions(view).flatMap((transaction) =>
    wrap(transactionWords(transaction), m.width - 2 * left).map((text) => {
      const at = { text, x: left, y };
      y += 16;
      return at;
    }),
  );
  return { width: m.width, height: y - 10, cell: CELL, logs, notes };
}

/** The lines that have anything in them: compaction may have emptied whole ones. */
function rowsOf({ cells, logEnd }: LogView, perLine: number): number[] {
  const rowOf = (position: number): number => Math.floor(position / perLine);
  return [...new Set([...cells.map(({ position }) => rowOf(position)), rowOf(logEnd)])].sort((a, b) => a - b);
}

function goneOf(removedAt: number | null, now: number): number {
  return removedAt === null ? 0 : Math.max(0, Math.min(1, (now - removedAt) / FADE_MICROS));
}

function layLine(log: LogView, row: number, now: number, y: number, m: Measures): Line {
  const first = row * m.perLine;
  const end = first + m.perLine;
  const xAt = (offset: number): number => m.x + (offset - first) * m.pitch;
  /** Between two cells. */
  const edge = (offset: number): number => xAt(offset) - (m.pitch - CELL) / 2;
  const holds = (offset: number): boolean => offset >= first && offset < end;
  const cellsY = y + CELLS;

  const cells = log.cells.filter(({ position }) => holds(position));
  const there = new Set(cells.map(({ position }) => position));
  const known = log.cells.length < LOG_CELLS_MAX ? log.logStart : (log.cells[0]?.position ?? log.logStart);
  const gaps = [];
  for (let position = Math.max(first, known, log.logStart); position < Math.min(end, log.logEnd); position++)
    if (!there.has(position)) gaps.push({ position, x: xAt(position) });

  const going = goingNext(log, now);
  const frames = log.segments.flatMap((segment): Frame[] => {
    // The active one holds the free place too.
    const to = segment.active ? segment.end + 1 : segment.end;
    const [from, until] = [Math.max(segment.base, first), Math.min(to, end)];
    if (from >= until) return [];
    const x = edge(from) + 1.25;
    const width = edge(until) - 1.25 - x;
    return [
      {
        segment,
        label:
          segment.base >= first || row * m.perLine <= log.logStart
            ? fit(segmentWords(segment, now), width - 12)
            : '',
        before: from > segment.base,
        after: until < to,
        goesNext: going?.segment === segment && !segment.active,
        gone: goneOf(segment.removedAt, now),
        x,
        y: y + FRAME,
        width,
        height: BOTTOM - FRAME,
      },
    ];
  });

  const { logStart, cleanedTo, lastStableOffset, highWatermark } = log;
  const flags = (
    [
      ...(logStart > 0 ? [{ kind: 'start', at: logStart, texts: [`log start ${logStart}`, 'start'] }] : []),
      ...(cleanedTo === null
        ? []
        : [{ kind: 'cleaned', at: cleanedTo, texts: [`cleaned to ${cleanedTo}`, 'cleaned'] }]),
      ...(lastStableOffset < highWatermark
        ? [{ kind: 'stable', at: lastStableOffset, texts: [`last stable offset ${lastStableOffset}`, 'LSO'] }]
        : []),
      ...(highWatermark > 0
        ? [{ kind: 'watermark', at: highWatermark, texts: [`high watermark ${highWatermark}`, 'HW'] }]
        : []),
    ] as { kind: Flag['kind']; at: number; texts: string[] }[]
  )
    .filter(({ at }) => holds(at))
    .map(({ kind, at, texts }) => ({ kind, x: edge(at), texts }))
    .sort((a, b) => a.x - b.x);
  const labels = placeLabels(flags, m.x - 6, m.width - 4, 4);

  const carets = log.readers.flatMap((reader, r): Caret[] => {
    // Beside another group's, a caret is its group's first, and what it is by its shape.
    const say = (what: string): string[] =>
      log.readers.length > 1 ? [`${reader.group} ${what}`, reader.group] : [what];
    const marks = (['committed', 'position'] as const)
      .map((kind) => ({ kind, at: reader[kind], texts: say(kind) }))
      .filter((mark): mark is typeof mark & { at: number } => mark.at !== null && holds(mark.at))
      .sort((a, b) => a.at - b.at);
    const together = marks.length === 2 && marks[0]?.at === marks[1]?.at;
    const said = together ? [{ texts: say('committed, position'), at: marks[0]!.at }] : marks;
    const words = placeLabels(
      said.map(({ at, texts }) => ({ x: edge(at), texts })),
      m.x - 6,
      m.width - 4,
      9,
    );
    return marks.map(({ kind, at }, i) => ({
      kind,
      x: edge(at),
      y: y + BOTTOM + 3 + r * CARETS,
      label: words[i] ?? null,
    }));
  });

  return {
    y,
    flagsY: y + 10.5,
    cellsY,
    offsetY: y + OFFSETS,
    numbered: (position) => log.logEnd < 1000 || position % 2 === 0,
    bottom: y + BOTTOM,
    frames,
    records: cells.flatMap((cell): DrawnRecord[] =>
      cell.message === null
        ? []
        : [
            {
              cell,
              id: `${log.place}@${cell.position}@${cell.message}`,
              message: cell.message,
              words: cellWords(log.place, cell),
              gone: goneOf(cell.removedAt, now),
              x: xAt(cell.position),
              y: cellsY,
            },
          ],
    ),
    markers: cells
      .filter(({ message }) => message === null)
      .map((cell) => ({ cell, gone: goneOf(cell.removedAt, now), x: xAt(cell.position), y: cellsY })),
    gaps,
    next: holds(log.logEnd) ? { position: log.logEnd, x: xAt(log.logEnd) } : null,
    flags: flags.map(({ kind, x }, i) => ({ kind, x, label: labels[i] ?? null })),
    carets,
  };
}
