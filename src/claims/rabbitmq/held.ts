/** Claims that short runs hold to a real broker as well: each by what clients see alone. */
import { displayName } from '../../sim/names.ts';
import { formatSeconds, fromMs, type Micros } from '../../sim/time.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';
import { exchangeClaims } from './exchanges.ts';

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;
type Published = Event<'published'>;

/** whose time is over is given to nobody. */
class ExpiredIsNotGiven implements ClaimFold {
  private ledger = new Ledger();
  private queueTtl = new Map<string, Micros>();
  private due = new Map<number, { readonly queue: string; readonly at: Micros; readonly event: Published }>();
  private began = new Map<string, Micros>();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created') {
      const ttl = event.arguments?.['x-message-ttl'];
      if (typeof ttl === 'number') this.queueTtl.set(event.name, fromMs(ttl));
    }
    if (event.kind === 'consuming-began') this.began.set(event.place, event.at);
    if (event.kind === 'published' && event.to === '') {
      const queue = event.routingKey ?? '';
      const own = event.expiration === undefined ? Infinity : fromMs(Number(event.expiration));
      const ttl = Math.min(own, this.queueTtl.get(queue) ?? Infinity);
      if (ttl < Infinity) this.due.set(event.message, { queue, at: event.at + ttl, event });
    }
    if (event.kind !== 'delivered') return;
    const due = this.due.get(event.message);
    if (!due || due.queue !== event.place) return;
    this.due.delete(event.message);
    // It may have been on its way to the consumer.
    if (event.at > due.at + fromMs(200))
      this.ledger.contradict(
        event,
        `message ${event.message} is given out ${formatSeconds(event.at - due.at)} after its time`,
      );
    else this.ledger.confirm(event, () => `message ${event.message} is given out within its time`);
  }

  verdict(ended: boolean): Verdict {
    if (ended)
      for (const [message, { queue, at, event }] of this.due) {
        const began = this.began.get(queue);
        if (began === undefined) continue;
        if (began > at)
          this.ledger.confirm(event, () => `message ${message} was over when somebody came to read ${queue}`);
        else this.ledger.contradict(event, `message ${message} had its time, and nobody was given it`);
      }
    return this.ledger.verdict('a message with a time to live, in a queue that is read');
  }
}

/** What a queue declares that may end a message, and what was seen of it there. */
interface Ward {
  readonly args: Readonly<Record<string, unknown>>;
  readonly deliveries: Map<number, number>;
  readonly refused: Set<number>;
  published: number;
}

/** The header of a dead letter names its queue and why it left it. */
class DeadLetterSaysWhy implements ClaimFold {
  private ledger = new Ledger();
  private wards = new Map<string, Ward>();
  private published = new Map<number, Published>();
  private readonly reason: string;

  /** @param reason of which death */
  constructor(reason: 'rejected' | 'expired' | 'maxlen' | 'delivery_limit') {
    this.reason = reason;
  }

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'places-created':
        this.wards.set(event.name, {
          args: event.arguments ?? {},
          deliveries: new Map(),
          refused: new Set(),
          published: 0,
        });
        break;
      case 'published': {
        this.published.set(event.message, event);
        const ward = event.to === '' ? this.wards.get(event.routingKey ?? '') : undefined;
        if (ward) ward.published++;
        break;
      }
      case 'settled':
        if (event.outcome !== 'acked' && event.message !== null)
          this.wards.get(event.place)?.refused.add(event.message);
        break;
      case 'delivered': {
        const ward = this.wards.get(event.place);
        ward?.deliveries.set(event.message, (ward.deliveries.get(event.message) ?? 0) + 1);
        this.read(event);
      }
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict(`a dead letter whose reason is ${this.reason}, and somebody who reads it`);
  }

  private read(event: Event<'delivered'>): void {
    const deaths = event.headers?.['x-death'];
    if (!Array.isArray(deaths)) return;
    const [last] = deaths as Record<string, unknown>[];
    const published = this.published.get(event.message);
    if (!last || !published || last['reason'] !== this.reason) return;
    const queue = String(last['queue']);
    const problem = this.problemOf(last, published, queue, event);
    const text = `message ${event.message} died in ${queue}: ${this.reason}`;
    if (problem !== null) this.ledger.contradict(event, `${text}, says its header; ${problem}`);
    else this.ledger.confirm(event, () => text);
  }

  /** @returns what speaks against the entry, or null */
  private problemOf(
    entry: Record<string, unknown>,
    published: Published,
    queue: string,
    { message, headers, at }: Event<'delivered'>,
  ): string | null {
    const ward = this.wards.get(queue);
    if (!ward || published.routingKey !== queue) return 'it was never there';
    if (entry['exchange'] !== published.to) return `it was published to “${published.to}”`;
    if (JSON.stringify(entry['routing-keys']) !== JSON.stringify([published.routingKey]))
      return 'its routing key was another';
    if (entry['count'] !== 1) return 'it died there once';
    if (headers?.['x-first-death-queue'] !== queue || headers['x-first-death-reason'] !== this.reason)
      return 'its first death is said to be another';
    const limit = ward.args['x-delivery-limit'];
    const length = ward.args['x-max-length'];
    const ttl = ward.args['x-message-ttl'];
    switch (this.reason) {
      case 'rejected':
        return ward.refused.has(message) && limit === undefined ? null : 'nobody rejected it';
      case 'expired': {
        // Its own time or the queue’s, whichever is shorter.
        const own = Number(published.expiration ?? Infinity);
        const shorter = Math.min(own, typeof ttl === 'number' ? ttl : Infinity);
        return at - published.at >= fromMs(shorter) ? null : 'its time was not over';
      }
      case 'maxlen':
        return typeof length === 'number' && ward.published > length ? null : 'the queue was not full';
      default:
        return typeof limit === 'number' && ward.deliveries.get(message) === limit + 1
          ? null
          : `it was delivered ${ward.deliveries.get(message) ?? 0} times, with a limit of ${String(limit)}`;
    }
  }
}

/** what waits is given out by priority, and within one in the order of publishing. */
class HigherPriorityFirst implements ClaimFold {
  private ledger = new Ledger();
  private highest = new Map<string, number>();
  private waiting = new Map<string, Published[]>();

  on(event: TraceEvent): void {
    if (event.kind === 'places-created') {
      const highest = event.arguments?.['x-max-priority'];
      if (typeof highest === 'number') this.highest.set(event.name, highest);
    }
    if (event.kind === 'published' && event.to === '' && this.highest.has(event.routingKey ?? '')) {
      const queue = event.routingKey ?? '';
      this.waiting.set(queue, [...(this.waiting.get(queue) ?? []), event]);
    }
    if (event.kind !== 'delivered' || event.redelivered) return;
    const waiting = this.waiting.get(event.place);
    const own = waiting?.find(({ message }) => message === event.message);
    if (!waiting || !own) return;
    this.waiting.set(
      event.place,
      waiting.filter((other) => other !== own),
    );
    const priority = (message: Published): number =>
      Math.min(message.priority ?? 0, this.highest.get(event.place)!);
    const before = waiting.find(
      (other) =>
        priority(other) > priority(own) || (priority(other) === priority(own) && other.message < own.message),
    );
    if (before)
      this.ledger.contradict(
        event,
        `message ${own.message} of priority ${priority(own)} is given out before message ${before.message} of priority ${priority(before)}`,
      );
    else if (waiting.some((other) => other.message < own.message))
      this.ledger.confirm(
        event,
        () => `message ${own.message}, of priority ${priority(own)}, overtakes what came before it`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('messages of several priorities that wait, and a consumer that comes');
  }
}

/** who is refused, and that it is over with the one who had it. */
class ExclusiveRefused implements ClaimFold {
  private ledger = new Ledger();
  private consuming = new Map<string, string>();
  private held = new Set<string>();
  private readonly what: 'consumer' | 'queue';

  constructor(what: 'consumer' | 'queue') {
    this.what = what;
  }

  on(event: TraceEvent): void {
    if (event.kind === 'consuming-began') this.consuming.set(event.place, event.client);
    if (event.kind === 'places-created') this.held.add(event.name);
    if (event.kind !== 'error') return;
    const said =
      this.what === 'consumer'
        ? /^queue '(.*)' in vhost '.*' in exclusive use$/.exec(event.detail)
        : /^cannot obtain exclusive access to locked queue '(.*?)'/.exec(event.detail);
    const queue = said?.[1];
    if (queue === undefined) return;
    const wanted = this.what === 'consumer' ? '403 ACCESS_REFUSED' : '405 RESOURCE_LOCKED';
    const holder =
      this.what === 'consumer' ? this.consuming.get(queue) : this.held.has(queue) ? 'another' : undefined;
    if (event.code !== wanted) this.ledger.contradict(event, `it is refused with ${event.code}`);
    else if (holder === undefined || holder === event.client)
      this.ledger.contradict(event, `${displayName(event.client)} is refused ${queue}, which nobody has`);
    else this.ledger.confirm(event, () => `${displayName(event.client)} is refused ${queue}: ${wanted}`);
  }

  verdict(): Verdict {
    return this.ledger.verdict(
      this.what === 'consumer'
        ? 'an exclusive consumer, and another that asks for its queue'
        : 'an exclusive queue, and another connection that asks for it',
    );
  }
}

/** told from outside: confirmed before its publisher lost its connection, and there afterwards, or not. */
class RestartKeeps implements ClaimFold {
  private ledger = new Ledger();
  private readonly type: 'classic' | 'quorum';
  private queues = new Set<string>();
  private stored = new Map<number, Published>();
  private published = new Map<number, Published>();
  private gone = false;
  private given = new Set<number>();
  private began = new Set<string>();

  constructor(type: 'classic' | 'quorum') {
    this.type = type;
  }

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'places-created':
        if (event.type === this.type) this.queues.add(event.name);
        break;
      case 'published':
        if (event.to === '' && this.queues.has(event.routingKey ?? ''))
          this.published.set(event.message, event);
        break;
      case 'publish-confirmed': {
        const message = this.published.get(event.message);
        if (message && !this.gone && !this.given.has(event.message)) this.stored.set(event.message, message);
        break;
      }
      case 'disconnected':
        if (event.why.includes('CONNECTION_FORCED')) this.gone = true;
        break;
      case 'consuming-began':
        this.began.add(event.place);
        break;
      case 'delivered':
        this.given.add(event.message);
        this.back(event);
    }
  }

  private back(event: Event<'delivered'>): void {
    const message = this.stored.get(event.message);
    if (!message) return;
    this.stored.delete(event.message);
    if (!this.gone) return;
    const kept = this.type === 'quorum' || !message.transient;
    const text = `message ${event.message}, ${message.transient ? 'transient' : 'persistent'}, is there after the restart`;
    if (kept) this.ledger.confirm(event, () => text);
    else this.ledger.contradict(event, text);
  }

  verdict(ended: boolean): Verdict {
    if (ended && this.gone)
      for (const [message, event] of this.stored) {
        if (!this.began.has(event.routingKey ?? '')) continue;
        const text = `message ${message}, ${event.transient ? 'transient' : 'persistent'}, is gone with the restart`;
        if (this.type === 'classic' && event.transient) this.ledger.confirm(event, () => text);
        else this.ledger.contradict(event, text);
      }
    return this.ledger.verdict(`a ${this.type} queue with messages whose node is restarted`);
  }
}

/** R-56, told from outside: somebody loses the connection to the node where the queue was declared, which leads it. */
class OutlivesItsLeader implements ClaimFold {
  private ledger = new Ledger();
  private leaders = new Map<string, string>();
  private lost = new Set<string>();
  private began = new Set<string>();
  private published = new Map<
    number,
    { readonly event: Published; readonly queue: string; readonly before: boolean }
  >();
  private confirmed = new Set<number>();
  private given = new Set<number>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'places-created':
        if (event.type === 'quorum') this.leaders.set(event.name, event.node);
        break;
      case 'disconnected':
        for (const [queue, leader] of this.leaders) if (leader === event.node) this.lost.add(queue);
        break;
      case 'consuming-began':
        if (this.lost.has(event.place)) this.began.add(event.place);
        break;
      case 'published': {
        const queue = event.routingKey ?? '';
        if (event.to !== '' || !this.leaders.has(queue)) break;
        this.published.set(event.message, { event, queue, before: !this.lost.has(queue) });
        break;
      }
      case 'publish-confirmed':
        this.confirmed.add(event.message);
        break;
      case 'delivered': {
        const message = this.published.get(event.message);
        const isNew = !this.given.has(event.message);
        this.given.add(event.message);
        if (!message || !isNew || !this.lost.has(event.place) || !this.confirmed.has(event.message)) break;
        const when = message.before ? 'before its leader’s node was lost' : 'after that';
        this.ledger.confirm(event, () => `message ${event.message}, confirmed ${when}, is given out`);
      }
    }
  }

  verdict(ended: boolean): Verdict {
    if (ended)
      for (const [message, { event, queue }] of this.published) {
        if (!this.began.has(queue) || this.given.has(message)) continue;
        const what = this.confirmed.has(message)
          ? 'was confirmed, and nobody is given it'
          : 'is not confirmed';
        this.ledger.contradict(event, `message ${message} ${what}, though ${queue} has other replicas`);
      }
    return this.ledger.verdict('a quorum queue whose leader’s node is lost, and somebody who reads it then');
  }
}

const base = { broker: 'rabbitmq', observable: true } as const;
const DEATHS = ['rabbitmq-deaths'] as const;

export const heldClaims: readonly Claim[] = [
  ...exchangeClaims,
  {
    ...base,
    id: 'rabbitmq.expired-is-not-given',
    statement: 'Whose time to live is over is given to nobody',
    rules: ['R-68', 'R-69'],
    scenarios: ['rabbitmq-ttl'],
    judge: () => new ExpiredIsNotGiven(),
  },
  ...(
    [
      ['rejected', 'A dead letter says that it was rejected, and in which queue', ['R-80', 'R-83', 'R-84']],
      ['expired', 'A dead letter says that it expired, and in which queue', ['R-69', 'R-80', 'R-83', 'R-84']],
      ['maxlen', 'A dead letter says that its queue was full', ['R-74', 'R-80', 'R-83', 'R-84']],
      [
        'delivery_limit',
        'A dead letter says that it was returned more often than the limit allows',
        ['R-60', 'R-61', 'R-80', 'R-83', 'R-84'],
      ],
    ] as const
  ).map(([reason, statement, rules]): Claim => ({
    ...base,
    id: `rabbitmq.dead-letter-${reason.replace('_', '-')}`,
    statement,
    rules,
    scenarios: reason === 'expired' ? [...DEATHS, 'rabbitmq-corners'] : DEATHS,
    judge: () => new DeadLetterSaysWhy(reason),
  })),
  {
    ...base,
    id: 'rabbitmq.higher-priority-first',
    statement: 'In a priority queue what is urgent overtakes, and equals keep their order',
    rules: ['R-88'],
    scenarios: ['rabbitmq-priority'],
    judge: () => new HigherPriorityFirst(),
  },
  {
    ...base,
    id: 'rabbitmq.exclusive-consumer-refuses',
    statement: 'An exclusive consumer has its queue to itself: another is refused',
    rules: ['R-44'],
    scenarios: ['rabbitmq-exclusive'],
    judge: () => new ExclusiveRefused('consumer'),
  },
  {
    ...base,
    id: 'rabbitmq.exclusive-queue-locked',
    statement: 'An exclusive queue is locked for every other connection',
    rules: ['R-7'],
    scenarios: ['rabbitmq-exclusive'],
    judge: () => new ExclusiveRefused('queue'),
  },
  {
    ...base,
    id: 'rabbitmq.classic-restart-keeps-persistent',
    statement: 'After a restart a durable classic queue has its persistent messages, and no transient ones',
    rules: ['R-55'],
    scenarios: ['rabbitmq-restart'],
    judge: () => new RestartKeeps('classic'),
  },
  {
    ...base,
    id: 'rabbitmq.quorum-restart-keeps-all',
    statement: 'After a restart a quorum queue has all messages, the transient ones too',
    rules: ['R-56'],
    scenarios: ['rabbitmq-restart'],
    judge: () => new RestartKeeps('quorum'),
  },
  {
    ...base,
    id: 'rabbitmq.quorum-outlives-leader',
    statement: 'A quorum queue outlives the node of its leader, with all that it had confirmed',
    rules: ['R-56'],
    scenarios: ['rabbitmq-leader-dies'],
    judge: () => new OutlivesItsLeader(),
  },
];
