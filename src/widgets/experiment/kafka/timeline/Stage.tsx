/** Draws who of each group read what and when, to scale. */
import { useMemo } from 'preact/hooks';
import type { StageProps } from '../../drawing.ts';
import { shortSeconds } from '../../words.ts';
import { Heading, round } from '../cells/Cells.tsx';
import { layOutTimeline, type Bar, type GroupBlock } from './layout.ts';

export function TimelineStage({ view, at, shape }: StageProps<'kafka'>) {
  const picture = useMemo(() => layOutTimeline(view, at, shape), [view, at, shape]);
  const { width, height, groups, ticks, axisY, now } = picture;
  return (
    <svg
      class={`xp-svg xp-svg-${shape}`}
      viewBox={`0 0 ${width} ${round(height)}`}
      focusable="false"
      aria-hidden="true"
    >
      {groups.map((block) => (
        <g key={block.timeline.group}>
          <rect class="xt-ground" x={block.x} y={block.y} width={block.width} height={block.height} rx="6" />
          {block.shades.map((box, i) => (
            <rect key={i} class="xt-shade" {...rounded(box)} />
          ))}
          {ticks.map(({ x }) => (
            <path key={x} class="xt-grid" d={`M${round(x)} ${block.y}v${block.height}`} />
          ))}
          <Group {...block} />
          <path class="xt-now" d={`M${round(now.x)} ${block.y - 3}v${block.height + 6}`} />
        </g>
      ))}
      {ticks
        .filter(({ x }) => Math.abs(x - now.x) > 34)
        .map(({ x, text }) => (
          <text key={text} class="xp-offset" x={round(x)} y={axisY + 12}>
            {text}
          </text>
        ))}
      <text class="xt-now-word" x={round(now.x)} y={axisY + 12} text-anchor={now.anchor}>
        {shortSeconds(at)}
      </text>
    </svg>
  );
}

function Group({ timeline, heading, figures, rows, hidden, more, strip, unowned, measures }: GroupBlock) {
  return (
    <>
      <Heading {...heading} word="Group" name={timeline.group} />
      {figures.map(({ text, x, y, anchor, bad }) => (
        <text key={text} class={`xt-figure${bad ? ' xt-bad' : ''}`} x={x} y={y} text-anchor={anchor}>
          {text}
        </text>
      ))}
      {rows.map(({ label, y, bars }) => (
        <g key={y}>
          <text class="xt-member" x="10" y={y + 13}>
            {label}
          </text>
          {bars.map((bar, i) => (
            <BarMark key={i} {...bar} />
          ))}
        </g>
      ))}
      {hidden > 0 && (
        <text class="xp-small" {...more}>
          and {hidden} more members
        </text>
      )}
      <text class="xp-small" x="10" y={strip.y + strip.height - 7}>
        {strip.label}
      </text>
      <path class="xt-base" d={`M${strip.x} ${strip.y + strip.height}h${strip.width}`} />
      {unowned.map(({ whole, ...box }, i) => (
        <rect key={i} class={whole ? 'xt-nobody' : 'xt-unowned'} {...rounded(box)} />
      ))}
      {measures.map(({ text, x, y }) => (
        <text key={x} class="xt-measure" x={round(x)} y={y}>
          {text}
        </text>
      ))}
    </>
  );
}

function BarMark({ kind, text, x, y, width, height }: Bar) {
  const thin = kind === 'gone';
  return (
    <g class={`xt-bar xt-${kind}`}>
      {thin ? (
        <path
          d={`M${round(x)} ${y + height / 2}h${round(width)}M${round(x + 1)} ${y + 4}l8 10m0 -10l-8 10`}
        />
      ) : (
        <rect
          x={round(x + 0.5)}
          y={y}
          width={round(Math.max(1, width - 1))}
          height={height}
          rx={Math.min(4, width / 3)}
        />
      )}
      {!thin && text && (
        <text x={round(x + 6)} y={y + 13}>
          {text}
        </text>
      )}
    </g>
  );
}

function rounded<B extends { x: number; y: number; width: number; height: number }>(box: B): B {
  return { ...box, x: round(box.x), y: round(box.y), width: round(box.width), height: round(box.height) };
}
