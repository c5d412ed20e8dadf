/** On home: takes the reader back to where they were, or to the start; one link in one reserved place. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { kinds } from '../../storage/kinds.ts';
import type { Place } from '../../storage/kinds.ts';
import './resume.css';

interface Props {
  /** The site's base path, with a slash at both ends. */
  readonly base: string;
  /** Where a reader starts who has not been anywhere. */
  readonly start: { readonly page: string; readonly label: string };
}

export default function Resume({ base, start }: Props) {
  const place = useSignal<Place | null>(null);

  useLayoutEffect(() => {
    const store = readerStore();
    const look = (): void => {
      const reading = store.read(kinds.place, 'last');
      place.value = reading.found === 'value' ? reading.value : null;
    };
    look();
    return store.watch(kinds.place, 'last', look);
  }, []);

  const { value } = place;
  return (
    <p class="resume not-content">
      {value ? (
        <a href={`${base}${value.page}/#${encodeURIComponent(value.heading.id)}`}>
          Resume: {value.label}, {value.heading.text}
        </a>
      ) : (
        <a href={`${base}${start.page}/`}>Start: {start.label}</a>
      )}
    </p>
  );
}
