/** Draws a Kafka view: producers, the topic's partitions as tapes, groups with their members, what is on the wire. */
import { useMemo, useRef } from 'preact/hooks';
import type { PartitionReader } from '../../../brokers/kafka/view-types.ts';
import type { StageProps } from '../drawing.ts';
import { keyLook } from './look.ts';
import { partitionName } from './words.ts';
import {
  layOut,
  type Caret,
  type DrawnCell,
  type GroupArea,
  type Lane,
  type MemberBox,
  type Picture,
  type ProducerBox,
  type Shape,
  type Traveller,
} from './layout.ts';

export function Stage({ view, at, shape, selected, onCell }: StageProps) {
  const picture = useMemo(() => layOut(view, at, shape), [view, at, shape]);
  const svg = useRef<SVGSVGElement>(null);
  /** The one cell that the Tab key reaches; arrow keys go on from it. */
  const entry = picture.topics[0]?.lanes.find(({ cells }) => cells.length > 0)?.cells.at(-1);
  const tabStop = selected ?? entry?.cell.message ?? -1;

  const onKeyDown = (event: KeyboardEvent): void => {
    const cell = (event.target as Element).closest('[data-cell]');
    if (!cell || !svg.current) return;
    if (event.key === 'Enter' || event.key === ' ') {
      cell.dispatchEvent(new MouseEvent('click', { bubbles: true }));
    } else {
      const to = neighbour(picture, cell.getAttribute('data-cell') ?? '', event.key);
      if (to === null) return;
      svg.current.querySelector<SVGElement>(`[data-cell="${to}"]`)?.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const onClick = (event: MouseEvent): void => {
    const cell = (event.target as Element).closest('[data-cell]');
    const found = picture.topics
      .flatMap(({ lanes }) => lanes.flatMap(({ cells }) => cells))
      .find((drawn) => cellId(drawn) === cell?.getAttribute('data-cell'));
    if (found) onCell?.(found.cell.message, found.words);
  };

  return (
    <svg
      ref={svg}
      class={`xp-svg xp-svg-${shape}`}
      viewBox={`0 0 ${picture.width} ${round(picture.height)}`}
      focusable="false"
      onKeyDown={onKeyDown}
      onClick={onClick}
    >
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
              tabStop={tabStop}
              selected={selected}
              groups={view.groups.length}
              live={onCell !== null}
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
    </svg>
  );
}

function Heading({ x, y, word, name }: { x: number; y: number; word: string; name: string }) {
  return (
    <text class="xp-heading" x={x} y={y}>
      {word.toUpperCase()}
      {name && <tspan class="xp-name"> {name}</tspan>}
    </text>
  );
}

function Producer({ producer, note, x, y, width, height }: ProducerBox) {
  const off = producer.state === 'crashed' || producer.state === 'closed';
  return (
    <g class={`xp-box xp-${off ? 'fault' : 'producer'}${off ? ' xp-off' : ''}`}>
      <rect x={x} y={y} width={width} height={height} rx="10" />
      <text class="xp-title" x={x + 12} y={y + 20}>
        {producer.label}
      </text>
      <text class="xp-small" x={x + 12} y={y + 36}>
        {note}
      </text>
    </g>
  );
}

interface TapeProps {
  readonly lane: Lane;
  readonly tabStop: number;
  readonly selected: number | null;
  readonly groups: number;
  readonly live: boolean;
}

function Tape({ lane, tabStop, selected, groups, live }: TapeProps) {
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
        <CellMark
          key={drawn.cell.message}
          drawn={drawn}
          size={cellSize}
          offsetY={offsetY}
          tab={live ? (drawn.cell.message === tabStop ? 0 : -1) : null}
          selected={drawn.cell.message === selected}
        />
      ))}
      <g aria-hidden="true">
        {lane.rows.map(({ reader, y: rowY, carets, lag }) => (
          <g key={reader.group}>
            {groups > 1 && (
              <text class="xp-small xp-consumer-text" x={x + 10} y={rowY + 9}>
                {shorten(reader)}
              </text>
            )}
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

/** Room for five letters of a group's name before its carets. */
function shorten({ group }: PartitionReader): string {
  return group.length > 5 ? `${group.slice(0, 4)}…` : group;
}

interface CellProps {
  readonly drawn: DrawnCell;
  readonly size: number;
  readonly offsetY: number;
  readonly tab: number | null;
  readonly selected: boolean;
}

function CellMark({ drawn, size, offsetY, tab, selected }: CellProps) {
  const { cell, x, y, again, words, numbered } = drawn;
  const { colour, glyph } = keyLook(cell.key);
  const hollow = !cell.confirmed;
  // What it says in signs stands beside the button: its name says it in words.
  const interactive = tab === null ? {} : { role: 'button' as const, tabindex: tab, 'aria-label': words };
  return (
    <g
      class={`xp-cell${hollow ? ' xp-hollow' : ''}${selected ? ' xp-selected' : ''}`}
      style={`transform:translate(${round(x)}px,${round(y)}px);--key:${colour}`}
    >
      <g data-cell={cellId(drawn)} {...interactive}>
        {again && <rect class="xp-ring" x="-2.5" y="-2.5" width={size + 5} height={size + 5} rx="8" />}
        <rect class="xp-square" x="1" y="1" width={size - 2} height={size - 2} rx="6" />
      </g>
      <g class="xp-signs" aria-hidden="true">
        <text class="xp-glyph" x={size / 2} y={size / 2 + 4.3}>
          {glyph}
        </text>
        {numbered && (
          <text class="xp-offset" x={size / 2} y={offsetY - y}>
            {cell.position}
          </text>
        )}
      </g>
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
  const look = current && keyLook(current.key);
  return (
    <g class={`xp-box xp-${tone}${tone === 'consumer' ? '' : ' xp-off'}`}>
      <rect x={x} y={y} width={width} height={height} rx="10" />
      <text class="xp-title" x={x + 12} y={y + 20}>
        {member.label}
      </text>
      <text class="xp-small" x={x + 12} y={y + 36}>
        {note}
      </text>
      {look && (
        <g
          class="xp-cell"
          style={`transform:translate(${round(x + width - 30)}px,${round(y + 6)}px);--key:${look.colour}`}
        >
          {current.again && <rect class="xp-ring" x="-3" y="-3" width="26" height="26" rx="8" />}
          <rect class="xp-square" x="1" y="1" width="18" height="18" rx="5" />
          <text class="xp-glyph" x="10" y="14">
            {look.glyph}
          </text>
        </g>
      )}
      {member.waiting > 0 && (
        <text class="xp-small xp-end" x={x + width - (look ? 38 : 12)} y={y + 20}>
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
        .map((key, i) => {
          const { colour, glyph } = keyLook(key);
          return (
            <g
              key={i}
              class="xp-cell xp-flying"
              transform={`translate(${i * 8} ${i * -5})`}
              style={`--key:${colour}`}
            >
              {again && i === 0 && <rect class="xp-ring" x="-3" y="-3" width="26" height="26" rx="8" />}
              <rect class="xp-square" x="1" y="1" width="18" height="18" rx="5" />
              <text class="xp-glyph" x="10" y="14">
                {glyph}
              </text>
            </g>
          );
        })
        .reverse()}
      {more > 0 && (
        <text class="xp-small" x={size + 20} y="4">
          +{more}
        </text>
      )}
    </g>
  );
}

function cellId({ place, cell }: DrawnCell): string {
  return `${place}@${cell.position}`;
}

/** The cell that an arrow key leads to, or null where there is none. */
function neighbour(picture: Picture, from: string, key: string): string | null {
  const lanes = picture.topics.flatMap((topic) => topic.lanes);
  const row = lanes.findIndex(({ cells }) => cells.some((drawn) => cellId(drawn) === from));
  const lane = lanes[row];
  if (!lane) return null;
  const column = lane.cells.findIndex((drawn) => cellId(drawn) === from);
  const pick = (drawn: DrawnCell | undefined): string | null => (drawn ? cellId(drawn) : null);
  switch (key) {
    case 'ArrowLeft':
      return pick(lane.cells[column - 1]);
    case 'ArrowRight':
      return pick(lane.cells[column + 1]);
    case 'ArrowUp':
      return nearest(lanes.slice(0, row).reverse(), lane.cells[column]);
    case 'ArrowDown':
      return nearest(lanes.slice(row + 1), lane.cells[column]);
    case 'Home':
      return pick(lane.cells[0]);
    case 'End':
      return pick(lane.cells.at(-1));
    default:
      return null;
  }
}

function nearest(lanes: readonly Lane[], to: DrawnCell | undefined): string | null {
  const cells = lanes.find((lane) => lane.cells.length > 0)?.cells ?? [];
  if (!to) return null;
  let best: DrawnCell | null = null;
  for (const drawn of cells) {
    if (best === null || Math.abs(drawn.x - to.x) < Math.abs(best.x - to.x)) best = drawn;
  }
  return best && cellId(best);
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}

/** The filled caret is drawn over the hollow one. */
function hollowFirst(a: Caret, b: Caret): number {
  return Number(a.kind === 'committed') - Number(b.kind === 'committed');
}
