/** A session at the prompt: commands one after another, as a lab's `session.json` has them. */

/** One command, or something that is done to a node. */
export interface Step {
  /** What it is for, and what to look at; Markdown. */
  readonly about: string;
  /** As it is typed on the page too. */
  readonly line?: string;
  /** Lines that are typed into it, and then the end of input. */
  readonly input?: readonly string[];
  readonly fault?: { readonly node: string; readonly do: 'crash' | 'restart' };
  /** What the simulator's console printed. */
  readonly printed: readonly string[];
}

/** What a tool did. */
export interface Printed {
  readonly lines: readonly string[];
  /** Its exit code. */
  readonly code: number;
}

/** What differs from one cluster to the next, and what a terminal adds. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/TopicId: \S+/, 'TopicId: …'],
  [/(?:127\.0\.0\.1|localhost|broker-\d|rabbit-\d):\d+/g, 'host:port'],
  [/(rabbit-\d)@\S+?(?=[\s,.:]|$)/g, '$1'],
  // The number is of the console consumer's own.
  [/console-consumer-\S+/g, 'console-consumer-…'],
];

/** Of a logger, whose line may end on the next one with who logged it, or advice of the client: not the tool’s answer. */
const LOGGED =
  /^(\[[^\]]*\] (WARN|INFO|ERROR|DEBUG)|\(org\.apache\.kafka\.[\w.$]+\)$|SLF4J|WARNING: |The consumer rebalance protocol \(KIP-848\))/;

/** What is compared of what a tool printed: words, one space between two, without what is another's in each cluster. */
export function essence(lines: readonly string[]): string[] {
  return lines
    .map((line) => MASKS.reduce((text, [from, to]) => text.replace(from, to), line.replace(/^>+/, '')))
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '' && !LOGGED.test(line));
}

/** Rows may come in any order, for that nobody promises. @returns whether both say the same */
export function alike(some: readonly string[], others: readonly string[]): boolean {
  return JSON.stringify(essence(some).sort()) === JSON.stringify(essence(others).sort());
}
