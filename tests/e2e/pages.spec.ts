// Every page of the site, in both themes: axe finds nothing, nothing scrolls sideways, and (by the watch in site.ts)
// nothing is reported as an error and no request leaves the origin. The proofs are many pages of one make, and those on
// brokers are long ones: each is looked at once, light where it is wide and dark where it is narrow.
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, pagesOf, scrollThrough, test } from './site.ts';

const heightPx = 900;
const widthsPx = [360, 768, 1440];
type Theme = 'light' | 'dark';

async function wear(page: Page, theme: Theme): Promise<void> {
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
}

async function keepsItsWidth(page: Page, widthPx: number): Promise<void> {
  // What is drawn by script follows a change of width a moment later; what stays too wide is told of below.
  await page
    .waitForFunction(
      () => document.documentElement.scrollWidth <= document.documentElement.clientWidth,
      null,
      {
        timeout: 3000,
      },
    )
    .catch(() => undefined);
  const { scrollWidth, clientWidth, widest } = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    const beyond = [...document.body.querySelectorAll('*')].filter(
      (element) => element.getBoundingClientRect().right > clientWidth + 1,
    );
    return {
      scrollWidth,
      clientWidth,
      widest: beyond.slice(0, 5).map((element) => element.outerHTML.slice(0, 120)),
    };
  });
  expect
    .soft(scrollWidth, `at ${widthPx} px it scrolls sideways; perhaps because of ${widest.join(' and ')}`)
    .toBeLessThanOrEqual(clientWidth);
}

async function isClean(page: Page, what: string): Promise<void> {
  // The type is that of another release of Playwright, the newest that axe's package found; they are the same here.
  const { violations } = await new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).analyze();
  const told = violations.map(({ id, help, nodes }) => {
    const places = nodes.slice(0, 5).map(({ target }) => target.join(' '));
    return `${id} (${help}) in ${nodes.length} places: ${places.join(', ')}`;
  });
  expect.soft(told, `axe ${what}`).toEqual([]);
}

const isSeenOnce = (path: string): boolean => /^(claims|brokers|practice)\/.+/.test(path);

for (const path of pagesOf('below').filter((page) => !isSeenOnce(page)))
  for (const theme of ['light', 'dark'] as const)
    test(`/${path} in ${theme}`, async ({ page }) => {
      test.setTimeout(180_000);
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.goto(path);
      await wear(page, theme);
      await scrollThrough(page);
      for (const widthPx of widthsPx) {
        await page.setViewportSize({ width: widthPx, height: heightPx });
        await keepsItsWidth(page, widthPx);
        if (widthPx !== 768) await isClean(page, `at ${widthPx} px`);
      }
    });

for (const path of pagesOf('below').filter(isSeenOnce))
  test(`/${path}`, async ({ page }) => {
    test.setTimeout(180_000);
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    await page.goto(path);
    await wear(page, 'light');
    await scrollThrough(page);
    for (const widthPx of widthsPx) {
      await page.setViewportSize({ width: widthPx, height: heightPx });
      await keepsItsWidth(page, widthPx);
    }
    await isClean(page, 'in light, at 1440 px');
    await page.setViewportSize({ width: 360, height: heightPx });
    await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
    await page.reload();
    await wear(page, 'dark');
    await scrollThrough(page);
    await isClean(page, 'in dark, at 360 px');
  });
