// What the chapter costs a reader: JavaScript on the first load and with the first experiment running, gzipped as
// GitHub Pages sends it, and no layout shift when the widgets take over from what the build drew.
import { gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { chapter, expect, scrollThrough, test } from './site.ts';

/** Adds up the scripts of a page as they come, inline ones included. */
async function weigh(page: Page): Promise<{ totalBytes: () => number; list: () => string }> {
  const scripts = new Map<string, number>();
  const pending: Promise<void>[] = [];
  page.on('response', (response) => {
    if (!/javascript/.test(response.headers()['content-type'] ?? '')) return;
    pending.push(
      response.body().then(
        (body) => void scripts.set(response.url(), gzipSync(body).length),
        // What comes out of the browser's cache has been weighed before.
        () => undefined,
      ),
    );
  });
  await page.goto(chapter);
  await page.waitForLoadState('networkidle');
  const inline = await page.evaluate(() =>
    [...document.scripts]
      .filter(({ src, type }) => src === '' && (type === '' || type === 'module' || /javascript/.test(type)))
      .map(({ text }) => text)
      .join('\n'),
  );
  scripts.set('inline', gzipSync(inline).length);
  await Promise.all(pending);
  return {
    totalBytes: () => [...scripts.values()].reduce((sum, bytes) => sum + bytes, 0),
    list: () =>
      [...scripts]
        .map(([url, bytes]) => `${(bytes / 1000).toFixed(1)} KB ${url.split('/').at(-1) ?? url}`)
        .join('\n'),
  };
}

test('the first load carries at most 60 KB of JavaScript, with the first experiment running at most 110 KB', async ({
  page,
}) => {
  const weight = await weigh(page);
  expect(weight.totalBytes(), weight.list()).toBeLessThanOrEqual(60_000);

  const started = page.waitForEvent('worker', { timeout: 20_000 });
  const experiment = page.locator('#kafka-consumer-groups');
  await experiment.scrollIntoViewIfNeeded();
  await experiment.getByRole('button', { name: /^play/i }).click();
  await started;
  await page.waitForTimeout(1_000);
  await page.waitForLoadState('networkidle');
  expect(weight.totalBytes(), weight.list()).toBeLessThanOrEqual(110_000);
});

for (const widthPx of [360, 1440])
  for (const path of ['', chapter])
    test(`nothing shifts when /${path} hydrates at ${widthPx} px`, async ({ page }) => {
      await page.setViewportSize({ width: widthPx, height: 900 });
      await page.goto(path, { waitUntil: 'domcontentloaded' });
      await page.evaluate(async () => {
        const shifts: string[] = [];
        (window as unknown as { shifts: string[] }).shifts = shifts;
        await document.fonts.ready;
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & {
            value: number;
            sources: { node: Node | null }[];
          })[])
            shifts.push(
              `${entry.value.toFixed(4)} at ${entry.sources
                .map(({ node }) => (node instanceof Element ? node.outerHTML.slice(0, 100) : node?.nodeName))
                .join(', ')}`,
            );
        }).observe({ type: 'layout-shift' });
      });
      await scrollThrough(page);
      const shifts = await page.evaluate(() => (window as unknown as { shifts: string[] }).shifts);
      expect(shifts).toEqual([]);
    });
