/** The events up to the moment shown, and the life of one message: the experiment's text alternative. */
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { EventLine, Frame } from '../../scenarios/frame.ts';
import type { Session } from './session.ts';
import { showStage } from './showStage.ts';
import { seconds } from './words.ts';

interface LinesProps {
  readonly lines: readonly EventLine[];
  readonly ready: boolean;
  readonly session: Session;
}

function Lines({ lines, ready, session }: LinesProps) {
  return (
    <ol class="xp-events">
      {lines.map((line) => (
        <li key={line.seq} class={`xp-event xp-event-${line.weight}`}>
          <button
            type="button"
            class="xp-link xp-when"
            disabled={!ready}
            aria-label={`Go to ${seconds(line.at)}`}
            onClick={({ currentTarget }) => {
              void session.jump(line.seq, line.at);
              showStage(currentTarget);
            }}
          >
            {seconds(line.at)}
          </button>
          <span>
            {line.text} {line.rules.length > 0 && <small>{line.rules.join(', ')}</small>}
          </span>
        </li>
      ))}
    </ol>
  );
}

interface Props {
  readonly session: Session;
  readonly ready: boolean;
}

interface EventsProps extends Props {
  readonly frame: Frame;
  readonly title?: string;
}

/** While it is closed it stands still: a list that nobody sees is not drawn again and again. */
export function Events({ session, frame: now, ready, title = 'Events up to this moment' }: EventsProps) {
  const [open, setOpen] = useState(false);
  const first = useRef<Frame>(session.poster.frame);
  const frame = open ? now : first.current;
  return (
    <details class="xp-details" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      <Lines lines={[...frame.recent].reverse()} ready={ready} session={session} />
    </details>
  );
}

interface LifeProps extends Props {
  /** What a message is called. */
  readonly message: string;
}

/** What became of one message, with the reason for each step. */
export function MessageLife({ session, ready, message: what }: LifeProps) {
  const life = session.life.value;
  const panel = useRef<HTMLElement>(null);
  const asked = life?.lines === null;
  useLayoutEffect(() => {
    // Once for each time it is asked for, of the same message too; not when its lines come, or change as the run goes on.
    if (asked) panel.current?.focus({ preventScroll: true });
  }, [asked, life?.message]);
  if (!life) return null;
  const close = (): void => {
    const figure = panel.current?.closest('.xp');
    session.life.value = null;
    figure?.querySelector<HTMLElement>('.xp-stage')?.focus({ preventScroll: true });
  };
  return (
    <section
      class="xp-life"
      ref={panel}
      tabIndex={-1}
      aria-label={`Life of a ${what}: ${life.title}`}
      onKeyDown={(event) => {
        if (event.key === 'Escape') close();
      }}
    >
      <header>
        <h4>Life of a {what}</h4>
        <span>{life.title}</span>
        <button type="button" onClick={close}>
          Close
        </button>
      </header>
      {life.lines === null ? (
        <p>Asking the simulator…</p>
      ) : (
        <Lines lines={life.lines} ready={ready} session={session} />
      )}
    </section>
  );
}
