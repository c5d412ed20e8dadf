/**
 * The judge of a lab: reads what a run has written down and says of each claim whether it holds on that. Bundled with the
 * book's claims into one file, `judge.mjs`, it is the same code that judges the simulator and the recordings.
 */
import { readFileSync } from 'node:fs';
import type { Claim, Verdict } from '../claims/claim.ts';
import { toMs } from '../sim/time.ts';
import type { TraceEvent } from '../sim/trace.ts';

/** What a run has written: an event a line. @throws Error that names the line that is none */
export function readEvents(file: string): TraceEvent[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`There is nothing to judge in ${file}: npm start writes it`, { cause: error });
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      try {
        return { ...(JSON.parse(line) as TraceEvent), seq: i };
      } catch (error) {
        throw new Error(`${file}, line ${i + 1}, is no JSON`, { cause: error });
      }
    });
}

/** @returns the claims that were shown or contradicted, and those that the run says nothing of */
export function verdicts(claims: readonly Claim[], events: readonly TraceEvent[]): [Claim, Verdict][] {
  return claims.map((claim) => {
    const fold = claim.judge();
    for (const event of events) fold.on(event);
    return [claim, fold.verdict(true)];
  });
}

/** Whether a run says anything of a claim. */
export function isShown(claim: Claim, events: readonly TraceEvent[]): boolean {
  return verdicts([claim], events)[0]![1].status !== 'open';
}

const LABELS = { holds: 'holds', fails: 'FAILS', open: 'not shown' } as const;

/** The lines that say so. */
export function told(judged: readonly (readonly [Claim, Verdict])[]): string[] {
  return judged.flatMap(([{ statement }, verdict]) => {
    const line = `${LABELS[verdict.status].padEnd(10)}${statement}`;
    switch (verdict.status) {
      case 'holds':
        return [`${line} (${verdict.cases} ${verdict.cases === 1 ? 'case' : 'cases'})`];
      case 'fails':
        return [line, `          at ${toMs(verdict.counterexample.at)} ms: ${verdict.counterexample.text}`];
      case 'open':
        return [line, `          waits for ${verdict.waitsFor}`];
    }
  });
}

/**
 * Prints the verdict of each claim on a file of events.
 * @returns whether each holds; one that is asked of every run need not be shown by this one
 * @throws Error when there is nothing to judge
 */
export function judgedRun(asked: readonly Claim[], file: string): boolean {
  const events = readEvents(file);
  const judged = verdicts(asked, events);
  console.log(`${events.length} events in ${file}`);
  console.log(told(judged).join('\n'));
  return judged.every(
    ([{ scenarios }, { status }]) => status === 'holds' || (status === 'open' && scenarios === 'every'),
  );
}

/** Ends a judge: the exit code is 1 where something does not hold, and 2 when there is nothing to judge. */
export function judging(act: () => boolean): void {
  try {
    process.exitCode = act() ? 0 : 1;
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 2;
  }
}

/** Of a lab with one run: `run/events.jsonl`, or the file that is named. */
export function judgeLab(asked: readonly Claim[]): void {
  judging(() => judgedRun(asked, process.argv[2] ?? 'run/events.jsonl'));
}
