// Claims about where a message goes, on traces written by hand and on their scenarios.
import { describe, expect, it } from 'vitest';
import { routingClaims, topicTakes } from '../../../src/claims/rabbitmq/routing.ts';
import type { EventBody } from '../../../src/sim/trace.ts';
import { itJudges, trace, type Case } from './hand.ts';
import { confirmed, created, delivered } from './rabbitmq-hand.ts';

const exchange = (name: string, type: string, alternate?: string): EventBody => ({
  kind: 'exchange-created',
  node: 'rabbit-1',
  name,
  type,
  ...(alternate === undefined ? {} : { arguments: { 'alternate-exchange': alternate } }),
});
const bound = (source: string, destination: string, routingKey = ''): EventBody => ({
  kind: 'binding-created',
  node: 'rabbit-1',
  source,
  destination,
  to: 'queue',
  routingKey,
  arguments: {},
});
const published = (message: number, routingKey: string): EventBody => ({
  kind: 'published',
  client: 'p',
  message,
  key: 'A',
  to: 'events',
  routingKey,
  bytes: 100,
});
const routed = (message: number, place: string): EventBody & { at: number } => ({
  kind: 'routed',
  by: 'events',
  message,
  place,
  why: 'a binding',
  at: 50_000_000 + message * 1_000_000,
});
const stored = (message: number, place: string, position = message): EventBody & { at: number } => ({
  kind: 'appended',
  node: 'rabbit-1',
  place,
  position,
  message,
  key: 'A',
  epoch: 0,
  at: 90_000_000,
});
const removed = (message: number, place: string): EventBody => ({
  kind: 'removed',
  node: 'rabbit-1',
  place,
  position: message,
  message,
  why: 'acknowledged',
});
const returned = (message: number): EventBody => ({
  kind: 'returned',
  client: 'p',
  message,
  reason: '312 NO_ROUTE',
});
const lost = (message: number): EventBody => ({
  kind: 'dropped',
  node: 'rabbit-1',
  place: 'events',
  message,
  reason: 'unroutable',
});
/** Something later, so that what was routed is known to be all. */
const later: EventBody & { at: number } = { ...published(99, 'x'), at: 99_000_000 };
const topic = [
  exchange('events', 'topic', 'rest'),
  exchange('rest', 'fanout'),
  created('q'),
  created('r'),
  bound('rest', 'r'),
];
const star = [...topic, bound('events', 'q', 'a.*')];
const hash = exchange('events', 'x-consistent-hash');
const from = (message: number, place: string): EventBody =>
  delivered('c', message, { place, exchange: 'events', routingKey: 'k' });

const cases: Record<string, Case> = {
  'rabbitmq.star-is-one-word': {
    shown: trace(...star, published(0, 'a.b'), routed(0, 'q'), later),
    contradicted: [
      trace(...star, published(0, 'a.b'), routed(0, 'r'), later),
      trace(...star, published(0, 'a.b.c'), routed(0, 'q'), later),
    ],
    // It is there by another binding.
    allowed: [trace(...star, bound('events', 'q', 'a.b.c'), published(0, 'a.b.c'), routed(0, 'q'), later)],
  },
  'rabbitmq.one-copy-per-queue': {
    shown: trace(...star, bound('events', 'q', 'a.#'), published(0, 'a.b'), routed(0, 'q'), later),
    contradicted: [trace(stored(0, 'q', 0), stored(0, 'q', 1))],
    // A dead letter came back; a publisher sent it again.
    allowed: [
      trace(
        stored(0, 'q', 0),
        { kind: 'dead-lettered', node: 'rabbit-1', place: 'q', message: 0, to: '', reason: 'expired' },
        stored(0, 'q', 1),
      ),
      trace(
        stored(0, 'q', 0),
        { kind: 'republished', client: 'p', message: 0, to: '', why: 'lost' },
        stored(0, 'q', 1),
      ),
    ],
  },
  'rabbitmq.copy-for-each-queue': {
    shown: trace(stored(0, 'q'), stored(0, 'r'), removed(0, 'q'), from(0, 'r')),
    contradicted: [trace(stored(0, 'q'), from(0, 'r'))],
    allowed: [trace(stored(0, 'q'), from(0, 'q'))],
  },
  'rabbitmq.alternate-takes-unmatched': {
    shown: trace(...star, published(0, 'b'), routed(0, 'r'), later),
    contradicted: [trace(...star, published(0, 'b'), routed(0, 'q'), later)],
    allowed: [trace(...star, published(0, 'a.b'), routed(0, 'q'), later)],
  },
  'rabbitmq.alternate-is-not-returned': {
    shown: trace(
      ...star,
      published(0, 'b'),
      routed(0, 'r'),
      { ...published(1, 'b'), at: 60_000_000 },
      confirmed(0),
    ),
    contradicted: [
      trace(
        ...star,
        published(0, 'b'),
        routed(0, 'r'),
        { ...published(1, 'b'), at: 60_000_000 },
        returned(0),
      ),
    ],
    allowed: [trace(...star, published(0, 'b'), returned(0), confirmed(0))],
  },
  'rabbitmq.unroutable-confirmed': {
    shown: trace(lost(0), confirmed(0)),
    contradicted: [
      trace(lost(0), { kind: 'publish-failed', client: 'p', message: 0, error: 'nacked' }),
      trace(lost(0), delivered('c', 0)),
    ],
    allowed: [trace(lost(0), returned(0), confirmed(0))],
  },
  'rabbitmq.mandatory-returned': {
    shown: trace(returned(0), confirmed(0)),
    contradicted: [trace(confirmed(0), returned(0)), trace(returned(0), delivered('c', 0))],
    allowed: [trace(confirmed(0), delivered('c', 0))],
  },
  'rabbitmq.late-binding-gets-nothing': {
    shown: trace(confirmed(0), bound('events', 'q'), delivered('c', 1)),
    contradicted: [trace(confirmed(0), bound('events', 'q'), delivered('c', 0))],
    // It was bound from the beginning; or before that message was confirmed.
    allowed: [
      trace({ ...bound('events', 'q'), at: 0 }, confirmed(0), delivered('c', 0)),
      trace(bound('events', 'q'), confirmed(0), delivered('c', 0)),
    ],
  },
  'rabbitmq.hash-keeps-key': {
    shown: trace(hash, from(0, 'q'), from(1, 'q')),
    contradicted: [trace(hash, from(0, 'q'), from(1, 'r'))],
    allowed: [
      trace(hash, from(0, 'q'), bound('events', 'r', '1'), from(1, 'r')),
      trace(exchange('events', 'topic'), from(0, 'q'), from(1, 'r')),
    ],
  },
};

describe('claims about routing', () => {
  itJudges(routingClaims, cases);
});

describe('what a topic binding takes (R-14, R-15)', () => {
  it.each([
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.*', 'a.b.c', false],
    ['a.*', 'a.', true],
    ['a.#', 'a', true],
    ['#', '', true],
    ['*', '', false],
    ['#.b.#', 'a.b.c.d', true],
    ['a*', 'ab', false],
    ['*.#.*', 'a', false],
  ])('%s and %s: %s', (binding, key, takes) => {
    expect(topicTakes(binding, key)).toBe(takes);
  });
});
