/** `docker compose` in a lab's folder, which shows what it prints. */
import { execFileSync, spawn } from 'node:child_process';
import { dockerMissing, FAULT_COMMANDS } from '../../real/docker.ts';
import type { Fault } from '../../real/fault.ts';
import { choosePorts, forgetPorts } from './ports.ts';

/** @throws Error when it fails */
function dockerCompose(...args: readonly string[]): Promise<void> {
  return docker('inherit', 'compose', ...args);
}

function docker(output: 'inherit' | 'ignore', ...args: readonly string[]): Promise<void> {
  return new Promise((done, failed) => {
    const child = spawn('docker', args, { stdio: ['ignore', output, 'inherit'] });
    child.once('error', failed);
    child.once('close', (code) => {
      if (code === 0) done();
      else failed(new Error(`docker ${args.join(' ')} ended with ${code ?? 'a signal'}`));
    });
  });
}

/** @returns a line for each that `docker compose` with these words prints */
function linesOf(...args: readonly string[]): string[] {
  const text = execFileSync('docker', ['compose', ...args], { encoding: 'utf8' });
  return text.split('\n').filter((line) => line !== '');
}

/** Starts all that compose.yaml has, and waits until it is healthy. @throws Error when it does not become so */
export async function startContainers(): Promise<void> {
  // Those that are there listen at the ports that they have got.
  if (linesOf('ps', '--all', '--quiet').length === 0)
    for (const line of await choosePorts()) console.log(line);
  try {
    await dockerCompose('up', '--detach', '--wait');
  } catch (error) {
    const what = `${(error as Error).message}; npm run down takes away what has been started`;
    throw new Error(`${what}, and npm run up begins anew, at ports that are free then`, { cause: error });
  }
}

/** @throws Error where the lab has no containers, and so nothing at all: processes are asked for first */
export function containersThere(): void {
  if (dockerMissing() !== null || linesOf('ps', '--all', '--quiet').length === 0)
    throw new Error('Nothing is up: npm run up starts it');
}

/** @returns which of the lab's containers run, by the names of their services */
export function running(): string[] {
  return linesOf('ps', '--services', '--status', 'running');
}

/** @throws Error where not each container of the lab runs, as after an `up` that failed or a run that was broken off */
export function containersRun(): void {
  containersThere();
  const there = running();
  const all = linesOf('config', '--services');
  const down = all.filter((name) => !there.includes(name));
  if (down.length > 0) throw new Error(`Not up: ${down.sort().join(', ')}; npm run up starts what is not`);
  // Asked now, and not when the moment for a fault has come.
  for (const service of all) idOf(service);
}

/** Ids of containers by the names of their services. */
const ids = new Map<string, string>();

function idOf(service: string): string {
  let id = ids.get(service);
  if (id === undefined) {
    [id] = linesOf('ps', '--all', '--quiet', service);
    if (id === undefined) throw new Error(`Nothing is up: npm run up starts ${service}`);
    ids.set(service, id);
  }
  return id;
}

/**
 * Does it to a container. While it is done a run stands still and its clients do not, so it has to be done soon: Docker
 * Compose looks through the whole project first, which takes half a second or more.
 */
export async function hurtContainer(service: string, fault: Fault): Promise<void> {
  await docker('ignore', FAULT_COMMANDS[fault], idOf(service));
}

/** Takes the lab's containers away; without an engine there are none. */
export async function containersDown(): Promise<void> {
  if (dockerMissing() === null) await dockerCompose('down', '--volumes');
  else console.log('Nothing was up');
  forgetPorts();
}
