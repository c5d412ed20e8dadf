/**
 * The reader's things under namespaced keys of a Web Storage, with every way in which that can go wrong.
 *
 * Framework-free and without globals: storage, clock and events are passed in, so tests run it under Node.
 * What it never does: overwrite a value that it cannot read. A value of an unknown version stays where it
 * is and writes to its key are refused; a corrupt one is moved to a key beside it and offered to the reader.
 */
import { decode, encode } from './codec.ts';
import type { Kind } from './kinds.ts';

/** All sites of one user share an origin on GitHub Pages, so every key begins with the book's own name. */
export const PREFIX = 'brokerbook/v1/';
export const SAVE = '/save/';
export const SET_ASIDE = '/set-aside/';

export type StorageLike = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

export interface Clock {
  /** Milliseconds since 1970. */
  nowMs(): number;
  /** Calls back once, `delayMs` from now; the function that it returns cancels. */
  after(delayMs: number, callback: () => void): () => void;
}

export interface Surroundings {
  /** Gives the storage, or nothing, or throws: browsers do all three. Asked anew each time. */
  readonly storage: () => StorageLike | null | undefined;
  readonly clock: Clock;
  /** `window`, or what stands for it: the source of `storage`, `pagehide`, `visibilitychange` and the like. */
  readonly events: Pick<EventTarget, 'addEventListener'>;
  /** A name for this tab that no other tab has. */
  readonly tab: string;
  /** Told after each value that is stored, with the name of its kind. */
  readonly onStored?: (kind: string) => void;
}

/** Why a value could not be read or written; `message` is for the reader and says what is still safe. */
export interface Problem {
  readonly code: 'full' | 'forbidden' | 'unknown-version' | 'corrupt' | 'removed' | 'moved';
  readonly key: string;
  readonly message: string;
}

export type Reading<T> =
  | { readonly found: 'nothing' }
  | { readonly found: 'value'; readonly value: T }
  | { readonly found: 'problem'; readonly problem: Problem };

const MOVED =
  'Nothing was done: something that this was about has changed meanwhile, perhaps in another tab.';

export function isProblem(value: unknown): value is Problem {
  return typeof value === 'object' && value !== null && 'code' in value;
}

/** One of the values that stand beside one another under an id, each under a key that is written once. */
export interface Save<T> {
  /** Unique for all time, in lower-case letters, digits and single hyphens. */
  readonly name: string;
  readonly value: T;
}

/** All values of a kind. */
export interface Listing<T> {
  /** By id; a value that has no saves stands alone, under the name ''. */
  readonly values: ReadonlyMap<string, readonly Save<T>[]>;
  /** Why others could not be read. */
  readonly problems: readonly Problem[];
}

/** A value that could not be read, kept as it was found. */
export interface SetAside {
  readonly key: string;
  readonly raw: string;
}

/** One key of ours with what is stored under it, whatever that is. */
export interface Entry {
  readonly key: string;
  readonly raw: string;
}

/** What becomes of a key: from what it was when this was planned, to what it is to be; null is nothing. */
export interface Change {
  readonly key: string;
  readonly from: string | null;
  readonly to: string | null;
}

export interface Store {
  readonly clock: Clock;
  readonly tab: string;
  read<T>(kind: Kind<T>, id: string): Reading<T>;
  /** Writes at once. Returns what stood in the way, or null when the value is stored. */
  write<T>(kind: Kind<T>, id: string, value: T): Problem | null;
  /** All saves under this id; one of a version that this page does not know makes the whole a problem. */
  readSaves<T>(kind: Kind<T>, id: string): readonly Save<T>[] | Problem;
  /** Adds saves and then removes those that they replace. Returns what stood in the way, or null. */
  writeSaves<T>(
    kind: Kind<T>,
    id: string,
    saves: readonly Save<T>[],
    replaced: readonly Save<T>[],
  ): Problem | null;
  /** Removes a value, because the reader said so. Returns what stood in the way, or null. */
  remove<T>(kind: Kind<T>, id: string): Problem | null;
  /** Every value of this kind, in one walk over the keys. */
  list<T>(kind: Kind<T>): Listing<T>;
  /** Calls back when any value of this kind may have changed. Returns a function that stops it. */
  watchKind<T>(kind: Kind<T>, listener: () => void): () => void;
  /** Calls back when the value may have changed, in this tab or another. Returns a function that stops it. */
  watch<T>(kind: Kind<T>, id: string, listener: () => void): () => void;
  /** The corrupt values that were found under this key, oldest first under each key. */
  setAside<T>(kind: Kind<T>, id: string): readonly SetAside[];
  /** Forgets one of them, because the reader said so. */
  discard(setAside: SetAside): void;
  /** Calls back when the page may be about to go: the last chance to write. */
  onFlush(listener: () => void): void;
  /** Everything of ours as it is stored, by key: of unknown kinds and versions, corrupt and set aside, too. */
  entries(): readonly Entry[] | Problem;
  /**
   * Makes all of these changes or none: when one key is not any more what the change comes from (`moved`), or the
   * storage refuses one, everything is as it was before. Returns what stood in the way, or null.
   */
  change(changes: readonly Change[]): Problem | null;
  /** Runs `use` so that all that it reads shares one look through the keys, for those who read many texts. */
  atOnce<R>(use: () => R): R;
}

/**
 * The key of a value.
 * @throws RangeError when the id is not made of lower-case segments, as permanent ids are.
 */
export function keyOf<T>(kind: Kind<T>, id: string): string {
  if (
    !/^[a-z0-9]+([-./][a-z0-9]+)*$/.test(id) ||
    [SAVE, SET_ASIDE].some((word) => `/${id}/`.includes(word))
  ) {
    throw new RangeError(
      `Id "${id}" of a ${kind.name}: expected lower-case letters, digits and single "-", "." or "/" between them`,
    );
  }
  return `${PREFIX}${kind.name}/${id}`;
}

/** The key that watchers of a value go by: its own, also for its saves and for what was set aside. */
export function watchedKey(key: string): string {
  return key.split(SET_ASIDE, 1).join().split(SAVE, 1).join();
}

/** The key that watchers of a kind go by: what the keys of all its values begin with. */
function kindKey(key: string): string {
  return key.slice(0, key.indexOf('/', PREFIX.length) + 1);
}

export function createStore({ storage, clock, events, tab, onStored }: Surroundings): Store {
  const listeners = new Map<string, Set<() => void>>();
  const flushes = new Set<() => void>();
  /** Our keys by the key that is watched, while `atOnce` runs and nothing was written since they were looked through. */
  let index: ReadonlyMap<string, readonly string[]> | null = null;
  let depth = 0;

  const tell = (key: string): void => listeners.get(key)?.forEach((listener) => listener());
  const notify = (key: string): void => {
    tell(key);
    tell(kindKey(key));
  };
  const notifyAll = (): void => atOnce(() => [...listeners.keys()].forEach(tell));

  function atOnce<R>(use: () => R): R {
    depth += 1;
    try {
      return use();
    } finally {
      depth -= 1;
      if (depth === 0) index = null;
    }
  }

  events.addEventListener('storage', (event) => {
    const key = 'key' in event && typeof event.key === 'string' ? event.key : null;
    // A null key means that everything was cleared. Any change may also have made room.
    if (key === null) notifyAll();
    else if (key.startsWith(PREFIX)) notify(watchedKey(key));
  });
  for (const type of ['pagehide', 'visibilitychange', 'blur']) {
    events.addEventListener(type, () => flushes.forEach((flush) => flush()));
  }
  // A page that was frozen or in the back-forward cache got no storage events.
  for (const type of ['pageshow', 'visibilitychange', 'focus']) events.addEventListener(type, notifyAll);

  /** Runs one access, with the errors of a forbidden or full storage made into a problem. */
  function access<R>(key: string, use: (storage: StorageLike) => R): R | Problem {
    try {
      const open = storage();
      if (open) return use(open);
    } catch (error) {
      const name = error instanceof Error || error instanceof DOMException ? error.name : '';
      if (/quota/i.test(name)) {
        return {
          code: 'full',
          key,
          message: 'Not saved: the storage that this browser gives the site is full.',
        };
      }
    }
    return {
      code: 'forbidden',
      key,
      message: 'Not saved: this browser does not let the site store anything.',
    };
  }

  /** Copies a corrupt value beside its key before it takes it away; a copy that fails changes nothing. */
  function moveAside(open: StorageLike, key: string, raw: string): void {
    let time = clock.nowMs();
    while (open.getItem(`${key}${SET_ASIDE}${time}`) !== null) time += 1;
    index = null;
    open.setItem(`${key}${SET_ASIDE}${time}`, raw);
    open.removeItem(key);
  }

  function ourKeys(open: StorageLike): string[] {
    return Array.from({ length: open.length }, (_, at) => open.key(at) ?? '')
      .filter((key) => key.startsWith(PREFIX))
      .sort();
  }

  /** The key of a value and those of its saves and of what was set aside, as far as they are there. */
  function keysOf(watched: string): readonly string[] | Problem {
    return access(watched, (open) => {
      if (depth === 0) return ourKeys(open).filter((key) => watchedKey(key) === watched);
      if (!index) {
        const found = new Map<string, string[]>();
        for (const key of ourKeys(open)) {
          const beside = found.get(watchedKey(key));
          if (beside) beside.push(key);
          else found.set(watchedKey(key), [key]);
        }
        index = found;
      }
      return index.get(watched) ?? [];
    });
  }

  function listen(key: string, listener: () => void): () => void {
    const watching = listeners.get(key) ?? new Set();
    listeners.set(key, watching.add(listener));
    return () => void watching.delete(listener);
  }

  function readKey<T>(kind: Kind<T>, key: string): Reading<T> {
    const raw = access(key, (open) => open.getItem(key));
    if (isProblem(raw)) return { found: 'problem', problem: raw };
    if (raw === null) return { found: 'nothing' };
    const decoded = decode(kind, key, raw);
    if (decoded.result === 'value') return { found: 'value', value: decoded.value };
    if (decoded.result === 'unknown-version') {
      const message = `Not saved: ${decoded.message}. It is left untouched; reload the page to get the newest book.`;
      return { found: 'problem', problem: { code: 'unknown-version', key, message } };
    }
    if (isProblem(access(key, (open) => moveAside(open, key, raw)))) {
      const message = `Not saved: ${decoded.message}. There is no room to set it aside, so it is left untouched.`;
      return { found: 'problem', problem: { code: 'corrupt', key, message } };
    }
    return { found: 'nothing' };
  }

  return {
    clock,
    tab,

    read<T>(kind: Kind<T>, id: string): Reading<T> {
      return readKey(kind, keyOf(kind, id));
    },

    write<T>(kind: Kind<T>, id: string, value: T): Problem | null {
      const key = keyOf(kind, id);
      const present = readKey(kind, key);
      if (present.found === 'problem') return present.problem;
      index = null;
      const refused = access(key, (open) => open.setItem(key, encode(kind, value)));
      if (isProblem(refused)) return refused;
      notify(key);
      onStored?.(kind.name);
      return null;
    },

    readSaves<T>(kind: Kind<T>, id: string): readonly Save<T>[] | Problem {
      const prefix = keyOf(kind, id) + SAVE;
      const keys = keysOf(keyOf(kind, id));
      if (isProblem(keys)) return keys;
      const saves: Save<T>[] = [];
      for (const key of keys) {
        if (!key.startsWith(prefix) || key.includes(SET_ASIDE)) continue;
        const reading = readKey(kind, key);
        if (reading.found === 'problem') return reading.problem;
        if (reading.found === 'value') saves.push({ name: key.slice(prefix.length), value: reading.value });
      }
      return saves;
    },

    writeSaves<T>(
      kind: Kind<T>,
      id: string,
      saves: readonly Save<T>[],
      replaced: readonly Save<T>[],
    ): Problem | null {
      const key = keyOf(kind, id);
      index = null;
      for (const { name, value } of saves) {
        const refused = access(key, (open) => open.setItem(key + SAVE + name, encode(kind, value)));
        if (isProblem(refused)) return refused;
      }
      // Only now: a page that goes in between leaves one save too many, never one too few.
      for (const { name } of replaced) access(key, (open) => open.removeItem(key + SAVE + name));
      notify(key);
      onStored?.(kind.name);
      return null;
    },

    remove<T>(kind: Kind<T>, id: string): Problem | null {
      const key = keyOf(kind, id);
      const present = readKey(kind, key);
      if (present.found === 'problem') return present.problem;
      index = null;
      const refused = access(key, (open) => open.removeItem(key));
      if (isProblem(refused)) return refused;
      notify(key);
      return null;
    },

    list<T>(kind: Kind<T>): Listing<T> {
      const prefix = `${PREFIX}${kind.name}/`;
      const keys = access(prefix, (open) => ourKeys(open).filter((key) => key.startsWith(prefix)));
      if (isProblem(keys)) return { values: new Map(), problems: [keys] };
      const values = new Map<string, Save<T>[]>();
      const problems: Problem[] = [];
      for (const key of keys) {
        if (key.includes(SET_ASIDE)) continue;
        const reading = readKey(kind, key);
        if (reading.found === 'problem') problems.push(reading.problem);
        if (reading.found !== 'value') continue;
        const [id = '', name = ''] = key.slice(prefix.length).split(SAVE);
        const saves = values.get(id);
        if (saves) saves.push({ name, value: reading.value });
        else values.set(id, [{ name, value: reading.value }]);
      }
      return { values, problems };
    },

    watchKind<T>(kind: Kind<T>, listener: () => void): () => void {
      return listen(`${PREFIX}${kind.name}/`, listener);
    },

    watch<T>(kind: Kind<T>, id: string, listener: () => void): () => void {
      return listen(keyOf(kind, id), listener);
    },

    setAside<T>(kind: Kind<T>, id: string): readonly SetAside[] {
      const prefix = keyOf(kind, id);
      const keys = keysOf(prefix);
      if (isProblem(keys)) return [];
      const found = access(prefix, (open) =>
        keys.filter((key) => key.includes(SET_ASIDE)).map((key) => ({ key, raw: open.getItem(key) ?? '' })),
      );
      return isProblem(found) ? [] : found;
    },

    discard({ key }: SetAside): void {
      index = null;
      access(key, (open) => open.removeItem(key));
      notify(watchedKey(key));
    },

    onFlush(listener: () => void): void {
      flushes.add(listener);
    },

    entries(): readonly Entry[] | Problem {
      return access(PREFIX, (open) => ourKeys(open).map((key) => ({ key, raw: open.getItem(key) ?? '' })));
    },

    change(changes: readonly Change[]): Problem | null {
      index = null;
      const done: Change[] = [];
      const outcome = access(PREFIX, (open): Problem | null => {
        const set = (key: string, raw: string | null): void =>
          raw === null ? open.removeItem(key) : open.setItem(key, raw);
        const moved = changes.find(({ key, from }) => open.getItem(key) !== from);
        if (moved) return { code: 'moved', key: moved.key, message: MOVED };
        try {
          for (const change of [...changes].sort((one, two) => stage(one) - stage(two))) {
            set(change.key, change.to);
            done.push(change);
          }
        } catch (error) {
          // What was added goes first; the rest is taken back in turn. So each step needs no more room than there was.
          done.reverse().sort((one, two) => Number(one.from !== null) - Number(two.from !== null));
          for (const { key, from } of done) set(key, from);
          throw error;
        }
        return null;
      });
      if (isProblem(outcome)) return outcome;
      new Set(done.map(({ key }) => watchedKey(key))).forEach(notify);
      return null;
    },

    atOnce,
  };
}

/** Removing comes last: a page that goes in between leaves a value too many, never one too few. */
function stage({ from, to }: Change): number {
  return to === null ? 2 : from === null ? 0 : 1;
}
