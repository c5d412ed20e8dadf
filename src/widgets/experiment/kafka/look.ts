/** How a message key looks everywhere: a colour of the colour-blind-safe set and a glyph, so that colour never stands alone. Pure. */

export interface KeyLook {
  /** A CSS colour. */
  readonly colour: string;
  /** One or two characters. */
  readonly glyph: string;
}

const TOKENS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;

/** @param key a record's key; null for none */
export function keyLook(key: string | null): KeyLook {
  if (key === null) return { colour: 'var(--soft)', glyph: '•' };
  const own = /^[A-F]$/i.test(key) ? key.toLowerCase() : null;
  if (own) return { colour: `var(--k-${own})`, glyph: key.toUpperCase() };
  let hash = 0;
  for (const letter of key) hash = (Math.imul(hash, 31) + (letter.codePointAt(0) ?? 0)) >>> 0;
  const parts = key.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  const letters = [...(parts.at(-1) ?? key)];
  const glyph = (letters.length > 2 ? letters.slice(-2) : letters).join('').toUpperCase();
  return { colour: `var(--k-${TOKENS[hash % TOKENS.length] ?? 'a'})`, glyph: glyph || '?' };
}

/** A key in running text. */
export function keyWords(key: string | null): string {
  return key === null ? 'no key' : `key ${key}`;
}
