// The shell around the words: the page's policy, the keyboard's way in, themes, the measure and what may break out of it,
// diagrams per theme, the sheet of contents on a phone, print, and the page without JavaScript.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { chapter, expect, pagesOf, test } from './site.ts';

const visibleDiagrams = (page: Page) => page.locator('figure.diagram svg:visible');

test('the policy of every page names its own scripts only', ({ sites }) => {
  for (const path of pagesOf('below')) {
    const file = path.endsWith('.html') ? path : `${path}index.html`;
    const html = readFileSync(join(sites.below.directory, file), 'utf8');
    const policy = /<meta http-equiv="content-security-policy" content="([^"]*)"/.exec(html)?.[1] ?? '';
    const directive = (name: string): string =>
      new RegExp(`(?:^|;)\\s*${name} ([^;]*)`).exec(policy)?.[1] ?? '';
    expect(directive('default-src'), file).toBe("'self'");
    expect(directive('script-src'), file).toContain("'self'");
    for (const name of ['script-src', 'style-src', 'connect-src', 'worker-src'])
      expect(directive(name), `${name} of ${file}`).not.toMatch(/'unsafe-inline'|'unsafe-eval'|https?:|\*/);
  }
});

test('fonts, icons and the card come with the site', async ({ page, site, request }) => {
  await page.goto(chapter);
  await page.evaluate(() => document.fonts.ready);
  const families = await page.evaluate(() =>
    [...document.fonts].filter(({ status }) => status === 'loaded').map(({ family }) => family),
  );
  for (const name of ['Source Serif 4', 'Inter']) expect(families.join()).toContain(name);
  for (const file of ['card.png', 'favicon.svg', 'favicon-96.png', 'apple-touch-icon.png'])
    expect((await request.get(site.url + file)).status(), file).toBe(200);
  for (const selector of ['link[rel="icon"]', 'link[rel="shortcut icon"]', 'link[rel="apple-touch-icon"]'])
    await expect(page.locator(selector)).toHaveAttribute('href', new RegExp(`^${site.base}`));
  for (const selector of ['meta[property="og:image"]', 'meta[name="twitter:image"]'])
    await expect(page.locator(selector)).toHaveAttribute(
      'content',
      new RegExp(`^https://.*${site.base}card\\.png$`),
    );
});

test('the first Tab offers to skip to the words, and goes there', async ({ page }) => {
  await page.goto(chapter);
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: /skip to content/i });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#_top$/);
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.closest('main') !== null)).toBe(true);
});

test('the theme follows the system until it is chosen, and the choice stays', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(chapter);
  const html = page.locator('html');
  await expect(html).toHaveAttribute('data-theme', 'dark');
  const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.getByLabel(/theme/i).selectOption('light');
  await expect(html).toHaveAttribute('data-theme', 'light');
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).not.toBe(dark);
  await page.reload();
  await expect(html).toHaveAttribute('data-theme', 'light');
});

test('prose keeps its measure, and a wide figure leaves it without scrolling the page', async ({ page }) => {
  await page.goto(chapter);
  for (const [windowPx, widePx] of [
    [1440, 1020],
    [1920, 1020],
    [1152, 800],
    [768, 700],
    [360, 320],
  ] as const) {
    await page.setViewportSize({ width: windowPx, height: 900 });
    const found = await page.evaluate(() => {
      const prose = document.querySelector('.sl-markdown-content');
      const probe = document.createElement('div');
      probe.className = 'wide';
      probe.innerHTML = '<div style="height: 10px"></div>';
      prose?.append(probe);
      const line = document.createElement('p');
      line.textContent = 'x'.repeat(2000).replaceAll(/(x{5})/g, '$1 ');
      prose?.append(line);
      const [wide, text] = [probe.getBoundingClientRect(), line.getBoundingClientRect()];
      probe.remove();
      line.remove();
      return {
        widePx: wide.width,
        textPx: text.width,
        offCentrePx: wide.x + wide.width / 2 - (text.x + text.width / 2),
        beyondPx: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      };
    });
    expect(found.widePx, `a wide figure in ${windowPx} px`).toBeGreaterThanOrEqual(widePx);
    expect(found.widePx).toBeLessThanOrEqual(1020);
    expect(found.textPx).toBeLessThanOrEqual(600);
    expect(Math.abs(found.offCentrePx)).toBeLessThan(1);
    expect(found.beyondPx).toBe(0);
  }
});

test('each diagram shows the picture of the theme, named, and the same in words on demand', async ({
  page,
}) => {
  await page.goto(chapter);
  const figures = page.locator('figure.diagram');
  const count = await figures.count();
  expect(count).toBeGreaterThanOrEqual(3);
  for (const theme of ['dark', 'light']) {
    await page.getByLabel(/theme/i).selectOption(theme);
    await expect(visibleDiagrams(page)).toHaveCount(count);
    for (const svg of await visibleDiagrams(page).all()) {
      await expect(svg).toHaveClass(new RegExp(`\\b${theme}\\b`));
      await expect(svg).toHaveRole('img');
      await expect(svg).toHaveAccessibleName(/\w+ \w+/);
    }
  }
  for (const figure of await figures.all()) {
    const words = figure.locator('details');
    await expect(words.locator('li').first()).toBeHidden();
    await words.locator('summary').click();
    await expect(words.locator('li').first()).toBeVisible();
  }
  const ids = await page.evaluate(() => [...document.querySelectorAll('[id]')].map(({ id }) => id));
  expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
});

test('on a phone the contents are a sheet that a link puts away', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await page.goto(chapter);
  const link = page.locator('#starlight__sidebar').getByRole('link', { name: 'My Notes' });
  await expect(link).toBeHidden();
  await page.getByRole('button', { name: /menu/i }).click();
  await link.click();
  await expect(link).toBeHidden();
  await expect(page.getByRole('heading', { name: 'My Notes' })).toBeInViewport();
});

test('the contents at the right name themselves under the keyboard', async ({ page }) => {
  await page.goto(chapter);
  const link = page.locator('page-contents a', { hasText: 'Practice Ideas' });
  await link.focus();
  await expect(link.locator('span')).toHaveCSS('opacity', '1');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/#practice-ideas$/);
});

test('on paper: no chrome, light, figures whole', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(chapter);
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  await expect(page.locator('.page > header')).toBeHidden();
  await expect(page.locator('nav.sidebar')).toBeHidden();
  await expect(page.locator('.chapter-foot')).toBeHidden();
  for (const svg of await visibleDiagrams(page).all()) await expect(svg).toHaveClass(/light/);
  const paper = await page.evaluate(() =>
    getComputedStyle(document.documentElement).getPropertyValue('--paper'),
  );
  expect(paper.trim()).toBe('#fbfaf6');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the theme is the system’s', async ({ page }) => {
    for (const [colorScheme, paper] of [
      ['light', 'rgb(251, 250, 246)'],
      ['dark', 'rgb(21, 22, 26)'],
    ] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(chapter);
      await expect(page.locator('body')).toHaveCSS('background-color', paper);
      await expect(visibleDiagrams(page).first()).toHaveClass(new RegExp(colorScheme));
    }
  });

  test('words, diagrams, contents and the foot are there', async ({ page }) => {
    await page.goto(chapter);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(visibleDiagrams(page).first()).toBeVisible();
    await expect(page.getByRole('navigation', { name: 'Chapters' })).toBeVisible();
    await expect(page.locator('nav.sidebar').getByRole('link', { name: 'Home', exact: true })).toBeVisible();
  });
});
