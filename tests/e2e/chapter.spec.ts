// The chapter against its seed, line by line, with JavaScript and without: headings and their order, table cells, the
// words of the diagrams, questions, tasks, and the way to the other chapters.
import type { Page } from '@playwright/test';
import { chapter, expect, test, type Site } from './site.ts';
import { plain, readSeed, squeezed } from './seed.ts';

const seed = readSeed();

interface Part {
  readonly kind: 'heading' | 'row' | 'item' | 'picture' | 'picture-file' | 'block';
  readonly level: number;
  readonly texts: string[];
  readonly visible: boolean;
}

/** The chapter as a reader comes by it: headings, rows, list items, pictures with their words, in their order. */
async function partsOf(page: Page, site: Site): Promise<Part[]> {
  const parts = await page.evaluate(() => {
    const found: Part[] = [];
    const kinds = 'h1, h2, h3, h4, h5, h6, tr, li, label, figcaption, p, blockquote, svg, img';
    for (const element of document.querySelectorAll(`main :is(${kinds})`)) {
      const texts =
        element.tagName === 'TR'
          ? [...element.children].map((cell) => cell.textContent)
          : element.tagName === 'IMG'
            ? [(element as HTMLImageElement).src, (element as HTMLImageElement).alt]
            : [element.textContent, element.getAttribute('aria-label') ?? ''];
      const level = /^H\d$/.test(element.tagName) ? Number(element.tagName.slice(1)) : 0;
      const kind =
        level > 0
          ? 'heading'
          : (({ TR: 'row', LI: 'item', LABEL: 'item', svg: 'picture', IMG: 'picture-file' } as const)[
              element.tagName
            ] ?? 'block');
      found.push({ kind, level, texts, visible: element.checkVisibility({ visibilityProperty: true }) });
    }
    return found;
  });
  return Promise.all(
    parts.map(async (part) => {
      const [address = ''] = part.texts;
      if (part.kind !== 'picture-file' || !address.startsWith(site.origin)) return part;
      const svg = await page.request.get(address).then((response) => response.text());
      return { ...part, texts: [...part.texts, svg.replace(/<style[\s\S]*?<\/style>|<[^>]*>/g, ' ')] };
    }),
  );
}

/** The parts between the heading of a section and the next heading that the seed has. */
function partsUnder(parts: Part[], heading: string): Part[] {
  const isSeedHeading = (part: Part): boolean =>
    part.kind === 'heading' &&
    seed.sections.some((section) => section.heading === plain(part.texts[0] ?? ''));
  const start = parts.findIndex((part) => isSeedHeading(part) && plain(part.texts[0] ?? '') === heading);
  if (start === -1) return [];
  const length = parts.slice(start + 1).findIndex(isSeedHeading);
  return parts.slice(start + 1, length === -1 ? undefined : start + 1 + length);
}

for (const javaScriptEnabled of [true, false])
  test.describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled });

    test.beforeEach(async ({ page }) => {
      await page.goto(chapter);
    });

    test('title, number and epigraph', async ({ page }) => {
      const title = page.getByRole('heading', { level: 1 });
      await expect(title).toBeVisible();
      expect(plain(await title.innerText())).toContain(seed.title);
      await expect(page.getByText(seed.chapter).filter({ visible: true }).first()).toBeVisible();
      await expect(page.getByText(seed.epigraph).filter({ visible: true }).first()).toBeVisible();
    });

    test('headings: all of them, of their level, in their order', async ({ page, site }) => {
      const headings = (await partsOf(page, site))
        .filter(({ kind, visible }) => kind === 'heading' && visible)
        .map(({ level, texts }) => `${'#'.repeat(level)} ${plain(texts[0] ?? '')}`);
      const wanted = seed.sections.map(({ level, heading }) => `${'#'.repeat(level)} ${heading}`);
      expect(headings.filter((heading) => wanted.includes(heading))).toEqual(wanted);
    });

    for (const { heading, table, labels, items } of seed.sections) {
      if (table.length > 0)
        test(`${heading}: each cell of the table`, async ({ page, site }) => {
          const rows = partsUnder(await partsOf(page, site), heading)
            .filter(({ kind, visible }) => kind === 'row' && visible)
            .map(({ texts }) => texts.map(plain));
          for (const row of table) {
            const found = rows.find((cells) => row.every((cell, column) => cells[column]?.includes(cell)));
            expect.soft(found, `no row of the page has "${row.join(' | ')}"`).toBeDefined();
          }
        });

      if (labels.length > 0)
        test(`${heading}: each word of the diagram`, async ({ page, site }) => {
          const words = partsUnder(await partsOf(page, site), heading).flatMap(({ texts }) =>
            texts.map(squeezed),
          );
          for (const label of labels)
            expect
              .soft(
                words.some((text) => text.includes(squeezed(label))),
                `"${label}" is nowhere below ${heading}`,
              )
              .toBe(true);
        });

      if (items.length > 0)
        test(`${heading}: each item`, async ({ page, site }) => {
          const shown = partsUnder(await partsOf(page, site), heading)
            .filter(({ visible }) => visible)
            .flatMap(({ texts }) => texts.map(plain));
          for (const item of items)
            expect
              .soft(
                shown.some((text) => text.includes(item)),
                `"${item}" is not below ${heading}`,
              )
              .toBe(true);
        });
    }

    test('previous, home and next: home is a link, planned chapters are named', async ({ page, site }) => {
      const end = await page.evaluate(() => {
        const last = [...document.querySelectorAll('main :is(h2, h3)')].at(-1);
        const range = document.createRange();
        range.selectNodeContents(document.body);
        if (last) range.setStartAfter(last);
        return range.toString();
      });
      const letters = (text: string): string => text.toLowerCase().replace(/[^a-z0-9]/g, '');
      for (const { word, target } of seed.links) {
        expect.soft(letters(end), `the foot of the chapter says ${word}`).toContain(letters(word));
        if (target !== 'README')
          expect.soft(letters(end), `the foot of the chapter names ${target}`).toContain(letters(target));
      }
      await expect(page.locator(`main a[href="${site.base}"]`, { hasText: 'Home' })).toBeVisible();
    });
  });

test('the mark of a claim stands beside its last word at every width', async ({ page }) => {
  await page.goto(chapter);
  // Whether a line would break before a mark depends on the width to the pixel.
  const narrow = Array.from({ length: 41 }, (_, i) => 340 + 3 * i);
  for (const width of [...narrow, 768, 1440]) {
    await page.setViewportSize({ width, height: 900 });
    const broken = await page.locator('.claim').evaluateAll((claims) =>
      claims.flatMap((claim) => {
        const mark = claim.querySelector('.claim-mark');
        const words = document.createRange();
        words.selectNodeContents(claim);
        if (mark) words.setEndBefore(mark);
        const last = [...words.getClientRects()].at(-1);
        const at = mark?.querySelector('svg')?.getBoundingClientRect();
        if (!last || !at) return ['no mark'];
        const gap = at.left - last.right;
        return gap > -2 && gap < 16 && at.bottom > last.top && at.top < last.bottom
          ? []
          : [`${claim.textContent}: ${gap.toFixed(1)} px`];
      }),
    );
    expect(broken, `at ${width} px`).toEqual([]);
  }
});
