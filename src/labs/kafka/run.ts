/**
 * The commands of a lab: `up` and `down` for its brokers, and without one a run. It plays the scenarios that are named, of
 * those in `scenarios/`, or all, and writes what their clients saw to `run/<scenario>.jsonl`.
 */
import { readFileSync } from 'node:fs';
import { Administrator } from '../../real/kafka/administrator.ts';
import { play, type Play } from '../../real/kafka/session.ts';
import { Recorder } from '../../real/recorder.ts';
import { assignments, told } from '../assignments.ts';
import { writeEvents } from '../events.ts';
import { chosen, eventsOf, fileOf } from '../scenarios.ts';
import { down, hurt, relayed, started, up, urls } from './brokers.ts';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());

async function run(name: string): Promise<void> {
  const scenario = JSON.parse(readFileSync(fileOf(name), 'utf8')) as Play & { title: string };
  console.log(`\n# ${name}: ${scenario.title}, ${scenario.durationMs / 1000} s`);
  const events = await play(scenario, {
    urls: urls(),
    relayed: relayed(),
    recorder: new Recorder(),
    signal: interrupted.signal,
    hurt,
  });
  for (const line of told(assignments(events))) console.log(line);
  writeEvents(eventsOf(name), events);
}

async function runAll(names: readonly string[]): Promise<void> {
  started();
  const administrator = await Administrator.open(urls());
  try {
    const { release, nodes } = await administrator.version();
    console.log(`Kafka ${release}, ${nodes} ${nodes === 1 ? 'broker' : 'brokers'}`);
  } catch (error) {
    throw new Error(`No Kafka answers at ${urls().join(', ')}: npm run up starts it`, { cause: error });
  } finally {
    administrator.end();
  }
  for (const name of names) await run(name);
  console.log('\nnpm run judge asks the claims of them');
}

const [, , ...words] = process.argv;
try {
  if (words[0] === 'up') await up();
  else if (words[0] === 'down') await down();
  else await runAll(chosen(words));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
