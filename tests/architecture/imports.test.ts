// Imports run one way only: the rules of .dependency-cruiser.mjs hold in src, and each of them bites.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractDepcruiseOptions from 'dependency-cruiser/config-utl/extract-depcruise-options';
import { afterAll, describe, expect, test } from 'vitest';
import { importsOf, sourceFiles } from './source-scan.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const options = await extractDepcruiseOptions(join(root, '.dependency-cruiser.mjs'));

/** The broken rules of a tree that has a folder src, each as `rule: from → to`. */
async function violations(baseDir: string): Promise<string[]> {
  const { output } = await cruise(['src'], { ...options, baseDir, validate: true });
  return (output as ICruiseResult).summary.violations.map(
    ({ rule, from, to }) => `${rule.name}: ${from} → ${to}`,
  );
}

test('the source keeps to the rules', { timeout: 60_000 }, async () => {
  expect(await violations(root)).toEqual([]);
});

test('no Astro component imports src/real or src/cli', () => {
  const wrong = sourceFiles(join(root, 'src'))
    .filter(({ path }) => path.endsWith('.astro'))
    .flatMap(({ path, text }) => importsOf(path, text).map((specifier) => `${path} → ${specifier}`))
    .filter((line) => /\/(real|cli)\//.test(line.split(' → ')[1] ?? ''));
  expect(wrong).toEqual([]);
});

describe('each rule bites', () => {
  const value = 'export const value = 1;\n';
  const importing = (specifier: string): string =>
    `import { value } from '${specifier}';\nexport const other = value;\n`;
  const importingType = (specifier: string): string =>
    `import type { Value } from '${specifier}';\nexport type Other = Value;\n`;
  const folders: string[] = [];
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

  /** Lays a tree of files in a folder of its own. */
  function tree(files: Record<string, string>): string {
    const folder = mkdtempSync(join(tmpdir(), 'brokerbook-imports-'));
    folders.push(folder);
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return folder;
  }

  test.each([
    ['sim-knows', 'src/sim/a.ts', 'src/brokers/b.ts'],
    ['brokers-knows', 'src/brokers/a.ts', 'src/claims/b.ts'],
    ['brokers-knows', 'src/brokers/a.ts', 'src/scenarios/b.ts'],
    ['claims-knows', 'src/claims/a.ts', 'src/brokers/b.ts'],
    ['scenarios-knows', 'src/scenarios/a.ts', 'src/worker/b.ts'],
    ['worker-knows', 'src/worker/a.ts', 'src/client/b.ts'],
    ['client-knows', 'src/client/a.ts', 'src/worker/worker.ts'],
    ['client-knows', 'src/client/a.ts', 'src/sim/b.ts'],
    ['storage-knows', 'src/storage/a.ts', 'src/client/b.ts'],
    ['widgets-knows', 'src/widgets/a.ts', 'src/worker/b.ts'],
    ['widgets-know-the-core-by-types', 'src/widgets/a.ts', 'src/scenarios/b.ts'],
    ['widgets-know-the-core-by-types', 'src/widgets/experiment/console/a.ts', 'src/brokers/b/console/run.ts'],
    ['words-are-only-words', 'src/brokers/b/console/complete.ts', 'src/brokers/b/config.ts'],
    ['words-are-only-words', 'src/brokers/b/view-types.ts', 'src/sim/time.ts'],
    ['words-are-only-words', 'src/sim/names.ts', 'src/sim/time.ts'],
    ['protocol-knows-the-core-by-types', 'src/worker/protocol.ts', 'src/scenarios/b.ts'],
    ['nothing-imports-real-or-cli', 'src/components/a.ts', 'src/cli/b.ts'],
    ['nothing-imports-real-or-cli', 'src/scenarios/a.ts', 'src/real/b.ts'],
    ['nothing-imports-real-or-cli', 'src/labs/a.ts', 'src/real/b.ts'],
    ['nothing-imports-programs-of-labs', 'src/labs/a.ts', 'src/labs/rabbitmq/run.ts'],
  ])('%s: %s may not import %s', async (rule, from, to) => {
    const specifier = posix.relative(posix.dirname(from), to);
    const found = await violations(
      tree({ [from]: importing(specifier.startsWith('.') ? specifier : `./${specifier}`), [to]: value }),
    );
    expect(found).toContain(`${rule}: ${from} → ${to}`);
  });

  test('an import of a type counts as an import', async () => {
    const folder = tree({
      'src/claims/a.ts': importingType('../brokers/b.ts'),
      'src/brokers/b.ts': 'export type Value = 1;\n',
    });
    expect(await violations(folder)).toContain('claims-knows: src/claims/a.ts → src/brokers/b.ts');
  });

  test('a package that is not on the list of a pure folder', async () => {
    const folder = tree({
      'src/sim/a.ts': importing('chance'),
      'node_modules/chance/package.json': '{ "name": "chance", "main": "index.js" }',
      'node_modules/chance/index.js': value,
    });
    expect((await violations(folder)).some((line) => line.startsWith('sim-knows: '))).toBe(true);
  });

  test('an import that leads nowhere', async () => {
    const folder = tree({ 'src/components/a.ts': importing('./nowhere.ts') });
    expect((await violations(folder)).some((line) => line.startsWith('resolvable: '))).toBe(true);
  });

  test('a cycle', async () => {
    const folder = tree({ 'src/sim/a.ts': importing('./b.ts'), 'src/sim/b.ts': importing('./a.ts') });
    expect((await violations(folder)).some((line) => line.startsWith('no-cycles: '))).toBe(true);
  });

  test('what is allowed passes', async () => {
    const folder = tree({
      'src/sim/a.ts': value,
      'src/brokers/a.ts': importing('../sim/a.ts'),
      'src/claims/a.ts': importing('../sim/a.ts'),
      'src/scenarios/a.ts': `${importing('../brokers/a.ts')}export type Value = 1;\n`,
      'src/worker/protocol.ts': importingType('../scenarios/a.ts'),
      'src/client/a.ts': importingType('../worker/protocol.ts'),
      'src/brokers/b/console/index.ts': `export { value } from './complete.ts';\n`,
      'src/brokers/b/console/complete.ts': `${importing('./programs.ts')}${importingType('../config.ts')}`,
      'src/brokers/b/console/programs.ts': value,
      'src/brokers/b/config.ts': 'export type Value = 1;\n',
      'src/widgets/experiment/console/a.ts': importing('../../../brokers/b/console/index.ts'),
      'src/real/a.ts': value,
      'src/labs/rabbitmq/run.ts': importing('../../real/a.ts'),
      'src/widgets/a.tsx': `${importingType('../scenarios/a.ts')}export { other } from '../client/a.ts';\n`,
    });
    expect(await violations(folder)).toEqual([]);
  });
});
