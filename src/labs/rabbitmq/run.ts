/**
 * A lab's run: plays `scenario.json`, or the one that is named, on a RabbitMQ, and writes what its clients saw to
 * `run/events.jsonl`, or the file that is named second: an event a line, in the words of the book's traces. AMQP_URL names
 * another broker than the one of compose.yaml.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Fault } from '../../real/fault.ts';
import { eventually } from '../../real/processes.ts';
import { open } from '../../real/rabbitmq/connect.ts';
import { play, type Play } from '../../real/rabbitmq/session.ts';
import { Recorder } from '../../real/recorder.ts';

const OWN = 'amqp://guest:guest@127.0.0.1:5672';
const [, , from = 'scenario.json', to = 'run/events.jsonl'] = process.argv;
const url = process.env['AMQP_URL'] ?? OWN;
const START_MS = 120_000;
const COMMANDS: Record<Fault, string> = {
  crash: 'kill',
  close: 'stop',
  restart: 'start',
  pause: 'pause',
  resume: 'unpause',
};

/** Does it to the container. */
async function hurt(_node: string, fault: Fault): Promise<void> {
  if (url !== OWN) throw new Error('Only the broker of compose.yaml is stopped and started; unset AMQP_URL');
  console.log(`docker compose ${COMMANDS[fault]} rabbitmq`);
  await promisify(execFile)('docker', ['compose', COMMANDS[fault], 'rabbitmq']);
  if (fault === 'restart')
    await eventually('RabbitMQ did not answer', START_MS, async () => (await open(url)).close());
}

/** Runs rabbitmqctl in the container. */
async function administer(_node: string, args: readonly string[]): Promise<string> {
  if (url !== OWN) throw new Error('Only the broker of compose.yaml is administered; unset AMQP_URL');
  console.log(`docker compose exec rabbitmq rabbitmqctl ${args.join(' ')}`);
  const command = ['compose', 'exec', '--no-TTY', 'rabbitmq', 'rabbitmqctl', ...args];
  return (await promisify(execFile)('docker', command)).stdout;
}

const scenario = JSON.parse(readFileSync(from, 'utf8')) as Play & { title: string };
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());

try {
  const model = await open(url);
  const { product, version } = model.connection.serverProperties;
  await model.close();
  console.log(`${scenario.title}: ${scenario.durationMs / 1000} s on ${product} ${version}`);
  const events = await play(scenario, {
    urls: [url],
    recorder: new Recorder(),
    signal: interrupted.signal,
    hurt,
    administer,
  });
  mkdirSync(dirname(to), { recursive: true });
  const lines = events.map(({ at, kind, ...rest }, seq) => JSON.stringify({ seq, at, kind, ...rest }));
  writeFileSync(to, `${lines.join('\n')}\n`);
  console.log(`${events.length} events in ${to}; npm run judge asks the claims of them`);
} catch (error) {
  const { code, message } = error as NodeJS.ErrnoException;
  console.error(
    code === 'ECONNREFUSED' ? `Nobody listens at ${new URL(url).host}: npm run up starts RabbitMQ` : message,
  );
  process.exitCode = 1;
}
