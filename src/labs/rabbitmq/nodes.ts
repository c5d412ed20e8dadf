/**
 * The nodes of a lab: containers of its compose.yaml, or where no Docker answers processes of the RabbitMQ that Debian or the
 * machine itself has. AMQP_URL names others, with commas between them: those are neither stopped nor administered.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { dockerMissing, FAULT_COMMANDS } from '../../real/docker.ts';
import type { Fault } from '../../real/fault.ts';
import type { Installation } from '../../real/installation.ts';
import { eventually, isAlive, isOfThisBoot } from '../../real/processes.ts';
import { open } from '../../real/rabbitmq/connect.ts';
import { debianStarter } from '../../real/rabbitmq/debian.ts';
import { packagesStarter } from '../../real/rabbitmq/packages.ts';
import {
  containersDown,
  containersRun,
  containersThere,
  hurtContainer,
  startContainers,
} from '../services/docker-compose.ts';
import { portOf } from '../services/ports.ts';
import { labFile } from '../scenarios.ts';

const START_MS = 120_000;
const FOLDER = resolve('run/nodes');
/** What is known of them where they are processes. */
const FILE = resolve('run/nodes.json');
/** Debian's first: it is as new as the container. */
const STARTERS = [debianStarter, packagesStarter];

const named = process.env['AMQP_URL']?.split(',');

function processes(): Installation | null {
  return isOfThisBoot(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Installation) : null;
}

function keep(installation: Installation): void {
  writeFileSync(FILE, JSON.stringify(installation, null, 2));
}

function starterOf({ way }: Installation): (typeof STARTERS)[number] {
  return STARTERS.find((one) => one.way === way)!;
}

/** Where clients connect. */
export function urls(): readonly string[] {
  return (
    named ??
    processes()?.urls ??
    Array.from({ length: labFile().nodes }, (_, i) => containerUrl(`rabbit-${i + 1}`))
  );
}

function containerUrl(name: string): string {
  const port = portOf(`${name.toUpperCase().replace('-', '_')}_PORT`);
  return `amqp://guest:guest@127.0.0.1:${port}`;
}

/** @throws Error that says what is missing, or what did not work */
export async function up(): Promise<void> {
  const noDocker = dockerMissing();
  if (noDocker === null) {
    rmSync(FILE, { force: true });
    await startContainers();
  } else await start(noDocker);
  console.log(`RabbitMQ is up, at ${urls().join(', ')}`);
}

/**
 * Before anything is started.
 * @param noDocker what is missing for containers
 * @returns by what they are started as processes
 * @throws Error that says why they cannot be processes either
 */
export function startable(noDocker: string): (typeof STARTERS)[number] {
  if (processes()?.nodes.some(({ pid }) => isAlive(pid!)))
    throw new Error('RabbitMQ is up; npm run down stops it');
  const missing = STARTERS.map((one) => one.missing());
  const starter = STARTERS.find((_, i) => missing[i] === null);
  if (!starter) throw new Error(`RabbitMQ needs ${[noDocker, ...missing].join(', or ')}`);
  return starter;
}

/**
 * As processes.
 * @param noDocker what is missing for containers
 * @throws Error that says what is missing for processes too, or what did not work
 */
export async function start(noDocker: string): Promise<void> {
  const starter = startable(noDocker);
  rmSync(FILE, { force: true });
  const count = labFile().nodes;
  console.log(
    `Without ${noDocker}: as ${count === 1 ? 'a process' : 'processes'}, by ${starter.way === 'debian' ? 'packages of Debian’s next release' : 'the package that is installed'} …`,
  );
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  keep(await starter.start(FOLDER, count));
}

/**
 * Before a run. Brokers that are named are taken, until something is to be done to them.
 * @throws Error where the lab needs its own and they are not up: whatever else listens there is left alone
 */
export function started(): void {
  if (labFile().own && !named && !processes()) containersRun();
}

export async function down(): Promise<void> {
  if (!(await stop())) await containersDown();
}

/** @returns whether they were processes */
export async function stop(): Promise<boolean> {
  const there = processes();
  if (!there) return false;
  await starterOf(there).stop(there);
  rmSync(FILE);
  rmSync(FOLDER, { recursive: true, force: true });
  return true;
}

/** Does it to a node; it is there again when a restart resolves. */
export async function hurt(name: string, fault: Fault): Promise<void> {
  if (named) throw new Error(`${name} is stopped only where npm run up has started it; unset AMQP_URL`);
  console.log(`${FAULT_COMMANDS[fault]} ${name}`);
  const there = processes();
  if (there) {
    keep(await starterOf(there).hurt(there, name, fault));
    return;
  }
  await hurtContainer(name, fault);
  if (fault !== 'restart') return;
  await eventually(`${name} did not answer`, START_MS, async () => (await open(containerUrl(name))).close());
}

/** Runs rabbitmqctl on a node. @returns what it printed */
export async function administer(name: string, args: readonly string[]): Promise<string> {
  if (named) throw new Error(`${name} is administered only where npm run up has started it; unset AMQP_URL`);
  const there = processes();
  if (there) return starterOf(there).administer(there, name, args);
  containersThere();
  const command = ['compose', 'exec', '--no-TTY', name, 'rabbitmqctl', ...args];
  return (await promisify(execFile)('docker', command)).stdout;
}
