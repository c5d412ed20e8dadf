/** A lab's README as a page has it: prose as HTML, and what is between fences apart, for the page to draw. Node only. */
import GithubSlugger from 'github-slugger';
import MarkdownIt from 'markdown-it';

export type Part = { readonly html: string } | { readonly code: string; readonly lang: string };

export interface Heading {
  readonly depth: number;
  readonly slug: string;
  readonly text: string;
}

export interface ReadmePage {
  readonly parts: readonly Part[];
  readonly headings: readonly Heading[];
}

/** Labs are ours, and none of them writes HTML. */
const markdown = new MarkdownIt({ html: false, linkify: false, typographer: false });

/** @param text Markdown; its first heading is the page's own title, and is left out */
export function readmePage(text: string): ReadmePage {
  const slugger = new GithubSlugger();
  const headings: Heading[] = [];
  const parts: Part[] = [];
  const tokens = markdown.parse(text.replace(/^# .*\n/, ''), {});
  let prose: typeof tokens = [];
  const flush = (): void => {
    if (prose.length > 0) parts.push({ html: markdown.renderer.render(prose, markdown.options, {}) });
    prose = [];
  };
  tokens.forEach((token, i) => {
    if (token.type === 'fence' && token.level === 0) {
      flush();
      parts.push({ code: token.content.trimEnd(), lang: token.info.trim() || 'txt' });
      return;
    }
    if (token.type === 'heading_open') {
      const content = (tokens[i + 1]?.children ?? []).map((child) => child.content).join('');
      const slug = slugger.slug(content);
      token.attrSet('id', slug);
      headings.push({ depth: Number(token.tag.slice(1)), slug, text: content });
    }
    prose.push(token);
  });
  flush();
  return { parts, headings };
}
