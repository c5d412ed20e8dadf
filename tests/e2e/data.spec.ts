// The reader's own page: everything exported, erased and imported byte for byte; files that are no exports; a storage that is
// full, forbidden or changed meanwhile; resets taken back; the reminder; and where the reader was, after a reload.
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { chapter, expect, kafkaInDepth, test } from './site.ts';

const data = 'progress/';
const task = 'brokerbook/v1/task/chapter-03/practice/set-up-kafka';
const note = 'brokerbook/v1/note/chapter-03/my-notes/save/x-1';
const text = (words: string, by = 'x'): string =>
  JSON.stringify({ version: 1, text: words, savedAtMs: 1, by, seen: { [by]: 1 } });
const ticked = '{"version":2,"done":true,"changedAtMs":1,"by":"hand","run":null}';

type Values = Record<string, string>;
const storage = (page: Page): Promise<Values> => page.evaluate(() => ({ ...localStorage }));
const fill = (page: Page, values: Values): Promise<void> =>
  page.evaluate((all) => Object.entries(all).forEach(([key, raw]) => localStorage.setItem(key, raw)), values);
const said = (page: Page): Locator => page.locator('.data:has(.data-file) .data-said [role="status"]');
const file = (entries: Values, fields: object = {}) => ({
  name: 'copy.json',
  mimeType: 'application/json',
  buffer: Buffer.from(
    JSON.stringify({
      brokerbook: 1,
      exportedAt: '2026-11-28T12:00:00.000Z',
      entries: Object.entries(entries).map(([key, value]) => ({ key, value })),
      ...fields,
    }),
  ),
});
const choose = async (page: Page, chosen: Parameters<Locator['setInputFiles']>[0]): Promise<void> => {
  const input = page.locator('.data-file input');
  await expect(input).toBeEnabled();
  await input.setInputFiles(chosen);
};

const violations = async (page: Page): Promise<unknown[]> =>
  (await new AxeBuilder({ page }).analyze()).violations;

/** By the keyboard, once the island around the button is awake. */
const press = async (button: Locator): Promise<void> => {
  await expect(button).toBeEnabled();
  await button.press('Enter');
};

test('exported, erased and imported again it is the same, byte for byte, by the keyboard alone', async ({
  page,
}) => {
  await page.goto(data);
  await fill(page, {
    [task]: ticked,
    [note]: text('Lag is not loss. \u{1f980} <img src=x onerror="window.hit=1"> \u2028 \ud800'),
    [note.replace('x-1', 'y-1')]: text('beside', 'y'),
    [`${task}/set-aside/12`]: '{"version":1,"do',
    'brokerbook/v1/quiz/newer': '{"version":99}',
    'brokerbook/v1/dreams/Of a Later Book': 'anything',
    'another-site': 'stays',
  });
  await page.reload();
  const exporting = page.waitForEvent('download');
  await press(page.getByRole('button', { name: 'Export everything' }));
  const exported = await exporting;
  expect(exported.suggestedFilename()).toMatch(/^brokerbook-\d{4}-\d\d-\d\d\.json$/);
  await expect(said(page)).toContainText('Exported to brokerbook-');
  const before = await storage(page);

  const erase = page.getByRole('button', { name: 'Erase everything…' });
  await press(erase);
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('notes, answers, ticks');
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(erase).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(dialog).toBeHidden();
  const left = Object.keys(await storage(page)).filter((key) => key.startsWith('brokerbook/'));
  expect(left).toEqual([]);

  await choose(page, await exported.path());
  const plan = page.locator('.data-plan');
  await expect(plan).toBeFocused();
  await expect(plan).toContainText(/This will add 7, change 0 and keep 0\./);
  await plan.getByText('What it adds').click();
  expect(await violations(page)).toEqual([]);
  await expect(plan.locator('q').first()).toContainText('<img src=x');
  await plan.getByRole('button', { name: 'Import' }).press('Enter');
  await expect(said(page)).toContainText('7 added, 0 changed, 0 kept');
  expect(await storage(page)).toEqual(before);
  await expect(page.locator('.data-book .progress-count')).toHaveText(/^1 of/);

  await choose(page, await exported.path());
  await expect(plan).toContainText('Nothing to do: all that is in the file is here. 7 kept.');
  await expect(plan.getByRole('button', { name: 'Import' })).toBeDisabled();
  await plan.getByRole('button', { name: 'Cancel' }).press('Enter');
  await expect(page.locator('.data-file input')).toBeFocused();
  expect(await page.evaluate(() => 'hit' in window)).toBe(false);
});

test('a file that is wrong, cut short, newer, huge or hostile is told apart, and nothing happens', async ({
  page,
}) => {
  await page.goto(data);
  await fill(page, { [note]: text('mine') });
  const before = await storage(page);
  const whole = file({ [task]: ticked });
  const huge = test.info().outputPath('huge.json');
  writeFileSync(huge, '');
  truncateSync(huge, 50_000_001);
  const as = (buffer: Buffer) => ({ ...whole, buffer });
  for (const [chosen, words] of [
    [
      as(Buffer.from('PK\u0003\u0004 a zip')),
      /Nothing was imported from copy\.json\. Not an export of this book: expected JSON/,
    ],
    [as(whole.buffer.subarray(0, whole.buffer.length - 9)), /cut short or damaged/],
    [file({}, { brokerbook: 2 }), /A newer book wrote it: reload the page/],
    [huge, /The file has 50 MB; expected an export of at most 50 MB\. It was not read\./],
    [
      file({ 'starlight-theme': 'dark' }),
      /entries\.0\.key: expected a key that begins with "brokerbook\/v1\/"/,
    ],
    [file({}, { entries: [{ key: task, value: { done: true } }] }), /entries\.0\.value: expected text/],
  ] as const) {
    await choose(page, chosen);
    await expect(said(page)).toHaveText(words);
    await expect(page.locator('.data-plan')).toHaveCount(0);
  }
  // One that says of a text that it replaces the reader's stands beside it.
  await choose(
    page,
    file({ [note.replace('x-1', 'y-1')]: text('forged', 'y').replace('"y":1', '"x":99,"y":1') }),
  );
  await page.getByRole('button', { name: 'Import', exact: true }).click();
  await expect(said(page)).toContainText('1 added');
  const after = await storage(page);
  expect(after[note]).toBe(before[note]);
  await page.goto(chapter);
  await page.locator('.kept-note').scrollIntoViewIfNeeded();
  await expect(page.locator('.kept-note .kept-aside')).toBeVisible();
  const shown = `${await page.getByRole('textbox', { name: 'Your notes on this chapter' }).inputValue()} ${await page.locator('.kept-note .kept-aside').innerText()}`;
  expect(shown).toContain('mine');
  expect(shown).toContain('forged');
});

test('a storage that fills in mid-import keeps what it had, and one that changed meanwhile is planned anew', async ({
  page,
  context,
}) => {
  await page.goto(data);
  await fill(page, { [task]: ticked.replace('true', 'false') });
  await page.evaluate(() => {
    for (let size = 4_000_000, index = 0; size >= 1;) {
      try {
        localStorage.setItem(`filler-${(index += 1)}`, 'x'.repeat(size));
      } catch {
        size = Math.floor(size / 2);
      }
    }
    localStorage.removeItem('filler-1');
  });
  const before = await storage(page);
  const copy = file({
    [task]: ticked.replace('"changedAtMs":1', '"changedAtMs":9'),
    [note]: text('fits'),
    [note.replace('x-1', 'y-1')]: text('does not fit '.repeat(400_000), 'y'),
  });
  await choose(page, copy);
  const importing = page.getByRole('button', { name: 'Import', exact: true });
  await importing.click();
  await expect(said(page)).toHaveText(/^Nothing was done, and everything is as it was: .* is full\.$/);
  expect(await storage(page)).toEqual(before);

  // Another tab makes room and ticks the task; the plan that was shown is not carried out.
  const other = await context.newPage();
  await other.goto(data);
  await other.evaluate(
    ([key, raw]) => {
      for (const name of Object.keys(localStorage))
        if (name.startsWith('filler')) localStorage.removeItem(name);
      localStorage.setItem(key, raw);
    },
    [task, ticked.replace('"changedAtMs":1', '"changedAtMs":99')] as const,
  );
  // Tabs hear of one another's writing a little later, and on a slow machine after the click.
  await expect
    .poll(() => page.evaluate((key) => localStorage.getItem(key), task))
    .toContain('"changedAtMs":99');
  await expect(page.locator('.data-plan')).toContainText('change 1');
  await importing.click();
  await expect(said(page)).toContainText('changed meanwhile');
  await expect(page.locator('.data-plan')).toContainText('This will add 2, change 0 and keep 1.');
});

test('a page is reset by its sections, after a question, and it is taken back', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await page.goto(data);
  await fill(page, {
    [task]: ticked,
    'brokerbook/v1/prediction/kafka-acks': '{"version":1,"choice":"a","chosenAtMs":1}',
    'brokerbook/v1/answer/chapter-03/questions/best-fit/save/x-1': text('Kafka'),
    [note]: text('stays'),
  });
  await page.reload();
  const sidebar = page.locator('#starlight__sidebar .progress-count').first();
  await expect(sidebar).toHaveText(/^3 of/);
  const before = await storage(page);
  const reset = page.getByRole('button', {
    name: 'Reset… Chapter 3: Message Brokers & Event Infrastructure',
  });
  await press(reset);
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('What goes: 1 task, 1 answer, 1 prediction.');
  await page.setViewportSize({ width: 360, height: 740 });
  expect(await violations(page)).toEqual([]);
  const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  expect(sideways).toBeLessThanOrEqual(0);
  for (const control of await dialog.locator('button, label').all())
    expect((await control.boundingBox())?.height).toBeGreaterThanOrEqual(44);
  await dialog.getByRole('checkbox', { name: /^Questions to Reflect On/ }).press('Space');
  await expect(dialog).toContainText('What goes: 1 task, 1 prediction.');
  await dialog.getByRole('button', { name: 'Reset' }).press('Enter');
  await expect(reset).toBeFocused();
  await expect(sidebar).toHaveText(/^1 of/);
  expect(Object.keys(await storage(page)).filter((key) => /task|prediction/.test(key))).toEqual([]);
  await page.getByRole('button', { name: 'Undo' }).press('Enter');
  await expect(page.getByText('Taken back: everything is as it was.')).toBeVisible();
  expect(await storage(page)).toEqual(before);
  await expect(sidebar).toHaveText(/^3 of/);
});

test('a reminder comes where there is much and no copy, and rests when it is put off', async ({ page }) => {
  await page.goto(data);
  const last = page.locator('.data-last');
  await expect(last).toHaveText('Never');
  const much = Object.fromEntries(
    Array.from({ length: 25 }, (_, at) => [`brokerbook/v1/task/c/practice/${at}`, ticked]),
  );
  await fill(page, much);
  await page.goto(chapter);
  await page.getByRole('link', { name: 'Keep a copy of your notes' }).click();
  await expect(page).toHaveURL(/progress\/#keep-a-copy$/);
  await expect(last).toContainText('time for a copy');
  await last.getByRole('button', { name: 'Remind me in a week' }).click();
  await expect(last).toHaveText('Never');
  await expect(page.getByRole('link', { name: 'Keep a copy of your notes' })).toHaveCount(0);
  // What could not be read is offered here, wherever it was found.
  await fill(page, { [`${task}/set-aside/12`]: '{"version":1,"do' });
  await page.reload();
  const saving = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save it as a file' }).click();
  expect(readFileSync(await (await saving).path(), 'utf8')).toBe('{"version":1,"do');
});

test('with a forbidden storage it says so, and nothing breaks', async ({ page }) => {
  await page.addInitScript(() => {
    Object.defineProperty(window, 'localStorage', {
      configurable: true,
      get() {
        throw new DOMException('Access is denied for this document.', 'SecurityError');
      },
    });
  });
  await page.goto(data);
  await expect(page.locator('.data-facts')).toContainText('does not let the site store anything');
  await page.getByRole('button', { name: 'Export everything' }).click();
  await expect(said(page)).toHaveText('Not exported: this browser does not let the site store anything.');
  await choose(page, file({ [task]: ticked }));
  await expect(said(page)).toHaveText('Not imported: this browser does not let the site store anything.');
});

test('after a reload the reader is where they were, and home leads back, in depth too', async ({
  page,
  site,
}) => {
  await page.goto(kafkaInDepth);
  const heading = page.locator('#reading-it-again');
  // By the wheel, as a reader would: what the address names is found by the browser anyway.
  await heading.evaluate((element) =>
    window.scrollTo({ top: element.getBoundingClientRect().top + scrollY - 120, behavior: 'instant' }),
  );
  await expect
    .poll(() => page.evaluate(() => localStorage.getItem('brokerbook/v1/place/last')))
    .toContain('reading-it-again');
  await page.reload();
  await expect(heading).toBeInViewport();
  await page.waitForLoadState('networkidle');
  await expect(heading).toBeInViewport();
  await page.goto('');
  await page.getByRole('link', { name: 'Resume: Kafka in depth, Reading it again' }).click();
  await expect(page).toHaveURL(`${site.url}${kafkaInDepth}#reading-it-again`);
  await expect(heading).toBeInViewport();
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('it says what is missing, lists what there is to do, and has no button that would do nothing', async ({
    page,
  }) => {
    await page.goto(data);
    // Playwright's text locators pass over noscript.
    await expect(page.locator('noscript p', { hasText: 'with JavaScript switched off' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'Practice Ideas' })).toBeVisible();
    await expect(page.locator('main :is(button, input)').filter({ visible: true })).toHaveCount(0);
  });
});
