/** Step 2: records with a key, and records without one. Each is awaited, so that its place is known: partition and offset. */
import { Producer, stringSerializers } from '@platformatic/kafka';
import { client, place, TOPIC } from './cluster.ts';
import { publishedSoFar, tell } from './log.ts';

const KEYS = ['A', 'B', 'C', 'D', 'E', 'F'];
/** Records of each key, and as many in all without one as with. */
const EACH = 2;

export async function produce(): Promise<void> {
  const producer = new Producer({ ...client, clientId: 'shop', serializers: stringSerializers, acks: -1 });
  let message = publishedSoFar();
  const send = async (key: string | null): Promise<string> => {
    const value = JSON.stringify({ message, key });
    tell({ kind: 'published', client: 'shop', message, key, to: TOPIC, bytes: value.length });
    const { offsets } = await producer.send({
      messages: [{ topic: TOPIC, value, ...(key === null ? {} : { key }) }],
    });
    const { partition, offset } = offsets![0]!;
    tell({
      kind: 'publish-confirmed',
      client: 'shop',
      message: message++,
      place: place(partition),
      position: Number(offset),
    });
    return `partition ${partition}, offset ${offset}`;
  };
  try {
    tell({ kind: 'client-started', client: 'shop', role: 'producer' });
    for (let i = 0; i < EACH; i++)
      for (const key of KEYS) console.log(`${key}            ${await send(key)}`);
    for (let i = 0; i < EACH * KEYS.length; i++) console.log(`without key  ${await send(null)}`);
  } finally {
    tell({ kind: 'client-stopped', client: 'shop', reason: 'closed' });
    await producer.close();
  }
}
