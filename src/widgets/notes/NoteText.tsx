/** A text of the reader's, drawn as Markdown; as it was typed until the parser is there. */
import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';

type View = FunctionComponent<{ readonly text: string }>;
let loaded: View | null = null;

/** What a list shows of a note at first. */
const GLANCE_CHARACTERS = 1_500;

export async function loadMarkdown(): Promise<View> {
  loaded ??= (await import('./markdown.tsx')).MarkdownView;
  return loaded;
}

interface Props {
  readonly text: string;
  /** Shows the beginning, and the rest when asked. */
  readonly glance?: boolean;
}

export function NoteText({ text, glance = false }: Props) {
  const [View, setView] = useState<View | null>(() => loaded);
  const [whole, setWhole] = useState(!glance);
  useEffect(() => {
    // A reader who is offline reads the text as it was typed.
    if (!View)
      void loadMarkdown().then(
        (view) => setView(() => view),
        () => undefined,
      );
  }, [View]);
  const shown = whole ? text : text.slice(0, GLANCE_CHARACTERS);
  return (
    <>
      <div class={`note-text${View ? '' : ' note-plain'}`}>
        {View ? <View text={shown} /> : shown.slice(0, 10 * GLANCE_CHARACTERS)}
      </div>
      {shown.length < text.length && (
        <button type="button" class="note-quiet" onClick={() => setWhole(true)}>
          Show all of it
        </button>
      )}
    </>
  );
}
