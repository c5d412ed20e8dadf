/** Remembers where in a page the reader was last: the section that was in view when the scrolling came to rest. */
import { readerStore } from '../../storage/browser.ts';
import { kinds } from '../../storage/kinds.ts';
import { lastHeading } from './lastHeading.ts';

/** Passing by is not reading: a section counts once the page has rested on it for this long. */
const REST_MS = 800;

/**
 * Follows the reader through this page. The top of the page is no place: it leaves the last one as it was.
 *
 * @param page the page's path below the base, without slashes around it
 * @param label what the page is called in "Resume: …"
 */
export function recordPlace(page: string, label: string): void {
  const store = readerStore();
  let cancel: (() => void) | null = null;

  function record(): void {
    cancel?.();
    cancel = null;
    const headings = [...document.querySelectorAll<HTMLElement>('main :is(h2, h3)[id]')].map((heading) => ({
      id: heading.id,
      text: heading.textContent.replaceAll(/\s+/g, ' ').trim(),
      topPx: heading.getBoundingClientRect().top,
    }));
    const last = lastHeading(headings, window.innerHeight / 2);
    if (!last) return;
    const heading = { id: last.id, text: last.text };
    // A place that cannot be stored is no loss worth a word: the reader made nothing.
    store.write(kinds.place, 'last', { page, label, heading, seenAtMs: store.clock.nowMs() });
  }

  window.addEventListener(
    'scroll',
    () => {
      cancel?.();
      cancel = store.clock.after(REST_MS, record);
    },
    { passive: true },
  );
  store.onFlush(() => {
    if (cancel) record();
  });
}
