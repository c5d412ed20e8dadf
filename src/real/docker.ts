/** The engine that runs containers, and our compose.yaml. */
import { execFile, execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Fault } from './fault.ts';

const FILE = fileURLToPath(new URL('../../compose.yaml', import.meta.url));

/** What of `docker compose` does a fault to a container. */
export const FAULT_COMMANDS: Readonly<Record<Fault, string>> = {
  crash: 'kill',
  close: 'stop',
  restart: 'start',
  pause: 'pause',
  resume: 'unpause',
};

/** @returns what is missing, or null */
export function dockerMissing(): string | null {
  try {
    execFileSync('docker', ['version', '--format', '{{.Server.Version}}'], { stdio: 'pipe' });
    execFileSync('docker', ['compose', 'version'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    const { code, stderr } = error as NodeJS.ErrnoException & { stderr?: Buffer };
    if (code === 'ENOENT') return 'docker';
    return `a Docker engine that answers (${String(stderr).trim().split('\n')[0] ?? 'no reason given'})`;
  }
}

/**
 * @returns what the command printed
 * @throws Error with that
 */
export async function compose(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const { stdout } = await promisify(execFile)(
    'docker',
    ['compose', '--file', FILE, '--project-name', 'brokerbook-real', ...args],
    {
      env: { ...process.env, ...env },
    },
  );
  return stdout;
}
