/** `judge.mjs` of the lab that compares RabbitMQ and Kafka: what the same workload came to on each, by one fold for both. */
import { readFileSync } from 'node:fs';
import { OutcomeFold, type Outcome, type OutcomeSettings } from '../../claims/outcome.ts';
import { fromMs } from '../../sim/time.ts';
import { readEvents } from '../judge.ts';

interface Side {
  readonly name: string;
  readonly outcome: Outcome;
}

const number = (value: number | null | undefined): string =>
  value === null || value === undefined ? '-' : String(Math.round(value));

const ROWS: readonly (readonly [string, (outcome: Outcome) => string])[] = [
  ['published', ({ published }) => number(published)],
  ['confirmed', ({ confirmed }) => number(confirmed)],
  ['finished', ({ finished }) => number(finished)],
  ['finished again', ({ duplicated }) => number(duplicated)],
  ['out of order by key', ({ reordered }) => number(reordered.finished)],
  ['lost', ({ lost }) => number(lost.confirmed + lost.unconfirmed)],
  ['latency, median (ms)', ({ latencyMs }) => number(latencyMs?.p50)],
  ['latency, 99 of 100 (ms)', ({ latencyMs }) => number(latencyMs?.p99)],
  ['latency, longest (ms)', ({ latencyMs }) => number(latencyMs?.max)],
  [
    'recovered after (ms)',
    ({ recovery }) => (recovery.kind === 'recovered' ? number(recovery.ms) : recovery.kind),
  ],
];

/** What both promise, each with who shows it. */
const PROMISES: readonly (readonly [string, (side: Side) => boolean])[] = [
  ['what was confirmed is finished, or still there', ({ outcome }) => outcome.lost.confirmed === 0],
  [
    'every message is finished in the end',
    ({ outcome }) => outcome.published > 0 && outcome.finished === outcome.published,
  ],
  ['what the dead consumer had in hand is done again, or was done', ({ outcome }) => outcome.owed === 0],
  [
    'Kafka: records of one key are finished in their order',
    ({ name, outcome }) => name !== 'Kafka' || outcome.reordered.finished === 0,
  ],
];

function side(name: string, file: string): Side {
  const { durationMs, ...settings } = JSON.parse(readFileSync('outcome.json', 'utf8')) as OutcomeSettings & {
    durationMs: number;
  };
  const fold = new OutcomeFold(settings);
  for (const event of readEvents(file)) fold.on(event);
  return { name, outcome: fold.outcome(fromMs(durationMs)) };
}

try {
  const sides = [side('RabbitMQ', 'run/rabbitmq.jsonl'), side('Kafka', 'run/kafka.jsonl')];
  console.log(['', ...sides.map(({ name }) => name)].map(column).join(''));
  for (const [name, value] of ROWS)
    console.log([name, ...sides.map(({ outcome }) => value(outcome))].map(column).join(''));
  console.log('');
  let wrong = false;
  for (const [promise, holds] of PROMISES) {
    const breakers = sides.filter((one) => !holds(one)).map(({ name }) => name);
    wrong ||= breakers.length > 0;
    console.log(
      `${breakers.length === 0 ? 'holds' : 'FAILS'}     ${promise}${breakers.length === 0 ? '' : ` (not on ${breakers.join(' and ')})`}`,
    );
  }
  process.exitCode = wrong ? 1 : 0;
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 2;
}

function column(text: string, i: number): string {
  return i === 0 ? text.padEnd(26) : text.padStart(14);
}
