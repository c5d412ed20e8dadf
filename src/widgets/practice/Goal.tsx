/**
 * What a challenge asks for, and whether the reader's run has it. The worker judges the goal as it judges every claim; here
 * the task is ticked when it holds on a run of the reader's own, with that run's address.
 */
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Verdict } from '../../claims/claim.ts';
import { sessionOf } from '../experiment/open.ts';
import type { Session } from '../experiment/session.ts';
import { shortSeconds } from '../experiment/words.ts';
import { SetAside } from '../notes/SetAside.tsx';
import { useTask, type TaskState } from '../tasks/task.ts';
import '../tasks/tick.css';
import './practice.css';

interface Props {
  /** The challenge's, which is its experiment's too. */
  readonly id: string;
  /** Under which its tick is kept. */
  readonly task: string;
  /** The goal in one line. */
  readonly statement: string;
  /** What it waits for before anything has happened. */
  readonly waitsFor: string;
}

export default function Goal({ id, task, statement, waitsFor }: Props) {
  const session = sessionOf(id);
  const state = useTask(task);
  const box = useRef<HTMLInputElement>(null);
  const [ready, setReady] = useState(false);
  const verdict: Verdict = session?.frame.value.claims[0]?.verdict ?? { status: 'open', waitsFor };
  const announcement = useTicking(session, verdict, state, statement);
  const kept = state.task.value;
  const { problem, setAside } = state;

  useLayoutEffect(() => {
    // Ticked while the page was still waking up.
    if (box.current?.checked && !state.task.peek()?.done) state.tick(true, null);
    setReady(true);
  }, []);

  return (
    <section class={`goal goal-${verdict.status} not-content`} aria-label="Goal">
      <div class="goal-row">
        <p class="goal-state">
          <span class="goal-mark" aria-hidden="true">
            {verdict.status === 'holds' ? '✓' : verdict.status === 'fails' ? '✗' : '○'}
          </span>
          <span>
            <b>{statement}.</b> <span class="goal-words">{wordsOf(verdict, session)}</span>
          </span>
        </p>
        <label class="goal-done">
          <input
            ref={box}
            type="checkbox"
            class="tick"
            autocomplete="off"
            checked={ready ? (kept?.done ?? false) : undefined}
            onChange={(event) => state.tick(event.currentTarget.checked, null)}
          />
          <span>Done</span>
        </label>
      </div>
      <p class="goal-kept">
        {problem.value ? <span class="goal-trouble">{problem.value.message}</span> : keptWords(kept)}
      </p>
      {setAside.value.length > 0 && (
        <div class="kept">
          <SetAside values={setAside.value} onDiscard={state.discard} />
        </div>
      )}
      <p class="goal-hidden" role="status">
        {announcement}
      </p>
    </section>
  );
}

function wordsOf(verdict: Verdict, session: Session | null): string {
  switch (verdict.status) {
    case 'open':
      return `Not yet: it waits for ${verdict.waitsFor}.`;
    case 'fails':
      return `Not in this run: ${verdict.counterexample.text}. Take back what did it, or begin anew.`;
    case 'holds': {
      const at = shortSeconds(verdict.evidence.at(-1)?.at ?? 0);
      return session?.isOwn
        ? `Reached at ${at}, by what is listed below the figure.`
        : `Reached at ${at}, in a run that was opened here and not made: it ticks nothing.`;
    }
  }
}

function keptWords(task: { readonly done: boolean; readonly by: 'hand' | 'run' } | null): string {
  if (!task?.done) return 'Ticks itself when your run gets there; a hand may tick it, too.';
  return task.by === 'run' ? 'Ticked by your own run, which is kept.' : 'Ticked by hand.';
}

/**
 * Ticks the task once for each of the reader's runs in which the goal comes to hold. A tick that was taken out again by
 * hand stays out, until they have done something else.
 * @returns what to say of it
 */
function useTicking(
  session: Session | null,
  verdict: Verdict,
  { task, tick }: TaskState,
  statement: string,
): string {
  const [announcement, announce] = useState('');
  /** The moves that the task was last ticked for: the same array as long as nothing was done. */
  const ticked = useRef<readonly unknown[] | null>(null);
  const holds = verdict.status === 'holds';
  useEffect(() => {
    if (!session || !holds || !session.isOwn) return;
    const moves = session.moves.peek();
    // Another move was made meanwhile: the frame of it will say.
    if (ticked.current === moves || session.actions.peek() !== moves) return;
    ticked.current = moves;
    const said = `Goal reached: ${statement}`;
    // The first run that did it is kept: it is the one that the reader found out with.
    if (task.peek()?.done && task.peek()?.by === 'run') {
      announce(said);
      return;
    }
    session.address().then(
      (run) => {
        tick(true, run);
        announce(`${said}. The task is ticked.`);
      },
      () => announce(said),
    );
  }, [session, holds, session?.moves.value]);
  return announcement;
}
