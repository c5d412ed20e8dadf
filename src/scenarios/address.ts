/**
 * The address of a run: `1.<base64url of JSON>.<checksum>`. It holds what a run is a function of, and the moment shown,
 * so whoever opens it sees the same thing. A checksum tells an address that was cut short from one that never was right.
 */
import * as v from 'valibot';
import type { Micros } from '../sim/time.ts';
import { brokerOf, setUp, type RunSpec } from './playable.ts';
import { InvalidInput, parseActions, taken } from './schema.ts';

export const ADDRESS_VERSION = 1;
/** Actions that one run may hold; a reader presses buttons, a machine would write a scenario. */
export const ACTIONS_MAX = 200;

export interface RunAddress extends RunSpec {
  /** The moment shown, virtual microseconds. */
  readonly at: Micros;
}

const WHAT = 'This address of a run cannot be used';

const shape = v.strictObject({
  v: v.literal(ADDRESS_VERSION),
  experiment: v.string(),
  seed: v.nullable(v.pipe(v.number(), v.safeInteger('expected a whole number'))),
  knobs: v.record(v.string(), v.string()),
  actions: v.pipe(v.array(v.unknown()), v.maxLength(ACTIONS_MAX, `expected at most ${ACTIONS_MAX} actions`)),
  at: v.pipe(
    v.number(),
    v.safeInteger('expected a whole number of microseconds'),
    v.minValue(0, 'expected a moment that is not before the beginning'),
  ),
});

/** @returns the text that {@link decodeAddress} reads; letters, digits, `.`, `-` and `_` only */
export function encodeAddress({ experiment, seed, knobs, actions, at }: RunAddress): string {
  const data = toBase64Url(
    ascii(JSON.stringify({ v: ADDRESS_VERSION, experiment, seed, knobs, actions, at })),
  );
  return `${ADDRESS_VERSION}.${data}.${checksum(data)}`;
}

/**
 * @param text what {@link encodeAddress} wrote
 * @throws InvalidInput that names the field and what was expected
 */
export function decodeAddress(text: string): RunAddress {
  const [version = '', data, sum, ...more] = text.split('.');
  if (/^\d+$/.test(version) && Number(version) !== ADDRESS_VERSION) refuse(otherVersion(version));
  if (Number(version) !== ADDRESS_VERSION) {
    refuse(
      `its beginning: expected an address that begins with "${ADDRESS_VERSION}.", got "${text.slice(0, 12)}"`,
    );
  }
  if (!data || !sum || more.length > 0 || checksum(data) !== sum) {
    refuse(
      'its end does not fit its beginning: it was cut short or changed on its way. Copy the whole address again.',
    );
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(fromBase64Url(data));
  } catch {
    refuse('its middle: expected JSON in base64url');
  }
  const told = (parsed as { v?: unknown } | null)?.v;
  if (told !== ADDRESS_VERSION) refuse(otherVersion(told === undefined ? 'none' : JSON.stringify(told)));
  const { experiment, seed, knobs, actions: rawActions, at } = taken(WHAT, shape, parsed);
  const broker = within('experiment', () => brokerOf(experiment));
  const actions = within('actions', () => parseActions(rawActions, broker));
  const run = { experiment, seed, knobs, actions, at };
  within('', () => setUp(run));
  return run;
}

function otherVersion(got: string): string {
  return `version: made by another version of this page: expected ${ADDRESS_VERSION}, got ${got}`;
}

function refuse(...problems: string[]): never {
  throw new InvalidInput(WHAT, problems);
}

/** Says which field of the address a problem further down belongs to. */
function within<T>(field: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    return refuse(
      ...error.problems.map((problem) =>
        field === '' ? problem : `${field}${problem.startsWith('[') ? '' : ': '}${problem}`,
      ),
    );
  }
}

/** JSON with everything beyond ASCII escaped, so that one character is one byte. */
function ascii(json: string): string {
  return json.replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

function toBase64Url(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i += 3) {
    const left = text.length - i;
    const bits =
      (text.charCodeAt(i) << 16) |
      ((left > 1 ? text.charCodeAt(i + 1) : 0) << 8) |
      (left > 2 ? text.charCodeAt(i + 2) : 0);
    for (let c = 0; c <= Math.min(left, 3); c++) out += ALPHABET.charAt((bits >> (18 - 6 * c)) & 63);
  }
  return out;
}

/** @throws RangeError for a letter that is not of the alphabet */
function fromBase64Url(text: string): string {
  let out = '';
  let bits = 0;
  let held = 0;
  for (const letter of text) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) throw new RangeError(`"${letter}" is not base64url`);
    bits = ((bits << 6) | value) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += String.fromCharCode((bits >> held) & 255);
    }
  }
  return out;
}

/** FNV-1a: catches a cut or a changed letter; it keeps out nobody who means to forge one, and need not. */
function checksum(data: string): string {
  let hash = 0x811c9dc5;
  for (let i = 0; i < data.length; i++) hash = Math.imul(hash ^ data.charCodeAt(i), 0x01000193) >>> 0;
  return hash.toString(36).padStart(7, '0');
}
