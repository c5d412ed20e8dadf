/** Settings of the brokers that are started here, as a file of theirs. */
import type { Relayed } from '../installation.ts';
import { clusterSettings, type Settings } from '../../scenarios/kafka/cluster-settings.ts';

/** Ports of a process on this machine. */
export interface Listeners {
  readonly port: number;
  readonly controllerPort: number;
  readonly relayed: Relayed;
}

/** Ports of this machine that lead into a container. */
export type Published = Omit<Listeners, 'controllerPort'>;

/** Inside, where there is nobody else: for clients and relays as compose.yaml has it. */
const INSIDE = { port: 9092, controllerPort: 9093, relayedPort: 9094, brokersPort: 19092 };

/**
 * Settings of a node that is broker and controller, as lines of server.properties.
 * @param all of every node in order
 * @param own what the scenarios speak of
 */
export function serverProperties(id: number, all: readonly Listeners[], data: string, own: Settings): string {
  const { port, controllerPort, relayed } = all[id - 1]!;
  return properties(id, all.length, own, {
    listeners: `PLAINTEXT://127.0.0.1:${port},RELAYED://127.0.0.1:${relayed.port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},RELAYED://127.0.0.1:${relayed.via}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,RELAYED:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.voters': all
      .map((listeners, i) => `${i + 1}@127.0.0.1:${listeners.controllerPort}`)
      .join(','),
    'log.dirs': data,
  });
}

/**
 * The same of one in a container, whose name is `broker-<id>` to the others.
 * @param published of every node in order
 */
export function containerProperties(id: number, published: readonly Published[], own: Settings): string {
  const { port, relayed } = published[id - 1]!;
  return properties(id, published.length, own, {
    listeners: `PLAINTEXT://:${INSIDE.port},RELAYED://:${INSIDE.relayedPort},BROKERS://:${INSIDE.brokersPort},CONTROLLER://:${INSIDE.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},RELAYED://127.0.0.1:${relayed.via},BROKERS://broker-${id}:${INSIDE.brokersPort}`,
    'inter.broker.listener.name': 'BROKERS',
    'listener.security.protocol.map':
      'PLAINTEXT:PLAINTEXT,RELAYED:PLAINTEXT,BROKERS:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.voters': published
      .map((_, i) => `${i + 1}@broker-${i + 1}:${INSIDE.controllerPort}`)
      .join(','),
    'log.dirs': '/tmp/kraft-logs',
  });
}

function properties(id: number, nodes: number, own: Settings, network: Settings): string {
  const settings: Settings = {
    'process.roles': 'broker,controller',
    'node.id': id,
    'controller.listener.names': 'CONTROLLER',
    ...network,
    ...clusterSettings(nodes, own),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
