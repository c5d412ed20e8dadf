/** What a broker's command-line tools printed, the newest lines: a part of every broker's picture. */
import type { Micros } from '../sim/time.ts';
import type { TraceEvent } from '../sim/trace.ts';

/** Lines of output that the console keeps. */
export const CONSOLE_LINES_MAX = 200;

export interface ConsoleView {
  /** Commands with what they printed, oldest first; the oldest lines go when there are too many. */
  readonly outputs: readonly ConsoleOutput[];
  /** The tool that goes on running, or null: then the prompt is there. */
  readonly running: string | null;
  /** Lines that are gone. */
  readonly dropped: number;
}

export interface ConsoleOutput {
  readonly client: string;
  readonly command: string;
  readonly at: Micros;
  readonly lines: readonly string[];
  /** Its exit code; null while it runs. */
  readonly exit: number | null;
}

interface Output {
  readonly client: string;
  readonly command: string;
  readonly at: Micros;
  lines: string[];
  exit: number | null;
}

export class ConsoleOutputs {
  private outputs: Output[] = [];
  private kept = 0;
  private dropped = 0;

  printed({ client, command, lines, exit, at }: Extract<TraceEvent, { kind: 'printed' }>): void {
    let output = this.outputs.at(-1);
    if (output?.exit !== null || output.command !== command || output.client !== client) {
      output = { client, command, at, lines: [], exit: null };
      this.outputs.push(output);
    }
    for (const line of lines) output.lines.push(line);
    output.exit = exit;
    this.kept += lines.length;
    while (this.kept > CONSOLE_LINES_MAX) this.drop();
    // A command without output takes a line too: its prompt.
    if (this.outputs.length > CONSOLE_LINES_MAX) this.outputs.shift();
  }

  /** @returns null until something was printed */
  view(): ConsoleView | null {
    const last = this.outputs.at(-1);
    if (!last) return null;
    return {
      outputs: this.outputs.map((output) => ({ ...output, lines: [...output.lines] })),
      running: last.exit === null ? last.command : null,
      dropped: this.dropped,
    };
  }

  private drop(): void {
    const oldest = this.outputs[0]!;
    const surplus = Math.min(this.kept - CONSOLE_LINES_MAX, oldest.lines.length);
    oldest.lines = oldest.lines.slice(surplus);
    this.kept -= surplus;
    this.dropped += surplus;
    if (oldest.lines.length === 0 && this.outputs.length > 1) this.outputs.shift();
  }
}
