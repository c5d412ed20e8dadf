/** What the trace says of deliveries and of their settlement, for every client alike. */
import type { Emission } from '../../../sim/trace.ts';
import type { Table } from '../config.ts';
import type { Delivered } from '../protocol.ts';

type Event<K extends Emission['kind']> = Extract<Emission, { kind: K }>;

/** what a delivery from a stream, and a request for deliveries from one, is known by. */
const STREAM_OFFSET = 'x-stream-offset';

/** Why consumers end whose channel goes on: what they were delivered can still be settled. Any other reason ends that too. */
export const CANCELLED = {
  byApplication: 'the application cancelled it',
  byServer: 'the server cancelled it',
} as const;

/**
 * Whoever shares the reading: a queue's consumers compete for what is in it, so they are one group, of the queue's name;
 * a stream's each read everything.
 * @param table headers of a delivery, or arguments of a consumer
 */
export function groupOf(place: string, table: Table): string | null {
  return STREAM_OFFSET in table ? null : place;
}

/** The library has it; the application works on it when its turn comes. */
export function deliveredEvent(client: string, delivery: Delivered): Event<'delivered'> {
  const { message, headers, place } = delivery;
  return {
    seq: 0,
    at: 0,
    kind: 'delivered',
    client,
    group: groupOf(place, headers),
    message: message.id,
    key: message.key,
    place,
    position: delivery.position,
    redelivered: delivery.redelivered,
    deliveryCount: delivery.deliveryCount,
    exchange: message.exchange,
    routingKey: message.routingKey,
    headers,
  };
}

export function processedEvent(client: string, delivery: Delivered): Event<'processed'> {
  const { message, headers, place } = delivery;
  return {
    seq: 0,
    at: 0,
    kind: 'processed',
    client,
    group: groupOf(place, headers),
    message: message.id,
    key: message.key,
    place,
    position: delivery.position,
  };
}

export function settledEvent(
  client: string,
  delivery: Delivered,
  outcome: 'acked' | 'nacked' | 'rejected',
): Event<'settled'> {
  const { message, headers, place } = delivery;
  return {
    seq: 0,
    at: 0,
    kind: 'settled',
    client,
    group: groupOf(place, headers),
    outcome,
    place,
    position: delivery.position,
    message: message.id,
  };
}
