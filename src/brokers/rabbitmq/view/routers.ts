/** Exchanges and bindings: what took which way. */
import type { Micros } from '../../../sim/time.ts';
import type { MessageId } from '../../../sim/trace.ts';
import type { Table } from '../config.ts';
import { BINDINGS_MAX, EXCHANGES_MAX, type BindingView, type ExchangeView } from '../view-types.ts';
import type { Event } from './event.ts';
import { Fates } from './fates.ts';
import type { KnownMessage } from './messages.ts';
import { Rate } from './rate.ts';

export interface BindingState {
  readonly id: string;
  readonly source: string;
  readonly destination: string;
  readonly to: 'queue' | 'exchange';
  readonly routingKey: string;
  readonly arguments: Table;
  fired: number;
  last: BindingView['last'];
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
  /** Its bindings by destination. */
  readonly ways: Map<string, BindingState[]>;
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

export class Routers {
  private readonly exchanges = new Map<string, ExchangeState>();
  /** Replaced when it changes, so that whoever holds it keeps what was so. */
  bindings: readonly BindingState[] = [];

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
        ways: new Map(),
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
      fired: 0,
      last: null,
      rate: new Rate(),
    };
    this.bindings = [...this.bindings, state];
    const ways = this.exchanges.get(source)?.ways;
    const key = `${to}:${destination}`;
    if (ways) ways.set(key, [...(ways.get(key) ?? []), state]);
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

  /** An exchange sent a message on. */
  routed(
    by: string,
    to: 'queue' | 'exchange',
    destination: string,
    message: MessageId,
    at: Micros,
    known: KnownMessage | undefined,
  ): void {
    const exchange = this.exchanges.get(by) ?? this.create(by, by === '' ? 'direct' : '');
    this.take(exchange, message, at);
    const ways = exchange.ways.get(`${to}:${destination}`);
    if (!ways) return;
    // Where several bindings lead there, the one whose key is the message's own is the likelier.
    const way =
      ways.length === 1
        ? ways[0]!
        : (ways.find(({ routingKey }) => routingKey === known?.routingKey) ?? ways[0]!);
    way.fired++;
    way.rate.count(at);
    way.last = { message, key: known?.key ?? null, at };
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

  private take(exchange: ExchangeState, message: MessageId, at: Micros): void {
    if (exchange.lastTaken === message) return;
    exchange.lastTaken = message;
    exchange.taken++;
    exchange.rate.count(at);
  }

  private drop(gone: (binding: BindingState) => boolean): void {
    if (!this.bindings.some(gone)) return;
    this.bindings = this.bindings.filter((one) => !gone(one));
    for (const { name, ways } of this.exchanges.values()) {
      ways.clear();
      for (const binding of this.bindings) {
        if (binding.source !== name) continue;
        const key = `${binding.to}:${binding.destination}`;
        ways.set(key, [...(ways.get(key) ?? []), binding]);
      }
    }
  }
}
