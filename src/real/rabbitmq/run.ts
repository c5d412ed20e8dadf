/** What the clients of one run share, and what they say of messages in the trace's words. */
import type { ConsumeMessage, GetMessage, Message } from 'amqplib';
import type { Table } from '../../brokers/rabbitmq/config.ts';
import type { EventBody } from '../../sim/trace.ts';
import type { Agenda } from '../agenda.ts';
import type { Recorder } from '../recorder.ts';
import type { Copies } from './copies.ts';
import type { Names } from './names.ts';

/** Exchanges and queues that a run has declared, by their names at the broker. */
export interface Made {
  readonly exchanges: Set<string>;
  readonly queues: Set<string>;
}

export interface Run {
  readonly names: Names;
  readonly made: Made;
  readonly recorder: Recorder;
  readonly agenda: Agenda;
  readonly copies: Copies;
  /** Where nodes listen, in order. */
  readonly urls: readonly string[];
  /** Where a client connects to a node, by its place in `urls`: there, or at what stands between. */
  readonly route: (client: string, index: number) => string;
  readonly seed: number;
  /** The number of the next message that is published. */
  nextMessage: number;
  /** Ends the run: something happened that is neither the scenario's nor the broker's answer to it. */
  readonly failed: (error: unknown) => void;
}

/** A client of the scenario, through all its lives. */
export interface RealClient {
  /** Connects, and asks for what it needs; resolves when it has that, or has found that it cannot yet. */
  start(): Promise<void>;
  /** Its process dies: its connection is gone without a word. */
  crash(): void;
  /** It ends as its library's close() does. */
  close(): Promise<void>;
}

/** A delivery as the application has it. */
export interface Given {
  readonly message: Message;
  readonly id: number;
  readonly key: string | null;
  readonly place: string;
  readonly group: string | null;
  readonly position: number;
}

interface Content {
  readonly message: number;
  readonly key: string | null;
}

/** The body of a message: what the recorder must know of it again, filled up to its size where it is smaller. */
export function bodyOf(content: Content, bytes: number): Buffer {
  const text = JSON.stringify(content);
  return Buffer.from(text.padEnd(bytes));
}

export function contentOf(message: Message): Content {
  return JSON.parse(message.content.toString()) as Content;
}

/** The client library gave a message to the application. */
export function given(run: Run, client: string, place: string, message: ConsumeMessage | GetMessage): Given {
  const { message: id, key } = contentOf(message);
  const headers = headersOf(run.names.inner<Table>(message.properties.headers ?? {}));
  const { exchange, routingKey, redelivered } = message.fields;
  const offset = headers['x-stream-offset'];
  const group = offset === undefined ? place : null;
  const position =
    typeof offset === 'number' ? offset : run.copies.of(place, id, deaths(headers), redelivered);
  const count = headers['x-delivery-count'];
  run.recorder.tell({
    kind: 'delivered',
    client,
    group,
    message: id,
    key,
    place,
    position,
    redelivered,
    deliveryCount: typeof count === 'number' ? count : null,
    exchange: run.names.inner(exchange),
    routingKey: run.names.inner(routingKey),
    headers,
  });
  return { message, id, key, place, group, position };
}

export function tellProcessed(run: Run, client: string, { group, id, key, place, position }: Given): void {
  run.recorder.tell({ kind: 'processed', client, group, message: id, key, place, position });
}

export function tellSettled(
  run: Run,
  client: string,
  { group, id, place, position }: Given,
  outcome: Extract<EventBody, { kind: 'settled' }>['outcome'],
): void {
  run.recorder.tell({ kind: 'settled', client, group, outcome, place, position, message: id });
}

/** When a message died is a matter of the occasion, and another each time. */
function headersOf(headers: Table): Table {
  const deaths = headers['x-death'];
  if (!Array.isArray(deaths)) return headers;
  return { ...headers, 'x-death': (deaths as Table[]).map(({ time: _, ...entry }) => entry) };
}

function deaths(headers: Table): number {
  const entries = headers['x-death'];
  if (!Array.isArray(entries)) return 0;
  return (entries as Table[]).reduce((sum, { count }) => sum + Number(count), 0);
}
