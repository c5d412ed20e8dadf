/**
 * `npm run -s simulate -- <id | file.json | -> [--seed N] [--trace] [--json]`
 * `npm run -s simulate -- compare …`: compare.ts; `npm run -s simulate -- challenge …`: challenge.ts
 *
 * Runs one scenario headlessly and prints its metrics and the verdict of each claim. `--trace` prints the trace as JSON
 * lines instead, `--json` one JSON object `{scenario, seed, metrics, claims}`; with both, the object is the last line.
 * Exit code 0 when no claim fails, 1 when one does, 2 for bad input.
 */
import { parseArgs } from 'node:util';
import { claimsFor, scenarios } from '../scenarios/library.ts';
import { run, type RunResult } from '../scenarios/run.ts';
import { modelOf } from '../scenarios/models.ts';
import { InvalidInput, type Scenario } from '../scenarios/schema.ts';
import { SimulationError } from '../sim/errors.ts';
import { formatSeconds } from '../sim/time.ts';
import { toJsonLine, type TraceEvent } from '../sim/trace.ts';
import { challengeCommand } from './challenge.ts';
import { compareCommand } from './compare.ts';
import { Output } from './output.ts';
import { parseSeed, readScenario, withNumbers } from './scenario-input.ts';

const USAGE = `usage: npm run -s simulate -- <id | file.json | -> [--seed N] [--trace] [--json]
       npm run -s simulate -- compare --help
       npm run -s simulate -- challenge --help
scenarios: ${[...scenarios.keys()].join(', ')}`;

const MARK = { holds: 'holds    ', fails: 'FAILS    ', open: 'not shown' } as const;

function report(result: RunResult, { title, system }: Scenario, line: (text: string) => void): void {
  const { metrics } = result;
  const shown = modelOf(system.broker).figures;
  line(`${result.scenario}: ${title}`);
  line(`seed ${result.seed}, ${result.events} events`);
  line('');
  const latency = metrics.latencyMs;
  for (const [name, value] of [
    ['published', metrics.published],
    ['confirmed', metrics.confirmed],
    ['failed', metrics.failed],
    ['delivered', metrics.delivered],
    ['processed', metrics.processed],
    ['duplicates', metrics.duplicates],
    ...(shown.includes('rebalances') ? ([['rebalances', metrics.rebalances]] as const) : []),
    ...(shown.includes('undelivered')
      ? ([
          ['dead-lettered', metrics.deadLettered],
          ['dropped', metrics.dropped],
        ] as const)
      : []),
    ['backlog', metrics.backlog],
    [
      'latency p50/p99/max',
      latency ? [latency.p50, latency.p99, latency.max].map((ms) => ms.toFixed(1)).join(' / ') + ' ms' : '-',
    ],
  ] as const) {
    line(`  ${name.padEnd(20)} ${value}`);
  }
  line('');
  for (const { id, statement, rules, verdict } of result.claims) {
    const cases =
      verdict.status === 'open' ? '' : `, ${verdict.cases} ${verdict.cases === 1 ? 'case' : 'cases'}`;
    line(`  ${MARK[verdict.status]}  ${id}: ${statement} (${rules.join(', ')}${cases})`);
    if (verdict.status === 'open') line(`             ${verdict.waitsFor}`);
    if (verdict.status === 'fails') {
      const { seq, at, text } = verdict.counterexample;
      line(`             event ${seq} at ${formatSeconds(at)}: ${text}`);
    }
  }
}

function main(): number {
  const { values, positionals } = parseArgs({
    args: withNumbers(process.argv.slice(2)),
    allowPositionals: true,
    options: {
      seed: { type: 'string' },
      trace: { type: 'boolean' },
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
      `expected one scenario, got ${positionals.length}`,
      USAGE,
    ]);
  }
  const own = readScenario(source);
  const scenario = values.seed === undefined ? own : { ...own, seed: parseSeed(values.seed) };
  const output = new Output();
  const trace = { on: (event: TraceEvent) => output.line(toJsonLine(event)) };
  const result = run(scenario, [], claimsFor(scenario), values.trace ? [trace] : []);
  if (values.json) {
    const { metrics, seed } = result;
    const claims = result.claims.map(({ id, statement, rules, verdict }) => ({
      id,
      statement,
      rules,
      ...verdict,
    }));
    output.line(JSON.stringify({ scenario: result.scenario, seed, metrics, claims }));
  } else if (values.trace) {
    // Standard output is the trace alone, so that it can be piped; the summary goes beside it.
    report(result, scenario, (text) => console.error(text));
  } else {
    report(result, scenario, (text) => output.line(text));
  }
  output.flush();
  return result.claims.some(({ verdict }) => verdict.status === 'fails') ? 1 : 0;
}

try {
  const [command, ...rest] = process.argv.slice(2);
  process.exitCode =
    command === 'compare' ? compareCommand(rest) : command === 'challenge' ? challengeCommand(rest) : main();
} catch (error) {
  const badInput =
    error instanceof InvalidInput || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS');
  if (!badInput && !(error instanceof SimulationError)) throw error;
  console.error((error as Error).message);
  process.exitCode = badInput ? 2 : 1;
}
