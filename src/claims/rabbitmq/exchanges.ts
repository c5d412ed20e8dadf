/**
 * Claims about each type of exchange, by what clients see alone. What a binding takes is written anew here, so that a claim
 * asks neither the model nor the broker what it should have done.
 */
import type { TraceEvent } from '../../sim/trace.ts';
import { Ledger, type Claim, type ClaimFold, type Verdict } from '../claim.ts';
import { topicTakes } from './routing.ts';

type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;
type Binding = Event<'binding-created'>;
type Published = Event<'published'>;

/** Whether a headers binding takes a message: each of its arguments that is not one of x-match's, or any. */
function headersTake(
  args: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, unknown>>,
): boolean {
  const wanted = Object.entries(args).filter(([name]) => !name.startsWith('x-'));
  const has = ([name, value]: [string, unknown]): boolean => name in headers && headers[name] === value;
  return args['x-match'] === 'any' ? wanted.some(has) : wanted.every(has);
}

const TAKES: Readonly<Record<string, (binding: Binding, message: Published) => boolean>> = {
  direct: ({ routingKey }, message) => routingKey === (message.routingKey ?? ''),
  fanout: () => true,
  topic: ({ routingKey }, message) => topicTakes(routingKey, message.routingKey ?? ''),
  headers: ({ arguments: args }, message) => headersTake(args, message.headers ?? {}),
};

/** Who has a consumer is given exactly what its bindings take, once. */
class RoutedAsBound implements ClaimFold {
  private ledger = new Ledger();
  private readonly type: string;
  private exchanges = new Set<string>();
  private bindings: Binding[] = [];
  private queues = new Set<string>();
  private read = new Set<string>();
  private published = new Map<number, Published>();
  private confirmed = new Set<number>();
  private given = new Map<string, Event<'delivered'>>();

  /** @param type of exchange; empty for the default exchange */
  constructor(type: string) {
    this.type = type;
    if (type === '') this.exchanges.add('');
  }

  on(event: TraceEvent): void {
    switch (event.kind) {
      case 'exchange-created':
        if (event.type === this.type) this.exchanges.add(event.name);
        break;
      case 'places-created':
        for (const place of event.places) this.queues.add(place);
        break;
      case 'binding-created':
        if (this.exchanges.has(event.source) && event.to === 'queue') this.bindings.push(event);
        break;
      case 'consuming-began':
        this.read.add(event.place);
        break;
      case 'published':
        if (this.exchanges.has(event.to)) this.published.set(event.message, event);
        break;
      case 'publish-confirmed':
        this.confirmed.add(event.message);
        break;
      case 'delivered':
        this.delivered(event);
    }
  }

  private delivered(event: Event<'delivered'>): void {
    const message = this.published.get(event.message);
    if (!message || event.redelivered) return;
    const id = `${event.place} ${event.message}`;
    if (this.given.has(id))
      this.ledger.contradict(event, `message ${event.message} is in ${event.place} twice`);
    else if (!this.isFor(event.place, message))
      this.ledger.contradict(
        event,
        `nothing leads message ${event.message} (${told(message)}) to ${event.place}`,
      );
    else
      this.ledger.confirm(event, () => `${told(message)} goes to ${event.place} (message ${event.message})`);
    this.given.set(id, event);
  }

  private isFor(queue: string, message: Published): boolean {
    if (message.to === '') return message.routingKey === queue;
    const takes = TAKES[this.type]!;
    return this.bindings.some(
      (binding) => binding.source === message.to && binding.destination === queue && takes(binding, message),
    );
  }

  verdict(ended: boolean): Verdict {
    if (ended)
      for (const message of this.published.values())
        for (const queue of this.read)
          if (
            this.confirmed.has(message.message) &&
            !this.given.has(`${queue} ${message.message}`) &&
            this.isFor(queue, message)
          )
            this.ledger.contradict(
              message,
              `${told(message)} is not in ${queue} (message ${message.message})`,
            );
    const what = this.type === '' ? 'the default exchange' : `a ${this.type} exchange`;
    return this.ledger.verdict(`a message published to ${what}, and a consumer of a queue behind it`);
  }
}

function told({ routingKey, headers }: Published): string {
  return headers ? JSON.stringify(headers) : `the key “${routingKey ?? ''}”`;
}

const base = {
  broker: 'rabbitmq',
  observable: true,
  scenarios: ['rabbitmq-exchange-types'],
} as const;

export const exchangeClaims: readonly Claim[] = [
  {
    ...base,
    id: 'rabbitmq.direct-by-equal-key',
    statement: 'A direct exchange sends a message where the binding key equals its routing key',
    rules: ['R-12'],
    judge: () => new RoutedAsBound('direct'),
  },
  {
    ...base,
    id: 'rabbitmq.fanout-to-all',
    statement: 'A fanout exchange sends a message to every queue that is bound, whatever its key',
    rules: ['R-13'],
    judge: () => new RoutedAsBound('fanout'),
  },
  {
    ...base,
    id: 'rabbitmq.topic-by-words',
    statement: 'A topic exchange goes by words: * takes exactly one, # any number, an empty one too',
    rules: ['R-14', 'R-15', 'R-16'],
    judge: () => new RoutedAsBound('topic'),
  },
  {
    ...base,
    id: 'rabbitmq.headers-all-or-any',
    statement: 'A headers exchange ignores the key: all headers of a binding must be there, or any of them',
    rules: ['R-18', 'R-19'],
    judge: () => new RoutedAsBound('headers'),
  },
  {
    ...base,
    id: 'rabbitmq.default-by-queue-name',
    statement: 'The default exchange sends a message to the queue that its key names',
    rules: ['R-2'],
    judge: () => new RoutedAsBound(''),
  },
];
