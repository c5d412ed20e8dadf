// Every page of the site, in both themes: axe finds nothing, nothing scrolls sideways, and (by the watch in site.ts)
// nothing is reported as an error and no request leaves the origin.
import AxeBuilder from '@axe-core/playwright';
import { expect, pagesOf, scrollThrough, test } from './site.ts';

const heightPx = 900;

for (const path of pagesOf('below'))
  for (const theme of ['light', 'dark'] as const)
    test(`/${path} in ${theme}`, async ({ page }) => {
      test.setTimeout(180_000);
      await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      await page.goto(path);
      await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
      await scrollThrough(page);
      for (const widthPx of [360, 768, 1440]) {
        await page.setViewportSize({ width: widthPx, height: heightPx });
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
          .soft(
            scrollWidth,
            `at ${widthPx} px it scrolls sideways; perhaps because of ${widest.join(' and ')}`,
          )
          .toBeLessThanOrEqual(clientWidth);
        if (widthPx === 768) continue;
        // The type is that of another release of Playwright, the newest that axe's package found; they are the same here.
        const { violations } = await new AxeBuilder({ page }).analyze();
        const told = violations.map(({ id, help, nodes }) => {
          const places = nodes.slice(0, 5).map(({ target }) => target.join(' '));
          return `${id} (${help}) in ${nodes.length} places: ${places.join(', ')}`;
        });
        expect.soft(told, `axe at ${widthPx} px`).toEqual([]);
      }
    });
