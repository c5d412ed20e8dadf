// Claims about who is given a message, on traces written by hand and on their scenarios.
import { describe } from 'vitest';
import { prefetchClaims } from '../../../src/claims/rabbitmq/prefetch.ts';
import type { EventBody } from '../../../src/sim/trace.ts';
import { itJudges, stopped, trace, type Case } from './hand.ts';
import { again, confirmed, consumes, created, delivered, processed, settled } from './rabbitmq-hand.ts';

const two = [consumes('c0', { prefetch: 10 }), consumes('c1', { prefetch: 10 })];
const done = (client: string, message: number): EventBody[] => [
  processed(client, message),
  settled(client, message),
];
const acquired = (client: string, position: number): EventBody => ({
  kind: 'acquired',
  node: 'rabbit-1',
  group: 'q',
  client,
  place: 'q',
  position,
  message: position,
  deliveryCount: 1,
  until: null,
});
const single = created('q', { arguments: { 'x-single-active-consumer': true } });
const ones = [consumes('c0', { prefetch: 1 }), consumes('c1', { prefetch: 1 })];
/** c0 works off six, one after the other, c1 has the first. */
const paced = [
  ...ones,
  delivered('c1', 0),
  ...[1, 2, 3, 4, 5, 6].flatMap((message) => [delivered('c0', message), ...done('c0', message)]),
];
const slow = [
  ...two,
  delivered('c1', 0),
  delivered('c0', 1),
  ...done('c0', 1),
  delivered('c1', 2),
  delivered('c1', 3),
  delivered('c1', 4),
];

const cases: Record<string, Case> = {
  'rabbitmq.round-robin': {
    shown: trace(...two, delivered('c0', 0), delivered('c1', 1), delivered('c0', 2)),
    contradicted: [trace(...two, delivered('c0', 0), delivered('c0', 1))],
    // There is no room at the other; or it has just come.
    allowed: [
      trace(
        consumes('c0', { prefetch: 10 }),
        consumes('c1', { prefetch: 1 }),
        delivered('c1', 0),
        delivered('c0', 1),
        delivered('c0', 2),
      ),
      trace(consumes('c0'), delivered('c0', 0), consumes('c1'), delivered('c0', 1)),
    ],
  },
  'rabbitmq.prefetch-bounds-unacked': {
    shown: trace(consumes('c0', { prefetch: 2 }), delivered('c0', 0), delivered('c0', 1)),
    contradicted: [trace(consumes('c0', { prefetch: 1 }), delivered('c0', 0), delivered('c0', 1))],
    allowed: [
      trace(consumes('c0', { prefetch: 1 }), delivered('c0', 0), settled('c0', 0), delivered('c0', 1)),
    ],
  },
  'rabbitmq.large-prefetch-strands': {
    shown: trace(...slow, processed('c1', 0)),
    contradicted: [trace(...slow, processed('c1', 0), delivered('c0', 2))],
    // The slow one is gone: what it had comes back.
    allowed: [trace(...slow, processed('c1', 0), stopped('c1'), again('c0', 2))],
  },
  'rabbitmq.prefetch-one-follows-pace': {
    shown: trace(...paced),
    contradicted: [trace(...ones, delivered('c0', 0), delivered('c0', 1), processed('c0', 0))],
    allowed: [trace(...two, delivered('c0', 0), delivered('c0', 1), processed('c0', 0))],
  },
  'rabbitmq.first-drains-backlog': {
    shown: trace(
      ...[0, 1, 2, 3].map((message) => confirmed(message)),
      consumes('c0'),
      delivered('c0', 0),
      delivered('c0', 1),
      consumes('c1'),
      delivered('c0', 2),
      delivered('c0', 3),
    ),
    contradicted: [
      trace(
        ...[0, 1, 2, 3].map((message) => confirmed(message)),
        consumes('c0'),
        delivered('c0', 0),
        consumes('c1'),
        delivered('c1', 1),
      ),
    ],
    // It was not of the backlog.
    allowed: [
      trace(
        ...[0, 1, 2, 3].map((message) => confirmed(message)),
        consumes('c0'),
        consumes('c1'),
        confirmed(4),
        delivered('c1', 4),
      ),
    ],
  },
  'rabbitmq.competing-breaks-order': {
    shown: trace(delivered('c0', 0), delivered('c1', 1), processed('c1', 1), processed('c0', 0)),
    contradicted: [trace(delivered('c0', 0), delivered('c0', 1), processed('c0', 1), processed('c0', 0))],
    allowed: [
      trace(
        delivered('c0', 0),
        processed('c0', 0),
        again('c1', 0),
        delivered('c1', 1),
        processed('c1', 1),
        processed('c1', 0),
      ),
    ],
  },
  'rabbitmq.single-active-in-order': {
    shown: trace(
      single,
      consumes('c0'),
      consumes('c1'),
      delivered('c0', 0),
      stopped('c0'),
      delivered('c1', 1),
    ),
    contradicted: [
      trace(single, consumes('c0'), consumes('c1'), delivered('c0', 0), delivered('c1', 1)),
      trace(single, consumes('c0'), delivered('c0', 0), delivered('c0', 2)),
    ],
    allowed: [trace(created(), consumes('c0'), consumes('c1'), delivered('c0', 0), delivered('c1', 1))],
  },
  'rabbitmq.consumer-priority-strict': {
    shown: trace(
      consumes('high', { prefetch: 1, priority: 10 }),
      consumes('low'),
      acquired('high', 0),
      acquired('low', 1),
    ),
    contradicted: [
      trace(consumes('high', { prefetch: 1, priority: 10 }), consumes('low'), acquired('low', 0)),
    ],
    allowed: [trace(consumes('high', { prefetch: 1 }), consumes('low'), acquired('low', 0))],
  },
};

describe('claims about who is given a message', () => {
  itJudges(prefetchClaims, cases);
});
