/**
 * How a topic exchange holds a routing key against a binding key, word by word, as data that can be drawn.
 * The page runs this file, so it imports nothing but types; the trie of the model splits keys with it.
 */

/** the empty key has no words, every other key one more than it has dots; a word may be empty. */
export function topicWords(key: string): readonly string[] {
  return key === '' ? [] : key.split('.');
}

/** One word of the binding key, and which words of the routing key it took. */
export interface TopicStep {
  readonly word: string;
  readonly kind: 'literal' | 'one-word' | 'any-words';
  /** Indexes of the routing key's words, `until` excluded; equal where it took none. */
  readonly from: number;
  readonly until: number;
  /** False at the word where the match failed, the last step then. */
  readonly matched: boolean;
}

export interface TopicExplanation {
  readonly matches: boolean;
  readonly bindingWords: readonly string[];
  readonly routingWords: readonly string[];
  /** In the order of the binding key's words; those after a failure are left out. */
  readonly steps: readonly TopicStep[];
  /** Words of the routing key, from this index on, that no word of the binding key was left for. */
  readonly leftOver: number | null;
  /** What the last step says, in words. */
  readonly why: string;
}

/**
 * Where several splits match, each `#` takes as few words as it can. Where none does, the steps are those of the split
 * that comes furthest.
 */
export function explainTopic(bindingKey: string, routingKey: string): TopicExplanation {
  const binding = topicWords(bindingKey);
  const routing = topicWords(routingKey);
  const can = reachable(binding, routing);
  const matches = can[binding.length]![routing.length]!;
  // The furthest point: most words of the binding key, then most words of the routing key.
  let words = binding.length;
  while (!can[words]!.includes(true)) words--;
  const end = matches ? routing.length : can[words]!.lastIndexOf(true);
  const steps = pathTo(binding, can, words, end);
  const common = { matches, bindingWords: binding, routingWords: routing };
  if (matches) return { ...common, steps, leftOver: null, why: 'every word is matched' };
  if (words === binding.length) {
    const left = routing.slice(end).map((word) => `"${word}"`);
    const why = `the binding key ends, and ${left.join(', ')} ${left.length === 1 ? 'is' : 'are'} left`;
    return { ...common, steps, leftOver: end, why };
  }
  const word = binding[words]!;
  const met = routing[end];
  const failed = {
    word,
    kind: kindOf(word),
    from: end,
    until: met === undefined ? end : end + 1,
    matched: false,
  };
  const why =
    met === undefined
      ? `"${word}" needs a word, and the routing key has no more`
      : `"${word}" is not "${met}"`;
  return { ...common, steps: [...steps, failed], leftOver: null, why };
}

function kindOf(word: string): TopicStep['kind'] {
  return word === '*' ? 'one-word' : word === '#' ? 'any-words' : 'literal';
}

/** For each number of binding words, whether they match so many words from the front of the routing key. */
function reachable(binding: readonly string[], routing: readonly string[]): readonly (readonly boolean[])[] {
  const can = [routing.map(() => false)];
  can[0]!.unshift(true);
  for (const word of binding) {
    const before = can.at(-1)!;
    const after: boolean[] = [];
    for (let i = 0; i <= routing.length; i++) {
      after.push(
        word === '#'
          ? before[i]! || (i > 0 && after[i - 1]!)
          : i > 0 && before[i - 1]! && (word === '*' || word === routing[i - 1]),
      );
    }
    can.push(after);
  }
  return can;
}

/** The steps by which so many binding words match exactly so many routing words, from the last one back. */
function pathTo(
  binding: readonly string[],
  can: readonly (readonly boolean[])[],
  words: number,
  end: number,
): readonly TopicStep[] {
  const steps: TopicStep[] = [];
  let until = end;
  for (let n = words; n > 0; n--) {
    const word = binding[n - 1]!;
    let from = word === '#' ? until : until - 1;
    while (!can[n - 1]![from]!) from--;
    steps.unshift({ word, kind: kindOf(word), from, until, matched: true });
    until = from;
  }
  return steps;
}
