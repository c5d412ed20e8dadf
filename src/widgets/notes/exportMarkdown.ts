/** The reader's notes as one Markdown file, to be read elsewhere. Pure but for the reader's time zone. */
import { addressOf } from './places.ts';
import type { Group, Placed } from './places.ts';

/**
 * @param groups the notes by their places
 * @param site the address of the book, with a slash at its end
 * @param nowMs when it is made
 */
export function exportMarkdown(groups: readonly Group[], site: string, nowMs: number): string {
  const parts = [`# Notes on Brokerbook`, `Made on ${day(nowMs)} from ${site}.`];
  let page = '';
  for (const group of groups) {
    const id = group.page?.id ?? '-';
    if (id !== page) parts.push(`## ${group.page?.title ?? 'Without a place'}`);
    page = id;
    if (group.page) parts.push(`### ${group.heading?.text ?? 'At the top of the page'}`);
    for (const placed of group.notes) parts.push(...noteLines(placed, site), '---');
  }
  return `${parts.join('\n\n')}\n`;
}

function noteLines(placed: Placed, site: string): string[] {
  const { note, page } = placed;
  const { place } = note;
  const address = addressOf(placed, site);
  const about = [
    `Saved ${day(note.savedAtMs)}`,
    ...(place && place.tags.length > 0
      ? [place.tags.map((tag) => `#${tag.replaceAll(' ', '-')}`).join(' ')]
      : []),
    ...(address === null
      ? []
      : [
          `[${place?.run ? `Play “${escaped(place.run.title)}” from this moment` : 'In the book'}](<${address}>)`,
        ]),
  ];
  return [
    ...(page === null && place?.heading ? [`It was made at “${escaped(place.heading.text)}”.`] : []),
    ...(place?.quote ? [quoted(place.quote.exact)] : []),
    note.text.trim() === '' ? '(empty)' : note.text.trimEnd(),
    // Texts that wait beside it are the reader's as well.
    ...note.others.map(({ text }) => `Kept beside it:\n\n${text}`),
    about.join(' · '),
  ];
}

function day(timeMs: number): string {
  return new Date(timeMs).toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric' });
}

function quoted(text: string): string {
  return text.replaceAll(/^/gm, '> ');
}

function escaped(text: string): string {
  return text.replaceAll(/[\\[\]`*_<>]/g, (character) => `\\${character}`);
}
