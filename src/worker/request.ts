/**
 * What the page may ask of the worker, and how the worker checks it. Apart from the protocol, for the page sends requests
 * and never reads one: of this it needs the types alone.
 */
import * as v from 'valibot';

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

/** @returns the request, or what is wrong with it */
export function parseRequest(input: unknown): Request | string {
  const result = v.safeParse(requestSchema, input);
  return result.success ? result.output : `a request that is none: ${result.issues[0].message}`;
}
