/** The scrubber over the whole run, drawn as its timeline: where faults struck, how long something was amiss, where claims were decided. */
import type { Frame } from '../../scenarios/frame.ts';
import { percent, seconds } from './words.ts';

interface Props {
  readonly frame: Pick<Frame, 'at' | 'endsAt' | 'marks' | 'spans'>;
  readonly ready: boolean;
  readonly onSeek: (at: number) => void;
}

/** What the arrow keys move by, virtual microseconds; Page Up and Down move ten times that. */
const KEY_STEP = 100_000;

export function Timeline({ frame, ready, onSeek }: Props) {
  const { at, endsAt, marks, spans } = frame;
  const where = (moment: number): string => `left:${percent(moment, endsAt).toFixed(2)}%`;
  const onKeyDown = (event: KeyboardEvent): void => {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[
      event.key
    ];
    const to =
      by !== undefined ? at + by * KEY_STEP : event.key === 'Home' ? 0 : event.key === 'End' ? endsAt : null;
    if (to === null) return;
    event.preventDefault();
    onSeek(to);
  };
  return (
    <div class="xp-timeline">
      <div class="xp-track" aria-hidden="true">
        {spans.map(({ from, to, text }) => (
          <span
            key={`${from} ${text}`}
            class="xp-span"
            title={text}
            style={`${where(from)};width:${(percent(to ?? endsAt, endsAt) - percent(from, endsAt)).toFixed(2)}%`}
          />
        ))}
        <span class="xp-rail" />
        <span class="xp-gone" style={`width:${percent(at, endsAt).toFixed(2)}%`} />
        {marks.map(({ seq, at: moment, kind, text }) => (
          <span key={`${kind}-${seq} ${text}`} class={`xp-mark xp-mark-${kind}`} style={where(moment)} />
        ))}
      </div>
      <input
        class="xp-scrub"
        type="range"
        min="0"
        max={endsAt}
        step="1000"
        value={at}
        disabled={!ready}
        aria-label="Moment of the run"
        aria-valuetext={`${seconds(at)} of ${seconds(endsAt)}`}
        onInput={(event) => onSeek(Number(event.currentTarget.value))}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}
