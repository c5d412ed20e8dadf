/**
 * Two functions of Erlang's that the consistent-hash exchange is made of: `erlang:phash2/1`, for the terms that a
 * message can bring there, and the generator `exs1024` of the module `rand`. A word of 64 bits is two halves of 32.
 */

const GOLDEN = 0x9e3779b9;
/** Each kind of term is mixed in with a constant of its own: a multiple of the golden ratio's 32 bits. */
const CONSTANTS = {
  smallInteger: GOLDEN,
  atom: times(3),
  tuple: times(9),
  negativeBig: times(10),
  positiveBig: times(11),
  float: times(12),
  binary: times(13),
} as const;

function times(factor: number): number {
  return Math.imul(GOLDEN, factor) >>> 0;
}

/** A term, as far as a message brings one: text is a binary. */
export type Term =
  | { readonly is: 'binary'; readonly text: string }
  | { readonly is: 'atom'; readonly name: string }
  | { readonly is: 'number'; readonly value: number }
  /** A type and its value, as a field of a table is held. */
  | { readonly is: 'field'; readonly type: string; readonly value: Term };

/** `erlang:phash2/1`. @returns 27 bits */
export function phash2(term: Term): number {
  return hash(term, 0) & 0x7ffffff;
}

/** {@link phash2} of a binary: the text in UTF-8. */
export function phash2OfText(text: string): number {
  return blockHash(text, CONSTANTS.binary) & 0x7ffffff;
}

function hash(term: Term, before: number): number {
  switch (term.is) {
    case 'binary':
      return blockHash(term.text, (CONSTANTS.binary + before) >>> 0);
    case 'atom': {
      const value = atomHash(term.name);
      return before === 0 ? value : mixIn(value, 0, CONSTANTS.atom, before);
    }
    case 'field':
      return hash(term.value, hash({ is: 'atom', name: term.type }, mixIn(2, 0, CONSTANTS.tuple, before)));
    case 'number':
      return numberHash(term.value, before);
  }
}

function numberHash(value: number, before: number): number {
  if (!Number.isInteger(value)) {
    const halves = new Uint32Array(Float64Array.of(value).buffer);
    return mixIn(halves[1]!, halves[0]!, CONSTANTS.float, before);
  }
  const size = Math.abs(value);
  if (value >= -0x8000000 && value < 0x8000000) {
    // The BEAM mixes a negative number in twice: its absolute value first.
    const half = value < 0 ? mixIn(size, 0, CONSTANTS.smallInteger, before) : before;
    return mixIn(value >>> 0, 0, CONSTANTS.smallInteger, half);
  }
  const sign = value < 0 ? CONSTANTS.negativeBig : CONSTANTS.positiveBig;
  return mixIn(size % 0x100000000, Math.floor(size / 0x100000000), sign, before);
}

/** The hash an atom has in the BEAM's atom table: PJW over the bytes of its name, which is ASCII here. */
function atomHash(name: string): number {
  let h = 0;
  for (let i = 0; i < name.length; i++) {
    h = ((h << 4) + name.charCodeAt(i)) >>> 0;
    const high = h & 0xf0000000;
    if (high !== 0) h = (h ^ (high >>> 24) ^ high) >>> 0;
  }
  return h;
}

/** Mixes two words into a hash. */
function mixIn(first: number, second: number, constant: number, before: number): number {
  const words = [(constant + first) | 0, (constant + second) | 0, before | 0] as Words;
  mix(words);
  return words[2] >>> 0;
}

type Words = [a: number, b: number, c: number];

/** Bob Jenkins' mix of three words. */
function mix(words: Words): void {
  let [a, b, c] = words;
  a = (a - b - c) ^ (c >>> 13);
  b = (b - c - a) ^ (a << 8);
  c = (c - a - b) ^ (b >>> 13);
  a = (a - b - c) ^ (c >>> 12);
  b = (b - c - a) ^ (a << 16);
  c = (c - a - b) ^ (b >>> 5);
  a = (a - b - c) ^ (c >>> 3);
  b = (b - c - a) ^ (a << 10);
  c = (c - a - b) ^ (b >>> 15);
  words[0] = a;
  words[1] = b;
  words[2] = c;
}

/** Bob Jenkins' hash of the bytes of a text in UTF-8, twelve at a time. */
function blockHash(text: string, before: number): number {
  const bytes = utf8(text);
  if (bytes.length === 0) return before;
  const words: Words = [GOLDEN | 0, GOLDEN | 0, before | 0];
  let at = 0;
  for (; bytes.length - at >= 12; at += 12) {
    for (let word = 0; word < 3; word++) words[word] = (words[word]! + wordAt(bytes, at + 4 * word, 4)) | 0;
    mix(words);
  }
  const left = bytes.length - at;
  words[0] = (words[0] + wordAt(bytes, at, Math.min(left, 4))) | 0;
  words[1] = (words[1] + wordAt(bytes, at + 4, Math.min(left - 4, 4))) | 0;
  // The lowest byte of the third word is the length's.
  words[2] = (words[2] + bytes.length + (wordAt(bytes, at + 8, Math.min(left - 8, 3)) << 8)) | 0;
  mix(words);
  return words[2] >>> 0;
}

/** So many bytes from `at` on, the lowest first. */
function wordAt(bytes: readonly number[], at: number, count: number): number {
  let word = 0;
  for (let i = 0; i < count; i++) word |= bytes[at + i]! << (8 * i);
  return word;
}

/** UTF-8, written out because the pure core knows no TextEncoder. A lone surrogate becomes U+FFFD. */
function utf8(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0)!;
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 0x3f));
    else {
      if (code < 0x10000) bytes.push(0xe0 | (code >> 12));
      else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f));
      bytes.push(0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
    }
  }
  return bytes;
}

/** Half of a word of 64 bits: the upper 32 bits and the lower. */
interface Word64 {
  hi: number;
  lo: number;
}

/** `rand:seed_s(exs1024, {K, K, K})`: sixteen words, the last made first. Only 21 bits of the seed count. */
export class Exs1024 {
  /** As Erlang keeps them: the words still to come in this round, and those already used. */
  private readonly words: Word64[] = [];
  private at = 0;

  /** @param seed an integer, used three times */
  constructor(seed: number) {
    const low = ((seed % 0x200000) + 0x200000) % 0x200000;
    const b1 = ((low + 1) * 2097131) % 0x200000;
    const b2 = ((low + 1) * 2097133) % 0x200000;
    const b3 = ((low + 1) * 2097143) % 0x200000;
    // b1 in bits 43 to 63, b2 in 22 to 42, b3 in 1 to 21, and bit 0 is set.
    const word: Word64 = { hi: ((b1 << 11) | (b2 >>> 10)) >>> 0, lo: ((b2 << 22) | (b3 << 1) | 1) >>> 0 };
    for (let n = 0; n < 16; n++) this.words.unshift(xorshift64star(word));
  }

  /** `rand:uniform_s/1`. @returns a number from 0 to below 1 */
  uniform(): number {
    const next = (this.at + 1) % 16;
    const s0 = this.words[this.at]!;
    const s1 = this.words[next]!;
    xorLeft(s1, 31);
    xorRight(s1, 11);
    const old: Word64 = { hi: s0.hi, lo: s0.lo };
    xorRight(old, 30);
    s1.hi = (s1.hi ^ old.hi) >>> 0;
    s1.lo = (s1.lo ^ old.lo) >>> 0;
    this.at = next;
    // 1181783497276652981
    const drawn = multiply(s1, 0x106689d4, 0x5497fdb5);
    return (drawn.hi * 0x100000000 + drawn.lo) / 0x10000000000000000;
  }
}

/** One step of Vigna's xorshift64*: moves the state on, and gives what is drawn. */
function xorshift64star(state: Word64): Word64 {
  xorRight(state, 12);
  xorLeft(state, 25);
  xorRight(state, 27);
  // 2685821657736338717
  return multiply(state, 0x2545f491, 0x4f6cdd1d);
}

/** word ^= word << by. @param by 1 to 31 */
function xorLeft(word: Word64, by: number): void {
  word.hi = (word.hi ^ ((word.hi << by) | (word.lo >>> (32 - by)))) >>> 0;
  word.lo = (word.lo ^ (word.lo << by)) >>> 0;
}

/** word ^= word >> by. @param by 1 to 31 */
function xorRight(word: Word64, by: number): void {
  word.lo = (word.lo ^ ((word.lo >>> by) | (word.hi << (32 - by)))) >>> 0;
  word.hi = (word.hi ^ (word.hi >>> by)) >>> 0;
}

/** The lower 64 bits of a product. */
function multiply(word: Word64, hi: number, lo: number): Word64 {
  const a = word.lo & 0xffff;
  const b = word.lo >>> 16;
  const c = lo & 0xffff;
  const d = lo >>> 16;
  const middle = a * d + Math.floor((a * c) / 0x10000);
  const crossed = b * c + (middle % 0x10000);
  const carried = b * d + Math.floor(middle / 0x10000) + Math.floor(crossed / 0x10000);
  return {
    hi: (carried + Math.imul(word.hi, lo) + Math.imul(word.lo, hi)) >>> 0,
    lo: Math.imul(word.lo, lo) >>> 0,
  };
}
