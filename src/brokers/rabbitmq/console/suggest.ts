/** "Did you mean": the command that is nearest to what was typed, by Jaro's distance, as Elixir computes it. */

/** Nearer than this is a suggestion, as in Elixir itself. */
const LIMIT = 0.77;

/** @returns the nearest name, or null when none is near */
export function suggestion(typed: string, names: readonly string[]): string | null {
  let best: string | null = null;
  let nearest = LIMIT;
  for (const name of names) {
    const distance = jaro(name, typed);
    if (distance < nearest || (distance === nearest && best !== null)) continue;
    best = name;
    nearest = distance;
  }
  return best;
}

/** 1 for equal words, 0 for words that have nothing in common. */
export function jaro(a: string, b: string): number {
  if (a === b) return 1;
  const reach = Math.max(0, Math.floor(Math.max(a.length, b.length) / 2) - 1);
  const taken = new Set<number>();
  const common: string[] = [];
  for (let i = 0; i < a.length; i++) {
    for (let j = Math.max(0, i - reach); j <= Math.min(b.length - 1, i + reach); j++) {
      if (taken.has(j) || a[i] !== b[j]) continue;
      taken.add(j);
      common.push(a[i]!);
      break;
    }
  }
  const { length } = common;
  if (length === 0) return 0;
  const others = [...taken].sort((x, y) => x - y).map((j) => b[j]!);
  const moved = common.filter((character, i) => character !== others[i]).length / 2;
  return (length / a.length + length / b.length + (length - moved) / length) / 3;
}
