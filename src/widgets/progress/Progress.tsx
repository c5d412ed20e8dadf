/** The reader's progress through a chapter: a small ring and "2 of 6 done", as wide before it is counted as after. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { countDone, watchDone } from './countDone.ts';
import type { Practice } from './countDone.ts';
import './progress.css';

export default function Progress({ taskIds, questionIds }: Practice) {
  const done = useSignal(0);
  const total = taskIds.length + questionIds.length;

  useLayoutEffect(() => {
    const store = readerStore();
    const count = (): void => {
      done.value = countDone(store, { taskIds, questionIds });
    };
    count();
    return watchDone(store, { taskIds, questionIds }, count);
  }, []);

  return (
    <p class="progress not-content">
      <span class="progress-ring" aria-hidden="true" style={{ '--done': `${(100 * done.value) / total}%` }} />
      <span class="progress-count">
        {done.value} of {total} done
      </span>
    </p>
  );
}
