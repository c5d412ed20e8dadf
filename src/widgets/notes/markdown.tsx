/**
 * The reader's Markdown as elements. No HTML is ever made of it: the parser gives tokens, and of each token this makes one of
 * the elements below, with no attribute but a link's checked address. So what a text holds is shown and cannot act, and HTML
 * in it is text like any other. It loads when a text is first shown: the parser is heavy.
 */
import MarkdownIt from 'markdown-it';
import type { Token } from 'markdown-it';
import { h } from 'preact';
import type { ComponentChild, VNode } from 'preact';

/** What is shown of a longer text; the rest is said to be there. Drawing more would stop the page for seconds. */
export const SHOWN_MAX_CHARACTERS = 100_000;

const parser = new MarkdownIt({ html: false, linkify: true, maxNesting: 40 });
// Words that merely look like an address, such as `server.properties`, stay words.
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });
// The addresses are checked below, once and by what a browser makes of them.
parser.validateLink = () => true;

const ELEMENTS = new Set([
  ...['p', 'em', 'strong', 's', 'blockquote', 'ul', 'ol', 'li', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
]);

/**
 * The address of a link, as the browser will read it; null for any but the web's, mail's and those within the site. A site's
 * own begins with `#` or `/`.
 */
export function safeAddress(address: string): string | null {
  const here = 'https://here.invalid';
  let url: URL;
  try {
    url = new URL(address, here);
  } catch {
    return null;
  }
  if (url.origin === here) {
    if (address.startsWith('#')) return url.hash;
    return address.startsWith('/') ? url.href.slice(here.length) : null;
  }
  return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
}

interface Open {
  readonly make: (children: ComponentChild[]) => ComponentChild;
  readonly children: ComponentChild[];
}

function opened(token: Token): Open['make'] {
  if (token.type === 'link_open') {
    const address = safeAddress(String(token.attrGet('href') ?? ''));
    return (children) =>
      address === null
        ? h('span', null, ...children)
        : h('a', { href: address, rel: 'noopener noreferrer nofollow' }, ...children);
  }
  // A heading of a note is no heading of the page.
  if (token.type === 'heading_open') return (children) => h('p', { class: 'note-heading' }, ...children);
  if (token.hidden || !ELEMENTS.has(token.tag)) return (children) => children;
  return (children) => h(token.tag, null, ...children);
}

function single(token: Token): ComponentChild {
  switch (token.type) {
    case 'inline':
      return build(token.children ?? []);
    case 'softbreak':
      return '\n';
    case 'hardbreak':
      return h('br', null);
    case 'hr':
      return h('hr', null);
    case 'code_inline':
      return h('code', null, token.content);
    case 'code_block':
    case 'fence':
      return h('pre', { tabIndex: 0 }, h('code', null, token.content));
    case 'image': {
      // A picture from elsewhere would tell its server who reads: it is linked, and not loaded.
      const address = safeAddress(String(token.attrGet('src') ?? ''));
      const words = token.content === '' ? 'picture' : token.content;
      if (address === null) return `[${words}]`;
      return h('a', { href: address, rel: 'noopener noreferrer nofollow' }, `[${words}]`);
    }
    default:
      return token.content;
  }
}

/** Opening and closing tokens come in pairs, one inside another. */
function build(tokens: readonly Token[]): ComponentChild[] {
  const root: Open = { make: (children) => children, children: [] };
  const open: Open[] = [root];
  for (const token of tokens) {
    const top = open.at(-1) ?? root;
    if (token.nesting === 1) {
      open.push({ make: opened(token), children: [] });
    } else if (token.nesting === -1) {
      open.pop();
      (open.at(-1) ?? root).children.push(top.make(top.children));
    } else {
      top.children.push(single(token));
    }
  }
  return root.children;
}

/** @param text any text at all */
export function MarkdownView({ text }: { readonly text: string }): VNode {
  return (
    <>
      {build(parser.parse(text.slice(0, SHOWN_MAX_CHARACTERS), {}))}
      {text.length > SHOWN_MAX_CHARACTERS && (
        <p class="note-cut">
          The first {SHOWN_MAX_CHARACTERS.toLocaleString('en')} characters of{' '}
          {text.length.toLocaleString('en')}. The rest is kept, too; editing shows it.
        </p>
      )}
    </>
  );
}
