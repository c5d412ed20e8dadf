/**
 * RabbitMQ from the machine's own packages (Debian's rabbitmq-server): nodes of our own beside any instance of the system,
 * with names, ports, cookie, port mapper and folders of their own, on the loopback interface. Everything stops by process id.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { OwnNode, Starter } from '../driver.ts';
import { endProcess, eventually, freePort, isAlive, signal } from '../processes.ts';
import { open } from './connect.ts';

const SERVER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const EPMD = '/usr/bin/epmd';
const START_MS = 90_000;
const STOP_MS = 20_000;

/** Where a node's own files are. */
function homeOf(folder: string, node: string): string {
  return join(folder, node);
}

export const packagesStarter: Starter = {
  way: 'packages',

  missing() {
    const absent = [SERVER, EPMD].filter((file) => !existsSync(file));
    return absent.length === 0 ? null : `${absent.join(' and ')} (Debian: apt-get install rabbitmq-server)`;
  },

  async start(folder, count) {
    const names = Array.from({ length: count }, (_, i) => `rabbit-${i + 1}`);
    const epmdPort = await freePort();
    const epmd = background(
      EPMD,
      ['-address', '127.0.0.1', '-port', String(epmdPort)],
      process.env,
      join(folder, 'epmd.log'),
    );
    writeFileSync(join(folder, '.erlang.cookie'), randomBytes(16).toString('hex'), { mode: 0o400 });
    const nodes: OwnNode[] = [];
    const urls: string[] = [];
    try {
      for (const name of names) {
        const port = await freePort();
        prepare(folder, name, names, { port, distPort: await freePort(), epmdPort });
        urls.push(`amqp://guest:guest@127.0.0.1:${port}`);
        nodes.push({ name, pid: launch(folder, name) });
        // One after another: the first makes the cluster that the others join.
        await answers(urls.at(-1)!, nodes.at(-1)!, folder);
      }
    } catch (error) {
      for (const { pid } of nodes) await endProcess(pid!, STOP_MS);
      await endProcess(epmd, STOP_MS);
      throw error;
    }
    return { broker: 'rabbitmq', way: 'packages', urls, nodes, helpers: [epmd], folder };
  },

  async stop({ nodes, helpers }) {
    for (const { pid } of [...nodes].reverse()) await endProcess(pid!, STOP_MS);
    for (const pid of helpers) await endProcess(pid, STOP_MS);
  },

  async hurt(installation, name, fault) {
    const { nodes, folder, urls } = installation;
    const index = nodes.findIndex((node) => node.name === name);
    const node = nodes[index];
    if (!node || folder === null || node.pid === null) throw new Error(`${name} was not started here`);
    if (fault !== 'restart') {
      await signal(node.pid, fault, STOP_MS);
      return installation;
    }
    if (isAlive(node.pid)) return installation;
    const again = { name, pid: launch(folder, name) };
    await answers(urls[index]!, again, folder);
    return { ...installation, nodes: nodes.map((one) => (one.name === name ? again : one)) };
  },
};

interface Ports {
  readonly port: number;
  readonly distPort: number;
  readonly epmdPort: number;
}

/** Everything that a node is started with, so that it can be started again the same. */
function prepare(
  folder: string,
  name: string,
  all: readonly string[],
  { port, distPort, epmdPort }: Ports,
): void {
  const home = homeOf(folder, name);
  mkdirSync(home);
  const conf = [`listeners.tcp.1 = 127.0.0.1:${port}`];
  if (all.length > 1) {
    conf.push('cluster_formation.peer_discovery_backend = classic_config');
    all.forEach((node, i) =>
      conf.push(`cluster_formation.classic_config.nodes.${i + 1} = ${node}@localhost`),
    );
  }
  writeFileSync(join(home, 'rabbitmq.conf'), `${conf.join('\n')}\n`);
  writeFileSync(join(home, 'enabled_plugins'), '[rabbitmq_consistent_hash_exchange].\n');
  writeFileSync(join(home, 'rabbitmq-env.conf'), '');
  const env = {
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
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    // The script then becomes the server, and the process that was started is the one to be stopped.
    RUNNING_UNDER_SYSTEMD: 'true',
  };
  writeFileSync(join(home, 'environment.json'), JSON.stringify(env));
}

/** @returns the process id */
function launch(folder: string, name: string): number {
  const home = homeOf(folder, name);
  const env = JSON.parse(readFileSync(join(home, 'environment.json'), 'utf8')) as NodeJS.ProcessEnv;
  return background(SERVER, [], { PATH: process.env['PATH'], ...env }, join(home, 'console.log'));
}

function background(command: string, args: readonly string[], env: NodeJS.ProcessEnv, log: string): number {
  const out = openSync(log, 'a');
  const child = spawn(command, args, { env, detached: true, stdio: ['ignore', out, out], cwd: '/' });
  child.unref();
  if (child.pid === undefined) throw new Error(`${command} cannot be started`);
  return child.pid;
}

async function answers(url: string, { name, pid }: OwnNode, folder: string): Promise<void> {
  await eventually(`${name} did not answer`, START_MS, async () => {
    if (!isAlive(pid!)) throw new Error(`it has ended; see ${join(homeOf(folder, name), 'console.log')}`);
    await (await open(url)).close();
  });
}
