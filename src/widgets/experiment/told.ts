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
  let at = -Infinity;
  effect(() => {
    const { value } = drawn;
    const now = clock();
    if (playing.value && now - at < TOLD_EVERY_MS) return;
    at = now;
    latest.value = value;
  });
  return latest;
}
