/**
 * What the reader's answers come to: which questions are right, how a section stands, and which questions are asked again.
 * Reads the storage and writes nothing; a problem of the storage counts as no answer.
 */
import { kinds } from '../../storage/kinds.ts';
import type { QuizAnswer } from '../../storage/kinds.ts';
import type { Store } from '../../storage/store.ts';
import { isDone } from '../progress/countDone.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** No more than so many questions of earlier sections are asked again at once. */
export const AGAIN_AT_MOST = 3;

/**
 * How long after a wrong answer the question is asked again: long enough to have read on, then to have slept, then to have
 * forgotten the explanation.
 * @param tries how many answers were given, the last one included
 */
export function waitMs(tries: number): number {
  if (tries <= 1) return 2 * MINUTE_MS;
  return tries === 2 ? DAY_MS : 7 * DAY_MS;
}

/**
 * Whether a question is to be answered again: its latest answer is wrong, and the wait is over. An answer from the future
 * was given by a clock that has been set back since; it is asked again at once, lest it never be.
 */
export function isDue(answer: QuizAnswer, nowMs: number): boolean {
  const sinceMs = nowMs - answer.answeredAtMs;
  return !answer.right && (sinceMs < 0 || sinceMs >= waitMs(answer.tries));
}

/** Those of some questions that are to be answered again, the longest waiting first. */
export function dueAmong(store: Store, ids: readonly string[], nowMs: number): string[] {
  return ids
    .flatMap((id) => {
      const answer = answerTo(store, id);
      return answer && isDue(answer, nowMs) ? [{ id, answer }] : [];
    })
    .sort((a, b) => a.answer.answeredAtMs - b.answer.answeredAtMs)
    .map(({ id }) => id);
}

/** The latest answer to a question, or null. */
export function answerTo(store: Store, id: string): QuizAnswer | null {
  const reading = store.read(kinds.quiz, id);
  return reading.found === 'value' ? reading.value : null;
}

/** What is asked in a section: its quiz, and its experiments that ask for a prediction. */
export interface Asked {
  readonly questionIds: readonly string[];
  readonly predictionIds: readonly string[];
}

export interface Tally {
  readonly right: number;
  readonly answered: number;
  readonly questions: number;
  /** Predictions made. Whether they came true is not counted: a wrong one has done its work. */
  readonly predicted: number;
}

export function tallyOf(store: Store, { questionIds, predictionIds }: Asked): Tally {
  const answers = questionIds.map((id) => answerTo(store, id));
  return {
    right: answers.filter((answer) => answer?.right).length,
    answered: answers.filter((answer) => answer !== null).length,
    questions: questionIds.length,
    predicted: predictionIds.filter((id) => isDone(store, { kind: 'prediction', id })).length,
  };
}

/** "2 of 3 right, 1 prediction"; empty before anything is answered. */
export function tallyWords({ right, answered, questions, predicted }: Tally): string {
  const made = predicted === 0 ? '' : `${predicted} ${predicted === 1 ? 'prediction' : 'predictions'}`;
  if (answered === 0) return made;
  return [`${right} of ${questions} right`, made].filter((words) => words !== '').join(', ');
}

/** Calls back whenever the tally may have changed. Returns a function that stops it. */
export function watchTally(
  store: Store,
  { questionIds, predictionIds }: Asked,
  listener: () => void,
): () => void {
  const stops = [
    ...questionIds.map((id) => store.watch(kinds.quiz, id, listener)),
    ...predictionIds.map((id) => store.watch(kinds.prediction, id, listener)),
  ];
  return () => stops.forEach((stop) => stop());
}
