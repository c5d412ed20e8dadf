// The experiment as a reader uses it: by mouse, by keyboard alone, by address, and when things fail.
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { chapter, expect, focusedAsShown, test } from './site.ts';

const id = 'kafka-consumer-groups';

/** The experiment of the chapter, in view and alive. */
async function open(page: Page, at: string = chapter): Promise<Locator> {
  await page.goto(at);
  const figure = page.locator(`[id="${id}"]`);
  await figure.scrollIntoViewIfNeeded();
  await expect(figure.locator('.xp-play')).toBeEnabled();
  return figure;
}

/** The moment shown, in seconds. */
async function moment(figure: Locator): Promise<number> {
  return parseFloat((await figure.locator('.xp-time').textContent()) ?? '');
}

async function scrub(figure: Locator, second: number): Promise<void> {
  await figure.getByRole('slider', { name: 'Moment of the run' }).fill(String(second * 1_000_000));
  await expect(figure.locator('.xp-time')).toHaveText(`${second.toFixed(3)} s`);
}

const playButton = (figure: Locator): Locator => figure.locator('.xp-play');
const member = (figure: Locator, name: string): Locator =>
  figure.locator('.xp-svg:visible .xp-box').filter({ has: figure.page().getByText(name, { exact: true }) });

test('plays from the start, pauses, steps, steps back, scrubs, resets', async ({ page }) => {
  const figure = await open(page);
  const poster = await moment(figure);
  expect(poster).toBeGreaterThan(0);
  await expect(playButton(figure)).toHaveText(/Play from the start/);
  await playButton(figure).click();
  await expect.poll(() => moment(figure)).toBeLessThan(poster);
  await expect.poll(() => moment(figure)).toBeGreaterThan(0.5);
  await playButton(figure).click();
  await expect(playButton(figure)).toHaveText(/^\s*Play$/);
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
  await expect(playButton(figure)).toHaveText(/Play from the start/);
});

test('a setting starts the run over and stays at the moment', async ({ page }) => {
  const figure = await open(page);
  await scrub(figure, 30);
  const text = (): Promise<string | null> => figure.locator('.xp-figures').textContent();
  const before = await text();
  await figure.getByLabel('session.timeout.ms').selectOption('45000');
  await expect.poll(text).not.toBe(before);
  expect(await moment(figure)).toBe(30);
});

test('a crash gives duplicates, an extra consumer idles, a new partition gives it work', async ({ page }) => {
  const figure = await open(page);
  await scrub(figure, 5);
  await figure.getByRole('button', { name: 'Add consumer' }).click();
  await expect(figure.locator('.xp-actions li')).toHaveCount(1);
  await scrub(figure, 10);
  await expect(figure.locator('.xp-svg:visible')).toContainText('idle: no partition');
  await figure.getByRole('button', { name: 'Add partition' }).click();
  await expect(figure.locator('.xp-svg:visible .xp-partition')).toHaveCount(4);
  await figure.getByRole('button', { name: 'Take back: raise' }).click();
  await expect(figure.locator('.xp-svg:visible .xp-partition')).toHaveCount(3);
  await figure.getByRole('button', { name: 'Take back: add' }).click();
  await scrub(figure, 14);
  await figure.getByRole('button', { name: 'Crash C0' }).click();
  await expect(member(figure, 'C0')).toContainText('crashed at 14.0 s');
  await scrub(figure, 30);
  await expect(figure.locator('.xp-bad', { hasText: 'processed again' })).toBeVisible();
});

test('a record is sent, and its life can be listed', async ({ page }) => {
  const figure = await open(page);
  await scrub(figure, 12);
  await figure.getByLabel('Key', { exact: true }).selectOption('no key');
  await figure.getByRole('button', { name: 'Send' }).click();
  await expect(figure.locator('.xp-actions')).toContainText('send a record without a key');
  await scrub(figure, 13);
  await figure.getByRole('button', { name: /offset \d+, no key/ }).click();
  const life = figure.getByRole('region', { name: /Life of a record/ });
  await expect(life.locator('li').first()).toContainText('sends record');
  await expect(life.locator('small').first()).toContainText(/K-\d+/);
  await page.keyboard.press('Escape');
  await expect(life).toBeHidden();
});

test('a record’s life has the focus as soon as it is there: Escape typed at once closes it', async ({
  page,
}) => {
  const figure = await open(page);
  await scrub(figure, 12);
  const cell = figure.locator('[data-cell][tabindex="0"]');
  await cell.focus();
  const focused = await focusedAsShown(page, '.xp-life', () => cell.press('Enter'));
  expect(focused).toMatch(/^<section class="xp-life"/);

  // Asked for again, it is gone to again.
  await cell.focus();
  await cell.press('Enter');
  await expect(figure.locator('.xp-life')).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(figure.locator('.xp-life')).toHaveCount(0);
});

test('claims lead to the events that show them, and events to their moment', async ({ page }) => {
  const figure = await open(page);
  const show = figure.getByRole('button', { name: /^show: / }).first();
  const before = await moment(figure);
  await show.click();
  await expect(playButton(figure)).toHaveText(/^\s*Play$/);
  // The lines are those of the moment shown, and change with it.
  await expect.poll(() => moment(figure)).not.toBe(before);
  await figure.getByText('Events up to this moment').click();
  const line = figure.locator('.xp-event').nth(4);
  const when = await line.getByRole('button').textContent();
  await line.getByRole('button').click();
  await expect(figure.locator('.xp-time')).toHaveText(when ?? '');
});

test('a run is shared by its address', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const figure = await open(page);
  await scrub(figure, 14);
  await figure.getByRole('button', { name: 'Crash C2' }).click();
  await figure.getByLabel('session.timeout.ms').selectOption('10000');
  await scrub(figure, 16);
  await figure.getByRole('button', { name: 'Share' }).click();
  await expect(figure.getByRole('button', { name: 'Copied' })).toBeVisible();
  const address = await page.evaluate(() => navigator.clipboard.readText());
  expect(address).toMatch(/\?run=1\.[^#]+#kafka-consumer-groups$/);

  const other = await context.newPage();
  const shared = await open(other, address);
  await expect(shared.locator('.xp-time')).toHaveText('16.000 s');
  await expect(shared.locator('.xp-actions')).toContainText('14.0 s crash C2');
  await expect(shared.getByLabel('session.timeout.ms')).toHaveValue('10000');
  await expect(member(shared, 'C2')).toContainText('crashed at 14.0 s');

  const cut = await open(other, address.slice(0, address.indexOf('#') - 6));
  await expect(cut.getByRole('alert')).toContainText('it was cut short');
  const poster = await moment(figure);
  expect(await moment(cut)).not.toBe(poster);
  await expect(playButton(cut)).toHaveText(/Play from the start/);

  const newer = await open(other, `${chapter}?run=2.abc.def#${id}`);
  await expect(newer.getByRole('alert')).toContainText(
    'made by another version of this page: expected 1, got 2',
  );
});

test('where the clipboard is closed, the address can be copied by hand', async ({ page }) => {
  await page.addInitScript(() =>
    Object.defineProperty(navigator, 'clipboard', {
      value: { writeText: () => Promise.reject(new Error()) },
    }),
  );
  const figure = await open(page);
  await figure.getByRole('button', { name: 'Share' }).click();
  await expect(figure.getByRole('textbox', { name: 'Address of this run' })).toHaveValue(/\?run=1\./);
});

test('a prediction is told why, and kept', async ({ page }) => {
  const figure = await open(page);
  const group = figure.getByRole('group', { name: 'Your prediction' });
  await group.getByRole('button', { name: 'the last committed offset' }).click();
  await expect(group).toContainText('✓ Yes.');
  await page.reload();
  await page.locator(`[id="${id}"]`).scrollIntoViewIfNeeded();
  await expect(group.getByRole('button', { name: 'the last committed offset' })).toHaveAttribute(
    'aria-pressed',
    'true',
  );
});

test('without a Worker the first frame stays, and says why it does not move', async ({ page }) => {
  await page.addInitScript(() => Reflect.deleteProperty(window, 'Worker'));
  const figure = await open(page);
  const before = await moment(figure);
  await playButton(figure).click();
  await expect(figure.getByRole('alert')).toContainText('this browser gives the page no Web Worker');
  expect(await moment(figure)).toBe(before);
  await figure.getByText('Events up to this moment').click();
  await expect(figure.locator('.xp-event').first()).toBeVisible();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('there is a frame to read and nothing to press', async ({ page }) => {
    await page.goto(chapter);
    const figure = page.locator(`[id="${id}"]`);
    await expect(figure.locator('.xp-svg:visible .xp-partition')).toHaveCount(3);
    await expect(figure.locator('.xp-caption')).not.toBeEmpty();
    expect(await figure.locator('button:enabled, select:enabled, input:enabled').count()).toBe(0);
    // One beside each experiment, and one for the scenes of the table together.
    const experiments = await page.locator('[data-experiment]').count();
    expect(await page.locator('.xp-noscript').count()).toBe(experiments + 1);
    for (const words of await page.locator('.xp-noscript').all()) {
      await expect(words).toBeVisible();
      await expect(words).toContainText(/To play (it|them), the page needs JavaScript/);
    }
  });
});

test.describe('a worker that dies', () => {
  test('is replaced, and the run goes on from where it was', async ({ page }) => {
    await page.addInitScript(() => {
      const Native = window.Worker;
      const made: Worker[] = [];
      Object.assign(window, { made });
      window.Worker = class extends Native {
        constructor(...args: ConstructorParameters<typeof Worker>) {
          super(...args);
          made.push(this);
        }
      };
    });
    const figure = await open(page);
    await scrub(figure, 14);
    await figure.getByRole('button', { name: 'Crash C0' }).click();
    await expect(member(figure, 'C0')).toContainText('crashed');
    // From now on the worker is silent, as one is that hangs.
    await page.evaluate(() => {
      (window as unknown as { made: Worker[] }).made[0]?.terminate();
    });
    await figure.getByRole('button', { name: 'Step', exact: true }).click();
    await expect.poll(() => moment(figure), { timeout: 20_000 }).toBeGreaterThan(14);
    await expect(member(figure, 'C0')).toContainText('crashed at 14.0 s');
    expect(await page.evaluate(() => (window as unknown as { made: Worker[] }).made.length)).toBe(2);
  });
});

test('everything by keyboard', async ({ page }) => {
  const figure = await open(page);
  const stage = figure.locator('.xp-stage');
  await stage.focus();
  await page.keyboard.press('Home');
  await expect(figure.locator('.xp-time')).toHaveText('0.000 s');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Space');
  await expect(figure).toHaveAttribute('data-playing', 'true');
  await page.keyboard.press('Space');
  await expect(figure).toHaveAttribute('data-playing', 'false');
  await page.keyboard.press('End');
  const slider = figure.getByRole('slider', { name: 'Moment of the run' });
  const end = Number(await slider.getAttribute('max')) / 1_000_000;
  const says = (second: number): string => `${second.toFixed(3)} s`;
  await expect(figure.locator('.xp-time')).toHaveText(says(end));

  // Into the tapes, along one, and into a record's life and back.
  await page.keyboard.press('Tab');
  const focused = (): Promise<string | null> =>
    page.evaluate(() => document.activeElement?.getAttribute('data-cell') ?? null);
  const first = await focused();
  expect(first).not.toBeNull();
  await page.keyboard.press('ArrowLeft');
  await expect.poll(focused).not.toBe(first);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect(figure.getByRole('region', { name: /Life of a record/ })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(stage).toBeFocused();

  await slider.focus();
  await page.keyboard.press('PageDown');
  await expect(figure.locator('.xp-time')).toHaveText(says(end - 1));
  await page.keyboard.press('ArrowRight');
  await expect(figure.locator('.xp-time')).toHaveText(says(end - 0.9));
  await expect(slider).toHaveAttribute('aria-valuetext', `${says(end - 0.9)} of ${says(end)}`);
});

test('a button that is gone after its work hands the focus on', async ({ page }) => {
  const figure = await open(page);
  await scrub(figure, 14);
  await figure.getByRole('button', { name: 'Crash C0' }).focus();
  await page.keyboard.press('Enter');
  await expect(figure.getByRole('button', { name: 'Restart C0' })).toBeFocused();
  await figure.getByRole('button', { name: 'Take back: crash' }).focus();
  await page.keyboard.press('Enter');
  await expect(figure.locator('.xp-actions')).toBeHidden();
  await expect(figure.getByLabel('Producer')).toBeFocused();
});

test('on a phone, asking for an event brings the stage into view', async ({ page }) => {
  await page.setViewportSize({ width: 360, height: 740 });
  const figure = await open(page);
  const show = figure.getByRole('button', { name: /^show: / }).last();
  await show.scrollIntoViewIfNeeded();
  const stage = figure.locator('.xp-stage');
  await expect(stage).not.toBeInViewport({ ratio: 0.9 });
  await show.click();
  await expect(stage).toBeInViewport({ ratio: 0.9 });
});

test('an address that names no figure of the page is told of by the first one', async ({ page }) => {
  await page.goto(`${chapter}?run=1.abc.def#elsewhere`);
  const figure = page.locator('[data-experiment]').first();
  await figure.scrollIntoViewIfNeeded();
  await expect(figure.getByRole('alert')).toContainText('it was cut short or changed on its way');
});

test.describe('where colours are forced', () => {
  test.use({ contextOptions: { forcedColors: 'active' } });

  test('the timeline and the answer chosen can still be seen', async ({ page }) => {
    const figure = await open(page);
    const colour = (selector: string): Promise<string> =>
      figure
        .locator(selector)
        .first()
        .evaluate((element) => getComputedStyle(element).backgroundColor);
    const paper = await colour('.xp-timeline');
    for (const part of ['.xp-rail', '.xp-gone', '.xp-span', '.xp-mark-claim-holds']) {
      expect(await colour(part), part).not.toBe(paper);
    }
    const option = figure.getByRole('button', { name: 'the last committed offset' });
    await option.click();
    await expect(option).toHaveCSS('outline-style', 'solid');
  });
});

test('what is off screen does not run', async ({ page }) => {
  const figure = await open(page);
  await scrub(figure, 1);
  await playButton(figure).click();
  await expect.poll(() => moment(figure)).toBeGreaterThan(1.2);
  await page.evaluate(() => window.scrollTo({ top: 0, behavior: 'instant' }));
  await page.waitForTimeout(300);
  const stopped = await moment(figure);
  await page.waitForTimeout(500);
  expect(await moment(figure)).toBe(stopped);
  await figure.scrollIntoViewIfNeeded();
  await expect.poll(() => moment(figure)).toBeGreaterThan(stopped);
});

test('nothing shifts when it comes alive, and no text is smaller than it may be', async ({ page }) => {
  for (const width of [360, 768, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(chapter);
    await page.evaluate(() => {
      const seen = { shift: 0 };
      Object.assign(window, { seen });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) seen.shift += (entry as unknown as { value: number }).value;
      }).observe({ type: 'layout-shift' });
    });
    const figure = page.locator(`[id="${id}"]`);
    await figure.scrollIntoViewIfNeeded();
    await expect(playButton(figure)).toBeEnabled();
    await page.waitForTimeout(200);
    const shift = await page.evaluate(() => (window as unknown as { seen: { shift: number } }).seen.shift);
    expect(shift, `layout shift at ${width} px`).toBeLessThan(0.01);
    const smallest = await figure.evaluate((element) => {
      const texts = [...element.querySelectorAll<SVGTextElement>('.xp-svg text')].filter(
        (text) => text.getClientRects().length > 0,
      );
      return Math.min(
        ...texts.map((text) => parseFloat(getComputedStyle(text).fontSize) * (text.getScreenCTM()?.a ?? 0)),
      );
    });
    expect(smallest, `smallest text of the stage at ${width} px`).toBeGreaterThanOrEqual(10.95);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
  }
});

for (const theme of ['light', 'dark'] as const) {
  test(`axe finds nothing in the ${theme} theme, with everything open`, async ({ page }) => {
    const figure = await open(page);
    await page.evaluate((name) => (document.documentElement.dataset['theme'] = name), theme);
    await scrub(figure, 18);
    for (const details of await figure.locator('details').all()) {
      if (!(await details.evaluate((element) => (element as HTMLDetailsElement).open))) {
        await details.locator('summary').click();
      }
    }
    await figure.locator('.xp-svg:visible [data-cell]').first().click();
    await expect(
      figure
        .getByRole('region', { name: /Life of a record/ })
        .locator('li')
        .first(),
    ).toBeVisible();
    const { violations } = await new AxeBuilder({ page }).include(`[id="${id}"]`).analyze();
    expect(
      violations.map(({ id: rule, nodes }) => [rule, nodes.map(({ html }) => html.slice(0, 120))]),
    ).toEqual([]);
  });
}

test.describe('with reduced motion', () => {
  test.use({ contextOptions: { reducedMotion: 'reduce' } });

  test('states change and nothing travels', async ({ page }) => {
    const figure = await open(page);
    await expect(figure.locator('.xp-svg:visible .xp-travellers')).toBeHidden();
    await scrub(figure, 1);
    await playButton(figure).click();
    await expect.poll(() => moment(figure)).toBeGreaterThan(1.2);
  });
});
