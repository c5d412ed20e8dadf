/** `compose.yaml` of a lab, and the files that it mounts: so many nodes of each of its brokers. */
import type { Settings } from '../scenarios/kafka/cluster-settings.ts';
import { kafkaPart } from './kafka-compose.ts';
import type { Service } from './lab.ts';
import { rabbitmqPart } from './rabbitmq-compose.ts';

const NAMES: Readonly<Record<Service, string>> = { rabbitmq: 'RabbitMQ', kafka: 'Kafka' };

/**
 * @param settings of Kafka's brokers, beside its own
 * @returns texts by their paths in the lab
 */
export function composeFiles(
  services: readonly Service[],
  nodes: number,
  settings: Settings = {},
): Readonly<Record<string, string>> {
  const parts = services.map((one) => (one === 'kafka' ? kafkaPart(nodes, settings) : rabbitmqPart(nodes)));
  const names = services.map((one) => NAMES[one]).join(' and ');
  const of = services.length > 1 ? ' of each' : '';
  const text = [
    `# ${names}, ${nodes === 1 ? `one node${of}` : `${nodes} nodes${of}`}. npm run up starts ${services.length > 1 ? 'them, and waits until they answer' : 'it, and waits until it answers'}.\n`,
    ...parts.map(({ shared }) => shared),
    'services:\n',
    ...parts.map((part) => part.services),
  ];
  const files = Object.fromEntries(parts.flatMap((part) => Object.entries(part.files)));
  return { 'compose.yaml': text.join(''), ...files };
}
