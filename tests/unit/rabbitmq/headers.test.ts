// The headers exchange against J-3, and what is told of a match argument by argument.
import { describe, expect, it } from 'vitest';
import type { Table } from '../../../src/brokers/rabbitmq/config.ts';
import { explainHeaders } from '../../../src/brokers/rabbitmq/routing/explain-headers.ts';
import { HeadersTable } from '../../../src/brokers/rabbitmq/routing/headers.ts';
import { binding } from './declarations.ts';

const ARGUMENTS: Readonly<Record<string, Table>> = {
  'all-ab': { 'x-match': 'all', a: '1', b: '2' },
  'any-ab': { 'x-match': 'any', a: '1', b: '2' },
  'default-ab': { a: '1', b: '2' },
  empty: {},
  'all-empty': { 'x-match': 'all' },
  'any-empty': { 'x-match': 'any' },
  'all-x': { 'x-match': 'all', 'x-k': 'v', a: '1' },
  'any-x': { 'x-match': 'any', 'x-k': 'v' },
  allwx: { 'x-match': 'all-with-x', 'x-k': 'v', a: '1' },
  anywx: { 'x-match': 'any-with-x', 'x-k': 'v', a: '9' },
  void: { 'x-match': 'all', a: null },
  int: { 'x-match': 'all', n: 1 },
};
const TABLE = new HeadersTable(
  Object.entries(ARGUMENTS).map(([name, given]) => binding('x', name, 'any key', given)),
);

describe('R-18, R-19, R-20, J-3', () => {
  it.each<[Table, string[]]>([
    [{}, []],
    [{ a: '1' }, ['any-ab', 'all-x', 'void']],
    [{ a: '1', b: '2' }, ['all-ab', 'any-ab', 'default-ab', 'all-x', 'void']],
    [{ a: '1', 'x-k': 'v' }, ['any-ab', 'all-x', 'allwx', 'anywx', 'void']],
    [{ 'x-k': 'v' }, ['anywx']],
    [{ a: null }, ['void']],
    [{ a: '' }, ['void']],
    [{ a: 1 }, ['void']],
    [{ n: 1 }, ['int']],
    [{ n: '1' }, []],
    [{ n: true }, []],
  ])('%j', (headers, queues) => {
    const found = TABLE.match(headers).map(({ destination }) => destination);
    expect(found.sort()).toEqual(['empty', 'all-empty', ...queues].sort());
    const explained = Object.keys(ARGUMENTS).filter(
      (name) => explainHeaders(ARGUMENTS[name]!, headers).matches,
    );
    expect(explained.sort()).toEqual(found.sort());
  });

  it('R-20: arrays and tables are equal where all in them is, in its order', () => {
    const matches = (argument: Table, headers: Table): boolean => explainHeaders(argument, headers).matches;
    expect(matches({ h: [1, 'a'] }, { h: [1, 'a'] })).toBe(true);
    expect(matches({ h: [1, 'a'] }, { h: ['a', 1] })).toBe(false);
    expect(matches({ h: [1, 2] }, { h: [1] })).toBe(false);
    expect(matches({ h: { x: 1, y: 2 } }, { h: { x: 1, y: 2 } })).toBe(true);
    expect(matches({ h: { x: 1, y: 2 } }, { h: { y: 2, x: 1 } })).toBe(false);
    expect(matches({ h: { 0: 1 } }, { h: [1] })).toBe(false);
  });

  it('R-19: what every object of the language has is no header', () => {
    expect(explainHeaders({ toString: null }, {}).matches).toBe(false);
    expect(new HeadersTable([binding('x', 'q', '', { constructor: null })]).match({})).toEqual([]);
  });
});

describe('R-19: a match told argument by argument', () => {
  it('says which counted, which matched, and why not', () => {
    const { matches, steps, why } = explainHeaders(
      { 'x-match': 'all', 'x-k': 'v', a: '1', b: 2, c: null, d: 'z' },
      { a: '1', b: '2', c: false },
    );
    expect(matches).toBe(false);
    expect(Object.fromEntries(steps.map(({ name, outcome }) => [name, outcome]))).toEqual({
      'x-match': 'not-considered',
      'x-k': 'not-considered',
      a: 'matched',
      b: 'different',
      c: 'matched',
      d: 'missing',
    });
    expect(steps.find(({ name }) => name === 'b')!.why).toBe('"2" is not 2');
    expect(why).toBe('2 of 4 arguments match; "all" needs all of them');
  });

  it('says what an empty table means to each mode', () => {
    expect(explainHeaders({}, {}).why).toBe('no argument is considered, so "all" matches every message');
    expect(explainHeaders({ 'x-match': 'any' }, { a: 1 })).toMatchObject({
      matches: false,
      why: 'no argument is considered, so "any" matches no message',
    });
  });
});
