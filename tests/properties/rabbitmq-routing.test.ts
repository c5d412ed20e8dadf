// Routing against simpler models of it: topic keys against a naive matcher, graphs of exchanges against a naive walk, and
// what consistent hashing promises of a ring that grows.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BindingSettings, ExchangeSettings, Table } from '../../src/brokers/rabbitmq/config.ts';
import { bucketOf, hashOfText } from '../../src/brokers/rabbitmq/routing/consistent-hash.ts';
import { explainHeaders } from '../../src/brokers/rabbitmq/routing/explain-headers.ts';
import { explainTopic } from '../../src/brokers/rabbitmq/routing/explain-topic.ts';
import { Router } from '../../src/brokers/rabbitmq/routing/router.ts';
import { TopicTrie } from '../../src/brokers/rabbitmq/routing/topic.ts';
import { binding, declared, exchange, message } from '../unit/rabbitmq/declarations.ts';

const word = fc.constantFrom('a', 'b', 'c', '', '*', '#', 'a*', '##');
const key = fc.array(word, { maxLength: 6 }).map((words) => words.join('.'));

/** R-15 as it is said: a word at a time. */
function naive(pattern: readonly string[], words: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return words.length === 0;
  if (first === '#') return naive(rest, words) || (words.length > 0 && naive(pattern, words.slice(1)));
  return words.length > 0 && (first === '*' || first === words[0]) && naive(rest, words.slice(1));
}

function wordsOf(text: string): string[] {
  return text === '' ? [] : text.split('.');
}

describe('R-14 to R-16: topic keys', () => {
  it('the trie finds what a naive matcher finds, each once', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 30 }), fc.array(key, { maxLength: 5 }), (patterns, keys) => {
        const trie = new TopicTrie(patterns.map((pattern, i) => binding('x', `q${i}`, pattern)));
        for (const one of keys) {
          const found = trie.match(one).map(({ destination }) => Number(destination.slice(1)));
          const expected = patterns.flatMap((pattern, i) =>
            naive(wordsOf(pattern), wordsOf(one)) ? [i] : [],
          );
          expect(found.sort((a, b) => a - b)).toEqual(expected);
        }
      }),
    );
  });

  it('a match told word by word is the match, and its steps cover the key', () => {
    fc.assert(
      fc.property(key, key, (pattern, one) => {
        const { matches, steps, leftOver } = explainTopic(pattern, one);
        expect(matches).toBe(naive(wordsOf(pattern), wordsOf(one)));
        let at = 0;
        for (const { word: said, kind, from, until, matched } of steps) {
          expect(from).toBe(at);
          at = until;
          if (!matched) continue;
          if (kind !== 'any-words') expect(until - from).toBe(1);
          if (kind === 'literal') expect(wordsOf(one)[from]).toBe(said);
        }
        if (matches) expect([steps.length, at]).toEqual([wordsOf(pattern).length, wordsOf(one).length]);
        else expect(leftOver !== null || !steps.at(-1)!.matched).toBe(true);
      }),
    );
  });
});

interface Graph {
  readonly exchanges: readonly ExchangeSettings[];
  readonly bindings: readonly BindingSettings[];
}

const NAMES = ['e0', 'e1', 'e2', 'e3', 'e4'];
const headersTable: fc.Arbitrary<Table> = fc.dictionary(
  fc.constantFrom('h', 'g', 'x-k'),
  fc.constantFrom<string | number | null>('1', 1, null),
  { maxKeys: 2 },
);
const graph: fc.Arbitrary<Graph> = fc
  .tuple(
    fc.array(
      fc.record({
        type: fc.constantFrom<ExchangeSettings['type']>('direct', 'fanout', 'topic', 'headers'),
        alternate: fc.option(fc.constantFrom(...NAMES, 'none')),
      }),
      { minLength: NAMES.length, maxLength: NAMES.length },
    ),
    fc.array(
      fc.tuple(
        fc.constantFrom(...NAMES),
        fc.oneof(fc.constantFrom(...NAMES), fc.constantFrom('q0', 'q1', 'q2')),
        key,
        headersTable,
        fc.constantFrom('all', 'any', 'all-with-x', 'any-with-x'),
      ),
      { maxLength: 25 },
    ),
  )
  .map(([kinds, bindings]) => ({
    exchanges: kinds.map(({ type, alternate }, i) =>
      exchange(NAMES[i]!, type, { arguments: alternate === null ? {} : { 'alternate-exchange': alternate } }),
    ),
    bindings: bindings.map(([source, destination, routingKey, given, mode]) =>
      binding(
        source,
        destination,
        routingKey,
        { ...given, 'x-match': mode },
        destination.startsWith('e') ? 'exchange' : 'queue',
      ),
    ),
  }));

/** as they are said: from exchange to exchange, none twice, all queues on the way. */
function reached(
  { exchanges, bindings }: Graph,
  start: string,
  keys: readonly string[],
  headers: Table,
): string[] {
  const matches = (
    type: ExchangeSettings['type'],
    { routingKey, arguments: given }: BindingSettings,
  ): boolean => {
    if (type === 'fanout') return true;
    if (type === 'headers') return explainHeaders(given, headers).matches;
    return keys.some((one) =>
      type === 'topic' ? naive(wordsOf(routingKey), wordsOf(one)) : one === routingKey,
    );
  };
  const seen = new Set<string>();
  const queues = new Set<string>();
  const visit = (name: string): void => {
    const found = exchanges.find((one) => one.name === name);
    if (found === undefined || seen.has(name)) return;
    seen.add(name);
    const matched = bindings.filter((one) => one.source === name && matches(found.type, one));
    for (const { destination, destinationType } of matched) {
      if (destinationType === 'queue') queues.add(destination);
      else visit(destination);
    }
    if (matched.length === 0) visit(found.arguments['alternate-exchange'] as string);
  };
  visit(start);
  return [...queues].sort();
}

describe('R-24, R-25, R-26: exchanges that lead to one another', () => {
  it('reach what a naive walk reaches, and say by which bindings', () => {
    fc.assert(
      fc.property(
        graph,
        fc.array(fc.tuple(key, headersTable, fc.array(key, { maxLength: 2 })), { maxLength: 4 }),
        (of, messages) => {
          const router = new Router(declared(of.exchanges, of.bindings, '4.2'));
          for (const [routingKey, headers, cc] of messages) {
            for (const name of NAMES) {
              const { targets, visits } = router.route(name, message(routingKey, { headers, cc }));
              expect(targets.map(({ queue }) => queue)).toEqual(
                reached(of, name, [routingKey, ...cc], headers),
              );
              const asked = visits.map((visit) => visit.exchange);
              expect(new Set(asked).size).toBe(asked.length);
              for (const { queue, by } of targets) {
                expect(by.length).toBeGreaterThan(0);
                for (const one of by)
                  expect([one.destination, asked.includes(one.source)]).toEqual([queue, true]);
              }
            }
          }
        },
      ),
    );
  });
});

it('R-22: one bucket more takes keys from the others, and moves none between them', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 30 }), fc.integer({ min: 1, max: 500 }), (text, buckets) => {
      const hash = hashOfText(text);
      const before = bucketOf(hash, buckets);
      const after = bucketOf(hash, buckets + 1);
      expect(before).toBeLessThan(buckets);
      expect([before, buckets]).toContain(after);
    }),
  );
});
