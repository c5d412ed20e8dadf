/** What a workload came to, as a table: a row for each figure, a column for each run. */
import type { Outcome } from '../claims/outcome.ts';

export interface Column {
  readonly name: string;
  readonly outcome: Outcome;
}

const NAME_WIDTH = 26;
const WIDTH = 14;

const number = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : String(Math.round(value));

/** Lost, or still to come: what lies in a real broker nobody sees, so that the two cannot be told apart from outside. */
export function notFinished({ lost, owed }: Outcome): number {
  return lost.confirmed + lost.unconfirmed + owed;
}

const ROWS: readonly (readonly [string, (outcome: Outcome) => string])[] = [
  ['published', ({ published }) => number(published)],
  ['confirmed', ({ confirmed }) => number(confirmed)],
  ['finished', ({ finished }) => number(finished)],
  ['finished again', ({ duplicated }) => number(duplicated)],
  ['out of order by key', ({ reordered }) => number(reordered.finished)],
  ['not finished', (outcome) => number(notFinished(outcome))],
  ['set aside', ({ deadLettered }) => number(deadLettered)],
  ['gone before it came', ({ missed }) => number(missed)],
  ['latency, median (ms)', ({ latencyMs }) => number(latencyMs?.p50)],
  ['latency, 99 of 100 (ms)', ({ latencyMs }) => number(latencyMs?.p99)],
  ['latency, longest (ms)', ({ latencyMs }) => number(latencyMs?.max)],
  [
    'recovered after (ms)',
    ({ recovery }) => (recovery.kind === 'recovered' ? number(recovery.ms) : recovery.kind),
  ],
];

/** Rows that are 0 in every column are left out, where they tell of what may happen and did not. */
const MAY_BE_LEFT = ['set aside', 'gone before it came'];

export function tableOf(columns: readonly Column[]): string[] {
  const line = (first: string, rest: readonly string[]): string =>
    [first.padEnd(NAME_WIDTH), ...rest.map((text) => text.padStart(WIDTH))].join('');
  const rows = ROWS.flatMap(([name, value]) => {
    const values = columns.map(({ outcome }) => value(outcome));
    return MAY_BE_LEFT.includes(name) && values.every((text) => text === '0') ? [] : [line(name, values)];
  });
  return [
    line(
      '',
      columns.map(({ name }) => name),
    ),
    ...rows,
  ];
}
