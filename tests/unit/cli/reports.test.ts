// How `npm test` counts: what is a failure, and the one thing that is none.
import { expect, test } from 'vitest';
import { playwrightTold, STALLED, vitestTold } from '../../../src/cli/reports.mjs';

const passed = { status: 'passed', annotations: [], stdout: [], errors: [] };
const stalled = {
  status: 'timedOut',
  annotations: [{ type: STALLED }],
  stdout: [{ text: 'the page draws no frame\n' }],
  errors: [{ message: '\u001b[31mTest timeout\u001b[39m' }],
};
const failed = { ...passed, status: 'failed', errors: [{ message: 'Error: one\ntwo' }] };

/** A report of tests in a group of a file. */
const report = (...tests: [title: string, status: string, results: object[]][]) => ({
  suites: [
    {
      specs: [],
      suites: [
        {
          specs: tests.map(([title, status, results]) => ({
            file: 'pages.spec.ts',
            title,
            tests: [{ status, results }],
          })),
        },
      ],
    },
  ],
});

test('a test that passes only at the second try has failed', () => {
  expect(
    playwrightTold(
      report(
        ['at once', 'expected', [passed]],
        ['at last', 'flaky', [failed, passed]],
        ['not run', 'skipped', []],
      ),
    ),
  ).toEqual({
    passed: 1,
    failed: 1,
    why: ['pages.spec.ts › at last\n      Error: one\n      two'],
    again: [],
  });
});

test('where the browser had stopped drawing the second try decides, and it is said', () => {
  expect(playwrightTold(report(['drawn', 'flaky', [stalled, passed]]))).toEqual({
    passed: 1,
    failed: 0,
    why: [],
    again: ['pages.spec.ts › drawn'],
  });
  const never = playwrightTold(report(['never drawn', 'unexpected', [stalled, stalled]]));
  expect(never).toMatchObject({ passed: 0, failed: 1, again: [] });
  expect(never.why[0]).toContain('the page draws no frame\n      Test timeout');
  expect(playwrightTold(report(['wrong', 'unexpected', [stalled, failed]]))).toMatchObject({ failed: 1 });
});

test('a file of Vitest that cannot be loaded is a failure beside those of its tests', () => {
  const told = vitestTold({
    numPassedTests: 3,
    numFailedTests: 1,
    testResults: [
      { name: 'a.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
      {
        name: 'b.test.ts',
        status: 'failed',
        message: '',
        assertionResults: [
          { status: 'passed', fullName: 'adds', failureMessages: [] },
          { status: 'failed', fullName: 'subtracts', failureMessages: ['expected 1\nto be 2'] },
        ],
      },
    ],
  });
  expect(told).toEqual({
    passed: 3,
    failed: 2,
    why: ['a.test.ts\n      no such module', 'subtracts\n      expected 1\n      to be 2'],
    again: [],
  });
});
