/** How difficult a challenge is: one to three dots, and in words for those who do not see them. */
import './difficulty.css';

const WORDS = { 1: 'easy', 2: 'middling', 3: 'hard' } as const;

export function Difficulty({ level }: { readonly level: 1 | 2 | 3 }) {
  return (
    <span class="difficulty" role="img" aria-label={WORDS[level]} title={WORDS[level]}>
      {'●'.repeat(level)}
      <span class="difficulty-rest">{'●'.repeat(3 - level)}</span>
    </span>
  );
}
