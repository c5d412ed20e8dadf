/** What the page on the reader's data says of plans, sizes and times. Pure but for the reader's time zone. */
import type { Entry } from '../../storage/store.ts';
import { SET_ASIDE, watchedKey } from '../../storage/store.ts';
import type { Plan, Planned } from '../../storage/merge.ts';
import type { CountableKind } from '../progress/countDone.ts';

const KINDS: Readonly<Record<string, string>> = {
  note: 'Notes',
  'note-place': 'Places of notes',
  answer: 'Answers to questions',
  task: 'Tasks',
  quiz: 'Quiz answers',
  prediction: 'Predictions',
  choice: 'Choices of a broker',
  place: 'Where you were',
  care: 'Dates of exports',
};

/** What a reader calls the values of a kind; one that this page does not know goes by its own name. */
export function kindWords(kind: string): string {
  return Object.hasOwn(KINDS, kind) ? (KINDS[kind] ?? kind) : `“${kind}”, unknown to this page`;
}

export type Tally = Readonly<Record<Planned['what'], number>>;

function tallyOf(items: readonly Planned[]): Tally {
  const count = (what: Planned['what']): number => items.filter((item) => item.what === what).length;
  return { add: count('add'), change: count('change'), keep: count('keep'), 'leave-out': count('leave-out') };
}

/** How many entries of each kind a plan adds, changes, keeps and leaves out, in the order of the file, and of all. */
export function summaryOf({ items }: Plan): {
  readonly kinds: ReadonlyMap<string, Tally>;
  readonly all: Tally;
} {
  const names = [...new Set(items.map(({ kind }) => kind))];
  return {
    kinds: new Map(names.map((name) => [name, tallyOf(items.filter(({ kind }) => kind === name))])),
    all: tallyOf(items),
  };
}

/** "Will add 12, change 1 and keep 30; leaves out 2." */
export function planWords({ add, change, keep, 'leave-out': out }: Tally): string {
  const left = out === 0 ? '' : ` It leaves out ${out} that the book never wrote.`;
  if (add + change === 0) return `Nothing to do: all that is in the file is here. ${keep} kept.${left}`;
  return `This will add ${add}, change ${change} and keep ${keep}.${left}`;
}

/** The beginning of a text, on one line. */
export function excerpt(text: string): string {
  const line = text.slice(0, 400).replaceAll(/\s+/g, ' ').trim();
  return line.length > 120 ? `${line.slice(0, 120)}…` : line;
}

export interface Stored {
  /** Texts, ticks and answers, whatever they are made of. */
  readonly things: number;
  /** As browsers count: two for each character of key and value. */
  readonly bytes: number;
  readonly setAside: readonly Entry[];
}

export function storedOf(entries: readonly Entry[]): Stored {
  return {
    things: new Set(entries.filter(({ key }) => !key.includes(SET_ASIDE)).map(({ key }) => watchedKey(key)))
      .size,
    bytes: entries.reduce((bytes, { key, raw }) => bytes + 2 * (key.length + raw.length), 0),
    setAside: entries.filter(({ key }) => key.includes(SET_ASIDE)),
  };
}

/** `0 KB`, `18 KB`, `2.4 MB`. */
export function sizeWords(bytes: number): string {
  return bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/** `brokerbook-2026-11-28.json`, by the reader's day. */
export function exportName(nowMs: number): string {
  return `brokerbook-${new Date(nowMs).toLocaleDateString('sv-SE')}.json`;
}

const NOUNS: Readonly<Record<CountableKind, readonly [one: string, many: string]>> = {
  task: ['task', 'tasks'],
  answer: ['answer', 'answers'],
  quiz: ['quiz answer', 'quiz answers'],
  prediction: ['prediction', 'predictions'],
};

/** "2 tasks, 1 quiz answer" */
export function countWords(kinds: readonly CountableKind[]): string {
  return (Object.keys(NOUNS) as CountableKind[])
    .map((kind) => ({ count: kinds.filter((one) => one === kind).length, nouns: NOUNS[kind] }))
    .filter(({ count }) => count > 0)
    .map(({ count, nouns }) => `${count} ${nouns[count === 1 ? 0 : 1]}`)
    .join(', ');
}

const DONE_WORDS: Readonly<Record<CountableKind, readonly [one: string, many: string]>> = {
  task: ['task done', 'tasks done'],
  answer: ['question answered', 'questions answered'],
  quiz: ['quiz question right', 'quiz questions right'],
  prediction: ['prediction made', 'predictions made'],
};

/** "1 of 3 tasks done, 0 of 2 predictions made" @param items of one section, and whether each is done */
export function doneWords(
  items: readonly { readonly kind: CountableKind; readonly done: boolean }[],
): string {
  return (Object.keys(DONE_WORDS) as CountableKind[])
    .map((kind) => ({ kind, of: items.filter((item) => item.kind === kind) }))
    .filter(({ of }) => of.length > 0)
    .map(
      ({ kind, of }) =>
        `${of.filter(({ done }) => done).length} of ${of.length} ${DONE_WORDS[kind][of.length === 1 ? 0 : 1]}`,
    )
    .join(', ');
}
