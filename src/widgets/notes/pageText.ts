/**
 * The prose of a page as one string, and the way from a place in that string to the page and back. White space counts once,
 * as a reader sees it; figures, fields, sources' numbers and whatever a script draws are no prose.
 */
import { HEADING, wordsOf } from './headings.ts';

const PROSE = '.sl-markdown-content';
const NO_PROSE =
  'astro-island, .not-content, noscript, script, style, svg, sup, .sl-anchor-link, .sr-only, [data-notes-own]';
const BLOCK = 'p, li, dt, dd, td, th, pre, blockquote, figcaption, summary, h2, h3, h4, h5, h6';

export interface HeadingInText {
  readonly id: string;
  readonly text: string;
  readonly element: HTMLElement;
  /** Where it begins in the text of the page. */
  readonly start: number;
  /** Where the next heading begins, of whatever level. */
  readonly end: number;
}

export interface PageText {
  readonly text: string;
  readonly headings: readonly HeadingInText[];
  /** The first place in the text that is not before the point. */
  placeOf(node: Node, offset: number): number;
  /** The part of the page that the text from `start` to `end` stands for. */
  rangeOf(start: number, end: number): Range;
}

/** Reads a page; null where it has no prose. @param page the page itself, or one that was fetched and parsed */
export function readPageText(page: Document): PageText | null {
  const root = page.querySelector<HTMLElement>(PROSE);
  if (!root) return null;
  /** For each character of the text, the node that it stands in and where. */
  const nodes: Text[] = [];
  const offsets: number[] = [];
  const parts: string[] = [];
  const starts = new Map<Element, number>();
  const elements = [...root.querySelectorAll<HTMLElement>(HEADING)];
  const walker = page.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  let block: Element | null = null;
  let spaced = true;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!parent || parent.closest(NO_PROSE)) continue;
    const { data } = node as Text;
    const add = (character: string, offset: number): void => {
      parts.push(character);
      nodes.push(node as Text);
      offsets.push(offset);
    };
    const own = parent.closest(BLOCK);
    if (own !== block && !spaced) {
      add(' ', 0);
      spaced = true;
    }
    block = own;
    if (own && !starts.has(own)) starts.set(own, parts.length);
    for (let offset = 0; offset < data.length; offset += 1) {
      const character = data[offset] ?? '';
      const space = /\s/.test(character);
      if (space && spaced) continue;
      add(space ? ' ' : character, offset);
      spaced = space;
    }
  }

  const found = elements.map((element) => ({ element, start: starts.get(element) ?? 0 }));
  const headings = found.map(({ element, start }, index) => ({
    id: element.id,
    text: wordsOf(element),
    element,
    start,
    end: found[index + 1]?.start ?? parts.length,
  }));

  function placeOf(node: Node, offset: number): number {
    const point = page.createRange();
    point.setStart(node, offset);
    let [low, high] = [0, nodes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (point.comparePoint(nodes[middle]!, offsets[middle]!) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    text: parts.join(''),
    headings,
    placeOf,
    rangeOf(start, end) {
      const range = page.createRange();
      range.setStart(nodes[start]!, offsets[start]!);
      range.setEnd(nodes[end - 1]!, offsets[end - 1]! + 1);
      return range;
    },
  };
}

/** The heading that a place in the text stands under; null above the first. */
export function headingAt({ headings }: PageText, place: number): HeadingInText | null {
  return headings.findLast(({ start }) => start <= place) ?? null;
}
