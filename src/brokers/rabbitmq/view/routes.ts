/**
 * The way of the newest messages through exchanges and bindings, explained as the broker decides it. Folded
 * only where a stage shows it; worked out only for the messages that are shown.
 */
import type { MessageId } from '../../../sim/trace.ts';
import type { Table } from '../config.ts';
import { explainHeaders } from '../routing/explain-headers.ts';
import { explainTopic } from '../routing/explain-topic.ts';
import { ROUTES_MAX, type RouteView, type VerdictView, type VisitView } from '../view-types.ts';
import type { KnownMessage } from './messages.ts';
import type { BindingState, Routers } from './routers.ts';

interface RouteState {
  readonly known: KnownMessage;
  arrived: boolean;
  returned: boolean;
  /** As they were when it came. */
  bindings: readonly BindingState[];
  /** Where the broker said that it went: what a hash decides is not worked out here. */
  readonly places: string[];
  way: Pick<RouteView, 'visits' | 'queues'> | null;
}

const NOWHERE = { visits: [], queues: [] } as const;

export class Routes {
  private readonly shown: boolean;
  private routes: RouteState[] = [];

  constructor(shown: boolean) {
    this.shown = shown;
  }

  published(known: KnownMessage): void {
    if (!this.shown) return;
    this.routes.push({ known, arrived: false, returned: false, bindings: [], places: [], way: null });
    if (this.routes.length > ROUTES_MAX) this.routes.shift();
  }

  /** @param place the queue or exchange that it was sent on to; null: nowhere */
  routed(message: MessageId, place: string | null, routers: Routers): void {
    const route = this.arrive(message, routers);
    // A dead letter is routed again, long after.
    if (route && place !== null && route.known.died === null) route.places.push(place);
  }

  returned(message: MessageId, routers: Routers): void {
    const route = this.arrive(message, routers);
    if (route) route.returned = true;
  }

  view(routers: Routers): RouteView[] | null {
    if (!this.shown) return null;
    return this.routes.map((route) => {
      if (route.arrived) route.way ??= wayOf(route, routers);
      const { message, client, key, exchange, routingKey, headers, at } = route.known;
      return {
        message,
        client,
        key,
        exchange,
        routingKey,
        headers: headers ?? {},
        at,
        ...(route.way ?? NOWHERE),
        returned: route.returned,
        arrived: route.arrived,
      };
    });
  }

  private arrive(message: MessageId, routers: Routers): RouteState | undefined {
    if (!this.shown) return undefined;
    const route = this.routes.find(({ known }) => known.message === message);
    if (!route) return undefined;
    route.way = null;
    if (!route.arrived) {
      route.arrived = true;
      route.bindings = routers.bindings;
    }
    return route;
  }
}

/** exchanges are visited once each, in the order in which they are come to; a queue gets one copy. */
function wayOf(
  { known, bindings, places }: RouteState,
  routers: Routers,
): Pick<RouteView, 'visits' | 'queues'> {
  const headers = known.headers ?? {};
  const keys = [known.routingKey, ...further(headers['CC']), ...further(headers['BCC'])];
  const visits: VisitView[] = [];
  const queues = new Set<string>();
  const list: { exchange: string; via: VisitView['via'] }[] = [
    { exchange: known.exchange, via: 'published' },
  ];
  const seen = new Set([known.exchange]);
  for (const { exchange, via } of list) {
    const state = routers.get(exchange);
    const type = state?.type ?? (exchange === '' ? 'direct' : '');
    if (exchange === '') {
      // bound to every queue by its name.
      for (const place of places.filter((name) => keys.includes(name))) queues.add(place);
      visits.push({ exchange, type, via, verdicts: [] });
      continue;
    }
    const own = bindings.filter(({ source }) => source === exchange);
    const verdicts = own.map((binding) => verdict(type, binding, keys, headers, places));
    visits.push({ exchange, type, via, verdicts });
    const matched = own.filter((_, i) => verdicts[i]!.matched);
    for (const { to, destination } of matched) {
      if (to === 'queue') queues.add(destination);
      else if (!seen.has(destination)) {
        seen.add(destination);
        list.push({ exchange: destination, via: 'binding' });
      }
    }
    // only where its own type found no destination at all.
    const alternate = state?.alternate ?? null;
    if (matched.length === 0 && alternate !== null && routers.has(alternate) && !seen.has(alternate)) {
      seen.add(alternate);
      list.push({ exchange: alternate, via: 'alternate' });
    }
  }
  return { visits, queues: [...queues] };
}

/** */
function further(value: Table[string] | undefined): string[] {
  return Array.isArray(value) ? value.filter((key): key is string => typeof key === 'string') : [];
}

function verdict(
  type: string,
  { id, destination, routingKey, arguments: args }: BindingState,
  keys: readonly string[],
  headers: Table,
  places: readonly string[],
): VerdictView {
  switch (type) {
    case 'fanout':
      return {
        binding: id,
        matched: true,
        topic: null,
        headers: null,
        why: 'a fanout exchange asks for nothing',
      };
    case 'topic': {
      const tried = keys.map((key) => explainTopic(routingKey, key));
      const topic = tried.find(({ matches }) => matches) ?? tried[0]!;
      return { binding: id, matched: topic.matches, topic, headers: null, why: topic.why };
    }
    case 'headers': {
      const explained = explainHeaders(args, headers);
      return { binding: id, matched: explained.matches, topic: null, headers: explained, why: explained.why };
    }
    case 'direct': {
      const key = keys.find((one) => one === routingKey);
      const matched = key !== undefined;
      const why = matched ? 'the keys are equal' : `"${routingKey}" is not "${keys[0]}"`;
      return { binding: id, matched, topic: null, headers: null, why };
    }
    default: {
      // a hash decides; the broker said for whom.
      const matched = places.includes(destination);
      const why = matched
        ? 'the hash of the key falls into its share'
        : 'the hash of the key falls elsewhere';
      return { binding: id, matched, topic: null, headers: null, why };
    }
  }
}
