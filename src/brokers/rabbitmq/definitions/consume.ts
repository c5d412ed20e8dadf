/** Arguments of basic.consume: which a type of queue knows, and what the server says of a bad one. */
import { AmqpError } from '../amqp-error.ts';
import type { FieldValue, Table, Version } from '../config.ts';
import { own } from '../routing/explain-headers.ts';
import { parseMaxAge, type QueueType } from './arguments.ts';
import { fieldType, formatString, formatTerm, resource } from './terms.ts';

const STREAM = ['x-stream-offset', 'x-stream-filter', 'x-stream-match-unfiltered'];
const KNOWN: Readonly<Record<Version, Readonly<Record<QueueType, readonly string[]>>>> = {
  '3.10': {
    classic: ['x-priority', 'x-credit', 'x-cancel-on-ha-failover'],
    quorum: ['x-priority', 'x-credit'],
    stream: ['x-stream-offset', 'x-credit'],
  },
  '4.2': { classic: ['x-priority'], quorum: ['x-priority'], stream: STREAM },
  '4.3': { classic: ['x-priority'], quorum: ['x-priority', 'x-consumer-timeout'], stream: STREAM },
};

/** R-58 `x-stream-offset`; an interval is so long before now, milliseconds. */
export type OffsetArgument =
  | { readonly kind: 'first' | 'last' | 'next' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'interval'; readonly ms: number };

/** @param value undefined where it was left out: `next` then. @returns null for what is no offset */
export function parseOffset(value: FieldValue | undefined): OffsetArgument | null {
  if (value === undefined || value === 'next') return { kind: 'next' };
  if (value === 'first' || value === 'last') return { kind: value };
  if (typeof value === 'number') return Number.isInteger(value) ? { kind: 'offset', offset: value } : null;
  const ms = typeof value === 'string' ? parseMaxAge(value) : null;
  return ms === null ? null : { kind: 'interval', ms };
}

/** @throws AmqpError 406 */
export function checkConsumer(
  version: Version,
  queue: { readonly name: string; readonly type: QueueType },
  given: Table,
): void {
  const where = resource('queue', queue.name);
  const known = KNOWN[version][queue.type];
  for (const argument of ['x-priority', 'x-consumer-timeout', 'x-stream-offset']) {
    const value = own(given, argument);
    if (value === undefined || !known.includes(argument)) continue;
    const problem = problemOf(argument, value);
    if (problem !== null) throw new AmqpError(406, `invalid arg '${argument}' for ${where}: ${problem}`);
  }
  const others = Object.values(KNOWN[version]).flat();
  for (const argument of Object.keys(given)) {
    if (known.includes(argument) || !others.includes(argument)) continue;
    throw new AmqpError(
      406,
      `invalid arg '${argument}' for ${where} of queue type rabbit_${queue.type}_queue`,
    );
  }
}

function problemOf(argument: string, value: FieldValue): string | null {
  if (argument === 'x-stream-offset') {
    if (parseOffset(value) !== null) return null;
    return `{invalid_stream_offset_arg,{${fieldType(value)},${formatTerm(value)}}}`;
  }
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    return formatString(`expected integer, got ${fieldType(value)}`);
  }
  return argument === 'x-consumer-timeout' && value < 0 ? `{value_negative,${value}}` : null;
}
