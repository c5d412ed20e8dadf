// How the site is put together: Starlight as the shell, our design over it, fonts, and what the page is allowed to load.
// SITE_URL (origin, such as https://example.org) and BASE_PATH (such as /brokerbook) say where it will be served.
import { satteri } from '@astrojs/markdown-satteri';
import mdx from '@astrojs/mdx';
import preact from '@astrojs/preact';
import starlight from '@astrojs/starlight';
import { defineConfig, fontProviders } from 'astro/config';
import { heldToTheSimulator } from './src/components/claims/held.mjs';
import { hashInline } from './src/components/shell/hash-inline.mjs';
import { measures } from './src/components/shell/measures.mjs';
import { searchIndex } from './src/components/shell/search-index.mjs';
import { sidebar } from './src/components/shell/contents.mjs';

const base = `/${(process.env.BASE_PATH ?? '').replace(/^\/+|\/+$/g, '')}`;
const site = process.env.SITE_URL || undefined;

/**
 * One self-hosted family: Astro copies the files, writes @font-face with swap, and adds a fallback face with the same metrics.
 * @param {string} name the family's name
 * @param {`--${string}`} cssVariable the custom property that holds the family and its fallbacks
 * @param {string} folder the @fontsource-variable package
 * @param {string} weight the range of the variable font
 * @param {Array<'normal' | 'italic'>} styles which styles the book uses
 * @param {string[]} fallbacks what stands in until the font is there
 */
const family = (name, cssVariable, folder, weight, styles, fallbacks) => ({
  provider: fontProviders.local(),
  name,
  cssVariable,
  fallbacks,
  options: {
    variants: styles.map((style) => ({
      weight,
      style,
      src: [`./node_modules/@fontsource-variable/${folder}/files/${folder}-latin-wght-${style}.woff2`],
    })),
  },
});

export default defineConfig({
  ...(site ? { site } : {}),
  base,
  trailingSlash: 'always',
  // Everything on the page is ours and small: fetching other pages ahead of a click would be waste on a phone.
  prefetch: false,
  fonts: [
    family(
      'Source Serif 4',
      '--font-serif',
      'source-serif-4',
      '200 900',
      ['normal', 'italic'],
      ['Georgia', 'serif'],
    ),
    family('Inter', '--font-sans', 'inter', '100 900', ['normal'], ['Arial', 'sans-serif']),
    family(
      'JetBrains Mono',
      '--font-mono',
      'jetbrains-mono',
      '100 800',
      ['normal'],
      ['Courier New', 'monospace'],
    ),
  ],
  security: {
    csp: {
      directives: [
        "default-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
      ],
      // The search index is read by WebAssembly from our own origin.
      scriptDirective: { resources: ["'self'", "'wasm-unsafe-eval'"] },
      styleDirective: { resources: ["'self'", { resource: "'unsafe-inline'", kind: 'attribute' }] },
    },
  },
  // A chapter's footnotes are its sources; the label is their heading, in the page and in its contents.
  markdown: {
    processor: satteri({
      features: { gfm: { footnotes: { label: 'Sources', clobberPrefix: 'source-' } } },
      mdastPlugins: [measures],
    }),
  },
  integrations: [
    starlight({
      title: 'Brokerbook',
      description: 'A book about message brokers whose sentences are run, not only written.',
      favicon: '/favicon.svg',
      credits: false,
      disable404Route: true,
      pagefind: true,
      lastUpdated: false,
      sidebar,
      tableOfContents: { minHeadingLevel: 2, maxHeadingLevel: 3 },
      markdown: { processedDirs: ['./content/'] },
      customCss: ['./src/styles/tokens.css', './src/styles/book.css', './src/styles/print.css'],
      components: {
        Head: './src/components/shell/Head.astro',
        Header: './src/components/shell/Header.astro',
        MarkdownContent: './src/components/shell/MarkdownContent.astro',
        PageTitle: './src/components/shell/PageTitle.astro',
        Pagination: './src/components/shell/Pagination.astro',
        Sidebar: './src/components/shell/Sidebar.astro',
        TableOfContents: './src/components/shell/TableOfContents.astro',
      },
      expressiveCode: {
        themes: ['github-light', 'github-dark'],
        // A command is a command; it needs no drawing of a terminal's window around it.
        defaultProps: { overridesByLang: { 'sh,bash,shell,console': { frame: 'none' } } },
        styleOverrides: {
          borderRadius: '8px',
          borderColor: 'var(--hair)',
          codeBackground: 'var(--wash)',
          codeFontFamily: 'var(--mono)',
          codeFontSize: '0.84rem',
          uiFontFamily: 'var(--sans)',
          frames: {
            frameBoxShadowCssValue: 'none',
            editorBackground: 'var(--wash)',
            editorTabBarBackground: 'var(--wash)',
            editorActiveTabBackground: 'transparent',
            editorActiveTabIndicatorTopColor: 'transparent',
            editorActiveTabForeground: 'var(--soft)',
            terminalBackground: 'var(--wash)',
            terminalTitlebarBackground: 'var(--wash)',
          },
        },
      },
    }),
    mdx(),
    preact(),
    heldToTheSimulator(),
    hashInline(),
    searchIndex(),
  ],
});
