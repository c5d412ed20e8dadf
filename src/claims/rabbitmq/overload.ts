/** Claims about what happens to what is too much: each way to overflow, what the publisher is told, and what brakes it. */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

/** The queues of a run with their arguments, and which of them each message was published to, by its name. */
class Addressed {
  private queues = new Map<string, Readonly<Record<string, unknown>>>();
  private types = new Map<string, string>();
  private to = new Map<number, string>();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created' && event.holds === 'queue') {
      this.queues.set(event.name, event.arguments ?? {});
      this.types.set(event.name, event.type ?? '');
    }
    if (event.kind === 'published' && event.to === '' && event.routingKey !== undefined)
      this.to.set(event.message, event.routingKey);
  }

  queueOf(message: number): string | undefined {
    return this.to.get(message);
  }

  limitOf(queue: string | undefined): number | null {
    const limit = this.queues.get(queue ?? '')?.['x-max-length'];
    return typeof limit === 'number' ? limit : null;
  }

  overflowOf(queue: string | undefined): string | null {
    if (this.limitOf(queue) === null) return null;
    const overflow = this.queues.get(queue ?? '')?.['x-overflow'];
    return typeof overflow === 'string' ? overflow : 'drop-head';
  }

  isQuorum(queue: string): boolean {
    return this.types.get(queue) === 'quorum';
  }
}

/** What was confirmed and has not been given out, by queue. Each queue has one publisher, so that numbers tell the order. */
class Confirmed {
  private waiting = new Map<string, Set<number>>();
  private given = new Set<number>();

  confirmed(queue: string, message: number): void {
    if (this.given.has(message)) return;
    const waiting = this.waiting.get(queue) ?? new Set<number>();
    this.waiting.set(queue, waiting.add(message));
  }

  /** @returns confirmed messages that are older than this one and have not been given out: nobody will be given them */
  passedBy({ place, message, redelivered }: Event<'delivered'>): number[] {
    this.given.add(message);
    const waiting = this.waiting.get(place);
    waiting?.delete(message);
    if (!waiting || redelivered) return [];
    const passed = [...waiting].filter((other) => other < message);
    for (const other of passed) waiting.delete(other);
    return passed;
  }
}

/** R-74 where `overflow` is drop-head; R-76 where it is reject-publish. */
class Overflows implements ClaimFold {
  private ledger = new Ledger();
  private addressed = new Addressed();
  private confirmed = new Confirmed();
  private readonly overflow: 'drop-head' | 'reject-publish';

  constructor(overflow: 'drop-head' | 'reject-publish') {
    this.overflow = overflow;
  }

  on(event: TraceEvent): void {
    this.addressed.on(event);
    const drops = this.overflow === 'drop-head';
    if (event.kind === 'publish-confirmed' || event.kind === 'publish-failed') {
      const queue = this.addressed.queueOf(event.message);
      if (queue === undefined || this.addressed.overflowOf(queue) !== this.overflow) return;
      if (event.kind === 'publish-confirmed') this.confirmed.confirmed(queue, event.message);
      else if (event.error !== 'nacked') return;
      else if (drops) this.ledger.contradict(event, `${queue} refuses message ${event.message}`);
      else
        this.ledger.confirm(
          event,
          () =>
            `${queue} is full: ${displayName(event.client)} is told that message ${event.message} was refused`,
        );
    }
    if (event.kind !== 'delivered' || this.addressed.overflowOf(event.place) !== this.overflow) return;
    for (const message of this.confirmed.passedBy(event)) {
      if (drops)
        this.ledger.confirm(
          event,
          () =>
            `message ${message} was confirmed and is gone: ${event.place} gives out message ${event.message}`,
        );
      else
        this.ledger.contradict(event, `message ${message} was confirmed, and ${event.place} has not kept it`);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict(`a queue with a limit and ${this.overflow} that overflows`);
  }
}

/** */
class RejectDlxKeeps implements ClaimFold {
  private ledger = new Ledger();
  private addressed = new Addressed();
  private kept = new Map<number, string>();
  private refused = new Map<number, Event<'publish-failed'>>();

  on(event: TraceEvent): void {
    this.addressed.on(event);
    if (event.kind === 'dead-lettered' && event.reason === 'maxlen') this.kept.set(event.message, event.to);
    if (event.kind !== 'publish-failed' || event.error !== 'nacked') return;
    if (this.addressed.overflowOf(this.addressed.queueOf(event.message)) !== 'reject-publish-dlx') return;
    const to = this.kept.get(event.message);
    if (to === undefined) this.refused.set(event.message, event);
    else
      this.ledger.confirm(
        event,
        () => `message ${event.message} is refused, and went to the exchange ${to} all the same`,
      );
  }

  verdict(ended: boolean): Verdict {
    const [lost] = ended ? this.refused.values() : [];
    if (lost) this.ledger.contradict(lost, `message ${lost.message} is refused, and nobody has it`);
    return this.ledger.verdict('a queue with reject-publish-dlx that overflows');
  }
}

/** What is out with consumers does not count towards a queue's limit. */
class LengthCountsReady implements ClaimFold {
  private ledger = new Ledger();
  private addressed = new Addressed();
  private ready = new Map<string, Set<number>>();
  private out = new Map<string, Set<number>>();
  private changed: { place: string; event: TraceEvent } | null = null;

  on(event: TraceEvent): void {
    this.addressed.on(event);
    // A queue takes a message and drops another in one step: it is looked at when the step is over.
    if (this.changed && event.at > this.changed.event.at) {
      this.look(this.changed.place, this.changed.event);
      this.changed = null;
    }
    switch (event.kind) {
      case 'appended':
        this.of(this.ready, event.place).add(event.position);
        break;
      case 'acquired':
        this.of(this.ready, event.place).delete(event.position);
        this.of(this.out, event.place).add(event.position);
        break;
      case 'released':
        this.of(this.out, event.place).delete(event.position);
        this.of(this.ready, event.place).add(event.position);
        break;
      case 'removed':
      case 'dropped':
      case 'dead-lettered':
        if (event.position === undefined) return;
        this.of(this.ready, event.place).delete(event.position);
        this.of(this.out, event.place).delete(event.position);
        break;
      default:
        return;
    }
    this.changed = { place: event.place, event };
  }

  verdict(): Verdict {
    return this.ledger.verdict('a full queue whose consumer has messages besides');
  }

  private look(place: string, event: TraceEvent): void {
    const limit = this.addressed.limitOf(place);
    // A quorum queue decides afterwards, and may have one too many.
    if (limit === null || this.addressed.isQuorum(place)) return;
    const ready = this.of(this.ready, place).size;
    const out = this.of(this.out, place).size;
    if (ready > limit)
      this.ledger.contradict(event, `${place} has ${ready} ready messages, with a limit of ${limit}`);
    else if (ready === limit && out > 0)
      this.ledger.confirm(
        event,
        () => `${place} holds ${ready + out}: ${ready} ready, its limit, and ${out} out`,
      );
  }

  private of(map: Map<string, Set<number>>, place: string): Set<number> {
    let set = map.get(place);
    if (!set) map.set(place, (set = new Set()));
    return set;
  }
}

/** How many waits are averaged at either end of a run. */
const ENDS = 10;

/** Without a limit, who comes later waits longer, as long as more comes than goes. */
class BacklogIsLatency implements ClaimFold {
  private addressed = new Addressed();
  private published = new Map<number, Micros>();
  private waits = new Map<string, { at: TraceEvent; wait: Micros }[]>();
  private arrived = new Map<string, number>();

  on(event: TraceEvent): void {
    this.addressed.on(event);
    if (event.kind === 'published') {
      this.published.set(event.message, event.at);
      const queue = this.addressed.queueOf(event.message) ?? '';
      this.arrived.set(queue, (this.arrived.get(queue) ?? 0) + 1);
    }
    if (event.kind !== 'processed') return;
    const since = this.published.get(event.message);
    if (since === undefined || this.addressed.limitOf(event.place) !== null) return;
    const waits = this.waits.get(event.place) ?? [];
    this.waits.set(event.place, waits);
    waits.push({ at: event, wait: event.at - since });
  }

  verdict(ended: boolean): Verdict {
    const ledger = new Ledger();
    for (const [place, waits] of ended ? this.waits : []) {
      // Only where more came than was worked off.
      if (waits.length < 2 * ENDS || (this.arrived.get(place) ?? 0) <= waits.length) continue;
      const mean = (some: typeof waits): number =>
        some.reduce((sum, { wait }) => sum + wait, 0) / some.length;
      const first = mean(waits.slice(0, ENDS));
      const last = mean(waits.slice(-ENDS));
      const text = `in ${place} the first ${ENDS} took ${formatSeconds(Math.round(first))} on average, the last ${ENDS} ${formatSeconds(Math.round(last))}`;
      const { at } = waits.at(-1)!;
      if (last > 2 * first) ledger.confirm(at, () => text);
      else ledger.contradict(at, text);
    }
    return ledger.verdict('a queue without a limit that more comes to than goes from');
  }
}

/** R-79, J-10. */
class QuorumOvershoots implements ClaimFold {
  private ledger = new Ledger();
  private addressed = new Addressed();
  private taken = new Map<string, number>();
  private decided = new Set<string>();

  on(event: TraceEvent): void {
    this.addressed.on(event);
    // Once somebody takes messages out, what was taken in is no measure any more.
    if (event.kind === 'delivered') this.decided.add(event.place);
    if (event.kind !== 'publish-confirmed' && event.kind !== 'publish-failed') return;
    const queue = this.addressed.queueOf(event.message);
    if (queue === undefined || !this.addressed.isQuorum(queue) || this.decided.has(queue)) return;
    if (this.addressed.overflowOf(queue) !== 'reject-publish') return;
    const taken = this.taken.get(queue) ?? 0;
    if (event.kind === 'publish-confirmed') {
      this.taken.set(queue, taken + 1);
      return;
    }
    if (event.error !== 'nacked') return;
    this.decided.add(queue);
    const limit = this.addressed.limitOf(queue)!;
    const text = `${queue}, with a limit of ${limit}, has taken ${taken} when it refuses message ${event.message}`;
    if (taken > limit) this.ledger.confirm(event, () => text);
    else this.ledger.contradict(event, text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a quorum queue with a limit and reject-publish that overflows');
  }
}

/** What the publisher that waits may have unconfirmed, in its scenario. */
const WINDOW = 5;
const WAITS = 'waits';

/** */
class ConfirmWindowBrakes implements ClaimFold {
  private ledger = new Ledger();
  private open = new Map<string, Set<number>>();

  on(event: TraceEvent): void {
    // What counts is what is on its way or at the broker: an application that waits has handed nothing over.
    if (event.kind === 'sent' && event.what === 'basic.publish') {
      const open = this.open.get(event.from) ?? new Set<number>();
      this.open.set(event.from, open);
      for (const message of event.messages ?? []) open.add(message);
      const own = this.open.get(WAITS)?.size ?? 0;
      if (event.from === WAITS && open.size > WINDOW)
        this.ledger.contradict(event, `${displayName(WAITS)} has ${open.size} messages unconfirmed`);
      else if (event.from !== WAITS && open.size > 2 * WINDOW && own === WINDOW)
        this.ledger.confirm(
          event,
          () =>
            `${displayName(WAITS)} has ${WINDOW} unconfirmed, and waits; ${displayName(event.from)} has ${open.size}`,
        );
    }
    if (event.kind === 'publish-confirmed' || event.kind === 'publish-failed')
      this.open.get(event.client)?.delete(event.message);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a broker that confirms slowly');
  }
}

/** */
class AlarmBlocksPublishers implements ClaimFold {
  private ledger = new Ledger();
  private nodeOf = new Map<string, string>();
  private blocked = new Map<string, Micros>();
  private publishedAt = new Map<number, Micros>();
  private worked: { seq: number; at: Micros; client: string } | null = null;

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'connected':
        this.nodeOf.set(event.client, event.node);
        break;
      case 'published':
        this.publishedAt.set(event.message, event.at);
        break;
      case 'publishing-blocked':
        this.blocked.set(event.client, event.at);
        break;
      case 'publishing-unblocked':
        this.unblocked(event);
        break;
      case 'publish-confirmed': {
        const since = this.blocked.get(event.client);
        if (since !== undefined && (this.publishedAt.get(event.message) ?? Infinity) > since)
          this.ledger.contradict(
            event,
            `message ${event.message} of ${displayName(event.client)} is confirmed while its connection is blocked`,
          );
        break;
      }
      case 'processed':
        if (this.blocked.size > 0) this.worked = { seq: event.seq, at: event.at, client: event.client };
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a node that is short of memory, publishers on several nodes, and a consumer');
  }

  private unblocked(event: Event<'publishing-unblocked'>): void {
    const since = this.blocked.get(event.client);
    const nodes = new Set([...this.blocked.keys()].map((client) => this.nodeOf.get(client)));
    const worked = this.worked;
    this.blocked.delete(event.client);
    if (since === undefined || nodes.size < 2) return;
    if (worked && worked.at > since)
      this.ledger.confirm(
        event,
        () =>
          `publishers on ${nodes.size} nodes were blocked for ${formatSeconds(event.at - since)}, and ${displayName(worked.client)} worked on`,
      );
    else this.ledger.contradict(event, 'while publishers were blocked, no consumer worked either');
  }
}

const base = { broker: 'rabbitmq', observable: true } as const;
const FOUR = ['rabbitmq-overload', 'rabbitmq-overload-short'] as const;

export const overloadClaims: readonly Claim[] = [
  {
    ...base,
    id: 'rabbitmq.drop-head-confirmed',
    statement: 'With drop-head every publish is confirmed, and the oldest confirmed messages are dropped',
    rules: ['R-74'],
    scenarios: [...FOUR, 'rabbitmq-overflow'],
    judge: () => new Overflows('drop-head'),
  },
  {
    ...base,
    id: 'rabbitmq.reject-publish-nacks',
    statement: 'With reject-publish the newest are refused, and what was confirmed stays',
    rules: ['R-76', 'R-31'],
    scenarios: [...FOUR, 'rabbitmq-overflow'],
    judge: () => new Overflows('reject-publish'),
  },
  {
    ...base,
    id: 'rabbitmq.reject-dlx-keeps',
    statement: 'With reject-publish-dlx what is refused goes to the dead letters as well',
    rules: ['R-77'],
    observable: false,
    scenarios: FOUR,
    judge: () => new RejectDlxKeeps(),
  },
  {
    ...base,
    id: 'rabbitmq.length-counts-ready',
    statement: 'Only ready messages count towards the limit, not those that are out',
    rules: ['R-73'],
    observable: false,
    scenarios: FOUR,
    judge: () => new LengthCountsReady(),
  },
  {
    ...base,
    id: 'rabbitmq.backlog-is-latency',
    statement: 'Without a limit, who comes later waits longer',
    rules: ['R-73'],
    scenarios: FOUR,
    judge: () => new BacklogIsLatency(),
  },
  {
    ...base,
    id: 'rabbitmq.quorum-overshoots',
    statement: 'A quorum queue has taken more than its limit before it refuses',
    rules: ['R-79'],
    scenarios: ['rabbitmq-quorum-overflow'],
    judge: () => new QuorumOvershoots(),
  },
  {
    ...base,
    id: 'rabbitmq.confirm-window-brakes',
    statement: 'A publisher that waits for confirms never has more than its window outstanding',
    rules: ['R-29', 'R-30'],
    observable: false,
    scenarios: ['rabbitmq-confirm-window'],
    judge: () => new ConfirmWindowBrakes(),
  },
  {
    ...base,
    id: 'rabbitmq.alarm-blocks-publishers',
    statement: 'An alarm on one node blocks publishers on all; consumers go on',
    rules: ['R-35'],
    scenarios: ['rabbitmq-alarm'],
    judge: () => new AlarmBlocksPublishers(),
  },
];
