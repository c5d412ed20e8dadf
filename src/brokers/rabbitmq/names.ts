/** Names that the server makes up: `amq.gen-…`, `amq.ctag-…`. */
import { Random } from '../../sim/random.ts';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** What 16 bytes take in base 64. */
const LENGTH = 22;

/**
 * As a GUID looks, and the same in every run: it is drawn from what it is made for, so that one name more does not change
 * what anything else draws.
 * @param what unique in the run
 */
export function serverName(what: string): string {
  const random = new Random(0, what);
  let name = '';
  for (let i = 0; i < LENGTH; i++) name += ALPHABET[random.below(ALPHABET.length)]!;
  return name;
}
