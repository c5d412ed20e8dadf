/**
 * How a differential run goes about it, whatever is drawn: the draws of a seed one after another, several at once, until
 * one parts; that one is asked again by itself, so that what a busy machine did once is not taken for a disagreement; and it
 * is made smaller, with a stated number of runs.
 */
import fc from 'fast-check';
import type { Asked } from './driver.ts';

/** A draw in which model and broker part, and what the comparison said of it. */
export interface Found<Draw, Parted> {
  readonly draw: Draw;
  readonly parted: Parted;
}

export interface Comparison<Draw, Parted> {
  /** @returns in what model and broker part, or null */
  readonly compare: (draw: Draw) => Promise<Parted | null>;
  /** Draws that can be compared at once. */
  readonly atOnce: number;
  /** What of a draw decides: two draws of which it is the same are not both asked. */
  readonly asks: (draw: Draw) => unknown;
}

/** Draws with what they can be shrunk by. */
class Kept<Draw> extends fc.Arbitrary<fc.Value<Draw>> {
  private readonly of: fc.Arbitrary<Draw>;

  constructor(of: fc.Arbitrary<Draw>) {
    super();
    this.of = of;
  }

  override generate(random: fc.Random, bias: number | undefined): fc.Value<fc.Value<Draw>> {
    return new fc.Value(this.of.generate(random, bias), undefined);
  }

  override canShrinkWithoutContext(_: unknown): _ is fc.Value<Draw> {
    return false;
  }

  override shrink(): fc.Stream<fc.Value<fc.Value<Draw>>> {
    return fc.Stream.nil();
  }
}

/**
 * @param asked `runs` draws of `seed`; at most `shrinks` runs to make a disagreement smaller; `tell` is told how far it is
 * @returns the first disagreement that shows twice, as small as it came to be, or null
 * @throws Error whatever a comparison throws
 */
export async function firstFound<Draw, Parted>(
  drawn: fc.Arbitrary<Draw>,
  { runs, seed, shrinks, tell }: Pick<Asked, 'runs' | 'seed' | 'shrinks' | 'tell'>,
  { compare, atOnce, asks }: Comparison<Draw, Parted>,
): Promise<Found<Draw, Parted> | null> {
  const draws = fc.sample(new Kept(drawn), { numRuns: runs, seed });
  /** Said of each that a tenth of all is done. */
  const tenth = Math.ceil(runs / 10);
  let next = 0;
  let done = 0;
  while (done < draws.length) {
    const suspects: number[] = [];
    const worker = async (): Promise<void> => {
      while (next < draws.length && suspects.length === 0) {
        const at = next++;
        if ((await compare(draws[at]!.value_)) !== null) suspects.push(at);
        done++;
        if (done % tenth === 0) tell(`${done} of ${runs} runs`);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    for (const at of suspects.sort((a, b) => a - b)) {
      const draw = draws[at]!;
      const parted = await compare(draw.value_);
      if (parted === null) {
        tell(`run ${at + 1} parted once, and not when it was asked again by itself`);
        continue;
      }
      tell(`run ${at + 1} of ${runs} parts; it is made smaller, with at most ${shrinks} runs`);
      return shrunk(drawn, draw, parted, { compare, atOnce, asks }, shrinks, tell);
    }
  }
  return null;
}

/** Asks what is a little smaller, several at once, and goes on from the first of them that parts. */
async function shrunk<Draw, Parted>(
  drawn: fc.Arbitrary<Draw>,
  start: fc.Value<Draw>,
  parted: Parted,
  { compare, atOnce, asks }: Comparison<Draw, Parted>,
  shrinks: number,
  tell: Asked['tell'],
): Promise<Found<Draw, Parted>> {
  const known = new Set([JSON.stringify(asks(start.value_))]);
  let least = { value: start, parted };
  let smaller = drawn.shrink(start.value_, start.context);
  let asked = 0;
  while (asked < shrinks) {
    const candidates: fc.Value<Draw>[] = [];
    while (candidates.length < Math.min(atOnce, shrinks - asked)) {
      const one = smaller.next();
      if (one.done === true) break;
      const key = JSON.stringify(asks(one.value.value_));
      if (known.has(key)) continue;
      known.add(key);
      candidates.push(one.value);
    }
    if (candidates.length === 0) {
      tell(`nothing smaller parts (${asked} runs)`);
      return { draw: least.value.value_, parted: least.parted };
    }
    asked += candidates.length;
    const answers = await Promise.all(candidates.map(({ value_ }) => compare(value_)));
    for (const [i, answer] of answers.entries()) {
      if (answer === null || (candidates.length > 1 && asked >= shrinks)) continue;
      // One of several is asked again by itself.
      if (candidates.length > 1) asked++;
      const parted = candidates.length > 1 ? await compare(candidates[i]!.value_) : answer;
      if (parted === null) continue;
      least = { value: candidates[i]!, parted };
      smaller = drawn.shrink(least.value.value_, least.value.context);
      tell(`smaller after ${asked} of ${shrinks} runs`);
      break;
    }
  }
  tell(`${shrinks} runs are over: it may be made smaller still`);
  return { draw: least.value.value_, parted: least.parted };
}
