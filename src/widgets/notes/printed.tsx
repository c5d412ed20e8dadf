/** The reader's notes at their places, on paper: drawn when the printing begins, and taken away when it has ended. */
import { render } from 'preact';
import type { FunctionComponent } from 'preact';
import './list.css';
import { loadMarkdown } from './NoteText.tsx';
import type { Resolved } from './resolve.ts';

let View: FunctionComponent<{ readonly text: string }> | null = null;

export interface Printer {
  readonly drawPrinted: typeof drawPrinted;
  readonly removePrinted: typeof removePrinted;
}

/** Printing waits for nobody: this loads what it needs, and gives the module when that is there. */
export async function ready(): Promise<Printer> {
  View = await loadMarkdown();
  return { drawPrinted, removePrinted };
}

/** Takes the notes away again. */
export function removePrinted(): void {
  for (const aside of document.querySelectorAll('.note-printed')) {
    render(null, aside);
    aside.remove();
  }
}

/**
 * Draws notes after the parts of the page that they are about.
 * @param notes in their order, each with an element of that part; null for the top of the page
 */
export function drawPrinted(notes: readonly (Resolved & { readonly after: Element | null })[]): void {
  removePrinted();
  const prose = document.querySelector('.sl-markdown-content');
  if (!prose) return;
  for (const { note, heading, after } of notes) {
    if (note.deleted) continue;
    const aside = document.createElement('aside');
    aside.className = 'note-printed not-content';
    aside.dataset.notesOwn = '';
    aside.setAttribute('aria-label', `Your note at ${heading?.text ?? 'the top of the page'}`);
    const { quote = null, run = null, tags = [] } = note.place ?? {};
    render(
      <>
        {quote && <blockquote class="note-quote">{quote.exact}</blockquote>}
        {run && <p class="note-run">On a run of “{run.title}”</p>}
        <div class="note-text">{View && <View text={note.text} />}</div>
        {tags.length > 0 && <p class="note-tag-line">{tags.map((tag) => `#${tag}`).join(' ')}</p>}
      </>,
      aside,
    );
    // After a whole part of the prose: inside one, another script may be at work.
    let part = after;
    while (part && part.parentElement !== prose) part = part.parentElement;
    if (!part) {
      prose.prepend(aside);
      continue;
    }
    // Those of one place stand in their order, one after the other.
    while (part.nextElementSibling?.classList.contains('note-printed')) part = part.nextElementSibling;
    part.after(aside);
  }
}
