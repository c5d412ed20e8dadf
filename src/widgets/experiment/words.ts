/** How an experiment says its numbers: moments, speeds, verdicts. Pure. */
import type { FigureName } from '../../brokers/broker.ts';
import type { Verdict } from '../../claims/claim.ts';
import type { Metrics } from '../../claims/metrics.ts';
import type { Frame } from '../../scenarios/frame.ts';
import type { Action, CommonAction } from '../../scenarios/schema.ts';

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

const FIGURES: Readonly<Record<FigureName, (metrics: Metrics) => Figure>> = {
  backlog: ({ backlog }) => counted('backlog', backlog),
  processed: ({ processed }) => counted('processed', processed),
  duplicates: ({ duplicates }) => counted('processed again', duplicates, duplicates > 0),
  rebalances: ({ rebalances }) => counted('rebalances', rebalances),
  undelivered: ({ deadLettered, dropped }) =>
    counted('dead-lettered, dropped', deadLettered + dropped, dropped > 0),
  latencyP50: ({ latencyMs }) => timed('latency p50', latencyMs?.p50),
  latencyP99: ({ latencyMs }) => timed('latency p99', latencyMs?.p99),
};

function counted(name: string, value: number, bad = false): Figure {
  return { name, value: thousands(value), bad };
}

function timed(name: string, ms: number | undefined): Figure {
  return { name, value: ms === undefined ? '–' : duration(ms), bad: false };
}

/** The live figures beside the stage: those that matter for the broker. */
export function figures({ metrics, figures: names }: Frame): Figure[] {
  return names.map((name) => FIGURES[name](metrics));
}

/**
 * What the reader did that can be done to any broker.
 * @param nameOf how a process is called on the stage, by its id
 */
export function commonWords(action: CommonAction, nameOf: (id: string) => string): string {
  switch (action.do) {
    case 'join':
      return `add ${action.client.role.replace('-', ' ')} ${nameOf(action.client.id)}`;
    case 'cut':
    case 'heal':
      return `${action.do} the link ${action.between.map(nameOf).join(' – ')}`;
    case 'link':
      return `change the link ${action.between.map(nameOf).join(' – ')}`;
    default:
      return `${action.do} ${nameOf(action.target)}`;
  }
}

/** What was typed at a console, for brokers that have one. */
export function typedWords(action: Extract<Action, { do: 'type' | 'key' }>): string {
  if (action.do === 'type') return `type ${action.line}`;
  return action.key === 'interrupt' ? 'press Ctrl-C' : 'press Ctrl-D';
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
