/** Lists as the Python `rabbitmqadmin` prints them, in each of its formats. */
import type { Json, JsonObject } from './api.ts';

export const FORMATS = ['raw_json', 'pretty_json', 'tsv', 'long', 'table', 'kvp', 'bash'] as const;
export type Format = (typeof FORMATS)[number];

/** Columns that come first where none are asked for. */
const PROMOTED = ['vhost', 'name', 'type', 'source', 'destination', 'destination_type', 'routing_key'];

export interface Shown {
  readonly format: Format;
  /** Empty: all that are found up to {@link depth}. */
  readonly columns: readonly string[];
  readonly depth: number;
  /** Members that are shown as JSON instead of as columns of their own. */
  readonly asJson: readonly string[];
  readonly quiet: boolean;
}

export function display(items: readonly JsonObject[], shown: Shown): string[] {
  const { format, columns: asked, quiet } = shown;
  if (format === 'raw_json') return [json(chosen(items, asked))];
  if (format === 'pretty_json') return JSON.stringify(sortedKeys(chosen(items, asked)), null, 2).split('\n');
  const depth = asked.length > 0 ? Infinity : shown.depth;
  const flat = items.map((item) => flattened(item, depth, shown.asJson));
  const columns =
    asked.length > 0 ? asked : [...new Set(flat.flatMap((row) => [...row.keys()]))].sort(byPromotion);
  const rows = flat.map((row) => columns.map((column) => row.get(column) ?? ''));
  if (rows.length === 0) return quiet ? [] : ['No items'];
  switch (format) {
    case 'tsv':
      return [...(quiet ? [] : [columns.join('\t')]), ...rows.map((row) => row.join('\t'))];
    case 'kvp':
      return rows.map((row) => row.map((cell, i) => `${columns[i]!}="${cell}"`).join(' '));
    case 'bash': {
      const at = columns.indexOf('name');
      return at < 0 ? [] : [rows.map((row) => row[at]!).join(' ')];
    }
    case 'long': {
      const line = ['', '-'.repeat(80), ''];
      const width = Math.max(...columns.map(({ length }) => length));
      return [
        ...line,
        ...rows.flatMap((row) => [
          ...row.map((cell, i) => `${columns[i]!.padStart(width)}: ${cell}`),
          ...line,
        ]),
      ];
    }
    case 'table':
      return table(columns, rows);
  }
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((column, i) => Math.max(column.length, ...rows.map((row) => row[i]!.length)));
  const bar = `+${widths.map((width) => `${'-'.repeat(width + 2)}+`).join('')}`;
  const line = (cells: readonly string[], pad: (cell: string, width: number) => string): string =>
    `|${cells.map((cell, i) => ` ${pad(cell, widths[i]!)} |`).join('')}`;
  return [
    bar,
    line(columns, centred),
    bar,
    ...rows.map((row) => line(row, (cell, width) => cell.padEnd(width))),
    bar,
  ];
}

function centred(cell: string, width: number): string {
  return cell.padStart(cell.length + Math.floor((width - cell.length) / 2)).padEnd(width);
}

function byPromotion(a: string, b: string): number {
  const [x, y] = [PROMOTED.indexOf(a), PROMOTED.indexOf(b)];
  if (x >= 0 && y >= 0) return x - y;
  if (x >= 0 || y >= 0) return x >= 0 ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What the API leaves of its objects when columns are asked for. */
function chosen(items: readonly JsonObject[], columns: readonly string[]): JsonObject[] {
  if (columns.length === 0) return [...items];
  const names = [...columns].sort();
  return items.map((item) => {
    const left: Record<string, Json> = {};
    for (const name of names) {
      const value = item[name];
      if (value !== undefined) left[name] = value;
    }
    return left;
  });
}

/** Columns of an object: those of an object inside it have both names. */
function flattened(item: JsonObject, depth: number, asJson: readonly string[]): Map<string, string> {
  const row = new Map<string, string>();
  const add = (prefix: string, level: number, object: JsonObject): void => {
    for (const [key, value] of Object.entries(object)) {
      const column = prefix === '' ? key : `${prefix}.${key}`;
      if (Array.isArray(value)) {
        const items = value as readonly Json[];
        const words = items.every((one) => typeof one === 'string');
        row.set(column, words ? items.join(' ') : json(items, ', ', ': '));
      } else if (typeof value === 'object' && value !== null) {
        if (asJson.includes(key)) row.set(column, json(value, ', ', ': '));
        else if (level < depth) add(column, level + 1, value as JsonObject);
      } else row.set(column, scalar(value));
    }
  };
  add('', 1, item);
  return row;
}

/** As Python says a value. */
function scalar(value: string | number | boolean | null): string {
  if (value === null) return '';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return String(value);
}

/** JSON with the separators of Erlang's encoder, or of Python's. */
function json(value: Json, comma = ',', colon = ':'): string {
  if (Array.isArray(value))
    return `[${(value as readonly Json[]).map((one) => json(one, comma, colon)).join(comma)}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([name, one]) => `${JSON.stringify(name)}${colon}${json(one, comma, colon)}`)
      .join(comma)}}`;
  return JSON.stringify(value);
}

function sortedKeys(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(sortedKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, one]) => [name, sortedKeys(one)]));
}
