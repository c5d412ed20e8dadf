/**
 * Step 5: a group goes back and reads again. The records are where they were; what moves is the group’s committed offset, and
 * it may only be moved while no member is there.
 */
import { consume } from './consume.ts';
import { EARLIEST, groupOf, LATEST, offsetsAt, partitions, TOPIC, withAdmin } from './cluster.ts';

/** @param secondsAgo from the first record that was written then or later; null: from the first that there is */
export async function replay(secondsAgo: number | null): Promise<void> {
  const groupId = groupOf(1);
  await withAdmin(async (admin) => {
    const found = await offsetsAt(
      admin,
      secondsAgo === null ? EARLIEST : BigInt(Date.now() - secondsAgo * 1000),
    );
    // After the last record of a partition there is none to be found: its end is meant.
    const ends = await offsetsAt(admin, LATEST);
    const offsets = found.map((offset, i) => (offset < 0n ? ends[i]! : offset));
    await admin.alterConsumerGroupOffsets({
      groupId,
      topics: [
        {
          name: TOPIC,
          partitionOffsets: partitions.map((partition) => ({ partition, offset: offsets[partition]! })),
        },
      ],
    });
    console.log(
      `${groupId} goes back: ${offsets.map((offset, p) => `partition ${p} to ${offset}`).join(', ')}`,
    );
  });
  await consume(1);
}
