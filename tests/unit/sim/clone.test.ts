import { expect, it } from 'vitest';
import { countedClone, deepClone } from '../../../src/sim/clone.ts';

it('keeps what is one thing one thing, and changes nothing of the original', () => {
  const shared = { name: 'scenario' };
  const actor = { id: 'a', inbox: [1, 2], of: shared };
  const root = { actors: new Map([['a', actor]]), first: actor };
  const copy = deepClone(root, [shared]);
  expect(copy).toEqual(root);
  expect(copy.first).not.toBe(actor);
  expect(copy.actors.get('a')).toBe(copy.first);
  expect(copy.first.of).toBe(shared);
  copy.first.inbox.push(3);
  expect(actor.inbox).toEqual([1, 2]);
});

it('tells how many objects a copy has: what waits is what it costs', () => {
  const waiting = (n: number) => ({ queue: Array.from({ length: n }, (_, i) => ({ i })) });
  expect(countedClone(waiting(0)).objects).toBe(2);
  expect(countedClone(waiting(1000)).objects).toBe(1002);
});
