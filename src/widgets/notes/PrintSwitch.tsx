/** Whether a printed page carries the reader's notes: kept, and the same on every page. */
import { useEffect, useState } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { kinds } from '../../storage/kinds.ts';

export function PrintSwitch() {
  const [on, setOn] = useState(false);
  const [awake, setAwake] = useState(false);
  const [trouble, setTrouble] = useState('');
  useEffect(() => {
    const store = readerStore();
    const look = (): void => {
      const kept = store.read(kinds.printing, 'notes');
      if (kept.found === 'value') setOn(kept.value.notes);
    };
    look();
    setAwake(true);
    return store.watch(kinds.printing, 'notes', look);
  }, []);
  const turn = (notes: boolean): void => {
    const store = readerStore();
    setOn(notes);
    const problem = store.write(kinds.printing, 'notes', { notes, changedAtMs: store.clock.nowMs() });
    setTrouble(problem?.message ?? '');
  };
  return (
    <div class="note-print-switch">
      <label>
        <input
          type="checkbox"
          checked={on}
          disabled={!awake}
          onChange={({ currentTarget: { checked } }) => turn(checked)}
        />
        Print notes at their places, when a page of the book is printed
      </label>
      <span class="note-trouble" role="status">
        {trouble}
      </span>
    </div>
  );
}
