// Under a base path and at the root: every internal link, asset and fragment leads somewhere, the addresses that carry
// the site's own origin (canonical, social card, sitemap) are those of real pages, and what is missing gets the 404 page.
import { LinkChecker, LinkState } from 'linkinator';
import { testSiteUrl } from '../../src/cli/test-sites.mjs';
import { chapter, expect, pagesOf, test, type SiteName } from './site.ts';

for (const name of ['below', 'root'] satisfies SiteName[])
  test.describe(`the site ${name === 'below' ? 'below a base path' : 'at the root'}`, () => {
    test('every internal link, asset and fragment resolves', async ({ sites }) => {
      test.setTimeout(240_000);
      const site = sites[name];
      const checker = new LinkChecker();
      const { links } = await checker.check({
        path: pagesOf(name).map((page) => site.url + page),
        linksToSkip: (link) => Promise.resolve(!link.startsWith(site.origin)),
        checkFragments: true,
        checkCss: true,
        redirects: 'error',
        concurrency: 20,
      });
      const broken = links
        .filter(({ state }) => state === LinkState.BROKEN)
        .map(({ url, status, parent }) => `${url} (${status ?? 'no answer'}) on ${parent ?? '?'}`);
      expect(broken).toEqual([]);
      expect(links.length).toBeGreaterThan(20);
      const astray = links.filter(({ url }) => url.startsWith(site.origin) && !url.startsWith(site.url));
      expect(astray.map(({ url, parent }) => `${url} leaves the base path on ${parent ?? '?'}`)).toEqual([]);
    });

    test('addresses with the origin of the site are those of real files', async ({ sites, request }) => {
      const site = sites[name];
      const home = testSiteUrl + site.base;
      // The 404 page stands at no address of its own, whatever its canonical link says.
      const pages = pagesOf(name).filter((page) => page !== '404.html');
      const documents = [...pages, 'sitemap-index.xml', 'sitemap-0.xml'];
      const seen = new Map<string, string>();
      for (const document of documents) {
        const response = await request.get(site.url + document);
        expect(response.status(), document).toBe(200);
        for (const [address] of (await response.text()).matchAll(/https:\/\/books\.example[^"'<>\s]*/g))
          seen.set(address, document);
      }
      expect(seen.size).toBeGreaterThan(0);
      for (const [address, document] of seen) {
        expect.soft(address, `in ${document}`).toContain(home);
        const path = address.replaceAll('&amp;', '&').slice(home.length);
        const { status } = await request.get(site.url + path).then((found) => ({ status: found.status() }));
        expect.soft(status, `${address} in ${document}`).toBe(200);
      }
    });

    test('search comes when it is opened, and keeps what was typed meanwhile', async ({ sites, page }) => {
      const asked: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      await page.goto(sites[name].url);
      await page.waitForLoadState('networkidle');
      expect(asked.filter((url) => url.includes('pagefind'))).toEqual([]);
      await page.keyboard.press('Control+k');
      await page.keyboard.type('lag');
      const dialog = page.getByRole('dialog');
      await expect(dialog.getByRole('searchbox')).toHaveValue('lag');
      await expect(dialog.getByRole('status')).toContainText(/places? for “lag”/);
      await page.keyboard.press('Escape');
      await expect(page.getByRole('button', { name: 'Search' })).toBeVisible();
      await expect(dialog).toBeHidden();
    });

    test('search finds words of the chapter', async ({ sites, page }) => {
      await page.goto(sites[name].url);
      await page.getByRole('button', { name: 'Search', exact: true }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('textbox').or(dialog.getByRole('searchbox')).first().fill('consumer group');
      const result = dialog.getByRole('link', { name: /message brokers/i }).first();
      await expect(result).toBeVisible({ timeout: 20_000 });
      await expect(result).toHaveAttribute('href', new RegExp(`^${sites[name].base}${chapter}`));
    });

    test('the chapter opens, and its first experiment runs in the worker', async ({ sites, page }) => {
      const worker = page.waitForEvent('worker', { timeout: 20_000 });
      await page.goto(sites[name].url + chapter);
      const experiment = page.locator('#kafka-consumer-groups');
      await experiment.scrollIntoViewIfNeeded();
      await experiment.getByRole('button', { name: /^play/i }).click();
      expect((await worker).url()).toContain(sites[name].url);
    });

    test.describe(() => {
      test.use({ expectedErrors: [/status of 404/] });

      test('what is missing gets the 404 page, whole, and a way home', async ({ sites, page }) => {
        const assets: string[] = [];
        page.on('response', (response) => {
          if (response.status() !== 200) assets.push(`${response.status()} ${response.url()}`);
        });
        const missing = `${sites[name].url}no/such/page/`;
        const response = await page.goto(missing);
        expect(response?.status()).toBe(404);
        expect(assets).toEqual([`404 ${missing}`]);
        await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
        await expect(page.locator(`a[href="${sites[name].base}"]`).first()).toBeVisible();
      });
    });
  });
