/**
 * What the page and the worker say to one another. Both sides check what they get: a message that is not of this
 * form is a mistake of ours and says so, and never becomes a wrong picture.
 *
 * Every request carries a number and is answered once, by a reply or an error with that number. The one unasked
 * message is `ready`, when the worker has loaded.
 */
import * as v from 'valibot';
import type { CarryRule } from '../brokers/workload.ts';
import type { Frame, EventLine } from '../scenarios/frame.ts';
import type { RunSpec } from '../scenarios/playable.ts';
import type { RunAddress } from '../scenarios/address.ts';
import type { BrokerId, ClientOf } from '../scenarios/schema.ts';

const run = v.pipe(v.string(), v.minLength(1), v.maxLength(120));
const micros = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** Checked in depth where it is used, by the scenarios' own parsers. */
const spec = v.strictObject({
  experiment: v.string(),
  seed: v.nullable(v.pipe(v.number(), v.safeInteger())),
  knobs: v.record(v.string(), v.string()),
  actions: v.array(v.unknown()),
});

/** Where a run stands: a moment, and how many of that moment's events have happened (null: all of them). */
const position = v.strictObject({ at: micros, events: v.nullable(count) });

const move = v.variant('to', [
  /** To the end of a moment. */
  v.strictObject({ to: v.literal('moment'), at: micros }),
  /** To right after one event; `at` is when that event happens. */
  v.strictObject({ to: v.literal('event'), seq: count, at: micros }),
  /** So many events that have words forward, or back. */
  v.strictObject({
    to: v.literal('step'),
    by: v.pipe(v.number(), v.safeInteger(), v.minValue(-1000), v.maxValue(1000)),
  }),
]);

const id = count;
const requestSchema = v.variant('type', [
  v.strictObject({ id, type: v.literal('open'), run, spec, position }),
  v.strictObject({ id, type: v.literal('move'), run, move }),
  v.strictObject({ id, type: v.literal('life'), run, message: count }),
  v.strictObject({ id, type: v.literal('close'), run }),
  v.strictObject({ id, type: v.literal('write-address'), spec, at: micros }),
  v.strictObject({ id, type: v.literal('read-address'), text: v.pipe(v.string(), v.maxLength(100_000)) }),
  v.strictObject({ id, type: v.literal('ping') }),
]);

export type Position = v.InferOutput<typeof position>;
export type Move = v.InferOutput<typeof move>;
export type Request = v.InferOutput<typeof requestSchema>;
export type RequestType = Request['type'];
export type ErrorCode = 'invalid' | 'superseded' | 'unknown-run' | 'failed';
export type Answer =
  | { readonly type: 'ready' }
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly code: ErrorCode; readonly message: string };
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
/** A request before it has its number. */
export type Ask<T extends RequestType = RequestType> = Without<Extract<Request, { type: T }>, 'id'>;

/** What an opened run is made of, for the buttons: who is there to be copied, which seed it has. */
export interface AboutOf<B extends BrokerId> {
  readonly seed: number;
  readonly clients: readonly ClientOf<B>[];
  /** How the workload was carried, where one was. */
  readonly rules?: readonly CarryRule[];
}
export type About = AboutOf<BrokerId>;

export interface Replies {
  open: { readonly frame: Frame; readonly about: About };
  move: Frame;
  life: readonly EventLine[];
  close: null;
  'write-address': string;
  'read-address': RunAddress;
  ping: null;
}

export type { EventLine, Frame, RunAddress, RunSpec };

/** @returns the request, or what is wrong with it */
export function parseRequest(input: unknown): Request | string {
  const result = v.safeParse(requestSchema, input);
  return result.success ? result.output : `a request that is none: ${result.issues[0].message}`;
}

/**
 * By hand: the page hears it with every frame, and needs no parser besides.
 * @returns the answer, or null for something that is none
 */
export function parseAnswer(input: unknown): Answer | null {
  const answer = (input ?? {}) as Record<string, unknown>;
  const { type, id, ok, code, message } = answer;
  const isAnswer =
    type === 'ready' ||
    (typeof id === 'number' &&
      (ok === true
        ? 'value' in answer
        : ok === false && typeof code === 'string' && typeof message === 'string'));
  return isAnswer ? (answer as unknown as Answer) : null;
}
