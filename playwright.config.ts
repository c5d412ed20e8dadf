// End-to-end tests in Chromium, on the sites that `npm test` built (src/cli/test-sites.mjs). Each worker serves
// them itself on a free port: see tests/e2e/site.ts. BROKERBOOK_CHROMIUM names the browser; without it,
// Playwright's own is used.
import { defineConfig } from '@playwright/test';

const executablePath = process.env.BROKERBOOK_CHROMIUM;

export default defineConfig({
  testDir: 'tests/e2e',
  testMatch: '**/*.spec.ts',
  outputDir: 'test-results/e2e',
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  // A test that passes only at the second try has found something, and has failed: src/cli/reports.mjs counts it so. Only
  // where the browser had stopped drawing does the second try, in another browser, decide.
  retries: 1,
  workers: 2,
  // Two browsers and a simulator each on two cores, which may be slow ones: a page may take its time.
  timeout: 150_000,
  expect: { timeout: 20_000 },
  reporter: process.env.PLAYWRIGHT_JSON_OUTPUT_FILE ? [['list'], ['json']] : [['list']],
  use: {
    browserName: 'chromium',
    launchOptions: executablePath ? { executablePath } : {},
    viewport: { width: 1440, height: 900 },
    actionTimeout: 20_000,
    navigationTimeout: 60_000,
    screenshot: 'only-on-failure',
    // A trace of a long page costs as much time again as the test; `--trace on` makes one of what is run again.
    trace: 'off',
  },
});
