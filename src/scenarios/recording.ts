/**
 * A recording: what a real broker did with a scenario, as far as its clients saw it, in the words of the trace. The same
 * claims are judged on it as on a simulated run.
 *
 * Two halves. `behaviour` is what is the same each time: what each client saw of each kind, in order, a lane for each.
 * `occasion` is what is not: when, by which command, and how the lanes were interleaved, with every moment. So recording
 * again changes only the occasion, unless the broker behaves otherwise than before.
 */
import * as v from 'valibot';
import { isObservable, type EventBody, type Observed, type TraceEvent } from '../sim/trace.ts';
import { toMs } from '../sim/time.ts';
import { describeIssues, InvalidInput, parseScenario, type Scenario } from './schema.ts';

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
    /** Every event in order: the number of its lane, its own in that lane, and its moment, microseconds since the run began. */
    order: v.array(v.strictTuple([whole, whole, whole])),
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

/** Answers that come as each queue gives them: of those to several messages none is promised to be the first. */
const UNORDERED: readonly EventBody['kind'][] = ['publish-confirmed', 'publish-failed'];

/**
 * @param observed what was seen, in order
 * @param about everything else that a recording says
 */
export function recordingOf(
  observed: readonly Observed[],
  about: Pick<Recording, 'scenario' | 'broker' | 'asked' | 'made'> &
    Pick<Recording['occasion'], 'recordedAt' | 'command'>,
): Recording {
  const { scenario, broker, asked, made, recordedAt, command } = about;
  const names = [...new Set(observed.map((one) => laneOf(one)))].sort();
  const bodies = observed.map(({ at: _, ...body }): EventBody => body);
  const lanes = names.map((name) => bodies.filter((body) => laneOf(body) === name).sort(byMessage));
  const behaviour = Object.fromEntries(names.map((name, i) => [name, lanes[i]!]));
  const order = bodies.map((body, i): [number, number, number] => {
    const lane = names.indexOf(laneOf(body));
    return [lane, lanes[lane]!.indexOf(body), observed[i]!.at];
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

function byMessage(one: EventBody, other: EventBody): number {
  if (!('message' in one) || !('message' in other) || !UNORDERED.includes(one.kind)) return 0;
  return (one.message ?? 0) - (other.message ?? 0);
}

/**
 * @param input parsed JSON
 * @throws InvalidInput that says what is wrong with it
 */
export function parseRecording(input: unknown): Recording {
  const what = 'This is not a recording';
  const result = v.safeParse(recordingSchema, input);
  if (!result.success) throw new InvalidInput(what, describeIssues(result.issues));
  const recording = result.output;
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
  return occasion.order.map(([lane, index, at], seq) => ({ ...lanes[lane]![index], seq, at }) as TraceEvent);
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
