/**
 * The brokers of a lab that has both, or small programs of its own: containers of its compose.yaml, or where no Docker
 * answers processes.
 */
import { readFileSync } from 'node:fs';
import { dockerMissing } from '../../real/docker.ts';
import { containersDown, startContainers } from './docker-compose.ts';
import * as kafka from '../kafka/brokers.ts';
import * as rabbitmq from '../rabbitmq/nodes.ts';

const STARTERS = { rabbitmq, kafka };
const NAMES = { rabbitmq: 'RabbitMQ', kafka: 'Kafka' };

/** Which of them compose.yaml has. */
function services(): (keyof typeof STARTERS)[] {
  const compose = readFileSync('compose.yaml', 'utf8');
  return (['rabbitmq', 'kafka'] as const).filter((service) =>
    new RegExp(`^ +image: (apache/)?${service}:`, 'm').test(compose),
  );
}

/** @throws Error that says what is missing, or what did not work */
export async function up(): Promise<void> {
  const noDocker = dockerMissing();
  if (noDocker === null) await startContainers();
  else {
    // Of two, the one is not left running where the other cannot be started.
    for (const service of services()) STARTERS[service].startable(noDocker);
    for (const service of services()) await STARTERS[service].start(noDocker);
  }
  for (const service of services())
    console.log(`${NAMES[service]} is up, at ${STARTERS[service].urls().join(', ')}`);
}

export async function down(): Promise<void> {
  const stopped: boolean[] = [];
  for (const service of services()) stopped.push(await STARTERS[service].stop());
  if (!stopped.includes(true)) await containersDown();
}
