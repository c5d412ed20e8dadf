/** Events of RabbitMQ's clients and nodes, to write traces by hand. */
import type { EventBody } from '../../../src/sim/trace.ts';

export const published = (message: number, client = 'p', key: string | null = 'A'): EventBody => ({
  kind: 'published',
  client,
  message,
  key,
  to: 'orders',
  bytes: 100,
});

export const confirmed = (message: number, client = 'p'): EventBody => ({
  kind: 'publish-confirmed',
  client,
  message,
  place: null,
  position: null,
});

export const delivered = (
  client: string,
  message: number,
  more: Partial<Extract<EventBody, { kind: 'delivered' }>> = {},
): EventBody => ({
  kind: 'delivered',
  client,
  group: 'q',
  message,
  key: 'A',
  place: 'q',
  position: message,
  redelivered: false,
  deliveryCount: null,
  ...more,
});

export const again = (client: string, message: number): EventBody =>
  delivered(client, message, { redelivered: true });

export const processed = (client: string, message: number, place = 'q'): EventBody => ({
  kind: 'processed',
  client,
  group: place,
  message,
  key: 'A',
  place,
  position: message,
});

export const settled = (
  client: string,
  message: number,
  outcome: 'acked' | 'nacked' | 'rejected' = 'acked',
  place = 'q',
): EventBody => ({ kind: 'settled', client, group: place, outcome, place, position: message, message });

export const consumes = (
  client: string,
  more: Partial<Extract<EventBody, { kind: 'consuming-began' }>> = {},
): EventBody => ({
  kind: 'consuming-began',
  client,
  group: 'q',
  place: 'q',
  tag: client,
  prefetch: null,
  ...more,
});

export const created = (
  name = 'q',
  more: Partial<Extract<EventBody, { kind: 'places-created' }>> = {},
): EventBody => ({
  kind: 'places-created',
  node: 'rabbit-1',
  name,
  places: [name],
  total: 1,
  holds: 'queue',
  type: 'classic',
  ...more,
});
