// npm run diagrams: draws every content/diagrams/*.mmd whose picture is missing, once for each theme, and removes the
// pictures that belong to no source any more. The site's build runs it when it misses a picture.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { openDrawingBoard } from '../components/diagrams/draw.ts';
import {
  diagramKey,
  diagramThemes,
  diagramTokens,
  readTokensCss,
  renderedFolder,
  sourceFolder,
} from '../components/diagrams/files.ts';
import { findChromium } from './chromium.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const rendered = renderedFolder(root);
mkdirSync(rendered, { recursive: true });

const css = readTokensCss(root);
const wanted = readdirSync(sourceFolder(root))
  .filter((file) => file.endsWith('.mmd'))
  .flatMap((file) => {
    const source = readFileSync(join(sourceFolder(root), file), 'utf8');
    const key = diagramKey(source, css);
    return diagramThemes.map((theme) => ({
      name: basename(file, '.mmd'),
      file: `${key}.${theme}.svg`,
      source,
      theme,
      tokens: diagramTokens(css, theme),
      id: `d${key.slice(0, 8)}${theme[0] ?? ''}`,
    }));
  });

const missing = wanted.filter(({ file }) => !existsSync(join(rendered, file)));
if (missing.length > 0) {
  const browser = await chromium.launch({ executablePath: await findChromium(), args: ['--no-sandbox'] });
  try {
    const draw = await openDrawingBoard(browser, root);
    for (const drawing of missing) {
      const svg = await draw(drawing).catch((error: unknown) => {
        throw new Error(`content/diagrams/${drawing.name}.mmd: it could not be drawn`, { cause: error });
      });
      writeFileSync(join(rendered, drawing.file), `${svg}\n`);
      console.log(`  drew ${drawing.name} (${drawing.theme}) as ${drawing.file}`);
    }
  } finally {
    await browser.close();
  }
}

const known = new Set(wanted.map(({ file }) => file));
const stale = readdirSync(rendered).filter((file) => !known.has(file));
for (const file of stale) rmSync(join(rendered, file));
console.log(
  `${wanted.length} pictures of ${wanted.length / diagramThemes.length} diagrams: ` +
    `${missing.length} drawn, ${stale.length} stale ones removed.`,
);
