// Counts the tests of Vitest and Playwright by their JSON reports, and says of each failed one in a few lines what went
// wrong: of a log that is cut off the end is what is left.
// @ts-check
import { stripVTControlCharacters } from 'node:util';

/**
 * @typedef {object} Told
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} why of each failed test its name and the beginning of what it said
 * @property {string[]} again tests that passed when they were asked again, since their browser had stopped drawing
 */

/**
 * The annotation of a try whose browser no longer drew, though its page answered: there the browser failed, and of the
 * page nothing is known. Such a test is asked again, in another browser; any other that passes only at its second try
 * has found something, and has failed.
 */
export const STALLED = 'the browser had stopped drawing';

const LINES = 6;

/** @param {string} name @param {string} message @returns {string} */
const short = (name, message) =>
  [name, ...stripVTControlCharacters(message).trim().split('\n').slice(0, LINES)].join('\n      ');

/** @param {any} report of Vitest @returns {Told} */
export function vitestTold({ numPassedTests, numFailedTests, testResults }) {
  /** @type {{ name: string, status: string, message: string, assertionResults: any[] }[]} */
  const files = testResults;
  // A file that cannot even be loaded has no tests to count, and is a failure all the same.
  const unloaded = files.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  const failed = files.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed'),
  );
  return {
    passed: numPassedTests,
    failed: numFailedTests + unloaded.length,
    why: [
      ...unloaded.map(({ name, message }) => short(name, message)),
      ...failed.map(({ fullName, failureMessages }) => short(fullName, failureMessages[0] ?? '')),
    ],
    again: [],
  };
}

/** @param {any} report of Playwright @returns {Told} */
export function playwrightTold({ suites }) {
  /** @type {Told} */
  const told = { passed: 0, failed: 0, why: [], again: [] };
  for (const { file, title, tests } of suites.flatMap(specsOf))
    for (const { status, results } of tests) {
      if (status === 'skipped') continue;
      const name = `${file} › ${title}`;
      const failures = results.filter((/** @type {any} */ result) => result.status !== 'passed');
      const excused = status === 'flaky' && failures.every(hasStalled);
      if (status === 'expected' || excused) told.passed += 1;
      else {
        told.failed += 1;
        told.why.push(short(name, failures.flatMap(saidBy).join('\n')));
      }
      if (excused) told.again.push(name);
    }
  return told;
}

/** @param {any} suite @returns {any[]} */
const specsOf = ({ specs, suites = [] }) => [...specs, ...suites.flatMap(specsOf)];

/** @param {any} result @returns {boolean} */
const hasStalled = ({ annotations }) => annotations.some((/** @type {any} */ { type }) => type === STALLED);

/** @param {any} result @returns {string[]} */
const saidBy = ({ stdout, errors }) => [
  ...stdout.map((/** @type {any} */ { text }) => String(text ?? '').trimEnd()),
  ...errors.map((/** @type {any} */ { message }) => message ?? ''),
];
