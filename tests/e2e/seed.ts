// Reads the chapter's seed (chapter-03.seed.md, kept as it came) line by line into what a page has to show.
import { readFileSync } from 'node:fs';

export interface SeedSection {
  readonly level: number;
  readonly heading: string;
  /** Rows of cells; the first row is the header. */
  readonly table: string[][];
  /** What is written in the nodes and on the edges of the section's diagram. */
  readonly labels: string[];
  /** Items of lists: questions and tasks. */
  readonly items: string[];
}

export interface Seed {
  readonly chapter: string;
  readonly title: string;
  readonly epigraph: string;
  readonly sections: SeedSection[];
  /** Previous, Home, Next: the word, and the name of what it leads to. */
  readonly links: { readonly word: string; readonly target: string }[];
}

/** A text without emoji, Markdown emphasis and typographic quotes, with single spaces. */
export function plain(text: string): string {
  return text
    .replace(/[\p{Extended_Pictographic}\u{fe0f}\u{20e3}]/gu, '')
    .replace(/\*\*/g, '')
    .replace(/[‘’]/g, "'")
    .replace(/[“”]/g, '"')
    .replace(/\s+/g, ' ')
    .trim();
}

/** A text by its letters, digits and signs alone: a diagram breaks its lines where it likes. */
export const squeezed = (text: string): string => plain(text).replace(/\s/g, '').toLowerCase();

/** What a line of Mermaid shows: quoted texts, `|edge|` and `-- edge -->`. */
function labelsOf(line: string): string[] {
  const quoted = [...line.matchAll(/"([^"]*)"/g)].map((match) => match[1]!);
  const edges = [...line.matchAll(/\|([^|]+)\||--\s+(\w+)\s+-->/g)].map((match) => (match[1] ?? match[2])!);
  return [...quoted, ...edges].map((label) => plain(label.replace(/<br\/?>/g, ' ')));
}

/** Reads the seed. */
export function readSeed(): Seed {
  const lines = readFileSync(new URL('chapter-03.seed.md', import.meta.url), 'utf8').split('\n');
  const sections: SeedSection[] = [];
  const links: { word: string; target: string }[] = [];
  let chapter = '';
  let title = '';
  let epigraph = '';
  let inDiagram = false;
  for (const line of lines) {
    const section = sections.at(-1);
    if (line.startsWith('```')) inDiagram = line === '```mermaid';
    else if (inDiagram) section?.labels.push(...labelsOf(line));
    else if (line.startsWith('# ')) [, chapter = '', title = ''] = /^# (.+?): (.+)$/.exec(line) ?? [];
    else if (/^#{2,}/.test(line)) {
      const [, marks = '', words = ''] = /^(#+) (.+)$/.exec(line) ?? [];
      sections.push({ level: marks.length, heading: plain(words), table: [], labels: [], items: [] });
    } else if (line.startsWith('> ')) epigraph = plain(line.slice(2).replace(/\*/g, ''));
    else if (/^\|[\s:|-]+$/.test(line)) continue;
    else if (line.startsWith('|')) section?.table.push(line.split('|').slice(1, -1).map(plain));
    else if (/^(\d+\.|- \[ \]) /.test(line))
      section?.items.push(plain(line.replace(/^(\d+\.|- \[ \]) /, '')));
    else
      for (const [, word = '', target = ''] of line.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g))
        links.push({
          word: plain(word),
          target: target.replace(/^\.\/(chapter-\d+-)?|\.md$/g, '').replace(/-/g, ' '),
        });
  }
  // The arrows of Previous and Next are not all emoji.
  return {
    chapter,
    title,
    epigraph,
    sections,
    links: links.map((link) => ({ ...link, word: link.word.replace(/[^\w ]/g, '').trim() })),
  };
}
