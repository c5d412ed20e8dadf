/**
 * Where a message goes: from an exchange by its bindings to queues and further exchanges (R-2, R-12 to R-26). One answer
 * serves every message that would get the same, until something is declared, bound or deleted.
 */
import type { BindingSettings, ExchangeSettings, Version } from '../config.ts';
import { compare, implicitBinding } from '../definitions/bindings.ts';
import type { Definitions } from '../definitions.ts';
import type { Message } from '../message.ts';
import {
  type HashProperties,
  hashOfHeader,
  hashOfText,
  type HashSource,
  hashSource,
  partOf,
  type Ring,
} from './consistent-hash.ts';
import { own } from './explain-headers.ts';
import { HeadersTable } from './headers.ts';
import { TopicTrie } from './topic.ts';

/** What a route may go by. A {@link Message} has it all; properties are those that an exchange may hash. */
export type Routable = Pick<Message, 'routingKey' | 'cc' | 'bcc' | 'headers'> & {
  readonly properties?: HashProperties;
};

/** An exchange on the way, in the order in which the server looked at it. */
export interface Visit {
  readonly exchange: string;
  readonly type: ExchangeSettings['type'];
  /** How it was reached: by a binding, or as the alternate of an exchange that matched nothing. Null for the first. */
  readonly by:
    | { readonly kind: 'binding'; readonly binding: BindingSettings }
    | { readonly kind: 'alternate'; readonly of: string }
    | null;
  readonly matched: readonly BindingSettings[];
}

/** A queue that gets the message once, and every binding that led to it. */
export interface Target {
  readonly queue: string;
  readonly by: readonly BindingSettings[];
  /** The way in words, by the first of them. */
  readonly why: string;
}

export interface Route {
  /** By name, as the server's set of them is. */
  readonly targets: readonly Target[];
  readonly visits: readonly Visit[];
  /** R-25: whether an alternate exchange was asked. */
  readonly alternate: boolean;
}

/** An exchange made ready for looking up; what it was made of does not change. */
interface Table {
  readonly revision: number;
  readonly exchange: ExchangeSettings;
  readonly match: Matcher;
}

type Matcher =
  | { readonly by: 'key'; readonly bindings: ReadonlyMap<string, readonly BindingSettings[]> }
  | { readonly by: 'none'; readonly bindings: readonly BindingSettings[] }
  | { readonly by: 'words'; readonly trie: TopicTrie }
  | { readonly by: 'headers'; readonly table: HeadersTable }
  | { readonly by: 'hash'; readonly ring: Ring; readonly source: HashSource };

/**
 * Routes by exchange and routing key, for messages without CC and BCC. The map is frozen, so that copies of a run share
 * it: what it holds follows from the revision and the key alone.
 */
interface Remembered {
  readonly revision: number;
  readonly routes: Map<string, Map<string, Route>>;
}

/** Keys of a run are few; should an exchange see many, remembering starts anew. */
const REMEMBERED_MAX = 10_000;

const NOTHING: readonly BindingSettings[] = [];

export class Router {
  private readonly definitions: Definitions;
  private readonly tables = new Map<string, Table>();
  private memory: Remembered;

  constructor(definitions: Definitions) {
    this.definitions = definitions;
    this.memory = forgetful(definitions.revision);
  }

  /**
   * The queues that a message published to an exchange goes to, each once. None: it is unroutable (R-28).
   * @param exchange its name; one that is not there leads nowhere
   */
  route(exchange: string, message: Routable): Route {
    const { revision } = this.definitions;
    if (this.memory.revision !== revision) this.memory = forgetful(revision);
    if (message.cc.length > 0 || message.bcc.length > 0) return this.find(exchange, message).route;
    const byKey = this.memory.routes.get(exchange);
    const known = byKey?.get(message.routingKey);
    if (known !== undefined) return known;
    const { route, byKeyAlone } = this.find(exchange, message);
    if (byKeyAlone) this.remember(exchange, message.routingKey, route);
    return route;
  }

  private remember(exchange: string, key: string, route: Route): void {
    const { routes } = this.memory;
    let byKey = routes.get(exchange);
    if (byKey === undefined) routes.set(exchange, (byKey = new Map<string, Route>()));
    if (byKey.size >= REMEMBERED_MAX) byKey.clear();
    byKey.set(key, route);
  }

  private find(exchange: string, message: Routable): { readonly route: Route; readonly byKeyAlone: boolean } {
    const keys = distinctKeys(message);
    if (exchange === '') return { route: this.byDefault(keys), byKeyAlone: true };
    const search = new Search(this.definitions.version, keys, message);
    const names = [exchange];
    const seen = new Set(names);
    const ways: Visit['by'][] = [null];
    // The server's work-list is a stack.
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      const by = ways.pop()!;
      const table = this.table(name);
      if (table === undefined) continue;
      const matched = search.visit(table, by);
      const next: [name: string, by: Visit['by']][] = [];
      for (const binding of matched) {
        if (binding.destinationType === 'exchange')
          next.push([binding.destination, { kind: 'binding', binding }]);
      }
      const alternate = matched.length === 0 ? this.definitions.alternateOf(name) : null;
      if (alternate !== null) next.push([alternate, { kind: 'alternate', of: name }]);
      for (const [destination, way] of next) {
        if (seen.has(destination)) continue;
        seen.add(destination);
        names.push(destination);
        ways.push(way);
      }
    }
    return { route: search.result(), byKeyAlone: search.byKeyAlone };
  }

  /** R-2: every key that is a queue's name. */
  private byDefault(keys: readonly string[]): Route {
    const matched = keys.filter((key) => this.definitions.hasQueue(key)).map(implicitBinding);
    const targets = matched
      .map((binding) => ({
        queue: binding.destination,
        by: [binding],
        why: `the default exchange: the key is the queue's name`,
      }))
      .sort((a, b) => compare(a.queue, b.queue));
    const visit: Visit = { exchange: '', type: 'direct', by: null, matched };
    return Object.freeze({ targets, visits: [visit], alternate: false });
  }

  private table(name: string): Table | undefined {
    const exchange = this.definitions.routing(name);
    if (exchange === undefined || name === '') {
      this.tables.delete(name);
      return undefined;
    }
    const known = this.tables.get(name);
    if (known !== undefined && known.revision === exchange.revision) return known;
    const { settings, bindings, revision, ring } = exchange;
    const table = Object.freeze({
      revision,
      exchange: settings,
      match: matcher(settings, [...bindings.values()], ring),
    });
    this.tables.set(name, table);
    return table;
  }
}

function forgetful(revision: number): Remembered {
  return {
    revision,
    routes: Object.freeze(new Map<string, Map<string, Route>>()),
  };
}

/** R-26: the routing key first, then CC and BCC, each once. */
function distinctKeys({ routingKey, cc, bcc }: Routable): readonly string[] {
  return cc.length + bcc.length === 0 ? [routingKey] : [...new Set([routingKey, ...cc, ...bcc])];
}

function matcher(settings: ExchangeSettings, bindings: readonly BindingSettings[], ring: Ring): Matcher {
  switch (settings.type) {
    case 'direct': {
      const byKey = new Map<string, BindingSettings[]>();
      for (const binding of bindings) {
        const same = byKey.get(binding.routingKey);
        if (same === undefined) byKey.set(binding.routingKey, [binding]);
        else same.push(binding);
      }
      return { by: 'key', bindings: byKey };
    }
    case 'fanout':
      return { by: 'none', bindings };
    case 'topic':
      return { by: 'words', trie: new TopicTrie(bindings) };
    case 'headers':
      return { by: 'headers', table: new HeadersTable(bindings) };
    case 'x-consistent-hash':
      return { by: 'hash', ring, source: hashSource(settings.arguments) };
  }
}

/** One message on its way through the exchanges. */
class Search {
  byKeyAlone = true;
  private readonly version: Version;
  private readonly keys: readonly string[];
  private readonly message: Routable;
  private readonly visits: Visit[] = [];
  private readonly queues = new Map<string, BindingSettings[]>();

  constructor(version: Version, keys: readonly string[], message: Routable) {
    this.version = version;
    this.keys = keys;
    this.message = message;
  }

  visit({ exchange, match }: Table, by: Visit['by']): readonly BindingSettings[] {
    const matched = this.match(match);
    this.visits.push({ exchange: exchange.name, type: exchange.type, by, matched });
    for (const binding of matched) {
      if (binding.destinationType !== 'queue') continue;
      const others = this.queues.get(binding.destination);
      if (others === undefined) this.queues.set(binding.destination, [binding]);
      else others.push(binding);
    }
    return matched;
  }

  result(): Route {
    const targets = Array.from(this.queues, ([queue, by]) => ({ queue, by, why: this.why(by[0]!) }));
    targets.sort((a, b) => compare(a.queue, b.queue));
    const alternate = this.visits.some(({ by }) => by?.kind === 'alternate');
    return Object.freeze({ targets, visits: this.visits, alternate });
  }

  private match(match: Matcher): readonly BindingSettings[] {
    switch (match.by) {
      case 'key':
        return this.forEachKey((key) => match.bindings.get(key) ?? NOTHING);
      case 'none':
        return match.bindings;
      case 'words':
        return this.forEachKey((key) => match.trie.match(key));
      case 'headers':
        this.byKeyAlone = false;
        return match.table.match(this.message.headers);
      case 'hash': {
        const part = partOf(match.ring, this.hash(match.source));
        return part === undefined ? NOTHING : [part.binding];
      }
    }
  }

  private forEachKey(matching: (key: string) => readonly BindingSettings[]): readonly BindingSettings[] {
    if (this.keys.length === 1) return matching(this.keys[0]!);
    return [...new Set(this.keys.flatMap(matching))];
  }

  /** R-21. Of several keys the routing key counts. */
  private hash(source: HashSource): number {
    if (source.by === 'routing-key') return hashOfText(this.message.routingKey);
    this.byKeyAlone = false;
    if (source.by === 'header') return hashOfHeader(own(this.message.headers, source.name), this.version);
    const property = this.message.properties?.[source.name];
    return property === undefined ? hashOfHeader(undefined, this.version) : hashOfText(property);
  }

  /** The exchanges from the first one on, and what matched in each. */
  private why(last: BindingSettings): string {
    const parts = [describe(last)];
    let name = last.source;
    for (;;) {
      const by = this.visits.find(({ exchange }) => exchange === name)!.by;
      if (by === null) return parts.reverse().join(', then ');
      if (by.kind === 'binding') {
        parts.push(describe(by.binding));
        name = by.binding.source;
      } else {
        parts.push(`${by.of}: no match, so its alternate`);
        name = by.of;
      }
    }
  }
}

/** A binding as its source's reader thinks of it. */
function describe({ source, routingKey, arguments: given }: BindingSettings): string {
  const entries = Object.entries(given);
  const also = entries.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ');
  return `${source}: binding "${routingKey}"${also === '' ? '' : ` ${also}`}`;
}
