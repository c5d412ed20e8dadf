/**
 * Which notes have lost what they are about: the page that each was made on is fetched, as any reader would get it, and their
 * passages and figures are looked for in it. A page that does not come says nothing about its notes.
 */
import { useEffect, useState } from 'preact/hooks';
import type { Note } from '../../storage/notes.ts';
import { readPageText } from './pageText.ts';
import type { PageText } from './pageText.ts';
import type { BookPage } from './places.ts';
import { resolve } from './resolve.ts';

const fetched = new Map<string, Promise<{ readonly page: Document; readonly text: PageText } | null>>();

async function fetchPage(
  id: string,
  base: string,
): Promise<{ readonly page: Document; readonly text: PageText } | null> {
  const answer = await fetch(id === 'index' ? base : `${base}${id}/`);
  if (!answer.ok) return null;
  // The policy of this page looks at styles of the parsed one, too, though nobody draws it.
  const html = (await answer.text()).replaceAll(/<style[\s\S]*?<\/style>/gi, '');
  const page = new DOMParser().parseFromString(html, 'text/html');
  const text = readPageText(page);
  return text && { page, text };
}

/** The ids of the notes that have lost it, as far as it is known by now. */
export function useLost(
  notes: readonly Note[],
  book: readonly BookPage[],
  base: string,
): ReadonlySet<string> {
  const [lost, setLost] = useState<ReadonlySet<string>>(new Set());
  useEffect(() => {
    let current = true;
    const looked = notes.filter(({ place }) => place?.quote ?? place?.run);
    const pages = book.filter(({ id }) => looked.some(({ place }) => place?.page === id));
    const look = async (): Promise<void> => {
      const found = new Set<string>();
      for (const { id } of pages) {
        const coming = fetched.get(id) ?? fetchPage(id, base).catch(() => null);
        fetched.set(id, coming);
        const came = await coming;
        if (!came) continue;
        for (const note of looked)
          if (note.place?.page === id && !resolve(note, came.page, came.text)) found.add(note.id);
      }
      if (current) setLost(found);
    };
    void look();
    return () => {
      current = false;
    };
  }, [notes, book, base]);
  return lost;
}
