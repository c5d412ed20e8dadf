/** Traces written by hand, for the tests of claims: one that shows a claim, one that contradicts it, and silence. */
import { describe, expect, it } from 'vitest';
import type { Claim, Verdict } from '../../../src/claims/claim.ts';
import { scenarioById } from '../../../src/scenarios/library.ts';
import { run } from '../../../src/scenarios/run.ts';
import { isObservable, type EventBody, type TraceEvent } from '../../../src/sim/trace.ts';

/** Events at 1 s, 2 s, 3 s, … unless `at` (microseconds) says otherwise. */
export function trace(...bodies: (EventBody & { at?: number })[]): TraceEvent[] {
  return bodies.map((body, seq) => ({ at: (seq + 1) * 1_000_000, ...body, seq }));
}

export function judge(claim: Claim, events: readonly TraceEvent[], ended = true): Verdict {
  const fold = claim.judge();
  for (const event of events) fold.on(event);
  return fold.verdict(ended);
}

export const published = (message: number, key: string | null = 'A'): EventBody => ({
  kind: 'published',
  client: 'p',
  message,
  key,
  to: 'orders',
  bytes: 100,
});

export const confirmed = (message: number, place: string, position = message): EventBody => ({
  kind: 'publish-confirmed',
  client: 'p',
  message,
  place,
  position,
});

export const delivered = (
  client: string,
  message: number,
  place: string,
  position = message,
  group = 'g',
): EventBody => ({
  kind: 'delivered',
  client,
  group,
  message,
  key: 'A',
  place,
  position,
  redelivered: false,
  deliveryCount: null,
});

export const processed = (
  client: string,
  message: number,
  place: string,
  position = message,
  group = 'g',
): EventBody => ({ kind: 'processed', client, group, message, key: 'A', place, position });

export const committed = (client: string, place: string, position: number, group = 'g'): EventBody => ({
  kind: 'settled',
  client,
  group,
  outcome: 'committed',
  place,
  position,
  message: null,
});

export const assigned = (
  client: string,
  all: readonly string[],
  generation: number,
  group = 'g',
): EventBody => ({ kind: 'assigned', client, group, places: all, all, generation });

export const revoked = (client: string, places: readonly string[], group = 'g', lost = false): EventBody => ({
  kind: 'revoked',
  client,
  group,
  places,
  lost,
  generation: 1,
});

export const positioned = (
  client: string,
  place: string,
  position: number,
  group = 'g',
  by: 'committed' | 'reset' = 'committed',
): EventBody => ({ kind: 'positioned', client, group, place, position, by });

export const started = (client: string): EventBody => ({ kind: 'client-started', client, role: 'consumer' });

export const stopped = (client: string, reason: 'crashed' | 'closed' = 'crashed'): EventBody => ({
  kind: 'client-stopped',
  client,
  reason,
});

export const failed = (client: string, code: string, detail: string): EventBody => ({
  kind: 'error',
  client,
  code,
  detail,
});

export const joined = (client: string, group = 'g', sessionTimeout = 20_000_000): EventBody => ({
  kind: 'member-joined',
  group,
  client,
  member: client,
  sessionTimeout,
});

export const removed = (client: string, group = 'g'): EventBody => ({
  kind: 'member-removed',
  group,
  client,
  member: client,
  why: 'session',
});

export const state = (group: string, stable: boolean): EventBody => ({
  kind: 'group-state-changed',
  group,
  state: stable ? 'Stable' : 'PreparingRebalance',
  stable,
  generation: 1,
  members: [],
  why: 'somebody joined',
});

export interface Case {
  shown: TraceEvent[];
  /** Each contradicts the claim, and no event before its last does. */
  contradicted: TraceEvent[][];
  /** What looks like a contradiction and is none. */
  allowed?: TraceEvent[][];
}

/** What each claim must stand: its own scenarios, a trace that shows it, traces that break it, and silence. */
export function itJudges(claims: readonly Claim[], cases: Readonly<Record<string, Case>>): void {
  it('has a case for each', () => {
    expect(Object.keys(cases).sort()).toEqual(claims.map(({ id }) => id).sort());
  });

  describe.each(claims.map((claim) => [claim.id, claim] as const))('%s', (id, claim) => {
    const { shown, contradicted, allowed = [] } = cases[id]!;

    it.each(claim.scenarios === 'every' ? [] : claim.scenarios)('holds on %s', (scenario) => {
      expect(run(scenarioById(scenario), [], [claim]).claims[0]!.verdict).toMatchObject({ status: 'holds' });
    });

    it('holds on a trace that shows it', () => {
      expect(judge(claim, shown)).toMatchObject({ status: 'holds' });
    });

    it('is open when nothing happens', () => {
      expect(judge(claim, [])).toMatchObject({ status: 'open' });
    });

    it.each(contradicted.map((events, i) => [i, events] as const))(
      'fails on trace %i that breaks it',
      (_, events) => {
        const verdict = judge(claim, events);
        expect(verdict.status).toBe('fails');
        if (verdict.status === 'fails')
          expect(events.map(({ seq }) => seq)).toContain(verdict.counterexample.seq);
      },
    );

    it.each(allowed.map((events, i) => [i, events] as const))('does not fail on trace %i', (_, events) => {
      expect(judge(claim, events).status).not.toBe('fails');
    });

    if (claim.observable) {
      it('needs nothing that a client of a real broker cannot see', () => {
        expect(judge(claim, shown.filter(isObservable))).toMatchObject({ status: 'holds' });
      });
    }
  });
}
