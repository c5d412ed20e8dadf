/**
 * What dying in a queue does to a message: its record, its new exchange and keys, and the headers that an
 * application sees of it.
 */
import type { Micros } from '../../../sim/time.ts';
import type { FieldValue, Table, Version } from '../config.ts';
import type { Death, DeathReason, DeathSummary, Message } from '../message.ts';
import type { QueueLimits } from '../queue.ts';

const MICROS_PER_SECOND = 1_000_000;

/**
 * The message as it is published to the dead-letter exchange of `limits`.
 * @param queue where it died
 * @param now when, virtual microseconds
 */
export function deadLetter(
  message: Message,
  limits: Pick<QueueLimits, 'deadLetterExchange' | 'deadLetterRoutingKey'>,
  queue: string,
  reason: DeathReason,
  now: Micros,
  version: Version,
): Message {
  const history = historyOf(message, version);
  // 3.10 turns a history round before it adds to it.
  const before = version === '3.10' ? [...(history ?? [])].reverse() : (history ?? []);
  const death: DeathSummary = { queue, reason, exchange: message.exchange };
  // 3.10 knows a first death by the header of a history: whoever publishes one has had it.
  const isFirst = version === '3.10' ? history === null : message.firstDeath === null;
  const { deadLetterRoutingKey: key } = limits;
  const headers = version === '3.10' ? headersOf310(message.headers, key !== null) : message.headers;
  return Object.freeze({
    ...message,
    exchange: limits.deadLetterExchange ?? '',
    routingKey: key ?? message.routingKey,
    cc: key === null ? message.cc : [],
    bcc: key === null ? message.bcc : [],
    expiration: null,
    headers,
    deaths: record(before, message, queue, reason, now),
    firstDeath: isFirst ? death : message.firstDeath,
    lastDeath: death,
    // In 4.2 a quorum queue takes the count along, too; not modelled.
    failures: version === '4.3' ? message.failures : 0,
  });
}

/** 3.10 keeps its record in the headers themselves, and takes away a CC that counts no more. */
function headersOf310(headers: Table, hasKey: boolean): Table {
  const { 'x-death': _, CC, ...others } = headers;
  return hasKey || CC === undefined ? others : { ...others, CC };
}

/**
 * leaves out the queues that the message has died in already, without a client having rejected it since.
 * @param message as {@link deadLetter} made it
 * @returns the queues that it may go to
 */
export function dropCycles(
  targets: readonly string[],
  message: Message,
  reason: DeathReason,
): readonly string[] {
  if (reason === 'rejected') return targets;
  return targets.filter((target) => !isCycle(target, message.deaths));
}

/** The headers of a delivery, as an application sees them: the message's own, and the broker's record. */
export function visibleHeaders(message: Message, version: Version, extra: Table = {}): Table {
  const { deaths, firstDeath, lastDeath } = message;
  if (deaths.length === 0) return { ...message.headers, ...extra };
  return {
    ...message.headers,
    'x-death': deaths.map(deathTable),
    ...summary('first', firstDeath),
    ...(version === '3.10' ? {} : summary('last', lastDeath)),
    ...extra,
  };
}

/** a pair of queue and reason has one entry; a repetition counts it up and brings it to the front. */
function record(
  history: readonly Death[],
  message: Message,
  queue: string,
  reason: DeathReason,
  now: Micros,
): readonly Death[] {
  const known = history.find((death) => death.queue === queue && death.reason === reason);
  if (known !== undefined) {
    return [{ ...known, count: known.count + 1 }, ...history.filter((death) => death !== known)];
  }
  const { exchange, routingKey, cc, expiration } = message;
  const death: Death = { queue, reason, count: 1, time: now, exchange, routingKeys: [routingKey, ...cc] };
  return [expiration === null ? death : { ...death, originalExpiration: expiration }, ...history];
}

function isCycle(target: string, deaths: readonly Death[]): boolean {
  const last = deaths.findIndex((death) => death.queue === target);
  return last >= 0 && deaths.slice(0, last + 1).every((death) => death.reason !== 'rejected');
}

/** @returns null where the message has none */
function historyOf({ deaths, headers }: Message, version: Version): readonly Death[] | null {
  if (deaths.length > 0) return deaths;
  const published = headers['x-death'];
  if (version !== '3.10' || published === undefined) return null;
  // Anything but an array is reset, as a header that some client library has made a string of.
  return Array.isArray(published) ? published.flatMap(deathOf) : [];
}

/** An entry that a client has published; what makes no sense is left out. */
function deathOf(value: FieldValue): Death[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const table = value as Table;
  const { queue, reason, count, time, exchange } = table;
  if (typeof queue !== 'string' || typeof reason !== 'string') return [];
  const keys = table['routing-keys'];
  const expiration = table['original-expiration'];
  const death: Death = {
    queue,
    // Whatever it calls a reason.
    reason: reason as DeathReason,
    count: typeof count === 'number' ? count : 1,
    time: typeof time === 'number' ? time * MICROS_PER_SECOND : 0,
    exchange: typeof exchange === 'string' ? exchange : '',
    routingKeys: Array.isArray(keys) ? keys.filter((key) => typeof key === 'string') : [],
  };
  return [typeof expiration === 'string' ? { ...death, originalExpiration: expiration } : death];
}

function deathTable(death: Death): Table {
  const { count, reason, queue, time, exchange, routingKeys, originalExpiration } = death;
  const seconds = Math.floor(time / MICROS_PER_SECOND);
  const table = { count, reason, queue, time: seconds, exchange, 'routing-keys': routingKeys };
  return originalExpiration === undefined ? table : { ...table, 'original-expiration': originalExpiration };
}

function summary(which: 'first' | 'last', death: DeathSummary | null): Table {
  if (death === null) return {};
  const { queue, reason, exchange } = death;
  return {
    [`x-${which}-death-queue`]: queue,
    [`x-${which}-death-reason`]: reason,
    [`x-${which}-death-exchange`]: exchange,
  };
}
