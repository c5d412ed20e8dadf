// The newest events of a run: which of them are kept, and that none is taken for another.
import { describe, expect, it } from 'vitest';
import { KEPT_DENSE, KEPT_MAX, KeptEvents } from '../../../src/scenarios/kept-events.ts';
import type { TraceEvent } from '../../../src/sim/trace.ts';

const event = (seq: number, at: number): TraceEvent => ({
  kind: 'limit-reached',
  seq,
  at,
  what: '',
  limit: 1,
});

function fill(kept: KeptEvents, from: number, to: number, everyMicros: number, whole = false): void {
  for (let seq = from; seq < to; seq++)
    kept.add(event(seq, seq * everyMicros), seq, seq * everyMicros, whole);
}

describe('events that are kept', () => {
  it('are the newest 30,000 where they come at leisure', () => {
    const kept = new KeptEvents();
    fill(kept, 0, 70_000, 1000);
    expect(kept.from).toBe(70_000 - KEPT_MAX);
    expect(kept.get(kept.from - 1)).toBeUndefined();
    for (const seq of [kept.from, 55_555, 69_999]) expect(kept.get(seq)?.seq).toBe(seq);
    expect(kept.get(70_000)).toBeUndefined();
  });

  it('are few where very many come in a moment, and never fewer than a frame looks back over', () => {
    const kept = new KeptEvents();
    fill(kept, 0, 20_000, 1000);
    fill(kept, 20_000, 70_123, 0);
    expect(70_123 - kept.from).toBeGreaterThanOrEqual(KEPT_DENSE);
    expect(70_123 - kept.from).toBeLessThan(KEPT_DENSE + 1000);
    expect(kept.get(kept.from)?.seq).toBe(kept.from);
    expect(kept.get(kept.from - 1)).toBeUndefined();
  });

  it('are all of them where they are asked for', () => {
    const kept = new KeptEvents();
    fill(kept, 0, 25_000, 0, true);
    expect(kept.from).toBe(0);
    expect(kept.get(0)?.seq).toBe(0);
  });

  it('begin anew after a jump, and take no event twice', () => {
    const kept = new KeptEvents();
    fill(kept, 0, 1000, 1000);
    fill(kept, 500, 1200, 1000);
    expect([kept.from, kept.get(1199)?.seq]).toEqual([0, 1199]);
    fill(kept, 40_000, 40_010, 1000);
    expect(kept.from).toBe(40_000);
    expect(kept.get(1199)).toBeUndefined();
    fill(kept, 100, 200, 1000);
    expect([kept.from, kept.get(150)?.seq, kept.get(40_005)]).toEqual([100, 150, undefined]);
  });
});
