// Each claim of the chapter's Kafka section on traces written by hand: one that shows it, one that contradicts it, and
// silence. The claims of Kafka in depth have files of their own beside this one.
import { describe, expect, it } from 'vitest';
import { crashClaims } from '../../../src/claims/kafka/crash.ts';
import { groupClaims } from '../../../src/claims/kafka/groups.ts';
import { partitionClaims } from '../../../src/claims/kafka/partitions.ts';
import { isObservable, type EventBody, type TraceEvent } from '../../../src/sim/trace.ts';

/** Events at 1 s, 2 s, 3 s, … unless `at` says otherwise. */
function trace(...bodies: (EventBody & { at?: number })[]): TraceEvent[] {
  return bodies.map((body, seq) => ({ at: (seq + 1) * 1_000_000, ...body, seq }));
}

const chapterClaims = [...partitionClaims, ...groupClaims, ...crashClaims];

function judge(id: string, events: TraceEvent[], ended = true) {
  const claim = chapterClaims.find((candidate) => candidate.id === id);
  if (!claim) throw new Error(`there is no claim ${id}`);
  const fold = claim.judge();
  for (const event of events) fold.on(event);
  return fold.verdict(ended);
}

const published = (message: number, key: string | null, client = 'p'): EventBody => ({
  kind: 'published',
  client,
  message,
  key,
  to: 'orders',
  bytes: 100,
});
const confirmed = (message: number, place: string, position = message): EventBody => ({
  kind: 'publish-confirmed',
  client: 'p',
  message,
  place,
  position,
});
const delivered = (
  client: string,
  message: number,
  place: string,
  position: number,
  key: string | null = 'A',
  group = 'g',
): EventBody => ({
  kind: 'delivered',
  client,
  group,
  message,
  key,
  place,
  position,
  redelivered: false,
  deliveryCount: null,
});
const processed = (
  client: string,
  message: number,
  place: string,
  position: number,
  key: string | null = 'A',
): EventBody => ({
  kind: 'processed',
  client,
  group: 'g',
  message,
  key,
  place,
  position,
});
const committed = (client: string, place: string, position: number, group = 'g'): EventBody => ({
  kind: 'settled',
  client,
  group,
  outcome: 'committed',
  place,
  position,
  message: null,
});
const assigned = (client: string, all: string[], generation: number, places = all): EventBody => ({
  kind: 'assigned',
  client,
  group: 'g',
  places,
  all,
  generation,
});
const revoked = (client: string, places: string[], generation = 1): EventBody => ({
  kind: 'revoked',
  client,
  group: 'g',
  places,
  lost: false,
  generation,
});
const positioned = (
  client: string,
  place: string,
  position: number,
  by: 'committed' | 'reset' = 'committed',
  group = 'g',
): EventBody => ({
  kind: 'positioned',
  client,
  group,
  place,
  position,
  by,
});
const created = (places: string[], total = places.length): EventBody => ({
  kind: 'places-created',
  node: 'broker-1',
  name: 'orders',
  places,
  total,
});
const joined = (client: string, sessionTimeout = 6_000_000): EventBody => ({
  kind: 'member-joined',
  group: 'g',
  client,
  member: client,
  sessionTimeout,
});
const stopped = (client: string, reason: 'crashed' | 'closed'): EventBody => ({
  kind: 'client-stopped',
  client,
  reason,
});
const removed = (client: string): EventBody => ({
  kind: 'member-removed',
  group: 'g',
  client,
  member: client,
  why: 'session',
});

const P0 = 'orders-0';
const P1 = 'orders-1';

interface Case {
  shown: TraceEvent[];
  contradicted: TraceEvent[] | null;
}

const cases: Record<string, Case> = {
  'kafka.same-key-same-partition': {
    shown: trace(published(0, 'A'), published(1, 'A'), confirmed(0, P0), confirmed(1, P0)),
    contradicted: trace(
      created([P0, P1]),
      published(0, 'A'),
      published(1, 'A'),
      confirmed(0, P0),
      confirmed(1, P1),
    ),
  },
  'kafka.key-order-kept': {
    shown: trace(published(0, 'A'), published(1, 'A'), delivered('c', 0, P0, 0), delivered('c', 1, P0, 1)),
    contradicted: trace(
      published(0, 'A'),
      published(1, 'A'),
      delivered('c', 1, P0, 0),
      delivered('c', 0, P1, 0),
    ),
  },
  'kafka.no-order-across-partitions': {
    shown: trace(delivered('c', 1, P0, 0, 'A'), delivered('c', 0, P1, 0, 'B')),
    contradicted: null,
  },
  'kafka.offsets-dense': {
    shown: trace(positioned('c', P0, 4), delivered('c', 7, P0, 4), delivered('c', 8, P0, 5)),
    contradicted: trace(positioned('c', P0, 4), delivered('c', 7, P0, 4), delivered('c', 8, P0, 6)),
  },
  'kafka.keyless-sticks': {
    shown: trace(
      ...[0, 1, 2].map((n) => published(n, null)),
      confirmed(0, P0, 0),
      confirmed(1, P0, 1),
      confirmed(2, P1, 0),
    ),
    contradicted: trace(published(0, null), published(1, null), confirmed(0, P0, 0), confirmed(1, P1, 0)),
  },
  'kafka.new-partitions-move-keys': {
    shown: trace(
      created([P0]),
      published(0, 'A'),
      confirmed(0, P0),
      created([P1], 2),
      published(1, 'A'),
      confirmed(1, P1),
    ),
    contradicted: trace(
      created([P0, P1]),
      published(0, 'A'),
      confirmed(0, P0),
      published(1, 'A'),
      confirmed(1, P1),
    ),
  },
  'kafka.one-owner': {
    shown: trace(assigned('c0', [P0], 1), assigned('c1', [P1], 1), assigned('c1', [P0, P1], 2)),
    contradicted: trace(assigned('c0', [P0], 1), assigned('c1', [P0, P1], 1)),
  },
  'kafka.extra-consumer-idles': {
    shown: trace(created([P0]), assigned('c0', [P0], 1), assigned('c1', [], 1)),
    contradicted: trace(
      created([P0]),
      assigned('c0', [P0], 1),
      assigned('c1', [], 1),
      delivered('c1', 0, P0, 0),
    ),
  },
  'kafka.groups-are-independent': {
    shown: trace(confirmed(0, P0), delivered('a', 0, P0, 0, 'A', 'g'), delivered('b', 0, P0, 0, 'A', 'h')),
    contradicted: trace(
      confirmed(0, P0),
      confirmed(1, P0),
      delivered('a', 0, P0, 0, 'A', 'g'),
      delivered('a', 1, P0, 1, 'A', 'g'),
      delivered('b', 0, P0, 0, 'A', 'h'),
    ),
  },
  'kafka.reading-removes-nothing': {
    shown: trace(
      committed('a', P0, 5),
      positioned('b', P0, 0, 'reset', 'h'),
      delivered('b', 0, P0, 0, 'A', 'h'),
    ),
    contradicted: trace(
      committed('a', P0, 5),
      positioned('b', P0, 0, 'reset', 'h'),
      delivered('b', 3, P0, 3, 'A', 'h'),
    ),
  },
  'kafka.eager-revokes-all': {
    shown: trace(assigned('c0', [P0, P1], 1), revoked('c0', [P0, P1]), assigned('c0', [P0], 2)),
    contradicted: trace(assigned('c0', [P0, P1], 1), revoked('c0', [P1]), assigned('c0', [P0], 2, [])),
  },
  'kafka.cooperative-keeps': {
    shown: trace(assigned('c0', [P0, P1], 1), revoked('c0', [P1]), assigned('c0', [P0], 2, [])),
    contradicted: trace(assigned('c0', [P0, P1], 1), revoked('c0', [P0, P1]), assigned('c0', [P0], 2)),
  },
  'kafka.crash-noticed-after-session-timeout': {
    shown: trace(joined('c1'), assigned('c1', [P0], 1), stopped('c1', 'crashed'), {
      ...removed('c1'),
      at: 10_000_000,
    }),
    contradicted: trace(
      joined('c1'),
      assigned('c1', [P0], 1),
      stopped('c1', 'crashed'),
      delivered('c0', 0, P0, 0),
    ),
  },
  'kafka.clean-close-hands-over-at-once': {
    shown: trace(
      joined('c1'),
      assigned('c1', [P0], 1),
      revoked('c1', [P0]),
      stopped('c1', 'closed'),
      assigned('c0', [P0], 2),
    ),
    contradicted: trace(joined('c1'), assigned('c1', [P0], 1), revoked('c1', [P0]), stopped('c1', 'closed'), {
      ...assigned('c0', [P0], 2),
      at: 60_000_000,
    }),
  },
  'kafka.takeover-from-committed': {
    shown: trace(
      positioned('c1', P0, 0, 'reset'),
      delivered('c1', 0, P0, 0),
      delivered('c1', 1, P0, 1),
      committed('c1', P0, 1),
      positioned('c0', P0, 1),
    ),
    contradicted: trace(
      positioned('c1', P0, 0, 'reset'),
      delivered('c1', 0, P0, 0),
      committed('c1', P0, 1),
      positioned('c0', P0, 7),
    ),
  },
  'kafka.crash-duplicates': {
    shown: trace(
      positioned('c1', P0, 0, 'reset'),
      processed('c1', 0, P0, 0),
      stopped('c1', 'crashed'),
      positioned('c0', P0, 0),
      processed('c0', 0, P0, 0),
    ),
    contradicted: trace(processed('c1', 0, P0, 0), processed('c1', 0, P0, 0)),
  },
  'kafka.nothing-lost': {
    shown: trace(confirmed(0, P0), processed('c0', 0, P0, 0)),
    contradicted: trace(confirmed(0, P0), confirmed(1, P0), processed('c0', 0, P0, 0)),
  },
  'kafka.commit-before-loses': {
    shown: trace(
      delivered('c1', 0, P0, 0),
      committed('c1', P0, 1),
      stopped('c1', 'crashed'),
      positioned('c0', P0, 1),
    ),
    contradicted: trace(
      delivered('c1', 0, P0, 0),
      committed('c1', P0, 1),
      stopped('c1', 'crashed'),
      positioned('c0', P0, 1),
      processed('c0', 0, P0, 0),
    ),
  },
};

describe('claims about Kafka', () => {
  it('are all tested here', () => {
    expect(Object.keys(cases).sort()).toEqual(chapterClaims.map(({ id }) => id).sort());
  });

  for (const claim of chapterClaims) {
    const { shown, contradicted } = cases[claim.id] ?? { shown: [], contradicted: null };

    it(`${claim.id} holds on a run that shows it (${claim.rules.join(', ')})`, () => {
      expect(judge(claim.id, shown)).toMatchObject({ status: 'holds' });
    });

    it(`${claim.id} is open on a run in which nothing happens`, () => {
      expect(judge(claim.id, [])).toMatchObject({ status: 'open' });
    });

    if (contradicted) {
      it(`${claim.id} fails on a run that contradicts it, and names the event`, () => {
        const verdict = judge(claim.id, contradicted);
        expect(verdict.status).toBe('fails');
        if (verdict.status === 'fails')
          expect(contradicted.map(({ seq }) => seq)).toContain(verdict.counterexample.seq);
      });
    }

    if (claim.observable) {
      it(`${claim.id} needs nothing that a client of a real broker cannot see`, () => {
        expect(judge(claim.id, shown.filter(isObservable))).toMatchObject({ status: 'holds' });
      });
    }
  }
});
