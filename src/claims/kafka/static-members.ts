/**
 * Claims about static members that clients can judge: one that dies and comes back, and a second with the id of one
 * (K-84, K-89). Which members are static, and for how long they may be away, no event tells: groups are known by name.
 */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, fromMs, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';

type Assigned = Extract<TraceEvent, { kind: 'assigned' }>;

interface Membership {
  readonly group: string;
  readonly places: readonly string[];
  readonly generation: number;
}

const had = ({ places, generation }: Membership): string =>
  `${places.join(', ')} in generation ${generation}`;

/** The session timeout of the groups, less the time from a last heartbeat to a death. */
const SURELY_IN_TIME: Micros = fromMs(6000 - 1000);

/** K-84. While a static member is away for less than its session, nobody else is given or gives up anything. */
class AwayUnnoticed implements ClaimFold {
  private readonly groups: readonly string[];
  private readonly ledger = new Ledger();
  private readonly members = new Map<string, Membership>();
  private readonly away = new Map<string, Membership & { readonly since: Micros; disturbed: boolean }>();

  constructor(groups: readonly string[]) {
    this.groups = groups;
  }

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'client-stopped': {
        const member = this.members.get(event.client);
        this.members.delete(event.client);
        if (!member) break;
        // Two at once: what becomes of the group has more than one reason.
        const others = [...this.away.values()].filter(({ group }) => group === member.group);
        for (const one of others) one.disturbed = true;
        this.away.set(event.client, { ...member, since: event.at, disturbed: others.length > 0 });
        break;
      }
      case 'client-started':
        if (event.role === 'consumer' && !this.away.has(event.client)) this.disturb();
        break;
      case 'places-created':
        this.disturb();
        break;
      // It is refused, and does not come back.
      case 'error':
        this.members.delete(event.client);
        this.away.delete(event.client);
        break;
      case 'revoked':
        this.changed(event, event.group, event.client, `gave up ${event.places.join(', ')}`);
        break;
      case 'assigned':
        if (this.groups.includes(event.group)) this.assigned(event);
    }
  }

  private disturb(): void {
    for (const one of this.away.values()) one.disturbed = true;
  }

  private changed(event: TraceEvent, group: string, client: string, what: string): void {
    for (const [other, { group: of, since, disturbed }] of this.away) {
      if (other === client || of !== group || disturbed || event.at - since > SURELY_IN_TIME) continue;
      this.ledger.contradict(
        event,
        `${displayName(client)} ${what} ${formatSeconds(event.at - since)} after ${displayName(other)} had gone`,
      );
    }
  }

  private assigned(event: Assigned): void {
    const { client, group, all: places, generation, at } = event;
    const before = this.away.get(client);
    // With KIP-848 it may be told at first that it has nothing yet.
    if (before && places.length === 0 && before.places.length > 0) return;
    this.away.delete(client);
    this.members.set(client, { group, places, generation });
    this.changed(event, group, client, `was given ${places.join(', ')}`);
    if (!before || before.disturbed || at - before.since > SURELY_IN_TIME) return;
    const text = `${displayName(client)} is back after ${formatSeconds(at - before.since)}: ${places.join(', ')} in generation ${generation}`;
    if (before.generation === generation && before.places.join() === places.join())
      this.ledger.confirm(event, () => `${text}, as before`);
    else this.ledger.contradict(event, `${text}; before, ${had(before)}`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a static member to go, and to be back in time');
  }
}

/** How long the one that is thrown out may take to hear of it: two heartbeats and more. */
const NEWS: Micros = fromMs(2000);
const FENCED = 'FencedInstanceIdException';

/** K-84. Classic protocol: who has the same id takes the partitions, in the same generation, and the earlier one has an error. */
class LaterOneStays implements ClaimFold {
  private readonly groups: readonly string[];
  private readonly ledger = new Ledger();
  private readonly members = new Map<string, Membership>();
  /** Who has been told that it is thrown out. */
  private readonly fenced = new Set<string>();
  private readonly replaced = new Map<string, { readonly by: string; readonly at: Micros }>();
  private last: TraceEvent | null = null;

  constructor(groups: readonly string[]) {
    this.groups = groups;
  }

  on(event: TraceEvent): void {
    this.last = event;
    if (event.kind === 'client-started') this.fenced.delete(event.client);
    if (event.kind === 'client-stopped' && !this.fenced.has(event.client)) {
      this.members.delete(event.client);
      this.replaced.delete(event.client);
    }
    if (event.kind === 'error' && event.code === FENCED) {
      this.fenced.add(event.client);
      this.shown(event, event.client);
    }
    if (event.kind === 'delivered' && this.fenced.has(event.client))
      this.ledger.contradict(
        event,
        `${displayName(event.client)} was given record ${event.message} after it had been thrown out`,
      );
    if (event.kind !== 'assigned' || !this.groups.includes(event.group)) return;
    const { client, group, all: places, generation, at } = event;
    const mine = { group, places, generation };
    for (const [other, theirs] of this.members) {
      if (other === client || places.length === 0 || theirs.group !== group) continue;
      if (had(theirs) !== had(mine)) continue;
      this.replaced.set(other, { by: client, at });
      this.shown(event, other);
    }
    this.members.set(client, mine);
  }

  private shown(event: TraceEvent, first: string): void {
    const replaced = this.replaced.get(first);
    if (!replaced || !this.fenced.has(first)) return;
    const member = this.members.get(first)!;
    this.members.delete(first);
    this.replaced.delete(first);
    this.ledger.confirm(
      event,
      () => `${displayName(replaced.by)} has ${had(member)}, and ${displayName(first)} has ${FENCED}`,
    );
  }

  verdict(ended: boolean): Verdict {
    const last = this.last;
    if (ended && last) {
      for (const [first, { by, at }] of this.replaced) {
        if (last.at - at < NEWS) continue;
        const judged = new Ledger();
        judged.contradict(
          last,
          `${displayName(by)} has what ${displayName(first)} had, which was never told that it is thrown out`,
        );
        return judged.verdict('');
      }
    }
    return this.ledger.verdict('a second client with the group.instance.id of one that lives');
  }
}

const REFUSED = 'UnreleasedInstanceIdException';

/** K-89. Consumer protocol: the earlier one stays what it is, and the later one has an error. */
class EarlierOneStays implements ClaimFold {
  private readonly group: string;
  private readonly ledger = new Ledger();
  private readonly refused = new Set<string>();

  constructor(group: string) {
    this.group = group;
  }

  on(event: TraceEvent): void {
    if (event.kind === 'client-started') this.refused.delete(event.client);
    if (event.kind === 'error' && event.code === REFUSED) {
      this.refused.add(event.client);
      this.ledger.confirm(event, () => `${displayName(event.client)} has ${REFUSED}`);
    }
    if (event.kind === 'error' && event.code === FENCED)
      this.ledger.contradict(event, `${displayName(event.client)} was thrown out`);
    if (event.kind === 'assigned' && event.group === this.group && this.refused.has(event.client))
      this.ledger.contradict(
        event,
        `${displayName(event.client)} was given ${event.all.join(', ') || 'nothing'} after it had been refused`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a second client with the group.instance.id of one that has not left');
  }
}

export const staticMemberClaims: readonly Claim[] = [
  {
    id: 'kafka.static-absence-unnoticed',
    broker: 'kafka',
    statement: 'A static member that is back within its session has what it had, and nobody noticed',
    rules: ['K-84'],
    observable: true,
    scenarios: ['kafka-held-static', 'kafka-held-static-kip-848'],
    judge: () => new AwayUnnoticed(['range', 'cooperative', 'billing']),
  },
  {
    id: 'kafka.static-later-stays',
    broker: 'kafka',
    statement: 'Classic: a second client with its group.instance.id throws the first one out',
    rules: ['K-84'],
    observable: true,
    scenarios: ['kafka-held-static'],
    judge: () => new LaterOneStays(['range', 'cooperative']),
  },
  {
    id: 'kafka.static-earlier-stays',
    broker: 'kafka',
    statement: 'KIP-848: a second client with its group.instance.id is refused',
    rules: ['K-84', 'K-89'],
    observable: true,
    scenarios: ['kafka-held-static-kip-848'],
    judge: () => new EarlierOneStays('billing'),
  },
];
