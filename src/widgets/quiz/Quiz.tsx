/**
 * The quiz at the end of a section: closed until the reader opens it, answered as often as they like, its answers kept.
 * Wrong answers come back after a while: in their own place, and at the end of later quizzes (answers.ts has the rule).
 */
import { signal, useSignal } from '@preact/signals';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { kinds } from '../../storage/kinds.ts';
import type { QuizAnswer } from '../../storage/kinds.ts';
import type { SetAside as SetAsideValue, Store } from '../../storage/store.ts';
import { SetAside } from '../notes/SetAside.tsx';
import { AGAIN_AT_MOST, answerTo, dueAmong, tallyOf, tallyWords, watchTally } from './answers.ts';
import type { Question, Quiz as QuizData } from './question.ts';
import { QuestionForm } from './QuestionForm.tsx';
import './quiz.css';

/**
 * The quizzes of this page that have woken up: a later one asks again what was answered wrongly in an earlier one. Set anew
 * whenever an answer is given, so that each of them looks again at what it has to ask.
 */
const awakeQuizzes = signal<readonly QuizData[]>([]);

const NUMBERS: Readonly<Record<number, string>> = { 2: 'Two', 3: 'Three', 4: 'Four' };

export default function Quiz({ json }: { json: string }) {
  const quiz = useMemo(() => JSON.parse(json) as QuizData, [json]);
  const { section, index, questions, predictions } = quiz;
  const store = useRef<Store | null>(null);
  const details = useRef<HTMLDetailsElement>(null);
  const awake = useSignal(false);
  const answers = useSignal<ReadonlyMap<string, QuizAnswer>>(new Map());
  const problems = useSignal<ReadonlyMap<string, string>>(new Map());
  const setAside = useSignal<readonly SetAsideValue[]>([]);
  const tally = useSignal('');
  /** What is asked again, until it is answered. */
  const due = useSignal<ReadonlySet<string>>(new Set());
  /** Questions of earlier quizzes that are asked again here. Those that have been answered here stay, with their answer. */
  const earlier = useSignal<readonly Question[]>([]);
  /** Answers that could not be stored. */
  const unsaved = useRef(new Map<string, QuizAnswer>());

  const asked = {
    questionIds: questions.map(({ id }) => id),
    predictionIds: predictions,
  };

  function note(id: string, answer: QuizAnswer): void {
    answers.value = new Map(answers.value).set(id, answer);
    due.value = new Set([...due.value].filter((other) => other !== id));
  }

  function say(id: string, problem: string | null): void {
    const next = new Map(problems.value);
    if (problem) next.set(id, problem);
    else next.delete(id);
    problems.value = next;
  }

  function keep(id: string, answer: QuizAnswer): void {
    // Before it is written, for who watches is called back meanwhile.
    unsaved.current.delete(id);
    const problem = store.current?.write(kinds.quiz, id, answer) ?? null;
    if (problem) unsaved.current.set(id, answer);
    say(id, problem?.message ?? null);
  }

  function give(question: Question, choice: string): void {
    const opened = store.current;
    const chosen = question.choices.find(({ id }) => id === choice);
    if (!opened || !chosen) return;
    const before = unsaved.current.get(question.id) ?? answerTo(opened, question.id);
    const answer = {
      choice,
      right: chosen.right,
      tries: (before?.tries ?? 0) + 1,
      answeredAtMs: opened.clock.nowMs(),
    };
    note(question.id, answer);
    keep(question.id, answer);
    awakeQuizzes.value = [...awakeQuizzes.value];
  }

  /** Reads one answer again; the storage has changed, or may have room now. */
  function look(id: string): void {
    const opened = store.current;
    if (!opened) return;
    const waiting = unsaved.current.get(id);
    if (waiting) {
      keep(id, waiting);
      return;
    }
    const reading = opened.read(kinds.quiz, id);
    if (reading.found === 'problem') {
      // That nothing can be stored is said when there is something to store.
      if (reading.problem.code !== 'forbidden') say(id, reading.problem.message);
      return;
    }
    say(id, null);
    const known = answers.value.get(id);
    if (reading.found === 'nothing') {
      const rest = new Map(answers.value);
      rest.delete(id);
      answers.value = rest;
    } else if (known?.answeredAtMs !== reading.value.answeredAtMs || known.tries !== reading.value.tries) {
      note(id, reading.value);
    }
    setAside.value = asked.questionIds.flatMap((own) => opened.setAside(kinds.quiz, own));
  }

  /** What is asked again is settled while nobody looks: when the quiz wakes up, and when it is opened. */
  function lookAgain(): void {
    const opened = store.current;
    if (!opened) return;
    const nowMs = opened.clock.nowMs();
    const before = awakeQuizzes.value
      .filter((other) => other.index < index)
      .flatMap((other) => other.questions);
    const beforeIds = before.map(({ id }) => id);
    const dueBefore = dueAmong(opened, beforeIds, nowMs).slice(0, AGAIN_AT_MOST);
    earlier.value = dueBefore.flatMap((id) => before.find((question) => question.id === id) ?? []);
    due.value = new Set([...dueAmong(opened, asked.questionIds, nowMs), ...dueBefore]);
  }

  useLayoutEffect(() => {
    const opened = readerStore();
    store.current = opened;
    const count = (): void => {
      tally.value = tallyWords(tallyOf(opened, asked));
    };
    asked.questionIds.forEach(look);
    lookAgain();
    count();
    awake.value = true;
    awakeQuizzes.value = [...awakeQuizzes.value, quiz];
    const stops = [
      watchTally(opened, asked, count),
      ...asked.questionIds.map((id) => opened.watch(kinds.quiz, id, () => look(id))),
      awakeQuizzes.subscribe(() => {
        if (!details.current?.open) lookAgain();
      }),
    ];
    return () => {
      stops.forEach((stop) => stop());
      awakeQuizzes.value = awakeQuizzes.value.filter((other) => other !== quiz);
    };
  }, [quiz]);

  const again = due.value.size;
  const form = (question: Question, place: string) => {
    const isDue = due.value.has(question.id);
    return (
      <QuestionForm
        key={question.id}
        question={question}
        place={place}
        due={isDue}
        answer={isDue ? null : (answers.value.get(question.id) ?? null)}
        awake={awake.value}
        problem={problems.value.get(question.id) ?? null}
        onAnswer={(choice) => give(question, choice)}
      />
    );
  };

  return (
    <details
      class="quiz not-content"
      id={`quiz-${section}`}
      ref={details}
      data-pagefind-ignore="all"
      onToggle={(event) => {
        if (event.currentTarget.open) lookAgain();
      }}
    >
      <summary>
        <span class="quiz-title">{NUMBERS[questions.length]} questions on this section</span>
        <span class="quiz-tally">
          {tally.value}
          {again > 0 && <b class="quiz-due"> {again} to answer again</b>}
        </span>
      </summary>
      {questions.map((question) => form(question, ''))}
      {earlier.value.length > 0 && (
        <section class="quiz-earlier" aria-label="From earlier sections">
          <p>From earlier sections</p>
          {earlier.value.map((question) => form(question, `${section}-again-`))}
        </section>
      )}
      <SetAside values={setAside.value} onDiscard={(value) => store.current?.discard(value)} />
    </details>
  );
}
