/**
 * `carry.mjs` of the labs that run workloads: makes a scenario for each broker of a file in `workloads/`, by the book's own
 * rules, and prints them.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import {
  carry,
  CARRYING_BROKERS,
  outcomeSettings,
  parseWorkload,
  type Choices,
} from '../../scenarios/compare.ts';
import { InvalidInput } from '../../scenarios/schema.ts';
import { MORE_MS } from './margin.ts';

/** A workload, and what is chosen where the rules of a broker leave a choice: rule id to option id. */
interface File {
  readonly workload: unknown;
  readonly choices?: Choices;
}

function write(file: string, content: object): void {
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}

const name = process.argv[2] ?? '';
try {
  const { workload, choices = {} } = JSON.parse(readFileSync(`workloads/${name}.json`, 'utf8')) as File;
  const given = parseWorkload(workload);
  const parsed = { ...given, durationMs: given.durationMs + MORE_MS };
  for (const folder of ['scenarios', 'run']) mkdirSync(folder, { recursive: true });
  // For the judge: who reads together, and when something goes wrong.
  write(`run/${name}.json`, { ...outcomeSettings(parsed), durationMs: parsed.durationMs });
  for (const broker of CARRYING_BROKERS) {
    const { scenario, rules } = carry(broker, parsed, choices[broker]);
    const file = `scenarios/${name}-${broker}.json`;
    write(file, scenario);
    console.log(`\n${broker}, in ${file}:`);
    for (const { id, made, chosen, options } of rules)
      console.log(
        `  ${made}${chosen === null ? '' : ` [choices.${broker}.${id}: ${options.map((one) => (one.id === chosen ? `${one.id}, as it is` : one.id)).join(' | ')}]`}`,
      );
  }
} catch (error) {
  console.error(
    error instanceof InvalidInput ? error.message : `workloads/${name}.json: ${(error as Error).message}`,
  );
  process.exitCode = 2;
}
