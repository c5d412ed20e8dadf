/** The reader's progress through a page: a small ring and "2 of 6 done", as wide before it is counted as after. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { doneKeys, watchDone } from './countDone.ts';
import type { Countable } from './countDone.ts';
import './progress.css';

interface Props {
  /** Each once. */
  readonly items: readonly Countable[];
}

export default function Progress({ items }: Props) {
  const done = useSignal(0);

  useLayoutEffect(() => {
    const store = readerStore();
    const count = (): void => {
      done.value = doneKeys(store, items).size;
    };
    count();
    return watchDone(store, items, count);
  }, []);

  return <Count done={done.value} total={items.length} />;
}

/** Drawn so by the sidebar and by the page on progress. */
export function Count({ done, total }: { readonly done: number; readonly total: number }) {
  return (
    <p class="progress not-content">
      <span class="progress-ring" aria-hidden="true" style={{ '--done': `${(100 * done) / total}%` }} />
      <span class="progress-count">
        {done} of {total} done
      </span>
    </p>
  );
}
