/** What the tools ask of the cluster with Kafka's admin client: topics, offsets, groups. */
import type { PartitionImage } from '../cluster-image.ts';
import type { ErrorCode, GroupDescription, Reply, TopicMetadata } from '../protocol.ts';
import { comparePlaces } from './format.ts';
import { ANY, ask, askOne, errorOf, type Ask, type Part } from './script.ts';

export const INTERNAL_TOPICS: readonly string[] = ['__consumer_offsets', '__transaction_state'];

/** Errors that the admin client meets by asking again, somewhere else or a little later. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  'NOT_CONTROLLER',
  'NOT_COORDINATOR',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'NOT_LEADER_OR_FOLLOWER',
  'LEADER_NOT_AVAILABLE',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'REQUEST_TIMED_OUT',
]);

/** Whether a call's answer means that it is to be tried again. */
export function isPassing(reply: Reply): boolean {
  if (reply.api === 'ListOffsets') return reply.offsets.some(({ error }) => PASSING.has(error));
  return 'error' in reply && PASSING.has(reply.error);
}

/** Topics by name in the order of the alphabet, with what the cluster knows of each. */
export function* allTopics(internal: boolean, call = 'listTopics'): Part<TopicMetadata[]> {
  const asks: Ask[] = [{ to: ANY, call, request: { api: 'Metadata', topics: null } }];
  if (internal) asks.push({ to: ANY, call, request: { api: 'Metadata', topics: INTERNAL_TOPICS } });
  const replies = yield* ask(asks);
  return there(replies.flatMap((reply) => (reply.api === 'Metadata' ? reply.topics : []))).sort((a, b) =>
    a.topic < b.topic ? -1 : 1,
  );
}

/** Those that are there, their partitions by number: of internal topics they are made in the order of their use. */
function there(topics: readonly TopicMetadata[]): TopicMetadata[] {
  return topics
    .filter(({ error, partitions }) => error === 'NONE' && partitions.length > 0)
    .map((topic) => ({ ...topic, partitions: [...topic.partitions].sort((a, b) => a.index - b.index) }));
}

/** Named topics; those that are not there are left out. */
export function* someTopics(names: readonly string[]): Part<TopicMetadata[]> {
  if (names.length === 0) return [];
  const reply = yield* askOne<'Metadata'>(ANY, 'describeTopics', { api: 'Metadata', topics: names });
  return there(reply.topics);
}

export function placesOf(topics: readonly TopicMetadata[]): string[] {
  return topics.flatMap(({ partitions }) => partitions.map(({ place }) => place)).sort(comparePlaces);
}

export function partitionsByPlace(topics: readonly TopicMetadata[]): Map<string, PartitionImage> {
  return new Map(topics.flatMap(({ partitions }) => partitions.map((p) => [p.place, p] as const)));
}

/** Brokers that are there now. */
export function* liveBrokers(call: string): Part<readonly string[]> {
  const reply = yield* askOne<'Metadata'>(ANY, call, { api: 'Metadata', topics: [] });
  return reply.brokers;
}

/** Offsets of partitions, by place. @param at a number is a time in milliseconds of the run */
export function* offsetsAt(
  places: readonly string[],
  at: 'earliest' | 'latest' | number,
): Part<Map<string, number>> {
  const moment = typeof at === 'number' ? Math.max(0, Math.round(at * 1000)) : at;
  const replies = yield* ask(
    places.map((place) => ({
      to: { kind: 'leader', place } as const,
      call: 'listOffsets',
      request: {
        api: 'ListOffsets',
        places: [place],
        at: moment,
        isolation: 'read_uncommitted',
      } as const,
    })),
  );
  const offsets = new Map<string, number>();
  for (const reply of replies) {
    if (reply.api !== 'ListOffsets') continue;
    for (const { place, error, offset } of reply.offsets) {
      if (error !== 'NONE') throw errorOf(error);
      offsets.set(place, offset);
    }
  }
  return offsets;
}

export type GroupListing = Pick<GroupDescription, 'group' | 'type' | 'state'>;

/** Groups of all brokers, in the order of the alphabet. */
export function* allGroups(types: readonly GroupListing['type'][]): Part<GroupListing[]> {
  const brokers = yield* liveBrokers('listGroups');
  const replies = yield* ask(
    brokers.map((node) => ({
      to: { kind: 'node', node } as const,
      call: 'listGroups',
      request: { api: 'ListGroups' } as const,
    })),
  );
  const groups = new Map<string, GroupListing>();
  for (const reply of replies)
    if (reply.api === 'ListGroups') for (const listing of reply.groups) groups.set(listing.group, listing);
  return [...groups.values()]
    .filter(({ type }) => types.includes(type))
    .sort((a, b) => (a.group < b.group ? -1 : 1));
}

/** @returns null for a group that is not there */
export function* describeGroup(group: string): Part<GroupDescription | null> {
  const reply = yield* askOne<'DescribeGroup'>({ kind: 'coordinator', group }, 'describeGroups', {
    api: 'DescribeGroup',
    group,
  });
  if (reply.error === 'GROUP_ID_NOT_FOUND' || reply.description?.state === 'Dead') return null;
  if (reply.error !== 'NONE') throw errorOf(reply.error);
  return reply.description;
}

/** A group's committed offsets by place, in order; places without one are left out. */
export function* committed(group: string): Part<Map<string, number>> {
  const reply = yield* askOne<'OffsetFetch'>({ kind: 'coordinator', group }, 'listConsumerGroupOffsets', {
    api: 'OffsetFetch',
    group,
    places: null,
    requireStable: false,
  });
  if (reply.error === 'GROUP_ID_NOT_FOUND') return new Map();
  if (reply.error !== 'NONE') throw errorOf(reply.error);
  const found = reply.offsets.filter(([, offset]) => offset >= 0);
  return new Map([...found].sort(([a], [b]) => comparePlaces(a, b)));
}

/**
 * A topic as the tools' patterns name it: a regular expression that must match all of the name; commas part several.
 * @returns null for an expression that is none
 */
export function topicFilter(pattern: string): RegExp | null {
  const joined = pattern
    .trim()
    .replaceAll(',', '|')
    .replaceAll(/^["']+|["']+$/g, '');
  try {
    return new RegExp(`^(?:${joined})$`);
  } catch {
    return null;
  }
}

/** `topic:0,1` or `topic` of the options that name partitions. @returns null for numbers that are none */
export function topicAndPartitions(
  text: string,
): { topic: string; partitions: number[] | null } | { error: string } {
  const parts = text.split(':');
  if (parts.length === 1) return { topic: text, partitions: null };
  const [topic, list] = parts;
  if (parts.length !== 2 || !topic || !list)
    return { error: `Invalid topic arg '${text}', expected topic name and partitions` };
  const partitions: number[] = [];
  for (const number of list.split(',')) {
    if (!/^\d+$/.test(number))
      return { error: `Invalid partition '${number}' specified in topic arg '${text}''` };
    partitions.push(Number(number));
  }
  return { topic, partitions };
}
