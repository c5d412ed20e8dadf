/**
 * Logs in detail, as their leaders have them: segments, records with what retention and compaction took away (it stays
 * for a moment), transactions and their markers (K-7, K-11 to K-19, K-43, K-47).
 */
import type { Micros } from '../../../sim/time.ts';
import type { MessageId } from '../../../sim/trace.ts';
import {
  FADE_MICROS,
  LOG_CELLS_MAX,
  LOGS_MAX,
  SEGMENTS_MAX,
  type LogCell,
  type LogView,
  type PartitionView,
} from '../view-types.ts';
import { splitPlace } from '../cluster-image.ts';
import type { Event } from './event.ts';
import type { KnownMessage } from './messages.ts';
import type { Settings } from './settings.ts';

type CellState = { -readonly [K in keyof Omit<LogCell, 'transaction'>]: LogCell[K] } & {
  transaction: { id: string; state: 'open' | 'committed' | 'aborted' } | null;
};

interface SegmentState {
  readonly base: number;
  bytes: number;
  newestTimestamp: Micros | null;
  removedAt: Micros | null;
}

interface LogState {
  readonly place: string;
  /** Ascending. Twice as many as are shown, before they are cut. */
  cells: CellState[];
  /** Ascending; the last is the active one. */
  segments: SegmentState[];
  cleanedTo: number | null;
}

export class Logs {
  private readonly shown: boolean;
  private readonly logs = new Map<string, LogState>();

  constructor(shown: boolean) {
    this.shown = shown;
  }

  created(place: string): void {
    if (!this.shown || this.logs.size >= LOGS_MAX) return;
    this.logs.set(place, { place, cells: [], segments: [newSegment(0)], cleanedTo: null });
  }

  deleted(place: string): void {
    this.logs.delete(place);
  }

  appended(
    { place, position, message, key, at }: Event<'appended'>,
    known: KnownMessage | undefined,
    transactionalId: string | null,
    settings: Settings,
  ): void {
    const log = this.logs.get(place);
    if (!log) return;
    const byAppend = settings.of(splitPlace(place).topic)['message.timestamp.type'] === 'LogAppendTime';
    const timestamp = byAppend ? at : (known?.publishedAt ?? at);
    const bytes = known?.bytes ?? 0;
    push(log, at, {
      position,
      message,
      key,
      value: known?.value ?? null,
      tombstone: known?.value === null,
      bytes,
      timestamp,
      producer: known?.client ?? null,
      confirmed: false,
      state: 'live',
      removedAt: null,
      transaction: transactionalId === null ? null : { id: transactionalId, state: 'open' },
      marker: null,
    });
    const active = log.segments.at(-1)!;
    active.bytes += bytes;
    active.newestTimestamp = Math.max(active.newestTimestamp ?? 0, timestamp);
  }

  markerAppended(
    { place, position, outcome, at }: Event<'marker-appended'>,
    transactionalId: string | null,
  ): void {
    const log = this.logs.get(place);
    if (!log) return;
    for (const { transaction } of log.cells)
      if (transaction?.id === transactionalId && transaction.state === 'open') transaction.state = outcome;
    push(log, at, {
      position,
      message: null,
      key: null,
      value: null,
      tombstone: false,
      bytes: 0,
      timestamp: at,
      producer: null,
      confirmed: true,
      state: 'live',
      removedAt: null,
      transaction: transactionalId === null ? null : { id: transactionalId, state: outcome },
      marker: outcome,
    });
    const active = log.segments.at(-1)!;
    active.newestTimestamp = Math.max(active.newestTimestamp ?? 0, at);
  }

  confirmed(place: string, position: number, message: MessageId): void {
    const cell = this.cell(place, position);
    if (cell?.message === message) cell.confirmed = true;
  }

  rolled({ place, position }: Event<'segment-rolled'>): void {
    const log = this.logs.get(place);
    if (!log || position <= log.segments.at(-1)!.base) return;
    log.segments.push(newSegment(position));
    if (log.segments.length > SEGMENTS_MAX) log.segments.shift();
  }

  /** K-12: the log begins at `logStart` now. @param logEnd where it ends */
  expired(place: string, logStart: number, logEnd: number, at: Micros): void {
    const log = this.logs.get(place);
    if (!log) return;
    for (const cell of log.cells) {
      if (cell.position >= logStart) break;
      remove(cell, 'expired', at);
    }
    // K-15: where nothing is left, a new empty segment was begun first.
    if (logStart === logEnd && log.segments.at(-1)!.base < logStart) log.segments.push(newSegment(logStart));
    // Only what lies wholly below the start is gone: a request may also have moved the start into a segment (K-3).
    log.segments.forEach((segment, i) => {
      const end = log.segments[i + 1]?.base;
      if (end !== undefined && end <= logStart) segment.removedAt ??= at;
    });
    prune(log, at);
  }

  compacted({ place, position, at }: Event<'compacted'>): void {
    const cell = this.cell(place, position);
    if (!cell || cell.state !== 'live') return;
    remove(cell, 'compacted', at);
    const segment = this.logs.get(place)?.segments.findLast(({ base }) => base <= position);
    if (segment) segment.bytes -= cell.bytes;
  }

  cleaned({ place, position }: Event<'cleaned'>): void {
    const log = this.logs.get(place);
    if (log) log.cleanedTo = position;
  }

  /** A leader took over whose log ends here. */
  cut(place: string, logEnd: number, at: Micros): void {
    const log = this.logs.get(place);
    if (!log) return;
    for (const cell of log.cells) if (cell.position >= logEnd) remove(cell, 'truncated', at);
    log.segments = log.segments.filter(({ base }, i) => i === 0 || base <= logEnd);
    if (log.cleanedTo !== null) log.cleanedTo = Math.min(log.cleanedTo, logEnd);
  }

  /** @param partition what the ordinary picture says of a place */
  view(
    now: Micros,
    partition: (place: string) => PartitionView | undefined,
    settings: Settings,
  ): LogView[] | null {
    if (!this.shown) return null;
    return [...this.logs.values()].flatMap((log): LogView[] => {
      const { place, segments, cleanedTo } = log;
      const positions = partition(place);
      if (!positions) return [];
      const { logStart, logEnd, highWatermark, lastStableOffset, readers } = positions;
      const config = settings.of(splitPlace(place).topic);
      return [
        {
          place,
          cleanupPolicy: config['cleanup.policy'],
          retentionMs: config['retention.ms'],
          retentionBytes: config['retention.bytes'],
          segments: segments
            .map((segment, i) => ({
              ...segment,
              end: segments[i + 1]?.base ?? logEnd,
              active: i === segments.length - 1,
            }))
            .filter((segment) => isThere(segment, now)),
          cells: log.cells
            .filter((cell) => isThere(cell, now))
            .slice(-LOG_CELLS_MAX)
            .map((cell) => ({ ...cell, transaction: cell.transaction && { ...cell.transaction } })),
          logStart,
          logEnd,
          highWatermark,
          lastStableOffset,
          cleanedTo,
          readers,
        },
      ];
    });
  }

  private cell(place: string, position: number): CellState | undefined {
    const log = this.logs.get(place);
    if (!log) return undefined;
    // Mostly it is among the last ones.
    return log.cells.findLast((cell) => cell.position === position);
  }
}

function newSegment(base: number): SegmentState {
  return { base, bytes: 0, newestTimestamp: null, removedAt: null };
}

function isThere({ removedAt }: { removedAt: Micros | null }, now: Micros): boolean {
  return removedAt === null || now - removedAt <= FADE_MICROS;
}

function remove(cell: CellState, state: 'expired' | 'compacted' | 'truncated', at: Micros): void {
  if (cell.state !== 'live') return;
  cell.state = state;
  cell.removedAt = at;
}

function push(log: LogState, at: Micros, cell: CellState): void {
  if (log.cells.length >= 2 * LOG_CELLS_MAX) prune(log, at);
  log.cells.push(cell);
}

/** Lets go of what is no longer to be seen; of what is left, live records stay longest. */
function prune(log: LogState, at: Micros): void {
  log.segments = log.segments.filter((segment) => isThere(segment, at));
  log.cells = log.cells.filter((cell) => isThere(cell, at));
  if (log.cells.length < 2 * LOG_CELLS_MAX) return;
  let live = log.cells.filter(({ state }) => state === 'live').length;
  let removed = log.cells.length - live;
  log.cells = log.cells.filter(({ state }) =>
    state === 'live' ? live-- <= LOG_CELLS_MAX : removed-- <= LOG_CELLS_MAX / 2,
  );
}
