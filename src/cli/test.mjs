// `npm test`: everything that must hold, from a fresh clone, with only Node and npm at hand. Each step says what
// it does and how long it took; a failed one shows its output and what to do, and the others still run.
// The last line is `N passed, N failed`: the tests of Vitest and Playwright, and each step that runs no tests.
//
//   node src/cli/test.mjs                      every step
//   node src/cli/test.mjs lint types           these only
//   node src/cli/test.mjs e2e -- notes.spec    what follows `--` goes to Playwright or Vitest
// @ts-check
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { playwrightTold, STALLED, vitestTold } from './reports.mjs';
import { elapsed, install, root, run, step, StepError } from './steps.mjs';
import { testSites, testSiteUrl } from './test-sites.mjs';

const reports = join(root, 'test-results', 'reports');
const divider = process.argv.indexOf('--');
const wanted = process.argv.slice(2, divider === -1 ? undefined : divider);
const passedOn = divider === -1 ? '' : process.argv.slice(divider).slice(1).join(' ');

/**
 * @typedef {import('./reports.mjs').Told} Told
 * @typedef {{ passed: number, failed: number } & Partial<Told>} Count
 * @typedef {{ name: string, title: string, advice: string, work: () => Promise<Count> }} Step
 */

/**
 * Runs commands one after another, all of them, and shows the output of those that fail.
 * @param {...(string | [string, Record<string, string>])} commands each with the environment it adds, if any
 * @returns {Promise<Count>} one, passed or failed: these commands are one check
 */
async function check(...commands) {
  let failed = 0;
  for (const entry of commands) {
    const [line, env] = typeof entry === 'string' ? [entry, {}] : entry;
    const startedMs = performance.now();
    const { code, output } = await run(line, { quiet: true, env });
    console.log(`  ${line}: ${code === 0 ? 'ok' : `ended with code ${code}`}, ${elapsed(startedMs)}`);
    if (code !== 0) {
      failed = 1;
      console.log(output.trimEnd());
    }
  }
  return { passed: 1 - failed, failed };
}

/**
 * Runs a test runner and counts its tests by its JSON report.
 * @param {string} name of the report
 * @param {string} line
 * @param {(report: any) => Told} count
 * @param {Record<string, string>} [env]
 * @returns {Promise<Count>} at least one failure when the runner itself failed
 */
async function runner(name, line, count, env = {}) {
  const file = join(reports, `${name}.json`);
  rmSync(file, { force: true });
  const { code } = await run(line, { env: { ...env, PLAYWRIGHT_JSON_OUTPUT_FILE: file } });
  /** @type {Count} */
  let counted = { passed: 0, failed: 0 };
  try {
    counted = count(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    console.log(`  it left no report at ${file}`);
  }
  return code !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted;
}

/** @param {string} name @param {string} choice */
const vitest = (name, choice) =>
  runner(
    name,
    `vitest run ${choice} --reporter=default --reporter=json --outputFile.json=test-results/reports/${name}.json`,
    vitestTold,
  );

/** @param {{ base: string, directory: string }} site @returns {[string, Record<string, string>]} */
const buildOf = (site) => [
  `astro build --outDir "${site.directory}"`,
  { BASE_PATH: site.base, SITE_URL: testSiteUrl },
];

/** So many failed tests are told of once more at the end. */
const MOST_TOLD = 20;

/** @type {Step[]} */
const steps = [
  {
    name: 'format',
    title: 'Formatting (prettier)',
    advice: 'npm run format',
    work: () => check('prettier --check --log-level=warn .'),
  },
  {
    name: 'lint',
    title: 'Lint (eslint)',
    advice: 'Correct what it names; some of it `npx eslint . --fix` can.',
    work: () => check('astro sync', 'eslint --max-warnings=0 .'),
  },
  {
    name: 'types',
    title: 'Types (astro check, tsc, and the pure core without DOM and Node types)',
    advice:
      'Correct the lines named above. The pure core has no clock, DOM or I/O: see docs/architecture.md.',
    work: () => check('astro check', 'tsc --noEmit', 'tsc --noEmit -p tsconfig.pure.json'),
  },
  {
    name: 'architecture',
    title: 'Architecture: imports run one way, and the pure core is pure (vitest)',
    advice: 'Each failure names the rule and the import or line that breaks it: see docs/architecture.md.',
    work: () => vitest('architecture', 'tests/architecture'),
  },
  {
    name: 'unit',
    title: 'Unit, property and golden tests (vitest)',
    advice: 'npx vitest <file> runs one file again at each change; a property prints the seed that fails.',
    work: () => vitest('unit', `--exclude "tests/architecture/**" ${passedOn}`),
  },
  {
    name: 'build',
    title: `Build the site under ${testSites.below.base} and under ${testSites.root.base} (astro build)`,
    advice: 'The last message of the build names the file and the reason.',
    work: () => check(buildOf(testSites.below), buildOf(testSites.root)),
  },
  {
    name: 'e2e',
    title: 'End-to-end tests on the built sites (playwright)',
    advice:
      'npm run test:e2e -- <file> runs a part again; with --trace on it leaves a trace in test-results/.',
    work: async () => {
      const { findChromium } = await import('./chromium.mjs');
      const chromium = await step('Find a Chromium', findChromium);
      return runner('e2e', `playwright test ${passedOn}`, playwrightTold, {
        BROKERBOOK_CHROMIUM: chromium,
      });
    },
  },
];

/** @param {Step} current @returns {Promise<Count>} */
async function perform(current) {
  const startedMs = performance.now();
  console.log(`\n> ${current.title}`);
  /** @type {Count} */
  let count;
  let advice = current.advice;
  try {
    count = await current.work();
  } catch (error) {
    count = { passed: 0, failed: 1 };
    console.log(error instanceof StepError ? error.message : error);
    if (error instanceof StepError) advice = error.advice;
  }
  for (const name of count.again ?? []) console.log(`  asked again, for ${STALLED}: ${name}`);
  const verdict = count.failed === 0 ? 'passed' : 'FAILED';
  console.log(`  ${verdict} in ${elapsed(startedMs)} (${count.passed} passed, ${count.failed} failed)`);
  if (count.failed > 0) console.log(`  What to do: ${advice}`);
  return count;
}

const startedMs = performance.now();
const total = { passed: 0, failed: 0 };
/** @type {string[]} */
const failedSteps = [];
/** @type {string[]} */
const why = [];
const unknown = wanted.filter((name) => !steps.some((candidate) => candidate.name === name));

try {
  if (unknown.length > 0)
    throw new StepError(
      `There is no step "${unknown.join('", "')}".`,
      `The steps are ${steps.map(({ name }) => name).join(', ')}.`,
    );
  await install();
  mkdirSync(reports, { recursive: true });
  for (const current of steps) {
    if (wanted.length > 0 && !wanted.includes(current.name)) continue;
    if (current.name === 'e2e' && failedSteps.includes('build')) {
      console.log(`\n> ${current.title}\n  not run: there is no built site`);
      total.failed += 1;
      failedSteps.push(current.name);
      continue;
    }
    const count = await perform(current);
    total.passed += count.passed;
    total.failed += count.failed;
    if (count.failed > 0) failedSteps.push(current.name);
    why.push(...(count.why ?? []));
  }
} catch (error) {
  total.failed += 1;
  if (error instanceof StepError) console.error(`\n${error.message}\nWhat to do: ${error.advice}`);
  else console.error(error);
}

console.log(
  `\nAll of it took ${elapsed(startedMs)}.${failedSteps.length > 0 ? ` Failed: ${failedSteps.join(', ')}.` : ''}`,
);
if (why.length > 0) console.log(`\n  ${why.slice(0, MOST_TOLD).join('\n  ')}`);
process.exitCode = total.failed > 0 ? 1 : 0;
console.log(`${total.passed} passed, ${total.failed} failed`);
