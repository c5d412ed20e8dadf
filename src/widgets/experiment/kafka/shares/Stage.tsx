/** Draws share groups: the window of each partition, who holds what for how long, and consumer groups beside them. */
import { useMemo } from 'preact/hooks';
import type { StageProps } from '../../drawing.ts';
import { CellsSvg, Heading, KeyCell, round, tabOf } from '../cells/Cells.tsx';
import { keyLook } from '../look.ts';
import { layOutShares, type Band, type ShareCell, type ShareLane, type WorkerBox } from './layout.ts';

export function SharesStage({ view, at, shape, selected, onCell }: StageProps<'kafka'>) {
  const picture = useMemo(() => layOutShares(view, at, shape), [view, at, shape]);
  const rows = picture.bands.flatMap(({ lanes }) => lanes.map(({ cells }) => cells));
  const tab = tabOf(rows, selected, onCell !== null);
  return (
    <CellsSvg shape={shape} width={picture.width} height={picture.height} rows={rows} onCell={onCell}>
      <g aria-hidden="true">
        {picture.rules.map((y) => (
          <line key={y} class="xp-band-rule" x1="8" x2={picture.width - 8} y1={y} y2={y} />
        ))}
      </g>
      {picture.bands.map((band) => (
        <g key={band.group.id}>
          <Top band={band} />
          {band.lanes.map((lane) => (
            <g key={lane.partition.place}>
              <Lane lane={lane} />
              {lane.cells.map((cell) => (
                <KeyCell
                  key={cell.id}
                  spot={cell}
                  cellKey={cell.key}
                  x={cell.x}
                  y={cell.y}
                  size={lane.cellSize}
                  tab={tab(cell)}
                  selected={cell.message === selected}
                  hollow={cell.state === 'available' || cell.state === 'ahead'}
                  class={`xp-share-${cell.state}`}
                  offset={{ text: cell.position, y: lane.offsetY - cell.y }}
                >
                  <Signs cell={cell} size={lane.cellSize} />
                </KeyCell>
              ))}
              <Marks lane={lane} />
            </g>
          ))}
          <g aria-hidden="true">
            {band.members.map((box) => (
              <Worker key={box.member.id} box={box} />
            ))}
            {band.members.length === 0 && (
              <text class="xp-small" x={band.state.x} y={band.heading.y + 40} text-anchor={band.state.anchor}>
                no members
              </text>
            )}
          </g>
        </g>
      ))}
      {picture.bands.length === 0 && (
        <text class="xp-small" x="8" y="30">
          no group yet
        </text>
      )}
    </CellsSvg>
  );
}

function Top({ band }: { band: Band }) {
  const { heading, word, group, state, told, wires, hidden, more } = band;
  return (
    <g aria-hidden="true">
      <Heading {...heading} word={word} name={group.id} />
      <text
        class={`xp-state${state.stable ? '' : ' xp-moving'}`}
        x={state.x}
        y={state.y}
        text-anchor={state.anchor}
      >
        {state.stable ? '● ' : '◌ '}
        {state.text}
      </text>
      {told.map(({ x, y, text }) => (
        <text key={y} class="xp-band-told" x={x} y={y}>
          {text}
        </text>
      ))}
      {wires.map(({ id, d, busy, dead }) => (
        <path
          key={id}
          class={`xp-wire xp-consumer${busy ? ' xp-busy' : ''}${dead ? ' xp-dead' : ''}`}
          d={d}
        />
      ))}
      {hidden > 0 && (
        <text class="xp-small" x={more.x} y={more.y}>
          and {hidden} more partitions
        </text>
      )}
    </g>
  );
}

function Lane({ lane }: { lane: ShareLane }) {
  const { x, y, width, height, name, cellsY, cellSize, window, edges, next, foot } = lane;
  return (
    <g aria-hidden="true">
      <rect class="xp-lane" x={x} y={y} width={width} height={height} rx="12" />
      <text class="xp-partition" text-anchor="end" x={x + 27} y={cellsY + cellSize / 2 + 4.5}>
        {name}
      </text>
      {window && window.width > 0 && (
        <path
          class="xp-window"
          d={
            window.open
              ? `M${window.x + window.width} ${window.y}H${window.x}v${window.height}h${window.width}`
              : `M${window.x} ${window.y}h${window.width}v${window.height}h${-window.width}z`
          }
        />
      )}
      {window && window.width === 0 && (
        <line class="xp-window" x1={window.x} x2={window.x} y1={window.y} y2={window.y + window.height} />
      )}
      {edges.map((edge) => (
        <text key={edge.text} class="xp-window-word" x={edge.x} y={edge.y} text-anchor={edge.anchor}>
          {edge.text}
        </text>
      ))}
      {lane.before && (
        <text class="xp-small" x={x + 12} y={lane.offsetY}>
          …
        </text>
      )}
      {next && (
        <>
          <rect class="xp-next" x={next.x} y={next.y} width={cellSize} height={cellSize} rx="6" />
          <text class="xp-offset xp-faint" x={next.x + cellSize / 2} y={lane.offsetY}>
            {next.offset}
          </text>
        </>
      )}
      <text class="xp-small" x={foot.x} y={foot.y}>
        {foot.text}
      </text>
    </g>
  );
}

/** What stands over the records: who holds them; and the carets of a reader. */
function Marks({ lane }: { lane: ShareLane }) {
  return (
    <g aria-hidden="true">
      {lane.runs.map(({ x, y, width, label, client }) => (
        <g key={`${client}${x}`}>
          <path class="xp-run" d={`M${round(x + 1)} ${y + 3}v-2.5h${round(width - 2)}v2.5`} />
          <text class="xp-run-word" x={round(x + width / 2)} y={y - 3}>
            {label}
          </text>
        </g>
      ))}
      {lane.carets.map(({ kind, x, y }) => {
        const size = kind === 'position' ? 6 : 4.5;
        return (
          <path
            key={kind}
            class={`xp-caret xp-${kind}`}
            d={`M${round(x)} ${y - 1}l${size} ${1.7 * size}h${-2 * size}z`}
          />
        );
      })}
    </g>
  );
}

/** On a record: the ring of its lock, a tick, a cross, and from the second time on how often it was delivered. */
function Signs({ cell, size }: { cell: ShareCell; size: number }) {
  const { state, lock, deliveries } = cell;
  const r = size / 2 + 1.6;
  const around = 2 * Math.PI * r;
  return (
    <>
      {lock !== null && (
        <>
          <circle class="xp-lock-rail" cx={size / 2} cy={size / 2} r={r} />
          <circle
            class={`xp-lock${lock < 0.25 ? ' xp-lock-ending' : ''}`}
            cx={size / 2}
            cy={size / 2}
            r={r}
            stroke-dasharray={`${round(around * lock)} ${round(around)}`}
            transform={`rotate(-90 ${size / 2} ${size / 2})`}
          />
        </>
      )}
      {state === 'acknowledged' && <path class="xp-tick" d={`M${size / 2 - 5} ${size / 2}l4 4.5 7-9`} />}
      {state === 'archived' && (
        <path class="xp-cross" d={`M2 2L${size - 2} ${size - 2}M${size - 2} 2L2 ${size - 2}`} />
      )}
      {deliveries > 1 && (
        <g>
          <circle class="xp-deliveries" cx={size} cy={size} r="6.2" />
          <text class="xp-deliveries-word" x={size} y={size + 3.2}>
            {deliveries}
          </text>
        </g>
      )}
    </>
  );
}

function Worker({ box }: { box: WorkerBox }) {
  const { member, note, tone, x, y, width, height, held, more } = box;
  return (
    <g class={`xp-box xp-${tone}${tone === 'consumer' ? '' : ' xp-off'}`}>
      <rect x={x} y={y} width={width} height={height} rx="10" />
      <text class="xp-title" x={x + 12} y={y + 20}>
        {member.label}
      </text>
      <text class="xp-small" x={x + 12} y={y + 36}>
        {note}
      </text>
      {held.map((one, i) => {
        const { colour, glyph } = keyLook(one.key);
        return (
          <g key={i} class="xp-cell" style={`--key:${colour}`}>
            {one.again && <rect class="xp-ring" x={one.x - 1} y={one.y - 1} width="19" height="19" rx="6" />}
            <rect class="xp-square" x={one.x + 1.5} y={one.y + 1.5} width="14" height="14" rx="4" />
            <text class="xp-glyph xp-glyph-small" x={one.x + 8.5} y={one.y + 12.2}>
              {glyph}
            </text>
          </g>
        );
      })}
      {more > 0 && (
        <text class="xp-small xp-end" x={x + width - 10} y={y + 55}>
          +{more}
        </text>
      )}
    </g>
  );
}
