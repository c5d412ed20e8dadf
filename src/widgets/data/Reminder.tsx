/** In the sidebar: one quiet line when an export is due, in a place that is kept for it. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { isExportDue } from '../../storage/keeping.ts';
import { kinds } from '../../storage/kinds.ts';
import './reminder.css';

interface Props {
  /** Where a copy is made. */
  readonly href: string;
}

export default function Reminder({ href }: Props) {
  const due = useSignal(false);
  useLayoutEffect(() => {
    const store = readerStore();
    const look = (): void => {
      due.value = isExportDue(store);
    };
    look();
    return store.watch(kinds.care, 'last', look);
  }, []);
  return <p class="reminder not-content">{due.value && <a href={href}>Keep a copy of your notes</a>}</p>;
}
