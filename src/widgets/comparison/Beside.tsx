/**
 * One workload on two brokers, side by side: two pictures, two captions, two lists of claims, and one transport that
 * moves both. The build draws it with both first frames, so nothing moves when the page takes over.
 */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useMemo, useRef, useState } from 'preact/hooks';
import { simulator } from '../../client/page.ts';
import { Events, MessageLife } from '../experiment/Events.tsx';
import '../experiment/experiment.css';
import { useKeptFocus, usePlaying } from '../experiment/hooks.ts';
import { NoteRun, Share } from '../experiment/Share.tsx';
import { Claims, Knobs, Now } from '../experiment/Side.tsx';
import { Transport } from '../experiment/Transport.tsx';
import { Trouble } from '../experiment/Trouble.tsx';
import { seconds, shortSeconds } from '../experiment/words.ts';
import './comparison.css';
import { Duo } from './duo.ts';
import { interventions, sending } from './interventions.ts';
import { pictureOf } from './pictures.ts';
import { BROKERS, SIDES, type BesidePoster, type Side } from './poster.ts';
import { Rules } from './Rules.tsx';

/** The island. @param poster a {@link BesidePoster} as JSON */
export default function Beside({ poster }: { poster: string }) {
  const duo = useMemo(() => new Duo(JSON.parse(poster) as BesidePoster, simulator()), [poster]);
  return <BesideFrame duo={duo} />;
}

interface FrameProps {
  readonly duo: Duo;
  /** Whether an address of a run is for it. */
  readonly addressed?: boolean;
  /** What stands below what is done to both; it tells of carrying by itself. */
  readonly children?: ComponentChildren;
}

export function BesideFrame({ duo, addressed = true, children }: FrameProps) {
  const { id, title, question } = duo.poster;
  const figure = useRef<HTMLElement>(null);
  const [ready, setReady] = useState(false);
  const { queue, stream } = duo.told.value;
  useEffect(() => {
    setReady(true);
    return () => duo.close();
  }, [duo]);
  useSharedAddress(duo, addressed);
  usePlaying(duo, figure);
  useKeptFocus(figure);
  useEffect(() => {
    if (!duo.untouched.value) duo.tell(performance.now());
  }, [duo, queue.caption?.seq, stream.caption?.seq, duo.playing.value]);
  return (
    <figure
      ref={figure}
      id={id}
      class="xp xb wide not-content"
      data-beside={id}
      data-playing={duo.playing.value}
      aria-label={`Comparison: ${title}`}
      onPointerEnter={() => void duo.open()}
    >
      <header class="xp-top">
        <div>
          <h3>{title}</h3>
          <p>{question}</p>
        </div>
        <div class="xp-take">
          <NoteRun title={title} of={duo} parameters={() => duo.parameters()} ready={ready} />
          <Share id={id} of={duo} parameters={() => duo.parameters()} ready={ready} />
        </div>
      </header>
      {duo.error.value !== null && (
        <p class="xp-trouble" role="alert">
          {duo.error.value}
        </p>
      )}
      {SIDES.map((side) => (
        <Trouble key={side} session={duo.sides[side]} />
      ))}
      <div class="xb-sides">
        {SIDES.map((side) => (
          <Half key={side} duo={duo} side={side} ready={ready} />
        ))}
      </div>
      <Transport of={duo} ready={ready} />
      <Desk duo={duo} ready={ready} />
      {children}
      <More duo={duo} ready={ready} carrying={children === undefined} />
      <p class="xp-hidden" role="status">
        {duo.announcement.value}
      </p>
    </figure>
  );
}

interface SideProps {
  readonly duo: Duo;
  readonly side: Side;
  readonly ready: boolean;
}

function Half({ duo, side, ready }: SideProps) {
  const session = duo.sides[side];
  const { summary, message } = pictureOf(session.poster.experiment.stage);
  const frame = duo.told.value[side];
  const help = useId();
  const broker = BROKERS[side];
  const onStageKey = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      ' ': () => duo.toggle(),
      ArrowRight: () => void duo.step(1),
      ArrowLeft: () => void duo.step(-1),
      Home: () => void duo.seek(0),
      End: () => void duo.seek(frame.endsAt),
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  return (
    <section class={`xb-half xb-${side}`} aria-label={broker}>
      <h4>{broker}</h4>
      <div
        class="xp-stage"
        role="group"
        tabIndex={0}
        aria-label={`${broker} at ${seconds(frame.at)}. ${summary(frame.view)}`}
        aria-describedby={help}
        onKeyDown={onStageKey}
      >
        <Moving duo={duo} side={side} ready={ready} />
      </div>
      <div class="xb-caption">
        <p class="xp-caption">
          {frame.caption && (
            <>
              <b>{seconds(frame.caption.at)}</b> {frame.caption.text}
            </>
          )}
        </p>
        <MessageLife session={session} ready={ready} message={message} />
      </div>
      <Now frame={frame} />
      {frame.claims.length > 0 && <Claims session={session} frame={frame} ready={ready} />}
      <p id={help} class="xp-hidden">
        With the figure in focus: Space plays and pauses both, left and right arrow step, Home and End go to
        the beginning and the end. Tab reaches a {message}; arrow keys go to others, Enter lists its life.
      </p>
    </section>
  );
}

/** What is drawn with every frame. */
function Moving({ duo, side, ready }: SideProps) {
  const session = duo.sides[side];
  const { Stage } = pictureOf(session.poster.experiment.stage);
  const { view, at } = duo.shown.value[side];
  return (
    <Stage
      shape="tall"
      view={view}
      at={at}
      selected={session.life.value?.message ?? null}
      onCell={ready ? (id, title) => void session.showLife(id, title) : null}
    />
  );
}

/** What is done to both at once, and what of each can be set. */
function Desk({ duo, ready }: Omit<SideProps, 'side'>) {
  const { sides, poster } = duo;
  const actions = sides.queue.actions.value;
  const presses = interventions(
    poster,
    duo.told.value,
    actions.map(({ action }) => action),
  );
  const settings = SIDES.filter((side) => {
    const { knobs, carried } = poster.posters[side].experiment;
    return knobs.length > 0 && !carried;
  });
  return (
    <div class="xp-desk">
      <section>
        <h4>Do the same to both</h4>
        <Send duo={duo} ready={ready} />
        <span class="xp-buttons">
          {presses.map(({ id, label, fault, refused, make }) => (
            <button
              key={id}
              type="button"
              class={fault ? 'xp-fault-button' : ''}
              disabled={!ready || refused !== null}
              title={refused ?? undefined}
              onClick={() => void duo.act(make)}
            >
              {label}
            </button>
          ))}
        </span>
        {actions.length > 0 && (
          <>
            <h4 class="xp-second">What you did</h4>
            <ul class="xp-actions">
              {actions.map(({ atMs, action }, i) => (
                <li key={`${i}-${atMs}`}>
                  <span>
                    {shortSeconds(atMs * 1000)} {sides.queue.wordsOf(action)}
                  </span>
                  <button
                    type="button"
                    class="xp-link"
                    aria-label={`Take back: ${sides.queue.wordsOf(action)} at ${shortSeconds(atMs * 1000)}`}
                    onClick={() => void duo.withdraw(i)}
                  >
                    take back
                  </button>
                </li>
              ))}
            </ul>
          </>
        )}
      </section>
      {settings.map((side) => (
        <Knobs key={side} session={sides[side]} ready={ready} title={`Settings of ${BROKERS[side]}`} />
      ))}
    </div>
  );
}

function Send({ duo, ready }: Omit<SideProps, 'side'>) {
  const { keys } = duo.poster;
  const [key, setKey] = useState(keys[0] ?? null);
  return (
    <form
      class="xp-send"
      onSubmit={(event) => {
        event.preventDefault();
        void duo.act(sending(duo.poster, key));
      }}
    >
      {keys.length > 0 && (
        <select
          aria-label="Key of the message"
          disabled={!ready}
          value={key ?? ''}
          onChange={(event) => setKey(event.currentTarget.value)}
        >
          {keys.map((each) => (
            <option key={each} value={each} selected={each === key}>
              key {each}
            </option>
          ))}
        </select>
      )}
      <button type="submit" disabled={!ready}>
        Send a message
      </button>
    </form>
  );
}

interface MoreProps extends Omit<SideProps, 'side'> {
  readonly carrying: boolean;
}

function More({ duo, ready, carrying }: MoreProps) {
  const told = ready || !duo.poster.brief;
  return (
    <div class="xp-more">
      {SIDES.map((side) => (
        <Events
          key={side}
          session={duo.sides[side]}
          frame={duo.told.value[side]}
          ready={ready}
          title={`Events on ${BROKERS[side]} up to this moment`}
        />
      ))}
      {carrying && (
        <details class="xp-details">
          <summary>How the workload was carried to each</summary>
          <div class="xb-pair">
            {SIDES.map((side) => (
              <section key={side} aria-label={BROKERS[side]}>
                <h4>{BROKERS[side]}</h4>
                {told && <Rules rules={duo.poster.rules[side]} choose={null} ready={ready} />}
              </section>
            ))}
          </div>
        </details>
      )}
      <details class="xp-details">
        <summary>How to read the figures</summary>
        <div class="xb-pair">
          {SIDES.map((side) => {
            const { Legend } = pictureOf(duo.poster.posters[side].experiment.stage);
            return (
              <section key={side} aria-label={BROKERS[side]}>
                <h4>{BROKERS[side]}</h4>
                <ul class="xp-legend">{told && <Legend />}</ul>
              </section>
            );
          })}
        </div>
      </details>
    </div>
  );
}

/** Shows the runs of the page's address (`?run=…&beside=…#<id>`), where it is for this figure. */
function useSharedAddress(duo: Duo, addressed: boolean): void {
  useEffect(() => {
    const asked = new URLSearchParams(location.search);
    const queue = asked.get('run');
    if (!addressed || queue === null || location.hash.slice(1) !== duo.poster.id) return;
    void duo.readAddress({ queue, stream: asked.get('beside') ?? '' });
  }, [duo, addressed]);
}
