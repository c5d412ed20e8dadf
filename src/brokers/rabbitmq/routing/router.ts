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
  /** Routes that end here with one binding, by that binding: most do, and many keys come to the same. */
  readonly ends: Map<BindingSettings, Route>;
}

type Matcher =
  | { readonly by: 'key'; readonly bindings: ReadonlyMap<string, readonly BindingSettings[]> }
  | { readonly by: 'none'; readonly bindings: readonly BindingSettings[] }
  | { readonly by: 'words'; readonly trie: TopicTrie }
  | { readonly by: 'headers'; readonly table: HeadersTable }
  | { readonly by: 'hash'; readonly ring: Ring; readonly source: HashSource };

/**
 * What follows from one revision of the definitions: routes by exchange and routing key, of messages without CC and BCC,
 * and alternate exchanges. Frozen, and a table as well, so that copies of a run share them: what their maps hold follows
 * from what they were made of.
 */
interface Remembered {
  readonly revision: number;
  readonly routes: Map<string, Map<string, Route>>;
  readonly alternates: Map<string, string | null>;
}

/** Keys of a run are few; should an exchange see many, remembering starts anew. */
const REMEMBERED_MAX = 10_000;

const NOTHING: readonly BindingSettings[] = [];
const NOWHERE: Route = Object.freeze({ targets: [], visits: [], alternate: false });

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
    const first = this.table(exchange);
    if (first === undefined) return { route: NOWHERE, byKeyAlone: true };
    const matched = this.matched(first.match, keys, message);
    const [only] = matched;
    if (only !== undefined && matched.length === 1 && only.destinationType === 'queue') {
      return { route: endsWith(first, only), byKeyAlone: goesByKey(first.match) };
    }
    return this.walk(first, matched, keys, message);
  }

  /** R-24, R-25: from exchange to exchange, none twice. */
  private walk(
    first: Table,
    matchedFirst: readonly BindingSettings[],
    keys: readonly string[],
    message: Routable,
  ): { readonly route: Route; readonly byKeyAlone: boolean } {
    const visits: Visit[] = [];
    const seen = new Set([first.exchange.name]);
    // The server's work-list is a stack.
    const ahead: { readonly table: Table; readonly by: Visit['by'] }[] = [{ table: first, by: null }];
    let byKeyAlone = true;
    for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
      const { table, by } = next;
      const { name, type } = table.exchange;
      const matched = table === first ? matchedFirst : this.matched(table.match, keys, message);
      visits.push({ exchange: name, type, by, matched });
      byKeyAlone &&= goesByKey(table.match);
      const goOn = (to: string, way: Visit['by']): void => {
        const found = seen.has(to) ? undefined : this.table(to);
        seen.add(to);
        if (found !== undefined) ahead.push({ table: found, by: way });
      };
      for (const binding of matched) {
        if (binding.destinationType === 'exchange') goOn(binding.destination, { kind: 'binding', binding });
      }
      const alternate = matched.length === 0 ? this.alternateOf(name) : null;
      if (alternate !== null) goOn(alternate, { kind: 'alternate', of: name });
    }
    return { route: routeOf(visits), byKeyAlone };
  }

  private matched(match: Matcher, keys: readonly string[], message: Routable): readonly BindingSettings[] {
    switch (match.by) {
      case 'key':
        return forEachKey(keys, (key) => match.bindings.get(key) ?? NOTHING);
      case 'none':
        return match.bindings;
      case 'words':
        return forEachKey(keys, (key) => match.trie.match(key));
      case 'headers':
        return match.table.match(message.headers);
      case 'hash': {
        const part = partOf(match.ring, hashOf(match.source, message, this.definitions.version));
        return part === undefined ? NOTHING : [part.binding];
      }
    }
  }

  private alternateOf(name: string): string | null {
    let alternate = this.memory.alternates.get(name);
    if (alternate === undefined) {
      alternate = this.definitions.alternateOf(name);
      this.memory.alternates.set(name, alternate);
    }
    return alternate;
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
      ends: new Map<BindingSettings, Route>(),
    });
    this.tables.set(name, table);
    return table;
  }
}

function forgetful(revision: number): Remembered {
  return Object.freeze({
    revision,
    routes: new Map<string, Map<string, Route>>(),
    alternates: new Map<string, string | null>(),
  });
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

/** Whether all messages of one key get the same of it. */
function goesByKey(match: Matcher): boolean {
  return match.by === 'hash' ? match.source.by === 'routing-key' : match.by !== 'headers';
}

function forEachKey(
  keys: readonly string[],
  matching: (key: string) => readonly BindingSettings[],
): readonly BindingSettings[] {
  return keys.length === 1 ? matching(keys[0]!) : [...new Set(keys.flatMap(matching))];
}

/** R-21. Of several keys the routing key counts. */
function hashOf(source: HashSource, { routingKey, headers, properties }: Routable, version: Version): number {
  switch (source.by) {
    case 'routing-key':
      return hashOfText(routingKey);
    case 'header':
      return hashOfHeader(own(headers, source.name), version);
    case 'property': {
      const property = properties?.[source.name];
      return property === undefined ? hashOfHeader(undefined, version) : hashOfText(property);
    }
  }
}

function endsWith({ exchange, ends }: Table, binding: BindingSettings): Route {
  let route = ends.get(binding);
  if (route === undefined) {
    route = routeOf([{ exchange: exchange.name, type: exchange.type, by: null, matched: [binding] }]);
    ends.set(binding, route);
  }
  return route;
}

function routeOf(visits: readonly Visit[]): Route {
  const queues = new Map<string, BindingSettings[]>();
  for (const { matched } of visits) {
    for (const binding of matched) {
      if (binding.destinationType !== 'queue') continue;
      const others = queues.get(binding.destination);
      if (others === undefined) queues.set(binding.destination, [binding]);
      else others.push(binding);
    }
  }
  const targets = Array.from(queues, ([queue, by]) => ({ queue, by, why: why(visits, by[0]!) }));
  targets.sort((a, b) => compare(a.queue, b.queue));
  const alternate = visits.some(({ by }) => by?.kind === 'alternate');
  return Object.freeze({ targets, visits, alternate });
}

/** The exchanges from the first one on, and what matched in each. */
function why(visits: readonly Visit[], last: BindingSettings): string {
  const parts = [describe(last)];
  let name = last.source;
  for (;;) {
    const by = visits.find(({ exchange }) => exchange === name)!.by;
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

/** A binding as its source's reader thinks of it. */
function describe({ source, routingKey, arguments: given }: BindingSettings): string {
  const entries = Object.entries(given);
  const also = entries.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(' ');
  return `${source}: binding "${routingKey}"${also === '' ? '' : ` ${also}`}`;
}
