// How a differential run finds a disagreement and makes it smaller, with comparisons that need no broker.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstFound } from '../../../src/real/differing.ts';

const numbers = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 20 });
/** Where model and broker part: two numbers from 700 on. */
const large = (draw: readonly number[]): readonly number[] => draw.filter((one) => one >= 700);
const partsAt = (draw: readonly number[]): readonly number[] | null =>
  large(draw).length >= 2 ? large(draw) : null;

interface Options {
  readonly runs?: number;
  readonly shrinks?: number;
  readonly atOnce?: number;
  /** @param now how many are asked at this moment */
  readonly compare?: (draw: readonly number[], now: number) => readonly number[] | null;
  readonly asks?: (draw: readonly number[]) => unknown;
}

async function differ({ runs = 50, shrinks = 1000, atOnce = 3, compare = partsAt, asks }: Options = {}) {
  const asked: (readonly number[])[] = [];
  const told: string[] = [];
  let now = 0;
  let most = 0;
  let toFind = 0;
  const found = await firstFound(
    numbers,
    {
      runs,
      seed: 7,
      shrinks,
      tell: (line) => {
        told.push(line);
        if (line.includes('is made smaller')) toFind = asked.length;
      },
    },
    {
      compare: async (draw) => {
        asked.push(draw);
        most = Math.max(most, ++now);
        const before = now;
        await Promise.resolve();
        const among = Math.max(before, now--);
        return compare(draw, among);
      },
      atOnce,
      asks: asks ?? ((draw) => draw),
    },
  );
  return { found, asked, told, most, shrinking: asked.slice(toFind) };
}

describe('a differential run', () => {
  it('asks every draw of its seed once where nothing parts, some at once, and says how far it is', async () => {
    const { found, asked, told, most } = await differ({ compare: () => null });
    expect(found).toBeNull();
    expect(asked).toEqual(fc.sample(numbers, { numRuns: 50, seed: 7 }));
    expect(most).toBe(3);
    expect(told).toHaveLength(10);
    expect(told.at(-1)).toBe('50 of 50 runs');
  });

  it('takes no disagreement for one that does not show again, and says so', async () => {
    const before = new Set<string>();
    const once = (draw: readonly number[]): readonly number[] | null => {
      const key = JSON.stringify(draw);
      if (before.has(key)) return null;
      before.add(key);
      return partsAt(draw);
    };
    const { found, told } = await differ({ compare: once });
    expect(found).toBeNull();
    expect(told).toContainEqual(
      expect.stringMatching(/^run \d+ parted once, and not when it was asked again by itself$/),
    );
  });

  it('asks by itself what parted among others, and goes on where it does not part there', async () => {
    const alone = new Set<string>();
    const { found, told } = await differ({
      compare: (draw, now) => {
        if (now === 1 && partsAt(draw)) alone.add(JSON.stringify(draw));
        return now > 1 ? partsAt(draw) : null;
      },
    });
    expect(found).toBeNull();
    const once = told.filter((line) => line.includes('parted once'));
    expect(once.length).toBeGreaterThan(1);
    const draws = fc.sample(numbers, { numRuns: 50, seed: 7 }).map((draw) => JSON.stringify(draw));
    for (const line of once) expect(alone).toContain(draws[Number(/\d+/.exec(line)![0]) - 1]);
  });

  it('throws what a comparison throws', async () => {
    const compare = (): never => {
      throw new Error('nobody answers');
    };
    await expect(differ({ compare })).rejects.toThrow('nobody answers');
  });
});

describe('a disagreement', () => {
  it('is made as small as it can be', async () => {
    const { found, told } = await differ();
    expect(found).toEqual({ draw: [700, 700], parted: [700, 700] });
    expect(told.at(-1)).toMatch(/^nothing smaller parts \(\d+ runs\)$/);
  });

  it.each([0, 1, 5, 13])('is made smaller with no more runs than are allowed: %i', async (shrinks) => {
    const { found, told, shrinking } = await differ({ shrinks });
    expect(shrinking).toHaveLength(shrinks);
    expect(partsAt(found!.draw)).toEqual(found!.parted);
    expect(told).toContainEqual(expect.stringMatching(`made smaller, with at most ${shrinks} runs$`));
    expect(told.at(-1)).toBe(`${shrinks} runs are over: it may be made smaller still`);
  });

  it('is not asked anew in a draw that asks the same', async () => {
    const { shrinking, found } = await differ({ atOnce: 1, asks: (draw) => [...large(draw)] });
    const keys = shrinking.map((draw) => JSON.stringify(large(draw)));
    expect(keys.length).toBeGreaterThan(10);
    expect(new Set(keys).size).toBe(keys.length);
    expect(large(found!.draw)).toEqual([700, 700]);
  });
});
