/**
 * Virtual time: an integer number of microseconds since the run began.
 *
 * Integers add without rounding, so two machines agree on every comparison; 2^53 µs is 285 years,
 * so no run ever leaves the safe range.
 */
export type Micros = number;

export const MICROS_PER_MS = 1000;

/** Milliseconds (fractions allowed) to virtual microseconds, rounded to the nearest. */
export function fromMs(milliseconds: number): Micros {
  return Math.round(milliseconds * MICROS_PER_MS);
}

/** Virtual microseconds to milliseconds. */
export function toMs(micros: Micros): number {
  return micros / MICROS_PER_MS;
}

/** A moment as a reader reads it: `9.200 s`. */
export function formatSeconds(micros: Micros): string {
  return `${(micros / 1_000_000).toFixed(3)} s`;
}
