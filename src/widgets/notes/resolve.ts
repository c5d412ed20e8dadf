/** Which notes of a page still have what they are about: their passage in its text, or the figure of their run. */
import type { Note } from '../../storage/notes.ts';
import { headingAt } from './pageText.ts';
import type { HeadingInText, PageText } from './pageText.ts';
import { headingOf } from './places.ts';
import { findQuote } from './quote.ts';
import type { Section } from './quote.ts';

export interface Resolved {
  readonly note: Note;
  /** null above the first heading. */
  readonly heading: HeadingInText | null;
  /** Where its passage stands; null where it is not about one. */
  readonly passage: Section | null;
  /** The figure of its run. */
  readonly figure: Element | null;
}

/** What a note of this page is about, or null where the page does not have it any more. */
export function resolve(note: Note, page: Document, text: PageText): Resolved | null {
  const { quote = null, run = null, heading: made = null } = note.place ?? {};
  const heading = headingOf(text.headings, made);
  if (run) {
    const figure = page.getElementById(run.figure);
    return figure && { note, heading: heading ?? null, passage: null, figure };
  }
  if (quote) {
    const passage = findQuote(text.text, quote, heading ?? null);
    return passage && { note, heading: headingAt(text, passage.start), passage, figure: null };
  }
  return heading === undefined ? null : { note, heading, passage: null, figure: null };
}
