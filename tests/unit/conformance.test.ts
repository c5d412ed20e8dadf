// What the conformance checkers hold a run to, and what they do not.
import { describe, expect, it } from 'vitest';
import { AtLeastOnce } from '../../src/claims/conformance.ts';
import type { EventBody } from '../../src/sim/trace.ts';

function judged(events: readonly EventBody[]): string[] {
  const checker = new AtLeastOnce();
  events.forEach((event, seq) => checker.on({ ...event, seq, at: seq }));
  return checker.violations(true).map(({ text }) => text);
}

const created = (name: string): EventBody => ({
  kind: 'places-created',
  node: 'controller',
  name,
  places: [`${name}-0`, `${name}-1`],
  total: 2,
});
const stored = (message: number, place: string): EventBody => ({
  kind: 'publish-confirmed',
  client: 'p',
  message,
  place,
  position: 0,
});
const begins = (group: string, place: string): EventBody => ({
  kind: 'positioned',
  client: 'c',
  group,
  place,
  position: 0,
  by: 'reset',
});

describe('at least once', () => {
  it('asks a group for every place of the topics that it reads, also for one that it never came to', () => {
    expect(judged([created('orders'), stored(1, 'orders-1'), begins('g', 'orders-0')])).toEqual([
      'message 1 was confirmed and never finished by g',
    ]);
  });

  it('asks a group for nothing of topics that it does not read', () => {
    const topics = [created('orders'), created('bills')];
    expect(judged([...topics, stored(1, 'orders-0'), begins('g', 'bills-0')])).toEqual([]);
  });
});
