/** `lab.json`, which says what the brokers of a lab are, and its scenarios by the names of their files. */
import { readdirSync, readFileSync } from 'node:fs';

export interface LabFile {
  /** How many nodes each broker has. */
  readonly nodes: number;
  /** Whether something is done to them, so that they must be those that npm run up has started. */
  readonly own: boolean;
  /** Of Kafka's brokers, beside Kafka's own: compose.yaml has the same. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** In their order. */
  readonly scenarios: readonly string[];
}

export function labFile(): LabFile {
  return JSON.parse(readFileSync('lab.json', 'utf8')) as LabFile;
}

/** The lab's own in its order, and then what a reader has added. */
export function scenarioNames(): string[] {
  const { scenarios: own } = labFile();
  const files = readdirSync('scenarios').map((file) => file.replace(/\.json$/, ''));
  return [...own.filter((name) => files.includes(name)), ...files.filter((name) => !own.includes(name))];
}

export function fileOf(name: string): string {
  return `scenarios/${name}.json`;
}

/** Where a run of it is written: an event a line. */
export function eventsOf(name: string): string {
  return `run/${name}.jsonl`;
}

/** @returns those that are named, or all @throws Error for one that there is not */
export function chosen(named: readonly string[]): readonly string[] {
  const known = scenarioNames();
  const wrong = named.filter((name) => !known.includes(name));
  if (wrong.length > 0)
    throw new Error(`There is no scenario "${wrong.join('", "')}": expected ${known.join(', ')}`);
  return named.length > 0 ? named : known;
}
