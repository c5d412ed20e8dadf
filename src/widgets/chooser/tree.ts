/**
 * The tree of questions that leads to a broker: its data's shape, the path that answers make through it, and what the
 * picture shows of that path. Pure. Ids of questions and leaves are permanent: answers are stored by them, and an address
 * depends on the order in which the tree asks.
 */

export type Answer = 'yes' | 'no';

/** The reader's answers by the id of the question. Those that are not on the path stay, and count again when it turns. */
export type Answers = Readonly<Record<string, Answer>>;

/** A sentence or a few, and the ids of its sources: footnotes of the chapter. */
export interface Fact {
  readonly text: string;
  readonly sources: readonly string[];
}

/** Where something can be seen: an id in the chapter, or a page below the base and perhaps an id in it. */
export interface Place {
  readonly text: string;
  readonly page?: string;
  readonly at?: string;
}

/** What is drawn of it: the id of its node in the Mermaid source. */
interface Drawn {
  readonly id: string;
  readonly node: string;
}

export interface Question extends Drawn {
  /** In the words of the picture. */
  readonly ask: string;
  /** The same in a word or two, before an answer. */
  readonly topic: string;
  readonly why: Fact;
  readonly see: readonly Place[];
  /** The id of the question or leaf that the answer leads to. */
  readonly yes: string;
  readonly no: string;
}

export interface Leaf extends Drawn {
  readonly name: string;
  readonly what: Fact;
  readonly places: readonly Place[];
  /** For each question on the way here, why its answer speaks for this leaf. */
  readonly reasons: Readonly<Record<string, Fact>>;
  /** The runner-up, the answers that would have to be different for it to win, and what speaks for it. */
  readonly next: {
    readonly leaf: string;
    readonly answers: Readonly<Record<string, string>>;
    readonly why: Fact;
  };
  /** Where the tree is too simple. */
  readonly simple: Fact;
}

export interface Tree {
  /** Permanent: the reader's answers are kept under it. */
  readonly id: string;
  readonly start: { readonly node: string; readonly leads: string };
  readonly questions: readonly Question[];
  readonly leaves: readonly Leaf[];
}

export interface Step {
  readonly question: Question;
  readonly answer: Answer;
}

/** A way through the tree: what was asked and answered, and where it stands: at a question or at a leaf. */
export type Path =
  | { readonly steps: readonly Step[]; readonly open: Question; readonly leaf: null }
  | { readonly steps: readonly Step[]; readonly open: null; readonly leaf: Leaf };

/** `on` the path; `here`, where it stands; `next`, the way to the runner-up; `away`, what the answers have ruled out. */
export type Light = 'on' | 'here' | 'next' | 'away';

/** The lights by the names that the picture's parts carry: nodes, and edges as `from_to`. What is not named is still open. */
export interface Lights {
  readonly nodes: ReadonlyMap<string, Light>;
  readonly edges: ReadonlyMap<string, Light>;
}

/** @throws Error for an id that the tree does not have */
export function leafById(tree: Tree, id: string): Leaf {
  const leaf = tree.leaves.find((one) => one.id === id);
  if (!leaf)
    throw new Error(`The tree "${tree.id}" leads to "${id}", which is neither a question nor a leaf of it`);
  return leaf;
}

/** The question of this id, or else the leaf. */
function childOf(tree: Tree, id: string): Question | Leaf {
  return tree.questions.find((question) => question.id === id) ?? leafById(tree, id);
}

const isQuestion = (child: Question | Leaf): child is Question => 'ask' in child;

/** Follows the answers from the start for as long as there is one to the question that the tree asks next. */
export function follow(tree: Tree, answers: Answers): Path {
  const steps: Step[] = [];
  let at = childOf(tree, tree.start.leads);
  while (isQuestion(at)) {
    const answer = answers[at.id];
    if (!answer) return { steps, open: at, leaf: null };
    steps.push({ question: at, answer });
    at = childOf(tree, at[answer]);
  }
  return { steps, open: null, leaf: at };
}

/** The answers with which the runner-up of a leaf would win: those of the path, with the ones that differ. */
export function answersOfNext({ steps }: Path, leaf: Leaf): Answers {
  const given = Object.fromEntries(steps.map(({ question, answer }) => [question.id, answer]));
  return { ...given, ...leaf.next.answers } as Answers;
}

/** What a path passes: the nodes from the start to where it stands, and the edges between them. */
function passed(tree: Tree, { steps, open, leaf }: Path): { nodes: string[]; edges: string[] } {
  const nodes = [tree.start.node, ...steps.map(({ question }) => question.node), (open ?? leaf).node];
  return { nodes, edges: nodes.slice(1).map((node, index) => `${nodes[index] ?? ''}_${node}`) };
}

/** What can still be reached from here. */
function below(tree: Tree, at: Question | Leaf): { nodes: string[]; edges: string[] } {
  if (!isQuestion(at)) return { nodes: [at.node], edges: [] };
  const children = [childOf(tree, at.yes), childOf(tree, at.no)];
  const reached = children.map((child) => below(tree, child));
  return {
    nodes: [at.node, ...reached.flatMap(({ nodes }) => nodes)],
    edges: [...children.map((child) => `${at.node}_${child.node}`), ...reached.flatMap(({ edges }) => edges)],
  };
}

/** Which part of the picture is in which light. */
export function lightsOf(tree: Tree, path: Path): Lights {
  const root = childOf(tree, tree.start.leads);
  const all = below(tree, root);
  const still = below(tree, path.open ?? path.leaf);
  const on = passed(tree, path);
  const next = path.leaf
    ? passed(tree, follow(tree, answersOfNext(path, path.leaf)))
    : { nodes: [], edges: [] };
  const light = (parts: readonly string[], kind: 'nodes' | 'edges'): Map<string, Light> =>
    new Map(
      parts.flatMap((part): [string, Light][] => {
        if (on[kind].includes(part)) return [[part, part === (path.open ?? path.leaf).node ? 'here' : 'on']];
        if (next[kind].includes(part)) return [[part, 'next']];
        return still[kind].includes(part) ? [] : [[part, 'away']];
      }),
    );
  // Before the first answer nothing has been passed.
  const begun = path.steps.length > 0;
  const first = `${tree.start.node}_${root.node}`;
  return {
    nodes: light(begun ? [tree.start.node, ...all.nodes] : all.nodes, 'nodes'),
    edges: light(begun ? [first, ...all.edges] : all.edges, 'edges'),
  };
}

const said = (answer: string): string => (answer === 'yes' ? 'Yes' : 'No');

/** The path in words: what the picture shows, for those who listen, and beside it for those who look. */
export function sayPath(tree: Tree, path: Path): string {
  const answered = path.steps.map(({ question, answer }) => `${question.ask} ${said(answer)}.`);
  if (path.leaf) {
    const next = leafById(tree, path.leaf.next.leaf);
    return `${answered.join(' ')} This leads to ${path.leaf.name}. The runner-up: ${next.name}.`;
  }
  if (answered.length === 0) return `The way begins at the first question: ${path.open.ask}`;
  return `${answered.join(' ')} The next question: ${path.open.ask}`;
}

/** What would have to be different for the runner-up to win, as a clause: `“Serverless?” were answered No`. */
export function sayDifference(tree: Tree, leaf: Leaf): string {
  const parts = Object.entries(leaf.next.answers).map(([id, answer]) => {
    const question = childOf(tree, id);
    return `“${isQuestion(question) ? question.ask : id}” were answered ${said(answer)}`;
  });
  return parts.join(' and ');
}
