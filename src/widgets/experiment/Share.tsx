/** The button that copies the address of what is shown. */
import type { Signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';

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
  useEffect(() => field.current?.select(), [shown]);
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
