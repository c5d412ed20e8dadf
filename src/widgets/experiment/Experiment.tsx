/**
 * The frame of every experiment: question, prediction, stage, transport, what stands beside it, events. The build
 * draws it with the same frame as the page's first, so nothing moves when the page takes over.
 */
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import { simulator } from '../../client/page.ts';
import { Charts } from './Charts.tsx';
import { ConsolePanel } from './console/Panel.tsx';
import { Events, MessageLife } from './Events.tsx';
import './experiment.css';
import type { BrokerSide, Drawing, Shape } from './drawing.ts';
import type { Poster } from './poster.ts';
import { useKeptFocus, usePlaying, useShape } from './hooks.ts';
import { announceSession } from './open.ts';
import { Predict } from './Predict.tsx';
import { Session } from './session.ts';
import { NoteRun, Share } from './Share.tsx';
import { Claims, Desk, Now } from './Side.tsx';
import { Transport } from './Transport.tsx';
import { Trouble } from './Trouble.tsx';
import { seconds } from './words.ts';

/**
 * @param poster a {@link Poster} as JSON: one string is smaller in the page than the same as properties
 * @param drawing the stage; each island has its own (stages/), so that a page loads those it shows
 */
export function ExperimentFrame({ poster, drawing }: { poster: string; drawing: Drawing }) {
  const { summary, Legend, side } = drawing;
  const session = useMemo(() => new Session(JSON.parse(poster) as Poster, simulator(), side), [poster, side]);
  const figure = useRef<HTMLElement>(null);
  const help = useId();
  const [ready, setReady] = useState(false);
  const { experiment, compact } = session.poster;
  const frame = session.told.value;
  const shape = useShape(figure);
  useEffect(() => {
    setReady(true);
    const withdraw = announceSession(session);
    return () => {
      withdraw();
      session.close();
    };
  }, [session]);
  useSharedAddress(session, figure);
  usePlaying(session, figure);
  useKeptFocus(figure);
  useEffect(() => {
    // The figure of a front page moves by itself, where the reader has not asked for less motion.
    if (compact && !matchMedia('(prefers-reduced-motion: reduce)').matches) void session.playUnasked();
  }, [compact, session]);
  useEffect(() => {
    if (!session.untouched.value) session.tell(performance.now());
  }, [session, frame.caption?.seq, session.playing.value]);

  const onStageKey = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      ' ': () => session.toggle(),
      ArrowRight: () => void session.step(1),
      ArrowLeft: () => void session.step(-1),
      Home: () => void session.seek(0),
      End: () => void session.seek(frame.endsAt),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  const parameters = async (): Promise<{ run: string }> => ({ run: await session.address() });

  return (
    <figure
      ref={figure}
      id={experiment.id}
      class={`xp wide not-content${compact ? ' xp-compact' : ''}`}
      data-experiment={experiment.id}
      data-playing={session.playing.value}
      aria-label={`Experiment: ${experiment.title}`}
      onPointerEnter={() => void session.open()}
    >
      <header class="xp-top">
        <div>
          <h3>{experiment.title}</h3>
          <p>{experiment.question}</p>
        </div>
        {!compact && (
          <div class="xp-take">
            <NoteRun title={experiment.title} of={session} parameters={parameters} ready={ready} />
            <Share id={experiment.id} of={session} parameters={parameters} ready={ready} />
          </div>
        )}
      </header>
      <Trouble session={session} />
      {!compact && experiment.predict && (
        <Predict id={experiment.id} predict={experiment.predict} ready={ready} />
      )}
      <div class="xp-body">
        <div class="xp-main">
          <div
            class="xp-stage"
            role="group"
            tabIndex={0}
            aria-label={`At ${seconds(frame.at)}. ${summary(frame.view)}`}
            aria-describedby={help}
            onKeyDown={onStageKey}
          >
            {(['wide', 'tall'] as const).map(
              (each) =>
                (shape === null || shape === each) && (
                  <Moving key={each} shape={each} session={session} drawing={drawing} ready={ready} />
                ),
            )}
          </div>
          <p class="xp-caption">
            {frame.caption && (
              <>
                <b>{seconds(frame.caption.at)}</b> {frame.caption.text}
              </>
            )}
          </p>
          <MessageLife session={session} ready={ready} message={side.message} />
          {!compact && <Now frame={frame} />}
        </div>
        {!compact && <Charts frame={frame} />}
        <Transport of={session} ready={ready} />
        {!compact && experiment.console && side.console && (
          <ConsolePanel session={session} ready={ready} load={side.console} />
        )}
        {!compact && <Claims session={session} frame={frame} ready={ready} />}
        {!compact && <Desk session={session} ready={ready} side={side} />}
      </div>
      {!compact && (
        <div class="xp-more">
          <Events session={session} frame={frame} ready={ready} />
          <details class="xp-details">
            <summary>How to read the figure</summary>
            <ul class="xp-legend">
              <Legend />
              <CommonLegend side={side} />
            </ul>
          </details>
        </div>
      )}
      <p id={help} class="xp-hidden">
        <Keys side={side} />
      </p>
      <p class="xp-hidden" role="status">
        {session.announcement.value}
      </p>
    </figure>
  );
}

interface MovingProps {
  readonly session: Session;
  readonly drawing: Drawing;
  readonly shape: Shape;
  readonly ready: boolean;
}

/** What is drawn with every frame. */
function Moving({ session, drawing: { Stage }, shape, ready }: MovingProps) {
  const { view, at } = session.frame.value;
  return (
    <Stage
      shape={shape}
      view={view}
      at={at}
      selected={session.life.value?.message ?? null}
      onCell={ready ? (message, title) => void session.showLife(message, title) : null}
    />
  );
}

/** What is the same beside every stage. */
function CommonLegend({ side }: { side: BrokerSide }) {
  return (
    <>
      <li>
        <span aria-hidden="true">✓ ○ ✗</span>
        claims: held so far in this run, not shown yet, broken; “show” and “why” go to the event
      </li>
      <li>
        <svg viewBox="0 0 26 26" aria-hidden="true">
          <rect class="xp-l-span" x="2" y="3" width="22" height="20" rx="4" />
          <path class="xp-l-fault" d="M2 1h10l-5 7z" />
          <path class="xp-l-command" d="M14 1h10l-5 7z" />
          <circle class="xp-l-decided" cx="13" cy="22" r="3" />
        </svg>
        on the timeline: faults in red, what you did in blue, {side.spans} shaded, a dot where a claim was
        decided
      </li>
      <li>
        <Keys side={side} />
      </li>
    </>
  );
}

/** For readers who see the figure, and for those who have it read out. */
function Keys({ side }: { side: BrokerSide }) {
  return (
    <>
      With the figure in focus: Space plays and pauses, left and right arrow step, Home and End go to the
      beginning and the end. Tab reaches a {side.message}; arrow keys go to others, Enter lists its life.
    </>
  );
}

/** Shows the run of the page's address (`?run=…#<experiment>`), where it is for this experiment. */
function useSharedAddress(session: Session, figure: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const text = new URLSearchParams(location.search).get('run');
    if (text === null) return;
    const named = location.hash.slice(1);
    // An address that was cut short lacks its end, which names the experiment; one that was taken to another page names
    // none of this page's: the first of the page tells of it.
    const figures = [...document.querySelectorAll<HTMLElement>('[data-experiment], [data-beside]')];
    const lost = !figures.some(({ id }) => id === named);
    const ours = named === session.poster.experiment.id || (lost && figures[0] === figure.current);
    if (!ours && !lost) return;
    void session.readAddress(text, ours);
  }, [session, figure]);
}
