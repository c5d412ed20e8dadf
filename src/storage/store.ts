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
  /** Calls back when the value may have changed, in this tab or another. Returns a function that stops it. */
  watch<T>(kind: Kind<T>, id: string, listener: () => void): () => void;
  /** The corrupt values that were found under this key, oldest first. */
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
  if (!/^[a-z0-9]+([-./][a-z0-9]+)*$/.test(id) || `/${id}/`.includes(SET_ASIDE)) {
    throw new RangeError(
      `Id "${id}" of a ${kind.name}: expected lower-case letters, digits and single "-", "." or "/" between them`,
    );
  }
  return `${PREFIX}${kind.name}/${id}`;
}

export function createStore({ storage, clock, events, tab }: Surroundings): Store {
  const listeners = new Map<string, Set<() => void>>();
  const flushes = new Set<() => void>();

  const notify = (key: string): void => listeners.get(key)?.forEach((listener) => listener());
  const notifyAll = (): void => [...listeners.keys()].forEach(notify);

  events.addEventListener('storage', (event) => {
    const key = 'key' in event && typeof event.key === 'string' ? event.key : null;
    // A null key means that everything was cleared. Any change may also have made room.
    if (key === null) notifyAll();
    else if (key.startsWith(PREFIX)) notify(key.split(SET_ASIDE)[0] ?? key);
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

  const isProblem = (value: unknown): value is Problem =>
    typeof value === 'object' && value !== null && 'code' in value;

  /** Copies a corrupt value beside its key before it takes it away; a copy that fails changes nothing. */
  function moveAside(open: StorageLike, key: string, raw: string): void {
    let time = clock.nowMs();
    while (open.getItem(`${key}${SET_ASIDE}${time}`) !== null) time += 1;
    open.setItem(`${key}${SET_ASIDE}${time}`, raw);
    open.removeItem(key);
  }

  const store: Store = {
    clock,
    tab,

    read<T>(kind: Kind<T>, id: string): Reading<T> {
      const key = keyOf(kind, id);
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
    },

    write<T>(kind: Kind<T>, id: string, value: T): Problem | null {
      const key = keyOf(kind, id);
      const present = store.read(kind, id);
      if (present.found === 'problem') return present.problem;
      const refused = access(key, (open) => open.setItem(key, encode(kind, value)));
      if (isProblem(refused)) return refused;
      notify(key);
      return null;
    },

    watch<T>(kind: Kind<T>, id: string, listener: () => void): () => void {
      const key = keyOf(kind, id);
      const watching = listeners.get(key) ?? new Set();
      listeners.set(key, watching.add(listener));
      return () => void watching.delete(listener);
    },

    setAside<T>(kind: Kind<T>, id: string): readonly SetAside[] {
      const prefix = keyOf(kind, id) + SET_ASIDE;
      const found = access(prefix, (open) => {
        const keys = Array.from({ length: open.length }, (_, index) => open.key(index) ?? '');
        return keys
          .filter((key) => key.startsWith(prefix))
          .sort()
          .map((key) => ({ key, raw: open.getItem(key) ?? '' }));
      });
      return isProblem(found) ? [] : found;
    },

    discard({ key }: SetAside): void {
      access(key, (open) => open.removeItem(key));
      notify(key.split(SET_ASIDE)[0] ?? key);
    },

    onFlush(listener: () => void): void {
      flushes.add(listener);
    },
  };
  return store;
}
