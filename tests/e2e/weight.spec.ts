// What a page costs a reader: JavaScript on the first load and with the first experiment running, gzipped as GitHub Pages
// sends it; stages and the console come only when they come near; and no layout shift when the widgets take over from what
// the build drew.
import { gzipSync } from 'node:zlib';
import type { Page } from '@playwright/test';
import { experimentById } from '../../src/scenarios/library.ts';
import {
  chapter,
  expect,
  experimentsOn,
  fontsAreThere,
  kafkaInDepth,
  rabbitmqInDepth,
  twoBrokers,
  scrollThrough,
  test,
} from './site.ts';

interface Weight {
  totalBytes: () => number;
  /** Without the simulator: it runs in its worker, beside the page, and is the same file on every page. */
  pageBytes: () => number;
  list: () => string;
}

/** Adds up the scripts of a page as they come, inline ones included. */
async function weigh(page: Page, path: string): Promise<Weight> {
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
  await page.goto(path);
  await page.waitForLoadState('networkidle');
  const inline = await page.evaluate(() =>
    [...document.scripts]
      .filter(({ src, type }) => src === '' && (type === '' || type === 'module' || /javascript/.test(type)))
      .map(({ text }) => text)
      .join('\n'),
  );
  scripts.set('inline', gzipSync(inline).length);
  await Promise.all(pending);
  const sum = (counts: (url: string) => boolean): number =>
    [...scripts].reduce((bytes, [url, more]) => (counts(url) ? bytes + more : bytes), 0);
  return {
    totalBytes: () => sum(() => true),
    pageBytes: () => sum((url) => !/\/worker-[^/]*\.js$/.test(url)),
    list: () =>
      [...scripts]
        .map(([url, bytes]) => `${(bytes / 1000).toFixed(1)} KB ${url.split('/').at(-1) ?? url}`)
        .join('\n'),
  };
}

// The page has its measure, and the simulator, which loads beside it and only when an experiment comes near, another. It
// holds two brokers whole, with their tools, their scenarios and the claims on them: some 353 KB, and 313 before real brokers were
// asked so much; Kafka alone was held to 180. A page could do with one of them, but the parser of scenarios, the library
// and the models are called at once and not awaited, and the chapter needs both.
test('the first load carries at most 60 KB of JavaScript, with the first experiment running the page 75 KB and the simulator 354 KB', async ({
  page,
}) => {
  const weight = await weigh(page, chapter);
  expect(weight.totalBytes(), weight.list()).toBeLessThanOrEqual(60_000);

  const started = page.waitForEvent('worker', { timeout: 20_000 });
  const experiment = page.locator('#kafka-consumer-groups');
  await experiment.scrollIntoViewIfNeeded();
  await experiment.getByRole('button', { name: /^play/i }).click();
  await started;
  await page.waitForTimeout(1_000);
  await page.waitForLoadState('networkidle');
  expect(weight.pageBytes(), weight.list()).toBeLessThanOrEqual(75_000);
  expect(weight.totalBytes() - weight.pageBytes(), weight.list()).toBeLessThanOrEqual(354_000);
});

for (const path of [kafkaInDepth, rabbitmqInDepth])
  test(`/${path} loads as little as the chapter, and each stage only when it comes near`, async ({
    page,
  }) => {
    const weight = await weigh(page, path);
    expect(weight.totalBytes(), weight.list()).toBeLessThanOrEqual(60_000);
    const kinds = [...new Set(experimentsOn(path).map((id) => experimentById(id).stage))];
    // An island's file has the name of its stage.
    const names = kinds.map((kind) => kind.slice(0, 1).toUpperCase() + kind.slice(1));
    expect(weight.list(), 'no stage before it is near').not.toMatch(
      new RegExp(` (${names.join('|')}|Console)\\.`),
    );

    const [first = ''] = experimentsOn(path);
    const figure = page.locator(`[id="${first}"]`);
    await figure.scrollIntoViewIfNeeded();
    await figure.locator('.xp-play').click();
    await expect(figure).toHaveAttribute('data-playing', 'true');
    await page.waitForTimeout(1_000);
    await page.waitForLoadState('networkidle');
    // Of this 2 KB are the store, which every page looks into, and the pens; the rest of the notes comes with the first note.
    expect(weight.pageBytes(), weight.list()).toBeLessThanOrEqual(87_000);
    expect(weight.list(), 'no notes, no margin').not.toMatch(/ (margin|Panel|markdown)\./);

    await scrollThrough(page);
    for (const name of names)
      expect(weight.list(), `the stage ${name}, having been near`).toMatch(new RegExp(`\\b${name}\\.`));
    expect(weight.pageBytes(), weight.list()).toBeLessThanOrEqual(130_000);
  });

for (const widthPx of [360, 1440])
  for (const path of ['', chapter, kafkaInDepth, rabbitmqInDepth, twoBrokers, 'progress/'])
    test(`nothing shifts when /${path} hydrates at ${widthPx} px`, async ({ page }) => {
      await page.setViewportSize({ width: widthPx, height: 900 });
      await page.goto(path, { waitUntil: 'domcontentloaded' });
      await fontsAreThere(page);
      await page.evaluate(() => {
        const shifts: string[] = [];
        (window as unknown as { shifts: string[] }).shifts = shifts;
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
