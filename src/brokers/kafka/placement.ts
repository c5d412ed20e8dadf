/** What a new partition is at first, and how an internal topic is made. */
import type { PartitionImage } from './cluster-image.ts';
import { TRANSACTIONS_TOPIC } from './coordinator-shard.ts';
import type { KafkaBrokerConfig, TopicConfig } from './config.ts';

/** @param isr those of the replicas that are in sync at first, the leader first; at least one */
export function newPartition(
  topic: string,
  index: number,
  replicas: readonly string[],
  isr: readonly string[],
): PartitionImage {
  return Object.freeze({
    place: `${topic}-${index}`,
    topic,
    index,
    replicas: Object.freeze([...replicas]),
    isr: Object.freeze([...isr]),
    elr: Object.freeze([]),
    leader: isr[0]!,
    leaderEpoch: 0,
    partitionEpoch: 0,
  });
}

/** K-20, K-46: how an internal topic is made, for as many brokers as there are. */
export function internalTopic(
  name: string,
  brokers: number,
  config: KafkaBrokerConfig,
): { readonly replicationFactor: number; readonly config: TopicConfig } {
  const transactions = name === TRANSACTIONS_TOPIC;
  const factor =
    config[transactions ? 'transaction.state.log.replication.factor' : 'offsets.topic.replication.factor'];
  return {
    replicationFactor: Math.min(factor, brokers),
    config: {
      'cleanup.policy': 'compact',
      'segment.bytes': 104_857_600,
      ...(transactions && {
        'min.insync.replicas': config['transaction.state.log.min.isr'],
        'unclean.leader.election.enable': false,
      }),
    },
  };
}
