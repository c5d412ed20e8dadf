import { describe, expect, it, vi } from 'vitest';
import { kinds } from '../../src/storage/kinds.ts';
import { createStore, keyOf } from '../../src/storage/store.ts';
import { FakeBrowser } from './fixtures/storage/fakes.ts';

const ID = 'chapter-03/practice/set-up-kafka';
const KEY = `brokerbook/v1/task/${ID}`;
const done = { done: true, changedAtMs: 5, by: 'hand' as const, run: null };

function open() {
  const browser = new FakeBrowser();
  const tab = browser.openTab('t1');
  return { browser, tab, store: createStore(tab.surroundings) };
}

describe('a store', () => {
  it('reads what it wrote, under a key that says whose it is', () => {
    const { browser, store } = open();
    expect(store.read(kinds.task, ID)).toEqual({ found: 'nothing' });
    expect(store.write(kinds.task, ID, done)).toBeNull();
    expect(store.read(kinds.task, ID)).toEqual({ found: 'value', value: done });
    expect(browser.json(KEY)).toEqual({ version: 2, ...done });
  });

  it('touches no storage until it is asked', () => {
    const { tab } = open();
    const storage = vi.fn(tab.surroundings.storage);
    createStore({ ...tab.surroundings, storage });
    expect(storage).not.toHaveBeenCalled();
  });

  it.each(['', 'Chapter', 'a//b', '/a', 'a/', 'a b', 'a/set-aside/1', 'set-aside/1', 'a/save/1', '../a'])(
    'refuses the id "%s" and says what one looks like',
    (id) => {
      expect(() => keyOf(kinds.note, id)).toThrow(/of a note: expected lower-case/);
    },
  );

  it('leaves a value of a newer version untouched and says so', () => {
    const { browser, store } = open();
    const newer = '{"version":3,"state":"done"}';
    browser.put(KEY, newer);
    browser.settle();
    expect(store.read(kinds.task, ID)).toMatchObject({
      found: 'problem',
      problem: { code: 'unknown-version', key: KEY },
    });
    const problem = store.write(kinds.task, ID, done);
    expect(problem?.message).toContain(`${KEY} has version 3; this page knows versions 1 to 2`);
    expect([...browser.values]).toEqual([[KEY, newer]]);
  });

  it('moves a corrupt value aside, offers it, and forgets it only when told', () => {
    const { browser, store } = open();
    browser.put(KEY, '{"version":1,"do');
    browser.settle();
    expect(store.read(kinds.task, ID)).toEqual({ found: 'nothing' });
    browser.put(KEY, 'more rubbish');
    browser.settle();
    expect(store.write(kinds.task, ID, done)).toBeNull();
    const kept = store.setAside(kinds.task, ID);
    expect(kept.map(({ raw }) => raw)).toEqual(['{"version":1,"do', 'more rubbish']);
    expect(kept.every(({ key }) => /^brokerbook\/v1\/task\/.*\/set-aside\/\d+$/.test(key))).toBe(true);
    kept.forEach((each) => store.discard(each));
    expect([...browser.values.keys()]).toEqual([KEY]);
  });

  it('leaves a corrupt value where it is when there is no room to move it', () => {
    const { browser, store } = open();
    browser.put(KEY, 'rubbish');
    browser.settle();
    browser.full = true;
    expect(store.write(kinds.task, ID, done)).toMatchObject({ code: 'corrupt', key: KEY });
    expect(browser.values.get(KEY)).toBe('rubbish');
  });

  it.each([
    ['full', { full: true }],
    ['forbidden', { forbidden: true }],
  ])('says that the storage is %s, without throwing', (code, trouble) => {
    const { browser, store } = open();
    Object.assign(browser, trouble);
    expect(store.write(kinds.task, ID, done)).toMatchObject({ code, key: KEY });
    expect(browser.values.size).toBe(0);
    expect(store.setAside(kinds.task, ID)).toEqual([]);
  });

  it.each([null, undefined])('says so when the storage is %s', (storage) => {
    const { tab } = open();
    const store = createStore({ ...tab.surroundings, storage: () => storage });
    expect(store.read(kinds.task, ID)).toMatchObject({ problem: { code: 'forbidden' } });
  });

  it('tells watchers in this tab and in others, of this key only', () => {
    const { browser, store } = open();
    const other = createStore(browser.openTab('t2').surroundings);
    const here = vi.fn();
    const there = vi.fn();
    const elsewhere = vi.fn();
    const stop = store.watch(kinds.task, ID, here);
    other.watch(kinds.task, ID, there);
    other.watch(kinds.task, 'chapter-03/other', elsewhere);
    store.write(kinds.task, ID, done);
    browser.settle();
    expect([here, there, elsewhere].map((each) => each.mock.calls.length)).toEqual([1, 1, 0]);
    stop();
    other.write(kinds.task, ID, { ...done, done: false });
    browser.settle();
    expect([here, there, elsewhere].map((each) => each.mock.calls.length)).toEqual([1, 2, 0]);
  });

  it('tells every watcher when the storage was cleared, and when the page comes back', () => {
    const { browser, tab, store } = open();
    const listener = vi.fn();
    store.watch(kinds.task, ID, listener);
    browser.clear();
    browser.settle();
    for (const type of ['pageshow', 'visibilitychange', 'focus']) tab.emit(type);
    expect(listener).toHaveBeenCalledTimes(4);
  });

  it('gives a last chance to write whenever the page may go', () => {
    const { tab, store } = open();
    const flush = vi.fn();
    store.onFlush(flush);
    for (const type of ['pagehide', 'visibilitychange', 'blur']) tab.emit(type);
    expect(flush).toHaveBeenCalledTimes(3);
  });
});
