// The pure core stays pure, storage and workers have one door each, and the scan that says so sees what it should.
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { impurities, rawStorageUses, sourceFiles, workersMade } from './source-scan.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const files = sourceFiles(join(root, 'src')).map(({ path, text }) => ({
  path: relative(root, path).split(sep).join('/'),
  text,
}));
const pure = /^src\/(sim|brokers|claims|scenarios)\//;

describe('the source', () => {
  test('sim, brokers, claims and scenarios know no page, clock, chance, outside or #private member', () => {
    const core = files.filter(({ path }) => pure.test(path));
    expect(core.length).toBeGreaterThan(0);
    expect(core.flatMap(({ path, text }) => impurities(path, text))).toEqual([]);
  });

  test('only src/storage touches localStorage', () => {
    const others = files.filter(({ path }) => !path.startsWith('src/storage/'));
    expect(others.flatMap(({ path, text }) => rawStorageUses(path, text))).toEqual([]);
  });

  test('only src/client makes a Worker', () => {
    const others = files.filter(({ path }) => !path.startsWith('src/client/'));
    expect(others.flatMap(({ path, text }) => workersMade(path, text))).toEqual([]);
  });
});

describe('the scan for impurities', () => {
  test.each([
    ['const at = Date.now();'],
    ['const at = new Date();'],
    ['const at = performance.now();'],
    ['setTimeout(() => undefined, 1);'],
    ['const draw = Math.random();'],
    ["const draw = Math['random']();"],
    ['const gap = -Math.log(share);'],
    ['const { random } = crypto;'],
    ["void fetch('https://example.org');"],
    ['document.title = "";'],
    ['const page = globalThis;'],
    ['const kept = { localStorage };'],
    ['class Log { #entries = []; }'],
    ["const later = import('./other.ts');"],
    ['async function run() { await step(); }'],
    ['names.sort((a, b) => a.localeCompare(b));'],
    ['console.log("here");'],
    ['const level = process.env.LEVEL;'],
    ['export default performance;'],
  ])('finds it in %s', (text) => {
    expect(impurities('src/sim/a.ts', text)).not.toEqual([]);
  });

  test.each([
    ['const record = { document: 1, Date: 2, fetch: 3 };'],
    ['const bytes = record.fetch;'],
    ['interface Fetch { readonly process: string; performance?: number }'],
    ['function place(location: string) { return location; }'],
    ['// Date.now() and Math.random() have no place here'],
    ['const words = "Date.now()";'],
    ['const root = Math.sqrt(2);'],
    ['class Consumer { private fetch() { return this.fetch; } }'],
  ])('passes %s', (text) => {
    expect(impurities('src/sim/a.ts', text)).toEqual([]);
  });

  test('names file and line', () => {
    expect(impurities('src/sim/a.ts', '\n\nconst at = Date.now();')).toEqual([
      'src/sim/a.ts:3 Date: is a clock',
    ]);
  });
});

describe('the scan for storage', () => {
  test.each([
    ['a.ts', 'localStorage.setItem("a", "b");'],
    ['a.tsx', 'const kept = window.localStorage;'],
    ['a.ts', 'sessionStorage.clear();'],
    ['a.astro', '---\nconst a = 1;\n---\n<p>text</p>\n<script>localStorage.clear();</script>\n'],
    ['a.astro', '<script is:inline>\nconst a = globalThis.localStorage;\n</script>'],
  ])('finds it in %s: %s', (name, text) => {
    expect(rawStorageUses(`src/widgets/${name}`, text)).toHaveLength(1);
  });

  test('names the line in an Astro file', () => {
    const text = '---\nconst a = 1;\n---\n<p>text</p>\n<script>\n  localStorage.clear();\n</script>\n';
    expect(rawStorageUses('a.astro', text)).toEqual(['a.astro:6 localStorage: only src/storage touches it']);
  });

  test('passes the words', () => {
    expect(rawStorageUses('a.astro', '---\n// localStorage\n---\n<p>localStorage</p>')).toEqual([]);
  });
});

describe('the scan for workers', () => {
  test('finds one being made', () => {
    expect(workersMade('src/widgets/a.ts', "new Worker(new URL('x', import.meta.url));")).toHaveLength(1);
    expect(workersMade('src/widgets/a.ts', "new window.SharedWorker('x');")).toHaveLength(1);
  });

  test('passes a type and a name', () => {
    expect(workersMade('src/widgets/a.ts', 'let worker: Worker; const WorkerPool = 1;')).toEqual([]);
  });
});
