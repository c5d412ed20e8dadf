/** Tables as `rabbitmqadmin` v2 draws them; a cell may have several lines. */

export type TableStyle = 'ascii' | 'borderless' | 'dots' | 'markdown' | 'modern' | 'psql' | 'sharp';

/** Left, fill, crossing and right of a horizontal line; null where there is none. */
type Line = readonly [left: string, fill: string, cross: string, right: string] | null;

interface Look {
  readonly top: Line;
  readonly header: Line;
  readonly between: Line;
  readonly bottom: Line;
  readonly sides: readonly [left: string, middle: string, right: string];
}

const LOOKS: Readonly<Record<TableStyle, Look>> = {
  modern: {
    top: ['┌', '─', '┬', '┐'],
    header: ['├', '─', '┼', '┤'],
    between: ['├', '─', '┼', '┤'],
    bottom: ['└', '─', '┴', '┘'],
    sides: ['│', '│', '│'],
  },
  sharp: {
    top: ['┌', '─', '┬', '┐'],
    header: ['├', '─', '┼', '┤'],
    between: null,
    bottom: ['└', '─', '┴', '┘'],
    sides: ['│', '│', '│'],
  },
  ascii: {
    top: ['+', '-', '+', '+'],
    header: ['+', '-', '+', '+'],
    between: ['+', '-', '+', '+'],
    bottom: ['+', '-', '+', '+'],
    sides: ['|', '|', '|'],
  },
  psql: { top: null, header: ['', '-', '+', ''], between: null, bottom: null, sides: ['', '|', ''] },
  markdown: { top: null, header: ['|', '-', '|', '|'], between: null, bottom: null, sides: ['|', '|', '|'] },
  dots: {
    top: ['.', '.', '.', '.'],
    header: [':', '.', ':', ':'],
    between: [':', '.', ':', ':'],
    bottom: [':', '.', ':', ':'],
    sides: [':', ':', ':'],
  },
  borderless: { top: null, header: null, between: null, bottom: null, sides: ['', ' ', ''] },
};

export interface Drawn {
  readonly style: TableStyle;
  /** For scripts: no frame, no header, one line for each row. */
  readonly nonInteractive: boolean;
  /** A line over the whole width, above the header. */
  readonly title?: string;
}

export function draw(
  rows: readonly (readonly string[])[],
  { style, nonInteractive, title }: Drawn,
): string[] {
  if (nonInteractive) return plain(title === undefined ? rows.slice(1) : rows);
  const look = LOOKS[style];
  const widths = widthsOf(rows);
  const line = (kind: Line): string[] =>
    kind ? [kind[0] + widths.map((width) => kind[1].repeat(width + 2)).join(kind[2]) + kind[3]] : [];
  const [left, middle, right] = look.sides;
  const drawn = rows.flatMap((row, i) => [
    ...(i === 0 ? [] : line(i === 1 ? look.header : look.between)),
    ...linesOf(row).map(
      (cells) => left + cells.map((cell, j) => ` ${cell.padEnd(widths[j]!)} `).join(middle) + right,
    ),
  ]);
  const all = [...drawn, ...line(look.bottom)];
  if (title === undefined) return [...line(look.top), ...all];
  const inner = widths.reduce((sum, width) => sum + width + 2, widths.length - 1);
  const over = look.top ? [look.top[0] + look.top[1].repeat(inner) + look.top[3]] : [];
  const split = look.top
    ? line([look.header?.[0] ?? '', look.top[1], look.top[2], look.header?.[3] ?? ''])
    : [];
  return [...over, `${left} ${title.padEnd(inner - 2)} ${right}`, ...split, ...all];
}

function plain(rows: readonly (readonly string[])[]): string[] {
  const flat = rows.map((row) => row.map((cell) => cell.replace(/\n/g, ',')));
  const widths = widthsOf(flat);
  return flat.map((row) =>
    row
      .map((cell, i) => `${cell.padEnd(widths[i]!)} `)
      .join(' ')
      .trimEnd(),
  );
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  return (rows[0] ?? []).map((_, i) =>
    Math.max(...rows.flatMap((row) => row[i]!.split('\n').map(({ length }) => length))),
  );
}

/** The lines of a row, each with all of its cells. */
function linesOf(row: readonly string[]): string[][] {
  const cells = row.map((cell) => cell.split('\n'));
  const height = Math.max(...cells.map(({ length }) => length));
  return Array.from({ length: height }, (_, i) => cells.map((lines) => lines[i] ?? ''));
}
