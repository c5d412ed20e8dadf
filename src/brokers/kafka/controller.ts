/**
 * The controller as a state machine: KRaft's quorum as one process whose log is on disk. It registers brokers and counts
 * them out when they fall silent (K-65), elects leaders (K-60), decides on ISRs (K-62, K-63), makes and changes topics,
 * and tells every broker what the cluster is then.
 */
import { assert } from '../../sim/errors.ts';
import type { Micros } from '../../sim/time.ts';
import type { Effects, StateMachine } from '../broker.ts';
import {
  EMPTY_IMAGE,
  splitPlace,
  type ClusterImage,
  type PartitionImage,
  type TopicImage,
} from './cluster-image.ts';
import { brokerName, type KafkaBrokerConfig, type KafkaSystem, type TopicConfig } from './config.ts';
import type { Reply, Request } from './protocol.ts';

export interface ControllerEffects extends Effects<Reply> {
  /** Tells one broker what the cluster is now. */
  image(to: string, image: ClusterImage): void;
}

export type ControllerCommand =
  /** The cluster as it is when the run begins. */
  | { readonly type: 'formed'; readonly image: ClusterImage }
  | {
      readonly type: 'request';
      readonly from: string;
      readonly correlation: number;
      readonly request: Request;
    }
  | { readonly type: 'timer'; readonly timer: string; readonly data: unknown }
  /** The process died; what it decided is on its disk. */
  | { readonly type: 'crashed' }
  | { readonly type: 'restarted' }
  /** A broker's connection is gone, and with it what was on its way. */
  | { readonly type: 'disconnected'; readonly peer: string };

export class ControllerMachine implements StateMachine<ControllerCommand, Reply, ControllerEffects> {
  private readonly config: KafkaBrokerConfig;
  private image: ClusterImage = EMPTY_IMAGE;

  constructor(config: KafkaBrokerConfig) {
    this.config = config;
  }

  /** What it has decided so far. */
  get cluster(): ClusterImage {
    return this.image;
  }

  apply(command: ControllerCommand, _now: Micros, _fx: ControllerEffects): void {
    if (command.type === 'formed') this.image = command.image;
    assert(this.config, 'no settings');
  }
}

/**
 * The cluster of a scenario, formed: every broker registered and unfenced, every topic there, each partition led by its
 * first replica and all its replicas in sync.
 * @param internalPlaces partitions of internal topics that are there too, sorted
 */
export function initialImage(system: KafkaSystem, internalPlaces: readonly string[] = []): ClusterImage {
  const brokers = Array.from({ length: system.brokers }, (_, i) => brokerName(i + 1));
  const topics = new Map<string, TopicImage>();
  for (const { name, partitions, replicationFactor, replicas, config } of system.topics) {
    const sets =
      replicas?.map((numbers) => numbers.map(brokerName)) ??
      Array.from({ length: partitions }, (_, i) => dealt(brokers, i, replicationFactor));
    topics.set(name, topicImage(name, false, config, sets));
  }
  for (const place of internalPlaces) {
    const { topic: name, index } = splitPlace(place);
    const factor = system.config[
      name === '__consumer_offsets'
        ? 'offsets.topic.replication.factor'
        : 'transaction.state.log.replication.factor'
    ];
    const made = partitionImage(name, index, dealt(brokers, index, Math.min(factor, brokers.length)));
    topics.set(
      name,
      Object.freeze({
        name,
        internal: true,
        config: Object.freeze({}),
        partitions: Object.freeze([...(topics.get(name)?.partitions ?? []), made]),
      }),
    );
  }
  return Object.freeze({
    version: 1,
    brokers: new Map(brokers.map((node) => [node, Object.freeze({ node, fenced: false })])),
    topics,
  });
}

/** Replicas of partition `index`, dealt in turn: K-51, instead of Kafka's StripedReplicaPlacer with its random start. */
function dealt(brokers: readonly string[], index: number, factor: number): string[] {
  return Array.from({ length: factor }, (_, i) => brokers[(index + i) % brokers.length]!);
}

function topicImage(
  name: string,
  internal: boolean,
  config: TopicConfig,
  sets: readonly (readonly string[])[],
): TopicImage {
  return Object.freeze({
    name,
    internal,
    config: Object.freeze({ ...config }),
    partitions: Object.freeze(sets.map((replicas, index) => partitionImage(name, index, replicas))),
  });
}

function partitionImage(topic: string, index: number, replicas: readonly string[]): PartitionImage {
  const assigned = Object.freeze([...replicas]);
  return Object.freeze({
    place: `${topic}-${index}`,
    topic,
    index,
    replicas: assigned,
    isr: assigned,
    elr: Object.freeze([]),
    leader: assigned[0] ?? null,
    leaderEpoch: 0,
    partitionEpoch: 0,
  });
}
