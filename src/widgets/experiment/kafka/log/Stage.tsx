/** Draws logs in detail: segments as frames, records with what became of them, and who has read how far. */
import { useMemo } from 'preact/hooks';
import type { StageProps } from '../../drawing.ts';
import { CellsSvg, Heading, KeyCell, round, tabOf } from '../cells/Cells.tsx';
import { layOutLog, type Caret, type DrawnRecord, type Flag, type Frame, type Line } from './layout.ts';

type Tab = ReturnType<typeof tabOf>;

/** A tombstone looks like one. */
const TOMBSTONE = 'M1.5 19V9.5a8.5 8.5 0 0 1 17 0V19z';

export function LogStage({ view, at, shape, selected, onCell }: StageProps<'kafka'>) {
  const picture = useMemo(() => layOutLog(view, at, shape), [view, at, shape]);
  const rows = picture.logs.flatMap(({ lines }) => lines.map(({ records }) => records));
  // The Tab key reaches the newest record.
  const tab = tabOf([...rows].reverse(), selected, onCell !== null);
  return (
    <CellsSvg shape={shape} width={picture.width} height={picture.height} rows={rows} onCell={onCell}>
      {picture.logs.map(({ log, heading, policy, lines, hidden, notes }) => (
        <g key={log.place}>
          <g aria-hidden="true">
            <Heading {...heading} word="Log" name={log.place} />
            <text class="xp-small" x={policy.x} y={policy.y} text-anchor={policy.anchor}>
              {policy.text}
            </text>
            {hidden && (
              <text class="xp-small" x={hidden.x} y={hidden.y}>
                … {hidden.count} offsets before
              </text>
            )}
          </g>
          {lines.map((line) => (
            <LineMark key={line.y} line={line} size={picture.cell} tab={tab} selected={selected} />
          ))}
          <g aria-hidden="true">
            {notes.map(({ text, x, y }) => (
              <text key={y} class="xp-small xp-consumer-text" x={x} y={y}>
                {text}
              </text>
            ))}
          </g>
        </g>
      ))}
      <g aria-hidden="true">
        {picture.notes.map(({ text, x, y }) => (
          <text key={y} class="xp-small xl-transaction" x={x} y={y}>
            {text}
          </text>
        ))}
      </g>
    </CellsSvg>
  );
}

interface LineProps {
  readonly line: Line;
  readonly size: number;
  readonly tab: Tab;
  readonly selected: number | null;
}

function LineMark({ line, size, tab, selected }: LineProps) {
  const { cellsY, offsetY, numbered, frames, records, markers, gaps, next, flags, carets } = line;
  const half = size / 2;
  return (
    <g>
      <g aria-hidden="true">
        {frames.map((frame) => (
          <FrameMark key={frame.segment.base} {...frame} />
        ))}
        {gaps.map(({ position, x }) => (
          <g key={position} class="xl-gap">
            <circle cx={x + half} cy={cellsY + half} r="1.6" />
            <text class="xp-offset" x={x + half} y={offsetY}>
              {numbered(position) && position}
            </text>
          </g>
        ))}
        {next && (
          <>
            <rect
              class="xp-next"
              x={next.x + 0.5}
              y={cellsY + 0.5}
              width={size - 1}
              height={size - 1}
              rx="6"
            />
            <text class="xp-offset xp-faint" x={next.x + half} y={offsetY}>
              {next.position}
            </text>
          </>
        )}
        {flags.map((flag) => (
          <FlagMark key={flag.kind} {...flag} line={line} />
        ))}
        {markers.map(({ cell, gone, x, y }) => (
          <g
            key={cell.position}
            class={`xl-marker xl-${cell.marker ?? ''} xl-was-${cell.state}`}
            style={`--gone:${gone.toFixed(3)}`}
          >
            <path d={`M${round(x + half)} ${y - 0.5}l10.5 10.5l-10.5 10.5l-10.5 -10.5z`} />
            <text class="xl-letter" x={x + half} y={y + half + 3.8}>
              {cell.marker === 'committed' ? 'C' : 'A'}
            </text>
            <text class="xp-offset" x={x + half} y={offsetY}>
              {numbered(cell.position) && cell.position}
            </text>
          </g>
        ))}
      </g>
      {records.map((drawn) => (
        <RecordMark
          key={drawn.id}
          drawn={drawn}
          size={size}
          offsetY={numbered(drawn.cell.position) ? offsetY : null}
          tab={tab}
          selected={drawn.message === selected}
        />
      ))}
      <g aria-hidden="true">
        {[...carets].sort(hollowFirst).map((caret) => (
          <CaretMark key={`${caret.kind} ${caret.y}`} {...caret} />
        ))}
      </g>
    </g>
  );
}

function FrameMark({ segment, label, before, after, goesNext, gone, x, y, width, height }: Frame) {
  const r = 7;
  const right = x + width;
  const bottom = y + height;
  // Open where the segment goes on in another line.
  const start = before
    ? `M${x - 4} ${y}`
    : `M${x + r} ${bottom}a${r} ${r} 0 0 1 -${r} -${r}V${y + r}a${r} ${r} 0 0 1 ${r} -${r}`;
  const side = after
    ? `H${right + 4}M${right + 4} ${bottom}`
    : `H${right - r}a${r} ${r} 0 0 1 ${r} ${r}V${bottom - r}a${r} ${r} 0 0 1 -${r} ${r}`;
  const d = `${start}${side}H${before ? x - 4 : x + r}`;
  const look = `${segment.active ? ' xl-active' : ''}${goesNext ? ' xl-next-to-go' : ''}`;
  return (
    <g
      class={`xl-frame${look}${segment.removedAt === null ? '' : ' xl-was-expired'}`}
      style={`--gone:${gone.toFixed(3)}`}
    >
      <rect class="xl-ground" x={x} y={y} width={width} height={height} rx={r} />
      <path d={d} />
      <text class="xp-small" x={x + 7} y={y + 13}>
        {label}
      </text>
    </g>
  );
}

function FlagMark({ kind, x, label, line }: Flag & { line: Line }) {
  return (
    <g class={`xl-flag xl-${kind}`}>
      <path
        d={`M${round(x)} ${line.flagsY - 8}V${line.y + 16}M${round(x)} ${line.cellsY - 2}V${line.bottom}`}
      />
      {label && (
        <text class="xp-small" x={label.x} y={line.flagsY} text-anchor={label.anchor}>
          {label.text}
        </text>
      )}
    </g>
  );
}

interface RecordProps {
  readonly drawn: DrawnRecord;
  readonly size: number;
  readonly offsetY: number | null;
  readonly tab: Tab;
  readonly selected: boolean;
}

function RecordMark({ drawn, size, offsetY, tab, selected }: RecordProps) {
  const { cell, gone } = drawn;
  const { tombstone, state, transaction } = cell;
  const fate = transaction ? ` xl-${transaction.state}` : '';
  return (
    <g class={`xl-was-${state}`} style={`--gone:${gone.toFixed(3)}`}>
      <KeyCell
        spot={drawn}
        cellKey={cell.key}
        x={drawn.x}
        y={drawn.y}
        size={size}
        tab={tab(drawn)}
        selected={selected}
        hollow={!cell.confirmed}
        class={`${tombstone ? 'xl-tombstone' : ''}${fate}`}
        offset={offsetY === null ? null : { text: cell.position, y: offsetY - drawn.y }}
        {...(tombstone && { outline: TOMBSTONE })}
      >
        {tombstone && <path class="xl-base" d="M-0.5 19.5h21" />}
        {transaction?.state === 'open' && (
          <path class="xl-hatch" d="M2 6l4-4M2 12l10-10M2 18l16-16M8 18l10-10M14 18l4-4" />
        )}
        {transaction?.state === 'aborted' && <path class="xl-strike" d={`M0.5 ${size / 2}H${size - 0.5}`} />}
        {state === 'truncated' && <path class="xl-strike" d={`M0 0L${size} ${size}M${size} 0L0 ${size}`} />}
      </KeyCell>
    </g>
  );
}

function CaretMark({ kind, x, y, label }: Caret) {
  // The hollow one is the larger, so that both show where they meet.
  const size = kind === 'position' ? 6 : 4.5;
  return (
    <g>
      <path class={`xp-caret xp-${kind}`} d={`M${round(x)} ${y}l${size} ${1.7 * size}h${-2 * size}z`} />
      {label && (
        <text class="xp-caret-word" x={label.x} y={y + 9} text-anchor={label.anchor}>
          {label.text}
        </text>
      )}
    </g>
  );
}

/** The filled caret is drawn over the hollow one. */
function hollowFirst(a: Caret, b: Caret): number {
  return Number(a.kind === 'committed') - Number(b.kind === 'committed');
}
