/**
 * Differential runs: Kafka's own partitioner and assignors (Clients.java), the clients' and the broker's, and the model's,
 * asked the same at random. A run is a group's history: topics, members with subscriptions, and who is there in each
 * generation, with what it had before.
 */
import fc from 'fast-check';
import { assign, ASSIGNORS, type AssignorMember } from '../../brokers/kafka/assignors.ts';
import { splitPlace } from '../../brokers/kafka/cluster-image.ts';
import { assignOnServer, assignSimple } from '../../brokers/kafka/groups/server-assignors.ts';
import { partitionForKey } from '../../brokers/kafka/partitioner.ts';
import type { ScenarioInputOf } from '../../scenarios/schema.ts';
import type { Differential, Disagreement } from '../driver.ts';
import { firstFound } from '../differing.ts';
import { Administrator } from './administrator.ts';

type Input = ScenarioInputOf<'kafka'>;

const MEMBERS = 5;
const TOPICS = 3;

/** The broker shares out: `group.remote.assignor`, and of share groups the one that there is. */
const SERVER_ASSIGNORS = ['uniform', 'range', 'simple'] as const;

const drawn = fc.record({
  assignor: fc.oneof(
    fc.record({ by: fc.constant('clients' as const), name: fc.constantFrom(...ASSIGNORS) }),
    fc.record({ by: fc.constant('broker' as const), name: fc.constantFrom(...SERVER_ASSIGNORS) }),
  ),
  /** Partitions of each topic. */
  topics: fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: TOPICS }),
  /** Of each member, which topics it reads (a bit each), and whether it is a static one. */
  members: fc.array(
    fc.record({ topics: fc.integer({ min: 1, max: 2 ** TOPICS - 1 }), fixed: fc.boolean() }),
    {
      minLength: 1,
      maxLength: MEMBERS,
    },
  ),
  /** Of each generation, who is there (a bit each). */
  generations: fc.array(fc.integer({ min: 1, max: 2 ** MEMBERS - 1 }), { minLength: 1, maxLength: 4 }),
  /** Of the partitioner. */
  keys: fc.array(fc.string({ unit: 'grapheme', maxLength: 20 }), { maxLength: 5 }),
});

type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;
type Result = Record<string, readonly string[]>;

const topicName = (i: number): string => `topic-${i + 1}`;
const memberName = (i: number): string => `member-${i + 1}`;
const has = (bits: number, i: number): boolean => Math.floor(bits / 2 ** i) % 2 === 1;

/** Those of a generation, with what the one before left them; nobody where none of them reads a topic that is there. */
function membersOf(draw: Drawn, generation: number, before: Result): AssignorMember[] {
  const { members, topics, generations } = draw;
  return members.flatMap(({ topics: bits, fixed }, i) => {
    const subscribed = topics.flatMap((_, topic) => (has(bits, topic) ? [topicName(topic)] : []));
    if (!has(generations[generation]!, i) || subscribed.length === 0) return [];
    const memberId = memberName(i);
    const owned = before[memberId] ?? [];
    return [
      {
        memberId,
        instanceId: fixed ? `static-${MEMBERS - i}` : null,
        topics: subscribed,
        owned,
        generation: memberId in before ? generation - 1 : -1,
      },
    ];
  });
}

function simulated({ assignor, topics }: Drawn, members: readonly AssignorMember[]): Result {
  const places = new Map(
    topics.map((count, i) => [
      topicName(i),
      Array.from({ length: count }, (_, number) => `${topicName(i)}-${number}`),
    ]),
  );
  const onServer = members.map((member) => ({ ...member, target: member.owned }));
  const result =
    assignor.by === 'clients'
      ? assign(assignor.name, members, places)
      : assignor.name === 'simple'
        ? assignSimple(onServer, places)
        : assignOnServer(assignor.name, onServer, places);
  return sorted(Object.fromEntries(result));
}

async function real(
  { assignor, topics }: Drawn,
  members: readonly AssignorMember[],
  administrator: Administrator,
): Promise<Result> {
  const { assignment } = await administrator.ask(assignor.by === 'clients' ? 'assign' : 'assign-on-server', {
    assignor: assignor.name,
    topics: Object.fromEntries(topics.map((count, i) => [topicName(i), count])),
    members: members.map(({ memberId, ...member }) => ({ id: memberId, ...member })),
  });
  return sorted(assignment as Result);
}

/** Members by name, and the places of each: the order in which they were dealt is nobody's promise. */
function sorted(result: Result): Result {
  return Object.fromEntries(
    Object.entries(result)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([member, places]) => [member, [...places].sort()]),
  );
}

/**
 * What of a result is to be the same. Range and round robin say who gets what. The sticky assignors, and the broker's
 * uniform one, walk hash maps where members are alike (K-95, K-99): with them it is how many each of them has, whoever that
 * is, and how many stayed. Who comes first in those of a share group has more of a partition that does not come out even
 * (K-102), and so may keep more: there it is how many have each partition, and how many of each topic, or of all topics
 * where everybody reads the same, each member has.
 */
function promised(
  assignor: Drawn['assignor'],
  members: readonly AssignorMember[],
  result: Result,
  before: Result,
): unknown {
  if (assignor.name === 'range' || assignor.name === 'roundrobin') return result;
  if (assignor.name === 'simple') {
    const alike = new Set(members.map(({ topics }) => topics.join(' '))).size === 1;
    const counted: Record<string, number> = {};
    const count = (what: string): void => void (counted[what] = (counted[what] ?? 0) + 1);
    for (const [member, places] of Object.entries(result))
      for (const place of places) {
        count(`members with ${place}`);
        count(`${member} of ${alike ? 'all' : splitPlace(place).topic}`);
      }
    return Object.entries(counted)
      .map(([what, count]) => `${count} ${what.replace(/^member-\d+/, '')}`)
      .sort();
  }
  const loads = Object.values(result).map(({ length }) => length);
  const stayed = Object.entries(result).flatMap(([member, places]) =>
    places.filter((place) => before[member]?.includes(place)),
  );
  return { loads: loads.sort((a, b) => a - b), stayed: stayed.length };
}

interface Parted {
  readonly simulated: unknown;
  readonly real: unknown;
}

async function parted(draw: Drawn, administrator: Administrator): Promise<Parted | null> {
  for (const count of draw.topics) {
    const ours = draw.keys.map((key) => partitionForKey(key, count));
    const { partitions } = await administrator.ask('partitions-of-keys', { keys: draw.keys, count });
    if (JSON.stringify(ours) !== JSON.stringify(partitions)) return { simulated: ours, real: partitions };
  }
  let before: Result = {};
  for (let i = 0; i < draw.generations.length; i++) {
    const members = membersOf(draw, i, before);
    if (members.length === 0) continue;
    const ours = simulated(draw, members);
    const theirs = await real(draw, members, administrator);
    const [wanted, there] = [ours, theirs].map((result) =>
      JSON.stringify(promised(draw.assignor, members, result, before)),
    );
    if (wanted !== there) return { simulated: ours, real: theirs };
    before = theirs;
  }
  return null;
}

/** Its generations one after another, ten seconds apart. */
function scenarioFor({ assignor, topics, members, generations }: Drawn): Input {
  const there = members.map((_, i) => generations.map((bits) => has(bits, i)));
  return {
    version: 1,
    id: 'kafka-disagreement',
    title: 'Where the model and the broker part',
    system: { broker: 'kafka', topics: topics.map((partitions, i) => ({ name: topicName(i), partitions })) },
    clients: members.flatMap(({ topics: bits, fixed }, i): Input['clients'] => {
      const subscribed = topics.flatMap((_, topic) => (has(bits, topic) ? [topicName(topic)] : []));
      const first = there[i]!.indexOf(true);
      if (first < 0 || subscribed.length === 0) return [];
      const member = { id: memberName(i), group: 'group', startMs: first * 10_000, topics: subscribed };
      if (assignor.name === 'simple') return [{ ...member, role: 'share-consumer' as const }];
      return [
        {
          ...member,
          role: 'consumer' as const,
          config: {
            ...(assignor.by === 'clients'
              ? { 'partition.assignment.strategy': [assignor.name] }
              : { 'group.protocol': 'consumer', 'group.remote.assignor': assignor.name }),
            ...(fixed ? { 'group.instance.id': `static-${MEMBERS - i}` } : {}),
          },
        },
      ];
    }),
    timeline: there.flatMap((generation, i) =>
      generation.flatMap((is, n) => {
        const first = generation.indexOf(true);
        if (n <= first || first < 0 || is === generation[n - 1]) return [];
        const what = is ? ('restart' as const) : ('close' as const);
        return [{ atMs: n * 10_000, action: { do: what, target: memberName(i) } }];
      }),
    ),
    durationMs: generations.length * 10_000,
    seed: 1,
  };
}

export const differ: Differential['differ'] = async ({ urls }, asked): Promise<Disagreement | null> => {
  const administrator = await Administrator.open(urls);
  try {
    const compare = (draw: Drawn): Promise<Parted | null> => parted(draw, administrator);
    const found = await firstFound(drawn, asked, { compare, atOnce: 1, asks: (draw) => draw });
    return found && { scenario: scenarioFor(found.draw), ...found.parted };
  } finally {
    administrator.end();
  }
};
