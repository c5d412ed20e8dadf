/** What the picture of a share group says in words, beside the consumer groups on the same topic. Pure. */
import type {
  GroupView,
  KafkaView,
  PartitionReader,
  PartitionView,
  ShareGroupView,
  SharePartitionView,
  ShareRecordView,
} from '../../../../brokers/kafka/view-types.ts';
import { shortSeconds } from '../../words.ts';
import { keyWords } from '../look.ts';
import { inOrder, LANES_MAX, memberWords, partitionName, type MemberWords } from '../words.ts';

export function count(n: number, thing: string): string {
  return `${n} ${thing}${n === 1 ? '' : 's'}`;
}

function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

export function labelIn(group: GroupView, client: string): string {
  return group.members.find(({ id }) => id === client)?.label ?? client;
}

/** Who holds records of a partition now, in the order of their names. */
export function holdersOf(partition: SharePartitionView): string[] {
  const holders = new Set(partition.records.flatMap(({ holder }) => (holder === null ? [] : [holder])));
  return [...holders].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

/** The members that may work: those that neither crashed nor left. */
function present(group: GroupView): GroupView['members'] {
  return inOrder(group).filter(
    ({ state }) => state !== 'crashed' && state !== 'closed' && state !== 'waiting',
  );
}

/** One sentence of what the group makes of its partitions at this moment. */
export function bandWords(group: GroupView, share: ShareGroupView | undefined, partitions: number): string {
  const there = present(group).length;
  const parts = count(partitions, 'partition');
  if (group.kind === 'share') {
    const working = present(group).map(({ id }) => id);
    const holders = [...new Set((share?.partitions ?? []).flatMap(holdersOf))];
    const holding = holders.filter((id) => working.includes(id)).length;
    // Whoever is gone keeps what it held until its locks run out (K-103).
    const gone = holders.filter((id) => !working.includes(id)).map((id) => labelIn(group, id));
    const kept =
      gone.length === 0 ? '' : `; ${listed(gone)} still ${gone.length === 1 ? 'has' : 'have'} locks`;
    if (there === 0) return `${parts}, nobody to work${kept}`;
    const who = count(there, 'worker');
    if (holding === 0) return `${parts}, ${who}: nobody holds a record now${kept}`;
    if (holding < there)
      return `${parts}, ${who}: ${holding} of them ${holding === 1 ? 'holds' : 'hold'} records${kept}`;
    const all = there === 1 ? 'it holds' : `${there === 2 ? 'both' : `all ${there}`} hold`;
    return `${parts}, ${who}: ${all} records${there === 1 ? '' : ' of their own'}${kept}`;
  }
  const idle = present(group).filter(({ idle: none }) => none).length;
  if (there === 0) return `${parts}, nobody to read`;
  return `${parts}, ${count(there, 'member')}: ${
    idle === 0 ? 'one reader for each' : `${idle} ${idle === 1 ? 'has' : 'have'} nothing to do`
  }`;
}

export function windowWords({ start, end }: SharePartitionView): { start: string; end: string } {
  return { start: `SPSO ${start}`, end: `SPEO ${end - 1}` };
}

/** What has become of a share partition's records. */
export function countsWords(partition: SharePartitionView | undefined): string[] {
  if (!partition) return ['nothing acquired yet'];
  const { counts, acknowledged, archived } = partition;
  return [
    `${counts.acquired} held`,
    ...(counts.available > 0 ? [`${counts.available} free again`] : []),
    `${acknowledged} done`,
    ...(archived > 0 ? [`${archived} given up`] : []),
  ];
}

/** How far the reader of a partition is. */
export function readerWords(reader: PartitionReader | undefined): string[] {
  if (!reader) return ['not read yet'];
  const { committed, position, lag, paused } = reader;
  return [
    committed === null ? 'nothing committed' : `committed ${committed}`,
    `lag ${lag}`,
    ...(position === null ? [] : [`position ${position}`]),
    ...(paused ? ['paused'] : []),
  ];
}

const STATE_WORDS = {
  available: 'available',
  acquired: 'held',
  acknowledged: 'acknowledged',
  archived: 'archived',
} as const;

/** @param now the moment shown, microseconds */
export function recordWords(place: string, record: ShareRecordView, group: GroupView, now: number): string {
  const { position, key, state, holder, until, deliveryCount, why } = record;
  const parts = [`${partitionName(place)} offset ${position}`, keyWords(key)];
  if (state === 'acquired' && holder !== null) {
    const left = until === null ? '' : `, its lock ends in ${shortSeconds(Math.max(0, until - now))}`;
    parts.push(`held by ${labelIn(group, holder)}${left}`);
  } else parts.push(`${STATE_WORDS[state]}${why ? `: ${why}` : ''}`);
  parts.push(`delivered ${deliveryCount === 1 ? 'once' : `${deliveryCount} times`}`);
  return parts.join(', ');
}

/** A record as a group reads it that has one reader for a partition. */
export function readWords(
  partition: PartitionView,
  cell: { readonly position: number; readonly key: string | null },
  group: GroupView,
  stage: 'done' | 'taken' | 'waiting',
): string {
  const owner = partition.readers.find((reader) => reader.group === group.id)?.owner ?? null;
  const who = owner === null ? '' : ` by ${labelIn(group, owner)}`;
  const words = {
    done: `committed by ${group.id}`,
    taken: `taken${who}`,
    waiting: `not read by ${group.id} yet`,
  };
  return `${partitionName(partition.place)} offset ${cell.position}, ${keyWords(cell.key)}, ${words[stage]}`;
}

/** A member of a share group in its box. */
export function workerWords(group: GroupView, client: string, holding: number): MemberWords | null {
  const member = group.members.find(({ id }) => id === client);
  if (!member) return null;
  const plain = memberWords(member, 20);
  if (member.state !== 'stable') {
    return holding > 0 ? { ...plain, note: `${plain.note} · holds ${holding}` } : plain;
  }
  return {
    member,
    note: holding === 0 ? 'holds nothing' : `holds ${holding}`,
    tone: 'consumer',
  };
}

/** The groups that the stage shows: share groups first, then those beside them. */
export function groupsShown(view: KafkaView): GroupView[] {
  return [
    ...view.groups.filter(({ kind }) => kind === 'share'),
    ...view.groups.filter(({ kind }) => kind === 'consumer'),
  ];
}

/** The partitions that a group reads, in the order of their topics. */
export function partitionsOf(view: KafkaView, group: GroupView): PartitionView[] {
  const share = view.shares.find((one) => one.group === group.id);
  const all = view.topics.flatMap(({ partitions }) => partitions);
  const read = all.filter(
    ({ place, readers }) =>
      readers.some((reader) => reader.group === group.id) ||
      share?.partitions.some((one) => one.place === place) === true ||
      group.members.some(({ places }) => places.includes(place)),
  );
  // Before a group has begun, it is shown with what there is.
  return read.length > 0 || view.topics.length !== 1 ? read : all;
}

/** The whole drawing in words: its text alternative. */
export function summary(view: KafkaView): string {
  const sentences = groupsShown(view).flatMap((group) => {
    const partitions = partitionsOf(view, group);
    const share = view.shares.find((one) => one.group === group.id);
    const kind = group.kind === 'share' ? 'Share group' : 'Consumer group';
    const told = [`${kind} ${group.id} is ${group.state}: ${bandWords(group, share, partitions.length)}`];
    for (const partition of partitions.slice(0, LANES_MAX)) {
      const name = partitionName(partition.place);
      if (group.kind === 'consumer') {
        const reader = partition.readers.find((one) => one.group === group.id);
        if (!reader) continue;
        const { owner } = reader;
        told.push(
          `${name} is read by ${owner === null ? 'nobody' : labelIn(group, owner)}, ${readerWords(reader).join(', ')}`,
        );
        continue;
      }
      const own = share?.partitions.find(({ place }) => place === partition.place);
      if (!own) {
        told.push(`${name}: nothing acquired yet`);
        continue;
      }
      const held = own.records.filter(({ state }) => state === 'acquired');
      const free = own.records.filter(({ state }) => state === 'available');
      const gone = own.records.filter(({ state }) => state === 'archived');
      const offsets = (records: readonly ShareRecordView[]): string =>
        records
          .map(({ position, deliveryCount }) =>
            deliveryCount > 1 ? `${position} (delivered ${deliveryCount} times)` : `${position}`,
          )
          .join(', ');
      told.push(`${name}, window from ${own.start} to ${own.end - 1}: ${countsWords(own).join(', ')}`);
      for (const holder of holdersOf(own)) {
        told.push(
          `${labelIn(group, holder)} holds ${offsets(held.filter((record) => record.holder === holder))}`,
        );
      }
      if (free.length > 0) told.push(`Available again: ${offsets(free)}`);
      if (gone.length > 0) told.push(`Archived: ${offsets(gone)}`);
    }
    if (partitions.length > LANES_MAX) told.push(`And ${partitions.length - LANES_MAX} more partitions`);
    const holding = new Map(share?.members.map((one) => [one.client, one.holding]));
    const members = inOrder(group).map((member) => {
      const words =
        group.kind === 'share'
          ? workerWords(group, member.id, holding.get(member.id) ?? 0)?.note
          : memberWords(member, 100).note;
      return `${member.label}: ${words ?? ''}`;
    });
    told.push(members.length === 0 ? 'No members' : listed(members));
    return told;
  });
  return sentences.length === 0 ? 'No group yet.' : `${sentences.join('. ')}.`;
}
