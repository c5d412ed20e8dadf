/** Who has which partition when: of a run’s events, the moments after which nothing moved for a while. Pure. */
import { fromMs, toMs, type Micros } from '../sim/time.ts';
import type { EventBody } from '../sim/trace.ts';

export interface Assignment {
  readonly group: string;
  /** Since when, microseconds from the beginning of the run. */
  readonly since: Micros;
  /** Partitions of each member that is there, by its name; one may have none. */
  readonly members: Readonly<Record<string, readonly string[]>>;
}

/** A rebalance is over by then, and the scenarios leave more than this between two. */
const AT_REST = fromMs(2000);

type Event = EventBody & { readonly at: Micros };

/** Of each group that had more than one member, one after the other. */
export function assignments(events: readonly Event[]): Assignment[] {
  const groups = new Map<string, Group>();
  const groupsOf = (client: string): Group[] => [...groups.values()].filter((group) => group.has(client));
  for (const event of events) {
    switch (event.kind) {
      case 'assigned': {
        const group = groups.get(event.group) ?? new Group(event.group);
        groups.set(event.group, group);
        group.change(event.at, event.client, event.all);
        break;
      }
      case 'revoked':
        for (const group of groupsOf(event.client)) group.take(event.at, event.client, event.places);
        break;
      case 'client-stopped':
        for (const group of groupsOf(event.client)) group.change(event.at, event.client, null);
    }
  }
  // By name: which of several is the first to come to rest hangs on the machine.
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, group]) => group.end());
}

class Group {
  private readonly name: string;
  private readonly members = new Map<string, readonly string[]>();
  private readonly found: Assignment[] = [];
  private readonly all = new Set<string>();
  private since: Micros = 0;

  constructor(name: string) {
    this.name = name;
  }

  has(client: string): boolean {
    return this.members.has(client);
  }

  /** @param places null for one that is gone */
  change(at: Micros, client: string, places: readonly string[] | null): void {
    if (this.all.size > 0 && at - this.since >= AT_REST) this.keep();
    this.since = at;
    this.all.add(client);
    if (places) this.members.set(client, [...places].sort());
    else this.members.delete(client);
  }

  take(at: Micros, client: string, places: readonly string[]): void {
    this.change(
      at,
      client,
      this.members.get(client)!.filter((place) => !places.includes(place)),
    );
  }

  end(): Assignment[] {
    this.keep();
    return this.all.size > 1 ? this.found : [];
  }

  private keep(): void {
    const members = Object.fromEntries([...this.members].sort(([a], [b]) => (a < b ? -1 : 1)));
    const last = this.found.at(-1);
    if (last && JSON.stringify(last.members) === JSON.stringify(members)) return;
    this.found.push({ group: this.name, since: this.since, members });
  }
}

/** A line for each, as a list of Markdown: `- billing, from 3.1 s: c0 orders-0, orders-1; c1 orders-2`. */
export function told(found: readonly Assignment[]): string[] {
  return found.map(({ group, since, members }) => {
    const each = Object.entries(members).map(
      ([client, places]) => `${client} ${places.length === 0 ? 'nothing' : places.join(', ')}`,
    );
    return `- ${group}, from ${(toMs(since) / 1000).toFixed(1)} s: ${each.length === 0 ? 'nobody' : each.join('; ')}`;
  });
}

/** The same but for the moments, which are the machine’s. */
export function same(some: readonly Assignment[], others: readonly Assignment[]): boolean {
  const timeless = (of: readonly Assignment[]): string =>
    JSON.stringify(of.map(({ group, members }) => ({ group, members })));
  return timeless(some) === timeless(others);
}
