/** Settings of the brokers that are started here, beside those that the scenarios speak of. */

/** By their names in server.properties. */
export type Settings = Readonly<Record<string, string | number>>;

export interface Listeners {
  readonly port: number;
  readonly controllerPort: number;
}

/**
 * Settings of a node that is broker and controller, as lines of server.properties.
 * @param all of every node in order
 * @param own what the scenarios speak of, shorter than Kafka's defaults, so that a run takes seconds
 * @param outside of a container: where it listens inside, and by which port it is reached from without
 */
export function serverProperties(
  id: number,
  all: readonly Listeners[],
  data: string,
  own: Settings,
  outside?: { readonly listen: string; readonly port: number },
): string {
  const { port, controllerPort } = all[id - 1]!;
  const copies = Math.min(3, all.length);
  const settings: Record<string, string | number> = {
    'process.roles': 'broker,controller',
    'node.id': id,
    listeners: `PLAINTEXT://${outside?.listen ?? '127.0.0.1'}:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${outside?.port ?? port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.voters': all
      .map((listeners, i) => `${i + 1}@127.0.0.1:${listeners.controllerPort}`)
      .join(','),
    'log.dirs': data,
    'auto.create.topics.enable': 'false',
    // The defaults of these fit a cluster of three and more, and 50 partitions each.
    'offsets.topic.replication.factor': copies,
    'transaction.state.log.replication.factor': copies,
    'transaction.state.log.min.isr': Math.min(2, copies),
    'share.coordinator.state.topic.replication.factor': copies,
    'share.coordinator.state.topic.min.isr': Math.min(2, copies),
    'offsets.topic.num.partitions': 5,
    'transaction.state.log.num.partitions': 5,
    'share.coordinator.state.topic.num.partitions': 5,
    ...own,
    // The least that a group may be given.
    'group.consumer.min.heartbeat.interval.ms': 1000,
    'group.consumer.min.session.timeout.ms': 6000,
    'group.share.min.record.lock.duration.ms': 1000,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
