/** What real brokers are started with for the scenarios made to be held, beside where they listen and where their data is. */

/** By their names in server.properties. */
export type Settings = Readonly<Record<string, string | number>>;

/**
 * @param nodes how many there are
 * @param own what the scenarios speak of (HELD_CONFIG)
 */
export function clusterSettings(nodes: number, own: Settings): Settings {
  const copies = Math.min(3, nodes);
  return {
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
}
