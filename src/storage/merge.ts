/**
 * What an import will do, planned before anything is done: each entry of the file is added, changes what stands, is kept
 * as it is here, or is left out. Pure but for the store that it reads.
 *
 * Nothing is lost. A text of the file is added beside those here, under its own key where that hides none of them, and
 * else as a save of its own that replaces nothing. Of any other kind the later value stands. What this page cannot read is
 * added only where nothing stands. Importing the same file again changes nothing.
 */
import type { Archive } from './archive.ts';
import { decode, encode } from './codec.ts';
import type { Decoded } from './codec.ts';
import { isTextKind, kindNamed } from './kinds.ts';
import type { Kind, StoredText } from './kinds.ts';
import { isProblem, keyOf, PREFIX, SAVE, SET_ASIDE, watchedKey } from './store.ts';
import type { Change, Entry, Problem, Store } from './store.ts';
import { replaces, standing } from './text.ts';
import type { TextSave } from './text.ts';

export interface Planned {
  readonly what: 'add' | 'change' | 'keep' | 'leave-out';
  /** Why, in a few words. */
  readonly why: string;
  readonly key: string;
  /** As the key names it; it need not be one that this page knows. */
  readonly kind: string;
  readonly id: string;
  /** A text that the entry holds. */
  readonly text: string | null;
}

export interface Plan {
  /** One for each entry of the file, in its order. */
  readonly items: readonly Planned[];
  /** What to hand to `Store.change`. */
  readonly changes: readonly Change[];
}

const SAVE_NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/** Plans the import of an archive, or says why the storage could not be read. */
export function planImport(store: Store, archive: Archive): Plan | Problem {
  const entries = store.entries();
  return isProblem(entries) ? entries : new Planner(entries, archive).plan();
}

/** Kind, id and name of the save as the key has them; the name is null where the key is that of a value. */
function partsOf(key: string): { kind: string; id: string; save: string | null } {
  const watched = watchedKey(key).slice(PREFIX.length);
  const [kind = ''] = watched.split('/', 1);
  const rest = key.slice(PREFIX.length + watched.length);
  return {
    kind,
    id: watched.slice(kind.length + 1),
    save: rest.startsWith(SAVE) ? rest.slice(SAVE.length) : null,
  };
}

class Planner {
  private readonly here: Map<string, string>;
  private readonly hereBy: Map<string, Entry[]>;
  private readonly fileBy: Map<string, Entry[]>;
  private readonly items = new Map<string, Planned>();
  private readonly changes: Change[] = [];
  private readonly archive: Archive;

  constructor(entries: readonly Entry[], archive: Archive) {
    this.archive = archive;
    this.here = new Map(entries.map(({ key, raw }) => [key, raw]));
    this.hereBy = byWatchedKey(entries);
    this.fileBy = byWatchedKey(archive.entries);
  }

  plan(): Plan {
    for (const [watched, entries] of this.fileBy) this.planValue(watched, entries);
    return {
      items: this.archive.entries.flatMap(({ key }) => this.items.get(key) ?? []),
      changes: this.changes,
    };
  }

  /** All entries of the file that belong to one value or one text. */
  private planValue(watched: string, entries: readonly Entry[]): void {
    const { kind: name, id } = partsOf(watched);
    const kind = kindNamed(name);
    const texts: TextSave[] = [];
    for (const entry of entries) {
      const { key, raw } = entry;
      const { save } = partsOf(key);
      const isAside = key.includes(SET_ASIDE);
      const decoded = kind && !isAside && isKeyOf(kind, id, save) ? decode(kind, key, raw) : null;
      // Those that are here too are among them: what the file shows goes by all of its saves.
      if (decoded?.result === 'value' && save !== null)
        texts.push({ name: save, value: decoded.value as StoredText });
      else if (this.here.get(key) === raw) this.say(entry, 'keep', 'the same is here');
      else if (isAside) this.planSetAside(entry, key.slice(0, key.indexOf(SET_ASIDE)));
      else if (!kind) this.planUnreadable(entry, this.here.has(key), 'this page does not know what it is');
      else if (!decoded) this.say(entry, 'leave-out', 'the book never wrote such a key');
      else if (decoded.result === 'unknown-version')
        this.planUnreadable(entry, this.standsAt(watched), 'a newer book wrote it');
      else if (decoded.result === 'corrupt') this.planCorrupt(entry, watched);
      else this.planChange(entry, kind, decoded.value);
    }
    if (kind && texts.length > 0) this.planTexts(watched, kind, texts, entries);
  }

  private planUnreadable(entry: Entry, stands: boolean, why: string): void {
    if (stands) this.say(entry, 'keep', `${why}, and something else is here`);
    else this.put(entry, why);
  }

  /** A value that no version could have written: never in the place of one that is here. */
  private planCorrupt(entry: Entry, watched: string): void {
    if (this.standsAt(watched) || this.isSetAside(entry.key, entry.raw)) this.planSetAside(entry, entry.key);
    else this.put(entry, 'it cannot be read, and will be set aside');
  }

  private planSetAside(entry: Entry, key: string): void {
    if (this.isSetAside(key, entry.raw)) {
      this.say(entry, 'keep', 'the same has been set aside here');
      return;
    }
    if (entry.key !== key && !this.here.has(entry.key)) {
      this.here.set(entry.key, entry.raw);
      this.changes.push({ key: entry.key, from: null, to: entry.raw });
    } else this.setAside(key, entry.raw);
    this.say(entry, 'add', 'it cannot be read, and is set aside');
  }

  private planChange(entry: Entry, kind: Kind<unknown>, value: unknown): void {
    const raw = this.here.get(entry.key);
    if (raw === undefined) {
      this.put(entry, 'nothing is here');
      return;
    }
    const present = decode(kind, entry.key, raw);
    if (present.result === 'unknown-version') this.say(entry, 'keep', 'a newer book wrote what is here');
    else if (present.result === 'corrupt') {
      this.setAside(entry.key, raw);
      this.change(entry, raw, 'what is here cannot be read, and is set aside');
    } else {
      const [theirs, ours] = [encode(kind, value as object), encode(kind, present.value as object)];
      const [theirsMs, oursMs] = [kind.changedAtMs(value), kind.changedAtMs(present.value)];
      const lead = theirsMs !== null && oursMs !== null ? theirsMs - oursMs : -1;
      if (theirs === ours) this.say(entry, 'keep', 'the same is here');
      // At the same moment either may stand, as long as it is the same one whichever was imported into the other.
      else if (lead > 0 || (lead === 0 && theirs > ours)) this.change(entry, raw, 'the one here is older');
      else this.say(entry, 'keep', 'the one here is later');
    }
  }

  private planTexts(
    watched: string,
    kind: Kind<unknown>,
    theirs: readonly TextSave[],
    entries: readonly Entry[],
  ): void {
    const entryOf = new Map(entries.map((entry) => [entry.key, entry]));
    const read = (this.hereBy.get(watched) ?? [])
      .filter(({ key }) => key.startsWith(watched + SAVE) && !key.includes(SET_ASIDE))
      .map(({ key, raw }) => ({ key, decoded: decode(kind, key, raw) as Decoded<StoredText> }));
    const newer = read.some(({ decoded }) => decoded.result === 'unknown-version');
    const ours = read.flatMap(({ key, decoded }): TextSave[] =>
      decoded.result === 'value'
        ? [{ name: key.slice(watched.length + SAVE.length), value: decoded.value }]
        : [],
    );
    const shown = standing(ours);
    const inFile = standing(theirs);
    for (const save of theirs) {
      const entry = entryOf.get(watched + SAVE + save.name);
      if (!entry) continue;
      const { text } = save.value;
      const blank = text.trim() === '';
      const over = shown.filter((one) => replaces(save, one));
      const free = !this.here.has(entry.key) && !ours.some((one) => replaces(one, save));
      if (this.here.get(entry.key) === entry.raw) this.say(entry, 'keep', 'the same is here', text);
      else if (newer) this.say(entry, 'keep', 'a newer book wrote what is here', text);
      else if (read.length === 0)
        this.put(entry, inFile.includes(save) ? 'nothing is here' : 'an earlier save', text);
      else if (!inFile.includes(save)) this.say(entry, 'keep', 'an earlier save', text);
      else if (blank || shown.some(({ value }) => value.text.includes(text)))
        this.say(entry, 'keep', 'the text here has it', text);
      else if (free && over.every(({ value }) => text.includes(value.text))) {
        this.put(entry, 'added to the texts here', text);
        if (over.length > 0) this.say(entry, 'change', 'it goes on where the text here stops', text);
      } else this.putBeside(entry, watched, kind, save, [...ours, ...theirs]);
    }
  }

  /** As a save that replaces nothing and that nothing replaces, named so that the same text is never added twice. */
  private putBeside(
    entry: Entry,
    watched: string,
    kind: Kind<unknown>,
    save: TextSave,
    known: readonly TextSave[],
  ): void {
    let by = `i${save.name}`;
    const made = (): TextSave => ({ name: `${by}-1`, value: { ...save.value, by, seen: { [by]: 1 } } });
    while (known.some((one) => one.name === made().name || replaces(one, made()))) by = `i${by}`;
    const { name, value } = made();
    this.changes.push({ key: watched + SAVE + name, from: null, to: encode(kind, value) });
    this.say(entry, 'add', 'it will stand beside the text here', save.value.text);
  }

  /** Whether there is a value, or a save of a text, whatever this page can make of it. */
  private standsAt(watched: string): boolean {
    return (this.hereBy.get(watched) ?? []).some(({ key }) => !key.includes(SET_ASIDE));
  }

  private isSetAside(key: string, raw: string): boolean {
    return (this.hereBy.get(watchedKey(key)) ?? []).some(
      (one) => one.key.startsWith(key + SET_ASIDE) && one.raw === raw,
    );
  }

  private setAside(key: string, raw: string): void {
    let time = this.archive.exportedAtMs;
    while (this.here.has(`${key}${SET_ASIDE}${time}`)) time += 1;
    this.here.set(`${key}${SET_ASIDE}${time}`, raw);
    this.changes.push({ key: `${key}${SET_ASIDE}${time}`, from: null, to: raw });
  }

  private put(entry: Entry, why: string, text: string | null = null): void {
    this.changes.push({ key: entry.key, from: null, to: entry.raw });
    this.say(entry, 'add', why, text);
  }

  private change(entry: Entry, from: string, why: string): void {
    this.changes.push({ key: entry.key, from, to: entry.raw });
    this.say(entry, 'change', why);
  }

  private say(entry: Entry, what: Planned['what'], why: string, text: string | null = null): void {
    const { kind, id } = partsOf(entry.key);
    this.items.set(entry.key, { what, why, key: entry.key, kind, id, text });
  }
}

function isKeyOf(kind: Kind<unknown>, id: string, save: string | null): boolean {
  if (isTextKind(kind) ? save === null || !SAVE_NAME.test(save) : save !== null) return false;
  try {
    keyOf(kind, id);
    return true;
  } catch {
    return false;
  }
}

function byWatchedKey(entries: readonly Entry[]): Map<string, Entry[]> {
  const found = new Map<string, Entry[]>();
  for (const entry of entries) {
    const watched = watchedKey(entry.key);
    const beside = found.get(watched);
    if (beside) beside.push(entry);
    else found.set(watched, [entry]);
  }
  return found;
}
