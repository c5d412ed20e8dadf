/**
 * What a broker, and through it a client, knows of the cluster: topics, partitions, who leads them (K-51, K-60). The
 * controller decides it and sends it on; a broker's copy is a moment old.
 */
import type { TopicConfig } from './config.ts';

export interface PartitionImage {
  /** `orders-0`. */
  readonly place: string;
  readonly topic: string;
  readonly index: number;
  /** K-51: assigned replicas, the preferred leader first. */
  readonly replicas: readonly string[];
  readonly isr: readonly string[];
  /** K-63: replicas that hold everything committed though they are not in the ISR. */
  readonly elr: readonly string[];
  /** Null while nobody may lead it. */
  readonly leader: string | null;
  readonly leaderEpoch: number;
  readonly partitionEpoch: number;
}

export interface TopicImage {
  readonly name: string;
  readonly internal: boolean;
  readonly config: TopicConfig;
  readonly partitions: readonly PartitionImage[];
}

export interface BrokerImage {
  readonly node: string;
  readonly fenced: boolean;
}

/** Frozen parts; a change makes new ones, so that copies share what did not change. */
export interface ClusterImage {
  /** Counts changes. */
  readonly version: number;
  readonly brokers: ReadonlyMap<string, BrokerImage>;
  readonly topics: ReadonlyMap<string, TopicImage>;
}

export const EMPTY_IMAGE: ClusterImage = { version: 0, brokers: new Map(), topics: new Map() };

/** The name of a partition's topic and its number. */
export function splitPlace(place: string): { topic: string; index: number } {
  const at = place.lastIndexOf('-');
  return { topic: place.slice(0, at), index: Number(place.slice(at + 1)) };
}

/** @returns undefined for a partition that is not there */
export function partitionOf(image: ClusterImage, place: string): PartitionImage | undefined {
  const { topic, index } = splitPlace(place);
  const partitions = image.topics.get(topic)?.partitions;
  const found = partitions?.[index];
  // Of an internal topic only the partitions in use are there.
  return found?.index === index ? found : partitions?.find((partition) => partition.index === index);
}

/** K-57: `min(min.insync.replicas, replicas)`. */
export function effectiveMinIsr(minInsyncReplicas: number, replicas: number): number {
  return Math.min(minInsyncReplicas, replicas);
}
