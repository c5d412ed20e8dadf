// Queue beside stream: the rows of the table and their scenes, and whole workloads on both brokers; by mouse, by keyboard, by
// address, and without scripts.
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { scenes } from '../../src/scenarios/beside/scenes.ts';
import { workloads } from '../../src/scenarios/workloads.ts';
import { testPlace } from './in-depth.ts';
import { chapter, expect, test, twoBrokers as compare } from './site.ts';

const first = scenes[0]!.id;

const figureOf = (page: Page, id: string): Locator => page.locator(`figure[id="${id}"]`);
const half = (figure: Locator, broker: string): Locator => figure.locator(`.xb-half[aria-label="${broker}"]`);

/** The moment that both sides show, in seconds; they must show the same one. */
async function moment(figure: Locator): Promise<number> {
  const told = await figure
    .locator('.xb-half .xp-stage')
    .evaluateAll((stages) =>
      stages.map((stage) => /at ([\d.]+) s/.exec(stage.getAttribute('aria-label') ?? '')?.[1] ?? ''),
    );
  expect(new Set(told).size, `both at one moment, not at ${told.join(' and ')}`).toBe(1);
  return parseFloat(told[0]!);
}

async function alive(figure: Locator): Promise<void> {
  await figure.scrollIntoViewIfNeeded();
  await expect(figure.locator('.xp-play')).toBeEnabled();
}

async function scrub(figure: Locator, second: number): Promise<void> {
  await figure.getByRole('slider', { name: 'Moment of the run' }).fill(String(second * 1_000_000));
  // A figure that has just been given another run takes its time to open it.
  await expect(figure.locator('.xp-time')).toHaveText(`${second.toFixed(3)} s`, { timeout: 40_000 });
  await expect.poll(() => moment(figure), { timeout: 20_000 }).toBe(second);
}

test.describe('the page', () => {
  testPlace({
    path: compare,
    title: 'One workload, two brokers',
    epigraph: 'The same orders, the same crash',
    before: /RabbitMQ in depth/,
    after: /Next\s*Chapter 4: Pub\/Sub Patterns\s*planned/,
    search: 'carried fairly',
    headingsMin: 3,
  });
});

test.describe('the table of queue and stream', () => {
  test('each row leads to its scene, and so does each case in which the table is too simple', async ({
    page,
  }) => {
    await page.goto(chapter);
    const beside = page.locator('#beside');
    await beside.scrollIntoViewIfNeeded();
    await expect(figureOf(page, first)).toBeVisible();
    for (const { id, row, title } of scenes) {
      const link = row
        ? beside.getByRole('row', { name: row }).getByRole('link', { name: row, exact: true })
        : beside.getByRole('navigation').getByRole('link', { name: title, exact: true });
      await link.click();
      await expect(figureOf(page, id)).toBeVisible();
      await expect(beside.locator('figure.xb:visible')).toHaveCount(1);
      await expect(figureOf(page, id).locator('.xb-half .xp-svg:visible')).toHaveCount(2);
      await alive(figureOf(page, id));
    }
  });

  test('each cell has a mark that leads to its proof', async ({ page }) => {
    await page.goto(chapter);
    const rows = page.locator('#beside tbody tr');
    await expect(rows).toHaveCount(5);
    for (const row of await rows.all()) await expect(row.locator('td .claim-mark')).toHaveCount(2);
  });

  test('plays both in step, pauses, steps, scrubs, resets', async ({ page }) => {
    await page.goto(chapter);
    const figure = figureOf(page, first);
    await alive(figure);
    const poster = await moment(figure);
    await figure.locator('.xp-play').click();
    await expect(figure).toHaveAttribute('data-playing', 'true');
    await expect
      .poll(async () => parseFloat((await figure.locator('.xp-time').textContent()) ?? ''))
      .toBeGreaterThan(1);
    await figure.locator('.xp-play').click();
    await expect(figure).toHaveAttribute('data-playing', 'false');
    await scrub(figure, 9);
    await figure.getByRole('button', { name: 'Step', exact: true }).click();
    await expect.poll(() => moment(figure)).toBeGreaterThan(9);
    const stepped = await moment(figure);
    await figure.getByRole('button', { name: 'Step', exact: true }).click();
    await expect.poll(() => moment(figure)).toBeGreaterThan(stepped);
    await figure.getByRole('button', { name: 'Step back' }).click();
    await expect.poll(() => moment(figure)).toBe(stepped);
    await figure.getByRole('button', { name: 'Reset' }).click();
    await expect.poll(() => moment(figure)).toBe(poster);
  });

  test('every claim of every scene is shown by the end of its run', async ({ page }) => {
    test.slow();
    await page.goto(chapter);
    for (const { id } of scenes) {
      await page.locator(`#beside nav a[href="#${id}"]`).click();
      const figure = figureOf(page, id);
      await alive(figure);
      await figure.locator('.xp-stage').first().focus();
      await page.keyboard.press('End');
      await expect(figure.locator('.xp-claim')).not.toHaveCount(0);
      await expect(figure.locator('.xp-claim:not(.xp-claim-holds)'), id).toHaveCount(0, { timeout: 20_000 });
    }
  });

  test('by keyboard alone: a row is chosen, both play, a record’s life is listed', async ({ page }) => {
    await page.goto(chapter);
    const link = page.locator('#beside tbody a[href="#beside-replay"]');
    await link.focus();
    await page.keyboard.press('Enter');
    const figure = figureOf(page, 'beside-replay');
    await alive(figure);
    await figure.locator('.xb-stream .xp-stage').focus();
    await page.keyboard.press('Space');
    await expect(figure).toHaveAttribute('data-playing', 'true');
    await page.keyboard.press('Space');
    await expect(figure).toHaveAttribute('data-playing', 'false');
    await scrub(figure, 12);
    await figure.locator('.xb-stream [data-cell][tabindex="0"]').focus();
    await page.keyboard.press('Enter');
    await expect(half(figure, 'Kafka').locator('.xp-life')).toContainText('Life of a record');
    await page.keyboard.press('Escape');
    await expect(figure.locator('.xp-life')).toHaveCount(0);
  });

  test('what is done is done to both, and shared', async ({ page, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(chapter);
    const figure = figureOf(page, first);
    await alive(figure);
    await scrub(figure, 10);
    await figure.getByRole('button', { name: 'Crash Billing 1' }).click();
    await expect(figure.getByRole('button', { name: 'Restart Billing 1' })).toBeVisible();
    for (const broker of ['RabbitMQ', 'Kafka'])
      await expect(half(figure, broker).locator('.xp-svg')).toContainText('crashed at 10.0 s');
    await figure.getByRole('button', { name: 'A new audience asks for everything' }).click();
    await scrub(figure, 20);
    await figure.getByRole('button', { name: 'Share' }).click();
    await expect(figure.getByRole('button', { name: 'Copied' })).toBeVisible();
    const address = await page.evaluate(() => navigator.clipboard.readText());

    await page.goto('about:blank');
    await page.goto(address);
    const shared = figureOf(page, first);
    await alive(shared);
    await expect.poll(() => moment(shared)).toBe(20);
    await expect(shared.locator('.xp-actions li')).toHaveCount(2);
    for (const broker of ['RabbitMQ', 'Kafka'])
      await expect(half(shared, broker).locator('.xp-svg')).toContainText('crashed at 10.0 s');
  });

  test('an address of a scene shows it', async ({ page }) => {
    await page.goto(`${chapter}#beside-share-group`);
    await expect(figureOf(page, 'beside-share-group')).toBeInViewport();
    await expect(figureOf(page, first)).toBeHidden();
  });

  for (const theme of ['light', 'dark'] as const)
    test(`has no flaw that axe knows, in ${theme}`, async ({ page }) => {
      await page.emulateMedia({ colorScheme: theme });
      await page.goto(chapter);
      await alive(figureOf(page, first));
      const { violations } = await new AxeBuilder({ page }).include(`[id="${first}"]`).analyze();
      expect(violations).toEqual([]);
    });

  test('fits a phone: the halves one above the other, nothing wider than the page', async ({ page }) => {
    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(chapter);
    const figure = figureOf(page, first);
    await alive(figure);
    const [queue, stream] = await Promise.all(
      ['RabbitMQ', 'Kafka'].map((broker) => half(figure, broker).boundingBox()),
    );
    expect(stream!.y).toBeGreaterThan(queue!.y + queue!.height - 1);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
  });
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('all scenes stand there, with both pictures, and the links of the table lead to them', async ({
    page,
  }) => {
    await page.goto(chapter);
    for (const { id } of scenes) {
      await expect(figureOf(page, id)).toBeVisible();
      await expect(figureOf(page, id).locator('.xb-half .xp-svg:visible')).toHaveCount(2);
    }
    await page.locator('#beside tbody a[href="#beside-ordering"]').click();
    await expect(figureOf(page, 'beside-ordering')).toBeInViewport();
  });

  test('the page of workloads has its first one, with its figures, rules and sources', async ({ page }) => {
    await page.goto(compare);
    const figure = figureOf(page, 'compare');
    await expect(figure.locator('.xb-outcome td').first()).toHaveText(/^\d/);
    await expect(figure.locator('.xb-rules li')).not.toHaveCount(0);
    await expect(figure.locator('.xb-cost')).not.toHaveCount(0);
  });
});

test.describe('one workload, two brokers', () => {
  test('another workload is chosen, carried otherwise, and its costs are turned', async ({ page }) => {
    await page.goto(compare);
    const figure = figureOf(page, 'compare');
    await alive(figure);
    await page.getByRole('combobox', { name: 'Workload', exact: true }).selectOption('two-audiences');
    await expect(figure.getByRole('heading', { level: 3 })).toHaveText('Billing and analytics');
    await expect(half(figure, 'RabbitMQ').locator('.xp-svg')).toContainText('analytics');
    await alive(figure);
    const stored = figure.getByRole('row', { name: /^Can be replayed/ }).locator('td');
    await expect(stored.first()).toHaveText('0');
    await figure
      .getByRole('combobox', {
        name: 'What a confirmed message must survive, and how long it stays readable',
      })
      .selectOption('stream');
    await expect(stored.first()).not.toHaveText('0', { timeout: 30_000 });
    await expect(figure.locator('.xb-rules').first()).toContainText('each is a log; reading removes nothing');

    const p50 = figure.getByRole('row', { name: 'Latency p50' }).locator('td');
    const before = await p50.allTextContents();
    await figure.getByLabel('network.latencyMs').selectOption('10');
    await expect(p50.first()).not.toHaveText(before[0]!, { timeout: 30_000 });
    await expect(p50.last()).not.toHaveText(before[1]!, { timeout: 30_000 });
  });

  test('an address holds workload, choices and moment', async ({ page, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.goto(compare);
    const figure = figureOf(page, 'compare');
    await alive(figure);
    await page.getByRole('combobox', { name: 'Workload', exact: true }).selectOption('orders');
    await expect(figure.getByRole('heading', { level: 3 })).toHaveText('Orders, billed in order');
    await alive(figure);
    await figure.getByRole('combobox', { name: 'Batching at the producer' }).selectOption('50');
    await scrub(figure, 20);
    await figure.getByRole('button', { name: 'Share' }).click();
    await expect(figure.getByRole('button', { name: 'Copied' })).toBeVisible();
    const address = await page.evaluate(() => navigator.clipboard.readText());
    const told = await figure.locator('.xb-outcomes').textContent();

    await page.goto('about:blank');
    await page.goto(address);
    const shared = figureOf(page, 'compare');
    await expect(shared.getByRole('heading', { level: 3 })).toHaveText('Orders, billed in order');
    await expect(shared.getByRole('combobox', { name: 'Batching at the producer' })).toHaveValue('50');
    await expect.poll(() => moment(shared), { timeout: 30_000 }).toBe(20);
    await expect(shared.locator('.xb-outcomes')).toHaveText(told ?? '');
  });

  test('100,000 messages a second play on both', async ({ page }) => {
    test.slow();
    await page.goto(compare);
    const figure = figureOf(page, 'compare');
    await alive(figure);
    await page.getByRole('combobox', { name: 'Workload', exact: true }).selectOption('steady-100k');
    await expect(figure.getByRole('heading', { level: 3 })).toHaveText('100,000 messages a second');
    await alive(figure);
    const published = figure.getByRole('row', { name: /^Published/ }).locator('td');
    const before = (await published.first().textContent()) ?? '';
    await scrub(figure, 10);
    await figure.locator('.xp-play').click();
    await expect(published.first()).not.toHaveText(before, { timeout: 60_000 });
    await expect(published.last()).not.toHaveText('0', { timeout: 60_000 });
  });

  test('every workload has its first frames', async ({ page, site }) => {
    for (const id of workloads.keys()) {
      const response = await page.request.get(`${site.url}workloads/${id}.json`);
      expect(response.ok(), id).toBe(true);
    }
  });

  test('has no flaw that axe knows', async ({ page }) => {
    await page.goto(compare);
    await alive(figureOf(page, 'compare'));
    const { violations } = await new AxeBuilder({ page }).include('.workloads').analyze();
    expect(violations).toEqual([]);
  });
});
