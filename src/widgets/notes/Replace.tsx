/** A place for a note that has lost its own. What it was about goes into its text, so that nothing of it is lost. */
import { useId, useState } from 'preact/hooks';
import { readerNotes } from '../../storage/browser-notes.ts';
import { readerText } from '../../storage/browser.ts';
import type { Problem } from '../../storage/store.ts';
import type { BookPage, Placed } from './places.ts';

interface Props {
  readonly placed: Placed;
  readonly book: readonly BookPage[];
  /** Says what came of it. */
  readonly did: (problem: Problem | null, words: string) => boolean;
}

export function Replace({ placed: { note }, book, did }: Props) {
  const made = note.place;
  const field = useId();
  const [chosen, setChosen] = useState('');
  if (book.length === 0) return null;

  const give = (): void => {
    const [pageId, headingId] = chosen.split('#');
    const page = book.find(({ id }) => id === pageId);
    const heading = page?.headings.find(({ id }) => id === headingId);
    if (!page || !heading) return;
    const about = [
      ...(made?.quote ? [`> ${made.quote.exact}`] : []),
      ...(made?.run
        ? [`A run of “${made.run.title}”: \`?${new URLSearchParams(made.run.parameters).toString()}\``]
        : []),
    ];
    const text = readerText('note', note.id);
    if (about.length > 0) text.edit([...about, text.state.text].join('\n\n'));
    text.flush();
    // The text has taken in what the note was about: only then may its place forget that.
    const problem =
      text.state.problem ??
      readerNotes().change(note.id, {
        page: page.id,
        heading: { id: heading.id, text: heading.text },
        quote: null,
        run: null,
        order: Date.now(),
      });
    did(problem, `Placed at ${heading.text}.`);
  };

  return (
    <div class="note-replace">
      {made?.heading && (
        <p>
          It was made at “{made.heading.text}”{made.run ? `, of a run of “${made.run.title}”` : ''}, and the
          text has changed since.
        </p>
      )}
      <label for={field}>New place</label>
      <select id={field} value={chosen} onChange={({ currentTarget: { value } }) => setChosen(value)}>
        <option value="">Choose a heading</option>
        {book.map((page) => (
          <optgroup key={page.id} label={page.title}>
            {page.headings.map((heading) => (
              <option key={heading.id} value={`${page.id}#${heading.id}`}>
                {heading.text}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      <button type="button" disabled={chosen === ''} onClick={give}>
        Place it there
      </button>
    </div>
  );
}
