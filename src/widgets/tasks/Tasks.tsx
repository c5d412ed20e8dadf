/** Things to do, ticked by hand and kept; how many are done is counted below them. Without scripts a plain list. */
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { kinds } from '../../storage/kinds.ts';
import type { Problem, SetAside as SetAsideValue, Store } from '../../storage/store.ts';
import { SetAside } from '../notes/SetAside.tsx';
import './tasks.css';

interface Props {
  /** The ids are permanent; the order and the words may change. */
  readonly tasks: readonly { readonly id: string; readonly text: string }[];
}

export default function Tasks({ tasks }: Props) {
  /** Null until the storage has been read: the boxes are the reader's own till then. */
  const done = useSignal<ReadonlySet<string> | null>(null);
  const problems = useSignal<ReadonlyMap<string, Problem>>(new Map());
  const setAside = useSignal<readonly SetAsideValue[]>([]);
  const list = useRef<HTMLUListElement>(null);
  const store = useRef<Store | null>(null);
  /** Ticks that could not be stored. */
  const unsaved = useRef(new Map<string, boolean>());

  function mark(id: string, isDone: boolean): void {
    const next = new Set(done.value);
    if (isDone) next.add(id);
    else next.delete(id);
    done.value = next;
  }

  function say(id: string, problem: Problem | null): void {
    const next = new Map(problems.value);
    if (problem) next.set(id, problem);
    else next.delete(id);
    problems.value = next;
  }

  function tick(id: string, isDone: boolean): void {
    const opened = store.current;
    if (!opened) return;
    mark(id, isDone);
    unsaved.current.delete(id);
    const problem = opened.write(kinds.task, id, {
      done: isDone,
      changedAtMs: opened.clock.nowMs(),
      by: 'hand',
      run: null,
    });
    if (problem) unsaved.current.set(id, isDone);
    say(id, problem);
  }

  function look(id: string): void {
    const waiting = unsaved.current.get(id);
    if (waiting !== undefined) {
      tick(id, waiting);
      return;
    }
    const reading = store.current?.read(kinds.task, id);
    if (reading?.found === 'problem') {
      say(id, reading.problem);
      return;
    }
    mark(id, reading?.found === 'value' && reading.value.done);
    say(id, null);
    setAside.value = tasks.flatMap((task) => store.current?.setAside(kinds.task, task.id) ?? []);
  }

  useLayoutEffect(() => {
    const opened = readerStore();
    store.current = opened;
    const boxes = [...(list.current?.querySelectorAll('input') ?? [])];
    const early = tasks.filter((_, index) => boxes[index]?.checked);
    tasks.forEach(({ id }) => look(id));
    // Ticked while the page was still waking up.
    early.forEach(({ id }) => tick(id, true));
    const stops = tasks.map(({ id }) => opened.watch(kinds.task, id, () => look(id)));
    return () => stops.forEach((stop) => stop());
  }, []);

  const [problem] = problems.value.values();
  return (
    <div class="tasks not-content">
      <ul ref={list}>
        {tasks.map(({ id, text }) => (
          <li key={id}>
            <label>
              <input
                type="checkbox"
                autocomplete="off"
                checked={done.value?.has(id)}
                onChange={(event) => tick(id, event.currentTarget.checked)}
              />
              <span>{text}</span>
            </label>
          </li>
        ))}
      </ul>
      <p class="tasks-count" role="status">
        {done.value?.size ?? 0} of {tasks.length} done
        {problem && <span class="tasks-trouble">{problem.message}</span>}
      </p>
      {setAside.value.length > 0 && (
        <div class="kept">
          <SetAside values={setAside.value} onDiscard={(value) => store.current?.discard(value)} />
        </div>
      )}
    </div>
  );
}
