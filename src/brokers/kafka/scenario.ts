/** Kafka's part of a scenario: its words, its processes, and what is checked of them as a whole. */
import { brokerParts, quoted, type ScenarioParts } from '../parts.ts';
import { kafkaClient, type KafkaClient } from './client-config.ts';
import {
  brokerName,
  CONTROLLER,
  kafkaAction,
  kafkaSystem,
  type KafkaAction,
  type KafkaSystem,
} from './config.ts';

export const kafkaParts = brokerParts({
  system: kafkaSystem,
  client: kafkaClient,
  actions: kafkaAction.options,
  nodes: ({ brokers }) => [...Array.from({ length: brokers }, (_, i) => brokerName(i + 1)), CONTROLLER],
  check,
});

function check({ system, clients, actions }: ScenarioParts<KafkaSystem, KafkaClient, KafkaAction>): string[] {
  const { problems, partitions } = checkTopics(system);
  const topicIsThere = (name: string, path: string): void => {
    if (!partitions.has(name))
      problems.push(`${path}: expected one of ${quoted(partitions.keys())}, got "${name}"`);
  };
  for (const { of: client, path } of clients) {
    if (client.role === 'producer') topicIsThere(client.topic, `${path}.topic`);
    else client.topics.forEach((topic) => topicIsThere(topic, `${path}.topics`));
    if (client.role === 'processor') topicIsThere(client.to, `${path}.to`);
    if (client.role === 'producer') {
      const count = partitions.get(client.topic);
      if (client.partition !== undefined && count !== undefined && client.partition >= count)
        problems.push(`${path}.partition: expected 0 to ${count - 1}, got ${client.partition}`);
    }
    if (client.role === 'consumer') {
      client.assign?.forEach((place, i) => {
        const at = place.lastIndexOf('-');
        const [topic, number] = [place.slice(0, at), place.slice(at + 1)];
        const there =
          /^\d+$/.test(number) &&
          client.topics.includes(topic) &&
          Number(number) < (partitions.get(topic) ?? 0);
        if (!there)
          problems.push(
            `${path}.assign[${i}]: expected a partition of its topics, such as "orders-0", got "${place}"`,
          );
      });
    }
  }
  const hasRole = (id: string, role: KafkaClient['role'], path: string): void => {
    const able = clients.flatMap(({ of: client }) => (client.role === role ? [client.id] : []));
    if (!able.includes(id))
      problems.push(
        `${path}: expected ${able.length > 0 ? `one of ${quoted(able)}` : `a ${role}`}, got "${id}"`,
      );
  };
  for (const { of: action, path } of actions) {
    switch (action.do) {
      case 'produce':
        hasRole(action.client, 'producer', `${path}.client`);
        break;
      case 'seek':
      case 'commit':
      case 'pause-partitions':
      case 'resume-partitions':
        hasRole(action.client, 'consumer', `${path}.client`);
        break;
      case 'create-partitions':
      case 'alter-configs':
      case 'elect-leaders':
        topicIsThere(action.topic, `${path}.topic`);
    }
  }
  return problems;
}

/** @returns problems, and how many partitions each topic has */
function checkTopics({ topics, brokers }: KafkaSystem): {
  problems: string[];
  partitions: ReadonlyMap<string, number>;
} {
  const problems: string[] = [];
  const partitions = new Map<string, number>();
  topics.forEach(({ name, partitions: count, replicationFactor, replicas }, i) => {
    const path = `system.topics[${i}]`;
    if (partitions.has(name)) problems.push(`${path}.name: expected a name not used before, got "${name}"`);
    partitions.set(name, count);
    if (replicas === undefined && replicationFactor > brokers) {
      problems.push(
        `${path}.replicationFactor: expected at most ${brokers}, as many as there are brokers, got ${replicationFactor}`,
      );
    }
    if (replicas && replicas.length !== count)
      problems.push(
        `${path}.replicas: expected one list for each of ${count} partitions, got ${replicas.length}`,
      );
    replicas?.forEach((list, index) => {
      if (new Set(list).size !== list.length || list.some((number) => number > brokers)) {
        problems.push(
          `${path}.replicas[${index}]: expected different brokers from 1 to ${brokers}, got ${list.join(', ')}`,
        );
      }
    });
  });
  return { problems, partitions };
}
