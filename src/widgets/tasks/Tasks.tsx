/**
 * Practice ideas and the tasks that each is broken into, ticked by hand and kept; a challenge among them ticks itself, where
 * it is played. How many are done is counted. Without scripts plain lists.
 */
import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { readerStore } from '../../storage/browser.ts';
import { kinds, type Task } from '../../storage/kinds.ts';
import type { Problem, SetAside as SetAsideValue, Store } from '../../storage/store.ts';
import { SetAside } from '../notes/SetAside.tsx';
import { Difficulty } from '../practice/Difficulty.tsx';
import './tasks.css';
import './tick.css';

export interface Step {
  readonly id: string;
  readonly text: string;
  /** What to type on one's own machine. */
  readonly commands?: readonly string[] | undefined;
  /** Where in the book it is done. */
  readonly page?: { readonly href: string; readonly label: string };
  /** Played in the simulator: it ticks itself. */
  readonly challenge?: {
    readonly id: string;
    readonly title: string;
    readonly difficulty: 1 | 2 | 3;
    readonly href: string;
  };
}

export interface Idea {
  readonly id: string;
  readonly text: string;
  readonly about: string;
  readonly source?: { readonly label: string; readonly url: string } | undefined;
  readonly steps: readonly Step[];
}

interface Props {
  /** The ids are permanent; the order and the words may change. */
  readonly ideas: readonly Idea[];
}

export default function Tasks({ ideas }: Props) {
  const ids = ideas.flatMap(({ id, steps }) => [id, ...steps.map((step) => step.id)]);
  /** Null until the storage has been read: the boxes are the reader's own till then. */
  const kept = useSignal<ReadonlyMap<string, Task> | null>(null);
  const problems = useSignal<ReadonlyMap<string, Problem>>(new Map());
  const setAside = useSignal<readonly SetAsideValue[]>([]);
  const list = useRef<HTMLUListElement>(null);
  const store = useRef<Store | null>(null);
  /** Ticks that could not be stored. */
  const unsaved = useRef(new Map<string, boolean>());

  const isDone = (id: string): boolean => kept.value?.get(id)?.done ?? false;
  const doneOf = (all: readonly { readonly id: string }[]): number =>
    all.filter(({ id }) => isDone(id)).length;

  function keep(id: string, task: Task | null): void {
    const next = new Map(kept.value);
    if (task) next.set(id, task);
    else next.delete(id);
    kept.value = next;
  }

  function say(id: string, problem: Problem | null): void {
    const next = new Map(problems.value);
    if (problem) next.set(id, problem);
    else next.delete(id);
    problems.value = next;
  }

  function tick(id: string, done: boolean): void {
    const opened = store.current;
    if (!opened) return;
    const task: Task = { done, changedAtMs: opened.clock.nowMs(), by: 'hand', run: null };
    keep(id, task);
    unsaved.current.delete(id);
    const problem = opened.write(kinds.task, id, task);
    if (problem) unsaved.current.set(id, done);
    say(id, problem);
    finish();
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
    keep(id, reading?.found === 'value' ? reading.value : null);
    say(id, null);
    setAside.value = ids.flatMap((one) => store.current?.setAside(kinds.task, one) ?? []);
  }

  /** An idea is done with the last of its tasks, unless its own box was ever touched. */
  function finish(): void {
    for (const { id, steps } of ideas)
      if (kept.value && !kept.value.has(id) && steps.length > 0 && doneOf(steps) === steps.length)
        tick(id, true);
  }

  useLayoutEffect(() => {
    const opened = readerStore();
    store.current = opened;
    const boxes = [...(list.current?.querySelectorAll('input') ?? [])];
    const early = ids.filter((_, index) => boxes[index]?.checked);
    ids.forEach(look);
    // Ticked while the page was still waking up.
    early.filter((id) => !isDone(id)).forEach((id) => tick(id, true));
    finish();
    const follow = (id: string) => (): void => {
      look(id);
      finish();
    };
    const stops = ids.map((id) => opened.watch(kinds.task, id, follow(id)));
    return () => stops.forEach((stop) => stop());
  }, []);

  const box = (id: string) => (
    <input
      type="checkbox"
      class="tick"
      autocomplete="off"
      checked={kept.value ? isDone(id) : undefined}
      onChange={(event) => tick(id, event.currentTarget.checked)}
    />
  );
  const [problem] = problems.value.values();
  return (
    <div class="tasks not-content">
      <ul ref={list}>
        {ideas.map(({ id, text, about, source, steps }) => (
          <li key={id}>
            <label>
              {box(id)}
              <span>{text}</span>
            </label>
            <details class="tasks-of">
              <summary>
                <span class="tasks-bar" aria-hidden="true">
                  <span style={{ '--done': `${(100 * doneOf(steps)) / steps.length}%` }} />
                </span>
                <span>
                  {doneOf(steps)} of {steps.length} tasks done
                  <span class="tasks-hidden"> of: {text}</span>
                </span>
              </summary>
              <p class="tasks-about">
                {about}
                {source && (
                  <>
                    {' '}
                    After <a href={source.url}>{source.label}</a>.
                  </>
                )}
              </p>
              <ol>
                {steps.map((step) => (
                  <li key={step.id}>
                    <label>
                      {box(step.id)}
                      <span>{step.text}</span>
                    </label>
                    <StepBody step={step} task={kept.value?.get(step.id) ?? null} />
                  </li>
                ))}
              </ol>
            </details>
          </li>
        ))}
      </ul>
      <p class="tasks-count" role="status">
        {doneOf(ideas)} of {ideas.length} done
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

/** What belongs to a task beside its words. */
function StepBody({
  step: { commands, page, challenge },
  task,
}: {
  readonly step: Step;
  readonly task: Task | null;
}) {
  if (!commands && !page && !challenge) return null;
  return (
    <div class="tasks-step">
      {commands && (
        <pre>
          {commands.map((command) => (
            <code key={command}>{command}</code>
          ))}
        </pre>
      )}
      {page && (
        <p>
          <a href={page.href}>{page.label}</a>
        </p>
      )}
      {challenge && (
        <p>
          <a href={challenge.href}>Challenge: {challenge.title}</a>{' '}
          <Difficulty level={challenge.difficulty} />
          {task?.done && task.by === 'run' && task.run !== null && (
            <span class="tasks-run">
              {' '}
              Ticked by your run:{' '}
              <a href={`${challenge.href}?run=${task.run}#${challenge.id}`}>
                show it<span class="tasks-hidden"> for {challenge.title}</span>
              </a>
            </span>
          )}
        </p>
      )}
    </div>
  );
}
