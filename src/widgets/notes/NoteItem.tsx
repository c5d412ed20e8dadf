/** One note in a list: its words, what it is about, and what can be done with it. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { readerNotes } from '../../storage/browser-notes.ts';
import { readerText } from '../../storage/browser.ts';
import type { Problem } from '../../storage/store.ts';
import { NoteEditor } from './NoteEditor.tsx';
import { NoteText } from './NoteText.tsx';
import { addressOf } from './places.ts';
import type { BookPage, Placed } from './places.ts';
import { Replace } from './Replace.tsx';
import { timeOfDay } from './saveStatus.ts';
import { justDeleted } from './useNotes.ts';

export interface ListProps {
  /** The site's base path, with a slash at its end. */
  readonly base: string;
  /** The pages that a note without a place can be given one on; without them a note links to nothing. */
  readonly book: readonly BookPage[];
  /** Says what was done to those who listen. */
  readonly announce: (words: string) => void;
}

interface Props extends ListProps {
  readonly placed: Placed;
  /** The notes of the same place, this one among them, in their order. */
  readonly siblings: readonly Placed[];
}

/** What a note is called where it is named: its first words. */
export function nameOf({ note }: Placed): string {
  const [line = ''] = note.text.slice(0, 400).trim().split('\n', 1);
  const words = line.replaceAll(/[#>*_`[\]]+/g, '').trim();
  if (words === '') return 'empty note';
  return words.length > 40 ? `${words.slice(0, 40).trimEnd()}…` : words;
}

export function NoteItem({ placed, siblings, base, book, announce }: Props) {
  const { note, kind, page } = placed;
  const { place } = note;
  const [editing, setEditing] = useState(false);
  const [trouble, setTrouble] = useState('');
  const root = useRef<HTMLLIElement>(null);
  /** What takes the focus as soon as it is there. */
  const focus = useRef('');
  /** What takes it once the note has come to its new place. */
  const focusMoved = useRef('');
  useLayoutEffect(() => {
    const target = focus.current === '' ? null : root.current?.querySelector<HTMLElement>(focus.current);
    if (!target) return;
    target.focus();
    // Who edits a note goes on with it.
    if (target instanceof HTMLTextAreaElement)
      target.setSelectionRange(target.value.length, target.value.length);
    focus.current = '';
  });
  const at = siblings.findIndex((each) => each.note.id === note.id);
  useLayoutEffect(() => {
    if (focusMoved.current !== '') root.current?.querySelector<HTMLElement>(focusMoved.current)?.focus();
    focusMoved.current = '';
  }, [at]);

  const did = (problem: Problem | null, words: string): boolean => {
    setTrouble(problem?.message ?? '');
    announce(problem?.message ?? words);
    return problem === null;
  };
  const name = nameOf(placed);
  const address = addressOf(placed, base);

  const edit = (): void => {
    focus.current = 'textarea';
    setEditing(true);
  };
  const close = (): void => {
    readerText('note', note.id).flush();
    focus.current = '[data-act="edit"]';
    setEditing(false);
  };
  const remove = (): void => {
    setEditing(false);
    if (!did(readerNotes().remove(note.id), 'Deleted. The button in its place takes it back.')) return;
    justDeleted.value = new Set([...justDeleted.value, note.id]);
    focus.current = '[data-act="undo"]';
  };
  const restore = (): void => {
    if (did(readerNotes().restore(note.id), 'Back in its place.')) focus.current = '[data-act="edit"]';
  };
  const purge = (): void => {
    if (!confirm(`Remove the note “${name}” for good? Nothing can bring it back.`)) return;
    did(readerNotes().purge(note.id), 'Removed for good.');
  };
  const move = (by: number): void => {
    const neighbours = siblings.map((each) => each.note);
    if (at + by < 0 || at + by >= neighbours.length) {
      announce(by < 0 ? 'It is the first here.' : 'It is the last here.');
      return;
    }
    focusMoved.current = by < 0 ? '[data-act="up"]' : '[data-act="down"]';
    did(readerNotes().move(note.id, neighbours, by), `Now ${at + by + 1} of ${neighbours.length} here.`);
  };

  if (note.deleted && justDeleted.value.has(note.id)) {
    return (
      <li class="note note-ghost" ref={root} data-note={note.id}>
        <p>
          Deleted: <q>{name}</q>
        </p>
        <button type="button" data-act="undo" onClick={restore}>
          Undo
        </button>
        {trouble !== '' && <p class="note-trouble">{trouble}</p>}
      </li>
    );
  }

  return (
    <li class="note" ref={root} data-note={note.id} data-kind={kind}>
      {place?.quote && <blockquote class="note-quote">{place.quote.exact}</blockquote>}
      {place?.run && page && address !== null && (
        <p class="note-run">
          <a href={address}>Play from this moment: {place.run.title}</a>
        </p>
      )}
      {editing ? (
        <div
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.preventDefault();
            event.stopPropagation();
            close();
          }}
        >
          <NoteEditor
            id={note.id}
            label="Your note"
            tags={kind === 'field' ? null : (place?.tags ?? [])}
            say={announce}
          />
        </div>
      ) : (
        <>
          {note.text.trim() === '' ? <p class="note-plain">(empty)</p> : <NoteText text={note.text} glance />}
          {note.others.length > 0 && (
            <p class="note-others">Another tab wrote a text of its own to this note: Edit shows both.</p>
          )}
          {place && place.tags.length > 0 && (
            <ul class="note-tag-list" aria-label="Tags">
              {place.tags.map((tag) => (
                <li key={tag}>{tag}</li>
              ))}
            </ul>
          )}
        </>
      )}
      {page === null && <Replace placed={placed} book={book} did={did} />}
      <div class="note-foot">
        <span class="note-when">{timeOfDay(note.savedAtMs, Date.now())}</span>
        {address !== null && !place?.run && (
          <a href={address}>{kind === 'passage' ? 'Show the passage' : 'Show the place'}</a>
        )}
        <span class="note-actions" role="group" aria-label={`Note: ${name}`}>
          {note.deleted ? (
            <>
              <button type="button" data-act="restore" onClick={restore}>
                Restore
              </button>
              <button type="button" onClick={purge}>
                Delete for good
              </button>
            </>
          ) : (
            <>
              <button type="button" data-act="edit" aria-expanded={editing} onClick={editing ? close : edit}>
                {editing ? 'Done' : 'Edit'}
              </button>
              {kind !== 'field' && page !== null && siblings.length > 1 && (
                <>
                  <button type="button" data-act="up" aria-disabled={at === 0} onClick={() => move(-1)}>
                    <span aria-hidden="true">↑</span>
                    <span class="sr-only">Move up</span>
                  </button>
                  <button
                    type="button"
                    data-act="down"
                    aria-disabled={at === siblings.length - 1}
                    onClick={() => move(1)}
                  >
                    <span aria-hidden="true">↓</span>
                    <span class="sr-only">Move down</span>
                  </button>
                </>
              )}
              {kind !== 'field' && (
                <button type="button" data-act="delete" onClick={remove}>
                  Delete
                </button>
              )}
            </>
          )}
        </span>
      </div>
      {trouble !== '' && <p class="note-trouble">{trouble}</p>}
    </li>
  );
}
