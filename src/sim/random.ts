/**
 * The only door for entropy: a small seeded generator (xoshiro128**), split by name.
 *
 * Every actor and every link draws from a generator of its own, derived from the run's seed and its name,
 * so that adding a consumer does not change what a producer draws.
 */
import { assert } from './errors.ts';
import { ln } from './numbers.ts';

/** FNV-1a over the UTF-16 units of a name: stable across machines, good enough to separate streams. */
function hashName(name: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    h ^= name.charCodeAt(i);
    h = Math.imul(h, 0x01000193);
  }
  return h >>> 0;
}

export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  /**
   * @param seed any integer; only its low 32 bits and the next 21 count
   * @param name the stream's name; two names give unrelated streams
   */
  constructor(seed: number, name = '') {
    assert(Number.isSafeInteger(seed), `the seed must be a safe integer, not ${seed}`);
    // splitmix32 spreads seed and name over the four words of state.
    let s = (seed ^ hashName(name) ^ Math.imul(Math.floor(seed / 0x100000000), 0x9e3779b9)) >>> 0;
    const next = (): number => {
      s = (s + 0x9e3779b9) >>> 0;
      let z = s;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return (z ^ (z >>> 15)) >>> 0;
    };
    this.a = next();
    this.b = next();
    this.c = next();
    this.d = next() | 1; // the state must not be all zero
  }

  /** 32 uniform random bits. */
  uint32(): number {
    const product = Math.imul(this.b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = (this.d << 11) | (this.d >>> 21);
    return result;
  }

  /** Uniform in [0, 1) with 32 bits. */
  float(): number {
    return this.uint32() / 0x100000000;
  }

  /** Uniform integer in [0, bound). @param bound a positive integer up to 2^32 */
  below(bound: number): number {
    return Math.floor(this.float() * bound);
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + this.float() * (high - low);
  }

  /** Exponentially distributed with this mean: the gaps of a Poisson arrival process. */
  exponential(mean: number): number {
    return -ln(1 - this.float()) * mean;
  }

  pick<T>(items: readonly T[]): T {
    assert(items.length > 0, 'cannot pick from nothing');
    return items[this.below(items.length)] as T;
  }
}
