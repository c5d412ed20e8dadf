/**
 * Ports on this machine of a lab's containers. compose.yaml names them, each with the usual one: `${RABBIT_1_PORT:-5672}`.
 * Where something listens there already, `npm run up` takes the next that is free, and writes it to `.env`, which Docker
 * Compose reads and the lab's programs too.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';

const FILE = '.env';

/** What compose.yaml has, where nothing is in the way. */
function usual(): Map<string, number> {
  const found = readFileSync('compose.yaml', 'utf8').matchAll(/\$\{(\w+_PORT):-(\d+)\}/g);
  return new Map([...found].map(([, name, port]) => [name!, Number(port)]));
}

/** @returns the port of each variable of compose.yaml */
function ports(): Map<string, number> {
  const chosen = existsSync(FILE) ? readFileSync(FILE, 'utf8').matchAll(/^(\w+)=(\d+)$/gm) : [];
  return new Map([...usual(), ...[...chosen].map(([, name, port]) => [name!, Number(port)] as const)]);
}

/** @throws Error for a variable that compose.yaml has not */
export function portOf(variable: string): number {
  const port = ports().get(variable);
  if (port === undefined) throw new Error(`compose.yaml has no \${${variable}:-…}`);
  return port;
}

/** Of each that compose.yaml names, the usual one or the next that is free. @returns a line for each that is not the usual one */
export async function choosePorts(): Promise<string[]> {
  const all = usual();
  // So that one that is in the way moves one, and not all that come after it.
  const kept = new Set(all.values());
  const chosen = new Map<string, number>();
  const lines: string[] = [];
  for (const [name, first] of all) {
    let port = first;
    if (await isTaken(first)) {
      do port++;
      while (kept.has(port) || (await isTaken(port)));
      kept.add(port);
      lines.push(`Something listens at port ${first} already: the lab takes ${port}`);
    }
    chosen.set(name, port);
  }
  writeFileSync(FILE, [...chosen].map(([name, port]) => `${name}=${port}\n`).join(''));
  return lines;
}

/** With the containers go their ports. */
export function forgetPorts(): void {
  rmSync(FILE, { force: true });
}

/** Whether somebody on this machine listens there. */
function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (taken: boolean): void => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}
