// The event queue against a sorted list, the generator against its range, a deep copy against its original.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepClone } from '../../src/sim/clone.ts';
import { Snapshot } from '../../src/sim/snapshot.ts';
import { EventQueue, type Ticket } from '../../src/sim/event-queue.ts';
import { exp, ln } from '../../src/sim/numbers.ts';
import { Random } from '../../src/sim/random.ts';

describe('EventQueue', () => {
  it('gives entries by time, then by order of arrival, without the cancelled ones', () => {
    const command = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('push' as const), at: fc.nat(50) }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant('pop' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat(400) }) },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 400 }), (commands) => {
        const queue = new EventQueue<number>();
        let model: { at: number; n: number; ticket: Ticket }[] = [];
        let n = 0;
        const tickets: Ticket[] = [];
        const expectPop = (): void => {
          const [first] = [...model].sort((a, b) => a.at - b.at || a.n - b.n);
          expect(queue.peekTime()).toBe(first?.at ?? Infinity);
          expect(queue.pop()).toBe(first?.n);
          model = model.filter((entry) => entry !== first);
        };
        for (const step of commands) {
          if (step.do === 'push') {
            const ticket = queue.push(step.at, n);
            tickets.push(ticket);
            model.push({ at: step.at, n: n++, ticket });
          } else if (step.do === 'pop') {
            expectPop();
          } else if (tickets.length > 0) {
            const ticket = tickets[step.which % tickets.length]!;
            queue.cancel(ticket);
            model = model.filter((entry) => entry.ticket !== ticket);
          }
        }
        while (model.length > 0) expectPop();
        expect(queue.pop()).toBeUndefined();
      }),
    );
  });
});

describe('Random', () => {
  it('stays in range and repeats from its seed', () => {
    fc.assert(
      fc.property(
        fc.maxSafeInteger(),
        fc.string(),
        fc.integer({ min: 1, max: 2 ** 32 }),
        (seed, name, bound) => {
          const [a, b] = [new Random(seed, name), new Random(seed, name)];
          for (let i = 0; i < 20; i++) {
            const drawn = a.below(bound);
            expect(drawn).toBe(b.below(bound));
            expect(drawn).toBeGreaterThanOrEqual(0);
            expect(drawn).toBeLessThan(bound);
          }
        },
      ),
    );
  });

  it('is uniform enough: each of 16 values within 10 % of its share', () => {
    const random = new Random(1, 'uniform');
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 160_000; i++) counts[random.below(16)]!++;
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(1000);
  });
});

describe('ln and exp', () => {
  const close = (a: number, b: number): void => {
    expect(Math.abs(a - b)).toBeLessThanOrEqual(4e-15 * Math.max(1, Math.abs(b)));
  };

  it('agree with the engine to the last digits', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-12, max: 1e12, noNaN: true }), (x) => {
        close(ln(x), Math.log(x));
      }),
    );
    fc.assert(
      fc.property(fc.double({ min: -30, max: 0, noNaN: true }), (x) => {
        close(exp(x), Math.exp(x));
      }),
    );
  });

  it('refuse what they cannot answer', () => {
    for (const x of [0, -1, Infinity, NaN]) expect(() => ln(x)).toThrow('no logarithm');
    expect(() => exp(701)).toThrow('out of range');
  });
});

describe('deepClone', () => {
  // A key of this name would set the prototype; no state of a run has one.
  const key = fc.string().filter((name) => name !== '__proto__');

  it('is equal, shares nothing mutable, and keeps identity inside', () => {
    fc.assert(
      fc.property(fc.object({ key, withMap: true, withSet: true, withTypedArray: true }), (object) => {
        const twice = { one: object, two: object };
        const copy = deepClone(twice);
        expect(copy).toStrictEqual(twice);
        expect(copy.one).toBe(copy.two);
        if (!Object.isFrozen(object)) expect(copy.one).not.toBe(object);
      }),
    );
  });

  it('keeps prototypes, shares functions', () => {
    class Counter {
      n = 1;
      readonly one = Math.abs;
      up(): void {
        this.n++;
      }
    }
    const counter = new Counter();
    const copy = deepClone(counter);
    copy.up();
    expect([counter.n, copy.n]).toEqual([1, 2]);
    expect(copy).toBeInstanceOf(Counter);
    expect(copy.one).toBe(Math.abs);
  });
});

describe('Snapshot', () => {
  const key = fc.string().filter((name) => name !== '__proto__');

  /** Makes another thing of everything that can be reached. */
  function spoil(value: unknown, seen = new Set<unknown>()): void {
    if (typeof value !== 'object' || value === null || seen.has(value)) return;
    seen.add(value);
    if (ArrayBuffer.isView(value)) (value as Uint8Array).fill(7);
    else if (Array.isArray(value)) {
      for (const inner of value) spoil(inner, seen);
      value.reverse();
      value.push(1);
    } else if (value instanceof Map) {
      for (const entry of value) for (const inner of entry) spoil(inner, seen);
      value.clear();
      value.set('other', 1);
    } else if (value instanceof Set) {
      for (const inner of value) spoil(inner, seen);
      value.clear();
      value.add('other');
    } else {
      const record = value as Record<string, unknown>;
      Object.keys(record).forEach((name, i) => {
        spoil(record[name], seen);
        if (i % 2 === 0) Reflect.deleteProperty(record, name);
        else record[name] = i;
      });
      record['other'] = 1;
    }
  }

  it('brings back whatever was done to a graph, in the same objects', () => {
    fc.assert(
      fc.property(fc.object({ key, withMap: true, withSet: true, withTypedArray: true }), (object) => {
        const root = { one: object, two: object };
        const before = deepClone(root);
        const snapshot = new Snapshot(root);
        spoil(root);
        snapshot.restore();
        expect(root).toStrictEqual(before);
        expect(root.one).toBe(object);
        expect(root.two).toBe(object);
      }),
    );
  });
});
