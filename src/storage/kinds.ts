/**
 * What the reader's browser keeps for them: each kind of value, its shape, its version and its migrations.
 *
 * A stored value is one JSON object `{ version, … }` under one key. Its shape is strict: a field that
 * a version does not name is a mistake, so that a changed shape without a new version is noticed.
 */
import * as v from 'valibot';

/** One step from a version to the next; `schema` is the shape that version had. */
export interface Migration {
  readonly from: number;
  readonly schema: v.GenericSchema;
  readonly up: (old: unknown) => unknown;
}

export interface Kind<T> {
  readonly name: string;
  /** The version written today: one more than the number of migrations. */
  readonly version: number;
  readonly schema: v.GenericSchema<T>;
  readonly migrations: readonly Migration[];
  /** When a value was made or changed; of two values of one id, an import keeps the later. Null where nothing says it. */
  changedAtMs(value: T): number | null;
}

/** A step with its types tied together: what `schema` lets through is what `up` gets. */
export function migration<Old>(
  from: number,
  schema: v.GenericSchema<Old>,
  up: (old: Old) => unknown,
): Migration {
  return { from, schema, up: (old) => up(old as Old) };
}

/**
 * Names a kind of stored value. One that does not say when a value was changed lets an import only add.
 * @throws RangeError when the migrations are not numbered 1, 2, 3… without a gap.
 */
export function defineKind<T>(
  name: string,
  schema: v.GenericSchema<T>,
  migrations: readonly Migration[] = [],
  changedAtMs: (value: T) => number | null = () => null,
): Kind<T> {
  migrations.forEach((step, index) => {
    if (step.from !== index + 1) {
      throw new RangeError(
        `Kind "${name}": migration ${index + 1} starts from version ${step.from}; expected ${index + 1}`,
      );
    }
  });
  return { name, version: migrations.length + 1, schema, migrations, changedAtMs };
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Milliseconds since 1970, as the reader's clock had it. */
const timeMs = count;

/**
 * One save of a text that the reader types. `by` names the tab that wrote it, and `seen` says, for each
 * tab, the number of its latest save that this one replaces; its own number is `seen[by]`.
 */
const textSchema = v.strictObject({
  text: v.string(),
  savedAtMs: timeMs,
  by: v.string(),
  seen: v.record(v.string(), count),
});

export type StoredText = v.InferOutput<typeof textSchema>;

/** Path segments as the site writes them; a place becomes a link, so nothing else may get into one. */
const slug = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9-]+(\/[a-z0-9-]+)*$/, 'expected a page path like "chapter-03"'),
);
const headingId = v.pipe(v.string(), v.regex(/^[\p{L}\p{N}_-]+$/u, 'expected the id of a heading'));

/** The path of a page of the book, below the base; home is `index`. A proof's has dots in it, but never two. */
const pagePath = v.pipe(
  v.string(),
  v.regex(/^[a-z0-9-]+([./][a-z0-9-]+)*$/, 'expected a page path like "brokers/kafka"'),
);
const tag = v.pipe(v.string(), v.minLength(1), v.maxLength(60));

/**
 * Where a note is and what belongs to it but its text, which is a `note` of the same id. Without a page it has no place.
 * `quote` is the passage that it is about, with some of the text on both sides, as a W3C TextQuoteSelector has it; `run`
 * the figure whose run it is about and what stands in the address of that run. `order` counts within the heading.
 */
const notePlaceSchema = v.strictObject({
  page: v.nullable(pagePath),
  heading: v.nullable(v.strictObject({ id: headingId, text: v.string() })),
  quote: v.nullable(v.strictObject({ exact: v.string(), before: v.string(), after: v.string() })),
  run: v.nullable(
    v.strictObject({
      figure: v.pipe(v.string(), v.regex(/^[a-z0-9]+([.-][a-z0-9]+)*$/, 'expected the id of a figure')),
      title: v.string(),
      parameters: v.record(v.picklist(['run', 'beside']), v.string()),
    }),
  ),
  order: v.pipe(v.number(), v.finite()),
  tags: v.array(tag),
  createdAtMs: timeMs,
  changedAtMs: timeMs,
  deletedAtMs: v.nullable(timeMs),
});

const taskVersion1 = v.strictObject({ done: v.boolean(), changedAtMs: timeMs });

export const kinds = {
  note: defineKind('note', textSchema),
  'note-place': defineKind('note-place', notePlaceSchema, [], ({ changedAtMs }) => changedAtMs),
  answer: defineKind('answer', textSchema),
  /** `by`: ticked by hand, or by a run in which its goal holds; `run` is then that run's address, to the moment. */
  task: defineKind(
    'task',
    v.strictObject({
      done: v.boolean(),
      changedAtMs: timeMs,
      by: v.picklist(['hand', 'run']),
      run: v.nullable(v.string()),
    }),
    [migration(1, taskVersion1, (old) => ({ ...old, by: 'hand', run: null }))],
    ({ changedAtMs }) => changedAtMs,
  ),
  /** The latest answer to a question of a quiz, and how many were given. */
  quiz: defineKind(
    'quiz',
    v.strictObject({ choice: v.string(), right: v.boolean(), tries: count, answeredAtMs: timeMs }),
    [],
    ({ answeredAtMs }) => answeredAtMs,
  ),
  prediction: defineKind(
    'prediction',
    v.strictObject({ choice: v.string(), chosenAtMs: timeMs }),
    [],
    ({ chosenAtMs }) => chosenAtMs,
  ),
  /** The answers to a tree of questions, by the questions' permanent ids, those off the present path included. */
  choice: defineKind(
    'choice',
    v.strictObject({
      answers: v.record(v.string(), v.picklist(['yes', 'no'])),
      changedAtMs: timeMs,
    }),
    [],
    ({ changedAtMs }) => changedAtMs,
  ),
  place: defineKind(
    'place',
    v.strictObject({
      page: slug,
      label: v.string(),
      heading: v.strictObject({ id: headingId, text: v.string() }),
      seenAtMs: timeMs,
    }),
    [],
    ({ seenAtMs }) => seenAtMs,
  ),
  /** What was done to keep all this: when it was exported, when a reminder of that was put off, when the browser was asked. */
  care: defineKind(
    'care',
    v.strictObject({
      exportedAtMs: v.nullable(timeMs),
      putOffAtMs: v.nullable(timeMs),
      askedAtMs: v.nullable(timeMs),
    }),
    [],
    (care) => Math.max(care.exportedAtMs ?? 0, care.putOffAtMs ?? 0, care.askedAtMs ?? 0),
  ),
  /** Whether a printed page carries the reader's notes at their places. */
  printing: defineKind(
    'printing',
    v.strictObject({ notes: v.boolean(), changedAtMs: timeMs }),
    [],
    ({ changedAtMs }) => changedAtMs,
  ),
};

/** Kinds whose values are saves of a text: they stand side by side, and an import adds to them. */
export function isTextKind(kind: Kind<unknown>): boolean {
  return kind.schema === textSchema;
}

/** The kind of this name, or null when this page knows none. */
export function kindNamed(name: string): Kind<unknown> | null {
  return Object.hasOwn(kinds, name) ? kinds[name as keyof typeof kinds] : null;
}

type ValueOf<K> = K extends Kind<infer T> ? T : never;
export type Task = ValueOf<typeof kinds.task>;
export type QuizAnswer = ValueOf<typeof kinds.quiz>;
export type Prediction = ValueOf<typeof kinds.prediction>;
export type Place = ValueOf<typeof kinds.place>;
export type NotePlace = ValueOf<(typeof kinds)['note-place']>;
export type Care = ValueOf<typeof kinds.care>;
