// Practice as a reader does it: challenges that tick themselves when the reader's own run has what they ask for, and say by
// which events; by the buttons and by keyboard alone; kept over a reload, and shown where the chapter asks for them.
import type { Locator, Page } from '@playwright/test';
import { chapter, expect, test } from './site.ts';

const goal = (page: Page): Locator => page.getByRole('region', { name: 'Goal' });
const done = (page: Page): Locator => goal(page).getByRole('checkbox', { name: 'Done' });
const figureOf = (page: Page): Locator => page.locator('[data-experiment]');

/** A challenge's page, alive. */
async function open(page: Page, id: string): Promise<Locator> {
  await page.goto(`practice/${id}/`);
  const figure = figureOf(page);
  await figure.scrollIntoViewIfNeeded();
  await expect(figure.locator('.xp-play')).toBeEnabled();
  return figure;
}

async function scrub(figure: Locator, second: number): Promise<void> {
  await figure.getByRole('slider', { name: 'Moment of the run' }).fill(String(second * 1_000_000));
  await expect(figure.locator('.xp-time')).toHaveText(`${second.toFixed(3)} s`);
}

/** The stored tick of a challenge. */
async function stored(
  page: Page,
  id: string,
): Promise<{ done: boolean; by: string; run: string | null } | null> {
  const raw = await page.evaluate((key) => localStorage.getItem(key), `brokerbook/v1/task/practice/${id}`);
  return raw === null ? null : (JSON.parse(raw) as { done: boolean; by: string; run: string | null });
}

test('three consumers without stopping the world: by the buttons, ticked by the run, kept, and shown in the chapter', async ({
  page,
}) => {
  const id = 'kafka-three-without-stopping';
  const figure = await open(page, id);
  await expect(goal(page)).toContainText('Not yet: it waits for a third member');
  await scrub(figure, 14);

  // With the assignor as it is everybody stops; the goal says so, and what it was.
  await figure.getByRole('button', { name: 'Add consumer' }).click();
  await scrub(figure, 22);
  await expect(goal(page)).toContainText(/Not in this run: C\d gets orders-\d.* back/);
  await expect(done(page)).not.toBeChecked();
  expect(await stored(page, id)).toBeNull();

  await figure.getByRole('button', { name: 'Take back: add' }).click();
  await figure.getByLabel('partition.assignment.strategy').selectOption('cooperative-sticky');
  await scrub(figure, 14);
  await figure.getByRole('button', { name: 'Add consumer' }).click();
  await scrub(figure, 25);
  await expect(goal(page)).toContainText(/Reached at 1\d\.\d s/);
  await expect(goal(page).getByRole('status')).toHaveText(
    /^Goal reached: Three members share six partitions.* The task is ticked\.$/,
  );
  await expect(done(page)).toBeChecked();
  const kept = await stored(page, id);
  expect(kept).toMatchObject({ done: true, by: 'run' });
  expect(kept?.run).toMatch(/^1\./);

  // The events that did it, each with a way to its moment.
  const events = page.locator('.help-events li');
  await expect(events.filter({ hasText: 'lets go of orders-' })).toHaveCount(2);
  const last = await events.last().locator('.help-when').textContent();
  await events.last().getByRole('button', { name: /^show/ }).click();
  await expect
    .poll(async () => parseFloat((await figure.locator('.xp-time').textContent()) ?? '').toFixed(1))
    .toBe(parseFloat(last ?? '').toFixed(1));

  // After a reload it is still done, and its run can be seen again; that ticks nothing anew.
  await page.reload();
  await expect(done(page)).toBeChecked();
  await expect(goal(page)).toContainText('Ticked by your own run');
  await page.getByRole('button', { name: 'Show the run that did it' }).click();
  await expect(figure.locator('.xp-actions li')).toHaveCount(1);
  await expect(goal(page)).toContainText('it ticks nothing');
  expect(await stored(page, id)).toEqual(kept);

  await page.goto(`${chapter}#practice-ideas`);
  const idea = page.locator('.tasks > ul > li').nth(2);
  await expect(idea.locator('summary')).toContainText('1 of 6 tasks done');
  await idea.locator('summary').click();
  await expect(
    idea.getByRole('checkbox', { name: 'Add a consumer without stopping the others' }),
  ).toBeChecked();
  await expect(idea.getByRole('link', { name: 'show it' })).toHaveAttribute(
    'href',
    new RegExp(`/practice/${id}/\\?run=1\\..+#${id}$`),
  );
  await page.goto('practice/');
  await expect(page.locator('.challenges').first()).toContainText('1 of 9 done');
});

test('a publisher is blocked and goes on: by the buttons; what a hand takes out stays out', async ({
  page,
}) => {
  const id = 'rabbitmq-block-and-go-on';
  const figure = await open(page, id);
  await scrub(figure, 10);
  await figure.getByRole('button', { name: 'Memory alarm on Node 1', exact: true }).click();
  await expect(figure.locator('.xp-actions li')).toHaveCount(1);
  await scrub(figure, 15);
  await expect(goal(page)).toContainText('it waits for the end of what blocks it');
  await figure.getByRole('button', { name: 'End memory alarm on Node 1' }).click();
  await expect(figure.locator('.xp-actions li')).toHaveCount(2);
  await scrub(figure, 20);
  await expect(done(page)).toBeChecked();
  await expect(page.locator('.help-events li').first()).toContainText('Shop is blocked');
  expect(await stored(page, id)).toMatchObject({ done: true, by: 'run' });

  // The goal still holds at the moment shown, and the reader has the last word.
  await done(page).uncheck();
  await scrub(figure, 12);
  await scrub(figure, 22);
  await expect(goal(page)).toContainText('Reached at');
  await expect(done(page)).not.toBeChecked();
  await page.reload();
  await expect(goal(page)).toContainText('Ticks itself');
  await expect(done(page)).not.toBeChecked();
  expect(await stored(page, id)).toMatchObject({ done: false, by: 'hand' });
});

test('by keyboard alone: a solution that is watched ticks nothing, the same moves made by hand do', async ({
  page,
}) => {
  const id = 'kafka-processed-twice';
  const figure = await open(page, id);
  const tabTo = async (target: Locator, key = 'Tab'): Promise<void> => {
    for (let i = 0; i < 120; i++) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await page.keyboard.press(key);
    }
    throw new Error(`the keyboard does not reach ${String(target)}`);
  };
  const time = figure.locator('.xp-time');
  await page.locator('h1').focus();

  await tabTo(page.getByRole('button', { name: 'Play the solution' }));
  await page.keyboard.press('Enter');
  await expect(figure).toHaveAttribute('data-playing', 'true');
  await expect(figure.locator('.xp-actions')).toContainText('crash C1');
  await tabTo(figure.locator('.xp-stage'), 'Shift+Tab');
  await page.keyboard.press('End');
  await expect(goal(page)).toContainText('it ticks nothing');
  await expect(done(page)).not.toBeChecked();
  expect(await stored(page, id)).toBeNull();

  await tabTo(page.getByRole('button', { name: 'Begin anew' }));
  await page.keyboard.press('Enter');
  await expect(time).toHaveText('9.000 s');
  await expect(figure.locator('.xp-actions li')).toHaveCount(0);
  await tabTo(figure.getByRole('slider', { name: 'Moment of the run' }), 'Shift+Tab');
  for (let second = 10; second <= 15; second++) {
    await page.keyboard.press('PageUp');
    await expect(time).toHaveText(`${second}.000 s`);
  }
  await tabTo(figure.getByRole('button', { name: 'Crash C1' }));
  await page.keyboard.press('Enter');
  await expect(figure.locator('.xp-actions li')).toHaveCount(1);
  await tabTo(figure.locator('.xp-stage'), 'Shift+Tab');
  await page.keyboard.press('End');
  await expect(done(page)).toBeChecked();
  await expect(goal(page).getByRole('status')).toContainText('Goal reached');
  expect(await stored(page, id)).toMatchObject({ done: true, by: 'run' });

  // The box is a hand's, too.
  await tabTo(done(page), 'Shift+Tab');
  await page.keyboard.press('Space');
  await expect(done(page)).not.toBeChecked();
  await page.keyboard.press('Space');
  await expect(goal(page)).toContainText('Ticked by hand.');
});

test('nothing shifts when a challenge comes alive, and its box may be ticked before that', async ({
  page,
}) => {
  await page.addInitScript(() => {
    const shifts: string[] = [];
    (window as unknown as { shifts: string[] }).shifts = shifts;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as (PerformanceEntry & {
        hadRecentInput: boolean;
        sources: { node: Node | null }[];
      })[])
        for (const { node } of entry.sources)
          if (!entry.hadRecentInput && node instanceof Element) shifts.push(node.outerHTML.slice(0, 120));
    }).observe({ type: 'layout-shift', buffered: true });
  });
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(/\/Goal\.[^/]*\.js$/, async (route) => {
    await held;
    await route.continue();
  });
  await page.setViewportSize({ width: 360, height: 900 });
  await page.goto('practice/rabbitmq-two-deaths/');
  await page.evaluate(() => document.fonts.ready);
  await done(page).check();
  release();
  await expect(goal(page)).toContainText('Ticked by hand.');
  await expect(done(page)).toBeChecked();
  await figureOf(page).scrollIntoViewIfNeeded();
  await expect(figureOf(page).locator('.xp-play')).toBeEnabled();
  expect(await page.evaluate(() => (window as unknown as { shifts: string[] }).shifts)).toEqual([]);
});
