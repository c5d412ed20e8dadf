/**
 * Claims about a member of a group whose links are cut, as clients see it: nobody tells it anything, and it goes on with what
 * it has. For longer than its session it is put out of the group (K-74, K-81, K-89); for less nobody notices.
 */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, fromMs, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';

interface Member {
  readonly group: string;
  /** What it takes for its own, and by whom that has been taken over meanwhile, if it has. */
  readonly places: Map<string, string | null>;
}

/** Who takes what for its own: a partition that another has been given is not given up by one that has not heard of it. */
class Ownership {
  private readonly members = new Map<string, Member>();

  on(event: TraceEvent): void {
    if (event.kind === 'client-stopped') this.members.delete(event.client);
    if (event.kind === 'revoked')
      for (const place of event.places) this.members.get(event.client)?.places.delete(place);
    // Who takes partitions by assign() shares them with nobody.
    if (event.kind !== 'assigned' || event.shared === true || event.generation < 0) return;
    const { client, group, places, all } = event;
    for (const [other, member] of this.members)
      if (other !== client && member.group === group)
        for (const place of places) if (member.places.has(place)) member.places.set(place, client);
    const before = this.members.get(client)?.places;
    const now = all.map(
      (place) => [place, places.includes(place) ? null : (before?.get(place) ?? null)] as const,
    );
    this.members.set(client, { group, places: new Map(now) });
  }

  /** Who has been given a partition that this one has not given up. */
  successorOf(client: string, place: string): string | null {
    return this.members.get(client)?.places.get(place) ?? null;
  }
}

/** K-81, K-89. What it has done it cannot commit when its partition is another's, and the other does it again. */
class LateCommitRefused implements ClaimFold {
  private readonly ledger = new Ledger();
  private readonly ownership = new Ownership();
  /** Per client: the last record that it has done and not committed. */
  private readonly done = new Map<string, { readonly place: string; readonly message: number }>();
  private readonly given = new Map<string, Set<number>>();

  on(event: TraceEvent): void {
    const { ownership } = this;
    switch (event.kind) {
      case 'delivered': {
        const given = this.given.get(event.client) ?? new Set();
        this.given.set(event.client, given.add(event.message));
        break;
      }
      case 'processed':
        this.done.set(event.client, event);
        break;
      case 'settled': {
        this.done.delete(event.client);
        const other = ownership.successorOf(event.client, event.place);
        if (other !== null)
          this.ledger.contradict(
            event,
            `${displayName(event.client)} committed ${event.place}, which ${displayName(other)} had been given`,
          );
        break;
      }
      case 'error': {
        const done = this.done.get(event.client);
        const other = done ? ownership.successorOf(event.client, done.place) : null;
        if (!done || other === null || event.code !== 'CommitFailedException') break;
        const isAgain = this.given.get(other)?.has(done.message) ?? false;
        const text = `${displayName(event.client)} cannot commit record ${done.message}; ${displayName(other)} ${isAgain ? 'was' : 'was not'} given it again`;
        if (isAgain) this.ledger.confirm(event, () => text);
        else this.ledger.contradict(event, text);
      }
    }
    ownership.on(event);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a member that has done a record of a partition that is another’s by now');
  }
}

/** K-73, K-89. It hears that its partitions are lost: there is nothing to give up any more. */
class LostAndNotRevoked implements ClaimFold {
  private readonly ledger = new Ledger();
  private readonly ownership = new Ownership();

  on(event: TraceEvent): void {
    if (event.kind === 'revoked')
      for (const place of event.places) {
        const other = this.ownership.successorOf(event.client, place);
        if (other === null) continue;
        const text = `${displayName(event.client)} hears of ${place}, ${displayName(other)}’s by now: ${event.lost ? 'lost' : 'revoked'}`;
        if (event.lost) this.ledger.confirm(event, () => text);
        else this.ledger.contradict(event, text);
      }
    this.ownership.on(event);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a member to hear that its partitions are another’s');
  }
}

/** A commit that takes longer than any broker at work needs, and less than the sessions of the groups (6 s). */
const LONG: Micros = fromMs(1500);
const SESSION: Micros = fromMs(6000);

interface Waiting {
  readonly at: Micros;
  readonly group: string | null;
  disturbed: boolean;
}

/** K-72, K-74. A commit that found no way through is taken when there is one, and nobody was given anything meanwhile. */
class ShortCutUnnoticed implements ClaimFold {
  private readonly ledger = new Ledger();
  /** Per client, what it has done and not committed. */
  private readonly waiting = new Map<string, Waiting>();

  on(event: TraceEvent): void {
    if (event.kind === 'processed')
      this.waiting.set(event.client, { at: event.at, group: event.group, disturbed: false });
    if (event.kind === 'error' || event.kind === 'client-stopped') this.waiting.delete(event.client);
    if (event.kind === 'assigned' || event.kind === 'revoked')
      for (const one of this.waiting.values()) if (one.group === event.group) one.disturbed = true;
    if (event.kind !== 'settled') return;
    const { client, place, position, at } = event;
    const waiting = this.waiting.get(client);
    this.waiting.delete(client);
    const waited = at - (waiting?.at ?? at);
    if (!waiting || waited < LONG || waited > SESSION) return;
    const text = `${displayName(client)} committed ${place} at ${position} ${formatSeconds(waited)} after its work`;
    if (waiting.disturbed) this.ledger.contradict(event, `${text}; its group was shared out meanwhile`);
    else this.ledger.confirm(event, () => text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a commit that waits for the link');
  }
}

const base = { broker: 'kafka', observable: true } as const;

export const cutOffClaims: readonly Claim[] = [
  {
    ...base,
    id: 'kafka.cut-off-commit-refused',
    statement:
      'A member that was cut off for longer than its session cannot commit what it did meanwhile; another does it again',
    rules: ['K-74', 'K-81', 'K-89'],
    scenarios: ['kafka-held-cut-consumer'],
    judge: () => new LateCommitRefused(),
  },
  {
    ...base,
    id: 'kafka.cut-off-lost',
    statement: 'When it is back it hears that its partitions are lost, not that it should give them up',
    rules: ['K-73', 'K-89'],
    scenarios: ['kafka-held-cut-consumer'],
    judge: () => new LostAndNotRevoked(),
  },
  {
    ...base,
    id: 'kafka.cut-off-briefly',
    statement:
      'A member that is cut off for less than its session keeps its partitions, and its commit waits',
    rules: ['K-72', 'K-74'],
    scenarios: ['kafka-held-cut-briefly'],
    judge: () => new ShortCutUnnoticed(),
  },
];
