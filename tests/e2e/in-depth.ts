// What holds of every page on a broker in depth: found from everywhere, whole without JavaScript, every experiment alive,
// every intervention that it offers, every claim with its proof, and the console by keyboard.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Locator, Page } from '@playwright/test';
import type { Control, Experiment } from '../../src/scenarios/experiment.ts';
import { claims, experimentById } from '../../src/scenarios/library.ts';
import { chapter, expect, experimentsOn, test } from './site.ts';

/** A page on brokers: its place in the book. */
export interface BrokerPage {
  /** Below the base path, with a slash at the end. */
  readonly path: string;
  readonly title: string;
  /** Words of the line below its title. */
  readonly epigraph: string;
  /** What stands before and after it at its foot. */
  readonly before: RegExp;
  readonly after: RegExp;
  /** What is searched for to find it. */
  readonly search: string;
  readonly headingsMin: number;
}

export interface InDepth extends BrokerPage {
  /** What a control is called. What needs another thing to have happened first, or to be typed, has none. */
  readonly buttons: Partial<Record<Control, RegExp>>;
  /** What the desk calls those who send. */
  readonly producers: string;
  readonly console: ConsoleUse;
}

export interface ConsoleUse {
  /** A command that is offered as a button, what it puts at the prompt, and what of its output must be seen. */
  readonly button: string;
  readonly command: RegExp;
  readonly output: readonly string[];
  /** What is typed, and what Tab makes of it. */
  readonly completions: readonly (readonly [typed: string, completed: string])[];
  /** The command, misspelt. */
  readonly misspelt: (command: string) => string;
}

/** The experiments of a page, in its order. */
function experimentsOf({ path }: InDepth): Experiment[] {
  return experimentsOn(path).map((id) => experimentById(id));
}

/** An experiment of the page, in view and alive. */
export async function openExperiment(page: Page, path: string, id: string): Promise<Locator> {
  await page.goto(`${path}#${id}`);
  const figure = page.locator(`[id="${id}"]`);
  await figure.scrollIntoViewIfNeeded();
  await expect(figure.locator('.xp-play')).toBeEnabled();
  return figure;
}

/** The moment shown, in seconds. */
export async function moment(figure: Locator): Promise<number> {
  return parseFloat((await figure.locator('.xp-time').textContent()) ?? '');
}

/** Shows a moment. @param at seconds */
export async function seek(figure: Locator, at: number): Promise<void> {
  await figure.getByRole('slider', { name: 'Moment of the run' }).fill(String(Math.round(at * 1_000_000)));
  await expect.poll(() => moment(figure)).toBe(at);
}

/** Declares the tests of a page's place in the book. */
export function testPlace({ path, title, epigraph, before, after, search, headingsMin }: BrokerPage): void {
  test('it is found from the sidebar, the chapter, home and by search', async ({ page, site }) => {
    const address = `${site.base}${path}`;
    await page.goto(chapter);
    await expect(
      page.locator('nav.sidebar').getByRole('link', { name: new RegExp(`${title}$`) }),
    ).toHaveAttribute('href', address);
    await expect(
      page.locator('.sl-markdown-content').getByRole('link', { name: title, exact: true }).first(),
    ).toBeVisible();
    await page.locator('.chapter-foot').getByRole('link', { name: title }).click();
    await expect(page).toHaveURL(new RegExp(`${address}$`));
    await expect(page.getByRole('heading', { level: 1 })).toContainText(title);
    await expect(page.locator('.page-title .eyebrow')).toContainText('Brokers');
    await expect(page.locator('.page-title .epigraph')).toContainText(epigraph);

    const foot = page.locator('.chapter-foot');
    await expect(foot.getByRole('link', { name: before })).toHaveAttribute('rel', 'prev');
    await expect(foot).toContainText(after);

    await page.goto('');
    await page.locator('.chapters').getByRole('link', { name: title }).click();
    await expect(page).toHaveURL(new RegExp(`${address}$`));

    await page.getByRole('button', { name: 'Search', exact: true }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('searchbox').fill(search);
    await expect(dialog.locator(`a[href^="${address}"]`).first()).toBeVisible({ timeout: 20_000 });
  });

  test('its contents lead through it, and keep the place of the reader in sight', async ({ page }) => {
    await page.goto(path);
    const headings = await page
      .locator('.sl-markdown-content h2[id]:not(.sr-only)')
      .evaluateAll((all) => all.map((heading) => heading.id));
    expect(headings.length).toBeGreaterThanOrEqual(headingsMin);
    const rail = page.locator('page-contents');
    const linked = await rail
      .locator('a')
      .evaluateAll((all) => all.map((link) => link.getAttribute('href')?.slice(1)));
    expect(linked.filter((id) => id !== undefined && headings.includes(id))).toEqual(headings);
    const last = headings.at(-1)!;
    await page.locator(`[id="${last}"]`).scrollIntoViewIfNeeded();
    await page.evaluate(() => window.scrollTo({ top: document.body.scrollHeight, behavior: 'instant' }));
    await expect(rail.locator('a[aria-current="true"]')).toBeInViewport();

    await page.setViewportSize({ width: 360, height: 740 });
    await page.goto(path);
    const sheet = page.locator('mobile-starlight-toc');
    await sheet.locator('summary').click();
    const link = sheet.locator(`a[href="#${last}"]`);
    await link.scrollIntoViewIfNeeded();
    await link.click();
    await expect(link).toBeHidden();
    await expect(page.locator(`[id="${last}"]`)).toBeInViewport();
  });

  test('home leads back to where the reader was', async ({ page }) => {
    await page.goto(path);
    const heading = page.locator('.sl-markdown-content h2[id]').nth(2);
    await heading.evaluate((element) => element.scrollIntoView({ block: 'start', behavior: 'instant' }));
    await page.waitForTimeout(1_200);
    await page.goto('');
    await page.getByRole('link', { name: new RegExp(`^Resume: ${title}, `) }).click();
    await expect(page).toHaveURL(new RegExp(`${path}#`));
  });
}

/** Declares the tests of a page in depth, those of its place among them. */
export function testInDepth(what: InDepth): void {
  const { path } = what;
  const experiments = experimentsOf(what);
  testPlace(what);

  test.describe('without JavaScript', () => {
    test.use({ javaScriptEnabled: false });

    for (const widthPx of [360, 1440])
      test(`every experiment shows its first frame at ${widthPx} px`, async ({ page }) => {
        await page.setViewportSize({ width: widthPx, height: 900 });
        await page.goto(path);
        for (const { id, title, posterMs } of experiments) {
          const figure = page.locator(`[id="${id}"]`);
          await expect(figure.getByRole('heading', { name: title })).toBeVisible();
          await expect(figure.locator('.xp-stage svg.xp-svg:visible').first(), id).toBeVisible();
          await expect(figure.locator('.xp-caption'), id).toContainText(/\w+ \w+/);
          expect(Math.abs((await moment(figure)) - posterMs / 1000), id).toBeLessThan(0.001);
          await expect(figure.getByRole('button'), id).toHaveCount(0);
          await expect(figure.locator('.xp-console'), id).toBeHidden();
        }
        await expect(page.locator('.xp-noscript:visible')).toHaveCount(experiments.length);
      });
  });

  test('every claim of the book has its proof, and every mark of the page leads to one', async ({
    page,
    sites,
  }) => {
    const lacking = claims
      .map(({ id }) => join('claims', id, 'index.html'))
      .filter((file) => !existsSync(join(sites.below.directory, file)));
    expect(lacking).toEqual([]);
    await page.goto(path);
    const marks = await page
      .locator('a.claim-mark')
      .evaluateAll((all) => all.map((mark) => new URL((mark as HTMLAnchorElement).href).pathname));
    expect(marks.length).toBeGreaterThan(0);
    const proofs = claims.map(({ id }) => `${sites.below.base}claims/${id}/`);
    expect(marks.filter((mark) => !proofs.includes(mark))).toEqual([]);
  });

  const sectionOf = (control: Control): RegExp =>
    control.endsWith('-consumer') && control !== 'add-consumer'
      ? /^Consumers/
      : control.endsWith('-producer')
        ? new RegExp(`^${what.producers}`)
        : /./;

  for (const { id, controls } of experiments)
    test(`${id}: plays, steps, and does what its buttons say`, async ({ page }) => {
      const figure = await openExperiment(page, path, id);
      const play = figure.locator('.xp-play');
      const poster = await moment(figure);
      await play.click();
      await expect.poll(() => moment(figure)).toBeLessThan(poster);
      await expect.poll(() => moment(figure)).toBeGreaterThan(0.2);
      await play.click();
      await expect(figure).toHaveAttribute('data-playing', 'false');
      await seek(figure, poster);
      await figure.getByRole('button', { name: 'Step', exact: true }).click();
      await expect.poll(() => moment(figure)).toBeGreaterThan(poster);
      await figure.getByRole('button', { name: 'Step back' }).click();
      await expect.poll(() => moment(figure)).toBeLessThanOrEqual(poster);

      const did: Control[] = [];
      for (const control of controls) {
        const name = what.buttons[control];
        if (!name) continue;
        const button = figure
          .locator('.xp-desk section')
          .filter({ hasText: sectionOf(control) })
          .getByRole('button', { name, disabled: false })
          .first();
        // Nobody may be there for it at this moment.
        if ((await button.count()) === 0) continue;
        const called = await button.getAttribute('aria-label');
        // By its own name: who is first may be another one by now, when what was done before is taken back.
        const meant =
          called === null ? button : figure.getByRole('button', { name: called, exact: true }).first();
        await meant.click();
        const done = figure.getByRole('button', { name: /^Take back: / });
        await expect(done.first(), control).toBeVisible();
        // Who has crashed or is paused cannot do so again; who leaves in good order takes its time.
        if (called !== null && /^(crash|pause)-/.test(control))
          await expect(figure.getByRole('button', { name: called, exact: true }), control).toHaveCount(0);
        await expect(figure.getByRole('alert'), control).toHaveCount(0);
        while ((await done.count()) > 0) {
          const left = await done.count();
          await done.first().click();
          await expect(done).toHaveCount(left - 1);
        }
        did.push(control);
      }
      if (controls.length > 0) expect(did.length, `some of ${controls.join(', ')}`).toBeGreaterThan(0);
    });

  test('the console: a command, its output, history, completion, an error, and the way out', async ({
    page,
  }) => {
    const withConsole = experiments.find((experiment) => experiment.console);
    expect(withConsole, 'an experiment with a console').toBeDefined();
    const { button, command, output, completions, misspelt } = what.console;
    const figure = await openExperiment(page, path, withConsole!.id);
    const terminal = figure.getByRole('region', { name: /^Console of/ });
    await terminal.scrollIntoViewIfNeeded();
    const field = terminal.getByRole('textbox');
    const screen = terminal.getByRole('log');
    await expect(field).toBeEnabled();

    await terminal.getByRole('button', { name: button, exact: true }).click();
    await expect(field).toBeFocused();
    const line = await field.inputValue();
    expect(line).toMatch(command);
    await page.keyboard.press('Enter');
    for (const words of output) await expect(screen).toContainText(words, { timeout: 20_000 });
    await expect(field).toHaveValue('');
    await expect(field).toHaveAttribute('autocorrect', 'off');

    await page.keyboard.press('ArrowUp');
    await expect(field).toHaveValue(line);
    await page.keyboard.press('ArrowDown');
    await expect(field).toHaveValue('');

    for (const [typed, completed] of completions) {
      await page.keyboard.type(typed);
      await page.keyboard.press('Tab');
      await expect(field).toHaveValue(completed);
    }

    await field.fill(misspelt(line));
    await page.keyboard.press('Enter');
    await expect(screen.locator('.xp-exit').last()).toContainText(/exit code [1-9]/, { timeout: 20_000 });

    await field.fill('half a word');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Tab');
    await expect(field).not.toBeFocused();
    await expect(field).toHaveValue('half a word');
  });
}
