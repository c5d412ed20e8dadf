import { render } from 'preact-render-to-string';
import { describe, expect, it, vi } from 'vitest';
import { kinds } from '../../src/storage/kinds.ts';
import { createStore } from '../../src/storage/store.ts';
import { openText } from '../../src/storage/text.ts';
import { distinct, doneKeys, keyOfItem, watchDone } from '../../src/widgets/progress/countDone.ts';
import type { Countable } from '../../src/widgets/progress/countDone.ts';
import Progress from '../../src/widgets/progress/Progress.tsx';
import { FakeBrowser } from './fixtures/storage/fakes.ts';

const items: Countable[] = [
  { kind: 'task', id: 'c/practice/a' },
  { kind: 'task', id: 'c/practice/b' },
  { kind: 'answer', id: 'c/questions/q' },
  { kind: 'quiz', id: 'c/quiz/a' },
  { kind: 'prediction', id: 'acks' },
];
const task = { done: true, changedAtMs: 1, by: 'hand' as const, run: null };
const answer = { choice: 'x', right: true, tries: 1, answeredAtMs: 1 };

describe('progress', () => {
  it('counts tasks ticked, questions answered, quiz questions right and predictions made, and nothing else', () => {
    const store = createStore(new FakeBrowser().openTab('t1').surroundings);
    const done = (): string[] => [...doneKeys(store, items)].map((key) => key.replace('brokerbook/v1/', ''));
    expect(done()).toEqual([]);
    store.write(kinds.task, 'c/practice/a', task);
    store.write(kinds.task, 'c/practice/b', { ...task, done: false });
    store.write(kinds.task, 'other/practice/a', task);
    expect(done()).toEqual(['task/c/practice/a']);
    const text = openText(store, kinds.answer, 'c/questions/q');
    text.edit('  \n');
    text.flush();
    expect(done()).toHaveLength(1);
    text.edit('Kafka');
    text.flush();
    expect(done()).toEqual(['task/c/practice/a', 'answer/c/questions/q']);
    store.write(kinds.quiz, 'c/quiz/a', { ...answer, right: false });
    expect(done()).toHaveLength(2);
    store.write(kinds.quiz, 'c/quiz/a', answer);
    store.write(kinds.prediction, 'acks', { choice: 'wrong', chosenAtMs: 1 });
    expect(done().slice(2)).toEqual(['quiz/c/quiz/a', 'prediction/acks']);
  });

  it('hears of changes in this tab and in others, until it stops listening', () => {
    const browser = new FakeBrowser();
    const here = createStore(browser.openTab('t1').surroundings);
    const there = createStore(browser.openTab('t2').surroundings);
    const listener = vi.fn();
    const stop = watchDone(here, items, listener);
    here.write(kinds.task, 'c/practice/a', task);
    there.write(kinds.quiz, 'c/quiz/a', answer);
    browser.settle();
    expect(listener).toHaveBeenCalledTimes(2);
    stop();
    here.write(kinds.task, 'c/practice/a', { ...task, done: false });
    expect(listener).toHaveBeenCalledTimes(2);
  });

  it('counts nothing, and throws nothing, when the storage is forbidden', () => {
    const browser = new FakeBrowser();
    browser.forbidden = true;
    expect(doneKeys(createStore(browser.openTab('t1').surroundings), items).size).toBe(0);
  });

  it('counts a thing once that stands on two pages', () => {
    expect(distinct([...items, { kind: 'prediction', id: 'acks' }])).toEqual(items);
    expect(keyOfItem({ kind: 'prediction', id: 'acks' })).toBe('brokerbook/v1/prediction/acks');
  });

  it('is drawn by the build with nothing done', () => {
    expect(render(<Progress items={items} />)).toContain('0 of 5 done');
  });
});
