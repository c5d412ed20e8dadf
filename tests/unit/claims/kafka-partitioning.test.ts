// What the prose says of partitions: each claim on its own run, on a run altered so that it is not true, and on silence.
import { describe, expect, it } from 'vitest';
import { partitionForKey } from '../../../src/brokers/kafka/partitioner.ts';
import type { Verdict } from '../../../src/claims/claim.ts';
import { partitioningClaims as claims } from '../../../src/claims/kafka/partitioning.ts';
import { scenarioById } from '../../../src/scenarios/library.ts';
import { traceOf } from '../../../src/scenarios/run.ts';
import { isObservable, type TraceEvent } from '../../../src/sim/trace.ts';

const traces = new Map<string, readonly TraceEvent[]>();

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

/** The run with places of some events renamed. */
function moved(
  events: readonly TraceEvent[],
  kind: 'publish-confirmed' | 'routed' | 'appended' | 'delivered',
  place: (old: string, message: number) => string,
): TraceEvent[] {
  return events.map((event) =>
    event.kind === kind ? { ...event, place: place(event.place!, event.message) } : event,
  );
}

const broken: Record<string, (events: readonly TraceEvent[]) => TraceEvent[]> = {
  'kafka.mask-not-abs': (events) => moved(events, 'publish-confirmed', () => 'vectors-2'),
  // The hot key in all partitions by turns.
  'kafka.hot-key-hot-partition': (events) =>
    moved(events, 'publish-confirmed', (old, message) =>
      old.startsWith('by-customer') ? `by-customer-${message % 3}` : old,
    ),
  'kafka.many-keys-spread': (events) =>
    moved(events, 'publish-confirmed', (old) => (old.startsWith('by-order') ? 'by-order-0' : old)),
  'kafka.round-robin-in-turn': (events) =>
    moved(events, 'routed', (old, message) =>
      old.startsWith('round-robin') && message > 100 && message < 120 ? 'round-robin-1' : old,
    ),
  // Whatever goes in turn arrives in one batch.
  'kafka.round-robin-small-batches': (events) =>
    events.map((event) =>
      event.kind === 'appended' && event.place.startsWith('round-robin')
        ? { ...event, place: 'round-robin-0', at: 1 }
        : event,
    ),
  // The same disorder, and nobody has added a partition.
  'kafka.new-partitions-break-key-order': (events) =>
    events.filter((event) => event.kind !== 'places-created' || event.total === 4),
  'kafka.adaptive-avoids-slow': (events) =>
    events.map((event) =>
      event.kind === 'publish-confirmed' && event.message % 2 === 0
        ? { ...event, place: 'clicks-1', at: event.at + 10_000_000 }
        : event,
    ),
};

describe('the claims about partitioning', () => {
  const ids = claims.map(({ id }) => id);

  it.each(ids)('%s holds on its run', (id) => {
    expect(judge(id, proof(id)).status).toBe('holds');
  });

  it.each(ids)('%s fails where it is not true', (id) => {
    expect(judge(id, broken[id]!(proof(id))).status).toBe('fails');
  });

  it.each(ids)('%s waits while nothing happens', (id) => {
    expect(judge(id, []).status).toBe('open');
    const early = proof(id).filter(({ at }) => at < 100_000);
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

describe('the run that spreads one load four ways', () => {
  it('K-23: the hot key moves with the new partitions, as the prose says', () => {
    expect([partitionForKey('A', 4), partitionForKey('A', 6)]).toEqual([2, 4]);
    expect(['B', 'C'].map((key) => partitionForKey(key, 6))).toEqual([4, 4]);
    expect(['A', 'B', 'C', 'D', 'E', 'F'].map((key) => partitionForKey(key, 4))).not.toContain(3);
  });
});
