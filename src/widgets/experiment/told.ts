/** What of a run is read, and not watched: words and figures. Beside what moves they are written as often as an eye can read. */
import { effect, signal, type ReadonlySignal } from '@preact/signals';

/** While it plays, this much real time lies between two of them: to lay text out takes the page longer than to draw the stage. */
const TOLD_EVERY_MS = 200;

/**
 * Follows what is drawn: at once when it stands still, now and then while it plays.
 * @param clock the page's, milliseconds
 */
export function told<T>(
  drawn: ReadonlySignal<T>,
  playing: ReadonlySignal<boolean>,
  clock: () => number,
): ReadonlySignal<T> {
  const latest = signal(drawn.peek());
  let next = 0;
  effect(() => {
    const { value } = drawn;
    if (playing.value && clock() < next) return;
    next = clock() + TOLD_EVERY_MS;
    latest.value = value;
  });
  return latest;
}
