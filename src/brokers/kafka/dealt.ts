/** Where the replicas of new partitions go (K-51). */

/**
 * Replicas of one partition, dealt in turn where Kafka's StripedReplicaPlacer begins at a random broker. As there, the
 * preferred leader is a broker that is not fenced, and the others may be any.
 * @param brokers that may be given replicas, in order
 * @param unfenced those of them that are not fenced; at least one
 */
export function dealt(
  brokers: readonly string[],
  unfenced: readonly string[],
  index: number,
  factor: number,
): string[] {
  const first = brokers.indexOf(unfenced[index % unfenced.length]!);
  return Array.from({ length: factor }, (_, i) => brokers[(first + i) % brokers.length]!);
}
