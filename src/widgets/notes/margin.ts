/**
 * The margin of a page with prose: how many notes are at each heading, a control at a selection, and the passages that the
 * reader has noted something about, marked. It is drawn by script alone, beside what the build drew and never in it: nothing shifts, and
 * nothing that another script looks after is touched.
 */
import { readerStore } from '../../storage/browser.ts';
import { kinds } from '../../storage/kinds.ts';
import { MADE } from '../../storage/notes.ts';
import type { NoteList, Where } from '../../storage/notes.ts';
import { headingAt, readPageText } from './pageText.ts';
import type { HeadingInText, PageText } from './pageText.ts';
import { showCount } from './headings.ts';
import { kindOf } from './places.ts';
import type { BookPage, Placed } from './places.ts';
import type { Printer } from './printed.tsx';
import { quoteOf } from './quote.ts';
import { resolve } from './resolve.ts';
import type { Resolved } from './resolve.ts';
import { followNotes } from './useNotes.ts';

/** The name under which passages are marked; the style sheet gives it its look. */
const MARK = 'reader-note';
/** A selection that still moves gets no control yet. */
const REST_MS = 150;

export interface Run {
  readonly figure: HTMLElement;
  readonly title: string;
  /** What stands in the address of the run at its moment. */
  readonly parameters: Partial<Record<'run' | 'beside', string>>;
}

interface Margin {
  /** Opens the notes at a heading. */
  readonly openAt: (headingId: string) => void;
  /** Opens a note on what is selected, else at the section in view. */
  readonly openHere: () => void;
  /** Opens a note on a run. */
  readonly noteRun: (run: Run) => void;
}

let margin: Margin | null = null;

/** Draws the margin of this page, once, and follows the reader's notes; null where the page has no prose. */
export function startMargin(): Margin | null {
  const { notesPage: page, notesBase: base } =
    document.querySelector<HTMLElement>('[data-notes-page]')?.dataset ?? {};
  const text = readPageText(document);
  if (page !== undefined && base !== undefined && text) margin ??= drawMargin(page, base, text);
  return margin;
}

/**
 * @param page the page's path below the base; home is `index`
 * @param base the site's base path, with a slash at its end
 */
function drawMargin(page: string, base: string, text: PageText): Margin {
  const book: BookPage = {
    id: page,
    title: document.querySelector('h1')?.textContent.trim() ?? '',
    headings: text.headings.map(({ id, text: words, element }) => ({
      id,
      text: words,
      depth: Number(element.tagName.slice(1)),
    })),
    fields: [],
  };
  let resolved: readonly Resolved[] = [];
  let marked: readonly { readonly range: Range; readonly of: Resolved }[] = [];

  const open = (where: Where): void => {
    const notesThere = (): Placed[] => {
      look();
      return resolved
        .filter(({ heading }) => (heading?.id ?? null) === (where.heading?.id ?? null))
        .map(({ note, heading }) => ({
          note,
          kind: kindOf(note),
          page: book,
          heading: book.headings.find(({ id }) => id === heading?.id) ?? null,
        }));
    };
    void import('./Panel.tsx').then(({ openPanel }) => openPanel({ where, page: book, base, notesThere }));
  };
  const whereAt = (heading: HeadingInText | null, about: Partial<Where> = {}): Where => ({
    page,
    heading: heading && { id: heading.id, text: heading.text },
    quote: null,
    run: null,
    order: 0,
    ...about,
  });

  // --- At the headings.
  function drawCounts(): void {
    const counts = new Map<string, number>();
    for (const { heading, note } of resolved)
      if (heading && !note.deleted) counts.set(heading.id, (counts.get(heading.id) ?? 0) + 1);
    for (const { id, element } of text.headings) showCount(element, counts.get(id) ?? 0);
  }

  // --- At the passages.
  function drawMarks(): void {
    marked = resolved.flatMap((each) =>
      each.passage && !each.note.deleted
        ? [{ range: text.rangeOf(each.passage.start, each.passage.end), of: each }]
        : [],
    );
    // A browser without highlights shows the number of notes at the heading, and the text unmarked.
    if (!('highlights' in CSS)) return;
    CSS.highlights.set(MARK, new Highlight(...marked.map(({ range }) => range)));
  }
  document.addEventListener('click', (event) => {
    const on = event.target instanceof Element ? event.target : null;
    if (marked.length === 0 || on?.closest('a, button, input, label, summary, [data-notes-own]')) return;
    if (!getSelection()?.isCollapsed) return;
    const hit = marked.find(({ range }) =>
      [...range.getClientRects()].some(
        ({ left, right, top, bottom }) =>
          event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom,
      ),
    );
    if (hit) open(whereAt(hit.of.heading));
  });

  // --- At the selection.
  const offer = document.createElement('button');
  offer.type = 'button';
  offer.className = 'note-offer';
  offer.dataset.notesOwn = '';
  offer.textContent = 'Note';
  offer.title = 'Note on the selected passage (Alt+N)';
  offer.hidden = true;
  document.body.append(offer);
  // The press would take the selection away before the click comes.
  offer.addEventListener('pointerdown', (event) => event.preventDefault());
  offer.addEventListener('click', () => {
    const where = selected();
    offer.hidden = true;
    if (where) open(where);
  });

  /** A place for a note on what is selected, or null where that is no prose. */
  function selected(): Where | null {
    const selection = getSelection();
    if (!selection || selection.isCollapsed || selection.rangeCount === 0) return null;
    const range = selection.getRangeAt(0);
    if (!document.querySelector('.sl-markdown-content')?.contains(range.commonAncestorContainer)) return null;
    const start = text.placeOf(range.startContainer, range.startOffset);
    const quote = quoteOf(text.text, start, text.placeOf(range.endContainer, range.endOffset));
    if (!quote) return null;
    const heading = headingAt(text, quote.start);
    const { exact, before, after } = quote;
    return whereAt(heading, { quote: { exact, before, after }, order: quote.start - (heading?.start ?? 0) });
  }
  let timer = 0;
  function offerNote(): void {
    const selection = getSelection();
    const where = selected();
    offer.hidden = where === null;
    if (!where || !selection) return;
    const box = [...selection.getRangeAt(0).getClientRects()].at(-1);
    if (!box) return;
    // Below the end of the selection: above it a phone shows a menu of its own.
    const { innerWidth, scrollX, scrollY } = window;
    const left = Math.max(8, Math.min(innerWidth - offer.offsetWidth - 8, box.right - offer.offsetWidth / 2));
    offer.style.insetInlineStart = `${left + scrollX}px`;
    offer.style.insetBlockStart = `${box.bottom + 10 + scrollY}px`;
  }
  document.addEventListener('selectionchange', () => {
    clearTimeout(timer);
    timer = window.setTimeout(offerNote, REST_MS);
  });

  // What was selected when this was loaded.
  offerNote();

  function look(list?: NoteList): void {
    const notes = (list ?? latest)?.notes ?? [];
    resolved = notes.flatMap((note) =>
      note.place?.page === page && note.id.startsWith(MADE) ? (resolve(note, document, text) ?? []) : [],
    );
  }
  let latest: NoteList | null = null;
  followNotes((list) => {
    latest = list;
    look(list);
    drawCounts();
    drawMarks();
  });

  // --- An address may name a note: the page shows its passage.
  const named = new URLSearchParams(location.search).get('note');
  const shown = marked.find(({ of }) => of.note.id === `${MADE}${named ?? ''}`);
  if (shown) {
    const { top, height } = shown.range.getBoundingClientRect();
    scrollTo({ top: scrollY + top - (innerHeight - height) / 3, behavior: 'instant' });
  }

  // --- On paper, when asked.
  let printed: Printer | null = null;
  const prepare = (): void => {
    const printing = readerStore().read(kinds.printing, 'notes');
    const wanted = printing.found === 'value' && printing.value.notes;
    if (!wanted) printed = null;
    // What is drawn when the printing begins has to be here by then, the parser of Markdown included.
    else void import('./printed.tsx').then((module) => module.ready()).then((module) => (printed = module));
  };
  prepare();
  readerStore().watch(kinds.printing, 'notes', prepare);
  addEventListener('beforeprint', () => {
    const after = ({ heading, passage, figure }: Resolved): Element | null => {
      if (passage) return text.rangeOf(passage.start, passage.end).endContainer.parentElement;
      return figure ?? heading?.element ?? null;
    };
    printed?.drawPrinted(resolved.map((each) => ({ ...each, after: after(each) })));
  });
  addEventListener('afterprint', () => printed?.removePrinted());

  return {
    openAt: (headingId) => open(whereAt(text.headings.find(({ id }) => id === headingId) ?? null)),
    openHere() {
      const line = innerHeight / 3;
      const inView = text.headings.findLast(({ element }) => element.getBoundingClientRect().top <= line);
      open(selected() ?? whereAt(inView ?? null));
    },
    noteRun({ figure, title, parameters }) {
      const place = text.placeOf(figure, 0);
      const heading = headingAt(text, Math.max(0, place - 1));
      const run = { figure: figure.id, title, parameters };
      open(whereAt(heading, { run, order: place - (heading?.start ?? 0) }));
    },
  };
}
