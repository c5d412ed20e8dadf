/**
 * The page's one store: the only place that names `localStorage`. Import it in islands and page scripts;
 * it touches nothing until it is asked.
 */
import { createKeeper } from './keeping.ts';
import type { Keeper } from './keeping.ts';
import { kinds } from './kinds.ts';
import { createNotes } from './notes.ts';
import type { Notes } from './notes.ts';
import { createStore } from './store.ts';
import type { Store } from './store.ts';
import { openText } from './text.ts';
import type { KeptText } from './text.ts';

let store: Store | null = null;
let notes: Notes | null = null;
let keeper: Keeper | null = null;
const texts = new Map<string, KeptText>();

/** The reader's store of this page. Call it in the browser only. */
export function readerStore(): Store {
  store ??= createStore({
    storage: () => window.localStorage,
    clock: {
      nowMs: () => Date.now(),
      after(delayMs, callback) {
        const timer = setTimeout(callback, delayMs);
        return () => clearTimeout(timer);
      },
    },
    events: window,
    // The letter keeps an all-digit name from being sorted before the others as an array index would be.
    tab: `t${crypto.getRandomValues(new Uint32Array(2)).join('-')}`,
    onStored: (kind) => readerKeeper().stored(kind),
  });
  return store;
}

/** What the browser says of how long the reader's things will last. Call it in the browser only. */
export function readerKeeper(): Keeper {
  keeper ??= createKeeper(readerStore(), () => navigator.storage);
  return keeper;
}

/** The reader's text of this kind and id; the same object for all who show it. Call it in the browser only. */
export function readerText(kind: 'note' | 'answer', id: string): KeptText {
  const name = `${kind}/${id}`;
  let text = texts.get(name);
  if (!text) {
    text = openText(readerStore(), kinds[kind], id);
    texts.set(name, text);
    if (texts.size === 1) window.addEventListener('beforeunload', askBeforeLoss);
  }
  return text;
}

/** The reader's notes. Call it in the browser only. */
export function readerNotes(): Notes {
  notes ??= createNotes(readerStore(), (id) => readerText('note', id));
  return notes;
}

/** Leaving while something could not be saved loses it, so the browser asks the reader first. */
function askBeforeLoss(event: BeforeUnloadEvent): void {
  texts.forEach((text) => text.flush());
  if ([...texts.values()].some(({ state }) => state.unsaved)) event.preventDefault();
}
