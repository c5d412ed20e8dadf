// The diagrams' pictures: there is one of each source for each theme, none is left over, and what the site puts into a page
// is plain SVG with every label of the source as text.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import {
  diagramKey,
  diagramThemes,
  diagramTokens,
  readTokensCss,
  renderedFolder,
  sourceFolder,
} from '../../src/components/diagrams/files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const css = readTokensCss(root);
const sources = readdirSync(sourceFolder(root)).filter((file) => file.endsWith('.mmd'));
const readSource = (file: string): string => readFileSync(join(sourceFolder(root), file), 'utf8');

/** What a source shows: quoted texts, `|edge|` and `-- edge -->`. */
const labelsOf = (source: string): string[] =>
  [...source.matchAll(/"([^"]*)"|\|([^|]+)\||--\s+(\w+)\s+-->/g)].map((match) =>
    (match[1] ?? match[2] ?? match[3] ?? '').replaceAll(/<br\/>/g, ''),
  );

const entities: Record<string, string> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' };
const textOf = (svg: string): string =>
  svg
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll(/&\w+;/g, (entity) => entities[entity] ?? entity)
    .replaceAll(/\s/g, '');

test('the rendered folder holds the pictures of these sources, and no other file', () => {
  const wanted = sources.flatMap((file) =>
    diagramThemes.map((theme) => `${diagramKey(readSource(file), css)}.${theme}.svg`),
  );
  expect(sources.length).toBeGreaterThanOrEqual(3);
  expect(readdirSync(renderedFolder(root)).sort(), 'run `npm run diagrams`').toEqual(wanted.sort());
});

describe.each(sources)('%s', (file) => {
  const source = readSource(file);
  const pictures = diagramThemes.map((theme) =>
    readFileSync(join(renderedFolder(root), `${diagramKey(source, css)}.${theme}.svg`), 'utf8'),
  );

  test('every label is in both pictures, as text', () => {
    const labels = labelsOf(source);
    expect(labels.length).toBeGreaterThan(4);
    for (const picture of pictures)
      for (const label of labels) expect(textOf(picture)).toContain(label.replaceAll(/\s/g, ''));
  });

  test('nothing in it asks anything of the page: no script, style, class, foreign object or address', () => {
    for (const picture of pictures)
      expect(picture).not.toMatch(/<(?:script|style|foreignObject|image|a)\b|\s(?:style|class|href|on\w+)=/i);
  });

  test('its colours are those of its theme', () => {
    for (const [index, theme] of diagramThemes.entries()) {
      const { ink, soft, ...tokens } = diagramTokens(css, theme);
      const other = diagramTokens(css, theme === 'light' ? 'dark' : 'light');
      const own = new Set([ink, soft, ...Object.values(tokens)]);
      expect(pictures[index]).toContain(soft);
      for (const colour of Object.values(other))
        if (!own.has(colour) && colour.length === 7) expect(pictures[index]).not.toContain(colour);
    }
  });
});

test('ids are unique over all pictures, for all of them may meet on one page', () => {
  const ids = readdirSync(renderedFolder(root)).flatMap((file) =>
    [...readFileSync(join(renderedFolder(root), file), 'utf8').matchAll(/\sid="([^"]+)"/g)].map(
      ([, id]) => id,
    ),
  );
  expect(ids.length).toBeGreaterThan(0);
  expect(new Set(ids).size).toBe(ids.length);
});

test('the key changes with the source and with a colour, and not with the ends of lines', () => {
  const source = 'flowchart TD\n  A --> B\n';
  const key = diagramKey(source, css);
  expect(key).toMatch(/^[0-9a-f]{16}$/);
  expect(diagramKey(source.replaceAll('\n', '\r\n'), css)).toBe(key);
  expect(diagramKey(source.replace('B', 'C'), css)).not.toBe(key);
  expect(diagramKey(source, css.replace(/--soft: #\w+/, '--soft: #123456'))).not.toBe(key);
});

test('a token that is not a hex colour is named', () => {
  expect(() => diagramTokens(css.replace(/--soft: #\w+/, '--soft: gray'), 'light')).toThrow(
    'expected --soft as a hex colour in the light theme',
  );
});
