// The search index of a built site: a file of it that is empty, as Pagefind leaves one now and then, is written anew.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { wholeSearchIndex } from '../../src/components/shell/search-index.mjs';

let site: string;
const entry = (): string => join(site, 'pagefind', 'pagefind-entry.json');

beforeEach(() => {
  site = mkdtempSync(join(tmpdir(), 'brokerbook-site-'));
  writeFileSync(
    join(site, 'index.html'),
    '<!doctype html><html lang="en"><body><main data-pagefind-body><h1>Lag</h1></main></body></html>',
  );
  mkdirSync(join(site, 'pagefind'));
});
afterEach(() => rmSync(site, { recursive: true }));

it('is written again where a file of it is empty, with the pages of the site', async () => {
  writeFileSync(entry(), '');
  expect(await wholeSearchIndex(site)).toBe(true);
  expect(JSON.parse(readFileSync(entry(), 'utf8'))).toMatchObject({ languages: { en: { page_count: 1 } } });
  expect(await wholeSearchIndex(site)).toBe(false);
});

it('is left as it is where it is whole', async () => {
  writeFileSync(entry(), '{}');
  expect(await wholeSearchIndex(site)).toBe(false);
  expect(readFileSync(entry(), 'utf8')).toBe('{}');
});
