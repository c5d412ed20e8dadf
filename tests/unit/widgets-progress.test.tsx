import { render } from 'preact-render-to-string';
import { describe, expect, it, vi } from 'vitest';
import { kinds } from '../../src/storage/kinds.ts';
import { createStore } from '../../src/storage/store.ts';
import { openText } from '../../src/storage/text.ts';
import { countDone, watchDone } from '../../src/widgets/progress/countDone.ts';
import Progress from '../../src/widgets/progress/Progress.tsx';
import { FakeBrowser } from './fixtures/storage/fakes.ts';

const practice = { taskIds: ['c/practice/a', 'c/practice/b'], questionIds: ['c/questions/q'] };

describe('progress', () => {
  it('counts tasks that are ticked and questions that have an answer, and nothing else', () => {
    const store = createStore(new FakeBrowser().openTab('t1').surroundings);
    expect(countDone(store, practice)).toBe(0);
    store.write(kinds.task, 'c/practice/a', { done: true, changedAtMs: 1, by: 'hand', run: null });
    store.write(kinds.task, 'c/practice/b', { done: false, changedAtMs: 1, by: 'hand', run: null });
    store.write(kinds.task, 'other/practice/a', { done: true, changedAtMs: 1, by: 'hand', run: null });
    expect(countDone(store, practice)).toBe(1);
    const answer = openText(store, kinds.answer, 'c/questions/q');
    answer.edit('  \n');
    answer.flush();
    expect(countDone(store, practice)).toBe(1);
    answer.edit('Kafka');
    answer.flush();
    expect(countDone(store, practice)).toBe(2);
  });

  it('hears of changes in this tab and in others, until it stops listening', () => {
    const browser = new FakeBrowser();
    const here = createStore(browser.openTab('t1').surroundings);
    const there = createStore(browser.openTab('t2').surroundings);
    const listener = vi.fn();
    const stop = watchDone(here, practice, listener);
    here.write(kinds.task, 'c/practice/a', { done: true, changedAtMs: 1, by: 'hand', run: null });
    there.write(kinds.task, 'c/practice/b', { done: true, changedAtMs: 1, by: 'hand', run: null });
    browser.settle();
    expect(listener).toHaveBeenCalledTimes(2);
    stop();
    here.write(kinds.task, 'c/practice/a', { done: false, changedAtMs: 2, by: 'hand', run: null });
    expect(listener).toHaveBeenCalledTimes(2);
  });

  it('counts nothing, and throws nothing, when the storage is forbidden', () => {
    const browser = new FakeBrowser();
    browser.forbidden = true;
    expect(countDone(createStore(browser.openTab('t1').surroundings), practice)).toBe(0);
  });

  it('is drawn by the build with nothing done', () => {
    expect(render(<Progress {...practice} />)).toContain('0 of 3 done');
  });
});
