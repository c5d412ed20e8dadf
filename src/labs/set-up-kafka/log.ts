/** What is written down of a lab: an event a line in `run/events.jsonl`, in the words of the book’s traces (src/sim/trace.ts). */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { EventBody } from '../../sim/trace.ts';

const FILE = 'run/events.jsonl';

function written(): { at: number; kind: string; began?: number }[] {
  if (!existsSync(FILE)) throw new Error('There is no run yet: npm run topic begins one');
  return readFileSync(FILE, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { at: number; kind: string });
}

/** Begins anew: what was written before is gone. */
export function begin(): void {
  mkdirSync('run', { recursive: true });
  writeFileSync(FILE, '');
  writeFileSync('run/began', String(Date.now()));
}

/** When the run began, milliseconds since 1970. */
function began(): number {
  return Number(readFileSync('run/began', 'utf8'));
}

/** How many records were published before: they are numbered through all steps. */
export function publishedSoFar(): number {
  return written().filter(({ kind }) => kind === 'published').length;
}

/** `at` is microseconds since the run began. */
export function tell(event: EventBody): void {
  appendFileSync(FILE, `${JSON.stringify({ at: (Date.now() - began()) * 1000, ...event })}\n`);
}
