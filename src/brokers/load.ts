/**
 * What an application brings to any broker: when it sends, with which keys, and how long it works on what it is given.
 * The same words in every broker's scenarios, so that a workload carries over without a translation of its own.
 */
import * as v from 'valibot';
import { exp, ln } from '../sim/numbers.ts';
import type { Random } from '../sim/random.ts';
import { fromMs, type Micros } from '../sim/time.ts';

const milliseconds = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2_147_483_647));
const positive = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2_147_483_647));
const factor = v.pipe(v.number(), v.minValue(0), v.maxValue(1000));

/** What an application sends: when, with which keys, how big. */
export const load = v.strictObject({
  ratePerSecond: v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000)),
  /** `steady`: equal gaps; `poisson`: exponentially distributed gaps. */
  arrivals: v.optional(v.picklist(['steady', 'poisson']), 'steady'),
  /** For `lastsMs` at the beginning of every `everyMs` the rate is `factor` times as high. */
  bursts: v.optional(v.strictObject({ everyMs: positive, lastsMs: positive, factor })),
  /** Once, from `fromMs` to `untilMs`, the rate is `factor` times as high. */
  peak: v.optional(v.strictObject({ fromMs: milliseconds, untilMs: positive, factor })),
  /** Stops after so many messages; without it, goes on. */
  count: v.optional(positive),
  /** Stops at this virtual time, milliseconds. */
  untilMs: v.optional(milliseconds),
});

const someKeys = v.pipe(v.array(v.string()), v.minLength(1));

export const keys = v.variant('kind', [
  v.strictObject({ kind: v.literal('none') }),
  /** The keys in turn. */
  v.strictObject({ kind: v.literal('cycle'), keys: someKeys }),
  v.strictObject({ kind: v.literal('uniform'), keys: someKeys }),
  /** The n-th key with weight 1/n^skew. */
  v.strictObject({
    kind: v.literal('zipf'),
    keys: someKeys,
    skew: v.pipe(v.number(), v.minValue(0), v.maxValue(10)),
  }),
]);

/** How long the application works on one message, milliseconds: exactly so long, or so long on average. */
export const processingMs = v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(86_400_000)), 1);
/** `fixed`: every message takes `processingMs`; `exponential`: that is the mean of an exponential distribution. */
export const processingTimes = v.optional(v.picklist(['fixed', 'exponential']), 'fixed');

export type Load = v.InferOutput<typeof load>;
export type Keys = v.InferOutput<typeof keys>;

/**
 * How long the application works on its next message where its machine is neither slow nor fast, milliseconds.
 * @param random a generator of its own, so that faults do not change how long others work
 */
export function workMs(
  client: { readonly processingMs: number; readonly processingTimes: 'fixed' | 'exponential' },
  random: Random,
): number {
  return client.processingTimes === 'exponential'
    ? random.exponential(client.processingMs)
    : client.processingMs;
}

/** Draws what one application sends: the moment of each message and its key. */
export class LoadSource {
  private readonly load: Load;
  private readonly keys: Keys;
  private readonly random: Random;
  /** Running sums of the keys' weights, where they differ. */
  private readonly weights: readonly number[];
  private offered = 0;
  private at: number;

  /**
   * @param random a generator of its own, so that faults do not change what is sent
   * @param startsAt virtual microseconds; the first message comes one gap later
   */
  constructor(settings: { readonly load: Load; readonly keys: Keys }, random: Random, startsAt: Micros) {
    this.load = settings.load;
    this.keys = settings.keys;
    this.random = random;
    this.weights = settings.keys.kind === 'zipf' ? zipf(settings.keys.keys.length, settings.keys.skew) : [];
    this.at = startsAt;
  }

  /** After a restart: time goes on from here. What has been offered stays offered. */
  resume(now: Micros): void {
    this.at = now;
  }

  /** @returns when the next message comes, or null when the load has ended */
  next(): Micros | null {
    const { load } = this;
    if (load.ratePerSecond === 0 || (load.count !== undefined && this.offered >= load.count)) return null;
    const gap = 1_000_000 / load.ratePerSecond;
    this.advance(load.arrivals === 'poisson' ? this.random.exponential(gap) : gap);
    const at = Math.round(this.at);
    // So rare that it lies beyond any run.
    if (!Number.isSafeInteger(at)) return null;
    return load.untilMs === undefined || at <= fromMs(load.untilMs) ? at : null;
  }

  /** Counts the message whose time has come. @returns its key */
  take(): string | null {
    this.offered++;
    const { keys } = this;
    switch (keys.kind) {
      case 'none':
        return null;
      case 'cycle':
        return keys.keys[(this.offered - 1) % keys.keys.length]!;
      case 'uniform':
        return this.random.pick(keys.keys);
      case 'zipf': {
        const draw = this.random.float() * this.weights.at(-1)!;
        return keys.keys[this.weights.findIndex((sum) => sum > draw)]!;
      }
    }
  }

  /** Lets `work` microseconds of the ordinary rate pass; where the rate is higher, they take less time. */
  private advance(work: number): void {
    if (!this.load.bursts && !this.load.peak) {
      this.at += work;
      return;
    }
    for (let left = work; ;) {
      const { factor, until } = this.rateAt(this.at);
      const fits = (until - this.at) * factor;
      if (fits >= left) {
        this.at += left / factor;
        return;
      }
      if (until === Infinity) {
        this.at = Infinity;
        return;
      }
      left -= fits;
      this.at = until;
    }
  }

  /** How many times the ordinary rate holds at a moment, and until when. */
  private rateAt(at: number): { factor: number; until: number } {
    const { bursts, peak } = this.load;
    let factor = 1;
    let until = Infinity;
    if (bursts) {
      const every = fromMs(bursts.everyMs);
      const began = Math.floor(at / every) * every;
      const ends = began + Math.min(fromMs(bursts.lastsMs), every);
      if (at < ends) factor *= bursts.factor;
      until = at < ends ? ends : began + every;
    }
    if (peak) {
      const from = fromMs(peak.fromMs);
      const to = fromMs(peak.untilMs);
      if (at >= from && at < to) factor *= peak.factor;
      if (at < from) until = Math.min(until, from);
      else if (at < to) until = Math.min(until, to);
    }
    return { factor, until };
  }
}

function zipf(count: number, skew: number): number[] {
  let sum = 0;
  return Array.from({ length: count }, (_, i) => (sum += exp(-skew * ln(i + 1))));
}
