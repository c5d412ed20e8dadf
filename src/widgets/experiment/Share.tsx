/** The buttons that take what is shown along: its address for others, a note on it for the reader. */
import type { Signal } from '@preact/signals';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

interface NoteProps {
  /** What the figure is called. */
  readonly title: string;
  readonly of: { readonly error: Signal<string | null> };
  /** What stands in the address, by name. @throws RunError (as a rejection) */
  readonly parameters: () => Promise<Partial<Record<'run' | 'beside', string>>>;
  readonly ready: boolean;
}

/** Opens a note that holds the run at the moment shown. */
export function NoteRun({ title, of: session, parameters, ready }: NoteProps) {
  const button = useRef<HTMLButtonElement>(null);
  const note = async (): Promise<void> => {
    const figure = button.current?.closest('figure');
    if (!figure) return;
    try {
      const [{ startMargin }, held] = await Promise.all([import('../notes/margin.ts'), parameters()]);
      startMargin()?.noteRun({ figure, title, parameters: held });
    } catch (error) {
      session.error.value = (error as Error).message;
    }
  };
  return (
    <button
      ref={button}
      type="button"
      disabled={!ready}
      aria-label={`Note on this run of ${title}`}
      onClick={() => void note()}
    >
      Note
    </button>
  );
}

interface Props {
  /** The figure's, for the end of the address. */
  readonly id: string;
  readonly of: { readonly error: Signal<string | null>; announce(text: string): void };
  /** What stands in the address, by name. @throws RunError (as a rejection) */
  readonly parameters: () => Promise<Readonly<Record<string, string>>>;
  readonly ready: boolean;
}

/** Copies the run's address; where the clipboard is closed to us, shows it to be copied by hand. */
export function Share({ id, of: session, parameters, ready }: Props) {
  const [shown, setShown] = useState<string | null>(null);
  const [done, setDone] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => field.current?.select(), [shown]);
  const share = async (): Promise<void> => {
    let url: URL;
    try {
      url = new URL(location.pathname, location.href);
      for (const [name, value] of Object.entries(await parameters())) url.searchParams.set(name, value);
      url.hash = id;
    } catch (error) {
      session.error.value = (error as Error).message;
      return;
    }
    try {
      await navigator.clipboard.writeText(url.href);
      setShown(null);
      setDone(true);
      session.announce('The address of this run at this moment was copied');
      setTimeout(() => setDone(false), 2500);
    } catch {
      setShown(url.href);
      session.announce('Copy the address from the field');
    }
  };
  return (
    <div class="xp-share">
      <button type="button" disabled={!ready} onClick={() => void share()}>
        {done ? 'Copied' : 'Share'}
      </button>
      {shown !== null && (
        <input
          ref={field}
          type="text"
          readOnly
          value={shown}
          aria-label="Address of this run at this moment"
        />
      )}
    </div>
  );
}
