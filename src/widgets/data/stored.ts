/** What is stored, as the parts of the page on the reader's data share it: one look for all of them. */
import { signal } from '@preact/signals';
import { readerStore } from '../../storage/browser.ts';
import { isProblem } from '../../storage/store.ts';
import type { Entry, Problem } from '../../storage/store.ts';

/** Null until it has been looked at, which the build never does. */
export const stored = signal<readonly Entry[] | Problem | null>(null);

let following = false;

export function look(): void {
  stored.value = readerStore().entries();
}

/** Looks, and looks again whenever another tab may have changed something. */
export function follow(): void {
  look();
  if (following) return;
  following = true;
  for (const type of ['storage', 'focus', 'pageshow']) window.addEventListener(type, look);
}

/** The entries, of which there are none where the storage cannot be read. */
export function storedEntries(): readonly Entry[] {
  const { value } = stored;
  return value === null || isProblem(value) ? [] : value;
}
