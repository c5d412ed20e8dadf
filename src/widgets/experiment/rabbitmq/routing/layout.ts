/**
 * Where everything of the routing bench stands: pure geometry. Each exchange is a block with its bindings in it, one below
 * the other, each held against the last message; to the right of them, or on a phone below them, the queues with their
 * copies.
 */
import type {
  BindingView,
  ExchangeView,
  QueueView,
  RabbitmqView,
  RouteView,
  VerdictView,
} from '../../../../brokers/rabbitmq/view-types.ts';
import type { Shape } from '../../drawing.ts';
import { fit, widthOf } from '../../kafka/cells/fit.ts';
import type { Spot } from '../../kafka/cells/spots.ts';
import { curve, type Box, type Point } from '../../kafka/cells/tracks.ts';
import { keyWords } from '../../kafka/look.ts';
import { exchangeName, shortened } from '../words.ts';
import { layMatch, type Match, type Word } from './match.ts';

/** What is drawn at most. */
export const BENCH_MAX = { exchanges: 6, bindings: 14, queues: 8 } as const;

export interface MessageCard extends Box {
  readonly route: RouteView;
  readonly spot: Spot;
  readonly title: string;
  /** Words of its routing key, and its headers. */
  readonly key: readonly Word[];
  readonly headers: string;
  readonly keyX: number;
}

export interface BindingRow extends Box {
  readonly binding: BindingView;
  readonly verdict: VerdictView | null;
  readonly match: Match;
  readonly matchX: number;
  readonly asksY: number;
  readonly hasY: number;
  /** Where the row says whereto it leads, if it is not seen: to an exchange, or in the tall drawing. */
  readonly target: string;
  readonly why: string;
}

export interface ExchangeBlock extends Box {
  readonly exchange: ExchangeView;
  readonly centre: Point;
  readonly name: string;
  readonly nameAt: Point & { readonly anchor: 'start' | 'middle' };
  readonly notes: readonly string[];
  /** How the message came to it; null: it did not. */
  readonly via: string | null;
  readonly rows: readonly BindingRow[];
}

export interface QueueBox extends Box {
  readonly queue: QueueView;
  readonly name: string;
  /** The message has gone there. */
  readonly copied: boolean;
  readonly note: string;
}

export interface BenchTrack {
  readonly id: string;
  readonly d: string;
  readonly taken: boolean;
  readonly refused: boolean;
}

export interface RoutingPicture {
  readonly shape: Shape;
  readonly width: number;
  readonly height: number;
  readonly message: MessageCard | null;
  readonly outcome: (Point & { readonly text: string; readonly bad: boolean }) | null;
  readonly blocks: readonly ExchangeBlock[];
  readonly queues: readonly QueueBox[];
  readonly tracks: readonly BenchTrack[];
  readonly headings: readonly (Point & { readonly word: string })[];
  readonly hidden: (Point & { readonly text: string }) | null;
}

const BOX = 20;
const RADIUS = 15;
const ROW_GAP = 8;

/** The message that the bench shows: the last one that the broker has routed. */
export function shownRoute(view: RabbitmqView): RouteView | null {
  const routes = view.routes ?? [];
  return routes.findLast(({ arrived }) => arrived) ?? routes.at(-1) ?? null;
}

export function layOutRouting(view: RabbitmqView, shape: Shape): RoutingPicture {
  const route = shownRoute(view);
  const all = view.exchanges.filter(
    ({ name }) =>
      (name !== '' && !name.startsWith('amq.')) ||
      view.bindings.some(
        ({ source, destination, to }) => source === name || (to === 'exchange' && destination === name),
      ) ||
      route?.visits.some(({ exchange }) => exchange === name) === true,
  );
  const exchanges = all.slice(0, BENCH_MAX.exchanges);
  const shownNames = new Set(exchanges.map(({ name }) => name));
  const bindings = view.bindings
    .filter(({ source }) => shownNames.has(source) && source !== '')
    .slice(0, BENCH_MAX.bindings);
  const queues = view.queues.slice(0, BENCH_MAX.queues);
  const more = [
    [all.length - exchanges.length, 'exchange'],
    [
      view.totals.bindings - bindings.length - view.bindings.filter(({ source }) => source === '').length,
      'binding',
    ],
    [view.totals.queues - queues.length, 'queue'],
  ] as const;
  const hidden = more.filter(([n]) => n > 0).map(([n, what]) => `${n} more ${what}${n === 1 ? '' : 's'}`);
  const parts: Parts = {
    route,
    exchanges,
    bindings,
    queues,
    hidden: hidden.length > 0 ? `and ${hidden.join(', ')}` : '',
  };
  return shape === 'wide' ? wide(parts) : tall(parts);
}

interface Parts {
  readonly route: RouteView | null;
  readonly exchanges: readonly ExchangeView[];
  readonly bindings: readonly BindingView[];
  readonly queues: readonly QueueView[];
  readonly hidden: string;
}

function verdictOf(route: RouteView | null, binding: BindingView): VerdictView | null {
  for (const { verdicts } of route?.visits ?? []) {
    const found = verdicts.find((one) => one.binding === binding.id);
    if (found) return found;
  }
  return null;
}

function layMessage(
  route: RouteView,
  { x, y, width }: Point & { width: number },
  stacked: boolean,
): MessageCard {
  const words = route.routingKey === '' ? ['""'] : route.routingKey.split('.');
  const title = `${route.client} → ${exchangeName(route.exchange)}`;
  const keyX = stacked ? x + 38 : x + 38 + Math.min(title.length * 7.4 + 14, width * 0.42);
  const room = x + width - 10 - keyX;
  const lay = (letters: number): Word[] => {
    let at = 0;
    return words.map((word): Word => {
      const text = shortened(word === '' ? '""' : word, letters);
      const box = { x: at, width: text.length * 7.1 + 12, text, fate: 'idle' as const };
      at += box.width + 4;
      return box;
    });
  };
  let key = lay(Infinity);
  for (const letters of [12, 8, 5, 3]) {
    const last = key.at(-1);
    if (last && last.x + last.width <= room) break;
    key = lay(letters);
  }
  key = key.filter((box) => box.x + box.width <= room);
  const headers = Object.entries(route.headers).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const line = headers.length === 0 ? '' : `headers ${headers.join(', ')}`;
  return {
    route,
    x,
    y,
    width,
    height: stacked ? (line === '' ? 62 : 80) : line === '' ? 40 : 58,
    title: shortened(title, Math.floor((stacked ? width - 50 : width * 0.42 - 14) / 7.4)),
    key,
    keyX,
    headers: shortened(line, Math.floor((width - 50) / 6.2)),
    spot: {
      id: `message@${route.message}`,
      message: route.message,
      x,
      words: `Message with ${keyWords(route.key)}, routing key ${route.routingKey === '' ? 'empty' : route.routingKey}, published to ${exchangeName(route.exchange)}`,
    },
  };
}

/** What became of it, in words. */
export function outcomeWords(route: RouteView): { text: string; bad: boolean } {
  if (!route.arrived) return { text: 'on its way to the broker', bad: false };
  if (route.queues.length > 0) {
    const copies = route.queues.length === 1 ? 'one copy' : `${route.queues.length} copies`;
    return { text: `${copies}: ${route.queues.join(', ')}`, bad: false };
  }
  return route.returned
    ? { text: 'no queue: returned to its publisher', bad: true }
    : { text: 'no queue: nobody has it', bad: true };
}

function viaWords(route: RouteView | null, exchange: string): string | null {
  const visit = route?.visits.find((one) => one.exchange === exchange);
  if (!visit) return null;
  return visit.via === 'published'
    ? 'published here'
    : visit.via === 'binding'
      ? 'by a binding'
      : 'as an alternate';
}

interface RowPlace extends Point {
  readonly width: number;
  /** Whereto is said in the row itself. */
  readonly says: boolean;
}

function layRow(
  binding: BindingView,
  exchange: ExchangeView,
  route: RouteView | null,
  place: RowPlace,
): BindingRow {
  const { x, y, width, says } = place;
  const verdict = verdictOf(route, binding);
  const named = says || binding.to === 'exchange';
  const target = named
    ? `→ ${binding.to === 'exchange' ? `exchange ${exchangeName(binding.destination)}` : binding.destination}`
    : '';
  const top = says ? 20 : 8;
  // The verdict's mark stands at the right.
  const room = width - 16 - 24 - (named && !says ? Math.min(widthOf(target), width * 0.35) + 10 : 0);
  const match = layMatch(binding, exchange, verdict, route, room);
  const compared = route?.arrived === true;
  return {
    binding,
    verdict,
    match,
    matchX: x + 8,
    asksY: y + top,
    hasY: y + top + BOX + 3,
    target: shortened(target, says ? Math.floor((width - 40) / 6.4) : Math.floor((width * 0.35) / 6)),
    why:
      verdict === null
        ? compared
          ? 'not asked'
          : ''
        : fit([verdict.why, verdict.why.split(';')[0] ?? ''], width - 20),
    x,
    y,
    width,
    height: top + BOX + 3 + (compared ? BOX + 22 : 8),
  };
}

const WIDE = {
  width: 752,
  exchange: { x: 8, width: 108 },
  row: { x: 136, width: 420 },
  queue: { x: 606, width: 138 },
} as const;

function wide(parts: Parts): RoutingPicture {
  const { route, exchanges, bindings, queues } = parts;
  const message = route && layMessage(route, { x: 8, y: 8, width: WIDE.width - 16 }, false);
  let y = (message ? message.y + message.height : 0) + 36;
  const headY = y - 12;
  const top = y;
  const blocks = exchanges.map((exchange): ExchangeBlock => {
    const own = bindings.filter(({ source }) => source === exchange.name);
    const from = y;
    const rows = own.map((binding) => {
      const row = layRow(binding, exchange, route, { ...WIDE.row, y, says: false });
      y += row.height + ROW_GAP;
      return row;
    });
    const notes = [
      exchange.type,
      ...(exchange.alternate === null ? [] : [`alternate ${exchange.alternate}`]),
    ].map((note) => shortened(note, 17));
    const via = viaWords(route, exchange.name);
    const least = 2 * RADIUS + 20 + 14 * (notes.length + (via === null ? 0 : 1));
    y = Math.max(y - ROW_GAP, from + least);
    const height = y - from;
    const centre = {
      x: WIDE.exchange.x + WIDE.exchange.width / 2,
      y: from + Math.max(RADIUS + 2, (height - least) / 2 + RADIUS + 2),
    };
    y += 18;
    return {
      exchange,
      x: WIDE.exchange.x,
      y: from,
      width: WIDE.exchange.width,
      height,
      centre,
      name: shortened(exchangeName(exchange.name), 15),
      nameAt: { x: centre.x, y: centre.y + RADIUS + 15, anchor: 'middle' },
      notes,
      via,
      rows,
    };
  });
  const blocksBottom = y - 18;
  const queueHeight = 44;
  const gap = 12;
  const whole = queues.length * (queueHeight + gap) - gap;
  let queueY = Math.max(top, top + (blocksBottom - top - whole) / 2);
  const boxes = queues.map((queue): QueueBox => {
    const box = layQueue(queue, route, { ...WIDE.queue, y: queueY, height: queueHeight });
    queueY += queueHeight + gap;
    return box;
  });
  const bottom = Math.max(blocksBottom, queueY - gap, top + 30);
  const outcome = route && outcomeWords(route);
  return {
    shape: 'wide',
    width: WIDE.width,
    height: bottom + (parts.hidden === '' ? 10 : 28),
    message,
    outcome:
      outcome && message
        ? {
            x: message.x + message.width - 12,
            y: message.y + 25,
            ...outcome,
            text: fit(
              [outcome.text, `${route.queues.length} copies`],
              message.x + message.width - 24 - message.keyX - endOf(message.key),
            ),
          }
        : null,
    blocks,
    queues: boxes,
    tracks: [...blocks.flatMap((block) => wideTracks(block, boxes))],
    headings: [
      { x: WIDE.exchange.x, y: headY, word: 'Exchanges' },
      { x: WIDE.row.x, y: headY, word: 'Bindings' },
      { x: WIDE.queue.x, y: headY, word: 'Queues' },
    ],
    hidden: parts.hidden === '' ? null : { x: WIDE.row.x, y: bottom + 20, text: parts.hidden },
  };
}

function endOf(words: readonly Word[]): number {
  const last = words.at(-1);
  return last ? last.x + last.width + 12 : 0;
}

function layQueue(queue: QueueView, route: RouteView | null, box: Box): QueueBox {
  const copied = route?.queues.includes(queue.name) ?? false;
  return {
    ...box,
    queue,
    name: shortened(queue.name, Math.floor((box.width - 44) / 7)),
    copied,
    note: queue.type === 'stream' ? `${queue.ready} in it` : `${queue.ready} ready`,
  };
}

function wideTracks({ centre, rows, exchange }: ExchangeBlock, queues: readonly QueueBox[]): BenchTrack[] {
  return rows.flatMap((row): BenchTrack[] => {
    const taken = row.verdict?.matched === true;
    const refused = row.verdict?.matched === false;
    const level = row.y + row.height / 2;
    const into = {
      id: `${exchange.name}>${row.binding.id}`,
      d: curve(centre.x + RADIUS, centre.y, row.x, level).d,
    };
    const queue =
      row.binding.to === 'queue'
        ? queues.find((box) => box.queue.name === row.binding.destination)
        : undefined;
    const out = queue && {
      id: `${row.binding.id}>queue`,
      d: curve(row.x + row.width, level, queue.x, queue.y + queue.height / 2).d,
    };
    return [into, ...(out ? [out] : [])].map((track) => ({ ...track, taken, refused }));
  });
}

const TALL_WIDTH = 320;

function tall(parts: Parts): RoutingPicture {
  const { route, exchanges, bindings, queues } = parts;
  const message = route && layMessage(route, { x: 8, y: 6, width: TALL_WIDTH - 16 }, true);
  const outcome = route && outcomeWords(route);
  let y = (message ? message.y + message.height : 0) + (outcome ? 22 : 0) + 14;
  const outcomeY = y - 14;
  const blocks = exchanges.map((exchange): ExchangeBlock => {
    const from = y;
    const centre = { x: 8 + 15, y: from + 17 };
    const via = viaWords(route, exchange.name);
    y += 40;
    const rows = bindings
      .filter(({ source }) => source === exchange.name)
      .map((binding) => {
        const row = layRow(binding, exchange, route, { x: 22, y, width: TALL_WIDTH - 30, says: true });
        y += row.height + ROW_GAP;
        return row;
      });
    const height = y - from;
    y += 8;
    const notes = [
      `${exchange.type}${exchange.alternate === null ? '' : `, alternate ${exchange.alternate}`}`,
    ].map((note) => shortened(note, 40));
    return {
      exchange,
      x: 8,
      y: from,
      width: TALL_WIDTH - 16,
      height,
      centre,
      name: shortened(exchangeName(exchange.name), 24),
      nameAt: { x: centre.x + RADIUS + 8, y: from + 14, anchor: 'start' },
      notes,
      via,
      rows,
    };
  });
  const queuesHeading = y + 16;
  y += 26;
  const width = (TALL_WIDTH - 16 - 8) / 2;
  const boxes = queues.map((queue, i) =>
    layQueue(queue, route, {
      x: 8 + (i % 2) * (width + 8),
      y: y + Math.floor(i / 2) * 54,
      width,
      height: 44,
    }),
  );
  y += Math.ceil(boxes.length / 2) * 54;
  return {
    shape: 'tall',
    width: TALL_WIDTH,
    height: y + (parts.hidden === '' ? 0 : 18),
    message,
    outcome:
      outcome && message
        ? {
            x: 12,
            y: outcomeY,
            ...outcome,
            text: fit([outcome.text, `${route.queues.length} copies`], TALL_WIDTH - 24),
          }
        : null,
    blocks,
    queues: boxes,
    tracks: blocks.flatMap(({ exchange, centre, rows }) =>
      rows.map(({ binding, verdict, x, y: rowY }): BenchTrack => ({
        id: `${exchange.name}>${binding.id}`,
        d: `M14 ${centre.y + 14}V${rowY + 14}H${x}`,
        taken: verdict?.matched === true,
        refused: verdict?.matched === false,
      })),
    ),
    headings: [{ x: 8, y: queuesHeading, word: 'Queues' }],
    hidden: parts.hidden === '' ? null : { x: 8, y: y + 12, text: parts.hidden },
  };
}
