/** How an experiment says its numbers: moments, speeds, verdicts. Pure. */
import type { Verdict } from '../../claims/claim.ts';
import type { Frame } from '../../scenarios/frame.ts';
import type { Action } from '../../scenarios/schema.ts';

/** A moment as the transport shows it: `16.480 s`. @param micros virtual microseconds */
export function seconds(micros: number): string {
  return `${(micros / 1_000_000).toFixed(3)} s`;
}

/** A moment in running text: `9.2 s`. @param micros virtual microseconds */
export function shortSeconds(micros: number): string {
  return `${(micros / 1_000_000).toFixed(1)} s`;
}

/** Virtual seconds per real second that the reader may choose, evenly spaced to the ear of a logarithm. */
export const SPEEDS = [0.1, 0.25, 0.5, 1, 2, 5, 10, 25, 50, 100] as const;

/** The stop nearest to a speed. */
export function speedIndex(speed: number): number {
  let best = 0;
  SPEEDS.forEach((candidate, i) => {
    if (Math.abs(Math.log(candidate / speed)) < Math.abs(Math.log((SPEEDS[best] ?? 1) / speed))) best = i;
  });
  return best;
}

/** `6 000`, as the book writes thousands (a narrow no-break space between them). */
export function thousands(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** A duration: `412 ms`, `12.4 s`. @param ms milliseconds */
export function duration(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

export interface VerdictWords {
  readonly mark: '✓' | '✗' | '○';
  readonly word: string;
  /** What stands in small print below the statement. */
  readonly detail: string;
  /** The event that shows it, and what the link to it is called. */
  readonly jump: { readonly seq: number; readonly at: number; readonly label: string } | null;
}

export function verdictWords(verdict: Verdict): VerdictWords {
  if (verdict.status === 'open') {
    return { mark: '○', word: 'Not shown yet', detail: `waits for ${verdict.waitsFor}`, jump: null };
  }
  const cases = `${thousands(verdict.cases)} ${verdict.cases === 1 ? 'case' : 'cases'}`;
  if (verdict.status === 'fails') {
    const { seq, at, text } = verdict.counterexample;
    return { mark: '✗', word: 'Fails', detail: text, jump: { seq, at, label: 'why' } };
  }
  const shown = verdict.evidence.at(-1);
  return {
    mark: '✓',
    word: 'Holds',
    detail: cases,
    jump: shown ? { seq: shown.seq, at: shown.at, label: 'show' } : null,
  };
}

export interface Figure {
  readonly name: string;
  readonly value: string;
  /** Whether it is something to worry about. */
  readonly bad: boolean;
}

/** The live figures beside the stage. */
export function figures({ metrics }: Frame): Figure[] {
  const { latencyMs } = metrics;
  return [
    { name: 'backlog', value: thousands(metrics.backlog), bad: false },
    { name: 'processed', value: thousands(metrics.processed), bad: false },
    { name: 'processed again', value: thousands(metrics.duplicates), bad: metrics.duplicates > 0 },
    { name: 'rebalances', value: thousands(metrics.rebalances), bad: false },
    { name: 'latency p50', value: latencyMs ? duration(latencyMs.p50) : '–', bad: false },
    { name: 'latency p99', value: latencyMs ? duration(latencyMs.p99) : '–', bad: false },
  ];
}

/** What the reader did, in the list of their actions. @param action an action of theirs */
export function actionWords(action: Action): string {
  switch (action.do) {
    case 'join':
      return `add ${action.client.role.replace('-', ' ')} ${action.client.id}`;
    case 'produce':
      return `send ${action.value === null ? 'a tombstone' : action.count === 1 ? 'a record' : `${action.count} records`} ${action.key === null ? 'without a key' : `with key ${action.key}`}`;
    case 'create-partitions':
      return `raise ${action.topic} to ${action.total} partitions`;
    case 'cut':
    case 'heal':
      return `${action.do} the link ${action.between.join(' – ')}`;
    case 'link':
      return `change the link ${action.between.join(' – ')}`;
    case 'alter-configs':
      return `set ${Object.entries(action.config)
        .map(([name, value]) => `${name} to ${String(value ?? 'its default')}`)
        .join(', ')} of ${action.topic}`;
    case 'elect-leaders':
      return `elect ${action.election === 'unclean' ? 'any leader there is' : 'preferred leaders'} for ${action.topic}${action.partition === undefined ? '' : `-${action.partition}`}`;
    case 'seek':
      return `${action.client} seeks to ${seekWords(action.to)}`;
    case 'pause-partitions':
      return `${action.client} pauses ${action.places?.join(', ') ?? 'its partitions'}`;
    case 'resume-partitions':
      return `${action.client} resumes ${action.places?.join(', ') ?? 'its partitions'}`;
    case 'type':
      return `type ${action.line}`;
    case 'key':
      return action.key === 'interrupt' ? 'press Ctrl-C' : 'press Ctrl-D';
    case 'close':
      return `${action.target.startsWith('broker-') ? 'stop' : 'close'} ${action.target}`;
    default:
      return `${action.do} ${action.target}`;
  }
}

function seekWords(to: Extract<Action, { do: 'seek' }>['to']): string {
  switch (to.kind) {
    case 'beginning':
      return 'the beginning';
    case 'end':
      return 'the end';
    case 'offset':
      return `offset ${to.offset}`;
    case 'time':
      return shortSeconds(to.atMs * 1000);
  }
}

/** The charts in words: where a series stands at the moment shown, and how high it went until then. */
export function seriesWords({ series, metrics, at }: Frame): string {
  const say = (name: string, values: readonly number[], now: number): string => {
    const top = values.reduce((best, value, i) => (value > (values[best] ?? 0) ? i : best), 0);
    const highest = Math.max(values[top] ?? 0, now);
    if (highest === 0) return `${name}: 0 throughout`;
    // What is so since the last sample has no sample yet.
    const when = now === highest && now > (values[top] ?? 0) ? at : top * series.stepMicros;
    return `${name}: ${thousands(now)} now, at most ${thousands(highest)} at ${shortSeconds(when)}`;
  };
  return `${say('Backlog', series.backlog, metrics.backlog)}. ${say('Processed again', series.duplicates, metrics.duplicates)}.`;
}

/** The share of the run that a moment is at, for the timeline. @returns percent, 0 to 100 */
export function percent(at: number, endsAt: number): number {
  return endsAt === 0 ? 0 : Math.max(0, Math.min(100, (at / endsAt) * 100));
}
