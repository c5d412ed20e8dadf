// Claims about queues that the chapter sets beside a log, on traces written by hand and on their scenarios.
import { describe } from 'vitest';
import { besideClaims } from '../../../src/claims/rabbitmq/beside.ts';
import type { EventBody } from '../../../src/sim/trace.ts';
import { itJudges, stopped, trace, type Case } from './hand.ts';
import { again, consumes, created, delivered, processed, published, settled } from './rabbitmq-hand.ts';

const removed = (message: number, place = 'q'): EventBody => ({
  kind: 'removed',
  node: 'rabbit-1',
  place,
  position: message,
  message,
  why: 'acknowledged',
});
const appended = (message: number, place = 'q'): EventBody => ({
  kind: 'appended',
  node: 'rabbit-1',
  place,
  position: message,
  message,
  key: 'A',
  epoch: 0,
});
const at = (seconds: number, body: EventBody) => ({ at: seconds * 1_000_000, ...body });
const two = [consumes('c0'), consumes('c1')];

const cases: Record<string, Case> = {
  'rabbitmq.acked-is-gone': {
    shown: trace(created(), delivered('c0', 0), settled('c0', 0), removed(0)),
    contradicted: [trace(created(), delivered('c0', 0), settled('c0', 0), again('c1', 0))],
    // It was returned, or it lies in a stream.
    allowed: [
      trace(created(), delivered('c0', 0), settled('c0', 0, 'nacked'), again('c1', 0)),
      trace(
        created('q', { holds: 'log', type: 'stream' }),
        delivered('c0', 0),
        settled('c0', 0),
        delivered('c1', 0),
      ),
    ],
  },
  'rabbitmq.past-is-not-given': {
    shown: trace(published(0), created('late'), published(1), delivered('c0', 1, { place: 'late' })),
    contradicted: [trace(published(0), created('late'), delivered('c0', 0, { place: 'late' }))],
    allowed: [trace(created('early'), published(0), delivered('c0', 0, { place: 'early' }))],
  },
  'rabbitmq.one-consumer-each': {
    shown: trace(created(), ...two, delivered('c0', 0), delivered('c1', 1)),
    contradicted: [trace(created(), ...two, delivered('c0', 0), delivered('c1', 0))],
    // The first is gone, and what it had comes back.
    allowed: [trace(created(), ...two, delivered('c0', 0), stopped('c0'), again('c1', 0))],
  },
  'rabbitmq.one-consumer-in-order': {
    shown: trace(created(), consumes('c0'), processed('c0', 0), processed('c0', 1)),
    contradicted: [trace(created(), consumes('c0'), processed('c0', 1), processed('c0', 0))],
    // Two of them; or it was returned.
    allowed: [
      trace(created(), ...two, processed('c1', 1), processed('c0', 0)),
      trace(created(), consumes('c0'), processed('c0', 1), again('c0', 0), processed('c0', 0)),
    ],
  },
  'rabbitmq.slow-message-passed': {
    shown: trace(
      at(0, created()),
      ...two.map((body) => at(0, body)),
      at(1, delivered('c0', 0)),
      at(1, delivered('c1', 1)),
      at(5, processed('c1', 1)),
    ),
    contradicted: [
      trace(
        at(0, created()),
        ...two.map((body) => at(0, body)),
        at(1, appended(0)),
        at(1, delivered('c0', 0)),
        at(1, appended(1)),
        at(9, processed('c0', 0)),
      ),
    ],
    // It has not taken long; or the other has work of its own.
    allowed: [
      trace(
        at(0, created()),
        ...two.map((body) => at(0, body)),
        at(1, appended(1)),
        at(2, processed('c0', 0)),
      ),
      trace(
        at(0, created()),
        ...two.map((body) => at(0, body)),
        at(1, delivered('c0', 0)),
        at(1, delivered('c1', 1)),
        at(1, appended(2)),
        at(9, processed('c0', 0)),
      ),
    ],
  },
};

describe('claims about queues beside a log', () => {
  itJudges(besideClaims, cases);
});
