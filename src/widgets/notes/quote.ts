/** A passage by its words: what is kept of it, and where in a text it is found again. Pure. */
import type { NotePlace } from '../../storage/kinds.ts';

export type Quote = NonNullable<NotePlace['quote']>;

/** What a note quotes at most; a longer selection is quoted from its beginning. */
const EXACT_MAX = 4_000;
/** What is kept of the text on either side, to tell one occurrence from another. */
const CONTEXT = 48;
/** Words as few as these stand in many places: without their surroundings they are not found again. */
const SHORT = 24;
/** Of the surroundings of a few words, so many characters must still be there. */
const CONTEXT_MIN = 8;
/** A passage that stands under its own heading is preferred to one that stands elsewhere, by as many characters as this. */
const SECTION_BONUS = 12;

export interface Section {
  readonly start: number;
  readonly end: number;
}

/** The quote of what stands from `start` to `end`; null where that is white space only. */
export function quoteOf(text: string, start: number, end: number): (Quote & Section) | null {
  const whole = text.slice(start, end);
  const from = start + whole.length - whole.trimStart().length;
  const exact = whole.trim().slice(0, EXACT_MAX).trimEnd();
  if (exact === '') return null;
  const to = from + exact.length;
  return {
    exact,
    before: text.slice(Math.max(0, from - CONTEXT), from),
    after: text.slice(to, to + CONTEXT),
    start: from,
    end: to,
  };
}

/**
 * Where a passage stands now: the occurrence whose surroundings are most like those that it had.
 * @param section the text under the heading that the passage stood under, if there still is one
 */
export function findQuote(text: string, quote: Quote, section: Section | null): Section | null {
  const { exact, before, after } = quote;
  if (exact === '') return null;
  const needed = exact.length < SHORT ? Math.min(CONTEXT_MIN, before.length + after.length) : 0;
  let best: Section | null = null;
  let bestScore = -1;
  for (let start = text.indexOf(exact); start !== -1; start = text.indexOf(exact, start + 1)) {
    const end = start + exact.length;
    const alike = commonEnd(text, start, before) + commonStart(text, end, after);
    const inSection = section !== null && start >= section.start && start < section.end;
    const score = alike + (inSection ? SECTION_BONUS : 0);
    if (alike < needed || score <= bestScore) continue;
    best = { start, end };
    bestScore = score;
  }
  return best;
}

/** How many characters before `at` are those that `words` ends with. */
function commonEnd(text: string, at: number, words: string): number {
  let count = 0;
  while (count < words.length && text[at - 1 - count] === words[words.length - 1 - count]) count += 1;
  return count;
}

/** How many characters from `at` on are those that `words` begins with. */
function commonStart(text: string, at: number, words: string): number {
  let count = 0;
  while (count < words.length && text[at + count] === words[count]) count += 1;
  return count;
}
