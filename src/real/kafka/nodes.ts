/**
 * Nodes of Kafka from its artifacts on Maven Central, broker and controller in one process (KRaft), with ports and folders
 * of their own, on the loopback interface. Everything stops by process id.
 */
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Settings } from '../../scenarios/kafka/cluster-settings.ts';
import type { Fault } from '../fault.ts';
import type { Relayed } from '../installation.ts';
import { endProcess, eventually, freePort, isAlive, signal } from '../processes.ts';
import { Administrator } from './administrator.ts';
import { classpath, JAVA } from './maven.ts';
import { serverProperties, type Listeners } from './settings.ts';

const START_MS = 90_000;
const STOP_MS = 20_000;
const OPTIONS = ['-Xmx384m', '-XX:+UseSerialGC', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'];

export interface Nodes {
  /** Where clients connect, for each node in order. */
  readonly urls: readonly string[];
  /** For each of them, where those go whose link is to be cut. */
  readonly relayed: readonly Relayed[];
  /** By their names in scenarios. */
  readonly nodes: readonly { readonly name: string; readonly pid: number }[];
  /** Where their data and logs are. */
  readonly folder: string;
}

/**
 * @param folder an empty one, for data and logs
 * @throws Error that says what did not work
 */
export async function startNodes(folder: string, count: number, settings: Settings): Promise<Nodes> {
  const all: Listeners[] = [];
  for (let i = 0; i < count; i++)
    all.push({
      port: await freePort(),
      controllerPort: await freePort(),
      relayed: { port: await freePort(), via: await freePort() },
    });
  const cluster = randomBytes(16).toString('base64url');
  const nodes: { name: string; pid: number }[] = [];
  const urls = all.map(({ port }) => `kafka://127.0.0.1:${port}`);
  try {
    for (let id = 1; id <= count; id++) {
      const name = `broker-${id}`;
      mkdirSync(join(folder, name));
      const properties = serverProperties(id, all, join(folder, name, 'data'), settings);
      writeFileSync(propertiesOf(folder, name), properties);
      await promisify(execFile)(JAVA, [
        ...OPTIONS,
        '-cp',
        await classpath(),
        'kafka.tools.StorageTool',
        'format',
        // One word, for it may begin with a hyphen.
        `--cluster-id=${cluster}`,
        '--config',
        propertiesOf(folder, name),
      ]);
    }
    // Together: none of them is up before most of them are.
    for (let id = 1; id <= count; id++)
      nodes.push({ name: `broker-${id}`, pid: await launch(folder, `broker-${id}`) });
    await answers(urls, nodes, count);
  } catch (error) {
    for (const { pid } of nodes) await endProcess(pid, STOP_MS);
    throw error;
  }
  return { urls, relayed: all.map(({ relayed }) => relayed), nodes, folder };
}

export async function stopNodes({ nodes }: Pick<Nodes, 'nodes'>): Promise<void> {
  await Promise.all(nodes.map(({ pid }) => endProcess(pid, STOP_MS)));
}

/** @returns the nodes as they are then; it is up when a restart returns */
export async function hurtNode(before: Nodes, name: string, fault: Fault): Promise<Nodes> {
  const { nodes, folder, urls } = before;
  const node = nodes.find((one) => one.name === name);
  if (!node) throw new Error(`${name} was not started here`);
  if (fault !== 'restart') {
    await signal(node.pid, fault, STOP_MS);
    return before;
  }
  if (isAlive(node.pid)) return before;
  const again = { name, pid: await launch(folder, name) };
  const after = nodes.map((one) => (one.name === name ? again : one));
  const there = after.filter(({ pid }) => isAlive(pid));
  await answers(urls, [again], there.length);
  return { ...before, nodes: after };
}

function propertiesOf(folder: string, name: string): string {
  return join(folder, name, 'server.properties');
}

/** @returns the process id */
async function launch(folder: string, name: string): Promise<number> {
  const out = openSync(join(folder, name, 'console.log'), 'a');
  const child = spawn(
    JAVA,
    [...OPTIONS, '-cp', await classpath(), 'kafka.Kafka', propertiesOf(folder, name)],
    { detached: true, stdio: ['ignore', out, out], cwd: '/' },
  );
  child.unref();
  if (child.pid === undefined) throw new Error(`${JAVA} cannot be started`);
  return child.pid;
}

/**
 * Until so many brokers are in the cluster.
 * @param nodes whose end ends the waiting
 */
export async function answers(urls: readonly string[], nodes: Nodes['nodes'], count: number): Promise<void> {
  const administrator = await Administrator.open(urls);
  try {
    await eventually('the brokers did not answer', START_MS, async () => {
      const dead = nodes.find(({ pid }) => !isAlive(pid));
      if (dead) throw new Error(`${dead.name} has ended; see its console.log`);
      const { nodes: there } = await administrator.version();
      if (there < count) throw new Error(`${there} of ${count} brokers are there`);
    });
  } finally {
    administrator.end();
  }
}
