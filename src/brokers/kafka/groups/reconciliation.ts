/**
 * One member's way to its target (K-88), the heart of the consumer protocol: it gives up what is not to be its own any
 * more, says so, and only then moves on to the target's epoch, with what nobody else has any more.
 */

import { sameList } from './parts.ts';

/** K-88: not to be confused with the states of a group. */
export type MemberState = 'STABLE' | 'UNREVOKED_PARTITIONS' | 'UNRELEASED_PARTITIONS';

/** What a member has now; as it is written. */
export interface CurrentAssignment {
  /** −2: a static member that is away and will be back. */
  readonly epoch: number;
  /** The one before, which is accepted when the answer with the new one was lost (K-89); −1 for none. */
  readonly previousEpoch: number;
  readonly state: MemberState;
  readonly assigned: readonly string[];
  /** What it was told to give up, and has not yet said that it has. */
  readonly pendingRevocation: readonly string[];
  /** For each of both: the epoch in which it was assigned (K-89). */
  readonly since: Readonly<Record<string, number>>;
}

/** A member that has just joined. */
export const NOTHING_YET: CurrentAssignment = Object.freeze({
  epoch: 0,
  previousEpoch: -1,
  state: 'STABLE',
  assigned: Object.freeze([]),
  pendingRevocation: Object.freeze([]),
  since: Object.freeze({}),
});

/** @returns each of these places with the epoch since when its member has had it: what it had before, since then */
export function sinceWhen(
  before: CurrentAssignment['since'],
  places: readonly string[],
  epoch: number,
): CurrentAssignment['since'] {
  return Object.freeze(Object.fromEntries(places.map((place) => [place, before[place] ?? epoch])));
}

/**
 * K-89: whether a member that is in a newer epoch by now may commit with this one.
 * @param places what it commits: all of it must have been its own then, and not have been given up since
 */
export function hadThen({ since }: CurrentAssignment, epoch: number, places: readonly string[]): boolean {
  return places.every((place) => (since[place] ?? Infinity) <= epoch);
}

export function isReconciledTo(current: CurrentAssignment, targetEpoch: number): boolean {
  return current.state === 'STABLE' && current.epoch === targetEpoch;
}

/**
 * The next step of a member on a heartbeat (K-88).
 * @param targetEpoch for which the target was computed
 * @param target what the member is to have in the end
 * @param taken every place that some member, be it this one, is assigned or has yet to give up
 * @param owned what the member says it owns; null when it says nothing
 * @returns `current` itself when there is no step to take
 */
export function reconcile(
  current: CurrentAssignment,
  targetEpoch: number,
  target: readonly string[],
  taken: ReadonlySet<string>,
  owned: readonly string[] | null,
): CurrentAssignment {
  switch (current.state) {
    case 'STABLE':
      return current.epoch === targetEpoch ? current : next(current, targetEpoch, target, taken, owned);
    case 'UNREVOKED_PARTITIONS':
      return holds(owned, current.pendingRevocation)
        ? current
        : next(current, targetEpoch, target, taken, owned);
    case 'UNRELEASED_PARTITIONS':
      return next(current, targetEpoch, target, taken, owned);
  }
}

/**
 * What a member that does not read some topics any more has to give up at once, while the next target is still to come
 * (K-90).
 * @param reads whether it reads the topic of a place
 * @returns `current` itself when there is nothing to give up
 */
export function unsubscribe(
  current: CurrentAssignment,
  reads: (place: string) => boolean,
  owned: readonly string[] | null,
): CurrentAssignment {
  const kept = current.assigned.filter(reads);
  if (kept.length === current.assigned.length) return current;
  const pending = [...current.pendingRevocation, ...current.assigned.filter((place) => !reads(place))];
  return holds(owned, pending)
    ? moved(current, current.epoch, 'UNREVOKED_PARTITIONS', kept, pending)
    : moved(current, current.epoch, current.state, kept, current.pendingRevocation);
}

function next(
  current: CurrentAssignment,
  targetEpoch: number,
  target: readonly string[],
  taken: ReadonlySet<string>,
  owned: readonly string[] | null,
): CurrentAssignment {
  const wanted = new Set(target);
  const kept = current.assigned.filter((place) => wanted.has(place));
  const revoked = current.assigned.filter((place) => !wanted.has(place));
  if (revoked.length > 0 && holds(owned, revoked))
    return moved(current, current.epoch, 'UNREVOKED_PARTITIONS', kept, revoked);
  const had = new Set(kept);
  const assigned = target.filter((place) => had.has(place) || !taken.has(place));
  const state = assigned.length < target.length ? 'UNRELEASED_PARTITIONS' : 'STABLE';
  return moved(current, targetEpoch, state, assigned, []);
}

function moved(
  current: CurrentAssignment,
  epoch: number,
  state: MemberState,
  assigned: readonly string[],
  pendingRevocation: readonly string[],
): CurrentAssignment {
  const previousEpoch = current.epoch;
  // Another heartbeat in the same epoch makes that the previous one as well, as Kafka has it: from then on an older one
  // is fenced.
  if (
    epoch === current.epoch &&
    previousEpoch === current.previousEpoch &&
    state === current.state &&
    sameList(assigned, current.assigned) &&
    sameList(pendingRevocation, current.pendingRevocation)
  )
    return current;
  return Object.freeze({
    epoch,
    previousEpoch,
    state,
    assigned: Object.freeze(assigned),
    pendingRevocation: Object.freeze(pendingRevocation),
    since: sinceWhen(current.since, [...assigned, ...pendingRevocation], epoch),
  });
}

/** Whether some of these places are still with a member; one that does not say has them still. */
function holds(owned: readonly string[] | null, places: readonly string[]): boolean {
  return owned === null || places.some((place) => owned.includes(place));
}
