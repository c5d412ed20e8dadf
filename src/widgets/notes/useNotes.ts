/** What every list of notes on a page shares: the notes as they are now, and which were deleted under the reader's eyes. */
import { signal } from '@preact/signals';
import type { Signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { readerNotes } from '../../storage/browser-notes.ts';
import type { NoteList } from '../../storage/notes.ts';

/** Ids of notes that were deleted on this page: they stay in their places, with a way back, until the page is left. */
export const justDeleted: Signal<ReadonlySet<string>> = signal(new Set<string>());

/** The reader's notes, followed; null until the page has looked into the storage. */
export function useNotes(): NoteList | null {
  const [list, setList] = useState<NoteList | null>(null);
  useEffect(() => {
    const notes = readerNotes();
    const look = (): void => setList(notes.list());
    look();
    return notes.subscribe(look);
  }, []);
  return list;
}

/** Follows notes outside of a view. Calls back at once, too. */
export function followNotes(show: (list: NoteList) => void): void {
  const notes = readerNotes();
  notes.subscribe(() => show(notes.list()));
  // A note that was just deleted is drawn differently at once, and once at the beginning.
  justDeleted.subscribe(() => show(notes.list()));
}
