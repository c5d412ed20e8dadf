/**
 * A recording: what a real broker did with a scenario, as far as its clients saw it, in the words of the trace. The same
 * claims are judged on it as on a simulated run.
 *
 * Two halves. `behaviour` is what is the same each time: what each client saw of each kind, in order, a lane for each.
 * `occasion` is what is not: when, by which command, and how the lanes were interleaved, with every moment. So recording
 * again changes only the occasion, unless the broker behaves otherwise than before. Where a client puts a record
 * by lot, one without a key, is of the occasion too.
 */
import * as v from 'valibot';
import { isObservable, type EventBody, type Observed, type TraceEvent } from '../sim/trace.ts';
import { toMs } from '../sim/time.ts';
import { InvalidInput, parseScenario, taken, type Scenario } from './schema.ts';

const RECORDING_FORMAT = 1;

const text = v.pipe(v.string(), v.minLength(1));
const program = v.strictObject({ name: text, version: text });
const event = v.looseObject({ kind: text });
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const recordingSchema = v.strictObject({
  format: v.literal(RECORDING_FORMAT),
  scenario: text,
  broker: text,
  /** The scenario itself, where it is none of the book's: one in which the model and a broker were found to part. */
  asked: v.optional(v.record(v.string(), v.unknown())),
  /** What it was made with: the broker, the client library, and settings that are not the scenario's. */
  made: v.strictObject({ broker: program, client: program, settings: v.record(v.string(), v.string()) }),
  behaviour: v.record(v.string(), v.array(event)),
  occasion: v.strictObject({
    /** ISO 8601, UTC. */
    recordedAt: v.pipe(v.string(), v.isoTimestamp()),
    command: text,
    /**
     * Every event in order: the number of its lane, its own in that lane, and its moment, microseconds since the run began;
     * and of a record whose partition is by lot, which that was, and the position there.
     */
    order: v.array(
      v.union([
        v.strictTuple([whole, whole, whole]),
        v.strictTuple([whole, whole, whole, text, v.nullable(whole)]),
      ]),
    ),
  }),
});

export type Recording = v.InferOutput<typeof recordingSchema>;
/** What a recording says of itself beside its events. */
export type Made = Recording['made'];

const PER_PLACE: readonly EventBody['kind'][] = ['delivered', 'processed', 'settled', 'positioned'];

/** What one client, or the broker's own declarations, saw of one kind: in order each time it is recorded. */
function laneOf(body: EventBody): string {
  const who = 'client' in body ? body.client : 'node' in body ? body.node : '';
  // Who reads or writes several places has an order in each of them, and none between them.
  const where =
    'place' in body && body.place !== null && PER_PLACE.includes(body.kind) ? ` ${body.place}` : '';
  return `${who} ${body.kind}${where}`;
}

/** What of an error's words is of the occasion: ports, ids that a client or a broker makes up, how long something took. */
const OCCASIONAL: readonly (readonly [RegExp, string])[] = [
  [/(?<=leader=Optional\[)[^\]]*(?=\])/g, '…'],
  [/[\w-]{22,}(?= (?:with instance id|member\b))/g, '…'],
  [/(?<=:)\d+(?= ms has passed)/g, '…'],
];

/** What an error says each time. */
export function lasting(words: string): string {
  return OCCASIONAL.reduce((text, [part, instead]) => text.replace(part, instead), words);
}

function lastingBody(body: EventBody): EventBody {
  if (body.kind === 'error') return { ...body, detail: lasting(body.detail) };
  if (body.kind === 'publish-failed') return { ...body, error: lasting(body.error) };
  return body;
}

/** Answers that come as each queue gives them: of those to several messages none is promised to be the first. */
const UNORDERED: readonly EventBody['kind'][] = ['publish-confirmed', 'publish-failed'];

type Row = Recording['occasion']['order'][number];

/** An event as it is each time, and where it was put by lot. */
interface Split {
  readonly body: EventBody;
  readonly drawn: readonly [place: string, position: number | null] | null;
}

function split(body: EventBody, drawn: ReadonlySet<number>): Split {
  if (!isDrawn(body, drawn)) return { body: lastingBody(body), drawn: null };
  const { place, position, ...rest } = body as Extract<EventBody, { kind: 'delivered' }>;
  return { body: rest as EventBody, drawn: [place, position] };
}

/** Whether an event tells where a record is whose partition is by lot. */
export function isDrawn(body: EventBody, drawn: ReadonlySet<number>): boolean {
  return 'message' in body && 'place' in body && body.place !== null && drawn.has(body.message ?? -1);
}

/**
 * @param observed what was seen, in order
 * @param about everything else that a recording says; `drawn`: the records whose partition is by lot
 */
export function recordingOf(
  observed: readonly Observed[],
  about: Pick<Recording, 'scenario' | 'broker' | 'asked' | 'made'> &
    Pick<Recording['occasion'], 'recordedAt' | 'command'> & { readonly drawn: ReadonlySet<number> },
): Recording {
  const { scenario, broker, asked, made, recordedAt, command } = about;
  const parts = observed.map(({ at: _, ...body }) => split(body, about.drawn));
  const names = [...new Set(parts.map(({ body }) => laneOf(body)))].sort();
  const lanes = names.map((name) => parts.filter(({ body }) => laneOf(body) === name).sort(byMessage));
  const behaviour = Object.fromEntries(names.map((name, i) => [name, lanes[i]!.map(({ body }) => body)]));
  const order = parts.map((part, i): Row => {
    const lane = names.indexOf(laneOf(part.body));
    const row = [lane, lanes[lane]!.indexOf(part), observed[i]!.at] as const;
    return part.drawn ? [...row, ...part.drawn] : [...row];
  });
  return {
    format: RECORDING_FORMAT,
    scenario,
    broker,
    ...(asked && { asked }),
    made,
    behaviour,
    occasion: { recordedAt, command, order },
  };
}

function byMessage({ body: one, drawn }: Split, { body: other }: Split): number {
  if (!('message' in one) || !('message' in other)) return 0;
  if (!drawn && !UNORDERED.includes(one.kind)) return 0;
  return (one.message ?? 0) - (other.message ?? 0);
}

/**
 * @param input parsed JSON
 * @throws InvalidInput that says what is wrong with it
 */
export function parseRecording(input: unknown): Recording {
  const what = 'This is not a recording';
  const recording = taken(what, recordingSchema, input);
  const lanes = Object.values(recording.behaviour);
  const named = new Set(recording.occasion.order.map(([lane, index]) => `${lane} ${index}`));
  const all = lanes.flatMap((events, lane) => events.map((_, index) => `${lane} ${index}`));
  if (
    named.size !== recording.occasion.order.length ||
    named.size !== all.length ||
    !all.every((id) => named.has(id))
  )
    throw new InvalidInput(what, ['occasion.order: expected every event of every lane once']);
  const strange = traceOfRecording(recording).find((one) => !isObservable(one));
  if (strange) throw new InvalidInput(what, [`behaviour: "${strange.kind}" is nothing that a client sees`]);
  return recording;
}

/** The trace as it was seen. */
export function traceOfRecording({ behaviour, occasion }: Recording): TraceEvent[] {
  const lanes = Object.values(behaviour);
  return occasion.order.map(
    ([lane, index, at, ...drawn], seq) =>
      ({
        ...lanes[lane]![index],
        ...(drawn.length > 0 && { place: drawn[0], position: drawn[1] }),
        seq,
        at,
      }) as TraceEvent,
  );
}

/** The file of a recording: an event a line, so that a difference is a line too. */
export function recordingText({ behaviour, occasion, asked, made, ...head }: Recording): string {
  const lines = (values: readonly unknown[], indent: string): string =>
    values.map((value) => `${indent}${JSON.stringify(value)}`).join(',\n');
  const lanes = Object.entries(behaviour).map(
    ([lane, events]) => `    ${JSON.stringify(lane)}: [\n${lines(events, '      ')}\n    ]`,
  );
  const { order, ...rest } = occasion;
  const rows: string[] = [];
  for (let i = 0; i < order.length; i += 12)
    rows.push(
      `      ${order
        .slice(i, i + 12)
        .map((entry) => JSON.stringify(entry))
        .join(', ')}`,
    );
  const entries = (record: object): string =>
    Object.entries(record)
      .map(([name, value]) => `${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(',\n    ');
  return [
    '{',
    ...Object.entries(head).map(([name, value]) => `  ${JSON.stringify(name)}: ${JSON.stringify(value)},`),
    ...(asked ? [`  "asked": ${JSON.stringify(asked, null, 2).replaceAll('\n', '\n  ')},`] : []),
    `  "made": ${JSON.stringify(made)},`,
    `  "behaviour": {\n${lanes.join(',\n')}\n  },`,
    `  "occasion": {\n    ${entries(rest)},\n    "order": [\n${rows.join(',\n')}\n    ]\n  }`,
    '}\n',
  ].join('\n');
}

/**
 * The scenario that was recorded, where the recording has it in itself.
 * @throws InvalidInput that says what is wrong with it
 */
export function askedOf({ asked, scenario, broker }: Recording): Scenario {
  const parsed = parseScenario(asked);
  if (parsed.id === scenario && parsed.system.broker === broker) return parsed;
  throw new InvalidInput('This is not a recording', [
    `asked: expected the scenario "${scenario}" of ${broker}, got "${parsed.id}" of ${parsed.system.broker}`,
  ]);
}

/** Whether the broker did the same, whenever that was. */
export function sameBehaviour(one: Recording, other: Recording): boolean {
  return JSON.stringify(one.behaviour) === JSON.stringify(other.behaviour);
}

/** How long what was recorded took, milliseconds. */
export function lengthMs({ occasion }: Recording): number {
  return toMs(occasion.order.at(-1)?.[2] ?? 0);
}
