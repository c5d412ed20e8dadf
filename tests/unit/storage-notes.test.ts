import { describe, expect, it } from 'vitest';
import { kinds } from '../../src/storage/kinds.ts';
import { createNotes } from '../../src/storage/notes.ts';
import type { Notes, Where } from '../../src/storage/notes.ts';
import { createStore } from '../../src/storage/store.ts';
import type { StorageLike } from '../../src/storage/store.ts';
import { openText } from '../../src/storage/text.ts';
import type { KeptText } from '../../src/storage/text.ts';
import { FakeBrowser } from './fixtures/storage/fakes.ts';
import type { FakeTab } from './fixtures/storage/fakes.ts';

const where: Where = {
  page: 'chapter-03-message-brokers',
  heading: { id: 'broker-comparison', text: 'Broker Comparison' },
  quote: null,
  run: null,
  order: 0,
};

interface Page {
  readonly tab: FakeTab;
  readonly notes: Notes;
  readonly textOf: (id: string) => KeptText;
  /** Makes a note with this text and lets it be saved. */
  readonly write: (text: string, at?: Partial<Where>) => string;
}

function open(browser: FakeBrowser, name: string): Page {
  const tab = browser.openTab(name);
  const store = createStore(tab.surroundings);
  const texts = new Map<string, KeptText>();
  const textOf = (id: string): KeptText => {
    const text = texts.get(id) ?? openText(store, kinds.note, id);
    texts.set(id, text);
    return text;
  };
  const notes = createNotes(store, textOf);
  const write = (text: string, at: Partial<Where> = {}): string => {
    const id = notes.begin({ ...where, ...at });
    textOf(id).edit(text);
    tab.advance(300);
    return id;
  };
  return { tab, notes, textOf, write };
}

const textsOf = ({ notes }: Page): string[] => notes.list().notes.map(({ text }) => text);

describe('a note', () => {
  it('stores nothing before its first character, and then text and place', () => {
    const browser = new FakeBrowser();
    const page = open(browser, 't1');
    const id = page.notes.begin(where);
    expect(browser.values.size).toBe(0);
    page.textOf(id).edit('L');
    page.tab.advance(300);
    expect(browser.json(`brokerbook/v1/note-place/${id}`)).toMatchObject({ ...where, tags: [] });
    expect(open(browser, 't2').notes.list().notes).toMatchObject([{ id, text: 'L', deleted: false }]);
  });

  it('that was begun and holds nothing leaves nothing behind', () => {
    const browser = new FakeBrowser();
    const page = open(browser, 't1');
    const id = page.write('typed');
    page.textOf(id).edit('');
    page.notes.end(id);
    expect(browser.values.size).toBe(0);
    expect(page.textOf(id).state.unsaved).toBe(false);
  });

  it('gets its place as soon as the storage has room again', () => {
    const browser = new FakeBrowser();
    const page = open(browser, 't1');
    browser.full = true;
    const id = page.write('no room');
    expect(page.textOf(id).state.problem?.code).toBe('full');
    browser.full = false;
    page.tab.emit('pagehide');
    expect(open(browser, 't2').notes.list().notes).toMatchObject([{ text: 'no room', place: where }]);
  });

  it('has an id that no other has, in another tab at the same moment either', () => {
    const browser = new FakeBrowser();
    const ids = ['t1', 't2'].flatMap((name) => {
      const { notes } = open(browser, name);
      return [notes.begin(where), notes.begin(where)];
    });
    expect(new Set(ids).size).toBe(4);
  });

  it('without a readable place is listed all the same, and its place is set aside', () => {
    const browser = new FakeBrowser();
    const id = open(browser, 't1').write('kept');
    const key = `brokerbook/v1/note-place/${id}`;
    browser.values.set(key, '{"version":1,"page":"//evil.example"}');
    expect(open(browser, 't2').notes.list().notes).toMatchObject([{ id, text: 'kept', place: null }]);
    expect([...browser.values.keys()].some((each) => each.startsWith(`${key}/set-aside/`))).toBe(true);
  });

  it('of a newer book is untouched, said, and hides no other', () => {
    const browser = new FakeBrowser();
    const page = open(browser, 't1');
    page.write('ours');
    const key = 'brokerbook/v1/note/n/newer/save/t9-1';
    browser.values.set(key, '{"version":2,"blocks":[]}');
    const { notes, problems } = open(browser, 't2').notes.list();
    expect(notes.map(({ text }) => text)).toEqual(['ours']);
    expect(problems).toMatchObject([{ code: 'unknown-version', key }]);
    expect(browser.values.get(key)).toBe('{"version":2,"blocks":[]}');
  });
});

describe('deleting', () => {
  it('keeps the text, and undo brings it back as it was', () => {
    const browser = new FakeBrowser();
    const page = open(browser, 't1');
    const id = page.write('to be deleted');
    page.notes.change(id, { tags: ['exam'] });
    page.notes.remove(id);
    expect(page.notes.list().notes).toMatchObject([{ text: 'to be deleted', deleted: true }]);
    page.notes.restore(id);
    expect(open(browser, 't2').notes.list().notes).toMatchObject([
      { text: 'to be deleted', deleted: false, place: { tags: ['exam'] } },
    ]);
  });

  it('takes what was just typed with it, and undo brings that back, too', () => {
    const page = open(new FakeBrowser(), 't1');
    const id = page.write('half');
    page.textOf(id).edit('half a sentence');
    page.notes.remove(id);
    expect(page.notes.list().notes).toMatchObject([{ text: 'half a sentence', deleted: true }]);
  });

  it('does not hold against a tab that types on', () => {
    const browser = new FakeBrowser();
    const one = open(browser, 't1');
    const id = one.write('shared');
    browser.settle();
    const other = open(browser, 't2');
    other.textOf(id);
    one.notes.remove(id);
    browser.settle();
    other.tab.nowMs = one.tab.nowMs + 1000;
    other.textOf(id).edit('shared, and more');
    other.tab.advance(300);
    browser.settle();
    expect(one.notes.list().notes).toMatchObject([{ text: 'shared, and more', deleted: false }]);
  });

  it('for good leaves nothing, here and in the field that shows it', () => {
    const browser = new FakeBrowser();
    const page = open(browser, 't1');
    const id = page.write('gone');
    page.notes.remove(id);
    expect(page.notes.purge(id)).toBe(null);
    page.tab.emit('pagehide');
    expect(browser.values.size).toBe(0);
    expect(page.textOf(id).state).toMatchObject({ text: '', unsaved: false, problem: null });
  });

  it('for good in one tab takes nothing from the page of another', () => {
    const browser = new FakeBrowser();
    const one = open(browser, 't1');
    const id = one.write('shown elsewhere');
    const other = open(browser, 't2');
    other.textOf(id);
    one.notes.purge(id);
    browser.settle();
    expect(other.textOf(id).state).toMatchObject({ text: 'shown elsewhere', problem: { code: 'removed' } });
  });
});

describe('the order', () => {
  it('is that of the text, and among equals that of age', () => {
    const page = open(new FakeBrowser(), 't1');
    page.write('late in the text', { order: 800 });
    page.write('first at the heading');
    page.write('second at the heading');
    expect(textsOf(page)).toEqual(['first at the heading', 'second at the heading', 'late in the text']);
  });

  it('is the reader’s: a moved note stands where it was moved, and stays there', () => {
    const browser = new FakeBrowser();
    const page = open(browser, 't1');
    for (const text of ['a', 'b', 'c', 'd']) page.write(text);
    const move = (text: string, by: number): void => {
      const { notes } = page.notes.list();
      expect(page.notes.move(notes.find((note) => note.text === text)!.id, notes, by)).toBe(null);
    };
    move('d', -1);
    expect(textsOf(page).join('')).toBe('abdc');
    move('d', -1);
    move('a', 1);
    expect(textsOf(page).join('')).toBe('dabc');
    move('d', -1);
    move('c', 9);
    expect(textsOf(page).join('')).toBe('dabc');
    move('d', 3);
    expect(textsOf(open(browser, 't2')).join('')).toBe('abcd');
  });
});

it('changes are told of once for many, in the tab that made them and in others', () => {
  const browser = new FakeBrowser();
  const one = open(browser, 't1');
  const other = open(browser, 't2');
  const told = [0, 0];
  one.notes.subscribe(() => (told[0] = told[0]! + 1));
  other.notes.subscribe(() => (told[1] = told[1]! + 1));
  for (const text of ['a', 'b', 'c']) one.notes.change(one.write(text), { tags: ['x'] });
  one.tab.advance(100);
  browser.settle();
  other.tab.advance(100);
  expect(told[1]).toBe(1);
  expect(textsOf(other)).toEqual(['a', 'b', 'c']);
  expect(told[0]).toBeGreaterThan(0);
});

it('ten thousand notes are listed in one walk over the keys', () => {
  const values = new Map<string, string>();
  for (let index = 0; index < 10_000; index += 1) {
    const id = `n/t1-${index}`;
    const text = { version: 1, text: `note ${index}`, savedAtMs: index, by: 't1', seen: { t1: index + 1 } };
    const place = {
      version: 1,
      ...where,
      order: index,
      tags: [],
      createdAtMs: index,
      changedAtMs: index,
      deletedAtMs: null,
    };
    values.set(`brokerbook/v1/note/${id}/save/t1-${index + 1}`, JSON.stringify(text));
    values.set(`brokerbook/v1/note-place/${id}`, JSON.stringify(place));
  }
  const keys = [...values.keys()];
  let asked = 0;
  const storage: StorageLike = {
    length: keys.length,
    key: (index) => ((asked += 1), keys[index] ?? null),
    getItem: (key) => values.get(key) ?? null,
    setItem: () => undefined,
    removeItem: () => undefined,
  };
  const tab = new FakeBrowser().openTab('t1');
  const store = createStore({ ...tab.surroundings, storage: () => storage });
  const notes = createNotes(store, (id) => openText(store, kinds.note, id));
  const { notes: all } = notes.list();
  expect([all.length, all[9_999]?.text]).toEqual([10_000, 'note 9999']);
  // Once for the texts and once for their places.
  expect(asked).toBeLessThanOrEqual(2 * keys.length);
  expect(notes.list().notes).toBe(all);
});
