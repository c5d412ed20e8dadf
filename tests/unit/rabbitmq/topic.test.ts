// The topic exchange against the tables of the dossier (J-1, J-2), and what is told of a match word by word.
import { describe, expect, it } from 'vitest';
import type { BindingSettings } from '../../../src/brokers/rabbitmq/config.ts';
import { explainTopic, topicWords } from '../../../src/brokers/rabbitmq/routing/explain-topic.ts';
import { TopicTrie } from '../../../src/brokers/rabbitmq/routing/topic.ts';
import { binding } from './declarations.ts';

it.each([
  ['', []],
  ['a', ['a']],
  ['a.', ['a', '']],
  ['.', ['', '']],
  ['..', ['', '', '']],
  ['a.b', ['a', 'b']],
])('R-14: %j has the words %j', (key, words) => {
  expect(topicWords(key)).toEqual(words);
});

/** J-1: queue t1 and so on by binding key; t24 has none. */
const OFFICIAL =
  'a.b.c a.*.c a.#.b a.b.b.c # #.# #.b *.* a.* *.b.c a.# a.#.# b.b.c a.b.b a.b b.c  *.*.* vodka.martini a.b.c *.# #.*.# *.#.# - * #.b.# args-test'.split(
    ' ',
  );

function official(without: readonly number[] = []): BindingSettings[] {
  const bindings = OFFICIAL.flatMap((key, i) =>
    key === '-' || without.includes(i + 1) ? [] : [binding('x', `t${i + 1}`, key)],
  );
  return [...bindings, binding('x', 't27', 'args-test', { foo: 'bar' })];
}

/** Each queue's number once, in ascending order. */
function numbers(bindings: readonly BindingSettings[]): number[] {
  const all = bindings.map(({ destination }) => Number(destination.slice(1)));
  return [...new Set(all)].sort((a, b) => a - b);
}

describe('R-15, R-16, J-1: the official table', () => {
  it.each([
    ['a.b.c', [1, 2, 5, 6, 10, 11, 12, 18, 20, 21, 22, 23, 26]],
    ['a.b', [3, 5, 6, 7, 8, 9, 11, 12, 15, 21, 22, 23, 26]],
    ['a.b.b', [3, 5, 6, 7, 11, 12, 14, 18, 21, 22, 23, 26]],
    ['', [5, 6, 17]],
    ['b.c.c', [5, 6, 18, 21, 22, 23, 26]],
    ['a.a.a.a.a', [5, 6, 11, 12, 21, 22, 23]],
    ['vodka.gin', [5, 6, 8, 21, 22, 23]],
    ['vodka.martini', [5, 6, 8, 19, 21, 22, 23]],
    ['b.b.c', [5, 6, 10, 13, 18, 21, 22, 23, 26]],
    ['nothing.here.at.all', [5, 6, 21, 22, 23]],
    ['oneword', [5, 6, 21, 22, 23, 25]],
    ['args-test', [5, 6, 21, 22, 23, 25, 27]],
  ])('%j', (key, queues) => {
    expect(numbers(new TopicTrie(official()).match(key))).toEqual(queues);
  });

  it.each([
    ['a.b.c', [2, 6, 10, 12, 18, 20, 22, 23, 26]],
    ['', [6, 17]],
    ['vodka.martini', [6, 8, 22, 23]],
    ['args-test', [6, 22, 23, 25, 27]],
  ])('%j after six bindings are gone', (key, queues) => {
    const left = official([1, 5, 11, 19, 21, 27]);
    expect(numbers(new TopicTrie(left).match(key))).toEqual(queues);
  });
});

/** J-2: one binding for each key; the empty key is written as ε. */
const EDGES =
  'ε a * # *.* *.# #.* #.# a.* a.# *.b #.b a.*.c a.#.c #.a.# a.b a.b.c . a. .a a..b .. *. .* #. .# a.#.# *.#.* #.b.#.d stock.*.nyse A a_b ** ## a* a#'
    .split(' ')
    .map((key) => (key === 'ε' ? '' : key.replace('_', ' ')));

describe('R-14, R-15, J-2: the edges', () => {
  const trie = new TopicTrie(EDGES.map((key, i) => binding('x', `q${i}`, key)));

  it.each([
    ['', 'ε # #.#'],
    ['a', 'a * # *.# #.* #.# a.# #.a.# a.#.#'],
    ['a.c', '# *.* *.# #.* #.# a.* a.# a.#.c #.a.# a.#.# *.#.*'],
    ['.', '# *.* *.# #.* #.# . *. .* #. .# *.#.*'],
    ['..', '# *.# #.* #.# .. #. .# *.#.*'],
    ['a.', '# *.* *.# #.* #.# a.* a.# #.a.# a. *. #. a.#.# *.#.*'],
    ['.a', '# *.* *.# #.* #.# #.a.# .a .* .# *.#.*'],
    ['*', '* # *.# #.* #.#'],
    ['a.#', '# *.* *.# #.* #.# a.* a.# #.a.# a.#.# *.#.*'],
    ['b.d', '# *.* *.# #.* #.# *.#.* #.b.#.d'],
    ['A', '* # *.# #.* #.# A'],
  ])('%j is matched by %s', (key, expected) => {
    const keys = expected.split(' ').map((one) => (one === 'ε' ? '' : one));
    const found = trie.match(key).map(({ routingKey }) => routingKey);
    expect(found.sort()).toEqual(keys.sort());
  });
});

it('R-16: many # cost no more than the places they lead to', () => {
  const key = Array.from({ length: 24 }, () => '#.a').join('.');
  const trie = new TopicTrie([binding('x', 'q', key)]);
  const words = Array.from({ length: 200 }, () => 'a').join('.');
  expect(trie.match(words)).toHaveLength(1);
  expect(trie.match(`${words}.b`)).toHaveLength(0);
});

describe('R-15: a match told word by word', () => {
  it('says which words each word of the binding key took', () => {
    const { matches, steps, leftOver } = explainTopic('#.b.*', 'a.a.b.c');
    expect({ matches, leftOver }).toEqual({ matches: true, leftOver: null });
    expect(steps.map(({ word, kind, from, until }) => [word, kind, from, until])).toEqual([
      ['#', 'any-words', 0, 2],
      ['b', 'literal', 2, 3],
      ['*', 'one-word', 3, 4],
    ]);
  });

  it('says where the split that comes furthest fails', () => {
    const { matches, steps, why } = explainTopic('a.*.c.d', 'a.b.x.d');
    expect(matches).toBe(false);
    expect(steps.map(({ word, matched }) => [word, matched])).toEqual([
      ['a', true],
      ['*', true],
      ['c', false],
    ]);
    expect(why).toBe('"c" is not "x"');
  });

  it('says what is left over, and what is missing', () => {
    expect(explainTopic('a.*', 'a.b.c')).toMatchObject({ matches: false, leftOver: 2 });
    expect(explainTopic('a.*', 'a.b.c').why).toBe('the binding key ends, and "c" is left');
    expect(explainTopic('a.*', 'a').why).toBe('"*" needs a word, and the routing key has no more');
    expect(explainTopic('', 'a.b').why).toBe('the binding key ends, and "a", "b" are left');
  });

  it('takes the empty key for no words', () => {
    expect(explainTopic('', '')).toMatchObject({ matches: true, steps: [] });
    expect(explainTopic('#', '').steps).toMatchObject([{ word: '#', from: 0, until: 0, matched: true }]);
  });
});
