/** The sentences of the prose that are tied to claims, read from the sources of the pages. Node only: it runs in the build. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Sentence {
  readonly file: string;
  readonly line: number;
  readonly claim: string;
  /** The sentence without its markup. */
  readonly text: string;
  /** Address of its page below the site's base, with a slash at the end; the home page's is empty. */
  readonly page: string;
}

/** Finds `<Claim id="…">…</Claim>` in the source of a page. @param file its path, for messages */
export function sentencesIn(file: string, source: string): Sentence[] {
  return [...source.matchAll(/<Claim\s+id="([^"]*)"\s*>([\s\S]*?)<\/Claim>/g)].map((match) => ({
    file,
    line: source.slice(0, match.index).split('\n').length,
    claim: match[1] ?? '',
    text: plain(match[2] ?? ''),
    page: file.replace(/^content\//, '').replace(/(index)?\.mdx$/, (_, index) => (index ? '' : '/')),
  }));
}

/** Every sentence of the book that is tied to a claim. The build runs in the project's folder. */
export function sentencesOfTheBook(): Sentence[] {
  return readdirSync('content', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.mdx'))
    .sort()
    .flatMap((file) => sentencesIn(`content/${file}`, readFileSync(`content/${file}`, 'utf8')));
}

function plain(mdx: string): string {
  return mdx
    .replace(/<[^>]+>/g, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[`*]/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
