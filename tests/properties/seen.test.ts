// The paged bitmap against a plain Set, over numbers that cross pages and fill them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Seen } from '../../src/claims/seen.ts';

describe('Seen', () => {
  it('answers as a Set does', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200_000), { maxLength: 500 }), (numbers) => {
        const seen = new Seen();
        const model = new Set<number>();
        for (const n of numbers) {
          expect(seen.has(n)).toBe(model.has(n));
          expect(seen.add(n)).toBe(!model.has(n));
          model.add(n);
        }
        for (let n = 0; n < 1000; n++) expect(seen.has(n)).toBe(model.has(n));
      }),
    );
  });

  it('remembers a page that is full', () => {
    const seen = new Seen();
    for (let n = 0; n < 70_000; n++) expect(seen.add(n)).toBe(true);
    for (const n of [0, 32_767, 32_768, 69_999]) expect(seen.add(n)).toBe(false);
    expect(seen.has(70_000)).toBe(false);
  });
});
