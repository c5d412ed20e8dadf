/**
 * The commands of a lab: `up` and `down` for its nodes, and without one a run. It plays the scenarios that are named, of
 * those in `scenarios/`, or all, and writes what their clients saw to `run/<scenario>.jsonl`.
 */
import { readFileSync } from 'node:fs';
import { open } from '../../real/rabbitmq/connect.ts';
import { play, type Play } from '../../real/rabbitmq/session.ts';
import { Recorder } from '../../real/recorder.ts';
import { writeEvents } from '../events.ts';
import { chosen, eventsOf, fileOf } from '../scenarios.ts';
import { administer, down, hurt, started, up, urls } from './nodes.ts';

const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());

async function run(name: string): Promise<void> {
  const scenario = JSON.parse(readFileSync(fileOf(name), 'utf8')) as Play & { title: string };
  const { nodes } = scenario.system;
  const where = urls();
  if (where.length < nodes)
    throw new Error(`AMQP_URL: expected ${nodes} nodes of a cluster, with commas between them`);
  console.log(`\n# ${name}: ${scenario.title}, ${scenario.durationMs / 1000} s`);
  const events = await play(scenario, {
    urls: where,
    recorder: new Recorder(),
    signal: interrupted.signal,
    hurt,
    administer: (name, args) => {
      console.log(`rabbitmqctl ${args.join(' ')}, on ${name}`);
      return administer(name, args);
    },
  });
  writeEvents(eventsOf(name), events);
}

async function runAll(names: readonly string[]): Promise<void> {
  started();
  const where = urls();
  const model = await open(where[0]!);
  const { product, version } = model.connection.serverProperties;
  await model.close();
  console.log(`${product} ${version}${where.length === 1 ? '' : `, ${where.length} nodes`}`);
  for (const name of names) await run(name);
  console.log('\nnpm run judge asks the claims of them');
}

const [, , ...words] = process.argv;
try {
  if (words[0] === 'up') await up();
  else if (words[0] === 'down') await down();
  else await runAll(chosen(words));
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  console.error(
    code === 'ECONNREFUSED' ? `Nobody listens there (${message}): npm run up starts RabbitMQ` : message,
  );
  process.exitCode = 1;
}
