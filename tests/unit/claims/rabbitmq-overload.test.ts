// Claims about overload, on traces written by hand and on their scenarios.
import { describe } from 'vitest';
import { overloadClaims } from '../../../src/claims/rabbitmq/overload.ts';
import type { EventBody } from '../../../src/sim/trace.ts';
import { itJudges, trace, type Case } from './hand.ts';
import { confirmed, created, delivered, processed } from './rabbitmq-hand.ts';

const queue = (overflow: string | null, limit: number | null = 2, type = 'classic'): EventBody =>
  created('q', {
    type,
    arguments: {
      ...(limit === null ? {} : { 'x-max-length': limit }),
      ...(overflow === null ? {} : { 'x-overflow': overflow }),
    },
  });
const published = (message: number, client = 'p'): EventBody => ({
  kind: 'published',
  client,
  message,
  key: 'A',
  to: '',
  routingKey: 'q',
  bytes: 100,
});
const nacked = (message: number): EventBody => ({
  kind: 'publish-failed',
  client: 'p',
  message,
  error: 'nacked',
});
const taken = (...messages: number[]): EventBody[] => messages.flatMap((m) => [published(m), confirmed(m)]);
const refused = (message: number): EventBody[] => [published(message), nacked(message)];
const dead = (message: number): EventBody => ({
  kind: 'dead-lettered',
  node: 'rabbit-1',
  place: 'q',
  message,
  to: 'overflow',
  reason: 'maxlen',
});
const stored = (position: number): EventBody => ({
  kind: 'appended',
  node: 'rabbit-1',
  place: 'q',
  position,
  message: position,
  key: 'A',
  epoch: 0,
});
const out = (position: number): EventBody => ({
  kind: 'acquired',
  node: 'rabbit-1',
  group: 'q',
  client: 'c',
  place: 'q',
  position,
  message: position,
  deliveryCount: 1,
  until: null,
});
const wire = (from: string, ...messages: number[]): EventBody => ({
  kind: 'sent',
  from,
  to: 'rabbit-1',
  what: 'basic.publish',
  place: null,
  messages,
  arrivesAt: 0,
});
/** Twenty messages, each as late as `wait` says, and five more that nobody works off. */
const late = (wait: (n: number) => number): EventBody[] => [
  queue(null, null),
  ...Array.from({ length: 25 }, (_, n) => ({ ...published(n), at: n * 1000 })),
  ...Array.from({ length: 20 }, (_, n) => ({ ...processed('c', n), at: 100_000 + n * 1000 + wait(n) })),
];
const connects = (client: string, node: string): EventBody => ({ kind: 'connected', client, node });
const blocks = (client: string): EventBody => ({
  kind: 'publishing-blocked',
  client,
  reason: 'low on memory',
});
const unblocks = (client: string): EventBody => ({ kind: 'publishing-unblocked', client });
const alarm = [connects('p', 'rabbit-1'), connects('q', 'rabbit-2'), blocks('p'), blocks('q')];

const cases: Record<string, Case> = {
  'rabbitmq.drop-head-confirmed': {
    shown: trace(queue(null), ...taken(0, 1, 2), delivered('c', 1)),
    contradicted: [trace(queue(null), ...taken(0, 1), ...refused(2))],
    // None was passed over; the queue has no limit.
    allowed: [
      trace(queue(null), ...taken(0, 1, 2), delivered('c', 0), delivered('c', 1)),
      trace(queue(null, null), ...taken(0, 1), delivered('c', 1)),
    ],
  },
  'rabbitmq.reject-publish-nacks': {
    shown: trace(queue('reject-publish'), ...taken(0, 1), ...refused(2)),
    contradicted: [trace(queue('reject-publish'), ...taken(0, 1, 2), delivered('c', 1))],
    allowed: [
      trace(
        queue('reject-publish'),
        published(0),
        delivered('c', 0),
        confirmed(0),
        ...taken(1),
        delivered('c', 1),
      ),
    ],
  },
  'rabbitmq.reject-dlx-keeps': {
    shown: trace(queue('reject-publish-dlx'), ...taken(0, 1), published(2), dead(2), nacked(2)),
    contradicted: [trace(queue('reject-publish-dlx'), ...taken(0, 1), ...refused(2))],
    allowed: [trace(queue('reject-publish'), ...taken(0, 1), ...refused(2))],
  },
  'rabbitmq.length-counts-ready': {
    shown: trace(queue(null), stored(0), out(0), stored(1), stored(2), published(9)),
    contradicted: [trace(queue(null), stored(0), stored(1), stored(2), published(9))],
    // It takes one and drops another in one step.
    allowed: [
      trace(
        queue(null),
        stored(0),
        stored(1),
        { ...stored(2), at: 9_000_000 },
        {
          kind: 'dropped',
          node: 'rabbit-1',
          place: 'q',
          position: 0,
          message: 0,
          reason: 'maxlen',
          at: 9_000_000,
        },
        { ...published(9), at: 10_000_000 },
      ),
    ],
  },
  'rabbitmq.backlog-is-latency': {
    shown: trace(...late((n) => n * 100_000)),
    contradicted: [trace(...late(() => 0))],
    allowed: [trace(queue(null, 2), ...late(() => 0).slice(1))],
  },
  'rabbitmq.quorum-overshoots': {
    shown: trace(queue('reject-publish', 2, 'quorum'), ...taken(0, 1, 2), ...refused(3)),
    contradicted: [trace(queue('reject-publish', 2, 'quorum'), ...taken(0, 1), ...refused(2))],
    allowed: [
      trace(queue('reject-publish', 2), ...taken(0, 1), ...refused(2)),
      trace(queue('reject-publish', 2, 'quorum'), ...taken(0, 1), delivered('c', 0), ...refused(2)),
    ],
  },
  'rabbitmq.confirm-window-brakes': {
    shown: trace(
      wire('waits', 0, 1, 2, 3, 4),
      wire('goes-on', ...Array.from({ length: 11 }, (_, n) => 10 + n)),
    ),
    contradicted: [trace(wire('waits', 0, 1, 2, 3, 4), wire('waits', 5))],
    allowed: [trace(wire('waits', 0, 1, 2, 3, 4), confirmed(0, 'waits'), wire('waits', 5))],
  },
  'rabbitmq.alarm-blocks-publishers': {
    shown: trace(...alarm, processed('c', 0), unblocks('p')),
    contradicted: [trace(...alarm, published(7), confirmed(7)), trace(...alarm, unblocks('p'))],
    // What was published before is still answered; one node's publishers tell nothing of the others'.
    allowed: [
      trace(connects('p', 'rabbit-1'), published(7), blocks('p'), confirmed(7)),
      trace(connects('p', 'rabbit-1'), blocks('p'), unblocks('p')),
    ],
  },
};

describe('claims about overload', () => {
  itJudges(overloadClaims, cases);
});
