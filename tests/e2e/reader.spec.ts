// What is the reader's stays the reader's: notes, answers, ticks and the place, over reloads, tabs, and a storage
// that is full, forbidden, cleared, corrupt or newer than the page.
import { readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { chapter, expect, scrollThrough, test } from './site.ts';

const noteSaves = 'brokerbook/v1/note/chapter-03/my-notes/save/';
const noteKey = `${noteSaves}x-1`;
const firstAnswerKey = 'brokerbook/v1/answer/chapter-03/questions/best-fit/save/x-1';

const notes = (page: Page): Locator => page.getByRole('textbox', { name: 'Your notes on this chapter' });
const tasks = (page: Page): Locator => page.locator('.tasks');
const stored = (page: Page, key: string): Promise<string | null> =>
  page.evaluate((name) => localStorage.getItem(name), key);
const storedNotes = (page: Page): Promise<string> =>
  page.evaluate(
    (prefix) =>
      Object.entries(localStorage)
        .filter(([key]) => key.startsWith(prefix))
        .map(([, value]) => String(value))
        .join('\n'),
    noteSaves,
  );

/** Brings an element into view and waits until the island around it is awake. */
async function awake(target: Locator): Promise<Locator> {
  await target.scrollIntoViewIfNeeded();
  await expect
    .poll(() => target.evaluate((element) => element.closest('astro-island')?.hasAttribute('ssr')))
    .toBe(false);
  return target;
}

test.beforeEach(async ({ page }) => {
  await page.goto(chapter);
});

test('a note is kept at once, and is there after a reload, with its time', async ({ page }) => {
  await (await awake(notes(page))).pressSequentially('Lag is not loss.');
  await expect(page.getByText(/^Saved \d\d:\d\d$/)).toBeVisible();
  await page.reload();
  await expect(await awake(notes(page))).toHaveValue('Lag is not loss.');
});

test('a note survives a reload in mid-typing', async ({ page }) => {
  await (await awake(notes(page))).pressSequentially('half a sent');
  await page.reload();
  await expect(await awake(notes(page))).toHaveValue('half a sent');
});

test('the field grows with its text and no line of it is hidden', async ({ page }) => {
  const field = await awake(notes(page));
  await field.fill(Array.from({ length: 12 }, (_, line) => `line ${line}`).join('\n'));
  await expect
    .poll(() => field.evaluate(({ scrollHeight, clientHeight }) => scrollHeight - clientHeight))
    .toBeLessThanOrEqual(1);
});

test('what was typed before the page was awake is kept, beside what was stored', async ({
  page,
  context,
}) => {
  await (await awake(notes(page))).fill('stored');
  await expect(page.getByText(/^Saved/)).toBeVisible();
  // The widget's code is held back until the reader has typed.
  let release = (): void => undefined;
  const typed = new Promise<void>((done) => (release = done));
  await context.route(/TextField.*\.js/, async (route) => {
    await typed;
    await route.continue();
  });
  await page.reload();
  await notes(page).scrollIntoViewIfNeeded();
  await notes(page).pressSequentially('early');
  release();
  await expect(notes(page)).toHaveValue('stored\n\nearly');
  await expect.poll(() => storedNotes(page)).toContain('stored\\n\\nearly');
});

test('tabs follow one another', async ({ page, context }) => {
  const other = await context.newPage();
  await other.goto(chapter);
  await awake(notes(other));
  await (await awake(notes(page))).fill('from the first tab');
  await expect(notes(other)).toHaveValue('from the first tab');

  const boxes = tasks(page).getByRole('checkbox');
  await (await awake(boxes.first())).check();
  await expect(await awake(tasks(other).getByRole('checkbox').first())).toBeChecked();
  await expect(tasks(other)).toContainText('1 of 3 done');
});

test('two tabs that write at the same moment lose neither text', async ({ page, context }) => {
  const other = await context.newPage();
  await other.goto(chapter);
  await awake(notes(other));
  await awake(notes(page));
  await Promise.all([notes(page).fill('from the first tab'), notes(other).fill('from the second tab')]);
  const both = async (tab: Page): Promise<boolean> => {
    const text =
      (await notes(tab).inputValue()) + (await tab.locator('.kept-note .kept-aside').allInnerTexts()).join();
    return text.includes('from the first tab') && text.includes('from the second tab');
  };
  await expect.poll(() => both(page)).toBe(true);
  await expect.poll(() => both(other)).toBe(true);

  await page.locator('.kept-note').getByRole('button', { name: 'Add to this text' }).click();
  await expect(page.locator('.kept-note .kept-aside')).toHaveCount(0);
  await expect.poll(() => both(page)).toBe(true);
  await expect(other.locator('.kept-note .kept-aside')).toHaveCount(0);
  expect(await notes(other).inputValue()).toBe(await notes(page).inputValue());
});

test('a full storage is said at once, the text stays and can be saved as a file', async ({ page }) => {
  await awake(notes(page));
  await page.evaluate(() => {
    for (let size = 5_000_000, index = 0; size >= 1;) {
      try {
        localStorage.setItem(`other-site-${(index += 1)}`, 'x'.repeat(size));
      } catch {
        size = Math.floor(size / 2);
      }
    }
  });
  await notes(page).fill('does not fit');
  const kept = page.locator('.kept-note');
  await expect(kept.getByRole('status')).toHaveText(/^Not saved: .* full\.$/);
  await expect(notes(page)).toHaveValue('does not fit');

  const download = page.waitForEvent('download');
  await kept.getByRole('button', { name: 'Save as file' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('chapter-03-my-notes.txt');
  expect(readFileSync(await file.path(), 'utf8')).toBe('does not fit');

  const box = await awake(tasks(page).getByRole('checkbox').first());
  await box.check();
  await expect(tasks(page).getByRole('status')).toContainText('Not saved:');
  await expect(box).toBeChecked();

  await page.evaluate(() => {
    for (const key of Object.keys(localStorage))
      if (key.startsWith('other-site')) localStorage.removeItem(key);
    window.dispatchEvent(new Event('focus'));
  });
  await expect(kept.getByRole('status')).toHaveText('');
  await expect(tasks(page).getByRole('status')).toHaveText('1 of 3 done');
  expect(await storedNotes(page)).toContain('does not fit');
});

test.describe('with a forbidden storage', () => {
  test('it is said before anything is typed, and the page works on', async ({ page }) => {
    await page.addInitScript(() => {
      Object.defineProperty(window, 'localStorage', {
        configurable: true,
        get() {
          throw new DOMException('Access is denied for this document.', 'SecurityError');
        },
      });
    });
    await page.reload();
    await awake(notes(page));
    await expect(page.locator('.kept-note').getByRole('status')).toHaveText(
      'Not saved: this browser does not let the site store anything.',
    );
    await notes(page).fill('still typed');
    await expect(notes(page)).toHaveValue('still typed');
  });
});

test('corrupt data is set aside and offered, newer data is left untouched', async ({ page }) => {
  const newer = '{"version":2,"blocks":[]}';
  await page.evaluate(
    ([note, answer, value]) => {
      localStorage.setItem(note, '{"version":1,"text":"half of a va');
      localStorage.setItem(answer, value);
    },
    [noteKey, firstAnswerKey, newer] as const,
  );
  await page.reload();
  await awake(notes(page));
  const kept = page.locator('.kept-note');
  await expect(kept.locator('.kept-aside')).toContainText('could not be read');
  await notes(page).fill('a new note');
  await expect(kept.getByText(/^Saved/)).toBeVisible();
  const download = page.waitForEvent('download');
  await kept.getByRole('button', { name: 'Save it as a file' }).click();
  expect(readFileSync(await (await download).path(), 'utf8')).toBe('{"version":1,"text":"half of a va');
  await kept.getByRole('button', { name: 'Discard it' }).click();
  await expect(kept.locator('.kept-aside')).toHaveCount(0);

  const answer = page.getByRole('textbox', { name: /^Your answer What broker best fits/ });
  await (await awake(answer)).fill('mine');
  await expect(page.locator('.kept-answer').first().getByRole('status')).toContainText('has version 2');
  await answer.blur();
  expect(await stored(page, firstAnswerKey)).toBe(newer);
  await expect(answer).toHaveValue('mine');
});

test('clearing the storage in another tab empties no page', async ({ page, context }) => {
  await (await awake(notes(page))).fill('mine');
  await expect(page.getByText(/^Saved/)).toBeVisible();
  const other = await context.newPage();
  await other.goto('');
  await other.evaluate(() => localStorage.clear());
  await expect(page.locator('.kept-note').getByRole('status')).toContainText('No longer stored');
  await expect(notes(page)).toHaveValue('mine');
});

test('leaving with something unsaved asks first', async ({ page }) => {
  await awake(notes(page));
  await page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
    };
  });
  await notes(page).pressSequentially('unsaved');
  const asked = page.waitForEvent('dialog');
  await page.close({ runBeforeUnload: true });
  const dialog = await asked;
  expect(dialog.type()).toBe('beforeunload');
  await dialog.dismiss();
  await expect(notes(page)).toHaveValue('unsaved');
});

test('ticks and answers are counted, live, and are there after a reload', async ({ page }) => {
  const progress = page.locator('.progress-count').first();
  await expect(progress).toHaveText(/^0 of \d+ done$/);
  const boxes = tasks(page).getByRole('checkbox');
  await (await awake(boxes.first())).focus();
  await page.keyboard.press('Space');
  await expect(tasks(page).getByRole('status')).toHaveText('1 of 3 done');
  await expect(progress).toHaveText(/^1 of \d+ done$/);
  await (
    await awake(page.getByRole('textbox', { name: /^Your answer When would you/ }))
  ).fill('For work, not facts.');
  await expect(progress).toHaveText(/^2 of \d+ done$/);

  await page.reload();
  await expect(await awake(boxes.first())).toBeChecked();
  await expect(tasks(page).getByRole('status')).toHaveText('1 of 3 done');
  await expect(progress).toHaveText(/^2 of \d+ done$/);
  await boxes.first().uncheck();
  await expect(progress).toHaveText(/^1 of \d+ done$/);
});

test('home offers the start, then the section that the reader was in', async ({ page, site }) => {
  await page.goto('');
  await expect(page.getByRole('link', { name: 'Start: Chapter 3' })).toBeVisible();
  await page.goto(chapter);
  await page.locator('#broker-comparison').evaluate((heading) => heading.scrollIntoView());
  await expect.poll(() => stored(page, 'brokerbook/v1/place/last')).toContain('broker-comparison');
  await page.goto('');
  const resume = page.getByRole('link', { name: 'Resume: Chapter 3, Broker Comparison' });
  await resume.click();
  await expect(page).toHaveURL(`${site.url}${chapter}#broker-comparison`);
  await expect(page.locator('#broker-comparison')).toBeInViewport();
});

for (const place of ['', '#my-notes', '#practice-ideas'])
  test(`nothing in the text shifts when what was stored comes back, landing at ${place || 'the top'}`, async ({
    page,
  }) => {
    await page.evaluate(
      ([note, answer]) => {
        const text = Array.from({ length: 25 }, (_, line) => `line ${line}`).join('\n');
        const value = { version: 1, text, savedAtMs: 1, by: 'x', seen: { x: 1 } };
        localStorage.setItem(note, JSON.stringify(value));
        localStorage.setItem(answer, JSON.stringify(value));
        const task = 'brokerbook/v1/task/chapter-03/practice/set-up-kafka';
        localStorage.setItem(task, '{"version":1,"done":true,"changedAtMs":1}');
      },
      [noteKey, firstAnswerKey] as const,
    );
    await page.addInitScript(() => {
      const shifts: string[] = [];
      (window as unknown as { shifts: string[] }).shifts = shifts;
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & {
          hadRecentInput: boolean;
          sources: { node: Node | null }[];
        })[])
          for (const { node } of entry.sources) {
            const element = node instanceof Element ? node : node?.parentElement;
            if (!entry.hadRecentInput && element?.closest('.sl-markdown-content'))
              shifts.push(element.outerHTML.slice(0, 120));
          }
      }).observe({ type: 'layout-shift', buffered: true });
    });
    // From another page, so that the address with its # is a landing and not a jump within the page.
    await page.goto('');
    await page.goto(`${chapter}${place}`);
    await page.evaluate(() => document.fonts.ready);
    await awake(notes(page));
    await expect(notes(page)).toHaveValue(/line 24$/);
    await scrollThrough(page);
    expect(await page.evaluate(() => (window as unknown as { shifts: string[] }).shifts)).toEqual([]);
  });

for (const theme of ['light', 'dark'])
  for (const widthPx of [360, 1440])
    test(`fields, messages and ticks are accessible and stay in the page, ${theme}, ${widthPx} px`, async ({
      page,
    }) => {
      await page.setViewportSize({ width: widthPx, height: 900 });
      await page.evaluate(
        ([note, answer, name]) => {
          localStorage.setItem('starlight-theme', name);
          const value = { version: 1, text: 'mine', savedAtMs: 2, by: 'x', seen: { x: 1 } };
          const other = { ...value, text: 'word'.repeat(60), savedAtMs: 1, by: 'y', seen: { y: 1 } };
          localStorage.setItem(note, JSON.stringify(value));
          localStorage.setItem(note.replace('x-1', 'y-1'), JSON.stringify(other));
          localStorage.setItem(answer, '{"version":2}');
        },
        [noteKey, firstAnswerKey, theme] as const,
      );
      await page.reload();
      await awake(notes(page));
      await expect(page.locator('.kept-aside')).toBeVisible();
      await (await awake(tasks(page).getByRole('checkbox').first())).check();
      const { violations } = await new AxeBuilder({ page })
        .include('.kept-note')
        .include('.kept-answer')
        .include('.tasks')
        .analyze();
      expect(violations).toEqual([]);
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(sideways).toBeLessThanOrEqual(0);
      for (const control of await page.locator(':is(.kept, .tasks) :is(button, label:has(input))').all()) {
        if (!(await control.isVisible())) continue;
        expect((await control.boundingBox())?.height).toBeGreaterThanOrEqual(44);
      }
    });

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('questions and practice ideas are lists to read, and nothing pretends to keep a note', async ({
    page,
  }) => {
    // Playwright's text locators pass over noscript.
    const word = page.locator('noscript p', { hasText: 'Notes are kept' });
    await expect(word).toBeVisible();
    await expect(page.getByText('What broker best fits')).toBeVisible();
    await expect(tasks(page).getByRole('listitem')).toHaveCount(3);
    await expect(page.getByRole('checkbox').filter({ visible: true })).toHaveCount(0);
    await expect(page.getByRole('textbox').filter({ visible: true })).toHaveCount(0);
  });
});
