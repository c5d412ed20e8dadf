/**
 * Who of each group read what and when: what a rebalance stops, and for how long (K-79, K-82, K-83, K-88). Totals count
 * everything; intervals are the newest ones.
 */
import type { Micros } from '../../../sim/time.ts';
import type { TraceEvent } from '../../../sim/trace.ts';
import { splitPlace } from '../cluster-image.ts';
import {
  INTERVALS_MAX,
  TIMELINE_ROWS_MAX,
  type Interval,
  type MemberInterval,
  type TimelineView,
} from '../view-types.ts';

/** A thing that is or is not the case: when, and how long altogether. */
class Spans {
  private since: Micros | null = null;
  private closed: { from: Micros; to: Micros }[] = [];
  private total = 0;

  set(holds: boolean, at: Micros): void {
    if (holds) this.since ??= at;
    else if (this.since !== null) {
      // What lasted no time did not happen.
      if (at > this.since) {
        this.total += at - this.since;
        this.closed.push({ from: this.since, to: at });
        if (this.closed.length >= INTERVALS_MAX) this.closed.shift();
      }
      this.since = null;
    }
  }

  intervals(): Interval[] {
    const closed: Interval[] = this.closed.map((interval) => ({ ...interval }));
    return this.since === null ? closed : [...closed, { from: this.since, to: null }];
  }

  micros(now: Micros): Micros {
    return this.total + (this.since === null ? 0 : Math.max(0, now - this.since));
  }
}

interface MemberState {
  readonly client: string;
  readonly label: string;
  /** The id the coordinator knows it by, in its present life. */
  memberId: string | null;
  /** The last of them lasts. */
  intervals: { from: Micros; to: Micros | null; kind: MemberInterval['kind']; places: readonly string[] }[];
  /** What it was before its process was paused. */
  before: { kind: MemberInterval['kind']; places: readonly string[] } | null;
}

interface GroupState {
  readonly group: string;
  readonly members: Map<string, MemberState>;
  /** Of every place that some member ever had. */
  readonly owners: Map<string, string | null>;
  readonly unowned: Map<string, Spans>;
  owned: number;
  readonly rebalances: Spans;
  readonly stopped: Spans;
}

export class Timeline {
  private readonly shown: boolean;
  private readonly groups = new Map<string, GroupState>();
  private readonly groupOf = new Map<string, GroupState>();

  constructor(shown: boolean) {
    this.shown = shown;
  }

  /** A member of a consumer group. */
  expect(groupId: string, client: string, label: string): void {
    if (!this.shown || this.groupOf.has(client)) return;
    const group = this.group(groupId);
    group.members.set(client, { client, label, memberId: null, intervals: [], before: null });
    this.groupOf.set(client, group);
  }

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'client-started':
        this.enter(event.client, 'joining', [], event.at);
        break;
      case 'client-stopped':
        this.stopped(event.client, event.at);
        break;
      case 'acted':
        if (event.refused === null && event.action === 'pause') this.paused(event.target, event.at);
        if (event.refused === null && event.action === 'resume') this.resumed(event.target, event.at);
        break;
      case 'member-joined': {
        const member = this.member(event.client);
        if (member) member.memberId = event.member;
        break;
      }
      case 'member-removed': {
        const member = this.member(event.client);
        if (member?.memberId !== event.member) break;
        member.memberId = null;
        this.letGo(event.client, null, event.at);
        break;
      }
      case 'assigned': {
        const group = this.groupOf.get(event.client);
        if (!group) break;
        for (const place of event.all) own(group, place, event.client, event.at);
        this.enter(event.client, event.all.length === 0 ? 'without' : 'reading', event.all, event.at);
        break;
      }
      case 'revoked': {
        const left = (current(this.member(event.client))?.places ?? []).filter(
          (place) => !event.places.includes(place),
        );
        this.letGo(event.client, event.places, event.at);
        this.enter(event.client, left.length === 0 ? 'joining' : 'reading', left, event.at);
        break;
      }
      case 'group-state-changed':
        this.groups.get(event.group)?.rebalances.set(!event.stable, event.at);
        break;
    }
  }

  view(now: Micros): TimelineView[] | null {
    if (!this.shown) return null;
    return [...this.groups.values()].map(({ group, members, unowned, stopped, rebalances }) => {
      let unownedMicros = 0;
      for (const spans of unowned.values()) unownedMicros += spans.micros(now);
      return {
        group,
        members: [...members.values()].slice(0, TIMELINE_ROWS_MAX).map(({ client, label, intervals }) => ({
          client,
          label,
          intervals: intervals.map((interval) => ({ ...interval, places: [...interval.places] })),
        })),
        rebalances: rebalances.intervals(),
        places: [...unowned]
          .sort(byPlace)
          .slice(0, TIMELINE_ROWS_MAX)
          .map(([place, spans]) => ({
            place,
            unowned: spans.intervals(),
            unownedMicros: spans.micros(now),
          })),
        stoppedMicros: stopped.micros(now),
        stopped: stopped.intervals(),
        unownedMicros,
        rebalancingMicros: rebalances.micros(now),
      };
    });
  }

  private stopped(client: string, at: Micros): void {
    const member = this.member(client);
    if (!member) return;
    member.before = null;
    this.letGo(client, null, at);
    this.enter(client, 'gone', [], at);
  }

  private paused(client: string, at: Micros): void {
    const member = this.member(client);
    const now = current(member);
    if (!member || !now || now.kind === 'gone') return;
    const { kind, places } = now;
    this.enter(client, 'paused', places, at);
    member.before = { kind, places };
  }

  private resumed(client: string, at: Micros): void {
    const member = this.member(client);
    if (!member?.before) return;
    const { kind, places } = member.before;
    member.before = null;
    this.enter(client, kind, places, at);
  }

  /** The member has these places no longer, or (null) none at all. */
  private letGo(client: string, places: readonly string[] | null, at: Micros): void {
    const group = this.groupOf.get(client);
    if (!group) return;
    for (const [place, owner] of group.owners)
      if (owner === client && (places === null || places.includes(place))) own(group, place, null, at);
    judge(group, at);
  }

  private enter(client: string, kind: MemberInterval['kind'], places: readonly string[], at: Micros): void {
    const member = this.member(client);
    const group = this.groupOf.get(client);
    if (!member || !group) return;
    if (member.before && kind !== 'gone') {
      member.before = { kind, places };
      return;
    }
    // What lasted no time did not happen.
    if (current(member)?.from === at) member.intervals.pop();
    const last = current(member);
    if (last?.kind === kind && last.places.join() === places.join()) last.to = null;
    else {
      if (last) last.to = at;
      member.intervals.push({ from: at, to: null, kind, places: [...places] });
      if (member.intervals.length > INTERVALS_MAX) member.intervals.shift();
    }
    judge(group, at);
  }

  private member(client: string): MemberState | undefined {
    return this.groupOf.get(client)?.members.get(client);
  }

  private group(id: string): GroupState {
    let group = this.groups.get(id);
    if (!group) {
      group = {
        group: id,
        members: new Map(),
        owners: new Map(),
        unowned: new Map(),
        owned: 0,
        rebalances: new Spans(),
        stopped: new Spans(),
      };
      this.groups.set(id, group);
    }
    return group;
  }
}

function byPlace([a]: readonly [string, Spans], [b]: readonly [string, Spans]): number {
  const [one, other] = [splitPlace(a), splitPlace(b)];
  if (one.topic !== other.topic) return one.topic < other.topic ? -1 : 1;
  return one.index - other.index;
}

function current(member: MemberState | undefined): MemberState['intervals'][number] | undefined {
  return member?.intervals.at(-1);
}

function own(group: GroupState, place: string, owner: string | null, at: Micros): void {
  const before = group.owners.get(place) ?? null;
  if (before === owner && group.owners.has(place)) return;
  group.owners.set(place, owner);
  group.owned += (owner === null ? 0 : 1) - (before === null ? 0 : 1);
  let unowned = group.unowned.get(place);
  if (!unowned) group.unowned.set(place, (unowned = new Spans()));
  unowned.set(owner === null, at);
}

/** Whether the world stands still: members live, none has a partition, though some had before. */
function judge(group: GroupState, at: Micros): void {
  const live = [...group.members.values()].some((member) => {
    const kind = current(member)?.kind;
    return kind !== undefined && kind !== 'gone';
  });
  group.stopped.set(live && group.owned === 0 && group.owners.size > 0, at);
}
