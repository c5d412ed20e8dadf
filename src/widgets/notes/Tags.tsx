/** The tags of a note: typed, suggested, taken off again. */
import { useId, useState } from 'preact/hooks';
import { readerNotes } from '../../storage/browser-notes.ts';
import type { NotePlace } from '../../storage/kinds.ts';
import { sameTag, tagOf, tagsOf } from './places.ts';

/** What one note bears: beyond it a tag tells nothing apart. */
const TAGS_MAX = 30;

interface Props {
  readonly id: string;
  readonly tags: NotePlace['tags'];
  /** Says what came of it: a problem, or what was done. */
  readonly say: (words: string) => void;
}

export function Tags({ id, tags, say }: Props) {
  const [typed, setTyped] = useState('');
  const field = useId();
  const options = useId();

  const keep = (next: string[], words: string): void => {
    const problem = readerNotes().change(id, { tags: next });
    say(problem?.message ?? words);
  };
  const add = (): void => {
    const tag = tagOf(typed);
    setTyped('');
    if (tag === '' || tags.some((each) => sameTag(each, tag)) || tags.length >= TAGS_MAX) return;
    keep([...tags, tag], `Tagged ${tag}`);
  };

  return (
    <div class="note-tags">
      {tags.map((tag) => (
        <button
          key={tag}
          type="button"
          class="note-tag"
          aria-label={`${tag}: take this tag off`}
          onClick={() =>
            keep(
              tags.filter((each) => each !== tag),
              `No longer tagged ${tag}`,
            )
          }
        >
          {tag} <span aria-hidden="true">×</span>
        </button>
      ))}
      <label for={field} class="sr-only">
        Add a tag
      </label>
      <input
        id={field}
        type="text"
        list={options}
        value={typed}
        placeholder="Add a tag"
        autocomplete="off"
        maxLength={60}
        onInput={({ currentTarget: { value } }) => setTyped(value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== ',') return;
          event.preventDefault();
          add();
        }}
        onBlur={add}
      />
      <datalist id={options}>
        {tagsOf(readerNotes().list().notes)
          .filter((each) => !tags.some((own) => sameTag(own, each)))
          .slice(0, 100)
          .map((each) => (
            <option key={each} value={each} />
          ))}
      </datalist>
    </div>
  );
}
