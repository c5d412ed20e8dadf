// Members that are cut off: each claim shown, contradicted, and not misled by what looks like it.
import { describe } from 'vitest';
import { cutOffClaims } from '../../../src/claims/kafka/cut-off.ts';
import {
  assigned,
  committed,
  delivered,
  failed,
  itJudges,
  processed,
  revoked,
  stopped,
  trace,
  type Case,
} from './hand.ts';

const P0 = 'orders-0';
const P1 = 'orders-1';

/** Each has one; c1 has a record of its own done, and c0 is given both without a word to c1. */
const cut = [
  assigned('c0', [P0], 1),
  assigned('c1', [P1], 1),
  delivered('c1', 7, P1),
  processed('c1', 7, P1),
  assigned('c0', [P0, P1], 2),
];
const refused = failed('c1', 'CommitFailedException', 'the group has moved on');

const cases: Record<string, Case> = {
  'kafka.cut-off-commit-refused': {
    shown: trace(...cut, delivered('c0', 7, P1), refused),
    contradicted: [trace(...cut, delivered('c0', 7, P1), committed('c1', P1, 8)), trace(...cut, refused)],
    // It had given the partition up; it is about another one; its successor has gone on.
    allowed: [
      trace(
        assigned('c1', [P1], 1),
        processed('c1', 7, P1),
        revoked('c1', [P1]),
        assigned('c0', [P1], 2),
        refused,
      ),
      trace(...cut, committed('c0', P1, 8), committed('c1', P0, 3)),
      trace(...cut, failed('c1', 'TimeoutException', 'too late')),
    ],
  },
  'kafka.cut-off-lost': {
    shown: trace(...cut, revoked('c1', [P1], 'g', true)),
    contradicted: [trace(...cut, revoked('c1', [P1]))],
    // The other one's group is another; or it was there no longer.
    allowed: [
      trace(assigned('c1', [P1], 1), assigned('x', [P1], 1, 'other'), revoked('c1', [P1])),
      trace(...cut, stopped('c1'), assigned('c1', [P1], 3), revoked('c1', [P1])),
    ],
  },
  'kafka.cut-off-briefly': {
    shown: trace(...cut.slice(0, 4), { at: 7_000_000, ...committed('c1', P1, 8) }),
    contradicted: [trace(...cut, { at: 7_000_000, ...committed('c1', P1, 8) })],
    // At once; too late for its session; others in other groups; a failure between.
    allowed: [
      trace(...cut.slice(0, 4), { at: 4_100_000, ...committed('c1', P1, 8) }),
      trace(...cut, { at: 12_000_000, ...committed('c1', P1, 8) }),
      trace(...cut, refused, { at: 7_000_000, ...committed('c1', P1, 8) }),
    ],
  },
};

describe('members that are cut off', () => {
  itJudges(cutOffClaims, cases);
});
