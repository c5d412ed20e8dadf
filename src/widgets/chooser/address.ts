/**
 * The answers in an address: `?choose=yes.no`, in the order in which the tree asks. Pure. A path that has not come to its
 * end can be shared as well.
 */
import { follow } from './tree.ts';
import type { Answers, Path, Tree } from './tree.ts';

/** The name of the parameter; permanent, as addresses are in readers' notes. */
export const CHOOSE = 'choose';

export type Decoded =
  | { readonly answers: Answers; readonly problem: null }
  | { readonly answers: null; readonly problem: string };

/** @returns the text that {@link decodeChoice} reads: empty before the first answer */
export function encodeChoice({ steps }: Path): string {
  return steps.map(({ answer }) => answer).join('.');
}

/** Reads a parameter's text; what is wrong with it is said in one sentence. Never throws. */
export function decodeChoice(tree: Tree, text: string): Decoded {
  let answers: Answers = {};
  for (const [index, word] of text.split('.').entries()) {
    const { open, leaf } = follow(tree, answers);
    if (!open) {
      return refuse(
        `“${text.split('.', index).join('.')}” leads to ${leaf.name}, and nothing is asked after it`,
      );
    }
    if (word !== 'yes' && word !== 'no') {
      const found = word === '' ? 'nothing' : `“${word.length > 24 ? `${word.slice(0, 24)}…` : word}”`;
      return refuse(`expected “yes” or “no” as answer ${index + 1}, to “${open.ask}”, and found ${found}`);
    }
    answers = { ...answers, [open.id]: word };
  }
  return { answers, problem: null };
}

function refuse(what: string): Decoded {
  return { answers: null, problem: `This address of a choice cannot be used: ${what}.` };
}
