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

const of = (event: object): EventBody => event as EventBody;
const CONFIRMED = of({
  kind: 'publish-confirmed',
  client: 'shop',
  message: 1,
  place: 'orders-0',
  position: 4,
});
const SETTLED = of({
  kind: 'settled',
  client: 'billing',
  place: 'orders-0',
  group: 'billing',
  outcome: 'committed',
  message: null,
  position: 5,
});
const ASSIGNED = of({
  kind: 'assigned',
  client: 'billing',
  group: 'billing',
  places: ['orders-0', 'orders-1'],
  all: ['orders-0', 'orders-1'],
  generation: 2,
});
const REVOKED = of({
  kind: 'revoked',
  client: 'billing',
  group: 'billing',
  places: ['orders-1'],
  lost: false,
  generation: 2,
});
const STOPPED = of({ kind: 'client-stopped', client: 'billing', reason: 'closed' });
const FAILED = of({
  kind: 'publish-failed',
  client: 'shop',
  message: 3,
  error: 'TimeoutException: too late',
});
const RETURNED = of({ kind: 'returned', client: 'shop', message: 3, replyCode: 312, replyText: 'NO_ROUTE' });
const PROCESSED = of({ kind: 'processed', ...reading, message: 4, position: 4 });
const PRINTED = of({ kind: 'printed', client: 'console', lines: ['GROUP  TOPIC', 'g      orders'] });

describe('a difference', () => {
  // Each pair is one event and the same with one thing changed, and the lane in which that shows.
  it.each<[string, EventBody, object, string]>([
    ['where a record was put', CONFIRMED, { position: 5 }, 'shop: confirmed'],
    ['which record was confirmed', CONFIRMED, { message: 2 }, 'shop: confirmed'],
    ['what an error of a producer says', FAILED, { error: 'TimeoutException: later' }, 'shop: failed'],
    ['which message came back', RETURNED, { message: 4 }, 'shop: returned'],
    ['from where a partition is read', from(3), { position: 4 }, 'billing reads orders-0'],
    ['by what it is', from(3), { by: 'reset' }, 'billing reads orders-0'],
    ['which record is given', given(3), { message: 4 }, 'billing reads orders-0'],
    ['where it is', given(3), { position: 4 }, 'billing reads orders-0'],
    ['whether it is flagged', given(3), { redelivered: true }, 'billing reads orders-0'],
    ['what is worked on', PROCESSED, { message: 5 }, 'billing processes orders-0'],
    ['what is committed', SETTLED, { position: 6 }, 'billing settles orders-0'],
    ['what becomes of a message', SETTLED, { outcome: 'rejected' }, 'billing settles orders-0'],
    ['which partitions a member gets', ASSIGNED, { places: ['orders-0'] }, 'billing: partitions'],
    ['in which generation', ASSIGNED, { generation: 3 }, 'billing: partitions'],
    ['which it gives up', REVOKED, { places: ['orders-0'] }, 'billing: partitions'],
    ['whether they were taken', REVOKED, { lost: true }, 'billing: partitions'],
    ['in which generation it gives up', REVOKED, { generation: 3 }, 'billing: partitions'],
    ['how a client ended', STOPPED, { reason: 'crashed' }, 'billing: life'],
    ['what an error is called', error('no'), { code: 'F' }, 'billing: errors'],
    ['what an error says', error('no'), { detail: 'never' }, 'billing: errors'],
    ['what a tool prints', PRINTED, { lines: ['GROUP  TOPIC', 'h      orders'] }, 'console: printed'],
  ])('is %s', (_, event, change, lane) => {
    const one = lanesOf(scenario, [event]);
    const other = lanesOf(scenario, [of({ ...event, ...change })]);
    expect(Object.keys(one)).toEqual([lane]);
    expect(other).not.toEqual(one);
    expect(Object.keys(other)).toEqual([lane]);
    // And that it happened at all, or twice.
    expect(lanesOf(scenario, [])).toEqual({});
    expect(lanesOf(scenario, [event, event])).not.toEqual(one);
  });

  it.each<[string, EventBody, EventBody]>([
    ['in which order records are given', given(1), given(2)],
    ['whether a member commits before or after', SETTLED, of({ ...SETTLED, position: 6 })],
    ['in which order partitions come and go', ASSIGNED, REVOKED],
    ['in which order errors come', error('one'), error('two')],
    ['in which order records are worked on', PROCESSED, of({ ...PROCESSED, message: 5 })],
  ])('is %s', (_, one, other) => {
    expect(lanesOf(scenario, [one, other])).not.toEqual(lanesOf(scenario, [other, one]));
  });
});

describe('no difference', () => {
  it.each<[string, EventBody, object]>([
    ['a partition set’s order', ASSIGNED, { places: ['orders-1', 'orders-0'] }],
    ['what a member has altogether, which follows from what came and went', ASSIGNED, { all: [] }],
    ['the widths of a table’s columns', PRINTED, { lines: ['GROUP TOPIC', 'g     orders '] }],
    ['the order of a table’s rows', PRINTED, { lines: ['g      orders', 'GROUP  TOPIC'] }],
    [
      'a line of a tool’s log',
      PRINTED,
      { lines: ['[2026-11-28 12:00:00,000] WARN a log', 'GROUP  TOPIC', 'g      orders'] },
    ],
    ['when something was', CONFIRMED, { at: 17, seq: 4 }],
  ])('is %s', (_, event, change) => {
    expect(lanesOf(scenario, [of({ ...event, ...change })])).toEqual(lanesOf(scenario, [event]));
  });

  it.each<[string, EventBody, EventBody]>([
    ['which of two answers comes first', FAILED, of({ ...FAILED, message: 4 })],
    ['which of two messages comes back first', RETURNED, of({ ...RETURNED, message: 4 })],
    ['which of two partitions is read first', given(1), of({ ...given(2), place: 'orders-1' })],
    ['which of two clients is the first', given(1), of({ ...given(1), client: 'audit' })],
  ])('is %s', (_, one, other) => {
    expect(lanesOf(scenario, [one, other])).toEqual(lanesOf(scenario, [other, one]));
  });

  it('is an assignment of nothing, nor what a reader by assign() has', () => {
    const nothing = of({ ...ASSIGNED, places: [] });
    expect(lanesOf(scenario, [nothing])).toEqual({});
    const [first, ...rest] = scenario.clients.filter(({ role }) => role === 'consumer');
    const taking = {
      ...scenario,
      clients: [{ ...first!, assign: ['orders-0'] }, ...rest],
    } as unknown as typeof scenario;
    const mine = of({ ...ASSIGNED, client: first!.id });
    expect(lanesOf(scenario, [mine])).not.toEqual({});
    expect(lanesOf(taking, [mine, of({ ...REVOKED, client: first!.id })])).toEqual({});
  });

  it('is the epoch of one who was expelled and has none', () => {
    expect(lanesOf(scenario, [of({ ...REVOKED, lost: true, generation: -1 })])).toEqual({
      'billing: partitions': ['lost orders-1'],
    });
  });

  it('is what nobody outside sees', () => {
    const inside = traceOf(scenario).filter(({ kind }) => kind === 'appended' || kind === 'replicated');
    expect(inside.length).toBeGreaterThan(0);
    expect(lanesOf(scenario, inside)).toEqual({});
  });
});
