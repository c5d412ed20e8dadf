// The chooser, as a reader uses it: questions are answered by mouse, touch and keyboard, the path lights up in the figure,
// its end gives reasons and a runner-up, and the answers are kept, shared and taken back.
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page } from '@playwright/test';
import { chapter, expect, focusedAsShown, scrollThrough, test } from './site.ts';

const key = 'brokerbook/v1/choice/chapter-03/chooser';
const replay = 'Need event replay?';
const throughput = 'High throughput (100K+ events/s)?';
const routing = 'Complex routing patterns?';
const serverless = 'Serverless?';

/** Opens the chapter at the chooser, awake. @param query such as `?choose=yes` */
async function open(page: Page, query = ''): Promise<Locator> {
  await page.goto(`${chapter}${query}#chooser`);
  return awake(page);
}

async function awake(page: Page): Promise<Locator> {
  const chooser = page.locator('#chooser');
  await chooser.scrollIntoViewIfNeeded();
  await expect(chooser.locator('astro-island')).not.toHaveAttribute('ssr');
  return chooser;
}

const question = (chooser: Locator, name: string): Locator =>
  chooser.getByRole('group', { name, exact: true });
const mark = (chooser: Locator, name: string, answer: 'Yes' | 'No'): Locator =>
  question(chooser, name).getByRole('radio', { name: answer });
const way = (chooser: Locator): Locator => chooser.locator('.ch-way > p');
const end = (chooser: Locator): Locator => chooser.locator('.ch-end').filter({ visible: true });

/** What is lit in the picture that is seen: the nodes of a light, in the order of their names. */
const lit = (chooser: Locator, light: 'on' | 'here' | 'next' | 'away', part = 'node'): Promise<string[]> =>
  chooser
    .locator(`svg:visible [data-${part}].ch-${light}`)
    .evaluateAll(
      (parts, name) => [...new Set(parts.map((one) => (one as SVGElement).dataset[name] ?? ''))].sort(),
      part,
    );

test('answering lights the path, and its end gives reasons, a runner-up and where the tree is too simple', async ({
  page,
}) => {
  const chooser = await open(page);
  await expect(way(chooser)).toHaveText(`The way begins at the first question: ${replay}`);
  await expect(end(chooser)).toContainText('Where the tree can lead');
  await expect(mark(chooser, throughput, 'Yes')).toBeDisabled();
  expect(await lit(chooser, 'here')).toEqual(['Q1']);

  await mark(chooser, replay, 'No').check();
  await expect(way(chooser)).toHaveText(`${replay} No. The next question: ${routing}`);
  expect(await lit(chooser, 'on')).toEqual(['Choose', 'Q1']);
  expect(await lit(chooser, 'here')).toEqual(['Q3']);
  expect(await lit(chooser, 'away')).toEqual(['Kafka', 'Pulsar', 'Q2']);
  await expect(question(chooser, throughput)).toContainText('not asked on this way');

  await mark(chooser, routing, 'Yes').check();
  await expect(way(chooser)).toHaveText(/This leads to RabbitMQ\. The runner-up: NATS\.$/);
  expect(await lit(chooser, 'here')).toEqual(['Rabbit']);
  expect(await lit(chooser, 'on', 'edge')).toEqual(['Choose_Q1', 'Q1_Q3', 'Q3_Rabbit']);
  expect(await lit(chooser, 'next', 'edge')).toEqual(['Q3_Q4', 'Q4_NATS']);
  await expect(end(chooser)).toHaveCount(1);
  await expect(end(chooser).getByRole('heading', { level: 4 })).toHaveText('The tree leads to RabbitMQ');
  await expect(end(chooser)).toContainText('Complex routing: yes');
  await expect(end(chooser)).toContainText(
    `It would win if “${routing}” were answered No and “${serverless}”`,
  );
  await expect(end(chooser).getByRole('heading', { name: 'Where the tree is too simple' })).toBeVisible();

  const both = await chooser
    .locator('svg .ch-here')
    .evaluateAll((parts) => parts.map((part) => (part as SVGElement).dataset.node));
  expect(both, 'the picture of the other theme is lit as well').toEqual(['Rabbit', 'Rabbit']);
});

test('an answer is changed, what was answered off the path comes back, and the runner-up’s way can be taken', async ({
  page,
}) => {
  const chooser = await open(page);
  await mark(chooser, replay, 'No').check();
  await mark(chooser, routing, 'No').check();
  await mark(chooser, serverless, 'Yes').check();
  await mark(chooser, replay, 'Yes').check();
  await expect(way(chooser)).toHaveText(`${replay} Yes. The next question: ${throughput}`);
  await mark(chooser, replay, 'No').check();
  await expect(end(chooser)).toContainText('The tree leads to SQS + EventBridge');

  await end(chooser).getByRole('button', { name: 'Take that way' }).click();
  await expect(end(chooser)).toContainText('The tree leads to NATS');
  await expect(mark(chooser, serverless, 'No')).toBeChecked();
  await expect(end(chooser).getByRole('button', { name: 'Take that way' })).toBeFocused();
});

test('it is answered by keyboard alone, and started over', async ({ page }) => {
  const chooser = await open(page);
  await mark(chooser, replay, 'Yes').focus();
  await page.keyboard.press('Space');
  await expect(way(chooser)).toHaveText(/The next question: High throughput/);
  const reach = async (target: Locator): Promise<void> => {
    for (let press = 0; press < 12; press += 1) {
      await page.keyboard.press('Tab');
      if (await target.evaluate((element) => element === document.activeElement)) return;
    }
    await expect(target).toBeFocused();
  };
  await reach(mark(chooser, throughput, 'Yes'));
  await page.keyboard.press('ArrowRight');
  await expect(way(chooser)).toHaveText(/This leads to Pulsar \/ Redis Streams/);
  await expect(mark(chooser, throughput, 'No')).toBeFocused();
  await page.keyboard.press('ArrowLeft');
  await expect(way(chooser)).toHaveText(/This leads to Apache Kafka/);

  await reach(chooser.getByRole('button', { name: 'Start over' }));
  const asleep = '.chooser .ch-buttons button:disabled';
  const focused = await focusedAsShown(page, asleep, () => page.keyboard.press('Enter'));
  expect(focused).toMatch(/^<input type="radio"/);
  await expect(way(chooser)).toHaveText(/^The way begins/);
  await expect(mark(chooser, replay, 'Yes')).toBeFocused();
  await expect(chooser.getByRole('radio', { checked: true })).toHaveCount(0);
  await page.reload();
  await expect(way(await awake(page))).toHaveText(/^The way begins/);
});

test('a reload keeps the answers, and another tab follows them', async ({ page, context }) => {
  const chooser = await open(page);
  await mark(chooser, replay, 'Yes').check();
  const other = await context.newPage();
  const beside = await open(other);
  await expect(mark(beside, replay, 'Yes')).toBeChecked();
  await mark(chooser, throughput, 'Yes').check();
  await expect(way(beside)).toHaveText(/This leads to Apache Kafka/);

  await page.reload();
  await expect(end(await awake(page))).toContainText('The tree leads to Apache Kafka');
  expect(await page.evaluate((name) => localStorage.getItem(name), key)).toContain(
    '"answers":{"replay":"yes","throughput":"yes"}',
  );
});

test('an answer that was given before the page was awake counts', async ({ page }) => {
  let release = (): void => undefined;
  const answered = new Promise<void>((done) => (release = done));
  await page.route(/Chooser.*\.js/, async (route) => {
    await answered;
    await route.continue();
  });
  await page.goto(`${chapter}#chooser`);
  const chooser = page.locator('#chooser');
  await mark(chooser, replay, 'No').check();
  release();
  await expect(way(chooser)).toHaveText(`${replay} No. The next question: ${routing}`);
  await expect(mark(chooser, replay, 'No')).toBeChecked();
});

test('answers are shared by their address, which leaves those of the reader alone', async ({
  page,
  context,
}) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const chooser = await open(page);
  await expect(chooser.getByRole('button', { name: 'Share' })).toBeDisabled();
  await mark(chooser, replay, 'Yes').check();
  await mark(chooser, throughput, 'No').check();
  await chooser.getByRole('button', { name: 'Share' }).click();
  await expect(chooser.getByRole('button', { name: 'Copied' })).toBeVisible();
  const address = await page.evaluate(() => navigator.clipboard.readText());
  expect(address).toMatch(/\/chapter-03-message-brokers\/\?choose=yes\.no#chooser$/);
  await mark(chooser, replay, 'No').check();

  await page.goto('');
  await page.goto(address);
  const shared = await awake(page);
  await expect(way(shared)).toHaveText(/^From the address: .* This leads to Pulsar \/ Redis Streams/);
  await shared.getByRole('button', { name: 'Show my own answers' }).click();
  await expect(way(shared)).toHaveText(`${replay} No. The next question: ${routing}`);
  await expect(page).toHaveURL(/\/chapter-03-message-brokers\/#chooser$/);

  // Whoever goes on from shared answers makes them their own.
  const taken = await open(page, '?choose=no.no');
  await mark(taken, serverless, 'No').check();
  await expect(page).toHaveURL(/\/chapter-03-message-brokers\/#chooser$/);
  await page.reload();
  await expect(end(await awake(page))).toContainText('The tree leads to NATS');
});

test('where the clipboard is closed, the address can be copied by hand', async ({ page }) => {
  await page.addInitScript(() =>
    Object.defineProperty(navigator, 'clipboard', {
      value: { writeText: () => Promise.reject(new Error()) },
    }),
  );
  const chooser = await open(page, '?choose=no.yes');
  await chooser.getByRole('button', { name: 'Share' }).click();
  const field = chooser.getByRole('textbox', { name: 'Address of these answers' });
  await expect(field).toHaveValue(/\?choose=no\.yes#chooser$/);
  await mark(chooser, routing, 'No').check();
  await expect(field).toHaveCount(0);
});

for (const [query, message] of [
  ['?choose=maybe', `expected “yes” or “no” as answer 1, to “${replay}”, and found “maybe”.`],
  ['?choose=yes.yes.no', '“yes.yes” leads to Apache Kafka, and nothing is asked after it.'],
] as const)
  test(`an address with ${query} is refused in words, and the reader’s own answers stay`, async ({
    page,
  }) => {
    await page.setViewportSize({ width: 360, height: 800 });
    const own = await open(page);
    await mark(own, replay, 'No').check();
    await page.goto('');
    await page.goto(chapter + query);
    await expect(page.locator('#chooser .ch-trouble')).toBeInViewport();
    const chooser = await awake(page);
    await expect(way(chooser)).toContainText(`This address of a choice cannot be used: ${message}`);
    await expect(way(chooser)).toContainText(`${replay} No. The next question: ${routing}`);
    await mark(chooser, replay, 'Yes').check();
    await expect(way(chooser)).toHaveText(`${replay} Yes. The next question: ${throughput}`);
    await expect(page).not.toHaveURL(/choose/);
  });

test('a stored answer that cannot be read is set aside, and a newer one left untouched', async ({ page }) => {
  await page.addInitScript((name) => {
    if (localStorage.getItem('seen') === null)
      localStorage.setItem(name, '{"version":1,"answers":{"replay":"perhaps"},"changedAtMs":1}');
    localStorage.setItem('seen', 'yes');
  }, key);
  const chooser = await open(page);
  await expect(chooser.locator('.kept-aside')).toContainText('could not be read');
  await mark(chooser, replay, 'Yes').check();
  await expect(way(chooser)).toHaveText(`${replay} Yes. The next question: ${throughput}`);

  await page.evaluate((name) => localStorage.setItem(name, '{"version":9}'), key);
  await page.reload();
  const again = await awake(page);
  await expect(way(again)).toContainText('Not saved:');
  await mark(again, replay, 'No').check();
  await expect(way(again)).toContainText(`${replay} No.`);
  expect(await page.evaluate((name) => localStorage.getItem(name), key)).toBe('{"version":9}');
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 360, height: 800 }, hasTouch: true, isMobile: true });

  test('it is answered by touch, and the figure moves in its frame to where the path stands', async ({
    page,
  }) => {
    const chooser = await open(page);
    for (const [name, answer] of [
      [replay, 'No'],
      [routing, 'No'],
      [serverless, 'No'],
    ] as const) {
      await mark(chooser, name, answer).tap();
      await expect(mark(chooser, name, answer)).toBeChecked();
    }
    await expect(end(chooser)).toContainText('The tree leads to NATS');
    const inFrame = (name: string): Promise<boolean> =>
      chooser.locator(`svg:visible [data-node="${name}"]`).evaluate((node) => {
        const box = node.getBoundingClientRect();
        return box.left >= 0 && box.right <= window.innerWidth;
      });
    await expect.poll(() => inFrame('NATS')).toBe(true);
    await page.reload();
    await awake(page);
    await expect.poll(() => inFrame('NATS')).toBe(true);
    await mark(chooser, replay, 'Yes').tap();
    await expect.poll(() => inFrame('Q2')).toBe(true);
    expect(await inFrame('NATS')).toBe(false);
  });
});

for (const theme of ['light', 'dark'])
  for (const widthPx of [360, 1440])
    test(`it is accessible, legible and stays in the page: ${theme}, ${widthPx} px`, async ({ page }) => {
      // The chapter is long, and axe reads all of it.
      test.setTimeout(180_000);
      await page.setViewportSize({ width: widthPx, height: 900 });
      await page.emulateMedia({ reducedMotion: 'reduce' });
      await page.addInitScript((name) => localStorage.setItem('starlight-theme', name), theme);
      const chooser = await open(page);
      for (const [name, answer] of [
        [replay, 'No'],
        [routing, 'Yes'],
      ] as const) {
        await mark(chooser, name, answer).check();
        expect(await contrastsOf(chooser)).toEqual([]);
      }
      const { violations } = await new AxeBuilder({ page }).include('#chooser').analyze();
      expect(violations).toEqual([]);
      for (const control of await chooser
        .locator('button, .ch-answers label')
        .filter({ visible: true })
        .all()) {
        const box = await control.boundingBox();
        expect(Math.min(box?.width ?? 0, box?.height ?? 0)).toBeGreaterThanOrEqual(24);
      }
      const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      expect(sideways).toBeLessThanOrEqual(0);
    });

/** What is too faint in the picture: texts below 4.5 to 1 on what they stand on, lines below 3 to 1 on the paper. */
const contrastsOf = (chooser: Locator): Promise<string[]> =>
  chooser.locator('svg:visible').evaluate((svg) => {
    const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
    const luminance = (colour: string): number => {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
      const [r = 0, g = 0, b = 0] = [...pen.getImageData(0, 0, 1, 1).data]
        .map((part) => part / 255)
        .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (one: string, other: string): number => {
      const [dark = 0, bright = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
      return (bright + 0.05) / (dark + 0.05);
    };
    const paper = getComputedStyle(document.body).backgroundColor;
    const faint: string[] = [];
    const look = (what: string, colour: string, ground: string, least: number): void => {
      const found = contrast(colour, ground);
      if (found < least) faint.push(`${what}: ${colour} on ${ground} is ${found.toFixed(2)} to 1`);
    };
    for (const node of svg.querySelectorAll<SVGElement>('[data-node]')) {
      const shape = getComputedStyle(node.querySelector(':scope > :is(polygon, rect, path)')!);
      const text = getComputedStyle(node.querySelector('text')!);
      look(`${node.dataset.node ?? ''}, its words`, text.fill, shape.fill, 4.5);
      look(`${node.dataset.node ?? ''}, its line`, shape.stroke, paper, 3);
    }
    for (const edge of svg.querySelectorAll<SVGElement>('[data-edge]')) {
      const text = edge.querySelector('text');
      const name = edge.dataset.edge ?? '';
      if (text) look(`${name}, its word`, getComputedStyle(text).fill, paper, 4.5);
      else look(`${name}, its line`, getComputedStyle(edge).stroke, paper, 3);
    }
    return faint;
  });

for (const widthPx of [360, 1440])
  for (const query of ['', '?choose=no.no.yes'])
    test(`nothing shifts when answers come back, ${widthPx} px, ${query || 'from storage'}`, async ({
      page,
    }) => {
      await page.setViewportSize({ width: widthPx, height: 900 });
      await page.addInitScript((name) => {
        localStorage.setItem(
          name,
          '{"version":1,"answers":{"replay":"yes","throughput":"no"},"changedAtMs":1}',
        );
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
      }, key);
      // No font comes: one that takes the place of another may move a line by itself, and what is looked at is the answers.
      await page.route('**/*.woff2', (route) => route.fulfill({ contentType: 'font/woff2', body: '' }));
      const chooser = await open(page, query);
      await expect(way(chooser)).toHaveText(/This leads to/);
      await scrollThrough(page);
      expect(await page.evaluate(() => (window as unknown as { shifts: string[] }).shifts)).toEqual([]);
    });

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('the figure, the questions and the ends of the tree are there to be read, and nothing to press', async ({
    page,
  }) => {
    await page.goto(chapter);
    const chooser = page.locator('#chooser');
    await expect(chooser.getByText('The figure in words')).toBeVisible();
    for (const name of [replay, throughput, routing, serverless])
      await expect(chooser.locator('legend', { hasText: name })).toBeVisible();
    await expect(chooser.getByRole('link', { name: 'Going back in the log' })).toBeVisible();
    await expect(end(chooser)).toContainText('Where the tree can lead');
    await expect(end(chooser).getByRole('link', { name: 'NATS', exact: true })).toHaveAttribute(
      'href',
      '#nats',
    );
    await expect(chooser.locator(':is(input, button)').filter({ visible: true })).toHaveCount(0);
  });
});
