/**
 * Where everything of a RabbitMQ view stands in the drawing: pure geometry, in the drawing's own units. Two shapes: wide,
 * read from left to right, and tall, for a phone, read from top to bottom.
 */
import type { ConsumerView, RabbitmqView, Travel } from '../../../../brokers/rabbitmq/view-types.ts';
import type { Shape } from '../../drawing.ts';
import { fit } from '../../kafka/cells/fit.ts';
import { gone, type Point, type Track } from '../../kafka/cells/tracks.ts';
import { FLOW_PER_SECOND, nodesWords, rateWords } from '../words.ts';
import {
  consumerHeight,
  layConsumer,
  layExchange,
  layPublisher,
  PUBLISHER_HEIGHT,
  type ConsumerBox,
} from './boxes.ts';
import { layLane } from './lane.ts';
import { shownOf, type Shown, type Way } from './shown.ts';
import { TallWays, WideWays, type Laid, type Placed, type Ways } from './ways.ts';

export interface Heading extends Point {
  readonly word: string;
}

export interface DrawnTrack {
  readonly id: string;
  readonly role: 'producer' | 'broker' | 'consumer' | 'dead' | 'alternate';
  readonly d: string;
  readonly busy: boolean;
  /** Whoever is at its end takes nothing. */
  readonly idle: boolean;
  /** So much goes along it that single messages are not drawn: its width; 0 where they are. */
  readonly flow: number;
  readonly label: Laid['label'];
  readonly stop: Laid['stop'];
}

export interface Token extends Point {
  readonly id: string;
  readonly keys: readonly (string | null)[];
  readonly more: number;
  readonly again: boolean;
  readonly held: boolean;
  readonly dead: boolean;
}

export interface QueuesPicture extends Placed {
  readonly shape: Shape;
  readonly width: number;
  readonly height: number;
  readonly headings: readonly Heading[];
  readonly trouble: (Point & { readonly text: string }) | null;
  readonly tracks: readonly DrawnTrack[];
  readonly tokens: readonly Token[];
  readonly hidden: (Point & { readonly text: string }) | null;
}

/** How long a track is lit after a message went along it, and how long a dead letter is seen to go: virtual time. */
const LIT_MICROS = 250_000;
/** Messages of one sending that are drawn on the wire. */
const STACK_MAX = 3;

const WIDE = {
  width: 752,
  publisher: { x: 8, width: 106 },
  exchange: { x: 118, width: 88, pitch: 78 },
  lane: { x: 324, width: 244 },
  consumer: { x: 598, width: 146 },
} as const;

const TALL = {
  width: 320,
  lane: { x: 46, width: 258 },
  consumer: { width: 146 },
} as const;

/**
 * @param view the moment
 * @param now that moment, virtual microseconds
 * @param shape which of the two drawings
 */
export function layOutQueues(view: RabbitmqView, now: number, shape: Shape): QueuesPicture {
  const shown = shownOf(view);
  return shape === 'wide' ? wide(view, shown, now) : tall(view, shown, now);
}

/**
 * Moves things apart along one axis, as little as it takes: what would overlap is pushed to both sides alike.
 * @returns the upper edge of each, in the order given
 */
function spread(
  items: readonly { readonly want: number; readonly size: number }[],
  top: number,
  gap: number,
): number[] {
  const order = items.map((_, i) => i).sort((a, b) => items[a]!.want - items[b]!.want || a - b);
  const blocks: { members: number[]; size: number; want: number; at: number }[] = [];
  for (const i of order) {
    const { want, size } = items[i]!;
    let block = { members: [i], size, want, at: Math.max(top, want - size / 2) };
    for (;;) {
      const last = blocks.at(-1);
      if (!last || last.at + last.size + gap <= block.at) break;
      blocks.pop();
      const members = [...last.members, ...block.members];
      const whole = last.size + gap + block.size;
      const middle = (last.want * last.members.length + block.want * block.members.length) / members.length;
      block = { members, size: whole, want: middle, at: Math.max(top, middle - whole / 2) };
    }
    blocks.push(block);
  }
  const at = items.map(() => 0);
  for (const block of blocks) {
    let y = block.at;
    for (const i of block.members) {
      at[i] = y;
      y += items[i]!.size + gap;
    }
  }
  return at;
}

function mean(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : numbers.reduce((a, b) => a + b, 0) / numbers.length;
}

function readersOf(consumers: readonly ConsumerView[], queue: string): ConsumerView[] {
  return consumers.filter(({ subscriptions }) => subscriptions.some((one) => one.queue === queue));
}

function wide(view: RabbitmqView, shown: Shown, now: number): QueuesPicture {
  const m = WIDE;
  const top = 36;
  const cluster = view.nodes.length > 1;
  let y = top;
  const lanes = shown.queues.map((queue) => {
    const readers = readersOf(shown.consumers, queue.name);
    const lane = layLane(queue, readers, { ...m.lane, y, labels: 0, now, cluster });
    y += lane.height + 12;
    return lane;
  });
  const lanesBottom = lanes.length > 0 ? y - 12 : top;
  const middleOf = (name: string): number[] =>
    lanes.filter(({ queue }) => queue.name === name).map(({ tube }) => tube.y + tube.height / 2);

  const targets = new Map(shown.exchanges.map(({ name }) => [name, reach(name, shown.ways)]));
  const exchangeTops = spread(
    shown.exchanges.map(({ name }) => ({
      want: mean([...targets.get(name)!].flatMap(middleOf)) ?? lanesBottom,
      size: m.exchange.pitch,
    })),
    top,
    4,
  );
  const exchanges = shown.exchanges.map((exchange, i) =>
    layExchange(exchange, { ...m.exchange, y: exchangeTops[i]!, height: m.exchange.pitch }, false),
  );
  const publisherTops = spread(
    shown.publishers.map(({ exchanges: addressed }) => ({
      want:
        mean(
          exchanges.filter(({ exchange }) => addressed.includes(exchange.name)).map(({ centre }) => centre.y),
        ) ?? top,
      size: PUBLISHER_HEIGHT,
    })),
    top,
    14,
  );
  const publishers = shown.publishers.map((publisher, i) =>
    layPublisher(publisher, { ...m.publisher, y: publisherTops[i]! }),
  );
  const consumerTops = spread(
    shown.consumers.map((consumer) => ({
      want: mean(consumer.queues.flatMap(middleOf)) ?? lanesBottom,
      size: consumerHeight(consumer, m.consumer.width),
    })),
    top,
    12,
  );
  const consumers = shown.consumers.map((consumer, i) =>
    layConsumer(consumer, { ...m.consumer, y: consumerTops[i]! }),
  );
  const bottom = Math.max(
    lanesBottom,
    ...[...publishers, ...exchanges, ...consumers].map((box) => box.y + box.height),
    top + 40,
  );
  const trouble = nodesWords(view.nodes);
  const placed: Placed = { publishers, exchanges, lanes, consumers };
  return {
    shape: 'wide',
    width: m.width,
    height: bottom + (shown.hidden === '' ? 8 : 24),
    headings: [
      { x: m.publisher.x, y: 20, word: 'Publishers' },
      { x: m.exchange.x + 10, y: 20, word: 'Exchanges' },
      { x: m.lane.x, y: 20, word: 'Queues' },
      { x: m.consumer.x, y: 20, word: 'Consumers' },
    ].filter(({ word }) => word !== 'Consumers' || consumers.length > 0),
    trouble:
      trouble.length === 0
        ? null
        : {
            x: m.lane.x + m.lane.width,
            y: 20,
            text: fit([trouble.join('; '), trouble[0]!], m.lane.width - 60),
          },
    ...placed,
    ...connect(view, shown, now, placed, new WideWays(placed, shown)),
    hidden: shown.hidden === '' ? null : { x: m.lane.x, y: bottom + 18, text: shown.hidden },
  };
}

function tall(view: RabbitmqView, shown: Shown, now: number): QueuesPicture {
  const m = TALL;
  const cluster = view.nodes.length > 1;
  const column = (i: number, perRow: number): { x: number; width: number } => {
    const width = (m.width - 16 - (perRow - 1) * 8) / perRow;
    return { x: 8 + (i % perRow) * (width + 8), width };
  };
  // What a publisher waits for is longer than what it has sent: of such there are two in a row.
  const confirms = shown.publishers.some((publisher) => publisher.confirms);
  const publishers = shown.publishers.map((publisher, i, { length }) => {
    const perRow = Math.min(confirms || length === 4 ? 2 : 3, length);
    return layPublisher(publisher, {
      ...column(i, perRow),
      y: 26 + Math.floor(i / perRow) * (PUBLISHER_HEIGHT + 10),
    });
  });
  let y = publishers.reduce((low, box) => Math.max(low, box.y + box.height), 16) + 44;
  const exchangesHeading = y - 10;
  const exchangeHeight = 44;
  const exchanges = shown.exchanges.map((exchange, i) =>
    layExchange(
      exchange,
      { ...column(i, 2), y: y + Math.floor(i / 2) * (exchangeHeight + 14), height: exchangeHeight },
      true,
    ),
  );
  y = exchanges.reduce((low, box) => Math.max(low, box.y + box.height), y) + 40;
  const queuesHeading = y - 10;
  const lanes = shown.queues.map((queue) => {
    const incoming = shown.ways.filter(({ to, destination }) => to === 'queue' && destination === queue.name);
    const labels = incoming.length * 15 + (incoming.length > 0 ? 3 : 0);
    const lane = layLane(queue, readersOf(shown.consumers, queue.name), {
      ...m.lane,
      y,
      labels,
      now,
      cluster,
    });
    y += lane.height + 12;
    return lane;
  });
  y += shown.consumers.length > 0 ? 30 : 0;
  const consumersHeading = y - 14;
  const consumers: ConsumerBox[] = [];
  for (let i = 0; i < shown.consumers.length; i += 2) {
    y += 10;
    const row = shown.consumers.slice(i, i + 2);
    row.forEach((consumer, j) => {
      consumers.push(layConsumer(consumer, { ...m.consumer, x: 8 + j * (m.consumer.width + 8), y }));
    });
    y += Math.max(...row.map((consumer) => consumerHeight(consumer, m.consumer.width))) + 10;
  }
  const trouble = nodesWords(view.nodes);
  const placed: Placed = { publishers, exchanges, lanes, consumers };
  return {
    shape: 'tall',
    width: m.width,
    height: y + (shown.hidden === '' ? 2 : 20),
    headings: [
      { x: 8, y: 16, word: 'Publishers' },
      { x: 44, y: exchangesHeading, word: 'Exchanges' },
      { x: m.lane.x, y: queuesHeading, word: 'Queues' },
      ...(consumers.length > 0 ? [{ x: 8, y: consumersHeading, word: 'Consumers' }] : []),
    ],
    trouble:
      trouble.length === 0
        ? null
        : { x: m.width - 8, y: queuesHeading, text: fit([trouble.join('; '), trouble[0]!], m.width - 120) },
    ...placed,
    ...connect(view, shown, now, placed, new TallWays(placed, shown)),
    hidden: shown.hidden === '' ? null : { x: 8, y: y + 12, text: shown.hidden },
  };
}

/** Queues that an exchange leads to, its bindings to other exchanges followed. */
function reach(exchange: string, ways: readonly Way[], seen = new Set<string>()): Set<string> {
  const queues = new Set<string>();
  if (seen.has(exchange)) return queues;
  seen.add(exchange);
  for (const { source, to, destination } of ways) {
    if (source !== exchange) continue;
    if (to === 'queue') queues.add(destination);
    else for (const queue of reach(destination, ways, seen)) queues.add(queue);
  }
  return queues;
}

/** Draws the ways between what has been placed, and what travels on them at this moment. */
function connect(
  view: RabbitmqView,
  shown: Shown,
  now: number,
  placed: Placed,
  ways: Ways,
): Pick<QueuesPicture, 'tracks' | 'tokens'> {
  const tracks: DrawnTrack[] = [];
  const tokens: Token[] = [];
  const exchangeBy = new Map(placed.exchanges.map((node) => [node.exchange.name, node] as const));
  const laneBy = new Map(placed.lanes.map((lane) => [lane.queue.name, lane] as const));

  for (const box of placed.publishers) {
    for (const name of box.publisher.exchanges) {
      const node = exchangeBy.get(name);
      if (!node) continue;
      const track = ways.publish(box, node);
      const flow = flowOf(box.publisher.rate);
      const travelling = travelsOn(view, box.publisher.id, null, name);
      tracks.push({
        id: `p>${box.publisher.id}>${name}`,
        role: 'producer',
        d: track.d,
        busy: travelling.length > 0 && flow === 0,
        idle: box.tone === 'fault',
        flow,
        label: null,
        stop: null,
      });
      if (flow === 0) tokens.push(...travelling.map((travel) => tokenOf(travel, track, now)));
    }
  }

  for (const way of shown.ways) {
    const flow = flowOf(way.rate);
    const laid = ways.way(way, flow > 0 && way.label === '' ? rateWords(way.rate) : way.label);
    if (!laid) continue;
    const last = way.bindings.map((binding) => binding.last).reduce(later, null);
    const lit = last !== null && now - last.at < LIT_MICROS;
    tracks.push({
      id: `w>${way.id}`,
      role: way.alternate ? 'alternate' : 'broker',
      d: laid.track.d,
      busy: lit && flow === 0,
      idle: false,
      flow,
      label: laid.label,
      stop: null,
    });
    if (lit && flow === 0)
      tokens.push({
        id: `w>${way.id}>${last.message}`,
        keys: [last.key],
        more: 0,
        again: false,
        held: false,
        dead: false,
        ...laid.track.at((now - last.at) / LIT_MICROS),
      });
  }

  for (const way of shown.deadWays) {
    const lane = laneBy.get(way.queue);
    if (!lane) continue;
    const { queue } = lane;
    const flow = flowOf(queue.rates.dead);
    const text = way.missing
      ? 'no such exchange'
      : flow > 0
        ? `dead ${rateWords(queue.rates.dead)}`
        : queue.counts.deadLettered > 0
          ? `${queue.counts.deadLettered} dead-lettered`
          : 'dead letters';
    const laid = ways.dead(way, text);
    if (!laid) continue;
    const dying = queue.fates.filter(({ what, at }) => what === 'dead-lettered' && now - at < LIT_MICROS * 2);
    tracks.push({
      id: `d>${way.queue}`,
      role: 'dead',
      d: laid.track.d,
      busy: dying.length > 0 && flow === 0,
      idle: false,
      flow,
      // What goes along it is seen instead of its name.
      label: dying.length > 0 && flow === 0 && laid.stop === null ? null : laid.label,
      stop: laid.stop,
    });
    if (flow === 0 && laid.stop === null)
      for (const fate of dying.slice(-STACK_MAX))
        tokens.push({
          id: `d>${way.queue}>${fate.message ?? ''}>${fate.at}`,
          keys: [fate.key],
          more: 0,
          again: false,
          held: false,
          dead: true,
          ...laid.track.at((now - fate.at) / (LIT_MICROS * 2)),
        });
  }

  for (const box of placed.consumers) {
    const { consumer } = box;
    for (const name of consumer.queues) {
      const lane = laneBy.get(name);
      if (!lane) continue;
      const subscription = consumer.subscriptions.find(({ queue }) => queue === name);
      const track = ways.deliver(lane, box);
      const flow = flowOf(consumer.rate);
      const travelling = travelsOn(view, null, consumer.id, name);
      tracks.push({
        id: `c>${name}>${consumer.id}`,
        role: 'consumer',
        d: track.d,
        busy: travelling.length > 0 && flow === 0,
        idle: subscription === undefined || !subscription.active || box.tone === 'fault',
        flow,
        label: null,
        stop: null,
      });
      if (flow === 0) tokens.push(...travelling.map((travel) => tokenOf(travel, track, now)));
    }
  }
  return { tracks, tokens };
}

function travelsOn(view: RabbitmqView, from: string | null, to: string | null, place: string): Travel[] {
  return view.travels.filter(
    (travel) =>
      travel.place === place && (from === null || travel.from === from) && (to === null || travel.to === to),
  );
}

function tokenOf(travel: Travel, track: Track, now: number): Token {
  const { from, to, sentAt, messages, count, arrivesAt } = travel;
  return {
    id: `${from}>${to}>${sentAt}>${messages[0]?.message ?? ''}`,
    keys: messages.slice(0, STACK_MAX).map(({ key }) => key),
    more: Math.max(0, count - STACK_MAX),
    again: messages[0]?.redelivered ?? false,
    held: arrivesAt === null,
    dead: false,
    ...track.at(gone(travel, now)),
  };
}

type Last = RabbitmqView['bindings'][number]['last'];

function later(a: Last, b: Last): Last {
  return a === null || (b !== null && b.at > a.at) ? b : a;
}

/** How thick a flow is drawn: by its order of magnitude. */
function flowOf(rate: number): number {
  if (rate < FLOW_PER_SECOND) return 0;
  return rate < 1000 ? 2.5 : rate < 10_000 ? 4 : 5.5;
}
