/** Draws the copies of partitions: brokers one below the other, one offset in one column through all of them. */
import { useMemo } from 'preact/hooks';
import type { StageProps } from '../../drawing.ts';
import { CellsSvg, Heading, KeyCell, Producer, round, tabOf, Token } from '../cells/Cells.tsx';
import { keyLook } from '../look.ts';
import { layOutReplicas, type CopyLane, type LostLane, type NodeBox, type PartitionHead } from './layout.ts';

type Tab = ReturnType<typeof tabOf>;

export function ReplicasStage({ view, at, shape, selected, onCell }: StageProps<'kafka'>) {
  const picture = useMemo(() => layOutReplicas(view, at, shape), [view, at, shape]);
  const { lanes, lost, controller } = picture;
  const rows = [...lanes, ...lost].map(({ cells }) => cells);
  const tab = tabOf(rows, selected, onCell !== null);
  return (
    <CellsSvg shape={shape} width={picture.width} height={picture.height} rows={rows} onCell={onCell}>
      <g aria-hidden="true">
        {picture.wires.map(({ id, d, busy }) => (
          <path key={id} class={`xp-wire xp-producer${busy ? ' xp-busy' : ''}`} d={d} />
        ))}
        {picture.producers.length > 0 && <Heading {...picture.producersHeading} word="Producers" name="" />}
        {picture.producers.map((box) => (
          <Producer key={box.producer.id} {...box} bad={box.producer.failed > 0} />
        ))}
        {controller && (
          <text
            class={`xp-small xr-controller${controller.node.state === 'running' ? '' : ' xr-down'}`}
            x={controller.x + controller.width}
            y={controller.y + 14}
          >
            {controller.text}
          </text>
        )}
        {picture.heads.map((head) => (
          <Head key={head.partition.place} {...head} />
        ))}
        {picture.nodes.map((box) => (
          <Broker key={box.node.id} {...box} wide={shape === 'wide'} />
        ))}
      </g>
      {lanes.map((lane) => (
        <Copy key={lane.id} lane={lane} size={picture.cell} tab={tab} selected={selected} />
      ))}
      {lost.length > 0 && (
        <g aria-hidden="true" class={lost.some(({ any }) => any) ? 'xr-some' : ''}>
          <text class="xp-heading xr-lost-heading" x={picture.lostHeading.x} y={picture.lostHeading.y}>
            CONFIRMED,
            {shape === 'wide' ? (
              <tspan x={picture.lostHeading.x} dy="15">
                AND GONE
              </tspan>
            ) : (
              ' AND GONE'
            )}
          </text>
        </g>
      )}
      {lost.map((lane) => (
        <Lost key={lane.partition.place} lane={lane} size={picture.cell} tab={tab} selected={selected} />
      ))}
      <g aria-hidden="true">
        {picture.more && (
          <text class="xp-small" x={picture.more.x} y={picture.more.y}>
            and {picture.more.count} more partitions
          </text>
        )}
        <g class="xp-travellers">
          {picture.tokens.map(({ id, key, held, x, y }) => (
            <g
              key={id}
              class={`xp-flying${held ? ' xp-held' : ''}`}
              transform={`translate(${round(x)} ${round(y)})`}
            >
              <Token cellKey={key} />
            </g>
          ))}
        </g>
      </g>
    </CellsSvg>
  );
}

function Head({ partition, name, isr, isrX, min, status, x, y }: PartitionHead) {
  return (
    <g>
      <text class="xp-heading" x={x} y={y}>
        <tspan class="xp-name">{name}</tspan>
      </text>
      <text class="xp-small" x={isrX} y={y}>
        ISR
      </text>
      {isr.map(({ number, inIsr, leads, x: at }) => (
        <g key={number} class={`xr-chip${inIsr ? '' : ' xr-out'}`}>
          <circle cx={at + 8} cy={y - 4} r="8" />
          <text x={at + 8} y={y}>
            {number}
          </text>
          {leads && <path class="xr-crown" d={crown(at + 8, y - 13)} />}
        </g>
      ))}
      {min && (
        <text class={`xp-small${partition.underMinIsr ? ' xr-bad' : ''}`} x={min.x} y={y}>
          {min.text}
        </text>
      )}
      {status.tone === 'fault' && (
        <rect
          class="xr-banner"
          x={x - 1}
          y={y + 7}
          width={status.text.length * 6.05 + 14}
          height="17"
          rx="5"
        />
      )}
      <text class={`xp-small xr-${status.tone}`} x={status.tone === 'fault' ? x + 6 : x} y={y + 19.5}>
        {status.text}
      </text>
    </g>
  );
}

function Broker({ node, notes, tone, x, y, width, height, wide }: NodeBox & { wide: boolean }) {
  const middle = y + height / 2;
  const title = node.id.slice(0, 1).toUpperCase() + node.id.slice(1).replace('-', ' ');
  return (
    <g class={`xp-box xr-${tone}${tone === 'broker' ? '' : ' xp-off'}`}>
      <rect x={x} y={y} width={width} height={height} rx="10" />
      {wide ? (
        <>
          <text class="xp-title" x={x + 12} y={middle - 11}>
            {title}
          </text>
          <text class="xp-small" x={x + 12} y={middle + 5}>
            {notes[0]}
          </text>
          <text class="xp-small" x={x + 12} y={middle + 20}>
            {notes[1]}
          </text>
        </>
      ) : (
        <>
          <text class="xp-title" x={x + 12} y={middle + 4.5}>
            {title}
          </text>
          <text class="xp-small xp-end" x={x + width - 12} y={middle + 4}>
            {notes.filter(Boolean).join(', ')}
          </text>
        </>
      )}
    </g>
  );
}

interface LaneProps<L> {
  readonly lane: L;
  readonly size: number;
  readonly tab: Tab;
  readonly selected: number | null;
}

function Copy({ lane, size, tab, selected }: LaneProps<CopyLane>) {
  const { partition, replica, x, y, width, height, cellsY, offsetY, next, highWatermarkX, markers, falling } =
    lane;
  const leads = replica.role === 'leader';
  const numbered = (position: number): boolean => partition.logEnd < 1000 || position % 2 === 0;
  const out = !replica.inIsr || !replica.up;
  return (
    <g class={`xr-copy${out ? ' xr-out' : ''}`}>
      <g aria-hidden="true">
        <rect class="xr-lane" x={x} y={y} width={width} height={height} rx="10" />
        {highWatermarkX !== null && (
          <path
            class="xr-committed"
            d={`M${x + 10} ${y}H${round(highWatermarkX)}V${y + height}H${x + 10}a10 10 0 0 1 -10 -10V${y + 10}a10 10 0 0 1 10 -10z`}
          />
        )}
        <text class="xp-partition" x={x + 9} y={y + 15}>
          P{partition.index}
        </text>
        {leads && <path class="xr-crown" d={crown(x + 38, y + 15, 1.15)} />}
        <text class={`xp-small${leads ? ' xr-leads' : ''}`} x={x + (leads ? 51 : 32)} y={y + 15}>
          {lane.caption}
        </text>
        <text class="xp-small xp-end" x={x + width - 9} y={y + 15}>
          {lane.ends}
        </text>
        {lane.note && (
          <text class="xp-small" x={x + 9} y={cellsY + 15}>
            {lane.note}
          </text>
        )}
        {next && (
          <>
            <rect
              class={`xp-next${lane.awaited ? ' xr-awaited' : ''}`}
              x={next.x + 0.5}
              y={next.y + 0.5}
              width={size - 1}
              height={size - 1}
              rx="6"
            />
            <text class="xp-offset xp-faint" x={next.x + size / 2} y={offsetY}>
              {replica.logEnd}
            </text>
          </>
        )}
        {falling.map(({ cell, fallen, x: cellX, y: cellY }) => (
          <g
            key={cell.position}
            class="xp-cell xr-falling"
            style={`--x:${round(cellX)}px;--y:${round(cellY)}px;--fallen:${fallen.toFixed(3)};--key:${keyLook(cell.key).colour}`}
          >
            <rect class="xp-square" x="1" y="1" width={size - 2} height={size - 2} rx="6" />
            <path class="xr-cross" d={`M-1 -1L${size + 1} ${size + 1}M${size + 1} -1L-1 ${size + 1}`} />
            <text class="xp-glyph" x={size / 2} y={size / 2 + 4.3}>
              {keyLook(cell.key).glyph}
            </text>
          </g>
        ))}
        {markers.map(({ position, x: at, y: cellY }) => (
          <g key={position}>
            <path class="xr-marker" d={`M${at + size / 2} ${cellY + 3}l7.5 7.5l-7.5 7.5l-7.5 -7.5z`} />
            <text class="xp-offset" x={at + size / 2} y={offsetY}>
              {position}
            </text>
          </g>
        ))}
      </g>
      {lane.cells.map((drawn) => (
        <KeyCell
          key={drawn.cell.position}
          spot={drawn}
          cellKey={drawn.cell.key}
          x={drawn.x}
          y={drawn.y}
          size={size}
          tab={tab(drawn)}
          selected={drawn.message === selected}
          hollow={!drawn.cell.confirmed}
          class={drawn.cell.diverged ? 'xr-diverged' : ''}
          offset={numbered(drawn.cell.position) ? { text: drawn.cell.position, y: offsetY - drawn.y } : null}
        >
          {drawn.cell.diverged && (
            <>
              <circle class="xr-sign" cx={size / 2} cy="-1.5" r="5" />
              <path class="xr-unequal" d={`M${size / 2 - 2.75} -3h5.5m0 2.75h-5.5m1.25 2l3 -6.5`} />
            </>
          )}
        </KeyCell>
      ))}
      {highWatermarkX !== null && (
        <path
          class="xp-watermark"
          aria-hidden="true"
          d={`M${round(highWatermarkX)} ${cellsY - 3}V${y + height}`}
        />
      )}
    </g>
  );
}

function Lost({ lane, size, tab, selected }: LaneProps<LostLane>) {
  const { x, y, width, height, caption, any, cells, offsetY } = lane;
  return (
    <g class={`xr-lost${any ? ' xr-some' : ''}`}>
      <g aria-hidden="true">
        <rect class="xr-grave" x={x + 0.5} y={y + 0.5} width={width - 1} height={height - 1} rx="10" />
        <text class="xp-small" x={x + 9} y={y + 15}>
          {caption}
        </text>
      </g>
      {cells.map((drawn) => (
        <KeyCell
          key={drawn.id}
          spot={drawn}
          cellKey={drawn.cell.key}
          x={drawn.x}
          y={drawn.y}
          size={size}
          tab={tab(drawn)}
          selected={drawn.message === selected}
          offset={{ text: drawn.cell.position, y: offsetY - drawn.y }}
        >
          <path class="xr-cross" d={`M-1 -1L${size + 1} ${size + 1}M${size + 1} -1L-1 ${size + 1}`} />
        </KeyCell>
      ))}
    </g>
  );
}

/** A crown that stands on a point. */
function crown(x: number, y: number, scale = 1): string {
  const s = (n: number): number => round(n * scale);
  return `M${round(x - s(5))} ${y}l${s(-1)} ${s(-6)}l${s(3)} ${s(2.2)}l${s(3)} ${s(-4.2)}l${s(3)} ${s(4.2)}l${s(3)} ${s(-2.2)}l${s(-1)} ${s(6)}z`;
}
