/** The page of all notes: searched, filtered, under the places that they belong to, and taken along as a file. */
import { useId, useMemo, useState } from 'preact/hooks';
import { exportMarkdown } from './exportMarkdown.ts';
import './list.css';
import { NoteGroups } from './NoteGroups.tsx';
import { ALL, groupByPlace, isWanted, placeNote, tagsOf } from './places.ts';
import type { BookPage, NoteKind, Wanted } from './places.ts';
import { PrintSwitch } from './PrintSwitch.tsx';
import { saveAsFile } from './saveAsFile.ts';
import { useLost } from './useLost.ts';
import { justDeleted, useNotes } from './useNotes.ts';

const KINDS: Readonly<Record<NoteKind, string>> = {
  heading: 'At a heading',
  passage: 'On a passage',
  run: 'On a run',
  field: 'My Notes of a chapter',
};

interface Props {
  /** The {@link BookPage}s as JSON: one string is smaller in the page than the same as properties. */
  readonly book: string;
  readonly base: string;
}

export default function NotesPage({ book: json, base }: Props) {
  const book = useMemo(() => JSON.parse(json) as BookPage[], [json]);
  const list = useNotes();
  const [wanted, setWanted] = useState<Wanted>(ALL);
  const [said, setSaid] = useState('');
  // A field of a page that was emptied is no note.
  const notes = useMemo(
    () => (list?.notes ?? []).filter(({ place, text, others }) => place || text !== '' || others.length > 0),
    [list],
  );
  const lost = useLost(notes, book, base);
  const all = useMemo(() => notes.map((note) => placeNote(note, book, lost)), [notes, book, lost]);
  const ghosts = justDeleted.value;
  const shown = all.filter(
    (each) =>
      isWanted(each, wanted) || (ghosts.has(each.note.id) && isWanted(each, { ...wanted, deleted: true })),
  );
  const groups = groupByPlace(shown, book);
  const kept = all.filter(({ note }) => !note.deleted);
  const deleted = all.length - kept.length;
  const tags = useMemo(() => tagsOf(notes), [notes]);
  const pages = book.filter(({ id }) => kept.some(({ page }) => page?.id === id));
  const found = shown.filter(({ note }) => note.deleted === wanted.deleted).length;
  const ask = (change: Partial<Wanted>): void => setWanted({ ...wanted, ...change });
  const asked = wanted.words !== '' || wanted.tag !== '' || wanted.page !== '' || wanted.kind !== '';

  const save = (): void => {
    const site = new URL(base, location.href).href;
    const text = exportMarkdown(groupByPlace(kept, book), site, Date.now());
    saveAsFile('brokerbook-notes.md', text);
    setSaid('Saved as brokerbook-notes.md');
  };

  return (
    <div class="notes-all not-content">
      <div class="notes-tools" role="search" aria-label="Your notes">
        <Field label="Search">
          {(id) => (
            <input
              id={id}
              type="search"
              autocomplete="off"
              disabled={!list}
              value={wanted.words}
              onInput={({ currentTarget: { value } }) => ask({ words: value })}
            />
          )}
        </Field>
        <Field label="Place">
          {(id) => (
            <select
              id={id}
              disabled={!list}
              value={wanted.page}
              onChange={({ currentTarget: { value } }) => ask({ page: value })}
            >
              <option value="">Everywhere</option>
              {pages.map((page) => (
                <option key={page.id} value={page.id}>
                  {page.title}
                </option>
              ))}
              <option value="-">Without a place</option>
            </select>
          )}
        </Field>
        <Field label="Tag">
          {(id) => (
            <select
              id={id}
              disabled={!list}
              value={wanted.tag}
              onChange={({ currentTarget: { value } }) => ask({ tag: value })}
            >
              <option value="">Any</option>
              {tags.map((tag) => (
                <option key={tag} value={tag}>
                  {tag}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label="Kind">
          {(id) => (
            <select
              id={id}
              disabled={!list}
              value={wanted.kind}
              onChange={({ currentTarget: { value } }) => ask({ kind: value as NoteKind | '' })}
            >
              <option value="">Any</option>
              {Object.entries(KINDS).map(([kind, words]) => (
                <option key={kind} value={kind}>
                  {words}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      <div class="notes-line">
        <p class="notes-count" role="status">
          {list && countWords(found, kept.length, asked, wanted.deleted)}
        </p>
        <button
          type="button"
          aria-pressed={wanted.deleted}
          disabled={deleted === 0 && !wanted.deleted}
          onClick={() => ask({ deleted: !wanted.deleted })}
        >
          Deleted ({deleted.toLocaleString('en')})
        </button>
        <button type="button" disabled={kept.length === 0} onClick={save}>
          Export as Markdown
        </button>
        <a href={`${base}progress/`}>Export or import everything</a>
      </div>
      <PrintSwitch />
      {list && list.problems.length > 0 && (
        <div class="note-problems">
          <p>
            {list.problems.length === 1 ? 'One thing' : `${list.problems.length} things`} could not be read:
          </p>
          <ul>
            {list.problems.slice(0, 5).map(({ key, message }) => (
              <li key={key}>{message}</li>
            ))}
          </ul>
        </div>
      )}
      <div class="notes-found">
        {list && kept.length === 0 && deleted === 0 && <p class="note-hint">Nothing noted yet.</p>}
        <NoteGroups
          key={JSON.stringify(wanted)}
          headed="pages"
          groups={groups}
          book={book.filter(({ headings }) => headings.length > 0)}
          base={base}
          announce={setSaid}
        />
      </div>
      <p class="sr-only" role="status">
        {said}
      </p>
    </div>
  );
}

function countWords(found: number, kept: number, asked: boolean, deleted: boolean): string {
  const notes = (count: number): string => (count === 1 ? '1 note' : `${count.toLocaleString('en')} notes`);
  if (deleted) return `${notes(found)}, deleted`;
  return asked ? `${found.toLocaleString('en')} of ${notes(kept)}` : notes(kept);
}

interface FieldProps {
  readonly label: string;
  readonly children: (id: string) => preact.ComponentChild;
}

function Field({ label, children }: FieldProps) {
  const id = useId();
  return (
    <div class="notes-field">
      <label for={id}>{label}</label>
      {children(id)}
    </div>
  );
}
