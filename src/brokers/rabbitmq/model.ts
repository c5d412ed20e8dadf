/**
 * The RabbitMQ model as the broker contract wants it: build, view, explain. Nodes that share their definitions, the
 * clients, and a console for the command-line tools; RULES.md says which rules of RabbitMQ they carry.
 */
import { displayName } from '../../sim/names.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import type { BrokerModel, SpanChange } from '../broker.ts';
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
  span,
};

/** A queue without a leader takes nothing and gives nothing; under an alarm no publisher is read. */
function span(event: TraceEvent): SpanChange | null {
  switch (event.kind) {
    case 'leader-elected': {
      const { place, node, why } = event;
      return { id: place, text: node === null ? `${place} has no leader: ${why}` : null };
    }
    case 'alarm-raised':
    case 'alarm-cleared': {
      const { kind, node, resource } = event;
      const text = kind === 'alarm-raised' ? `${displayName(node)} is short of ${resource}` : null;
      return { id: `${node} ${resource}`, text };
    }
    default:
      return null;
  }
}

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
