// Claims about rebalances, on traces written by hand and on their scenarios.
import { describe, expect, it } from 'vitest';
import { rebalanceClaims } from '../../../src/claims/kafka/rebalance.ts';
import { scenarioById } from '../../../src/scenarios/library.ts';
import { traceOf } from '../../../src/scenarios/run.ts';
import {
  assigned,
  delivered,
  itJudges,
  joined,
  processed,
  removed,
  revoked,
  started,
  state,
  stopped,
  trace,
  type Case,
} from './hand.ts';

const P0 = 'orders-0';
const P1 = 'orders-1';

/** The same for both groups in which members read on. */
const readsOn = (group: string): Case => ({
  shown: trace(
    assigned('c0', [P0, P1], 1, group),
    state(group, false),
    delivered('c0', 0, P0, 0, group),
    revoked('c0', [P1], group),
    assigned('c0', [P0], 2, group),
    assigned('c1', [P1], 3, group),
  ),
  contradicted: [
    trace(
      assigned('c0', [P0, P1], 1, group),
      state(group, false),
      revoked('c0', [P0, P1], group),
      assigned('c0', [P0], 2, group),
    ),
  ],
  // In another group it may be so; what was lost may come back.
  allowed: [
    trace(assigned('c0', [P0], 1), revoked('c0', [P0]), assigned('c0', [P0], 2)),
    trace(assigned('c0', [P0], 1, group), revoked('c0', [P0], group, true), assigned('c0', [P0], 2, group)),
  ],
});

const restart = (places: string[], generation: number, at = 14_000_000) =>
  trace(
    { at: 1_000_000, ...joined('s0', 'static') },
    { at: 2_000_000, ...assigned('s0', [P0], 1, 'static') },
    { at: 2_000_000, ...assigned('s1', [P1], 1, 'static') },
    { at: 10_000_000, ...stopped('s0', 'closed') },
    { at: 12_000_000, ...started('s0') },
    { at: 13_000_000, ...joined('s0', 'static') },
    { at, ...assigned('s0', places, generation, 'static') },
  );

const cases: Record<string, Case> = {
  'kafka.rebalance-eager-stops-all': {
    shown: trace(
      assigned('e0', [P0], 1, 'eager'),
      assigned('e1', [P1], 1, 'eager'),
      revoked('e0', [P0], 'eager'),
      revoked('e1', [P1], 'eager'),
      assigned('e1', [P0], 2, 'eager'),
      assigned('e0', [P1], 2, 'eager'),
    ),
    contradicted: [
      trace(
        assigned('e0', [P0], 1, 'eager'),
        assigned('e1', [P1], 1, 'eager'),
        revoked('e0', [P0], 'eager'),
        assigned('e0', [P0], 2, 'eager'),
      ),
    ],
    // A dead member, or one that was given up, lets go of nothing any more.
    allowed: [
      trace(
        assigned('e0', [P0], 1, 'eager'),
        assigned('e1', [P1], 1, 'eager'),
        stopped('e1'),
        revoked('e0', [P0], 'eager'),
        assigned('e0', [P0, P1], 2, 'eager'),
      ),
      trace(
        assigned('e0', [P0], 1, 'eager'),
        assigned('e1', [P1], 1, 'eager'),
        removed('e1', 'eager'),
        revoked('e0', [P0], 'eager'),
        assigned('e0', [P0, P1], 2, 'eager'),
      ),
      trace(assigned('c0', [P0], 1), assigned('c1', [P1], 2)),
    ],
  },
  'kafka.rebalance-cooperative-reads-on': readsOn('cooperative'),
  'kafka.rebalance-kip848-reads-on': readsOn('kip-848'),
  'kafka.rebalance-cooperative-repeats': {
    shown: trace(
      processed('c0', 0, P0, 0, 'cooperative'),
      revoked('c0', [P0], 'cooperative'),
      processed('c2', 0, P0, 0, 'cooperative'),
    ),
    contradicted: [
      trace(processed('c0', 0, P0, 0, 'cooperative'), processed('c2', 0, P0, 0, 'cooperative')),
      trace(processed('c0', 0, P0, 0, 'cooperative'), processed('c0', 0, P0, 0, 'cooperative')),
    ],
    // After a crash there is another reason.
    allowed: [
      trace(
        processed('c0', 0, P0, 0, 'cooperative'),
        stopped('c0'),
        processed('c2', 0, P0, 0, 'cooperative'),
      ),
    ],
  },
  'kafka.handover-never-overlaps': {
    shown: trace(assigned('c0', [P0], 1), revoked('c0', [P0]), assigned('c1', [P0], 2)),
    contradicted: [
      trace(assigned('c0', [P0, P1], 1), revoked('c0', [P1]), assigned('c1', [P0], 2)),
      trace(assigned('c0', [P0], 1), assigned('c1', [P0], 2)),
    ],
    allowed: [
      trace(assigned('c0', [P0], 1), stopped('c0'), assigned('c1', [P0], 2)),
      trace(assigned('c0', [P0], 1), removed('c0'), assigned('c1', [P0], 2)),
      trace(assigned('c0', [P0], 1), assigned('d0', [P0], 2, 'h')),
    ],
  },
  'kafka.static-restart-keeps-assignment': {
    shown: restart([P0], 1),
    contradicted: [
      restart([P1], 1),
      restart([P0], 2),
      // Another member is disturbed while it is away.
      trace(
        { at: 1_000_000, ...joined('s0', 'static') },
        { at: 2_000_000, ...assigned('s0', [P0], 1, 'static') },
        { at: 10_000_000, ...stopped('s0', 'closed') },
        { at: 13_000_000, ...assigned('s1', [P0, P1], 2, 'static') },
      ),
    ],
    // Too late; or somebody else came.
    allowed: [
      restart([P1], 2, 25_000_000),
      trace(
        { at: 1_000_000, ...joined('s0', 'static') },
        { at: 2_000_000, ...assigned('s0', [P0], 1, 'static') },
        { at: 10_000_000, ...stopped('s0', 'closed') },
        { at: 11_000_000, ...joined('s2', 'static') },
        { at: 13_000_000, ...assigned('s2', [P0, P1], 2, 'static') },
      ),
    ],
  },
};

describe('claims about rebalances', () => {
  itJudges(rebalanceClaims, cases);
});

describe('a rolling restart (K-84)', () => {
  it('of three static members is no rebalance, and of three dynamic ones it is six', () => {
    const begun = { static: 0, dynamic: 0 };
    for (const event of traceOf(scenarioById('kafka-static-restart'))) {
      if (event.kind !== 'group-state-changed' || event.state !== 'PreparingRebalance') continue;
      if (event.at > 10_000_000) begun[event.group as 'static' | 'dynamic']++;
    }
    expect(begun).toEqual({ static: 0, dynamic: 6 });
  });
});
