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

/** A text in lines no wider than this. @param width drawing units */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(`${last} ${word}`) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

export interface Label {
  readonly x: number;
  readonly anchor: 'start' | 'end';
  readonly text: string;
}

/**
 * Words beside marks on one line: to the right of the mark, or else to its left, and never into one another.
 * @param marks ascending by x; of each the texts, the longest first
 * @param gap between a mark and its words
 * @returns for each its label, or null where there is no room
 */
export function placeLabels(
  marks: readonly { readonly x: number; readonly texts: readonly string[] }[],
  left: number,
  right: number,
  gap: number,
): (Label | null)[] {
  let from = left;
  return marks.map(({ x, texts }, i) => {
    const next = marks[i + 1]?.x;
    const to = next === undefined ? right : next - gap;
    for (const text of texts) {
      const width = widthOf(text);
      if (x + gap + width <= to) {
        from = x + gap + width + gap;
        return { x: x + gap, anchor: 'start', text };
      }
      if (x - gap - width >= from) {
        from = x + gap;
        return { x: x - gap, anchor: 'end', text };
      }
    }
    from = Math.max(from, x + gap);
    return null;
  });
}
