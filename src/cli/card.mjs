// Draws public/card.png (the picture a shared link shows) from src/components/shell/card/card.html, and the PNG icons from public/favicon.svg.
// Run it after changing either: node src/cli/card.mjs
// @ts-check
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';
import { findChromium } from './chromium.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * @param {string} family
 * @param {string} file under node_modules/@fontsource-variable
 * @param {string} style
 */
const face = (family, file, style) =>
  `@font-face { font-family: ${family}; font-weight: 100 900; font-style: ${style}; src: url(data:font/woff2;base64,${readFileSync(
    `${root}/node_modules/@fontsource-variable/${file}.woff2`,
  ).toString('base64')}) }`;

const browser = await chromium.launch({ executablePath: await findChromium(), args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 1200, height: 630 } });
await page.setContent(readFileSync(new URL('../components/shell/card/card.html', import.meta.url), 'utf8'));
await page.addStyleTag({
  content: [
    face('Inter', 'inter/files/inter-latin-wght-normal', 'normal'),
    face('Serif4', 'source-serif-4/files/source-serif-4-latin-wght-normal', 'normal'),
    face('Serif4', 'source-serif-4/files/source-serif-4-latin-wght-italic', 'italic'),
  ].join('\n'),
});
await page.evaluate(() => document.fonts.ready);
await page.screenshot({ path: `${root}/public/card.png` });

const icon = readFileSync(`${root}/public/favicon.svg`, 'utf8');
for (const { file, size, paper } of [
  { file: 'favicon-96.png', size: 96, paper: 'transparent' },
  { file: 'apple-touch-icon.png', size: 180, paper: '#fbfaf6' },
]) {
  await page.setViewportSize({ width: size, height: size });
  await page.setContent(
    `<style>body { margin: 0; padding: ${paper === 'transparent' ? 0 : size * 0.14}px; background: ${paper} } svg { display: block }</style>${icon}`,
  );
  await page.screenshot({ path: `${root}/public/${file}`, omitBackground: true });
}
await browser.close();
