/**
 * The RabbitMQ model as the broker contract wants it: build, view, explain. Nodes that share their definitions, the
 * clients, and a console for the command-line tools; RULES.md says which rules of RabbitMQ they carry.
 */
import type { BrokerModel } from '../broker.ts';
import type { RabbitmqClient } from './client-config.ts';
import { RabbitmqCluster } from './cluster.ts';
import { CONSOLE, nodeName, type RabbitmqAction, type RabbitmqSystem } from './config.ts';
import { rabbitmqConsole } from './console/index.ts';
import { explain } from './explain.ts';
import { VIEW_PARTS, type RabbitmqView } from './view-types.ts';
import { RabbitmqViewFold } from './view.ts';

export const rabbitmq: BrokerModel<RabbitmqSystem, RabbitmqClient, RabbitmqAction, RabbitmqView> = {
  id: 'rabbitmq',
  name: 'RabbitMQ',
  // in order, except what comes back and what has another priority.
  promises: { orderedPlaces: true, atLeastOnce: true },
  build: (kernel, system) => new RabbitmqCluster(kernel, system),
  createView: (system, clients, parts) =>
    new RabbitmqViewFold(
      system,
      clients,
      VIEW_PARTS.filter((part) => parts.includes(part)),
    ),
  explain,
  targetOf,
  console: rabbitmqConsole,
  figures: ['backlog', 'processed', 'duplicates', 'undelivered', 'latencyP50', 'latencyP99'],
  /** A queue without a leader takes nothing and gives nothing. */
  span: (event) =>
    event.kind === 'leader-elected'
      ? { id: event.place, text: event.node === null ? `${event.place} has no leader: ${event.why}` : null }
      : null,
};

function targetOf(action: RabbitmqAction): string {
  switch (action.do) {
    case 'publish':
    case 'cancel':
      return action.client;
    case 'declare-exchange':
      return action.exchange.name;
    case 'declare-queue':
      return action.queue.name;
    case 'delete-exchange':
    case 'delete-queue':
    case 'purge-queue':
    case 'clear-policy':
      return action.name;
    case 'set-policy':
      return action.policy.name;
    case 'bind':
    case 'unbind':
      return action.binding.destination;
    case 'alarm':
      return nodeName(action.node);
    case 'type':
    case 'key':
      return CONSOLE;
  }
}
