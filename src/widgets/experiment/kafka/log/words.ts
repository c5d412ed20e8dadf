/** What the drawing of a log says: of segments, records, readers and as a whole. Pure. */
import type {
  KafkaView,
  LogCell,
  LogView,
  PartitionReader,
  SegmentView,
  TransactionView,
} from '../../../../brokers/kafka/view-types.ts';
import { displayName } from '../../../../sim/names.ts';
import { shortSeconds } from '../../words.ts';
import { keyWords } from '../look.ts';
import { partitionName } from '../words.ts';

/** Logs that are drawn, and told of. */
export const DRAWN_MAX = 2;

/** `320 B`, `1.2 KB`: bytes as a reader takes them in. */
export function bytesWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** A span that a setting gives: `60 s`, `7 days`. @param ms milliseconds */
function spanWords(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  const units = [
    [86_400_000, 'days'],
    [3_600_000, 'h'],
    [60_000, 'min'],
    [1000, 's'],
  ] as const;
  const [size, name] = units.find(([unit]) => ms >= 2 * unit) ?? [1000, 's'];
  return `${Number((ms / size).toFixed(1))} ${name}`;
}

/** How old a segment's newest record is, virtual microseconds; null without records. */
export function ageOf({ newestTimestamp }: SegmentView, now: number): number | null {
  return newestTimestamp === null ? null : Math.max(0, now - newestTimestamp);
}

export interface Going {
  readonly segment: SegmentView;
  /** Until retention may take it; 0 once it may. Null where it depends on what is written. */
  readonly inMicros: number | null;
}

/** What goes later than in so many virtual microseconds is not told of: nobody will see it go. */
const FAR_MICROS = 600_000_000;

/** The segment that retention will take next, the oldest one, where retention takes any soon (K-13, K-14). */
export function goingNext(log: LogView, now: number): Going | null {
  const { cleanupPolicy, retentionMs, retentionBytes } = log;
  const segments = log.segments.filter(({ removedAt }) => removedAt === null);
  const [oldest] = segments;
  if (!cleanupPolicy.includes('delete') || !oldest) return null;
  const bySize = retentionBytes >= 0 && !oldest.active;
  const whole = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  if (bySize && whole - oldest.bytes >= retentionBytes) return { segment: oldest, inMicros: 0 };
  const age = ageOf(oldest, now);
  const inMicros = retentionMs >= 0 && age !== null ? Math.max(0, retentionMs * 1000 - age) : Infinity;
  if (inMicros <= FAR_MICROS) return { segment: oldest, inMicros };
  return bySize ? { segment: oldest, inMicros: null } : null;
}

function goingWords({ segment, inMicros }: Going): string {
  if (inMicros === null) return `segment ${segment.base} goes next`;
  return inMicros === 0
    ? `segment ${segment.base} goes at the next check`
    : `segment ${segment.base} goes in ${shortSeconds(inMicros)}`;
}

/** What is taken from the log, and what goes next; the longest first. */
export function policyWords(log: LogView, now: number): readonly string[] {
  const { cleanupPolicy, retentionMs, retentionBytes } = log;
  const parts: string[] = [];
  if (cleanupPolicy.includes('delete')) {
    const kept = [
      ...(retentionMs >= 0 ? [spanWords(retentionMs)] : []),
      ...(retentionBytes >= 0 ? [bytesWords(retentionBytes)] : []),
    ];
    parts.push(kept.length > 0 ? `keeps ${kept.join(' or ')}` : 'keeps everything');
  }
  if (cleanupPolicy.includes('compact')) parts.push('compacts: the newest of each key stays');
  const going = goingNext(log, now);
  const policy = parts.join(', ');
  return going ? [`${policy}; ${goingWords(going)}`, goingWords(going)] : [policy];
}

/** What stands in a segment's frame, the longest first. */
export function segmentWords(segment: SegmentView, now: number): readonly string[] {
  const { base, bytes, active } = segment;
  const age = ageOf(segment, now);
  const old = age === null ? '' : ` · ${shortSeconds(age)} old`;
  const short = age === null ? '' : ` · ${shortSeconds(age)}`;
  return [
    ...(active ? [`segment ${base}, active · ${bytesWords(bytes)}${old}`] : []),
    `segment ${base} · ${bytesWords(bytes)}${old}`,
    `${base} · ${bytesWords(bytes)}${short}`,
    `${base} · ${bytesWords(bytes)}`,
    `${base}`,
  ];
}

export function cellWords(place: string, cell: LogCell): string {
  const { position, key, value, tombstone, confirmed, state, transaction, bytes } = cell;
  const parts = [`${partitionName(place)} offset ${position}`, keyWords(key)];
  if (tombstone) parts.push('a tombstone');
  else if (value !== null) parts.push(`value ${value}`);
  parts.push(`${bytes} bytes`);
  if (!confirmed) parts.push('not confirmed yet');
  if (transaction) parts.push(`transaction ${transaction.id}: ${transaction.state}`);
  if (state === 'expired') parts.push('expired');
  if (state === 'compacted') parts.push('compacted away');
  if (state === 'truncated') parts.push('cut off');
  return parts.join(', ');
}

/** With which isolation a group reads, where the log shows it (K-4). */
export function isolationOf(
  log: LogView,
  { readable }: PartitionReader,
): 'read_committed' | 'read_uncommitted' | null {
  if (log.lastStableOffset >= log.highWatermark) return null;
  return readable <= log.lastStableOffset ? 'read_committed' : 'read_uncommitted';
}

export function readerWords(log: LogView, reader: PartitionReader): string {
  const { group, owner, committed, position, lag, paused } = reader;
  const isolation = isolationOf(log, reader);
  return [
    `${group}: ${owner === null ? 'read by nobody' : `read by ${displayName(owner)}`}${paused ? ', paused' : ''}`,
    committed === null ? 'nothing committed' : `committed ${committed}`,
    ...(position === null ? [] : [`position ${position}`]),
    `lag ${lag}`,
    ...(isolation === null
      ? []
      : [
          `${isolation}: ${isolation === 'read_committed' ? `not beyond ${reader.readable} yet` : 'open ones too'}`,
        ]),
  ].join(', ');
}

/** A transaction under way. */
export function transactionWords({ id, client, state, openSince, records }: TransactionView): string {
  const who = client === null ? '' : ` of ${displayName(client)}`;
  const since = openSince === null ? '' : ` since ${shortSeconds(openSince)}`;
  return `transaction ${id}${who}: ${state}${since}, ${records} record${records === 1 ? '' : 's'}`;
}

/** Those that are told of below the logs. */
export function openTransactions(view: KafkaView): readonly TransactionView[] {
  return view.transactions
    .filter(({ openSince, state }) => openSince !== null || state.startsWith('Prepare'))
    .slice(0, 3);
}

/** The whole drawing in words: its text alternative. */
export function summary(view: KafkaView): string {
  const logs = view.logs ?? [];
  const told = logs.slice(0, DRAWN_MAX).map((log) => {
    const { place, segments, cells, logStart, logEnd, highWatermark, lastStableOffset, cleanedTo, readers } =
      log;
    const live = cells.filter(({ state, message }) => state === 'live' && message !== null);
    const of = (test: (cell: LogCell) => boolean, words: string): string[] => {
      const found = cells.filter(test).map(({ position }) => position);
      return found.length > 0 ? [`${words}: ${found.join(', ')}`] : [];
    };
    const frames = segments.map(({ base, end, bytes, active, removedAt }) => {
      const last = end > base ? ` to ${end - 1}` : ', empty';
      return `${base}${last}, ${bytesWords(bytes)}${active ? ', active' : ''}${removedAt === null ? '' : ', removed'}`;
    });
    const marks = [
      `starts at ${logStart}`,
      `ends at ${logEnd}`,
      `high watermark ${highWatermark}`,
      ...(lastStableOffset < highWatermark ? [`last stable offset ${lastStableOffset}`] : []),
      ...(cleanedTo === null ? [] : [`cleaned to ${cleanedTo}`]),
    ];
    const notes = [
      ...of(({ state, tombstone }) => state === 'live' && tombstone, 'tombstones'),
      ...of(({ state }) => state === 'expired', 'just expired'),
      ...of(({ state }) => state === 'compacted', 'just compacted away'),
      ...of(({ state }) => state === 'truncated', 'just cut off'),
      ...of(
        ({ transaction, message }) => message !== null && transaction?.state === 'open',
        'in open transactions',
      ),
      ...of(({ transaction, message }) => message !== null && transaction?.state === 'aborted', 'aborted'),
      ...of(
        ({ transaction, message }) => message !== null && transaction?.state === 'committed',
        'committed by a transaction',
      ),
      ...of(({ marker }) => marker === 'committed', 'commit markers'),
      ...of(({ marker }) => marker === 'aborted', 'abort markers'),
    ];
    // Ages and what goes next move with time: the heading says them.
    const sentences = [
      `Log ${place} ${marks.join(', ')}`,
      `${live.length} record${live.length === 1 ? '' : 's'} in segments ${frames.join('; ')}`,
      ...notes,
      ...readers.map((reader) => readerWords(log, reader)),
    ];
    return sentences.map((text) => `${text}.`).join(' ');
  });
  const more =
    logs.length > DRAWN_MAX
      ? [`And ${logs.length - DRAWN_MAX === 1 ? 'one more log' : `${logs.length - DRAWN_MAX} more logs`}.`]
      : [];
  return [...told, ...more, ...openTransactions(view).map((one) => `${transactionWords(one)}.`)].join(' ');
}
