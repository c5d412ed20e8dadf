// What of two runs is compared where real time decides nothing: what clients were promised, in its order, and nothing else.
import { describe, expect, it } from 'vitest';
import { lanesOf, parted, partedLanes } from '../../../src/scenarios/lanes.ts';
import { scenarioById } from '../../../src/scenarios/library.ts';
import { traceOf } from '../../../src/scenarios/run.ts';
import type { EventBody } from '../../../src/sim/trace.ts';

const scenario = scenarioById('kafka-held-replay');
const reading = { client: 'billing', group: 'billing', place: 'orders-0' };
const from = (position: number, more: object = {}): EventBody => ({
  kind: 'positioned',
  ...reading,
  position,
  by: 'committed',
  ...more,
});
const given = (message: number): EventBody => ({
  kind: 'delivered',
  ...reading,
  message,
  key: null,
  position: message,
  redelivered: false,
  deliveryCount: null,
});
const error = (detail: string): EventBody => ({ kind: 'error', client: 'billing', code: 'E', detail });
const confirmed = (message: number): EventBody => ({
  kind: 'publish-confirmed',
  client: 'shop',
  message,
  place: 'orders-0',
  position: message,
});

describe('lanes', () => {
  it('tell from where a partition is read and what comes, in order, but not that a library went back by itself', () => {
    const lanes = lanesOf(scenario, [
      from(3),
      given(3),
      from(0, { by: 'reset', outOfRange: true }),
      given(0),
    ]);
    expect(lanes).toEqual({
      'billing reads orders-0': ['from 3, committed', '#3 at orders-0 3', '#0 at orders-0 0'],
    });
  });

  it('are the same in whichever order two are confirmed, or a set is printed', () => {
    const one = lanesOf(scenario, [confirmed(1), confirmed(2), error('of [a-0, a-1]')]);
    expect(lanesOf(scenario, [confirmed(2), confirmed(1), error('of [a-1, a-0]')])).toEqual(one);
    expect(lanesOf(scenario, [given(2), given(1)])).not.toEqual(lanesOf(scenario, [given(1), given(2)]));
  });

  it('say in what two runs part, and are silent where they do not', () => {
    const ours = traceOf(scenario);
    expect(parted(scenario, ours, '4.4.0')).toBeNull();
    const without = ours.filter(({ kind }) => kind !== 'processed');
    expect(Object.keys(parted(scenario, without, '4.4.0')!.real)).toContain('billing processes orders-0');
    expect(partedLanes(scenario, without, '4.4.0').join('\n')).toMatch(
      /^audit processes orders-0: on the simulator #0.*; on the real broker nothing$/m,
    );
  });
});
