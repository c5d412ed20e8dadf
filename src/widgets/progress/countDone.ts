/**
 * How much of what counts is done: tasks ticked, questions answered, quiz questions right, predictions made. Reads, writes
 * nothing; what cannot be read is not done.
 */
import { kinds } from '../../storage/kinds.ts';
import { isProblem, keyOf } from '../../storage/store.ts';
import type { Store } from '../../storage/store.ts';
import { standingTexts } from '../../storage/text.ts';

/** By the kind under which the reader's part of it is stored. */
export type CountableKind = 'task' | 'answer' | 'quiz' | 'prediction';

export interface Countable {
  readonly kind: CountableKind;
  readonly id: string;
}

export interface ProgressSection {
  /** The id of its heading. */
  readonly id: string;
  readonly title: string;
  readonly items: readonly Countable[];
}

export interface ProgressPage {
  /** Below the site's base, without slashes around it. */
  readonly slug: string;
  readonly title: string;
  readonly sections: readonly ProgressSection[];
}

/** The key under which the reader's part is stored. */
export function keyOfItem({ kind, id }: Countable): string {
  return keyOf<unknown>(kinds[kind], id);
}

/** Each of the items once: an experiment may stand on two pages. */
export function distinct(items: readonly Countable[]): Countable[] {
  return [...new Map(items.map((item) => [keyOfItem(item), item])).values()];
}

export function isDone(store: Store, { kind, id }: Countable): boolean {
  if (kind === 'answer') {
    const texts = standingTexts(store, kinds.answer, id);
    return !isProblem(texts) && texts.some(({ text }) => text.trim() !== '');
  }
  if (kind === 'prediction') return store.read(kinds.prediction, id).found === 'value';
  if (kind === 'task') {
    const reading = store.read(kinds.task, id);
    return reading.found === 'value' && reading.value.done;
  }
  const reading = store.read(kinds.quiz, id);
  return reading.found === 'value' && reading.value.right;
}

/** The keys of those items that are done, in one look through the storage. */
export function doneKeys(store: Store, items: readonly Countable[]): ReadonlySet<string> {
  return store.atOnce(() => new Set(items.filter((item) => isDone(store, item)).map(keyOfItem)));
}

/** Calls back whenever something of it may have changed. Returns a function that stops it. */
export function watchDone(store: Store, items: readonly Countable[], listener: () => void): () => void {
  const stops = items.map(({ kind, id }) => store.watch<unknown>(kinds[kind], id, listener));
  return () => stops.forEach((stop) => stop());
}
