/** What is stored, as the parts of the page on the reader's data share it: one look for all of them. */
import { signal, useSignal } from '@preact/signals';
import { useLayoutEffect } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { isProblem } from '../../storage/store.ts';
import type { Entry, Problem } from '../../storage/store.ts';

const stored = signal<readonly Entry[] | Problem | null>(null);

let following = false;

export function look(): void {
  stored.value = readerStore().entries();
}

/** Looks, and looks again whenever another tab may have changed something. */
function follow(): void {
  look();
  if (following) return;
  following = true;
  for (const type of ['storage', 'focus', 'pageshow']) window.addEventListener(type, look);
}

export interface Stored {
  /** The part of the page that asks has come alive; it draws itself first as the build did, whatever others know by then. */
  readonly awake: boolean;
  /** Of these there are none until then, and none where the storage cannot be read. */
  readonly entries: readonly Entry[];
  readonly problem: Problem | null;
}

export function useStored(): Stored {
  const awake = useSignal(false);
  useLayoutEffect(() => {
    follow();
    awake.value = true;
  }, []);
  const value = awake.value ? stored.value : null;
  const problem = isProblem(value) ? value : null;
  return { awake: awake.value, entries: value === null || isProblem(value) ? [] : value, problem };
}
