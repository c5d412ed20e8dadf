/**
 * The brokers of a lab: containers of its compose.yaml, or where no Docker answers processes of the same Kafka, from the
 * artifacts that its clients need anyway. KAFKA names others, with commas between them: those are never stopped.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { dockerMissing, FAULT_COMMANDS } from '../../real/docker.ts';
import type { Fault } from '../../real/fault.ts';
import type { Relayed } from '../../real/installation.ts';
import { javaMissing } from '../../real/kafka/maven.ts';
import { answers, hurtNode, startNodes, stopNodes, type Nodes } from '../../real/kafka/nodes.ts';
import { isAlive, isOfThisBoot } from '../../real/processes.ts';
import {
  containersDown,
  containersRun,
  hurtContainer,
  running,
  startContainers,
} from '../services/docker-compose.ts';
import { portOf } from '../services/ports.ts';
import { labFile } from '../scenarios.ts';

const FOLDER = resolve('run/brokers');
/** What is known of them where they are processes. */
const FILE = resolve('run/brokers.json');

const { KAFKA } = process.env;
const named = KAFKA?.split(',').map((one) => (one.includes('://') ? one : `kafka://${one}`));

function processes(): Nodes | null {
  return isOfThisBoot(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as Nodes) : null;
}

/** Whether they are containers of this lab. */
export function dockerized(): boolean {
  return !named && !processes();
}

function keep(nodes: Nodes): void {
  writeFileSync(FILE, JSON.stringify(nodes, null, 2));
}

/** Where clients connect. */
export function urls(): readonly string[] {
  return (
    named ?? processes()?.urls ?? ofContainers((broker) => `kafka://127.0.0.1:${portOf(`${broker}_PORT`)}`)
  );
}

/** @param of what of a container, which compose.yaml calls `BROKER_1` in the names of its variables */
function ofContainers<T>(of: (broker: string) => T): T[] {
  return Array.from({ length: labFile().nodes }, (_, i) => of(`BROKER_${i + 1}`));
}

/** Where those go whose link is cut. @returns none of brokers that were not started here */
export function relayed(): readonly Relayed[] {
  if (named) return [];
  return (
    processes()?.relayed ??
    // Nothing listens at `via` until a run has a link to cut.
    ofContainers((broker) => ({
      port: portOf(`${broker}_RELAYED_PORT`),
      via: portOf(`${broker}_RELAY_PORT`),
    }))
  );
}

/** @throws Error that says what is missing, or what did not work */
export async function up(): Promise<void> {
  const noJava = javaMissing();
  if (noJava !== null) throw new Error(`Kafka’s client needs ${noJava}`);
  const noDocker = dockerMissing();
  if (noDocker === null) {
    rmSync(FILE, { force: true });
    await startContainers();
    await answers(urls(), [], labFile().nodes);
  } else await start(noDocker);
  console.log(`Kafka is up, at ${urls().join(', ')}`);
}

/**
 * Before anything is started.
 * @param noDocker what is missing for containers
 * @throws Error that says why they cannot be processes either
 */
export function startable(noDocker: string): void {
  const noJava = javaMissing();
  if (noJava !== null) throw new Error(`Kafka needs ${noDocker}, or ${noJava}`);
  if (processes()?.nodes.some(({ pid }) => isAlive(pid)))
    throw new Error('Kafka is up; npm run down stops it');
}

/**
 * As processes.
 * @param noDocker what is missing for containers
 * @throws Error that says what is missing for processes too, or what did not work
 */
export async function start(noDocker: string): Promise<void> {
  startable(noDocker);
  rmSync(FILE, { force: true });
  console.log(`Without ${noDocker}: as processes, from Kafka’s artifacts on Maven Central …`);
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const { nodes, settings } = labFile();
  keep(await startNodes(FOLDER, nodes, settings));
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
  await stopNodes(there);
  rmSync(FILE);
  rmSync(FOLDER, { recursive: true, force: true });
  return true;
}

/** Does it to a broker; it is there again when a restart resolves. */
export async function hurt(name: string, fault: Fault): Promise<void> {
  if (named) throw new Error(`${name} is stopped only where npm run up has started it; unset KAFKA`);
  const there = processes();
  console.log(`${FAULT_COMMANDS[fault]} ${name}`);
  if (there) {
    keep(await hurtNode(there, name, fault));
    return;
  }
  await hurtContainer(name, fault);
  if (fault !== 'restart') return;
  // One that is away as well will not come by waiting.
  const brokers = running().filter((service) => service.startsWith('broker-'));
  await answers(urls(), [], brokers.length);
}
