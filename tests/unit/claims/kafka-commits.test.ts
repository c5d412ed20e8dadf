// Claims about when offsets are committed, on traces written by hand and on their scenarios; and worked vector O-10.
import { describe, expect, it } from 'vitest';
import { commitClaims } from '../../../src/claims/kafka/commits.ts';
import { scenarioById } from '../../../src/scenarios/library.ts';
import { traceOf } from '../../../src/scenarios/run.ts';
import {
  assigned,
  committed,
  confirmed,
  delivered,
  failed,
  itJudges,
  positioned,
  processed,
  stopped,
  trace,
  type Case,
} from './hand.ts';
import { kafkaScenario } from '../fixtures/kafka.ts';

const P0 = 'orders-0';
const BEFORE = 'commit-before';
const AFTER = 'commit-after';

/** b1 commits two records, finishes the first and dies. */
const loses = [
  confirmed(0, P0),
  confirmed(1, P0),
  delivered('b1', 0, P0, 0, BEFORE),
  delivered('b1', 1, P0, 1, BEFORE),
  processed('b1', 0, P0, 0, BEFORE),
  stopped('b1'),
];

const cases: Record<string, Case> = {
  'kafka.commit-before-repeats-nothing': {
    shown: trace(
      ...loses,
      confirmed(2, P0),
      delivered('b0', 2, P0, 2, BEFORE),
      processed('b0', 2, P0, 2, BEFORE),
    ),
    contradicted: [trace(...loses, delivered('b0', 0, P0, 0, BEFORE), processed('b0', 0, P0, 0, BEFORE))],
    // Its commit had failed; or it is another group's matter.
    allowed: [
      trace(
        delivered('b1', 0, P0, 0, BEFORE),
        failed('b1', 'CommitFailedException', 'the group has moved on'),
        processed('b1', 0, P0, 0, BEFORE),
        processed('b0', 0, P0, 0, BEFORE),
      ),
      trace(processed('w1', 0, P0, 0, AFTER), processed('w0', 0, P0, 0, AFTER)),
    ],
  },
  'kafka.commit-after-loses-nothing': {
    shown: trace(
      confirmed(0, P0),
      assigned('w1', [P0], 1, AFTER),
      stopped('w1'),
      processed('w0', 0, P0, 0, AFTER),
      committed('w0', P0, 1, AFTER),
    ),
    contradicted: [
      trace(
        confirmed(0, P0),
        confirmed(1, P0),
        assigned('w1', [P0], 1, AFTER),
        stopped('w1'),
        processed('w0', 1, P0, 1, AFTER),
        committed('w0', P0, 2, AFTER),
      ),
    ],
    // Not finished, and not committed: there is still time.
    allowed: [
      trace(
        confirmed(0, P0),
        confirmed(1, P0),
        assigned('w1', [P0], 1, AFTER),
        stopped('w1'),
        processed('w0', 0, P0, 0, AFTER),
        committed('w0', P0, 1, AFTER),
      ),
    ],
  },
  'kafka.loss-not-in-lag': {
    shown: trace(...loses, committed('b0', P0, 2, BEFORE)),
    contradicted: [
      // Committed past the loss, everything after it is finished, and yet there is lag at the end.
      trace(
        ...loses,
        confirmed(2, P0),
        committed('b0', P0, 2, BEFORE),
        delivered('b0', 2, P0, 2, BEFORE),
        processed('b0', 2, P0, 2, BEFORE),
        { at: 40_000_000, ...confirmed(9, 'orders-1', 0) },
      ).filter((event) => !(event.kind === 'settled' && event.position === 3)),
    ],
  },
  'kafka.auto-commit-in-poll': {
    shown: trace(
      positioned('c', P0, 0),
      { at: 3_000_000, ...delivered('c', 0, P0) },
      { at: 3_000_000, ...delivered('c', 1, P0) },
      processed('c', 0, P0),
      processed('c', 1, P0),
      { at: 6_000_000, ...delivered('c', 2, P0) },
      committed('c', P0, 2),
    ),
    contradicted: [
      // As a timer would: while the application works.
      trace(
        positioned('c', P0, 0),
        { at: 3_000_000, ...delivered('c', 0, P0) },
        { at: 3_000_000, ...delivered('c', 1, P0) },
        processed('c', 0, P0),
        committed('c', P0, 2),
      ),
      trace(
        positioned('c', P0, 0),
        { at: 3_000_000, ...delivered('c', 0, P0) },
        { at: 3_000_000, ...delivered('c', 1, P0) },
        processed('c', 0, P0),
        committed('c', P0, 1),
      ),
    ],
  },
};

describe('claims about commits', () => {
  itJudges(commitClaims, cases);
});

describe('O-10, the timing of auto-commit (K-71)', () => {
  /** What is committed before the crash, and what is given out after it, when the consumer dies so long after its first poll. */
  function crashAfter(ms: number): { committed: number[]; again: number[] } {
    const scenario = kafkaScenario(scenarioById('kafka-auto-commit'));
    const first = traceOf({ ...scenario, timeline: [] }).find(({ kind }) => kind === 'delivered')!.at;
    const timeline = scenario.timeline.map((entry) =>
      entry.action.do === 'crash' ? { ...entry, atMs: first / 1000 + ms } : entry,
    );
    const before: number[] = [];
    const given = new Set<number>();
    const again: number[] = [];
    let crashed = false;
    for (const event of traceOf({ ...scenario, timeline })) {
      if (event.kind === 'client-stopped') crashed = true;
      if (event.kind === 'settled' && !crashed) before.push(event.position);
      if (event.kind !== 'delivered') continue;
      if (given.has(event.position)) again.push(event.position);
      given.add(event.position);
    }
    expect(given.size).toBe(100);
    return { committed: before, again };
  }

  const from = (first: number, last: number): number[] =>
    Array.from({ length: last - first + 1 }, (_, i) => first + i);

  it('commits 20 in the third poll: a crash a second later gives 20 to 29 again', () => {
    expect(crashAfter(7000)).toEqual({ committed: [20], again: from(20, 29) });
  });

  it('has committed nothing at 5.9 s: a crash then gives everything again', () => {
    expect(crashAfter(5900)).toEqual({ committed: [], again: from(0, 19) });
  });
});
