/** What a run writes down: an event a line, in the words of the book's traces. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Observed } from '../sim/trace.ts';

export function writeEvents(file: string, events: readonly Observed[]): void {
  mkdirSync(dirname(file), { recursive: true });
  const lines = events.map(({ at, kind, ...rest }, seq) => JSON.stringify({ seq, at, kind, ...rest }));
  writeFileSync(file, `${lines.join('\n')}\n`);
  console.log(`${events.length} events in ${file}`);
}
