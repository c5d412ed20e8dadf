/** Lines that were typed, and the way back through them with the arrow keys. Pure. */

export interface History {
  /** Oldest first. */
  readonly lines: readonly string[];
  /** The line that is shown; `lines.length` for the one that is being typed. */
  readonly at: number;
  /** What was being typed before the way back began. */
  readonly draft: string;
}

export const NO_HISTORY: History = { lines: [], at: 0, draft: '' };
const LINES_MAX = 200;

/** A line was entered. The same one twice in a row, and an empty one, are remembered once, and not at all. */
export function entered({ lines }: History, line: string): History {
  const kept = line.trim() === '' || lines.at(-1) === line ? lines : [...lines, line].slice(-LINES_MAX);
  return { lines: kept, at: kept.length, draft: '' };
}

/**
 * A step through the history.
 * @param by −1 to what was typed before, 1 to what was typed after
 * @param now what stands in the field
 * @returns null where there is nothing in that direction
 */
export function moved(history: History, by: -1 | 1, now: string): { history: History; line: string } | null {
  const { lines, at } = history;
  const to = at + by;
  if (to < 0 || to > lines.length) return null;
  const draft = at === lines.length ? now : history.draft;
  return { history: { lines, at: to, draft }, line: lines[to] ?? draft };
}
