/**
 * The commands of a lab: `up` and `down` for its nodes, and without one a run. It plays `scenario.json`, or the one that is
 * named, and writes what its clients saw to `run/events.jsonl`, or the file that is named second: an event a line, in the
 * words of the book's traces.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { open } from '../../real/rabbitmq/connect.ts';
import { play, type Play } from '../../real/rabbitmq/session.ts';
import { Recorder } from '../../real/recorder.ts';
import { administer, down, hurt, up, urls } from './nodes.ts';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());

function read(file: string): Play & { readonly title: string } {
  return JSON.parse(readFileSync(file, 'utf8')) as Play & { title: string };
}

async function run(from: string, to: string): Promise<void> {
  const scenario = read(from);
  const { nodes } = scenario.system;
  const where = urls(nodes);
  if (where.length < nodes)
    throw new Error(`AMQP_URL: expected ${nodes} nodes of a cluster, with commas between them`);
  const model = await open(where[0]!);
  const { product, version } = model.connection.serverProperties;
  await model.close();
  console.log(
    `${scenario.title}: ${scenario.durationMs / 1000} s on ${product} ${version}${nodes === 1 ? '' : `, ${nodes} nodes`}`,
  );
  const events = await play(scenario, {
    urls: where,
    recorder: new Recorder(),
    signal: interrupted.signal,
    hurt,
    administer,
  });
  mkdirSync(dirname(to), { recursive: true });
  const lines = events.map(({ at, kind, ...rest }, seq) => JSON.stringify({ seq, at, kind, ...rest }));
  writeFileSync(to, `${lines.join('\n')}\n`);
  console.log(`${events.length} events in ${to}; npm run judge asks the claims of them`);
}

const [, , word = 'scenario.json', to = 'run/events.jsonl'] = process.argv;
try {
  if (word === 'up') await up(read('scenario.json').system.nodes);
  else if (word === 'down') await down();
  else await run(word, to);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  console.error(
    code === 'ECONNREFUSED' ? `Nobody listens there (${message}): npm run up starts RabbitMQ` : message,
  );
  process.exitCode = 1;
}
