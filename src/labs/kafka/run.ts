/**
 * The commands of a lab: `up` and `down` for its brokers, and without one a run. It plays the scenarios that are named, of
 * those in `scenarios/`, or all, and writes what their clients saw to `run/<scenario>.jsonl`: an event a line, in the words
 * of the book's traces.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Administrator } from '../../real/kafka/administrator.ts';
import { play, type Play } from '../../real/kafka/session.ts';
import { Recorder } from '../../real/recorder.ts';
import { assignments, told } from '../assignments.ts';
import { down, hurt, relayed, up, urls } from './brokers.ts';
import { scenarioNames } from './scenarios.ts';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());

async function run(name: string): Promise<void> {
  const scenario = JSON.parse(readFileSync(`scenarios/${name}.json`, 'utf8')) as Play & { title: string };
  console.log(`\n# ${name}: ${scenario.title}, ${scenario.durationMs / 1000} s`);
  const events = await play(scenario, {
    urls: urls(),
    relayed: relayed(),
    recorder: new Recorder(),
    signal: interrupted.signal,
    hurt,
  });
  mkdirSync('run', { recursive: true });
  const file = `run/${name}.jsonl`;
  const lines = events.map(({ at, kind, ...rest }, seq) => JSON.stringify({ seq, at, kind, ...rest }));
  writeFileSync(file, `${lines.join('\n')}\n`);
  for (const line of told(assignments(events))) console.log(line);
  console.log(`${events.length} events in ${file}`);
}

async function runAll(names: readonly string[]): Promise<void> {
  const known = scenarioNames();
  for (const name of names)
    if (!known.includes(name))
      throw new Error(`There is no scenario "${name}": expected ${known.join(', ')}`);
  const administrator = await Administrator.open(urls());
  try {
    const { release, nodes } = await administrator.version();
    console.log(`Kafka ${release}, ${nodes} ${nodes === 1 ? 'broker' : 'brokers'}`);
  } catch (error) {
    throw new Error(`No Kafka answers at ${urls().join(', ')}: npm run up starts it`, { cause: error });
  } finally {
    administrator.end();
  }
  for (const name of names.length > 0 ? names : known) await run(name);
  console.log('\nnpm run judge asks the claims of them');
}

const [, , ...words] = process.argv;
try {
  if (words[0] === 'up') await up();
  else if (words[0] === 'down') await down();
  else await runAll(words);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
