// Claims about messages that cannot be processed, on traces written by hand and on their scenarios.
import { describe } from 'vitest';
import { poisonClaims } from '../../../src/claims/rabbitmq/poison.ts';
import type { EventBody } from '../../../src/sim/trace.ts';
import { itJudges, trace, type Case } from './hand.ts';
import { again, created, delivered, processed, settled } from './rabbitmq-hand.ts';

const LIMIT = 2;
const quorum = created('q', {
  type: 'quorum',
  arguments: { 'x-queue-type': 'quorum', 'x-delivery-limit': LIMIT },
});
const gone = (
  message: number,
  reason: string,
  more: Partial<Extract<EventBody, { kind: 'dead-lettered' }>> = {},
): EventBody => ({
  kind: 'dead-lettered',
  node: 'rabbit-1',
  place: 'q',
  position: message,
  message,
  to: 'dlx',
  reason,
  ...more,
});
const dropped = (message: number, reason: string, place = 'q'): EventBody => ({
  kind: 'dropped',
  node: 'rabbit-1',
  place,
  position: message,
  message,
  reason,
});
const appended = (message: number, place = 'q', position = message): EventBody => ({
  kind: 'appended',
  node: 'rabbit-1',
  place,
  position,
  message,
  key: 'A',
  epoch: 0,
});
const published = (message: number, expiration?: string): EventBody => ({
  kind: 'published',
  client: 'p',
  message,
  key: 'A',
  to: '',
  routingKey: 'q',
  bytes: 100,
  ...(expiration === undefined ? {} : { expiration }),
});
/** Message 0, given out so often and returned each time. */
const rounds = (times: number, how: 'nacked' | 'rejected' = 'rejected'): EventBody[] =>
  Array.from({ length: times }, (_, n) => [
    n === 0 ? delivered('c', 0) : again('c', 0),
    settled('c', 0, how),
  ]).flat();
const death = (count: number, reason = 'rejected'): EventBody =>
  delivered('c', 0, { position: count, headers: { 'x-death': [{ queue: 'q', reason, count }] } });

const cases: Record<string, Case> = {
  'rabbitmq.requeue-spins': {
    shown: trace(created(), ...rounds(5)),
    contradicted: [trace(created(), ...rounds(2), delivered('c', 1), again('c', 0))],
    // It was thrown away: nobody sees it again. And a quorum queue has its own line for what is returned.
    allowed: [
      trace(created(), ...rounds(1), delivered('c', 1)),
      trace(quorum, ...rounds(2), delivered('c', 1), again('c', 0)),
    ],
  },
  'rabbitmq.limit-allows-one-more': {
    shown: trace(quorum, ...rounds(LIMIT + 1), gone(0, 'delivery_limit')),
    contradicted: [
      trace(quorum, ...rounds(LIMIT), gone(0, 'delivery_limit')),
      trace(quorum, ...rounds(LIMIT + 2), dropped(0, 'delivery_limit')),
    ],
    allowed: [trace(quorum, ...rounds(1), gone(0, 'rejected'))],
  },
  'rabbitmq.neighbours-pass': {
    shown: trace(quorum, appended(0), appended(1), gone(0, 'rejected'), processed('c', 1)),
    contradicted: [trace(quorum, appended(0), appended(1), gone(0, 'rejected'))],
    // It came round again, and is in front of nobody.
    allowed: [trace(quorum, appended(0), gone(0, 'rejected'), appended(0, 'q', 1))],
  },
  'rabbitmq.nack-not-counted-43': {
    shown: trace(quorum, ...rounds(LIMIT + 2, 'nacked')),
    contradicted: [
      trace(quorum, ...rounds(LIMIT + 1, 'nacked'), gone(0, 'delivery_limit')),
      // Told from outside.
      trace(quorum, ...rounds(LIMIT + 1, 'nacked'), death(1, 'delivery_limit')),
    ],
    allowed: [
      trace(quorum, ...rounds(LIMIT + 1), gone(0, 'delivery_limit')),
      trace(quorum, ...rounds(LIMIT + 1), death(1, 'delivery_limit')),
    ],
  },
  'rabbitmq.nack-counted-42': {
    shown: trace(quorum, ...rounds(LIMIT + 1, 'nacked'), dropped(0, 'delivery_limit')),
    contradicted: [trace(quorum, ...rounds(LIMIT + 2, 'nacked'))],
    allowed: [trace(quorum, ...rounds(LIMIT + 2))],
  },
  'rabbitmq.death-counts-rounds': {
    shown: trace(gone(0, 'rejected'), death(1), gone(0, 'rejected'), death(2)),
    contradicted: [
      trace(gone(0, 'rejected'), gone(0, 'rejected'), death(1)),
      trace(gone(0, 'rejected'), death(2)),
    ],
  },
  'rabbitmq.rejected-cycle-never-ends': {
    shown: trace(death(1), death(2)),
    contradicted: [trace(death(2), dropped(0, 'dead-letter cycle'))],
    allowed: [trace(death(2, 'expired'), dropped(0, 'dead-letter cycle'))],
  },
  'rabbitmq.expired-cycle-dropped': {
    shown: trace(appended(0), gone(0, 'expired'), dropped(0, 'dead-letter cycle', '')),
    contradicted: [trace(appended(0), gone(0, 'expired'), appended(0, 'q', 1))],
    allowed: [trace(appended(0), gone(0, 'rejected'), gone(0, 'expired'), appended(0, 'q', 1))],
  },
  'rabbitmq.expiry-at-head-only': {
    shown: trace(
      published(0, '9000'),
      published(1, '1000'),
      appended(0),
      appended(1),
      { ...gone(0, 'expired'), at: 10_000_000 },
      { ...gone(1, 'expired'), at: 10_000_000 },
    ),
    contradicted: [trace(published(1, '1000'), appended(0), appended(1), gone(1, 'expired'))],
    allowed: [trace(published(0, '2000'), appended(0), gone(0, 'expired'))],
  },
  'rabbitmq.dead-letter-can-be-lost': {
    shown: trace(created('q', { arguments: { 'x-dead-letter-exchange': 'dlx' } }), dropped(0, 'rejected')),
    contradicted: [
      trace(created('q', { arguments: { 'x-dead-letter-exchange': 'dlx' } }), gone(0, 'rejected')),
    ],
    allowed: [
      trace(
        { kind: 'exchange-created', node: 'rabbit-1', name: 'dlx', type: 'fanout' },
        created('q', { arguments: { 'x-dead-letter-exchange': 'dlx' } }),
        gone(0, 'rejected'),
      ),
    ],
  },
  'rabbitmq.dead-letter-loses-ttl': {
    shown: trace(
      published(0, '1000'),
      gone(0, 'expired'),
      appended(0, 'dead'),
      published(1),
      delivered('c', 0, { place: 'dead' }),
    ),
    contradicted: [
      trace(
        created('dead', { arguments: {} }),
        published(0, '1000'),
        gone(0, 'expired'),
        appended(0, 'dead'),
        dropped(0, 'expired', 'dead'),
      ),
    ],
    // The queue has a time-to-live of its own.
    allowed: [
      trace(
        created('dead', { arguments: { 'x-message-ttl': 500 } }),
        published(0, '1000'),
        gone(0, 'expired'),
        appended(0, 'dead'),
        dropped(0, 'expired', 'dead'),
      ),
    ],
  },
};

describe('claims about messages that cannot be processed', () => {
  itJudges(poisonClaims, cases);
});
