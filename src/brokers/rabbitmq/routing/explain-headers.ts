/**
 * How a headers exchange holds a message's headers against the arguments of a binding, one by one. The page
 * runs this file, so it imports nothing but types; the model matches with the same words.
 */
import type { FieldValue, Table } from '../config.ts';

export const MATCH_MODES = ['all', 'any', 'all-with-x', 'any-with-x'] as const;
export type MatchMode = (typeof MATCH_MODES)[number];

/** `all` where the argument `x-match` is left out. */
export function matchMode(bindingArguments: Table): MatchMode {
  const mode = bindingArguments['x-match'];
  return MATCH_MODES.find((known) => known === mode) ?? 'all';
}

/** `x-match` itself never counts, and other keys that begin with `x-` in the two modes that say so. */
export function isConsidered(name: string, mode: MatchMode): boolean {
  return name.startsWith('x-') ? name !== 'x-match' && mode.endsWith('-with-x') : true;
}

/** a void argument asks only whether the header is there. */
export function argumentMatches(argument: FieldValue, header: FieldValue | undefined): boolean {
  return header !== undefined && (argument === null || sameValue(argument, header));
}

/** Types count: "1" is not 1. A number that JSON can write is of the same type wherever it is the same number. */
export function sameValue(a: FieldValue, b: FieldValue): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [one, other] = [Object.entries(a), Object.entries(b)];
  return (
    Array.isArray(a) === Array.isArray(b) &&
    one.length === other.length &&
    one.every(([name, value], i) => name === other[i]![0] && sameValue(value, other[i]![1]))
  );
}

/** One argument of the binding. */
export interface HeaderStep {
  readonly name: string;
  readonly value: FieldValue;
  readonly outcome: 'matched' | 'missing' | 'different' | 'not-considered';
  /** What the message has there; undefined where it has nothing. */
  readonly found: FieldValue | undefined;
  readonly why: string;
}

export interface HeadersExplanation {
  readonly matches: boolean;
  readonly mode: MatchMode;
  /** By name, as the server keeps them. */
  readonly steps: readonly HeaderStep[];
  readonly why: string;
}

export function explainHeaders(bindingArguments: Table, headers: Table): HeadersExplanation {
  const mode = matchMode(bindingArguments);
  const steps = Object.keys(bindingArguments)
    .sort()
    .map((name) => step(name, bindingArguments[name]!, own(headers, name), mode));
  const considered = steps.filter(({ outcome }) => outcome !== 'not-considered').length;
  const matched = steps.filter(({ outcome }) => outcome === 'matched').length;
  const all = mode.startsWith('all');
  const matches = all ? matched === considered : matched > 0;
  const why =
    considered === 0
      ? `no argument is considered, so "${mode}" matches ${all ? 'every message' : 'no message'}`
      : `${matched} of ${considered} ${considered === 1 ? 'argument matches' : 'arguments match'}; ` +
        `"${mode}" needs ${all ? 'all of them' : 'one of them'}`;
  return { matches, mode, steps, why };
}

/** A header of the message, and not what every object of the language has. */
export function own(headers: Table, name: string): FieldValue | undefined {
  return Object.hasOwn(headers, name) ? headers[name] : undefined;
}

function step(name: string, value: FieldValue, found: FieldValue | undefined, mode: MatchMode): HeaderStep {
  const common = { name, value, found };
  if (!isConsidered(name, mode)) {
    const why =
      name === 'x-match' ? 'says how many must match' : `begins with x-, which "${mode}" leaves out`;
    return { ...common, outcome: 'not-considered', why };
  }
  if (found === undefined) return { ...common, outcome: 'missing', why: 'the message has no such header' };
  if (value === null)
    return { ...common, outcome: 'matched', why: 'the header is there, whatever its value' };
  if (sameValue(value, found)) return { ...common, outcome: 'matched', why: 'the values are equal' };
  const why = `${JSON.stringify(found)} is not ${JSON.stringify(value)}`;
  return { ...common, outcome: 'different', why };
}
