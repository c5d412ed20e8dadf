/**
 * A text that the reader types, kept: saved soon after each change and when the page may go, followed
 * through changes of other tabs, and never traded for another text without asking.
 *
 * Each save has a key of its own, so no tab can overwrite another's, however late it hears of it. A save
 * says which saves it replaces: those whose text its reader had in the field before typing, added, or
 * discarded, or whose text it contains. Only these are removed, and only after it is written. So a text
 * that nobody took over stands until somebody does, whichever tabs have gone by then. Saves that stand
 * side by side are shown in both tabs, each its own in the field and the other one beside it, until the
 * reader decides.
 *
 * A save on the page that vanished though nothing replaces it was cleared away: it stays on the page, and is
 * written back, as it was, with the next save of any tab.
 *
 * A save that is refused leaves the text where it is: on the page, dirty, with the problem said; it is
 * tried again at the next change, blur or return.
 */
import type { Kind, StoredText } from './kinds.ts';
import { isProblem, keyOf } from './store.ts';
import type { Problem, Save, SetAside, Store } from './store.ts';

/** Counted from the first unsaved change and not put off by further ones: at most this much can be lost. */
export const SAVE_DELAY_MS = 300;
/** How many tabs a save remembers; beyond it a text may be shown beside another without need. */
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
  readonly others: readonly StoredText[];
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
  join(other: StoredText): void;
  /** Forgets one of the other texts, because the reader said so. */
  drop(other: StoredText): void;
  /** Forgets a corrupt value, because the reader said so. */
  discard(setAside: SetAside): void;
  /** Removes every save of it, and lets go of the text, because the reader said so. Returns what stood in the way, or null. */
  forget(): Problem | null;
  /** Calls back after each change of `state`. Returns a function that stops it. */
  subscribe(listener: () => void): () => void;
}

/** The texts stored under this id that nothing stored replaces: one, or several that wait for the reader. */
export function standingTexts(store: Store, kind: Kind<StoredText>, id: string): StoredText[] | Problem {
  const saves = store.readSaves(kind, id);
  return isProblem(saves) ? saves : standing(saves).map(({ value }) => value);
}

/** Opens a text; one per key and tab, shared by all who show it. */
export function openText(store: Store, kind: Kind<StoredText>, id: string): KeptText {
  const listeners = new Set<() => void>();
  /** The save whose text was in the field last. */
  let base: TextSave | null = null;
  /** All standing saves as this page last knew them. */
  let held: readonly TextSave[] = [];
  /** The latest save of each tab that the reader of this one has taken over. */
  let seen: Seen = {};
  let count = 0;
  /** The reader changed something that is not stored yet. */
  let dirty = false;
  let cancelTimer: (() => void) | null = null;
  let state = UNREAD;

  function set(change: Partial<TextState>): void {
    state = { ...state, ...change };
    listeners.forEach((listener) => listener());
  }

  function change(next: Partial<TextState>): void {
    dirty = true;
    set({ ...next, unsaved: true });
    cancelTimer ??= store.clock.after(SAVE_DELAY_MS, save);
  }

  function save(): void {
    store.atOnce(saveNow);
  }

  function saveNow(): void {
    cancelTimer?.();
    cancelTimer = null;
    if (!dirty) return;
    const stored = store.readSaves(kind, id);
    if (isProblem(stored)) {
      set({ problem: stored });
      return;
    }
    const { text } = state;
    const by = store.tab;
    const all = standing(union(stored, held));
    const contained = all.filter(({ value }) => text.includes(value.text));
    const next: TextSave = {
      name: `${by}-${(count += 1)}`,
      value: {
        text,
        savedAtMs: store.clock.nowMs(),
        by,
        seen: merge(seen, ...contained.map(({ value }) => value.seen), { [by]: count }),
      },
    };
    const vanished = without(all, stored).filter((one) => !replaces(next, one));
    const replaced = stored.filter((one) => replaces(next, one));
    const before = { base, held };
    // Set ahead of the write, which tells this text's own watcher: that shows what now stands.
    base = next;
    held = [...all, next];
    dirty = false;
    const problem = store.writeSaves(kind, id, [...vanished, next], replaced);
    if (problem) {
      ({ base, held } = before);
      dirty = true;
      set({ problem });
    }
  }

  /** Looks again, because another tab, or the reader by clearing the storage, may have changed it. */
  function look(): void {
    store.atOnce(lookNow);
  }

  function lookNow(): void {
    if (dirty) {
      if (state.problem) save();
      return;
    }
    const stored = store.readSaves(kind, id);
    if (isProblem(stored)) {
      set({ problem: stored });
      return;
    }
    const last = base;
    held = standing(union(stored, held));
    base =
      held.find(({ name }) => name === last?.name) ??
      latest(held.filter((one) => last !== null && replaces(one, last))) ??
      latest(held);
    const setAside = store.setAside(kind, id);
    if (base === null) {
      set({ problem: null, setAside });
      return;
    }
    const { text, savedAtMs } = base.value;
    seen = merge(seen, base.value.seen);
    const others = without(held, [base])
      .map(({ value }) => value)
      .filter((other) => !text.includes(other.text));
    const vanished = without(held, stored);
    const problem =
      vanished.length === 0
        ? null
        : stored.length === 0
          ? { code: 'removed' as const, key: keyOf(kind, id), message: REMOVED }
          : store.writeSaves(kind, id, vanished, []);
    set({ text, savedAtMs, others, unsaved: problem !== null, problem, setAside });
  }

  /** The reader has said what becomes of another text: from here on this tab counts it as taken over. */
  function decide(other: StoredText, text: string): void {
    seen = merge(seen, other.seen);
    change({ text, others: state.others.filter((each) => each !== other) });
    save();
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
      decide(other, state.text === '' ? other.text : `${state.text}\n\n${other.text}`);
    },
    drop(other) {
      decide(other, state.text);
    },
    discard(setAside) {
      store.discard(setAside);
      set({ setAside: store.setAside(kind, id) });
    },
    forget() {
      const stored = store.readSaves(kind, id);
      if (isProblem(stored)) return stored;
      cancelTimer?.();
      cancelTimer = null;
      // Let go of first: the removal tells this text's own watcher, which would take it for a loss.
      base = null;
      held = [];
      dirty = false;
      set(UNREAD);
      return store.writeSaves(kind, id, [], stored);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

type Seen = StoredText['seen'];
export type TextSave = Save<StoredText>;

/** Whether a save was made by someone who had, or had taken over, the text of another. */
export function replaces(later: TextSave, earlier: TextSave): boolean {
  const { by, seen } = earlier.value;
  return later.name !== earlier.name && (later.value.seen[by] ?? 0) >= (seen[by] ?? 0);
}

/** The saves that none of the others replaces. */
export function standing(saves: readonly TextSave[]): TextSave[] {
  return saves.filter((one) => !saves.some((other) => replaces(other, one)));
}

function without(saves: readonly TextSave[], taken: readonly TextSave[]): TextSave[] {
  return saves.filter(({ name }) => !taken.some((one) => one.name === name));
}

function union(saves: readonly TextSave[], more: readonly TextSave[]): TextSave[] {
  return [...saves, ...without(more, saves)];
}

function latest(saves: readonly TextSave[]): TextSave | null {
  return [...saves].sort((one, two) => two.value.savedAtMs - one.value.savedAtMs)[0] ?? null;
}

/** For each tab its latest number, the tabs that were merged last at the end and kept longest. */
function merge(...all: readonly Seen[]): Seen {
  const numbers = new Map<string, number>();
  for (const [tab, number] of all.flatMap((seen) => Object.entries(seen))) {
    const greatest = Math.max(number, numbers.get(tab) ?? 0);
    numbers.delete(tab);
    numbers.set(tab, greatest);
  }
  return Object.fromEntries([...numbers].slice(-TABS_MAX));
}
