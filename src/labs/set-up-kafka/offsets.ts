/** Step 4: where each partition ends, what each group has committed, and the lag between them. */
import { committedBy, groups, LATEST, NONE, offsetsAt, partitions, withAdmin } from './cluster.ts';

export async function offsets(): Promise<void> {
  await withAdmin(async (admin) => {
    const ends = await offsetsAt(admin, LATEST);
    const all = await groups(admin);
    console.log('GROUP                   PARTITION  COMMITTED  END  LAG');
    for (const group of all) {
      const committed = await committedBy(admin, group);
      for (const p of partitions) {
        const [has, end] = [committed[p]!, ends[p]!];
        const columns = [
          group.padEnd(22),
          String(p).padStart(9),
          (has === NONE ? '-' : String(has)).padStart(9),
          String(end).padStart(3),
          (has === NONE ? '-' : String(end - has)).padStart(3),
        ];
        console.log(columns.join('  '));
      }
    }
    if (all.length === 0) console.log('no group has read yet');
  });
}
