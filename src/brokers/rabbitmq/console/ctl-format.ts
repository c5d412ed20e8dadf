/** Cells and tables as `rabbitmqctl` prints them, in each of its formats. */
import type { FieldValue, Table } from '../config.ts';
import { fieldType } from '../definitions/terms.ts';

/** A value of a column: text, numbers and truth as they are; an Erlang process; names of nodes; an AMQP table. */
export type Cell =
  | string
  | number
  | boolean
  | { readonly pid: string }
  | { readonly atoms: readonly string[] }
  | { readonly table: Table };

export interface Listing {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface Shape {
  readonly formatter: 'table' | 'json' | 'csv' | 'pretty_table';
  readonly headers: boolean;
  /** Rows come from the nodes one by one; JSON then has one a line. */
  readonly streams: boolean;
}

export function format({ columns, rows }: Listing, { formatter, headers, streams }: Shape): string[] {
  switch (formatter) {
    case 'table':
      // As the real one, nothing at all where there is nothing.
      if (rows.length === 0) return [];
      return [...(headers ? [columns.join('\t')] : []), ...rows.map((row) => row.map(text).join('\t'))];
    case 'csv': {
      if (rows.length === 0) return [];
      const quoted = (cells: readonly string[]): string =>
        cells.map((cell) => `"${cell.replace(/"/g, '""')}"`).join(',');
      return [quoted(columns), ...rows.map((row) => quoted(row.map(text)))];
    }
    case 'json': {
      const objects = rows.map(
        (row) => `{${row.map((cell, i) => `${JSON.stringify(columns[i])}:${json(cell)}`).join(',')}}`,
      );
      if (!streams) return [`[${objects.join(',')}]`];
      return ['[', ...objects.map((object, i) => (i === 0 ? object : `,${object}`)), ']'];
    }
    case 'pretty_table':
      return rows.length === 0 ? [] : boxed([columns, ...rows.map((row) => row.map(text))]);
  }
}

/** In a table that is separated by tabs. */
export function text(cell: Cell): string {
  if (typeof cell !== 'object') return String(cell);
  if ('pid' in cell) return cell.pid;
  if ('atoms' in cell) return `[${cell.atoms.join(', ')}]`;
  return term(cell.table);
}

/** An AMQP table as Erlang prints a list of pairs; a text is a list of characters there, and an empty one an empty list. */
function term(value: FieldValue): string {
  if (typeof value === 'string') return value === '' ? '[]' : `"${value.replace(/["\\]/g, '\\$&')}"`;
  if (value === null) return 'undefined';
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return `[${(value as readonly FieldValue[]).map(term).join(',')}]`;
  const pairs = Object.entries(value).map(([name, item]) => `{${term(name)},${term(item)}}`);
  return `[${pairs.join(',')}]`;
}

function json(cell: Cell): string {
  if (typeof cell !== 'object') return JSON.stringify(cell);
  if ('pid' in cell) return JSON.stringify(cell.pid.replace(/^<.*\.(\d+)\.(\d+)>$/, '#PID<0.$1.$2>'));
  if ('atoms' in cell) return JSON.stringify(cell.atoms);
  const entries = Object.entries(cell.table).map(([name, value]) => [name, fieldType(value), value]);
  return JSON.stringify(entries);
}

function boxed(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (left: string, middle: string, right: string): string =>
    left + widths.map((width) => '─'.repeat(width + 2)).join(middle) + right;
  const cells = (row: readonly string[]): string =>
    `│${row.map((cell, i) => ` ${cell.padEnd(widths[i]!)} `).join('│')}│`;
  return [
    line('┌', '┬', '┐'),
    ...rows.flatMap((row, i) => (i === 0 ? [cells(row)] : [line('├', '┼', '┤'), cells(row)])),
    line('└', '┴', '┘'),
  ];
}
