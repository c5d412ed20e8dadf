/**
 * `npm run -s simulate -- compare <workload id | file.json | -> [--brokers kafka,rabbitmq] [--seeds N]
 * [--choose broker.rule=option] [--rules] [--json]`
 *
 * Runs one workload on each broker and prints what came of it, figures below one another and brokers side by side; with
 * several seeds the median and, in brackets, the least and the most. `--rules` prints how the workload was carried to each
 * broker; `--choose` takes another option of a rule. `--json` prints one JSON object: `workload` and `title`, `seeds` (the
 * workload's own and those after it), and `brokers`, per broker its `rules` and its `outcomes`, one for each seed in order,
 * with the fields of `Outcome` (src/claims/outcome.ts).
 * Exit code 0 when every run came to its end, 1 when an assertion failed in one, 2 for bad input.
 */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { CarryRule, Workload } from '../brokers/workload.ts';
import type { Outcome } from '../claims/outcome.ts';
import {
  carry,
  CARRYING_BROKERS,
  compare,
  parseWorkload,
  type CarryingBroker,
  type Choices,
  type Comparison,
} from '../scenarios/compare.ts';
import { InvalidInput } from '../scenarios/schema.ts';
import { workloads } from '../scenarios/workloads.ts';
import { Output } from './output.ts';
import { readJson, withNumbers } from './scenario-input.ts';

const SEEDS_MAX = 1000;
const WIDTH = 78;

const USAGE = `usage: npm run -s simulate -- compare <workload id | file.json | -> [--brokers ${CARRYING_BROKERS.join(',')}]
         [--seeds N] [--choose broker.rule=option] [--rules] [--json]
workloads:
${[...workloads].map(([id, { workload }]) => `  ${id.padEnd(16)} ${workload.title}`).join('\n')}`;

/** The figures by name, as a reader reads them. Null: there is none. */
const FIGURES: readonly (readonly [name: string, unit: string, of: (outcome: Outcome) => number | null])[] = [
  ['published', '', ({ published }) => published],
  ['confirmed', '', ({ confirmed }) => confirmed],
  ['refused', '', ({ refused }) => refused],
  ['finished', '', ({ finished }) => finished],
  ['duplicated', '', ({ duplicated }) => duplicated],
  ['reordered by key, given', '', ({ reordered }) => reordered.given],
  ['reordered by key, finished', '', ({ reordered }) => reordered.finished],
  ['dead-lettered', '', ({ deadLettered }) => deadLettered],
  ['dropped', '', ({ dropped }) => dropped],
  ['missed', '', ({ missed }) => missed],
  ['lost, confirmed', '', ({ lost }) => lost.confirmed],
  ['lost, not confirmed', '', ({ lost }) => lost.unconfirmed],
  ['still owed', '', ({ owed }) => owed],
  ['latency, mean', 'ms', ({ latencyMs }) => latencyMs?.mean ?? null],
  ['latency p50', 'ms', ({ latencyMs }) => latencyMs?.p50 ?? null],
  ['latency p95', 'ms', ({ latencyMs }) => latencyMs?.p95 ?? null],
  ['latency p99', 'ms', ({ latencyMs }) => latencyMs?.p99 ?? null],
  ['latency p99.9', 'ms', ({ latencyMs }) => latencyMs?.p999 ?? null],
  ['throughput', '/s', ({ throughputPerSecond }) => throughputPerSecond],
  ['stored at the end', '', ({ storage }) => storage.atEnd.messages],
  ['stored at most', '', ({ storage }) => storage.atMost.messages],
  ['bytes at the end', 'B', ({ storage }) => storage.atEnd.bytes],
  ['bytes at most', 'B', ({ storage }) => storage.atMost.bytes],
  ['bytes at most, all nodes', 'B', ({ storage }) => storage.atMost.bytesOnAllNodes],
  ['can be replayed', '', ({ replayable }) => replayable],
];

/**
 * @param args what follows `compare`
 * @returns the exit code
 * @throws InvalidInput, SimulationError
 */
export function compareCommand(args: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: withNumbers(args),
    allowPositionals: true,
    options: {
      brokers: { type: 'string' },
      seeds: { type: 'string' },
      choose: { type: 'string', multiple: true },
      rules: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const [source, ...rest] = positionals;
  if (source === undefined || rest.length > 0) {
    throw new InvalidInput('The command is wrong', [
      `expected one workload, got ${positionals.length}`,
      USAGE,
    ]);
  }
  const { workload, choices: own } = readWorkload(source);
  const brokers = parseBrokers(values.brokers);
  const seeds = parseSeeds(values.seeds);
  const choices = chosen(own, values.choose ?? []);
  // What was chosen for a broker that is left out is checked too.
  for (const broker of CARRYING_BROKERS) carry(broker, workload, choices[broker]);
  const comparison = compare(workload, { brokers, seeds, choices });
  const output = new Output();
  if (values.json) output.line(JSON.stringify(comparison));
  else {
    report(comparison, (text) => output.line(text));
    if (values.rules) reportRules(comparison, (text) => output.line(text));
  }
  output.flush();
  return 0;
}

function readWorkload(source: string): { workload: Workload; choices: Choices } {
  const named = workloads.get(source);
  if (named) return named;
  if (source !== '-' && !existsSync(source)) {
    throw new InvalidInput(`"${source}" is neither a workload of the book nor a file`, [
      `expected one of ${[...workloads.keys()].join(', ')}, the path of a JSON file, or - for standard input`,
    ]);
  }
  return { workload: parseWorkload(readJson(source)), choices: {} };
}

function parseBrokers(text: string | undefined): CarryingBroker[] {
  if (text === undefined) return [...CARRYING_BROKERS];
  return [...new Set(text.split(','))].map((name) => brokerNamed(name, '--brokers'));
}

function brokerNamed(name: string, option: string): CarryingBroker {
  const broker = CARRYING_BROKERS.find((each) => each === name);
  if (broker) return broker;
  throw new InvalidInput('The command is wrong', [
    `${option}: expected ${CARRYING_BROKERS.map((each) => `"${each}"`).join(', ')}, got "${name}"`,
  ]);
}

function parseSeeds(text: string | undefined): number {
  if (text === undefined) return 1;
  const seeds = Number(text);
  if (Number.isInteger(seeds) && seeds >= 1 && seeds <= SEEDS_MAX) return seeds;
  throw new InvalidInput('The command is wrong', [
    `--seeds: expected an integer from 1 to ${SEEDS_MAX}, got "${text}"`,
  ]);
}

/** The workload's own choices, and those of the command line over them. */
function chosen(own: Choices, asked: readonly string[]): Choices {
  const choices = new Map(
    CARRYING_BROKERS.map((broker) => [broker, new Map(Object.entries(own[broker] ?? {}))]),
  );
  for (const text of asked) {
    const match = /^([^.=]+)\.([^.=]+)=(.+)$/.exec(text);
    if (!match) {
      throw new InvalidInput('The command is wrong', [
        `--choose: expected broker.rule=option, such as kafka.acks=1, got "${text}"`,
      ]);
    }
    const [, broker, rule, option] = match as unknown as [string, string, string, string];
    choices.get(brokerNamed(broker, '--choose'))!.set(rule, option);
  }
  return Object.fromEntries([...choices].map(([broker, made]) => [broker, Object.fromEntries(made)]));
}

function report({ workload, title, seeds, brokers }: Comparison, line: (text: string) => void): void {
  const sides = Object.entries(brokers);
  line(`${workload}: ${title}`);
  line(
    seeds.length === 1
      ? `seed ${seeds[0]!}`
      : `${seeds.length} seeds, ${seeds[0]!} to ${seeds.at(-1)!}: median [least, most]`,
  );
  line('');
  const rows = [
    ...FIGURES.map(([name, unit, of]) => [
      name,
      ...sides.map(([, { outcomes }]) => spread(outcomes.map(of), unit)),
    ]),
    ['time to recover', ...sides.map(([, { outcomes }]) => recovery(outcomes))],
  ];
  const widths = ['', ...sides].map((_, i) =>
    Math.max(...rows.map((row) => row[i]!.length), i === 0 ? 0 : sides[i - 1]![0].length),
  );
  for (const row of [['', ...sides.map(([broker]) => broker)], ...rows]) {
    const cells = row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)));
    line(`  ${cells.join('   ')}`);
  }
  for (const [broker, { outcomes }] of sides) {
    const limits = new Set(outcomes.flatMap((outcome) => outcome.limits));
    for (const limit of limits) line(`  ${broker}: the simulator reached a limit of its own, ${limit}`);
  }
}

/** The median, and between which bounds all lie. */
function spread(values: readonly (number | null)[], unit: string): string {
  const known = values.filter((value): value is number => value !== null).sort((a, b) => a - b);
  if (known.length === 0) return '-';
  const write = (value: number): string =>
    unit === 'ms' ? value.toFixed(value < 10 ? 2 : 1) : Math.round(value).toLocaleString('en');
  const middle = known.length >> 1;
  const median = known.length % 2 === 1 ? known[middle]! : (known[middle - 1]! + known[middle]!) / 2;
  const [least, most] = [known[0]!, known.at(-1)!];
  const range = least === most ? '' : ` [${write(least)}, ${write(most)}]`;
  return `${write(median)}${unit && unit !== '/s' ? ` ${unit}` : unit}${range}`;
}

function recovery(outcomes: readonly Outcome[]): string {
  if (outcomes.every((outcome) => outcome.recovery.kind === 'undisturbed')) return '-';
  const times = outcomes.map((outcome) =>
    outcome.recovery.kind === 'recovered' ? outcome.recovery.ms : null,
  );
  const never = times.filter((time) => time === null).length;
  if (never === outcomes.length) return 'not within the run';
  return `${spread(times, 'ms')}${never > 0 ? `, ${never} not within the run` : ''}`;
}

function reportRules({ brokers }: Comparison, line: (text: string) => void): void {
  for (const [broker, { rules }] of Object.entries(brokers)) {
    line('');
    line(`How it is carried to ${broker}:`);
    for (const rule of rules) reportRule(rule, line);
  }
}

function reportRule(
  { id, carries, made, settings, why, options, chosen }: CarryRule,
  line: (text: string) => void,
): void {
  line('');
  line(`  ${id}: ${carries}`);
  for (const text of wrapped(made)) line(`    ${text}`);
  for (const { name, value, default: byDefault } of settings) {
    const note = byDefault === null || byDefault === value ? '' : ` (default ${byDefault})`;
    line(`    ${name}=${value}${note}`);
  }
  for (const text of wrapped(`Why: ${why}`)) line(`    ${text}`);
  if (options.length > 0)
    line(
      `    options: ${options.map((option) => (option.id === chosen ? `[${option.id}]` : option.id)).join(', ')}`,
    );
}

/** Lines of bounded length, broken between words. */
function wrapped(text: string): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    if (current && current.length + word.length >= WIDTH) {
      lines.push(current);
      current = word;
    } else current = current ? `${current} ${word}` : word;
  }
  return [...lines, current];
}
