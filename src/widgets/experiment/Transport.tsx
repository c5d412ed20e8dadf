/** Play, pause, step, the timeline, the clock and the speed: of one run, or of several that move together. */
import type { Signal } from '@preact/signals';
import type { Frame } from '../../scenarios/frame.ts';
import { Timeline } from './Timeline.tsx';
import { seconds, SPEEDS } from './words.ts';

/** What can be played. */
export interface Playable {
  readonly frame: { readonly value: Pick<Frame, 'at' | 'endsAt' | 'ended' | 'marks' | 'spans'> };
  readonly playing: { readonly value: boolean };
  /** Still the first frame: Play begins at the beginning. */
  readonly untouched: { readonly value: boolean };
  /** Which of the speeds. */
  readonly speed: Signal<number>;
  toggle(): void;
  step(by: number): Promise<void>;
  /** @param at virtual microseconds */
  seek(at: number): Promise<void>;
  reset(): Promise<void>;
}

export function Transport({ of: session, ready }: { of: Playable; ready: boolean }) {
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
