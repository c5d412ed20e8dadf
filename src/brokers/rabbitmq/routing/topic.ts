/** The trie of a topic exchange: its edges are the words of binding keys. */
import type { BindingSettings } from '../config.ts';
import { topicWords } from './explain-topic.ts';

interface Node {
  readonly id: number;
  readonly children: Map<string, Node>;
  readonly bindings: BindingSettings[];
}

/** How many `#` a binding key of 4.3 may have. */
export const HASH_WILDCARDS_MAX = 2;

export function hashWildcards(bindingKey: string): number {
  let count = 0;
  for (const word of topicWords(bindingKey)) if (word === '#') count++;
  return count;
}

/** Made of an exchange's bindings once; never changed after. */
export class TopicTrie {
  private readonly root: Node;
  private nodes = 0;

  constructor(bindings: Iterable<BindingSettings>) {
    this.root = this.node();
    for (const binding of bindings) {
      let node = this.root;
      for (const word of topicWords(binding.routingKey)) {
        let child = node.children.get(word);
        if (child === undefined) node.children.set(word, (child = this.node()));
        node = child;
      }
      node.bindings.push(binding);
    }
  }

  private node(): Node {
    return { id: this.nodes++, children: new Map(), bindings: [] };
  }

  /** The bindings whose key matches, each once. `*` and `#` of a routing key are words like others. */
  match(routingKey: string): readonly BindingSettings[] {
    const walk = new Walk(topicWords(routingKey), this.nodes);
    walk.from(this.root, 0, 0);
    return walk.found;
  }
}

/** One search. What lies below a second `#` is reached by many ways: there each place is looked at once. */
class Walk {
  readonly found: BindingSettings[] = [];
  private readonly words: readonly string[];
  private readonly nodes: number;
  private seen: Set<number> | null = null;

  constructor(words: readonly string[], nodes: number) {
    this.words = words;
    this.nodes = nodes;
  }

  from(node: Node, at: number, hashes: number): void {
    if (hashes >= 2) {
      this.seen ??= new Set();
      const place = at * this.nodes + node.id;
      if (this.seen.has(place)) return;
      this.seen.add(place);
    }
    const word = this.words[at];
    if (word === undefined) {
      for (const binding of node.bindings) this.found.push(binding);
    } else {
      const literal = node.children.get(word);
      // A routing key's own "*" or "#" would find the wildcard's edge: that one is taken below, as a wildcard.
      if (literal !== undefined && word !== '*' && word !== '#') this.from(literal, at + 1, hashes);
      const one = node.children.get('*');
      if (one !== undefined) this.from(one, at + 1, hashes);
    }
    const any = node.children.get('#');
    if (any === undefined) return;
    for (let rest = at; rest <= this.words.length; rest++) this.from(any, rest, hashes + 1);
  }
}
