// A map for numbers given out in order: it does what a Map does, in the order of the numbers.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Snapshot } from '../../../src/sim/snapshot.ts';
import { Numbered } from '../../../src/sim/numbered.ts';

describe('a numbered map', () => {
  it('holds what a Map would hold, lowest number first', () => {
    const step = fc.record({
      what: fc.constantFrom('set', 'set', 'delete', 'delete-first', 'clear'),
      n: fc.oneof(fc.nat(20), fc.nat(600), fc.nat(100_000)),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const numbered = new Numbered<string>();
        const map = new Map<number, string>();
        steps.forEach(({ what, n }, i) => {
          const first = map.size === 0 ? undefined : Math.min(...map.keys());
          expect(numbered.first()).toBe(first);
          if (what === 'set') {
            numbered.set(n, `${i}`);
            map.set(n, `${i}`);
          } else if (what === 'delete') expect(numbered.delete(n)).toBe(map.delete(n));
          else if (what === 'delete-first' && first !== undefined) {
            numbered.delete(first);
            map.delete(first);
          } else if (what === 'clear' && n % 5 === 0) {
            numbered.clear();
            map.clear();
          } else {
            const snapshot = new Snapshot(numbered);
            for (const other of [n, n + 200, 0]) numbered.set(other, 'later');
            if (first !== undefined) numbered.delete(first);
            if (n % 3 === 0) numbered.clear();
            snapshot.restore();
          }
          expect(numbered.size).toBe(map.size);
          expect(numbered.get(n)).toBe(map.get(n));
          expect(numbered.has(n)).toBe(map.has(n));
        });
        expect([...numbered.entries()]).toEqual([...map].sort(([a], [b]) => a - b));
        expect([...numbered.values()]).toEqual([...numbered.entries()].map(([, value]) => value));
      }),
    );
  });

  it('refuses what is no number to be given out', () => {
    const numbered = new Numbered<string>();
    expect(() => numbered.set(-1, 'x')).toThrow('-1 is no number to be given out');
    expect(numbered.get(-1)).toBeUndefined();
    expect(numbered.delete(-1)).toBe(false);
  });
});
