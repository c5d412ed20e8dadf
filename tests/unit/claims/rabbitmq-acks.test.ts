// Claims about acknowledgements, on traces written by hand and on their scenarios.
import { describe } from 'vitest';
import { ackClaims } from '../../../src/claims/rabbitmq/acks.ts';
import type { EventBody } from '../../../src/sim/trace.ts';
import { failed, itJudges, stopped, trace, type Case } from './hand.ts';
import {
  again,
  confirmed,
  consumes,
  created,
  delivered,
  processed,
  published,
  settled,
} from './rabbitmq-hand.ts';

/** c0 has finished 0 without an answer, has begun nothing of 1, and dies. */
const crash = [
  created(),
  consumes('c0'),
  delivered('c0', 0),
  delivered('c0', 1),
  processed('c0', 0),
  stopped('c0'),
];
const broken = (client: string): EventBody => ({
  kind: 'disconnected',
  client,
  node: 'rabbit-1',
  why: 'it crashed',
});
const TIMEOUT =
  'delivery acknowledgement on channel 1 timed out. Timeout value used: 3000 ms. This timeout value can be configured';

const cases: Record<string, Case> = {
  'rabbitmq.unacked-come-back': {
    shown: trace(...crash, consumes('c1'), again('c1', 0), again('c1', 1)),
    contradicted: [
      trace(...crash, consumes('c1'), delivered('c1', 0)),
      trace(...crash, consumes('c1'), again('c1', 0), delivered('c1', 2)),
    ],
    // It had acknowledged both; or they are on their way back still.
    allowed: [
      trace(
        consumes('c0'),
        delivered('c0', 0),
        processed('c0', 0),
        settled('c0', 0),
        stopped('c0'),
        delivered('c1', 2),
      ),
      trace(...crash),
    ],
  },
  'rabbitmq.requeued-to-its-place': {
    shown: trace(...crash, consumes('c1'), again('c1', 0), again('c1', 1), delivered('c1', 2)),
    contradicted: [
      trace(...crash, consumes('c1'), delivered('c1', 2)),
      trace(...crash, consumes('c1'), again('c1', 1), again('c1', 0)),
    ],
    // Another consumer had been sent it before; a quorum queue has its own order.
    allowed: [
      trace(consumes('c1'), ...crash, delivered('c1', 2)),
      trace(
        created('q', { type: 'quorum' }),
        ...crash.slice(1),
        consumes('c1'),
        again('c1', 1),
        again('c1', 0),
      ),
    ],
  },
  'rabbitmq.work-then-ack-repeats': {
    shown: trace(...crash, consumes('c1'), again('c1', 0), processed('c1', 0)),
    contradicted: [trace(...crash, consumes('c1'), again('c1', 1), delivered('c1', 2))],
    allowed: [trace(...crash, consumes('c1'), again('c1', 0), again('c1', 1), delivered('c1', 2))],
  },
  'rabbitmq.redelivered-is-not-done': {
    shown: trace(...crash, again('c1', 1)),
    contradicted: [trace(...crash, delivered('c1', 1))],
    allowed: [trace(...crash, again('c1', 0), processed('c1', 0))],
  },
  'rabbitmq.ack-first-loses': {
    shown: trace(consumes('c0'), delivered('c0', 0), settled('c0', 0), stopped('c0')),
    contradicted: [
      trace(consumes('c0'), delivered('c0', 0), settled('c0', 0), stopped('c0'), again('c1', 0)),
    ],
    // It was finished; or it had not been acknowledged.
    allowed: [
      trace(delivered('c0', 0), settled('c0', 0), processed('c0', 0), stopped('c0')),
      trace(...crash, again('c1', 0)),
    ],
  },
  'rabbitmq.auto-ack-loses': {
    shown: trace(consumes('c0', { noAck: true }), delivered('c0', 0), delivered('c0', 1), stopped('c0')),
    contradicted: [trace(consumes('c0', { noAck: true }), delivered('c0', 0), stopped('c0'), again('c1', 0))],
    allowed: [trace(...crash, again('c1', 0), again('c1', 1))],
  },
  'rabbitmq.confirm-says-nothing-of-consumers': {
    shown: trace(published(0), confirmed(0)),
    contradicted: [trace(published(0), published(1), confirmed(1))],
    // One publisher asks for no confirms; the other's message was refused.
    allowed: [
      trace(published(0, 'q'), published(1), confirmed(1)),
      trace(
        published(0),
        { kind: 'publish-failed', client: 'p', message: 0, error: 'nacked' },
        published(1),
        confirmed(1),
      ),
    ],
  },
  'rabbitmq.unconfirmed-lost-silently': {
    shown: trace(
      published(0, 'hoped'),
      published(1, 'asked'),
      broken('hoped'),
      confirmed(1, 'asked'),
      delivered('c', 1),
    ),
    contradicted: [
      trace(
        published(0, 'asked'),
        confirmed(0, 'asked'),
        delivered('c', 0),
        published(1, 'asked'),
        broken('asked'),
      ),
    ],
    allowed: [trace(published(0, 'hoped'), delivered('c', 0), broken('hoped'))],
  },
  'rabbitmq.consumer-timeout-closes': {
    shown: trace(
      consumes('c0'),
      delivered('c0', 0),
      delivered('c0', 1),
      { ...failed('c0', '406 PRECONDITION_FAILED', TIMEOUT), at: 9_000_000 },
      { ...again('c1', 0), at: 10_000_000 },
      { ...again('c1', 1), at: 11_000_000 },
    ),
    contradicted: [
      trace(delivered('c0', 0), { ...failed('c0', '406 PRECONDITION_FAILED', TIMEOUT), at: 2_000_000 }),
      trace(
        delivered('c0', 0),
        delivered('c0', 1),
        { ...failed('c0', '406 PRECONDITION_FAILED', TIMEOUT), at: 9_000_000 },
        { ...again('c1', 0), at: 10_000_000 },
      ),
    ],
    allowed: [
      trace(delivered('c0', 0), failed('c0', '406 PRECONDITION_FAILED', 'unknown delivery tag 7')),
      // Another hears of it first.
      trace(
        delivered('c0', 0),
        { ...again('c1', 0), at: 8_999_500 },
        { ...failed('c0', '406 PRECONDITION_FAILED', TIMEOUT), at: 9_000_000 },
      ),
    ],
  },
};

describe('claims about acknowledgements', () => {
  itJudges(ackClaims, cases);
});
