import { describe, expect, it } from 'vitest';
import { kinds } from '../../src/storage/kinds.ts';
import type { StoredText } from '../../src/storage/kinds.ts';
import { createStore } from '../../src/storage/store.ts';
import { openText, SAVE_DELAY_MS } from '../../src/storage/text.ts';
import { FakeBrowser } from './fixtures/storage/fakes.ts';

const ID = 'chapter-03/my-notes';
const KEY = `brokerbook/v1/note/${ID}`;

function open(browser: FakeBrowser, name: string) {
  const tab = browser.openTab(name);
  return { tab, note: openText(createStore(tab.surroundings), kinds.note, ID) };
}
const stored = (browser: FakeBrowser) => browser.json(KEY) as StoredText | null;

describe('a kept text', () => {
  it('is saved a moment after the first unsaved change, and not put off by typing on', () => {
    const browser = new FakeBrowser();
    const { tab, note } = open(browser, 't1');
    note.edit('L');
    tab.advance(SAVE_DELAY_MS - 1);
    note.edit('La');
    expect(stored(browser)).toBeNull();
    expect(note.state.unsaved).toBe(true);
    tab.advance(1);
    expect(stored(browser)?.text).toBe('La');
    expect(note.state).toMatchObject({ unsaved: false, savedAtMs: tab.nowMs, problem: null });
  });

  it.each(['pagehide', 'visibilitychange', 'blur'])('is saved at %s', (type) => {
    const browser = new FakeBrowser();
    const { tab, note } = open(browser, 't1');
    note.edit('half a sent');
    tab.emit(type);
    expect(stored(browser)?.text).toBe('half a sent');
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
    expect(stored(browser)).toMatchObject({ text: 'from two', others: [{ text: 'from one' }] });
    expect(two.state.others.map(({ text }) => text)).toEqual(['from one']);
    // The first tab has nothing unsaved: it follows, and sees its own text beside the other.
    expect(one.state).toMatchObject({ text: 'from two', others: [{ text: 'from one' }] });
  });

  it('writes its text again when another tab overwrote it unseen', () => {
    const browser = new FakeBrowser();
    const one = open(browser, 't1').note;
    const two = open(browser, 't2').note;
    one.edit('from one');
    two.edit('from two');
    one.flush();
    // The second tab's process has not heard of that write yet.
    two.flush();
    expect(stored(browser)).toMatchObject({ text: 'from two', others: [] });
    browser.settle();
    expect(stored(browser)).toMatchObject({ text: 'from one', others: [{ text: 'from two' }] });
    expect(two.state).toMatchObject({ text: 'from one', others: [{ text: 'from two' }] });
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
    for (const other of two.state.others) two.drop(other);
    browser.settle();
    expect(stored(browser)).toMatchObject({ text: two.state.text, others: [] });
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
    expect(stored(browser)?.text).toBe('too much');
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
    browser.put(KEY, newer);
    browser.settle();
    expect(note.state).toMatchObject({ text: 'mine', problem: { code: 'unknown-version' } });
    note.edit('mine, more');
    tab.advance(SAVE_DELAY_MS);
    expect(note.state).toMatchObject({ text: 'mine, more', unsaved: true });
    expect(browser.values.get(KEY)).toBe(newer);
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
    expect(stored(browser)).toBeNull();
    note.edit('mine!');
    note.flush();
    expect(stored(browser)?.text).toBe('mine!');
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
    expect(stored(browser)).toMatchObject({ text: 'mine', others: [{ text: 'fresh' }] });
  });

  it('offers a corrupt value beside the text until the reader discards it', () => {
    const browser = new FakeBrowser();
    browser.put(KEY, '{"version":1,"text":"half of a va');
    const { note } = open(browser, 't1');
    note.edit('new');
    note.flush();
    const [aside] = note.state.setAside;
    if (!aside) throw new Error('expected a corrupt value set aside');
    expect(aside.raw).toBe('{"version":1,"text":"half of a va');
    note.discard(aside);
    expect(note.state.setAside).toEqual([]);
    expect([...browser.values.keys()]).toEqual([KEY]);
  });

  it('remembers a bounded number of tabs', () => {
    const browser = new FakeBrowser();
    for (let index = 0; index < 40; index += 1) {
      const { note } = open(browser, `t${index}`);
      note.edit(`text ${index}`);
      note.flush();
    }
    expect(Object.keys(stored(browser)?.seen ?? {})).toHaveLength(16);
    expect(stored(browser)).toMatchObject({ text: 'text 39', others: [] });
  });
});
