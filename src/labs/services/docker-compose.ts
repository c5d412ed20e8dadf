/** `docker compose` in a lab's folder, which shows what it prints. */
import { execFileSync, spawn } from 'node:child_process';
import { dockerMissing } from '../../real/docker.ts';

/** @throws Error when it fails */
export function dockerCompose(...args: readonly string[]): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn('docker', ['compose', ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
    child.once('error', failed);
    child.once('close', (code) => {
      if (code === 0) done();
      else failed(new Error(`docker compose ${args.join(' ')} ended with ${code ?? 'a signal'}`));
    });
  });
}

/** @throws Error where the lab has no containers, and so nothing at all: processes are asked for first */
export function containersUp(): void {
  const list = ['compose', 'ps', '--all', '--quiet'];
  if (dockerMissing() !== null || execFileSync('docker', list, { encoding: 'utf8' }).trim() === '')
    throw new Error('Nothing is up: npm run up starts it');
}

/** Takes the lab's containers away; without an engine there are none. */
export async function containersDown(): Promise<void> {
  if (dockerMissing() === null) await dockerCompose('down', '--volumes');
  else console.log('Nothing was up');
}
