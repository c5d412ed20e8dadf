/** Processes of our own on this machine: free ports, whether one lives, and its end by its id. */
import { existsSync, statSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { uptime } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from './fault.ts';

/** A port of the loopback interface that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/**
 * Whether a file that tells of processes tells of any that can be there still: after the machine has begun anew their ids are
 * other processes', which are nobody's to stop.
 */
export function isOfThisBoot(file: string): boolean {
  return existsSync(file) && statSync(file).mtimeMs > Date.now() - uptime() * 1000;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Asks a process to end, and ends it if it has not after `patienceMs`.
 * @returns when it is gone
 */
export async function endProcess(pid: number, patienceMs: number): Promise<void> {
  if (!isAlive(pid)) return;
  // One that is paused hears nothing.
  process.kill(pid, 'SIGCONT');
  process.kill(pid, 'SIGTERM');
  if (await gone(pid, patienceMs)) return;
  process.kill(pid, 'SIGKILL');
  if (!(await gone(pid, 10_000))) throw new Error(`process ${pid} does not end`);
}

/**
 * Does a fault to a process from outside; to start it again is its starter's.
 * @param patienceMs how long its end is waited for
 */
export async function signal(
  pid: number,
  fault: Exclude<Fault, 'restart'>,
  patienceMs: number,
): Promise<void> {
  switch (fault) {
    case 'crash':
      process.kill(pid, 'SIGKILL');
      await gone(pid, patienceMs);
      break;
    case 'close':
      await endProcess(pid, patienceMs);
      break;
    case 'pause':
      process.kill(pid, 'SIGSTOP');
      break;
    case 'resume':
      process.kill(pid, 'SIGCONT');
  }
}

/** @returns whether it is gone within so many milliseconds */
export async function gone(pid: number, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs;
  while (isAlive(pid) && Date.now() < until) await sleep(50);
  return !isAlive(pid);
}

/**
 * Tries until it works.
 * @param what for the error
 * @throws Error with what it failed with last, when `withinMs` are over
 */
export async function eventually<T>(what: string, withinMs: number, attempt: () => Promise<T>): Promise<T> {
  const until = Date.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > until)
        throw new Error(`${what} within ${withinMs / 1000} s: ${(error as Error).message}`, { cause: error });
      await sleep(200);
    }
  }
}
