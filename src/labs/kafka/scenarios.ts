/** The scenarios of a lab, by the names of their files. */
import { readdirSync, readFileSync } from 'node:fs';

const OWN = (JSON.parse(readFileSync('brokers.json', 'utf8')) as { scenarios: string[] }).scenarios;

/** The lab's own in its order, and then what a reader has added. */
export function scenarioNames(): string[] {
  const files = readdirSync('scenarios').map((file) => file.replace(/\.json$/, ''));
  return [...OWN.filter((name) => files.includes(name)), ...files.filter((name) => !OWN.includes(name))];
}
