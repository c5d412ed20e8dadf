// Claims about share groups, on traces written by hand and on their scenario.
import { describe } from 'vitest';
import { shareClaims } from '../../../src/claims/kafka/shares.ts';
import type { EventBody } from '../../../src/sim/trace.ts';
import {
  confirmed,
  delivered,
  itJudges,
  positioned,
  processed,
  started,
  stopped,
  trace,
  type Case,
} from './hand.ts';

const P0 = 'jobs-0';
const P1 = 'jobs-1';
const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Record and offset are one number here, and partitions are told apart by it. */
const shared = (client: string, n: number, place = P0): EventBody =>
  ({ ...delivered(client, n, place), deliveryCount: 1 }) as EventBody;
const acquired = (client: string, position: number, untilS: number, deliveryCount = 1): EventBody => ({
  kind: 'acquired',
  node: 'broker-1',
  group: 'g',
  client,
  place: P0,
  position,
  message: position,
  deliveryCount,
  until: untilS * 1_000_000,
});
const released = (position: number, why = 'the lock ran out'): EventBody => ({
  kind: 'released',
  node: 'broker-1',
  group: 'g',
  place: P0,
  position,
  why,
});
const archived = (position: number): EventBody => ({
  kind: 'archived',
  node: 'broker-1',
  group: 'g',
  place: P0,
  position,
  message: position,
  why: 'delivery count limit',
});
const accepted = (client: string, position: number): EventBody => ({
  kind: 'settled',
  client,
  group: 'g',
  outcome: 'acked',
  place: P0,
  position,
  message: position,
});
const at = (seconds: number, body: EventBody) => ({ at: seconds * 1_000_000, ...body });

/** Twenty records behind offset 0 are confirmed, and a's work on offset 0 takes 20 s. */
const slow = (...meanwhile: EventBody[]) =>
  trace(
    ...range(20).map((n) => at(0.5, confirmed(n, P0))),
    at(1, shared('a', 0)),
    ...meanwhile.map((body) => at(10, body)),
    at(21, processed('a', 0, P0)),
  );
/** Records are there before either of two members; when each is given its first. */
const firstAndLater = (firstS: number, laterS: number) =>
  trace(
    at(0.5, confirmed(0, P0)),
    at(1, started('a')),
    at(firstS, shared('a', 0)),
    at(10, confirmed(1, P0)),
    at(11, started('b')),
    at(laterS, shared('b', 1)),
  );
const elsewhere = range(12).flatMap((n) => [shared('b', 100 + n, P1), processed('b', 100 + n, P1)]);

const cases: Record<string, Case> = {
  'kafka.share-partition-shared': {
    shown: trace(shared('a', 0), shared('b', 1)),
    contradicted: [trace(...range(10).flatMap((n) => [shared('a', n, P0), shared('b', 100 + n, P1)]))],
    allowed: [trace(shared('a', 0, P0), shared('b', 1, P1)), trace(...range(20).map((n) => shared('a', n)))],
  },
  'kafka.share-first-waits': {
    shown: firstAndLater(6, 11.1),
    contradicted: [firstAndLater(1.2, 11.1), firstAndLater(6, 16.5)],
    // Nothing was there before, which the first waited for, or nobody came later.
    allowed: [
      trace(
        ...[at(1, started('a')), at(6, confirmed(0, P0)), at(6.5, shared('a', 0))],
        ...[at(11, started('b')), at(11.1, shared('b', 1))],
      ),
      trace(at(1, started('a')), at(1.2, confirmed(0, P0)), at(1.3, shared('a', 0))),
      trace(at(0.5, confirmed(0, P0)), at(1, started('a')), at(6, shared('a', 0)), at(7, shared('a', 1))),
    ],
  },
  'kafka.share-one-holder': {
    shown: trace(acquired('a', 0, 60), accepted('a', 0), acquired('b', 1, 60)),
    contradicted: [trace(acquired('a', 0, 60), acquired('b', 0, 60, 2))],
    allowed: [
      trace(acquired('a', 0, 60), released(0, 'released by the application'), acquired('b', 0, 60, 2)),
      trace(acquired('a', 0, 60), { kind: 'node-crashed', node: 'broker-1' }, acquired('b', 0, 60, 2)),
    ],
  },
  'kafka.share-slow-record-passed': {
    shown: slow(shared('b', 1), processed('b', 1, P0)),
    contradicted: [slow(...elsewhere)],
    // The others had nothing to do, or are gone.
    allowed: [slow(), slow(...elsewhere.slice(0, 4))],
  },
  'kafka.share-order-not-kept': {
    shown: slow(shared('b', 1), processed('b', 1, P0)),
    contradicted: [slow(...elsewhere)],
    allowed: [trace(shared('a', 0), processed('a', 0, P0), shared('b', 1), processed('b', 1, P0))],
  },
  'kafka.slow-record-blocks-partition': {
    shown: trace(
      ...range(3).map((n) => at(0.5, confirmed(n, P0))),
      at(1, delivered('c', 0, P0)),
      at(10, processed('c', 0, P0)),
    ),
    contradicted: [trace(delivered('c', 0, P0), delivered('c', 1, P0), processed('c', 1, P0))],
    allowed: [
      trace(delivered('c', 0, P0), delivered('c', 1, P0), positioned('c', P0, 1), processed('c', 1, P0)),
      trace(delivered('c', 0, P0), stopped('c'), delivered('d', 0, P0), processed('d', 0, P0)),
    ],
  },
  'kafka.share-poison-archived': {
    shown: trace(
      acquired('a', 0, 60),
      acquired('a', 0, 60, 2),
      archived(0),
      shared('b', 1),
      processed('b', 1, P0),
    ),
    contradicted: [trace(acquired('a', 0, 60, 2), archived(0), acquired('b', 0, 60, 3))],
  },
  'kafka.share-lock-runs-out': {
    shown: trace(acquired('a', 0, 2), released(0), acquired('b', 0, 60, 2)),
    contradicted: [trace(acquired('a', 0, 60), released(0))],
    allowed: [
      trace(acquired('a', 0, 60), released(0, 'released by the application'), acquired('b', 0, 60, 2)),
    ],
  },
};

describe('claims about share groups', () => {
  itJudges(shareClaims, cases);
});
