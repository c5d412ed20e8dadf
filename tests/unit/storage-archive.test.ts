import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { ARCHIVE_MAX_BYTES, exportAll, readArchive, tooLarge } from '../../src/storage/archive.ts';
import type { Archive } from '../../src/storage/archive.ts';
import { decode } from '../../src/storage/codec.ts';
import { isTextKind, kindNamed, kinds } from '../../src/storage/kinds.ts';
import { planImport } from '../../src/storage/merge.ts';
import type { Plan } from '../../src/storage/merge.ts';
import { planErasure, planReset, takeBack } from '../../src/storage/reset.ts';
import { createStore, isProblem, keyOf } from '../../src/storage/store.ts';
import type { Store } from '../../src/storage/store.ts';
import { openText, standingTexts } from '../../src/storage/text.ts';
import { FakeBrowser } from './fixtures/storage/fakes.ts';

const ID = 'chapter-03/my-notes';
const NOTE = `brokerbook/v1/note/${ID}`;
const TASK = 'brokerbook/v1/task/chapter-03/practice/set-up-kafka';
const QUIZ = 'brokerbook/v1/quiz/chapter-03/quiz/keys';
const text = (words: string, by = 'x', seen: Record<string, number> = { [by]: 1 }, savedAtMs = 1): string =>
  JSON.stringify({ version: 1, text: words, savedAtMs, by, seen });
const quiz = (choice: string, answeredAtMs: number): string =>
  JSON.stringify({ version: 1, choice, right: true, tries: 1, answeredAtMs });

let tabs = 0;
function open(values: Record<string, string> = {}) {
  const browser = new FakeBrowser();
  for (const [key, raw] of Object.entries(values)) browser.values.set(key, raw);
  return { browser, store: createStore(browser.openTab(`t${(tabs += 1)}`).surroundings) };
}
function done<T>(value: T): Exclude<T, { code: string }> {
  if (isProblem(value)) throw new Error(value.message);
  return value as Exclude<T, { code: string }>;
}
const archiveOf = (values: Record<string, string>): Archive => ({
  exportedAtMs: 7,
  entries: Object.entries(values).map(([key, raw]) => ({ key, raw })),
});
const plan = (store: Store, values: Record<string, string>): Plan =>
  done(planImport(store, archiveOf(values)));
const told = ({ items }: Plan): string[] => items.map(({ what, why }) => `${what}: ${why}`);
function importAll(store: Store, values: Record<string, string>): Plan {
  const planned = plan(store, values);
  expect(store.change(planned.changes)).toBeNull();
  expect(plan(store, values).changes, 'a second import').toEqual([]);
  return planned;
}
const texts = (store: Store): string[] =>
  done(standingTexts(store, kinds.note, ID))
    .map((one) => one.text)
    .sort();

/** Every value that the book has ever written, and what it may find beside them. */
function everything(): Record<string, string> {
  const folder = new URL('./fixtures/storage/', import.meta.url);
  return Object.assign(
    {
      [`${TASK}/set-aside/12`]: '{"version":1,"do',
      'brokerbook/v1/quiz/newer': '{"version":99,"state":"?"}',
      'brokerbook/v1/prediction/broken': '\ud800 not JSON \u0000',
      'brokerbook/v1/dreams/Of a Later Book': 'anything',
    },
    ...readdirSync(folder)
      .filter((name) => /^version-\d+\.json$/.test(name))
      .map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Record<string, string>),
  ) as Record<string, string>;
}

describe('an export', () => {
  it('holds every key of ours and none of others, and restores them byte for byte', () => {
    const values = everything();
    const { browser, store } = open({ ...values, 'starlight-theme': 'dark' });
    const file = done(exportAll(store));
    const read = readArchive(file);
    if ('error' in read) throw new Error(read.error);
    expect(read.archive.exportedAtMs).toBe(store.clock.nowMs());
    expect(done(store.change(done(planErasure(store))))).toBeNull();
    expect([...browser.values.keys()]).toEqual(['starlight-theme']);

    const planned = done(planImport(store, read.archive));
    expect(new Set(planned.items.map(({ what }) => what))).toEqual(new Set(['add']));
    expect(store.change(planned.changes)).toBeNull();
    browser.values.delete('starlight-theme');
    expect(Object.fromEntries(browser.values)).toEqual(values);
    expect(done(planImport(store, read.archive)).changes).toEqual([]);
  });

  it('says so when the storage is out of reach', () => {
    const { browser, store } = open();
    browser.forbidden = true;
    expect(exportAll(store)).toMatchObject({ code: 'forbidden' });
    expect(planImport(store, archiveOf({}))).toMatchObject({ code: 'forbidden' });
  });
});

describe('a file that is no export', () => {
  const good = {
    brokerbook: 1,
    exportedAt: '2026-11-28T12:00:00.000Z',
    entries: [{ key: TASK, value: 'x' }],
  };
  const file = JSON.stringify(good);
  const entry = (fields: object): string => JSON.stringify({ ...good, entries: [...good.entries, fields] });

  it.each([
    ['', /empty/],
    ['PK\u0003\u0004', /Not an export of this book: expected JSON, found "PK/],
    [file.slice(0, -9), /cut short or damaged/],
    [`${file}}`, /cut short or damaged/],
    ['[]', /expected an object with a field "brokerbook"/],
    ['null', /expected an object with a field "brokerbook"/],
    ['{"version":1,"notes":[]}', /expected an object with a field "brokerbook"/],
    ['{"__proto__":{"brokerbook":1}}', /expected an object with a field "brokerbook"/],
    [JSON.stringify({ ...good, brokerbook: '1' }), /brokerbook: expected a version such as 1, found "1"/],
    [JSON.stringify({ ...good, brokerbook: 2 }), /version 2, and this page reads version 1.*reload the page/],
    [
      JSON.stringify({ ...good, exportedAt: 'yesterday' }),
      /exportedAt: expected a time .* found "yesterday"/,
    ],
    [JSON.stringify({ ...good, entries: {} }), /entries: expected a list/],
    [
      entry({ key: 'starlight-theme', value: 'x' }),
      /entries\.1\.key: expected a key that begins with "brokerbook/,
    ],
    [entry({ key: '__proto__', value: 'x' }), /entries\.1\.key: expected a key that begins with/],
    [entry({ key: 'constructor', value: 'x' }), /entries\.1\.key: expected a key that begins with/],
    [entry({ key: `${TASK}2`, value: { done: true } }), /entries\.1\.value: expected text/],
    [entry({ key: 4, value: 'x' }), /entries\.1\.key: expected text/],
    [entry({}), /entries\.1\.key: /],
    [JSON.stringify({ ...good, entries: [null] }), /entries\.0: expected an object with "key" and "value"/],
    [entry({ key: TASK, value: 'x' }), /entries\.1\.key: expected each key once, found that of entries\.0/],
  ])('%s', (given, error) => {
    expect(readArchive(given)).toEqual({ error: expect.stringMatching(error) as string });
  });

  it('is not even read when it is huge', () => {
    expect(tooLarge(ARCHIVE_MAX_BYTES)).toBeNull();
    expect(tooLarge(3 * ARCHIVE_MAX_BYTES)).toBe(
      'The file has 150 MB; expected an export of at most 50 MB. It was not read.',
    );
  });

  it('leaves the prototype of everything alone', () => {
    readArchive(
      `{"brokerbook":1,"exportedAt":"${good.exportedAt}","__proto__":{"hit":1},"entries":[{"__proto__":{"hit":1},"key":"brokerbook/v1/__proto__/x","value":"{\\"__proto__\\":{\\"hit\\":1}}"}]}`,
    );
    expect('hit' in {}).toBe(false);
  });
});

describe('the plan of an import', () => {
  it('adds a text beside the one that is here, and shows both', () => {
    const { store } = open({ [`${NOTE}/save/x-1`]: text('mine') });
    const planned = importAll(store, { [`${NOTE}/save/y-1`]: text('theirs', 'y') });
    expect(told(planned)).toEqual(['add: added to the texts here']);
    expect(planned.items[0]).toMatchObject({ kind: 'note', id: ID, text: 'theirs' });
    expect(texts(store)).toEqual(['mine', 'theirs']);
  });

  it('keeps one text of two that are the same, or of which one has the other', () => {
    const { store } = open({ [`${NOTE}/save/x-1`]: text('mine, all of it') });
    const planned = importAll(store, { [`${NOTE}/save/y-1`]: text('mine', 'y') });
    expect(told(planned)).toEqual(['keep: the text here has it']);
  });

  it('goes on with a text that was exported from here and went on elsewhere', () => {
    const { store } = open({ [`${NOTE}/save/x-1`]: text('mine') });
    const planned = importAll(store, { [`${NOTE}/save/y-1`]: text('mine, and more', 'y', { x: 1, y: 1 }) });
    expect(told(planned)).toEqual(['change: it goes on where the text here stops']);
    expect(texts(store)).toEqual(['mine, and more']);
  });

  it('brings back what was erased here since, beside what is here', () => {
    const { store } = open({ [`${NOTE}/save/x-2`]: text('', 'x', { x: 2 }) });
    const planned = importAll(store, { [`${NOTE}/save/x-1`]: text('long thought') });
    expect(told(planned)).toEqual(['add: it will stand beside the text here']);
    expect(texts(store)).toEqual(['', 'long thought']);
  });

  it('hides no text here by one that says that it replaces it', () => {
    const { store } = open({ [`${NOTE}/save/x-1`]: text('mine') });
    importAll(store, { [`${NOTE}/save/y-1`]: text('forged', 'y', { x: 999, y: 1 }) });
    expect(texts(store)).toEqual(['forged', 'mine']);
  });

  it('does not write over a save of the same name', () => {
    const { browser, store } = open({ [`${NOTE}/save/x-1`]: text('mine') });
    importAll(store, { [`${NOTE}/save/x-1`]: text('forged') });
    expect(browser.values.get(`${NOTE}/save/x-1`)).toBe(text('mine'));
    expect(texts(store)).toEqual(['forged', 'mine']);
  });

  it('offers a text again that was brought back once and discarded then', () => {
    const { browser, store } = open({ [`${NOTE}/save/x-2`]: text('new', 'x', { x: 2 }, 2) });
    const old = { [`${NOTE}/save/x-1`]: text('old') };
    importAll(store, old);
    const note = openText(store, kinds.note, ID);
    const other = note.state.others[0];
    if (!other) throw new Error('expected the two texts beside one another');
    note.drop(other);
    browser.settle();
    expect(texts(store)).toEqual(['new']);
    importAll(store, old);
    expect(texts(store)).toEqual(['new', 'old']);
  });

  it.each([
    ['later', quiz('b', 2), quiz('a', 1), 'change: the one here is older', quiz('b', 2)],
    ['earlier', quiz('b', 1), quiz('a', 2), 'keep: the one here is later', quiz('a', 2)],
    ['as late', quiz('b', 1), quiz('a', 1), 'change: the one here is older', quiz('b', 1)],
    ['the same', quiz('a', 1), quiz('a', 1), 'keep: the same is here', quiz('a', 1)],
  ])('of two values the later stands: %s', (_, theirs, ours, word, stands) => {
    const { browser, store } = open({ [QUIZ]: ours });
    expect(told(importAll(store, { [QUIZ]: theirs }))).toEqual([word]);
    expect(browser.values.get(QUIZ)).toBe(stands);
  });

  it('takes a value of an older version for what it says', () => {
    const now = '{"version":2,"done":true,"changedAtMs":5,"by":"hand","run":null}';
    const { store } = open({ [TASK]: now });
    expect(told(importAll(store, { [TASK]: '{"version":1,"done":true,"changedAtMs":5}' }))).toEqual([
      'keep: the same is here',
    ]);
  });

  it.each([
    ['a newer version', QUIZ, '{"version":7}', 'a newer book wrote it'],
    ['an unknown kind', 'brokerbook/v1/dreams/a', 'x', 'this page does not know what it is'],
  ])('%s is added only where nothing stands', (_, key, raw, word) => {
    expect(told(importAll(open().store, { [key]: raw }))).toEqual([`add: ${word}`]);
    const { browser, store } = open({ [key]: quiz('a', 1) });
    expect(told(importAll(store, { [key]: raw }))).toEqual([`keep: ${word}, and something else is here`]);
    expect(browser.values.get(key)).toBe(quiz('a', 1));
  });

  it('leaves what a newer page wrote here untouched', () => {
    const newer = { [QUIZ]: '{"version":7}', [`${NOTE}/save/x-1`]: '{"version":7}' };
    const { browser, store } = open(newer);
    const planned = importAll(store, { [QUIZ]: quiz('a', 9), [`${NOTE}/save/y-1`]: text('theirs', 'y') });
    expect(told(planned)).toEqual(Array(2).fill('keep: a newer book wrote what is here'));
    expect(Object.fromEntries(browser.values)).toEqual(newer);
  });

  it('sets aside what no version could have written, on either side', () => {
    const { browser, store } = open({ [QUIZ]: quiz('a', 1), [TASK]: 'rubbish' });
    const task = '{"version":2,"done":true,"changedAtMs":5,"by":"hand","run":null}';
    importAll(store, { [QUIZ]: '{"version":1}', [TASK]: task });
    expect(browser.values.get(QUIZ)).toBe(quiz('a', 1));
    expect(browser.values.get(TASK)).toBe(task);
    expect(store.setAside(kinds.quiz, 'chapter-03/quiz/keys').map(({ raw }) => raw)).toEqual([
      '{"version":1}',
    ]);
    expect(browser.values.get(`${TASK}/set-aside/7`)).toBe('rubbish');
  });

  it.each([
    'brokerbook/v1/quiz/Not An Id',
    'brokerbook/v1/quiz/../x',
    'brokerbook/v1/quiz/',
    `${QUIZ}/save/x-1`,
    NOTE,
    `${NOTE}/save/x/save/y`,
    `${NOTE}/save/<script>`,
  ])('leaves %s out, which is no key that the book writes', (key) => {
    const planned = plan(open().store, { [key]: text('x') });
    expect(told(planned)).toEqual(['leave-out: the book never wrote such a key']);
    expect(planned.changes).toEqual([]);
  });

  it('keeps a script as the text that it is', () => {
    const script = '<script>alert(1)</script><img src=x onerror=alert(1)>';
    const { store } = open();
    importAll(store, { [`${NOTE}/save/x-1`]: text(script) });
    expect(texts(store)).toEqual([script]);
  });

  it('takes 10,000 notes in one look and one go', () => {
    const values = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, at) => [`brokerbook/v1/note/n/${at}/save/x-1`, text(`note ${at}`)]),
    );
    const { browser, store } = open();
    expect(plan(store, values).changes).toHaveLength(10_000);
    store.change(plan(store, values).changes);
    expect(browser.values.size).toBe(10_000);
    expect(plan(store, values).changes).toEqual([]);
  });

  it('has a rule for every kind', () => {
    const rules = Object.entries(everything()).flatMap(([key, raw]) => {
      const kind = kindNamed(key.split('/')[2] ?? '');
      const decoded = kind && !key.includes('/set-aside/') ? decode(kind, key, raw) : null;
      return kind && decoded?.result === 'value'
        ? [{ name: kind.name, merges: isTextKind(kind) || kind.changedAtMs(decoded.value) !== null }]
        : [];
    });
    expect(new Set(rules.map(({ name }) => name))).toEqual(new Set(Object.keys(kinds)));
    expect(rules.filter(({ merges }) => !merges)).toEqual([]);
  });
});

describe('a change of many keys', () => {
  const values = { [QUIZ]: quiz('a', 1), [`${NOTE}/save/x-1`]: text('mine') };

  it('that the storage refuses in the middle leaves everything as it was', () => {
    const { browser, store } = open(values);
    let room = 3;
    const put = browser.put.bind(browser);
    vi.spyOn(browser, 'put').mockImplementation((key, raw, tab) => {
      if (raw !== null && browser.values.get(key) === undefined && (room -= 1) < 0)
        throw new DOMException('', 'QuotaExceededError');
      put(key, raw, tab);
    });
    const planned = plan(store, {
      [QUIZ]: quiz('b', 2),
      ...Object.fromEntries(['p', 'q', 'r', 's'].map((by) => [`${NOTE}/save/${by}-1`, text(by, by)])),
    });
    expect(store.change(planned.changes)).toMatchObject({ code: 'full' });
    expect(Object.fromEntries(browser.values)).toEqual(values);
    room = 10;
    expect(store.change(planned.changes)).toBeNull();
    expect(texts(store)).toEqual(['mine', 'p', 'q', 'r', 's']);
  });

  it('takes back a value that it had written over before the storage was full', () => {
    const { browser, store } = open({ ...values, [TASK]: 'old' });
    const put = browser.put.bind(browser);
    vi.spyOn(browser, 'put').mockImplementation((key, raw, tab) => {
      if (key === TASK && raw === 'new') throw new DOMException('', 'QuotaExceededError');
      put(key, raw, tab);
    });
    const problem = store.change([
      { key: QUIZ, from: quiz('a', 1), to: quiz('b', 2) },
      { key: TASK, from: 'old', to: 'new' },
    ]);
    expect(problem).toMatchObject({ code: 'full' });
    expect(Object.fromEntries(browser.values)).toEqual({ ...values, [TASK]: 'old' });
  });

  it('does nothing when one of the keys is not what it was when this was planned', () => {
    const { browser, store } = open(values);
    const planned = plan(store, { [QUIZ]: quiz('b', 2), [TASK]: 'x' });
    browser.put(QUIZ, quiz('c', 3));
    browser.settle();
    expect(store.change(planned.changes)).toMatchObject({ code: 'moved', key: QUIZ });
    expect(browser.values.has(TASK)).toBe(false);
  });

  it('tells those who watch the keys, here and in other tabs', () => {
    const { browser, store } = open();
    const other = createStore(browser.openTab('other').surroundings);
    const [here, there] = [vi.fn(), vi.fn()];
    store.watch(kinds.note, ID, here);
    other.watch(kinds.note, ID, there);
    store.change(
      plan(store, { [`${NOTE}/save/x-1`]: text('a'), [`${NOTE}/save/y-1`]: text('b', 'y') }).changes,
    );
    browser.settle();
    expect(here).toHaveBeenCalledTimes(1);
    expect(there).toHaveBeenCalledTimes(2);
  });
});

describe('a reset', () => {
  it('forgets what it names, with all its saves, and nothing else; and comes back', () => {
    const values = {
      [QUIZ]: quiz('a', 1),
      [`${QUIZ}/set-aside/4`]: 'rubbish',
      [`${QUIZ}-2`]: quiz('a', 1),
      [`${NOTE}/save/x-1`]: text('a'),
      [`${NOTE}/save/y-1`]: text('b', 'y'),
    };
    const { browser, store } = open(values);
    const keys = new Set([QUIZ, keyOf(kinds.note, ID)]);
    const changes = done(planReset(store, keys));
    expect(store.change(changes)).toBeNull();
    expect([...browser.values.keys()]).toEqual([`${QUIZ}/set-aside/4`, `${QUIZ}-2`]);
    expect(takeBack(store, changes)).toBeNull();
    expect(Object.fromEntries(browser.values)).toEqual(values);
  });

  it('that is taken back leaves what was made since', () => {
    const { browser, store } = open({ [QUIZ]: quiz('a', 1), [`${NOTE}/save/x-1`]: text('a') });
    const changes = done(planErasure(store));
    store.change(changes);
    browser.put(QUIZ, quiz('b', 2));
    browser.settle();
    expect(takeBack(store, changes)).toBeNull();
    expect(Object.fromEntries(browser.values)).toEqual({
      [QUIZ]: quiz('b', 2),
      [`${NOTE}/save/x-1`]: text('a'),
    });
  });
});

describe('many texts', () => {
  it('are read in one look through the keys, and a round of news is one look', () => {
    const { browser, store } = open(
      Object.fromEntries(
        Array.from({ length: 500 }, (_, at) => [`brokerbook/v1/note/n/${at}/save/x-1`, text(`note ${at}`)]),
      ),
    );
    const tab = browser.openTab('counts');
    let asked = 0;
    const { storage } = tab.surroundings;
    const counting = createStore({
      ...tab.surroundings,
      storage: () => {
        const open = storage();
        if (!open) return open;
        return {
          length: open.length,
          key: (at: number) => {
            asked += 1;
            return open.key(at);
          },
          getItem: open.getItem,
          setItem: open.setItem,
          removeItem: open.removeItem,
        };
      },
    });
    const ids = Array.from({ length: 500 }, (_, at) => `n/${at}`);
    const all = counting.atOnce(() =>
      ids.map((id) => done(standingTexts(counting, kinds.note, id))[0]?.text),
    );
    expect(all[499]).toBe('note 499');
    expect(asked).toBe(500);
    asked = 0;
    const notes = ids.slice(0, 20).map((id) => openText(counting, kinds.note, id));
    expect(asked).toBe(20 * 500);
    asked = 0;
    tab.emit('focus');
    expect(asked).toBe(500);
    expect(notes[3]?.state.text).toBe('note 3');
    // What is written while all are read is seen by those that come after.
    const seen = counting.atOnce(() => {
      standingTexts(counting, kinds.note, 'n/1');
      counting.write(kinds.prediction, 'a', { choice: 'x', chosenAtMs: 1 });
      counting.writeSaves(
        kinds.note,
        'n/1',
        [{ name: 'z-1', value: { text: 'z', savedAtMs: 1, by: 'z', seen: { z: 1 } } }],
        [],
      );
      return done(standingTexts(counting, kinds.note, 'n/1')).length;
    });
    expect(seen).toBe(2);
    expect(done(standingTexts(store, kinds.note, 'n/1'))).toHaveLength(1);
  });
});
