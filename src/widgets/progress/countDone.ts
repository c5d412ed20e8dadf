/** How much of a chapter's practice is done: tasks ticked and questions answered. Reads, writes nothing. */
import { kinds } from '../../storage/kinds.ts';
import { isProblem } from '../../storage/store.ts';
import type { Store } from '../../storage/store.ts';
import { standingTexts } from '../../storage/text.ts';

export interface Practice {
  readonly taskIds: readonly string[];
  readonly questionIds: readonly string[];
}

export function countDone(store: Store, { taskIds, questionIds }: Practice): number {
  const ticked = taskIds.filter((id) => {
    const reading = store.read(kinds.task, id);
    return reading.found === 'value' && reading.value.done;
  });
  const answered = questionIds.filter((id) => {
    const texts = standingTexts(store, kinds.answer, id);
    return !isProblem(texts) && texts.some(({ text }) => text.trim() !== '');
  });
  return ticked.length + answered.length;
}

/** Calls back whenever the count may have changed. Returns a function that stops it. */
export function watchDone(
  store: Store,
  { taskIds, questionIds }: Practice,
  listener: () => void,
): () => void {
  const stops = [
    ...taskIds.map((id) => store.watch(kinds.task, id, listener)),
    ...questionIds.map((id) => store.watch(kinds.answer, id, listener)),
  ];
  return () => stops.forEach((stop) => stop());
}
