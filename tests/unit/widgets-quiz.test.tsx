import { render } from 'preact-render-to-string';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { kinds } from '../../src/storage/kinds.ts';
import type { QuizAnswer } from '../../src/storage/kinds.ts';
import { createStore } from '../../src/storage/store.ts';
import type { Store } from '../../src/storage/store.ts';
import {
  answerTo,
  dueAmong,
  isDue,
  tallyOf,
  tallyWords,
  waitMs,
  watchTally,
} from '../../src/widgets/quiz/answers.ts';
import { InlineCode } from '../../src/widgets/quiz/InlineCode.tsx';
import type { Question } from '../../src/widgets/quiz/question.ts';
import { QuestionForm } from '../../src/widgets/quiz/QuestionForm.tsx';
import Quiz from '../../src/widgets/quiz/Quiz.tsx';
import { FakeBrowser } from './fixtures/storage/fakes.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const openStore = (browser = new FakeBrowser()): Store => createStore(browser.openTab('t1').surroundings);
const answer = (changes: Partial<QuizAnswer> = {}): QuizAnswer => ({
  choice: 'a',
  right: false,
  tries: 1,
  answeredAtMs: 1000,
  ...changes,
});
const asked = { questionIds: ['c/quiz/one', 'c/quiz/two'], predictionIds: ['kafka-acks'] };

describe('a wrong answer', () => {
  it.each([
    [1, 2 * minuteMs],
    [2, dayMs],
    [3, 7 * dayMs],
    [40, 7 * dayMs],
  ])('that was the %ith is asked again after %i ms, and not before', (tries, afterMs) => {
    const given = answer({ tries });
    expect(isDue(given, given.answeredAtMs + afterMs - 1)).toBe(false);
    expect(isDue(given, given.answeredAtMs + afterMs)).toBe(true);
  });

  it('is asked again in the end, whatever the clock did; a right one never is', () => {
    fc.assert(
      fc.property(
        fc.record({ tries: fc.nat(50), answeredAtMs: fc.nat(4e12) }),
        fc.nat(4e12),
        (given, nowMs) => {
          expect(isDue(answer({ ...given, right: true }), nowMs)).toBe(false);
          const wrong = answer(given);
          expect(isDue(wrong, nowMs) || isDue(wrong, nowMs + 7 * dayMs)).toBe(true);
          expect(waitMs(given.tries + 1)).toBeGreaterThanOrEqual(waitMs(given.tries));
        },
      ),
    );
  });

  it('that waits longest comes first', () => {
    const store = openStore();
    store.write(kinds.quiz, 'c/quiz/one', answer({ answeredAtMs: 2000 }));
    store.write(kinds.quiz, 'c/quiz/two', answer({ answeredAtMs: 1000 }));
    store.write(kinds.quiz, 'c/quiz/right', answer({ right: true }));
    store.write(kinds.quiz, 'c/quiz/fresh', answer({ answeredAtMs: 10 * minuteMs }));
    const ids = ['c/quiz/one', 'c/quiz/two', 'c/quiz/right', 'c/quiz/fresh', 'c/quiz/never'];
    expect(dueAmong(store, ids, 10 * minuteMs + 1)).toEqual(['c/quiz/two', 'c/quiz/one']);
  });
});

describe('what the answers come to', () => {
  it('counts the latest answers and the predictions of a section, and nothing else', () => {
    const store = openStore();
    expect(tallyWords(tallyOf(store, asked))).toBe('');
    store.write(kinds.quiz, 'c/quiz/one', answer({ right: true }));
    store.write(kinds.quiz, 'other/quiz/one', answer({ right: true }));
    store.write(kinds.prediction, 'kafka-lag', { choice: 'x', chosenAtMs: 1 });
    expect(tallyOf(store, asked)).toEqual({ right: 1, answered: 1, questions: 2, predicted: 0 });
    store.write(kinds.quiz, 'c/quiz/one', answer({ tries: 2 }));
    store.write(kinds.prediction, 'kafka-acks', { choice: 'back', chosenAtMs: 1 });
    expect(tallyOf(store, asked)).toEqual({ right: 0, answered: 1, questions: 2, predicted: 1 });
    expect(answerTo(store, 'c/quiz/one')).toMatchObject({ right: false, tries: 2 });
    expect(answerTo(store, 'c/quiz/two')).toBeNull();
  });

  it.each([
    [{ right: 0, answered: 0, questions: 3, predicted: 0 }, ''],
    [{ right: 0, answered: 0, questions: 3, predicted: 1 }, '1 prediction'],
    [{ right: 0, answered: 1, questions: 3, predicted: 0 }, '0 of 3 right'],
    [{ right: 3, answered: 4, questions: 4, predicted: 1 }, '3 of 4 right, 1 prediction'],
    [{ right: 4, answered: 4, questions: 4, predicted: 2 }, '4 of 4 right, 2 predictions'],
  ])('%j is said as “%s”', (tally, words) => {
    expect(tallyWords(tally)).toBe(words);
  });

  it('is followed across tabs, until nobody listens', () => {
    const browser = new FakeBrowser();
    const here = openStore(browser);
    const there = createStore(browser.openTab('t2').surroundings);
    const listener = vi.fn();
    const stop = watchTally(here, asked, listener);
    there.write(kinds.quiz, 'c/quiz/two', answer());
    there.write(kinds.prediction, 'kafka-acks', { choice: 'back', chosenAtMs: 1 });
    there.write(kinds.quiz, 'other/quiz/one', answer());
    browser.settle();
    expect(listener).toHaveBeenCalledTimes(2);
    stop();
    here.write(kinds.quiz, 'c/quiz/one', answer());
    expect(listener).toHaveBeenCalledTimes(2);
  });

  it('is nothing, without an error, where the storage is forbidden, newer or corrupt', () => {
    const forbidden = new FakeBrowser();
    forbidden.forbidden = true;
    expect(tallyOf(openStore(forbidden), asked).answered).toBe(0);
    expect(tallyOf(openStore(forbidden), asked).predicted).toBe(0);
    const browser = new FakeBrowser();
    browser.values.set('brokerbook/v1/quiz/c/quiz/one', JSON.stringify({ version: 99, right: true }));
    browser.values.set('brokerbook/v1/quiz/c/quiz/two', '{');
    expect(tallyOf(openStore(browser), asked).answered).toBe(0);
    expect(browser.values.has('brokerbook/v1/quiz/c/quiz/one')).toBe(true);
  });
});

describe('a question', () => {
  const question: Question = {
    id: 'c/quiz/one',
    question: 'Why `acks=all`?',
    choices: [
      { id: 'a', text: 'because', right: true, why: 'It is so.' },
      { id: 'b', text: 'otherwise', right: false, why: 'It is `not` so.' },
    ],
    links: [{ href: '/claims/x/', text: 'Proof: it is so' }],
  };
  const form = (changes: object = {}): string =>
    render(
      <QuestionForm
        question={question}
        place="again-"
        answer={null}
        due={false}
        awake={true}
        problem={null}
        onAnswer={() => undefined}
        {...changes}
      />,
    );

  it('is a group of choices under its own words, which tells nothing before it is answered', () => {
    const html = form();
    expect(html).toMatch(/<fieldset><legend>Why <code>acks=all<\/code>\?<\/legend>/);
    expect(html.match(/type="radio" name="again-c-quiz-one"/g)).toHaveLength(2);
    expect(html).toContain('<div class="quiz-says" role="status"></div>');
    expect(html).not.toMatch(/It is|Proof/);
    expect(html).toContain('<button type="submit" disabled>Answer</button>');
  });

  it('says of the choice that was made whether it is right, why, and where to see it', () => {
    expect(form({ answer: answer({ choice: 'a', right: true }) })).toMatch(
      /✓ Yes\.<\/b> It is so\..*Proof: it is so/,
    );
    const wrong = form({ answer: answer({ choice: 'b' }) });
    expect(wrong).toMatch(/✗ No\.<\/b> It is <code>not<\/code> so\./);
    expect(wrong).not.toContain('It is so.');
    expect(wrong).toContain('Answer again');
  });

  it('says when it is asked again, and why an answer was not kept', () => {
    expect(form({ due: true })).toContain('To answer again.');
    expect(form({ problem: 'Not saved: full.' })).toContain('Not saved: full.');
  });

  it('passes over an answer that it no longer offers', () => {
    expect(form({ answer: answer({ choice: 'gone' }) })).not.toMatch(/Yes|No\./);
  });

  it('is drawn by the build closed, with the explanations only where they are kept', () => {
    const quiz = {
      section: 's',
      index: 0,
      questions: [question, { ...question, id: 'c/quiz/two' }],
      predictions: [],
    };
    const html = render(<Quiz json={JSON.stringify(quiz)} />);
    expect(html).toMatch(/^<details class="quiz not-content" id="quiz-s"[^>]*><summary>/);
    expect(html).toContain('Two questions on this section');
    expect(html).not.toMatch(/<details[^>]* open|It is/);
  });
});

it('code in a text is what stands between backticks', () => {
  expect(render(<InlineCode text="`a` and `b<c>`." />)).toBe('<code>a</code> and <code>b&lt;c></code>.');
});
