/** `judge.mjs` of the lab that compares RabbitMQ and Kafka: what the same workload came to on each, by one fold for both. */
import { readFileSync } from 'node:fs';
import { OutcomeFold, type OutcomeSettings } from '../../claims/outcome.ts';
import { fromMs } from '../../sim/time.ts';
import { readEvents } from '../judge.ts';
import { tableOf, type Column } from '../outcome-table.ts';

type Side = Column;

/** What both promise, each with who shows it. */
const PROMISES: readonly (readonly [string, (side: Side) => boolean])[] = [
  [
    'every message is finished in the end, what the dead consumer had in hand too',
    ({ outcome }) => outcome.published > 0 && outcome.finished === outcome.published,
  ],
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
  console.log(`${tableOf(sides).join('\n')}\n`);
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
