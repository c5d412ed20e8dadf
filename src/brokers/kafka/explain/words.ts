/** What the explanations are made of. */
import { displayName } from '../../../sim/names.ts';
import type { TraceEvent } from '../../../sim/trace.ts';
import type { Explanation } from '../../broker.ts';

export type Event<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

export const name = displayName;

export function key(text: string, rules: readonly string[]): Explanation {
  return explanation(text, rules, 'key');
}

export function step(text: string, rules: readonly string[]): Explanation {
  return explanation(text, rules, 'step');
}

export function detail(text: string, rules: readonly string[]): Explanation {
  return explanation(text, rules, 'detail');
}

/** What Kafka itself says ends with a full stop or without one; a sentence that quotes it has one. */
function explanation(text: string, rules: readonly string[], weight: Explanation['weight']): Explanation {
  return { text: text.replace(/(?<!\.)\.\.(?= |$)/g, '.'), rules, weight };
}

export function withKey(k: string | null): string {
  return k === null ? '(no key)' : `(key ${k})`;
}

export function at({ place, position }: { place: string; position: number }): string {
  return `${place}, offset ${position}`;
}

export function partitions(n: number): string {
  return n === 1 ? 'one partition' : `${n} partitions`;
}

export function records(n: number): string {
  return n === 1 ? 'one record' : `${n} records`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  return items.length < 2 ? (items[0] ?? 'nothing') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)!}`;
}

/** A record where its number is known. */
export function record(message: number | null): string {
  return message === null ? 'the record' : `record ${message}`;
}

/** A reason as a sentence of its own. */
export function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** What a partition of an internal topic is for, or null for an ordinary one. */
export function internal(place: string): string | null {
  if (place.startsWith('__consumer_offsets-')) return 'the groups that belong to it';
  if (place.startsWith('__transaction_state-')) return 'the transactional ids that belong to it';
  return place.startsWith('__') ? 'what belongs to it' : null;
}
