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
import type { BrokerSide, Drawing } from './drawing.ts';
import type { Poster } from './poster.ts';
import { Predict } from './Predict.tsx';
import { Session } from './session.ts';
import { Claims, Desk, Now } from './Side.tsx';
import { Timeline } from './Timeline.tsx';
import { seconds, SPEEDS } from './words.ts';

/** Where the frame is narrower than this, the stage stands upright. The style sheet says the same. */
const UPRIGHT_BELOW_PX = 640;

/** What in an experiment may take the focus over from a button that is gone. */
const CAN_FOCUS = ':is(button, select):enabled, summary';

/**
 * @param poster a {@link Poster} as JSON: one string is smaller in the page than the same as properties
 * @param drawing the stage; each island has its own (stages/), so that a page loads those it shows
 */
export function ExperimentFrame({ poster, drawing }: { poster: string; drawing: Drawing }) {
  const { Stage, summary, Legend, side } = drawing;
  const session = useMemo(() => new Session(JSON.parse(poster) as Poster, simulator(), side), [poster, side]);
  const figure = useRef<HTMLElement>(null);
  const help = useId();
  const [ready, setReady] = useState(false);
  const { experiment, compact } = session.poster;
  const frame = session.frame.value;
  const shape = useShape(figure);
  useEffect(() => {
    setReady(true);
    return () => session.close();
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
  const onCell = ready
    ? (message: number, title: string): void => void session.showLife(message, title)
    : null;

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
        {!compact && <Share session={session} ready={ready} />}
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
                  <Stage
                    key={each}
                    shape={each}
                    view={frame.view}
                    at={frame.at}
                    selected={session.life.value?.message ?? null}
                    onCell={onCell}
                  />
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
        <Transport session={session} ready={ready} />
        {!compact && experiment.console && side.console && (
          <ConsolePanel session={session} ready={ready} load={side.console} />
        )}
        {!compact && <Claims session={session} ready={ready} />}
        {!compact && <Desk session={session} ready={ready} side={side} />}
      </div>
      {!compact && (
        <div class="xp-more">
          <Events session={session} ready={ready} />
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
        With the figure in focus: Space plays and pauses, left and right arrow step, Home and End go to the
        beginning and the end. Tab reaches a {side.message}; arrow keys go to others, Enter lists its life.
      </p>
      <p class="xp-hidden" role="status">
        {session.announcement.value}
      </p>
    </figure>
  );
}

function Transport({ session, ready }: { session: Session; ready: boolean }) {
  const frame = session.frame.value;
  const playing = session.playing.value;
  const speed = SPEEDS[session.speed.value] ?? 1;
  const label = playing
    ? 'Pause'
    : session.untouched.value
      ? 'Play from the start'
      : frame.ended
        ? 'Play again'
        : 'Play';
  return (
    <div class="xp-transport">
      <div class="xp-buttons">
        <button type="button" class="xp-play" disabled={!ready} onClick={() => session.toggle()}>
          {/* A label that changes is another one: nothing that stands there moves. */}
          <span key={label}>
            <Icon name={playing ? 'pause' : 'play'} /> {label}
          </span>
        </button>
        <button type="button" disabled={!ready} aria-label="Step back" onClick={() => void session.step(-1)}>
          <Icon name="back" />
        </button>
        <button type="button" disabled={!ready} aria-label="Step" onClick={() => void session.step(1)}>
          <Icon name="step" />
        </button>
      </div>
      <Timeline frame={frame} ready={ready} onSeek={(at) => void session.seek(at)} />
      <div class="xp-clock">
        <output class="xp-time">{seconds(frame.at)}</output>
        <label class="xp-speed">
          <span class="xp-hidden">Speed</span>
          <input
            type="range"
            min="0"
            max={SPEEDS.length - 1}
            step="1"
            value={session.speed.value}
            disabled={!ready}
            aria-valuetext={`times ${speed}`}
            onInput={(event) => (session.speed.value = Number(event.currentTarget.value))}
          />
          <span class="xp-times" aria-hidden="true">
            ×{speed}
          </span>
        </label>
        <button type="button" class="xp-quiet" disabled={!ready} onClick={() => void session.reset()}>
          Reset
        </button>
      </div>
    </div>
  );
}

const ICONS = {
  play: 'M4 2.5v11l9-5.5z',
  pause: 'M4 2.5h3v11h-3zM9.5 2.5h3v11h-3z',
  step: 'M3 2.5v11l7-5.5zM11 2.5h2.2v11h-2.2z',
  back: 'M13 2.5v11l-7-5.5zM2.8 2.5h2.2v11h-2.2z',
} as const;

function Icon({ name }: { name: keyof typeof ICONS }) {
  return (
    <svg class="xp-icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={ICONS[name]} />
    </svg>
  );
}

/** What went wrong, if anything did: with a run that failed, all that is needed to see it again. */
function Trouble({ session }: { session: Session }) {
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

/** Copies the run's address; where the clipboard is closed to us, shows it to be copied by hand. */
function Share({ session, ready }: { session: Session; ready: boolean }) {
  const [shown, setShown] = useState<string | null>(null);
  const [done, setDone] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), [shown]);
  const share = async (): Promise<void> => {
    let url: URL;
    try {
      url = new URL(location.pathname, location.href);
      url.searchParams.set('run', await session.address());
      url.hash = session.poster.experiment.id;
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
        Keys: with the figure in focus, Space plays and pauses, ← and → step, Home and End go to the ends; Tab
        reaches a {side.message}, Enter lists its life.
      </li>
    </>
  );
}

/** Which of the two drawings has room; null, for both, until the page can tell: the style sheet shows the right one. */
function useShape(figure: { readonly current: HTMLElement | null }): 'wide' | 'tall' | null {
  const [shape, setShape] = useState<'wide' | 'tall' | null>(null);
  useEffect(() => {
    const element = figure.current;
    if (!element) return;
    const observer = new ResizeObserver(() =>
      setShape(element.clientWidth < UPRIGHT_BELOW_PX ? 'tall' : 'wide'),
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [figure]);
  return shape;
}

/** Shows the run of the page's address (`?run=…#<experiment>`), where it is for this experiment. */
function useSharedAddress(session: Session, figure: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const text = new URLSearchParams(location.search).get('run');
    if (text === null) return;
    const named = location.hash.slice(1);
    // An address that was cut short lacks its end, which names the experiment; one that was taken to another page names
    // none of this page's: the first of the page tells of it.
    const figures = [...document.querySelectorAll<HTMLElement>('[data-experiment]')];
    const lost = !figures.some(({ id }) => id === named);
    const ours = named === session.poster.experiment.id || (lost && figures[0] === figure.current);
    if (!ours && !lost) return;
    void session.readAddress(text, ours);
  }, [session, figure]);
}

/**
 * A button that has done its work may be gone: Crash, once the consumer has crashed. The focus then goes to what is left
 * nearest to it, and not to the beginning of the page.
 */
function useKeptFocus(figure: { readonly current: HTMLElement | null }): void {
  useEffect(() => {
    const element = figure.current;
    if (!element) return;
    let path: HTMLElement[] = [];
    const remember = ({ target }: Event): void => {
      path = [];
      for (let at = target as HTMLElement | null; at && at !== element; at = at.parentElement) path.push(at);
    };
    const forget = (): void => void (path = []);
    const observer = new MutationObserver(() => {
      const [last, ...around] = path;
      if (!last || document.activeElement !== document.body) return;
      if (last.isConnected && !last.matches(':disabled')) return;
      const place = around.find((one) => one.isConnected && one.querySelector(CAN_FOCUS));
      const next =
        place?.querySelector<HTMLElement>(CAN_FOCUS) ?? element.querySelector<HTMLElement>('.xp-stage');
      next?.focus({ preventScroll: true });
    });
    element.addEventListener('focusin', remember);
    document.addEventListener('pointerdown', forget, { capture: true });
    observer.observe(element, { childList: true, subtree: true, attributeFilter: ['disabled'] });
    return () => {
      element.removeEventListener('focusin', remember);
      document.removeEventListener('pointerdown', forget, { capture: true });
      observer.disconnect();
    };
  }, [figure]);
}

/** Asks for frames while it plays and somebody can see it. */
function usePlaying(session: Session, figure: { readonly current: HTMLElement | null }): void {
  const playing = session.playing.value;
  useEffect(() => {
    const element = figure.current;
    if (!playing || !element) return;
    let request = 0;
    let seen = true;
    const turn = (nowMs: number): void => {
      session.tick(nowMs);
      request = requestAnimationFrame(turn);
    };
    const decide = (): void => {
      cancelAnimationFrame(request);
      session.hold();
      if (seen && !document.hidden) request = requestAnimationFrame(turn);
    };
    const observer = new IntersectionObserver(([entry]) => {
      seen = entry?.isIntersecting ?? true;
      decide();
    });
    observer.observe(element);
    document.addEventListener('visibilitychange', decide);
    decide();
    return () => {
      cancelAnimationFrame(request);
      observer.disconnect();
      document.removeEventListener('visibilitychange', decide);
    };
  }, [playing, session, figure]);
}
