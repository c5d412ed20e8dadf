/** Claims about consumer groups: who reads what, and what a rebalance costs. */
import { displayName } from '../../sim/names.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { failedBy, Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';
import { SeenByReader } from '../seen.ts';
import { Confirmed } from './confirmed.ts';

/**
 * K-80. Within one generation of a group no place is assigned to two members. Who takes over a static membership (K-84)
 * has its places in the same generation: they are free when the earlier client has stopped, or was told that it is
 * fenced; while it has yet to be told, the coordinator's removal of it tells. A share group shares no places out (K-102).
 */
class OneOwner implements ClaimFold {
  private ledger = new Ledger();
  private owners = new Map<string, { generation: number; byPlace: Map<string, string> }>();

  on(event: TraceEvent): void {
    if (event.kind === 'client-stopped')
      for (const { byPlace } of this.owners.values()) free(byPlace, event.client);
    if (event.kind === 'member-removed') {
      const group = this.owners.get(event.group);
      if (group) free(group.byPlace, event.client);
    }
    // Who takes partitions by assign() is no member, and shares nothing out.
    if (event.kind !== 'assigned' || event.shared || event.generation < 0) return;
    let group = this.owners.get(event.group);
    if (!group || group.generation < event.generation) {
      this.owners.set(event.group, (group = { generation: event.generation, byPlace: new Map() }));
    }
    if (event.generation < group.generation) return;
    for (const place of event.all) {
      const owner = group.byPlace.get(place);
      if (owner === undefined || owner === event.client) {
        group.byPlace.set(place, event.client);
        this.ledger.confirm(
          event,
          () => `in generation ${event.generation}, ${place} is ${displayName(event.client)}'s alone`,
        );
      } else {
        this.ledger.contradict(
          event,
          `in generation ${event.generation}, ${place} is both ${displayName(owner)}'s and ${displayName(event.client)}'s`,
        );
      }
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a group to share its partitions out');
  }
}

function free(byPlace: Map<string, string>, client: string): void {
  for (const [place, owner] of byPlace) if (owner === client) byPlace.delete(place);
}

/** K-100. A member with nothing while the others of its generation hold every partition. */
class ExtraConsumerIdles implements ClaimFold {
  private ledger = new Ledger();
  private places = new Set<string>();
  private generations = new Map<
    string,
    { generation: number; held: Map<string, readonly string[]>; told: boolean }
  >();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created') for (const place of event.places) this.places.add(place);
    if (event.kind === 'assigned') {
      let current = this.generations.get(event.group);
      if (!current || current.generation < event.generation) {
        this.generations.set(
          event.group,
          (current = { generation: event.generation, held: new Map(), told: false }),
        );
      }
      current.held.set(event.client, event.all);
      const idle = [...current.held].filter(([, all]) => all.length === 0).map(([client]) => client);
      const covered = new Set([...current.held.values()].flat()).size === this.places.size;
      if (idle.length > 0 && covered && !current.told) {
        current.told = true;
        this.ledger.confirm(
          event,
          () =>
            `${idle.map(displayName).join(', ')} has nothing to read: the ${this.places.size} partitions are taken`,
        );
      }
    }
    if (event.kind === 'delivered' && event.group !== null) {
      const held = this.generations.get(event.group)?.held.get(event.client);
      if (held?.length === 0) {
        this.ledger.contradict(
          event,
          `${displayName(event.client)} holds no partition and was given offset ${event.position} of ${event.place}`,
        );
      }
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a group with more members than partitions');
  }
}

/** K-68. In the end every group has been given every record that was confirmed. */
class GroupsAreIndependent implements ClaimFold {
  private ledger = new Ledger();
  private confirmed = new Confirmed();
  private seen = new SeenByReader();

  on(event: TraceEvent): void {
    this.confirmed.on(event);
    if (event.kind !== 'delivered' || event.group === null || !this.seen.add(event)) return;
    const earlier = this.seen.another(event);
    if (earlier === undefined) return;
    const text = `${event.group} was given record ${event.message}, which ${earlier} had already been given`;
    this.ledger.confirm(event, () => text);
  }

  verdict(ended: boolean): Verdict {
    const missing = ended ? this.confirmed.missing(this.seen) : undefined;
    if (!missing) return this.ledger.verdict('two groups to read the same topic');
    const { event, message, reader } = missing;
    return failedBy(event, `record ${message} was confirmed and never given to ${reader}`);
  }
}

/** K-69. A group that begins at offset 0 gets what another group has committed past. */
class ReadingRemovesNothing implements ClaimFold {
  private ledger = new Ledger();
  private committed = new Map<string, { group: string; position: number }[]>();
  private positioned = new Map<string, number>();

  on(event: TraceEvent): void {
    if (event.kind === 'settled' && event.outcome === 'committed' && event.group !== null) {
      const commits = this.committed.get(event.place) ?? [];
      const own = commits.find(({ group }) => group === event.group);
      if (own) own.position = Math.max(own.position, event.position);
      else commits.push({ group: event.group, position: event.position });
      this.committed.set(event.place, commits);
    } else if (event.kind === 'positioned' && event.by === 'reset') {
      this.positioned.set(`${event.client} ${event.place}`, event.position);
    } else if (event.kind === 'delivered') {
      const id = `${event.client} ${event.place}`;
      const from = this.positioned.get(id);
      this.positioned.delete(id);
      const reader = this.committed
        .get(event.place)
        ?.find(({ group, position }) => group !== event.group && position > event.position);
      if (from === undefined || !reader) return;
      if (event.position === from) {
        this.ledger.confirm(
          event,
          () =>
            `${event.group ?? event.client} reads ${event.place} from offset ${from}, though ${reader.group} has committed ${reader.position}`,
        );
      } else {
        this.ledger.contradict(
          event,
          `${event.place} gave offset ${event.position} to a group that began at ${from}`,
        );
      }
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a group that begins after another has committed');
  }
}

/** K-82. Whoever held partitions gave up all of them before it was assigned any. */
class EagerRevokesAll implements ClaimFold {
  private ledger = new Ledger();
  private held = new Map<string, readonly string[]>();

  on(event: TraceEvent): void {
    if (event.kind === 'client-stopped') this.held.delete(event.client);
    if (event.kind === 'revoked') {
      const kept = (this.held.get(event.client) ?? []).filter((place) => !event.places.includes(place));
      if (kept.length > 0) {
        this.ledger.contradict(
          event,
          `${displayName(event.client)} gave up ${event.places.join(', ')} and kept ${kept.join(', ')}`,
        );
      } else if (event.places.length > 0) {
        this.ledger.confirm(
          event,
          () => `${displayName(event.client)} gave up all it had: ${event.places.join(', ')}`,
        );
      }
      this.held.set(event.client, kept);
    }
    if (event.kind === 'assigned') {
      const kept = this.held.get(event.client) ?? [];
      if (kept.length > 0)
        this.ledger.contradict(
          event,
          `${displayName(event.client)} came through the rebalance with ${kept.join(', ')}`,
        );
      this.held.set(event.client, event.all);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a rebalance of a group that already reads');
  }
}

/** K-83. Partitions that stay with their reader are never given up; those given up really move. */
class CooperativeKeeps implements ClaimFold {
  private ledger = new Ledger();
  private held = new Map<string, readonly string[]>();
  private givenUp = new Map<string, readonly string[]>();

  on(event: TraceEvent): void {
    if (event.kind === 'client-stopped') {
      this.held.delete(event.client);
      this.givenUp.delete(event.client);
    }
    if (event.kind === 'revoked' && !event.lost) {
      this.givenUp.set(event.client, event.places);
      this.held.set(
        event.client,
        (this.held.get(event.client) ?? []).filter((place) => !event.places.includes(place)),
      );
    }
    if (event.kind === 'assigned') {
      const back = (this.givenUp.get(event.client) ?? []).filter((place) => event.all.includes(place));
      const kept = (this.held.get(event.client) ?? []).filter((place) => event.all.includes(place));
      if (back.length > 0) {
        this.ledger.contradict(
          event,
          `${displayName(event.client)} gave up ${back.join(', ')} only to get it back`,
        );
      } else if (kept.length > 0) {
        this.ledger.confirm(
          event,
          () => `${displayName(event.client)} came through the rebalance with ${kept.join(', ')}`,
        );
      }
      this.held.set(event.client, event.all);
      this.givenUp.delete(event.client);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a rebalance of a group that already reads');
  }
}

export const groupClaims: readonly Claim[] = [
  {
    id: 'kafka.one-owner',
    broker: 'kafka',
    statement: 'Within a group, a partition has at most one reader',
    rules: ['K-80', 'K-111'],
    observable: false,
    scenarios: 'every',
    judge: () => new OneOwner(),
  },
  {
    id: 'kafka.extra-consumer-idles',
    broker: 'kafka',
    statement: 'A consumer beyond the number of partitions has nothing to do',
    rules: ['K-100', 'K-92'],
    observable: true,
    scenarios: ['kafka-extra-consumer', 'kafka-lag', 'kafka-held-keys', 'kafka-held-lag'],
    judge: () => new ExtraConsumerIdles(),
  },
  {
    id: 'kafka.groups-are-independent',
    broker: 'kafka',
    statement: 'Each group receives every record',
    rules: ['K-68', 'K-70'],
    observable: true,
    scenarios: ['kafka-two-groups', 'beside-consumers-kafka', 'kafka-held-two-groups'],
    judge: () => new GroupsAreIndependent(),
  },
  {
    id: 'kafka.reading-removes-nothing',
    broker: 'kafka',
    statement: 'A later group reads what others have long consumed',
    rules: ['K-69'],
    observable: true,
    scenarios: ['kafka-two-groups', 'beside-replay-kafka', 'kafka-held-two-groups'],
    judge: () => new ReadingRemovesNothing(),
  },
  {
    id: 'kafka.eager-revokes-all',
    broker: 'kafka',
    statement: 'In an eager rebalance every member gives up all its partitions',
    rules: ['K-82'],
    observable: true,
    scenarios: ['kafka-eager', 'kafka-held-range', 'kafka-held-roundrobin', 'kafka-held-sticky'],
    judge: () => new EagerRevokesAll(),
  },
  {
    id: 'kafka.cooperative-keeps',
    broker: 'kafka',
    statement: 'In a cooperative rebalance only partitions that move are given up',
    rules: ['K-83', 'K-97'],
    observable: true,
    scenarios: [
      'kafka-cooperative',
      'kafka-held-cooperative-sticky',
      'kafka-held-kip-848',
      'kafka-held-server-uniform',
      'kafka-held-server-range',
    ],
    judge: () => new CooperativeKeeps(),
  },
];
