/** The headings that notes are made at, and the pens beside them. */

/** A heading of the prose; those of figures and fields, and that of the sources, are none. */
export const HEADING = '.sl-heading-wrapper > :is(h2, h3, h4)[id]:not(.footnotes *, .not-content *)';

/** What a heading says. */
export function wordsOf(heading: Element): string {
  return heading.textContent.replaceAll(/\s+/g, ' ').trim();
}

/** The pen beside a heading, with the number of notes that are there. */
export function showCount(heading: Element, count: number): void {
  const button = heading.parentElement?.querySelector<HTMLElement>('.note-at');
  if (!button || button.dataset.count === String(count)) return;
  button.dataset.count = String(count);
  const words = count === 0 ? 'Note' : count === 1 ? '1 note' : `${count} notes`;
  button.setAttribute('aria-label', `${words} at “${wordsOf(heading)}”`);
  // The pen itself is the style sheet's.
  button.textContent = count === 0 ? '' : String(count);
}
