/** Draws the routing bench: the last message, and how each binding is held against it, word by word. */
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { StageProps } from '../../drawing.ts';
import { CellsSvg, Heading, KeyCell, round, tabOf, Token } from '../../kafka/cells/Cells.tsx';
import { CROSSINGS } from '../queues/Stage.tsx';
import {
  layOutRouting,
  type BindingRow,
  type ExchangeBlock,
  type MessageCard,
  type QueueBox,
} from './layout.ts';
import type { Word } from './match.ts';

/** An exchange or a queue that the reader chose in the picture, to bind it. */
export interface Pick {
  readonly kind: 'exchange' | 'queue';
  readonly name: string;
}

interface BenchProps extends StageProps<'rabbitmq'> {
  /** What was picked last, and what to do with the next; null where nothing can be bound. */
  readonly picked: Pick | null;
  readonly onPick: ((pick: Pick, at: Element) => void) | null;
}

export function RoutingStage({ view, shape, selected, onCell, picked, onPick }: BenchProps) {
  const picture = useMemo(() => layOutRouting(view, shape), [view, shape]);
  const { message, outcome } = picture;
  const rows = [message ? [message.spot] : []];
  const tab = tabOf(rows, selected, onCell !== null);
  return (
    <CellsSvg shape={shape} width={picture.width} height={picture.height} rows={rows} onCell={onCell}>
      <g aria-hidden="true">
        {picture.headings.map((heading) => (
          <Heading key={heading.word} {...heading} name="" />
        ))}
        {picture.tracks.map(({ id, d, taken, refused }) => (
          <path key={id} class={`xb-track${taken ? ' xb-taken' : ''}${refused ? ' xb-refused' : ''}`} d={d} />
        ))}
      </g>
      {message && (
        <Message card={message} tab={tab(message.spot)} selected={message.spot.message === selected} />
      )}
      {outcome && (
        <text
          class={`xp-small xb-outcome${outcome.bad ? ' xp-bad-note' : ''}`}
          aria-hidden="true"
          x={outcome.x}
          y={outcome.y}
          text-anchor={shape === 'wide' ? 'end' : 'start'}
        >
          {outcome.text}
        </text>
      )}
      {picture.blocks.map((block) => (
        <Block key={block.exchange.name} block={block} picked={picked} onPick={onPick} />
      ))}
      {picture.queues.map((box) => (
        <Queue
          key={box.queue.name}
          box={box}
          messageKey={message?.route.key ?? null}
          picked={picked}
          onPick={onPick}
        />
      ))}
      {picture.hidden && (
        <text class="xp-small" aria-hidden="true" x={picture.hidden.x} y={picture.hidden.y}>
          {picture.hidden.text}
        </text>
      )}
    </CellsSvg>
  );
}

function Message({ card, tab, selected }: { card: MessageCard; tab: 0 | -1 | null; selected: boolean }) {
  const { x, y, width, height, title, key, keyX, headers, spot, route } = card;
  const stacked = keyX === x + 38;
  return (
    <g>
      <g aria-hidden="true">
        <rect class="xb-card" x={x} y={y} width={width} height={height} rx="10" />
        <text class="xb-title" x={x + 38} y={y + (stacked ? 22 : 25)}>
          {title}
        </text>
        {key.map((word, i) => (
          <WordBox key={i} word={word} x={keyX} y={y + (stacked ? 33 : 10)} />
        ))}
        {headers !== '' && (
          <text class="xp-small" x={x + 38} y={y + height - 9}>
            {headers}
          </text>
        )}
      </g>
      <KeyCell spot={spot} cellKey={route.key} x={x + 10} y={y + 9} size={20} tab={tab} selected={selected} />
    </g>
  );
}

function WordBox({ word, x, y }: { word: Word; x: number; y: number }) {
  return (
    <g class={`xb-word xb-${word.fate}`}>
      <rect x={round(x + word.x)} y={y} width={round(word.width)} height="20" rx="5" />
      <text x={round(x + word.x + word.width / 2)} y={y + 14}>
        {word.text}
      </text>
    </g>
  );
}

interface Picking {
  readonly picked: Pick | null;
  readonly onPick: BenchProps['onPick'];
}

interface PickableProps extends Picking {
  readonly pick: Pick;
  /** Where the button lies over what it picks. */
  readonly area: { x: number; y: number; width: number; height: number };
  readonly children: ComponentChildren;
}

/**
 * What can be picked, with a button over it. The words drawn below are no part of the button: its name says what it
 * picks, and what picking does. A pointer may hit the drawing beside the button too.
 */
function Pickable({ pick, area, picked, onPick, children }: PickableProps) {
  if (!onPick) return <g>{children}</g>;
  const pressed = picked?.kind === pick.kind && picked.name === pick.name;
  const words =
    pick.kind === 'exchange'
      ? `Bind from exchange ${pick.name}: then pick a queue`
      : picked?.kind === 'exchange'
        ? `Bind exchange ${picked.name} to queue ${pick.name}`
        : `Bind to queue ${pick.name}`;
  return (
    <g
      class={`xb-pick${pressed ? ' xb-picked' : ''}`}
      onClick={({ currentTarget }) => onPick(pick, currentTarget)}
    >
      {children}
      <rect
        {...area}
        role="button"
        tabindex={0}
        aria-label={words}
        aria-pressed={pressed}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          event.stopPropagation();
          onPick(pick, event.currentTarget);
        }}
      />
    </g>
  );
}

function Block({ block, picked, onPick }: Picking & { block: ExchangeBlock }) {
  const { exchange, centre, name, nameAt, notes, via, rows } = block;
  const beside = nameAt.anchor === 'start';
  return (
    <g>
      <Pickable
        pick={{ kind: 'exchange', name: exchange.name }}
        area={{ x: round(centre.x - 18), y: round(centre.y - 18), width: 36, height: 36 }}
        picked={picked}
        onPick={onPick}
      >
        <g class={`xq-exchange${via === null ? '' : ' xb-visited'}`} aria-hidden="true">
          <circle cx={round(centre.x)} cy={round(centre.y)} r="15" />
          <path
            transform={`translate(${round(centre.x)} ${round(centre.y)})`}
            d={CROSSINGS[exchange.type] ?? CROSSINGS['direct']!}
          />
          <text class="xq-name" x={round(nameAt.x)} y={round(nameAt.y)} text-anchor={nameAt.anchor}>
            {name}
            {beside && <tspan class="xq-kind"> {via ?? ''}</tspan>}
          </text>
          {[...notes, ...(beside || via === null ? [] : [via])].map((note, i) => (
            <text
              key={note}
              class={`xp-small${note === via ? ' xb-via' : ''}`}
              x={round(nameAt.x)}
              y={round(nameAt.y + 14 * (i + 1))}
              text-anchor={nameAt.anchor}
            >
              {note}
            </text>
          ))}
        </g>
      </Pickable>
      {rows.map((row) => (
        <Row key={row.binding.id} row={row} />
      ))}
    </g>
  );
}

function Row({ row }: { row: BindingRow }) {
  const { x, y, width, height, match, matchX, asksY, hasY, target, verdict, why } = row;
  const says = asksY - y > 12;
  const mark = verdict === null ? '' : verdict.matched ? 'M0 5l4 4l8 -9' : 'M1 0l9 9m0 -9l-9 9';
  return (
    <g aria-hidden="true" class={`xb-row${verdict === null ? '' : verdict.matched ? ' xb-yes' : ' xb-no'}`}>
      <rect class="xb-lane" x={x} y={y} width={width} height={height} rx="9" />
      {says ? (
        <text class="xb-target" x={x + 8} y={y + 14}>
          {target}
        </text>
      ) : (
        target !== '' && (
          <text class="xb-target xp-end" x={x + width - 32} y={asksY + 14}>
            {target}
          </text>
        )
      )}
      {match.asks.map((word, i) => (
        <WordBox key={`a${i}`} word={word} x={matchX} y={asksY} />
      ))}
      {match.has.map((word, i) => (
        <WordBox key={`h${i}`} word={word} x={matchX} y={hasY} />
      ))}
      {mark !== '' && (
        <path
          class="xb-mark"
          transform={`translate(${round(x + width - 21)} ${round(says ? y + 6 : asksY + 5)})`}
          d={mark}
        />
      )}
      {why !== '' && (
        <text class="xp-small" x={x + 9} y={y + height - 7}>
          {why}
        </text>
      )}
    </g>
  );
}

function Queue({ box, messageKey, picked, onPick }: Picking & { box: QueueBox; messageKey: string | null }) {
  const { queue, name, copied, note, x, y, width, height } = box;
  return (
    <Pickable
      pick={{ kind: 'queue', name: queue.name }}
      area={{ x, y, width, height }}
      picked={picked}
      onPick={onPick}
    >
      <g aria-hidden="true" class={`xb-queue${copied ? ' xb-copied' : ''}`}>
        <rect class="xp-lane" x={x} y={y} width={width} height={height} rx="8" />
        <path class="xq-tube" d={`M${x} ${y}h${width}M${x} ${y + height}h${width}`} />
        <text class="xq-name" x={x + 10} y={y + 18}>
          {name}
        </text>
        <text class="xp-small" x={x + 10} y={y + 34}>
          {note}
        </text>
        {copied && (
          <g transform={`translate(${x + width - 30} ${y + 12})`}>
            <Token cellKey={messageKey} />
          </g>
        )}
      </g>
    </Pickable>
  );
}
