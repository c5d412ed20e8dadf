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
const PREFIX = 'brokerbook/v1/';
const SAVE = '/save/';
const SET_ASIDE = '/set-aside/';

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
}

/** Why a value could not be read or written; `message` is for the reader and says what is still safe. */
export interface Problem {
  readonly code: 'full' | 'forbidden' | 'unknown-version' | 'corrupt' | 'removed';
  readonly key: string;
  readonly message: string;
}

export type Reading<T> =
  | { readonly found: 'nothing' }
  | { readonly found: 'value'; readonly value: T }
  | { readonly found: 'problem'; readonly problem: Problem };

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
function watchedKey(key: string): string {
  return key.split(SET_ASIDE, 1).join().split(SAVE, 1).join();
}

/** The key that watchers of a kind go by: what the keys of all its values begin with. */
function kindKey(key: string): string {
  return key.slice(0, key.indexOf('/', PREFIX.length) + 1);
}

export function createStore({ storage, clock, events, tab }: Surroundings): Store {
  const listeners = new Map<string, Set<() => void>>();
  const flushes = new Set<() => void>();

  const tell = (key: string): void => listeners.get(key)?.forEach((listener) => listener());
  const notify = (key: string): void => {
    tell(key);
    tell(kindKey(key));
  };
  const notifyAll = (): void => [...listeners.keys()].forEach(tell);

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
    open.setItem(`${key}${SET_ASIDE}${time}`, raw);
    open.removeItem(key);
  }

  /** Every key that begins so; nothing when the storage is out of reach. */
  function keysFrom(prefix: string): readonly string[] | Problem {
    return access(prefix, (open) =>
      Array.from({ length: open.length }, (_, index) => open.key(index) ?? '')
        .filter((key) => key.startsWith(prefix))
        .sort(),
    );
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
      const refused = access(key, (open) => open.setItem(key, encode(kind, value)));
      if (isProblem(refused)) return refused;
      notify(key);
      return null;
    },

    readSaves<T>(kind: Kind<T>, id: string): readonly Save<T>[] | Problem {
      const prefix = keyOf(kind, id) + SAVE;
      const keys = keysFrom(prefix);
      if (isProblem(keys)) return keys;
      const saves: Save<T>[] = [];
      for (const key of keys) {
        if (key.includes(SET_ASIDE)) continue;
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
      for (const { name, value } of saves) {
        const refused = access(key, (open) => open.setItem(key + SAVE + name, encode(kind, value)));
        if (isProblem(refused)) return refused;
      }
      // Only now: a page that goes in between leaves one save too many, never one too few.
      for (const { name } of replaced) access(key, (open) => open.removeItem(key + SAVE + name));
      notify(key);
      return null;
    },

    remove<T>(kind: Kind<T>, id: string): Problem | null {
      const key = keyOf(kind, id);
      const present = readKey(kind, key);
      if (present.found === 'problem') return present.problem;
      const refused = access(key, (open) => open.removeItem(key));
      if (isProblem(refused)) return refused;
      notify(key);
      return null;
    },

    list<T>(kind: Kind<T>): Listing<T> {
      const prefix = `${PREFIX}${kind.name}/`;
      const keys = keysFrom(prefix);
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
      const keys = keysFrom(prefix);
      if (isProblem(keys)) return [];
      const found = access(prefix, (open) =>
        keys
          .filter((key) => key.includes(SET_ASIDE) && watchedKey(key) === prefix)
          .map((key) => ({ key, raw: open.getItem(key) ?? '' })),
      );
      return isProblem(found) ? [] : found;
    },

    discard({ key }: SetAside): void {
      access(key, (open) => open.removeItem(key));
      notify(watchedKey(key));
    },

    onFlush(listener: () => void): void {
      flushes.add(listener);
    },
  };
}
