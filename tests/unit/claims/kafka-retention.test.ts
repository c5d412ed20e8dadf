// What the prose says a log forgets: each claim on its own run, on a run altered so that it is not true, and on silence.
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../../../src/claims/claim.ts';
import { compactionClaims } from '../../../src/claims/kafka/compaction.ts';
import { retentionClaims } from '../../../src/claims/kafka/retention.ts';
import { scenarioById } from '../../../src/scenarios/library.ts';
import { traceOf } from '../../../src/scenarios/run.ts';
import { isObservable, type TraceEvent } from '../../../src/sim/trace.ts';

const claims = [...retentionClaims, ...compactionClaims];
const traces = new Map<string, readonly TraceEvent[]>();

/** The trace of the scenario that proves this claim. */
function proof(id: string): readonly TraceEvent[] {
  const { scenarios } = claims.find((claim) => claim.id === id)!;
  const scenario = (scenarios as readonly string[])[0]!;
  let trace = traces.get(scenario);
  if (!trace) traces.set(scenario, (trace = traceOf(scenarioById(scenario))));
  return trace;
}

function judge(id: string, events: readonly TraceEvent[], ended = true): Verdict {
  const fold = claims.find((claim) => claim.id === id)!.judge();
  for (const event of events) fold.on(event);
  return fold.verdict(ended);
}

type Of<K extends TraceEvent['kind']> = Extract<TraceEvent, { kind: K }>;

/** Every event of a kind that fits, altered; null takes it away. */
function altered<K extends TraceEvent['kind']>(
  events: readonly TraceEvent[],
  kind: K,
  alter: (event: Of<K>) => Of<K> | null,
): TraceEvent[] {
  return events
    .map((event) => (event.kind === kind ? alter(event as Of<K>) : event))
    .filter((event): event is TraceEvent => event !== null);
}

const byTime = (event: Of<'expired'>): boolean => event.why?.startsWith('retention.ms') === true;

/** How to make a run of which the sentence is not true. */
const broken: Record<string, (events: readonly TraceEvent[]) => TraceEvent[]> = {
  'kafka.retention-whole-segments': (events) =>
    altered(events, 'expired', (event) => ({ ...event, position: event.position - 1 })),
  // The late record arrives, and the segment goes at the next look all the same.
  'kafka.newest-record-keeps-segment': (events) =>
    altered(events, 'expired', (event) =>
      byTime(event) && event.position === 18 ? { ...event, at: 30_000_000 } : event,
    ),
  // One segment more than may go.
  'kafka.size-retention-leaves-enough': (events) =>
    altered(events, 'expired', (event) =>
      byTime(event) ? event : { ...event, position: event.position + 5 },
    ),
  // The active segment stays for ever.
  'kafka.time-retention-empties': (events) =>
    altered(events, 'expired', (event) => (byTime(event) && event.position === 18 ? null : event)).filter(
      (event) => event.kind !== 'appended' || event.position !== 19,
    ),
  // What is gone is given out all the same, after the reset.
  'kafka.retention-ignores-readers': (events) =>
    altered(events, 'delivered', (event) =>
      event.group === 'audit' && event.position === 10 ? { ...event, position: 8 } : event,
    ),
  'kafka.latest-skips-what-is-left': (events) =>
    altered(events, 'delivered', (event) =>
      event.group === 'alerts' && event.position === 18 ? { ...event, position: 12 } : event,
    ),
  // The group that was away for twenty seconds is the one that has lost its offset.
  'kafka.committed-offsets-expire': (events) =>
    altered(events, 'positioned', (event) =>
      event.at < 20_000_000 ? event : { ...event, by: event.by === 'reset' ? 'committed' : 'reset' },
    ),
  // The classic group has lost its offset, and the one of KIP-848 has not.
  'kafka.kip-848-offsets-age-from-commit': (events) =>
    altered(events, 'positioned', (event) =>
      event.at < 20_000_000 ? event : { ...event, by: event.by === 'reset' ? 'committed' : 'reset' },
    ),
  'kafka.compaction-keeps-newest': (events) =>
    events.flatMap((event): TraceEvent[] =>
      event.kind === 'cleaned'
        ? [{ ...event, kind: 'compacted' as const, position: event.position - 1, message: null }, event]
        : [event],
    ),
  'kafka.active-segment-not-compacted': (events) =>
    altered(events, 'compacted', (event) => (event.position === 24 ? { ...event, position: 36 } : event)),
  'kafka.compaction-keeps-offsets': (events) =>
    altered(events, 'delivered', (event) =>
      event.group === 'report' ? { ...event, position: event.position - 32 } : event,
    ),
  'kafka.compacted-reader-gets-last-values': (events) =>
    events.filter((event) => event.kind !== 'delivered' || event.group !== 'report' || event.key !== 'E'),
  // It goes with the first pass that comes to it.
  'kafka.tombstone-stays-a-while': (events) =>
    altered(events, 'cleaned', (event) =>
      event.at === 18_000_000 || event.at === 22_000_000 ? null : event,
    ),
  'kafka.deletion-missed': (events) =>
    altered(events, 'delivered', (event) =>
      event.group === 'cache' && event.position === 32
        ? { ...event, position: 11, key: 'C', value: null }
        : event,
    ),
  'kafka.compacted-needs-keys': (events) =>
    events.map((event) =>
      event.kind === 'publish-failed'
        ? {
            kind: 'publish-confirmed' as const,
            seq: event.seq,
            at: event.at,
            client: event.client,
            message: event.message,
            place: 'prices-0',
            position: 15,
          }
        : event,
    ),
};

describe('the claims about retention and compaction', () => {
  const ids = claims.map(({ id }) => id);

  it.each(ids)('%s holds on its run', (id) => {
    expect(judge(id, proof(id)).status).toBe('holds');
  });

  it.each(ids)('%s fails where it is not true', (id) => {
    expect(judge(id, broken[id]!(proof(id))).status).toBe('fails');
  });

  it.each(ids)('%s waits while nothing happens', (id) => {
    expect(judge(id, []).status).toBe('open');
    const early = proof(id).filter(({ at }) => at < 1_000_000);
    expect(judge(id, early).status).toBe('open');
    expect(judge(id, early, false).status).toBe('open');
  });

  it.each(claims.filter(({ observable }) => observable).map(({ id }) => id))(
    '%s needs nothing that a client could not see',
    (id) => {
      expect(judge(id, proof(id).filter(isObservable)).status).toBe('holds');
    },
  );
});

describe('the run with a tombstone', () => {
  it('K-19: a tombstone is a key and nothing else', () => {
    const tombstones = proof('kafka.deletion-missed').filter(
      (event) => event.kind === 'published' && event.value === null,
    );
    expect(tombstones).toMatchObject([{ key: 'C', bytes: 0 }]);
  });

  it('K-19: Cache keeps a value that everybody else has deleted or never had', () => {
    const seen = (group: string) =>
      proof('kafka.deletion-missed').flatMap((event) =>
        event.kind === 'delivered' && event.group === group && event.key === 'C'
          ? [event.value === null ? 'deleted' : 'value']
          : [],
      );
    expect(seen('search').at(-1)).toBe('deleted');
    expect(seen('cache').at(-1)).toBe('value');
    expect(seen('report')).toEqual([]);
  });
});
