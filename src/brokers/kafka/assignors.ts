/**
 * How a group shares its partitions out: the client-side assignors, run by the group's leader (K-92 to K-97).
 *
 * Members come in the order that Kafka sorts them: static ones by instance id, then dynamic ones by member id. Where
 * Java walks a HashMap (K-95) the sorted order is walked here.
 */
import { assert } from '../../sim/errors.ts';

/** Kafka's own names for them, as `partition.assignment.strategy` takes them here. */
export const ASSIGNORS = ['range', 'roundrobin', 'sticky', 'cooperative-sticky'] as const;

export interface AssignorMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly topics: readonly string[];
  /** What it says it owns, and since which generation; only the sticky assignors ask. */
  readonly owned: readonly string[];
  readonly generation: number;
}

/** Topics with their partitions in order, as the leader's metadata has them. */
export type TopicPlaces = ReadonlyMap<string, readonly string[]>;
/** Places per member id, each in the order assigned. */
export type Assignment = Map<string, string[]>;

/** @throws AssertionFailed for a name that is no assignor of this model */
export function assign(
  assignor: string,
  members: readonly AssignorMember[],
  topics: TopicPlaces,
): Assignment {
  switch (assignor) {
    case 'range':
      return assignRange(members, topics);
    case 'roundrobin':
      return assignRoundRobin(members, topics);
    case 'sticky':
      return assignSticky(members, topics);
    case 'cooperative-sticky':
      return assignCooperativeSticky(members, topics);
    default:
      assert(false, `there is no assignor ${assignor}`);
  }
}

/** RangeAssignor (K-92): topic by topic, consecutive partitions, the first members get one more. */
export function assignRange(members: readonly AssignorMember[], topics: TopicPlaces): Assignment {
  const sorted = inOrder(members);
  const assignment = emptyAssignment(sorted);
  for (const topic of topicsOf(sorted)) {
    const places = topics.get(topic) ?? [];
    const subscribed = sorted.filter((member) => member.topics.includes(topic));
    const quota = Math.floor(places.length / subscribed.length);
    const over = places.length % subscribed.length;
    let next = 0;
    subscribed.forEach((member, i) => {
      const count = quota + (i < over ? 1 : 0);
      assignment.get(member.memberId)!.push(...places.slice(next, next + count));
      next += count;
    });
  }
  return assignment;
}

/** RoundRobinAssignor (K-93): partition by partition, round the members, past those who do not read its topic. */
export function assignRoundRobin(members: readonly AssignorMember[], topics: TopicPlaces): Assignment {
  const sorted = inOrder(members);
  const assignment = emptyAssignment(sorted);
  let turn = 0;
  for (const topic of topicsOf(sorted)) {
    for (const place of topics.get(topic) ?? []) {
      while (!sorted[turn % sorted.length]!.topics.includes(topic)) turn++;
      assignment.get(sorted[turn++ % sorted.length]!.memberId)!.push(place);
    }
  }
  return assignment;
}

/** CooperativeStickyAssignor (K-97): the sticky result, less every partition that another member must give up first. */
export function assignCooperativeSticky(members: readonly AssignorMember[], topics: TopicPlaces): Assignment {
  const assignment = assignSticky(members, topics);
  const owners = currentOwners(inOrder(members), placeIndex(topics));
  for (const [memberId, places] of assignment) {
    assignment.set(
      memberId,
      places.filter((place) => (owners.get(place) ?? memberId) === memberId),
    );
  }
  return assignment;
}

/** StickyAssignor: balanced, and as little moved as that allows (K-94; K-96 when subscriptions differ). */
export function assignSticky(members: readonly AssignorMember[], topics: TopicPlaces): Assignment {
  const sorted = inOrder(members);
  const index = placeIndex(topics);
  const first = subscription(sorted[0]);
  return sorted.every((member) => subscription(member) === first)
    ? stickyEqual(sorted, topics, index)
    : stickyGeneral(sorted, topics, index);
}

/** Topic and number of a partition, by its place. */
interface PlaceInfo {
  readonly topic: string;
  readonly partition: number;
}

function placeIndex(topics: TopicPlaces): Map<string, PlaceInfo> {
  const index = new Map<string, PlaceInfo>();
  for (const [topic, places] of topics)
    places.forEach((place, partition) => index.set(place, { topic, partition }));
  return index;
}

function stickyEqual(
  sorted: readonly AssignorMember[],
  topics: TopicPlaces,
  index: ReadonlyMap<string, PlaceInfo>,
): Assignment {
  const assignment = emptyAssignment(sorted);
  const all = topicsOf(sorted).flatMap((topic) => topics.get(topic) ?? []);
  const minQuota = Math.floor(all.length / sorted.length);
  const maxQuota = Math.ceil(all.length / sorted.length);
  const expectedOver = all.length % sorted.length;
  const owners = currentOwners(sorted, index);
  const taken = new Set<string>();
  let over = 0;
  let under: AssignorMember[] = [];
  const exact: AssignorMember[] = [];
  for (const member of sorted) {
    const owned = member.owned
      .filter((place) => owners.get(place) === member.memberId)
      .sort((a, b) => byPartitionThenTopic(index.get(a)!, index.get(b)!));
    let keep = minQuota;
    if (owned.length < minQuota) {
      keep = owned.length;
      under.push(member);
    } else if (owned.length >= maxQuota && over < expectedOver) {
      keep = maxQuota;
      over++;
    } else exact.push(member);
    for (const place of owned.slice(0, keep)) {
      taken.add(place);
      assignment.get(member.memberId)!.push(place);
    }
  }
  let turn = 0;
  for (const place of all) {
    if (taken.has(place)) continue;
    if (turn >= under.length) turn = 0;
    const member = under[turn] ?? exact.shift();
    assert(member, `no member has room for ${place}`);
    const places = assignment.get(member.memberId)!;
    places.push(place);
    if (under.length === 0) continue;
    if (places.length === minQuota) {
      under = under.filter((other) => other !== member);
      // It may take one more, after those who had as many from the start.
      exact.push(member);
    } else turn++;
  }
  return assignment;
}

function stickyGeneral(
  sorted: readonly AssignorMember[],
  topics: TopicPlaces,
  index: ReadonlyMap<string, PlaceInfo>,
): Assignment {
  const assignment = emptyAssignment(sorted);
  const owners = currentOwners(sorted, index);
  const potential = new Map<string, AssignorMember[]>();
  // Of members with as many partitions the first by member id is given the next, static or not.
  const byName = [...sorted].sort((a, b) => byText(a.memberId, b.memberId));
  for (const [topic] of topics)
    potential.set(
      topic,
      byName.filter((member) => member.topics.includes(topic)),
    );
  const candidates = (place: string): AssignorMember[] => potential.get(index.get(place)!.topic)!;
  const all = [...index.keys()]
    .filter((place) => candidates(place).length > 0)
    .sort(
      (a, b) =>
        candidates(a).length - candidates(b).length || byTopicThenPartition(index.get(a)!, index.get(b)!),
    );
  const load = (memberId: string): number => assignment.get(memberId)!.length;
  const holder = new Map<string, string>();
  const give = (place: string, memberId: string): void => {
    const from = holder.get(place);
    if (from !== undefined) {
      assignment.set(
        from,
        assignment.get(from)!.filter((other) => other !== place),
      );
    }
    holder.set(place, memberId);
    assignment.get(memberId)!.push(place);
  };
  const least = (place: string): AssignorMember =>
    candidates(place).reduce((best, member) => (load(member.memberId) < load(best.memberId) ? member : best));
  for (const place of all) {
    const owner = owners.get(place);
    if (owner !== undefined) give(place, owner);
  }
  for (const place of all) if (!holder.has(place)) give(place, least(place).memberId);
  // Every move lowers the sum of squares of the loads, so this ends.
  for (let moved = true; moved;) {
    moved = false;
    for (const place of all) {
      const from = holder.get(place)!;
      const previous = owners.get(place);
      const back = previous !== undefined && previous !== from && load(from) > load(previous) + 1;
      const to = back ? previous : least(place).memberId;
      if (load(from) > load(to) + 1) {
        give(place, to);
        moved = true;
      }
    }
  }
  return assignment;
}

/** Who owns what now: the claim of the higher generation wins; two claims of one generation cancel out (K-94). */
function currentOwners(
  sorted: readonly AssignorMember[],
  index: ReadonlyMap<string, PlaceInfo>,
): Map<string, string> {
  const claims = new Map<string, { generation: number; memberId: string | null }>();
  for (const member of sorted) {
    for (const place of member.owned) {
      const info = index.get(place);
      if (!info || !member.topics.includes(info.topic)) continue;
      const claim = claims.get(place);
      if (!claim || member.generation > claim.generation)
        claims.set(place, { generation: member.generation, memberId: member.memberId });
      else if (member.generation === claim.generation) claim.memberId = null;
    }
  }
  const owners = new Map<string, string>();
  for (const [place, { memberId }] of claims) if (memberId !== null) owners.set(place, memberId);
  return owners;
}

/** What the members read altogether, by name. */
function topicsOf(members: readonly AssignorMember[]): string[] {
  return [...new Set(members.flatMap((member) => member.topics))].sort(byText);
}

function emptyAssignment(members: readonly AssignorMember[]): Assignment {
  return new Map(members.map(({ memberId }) => [memberId, []]));
}

function inOrder(members: readonly AssignorMember[]): AssignorMember[] {
  assert(members.length > 0, 'a group without members has nothing to share out');
  return [...members].sort(byMember);
}

function byMember(a: AssignorMember, b: AssignorMember): number {
  if ((a.instanceId === null) !== (b.instanceId === null)) return a.instanceId === null ? 1 : -1;
  return byText(a.instanceId ?? a.memberId, b.instanceId ?? b.memberId);
}

function subscription(member: AssignorMember | undefined): string {
  return [...new Set(member?.topics)].sort(byText).join(' ');
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function byPartitionThenTopic(a: PlaceInfo, b: PlaceInfo): number {
  return a.partition - b.partition || byText(a.topic, b.topic);
}

function byTopicThenPartition(a: PlaceInfo, b: PlaceInfo): number {
  return byText(a.topic, b.topic) || a.partition - b.partition;
}
