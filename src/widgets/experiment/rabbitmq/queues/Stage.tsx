/** Draws a RabbitMQ view: publishers, exchanges as crossings, bindings as tracks, queues as tubes, consumers with what they owe. */
import { useMemo } from 'preact/hooks';
import type { StageProps } from '../../drawing.ts';
import { CellsSvg, Heading, KeyCell, round, tabOf, Token } from '../../kafka/cells/Cells.tsx';
import { keyLook } from '../../kafka/look.ts';
import { SLOT, type ConsumerBox, type ExchangeNode, type PublisherBox } from './boxes.ts';
import { CELL, GONE_CELL, type QueueLane } from './lane.ts';
import { layOutQueues, type DrawnTrack, type Token as Travelling } from './layout.ts';

type Tab = ReturnType<typeof tabOf>;

/** A flow goes on by one of its dashes, with the gap behind it, in so much virtual time: it stands when the run does. */
const FLOW_MICROS = 600_000;
/** The dash and its gap, as the style sheet has them. */
const DASH = 17;

export function QueuesStage({ view, at, shape, selected, onCell }: StageProps<'rabbitmq'>) {
  const picture = useMemo(() => layOutQueues(view, at, shape), [view, at, shape]);
  const rows = [
    ...picture.lanes.flatMap(({ cells, fates }) => [
      cells,
      fates.flatMap(({ spot }) => (spot === null ? [] : [spot])),
    ]),
    ...picture.consumers.map(({ slots }) => slots.flatMap(({ spot }) => (spot === null ? [] : [spot]))),
  ];
  const tab = tabOf(rows, selected, onCell !== null);
  const moved = -round(((at % FLOW_MICROS) / FLOW_MICROS) * DASH);
  const common = { tab, selected };
  return (
    <CellsSvg shape={shape} width={picture.width} height={picture.height} rows={rows} onCell={onCell}>
      <g aria-hidden="true">
        {picture.headings.map((heading) => (
          <Heading key={heading.word} {...heading} name="" />
        ))}
        {picture.trouble && (
          <text class="xp-small xp-end xq-trouble" x={picture.trouble.x} y={picture.trouble.y}>
            {picture.trouble.text}
          </text>
        )}
        {picture.tracks.map((track) => (
          <TrackPath key={track.id} {...track} moved={moved} />
        ))}
        {picture.publishers.map((box) => (
          <Publisher key={box.publisher.id} {...box} />
        ))}
        {picture.exchanges.map((node) => (
          <Exchange key={node.exchange.name} {...node} />
        ))}
      </g>
      {picture.lanes.map((lane) => (
        <Queue key={lane.queue.name} lane={lane} {...common} />
      ))}
      {picture.consumers.map((box) => (
        <Consumer key={box.consumer.id} box={box} {...common} />
      ))}
      <g aria-hidden="true">
        {picture.tracks.map(({ id, label, role, flow }) =>
          label === null ? null : (
            <text
              key={id}
              class={`xq-label xq-on-${role}${flow > 0 ? ' xq-flowing' : ''}`}
              x={label.x}
              y={label.y}
              text-anchor={label.anchor}
            >
              {label.text}
            </text>
          ),
        )}
        {picture.hidden && (
          <text class="xp-small" x={picture.hidden.x} y={picture.hidden.y}>
            {picture.hidden.text}
          </text>
        )}
        <g class="xp-travellers">
          {picture.tokens.map((token) => (
            <Traveller key={token.id} {...token} />
          ))}
        </g>
      </g>
    </CellsSvg>
  );
}

function TrackPath({ role, d, busy, idle, flow, stop, moved }: DrawnTrack & { moved: number }) {
  return (
    <g class={`xq-track xq-${role}${busy ? ' xq-busy' : ''}${idle ? ' xq-idle' : ''}`}>
      <path d={d} />
      {flow > 0 && <path class="xq-flow" d={d} style={`stroke-width:${flow}px`} stroke-dashoffset={moved} />}
      {stop && <path class="xq-stop" d={`M${stop.x - 4} ${stop.y - 4}l8 8m0 -8l-8 8`} />}
    </g>
  );
}

export function Publisher({ publisher, title, notes, tone, x, y, width, height }: PublisherBox) {
  const off = publisher.state === 'crashed' || publisher.state === 'closed';
  const bad = publisher.failed > 0 || publisher.returned > 0;
  return (
    <g class={`xp-box xp-${tone}${off ? ' xp-off' : ''}`}>
      <rect x={x} y={y} width={width} height={height} rx="10" />
      <text class={`xp-title${title.tight ? ' xp-tight' : ''}`} x={x + 10} y={y + 20}>
        {title.text}
      </text>
      <text class={`xp-small${tone === 'fault' ? ' xp-bad-note' : ''}`} x={x + 10} y={y + 36}>
        {notes[0]}
      </text>
      <text class={`xp-small${bad && tone === 'producer' ? ' xp-bad-note' : ''}`} x={x + 10} y={y + 51}>
        {notes[1]}
      </text>
    </g>
  );
}

/** What each kind of crossing does with its tracks. */
export const CROSSINGS: Record<string, string> = {
  direct: 'M-8 0H7M3 -4l4 4l-4 4',
  fanout: 'M-8 0H7M-3 0L6 -6.5M-3 0L6 6.5',
  topic: 'M-8 0H-2M-2 0L7 -5.5M-2 0L7 5.5M-2 -2.5v5',
  headers: 'M-6.5 -4.5h3m3 0h7M-6.5 0h3m3 0h7M-6.5 4.5h3m3 0h7',
  'x-consistent-hash': 'M0 -7.5a7.5 7.5 0 1 0 0.01 0M0 0v-7.5M0 0l6.5 3.75M0 0l-6.5 3.75',
};

function Exchange({ exchange, centre, radius, name, lines, text }: ExchangeNode) {
  return (
    <g class="xq-exchange">
      <circle cx={round(centre.x)} cy={round(centre.y)} r={radius} />
      <path
        transform={`translate(${round(centre.x)} ${round(centre.y)})`}
        d={CROSSINGS[exchange.type] ?? CROSSINGS['direct']!}
      />
      <text class="xq-name" x={round(text.x)} y={round(text.y)} text-anchor={text.anchor}>
        {name}
      </text>
      {lines.map((line, i) => (
        <text
          key={line.text}
          class={`xp-small${line.bad ? ' xp-bad-note' : ''}`}
          x={round(text.x)}
          y={round(text.y + 14 * (i + 1))}
          text-anchor={text.anchor}
        >
          {line.text}
        </text>
      ))}
    </g>
  );
}

interface Selecting {
  readonly tab: Tab;
  readonly selected: number | null;
}

function Queue({ lane, tab, selected }: Selecting & { lane: QueueLane }) {
  const { queue, x, y, width, height, tube, foot, wallX, gap, fateWord } = lane;
  const log = queue.type === 'stream';
  return (
    <g class={`xq-queue${queue.up ? '' : ' xq-down'}`}>
      <g aria-hidden="true">
        <rect class="xp-lane" x={x} y={y} width={width} height={height} rx="10" />
        <text class="xq-name" x={x + 10} y={y + 16}>
          {lane.name}
          {lane.kind !== '' && <tspan class="xq-kind"> {lane.kind}</tspan>}
        </text>
        <text class={`xp-small xp-end${queue.up ? '' : ' xp-bad-note'}`} x={x + width - 10} y={y + 16}>
          {lane.state}
        </text>
        {log ? (
          <rect
            class="xq-tape"
            x={tube.x + 4}
            y={tube.y}
            width={tube.width - 8}
            height={tube.height}
            rx="6"
          />
        ) : (
          <>
            <rect class="xq-bore" x={tube.x} y={tube.y} width={tube.width} height={tube.height} />
            <path
              class="xq-tube"
              d={`M${tube.x} ${tube.y}h${tube.width}M${tube.x} ${tube.y + tube.height}h${tube.width}`}
            />
          </>
        )}
        {wallX !== null && <path class="xq-wall" d={`M${round(wallX)} ${tube.y + 2}v${tube.height - 4}`} />}
        {lane.empties.map((point) => (
          <rect
            key={point.x}
            class="xq-empty"
            x={round(point.x) + 1}
            y={round(point.y) + 1}
            width={CELL - 2}
            height={CELL - 2}
            rx="6"
          />
        ))}
        {gap && (
          <text class="xq-gap" x={round(gap.x)} y={tube.y + tube.height / 2 + 4}>
            {gap.text}
          </text>
        )}
        <text class={`xp-small${foot.bad ? ' xp-bad-note' : ''}`} x={x + 10} y={foot.y}>
          {foot.text}
        </text>
        {lane.carets.map(({ id, x: at, y: row, label }) => (
          <g key={id}>
            <path class="xp-caret xp-position" d={`M${round(at)} ${row - 11}l5 8.5h-10z`} />
            <text class="xp-caret-word" x={round(label.x)} y={row - 2} text-anchor={label.anchor}>
              {label.text}
            </text>
          </g>
        ))}
      </g>
      {lane.cells.map((drawn) => (
        <KeyCell
          key={drawn.id}
          spot={drawn}
          cellKey={drawn.cell.key}
          x={drawn.x}
          y={drawn.y}
          size={CELL}
          tab={tab(drawn)}
          selected={drawn.message === selected}
          hollow={drawn.hollow}
          again={drawn.again}
          offset={drawn.offset === null ? null : { text: drawn.offset, y: CELL + 17 }}
        >
          {drawn.cell.died !== null && <path class="xq-corner" d="M0 9V6a6 6 0 0 1 6 -6h3z" />}
          {drawn.left !== null && (
            <path class="xq-life" d={`M3.5 ${CELL - 3}h${round((CELL - 7) * drawn.left)}`} />
          )}
        </KeyCell>
      ))}
      {lane.fates.map(({ id, fate, spot, faded, x: at, y: row }) => (
        <g key={id} class="xq-gone" style={`--faded:${faded.toFixed(3)}`}>
          {spot === null ? (
            <path class="xq-cross" d={cross(at, row, GONE_CELL)} />
          ) : (
            <KeyCell
              spot={spot}
              cellKey={fate.key}
              x={at}
              y={row}
              size={GONE_CELL}
              tab={tab(spot)}
              selected={spot.message === selected}
              hollow
            >
              <path class="xq-cross" d={cross(0, 0, GONE_CELL)} />
            </KeyCell>
          )}
        </g>
      ))}
      {fateWord && (
        <text class="xp-small xp-end xp-bad-note" aria-hidden="true" x={round(fateWord.x)} y={fateWord.y}>
          {fateWord.text}
        </text>
      )}
    </g>
  );
}

function cross(x: number, y: number, size: number): string {
  const d = size + 2;
  return `M${round(x - 1)} ${round(y - 1)}l${d} ${d}m0 -${d}l-${d} ${d}`;
}

export function Consumer({ box, tab, selected }: Selecting & { box: ConsumerBox }) {
  const { consumer, title, note, tone, x, y, width, height, slots, more } = box;
  // What it owes stands in its slots; what it need not acknowledge is nowhere else.
  const current = consumer.current?.owed === true ? null : consumer.current;
  return (
    <g>
      <g aria-hidden="true" class={`xp-box xp-${tone}${tone === 'consumer' ? '' : ' xp-off'}`}>
        <rect x={x} y={y} width={width} height={height} rx="10" />
        <text class={`xp-title${title.tight ? ' xp-tight' : ''}`} x={x + 10} y={y + 19}>
          {title.text}
        </text>
        <text class="xp-small" x={x + 10} y={y + 35}>
          {note}
        </text>
        {current && (
          <g transform={`translate(${round(x + width - 28)} ${round(y + 6)})`}>
            <Token cellKey={current.key} again={current.redelivered} />
          </g>
        )}
        {slots
          .filter(({ held, lost }) => held === null && lost === null)
          .map((slot) => (
            <rect
              key={slot.id}
              class="xq-slot"
              x={round(slot.x) + 1}
              y={round(slot.y) + 1}
              width={SLOT - 2}
              height={SLOT - 2}
              rx="5"
            />
          ))}
        {more && (
          <text class="xp-small" x={round(more.x)} y={round(more.y)}>
            {more.text}
          </text>
        )}
      </g>
      {slots.map(({ id, held, lost, spot, x: at, y: row }) =>
        lost !== null && spot !== null ? (
          <KeyCell
            key={id}
            spot={spot}
            cellKey={lost.key}
            x={at}
            y={row}
            size={SLOT}
            tab={tab(spot)}
            selected={spot.message === selected}
            class="xq-held"
            hollow
          >
            <path class="xq-cross" d={cross(0, 0, SLOT)} />
          </KeyCell>
        ) : held === null || spot === null ? null : (
          <KeyCell
            key={id}
            spot={spot}
            cellKey={held.key}
            x={at}
            y={row}
            size={SLOT}
            tab={tab(spot)}
            selected={spot.message === selected}
            again={held.redelivered}
            class={`xq-held xq-at-${held.at}${held.owed ? '' : ' xq-free'}`}
          >
            {held.at === 'work' && <path class="xq-work" d={`M2 ${SLOT + 2.5}h${SLOT - 4}`} />}
            {(held.at === 'done' || held.at === 'settled') && (
              <path class="xq-tick" d={`M${SLOT - 8} ${SLOT - 1.5}l2.5 2.5l5 -6`} />
            )}
          </KeyCell>
        ),
      )}
    </g>
  );
}

function Traveller({ keys, more, again, held, dead, x, y }: Travelling) {
  return (
    <g
      class={`${held ? 'xp-held' : ''}${dead ? ' xq-dying' : ''}`}
      transform={`translate(${round(x - 10)} ${round(y - 10)})`}
    >
      {keys
        .map((key, i) => (
          <g key={i} class="xp-flying" transform={`translate(${i * 8} ${i * -5})`}>
            <Token cellKey={key} again={again && i === 0} />
          </g>
        ))
        .reverse()}
      {dead && (
        <path
          class="xq-cross"
          style={`--key:${keyLook(keys[0] ?? null).colour}`}
          d="M0 0l20 20m0 -20l-20 20"
        />
      )}
      {more > 0 && (
        <text class="xp-small" x="40" y="4">
          +{more}
        </text>
      )}
    </g>
  );
}
