/** Everything of the reader's goes, after a question, and comes back while the page is open. */
import { useSignal } from '@preact/signals';
import { readerStore } from '../../storage/browser.ts';
import { planErasure } from '../../storage/reset.ts';
import { isProblem } from '../../storage/store.ts';
import { Confirm } from './Confirm.tsx';
import { exportFile } from './exportFile.ts';
import { Said } from './Said.tsx';
import { look, useStored } from './stored.ts';
import { sizeWords, storedOf } from './summary.ts';
import { useUndo } from './useUndo.ts';
import './data.css';

export default function Erase() {
  const open = useSignal(false);
  const exported = useSignal('');
  const doing = useUndo();
  const { awake, entries } = useStored();
  const { things, bytes } = storedOf(entries);

  function erase(): void {
    const changes = planErasure(readerStore());
    if (isProblem(changes)) doing.say(changes.message);
    else doing.run(changes, `Erased: ${things} things. They come back with Undo, until this page is left.`);
    open.value = false;
  }

  return (
    <div class="data not-content">
      <div class="data-actions">
        <button
          type="button"
          disabled={!awake}
          onClick={() => {
            look();
            exported.value = '';
            open.value = true;
          }}
        >
          Erase everything…
        </button>
      </div>
      <Said doing={doing} />
      <Confirm
        open={open.value}
        title="Erase everything of yours in this browser"
        action="Erase"
        idle={entries.length === 0}
        onConfirm={erase}
        onExport={() => {
          exported.value = exportFile();
          look();
        }}
        onClose={() => {
          open.value = false;
        }}
      >
        <p>
          {things} things, {sizeWords(bytes)}: notes, answers, ticks, predictions, and what was set aside.
        </p>
        <p role="status">{exported.value}</p>
      </Confirm>
    </div>
  );
}
