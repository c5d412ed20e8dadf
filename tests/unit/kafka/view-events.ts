/** Hand-made traces for tests of the picture and its words: nothing here was simulated. */
import * as v from 'valibot';
import { kafkaClient, type KafkaClient } from '../../../src/brokers/kafka/client-config.ts';
import { kafkaSystem } from '../../../src/brokers/kafka/config.ts';
import type { KafkaView, ViewPart } from '../../../src/brokers/kafka/view-types.ts';
import { KafkaViewFold } from '../../../src/brokers/kafka/view.ts';
import { fromMs } from '../../../src/sim/time.ts';
import type { EventBody, TraceEvent } from '../../../src/sim/trace.ts';

type Input<S extends v.GenericSchema> = v.InferInput<S>;

/** One event at a moment, milliseconds. */
export type Timed = readonly [atMs: number, body: EventBody];

export function stamped(events: readonly Timed[]): TraceEvent[] {
  return events.map(([atMs, body], seq) => ({ ...body, seq, at: fromMs(atMs) }));
}

export interface Setting {
  readonly topics?: Input<typeof kafkaSystem>['topics'];
  readonly brokers?: number;
  readonly clients?: readonly Input<typeof kafkaClient>[];
  readonly parts?: readonly ViewPart[];
}

export function foldOf({ topics, brokers = 3, clients = [], parts = [] }: Setting = {}): KafkaViewFold {
  const system = v.parse(kafkaSystem, {
    broker: 'kafka',
    brokers,
    topics: topics ?? [{ name: 'orders', partitions: 1, replicationFactor: brokers }],
  });
  const parsed = clients.map((client): KafkaClient => v.parse(kafkaClient, client));
  return new KafkaViewFold(system, parsed, parts);
}

/** The picture after these events, at the last one's moment or a later one. */
export function viewOf(
  setting: Setting,
  events: readonly Timed[],
  atMs = events.at(-1)?.[0] ?? 0,
): KafkaView {
  const fold = foldOf(setting);
  for (const event of stamped(events)) fold.on(event);
  return fold.view(fromMs(atMs));
}

/** `orders` with these partitions, each on these brokers, the first of them leading it. */
export function created(places: readonly string[], ...replicas: readonly string[][]): Timed {
  return [
    0,
    {
      kind: 'places-created',
      node: 'broker-1',
      name: 'orders',
      places,
      total: places.length,
      ...(replicas.length > 0 && { replicas }),
    },
  ];
}

export interface AppendOptions {
  readonly at?: number;
  readonly node?: string;
  readonly place?: string;
  readonly client?: string;
  readonly key?: string | null;
  readonly value?: string | null;
  readonly bytes?: number;
  readonly epoch?: number;
  readonly transaction?: string;
}

/** A record is published and appended; its message number is 100 more than its position. */
export function append(position: number, more: AppendOptions = {}): Timed[] {
  const { at = position, node = 'broker-1', place = 'orders-0', client = 'p', key = 'A' } = more;
  const { value, bytes = 10, epoch = 0, transaction } = more;
  const message = 100 + position + 1000 * epoch + 10_000 * Number(place.slice(place.lastIndexOf('-') + 1));
  return [
    [
      at,
      {
        kind: 'published',
        client,
        message,
        key,
        to: 'orders',
        bytes,
        ...(value !== undefined && { value }),
        ...(transaction !== undefined && { transaction }),
      },
    ],
    [at, { kind: 'appended', node, place, position, message, key, epoch }],
  ];
}

export function confirm(position: number, more: AppendOptions = {}): Timed {
  const { at = position, client = 'p', place = 'orders-0', epoch = 0 } = more;
  const message = 100 + position + 1000 * epoch + 10_000 * Number(place.slice(place.lastIndexOf('-') + 1));
  return [at, { kind: 'publish-confirmed', client, message, place, position }];
}

export function highWatermark(position: number, node = 'broker-1', at = position): Timed {
  return [at, { kind: 'high-watermark-advanced', node, place: 'orders-0', position }];
}
