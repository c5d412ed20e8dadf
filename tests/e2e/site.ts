// What every end-to-end test starts from: the built sites, served on free ports by the test itself, and a watch over
// each page. Import `test` and `expect` from here. `page.goto('chapter-03-message-brokers/')`, without a leading
// slash, goes below the base path.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { test as playwright, type Page } from '@playwright/test';
import { STALLED } from '../../src/cli/reports.mjs';
import { serve } from '../../src/cli/static-server.mjs';
import { testSites } from '../../src/cli/test-sites.mjs';

export { expect } from '@playwright/test';

/** The two builds: `below` a base path, and at the `root` of its origin. */
export type SiteName = keyof typeof testSites;

export interface Site {
  /** Where it is served, with the base path and a slash at the end. */
  readonly url: string;
  readonly origin: string;
  /** The path below the origin, with a slash at both ends. */
  readonly base: string;
  /** The folder of the build. */
  readonly directory: string;
}

/** The chapter, below the base path. */
export const chapter = 'chapter-03-message-brokers/';

/** Kafka in depth, below the base path. */
export const kafkaInDepth = 'brokers/kafka/';

/** RabbitMQ in depth, below the base path. */
export const rabbitmqInDepth = 'brokers/rabbitmq/';

/** One workload, two brokers, below the base path. */
export const twoBrokers = 'brokers/compare/';

/**
 * Every page of a build as a path below its base: '' is home, '404.html' the page for what is missing.
 * @throws when there is no build
 */
export function pagesOf(name: SiteName): string[] {
  const { directory } = testSites[name];
  if (!existsSync(join(directory, 'index.html')))
    throw new Error(
      `There is no built site in ${directory}: npm run test:e2e builds it, then runs these tests.`,
    );
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.html'))
    .map((path) => path.split(sep).join('/'))
    .map((path) => (path === 'index.html' ? '' : path.replace(/\/index\.html$/, '/')))
    .sort();
}

/** The ids of the experiments on a page of the build below a base path, in the order of the page. */
export function experimentsOn(path: string): string[] {
  const html = readFileSync(join(testSites.below.directory, path, 'index.html'), 'utf8');
  return [...html.matchAll(/ data-experiment="([^"]+)"/g)].map((match) => match[1]!);
}

/** Every file of a build, as paths below its folder. */
export function filesOf(site: Site): string[] {
  return readdirSync(site.directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(site.directory, join(entry.parentPath, entry.name)).split(sep).join('/'));
}

/** Scrolls through the whole page, so that everything that waits for being seen has been, and back to the top. */
export async function scrollThrough(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const frame = (): Promise<unknown> => new Promise((done) => requestAnimationFrame(done));
    const stepPx = window.innerHeight / 2;
    for (let top = 0; top < document.documentElement.scrollHeight; top += stepPx) {
      window.scrollTo({ top, behavior: 'instant' });
      await frame();
      await frame();
    }
    window.scrollTo({ top: 0, behavior: 'instant' });
  });
  await page.waitForLoadState('networkidle');
  // Islands take their place once their code has come; until then Astro marks them with `ssr`. One that is hidden waits.
  await page.waitForFunction(
    () =>
      [...document.querySelectorAll('astro-island[ssr]')].every(({ children }) =>
        [...children].every((child) => !child.checkVisibility()),
      ),
    undefined,
    { timeout: 45_000 },
  );
}

/**
 * Waits for every font of the page. Until one is there another of its size stands in, if the machine has that; what a
 * machine without it makes of the lines is not the page's doing.
 */
export async function fontsAreThere(page: Page): Promise<void> {
  await page.evaluate(() => Promise.allSettled([...document.fonts].map((face) => face.load())));
  await page.evaluate(() => document.fonts.ready);
}

/**
 * What has the focus at the very moment when an element is there, before any frame is drawn: whoever types on reaches it.
 * @param shown a selector; nothing may match it yet
 */
export async function focusedAsShown(page: Page, shown: string, act: () => Promise<void>): Promise<string> {
  const watch = await page.evaluateHandle((selector) => {
    if (document.querySelector(selector)) throw new Error(`${selector} is there already`);
    const focused = new Promise<string>((done) => {
      new MutationObserver((_, observer) => {
        if (!document.querySelector(selector)) return;
        observer.disconnect();
        done(document.activeElement?.outerHTML ?? '');
      }).observe(document.body, { childList: true, subtree: true, attributes: true });
    });
    return { focused };
  }, shown);
  await act();
  return watch.evaluate(({ focused }) => focused);
}

const STATES = {
  draws: 'answers and draws',
  stalled: 'answers, is visible, and draws no frame',
  hidden: 'answers and is hidden',
  silent: 'does not answer',
};

/**
 * What a page of a failed test still does. One that is visible and answers, but draws no frame within seconds, has a
 * browser that failed: no script of ours stands in for requestAnimationFrame.
 */
async function stateOf(page: Page): Promise<keyof typeof STATES> {
  const within = <T>(answer: Promise<T>, otherwise: T): Promise<T> =>
    Promise.race([
      answer.catch(() => otherwise),
      new Promise<T>((done) => setTimeout(done, 10_000, otherwise)),
    ]);
  const visibility = await within(
    page.evaluate(() => document.visibilityState),
    null,
  );
  if (visibility === null) return 'silent';
  if (visibility === 'hidden') return 'hidden';
  const draws = await within(
    page.evaluate(() => new Promise<boolean>((done) => requestAnimationFrame(() => done(true)))),
    false,
  );
  return draws ? 'draws' : 'stalled';
}

interface Served {
  below: Site;
  root: Site;
}

interface Options {
  /**
   * Errors that the test provokes: what is said on the console and matches one of these is no failure.
   * `test.use({ expectedErrors: [/QuotaExceeded/] })`
   */
  expectedErrors: RegExp[];
}

export const test = playwright.extend<Options & { site: Site; watch: undefined }, { sites: Served }>({
  expectedErrors: [[], { option: true }],

  sites: [
    async ({}, use) => {
      const [below, root] = await Promise.all([serve(testSites.below), serve(testSites.root)]);
      const site = (name: SiteName, url: string): Site => ({
        ...testSites[name],
        url,
        origin: new URL(url).origin,
      });
      await use({ below: site('below', below.url), root: site('root', root.url) });
      await Promise.all([below.close(), root.close()]);
    },
    { scope: 'worker' },
  ],

  site: async ({ sites }, use) => use(sites.below),

  baseURL: async ({ site }, use) => use(site.url),

  /** In every test: no request leaves the origin, and nothing is reported as an error, a breach of the policy included. */
  watch: [
    async ({ context, sites, expectedErrors }, use, testInfo) => {
      const problems: string[] = [];
      const own = Object.values(sites).map(({ origin }: Site) => `${origin}/`);
      context.on('request', (request) => {
        const url = request.url();
        if (!/^(data|blob|about):/.test(url) && !own.some((origin) => url.startsWith(origin)))
          problems.push(`request to another origin: ${url}`);
      });
      context.on('console', (message) => {
        if (message.type() === 'error')
          problems.push(`console: ${message.text()} (${message.location().url})`);
      });
      context.on('weberror', (event) => problems.push(`uncaught: ${event.error().message}`));
      await use(undefined);
      if (testInfo.status !== testInfo.expectedStatus)
        for (const page of context.pages()) {
          const state = await stateOf(page);
          console.log(`${page.url()} ${STATES[state]}`);
          if (state === 'stalled') testInfo.annotations.push({ type: STALLED });
        }
      playwright
        .expect(
          problems.filter((problem) => !expectedErrors.some((expected) => expected.test(problem))),
          'errors and foreign requests while the test ran',
        )
        .toEqual([]);
    },
    { auto: true },
  ],
});
