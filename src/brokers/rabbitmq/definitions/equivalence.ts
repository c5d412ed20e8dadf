/** whether a thing is declared again as it is, and what the server says where it is not. */
import { AmqpError } from '../amqp-error.ts';
import type { FieldValue, Table } from '../config.ts';
import { own, sameValue } from '../routing/explain-headers.ts';
import { fieldType, formatTerm, resource } from './terms.ts';

/** @param what the thing, as errors name it @throws AmqpError 406 */
export function assertSame(what: string, property: string, current: FieldValue, received: FieldValue): void {
  if (!sameValue(current, received)) differ(what, property, quoted(current), quoted(received));
}

/** @param names the arguments that count; others may differ @throws AmqpError 406 */
export function assertSameArguments(
  what: string,
  names: readonly string[],
  current: Table,
  received: Table,
): void {
  for (const name of names) {
    const [is, asked] = [own(current, name), own(received, name)];
    if (is === undefined ? asked === undefined : asked !== undefined && sameValue(is, asked)) continue;
    // A queue without a type is a classic one.
    if (name === 'x-queue-type' && (is ?? 'classic') === (asked ?? 'classic')) continue;
    if (is !== undefined && asked !== undefined) differ(what, name, quoted(is), quoted(asked));
    differ(what, name, typed(is), typed(asked));
  }
}

function differ(what: string, name: string, current: string, received: string): never {
  const text = `inequivalent arg '${name}' for ${what}: received ${received} but current is ${current}`;
  throw new AmqpError(406, text);
}

function quoted(value: FieldValue): string {
  return `'${typeof value === 'string' ? value : formatTerm(value)}'`;
}

function typed(value: FieldValue | undefined): string {
  return value === undefined ? 'none' : `the value ${quoted(value)} of type '${fieldType(value)}'`;
}

/** what another connection hears of an exclusive queue, and who declares one anew with another owner. */
export function lockedError(queue: string): AmqpError {
  const text =
    `cannot obtain exclusive access to locked ${resource('queue', queue)}. It could be originally declared on another ` +
    'connection or the exclusive property value does not match that of the original declaration.';
  return new AmqpError(405, text);
}
