/** One task as the reader's storage has it: read, ticked, followed. */
import { type Signal, useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { kinds, type Task } from '../../storage/kinds.ts';
import type { Problem, SetAside, Store } from '../../storage/store.ts';

export interface TaskState {
  /** Null until the storage has been read, and where nothing is stored. */
  readonly task: Signal<Task | null>;
  /** What stands in the way of reading or writing it. */
  readonly problem: Signal<Problem | null>;
  readonly setAside: Signal<readonly SetAside[]>;
  /** @param run the address of the run that did it; null where a hand ticks */
  readonly tick: (done: boolean, run: string | null) => void;
  readonly discard: (value: SetAside) => void;
}

/** @param id the task's; permanent */
export function useTask(id: string): TaskState {
  const task = useSignal<Task | null>(null);
  const problem = useSignal<Problem | null>(null);
  const setAside = useSignal<readonly SetAside[]>([]);
  const store = useRef<Store | null>(null);
  /** A tick that could not be stored. */
  const unsaved = useRef<Task | null>(null);

  function write(value: Task): void {
    const opened = store.current;
    if (!opened) return;
    task.value = value;
    // Writing tells whoever follows the task, this page too: by then nothing may be left to be written.
    unsaved.current = null;
    problem.value = opened.write(kinds.task, id, value);
    if (problem.value) unsaved.current = value;
  }

  function look(): void {
    if (unsaved.current) {
      write(unsaved.current);
      return;
    }
    const reading = store.current?.read(kinds.task, id);
    if (reading?.found === 'problem') {
      problem.value = reading.problem;
      return;
    }
    task.value = reading?.found === 'value' ? reading.value : null;
    problem.value = null;
    setAside.value = store.current?.setAside(kinds.task, id) ?? [];
  }

  useLayoutEffect(() => {
    store.current = readerStore();
    look();
    return store.current.watch(kinds.task, id, look);
  }, [id]);

  return {
    task,
    problem,
    setAside,
    tick: (done, run) =>
      write({ done, changedAtMs: store.current?.clock.nowMs() ?? 0, by: run === null ? 'hand' : 'run', run }),
    discard: (value) => store.current?.discard(value),
  };
}
