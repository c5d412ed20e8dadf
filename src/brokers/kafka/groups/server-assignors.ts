/**
 * How a group coordinator shares partitions out itself: `uniform` and `range` for consumer groups (K-98 to K-100),
 * `simple` for share groups (K-102).
 *
 * Where Java walks a HashMap (K-99), members are walked in the order in which they joined and topics in the order in
 * which they were created.
 */
import { assignRange, type TopicPlaces } from '../assignors.ts';

/** Names of the assignors that consumer groups may ask for, as `group.remote.assignor` takes them. */
export type ServerAssignor = 'uniform' | 'range';

export interface ServerMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly topics: readonly string[];
  /** What the last target gave it. */
  readonly target: readonly string[];
}

/** Places per member id, sorted by topic and number; every member has an entry. */
export type TargetAssignment = Map<string, readonly string[]>;

/**
 * Computes a target assignment.
 * @param members in the order in which they joined
 * @param topics those that exist, with their partitions in order; a member's other topics count for nothing
 */
export function assignOnServer(
  assignor: ServerAssignor,
  members: readonly ServerMember[],
  topics: TopicPlaces,
): TargetAssignment {
  const existing = members.map((member) => ({
    ...member,
    topics: member.topics.filter((topic) => topics.has(topic)),
  }));
  const assignment =
    assignor === 'range'
      ? assignRange(
          existing.map((member) => ({ ...member, owned: [], generation: -1 })),
          topics,
        )
      : isHomogeneous(existing)
        ? assignUniform(existing, topics)
        : assignUniformGeneral(existing, topics);
  return inOrder(members, assignment, topics);
}

/**
 * K-102: as few members to each partition as leave nobody without one. Members with the same topics are spread over all
 * of their partitions, others topic by topic.
 */
export function assignSimple(members: readonly ServerMember[], topics: TopicPlaces): TargetAssignment {
  const assignment = new Map<string, string[]>(members.map(({ memberId }) => [memberId, []]));
  const subscribed = [...topics].filter(([topic]) => members.some((member) => member.topics.includes(topic)));
  if (isHomogeneous(members))
    spread(
      members,
      subscribed.flatMap(([, places]) => places),
      assignment,
    );
  else
    for (const [topic, places] of subscribed)
      spread(
        members.filter((member) => member.topics.includes(topic)),
        places,
        assignment,
      );
  return inOrder(members, assignment, topics);
}

/** Adds to what the members get what they get of these partitions. Each keeps what it has, as far as it may. */
function spread(
  members: readonly ServerMember[],
  places: readonly string[],
  assignment: ReadonlyMap<string, string[]>,
): void {
  if (places.length === 0) return;
  const sharing = Math.ceil(members.length / places.length);
  const mean = (sharing * places.length) / members.length;
  const shares = members.map(({ target }, i) => {
    const quota = Math.ceil(mean * (i + 1)) - Math.ceil(mean * i);
    const has = places.filter((place) => target.includes(place));
    return { quota, has: new Set(has.slice(Math.max(0, has.length - quota))) };
  });
  const holders = places.map((place) => {
    const all = shares.filter(({ has }) => has.has(place));
    for (const { has } of all.splice(0, Math.max(0, all.length - sharing))) has.delete(place);
    return all;
  });
  // In turn, each once before anybody twice.
  const unfilled = shares.filter(({ has, quota }) => has.size < quota);
  let next = 0;
  places.forEach((place, i) => {
    let missing = sharing - holders[i]!.length;
    for (let passed = 0; missing > 0 && passed < unfilled.length;) {
      next %= unfilled.length;
      const one = unfilled[next]!;
      if (holders[i]!.includes(one)) passed++;
      else {
        one.has.add(place);
        missing--;
      }
      if (one.has.size < one.quota) next++;
      else unfilled.splice(next, 1);
    }
  });
  members.forEach(({ memberId }, i) => assignment.get(memberId)!.push(...shares[i]!.has));
}

function isHomogeneous(members: readonly ServerMember[]): boolean {
  const sets = members.map(({ topics }) => topics.toSorted().join(' '));
  return sets.every((topics) => topics === sets[0]);
}

/** K-99: everyone subscribes to the same topics. */
function assignUniform(members: readonly ServerMember[], topics: TopicPlaces): Map<string, string[]> {
  const assignment = new Map<string, string[]>(members.map(({ memberId }) => [memberId, []]));
  const subscribed = new Set(members[0]?.topics);
  const places = [...topics].flatMap(([topic, all]) => (subscribed.has(topic) ? all : []));
  const known = new Set(places);
  const taken = new Set(members.flatMap(({ target }) => target));
  const free = places.filter((place) => !taken.has(place));
  const minQuota = Math.floor(places.length / members.length);
  let extra = places.length % members.length;
  // Who has more than its least part keeps one more, as long as there are any; then come those who have no more than that.
  for (const { memberId, target } of members) {
    const held = target.filter((place) => known.has(place));
    const quota = held.length > minQuota && extra-- > 0 ? minQuota + 1 : minQuota;
    assignment.set(memberId, held.slice(0, quota));
    free.push(...held.slice(quota));
  }
  let next = 0;
  for (const { memberId } of members) {
    const places = assignment.get(memberId)!;
    if (places.length > minQuota) continue;
    const quota = extra-- > 0 ? minQuota + 1 : minQuota;
    while (places.length < quota) places.push(free[next++]!);
  }
  return assignment;
}

/** Passes over the topics that the general algorithm makes at most. */
const PASSES_MAX = 16;

/**
 * K-99, members with different subscriptions: what nobody has goes to the subscriber with the least, topic after topic,
 * those with most partitions for each subscriber first; then partitions move from the subscriber of a topic that has
 * most to the one that has least, as long as they are two or more apart.
 */
function assignUniformGeneral(members: readonly ServerMember[], topics: TopicPlaces): Map<string, string[]> {
  const assignment = new Map<string, string[]>(members.map(({ memberId }) => [memberId, []]));
  const size = (member: ServerMember): number => assignment.get(member.memberId)!.length;
  const shared = [...topics]
    .map(([topic, places], order) => ({
      places,
      order,
      subscribers: members.filter((member) => member.topics.includes(topic)),
    }))
    .filter(({ subscribers }) => subscribers.length > 0)
    .sort(
      (a, b) =>
        b.places.length * a.subscribers.length - a.places.length * b.subscribers.length ||
        a.subscribers.length - b.subscribers.length ||
        a.order - b.order,
    );
  const taken = new Set<string>();
  for (const { places, subscribers } of shared) {
    const known = new Set(places);
    for (const { memberId, target } of subscribers) {
      for (const place of target) {
        if (!known.has(place)) continue;
        taken.add(place);
        assignment.get(memberId)!.push(place);
      }
    }
  }
  for (const { places, subscribers } of shared) {
    const bySize = subscribers.toSorted((a, b) => size(a) - size(b));
    for (const place of places) {
      if (taken.has(place)) continue;
      assignment.get(least(bySize, size).memberId)!.push(place);
    }
  }
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    let moved = false;
    for (const { places, subscribers } of shared) {
      if (subscribers.length > 1 && balanceTopic(places, subscribers, assignment, size)) moved = true;
    }
    if (!moved) break;
  }
  return assignment;
}

/** @returns whether a partition of the topic has moved */
function balanceTopic(
  places: readonly string[],
  subscribers: readonly ServerMember[],
  assignment: ReadonlyMap<string, string[]>,
  size: (member: ServerMember) => number,
): boolean {
  const order = new Map(places.map((place, i) => [place, i]));
  const bySize = subscribers.toSorted((a, b) => size(a) - size(b));
  // What each may give away: the partition with the highest number goes first.
  const givable = new Map(
    subscribers.map((member) => [
      member,
      assignment
        .get(member.memberId)!
        .filter((place) => order.has(place))
        .sort((a, b) => order.get(a)! - order.get(b)!),
    ]),
  );
  let moved = false;
  for (;;) {
    const giver = most(
      bySize.filter((member) => givable.get(member)!.length > 0),
      size,
    );
    const taker = least(bySize, size);
    if (!giver || size(giver) - size(taker) <= 1) return moved;
    const place = givable.get(giver)!.pop()!;
    const kept = assignment.get(giver.memberId)!;
    kept.splice(kept.indexOf(place), 1);
    assignment.get(taker.memberId)!.push(place);
    moved = true;
  }
}

/** The first with the smallest size. */
function least(members: readonly ServerMember[], size: (member: ServerMember) => number): ServerMember {
  return members.reduce((best, member) => (size(member) < size(best) ? member : best));
}

/** The last with the greatest size. */
function most(
  members: readonly ServerMember[],
  size: (member: ServerMember) => number,
): ServerMember | undefined {
  return members.reduce<ServerMember | undefined>(
    (best, member) => (best === undefined || size(member) >= size(best) ? member : best),
    undefined,
  );
}

function inOrder(
  members: readonly ServerMember[],
  assignment: ReadonlyMap<string, readonly string[]>,
  topics: TopicPlaces,
): TargetAssignment {
  const order = new Map([...topics.values()].flat().map((place, i) => [place, i]));
  return new Map(
    members.map(({ memberId }) => [
      memberId,
      Object.freeze((assignment.get(memberId) ?? []).toSorted((a, b) => order.get(a)! - order.get(b)!)),
    ]),
  );
}
