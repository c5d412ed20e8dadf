/** What a text takes of a drawing's width. Pure. */

/** Of the small text, which most of a drawing is written in: its letters are about so wide, drawing units. */
const LETTER = 6.05;

/** The width of a small text, drawing units, to be on the safe side. */
export function widthOf(text: string): number {
  return text.length * LETTER;
}

/** The first of these texts, the longest first, that has room; the empty one where none has. @param width drawing units */
export function fit(texts: readonly string[], width: number): string {
  return texts.find((text) => widthOf(text) <= width) ?? '';
}
