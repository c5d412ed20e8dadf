/** Forgetting what the reader says, and taking that, or an import, back again. Pure but for the store that is passed in. */
import { isProblem, SET_ASIDE, watchedKey } from './store.ts';
import type { Change, Problem, Store } from './store.ts';

/** What forgets these values, texts with all their saves; what was set aside stays. */
export function planReset(store: Store, keys: ReadonlySet<string>): readonly Change[] | Problem {
  const entries = store.entries();
  if (isProblem(entries)) return entries;
  return entries
    .filter(({ key }) => keys.has(watchedKey(key)) && !key.includes(SET_ASIDE))
    .map(({ key, raw }) => ({ key, from: raw, to: null }));
}

/** What forgets everything of ours, of whatever kind. */
export function planErasure(store: Store): readonly Change[] | Problem {
  const entries = store.entries();
  return isProblem(entries) ? entries : entries.map(({ key, raw }) => ({ key, from: raw, to: null }));
}

/**
 * Takes changes back, each whose outcome still stands: what the reader made since is left as it is.
 * @returns what stood in the way, or null
 */
export function takeBack(store: Store, changes: readonly Change[]): Problem | null {
  const entries = store.entries();
  if (isProblem(entries)) return entries;
  const present = new Map(entries.map(({ key, raw }) => [key, raw]));
  return store.change(
    changes
      .filter(({ key, to }) => (present.get(key) ?? null) === to)
      .map(({ key, from, to }) => ({ key, from: to, to: from })),
  );
}
