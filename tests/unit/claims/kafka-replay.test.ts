// Claims about reading again, on traces written by hand and on their scenarios.
import { describe } from 'vitest';
import { replayClaims } from '../../../src/claims/kafka/replay.ts';
import type { EventBody } from '../../../src/sim/trace.ts';
import {
  assigned,
  committed,
  confirmed,
  delivered,
  failed,
  itJudges,
  positioned,
  published,
  revoked,
  started,
  stopped,
  trace,
  type Case,
} from './hand.ts';

const P = 'orders-0';

const sought = (client: string, position: number, more: Partial<EventBody> = {}): EventBody =>
  ({ ...positioned(client, P, position, client), by: 'seek', ...more }) as EventBody;
const reset = (client: string, position: number): EventBody =>
  positioned(client, P, position, client, 'reset');
const given = (client: string, position: number, message = position): EventBody =>
  delivered(client, message, P, position, client);
const commit = (position: number): EventBody => committed('b', P, position, 'b');
const paused = (kind: 'reading-paused' | 'reading-resumed'): EventBody => ({
  kind,
  client: 'b',
  group: 'b',
  places: [P],
});
const expired = (position: number): EventBody => ({
  kind: 'expired',
  node: 'broker-1',
  place: P,
  position,
  message: null,
  from: 0,
});
const printed = (...lines: string[]): EventBody => ({
  kind: 'printed',
  client: 'console',
  command: 'kafka-consumer-groups.sh --group b --topic orders --reset-offsets --to-earliest --execute',
  lines,
  exit: 0,
});
const REFUSED = printed(
  '',
  "Error: Assignments can only be reset if the group 'b' is inactive, but the current state is Stable.",
);
const DONE = printed('', 'GROUP  TOPIC   PARTITION  NEW-OFFSET', 'b      orders  0          2');

const read = [reset('b', 0), given('b', 0), given('b', 1)];
const back = [...read, commit(2), sought('b', 0)];

const cases: Record<string, Case> = {
  'kafka.seek-reads-again': {
    shown: trace(...read, sought('b', 0), given('b', 0)),
    contradicted: [
      trace(...read, sought('b', 1), given('b', 0)),
      trace(...read, sought('b', 0), given('b', 0, 9)),
    ],
    // It begins anew after a crash: that is no seek.
    allowed: [trace(...read, sought('b', 1), reset('b', 0), given('b', 0))],
  },
  'kafka.seek-commits-nothing': {
    shown: trace(...back, given('b', 0), commit(1)),
    contradicted: [trace(...back, given('b', 0), commit(1), commit(2))],
    // A commit that was on its way; and one after everything has been read again.
    allowed: [
      trace(...back, commit(2), given('b', 0), commit(1)),
      trace(...back, given('b', 0), given('b', 1), commit(2)),
      trace(...back, stopped('b'), positioned('b', P, 2, 'b'), given('b', 2), commit(3)),
    ],
  },
  'kafka.seek-leaves-others': {
    shown: trace(reset('a', 0), given('a', 0), sought('b', 0), given('b', 0), given('a', 1)),
    contradicted: [trace(reset('a', 0), given('a', 0), sought('b', 0), given('a', 0))],
    allowed: [trace(reset('a', 0), given('a', 0), sought('b', 0), positioned('a', P, 0, 'a'), given('a', 0))],
  },
  'kafka.seek-by-time': {
    shown: trace(
      published(0),
      published(1),
      confirmed(0, P),
      confirmed(1, P),
      sought('b', 1, { time: 1_500_000 }),
    ),
    contradicted: [
      trace(
        published(0),
        published(1),
        confirmed(0, P),
        confirmed(1, P),
        sought('b', 0, { time: 1_500_000 }),
      ),
      trace(published(0), published(1), confirmed(0, P), confirmed(1, P), sought('b', 1, { time: 500_000 })),
    ],
  },
  'kafka.paused-partition-kept': {
    shown: trace(...read, paused('reading-paused'), paused('reading-resumed'), given('b', 2)),
    contradicted: [
      trace(...read, paused('reading-paused'), given('b', 2)),
      trace(...read, paused('reading-paused'), paused('reading-resumed'), given('b', 3)),
    ],
    // A pause does not outlive the assignment.
    allowed: [
      trace(...read, paused('reading-paused'), revoked('b', [P], 'b'), given('b', 2)),
      trace(...read, paused('reading-paused'), stopped('b'), positioned('b', P, 0, 'b'), given('b', 0)),
    ],
  },
  'kafka.replay-ends-at-retention': {
    shown: trace(...read, expired(1), sought('b', 2)),
    contradicted: [trace(...read, expired(1), sought('b', 2), given('b', 1))],
    // What had been fetched before.
    allowed: [trace(reset('b', 0), given('b', 0), expired(1), given('b', 1))],
  },
  'kafka.latest-skips-earlier': {
    shown: trace(confirmed(0, P), reset('b', 1), given('b', 1)),
    contradicted: [trace(confirmed(0, P), reset('b', 1), given('b', 1), given('b', 0))],
    allowed: [
      trace(confirmed(0, P), reset('b', 1), sought('b', 0), given('b', 0)),
      trace(confirmed(0, P), reset('b', 0), given('b', 0)),
    ],
  },
  'kafka.no-reset-fails': {
    shown: trace(failed('b', 'NoOffsetForPartitionException', '')),
    contradicted: [trace(failed('b', 'NoOffsetForPartitionException', ''), given('b', 0))],
    allowed: [trace(failed('b', 'NoOffsetForPartitionException', ''), started('b'), given('b', 0))],
  },
  'kafka.reset-needs-inactive-group': {
    shown: trace(assigned('c', [P], 1, 'b'), REFUSED),
    contradicted: [trace(assigned('c', [P], 1, 'b'), DONE)],
    allowed: [
      trace(assigned('c', [P], 1, 'b'), stopped('c', 'closed'), DONE),
      trace(assigned('c', [P], 1, 'other'), DONE),
    ],
  },
  'kafka.reset-moves-the-group': {
    shown: trace(DONE, positioned('c', P, 2, 'b')),
    contradicted: [trace(DONE, positioned('c', P, 5, 'b'))],
    allowed: [
      trace(DONE, committed('c', P, 5, 'b'), positioned('c', P, 5, 'b')),
      trace(REFUSED, positioned('c', P, 5, 'b')),
    ],
  },
};

describe('claims about reading again', () => {
  itJudges(replayClaims, cases);
});
