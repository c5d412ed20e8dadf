/** The workload on both brokers at once. */
import { spawn } from 'node:child_process';

const RUNS = [['src/labs/rabbitmq/run.ts', 'rabbitmq'], ['src/labs/compare/kafka.ts']];

const codes = await Promise.all(
  RUNS.map(
    (args) =>
      new Promise<number>((ended, failed) => {
        const child = spawn(process.execPath, args, { stdio: 'inherit' });
        child.once('error', failed);
        child.once('close', (code) => ended(code ?? 1));
      }),
  ),
);
process.exitCode = Math.max(...codes);
