/** What the explanations are made of. */
import { displayName } from '../../../sim/names.ts';
import type { TraceEvent } from '../../../sim/trace.ts';
import type { Explanation } from '../../broker.ts';

export type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

export const name = displayName;

export function key(text: string, rules: readonly string[]): Explanation {
  return { text, rules, weight: 'key' };
}

export function step(text: string, rules: readonly string[]): Explanation {
  return { text, rules, weight: 'step' };
}

export function detail(text: string, rules: readonly string[]): Explanation {
  return { text, rules, weight: 'detail' };
}

/** A message where its number is known, with its key where it has one. */
export function message(number: number | null, k: string | null = null): string {
  if (number === null) return 'the message';
  return k === null ? `message ${number}` : `message ${number} (key ${k})`;
}

export function messages(n: number): string {
  return n === 1 ? 'one message' : `${n} messages`;
}

/** the exchange without a name has one in prose. */
export function exchange(id: string): string {
  return id === '' ? 'the default exchange' : `exchange ${id}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? 'nothing') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)!}`;
}

/** `region=eu, n=1`. */
export function table(entries: Readonly<Record<string, unknown>>): string {
  return Object.entries(entries)
    .map(([field, value]) => `${field}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

export function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** A reason of the model's own, with its nodes called as they are in prose. */
export function reason(text: string): string {
  return text.replace(/\brabbit-\d+\b/g, name);
}

/** What somebody else worded, before a full stop. */
export function bare(text: string): string {
  return text.replace(/[.\s]+$/, '');
}
