/**
 * Step 3: a group of so many members reads what it has not read, and commits after each record. Nobody reads before all have
 * their partitions: so what is printed is the assignment of one generation.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Consumer, stringDeserializers, type Message, type MessagesStream } from '@platformatic/kafka';
import {
  client,
  committedBy,
  EARLIEST,
  groupOf,
  LATEST,
  NONE,
  offsetsAt,
  PARTITIONS,
  place,
  TOPIC,
  withAdmin,
} from './cluster.ts';
import { tell } from './log.ts';

/** Members join, and partitions are shared out, within this time. */
const JOIN_MS = 30_000;
const LOOK_MS = 50;
const HEARTBEAT_MS = 300;
/** As short as a broker allows by default: who is killed is soon no member any more. */
const SESSION_MS = 6000;

type Record = Message<string, string, string, string>;

interface Member {
  readonly id: string;
  readonly consumer: Consumer<string, string, string, string>;
  readonly stream: MessagesStream<string, string, string, string>;
  partitions: number[];
}

/** @param members how many; their number is part of the group’s name, so that each group has commits of its own */
export async function consume(members: number): Promise<void> {
  const group = groupOf(members);
  const { from, to } = await withAdmin(async (admin) => {
    const [committed, earliest, latest] = [
      await committedBy(admin, group),
      await offsetsAt(admin, EARLIEST),
      await offsetsAt(admin, LATEST),
    ];
    const from = committed.map((offset, i) =>
      offset === NONE ? { by: 'reset' as const, offset: earliest[i]! } : { by: 'committed' as const, offset },
    );
    return { from, to: latest };
  });
  let left = to.reduce((sum, end, i) => sum + Number(end - from[i]!.offset), 0);
  const all: Member[] = [];
  try {
    for (let i = 1; i <= members; i++) all.push(await join(group, `billing-${members}-${i}`));
    await shared(all);
    for (const { id, consumer, partitions } of all) {
      const places = partitions.map(place);
      const { generationId: generation } = consumer;
      tell({ kind: 'assigned', client: id, group, places, all: places, generation });
      console.log(
        `${id} has ${places.length === 0 ? 'nothing to read' : partitions.map((p) => `partition ${p} from offset ${from[p]!.offset}`).join(', ')}`,
      );
      for (const partition of partitions) {
        const { by, offset } = from[partition]!;
        tell({
          kind: 'positioned',
          client: id,
          group,
          place: place(partition),
          position: Number(offset),
          by,
        });
      }
    }
    await new Promise<void>((done, failed) => {
      if (left === 0) done();
      for (const { id, stream } of all) {
        const read = async (): Promise<void> => {
          for await (const record of stream) {
            await work(group, id, record);
            if (--left === 0) done();
          }
        };
        read().catch(failed);
      }
    });
  } finally {
    for (const { id, consumer, stream } of all) {
      await stream.close();
      await consumer.close(true);
      tell({ kind: 'client-stopped', client: id, reason: 'closed' });
    }
  }
}

async function join(group: string, id: string): Promise<Member> {
  const consumer = new Consumer<string, string, string, string>({
    ...client,
    clientId: id,
    groupId: group,
    // The classic protocol. With `groupProtocol: 'consumer'` this client (2.12.1) resumes the streams of a member that has
    // given a partition up, whether or not anybody reads them yet; what flows into one that nobody reads is dropped, and
    // here all wait with reading until the last has joined.
    // A member learns of a rebalance by the answer to its heartbeat: often, so that nobody waits here.
    heartbeatInterval: HEARTBEAT_MS,
    sessionTimeout: SESSION_MS,
    deserializers: stringDeserializers,
    autocommit: false,
  });
  tell({ kind: 'client-started', client: id, role: 'consumer' });
  const stream = await consumer.consume({ topics: [TOPIC], mode: 'committed', fallbackMode: 'earliest' });
  return { id, consumer, stream, partitions: [] };
}

/** Waits until each partition has one owner, all in the same generation, and nobody could have had more fairly. */
async function shared(members: readonly Member[]): Promise<void> {
  const until = Date.now() + JOIN_MS;
  for (;;) {
    for (const member of members)
      member.partitions = (member.consumer.assignments ?? [])
        .filter(({ topic }) => topic === TOPIC)
        .flatMap(({ partitions }) => [...partitions]);
    const held = members.flatMap(({ partitions }) => partitions);
    const generations = new Set(members.map(({ consumer }) => consumer.generationId));
    const owners = members.filter(({ partitions }) => partitions.length > 0).length;
    if (
      owners === Math.min(members.length, PARTITIONS) &&
      held.length === PARTITIONS &&
      new Set(held).size === PARTITIONS &&
      generations.size === 1
    )
      return;
    if (Date.now() > until) throw new Error('The partitions were not shared out in time');
    await sleep(LOOK_MS);
  }
}

async function work(group: string, id: string, record: Record): Promise<void> {
  const { message, key } = JSON.parse(record.value) as { message: number; key: string | null };
  const { partition } = record;
  const position = Number(record.offset);
  const told = { client: id, group, message, place: place(partition) };
  tell({ kind: 'delivered', ...told, key, position, redelivered: false, deliveryCount: null });
  console.log(`${id}  ${place(partition)} offset ${position}: ${key ?? 'without key'}, record ${message}`);
  tell({ kind: 'processed', ...told, key, position });
  await record.commit();
  tell({ kind: 'settled', ...told, outcome: 'committed', position: position + 1 });
}
