/** Where notes belong among the pages and headings that the book has now, and which of them a reader has asked for. Pure. */
import { MADE } from '../../storage/notes.ts';
import type { Note } from '../../storage/notes.ts';

export interface Heading {
  readonly id: string;
  readonly text: string;
  /** 2 for a section of the page, 3 and 4 for what is in it. */
  readonly depth: number;
}

/** A page of the book, as the build knows it. */
export interface BookPage {
  /** Its path below the base; home is `index`. */
  readonly id: string;
  readonly title: string;
  readonly headings: readonly Heading[];
  /** The texts that it has fields for, by the heading that they stand under. */
  readonly fields: readonly { readonly id: string; readonly heading: string }[];
}

export type NoteKind = 'heading' | 'passage' | 'run' | 'field';

/** A note with its place in the book as it is now. */
export interface Placed {
  readonly note: Note;
  readonly kind: NoteKind;
  /** null where the note has no place any more. */
  readonly page: BookPage | null;
  /** null at the top of a page, above its first heading. */
  readonly heading: Heading | null;
}

export function kindOf({ id, place }: Note): NoteKind {
  if (place?.run) return 'run';
  if (place?.quote) return 'passage';
  return id.startsWith(MADE) ? 'heading' : 'field';
}

/**
 * Finds the heading that a note was made under: by its permanent id, else one that says the same.
 * @returns undefined where there is none any more; null for the top of a page
 */
export function headingOf<H extends { readonly id: string; readonly text: string }>(
  headings: readonly H[],
  made: { readonly id: string; readonly text: string } | null,
): H | null | undefined {
  if (made === null) return null;
  return headings.find(({ id }) => id === made.id) ?? headings.find(({ text }) => text === made.text);
}

/** The place of one note. @param lost the ids of notes whose passages the text does not have any more */
export function placeNote(note: Note, book: readonly BookPage[], lost: ReadonlySet<string>): Placed {
  const kind = kindOf(note);
  const nowhere = { note, kind, page: null, heading: null };
  const field = book.flatMap((page) => page.fields.map((each) => ({ page, ...each })));
  const own = field.find(({ id }) => id === note.id);
  if (own) {
    const heading = own.page.headings.find(({ id }) => id === own.heading) ?? null;
    return { note, kind, page: own.page, heading };
  }
  const page = book.find(({ id }) => id === note.place?.page);
  if (!page || lost.has(note.id)) return nowhere;
  // A passage may be found though its heading is gone; a run needs its figure only.
  const heading = headingOf(page.headings, note.place?.heading ?? null);
  if (heading === undefined) return (note.place?.quote ?? note.place?.run) ? { ...nowhere, page } : nowhere;
  return { note, kind, page, heading };
}

export interface Group {
  /** null for the notes that have no place. */
  readonly page: BookPage | null;
  readonly heading: Heading | null;
  readonly notes: readonly Placed[];
}

/**
 * Notes by their places, in the order of the book; those without one come first, so that nobody overlooks them.
 * @param placed notes in the reader's order
 */
export function groupByPlace(placed: readonly Placed[], book: readonly BookPage[]): Group[] {
  const byPlace = new Map<string, Placed[]>();
  const keyOf = (page: BookPage | null, heading: Heading | null): string =>
    page === null ? '' : `${page.id}#${heading?.id ?? ''}`;
  for (const each of placed) {
    const key = keyOf(each.page, each.heading);
    const present = byPlace.get(key);
    if (present) present.push(each);
    else byPlace.set(key, [each]);
  }
  const places = [
    { page: null, heading: null },
    ...book.flatMap((page) => [null, ...page.headings].map((heading) => ({ page, heading }))),
  ];
  return places.flatMap(({ page, heading }) => {
    const notes = byPlace.get(keyOf(page, heading));
    return notes ? [{ page, heading, notes }] : [];
  });
}

export interface Wanted {
  /** Words that text, quote, tags or place must have, all of them. */
  readonly words: string;
  readonly tag: string;
  /** A page's id; `-` for the notes without a place. */
  readonly page: string;
  readonly kind: NoteKind | '';
  readonly deleted: boolean;
}

export const ALL: Wanted = { words: '', tag: '', page: '', kind: '', deleted: false };

/** Whether a note is among those that the reader asks for. */
export function isWanted({ note, kind, page, heading }: Placed, wanted: Wanted): boolean {
  if (note.deleted !== wanted.deleted) return false;
  if (wanted.kind !== '' && kind !== wanted.kind) return false;
  if (wanted.page !== '' && (page?.id ?? '-') !== wanted.page) return false;
  const tags = note.place?.tags ?? [];
  if (wanted.tag !== '' && !tags.some((each) => sameTag(each, wanted.tag))) return false;
  const words = wanted.words.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const { place } = note;
  const said = [
    note.text,
    ...note.others.map(({ text }) => text),
    place?.quote?.exact,
    place?.run?.title,
    place?.heading?.text,
    page?.title,
    heading?.text,
    ...tags.map((each) => `#${each}`),
  ]
    .join('\n')
    .toLowerCase();
  return words.every((word) => said.includes(word));
}

/** Two spellings of one tag: capitals tell nothing apart. */
export function sameTag(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** A tag as it is kept, of what was typed; '' where nothing is left of it. */
export function tagOf(typed: string): string {
  return typed
    .replaceAll(/[\s,]+/g, ' ')
    .trim()
    .replace(/^#+\s*/, '')
    .slice(0, 60)
    .trim();
}

/** Every tag that is in use, in the order of the alphabet. */
export function tagsOf(notes: readonly Note[]): string[] {
  const tags = new Map<string, string>();
  for (const { place, deleted } of notes)
    if (!deleted)
      for (const each of place?.tags ?? [])
        tags.set(each.toLowerCase(), tags.get(each.toLowerCase()) ?? each);
  return [...tags.values()].sort((one, other) => one.localeCompare(other));
}

/** The address of a place of the book: of the moment of a run, of a heading, or of a page. @param base with a slash at its end */
export function addressOf({ note, page, heading }: Placed, base: string): string | null {
  if (page === null) return null;
  const path = page.id === 'index' ? base : `${base}${page.id}/`;
  const run = note.place?.run;
  if (run) return `${path}?${new URLSearchParams(run.parameters).toString()}#${run.figure}`;
  // The margin of the page goes on from the heading to the passage itself.
  if (note.place?.quote) return `${path}?note=${note.id.slice(MADE.length)}#${heading?.id ?? ''}`;
  return `${path}#${heading?.id ?? '_top'}`;
}
