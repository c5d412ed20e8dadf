/** Draws how records spread over partitions: tapes, bars by key, and what is hot or has lost its order. */
import { useMemo } from 'preact/hooks';
import type { StageProps } from '../../drawing.ts';
import { CellsSvg, Heading, KeyCell, round, tabOf } from '../cells/Cells.tsx';
import { keyLook } from '../look.ts';
import { partitionName } from '../words.ts';
import { layOutDistribution, type DistributionLane, type Piece, type TopicBlock } from './layout.ts';
import { SPLIT_MEANS, splitWords } from './words.ts';

export function DistributionStage({ view, shape, selected, onCell }: StageProps<'kafka'>) {
  const picture = useMemo(() => layOutDistribution(view, shape), [view, shape]);
  const rows = picture.topics.flatMap(({ lanes }) => lanes.map(({ cells }) => cells));
  const tab = tabOf(rows, selected, onCell !== null);
  return (
    <CellsSvg shape={shape} width={picture.width} height={picture.height} rows={rows} onCell={onCell}>
      {picture.topics.map((topic) => (
        <g key={topic.name}>
          <Top {...topic} />
          {topic.lanes.map((lane) => (
            <g key={lane.partition.place}>
              <Share lane={lane} />
              {lane.cells.map((drawn) => (
                <KeyCell
                  key={drawn.cell.message}
                  spot={drawn}
                  cellKey={drawn.cell.key}
                  x={drawn.x}
                  y={drawn.y}
                  size={lane.cellSize}
                  tab={tab(drawn)}
                  selected={drawn.cell.message === selected}
                  hollow={!drawn.cell.confirmed}
                  offset={drawn.numbered ? { text: drawn.cell.position, y: lane.offsetY - drawn.y } : null}
                >
                  {drawn.split && <SplitSign size={lane.cellSize} />}
                </KeyCell>
              ))}
            </g>
          ))}
          <Lost topic={topic} tall={shape === 'tall'} />
        </g>
      ))}
      {picture.topics.length === 0 && (
        <text class="xp-small" x="8" y="30">
          no topic yet
        </text>
      )}
    </CellsSvg>
  );
}

/** A corner: this key lies in other partitions too. */
function SplitSign({ size }: { size: number }) {
  return <path class="xp-split-sign" d={`M${size - 8} 0h9v9z`} />;
}

function Top({ heading, name, told, from, producers, hidden, more }: TopicBlock) {
  return (
    <g aria-hidden="true">
      <Heading {...heading} word="Topic" name={name} />
      <text class="xp-small xp-producer-text" x={from.x} y={from.y}>
        {from.text}
      </text>
      <text class="xp-small" x={told.x} y={told.y} text-anchor={told.anchor}>
        {told.text}
      </text>
      {producers.map(({ x, y, label, producer }) => (
        <g key={producer}>
          <rect class={`xp-strip xp-strip-${producer}`} x={x} y={y - 8} width="11" height="8" rx="2" />
          <text class="xp-small" x={x + 16} y={y}>
            {label}
          </text>
        </g>
      ))}
      {hidden > 0 && (
        <text class="xp-small" x={more.x} y={more.y}>
          and {hidden} more partitions
        </text>
      )}
    </g>
  );
}

function Share({ lane }: { lane: DistributionLane }) {
  const { partition, hot, heat, x, y, width, height, bar, even, amount, next, cellSize, keys } = lane;
  return (
    <g aria-hidden="true" class={hot ? 'xp-hot' : ''}>
      <rect class="xp-lane" x={x} y={y} width={width} height={height} rx="12" />
      <text class="xp-partition" text-anchor="end" x={x + 27} y={lane.middle + 4.5}>
        {partitionName(partition.place)}
      </text>
      {lane.hidden && (
        <text class="xp-small" x={x + 10} y={lane.offsetY}>
          …
        </text>
      )}
      <rect class="xp-next" x={next.x} y={next.y} width={cellSize} height={cellSize} rx="6" />
      <text class="xp-offset xp-faint" x={next.x + cellSize / 2} y={lane.offsetY}>
        {next.offset}
      </text>
      {even !== null && (
        <line class="xp-even" x1={even} x2={even} y1={bar.y - 4} y2={bar.y + bar.height + 4} />
      )}
      {lane.pieces.map((piece) => (
        <BarPiece key={`${piece.kind} ${piece.key ?? ''}`} piece={piece} />
      ))}
      <text class="xp-amount" x={amount.x} y={amount.y}>
        {amount.text}
      </text>
      {lane.strips.map((strip) => (
        <rect
          key={strip.producer}
          class={`xp-strip xp-strip-${strip.producer}`}
          x={strip.x}
          y={strip.y}
          width={strip.width}
          height={strip.height}
        />
      ))}
      {lane.chips.map((chip) => (
        <g key={chip.key}>
          <KeyMark cellKey={chip.key} x={chip.x} y={chip.y} />
          <text class={`xp-count${chip.split ? ' xp-hot-word' : ''}`} x={chip.x + 20} y={chip.y + 12}>
            {chip.text}
          </text>
        </g>
      ))}
      <text class="xp-small" x={keys.x} y={keys.y}>
        {keys.text}
      </text>
      {heat && (
        <text class="xp-small xp-hot-word" x={heat.x} y={heat.y} text-anchor={heat.anchor}>
          {heat.text}
        </text>
      )}
    </g>
  );
}

/** A key as a small square with its letter. */
function KeyMark({ cellKey, x, y }: { cellKey: string | null; x: number; y: number }) {
  const { colour, glyph } = keyLook(cellKey);
  return (
    <g class="xp-cell" style={`--key:${colour}`}>
      <rect class="xp-key-mark" x={x} y={y} width="16" height="16" rx="5" />
      <text class="xp-glyph xp-glyph-small" x={x + 8} y={y + 12}>
        {glyph}
      </text>
    </g>
  );
}

function BarPiece({ piece }: { piece: Piece }) {
  const { kind, key, x, y, width, height, lettered } = piece;
  const { colour, glyph } = keyLook(key);
  const gap = width > 4 ? 0.5 : 0;
  return (
    <g class={`xp-piece xp-piece-${kind}`} style={kind === 'key' ? `--key:${colour}` : undefined}>
      <rect x={round(x + gap)} y={y} width={round(width - 2 * gap)} height={height} rx="3" />
      {lettered && kind !== 'others' && (
        <text class="xp-glyph" x={round(x + width / 2)} y={y + height / 2 + 4.3}>
          {glyph}
        </text>
      )}
    </g>
  );
}

/** The keys whose order is lost, in so many words. */
function Lost({ topic, tall }: { topic: TopicBlock; tall: boolean }) {
  const { callout, split, moreSplit } = topic;
  if (!callout) return null;
  return (
    <g aria-hidden="true">
      <rect class="xp-callout" {...callout} rx="10" />
      {split.map(({ entry, x, y }) => (
        <g key={entry.key}>
          <KeyMark cellKey={entry.key} x={x} y={y} />
          <text class="xp-callout-text" x={x + 26} y={y + 12.5}>
            {splitWords(entry)}:
            {tall ? (
              <tspan x={x + 26} dy="15">
                {SPLIT_MEANS}
              </tspan>
            ) : (
              ` ${SPLIT_MEANS}`
            )}
          </text>
        </g>
      ))}
      {moreSplit && (
        <text class="xp-small" x={moreSplit.x} y={moreSplit.y}>
          {moreSplit.text}
        </text>
      )}
    </g>
  );
}
