/** A typed line as a shell splits it: quotes, backslashes, `$'…'`, comments. One program a line, no pipes. */

export type Tokens =
  { readonly ok: true; readonly words: readonly string[] } | { readonly ok: false; readonly error: string };

const ESCAPES: Readonly<Record<string, string>> = {
  t: '\t',
  n: '\n',
  r: '\r',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** @returns the words; or, for a line that a shell would not take or this one cannot run, what it says */
export function tokenise(line: string): Tokens {
  const words: string[] = [];
  /** The word being read; null between words. */
  let word: string | null = null;
  for (let i = 0; i < line.length; i++) {
    const char = line[i]!;
    if (char === ' ' || char === '\t') {
      if (word !== null) words.push(word);
      word = null;
    } else if (char === '#' && word === null) {
      break;
    } else if (char === '\\') {
      word = (word ?? '') + (line[++i] ?? '');
    } else if (char === "'" || char === '"' || (char === '$' && line[i + 1] === "'")) {
      const ansi = char === '$';
      const end = ansi ? "'" : char;
      if (ansi) i++;
      word ??= '';
      for (i++; i < line.length && line[i] !== end; i++) {
        if (line[i] === '\\' && ansi) {
          const next = line[++i] ?? '';
          word += ESCAPES[next] ?? `\\${next}`;
        } else if (line[i] === '\\' && end === '"' && /["\\$`]/.test(line[i + 1] ?? '')) word += line[++i]!;
        else word += line[i]!;
      }
      if (i >= line.length) return { ok: false, error: 'sh: syntax error: unterminated quoted string' };
    } else if ('|&;<>()`'.includes(char)) {
      return {
        ok: false,
        error: `sh: ${char}: this console runs one program a line, without pipes or files`,
      };
    } else word = (word ?? '') + char;
  }
  if (word !== null) words.push(word);
  return { ok: true, words };
}
