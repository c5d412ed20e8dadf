/**
 * How long what is stored will last, and what was done about it: the browser is asked not to clear it, and the reader is
 * reminded of an export. The browser's part is passed in, so tests run it under Node.
 *
 * A browser may clear what a site stored: when the disk is short, and Safari after seven days of use without a visit to
 * the site (https://webkit.org/blog/10218/full-third-party-cookie-blocking-and-more/). One that grants `persist` does not.
 */
import { decode } from './codec.ts';
import { isTextKind, kindNamed, kinds } from './kinds.ts';
import type { Care, StoredText } from './kinds.ts';
import { isProblem, PREFIX, SET_ASIDE, watchedKey } from './store.ts';
import type { Entry, Store } from './store.ts';

/** After so long Safari clears, so after so long an export is old, and a reminder that was put off comes back. */
export const WEEK_MS = 7 * 24 * 60 * 60 * 1000;
/** So many texts, ticks and answers are much: more than a reader would care to make again. */
export const MUCH = 20;

/** `navigator.storage`, as far as it is asked. */
export type Persistence = Pick<StorageManager, 'persist' | 'persisted'>;

/** `granted`: not cleared but by the reader. `refused`: the browser may clear it. `unknown`: it has not said, or cannot be asked. */
export type Lasting = 'granted' | 'refused' | 'unknown';

export interface Keeper {
  readonly lasting: Lasting;
  /** Looks up what was granted before; asks for nothing. */
  look(): Promise<void>;
  /**
   * Asks the browser to keep what is stored, because the reader said so. Some ask the reader in turn, and some want it in
   * answer to a click. Writes nothing.
   */
  ask(): Promise<void>;
  /** A value of this kind was stored: from the first that is the reader's own on there is something to keep. */
  stored(kind: string): void;
  /** Calls back after each change of `lasting`. Returns a function that stops it. */
  subscribe(listener: () => void): () => void;
}

/** Where the page was, how it prints, what was done to keep things: made by the way; nobody would miss them. */
const BY_THE_WAY = [kinds.place, kinds.care, kinds.printing].map(({ name }) => name);

function isMade(kind: string): boolean {
  return !BY_THE_WAY.includes(kind);
}

export function createKeeper(store: Store, persistence: () => Persistence | undefined): Keeper {
  const listeners = new Set<() => void>();
  let lasting: Lasting = 'unknown';
  let asked = false;

  async function learn(answer: (manager: Persistence) => Promise<boolean>): Promise<void> {
    const manager = persistence();
    if (!manager) return;
    try {
      lasting = (await answer(manager)) ? 'granted' : 'refused';
    } catch {
      // Browsers refuse sandboxed and insecure pages so.
      lasting = 'refused';
    }
    listeners.forEach((listener) => listener());
  }

  const look = (): Promise<void> => learn((manager) => manager.persisted());

  const ask = (): Promise<void> => learn((manager) => manager.persist());

  async function askWhenDue(): Promise<void> {
    await look();
    const { askedAtMs } = careOf(store);
    // A reader who said no is not asked at every visit; a browser that decides by itself may have come round.
    const recently = askedAtMs !== null && store.clock.nowMs() - askedAtMs < WEEK_MS;
    if (lasting !== 'refused' || recently) return;
    noteCare(store, { askedAtMs: store.clock.nowMs() });
    await ask();
  }

  return {
    get lasting() {
      return lasting;
    },
    look,
    ask,
    stored(kind) {
      if (asked || !isMade(kind)) return;
      asked = true;
      void askWhenDue();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** What was done so far to keep things. */
export function careOf(store: Store): Care {
  const reading = store.read(kinds.care, 'last');
  return reading.found === 'value'
    ? reading.value
    : { exportedAtMs: null, putOffAtMs: null, askedAtMs: null };
}

/** Notes what was done. Where there is no room even for that, the reminder comes again: no harm, and no word. */
export function noteCare(store: Store, done: Partial<Care>): void {
  store.write(kinds.care, 'last', { ...careOf(store), ...done });
}

/**
 * Whether to remind of an export: there is much, the last export is a week old or there was none, something was made
 * since, and no reminder was put off within a week.
 */
export function isExportDue(store: Store): boolean {
  const { exportedAtMs, putOffAtMs } = careOf(store);
  const aWeekAgoMs = store.clock.nowMs() - WEEK_MS;
  if (exportedAtMs !== null && exportedAtMs > aWeekAgoMs) return false;
  if (putOffAtMs !== null && putOffAtMs > aWeekAgoMs) return false;
  const entries = store.entries();
  if (isProblem(entries)) return false;
  const made = entries.filter(({ key }) => isMade(kindOf(key)) && !key.includes(SET_ASIDE));
  if (new Set(made.map(({ key }) => watchedKey(key))).size < MUCH) return false;
  return exportedAtMs === null || made.some((entry) => madeAtMs(entry) > exportedAtMs);
}

function kindOf(key: string): string {
  return key.slice(PREFIX.length).split('/', 1).join();
}

/** When a value was made; one that does not say it, or cannot be read, counts as new. */
function madeAtMs({ key, raw }: Entry): number {
  const kind = kindNamed(kindOf(key));
  const decoded = kind ? decode(kind, key, raw) : null;
  if (!kind || decoded?.result !== 'value') return Infinity;
  if (isTextKind(kind)) return (decoded.value as StoredText).savedAtMs;
  return kind.changedAtMs(decoded.value) ?? Infinity;
}
