import { describe, expect, it } from 'vitest';
import { kinds } from '../../src/storage/kinds.ts';
import type { StoredText } from '../../src/storage/kinds.ts';
import { createStore } from '../../src/storage/store.ts';
import { openText, SAVE_DELAY_MS } from '../../src/storage/text.ts';
import type { KeptText } from '../../src/storage/text.ts';
import { FakeBrowser } from './fixtures/storage/fakes.ts';

const ID = 'chapter-03/my-notes';
const KEY = `brokerbook/v1/note/${ID}`;

function open(browser: FakeBrowser, name: string) {
  const tab = browser.openTab(name);
  return { tab, note: openText(createStore(tab.surroundings), kinds.note, ID) };
}
const saves = (browser: FakeBrowser) => browser.valuesFrom(`${KEY}/save/`) as StoredText[];
const stored = (browser: FakeBrowser) => saves(browser).map(({ text }) => text);
const beside = ({ state }: KeptText) => state.others.map(({ text }) => text);

describe('a kept text', () => {
  it('is saved a moment after the first unsaved change, and not put off by typing on', () => {
    const browser = new FakeBrowser();
    const { tab, note } = open(browser, 't1');
    note.edit('L');
    tab.advance(SAVE_DELAY_MS - 1);
    note.edit('La');
    expect(stored(browser)).toEqual([]);
    expect(note.state.unsaved).toBe(true);
    tab.advance(1);
    expect(stored(browser)).toEqual(['La']);
    expect(note.state).toMatchObject({ unsaved: false, savedAtMs: tab.nowMs, problem: null });
  });

  it.each(['pagehide', 'visibilitychange', 'blur'])('is saved at %s', (type) => {
    const browser = new FakeBrowser();
    const { tab, note } = open(browser, 't1');
    note.edit('half a sent');
    tab.emit(type);
    expect(stored(browser)).toEqual(['half a sent']);
  });

  it('is there after a reload', () => {
    const browser = new FakeBrowser();
    const { note } = open(browser, 't1');
    note.edit('Lag is not loss.\n');
    note.flush();
    expect(open(browser, 't2').note.state).toMatchObject({ text: 'Lag is not loss.\n', unsaved: false });
  });

  it('follows another tab, also when that one empties it', () => {
    const browser = new FakeBrowser();
    const one = open(browser, 't1').note;
    const two = open(browser, 't2').note;
    one.edit('first');
    one.flush();
    browser.settle();
    expect(two.state.text).toBe('first');
    two.edit('first, second');
    two.flush();
    browser.settle();
    expect(one.state.text).toBe('first, second');
    one.edit('');
    one.flush();
    browser.settle();
    expect(two.state).toMatchObject({ text: '', others: [] });
  });

  it('keeps both texts when two tabs typed at once, and each shows its own', () => {
    const browser = new FakeBrowser();
    const one = open(browser, 't1').note;
    const two = open(browser, 't2').note;
    one.edit('from one');
    two.edit('from two');
    one.flush();
    browser.settle();
    expect(two.state.text).toBe('from two');
    two.flush();
    browser.settle();
    expect(stored(browser)).toEqual(['from one', 'from two']);
    expect(two.state.text).toBe('from two');
    expect(beside(two)).toEqual(['from one']);
    expect(one.state.text).toBe('from one');
    expect(beside(one)).toEqual(['from two']);
  });

  it('stands when a tab that has not heard of it saves too, also if its own tab goes unheard', () => {
    const browser = new FakeBrowser();
    const one = open(browser, 't1');
    const two = open(browser, 't2').note;
    const typing = open(browser, 't3').note;
    typing.edit('from three');
    one.note.edit('from one');
    two.edit('from two');
    one.note.flush();
    // The second tab's process has not heard of that write yet, and the first never hears of this one.
    two.flush();
    browser.closeTab(one.tab);
    expect(stored(browser)).toEqual(['from one', 'from two']);
    browser.settle();
    typing.flush();
    browser.settle();
    expect(stored(browser)).toEqual(['from one', 'from two', 'from three']);
    expect(two.state.text).toBe('from two');
    expect(beside(two)).toEqual(['from one', 'from three']);
  });

  it('replaces only what was in the field before the typing began', () => {
    const browser = new FakeBrowser();
    const one = open(browser, 't1').note;
    const two = open(browser, 't2').note;
    one.edit('first');
    one.flush();
    browser.settle();
    two.edit('second');
    one.edit('first, changed');
    one.flush();
    browser.settle();
    two.flush();
    expect(stored(browser)).toEqual(['first, changed', 'second']);
  });

  it('takes a text over without asking when its own contains it', () => {
    const browser = new FakeBrowser();
    const one = open(browser, 't1').note;
    const two = open(browser, 't2').note;
    one.edit('lag');
    two.edit('lag is not loss');
    one.flush();
    browser.settle();
    two.flush();
    browser.settle();
    expect(stored(browser)).toEqual(['lag is not loss']);
    expect(one.state).toMatchObject({ text: 'lag is not loss', others: [] });
  });

  it('does not take an older text of its own for a loss when it slept through several saves', () => {
    const browser = new FakeBrowser();
    const one = open(browser, 't1').note;
    const two = open(browser, 't2').note;
    one.edit('old words');
    one.flush();
    browser.settle();
    two.edit('new');
    two.flush();
    two.edit('newer');
    two.flush();
    browser.settle();
    expect(one.state).toMatchObject({ text: 'newer', others: [] });
  });

  it('lets the reader join or drop the other text', () => {
    const browser = new FakeBrowser();
    const one = open(browser, 't1').note;
    const two = open(browser, 't2').note;
    for (const round of ['a', 'b']) {
      one.edit(`one ${round}`);
      two.edit(`two ${round}`);
      one.flush();
      browser.settle();
      two.flush();
      browser.settle();
    }
    const [joined] = two.state.others;
    if (!joined) throw new Error('expected another text');
    two.join(joined);
    expect(two.state.text).toBe(`two b\n\n${joined.text}`);
    one.edit('one c');
    two.edit('two c');
    one.flush();
    browser.settle();
    two.flush();
    for (const other of two.state.others) two.drop(other);
    browser.settle();
    expect(stored(browser)).toEqual([two.state.text]);
    expect(one.state).toMatchObject({ text: two.state.text, others: [] });
  });

  it('stays on the page when the storage is full, says so, and is saved when there is room again', () => {
    const browser = new FakeBrowser();
    const { tab, note } = open(browser, 't1');
    browser.full = true;
    note.edit('too much');
    tab.advance(SAVE_DELAY_MS);
    expect(note.state).toMatchObject({
      text: 'too much',
      unsaved: true,
      problem: { code: 'full', key: KEY },
    });
    browser.full = false;
    tab.emit('focus');
    expect(note.state).toMatchObject({ unsaved: false, problem: null });
    expect(stored(browser)).toEqual(['too much']);
  });

  it('says at once, before anything is typed, that the storage is forbidden', () => {
    const browser = new FakeBrowser();
    browser.forbidden = true;
    const { tab, note } = open(browser, 't1');
    expect(note.state).toMatchObject({ unsaved: false, problem: { code: 'forbidden' } });
    note.edit('still here');
    tab.advance(SAVE_DELAY_MS);
    expect(note.state).toMatchObject({ text: 'still here', unsaved: true, problem: { code: 'forbidden' } });
  });

  it('keeps the text of a page when a newer book took over its key', () => {
    const browser = new FakeBrowser();
    const { tab, note } = open(browser, 't1');
    note.edit('mine');
    note.flush();
    const newer = '{"version":2,"blocks":[]}';
    browser.put(`${KEY}/save/t9-1`, newer);
    browser.settle();
    expect(note.state).toMatchObject({ text: 'mine', problem: { code: 'unknown-version' } });
    note.edit('mine, more');
    tab.advance(SAVE_DELAY_MS);
    expect(note.state).toMatchObject({ text: 'mine, more', unsaved: true });
    expect(browser.values.get(`${KEY}/save/t9-1`)).toBe(newer);
    expect(browser.values.size).toBe(2);
  });

  it('does not empty the page when the storage is cleared, and stores again at the next change', () => {
    const browser = new FakeBrowser();
    const { tab, note } = open(browser, 't1');
    note.edit('mine');
    note.flush();
    browser.clear();
    browser.settle();
    tab.emit('blur');
    expect(note.state).toMatchObject({ text: 'mine', unsaved: true, problem: { code: 'removed' } });
    expect(stored(browser)).toEqual([]);
    note.edit('mine!');
    note.flush();
    expect(stored(browser)).toEqual(['mine!']);
    expect(note.state).toMatchObject({ unsaved: false, problem: null });
  });

  it('keeps its text beside what another tab wrote after a clearing', () => {
    const browser = new FakeBrowser();
    const one = open(browser, 't1').note;
    one.edit('mine');
    one.flush();
    browser.clear();
    const two = open(browser, 't2').note;
    two.edit('fresh');
    two.flush();
    browser.settle();
    expect(stored(browser)).toEqual(['fresh', 'mine']);
    expect(one.state.text).toBe('mine');
    expect(beside(one)).toEqual(['fresh']);
    expect(beside(two)).toEqual(['mine']);
  });

  it('does not take the other text off the page either, and stores it again with the next change', () => {
    const browser = new FakeBrowser();
    const one = open(browser, 't1');
    const two = open(browser, 't2');
    one.note.edit('from one');
    two.note.edit('from two');
    one.note.flush();
    two.note.flush();
    for (const { tab } of [one, two]) browser.closeTab(tab);
    // A page that typed neither.
    const kept = open(browser, 't3');
    const shown = [kept.note.state.text, ...beside(kept.note)].sort();
    expect(shown).toEqual(['from one', 'from two']);
    browser.clear();
    browser.settle();
    expect([kept.note.state.text, ...beside(kept.note)].sort()).toEqual(shown);
    expect(kept.note.state).toMatchObject({ unsaved: true, problem: { code: 'removed' } });
    const [other] = beside(kept.note);
    kept.note.edit('new');
    kept.note.flush();
    expect(stored(browser).sort()).toEqual([other, 'new'].sort());
    expect(beside(kept.note)).toEqual([other]);
  });

  it('offers a corrupt value beside the text until the reader discards it', () => {
    const browser = new FakeBrowser();
    browser.put(`${KEY}/save/t9-1`, '{"version":1,"text":"half of a va');
    const { note } = open(browser, 't1');
    note.edit('new');
    note.flush();
    const [aside] = note.state.setAside;
    if (!aside) throw new Error('expected a corrupt value set aside');
    expect(aside.raw).toBe('{"version":1,"text":"half of a va');
    note.discard(aside);
    expect(note.state.setAside).toEqual([]);
    expect([...browser.values.keys()]).toEqual([`${KEY}/save/t1-1`]);
  });

  it('remembers a bounded number of tabs', () => {
    const browser = new FakeBrowser();
    for (let index = 0; index < 40; index += 1) {
      const { note } = open(browser, `t${index}`);
      note.edit(`text ${index}`);
      note.flush();
    }
    const [save] = saves(browser);
    expect(Object.keys(save?.seen ?? {})).toHaveLength(16);
    expect(stored(browser)).toEqual(['text 39']);
  });
});
