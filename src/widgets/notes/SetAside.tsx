/** Stored values that could not be read: said, offered as files, and forgotten only when the reader says so. */
import type { SetAside as Value } from '../../storage/store.ts';
import { saveAsFile } from './saveAsFile.ts';
import { fileNameOf } from './saveStatus.ts';
import './notes.css';

interface Props {
  readonly values: readonly Value[];
  readonly onDiscard: (value: Value) => void;
}

export function SetAside({ values, onDiscard }: Props) {
  return values.map((value) => (
    <div class="kept-aside" key={value.key}>
      <p>
        What was stored here could not be read. It was set aside as <code>{value.key}</code> and is not lost.
      </p>
      <div class="kept-actions">
        <button type="button" onClick={() => saveAsFile(fileNameOf(value.key), value.raw)}>
          Save it as a file
        </button>
        <button type="button" onClick={() => onDiscard(value)}>
          Discard it
        </button>
      </div>
    </div>
  ));
}
