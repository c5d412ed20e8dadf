import { describe, expect, it } from 'vitest';
import { Snapshot } from '../../../src/sim/snapshot.ts';

class Counter {
  n = 1;
  before: Counter | null = null;
  readonly outside: object;
  constructor(outside: object = {}) {
    this.outside = outside;
  }
}

describe('what is restored', () => {
  it('is the same objects, with what they held', () => {
    const actor = { id: 'a', inbox: [1, 2] };
    const other = new Counter();
    const root = {
      actors: new Map<string, object>([
        ['a', actor],
        ['b', other],
      ]),
      seen: new Set([1, 2]),
      bits: new Int32Array([1, 2, 3]),
      first: actor as { id: string; inbox: number[] } | null,
    };
    const snapshot = new Snapshot(root);
    actor.inbox.push(3);
    actor.inbox = [];
    other.n = 7;
    root.actors.delete('a');
    root.actors.set('c', {});
    root.seen.add(3).delete(1);
    root.bits.fill(0);
    root.first = null;
    snapshot.restore();
    expect(root).toEqual({
      actors: new Map<string, object>([
        ['a', { id: 'a', inbox: [1, 2] }],
        ['b', new Counter()],
      ]),
      seen: new Set([1, 2]),
      bits: new Int32Array([1, 2, 3]),
      first: { id: 'a', inbox: [1, 2] },
    });
    expect(root.first).toBe(actor);
    expect(root.actors.get('a')).toBe(actor);
    expect([...root.actors.keys()]).toEqual(['a', 'b']);
    expect(root.actors.get('b')).toBe(other);
  });

  it('is restored as often as one goes back', () => {
    const root = { list: [1] };
    const snapshot = new Snapshot(root);
    for (const n of [2, 3]) {
      root.list.push(n);
      snapshot.restore();
      expect(root.list).toEqual([1]);
    }
  });

  it('each snapshot to its own moment, whichever comes first', () => {
    const root = { list: [1], n: 1 };
    const first = new Snapshot(root);
    root.list.push(2);
    root.n = 2;
    const second = new Snapshot(root);
    root.list = [];
    first.restore();
    expect(root).toEqual({ list: [1], n: 1 });
    second.restore();
    expect(root).toEqual({ list: [1, 2], n: 2 });
  });

  it('has no key that came later, and has those again that went, whatever their values', () => {
    const root: Record<string, unknown> = { a: undefined, b: 1 };
    const snapshot = new Snapshot(root);
    delete root['a'];
    root['c'] = 1;
    snapshot.restore();
    expect(Object.keys(root).sort()).toEqual(['a', 'b']);
    expect(root['a']).toBeUndefined();
  });

  it('tells NaN and −0 from what equals or does not equal them', () => {
    const root = { zero: -0, list: [-0, NaN] };
    const snapshot = new Snapshot(root);
    root.zero = 0;
    root.list = [0, 0];
    snapshot.restore();
    expect(Object.is(root.zero, -0)).toBe(true);
    expect(root.list).toEqual([-0, NaN]);
  });

  it('may go round in a circle, and be deeper than a stack', () => {
    const root = new Counter();
    root.before = root;
    let last = root;
    for (let i = 0; i < 200_000; i++) {
      const next = new Counter();
      next.before = last;
      last = next;
    }
    const snapshot = new Snapshot(last);
    root.n = 5;
    root.before = null;
    snapshot.restore();
    expect(root.n).toBe(1);
    expect(root.before).toBe(root);
  });
});

describe('what is not', () => {
  it('what is outside, and what only that holds', () => {
    const outside = { inner: { x: 1 } };
    const counter = new Counter(outside);
    const snapshot = new Snapshot(counter, [outside]);
    counter.n = 2;
    outside.inner.x = 2;
    snapshot.restore();
    expect([counter.n, outside.inner.x]).toEqual([1, 2]);
  });

  it('what is frozen, and what is in it', () => {
    const inner = { x: 1 };
    const root = { frozen: Object.freeze({ inner }) };
    expect(new Snapshot(root).size).toBe(1);
  });

  it('what was changed and then frozen: it cannot be, and it says so', () => {
    const root = { list: [1] };
    const snapshot = new Snapshot(root);
    root.list.push(2);
    Object.freeze(root.list);
    expect(() => snapshot.restore()).toThrow(TypeError);
  });

  it('what was only frozen is what it was', () => {
    const root = { list: [1] };
    const snapshot = new Snapshot(root);
    Object.freeze(root.list);
    expect(() => snapshot.restore()).not.toThrow();
  });
});

it('an object that a constructor made stays one of its kind to the engine: a snapshot writes only what changed', () => {
  const written: string[] = [];
  const watched = new Proxy<Record<string, unknown>>(
    { a: 1, b: 2 },
    {
      set: (target, key, value) => {
        written.push(String(key));
        return Reflect.set(target, key, value);
      },
    },
  );
  const snapshot = new Snapshot(watched);
  watched['b'] = 3;
  written.length = 0;
  snapshot.restore();
  expect(written).toEqual(['b']);
});

it('tells how many objects it remembers: what waits is what it costs', () => {
  const waiting = (n: number) => ({ queue: Array.from({ length: n }, (_, i) => ({ i })) });
  expect(new Snapshot(waiting(0)).size).toBe(2);
  expect(new Snapshot(waiting(1000)).size).toBe(1002);
});
