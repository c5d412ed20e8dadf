/** The field of a note with its tags and, when asked for, its Markdown as it will be read. */
import { useEffect, useState } from 'preact/hooks';
import { readerText } from '../../storage/browser.ts';
import type { NotePlace } from '../../storage/kinds.ts';
import { NoteText } from './NoteText.tsx';
import { Tags } from './Tags.tsx';
import TextField from './TextField.tsx';

/** A preview follows the typing when it comes to rest: drawing a long text takes its time. */
const REST_MS = 400;

interface Props {
  readonly id: string;
  readonly label: string;
  /** null where the note has no tags: a text that belongs to its page. */
  readonly tags: NotePlace['tags'] | null;
  readonly say: (words: string) => void;
}

export function NoteEditor({ id, label, tags, say }: Props) {
  const [preview, setPreview] = useState(false);
  return (
    <div class="note-editor">
      <TextField kind="note" id={id} label={label} />
      <div class="note-beneath">
        {tags && <Tags id={id} tags={tags} say={say} />}
        <button type="button" aria-pressed={preview} onClick={() => setPreview(!preview)}>
          Preview
        </button>
      </div>
      {preview && <Preview id={id} />}
    </div>
  );
}

function Preview({ id }: { readonly id: string }) {
  const [text, setText] = useState(() => readerText('note', id).state.text);
  useEffect(() => {
    const kept = readerText('note', id);
    let timer = 0;
    const stop = kept.subscribe(() => {
      clearTimeout(timer);
      timer = window.setTimeout(() => setText(kept.state.text), REST_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [id]);
  return (
    <section class="note-preview" aria-label="Preview">
      {text.trim() === '' ? (
        <p class="note-plain">Nothing to show yet. Markdown is drawn here.</p>
      ) : (
        <NoteText text={text} />
      )}
    </section>
  );
}
