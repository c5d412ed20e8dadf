// Every page of the site, in both themes: axe finds nothing, nothing scrolls sideways, and (by the watch in site.ts)
// nothing is reported as an error and no request leaves the origin.
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
  expect.soft(await page.evaluate(cutOff), `at ${widthPx} px text is cut off`).toEqual([]);
}

/** What has words that reach beyond the nearest box that hides what is outside of it, if that is not one to scroll. Runs in the page. */
function cutOff(): string[] {
  const hasWords = (element: Element): boolean =>
    element.closest('svg') === null &&
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim());
  return [...document.body.querySelectorAll('*')]
    .filter(hasWords)
    .filter((element) => {
      const { right, width, height } = element.getBoundingClientRect();
      if (width < 2 || height < 2) return false;
      let around = element.parentElement;
      while (around && getComputedStyle(around).overflowX === 'visible') around = around.parentElement;
      if (!around || /auto|scroll/.test(getComputedStyle(around).overflowX)) return false;
      const edge = around.getBoundingClientRect();
      // What is hidden from the eye and not from a reader of the screen is cut on purpose.
      return edge.width > 2 && right > edge.right + 1;
    })
    .slice(0, 5)
    .map((element) => element.outerHTML.slice(0, 120));
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

/** Proofs and challenges are many, and of one make: by turns one is looked at in light where it is wide, the next in dark where it is narrow. */
const isOfMany = (path: string): boolean => /^(claims|practice|labs)\/.+/.test(path);
/** Long ones are looked at in both of these ways, and not in four. */
const isLong = (path: string): boolean => /^brokers\/.+/.test(path);

const ways = {
  light: { theme: 'light', widthPx: 1440 },
  dark: { theme: 'dark', widthPx: 360 },
} as const;

async function isCleanSeen(
  page: Page,
  path: string,
  { theme, widthPx }: (typeof ways)[Theme],
): Promise<void> {
  await page.setViewportSize({ width: widthPx, height: heightPx });
  await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
  await page.goto(path);
  await wear(page, theme);
  await scrollThrough(page);
  await isClean(page, `in ${theme}, at ${widthPx} px`);
}

async function keepsEveryWidth(page: Page): Promise<void> {
  for (const widthPx of widthsPx) {
    await page.setViewportSize({ width: widthPx, height: heightPx });
    await keepsItsWidth(page, widthPx);
  }
}

const paths = pagesOf('below');

for (const path of paths.filter((one) => !isOfMany(one) && !isLong(one)))
  for (const theme of ['light', 'dark'] as const)
    test(`/${path} in ${theme}`, async ({ page }) => {
      test.setTimeout(300_000);
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

for (const path of paths.filter(isLong))
  test(`/${path}`, async ({ page }) => {
    test.setTimeout(300_000);
    await isCleanSeen(page, path, ways.light);
    await keepsEveryWidth(page);
    await isCleanSeen(page, path, ways.dark);
  });

for (const [turn, path] of paths.filter(isOfMany).entries())
  test(`/${path}`, async ({ page }) => {
    await isCleanSeen(page, path, turn % 2 === 0 ? ways.light : ways.dark);
    await keepsEveryWidth(page);
  });
