/** Publishers, exchanges and consumers as things of a certain size, wherever they stand: pure geometry. */
import type {
  ConsumerView,
  ExchangeView,
  Fate,
  HeldView,
  PublisherView,
} from '../../../../brokers/rabbitmq/view-types.ts';
import type { Spot } from '../../kafka/cells/spots.ts';
import { keyWords } from '../../kafka/look.ts';
import type { Box, Point } from '../../kafka/cells/tracks.ts';
import {
  consumerWords,
  exchangeName,
  heldWords,
  publisherWords,
  shortened,
  typeWords,
  type ConsumerWords,
  type PublisherWords,
} from '../words.ts';

export const SLOT = 18;
const SLOT_PITCH = 22;
const ROW = 23;

/** A name on a box. */
export interface Title {
  readonly text: string;
  /** In smaller letters, since it would not fit otherwise. */
  readonly tight: boolean;
}

export interface PublisherBox extends Box, PublisherWords {
  readonly title: Title;
}

/** A crossing: its bounds, and the circle in it. */
export interface ExchangeNode extends Box {
  readonly exchange: ExchangeView;
  readonly centre: Point;
  readonly radius: number;
  readonly name: string;
  readonly lines: readonly { readonly text: string; readonly bad: boolean }[];
  readonly text: Point & { readonly anchor: 'start' | 'middle' };
}

export interface DrawnSlot extends Point {
  readonly id: string;
  readonly held: HeldView | null;
  /** It went with its process: crossed. */
  readonly lost: Fate | null;
  readonly spot: Spot | null;
}

export interface ConsumerBox extends Box, ConsumerWords {
  readonly title: Title;
  readonly slots: readonly DrawnSlot[];
  /** Held beyond the slots. */
  readonly more: (Point & { readonly text: string }) | null;
}

export const PUBLISHER_HEIGHT = 60;

export function layPublisher(publisher: PublisherView, box: Point & { width: number }): PublisherBox {
  return {
    ...publisherWords(publisher),
    title: titleOf(publisher.label, box.width),
    ...box,
    height: PUBLISHER_HEIGHT,
  };
}

/** What has room on a box: its letters are bold. */
function titleOf(label: string, width: number): Title {
  const tight = label.length > Math.floor((width - 18) / 6.9);
  return { text: shortened(label, Math.floor((width - 18) / (tight ? 6.1 : 6.9))), tight };
}

export const RADIUS = 15;

/** @param shape above: name and type stand below the circle; beside: to its right */
export function layExchange(exchange: ExchangeView, box: Box, beside: boolean): ExchangeNode {
  const radius = beside ? 13 : RADIUS;
  const limit = Math.floor((beside ? box.width - 2 * radius - 10 : box.width) / 6.6);
  const type = typeWords(exchange.type);
  const types = type.length > limit ? type.split(' ') : [type];
  const lost = exchange.unroutable > 0 ? `${exchange.unroutable} unroutable` : '';
  const centre = beside
    ? { x: box.x + radius + 2, y: box.y + box.height / 2 }
    : { x: box.x + box.width / 2, y: box.y + radius + 2 };
  return {
    ...box,
    exchange,
    centre,
    radius,
    name: shortened(exchangeName(exchange.name), limit),
    lines: [
      ...types.map((text) => ({ text, bad: false })),
      ...(lost === '' ? [] : [{ text: shortened(lost, limit + 1), bad: true }]),
    ],
    text: beside
      ? { x: centre.x + radius + 7, y: centre.y - (lost === '' ? 2 : 8), anchor: 'start' }
      : { x: centre.x, y: centre.y + radius + 15, anchor: 'middle' },
  };
}

function columnsOf(width: number): number {
  return Math.floor((width - 16) / SLOT_PITCH);
}

function rowsOf({ prefetch, autoAck }: ConsumerView, columns: number): number {
  return prefetch !== null && !autoAck && prefetch <= columns ? 1 : 2;
}

export function consumerHeight(consumer: ConsumerView, width: number): number {
  return 42 + rowsOf(consumer, columnsOf(width)) * ROW + 6;
}

/** Its slots: what it has, the oldest first, then hollow ones for what its prefetch leaves room for. */
export function layConsumer(consumer: ConsumerView, box: Point & { width: number }): ConsumerBox {
  const columns = columnsOf(box.width);
  const room = columns * rowsOf(consumer, columns);
  const { held, holding, prefetch, autoAck, unacked } = consumer;
  const overflows = holding > room;
  const shown = held.slice(0, overflows ? room - 2 : room);
  const closed = prefetch === null || autoAck || consumer.subscriptions.length === 0;
  const free = closed ? 0 : Math.max(0, prefetch - unacked);
  const at = (i: number): Point => ({
    x: box.x + 10 + (i % columns) * SLOT_PITCH,
    y: box.y + 44 + Math.floor(i / columns) * ROW,
  });
  const slots = shown.map((one, i): DrawnSlot => {
    const id = `${consumer.id}>${one.queue}@${one.position}`;
    const point = at(i);
    const spot =
      one.message === null ? null : { id, message: one.message, x: point.x, words: heldWords(consumer, one) };
    return { id, held: one, lost: null, spot, ...point };
  });
  const empty = Array.from(
    { length: consumer.state === 'crashed' ? 0 : Math.max(0, Math.min(free, room - holding)) },
    (_, i): DrawnSlot => ({
      id: `${consumer.id}>free${i}`,
      held: null,
      lost: null,
      spot: null,
      ...at(holding + i),
    }),
  );
  const wreck = consumer.state !== 'crashed' ? [] : consumer.wreck.slice(0, Math.max(0, room - holding - 2));
  const lost = wreck.map((one, i): DrawnSlot => {
    const id = `${consumer.id}>lost${i}`;
    const point = at(holding + i);
    const words = `lost with ${consumer.label}: acknowledged and not finished, ${keyWords(one.key)}`;
    const spot = one.message === null ? null : { id, message: one.message, x: point.x, words };
    return { id, held: null, lost: one, spot, ...point };
  });
  const more = overflows ? { ...at(room - 2), text: `+${holding - shown.length}` } : null;
  return {
    ...consumerWords(consumer),
    title: titleOf(consumer.label, box.width),
    ...box,
    height: consumerHeight(consumer, box.width),
    slots: [...slots, ...lost, ...empty],
    more: more && { x: more.x + 2, y: more.y + 13, text: more.text },
  };
}
