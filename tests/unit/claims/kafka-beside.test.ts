// Claims about a log that the chapter sets beside a queue, on traces written by hand and on their scenarios.
import { describe } from 'vitest';
import { besideClaims } from '../../../src/claims/kafka/beside.ts';
import type { EventBody } from '../../../src/sim/trace.ts';
import { committed, itJudges, processed, trace, type Case } from './hand.ts';

const P0 = 'messages-0';
const at = (seconds: number, body: EventBody) => ({ at: seconds * 1_000_000, ...body });
const appended = (position: number): EventBody => ({
  kind: 'appended',
  node: 'broker-1',
  place: P0,
  position,
  message: position,
  key: 'A',
  epoch: 0,
});
const expired = (position: number): EventBody => ({
  kind: 'expired',
  node: 'broker-1',
  place: P0,
  position,
  message: null,
  from: 0,
});
const done = (client: string, message: number, group: string): EventBody =>
  processed(client, message, P0, message, group);

const cases: Record<string, Case> = {
  'kafka.read-and-kept': {
    shown: trace(at(1, appended(0)), at(2, committed('a', P0, 1)), at(18, expired(0))),
    contradicted: [trace(at(1, appended(0)), at(2, committed('a', P0, 1)), at(3, expired(0)))],
    // Nobody had read it.
    allowed: [trace(at(1, appended(0)), at(3, expired(0)))],
  },
  'kafka.state-rebuilt': {
    shown: trace(done('a', 0, 'first'), done('a', 1, 'first'), done('b', 0, 'later'), done('b', 1, 'later')),
    contradicted: [trace(done('a', 0, 'first'), done('a', 1, 'first'), done('b', 0, 'later'))],
    allowed: [trace(done('a', 0, 'first'), done('a', 1, 'first'))],
  },
};

describe('claims about a log beside a queue', () => {
  itJudges(besideClaims, cases);
});
