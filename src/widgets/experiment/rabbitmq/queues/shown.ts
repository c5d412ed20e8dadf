/** What of a view is drawn, in which order, and the ways between its things: pure. */
import type {
  BindingView,
  ConsumerView,
  ExchangeView,
  QueueView,
  RabbitmqView,
} from '../../../../brokers/rabbitmq/view-types.ts';
import { bindingLabel, DRAWN } from '../words.ts';

export interface Shown {
  readonly publishers: RabbitmqView['publishers'];
  readonly exchanges: readonly ExchangeView[];
  readonly queues: readonly QueueView[];
  readonly consumers: readonly ConsumerView[];
  readonly ways: readonly Way[];
  readonly deadWays: readonly DeadWay[];
  /** What found no room, in words. */
  readonly hidden: string;
}

/** A track: a binding, or several between the same two. */
export interface Way {
  readonly id: string;
  readonly source: string;
  readonly destination: string;
  readonly to: 'queue' | 'exchange';
  readonly label: string;
  /** An exchange's alternate is no binding, but a way all the same. */
  readonly alternate: boolean;
  readonly bindings: readonly BindingView[];
  readonly rate: number;
}

/** From a queue to its dead-letter exchange. */
export interface DeadWay {
  readonly queue: string;
  readonly exchange: string;
  /** The exchange is not there: what dies is dropped. */
  readonly missing: boolean;
}

/** Bindings between the same two that are drawn one by one. */
const PARALLEL_MAX = 3;

export function shownOf(view: RabbitmqView): Shown {
  const queues = view.queues.slice(0, DRAWN.queues);
  const consumers = [...view.consumers].sort(byQueue(queues)).slice(0, DRAWN.consumers);
  const publishers = view.publishers.slice(0, DRAWN.publishers);
  const known = exchangesOf(view, queues);
  const exchanges = known.slice(0, DRAWN.exchanges);
  const more = [
    [view.totals.publishers - publishers.length, 'publisher'],
    [known.length - exchanges.length, 'exchange'],
    [view.totals.queues - queues.length, 'queue'],
    [view.totals.consumers - consumers.length, 'consumer'],
  ] as const;
  const hidden = more.filter(([n]) => n > 0).map(([n, what]) => `${n} more ${what}${n === 1 ? '' : 's'}`);
  const names = new Set(exchanges.map(({ name }) => name));
  return {
    publishers,
    exchanges,
    queues,
    consumers,
    ways: waysOf(view, exchanges, queues),
    deadWays: queues.flatMap(({ name, limits: { deadLetterExchange } }) =>
      deadLetterExchange === null
        ? []
        : [{ queue: name, exchange: deadLetterExchange, missing: !names.has(deadLetterExchange) }],
    ),
    hidden: hidden.length > 0 ? `and ${hidden.join(', ')}` : '',
  };
}

/** Consumers stand beside their queues, in the order of their names. */
function byQueue(queues: readonly QueueView[]) {
  const place = ({ queues: own }: ConsumerView): number => {
    const found = own.map((name) => queues.findIndex((queue) => queue.name === name)).filter((i) => i >= 0);
    return found.length === 0 ? queues.length : Math.min(...found);
  };
  return (a: ConsumerView, b: ConsumerView): number =>
    place(a) - place(b) || a.id.localeCompare(b.id, 'en', { numeric: true });
}

/** The declared ones, and of those that are always there the ones that somebody uses. */
function exchangesOf(view: RabbitmqView, queues: readonly QueueView[]): ExchangeView[] {
  const used = new Set<string>([
    ...view.publishers.flatMap(({ exchanges }) => exchanges),
    ...queues.flatMap(({ limits: { deadLetterExchange: name } }) => (name === null ? [] : [name])),
    ...view.bindings.flatMap(({ source, to, destination }) =>
      to === 'exchange' ? [source, destination] : [source],
    ),
    ...view.exchanges.flatMap(({ alternate }) => (alternate === null ? [] : [alternate])),
  ]);
  const known = view.exchanges.filter(
    ({ name }) => used.has(name) || (name !== '' && !name.startsWith('amq.')),
  );
  return used.has('') && !known.some(({ name }) => name === '') ? [DEFAULT, ...known] : known;
}

const DEFAULT: ExchangeView = {
  name: '',
  type: 'direct',
  alternate: null,
  taken: 0,
  unroutable: 0,
  rate: 0,
  fates: [],
};

function waysOf(view: RabbitmqView, exchanges: readonly ExchangeView[], queues: readonly QueueView[]): Way[] {
  const ends = {
    exchange: new Set(exchanges.map(({ name }) => name)),
    queue: new Set(queues.map(({ name }) => name)),
  };
  const between = new Map<string, BindingView[]>();
  for (const binding of [...view.bindings, ...implied(view, queues)]) {
    const { source, to, destination } = binding;
    if (!ends.exchange.has(source) || !ends[to].has(destination)) continue;
    const key = `${source}>${to}:${destination}`;
    const list = between.get(key);
    if (list) list.push(binding);
    else between.set(key, [binding]);
  }
  const ways = [...between.values()].flatMap((bindings): Way[] => {
    const { source, to, destination } = bindings[0]!;
    const exchange = exchanges.find(({ name }) => name === source);
    const way = (of: readonly BindingView[], id: string, label: string): Way => ({
      id,
      source,
      destination,
      to,
      label,
      alternate: false,
      bindings: of,
      rate: of.reduce((sum, { rate }) => sum + rate, 0),
    });
    if (bindings.length > PARALLEL_MAX)
      return [way(bindings, `${source}>${to}:${destination}`, `${bindings.length} bindings`)];
    return bindings.map((binding) => way([binding], binding.id, bindingLabel(binding, exchange)));
  });
  const alternates = exchanges.flatMap(({ name, alternate }): Way[] =>
    alternate === null || !ends.exchange.has(alternate)
      ? []
      : [
          {
            id: `${name}>alternate`,
            source: name,
            destination: alternate,
            to: 'exchange',
            label: 'alternate',
            alternate: true,
            bindings: [],
            rate: 0,
          },
        ],
  );
  return [...ways, ...alternates];
}

/** ways from the default exchange that somebody is set to use, before the first message has taken them. */
function implied(view: RabbitmqView, queues: readonly QueueView[]): BindingView[] {
  const keys = new Set<string | null>([
    ...view.publishers.filter(({ exchanges }) => exchanges.includes('')).map(({ routingKey }) => routingKey),
    ...queues
      .filter(({ limits }) => limits.deadLetterExchange === '')
      .map(({ limits }) => limits.deadLetterRoutingKey),
  ]);
  return queues
    .filter(
      ({ name }) =>
        keys.has(name) &&
        !view.bindings.some(({ source, destination }) => source === '' && destination === name),
    )
    .map(({ name }) => ({
      id: `>queue:${name}>${name}`,
      source: '',
      destination: name,
      to: 'queue',
      routingKey: name,
      arguments: {},
      fired: 0,
      last: null,
      rate: 0,
    }));
}
