/** `docker compose` in a lab's folder, which shows what it prints. */
import { spawn } from 'node:child_process';

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
