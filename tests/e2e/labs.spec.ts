// Labs to take home: the link below an experiment brings a zip that opens, with and without JavaScript; where there is none,
// the page says why.
import { readFileSync } from 'node:fs';
import { strFromU8, unzipSync } from 'fflate';
import type { Page } from '@playwright/test';
import { expect, kafkaInDepth, rabbitmqInDepth, test } from './site.ts';

/** Clicks the link that takes an experiment home. @returns the files that come, by path */
async function taken(page: Page): Promise<Record<string, string>> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.locator('a[href$="/labs/rabbitmq-prefetch.zip"]').first().click(),
  ]);
  expect(download.suggestedFilename()).toBe('rabbitmq-prefetch.zip');
  const opened = unzipSync(readFileSync(await download.path()));
  return Object.fromEntries(Object.entries(opened).map(([path, bytes]) => [path, strFromU8(bytes)]));
}

test('an experiment is taken home', async ({ page }) => {
  await page.goto(rabbitmqInDepth);
  const files = await taken(page);
  expect(files['brokerbook-rabbitmq-prefetch/README.md']).toContain('npm run judge');
  expect(files['brokerbook-rabbitmq-prefetch/compose.yaml']).toContain('image: rabbitmq:');
  await expect(page.getByText('a session at the prompt, typed to the real tools').first()).toBeVisible();
});

test('one of Kafka has smaller runs, and says so', async ({ page }) => {
  await page.goto(kafkaInDepth);
  const home = page.locator('.take-home', { has: page.locator('a[href$="/labs/kafka-rebalance.zip"]') });
  await expect(home).toContainText('9 smaller runs');
  await expect(home).toContainText('on a Kafka of your own');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    home.getByRole('link', { name: 'Take it home' }).click(),
  ]);
  const names = Object.keys(unzipSync(readFileSync(await download.path())));
  for (const file of ['scenarios/range.json', 'scenarios/kip-848.json', 'src/real/kafka/Clients.java'])
    expect(names).toContain(`brokerbook-kafka-rebalance/${file}`);
});

test('a lab has its page, with its steps', async ({ page }) => {
  await page.goto('labs/');
  await page.getByRole('link', { name: 'Set up Kafka, and produce and consume messages' }).first().click();
  await expect(page.getByRole('heading', { name: '3. Consumers, one to four' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Download the folder' })).toHaveAttribute(
    'href',
    /labs\/set-up-kafka\.zip$/,
  );
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  test('it is the same link', async ({ page }) => {
    await page.goto('labs/');
    expect(Object.keys(await taken(page))).toContain('brokerbook-rabbitmq-prefetch/judge.mjs');
  });
});
