/** The engine that runs containers, and our compose.yaml. */
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Fault } from './fault.ts';

const FILE = fileURLToPath(new URL('../../compose.yaml', import.meta.url));
/** What compose.yaml leaves open, in the folder of what is up. */
const ENVIRONMENT = 'compose.env';
const LOG_LINES = 12;
/** That it has of each broker. */
const NODES = 3;

/** What of the engine does a fault to a container. */
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
 * Names of a broker's services in compose.yaml, and of its nodes in scenarios.
 * @throws Error where it has not so many
 */
export function servicesOf(name: 'rabbit' | 'broker', count: number): string[] {
  if (count > NODES)
    throw new Error(`compose.yaml has ${NODES} nodes of each broker, and ${count} were asked for`);
  return Array.from({ length: count }, (_, i) => `${name}-${i + 1}`);
}

/** Containers of one `up`, whose project is named after its folder: another one, of another checkout say, has others. */
export class Containers {
  private readonly folder: string;

  /** @param folder where what compose.yaml leaves open is kept, with the files that containers read */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** What compose.yaml asks for, such as `RABBIT_1_PORT`; to be said once, before anything is started. */
  given(variables: Readonly<Record<string, number>>): void {
    const lines = Object.entries({ FOLDER: this.folder, ...variables }).map(
      ([name, value]) => `${name}=${value}\n`,
    );
    writeFileSync(join(this.folder, ENVIRONMENT), lines.join(''));
  }

  /**
   * A file for a container, which users other than ours can read: inside it is read by the image's own.
   * @param service whose folder it is put into
   */
  write(service: string, name: string, text: string): void {
    const folder = join(this.folder, service);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), text);
    chmodSync(folder, 0o755);
    chmodSync(join(folder, name), 0o644);
  }

  /**
   * Starts services of compose.yaml.
   * @param answered when they do
   * @throws Error with what they wrote last; they are gone then
   */
  async start(services: readonly string[], answered: () => Promise<void>): Promise<void> {
    try {
      await this.compose('up', '--detach', ...services);
      await answered();
    } catch (error) {
      const log = await this.compose('logs', '--no-color', '--tail', String(LOG_LINES), ...services).catch(
        () => '',
      );
      await this.remove();
      throw new Error(`${(error as Error).message}\n${log}`.trimEnd(), { cause: error });
    }
  }

  /** Takes all of them away, with their data. */
  async remove(): Promise<void> {
    await this.compose('down', '--volumes', '--timeout', '20');
  }

  /**
   * While it is done a run stands still and its clients do not, so it has to be done soon: the engine is asked, for Docker
   * Compose would look through the whole project first.
   */
  async hurt(service: string, fault: Fault): Promise<void> {
    await promisify(execFile)('docker', [FAULT_COMMANDS[fault], `${this.project}-${service}-1`]);
  }

  /** @returns how many run, those that stand still among them */
  async running(): Promise<number> {
    const ids = await this.compose('ps', '--quiet', '--status', 'running', '--status', 'paused');
    return ids.split('\n').filter((id) => id !== '').length;
  }

  /** Runs a program in one of them. @returns what it printed @throws Error with that */
  inside(service: string, command: readonly string[]): Promise<string> {
    return this.compose('exec', '--no-TTY', service, ...command);
  }

  private get project(): string {
    return `brokerbook-${basename(this.folder).toLowerCase()}`;
  }

  private async compose(...args: readonly string[]): Promise<string> {
    const environment = join(this.folder, ENVIRONMENT);
    const { stdout } = await promisify(execFile)('docker', [
      ...['compose', '--file', FILE, '--project-name', this.project, '--env-file', environment],
      ...args,
    ]);
    return stdout;
  }
}
