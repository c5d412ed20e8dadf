/** Exchanges and bindings: what took which way. */
import type { Micros } from '../../../sim/time.ts';
import type { MessageId } from '../../../sim/trace.ts';
import type { Table } from '../config.ts';
import { BINDINGS_MAX, EXCHANGES_MAX, type BindingView, type ExchangeView } from '../view-types.ts';
import type { Event } from './event.ts';
import { Fates } from './fates.ts';
import { Rate } from './rate.ts';

export interface BindingState {
  readonly id: string;
  readonly source: string;
  readonly destination: string;
  readonly to: 'queue' | 'exchange';
  readonly routingKey: string;
  readonly arguments: Table;
  /** As the broker speaks of it (`routed`). */
  readonly words: string;
  fired: number;
  /** Written over: whoever is shown it gets a copy. */
  last: { message: MessageId; key: string | null; at: Micros } | null;
  readonly rate: Rate;
}

export interface ExchangeState {
  readonly name: string;
  readonly type: string;
  alternate: string | null;
  taken: number;
  unroutable: number;
  /** The message that it took last: one that goes several ways is taken once. */
  lastTaken: MessageId | null;
  arguments: Table;
  readonly fates: Fates;
  readonly rate: Rate;
}

type BindingKey = Pick<
  Event<'binding-created'>,
  'source' | 'destination' | 'to' | 'routingKey' | 'arguments'
>;

function idOf({ source, destination, to, routingKey, arguments: args }: BindingKey): string {
  const table = Object.keys(args).length === 0 ? '' : `>${JSON.stringify(args)}`;
  return `${source}>${to}:${destination}>${routingKey}${table}`;
}

function wordsOf({ source, routingKey, arguments: given }: BindingKey): string {
  // The server keeps arguments by name.
  const names = Object.keys(given).sort();
  const also = names.map((name) => ` ${name}=${JSON.stringify(given[name])}`);
  return `${source}: binding "${routingKey}"${also.join('')}`;
}

export class Routers {
  private readonly exchanges = new Map<string, ExchangeState>();
  /** Replaced when it changes, so that whoever holds it keeps what was so. */
  bindings: readonly BindingState[] = [];
  /** Of {@link wayOf}: by queue and the broker's words. */
  private readonly ways = new Map<string, Map<string, readonly BindingState[]>>();

  create(name: string, type: string): ExchangeState {
    let exchange = this.exchanges.get(name);
    if (!exchange) {
      exchange = {
        name,
        type,
        alternate: null,
        taken: 0,
        unroutable: 0,
        lastTaken: null,
        arguments: {},
        fates: new Fates(),
        rate: new Rate(),
      };
      this.exchanges.set(name, exchange);
    }
    return exchange;
  }

  remove(name: string): void {
    this.exchanges.delete(name);
    this.unbindAll('exchange', name);
  }

  get(name: string): ExchangeState | undefined {
    return this.exchanges.get(name);
  }

  has(name: string): boolean {
    return this.exchanges.has(name);
  }

  all(): Iterable<ExchangeState> {
    return this.exchanges.values();
  }

  get count(): number {
    return this.exchanges.size;
  }

  bind(binding: BindingKey): void {
    const { source, destination, to, routingKey } = binding;
    const id = idOf(binding);
    if (this.bindings.some((one) => one.id === id)) return;
    const state: BindingState = {
      id,
      source,
      destination,
      to,
      routingKey,
      arguments: binding.arguments as Table,
      words: wordsOf(binding),
      fired: 0,
      last: null,
      rate: new Rate(),
    };
    this.bindings = [...this.bindings, state];
    this.ways.clear();
  }

  unbind(binding: BindingKey): void {
    const id = idOf(binding);
    this.drop((one) => one.id === id);
  }

  /** A queue or an exchange is gone, with the bindings that lead to it, and from it. */
  unbindAll(kind: 'queue' | 'exchange', name: string): void {
    this.drop(
      ({ source, to, destination }) =>
        (to === kind && destination === name) || (kind === 'exchange' && source === name),
    );
  }

  /** A message came to an exchange and went on to a queue, by the bindings that `why` tells. */
  routed({ by, message, place, why, at }: Event<'routed'>, key: string | null): void {
    this.take(this.exchanges.get(by) ?? this.create(by, by === '' ? 'direct' : ''), message, at);
    for (const binding of this.wayOf(by, place, why)) {
      binding.fired++;
      binding.rate.count(at);
      const last = (binding.last ??= { message, key, at });
      last.message = message;
      last.key = key;
      last.at = at;
      if (binding.source === by) continue;
      const through = this.exchanges.get(binding.source);
      if (through) this.take(through, message, at);
    }
  }

  unroutable(
    exchange: ExchangeState,
    message: MessageId | null,
    key: string | null,
    returned: boolean,
    reason: string,
    at: Micros,
  ): void {
    if (message !== null) this.take(exchange, message, at);
    exchange.unroutable++;
    exchange.fates.add({ at, message, key, what: returned ? 'returned' : 'unroutable', reason, to: null });
  }

  view(now: Micros): { exchanges: ExchangeView[]; bindings: BindingView[] } {
    const exchanges: ExchangeView[] = [];
    for (const { name, type, alternate, taken, unroutable, rate, fates } of this.exchanges.values()) {
      if (exchanges.length >= EXCHANGES_MAX) break;
      exchanges.push({
        name,
        type,
        alternate,
        taken,
        unroutable,
        rate: rate.perSecond(now),
        fates: fates.view(now),
      });
    }
    const bindings = this.bindings
      .slice(0, BINDINGS_MAX)
      .map(
        ({ id, source, destination, to, routingKey, arguments: args, fired, last, rate }): BindingView => ({
          id,
          source,
          destination,
          to,
          routingKey,
          arguments: args,
          fired,
          last: last && { ...last },
          rate: rate.perSecond(now),
        }),
      );
    return { exchanges, bindings };
  }

  /** Bindings on the way from an exchange to a queue. The broker's words are the same for all messages that go this way. */
  private wayOf(by: string, queue: string, why: string): readonly BindingState[] {
    let byWords = this.ways.get(queue);
    if (!byWords) this.ways.set(queue, (byWords = new Map<string, readonly BindingState[]>()));
    const known = byWords.get(why);
    if (known) return known;
    // nobody binds a queue to the default exchange; it is bound by its name.
    if (by === '')
      this.bind({ source: '', destination: queue, to: 'queue', routingKey: queue, arguments: {} });
    const steps = by === '' ? [`: binding "${queue}"`] : why.split(', then ');
    const way = steps.flatMap((step, i) => {
      const last = i === steps.length - 1;
      const found = this.bindings.find(
        ({ words, to, destination }) =>
          words === step && (last ? to === 'queue' && destination === queue : to === 'exchange'),
      );
      return found ? [found] : [];
    });
    // bind() has made the maps anew.
    const fresh = this.ways.get(queue) ?? new Map<string, readonly BindingState[]>();
    this.ways.set(queue, fresh.set(why, way));
    return way;
  }

  private take(exchange: ExchangeState, message: MessageId, at: Micros): void {
    if (exchange.lastTaken === message) return;
    exchange.lastTaken = message;
    exchange.taken++;
    exchange.rate.count(at);
  }

  private drop(gone: (binding: BindingState) => boolean): void {
    if (!this.bindings.some(gone)) return;
    this.bindings = this.bindings.filter((one) => !gone(one));
    this.ways.clear();
  }
}
