/**
 * Nodes of our own from a RabbitMQ that is installed: beside any instance of the system, with names, ports, cookie, port
 * mapper and folders of their own, on the loopback interface. Everything stops by process id.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Installation, OwnNode, Starter } from '../installation.ts';
import { endProcess, eventually, freePort, isAlive, signal } from '../processes.ts';
import { open } from './connect.ts';
import { clusterConf } from './settings.ts';
import type { RabbitmqStarter } from './starter.ts';

export const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
export const EPMD = '/usr/bin/epmd';
const CTL = '/usr/lib/rabbitmq/bin/rabbitmqctl';
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
const LOOPBACK = '-kernel inet_dist_use_interface {127,0,0,1}';
const START_MS = 90_000;
const STOP_MS = 20_000;

/** How a program of the installed system is started; it reads and writes in `folder`. */
type Command = (folder: string, program: string, args: readonly string[]) => readonly string[];

/** A RabbitMQ that is installed, or can be. */
export interface Installed {
  readonly way: Starter['way'];
  /** @returns what is missing for it, or null */
  missing(): string | null;
  /** When it is there, and it is fetched if need be. */
  ready(): Promise<Command>;
}

/** Where a node's own files are. */
function homeOf(folder: string, node: string): string {
  return join(folder, node);
}

export function nodesFrom(installed: Installed): RabbitmqStarter {
  const { way } = installed;
  return {
    way,

    missing: () => installed.missing(),

    async start(folder, count) {
      const command = await installed.ready();
      const names = Array.from({ length: count }, (_, i) => `rabbit-${i + 1}`);
      const epmdPort = await freePort();
      const epmd = background(
        command(folder, EPMD, ['-address', '127.0.0.1', '-port', String(epmdPort)]),
        { PATH },
        join(folder, 'epmd.log'),
      );
      writeFileSync(join(folder, '.erlang.cookie'), randomBytes(16).toString('hex'), { mode: 0o400 });
      const nodes: OwnNode[] = [];
      const urls: string[] = [];
      try {
        for (const name of names) {
          const port = await freePort();
          prepare(folder, name, names.slice(0, names.indexOf(name) + 1), {
            port,
            distPort: await freePort(),
            epmdPort,
          });
          urls.push(`amqp://guest:guest@127.0.0.1:${port}`);
          nodes.push({ name, pid: launch(command, folder, name) });
          // One after another: the first makes the cluster that the others join.
          await answers(urls.at(-1)!, nodes.at(-1)!, folder);
        }
      } catch (error) {
        for (const { pid } of nodes) await endProcess(pid!, STOP_MS);
        await endProcess(epmd, STOP_MS);
        throw error;
      }
      return { broker: 'rabbitmq', way, urls, relayed: [], nodes, helpers: [epmd], folder };
    },

    async stop({ nodes, helpers }) {
      for (const { pid } of [...nodes].reverse()) await endProcess(pid!, STOP_MS);
      for (const pid of helpers) await endProcess(pid, STOP_MS);
    },

    async hurt(installation, name, fault) {
      const { urls } = installation;
      const { node, folder } = ownNode(installation, name);
      if (fault !== 'restart') {
        await signal(node.pid, fault, STOP_MS);
        return installation;
      }
      if (isAlive(node.pid)) return installation;
      const again = { name, pid: launch(await installed.ready(), folder, name) };
      await answers(urls[installation.nodes.findIndex((one) => one.name === name)]!, again, folder);
      return {
        ...installation,
        nodes: installation.nodes.map((one) => (one.name === name ? again : one)),
      };
    },

    async administer(installation, name, args) {
      const { folder } = ownNode(installation, name);
      const command = await installed.ready();
      const [program, ...rest] = command(folder, CTL, args);
      const { stdout } = await promisify(execFile)(program!, rest, {
        env: environmentOf(folder, name),
        cwd: '/',
      });
      return stdout;
    },
  };
}

function ownNode(
  { nodes, folder }: Installation,
  name: string,
): { readonly node: { readonly pid: number }; readonly folder: string } {
  const node = nodes.find((one) => one.name === name);
  if (!node || folder === null || node.pid === null) throw new Error(`${name} was not started here`);
  return { node: { pid: node.pid }, folder };
}

interface Ports {
  readonly port: number;
  readonly distPort: number;
  readonly epmdPort: number;
}

/**
 * Everything that a node is started with, so that it can be started again the same.
 * @param members that are there then, itself the last
 */
function prepare(
  folder: string,
  name: string,
  members: readonly string[],
  { port, distPort, epmdPort }: Ports,
): void {
  const home = homeOf(folder, name);
  mkdirSync(home);
  const conf = `listeners.tcp.1 = 127.0.0.1:${port}\n${clusterConf(members.map((node) => `${node}@localhost`))}`;
  writeFileSync(join(home, 'rabbitmq.conf'), conf);
  writeFileSync(join(home, 'enabled_plugins'), '[rabbitmq_consistent_hash_exchange].\n');
  writeFileSync(join(home, 'rabbitmq-env.conf'), '');
  const env = {
    PATH,
    HOME: folder,
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_NODENAME: `${name}@localhost`,
    RABBITMQ_DIST_PORT: String(distPort),
    RABBITMQ_CONF_ENV_FILE: join(home, 'rabbitmq-env.conf'),
    RABBITMQ_CONFIG_FILE: join(home, 'rabbitmq.conf'),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(home, 'advanced.config'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(home, 'enabled_plugins'),
    RABBITMQ_MNESIA_BASE: join(home, 'data'),
    RABBITMQ_LOG_BASE: join(home, 'log'),
    RABBITMQ_PID_FILE: join(home, 'pid'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: LOOPBACK,
    RABBITMQ_CTL_ERL_ARGS: LOOPBACK,
    // The script then becomes the server, and the process that was started is the one to be stopped.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
  writeFileSync(join(home, 'environment.json'), JSON.stringify(env));
}

function environmentOf(folder: string, name: string): NodeJS.ProcessEnv {
  return JSON.parse(
    readFileSync(join(homeOf(folder, name), 'environment.json'), 'utf8'),
  ) as NodeJS.ProcessEnv;
}

/** @returns the process id: each program gives way to the next, and the server is the last of them */
function launch(command: Command, folder: string, name: string): number {
  const log = join(homeOf(folder, name), 'console.log');
  return background(command(folder, SERVER, []), environmentOf(folder, name), log);
}

function background([program, ...args]: readonly string[], env: NodeJS.ProcessEnv, log: string): number {
  const out = openSync(log, 'a');
  const child = spawn(program!, args, { env, detached: true, stdio: ['ignore', out, out], cwd: '/' });
  child.unref();
  if (child.pid === undefined) throw new Error(`${program!} cannot be started`);
  return child.pid;
}

async function answers(url: string, { name, pid }: OwnNode, folder: string): Promise<void> {
  const isUp = await eventually(`${name} did not answer`, START_MS, async () => {
    if (!isAlive(pid!)) return false;
    await (await open(url)).close();
    return true;
  });
  if (!isUp) throw new Error(`${name} has ended; see ${join(homeOf(folder, name), 'console.log')}`);
}
