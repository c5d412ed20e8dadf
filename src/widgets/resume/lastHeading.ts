/** Which section the reader is in: the last heading above a line across the window. Pure. */
export interface HeadingAt {
  readonly id: string;
  readonly text: string;
  /** Distance of its top from the top of the window. */
  readonly topPx: number;
}

/** The last of the headings, in the order of the page, that is not below the line; null above the first. */
export function lastHeading(headings: readonly HeadingAt[], linePx: number): HeadingAt | null {
  return headings.findLast(({ topPx }) => topPx <= linePx) ?? null;
}
