/**
 * A field whose text is kept: the reader's notes, and their answers to questions.
 *
 * The build draws it empty and at its full size. When it wakes, what was typed before that is added to
 * what was stored. It grows with its text only out of sight or under the reader's hands: nothing shifts.
 */
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { readerText } from '../../storage/browser.ts';
import { UNREAD } from '../../storage/text.ts';
import type { KeptText, TextState } from '../../storage/text.ts';
import { saveAsFile } from './saveAsFile.ts';
import { fileNameOf, saveStatus, timeOfDay } from './saveStatus.ts';
import { SetAside } from './SetAside.tsx';
import './notes.css';

/** As much of a text as fills the field at its greatest height; to lay out a long one twice would slow the typing. */
const SIZED_MAX_CHARACTERS = 5_000;

interface Props {
  readonly kind: 'note' | 'answer';
  /** Permanent: what was typed is found by it for as long as the book exists. */
  readonly id: string;
  readonly label: string;
  /** The element that the label belongs to, such as the question that this is the answer to. */
  readonly labelContextId?: string;
}

export default function TextField({ kind, id, label, labelContextId }: Props) {
  const state = useSignal<TextState>(UNREAD);
  /** The text that gives the field its height. */
  const sizedFor = useSignal('');
  const kept = useRef<KeptText | null>(null);
  const field = useRef<HTMLTextAreaElement>(null);

  useLayoutEffect(() => {
    const element = field.current;
    if (!element) return undefined;
    const text = readerText(kind, id);
    kept.current = text;
    const typedEarly = element.value;
    const stored = text.state.text;
    if (typedEarly !== '' && typedEarly !== stored) {
      text.edit(stored === '' ? typedEarly : `${stored}\n\n${typedEarly}`);
    }
    let shown = typedEarly;
    const show = (): void => {
      state.value = text.state;
      if (shown !== text.state.text && element.value !== text.state.text) element.value = text.state.text;
      shown = text.state.text;
      const { top, bottom } = element.getBoundingClientRect();
      const inSight = !document.hidden && top < window.innerHeight && bottom > 0;
      if (!inSight || document.activeElement === element) sizedFor.value = shown;
    };
    show();
    return text.subscribe(show);
  }, [kind, id]);

  const { text, problem, others, setAside } = state.value;
  const fieldId = `${kind}-${id.replaceAll('/', '-')}`;
  const nowMs = state.value === UNREAD ? 0 : Date.now();

  return (
    <div class={`kept kept-${kind} not-content`}>
      <label for={fieldId} id={`${fieldId}-label`}>
        {label}
      </label>
      <div class="kept-field" data-text={sizedFor.value.slice(0, SIZED_MAX_CHARACTERS)}>
        <textarea
          id={fieldId}
          ref={field}
          rows={1}
          autocomplete="off"
          // Nothing to read: it lets a style tell an empty field from one with words in it.
          placeholder=" "
          aria-labelledby={labelContextId ? `${fieldId}-label ${labelContextId}` : undefined}
          aria-describedby={`${fieldId}-trouble`}
          onInput={(event) => kept.current?.edit(event.currentTarget.value)}
          onFocus={() => {
            sizedFor.value = text;
          }}
        />
      </div>
      <div class="kept-foot">
        <p class="kept-status">{saveStatus(state.value, nowMs)}</p>
        <p class="kept-trouble" id={`${fieldId}-trouble`} role="status">
          {problem?.message}
        </p>
        <button type="button" disabled={text === ''} onClick={() => saveAsFile(fileNameOf(id), text)}>
          Save as file
        </button>
      </div>
      {others.map((other) => (
        <div class="kept-aside" key={other.by}>
          <p>
            Kept beside it, {timeOfDay(other.savedAtMs, nowMs)}: from another tab, or from a copy that was
            imported.
          </p>
          <blockquote>{other.text}</blockquote>
          <div class="kept-actions">
            <button type="button" onClick={() => kept.current?.join(other)}>
              Add to this text
            </button>
            <button type="button" onClick={() => kept.current?.drop(other)}>
              Discard
            </button>
          </div>
        </div>
      ))}
      <SetAside values={setAside} onDiscard={(value) => kept.current?.discard(value)} />
    </div>
  );
}
