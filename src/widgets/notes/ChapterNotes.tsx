/**
 * The notes of one chapter, under its own field: a line that says how many there are, and the list when it is opened. The line
 * is drawn by the build at its full size, and the list opens under the reader's hands alone: nothing shifts.
 */
import { useEffect, useState } from 'preact/hooks';
import './list.css';
import { NoteGroups } from './NoteGroups.tsx';
import { readPageText } from './pageText.ts';
import { groupByPlace, placeNote } from './places.ts';
import type { BookPage } from './places.ts';
import { PrintSwitch } from './PrintSwitch.tsx';
import { resolve } from './resolve.ts';
import { justDeleted, useNotes } from './useNotes.ts';

interface Props {
  readonly page: BookPage;
  readonly base: string;
}

export default function ChapterNotes({ page, base }: Props) {
  const list = useNotes();
  const [open, setOpen] = useState(false);
  const [said, setSaid] = useState('');
  const [lost, setLost] = useState<ReadonlySet<string>>(new Set());
  const here = (list?.notes ?? []).filter(
    ({ id, place, deleted }) => place?.page === page.id && (!deleted || justDeleted.value.has(id)),
  );
  useEffect(() => {
    const text = open ? readPageText(document) : null;
    if (!text) return;
    setLost(new Set(here.filter((note) => !resolve(note, document, text)).map(({ id }) => id)));
  }, [open, list]);

  const count = here.filter(({ deleted }) => !deleted).length;
  const words =
    count === 0
      ? 'No notes at the places of this page yet'
      : count === 1
        ? 'One note at a place of this page'
        : `${count.toLocaleString('en')} notes at places of this page`;
  return (
    <div class="notes-here not-content">
      <div class="notes-here-line">
        <button
          type="button"
          aria-expanded={open}
          disabled={here.length === 0}
          onClick={() => setOpen(!open)}
        >
          {words}
        </button>
        <a href={`${base}notes/`}>All your notes</a>
      </div>
      <PrintSwitch />
      {open && (
        <NoteGroups
          headed="places"
          groups={groupByPlace(
            here.map((note) => placeNote(note, [page], lost)),
            [page],
          )}
          book={[page]}
          base={base}
          announce={setSaid}
        />
      )}
      <p class="sr-only" role="status">
        {said}
      </p>
    </div>
  );
}
