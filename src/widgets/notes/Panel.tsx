/**
 * The dialog in which a note is made, at the place that the reader chose, with the notes that are there already. What is typed
 * is kept as it is typed: closing it, however that happens, loses nothing.
 */
import { render } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { readerNotes } from '../../storage/browser-notes.ts';
import type { Where } from '../../storage/notes.ts';
import './list.css';
import { NoteEditor } from './NoteEditor.tsx';
import { NoteGroups } from './NoteGroups.tsx';
import type { BookPage, Placed } from './places.ts';
import { justDeleted, useNotes } from './useNotes.ts';

export interface Asked {
  readonly where: Where;
  /** The page that it is asked on. */
  readonly page: BookPage;
  readonly base: string;
  /** The notes that are at that place now, in their order. */
  readonly notesThere: () => readonly Placed[];
}

/** Opens the dialog. The focus goes into its field, and back to where it was when the dialog closes. */
export function openPanel(asked: Asked): void {
  const from = document.activeElement;
  const dialog = document.createElement('dialog');
  dialog.className = 'note-panel not-content';
  dialog.dataset.notesOwn = '';
  dialog.setAttribute('aria-labelledby', 'note-panel-title');
  document.body.append(dialog);
  dialog.addEventListener('close', () => {
    render(null, dialog);
    dialog.remove();
    // A control that was drawn for a moment, such as the one at a selection, is gone by now.
    if (from instanceof HTMLElement && from.isConnected) from.focus({ preventScroll: true });
  });
  dialog.addEventListener('click', (event) => {
    const box = dialog.getBoundingClientRect();
    const inside =
      event.clientX >= box.left &&
      event.clientX <= box.right &&
      event.clientY >= box.top &&
      event.clientY <= box.bottom;
    // Keys click at no place at all.
    if (event.target === dialog && !inside && event.detail > 0) dialog.close();
  });
  render(<Panel {...asked} close={() => dialog.close()} />, dialog);
  dialog.showModal();
  dialog.querySelector('textarea')?.focus();
}

function Panel({ where, page, base, notesThere, close }: Asked & { readonly close: () => void }) {
  const id = useMemo(() => readerNotes().begin(where), [where]);
  const [said, setSaid] = useState('');
  useEffect(() => () => readerNotes().end(id), [id]);
  // Followed for the sake of the notes that are there; the tags of the new one are there before its text is.
  useNotes();
  const there = notesThere().filter(
    ({ note }) => note.id !== id && (!note.deleted || justDeleted.value.has(note.id)),
  );
  const title = where.run ? where.run.title : (where.heading?.text ?? page.title);

  return (
    <div class="note-panel-body">
      <header>
        <h2 id="note-panel-title">
          <span class="note-panel-what">
            {where.run ? 'Note on a run' : where.quote ? 'Note on a passage' : 'Notes'}
          </span>
          {title}
        </h2>
        <button type="button" class="note-close" onClick={close}>
          Close
        </button>
      </header>
      {where.quote && <blockquote class="note-quote">{where.quote.exact}</blockquote>}
      {where.run && (
        <p class="note-hint">The note keeps this run with its moment, and plays on from there.</p>
      )}
      <NoteEditor id={id} label="New note" tags={readerNotes().placeOf(id)?.tags ?? []} say={setSaid} />
      {there.length > 0 && (
        <>
          <h3 class="note-there">
            {there.length === 1 ? 'One note here' : `${there.length.toLocaleString('en')} notes here`}
          </h3>
          <NoteGroups
            headed="none"
            groups={[{ page, heading: null, notes: there }]}
            base={base}
            book={[]}
            announce={setSaid}
          />
        </>
      )}
      <p class="sr-only" role="status">
        {said}
      </p>
      <footer>
        <p class="note-hint">
          Markdown. Kept as you type; Escape closes. <kbd>Alt</kbd> <kbd>N</kbd> opens a note at the section
          in view, or at what you have selected.
        </p>
        <a href={`${base}notes/`}>All your notes</a>
      </footer>
    </div>
  );
}
