/** Export and import over arbitrary storages: byte for byte into an empty one, and without loss into any other. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exportAll, readArchive } from '../../src/storage/archive.ts';
import type { Archive } from '../../src/storage/archive.ts';
import { encode } from '../../src/storage/codec.ts';
import { kinds } from '../../src/storage/kinds.ts';
import { planImport } from '../../src/storage/merge.ts';
import { planErasure, takeBack } from '../../src/storage/reset.ts';
import { createStore, isProblem, keyOf } from '../../src/storage/store.ts';
import type { Store } from '../../src/storage/store.ts';
import { standingTexts } from '../../src/storage/text.ts';
import { FakeBrowser } from '../unit/fixtures/storage/fakes.ts';

type Values = Record<string, string>;

/** Few ids and few tabs, so that two storages meet in most of them. */
const textIds = ['chapter-03/my-notes', 'n/1'];
const quizIds = ['chapter-03/quiz/a', 'chapter-03/quiz/b'];
const tab = fc.constantFrom('p', 'q', 'r');
const words = fc.oneof(
  fc.constantFrom('', 'one', 'one and two', 'two', '<script>'),
  fc.string({ unit: 'binary' }),
);
const seen = fc.dictionary(tab, fc.nat({ max: 4 }), { maxKeys: 3 });

const save = fc
  .record({
    id: fc.constantFrom(...textIds),
    by: tab,
    number: fc.integer({ min: 1, max: 4 }),
    text: words,
    seen,
    savedAtMs: fc.nat({ max: 9 }),
  })
  .map(({ id, by, number, text, seen: others, savedAtMs }): [string, string] => [
    `${keyOf(kinds.note, id)}/save/${by}-${number}`,
    encode(kinds.note, { text, savedAtMs, by, seen: { ...others, [by]: number } }),
  ]);
const answer = fc
  .record({
    id: fc.constantFrom(...quizIds),
    choice: fc.constantFrom('x', 'y'),
    right: fc.boolean(),
    tries: fc.nat({ max: 3 }),
    answeredAtMs: fc.nat({ max: 3 }),
  })
  .map(({ id, ...value }): [string, string] => [keyOf(kinds.quiz, id), encode(kinds.quiz, value)]);
/** What a page finds beside them: newer, broken, unknown, set aside. */
const other = fc.oneof(
  fc.tuple(
    fc.constantFrom(...quizIds.map((id) => keyOf(kinds.quiz, id))),
    fc.constantFrom('{"version":9}', '{"vers', ''),
  ),
  fc.tuple(
    fc.constantFrom(`${keyOf(kinds.note, 'n/1')}/save/p-1`, `${keyOf(kinds.note, 'n/1')}/save/z-1`),
    fc.constantFrom('{"version":9}', '{"vers'),
  ),
  fc.tuple(
    fc.constantFrom(
      `${keyOf(kinds.quiz, 'chapter-03/quiz/a')}/set-aside/3`,
      'brokerbook/v1/dreams/Some Thing',
      'brokerbook/v1/',
    ),
    fc.string({ unit: 'binary' }),
  ),
);
const written = fc.array(fc.oneof(save, answer), { maxLength: 12 });
const anything = fc.array(fc.oneof(save, answer, other), { maxLength: 16 });

let tabs = 0;
function storage(pairs: readonly (readonly [string, string])[]): { browser: FakeBrowser; store: Store } {
  const browser = new FakeBrowser();
  for (const [key, raw] of pairs) browser.values.set(key, raw);
  return { browser, store: createStore(browser.openTab(`t${(tabs += 1)}`).surroundings) };
}

function done<T>(value: T): Exclude<T, { code: string }> {
  if (isProblem(value)) throw new Error(`${value.key}: ${value.message}`);
  return value as Exclude<T, { code: string }>;
}

/** What a storage exports, by way of the file. */
function archiveOf(store: Store): Archive {
  const read = readArchive(done(exportAll(store)));
  if ('error' in read) throw new Error(read.error);
  return read.archive;
}

function importInto(store: Store, archive: Archive): void {
  const problem = store.change(done(planImport(store, archive)).changes);
  if (problem) throw new Error(`${problem.key}: ${problem.message}`);
}

/** The texts that a reader is shown under an id, without those that another has in it. */
function shown(store: Store, id: string): string[] {
  const texts = done(standingTexts(store, kinds.note, id)).map(({ text }) => text);
  return [...new Set(texts)]
    .filter((text) => !texts.some((one) => one !== text && one.includes(text)))
    .sort();
}

const values = (browser: FakeBrowser): Values => Object.fromEntries(browser.values);

describe('an export and its import', () => {
  it('are byte for byte the same after everything was erased', () => {
    fc.assert(
      fc.property(anything, (pairs) => {
        const { browser, store } = storage(pairs);
        const before = values(browser);
        const archive = archiveOf(store);
        const erased = done(planErasure(store));
        expect(store.change(erased)).toBeNull();
        expect(values(browser)).toEqual({});
        importInto(store, archive);
        expect(values(browser)).toEqual(before);
        expect(store.change(done(planErasure(store)))).toBeNull();
        expect(takeBack(store, erased)).toBeNull();
        expect(values(browser)).toEqual(before);
      }),
      { numRuns: 500 },
    );
  });

  it('change nothing the second time, and can be taken back', () => {
    fc.assert(
      fc.property(anything, anything, (ours, theirs) => {
        const { browser, store } = storage(ours);
        const before = values(browser);
        const archive = archiveOf(storage(theirs).store);
        const { items, changes } = done(planImport(store, archive));
        expect(items.map(({ key }) => key)).toEqual(archive.entries.map(({ key }) => key));
        expect(store.change(changes)).toBeNull();
        expect(done(planImport(store, archive)).changes).toEqual([]);
        // Nothing that was here is gone or another, but what the plan says will change.
        for (const [key, raw] of Object.entries(before)) {
          const told = items.some((item) => item.key === key && item.what === 'change');
          if (!told) expect(browser.values.get(key)).toBe(raw);
        }
        expect(takeBack(store, changes)).toBeNull();
        expect(values(browser)).toEqual(before);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('two storages', () => {
  it('joined show every text that either of them showed, and the later of two values', () => {
    fc.assert(
      fc.property(written, written, (ours, theirs) => {
        const [here, there] = [storage(ours), storage(theirs)];
        const before = textIds.map((id) => [...shown(here.store, id), ...shown(there.store, id)]);
        importInto(here.store, archiveOf(there.store));
        for (const [at, id] of textIds.entries()) {
          const after = shown(here.store, id);
          for (const text of before[at] ?? [])
            if (text.trim() !== '' && !after.some((one) => one.includes(text)))
              throw new Error(`${id} lost ${JSON.stringify(text)}; it shows ${JSON.stringify(after)}`);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('come to the same whichever is imported into the other', () => {
    fc.assert(
      fc.property(written, written, (ours, theirs) => {
        const join = (into: typeof ours, from: typeof ours): Store => {
          const { store } = storage(into);
          importInto(store, archiveOf(storage(from).store));
          return store;
        };
        const [one, two] = [join(ours, theirs), join(theirs, ours)];
        for (const id of textIds) {
          const said = (store: Store): string[] => shown(store, id).filter((text) => text.trim() !== '');
          expect(said(one)).toEqual(said(two));
        }
        for (const id of quizIds) expect(one.read(kinds.quiz, id)).toEqual(two.read(kinds.quiz, id));
      }),
      { numRuns: 1000 },
    );
  });
});
