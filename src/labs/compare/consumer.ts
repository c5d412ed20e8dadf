/**
 * A consumer of the workload on Kafka: works on each record in order, and commits every five seconds what it has finished, as
 * the Java client does by itself. kafka.ts starts it, is told what it sees, and kills it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Consumer, stringDeserializers } from '@platformatic/kafka';
import type { EventBody } from '../../sim/trace.ts';

const COMMIT_EVERY_MS = 5000;
/** The Java client's defaults: so long until a group gives up a member that says nothing, and so often it says something. */
const SESSION_MS = 45_000;
const HEARTBEAT_MS = 3000;

const { id, group, audience, topic, broker, processingMs } = JSON.parse(process.argv[2]!) as {
  id: string;
  group: string;
  audience: string;
  topic: string;
  broker: string;
  processingMs: number;
};
const tell = (event: EventBody): void => void process.send?.(event);
const place = (partition: number): string => `${topic}-${partition}`;

const consumer = new Consumer<string, string, string, string>({
  bootstrapBrokers: [broker],
  clientId: id,
  groupId: group,
  retries: 5,
  deserializers: stringDeserializers,
  autocommit: false,
  sessionTimeout: SESSION_MS,
  heartbeatInterval: HEARTBEAT_MS,
});

/** The partitions that it has, since which generation. */
let own = new Set<number>();
let generation = -1;
/** What it has finished of each: the next offset. */
const next = new Map<number, bigint>();
/** The same, where it has finished something since the last commit. */
const finished = new Map<number, { offset: bigint; leaderEpoch: number }>();

consumer.on('consumer:group:join', ({ generationId, assignments }) => {
  // This client may tell of one generation twice.
  if (generationId === undefined || generationId === generation) return;
  generation = generationId;
  own = new Set((assignments ?? []).flatMap(({ partitions }) => partitions));
  const all = [...own].map(place);
  tell({ kind: 'assigned', client: id, group: audience, places: all, all, generation });
  // What it has finished of others it cannot commit any more, and somebody else may do again.
  for (const partition of [...next.keys()])
    if (!own.has(partition)) {
      next.delete(partition);
      finished.delete(partition);
    }
});

const stream = await consumer.consume({ topics: [topic], mode: 'committed', fallbackMode: 'earliest' });

/**
 * One at a time: while a group waits for a member that is gone, commits wait behind the request to join. Each of them would
 * then be refused and have this client join again, which begins a further generation, and so on for half a minute.
 */
let committing = false;
setInterval(() => {
  if (committing) return;
  committing = true;
  void commit()
    .catch(rejected)
    .finally(() => (committing = false));
}, COMMIT_EVERY_MS);

async function commit(): Promise<void> {
  const batch = [...finished];
  finished.clear();
  if (batch.length === 0) return;
  await consumer.commit({
    offsets: batch.map(([partition, { offset, leaderEpoch }]) => ({ topic, partition, offset, leaderEpoch })),
  });
  for (const [partition, { offset }] of batch)
    tell({
      kind: 'settled',
      client: id,
      group: audience,
      outcome: 'committed',
      place: place(partition),
      position: Number(offset),
      message: null,
    });
}

/** A commit in the middle of a rebalance is refused: whoever has the partitions then goes on from the one before. */
function rejected(error: unknown): void {
  tell({ kind: 'error', client: id, code: 'commit', detail: (error as Error).message });
}

for await (const record of stream) {
  const { message, key } = JSON.parse(record.value) as { message: number; key: string | null };
  const { partition, offset, leaderEpoch } = record;
  // With each generation this client fetches again from what is committed, also of a partition that it has kept.
  if (!own.has(partition) || offset < (next.get(partition) ?? 0n)) continue;
  const told = {
    client: id,
    group: audience,
    message,
    key,
    place: place(partition),
    position: Number(offset),
  };
  tell({ kind: 'delivered', ...told, redelivered: false, deliveryCount: null });
  await sleep(processingMs);
  tell({ kind: 'processed', ...told });
  next.set(partition, offset + 1n);
  finished.set(partition, { offset: offset + 1n, leaderEpoch });
}
