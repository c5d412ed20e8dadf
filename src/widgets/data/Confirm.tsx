/** A question before something goes: a native dialog, which keeps the focus and gives it back. Export is one step away. */
import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

interface Props {
  readonly open: boolean;
  readonly title: string;
  /** What the button that does it says. */
  readonly action: string;
  /** There is nothing that it could do. */
  readonly idle: boolean;
  readonly onConfirm: () => void;
  readonly onExport: () => void;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

export function Confirm({ open, title, action, idle, onConfirm, onExport, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    if (open) dialog.current?.showModal();
    else dialog.current?.close();
  }, [open]);
  return (
    <dialog ref={dialog} class="data-dialog not-content" aria-label={title} onClose={onClose}>
      <p class="data-dialog-title">{title}</p>
      {open && children}
      <div class="data-actions">
        <button type="button" onClick={onClose}>
          Cancel
        </button>
        <button type="button" onClick={onExport}>
          Export first
        </button>
        <button type="button" class="data-danger" disabled={idle} onClick={onConfirm}>
          {action}
        </button>
      </div>
    </dialog>
  );
}
