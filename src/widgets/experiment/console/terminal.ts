/** What the console panel does with a line, and what it shows of the tools' output. Pure. */
import type { ConsoleOutput, ConsoleView } from '../../../brokers/console-view.ts';
import type { ConsoleTools, Names } from '../../../brokers/console-tools.ts';
import type { Frame } from '../../../scenarios/frame.ts';
import type { AnyView } from '../../../scenarios/models.ts';

type Tools = ConsoleTools<AnyView>;

/** The outputs since the screen was cleared last. */
export function screen(view: ConsoleView | null): readonly ConsoleOutput[] {
  const outputs = view?.outputs ?? [];
  const cleared = outputs.findLastIndex(({ command }) => command.trim() === 'clear');
  return outputs.slice(cleared + 1);
}

/**
 * Whether the run has gone far enough after a line was typed: the command has ended; or the tool that runs reads lines,
 * and has had the time for this one.
 * @param typedAt microseconds
 */
export function answered({ kindOf, lineMicros }: Tools, { view, at }: Frame, typedAt: number): boolean {
  const running = view.console?.running ?? null;
  if (running === null) return true;
  return kindOf(running) === 'reads' && at >= typedAt + lineMicros;
}

export interface Completed {
  readonly line: string;
  readonly cursor: number;
  /** What is still possible; empty when it is settled. */
  readonly candidates: readonly string[];
}

/**
 * The line after the Tab key, as a shell completes it: whole where one candidate is left, else as far as all agree.
 * @returns null where nothing fits
 */
export function completed({ complete }: Tools, line: string, cursor: number, names: Names): Completed | null {
  const { from, candidates } = complete(line, cursor, names);
  const [first] = candidates;
  if (first === undefined) return null;
  const common = candidates.reduce((prefix, one) => {
    let same = 0;
    while (same < prefix.length && prefix[same] === one[same]) same++;
    return prefix.slice(0, same);
  }, first);
  const settled = candidates.length === 1;
  // After a name that asks for a value, the value follows without a space.
  const word = settled && !/[=/]$/.test(common) ? `${common} ` : common;
  const rest = line.slice(cursor);
  return {
    line: line.slice(0, from) + word + (word.endsWith(' ') ? rest.replace(/^ /, '') : rest),
    cursor: from + word.length,
    candidates: settled ? [] : candidates,
  };
}
