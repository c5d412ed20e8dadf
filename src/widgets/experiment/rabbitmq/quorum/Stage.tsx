/** Draws queues as their replicas: nodes one below the other, one entry in one column through all of them. */
import { useMemo } from 'preact/hooks';
import type { StageProps } from '../../drawing.ts';
import { CellsSvg, Heading, KeyCell, round, tabOf, Token } from '../../kafka/cells/Cells.tsx';
import { keyLook } from '../../kafka/look.ts';
import { Consumer, Publisher } from '../queues/Stage.tsx';
import { CELL, layOutQuorum, type NodeBox, type QueueHead, type ReplicaLane } from './layout.ts';

type Tab = ReturnType<typeof tabOf>;

export function QuorumStage({ view, at, shape, selected, onCell }: StageProps<'rabbitmq'>) {
  const picture = useMemo(() => layOutQuorum(view, at, shape), [view, at, shape]);
  const { lanes, consumers } = picture;
  const rows = [
    ...lanes.map(({ cells }) => cells),
    ...consumers.map(({ slots }) => slots.flatMap(({ spot }) => (spot === null ? [] : [spot]))),
  ];
  const tab = tabOf(rows, selected, onCell !== null);
  return (
    <CellsSvg shape={shape} width={picture.width} height={picture.height} rows={rows} onCell={onCell}>
      <g aria-hidden="true">
        {picture.headings.map((heading) => (
          <Heading key={heading.word} {...heading} name="" />
        ))}
        {picture.tracks.map(({ id, role, d, busy, idle }) => (
          <g key={id} class={`xq-track xq-${role}${busy ? ' xq-busy' : ''}${idle ? ' xq-idle' : ''}`}>
            <path d={d} />
          </g>
        ))}
        {picture.publishers.map((box) => (
          <Publisher key={box.publisher.id} {...box} />
        ))}
        {picture.heads.map((head) => (
          <Head key={head.queue.queue} {...head} />
        ))}
        {picture.nodes.map((box) => (
          <Node key={box.node.id} {...box} wide={shape === 'wide'} />
        ))}
      </g>
      {lanes.map((lane) => (
        <Replica key={lane.id} lane={lane} tab={tab} selected={selected} />
      ))}
      {picture.commits.map(({ id, x, y1, y2 }) => (
        <path key={id} class="xu-commit" aria-hidden="true" d={`M${round(x)} ${y1}V${y2}`} />
      ))}
      {consumers.map((box) => (
        <Consumer key={box.consumer.id} box={box} tab={tab} selected={selected} />
      ))}
      <g aria-hidden="true">
        {picture.hidden && (
          <text class="xp-small" x={picture.hidden.x} y={picture.hidden.y}>
            {picture.hidden.text}
          </text>
        )}
        <g class="xp-travellers">
          {picture.tokens.map(({ id, key, again, held, x, y }) => (
            <g
              key={id}
              class={`xp-flying${held ? ' xp-held' : ''}`}
              transform={`translate(${round(x)} ${round(y)})`}
            >
              <Token cellKey={key} again={again} />
            </g>
          ))}
        </g>
      </g>
    </CellsSvg>
  );
}

function Head({ name, kind, status, bad, count, x, y }: QueueHead) {
  return (
    <g>
      <text class="xq-name" x={x} y={y}>
        {name}
        <tspan class="xq-kind"> {kind}</tspan>
      </text>
      <text class="xp-small xp-end" x={count.x} y={y}>
        {count.text}
      </text>
      <text class={`xp-small${bad ? ' xu-bad' : ''}`} x={x} y={y + 17}>
        {status}
      </text>
    </g>
  );
}

function Node({ title, notes, tone, x, y, width, height, wide }: NodeBox & { wide: boolean }) {
  const middle = y + height / 2;
  return (
    <g class={`xp-box xu-${tone}${tone === 'broker' ? '' : ' xp-off'}`}>
      <rect x={x} y={y} width={width} height={height} rx="10" />
      {wide ? (
        <>
          <text class="xp-title" x={x + 11} y={middle - 9}>
            {title}
          </text>
          <text class="xp-small" x={x + 11} y={middle + 7}>
            {notes[0]}
          </text>
          <text class="xp-small" x={x + 11} y={middle + 22}>
            {notes[1]}
          </text>
        </>
      ) : (
        <>
          <text class="xp-title" x={x + 11} y={middle + 4.5}>
            {title}
          </text>
          <text class="xp-small xp-end" x={x + width - 11} y={middle + 4}>
            {notes.filter(Boolean).join(notes[1].startsWith('at ') ? ' ' : ', ')}
          </text>
        </>
      )}
    </g>
  );
}

interface ReplicaProps {
  readonly lane: ReplicaLane;
  readonly tab: Tab;
  readonly selected: number | null;
}

function Replica({ lane, tab, selected }: ReplicaProps) {
  const { queue, replica, x, y, width, height, committedX, cellsY, numbersY } = lane;
  const leads = replica.role === 'leader' && queue.type !== 'classic';
  const out = !replica.reachable;
  const follower = replica.role === 'follower' && !out;
  const numbered = (index: number): boolean => queue.logEnd < 1000 || index % 2 === 0;
  return (
    <g class={`xu-replica${out ? ' xu-out' : ''}${follower ? ' xu-follower' : ''}`}>
      <g aria-hidden="true">
        <rect class="xu-lane" x={x} y={y} width={width} height={height} rx="10" />
        {committedX !== null && (
          <path
            class="xu-committed"
            d={`M${x + 10} ${y}H${round(committedX)}V${y + height}H${x + 10}a10 10 0 0 1 -10 -10V${y + 10}a10 10 0 0 1 10 -10z`}
          />
        )}
        {leads && <path class="xu-crown" d={crown(x + 16, y + 16)} />}
        <text class={`xp-small${leads ? ' xu-leads' : ''}`} x={x + (leads ? 28 : 9)} y={y + 15}>
          {lane.caption}
        </text>
        <text class="xp-small xp-end" x={x + width - 9} y={y + 15}>
          {lane.end}
        </text>
        {lane.missing.map((point) => (
          <rect
            key={point.x}
            class="xq-empty"
            x={round(point.x) + 1}
            y={point.y + 1}
            width={CELL - 2}
            height={CELL - 2}
            rx="6"
          />
        ))}
        {lane.struck.map(({ entry, fallen, x: at, y: row }) => (
          <g
            key={entry.index}
            class="xp-cell xu-struck"
            style={`--x:${round(at)}px;--y:${round(row)}px;--fallen:${fallen.toFixed(3)};--key:${keyLook(entry.key).colour}`}
          >
            <rect class="xp-square" x="1" y="1" width={CELL - 2} height={CELL - 2} rx="6" />
            <path
              class="xq-cross"
              d={`M-1 -1l${CELL + 2} ${CELL + 2}m0 -${CELL + 2}l-${CELL + 2} ${CELL + 2}`}
            />
            <text class="xp-glyph" x={CELL / 2} y={CELL / 2 + 4.3}>
              {keyLook(entry.key).glyph}
            </text>
          </g>
        ))}
      </g>
      {lane.cells.map((drawn) => (
        <KeyCell
          key={drawn.entry.index}
          spot={drawn}
          cellKey={drawn.entry.key}
          x={drawn.x}
          y={drawn.y}
          size={CELL}
          tab={tab(drawn)}
          selected={drawn.message === selected}
          hollow={drawn.hollow || drawn.lost}
          class={drawn.entry.gone === null ? '' : drawn.lost ? 'xu-lost' : 'xu-gone'}
          offset={numbered(drawn.entry.index) ? { text: drawn.entry.index, y: numbersY - cellsY } : null}
        >
          {drawn.lost && (
            <path
              class="xq-cross"
              d={`M-1 -1l${CELL + 2} ${CELL + 2}m0 -${CELL + 2}l-${CELL + 2} ${CELL + 2}`}
            />
          )}
        </KeyCell>
      ))}
    </g>
  );
}

/** A crown that stands on a point. */
function crown(x: number, y: number): string {
  return `M${x - 6} ${y}l-1 -7l3.5 2.5l3.5 -5l3.5 5l3.5 -2.5l-1 7z`;
}
