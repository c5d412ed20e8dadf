/** The page's one list of the reader's notes: in a file of its own, for the pages that show none do without. */
import { readerStore, readerText } from './browser.ts';
import { createNotes } from './notes.ts';
import type { Notes } from './notes.ts';

let notes: Notes | null = null;

/** The reader's notes. Call it in the browser only. */
export function readerNotes(): Notes {
  notes ??= createNotes(readerStore(), (id) => readerText('note', id));
  return notes;
}
