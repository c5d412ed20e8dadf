/** What an experiment says when something has gone wrong. */
import type { Session } from './session.ts';
import { seconds } from './words.ts';

/** What went wrong, if anything did: with a run that failed, all that is needed to see it again. */
export function Trouble({ session }: { session: Session }) {
  const { failure } = session.frame.value;
  const text = session.error.value ?? failure;
  if (text === null) return null;
  const about = session.about.value;
  return (
    <div class="xp-trouble" role="alert">
      <b>
        {session.error.value === null
          ? 'This run ended with an error of the simulator.'
          : 'This did not work.'}
      </b>
      <pre>{text}</pre>
      {session.error.value === null && (
        <p>
          Scenario {session.poster.experiment.scenario}, seed {about?.seed ?? 'of the scenario'},{' '}
          {session.actions.value.length} actions, at {seconds(session.frame.value.at)}.
        </p>
      )}
      <div class="xp-buttons">
        {session.error.value !== null && (
          <button type="button" onClick={() => (session.error.value = null)}>
            Close
          </button>
        )}
        <button type="button" onClick={() => void session.reset()}>
          Reset the run
        </button>
      </div>
    </div>
  );
}
