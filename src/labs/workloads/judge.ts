/**
 * `judge.mjs` of the labs that run workloads: what each came to on both brokers, beside what it came to on the simulator, and
 * whether something happened that on the simulator does not.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { OutcomeFold, type Outcome, type OutcomeSettings } from '../../claims/outcome.ts';
import { fromMs } from '../../sim/time.ts';
import { judging, readEvents } from '../judge.ts';
import { notFinished, tableOf } from '../outcome-table.ts';

const BROKERS = { rabbitmq: 'RabbitMQ', kafka: 'Kafka' } as const;
type Broker = keyof typeof BROKERS;
/** Of workloads of the book, by their names: what the simulator made of them. */
const EXPECTED = JSON.parse(readFileSync('expected.json', 'utf8')) as Record<string, Record<Broker, Outcome>>;

/**
 * What must be as it is on the simulator, where that has none: by chance it may have fewer, and not none. What a real broker
 * sets aside nobody sees, so there it is among what is not finished.
 */
const NEVER: readonly (readonly [string, (outcome: Outcome) => number])[] = [
  ['is lost or left to be done', notFinished],
  ['is finished out of its order by key', ({ reordered }) => reordered.finished],
  ['is gone before its audience came', ({ missed }) => missed],
];

/** A client that begins late, on a busy machine, leaves out what would have been due: so much of it has to be there. */
const SENT = 0.9;

const eventsOf = (name: string, broker: Broker): string => `run/${name}-${broker}.jsonl`;
const of = (name: string): Broker[] =>
  (['rabbitmq', 'kafka'] as const).filter((broker) => existsSync(eventsOf(name, broker)));

/** What carry.mjs has written down of the workload. */
interface Settings extends OutcomeSettings {
  readonly durationMs: number;
}

function outcomeOf(name: string, broker: Broker): Outcome {
  const { durationMs, ...settings } = JSON.parse(readFileSync(`run/${name}.json`, 'utf8')) as Settings;
  const fold = new OutcomeFold(settings);
  for (const event of readEvents(eventsOf(name, broker))) fold.on(event);
  return fold.outcome(fromMs(durationMs));
}

function judge(name: string): boolean {
  console.log(`\n# ${name}\n`);
  const brokers = of(name);
  const expected = EXPECTED[name];
  const columns = brokers.flatMap((broker) => [
    ...(expected ? [{ name: 'simulated', outcome: expected[broker] }] : []),
    { name: BROKERS[broker], outcome: outcomeOf(name, broker) },
  ]);
  console.log(`${tableOf(columns).join('\n')}\n`);
  let holds = true;
  for (const broker of brokers) {
    const outcome = outcomeOf(name, broker);
    const asked = expected
      ? NEVER.filter(([, count]) => count(expected[broker]) === 0)
      : // Of a workload of your own nothing is known but what every broker promises.
        NEVER.slice(0, 1);
    for (const [what, count] of asked) {
      const aside = count === notFinished ? (expected?.[broker].deadLettered ?? 0) : 0;
      const many = Math.max(0, count(outcome) - aside);
      holds &&= many === 0;
      console.log(
        `${many === 0 ? 'holds' : 'FAILS'}     ${BROKERS[broker]}: nothing ${what}${aside === 0 ? '' : `, but what the simulator sets aside (${aside})`}${many === 0 ? '' : ` (${many})`}`,
      );
    }
    const usual = expected?.[broker].published ?? outcome.published;
    const sent = outcome.published > 0 && outcome.published >= SENT * usual;
    holds &&= sent;
    console.log(`${sent ? 'holds' : 'FAILS'}     ${BROKERS[broker]}: about as much is published`);
  }
  return holds;
}

judging(() => {
  const all = readdirSync('workloads').map((file) => file.replace(/\.json$/, ''));
  const named = process.argv.slice(2);
  const asked = named.length > 0 ? named : all.filter((name) => of(name).length > 0);
  if (asked.length === 0 || asked.some((name) => of(name).length === 0))
    throw new Error('There is nothing to judge: npm start runs the workloads');
  return asked.map(judge).every((holds) => holds);
});
