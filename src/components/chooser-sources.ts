/** The chapter's footnotes for the chooser: the number that each has in the chapter, and its words. Node only. */
import { readFileSync } from 'node:fs';
import type { Source } from '../widgets/chooser/Chooser.tsx';
import type { Tree } from '../widgets/chooser/tree.ts';

/** The ids of all sources that a tree's facts name. */
export function sourceIdsOf({ questions, leaves }: Tree): string[] {
  const facts = [
    ...questions.map(({ why }) => why),
    ...leaves.flatMap((leaf) => [leaf.what, ...Object.values(leaf.reasons), leaf.next.why, leaf.simple]),
  ];
  return [...new Set(facts.flatMap(({ sources }) => sources))];
}

/**
 * Looks the sources of a tree up in a chapter, whose footnotes stand in the order of their numbers.
 * @param path of the chapter's MDX
 * @throws Error that names a source which the chapter does not give
 */
export function chooserSources(tree: Tree, path: string): Record<string, Source> {
  const given = [...readFileSync(path, 'utf8').matchAll(/^\[\^([^\]]+)\]:\s*\[(.+)\]\(/gm)];
  return Object.fromEntries(
    sourceIdsOf(tree).map((id) => {
      const index = given.findIndex(([, name]) => name === id);
      if (index === -1) throw new Error(`${tree.id}: expected a source of ${path}, got "${id}"`);
      return [id, { number: index + 1, label: given[index]?.[2] ?? '' }];
    }),
  );
}
