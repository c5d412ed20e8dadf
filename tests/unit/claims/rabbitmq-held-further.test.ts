// The claims of the further runs that are held to a real broker, on traces written by hand and on their scenarios.
import { describe } from 'vitest';
import { furtherClaims } from '../../../src/claims/rabbitmq/held-further.ts';
import type { EventBody } from '../../../src/sim/trace.ts';
import { failed, itJudges, stopped, trace, type Case } from './hand.ts';
import { again, confirmed, consumes, created, delivered, published, settled } from './rabbitmq-hand.ts';

const sent = (message: number): EventBody =>
  ({ ...published(message), to: '', routingKey: 'q' }) as EventBody;
const stored = (...messages: number[]): EventBody[] =>
  messages.flatMap((message) => [sent(message), confirmed(message)]);

const policy = (limit: string | null, pattern = '^q$'): EventBody => ({
  kind: 'configured',
  node: 'rabbit-1',
  name: 'short',
  settings: [['max-length', limit]],
  ...(limit === null ? {} : { policy: { pattern, 'apply-to': 'queues', priority: 0, operator: false } }),
});
const three = [created('q', { type: 'classic' }), ...stored(0, 1, 2)];

const quorum = created('q', { type: 'quorum' });
const cancelled: EventBody = {
  kind: 'consuming-ended',
  client: 'slow',
  place: 'q',
  tag: 'slow',
  why: 'the server cancelled it',
};
const late = [quorum, consumes('slow'), delivered('slow', 0)];

const rejected = [created(), sent(0), delivered('c', 0), settled('c', 0, 'rejected')];
const nacked = [created(), sent(0), delivered('c', 0), settled('c', 0, 'nacked')];
const dead = (reason: string, redelivered: boolean): EventBody =>
  delivered('g', 0, {
    place: 'dead',
    redelivered,
    headers: { 'x-death': [{ count: 1, reason, queue: 'q' }] },
  });

const rolledBack = (message: number): EventBody => ({
  kind: 'publish-failed',
  client: 'p',
  message,
  error: 'tx.rollback',
});

const gaveUp = (message: number): EventBody => ({
  kind: 'publish-failed',
  client: 'p',
  message,
  error: 'not confirmed within 10 s',
});
const arrived = [published(1), gaveUp(1), delivered('c', 1)];

const held = [created(), consumes('far'), consumes('near'), delivered('far', 0), delivered('near', 1)];

const connects = (client: string, node: string): EventBody => ({ kind: 'connected', client, node });
const loses = (client: string, node: string): EventBody => ({
  kind: 'disconnected',
  client,
  node,
  why: 'it crashed',
});
const nodes = [1, 2, 3].map((node) => connects(`w${node}`, `rabbit-${node}`));
const minority = [quorum, ...nodes, loses('w2', 'rabbit-2'), loses('w3', 'rabbit-3')];
/** Events are a second apart: what follows at once has the moment of the one before. */
const atOnce = (after: number, body: EventBody): EventBody & { at: number } => ({
  ...body,
  at: after * 1_000_000,
});

const cases: Record<string, Case> = {
  'rabbitmq.policy-limits-what-is-there': {
    shown: trace(...three, policy('2'), consumes('c'), delivered('c', 1), delivered('c', 2)),
    contradicted: [
      // It is there all the same, or what should be is not.
      trace(...three, policy('2'), consumes('c'), delivered('c', 0)),
      trace(...three, policy('2'), consumes('c'), delivered('c', 2)),
      trace(...three, consumes('c'), delivered('c', 1)),
      // It limited, and does not any more.
      trace(...three, policy('2'), policy(null), ...stored(3), consumes('c'), delivered('c', 2)),
    ],
    allowed: [
      trace(...three, policy('2', '^other$'), consumes('c'), delivered('c', 0)),
      trace(...three, policy('2'), policy(null), ...stored(3), consumes('c'), delivered('c', 1)),
    ],
  },
  'rabbitmq.consumer-timeout-cancels': {
    shown: trace(...late, cancelled, delivered('other', 0, { redelivered: true })),
    contradicted: [
      trace(...late, cancelled),
      trace(
        ...late,
        failed('slow', '406 PRECONDITION_FAILED', 'delivery acknowledgement on channel 1 timed out'),
      ),
    ],
    allowed: [
      trace(...late, settled('slow', 0), cancelled),
      // Another hears of it first.
      trace(...late, delivered('other', 0, { redelivered: true }), atOnce(4, cancelled)),
      trace(created('q', { type: 'classic' }), consumes('slow'), delivered('slow', 0), cancelled),
      trace(...late, stopped('slow'), delivered('other', 0, { redelivered: true })),
    ],
  },
  'rabbitmq.dead-letter-flagged': {
    shown: trace(...rejected, consumes('g', { place: 'dead' }), dead('rejected', true)),
    contradicted: [
      trace(...rejected, consumes('g', { place: 'dead' }), dead('rejected', false)),
      trace(...nacked, consumes('g', { place: 'dead' }), dead('rejected', true)),
      trace(created(), sent(0), dead('expired', true)),
    ],
    allowed: [
      // It is handed over at once; it has had a failed delivery before its time was over; it has been there before.
      trace(consumes('g', { place: 'dead' }), ...rejected, dead('rejected', false)),
      trace(...rejected, dead('expired', true)),
      trace(created(), sent(0), dead('expired', false), dead('expired', true)),
    ],
  },
  'rabbitmq.transaction-all-or-nothing': {
    shown: trace(consumes('c'), sent(0), confirmed(0), delivered('c', 0)),
    contradicted: [
      trace(consumes('c'), sent(0), delivered('c', 0), confirmed(0)),
      trace(consumes('c'), sent(0), rolledBack(0), delivered('c', 0)),
    ],
    // A confirm that comes at once is no commit; or the reply came behind the delivery.
    allowed: [
      trace(consumes('c'), sent(0), delivered('c', 0), atOnce(2, confirmed(0))),
      trace(consumes('c'), sent(0), delivered('c', 0), atOnce(3.1, confirmed(0))),
      trace(sent(0), rolledBack(0)),
    ],
  },
  'rabbitmq.held-is-nobody-elses': {
    shown: trace(...held, settled('far', 0)),
    contradicted: [trace(...held, again('near', 0)), trace(...held, settled('near', 1), again('near', 0))],
    allowed: [
      trace(...held, stopped('far'), again('near', 0)),
      trace(...held, settled('far', 0, 'nacked'), again('near', 0)),
      trace(...held, again('far', 0)),
    ],
  },
  'rabbitmq.arrives-given-up': {
    shown: trace(published(0), gaveUp(0), delivered('c', 0)),
    contradicted: [trace(published(0), gaveUp(0), confirmed(0))],
    allowed: [
      trace(published(0), confirmed(0), delivered('c', 0)),
      // It was there before, or it never comes.
      trace(published(0), delivered('c', 0), gaveUp(0), again('c', 0), ...arrived),
      trace(published(0), gaveUp(0), ...arrived),
    ],
  },
  'rabbitmq.majority-or-nothing': {
    shown: trace(...minority, sent(0), sent(1), confirmed(0)),
    contradicted: [trace(...minority, sent(0), atOnce(7, confirmed(0)))],
    allowed: [
      trace(quorum, ...nodes, loses('w2', 'rabbit-2'), sent(0), atOnce(6, confirmed(0))),
      trace(...minority, sent(0)),
      // One is back, as the first that waited has shown.
      trace(...minority, sent(0), sent(1), confirmed(0), sent(2), atOnce(10, confirmed(2))),
    ],
  },
};

describe('further claims about RabbitMQ', () => {
  itJudges(furtherClaims, cases);
});
