/**
 * Claims about what stops while a group changes. Those about one of three groups side by side know it by its name, since
 * what protocol a group speaks no event tells.
 */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';

/** Who holds what in each group, as far as the living and the coordinator know. */
class Holders {
  private owners = new Map<string, Map<string, string>>();

  /** Applies an event, `assigned` excepted: a claim looks at what was before. */
  before(event: TraceEvent): void {
    if (event.kind === 'client-stopped')
      for (const owners of this.owners.values()) free(owners, event.client);
    else if (event.kind === 'member-removed') free(this.of(event.group), event.client);
    else if (event.kind === 'revoked')
      for (const place of event.places)
        if (this.owner(event.group, place) === event.client) this.of(event.group).delete(place);
  }

  assigned({ group, client, all }: Extract<TraceEvent, { kind: 'assigned' }>): void {
    free(this.of(group), client);
    for (const place of all) this.of(group).set(place, client);
  }

  owner(group: string, place: string): string | undefined {
    return this.of(group).get(place);
  }

  count(group: string): number {
    return this.of(group).size;
  }

  /** Somebody other than this client who has something. */
  another(group: string, client: string): string | undefined {
    for (const owner of this.of(group).values()) if (owner !== client) return owner;
    return undefined;
  }

  private of(group: string): Map<string, string> {
    let owners = this.owners.get(group);
    if (!owners) this.owners.set(group, (owners = new Map<string, string>()));
    return owners;
  }
}

function free(owners: Map<string, string>, client: string): void {
  for (const [place, owner] of owners) if (owner === client) owners.delete(place);
}

/** K-79, K-82. Before anyone is given a partition of the new generation, nobody has one of the old. */
class EagerStopsAll implements ClaimFold {
  private readonly group: string;
  private ledger = new Ledger();
  private holders = new Holders();
  private generation = 0;
  private heldBefore = false;
  private emptySince: Micros | null = null;

  constructor(group: string) {
    this.group = group;
  }

  on(event: TraceEvent): void {
    this.holders.before(event);
    if (this.holders.count(this.group) > 0) {
      this.heldBefore = true;
      this.emptySince = null;
    } else if (this.heldBefore) this.emptySince ??= event.at;
    if (event.kind !== 'assigned' || event.group !== this.group) return;
    if (event.generation > this.generation) {
      this.generation = event.generation;
      const other = this.holders.another(this.group, event.client);
      const since = this.emptySince;
      if (other !== undefined) {
        this.ledger.contradict(
          event,
          `${displayName(event.client)} has its partitions of generation ${event.generation} while ${displayName(other)} still reads`,
        );
      } else if (since !== null) {
        this.ledger.confirm(
          event,
          () =>
            `for ${formatSeconds(event.at - since)} no member of ${event.group} had any partition; generation ${event.generation} ends it`,
        );
      }
    }
    this.holders.assigned(event);
  }

  verdict(): Verdict {
    return this.ledger.verdict('the eager group to share its partitions out anew');
  }
}

/** K-83, K-88. Whoever keeps a partition through a change reads it meanwhile, and gives up only what goes to another. */
class ReadsOn implements ClaimFold {
  private readonly group: string;
  private ledger = new Ledger();
  private holders = new Holders();
  private changing = false;
  /** Records read in the change under way, by client and place, of places that it has held all the while. */
  private read = new Map<string, number>();
  private givenUp = new Map<string, readonly string[]>();

  constructor(group: string) {
    this.group = group;
  }

  on(event: TraceEvent): void {
    this.holders.before(event);
    if (event.kind === 'client-stopped') this.givenUp.delete(event.client);
    if ('group' in event && event.group !== this.group) return;
    switch (event.kind) {
      case 'group-state-changed':
        if (!this.changing && !event.stable) this.read.clear();
        this.changing = !event.stable;
        break;
      case 'revoked':
        for (const place of event.places) this.read.delete(`${event.client} ${place}`);
        if (!event.lost) this.givenUp.set(event.client, event.places);
        break;
      case 'delivered':
        if (this.changing && this.holders.owner(this.group, event.place) === event.client) {
          const id = `${event.client} ${event.place}`;
          if (!this.read.has(id)) {
            this.ledger.confirm(
              event,
              () =>
                `while ${event.group} shares its partitions out anew, ${displayName(event.client)} reads on: offset ${event.position} of ${event.place}`,
            );
          }
          this.read.set(id, event.position);
        }
        break;
      case 'assigned': {
        const back = (this.givenUp.get(event.client) ?? []).filter((place) => event.all.includes(place));
        if (back.length > 0) {
          this.ledger.contradict(
            event,
            `${displayName(event.client)} had to give ${back.join(', ')} up only to get it back`,
          );
        }
        this.givenUp.delete(event.client);
        this.holders.assigned(event);
        break;
      }
      default:
        break;
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict(`the group ${this.group} to change while its members read`);
  }
}

/**
 * K-71, K-83. What a member reads of a partition while the group takes it away from it, it cannot commit any more: the
 * next owner is given it again. No member has to fail for that.
 */
class MovesRepeat implements ClaimFold {
  private readonly group: string;
  private ledger = new Ledger();
  /** Who finished a record first, and where it is. */
  private first = new Map<number, string>();
  /** Who gave a partition up, by client and place. */
  private givenUp = new Set<string>();
  private failed = new Set<string>();

  constructor(group: string) {
    this.group = group;
  }

  on(event: TraceEvent): void {
    // Whoever stood still for too long was given up, and has not been told yet.
    if (event.kind === 'client-stopped' || event.kind === 'member-removed') this.failed.add(event.client);
    if (event.kind === 'revoked' && event.group === this.group) {
      if (event.lost) this.failed.add(event.client);
      for (const place of event.places) this.givenUp.add(`${event.client} ${place}`);
    }
    if (event.kind !== 'processed' || event.group !== this.group) return;
    const { client, message, place, position } = event;
    const first = this.first.get(message);
    if (first === undefined) {
      this.first.set(message, client);
      return;
    }
    if (this.failed.has(first) || this.failed.has(client)) return;
    const text = `${displayName(client)} processes offset ${position} of ${place}, which ${displayName(first)} had processed`;
    if (this.givenUp.has(`${first} ${place}`))
      this.ledger.confirm(event, () => `${text} before it gave ${place} up`);
    else this.ledger.contradict(event, `${text}, though it has not given ${place} up`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a partition that moves while it is read');
  }
}

/** K-80, K-88. Nobody is given a partition that another member still has. */
class HandoverNeverOverlaps implements ClaimFold {
  private ledger = new Ledger();
  private holders = new Holders();
  private last = new Map<string, { client: string; until: Micros }>();

  on(event: TraceEvent): void {
    if (event.kind === 'revoked')
      for (const place of event.places)
        if (this.holders.owner(event.group, place) === event.client)
          this.last.set(`${event.group} ${place}`, { client: event.client, until: event.at });
    this.holders.before(event);
    if (event.kind !== 'assigned') return;
    for (const place of event.all) {
      const owner = this.holders.owner(event.group, place);
      const last = this.last.get(`${event.group} ${place}`);
      if (owner !== undefined && owner !== event.client) {
        this.ledger.contradict(
          event,
          `${displayName(event.client)} is given ${place}, which ${displayName(owner)} still has`,
        );
      } else if (owner === undefined && last && last.client !== event.client) {
        this.ledger.confirm(
          event,
          () =>
            `${displayName(event.client)} has ${place} ${formatSeconds(event.at - last.until)} after ${displayName(last.client)} gave it up`,
        );
      }
    }
    this.holders.assigned(event);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a partition to pass from one member to another');
  }
}

/** A member that has closed, and what it had. */
interface Away {
  places: readonly string[];
  generation: number;
  since: Micros;
  /** Somebody else of the group came or went meanwhile: then the group changes for another reason. */
  disturbed: boolean;
}

/** K-84. A static member that is back within its session timeout has what it had, and nobody else notices. */
class StaticRestart implements ClaimFold {
  private readonly group: string;
  private ledger = new Ledger();
  private holding = new Map<string, { places: readonly string[]; generation: number; at: Micros }>();
  private sessionTimeouts = new Map<string, Micros>();
  private away = new Map<string, Away>();
  /** A topic has more partitions than it began with, so that whoever learns of it rebalances. */
  private grown = false;
  private stable = true;
  private lastHeartbeat = new Map<string, Micros>();

  constructor(group: string) {
    this.group = group;
  }

  on(event: TraceEvent): void {
    if (event.kind === 'places-created' && this.holding.size > 0) this.grown = true;
    // Such as another process with its instance id.
    if (event.kind === 'error') this.holding.delete(event.client);
    if (event.kind === 'member-joined' && event.group === this.group) {
      if (event.sessionTimeout !== null) this.sessionTimeouts.set(event.client, event.sessionTimeout);
      this.disturb(event.client);
    }
    if (event.kind === 'member-removed' && event.group === this.group) this.disturb(event.client);
    if (event.kind === 'group-state-changed' && event.group === this.group) this.stable = event.stable;
    // The timeout runs from the last sign of life, which is a moment before the end.
    if (event.kind === 'sent' && event.what === 'Heartbeat') this.lastHeartbeat.set(event.from, event.at);
    if (event.kind === 'client-started') this.lastHeartbeat.delete(event.client);
    if (event.kind === 'client-stopped') this.stopped(event);
    if (event.kind === 'assigned' && event.group === this.group) this.assigned(event);
  }

  private stopped({ client }: Extract<TraceEvent, { kind: 'client-stopped' }>): void {
    const held = this.holding.get(client);
    if (!held) return;
    this.holding.delete(client);
    this.disturb(client);
    const disturbed = this.grown || !this.stable || this.away.size > 0;
    const { places, generation } = held;
    this.away.set(client, {
      places,
      generation,
      since: this.lastHeartbeat.get(client) ?? held.at,
      disturbed,
    });
  }

  /** Somebody comes or goes while others are away. */
  private disturb(by: string): void {
    for (const [client, away] of this.away) if (client !== by) away.disturbed = true;
  }

  private assigned(event: Extract<TraceEvent, { kind: 'assigned' }>): void {
    const { at, client, all, generation } = event;
    this.holding.set(client, { places: all, generation, at });
    const away = this.away.get(client);
    this.away.delete(client);
    for (const [other, { disturbed, since, generation: before }] of this.away) {
      if (disturbed || this.grown || generation === before || at - since >= this.timeout(other)) continue;
      this.ledger.contradict(
        event,
        `${displayName(client)} had to share out anew ${formatSeconds(at - since)} after the last heartbeat of ${displayName(other)}`,
      );
    }
    if (!away || away.disturbed || this.grown || at - away.since >= this.timeout(client)) return;
    const text = `${displayName(client)} is back ${formatSeconds(at - away.since)} after its last heartbeat: ${all.join(', ')} in generation ${generation}`;
    if (generation === away.generation && all.join() === away.places.join())
      this.ledger.confirm(event, () => `${text}, as before`);
    else this.ledger.contradict(event, `${text}; before, ${away.places.join(', ')} in ${away.generation}`);
  }

  private timeout(client: string): Micros {
    return this.sessionTimeouts.get(client) ?? 0;
  }

  verdict(): Verdict {
    return this.ledger.verdict('a static member to stop and come back');
  }
}

export const rebalanceClaims: readonly Claim[] = [
  {
    id: 'kafka.rebalance-eager-stops-all',
    broker: 'kafka',
    statement: 'In the eager group nobody reads until everyone has stopped',
    rules: ['K-79', 'K-82'],
    observable: false,
    scenarios: ['kafka-rebalance'],
    judge: () => new EagerStopsAll('eager'),
  },
  {
    id: 'kafka.rebalance-cooperative-reads-on',
    broker: 'kafka',
    statement: 'In the cooperative group what does not move is read on',
    rules: ['K-83', 'K-97'],
    observable: false,
    scenarios: ['kafka-rebalance'],
    judge: () => new ReadsOn('cooperative'),
  },
  {
    id: 'kafka.rebalance-cooperative-repeats',
    broker: 'kafka',
    statement: 'In the cooperative group what was read of a partition on the move is processed again',
    rules: ['K-71', 'K-83'],
    observable: false,
    scenarios: ['kafka-rebalance'],
    judge: () => new MovesRepeat('cooperative'),
  },
  {
    id: 'kafka.rebalance-kip848-reads-on',
    broker: 'kafka',
    statement: 'Under KIP-848 what does not move is read on',
    rules: ['K-86', 'K-88'],
    observable: false,
    scenarios: ['kafka-rebalance'],
    judge: () => new ReadsOn('kip-848'),
  },
  {
    id: 'kafka.handover-never-overlaps',
    broker: 'kafka',
    statement: 'Nobody is given a partition that another member still has',
    rules: ['K-80', 'K-83', 'K-88'],
    observable: false,
    scenarios: ['kafka-rebalance', 'kafka-lag'],
    judge: () => new HandoverNeverOverlaps(),
  },
  {
    id: 'kafka.static-restart-keeps-assignment',
    broker: 'kafka',
    statement: 'A static member that is back in time has what it had, without a rebalance',
    rules: ['K-84'],
    observable: false,
    scenarios: ['kafka-static-restart'],
    judge: () => new StaticRestart('static'),
  },
];
