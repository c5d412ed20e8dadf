/**
 * `judge.mjs` of Kafka's experiments: of each scenario that was run, or of those that are named, what clients can see of the
 * claims on it, and who had which partition when.
 */
import { existsSync, readFileSync } from 'node:fs';
import { kafkaClaims } from '../../claims/kafka.ts';
import { assignments, same, told, type Assignment } from '../assignments.ts';
import { isShown, judgedRun, judging, readEvents } from '../judge.ts';
import { scenarioNames } from './scenarios.ts';

/** What the book's simulator made of them, and a real broker too, where members share partitions. */
const EXPECTED = JSON.parse(readFileSync('expected.json', 'utf8')) as Record<string, Assignment[]>;
const fileOf = (name: string): string => `run/${name}.jsonl`;

function judge(name: string): boolean {
  console.log(`\n# ${name}`);
  const { id } = JSON.parse(readFileSync(`scenarios/${name}.json`, 'utf8')) as { id: string };
  const events = readEvents(fileOf(name));
  const claims = kafkaClaims.filter(
    (claim) =>
      claim.observable &&
      // Of what is true of every run, only what this one had a case of.
      (claim.scenarios === 'every' ? isShown(claim, events) : claim.scenarios.includes(id)),
  );
  const holds = judgedRun(claims, fileOf(name));
  const expected = EXPECTED[name];
  if (!expected) return holds;
  const found = assignments(events);
  if (same(found, expected)) {
    console.log(
      `holds     Partitions are shared out as on the simulator (${expected.length} ${expected.length === 1 ? 'time' : 'times'})`,
    );
    return holds;
  }
  console.log('FAILS     Partitions are shared out as on the simulator, which has');
  for (const line of told(expected)) console.log(`          ${line}`);
  console.log('          and here');
  for (const line of told(found)) console.log(`          ${line}`);
  return false;
}

judging(() => {
  const all = scenarioNames();
  const named = process.argv.slice(2);
  const asked = named.length > 0 ? named : all.filter((name) => existsSync(fileOf(name)));
  if (asked.length === 0) throw new Error('There is nothing to judge: npm start runs the scenarios');
  const results = asked.map(judge);
  const left = all.filter((name) => !existsSync(fileOf(name)));
  if (left.length > 0) console.log(`\nnot run yet: ${left.map((name) => `npm start -- ${name}`).join(', ')}`);
  return results.every((holds) => holds);
});
