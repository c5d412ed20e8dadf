// Who has which partition when, of a run's events: what a Kafka lab prints and its judge compares.
import { expect, it } from 'vitest';
import { assignments, same, told } from '../../src/labs/assignments.ts';
import { fromMs } from '../../src/sim/time.ts';
import type { EventBody } from '../../src/sim/trace.ts';

const at = (ms: number, body: EventBody): EventBody & { at: number } => ({ at: fromMs(ms), ...body });
const assigned = (ms: number, client: string, ...all: string[]): EventBody & { at: number } =>
  at(ms, { kind: 'assigned', client, group: 'g', places: all, all, generation: 1 });
const revoked = (ms: number, client: string, ...places: string[]): EventBody & { at: number } =>
  at(ms, { kind: 'revoked', client, group: 'g', places, lost: false, generation: 1 });
const crashed = (ms: number, client: string): EventBody & { at: number } =>
  at(ms, { kind: 'client-stopped', client, reason: 'crashed' });

it('keeps what lasts, and not what comes and goes in a rebalance', () => {
  const found = assignments([
    assigned(1000, 'a', 't-0', 't-1'),
    revoked(5000, 'a', 't-0', 't-1'),
    assigned(5400, 'a', 't-1'),
    assigned(5500, 'b', 't-0'),
    crashed(9000, 'a'),
    assigned(15_000, 'b', 't-1', 't-0'),
  ]);
  expect(told(found)).toEqual([
    '- g, from 1.0 s: a t-0, t-1',
    '- g, from 5.5 s: a t-1; b t-0',
    '- g, from 9.0 s: b t-0',
    '- g, from 15.0 s: b t-0, t-1',
  ]);
});

it('has nothing to say of a group with one member, and says of one that it has nothing', () => {
  expect(assignments([assigned(1000, 'a', 't-0'), crashed(4000, 'a')])).toEqual([]);
  expect(told(assignments([assigned(1000, 'a', 't-0'), assigned(1001, 'b')]))).toEqual([
    '- g, from 1.0 s: a t-0; b nothing',
  ]);
});

it('is the same at other moments, and another where a partition is elsewhere', () => {
  const of = (ms: number, place: string): ReturnType<typeof assignments> =>
    assignments([assigned(ms, 'a', 't-0'), assigned(ms + 1, 'b', place)]);
  expect(same(of(1000, 't-1'), of(1700, 't-1'))).toBe(true);
  expect(same(of(1000, 't-1'), of(1000, 't-2'))).toBe(false);
});

it('has groups by name, whichever came to rest first', () => {
  const of = (...groups: string[]): string[] =>
    assignments(
      groups.flatMap((group, i) =>
        ['a', 'b'].map((id) =>
          at(1000 + i, {
            kind: 'assigned',
            client: `${group}-${id}`,
            group,
            places: [],
            all: [],
            generation: 1,
          }),
        ),
      ),
    ).map(({ group }) => group);
  expect(of('late', 'early')).toEqual(['early', 'late']);
  expect(of('early', 'late')).toEqual(['early', 'late']);
});
