/** Below the figure of a challenge: the events that did it, the run that is kept, the solution to be played, and a new beginning. */
import { useEffect, useState } from 'preact/hooks';
import type { Evidence } from '../../claims/claim.ts';
import { sessionOf } from '../experiment/open.ts';
import { shortSeconds } from '../experiment/words.ts';
import { useTask } from '../tasks/task.ts';
import './practice.css';

interface Props {
  /** The challenge's, which is its experiment's too. */
  readonly id: string;
  /** Under which its tick is kept. */
  readonly task: string;
  /** The address of the solution's run, from its beginning. */
  readonly solution: string;
}

export default function Help({ id, task, solution }: Props) {
  const session = sessionOf(id);
  const kept = useTask(task).task.value;
  const [ready, setReady] = useState(false);
  useEffect(() => setReady(session !== null), [session]);
  const verdict = session?.frame.value.claims[0]?.verdict;
  const events = verdict === undefined || verdict.status === 'open' ? [] : verdict.evidence;
  const run = kept?.run ?? null;

  const show = (): void => {
    const figure = document.getElementById(id);
    figure?.querySelector('.xp-stage')?.scrollIntoView({ block: 'nearest' });
  };
  const open = async (address: string, plays: boolean): Promise<void> => {
    if (!session || !(await session.readAddress(address, true))) return;
    if (plays) await session.play();
    show();
  };

  return (
    <div class="help not-content">
      <div class="help-events">
        <h2>What did it</h2>
        {events.length === 0 ? (
          <p>The events that reach the goal will be listed here, each with a way to its moment.</p>
        ) : (
          <ol>
            {events.map((event) => (
              <EventLine
                key={event.seq}
                event={event}
                onShow={() => {
                  void session?.jump(event.seq, event.at);
                  show();
                }}
              />
            ))}
          </ol>
        )}
      </div>
      <div class="help-buttons">
        <button type="button" disabled={!ready} onClick={() => void open(solution, true)}>
          Play the solution
        </button>
        {run !== null && (
          <button type="button" disabled={!ready} onClick={() => void open(run, false)}>
            Show the run that did it
          </button>
        )}
        <button
          type="button"
          disabled={!ready}
          onClick={() => {
            void session?.reset();
            show();
          }}
        >
          Begin anew
        </button>
      </div>
      <p class="help-note">
        A solution that is watched ticks nothing, and neither does a run that somebody shared: the moves must
        be yours. Begin anew to make them.
      </p>
    </div>
  );
}

function EventLine({ event, onShow }: { readonly event: Evidence; readonly onShow: () => void }) {
  return (
    <li>
      <span class="help-when">{shortSeconds(event.at)}</span>
      <span>
        {event.text}{' '}
        <button type="button" class="help-link" aria-label={`show: ${event.text}`} onClick={onShow}>
          show
        </button>
      </span>
    </li>
  );
}
