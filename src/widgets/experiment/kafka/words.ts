/** What the Kafka drawing says in words: on its boxes, of its records, and as a whole for those who cannot see it. Pure. */
import type {
  Cell,
  GroupView,
  KafkaView,
  MemberView,
  PartitionView,
  ProducerView,
} from '../../../brokers/kafka/view-types.ts';
import { shortSeconds } from '../words.ts';
import { keyWords } from './look.ts';

/** Partitions of one topic that are drawn, and told of. */
export const LANES_MAX = 12;

/** How a member is drawn: at work, in trouble, or without work. */
export interface MemberWords {
  readonly member: MemberView;
  readonly note: string;
  readonly tone: 'consumer' | 'fault' | 'quiet';
}

export interface StateWords {
  readonly text: string;
  readonly stable: boolean;
}

/** `P1` for `orders-1`: what a place is called beside its topic. */
export function partitionName(place: string): string {
  return `P${place.slice(place.lastIndexOf('-') + 1)}`;
}

/** The members by name, c2 before c10: whoever dies and comes back stands where they stood. */
export function inOrder({ members }: GroupView): MemberView[] {
  return [...members].sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
}

/** The places of a member as its box says them, shortened to `limit` characters. */
function placesWords(places: readonly string[], limit: number): string {
  const all = places.map(partitionName).join(' + ');
  return all.length <= limit ? all : `${places.length} partitions`;
}

export function memberWords(member: MemberView, limit: number): MemberWords {
  const since = shortSeconds(member.since);
  switch (member.state) {
    case 'waiting':
      return { member, note: 'not started yet', tone: 'quiet' };
    case 'joining':
      return { member, note: 'joining…', tone: 'quiet' };
    case 'crashed':
      return { member, note: `crashed at ${since}`, tone: 'fault' };
    case 'closed':
      return { member, note: `left at ${since}`, tone: 'quiet' };
    case 'paused':
      return { member, note: `paused at ${since}`, tone: 'fault' };
    case 'stable':
      return member.idle
        ? { member, note: 'idle: no partition', tone: 'quiet' }
        : { member, note: placesWords(member.places, limit) || 'no partition yet', tone: 'consumer' };
  }
}

export function producerNote({ keys, state, published }: ProducerView, limit: number): string {
  if (state === 'crashed' || state === 'closed' || state === 'paused') return state;
  const named = keys.filter((key) => key !== null).sort();
  const all = `keys ${named.join(', ')}${keys.includes(null) ? ', none' : ''}`;
  if (named.length > 0 && all.length <= limit) return all;
  return `${published} sent`;
}

export function groupState({ state, generation, rebalancingSince }: GroupView, now: number): StateWords {
  const since = rebalancingSince === null ? '' : ` · ${shortSeconds(Math.max(0, now - rebalancingSince))}`;
  const stable = state === 'Stable';
  return { text: stable ? `${state} · generation ${generation}` : `${state}${since}`, stable };
}

export function cellWords(partition: PartitionView, cell: Cell, view: KafkaView): string {
  const parts = [`${partitionName(partition.place)} offset ${cell.position}`, keyWords(cell.key)];
  if (!cell.confirmed) parts.push('not confirmed yet');
  view.groups.forEach((group, g) => {
    const processed = cell.processed[g] ?? 0;
    const delivered = cell.delivered[g] ?? 0;
    if (processed > 1) parts.push(`processed ${processed} times by ${group.id}`);
    else if (delivered > 1) parts.push(`delivered ${delivered} times to ${group.id}`);
    else if (processed === 1) parts.push(`processed by ${group.id}`);
    else if (delivered === 1) parts.push(`delivered to ${group.id}`);
    const reader = partition.readers.find((one) => one.group === group.id);
    if (processed === 0 && reader && cell.position < (reader.committed ?? 0))
      parts.push(`committed by ${group.id} and not processed`);
  });
  return parts.join(', ');
}

/** The whole drawing in words: its text alternative. */
export function summary(view: KafkaView): string {
  const count = (n: number, thing: string): string => `${n} ${thing}${n === 1 ? '' : 's'}`;
  const topics = view.topics.map(({ name, partitions }) => {
    const lanes = partitions.slice(0, LANES_MAX).map((p) => {
      const readers = p.readers.map(
        ({ group, owner, committed, lag }) =>
          `${group}: ${owner === null ? 'read by nobody' : `read by ${owner}`}, ${committed === null ? 'nothing committed' : `committed ${committed}`}, lag ${lag}`,
      );
      return `${partitionName(p.place)} has ${count(p.logEnd - p.logStart, 'record')}${readers.length > 0 ? ` (${readers.join('; ')})` : ''}`;
    });
    return `Topic ${name}, ${count(partitions.length, 'partition')}: ${lanes.join('. ')}.`;
  });
  const groups = view.groups.map((group) => {
    const members = inOrder(group).map((member) => {
      const { note } = memberWords(member, 100);
      return `${member.label} ${member.state === 'stable' && !member.idle ? `reads ${note}` : note}`;
    });
    return `Group ${group.id} is ${group.state}: ${members.join(', ') || 'no members'}.`;
  });
  const producers = view.producers.map(({ label, published }) => `${label} has sent ${published}`);
  return [`${producers.join(', ')}.`, ...topics, ...groups].join(' ');
}
