/** Where Kafka is, and what the lab calls things there. */
import { Admin, type ListedOffsetsTopic } from '@platformatic/kafka';
import { urls } from '../kafka/brokers.ts';

export const TOPIC = 'brokerbook-orders';
export const PARTITIONS = 3;
/** What a group's partition says that it has no commit for. */
export const NONE = -1n;
/** Timestamps of ListOffsets that are no moments: the first offset there is, and the next to be written. */
export const EARLIEST = -2n;
export const LATEST = -1n;

export const client = {
  bootstrapBrokers: urls().map((url) => new URL(url).host),
  retries: 5,
  retryDelay: 300,
};

const GROUPS = 'brokerbook-billing-';

/** A group of so many members, with commits of its own. */
export function groupOf(members: number): string {
  return `${GROUPS}${members}`;
}

export const place = (partition: number): string => `${TOPIC}-${partition}`;
export const partitions = Array.from({ length: PARTITIONS }, (_, i) => i);

export async function withAdmin<T>(act: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Admin({ ...client, clientId: 'brokerbook-admin' });
  try {
    return await act(admin);
  } finally {
    await admin.close();
  }
}

/** @param timestamp milliseconds since 1970, or EARLIEST or LATEST @returns an offset for each partition, in order */
export async function offsetsAt(admin: Admin, timestamp: bigint): Promise<bigint[]> {
  const topics: ListedOffsetsTopic[] = await admin.listOffsets({
    topics: [
      { name: TOPIC, partitions: partitions.map((partitionIndex) => ({ partitionIndex, timestamp })) },
    ],
  });
  const listed = topics[0]!.partitions;
  return partitions.map((partition) => listed.find((one) => one.partitionIndex === partition)!.offset);
}

/** @returns what the group has committed of each partition, or NONE */
export async function committedBy(admin: Admin, groupId: string): Promise<bigint[]> {
  const [group] = await admin.listConsumerGroupOffsets({
    groups: [{ groupId, topics: [{ name: TOPIC, partitionIndexes: partitions }] }],
  });
  const committed = group?.topics[0]?.partitions ?? [];
  return partitions.map(
    (partition) =>
      committed.find(({ partitionIndex }) => partitionIndex === partition)?.committedOffset ?? NONE,
  );
}

/** The lab’s groups that have read, in order. */
export async function groups(admin: Admin): Promise<string[]> {
  const all = await admin.listGroups({ types: ['classic', 'consumer'] });
  return [...all.keys()].filter((id) => id.startsWith(GROUPS)).sort();
}

/** What went wrong in a sentence; that Kafka is not there, with what to do. */
export function said(error: unknown): string {
  const { message, errors } = error as Error & { errors?: Error[] };
  const inner = errors?.map(({ message: one }) => one).join('; ') ?? '';
  return /ECONNREFUSED|Cannot connect|connection/i.test(`${message} ${inner}`)
    ? `Kafka does not answer at ${client.bootstrapBrokers[0]}: npm run up starts it (${message})`
    : `${message}${inner === '' ? '' : ` (${inner})`}`;
}
