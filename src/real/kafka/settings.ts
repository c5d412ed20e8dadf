/** Settings of the brokers that are started here, as a file of theirs. */
import type { Relayed } from '../installation.ts';
import { clusterSettings, type Settings } from '../../scenarios/kafka/cluster-settings.ts';

export interface Listeners {
  readonly port: number;
  readonly controllerPort: number;
  readonly relayed: Relayed;
}

/**
 * Settings of a node that is broker and controller, as lines of server.properties.
 * @param all of every node in order
 * @param own what the scenarios speak of
 * @param outside of a container: where it listens inside, and by which port it is reached from without
 */
export function serverProperties(
  id: number,
  all: readonly Listeners[],
  data: string,
  own: Settings,
  outside?: { readonly listen: string; readonly port: number },
): string {
  const { port, controllerPort, relayed } = all[id - 1]!;
  const host = outside?.listen ?? '127.0.0.1';
  const settings: Settings = {
    'process.roles': 'broker,controller',
    'node.id': id,
    listeners: `PLAINTEXT://${host}:${port},RELAYED://${host}:${relayed.port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${outside?.port ?? port},RELAYED://127.0.0.1:${relayed.via}`,
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,RELAYED:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.voters': all
      .map((listeners, i) => `${i + 1}@127.0.0.1:${listeners.controllerPort}`)
      .join(','),
    'log.dirs': data,
    ...clusterSettings(all.length, own),
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
