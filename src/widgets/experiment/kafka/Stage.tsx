/** Draws a Kafka view: producers, the topic's partitions as tapes, groups with their members, what is on the wire. */
import { useMemo } from 'preact/hooks';
import type { Shape, StageProps } from '../drawing.ts';
import { CellsSvg, Heading, KeyCell, Producer, round, tabOf, Token } from './cells/Cells.tsx';
import { partitionName } from './words.ts';
import { layOut, type Caret, type GroupArea, type Lane, type MemberBox, type Traveller } from './layout.ts';

export function Stage({ view, at, shape, selected, onCell }: StageProps<'kafka'>) {
  const picture = useMemo(() => layOut(view, at, shape), [view, at, shape]);
  const rows = picture.topics.flatMap(({ lanes }) => lanes.map(({ cells }) => cells));
  const tab = tabOf(rows, selected, onCell !== null);

  return (
    <CellsSvg shape={shape} width={picture.width} height={picture.height} rows={rows} onCell={onCell}>
      <g aria-hidden="true">
        {picture.wires.map(({ id, role, d, busy, dead }) => (
          <path
            key={id}
            class={`xp-wire xp-${role}${busy ? ' xp-busy' : ''}${dead ? ' xp-dead' : ''}`}
            d={d}
          />
        ))}
        <Heading {...picture.producersHeading} word="Producers" name="" />
        {picture.producers.map((box) => (
          <Producer key={box.producer.id} {...box} />
        ))}
      </g>
      {picture.topics.map((topic) => (
        <g key={topic.name}>
          <g aria-hidden="true">
            <Heading {...topic.heading} word="Topic" name={topic.name} />
            {topic.hidden > 0 && (
              <text class="xp-small" x={topic.more.x} y={topic.more.y}>
                and {topic.hidden} more partitions
              </text>
            )}
          </g>
          {topic.lanes.map((lane) => (
            <Tape
              key={lane.partition.place}
              lane={lane}
              tab={tab}
              selected={selected}
              groups={view.groups.length}
            />
          ))}
        </g>
      ))}
      <g aria-hidden="true">
        {picture.groups.map((area) => (
          <Group key={area.group.id} area={area} shape={shape} width={picture.width} />
        ))}
        <g class="xp-travellers">
          {picture.travellers.map((traveller) => (
            <Travelling key={traveller.id} {...traveller} />
          ))}
        </g>
      </g>
    </CellsSvg>
  );
}

interface TapeProps {
  readonly lane: Lane;
  readonly tab: ReturnType<typeof tabOf>;
  readonly selected: number | null;
  readonly groups: number;
}

function Tape({ lane, tab, selected, groups }: TapeProps) {
  const { partition, x, y, width, height, cellSize, offsetY, next, highWatermarkX } = lane;
  return (
    <g>
      <g aria-hidden="true">
        <rect class="xp-lane" x={x} y={y} width={width} height={height} rx="12" />
        <text class="xp-partition" text-anchor="end" x={x + 27} y={y + 9 + cellSize / 2 + 4.5}>
          {partitionName(partition.place)}
        </text>
        <rect class="xp-next" x={next.x} y={next.y} width={cellSize} height={cellSize} rx="6" />
        <text class="xp-offset xp-faint" x={next.x + cellSize / 2} y={offsetY}>
          {partition.logEnd}
        </text>
        {highWatermarkX !== null && (
          <line
            class="xp-watermark"
            x1={highWatermarkX}
            x2={highWatermarkX}
            y1={y + 5}
            y2={y + 9 + cellSize + 4}
          />
        )}
        {lane.hidden > 0 && (
          <text class="xp-small" x={x + 10} y={offsetY}>
            …
          </text>
        )}
      </g>
      {lane.cells.map((drawn) => (
        <KeyCell
          key={drawn.cell.message}
          spot={drawn}
          cellKey={drawn.cell.key}
          x={drawn.x}
          y={drawn.y}
          size={cellSize}
          tab={tab(drawn)}
          selected={drawn.cell.message === selected}
          hollow={!drawn.cell.confirmed}
          again={drawn.again}
          offset={drawn.numbered ? { text: drawn.cell.position, y: offsetY - drawn.y } : null}
        />
      ))}
      <g aria-hidden="true">
        {lane.rows.map(({ reader, y: rowY, carets, lag, name, marks }) => (
          <g key={reader.group}>
            {name !== null && (
              <text class="xp-small xp-consumer-text" x={x + 10} y={rowY + 9}>
                {name}
              </text>
            )}
            {marks.map((mark) => (
              <Mark key={mark.x} {...mark} y={rowY + 5} />
            ))}
            {[...carets].sort(hollowFirst).map((caret) => (
              <CaretMark key={caret.kind} caret={caret} worded={groups === 1} />
            ))}
            <text
              class={`xp-lag${reader.lag > 0 ? ' xp-some' : ''}`}
              x={lag.x}
              y={rowY + 9}
              text-anchor={lag.anchor}
            >
              {lag.text}
            </text>
          </g>
        ))}
      </g>
    </g>
  );
}

/** Under a record: processed by the group, processed again, or committed and not processed. */
function Mark({ x, y, kind }: { x: number; y: number; kind: 'done' | 'again' | 'missed' }) {
  if (kind === 'missed') return <path class="xp-mark-missed" d={`M${x - 3.5} ${y - 3.5}l7 7m0 -7l-7 7`} />;
  return (
    <g>
      {kind === 'again' && <circle class="xp-mark-again" cx={x} cy={y} r="5" />}
      <circle class="xp-mark-done" cx={x} cy={y} r="2.2" />
    </g>
  );
}

function CaretMark({ caret, worded }: { caret: Caret; worded: boolean }) {
  const { kind, x, y, label, before } = caret;
  // The hollow one is the larger, so that both show where they meet.
  const size = kind === 'position' ? 6 : 4.5;
  const d = before
    ? `M${x - 4} ${y + 5}l${size + 2} ${-size}v${2 * size}z`
    : `M${x} ${y}l${size} ${1.7 * size}h${-2 * size}z`;
  return (
    <g class="xp-caret-group">
      <path class={`xp-caret xp-${kind}`} d={d} />
      {worded && label && (
        <text class="xp-caret-word" x={label.x} y={y + 9} text-anchor={label.anchor}>
          {label.text}
        </text>
      )}
    </g>
  );
}

function Group({ area, shape, width }: { area: GroupArea; shape: Shape; width: number }) {
  const { group, heading, state, members } = area;
  const right = shape === 'tall' || !state.stable;
  return (
    <g>
      <Heading {...heading} word="Group" name={group.id} />
      <text
        class={`xp-state${state.stable ? '' : ' xp-moving'}`}
        x={right ? width - (shape === 'tall' ? 18 : 6) : heading.x}
        y={shape === 'tall' ? heading.y : heading.y + 17}
        text-anchor={right ? 'end' : 'start'}
      >
        {state.stable ? '● ' : '◌ '}
        {state.text}
      </text>
      {members.map((box) => (
        <Member key={box.member.id} {...box} />
      ))}
      {members.length === 0 && (
        <text class="xp-small" x={heading.x} y={heading.y + 46}>
          no members
        </text>
      )}
    </g>
  );
}

function Member({ member, note, tone, x, y, width, height }: MemberBox) {
  const { current } = member;
  return (
    <g class={`xp-box xp-${tone}${tone === 'consumer' ? '' : ' xp-off'}`}>
      <rect x={x} y={y} width={width} height={height} rx="10" />
      <text class="xp-title" x={x + 12} y={y + 20}>
        {member.label}
      </text>
      <text class="xp-small" x={x + 12} y={y + 36}>
        {note}
      </text>
      {current && (
        <g transform={`translate(${round(x + width - 30)} ${round(y + 6)})`}>
          <Token cellKey={current.key} again={current.again} />
        </g>
      )}
      {member.waiting > 0 && (
        <text class="xp-small xp-end" x={x + width - (current ? 38 : 12)} y={y + 20}>
          +{member.waiting}
        </text>
      )}
    </g>
  );
}

function Travelling({ keys, more, again, held, x, y }: Traveller) {
  const size = 20;
  return (
    <g class={held ? 'xp-held' : ''} transform={`translate(${round(x - size / 2)} ${round(y - size / 2)})`}>
      {keys
        .map((key, i) => (
          <g key={i} class="xp-flying" transform={`translate(${i * 8} ${i * -5})`}>
            <Token cellKey={key} again={again && i === 0} />
          </g>
        ))
        .reverse()}
      {more > 0 && (
        <text class="xp-small" x={size + 20} y="4">
          +{more}
        </text>
      )}
    </g>
  );
}

/** The filled caret is drawn over the hollow one. */
function hollowFirst(a: Caret, b: Caret): number {
  return Number(a.kind === 'committed') - Number(b.kind === 'committed');
}
