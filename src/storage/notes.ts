/**
 * The reader's notes: each a text (`text.ts`) and, under the same id, what belongs to it: place, tags, order, deletion.
 *
 * A note begins with its first character: until then nothing is stored. Deleting one only says so in its place; its text
 * stays until the reader has it removed for good, and comes back by itself where another tab typed on after the deletion.
 * A text whose place is missing or cannot be read is listed without one: no text depends on anything but itself.
 */
import { kinds } from './kinds.ts';
import type { NotePlace, StoredText } from './kinds.ts';
import type { Problem, Store } from './store.ts';
import { standing } from './text.ts';
import type { KeptText } from './text.ts';

/** Ids of notes that were made at a place begin so; others are texts that a page has a field for. */
export const MADE = 'n/';
/** So many changes as come within this time are told of at once. */
const TELL_DELAY_MS = 60;

/** Where a note is made. */
export type Where = Pick<NotePlace, 'page' | 'heading' | 'quote' | 'run' | 'order'>;

export interface Note {
  readonly id: string;
  /** The text that was saved last. */
  readonly text: string;
  readonly savedAtMs: number;
  /** Texts of other tabs that stand beside it, until the reader decides. */
  readonly others: readonly StoredText[];
  /** null where none is stored: a text that a page has a field for, or one that lost it. */
  readonly place: NotePlace | null;
  /** Deleted, and not typed in since. */
  readonly deleted: boolean;
}

export interface NoteList {
  /** By the reader's order, then by age. */
  readonly notes: readonly Note[];
  /** Why others could not be read: they are untouched. */
  readonly problems: readonly Problem[];
}

export interface Notes {
  /** All notes, the deleted ones included. The same object until something changes. */
  list(): NoteList;
  /** What belongs to one note; of one that has been begun, what will be stored. */
  placeOf(id: string): NotePlace | null;
  /** A new note, of which nothing is stored before its first character. Returns its id. */
  begin(where: Where): string;
  /** Ends what `begin` began: a note that holds nothing leaves nothing behind. */
  end(id: string): void;
  /** Changes what belongs to a note. Returns what stood in the way, or null. */
  change(id: string, change: Partial<Omit<NotePlace, 'createdAtMs' | 'changedAtMs'>>): Problem | null;
  /** Deletes a note; `restore` takes it back, at any time. */
  remove(id: string): Problem | null;
  restore(id: string): Problem | null;
  /** Removes a note for good, with every text that stands under its id. Nothing takes this back. */
  purge(id: string): Problem | null;
  /**
   * Moves a note among its neighbours.
   * @param siblings the notes of one place, in their present order
   * @param by how many places down; up where it is negative
   */
  move(id: string, siblings: readonly Note[], by: number): Problem | null;
  /** Calls back soon after changes, in this tab or another. Returns a function that stops it. */
  subscribe(listener: () => void): () => void;
}

/** By the reader's own order; where it says nothing, the older first. */
export function byOrder(one: Note, other: Note): number {
  return (
    (one.place?.order ?? 0) - (other.place?.order ?? 0) ||
    (one.place?.createdAtMs ?? 0) - (other.place?.createdAtMs ?? 0) ||
    (one.id < other.id ? -1 : 1)
  );
}

/** @param textOf opens the text of an id, the same object each time */
export function createNotes(store: Store, textOf: (id: string) => KeptText): Notes {
  const listeners = new Set<() => void>();
  const begun = new Map<string, { readonly place: NotePlace; stored: boolean; readonly stop: () => void }>();
  let listed: NoteList | null = null;
  let cancel: (() => void) | null = null;
  let count = 0;

  function changed(): void {
    listed = null;
    cancel ??= store.clock.after(TELL_DELAY_MS, () => {
      cancel = null;
      listeners.forEach((listener) => listener());
    });
  }
  store.watchKind(kinds.note, changed);
  store.watchKind(kinds['note-place'], changed);

  function read(): NoteList {
    const texts = store.list(kinds.note);
    const places = store.list(kinds['note-place']);
    const notes = [...texts.values].flatMap(([id, saves]): Note[] => {
      const [last, ...others] = standing(saves)
        .map(({ value }) => value)
        .sort((one, two) => two.savedAtMs - one.savedAtMs);
      if (!last) return [];
      const place = places.values.get(id)?.[0]?.value ?? null;
      const deletedAtMs = place?.deletedAtMs ?? null;
      const deleted = deletedAtMs !== null && last.savedAtMs <= deletedAtMs;
      return [{ id, text: last.text, savedAtMs: last.savedAtMs, others, place, deleted }];
    });
    return { notes: notes.sort(byOrder), problems: [...texts.problems, ...places.problems] };
  }

  function change(id: string, part: Partial<NotePlace>): Problem | null {
    const present = store.read(kinds['note-place'], id);
    if (present.found === 'problem') return present.problem;
    const nowMs = store.clock.nowMs();
    const nowhere: NotePlace = {
      page: null,
      heading: null,
      quote: null,
      run: null,
      order: nowMs,
      tags: [],
      createdAtMs: nowMs,
      changedAtMs: nowMs,
      deletedAtMs: null,
    };
    const note = begun.get(id);
    const before = present.found === 'value' ? present.value : (note?.place ?? nowhere);
    const problem = store.write(kinds['note-place'], id, { ...before, ...part, changedAtMs: nowMs });
    if (note && !problem) note.stored = true;
    return problem;
  }

  /** Stores the place of a note once it holds something; a refusal is tried again with the next change. */
  function settle(id: string): void {
    const note = begun.get(id);
    if (!note || note.stored || textOf(id).state.text === '') return;
    const present = store.read(kinds['note-place'], id);
    note.stored = present.found === 'value' || store.write(kinds['note-place'], id, note.place) === null;
  }

  function purge(id: string): Problem | null {
    return textOf(id).forget() ?? store.remove(kinds['note-place'], id);
  }

  store.onFlush(() => [...begun.keys()].forEach(settle));

  return {
    list: () => (listed ??= read()),

    placeOf(id) {
      const present = store.read(kinds['note-place'], id);
      return present.found === 'value' ? present.value : (begun.get(id)?.place ?? null);
    },

    begin(where) {
      const nowMs = store.clock.nowMs();
      const id = `${MADE}${store.tab}-${nowMs.toString(36)}-${(count += 1)}`;
      const place: NotePlace = {
        ...where,
        tags: [],
        createdAtMs: nowMs,
        changedAtMs: nowMs,
        deletedAtMs: null,
      };
      begun.set(id, { place, stored: false, stop: textOf(id).subscribe(() => settle(id)) });
      return id;
    },

    end(id) {
      settle(id);
      const note = begun.get(id);
      const { text, unsaved } = textOf(id).state;
      if (note && text === '') {
        note.stop();
        begun.delete(id);
        if (note.stored || unsaved) purge(id);
      }
      textOf(id).flush();
    },

    change,

    remove(id) {
      textOf(id).flush();
      return change(id, { deletedAtMs: store.clock.nowMs() });
    },

    restore: (id) => change(id, { deletedAtMs: null }),

    purge,

    move(id, siblings, by) {
      const from = siblings.findIndex((note) => note.id === id);
      const to = Math.max(0, Math.min(siblings.length - 1, from + by));
      if (from === -1 || from === to) return null;
      const moved = siblings.map((note) => note.id);
      moved.splice(to, 0, ...moved.splice(from, 1));
      const orderOf = new Map(siblings.map((note) => [note.id, note.place?.order ?? 0]));
      const above = orderOf.get(moved[to - 1] ?? '') ?? (orderOf.get(moved[to + 1] ?? '') ?? 0) - 2;
      const below = orderOf.get(moved[to + 1] ?? '') ?? above + 2;
      const between = (above + below) / 2;
      // Where there is room between the neighbours only this note changes; else all are numbered anew.
      if (above < between && between < below) return change(id, { order: between });
      for (const [index, each] of moved.entries()) {
        const problem = change(each, { order: index });
        if (problem) return problem;
      }
      return null;
    },

    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
