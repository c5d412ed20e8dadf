/** What every Kafka stage that shows records draws alike: a record, and the drawing around it that keys and clicks reach. */
import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';
import type { Shape } from '../../drawing.ts';
import type { ProducerBox } from '../layout.ts';
import { keyLook } from '../look.ts';
import { entrySpot, neighbour, type Spot, type SpotRows } from './spots.ts';

interface CellsSvgProps {
  readonly shape: Shape;
  readonly width: number;
  readonly height: number;
  /** The records as they stand in it. */
  readonly rows: SpotRows;
  readonly onCell: ((message: number, title: string) => void) | null;
  readonly children: ComponentChildren;
}

/** A drawing with records: arrow keys go from one to the next; a click, or Enter, lists its life. */
export function CellsSvg({ shape, width, height, rows, onCell, children }: CellsSvgProps) {
  const svg = useRef<SVGSVGElement>(null);
  const idOf = (event: Event): string | null =>
    (event.target as Element).closest('[data-cell]')?.getAttribute('data-cell') ?? null;
  const open = (id: string | null): void => {
    const spot = rows.flat().find((one) => one.id === id);
    if (spot) onCell?.(spot.message, spot.words);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const id = idOf(event);
    if (id === null) return;
    if (event.key === 'Enter' || event.key === ' ') open(id);
    else {
      const to = neighbour(rows, id, event.key);
      if (!to) return;
      svg.current?.querySelector<SVGElement>(`[data-cell="${to.id}"]`)?.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <svg
      ref={svg}
      class={`xp-svg xp-svg-${shape}`}
      viewBox={`0 0 ${width} ${round(height)}`}
      focusable="false"
      onKeyDown={onKeyDown}
      onClick={(event) => open(idOf(event))}
    >
      {children}
    </svg>
  );
}

/** The tabindex of each record: one takes the Tab key; null before the page can do anything. */
export function tabOf(rows: SpotRows, selected: number | null, live: boolean): (spot: Spot) => 0 | -1 | null {
  const entry = entrySpot(rows, selected)?.id;
  return ({ id }) => (live ? (id === entry ? 0 : -1) : null);
}

interface KeyCellProps {
  readonly spot: Spot;
  readonly cellKey: string | null;
  readonly x: number;
  readonly y: number;
  readonly size: number;
  /** Null before the page can do anything. */
  readonly tab: 0 | -1 | null;
  readonly selected: boolean;
  /** Its producer has not been told of it. */
  readonly hollow?: boolean;
  readonly again?: boolean;
  readonly class?: string;
  /** The number below it, and how far below. */
  readonly offset?: { readonly text: number; readonly y: number } | null;
  /** Instead of the square. */
  readonly outline?: string;
  /** Signs upon it, under its letter. */
  readonly children?: ComponentChildren;
}

export function KeyCell(props: KeyCellProps) {
  const { spot, cellKey, x, y, size, tab, selected, hollow, again, offset, outline, children } = props;
  const { colour, glyph } = keyLook(cellKey);
  // What it says in signs stands beside the button: its name says it in words.
  const interactive =
    tab === null ? {} : { role: 'button' as const, tabindex: tab, 'aria-label': spot.words };
  return (
    <g
      class={`xp-cell${hollow ? ' xp-hollow' : ''}${selected ? ' xp-selected' : ''}${props.class ? ` ${props.class}` : ''}`}
      style={`transform:translate(${round(x)}px,${round(y)}px);--key:${colour}`}
    >
      <g data-cell={spot.id} {...interactive}>
        {again && <rect class="xp-ring" x="-2.5" y="-2.5" width={size + 5} height={size + 5} rx="8" />}
        {outline === undefined ? (
          <rect class="xp-square" x="1" y="1" width={size - 2} height={size - 2} rx="6" />
        ) : (
          <path class="xp-square" d={outline} />
        )}
      </g>
      <g class="xp-signs" aria-hidden="true">
        {children}
        <text class="xp-glyph" x={size / 2} y={size / 2 + 4.3}>
          {glyph}
        </text>
        {offset && (
          <text class="xp-offset" x={size / 2} y={offset.y}>
            {offset.text}
          </text>
        )}
      </g>
    </g>
  );
}

export function Heading({ x, y, word, name }: { x: number; y: number; word: string; name: string }) {
  return (
    <text class="xp-heading" x={x} y={y}>
      {word.toUpperCase()}
      {name && <tspan class="xp-name"> {name}</tspan>}
    </text>
  );
}

/** @param bad whether its note is bad news */
export function Producer({ producer, note, x, y, width, height, bad }: ProducerBox & { bad?: boolean }) {
  const off = producer.state === 'crashed' || producer.state === 'closed';
  return (
    <g class={`xp-box xp-${off ? 'fault' : 'producer'}${off ? ' xp-off' : ''}`}>
      <rect x={x} y={y} width={width} height={height} rx="10" />
      <text class="xp-title" x={x + 12} y={y + 20}>
        {producer.label}
      </text>
      <text class={`xp-small${bad ? ' xp-bad-note' : ''}`} x={x + 12} y={y + 36}>
        {note}
      </text>
    </g>
  );
}

/** A record on its way, or at work: smaller, and not to be pressed. */
export function Token({ cellKey, again = false }: { cellKey: string | null; again?: boolean }) {
  const { colour, glyph } = keyLook(cellKey);
  return (
    <g class="xp-cell" style={`--key:${colour}`}>
      {again && <rect class="xp-ring" x="-3" y="-3" width="26" height="26" rx="8" />}
      <rect class="xp-square" x="1" y="1" width="18" height="18" rx="5" />
      <text class="xp-glyph" x="10" y="14">
        {glyph}
      </text>
    </g>
  );
}

export function round(n: number): number {
  return Math.round(n * 10) / 10;
}
