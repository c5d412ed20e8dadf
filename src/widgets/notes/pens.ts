/**
 * The pens beside the headings of a page: all of the margin that a page without notes needs. The rest of it loads when the
 * reader has notes, or begins one: at a heading, at a selection, or by the keyboard.
 */
import { readerStore } from '../../storage/browser.ts';
import { kinds } from '../../storage/kinds.ts';
import { HEADING, showCount } from './headings.ts';

/** Draws the pens of this page, and sees to it that the margin comes when there is something for it to do. */
export function drawPens(): void {
  const load = async () => (await import('./margin.ts')).startMargin();

  for (const heading of document.querySelectorAll<HTMLElement>(HEADING)) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'note-at';
    button.dataset.notesOwn = '';
    button.addEventListener('click', () => void load().then((margin) => margin?.openAt(heading.id)));
    heading.parentElement?.append(button);
    showCount(heading, 0);
  }

  const onSelection = (): void => {
    const selection = getSelection();
    const prose = document.querySelector('.sl-markdown-content');
    if (!selection || selection.isCollapsed || !prose?.contains(selection.anchorNode)) return;
    document.removeEventListener('selectionchange', onSelection);
    void load();
  };
  document.addEventListener('selectionchange', onSelection);
  onSelection();

  document.addEventListener('keydown', (event) => {
    if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.code !== 'KeyN') return;
    if (document.querySelector('dialog[open]')) return;
    event.preventDefault();
    void load().then((margin) => margin?.openHere());
  });

  const store = readerStore();
  const look = (): boolean => {
    if (store.list(kinds['note-place']).values.size === 0) return false;
    void load();
    return true;
  };
  if (look()) return;
  const stop = store.watchKind(kinds['note-place'], () => {
    if (look()) stop();
  });
}
