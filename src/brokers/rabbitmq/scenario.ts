/** RabbitMQ's part of a scenario: its words, its processes, and what is checked of them as a whole. */
import { brokerParts, quoted, type ScenarioParts } from '../parts.ts';
import { rabbitmqClient, type RabbitmqClient } from './client-config.ts';
import {
  nodeName,
  rabbitmqAction,
  rabbitmqSystem,
  type RabbitmqAction,
  type RabbitmqSystem,
} from './config.ts';
import { validateSystem } from './definitions/validate-system.ts';

export const rabbitmqParts = brokerParts({
  system: rabbitmqSystem,
  client: rabbitmqClient,
  actions: rabbitmqAction.options,
  nodes: ({ nodes }) => Array.from({ length: nodes }, (_, i) => nodeName(i + 1)),
  check,
});

type Parts = ScenarioParts<RabbitmqSystem, RabbitmqClient, RabbitmqAction>;

/** R-2, R-3: those that are there without being declared. */
const PREDECLARED = ['', 'amq.direct', 'amq.fanout', 'amq.topic', 'amq.headers', 'amq.match'];

/**
 * Names that a publisher or a consumer of the scenario relies on must be declared somewhere in it: by the system, the
 * timeline or a client. The calls of an application are not checked: what the server answers may be their point.
 */
function check(parts: Parts): string[] {
  const { system, clients, actions } = parts;
  const problems = validateSystem(system);
  const { exchanges, queues } = declared(parts);
  const isThere = (known: ReadonlySet<string>, name: string, path: string): void => {
    if (!known.has(name)) problems.push(`${path}: expected one of ${quoted(known)}, got "${name}"`);
  };
  const isNode = (number: number, path: string): void => {
    if (number > system.nodes)
      problems.push(`${path}: expected a node from 1 to ${system.nodes}, got ${number}`);
  };
  system.queues.forEach(({ node }, i) => isNode(node, `system.queues[${i}].node`));
  for (const { of: client, path } of clients) {
    isNode(client.node, `${path}.node`);
    if (client.role === 'publisher') isThere(exchanges, client.exchange, `${path}.exchange`);
    if (client.role === 'consumer')
      client.queues.forEach((name, i) => isThere(queues, name, `${path}.queues[${i}]`));
  }
  const hasRole = (id: string, role: RabbitmqClient['role'], path: string): void => {
    const able = clients.flatMap(({ of: client }) => (client.role === role ? [client.id] : []));
    if (!able.includes(id))
      problems.push(
        `${path}: expected ${able.length > 0 ? `one of ${quoted(able)}` : `a ${role}`}, got "${id}"`,
      );
  };
  for (const { of: action, path } of actions) {
    switch (action.do) {
      case 'publish':
        hasRole(action.client, 'publisher', `${path}.client`);
        if (action.exchange !== undefined) isThere(exchanges, action.exchange, `${path}.exchange`);
        break;
      case 'cancel':
        hasRole(action.client, 'consumer', `${path}.client`);
        break;
      case 'declare-queue':
        isNode(action.queue.node, `${path}.queue.node`);
        break;
      case 'delete-exchange':
        isThere(exchanges, action.name, `${path}.name`);
        break;
      case 'delete-queue':
      case 'purge-queue':
        isThere(queues, action.name, `${path}.name`);
        break;
      case 'bind':
      case 'unbind': {
        const { source, destination, destinationType } = action.binding;
        isThere(exchanges, source, `${path}.binding.source`);
        isThere(destinationType === 'queue' ? queues : exchanges, destination, `${path}.binding.destination`);
        break;
      }
      case 'alarm':
        isNode(action.node, `${path}.node`);
    }
  }
  return problems;
}

/** Every exchange and queue that anybody of the scenario declares. */
function declared({ system, clients, actions }: Parts): { exchanges: Set<string>; queues: Set<string> } {
  const exchanges = new Set([...PREDECLARED, ...system.exchanges.map(({ name }) => name)]);
  const queues = new Set(system.queues.map(({ name }) => name));
  for (const { of: client } of clients) {
    if (client.role === 'consumer') {
      for (const { name } of client.declares.exchanges) exchanges.add(name);
      for (const { name } of client.declares.queues) queues.add(name);
    }
    if (client.role === 'application') {
      for (const { do: call } of client.calls) {
        if (call.call === 'exchange.declare') exchanges.add(call.exchange.name);
        if (call.call === 'queue.declare') queues.add(call.queue.name);
      }
    }
  }
  for (const { of: action } of actions) {
    if (action.do === 'declare-exchange') exchanges.add(action.exchange.name);
    if (action.do === 'declare-queue') queues.add(action.queue.name);
  }
  return { exchanges, queues };
}
