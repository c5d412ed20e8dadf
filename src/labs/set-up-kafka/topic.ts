/** Step 1: a topic of three partitions, made anew, and what the lab’s groups had committed forgotten. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from '@platformatic/kafka';
import { groups, PARTITIONS, partitions, place, TOPIC, withAdmin } from './cluster.ts';
import { begin, tell } from './log.ts';

/** A deletion is done in the background. */
const TRIES = 50;
const WAIT_MS = 200;

export async function topic(): Promise<void> {
  await withAdmin(async (admin) => {
    await forget(admin);
    if ((await admin.listTopics()).includes(TOPIC)) await admin.deleteTopics({ topics: [TOPIC] });
    for (let left = TRIES; (await admin.listTopics()).includes(TOPIC) && left > 0; left--)
      await sleep(WAIT_MS);
    await admin.createTopics({ topics: [TOPIC], partitions: PARTITIONS, replicas: 1 });
    begin();
    tell({
      kind: 'places-created',
      node: 'broker-1',
      name: TOPIC,
      places: partitions.map(place),
      total: PARTITIONS,
    });
    console.log(`Topic ${TOPIC}: ${PARTITIONS} partitions, each an empty log`);
  });
}

/** A group can be deleted when no member is left: one that was killed is a member until its session times out. */
async function forget(admin: Admin): Promise<void> {
  for (let left = TRIES; ; left--) {
    const known = await groups(admin);
    if (known.length === 0) return;
    try {
      await admin.deleteGroups({ groups: known });
      return;
    } catch (error) {
      if (left === 0) throw error;
      await sleep(WAIT_MS);
    }
  }
}
