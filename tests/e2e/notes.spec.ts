// Notes: at a heading, a passage, a run; found again, moved, tagged, deleted, searched, printed and taken along; ten thousand of
// them, and one of a million characters; and what a hostile text comes to. By the keyboard where it can be told apart.
import { readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { chapter, expect, pagesOf, test } from './site.ts';

const pageId = 'chapter-03-message-brokers';
const panel = (page: Page): Locator => page.getByRole('dialog');
const field = (page: Page): Locator => panel(page).getByRole('textbox', { name: 'New note' });
const pen = (page: Page, heading: string): Locator =>
  page.getByRole('button', { name: new RegExp(`^(Note|1 note|\\d+ notes) at “${heading}”$`) });
const items = (page: Page): Locator => page.locator('.note[data-note]');

interface Stored {
  readonly text: string;
  readonly place?: object;
}

/** Stores notes as the book would, before the page looks. */
async function store(page: Page, notes: readonly Stored[]): Promise<void> {
  await page.evaluate(
    ([all, pagePath]) => {
      all.forEach(({ text, place }, index) => {
        const save = { version: 1, text, savedAtMs: 1763900000000, by: 't0', seen: { t0: index + 1 } };
        const where = {
          version: 1,
          page: pagePath,
          heading: { id: 'broker-comparison', text: 'Broker Comparison' },
          quote: null,
          run: null,
          order: index,
          tags: [],
          createdAtMs: index,
          changedAtMs: index,
          deletedAtMs: null,
          ...place,
        };
        localStorage.setItem(`brokerbook/v1/note/n/t0-${index}/save/t0-${index + 1}`, JSON.stringify(save));
        localStorage.setItem(`brokerbook/v1/note-place/n/t0-${index}`, JSON.stringify(where));
      });
    },
    [notes, pageId] as const,
  );
}

/** Selects the first occurrence of these words in the prose, as a reader would. */
async function select(page: Page, words: string): Promise<void> {
  await page.evaluate((wanted) => {
    const prose = document.querySelector('.sl-markdown-content')!;
    const walker = document.createTreeWalker(prose, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const at = node.nodeValue?.indexOf(wanted) ?? -1;
      if (at === -1 || node.parentElement?.closest('.not-content, script')) continue;
      node.parentElement?.scrollIntoView({ block: 'center', behavior: 'instant' });
      getSelection()?.setBaseAndExtent(node, at, node, at + wanted.length);
      return;
    }
    throw new Error(`no text "${wanted}"`);
  }, words);
}

const marked = (page: Page): Promise<string[]> =>
  page.evaluate(() => [...(CSS.highlights.get('reader-note') ?? [])].map(String));

test('a note at a heading, by the keyboard alone: made, tagged, found again, deleted, taken back', async ({
  page,
}) => {
  await page.goto(chapter);
  const control = pen(page, 'Broker Comparison');
  await control.focus();
  await page.keyboard.press('Enter');
  await expect(field(page)).toBeFocused();
  await page.keyboard.type('Lag is *not* loss.');
  await page.keyboard.press('Tab');
  await expect(panel(page).getByRole('button', { name: 'Save as file' })).toBeFocused();
  await page.keyboard.press('Tab');
  await page.keyboard.type('exam,');
  await expect(panel(page).getByRole('button', { name: 'exam: take this tag off' })).toBeVisible();
  await expect(panel(page).getByRole('status').last()).toHaveText('Tagged exam');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(panel(page).getByRole('region', { name: 'Preview' }).locator('em')).toHaveText('not');
  await page.keyboard.press('Escape');
  await expect(panel(page)).toHaveCount(0);
  await expect(control).toBeFocused();
  await expect(control).toHaveAccessibleName('1 note at “Broker Comparison”');

  // A dialog that was opened and left leaves nothing.
  await page.keyboard.press('Enter');
  await expect(field(page)).toBeFocused();
  await expect(items(page)).toHaveCount(1);
  await page.keyboard.press('Escape');

  await page.goto('notes/');
  await expect(page.getByRole('status').first()).toHaveText('1 note');
  await expect(page.getByRole('heading', { name: 'Broker Comparison' })).toBeVisible();
  const item = items(page);
  await expect(item.locator('em')).toHaveText('not');
  await expect(item).toContainText('exam');

  await item.getByRole('button', { name: 'Edit' }).focus();
  await page.keyboard.press('Enter');
  await expect(item.getByRole('textbox', { name: 'Your note' })).toBeFocused();
  await page.keyboard.type(' At all.');
  await page.keyboard.press('Escape');
  await expect(item.getByRole('button', { name: 'Edit' })).toBeFocused();
  await expect(item).toContainText('loss. At all.');

  await item.getByRole('button', { name: 'Delete' }).focus();
  await page.keyboard.press('Enter');
  await expect(item.getByRole('button', { name: 'Undo' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(item).toContainText('loss. At all.');
  await expect(item.getByRole('button', { name: 'Edit' })).toBeFocused();

  // What is deleted stays to be had, until it is removed for good.
  await item.getByRole('button', { name: 'Delete' }).press('Enter');
  await page.reload();
  await expect(page.getByRole('status').first()).toHaveText('0 notes');
  await page.getByRole('button', { name: 'Deleted (1)' }).click();
  await item.getByRole('button', { name: 'Restore' }).click();
  await page.getByRole('button', { name: 'Deleted (0)' }).click();
  await expect(item).toContainText('loss. At all.');
  await item.getByRole('link', { name: 'Show the place' }).click();
  await expect(page.locator('#broker-comparison')).toBeInViewport();
});

test('a note on a passage: the words are marked, now and after a reload, and lead to the note', async ({
  page,
}) => {
  await page.goto(chapter);
  await expect(pen(page, 'Broker Comparison')).toBeAttached();
  const words = 'A message crosses two gaps';
  await select(page, words);
  await page.getByRole('button', { name: 'Note', exact: true }).and(page.locator('.note-offer')).click();
  await expect(panel(page).getByRole('blockquote')).toHaveText(words);
  await field(page).fill('Which of them is mine?');
  await page.keyboard.press('Escape');
  await expect.poll(() => marked(page)).toEqual([words]);
  await page.reload();
  await expect.poll(() => marked(page)).toEqual([words]);

  // The shortcut does what the button does.
  await select(page, 'each has an acknowledgement of its own');
  await page.keyboard.press('Alt+n');
  await expect(panel(page).getByRole('blockquote').first()).toHaveText(
    'each has an acknowledgement of its own',
  );
  await expect(items(page)).toContainText('Which of them is mine?');
  await page.keyboard.press('Escape');
  await expect.poll(() => marked(page)).toEqual([words]);

  await page.goto('notes/');
  await items(page).getByRole('link', { name: 'Show the passage' }).click();
  await expect.poll(() => marked(page)).toEqual([words]);
  const top = await page.evaluate(
    () => ([...CSS.highlights.get('reader-note')!][0] as Range).getBoundingClientRect().top,
  );
  expect(top).toBeGreaterThan(0);
  expect(top).toBeLessThan(600);
  await page.mouse.click(
    ...(await page.evaluate(() => {
      const box = ([...CSS.highlights.get('reader-note')!][0] as Range).getBoundingClientRect();
      return [box.left + box.width / 2, box.top + box.height / 2] as [number, number];
    })),
  );
  await expect(items(page)).toContainText('Which of them is mine?');
});

test('a note on a run opens that run at its moment', async ({ page }) => {
  await page.goto(chapter);
  const figure = page.locator('#kafka-consumer-groups');
  await figure.scrollIntoViewIfNeeded();
  const stage = figure.locator('.xp-stage');
  const note = figure.getByRole('button', { name: /^Note on this run of/ });
  await expect(note).toBeEnabled();
  await stage.focus();
  const shown = async (): Promise<string> => (await stage.getAttribute('aria-label')) ?? '';
  await page.keyboard.press('Home');
  await expect.poll(shown).toMatch(/^At 0\.0+ s/);
  await expect(async () => {
    await page.keyboard.press('ArrowRight');
    await expect.poll(shown, { timeout: 2_000 }).not.toMatch(/^At 0\.0+ s/);
  }).toPass();
  // The frame of the last step may still be on its way.
  let moment = '';
  await expect
    .poll(
      async () => {
        const before = moment;
        moment = await shown();
        return moment === before;
      },
      { intervals: [700] },
    )
    .toBe(true);
  await note.click();
  await field(page).fill('Here it stops.');
  await page.keyboard.press('Escape');
  await expect(note).toBeFocused();

  await page.goto('notes/');
  await items(page)
    .getByRole('link', { name: /^Play from this moment: / })
    .click();
  await expect(page).toHaveURL(/\?run=[^#]+#kafka-consumer-groups$/);
  await expect(stage).toHaveAttribute('aria-label', moment);
});

test('notes whose places have gone stand apart, and can be given another', async ({ page }) => {
  await page.goto('notes/');
  await store(page, [
    { text: 'in its place' },
    { text: 'under a heading of old', place: { heading: { id: 'gone', text: 'Gone' } } },
    {
      text: 'on words of old',
      place: { quote: { exact: 'Words that nobody wrote in this book', before: '', after: '' } },
    },
  ]);
  await page.reload();
  const apart = page.getByRole('region', { name: 'Without a place' });
  await expect(apart.locator('.note')).toHaveCount(2);
  await expect(apart).toContainText('It was made at “Gone”');
  await expect(apart).toContainText('Words that nobody wrote in this book');
  await expect(page.getByRole('status').first()).toHaveText('3 notes');

  const lost = apart.locator('.note', { hasText: 'on words of old' });
  await lost.getByRole('combobox', { name: 'New place' }).selectOption(`${pageId}#core-concepts`);
  await lost.getByRole('button', { name: 'Place it there' }).click();
  await expect(apart.locator('.note')).toHaveCount(1);
  // What it was about is in its text now.
  await expect(
    page.locator('.note', { hasText: 'on words of old' }).locator('.note-text blockquote'),
  ).toHaveText('Words that nobody wrote in this book');
  await page.goto(chapter);
  await expect(pen(page, 'Core Concepts')).toHaveText('1');
});

test('notes are searched, filtered, moved among their neighbours, and taken along as Markdown', async ({
  page,
}) => {
  await page.goto('notes/');
  await store(page, [
    { text: 'alpha', place: { tags: ['exam'] } },
    { text: 'beta', place: { tags: ['Exam', 'kafka'] } },
    { text: 'gamma', place: { page: 'brokers/kafka', heading: null } },
  ]);
  await page.reload();
  const texts = (): Promise<string[]> => items(page).locator('.note-text').allInnerTexts();
  await expect.poll(texts).toEqual(['alpha', 'beta', 'gamma']);
  await page.getByRole('combobox', { name: 'Tag' }).selectOption('exam');
  await expect(page.getByRole('status').first()).toHaveText('2 of 3 notes');
  await page.getByRole('searchbox', { name: 'Search' }).fill('#kafka comparison');
  await expect.poll(texts).toEqual(['beta']);
  await page.getByRole('searchbox', { name: 'Search' }).fill('');
  await page.getByRole('combobox', { name: 'Tag' }).selectOption('');
  await page.getByRole('combobox', { name: 'Place' }).selectOption('brokers/kafka');
  await expect.poll(texts).toEqual(['gamma']);
  await page.getByRole('combobox', { name: 'Place' }).selectOption('');

  const up = items(page).nth(1).getByRole('button', { name: 'Move up' });
  await up.press('Enter');
  await expect.poll(texts).toEqual(['beta', 'alpha', 'gamma']);
  await expect(items(page).first().getByRole('button', { name: 'Move up' })).toBeFocused();
  await page.reload();
  await expect.poll(texts).toEqual(['beta', 'alpha', 'gamma']);

  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export as Markdown' }).click();
  const file = await download;
  expect(file.suggestedFilename()).toBe('brokerbook-notes.md');
  const markdown = readFileSync(await file.path(), 'utf8');
  expect(markdown).toMatch(
    /### Broker Comparison\n\nbeta\n[\s\S]*#Exam #kafka · \[In the book\][\s\S]*alpha[\s\S]*gamma/,
  );
});

test('two tabs that edit one note keep both texts', async ({ page, context }) => {
  await page.goto('notes/');
  await store(page, [{ text: 'shared' }]);
  await page.reload();
  const other = await context.newPage();
  await other.goto('notes/');
  for (const tab of [page, other]) await items(tab).getByRole('button', { name: 'Edit' }).click();
  const textOf = (tab: Page): Locator => items(tab).getByRole('textbox', { name: 'Your note' });
  await Promise.all([textOf(page).fill('from the first'), textOf(other).fill('from the second')]);
  for (const tab of [page, other])
    await expect
      .poll(
        async () =>
          (await textOf(tab).inputValue()) + (await tab.locator('.kept-aside').allInnerTexts()).join(),
      )
      .toMatch(/(?=[\s\S]*from the first)(?=[\s\S]*from the second)/);
  await page.getByRole('button', { name: 'Add to this text' }).click();
  await expect(other.locator('.kept-aside')).toHaveCount(0);
  await expect(textOf(other)).toHaveValue(
    /from the first[\s\S]*from the second|from the second[\s\S]*from the first/,
  );
});

test('a hostile text is shown and does nothing, and a million characters can be typed on', async ({
  page,
}) => {
  let alarmed = false;
  page.on('dialog', (dialog) => {
    alarmed = true;
    void dialog.dismiss();
  });
  await page.goto('notes/');
  const hostile = [
    '<img src=x onerror=alert(1)><script>alert(2)</script>',
    '[x](javascript:alert(3)) ![y](https://evil.example/pixel.png) <svg onload=alert(4)>',
    '[z](data:text/html,<script>alert(5)</script>)',
  ].join('\n\n');
  await store(page, [
    { text: hostile },
    { text: `${'word '.repeat(19)}word\n`.repeat(10_000), place: { order: 1 } },
  ]);
  await page.reload();
  const first = items(page).first();
  await expect(first.locator('.note-text')).toContainText('<img src=x onerror=alert(1)>');
  expect(
    await first.locator('.note-text :is(img, svg, script, iframe, [onerror], [href^="javascript"])').count(),
  ).toBe(0);
  await expect(first.getByRole('link', { name: '[y]' })).toHaveAttribute(
    'rel',
    'noopener noreferrer nofollow',
  );

  const long = items(page).nth(1);
  await long.getByRole('button', { name: 'Edit' }).click();
  const text = long.getByRole('textbox', { name: 'Your note' });
  await expect(text).toBeFocused();
  await page.keyboard.type('twenty letters typed');
  await expect(text).toHaveValue(/twenty letters typed/);
  await long.getByRole('button', { name: 'Preview' }).click();
  await expect(long.getByRole('region', { name: 'Preview' })).toContainText(
    'The first 100,000 characters of 1,000,020',
  );
  expect(alarmed).toBe(false);
});

test('ten thousand notes are listed, searched and marked without making the page wait', async ({ page }) => {
  test.setTimeout(90_000);
  await page.goto('notes/');
  await store(
    page,
    Array.from({ length: 10_000 }, (_, index) => ({ text: `note ${index}` })),
  );
  let started = Date.now();
  await page.reload();
  await expect(page.getByRole('status').first()).toHaveText('10,000 notes', { timeout: 15_000 });
  expect(Date.now() - started, 'until they are listed').toBeLessThan(10_000);
  await expect(items(page)).toHaveCount(40);
  started = Date.now();
  await page.getByRole('searchbox', { name: 'Search' }).fill('note 9876');
  await expect(page.getByRole('status').first()).toHaveText('1 of 10,000 notes');
  expect(Date.now() - started, 'until one is found').toBeLessThan(3_000);
  await page.getByRole('searchbox', { name: 'Search' }).fill('');
  await page.getByRole('button', { name: /^Show 40 more/ }).click();
  await expect(items(page)).toHaveCount(80);
  await expect(items(page).nth(40).locator('a').first()).toBeFocused();
  await page.goto(chapter);
  await expect(pen(page, 'Broker Comparison')).toHaveText('10000', { timeout: 15_000 });
});

test('paper carries the notes at their places, when asked, and the screen never does', async ({ page }) => {
  await page.goto(chapter);
  await store(page, [
    { text: 'for **paper**' },
    {
      text: 'on the gaps',
      place: {
        heading: { id: 'two-acknowledgements', text: 'Two acknowledgements' },
        quote: { exact: 'A message crosses two gaps', before: '', after: '' },
      },
    },
  ]);
  await page.reload();
  const print = async (): Promise<void> => {
    await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
    await page.emulateMedia({ media: 'print' });
  };
  await expect(pen(page, 'Broker Comparison')).toHaveText('1');
  await print();
  await expect(page.locator('.note-printed')).toHaveCount(0);
  await page.emulateMedia({ media: 'screen' });

  const asked = page.getByRole('checkbox', { name: /^Print notes at their places/ });
  await asked.scrollIntoViewIfNeeded();
  await asked.check();
  const printed = page.locator('.note-printed');
  // What draws them is loaded when they are asked for, not when the printing begins.
  await expect(async () => {
    await print();
    expect(await printed.count()).toBe(2);
  }).toPass();
  await expect(printed.last()).toBeVisible();
  await expect(printed.last().locator('strong')).toHaveText('paper');
  await expect(page.locator('.sl-heading-wrapper:has(#broker-comparison) + .note-printed')).toContainText(
    'for paper',
  );
  await expect(page.locator('p:has-text("A message crosses two gaps") + .note-printed')).toContainText(
    'on the gaps',
  );
  await expect(pen(page, 'Broker Comparison')).toBeHidden();
  await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
  await expect(printed).toHaveCount(0);
});

for (const [theme, widthPx] of [
  ['light', 1440],
  ['dark', 360],
] as const)
  test(`the panel and the lists are accessible and stay in the page, ${theme}, ${widthPx} px`, async ({
    page,
  }) => {
    await page.setViewportSize({ width: widthPx, height: 900 });
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.goto('notes/');
    await store(page, [
      { text: '# Long\n\n`code`\n\n- [a](https://a.example)', place: { tags: ['exam', 'x'.repeat(60)] } },
      { text: 'word'.repeat(80) },
      { text: 'lost', place: { heading: { id: 'gone', text: 'Gone' } } },
    ]);
    await page.reload();
    await expect(items(page)).toHaveCount(3);
    const looksGood = async (): Promise<void> => {
      const { violations } = await new AxeBuilder({ page })
        .options({ rules: { 'label-content-name-mismatch': { enabled: true } } })
        .analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(sideways).toBeLessThanOrEqual(0);
    };
    await looksGood();
    await page.goto(chapter);
    await pen(page, 'Broker Comparison').click();
    await expect(field(page)).toBeFocused();
    await panel(page).getByRole('button', { name: 'Preview' }).first().click();
    await looksGood();
    for (const control of await panel(page).getByRole('button').all())
      if (await control.isVisible()) expect((await control.boundingBox())?.height).toBeGreaterThanOrEqual(24);
    // Tab stays in the dialog.
    for (let step = 0; step < 40; step += 1) {
      await page.keyboard.press('Tab');
      const outside = await page.evaluate(() => {
        const on = document.activeElement;
        return on !== null && on !== document.body && on.closest('dialog') === null;
      });
      expect(outside).toBe(false);
    }
  });

test('every heading of the book has the id that the build told the notes of, and a pen', async ({ page }) => {
  await page.goto('notes/');
  const book = await page.evaluate(() => {
    const props =
      document.querySelector('astro-island[props*="core-concepts"]')?.getAttribute('props') ?? '{}';
    const {
      book: [, json],
    } = JSON.parse(props) as { book: [number, string] };
    return JSON.parse(json) as { id: string; headings: { id: string }[] }[];
  });
  for (const { id, headings } of book.filter((each) => each.headings.length > 0)) {
    await page.goto(id === 'index' ? '' : `${id}/`);
    await expect(page.locator('.note-at')).toHaveCount(headings.length);
    const ids = await page
      .locator('.sl-heading-wrapper:has(.note-at) > :is(h2, h3, h4)')
      .evaluateAll((all) => all.map((each) => each.id));
    expect(ids, id).toEqual(headings.map((heading) => heading.id));
  }
  // Whatever page has a margin, a note on it is found there again.
  const pages = pagesOf('below').filter((path) => !/^(notes\/|progress\/|404\.html)$/.test(path));
  expect(book.map(({ id }) => (id === 'index' ? '' : `${id}/`)).sort()).toEqual(pages);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('a sentence says that notes need it, and nothing pretends to keep one', async ({ page }) => {
    await page.goto('notes/');
    await expect(
      page.locator('noscript p', { hasText: 'Notes are kept and shown by a script' }),
    ).toBeVisible();
    await expect(page.locator('.notes-all')).toBeHidden();
  });
});
