/** Claims about who is given a message: dispatch, prefetch, priorities, one active consumer, and what is left of order. */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

interface Worker {
  readonly client: string;
  readonly place: string;
  readonly prefetch: number | null;
  readonly since: Micros;
  /** What it has and has not settled, by position, oldest first. */
  readonly has: Map<number, Event<'delivered'>>;
  /** What it has settled in all. */
  finished: number;
  /** Since when it has nothing; null while it has something. */
  idleSince: Micros | null;
}

/** Who consumes what, with which prefetch, and what each has not settled, as the clients see it. */
class Workers {
  readonly all = new Map<string, Worker>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'consuming-began':
        this.all.set(`${event.client} ${event.place}`, {
          client: event.client,
          place: event.place,
          prefetch: event.noAck ? null : event.prefetch,
          since: event.at,
          has: new Map(),
          finished: 0,
          idleSince: event.at,
        });
        break;
      case 'delivered': {
        const worker = this.all.get(`${event.client} ${event.place}`);
        if (!worker) break;
        worker.has.set(event.position, event);
        worker.idleSince = null;
        break;
      }
      case 'settled': {
        const worker = this.all.get(`${event.client} ${event.place}`);
        if (!worker?.has.delete(event.position)) break;
        worker.finished++;
        if (worker.has.size === 0) worker.idleSince = event.at;
        break;
      }
      case 'consuming-ended':
        this.all.delete(`${event.client} ${event.place}`);
        break;
      case 'client-stopped':
      case 'disconnected':
        for (const [id, { client }] of this.all) if (client === event.client) this.all.delete(id);
        break;
    }
  }

  get(client: string, place: string): Worker | undefined {
    return this.all.get(`${client} ${place}`);
  }

  of(place: string): Worker[] {
    return [...this.all.values()].filter((worker) => worker.place === place);
  }
}

/** Two consumers that both have room throughout are given messages by turns. */
class RoundRobin implements ClaimFold {
  private ledger = new Ledger();
  private workers = new Workers();
  /** Who was given the message before, by place, and that both had room all the time since. */
  private last = new Map<string, string>();

  on(event: TraceEvent): void {
    this.workers.on(event);
    if (event.kind === 'consuming-began' || event.kind === 'client-stopped') this.last.clear();
    if (event.kind !== 'delivered' || event.redelivered) return;
    const among = this.workers.of(event.place);
    // Where a prefetch is small, who has room depends on what is on the wire: only ample ones are asked.
    const ample =
      among.length === 2 && among.every(({ prefetch, has }) => (prefetch ?? Infinity) > has.size + 2);
    const last = this.last.get(event.place);
    this.last.set(event.place, event.client);
    if (!ample || last === undefined) return;
    const text = `message ${event.message} goes to ${displayName(event.client)}, the one before went to ${displayName(last)}`;
    if (last === event.client) this.ledger.contradict(event, `${text} too`);
    else this.ledger.confirm(event, () => text);
  }

  verdict(): Verdict {
    return this.ledger.verdict('two consumers of a queue that both have room');
  }
}

/** */
class PrefetchBounds implements ClaimFold {
  private ledger = new Ledger();
  private workers = new Workers();

  on(event: TraceEvent): void {
    this.workers.on(event);
    if (event.kind !== 'delivered') return;
    const worker = this.workers.get(event.client, event.place);
    if (!worker || worker.prefetch === null) return;
    const { size } = worker.has;
    if (size > worker.prefetch)
      this.ledger.contradict(
        event,
        `${displayName(event.client)} has ${size} unacknowledged messages, with a prefetch of ${worker.prefetch}`,
      );
    else if (size === worker.prefetch)
      this.ledger.confirm(
        event,
        () =>
          `${displayName(event.client)} has ${size}, as many as its prefetch allows, and is given no more`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a consumer that has as many messages as its prefetch allows');
  }
}

/** How long somebody must have had nothing to do before it counts: longer than a delivery is on its way. */
const IDLE_MICROS = 500_000;

/** Messages wait with one consumer while another of the same queue has nothing. */
class LargePrefetchStrands implements ClaimFold {
  private ledger = new Ledger();
  private workers = new Workers();
  private told = new Set<string>();
  /** Consumers that had room and were passed over, for a contradiction: what was stranded went to the idle one. */
  private stranded = new Map<string, string>();

  on(event: TraceEvent): void {
    if (event.kind === 'delivered') {
      const owner = this.stranded.get(`${event.place} ${event.position}`);
      if (owner !== undefined && owner !== event.client && this.workers.get(owner, event.place))
        this.ledger.contradict(
          event,
          `message ${event.message}, which waited at ${displayName(owner)}, was given to ${displayName(event.client)}`,
        );
    }
    this.workers.on(event);
    if (event.kind !== 'processed') return;
    for (const idle of this.workers.of(event.place)) {
      if (idle.idleSince === null || event.at - idle.idleSince < IDLE_MICROS) continue;
      for (const busy of this.workers.of(event.place)) {
        if ((busy.prefetch ?? Infinity) < 2 || busy.has.size < 3) continue;
        for (const position of busy.has.keys()) this.stranded.set(`${event.place} ${position}`, busy.client);
        const id = `${busy.client} ${busy.has.size}`;
        if (this.told.has(id)) continue;
        this.told.add(id);
        const { size } = busy.has;
        this.ledger.confirm(
          event,
          () =>
            `${size} messages wait at ${displayName(busy.client)}, and ${displayName(idle.client)} has had nothing since ${formatSeconds(idle.idleSince!)}`,
        );
      }
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a slow consumer with a large prefetch beside a fast one that has nothing');
  }
}

/** With a prefetch of 1 nothing waits at a consumer, and each gets as much as it works off. */
class PrefetchOneFollowsPace implements ClaimFold {
  private ledger = new Ledger();
  private workers = new Workers();

  on(event: TraceEvent): void {
    this.workers.on(event);
    if (event.kind !== 'processed') return;
    const among = this.workers.of(event.place);
    if (among.length < 2 || among.some(({ prefetch }) => prefetch !== 1)) return;
    const most = among.reduce((a, b) => (b.finished > a.finished ? b : a));
    const least = among.reduce((a, b) => (b.finished < a.finished ? b : a));
    const waiting = among.find(({ has }) => has.size > 1);
    if (waiting)
      this.ledger.contradict(event, `a message waits at ${displayName(waiting.client)} behind another`);
    else if (most.finished >= 2 * least.finished && most.finished > 4)
      this.ledger.confirm(
        event,
        () =>
          `${displayName(most.client)} has worked off ${most.finished}, ${displayName(least.client)} ${least.finished}; none waits at either`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('consumers of different pace, each with a prefetch of 1');
  }
}

/** */
class FirstDrainsBacklog implements ClaimFold {
  private ledger = new Ledger();
  private workers = new Workers();
  /** Messages published and not given to anybody, when a consumer without a limit came: place, how many, who. */
  private waiting = new Map<number, TraceEvent>();
  private came: { client: string; place: string; at: Micros; backlog: Set<number> } | null = null;

  on(event: TraceEvent): void {
    this.workers.on(event);
    if (event.kind === 'publish-confirmed') this.waiting.set(event.message, event);
    if (event.kind === 'consuming-began' && event.prefetch === null && !this.came && this.waiting.size > 3)
      this.came = {
        client: event.client,
        place: event.place,
        at: event.at,
        backlog: new Set(this.waiting.keys()),
      };
    if (event.kind !== 'delivered') return;
    this.waiting.delete(event.message);
    const { came } = this;
    if (!came?.backlog.delete(event.message) || event.place !== came.place) return;
    if (event.client !== came.client) {
      this.ledger.contradict(
        event,
        `${displayName(event.client)} is given message ${event.message} of the backlog, though ${displayName(came.client)} came first`,
      );
    } else if (came.backlog.size === 0)
      this.ledger.confirm(
        event,
        () => `${displayName(came.client)}, the first to come, has been sent all that waited`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a backlog, and a consumer without a prefetch limit');
  }
}

/** Finished in another order than queued, without any failure. */
class CompetingBreaksOrder implements ClaimFold {
  private ledger = new Ledger();
  private workers = new Workers();
  private furthest = new Map<string, { position: number; client: string }>();
  private returned = new Set<string>();

  on(event: TraceEvent): void {
    this.workers.on(event);
    if (event.kind === 'delivered' && event.redelivered)
      this.returned.add(`${event.place} ${event.position}`);
    if (event.kind !== 'processed' || this.returned.has(`${event.place} ${event.position}`)) return;
    const before = this.furthest.get(event.place);
    if (!before || before.position < event.position)
      this.furthest.set(event.place, { position: event.position, client: event.client });
    else if (before.client !== event.client)
      this.ledger.confirm(
        event,
        () =>
          `${displayName(event.client)} finishes number ${event.position} of ${event.place}, and ${displayName(before.client)} had finished number ${before.position} before`,
      );
    else
      this.ledger.contradict(
        event,
        `${displayName(event.client)} alone finishes number ${event.position} after number ${before.position}`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('two consumers of one queue');
  }
}

/** One at a time, in order, and the next one goes on where it stopped. */
class SingleActiveInOrder implements ClaimFold {
  private ledger = new Ledger();
  private single = new Set<string>();
  private active = new Map<string, string>();
  private gone = new Set<string>();
  private furthest = new Map<string, number>();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created' && event.arguments?.['x-single-active-consumer'] === true)
      this.single.add(event.name);
    if (event.kind === 'client-stopped' || event.kind === 'disconnected') this.gone.add(event.client);
    if (event.kind === 'consuming-began') this.gone.delete(event.client);
    if (event.kind !== 'delivered' || !this.single.has(event.place)) return;
    const { place, client, position } = event;
    const active = this.active.get(place);
    const furthest = this.furthest.get(place) ?? -1;
    this.active.set(place, client);
    this.furthest.set(place, Math.max(furthest, position));
    if (active !== undefined && active !== client) {
      if (!this.gone.has(active))
        this.ledger.contradict(
          event,
          `${displayName(client)} is given number ${position} while ${displayName(active)} is there`,
        );
      else
        this.ledger.confirm(
          event,
          () => `${displayName(client)} goes on with number ${position}, ${displayName(active)} being gone`,
        );
    } else if (position !== furthest + 1 && !event.redelivered)
      this.ledger.contradict(event, `number ${position} is given out after number ${furthest}`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a queue with a single active consumer that goes');
  }
}

/** */
class ConsumerPriorityStrict implements ClaimFold {
  private ledger = new Ledger();
  private priority = new Map<string, number>();
  /** What the queue has given each consumer and not had back, by what the queue itself has seen. */
  private out = new Map<string, Set<number>>();
  private prefetch = new Map<string, number | null>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'consuming-began':
        this.priority.set(event.client, event.priority ?? 0);
        this.prefetch.set(event.client, event.prefetch);
        break;
      case 'acquired':
        this.given(event);
        break;
      case 'removed':
      case 'released':
        for (const out of this.out.values()) out.delete(event.position);
        break;
      case 'client-stopped':
        this.priority.delete(event.client);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict(
      'consumers of different priority, and more work than the first one has room for',
    );
  }

  private given(event: Event<'acquired'>): void {
    const out = this.out.get(event.client) ?? new Set<number>();
    this.out.set(event.client, out);
    const own = this.priority.get(event.client);
    if (own !== undefined) {
      for (const [other, priority] of this.priority) {
        if (priority <= own) continue;
        const has = this.out.get(other)?.size ?? 0;
        const limit = this.prefetch.get(other) ?? null;
        if (limit !== null && has >= limit)
          this.ledger.confirm(
            event,
            () => `${displayName(event.client)} is given one: ${displayName(other)} has ${has}, and no room`,
          );
        else
          this.ledger.contradict(
            event,
            `${displayName(event.client)} is given one, though ${displayName(other)}, of higher priority, has room`,
          );
      }
    }
    out.add(event.position);
  }
}

const base = { broker: 'rabbitmq', observable: true } as const;
const PAIRS = ['rabbitmq-prefetch'] as const;

export const prefetchClaims: readonly Claim[] = [
  {
    ...base,
    id: 'rabbitmq.round-robin',
    statement: 'Consumers with room get one message each, in turn',
    rules: ['R-37'],
    scenarios: PAIRS,
    judge: () => new RoundRobin(),
  },
  {
    ...base,
    id: 'rabbitmq.prefetch-bounds-unacked',
    statement: 'Nobody has more unacknowledged messages than its prefetch count',
    rules: ['R-41'],
    scenarios: PAIRS,
    judge: () => new PrefetchBounds(),
  },
  {
    ...base,
    id: 'rabbitmq.large-prefetch-strands',
    statement: 'With a large prefetch messages wait at a slow consumer while a fast one has nothing',
    rules: ['R-37', 'R-41'],
    scenarios: PAIRS,
    judge: () => new LargePrefetchStrands(),
  },
  {
    ...base,
    id: 'rabbitmq.prefetch-one-follows-pace',
    statement: 'With a prefetch of 1 each gets as much as it works off, and nothing waits at either',
    rules: ['R-37', 'R-41'],
    scenarios: PAIRS,
    judge: () => new PrefetchOneFollowsPace(),
  },
  {
    ...base,
    id: 'rabbitmq.first-drains-backlog',
    statement: 'Without a limit, the first consumer to come is sent all that waits',
    rules: ['R-38'],
    scenarios: ['rabbitmq-backlog'],
    judge: () => new FirstDrainsBacklog(),
  },
  {
    ...base,
    id: 'rabbitmq.competing-breaks-order',
    statement: 'Two consumers of a queue finish in another order than it has',
    rules: ['R-37'],
    scenarios: [...PAIRS, 'beside-ordering-rabbitmq'],
    judge: () => new CompetingBreaksOrder(),
  },
  {
    ...base,
    id: 'rabbitmq.single-active-in-order',
    statement: 'A single active consumer takes the queue in order, and the next goes on where it stopped',
    rules: ['R-45'],
    scenarios: ['rabbitmq-single-active', 'beside-single-active-rabbitmq'],
    judge: () => new SingleActiveInOrder(),
  },
  {
    ...base,
    id: 'rabbitmq.consumer-priority-strict',
    statement: 'A lower priority is given messages only while the higher has no room',
    rules: ['R-40'],
    observable: false,
    scenarios: ['rabbitmq-consumer-priority'],
    judge: () => new ConsumerPriorityStrict(),
  },
];
