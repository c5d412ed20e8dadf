/**
 * One question of a quiz: choices of which one is picked and then answered with. Arrow keys move through the choices, so
 * that picking alone must not count; a button does.
 */
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { QuizAnswer } from '../../storage/kinds.ts';
import { InlineCode } from './InlineCode.tsx';
import type { Question } from './question.ts';

interface Props {
  readonly question: Question;
  /** What the id of the form begins with: a question may stand in two places of a page. */
  readonly place: string;
  /** The latest answer that is to be shown: none while the question is asked again. */
  readonly answer: QuizAnswer | null;
  /** Whether it is asked again. */
  readonly due: boolean;
  /** Whether there is somebody to take an answer. */
  readonly awake: boolean;
  /** Why the answer could not be stored. */
  readonly problem: string | null;
  readonly onAnswer: (choice: string) => void;
}

export function QuestionForm({ question, place, answer, due, awake, problem, onAnswer }: Props) {
  /** Undefined until the page is awake: the boxes are the reader's own till then. */
  const picked = useSignal<string | undefined>(undefined);
  /** Whether the pick is the reader's own and not yet given: then it stays, whatever is heard of the answer. */
  const isOwn = useRef(false);
  const form = useRef<HTMLFormElement>(null);
  const id = `${place}${question.id.replaceAll('/', '-')}`;
  const chosen = question.choices.find((choice) => choice.id === answer?.choice);

  useLayoutEffect(() => {
    if (picked.value === undefined) {
      // It may have been made while the page was still waking up.
      const early = form.current?.querySelector<HTMLInputElement>('input:checked')?.value;
      isOwn.current = early !== undefined;
      picked.value = early ?? '';
    }
    if (!isOwn.current) picked.value = answer?.choice ?? '';
  }, [answer?.choice, answer?.answeredAtMs]);

  return (
    <form
      class="quiz-question"
      id={id}
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        isOwn.current = false;
        if (picked.value) onAnswer(picked.value);
      }}
    >
      <fieldset>
        <legend>
          {due && <b class="quiz-due">To answer again. </b>}
          <InlineCode text={question.question} />
        </legend>
        {question.choices.map(({ id: choice, text }) => (
          <label key={choice}>
            <input
              type="radio"
              name={id}
              value={choice}
              autocomplete="off"
              checked={picked.value === undefined ? undefined : picked.value === choice}
              onChange={() => {
                isOwn.current = true;
                picked.value = choice;
              }}
            />
            <span>
              <InlineCode text={text} />
            </span>
          </label>
        ))}
      </fieldset>
      <div class="quiz-foot">
        <button type="submit" disabled={!awake || !picked.value}>
          {answer ? 'Answer again' : 'Answer'}
        </button>
        <div class="quiz-says" role="status">
          {chosen && (
            <p>
              <b class={chosen.right ? 'quiz-right' : 'quiz-wrong'}>{chosen.right ? '✓ Yes.' : '✗ No.'}</b>{' '}
              <InlineCode text={chosen.why} />
            </p>
          )}
          {problem && <p class="quiz-trouble">{problem}</p>}
        </div>
      </div>
      {chosen && question.links.length > 0 && (
        <p class="quiz-see">
          {question.links.map(({ href, text }) => (
            <a key={href} href={href}>
              {text}
            </a>
          ))}
        </p>
      )}
    </form>
  );
}
