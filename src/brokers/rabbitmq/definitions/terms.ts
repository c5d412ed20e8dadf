/** AMQP's names for the types of a table's values, and values as Erlang prints them in an error. */
import type { FieldValue } from '../config.ts';

/**
 * The type that a client library gives a value. A whole number travels as a 32-bit integer where it fits, else as a
 * 64-bit one; any other number as a double.
 */
export function fieldType(value: FieldValue): string {
  switch (typeof value) {
    case 'string':
      return 'longstr';
    case 'boolean':
      return 'bool';
    case 'number':
      if (!Number.isInteger(value)) return 'double';
      return value >= -0x80000000 && value < 0x80000000 ? 'signedint' : 'long';
    default:
      if (value === null) return 'void';
      return Array.isArray(value) ? 'array' : 'table';
  }
}

/** A value as `~p` prints it, without its type where it is a scalar. */
export function formatTerm(value: FieldValue): string {
  if (value === null) return 'undefined';
  if (typeof value === 'string') return formatBinary(value);
  if (typeof value !== 'object') return String(value);
  const fields = Array.isArray(value)
    ? (value as readonly FieldValue[]).map((item) => `{${fieldType(item)},${formatTerm(item)}}`)
    : Object.entries(value as Readonly<Record<string, FieldValue>>).map(
        ([name, item]) => `{${formatBinary(name)},${fieldType(item)},${formatTerm(item)}}`,
      );
  return `[${fields.join(',')}]`;
}

/** A binary of text. */
function formatBinary(text: string): string {
  return text === '' ? '<<>>' : `<<"${escape(text)}">>`;
}

/** A string, which Erlang keeps as a list. */
export function formatString(text: string): string {
  return `"${escape(text)}"`;
}

function escape(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}

/** A thing of the virtual host `/`, as every error names it. */
export function resource(kind: 'queue' | 'exchange', name: string): string {
  return `${kind} '${name}' in vhost '/'`;
}
