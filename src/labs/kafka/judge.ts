/**
 * `judge.mjs` of Kafka's experiments: of each scenario that was run, what clients can see of the claims on it, and who had
 * which partition when.
 */
import { readFileSync } from 'node:fs';
import { kafkaClaims } from '../../claims/kafka.ts';
import type { TraceEvent } from '../../sim/trace.ts';
import { assignments, same, told, type Assignment } from '../assignments.ts';
import { judgeScenarios } from '../judge.ts';

/** What the book's simulator made of them, and a real broker too, where members share partitions. */
const EXPECTED = JSON.parse(readFileSync('expected.json', 'utf8')) as Record<string, Assignment[]>;

function sharedOutAlike(name: string, events: readonly TraceEvent[]): boolean {
  const expected = EXPECTED[name];
  if (!expected) return true;
  const found = assignments(events);
  if (same(found, expected)) {
    console.log(
      `holds     Partitions are shared out as on the simulator (${expected.length} ${expected.length === 1 ? 'time' : 'times'})`,
    );
    return true;
  }
  console.log('FAILS     Partitions are shared out as on the simulator, which has');
  for (const line of told(expected)) console.log(`          ${line}`);
  console.log('          and here');
  for (const line of told(found)) console.log(`          ${line}`);
  return false;
}

judgeScenarios(kafkaClaims, sharedOutAlike);
