// Quizzes and reflection: answered by keyboard, kept over reloads and tabs, wrong ones asked again later and not at once;
// what to consider behind its fold; and all of it to be read without scripts.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { quizFiles } from '../../src/components/quizzes/quizzes.ts';
import { chapter, expect, test } from './site.ts';

const chapterQuizzes = quizFiles().find(({ page }) => page === 'chapter-03-message-brokers')!.sections;
const [first, second] = chapterQuizzes;
const question = first!.questions[0]!;
const right = question.choices.find((choice) => choice.right)!;
const wrong = question.choices.find((choice) => !choice.right)!;
const key = `brokerbook/v1/quiz/${question.id}`;

/** A text of a quiz as the page shows it. */
const shown = (text: string): string => text.replaceAll('`', '');
const quiz = (page: Page, section = first!.section): Locator => page.locator(`#quiz-${section}`);
const form = (page: Page): Locator => quiz(page).locator('form').first();
const tally = (page: Page, section = first!.section): Locator => quiz(page, section).locator('.quiz-tally');
const stored = (page: Page): Promise<unknown> =>
  page.evaluate((name) => JSON.parse(localStorage.getItem(name) ?? 'null') as unknown, key);

/** Brings a quiz into view and waits until it is awake. */
async function awake(page: Page, section = first!.section): Promise<Locator> {
  const target = quiz(page, section);
  await target.scrollIntoViewIfNeeded();
  await expect
    .poll(() => target.evaluate((element) => element.closest('astro-island')?.hasAttribute('ssr')))
    .toBe(false);
  return target;
}

test('a quiz is answered by keyboard alone, is kept, and follows other tabs', async ({ page, context }) => {
  await page.goto(chapter);
  await awake(page);
  await quiz(page).locator('summary').focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Space');
  const moveTo = async (id: string): Promise<void> => {
    for (let pressed = 0; pressed < question.choices.length; pressed += 1) {
      if (await form(page).locator(`[value="${id}"]`).isChecked()) return;
      await page.keyboard.press('ArrowDown');
    }
  };
  await moveTo(wrong.id);
  // Moving through the choices answers nothing.
  await expect(form(page).getByRole('status')).toBeEmpty();
  expect(await stored(page)).toBeNull();
  await page.keyboard.press('Enter');
  await expect(form(page).getByRole('status')).toHaveText(`✗ No. ${shown(wrong.why)}`);
  await expect(tally(page)).toHaveText(`0 of ${first!.questions.length} right`);
  expect(await stored(page)).toMatchObject({ choice: wrong.id, right: false, tries: 1 });

  const other = await context.newPage();
  await other.goto(chapter);
  await awake(other);
  await expect(tally(other)).toHaveText(`0 of ${first!.questions.length} right`);

  await moveTo(right.id);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(form(page).getByRole('status')).toHaveText(`✓ Yes. ${shown(right.why)}`);
  await expect(form(page).getByRole('link').first()).toHaveAttribute('href', /\/claims\/.+\/$/);
  await expect(tally(other)).toHaveText(`1 of ${first!.questions.length} right`);

  await page.reload();
  await awake(page);
  await expect(quiz(page)).not.toHaveAttribute('open');
  await expect(tally(page)).toHaveText(`1 of ${first!.questions.length} right`);
  await quiz(page).locator('summary').click();
  await expect(form(page).getByRole('radio', { name: shown(right.text) })).toBeChecked();
  await expect(form(page).getByRole('status')).toContainText('✓ Yes.');
  expect(await stored(page)).toMatchObject({ choice: right.id, right: true, tries: 2 });
});

test('a wrong answer is asked again after a while: in a later quiz and in its own place, and not at once', async ({
  page,
}) => {
  const startMs = Date.now();
  await page.clock.setFixedTime(startMs);
  await page.goto(chapter);
  await awake(page);
  await quiz(page).locator('summary').click();
  await form(page)
    .getByRole('radio', { name: shown(wrong.text) })
    .check();
  await form(page).getByRole('button', { name: 'Answer' }).click();
  await expect(form(page).getByRole('status')).toContainText('✗ No.');

  const next = await awake(page, second!.section);
  await next.locator('summary').click();
  await expect(next.getByText('From earlier sections')).toHaveCount(0);
  await next.locator('summary').click();

  await page.clock.setFixedTime(startMs + 3 * 60_000);
  await next.locator('summary').click();
  const again = next.getByRole('region', { name: 'From earlier sections' });
  await expect(again.getByRole('group')).toHaveAccessibleName(`To answer again. ${shown(question.question)}`);
  await expect(again.getByRole('radio', { checked: true })).toHaveCount(0);

  // On a return visit it is asked in its own place, too.
  await page.reload();
  await awake(page);
  await expect(tally(page)).toContainText('1 to answer again');
  await quiz(page).locator('summary').click();
  await expect(form(page)).toContainText('To answer again.');
  await expect(form(page).getByRole('radio', { checked: true })).toHaveCount(0);
  await quiz(page).locator('summary').click();

  await awake(page, second!.section);
  await expect(tally(page, second!.section)).toHaveText('1 to answer again');
  await next.locator('summary').click();
  await again.getByRole('radio', { name: shown(right.text) }).check();
  await again.getByRole('button', { name: 'Answer' }).click();
  await expect(again.getByRole('status')).toContainText('✓ Yes.');
  await expect(tally(page, second!.section)).toHaveText('');
  await expect(tally(page)).toHaveText(`1 of ${first!.questions.length} right`);
  expect(await stored(page)).toMatchObject({ right: true, tries: 2 });
});

test('a prediction counts in the quiz of its section, an early pick is kept, and what cannot be stored or read is said', async ({
  page,
  context,
}) => {
  const section = 'when-a-consumer-dies';
  const [answered, newer, corrupt] = chapterQuizzes.find((each) => each.section === section)!.questions;
  await context.addInitScript(
    ([answeredId, answeredChoice, newerId, corruptId]) => {
      const kept = 'brokerbook/v1';
      const prediction = { version: 1, choice: 'committed', chosenAtMs: 1 };
      localStorage.setItem(`${kept}/prediction/kafka-consumer-groups`, JSON.stringify(prediction));
      const answer = { version: 1, choice: answeredChoice, right: false, tries: 1, answeredAtMs: Date.now() };
      localStorage.setItem(`${kept}/quiz/${answeredId}`, JSON.stringify(answer));
      localStorage.setItem(`${kept}/quiz/${newerId}`, JSON.stringify({ version: 99 }));
      localStorage.setItem(`${kept}/quiz/${corruptId}`, 'half a val');
    },
    [answered!.id, answered!.choices[0]!.id, newer!.id, corrupt!.id],
  );
  let release = (): void => undefined;
  const picked = new Promise<void>((done) => (release = done));
  await context.route(/\/Quiz\.[^/]*\.js/, async (route) => {
    await picked;
    await route.continue();
  });
  await page.goto(chapter);
  await quiz(page, section).scrollIntoViewIfNeeded();
  await quiz(page, section).locator('summary').click();
  const early = quiz(page, section).locator('form').first();
  await early.getByRole('radio').nth(1).check();
  await expect(early.getByRole('button')).toBeDisabled();
  release();
  await expect(tally(page, section)).toHaveText('0 of 4 right, 1 prediction');
  await expect(early.getByRole('status')).toContainText(shown(answered!.choices[0]!.why));
  await expect(early.getByRole('radio').nth(1)).toBeChecked();
  await expect(quiz(page, section).locator('form').nth(1).getByRole('status')).toContainText(
    /^Not saved: .*It is left untouched/,
  );
  await expect(quiz(page, section).locator('.kept-aside')).toContainText('is not lost');
  await page.evaluate(() => {
    Object.defineProperty(window, 'localStorage', {
      get: () => {
        throw new DOMException('denied', 'SecurityError');
      },
    });
  });
  await early.getByRole('button', { name: 'Answer' }).click();
  await expect(early.getByRole('status')).toContainText(/(Yes|No)\..*Not saved:/);
});

test('an open quiz and an open fold are clean to axe, wide and light, narrow and dark', async ({ page }) => {
  for (const [widthPx, colorScheme] of [
    [1440, 'light'],
    [360, 'dark'],
  ] as const) {
    await page.setViewportSize({ width: widthPx, height: 900 });
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.goto(chapter);
    await awake(page);
    await quiz(page).locator('summary').click();
    for (const choice of [right, wrong]) {
      await form(page)
        .getByRole('radio', { name: shown(choice.text) })
        .check();
      await form(page).getByRole('button').click();
    }
    const fold = page.locator('.reflect-consider').first();
    await fold.locator('summary').click();
    const { violations } = await new AxeBuilder({ page })
      .include('.quiz[open]')
      .include('.reflect')
      .options({ resultTypes: ['violations'] })
      .analyze();
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(' ')).join()}`),
    ).toEqual([]);
    const small = await page
      .locator('.quiz[open] :is(summary, button, label, .quiz-see a)')
      .evaluateAll(
        (targets) =>
          targets
            .map((target) => target.getBoundingClientRect())
            .filter(({ width, height }) => width < 24 || height < 24).length,
      );
    expect(small, 'targets smaller than 24 px').toBe(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(widthPx);
  }
});

test('what to consider stays behind its fold, which says when to open it, and is printed', async ({
  page,
}) => {
  await page.goto(chapter);
  const items = page.locator('.reflect');
  await expect(items).toHaveCount(3);
  for (const item of await items.all()) {
    await item.scrollIntoViewIfNeeded();
    const text = item.locator('.reflect-consider p').first();
    const hint = item.locator('.reflect-hint');
    await expect(text).toBeHidden();
    await expect(hint).toBeVisible();
    await item.locator('summary').click();
    await expect(text).toBeVisible();
    expect(await item.locator('.reflect-before a').count()).toBeGreaterThanOrEqual(2);
    const before = await text.boundingBox();
    await item.getByRole('textbox').fill('My own.');
    await expect(hint).toBeHidden();
    expect(await text.boundingBox()).toEqual(before);
    await item.locator('summary').click();
    await expect(text).toBeHidden();
    await page.emulateMedia({ media: 'print' });
    expect((await text.boundingBox())?.height).toBeGreaterThan(0);
    await page.emulateMedia({ media: 'screen' });
  }
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('questions and answers can be read, and what to consider can be opened', async ({ page }) => {
    await page.goto(chapter);
    await quiz(page).locator('summary').click();
    for (const { question: asked, choices } of first!.questions) {
      await expect(quiz(page).getByText(shown(asked))).toBeVisible();
      for (const { text } of choices)
        await expect(quiz(page).getByText(shown(text), { exact: true })).toBeVisible();
    }
    await expect(quiz(page).getByRole('radio')).toHaveCount(0);
    await expect(quiz(page).getByRole('button')).toHaveCount(0);
    const answers = page.locator('.quiz-answers').first();
    await expect(answers.getByText(shown(right.why))).toBeHidden();
    await answers.locator('summary').click();
    await expect(answers.getByText(shown(right.why))).toBeVisible();
    const fold = page.locator('.reflect-consider').first();
    await fold.locator('summary').click();
    await expect(fold.locator('p').first()).toBeVisible();
  });
});

test('search finds the book and not the choices of its quizzes', async ({ page, site }) => {
  await page.goto(chapter);
  const found = (phrase: string): Promise<number> =>
    page.evaluate(
      async ([address, words]) => {
        const pagefind = (await import(address!)) as {
          search: (words: string) => Promise<{ results: unknown[] }>;
        };
        return (await pagefind.search(words!)).results.length;
      },
      [`${site.base}pagefind/pagefind.js`, `"${phrase}"`],
    );
  expect(await found('contracts, not products')).toBeGreaterThan(0);
  for (const { text } of question.choices) expect(await found(text)).toBe(0);
});

test('the links that come with an answer lead to pages, and to experiments on them', ({ site }) => {
  // They are in no page before a question is answered, so that whoever checks links does not meet them.
  const read = (page: string): string => readFileSync(join(site.directory, page, 'index.html'), 'utf8');
  const links = quizFiles().flatMap(({ page }) =>
    [...read(page).matchAll(/\\&quot;href\\&quot;:\\&quot;([^&]+)\\&quot;/g)].map(([, href = '']) => href),
  );
  const named = quizFiles()
    .flatMap(({ sections }) => sections.flatMap(({ questions }) => questions))
    .flatMap(({ claims, experiment }) => [...claims, ...(experiment === null ? [] : [experiment])]);
  expect(links).toHaveLength(named.length);
  for (const link of new Set(links)) {
    expect(link.startsWith(site.base), link).toBe(true);
    const [path = '', fragment] = link.slice(site.base.length).split('#');
    const html = read(path);
    if (fragment !== undefined) expect(html, link).toContain(`id="${fragment}"`);
  }
});
