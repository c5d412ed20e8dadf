/**
 * Logarithm and power that are the same on every machine.
 *
 * The language leaves Math.log, Math.exp and Math.pow to the engine's taste in the last digit; a run must not depend on
 * it. Addition, multiplication and division are exactly specified, so functions made of them alone are too.
 */
import { assert } from './errors.ts';

const LN_2 = 0.693147180559945309;

/** The natural logarithm, within a few units in the last place. @param x positive and finite */
export function ln(x: number): number {
  assert(x > 0 && x < Infinity, `no logarithm of ${x}`);
  let exponent = 0;
  let m = x;
  for (; m >= 1.5; exponent++) m /= 2;
  for (; m < 0.75; exponent--) m *= 2;
  // ln m = 2 artanh z with |z| ≤ 1/5: fourteen terms are enough for a double.
  const z = (m - 1) / (m + 1);
  let power = z;
  let sum = 0;
  for (let n = 1; n <= 27; n += 2) {
    sum += power / n;
    power *= z * z;
  }
  return 2 * sum + exponent * LN_2;
}

/** e to the power x. @param x from -700 to 700 */
export function exp(x: number): number {
  assert(Math.abs(x) <= 700, `e to the power of ${x} is out of range`);
  const twos = Math.round(x / LN_2);
  const r = x - twos * LN_2;
  let term = 1;
  let sum = 1;
  for (let n = 1; n <= 18; n++) {
    term *= r / n;
    sum += term;
  }
  for (let n = 0; n < Math.abs(twos); n++) sum = twos > 0 ? sum * 2 : sum / 2;
  return sum;
}
