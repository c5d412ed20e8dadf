/** Records of a drawing as places that the keyboard goes to: rows of them, by their x. Pure. */

export interface Spot {
  /** Unique in the drawing. */
  readonly id: string;
  readonly message: number;
  readonly x: number;
  /** What it is, for those who cannot see it. */
  readonly words: string;
}

export type SpotRows = readonly (readonly Spot[])[];

/** The one that the Tab key reaches: what is selected, or else the newest of the first row. */
export function entrySpot(rows: SpotRows, selected: number | null): Spot | undefined {
  return (
    rows.flat().find(({ message }) => message === selected) ?? rows.find((row) => row.length > 0)?.at(-1)
  );
}

/** The record that a key leads to, or null where there is none. @param from the id of the one in focus */
export function neighbour(rows: SpotRows, from: string, key: string): Spot | null {
  const r = rows.findIndex((row) => row.some(({ id }) => id === from));
  const row = rows[r];
  if (!row) return null;
  const column = row.findIndex(({ id }) => id === from);
  switch (key) {
    case 'ArrowLeft':
      return row[column - 1] ?? null;
    case 'ArrowRight':
      return row[column + 1] ?? null;
    case 'ArrowUp':
      return nearest(rows.slice(0, r).reverse(), row[column]);
    case 'ArrowDown':
      return nearest(rows.slice(r + 1), row[column]);
    case 'Home':
      return row[0] ?? null;
    case 'End':
      return row.at(-1) ?? null;
    default:
      return null;
  }
}

function nearest(rows: SpotRows, to: Spot | undefined): Spot | null {
  if (!to) return null;
  let best: Spot | null = null;
  for (const spot of rows.find((row) => row.length > 0) ?? []) {
    if (best === null || Math.abs(spot.x - to.x) < Math.abs(best.x - to.x)) best = spot;
  }
  return best;
}
