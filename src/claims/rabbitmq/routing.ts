/** Claims about where a message goes: topic bindings, copies, alternates, and what matches nothing. */
import { displayName } from '../../sim/names.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;
type Binding = Event<'binding-created'>;

/** What is bound, as the trace tells it; the default exchange and its bindings are not told of. */
class Bindings {
  readonly types = new Map<string, string>();
  readonly alternates = new Map<string, string>();
  private all: Binding[] = [];

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'exchange-created': {
        this.types.set(event.name, event.type);
        const alternate = event.arguments?.['alternate-exchange'];
        if (typeof alternate === 'string') this.alternates.set(event.name, alternate);
        break;
      }
      case 'exchange-deleted':
        this.all = this.all.filter(
          ({ source, destination, to }) =>
            source !== event.name && !(to === 'exchange' && destination === event.name),
        );
        break;
      case 'binding-created':
        this.all.push(event);
        break;
      case 'binding-deleted':
        this.all = this.all.filter(
          ({ source, destination, routingKey, to }) =>
            source !== event.source ||
            destination !== event.destination ||
            routingKey !== event.routingKey ||
            to !== event.to,
        );
        break;
      case 'places-deleted':
        this.all = this.all.filter(({ destination, to }) => to === 'exchange' || destination !== event.name);
        break;
    }
  }

  from(source: string): readonly Binding[] {
    return this.all.filter((binding) => binding.source === source);
  }

  isTopic(exchange: string): boolean {
    return this.types.get(exchange) === 'topic';
  }
}

/**
 * Whether a topic binding takes a key, told from the definition: `#` is any number of words, `*` one. It is
 * written anew here, so that a claim does not ask the model what the model should have done.
 */
export function topicTakes(bindingKey: string, routingKey: string): boolean {
  const words = (key: string): string[] => (key === '' ? [] : key.split('.'));
  const takes = (pattern: readonly string[], key: readonly string[]): boolean => {
    const [head, ...rest] = pattern;
    if (head === undefined) return key.length === 0;
    if (head === '#') return takes(rest, key) || (key.length > 0 && takes(pattern, key.slice(1)));
    return key.length > 0 && (head === '*' || head === key[0]) && takes(rest, key.slice(1));
  };
  return takes(words(bindingKey), words(routingKey));
}

/** Published messages until it is known where they went: all that is routed of one is told in one instant. */
class Ways {
  readonly bindings = new Bindings();
  private published = new Map<number, Event<'published'>>();
  private current: { publish: Event<'published'>; at: TraceEvent; places: string[] } | null = null;
  /** The event that showed that a message's ways are known; what it binds counts from now on. */
  private late: TraceEvent | null = null;

  /** @returns a message whose ways are all known, when this event shows that they are */
  on(event: TraceEvent): { publish: Event<'published'>; at: TraceEvent; places: readonly string[] } | null {
    const current = this.current;
    const same =
      event.kind === 'routed' && event.message === current?.publish.message && event.at === current.at.at;
    const done = current !== null && !same && (event.at > current.at.at || event.kind === 'routed');
    if (done) this.current = null;
    if (event.kind === 'published') this.published.set(event.message, event);
    if (event.kind === 'routed') {
      const publish = this.published.get(event.message);
      if (publish && publish.to !== '') {
        this.current ??= { publish, at: event, places: [] };
        this.current.places.push(event.place);
      }
    }
    // The bindings that held when it was routed, and not those that this event makes.
    const result = done ? current : null;
    if (!result) this.bindings.on(event);
    else this.late = event;
    return result;
  }

  /** To be called when the result of {@link on} has been looked at. */
  settle(): void {
    if (this.late) this.bindings.on(this.late);
    this.late = null;
  }
}

/** */
class StarIsOneWord implements ClaimFold {
  private ledger = new Ledger();
  private ways = new Ways();

  on(event: TraceEvent): void {
    const way = this.ways.on(event);
    if (way) {
      this.judge(way);
      this.ways.settle();
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message published to a topic exchange whose bindings have * or #');
  }

  private judge({
    publish,
    at,
    places,
  }: {
    publish: Event<'published'>;
    at: TraceEvent;
    places: readonly string[];
  }): void {
    const { bindings } = this.ways;
    const key = publish.routingKey ?? '';
    if (!bindings.isTopic(publish.to)) return;
    for (const { to, destination, routingKey } of bindings.from(publish.to)) {
      if (to !== 'queue' || !/[*#]/.test(routingKey)) continue;
      const taken = topicTakes(routingKey, key);
      const there = places.includes(destination);
      // It may be there by another binding of its queue.
      const other = bindings
        .from(publish.to)
        .some(
          (one) =>
            one.destination === destination &&
            one.routingKey !== routingKey &&
            topicTakes(one.routingKey, key),
        );
      if (taken && !there)
        this.ledger.contradict(
          at,
          `${routingKey} takes ${key}, and ${destination} has no copy of message ${publish.message}`,
        );
      else if (!taken && there && !other)
        this.ledger.contradict(
          at,
          `${routingKey} does not take ${key}, and ${destination} has message ${publish.message}`,
        );
      else
        this.ledger.confirm(
          at,
          () => `${routingKey} ${taken ? 'takes' : 'does not take'} ${key} (message ${publish.message})`,
        );
    }
  }
}

/** */
class OneCopyPerQueue implements ClaimFold {
  private ledger = new Ledger();
  private ways = new Ways();
  private stored = new Map<string, Event<'appended'>>();
  private republished = new Set<number>();
  private left = new Set<string>();

  on(event: TraceEvent): void {
    if (event.kind === 'republished') this.republished.add(event.message);
    if (event.kind === 'dead-lettered') this.left.add(`${event.place} ${event.message}`);
    if (event.kind === 'appended') {
      const id = `${event.place} ${event.message}`;
      if (this.stored.has(id) && !this.republished.has(event.message) && !this.left.has(id))
        this.ledger.contradict(event, `message ${event.message} is in ${event.place} a second time`);
      this.stored.set(id, event);
    }
    const way = this.ways.on(event);
    if (!way) return;
    const { bindings } = this.ways;
    const key = way.publish.routingKey ?? '';
    for (const place of way.places) {
      const by = bindings
        .from(way.publish.to)
        .filter(
          ({ destination, to, routingKey }) =>
            destination === place && to === 'queue' && topicTakes(routingKey, key),
        );
      if (by.length > 1 && bindings.isTopic(way.publish.to))
        this.ledger.confirm(
          way.at,
          () => `message ${way.publish.message} matches ${by.length} bindings of ${place}, and is there once`,
        );
    }
    this.ways.settle();
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message that matches two bindings of one queue');
  }
}

/** as many copies as queues, and each with its own end. */
class CopyForEachQueue implements ClaimFold {
  private ledger = new Ledger();
  private copies = new Map<number, Set<string>>();
  private removed = new Map<number, string>();

  on(event: TraceEvent): void {
    if (event.kind === 'appended')
      this.copies.set(event.message, (this.copies.get(event.message) ?? new Set<string>()).add(event.place));
    if (event.kind === 'removed') this.removed.set(event.message, event.place);
    if (event.kind !== 'delivered') return;
    const copies = this.copies.get(event.message);
    const gone = this.removed.get(event.message);
    if (copies && !copies.has(event.place))
      this.ledger.contradict(
        event,
        `${event.place} gives out message ${event.message}, of which it has no copy`,
      );
    else if (copies && copies.size > 1 && gone !== undefined && gone !== event.place)
      this.ledger.confirm(
        event,
        () =>
          `message ${event.message} is acknowledged in ${gone}, and ${event.place} gives out its own copy`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message in two queues, one of which is done with it');
  }
}

/** */
class AlternateTakes implements ClaimFold {
  private ledger = new Ledger();
  private ways = new Ways();
  private readonly returned: boolean;
  private back = new Set<number>();
  private through = new Map<number, TraceEvent>();

  /** @param returned whether the claim is about what is returned, or about where it goes */
  constructor(returned: boolean) {
    this.returned = returned;
  }

  on(event: TraceEvent): void {
    if (event.kind === 'returned') {
      this.back.add(event.message);
      if (this.returned && this.through.has(event.message))
        this.ledger.contradict(
          event,
          `message ${event.message} was taken by an alternate exchange, and is returned`,
        );
    }
    if (
      this.returned &&
      event.kind === 'publish-confirmed' &&
      this.through.has(event.message) &&
      !this.back.has(event.message)
    )
      this.ledger.confirm(
        event,
        () =>
          `message ${event.message} went by the alternate exchange: it is confirmed, and was not returned`,
      );
    const way = this.ways.on(event);
    if (!way) return;
    this.judge(way);
    this.ways.settle();
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message that matches no binding of an exchange with an alternate');
  }

  private judge({
    publish,
    at,
    places,
  }: {
    publish: Event<'published'>;
    at: TraceEvent;
    places: readonly string[];
  }): void {
    const { bindings } = this.ways;
    const alternate = bindings.alternates.get(publish.to);
    if (alternate === undefined || !bindings.isTopic(publish.to)) return;
    const key = publish.routingKey ?? '';
    const matched = bindings.from(publish.to).some(({ routingKey }) => topicTakes(routingKey, key));
    const behind = bindings.from(alternate).map(({ destination }) => destination);
    const there = places.filter((place) => behind.includes(place));
    if (matched) return;
    this.through.set(publish.message, at);
    if (this.returned) return;
    if (there.length === 0)
      this.ledger.contradict(
        at,
        `message ${publish.message} matches nothing, and ${alternate} has not been given it`,
      );
    else
      this.ledger.confirm(
        at,
        () =>
          `${key} matches no binding of ${publish.to}: message ${publish.message} goes to ${there.join(', ')} by ${alternate}`,
      );
  }
}

/** what matches nothing is confirmed and gone. Told from outside: confirmed, and nobody has it. */
class UnroutableConfirmed implements ClaimFold {
  private ledger = new Ledger();
  private lost = new Set<number>();
  private returned = new Set<number>();

  on(event: TraceEvent): void {
    if (event.kind === 'dropped' && event.reason === 'unroutable' && event.message !== null)
      this.lost.add(event.message);
    if (event.kind === 'returned') this.returned.add(event.message);
    if (event.kind === 'publish-failed' && this.lost.has(event.message))
      this.ledger.contradict(
        event,
        `message ${event.message} matched nothing, and its publisher is told that it failed`,
      );
    if (
      event.kind === 'publish-confirmed' &&
      this.lost.has(event.message) &&
      !this.returned.has(event.message)
    )
      this.ledger.confirm(
        event,
        () =>
          `message ${event.message} matched nothing: ${displayName(event.client)} is told that all is well`,
      );
    if (event.kind === 'delivered' && this.lost.has(event.message))
      this.ledger.contradict(event, `message ${event.message} matched nothing, and is delivered`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message that matches nothing, and a publisher with confirms');
  }
}

/** */
class MandatoryReturned implements ClaimFold {
  private ledger = new Ledger();
  private returned = new Map<number, TraceEvent>();
  private confirmed = new Set<number>();
  private given = new Set<number>();

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'delivered':
        this.given.add(event.message);
        if (this.returned.has(event.message))
          this.ledger.contradict(event, `message ${event.message} was returned, and is delivered`);
        break;
      case 'returned':
        this.returned.set(event.message, event);
        if (this.confirmed.has(event.message))
          this.ledger.contradict(event, `message ${event.message} is returned after its confirm`);
        break;
      case 'publish-confirmed':
        this.confirmed.add(event.message);
        if (this.returned.has(event.message))
          this.ledger.confirm(event, () => `message ${event.message} came back first, and is confirmed then`);
    }
  }

  verdict(): Verdict {
    return this.ledger.verdict('a message published as mandatory that reaches no queue');
  }
}

/** an exchange remembers nothing. */
class LateBindingGetsNothing implements ClaimFold {
  private ledger = new Ledger();
  /** When each queue was bound first. */
  private bound = new Map<string, TraceEvent>();
  private before = new Set<number>();
  /** Queue and message that was confirmed before the queue was bound. */
  private missed = new Set<string>();
  private seen = new Set<string>();

  on(event: TraceEvent): void {
    if (event.kind === 'publish-confirmed') this.before.add(event.message);
    if (event.kind === 'binding-created' && event.to === 'queue' && !this.bound.has(event.destination)) {
      this.bound.set(event.destination, event);
      if (event.at === 0) return;
      // What was confirmed by now had been routed before.
      for (const message of this.before) this.missed.add(`${event.destination} ${message}`);
    }
    if (event.kind !== 'delivered') return;
    if (this.missed.has(`${event.place} ${event.message}`))
      this.ledger.contradict(
        event,
        `message ${event.message}, confirmed before ${event.place} was bound, is delivered from it`,
      );
    const bound = this.bound.get(event.place);
    const first = !this.seen.has(event.place);
    this.seen.add(event.place);
    if (!first || !bound || bound.at === 0) return;
    const earlier = [...this.missed.keys()].filter((id) => id.startsWith(`${event.place} `)).length;
    if (earlier > 0)
      this.ledger.confirm(
        event,
        () =>
          `${event.place} begins with message ${event.message}: of the ${earlier} before it was bound it has none`,
      );
  }

  verdict(): Verdict {
    return this.ledger.verdict('a queue that is bound after messages have been published');
  }
}

/** */
class HashKeepsKey implements ClaimFold {
  private ledger = new Ledger();
  private hashed = new Set<string>();
  private to = new Map<string, string>();

  on(event: TraceEvent): void {
    if (event.kind === 'exchange-created' && event.type === 'x-consistent-hash') this.hashed.add(event.name);
    if (
      (event.kind === 'binding-created' || event.kind === 'binding-deleted') &&
      this.hashed.has(event.source)
    )
      this.to.clear();
    if (event.kind !== 'delivered' || event.redelivered || !this.hashed.has(event.exchange ?? '')) return;
    const key = event.routingKey ?? '';
    const before = this.to.get(key);
    this.to.set(key, event.place);
    if (before === undefined) return;
    if (before === event.place) this.ledger.confirm(event, () => `${key} goes to ${event.place} again`);
    else this.ledger.contradict(event, `${key} went to ${before}, and goes to ${event.place} now`);
  }

  verdict(): Verdict {
    return this.ledger.verdict('two messages with one key through a consistent-hash exchange');
  }
}

const base = { broker: 'rabbitmq', observable: false } as const;
const TOPIC = ['rabbitmq-routing'] as const;

export const routingClaims: readonly Claim[] = [
  {
    ...base,
    id: 'rabbitmq.star-is-one-word',
    statement: '* is exactly one word, # any number of them',
    rules: ['R-14', 'R-15', 'R-16'],
    scenarios: TOPIC,
    judge: () => new StarIsOneWord(),
  },
  {
    ...base,
    id: 'rabbitmq.one-copy-per-queue',
    statement: 'However many bindings match, a message is in a queue once',
    rules: ['R-16', 'R-24'],
    scenarios: TOPIC,
    judge: () => new OneCopyPerQueue(),
  },
  {
    ...base,
    id: 'rabbitmq.copy-for-each-queue',
    statement: 'Every queue that matches has a copy of its own',
    rules: ['R-12', 'R-13', 'R-16'],
    scenarios: [...TOPIC, 'beside-consumers-rabbitmq'],
    judge: () => new CopyForEachQueue(),
  },
  {
    ...base,
    id: 'rabbitmq.alternate-takes-unmatched',
    statement: 'What an exchange can send nowhere goes to its alternate exchange',
    rules: ['R-25'],
    scenarios: TOPIC,
    judge: () => new AlternateTakes(false),
  },
  {
    ...base,
    id: 'rabbitmq.alternate-is-not-returned',
    statement: 'What the alternate exchange takes is not returned',
    rules: ['R-25', 'R-28'],
    scenarios: TOPIC,
    judge: () => new AlternateTakes(true),
  },
  {
    ...base,
    id: 'rabbitmq.unroutable-confirmed',
    statement: 'What matches nothing is confirmed, and gone',
    rules: ['R-28', 'R-30'],
    scenarios: ['rabbitmq-unroutable'],
    judge: () => new UnroutableConfirmed(),
  },
  {
    ...base,
    id: 'rabbitmq.mandatory-returned',
    statement: 'What is mandatory and reaches no queue comes back, before its confirm',
    rules: ['R-28'],
    observable: true,
    scenarios: ['rabbitmq-unroutable'],
    judge: () => new MandatoryReturned(),
  },
  {
    ...base,
    id: 'rabbitmq.late-binding-gets-nothing',
    statement: 'A queue that is bound later gets nothing of what was published before',
    rules: ['R-1', 'R-28'],
    observable: true,
    scenarios: ['rabbitmq-late-binding'],
    judge: () => new LateBindingGetsNothing(),
  },
  {
    ...base,
    id: 'rabbitmq.hash-keeps-key',
    statement: 'A consistent-hash exchange sends a key to one queue, always the same',
    rules: ['R-21'],
    observable: true,
    scenarios: ['rabbitmq-consistent-hash'],
    judge: () => new HashKeepsKey(),
  },
];
