/**
 * The commands of a lab that runs workloads: `up` and `down` for both brokers, and without one a run. Each file in
 * `workloads/` that is named, or all, is carried to both brokers (carry.mjs) and played on both at once; what the clients see
 * goes to `run/<workload>-<broker>.jsonl`.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dockerMissing } from '../../real/docker.ts';
import * as kafka from '../kafka/brokers.ts';
import * as rabbitmq from '../rabbitmq/nodes.ts';
import { down } from '../services/services.ts';

/** @throws Error when it fails */
function node(...args: readonly string[]): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    child.once('error', failed);
    child.once('close', (code) => {
      if (code === 0) done();
      else failed(new Error(`${args.join(' ')} ended with ${code ?? 'a signal'}`));
    });
  });
}

async function run(name: string): Promise<void> {
  await node('carry.mjs', name);
  await Promise.all([
    node('src/labs/rabbitmq/run.ts', `${name}-rabbitmq`),
    node('src/labs/kafka/run.ts', `${name}-kafka`),
  ]);
}

const [, , ...words] = process.argv;
try {
  if (words[0] === 'up') {
    const noDocker = dockerMissing();
    if (noDocker !== null) {
      // Of two, the one is not left running where the other cannot be started.
      rabbitmq.startable(noDocker);
      kafka.startable(noDocker);
    }
    await rabbitmq.up();
    await kafka.up();
  } else if (words[0] === 'down') await down();
  else {
    const known = readdirSync('workloads').map((file) => file.replace(/\.json$/, ''));
    const wrong = words.filter((word) => !known.includes(word));
    if (wrong.length > 0)
      throw new Error(`There is no workload "${wrong.join('", "')}": expected ${known.join(', ')}`);
    for (const name of words.length > 0 ? words : known) await run(name);
  }
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
