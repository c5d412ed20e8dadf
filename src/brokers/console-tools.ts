/**
 * What a terminal needs of a broker's command-line tools without the model behind them: names, prompts, completion. The
 * page loads it, so it is strings and numbers only. Each broker's is in its `console/`; the tools themselves are an actor
 * of the model.
 */
import type { Micros } from '../sim/time.ts';

/** Names that are there at this moment, by what they are of: topics, queues. */
export type Names = Readonly<Record<string, readonly string[]>>;

export interface Completion {
  /** What the candidates replace: the line from `from` up to the cursor. */
  readonly from: number;
  /** Whole words, in the order of the alphabet; empty when nothing fits. */
  readonly candidates: readonly string[];
}

/**
 * What a command does once it has been started. `works`: it ends by itself. `reads`: it takes lines from its user until its
 * input ends. `follows`: it prints what comes until it is interrupted; `counts`: until it has printed so many, or is
 * interrupted; `waits`: until nothing has come for a time of its own.
 */
export type CommandKind = 'works' | 'reads' | 'follows' | 'counts' | 'waits';

export interface ConsoleTools<View> {
  /** What they are called together: `Kafka’s tools`. */
  readonly title: string;
  /** Programs by name, in the order in which `help` lists them. */
  readonly programs: readonly string[];
  /**
   * @param running the command that runs, as it was typed; null when none does
   * @returns what stands before the place where the reader types; empty where typing only waits
   */
  promptOf(this: void, running: string | null): string;
  /** @param command as it was typed */
  kindOf(this: void, command: string): CommandKind;
  names(this: void, view: View): Names;
  complete(this: void, line: string, cursor: number, names: Names): Completion;
  /** How long a tool that reads lines needs to have done something with one, microseconds. */
  readonly lineMicros: Micros;
  /** What `:help` of a terminal says after the names of the programs. */
  readonly help: readonly string[];
}
