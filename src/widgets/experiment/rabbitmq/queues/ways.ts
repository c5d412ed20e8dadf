/**
 * How the ways of the queues' drawing run: from publishers to exchanges, along bindings to queues, from a queue's head to its
 * consumers, and from a queue to its dead-letter exchange. Pure geometry, for each of the two shapes.
 */
import { curve, polyline, type Point, type Track } from '../../kafka/cells/tracks.ts';
import { shortened } from '../words.ts';
import type { ConsumerBox, ExchangeNode, PublisherBox } from './boxes.ts';
import type { QueueLane } from './lane.ts';
import type { DeadWay, Shown, Way } from './shown.ts';

/** Where tracks of the wide drawing run level, with their labels on them. */
export const TRACKS_FROM = 198;

export interface Placed {
  readonly publishers: readonly PublisherBox[];
  readonly exchanges: readonly ExchangeNode[];
  readonly lanes: readonly QueueLane[];
  readonly consumers: readonly ConsumerBox[];
}

export interface Laid {
  readonly track: Track;
  readonly label: (Point & { readonly text: string; readonly anchor: 'start' | 'end' }) | null;
  /** It ends here, in nothing. */
  readonly stop: Point | null;
}

/** How ways run in one of the two drawings. */
export interface Ways {
  publish(box: PublisherBox, node: ExchangeNode): Track;
  way(way: Way, text: string): Laid | null;
  dead(way: DeadWay, text: string): Laid | null;
  deliver(lane: QueueLane, box: ConsumerBox): Track;
}

const LABEL_UP = 4;
/** Letters of a label that have room between exchanges and queues. */
const LABEL_LETTERS = 17;

export class WideWays implements Ways {
  private readonly placed: Placed;
  private readonly shown: Shown;

  constructor(placed: Placed, shown: Shown) {
    this.placed = placed;
    this.shown = shown;
  }

  publish(box: PublisherBox, { centre, radius }: ExchangeNode): Track {
    return curve(box.x + box.width, box.y + box.height / 2, centre.x - radius, centre.y);
  }

  way(way: Way, text: string): Laid | null {
    const from = this.placed.exchanges.find(({ exchange }) => exchange.name === way.source);
    if (!from) return null;
    const { centre, radius } = from;
    if (way.to === 'exchange') {
      const to = this.placed.exchanges.find(({ exchange }) => exchange.name === way.destination);
      return to ? { track: aside(from, to, way.alternate ? 9 : 4), label: null, stop: null } : null;
    }
    const lane = this.placed.lanes.find(({ queue }) => queue.name === way.destination);
    if (!lane) return null;
    const incoming = this.shown.ways.filter(
      ({ to, destination }) => to === 'queue' && destination === way.destination,
    );
    const y = lane.mouth.y + (incoming.indexOf(way) - (incoming.length - 1) / 2) * 15;
    const bend = curve(centre.x + radius, centre.y, TRACKS_FROM, y);
    const share = 0.5;
    const track: Track = {
      d: `${bend.d}H${lane.x}`,
      at: (t) =>
        t < share
          ? bend.at(t / share)
          : { x: TRACKS_FROM + (lane.x - TRACKS_FROM) * ((t - share) / (1 - share)), y },
    };
    const label = {
      x: TRACKS_FROM + 4,
      y: y - LABEL_UP,
      text: shortened(text, LABEL_LETTERS),
      anchor: 'start' as const,
    };
    return { track, label: text === '' ? null : label, stop: null };
  }

  /** Out at the lower edge, along the left of the queues, and into the exchange from the right. */
  dead({ queue, exchange, missing }: DeadWay, text: string): Laid | null {
    const lane = this.placed.lanes.find((one) => one.queue.name === queue);
    if (!lane) return null;
    const y = lane.y + lane.height - 8;
    const label = {
      x: TRACKS_FROM + 4,
      y: y - LABEL_UP,
      text: shortened(text, LABEL_LETTERS),
      anchor: 'start' as const,
    };
    const to = this.placed.exchanges.find((one) => one.exchange.name === exchange);
    if (missing || !to) {
      const stop = { x: TRACKS_FROM, y };
      return { track: polyline([{ x: lane.x, y }, stop]), label, stop };
    }
    const index = this.shown.deadWays.findIndex((one) => one.queue === queue);
    const busX = TRACKS_FROM - 6 - (index % 4) * 4;
    const into = to.centre.y + 6;
    const track = polyline([
      { x: lane.x, y },
      { x: busX, y },
      { x: busX, y: into },
      { x: to.centre.x + to.radius, y: into },
    ]);
    return { track, label, stop: null };
  }

  deliver(lane: QueueLane, box: ConsumerBox): Track {
    return curve(lane.exit.x, lane.exit.y, box.x, box.y + Math.min(30, box.height / 2));
  }
}

/** From one crossing to another above or below it: out to the left, and back. */
function aside(from: ExchangeNode, to: ExchangeNode, shift: number): Track {
  const x = Math.min(from.centre.x, to.centre.x) - from.radius - 10 - shift;
  return polyline([
    { x: from.centre.x - from.radius, y: from.centre.y + 5 },
    { x, y: from.centre.y + 5 },
    { x, y: to.centre.y - 5 },
    { x: to.centre.x - to.radius, y: to.centre.y - 5 },
  ]);
}

export class TallWays implements Ways {
  private readonly placed: Placed;
  private readonly shown: Shown;

  constructor(placed: Placed, shown: Shown) {
    this.placed = placed;
    this.shown = shown;
  }

  publish(box: PublisherBox, { centre, radius }: ExchangeNode): Track {
    const x = box.x + box.width / 2;
    const bottom = box.y + box.height;
    const level = bottom + 8;
    return polyline([
      { x, y: bottom },
      { x, y: level },
      { x: centre.x, y: level },
      { x: centre.x, y: centre.y - radius },
    ]);
  }

  /** Down the left margin, on a line of the exchange's own. */
  way(way: Way, text: string): Laid | null {
    const { exchanges, lanes } = this.placed;
    const index = exchanges.findIndex(({ exchange }) => exchange.name === way.source);
    const from = exchanges[index];
    if (!from) return null;
    const { centre, radius } = from;
    if (way.to === 'exchange') {
      const to = exchanges.find(({ exchange }) => exchange.name === way.destination);
      if (!to) return null;
      const below = Math.max(centre.y + radius, to.centre.y + to.radius) + 6 + (way.alternate ? 4 : 0);
      const track = polyline([
        { x: centre.x + 4, y: centre.y + radius - 1 },
        { x: centre.x + 4, y: below },
        { x: to.centre.x - 4, y: below },
        { x: to.centre.x - 4, y: to.centre.y + to.radius },
      ]);
      return { track, label: null, stop: null };
    }
    const lane = lanes.find(({ queue }) => queue.name === way.destination);
    if (!lane) return null;
    const incoming = this.shown.ways.filter(
      ({ to, destination }) => to === 'queue' && destination === way.destination,
    );
    const y = lane.y + 22 + incoming.indexOf(way) * 15 + 8;
    const x = this.busX(index);
    const under = from.y + from.height + 6;
    const track = polyline([
      { x: centre.x, y: centre.y + radius },
      { x: centre.x, y: under },
      { x, y: under },
      { x, y },
      { x: lane.x + 8, y },
    ]);
    const name = from.name;
    const label = shortened(text === '' ? name : `${name}: ${text}`, 34);
    return { track, label: { x: lane.x + 12, y: y + 4, text: label, anchor: 'start' }, stop: null };
  }

  dead({ queue, exchange, missing }: DeadWay): Laid | null {
    const { exchanges, lanes } = this.placed;
    const lane = lanes.find((one) => one.queue.name === queue);
    if (!lane) return null;
    const y = lane.y + lane.height - 4;
    const to = exchanges.find((one) => one.exchange.name === exchange);
    const index = this.shown.deadWays.findIndex((one) => one.queue === queue);
    const x = lane.x - 6 - (index % 3) * 4;
    if (missing || !to) {
      const stop = { x: x - 6, y };
      return { track: polyline([{ x: lane.x, y }, stop]), label: null, stop };
    }
    const under = to.y + to.height + 10;
    const track = polyline([
      { x: lane.x + 14, y: lane.y + lane.height },
      { x: lane.x + 14, y: lane.y + lane.height + 5 },
      { x, y: lane.y + lane.height + 5 },
      { x, y: under },
      { x: to.centre.x + 5, y: under },
      { x: to.centre.x + 5, y: to.centre.y + to.radius },
    ]);
    return { track, label: null, stop: null };
  }

  /** Down the right margin, then along above the consumer's row. */
  deliver(lane: QueueLane, box: ConsumerBox): Track {
    const right = lane.x + lane.width;
    const over = box.y - 7;
    const to = box.x + box.width / 2;
    return polyline([
      { x: right, y: lane.exit.y },
      { x: right + 9, y: lane.exit.y },
      { x: right + 9, y: over },
      { x: to, y: over },
      { x: to, y: box.y },
    ]);
  }

  private busX(index: number): number {
    return 6 + index * 4;
  }
}
