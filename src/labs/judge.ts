/**
 * The judge of a lab: reads what a run has written down and says of each claim whether it holds on that. Bundled with the
 * book's claims into one file, `judge.mjs`, it is the same code that judges the simulator and the recordings.
 */
import { existsSync, readFileSync } from 'node:fs';
import type { Claim, Verdict } from '../claims/claim.ts';
import { toMs } from '../sim/time.ts';
import type { TraceEvent } from '../sim/trace.ts';
import { chosen, eventsOf, fileOf, scenarioNames } from './scenarios.ts';

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

/**
 * Of a lab with scenarios: each that was run, or those that are named.
 * @param claims of the broker
 * @param further what else is asked of a run, and printed; says whether it holds
 */
export function judgeScenarios(
  claims: readonly Claim[],
  further: (name: string, events: readonly TraceEvent[]) => boolean = () => true,
): void {
  const judge = (name: string): boolean => {
    console.log(`\n# ${name}`);
    const { id } = JSON.parse(readFileSync(fileOf(name), 'utf8')) as { id: string };
    const events = readEvents(eventsOf(name));
    const asked = claims.filter(
      (claim) =>
        claim.observable &&
        // Of what is true of every run, only what this one had a case of.
        (claim.scenarios === 'every' ? isShown(claim, events) : claim.scenarios.includes(id)),
    );
    const holds = judgedRun(asked, eventsOf(name));
    return further(name, events) && holds;
  };
  judging(() => {
    const all = scenarioNames();
    const isRun = (name: string): boolean => existsSync(eventsOf(name));
    const named = process.argv.slice(2);
    const asked = named.length > 0 ? chosen(named) : all.filter(isRun);
    if (asked.length === 0) throw new Error('There is nothing to judge: npm start runs the scenarios');
    const results = asked.map(judge);
    const left = all.filter((name) => !isRun(name));
    if (left.length > 0)
      console.log(`\nnot run yet: ${left.map((name) => `npm start -- ${name}`).join(', ')}`);
    return results.every((holds) => holds);
  });
}
