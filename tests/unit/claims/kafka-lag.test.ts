// Claims about lag, on traces written by hand and on their scenarios.
import { describe } from 'vitest';
import { lagClaims } from '../../../src/claims/kafka/lag.ts';
import {
  assigned,
  committed,
  confirmed,
  delivered,
  failed,
  itJudges,
  positioned,
  processed,
  revoked,
  trace,
  type Case,
} from './hand.ts';
import type { EventBody } from '../../../src/sim/trace.ts';

const P0 = 'orders-0';
const P1 = 'orders-1';
const P2 = 'orders-2';

const late = (client: string) => failed(client, 'max.poll.interval.ms', 'no poll() for 10000 ms');
const refused = (client: string) => failed(client, 'CommitFailedException', 'the group has moved on');

const range = (n: number, from = 0): number[] => Array.from({ length: n }, (_, i) => from + i);

/** c0 shares its time between P0 and P1, c1 has P2; six records come to each, and of each so many are finished. */
const shared = (...finished: readonly [number, number, number]) =>
  trace(
    { at: 1_000_000, ...assigned('c0', [P0, P1], 1) },
    { at: 1_000_000, ...assigned('c1', [P2], 1) },
    ...[P0, P1, P2].flatMap((place, p) =>
      range(6).flatMap((n) => [{ at: 2_000_000, ...confirmed(p * 10 + n, place, n) }]),
    ),
    ...[P0, P1, P2].flatMap((place, p) =>
      range(finished[p]!).map((n) => ({
        at: 8_000_000,
        ...processed(p < 2 ? 'c0' : 'c1', p * 10 + n, place, n),
      })),
    ),
    { at: 12_000_000, ...revoked('c0', [P0, P1]) },
  );

/** What the tool prints of a group’s one partition. */
const described = (numbers: string): EventBody => ({
  kind: 'printed',
  client: 'console',
  command: 'kafka-consumer-groups.sh --describe --group g',
  lines: [
    'GROUP  TOPIC   PARTITION  CURRENT-OFFSET  LOG-END-OFFSET  LAG  CONSUMER-ID  HOST  CLIENT-ID',
    `g      orders  0          ${numbers}    -            -     -`,
  ],
  exit: 0,
});
/** Four records, of which so many are committed. */
const four = (done: number) => [...range(4).map((n) => confirmed(n, P0)), committed('c', P0, done)];

const inHand = [
  assigned('c0', [P0], 1),
  positioned('c0', P0, 0),
  delivered('c0', 0, P0),
  delivered('c0', 1, P0),
  late('c0'),
];

const cases: Record<string, Case> = {
  'kafka.lag-follows-pace': {
    // In the first 6 s one of four is finished; in the next, all of them.
    shown: trace(
      positioned('c', P0, 0),
      committed('c', P0, 0),
      ...range(4).map((n) => confirmed(n, P0)),
      processed('c', 0, P0),
      committed('c', P0, 1),
      ...range(3, 1).map((n) => processed('c', n, P0)),
      { at: 20_000_000, ...committed('c', P0, 4) },
    ),
    contradicted: [
      // It has finished more than came, and the commit does not tell: lag stays.
      trace(
        positioned('c', P0, 0),
        ...range(4).map((n) => confirmed(n, P0)),
        committed('c', P0, 0),
        ...range(4).map((n) => processed('c', n, P0)),
        { at: 20_000_000, ...committed('c', P0, 0) },
      ),
      // Less is finished than came, and lag falls: committed before the work.
      trace(positioned('c', P0, 0), confirmed(0, P0), committed('c', P0, 0), confirmed(1, P0), {
        at: 20_000_000,
        ...committed('c', P0, 2),
      }),
    ],
    // Another reader's commit is another story.
    allowed: [
      trace(
        positioned('c', P0, 0),
        ...range(4).map((n) => confirmed(n, P0)),
        committed('c', P0, 0),
        ...range(4).map((n) => processed('c', n, P0)),
        { at: 20_000_000, ...committed('d', P0, 0) },
      ),
    ],
  },
  'kafka.shared-reader-falls-behind': {
    shown: shared(3, 2, 6),
    contradicted: [shared(3, 3, 0)],
    // Who has time for both partitions does not fall behind.
    allowed: [shared(6, 6, 6), shared(4, 5, 0)],
  },
  'kafka.partition-one-worker': {
    shown: trace(
      assigned('c0', [P0], 2),
      assigned('c1', [P1], 2),
      processed('c0', 0, P0),
      processed('c0', 1, P0),
    ),
    contradicted: [
      trace(assigned('c0', [P0], 2), assigned('c1', [P0], 2), processed('c0', 0, P0), processed('c1', 1, P0)),
    ],
    allowed: [
      trace(assigned('c0', [P0], 2), processed('c0', 0, P0), assigned('c1', [P0], 3), processed('c1', 1, P0)),
    ],
  },
  'kafka.poll-interval-ends-membership': {
    shown: trace(...inHand, refused('c0')),
    contradicted: [trace(...inHand, committed('c0', P0, 2))],
    // A commit that was on its way, one of another member, and one after it has joined again.
    allowed: [
      trace(...inHand, committed('c0', P0, 1)),
      trace(...inHand, committed('c1', P0, 2)),
      trace(...inHand, revoked('c0', [P0], 'g', true), assigned('c0', [P0], 3), committed('c0', P0, 2)),
    ],
  },
  'kafka.poll-interval-repeats': {
    shown: trace(...inHand, positioned('c1', P0, 0), delivered('c1', 0, P0), delivered('c1', 1, P0)),
    contradicted: [trace(...inHand, positioned('c1', P0, 2))],
  },
  'kafka.lag-is-a-subtraction': {
    shown: trace(...four(1), described('1               4               3')),
    contradicted: [
      trace(...four(1), described('1               4               2')),
      trace(...four(1), described('5               4               -1')),
      // All has been done for long, and the tool must have seen it.
      trace(...four(4), { at: 20_000_000, ...described('1               4               3') }),
    ],
    allowed: [
      // Committed while the tool asked.
      trace(...four(4), described('1               4               3')),
      // Nothing is committed: there is no number to take off.
      trace(...four(1), described('-               4               -')),
    ],
  },
};

describe('claims about lag', () => {
  itJudges(lagClaims, cases);
});
