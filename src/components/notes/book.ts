/** The pages of the book with their headings and fields, for notes to find their places: read from the sources, in the build. */
import { readdirSync, readFileSync } from 'node:fs';
import GithubSlugger from 'github-slugger';
import { labTitles } from '../../labs/home.ts';
import { challenges, claims } from '../../scenarios/library.ts';
import type { BookPage } from '../../widgets/notes/places.ts';
import { about, brokerPages, chapters, otherPages } from '../shell/contents.mjs';

const order = ['index', ...[...chapters, ...brokerPages].flatMap(({ slug }) => slug ?? [])];

/**
 * Reads a page's source.
 * @param id the page's path below the base
 * @throws Error for a source without a title, or with a field above its first heading
 */
export function pageOf(id: string, source: string): BookPage {
  const title = /^title: *(.+)$/m.exec(source)?.[1]?.replaceAll(/^["']|["']$/g, '');
  if (title === undefined)
    throw new Error(`content/${id}.mdx: expected a title in its frontmatter, found none`);
  // What stands in a fence is code, whatever it looks like.
  const body = source.replaceAll(/^(```+|~~~+)[\s\S]*?^\1/gm, (fence) => fence.replaceAll(/[^\n]/g, ' '));
  const slugger = new GithubSlugger();
  const headings: BookPage['headings'][number][] = [];
  const fields: BookPage['fields'][number][] = [];
  for (const [, marks = '', words = '', field] of body.matchAll(
    /^(#{1,6}) +(.+?) *$|^<Notes\s+id="([^"]+)"/gm,
  )) {
    if (field !== undefined) {
      const above = headings.at(-1);
      if (!above)
        throw new Error(`content/${id}.mdx: <Notes id="${field}"> expected a heading above it, found none`);
      fields.push({ id: field, heading: above.id });
      continue;
    }
    const text = words.replaceAll(/\[([^\]]*)\]\([^)]*\)|[`*]/g, '$1');
    // The numbers that tell equal headings apart count those of every level.
    const slug = slugger.slug(text);
    if (marks.length > 1 && marks.length < 5) headings.push({ id: slug, text, depth: marks.length });
  }
  return { id, title, headings, fields };
}

/** Every page of the book that notes are made on, in the order in which it is read; those that are made of data come last. */
export function pagesOfTheBook(): BookPage[] {
  const pages = readdirSync('content', { recursive: true, encoding: 'utf8' })
    .filter((file) => /^(?!.*(^|\/)_).*\.mdx?$/.test(file))
    .sort()
    .map((file) => pageOf(file.replace(/\.mdx?$/, ''), readFileSync(`content/${file}`, 'utf8')));
  const rank = ({ id }: BookPage): number => (order.includes(id) ? order.indexOf(id) : order.length);
  return [
    ...pages.sort((one, other) => rank(one) - rank(other)),
    ...[
      ...[...otherPages, ...about].map(({ slug, title }) => ({ id: slug, title })),
      ...Array.from(labTitles, ([id, title]) => ({ id: `labs/${id}`, title })),
      ...challenges.map(({ id, title }) => ({ id: `practice/${id}`, title })),
      { id: 'claims', title: 'Claims' },
      ...claims.map(({ id, statement }) => ({ id: `claims/${id}`, title: statement })),
    ].map((page) => ({ ...page, headings: [], fields: [] })),
  ];
}
