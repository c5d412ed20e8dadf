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
  return compact(Math.round(milliseconds * MICROS_PER_MS));
}

/**
 * The same moment in the form that engines keep within an object, where it is a small integer. A moment that comes of a
 * computation with fractions is a float to them: an object of its own wherever it is kept, and another one each time that it
 * is read, and every event has one.
 */
export function compact(micros: Micros): Micros {
  const integer = micros | 0;
  return integer === micros ? integer : micros;
}

/** Virtual microseconds to milliseconds. */
export function toMs(micros: Micros): number {
  return micros / MICROS_PER_MS;
}

/** A moment as a reader reads it: `9.200 s`. */
export function formatSeconds(micros: Micros): string {
  return `${(micros / 1_000_000).toFixed(3)} s`;
}
