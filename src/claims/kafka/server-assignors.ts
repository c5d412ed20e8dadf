/**
 * Claims about who has what where the broker shares out (K-98, K-99), judged of a group at rest: when nobody has been given
 * anything, or given it up, for a while, and every partition has somebody. Groups are known by the name of their assignor.
 */
import { displayName } from '../../sim/names.ts';
import { fromMs, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';

/** Longer than a partition takes from one member to the next: a heartbeat of each. */
const REST: Micros = fromMs(1800);

const topicOf = (place: string): string => place.slice(0, place.lastIndexOf('-'));
const numberOf = (place: string): number => Number(place.slice(place.lastIndexOf('-') + 1));

abstract class AtRest implements ClaimFold {
  protected readonly ledger = new Ledger();
  protected readonly held = new Map<string, readonly string[]>();
  private readonly group: string;
  private readonly known = new Set<string>();
  private changed: TraceEvent | null = null;

  constructor(group: string) {
    this.group = group;
  }

  on(event: TraceEvent): void {
    this.look(event);
    if (event.kind === 'client-stopped' && this.held.delete(event.client)) this.changed = event;
    if (event.kind === 'client-started' && this.changed) this.changed = event;
    if ((event.kind !== 'assigned' && event.kind !== 'revoked') || event.group !== this.group) return;
    const before = this.held.get(event.client) ?? [];
    this.held.set(
      event.client,
      event.kind === 'assigned' ? event.all : before.filter((place) => !event.places.includes(place)),
    );
    for (const place of event.places) this.known.add(place);
    this.changed = event;
  }

  verdict(): Verdict {
    return this.ledger.verdict(`two members of ${this.group} to have come to rest`);
  }

  protected abstract atRest(event: TraceEvent): void;

  private look({ at }: TraceEvent): void {
    const { changed } = this;
    if (!changed || at - changed.at < REST) return;
    this.changed = null;
    if (new Set([...this.held.values()].flat()).size === this.known.size) this.atRest(changed);
  }
}

/** K-99. No two members that read one topic are two or more apart, where the fuller one has some of that topic. */
class WithinOne extends AtRest {
  /** Topics that a member has ever had some of. */
  private readonly reads = new Map<string, Set<string>>();

  override on(event: TraceEvent): void {
    super.on(event);
    if (event.kind !== 'assigned') return;
    const reads = this.reads.get(event.client) ?? new Set<string>();
    for (const place of event.places) reads.add(topicOf(place));
    this.reads.set(event.client, reads);
  }

  protected atRest(event: TraceEvent): void {
    for (const [one, places] of this.held)
      for (const [other, theirs] of this.held) {
        if (one >= other) continue;
        const [full, less] = places.length > theirs.length ? [one, other] : [other, one];
        const topics = new Set(this.held.get(full)!.map(topicOf));
        const shared = [...topics].filter((topic) => this.reads.get(less)?.has(topic));
        if (shared.length === 0) continue;
        const [most, least] = [this.held.get(full)!.length, this.held.get(less)!.length];
        const text = `${displayName(full)} has ${most}, ${displayName(less)} has ${least}, and both read ${shared.join(', ')}`;
        if (most - least > 1) this.ledger.contradict(event, text);
        else this.ledger.confirm(event, () => text);
      }
  }
}

/** K-98. Of each topic the members have consecutive blocks in the order of their names, the larger ones first. */
class ConsecutiveBlocks extends AtRest {
  protected atRest(event: TraceEvent): void {
    const members = [...this.held].sort(([a], [b]) => (a < b ? -1 : 1));
    for (const topic of new Set([...this.held.values()].flat().map(topicOf))) {
      const blocks = members
        .map(([client, places]) => ({
          client,
          numbers: places.filter((place) => topicOf(place) === topic).map(numberOf),
        }))
        .filter(({ numbers }) => numbers.length > 0);
      if (blocks.length < 2) continue;
      const text = blocks
        .map(({ client, numbers }) => `${displayName(client)} has ${numbers.join(', ')}`)
        .join('; ');
      const inOrder = blocks.flatMap(({ numbers }) => numbers).every((number, i) => number === i);
      const largerFirst = blocks.every(
        ({ numbers }, i) => i === 0 || numbers.length <= blocks[i - 1]!.numbers.length,
      );
      const [first, last] = [blocks[0]!, blocks.at(-1)!];
      if (inOrder && largerFirst && first.numbers.length - last.numbers.length <= 1)
        this.ledger.confirm(event, () => `of ${topic} ${text}`);
      else this.ledger.contradict(event, `of ${topic} ${text}`);
    }
  }
}

export const serverAssignorClaims: readonly Claim[] = [
  {
    id: 'kafka.uniform-within-one',
    broker: 'kafka',
    statement: 'The broker’s uniform assignor: members that read the same topics are at most one apart',
    rules: ['K-99'],
    observable: true,
    scenarios: ['kafka-held-server-uniform'],
    judge: () => new WithinOne('uniform'),
  },
  {
    id: 'kafka.server-range-blocks',
    broker: 'kafka',
    statement: 'The broker’s range assignor: consecutive blocks of each topic, in the order of names',
    rules: ['K-98'],
    observable: true,
    scenarios: ['kafka-held-server-range'],
    judge: () => new ConsecutiveBlocks('range'),
  },
];
