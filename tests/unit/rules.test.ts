// What each model says of the rules of its dossier (RULES.md): every rule once, with one of three words; what is said to be
// modelled is held by a test that names it; and the files that are named are there.
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';

const brokers = [
  { broker: 'kafka', letter: 'K', last: 113 },
  { broker: 'rabbitmq', letter: 'R', last: 88 },
];

const STATUSES = ['modelled', 'simplified', 'left out'];

/** That an explanation names a rule does not hold the rule. */
const OTHERS = ['rules.test.ts', 'explain.test.ts'];

const tests = globSync('tests/**/*.{ts,tsx}')
  .filter((file) => !OTHERS.includes(basename(file)))
  // What a comment says is no title.
  .map((file) => readFileSync(file, 'utf8').replace(/^\s*(\/\/|\*|\/\*).*$/gm, ''));

describe.each(brokers)('src/brokers/$broker/RULES.md', ({ broker, letter, last }) => {
  const folder = `src/brokers/${broker}`;
  const text = readFileSync(`${folder}/RULES.md`, 'utf8');
  const rows = [...text.matchAll(new RegExp(`^\\| ${letter}-(\\d+) +\\|(.*)\\|$`, 'gm'))].map(
    ([, number, rest = '']) => {
      const [name = '', status = '', ...how] = rest.split(/(?<!\\)\|/).map((cell) => cell.trim());
      return { number: Number(number), name, status, how: how.join(' | ') };
    },
  );

  it('names every rule once, in order', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: last }, (_, i) => i + 1));
  });

  it('says of each whether it is modelled, simplified and how, or left out and why', () => {
    for (const { number, name, status, how } of rows) {
      expect(name, `${letter}-${number}`).toMatch(/\w/);
      expect(STATUSES, `${letter}-${number}`).toContain(status);
      expect(how, `${letter}-${number}`).toMatch(/\w/);
    }
  });

  it('calls modelled only what a test names, or what is not there in the real one either', () => {
    const unheld = rows.filter(
      ({ number, status, how }) =>
        status === 'modelled' &&
        !how.startsWith('By absence') &&
        !tests.some((test) => new RegExp(`\\b${letter}-${number}\\b`).test(test)),
    );
    expect(unheld.map(({ number }) => `${letter}-${number}`)).toEqual([]);
  });

  it('names files that are there', () => {
    const files = globSync(`{${folder},tests}/**/*.ts`).map((file) => `/${file}`);
    const named = [...new Set([...text.matchAll(/`([\w./-]+\.ts)`/g)].map((match) => match[1]!))];
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !files.some((file) => file.endsWith(`/${name}`)))).toEqual([]);
  });
});
