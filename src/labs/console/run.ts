/**
 * The commands of a lab at the prompt: `up` and `down`, `tool …` for a command of your own, and without one the session: each
 * command of `session.json` after the other. What was printed goes to `run/session.json`, which the judge reads.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as kafka from '../kafka/brokers.ts';
import * as rabbitmq from '../rabbitmq/nodes.ts';
import { kafkaTool } from './kafka.ts';
import { declare, rabbitmqTool } from './rabbitmq.ts';
import type { Printed, Step } from './session.ts';

const { broker, steps } = JSON.parse(readFileSync('session.json', 'utf8')) as {
  broker: 'kafka' | 'rabbitmq';
  steps: Step[];
};
const nodes = { kafka, rabbitmq }[broker];
/** Until a controller has noticed that a broker is gone, or that it is there again. */
const NOTICED_MS = 15_000;

function tool(words: readonly string[], input: readonly string[] | null): Promise<Printed> {
  return broker === 'kafka' ? kafkaTool(words, input) : rabbitmqTool(words);
}

async function play(): Promise<void> {
  nodes.started();
  const printed: (readonly string[])[] = [];
  if (broker === 'rabbitmq') await declare();
  for (const { line, input, fault } of steps) {
    if (fault) {
      await nodes.hurt(fault.node, fault.do);
      await sleep(NOTICED_MS);
    }
    if (line !== undefined) console.log(`\n$ ${line}`);
    for (const typed of input ?? []) console.log(`> ${typed}`);
    printed.push(line === undefined ? [] : (await tool(wordsOf(line), input ?? [])).lines);
  }
  mkdirSync('run', { recursive: true });
  writeFileSync('run/session.json', `${JSON.stringify(printed, null, 2)}\n`);
  console.log('\nnpm run judge compares it with what the page’s console printed');
}

/** As a shell would have them: quotes hold a word together. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, one, two, plain]) => one ?? two ?? plain!);
}

const [, , command, ...words] = process.argv;
try {
  if (command === 'up') await nodes.up();
  else if (command === 'down') await nodes.down();
  else if (command === 'tool') process.exitCode = (await tool(words, null)).code;
  else await play();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
