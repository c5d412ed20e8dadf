/**
 * A text that the reader types, kept: saved soon after each change and when the page may go, followed
 * through changes of other tabs, and never traded for another text without asking.
 *
 * When two tabs have written past one another, the text of this tab stays and the other one is put beside
 * it, both in the storage, until the reader decides. A save that is refused leaves the text where it is:
 * on the page, dirty, with the problem said; it is tried again at the next change, blur or return.
 */
import type { Kind, OtherText, StoredText } from './kinds.ts';
import { keyOf } from './store.ts';
import type { Problem, SetAside, Store } from './store.ts';

/** Counted from the first unsaved change and not put off by further ones: at most this much can be lost. */
export const SAVE_DELAY_MS = 300;
/** How many tabs a stored text remembers having seen; beyond it a text may be set aside without need. */
const TABS_MAX = 16;

const REMOVED =
  'No longer stored: it was removed, in another tab or by clearing this site’s data. ' +
  'The text is still here; change it to store it again.';

export interface TextState {
  readonly text: string;
  /** The text on the page is not, or not any more, the one in the storage. */
  readonly unsaved: boolean;
  readonly savedAtMs: number | null;
  /** Texts from other tabs that wait for the reader's decision. */
  readonly others: readonly OtherText[];
  readonly problem: Problem | null;
  /** Corrupt values found under this key, for the reader to save as a file. */
  readonly setAside: readonly SetAside[];
}

/** What a page shows before it has looked into the storage, and what the build draws. */
export const UNREAD: TextState = {
  text: '',
  unsaved: false,
  savedAtMs: null,
  others: [],
  problem: null,
  setAside: [],
};

export interface KeptText {
  readonly state: TextState;
  /** The reader typed: `text` is the whole text now. */
  edit(text: string): void;
  /** Saves now what is not saved. */
  flush(): void;
  /** Takes one of the other texts to the end of this one. */
  join(other: OtherText): void;
  /** Forgets one of the other texts, because the reader said so. */
  drop(other: OtherText): void;
  /** Forgets a corrupt value, because the reader said so. */
  discard(setAside: SetAside): void;
  /** Calls back after each change of `state`. Returns a function that stops it. */
  subscribe(listener: () => void): () => void;
}

/** Opens a text; one per key and tab, shared by all who show it. */
export function openText(store: Store, kind: Kind<StoredText>, id: string): KeptText {
  const listeners = new Set<() => void>();
  /** The stored text that this tab last read or wrote. */
  let base: StoredText | null = null;
  let saves = 0;
  /** The reader changed something that is not stored yet. */
  let dirty = false;
  let cancelTimer: (() => void) | null = null;
  let state = UNREAD;

  function set(change: Partial<TextState>): void {
    state = { ...state, ...change };
    listeners.forEach((listener) => listener());
  }

  function adopt(stored: StoredText): void {
    base = stored;
    dirty = false;
    const { text, savedAtMs, others } = stored;
    set({ text, savedAtMs, others, unsaved: false, problem: null, setAside: store.setAside(kind, id) });
  }

  function change(next: Partial<TextState>): void {
    dirty = true;
    set({ ...next, unsaved: true });
    cancelTimer ??= store.clock.after(SAVE_DELAY_MS, save);
  }

  function save(): void {
    cancelTimer?.();
    cancelTimer = null;
    if (!dirty) return;
    const reading = store.read(kind, id);
    if (reading.found === 'problem') {
      set({ problem: reading.problem });
      return;
    }
    const stored = reading.found === 'value' ? reading.value : null;
    const writtenPast = stored !== null && !continues(base, stored);
    const next: StoredText = {
      text: state.text,
      savedAtMs: store.clock.nowMs(),
      by: store.tab,
      seen: seenBySave(base, stored, store.tab, (saves += 1)),
      others: withoutRepeats(
        state.text,
        writtenPast ? [...state.others, ...stored.others, asOther(stored)] : state.others,
      ),
    };
    const before = base;
    // Set ahead of the write, which tells this text's own watcher too.
    base = next;
    dirty = false;
    const problem = store.write(kind, id, next);
    if (problem) {
      base = before;
      dirty = true;
      set({ problem });
    } else {
      adopt(next);
    }
  }

  /** Looks again, because another tab, or the reader by clearing the storage, may have changed it. */
  function look(): void {
    if (dirty) {
      if (state.problem) save();
      return;
    }
    const reading = store.read(kind, id);
    if (reading.found === 'problem') {
      set({ problem: reading.problem });
      return;
    }
    if (reading.found === 'nothing') {
      const problem = base && { code: 'removed' as const, key: keyOf(kind, id), message: REMOVED };
      set({ problem, unsaved: base !== null, setAside: store.setAside(kind, id) });
      return;
    }
    const stored = reading.value;
    const isBase = base !== null && continues(base, stored) && continues(stored, base);
    if (isBase && state.problem === null) return;
    if (base === null || continues(stored, base) || keeps(stored, base)) {
      adopt(stored);
    } else {
      // Two tabs wrote at the same moment and ours was overwritten unseen: write it again, with both.
      dirty = true;
      save();
    }
  }

  store.watch(kind, id, look);
  store.onFlush(save);
  look();

  return {
    get state() {
      return state;
    },
    edit: (text) => change({ text }),
    flush: save,
    join(other) {
      const text = state.text === '' ? other.text : `${state.text}\n\n${other.text}`;
      change({ text, others: state.others.filter((each) => each !== other) });
      save();
    },
    drop(other) {
      change({ others: state.others.filter((each) => each !== other) });
      save();
    },
    discard(setAside) {
      store.discard(setAside);
      set({ setAside: store.setAside(kind, id) });
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Whether `later` was written in knowledge of `earlier`, so that nothing is lost by letting it stand. */
function continues(later: StoredText | null, earlier: StoredText): boolean {
  return (later?.seen[earlier.by] ?? 0) >= (earlier.seen[earlier.by] ?? 0);
}

/** Whether every text of `earlier` can still be found in `later`. */
function keeps(later: StoredText, earlier: StoredText): boolean {
  const kept = [later.text, ...later.others.map((other) => other.text)];
  const needed = [earlier.text, ...earlier.others.map((other) => other.text)];
  return needed.every((text) => kept.some((one) => one.includes(text)));
}

/** For each tab its latest known save, most recent last, this tab's own at the end. */
function seenBySave(
  base: StoredText | null,
  stored: StoredText | null,
  tab: string,
  save: number,
): Record<string, number> {
  const seen = new Map(Object.entries(base?.seen ?? {}));
  for (const [other, count] of Object.entries(stored?.seen ?? {})) {
    const latest = Math.max(count, seen.get(other) ?? 0);
    seen.delete(other);
    seen.set(other, latest);
  }
  seen.delete(tab);
  return Object.fromEntries([...[...seen].slice(1 - TABS_MAX), [tab, save]]);
}

function asOther({ text, savedAtMs }: StoredText): OtherText {
  return { text, savedAtMs };
}

/** Leaves out what is wholly contained in the text or in another of the others: that is not lost by it. */
function withoutRepeats(text: string, others: readonly OtherText[]): OtherText[] {
  return others.filter(
    (one, at) =>
      !text.includes(one.text) &&
      !others.some(
        (two, index) => index !== at && two.text.includes(one.text) && (two.text !== one.text || index < at),
      ),
  );
}
