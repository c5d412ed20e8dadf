/**
 * `npm run -s console -- <broker> [scenario id | file.json] [--seed N]`
 *
 * A broker's command-line tools on a simulated cluster. Commands come from standard input, one a line; the prompt shows on a
 * terminal only. Virtual time runs until a command has ended. Lines that follow a tool that reads some (a console producer)
 * are its input, up to a line `^D` or the end of the input; a tool that prints what comes (a console consumer) ends by its
 * own limits, or when the next line comes after it has been idle for 5 s of virtual time. `:help` lists the commands of the
 * simulation itself.
 *
 * Exit code: 0 on a terminal; else 0 or that of the last command that failed; 2 for bad arguments.
 */
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { modelOf } from '../scenarios/models.ts';
import { scenarioById, scenarios } from '../scenarios/library.ts';
import { BROKER_IDS, InvalidInput } from '../scenarios/schema.ts';
import { SimulationError } from '../sim/errors.ts';
import { ConsoleSession } from './console-session.ts';
import { parseSeed, readScenario } from './scenario-input.ts';

/** Played when none is named; it has been running for a while when the first command comes. */
const defaultScenario = (broker: string): string => `${broker}-console`;
const DEFAULT_BEGIN_MS = 10_000;
const BROKERS = BROKER_IDS.filter((broker) => modelOf(broker).console !== null);

const USAGE = `usage: npm run -s console -- ${BROKERS.join(' | ')} [scenario id | file.json] [--seed N]
scenarios: ${[...scenarios.keys()].join(', ')}`;

/** @throws InvalidInput, or what parseArgs throws */
function sessionFor(args: readonly string[], write: (line: string) => void): ConsoleSession | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { seed: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    write(USAGE);
    return null;
  }
  const [broker, source, ...rest] = positionals;
  if (!BROKERS.some((id) => id === broker)) {
    const known = BROKERS.map((id) => `"${id}"`).join(' or ');
    const got = broker === undefined ? 'nothing' : `"${broker}"`;
    throw new InvalidInput('The command is wrong', [`expected a broker, ${known}, got ${got}`, USAGE]);
  }
  if (rest.length > 0) {
    throw new InvalidInput('The command is wrong', [
      `expected at most one scenario, got ${rest.length + 1}`,
      USAGE,
    ]);
  }
  const own = source === undefined ? scenarioById(defaultScenario(broker!)) : readScenario(source);
  if (own.system.broker !== broker) {
    throw new InvalidInput('The command is wrong', [
      `expected a scenario of ${broker}, got one of ${own.system.broker}, "${own.id}"`,
    ]);
  }
  const scenario = values.seed === undefined ? own : { ...own, seed: parseSeed(values.seed) };
  return new ConsoleSession(scenario, write, source === undefined ? DEFAULT_BEGIN_MS : 0);
}

/** Writes all of it, whatever the pipe takes at once; a reader that closes the pipe ends the command quietly. */
function print(text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(1, bytes));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE') process.exit(0);
      if (code !== 'EAGAIN') throw error;
    }
  }
}

async function main(args: readonly string[]): Promise<number> {
  const session = sessionFor(args, (line) => print(`${line}\n`));
  if (!session) return 0;
  const terminal = process.stdin.isTTY;
  const lines = createInterface({
    input: process.stdin,
    output: terminal ? process.stdout : undefined,
    terminal,
    completer: (typed: string): [string[], string] => {
      const { from, candidates } = session.complete(typed);
      return [[...candidates], typed.slice(from)];
    },
  });
  const prompt = (): void => {
    if (!terminal) return;
    lines.setPrompt(session.prompt || '… ');
    lines.prompt();
  };
  lines.on('SIGINT', () => {
    session.line('^C');
    prompt();
  });
  prompt();
  for await (const line of lines) {
    session.line(line);
    prompt();
  }
  session.end();
  return terminal ? 0 : session.exit;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  const badInput =
    error instanceof InvalidInput || (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS');
  if (!badInput && !(error instanceof SimulationError)) throw error;
  console.error((error as Error).message);
  process.exitCode = badInput ? 2 : 1;
}
